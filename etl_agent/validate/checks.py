"""Asking a check which rows fail it: by a kernel where there is one, else by the pandera check itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from etl_agent.batch import Mask, as_mask
from etl_agent.errors import ConfigurationError
from etl_agent.rejects import Reason
from etl_agent.validate.dtypes import Storage, series
from etl_agent.validate.kernels import Kernel, built_in, kernel
from etl_agent.validate.spec import Compare, Operator

if TYPE_CHECKING:
    import pandas as pd
    from pandera.api.checks import Check

__all__ = ["ColumnCheck", "PairCheck", "RowCheck", "column_check", "pair_check", "row_check"]


@dataclass(frozen=True, slots=True)
class ColumnCheck:
    """A check that sees one column.

    Args:
        reason: what is said of a row that fails.
        check: the pandera check.
        storage: how the column is shown to it.
        kernel: the Arrow kernel with the same answer, or None.
    """

    reason: Reason
    check: Check
    storage: Storage
    kernel: Kernel | None

    def failing(self, values: pa.Array, *, misfit: Mask | None) -> Mask:
        """Find the rows that fail; null passes unless the check asks to see nulls.

        Args:
            values: the typed column.
            misfit: cells that had no value of the type, which no check sees; None if there are none.
        """
        if self.kernel is not None:
            good = self.kernel(values)
            failed = ~as_mask(good)
            return failed & as_mask(values.is_valid()) if values.null_count else failed
        shown = np.ones(len(values), np.bool_) if misfit is None else ~misfit
        if self.check.ignore_na or not self.storage.holds_null:
            shown &= as_mask(values.is_valid())
        rows = np.flatnonzero(shown)
        if not len(rows):
            return np.zeros(len(values), np.bool_)
        column = series(values.filter(pa.array(shown)), storage=self.storage, index=rows)
        return _ask(self.check, column, key=None, rows=len(values), reason=self.reason)


@dataclass(frozen=True, slots=True)
class RowCheck:
    """A check that sees whole rows: one of the schema itself, or one of a column that groups by others.

    Args:
        reason: what is said of a row that fails.
        check: the pandera check.
        key: the column whose check it is, or None.
    """

    reason: Reason
    check: Check
    key: str | None = None

    def failing(self, frame: pd.DataFrame, *, rows: int) -> Mask:
        """Find the rows that fail.

        Args:
            frame: complete rows; its index has their places in the batch.
            rows: the rows of the batch.
        """
        return _ask(self.check, frame, key=self.key, rows=rows, reason=self.reason)


@dataclass(frozen=True, slots=True)
class PairCheck:
    """A check between two columns, which needs no more of a row than those.

    Args:
        reason: what is said of a row that fails.
        left: the column on the left.
        function: the Arrow kernel that compares.
        right: the column on the right.
    """

    reason: Reason
    left: str
    function: str
    right: str

    def failing(self, left: pa.Array, right: pa.Array) -> Mask:
        """Find the rows that fail; null on either side passes."""
        return as_mask(pc.invert(pc.call_function(self.function, [left, right])))


def column_check(check: Check, *, column: str, storage: Storage) -> ColumnCheck:
    """Take up a check of a column."""
    reason = Reason("constraint-error", column, _said(check))
    fast = kernel(check, arrow=storage.type.arrow) if storage.arrow_backed else None
    return ColumnCheck(reason, check, storage, fast)


def row_check(check: Check, *, column: str | None = None) -> RowCheck:
    """Take up a check of rows, or a column's check that groups by other columns."""
    reason = Reason("row-constraint" if column is None else "constraint-error", column, _said(check))
    return RowCheck(reason, check, column)


def pair_check(compare: Compare) -> PairCheck:
    """Take up a check between two columns."""
    operator, other = compare.relation
    reason = Reason("row-constraint", None, f"{compare.column} {operator} {other}")
    return PairCheck(reason, compare.column, _FUNCTIONS[operator], other)


_FUNCTIONS: Mapping[Operator, str] = {
    "gt": "greater",
    "ge": "greater_equal",
    "lt": "less",
    "le": "less_equal",
    "eq": "equal",
    "ne": "not_equal",
}


def _said(check: Check) -> str:
    return str(check.error or check.name or "check")


def _ask(check: Check, asked: Any, *, key: str | None, rows: int, reason: Reason) -> Mask:
    """Put the question to pandera and bring the answer, which leaves out nulls, back to the rows of the batch."""
    try:
        answer = _answer(check, asked, key)
    except Exception as error:
        raise ConfigurationError(
            f"the check {reason.check!r} fails on its own: {type(error).__name__}: {error}", where=_where(reason)
        ) from error
    failed = np.zeros(rows, np.bool_)
    if not hasattr(answer, "index"):
        return failed  # one answer for the whole batch: the certification asks again, on the good rows
    good = answer.fillna(value=True).astype(bool).to_numpy()
    if good.ndim > 1:
        good = good.all(axis=1)
    if good.all():
        return failed
    places = answer.index.to_numpy()[~good]
    if not answer.index.isin(asked.index).all():
        raise ConfigurationError(
            f"the check {reason.check!r} answers about rows that it was not asked about",
            where=_where(reason),
            choices=("one truth value for each row, with the index that it was given",),
        )
    failed[places] = True
    return failed


def _answer(check: Check, asked: Any, key: str | None) -> Any:
    """Do what calling the check does, without collecting the failing values, which costs more than the check."""
    backend_class = check.get_backend(asked)
    if name := built_in(check):
        check._check_fn = check.get_builtin_check_fn(name)  # a schema copies its checks before the backends exist
    backend: Any = backend_class(check)
    return backend.apply(backend.preprocess(asked, key))


def _where(reason: Reason) -> str:
    return "validate.contract" if reason.column is None else f"validate.contract: column {reason.column!r}"
