"""A run keeps its promises from the file to the table, on every kind of target."""

from __future__ import annotations

import gzip
import io
import json
import os
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from etl_agent.errors import ConfigurationError, TryLater
from etl_agent.load.target import open_target
from etl_agent.run import runner
from etl_agent.run.options import RunOptions
from etl_agent.run.result import RunResult
from tests.load.targets import kind
from tests.run.project import Project, quoted

KEYED: dict[str, Any] = {"primary_key": ["id"]}
MERGE: dict[str, Any] = {"write_disposition": "merge", **KEYED}
HALF: dict[str, Any] = {"max_reject_share": 0.5}


def counts(result: RunResult) -> dict[str, int]:
    """Return the lines of a balance that are not zero."""
    b = result.balance
    lines = {
        "read": b.read,
        "inserted": b.inserted,
        "updated": b.updated,
        "unchanged": b.unchanged,
        "quarantined": b.quarantined,
        "deduplicated": b.rows_deduplicated,
        "filtered": b.rows_filtered,
        "removed": b.removed,
    }
    return {name: rows for name, rows in lines.items() if rows}


def test_rows_arrive_whole_and_in_order(project: Project) -> None:
    """Every row of the files is in the table, in the order of file and line."""
    project.write("b.csv", "id,v\n3,c\n")
    project.write("a.csv", "id,v\n1,a\n2,\n")
    result = project.run("*.csv")
    assert counts(result) == {"read": 3, "inserted": 3}
    assert project.ask("SELECT id, v FROM t") == [("1", "a"), ("2", None), ("3", "c")]


@pytest.mark.parametrize("mode", ["append", "replace", "merge"])
def test_the_same_file_again_loads_nothing(project: Project, mode: str) -> None:
    """A second run over the same content is done, with nothing new, and names the run that loaded it."""
    project.write("in.csv", "id,v\n1,a\n2,b\n")
    load: dict[str, Any] = {"write_disposition": mode, **(KEYED if mode == "merge" else {})}
    first = project.run(**load)
    again = project.run(**load)
    assert (again.status, again.exit_code) == ("nothing new", 0)
    assert [(file.status, file.run_id) for file in again.files] == [("already loaded", first.run_id)]
    assert str(first.run_id) in (again.message or "")
    assert project.rows("id, v") == [("1", "a"), ("2", "b")]
    assert project.ask("SELECT count(*) FROM _etl_runs") == [(1,)]


def test_a_renamed_or_compressed_file_is_the_same_file(project: Project) -> None:
    """Content is known by the digest of its decompressed bytes, whatever the file is called or packed in."""
    content = b"id,v\n1,a\n2,b\n"
    project.write("in.csv", content)
    project.run()
    project.write("renamed.csv", content)
    project.write("packed.csv.gz", gzip.compress(content))
    assert project.run("renamed.csv").status == "nothing new"
    assert project.run("packed.csv.gz").status == "nothing new"
    assert project.rows("id, v") == [("1", "a"), ("2", "b")]


def test_the_same_content_twice_in_one_run_is_loaded_once(project: Project) -> None:
    """A copy beside its original is left out and reported."""
    project.write("a.csv", "id\n1\n")
    project.write("b.csv", "id\n1\n")
    project.write("c.csv", "id\n2\n")
    result = project.run("*.csv")
    assert {file.file: file.status for file in result.files} == {
        "a.csv": "loaded",
        "b.csv": "same content as another file",
        "c.csv": "loaded",
    }
    assert project.rows("id") == [("1",), ("2",)]


def test_only_the_new_file_of_several_is_loaded(project: Project) -> None:
    """A folder that grows is loaded file by file."""
    project.write("a.csv", "id\n1\n")
    project.run("*.csv")
    project.write("b.csv", "id\n2\n")
    result = project.run("*.csv")
    assert {file.file: file.status for file in result.files} == {"b.csv": "loaded", "a.csv": "already loaded"}
    assert project.rows("id") == [("1",), ("2",)]


def test_a_changed_plan_loads_nothing_and_names_reload(project: Project) -> None:
    """Content that was loaded under another plan stays as it is, and one line says what to do."""
    project.write("in.csv", "id\n1\n")
    project.run()
    result = project.run(clean=[{"step": "strip", "columns": "all"}])
    assert (result.status, result.exit_code) == ("nothing new", 0)
    assert "--reload" in (result.message or "")
    assert project.rows("id") == [("1",)]


def test_reload_of_an_append_doubles_nothing(project: Project) -> None:
    """The rows of the earlier run go out in the transaction that brings the new ones in."""
    project.write("in.csv", "id\n 1\n 2\n")
    project.run()
    result = project.run(clean=[{"step": "strip", "columns": "all"}], reload=True)
    assert counts(result) == {"read": 2, "inserted": 2, "removed": 2}
    assert project.rows("id") == [("1",), ("2",)]
    assert project.ask("SELECT count(*) FROM _etl_files WHERE active = " + ("1" if _lite(project) else "true")) == [
        (1,)
    ]


