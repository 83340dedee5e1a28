"""A log of runs as JSON lines, bounded in size, which any number of processes may write and which fails no run."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from etl_agent.masking import masked
from etl_agent.run.bounded_file import BoundedFile
from etl_agent.run.event import Event

__all__ = ["RunLog"]

_MOST_BYTES = 4 << 20  # of a file: thousands of runs, and still opened by any editor
_FOLDER_MODE = 0o700
_LONGEST = 1 << 20  # bytes of a line; of a longer one the facts are left out


class RunLog:
    """Append events to a file; when it is full it becomes ``FILE.1``, and so on up to ``FILE.3``.

    What goes wrong is kept in ``failure`` and never raised; after that nothing more is tried.

    Args:
        path: the file; its folder is made, if the one around that is there.
        most_bytes: the size that a file never exceeds (bytes).
    """

    def __init__(self, path: Path, *, most_bytes: int = _MOST_BYTES) -> None:
        self.path = path
        self.failure: str | None = None
        """Why the log could not be written, or None."""
        self._file = BoundedFile(path, most_bytes=most_bytes)
        self._most_bytes = most_bytes

    def write(self, event: Event) -> None:
        """Append an event with all its facts as one line."""
        if self.failure is not None:
            return
        try:
            # a crontab's line may stand on another machine than the one that it was made on
            self.path.parent.mkdir(mode=_FOLDER_MODE, exist_ok=True)
            self._file.append(self._line(event))
        except OSError as error:
            self.failure = f"the log {self.path} cannot be written: {(error.strerror or str(error)).lower()}"

    def _line(self, event: Event) -> bytes:
        whole = _encoded({**event.as_dict(), "pid": os.getpid(), "facts": event.facts})
        if len(whole) <= min(_LONGEST, self._most_bytes):
            return whole
        return _encoded({**event.as_dict(), "pid": os.getpid(), "facts": "left out: too long"})


def _encoded(value: dict[str, Any]) -> bytes:
    """Write one line of ASCII, without credentials wherever they stand."""
    return (json.dumps(_clean(value), default=str) + "\n").encode("ascii")


def _clean(value: Any) -> Any:
    if isinstance(value, str):
        return masked(value)
    if isinstance(value, dict):
        return {_clean(name): _clean(each) for name, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [_clean(each) for each in value]
    return value
