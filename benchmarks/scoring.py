"""Score a repaired CSV file against the truth, by the published convention: exactly, and by what the cells mean."""

from __future__ import annotations

import csv
import json
import re
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

import numpy as np

from etl_agent.decide.score import Tally, tally

__all__ = ["Scores", "meaning", "read", "score_by", "score_files"]

csv.field_size_limit(1 << 30)

_NULLS = frozenset(
    ("", "na", "n/a", "nan", "null", "none", "nil", "-", "--", "?", "empty", "missing", "not available", "unknown")
)
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_NUMBER = re.compile(r"[+-]?(?:\d{1,3}(?:,\d{3})+|\d+)?(?:\.\d*)?(?:e[+-]?\d+)?")
_CODE = re.compile(r"[+-]?0\d")
_YEAR_FIRST = re.compile(r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})(?:[t ](\d{1,2}):(\d{2})(?::\d{2}(?:\.\d+)?)?z?)?")
_YEAR_LAST = re.compile(r"(\d{1,2})[-/.](\d{1,2})[-/.](\d{4}|\d{2})")
_MONTH_NAMED = re.compile(r"(\d{1,2})[ -]([a-z]{3})[a-z]*[ ,-]+(\d{4})")
_CLOCK = re.compile(r"(\d{1,2}):(\d{2})(?::(\d{2}))?\s*(?:([ap])\.?m\.?)?")


@dataclass(frozen=True, slots=True)
class Scores:
    """What became of a table.

    Args:
        exact: by cells that differ by any character.
        semantic: by cells that mean something else: null spellings, case, blanks and the way in which numbers,
            dates and times are written do not count.
        kinds: the wrong cells of each kind of error, exactly, where the table says what was done to them.
    """

    exact: Tally
    semantic: Tally
    kinds: Mapping[str, Tally] = field(default_factory=dict)

    def __add__(self, other: Scores) -> Scores:
        """Pool the cells of both."""
        every = dict.fromkeys((*self.kinds, *other.kinds))
        kinds = {kind: self.kinds.get(kind, Tally()) + other.kinds.get(kind, Tally()) for kind in every}
        return Scores(self.exact + other.exact, self.semantic + other.semantic, kinds)


def read(path: Path) -> tuple[list[str], list[list[str]]]:
    """Read the header and the rows of a CSV file; a cell without a value is the empty text."""
    with path.open(newline="", encoding="utf-8-sig", errors="replace") as file:
        lines = csv.reader(file)
        header = next(lines)
        # In a file of one column a line without anything is a row without a value.
        return header, [row or [""] for row in lines if row or len(header) == 1]


def score_files(folder: Path, repaired: Path) -> Scores:
    """Score a repaired file against the folder's dirty.csv and clean.csv; cells that its mask.csv marks do not count.

    Where the folder has a kinds.csv (row, column, kind of error), the wrong cells are counted by kind too.

    Raises:
        ValueError: the repaired file has other columns or another number of rows.
    """
    names, dirty = read(folder / "dirty.csv")
    _, clean = read(folder / "clean.csv")
    header, now = read(repaired)
    if header != names or len(now) != len(dirty):
        raise ValueError(
            f"{len(now)} rows of {len(header)} columns instead of {len(dirty)} rows of {len(names)} columns"
        )
    mask = read(folder / "mask.csv")[1] if (folder / "mask.csv").exists() else None
    counted = (
        np.array([[cell != "1" for cell in row] for row in mask]) if mask else np.ones((len(dirty), len(names)), bool)
    )
    kinds = _kinds(folder)
    exact = semantic = Tally()
    by_kind: dict[str, Tally] = {}
    for place, name in enumerate(names):
        columns = [[row[place] for row in table] for table in (dirty, now, clean)]
        exact += _tally(*columns, rows=np.flatnonzero(counted[:, place]))
        semantic += _tally(*([*map(meaning, column)] for column in columns), rows=np.flatnonzero(counted[:, place]))
        for kind, rows in kinds.get(name, {}).items():
            by_kind[kind] = by_kind.get(kind, Tally()) + _tally(*columns, rows=np.array(rows))
    return Scores(exact, semantic, by_kind)


