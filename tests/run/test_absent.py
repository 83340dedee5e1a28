"""A merge by full snapshots takes out what the snapshot lacks, and never what stands in it in any way."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from etl_agent.run.options import RunOptions
from etl_agent.run.quarantine import Filters
from etl_agent.run.replay import replay_quarantine
from etl_agent.run.result import RunResult
from tests.run.project import Project

DELETE = {"write_disposition": "merge", "primary_key": ["id"], "absent": "delete"}
CLOSE = {"write_disposition": "merge", "primary_key": ["id"], "strategy": "scd2", "absent": "close"}
CONTRACT = {"id": "integer", "name": {"type": "text", "max_length": 5}}
LENIENT = {"max_reject_share": 0.9}
BASE = "id,name\n1,ada\n2,bob\n3,cy\n"


def load(project: Project, content: str | bytes, **sections: Any) -> RunResult:
    """Load a snapshot under one name, as a daily export has."""
    project.write("in.csv", content)
    sections = {**DELETE, "contract": CONTRACT, "validate": LENIENT} | sections
    return project.run(**sections)


@pytest.mark.parametrize("strategy", ["upsert", "delete-insert", "insert-only"])
def test_rows_gone_from_a_snapshot_are_deleted(project: Project, strategy: str) -> None:
    """What is gone is gone from the table too, is counted as removed, and stands outside the balance."""
    load(project, BASE, strategy=strategy)
    result = load(project, "id,name\n1,ada\n4,dan\n", strategy=strategy)
    assert project.rows("id, name") == [(1, "ada"), (4, "dan")]
    taken_by_key = 1 if strategy == "delete-insert" else 0
    assert (result.balance.read, result.balance.removed, result.warning) == (2, 2 + taken_by_key, None)


def test_versions_gone_from_a_snapshot_are_closed(project: Project) -> None:
    """The history of a key ends with the snapshot that lacks it, and goes on when it is back."""
    load(project, BASE, **CLOSE)
    load(project, "id,name\n1,ada\n2,bea\n", **CLOSE)
    current = "SELECT id, name FROM t WHERE valid_to IS NULL ORDER BY id"
    assert project.ask(current) == [(1, "ada"), (2, "bea")]
    load(project, BASE, **CLOSE)
    assert project.ask(current) == [(1, "ada"), (2, "bob"), (3, "cy")]
    assert project.ask("SELECT count(*) FROM t WHERE id = 3") == [(2,)]


def test_rows_stay_unless_it_is_said_that_they_go(project: Project) -> None:
    """Without ``absent`` a merge takes nothing out."""
    load(project, BASE, absent="keep")
    assert load(project, "id,name\n4,dan\n", absent="keep").balance.removed == 0
    assert len(project.rows()) == 4


def test_an_earlier_snapshot_counts_again(project: Project) -> None:
    """Snapshots A, B, A leave the rows of A; the same one twice in a row has nothing to do."""
    other = "id,name\n4,dan\n"
    load(project, BASE)
    load(project, other)
    assert load(project, BASE).status == "loaded"
    assert project.rows("id") == [(1,), (2,), (3,)]
    assert load(project, BASE).status == "nothing new"
    assert project.ask("SELECT count(*) FROM _etl_files WHERE active") == [(1,)]


def test_all_files_make_the_snapshot(project: Project) -> None:
    """When one of several files changes, all are loaded: the rows of the others are not absent."""
    project.write("a.csv", "id,name\n1,ada\n")
    project.write("b.csv", "id,name\n2,bob\n")
    project.run(["a.csv", "b.csv"], **DELETE, contract=CONTRACT)
    project.write("b.csv", "id,name\n3,cy\n")
    result = project.run(["a.csv", "b.csv"], **DELETE, contract=CONTRACT)
    assert [file.status for file in result.files] == ["loaded", "loaded"]
    assert project.rows("name") == [("ada",), ("cy",)]


def test_a_load_that_kept_all_before_becomes_a_snapshot(project: Project) -> None:
    """A table that was merged file by file is compared with all the files once the plan says snapshot."""
    project.write("a.csv", BASE)
    project.run("a.csv", **{**DELETE, "absent": "keep"}, contract=CONTRACT)
    project.write("b.csv", "id,name\n4,dan\n")
    project.run("b.csv", **{**DELETE, "absent": "keep"}, contract=CONTRACT)
    assert project.run("b.csv", **DELETE, contract=CONTRACT).balance.removed == 3
    assert project.rows("name") == [("dan",)]


@pytest.mark.parametrize(
    ("clean", "name"),
    [
        ([{"step": "filter", "drop": {"column": "name", "is": "bea"}}, {"step": "strip", "columns": ["id"]}], "bea"),
        (
            [
                {"step": "quarantine_where", "where": {"column": "name", "is": "bea"}},
                {"step": "strip", "columns": ["id"]},
            ],
            "bea",
        ),
        (
            [
                {"step": "strip", "columns": ["id"]},
                {"step": "deduplicate", "columns": ["name"], "keep": "last"},
            ],
            "dan",
        ),
        ([{"step": "strip", "columns": ["id"]}], "too long"),
    ],
    ids=["filtered", "quarantined by a step", "deduplicated", "quarantined by the contract"],
)
def test_a_record_that_is_not_loaded_is_not_gone(project: Project, clean: list[dict[str, Any]], name: str) -> None:
    """The row of a filtered, rejected or deduplicated record stays as it is, since its key is in the snapshot."""
    load(project, BASE)
    result = load(project, f"id,name\n 2,{name}\n4,dan\n", clean=clean)
    assert project.rows("id, name") == [(2, "bob"), (4, "dan")]
    assert (result.balance.loaded, result.balance.removed) == (1, 2)


def test_a_record_that_breaks_a_unique_column_is_not_gone(project: Project) -> None:
    """A row that is rejected late, over another row of the dataset, is there all the same."""
    contract = {"id": "integer", "name": {"type": "text", "unique": True}}
    load(project, BASE, contract=contract)
    result = load(project, "id,name\n1,ada\n2,ada\n", contract=contract)
    assert (result.balance.quarantined, result.balance.removed) == (1, 1)
    assert project.rows("name") == [("ada",), ("bob",)]


MALFORMED = ["7,extra,cell", "7", '7,"a"b', "x,bad key", ",no key"]


@pytest.mark.parametrize(("mode", "line"), [*((DELETE, line) for line in MALFORMED), (CLOSE, MALFORMED[0])])
def test_nothing_goes_while_a_key_cannot_be_told(project: Project, mode: dict[str, Any], line: str) -> None:
    """One malformed line in the middle may be any row, so all stay, the run says so, and the next snapshot does it."""
    load(project, BASE, **mode)
    result = load(project, f"id,name\n1,ada\n{line}\n4,dan\n", **mode)
    assert (result.balance.loaded, result.balance.quarantined, result.balance.removed) == (2, 1, 0)
    word = "closed" if mode is CLOSE else "deleted"
    assert result.warning is not None
    assert result.warning.startswith(f"no row is {word} as absent, since the key of a rejected record cannot be told")
    assert len(project.rows()) == 4
    result = load(project, "id,name\n1,ada\n4,dan\n", **mode)
    assert (result.balance.removed, result.warning) == (2, None)


def test_a_first_snapshot_has_nothing_to_say(project: Project) -> None:
    """Where there is no table yet, no row can be absent, whatever is malformed."""
    result = load(project, "id,name\n1,ada\n2,bob\n3,cy,extra\n")
    assert (result.balance.quarantined, result.warning) == (1, None)


def test_bytes_that_are_no_text_do_not_hide_a_key_beside_them(project: Project) -> None:
    """A record with a broken character in another cell is known by its key."""
    load(project, BASE)
    result = load(project, b"id,name\n1,ada\n2,b\xffb\n4,dan\n", extract={"encoding": "utf-8"})
    assert (result.balance.quarantined, result.balance.removed, result.warning) == (1, 1, None)
    assert project.rows("name") == [("ada",), ("bob",), ("dan",)]
    result = load(project, b"id,name\n1\xff,ada\n2,bea\n", extract={"encoding": "utf-8"})
    assert (result.balance.removed, len(project.rows())) == (0, 3)


def test_a_key_that_the_table_cannot_hold_is_not_told(project: Project) -> None:
    """A rejected record whose key does not fit the table's column holds up what is absent, and not the load."""
    of_server = project.url.startswith("postgres")
    project.ask(f"CREATE TABLE t (id {'uuid' if of_server else 'text'} PRIMARY KEY, name text, _etl_run_id bigint)")
    contract = {"id": "text", "name": {"type": "text", "max_length": 5}}
    one, two, three = (f"{n}0000000-0000-0000-0000-000000000000" for n in (1, 2, 3))
    load(project, f"id,name\n{one},ada\n{two},bob\n", contract=contract)
    result = load(project, f"id,name\n{two.replace('-', '')},too long\n{three},cy\n", contract=contract)
    assert result.balance.removed == (1 if of_server else 2)
    result = load(project, f"id,name\nnobody,too long\n{three},dan\n", contract=contract)
    assert (result.balance.updated, result.balance.removed) == (1, 0)
    assert (result.warning is not None) == of_server
    assert load(project, f"id,name\n{three},dan\n", contract=contract).balance.removed == (1 if of_server else 0)


