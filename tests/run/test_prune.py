"""What a prune deletes, what it leaves, and that neither a kill nor a load beside it does harm."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.engine import make_url

from etl_agent.errors import NoInput, PermissionRefused, UndoRefused, UsageError
from etl_agent.load.history import KEEPING
from etl_agent.load.record import Record
from etl_agent.load.target import open_target
from etl_agent.run import emptying
from etl_agent.run.options import RunOptions
from etl_agent.run.prune import Pruned, prune
from etl_agent.run.replay import replay_quarantine
from etl_agent.run.runner import run_pipeline
from etl_agent.run.undo import undo
from tests.load.targets import query
from tests.run.project import Project, quoted

KEY = {"primary_key": ["id"]}
CONTRACT = {"id": "integer", "name": "text"}
STRIP = [{"step": "strip", "columns": ["name"]}]
LOOSE = {"max_reject_share": 0.9}
LEDGER = ("runs", "files", "quarantine", "changes", "decisions", "plans", "history")
MODES: dict[str, dict[str, Any]] = {
    "append": {"write_disposition": "append"},
    "replace": {"write_disposition": "replace"},
    "upsert": {"write_disposition": "merge", **KEY},
    "delete-insert": {"write_disposition": "merge", "strategy": "delete-insert", **KEY},
    "scd2": {"write_disposition": "merge", "strategy": "scd2", **KEY},
}


def night(project: Project, number: int, *, clean: Sequence[dict[str, Any]] = STRIP, **load: Any) -> int:
    """Load a file that changes rows, adds one and has a bad one, and return the run."""
    name = f"{number}.csv"
    project.write(name, f"id,name\n1, a{number}\n2, b{number}\n{number + 10}, c{number}\nx{number},bad\n")
    result = project.run(name, contract=CONTRACT, clean=clean, validate=LOOSE, **load)
    assert result.status == "loaded"
    return result.run_id


def ledger(project: Project, *, of: int | None = None) -> dict[str, list[tuple[Any, ...]]]:
    """Return everything that the ledger keeps, kept rows too; with a run, what is under its number."""
    named = dict.fromkeys(LEDGER, "run_id") | {"plans": None}
    found = {
        name: project.ask(
            f"SELECT * FROM _etl_{name}" + (f" WHERE {column} = {of}" if column is not None and of is not None else "")
        )
        for name, column in named.items()
    }
    for table in kept_tables(project):
        found[table] = project.ask(
            f"SELECT * FROM {quoted(table)}" + (f" WHERE _etl_changed_by = {of}" if of is not None else "")
        )
    return {name: sorted(rows, key=repr) for name, rows in found.items()}


def kept_tables(project: Project) -> list[str]:
    """Name the tables of kept rows."""
    listed = "sqlite_master" if project.url.startswith("sqlite") else "information_schema.tables"
    column = "name" if project.url.startswith("sqlite") else "table_name"
    like = "like '#_etl#_history#_%' escape '#'"
    return [name for (name,) in project.ask(f"SELECT {column} FROM {listed} WHERE {column} {like} ORDER BY 1")]


def moment() -> datetime:
    """Return a moment that is after what was done and before what is done next."""
    time.sleep(0.002)
    return datetime.now(UTC)


def pruned(project: Project, now: datetime, **more: Any) -> Pruned:
    """Prune what ended before a moment."""
    found = prune(project.url, older_than=0, now=now, **more)
    assert found is not None
    return found


@pytest.mark.parametrize("load", MODES.values(), ids=MODES)
def test_only_what_is_older_goes_and_younger_runs_are_undone_exactly(project: Project, load: dict[str, Any]) -> None:
    """The tables, the record of younger runs and what their undo needs are the same bytes as before."""
    old = [night(project, number, **load) for number in range(2)]
    now = moment()
    states, young = [], []
    for number in (2, 3):
        states.append((project.rows(), ledger(project)["quarantine"], active(project)))
        young.append(night(project, number, **load))
    before = {run: ledger(project, of=run) for run in young}
    whole, rows = ledger(project), project.rows()
    told = pruned(project, now, dry_run=True)
    assert ledger(project) == whole
    done = pruned(project, now)
    assert done.figures == told.figures
    assert (done.histories, done.changes) == (2, 2)
    assert project.rows() == rows
    assert {run: ledger(project, of=run) for run in young} == before
    after = ledger(project)
    assert (after["runs"], after["files"]) == (whole["runs"], whole["files"])
    for name in ("changes", "decisions", "history"):
        assert not {row[0] for row in after[name]} & set(old)
    assert done.kept_rows == sum(len(whole[name]) - len(after[name]) for name in kept_tables(project))
    assert not any(pruned(project, now).figures.values())
    gone = set(whole["quarantine"]) - set(after["quarantine"])
    for run in reversed(young):
        undo(run, to=project.url)
        was, entries, files = states.pop()
        assert project.rows() == was
        assert active(project) == files
        assert {row for row in ledger(project)["quarantine"] if row[1] != run} >= {
            row for row in entries if row not in gone
        }
    with pytest.raises(UndoRefused, match="pruned"):
        undo(old[-1], to=project.url)


def active(project: Project) -> list[tuple[Any, ...]]:
    """Return the content that is in the table."""
    true = "1" if project.url.startswith("sqlite") else "true"
    return project.ask(f"SELECT sha256, run_id FROM _etl_files WHERE active = {true} ORDER BY 1")


def test_the_newest_load_of_a_table_and_the_newest_run_of_a_pipeline_stay(project: Project) -> None:
    """However old they are: the one can be undone, the other is what status judges."""
    night(project, 0, write_disposition="replace")
    newest = night(project, 1, write_disposition="replace")
    project.write("bad.csv", "id,name\nx,1\n")
    refused = project.run("bad.csv", contract=CONTRACT, write_disposition="replace", validate={"max_reject_share": 0})
    assert refused.status == "refused"
    kept = {run: ledger(project, of=run) for run in (newest, refused.run_id)}
    assert pruned(project, moment()).histories == 1
    assert {run: ledger(project, of=run) for run in (newest, refused.run_id)} == kept


def test_open_entries_stay_and_settled_ones_go_once_who_settled_them_is_past(project: Project) -> None:
    """An entry that a young run closed is opened again by its undo."""
    load = {"write_disposition": "append"}
    first = night(project, 0, **load)
    second = night(project, 1, **load)
    third = night(project, 2, **load)
    night(project, 3, **load)
    project.ask(f"UPDATE _etl_quarantine SET status = 'closed', replayed_by = {second} WHERE run_id = {first}")
    now = moment()
    last = night(project, 4, **load)
    project.ask(f"UPDATE _etl_quarantine SET status = 'closed', replayed_by = {last} WHERE run_id = {second}")
    assert pruned(project, now).quarantine == 1
    left = {run for (run,) in project.ask("SELECT run_id FROM _etl_quarantine")}
    assert first not in left
    assert {second, third, last} <= left


def test_entries_of_a_refusal_go_when_its_pipeline_has_run_since(project: Project) -> None:
    """Nothing can be done with them, and every night of a broken file would leave some for ever."""
    project.write("in.csv", "id,name\nx,1\n")
    refused = project.run(contract=CONTRACT, validate={"max_reject_share": 0})
    assert refused.status == "refused"
    assert pruned(project, moment()).quarantine == 0
    night(project, 0)
    night(project, 1)
    assert pruned(project, moment()).quarantine == 1


def test_a_reload_after_a_prune_takes_back_the_rows_of_replays_too(project: Project) -> None:
    """One entry of each replayed file tells which run replayed it."""
    narrow = {**CONTRACT, "name": {"type": "text", "matches": "a"}}
    project.write("in.csv", "id,name\n1,a\n2,b\n3,c\n")
    project.run(contract=narrow, validate=LOOSE)
    spec = project.spec(contract=CONTRACT, validate=LOOSE)
    assert replay_quarantine(spec, project=project.folder, options=RunOptions()).balance.inserted == 2
    project.write("other.csv", "id,name\n7,a\nx,a\n")
    project.run("other.csv", contract=CONTRACT, validate=LOOSE)
    rows = project.rows("id, name")
    assert pruned(project, moment()).quarantine == 1
    assert project.run(contract=CONTRACT, validate=LOOSE, reload=True).status == "loaded"
    assert project.rows("id, name") == rows


def test_the_number_of_a_pruned_entry_is_not_given_to_another(project: Project) -> None:
    """A corrected file that names it must not mean a row that came later."""
    first = night(project, 0)
    project.ask("UPDATE _etl_quarantine SET status = 'discarded'")
    ((number,),) = project.ask("SELECT max(id) FROM _etl_quarantine")
    project.write("good.csv", "id,name\n1,a\n")
    project.run("good.csv", contract=CONTRACT)
    pruned(project, moment())
    later = night(project, 1)
    assert project.ask(f"SELECT min(id) FROM _etl_quarantine WHERE run_id = {later}") > [(number,)]
    assert project.ask(f"SELECT id FROM _etl_quarantine WHERE run_id = {first}") == [(number,)]


def test_plans_go_once_no_row_can_be_of_them(project: Project) -> None:
    """The plan of a file that is in a table stays, however old; that of a file that was replaced goes."""

    def load(disposition: str, *, steps: int) -> str:
        result = project.run(write_disposition=disposition, table=disposition, clean=STRIP * steps, reload=True)
        ((digest,),) = project.ask(f"SELECT plan_digest FROM _etl_runs WHERE run_id = {result.run_id}")
        return str(digest)

    def plans() -> set[str]:
        return {digest for (digest,) in project.ask("SELECT plan_digest FROM _etl_plans")}

    project.write("in.csv", "id,name\n1,a\n")
    added, first, second = load("append", steps=0), load("replace", steps=0), load("replace", steps=1)
    project.write("in.csv", "id,name\n2,a\n")
    now = moment()
    more, third = load("append", steps=1), load("replace", steps=2)
    assert plans() == {added, first, second, more, third}
    assert pruned(project, now).plans == 1
    assert plans() == {added, second, more, third}  # an undo of the newest load brings the second one back
    fourth = load("replace", steps=3)
    assert pruned(project, moment()).plans == 1
    assert plans() == {added, more, third, fourth}


def test_one_table_alone(project: Project) -> None:
    """What other tables keep is left; a name that no run knows is a mistake."""
    for table in ("t", "u"):
        for number in range(2):
            night(project, number, table=table, write_disposition="replace")
    before = project.ask("SELECT * FROM _etl_history WHERE table_name = 'u' ORDER BY 1")
    assert pruned(project, moment(), table="t").histories == 1
    assert project.ask("SELECT * FROM _etl_history WHERE table_name = 'u' ORDER BY 1") == before
    with pytest.raises(NoInput, match="no run into a table 'tt'"):
        pruned(project, moment(), table="tt")


@pytest.mark.parametrize("table", ['a"; DROP TABLE t', "naïve %s\n", "select"])
def test_hostile_names_of_tables(project: Project, table: str) -> None:
    """Names are quoted, and a table of kept rows is never named after them."""
    for number in range(2):
        night(project, number, table=table, write_disposition="replace")
    night(project, 3, table=table, history="none")
    rows = project.rows(table=table)
    assert pruned(project, moment(), table=table).kept_tables == 1
    assert project.rows(table=table) == rows


def test_hostile_names_of_schemas(postgres_url: str, tmp_path: Path) -> None:
    """The ledger of one schema is pruned, and no other."""
    project, schema = Project(tmp_path, postgres_url), 'we"ird; %s schema'
    project.ask(f"CREATE SCHEMA {quoted(schema)}")
    for number in range(2):
        project.write("in.csv", f"id\n{number}\n")
        project.run(schema=None, write_disposition="replace")
        spec = project.spec(schema=schema, write_disposition="replace", history="none" if number else "keep")
        assert run_pipeline(spec, project=tmp_path, options=RunOptions()).status == "loaded"
    before = ledger(project)
    assert pruned(project, moment(), schema=schema).histories == 1
    assert ledger(project) == before


def test_only_tables_of_kept_rows_are_dropped(project: Project) -> None:
    """Another name, other columns, or a name that stands in the ledger's text alone: not ours."""
    for name in ("_etl_history_0123456789ab", "_etl_history_short", "precious"):
        project.ask(f"CREATE TABLE {name} (n integer)")
    old = night(project, 0, write_disposition="replace")
    night(project, 1, write_disposition="replace")
    project.ask(f"UPDATE _etl_history SET kept_in = 'precious' WHERE run_id = {old}")
    assert pruned(project, moment()).histories == 1
    for name in ("_etl_history_0123456789ab", "_etl_history_short", "precious"):
        assert project.ask(f"SELECT * FROM {name}") == []


