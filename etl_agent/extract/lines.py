"""A stream of bytes as blocks of whole physical lines, each as UTF-8 with its place in the original file.

A physical line ends at LF, at CRLF, or at a CR that no LF follows. Line ends are looked for in the original
bytes, so that byte offsets are exact in every encoding: the same line has the same number before and after the
conversion to UTF-8.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from etl_agent.batch import Mask, Positions
from etl_agent.errors import FileRefused
from etl_agent.extract.dialect import Encoding

__all__ = ["BLOCK", "LONGEST_LINE", "Block", "Lines", "line_ends"]

BLOCK = 1 << 20
"""Bytes read at a time."""

LONGEST_LINE = 16 << 20
"""Bytes after which something without a line end is no line of a table."""

_LF, _CR = 10, 13
_UTF8 = Encoding("utf-8")
_UNITS: dict[int, np.dtype[np.unsignedinteger]] = {1: np.dtype(np.uint8), 2: np.dtype("<u2"), 4: np.dtype("<u4")}


class Bytes(Protocol):
    """Anything that gives bytes in order."""

    def read(self, size: int, /) -> bytes: ...


@dataclass(frozen=True, slots=True)
class Block:
    """Whole physical lines.

    Args:
        raw: the lines as they lie in the file.
        at: byte of the file at which ``raw`` begins, counted from 0.
        line: number of the first line in the file, counted from 1.
        text: the lines as UTF-8; the last one ends in a line end even if the file's does not.
        starts: where each line begins in ``text`` (bytes).
        ends: where each line ends in ``text``, without its line end (bytes).
        raw_starts: where each line begins in ``raw`` (bytes).
        raw_ends: where each line ends in ``raw``, without its line end (bytes).
        undecodable: true for lines that are not valid in the encoding; None if all are.
        footnote: the lines from here on are footnotes; ``len(starts)`` if none are.
        last: whether the file ends with this block.
    """

    raw: bytes
    at: int
    line: int
    text: bytes
    starts: Positions
    ends: Positions
    raw_starts: Positions
    raw_ends: Positions
    undecodable: Mask | None
    footnote: int
    last: bool

    def __len__(self) -> int:
        return len(self.starts)


class Lines:
    """Cut a stream into blocks of whole lines.

    Args:
        stream: the file from the byte ``at`` on.
        encoding: its text encoding.
        at: byte of the file at which the stream stands, counted from 0.
        line: number of the next physical line, counted from 1.
        name: what users call the file.
        footer: lines that are not blank to set apart at the end of the file.
        block: bytes to read at a time.
    """

    def __init__(
        self,
        stream: Bytes,
        *,
        encoding: Encoding,
        at: int,
        line: int,
        name: str,
        footer: int = 0,
        block: int = BLOCK,
    ) -> None:
        self._stream = stream
        self._encoding = encoding
        self._name = name
        self._footer = footer
        self._block = block
        self._rest = b""
        self._at = at
        self._line = line
        self._ended = False

    def next(self) -> Block | None:
        """Return the next block, or None after the last one.

        Raises:
            FileRefused: a line is longer than 16 MiB.
        """
        while not self._ended:
            part = self._stream.read(self._block)
            self._ended = len(part) < self._block
            raw = self._rest + part if self._rest else part
            if self._ended and not raw:
                return None
            self._rest = raw
            cut = len(raw) if self._ended else _last_line_end(raw, self._encoding)
            if cut:
                block = self._make(raw if cut == len(raw) else raw[:cut])
                if len(block):
                    return block
            if len(self._rest) > LONGEST_LINE:
                raise FileRefused(
                    f"line {self._line:,} is longer than {LONGEST_LINE:,} bytes, so this is no table of text",
                    where=self._name,
                )
        return None

    def keep_back(self, block: Block, *, line: int) -> None:
        """Give the lines of the block from this one on again, at the head of the next block.

        Args:
            block: the block that was returned last.
            line: index of the first line to give again, counted from 0.
        """
        start = int(block.raw_starts[line])
        self._rest = block.raw[start:] + self._rest
        self._at = block.at + start
        self._line = block.line + line

    def _make(self, raw: bytes) -> Block:
        encoding = self._encoding
        raw_starts, raw_ends, raw_next = line_ends(raw, encoding)
        if encoding.is_utf8:
            text = _ended(raw)
            starts, ends = raw_starts, raw_ends
            undecodable = _undecodable_utf8(raw, starts, ends)
        else:
            text, starts, ends, undecodable = _converted(raw, raw_starts, raw_ends, raw_next, encoding)
        lines = len(raw_starts)
        footnote = self._footnote(starts, ends)
        kept = lines if self._ended else footnote
        used = int(raw_next[kept - 1]) if kept else 0
        block = Block(
            raw=raw if used == len(raw) else raw[:used],
            at=self._at,
            line=self._line,
            text=text if kept == lines else text[: int(starts[kept])],
            starts=starts[:kept],
            ends=ends[:kept],
            raw_starts=raw_starts[:kept],
            raw_ends=raw_ends[:kept],
            undecodable=None if undecodable is None else undecodable[:kept],
            footnote=min(footnote, kept),
            last=self._ended,
        )
        self._rest = self._rest[used:]
        self._at += used
        self._line += kept
        return block

    def _footnote(self, starts: Positions, ends: Positions) -> int:
        """Return the first of the last lines, as many as the footer has, or the number of lines."""
        if not self._footer:
            return len(starts)
        filled = np.flatnonzero(ends > starts)
        return int(filled[-self._footer]) if len(filled) >= self._footer else 0


def line_ends(raw: bytes, encoding: Encoding) -> tuple[Positions, Positions, Positions]:
    """Find the physical lines: where each begins, where its text ends, and where the next one begins (bytes).

    The last line needs no line end.
    """
    unit = encoding.unit
    units = _units(raw, encoding)
    ends = np.flatnonzero(units == _LF)
    if (unit == 1 and b"\r" in raw) or (unit > 1 and bool((units == _CR).any())):
        returns = np.flatnonzero(units == _CR)
        followed = np.zeros(len(returns), bool)
        inner = returns + 1 < len(units)
        followed[inner] = units[returns[inner] + 1] == _LF
        if not followed.all():
            ends = np.union1d(ends, returns[~followed])
        following = ends + 1
        at = np.maximum(ends - 1, 0)
        ends = ends - ((units[ends] == _LF) & (ends > 0) & (units[at] == _CR))
    else:
        following = ends + 1
    whole = len(units)
    if not len(following) or following[-1] < whole or len(raw) % unit:
        following = np.append(following, whole)
        ends = np.append(ends, whole)
    starts = np.empty_like(following)
    starts[:1] = 0
    starts[1:] = following[:-1]
    if unit > 1:
        starts, ends, following = starts * unit, ends * unit, following * unit
        ends[-1] += len(raw) % unit  # bytes left over at the end of the file belong to its last line
        following[-1] += len(raw) % unit
    return starts, ends, following


def _units(raw: bytes, encoding: Encoding) -> NDArray[np.unsignedinteger]:
    kind = _UNITS[encoding.unit]
    if encoding.name.endswith("-be"):
        kind = kind.newbyteorder(">")
    return np.frombuffer(raw, kind, count=len(raw) // encoding.unit)


def _last_line_end(raw: bytes, encoding: Encoding) -> int:
    """Return the number of bytes up to and with the last line end that is surely whole, or 0."""
    if encoding.unit == 1:
        return raw.rfind(b"\n") + 1 or raw.rfind(b"\r", 0, len(raw) - 1) + 1
    units = _units(raw, encoding)
    feeds = np.flatnonzero(units == _LF)
    if len(feeds):
        return int(feeds[-1] + 1) * encoding.unit
    returns = np.flatnonzero(units[:-1] == _CR)
    return int(returns[-1] + 1) * encoding.unit if len(returns) else 0


def _undecodable_utf8(raw: bytes, starts: Positions, ends: Positions) -> Mask | None:
    """Find the lines that are not UTF-8; only a block that does not decode whole is looked at line by line."""
    if raw.isascii():
        return None
    try:
        raw.decode()
    except UnicodeDecodeError:
        high = np.flatnonzero(np.frombuffer(raw, np.uint8) >= 128)
        wrong = np.zeros(len(starts), bool)
        for line in np.unique(np.searchsorted(starts, high, side="right") - 1).tolist():
            try:
                raw[starts[line] : ends[line]].decode()
            except UnicodeDecodeError:
                wrong[line] = True
        return wrong
    return None


def _converted(
    raw: bytes, raw_starts: Positions, raw_ends: Positions, raw_next: Positions, encoding: Encoding
) -> tuple[bytes, Positions, Positions, Mask | None]:
    """Convert lines to UTF-8, whole if they decode and line by line if they do not."""
    try:
        text = _ended(raw.decode(encoding.name).encode())
        starts, ends, _ = line_ends(text, _UTF8)
        if len(starts) == len(raw_starts):
            return text, starts, ends, None
    except UnicodeError:
        pass
    wrong = np.zeros(len(raw_starts), bool)
    parts: list[bytes] = []
    places = zip(raw_starts.tolist(), raw_ends.tolist(), raw_next.tolist(), strict=True)
    for line, (start, end, following) in enumerate(places):
        try:
            text = raw[start:end].decode(encoding.name).encode()
        except UnicodeError:
            wrong[line] = True
            text = raw[start:end].decode(encoding.name, "replace").encode("utf-8", "replace")
        if b"\n" in text or b"\r" in text:  # only a malformed line can have a line end inside
            wrong[line] = True
            text = text.replace(b"\n", b" ").replace(b"\r", b" ")
        parts += (text, raw[end:following].decode(encoding.name, "ignore").encode())
    text = _ended(b"".join(parts))
    starts, ends, _ = line_ends(text, _UTF8)
    return text, starts, ends, wrong if wrong.any() else None


def _ended(text: bytes) -> bytes:
    return text if text.endswith((b"\n", b"\r")) else text + b"\n"
