"""Dependencies between columns: cells that contradict what the rest of their row says are repaired, or filled."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import ClassVar, Literal, Self

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pydantic import Field

from etl_agent.clean.gaps import MOST_NULLS, has_accidental_nulls, without_habitual_nulls
from etl_agent.clean.hands import Slip, hand_of
from etl_agent.clean.knowledge import Knowledge
from etl_agent.clean.rules import Ruled, learned
from etl_agent.clean.step import Change, replaced
from etl_agent.clean.taught import Taught
from etl_agent.clean.votes import PASSES, completed, voted
from etl_agent.profile.coded import CodedColumn, CodedTable, Codes
from etl_agent.profile.dependencies import dependencies

__all__ = ["FillDependencies", "RepairDependencies"]

_Found = dict[str, tuple[NDArray[np.int64], Codes]]


class _Dependent(Taught):
    """What the steps have in common that learn rules between columns."""

    learned: Knowledge | None = None
    """The rules; left out by hand, written by a lock."""

    @property
    def fitted(self) -> bool:
        """Whether the rules are learned."""
        return self.learned is not None

    @property
    def listened_to(self) -> tuple[str, ...]:
        """The columns that rules speak of, or listen to."""
        return self.learned.columns if self.learned else ()

    def taught(self, coded: CodedTable) -> Self:
        """Return the step with the rules that a table teaches."""
        names = self.writes(tuple(coded.columns))
        return self.model_copy(update={"learned": self._learn(coded, names)})

    def narrowed(self, columns: Sequence[str]) -> Self:
        """Return the step for fewer columns, without the rules that do not bear on them."""
        kept = self.learned.about(columns) if self.learned is not None else None
        return self.model_copy(update={"columns": tuple(columns), "learned": kept})

    @abstractmethod
    def _learn(self, coded: CodedTable, names: Sequence[str]) -> Knowledge:
        """Learn the rules that bear on some columns."""

    @staticmethod
    @abstractmethod
    def _found(codes: Mapping[str, Codes], ruled: Ruled, names: Sequence[str]) -> _Found:
        """Find the cells to change: for each column with any the rows, and the codes of the new values."""

    def apply(self, data: pa.RecordBatch) -> pa.RecordBatch:
        """Vote on the cells that rules speak of, over again where that changed one."""
        if self.learned is None or not self.learned.rules:
            return data
        names = self.writes(data.schema.names)
        before, ruled = self.learned.encoded(data)
        codes = dict(before)
        for _ in range(PASSES):
            found = self._found(codes, ruled, names)
            if not found:
                break
            codes |= {name: _put(codes[name], *cells) for name, cells in found.items()}
        for name, held in codes.items():
            if held is not before[name]:
                data = replaced(data, name, _written(data.column(name), before[name], held, ruled.values[name]))
        return data


class RepairDependencies(_Dependent):
    """Repair cells that contradict the rest of their row, by a vote of the columns that settle them.

    Columns that settle one another are found in the data: a postal code its city, a code its name. Each of them speaks
    for a value as loud as its own rule holds, in general and for this value; for the cell as it is speak those that
    agree with it, and the columns that depend on it. A cell that looks like an error (misspelled, or in a shape that
    no other value has) is repaired on less evidence; another value only where two columns agree against it, nothing
    speaks for the cell, and exceptions to these rules are accidents: they neither repeat nor choose their values, and
    the table is seen to have errors at all. Nothing becomes a value with signs or blanks more. What is uncertain stays.

    | with | before | after |
    |---|---|---|
    | {"columns": ["city"]} | {"zip": ["1", "1", "1", "1", "1", "1", "1", "1", "2", "2", "2", "2", "2", "2", "2", "2", "3", "3", "3", "3", "3", "3", "3", "3"], "city": ["Berlin", "Berlin", "Berlin", "Berlin", "Berlin", "Berlin", "Berlin", "Berlim", "Hamburg", "Hamburg", "Hamburg", "Hamburg", "Hamburg", "Hamburg", "Hamburg", "Hamburg", "Rostock", "Rostock", "Rostock", "Rostock", "Rostock", "Rostock", "Rostock", null]} | {"zip": ["1", "1", "1", "1", "1", "1", "1", "1", "2", "2", "2", "2", "2", "2", "2", "2", "3", "3", "3", "3", "3", "3", "3", "3"], "city": ["Berlin", "Berlin", "Berlin", "Berlin", "Berlin", "Berlin", "Berlin", "Berlin", "Hamburg", "Hamburg", "Hamburg", "Hamburg", "Hamburg", "Hamburg", "Hamburg", "Hamburg", "Rostock", "Rostock", "Rostock", "Rostock", "Rostock", "Rostock", "Rostock", null]} |
    """  # noqa: E501  a row of a table is one line

    step: Literal["repair_dependencies"] = "repair_dependencies"
    change: ClassVar[Change] = "value"

    def _learn(self, coded: CodedTable, names: Sequence[str]) -> Knowledge:
        known = dependencies(coded)
        ruled = first = learned(coded, found=known)
        slips: list[Slip] = []
        for _ in range(PASSES):
            codes = {name: column.codes for name, column in coded.columns.items()}
            found = self._found(codes, ruled, names)
            if not found:
                break
            slips += _slips(coded, found)
            coded = _repaired(coded, found)
            # What hardly depended on each other before does not come to do so by the repair of a few cells.
            known = dependencies(coded, among=[(each.given, each.column) for each in known])
            ruled = learned(coded, found=known, hand=hand_of(slips)).judging_as(first)
        return Knowledge.of(ruled, columns=names)

    @staticmethod
    def _found(codes: Mapping[str, Codes], ruled: Ruled, names: Sequence[str]) -> _Found:
        return _cells(voted, codes, ruled, names)


class FillDependencies(_Dependent):
    """Fill nulls with what the rest of their row settles.

    The same rules as for repairs, where three rows or more of a group have the value and hardly any another one. A
    null is left where it may be meant: in a column of which it is not 95 % sure that fewer than ``most_nulls`` of its
    cells are empty, and in one of dates or times; in a group of which more than a quarter has no value, or beside a
    value of another column that mostly stands beside none.

    | with | before | after |
    |---|---|---|
    | {"columns": ["city"], "most_nulls": 0.2} | {"zip": ["1", "1", "1", "1", "1", "1", "1", "1", "2", "2", "2", "2", "2", "2", "2", "2", "3", "3", "3", "3", "3", "3", "3", "3"], "city": ["Ulm", "Ulm", "Ulm", "Ulm", "Ulm", "Ulm", "Ulm", null, "Bonn", "Bonn", "Bonn", "Bonn", "Bonn", "Bonn", "Bonn", "Bonn", "Kiel", "Kiel", "Kiel", "Kiel", "Kiel", "Kiel", "Kiel", "Kiel"]} | {"zip": ["1", "1", "1", "1", "1", "1", "1", "1", "2", "2", "2", "2", "2", "2", "2", "2", "3", "3", "3", "3", "3", "3", "3", "3"], "city": ["Ulm", "Ulm", "Ulm", "Ulm", "Ulm", "Ulm", "Ulm", "Ulm", "Bonn", "Bonn", "Bonn", "Bonn", "Bonn", "Bonn", "Bonn", "Bonn", "Kiel", "Kiel", "Kiel", "Kiel", "Kiel", "Kiel", "Kiel", "Kiel"]} |
    """  # noqa: E501  a row of a table is one line

    step: Literal["fill_dependencies"] = "fill_dependencies"
    most_nulls: float = Field(default=MOST_NULLS, gt=0, le=1)
    """Share of nulls in a column from which on they are taken for a state of it; 1 where each null is a gap."""

    change: ClassVar[Change] = "fill"

    def _learn(self, coded: CodedTable, names: Sequence[str]) -> Knowledge:
        ruled = learned(coded)
        gaps = [
            name
            for name in names
            if name in ruled.habits and has_accidental_nulls(coded.columns[name], name=name, most=self.most_nulls)
        ]
        return Knowledge.of(without_habitual_nulls(ruled, coded), columns=gaps)

    @staticmethod
    def _found(codes: Mapping[str, Codes], ruled: Ruled, names: Sequence[str]) -> _Found:
        return _cells(completed, codes, ruled, names)


def _cells(
    vote: Callable[..., tuple[NDArray[np.int64], Codes]], codes: Mapping[str, Codes], ruled: Ruled, names: Sequence[str]
) -> _Found:
    """Vote on some columns, each by the cells as they are; name only those with a cell to change."""
    settled = {rule.column for rule in ruled.rules if rule.column in ruled.habits}
    votes = {name: vote(codes, ruled, column=name) for name in names if name in settled}
    return {name: found for name, found in votes.items() if len(found[0])}


def _slips(coded: CodedTable, found: _Found) -> Iterator[Slip]:
    """List what was found wrong, each pair of values once."""
    for name, (rows, right) in found.items():
        column = coded.columns[name]
        pairs, counts = np.unique(np.stack([column.codes[rows], right]), axis=1, return_counts=True)
        for wrong, winner, count in zip(*pairs.tolist(), counts.tolist(), strict=True):
            yield name, column.texts[wrong], column.texts[winner], count


def _repaired(coded: CodedTable, found: _Found) -> CodedTable:
    columns = {
        name: CodedColumn(column.values, _put(column.codes, *found[name])) if name in found else column
        for name, column in coded.columns.items()
    }
    return CodedTable(coded.rows, columns)


def _put(codes: Codes, rows: NDArray[np.int64], right: Codes) -> Codes:
    changed = codes.copy()
    changed[rows] = right
    return changed


def _written(cells: pa.StringArray, before: Codes, after: Codes, values: Sequence[str]) -> pa.StringArray:
    """Write the new values over the cells whose codes changed; all others stay the very bytes that they were."""
    rows = np.flatnonzero(before != after)
    at = np.arange(len(cells), dtype=np.int64)
    at[rows] = len(cells) + np.arange(len(rows))
    new = pa.array([values[code] for code in after[rows].tolist()], pa.string())
    return pa.concat_arrays([cells, new]).take(pa.array(at))
