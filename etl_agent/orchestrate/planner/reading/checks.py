"""What a goal says about good values, as wishes for the columns."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from etl_agent.orchestrate.planner.given import Source
from etl_agent.orchestrate.planner.language.lexicon import FORMAT_WORDS
from etl_agent.orchestrate.planner.reading.mentions import singular, stems
from etl_agent.orchestrate.planner.reading.parsing import Match
from etl_agent.orchestrate.planner.wishes import Convention
from etl_agent.profile.kinds import Kind

__all__ = ["checks_of", "convention_of"]

_GOOD: Mapping[Kind, Mapping[str, str]] = {
    "email": {"format": "email"},
    "url": {"format": "url"},
    "date": {"type": "date"},
    "timestamp": {"type": "timestamp"},
    "time": {"type": "time"},
    "integer": {"type": "integer"},
    "number": {"type": "number"},
    "money": {"type": "number"},
    "boolean": {"type": "boolean"},
}
"""What a good value of a kind is."""

_NAMED = frozenset({"email", "url", "uuid", "ipv4", "hostname", "iban"})
"""Formats that a column's name alone tells. Countries and currencies are written in other ways than codes, too."""

_FORMS: Mapping[Kind, Convention] = {
    "date": "dates", "timestamp": "dates", "time": "dates", "integer": "numbers", "number": "numbers",
    "money": "numbers", "percent": "numbers", "quantity": "numbers", "email": "contacts", "phone": "contacts",
}  # fmt: skip
"""What brings a column of a kind into one form."""

_MOMENT = re.compile(r"\d{4}-\d{2}-\d{2}")
_FRACTION = re.compile(r"[.,](\d{1,12})\D*$")


def convention_of(source: Source, column: str) -> Convention:
    """Return what brings a column into one form, by its kind: the spelling, where it is text."""
    return _FORMS.get(source.profile.kinds[column].kind, "spelling")


def checks_of(match: Match, source: Source, column: str) -> dict[str, Any] | None:
    """Return the checks that a phrase asks for, as fields of ``Valid``; None where nothing can be checked."""
    held: dict[str, Any] = {}
    for slot, value in match.found.slots:
        held.setdefault(slot, value)
    match match.phrase.says["check"]:
        case "good":
            return _good(source, column)
        case "required":
            return {"required": True}
        case "unique":
            return {"unique": True}
        case "format":
            return {"format": held["format"]}
        case "one_of":
            return {"one_of": held.get("values") or held.get("several")}
        case "type":
            return {"type": held["type"], **_bounds(held, source, column)}
        case _:
            return _bounds(held, source, column) or None


def _good(source: Source, column: str) -> dict[str, Any] | None:
    kind = source.profile.kinds[column].kind
    if kind in _GOOD:
        return dict(_GOOD[kind])
    words = stems(column)
    for word, format_ in FORMAT_WORDS.items():
        if format_ in _NAMED and (word in words or stems(word) <= words or singular(column.casefold()) == word):
            return {"format": format_}
    return None


def _bounds(held: Mapping[str, Any], source: Source, column: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for slot, value in held.items():
        match slot:
            case "low":
                found["min"] = value
            case "high":
                found["max"] = value
            case "above":
                found["min"] = _beyond(value, source, column, up=True)
            case "under":
                found["max"] = _beyond(value, source, column, up=False)
            case "zero" | "zero_not":
                found["min"] = "0"
            case "positive" | "not_positive":
                found["min"] = _beyond("0", source, column, up=True)
    return found


def _beyond(bound: str, source: Source, column: str, *, up: bool) -> str:
    """Return the nearest value above or below a bound: a day further, or the smallest step that the column shows.

    A contract's bounds are good values themselves; "more than 0" of amounts with cents is at least 0.01.
    """
    if _MOMENT.fullmatch(bound):
        try:
            return (date.fromisoformat(bound) + timedelta(days=1 if up else -1)).isoformat()
        except (ValueError, OverflowError):
            return bound  # no day: the check of the draft says so
    try:
        number = Decimal(bound)
    except InvalidOperation:
        return bound
    step = Decimal(1).scaleb(-max(_places(source, column), -int(number.as_tuple().exponent)))
    return format(number + (step if up else -step), "f")


def _places(source: Source, column: str) -> int:
    """Return how many digits after the mark the numbers of a column have at most, in the sample."""
    kind = source.profile.kinds[column]
    data = source.profile.sample.data
    if kind.kind not in ("number", "money", "percent", "quantity") or data is None or column not in data.schema.names:
        return 0
    return max((len(digits) for digits in _fractions(data.column(column).to_pylist(), kind.formats)), default=0)


def _fractions(cells: list[str | None], formats: tuple[str, ...]) -> Iterator[str]:
    grouped = {form[-3] for form in formats if len(form) > 3 and form[-3] in ".,"}  # the mark of 1.234,56
    for cell in cells:
        found = _FRACTION.search(cell[-32:]) if cell else None
        if found and (not grouped or found[0][0] in grouped) and (len(found[1]) != 3 or grouped):
            yield found[1]
