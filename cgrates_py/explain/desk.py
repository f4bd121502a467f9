"""Where explanations part from everything else that is asked about calls."""

from protocol.dispatch import Dispatcher, Sink
from protocol.methods import Method


class Desk:
    """The dispatcher of a rater's calls: explanations go to one responder, all else to another."""

    def __init__(self, calls: Dispatcher, explanations: Dispatcher) -> None:
        self._calls = calls.submit
        self._explanations = explanations.submit

    def submit(self, sink: Sink, token: object, method: int, descriptor: bytes) -> None:
        """Take one request; see ``protocol.dispatch``."""
        if method == Method.EXPLAIN:
            self._explanations(sink, token, method, descriptor)
        else:
            self._calls(sink, token, method, descriptor)
