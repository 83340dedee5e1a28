"""Suggest flags for numbers that lie far beyond the others."""

from __future__ import annotations

from collections.abc import Iterable

from etl_agent.clean.outliers import FlagOutliers
from etl_agent.decide.evidence import Evidence
from etl_agent.decide.proposal import Figure, Proposal
from etl_agent.profile.kinds import Kind
from etl_agent.profile.outliers import outliers

__all__ = ["suggest"]

_MEASURED: tuple[Kind, ...] = ("integer", "number")
_RARE = 0.01  # share of the numbers: where more lie far out, the distribution has long tails and no outliers


def suggest(evidence: Evidence) -> Iterable[Proposal]:
    """Suggest a column of flags for each column of numbers in which very few lie far beyond the others.

    These are suggestions and stand in no strategy by themselves: whether a number that is far out is wrong nobody
    can tell from the number, and a flag adds a column that no contract expects. A pipeline takes one over by naming
    the step; the bounds are written out, so that a later file is judged by the same ones.
    """
    for name, facts in evidence.facts.columns.items():
        if evidence.kinds[name] not in _MEASURED or name in evidence.keys:
            continue
        found = outliers(facts.quantiles)
        far = found.below + found.above if found else 0
        if found is None or not 0 < far <= _RARE * facts.values:
            continue
        into = _free(f"{name}_outlier", evidence.names)
        # Shortest text that reads back as the same float, so that the bound is where it was measured.
        step = FlagOutliers.model_validate({"column": name, "into": into, "low": found.low, "high": found.high})
        figures: dict[str, Figure] = {"column": name, "below": found.below, "above": found.above, "rows": facts.values}
        yield Proposal(step, "a few numbers lie far beyond all others", figures)


def _free(name: str, taken: tuple[str, ...]) -> str:
    """Return the name, with underscores behind it while there is such a column."""
    while name in taken:
        name += "_"
    return name