def test_reload_leaves_the_rows_of_other_files(project: Project) -> None:
    """Only what came from the reloaded content is taken back."""
    project.write("a.csv", "id\n1\n")
    project.write("b.csv", "id\n2\n")
    project.run("a.csv")
    project.run("b.csv")
    assert counts(project.run("a.csv", reload=True)) == {"read": 1, "inserted": 1, "removed": 1}
    assert project.rows("id") == [("1",), ("2",)]


def test_reload_is_refused_where_rows_cannot_be_told_apart(project: Project) -> None:
    """Without the run's number in the table, a reload of an append would double rows, so nothing happens."""
    project.write("in.csv", "id\n1\n")
    project.run(lineage="none")
    with pytest.raises(ConfigurationError, match="_etl_run_id"):
        project.run(lineage="none", reload=True)
    assert project.rows("id") == [("1",)]


def test_reload_of_one_of_two_files_of_a_run_is_refused(project: Project) -> None:
    """Rows of one run cannot be told apart by file, so they are reloaded together or not at all."""
    project.write("a.csv", "id\n1\n")
    project.write("b.csv", "id\n2\n")
    project.run("*.csv")
    with pytest.raises(ConfigurationError, match=r"b\.csv"):
        project.run("a.csv", reload=True)
    assert counts(project.run("*.csv", reload=True)) == {"read": 2, "inserted": 2, "removed": 2}
    assert project.rows("id") == [("1",), ("2",)]


def _lite(project: Project) -> bool:
    return kind(project.url) == "sqlite"


def test_replace_makes_the_rows_the_whole_table(project: Project) -> None:
    """Another set of files takes the place of all rows, and the first set may come back afterwards."""
    project.write("a.csv", "id\n1\n2\n")
    project.write("b.csv", "id\n3\n")
    assert counts(project.run("a.csv", write_disposition="replace")) == {"read": 2, "inserted": 2}
    assert counts(project.run("b.csv", write_disposition="replace")) == {"read": 1, "inserted": 1, "removed": 2}
    assert project.rows("id") == [("3",)]
    assert counts(project.run("a.csv", write_disposition="replace")) == {"read": 2, "inserted": 2, "removed": 1}
    assert project.rows("id") == [("1",), ("2",)]


def test_a_file_name_that_is_no_text_is_spelled_out(project: Project) -> None:
    """What an old system wrote in a name keeps no file out; the record of it is text."""
    try:
        (project.folder / os.fsdecode(b"day_\xe4.csv")).write_text("id\n1\n")
    except OSError:
        pytest.skip("this file system takes names in UTF-8 only")
    add = {"day": {"from": "file_name", "pattern": "day_(.+).csv"}}
    result = project.run("day_*.csv", extract={"add": add})
    assert project.rows("id, day") == [("1", r"\xe4")]
    assert [file.file for file in result.files] == [r"day_\xe4.csv"]


def test_replace_by_a_smaller_set_of_files_is_another_set(project: Project) -> None:
    """Nothing is left out because it is in the table: the set of files counts."""
    project.write("a.csv", "id\n1\n")
    project.write("b.csv", "id\n2\n")
    project.run("*.csv", write_disposition="replace")
    assert project.run("*.csv", write_disposition="replace").status == "nothing new"
    assert project.run("b.csv", write_disposition="replace").status == "loaded"
    assert project.rows("id") == [("2",)]


def test_replace_with_a_key_tells_what_changed(project: Project) -> None:
    """Rows that are there already are unchanged, not written again."""
    project.write("a.csv", "id,v\n1,a\n2,b\n3,c\n")
    project.write("b.csv", "id,v\n2,b\n3,x\n4,d\n")
    load = {"write_disposition": "replace", **KEYED}
    project.run("a.csv", **load)
    result = project.run("b.csv", **load)
    assert counts(result) == {"read": 3, "inserted": 1, "updated": 1, "unchanged": 1, "removed": 1}
    assert project.rows("id, v") == [("2", "b"), ("3", "x"), ("4", "d")]


@pytest.mark.parametrize("load", [{}, KEYED], ids=["no key", "key"])
def test_replace_keeps_no_value_of_a_column_that_the_files_lack(project: Project, load: dict[str, Any]) -> None:
    """With a key or without one the rows are the whole table, also the columns that they do not have."""
    project.write("a.csv", "id,v,w\n1,a,x\n2,b,y\n3,c,z\n")
    project.write("b.csv", "id,v\n1,a\n2,bb\n4,d\n")
    project.write("c.csv", "id\n1\n")
    load = {"write_disposition": "replace", **load}
    project.run("a.csv", **load)
    result = project.run("b.csv", **load)
    assert project.rows("id, v, w") == [("1", "a", None), ("2", "bb", None), ("4", "d", None)]
    if "primary_key" in load:
        assert counts(result) == {"read": 3, "inserted": 1, "updated": 2, "removed": 1}
    project.run("c.csv", **load)
    assert project.rows("id, v, w") == [("1", None, None)]


