"""Edges of reading and writing that few files reach: each is counted, refused or read, and none is passed over."""

import errno
import io
import os
import zipfile
from datetime import date, datetime, time
from decimal import Decimal
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from etl_agent.errors import CannotCreate, CannotWrite, FileRefused, NoInput, PermissionRefused, TryLater, Unbalanced
from etl_agent.extract.bulk import Bulk
from etl_agent.extract.dialect import Encoding
from etl_agent.extract.frame import frame_dataset, text_of
from etl_agent.extract.lines import Lines
from etl_agent.extract.raw import read_at
from etl_agent.extract.record import Grammar
from etl_agent.extract.source import Limits, sources_of, spool
from etl_agent.extract.writer import CsvWriter

UTF8 = Encoding("utf-8", "declared", 1, 0)
LIMITS = Limits(size=1 << 30, ratio=100.0)


def lines_of(content, *, block, footer=0, encoding=UTF8):
    """Cut bytes into blocks: the lines of each, and how many of them are no footnote."""
    lines = Lines(io.BytesIO(content), encoding=encoding, at=0, line=1, name="a.csv", footer=footer, block=block)
    found = []
    while (given := lines.next()) is not None:
        texts = [given.text[a:b] for a, b in zip(given.starts.tolist(), given.ends.tolist(), strict=True)]
        found.append((given.at, given.line, texts, given.footnote))
    return found


def test_records_of_several_blocks_are_one_batch(read):
    """A batch joins the blocks that it was read from, and every row keeps its place and its bytes."""
    rows = 150_000
    got = read("n,text\n" + "".join(f"{n},abcdefgh\n" for n in range(rows)), rows=rows)
    assert [int(n) for n, _ in got.rows] == list(range(rows))
    assert got.lines == list(range(2, rows + 2))
    assert got.raw[99_999] == b"99999,abcdefgh"


def test_blanks_after_delimiters_are_left_out_where_nothing_is_quoted(read):
    """Without quotes a blank behind a delimiter is never within a cell."""
    got = read('a, b\n1, "2"\n3, 4\n', quoting="none")
    assert got.names == ("a", "b")
    assert got.rows == [("1", '"2"'), ("3", "4")]


def test_records_of_wrong_width_alone_give_empty_columns():
    """Arrow gives no piece of a column that has no row; here it is an empty column all the same."""
    columns, wrong = Bulk(Grammar(delimiter=",", quote='"'), width=2, blank_is_null=False).parse(b"1\n2,3,4\n")
    assert [column.to_pylist() for column in columns] == [[], []]
    assert [column.type for column in columns] == [pa.string(), pa.string()]
    assert wrong == {0: 1, 1: 3}


def test_a_quote_in_a_footer_opens_nothing(read):
    """An odd quote below the last row ends no cell above it: the bad line alone is bad."""
    got = read('a,b\n1,2\n3,"4\n5,6\nTotal "x,2\n', footer=1)
    assert got.rows == [("1", "2"), ("5", "6")]
    assert got.bad == [(3, "unterminated-quote", b'3,"4')]
    assert got.tallies[0].footnote == 1


def test_footnotes_are_held_back_until_the_last_lines_are_known():
    """A block that may be footer throughout waits for the next one; lines and bytes stay counted."""
    found = lines_of(b"a\nb\nc\nd\n", block=4, footer=2)
    assert [text for _, _, texts, _ in found for text in texts] == [b"a", b"b", b"c", b"d"]
    assert found[0][:3] == (0, 1, [b"a", b"b"])
    at, line, texts, footnote = found[-1]
    assert (at, line, texts[footnote:]) == (8 - 2 * len(texts), 5 - len(texts), [b"c", b"d"])


def test_a_line_longer_than_a_block_is_read_whole():
    """Reading goes on until the line ends."""
    assert lines_of(b"x" * 10 + b"\ny\n", block=4) == [(0, 1, [b"x" * 10], 1), (11, 2, [b"y"], 1)]


@pytest.mark.parametrize("end", [b"\r", b"\r\n"])
def test_a_line_end_may_fall_on_the_end_of_a_block(end):
    """A carriage return at the end of what was read may be half a line end, and is looked at again."""
    for block in range(1, 9):
        texts = [text for _, _, texts, _ in lines_of(b"ab" + end + b"c" + end, block=block) for text in texts]
        assert texts == [b"ab", b"c"]


def test_a_code_that_hides_a_line_end_costs_its_own_line(read):
    """What decodes to a line end within a physical line is an encoding error of that line alone."""
    got = read(b"a,b\n1,2\n3,x+AAo-y\n5,6\n", encoding="utf-7")
    assert got.rows == [("1", "2"), ("5", "6")]
    assert got.bad == [(3, "encoding-error", b"3,x+AAo-y")]


