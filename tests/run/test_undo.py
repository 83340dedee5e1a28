"""Undo: a run is taken back, its table, quarantine and files as they were before it; all of it or nothing."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
from typing import Any

import pytest
import sqlalchemy as sa

from etl_agent.errors import HeldByAnother, NoInput, UndoRefused
from etl_agent.load.target import open_target
from etl_agent.run.history import ledger_in, one_run, recent_runs
from etl_agent.run.options import RunOptions
from etl_agent.run.replay import replay_quarantine
from etl_agent.run.result import RunResult
from etl_agent.run.status import status_in
from tests.load.targets import query
from tests.run.project import Project
from tests.run.undoing import CONTRACT, LENIENT, MODES, held, take_back, without_runs

_MERGE: dict[str, Any] = {"write_disposition": "merge", "primary_key": ["id"]}
_REPLACE: dict[str, Any] = {"write_disposition": "replace"}
_STRIDE = 9  # statements between two kills


def _run(project: Project, name: str, rows: str, *, reload: bool = False, **load: Any) -> RunResult:
    """Write a file of ids and names, and run it."""
    project.write(name, f"id,name\n{rows}")
    return project.run(name, contract=CONTRACT, reload=reload, **LENIENT, **load)


def _replay(project: Project, **load: Any) -> RunResult:
    spec = project.spec("none.csv", contract={**CONTRACT, "id": "text"}, **LENIENT, **load)
    return replay_quarantine(spec, project=project.folder, options=RunOptions())


@pytest.mark.parametrize("mode", MODES)
def test_runs_are_undone_one_by_one_down_to_the_empty_target(project: Project, mode: str) -> None:
    """After each undo, newest first, table, files and quarantine are as before; run again, they are as after."""
    days = ("1,a\n2,b\n3,\nx,y\n", '2,b\n3,""\n4,d\nz,z\n')
    before, ran = [], []
    for number, rows in enumerate(days):
        before.append(held(project))
        ran.append(_run(project, f"{number}.csv", rows, **MODES[mode]).run_id)
    after = without_runs(project)
    take_back(project, ran[1])
    assert held(project) == before[1]
    ran[1] = _run(project, "1.csv", days[1], **MODES[mode]).run_id
    assert without_runs(project) == after
    for number in (1, 0):
        take_back(project, ran[number])
        assert held(project) == before[number]


def test_what_an_undo_did_is_told_and_recorded(project: Project) -> None:
    """Its counts are the database's, and it is a run on record, as the run it took back is undone."""
    _run(project, "a.csv", "1,a\n2,b\n3,c\n", **_MERGE)
    ran = _run(project, "b.csv", "2,x\n4,d\n", **_MERGE, strategy="upsert")
    done = take_back(project, ran.run_id)
    assert (done.status, done.removed, done.reverted, done.returned) == ("undone", 1, 1, 0)
    assert done.said == f"run {ran.run_id} undone: 1 row taken out, 1 row written back"
    with open_target(project.url) as target, target.reading() as connection:
        tables = ledger_in(connection, schema=None)
        assert connection is not None and tables is not None
        undone, own = (one_run(connection, tables, number) for number in (ran.run_id, done.undone_by))
        newest = recent_runs(connection, tables, limit=1)
    assert undone is not None and (undone.result.status, undone.undone_by) == ("undone", done.undone_by)
    assert own is not None and newest == (own,)
    assert (own.result.status, own.result.message, own.result.balance.removed) == ("undo", done.said, 1)


def test_a_replace_is_undone(project: Project) -> None:
    """The rows that it took out are there again, and its content is out and the older in."""
    _run(project, "a.csv", "1,a\n2,b\n", **_REPLACE)
    was = held(project)
    ran = _run(project, "b.csv", "7,z\n", **_REPLACE)
    done = take_back(project, ran.run_id)
    assert (done.removed, done.reverted, done.returned) == (1, 0, 2)
    assert held(project) == was


