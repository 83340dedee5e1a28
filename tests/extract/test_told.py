"""What reading tells: the whole of each refusal, every figure of a tally, and where each piece of a file is."""

import bz2
import gzip
import io
import os

import numpy as np
import pandas as pd
import pytest

from etl_agent.errors import FileRefused, TryLater
from etl_agent.extract.columns import constants
from etl_agent.extract.dataset import Dataset
from etl_agent.extract.encoding import _legacy, _whole_lines, _windows, decide_encoding
from etl_agent.extract.heading import can_be_header, is_data, is_value
from etl_agent.extract.raw import HeldBlocks, read_at
from etl_agent.extract.record import Grammar
from etl_agent.extract.source import Limits, sources_of
from etl_agent.extract.spec import AddColumn

LIMITS = Limits(size=1 << 30, ratio=100.0)
COMMA = Grammar(delimiter=",", quote='"')


@pytest.mark.parametrize(
    ("text", "options", "said", "following"),
    [
        ("", {}, "data.csv: the file is empty, so it has no header", "give names: [...] if that may be"),
        (
            "a,,c,\n1,2,3,4\n",
            {},
            "data.csv:1: the header has no name for column 2, 4",
            "preamble: N if the header stands further down, or names: [...] with header: true",
        ),
        (
            "," * 11 + "\n",
            {"delimiter": ",", "preamble": 0, "header": True},
            "data.csv:1: the header has no name for column 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, ...",
            "preamble: N if the header stands further down, or names: [...] with header: true",
        ),
        (
            "," * 9 + "\n",
            {"delimiter": ",", "preamble": 0, "header": True},
            "data.csv:1: the header has no name for column 1, 2, 3, 4, 5, 6, 7, 8, 9, 10",
            "preamble: N if the header stands further down, or names: [...] with header: true",
        ),
        (
            "x,a,a\n1,2,3\n",
            {},
            "data.csv:1: columns 2, 3 have the same name: 'a'",
            "names: [...] with header: true",
        ),
        (
            "\n\nA,a \n1,2\n",
            {"preamble": 2},
            "data.csv:3: columns 1, 2 have names that differ only in case or outer blanks: 'A', 'a '",
            "names: [...] with header: true",
        ),
        (
            "a;b\n1;2\n3;4\n",
            {"delimiter": ","},
            "data.csv: the declared delimiter ',' is in none of the first 3 records, and ';' parts each of them into 2 "
            "cells",
            "delimiter: ';', or delimiter: none for a file of one column",
        ),
        (
            'a,"b\n1,2\n',
            {"delimiter": ",", "preamble": 0, "header": True},
            "data.csv:1: the header is malformed, or has more than 16,384 cells",
            "preamble: N skips N lines before it",
        ),
        (
            "a,b\n" + "1,2,3\n" * 60,
            {"delimiter": ",", "preamble": 0, "header": True},
            "data.csv: 60 of the first 60 records do not fit the header's 2 cells (delimiter ','); 60 times "
            "extra-cell, first in line 2",
            "state delimiter, quote, quoting, preamble or names under extract",
        ),
        (
            b"a,b\n" + b"\xe4,1\n" * 30,
            {"encoding": "utf-8"},
            "data.csv: it is not utf-8 (declared): 30 of 30 lines that are not plain ASCII fail, among them line 2",
            "encoding: NAME, for example cp1252 or latin-1",
        ),
        ("a,b\n", {"on_empty": "refuse"}, "data.csv: the file has no rows (on_empty: refuse)", None),
    ],
)
def test_a_file_that_is_refused_is_told_what_where_and_what_next(read, text, options, said, following):
    """Each refusal says what is wrong, where, and what to write instead."""
    with pytest.raises(FileRefused) as refused:
        read(text, **options)
    error = refused.value
    assert f"{error.where}: {error.what}" == said
    assert error.next_command == following


def test_a_packed_file_that_changes_is_told_by_name(opened, tmp_path):
    """A file that is not the one that was opened is told where it is opened again, and at its end."""
    path = tmp_path / "a.csv.gz"
    path.write_bytes(gzip.compress(b"x\n1\n"))
    with opened(files="*.gz") as dataset:
        path.write_bytes(gzip.compress(b"x\n1\n2\n"))
        with pytest.raises(TryLater) as refused:
            list(dataset.batches())
    assert str(refused.value) == "a.csv.gz: the file changed while it was read"


