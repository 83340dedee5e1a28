"""Ranges and outliers: numbers outside their bounds are clipped, flagged or put into quarantine."""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Decimal
from typing import Annotated, Any, ClassVar, Literal, Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pydantic import AfterValidator, Field, model_validator

from etl_agent.batch import Mask
from etl_agent.clean.columns import added
from etl_agent.clean.distribution import Spread, combined_spreads, median_distance, moments, quantile, rounded, spread
from etl_agent.clean.step import Change, Columns, Effect, FittedStep, RowStep, SiftStep, chosen, replaced
from etl_agent.clean.values import NUMBER, UNKNOWN, Bound, compare
from etl_agent.frozen import Name
from etl_agent.rejects import Finding, Reason

__all__ = ["Clip", "FlagOutliers", "QuarantineRange"]


def _number(text: str) -> str:
    if not re.match(NUMBER, text):
        raise ValueError(f"{text!r} is no number like 12.50")
    return text


NumberText = Annotated[Bound, AfterValidator(_number)]


def _outside(column: pa.Array, *, low: str | None, high: str | None) -> tuple[Mask, Mask]:
    """Tell which cells are below the lower bound, and which above the upper one."""
    below = compare(column, low) == -1 if low is not None else np.zeros(len(column), np.bool_)
    above = compare(column, high) == 1 if high is not None else np.zeros(len(column), np.bool_)
    return below, above


def _check_bounds(low: str | None, high: str | None) -> None:
    if low is None and high is None:
        raise ValueError("give a smallest value (min), a largest one (max), or both")
    if low is not None and high is not None and Decimal(low) > Decimal(high):
        raise ValueError(f"min {low} is greater than max {high}")


class Clip(RowStep):
    """Put numbers below the smallest value up to it, and those above the largest down to it.

    | with | before | after |
    |---|---|---|
    | {"columns": ["x"], "min": 0, "max": 100} | ["-5", "50.0", "100.01", "n/a", null] | ["0", "50.0", "100", "n/a", null] |
    """  # noqa: E501  a row of a table is one line

    step: Literal["clip"] = "clip"
    columns: Columns
    """The columns to clip."""
    min_: NumberText | None = Field(default=None, alias="min")
    """The smallest value, or none."""
    max_: NumberText | None = Field(default=None, alias="max")
    """The largest value, or none."""

    change: ClassVar[Change] = "value"

    @model_validator(mode="after")
    def _some_bound(self) -> Self:
        _check_bounds(self.min_, self.max_)
        return self

    def reads(self, names: Sequence[str]) -> tuple[str, ...]:
        """Name the chosen columns."""
        return chosen(self.columns, names)

    def apply(self, data: pa.RecordBatch) -> pa.RecordBatch:
        """Write the bound where a number is outside."""
        for name in self.reads(data.schema.names):
            column = data.column(name)
            below, above = _outside(column, low=self.min_, high=self.max_)
            for mask, bound in ((below, self.min_), (above, self.max_)):
                if mask.any():
                    column = pc.if_else(pa.array(mask), pa.scalar(bound, pa.string()), column)
            data = replaced(data, name, column)
        return data


class QuarantineRange(SiftStep):
    """Put rows into quarantine whose numbers are outside the bounds; cells that are no number stay for the contract.

    | with | before | after |
    |---|---|---|
    | {"columns": ["x"], "min": 0, "max": 100} | ["-5", "0", "100.01", "n/a", null] | ["0", "n/a", null] |
    """

    step: Literal["quarantine_range"] = "quarantine_range"
    columns: Columns
    """The columns to look at."""
    min_: NumberText | None = Field(default=None, alias="min")
    """The smallest good value, or none."""
    max_: NumberText | None = Field(default=None, alias="max")
    """The largest good value, or none."""

    @model_validator(mode="after")
    def _some_bound(self) -> Self:
        _check_bounds(self.min_, self.max_)
        return self

    @property
    def effect(self) -> Effect:
        """Put the rows into quarantine."""
        return "quarantine"

    def reads(self, names: Sequence[str]) -> tuple[str, ...]:
        """Name the chosen columns."""
        return chosen(self.columns, names)

    def find(self, data: pa.RecordBatch) -> tuple[Finding, ...]:
        """Find the numbers that are outside, one finding a column and bound."""
        findings = []
        for name in self.reads(data.schema.names):
            below, above = _outside(data.column(name), low=self.min_, high=self.max_)
            for word, bound, mask in (("min", self.min_, below), ("max", self.max_, above)):
                if bound is not None:
                    findings.append(Finding(Reason("constraint-error", name, f"{word}: {bound}"), mask))
        return tuple(findings)


