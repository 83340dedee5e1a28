"""Right steps: each undoes errors that were put in."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import date

import numpy as np
import pyarrow as pa

from benchmarks.candidates.case import Case, Dependent, Subject, with_cells
from benchmarks.candidates.columns import (
    dates_of,
    dependencies,
    majority,
    named,
    numbers_of,
    slipped,
    slips_into,
    worded,
    words_of,
)
from etl_agent.clean.booleans import Booleans
from etl_agent.clean.categories import MapValues
from etl_agent.clean.dates import Dates
from etl_agent.clean.duplicates import Deduplicate
from etl_agent.clean.identifiers import Pad
from etl_agent.clean.missing import NullMarkers
from etl_agent.clean.numbers import Numbers
from etl_agent.clean.step import Step
from etl_agent.clean.text import Case as LetterCase
from etl_agent.clean.text import CollapseBlanks, Strip

__all__ = ["RIGHT", "european"]

Maker = Callable[[Subject], Iterator[Case]]

_COLUMNS = 4  # columns of a table that a kind of step is tried on


def _some(subject: Subject, names: list[str], purpose: str) -> list[str]:
    return subject.random(purpose).sample(names, min(_COLUMNS, len(names)))


def _undone(subject: Subject, kind: str, sort: str, step: Step, name: str, cells: list[str | None]) -> Case:
    """Make the case in which a step undoes what was done to the cells of one column of the true table."""
    return Case(kind, sort, step, with_cells(subject.clean, name, cells), subject.clean)  # type: ignore[arg-type]


def _slips(subject: Subject) -> Iterator[Case]:
    counts = dict(worded(subject))
    for name in _some(subject, list(counts), "slips"):
        for share in (0.005, 0.03):
            random = subject.random(f"slips {name} {share}")
            cells = slips_into(subject, name, counts[name], share=share, random=random)
            true = subject.cells(name)
            back: dict[str, str | None] = {
                str(cell): meant for cell, meant in zip(cells, true, strict=True) if cell != meant
            }
            if back:
                yield _undone(subject, "typo map", "value", MapValues(columns=(name,), values=back), name, cells)
                one = random.choice(sorted(back))
                step = MapValues(columns=(name,), values={one: back[one]})
                yield _undone(subject, "one typo", "value", step, name, cells)


def _words(subject: Subject) -> Iterator[Case]:
    """Put slips into words that are frequent in values of several words, and write those values as they were."""
    many = {name: counts for name in named(subject) if (counts := words_of(subject, name))}
    for name in _some(subject, sorted(many), "words"):
        random = subject.random(f"words {name}")
        back: dict[str, str | None] = {}
        cells = subject.cells(name)
        for row in random.sample(range(len(cells)), max(2, len(cells) // 50)):
            usual = [word for word in (cells[row] or "").split() if many[name][word] >= 10 and len(word) >= 5]
            if usual and all(map(str.isalpha, usual)):
                word = random.choice(usual)
                wrong = str(cells[row]).replace(word, slipped(word, random), 1)
                if wrong not in cells:
                    back[wrong], cells[row] = cells[row], wrong
        if back:
            yield _undone(subject, "slips in words", "value", MapValues(columns=(name,), values=back), name, cells)


def _dependencies(subject: Subject) -> Iterator[Case]:
    """Put other values into a column that another one determines, and write those that belong there."""
    pairs = [(given, column) for given, column, share in dependencies(subject) if share == 1]
    for given, column in subject.random("dependencies").sample(pairs, min(_COLUMNS, len(pairs))):
        values = majority(subject.cells(given), subject.cells(column))
        for kind, share in (("other values", 0.01), ("other values", 0.05), ("nulls", 0.05)):
            random = subject.random(f"dependency {given} {column} {kind} {share}")
            cells = subject.cells(column)
            pool = sorted({cell for cell in cells if cell})
            groups = Counter(subject.cells(given))
            may = [
                row
                for row, (key, cell) in enumerate(zip(subject.cells(given), cells, strict=True))
                if key and cell and groups[key] >= 4
            ]
            for row in random.sample(may, min(len(may), max(1, round(share * len(cells))))):
                cells[row] = None if kind == "nulls" else random.choice([v for v in pool if v != cells[row]])
            fill = kind == "nulls"
            step = Dependent(given=(given,), column=column, values=values, nulls_only=fill)
            name = "fill by dependency" if fill else "true dependency"
            yield _undone(subject, name, "fill" if fill else "value", step, column, cells)


def _dates(subject: Subject) -> Iterator[Case]:
    for name in subject.names:
        days = dates_of(subject, name)
        if days is None or not any(day and int(day[8:]) > 12 for day in days):
            continue
        truth = with_cells(subject.clean, name, days)
        for form in ("%d/%m/%Y", "%m/%d/%Y", "%d.%m.%Y"):
            cells = [date.fromisoformat(day).strftime(form) if day else None for day in days]
            step = Dates(columns=(name,), formats=(form,))
            yield Case("date order", "format", step, with_cells(subject.clean, name, cells), truth)


def european(number: str) -> str:
    """Write a number as 1.234,5."""
    whole, _, fraction = number.removeprefix("-").partition(".")
    whole = f"{int(whole):,}".replace(",", ".") if whole else whole
    return ("-" if number[0] == "-" else "") + whole + (f",{fraction}" if fraction else "")


def _decimal_marks(subject: Subject) -> Iterator[Case]:
    for name in _some(subject, [name for name in subject.names if numbers_of(subject, name)], "marks"):
        cells = subject.cells(name)
        continental = [european(cell) if cell and _plain(cell) else cell for cell in cells]
        step = Numbers(columns=(name,), decimal_mark=",", thousands_mark=".", currency=())
        yield _undone(subject, "decimal mark", "format", step, name, continental)
        dollars = [f"${_english(cell)}" if cell and _plain(cell) else cell for cell in cells]
        marked = Numbers(columns=(name,), decimal_mark=".", thousands_mark=",", currency=("$",))
        yield _undone(subject, "currency and groups", "format", marked, name, dollars)


def _plain(cell: str) -> bool:
    return cell.removeprefix("-").replace(".", "", 1).isdigit()


def _english(cell: str) -> str:
    whole, point, fraction = cell.removeprefix("-").partition(".")
    return ("-" if cell[0] == "-" else "") + f"{int(whole or 0):,}" + point + fraction


def _markers(subject: Subject) -> Iterator[Case]:
    """Write a null marker for the nulls of a column, and take it away again."""
    with_nulls = [name for name in named(subject) if subject.clean.column(name).null_count]
    for name in _some(subject, with_nulls, "markers"):
        for marker in ("N/A", "-", "NULL", "unknown", "NA"):
            cells = subject.cells(name)
            if marker not in cells:
                marked = [marker if cell is None else cell for cell in cells]
                step = NullMarkers(columns=(name,), markers=(marker,))
                yield _undone(subject, "null marker", "null", step, name, marked)


def _blanks(subject: Subject) -> Iterator[Case]:
    for name in _some(subject, list(named(subject)), "blanks"):
        random = subject.random(f"blanks {name}")
        cells = subject.cells(name)
        if any(cell and cell != cell.strip() for cell in cells):
            continue
        padded = [f" {cell} " if cell and random.random() < 0.05 else cell for cell in cells]
        yield _undone(subject, "strip", "format", Strip(columns=(name,)), name, padded)
        if any(cell and " " in cell for cell in cells) and not any(cell and "  " in cell for cell in cells):
            spread = [cell.replace(" ", "  ") if cell and random.random() < 0.05 else cell for cell in cells]
            yield _undone(subject, "blanks", "format", CollapseBlanks(columns=(name,)), name, spread)


def _case(subject: Subject) -> Iterator[Case]:
    counts = dict(worded(subject))
    for name in _some(subject, list(counts), "case"):
        random = subject.random(f"case {name}")
        cells = subject.cells(name)
        changed = [cell.swapcase() if cell and random.random() < 0.05 else cell for cell in cells]
        values = tuple(sorted(counts[name]))
        if len({value.casefold() for value in values}) == len(values) <= 500:
            back = {value.swapcase(): value for value in values if value.swapcase() != value}
            step = MapValues(columns=(name,), values=back)  # type: ignore[arg-type]  # text is a value of a cell
            yield _undone(subject, "spelling", "format", step, name, changed)
        for style, written in (("upper", str.upper), ("lower", str.lower)):
            if all(cell is None or written(cell) == cell for cell in cells):
                yield _undone(subject, "case", "format", LetterCase(columns=(name,), to=style), name, changed)  # type: ignore[arg-type]


def _padding(subject: Subject) -> Iterator[Case]:
    """Strip the leading zeros of some codes of one width, as spreadsheets do, and pad them again."""
    for name in named(subject):
        cells = subject.cells(name)
        held = [cell for cell in cells if cell]
        widths = {len(cell) for cell in held}
        if len(widths) != 1 or not all(map(str.isdigit, held)) or sum(cell[0] == "0" for cell in held) < 10:
            continue
        random = subject.random(f"padding {name}")
        bare = [cell.lstrip("0") if cell and cell.strip("0") and random.random() < 0.3 else cell for cell in cells]
        yield _undone(subject, "padding", "format", Pad(columns=(name,), width=widths.pop()), name, bare)


def _units(subject: Subject) -> Iterator[Case]:
    for name in _some(subject, [name for name in subject.names if numbers_of(subject, name)], "units"):
        cells = subject.cells(name)
        if not all(cell is None or _plain(cell) for cell in cells):
            continue
        for share in (1.0, 0.3):
            random = subject.random(f"units {name} {share}")
            weighed = [f"{cell} kg" if cell and random.random() < share else cell for cell in cells]
            step = Numbers(columns=(name,), decimal_mark=".", thousands_mark="none", currency=(), units=("kg",))
            yield _undone(subject, "unit", "format", step, name, weighed)


def _truths(subject: Subject) -> Iterator[Case]:
    for name, counts in worded(subject, least=2):
        if len(counts) != 2:
            continue
        first, second = sorted(counts)
        truth = [{first: "false", second: "true"}.get(cell or "") for cell in subject.cells(name)]
        for words in (("no", "yes"), ("N", "Y"), ("0", "1")):
            cells = [{"false": words[0], "true": words[1]}.get(cell or "") for cell in truth]
            dirty = with_cells(subject.clean, name, cells)
            yield Case(
                "truth words", "format", Booleans(columns=(name,)), dirty, with_cells(subject.clean, name, truth)
            )


def _duplicates(subject: Subject) -> Iterator[Case]:
    """Copy some rows of a table that tells its rows apart."""
    coded = subject.coded
    if subject.clean.num_rows > len(np.unique(coded.joint(subject.names))):
        return
    if not any(len(column.values) == subject.clean.num_rows for column in coded.columns.values()):
        return
    for share in (0.01, 0.1):
        random = subject.random(f"duplicates {share}")
        rows = list(range(subject.clean.num_rows))
        copies = sorted(random.sample(rows, max(1, round(share * len(rows)))))
        order = sorted(
            [*[(row, 0) for row in rows], *[(min(row + random.randint(0, 40), len(rows)), 1, row) for row in copies]]
        )
        places = pa.array([entry[2] if entry[1] else entry[0] for entry in order])
        extra = np.array([entry[1] == 1 for entry in order])
        data = subject.clean.take(places)
        yield Case("duplicates", "remove", Deduplicate(), data, data, extra)


RIGHT: tuple[Maker, ...] = (
    _slips,
    _words,
    _dependencies,
    _dates,
    _decimal_marks,
    _markers,
    _blanks,
    _case,
    _padding,
    _units,
    _truths,
    _duplicates,
)
"""Every maker of right steps."""