def test_an_empty_input_never_replaces(project: Project) -> None:
    """A file without rows empties no table unless that is allowed."""
    project.write("a.csv", "id\n1\n")
    project.write("empty.csv", "id\n")
    project.run("a.csv", write_disposition="replace")
    refused = project.run("empty.csv", write_disposition="replace")
    assert (refused.status, refused.exit_code) == ("refused", 65)
    assert project.rows("id") == [("1",)]
    allowed = project.run("empty.csv", write_disposition="replace", allow_empty=True)
    assert counts(allowed) == {"removed": 1}
    assert project.rows("id") == []


@pytest.mark.parametrize(
    ("strategy", "expected", "rows"),
    [
        ("upsert", {"inserted": 1, "updated": 1, "unchanged": 1}, [("1", "a"), ("2", "b"), ("3", "x"), ("4", "d")]),
        ("delete-insert", {"inserted": 3, "removed": 2}, [("1", "a"), ("2", "b"), ("3", "x"), ("4", "d")]),
        ("insert-only", {"inserted": 1, "filtered": 2}, [("1", "a"), ("2", "b"), ("3", "c"), ("4", "d")]),
    ],
)
def test_a_merge_counts_what_it_did(
    project: Project, strategy: str, expected: dict[str, int], rows: list[tuple[str, str]]
) -> None:
    """Each strategy brings the second file in by its own rule, and the counts are the database's."""
    project.write("a.csv", "id,v\n1,a\n2,b\n3,c\n")
    project.write("b.csv", "id,v\n2,b\n3,x\n4,d\n")
    project.run("a.csv", strategy=strategy, **MERGE)
    result = project.run("b.csv", strategy=strategy, **MERGE)
    assert counts(result) == {"read": 3, **expected}
    assert project.rows("id, v") == rows


def test_scd2_closes_the_old_version(project: Project) -> None:
    """A changed row gets a new version, an equal one none; closed versions stand outside the balance."""
    project.write("a.csv", "id,v\n1,a\n2,b\n")
    project.write("b.csv", "id,v\n1,a\n2,x\n3,c\n")
    project.run("a.csv", strategy="scd2", **MERGE)
    result = project.run("b.csv", strategy="scd2", **MERGE)
    assert counts(result) == {"read": 3, "inserted": 1, "updated": 1, "unchanged": 1, "removed": 1}
    current = project.ask("SELECT id, v FROM t WHERE valid_to IS NULL ORDER BY id")
    assert current == [("1", "a"), ("2", "x"), ("3", "c")]
    assert project.ask("SELECT id, v FROM t WHERE valid_to IS NOT NULL") == [("2", "b")]


def test_a_reload_of_a_merge_changes_nothing(project: Project) -> None:
    """The same rows merged again are unchanged."""
    project.write("in.csv", "id,v\n1,a\n2,b\n")
    project.run(**MERGE)
    assert counts(project.run(reload=True, **MERGE)) == {"read": 2, "unchanged": 2}


def test_the_last_row_of_a_key_wins(project: Project) -> None:
    """A key twice in the dataset: the last row stays and the rest are deduplicated."""
    project.write("in.csv", "id,v\n1,a\n2,b\n1,c\n")
    result = project.run(**MERGE)
    assert counts(result) == {"read": 3, "inserted": 2, "deduplicated": 1}
    assert dict(result.balance.deduplicated) == {"primary key (id)": 1}
    assert project.rows("id, v") == [("1", "c"), ("2", "b")]


@pytest.mark.parametrize("batch", [1, 100])
def test_the_newest_row_of_a_key_wins(project: Project, monkeypatch: pytest.MonkeyPatch, batch: int) -> None:
    """With newest_by the greatest value wins wherever it stands, a null loses, and of equals the last wins."""
    monkeypatch.setattr(runner, "BATCH_ROWS", batch)
    project.write("in.csv", "id,at,v\n1,2025-03-01,new\n1,2025-01-01,old\n1,,none\n2,2025-01-01,x\n2,2025-01-01,y\n")
    result = project.run(
        contract={"id": "integer", "at": {"type": "date", "nullable": True}, "v": "text"}, newest_by="at", **MERGE
    )
    assert counts(result) == {"read": 5, "inserted": 2, "deduplicated": 3}
    assert project.rows("id, v") == [(1, "new"), (2, "y")]


