"""What is told of a run to a log, a heartbeat or a person far away: that it began, and how it ended."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal

from etl_agent.errors import AmbiguousFormat, EtlAgentError
from etl_agent.masking import masked

if TYPE_CHECKING:
    from etl_agent.run.result import RunResult

__all__ = ["Event", "EventKind", "without_cells"]

EventKind = Literal["start", "retry", "skip", "success", "failure"]


@dataclass(frozen=True, slots=True)
class Event:
    """A moment in the life of a run. It holds no text of cells and no credentials.

    Args:
        kind: what happened.
        pipeline: the pipeline's name, or its file where that cannot be read.
        message: what a person reads of it.
        exit_code: of a failure.
        seconds: how long it took by the monotonic clock (seconds).
        facts: more, as plain data.
        at: when (UTC).
    """

    kind: EventKind
    pipeline: str
    message: str | None = None
    exit_code: int = 0
    seconds: float | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)
    at: datetime = field(default_factory=lambda: datetime.now(UTC))

    @staticmethod
    def of(result: RunResult, *, message: str, exit_code: int) -> Event:
        """Tell the end of a run from what it returned.

        Args:
            result: what it returned.
            message: what a person reads of it.
            exit_code: what the command makes of it: rows that were loaded may be a failure all the same.
        """
        kind: EventKind = "failure" if exit_code else "skip" if result.status == "skipped" else "success"
        facts = result.as_dict()
        if isinstance(result.refusal, AmbiguousFormat):
            message = facts["message"] = without_cells(result.refusal)
        return Event(kind, result.pipeline, message, exit_code, result.seconds, facts)

    def as_dict(self) -> dict[str, Any]:
        """Return the event as plain data, its own sentence without credentials."""
        return {
            "time": self.at.isoformat(timespec="milliseconds"),
            "event": self.kind,
            "pipeline": masked(self.pipeline),
            "message": None if self.message is None else masked(self.message),
            "exit_code": self.exit_code,
            "seconds": None if self.seconds is None else round(self.seconds, 3),
        }


def without_cells(error: EtlAgentError) -> str:
    """Return what an error says, for those who are far away: the one kind that shows a cell says its column only."""
    if not isinstance(error, AmbiguousFormat):
        return str(error)
    what = "a column can be read in more than one way"
    return str(AmbiguousFormat(what, where=error.where, choices=error.choices, next_command=error.next_command))
