"""Undo refuses what it cannot take back exactly: it says why, names what comes first, and changes nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from etl_agent.errors import EtlAgentError, NoInput, UndoRefused
from tests.load.targets import query
from tests.run.project import Project
from tests.run.undoing import CONTRACT, MERGE, MODES, REPLACE, held, load, take_back


def refuses(project: Project, run_id: int, why: str) -> None:
    """Try to take a run back, which is refused with a reason and changes nothing."""
    was = held(project)
    with pytest.raises(UndoRefused, match=why):
        take_back(project, run_id)
    assert held(project) == was


def test_an_undo_is_not_undone(project: Project) -> None:
    """The pipeline is to run again; its file counts as new."""
    done = take_back(project, load(project, "a.csv", "1,a\n").run_id)
    with pytest.raises(UndoRefused, match="it is an undo itself; run the pipeline again"):
        take_back(project, done.undone_by)
    assert load(project, "a.csv", "1,a\n").status == "loaded"


def test_an_unknown_run_is_told_with_its_neighbours(project: Project) -> None:
    """A mistyped number names the runs that are like it; an empty target has none."""
    with pytest.raises(NoInput, match="no run is on record"):
        take_back(project, 17)
    ran = load(project, "a.csv", "1,a\n")
    with pytest.raises(NoInput, match=f"no run {ran.run_id + 1} is on record; valid: {ran.run_id}"):
        take_back(project, ran.run_id + 1)


def test_a_refused_run_has_nothing_to_take_back(project: Project) -> None:
    """It loaded nothing."""
    project.write("a.csv", "id,name\nx,y\n")
    ran = project.run("a.csv", contract=CONTRACT)
    with pytest.raises(UndoRefused, match="it was refused and loaded nothing"):
        take_back(project, ran.run_id)


@pytest.mark.parametrize(
    ("mode", "why"),
    [
        ({**MERGE, "history": "none"}, "it wrote over or took out 1 row, and none was kept"),
        ({**MERGE, "lineage": "none"}, "the table has no column _etl_run_id"),
    ],
    ids=["history", "lineage"],
)
def test_what_was_not_kept_cannot_be_put_back(project: Project, mode: dict[str, Any], why: str) -> None:
    """Without kept rows only additions can be taken back; without lineage nothing can."""
    load(project, "a.csv", "1,a\n", **mode)
    added = load(project, "b.csv", "2,b\n", **mode)
    ran = load(project, "c.csv", "1,x\n", **mode)
    refuses(project, ran.run_id, why)
    if "history" in mode:
        query(project.url, f"UPDATE _etl_runs SET status = 'undone' WHERE run_id = {ran.run_id}")
        assert take_back(project, added.run_id).removed == 1


def test_a_run_without_its_history_is_refused(project: Project) -> None:
    """An older release wrote none, and prune deletes it."""
    ran = load(project, "a.csv", "1,a\n")
    query(project.url, "DELETE FROM _etl_history")
    with pytest.raises(UndoRefused, match="an older release loaded it, or it was pruned"):
        take_back(project, ran.run_id)


def test_sql_of_the_user_is_not_taken_back(project: Project) -> None:
    """A run with SQL files of the user's own is refused, unless its rows alone are wanted back."""
    project.write("own.sql", "CREATE TABLE extra (n bigint)")
    ran = load(project, "a.csv", "1,a\n", after_sql=["own.sql"])
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
    load(project, "a.csv", "1,a\n2,b\n", **MERGE)
    ran = load(project, "b.csv", "2,x\n4,d\n", **MERGE)
    query(project.url, change)
    refuses(project, ran.run_id, why)


def test_a_column_of_another_type_is_found_out(project: Project) -> None:
    """Kept values are not converted."""
    load(project, "a.csv", "1,a\n2,b\n", **MERGE)
    ran = load(project, "b.csv", "2,x\n", **MERGE)
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
    load(project, "a.csv", "1,a\n2,b\n", **MODES["replace by key"])
    ran = load(project, "b.csv", "2,b\n", **MODES["replace by key"])
    query(project.url, "INSERT INTO t (id, name) VALUES (1, 'own')")
    with pytest.raises(UndoRefused, match="1 row of the table have a key of those that would come back"):
        take_back(project, ran.run_id)


