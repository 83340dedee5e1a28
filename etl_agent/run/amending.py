"""A row of the file that came back, held against its entry: what a person changed, and what only a spreadsheet did."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from etl_agent.errors import FileRefused
from etl_agent.extract.spec import fold
from etl_agent.orchestrate.plan import origins
from etl_agent.run.correction import NOT_TEXT, split
from etl_agent.run.respelling import is_respelled

if TYPE_CHECKING:
    from etl_agent.clean.step import Step
    from etl_agent.run.corrected import Corrections
    from etl_agent.run.quarantine import Entry
    from etl_agent.run.result import FileLayout

__all__ = ["Amending", "escapes", "refuse_strangers"]

Cells = Mapping[str, str | None]

_ESCAPE = "\\x"


class Amending:
    """Hold the rows of a corrected file against their entries.

    Args:
        corrections: the file.
        path: where it is, for messages.
        steps: what the pipeline may do to cells: reasons name columns as they are called at the end.
        as_written: take every cell as it stands there, also where it may be another spelling of the same value.
    """

    def __init__(self, corrections: Corrections, *, path: Path, steps: Sequence[Step], as_written: bool) -> None:
        self._corrections = corrections
        self._path = str(path)
        self._steps = steps
        self._origins: dict[tuple[str, ...], dict[str, frozenset[str]]] = {}
        self._names = tuple(map(fold, corrections.names))
        self._as_written = as_written or corrections.exact
        self.respelled = 0
        """Cells that were taken as they were exported, since they only came back in another spelling."""

    def amended(self, entry: Entry, layout: FileLayout | None) -> Cells | str | None:
        """Return what is to be loaded for an entry: cells by folded name, or a raw record; None if nothing changed.

        A spreadsheet keeps neither null apart from '', nor a number or date in the spelling that it had. So an empty
        cell stays what it was, and a cell that was not complained of and holds the same value in another spelling is
        taken as it was exported.

        Raises:
            FileRefused: the file lacks a column of the entry, so cells would be lost.
        """
        correction = self._corrections.rows[entry.id]
        before = split(entry.raw, layout)
        if before is None and not any(correction.cells):
            return None if not correction.raw or self._is_same(entry.raw, correction.raw) else correction.raw
        cells = {name: cell or None for name, cell in zip(self._names, correction.cells, strict=True)}
        own = () if layout is None else tuple(map(fold, layout.header))
        self._refuse_lost(entry, own, cells)
        if before is None:
            return cells
        original = dict(zip(own, before, strict=True))
        complained = self._complained(entry, () if layout is None else layout.header)
        cells |= self._kept(original, cells, complained=complained)
        return None if cells == {name: original.get(name) for name in cells} else cells

    def _is_same(self, was: str | None, now: str) -> bool:
        return was == now or (was is not None and not self._as_written and is_respelled(was, now))

    def _complained(self, entry: Entry, header: tuple[str, ...]) -> frozenset[str]:
        """Name the columns, folded, whose cells something was wrong with, under whatever name it was found."""
        if header not in self._origins:
            found = origins(self._steps, header)
            self._origins[header] = {fold(name): frozenset(map(fold, before)) for name, before in found.items()}
        known, everything = self._origins[header], frozenset(map(fold, header))
        columns = {fold(reason.column) for reason in entry.reasons if reason.column is not None}
        return frozenset().union(*(known.get(name, everything) for name in columns))

    def _kept(self, original: Cells, cells: Cells, *, complained: frozenset[str]) -> dict[str, str | None]:
        """Return the cells that are taken as they were."""
        kept: dict[str, str | None] = {}
        for name, was in original.items():
            now = cells[name]
            if not was and now is None:
                kept[name] = was
            elif not was or not now or was == now or self._as_written or name in complained:
                continue
            elif is_respelled(was, now):
                kept[name] = was
                self.respelled += 1
        return kept

    def _refuse_lost(self, entry: Entry, own: Sequence[str], cells: Cells) -> None:
        lost = [name for name in own if name not in cells]
        if lost:
            raise FileRefused(
                f"the file lacks the column {lost[0]!r} of {entry.file}, so its cells would be lost",
                where=self._path,
                next_command="etl-agent quarantine export, and keep every column",
            )


def escapes(entry: Entry, amended: Cells | str, layout: FileLayout | None) -> bool:
    """Tell whether a correction leaves escapes where the record had bytes that are no text: they would be loaded so."""
    if not any(reason.code in NOT_TEXT for reason in entry.reasons):
        return False
    if isinstance(amended, str):
        return _ESCAPE in amended
    before = set(split(entry.raw, layout) or ())
    return any(cell is not None and _ESCAPE in cell and cell in before for cell in amended.values())


def refuse_strangers(
    corrections: Corrections, wanted: Iterable[int], found: Mapping[int, Entry], *, table: str, where: str
) -> None:
    """Refuse rows that correct no entry of a table: their numbers are not those that they were exported with.

    Args:
        corrections: the file.
        wanted: the numbers of the rows that are meant.
        found: the entries of these numbers.
        table: the pipeline's table.
        where: the file, for messages.

    Raises:
        FileRefused: the first such row, with its line.
    """
    for number in wanted:
        correction, entry = corrections.rows[number], found.get(number)
        here = f"{where}:{correction.line}"
        if entry is None:
            raise FileRefused(f"the quarantine has no entry {number}", where=here)
        if entry.table != table:
            raise FileRefused(
                f"entry {number} is of table {entry.table!r}, and the pipeline loads {table!r}",
                where=here,
                next_command="etl-agent quarantine export --table TABLE -o FILE.csv",
            )
        if not correction.is_of(entry):
            raise FileRefused(
                f"entry {number} came from {entry.file}:{entry.line}, and the row says "
                f"{correction.file}:{correction.at}: its number is not the one that it was exported with",
                where=here,
            )
