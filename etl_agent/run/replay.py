"""Replay: rows in quarantine go through their pipeline again, corrected or as they are, exactly once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby, islice
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from etl_agent.errors import FileRefused, TryLater
from etl_agent.extract.columns import union
from etl_agent.extract.dataset import Dataset
from etl_agent.extract.source import Source, sources_of
from etl_agent.extract.spec import Extract, fold
from etl_agent.extract.writer import CsvWriter
from etl_agent.orchestrate.sequential import steps_of
from etl_agent.run.amending import Amending, escapes, refuse_strangers
from etl_agent.run.corrected import Corrections, read_corrections
from etl_agent.run.correction import NOT_TEXT, split
from etl_agent.run.decoding import in_its_encoding
from etl_agent.run.history import ledger_in
from etl_agent.run.quarantine import Entry, Filters, entries_by_id, find_entries, layouts_of
from etl_agent.run.replayed_rows import ReplayedRows
from etl_agent.run.replays import mark_replayed
from etl_agent.run.result import FileLayout
from etl_agent.run.runner import run_pipeline

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from etl_agent.load.ledger_tables import LedgerTables
    from etl_agent.load.record import Record
    from etl_agent.load.target import Target
    from etl_agent.orchestrate.sequential import PipelineSpec
    from etl_agent.run.options import RunOptions
    from etl_agent.run.result import RunResult

__all__ = ["KEPT", "LEFT", "Replay", "replay_quarantine"]

LEFT = "left as they are"
"""Stands in the message of a replay that did not take all the entries that it was asked to take."""

KEPT = "taken as exported, since only the spelling differs"
"""Stands in the message of a replay that did not take every cell of the file as it stands there."""

_ROWS = 10_000
_MALFORMED = "malformed (export, correct and replay the file)"
_NO_TEXT = "with bytes that are no text (export, correct and replay the file)"
_NO_TEXT_YET = "with cells that still hold escapes for bytes that are no text (write there what they stand for)"
_UNCHANGED = "not changed in the file (without a file they are replayed as they are)"
_OTHERS = "of other pipelines"
_NO_HEADER = "of runs that did not keep the header (export, correct and replay the file)"

Layouts = Mapping[tuple[int, str], FileLayout | None]


def replay_quarantine(
    spec: PipelineSpec,
    *,
    project: Path,
    options: RunOptions,
    filters: Filters = Filters(),  # noqa: B008  a frozen value
    corrected: Path | None = None,
    as_written: bool = False,
) -> RunResult:
    """Take rows out of quarantine through the pipeline that rejected them.

    Each entry that takes part becomes ``replayed`` in the transaction that loads its row. A row that is rejected
    again becomes an open entry of the new run, with its new reasons and the file and line that it first came from.
    So a row waits in one open entry at most, and counts in the balance of each run that read it. No budget holds: it
    was applied when the rows were first rejected. Of a corrected file, rows that were not changed are left as they are.

    A replay is a load like any other: a merge updates rows of the table by the replayed ones, also newer rows.

    A table that each load replaces takes replayed rows beside those of its last load; the next load takes them out
    again, unless its files are corrected by then. Nor is a replay a snapshot: no row is absent from it.

    Args:
        spec: the pipeline, as it is now.
        project: the folder that its paths are relative to.
        options: how it is run this time.
        filters: which of the pipeline's open entries to replay.
        corrected: a file that was exported and corrected; without it the raw records are replayed as they are.
        as_written: take each of its cells as it stands there, also where a spreadsheet may have spelled the same value
            otherwise by itself.

    Raises:
        FileRefused: the file of corrections is not as it was exported.
        EtlAgentError: as ``run_pipeline`` says.
    """
    beside: dict[str, object] = {"absent": "keep", "max_shrink": None, "allow_empty": False}
    if spec.load.write_disposition == "replace":
        beside["write_disposition"] = "append"
    if spec.load.is_snapshot:
        spec = spec.model_copy(update={"load": spec.load.model_copy(update=beside)})
    replay = Replay(filters, corrected=corrected, as_written=as_written)
    return run_pipeline(spec, project=project, options=options, replay=replay)


@dataclass(frozen=True, slots=True)
class _Row:
    """An entry with the cells that are to be loaded for it, by folded name of column."""

    entry: Entry
    cells: Mapping[str, str | None]


class Replay:
    """The rows of one replay: opened as a dataset, and settled in the transaction that loads them.

    Args:
        filters: which entries.
        corrected: a file that was exported and corrected.
        as_written: see ``replay_quarantine``.
    """

    def __init__(self, filters: Filters, *, corrected: Path | None = None, as_written: bool = False) -> None:
        self._filters = filters
        self._corrected = corrected
        self._as_written = as_written
        self._amending: Amending | None = None
        self._ids: list[int] = []
        self._left: Counter[str] = Counter()

    @property
    def message(self) -> str:
        """What a person should know of the entries, in one line."""
        count = len(self._ids)
        said = f"{count:,} {'entry' if count == 1 else 'entries'} replayed" if count else "no entry can be replayed"
        left = ", ".join(f"{rows:,} {why}" for why, rows in self._left.items())
        said += f"; {LEFT}: {left}" if left else ""
        cells = 0 if self._amending is None else self._amending.respelled
        if not cells:
            return said
        counted = "1 cell" if cells == 1 else f"{cells:,} cells"
        return f"{said}; {counted} {KEPT} (--as-written takes what the file holds)"

    def open(self, target: Target, spec: PipelineSpec, *, scratch: Path) -> Dataset:
        """Make a dataset of the entries that can be replayed; it has no files if there are none.

        Args:
            target: where the quarantine is; other runs are kept away from the table.
            spec: the pipeline.
            scratch: a folder that outlives the dataset.
        """
        path = self._corrected
        corrections = None if path is None else read_corrections(path, scratch=scratch)
        with target.reading() as connection:
            tables = ledger_in(connection, schema=spec.load.db_schema)
            if connection is None or tables is None:
                return ReplayedRows(spec.extract, [], lines=np.empty(0, np.int64))
            if corrections is None or path is None:
                rows, headers = self._as_they_are(connection, tables, spec)
            else:
                rows, headers = self._as_corrected(connection, tables, spec, corrections, path)
            return self._written(rows, union(headers), spec.extract, scratch=scratch)

    def settle(self, record: Record, *, run_id: int) -> None:
        """Mark the entries as replayed, in the transaction that holds their rows.

        Raises:
            TryLater: an entry is not open any more; nothing is loaded.
        """
        marked = mark_replayed(record.connection, record.tables, self._ids, run_id=run_id)
        if marked != len(self._ids):
            raise TryLater(
                f"{len(self._ids) - marked} entries were discarded or replayed meanwhile; nothing was loaded",
                next_command="the same command again",
            )

    def _as_they_are(
        self, connection: Connection, tables: LedgerTables, spec: PipelineSpec
    ) -> tuple[Iterator[_Row], list[tuple[str, ...]]]:
        mine = replace(self._filters, table=spec.load.table, pipelines=(spec.name,), status=("open",))
        layouts = {
            pair: _declared(layout, spec.extract) for pair, layout in layouts_of(connection, tables, mine).items()
        }

        def rows() -> Iterator[_Row]:
            for entry in find_entries(connection, tables, mine):
                if _is_no_text(entry):
                    self._left[_NO_TEXT] += 1
                elif row := self._parted(entry, entry.raw, layouts[entry.run_id, entry.file]):
                    yield row

        return rows(), [layout.header for possible in layouts.values() for layout in possible]

    def _as_corrected(
        self, connection: Connection, tables: LedgerTables, spec: PipelineSpec, corrections: Corrections, path: Path
    ) -> tuple[Iterator[_Row], list[tuple[str, ...]]]:
        wanted = [number for number in corrections.rows if not self._filters.ids or number in self._filters.ids]
        found = {entry.id: entry for entry in entries_by_id(connection, tables, wanted)}
        whole = Filters(table=spec.load.table, pipelines=(spec.name,))
        layouts = layouts_of(connection, tables, whole)
        found = self._of_this_pipeline(corrections, wanted, found, layouts, spec, where=str(path))
        corrections = in_its_encoding(corrections, found.values(), layouts, path=path)
        waiting = [entry for entry in found.values() if entry.status == "open"]
        self._left.update(f"{entry.status} before" for entry in found.values() if entry.status != "open")
        waiting.sort(key=lambda entry: (entry.file, entry.line or 0, entry.id))
        headers = [layout.header for entry in waiting if (layout := layouts[entry.run_id, entry.file]) is not None]
        filled = [
            any(corrections.rows[entry.id].cells[at] for entry in waiting) for at in range(len(corrections.names))
        ]
        more = tuple(name for name, some in zip(corrections.names, filled, strict=True) if some)

        amending = self._amending = Amending(
            corrections, path=path, steps=tuple(steps_of(spec.clean)), as_written=self._as_written
        )

        def rows() -> Iterator[_Row]:
            for entry in waiting:
                if row := self._corrected_row(entry, layouts[entry.run_id, entry.file], amending, spec.extract):
                    yield row

        return rows(), [*headers, more]

    def _of_this_pipeline(
        self,
        corrections: Corrections,
        wanted: Sequence[int],
        found: Mapping[int, Entry],
        layouts: Layouts,
        spec: PipelineSpec,
        *,
        where: str,
    ) -> dict[int, Entry]:
        """Leave out what other pipelines rejected: an export of a table may hold the rows of all of them."""
        refuse_strangers(corrections, wanted, found, table=spec.load.table, where=where)
        mine = {number: entry for number, entry in found.items() if (entry.run_id, entry.file) in layouts}
        if found and not mine:
            raise FileRefused(
                f"none of its entries is of pipeline {spec.name!r} and table {spec.load.table!r}",
                where=where,
                next_command=f"etl-agent show {next(iter(found.values())).run_id}",
            )
        if len(mine) < len(found):
            self._left[_OTHERS] += len(found) - len(mine)
        return mine

    def _parted(self, entry: Entry, raw: str | None, layouts: Sequence[FileLayout]) -> _Row | None:
        """Split a raw record into cells; one that cannot be is left as it is, and counted."""
        for layout in layouts:
            if (cells := split(raw, layout)) is not None:
                return _Row(entry, dict(zip(map(fold, layout.header), cells, strict=True)))
        self._left[_MALFORMED if layouts else _NO_HEADER] += 1
        return None

    def _corrected_row(
        self, entry: Entry, layout: FileLayout | None, amending: Amending, extract: Extract
    ) -> _Row | None:
        amended = amending.amended(entry, layout)
        if amended is None:
            self._left[_UNCHANGED] += 1
            return None
        if escapes(entry, amended, layout):
            self._left[_NO_TEXT_YET] += 1
            return None
        if isinstance(amended, str):
            return self._parted(entry, amended, _declared(layout, extract))
        return _Row(entry, amended)

    def _written(self, rows: Iterable[_Row], names: Sequence[str], extract: Extract, *, scratch: Path) -> Dataset:
        """Write the rows of each file as a file of its own in UTF-8, and open them as a dataset under its name."""
        sources: list[Source] = []
        lines: list[int] = []
        for number, (file, group) in enumerate(groupby(rows, key=lambda row: row.entry.file)):
            path = scratch / f"replay-{number}.csv"
            with CsvWriter(path, names) as writer:
                while part := list(islice(group, _ROWS)):
                    columns = [pa.array([row.cells.get(fold(name)) for row in part], pa.string()) for name in names]
                    writer.write(pa.RecordBatch.from_arrays(columns, names=list(names)))
                    self._ids += [row.entry.id for row in part]
                    lines += [row.entry.line or 0 for row in part]
            sources += sources_of(path, name=file, scratch=scratch)
        return ReplayedRows(extract, sources, lines=np.array(lines, np.int64))


def _declared(layout: FileLayout | None, extract: Extract) -> list[FileLayout]:
    """Return how a file was read, then how its pipeline would read it now, as far as it says so."""
    if layout is None:
        return []
    quote = None if extract.quoting == "none" else extract.quote or layout.quote
    delimiter = None if extract.one_column else extract.delimiter or layout.delimiter
    return [layout, FileLayout(extract.names or layout.header, delimiter, quote)]


def _is_no_text(entry: Entry) -> bool:
    """Whether the raw record stands there with escapes for what no text can hold."""
    return any(reason.code in NOT_TEXT for reason in entry.reasons)