@pytest.mark.parametrize(
    ("mode", "rows", "why"),
    [
        (MERGE, "2,x\n", "wrote over 1 row"),
        (MERGE, "2,b\n", "found 1 row unchanged"),
        ({**MERGE, "strategy": "insert-only"}, "2,x\n", "left 1 row out whose key was there"),
        ({**MERGE, "strategy": "delete-insert"}, "2,b\n", "took out 1 row"),
        (MODES["append by key"], "2,b\n5,e\n", "found 1 row there already"),
        (MODES["append by key"], "2,x\n5,e\n", "rejected 1 row whose key was there"),
        (REPLACE, "2,x\n", "took out 3 rows"),
    ],
)
def test_a_run_that_a_later_one_depends_on_is_refused(
    project: Project, mode: dict[str, Any], rows: str, why: str
) -> None:
    """The refusal names the later run, what it did, and the undo that comes first."""
    load(project, "a.csv", "1,a\n", **MERGE)
    ran = load(project, "b.csv", "2,b\n3,c\n", **MERGE)
    later = load(project, "c.csv", rows, **mode)
    was = held(project)
    told = rf"later runs into table t depend on it: run {later.run_id} {why}; next: etl-agent undo {later.run_id}$"
    with pytest.raises(UndoRefused, match=told):
        take_back(project, ran.run_id)
    assert held(project) == was
    take_back(project, later.run_id)
    take_back(project, ran.run_id)


def test_content_that_came_back_is_not_there_twice(project: Project) -> None:
    """A later run that loaded what the run had taken out would have loaded nothing without it."""
    load(project, "a.csv", "1,a\n", **REPLACE)
    ran = load(project, "b.csv", "2,b\n", **REPLACE)
    later = load(project, "a.csv", "1,a\n")
    with pytest.raises(UndoRefused, match=rf"run {later.run_id} loaded a\.csv, which it had taken out"):
        take_back(project, ran.run_id)


def test_later_is_who_committed_later(project: Project) -> None:
    """A run that began first may have waited for another: its number is the smaller one, and its rows the newer."""
    first = load(project, "a.csv", "1,a\n", **MERGE).run_id
    second = load(project, "b.csv", "1,b\n", **MERGE).run_id
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


def test_the_clocks_of_hosts_do_not_tell_what_is_later(project: Project) -> None:
    """The database numbers the runs of a table; a run without a number counts by its time."""
    first = load(project, "a.csv", "1,a\n", **MERGE).run_id
    second = load(project, "b.csv", "1,b\n", **MERGE).run_id
    early = "'2000-01-01 00:00:00+00:00'"
    query(project.url, f"UPDATE _etl_runs SET started_at = {early}, finished_at = {early} WHERE run_id = {second}")
    with pytest.raises(UndoRefused, match=f"run {second} wrote over 1 row"):
        take_back(project, first)
    query(project.url, f"UPDATE _etl_runs SET finished_at = '2999-01-01 00:00:00+00:00' WHERE run_id = {first}")
    query(project.url, "UPDATE _etl_runs SET outcome = NULL")
    query(project.url, f"DELETE FROM _etl_history WHERE run_id = {first}")
    with pytest.raises(UndoRefused, match=f"run {first} wrote over|run {first} what it did to the table is not"):
        take_back(project, second)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ("DROP TABLE {}", "the table of kept rows, _etl_history_[0-9a-f]+, is not there any more"),
        (
            "DELETE FROM {} WHERE id = 1",
            "1 row of before can be found in _etl_history_[0-9a-f]+, and the run changed 2",
        ),
    ],
)
def test_kept_rows_that_are_gone_are_found_out(project: Project, change: str, why: str) -> None:
    """An undo puts all rows back, or none."""
    load(project, "a.csv", "1,a\n2,b\n", **REPLACE)
    ran = load(project, "b.csv", "3,c\n", **REPLACE)
    ((kept,),) = project.ask(f"SELECT kept_in FROM _etl_history WHERE run_id = {ran.run_id}")
    query(project.url, change.format(kept))
    with pytest.raises(UndoRefused, match=why):
        take_back(project, ran.run_id)
    assert project.rows("id") == [(3,)]


