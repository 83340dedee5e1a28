"""Files that are written read back the same, and appear whole or not at all."""

import gzip
import io
import string

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from etl_agent.errors import CannotCreate
from etl_agent.extract.writer import CsvWriter


def batch(**columns: list[str | None]) -> pa.RecordBatch:
    """Make text columns."""
    return pa.RecordBatch.from_pydict({name: pa.array(cells, pa.string()) for name, cells in columns.items()})


def written(data: pa.RecordBatch) -> bytes:
    """Write one batch to memory."""
    buffer = io.BytesIO()
    with CsvWriter(buffer, data.schema.names) as writer:
        writer.write(data)
    return buffer.getvalue()


def test_quotes_stand_where_they_are_needed():
    """Null is nothing, the empty string is a pair of quotes, and other cells are as plain as they can be."""
    data = batch(a=["x", None, "", 'say "hi"'], **{"b,c": ["1.10", "l1\r\nl2", "p,q", " "]})
    assert written(data) == b'a,"b,c"\nx,1.10\n,"l1\r\nl2"\n"","p,q"\n"say ""hi""", \n'


CELLS = st.none() | st.text(st.sampled_from(string.printable + "äß€\ufeff\u2028"), max_size=6)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(1, 4).flatmap(lambda width: st.lists(st.tuples(*[CELLS] * width), max_size=8)))
def test_what_is_written_reads_back(read, rows):
    """Every table of text comes back cell by cell and byte by byte, those of one column too."""
    width = len(rows[0]) if rows else 1
    data = batch(**{f"c{place}": [row[place] for row in rows] for place in range(width)})
    content = written(data)
    got = read(content, encoding="utf-8", delimiter=",", quote='"', preamble=0, header=True, blank_lines="null")
    assert got.rows == rows
    assert not got.bad
    again = batch(**{name: [row[place] for row in got.rows] for place, name in enumerate(got.names)})
    assert written(again) == content


def test_slices_are_written_alone():
    """A part of a batch writes its own rows only."""
    data = batch(a=["1", "2", "3", "4"]).slice(1, 2)
    assert written(data) == b"a\n2\n3\n"


def test_file_appears_when_it_is_whole(tmp_path):
    """Until the end the path holds what it held; an error leaves that as it is, and nothing beside it."""
    path = tmp_path / "out.csv"
    path.write_text("old")
    with pytest.raises(RuntimeError), CsvWriter(path, ["a"]) as writer:
        writer.write(batch(a=["1"]))
        raise RuntimeError
    assert [(file.name, file.read_text()) for file in tmp_path.iterdir()] == [("out.csv", "old")]
    with CsvWriter(path, ["a"]) as writer:
        writer.write(batch(a=["1"]))
        assert path.read_text() == "old"
    assert [(file.name, file.read_text()) for file in tmp_path.iterdir()] == [("out.csv", "a\n1\n")]


def test_gz_is_compressed(tmp_path):
    """The name says how the file is packed."""
    with CsvWriter(tmp_path / "out.csv.gz", ["a"]) as writer:
        writer.write(batch(a=["1"]))
    assert gzip.decompress((tmp_path / "out.csv.gz").read_bytes()) == b"a\n1\n"


def test_header_may_be_left_out():
    """A copy of a file without a header has none."""
    buffer = io.BytesIO()
    with CsvWriter(buffer, ["column_1"], header=False) as writer:
        writer.write(batch(column_1=["1"]))
    assert buffer.getvalue() == b"1\n"


def test_missing_folder_cannot_be_written(tmp_path):
    """The error comes before anything is read."""
    with pytest.raises(CannotCreate):
        CsvWriter(tmp_path / "no" / "out.csv", ["a"])
    with pytest.raises(CannotCreate, match="folder"):
        CsvWriter(tmp_path, ["a"])
