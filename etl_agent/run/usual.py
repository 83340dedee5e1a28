"""What is usual in a series of figures of one dataset, and whether a new one is not, from its own past alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

__all__ = ["LEAST_PAST", "Usual", "usual_of"]

LEAST_PAST = 7
"""Figures that must be on record: a week of daily runs, so that every day of the week was among them."""

_FAR = 3.5  # spreads from the median
_SCALE = 1.4826  # from the median deviation to the standard deviation of normal figures


@dataclass(frozen=True, slots=True)
class Usual:
    """The past of a figure.

    Args:
        middle: the median.
        spread: the median absolute deviation, scaled to a standard deviation; at least the noise of such a figure.
        least: the smallest that was seen.
        most: the largest that was seen.
    """

    middle: float
    spread: float
    least: float
    most: float

    def is_far(self, figure: float) -> bool:
        """Tell whether a figure is beyond all that was seen, and far from the median as well.

        Both must hold: a week has days that are far from its median and come again, and a series without spread has
        no usual deviation at all.

        >>> week = usual_of([100, 102, 99, 101, 98, 10, 9], noise=1)
        >>> week.is_far(10), week.is_far(110), week.is_far(0)
        (False, True, True)

        Source: Iglewicz and Hoaglin (1993), How to Detect and Handle Outliers: the modified z-score and its bound.
        """
        return not self.least <= figure <= self.most and abs(figure - self.middle) > _FAR * self.spread


def usual_of(past: Sequence[float], *, noise: float) -> Usual | None:
    """Describe the past of a figure; None where too little of it is on record.

    Args:
        past: earlier figures, without the one that is to be judged.
        noise: the deviation that such a figure has in any case.
    """
    if len(past) < LEAST_PAST:
        return None
    middle = median(past)
    deviation = median(abs(figure - middle) for figure in past)
    return Usual(middle, max(_SCALE * deviation, noise), min(past), max(past))