def test_a_target_without_a_ledger_is_left_alone(project: Project) -> None:
    """No file and no table is made."""
    assert prune(project.url, older_than=0) is None
    project.ask("CREATE TABLE t (n integer)")
    assert prune(project.url, older_than=0) is None
    assert kept_tables(project) == []
    with pytest.raises(UsageError):
        prune(project.url, older_than=-1)


def test_an_age_beyond_all_years_is_older_than_nothing(project: Project) -> None:
    """It is no error: nothing is that old."""
    for number in range(2):
        night(project, number)
    found = prune(project.url, older_than=1e30)
    assert found is not None
    assert not any(found.figures.values())


def older_release(project: Project, version: int) -> None:
    """Make the ledger what an older release would have left."""
    for table in kept_tables(project):
        project.ask(f"DROP TABLE {quoted(table)}")
    project.ask("DROP TABLE _etl_history")
    project.ask("ALTER TABLE _etl_runs DROP COLUMN undone_by")
    project.ask("ALTER TABLE _etl_files DROP COLUMN deactivated_by")
    if version == 1:
        project.ask("DROP TABLE _etl_plans")
    project.ask(f"UPDATE _etl_meta SET version = {version}")


@pytest.mark.parametrize("version", [1, 2])
def test_ledgers_of_older_releases(project: Project, version: int) -> None:
    """What they have is pruned; a dry run counts it without bringing them up to date."""
    for number in range(3):
        night(project, number, write_disposition="replace", clean=STRIP * number)
    older_release(project, version)
    now = moment()
    told = pruned(project, now, dry_run=True)
    assert project.ask("SELECT version FROM _etl_meta") == [(version,)]
    assert told.changes == 1
    assert told.quarantine == 1
    assert told.plans == (0 if version == 1 else 2)
    assert pruned(project, now).figures == told.figures