def test_a_dry_run_says_the_same_and_changes_nothing(project: Project) -> None:
    """It does everything, and rolls back."""
    _run(project, "a.csv", "1,a\n2,b\n3,c\n", **_MERGE)
    ran = _run(project, "b.csv", "2,x\n4,d\n", **_MERGE)
    was = held(project)
    dry = take_back(project, ran.run_id, dry_run=True)
    assert held(project) == was and dry.status == "dry run"
    done = take_back(project, ran.run_id)
    assert (dry.removed, dry.reverted, dry.returned) == (done.removed, done.reverted, done.returned)
    assert dry.said.replace("would be undone", "undone") == done.said


def test_a_run_that_was_undone_stays_so(project: Project) -> None:
    """The second undo says by which run it was undone, also as a dry run, and does nothing."""
    ran = _run(project, "a.csv", "1,a\n")
    first = take_back(project, ran.run_id)
    runs = project.ask("SELECT count(*) FROM _etl_runs")
    for options in ({}, {"dry_run": True}):
        again = take_back(project, ran.run_id, **options)
        assert (again.status, again.undone_by) == ("already undone", first.undone_by)
    assert project.ask("SELECT count(*) FROM _etl_runs") == runs


def test_an_undo_is_not_undone(project: Project) -> None:
    """The pipeline is to run again; its file counts as new."""
    done = take_back(project, _run(project, "a.csv", "1,a\n").run_id)
    with pytest.raises(UndoRefused, match="it is an undo itself; run the pipeline again"):
        take_back(project, done.undone_by)
    assert _run(project, "a.csv", "1,a\n").status == "loaded"


def test_an_unknown_run_is_told_with_its_neighbours(project: Project) -> None:
    """A mistyped number names the runs that are like it; an empty target has none."""
    with pytest.raises(NoInput, match="no run is on record"):
        take_back(project, 17)
    ran = _run(project, "a.csv", "1,a\n")
    with pytest.raises(NoInput, match=f"no run {ran.run_id + 1} is on record; valid: {ran.run_id}"):
        take_back(project, ran.run_id + 1)


def test_a_refused_run_has_nothing_to_take_back(project: Project) -> None:
    """It loaded nothing."""
    project.write("a.csv", "id,name\nx,y\n")
    ran = project.run("a.csv", contract=CONTRACT)
    with pytest.raises(UndoRefused, match="it was refused and loaded nothing"):
        take_back(project, ran.run_id)


@pytest.mark.parametrize(
    ("load", "why"),
    [
        ({**_MERGE, "history": "none"}, "the 1 rows that it wrote over or took out were not kept"),
        ({**_MERGE, "lineage": "none"}, "the table has no column _etl_run_id"),
    ],
    ids=["history", "lineage"],
)
def test_what_was_not_kept_cannot_be_put_back(project: Project, load: dict[str, Any], why: str) -> None:
    """Without kept rows only additions can be taken back; without lineage nothing can."""
    _run(project, "a.csv", "1,a\n", **load)
    added = _run(project, "b.csv", "2,b\n", **load)
    ran = _run(project, "c.csv", "1,x\n", **load)
    was = held(project)
    with pytest.raises(UndoRefused, match=why):
        take_back(project, ran.run_id)
    assert held(project) == was
    if "history" in load:
        query(project.url, f"UPDATE _etl_runs SET status = 'undone' WHERE run_id = {ran.run_id}")
        assert take_back(project, added.run_id).removed == 1


def test_a_run_without_its_history_is_refused(project: Project) -> None:
    """An older release wrote none, and prune deletes it."""
    ran = _run(project, "a.csv", "1,a\n")
    query(project.url, "DELETE FROM _etl_history")
    with pytest.raises(UndoRefused, match="an older release loaded it, or it was pruned"):
        take_back(project, ran.run_id)


