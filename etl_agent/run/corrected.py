"""The file that came back from a person: which entries it corrects, and to what."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from etl_agent.errors import FileRefused
from etl_agent.extract.dataset import Dataset
from etl_agent.extract.encoding import NARROW
from etl_agent.extract.reader import Rules
from etl_agent.extract.source import sources_of
from etl_agent.extract.spec import Extract
from etl_agent.run.correction import EXACT, FILE, ID, LINE, OURS, RAW
from etl_agent.run.formulas import as_formula
from etl_agent.run.respelling import is_respelled

if TYPE_CHECKING:
    from etl_agent.extract.source import Source
    from etl_agent.rejects import Verdict
    from etl_agent.run.quarantine import Entry

__all__ = ["Correction", "Corrections", "read_corrections"]

_MOST_CELL_BYTES = 8 << 20
_NAMELESS = "_etl_nameless_"
_COUNTED = re.compile(r"([0-9]{1,18})(?:\.0+)?")  # a column of whole numbers with a gap comes back as floats


@dataclass(frozen=True, slots=True)
class Correction:
    """A row of the file.

    Args:
        id: the number of its entry.
        cells: the cells, one a column of the file but for ours.
        raw: the raw record, if there is one.
        file: the file that the row says it came from, if it still does.
        at: the line that the row says it came from, if it still does.
        line: the row's own line in the file of corrections.
    """

    id: int
    cells: tuple[str | None, ...]
    raw: str | None
    file: str | None
    at: str | None
    line: int

    def is_of(self, entry: Entry) -> bool:
        """Tell whether the row still says what its entry says: else its number is not the one that it was given."""
        line = _number(self.at)
        same = not self.file or self.file == entry.file or is_respelled(entry.file, self.file)
        return same and (not self.at or line == entry.line)


@dataclass(frozen=True, slots=True)
class Corrections:
    """A file of corrected rows.

    Args:
        names: its columns but for ours.
        rows: its rows, by the number of the entry.
        exact: whether a program wrote it, which changes nothing that it does not mean to.
        guessed: whether its encoding is a guess, which the letters of a few cells do not bear out.
    """

    names: tuple[str, ...]
    rows: dict[int, Correction]
    exact: bool
    guessed: bool = False


def read_corrections(path: Path, *, scratch: Path, encoding: str | None = None) -> Corrections:
    """Read a file that was exported and corrected; a spreadsheet may have changed delimiter and encoding.

    Args:
        path: the file.
        scratch: a folder for a copy, if it can be read only once.
        encoding: its encoding, if it is known.

    Raises:
        FileRefused: it is no such file, or a line of it is malformed: no row of it may be lost.
        NoInput: there is no such file.
    """
    name = str(path)
    spec = Extract(files=(name,), header=True, preamble=0, max_cell_bytes=_MOST_CELL_BYTES, encoding=encoding)
    rules = Rules(max_cell=_MOST_CELL_BYTES, lines=_MOST_CELL_BYTES)
    sources = sources_of(path, name=name, scratch=scratch)
    spec = _without_end(spec, sources, rules)
    with Dataset(spec, sources, rules=rules, closing=ExitStack()) as dataset:
        if ID not in dataset.names:
            raise FileRefused(
                f"the file has no column {ID}, which says which entry of the quarantine a row corrects",
                where=name,
                next_command="etl-agent quarantine export -o rejected.csv",
            )
        exact = EXACT in dataset.names
        read_as = dataset.files[0].dialect.encoding
        wanted = [
            at for at, column in enumerate(dataset.names) if column not in OURS and not column.startswith(_NAMELESS)
        ]
        names = tuple(_restored(dataset.names[at], exact=exact) for at in wanted)
        rows: dict[int, Correction] = {}
        for verdict in dataset.batches(digest=False):
            for correction in _read(verdict, wanted, exact=exact, where=name):
                if correction.id in rows:
                    raise FileRefused(f"entry {correction.id} stands there twice", where=f"{name}:{correction.line}")
                rows[correction.id] = correction
    return Corrections(names, rows, exact, guessed=read_as.how == "detected" and read_as.name in NARROW)


def _without_end(spec: Extract, sources: Sequence[Source], rules: Rules) -> Extract:
    """Give names of our own to columns behind the last one that has a name: spreadsheets add empty ones."""
    with Dataset(spec.model_copy(update={"header": False}), sources, rules=rules, closing=ExitStack()) as dataset:
        first = next((verdict.kept.data for verdict in dataset.batches(digest=False) if len(verdict.kept)), None)
    header = [] if first is None else [str(column[0].as_py() or "") for column in first.columns]
    named = len(header) - next((at for at, name in enumerate(reversed(header)) if name.strip()), 0)
    if named == len(header):
        return spec
    names = (*header[:named], *(f"{_NAMELESS}{at}" for at in range(named, len(header))))
    return spec.model_copy(update={"names": names})


def _read(verdict: Verdict, wanted: Sequence[int], *, exact: bool, where: str) -> Iterator[Correction]:
    for rejects in verdict.rejects:
        line, reasons = int(rejects.origin.line[0]), rejects.reasons[0].as_py()
        raise FileRefused(f"the line is malformed: {reasons}", where=f"{where}:{line}")
    data = verdict.kept.data
    columns = [
        [None if cell is None else _restored(cell, exact=exact) for cell in column.to_pylist()]
        for column in data.columns
    ]
    named = dict(zip(data.schema.names, columns, strict=True))
    for column, cells in named.items():
        if column.startswith(_NAMELESS) and any(cells):
            line = int(verdict.kept.origin.line[next(at for at, cell in enumerate(cells) if cell)])
            raise FileRefused("a cell stands in a column without a name, so it would be lost", where=f"{where}:{line}")
    nothing = [None] * len(data)
    ids, raws, files, ats = (named.get(name, nothing) for name in (ID, RAW, FILE, LINE))
    cells = zip(*(columns[at] for at in wanted), strict=True) if wanted else [()] * len(data)
    lines = verdict.kept.origin.line.tolist()
    for line, written, raw, file, at, row in zip(lines, ids, raws, files, ats, cells, strict=True):
        number = _number(written)
        if number is not None:
            yield Correction(number, row, raw, file, at, line)
        elif written:
            raise FileRefused(f"{written!r} is no number of an entry", where=f"{where}:{line}: {ID}")
        elif any((*row, raw, file, at)):  # not one of the empty lines that spreadsheets leave at the end
            raise FileRefused(
                "the row has no number, so it corrects no entry, and nothing would keep it from being loaded twice; "
                "rows that are new belong into a file of their own",
                where=f"{where}:{line}: {ID}",
                next_command="etl-agent run PIPELINE.yaml, with the new rows among its files",
            )


def _number(text: str | None) -> int | None:
    found = _COUNTED.fullmatch((text or "").strip())
    return None if found is None else int(found[1])


def _restored(text: str, *, exact: bool) -> str:
    return text if exact else as_formula(text)
