"""Tell the keys of records that are not loaded: what the steps make of their cells, whatever else is wrong there."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from etl_agent.batch import Mask
from etl_agent.clean.own import answering
from etl_agent.clean.step import CarryStep, RowStep
from etl_agent.errors import ConfigurationError
from etl_agent.extract.columns import constants, places
from etl_agent.orchestrate.plan import Plan, origins
from etl_agent.run.correction import split

if TYPE_CHECKING:
    from etl_agent.clean.step import Step
    from etl_agent.extract.spec import Extract
    from etl_agent.run.prepare import Prepared
    from etl_agent.run.result import FileLayout

__all__ = ["Cells", "KeyTeller"]

Cells = tuple[str | None, ...]
"""The cells of a record, one for each column that enters the first step."""


class KeyTeller:
    """Tell the keys of records by their own cells.

    Args:
        extract: says which columns are added to those of the files.
        prepared: a run's plan, steps and contract.
        key: the columns of the load's key.
        learned: whether what steps learned in the run holds for the records, since they are of its files.
    """

    def __init__(self, extract: Extract, prepared: Prepared, *, key: tuple[str, ...], learned: bool) -> None:
        self._add = extract.add
        self._prepared = prepared
        self._key = key
        self.door = door = prepared.plan.door
        """The columns that enter the first step."""
        known = origins([planned.step for planned in prepared.plan.steps], door)
        sources = frozenset().union(*(known.get(name, frozenset()) for name in key))
        self._needed = tuple(at for at, name in enumerate(door) if name in sources)
        told = all(name in known for name in key)
        self.possible = told and not _depends_on_others(prepared.plan, key, learned=learned)
        """Whether a record's key can be told by the record alone."""
        self._added: dict[str, dict[str, str]] = {}
        self._places: dict[tuple[str, ...], tuple[int | None, ...]] = {}

    def cells(self, raw: str | None, *, file: str, layout: FileLayout | None, escaped: bool) -> Cells | None:
        """Split a raw record into cells as they enter the first step; None if those of the key are not all there.

        Args:
            raw: the record as it is in quarantine.
            file: the file that it is of.
            layout: how that is written.
            escaped: whether escapes stand in it for what no text can hold.
        """
        cells, added = split(raw, layout), self._constants(file)
        if cells is None or added is None or layout is None:
            return None
        if layout.header not in self._places:
            self._places[layout.header] = places(self.door, layout.header)
        where = self._places[layout.header]
        found = tuple(added.get(name) if at is None else cells[at] for name, at in zip(self.door, where, strict=True))
        for at in self._needed:
            if where[at] is None and self.door[at] not in added:
                return None
            if escaped and "\\x" in (found[at] or ""):
                return None
        return found

    def _constants(self, file: str) -> dict[str, str] | None:
        """Return the values of the columns that the extract adds; None where the file's name does not tell them."""
        if file not in self._added:
            try:
                values = constants(self._add, file)
            except ConfigurationError:
                return None
            self._added[file] = dict(zip(self._add, values, strict=True))
        return self._added[file]

    def tell(self, data: pa.RecordBatch, *, file: str) -> tuple[list[pa.Array], Mask]:
        """Take records through the steps, and cast the key.

        Args:
            data: their cells as they enter the first step.
            file: the file whose steps they go through.

        Returns:
            The values of the key's columns, and which records have all of them. A step of the user's own that fails on
            these records tells none.
        """
        nothing: tuple[list[pa.Array], Mask] = ([], np.zeros(len(data), np.bool_))
        if not self.possible:
            return nothing
        try:
            for label, step in self._prepared.fits.of_file(file):
                data = _applied(label, step, data)
        except ConfigurationError:  # the load must not fail for rows that are not in it
            return nothing
        values = self._prepared.contract.typed(data, names=self._key)
        told = np.ones(len(data), np.bool_)
        for column in values:
            told &= column.is_valid().to_numpy(zero_copy_only=False)
        return values, told


def _applied(label: str, step: Step, data: pa.RecordBatch) -> pa.RecordBatch:
    with answering(label, step):
        if isinstance(step, CarryStep):
            return step.carry(data, step.start())[0]
        return step.apply(data) if isinstance(step, RowStep) else data


def _depends_on_others(plan: Plan, key: Sequence[str], *, learned: bool) -> bool:
    """Tell whether a key comes from a step that carries from row to row, or that learns from another dataset."""
    here = plan.door
    for number, planned in enumerate(plan.steps, start=1):
        after = planned.step.names_after(here)
        if isinstance(planned.step, CarryStep) or (planned.waits and not learned):
            made = {*planned.step.writes(here), *(name for name in after if name not in here)}
            known = origins([later.step for later in plan.steps[number:]], after)
            if any(known[name] & made for name in key):
                return True
        here = after
    return False