@pytest.mark.parametrize(
    ("kind", "newest", "older"),
    [
        ("text", "2025-03-01", "2025-01-01"),
        ("text", "2025-03-01 10:00:00", "2025-03-01 09:59:59.9"),
        ("text", "10", "9"),
        ("decimal(12,2)", "10.05", "9.99"),
        ("decimal(30,2)", "-1.10", "-1.11"),
        ("float", "10.5", "9.75"),
        ("float", "-1.5", "-2"),
        ("float", "1e300", "-1e300"),
        ("timestamp", "2025-03-01 00:00:00.000001", "2025-03-01 00:00:00"),
        ("time", "10:00:00", "09:59:59"),
        ("boolean", "true", "false"),
    ],
)
def test_rows_of_a_key_are_ranked_by_a_column_of_any_type(project: Project, kind: str, newest: str, older: str) -> None:
    """What newest_by names may be a number with a fraction, or text that is a time or a whole number."""
    project.write("in.csv", f"id,at,v\n1,{older},old\n1,{newest},new\n1,,none\n2,{newest},new\n2,{older},old\n")
    contract = {"id": "text", "at": {"type": kind, "nullable": True}, "v": "text"}
    project.run(contract=contract, newest_by="at", **MERGE)
    assert project.rows("id, v") == [("1", "new"), ("2", "new")]


@pytest.mark.parametrize(
    ("kind", "value"), [("text", "Rome"), ("decimal(30,0)", "123456789012345678901"), ("decimal(60,0)", "1")]
)
def test_rows_that_cannot_be_ranked_are_refused_in_words(project: Project, kind: str, value: str) -> None:
    """A column that tells no order is named; nothing is loaded by chance."""
    project.write("in.csv", f"id,at\n1,{value}\n")
    result = project.run(contract={"id": "text", "at": kind}, newest_by="at", **MERGE)
    assert result.status == "refused"
    assert "newest_by: a cell of the column 'at'" in result.message


def test_append_with_a_key_keeps_equal_rows_out_and_different_ones_in_quarantine(project: Project) -> None:
    """An equal row is deduplicated; one with another content is quarantined with its raw line and place."""
    project.write("a.csv", "id,v\n1,a\n2,b\n")
    project.write("b.csv", 'id,v\n3,c\n2,b\n1,"x, y"\n')
    project.run("a.csv", **KEYED)
    result = project.run("b.csv", validate=HALF, **KEYED)
    assert counts(result) == {"read": 3, "inserted": 1, "quarantined": 1, "deduplicated": 1}
    assert project.rows("id, v") == [("1", "a"), ("2", "b"), ("3", "c")]
    (entry,) = project.quarantine("file, line, byte_offset, stage, raw, reasons")
    assert entry[:5] == ("b.csv", 4, 13, "load", '1,"x, y"')
    assert json.loads(entry[5])[0]["code"] == "primary-key-error"


def test_a_null_in_the_key_is_quarantined(project: Project) -> None:
    """A row that cannot be identified is kept in quarantine."""
    project.write("in.csv", "id,v\n1,a\n,b\n2,c\n")
    result = project.run(validate=HALF, **MERGE)
    assert counts(result) == {"read": 3, "inserted": 2, "quarantined": 1}
    assert project.quarantine() == [(3, ",b")]


@pytest.mark.parametrize("batch", [1, 100])
@pytest.mark.parametrize("load", [{}, MERGE], ids=["append", "merge"])
def test_uniqueness_holds_over_all_batches(
    project: Project, monkeypatch: pytest.MonkeyPatch, batch: int, load: dict[str, Any]
) -> None:
    """The first row of a value stays; the others are quarantined with their lines, whatever batch they are in."""
    monkeypatch.setattr(runner, "BATCH_ROWS", batch)
    project.write("in.csv", "id,code\n1,A\n2,B\n3,A\n4,C\n5,A\n6,D\n")
    contract = {"id": "integer", "code": {"type": "text", "unique": True}}
    result = project.run(contract=contract, validate=HALF, **load)
    assert counts(result) == {"read": 6, "inserted": 4, "quarantined": 2}
    assert project.rows("id, code") == [(1, "A"), (2, "B"), (4, "C"), (6, "D")]
    assert project.quarantine("line, raw, stage") == [(4, "3,A", "validate"), (6, "5,A", "validate")]


@pytest.mark.parametrize("keep", ["first", "last", "most_complete"])
@pytest.mark.parametrize("batch", [1, 100])
def test_deduplication_sees_the_whole_dataset(
    project: Project, monkeypatch: pytest.MonkeyPatch, keep: str, batch: int
) -> None:
    """One row of a key stays over all files and batches, by the step's rule."""
    monkeypatch.setattr(runner, "BATCH_ROWS", batch)
    project.write("a.csv", "k,v,w\nx,1,\ny,2,2\n")
    project.write("b.csv", "k,v,w\nx,3,3\nx,4,\n")
    result = project.run("*.csv", clean=[{"step": "deduplicate", "columns": ["k"], "keep": keep}])
    assert counts(result) == {"read": 4, "inserted": 2, "deduplicated": 2}
    stays = {"first": "1", "last": "4", "most_complete": "3"}[keep]
    assert project.rows("k, v") == [("x", stays), ("y", "2")]


