"""What was found out about a draft: typed, numeric, and without text of cells, so that it may be told to anyone."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Literal

from pydantic import Field

from etl_agent.frozen import Frozen
from etl_agent.rejects import ReasonCode

__all__ = ["Finding", "FindingKind", "severity"]

FindingKind = Literal[
    "invalid",
    "rejected",
    "over_budget",
    "gate_refused",
    "ambiguous",
    "drifted",
    "missing_column",
    "target_conflict",
    "key_conflict",
    "empty_input",
    "check_failed",
    "broken",
]
"""invalid: the draft contradicts itself or the data (found without running it). rejected: rows break the contract,
within the budget. over_budget: more rows than allowed do, and nothing was loaded. gate_refused: a step would do damage.
ambiguous: a column can be read in several ways. drifted: the data no longer look as they did when the lock was made.
missing_column: the files do not bring a column. target_conflict: the table that is there does not fit. key_conflict:
rows share a key, or lack it. empty_input: no rows. check_failed: an SQL check of the user's says no. broken: anything
else that no other plan can mend, such as a database that is away."""


class Finding(Frozen):
    """One thing that was found."""

    kind: FindingKind
    """What."""
    pipeline: str
    """The name of the pipeline."""
    key: str = ""
    """The key of the pipeline file that it concerns, as in ``Point``; empty for the pipeline as a whole."""
    column: str | None = None
    """The column, where it concerns one."""
    code: ReasonCode | None = None
    """Why rows were rejected."""
    step: str | None = None
    """The step, where it concerns one."""
    wanted: str | None = None
    """For a target_conflict in a column: the column type of the contract that fits what the table has, or ``absent``
    where the table has no such column."""
    rows: Annotated[int, Field(ge=0)] = 0
    """Rows that it concerns."""
    share: Annotated[float, Field(ge=0, le=1)] = 0.0
    """These rows as a share (0 to 1) of those that were looked at."""
    detail: str = ""
    """One sentence for the user, without text of cells; never told to a model."""


_HARMLESS = frozenset({"rejected", "gate_refused"})
"""Kinds after which a pipeline still loads."""


def severity(findings: Iterable[Finding]) -> tuple[int, float]:
    """Weigh what was found: less is better. First what keeps a pipeline from loading, then shares of rejected rows.

    Returns:
        How many findings stop a pipeline, and the sum of the shares of rows of the others.
    """
    listed = tuple(findings)
    stopping = [finding for finding in listed if finding.kind not in _HARMLESS]
    return len(stopping), sum(finding.share for finding in listed if finding.kind == "rejected")