def test_sql_of_the_user_is_not_taken_back(project: Project) -> None:
    """A run with SQL files of the user's own is refused, unless its rows alone are wanted back."""
    project.write("own.sql", "CREATE TABLE extra (n bigint)")
    ran = _run(project, "a.csv", "1,a\n", after_sql=["own.sql"])
    with pytest.raises(UndoRefused, match=rf"SQL files of your own .*next: etl-agent undo {ran.run_id} --despite-sql"):
        take_back(project, ran.run_id)
    assert take_back(project, ran.run_id, despite_sql=True).removed == 1
    assert project.ask("SELECT * FROM extra") == []


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ("UPDATE t SET _etl_run_id = NULL WHERE id = 4", "others changed it since"),
        ("DELETE FROM t WHERE id = 4", r"the run wrote 2 rows and closed 0, and 1 and 0 of them are in the table"),
        ("DELETE FROM t WHERE id = 2", "others changed it since"),
        ("UPDATE t SET id = 8 WHERE id = 2", "others changed it since"),
        ("DROP TABLE t", "the table is not there any more"),
        ("ALTER TABLE t DROP COLUMN name", "the table has no column 'name' any more"),
    ],
)
def test_what_other_hands_changed_is_not_made_worse(project: Project, change: str, why: str) -> None:
    """Where the rows of the run are not all there, or the table has another form, nothing is done."""
    _run(project, "a.csv", "1,a\n2,b\n", **_MERGE)
    ran = _run(project, "b.csv", "2,x\n4,d\n", **_MERGE)
    query(project.url, change)
    was = held(project)
    with pytest.raises(UndoRefused, match=why):
        take_back(project, ran.run_id)
    assert held(project) == was


def test_a_column_of_another_type_is_found_out(project: Project) -> None:
    """Kept values are not converted."""
    _run(project, "a.csv", "1,a\n2,b\n", **_MERGE)
    ran = _run(project, "b.csv", "2,x\n", **_MERGE)
    if project.url.startswith("sqlite"):
        query(project.url, "ALTER TABLE t ADD COLUMN other INTEGER")
        query(project.url, "ALTER TABLE t DROP COLUMN name")
        query(project.url, "ALTER TABLE t RENAME COLUMN other TO name")
    else:
        query(project.url, "ALTER TABLE t ALTER COLUMN name TYPE varchar(7)")
    with pytest.raises(UndoRefused, match="a column of the table has another type by now"):
        take_back(project, ran.run_id)


def test_a_key_that_came_by_another_way_is_not_doubled(project: Project) -> None:
    """A row that the run took out is not put back beside one that has its key now."""
    query(project.url, "CREATE TABLE t (id bigint, name text, _etl_run_id bigint)")
    _run(project, "a.csv", "1,a\n2,b\n", **MODES["replace by key"])
    ran = _run(project, "b.csv", "2,b\n", **MODES["replace by key"])
    query(project.url, "INSERT INTO t (id, name) VALUES (1, 'own')")
    with pytest.raises(UndoRefused, match="1 keys of rows that would come back are in the table by now"):
        take_back(project, ran.run_id)


@pytest.mark.parametrize(
    ("load", "rows", "why"),
    [
        (_MERGE, "2,x\n", "wrote over 1 row"),
        (_MERGE, "2,b\n", "found 1 row unchanged"),
        ({**_MERGE, "strategy": "insert-only"}, "2,x\n", "left 1 row out whose key was there"),
        ({**_MERGE, "strategy": "delete-insert"}, "2,b\n", "took out 1 row"),
        (MODES["append by key"], "2,b\n5,e\n", "found 1 row there already"),
        (MODES["append by key"], "2,x\n5,e\n", "rejected 1 row whose key was there"),
        (_REPLACE, "2,x\n", "took out 3 rows"),
    ],
)
def test_a_run_that_a_later_one_depends_on_is_refused(
    project: Project, load: dict[str, Any], rows: str, why: str
) -> None:
    """The refusal names the later run, what it did, and the undo that comes first."""
    _run(project, "a.csv", "1,a\n", **_MERGE)
    ran = _run(project, "b.csv", "2,b\n3,c\n", **_MERGE)
    later = _run(project, "c.csv", rows, **load)
    was = held(project)
    told = rf"later runs into table t depend on it: run {later.run_id} {why}; next: etl-agent undo {later.run_id}$"
    with pytest.raises(UndoRefused, match=told):
        take_back(project, ran.run_id)
    assert held(project) == was
    take_back(project, later.run_id)
    take_back(project, ran.run_id)