def test_malformed_lines_are_kept_raw_with_their_place(project: Project) -> None:
    """A line that is no row is in quarantine as it lies in the file, and its neighbours are loaded."""
    content = b'id,v\n1,a\n2,b,c\n3,"x"y\n4,\xff\n5,\0\n6,f\n7,g\n8,h\n9,i\n'
    project.write("in.csv", content)
    result = project.run(validate=HALF, extract={"encoding": "utf-8"})
    assert counts(result) == {"read": 9, "inserted": 5, "quarantined": 4}
    found = project.quarantine("line, byte_offset, raw, reasons")
    assert [row[:3] for row in found] == [
        (3, 9, "2,b,c"),
        (4, 15, '3,"x"y'),
        (5, 22, "4,\\xff"),
        (6, 26, "5,\\x00"),
    ]
    codes = [json.loads(row[3])[0]["code"] for row in found]
    assert codes == ["extra-cell", "stray-quote", "encoding-error", "nul-byte"]


def test_every_failed_check_of_a_row_is_kept(project: Project) -> None:
    """A row that is wrong in three ways has three reasons, and counts once."""
    project.write("in.csv", "n,d,v\nx,2025-13-01,zzz\n5,2025-01-01,a\n")
    contract = {"n": {"type": "integer"}, "d": "date", "v": {"type": "text", "one_of": ["a", "b"]}}
    result = project.run(contract=contract, validate=HALF)
    assert counts(result) == {"read": 2, "inserted": 1, "quarantined": 1}
    ((reasons,),) = project.quarantine("reasons")
    assert [reason["column"] for reason in json.loads(reasons)] == ["n", "d", "v"]
    assert sorted(str(reason.column) for reason in result.reasons) == ["d", "n", "v"]


def test_too_many_rejects_refuse_the_run(project: Project) -> None:
    """Above the budget nothing is loaded; the run, its reasons and its entries are kept as refused."""
    project.write("in.csv", "n\n1\nx\n3\n")
    result = project.run(contract={"n": "integer"})
    assert (result.status, result.exit_code) == ("refused", 65)
    assert "max_reject_share" in (result.message or "")
    assert [(reason.code, rows) for reason, rows in result.reasons.items()] == [("type-error", 1)]
    assert project.quarantine(status="refused") == [(3, "x")]
    assert project.ask("SELECT status, rows_quarantined FROM _etl_runs") == [("refused", 1)]
    assert not _has_table(project, "t")


def test_a_budget_holds_for_each_file(project: Project) -> None:
    """A small file that is bad in large part is not hidden by a large good one."""
    project.write("a.csv", "n\n" + "1\n" * 100)
    project.write("b.csv", "n\n1\nx\n")
    result = project.run("*.csv", contract={"n": "integer"}, validate={"max_reject_share": 0.1})
    assert result.status == "refused"
    assert "b.csv" in (result.message or "")


def test_a_budget_in_rows_holds_too(project: Project) -> None:
    """max_rejects bounds the count, whatever the share."""
    project.write("in.csv", "n\n" + "1\n" * 100 + "x\ny\n")
    limits = {"max_rejects": 1, "max_reject_share": 0.5}
    assert project.run(contract={"n": "integer"}, validate=limits).status == "refused"


def test_the_next_good_load_closes_refused_entries(project: Project) -> None:
    """When the content is loaded after all, under another name even, what was refused is closed."""
    content = "n\n1\nx\n3\n"
    project.write("in.csv", content)
    project.write("other.csv", "n\ny\n")
    assert project.run(contract={"n": "integer"}).status == "refused"
    assert project.run("other.csv", contract={"n": "integer"}).status == "refused"
    project.write("renamed.csv", content)
    result = project.run("renamed.csv", contract={"n": "integer"}, validate=HALF)
    assert result.status == "loaded"
    assert project.quarantine(status="closed") == [(3, "x")]
    assert project.quarantine(status="open") == [(3, "x")]
    assert project.quarantine(status="refused") == [(2, "y")]


def test_a_load_closes_the_entries_of_a_run_that_was_broken_off(project: Project) -> None:
    """A run that is refused in the middle of a file knows the file all the same."""
    project.write("in.csv", "n\n1\nx\n3\n")
    assert project.run(contract={"n": "integer"}, validate={"drift": {"types": "freeze"}}).status == "refused"
    assert project.run(contract={"n": "integer"}, validate=HALF).status == "loaded"
    assert (project.quarantine(status="closed"), project.quarantine(status="refused")) == ([(3, "x")], [])