def test_delimiters_with_and_without_a_blank_part_cells_alone(read):
    """One delimiter without a blank shows that the blanks are text."""
    assert read("a, b\n1, 2\n3, 4\n5,6\n").rows == [("1", " 2"), ("3", " 4"), ("5", "6")]


def test_a_counted_preamble_leaves_a_title_where_the_header_is_due(read):
    """With the header's place told, the record that stands there is the header, whatever it looks like."""
    got = read("report,,\na,b,c\n1,2,3\n", preamble=0, names=["x", "y", "z"], header=True)
    assert got.names == ("x", "y", "z")
    assert got.rows == [("a", "b", "c"), ("1", "2", "3")]


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"a\0\0b" * 40, id="zeros on both sides"),
        pytest.param(b"".join(b"a\0" if n % 3 else b"\0b" for n in range(60)), id="now here, now there"),
        pytest.param("ab\ncd\n".encode("utf-16-le") * 8 + b"\x00\xdc" + "e\n".encode("utf-16-le"), id="half a pair"),
    ],
)
def test_zero_bytes_that_are_no_utf16_are_none(content, tmp_path):
    """Zero bytes are taken for UTF-16 only on one side of the pairs, and only where all of it decodes."""
    from etl_agent.extract.encoding import decide_encoding

    (tmp_path / "a.csv").write_bytes(content)
    (source,) = sources_of(tmp_path / "a.csv", name="a.csv", scratch=tmp_path)
    assert not decide_encoding(source, declared=None, limits=LIMITS).name.startswith("utf-16")


def test_given_names_must_be_as_many_as_the_header_has(read):
    """Names that replace a header have its width."""
    with pytest.raises(FileRefused) as refused:
        read("a,b\n1,2\n", names=["x", "y", "z"], header=True)
    assert str(refused.value) == "data.csv:1: the header has 2 cells, and names has 3"


def test_pieces_of_a_file_that_became_shorter_are_try_later(tmp_path):
    """Raw lines are never made up from what is left."""
    (tmp_path / "a.csv").write_bytes(b"abcdef")
    (source,) = sources_of(tmp_path / "a.csv", name="a.csv", scratch=tmp_path)
    with source.open(LIMITS) as stream, pytest.raises(TryLater, match="became shorter while it was read"):
        read_at(stream, np.array([4]), np.array([3]))


def test_rows_that_a_parser_loses_are_a_loud_bug(read, monkeypatch):
    """Records and rows are counted against each other for every block."""
    parse = Bulk.parse

    def lossy(self, text):
        columns, wrong = parse(self, text)
        return [column.slice(1) for column in columns], wrong

    monkeypatch.setattr(Bulk, "parse", lossy)
    with pytest.raises(Unbalanced) as unbalanced:
        read("a,b\n1,2\n3,4\n")
    assert str(unbalanced.value).startswith("data.csv: 2 records became 1 rows")


class TestSomeFiles:
    """A part of a dataset, and what there is to know of files before they are read."""

    def test_all_files_are_the_dataset_itself(self, opened, tmp_path):
        """Choosing all files changes nothing."""
        (tmp_path / "a.csv").write_text("x\n1\n")
        with opened(files="*.csv") as dataset:
            assert dataset.only([0]) is dataset

    def test_some_files_are_a_dataset_of_their_own(self, opened, read_all, tmp_path):
        """The part reads the chosen files alone, and the whole stays open."""
        for name in "abc":
            (tmp_path / f"{name}.csv").write_text(f"x\n{name}\n")
        with opened(files="*.csv") as dataset:
            part = dataset.only([0, 2])
            assert [file.name for file in part.files] == ["a.csv", "c.csv"]
            assert not part.fell_back
            assert read_all(part).rows == [("a",), ("c",)]
            assert len(read_all(dataset).rows) == 3

    def test_candidates_have_the_size_that_is_known_without_reading(self, opened, tmp_path):
        """A packed file's size is known only after it was read; a digest is of unpacked bytes."""
        import gzip
        import hashlib

        (tmp_path / "a.csv").write_bytes(b"x\n1\n")
        (tmp_path / "b.csv.gz").write_bytes(gzip.compress(b"x\n2\n"))
        with opened(files=("a.csv", "b.csv.gz")) as dataset:
            plain, packed = dataset.candidates
            assert (plain.name, plain.size, packed.name, packed.size) == ("a.csv", 4, "b.csv.gz", None)
            assert packed.digest() == hashlib.sha256(b"x\n2\n").hexdigest()


