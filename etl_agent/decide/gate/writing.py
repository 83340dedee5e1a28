"""Changes of format: a value may be written otherwise where the column shows that it means the same."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from etl_agent.decide.gate.effect import ColumnEffect
from etl_agent.decide.gate.ruling import Objection
from etl_agent.profile.coded import Codes
from etl_agent.profile.patterns import collapsed_patterns, masked_patterns

__all__ = ["Writing", "judge_writing", "object_to_marker"]

_CONTRARY = 0.05  # of the proofs may be against a reading: slips of the pen, and no more
_MOST = 2 / 3  # of a column: what is the custom there
_NEARLY = 0.9  # of a column: what the rest is brought to without loss
_RARE = 3  # rows from which on a spelling is a custom of its own
_FEW = 3  # values that make a group of numbers comparable

Places = NDArray[np.int64]


@dataclass(frozen=True)
class Writing:
    """What the rules say of the changes of format in a column.

    Args:
        objection: what speaks against them.
        doubtful: the changes that are no format of the column, but may be repairs: slips in signs, case or digits.
        reason: why they are none.
    """

    objection: Objection | None
    doubtful: Places
    reason: Objection | None


def judge_writing(effect: ColumnEffect) -> Writing:
    """Judge the changes of format in a column."""
    doubtful: list[Places] = []
    why: Objection | None = None
    for relation, rule in _RULES.items():
        places = effect.of_relations(frozenset(relation.split()))
        if not len(places) or (reason := rule(effect, places)) is None:
            continue
        rows = int(effect.pairs.rows[places].sum())
        objection = Objection(reason, {"column": effect.name, "cells": rows, "relation": relation})
        if relation not in _SLIPS:
            return Writing(objection, np.zeros(0, np.int64), None)
        doubtful.append(places)
        why = why or objection
    return Writing(None, np.concatenate([*doubtful, np.zeros(0, np.int64)]), why)


_SLIPS = frozenset({"marks", "case", "digits", "zeros"})
"""Relations in which an error of typing can show: if the column does not have the format, the value may be wrong."""


def _distinct_before(effect: ColumnEffect) -> tuple[pa.StringArray, Codes]:
    held = np.flatnonzero(effect.counts > 0)
    return effect.values.take(pa.array(held)), effect.counts[held]


def _rows_matching(values: pa.StringArray, counts: Codes, pattern: str) -> int:
    found = pc.match_substring_regex(values, pattern).to_numpy(zero_copy_only=False)
    return int(counts[found].sum())


_EDGE = r"(?:^|[^\d.,])"
_END = r"(?:[^\d.,]|[.,]?$)"


def _proofs(effect: ColumnEffect, mark: str) -> tuple[int, int]:
    """Count the cells that prove a mark to be the decimal mark, and to stand between groups of digits."""
    values, counts = _distinct_before(effect)
    sign, other = ("\\.", ",") if mark == "." else (",", "\\.")
    fraction = rf"\d*{sign}(?:\d{{1,2}}|\d{{4,}})|0\d*{sign}\d+|\d{{4,}}{sign}\d+"
    as_decimal = rf"{_EDGE}(?:{fraction}|\d{{1,3}}(?:{other}\d{{3}})+{sign}\d+){_END}"
    as_groups = rf"{_EDGE}[1-9]\d{{0,2}}(?:(?:{sign}\d{{3}}){{2,}}|(?:{sign}\d{{3}})+{other}\d+){_END}"
    return _rows_matching(values, counts, as_decimal), _rows_matching(values, counts, as_groups)


def _object_to_marks_of_numbers(effect: ColumnEffect, places: Places) -> str | None:
    """Refuse a decimal mark that other cells of the column contradict, or that nothing proves."""
    used = {(effect.readings[place].decimal, effect.readings[place].groups) for place in places.tolist()}
    decimal, groups = {pair[0] for pair in used} - {""}, {pair[1] for pair in used} - {""}
    if decimal & groups or len(decimal & {".", ","}) > 1:
        return "it reads a mark in two ways"
    for mark in sorted((decimal | groups) & {".", ","}):
        other = "," if mark == "." else "."
        as_decimal, as_groups = _proofs(effect, mark)
        other_decimal, other_groups = _proofs(effect, other)
        point, group = as_decimal + other_groups, as_groups + other_decimal
        support, contrary = (point, group) if mark in decimal else (group, point)
        if contrary > _CONTRARY * (support + contrary):
            return "other cells show that it takes the decimal mark for the other one"
        if mark == "." and mark in decimal and not groups:
            continue  # the numbers stay as they are written
        if not support and not (mark in groups and _groups_beside_whole_numbers(effect, mark)):
            return "no cell shows which mark is the decimal mark"
    return _object_to_affixes(effect, places)


def _groups_beside_whole_numbers(effect: ColumnEffect, mark: str) -> bool:
    """Tell whether whole numbers below 1,000 stand without the mark: fractions would not all have three digits."""
    values, counts = _distinct_before(effect)
    small = _rows_matching(values, counts, r"^\D*\d{1,3}\D*$")
    large = _rows_matching(values, counts, r"^[^\d.,]*\d{4,}[^\d.,]*$")
    marked = _rows_matching(values, counts, rf"{_EDGE}[1-9]\d{{0,2}}\{mark}\d{{3}}{_END}")
    return marked > 0 and small >= _FEW and large <= _CONTRARY * marked


def _object_to_affixes(effect: ColumnEffect, places: Places) -> str | None:
    """Refuse to take away units that tell amounts apart."""
    groups: dict[str, list[int]] = {}
    for place in places.tolist():
        word = effect.readings[place].affix.strip(".")
        groups.setdefault(word, []).append(place)
    named = [word for word in groups if word]
    if not named:
        return None
    initials = {word[0] for word in named}
    if len(initials) > 1:
        return "it takes away signs or units that differ"
    bare = _bare_numbers(effect)
    sizes = [_sizes(effect, groups[word]) for word in named] + ([bare] if len(bare) else [])
    return None if _comparable(sizes) else "it takes away a unit that tells amounts of different size apart"


def _bare_numbers(effect: ColumnEffect) -> NDArray[np.float64]:
    """Return the sizes of the numbers that stand in the column without a unit and stay as they are."""
    kept = np.flatnonzero(effect.kept_counts > 0)
    return _log_sizes(effect.values.take(pa.array(kept)), effect.kept_counts[kept])


def _sizes(effect: ColumnEffect, places: list[int]) -> NDArray[np.float64]:
    pairs = effect.pairs
    chosen = np.array(places, np.int64)
    return _log_sizes(effect.values.take(pa.array(pairs.after[chosen])), pairs.rows[chosen])


def _log_sizes(values: pa.StringArray, rows: Codes) -> NDArray[np.float64]:
    number = pc.match_substring_regex(values, r"^-?\d{1,300}(?:\.\d{1,300})?$")
    read = pc.cast(values.filter(number), pa.float64()).to_numpy(zero_copy_only=False)
    weights = np.minimum(rows[number.to_numpy(zero_copy_only=False)], 1000)
    sizes: NDArray[np.float64] = np.log10(np.abs(np.repeat(read, weights)) + 1e-12)
    return sizes[sizes > -12]


def _comparable(groups: list[NDArray[np.float64]]) -> bool:
    """Tell whether groups of numbers are of one size: medians no further apart than the spread or a factor of 3."""
    large = [group for group in groups if len(group) >= _FEW]
    if len(large) < 2:
        return True
    middles = [float(np.median(group)) for group in large]
    spread = max(float(np.subtract(*np.quantile(group, [0.75, 0.25]))) for group in large)
    return max(middles) - min(middles) <= max(0.5, 1.5 * spread)


def _object_to_conversions(effect: ColumnEffect, places: Places) -> str | None:
    targets = frozenset.intersection(*(effect.readings[place].units for place in places.tolist()))
    if not targets:
        return "no unit is the one that all results are in"
    bare, made = _bare_numbers(effect), _sizes(effect, places.tolist())
    return None if _comparable([bare, made]) else "its results are of another size than the column's other numbers"


def _object_to_moments(effect: ColumnEffect, places: Places) -> str | None:
    """Refuse an order of day and month that other cells contradict, or that no cell proves."""
    orders: dict[str, int] = {}
    for place in places.tolist():
        order = effect.readings[place].order
        orders[order] = orders.get(order, 0) + int(effect.pairs.rows[place])
    values, counts = _distinct_before(effect)
    if orders.get("ydm"):
        return "it reads a year first and the day before the month"
    late, short, mark, year = r"(?:1[3-9]|2\d|3[01])", r"(?:0?[1-9]|1[0-2])", r"[-/. ]", r"(?:\d{4}|\d\d)(?:\D|$)"
    day_first = _rows_matching(values, counts, rf"^\D*{late}{mark}{short}{mark}{year}")
    month_first = _rows_matching(values, counts, rf"^\D*{short}{mark}{late}{mark}{year}")
    for order, support, contrary in (("dmy", day_first, month_first), ("mdy", month_first, day_first)):
        if not orders.get(order):
            continue
        if contrary > _CONTRARY * (support + contrary):
            return "other cells show that day and month are the other way round"
        if not support:
            return "no cell shows which is the day and which the month"
    if orders.get("yy") and not _rows_matching(values, counts, r"^\D*(?:3[2-9]|[4-9]\d)[-/. ]\d\d?[-/. ]\d\d(?:\D|$)"):
        return "no cell shows that the year stands first"
    dated = _rows_after(effect, r"^(?:\d{4}-\d\d-\d\d)?[ T]?(?:\d\d:\d\d.*)?$")
    if dated < 0.5 * int(np.count_nonzero(effect.after >= 0)):
        return "most cells of the column are no dates or times"
    if (
        orders.get("serial")
        and sum(orders.values()) == orders["serial"]
        and not _rows_matching(values, counts, r"\d[-/. ]\d|[A-Za-z]{3}")
    ):
        return "no cell shows that the numbers are days"
    return None


def _rows_after(effect: ColumnEffect, pattern: str) -> int:
    counts = np.bincount(effect.after[effect.after >= 0], minlength=len(effect.values))
    held = np.flatnonzero(counts > 0)
    return _rows_matching(effect.values.take(pa.array(held)), counts[held], pattern)


def _object_to_truths(effect: ColumnEffect, places: Places) -> str | None:
    known = int(effect.pairs.rows[places].sum())
    kept = _kept(effect)
    truths = _rows_matching(*kept, r"^(?i:\s*(?:true|false|yes|no|y|n|t|f|on|off|1|0)\s*)$")
    if truths + known < 0.95 * int((effect.counts).sum()):
        return "other values of the column are no truth values"
    return None


def _object_to_clocks(effect: ColumnEffect, places: Places) -> str | None:
    """Let times of day be written as most of the column is, if what stood beside them tells no rows apart."""
    rows = effect.pairs.rows[places]
    days = {affix for place in places.tolist() if (affix := effect.readings[place].affix) not in ("", "note")}
    if len(days) > 1:
        return "it takes away days that differ"
    noted = int(sum(effect.pairs.rows[place] for place in places.tolist() if effect.readings[place].affix == "note"))
    kept, counts = _kept(effect)
    clocks = _rows_matching(kept, counts, r"^\d{1,2}:\d\d")
    if clocks < rows.sum() or noted > _CONTRARY * effect.rows:
        return "most times of the column are not written so"
    made = effect.values.take(pa.array(effect.pairs.after[places]))
    forms = set(_clock_forms(made))
    custom = sum(int(n) for form, n in zip(_clock_forms(kept), counts, strict=True) if form in forms)
    return None if len(forms) <= 2 and custom >= _MOST * clocks else "most times of the column are not written so"


def _clock_forms(values: pa.StringArray) -> list[str]:
    """Return how times of day are written: their pattern, with one digit or two for the hour being the same."""
    made = pc.replace_substring_regex(masked_patterns(values), r"^99?:", "9:")
    found: list[str] = pc.fill_null(made, "").to_pylist()
    return found


def _object_to_missing(effect: ColumnEffect, places: Places) -> str | None:
    """Let a null be spelled as most nulls of the column are."""
    pairs = effect.pairs
    if len(set(pairs.after[places].tolist())) > 1:
        return "it writes several markers for no value"
    return object_to_marker(effect, int(pairs.after[places][0]))


def object_to_marker(effect: ColumnEffect, marker: int) -> str | None:
    """Say what speaks against writing a marker for no value; None if it is the custom of the column.

    Args:
        effect: what the step does to the column.
        marker: the code of the marker.
    """
    written = int(np.count_nonzero((effect.after == marker) & (effect.before != marker)))
    if effect.kept_counts[marker] >= max(2 * written, _FEW):
        return None
    return "most missing values of the column are not written so"


def _kept(effect: ColumnEffect) -> tuple[pa.StringArray, Codes]:
    held = np.flatnonzero(effect.kept_counts > 0)
    return effect.values.take(pa.array(held)), effect.kept_counts[held]


def _object_to_zeros(effect: ColumnEffect, places: Places) -> str | None:
    """Let identifiers be padded to the width that the column's padded values have; leave other zeros alone."""
    pairs = effect.pairs
    old, new = pairs.before[places], pairs.after[places]
    before, after = effect.texts(old), effect.texts(new)
    rows = pairs.rows[places]
    kept, counts = _kept(effect)
    if all(len(one) > len(other) for one, other in zip(before, after, strict=True)):
        if float(rows[effect.kept_counts[new] > 0].sum()) >= _MOST * rows.sum():
            return None
        return "it takes away leading zeros of identifiers"
    widths = {len(text) for text in after}
    width = widths.pop()
    if widths:
        return "it pads values to different widths"
    digits = _rows_matching(kept, counts, r"^\d+$")
    wide = _rows_matching(kept, counts, rf"^\d{{{width}}}$")
    padded = _rows_matching(kept, counts, rf"^0\d{{{width - 1}}}$") if width > 1 else 0
    if padded >= _FEW and digits >= _MOST * counts.sum() and wide >= max(_MOST * digits, rows.sum()):
        return None
    return "the column has no values that are padded to this width"


