"""Progress on a terminal: rows, rate, time left and rejects so far, on stderr."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from etl_agent.run.options import Progress

__all__ = ["progress_display"]

_PATIENCE = 0.5  # seconds before anything is shown: short runs need no display


def progress_display(*, shown: bool) -> Progress:
    """Return a display for a terminal, or one that shows nothing."""
    if shown:
        return _Display()
    from etl_agent.run.options import NoProgress

    return NoProgress()


class _Display:
    """Show a pipeline that takes longer than a moment."""

    def __init__(self) -> None:
        self._bar: Any = None
        self._task: Any = None
        self._pipeline = ""
        self._total = 0
        self._began = 0.0

    def begin(self, pipeline: str, *, total_bytes: int) -> None:
        """Note when the pipeline began."""
        self._pipeline, self._total, self._began = pipeline, total_bytes, time.monotonic()

    def advance(self, *, rows: int, rejects: int, read_bytes: int) -> None:
        """Show how far it is."""
        elapsed = time.monotonic() - self._began
        if self._bar is None:
            if elapsed < _PATIENCE:
                return
            self._open()
        rate = rows / elapsed if elapsed else 0.0
        self._bar.update(self._task, completed=read_bytes, counts=f"{rows:,} rows, {rate:,.0f}/s, {rejects:,} rejected")

    def end(self) -> None:
        """Take the display away; the summary line takes its place."""
        if self._bar is not None:
            self._bar.stop()
            self._bar = None

    def _open(self) -> None:
        from rich.console import Console
        from rich.markup import escape
        from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

        self._bar = Progress(
            TextColumn(escape(self._pipeline)),
            BarColumn(),
            TextColumn("{task.fields[counts]}"),
            TimeRemainingColumn(),
            console=Console(stderr=True),
            transient=True,
        )
        self._task = self._bar.add_task(self._pipeline, total=self._total or None, counts="")
        self._bar.start()
