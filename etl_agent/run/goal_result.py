"""How a goal is run, and what became of it: values for a person, a program or an exit code."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from etl_agent.ask import Usage
from etl_agent.orchestrate.planner.draft import PlanDraft
from etl_agent.orchestrate.planner.findings import Finding
from etl_agent.orchestrate.planner.revision import Revision
from etl_agent.run.result import RunResult

__all__ = ["GoalOptions", "GoalResult", "Outcome", "Step"]

Outcome = Literal["loaded", "nothing new", "refused", "failed", "not run", "held back"]
"""refused: the data were refused. failed: an error. not run: what it needs failed, or the time was over. held back: it
would destroy something, and the model that was asked failed or doubts it."""


@dataclass(frozen=True, slots=True)
class GoalOptions:
    """How a goal is run.

    Args:
        yes: whether the user agreed to what the plan destroys.
        max_replans: revisions while it runs at most.
        max_seconds: after so many seconds no further pipeline and no revision is begun; None for no limit.
        wait: how long to wait for another run that holds a table, in seconds.
    """

    yes: bool = False
    max_replans: int = 3
    max_seconds: float | None = None
    wait: float = 0.0


@dataclass(frozen=True, slots=True)
class Step:
    """What became of a pipeline.

    Args:
        pipeline: its name.
        outcome: what became of it.
        result: the last run of it, if it ran.
        message: one line on why it did not load.
        exit_code: 0, or the code of its failure.
        findings: what its last run found.
        attempts: how often it ran.
    """

    pipeline: str
    outcome: Outcome
    result: RunResult | None = None
    message: str | None = None
    exit_code: int = 0
    findings: tuple[Finding, ...] = ()
    attempts: int = 0


@dataclass(frozen=True)
class GoalResult:
    """What became of a goal.

    Args:
        draft: the plan as it is now; what ran, ran like this.
        steps: what became of each pipeline, in the order in which they were settled.
        revisions: every revision, also those before anything ran.
        notes: what a person should know.
        usage: what questions to a model took while it ran.
        exit_code: 0 if everything is loaded or was; else the first failure's.
        fell_back: whether a model was asked in vain, for the plan or for a revision.
    """

    draft: PlanDraft
    steps: tuple[Step, ...]
    revisions: tuple[Revision, ...] = ()
    notes: tuple[str, ...] = ()
    usage: Usage = field(default_factory=Usage)
    exit_code: int = 0
    fell_back: bool = False

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What the last run of each pipeline found."""
        return tuple(finding for step in self.steps for finding in step.findings)
