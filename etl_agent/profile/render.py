"""A profile as plain data, for ``--json`` and for people."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from etl_agent.profile.facts import ColumnFacts
from etl_agent.profile.infer import infer_type
from etl_agent.profile.sketches import Frequent
from etl_agent.profile.table import TableFacts

__all__ = ["as_dict"]

_SHARES = {"p05": 0.05, "p25": 0.25, "median": 0.5, "p75": 0.75, "p95": 0.95}


def as_dict(
    facts: TableFacts, *, frequent: int = 10, patterns: int = 10, sensitive: Collection[str] = ()
) -> dict[str, Any]:
    """Write a profile as numbers and text, counts first.

    Args:
        facts: the facts of a dataset.
        frequent: how many frequent values to show for each column; with 0 nothing is shown that is a cell's
            value, so also no quantiles, only counts, lengths and patterns.
        patterns: how many masked patterns to show for each column.
        sensitive: columns of which no value is ever shown.
    """
    return {
        "rows": facts.rows,
        "columns": [
            {"name": name, **_column(column, frequent=0 if name in sensitive else frequent, patterns=patterns)}
            for name, column in facts.columns.items()
        ],
    }


def _column(facts: ColumnFacts, *, frequent: int, patterns: int) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "type": str(infer_type(facts)),
        "rows": facts.rows,
        "nulls": facts.nulls,
        "empties": facts.empties,
        "distinct": min(facts.distinct.count, facts.values),
        "distinct_exact": facts.distinct.exact,
        "length": _lengths(facts),
        "forms": dict(sorted(facts.forms.rows.items())),
        "patterns": _top(facts.patterns, patterns, key="pattern"),
    }
    if frequent and facts.quantiles.least is not None:
        shown["numbers"] = _numbers(facts)
    if frequent:
        shown["frequent"] = _top(facts.frequent, frequent, key="value")
    return shown


def _lengths(facts: ColumnFacts) -> dict[str, float | int | None]:
    mean = round(facts.characters / facts.values, 2) if facts.values else None
    return {"min": facts.shortest, "mean": mean, "max": facts.longest}


def _numbers(facts: ColumnFacts) -> dict[str, float | None]:
    quantiles = facts.quantiles
    return {
        "min": quantiles.least,
        **{name: quantiles.at(share) for name, share in _SHARES.items()},
        "max": quantiles.most,
    }


def _top(counts: Frequent, most: int, *, key: str) -> list[dict[str, Any]]:
    """List the most frequent; ``rows`` is at least so many, and exactly so many if nothing was left out.

    Of inexact counts only those are listed that are surely more frequent than what was left out.
    """
    exact = counts.error == 0
    return [{key: text, "rows": rows, "exact": exact} for text, rows in counts.top(most) if rows > counts.error]