def test_a_run_is_undone_beside_later_ones_that_only_added_rows(project: Project) -> None:
    """Days that were appended do not depend on each other; a table that other runs filled stays."""
    ran = [_run(project, f"{day}.csv", f"{day},a\n").run_id for day in range(3)]
    done = take_back(project, ran[0])
    assert done.left == ("table t stays, since it holds rows of others",)
    take_back(project, ran[1])
    assert project.rows("id") == [(2,)]
    assert project.ask("SELECT file FROM _etl_files WHERE active") == [("2.csv",)]


def test_content_that_came_back_is_not_there_twice(project: Project) -> None:
    """A later run that loaded what the run had taken out would have loaded nothing without it."""
    _run(project, "a.csv", "1,a\n", **_REPLACE)
    ran = _run(project, "b.csv", "2,b\n", **_REPLACE)
    later = _run(project, "a.csv", "1,a\n")
    with pytest.raises(UndoRefused, match=rf"run {later.run_id} loaded a\.csv, which it had taken out"):
        take_back(project, ran.run_id)


def test_later_is_who_committed_later(project: Project) -> None:
    """A run that began first may have waited for another: its number is the smaller one, and its rows the newer."""
    first = _run(project, "a.csv", "1,a\n", **_MERGE).run_id
    second = _run(project, "b.csv", "1,b\n", **_MERGE).run_id
    swapped = {first: second + 1, second: first - 1}
    for old, new in swapped.items():
        for place, column in (("_etl_runs", "run_id"), ("_etl_history", "run_id"), ("_etl_files", "run_id")):
            query(project.url, f"UPDATE {place} SET {column} = {new} WHERE {column} = {old}")
        query(project.url, f"UPDATE t SET _etl_run_id = {new} WHERE _etl_run_id = {old}")
        for (kept,) in project.ask("SELECT DISTINCT kept_in FROM _etl_history WHERE rows_updated > 0"):
            query(project.url, f'UPDATE "{kept}" SET _etl_changed_by = {new} WHERE _etl_changed_by = {old}')
            query(project.url, f'UPDATE "{kept}" SET _etl_run_id = {new} WHERE _etl_run_id = {old}')
    with pytest.raises(UndoRefused, match=f"run {first - 1} wrote over 1 row"):
        take_back(project, second + 1)
    take_back(project, first - 1)
    assert project.rows("name") == [("a",)]


def test_a_replay_is_undone_and_its_entries_are_open_again(project: Project) -> None:
    """A run whose rejected rows were replayed is not undone before the replay is."""
    ran = _run(project, "a.csv", "1,a\nx,y\n")
    query(project.url, "ALTER TABLE t RENAME COLUMN id TO number")
    query(project.url, "ALTER TABLE t ADD COLUMN id text")
    before = project.quarantine("id, run_id, replayed_by")
    replayed = _replay(project)
    assert project.quarantine() == []
    with pytest.raises(UndoRefused, match=f"run {replayed.run_id} replayed or closed 1 entry of its quarantine"):
        take_back(project, ran.run_id)
    take_back(project, replayed.run_id)
    assert project.quarantine("id, run_id, replayed_by") == before
    take_back(project, ran.run_id)
    assert project.quarantine(status="closed") == [(3, "x,y")]


def test_a_refusal_that_a_load_settled_stands_again(project: Project) -> None:
    """Entries of a refused run that the load of the same content closed are refused ones again."""
    project.write("a.csv", "id,name\n1,a\nx,y\n")
    assert project.run("a.csv", contract=CONTRACT).status == "refused"
    refused = project.quarantine(status="refused")
    ran = project.run("a.csv", contract=CONTRACT, **LENIENT)
    assert project.quarantine(status="closed") == refused
    take_back(project, ran.run_id)
    assert project.quarantine(status="refused") == refused
    assert project.quarantine() == []


