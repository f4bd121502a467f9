"""Prices calls in a process of its own, so that two tariffs are laid out on two cores at a time."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing import get_context
from multiprocessing.connection import Connection
from types import TracebackType
from typing import Any, Self

from cgrates_py.bulk.calls import Calls
from cgrates_py.cli import CommandError
from cgrates_py.whatif.sides import Seller, Side

_END_S = 10
"""How long a process that has nothing more to do may take to end."""


class Apart:
    """A seller in another process, made there by ``make`` while the caller goes on.

    It is forked: begin it before there are threads. It ends with the ``with``, or with its maker.
    """

    def __init__(self, make: Callable[[], Seller]) -> None:
        context = get_context("fork")
        self._line, far = context.Pipe()
        self._process = context.Process(target=_serve, args=(make, far, self._line), daemon=True)
        self._process.start()
        far.close()
        self._ready = False

    def ready(self) -> None:
        """Wait until the seller is made. Raises CommandError for what ``make`` says."""
        if not self._ready:
            said = self._answer()
            if isinstance(said, CommandError):
                raise said
            self._ready = True

    def side(self, calls: Calls) -> Side:
        """Price a chunk. Raises CommandError as ``ready``, or if the process is gone."""
        self.ready()
        with _gone():
            self._line.send(calls)
        side: Side = self._answer()
        return side

    def _answer(self) -> Any:
        with _gone():
            return self._line.recv()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._line.close()
        self._process.join(_END_S)
        if self._process.is_alive():
            self._process.kill()
            self._process.join()


@contextmanager
def _gone() -> Iterator[None]:
    try:
        yield
    except (EOFError, OSError):
        raise CommandError("the process that prices by the second tariff has ended") from None


def _serve(make: Callable[[], Seller], line: Connection, other_end: Connection) -> None:
    other_end.close()
    try:
        try:
            seller = make()
        except (CommandError, OSError) as error:
            line.send(CommandError(str(error)))
            return
        line.send(None)
        while True:
            line.send(seller.side(line.recv()))
    except (EOFError, OSError, KeyboardInterrupt):
        # nobody wants to know any more
        return
