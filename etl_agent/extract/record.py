"""The strict reading of one record: RFC 4180, and nothing that is nearly it.

Source: RFC 4180, section 2 (https://www.rfc-editor.org/rfc/rfc4180).
"""

from __future__ import annotations

import re
from typing import Literal

__all__ = ["Grammar", "Structure"]

Structure = Literal["record", "open", "stray"]
"""record: whole. open: a quoted cell begins and does not end. stray: a quote stands where none may."""

_NO_DELIMITER = "\x1f"
"""Stands between cells where a file has one column: the separator that text does not contain."""


class Grammar:
    """Patterns for the records of one dialect, on UTF-8 bytes without the record's own line end.

    Args:
        delimiter: the character between cells, a blank behind it if one may follow it and is no part of the next
            cell, or None for one column.
        quote: the character around quoted cells, or None where quotes are text.
    """

    def __init__(self, *, delimiter: str | None, quote: str | None) -> None:
        self.delimiter = delimiter or _NO_DELIMITER
        self.quote = quote
        self.part = self.delimiter[0]
        """The character between cells alone."""
        self.spaced = len(self.delimiter) > 1
        """Whether a blank may follow it."""
        part = re.escape(self.part.encode())
        d = part + (rb"\x20?" if self.spaced else rb"")
        q = re.escape(quote.encode()) if quote is not None else None
        plain = rb"[^\r\n" + part + (q or b"") + rb"]*+"
        quoted = q + rb"[^" + q + rb"]*+(?:" + q + q + rb"[^" + q + rb"]*+)*+" if q is not None else None
        cell = rb"(?:" + quoted + q + rb"|" + plain + rb")" if quoted is not None and q is not None else plain
        self._record = re.compile(cell + rb"(?:" + d + cell + rb")*+")
        self._open = re.compile(rb"(?:" + cell + d + rb")*+" + quoted) if quoted is not None else None
        self._quoted = re.compile(quoted + q) if quoted is not None and q is not None else None
        self._next = re.compile(rb"(" + cell + rb")(" + d + rb"|\Z)")

    def structure(self, text: bytes) -> Structure:
        """Say whether the text is a whole record, the beginning of one, or no record."""
        if self._record.fullmatch(text):
            return "record"
        return "open" if self._open is not None and self._open.fullmatch(text) else "stray"

    def cells(self, text: bytes) -> list[bytes]:
        """Split a whole record into its cells as they are written, with their quotes."""
        found = [match[1] for match in self._next.finditer(text)]
        return found[: self.width(text)]  # behind a last cell that is not empty an empty one is found

    def longest(self, text: bytes) -> int:
        """Return the bytes of the longest cell of a whole record, as it is written."""
        return max(len(match[1]) for match in self._next.finditer(text))

    def width(self, text: bytes) -> int:
        """Count the cells of a whole record."""
        return self._outside(text).count(self.part.encode()) + 1

    def always_spaced(self, text: bytes) -> bool:
        """Whether a blank follows every delimiter of a whole record."""
        outside = self._outside(text)
        return outside.count(self.part.encode()) == outside.count(self.part.encode() + b" ")

    def _outside(self, text: bytes) -> bytes:
        return text if self._quoted is None else self._quoted.sub(b"", text)

    def value(self, cell: bytes) -> str | None:
        """Read a cell: None if it is empty and unquoted."""
        if not cell:
            return None
        text = cell.decode("utf-8", "replace")
        if self.quote is not None and text.startswith(self.quote):
            return text[1:-1].replace(self.quote * 2, self.quote)
        return text
