"""What may be looked for in the files of a run: the record of a line, or the records of a key."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from etl_agent.batch import Mask, Origin, Positions, as_mask
from etl_agent.extract.spec import fold
from etl_agent.run.why.life import Walked

if TYPE_CHECKING:
    from etl_agent.batch import Batch
    from etl_agent.rejects import Verdict
    from etl_agent.run.chain import Passed

__all__ = ["AtLine", "OfKey", "WithText", "holding"]

_NONE = np.empty(0, np.int64)


class AtLine:
    """The record that begins on a line of a file, or the last one that begins before it.

    Args:
        file: the file's name.
        line: the line, counted from 1.
    """

    by_line = True

    def __init__(self, file: str, line: int) -> None:
        self._file = file
        self._line = line
        self._passed = False

    def among(self, entered: Verdict) -> Positions:
        """Return the record, if this batch holds it or the last one before it."""
        best = -1, -1
        for origin in (entered.kept.origin, *(rejects.origin for rejects in entered.rejects)):
            here = _of_file(origin, self._file)
            before = here & (origin.line <= self._line)
            self._passed |= bool((here & (origin.line > self._line)).any())
            if before.any():
                at = int(np.flatnonzero(before)[-1])
                best = max(best, (int(origin.line[at]), int(origin.row[at])))
        return _NONE if best[1] < 0 else np.array([best[1]], np.int64)

    def after(self, walked: Sequence[Walked], passed: Passed) -> Positions:  # noqa: ARG002  the protocol's names
        """Return nothing: the line says it all."""
        return _NONE

    def over(self, entered: Verdict) -> bool:  # noqa: ARG002  the protocol's names
        """Whether the file was read beyond the line."""
        return self._passed


class OfKey:
    """The rows that reach the table with some values in their key's columns.

    Args:
        key: the typed values by column.
        most: rows that there can be at most, after which the search is over; None for any number.
    """

    by_line = False

    def __init__(self, key: Mapping[str, pa.Scalar], *, most: int | None = None) -> None:
        self._key = dict(key)
        self._left = most

    def among(self, entered: Verdict) -> Positions:  # noqa: ARG002  the protocol's names
        """Return nothing: only typed values tell."""
        return _NONE

    def after(self, walked: Sequence[Walked], passed: Passed) -> Positions:  # noqa: ARG002  the protocol's names
        """Return the rows that were kept with these values."""
        found = holding(passed.kept, self._key)
        if self._left is not None:
            self._left -= len(found)
        return found

    def over(self, entered: Verdict) -> bool:  # noqa: ARG002  the protocol's names
        """Whether all rows that there can be were found."""
        return self._left is not None and self._left <= 0


class WithText:
    """The rows in whose key's columns some texts stand: as they are read, after any step, or as typed values.

    Args:
        texts: what a person wrote, by column.
        key: the same as typed values, where the texts are of the columns' types.
    """

    by_line = False

    def __init__(self, texts: Mapping[str, str], key: Mapping[str, pa.Scalar] | None) -> None:
        self._texts = dict(texts)
        self._key = key

    def among(self, entered: Verdict) -> Positions:
        """Return the rows that hold the texts as they are read."""
        return self._holding(entered.kept)

    def after(self, walked: Sequence[Walked], passed: Passed) -> Positions:
        """Return the rows that held the texts after a step, or hold the values at the end."""
        found = [self._holding(step.after) for step in walked]
        if self._key is not None:
            found.append(holding(passed.kept, self._key))
        return np.unique(np.concatenate(found)) if found else _NONE

    def over(self, entered: Verdict) -> bool:  # noqa: ARG002  the protocol's names
        """Never: another row may hold them too."""
        return False

    def _holding(self, batch: Batch) -> Positions:
        names = {fold(name): name for name in batch.data.schema.names}
        mask: Mask = np.ones(len(batch), np.bool_)
        for column, text in self._texts.items():
            name = names.get(fold(column))
            if name is None:
                return _NONE
            mask &= as_mask(pc.equal(batch.data.column(name), pa.scalar(text, pa.string())))
        return batch.origin.row[mask]


def holding(batch: Batch, values: Mapping[str, pa.Scalar]) -> Positions:
    """Return the numbers of the rows that hold some typed values; a column that is not there holds none."""
    names = {fold(name): name for name in batch.data.schema.names}
    mask: Mask = np.ones(len(batch), np.bool_)
    for column, value in values.items():
        name = names.get(fold(column))
        if name is None:
            return _NONE
        cells = batch.data.column(name)
        try:
            mask &= as_mask(pc.equal(cells, value.cast(cells.type)))
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError):  # another type then, which cannot hold this value
            return _NONE
    return batch.origin.row[mask]


def _of_file(origin: Origin, file: str) -> Mask:
    wanted = [number for number, name in enumerate(origin.files) if name == file]
    return np.isin(origin.file, wanted)
