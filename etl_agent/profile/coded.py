"""A table as codes: every distinct value of a column once, and a number for each cell."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

__all__ = ["CodedColumn", "CodedTable", "Codes"]

Codes = NDArray[np.int64]

_NULL = -1


@dataclass(frozen=True)
class CodedColumn:
    """The cells of a column as places in the list of its distinct values.

    Args:
        values: the distinct values that are not null, in the order of their bytes, so that the same cells give the
            same codes whatever their order.
        codes: for each cell the place of its value; -1 for a null.
    """

    values: pa.StringArray
    codes: Codes

    @cached_property
    def counts(self) -> Codes:
        """Rows of each value."""
        return np.bincount(self.codes[self.codes >= 0], minlength=len(self.values)).astype(np.int64)

    @cached_property
    def texts(self) -> tuple[str, ...]:
        """The distinct values as Python text."""
        return tuple(self.values.to_pylist())

    @property
    def nulls(self) -> int:
        """Cells without a value."""
        return int(np.count_nonzero(self.codes < 0))

    @staticmethod
    def of(cells: pa.Array) -> CodedColumn:
        """Code the cells of a text column."""
        encoded = cells.dictionary_encode()
        order = pc.sort_indices(encoded.dictionary).to_numpy(zero_copy_only=False)
        place = np.empty(len(order) + 1, np.int64)
        place[order] = np.arange(len(order))
        place[-1] = _NULL
        codes = pc.fill_null(encoded.indices, _NULL).to_numpy(zero_copy_only=False)
        return CodedColumn(encoded.dictionary.take(pa.array(order)), place[codes])

    def decoded(self, codes: Codes) -> pa.StringArray:
        """Return the cells that some codes stand for."""
        return self.values.take(pa.array(codes, mask=codes < 0))


@dataclass(frozen=True)
class CodedTable:
    """The columns of a bounded table as codes.

    Args:
        rows: rows of the table.
        columns: every column by name, in the order of the table.
    """

    rows: int
    columns: Mapping[str, CodedColumn]

    @staticmethod
    def of(data: pa.RecordBatch) -> CodedTable:
        """Code every column of some rows."""
        return CodedTable(data.num_rows, {name: CodedColumn.of(data.column(name)) for name in data.schema.names})

    def joint(self, names: Sequence[str]) -> Codes:
        """Number the combinations of values in some columns, one a row, from 0 without gaps; a null is a value."""
        codes = np.zeros(self.rows, np.int64)
        for name in names:
            column = self.columns[name]
            codes = codes * (len(column.values) + 1) + column.codes + 1
            _, codes = np.unique(codes, return_inverse=True)
        return codes
