"""The shapes of a column's values: runs of digits and letters of known lengths, between fixed signs."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from functools import cached_property

from etl_agent.frozen import Frozen

__all__ = ["LONGEST", "Shape", "Slot", "matcher", "shapes_of"]

LONGEST = 64
"""Characters of the longest value that has a shape; longer ones are prose."""

_FINE = re.compile(r"(?P<digit>[0-9]+)|(?P<capital>[A-Z]+)|(?P<small>[a-z]+)|(?P<sign>.)", re.DOTALL)
_COARSE = re.compile(r"(?P<mixed>[0-9A-Za-z]+)|(?P<sign>.)", re.DOTALL)
_SIGNS = {"digit": "0-9", "capital": "A-Z", "small": "a-z"}

_LEAST_ROWS = 10  # of a shape: below it, one error in ten could still hide a second form
_LEAST_SHARE = 0.05  # of the rows of a column; the places and kinds of slips are many, so none of them reaches it
_COVERED = 0.6  # rows that the shapes must explain, or the column has none
_FIXED = 0.9  # rows of a shape whose run has one length: that leaves room for lost and doubled signs
_DIGITS = "0123456789"
_FEW = 20  # values of a run that are a closed list
_LISTED = 0.9  # rows of a shape whose runs stand on the list
_MOST_SHAPES = 8
_MOST_VALUES = 5_000  # of a column that its shapes are learned from, spread over the order of the alphabet


class Slot(Frozen):
    """One run of a shape."""

    signs: str
    """The characters that may stand there, as they are written in a regular expression's brackets."""
    length: int | None = None
    """How many of them, or None where the number varies, as it does in numbers."""
    values: tuple[str, ...] = ()
    """The only runs that stand there, or none where they are not few."""

    @property
    def mixed(self) -> bool:
        """Whether digits and letters stand there side by side."""
        return "0-9" not in self.signs and any(map(str.isdigit, self.signs)) and len(self.signs) > 1

    @property
    def strict(self) -> str:
        """A regular expression for the runs that are known."""
        return "(?:" + "|".join(re.escape(value) for value in self.values) + ")" if self.values else self.loose

    @property
    def loose(self) -> str:
        """A regular expression for the runs that have the right signs and length."""
        return f"[{self.signs}]" + ("+" if self.length is None else f"{{{self.length}}}")


class Shape(Frozen):
    """How many values of a column are written: ``AB-1234`` is a run of two capitals, a hyphen, a run of four digits."""

    slots: tuple[Slot, ...]
    """The runs; a fixed sign is a run of its own."""

    @property
    def size(self) -> int | None:
        """How many characters a value of the shape has, or None where that varies."""
        lengths = [slot.length for slot in self.slots if slot.length is not None]
        return sum(lengths) if len(lengths) == len(self.slots) else None

    def slot_at(self, value: str, at: int) -> Slot | None:
        """Return the run of a value that a character of it belongs to, or None if the value has another shape."""
        found = self._grouped.fullmatch(value)
        if found is None:
            return None
        return next(slot for slot, (_, end) in zip(self.slots, found.regs[1:], strict=True) if at < end)

    def reach(self, value: str) -> tuple[int, int]:
        """Return how many characters of a value fit the shape from its beginning, and how many from its end."""
        return _reach(self._forwards, value), _reach(self._backwards, value[::-1])

    @cached_property
    def _grouped(self) -> re.Pattern[str]:
        return re.compile("".join(f"({slot.loose})" for slot in self.slots))

    @cached_property
    def _forwards(self) -> re.Pattern[str]:
        return _beginning(self.slots)

    @cached_property
    def _backwards(self) -> re.Pattern[str]:
        return _beginning(self.slots[::-1])


def _reach(beginning: re.Pattern[str], value: str) -> int:
    found = beginning.match(value)
    return found.end() if found else 0


def _beginning(slots: tuple[Slot, ...]) -> re.Pattern[str]:
    """Compile the expression for as much of a value as fits some runs."""
    signs = [f"[{slot.signs}]" for slot in slots for _ in range(slot.length or 1)]
    free = [slot.length is None for slot in slots for _ in range(slot.length or 1)]
    parts = [sign + ("+" if more else "") for sign, more in zip(signs, free, strict=True)]
    return re.compile("(?:".join(["", *parts]) + ")?" * len(parts))