def test_a_refused_run_keeps_ten_thousand_entries_and_exact_counts(project: Project) -> None:
    """Beyond the first entries only the counts are kept, and they are exact."""
    project.write("in.csv", "n\n" + "x\n" * 10_500)
    result = project.run(contract={"n": "integer"})
    assert (result.status, result.balance.quarantined) == ("refused", 10_500)
    assert list(result.reasons.values()) == [10_500]
    assert project.ask("SELECT count(*), max(line) FROM _etl_quarantine") == [(10_000, 10_001)]


def _has_table(project: Project, name: str) -> bool:
    with open_target(project.url, read_only=True) as target:
        return target.table_facts(name) is not None


def test_a_changed_header_refuses_the_run_before_a_row_is_loaded(project: Project) -> None:
    """Missing, extra and renamed columns are reported whole, and nothing is loaded."""
    project.write("in.csv", "id,amnt,more\n1,2,3\n")
    result = project.run(contract={"id": "integer", "amount": "integer"})
    assert (result.status, result.exit_code) == ("refused", 65)
    assert "amnt" in (result.message or "") and "more" in (result.message or "")
    assert project.ask("SELECT status FROM _etl_runs") == [("refused",)]


def test_reordered_columns_are_matched_by_name(project: Project) -> None:
    """The order of the columns in a file does not matter."""
    project.write("a.csv", "id,v\n1,a\n")
    project.write("b.csv", "v,id\nb,2\n")
    project.run("*.csv", contract={"id": "integer", "v": "text"})
    assert project.rows("id, v") == [(1, "a"), (2, "b")]


@pytest.mark.parametrize("mode", ["evolve", "quarantine", "discard_value"])
def test_an_unknown_column_is_treated_as_the_contract_says(project: Project, mode: str) -> None:
    """evolve adds it as text, quarantine keeps rows with a value there, discard_value counts its values as changes."""
    project.write("a.csv", "id\n1\n")
    project.write("b.csv", "id,more\n2,\n3,x\n4,\n")
    contract, validate = {"id": "integer"}, {"drift": {"columns": mode}, **HALF}
    project.run("a.csv", contract=contract, validate=validate)
    result = project.run("b.csv", contract=contract, validate=validate)
    if mode == "evolve":
        assert project.rows("id, more") == [(1, None), (2, None), (3, "x"), (4, None)]
    elif mode == "quarantine":
        assert counts(result) == {"read": 3, "inserted": 2, "quarantined": 1}
        assert project.quarantine() == [(3, "3,x")]
    else:
        assert result.changed_cells == 1
        changes = project.ask("SELECT step, column_name, before, after FROM _etl_changes")
        assert changes == [("discard_value", "more", "x", None)]
        assert project.rows("id") == [(1,), (2,), (3,), (4,)]


@pytest.mark.parametrize("mode", ["freeze", "quarantine", "discard_value", "evolve"])
def test_a_value_of_another_type_is_treated_as_the_contract_says(project: Project, mode: str) -> None:
    """freeze refuses, quarantine keeps the row, discard_value makes it null and counts that, evolve widens."""
    project.write("in.csv", "id,n\n1,1\n2,x\n3,3\n")
    contract = {"id": "integer", "n": {"type": "integer", "nullable": True}}
    result = project.run(contract=contract, validate={"drift": {"types": mode}, **HALF})
    if mode == "freeze":
        assert (result.status, result.exit_code) == ("refused", 65)
        assert project.quarantine(status="refused") == [(3, "2,x")]
    elif mode == "quarantine":
        assert project.rows("id, n") == [(1, 1), (3, 3)]
    elif mode == "discard_value":
        assert project.rows("id, n") == [(1, 1), (2, None), (3, 3)]
        assert project.ask("SELECT step, column_name, before, after, rows FROM _etl_changes") == [
            ("discard_value", "n", "x", None, 1)
        ]
    else:
        assert project.rows("id, n") == [(1, "1"), (2, "x"), (3, "3")]


def test_text_stays_as_it_is(project: Project) -> None:
    """Leading zeros, NA, exponents and trailing zeros arrive as written; null and '' stay apart."""
    cells = ["00123", "NA", "1E5", "1.10", "true", "-0", "  x ", "NULL", "2025-01-01"]
    project.write("in.csv", "id,v\n" + "".join(f"{n},{cell}\n" for n, cell in enumerate(cells)) + '90,\n91,""\n')
    project.run()
    found = dict(project.ask("SELECT id, v FROM t"))
    assert [found[str(n)] for n in range(len(cells))] == cells
    assert (found["90"], found["91"]) == (None, "")


