"""The end that a signal asks for: at once, whatever the process waits for."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from types import FrameType
from typing import NoReturn

from etl_agent.breaking import break_off

__all__ = ["Terminated", "TimedOut", "ends_soon", "last_word", "raised_by", "rolled_back"]

_GRACE = 1.2  # seconds for a transaction to be rolled back; with the last word, less than two
_LAST_WORD = 0.5  # seconds
_AGAIN = 0.1  # seconds: the next statement may block as the one before did


class Terminated(BaseException):
    """The process was asked to end (SIGTERM); whatever is open is rolled back on the way out."""


class TimedOut(Terminated):
    """The time that a run may take is over.

    Args:
        seconds: how long that was.
    """

    def __init__(self, seconds: float) -> None:
        super().__init__(f"not done within {seconds:g} s; what was not committed is rolled back")


class _Watch:
    """See signals at once, which Python's handlers do only between two of its instructions.

    What blocks within a library is broken off, in whatever thread it is, until the main thread says that all is rolled
    back. Does it not, the process ends as a kill would end it: a database rolls back what it has lost, and what it
    leaves behind is swept by the next run.

    Args:
        report: says a failure on stderr, and returns its exit code.
    """

    def __init__(self, report: Callable[[BaseException], int]) -> None:
        self._report = report
        self.errors: dict[int, BaseException] = {signal.SIGINT: KeyboardInterrupt()}
        """What each signal means."""
        self.last_word: Callable[[BaseException], object] | None = None
        self.over = threading.Event()
        self._received, self._sent = socket.socketpair()
        self._sent.settimeout(0)
        self._thread = threading.Thread(target=self._watch, name="etl-agent-end", daemon=True)
        self._thread.start()
        self._before = signal.set_wakeup_fd(self._sent.fileno(), warn_on_full_buffer=False)

    def close(self) -> None:
        self.over.set()
        signal.set_wakeup_fd(self._before)
        self._sent.close()
        self._thread.join()
        self._received.close()

    def _watch(self) -> None:
        while number := self._received.recv(1):
            if (error := self.errors.get(number[0])) is not None:
                self._end(error)

    def _end(self, error: BaseException) -> None:
        until = time.monotonic() + _GRACE
        while not self.over.is_set():
            break_off()
            if time.monotonic() >= until:
                self._give_up(error)
            self.over.wait(_AGAIN)

    def _give_up(self, error: BaseException) -> NoReturn:
        if (said := self.last_word) is not None:
            thread = threading.Thread(target=said, args=(error,), daemon=True)
            thread.start()
            thread.join(_LAST_WORD)
        os._exit(self._report(error))


_watch: _Watch | None = None


@contextlib.contextmanager
def ends_soon(report: Callable[[BaseException], int]) -> Iterator[None]:
    """Let SIGTERM, SIGINT and the time limit end what is done meanwhile within two seconds.

    Python lets only the main thread hear of signals; on another one nothing is changed.

    Args:
        report: says a failure on stderr, and returns its exit code.
    """
    global _watch  # noqa: PLW0603  a process has one main thread
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    outer, _watch = _watch, _Watch(report)
    try:
        with raised_by(signal.SIGTERM, Terminated()):
            yield
    finally:
        _watch.close()
        _watch = outer


@contextlib.contextmanager
def raised_by(number: int, error: BaseException) -> Iterator[None]:
    """Raise an error when a signal arrives; only on the main thread."""

    def end(_signal: int, _frame: FrameType | None) -> NoReturn:
        raise error

    previous = signal.signal(number, end)
    if _watch is not None:
        _watch.errors[number] = error
    try:
        yield
    finally:
        signal.signal(number, previous)
        if _watch is not None:
            _watch.errors.pop(number, None)


def rolled_back() -> None:
    """Say that nothing is left that must be rolled back; what follows may take its time."""
    if _watch is not None:
        _watch.over.set()


@contextlib.contextmanager
def last_word(call: Callable[[BaseException], object]) -> Iterator[None]:
    """Let somebody hear of a signal even where the process is ended in the middle of what it does.

    Args:
        call: is told the error; half a second is left to it, on a thread of its own.
    """
    if _watch is None:
        yield
        return
    outer, _watch.last_word = _watch.last_word, call
    try:
        yield
    finally:
        if _watch is not None:
            _watch.last_word = outer