class FlagOutliers(FittedStep):
    """Add a column that says whether a number is far from the others; nothing else is touched.

    ``iqr``: outside the quartiles by more than ``factor`` times their distance. ``mad``: farther from the median than
    ``factor`` times 1.4826 median distances. ``zscore``: farther from the mean than ``factor`` standard deviations.
    Where most numbers are the same and there is no spread, nothing is flagged. To take the rows out, use
    ``quarantine_where`` on the new column.

    | with | before | after |
    |---|---|---|
    | {"column": "x", "into": "odd"} | {"x": ["1", "2", "3", "4", "99", "n/a", null]} | {"x": ["1", "2", "3", "4", "99", "n/a", null], "odd": ["false", "false", "false", "false", "true", null, null]} |
    | {"column": "x", "into": "odd", "low": 0, "high": 10} | {"x": ["-1", "10"]} | {"x": ["-1", "10"], "odd": ["true", "false"]} |

    Source: J. W. Tukey, Exploratory Data Analysis (1977); B. Iglewicz and D. Hoaglin, How to Detect and Handle
    Outliers (1993).
    """  # noqa: E501  a row of a table is one line

    step: Literal["flag_outliers"] = "flag_outliers"
    column: Name
    """The column of numbers."""
    into: Name
    """The column to add, true or false; null where the cell is no number."""
    by: Literal["iqr", "mad", "zscore"] = "iqr"
    """The rule that the bounds come from."""
    factor: Annotated[float, Field(gt=0)] | None = None
    """How far is too far: 1.5 for iqr, 3.5 for mad and 3 for zscore unless given."""
    low: NumberText | None = None
    """The smallest number that is none; with ``high`` it takes the place of the rule. Written by a lock."""
    high: NumberText | None = None
    """The largest number that is none."""
    learned: bool = False
    """Whether the bounds were learned; written by a lock."""

    change: ClassVar[Change] = "columns"

    def reads(self, names: Sequence[str]) -> tuple[str, ...]:  # noqa: ARG002  it is named
        """Name the column of numbers."""
        return (self.column,)

    def writes(self, names: Sequence[str]) -> tuple[str, ...]:  # noqa: ARG002  it is named
        """Name the new column."""
        return (self.into,)

    def names_after(self, names: Sequence[str]) -> tuple[str, ...]:
        """Add the new column at the end."""
        return added(names, (self.into,), step=self.step)

    def forgotten(self) -> Self:
        """Return the step without the bounds that it learned."""
        return self.model_copy(update={"low": None, "high": None, "learned": False}) if self.learned else self

    @property
    def fitted(self) -> bool:
        """Whether the bounds are learned or declared."""
        return self.learned or self.low is not None or self.high is not None

    def observe(self, data: pa.RecordBatch) -> Spread:
        """Summarise the numbers."""
        return spread(data.column(self.column))

    def combine(self, left: Any, right: Any) -> Spread:
        """Merge the summaries."""
        return combined_spreads(left, right)

    def fit(self, summary: Any) -> Self:
        """Turn the rule into bounds; without numbers or spread there are none."""
        centre, width = {"iqr": _quartiles, "mad": _median, "zscore": _mean}[self.by](summary)
        if centre is None or not width:
            return self.model_copy(update={"learned": True})
        low, high = centre
        reach = width * Decimal(repr(self.factor if self.factor is not None else _FACTORS[self.by]))
        return self.model_copy(update={"low": rounded(low - reach), "high": rounded(high + reach), "learned": True})

    def apply(self, data: pa.RecordBatch) -> pa.RecordBatch:
        """Compare each number with the bounds."""
        self.names_after(data.schema.names)
        column = data.column(self.column)
        below, above = _outside(column, low=self.low, high=self.high)
        flags = pc.if_else(pa.array(below | above), "true", "false")
        number = pa.array(compare(column, "0") != UNKNOWN)
        return replaced(data, self.into, pc.if_else(number, flags, pa.scalar(None, pa.string())))


_FACTORS = {"iqr": 1.5, "mad": 3.5, "zscore": 3.0}
_Bounds = tuple[tuple[Decimal, Decimal] | None, Decimal | None]


def _quartiles(summary: Spread) -> _Bounds:
    low, high = quantile(summary, share=0.25), quantile(summary, share=0.75)
    return ((low, high), high - low) if low is not None and high is not None else (None, None)


def _median(summary: Spread) -> _Bounds:
    middle = quantile(summary, share=0.5)
    if middle is None:
        return None, None
    distance = median_distance(summary, centre=middle)
    return (middle, middle), distance * Decimal("1.4826") if distance is not None else None


def _mean(summary: Spread) -> _Bounds:
    found = moments(summary)
    return ((found[0], found[0]), found[1]) if found is not None else (None, None)
