"""Sinks, hosts and dispatchers that the tests of the balancer share."""

from protocol.dispatch import Sink, Status

Answers = list[tuple[object, int, bytes]]


class Recorder:
    """A sink that writes down what it is answered."""

    def __init__(self) -> None:
        self.answers: Answers = []

    def answer(self, token: object, status: int, body: bytes) -> None:
        self.answers.append((token, status, body))

    def request_id(self, token: object) -> str:
        return str(token)

    def codes(self) -> list[tuple[object, str]]:
        """Tokens with OK or the code of the refusal."""
        return [
            (token, "OK" if status == Status.OK else body.decode().partition(":")[0])
            for token, status, body in self.answers
        ]


class Host:
    """Answers the methods of the host."""

    def submit(self, sink: Sink, token: object, method: int, descriptor: bytes) -> None:
        sink.answer(token, Status.OK, b'"host"')


class Desk:
    """A dispatcher that answers at once or, when ``hold`` is set, when told to.

    The result is the descriptor; a descriptor with ``Refuse`` or ``Malformed`` in it is answered so.
    """

    def __init__(self, hold: bool = False) -> None:
        self.hold = hold
        self.held: list[tuple[Sink, object, int, bytes]] = []
        self.names: list[str] = []

    def submit(self, sink: Sink, token: object, method: int, descriptor: bytes) -> None:
        self.names.append(sink.request_id(token))
        if self.hold:
            self.held.append((sink, token, method, descriptor))
        else:
            self.reply(sink, token, descriptor)

    def release(self) -> None:
        """Answer all that is held, last one first."""
        held, self.held = self.held, []
        for sink, token, _, descriptor in reversed(held):
            self.reply(sink, token, descriptor)

    @staticmethod
    def reply(sink: Sink, token: object, descriptor: bytes) -> None:
        if b"Refuse" in descriptor:
            sink.answer(token, Status.REFUSED, b'RATE_NOT_FOUND: no rate for "9"')
        elif b"Malformed" in descriptor:
            sink.answer(token, Status.MALFORMED, b"PARSE_ERROR: a number beyond range")
        else:
            sink.answer(token, Status.OK, descriptor)
