"""A profile as plain data, for ``--json`` and for people."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from etl_agent.profile.estimates import Estimates
from etl_agent.profile.facts import ColumnFacts
from etl_agent.profile.histogram import Histogram, of_numbers, of_timeline
from etl_agent.profile.infer import infer_type
from etl_agent.profile.kinds import ENOUGH, ColumnKind
from etl_agent.profile.nulls import null_sort
from etl_agent.profile.outliers import outliers
from etl_agent.profile.sketches import Counted
from etl_agent.profile.timeline import Timeline

if TYPE_CHECKING:
    from etl_agent.profile.profile import Profile

__all__ = ["as_dict"]

_SHARES = {"p01": 0.01, "p05": 0.05, "p25": 0.25, "median": 0.5, "p75": 0.75, "p95": 0.95, "p99": 0.99}
_SHOWN = 10  # values or patterns of a column
_RARE_SHARE = 0.01  # share of the rows up to which a value is rare
_RARE = 5  # rare values of a column
_NUMERIC = frozenset({"integer", "number", "money", "percent", "quantity"})
_DATED = frozenset({"date", "timestamp"})


def as_dict(profile: Profile, *, values: bool = True, sensitive: Collection[str] = ()) -> dict[str, Any]:
    """Write a profile as numbers and text, counts first.

    Args:
        profile: the profile of a dataset.
        values: whether to show what is a cell's value; else there are only counts, lengths and masked patterns.
        sensitive: columns of which no value is ever shown.
    """
    relations = profile.relations
    columns = [
        {
            "name": name,
            **_column(
                facts,
                profile.kinds[name],
                distinct=profile.distinct[name],
                frequent=profile.frequent(name),
                patterns=profile.patterns(name),
                values=values and name not in sensitive,
            ),
        }
        for name, facts in profile.facts.columns.items()
    ]
    return {
        "rows": profile.rows,
        "malformed": profile.malformed,
        "duplicates": {"rows": profile.duplicates.repeated, "exact": profile.duplicates.exact},
        "sample": {
            "rows": relations.rows,
            "whole": relations.whole,
            "duplicates": relations.repeats.exact,
            "alike": relations.repeats.alike,
        },
        "keys": [asdict(key) for key in profile.keys],
        "key_pairs": [asdict(key) for key in relations.pairs],
        "dependencies": [
            {**asdict(found), "strength": round(found.strength, 4), "agreement": round(found.agreement, 4)}
            for found in relations.dependencies
        ],
        "sources": [asdict(found) for found in relations.sources],
        "spills": [
            {"column": found.column, "into": found.into, "side": found.side, "rows": found.rows, "empty": found.empty}
            for found in relations.spills
        ],
        "columns": columns,
    }


def _column(
    facts: ColumnFacts, kind: ColumnKind, *, distinct: Counted, frequent: Estimates, patterns: Estimates, values: bool
) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "kind": kind.kind,
        "kind_share": round(kind.share, 4),
        "formats": list(kind.formats),
        "ambiguous": kind.doubt,
        "type": str(infer_type(facts)),
        "rows": facts.rows,
        "nulls": facts.nulls,
        "empties": facts.empties,
        "null_spellings": [
            {"value": text, "sort": null_sort(text), "rows": rows}
            for text, rows in facts.null_spellings.top(_SHOWN)
            if text
        ],
        "distinct": distinct.count,
        "distinct_exact": distinct.exact,
        "once": distinct.once,
        "length": _lengths(facts),
        "forms": dict(sorted(facts.forms.rows.items())),
        "patterns": _listed(patterns, key="pattern"),
        "rare_patterns": _rare(patterns, key="pattern"),
    }
    return {**shown, **_values(facts, kind, frequent)} if values else shown


def _values(facts: ColumnFacts, kind: ColumnKind, frequent: Estimates) -> dict[str, Any]:
    """Write what is a cell's value."""
    shown: dict[str, Any] = {"unit": kind.unit, "frequent": _listed(frequent, key="value")}
    if kind.kind in ("category", "boolean"):
        shown["rare"] = _rare(frequent, key="value")
    whole = kind.kind in ("integer", "identifier")
    if kind.kind in _NUMERIC or (whole and facts.quantiles.total >= ENOUGH * facts.values):
        shown["numbers"] = _numbers(facts, whole=whole)
        if kind.kind in _NUMERIC:
            found = outliers(facts.quantiles)
            shown["outliers"] = None if found is None else asdict(found)
            shown["histogram"] = _bars(of_numbers(facts.quantiles, whole=kind.kind == "integer"))
    timeline = facts.moments.timeline
    if timeline.first is not None and kind.kind in _DATED:
        shown["dates"] = {"first": _day(timeline.first), "last": _day(timeline.last), "outside": timeline.outside}
        shown["histogram"] = _months(timeline)
    return shown


def _lengths(facts: ColumnFacts) -> dict[str, Any]:
    mean = round(facts.characters / facts.values, 2) if facts.values else None
    bars = _bars(of_numbers(facts.lengths, whole=True))
    return {"min": facts.shortest, "mean": mean, "max": facts.longest, "histogram": bars}


def _numbers(facts: ColumnFacts, *, whole: bool) -> dict[str, float | None]:
    """Write where the numbers lie; whole ones are rounded, as a bucket's middle is none."""
    quantiles = facts.quantiles
    between = {name: quantiles.at(share) for name, share in _SHARES.items()}
    if whole and not quantiles.exact:
        between = {name: None if found is None else round(found) for name, found in between.items()}
    return {"min": quantiles.least, **between, "max": quantiles.most}


def _bars(histogram: Histogram | None) -> dict[str, Any] | None:
    return None if histogram is None else asdict(histogram)


def _months(timeline: Timeline) -> dict[str, Any] | None:
    histogram = of_timeline(timeline)
    if histogram is None:
        return None
    edges = [f"{int(month) // 12:04d}-{int(month) % 12 + 1:02d}" for month in histogram.edges]
    return {**asdict(histogram), "edges": edges}


def _day(number: int | None) -> str | None:
    return None if number is None else f"{number // 10_000:04d}-{number // 100 % 100:02d}-{number % 100:02d}"


def _listed(found: Estimates, *, key: str) -> list[Mapping[str, Any]]:
    return [{key: text, "rows": rows, "exact": exact} for text, rows, exact in found.rows[:_SHOWN]]


def _rare(found: Estimates, *, key: str) -> list[Mapping[str, Any]]:
    """List the least frequent of texts that could all be counted, if others are far more frequent."""
    total = sum(rows for _, rows, _ in found.rows)
    listed = found.rows[_SHOWN:] if found.complete else ()
    rare = [(text, rows) for text, rows, _ in reversed(listed) if rows <= _RARE_SHARE * total]
    return [{key: text, "rows": rows, "exact": True} for text, rows in rare[:_RARE]]
