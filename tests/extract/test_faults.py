"""Seeded files with one broken line: every good row is kept, at any block size and in any encoding."""

import csv
import io
import random

import pytest

from etl_agent.extract.dialect import Dialect, Encoding
from etl_agent.extract.lines import Lines
from etl_agent.extract.reader import Reader, Rules

ENCODINGS = (
    Encoding("utf-8"),
    Encoding("iso8859-1"),
    Encoding("utf-16-le", unit=2),
    Encoding("utf-16-be", unit=2),
    Encoding("cp932"),
)
TEXTS = ("", "a", "bc d", "0012", "é", "x,y", 'q"q', '"', "l1\nl2", "l1\r\nl2", ",", "\n", "e;f|g", " ", "#")
BLOCKS = (23, 97, 300, 1 << 20)
FAULTS = (
    "stray-quote",
    "stray-pair",
    "after-quote",
    "open-quote",
    "open-last",
    "extra-cell",
    "missing-cell",
    "nul-byte",
    "bad-byte",
)


def one_record(draw: random.Random, width: int, end: str) -> tuple[str, tuple[str, ...]]:
    """Make a record, with needless quotes too, and its cells."""
    cells = [draw.choice(TEXTS).replace("\r\n", "\n").replace("\n", end) for _ in range(width)]
    texts = []
    for cell in cells:
        if any(mark in cell for mark in ',"\r\n') or not cell or draw.random() < 0.3:
            texts.append('"' + cell.replace('"', '""') + '"')
        else:
            texts.append(cell)
    return ",".join(texts), tuple(cells)


def broken(draw: random.Random, fault: str, width: int, encoding: Encoding) -> bytes | None:
    """Make one malformed physical line; None where the encoding has no such fault."""
    cells = [draw.choice(("a", "12", "x y", "'")) for _ in range(width)]
    at = draw.randrange(width)
    if fault == "stray-quote":
        cells[at] = 'a"b'
    elif fault == "stray-pair":
        cells[at] = 'a"b"c'
    elif fault == "after-quote":
        cells[at] = '"a"b'
    elif fault == "open-quote":
        cells[at] = '"a'
    elif fault == "open-last":
        cells[-1] = '"'
    elif fault == "extra-cell":
        cells.append("z")
    elif fault == "missing-cell":
        cells = cells[1:]
    elif fault == "nul-byte":
        cells[at] = "a\0b"
    line = ",".join(cells).encode(encoding.name)
    if fault == "bad-byte":
        if encoding.name == "iso8859-1":
            return None
        wrong = {"utf-8": b"\xff", "cp932": b"\x81", "utf-16-le": b"\x00\xdc", "utf-16-be": b"\xdc\x00"}
        line += wrong[encoding.name]
    return line


def read(
    content: bytes, width: int, encoding: Encoding, block: int
) -> tuple[list[tuple[str | None, ...]], list[bytes]]:
    """Read records without a header, and check lines, offsets and counts on the way."""
    dialect = Dialect(encoding, ",", '"', 0, 0, width, 0)
    lines = Lines(io.BytesIO(content), encoding=encoding, at=0, line=1, name="file", block=block)
    reader = Reader(lines, dialect=dialect, rules=Rules(), name="file")
    rows, wrong = [], []
    for piece in reader.pieces():
        new = list(zip(*(column.to_pylist() for column in piece.columns), strict=True))
        rows += new
        places = zip(piece.line.tolist(), piece.offset.tolist(), piece.length.tolist(), new, strict=True)
        for line, offset, length, cells in places:
            before = content[:offset].decode(encoding.name, "replace")
            assert line == 1 + before.replace("\r\n", "\n").replace("\r", "\n").count("\n")
            text = content[offset : offset + length].decode(encoding.name)
            assert next(csv.reader(io.StringIO(text, newline=""))) == [cell or "" for cell in cells]
        for bad in piece.wrong:
            assert content[bad.offset : bad.offset + len(bad.raw)] == bad.raw
            wrong.append(bad.raw)
    counts = reader.counts
    assert counts.blank + counts.record_lines == counts.lines
    assert (counts.good, counts.bad) == (len(rows), len(wrong))
    return rows, wrong


def check(seed: int, faults: tuple[str, ...]) -> tuple[int, int]:
    """Read one clean file and one with each fault; return the rows lost, and the files with a chance merger."""
    draw = random.Random(seed)
    width, end = draw.randint(2, 5), draw.choice(("\n", "\r\n", "\r"))
    encoding = draw.choice(ENCODINGS)
    made = [one_record(draw, width, end) for _ in range(draw.randint(12, 30))]
    if encoding.name == "cp932":
        made = [(text.replace("é", "表"), tuple(cell.replace("é", "表") for cell in cells)) for text, cells in made]
    good = [cells for _, cells in made]
    records = [text.encode(encoding.name) for text, _ in made]
    feed = end.encode(encoding.name)
    block = draw.choice(BLOCKS)
    rows, wrong = read(feed.join([*records, b""]), width, encoding, block)
    assert [tuple(cell or "" for cell in row) for row in rows] == good, seed
    assert not wrong, seed
    lost = merged = 0
    for fault in faults:
        line = broken(draw, fault, width, encoding)
        if line is None:
            continue
        at = draw.randint(0, len(records))
        content = feed.join([*records[:at], line, *records[at:], b""])
        rows, wrong = read(content, width, encoding, draw.choice(BLOCKS))
        got = [tuple(cell or "" for cell in row) for row in rows]
        left = list(got)
        gone = [cells for cells in good if cells not in left or left.remove(cells)]
        # By chance what a broken line opens and a neighbour closes can be one valid record of the right width.
        valid = [row for row in left if any(mark in cell for cell in row for mark in "\r\n")]
        merged += bool(valid)
        lost += 0 if valid else len(gone)
        assert wrong or left, (seed, fault)
    return lost, merged


@pytest.mark.parametrize("start", range(0, 100, 20))
def test_one_broken_line_loses_no_good_row(start):
    """Whatever is wrong with a line, its neighbours are read."""
    for seed in range(start, start + 20):
        lost, _ = check(seed, FAULTS)
        assert lost == 0, seed