def _kinds(folder: Path) -> dict[str, dict[str, list[int]]]:
    """Return the rows of the errors of each kind by column."""
    kinds: dict[str, dict[str, list[int]]] = {}
    if (folder / "kinds.csv").exists():
        for row, column, kind in read(folder / "kinds.csv")[1]:
            kinds.setdefault(column, {}).setdefault(kind, []).append(int(row))
    return kinds


def _tally(dirty: Sequence[str], now: Sequence[str], clean: Sequence[str], *, rows: np.ndarray) -> Tally:
    def differ(one: Sequence[str], other: Sequence[str]) -> np.ndarray:
        return np.fromiter((a != b for a, b in zip(one, other, strict=True)), bool, len(one))[rows]

    return tally(wrong=differ(dirty, clean), changed=differ(now, dirty), good=~differ(now, clean))


def score_by(program: Path, folder: Path, repaired: Path) -> Scores:
    """Let another program score, which is called ``PROGRAM dirty clean repaired --json [--mask FILE]``."""
    command = [sys.executable, str(program), *(str(folder / name) for name in ("dirty.csv", "clean.csv"))]
    command += [str(repaired), "--json"]
    if (folder / "mask.csv").exists():
        command += ["--mask", str(folder / "mask.csv")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise ValueError(done.stderr.strip())
    told = json.loads(done.stdout)

    def counts(of: dict[str, float]) -> Tally:
        right = round(of["rep"][1] * of["errors"]) if of["errors"] else 0
        return Tally(of["cells"], of["errors"], of["changed"], right, of["damaged"])

    return Scores(counts(told["exact"]), counts(told["semantic"]))


@lru_cache(maxsize=500_000)
def meaning(cell: str) -> str:
    """Return what two cells have in common if they mean the same.

    >>> meaning(" N/A") == meaning(""), meaning("1,200.50") == meaning("1200.5"), meaning("007") == meaning("7")
    (True, True, False)
    >>> meaning("3:05 p.m.") == meaning("15:05"), meaning("2/1/99") == meaning("1999-02-01")
    (True, True)
    """
    text = " ".join(cell.split()).casefold()
    if text in _NULLS:
        return ""
    if text and any(sign.isdigit() for sign in text):
        for reading in _READINGS:
            if (read := reading(text)) is not None:
                return read
    return text.rstrip(".,; ")


def _number(text: str) -> str | None:
    bare = text.lstrip("$€£").strip()
    if not bare.isascii() or not _NUMBER.fullmatch(bare) or _CODE.match(bare):
        return None
    try:
        return f"number {float(bare.replace(',', '')):.12g}"
    except ValueError:
        return None


def _date(text: str) -> str | None:
    if found := _YEAR_FIRST.fullmatch(text):
        year, month, day = found[1], int(found[2]), int(found[3])
        hour, minute = int(found[4] or 0), int(found[5] or 0)
        return f"date {year}-{month:02d}-{day:02d}" + (f" {hour:02d}:{minute:02d}" if hour or minute else "")
    if found := _YEAR_LAST.fullmatch(text):
        first, second, year = int(found[1]), int(found[2]), found[3]
        if first > 12 >= second:
            first, second = second, first
        year = year if len(year) == 4 else ("20" if int(year) < 50 else "19") + year
        return f"date {year}-{first:02d}-{second:02d}"
    if (found := _MONTH_NAMED.fullmatch(text)) and found[2] in _MONTHS:
        return f"date {found[3]}-{_MONTHS.index(found[2]) + 1:02d}-{int(found[1]):02d}"
    return None


def _clock(text: str) -> str | None:
    if not (found := _CLOCK.fullmatch(text)):
        return None
    hour = int(found[1])
    if found[4]:
        hour = hour % 12 + 12 * (found[4] == "p")
    return f"time {hour:02d}:{found[2]}:{found[3] or '00'}"


_READINGS: tuple[Callable[[str], str | None], ...] = (_number, _date, _clock)