def _object_to_case(effect: ColumnEffect, places: Places) -> str | None:
    """Let case change where it joins spellings of one value, or brings a few to the custom of the column."""
    return (
        None
        if _joins(effect, places) or _customary_case(effect, places)
        else ("it changes case without joining spellings or following the custom of the column")
    )


def _joins(effect: ColumnEffect, places: Places) -> bool:
    """Tell whether the new spellings are the more frequent ones of the same values."""
    pairs = effect.pairs
    old, new, rows = pairs.before[places], pairs.after[places], pairs.rows[places]
    joined = effect.kept_counts[new] >= np.maximum(effect.counts[old], 1)
    return bool(rows[joined].sum() >= 0.8 * rows.sum())


def _customary_case(effect: ColumnEffect, places: Places) -> bool:
    pairs = effect.pairs
    old, new, rows = pairs.before[places], pairs.after[places], pairs.rows[places]
    own_custom = (effect.counts[old] >= _RARE) & (effect.counts[new] == 0)
    if rows[own_custom].sum() > _CONTRARY * rows.sum():
        return False
    kept, counts = _kept(effect)
    lettered = pc.match_substring_regex(kept, r"\pL").to_numpy(zero_copy_only=False)
    total = int(counts[lettered].sum())
    before, after = effect.values.take(pa.array(old)), effect.values.take(pa.array(new))
    for kernel in (pc.utf8_is_upper, pc.utf8_is_lower, pc.utf8_is_title):
        style = _style(kernel, after)
        if rows[style].sum() < (1 - _CONTRARY) * rows.sum():
            continue
        plain = _style(pc.utf8_is_upper, before) | _style(pc.utf8_is_lower, before) | _style(pc.utf8_is_title, before)
        custom = int(counts[_style(kernel, kept)].sum())
        # A spelling like McDonald says more than any one case can: it is not overwritten.
        return bool(custom >= _NEARLY * (total + rows.sum()) and rows[plain].sum() >= (1 - _CONTRARY) * rows.sum())
    return False


