"""What is usual in a series of figures of one dataset, and whether a new one is not, from its own past alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import log1p
from statistics import median

__all__ = ["LEAST_PAST", "Usual", "usual_of"]

LEAST_PAST = 7
"""Figures that must be on record: a week of daily runs, so that every day of the week was among them."""

_FAR = 3.5  # spreads from the median
_UNLIKE = 2.0  # spreads from the nearest that was seen: 19 of 20 normal figures are nearer to where they belong
_SCALE = 1.4826  # from the median deviation to the standard deviation of normal figures


@dataclass(frozen=True, slots=True)
class Usual:
    """The past of a figure. Spreads are of logarithms: amounts and times grow and vary by shares of themselves.

    Args:
        figures: what was seen, sorted.
        middle: the median.
        spread: the median absolute deviation from it, scaled to a standard deviation.
        noise: the deviation that a figure of some size has in any case, as a share of it.
    """

    figures: tuple[float, ...]
    middle: float
    spread: float
    noise: Callable[[float], float]

    @property
    def least(self) -> float:
        """The smallest that was seen."""
        return self.figures[0]

    @property
    def most(self) -> float:
        """The largest that was seen."""
        return self.figures[-1]

    def is_far(self, figure: float) -> bool:
        """Tell whether a figure is far from the median, and unlike every one that was seen as well.

        Both must hold: a week has days that are far from its median and come again, and a series without spread has
        no usual deviation at all.

        >>> week = usual_of([100, 102, 99, 101, 98, 10, 9], noise=lambda figure: 0.1)
        >>> [week.is_far(figure) for figure in (0, 8, 40, 110, 200)]
        [True, False, True, False, True]

        Source: Iglewicz and Hoaglin (1993), How to Detect and Handle Outliers: the modified z-score and its bound.
        """
        nearest = min(self.figures, key=lambda seen: abs(log1p(seen) - log1p(figure)))
        return self._is_off(figure, self.middle, by=_FAR) and self._is_off(figure, nearest, by=_UNLIKE)

    def is_beyond(self, figure: float) -> bool:
        """Tell whether a figure is far from the median, and larger than every one that was seen."""
        return figure > self.most and self.is_far(figure)

    def _is_off(self, figure: float, other: float, *, by: float) -> bool:
        return abs(log1p(figure) - log1p(other)) > by * max(self.spread, self.noise(other))


def usual_of(past: Sequence[float], *, noise: Callable[[float], float]) -> Usual | None:
    """Describe the past of a figure; None where too little of it is on record.

    Args:
        past: earlier figures, none below zero, without the one that is to be judged.
        noise: the deviation that a figure of some size has in any case, as a share of it.
    """
    if len(past) < LEAST_PAST:
        return None
    middle = median(past)
    deviation = median(abs(log1p(figure) - log1p(middle)) for figure in past)
    return Usual(tuple(sorted(past)), middle, _SCALE * deviation, noise)
