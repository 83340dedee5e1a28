"""A file of lines that any number of processes append to, and that is put away before it grows too large."""

from __future__ import annotations

import contextlib
import fcntl
import os
import stat
import time
from collections.abc import Iterator
from pathlib import Path

__all__ = ["BoundedFile"]

_KEPT = 3  # older files
_WAIT = 1.0  # seconds for another process's turn
_POLL = 0.01  # seconds
_MODE = 0o600
_FLAGS = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK


class BoundedFile:
    """Append lines to a file; when it is full it becomes ``FILE.1``, and so on up to ``FILE.3``.

    Args:
        path: the file; its folder must be there.
        most_bytes: the size that a file never exceeds, but for one line that is longer (bytes).
    """

    def __init__(self, path: Path, *, most_bytes: int) -> None:
        self.path = path
        self._most_bytes = most_bytes

    def append(self, line: bytes) -> None:
        """Append a line: all of it, or nothing.

        Args:
            line: the line with its end.

        Raises:
            OSError: it cannot be written.
        """
        until = time.monotonic() + _WAIT
        while True:
            with _opened(self.path) as handle:
                turn = _taken(handle, until=until)
                if turn and not self._is_current(handle) and time.monotonic() < until:
                    continue  # another process has put the file away meanwhile
                size = os.fstat(handle).st_size
                if turn and size and size + len(line) > self._most_bytes:
                    self._rotate()
                    continue
                _written(handle, line, size=size if turn else None)
                return

    def _is_current(self, handle: int) -> bool:
        try:
            return os.path.samestat(os.fstat(handle), self.path.stat(follow_symlinks=False))
        except FileNotFoundError:
            return False

    def _rotate(self) -> None:
        """Put the file away; only who holds its lock does so."""
        names = [self.path, *(self.path.with_name(f"{self.path.name}.{number}") for number in range(1, _KEPT + 1))]
        for older, newer in zip(names[:0:-1], names[-2::-1], strict=True):
            with contextlib.suppress(FileNotFoundError):
                newer.replace(older)


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[int]:
    handle = os.open(path, _FLAGS, _MODE)
    try:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise OSError(None, "not a regular file")  # a pipe or a device could hold the run up
        yield handle
    finally:
        os.close(handle)


def _taken(handle: int, *, until: float) -> bool:
    """Take the file's lock; False where another process does not let go of it in time."""
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= until:
                return False
            time.sleep(_POLL)
        else:
            return True


def _written(handle: int, line: bytes, *, size: int | None) -> None:
    """Append a line in one call; what a full disk has taken of it is taken back, where nobody else writes."""
    written = os.write(handle, line)
    if written < len(line):
        if size is not None:
            os.ftruncate(handle, size)
        raise OSError(None, "no space left on device")
