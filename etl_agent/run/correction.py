"""The file in which people correct quarantined rows, written from their entries."""

from __future__ import annotations

from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa

from etl_agent.errors import ConfigurationError
from etl_agent.extract.columns import union
from etl_agent.extract.record import Grammar
from etl_agent.extract.spec import fold
from etl_agent.extract.writer import CsvWriter
from etl_agent.rejects import ReasonCode
from etl_agent.run.formulas import without_formula
from etl_agent.run.quarantine import Entry, Filters, find_entries, layouts_of

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from etl_agent.load.ledger_tables import LedgerTables
    from etl_agent.run.result import FileLayout

__all__ = [
    "EXACT",
    "FILE",
    "ID",
    "LINE",
    "NOT_TEXT",
    "OURS",
    "RAW",
    "export_entries",
    "split",
    "written_cells",
]

ID, FILE, LINE, REASONS, RAW = "_etl_id", "_etl_file", "_etl_line", "_etl_reasons", "_etl_raw"
EXACT = "_etl_exact"
"""Column that only an exact export has: no apostrophe is taken off its cells again."""

OURS = (ID, FILE, LINE, REASONS, RAW, EXACT)
"""The columns of an export that are no columns of the files."""

NOT_TEXT: frozenset[ReasonCode] = frozenset({"encoding-error", "nul-byte"})
"""Reasons of raw records that hold escapes for what no text can hold."""

_ROWS = 5_000


def written_cells(raw: str, layout: FileLayout) -> list[bytes] | None:
    """Split a raw record into cells as they are written; None where it is no record of its file's width."""
    grammar = _grammar(layout.delimiter, layout.quote)
    record = raw.encode("utf-8", "surrogatepass")
    if grammar.structure(record) != "record" or grammar.width(record) != len(layout.header):
        return None
    return grammar.cells(record)


def split(raw: str | None, layout: FileLayout | None) -> tuple[str | None, ...] | None:
    """Split a raw record into cells; None where it is no record of its file's width, or the layout is not known."""
    if raw is None or layout is None:
        return None
    if (plain := _plain_cells(raw, layout)) is not None:
        return tuple(cell or None for cell in plain) if len(plain) == len(layout.header) else None
    if (cells := written_cells(raw, layout)) is None:
        return None
    grammar = _grammar(layout.delimiter, layout.quote)
    return tuple(grammar.value(cell) for cell in cells)


def _plain_cells(raw: str, layout: FileLayout) -> list[str] | None:
    """Split a record in which nothing is quoted, as nearly all are; None where it takes the grammar to tell."""
    if layout.delimiter is None or len(layout.delimiter) > 1 or "\n" in raw or "\r" in raw:
        return None
    return None if layout.quote is not None and layout.quote in raw else raw.split(layout.delimiter)


@lru_cache(maxsize=32)
def _grammar(delimiter: str | None, quote: str | None) -> Grammar:
    return Grammar(delimiter=delimiter, quote=quote)


def export_entries(
    connection: Connection, tables: LedgerTables, filters: Filters, output: Path, *, exact: bool = False
) -> int:
    """Write entries as a CSV file to be corrected, and return how many.

    Its columns are the number of the entry, file, line, reasons, the raw record where it cannot be split into
    cells, then the columns of the files that the entries came from, matched by name.

    Args:
        connection: to read with.
        tables: the ledger.
        filters: which entries.
        output: where to write; the file appears whole or not at all.
        exact: leave cells that a spreadsheet takes for formulas as they are: for programs.

    Raises:
        ConfigurationError: a file has a column of a name that the export needs.
        CannotCreate: the output cannot be made.
        CannotWrite: writing failed.
    """
    layouts = layouts_of(connection, tables, filters)
    headers = [layout.header for layout in layouts.values() if layout is not None]
    names = union(headers)
    taken = [name for name in names if fold(name) in OURS]
    if taken:
        raise ConfigurationError(f"the files have a column {taken[0]!r}, which the export needs for itself")
    ours = OURS if exact else OURS[:-1]
    places = {fold(name): len(ours) + at for at, name in enumerate(names)}
    shown = _as_it_is if exact else without_formula
    head = [*ours, *map(shown, names)]
    with CsvWriter(output, head) as writer:
        entries = find_entries(connection, tables, filters)
        while part := list(islice(entries, _ROWS)):
            rows = [_row(entry, layouts.get((entry.run_id, entry.file)), places, width=len(head)) for entry in part]
            columns = [
                pa.array([None if cell is None else shown(cell) for cell in column], pa.string())
                for column in zip(*rows, strict=True)
            ]
            writer.write(pa.RecordBatch.from_arrays(columns, names=head))
        return writer.rows


def _as_it_is(text: str) -> str:
    return text


def _row(entry: Entry, layout: FileLayout | None, places: dict[str, int], *, width: int) -> list[str | None]:
    cells = split(entry.raw, layout)
    reasons = "; ".join(map(str, entry.reasons))
    line = None if entry.line is None else str(entry.line)
    ours = [str(entry.id), entry.file, line, reasons, entry.raw if cells is None else None, "yes"]
    row: list[str | None] = [*ours[: width - len(places)], *([None] * len(places))]
    if cells is not None and layout is not None:
        for name, cell in zip(layout.header, cells, strict=True):
            row[places[fold(name)]] = cell
    return row