def test_rows_that_the_table_does_not_take_again_are_found_out(project: Project) -> None:
    """A trigger may swallow what is put back."""
    load(project, "a.csv", "1,a\n2,b\n", **REPLACE)
    ran = load(project, "b.csv", "3,c\n", **REPLACE)
    if project.url.startswith("sqlite"):
        query(project.url, "CREATE TRIGGER g BEFORE INSERT ON t WHEN new.id = 2 BEGIN SELECT RAISE(IGNORE); END")
    else:
        body = "BEGIN IF new.id = 2 THEN RETURN NULL; END IF; RETURN new; END"
        query(project.url, f"CREATE FUNCTION g() RETURNS trigger LANGUAGE plpgsql AS '{body}'")
        query(project.url, "CREATE TRIGGER g BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION g()")
    with pytest.raises(UndoRefused, match="1 of 2 rows could be put back"):
        take_back(project, ran.run_id, despite_sql=True)
    assert project.rows("id") == [(3,)]


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (
            "UPDATE t SET name = 'own' WHERE valid_to IS NOT NULL",
            "the run wrote 1 row and closed 1, and 1 and 0 of them",
        ),
        ("UPDATE t SET valid_to = NULL", "the run wrote 1 row and closed 1, and 1 and 0 of them"),
        (
            "INSERT INTO t (id, name, valid_from) VALUES (1, 'own', '2999-01-01 00:00:00+00:00')",
            "a version that would be current again has a later one by now",
        ),
    ],
)
def test_versions_that_others_changed_stay_closed(project: Project, change: str, why: str) -> None:
    """A closed version is opened again if it is as it was closed, and the only current one of its key then."""
    load(project, "a.csv", "1,a\n", **MODES["scd2"])
    ran = load(project, "b.csv", "1,b\n", **MODES["scd2"])
    query(project.url, change)
    refuses(project, ran.run_id, why)


def test_a_run_that_wrote_nothing_needs_no_table(project: Project) -> None:
    """Its files and entries are all there is to take back."""
    load(project, "a.csv", "1,a\n", **MERGE)
    ran = load(project, "b.csv", "1,a\nx,y\n", **MERGE)
    query(project.url, "DROP TABLE t")
    assert take_back(project, ran.run_id).said == f"run {ran.run_id} undone: no row had to change"
    assert project.quarantine() == []


@pytest.mark.parametrize("mode", ["replace", "replace by key", "delete-insert"])
@pytest.mark.parametrize("action", ["CASCADE", "SET NULL", "SET DEFAULT"])
def test_rows_that_followed_those_taken_out_are_not_forgotten(project: Project, mode: str, action: str) -> None:
    """What the database did with rows that pointed to a row that the run deleted is not kept."""
    query(project.url, "CREATE TABLE t (id bigint PRIMARY KEY, name text, _etl_run_id bigint)")
    query(project.url, f"CREATE TABLE kid (k int, id bigint REFERENCES t (id) ON DELETE {action})")
    query(project.url, "INSERT INTO t VALUES (1, 'a', NULL), (2, 'b', NULL)")
    query(project.url, "INSERT INTO kid VALUES (1, 1), (2, 2)")
    ran = load(project, "b.csv", "1,x\n", **MODES[mode])
    was = held(project)
    with pytest.raises(
        UndoRefused, match=r'may have deleted or changed rows .*foreign keys of .*"kid"\), and they are'
    ):
        take_back(project, ran.run_id)
    assert held(project) == was


def test_rows_of_the_table_that_followed_are_not_forgotten(project: Project) -> None:
    """Rows may point to rows of their own table."""
    query(
        project.url,
        "CREATE TABLE t (id bigint PRIMARY KEY, name text, _etl_run_id bigint,"
        " boss bigint REFERENCES t (id) ON DELETE CASCADE)",
    )
    query(project.url, "INSERT INTO t VALUES (1, 'a', NULL, NULL), (2, 'b', NULL, 1)")
    ran = load(project, "b.csv", "1,x\n", **MODES["delete-insert"])
    with pytest.raises(UndoRefused, match=r'foreign keys of "[a-z]+"\."t"\)'):
        take_back(project, ran.run_id)


def test_rows_that_followed_another_column_are_not_forgotten(project: Project) -> None:
    """A load updates no key of its own, but rows may point to another column; those that point to the key stay."""
    query(project.url, "CREATE TABLE t (id bigint PRIMARY KEY, name text UNIQUE, _etl_run_id bigint)")
    query(project.url, "CREATE TABLE own (id bigint REFERENCES t (id) ON UPDATE SET NULL ON DELETE CASCADE)")
    query(project.url, "INSERT INTO t VALUES (1, 'a', NULL), (2, 'b', NULL)")
    query(project.url, "INSERT INTO own VALUES (1)")
    take_back(project, load(project, "b.csv", "1,y\n", **MERGE).run_id)
    assert project.ask("SELECT * FROM own") == [(1,)]
    query(project.url, "CREATE TABLE kid (name text REFERENCES t (name) ON UPDATE SET NULL)")
    query(project.url, "INSERT INTO kid VALUES ('a')")
    ran = load(project, "c.csv", "1,x\n", **MERGE)
    with pytest.raises(UndoRefused, match=r'foreign keys of [^,]*"kid"'):
        take_back(project, ran.run_id)


