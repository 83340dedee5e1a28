"""The life of one record: what it was in its file, what each step made of it, and how it ended."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pyarrow as pa

from etl_agent.batch import Batch
from etl_agent.rejects import Reason, Rejects, Verdict
from etl_agent.run.quarantine import reasons_in

if TYPE_CHECKING:
    from etl_agent.clean.step import Step
    from etl_agent.run.chain import Door, Passed

__all__ = ["CellChange", "Ending", "Life", "Place", "Walked", "life_of"]

Ending = Literal["kept", "quarantined", "filtered", "deduplicated"]
"""kept: it went on to the table. The others are as in the balance of a run."""

_DISCARD = "discard_value"
_NONE: Mapping[str, Any] = {}


@dataclass(frozen=True, slots=True)
class Place:
    """Where a record stands: its file, and its first physical line, counted from 1."""

    file: str
    line: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


@dataclass(frozen=True, slots=True)
class CellChange:
    """A cell of the record that a step changed; a column that the step made has no text before."""

    step: str
    column: str
    before: str | None
    after: str | None


@dataclass(frozen=True, slots=True)
class Walked:
    """A batch before and after one step.

    Args:
        label: the step's label in its plan.
        step: the step.
        before: the rows that came to it.
        after: the rows that it let pass.
    """

    label: str
    step: Step
    before: Batch
    after: Batch


@dataclass(frozen=True, slots=True)
class Life:
    """What became of one record.

    Args:
        row: its number in the dataset, counted from 0.
        place: where it stands.
        byte_offset: its first byte in its decompressed file.
        raw: its bytes, without the line end.
        ending: how it ended, as far as its files alone tell.
        changes: the cells that steps changed, in order.
        loaded: the typed values that it was to be loaded with, by column; empty unless it was kept.
        cells: its cells as text where it ended before that, by column.
        stage: the stage that rejected it.
        by: the step or key that took it out.
        reasons: everything that was wrong with it.
        winner: the record that stayed instead of it.
    """

    row: int
    place: Place
    byte_offset: int
    raw: bytes
    ending: Ending
    changes: tuple[CellChange, ...] = ()
    loaded: Mapping[str, pa.Scalar] = field(default_factory=dict)
    cells: Mapping[str, str | None] = field(default_factory=dict)
    stage: str | None = None
    by: str | None = None
    reasons: tuple[Reason, ...] = ()
    winner: Place | None = None


def life_of(row: int, *, entered: Verdict, walked: Sequence[Walked], passed: Passed, door: Door) -> Life | None:
    """Put together what happened to a record in its batch; None where it is not in the batch.

    Args:
        row: its number in the dataset.
        entered: the batch as it was read.
        walked: the batch before and after each step.
        passed: what the chain made of it.
        door: what was done with columns that the contract does not know.
    """
    at = _at(entered.kept, row)
    if at is None:
        return next((_ended(each, row) for each in entered.rejects if _has(each, row)), None)
    cells = _cells(entered.kept, at)
    changes = [CellChange(_DISCARD, name, cells[name], None) for name in door.unknown if cells.get(name) is not None]
    if door.effect == "quarantine":
        changes = []
    left: str | None = None
    for step in walked:
        before, after = _at(step.before, row), _at(step.after, row)
        if before is None:
            break
        cells = _cells(step.before, before)
        if after is None:
            left = step.label
            break
        made = _cells(step.after, after)
        changes += _changes(step.label, cells, made)
        cells = made
    origin = entered.kept.origin
    mask = origin.row == row
    life = Life(
        row=row,
        place=Place(origin.files[int(origin.file[at])], int(origin.line[at])),
        byte_offset=int(origin.offset[at]),
        raw=origin.keep(mask).raw_lines()[0],
        ending="filtered",
        changes=tuple(changes),
        cells=cells,
        by=left,
    )
    return _finished(life, passed)


def _finished(life: Life, passed: Passed) -> Life:
    for rejects in passed.rejects:
        if _has(rejects, life.row):
            ended = _ended(rejects, life.row)
            return replace(life, ending="quarantined", stage=ended.stage, by=ended.by, reasons=ended.reasons)
    at = _at(passed.kept, life.row)
    if at is None:
        return life
    loaded = {name: passed.kept.data.column(place)[at] for place, name in enumerate(passed.kept.data.schema.names)}
    lost = [
        CellChange(_DISCARD, name, life.cells[name], None)
        for name, value in loaded.items()
        if not value.is_valid and life.cells.get(name) is not None
    ]
    return replace(life, ending="kept", by=None, loaded=loaded, cells=_NONE, changes=(*life.changes, *lost))


def _ended(rejects: Rejects, row: int) -> Life:
    """Tell of a record that was rejected, by what stands with the rejects."""
    at = int(np.flatnonzero(rejects.origin.row == row)[0])
    origin = rejects.origin
    return Life(
        row=row,
        place=Place(origin.files[int(origin.file[at])], int(origin.line[at])),
        byte_offset=int(origin.offset[at]),
        raw=rejects.raw[at],
        ending="quarantined",
        stage=rejects.stage,
        by=rejects.step,
        reasons=reasons_in(rejects.reasons[at].as_py()),
    )


def _has(rejects: Rejects, row: int) -> bool:
    return bool((rejects.origin.row == row).any())


def _at(batch: Batch, row: int) -> int | None:
    """Find a record in a batch; the numbers of a batch rise."""
    rows = batch.origin.row
    at = int(np.searchsorted(rows, row))
    return at if at < len(rows) and int(rows[at]) == row else None


def _cells(batch: Batch, at: int) -> dict[str, str | None]:
    return {name: batch.data.column(place)[at].as_py() for place, name in enumerate(batch.data.schema.names)}


def _changes(label: str, before: Mapping[str, str | None], after: Mapping[str, str | None]) -> list[CellChange]:
    """Compare the cells around a step; a column that went away is told only where it held something."""
    changed = [
        CellChange(label, name, before.get(name), cell) for name, cell in after.items() if before.get(name) != cell
    ]
    gone = [name for name, cell in before.items() if name not in after and cell is not None]
    return changed + [CellChange(label, name, before[name], None) for name in gone]