@pytest.mark.parametrize(("size", "ratio", "said"), [(10, 1e9, "10 bytes"), (1 << 30, 1.5, "1.5 times its ")])
def test_a_bomb_is_told_by_its_bound(tmp_path, monkeypatch, size, ratio, said):
    """Which bound it was stands in the error, with the name of the file and of the option."""
    monkeypatch.setattr("etl_agent.extract.source._RATIO_GRACE", 0)
    path = tmp_path / "a.gz"
    path.write_bytes(gzip.compress(b"0" * 100_000))
    (source,) = sources_of(path, name="a.gz", scratch=tmp_path)
    with source.open(Limits(size=size, ratio=ratio)) as stream, pytest.raises(FileRefused) as refused:
        while stream.read(1 << 20):
            pass
    assert str(refused.value).startswith(f"a.gz: it unpacks to more than {said}")


def test_a_plain_file_has_no_bound(tmp_path):
    """Nothing is unpacked, so nothing can swell."""
    (tmp_path / "a").write_bytes(b"0" * 100)
    (source,) = sources_of(tmp_path / "a", name="a", scratch=tmp_path)
    with source.open(Limits(size=1, ratio=0.1)) as stream:
        assert len(stream.read(1000)) == 100


# Tallies


def test_every_kind_of_line_is_counted_in_its_own_place(opened, read_all, tmp_path):
    """Over several blocks too: the counts add up, and sizes are those of the file and of its content."""
    body = f"# {'note' * 50}\n\n1,2\n3\n\n" * 6_000
    content = f"title\na,b\n{body}Total,9\n".encode()
    (tmp_path / "a.csv.gz").write_bytes(gzip.compress(content, 1))
    with opened(files="a.csv.gz", preamble=1, comment="#", footer=1, header=True, delimiter=",") as dataset:
        assert dataset.tallies() == ()
        (tally,) = read_all(dataset).tallies
    assert (tally.file, tally.preamble, tally.header, tally.footnote) == ("a.csv.gz", 1, 1, 1)
    assert (tally.comment, tally.blank, tally.record_lines) == (6_000, 12_000, 12_000)
    assert (tally.good, tally.bad, tally.lines) == (6_000, 6_000, 30_003)
    assert (tally.size, tally.packed_size) == (len(content), (tmp_path / "a.csv.gz").stat().st_size)


def test_a_frame_is_known_by_its_name(tmp_path):
    """The name is the caller's, or says what it is; its text lies where it is told to."""
    frame = pd.DataFrame({"a": [1]})
    with Dataset.of_frame(frame) as dataset:
        assert dataset.files[0].name == "dataframe"
    with Dataset.of_frame(frame, name="mine", scratch=tmp_path) as dataset:
        assert dataset.files[0].name == "mine"
        assert dataset.files[0].path.is_relative_to(tmp_path)
        dialect = dataset.files[0].dialect
        assert (dialect.encoding.name, dialect.encoding.how, dialect.delimiter, dialect.quote) == (
            "utf-8",
            "declared",
            ",",
            '"',
        )
    assert list(tmp_path.iterdir()) == []


def test_an_empty_file_with_names_is_written_as_declared(opened, tmp_path):
    """There is no evidence, so the usual form holds where nothing is said."""
    (tmp_path / "a.csv").write_text("")
    for options, expected in (
        ({}, (",", '"')),
        ({"delimiter": ";", "quote": "'"}, (";", "'")),
        ({"delimiter": "none"}, (None, '"')),
        ({"quoting": "none"}, (",", None)),
    ):
        with opened(
            files="a.csv", names=["x", "y"][: 1 if "none" in options.values() else 2], header=False, **options
        ) as dataset:
            (file,) = dataset.files
            dialect = file.dialect
            assert (dialect.delimiter, dialect.quote) == expected
            assert (dialect.preamble, dialect.header, dialect.start) == (0, 0, 0)
            assert dialect.width == len(file.header) == len(dataset.names)
            assert dialect.encoding.name == "utf-8"


@pytest.mark.parametrize(
    ("file", "value"), [("in/2025/day_07.csv", "07"), ("day_08.csv", "08"), ("a b/day_09.csv", "09")]
)
def test_a_column_is_taken_from_the_name_of_the_file_alone(file, value):
    """Folders are no part of it, however many there are."""
    assert constants({"day": AddColumn.model_validate({"from": "file_name", "pattern": r"^day_(\d+)"})}, file) == (
        value,
    )


# Pieces of a file


class Pieces(io.BytesIO):
    """A file that remembers what was read and skipped."""

    def __init__(self, content):
        super().__init__(content)
        self.steps = []

    def skip(self, size):
        assert size >= 0
        self.seek(size, os.SEEK_CUR)
        self.steps.append(-size)

    def read(self, size=-1):
        part = super().read(size)
        self.steps.append(len(part))
        return part


CONTENT = bytes(range(256)) * 4


