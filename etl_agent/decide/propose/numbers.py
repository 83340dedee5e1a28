"""Numbers that are written otherwise than nearly all others of their column, where they can be read in one way only."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from etl_agent.batch import Mask
from etl_agent.clean.number_form import FOREIGN, ForeignForm, NumberAs
from etl_agent.decide.convention import cells, is_convention, matching, stated
from etl_agent.decide.evidence import Evidence
from etl_agent.decide.proposal import Proposal
from etl_agent.profile.coded import CodedColumn

__all__ = ["propose"]

_WHOLE = r"^-?\d{1,18}$"
_FRACTION = r"^-?\d{1,15}\.\d{1,18}$"
_COMMA = r"^[-+]?[\d.,]*,[\d.,]*$"
_EITHER = r"^[-+]?[1-9]\d{0,2},\d{3}$"  # 1,234 is 1.234 or 1234
_REASONS: dict[ForeignForm, str] = {
    "decimal_comma": "nearly all numbers of the column have a decimal point, and these fit among them only so",
    "grouped": "nearly all numbers of the column have no mark between groups of digits, and these fit among them so",
    "zero_fraction": "nearly all numbers of the column are written without a fraction, and that of these is zero",
}


@dataclass(frozen=True)
class _Numbers:
    """The numbers of a column by their form."""

    column: CodedColumn

    @cached_property
    def whole(self) -> Mask:
        return matching(self.column, _WHOLE)

    @cached_property
    def fraction(self) -> Mask:
        return matching(self.column, _FRACTION)

    @cached_property
    def comma(self) -> Mask:
        return matching(self.column, _COMMA)

    def prevails(self, values: Mask) -> bool:
        """Say whether some values are the convention of the column."""
        return is_convention(cells(self.column, values), self.stated)

    @cached_property
    def stated(self) -> int:
        return stated(self.column)

    def form(self, form: ForeignForm) -> Mask:
        """Say which values have a foreign form."""
        return matching(self.column, FOREIGN[form])

    def sizes(self, values: Mask, *, without: str = "", point: str = ".") -> NDArray[np.float64]:
        """Read values, with a mark taken out and another one as the decimal mark."""
        texts = self.column.values.filter(pa.array(values))
        if without:
            texts = pc.replace_substring(texts, without, "")
        if point != ".":
            texts = pc.replace_substring(texts, point, ".")
        numbers: NDArray[np.float64] = pc.cast(texts, pa.float64()).to_numpy(zero_copy_only=False)
        return numbers

    def inside(self, sizes: NDArray[np.float64], values: Mask) -> Mask:
        """Say which numbers lie between the least and the greatest of the values that need no reading."""
        known = self.sizes(values)
        found: Mask = (sizes >= known.min()) & (sizes <= known.max())
        return found

    def scales(self, values: Mask, mark: str) -> NDArray[np.int64]:
        """Return how many digits stand behind a mark."""
        texts = self.column.values.filter(pa.array(values))
        behind = pc.subtract(pc.subtract(pc.utf8_length(texts), pc.find_substring(texts, mark)), 1)
        return np.asarray(behind.to_numpy(zero_copy_only=False), np.int64)


def propose(evidence: Evidence) -> Iterable[Proposal]:
    """Propose plain numbers for cells in a foreign form, where the rest of the column leaves one reading.

    Fractions of zeros go only where whole numbers are the convention. A comma is a decimal mark only in a column of
    fractions, with as many digits behind it as they have; it stands between groups only in a column of whole numbers,
    or beside a point; and all numbers so read must lie among the others. Where 1,234 fits both ways, it stays.
    """
    for name, column in evidence.coded.columns.items():
        if name in evidence.keys:
            continue
        numbers = _Numbers(column)
        for form in _foreign(numbers):
            found = numbers.form(form)
            figures = {"cells": cells(column, found), "rows": int(column.counts.sum())}
            yield Proposal(NumberAs(columns=(name,), foreign=form), _REASONS[form], figures)


def _foreign(numbers: _Numbers) -> Iterable[ForeignForm]:
    """Tell which forms do not belong into a column."""
    if numbers.prevails(numbers.whole):
        if numbers.form("zero_fraction").any():
            yield "zero_fraction"
        if numbers.comma.any() and _grouped(numbers, numbers.whole):
            yield "grouped"
    elif numbers.prevails(numbers.fraction) and numbers.comma.any():
        if not (numbers.comma & matching(numbers.column, _EITHER)).any() and _grouped(numbers, numbers.fraction):
            yield "grouped"
        elif _decimal(numbers):
            yield "decimal_comma"


def _grouped(numbers: _Numbers, known: Mask) -> bool:
    """Say whether all commas of a column stand between groups of digits."""
    found = numbers.form("grouped")
    if not np.array_equal(found, numbers.comma):
        return False
    return bool(numbers.inside(numbers.sizes(found, without=","), known).all())


def _decimal(numbers: _Numbers) -> bool:
    """Say whether all commas of a column are decimal marks."""
    found = numbers.form("decimal_comma")
    if not np.array_equal(found, numbers.comma):
        return False
    customary = np.unique(numbers.scales(numbers.fraction, "."))
    if not np.isin(numbers.scales(found, ","), customary).all():
        return False
    if not numbers.inside(numbers.sizes(found, point=","), numbers.fraction).all():
        return False
    either = found & matching(numbers.column, _EITHER)
    as_groups = numbers.inside(numbers.sizes(either, without=","), numbers.fraction)
    return customary.tolist() == [3] or not as_groups.any()
