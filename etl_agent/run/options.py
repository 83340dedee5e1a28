"""How a pipeline is run this time; what it does stands in its file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from etl_agent.ask import Ask
    from etl_agent.decide.decision import Decision

__all__ = ["NoProgress", "Progress", "RunOptions"]


class Progress(Protocol):
    """Be told how far a run is."""

    def begin(self, pipeline: str, *, total_bytes: int) -> None:
        """A pipeline begins; its files have this many bytes on the disk."""

    def advance(self, *, rows: int, rejects: int, read_bytes: int) -> None:
        """Rows and rejects so far, and about how many bytes of the files are behind them."""

    def end(self) -> None:
        """The pipeline is done, or has failed."""


class NoProgress:
    """Tell nobody."""

    def begin(self, pipeline: str, *, total_bytes: int) -> None:
        """Do nothing."""

    def advance(self, *, rows: int, rejects: int, read_bytes: int) -> None:
        """Do nothing."""

    def end(self) -> None:
        """Do nothing."""


@dataclass(frozen=True, slots=True)
class RunOptions:
    """How a pipeline is run this time.

    Args:
        dry_run: do everything but write; the target is opened to read only and never created.
        sample: stop after about this many rows; implies a dry run.
        reload: load content again that is in the table.
        has_file: whether the pipeline stands in a file, so that a lock of its name is its own.
        locked: run only by a lock that is there and fits the pipeline.
        wait: how long to wait for another run that holds the table, in seconds.
        skip_if_running: do nothing, with the status ``skipped``, where another run holds the table.
        variables: values for templates in paths.
        as_of: the day that ``{date}`` in paths stands for; today by default.
        progress: is told how far the run is.
        decisions: what was decided about the pipeline before it runs, to be kept with the run.
        ask: a model that may be asked where the pipeline says so; never in a locked run.
    """

    dry_run: bool = False
    sample: int | None = None
    reload: bool = False
    has_file: bool = True
    locked: bool = False
    wait: float = 0.0
    skip_if_running: bool = False
    variables: Mapping[str, str] = field(default_factory=dict)
    as_of: date | None = None
    progress: Progress = field(default_factory=NoProgress)
    decisions: tuple[Decision, ...] = ()
    ask: Ask | None = None

    @property
    def dry(self) -> bool:
        """Whether nothing is written."""
        return self.dry_run or self.sample is not None
