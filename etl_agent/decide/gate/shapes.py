"""Whether a value broke the shape that its column has, and a change brings it back without guessing."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from etl_agent.decide.gate.effect import ColumnEffect
from etl_agent.decide.gate.likeness import Slips, slip_odds
from etl_agent.profile.coded import Codes

__all__ = ["shape_odds"]

_CUSTOM = 0.1  # of the values must have a shape: with ten shapes and more a column has none
_IMPLIED = 0.95  # of the values that begin alike must go on alike, for a sign that is missing to be known
_LEAST = 3  # values that say so
_CAP = 6.0
_USUAL = 0.8  # of the values must have parts of one length, for that length to be part of the shape
_MOST_KEPT = 2000  # values that lengths are learned from
_MOST_VALUES = 4096  # values that shapes are taken from: a custom of one in ten is in them
_LONGEST = 128  # characters of a value with a shape

Odds = NDArray[np.float64]


def shape_odds(effect: ColumnEffect, places: NDArray[np.int64]) -> Odds:
    """Return for some changes the log odds that the old value is a misshapen spelling of the new one; -inf if not.

    A shape is what a value looks like when its digits and letters do not count: exactly (99/99/9999), with letters
    and digits taken together (xx/xx/xxxx), or with runs written once (9-A). Its shape must be rare and a slip away
    from a custom of the column, by the same reckoning that finds slips among values. And the way back must be known:
    what is put in is a sign of the shape, or what all values that begin so go on with; what is taken out is no sign of
    the column, of another sort than its neighbours, or repeats the sign before it.

    Args:
        effect: the changes of one column.
        places: of the different changes that are judged.
    """
    pairs = effect.pairs
    old, new = effect.texts(pairs.before[places]), effect.texts(pairs.after[places])
    odds = np.full(len(places), -np.inf)
    short = [max(len(one), len(other)) <= _LONGEST for one, other in zip(old, new, strict=True)]
    if not any(short):
        return odds
    column = _Column(effect)
    for shape in (_exact, _merged, _runs, column.by_parts):
        found = column.odds(shape, old, new)
        odds = np.maximum(odds, found)
    for place, (one, other) in enumerate(zip(old, new, strict=True)):
        if odds[place] > -np.inf and not (short[place] and column.known(one, other)):
            odds[place] = -np.inf
    return odds


_PARTS = re.compile(r"[^\W_]+")
_DIGIT, _CAPITAL, _SMALL = re.compile(r"\d"), re.compile(r"[A-Z]"), re.compile(r"[^\W\d_A-Z]")


def _exact(text: str) -> str:
    return _DIGIT.sub("d", _SMALL.sub("a", _CAPITAL.sub("A", text)))


def _merged(text: str) -> str:
    return re.sub(r"[^\W_]", "x", text)


def _runs(text: str) -> str:
    return re.sub(r"(.)\1+", r"\1", _exact(text))


Shape = Callable[[str], str]


@dataclass(frozen=True)
class _Column:
    effect: ColumnEffect

    @cached_property
    def values(self) -> tuple[list[str], Codes]:
        """The distinct values before the step, or some thousands of them taken evenly, and their rows."""
        held = np.flatnonzero(self.effect.counts > 0)
        if len(held) > _MOST_VALUES:
            held = held[np.linspace(0, len(held) - 1, _MOST_VALUES).astype(np.int64)]
        return self.effect.values.take(pa.array(held)).to_pylist(), self.effect.counts[held]

    @cached_property
    def kept(self) -> list[str]:
        """The values that stay, sorted."""
        return sorted(self.effect.texts(np.flatnonzero(self.effect.kept_counts > 0)))

    @cached_property
    def kept_backwards(self) -> list[str]:
        """The values that stay, each written backwards, sorted."""
        return sorted(value[::-1] for value in self.kept)

    @cached_property
    def _fixed(self) -> tuple[int, ...]:
        """The usual length of each part between signs, 0 where lengths vary."""
        lengths: dict[int, Counter[int]] = {}
        for value in self.kept[:: max(len(self.kept) // _MOST_KEPT, 1)]:
            for place, part in enumerate(_PARTS.findall(value[:_LONGEST])):
                lengths.setdefault(place, Counter())[len(part)] += 1
        usual = {place: held.most_common(1)[0] for place, held in lengths.items()}
        return tuple(
            usual[place][0] if usual[place][1] >= _USUAL * lengths[place].total() else 0 for place in sorted(usual)
        )

    def by_parts(self, text: str) -> str:
        """Write a shape exactly in the parts that have a usual length, and with runs written once in the others."""
        parts = iter((*self._fixed, *[0] * len(text)))
        return _PARTS.sub(lambda part: _exact(part[0]) if next(parts) else _runs(part[0]), text)

    def odds(self, shape: Shape, old: list[str], new: list[str]) -> Odds:
        """Return the log odds of slips among the shapes of the values."""
        values, rows = self.values
        counts: dict[str, int] = {}
        for value, held in zip(values, rows.tolist(), strict=True):
            made = shape(value[:_LONGEST])
            counts[made] = counts.get(made, 0) + held
        was, is_ = [shape(value[:_LONGEST]) for value in old], [shape(value[:_LONGEST]) for value in new]
        for made in (*was, *is_):
            counts.setdefault(made, 0)
        place = {made: at for at, made in enumerate(counts)}
        held = np.array(list(counts.values()), np.int64)
        before, after = (np.array([place[made] for made in side], np.int64) for side in (was, is_))
        odds, can = slip_odds(Slips(list(counts), held, numbered=False), before, after)
        can &= held[after] >= _CUSTOM * held.sum()
        return np.where(can, odds, -np.inf)

    def known(self, old: str, new: str) -> bool:
        """Tell whether the way from a value to another is no guess."""
        from rapidfuzz.distance import Levenshtein

        edits = list(Levenshtein.editops(old, new))
        put = [(new[edit.dest_pos], edit.dest_pos) for edit in edits if edit.tag != "delete"]
        taken = [(old[edit.src_pos], edit.src_pos) for edit in edits if edit.tag == "delete"]
        for sign in [sign for sign, _ in put]:
            gone = next((entry for entry in taken if entry[0] == sign), None)
            if gone is not None:  # it only moved
                taken.remove(gone)
                put.remove(next(entry for entry in put if entry[0] == sign))
        added = all(not sign.isalnum() or self._implied(new, place) for sign, place in put)
        return added and all(
            sign not in self._alphabet or _foreign(old, place) or sign in old[max(place - 1, 0) : place]
            for sign, place in taken
        )

    @cached_property
    def _alphabet(self) -> frozenset[str]:
        """The signs that the values that stay are made of."""
        return frozenset("".join(self.kept))

    def _implied(self, text: str, place: int) -> bool:
        """Tell whether the values that begin, or end, as a text does up to a place all have the same sign there."""
        backwards = len(text) - 1 - place
        return _goes_on(self.kept, text, place) or _goes_on(self.kept_backwards, text[::-1], backwards)


def _foreign(text: str, place: int) -> bool:
    """Tell whether a sign is of another sort than both its neighbours, so that no other can have come in here."""
    beside = [_exact(text[at]) for at in (place - 1, place + 1) if 0 <= at < len(text)]
    return not text[place].isalnum() or _exact(text[place]) not in beside


def _goes_on(values: list[str], text: str, place: int) -> bool:
    begin, more = text[:place], text[: place + 1]
    alike = bisect_left(values, begin + "\U0010ffff") - bisect_left(values, begin)
    same = bisect_left(values, more + "\U0010ffff") - bisect_left(values, more)
    return same >= _LEAST and same >= _IMPLIED * alike