@pytest.mark.parametrize(
    "places",
    [
        [(0, 3), (3, 2)],
        [(10, 3), (2, 2)],
        [(5, 4), (6, 2), (5, 4)],
        [(0, 8), (4, 8), (8, 8)],
        [(1000, 24), (0, 1), (500, 0)],
        [(7, 0), (7, 1)],
        [],
    ],
)
@pytest.mark.parametrize("step", [1, 4, 1 << 20])
def test_pieces_are_read_in_one_pass_in_any_order(monkeypatch, places, step):
    """Whatever overlaps or touches, and however much is read at once, each piece is its own bytes."""
    monkeypatch.setattr("etl_agent.extract.raw._STEP", step)
    offsets, lengths = (np.array([pair[side] for pair in places], np.int64) for side in (0, 1))
    assert read_at(Pieces(CONTENT), offsets, lengths) == [CONTENT[at : at + size] for at, size in places]


def test_what_is_between_pieces_is_not_read(monkeypatch):
    """A gap is skipped, and nothing is read twice."""
    monkeypatch.setattr("etl_agent.extract.raw._STEP", 1)
    stream = Pieces(CONTENT)
    read_at(stream, np.array([2, 10, 12]), np.array([4, 4, 2]))
    assert stream.steps == [-2, 4, -4, 4]


def test_pieces_of_held_blocks_are_found():
    """A record lies in one block, which may begin anywhere."""
    held = HeldBlocks([(5, b"abc"), (8, b"defg")])
    assert held(np.array([8, 5, 6, 11]), np.array([2, 3, 1, 1])) == [b"de", b"abc", b"b", b"g"]


# Encodings


def windows(tmp_path, content, *, name="a.csv", size=4):
    """Give the pieces that an encoding is judged by."""
    (tmp_path / name).write_bytes(content)
    (source,) = sources_of(tmp_path / name, name=name, scratch=tmp_path)
    with source.open(LIMITS) as stream:
        head = stream.read(size)
    return list(_windows(source, head, LIMITS))


def test_a_small_file_is_judged_whole(tmp_path, monkeypatch):
    """Its last line counts although nothing ends it, and so does its first."""
    monkeypatch.setattr("etl_agent.extract.encoding._WINDOW", 8)
    assert windows(tmp_path, b"ab\ncd", size=8) == [b"ab\ncd"]
    assert windows(tmp_path, b"ab\ncd\nef", size=8) == [b"ab\ncd\n"]


def test_a_large_file_is_judged_by_pieces_from_all_over_it(tmp_path, monkeypatch):
    """The first piece begins the file, the last one ends it, and the others lie evenly between."""
    monkeypatch.setattr("etl_agent.extract.encoding._WINDOW", 8)
    monkeypatch.setattr("etl_agent.extract.encoding._WINDOWS", 3)
    lines = b"".join(b"%03d\n" % n for n in range(100))
    assert windows(tmp_path, lines, size=8) == [b"000\n001\n", b"050\n", b"099\n"]


def test_a_packed_file_is_judged_by_its_beginning(tmp_path, monkeypatch):
    """Its pieces follow one another, up to the bound."""
    monkeypatch.setattr("etl_agent.extract.encoding._WINDOW", 8)
    monkeypatch.setattr("etl_agent.extract.encoding._WINDOWS", 3)
    lines = b"".join(b"%03d\n" % n for n in range(100))
    found = windows(tmp_path, bz2.compress(lines), name="a.bz2", size=8)
    assert found == [b"000\n001\n", b"003\n", b"005\n"]
    assert windows(tmp_path, bz2.compress(lines[:12]), name="b.bz2", size=8) == [b"000\n001\n", b"002\n"]


def test_pieces_are_cut_to_whole_lines():
    """A line that is cut could end within a character."""
    assert _whole_lines(b"a\nb\nc", first=False, last=False) == b"b\n"
    assert _whole_lines(b"a\nb\nc", first=True, last=False) == b"a\nb\n"
    assert _whole_lines(b"a\nb\nc", first=False, last=True) == b"b\nc"
    assert _whole_lines(b"abc", first=False, last=False) == b"abc"


@pytest.mark.parametrize("declared", ["utf-16", "UTF_16"])
def test_a_declared_width_needs_no_mark(tmp_path, declared):
    """The order of the bytes is told by the zeros; the least is first where nothing tells."""
    for order, name in (("utf-16-le", "utf-16-le"), ("utf-16-be", "utf-16-be")):
        (tmp_path / "a").write_bytes("ab\ncd\n".encode(order) * 9)
        (source,) = sources_of(tmp_path / "a", name="a", scratch=tmp_path)
        found = decide_encoding(source, declared=declared, limits=LIMITS)
        assert (found.name, found.how, found.unit, found.mark) == (name, "declared", 2, 0)
    (tmp_path / "a").write_bytes("語\n".encode("utf-16-le"))
    (source,) = sources_of(tmp_path / "a", name="a", scratch=tmp_path)
    assert decide_encoding(source, declared=declared, limits=LIMITS).name == "utf-16-le"


