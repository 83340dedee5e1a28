"""Several files as one dataset: their columns, their order, their tallies, and reading again."""

import hashlib
import io
import os
import sys
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from etl_agent.errors import ConfigurationError, FileRefused, NoInput, TryLater
from etl_agent.extract.dataset import Dataset


@pytest.fixture
def write(tmp_path):
    """Write files of the test."""

    def write_files(**files):
        for name, text in files.items():
            (tmp_path / f"{name}.csv").write_text(text, newline="")

    return write_files


def test_columns_are_matched_by_name(write, opened, read_all):
    """Reordered, missing and extra columns of later files find their places; what a file lacks is null."""
    write(a="x,y\n1,2\n", b="y,x\n4,3\n", c="y,Z\n6,7\n")
    got = read_all(opened(files=("a.csv", "b.csv", "c.csv")))
    assert got.names == ("x", "y", "Z")
    assert got.rows == [("1", "2", None), ("3", "4", None), (None, "6", "7")]
    assert got.numbers == [0, 1, 2]


def test_files_keep_their_own_headers(write, opened, read_all):
    """A name in another spelling is the same column, and the file tells how it spelled it."""
    write(a="Name,y\n1,2\n", b="y, name\n4,3\n")
    dataset = opened(files="*.csv")
    assert dataset.names == ("Name", "y")
    assert [file.header for file in dataset.files] == [("Name", "y"), ("y", " name")]
    assert read_all(dataset).rows == [("1", "2"), ("3", "4")]


def test_record_numbers_go_on_over_bad_records_and_files(write, opened):
    """Good and bad records share one numbering, in file order."""
    write(a="x,y\n1,2\nbad\n3,4\n", b="x,y\nbad\n5,6\n")
    verdicts = list(opened(files="*.csv").batches())
    assert [verdict.kept.origin.row.tolist() for verdict in verdicts] == [[0, 2], [4]]
    assert [verdict.rejects[0].origin.row.tolist() for verdict in verdicts] == [[1], [3]]
    assert [verdict.kept.origin.files for verdict in verdicts] == [("a.csv",), ("b.csv",)]


def test_a_file_of_bad_records_gives_its_rejects(write, opened):
    """A batch may have no rows and yet rejects."""
    write(a="x,y\nbad\n")
    (verdict,) = opened(files="a.csv").batches()
    assert (len(verdict.kept), len(verdict.rejects[0])) == (0, 1)
    assert verdict.kept.data.schema.names == ["x", "y"]


def test_passes_are_equal(write, opened, read_all):
    """A dataset can be read again, as for a survey and then the flow."""
    write(a="x,y\n1,2\nbad\n", b="x\n3\n")
    dataset = opened(files="*.csv")
    assert read_all(dataset) == read_all(dataset)


def test_digest_is_of_the_decompressed_bytes(write, opened, tmp_path):
    """The SHA-256 of a file is the same by a pass of its own, on the way, and packed."""
    import gzip

    write(a="x,y\n1,2\n")
    (tmp_path / "b.csv.gz").write_bytes(gzip.compress(b"x,y\n1,2\n"))
    dataset = opened(files=("a.csv", "b.csv.gz"))
    expected = hashlib.sha256(b"x,y\n1,2\n").hexdigest()
    assert [dataset.digest(0), dataset.digest(1)] == [expected] * 2
    list(dataset.batches())
    assert [tally.sha256 for tally in dataset.tallies()] == [expected] * 2
    assert [tally.size for tally in dataset.tallies()] == [8, 8]
    list(dataset.batches(digest=False))
    assert dataset.tallies()[0].sha256 is None


def test_raw_records_can_be_read_again(write, opened, tmp_path):
    """Late rejects find their bytes by offset and length, in any order, also in a compressed file."""
    import bz2

    text = "x,y\n" + "".join(f'{n},"{"z" * n}\n"\n' for n in range(300))
    write(a=text)
    (tmp_path / "b.csv.bz2").write_bytes(bz2.compress(text.encode()))
    dataset = opened(files=("a.csv", "b.csv.bz2"))
    for index, verdict in enumerate(dataset.batches()):
        origin = verdict.kept.origin
        places = np.array([299, 0, 7, 7, 150])
        again = dataset.raw_at(index, origin.offset[places], origin.length[places])
        assert again == [origin.raw_lines()[place] for place in places]


def test_columns_are_added_from_the_file_name(write, opened, read_all):
    """A part of the file's name or a constant stands at the right of each row."""
    write(orders_kiel_1="x\n1\n", orders_bonn_1="x\n2\n")
    add = {"shop": {"from": "file_name", "pattern": "orders_([a-z]+)_"}, "kind": {"value": "web"}}
    got = read_all(opened(files="*.csv", add=add))
    assert got.names == ("x", "shop", "kind")
    assert got.rows == [("2", "bonn", "web"), ("1", "kiel", "web")]


def test_added_column_must_be_new_and_must_match(write, opened):
    """A name that the files have, or a pattern that finds nothing, is an error of the configuration."""
    write(a="x\n1\n")
    with pytest.raises(ConfigurationError, match="have a column 'x' already"):
        opened(files="a.csv", add={"X": {"value": "1"}})
    with pytest.raises(ConfigurationError, match=r"does not match the file name 'a\.csv'"):
        opened(files="a.csv", add={"z": {"from": "file_name", "pattern": "(q)"}})


