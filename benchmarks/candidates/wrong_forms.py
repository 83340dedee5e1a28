"""Wrong steps that misread a format, or take rows and columns away."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from datetime import date

from benchmarks.candidates.case import Case, Subject, with_cells
from benchmarks.candidates.columns import dates_of, named, numbers_of, worded
from benchmarks.candidates.right import european
from benchmarks.candidates.wrong import Maker
from etl_agent.clean.booleans import Booleans
from etl_agent.clean.columns import Drop
from etl_agent.clean.dates import Dates
from etl_agent.clean.duplicates import Deduplicate
from etl_agent.clean.filter import Condition, Filter, QuarantineWhere
from etl_agent.clean.identifiers import Pad
from etl_agent.clean.numbers import Numbers
from etl_agent.clean.outliers import QuarantineRange
from etl_agent.clean.step import Step
from etl_agent.clean.text import Case as LetterCase
from etl_agent.clean.units import Units

__all__ = ["WRONG_FORMS"]

_COLUMNS = 4


def _case(subject: Subject, kind: str, sort: str, step: Step) -> Case:
    return Case(kind, sort, step, subject.dirty, subject.clean)  # type: ignore[arg-type]


def _some(subject: Subject, names: list[str], purpose: str) -> list[str]:
    return subject.random(purpose).sample(names, min(_COLUMNS, len(names)))


def _date_order(subject: Subject) -> Iterator[Case]:
    """Read day and month the wrong way round, where some cells prove otherwise and where none does."""
    for name in subject.names:
        days = dates_of(subject, name)
        if days is None:
            continue
        early = [day if day and int(day[8:]) <= 12 else None for day in days]
        for kind, held in (("wrong date order, proven", days), ("wrong date order, unproven", early)):
            for written, read in (("%d/%m/%Y", "%m/%d/%Y"), ("%m/%d/%Y", "%d/%m/%Y"), ("%d.%m.%Y", "%m.%d.%Y")):
                cells = [date.fromisoformat(day).strftime(written) if day else None for day in held]
                # Harm is counted against the cells as they stand: what is not read stays readable.
                meant = [
                    day if day and cell and cell[:2] != cell[3:5] and max(int(cell[:2]), int(cell[3:5])) <= 12 else cell
                    for day, cell in zip(held, cells, strict=True)
                ]
                dirty = with_cells(subject.clean, name, cells)
                truth = with_cells(subject.clean, name, cells)
                if meant != cells:
                    yield Case(kind, "format", Dates(columns=(name,), formats=(read,)), dirty, truth)


def _decimal_marks(subject: Subject) -> Iterator[Case]:
    for name in _some(subject, [name for name in subject.names if numbers_of(subject, name)], "wrong marks"):
        point = Numbers(columns=(name,), decimal_mark=".", thousands_mark=",", currency=())
        comma = Numbers(columns=(name,), decimal_mark=",", thousands_mark=".", currency=())
        yield _case(subject, "wrong decimal mark", "format", comma)
        cells = [european(cell) if cell and _plain(cell) else cell for cell in subject.cells(name)]
        dirty = with_cells(subject.clean, name, cells)
        yield Case("wrong decimal mark", "format", point, dirty, dirty)
        thousandths = [_rounded(cell) if cell and _plain(cell) else cell for cell in subject.cells(name)]
        dirty = with_cells(subject.clean, name, thousandths)
        yield Case("decimal mark, unproven", "format", comma, dirty, dirty)


def _plain(cell: str) -> bool:
    return re.fullmatch(r"-?\d+(\.\d+)?", cell) is not None


def _rounded(cell: str) -> str | None:
    return f"{float(cell):.3f}"


def _case_of_letters(subject: Subject) -> Iterator[Case]:
    """Write a column in another case than its own."""
    lettered = [
        name for name in named(subject) if any(cell and re.search("[A-Za-z]", cell) for cell in subject.cells(name))
    ]
    for name in _some(subject, lettered, "wrong case"):
        for style in ("lower", "upper", "title"):
            yield _case(subject, "case folded", "format", LetterCase(columns=(name,), to=style))  # type: ignore[arg-type]


def _widths(subject: Subject) -> Iterator[Case]:
    """Pad identifiers and numbers to a width that is not theirs."""
    digits = [name for name in named(subject) if any(cell and cell.isdigit() for cell in subject.cells(name))]
    for name in _some(subject, digits, "widths"):
        longest = max(len(cell) for cell in subject.cells(name) if cell and cell.isdigit())
        for width in {longest, longest + 2}:
            yield _case(subject, "padded", "value", Pad(columns=(name,), width=width))


def _units(subject: Subject) -> Iterator[Case]:
    """Take away units that differ, or take numbers for another unit."""
    for name in _some(subject, [name for name in subject.names if numbers_of(subject, name)], "wrong units"):
        cells = subject.cells(name)
        if not all(cell is None or _plain(cell) for cell in cells):
            continue
        random = subject.random(f"wrong units {name}")
        for other, factor in (("g", 1000.0), ("lb", 2.2046)):
            mixed = [
                cell and (f"{float(cell) * factor:.4f} {other}" if random.random() < 0.4 else f"{cell} kg")
                for cell in cells
            ]
            dirty = with_cells(subject.clean, name, mixed)
            step = Numbers(columns=(name,), decimal_mark=".", thousands_mark="none", currency=(), units=("kg", other))
            yield Case("units that differ taken away", "format", step, dirty, dirty)
        for bare, to in (("lb", "kg"), ("g", "kg"), ("kg", "g")):
            yield _case(subject, "wrong unit", "value", Units(columns=(name,), to=to, bare=bare))


def _truths(subject: Subject) -> Iterator[Case]:
    """Take truth values for their opposites, and other values for truth values."""
    for name, counts in worded(subject):
        if {value.lower() for value in counts} in ({"yes", "no"}, {"y", "n"}, {"true", "false"}, {"t", "f"}):
            true, false = ("yes", "y", "true", "t"), ("no", "n", "false", "f")
            yield _case(subject, "truth turned round", "format", Booleans(columns=(name,), true=false, false=true))
    for name in named(subject):
        held = {cell for cell in subject.cells(name) if cell}
        if {"0", "1"} <= held and len(held) > 3:
            yield _case(subject, "numbers as truth", "format", Booleans(columns=(name,)))


def _rows(subject: Subject) -> Iterator[Case]:
    """Take good rows out."""
    for name in _some(subject, list(named(subject)), "wrong rows"):
        counts = Counter(cell for cell in subject.cells(name) if cell)
        most, least = counts.most_common(1)[0][0], min(sorted(counts), key=counts.__getitem__)
        for value in {most, least}:
            yield _case(subject, "good rows removed", "remove", Filter(drop=(Condition(column=name, **{"is": value}),)))
        yield _case(subject, "good rows removed", "remove", QuarantineWhere(where=(Condition(column=name, null=True),)))
        if len(counts) < sum(counts.values()):
            yield _case(subject, "rows with one key removed", "remove", Deduplicate(columns=(name,)))
    for name in subject.names:
        if numbers_of(subject, name):
            held = sorted(float(cell) for cell in subject.cells(name) if cell and _plain(cell))
            top = f"{held[-1 - len(held) // 50]:f}"
            yield _case(subject, "good rows removed", "remove", QuarantineRange(columns=(name,), max=top))


def _columns(subject: Subject) -> Iterator[Case]:
    for name in _some(subject, list(named(subject)), "dropped"):
        cells = subject.clean.column(name)
        copied = any(other != name and cells.equals(subject.clean.column(other)) for other in subject.names)
        if len({*subject.cells(name)}) > 2 and not copied:
            yield _case(subject, "column dropped", "remove", Drop(columns=(name,)))


WRONG_FORMS: tuple[Maker, ...] = (
    _date_order,
    _decimal_marks,
    _case_of_letters,
    _widths,
    _units,
    _truths,
    _rows,
    _columns,
)
"""Every maker of wrong steps that misread a format, or remove."""
