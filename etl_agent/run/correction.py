"""The file in which people correct quarantined rows: written from their entries, and read back."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa

from etl_agent.errors import ConfigurationError, FileRefused
from etl_agent.extract.columns import union
from etl_agent.extract.dataset import Dataset
from etl_agent.extract.reader import Rules
from etl_agent.extract.record import Grammar
from etl_agent.extract.source import sources_of
from etl_agent.extract.spec import Extract, fold
from etl_agent.extract.writer import CsvWriter
from etl_agent.rejects import ReasonCode
from etl_agent.run.quarantine import Entry, Filters, find_entries, layouts_of

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from etl_agent.load.ledger_tables import LedgerTables
    from etl_agent.rejects import Verdict
    from etl_agent.run.result import FileLayout

__all__ = [
    "NOT_TEXT",
    "Correction",
    "Corrections",
    "as_formula",
    "export_entries",
    "read_corrections",
    "split",
    "without_formula",
    "written_cells",
]

ID, FILE, LINE, REASONS, RAW = "_etl_id", "_etl_file", "_etl_line", "_etl_reasons", "_etl_raw"
_OURS = (ID, FILE, LINE, REASONS, RAW)
NOT_TEXT: frozenset[ReasonCode] = frozenset({"encoding-error", "nul-byte"})
"""Reasons of raw records that hold escapes for what no text can hold."""

_ROWS = 5_000
_MOST_CELL_BYTES = 8 << 20

_FORMULA = re.compile(r"'*[=+\-@\t\r\n＝＋－＠]")
_NEUTRAL = re.compile(r"''*[=+\-@\t\r\n＝＋－＠]")


def without_formula(text: str) -> str:
    """Keep a spreadsheet from taking a cell for a formula: put an apostrophe before it; ``as_formula`` takes it off.

    >>> without_formula("=1+1"), without_formula("'=1"), without_formula("'t Hooft")
    ("'=1+1", "''=1", "'t Hooft")

    Source: OWASP, CSV Injection (https://owasp.org/www-community/attacks/CSV_Injection).
    """
    return f"'{text}" if _FORMULA.match(text) else text


def as_formula(text: str) -> str:
    """Take off the apostrophe that ``without_formula`` put before a cell.

    >>> as_formula("'=1+1"), as_formula("'t Hooft"), as_formula("-5")
    ('=1+1', "'t Hooft", '-5')
    """
    return text[1:] if _NEUTRAL.match(text) else text


def written_cells(raw: str, layout: FileLayout) -> list[bytes] | None:
    """Split a raw record into cells as they are written; None where it is no record of its file's width."""
    grammar = Grammar(delimiter=layout.delimiter, quote=layout.quote)
    record = raw.encode("utf-8", "surrogatepass")
    if grammar.structure(record) != "record" or grammar.width(record) != len(layout.header):
        return None
    return grammar.cells(record)


def split(raw: str | None, layout: FileLayout | None) -> tuple[str | None, ...] | None:
    """Split a raw record into cells; None where it is no record of its file's width, or the layout is not known."""
    if raw is None or layout is None or (cells := written_cells(raw, layout)) is None:
        return None
    grammar = Grammar(delimiter=layout.delimiter, quote=layout.quote)
    return tuple(grammar.value(cell) for cell in cells)


def export_entries(connection: Connection, tables: LedgerTables, filters: Filters, output: Path) -> int:
    """Write entries as a CSV file to be corrected, and return how many.

    Its columns are the number of the entry, file, line, reasons, the raw record where it cannot be split into
    cells, then the columns of the files that the entries came from, matched by name.

    Args:
        connection: to read with.
        tables: the ledger.
        filters: which entries.
        output: where to write; the file appears whole or not at all.

    Raises:
        ConfigurationError: a file has a column of a name that the export needs.
        CannotCreate: the output cannot be made.
        CannotWrite: writing failed.
    """
    layouts = layouts_of(connection, tables, filters)
    headers = [layout.header for layout in layouts.values() if layout is not None]
    names = union(headers)
    taken = [name for name in names if fold(name) in _OURS]
    if taken:
        raise ConfigurationError(f"the files have a column {taken[0]!r}, which the export needs for itself")
    places = {fold(name): len(_OURS) + at for at, name in enumerate(names)}
    head = [*_OURS, *(without_formula(name) for name in names)]
    with CsvWriter(output, head) as writer:
        entries = find_entries(connection, tables, filters)
        while part := list(islice(entries, _ROWS)):
            rows = [_row(entry, layouts.get((entry.run_id, entry.file)), places, width=len(head)) for entry in part]
            columns = [pa.array(column, pa.string()) for column in zip(*rows, strict=True)]
            writer.write(pa.RecordBatch.from_arrays(columns, names=head))
        return writer.rows


def _row(entry: Entry, layout: FileLayout | None, places: dict[str, int], *, width: int) -> list[str | None]:
    cells = split(entry.raw, layout)
    reasons = "; ".join(map(str, entry.reasons))
    row: list[str | None] = [None] * width
    line = None if entry.line is None else str(entry.line)
    row[: len(_OURS)] = [str(entry.id), entry.file, line, reasons, entry.raw if cells is None else None]
    if cells is not None and layout is not None:
        for name, cell in zip(layout.header, cells, strict=True):
            row[places[fold(name)]] = cell
    return [None if cell is None else without_formula(cell) for cell in row]


@dataclass(frozen=True, slots=True)
class Correction:
    """A row of the file.

    Args:
        id: the number of its entry.
        cells: the cells, one a column of the file but for ours.
        raw: the raw record, if there is one.
    """

    id: int
    cells: tuple[str | None, ...]
    raw: str | None


@dataclass(frozen=True, slots=True)
class Corrections:
    """A file of corrected rows.

    Args:
        names: its columns but for ours.
        rows: its rows, by the number of the entry.
    """

    names: tuple[str, ...]
    rows: dict[int, Correction]


def read_corrections(path: Path, *, scratch: Path) -> Corrections:
    """Read a file that was exported and corrected; a spreadsheet may have changed delimiter and encoding.

    Args:
        path: the file.
        scratch: a folder for a copy, if it can be read only once.

    Raises:
        FileRefused: it is no such file, or a line of it is malformed: no row of it may be lost.
        NoInput: there is no such file.
    """
    name = str(path)
    spec = Extract(files=(name,), header=True, preamble=0, max_cell_bytes=_MOST_CELL_BYTES)
    rules = Rules(max_cell=_MOST_CELL_BYTES, lines=_MOST_CELL_BYTES)
    with Dataset(spec, sources_of(path, name=name, scratch=scratch), rules=rules, closing=ExitStack()) as dataset:
        if ID not in dataset.names:
            raise FileRefused(
                f"the file has no column {ID}, which says which entry of the quarantine a row corrects",
                where=name,
                next_command=f"etl-agent quarantine export -o {name}",
            )
        wanted = [at for at, column in enumerate(dataset.names) if column not in _OURS]
        names = tuple(as_formula(dataset.names[at]) for at in wanted)
        rows: dict[int, Correction] = {}
        for verdict in dataset.batches(digest=False):
            for line, correction in _read(verdict, wanted, where=name):
                if correction.id in rows:
                    raise FileRefused(f"entry {correction.id} stands there twice", where=f"{name}:{line}")
                rows[correction.id] = correction
    return Corrections(names, rows)


def _read(verdict: Verdict, wanted: Sequence[int], *, where: str) -> Iterator[tuple[int, Correction]]:
    for rejects in verdict.rejects:
        line, reasons = int(rejects.origin.line[0]), rejects.reasons[0].as_py()
        raise FileRefused(f"the line is malformed: {reasons}", where=f"{where}:{line}")
    data = verdict.kept.data
    columns = {name: data.column(at).to_pylist() for at, name in enumerate(data.schema.names) if name in (ID, RAW)}
    cells = zip(*(data.column(at).to_pylist() for at in wanted), strict=True) if wanted else [()] * len(data)
    raws = columns.get(RAW, [None] * len(data))
    lines = verdict.kept.origin.line.tolist()
    for line, number, raw, row in zip(lines, columns[ID], raws, cells, strict=True):
        if number is None or not re.fullmatch(r"[0-9]{1,18}", number.strip()):
            raise FileRefused(f"{number!r} is no number of an entry", where=f"{where}:{line}: {ID}")
        plain = tuple(None if cell is None else as_formula(cell) for cell in row)
        yield line, Correction(int(number), plain, None if raw is None else as_formula(raw))
