"""Rules for numbers: marks are read as the column shows, and units go only where they tell nothing apart."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from etl_agent.decide.gate.effect import ColumnEffect
from etl_agent.profile.coded import Codes

__all__ = ["object_to_conversions", "object_to_numbers"]

_CONTRARY = 0.05  # of the proofs may be against a reading: slips of the pen, and no more
_FEW = 3  # values that make a group of numbers comparable
_SAME_SIZE = 0.5  # powers of ten between the medians of numbers of one size: a factor of three
_THOUSAND = 3.0
_EDGE = r"(?:^|[^\d.,])"
_END = r"(?:[^\d.,]|[.,]?$)"

Sizes = NDArray[np.float64]


def object_to_numbers(effect: ColumnEffect, places: Codes) -> str | None:
    """Refuse marks that cells of the column contradict, or that nothing proves; and units that tell apart.

    A cell like 12,5 proves its own reading. One like 1,234 needs others: cells that prove the same of the mark, or of
    the other mark the opposite, or numbers of the size that it has by this reading and not by the other.
    """
    open_places = [place for place in places.tolist() if not effect.readings[place].certain]
    used = {(effect.readings[place].decimal, effect.readings[place].groups) for place in places.tolist()}
    decimal, groups = {pair[0] for pair in used} - {""}, {pair[1] for pair in used} - {""}
    if decimal & groups:
        return "it reads a mark in two ways"
    for mark in sorted((decimal | groups) & {".", ","}):
        unsure = [place for place in open_places if mark in _marks_of(effect, place)]
        if unsure and (reason := _object_to_mark(effect, mark, unsure, as_decimal=mark in decimal)) is not None:
            return reason
    made = [place for place in places.tolist() if effect.readings[place].into]
    if made and (reason := _object_to_made_marks(effect, made)) is not None:
        return reason
    return _object_to_affixes(effect, places)


def _marks_of(effect: ColumnEffect, place: int) -> tuple[str, str]:
    return effect.readings[place].decimal, effect.readings[place].groups


def _object_to_mark(effect: ColumnEffect, mark: str, places: list[int], *, as_decimal: bool) -> str | None:
    decimal, groups = _proofs(effect, mark)
    support, contrary = (decimal, groups) if as_decimal else (groups, decimal)
    if contrary > _CONTRARY * (support + contrary):
        return "other cells show that it takes the decimal mark for the other one"
    if support or (mark == "." and as_decimal):  # a point stays as it is written
        return None
    other_decimal, other_groups = _proofs(effect, "," if mark == "." else ".")
    indirect, against = (other_groups, other_decimal) if as_decimal else (other_decimal, other_groups)
    if against > _CONTRARY * (indirect + against):
        return "other cells show that it takes the decimal mark for the other one"
    if (indirect and not as_decimal) or _of_size(effect, places, as_decimal=as_decimal):
        return None
    if not as_decimal and _groups_beside_whole_numbers(effect, mark):
        return None
    return "no cell shows which mark is the decimal mark"


def _proofs(effect: ColumnEffect, mark: str) -> tuple[int, int]:
    """Count the cells that prove a mark to be the decimal mark, and to stand between groups of digits."""
    sign, other = ("\\.", ",") if mark == "." else (",", "\\.")
    fraction = rf"\d*{sign}(?:\d{{1,2}}|\d{{4,}})|0\d*{sign}\d+|\d{{4,}}{sign}\d+"
    as_decimal = rf"{_EDGE}(?:{fraction}|\d{{1,3}}(?:{other}\d{{3}})+{sign}\d+){_END}"
    as_groups = rf"{_EDGE}[1-9]\d{{0,2}}(?:(?:{sign}\d{{3}}){{2,}}|(?:{sign}\d{{3}})+{other}\d+){_END}"
    return effect.rows_matching(as_decimal), effect.rows_matching(as_groups)


def _of_size(effect: ColumnEffect, places: list[int], *, as_decimal: bool) -> bool:
    """Tell whether numbers are as large as the column's plain ones by this reading, and not by the other."""
    plain, made = _bare_numbers(effect), _sizes(effect, places)
    if min(len(plain), len(made)) < _FEW:
        return False
    gap = float(np.median(made) - np.median(plain))
    other = gap + (_THOUSAND if as_decimal else -_THOUSAND)
    spread = float(np.subtract(*np.quantile(plain, [0.75, 0.25])))
    return abs(gap) <= max(_SAME_SIZE, spread) and abs(other) > max(_SAME_SIZE, 2 * spread) + 1