def _style(kernel: Callable[[pa.Array], pa.Array], values: pa.StringArray) -> NDArray[np.bool_]:
    found: NDArray[np.bool_] = kernel(values).to_numpy(zero_copy_only=False)
    return found


def _object_to_signs(effect: ColumnEffect, places: Places) -> str | None:
    """Let signs between the letters change where that joins spellings, or gives a column of codes one pattern."""
    if _joins(effect, places):
        return None
    counts = np.bincount(effect.after[effect.after >= 0], minlength=len(effect.values))
    merged = counts[effect.pairs.after[places]] > effect.pairs.rows[places]
    if merged.any() and not _joins(effect, places[merged]):
        return "it makes one value of several by taking signs away"
    (shares_before, kinds_before), (shares_after, kinds_after) = (
        _patterns(effect, effect.counts),
        _patterns(effect, counts),
    )
    if shares_after >= 0.8 and shares_after > shares_before and kinds_after < kinds_before:
        return None
    return "it changes signs without joining spellings or giving the column one pattern"


def _patterns(effect: ColumnEffect, counts: Codes) -> tuple[float, int]:
    """Return the share of the most frequent pattern of a column, and how many patterns it has."""
    held = np.flatnonzero(counts > 0)
    made = collapsed_patterns(effect.values.take(pa.array(held))).dictionary_encode()
    rows = np.bincount(made.indices.to_numpy(zero_copy_only=False), weights=counts[held])
    return float(rows.max() / rows.sum()), len(rows)