def test_paths_have_the_day_and_variables(write, opened, read_all):
    """Templates are filled in before files are looked for."""
    write(kiel_20250403="x\n1\n")
    assert read_all(opened(files="{shop}_{date:%Y%m%d}.csv", variables={"shop": "kiel"})).rows == [("1",)]


def test_missing_file_is_no_input(opened):
    """What is not there is an error when the dataset is opened."""
    with pytest.raises(NoInput, match="no such file"):
        opened(files="a.csv")


def test_stdin_is_copied_once_and_read_twice(opened, read_all, monkeypatch, tmp_path):
    """The standard input can be surveyed and then read, and its copy goes."""
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(b"x,y\n1,2\n")))
    with opened(files="-") as dataset:
        assert dataset.files[0].name == "stdin"
        assert read_all(dataset).rows == read_all(dataset).rows == [("1", "2")]
        assert len(list((tmp_path / "scratch").iterdir())) == 1
    assert not list((tmp_path / "scratch").iterdir())


def test_a_file_that_grows_after_opening_is_try_later(write, opened, tmp_path):
    """Between opening and reading a file must not change."""
    write(a="x\n1\n")
    dataset = opened(files="a.csv")
    with (tmp_path / "a.csv").open("a") as file:
        file.write("2\n")
    with pytest.raises(TryLater, match="changed"):
        list(dataset.batches())


def test_a_file_that_is_replaced_while_it_is_read_is_try_later(write, opened, tmp_path):
    """The last bytes are only taken for the end if the file is still the same."""
    write(a="x\n" + "1234567\n" * 300_000)
    dataset = opened(files="a.csv")
    batches = dataset.batches(rows=1000)
    next(batches)
    os.utime(tmp_path / "a.csv", ns=(1, 1))
    with pytest.raises(TryLater, match="changed"):
        list(batches)


def test_an_exception_of_the_reader_names_the_file(write, opened):
    """With several files the user learns which one is wrong."""
    write(a="x,y\n1,2\n", b="x,y\n" + "1\n" * 20)
    with pytest.raises(FileRefused) as caught:
        list(opened(files="*.csv").batches())
    assert caught.value.where == "b.csv"


def test_frame_is_a_dataset_of_exact_text(read_all):
    """Each value of a DataFrame becomes the text that loses nothing; what is missing becomes null."""
    from decimal import Decimal

    frame = pd.DataFrame(
        {
            "n": [1, -2, 2**62],
            "f": [1.5, float("nan"), 0.1],
            "t": ["x", "", None],
            "d": [Decimal("1.10"), None, Decimal("1E+3")],
            "b": [True, False, True],
            "at": pd.to_datetime(["2025-04-03 12:30", None, "2025-04-03 12:30:00.123456"], format="ISO8601"),
            "q": ['say "x"', "a,b", "l1\r\nl2"],
        }
    )
    with Dataset.of_frame(frame, name="mine") as dataset:
        got = read_all(dataset)
        assert dataset.files[0].name == "mine"
    assert got.rows == [
        ("1", "1.5", "x", "1.10", "true", "2025-04-03 12:30:00", 'say "x"'),
        ("-2", None, "", None, "false", None, "a,b"),
        (str(2**62), "0.1", None, "1000", "true", "2025-04-03 12:30:00.123456", "l1\r\nl2"),
    ]


def test_frame_of_one_column_keeps_its_nulls(read_all):
    """A null alone in its row is still a row."""
    with Dataset.of_frame(pd.DataFrame({"x": [None, "", "a", None]})) as dataset:
        assert read_all(dataset).rows == [(None,), ("",), ("a",), (None,)]


def test_frame_without_rows_or_with_equal_labels(read_all):
    """An empty frame has columns; labels that collide are refused as in a file."""
    with Dataset.of_frame(pd.DataFrame({"x": pd.Series([], dtype="str")})) as dataset:
        assert (dataset.names, read_all(dataset).rows) == (("x",), [])
    with pytest.raises(FileRefused, match="the same name"):
        Dataset.of_frame(pd.DataFrame([[1, 2]], columns=["x", "x"]))


def test_a_fallback_is_read_where_no_file_is_there(write, opened, read_all):
    """The files that are read instead are the dataset, and it says why; without a fallback nothing is guessed."""
    write(old="x\n1\n")
    dataset = opened(files="new_*.csv", fallback="old.csv")
    assert read_all(dataset).rows == [("1",)]
    assert dataset.fell_back == "no file matches; read old.csv instead"
    with pytest.raises(NoInput):
        opened(files="new_*.csv")


def test_a_fallback_is_read_where_no_file_has_a_row(write, opened, read_all):
    """One row in any of the files, even a bad one, and they are the dataset."""
    write(a="x,y\n", b="x,y\n", old="x,y\n1,2\n")
    empty = {"files": ("a.csv", "b.csv"), "fallback": "old.csv", "on_empty": "fallback"}
    assert read_all(opened(**empty)).rows == [("1", "2")]
    write(b="x,y\nbad\n")
    dataset = opened(**empty)
    assert dataset.fell_back is None
    assert read_all(dataset).rows == []


def test_nothing_falls_back_while_a_file_is_there(write, opened, read_all):
    """A fallback is not looked at, and need not exist, as long as the files are there."""
    write(a="x\n1\n")
    assert read_all(opened(files="a.csv", fallback="nowhere.csv")).rows == [("1",)]


def test_on_empty_fallback_needs_a_fallback(opened):
    """A promise that nothing can keep is refused."""
    with pytest.raises(ValueError, match="needs fallback"):
        opened(files="a.csv", on_empty="fallback")
