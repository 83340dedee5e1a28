"""Waiting for one's turn on an SQLite file, in steps of Python, so that a signal is heard meanwhile.

SQLite's own wait sleeps in C: until it is over, neither SIGTERM nor a time limit does anything.
"""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from etl_agent.errors import TryLater

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

__all__ = ["LEAST", "Turn"]

LEAST = 60.0
"""Seconds to wait, at least, for another writer's transaction, which ends by itself."""

_FIRST, _LONGEST = 0.001, 0.05  # seconds between two looks: most transactions are short
_BUSY = 0xFF  # of an extended result code, the part that says SQLITE_BUSY
_MOST_NAMED = 3


class Turn:
    """One process's turn on an SQLite file, whose connection never waits by itself (``timeout=0``).

    Args:
        path: the file.
        longest: how long to wait for others, in seconds.
    """

    def __init__(self, path: Path, *, longest: float = 0.0) -> None:
        self._path = path
        self._longest = longest

    def run(self, connection: Connection, statement: str, parameters: tuple[Any, ...] = ()) -> None:
        """Run a statement that begins, looks at or ends a transaction, as soon as others let us.

        Raises:
            TryLater: another process holds the file for too long.
        """
        self._until_free(lambda: connection.exec_driver_sql(statement, parameters).close())

    def commit(self, connection: Connection) -> None:
        """Commit; SQLite lets a commit that readers hold up be tried again."""
        driver: Any = connection.connection.driver_connection
        self._until_free(lambda: driver.execute("COMMIT"))
        connection.commit()  # SQLAlchemy's own part: the driver has nothing left to do

    def _until_free(self, call: Callable[[], object]) -> None:
        until = time.monotonic() + max(self._longest, LEAST)
        pause = _FIRST
        while True:
            try:
                call()
            except Exception as error:
                if not _is_busy(error):
                    raise
                if time.monotonic() >= until:
                    raise TryLater(f"{self._holder()} holds the database file", where=str(self._path)) from None
            else:
                return
            time.sleep(pause)
            pause = min(pause * 2, _LONGEST)

    def _holder(self) -> str:
        named = [f"process {pid} ({name})" for pid, name in _holders(self._path)][:_MOST_NAMED]
        return " and ".join(named) or "another process"


def _is_busy(error: Exception) -> bool:
    cause: object = getattr(error, "orig", None) or error
    return isinstance(cause, sqlite3.Error) and cause.sqlite_errorcode & _BUSY == sqlite3.SQLITE_BUSY


def _holders(path: Path) -> Iterator[tuple[int, str]]:
    """Name the processes that the kernel lists with a lock on the file or its log, where it lists them."""
    places = set()
    for end in ("", "-shm"):
        try:
            found = path.with_name(path.name + end).stat()
        except OSError:
            continue
        places.add(f"{os.major(found.st_dev):02x}:{os.minor(found.st_dev):02x}:{found.st_ino}")
    try:
        lines = Path("/proc/locks").read_text().splitlines()
    except OSError:
        return
    listed = [words for line in lines if len(words := line.split()) == 8]  # one that waits has an arrow more
    pids = dict.fromkeys(int(words[4]) for words in listed if words[1] == "POSIX" and words[5] in places)
    for pid in pids:
        if pid not in (os.getpid(), 0, -1):
            yield pid, _name(pid)


def _name(pid: int) -> str:
    try:
        name = Path(f"/proc/{pid}/comm").read_text().strip()
    except (OSError, UnicodeDecodeError):
        return "unknown"
    return name if name.isprintable() else ascii(name)