def test_a_filtered_line_without_a_key_holds_nothing_up(project: Project) -> None:
    """A total at the end that the user filters is no record by his own word."""
    load(project, BASE)
    drop = [{"step": "filter", "drop": {"column": "name", "is": "total"}}]
    result = load(project, "id,name\n1,ada\n,total\n", clean=drop)
    assert (result.balance.rows_filtered, result.balance.removed) == (1, 2)


def test_a_key_that_hangs_on_the_row_before_cannot_be_told(project: Project) -> None:
    """Where the key is carried from row to row, a rejected record keeps everything in place."""
    carry = [{"step": "fill_previous", "columns": ["id"]}]
    load(project, BASE, clean=carry)
    result = load(project, "id,name\n1,ada\n,too long\n", clean=carry)
    assert (result.balance.quarantined, result.balance.removed, len(project.rows())) == (1, 0, 3)
    result = load(project, b"id,name\n1,ada\n2,b\xffb\n", clean=carry, extract={"encoding": "utf-8"})
    assert (result.balance.quarantined, result.balance.removed, len(project.rows())) == (1, 0, 3)


def test_a_key_of_the_files_name(project: Project) -> None:
    """A column that is added to the files may be part of the key of a record that holds bytes that are no text."""
    add = {"add": {"day": {"from": "file_name", "pattern": "day(\\d)"}}, "encoding": "utf-8"}
    sections = {**DELETE, "primary_key": ["day", "id"], "validate": LENIENT, "extract": add}
    project.write("day1.csv", BASE)
    project.write("day2.csv", BASE + "4,dan\n")
    project.run(["day1.csv", "day2.csv"], **sections)
    project.write("day2.csv", b"id,name\n1,ada\n2,b\xffb\n")
    assert project.run(["day1.csv", "day2.csv"], **sections).balance.removed == 2
    assert project.rows("day, id") == [("1", "1"), ("1", "2"), ("1", "3"), ("2", "1"), ("2", "2")]
    project.write("day2.csv", BASE)
    result = project.run(["day1.csv", "day2.csv"], **sections)
    assert (result.balance.removed, len(project.rows())) == (0, 5)
    assert "day2.csv has the same content as another file and is not read" in (result.warning or "")


