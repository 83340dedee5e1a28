"""A lock between processes that the kernel frees when its holder dies, with a note of who holds it."""

from __future__ import annotations

import contextlib
import fcntl
import os
import socket
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from etl_agent.errors import HeldByAnother
from etl_agent.load.unshared import keep_from_children

__all__ = ["held"]

_POLL = 0.1  # seconds
_NOTE_BYTES = 300


@contextlib.contextmanager
def held(path: Path, *, what: str, wait: float) -> Iterator[None]:
    """Hold the lock of a file, which is created and removed as needed.

    Args:
        path: the lock file.
        what: what it guards, for the message.
        wait: how long to wait for another holder, in seconds.

    Raises:
        HeldByAnother: another process holds it.
    """
    until = time.monotonic() + wait
    while (handle := _taken(path)) is None:
        if time.monotonic() >= until:
            raise HeldByAnother(f"another run holds {what}: {_note(path)}", next_command="repeat with --wait 5m")
        time.sleep(_POLL)
    forget = keep_from_children(handle)
    try:
        os.truncate(handle, 0)
        since = datetime.now(UTC).isoformat(sep=" ", timespec="seconds")
        os.pwrite(handle, f"process {os.getpid()} on {socket.gethostname()} since {since}".encode(), 0)
        yield
    finally:
        with contextlib.suppress(OSError):  # a file that stays is no lock; what was done under it stays done
            path.unlink()  # while it is held: who opened it meanwhile sees that it is no longer the file
        forget()
        with contextlib.suppress(OSError):
            os.close(handle)


def _taken(path: Path) -> int | None:
    """Open and lock the file; None if another process has it."""
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o644)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if os.path.samestat(os.fstat(handle), path.stat()):
            return handle
    except (BlockingIOError, FileNotFoundError):
        pass
    except BaseException:
        os.close(handle)
        raise
    os.close(handle)
    return None


def _note(path: Path) -> str:
    try:
        with path.open("rb") as file:
            note = file.read(_NOTE_BYTES).decode("utf-8", "replace")
    except OSError:
        note = ""
    return "".join(character for character in note if character.isprintable()) or "a process that left no name"
