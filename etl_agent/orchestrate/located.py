"""Values that know where they stand in a file, and the mistakes found there."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

__all__ = ["Branch", "Mark", "Mistake", "Path", "Scalar", "Value", "meaning", "spelled"]

Path = tuple[str | int, ...]
"""The keys and list positions that lead to a value."""


@dataclass(frozen=True, slots=True, order=True)
class Mark:
    """A place in a file, line and column counted from 1."""

    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.line}:{self.column}"


@dataclass(frozen=True, slots=True)
class Mistake:
    """Something wrong in a file.

    Args:
        mark: where.
        path: the keys that lead there.
        what: what is wrong, and what would be right.
    """

    mark: Mark
    path: Path
    what: str

    def __str__(self) -> str:
        place = spelled(self.path)
        return f"{self.mark}: {place}: {self.what}" if place else f"{self.mark}: {self.what}"


@dataclass(frozen=True, slots=True)
class Scalar:
    """A single value: ``plain`` is what it means unquoted, ``text`` what is written."""

    mark: Mark
    text: str
    plain: Any


@dataclass(slots=True)
class Branch:
    """A mapping or a list; ``keys`` says where each key of a mapping stands."""

    mark: Mark
    is_mapping: bool
    items: dict[str | int, Value] = field(default_factory=dict)
    keys: dict[str | int, Mark] = field(default_factory=dict)
    doubled: dict[str, Mark] = field(default_factory=dict)
    """Keys that stand there a second time; the first counts."""
    size: int = 1
    """Values in it, itself included."""
    height: int = 1
    """Levels in it, its own included."""


Value = Scalar | Branch


def spelled(path: Path) -> str:
    """Write a path as people do.

    >>> spelled(("clean", 0, "columns"))
    'clean[0].columns'
    """
    parts = [f"[{part}]" if isinstance(part, int) else f".{part}" for part in path]
    return "".join(parts).removeprefix(".")


def meaning(value: Value) -> Any:
    """Return a value as plain data: dicts, lists, text, numbers, truth values and None."""
    if isinstance(value, Scalar):
        return value.plain
    if value.is_mapping:
        return {key: meaning(item) for key, item in value.items.items()}
    return [meaning(item) for item in value.items.values()]
