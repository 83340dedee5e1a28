"""The habits of a column: what its values that are meant look like, and how an error stands out among them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from etl_agent.clean.hands import is_blotted, shows_hand
from etl_agent.clean.likeness import edits, likeness, one_slip, weigh
from etl_agent.profile.coded import CodedColumn, Codes
from etl_agent.profile.patterns import collapsed_patterns, masked_patterns

__all__ = ["UNLIKELY", "Habit", "habit_of"]

UNLIKELY = 10.0
"""How much likelier an error must look as it does than a correct value would, to count as one piece of evidence."""

_RECOGNISED = 0.5  # share of edits up to which a misshapen value can still be one that lost its shape
_NEAR = 0.2  # share of edits of a slip in a word of five letters: shorter words have too many neighbours
_OFTEN = 3  # rows that have a value by other than chance
_MOST_RECURRING = 1_000  # values that are kept: the most frequent
_MOST_PATTERNS = 1_000  # of a column that has more, none is unusual
_ERRORS = 0.5  # share of errors that stand out in any one way: most errors are of one kind, and which is unknown


@dataclass(frozen=True)
class Habit:
    """How errors stand out in a column.

    Args:
        likeness: what it says that a value is close to one that is meant, by the distance.
        shapes: the shapes of the values that are meant, where they are so few that another one is an error; else None.
        forms: their shapes to the letter, likewise: how many digits and letters stand where.
        rare: log-odds that a value is an error which no group of rows has as its most frequent one.
        hand: the sign that stands for lost ones all over the table, if there is one.
        recurring: values that no group has as its most frequent one, and that three rows or more have all the same.
            Slips go many ways: to be one, such a value must be more than near.
    """

    likeness: tuple[float, ...] = ()
    shapes: frozenset[str] | None = None
    forms: frozenset[str] | None = None
    rare: float = 0.0
    hand: str = ""
    recurring: frozenset[str] = frozenset()

    def against(self, values: Sequence[str], winners: Sequence[str]) -> NDArray[np.float64]:
        """Weigh how surely each value, which is not one of those that are meant, is an error for another, by its looks.

        Returns:
            Log-odds; 0 where a value looks correct.
        """
        pairs = list(zip(values, winners, strict=True))
        shares = np.array([edits(one, two) for one, two in pairs], np.float64)
        misshapen = _outside(self.shapes, values, collapsed_patterns) & (shares <= _RECOGNISED)
        far = np.array([value in self.recurring for value in values], np.bool_) & (shares > _NEAR)
        looks = np.where(far, 0.0, weigh(shares, self.likeness)) + np.log(UNLIKELY) * misshapen
        # A number is a word of its own, but not where one slip makes it longer or shorter than any is here. And that a
        # value of its own differs in just the sign that is all over the table, or over and over in one and the same
        # letter, is one chance in as many as there are letters.
        slips = np.array([one_slip(one, two) for one, two in pairs], np.bool_)
        by_hand = [shows_hand(one, two, hand=self.hand) or is_blotted(one, two) for one, two in pairs]
        broken = _outside(self.forms, values, masked_patterns) & slips
        looks = np.maximum(looks, np.log(UNLIKELY) * (np.array(by_hand, np.bool_) | broken))
        return np.where(looks > 0, looks + self.rare, 0.0)


def _outside(
    known: frozenset[str] | None, values: Sequence[str], patterns: Callable[[pa.Array], pa.Array]
) -> NDArray[np.bool_]:
    """Tell which values have a pattern that is not known; none where there is nothing to be known."""
    if known is None or not values:
        return np.zeros(len(values), np.bool_)
    found = patterns(pa.array(values, pa.string())).to_pylist()
    return np.array([shape is not None and shape not in known for shape in found], np.bool_)


@dataclass(frozen=True)
class _Meant:
    column: CodedColumn
    codes: Codes

    @cached_property
    def texts(self) -> list[str]:
        order = self.codes[np.argsort(-self.column.counts[self.codes], kind="stable")]
        return [self.column.texts[code] for code in order.tolist()]

    def few(self, patterns: Callable[[pa.Array], pa.Array]) -> frozenset[str] | None:
        """Return the patterns, unless new values often have a new one: as often as those are that only one value has.

        Source: Good, "The population frequencies of species and the estimation of population parameters" (1953).
        """
        if not self.texts:
            return None
        found = patterns(pa.array(self.texts, pa.string())).drop_null().value_counts()
        once = int(np.count_nonzero(found.field(1).to_numpy() == 1))
        if len(found) > _MOST_PATTERNS or UNLIKELY * (once + 1) / (len(self.texts) + 2) > _ERRORS:
            return None
        return frozenset(found.field(0).to_pylist())

    @cached_property
    def strange(self) -> Codes:
        """The codes of all other values."""
        others = self.column.counts > 0
        others[self.codes] = False
        return np.flatnonzero(others)

    @cached_property
    def rare(self) -> float:
        rows = int(self.column.counts.sum())
        others = int(self.column.counts[self.strange].sum())
        return float(np.clip(np.log(_ERRORS * (rows + 2) / (others + 1)), 0.0, np.log(UNLIKELY)))

    @cached_property
    def recurring(self) -> frozenset[str]:
        counts = self.column.counts[self.strange]
        order = self.strange[np.argsort(-counts, kind="stable")][: min(int((counts >= _OFTEN).sum()), _MOST_RECURRING)]
        return frozenset(self.column.texts[code] for code in order.tolist())


def habit_of(column: CodedColumn, *, meant: Codes, hand: str = "") -> Habit:
    """Learn the habits of a column.

    Args:
        column: the column.
        meant: codes of the values that are meant: each is the most frequent one of some group of rows.
        hand: the sign that stands for lost ones all over the table, if there is one.
    """
    known = _Meant(column, meant)
    return Habit(
        likeness=likeness(known.texts),
        shapes=known.few(collapsed_patterns),
        forms=known.few(masked_patterns),
        rare=known.rare,
        hand=hand,
        recurring=known.recurring,
    )