def matcher(shapes: tuple[Shape, ...], *, strict: bool) -> re.Pattern[str]:
    """Compile the expression that values of these shapes match.

    Args:
        shapes: the shapes.
        strict: runs with a closed list of values must stand on it.
    """
    ways = ("".join(slot.strict if strict else slot.loose for slot in shape.slots) for shape in shapes)
    return re.compile("|".join(f"(?:{way})" for way in ways))


def shapes_of(counts: Mapping[str, int]) -> tuple[Shape, ...]:
    """Learn the shapes that most rows of a column have; none where they are not few, or where none has a digit.

    Signs and digits are what makes a code of a text: a shape without digits is that of words, and says little.

    Args:
        counts: rows of each value.
    """
    values = sorted(counts)
    spread = values[:: 1 + len(values) // _MOST_VALUES]
    usable = {value: counts[value] for value in spread if value and len(value) <= LONGEST}
    total = sum(counts[value] for value in spread)
    for pattern in (_FINE, _COARSE):
        groups: dict[str, dict[tuple[str, ...], int]] = defaultdict(dict)
        for value, rows in usable.items():
            kinds, runs = _cut(value, pattern)
            groups[kinds][runs] = rows
        shapes = tuple(_frequent(groups, total))
        if shapes:
            known = matcher(shapes, strict=False)
            if sum(rows for value, rows in usable.items() if known.fullmatch(value)) >= _COVERED * total:
                return shapes
    return ()


def _cut(value: str, pattern: re.Pattern[str]) -> tuple[str, tuple[str, ...]]:
    """Cut a value into its runs, and write what kinds of run they are."""
    kinds, runs = [], []
    for match in pattern.finditer(value):
        kind = str(match.lastgroup)
        kinds.append(match[0] if kind == "sign" else kind)
        runs.append(match[0])
    return "\0".join(kinds), tuple(runs)


def _frequent(groups: Mapping[str, Mapping[tuple[str, ...], int]], total: int) -> Iterable[Shape]:
    weights = {kinds: sum(rows.values()) for kinds, rows in groups.items()}
    for kinds in sorted(groups, key=lambda kinds: (-weights[kinds], kinds))[:_MOST_SHAPES]:
        rows = groups[kinds]
        if weights[kinds] < max(_LEAST_ROWS, _LEAST_SHARE * total):
            return
        if "digit" not in kinds and 2 * _numbered(rows) < weights[kinds]:
            continue
        names = kinds.split("\0")
        columns = [Counter[str]() for _ in names]
        for runs, count in rows.items():
            for column, run in zip(columns, runs, strict=True):
                column[run] += count
        yield Shape(slots=tuple(_slot(name, column) for name, column in zip(names, columns, strict=True)))


def _numbered(rows: Mapping[tuple[str, ...], int]) -> int:
    """Count the rows whose runs have a digit."""
    return sum(count for runs, count in rows.items() if any(sign in _DIGITS for run in runs for sign in run))


def _slot(kind: str, runs: Counter[str]) -> Slot:
    if kind not in _SIGNS and kind != "mixed":
        return Slot(signs=re.escape(kind), length=1, values=(kind,))
    lengths: Counter[int] = Counter()
    for run, count in runs.items():
        lengths[len(run)] += count
    usual, rows = lengths.most_common(1)[0]
    signs = _SIGNS.get(kind) or _alphabet(runs)
    if rows < _FIXED * lengths.total():
        return Slot(signs=signs)
    return Slot(signs=signs, length=usual, values=_listed(runs, usual))


def _listed(runs: Counter[str], length: int) -> tuple[str, ...]:
    """Return the runs that stand again and again, where they are few and make up nearly all."""
    fit = {run: count for run, count in runs.items() if len(run) == length}
    often = {run: count for run, count in fit.items() if count >= max(3, 0.01 * sum(fit.values()))}
    few = len(often) <= _FEW and sum(often.values()) >= _LISTED * sum(fit.values())
    return tuple(sorted(often)) if few and often else ()


def _alphabet(runs: Counter[str]) -> str:
    """Return the characters of mixed runs: those that stand there at least a twentieth as often as by chance.

    A hexadecimal run has sixteen, and the odd letter that slipped in is far rarer than any of them.
    """
    signs: Counter[str] = Counter()
    for run, count in runs.items():
        for sign in run:
            signs[sign] += count
    least = signs.total() / len(signs) / 20
    return "".join(sorted(sign for sign, count in signs.items() if count >= least))
