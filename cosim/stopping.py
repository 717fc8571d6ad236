"""Ending a run between two steps: what asks for it, and how the caller is told."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Interrupted(KeyboardInterrupt):
    """A signal ended the run; what was done is kept and can be resumed."""


class StoppedError(Exception):
    """The run has ended between two steps, as `Stop` asked, and kept what was done."""


class Stop:
    """Whether somebody wants the run to end at the next step.

    Parameters
    ----------
    asked : bool
        Whether it has been asked for.
    reason : BaseException
        What the caller of the run gets: what a progress callback raised, or `Interrupted`.
    """

    def __init__(self) -> None:
        self.asked = False
        self.reason: BaseException = Interrupted("interrupted")

    def ask(self, reason: BaseException | None = None) -> None:
        """End the run at the next step."""
        self.asked, self.reason = True, reason or self.reason


@contextmanager
def on_signals(stop: Stop) -> Iterator[None]:
    """Let the first SIGINT or SIGTERM ask `stop`; the second does what it did before.

    In a thread other than the main one, and for signals the process ignores, everything stays as it is.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.getsignal(number) for number in SIGNALS}
    caught = [number for number, handler in before.items() if handler not in {signal.SIG_IGN, None}]

    def give_back() -> None:
        for number in caught:
            signal.signal(number, before[number])

    def on_first(number: int, frame: FrameType | None) -> None:
        give_back()
        stop.ask()

    for number in caught:
        signal.signal(number, on_first)
    try:
        yield
    finally:
        give_back()
