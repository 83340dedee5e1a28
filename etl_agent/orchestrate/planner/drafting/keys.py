"""The columns that tell the rows of a dataset apart: said, or found where they are needed."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import pyarrow as pa

from etl_agent.errors import UsageError
from etl_agent.orchestrate.planner.drafting.asked import Asked
from etl_agent.orchestrate.planner.given import Source
from etl_agent.profile.candidate_keys import CandidateKey
from etl_agent.profile.kinds import Kind

__all__ = [
    "broken_rows",
    "column_words",
    "figures",
    "found_key",
    "is_own_key",
    "is_plausible",
    "names_the_thing",
    "no_key",
]

_BETWEEN = re.compile(
    r"[\W_]+|(?<=[a-zß-öø-ÿ])(?=[A-ZÀ-ÖØ-Þ])|(?<=[A-Z])(?=[A-Z][a-z])|(?<=\d)(?=[^\W\d_])|(?<=[^\W\d_])(?=\d)"
)
"""What stands between the words of a name: signs, a change from small letters to capitals, one to or from digits."""

_NUMBERS = frozenset(("id", "key", "code", "no", "nr", "num", "number", "uuid", "guid", "ref", "reference", "serial"))
_SCHEMES = frozenset(("sku", "ean", "upc", "isbn", "issn", "ssn", "vin", "iban", "barcode"))
_KEY_WORDS = _NUMBERS | _SCHEMES
"""Words that people put into the headers of keys. They only break ties between columns that are keys by their cells."""

_DIRT = 0.01
"""Share of rows that may break a key that nobody said: in a dirty table some rows stand twice, or lack their key."""

_NEAR = 3
"""Columns that an error names."""

_SHARED = 3
"""The fewest letters at their beginning that two words of one stem share."""


def column_words(name: str) -> tuple[str, ...]:
    """Part a name into its words, in small letters.

    >>> column_words("CustomerID"), column_words("order_no")
    (('customer', 'id'), ('order', 'no'))
    """
    return tuple(word.lower() for word in _BETWEEN.split(name) if word)


def names_the_thing(word: str, source: str) -> bool:
    """Tell whether a word names one of the things that a dataset is about: ``order`` in ``daily_orders``.

    Endings differ (``category``, ``categories``; ``kunde``, ``kunden``): two words are of one stem if all but the last
    letter of the shorter one begins the longer one, and that is at most three letters longer.
    """
    for other in column_words(source):
        short, long = sorted((word, other), key=len)
        stem = short[: max(len(short) - 1, _SHARED)]
        if len(short) >= _SHARED and long.startswith(stem) and len(long) - len(short) <= _SHARED:
            return True
    return False


def is_own_key(column: str, source: Source) -> bool:
    """Tell whether a column's name says that it is the key of its dataset: ``id``, or ``order_id`` of orders."""
    words = column_words(column)
    if not words or words[-1] not in _KEY_WORDS:
        return False
    return len(words) == 1 or all(names_the_thing(word, source.name) for word in words[:-1])


def found_key(asked: Asked, *, newest: str | None = None) -> tuple[str, ...] | None:
    """Find the best key among the columns that are loaded.

    A column that is a key by its cells comes first, by its name and then from the left; where rows of one key are to
    be told apart by time, a column that is a key together with that time; then a pair of columns. Where several rows of
    one key are what is expected, the column that names itself the key of its dataset will do.

    Args:
        asked: what is asked of the dataset.
        newest: the column that tells which row of a key is newest; None where each key is to stand in one row.
    """
    source = asked.source
    place = {name: at for at, name in enumerate(asked.kept) if name != newest}
    kinds = {name: found.kind for name, found in source.profile.kinds.items()}
    single = [key for key in source.profile.keys if set(key.columns) <= set(place) and _is_name(key, source, kinds)]
    if asked.newest is not None:
        named = [name for name in place if is_own_key(name, source) and _may_repeat(name, source)]
        if named and not any(is_own_key(key.columns[0], source) for key in single):
            return (named[0],)
    if single:
        best = min(single, key=lambda key: (not is_own_key(key.columns[0], source), *_rank(key, kinds, place)))
        return best.columns
    pairs = source.profile.relations.pairs
    with_time = [_without(key, newest) for key in pairs if newest is not None and newest in key.columns]
    if with_time and with_time[0] in place:
        return (with_time[0],)
    whole = [key for key in pairs if set(key.columns) <= set(place)]
    return min(whole, key=lambda key: _rank(key, kinds, place)).columns if whole else None


