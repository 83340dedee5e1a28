"""The encoding of a file that came back from a spreadsheet, told by the cells that it was exported with."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from etl_agent.errors import FileRefused
from etl_agent.extract.encoding import NARROW
from etl_agent.run.corrected import read_corrections
from etl_agent.run.correction import split
from etl_agent.run.reading import open_scratch
from etl_agent.run.respelling import is_respelled

if TYPE_CHECKING:
    from etl_agent.run.corrected import Corrections
    from etl_agent.run.quarantine import Entry
    from etl_agent.run.result import FileLayout

__all__ = ["in_its_encoding"]

Known = Mapping[int, frozenset[str]]


def in_its_encoding(
    corrections: Corrections,
    entries: Iterable[Entry],
    layouts: Mapping[tuple[int, str], FileLayout | None],
    *,
    path: Path,
) -> Corrections:
    """Return the corrections as they were meant, where neither a byte order mark nor UTF-8 says in what encoding.

    A few letters are too little for a guess by frequency, and a wrong one would change cells that nobody touched. But
    most cells are known: the encoding is one that brings them back. Where several do, and make different texts of what
    a person wrote, the file is refused.

    Args:
        corrections: the file, read in an encoding that was guessed.
        entries: the entries that it corrects.
        layouts: how the files of the entries were read.
        path: the file.

    Raises:
        FileRefused: its encoding cannot be told.
    """
    if not corrections.guessed:
        return corrections
    known = {entry.id: _signs_of(entry, layouts.get((entry.run_id, entry.file))) for entry in entries}
    readings = list(_readings(path))
    best = max((_brought_back(reading, known) for reading in readings), default=0)
    found = [reading for reading in readings if _brought_back(reading, known) == best]
    if any(reading.rows != found[0].rows for reading in found) or not found:
        raise FileRefused(
            "its encoding cannot be told: it is not UTF-8, and its letters can be read in several ways",
            where=str(path),
            next_command="save it as 'CSV UTF-8' and replay that",
        )
    return found[0]


def _readings(path: Path) -> Iterable[Corrections]:
    with open_scratch() as scratch:
        for encoding in NARROW:
            try:
                yield read_corrections(path, scratch=scratch, encoding=encoding)
            except FileRefused:  # bytes that this one does not have, or a cell that it ends at another place
                continue


def _signs_of(entry: Entry, layout: FileLayout | None) -> frozenset[str]:
    """Return the texts of an entry that an encoding makes a difference to."""
    cells = split(entry.raw, layout) or (entry.raw,)
    return frozenset(cell for cell in (*cells, entry.file) if cell is not None and not cell.isascii())


def _brought_back(corrections: Corrections, known: Known) -> int:
    """Count the cells that hold what was exported, or what is left of it in an encoding that lacks signs."""
    return sum(
        any(cell == was or is_respelled(was, cell) for was in known.get(number, ()))
        for number, row in corrections.rows.items()
        for cell in (*row.cells, row.raw, row.file)
        if cell is not None and not cell.isascii()
    )
