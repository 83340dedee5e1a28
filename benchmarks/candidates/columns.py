"""What the columns of a true table are like: which have dates, numbers, names, dependencies."""

from __future__ import annotations

import itertools
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import datetime
from random import Random

import numpy as np

from benchmarks.candidates.case import Subject
from etl_agent.decide.gate.amounts import NUMBER

__all__ = ["dates_of", "dependencies", "majority", "named", "numbers_of", "slipped", "slips_into", "worded", "words_of"]

_FORMATS = ("%Y-%m-%d", "%m/%d/%Y", "%Y/%m/%d", "%d.%m.%Y")


def dates_of(subject: Subject, name: str) -> list[str | None] | None:
    """Return the cells of a column of dates as 2025-04-03, null where there is none; None if it has few dates.

    A column in one of several formats counts where the format reads all of its cells.
    """
    cells = subject.cells(name)
    held = [cell[:10] for cell in cells if cell]
    if len(set(held)) < 10:
        return None
    for form in _FORMATS:
        try:
            return [datetime.strptime(cell[:10], form).strftime("%Y-%m-%d") if cell else None for cell in cells]
        except ValueError:
            continue
    return None


def numbers_of(subject: Subject, name: str) -> list[str | None] | None:
    """Return the cells of a column of numbers with fractions; None if it is none."""
    cells = subject.cells(name)
    held = [cell for cell in cells if cell]
    plain = [cell for cell in held if NUMBER.fullmatch(cell) and not (cell[:1] == "0" and cell[1:2].isdigit())]
    if len(set(plain)) < 8 or len(plain) < 0.95 * len(held) or sum("." in cell for cell in plain) < 0.3 * len(plain):
        return None
    return cells


def worded(subject: Subject, *, least: int = 2) -> Iterator[tuple[str, Counter[str]]]:
    """Yield the columns whose values are words that repeat, with the rows of each value."""
    for name in subject.names:
        counts = Counter(cell for cell in subject.cells(name) if cell)
        rows = sum(counts.values())
        lettered = sum(rows for value, rows in counts.items() if sum(map(str.isalpha, value)) >= 3)
        if least <= len(counts) <= 0.5 * rows and lettered >= 0.7 * rows:
            yield name, counts


def named(subject: Subject) -> Iterator[str]:
    """Yield the columns that have values."""
    yield from (name for name in subject.names if subject.clean.column(name).null_count < subject.clean.num_rows)


def words_of(subject: Subject, name: str) -> Counter[str]:
    """Count the words of a column by the different values that they stand in; none where values are single words."""
    values = {cell for cell in subject.cells(name) if cell}
    if sum(" " in value for value in values) < 0.5 * len(values) or len(values) < 50:
        return Counter()
    return Counter(word for value in values for word in set(value.split()))


def slipped(value: str, random: Random) -> str:
    """Return a value with one slip of the pen: a letter left out, put in, changed, or two exchanged."""
    places = [place for place, sign in enumerate(value) if sign.isalpha()]
    place = random.choice(places)
    letter = random.choice("abcdefghijklmnopqrstuvwxyz")
    letter = letter.upper() if value[place].isupper() else letter
    slip = random.choice(("drop", "add", "change", "swap"))
    if slip == "drop":
        return value[:place] + value[place + 1 :]
    if slip == "add":
        return value[:place] + letter + value[place:]
    if slip == "swap" and place + 1 < len(value) and value[place + 1] != value[place]:
        return value[:place] + value[place + 1] + value[place] + value[place + 2 :]
    return value[:place] + letter + value[place + 1 :]


def slips_into(subject: Subject, name: str, counts: Counter[str], *, share: float, random: Random) -> list[str | None]:
    """Return the cells of a column with slips in some of those whose value is frequent."""
    cells = subject.cells(name)
    may = [row for row, cell in enumerate(cells) if cell and counts[cell] >= 5 and sum(map(str.isalpha, cell)) >= 4]
    for row in random.sample(may, min(len(may), max(1, round(share * counts.total())))):
        changed = slipped(cells[row] or "", random)
        if changed and changed not in counts:
            cells[row] = changed
    return cells


def dependencies(subject: Subject) -> Iterator[tuple[str, str, float]]:
    """Yield pairs of columns and how far the first determines the second: the share of rows with the majority's value.

    Only columns that can be put right this way: groups of three rows and more, and a second column that varies.
    """
    for given, column in itertools.permutations(subject.names, 2):
        left, right = subject.coded.columns[given], subject.coded.columns[column]
        both = (left.codes >= 0) & (right.codes >= 0)
        rows = int(both.sum())
        if rows < 40 or len(left.values) > rows / 3 or len(right.values) < 3 or right.counts.max() > 0.8 * rows:
            continue
        keys, counts = np.unique(left.codes[both] * len(right.values) + right.codes[both], return_counts=True)
        most = np.zeros(len(left.values), np.int64)
        np.maximum.at(most, keys // len(right.values), counts)
        yield given, column, float(most.sum() / rows)


def majority(given: list[str | None], column: list[str | None], *, least: int = 2) -> dict[str, str]:
    """Return for each value of a column the value of another that most of its rows have."""
    groups: dict[str, Counter[str]] = defaultdict(Counter)
    for key, value in zip(given, column, strict=True):
        if key is not None and value is not None:
            groups[key][value] += 1
    return {key: max(sorted(held), key=held.__getitem__) for key, held in groups.items() if held.total() >= least}
