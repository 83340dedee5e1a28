"""Spilled values: what stands in a neighbour's cell is moved to its own column."""

from __future__ import annotations

from typing import ClassVar, Literal, Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from etl_agent.batch import as_mask
from etl_agent.clean.step import Change, replaced
from etl_agent.clean.taught import Taught
from etl_agent.frozen import Frozen
from etl_agent.profile.coded import CodedTable
from etl_agent.profile.spills import Side, Spill, spills, split_off

__all__ = ["LearnedSpill", "MoveSpilled"]


class LearnedSpill(Frozen):
    """That values of one column stand in the cells of its neighbour."""

    column: str
    """The column whose cells hold too much."""
    into: str
    """The column whose values they are."""
    side: Side
    """Where in the cell they stand."""
    unless: Side | None = None
    """A side at which none may stand, for the cell to be clear."""
    values: tuple[str, ...]
    """The values that may be split off."""
    whole: tuple[str, ...] = ()
    """Cells that look as if they held one and are whole."""

    @staticmethod
    def of(spill: Spill) -> LearnedSpill:
        """Write down what a step needs to know of a spill."""
        return LearnedSpill(
            column=spill.column,
            into=spill.into,
            side=spill.side,
            unless=spill.unless,
            values=spill.values,
            whole=spill.whole,
        )


class MoveSpilled(Taught):
    """Move a value that stands behind, or before, the neighbour's value into its own column, where that is empty.

    A column spills where many cells of its neighbour end (or begin) with one of its values, practically all of them
    in rows in which its own cell is empty, and where either the rest of such a cell stands elsewhere with that very
    value, or most of the empty cells are explained so.

    | with | before | after |
    |---|---|---|
    | {"columns": ["city", "state"]} | {"city": ["Ulm", "Bonn", "Kiel", "Ulm", "Bonn", "Kiel", "Ulm", "Bonn", "Kiel", "Ulm", "Bonn", "Kiel", "Ulm", "Bonn", "Kiel", "Ulm", "Bonn", "Kiel", "Ulm", "Bonn", "Kiel", "Ulm BW", "Bonn NW", "Kiel SH", "Ulm BW", "Bonn NW"], "state": ["BW", "NW", "SH", "BW", "NW", "SH", "BW", "NW", "SH", "BW", "NW", "SH", "BW", "NW", "SH", "BW", "NW", "SH", "BW", "NW", "SH", null, null, null, null, null]} | {"city": ["Ulm", "Bonn", "Kiel", "Ulm", "Bonn", "Kiel", "Ulm", "Bonn", "Kiel", "Ulm", "Bonn", "Kiel", "Ulm", "Bonn", "Kiel", "Ulm", "Bonn", "Kiel", "Ulm", "Bonn", "Kiel", "Ulm", "Bonn", "Kiel", "Ulm", "Bonn"], "state": ["BW", "NW", "SH", "BW", "NW", "SH", "BW", "NW", "SH", "BW", "NW", "SH", "BW", "NW", "SH", "BW", "NW", "SH", "BW", "NW", "SH", "BW", "NW", "SH", "BW", "NW"]} |
    """  # noqa: E501  a row of a table is one line

    step: Literal["move_spilled"] = "move_spilled"
    learned: tuple[LearnedSpill, ...] | None = None
    """What spills where; left out by hand, written by a lock."""

    change: ClassVar[Change] = "value"

    @property
    def fitted(self) -> bool:
        """Whether it is known what spills."""
        return self.learned is not None

    @property
    def listened_to(self) -> tuple[str, ...]:
        """The columns that spill, and those into which."""
        return tuple(name for spill in self.learned or () for name in (spill.column, spill.into))

    def taught(self, coded: CodedTable) -> Self:
        """Return the step with the spills of a table whose two columns may change."""
        may = set(self.writes(tuple(coded.columns)))
        found = tuple(LearnedSpill.of(spill) for spill in spills(coded) if {spill.column, spill.into} <= may)
        return self.model_copy(update={"learned": found})

    def apply(self, data: pa.RecordBatch) -> pa.RecordBatch:
        """Split the cells beside an empty one, each distinct value once."""
        for spill in self.learned or ():
            data = _moved(data, spill)
        return data


def _moved(data: pa.RecordBatch, spill: LearnedSpill) -> pa.RecordBatch:
    holder, own = data.column(spill.column), data.column(spill.into)
    rows = np.flatnonzero(as_mask(pc.and_(own.is_null(), holder.is_valid())))
    if not len(rows):
        return data
    values, whole = frozenset(spill.values), frozenset(spill.whole)
    cells = holder.take(pa.array(rows)).dictionary_encode()
    parts = [
        None if cell in whole else split_off(cell, side=spill.side, values=values, unless=spill.unless)
        for cell in cells.dictionary.to_pylist()
    ]
    rest = pa.array([part[0] if part else None for part in parts], pa.string()).take(cells.indices)
    value = pa.array([part[1] if part else None for part in parts], pa.string()).take(cells.indices)
    split = as_mask(value.is_valid())
    if not split.any():
        return data
    at = pa.array(rows[split])
    data = replaced(data, spill.column, _put(holder, at, rest.filter(pa.array(split))))
    return replaced(data, spill.into, _put(own, at, value.filter(pa.array(split))))


def _put(cells: pa.StringArray, rows: pa.Array, new: pa.StringArray) -> pa.StringArray:
    """Write new cells into some rows; all others stay the very bytes that they were."""
    at = np.arange(len(cells), dtype=np.int64)
    at[rows.to_numpy()] = len(cells) + np.arange(len(rows))
    return pa.concat_arrays([cells, new]).take(pa.array(at))