def test_a_database_that_is_read_only(postgres_url: str, tmp_path: Path) -> None:
    """A dry run counts there; a prune says that it may not."""
    project = Project(tmp_path, postgres_url)
    for number in range(2):
        night(project, number)
    project.ask(f"ALTER DATABASE {make_url(postgres_url).database} SET default_transaction_read_only = on")
    assert pruned(project, moment(), dry_run=True).histories == 1
    with pytest.raises(PermissionRefused):
        pruned(project, moment())


def killed(project: Project, now: datetime, *, at: int, after: bool) -> bool:
    """Prune in a process of its own that is killed at its n-th commit; False if it ended before."""
    child = os.fork()
    if child == 0:  # pragma: no cover  the child is killed
        commit, seen = Record.commit, 0

        def counting(record: Record) -> None:
            nonlocal seen
            seen += 1
            if seen == at and not after:
                os.kill(os.getpid(), signal.SIGKILL)
            commit(record)
            if seen == at:
                os.kill(os.getpid(), signal.SIGKILL)

        Record.commit = counting  # type: ignore[method-assign]  the child ends with it
        try:
            prune(project.url, older_than=0, now=now)
        finally:
            os._exit(0)
    _, status = os.waitpid(child, 0)
    return os.WIFSIGNALED(status)


