"""Conditions on rows: rows are left out of the load, or put into quarantine, by what their cells say."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Literal, Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pydantic import BeforeValidator, Field, model_validator

from etl_agent.batch import Mask, as_mask
from etl_agent.clean.step import Effect, SiftStep
from etl_agent.clean.values import UNKNOWN, Bound, CellText, compare
from etl_agent.frozen import Frozen, Name
from etl_agent.rejects import Finding, Reason

__all__ = ["Condition", "Conditions", "Filter", "QuarantineWhere"]


class Condition(Frozen):
    """Say something about the cell of a column; where several things are said, all of them must hold.

    A null cell meets only ``null: true``. A cell that cannot be compared (text with ``gt: 5``) neither meets the
    condition nor fails it.
    """

    column: Name
    """The column that is looked at."""
    is_: CellText | None = Field(default=None, alias="is")
    """The cell is exactly this."""
    in_: tuple[CellText, ...] | None = Field(default=None, alias="in")
    """The cell is one of these."""
    not_in: tuple[CellText, ...] | None = None
    """The cell is none of these."""
    matches: str | None = None
    """The whole cell matches this regular expression (RE2 syntax)."""
    null: bool | None = None
    """The cell is null (true), or it is not (false)."""
    gt: Bound | None = None
    """The cell is a number or time greater than this."""
    ge: Bound | None = None
    """The cell is a number or time greater than this, or equal."""
    lt: Bound | None = None
    """The cell is a number or time less than this."""
    le: Bound | None = None
    """The cell is a number or time less than this, or equal."""

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not self._said():
            raise ValueError("a condition needs one of: is, in, not_in, matches, null, gt, ge, lt, le")
        if self.matches is not None:
            try:
                pc.match_substring_regex(pa.nulls(1, pa.string()), _whole(self.matches))
            except pa.ArrowInvalid as error:
                raise ValueError(f"matches is no regular expression in RE2 syntax: {error}") from error
        return self

    def _said(self) -> dict[str, Any]:
        return self.model_dump(exclude={"column"}, exclude_none=True, by_alias=True)

    def __str__(self) -> str:
        """Write the condition as it stands in a pipeline file."""
        return ", ".join(f"{name}: {_written(value)}" for name, value in self._said().items())

    def judge(self, column: pa.Array) -> tuple[Mask, Mask]:
        """Tell where the condition holds, and where it surely does not."""
        holds, fails = np.ones(len(column), np.bool_), np.zeros(len(column), np.bool_)
        for met, unknown in self._parts(column):
            holds &= met
            fails |= ~met & ~unknown
        return holds, fails

    def _parts(self, column: pa.Array) -> list[tuple[Mask, Mask]]:
        """Judge each thing that is said: where it holds, and where that cannot be told."""
        valid = as_mask(pc.is_valid(column))
        clear = np.zeros(len(column), np.bool_)
        parts: list[tuple[Mask, Mask]] = []
        if self.null is not None:
            parts.append((valid != self.null, clear))
        if self.is_ is not None:
            parts.append((as_mask(pc.equal(column, self.is_)), clear))
        if self.in_ is not None:
            parts.append((_among(column, self.in_), clear))
        if self.not_in is not None:
            parts.append((valid & ~_among(column, self.not_in), clear))
        if self.matches is not None:
            parts.append((as_mask(pc.match_substring_regex(column, _whole(self.matches))), clear))
        for bound, signs in ((self.gt, (1,)), (self.ge, (0, 1)), (self.lt, (-1,)), (self.le, (-1, 0))):
            if bound is not None:
                sign = compare(column, bound)
                parts.append((np.isin(sign, signs), valid & (sign == UNKNOWN)))
        return parts


def _written(value: Any) -> str:
    if isinstance(value, tuple):
        return f"[{', '.join(value)}]"
    return str(value).lower() if isinstance(value, bool) else str(value)


def _whole(pattern: str) -> str:
    return rf"\A(?:{pattern})\z"


def _among(column: pa.Array, words: Sequence[str]) -> Mask:
    return as_mask(pc.is_in(column, value_set=pa.array(words, pa.string())))


Conditions = Annotated[
    tuple[Condition, ...],
    Field(min_length=1),
    BeforeValidator(lambda value: (value,) if isinstance(value, dict | Condition) else value),
]
"""A condition, or a list of conditions that must all hold."""


def _judge(conditions: Sequence[Condition], data: pa.RecordBatch) -> tuple[Mask, Mask]:
    """Tell where all conditions hold, and where any of them surely does not."""
    holds, fails = np.ones(len(data), np.bool_), np.zeros(len(data), np.bool_)
    for condition in conditions:
        met, failed = condition.judge(data.column(condition.column))
        holds &= met
        fails |= failed
    return holds, fails


def _columns(conditions: Sequence[Condition]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(condition.column for condition in conditions))


def _reason(conditions: Sequence[Condition], word: str) -> Reason:
    """Name the column where there is one, and the conditions as they were written."""
    columns = _columns(conditions)
    if len(columns) == 1:
        return Reason("row-constraint", columns[0], f"{word} {', '.join(map(str, conditions))}")
    return Reason("row-constraint", None, f"{word} " + ", ".join(f"{c.column} {c}" for c in conditions))


class Filter(SiftStep):
    """Leave rows out of the load: those that do not meet the conditions (keep), or those that do (drop).

    | with | before | after |
    |---|---|---|
    | {"keep": {"column": "x", "in": ["paid", "sent"]}} | ["paid", "test", null] | ["paid"] |
    | {"drop": {"column": "x", "lt": 0}} | ["-1", "5", "n/a", null] | ["5", "n/a", null] |
    | {"keep": [{"column": "x", "ge": "2025-01-01", "lt": "2026-01-01"}]} | ["2025-04-03", "2026-01-01", "?"] | ["2025-04-03", "?"] |
    """  # noqa: E501  a row of a table is one line

    step: Literal["filter"] = "filter"
    keep: Conditions | None = None
    """Rows that meet these stay; a row whose cell cannot be compared stays too, for the contract to judge."""
    drop: Conditions | None = None
    """Rows that meet these are left out."""

    @model_validator(mode="after")
    def _one_of_two(self) -> Self:
        if (self.keep is None) == (self.drop is None):
            raise ValueError("a filter needs either keep or drop")
        return self

    @property
    def effect(self) -> Effect:
        """Leave the rows out, by the user's word."""
        return "filter"

    def reads(self, names: Sequence[str]) -> tuple[str, ...]:  # noqa: ARG002  its conditions name them
        """Name the columns of the conditions."""
        return _columns(self.keep or self.drop or ())

    def find(self, data: pa.RecordBatch) -> tuple[Finding, ...]:
        """Find the rows to leave out."""
        if self.keep is not None:
            return (Finding(_reason(self.keep, "keep"), _judge(self.keep, data)[1]),)
        conditions = self.drop or ()
        return (Finding(_reason(conditions, "drop"), _judge(conditions, data)[0]),)


class QuarantineWhere(SiftStep):
    """Put the rows that meet all conditions into quarantine.

    | with | before | after |
    |---|---|---|
    | {"where": {"column": "x", "matches": "TEST-.*"}} | ["TEST-1", "A-1", null] | ["A-1", null] |
    """

    step: Literal["quarantine_where"] = "quarantine_where"
    where: Conditions
    """Rows that meet all of these go into quarantine."""

    @property
    def effect(self) -> Effect:
        """Put the rows into quarantine."""
        return "quarantine"

    def reads(self, names: Sequence[str]) -> tuple[str, ...]:  # noqa: ARG002  its conditions name them
        """Name the columns of the conditions."""
        return _columns(self.where)

    def find(self, data: pa.RecordBatch) -> tuple[Finding, ...]:
        """Find the rows that meet the conditions."""
        return (Finding(_reason(self.where, "where"), _judge(self.where, data)[0]),)
