"""The slow path: records that are not proper on one line are read strictly, and what fails is set apart.

A quoted cell may go over line ends. Where a line has an odd number of quotes, its record ends at the next line
with an odd number, at most 1,000 lines and ``max_cell_bytes`` further on: a line between has an even number, so it
cannot close what is open without opening it again. If what was opened is closed, the record must be good (valid
text, of the table's width); else only its first line is bad, and reading resumes at the next. One exception: where
none of the record's other lines begins a good record, the record is bad as a whole, so that its tail is not taken
for rows.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from etl_agent.batch import Mask, Positions
from etl_agent.extract.lines import Block
from etl_agent.extract.proper import Doubts
from etl_agent.extract.record import Grammar
from etl_agent.rejects import ReasonCode

__all__ = ["LONGEST_RECORD", "Bad", "Reading", "read_carefully"]

LONGEST_RECORD = 1000
"""Lines that a quoted cell may span."""


@dataclass(frozen=True, slots=True)
class Bad:
    """A malformed record.

    Args:
        first: index of its first line in the block.
        last: index of its last line in the block.
        codes: what is wrong with it.
    """

    first: int
    last: int
    codes: tuple[ReasonCode, ...]


@dataclass(slots=True)
class Reading:
    """What became of the lines of a block.

    Args:
        last: index of the last line of the record that begins at a line; one a line.
        joined: true for the lines of a record after its first.
        bad: the malformed records.
        used: lines that were read; the rest belongs to a record that goes on in the next block.
    """

    last: Positions
    joined: Mask
    bad: list[Bad] = field(default_factory=list)
    used: int = 0


def read_carefully(
    block: Block, doubts: Doubts, *, grammar: Grammar, width: int, max_cell: int, lines: int, left_out: Mask | None
) -> Reading:
    """Read the lines that are in doubt.

    Args:
        block: the lines.
        doubts: what speaks against them.
        grammar: the delimiter and the quote.
        width: cells of a good record.
        max_cell: the most bytes of a cell, and of a record that goes over line ends.
        lines: the most lines of a record.
        left_out: lines that are comments unless they are inside a quoted cell, or None.
    """
    return _Careful(block, doubts, grammar, width, max_cell, lines, left_out).read()


class _Careful:
    def __init__(
        self,
        block: Block,
        doubts: Doubts,
        grammar: Grammar,
        width: int,
        max_cell: int,
        lines: int,
        left_out: Mask | None,
    ) -> None:
        self._block = block
        self._doubts = doubts
        self._grammar = grammar
        self._width = width
        self._max_cell = max_cell
        self._lines = lines
        odd = doubts.odd
        if odd is not None and block.footnote < len(block):
            odd = odd.copy()
            odd[block.footnote :] = False
        lines_odd: list[int] = np.flatnonzero(odd).tolist() if odd is not None else []
        self._next_odd: dict[int, int | None] = dict(zip(lines_odd, [*lines_odd[1:], None], strict=False))
        suspect = doubts.any(len(block))
        if left_out is not None:
            suspect &= ~left_out
        suspect[block.footnote :] = False
        self._suspects: list[int] = np.flatnonzero(suspect).tolist()

    def read(self) -> Reading:
        block = self._block
        reading = Reading(np.arange(len(block)), np.zeros(len(block), bool), used=len(block))
        resume = 0
        for first in self._suspects:
            if first < resume:
                continue
            judged = self._record(first)
            if judged is None:
                reading.used = first
                break
            last, codes = judged
            resume = last + 1
            reading.last[first] = last
            reading.joined[first + 1 : resume] = True
            if codes:
                reading.bad.append(Bad(first, last, codes))
        return reading

    def _text(self, first: int, last: int) -> bytes:
        return self._block.text[self._block.starts[first] : self._block.ends[last]]

    def _end(self, first: int) -> int | None:
        """Return the line at which the record of this line can end; None if that is not in the block or too far."""
        end = self._next_odd.get(first, first)
        return end if end is not None and self._within(first, end) else None

    def _within(self, first: int, end: int) -> bool:
        block = self._block
        return end - first <= self._lines and int(block.ends[end] - block.starts[first]) <= self._max_cell

    def _may_go_on(self, first: int) -> bool:
        """Whether the next block may hold the end of what this line opens."""
        return (
            not self._block.last
            and self._next_odd.get(first, first) is None
            and self._within(first, len(self._block) - 1)
            and self._grammar.structure(self._text(first, first)) == "open"
        )

    def _record(self, first: int) -> tuple[int, tuple[ReasonCode, ...]] | None:
        """Judge the record that begins at a line: its last line, and what is wrong; None if more lines must tell."""
        end = self._end(first)
        if end is None and self._may_go_on(first):
            return None
        if end is None or end == first:
            return first, self._codes(first, first)
        text = self._text(first, end)
        if self._grammar.structure(text) != "record":
            return first, self._codes(first, first)
        codes = self._codes(first, end)
        if codes:
            inner = [self._begins_good(line) for line in range(first + 1, end + 1)]
            if any(inner):
                return first, self._codes(first, first)
            if None in inner:
                return None
        return end, codes

    def _begins_good(self, line: int) -> bool | None:
        """Whether a good record begins at a line; None if more lines must tell."""
        end = self._end(line)
        if end is None:
            return None if self._may_go_on(line) else False
        text = self._text(line, end)
        return self._grammar.structure(text) == "record" and self._grammar.width(text) == self._width

    def _codes(self, first: int, last: int) -> tuple[ReasonCode, ...]:
        """Name everything that is wrong with the lines taken as one record."""
        lines = slice(first, last + 1)
        doubts = self._doubts
        text = self._text(first, last)
        codes: list[ReasonCode] = []
        if doubts.undecodable is not None and doubts.undecodable[lines].any():
            codes.append("encoding-error")
        if doubts.nul is not None and doubts.nul[lines].any():
            codes.append("nul-byte")
        structure = self._grammar.structure(text)
        if structure != "record":
            codes.append("stray-quote" if structure == "stray" else "unterminated-quote")
            return tuple(codes)
        if len(text) > self._max_cell and self._grammar.longest(text) > self._max_cell:
            codes.append("cell-too-long")
        width = self._grammar.width(text)
        if width != self._width:
            codes.append("extra-cell" if width > self._width else "missing-cell")
        return tuple(codes)
