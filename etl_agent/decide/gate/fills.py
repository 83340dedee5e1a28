"""Fills and emptied cells: a value made up must be one that the row proves; a value removed must say nothing."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from etl_agent.clean.step import CarryStep, RowStep, Step, replaced
from etl_agent.decide.gate.context import Testimony, testimony
from etl_agent.decide.gate.effect import ColumnEffect
from etl_agent.decide.gate.ruling import Objection
from etl_agent.decide.gate.writing import object_to_marker
from etl_agent.decide.proposal import Figure
from etl_agent.profile.coded import CodedTable, Codes
from etl_agent.profile.nulls import null_sort
from etl_agent.profile.patterns import masked_patterns

__all__ = ["hidden_accuracy", "object_to_emptied", "object_to_fills"]

_RIGHT = 0.8  # the share of hidden values that a fill must surely put back
_Z = 1.64  # one-sided 95 %
_FOR = math.log(3)  # a filled row must speak three times as much for the value as for the null
_RARE_NULLS = 0.1  # where more is missing, a null is a state of the column and no accident
_MOST_NULLS = 0.2  # accidents that hit more cells would make the column worthless: then nulls are meant
_CUSTOM = 3  # rows from which on a value is no slip
_EVERY = 8  # of a carried fill every eighth value is hidden, so that those before it stay
_MOST_ROWS = 2048
_SOURCES = 3  # rows of each thing and of each source, at least, on the average
_ONCE = 0.95  # of the rows are the only report of a source on a thing
_CODE_SHARE = 0.5  # from where on a marker's own pattern is the pattern of the column


def hidden_accuracy(step: Step, sample: pa.RecordBatch, effect: ColumnEffect) -> tuple[int, int]:
    """Hide values that are known, let the step fill them, and count: filled, and filled with what was hidden.

    Args:
        step: a pinned step that fills nulls of the column.
        sample: the rows.
        effect: what the step does to the column.
    """
    name = effect.name
    column = sample.column(name)
    known = ~effect.markers[effect.before]
    some = np.arange(len(column)) % _EVERY == _EVERY - 1
    hidden = known & some if isinstance(step, CarryStep) else known
    nothing = _spelled(effect, len(column))
    trial = replaced(sample, name, pc.if_else(pa.array(hidden), nothing, column))
    if isinstance(step, RowStep):
        result = step.apply(trial).column(name)
    elif isinstance(step, CarryStep):
        result = step.carry(trial, step.start())[0].column(name)
    else:
        return 0, 0
    left = pc.fill_null(pc.equal(result, nothing), fill_value=False).to_numpy(zero_copy_only=False)
    filled = hidden & ~left & pc.is_valid(result).to_numpy(zero_copy_only=False)
    same = pc.fill_null(pc.equal(result, column), fill_value=False).to_numpy(zero_copy_only=False)
    return int(filled.sum()), int((filled & same).sum())


def _spelled(effect: ColumnEffect, rows: int) -> pa.StringArray:
    """Return what stands where the step fills, as often as there are rows: null, or the most frequent marker."""
    gaps = effect.before[effect.filled]
    most = int(np.bincount(gaps + 1).argmax()) - 1
    return effect.values.take(pa.array(np.full(rows, most), mask=np.full(rows, most < 0)))


def _surely(hits: int, tries: int) -> float:
    """Return the least share that so many hits allow (lower end of Wilson's interval)."""
    if not tries:
        return 0.0
    share, width = hits / tries, _Z * _Z / tries
    spread = _Z * math.sqrt(share * (1 - share) / tries + width / (4 * tries))
    return (share + width / 2 - spread) / (1 + width)


def object_to_fills(
    step: Step,
    sample: pa.RecordBatch,
    table: CodedTable,
    effect: ColumnEffect,
    *,
    rows: Codes,
    moved: Mapping[str, Codes],
) -> Objection | None:
    """Say what speaks against the fills of a column; None if nothing does.

    Two things are asked. Does the step put back values that were hidden from it? And does the row speak for the value
    rather than for the null: a null that goes with another column's values (no end date of what goes on) is no gap.
    A value that is the same for every row says nothing of the row: it is let through only in a column that has no
    other value, and where nulls are rare.
    """
    markers = np.unique(effect.after[rows])
    if all(effect.markers[code] or null_sort(effect.texts(markers[at : at + 1])[0]) for at, code in enumerate(markers)):
        return _object_to_spelled_nulls(effect, markers)
    filled, hits = hidden_accuracy(step, sample, effect)
    sure = _surely(hits, filled)
    judged = rows[np.linspace(0, len(rows) - 1, min(len(rows), _MOST_ROWS)).astype(np.int64)]
    said = testimony(table, effect, rows=judged, moved=moved)
    said = _without_sources(said)
    odds = np.maximum(said.fits, said.agreed) + said.clashes
    spoken = float((odds >= _FOR).mean())
    against = float((odds <= -_FOR).mean())
    nulls = int(np.count_nonzero(effect.markers[effect.before])) / effect.rows
    figures: dict[str, Figure] = {
        "column": effect.name,
        "cells": len(rows),
        "hidden_filled": filled,
        "hidden_right": round(hits / filled, 3) if filled else 0.0,
        "surely_right": round(sure, 3),
        "row_speaks_for": round(spoken, 3),
        "row_speaks_against": round(against, 3),
        "null_share": round(nulls, 3),
    }
    if sure < _RIGHT:
        return Objection("it would not put back values that are known", figures)
    constant = np.count_nonzero(effect.counts[~effect.markers[:-1]] >= _CUSTOM) == 1
    if constant and nulls <= _RARE_NULLS and against <= 1 - _RIGHT:
        return None
    if nulls > _MOST_NULLS:
        return Objection("so many values are missing that a null is a state of the column", figures)
    if spoken < _RIGHT:
        return Objection("the rest of the rows does not speak for a value where there is none", figures)
    return None


def _without_sources(said: Testimony) -> Testimony:
    """Leave out the columns that only say who reports of a thing: what a source leaves out, the others know.

    It is one if each thing (a value of the column that settles the filled values best) has each of its values once.
    """
    if not said.voices:
        return said
    thing = max(said.voices, key=lambda voice: float(voice.agreed.mean()))
    width = int(thing.codes.max()) + 1
    voices = []
    for voice in said.voices:
        rows = len(voice.codes)
        reports = len(np.unique(voice.codes * width + thing.codes))
        repeated = max(len(np.unique(voice.codes)), len(np.unique(thing.codes))) * _SOURCES <= rows
        if voice is thing or not (repeated and reports >= _ONCE * rows):
            voices.append(voice)
    return Testimony(said.rows, tuple(voices))


def _object_to_spelled_nulls(effect: ColumnEffect, markers: Codes) -> Objection | None:
    """Let nulls be spelled as most missing values of the column are."""
    reason = "it writes several markers for no value" if len(markers) > 1 else object_to_marker(effect, int(markers[0]))
    return None if reason is None else Objection(reason, {"column": effect.name, "cells": len(effect.filled)})


def object_to_emptied(effect: ColumnEffect) -> Objection | None:
    """Say what speaks against making nulls of values; None if nothing does.

    Only what people and programs write for no value is none, and a word among them not where it is written as the
    column's values are (NA among two-letter codes is one of them), nor where cells are left empty too and the word is
    as frequent as the values: who writes None beside empty cells means it.
    """
    codes = np.unique(effect.before[effect.emptied])
    texts = effect.texts(codes)
    sorts = [null_sort(text) for text in texts]
    counts = effect.counts[codes]
    kept = np.flatnonzero((effect.counts > 0) & ~np.isin(np.arange(len(effect.values)), codes))
    figures: dict[str, Figure] = {"column": effect.name, "cells": len(effect.emptied), "values": len(codes)}
    words = np.array([sort is not None for sort in sorts], np.bool_)
    if not words.all():
        share = float(counts[~words].sum() / counts.sum())
        return Objection("it makes nulls of values", {**figures, "share_that_says_something": round(share, 3)})
    patterns = masked_patterns(effect.values.take(pa.array(kept))).to_pylist()
    weights = effect.counts[kept]
    usual = float(np.median(weights)) if len(weights) else np.inf
    empty = bool((effect.before < 0).any())
    if empty and any(sort == "word" and rows >= max(usual, _CUSTOM) for sort, rows in zip(sorts, counts, strict=True)):
        return Objection("it makes nulls of a word that is as frequent as values, beside cells that are empty", figures)
    for text, sort in zip(texts, sorts, strict=True):
        if sort != "word":
            continue
        mine = masked_patterns(pa.array([text], pa.string()))[0].as_py()
        like = sum(int(weight) for pattern, weight in zip(patterns, weights, strict=True) if pattern == mine)
        if like >= _CODE_SHARE * weights.sum():
            return Objection(
                "it makes nulls of values that are written like the others of the column",
                {**figures, "share_written_so": round(like / max(int(weights.sum()), 1), 3)},
            )
    return None