def _without(key: CandidateKey, newest: str) -> str:
    return next(name for name in key.columns if name != newest)


def _is_name(key: CandidateKey, source: Source, kinds: Mapping[str, Kind]) -> bool:
    """Tell whether a column that is a key by its cells is one by its nature: telephones and flags only happen to be."""
    (name,) = key.columns
    return kinds[name] in ("identifier", "email") or is_own_key(name, source) or _has_key_word(name)


def _has_key_word(name: str) -> bool:
    return any(word in _KEY_WORDS for word in column_words(name))


def is_plausible(key: CandidateKey, source: Source) -> bool:
    """Tell whether columns are a key by their nature too, and do not only happen to tell the rows apart."""
    kinds = {name: found.kind for name, found in source.profile.kinds.items()}
    return len(key.columns) > 1 or _is_name(key, source, kinds)


def _may_repeat(name: str, source: Source) -> bool:
    """Tell whether nearly every row has a value in a column, and not always the same."""
    facts = source.profile.facts.columns[name]
    missing = facts.nulls + facts.empties
    return missing <= _DIRT * facts.rows and source.profile.distinct[name].count > 1


def _rank(
    key: CandidateKey, kinds: Mapping[str, Kind], place: Mapping[str, int]
) -> tuple[bool, int, int, tuple[int, ...]]:
    """Rank keys, the best first: unbroken, identifiers by their cells, named like keys, from the left."""
    plain = sum(kinds[name] != "identifier" for name in key.columns)
    unnamed = sum(not _has_key_word(name) for name in key.columns)
    return not key.clean, unnamed, plain, tuple(place[name] for name in key.columns)


def broken_rows(columns: Sequence[str], source: Source) -> tuple[int, int, int]:
    """Count the rows that break a key.

    Returns:
        Rows of the sample that repeat the key of an earlier row, rows that lack a part of it, and all rows.
    """
    data = source.profile.sample.data
    if data is None:
        return 0, 0, 0
    table = pa.Table.from_batches([data.select(list(columns))])
    whole = table.drop_null()
    repeats = whole.num_rows - whole.group_by(list(columns)).aggregate([]).num_rows
    return repeats, table.num_rows - whole.num_rows, table.num_rows


def _nearly_keys(asked: Asked) -> tuple[str, ...]:
    """Name the columns that fewest rows keep from being keys, the best first."""
    profile = asked.source.profile
    breaks = {
        name: profile.distinct[name].repeated + profile.facts.columns[name].nulls
        for name in asked.kept
        if profile.kinds[name].kind not in ("empty", "constant", "number", "money", "percent", "quantity")
    }
    return tuple(sorted(breaks, key=lambda name: (breaks[name], asked.kept.index(name)))[:_NEAR])


def no_key(asked: Asked, *, why: str) -> UsageError:
    """Make the error for a dataset without a key where one is needed."""
    near = _nearly_keys(asked)
    said = near[0] if near else "COLUMN"
    told = ", ".join(f"{name} ({figures(broken_rows((name,), asked.source))})" for name in near)
    return UsageError(
        f"{why} needs the columns that identify a row, and no column is a key" + (f"; nearest: {told}" if told else ""),
        where=asked.source.name,
        choices=near,
        next_command=f"say in the goal which they are, such as: with the key {said}",
    )


def figures(found: tuple[int, int, int]) -> str:
    """Say how a key is broken: rows that repeat it, rows that lack it, all rows."""
    repeats, nulls, rows = found
    return f"{repeats} of {rows} rows repeat a key, {nulls} lack it"