@pytest.mark.parametrize("column", ["_etl_change", "_etl_changed_by"])
def test_a_table_with_a_column_of_the_kept_rows_is_loaded_all_the_same(project: Project, column: str) -> None:
    """No row is kept where the names would collide; the undo says so."""
    query(project.url, f"CREATE TABLE t (id bigint PRIMARY KEY, name text, {column} text, _etl_run_id bigint)")
    load(project, "a.csv", "1,a\n", **MERGE)
    ran = load(project, "b.csv", "1,b\n", **MERGE)
    assert project.rows("name") == [("b",)]
    with pytest.raises(UndoRefused, match=r"none was kept \(.* or one called _etl_change or _etl_changed_by\)"):
        take_back(project, ran.run_id)


def test_what_triggers_did_is_not_forgotten(project: Project) -> None:
    """They may have changed other rows, which an undo knows nothing of."""
    query(project.url, "CREATE TABLE log (n bigint)")
    query(project.url, "CREATE TABLE t (id bigint PRIMARY KEY, name text, _etl_run_id bigint)")
    if project.url.startswith("sqlite"):
        query(project.url, "CREATE TRIGGER g AFTER INSERT ON t BEGIN INSERT INTO log VALUES (new.id); END")
    else:
        body = "BEGIN INSERT INTO log VALUES (new.id); RETURN new; END"
        query(project.url, f"CREATE FUNCTION g() RETURNS trigger LANGUAGE plpgsql AS '{body}'")
        query(project.url, "CREATE TRIGGER g AFTER INSERT ON t FOR EACH ROW EXECUTE FUNCTION g()")
    ran = load(project, "a.csv", "1,a\n", **MODES["append"])
    with pytest.raises(UndoRefused, match=rf"the table has triggers.*next: etl-agent undo {ran.run_id} --despite-sql$"):
        take_back(project, ran.run_id)
    assert project.rows("id") == [(1,)]
    assert take_back(project, ran.run_id, despite_sql=True).removed == 1
    assert project.ask("SELECT n FROM log") == [(1,)]


def test_what_a_trigger_does_not_let_go_is_told_in_its_words(project: Project) -> None:
    """No table points to these rows, so the refusal is the database's own, and nothing is changed."""
    query(project.url, "CREATE TABLE t (id bigint PRIMARY KEY, name text, _etl_run_id bigint)")
    ran = load(project, "a.csv", "1,a\n", **MODES["append"])
    if project.url.startswith("sqlite"):
        query(project.url, "CREATE TRIGGER g BEFORE DELETE ON t BEGIN SELECT RAISE(ABORT, 'rows stay'); END")
    else:
        body = "BEGIN RAISE EXCEPTION ''rows stay''; END"
        query(project.url, f"CREATE FUNCTION g() RETURNS trigger LANGUAGE plpgsql AS '{body}'")
        query(project.url, "CREATE TRIGGER g BEFORE DELETE ON t FOR EACH ROW EXECUTE FUNCTION g()")
    with pytest.raises(EtlAgentError, match="rows stay"):
        take_back(project, ran.run_id, despite_sql=True)
    assert project.rows("id") == [(1,)]


def test_rows_that_the_database_holds_are_named(project: Project) -> None:
    """Rows of another table that point to rows of the run keep these; the refusal names that table."""
    query(project.url, "CREATE TABLE t (id bigint PRIMARY KEY, name text, _etl_run_id bigint)")
    query(project.url, "CREATE TABLE kid (id bigint REFERENCES t (id))")
    ran = load(project, "a.csv", "1,a\n", **MODES["append"])
    query(project.url, "INSERT INTO kid VALUES (1)")
    told = rf"rows of kid point to rows of the run.* take those out first; next: etl-agent undo {ran.run_id}$"
    with pytest.raises(UndoRefused, match=told):
        take_back(project, ran.run_id)
    assert project.rows("id") == [(1,)]


def test_a_pipeline_that_is_no_file_is_not_what_comes_next(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file that was loaded without a pipeline is loaded again without one."""
    monkeypatch.chdir(tmp_path)
    done = take_back(project, load(project, "a.csv", "1,a\n").run_id)
    with pytest.raises(UndoRefused, match=r"or load the file again, and it loads what was taken back$"):
        take_back(project, done.undone_by)