class TestFrame:
    """DataFrames as datasets."""

    def test_a_frame_needs_columns(self):
        """Rows of nothing are no table."""
        with pytest.raises(FileRefused) as refused:
            frame_dataset(pd.DataFrame(index=[1, 2]), name="frame")
        assert str(refused.value) == "frame: the DataFrame has no columns"

    def test_a_frame_needs_a_folder_for_its_text(self, tmp_path):
        """Without a place to write there is an error of writing."""
        with pytest.raises(CannotWrite, match=r"^no temporary folder can be made: No such file or directory$"):
            frame_dataset(pd.DataFrame({"a": [1]}), name="frame", scratch=tmp_path / "none")

    @pytest.mark.parametrize(
        ("value", "text"),
        [
            ("x", "x"),
            (True, "true"),
            (False, "false"),
            (Decimal("1E+3"), "1000"),
            (Decimal("1.10"), "1.10"),
            (datetime(2025, 4, 3, 12, 30), "2025-04-03 12:30:00"),
            (date(2025, 4, 3), "2025-04-03"),
            (time(12, 30), "12:30:00"),
            (1.5, "1.5"),
        ],
    )
    def test_values_are_written_exactly(self, value, text):
        """Each kind of value has one text."""
        assert text_of(value) == text


def zipped(path: Path, *names: str) -> Path:
    """Write a zip file with members of these names."""
    with zipfile.ZipFile(path, "w") as archive:
        for name in names:
            archive.writestr(name, "a\n1\n")
    return path


class TestSources:
    """Files that cannot be read are refused before anything else happens, each with its own error."""

    def sources(self, path: Path):
        """Look at a file of the test."""
        return sources_of(path, name=path.name, scratch=path.parent)

    def test_a_folder_is_no_file(self, tmp_path):
        """It is no input."""
        (tmp_path / "a.csv").mkdir()
        with pytest.raises(NoInput) as refused:
            self.sources(tmp_path / "a.csv")
        assert str(refused.value) == "a.csv: this is a folder"

    def test_a_missing_file_is_no_input(self, tmp_path):
        """It is named."""
        with pytest.raises(NoInput) as refused:
            self.sources(tmp_path / "a.csv")
        assert str(refused.value) == "a.csv: there is no such file"

    @pytest.mark.parametrize(
        ("error", "kind", "message"),
        [
            (PermissionError(errno.EACCES, "no"), PermissionRefused, "a.csv: the file may not be read"),
            (OSError(errno.EIO, "Input/output error"), NoInput, "a.csv: the file cannot be read: Input/output error"),
            (OSError("bad block"), FileRefused, "a.csv: the compressed file is truncated or damaged (bad block)"),
        ],
    )
    def test_errors_of_the_system_are_told_as_ours(self, tmp_path, monkeypatch, error, kind, message):
        """What the system or an unpacker raises has our type and names the file."""
        (tmp_path / "a.csv").write_text("a\n")
        (source,) = self.sources(tmp_path / "a.csv")

        def refuse(*_, **__):
            raise error

        monkeypatch.setattr(Path, "open", refuse)
        with pytest.raises(kind) as refused:
            source.open(LIMITS)
        assert str(refused.value) == message

    def test_a_file_that_vanishes_while_it_is_read_is_try_later(self, tmp_path):
        """Nobody can tell whether what was read was whole."""
        path = tmp_path / "a.csv"
        path.write_text("a\n")
        (source,) = self.sources(path)
        with source.open(LIMITS) as stream:
            path.unlink()
            with pytest.raises(TryLater) as refused:
                stream.read(100)
        assert str(refused.value) == "a.csv: the file changed while it was read"

    def test_a_zip_file_must_hold_a_file(self, tmp_path):
        """Folders and the notes of a Mac are no data."""
        with pytest.raises(FileRefused) as refused:
            self.sources(zipped(tmp_path / "a.zip", "folder/", "__MACOSX/a.csv"))
        assert str(refused.value) == "a.zip: the zip file holds no file"

    def test_a_zip_file_must_not_be_encrypted(self, tmp_path):
        """It says so in its list of members."""
        path = zipped(tmp_path / "a.zip", "a.csv")
        content = bytearray(path.read_bytes())
        content[content.index(b"PK\1\2") + 8] |= 1  # the flags of the first member in the list
        path.write_bytes(content)
        with pytest.raises(FileRefused) as refused:
            self.sources(path)
        assert str(refused.value) == "a.zip: the zip file is encrypted"

    @pytest.mark.filterwarnings("ignore:Duplicate name")
    def test_members_of_a_zip_file_are_told_apart_by_name(self, tmp_path):
        """Two of one name could not be known again."""
        with pytest.raises(FileRefused) as refused:
            self.sources(zipped(tmp_path / "a.zip", "a.csv", "a.csv"))
        assert str(refused.value) == "a.zip: the zip file holds two files of the same name"

    def test_what_can_be_read_once_needs_room(self, tmp_path):
        """A scratch folder that fails is an error of writing."""
        with pytest.raises(CannotWrite) as refused:
            spool(io.BytesIO(b"a"), scratch=tmp_path / "none")
        assert str(refused.value) == "the input cannot be copied to the scratch folder: No such file or directory"


