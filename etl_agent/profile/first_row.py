"""Whether the names of columns are rather the cells of a row: the first line of a file that has no header."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from itertools import chain, pairwise

import pyarrow as pa

from etl_agent.profile.facts import ColumnFacts
from etl_agent.profile.kinds import ENOUGH
from etl_agent.profile.nulls import null_sort
from etl_agent.profile.patterns import masked_patterns

__all__ = ["cells_among_names"]

_FORMS: tuple[Callable[[ColumnFacts], int], ...] = (
    lambda facts: facts.words.rows.get("email", 0),
    lambda facts: facts.words.rows.get("url", 0),
    lambda facts: facts.words.rows.get("phone", 0),
    lambda facts: facts.moments.rows,
    lambda facts: facts.moments.times,
)
"""Cells of a form that is of one person, page, day or minute: no column is called so above others of that form."""
_LONGEST = 100  # characters of a name that is looked at; addresses and dates are shorter
_FORMED = re.compile(r"\d|@|://|^www\.", re.IGNORECASE)  # what has one of the forms, or is a number or a code
_NUMBER = re.compile(r"\W{0,3}\d[\d.,'’ ]*\D{0,4}")
_FRACTION = re.compile(r"\d[.,]\d")
_YEAR_DIGITS = 4  # digits of years and counters, which do name columns
_NAME_DIGITS = 6  # digits of a code that may name a column: a year with its month


def cells_among_names(names: Sequence[str], columns: Mapping[str, ColumnFacts]) -> tuple[int, ...]:
    """Return the places of names that are cells like those below them; none where that does not settle the matter.

    One is enough that no column is called: an address, a telephone number, a date, a time, or a number or code of
    more digits than years and counters have, above others of its kind. Of short numbers and codes it takes two that
    are not counted alike: years above amounts and ``q1``, ``q2`` above answers are headers that count. A word above
    numbers, dates or addresses is a name, and so the line is a header whatever else stands in it. Where there is no
    row below, an address or a date settles it.

    Args:
        names: what stands in the first line of a file, in its order.
        columns: the facts of the columns by these names.

    Returns:
        The places, counted from 1.
    """
    sure: list[int] = []
    counted: dict[str, list[int]] = {}
    numbers: list[int] = []
    bare = not any(_cells(columns[name]) for name in names)
    patterns = masked_patterns(pa.array(names, pa.string())).to_pylist()
    for place, (name, pattern) in enumerate(zip(names, patterns, strict=True), 1):
        facts = columns[name]
        if _is_word(name) and _is_typed(facts):
            return ()
        if len(name) > _LONGEST or not _FORMED.search(name):
            continue
        if _is_formed(name, facts, bare=bare):
            sure.append(place)
        elif _NUMBER.fullmatch(name) and _share(facts, facts.numerals.rows) >= ENOUGH:
            numbers.append(place)
        elif not _has(facts, pattern):
            continue
        elif _digits(name) > _NAME_DIGITS:
            sure.append(place)
        else:
            counted.setdefault(re.sub(r"\d+", "0", name).casefold(), []).append(place)
    if any(_is_long(names[place - 1]) for place in numbers) and not _is_series(numbers, names):
        sure += numbers
    elif numbers:
        counted.setdefault("", []).extend(numbers)
    if not sure and len(counted) < 2:
        return ()
    return tuple(sorted([*sure, *chain.from_iterable(counted.values())]))


def _is_formed(name: str, facts: ColumnFacts, *, bare: bool) -> bool:
    """Tell whether a column has one of the forms, and its name too."""
    shared = [form for form in _FORMS if bare or _share(facts, form(facts)) >= ENOUGH]
    if not shared:
        return False
    own = ColumnFacts.observe(pa.array([name], pa.string()))
    return any(form(own) for form in shared)


def _is_typed(facts: ColumnFacts) -> bool:
    return any(_share(facts, rows) >= ENOUGH for rows in (facts.numerals.rows, *(form(facts) for form in _FORMS)))


def _is_word(name: str) -> bool:
    """Tell whether a name is of letters, and no spelling of a missing value."""
    if _FORMED.search(name) or not any(char.isalpha() for char in name):
        return False
    return null_sort(name) is None


def _cells(facts: ColumnFacts) -> int:
    """Count the cells that have a value and hold no null spelling."""
    return facts.values - facts.empties - sum(facts.null_spellings.counts.values())


def _share(facts: ColumnFacts, rows: int) -> float:
    cells = _cells(facts)
    return rows / cells if cells > 0 else 0.0


def _has(facts: ColumnFacts, pattern: str | None) -> bool:
    """Tell whether most cells have a pattern with digits."""
    return pattern is not None and "9" in pattern and 2 * facts.patterns.counts.get(pattern, 0) > _cells(facts)


def _digits(name: str) -> int:
    return sum(char.isdigit() for char in name)


def _is_long(number: str) -> bool:
    return _digits(number) > _YEAR_DIGITS or _FRACTION.search(number) is not None


def _is_series(places: Sequence[int], names: Sequence[str]) -> bool:
    """Tell whether numbers rise from one column to the next and are written alike, as doses, sizes and years do."""
    numbers = [names[place - 1] for place in places]
    beside = all(right == left + 1 for left, right in pairwise(places))
    alike = all(number.isdigit() for number in numbers) or len({re.sub(r"\d", "9", number) for number in numbers}) == 1
    rising = all((len(left), left) < (len(right), right) for left, right in pairwise(numbers))
    return len(numbers) > 1 and beside and alike and rising