@pytest.mark.parametrize(
    ("content", "declared", "found"),
    [
        (b"\xef\xbb\xbfa\n", None, ("utf-8", "byte order mark", 1, 3)),
        (b"\xff\xfe" + "a\n".encode("utf-16-le"), "utf-16", ("utf-16-le", "byte order mark", 2, 2)),
        (b"a\n", "utf-8-sig", ("utf-8", "declared", 1, 0)),
        (b"a\n", "latin1", ("iso8859-1", "declared", 1, 0)),
        ("a\n".encode("utf-32-le"), "utf-32", ("utf-32-le", "declared", 4, 0)),
        (b"a\n", None, ("utf-8", "detected", 1, 0)),
    ],
)
def test_an_encoding_says_how_it_was_found(tmp_path, content, declared, found):
    """Its name, why, the bytes of a unit and of a mark."""
    (tmp_path / "a").write_bytes(content)
    (source,) = sources_of(tmp_path / "a", name="a", scratch=tmp_path)
    encoding = decide_encoding(source, declared=declared, limits=LIMITS)
    assert (encoding.name, encoding.how, encoding.unit, encoding.mark) == found


def test_lines_that_are_western_in_half_of_the_cases_are_western():
    """The others are faults: 0x81 is no character there."""
    good, bad = "größer und schöner".encode("cp1252"), b"\x81\x8d\x8f"
    assert _legacy(b"\n".join([good, bad])) == "cp1252"
    assert _legacy(b"\n".join([good, good, bad])) == "cp1252"


# Headers


@pytest.mark.parametrize(
    ("cells", "able"),
    [
        ([b"id", b"name"], True),
        ([b"id", b""], False),
        ([b"id", b"ID "], False),
        ([b"id", b"12"], False),
        ([b"id", b"2025-04-03"], False),
        ([b"id", b"a@b.de"], False),
        ([b"id", b"a;b"], False),
        ([b"id", b'"a;b"'], True),
        ([], False),
        (None, False),
    ],
)
def test_cells_that_can_name_columns(cells, able):
    """None empty, none twice, no value, and no other delimiter unless it is quoted."""
    assert can_be_header(cells, COMMA) is able


@pytest.mark.parametrize(
    ("cell", "quote", "value"),
    [
        (b"abc", '"', True),
        (b'"a;b"', '"', True),
        (b'"a;b"', None, False),
        (b"a;b", '"', False),
        (b"a\tb", '"', False),
        (b"1.234;5", '"', False),
        (b"-12", '"', True),
    ],
)
def test_a_cell_with_another_delimiter_is_no_value_unless_it_is_quoted(cell, quote, value):
    """So a delimiter that only stands within cells is not taken for one."""
    assert is_value(cell, Grammar(delimiter=",", quote=quote)) is value


def test_nine_of_ten_typed_cells_make_a_column_of_values():
    """A first record of a date above dates is a row; below nine of ten it may be a header."""
    day, word = [b"2025-04-03"], [b"soon"]
    assert is_data(day, [day] * 9 + [word], COMMA)
    assert not is_data(day, [day] * 8 + [word] * 2, COMMA)
    assert is_data(day, [day, day], COMMA)
    assert not is_data(day, [day], COMMA)
    assert not is_data([b"when"], [day] * 10, COMMA)
    assert not is_data([b"x" * 101], [day] * 10, COMMA)


def test_the_first_reason_of_a_refusal_is_the_commonest(read):
    """Of several faults the one that most records have is told."""
    body = "1,2,3\n" * 40 + "1\n" * 20
    with pytest.raises(FileRefused, match="40 times extra-cell, first in line 2"):
        read("a,b\n" + body, delimiter=",", preamble=0, header=True)


def test_undecodable_lines_are_weighed_against_those_that_could_be(read):
    """Twenty that fail are many only if most of the others fail too."""
    good, bad = "ä,1\n".encode(), b"\xe4,1\n"
    got = read(b"a,b\n" + good * 20 + bad * 20, encoding="utf-8")
    assert (len(got.rows), len(got.bad)) == (20, 20)
    with pytest.raises(FileRefused, match="20 of 39 lines"):
        read(b"a,b\n" + good * 19 + bad * 20, encoding="utf-8")
    assert len(read(b"a,b\n" + bad * 19 + b"1,2\n" * 19, encoding="utf-8").bad) == 19


@pytest.mark.parametrize("byte", [b"\x80", b"\xff"])
def test_every_byte_that_is_not_ascii_is_looked_at(read, byte):
    """From the first such byte to the last: alone it is no UTF-8, and costs its own line."""
    got = read(b"a,b\n1,2\n" + byte + b",3\n4,\xc3\xa4\n", encoding="utf-8")
    assert got.rows == [("1", "2"), ("4", "ä")]
    assert [(line, code) for line, code, _ in got.bad] == [(3, "encoding-error")]