def test_killed_anywhere_and_run_again(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is left after each kill is whole: a run has its history and all of its kept rows, or no history."""
    monkeypatch.setattr(emptying, "_LOT", 3)
    monkeypatch.setattr(emptying, "_TURN", 0.0)
    old = [night(project, number, write_disposition="replace") for number in range(3)]
    now = moment()
    young = [night(project, 3, write_disposition="replace")]
    before = {run: ledger(project, of=run) for run in young}
    rows = project.rows()
    kills = 0
    while killed(project, now, at=1 + kills // 2, after=bool(kills % 2)):
        kills += 1
        assert {run: ledger(project, of=run) for run in young} == before
        left = {run for (run,) in project.ask("SELECT run_id FROM _etl_history")}
        kept = {
            run for table in kept_tables(project) for (run,) in project.ask(f'SELECT _etl_changed_by FROM "{table}"')
        }
        assert left == {*young} or left == {*old, *young}
        assert not left - kept - {old[0]}
    assert kills > 6
    assert not any(pruned(project, now).figures.values())
    assert {run: ledger(project, of=run) for run in young} == before
    assert project.rows() == rows


def test_beside_a_run_that_holds_the_table(postgres_url: str, tmp_path: Path) -> None:
    """Neither waits for the other, whatever the run has locked and written so far."""
    project = Project(tmp_path, postgres_url)
    for number in range(2):
        night(project, number, write_disposition="replace")
    now = moment()
    last = night(project, 2, write_disposition="replace")
    (place,) = kept_tables(project)
    with open_target(project.url) as target, target.lock("t"), target.record() as record:
        record.connection.exec_driver_sql("SELECT * FROM _etl_history FOR UPDATE")
        record.run(f"INSERT INTO \"{place}\" (_etl_changed_by, _etl_change, id) VALUES ({last}, 'deleted', 99)")
        record.run("UPDATE _etl_files SET active = false")
        began = time.monotonic()
        first = pruned(project, now)
        assert time.monotonic() - began < 2
        assert first.histories == 0  # their rows are held: they are being undone
        record.commit()
    assert pruned(project, now).histories == 2


def test_a_table_of_kept_rows_is_not_dropped_under_a_load(postgres_url: str, tmp_path: Path) -> None:
    """A load that has made sure of the table may rely on it."""
    project = Project(tmp_path, postgres_url)
    for number in range(2):
        night(project, number, write_disposition="replace")
    night(project, 2, history="none")
    (place,) = kept_tables(project)
    with open_target(project.url) as target, target.record() as record:
        record.run(f"SELECT pg_advisory_xact_lock_shared({KEEPING})")
        found = pruned(project, moment())
        assert (found.kept_rows > 0, found.kept_tables) == (True, 0)
        record.commit()
    with open_target(project.url) as target, target.record() as reader:
        reader.run(f'SELECT * FROM "{place}"')
        assert pruned(project, moment()).kept_tables == 0
    assert pruned(project, moment()).kept_tables == 1


def test_a_writer_of_the_same_file_gets_its_turn(
    sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between two lots the file is free for as long as a writer that waits needs to notice."""
    monkeypatch.setattr(emptying, "_LOT", 2)
    project = Project(tmp_path, sqlite_url)
    for number in range(6):
        night(project, number, write_disposition="replace")
    now, waits, done = moment(), [], threading.Event()

    def writer() -> None:
        while not done.is_set():
            began = time.monotonic()
            query(sqlite_url, "UPDATE _etl_meta SET version = version")
            waits.append(time.monotonic() - began)

    other = threading.Thread(target=writer)
    other.start()
    try:
        assert pruned(project, now).histories == 5
    finally:
        done.set()
        other.join()
    assert waits
    assert max(waits) < 2