def test_a_key_that_a_step_makes_is_told(project: Project) -> None:
    """The key of a rejected record is what the steps make of its cells."""
    clean = [{"step": "replace_text", "columns": ["id"], "find": "N-", "put": ""}]
    load(project, "id,name\nN-1,ada\nN-2,bob\n", clean=clean)
    result = load(project, "id,name\nN-1,too long\nN-3,cy\n", clean=clean)
    assert result.balance.removed == 1


def test_keys_of_two_columns(project: Project) -> None:
    """A composite key is told whole."""
    contract = {"id": "integer", "day": "date", "name": {"type": "text", "max_length": 5}}
    key = {"primary_key": ["day", "id"], "contract": contract}
    load(project, "id,day,name\n1,2026-01-01,ada\n1,2026-01-02,bob\n2,2026-01-01,cy\n", **key)
    result = load(project, "name,id,day\ntoo long,1,2026-01-02\ndan,2,2026-01-02\n", **key)
    assert result.balance.removed == 2
    assert project.rows("name") == [("bob",), ("dan",)]


def test_many_rejects_in_many_batches_are_all_told(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """However the rows fall into batches, the row of each rejected record stays."""
    monkeypatch.setattr("etl_agent.run.runner.BATCH_ROWS", 7)
    load(project, "id,name\n" + "".join(f"{n},a\n" for n in range(100)))
    rows = "".join(f"{n},{'too long' if n % 3 else 'b'}\n" for n in range(90))
    result = load(project, "id,name\n" + rows)
    assert (result.balance.quarantined, result.balance.removed, len(project.rows())) == (60, 10, 90)


def test_a_frame_is_a_snapshot_too(project: Project) -> None:
    """Rows that a program hands over are all that there is."""
    load(project, BASE)
    frame = pd.DataFrame({"id": ["1", "7"], "name": ["ada", "eve"]})
    assert project.run(frame=frame, **DELETE, contract=CONTRACT).balance.removed == 2
    assert project.rows("name") == [("ada",), ("eve",)]


def test_guards_hold_for_what_is_absent(project: Project) -> None:
    """A snapshot that would take too much is refused like a replace, and the table stays."""
    load(project, BASE)
    empty = load(project, "id,name\n")
    assert (empty.status, empty.exit_code) == ("refused", 65)
    few = load(project, "id,name\n1,ada\n", max_shrink=0.5)
    assert few.status == "refused"
    assert "lacks 2 of the 3 rows" in (few.message or "")
    assert len(project.rows()) == 3
    assert load(project, "id,name\n", allow_empty=True).balance.removed == 3


def test_a_replay_is_no_snapshot(project: Project) -> None:
    """Rows that come out of quarantine take none out, and a later snapshot closes what waits."""
    load(project, BASE)
    load(project, "id,name\n1,ada\n2,too long\n")
    spec = project.spec(**DELETE, contract={"id": "integer", "name": "text"}, validate=LENIENT, max_shrink=0.1)
    result = replay_quarantine(spec, project=project.folder, options=RunOptions(), filters=Filters())
    assert (result.balance.updated, result.balance.removed) == (1, 0)
    assert project.rows("name") == [("ada",), ("too long",)]
    load(project, "id,name\n1,too long\n2,bob\n")
    load(project, "id,name\n2,bob\n")
    assert project.quarantine() == []
    assert project.rows("name") == [("bob",)]


def test_a_dry_run_takes_nothing_out(project: Project) -> None:
    """Neither a dry run nor a sample is a snapshot."""
    load(project, BASE)
    project.write("in.csv", "id,name\n4,dan\n")
    for options in (RunOptions(dry_run=True), RunOptions(sample=1)):
        assert project.run(options=options, **DELETE, contract=CONTRACT).status == "dry run"
    assert len(project.rows()) == 3


def test_a_reload_is_the_same_snapshot(project: Project) -> None:
    """Loading the same files again takes out what came by other ways since."""
    load(project, BASE)
    project.ask("INSERT INTO t (id, name) VALUES (9, 'other')")
    project.write("in.csv", BASE)
    result = project.run(**DELETE, contract=CONTRACT, validate=LENIENT, reload=True)
    assert (result.balance.unchanged, result.balance.removed) == (3, 1)


def test_a_foreign_key_that_keeps_a_row_is_named(project: Project) -> None:
    """A row that others point to refuses the run, by the reason that the database gives."""
    load(project, BASE)
    project.ask("CREATE TABLE child (id bigint REFERENCES t (id))")
    project.ask("INSERT INTO child VALUES (3)")
    result = load(project, "id,name\n1,ada\n")
    assert result.status == "refused"
    assert "foreign key" in (result.message or "").lower()
    assert len(project.rows()) == 3


@pytest.mark.parametrize(("mode", "change"), [(DELETE, "deleted"), (CLOSE, "closed")])
def test_what_goes_is_kept_for_an_undo(project: Project, mode: dict[str, Any], change: str) -> None:
    """Absent rows are kept as they were, and counted, under the run that took them out."""
    load(project, BASE, **mode)
    result = load(project, "id,name\n1,ada\n2,bea\n", **mode)
    ((place, updated, deleted),) = project.ask(
        f"SELECT kept_in, rows_updated, rows_deleted FROM _etl_history WHERE run_id = {result.run_id}"
    )
    kept = project.ask(f'SELECT _etl_change, id, name FROM "{place}" ORDER BY id')
    assert kept == [("closed" if mode is CLOSE else "updated", 2, "bob"), (change, 3, "cy")]
    assert (updated, deleted) == ((2, 0) if mode is CLOSE else (1, 1))