def _object_to_digits(effect: ColumnEffect, places: Places) -> str | None:
    """Let a number be written with other digits (1.0 and 1) where most of the column is written so already."""
    if _joins(effect, places):
        return None
    pairs = effect.pairs
    scale = _scales(effect.values.take(pa.array(pairs.after[places])))
    kept, counts = _kept(effect)
    number = pc.match_substring_regex(kept, r"^-?\d+(?:\.\d+)?$").to_numpy(zero_copy_only=False)
    kept, counts = kept.filter(pa.array(number)), counts[number]
    rows = pairs.rows[places]
    if len(counts) and counts.sum() >= rows.sum():
        customs = np.bincount(_scales(kept), weights=counts)
        custom = int(customs.argmax())
        if customs[custom] >= _MOST * counts.sum() and rows[scale == custom].sum() >= (1 - _CONTRARY) * rows.sum():
            return None
    return "it writes numbers with other digits than the column does"


def _scales(values: pa.StringArray) -> Codes:
    """Return the digits after the point of numbers."""
    point = pc.find_substring(values, pattern=".").to_numpy(zero_copy_only=False)
    length = pc.binary_length(values).to_numpy(zero_copy_only=False)
    return np.where(point < 0, 0, length - point - 1).astype(np.int64)


_RULES: Mapping[str, Callable[[ColumnEffect, Places], str | None]] = {
    "number unit": _object_to_marks_of_numbers,
    "converted": _object_to_conversions,
    "moment": _object_to_moments,
    "truth": _object_to_truths,
    "clock": _object_to_clocks,
    "missing": _object_to_missing,
    "zeros": _object_to_zeros,
    "case": _object_to_case,
    "marks": _object_to_signs,
    "digits": _object_to_digits,
}
"""The rule for each relation; blanks and what is not seen may always be changed."""