def test_types_infer_only_what_round_trips(project: Project) -> None:
    """A column gets a type only where every value reads back as it was written."""
    project.write("in.csv", "n,code,flag,x\n1,007,NA,1E5\n2,8,DE,3\n")
    project.run(validate={"types": "infer"})
    assert project.rows("n, code, flag, x") == [(1, "007", "NA", "1E5"), (2, "8", "DE", "3")]


def test_exact_types_arrive_exactly(project: Project) -> None:
    """Decimals keep their digits and whole numbers their 64 bits."""
    project.write("in.csv", "a,n\n1.10,9223372036854775807\n0.05,-9223372036854775808\n")
    project.run(contract={"a": "decimal(12,2)", "n": "integer"})
    found = project.rows("a, n")
    assert sorted(n for _, n in found) == [-(2**63), 2**63 - 1]
    assert {Decimal(str(a)) for a, _ in found} == {Decimal("1.10"), Decimal("0.05")}


def test_ambiguous_dates_refuse_the_run(project: Project) -> None:
    """Where no value tells day from month, nothing is guessed: both readings are named."""
    project.write("in.csv", "d\n03/04/2025\n05/06/2025\n")
    result = project.run(clean=[{"step": "dates", "columns": ["d"]}])
    assert (result.status, result.exit_code) == ("refused", 65)
    assert "in.csv" in (result.message or "") or "'d'" in (result.message or "")
    assert not _has_table(project, "t")


def test_the_format_is_decided_for_each_file(project: Project) -> None:
    """Two files with different date formats are read each by its own evidence."""
    project.write("a.csv", "d\n31/01/2025\n02/01/2025\n")
    project.write("b.csv", "d\n01/31/2025\n01/02/2025\n")
    project.run("*.csv", clean=[{"step": "dates", "columns": ["d"]}], contract={"d": "date"})
    assert [str(row[0]) for row in project.ask("SELECT d FROM t")] == [
        "2025-01-31",
        "2025-01-02",
        "2025-01-31",
        "2025-01-02",
    ]


@pytest.mark.parametrize("batch", [2, 100])
def test_the_change_ledger_counts_every_changed_cell(
    project: Project, monkeypatch: pytest.MonkeyPatch, batch: int
) -> None:
    """The sum of its rows is the number of changed cells, with before and after, however rows are batched."""
    monkeypatch.setattr(runner, "BATCH_ROWS", batch)
    project.write("in.csv", "id,v\n1, a\n2,a\n3, a\n4,N/A\n5,b \n")
    steps = [{"step": "strip", "columns": "all"}, {"step": "null_markers", "columns": ["v"], "markers": ["N/A"]}]
    result = project.run(clean=steps)
    assert result.changed_cells == 4
    before = "coalesce(example_before, before), coalesce(example_after, after)"  # strip changes the format alone
    changes = project.ask(f"SELECT step, column_name, {before}, rows FROM _etl_changes")
    assert sorted(changes, key=repr) == [
        ("1 strip", "v", " a", "a", 2),
        ("1 strip", "v", "b ", "b", 1),
        ("2 null_markers", "v", "N/A", None, 1),
    ]


@pytest.mark.parametrize("batch", [1, 100])
def test_a_carried_value_crosses_batches(project: Project, monkeypatch: pytest.MonkeyPatch, batch: int) -> None:
    """A step that depends on the rows before gives the same result whatever the batches."""
    monkeypatch.setattr(runner, "BATCH_ROWS", batch)
    project.write("in.csv", "id,v\n1,a\n2,\n3,\n4,b\n5,\n")
    result = project.run(clean=[{"step": "fill_previous", "columns": ["v"]}])
    assert project.ask("SELECT v FROM t") == [("a",), ("a",), ("a",), ("b",), ("b",)]
    assert result.changed_cells == 3


def test_filtered_rows_are_counted_by_their_step(project: Project) -> None:
    """Rows that the user leaves out are in the balance under the step's name."""
    project.write("in.csv", "id,s\n1,ok\n2,test\n3,ok\n")
    result = project.run(clean=[{"step": "filter", "drop": {"column": "s", "is": "test"}}])
    assert counts(result) == {"read": 3, "inserted": 2, "filtered": 1}
    assert dict(result.balance.filtered) == {"1 filter": 1}


def test_rows_that_a_step_quarantines_name_it(project: Project) -> None:
    """A quarantine entry says which step of the plan it comes from."""
    project.write("in.csv", "id,s\n1,ok\n2,TEST-1\n3,ok\n")
    steps = [{"step": "quarantine_where", "where": {"column": "s", "matches": "TEST-.*"}}]
    assert counts(project.run(clean=steps, validate=HALF)) == {"read": 3, "inserted": 2, "quarantined": 1}
    assert project.quarantine("line, raw, stage, step") == [(3, "2,TEST-1", "clean", "1 quarantine_where")]


