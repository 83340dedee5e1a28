"""How far a run is: rows, rejects, and the share of the files that is behind it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from etl_agent.run.chain import Passed
from etl_agent.run.options import Progress

__all__ = ["Meter"]


class _File(Protocol):
    @property
    def name(self) -> str: ...
    @property
    def packed_size(self) -> int: ...


class Meter:
    """Count batches and tell a progress display.

    Args:
        files: the dataset's files, in order.
        progress: is told.
        pipeline: its name.
    """

    def __init__(self, files: Sequence[_File], progress: Progress, *, pipeline: str) -> None:
        self.rows = 0
        self._rejects = 0
        self._progress = progress
        self._sizes = {file.name: file.packed_size for file in files}
        before = 0
        self._before: dict[str, int] = {}
        for file in files:
            self._before[file.name] = before
            before += file.packed_size
        progress.begin(pipeline, total_bytes=before)

    def count(self, passed: Passed) -> None:
        """Count a batch."""
        self.rows += passed.rows
        self._rejects += sum(len(one) for one in passed.rejects)
        self._progress.advance(rows=self.rows, rejects=self._rejects, read_bytes=self._behind(passed))

    def _behind(self, passed: Passed) -> int:
        """Return about how many bytes on the disk have been read; a packed file counts when it is done."""
        origin = passed.kept.origin
        if not len(origin):
            return 0
        name = origin.files[int(origin.file[-1])]
        within = int(origin.offset[-1] + origin.length[-1])
        size = self._sizes.get(name, 0)
        return self._before.get(name, 0) + (within if within <= size else 0)
