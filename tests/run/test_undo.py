"""Undo: a run is taken back, its table, quarantine and files as they were before it; all of it or nothing."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from etl_agent.errors import DatabaseUnavailable, HeldByAnother, UndoRefused
from etl_agent.load.target import open_target
from etl_agent.run.history import ledger_in, one_run, recent_runs
from etl_agent.run.options import RunOptions
from etl_agent.run.replay import replay_quarantine
from etl_agent.run.result import RunResult
from etl_agent.run.status import status_in
from tests.load.targets import query
from tests.run.postgres_faults import answer_lost, gone_for_good, way_to
from tests.run.project import Project
from tests.run.undoing import CONTRACT, LENIENT, MERGE, MODES, REPLACE, held, load, take_back, without_runs

_STRIDE = 9  # statements between two kills


def _replay(project: Project) -> RunResult:
    spec = project.spec("none.csv", contract={**CONTRACT, "id": "text"}, **LENIENT)
    return replay_quarantine(spec, project=project.folder, options=RunOptions())


@pytest.mark.parametrize("mode", MODES)
def test_runs_are_undone_one_by_one_down_to_the_empty_target(project: Project, mode: str) -> None:
    """After each undo, newest first, table, files and quarantine are as before; run again, they are as after."""
    days = ("1,a\n2,b\n3,\nx,y\n", '2,b\n3,""\n4,d\nz,z\n')
    before, ran = [], []
    for number, rows in enumerate(days):
        before.append(held(project))
        ran.append(load(project, f"{number}.csv", rows, **MODES[mode]).run_id)
    after = without_runs(project)
    take_back(project, ran[1])
    assert held(project) == before[1]
    ran[1] = load(project, "1.csv", days[1], **MODES[mode]).run_id
    assert without_runs(project) == after
    for number in (1, 0):
        take_back(project, ran[number])
        assert held(project) == before[number]


def test_what_an_undo_did_is_told_and_recorded(project: Project) -> None:
    """Its counts are the database's, and it is a run on record, as the run it took back is undone."""
    load(project, "a.csv", "1,a\n2,b\n3,c\n", **MERGE)
    ran = load(project, "b.csv", "2,x\n4,d\n", **MERGE, strategy="upsert")
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
    load(project, "a.csv", "1,a\n2,b\n", **REPLACE)
    was = held(project)
    ran = load(project, "b.csv", "7,z\n", **REPLACE)
    done = take_back(project, ran.run_id)
    assert (done.removed, done.reverted, done.returned) == (1, 0, 2)
    assert held(project) == was


def test_a_dry_run_says_the_same_and_changes_nothing(project: Project) -> None:
    """It does everything, and rolls back."""
    load(project, "a.csv", "1,a\n2,b\n3,c\n", **MERGE)
    ran = load(project, "b.csv", "2,x\n4,d\n", **MERGE)
    was = held(project)
    dry = take_back(project, ran.run_id, dry_run=True)
    assert held(project) == was and dry.status == "dry run"
    done = take_back(project, ran.run_id)
    assert (dry.removed, dry.reverted, dry.returned) == (done.removed, done.reverted, done.returned)
    assert dry.said.replace("would be undone", "undone") == done.said


def test_a_run_that_was_undone_stays_so(project: Project) -> None:
    """The second undo says by which run it was undone, also as a dry run, and does nothing."""
    ran = load(project, "a.csv", "1,a\n")
    first = take_back(project, ran.run_id)
    runs = project.ask("SELECT count(*) FROM _etl_runs")
    for options in ({}, {"dry_run": True}):
        again = take_back(project, ran.run_id, **options)
        assert (again.status, again.undone_by) == ("already undone", first.undone_by)
    assert project.ask("SELECT count(*) FROM _etl_runs") == runs


def test_a_run_is_undone_beside_later_ones_that_only_added_rows(project: Project) -> None:
    """Days that were appended do not depend on each other; a table that other runs filled stays."""
    ran = [load(project, f"{day}.csv", f"{day},a\n").run_id for day in range(3)]
    done = take_back(project, ran[0])
    assert done.left == ("table t stays, since it holds rows of others",)
    take_back(project, ran[1])
    assert project.rows("id") == [(2,)]
    assert project.ask("SELECT file FROM _etl_files WHERE active") == [("2.csv",)]


def test_a_replay_is_undone_and_its_entries_are_open_again(project: Project) -> None:
    """A run whose rejected rows were replayed is not undone before the replay is."""
    ran = load(project, "a.csv", "1,a\nx,y\n")
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
    load(project, "a.csv", "1,a\n2,b\n")
    was = held(project)
    ran = load(project, "a.csv", "1,a\n2,b\n", reload=True)
    take_back(project, ran.run_id)
    assert held(project) == was
    assert load(project, "a.csv", "1,a\n2,b\n").status == "nothing new"


def test_an_undone_load_is_no_load(project: Project) -> None:
    """Status judges by the loads that are in effect; an undo is none."""
    first = load(project, "a.csv", "1,a\n")
    ran = load(project, "b.csv", "2,b\n3,c\n")
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
    ran = load(project, "a.csv", "1,a\n")
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
    load(project, "a.csv", "".join(f"{n},a\n" for n in range(400)), **MERGE)
    rows = "".join(f"{n},b\n" for n in range(200, 600))
    ran = load(project, "b.csv", rows, **MERGE)
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
    load(project, "a.csv", "1,a\n2,b\nx,y\n", **MERGE)
    was = held(project)
    ran = load(project, "b.csv", "2,x\n4,d\n", **MERGE)
    now = held(project)
    at = kills = 0
    while _killed(project, ran.run_id, at=(at := at + _STRIDE)):
        kills += 1
        assert held(project) in (now, was)
    assert kills * _STRIDE > 20
    assert held(project) == was
    assert take_back(project, ran.run_id).status == "already undone"


def test_a_commit_whose_answer_is_lost_is_found_on_record(postgres_url: str, tmp_path: Path) -> None:
    """The undo asks over a new connection, and says that it is done; where nobody can be asked it says so."""
    project = Project(tmp_path, postgres_url)
    ran = [load(project, f"{number}.csv", f"{number},a\n").run_id for number in range(2)]
    with way_to(postgres_url, answer_lost) as way:
        done = take_back(Project(tmp_path, way.url), ran[1])
        assert way.happened
    assert done.status == "undone" and done.warning is not None and "it is on record" in done.warning
    with way_to(postgres_url, gone_for_good) as way, pytest.raises(DatabaseUnavailable, match="not known whether"):
        take_back(Project(tmp_path, way.url), ran[0])
    assert take_back(project, ran[0]).status == "already undone"