def test_a_dry_run_creates_nothing(project: Project, scratch: Path) -> None:
    """It judges every row, and neither the database nor a table nor scratch is there afterwards."""
    project.write("in.csv", "n\n1\nx\n3\n")
    result = project.run(contract={"n": "integer"}, validate=HALF, options=RunOptions(dry_run=True))
    assert (result.status, counts(result)) == ("dry run", {"read": 3, "inserted": 2, "quarantined": 1})
    if _lite(project):
        assert not Path(project.url.removeprefix("sqlite:///")).exists()
    else:
        assert project.ask("SELECT 1 FROM information_schema.tables WHERE table_schema = 'public'") == []
    assert list(scratch.iterdir()) == []


def test_a_sample_judges_the_first_rows_and_writes_nothing(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """About so many rows are read, without writing."""
    monkeypatch.setattr(runner, "BATCH_ROWS", 10)
    project.write("in.csv", "n\n" + "".join(f"{n}\n" for n in range(1_000)))
    result = project.run(options=RunOptions(sample=20))
    assert result.status == "dry run"
    assert 20 <= result.balance.read < 200
    assert not _has_table(project, "t")


def test_a_column_comes_from_the_file_name(project: Project) -> None:
    """A part of the file's name stands in every row of it."""
    project.write("orders_north.csv", "id\n1\n")
    project.write("orders_south.csv", "id\n2\n")
    added = {"shop": {"from": "file_name", "pattern": "orders_([a-z]+)"}, "source": {"value": "web"}}
    project.run("orders_*.csv", extract={"add": added})
    assert project.rows("id, shop, source") == [("1", "north", "web"), ("2", "south", "web")]


def test_a_dataframe_is_a_source(project: Project) -> None:
    """Its values arrive as text, missing ones as null, and the same frame again loads nothing."""
    frame = pd.DataFrame({"id": [1, 2], "v": ["007", None]})
    assert counts(project.run(frame=frame)) == {"read": 2, "inserted": 2}
    assert project.rows("id, v") == [("1", "007"), ("2", None)]
    assert project.run(frame=frame).status == "nothing new"


def test_the_standard_input_is_a_source(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """What comes through a pipe is loaded once, too."""

    def pipe() -> None:
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"id,v\n1,a\n")))

    pipe()
    assert counts(project.run("-")) == {"read": 1, "inserted": 1}
    pipe()
    assert project.run("-").status == "nothing new"
    assert project.rows("id, v") == [("1", "a")]


@pytest.mark.parametrize("name", ['a"; DROP TABLE x; --', "select", "Ünïcode", "a'b", "%s", "a b", ":x"])
def test_hostile_names_are_only_names(project: Project, name: str) -> None:
    """A table and a column may have any name; it is kept exactly."""
    cell = '"' + name.replace('"', '""') + '"'
    project.write("in.csv", f"{cell},v\n1,a\n2,b\n")
    project.run(table=name, write_disposition="merge", primary_key=[name], indexes=[["v"]])
    project.write("in.csv", f"{cell},v\n2,x\n3,c\n")
    result = project.run(table=name, write_disposition="merge", primary_key=[name], indexes=[["v"]])
    assert counts(result) == {"read": 2, "inserted": 1, "updated": 1}
    assert project.rows(f"{quoted(name)}, v", table=name) == [("1", "a"), ("2", "x"), ("3", "c")]


def test_a_second_run_into_the_table_waits_or_says_who_holds_it(project: Project) -> None:
    """While a run holds the table another one ends with 75 and names the holder."""
    project.write("in.csv", "id\n1\n")
    with open_target(project.url) as target, target.lock("t"), pytest.raises(TryLater, match="process") as caught:
        project.run()
    assert caught.value.exit_code == 75
    assert project.run().status == "loaded"


def test_a_file_that_is_wrong_throughout_is_a_recorded_refusal(project: Project) -> None:
    """No row is read, but the ledger says that a run was there and why it loaded nothing."""
    project.write("in.csv", "id,id\n1,2\n")
    result = project.run()
    assert (result.status, result.exit_code, result.balance.read) == ("refused", 65, 0)
    assert project.ask("SELECT status FROM _etl_runs") == [("refused",)]


def test_a_check_of_the_user_refuses_the_run(project: Project) -> None:
    """Rows that the user's own SQL finds wrong keep the whole load out, on record; mended data load."""
    project.write("in.csv", "id,v\n1,a\n2,b\n")
    project.write("none_twice.sql", "SELECT v FROM t WHERE v = 'b'")
    refused = project.run(check_sql=["none_twice.sql"])
    assert (refused.status, refused.exit_code) == ("refused", 65)
    assert "found 1 row" in (refused.message or "")
    assert project.ask("SELECT status FROM _etl_runs") == [("refused",)]
    project.write("in.csv", "id,v\n1,a\n2,c\n")
    assert project.run(check_sql=["none_twice.sql"]).balance.loaded == 2