def batch(**columns):
    """Make text columns."""
    return pa.RecordBatch.from_pydict({name: pa.array(cells, pa.string()) for name, cells in columns.items()})


class Failing(io.BytesIO):
    """A file whose writes fail."""

    def __init__(self, error):
        super().__init__()
        self.error = error

    def write(self, _):
        raise self.error


class TestWriter:
    """Files that cannot be written are told, and nothing half stays."""

    def test_the_columns_are_those_of_the_header(self):
        """Another batch would put cells under wrong names."""
        with (
            pytest.raises(ValueError, match=r"^the batch has columns \['b'\], the file \['a'\]$"),
            CsvWriter(io.BytesIO(), ["a"]) as writer,
        ):
            writer.write(batch(b=["1"]))

    def test_a_batch_without_rows_writes_nothing(self):
        """The header stands all the same."""
        buffer = io.BytesIO()
        with CsvWriter(buffer, ["a"]) as writer:
            writer.write(batch(a=[]))
            assert writer.rows == 0
            writer.write(batch(a=["1", "2"]))
            assert writer.rows == 2
        assert buffer.getvalue() == b"a\n1\n2\n"

    def test_a_device_is_written_as_it_is(self):
        """A device is not replaced by a file."""
        with CsvWriter(Path(os.devnull), ["a"]) as writer:
            writer.write(batch(a=["1"]))
        assert not Path(os.devnull).is_file()

    def test_an_error_leaves_a_device_as_it_is(self):
        """There is nothing to remove."""
        with pytest.raises(RuntimeError), CsvWriter(Path(os.devnull), ["a"]):
            raise RuntimeError
        assert Path(os.devnull).exists()

    @pytest.mark.parametrize("name", ["a.csv", "a.csv.gz"])
    def test_an_error_leaves_no_part(self, tmp_path, name):
        """Packed or not, nothing stands beside the path, nor at it."""
        with pytest.raises(RuntimeError), CsvWriter(tmp_path / name, ["a"]) as writer:
            writer.write(batch(a=["1"]))
            raise RuntimeError
        assert list(tmp_path.iterdir()) == []

    def test_an_error_leaves_what_the_caller_owns_open(self):
        """The caller closes what the caller opened."""
        buffer = io.BytesIO()
        with pytest.raises(RuntimeError), CsvWriter(buffer, ["a"]):
            raise RuntimeError
        assert not buffer.closed

    def test_a_folder_that_may_not_be_written_is_a_matter_of_permission(self, tmp_path, monkeypatch):
        """The path is named."""

        def refuse(*_, **__):
            raise PermissionError(errno.EACCES, "no")

        monkeypatch.setattr(Path, "open", refuse)
        with pytest.raises(PermissionRefused) as refused:
            CsvWriter(tmp_path / "a.csv", ["a"])
        assert str(refused.value) == f"{tmp_path / 'a.csv'}: the file may not be written"

    def test_a_missing_folder_is_told_with_the_systems_word(self, tmp_path):
        """The path and the reason are named."""
        with pytest.raises(CannotCreate) as refused:
            CsvWriter(tmp_path / "none" / "a.csv", ["a"])
        assert str(refused.value) == (
            f"{tmp_path / 'none' / 'a.csv'}: the file cannot be created: No such file or directory"
        )

    def test_a_reader_that_went_away_is_told_as_it_is(self):
        """A closed pipe ends a command without a word, so it stays what it is."""
        with pytest.raises(BrokenPipeError):
            CsvWriter(Failing(BrokenPipeError()), ["a"])

    def test_a_full_disk_leaves_nothing(self, tmp_path):
        """The part that was written is removed, and the path keeps what it held."""
        path = tmp_path / "a.csv"
        path.write_text("old")
        writer = CsvWriter(path, ["a"])
        full = OSError(errno.ENOSPC, "No space left on device")

        def refuse(*_):
            raise full

        with pytest.raises(CannotWrite) as refused:
            writer._guarded(refuse)
        assert str(refused.value) == f"{path}: writing failed: No space left on device"
        assert [(file.name, file.read_text()) for file in tmp_path.iterdir()] == [("a.csv", "old")]

    def test_a_full_stream_is_told_without_a_path(self):
        """What the caller opened has no path that we know."""
        with pytest.raises(CannotWrite) as refused:
            CsvWriter(Failing(OSError(errno.ENOSPC, "No space left on device")), ["a"])
        assert str(refused.value) == "writing failed: No space left on device"
