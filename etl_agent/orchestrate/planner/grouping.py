"""Which of the files that a user gave belong together, and what to call each dataset that they make."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field

from etl_agent.extract.spec import fold

__all__ = ["FileGroup", "FileHeader", "group_files"]

_LONGEST = 48  # characters of a name: tables may have 63, and suffixes need room
_YEARLIKE = 4  # digits from which on a number is rather a day or a year than part of a word such as co2
_NAMELESS = "data"

_ENDINGS = re.compile(r"(?:\.(?:csv|tsv|tab|txt|psv|dat|gz|gzip|zst|zip|bz2|xz))+$", re.IGNORECASE)
_GAPS = re.compile(r"\{[^{}]*\}|\[[^\[\]]*\]|[*?]+")  # templates and wildcards stand for what differs
_CLOCK = re.compile(
    r"(?<!\d)(\d{4}-?\d{2}-?\d{2})[T_ -]?(\d{2}[-.:]?\d{2}(?:[-.:]?\d{2})?)Z?(?![a-z\d])", re.IGNORECASE
)
_HUMP = re.compile(r"(?<=[a-z])(?=[A-Z])")
_WORD = re.compile(r"[^\W_]+")
_EDGES = re.compile(r"^(\d*)(.*?)(\d*)$")

_MONTHS = frozenset(
    [
        "january",
        "february",
        "march",
        "april",
        "may",
        "june",
        "july",
        "august",
        "september",
        "october",
        "november",
        "december",
        "jan",
        "feb",
        "mar",
        "apr",
        "jun",
        "jul",
        "aug",
        "sep",
        "sept",
        "oct",
        "nov",
        "dec",
    ]
)
_COUNTERS = frozenset(
    [
        "part",
        "chunk",
        "batch",
        "page",
        "vol",
        "volume",
        "rev",
        "version",
        "v",
        "q",
        "w",
        "wk",
        "week",
        "quarter",
        "no",
        "nr",
        "copy",
    ]
)
"""Words that count what follows or precedes them: they go where the number goes."""


@dataclass(frozen=True, slots=True)
class FileHeader:
    """A file that the user gave.

    Args:
        file: the path or glob, as typed.
        columns: the names of its columns.
    """

    file: str
    columns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FileGroup:
    """Files that make one dataset.

    Args:
        name: letters a to z, digits and ``_``, beginning with a letter, unlike any other group's.
        files: the paths and globs as typed, in the order given.
    """

    name: str
    files: tuple[str, ...]


def group_files(files: Sequence[FileHeader]) -> tuple[FileGroup, ...]:
    """Put files together that have the same name but for days, numbers and endings, and columns that fit together.

    Columns fit together where one header is within the other, in whatever order: a column was added one day.

    >>> days = [FileHeader(f"in/orders_2026-11-0{day}.csv", ("id", "total")) for day in (1, 2)]
    >>> group_files([*days, FileHeader("in/customers.csv.gz", ("id", "total"))])[0].name
    'orders'

    The same file given twice is one file. Names that clash get a number, in the order of the files.

    Args:
        files: the files, in the order in which the user gave them.

    Returns:
        The groups, in the order of their first files.
    """
    groups: list[_Group] = []
    for file in files:
        stem, columns = _stem(file.file, whole=False), frozenset(map(fold, file.columns))
        group = next((group for group in groups if group.takes(stem, columns)), None)
        if group is None:
            group = _Group(stem, columns)
            groups.append(group)
        group.add(file.file, columns)
    taken: dict[str, None] = {}
    made = []
    for group in groups:
        listed = group.files
        alone = len(listed) == 1 and not _GAPS.search(listed[0])
        name = _unlike(_identifier(_stem(listed[0], whole=True) if alone else group.stem), taken)
        taken[name] = None
        made.append(FileGroup(name, tuple(listed)))
    return tuple(made)


@dataclass(slots=True)
class _Group:
    """Files of one name so far; sources that grow bring more columns from some day on, and drop some on another."""

    stem: str
    columns: frozenset[str]
    files: list[str] = field(default_factory=list)

    def takes(self, stem: str, columns: frozenset[str]) -> bool:
        """Tell whether a file belongs to them: its name is the same, and one header is within the other."""
        return stem == self.stem and (columns <= self.columns or columns >= self.columns)

    def add(self, file: str, columns: frozenset[str]) -> None:
        """Take a file; the same one twice is one."""
        self.columns |= columns
        if file not in self.files:
            self.files.append(file)


def _stem(file: str, *, whole: bool) -> str:
    """Return the words of a file's name that say what is in it; those of its folder where it has none.

    Args:
        file: the path or glob.
        whole: whether a short number that is glued to a word stays with it: ``co2``, but not ``co2_2026``.
    """
    parts = [part for part in re.split(r"[/\\]+", file) if part]
    name = _ENDINGS.sub("", parts[-1]) if parts else ""
    for candidate in (name, parts[-2] if len(parts) > 1 else ""):
        if words := _saying(candidate, whole=whole):
            return "_".join(words)
    return _NAMELESS


def _saying(name: str, *, whole: bool) -> list[str]:
    plain = unicodedata.normalize("NFKD", _HUMP.sub(" ", _GAPS.sub(" ", name)))
    plain = "".join(char for char in plain if not unicodedata.combining(char))
    found = _WORD.findall(_CLOCK.sub(r" \1 ", plain).lower())
    words, counted = [], False
    for place, word in enumerate(found):
        core = word if whole and not _is_day(word) else _core(word)
        numbered = counted or (place + 1 < len(found) and found[place + 1].isdigit())
        counted = word.isdigit()
        if not core or core.isdigit() or (core in _COUNTERS and (numbered or core != word or core == "copy")):
            continue
        words.append(core)
    return [word for word in words if word not in _MONTHS] or [word for word in words if len(word) > 1]


def _is_day(word: str) -> bool:
    """Whether a number at the edge of a word is long enough to be a year or a day, or a counter's word is numbered."""
    before, core, after = _EDGES.fullmatch(word).groups()  # type: ignore[union-attr]  # it matches any text of one line
    return max(len(before), len(after)) >= _YEARLIKE or (core in _COUNTERS and bool(before or after))


def _core(word: str) -> str:
    return word.strip("0123456789")


def _identifier(stem: str) -> str:
    cut = re.sub(r"[^a-z0-9]+", "_", stem[:_LONGEST]).strip("_")
    if not cut:
        return _NAMELESS
    return cut if cut[:1].isalpha() else f"{_NAMELESS}_{cut}"


def _unlike(name: str, taken: dict[str, None]) -> str:
    return next(choice for choice in (name, *(f"{name}_{n}" for n in range(2, len(taken) + 3))) if choice not in taken)