def _groups_beside_whole_numbers(effect: ColumnEffect, mark: str) -> bool:
    """Tell whether whole numbers below 1,000 stand without the mark: fractions would not all have three digits."""
    small = effect.rows_matching(r"^\D*\d{1,3}\D*$")
    large = effect.rows_matching(r"^[^\d.,]*\d{4,}[^\d.,]*$")
    marked = effect.rows_matching(rf"{_EDGE}[1-9]\d{{0,2}}\{mark}\d{{3}}{_END}")
    return marked > 0 and small >= _FEW and large <= _CONTRARY * marked


def _object_to_made_marks(effect: ColumnEffect, places: list[int]) -> str | None:
    """Refuse to write plain numbers with marks that are not those of the column."""
    written = {_marks_of(effect, place) for place in places}
    rows = int(effect.pairs.rows[np.array(places)].sum())
    for mark in {mark for pair in written for mark in pair} & {".", ","}:
        decimal, groups = (effect.rows_matching(pattern, kept=True) for pattern in _proof_patterns(mark))
        support = decimal if any(pair[0] == mark for pair in written) else groups
        if support < rows or decimal + groups - support > _CONTRARY * (decimal + groups):
            return "the column does not write numbers with these marks"
    return None


def _proof_patterns(mark: str) -> tuple[str, str]:
    sign, other = ("\\.", ",") if mark == "." else (",", "\\.")
    return (
        rf"{_EDGE}(?:\d+{sign}(?:\d{{1,2}}|\d{{4,}})|\d{{1,3}}(?:{other}\d{{3}})+{sign}\d+){_END}",
        rf"{_EDGE}[1-9]\d{{0,2}}(?:(?:{sign}\d{{3}}){{2,}}|(?:{sign}\d{{3}})+(?:{other}\d+)?){_END}",
    )


def _object_to_affixes(effect: ColumnEffect, places: Codes) -> str | None:
    """Refuse to take away units that tell amounts apart."""
    groups: dict[str, list[int]] = {}
    for place in places.tolist():
        word = effect.readings[place].affix.strip(".")
        groups.setdefault(word, []).append(place)
    named = [word for word in groups if word]
    if len({word[0] for word in named}) > 1:
        return "it takes away signs or units that differ"
    if not named:
        return None
    bare = _bare_numbers(effect)
    sizes = [_sizes(effect, groups[word]) for word in named] + ([bare] if len(bare) else [])
    return None if _comparable(sizes) else "it takes away a unit that tells amounts of different size apart"


def object_to_conversions(effect: ColumnEffect, places: Codes) -> str | None:
    """Refuse conversions whose results are not in one unit, or not of the size of the column's other numbers."""
    if not frozenset.intersection(*(effect.readings[place].units for place in places.tolist())):
        return "no unit is the one that all results are in"
    bare, made = _bare_numbers(effect), _sizes(effect, places.tolist())
    return None if _comparable([bare, made]) else "its results are of another size than the column's other numbers"


def _bare_numbers(effect: ColumnEffect) -> Sizes:
    """Return the sizes of the plain numbers of the column that stay as they are."""
    kept = np.flatnonzero(effect.kept_counts > 0)
    return _log_sizes(effect.values.take(pa.array(kept)), effect.kept_counts[kept])


def _sizes(effect: ColumnEffect, places: list[int]) -> Sizes:
    chosen = np.array(places, np.int64)
    return _log_sizes(effect.values.take(pa.array(effect.pairs.after[chosen])), effect.pairs.rows[chosen])


def _log_sizes(values: pa.StringArray, rows: Codes) -> Sizes:
    number = pc.match_substring_regex(values, r"^-?\d{1,300}(?:\.\d{1,300})?$")
    read = pc.cast(values.filter(number), pa.float64()).to_numpy(zero_copy_only=False)
    weights = np.minimum(rows[number.to_numpy(zero_copy_only=False)], 1000)
    sizes: Sizes = np.log10(np.abs(np.repeat(read, weights)) + 1e-12)
    return sizes[sizes > -12]


def _comparable(groups: list[Sizes]) -> bool:
    """Tell whether groups of numbers are of one size: medians no further apart than the spread or a factor of 3."""
    large = [group for group in groups if len(group) >= _FEW]
    if len(large) < 2:
        return True
    middles = [float(np.median(group)) for group in large]
    spread = max(float(np.subtract(*np.quantile(group, [0.75, 0.25]))) for group in large)
    return max(middles) - min(middles) <= max(_SAME_SIZE, 1.5 * spread)
