"""Which words of a column stand for no value, given what its cells must be."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from etl_agent.clean.missing import MARKERS, NullMarkers
from etl_agent.profile.facts import ColumnFacts
from etl_agent.profile.nulls import NullSort, null_sort

__all__ = ["Bar", "markers_of", "null_step"]

Bar = Literal["program", "sign", "word"]
"""Up to which sort words are taken for no value. program: what nobody writes for anything else, in texts and codes.
sign: a lone dash or dot too, where a value has to be there. word: all of them, where no word is a good value."""

_SORTS: dict[Bar, frozenset[NullSort]] = {
    "program": frozenset({"program"}),
    "sign": frozenset({"program", "sign", "blank"}),
    "word": frozenset({"program", "sign", "blank", "word"}),
}


def markers_of(facts: ColumnFacts, *, bar: Bar, good: Iterable[str] = ()) -> tuple[str, ...]:
    """List the cells of a column that stand for no value, as they are without blanks around them.

    Args:
        facts: the facts of all its cells.
        bar: which words are taken for no value.
        good: values that are good, whatever they look like.
    """
    kept = {value.strip().casefold() for value in good}
    spelled = {*(word.strip() for word in facts.null_spellings.counts), *([""] if facts.empties else [])}
    return tuple(sorted(word for word in spelled if null_sort(word) in _SORTS[bar] and word.casefold() not in kept))


def null_step(columns: tuple[str, ...], markers: Iterable[str]) -> NullMarkers:
    """Make the step for columns in which some markers were seen; what programs write counts even where it was not."""
    seen = set(markers)
    if seen <= set(MARKERS):
        return NullMarkers(columns=columns)
    return NullMarkers(columns=columns, markers=tuple(sorted(seen | set(MARKERS))))
