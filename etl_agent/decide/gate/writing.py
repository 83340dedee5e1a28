"""Changes of format: a value may be written otherwise where the column shows that it means the same."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from etl_agent.decide.gate.contact_rules import object_to_addresses, object_to_phones
from etl_agent.decide.gate.effect import ColumnEffect
from etl_agent.decide.gate.moment_rules import object_to_clocks, object_to_moments
from etl_agent.decide.gate.number_rules import object_to_conversions, object_to_numbers
from etl_agent.decide.gate.ruling import Objection
from etl_agent.profile.coded import Codes
from etl_agent.profile.patterns import collapsed_patterns

__all__ = ["Writing", "judge_writing", "object_to_marker"]

_CONTRARY = 0.05  # of the proofs may be against a reading: slips of the pen, and no more
_MOST = 2 / 3  # of a column: what is the custom there
_NEARLY = 0.9  # of a column: what the rest is brought to without loss
_CONTRARY_TO_NOISE = 0.2  # of the rows may have signs that came in: what more have is a habit
_FOOTNOTES = frozenset("*\u2020\u2021\u00a7\u00b9\u00b2\u00b3")
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


_SLIPS = frozenset({"marks", "case", "digits", "zeros", "noise"})
"""Relations in which an error of typing can show: if the column does not have the format, the value may be wrong."""


def _object_to_truths(effect: ColumnEffect, places: Places) -> str | None:
    known = int(effect.pairs.rows[places].sum())
    truths = effect.rows_matching(r"^(?i:\s*(?:true|false|yes|no|y|n|t|f|on|off|1|0)\s*)$", kept=True)
    if truths + known < 0.95 * int((effect.counts).sum()):
        return "other values of the column are no truth values"
    return None


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


def _object_to_noise(effect: ColumnEffect, places: Places) -> str | None:
    """Let one run of signs go that came into some cells and that no other cell of the column has.

    A lone star or dagger behind a value is a footnote mark, and says something.
    """
    runs = {effect.readings[place].affix for place in places.tolist()}
    if len(runs) > 1:
        return "it takes away signs that differ"
    run = runs.pop()
    behind = all(
        old == new + run
        for old, new in zip(
            effect.texts(effect.pairs.before[places]), effect.texts(effect.pairs.after[places]), strict=True
        )
    )
    if behind and run in _FOOTNOTES:
        return "it takes away footnote marks"
    used = effect.rows_matching("^(?s:.*)" + re.escape(run), kept=True)
    if used or effect.pairs.rows[places].sum() > _CONTRARY_TO_NOISE * effect.rows:
        return "it takes away signs that the column uses"
    return None


def _kept(effect: ColumnEffect) -> tuple[pa.StringArray, Codes]:
    held = np.flatnonzero(effect.kept_counts > 0)
    return effect.values.take(pa.array(held)), effect.kept_counts[held]


def _object_to_zeros(effect: ColumnEffect, places: Places) -> str | None:
    """Let identifiers be padded to the width that the column's padded values have; leave other zeros alone."""
    pairs = effect.pairs
    old, new = pairs.before[places], pairs.after[places]
    before, after = effect.texts(old), effect.texts(new)
    rows = pairs.rows[places]
    if all(len(one) > len(other) for one, other in zip(before, after, strict=True)):
        if float(rows[effect.kept_counts[new] > 0].sum()) >= _MOST * rows.sum():
            return None
        return "it takes away leading zeros of identifiers"
    widths = {len(text) for text in after}
    width = widths.pop()
    if widths:
        return "it pads values to different widths"
    digits = effect.rows_matching(r"^\d+$", kept=True)
    wide = effect.rows_matching(rf"^\d{{{width}}}$", kept=True)
    padded = effect.rows_matching(rf"^0\d{{{width - 1}}}$", kept=True) if width > 1 else 0
    if padded >= _FEW and digits >= _MOST * effect.kept_counts.sum() and wide >= max(_MOST * digits, rows.sum()):
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
    "number unit": object_to_numbers,
    "converted": object_to_conversions,
    "moment": object_to_moments,
    "truth": _object_to_truths,
    "clock": object_to_clocks,
    "noise": _object_to_noise,
    "phone": object_to_phones,
    "address": object_to_addresses,
    "missing": _object_to_missing,
    "zeros": _object_to_zeros,
    "case": _object_to_case,
    "marks": _object_to_signs,
    "digits": _object_to_digits,
}
"""The rule for each relation; blanks and what is not seen may always be changed."""
