"""One pass over the records of one file: the bulk of the lines goes to Arrow, the few in doubt are read with care."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from etl_agent.batch import Mask, Positions
from etl_agent.errors import FileRefused, Unbalanced
from etl_agent.extract.bulk import Bulk
from etl_agent.extract.careful import LONGEST_RECORD, Bad, Reading, read_carefully
from etl_agent.extract.dialect import Dialect
from etl_agent.extract.lines import Block, Lines
from etl_agent.extract.proper import doubt
from etl_agent.extract.record import Grammar
from etl_agent.rejects import ReasonCode

__all__ = ["Counts", "Piece", "Reader", "Rules", "Wrong"]

_FEW = 10
_NEARLY_ALL = 0.9
_TELLING = 20


@dataclass(frozen=True, slots=True)
class Rules:
    """What a reader is told beside the dialect.

    Args:
        comment: lines that begin with these bytes (UTF-8) are left out; None for none.
        footer: lines that are not blank to leave out at the end.
        blank_is_null: whether a blank line is a record in a file of one column.
        max_cell: the most bytes of a cell (UTF-8).
        lines: the most lines that a quoted cell may span.
    """

    comment: bytes | None = None
    footer: int = 0
    blank_is_null: bool = False
    max_cell: int = 1 << 20
    lines: int = LONGEST_RECORD


@dataclass(slots=True)
class Counts:
    """Physical lines and records of a file so far; the lines of all kinds add up to ``lines``."""

    lines: int = 0
    preamble: int = 0
    header: int = 0
    blank: int = 0
    comment: int = 0
    footnote: int = 0
    record_lines: int = 0
    good: int = 0
    bad: int = 0


@dataclass(frozen=True, slots=True)
class Wrong:
    """A malformed record: its place among the records of the piece (from 0) and in the file, and what is wrong."""

    record: int
    line: int
    offset: int
    raw: bytes
    codes: tuple[ReasonCode, ...]


@dataclass(frozen=True, slots=True)
class Piece:
    """The records of one block.

    Args:
        columns: the cells of the good records, one text array a column.
        record: place of each good record among the records of the piece, counted from 0.
        records: records of the piece, good and bad.
        line: first physical line of each good record, counted from 1.
        offset: first byte of each good record in the file.
        length: bytes of each good record without its line end.
        wrong: the bad records.
        raw: the bytes of the block.
        at: byte of the file at which ``raw`` begins.
    """

    columns: list[pa.Array]
    record: Positions
    records: int
    line: Positions
    offset: Positions
    length: Positions
    wrong: list[Wrong]
    raw: bytes
    at: int

    def __len__(self) -> int:
        return len(self.line)


class Reader:
    """Read the records of one file once, from the first line after the header.

    Args:
        lines: the physical lines.
        dialect: how the file is written.
        rules: what else there is to know.
        name: what users call the file.
    """

    def __init__(self, lines: Lines, *, dialect: Dialect, rules: Rules, name: str) -> None:
        self._lines = lines
        self._dialect = dialect
        self._rules = rules
        self._name = name
        self._grammar = Grammar(delimiter=dialect.delimiter, quote=dialect.quote)
        self._blank_is_null = rules.blank_is_null and dialect.width == 1
        self._bulk = Bulk(self._grammar, width=dialect.width, blank_is_null=self._blank_is_null)
        self._not_ascii = 0
        self._not_valid = 0
        self._judged = False
        self.counts = Counts(lines=dialect.preamble + dialect.header, preamble=dialect.preamble, header=dialect.header)

    def pieces(self) -> Iterator[Piece]:
        """Give the records of one block after the other.

        Raises:
            FileRefused: nearly all records of the first block are malformed, or most lines that could be wrong in
                the encoding are.
        """
        while (block := self._lines.next()) is not None:
            piece = self._read(block)
            self._judge(piece)
            yield piece

    def _read(self, block: Block) -> Piece:
        left_out = _comments(block, self._rules.comment)
        reading = read_carefully(
            block,
            doubt(block, self._grammar, max_cell=self._rules.max_cell),
            grammar=self._grammar,
            width=self._dialect.width,
            max_cell=self._rules.max_cell,
            lines=self._rules.lines,
            left_out=left_out,
        )
        if reading.used < len(block):
            self._lines.keep_back(block, line=reading.used)
        begins = self._begins(block, reading, left_out)
        self._count_undecodable(block, reading.used)
        return self._piece(block, reading, begins)

    def _begins(self, block: Block, reading: Reading, left_out: Mask | None) -> Mask:
        """Find the lines at which a record begins, and count the others by their kind."""
        begins = ~reading.joined
        begins[reading.used :] = False
        counts = self.counts
        counts.lines += reading.used
        if block.footnote < reading.used:
            counts.footnote += reading.used - block.footnote
            begins[block.footnote :] = False
        if left_out is not None:
            counts.comment += int(np.count_nonzero(begins & left_out))
            begins &= ~left_out
        if not self._blank_is_null:
            blank = begins & (block.ends == block.starts)
            counts.blank += int(np.count_nonzero(blank))
            begins &= ~blank
        return begins

    def _piece(self, block: Block, reading: Reading, begins: Mask) -> Piece:
        records = np.flatnonzero(begins)
        known = np.zeros(len(block), bool)
        known[[bad.first for bad in reading.bad]] = True
        proper = records[~known[records]]
        columns, wrong = self._parse(block, reading, proper)
        bad = [*reading.bad, *(self._of_width(proper[at], reading, width) for at, width in wrong.items())]
        bad.sort(key=lambda record: record.first)
        good = np.delete(proper, list(wrong)) if wrong else proper
        if columns and len(columns[0]) != len(good):
            raise Unbalanced(f"{len(good)} records became {len(columns[0])} rows", where=self._name)
        last = reading.last[good]
        self.counts.record_lines += int((reading.last[records] - records + 1).sum())
        self.counts.good += len(good)
        self.counts.bad += len(bad)
        return Piece(
            columns=columns,
            record=np.searchsorted(records, good),
            records=len(records),
            line=block.line + good,
            offset=block.at + block.raw_starts[good],
            length=block.raw_ends[last] - block.raw_starts[good],
            wrong=_wrong(bad, block, records),
            raw=block.raw,
            at=block.at,
        )

    def _parse(self, block: Block, reading: Reading, proper: Positions) -> tuple[list[pa.Array], dict[int, int]]:
        if not len(proper):
            return [pa.array([], pa.string())] * self._dialect.width, {}
        if len(proper) + int(np.count_nonzero(reading.joined)) == len(block):
            return self._bulk.parse(block.text)
        return self._bulk.parse(_cut(block, proper, reading.last[proper]))

    def _of_width(self, line: int, reading: Reading, width: int) -> Bad:
        code: ReasonCode = "extra-cell" if width > self._dialect.width else "missing-cell"
        return Bad(int(line), int(reading.last[line]), (code,))

    def _count_undecodable(self, block: Block, used: int) -> None:
        """Refuse the file once 20 lines failed in its encoding and they are most of those that could."""
        if block.undecodable is None:
            return
        wrong = block.undecodable[:used]
        high = np.flatnonzero(np.frombuffer(block.text, np.uint8) >= 128)
        telling = np.zeros(len(block), bool)
        telling[np.searchsorted(block.starts, high, side="right") - 1] = True
        self._not_valid += int(np.count_nonzero(wrong))
        self._not_ascii += int(np.count_nonzero(telling[:used] | wrong))
        if self._not_valid >= _TELLING and 2 * self._not_valid > self._not_ascii:
            first = block.line + int(np.flatnonzero(block.undecodable)[0])
            raise FileRefused(
                f"it is not {self._dialect.encoding.name} ({self._dialect.encoding.how}): {self._not_valid:,} of "
                f"{self._not_ascii:,} lines that are not plain ASCII fail, among them line {first:,}",
                where=self._name,
                next_command="encoding: NAME, for example cp1252 or latin-1",
            )

    def _judge(self, piece: Piece) -> None:
        """Refuse the file if nearly all records of its first block are malformed."""
        if self._judged:
            return
        self._judged = True
        wrong = len(piece.wrong)
        if wrong < _FEW or wrong <= _NEARLY_ALL * piece.records:
            return
        code, times = Counter(code for record in piece.wrong for code in record.codes).most_common(1)[0]
        raise FileRefused(
            f"{wrong:,} of the first {piece.records:,} records do not fit the header's {self._dialect.width} cells "
            f"(delimiter {self._grammar.delimiter!r}); {times:,} times {code}, first in line {piece.wrong[0].line:,}",
            where=self._name,
            next_command="state delimiter, quote, quoting, preamble or names under extract",
        )


def _comments(block: Block, prefix: bytes | None) -> Mask | None:
    """Find the lines that begin with the prefix."""
    if prefix is None or prefix not in block.text:
        return None
    text = np.frombuffer(block.text, np.uint8)
    mask = block.ends - block.starts >= len(prefix)
    for place, byte in enumerate(prefix):
        at = np.flatnonzero(mask)
        mask[at] = text[block.starts[at] + place] == byte
    return mask


def _cut(block: Block, first: Positions, last: Positions) -> bytes:
    """Join the text of records, with their line ends."""
    after = np.append(block.starts, len(block.text))
    breaks = np.flatnonzero(first[1:] != last[:-1] + 1) + 1
    begin = block.starts[first[np.concatenate(([0], breaks))]]
    end = after[last[np.concatenate((breaks - 1, [len(last) - 1]))] + 1]
    view = memoryview(block.text)
    return b"".join(view[a:b] for a, b in zip(begin.tolist(), end.tolist(), strict=True))


def _wrong(bad: list[Bad], block: Block, records: Positions) -> list[Wrong]:
    """Give malformed records their places in the file."""
    first = np.array([record.first for record in bad], np.int64)
    last = np.array([record.last for record in bad], np.int64)
    places = np.searchsorted(records, first).tolist()
    starts, ends = block.raw_starts[first].tolist(), block.raw_ends[last].tolist()
    return [
        Wrong(place, block.line + record.first, block.at + start, block.raw[start:end], record.codes)
        for record, place, start, end in zip(bad, places, starts, ends, strict=True)
    ]
