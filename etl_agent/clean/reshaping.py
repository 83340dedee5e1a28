"""The one slip of the keyboard that brings a misshapen value back to a known shape, if there is only one."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import date
from typing import Literal, NamedTuple

from etl_agent.clean.shapes import LONGEST, Shape, Slot, matcher

__all__ = ["Reshaped", "Reshaper", "Slip"]

Slip = Literal["swapped", "inside", "apart", "edge", "separator", "lost", "replaced", "noise", "more"]
"""What went wrong. swapped: two neighbours changed places. inside: a foreign letter or digit slipped into a run. apart:
another sign did, and cut it in two. edge: one stands before or behind a run. separator: a fixed sign between runs was
lost. lost: a sign of a run that is known was lost. replaced: a foreign sign stands for another one. noise: signs that
no value has were added at an end. more: a run has a sign too many, of those that belong there; nothing says that it is
wrong, so it is never repaired."""

_CLASSES = (str.isdigit, str.isupper, str.islower)
_PROBES = "01ABab"  # two of each class: where a run is free, both fit, so that the lost sign is not known
_DATE = re.compile(r"(?<!\d)(?:(\d{4})([-/.])(\d\d)\2(\d\d)|(\d\d)([-/.])(\d\d)\6(\d{4}))(?!\d)")
_CHANCE = 0.1  # that a short run is near a known one by accident: misshapen values are few already


class Reshaped(NamedTuple):
    """A repair.

    Args:
        value: the value in its shape.
        slip: what had gone wrong.
        at: where: how many characters of the value stand before it.
    """

    value: str
    slip: Slip
    at: int


class Reshaper:
    """Brings misshapen values of a column back to its shapes."""

    def __init__(self, shapes: tuple[Shape, ...], *, noise: str = "") -> None:
        """Prepare for a column.

        Args:
            shapes: the shapes of the column.
            noise: signs that no value of the column has, which may have been added at either end.
        """
        self._shapes, self._noise = shapes, noise
        self._fitting = matcher(shapes, strict=True)
        slots = [slot for shape in shapes for slot in shape.slots]
        # Signs of runs that mix digits and letters, and signs that may have been lost, with probes for free runs.
        self._mixed = "".join(slot.signs for slot in slots if slot.mixed)
        self._lost = sorted({*_PROBES, *(sign for slot in slots for value in slot.values for sign in value)})

    def reshaped(self, value: str) -> Reshaped | None:
        """Repair a value that has none of the shapes by the only single edit that leads to one.

        All single edits are tried; where two of them lead to different values, nothing says which was meant. A lost or
        replaced sign of a run whose values are not a closed list fits in many ways, and so is never guessed.
        """
        if not any(map(str.isalnum, value)):
            return None
        for sign in self._noise:
            if (stripped := value.strip(sign)) != value and self._fits(stripped):
                return Reshaped(stripped, "noise", 0 if value[0] == sign else len(stripped))
        if len(value) > LONGEST + 1:
            return None
        found: Reshaped | None = None
        for candidate in self._edited(value):
            if found is not None and candidate.value == found.value:
                continue
            if self._fits(candidate.value):
                if found is not None:
                    return None
                found = candidate
        return found if found is not None and _meant(found, self._shapes) else None

    def _fits(self, value: str) -> bool:
        return bool(self._fitting.fullmatch(value)) and all(_is_date(match) for match in _DATE.finditer(value))

    def _edited(self, value: str) -> Iterator[Reshaped]:
        """Make the single edits that may give a value of a shape: what stands around them must fit already."""
        size = len(value)
        for shape in self._shapes:
            first, last = shape.reach(value)
            least, most = size - last - 1, first + 1
            change = shape.size - size if shape.size is not None else None
            if change in (None, 0):
                for at in _places(least, most, size):
                    yield from self._replaced(value, at)
                for at in _places(least - 1, most, size - 1):
                    if _class(value[at]) != _class(value[at + 1]) or not value[at].isalnum():
                        yield Reshaped(value[:at] + value[at + 1] + value[at] + value[at + 2 :], "swapped", at)
            if change in (None, 1):
                for at in _places(least, most, size + 1):
                    yield from (Reshaped(value[:at] + new + value[at:], _missing(new), at) for new in self._lost)
            if change in (None, -1):
                for at in _places(least, most, size):
                    yield Reshaped(value[:at] + value[at + 1 :], _surplus(value, at, mixed=self._mixed), at)

    def _replaced(self, value: str, at: int) -> Iterator[Reshaped]:
        """Put another sign in the place of one; letters are not exchanged for letters, nor digits for digits."""
        sign = value[at]
        for new in self._lost:
            if sign.isdigit() != new.isdigit() or not (sign.isalnum() and new.isalnum()):
                yield Reshaped(value[:at] + new + value[at + 1 :], "replaced", at)


def _meant(found: Reshaped, shapes: tuple[Shape, ...]) -> bool:
    """Say whether the only way back is one that chance would hardly open."""
    if found.slip == "lost":
        return any(_chance(slot) <= _CHANCE for slot in _slots(found, shapes))
    if found.slip in ("apart", "separator"):
        around = (found.at - 1, found.at + 1) if found.slip == "separator" else (found.at,)
        if len({_class(found.value[at]) for at in around if 0 <= at < len(found.value)}) > 1:
            return True  # between letters and digits the boundary is known, whatever the lengths
        return all(any(slot.length is not None for slot in _slots(found, shapes, at=at)) for at in around)
    return found.slip != "more"


def _slots(found: Reshaped, shapes: tuple[Shape, ...], *, at: int | None = None) -> Iterator[Slot]:
    """Find the runs that a character of the repaired value may belong to."""
    at = max(0, min(found.at if at is None else at, len(found.value) - 1))
    for shape in shapes:
        if (slot := shape.slot_at(found.value, at)) is not None:
            yield slot


def _chance(slot: Slot) -> float:
    """Return the chance that another value would be taken for one of a list with a sign lost.

    A run of n digits of which one was lost leaves n - 1, and another value with so many digits (room 1, room 11)
    is near each value of the list with a chance of n / 10 ** (n - 1). Where there is no list, all are near.
    """
    if not slot.values or slot.length is None:
        return 1.0
    signs = 10 if slot.signs == "0-9" else 26
    return len(slot.values) * slot.length / float(signs ** (slot.length - 1))


def _is_date(match: re.Match[str]) -> bool:
    """Say whether three numbers are a day of the calendar, whichever of the short ones is the month."""
    year, one, other = (match[1], match[3], match[4]) if match[1] else (match[8], match[5], match[7])
    for month, day in ((one, other), (other, one)):
        try:
            date(int(year), int(month), int(day))
        except ValueError:
            continue
        return True
    return False


def _missing(sign: str) -> Slip:
    return "lost" if sign.isalnum() else "separator"


def _places(least: int, most: int, size: int) -> range:
    return range(max(0, least), min(size, most))


def _surplus(value: str, at: int, *, mixed: str) -> Slip:
    """Say what a sign is that stands there in surplus, by its neighbours."""
    kind = _class(value[at])
    before, behind = (_class(near) for near in (value[:at][-1:], value[at + 1 :][:1]))
    if value[at] in mixed or (not mixed and kind is not None and kind in (before, behind)):
        return "more"
    if before is None or not (before == behind or (mixed and behind is not None)):
        return "edge"
    return "inside" if value[at].isalnum() else "apart"


def _class(sign: str) -> Callable[[str], bool] | None:
    return next((kind for kind in _CLASSES if kind(sign)), None)
