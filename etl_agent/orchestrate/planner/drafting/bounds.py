"""The checks that are asked of a column, as a contract has them: their type, and bounds written in it."""

from __future__ import annotations

import re
from collections.abc import Mapping

from etl_agent.orchestrate.planner.drafting.column_types import Typed, Wanted
from etl_agent.orchestrate.planner.drafting.demand import Demand
from etl_agent.profile.forms import DATE, TIME

__all__ = ["bounds_of", "checks_of", "wanted_by"]

_ORDERED = ("integer", "number", "date", "time", "timestamp")
_LOOKS: Mapping[Wanted, str] = {
    "number": r"[+-]?(?:\d+\.?\d*|\.\d+)",
    "date": DATE,
    "timestamp": rf"{DATE}[ T]{TIME}.*",
    "time": TIME,
}
_FIRST, _LAST = "00:00:00", "23:59:59.999999"


def bounds_of(demand: Demand) -> tuple[str, ...]:
    """List the bounds of a column."""
    return tuple(str(demand.checks[check]) for check in ("min", "max") if check in demand.checks)


def wanted_by(demand: Demand, found: Wanted | None) -> Wanted | None:
    """Tell the type that the checks of a column take; None where they take none.

    Args:
        demand: what is asked of the column.
        found: what it looks like.
    """
    if "type" in demand.checks:
        return demand.checks["type"]  # type: ignore[return-value]  # the words of a wish are these
    bounds = bounds_of(demand)
    if not bounds or "format" in demand.checks:
        return None
    if found in _ORDERED:
        return found
    looks = (word for word, form in _LOOKS.items() if all(re.fullmatch(form, bound) for bound in bounds))
    return next(looks, "number")


def checks_of(demand: Demand, read: Typed | None) -> dict[str, object]:
    """Write the checks of a column as its contract has them: a day as a bound of times is its first or last moment."""
    checks = {check: value for check, value in demand.checks.items() if check in ("unique", "format", "one_of")}
    for check, moment in (("min", _FIRST), ("max", _LAST)):
        bound = demand.checks.get(check)
        if bound is not None and read is not None and read.type == "timestamp":
            if re.fullmatch(DATE, str(bound)):
                bound = f"{bound} {moment}"
            if read.timezone == "offset" and re.fullmatch(rf"{DATE}[ T]{TIME}", str(bound)):
                bound = f"{bound}+00:00"
        if bound is not None:
            checks[check] = bound
    return checks
