"""How one file is written: the facts that are declared or detected before its rows are read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

__all__ = ["Dialect", "Encoding", "How"]

How = Literal["declared", "byte order mark", "detected"]


@dataclass(frozen=True, slots=True)
class Encoding:
    """A text encoding.

    Args:
        name: Python's name of it, without a byte order mark (``utf-16-le``, never ``utf-16``).
        how: how it is known.
        unit: bytes of a code unit: 1, 2 or 4.
        mark: bytes of the byte order mark that the file begins with.
    """

    name: str
    how: How = "declared"
    unit: Literal[1, 2, 4] = 1
    mark: int = 0

    @property
    def is_utf8(self) -> bool:
        """Whether the file's bytes need no conversion."""
        return self.name == "utf-8"


@dataclass(frozen=True, slots=True)
class Dialect:
    """What a reader must know of a file.

    Args:
        encoding: its text encoding.
        delimiter: the character between cells; None for one column.
        quote: the character around quoted cells; None where quotes are text.
        preamble: physical lines before the header.
        header: physical lines of the header; 0 without one.
        width: cells of a record.
        start: byte of the unpacked file at which the first line after the header begins, counted from 0.
    """

    encoding: Encoding
    delimiter: str | None
    quote: str | None
    preamble: int
    header: int
    width: int
    start: int