def test_a_reload_is_undone(project: Project) -> None:
    """The rows of the earlier load are there again, and its content counts as loaded."""
    _run(project, "a.csv", "1,a\n2,b\n")
    was = held(project)
    ran = _run(project, "a.csv", "1,a\n2,b\n", reload=True)
    take_back(project, ran.run_id)
    assert held(project) == was
    assert _run(project, "a.csv", "1,a\n2,b\n").status == "nothing new"


def test_an_undone_load_is_no_load(project: Project) -> None:
    """Status judges by the loads that are in effect; an undo is none."""
    first = _run(project, "a.csv", "1,a\n")
    ran = _run(project, "b.csv", "2,b\n3,c\n")
    with open_target(project.url) as target, target.reading() as connection:
        tables = ledger_in(connection, schema=None)
        assert connection is not None and tables is not None
        before = status_in(connection, tables, pipeline="p", table="t")
    take_back(project, ran.run_id)
    with open_target(project.url) as target, target.reading() as connection:
        assert connection is not None
        after = status_in(connection, tables, pipeline="p", table="t")
        ended = one_run(connection, tables, first.run_id)
    assert ended is not None
    assert (before.loads, after.loads, after.last_success) == (2, 1, ended.finished_at)
    assert after.problems == ()


def test_another_run_holds_the_table(project: Project) -> None:
    """An undo waits for a run of the same table, or says at once that it must wait."""
    ran = _run(project, "a.csv", "1,a\n")
    with open_target(project.url) as target, target.lock("t"), pytest.raises(HeldByAnother):
        take_back(project, ran.run_id)
    with contextlib.ExitStack() as held_by_another:
        held_by_another.enter_context(open_target(project.url).lock("t"))
        waiting = threading.Timer(0.5, held_by_another.close)
        waiting.start()
        assert take_back(project, ran.run_id, wait=30).status == "undone"
        waiting.join()


def test_readers_see_all_of_an_undo_or_nothing(project: Project) -> None:
    """Another connection reads the table at every moment of an undo, and finds it as before or as after."""
    _run(project, "a.csv", "".join(f"{n},a\n" for n in range(400)), **_MERGE)
    rows = "".join(f"{n},b\n" for n in range(200, 600))
    ran = _run(project, "b.csv", rows, **_MERGE)
    seen: set[tuple[Any, ...]] = set()
    over = threading.Event()

    def look() -> None:
        while not over.is_set():
            seen.add(tuple(project.ask("SELECT name, count(*) FROM t GROUP BY name ORDER BY name")))

    reader = threading.Thread(target=look)
    reader.start()
    take_back(project, ran.run_id)
    over.set()
    reader.join()
    look_after = tuple(project.ask("SELECT name, count(*) FROM t GROUP BY name ORDER BY name"))
    assert look_after == (("a", 400),)
    assert seen <= {look_after, (("a", 200), ("b", 400))}


def _killed(project: Project, run_id: int, *, at: int) -> bool:
    """Undo in a process of its own that is killed before its n-th statement, or commit; False if it ended before."""
    child = os.fork()
    if child == 0:  # pragma: no cover  the child is killed
        seen = 0

        def count(*_event: object) -> None:
            nonlocal seen
            seen += 1
            if seen == at:
                os.kill(os.getpid(), signal.SIGKILL)

        for name in ("before_cursor_execute", "commit"):
            sa.event.listen(sa.Engine, name, count)
        try:
            take_back(project, run_id)
        finally:
            os._exit(0)
    _, status = os.waitpid(child, 0)
    return os.WIFSIGNALED(status)


def test_killed_anywhere_and_run_again(project: Project) -> None:
    """A kill leaves all of it or nothing, and the same command again finishes it."""
    _run(project, "a.csv", "1,a\n2,b\nx,y\n", **_MERGE)
    was = held(project)
    ran = _run(project, "b.csv", "2,x\n4,d\n", **_MERGE)
    now = held(project)
    at = kills = 0
    while _killed(project, ran.run_id, at=(at := at + _STRIDE)):
        kills += 1
        assert held(project) in (now, was)
    assert kills * _STRIDE > 20
    assert held(project) == was
    assert take_back(project, ran.run_id).status == "already undone"
