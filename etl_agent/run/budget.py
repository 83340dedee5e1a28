"""The budget of rejected rows: above it nothing is loaded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from etl_agent.errors import OverBudget, counted
from etl_agent.rejects import Reason
from etl_agent.validate.spec import Validate

__all__ = ["check_budget"]

_SHOWN_REASONS = 3


class Tallied(Protocol):
    """The records of one file."""

    @property
    def file(self) -> str: ...
    @property
    def good(self) -> int: ...
    @property
    def bad(self) -> int: ...


class Rejected(Protocol):
    """Rejected rows, counted."""

    rows: int
    by_file: dict[str, int]
    counts: dict[Reason, int]


def check_budget(limits: Validate, tallies: Sequence[Tallied], rejected: Rejected, *, pipeline: str) -> None:
    """Refuse the run when too many rows were rejected, in one file or in all.

    Args:
        limits: ``max_reject_share`` and ``max_rejects``; both hold. Rejecting every row is always too many.
        tallies: the records of each file.
        rejected: the rejected rows.
        pipeline: its name, for the message.

    Raises:
        OverBudget: too many; the message gives the commonest reasons.
    """
    sizes = {tally.file: tally.good + tally.bad for tally in tallies}
    for file, rows in rejected.by_file.items():
        _check(limits, rows, sizes.get(file, rows), rejected.counts, where=f"{pipeline}: {file}")
    _check(limits, rejected.rows, sum(sizes.values()), rejected.counts, where=pipeline)


def _check(limits: Validate, rejects: int, rows: int, reasons: Mapping[Reason, int], *, where: str) -> None:
    if not rejects:
        return
    share = rejects / rows
    if limits.max_rejects is not None and rejects > limits.max_rejects:
        limit = f"max_rejects is {limits.max_rejects:,}"
    elif share > limits.max_reject_share:
        limit = f"max_reject_share is {limits.max_reject_share:.2%}"
    else:  # a share of all is over every limit, which is less than 1
        return
    common = sorted(reasons.items(), key=lambda item: (-item[1], str(item[0])))[:_SHOWN_REASONS]
    told = ", ".join(f"{reason} {count:,}" for reason, count in common)
    raise OverBudget(
        f"{rejects:,} of {counted(rows)} ({share:.2%}) were rejected and {limit}; most often: {told}",
        where=where,
        next_command="etl-agent quarantine list --status refused",
    )
