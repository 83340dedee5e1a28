"""The contract at work: text columns in, typed rows that keep every promise out, and all reasons of the others."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from etl_agent.batch import Batch, Mask, as_mask
from etl_agent.errors import ConfigurationError, DataRefused, Drifted, EtlAgentError, Unfit
from etl_agent.rejects import Finding, Reason, Verdict, judge
from etl_agent.shape import Shape
from etl_agent.validate.casts import cast
from etl_agent.validate.checks import PairCheck, RowCheck
from etl_agent.validate.compiled import CompiledColumn
from etl_agent.validate.dtypes import outside, series
from etl_agent.validate.kernels import built_in
from etl_agent.validate.spec import DriftMode
from etl_agent.validate.times import Misfit

if TYPE_CHECKING:
    import pandas as pd
    import pandera.pandas as pandera

__all__ = ["Contract", "Discarded", "Judged", "TypesDrifted"]

_CERTIFIED_ROWS = 10_000  # rows of a batch that pandera certifies where our kernels are proven to judge as it does
_CERTIFIED_EVERY = 1 << 19  # rows of the dataset from one such batch to the next


@dataclass(frozen=True, slots=True)
class Discarded:
    """Values of kept rows that did not fit their type and became null by the user's word.

    Args:
        column: the column.
        before: the text that was discarded, one entry a cell.
    """

    column: str
    before: pa.StringArray


@dataclass(frozen=True, slots=True)
class Judged(Verdict):
    """A verdict, and the values that were discarded on the way.

    Args:
        discarded: one entry for each column that lost any; each cell is a change for the ledger.
    """

    discarded: tuple[Discarded, ...] = ()


class TypesDrifted(Drifted):
    """Values do not fit their types and the pipeline says ``drift: {types: freeze}``.

    Args:
        verdict: the batch as judged, so that its rejects are recorded all the same.
    """

    def __init__(
        self, what: str, *, verdict: Judged, where: str | None = None, next_command: str | None = None
    ) -> None:
        counts = [(reason, rows) for rejects in verdict.rejects for reason, rows in rejects.counts.items()]
        unfit = [Unfit(reason.column, "type", rows=rows) for reason, rows in counts if reason.column is not None]
        super().__init__(what, where=where, next_command=next_command, unfit=unfit)
        self.verdict = verdict


@dataclass(frozen=True, slots=True)
class Contract:
    """What rows must fulfil; made by ``compile_contract``.

    Args:
        shape: the columns that a kept batch has, in order.
        schema: the pandera schema as its writer sees it, with uniqueness; None without a contract.
        unique: columns whose values together stand in one row of the dataset only. ``judge`` sees a batch and
            leaves this to who sees the whole dataset.
        sensitive: columns whose values must never leave the machine.
        required: columns that the files and steps must bring.
    """

    shape: Shape
    schema: pandera.DataFrameSchema | None
    unique: tuple[tuple[str, ...], ...]
    sensitive: frozenset[str]
    required: tuple[str, ...]
    _columns: tuple[CompiledColumn, ...]
    _pair_checks: tuple[PairCheck, ...]
    _row_checks: tuple[RowCheck, ...]
    _certifier: pandera.DataFrameSchema | None
    _certify_all: bool
    _types: DriftMode

    def judge(self, batch: Batch) -> Judged:
        """Cast each column to its type, judge every check of every row, and certify good rows with pandera.

        A schema of the user's own certifies every good row. A contract that is written in the pipeline file has
        pandera's built-in checks alone, for which our kernels are proven to give pandera's answers: there a sample
        of the first batch is certified, and of one in every half million rows.

        Args:
            batch: text columns; those that the contract does not know are left behind.

        Returns:
            The good rows, of exactly the types of ``shape.arrow()``; the others with all their reasons.

        Raises:
            TypesDrifted: a value does not fit its type, and that refuses the run.
            DataRefused: a check that gives one answer for all rows says no.
            ConfigurationError: a check of the user's fails on its own, or depends on which other rows stand by.
        """
        columns = [_read(column, batch.data, discard=self._types == "discard_value") for column in self._columns]
        findings = [finding for column in columns for finding in column.findings()]
        findings += self._pair_findings(columns)
        findings += self._row_findings(columns, rows=len(batch))
        data = pa.RecordBatch.from_arrays([column.values for column in columns], schema=self.shape.arrow())
        verdict = judge(batch.with_data(data), findings, stage="validate")
        judged = Judged(verdict.kept, verdict.rejects, _discarded(columns, findings))
        if self._types == "freeze":
            _refuse_misfits(judged)
        if self._certifier is not None and len(judged.kept):
            if self._certify_all:
                self._certify(judged.kept.data)
            elif _is_due(batch):
                self._certify(_spread(judged.kept.data))
        return judged

    def typed(self, data: pa.RecordBatch, *, names: Sequence[str]) -> list[pa.Array]:
        """Cast some columns and judge nothing: null where a cell is null or does not fit its type."""
        mine = {column.name: column for column in self._columns}
        return [_read(mine[name], data, discard=False).values for name in names]

    def _pair_findings(self, columns: Sequence[_Read]) -> Iterator[Finding]:
        values = {column.column.name: column.values for column in columns}
        for check in self._pair_checks:
            yield Finding(check.reason, check.failing(values[check.left], values[check.right]))

    def _row_findings(self, columns: Sequence[_Read], *, rows: int) -> Iterator[Finding]:
        """Judge the checks that need several columns, on the rows that have all their values."""
        if not self._row_checks:
            return
        whole = np.ones(rows, np.bool_)
        for column in columns:
            whole &= ~column.without_value()
        if not whole.any():
            return
        kept = pa.array(whole)
        frame = self._frame([column.values.filter(kept) for column in columns], index=np.flatnonzero(whole))
        for check in self._row_checks:
            yield Finding(check.reason, check.failing(frame, rows=rows))

    def _frame(self, arrays: Sequence[pa.Array], *, index: Any = None) -> pd.DataFrame:
        import pandas as pd

        columns = {
            column.name: series(values, storage=column.storage, index=index)
            for column, values in zip(self._columns, arrays, strict=True)
        }
        return pd.DataFrame(columns, index=index, copy=False)

    def _certify(self, data: pa.RecordBatch) -> None:
        """Let pandera itself validate the good rows: what it refuses, we judged wrongly.

        No setting of the process (``PANDERA_VALIDATION_ENABLED``, ``PANDERA_VALIDATION_DEPTH``) switches that off.
        """
        import pandera.errors
        from pandera.config import ValidationDepth, config_context

        frame = self._frame(data.columns)
        try:
            assert self._certifier is not None  # noqa: S101  the caller asked
            with config_context(validation_enabled=True, validation_depth=ValidationDepth.SCHEMA_AND_DATA):
                self._certifier.validate(frame, inplace=True)
        except pandera.errors.SchemaError as error:
            raise self._disagreement(error) from error

    def _disagreement(self, error: Any) -> EtlAgentError:
        check = getattr(error.check, "error", None) or getattr(error.check, "name", None) or str(error.check)
        name = getattr(error.schema, "name", None)
        where = "validate.contract" if name is None else f"validate.contract: column {name!r}"
        if isinstance(error.check_output, bool | np.bool_):
            return DataRefused(f"the check {check!r}, which judges all rows at once, says no", where=where)
        if hasattr(error.check, "_check_fn") and built_in(error.check) is None:
            return ConfigurationError(
                f"the check {check!r} answers differently when other rows stand beside a row, so it cannot judge "
                "rows as they stream by",
                where=where,
                choices=("a check whose answer for a row depends on that row alone",),
            )
        return EtlAgentError(
            f"pandera refuses a row that passed our judgement ({check}); nothing was loaded, please report this bug",
            where=where,
        )


@dataclass(frozen=True, slots=True)
class _Read:
    """A column of a batch after its cast: values, and cells without one."""

    column: CompiledColumn
    text: pa.Array | None
    values: pa.Array
    misfits: tuple[Misfit, ...]
    discarded: Mask | None

    def misfit(self) -> Mask | None:
        """The cells that had no value of the type, in whatever way."""
        masks = [misfit.cells for misfit in self.misfits]
        if self.discarded is not None:
            masks.append(self.discarded)
        return np.logical_or.reduce(masks) if masks else None

    def absent(self) -> Mask | None:
        """The cells that are null where none may be."""
        if self.column.nullable or not self.values.null_count:
            return None
        missing = as_mask(self.values.is_null())
        misfit = self.misfit()
        return missing if misfit is None else missing & ~misfit

    def without_value(self) -> Mask:
        """The cells that a check on whole rows cannot use."""
        rows = np.zeros(len(self.values), np.bool_)
        for mask in (*(misfit.cells for misfit in self.misfits), self.absent()):
            if mask is not None:
                rows |= mask
        return rows

    def findings(self) -> Iterator[Finding]:
        """Say what is wrong, in the order of the contract: the type, the null, each check."""
        name = self.column.name
        for misfit in self.misfits:
            yield Finding(Reason("type-error", name, misfit.check), misfit.cells)
        absent = self.absent()
        if absent is not None:
            yield Finding(Reason("required-value", name), absent)
        valueless = self.misfit()
        for check in self.column.checks:
            yield Finding(check.reason, check.failing(self.values, misfit=valueless))


def _read(column: CompiledColumn, data: pa.RecordBatch, *, discard: bool) -> _Read:
    place = data.schema.get_field_index(column.name)
    if place < 0:
        if column.required:
            raise EtlAgentError(f"the column {column.name!r} did not reach the contract", where="validate.contract")
        return _Read(column, None, pa.nulls(data.num_rows, column.type.arrow), (), None)
    text = data.column(place)
    read = cast(text, to=column.type, timezone=column.storage.timezone)
    values, misfits = read.values, read.misfits
    if column.storage.limits is not None:
        narrow = outside(values, limits=column.storage.limits)
        if (cells := as_mask(narrow)).any():
            values = pc.if_else(pc.fill_null(narrow, fill_value=False), None, values)
            misfits = (*misfits, Misfit(column.storage.name, cells))
    if discard and column.nullable and misfits:
        return _Read(column, text, values, (), np.logical_or.reduce([misfit.cells for misfit in misfits]))
    return _Read(column, text, values, misfits, None)


def _discarded(columns: Sequence[_Read], findings: Sequence[Finding]) -> tuple[Discarded, ...]:
    """Collect what kept rows lost; a rejected row loses nothing, for its raw line is kept."""
    losing = [column for column in columns if column.discarded is not None and column.text is not None]
    if not losing:
        return ()
    kept = ~np.logical_or.reduce([np.zeros(len(losing[0].values), np.bool_), *(finding.failed for finding in findings)])
    lost = [(column, pa.array(column.discarded & kept)) for column in losing if column.discarded is not None]
    return tuple(
        Discarded(column.column.name, column.text.filter(cells))
        for column, cells in lost
        if column.text is not None and cells.true_count
    )


def _is_due(batch: Batch) -> bool:
    """Tell whether a batch is the first of a dataset, or of its next half million rows; the same in every run."""
    first, last = int(batch.origin.row[0]), int(batch.origin.row[-1])
    return last // _CERTIFIED_EVERY != (first - 1) // _CERTIFIED_EVERY


def _spread(data: pa.RecordBatch) -> pa.RecordBatch:
    """Return rows spread over a batch: all of a small one, every n-th of a large one."""
    step = -(-data.num_rows // _CERTIFIED_ROWS)
    return data if step <= 1 else data.take(pa.array(np.arange(0, data.num_rows, step)))


def _refuse_misfits(judged: Judged) -> None:
    counts = {
        reason: rows
        for rejects in judged.rejects
        for reason, rows in rejects.counts.items()
        if reason.code == "type-error"
    }
    if not counts:
        return
    rejects = judged.rejects[0]
    told = ", ".join(f"{reason.column} ({reason.check}): {rows} rows" for reason, rows in counts.items())
    origin = rejects.origin
    raise TypesDrifted(
        f"values do not fit their types, and the contract is frozen: {told}",
        verdict=judged,
        where=f"{origin.files[int(origin.file[0])]}:{int(origin.line[0])}",
        next_command="correct the file, or set validate.drift.types to quarantine or evolve",
    )
