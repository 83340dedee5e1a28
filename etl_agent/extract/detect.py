"""Which characters part and quote the cells of a file, and where its header is, judged by how well the records agree.

Every candidate reads up to 500 records of the file's first block. It is scored by the share of records that have the
same width from the header on, by that width, and by how many cells look like one value: a frequent character that
parts the records unevenly loses to a rare one that parts them all alike.

Source: the idea of pattern and type scores is from G.J.J. van den Burg, A. Nazabal, C. Sutton, "Wrangling messy CSV
files by detecting row and type patterns", Data Mining and Knowledge Discovery 33, 2019; the formula here is our own.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from etl_agent.extract.heading import COMMON_DELIMITERS, can_be_header, is_title, is_value
from etl_agent.extract.lines import Block
from etl_agent.extract.record import Grammar
from etl_agent.extract.spec import Extract

__all__ = ["MOST_CELLS", "Found", "Record", "detect", "read_records"]

_RARE = (":", "^", "~", "\x1f")
_COMMON_BEFORE_BLANK = (",", ";", "|")
_FEW = 10
_RECORDS = 500
MOST_CELLS = 16_384
"""Cells of a record, far more than any database has columns."""

_TYPED_RECORDS = 100
_MOST_LINES = 1000
_ENOUGH = 2 / 3


@dataclass(frozen=True, slots=True)
class Record:
    """A record of the sample.

    Args:
        first: index of its first line in the block.
        last: index of its last line in the block.
        cells: its cells as they are written; None if it is malformed.
    """

    first: int
    last: int
    cells: list[bytes] | None

    @property
    def width(self) -> int:
        """Number of cells, 0 if it is malformed."""
        return len(self.cells or ())


@dataclass(frozen=True, slots=True)
class Found:
    """How the sample is written, and how well that fits.

    Args:
        grammar: the delimiter and the quote.
        records: the records of the sample, without blank lines and comments.
        header: index of the record that can be the header, into ``records``.
        share: share of the records from the header on that have the settled width, between 0 and 1.
        clean: whether the header can be one: no cell empty, twice, a number, or holding another delimiter.
        score: the greater the better, between 0 and 1.
    """

    grammar: Grammar
    records: list[Record]
    header: int = 0
    share: float = 0.0
    clean: bool = False
    score: float = 0.0

    @property
    def settled(self) -> bool:
        """Whether the delimiter parts nearly all records alike."""
        return self.share >= _ENOUGH and self.score > 0


def detect(block: Block, spec: Extract) -> tuple[Found, Found | None]:
    """Return how a file is written, and a better reading if the declared delimiter never parts a record.

    Args:
        block: the first lines of the file.
        spec: what is declared; only the rest is detected.
    """
    lines = _sample_lines(block)
    declared = [spec.delimiter] if spec.delimiter is not None else [*COMMON_DELIMITERS, *_RARE]
    candidates = [_best_quote(lines, delimiter, spec) for delimiter in declared if delimiter != spec.quote]
    best = max(candidates, key=lambda found: (found.settled, found.clean, found.score))
    if best.settled or spec.one_column:
        return best, None
    if spec.delimiter is None:
        return candidates[0], None
    rest = [delimiter for delimiter in COMMON_DELIMITERS if delimiter not in (spec.delimiter, spec.quote)]
    others = [_best_quote(lines, delimiter, spec) for delimiter in rest]
    other = max(others, key=lambda found: (found.clean, found.score))
    parted = any(record.width > 1 for record in best.records)
    return best, other if not parted and other.clean and other.share == 1 and len(other.records) > 1 else None


def _sample_lines(block: Block) -> list[bytes]:
    most = 4 * _RECORDS
    pairs = zip(block.starts[:most].tolist(), block.ends[:most].tolist(), strict=True)
    return [block.text[start:end] for start, end in pairs]


def _best_quote(lines: Sequence[bytes], delimiter: str, spec: Extract) -> Found:
    part = None if spec.one_column else delimiter
    spaced = delimiter + " "
    if spec.delimiter is None and delimiter in _COMMON_BEFORE_BLANK and _all_spaced(lines, spaced, spec):
        part = spaced
    if spec.quoting == "none":
        return _judge(lines, Grammar(delimiter=part, quote=None), spec)
    double = _judge(lines, Grammar(delimiter=part, quote=spec.quote or '"'), spec)
    if spec.quote is not None or not any(b"'" in line for line in lines) or any(b'"' in line for line in lines):
        return double
    single = _judge(lines, Grammar(delimiter=part, quote="'"), spec)
    whole = all(record.cells is not None for record in single.records)
    quoted = sum(any(cell.startswith(b"'") for cell in record.cells or ()) for record in single.records)
    better = single.share > double.share or 2 * quoted >= len(single.records)
    return single if whole and quoted and better else double


def _all_spaced(lines: Sequence[bytes], delimiter: str, spec: Extract) -> bool:
    """Whether a blank follows every delimiter of the sample, which is then no part of the cells."""
    if sum(delimiter.encode() in line for line in lines[:_FEW]) < 2:
        return False
    grammar = Grammar(delimiter=delimiter, quote=None if spec.quoting == "none" else spec.quote or '"')
    parted = 0
    for record in _sample(lines, grammar, spec):
        text = b"\n".join(lines[record.first : record.last + 1])
        if record.cells is None or not grammar.always_spaced(text):
            return False
        parted += record.width > 1
    return parted > 1


def read_records(lines: Sequence[bytes], grammar: Grammar, *, comment: bytes | None, skip: int = 0) -> Iterator[Record]:
    """Read records from lines, from the one at index ``skip`` on; a line that is none is a record without cells."""
    quote = None if grammar.quote is None else grammar.quote.encode()
    separator = grammar.part.encode()
    at = skip
    while at < len(lines):
        line = lines[at]
        if not line or (comment is not None and line.startswith(comment)):
            at += 1
            continue
        if quote is None or quote not in line:
            few = line.count(separator) < MOST_CELLS
            yield Record(at, at, (grammar.cells(line) if grammar.spaced else line.split(separator)) if few else None)
            at += 1
            continue
        record = _quoted_record(lines, at, grammar, quote)
        yield record
        at = record.last + 1


def _quoted_record(lines: Sequence[bytes], at: int, grammar: Grammar, quote: bytes) -> Record:
    """Read a record whose first line holds quotes: whole, or up to the next line with an odd number of them."""
    structure = grammar.structure(lines[at])
    if structure == "record":
        return Record(at, at, grammar.cells(lines[at]))
    if structure == "open":
        for end in range(at + 1, min(len(lines), at + _MOST_LINES)):
            if lines[end].count(quote) % 2:
                text = b"\n".join(lines[at : end + 1])
                if grammar.structure(text) == "record":
                    return Record(at, end, grammar.cells(text))
                break
    return Record(at, at, None)


def _sample(lines: Sequence[bytes], grammar: Grammar, spec: Extract) -> list[Record]:
    comment = None if spec.comment is None else spec.comment.encode()
    skip = 0 if spec.preamble == "auto" else spec.preamble
    return list(islice(read_records(lines, grammar, comment=comment, skip=skip), _RECORDS))


def _judge(lines: Sequence[bytes], grammar: Grammar, spec: Extract) -> Found:
    """Score one reading of the sample by its best width."""
    records = _sample(lines, grammar, spec)
    counts = Counter(record.width for record in records if record.width > 1)
    best = Found(grammar, records, clean=bool(records) and can_be_header(records[0].cells, grammar))
    for width, _ in counts.most_common(4):
        found = _judge_width(records, grammar, width, spec)
        if found is not None and (found.clean, found.score) > (best.clean and best.score > 0, best.score):
            best = found
    return best


def _judge_width(records: list[Record], grammar: Grammar, width: int, spec: Extract) -> Found | None:
    """Score the reading in which the table has this width; None if its header would have another."""
    movable = spec.preamble == "auto" and spec.has_header
    fitting = (place for place, record in enumerate(records) if record.width == width)
    header = next((place for place in fitting if not is_title(records[place].cells)), 0)
    if header and not movable:
        header = 0
    clean = not spec.has_header or can_be_header(records[header].cells, grammar)
    if header and not clean:
        header = 0
    following = records[header:]
    agreeing = [record for record in following if record.width == width]
    share = len(agreeing) / len(following)
    coverage = len(following) / len(records)
    score = share**2 * (width - 1) / width * math.sqrt(coverage) * _value_share(agreeing, grammar)
    clean = clean and records[header].width == width
    return Found(grammar, records, header, share, clean, score)


def _value_share(records: list[Record], grammar: Grammar) -> float:
    """Return the share of cells that look like one value, between 0 and 1."""
    cells = Counter(cell for record in records[:_TYPED_RECORDS] for cell in record.cells or ())
    good = sum(times for cell, times in cells.items() if is_value(cell, grammar))
    return good / max(1, cells.total())
