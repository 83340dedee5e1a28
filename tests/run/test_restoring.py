"""Rows that are put back are what they were, in every type that a table may have, and nothing else has changed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from etl_agent.errors import DataRefused, NoInput, UndoRefused
from etl_agent.run.runner import run_pipeline
from tests.load.targets import query
from tests.run.project import Project
from tests.run.undoing import held, take_back

_MERGE: dict[str, Any] = {"write_disposition": "merge", "primary_key": ["id"]}
_REPLACE: dict[str, Any] = {"write_disposition": "replace"}
_ID = {"id": "integer"}
_NAMED = {**_ID, "name": "text"}

_COLUMNS = {
    "sqlite": """id INTEGER PRIMARY KEY, t TEXT, i INTEGER, r REAL, b BLOB, n NUMERIC, a, d DATETIME DEFAULT 'now',
        u TEXT COLLATE NOCASE, _etl_run_id INTEGER""",
    "postgres": """id bigint PRIMARY KEY, t text, i numeric, f double precision, n numeric(12,2), x numeric, b bytea,
        j json, jb jsonb, u uuid, ar int[][], e mood, ts timestamptz, tz time, iv interval, c char(5), v varchar(9),
        p point, bits bit(3), r int4range, k bigint GENERATED ALWAYS AS IDENTITY, s serial, day date DEFAULT now(),
        twice text GENERATED ALWAYS AS (t || t) STORED, _etl_run_id bigint""",
}
_ROWS = {
    "sqlite": """(1, '', -0.0, 0.1, x'00ff', '1.10', '1.10', NULL, 'ABC', NULL),
        (2, NULL, 9223372036854775807, 'NaN', 'text', 1e300, 1.10, 'x', 'abc', 7),
        (3, x'61', 'no number', 9e999, '', 12345678901234567890, x'', '', '', 7)""",
    "postgres": r"""(1, '', 1.10, '-0', 1.10, 1.1000, '\x00ff', '{"b": 1,  "a": null}', '{"b": 1}',
        'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', '{{1,2},{3,null}}', 'ok', '2025-03-30 02:30:00+02', '24:00',
        '1 mon -1 day', 'a', 'b', '(1,-0)', B'101', '[1,5)', 17, 5, 'infinity', NULL),
        (2, NULL, 'NaN', 'NaN', 0, -0.0, '', 'null', '[]', NULL, '[0:1]={1,2}', NULL, '-infinity', NULL, NULL, '', '',
        NULL, NULL, 'empty', 18, 6, NULL, 7),
        (3, E'\\ \n\t"', 1e-30, 'Infinity', NULL, 12345678901234567890.5, NULL, NULL, NULL, NULL, NULL, 'bad', NULL,
        NULL, NULL, NULL, NULL, NULL, NULL, NULL, 19, 7, NULL, 7)""",
}
_PUT = {
    "sqlite": "INSERT INTO t VALUES",
    "postgres": """INSERT INTO t (id, t, i, f, n, x, b, j, jb, u, ar, e, ts, tz, iv, c, v, p, bits, r, k, s, day,
        _etl_run_id) OVERRIDING SYSTEM VALUE VALUES""",
}


def _make(project: Project) -> str:
    """Make a table of a user's own with rows of every type, and return the query that tells its rows exactly."""
    kind = "sqlite" if project.url.startswith("sqlite") else "postgres"
    if kind == "postgres":
        query(project.url, "CREATE TYPE mood AS ENUM ('ok', 'bad')")
    query(project.url, f"CREATE TABLE t ({_COLUMNS[kind]})")
    query(project.url, f"{_PUT[kind]} {_ROWS[kind]}")
    if kind == "postgres":
        return "SELECT t::text, encode(float8send(f), 'hex'), k, s FROM t ORDER BY id"
    names = [part.split()[0] for part in _COLUMNS["sqlite"].split(",")]
    return f"SELECT {', '.join(f'typeof({name}), quote({name})' for name in names)} FROM t ORDER BY id"


@pytest.mark.parametrize("load", [_MERGE, _REPLACE, {**_MERGE, "strategy": "delete-insert"}], ids=str)
def test_values_of_every_type_come_back_exactly(project: Project, load: dict[str, Any]) -> None:
    """What was written over or taken out is the same again, byte by byte, in a table of the user's own."""
    exact = _make(project)
    before = query(project.url, exact)
    project.write("in.csv", "id,t\n1,new\n2,new\n4,new\n")
    ran = project.run(contract={"id": "integer", "t": "text"}, **load)
    assert query(project.url, exact) != before
    take_back(project, ran.run_id)
    assert query(project.url, exact) == before


def test_fifteen_hundred_columns_come_back(project: Project) -> None:
    """A table may be as wide as a load takes, and have triggers, for which every row is looked at again."""
    load = {**_MERGE, "strategy": "scd2"}
    names = [f"c{number}" for number in range(1_500)]
    contract = {**_ID, **dict.fromkeys(names, "text")}
    for file, rows in (("in.csv", (1, 2)), ("then.csv", (2, 3))):
        cells = "".join(f"{row}{''.join(f',{file[0]}{row}' for _ in names)}\n" for row in rows)
        project.write(file, f"id,{','.join(names)}\n{cells}")
    project.run(contract=contract, **load)
    _idle_trigger(project)
    before = project.rows()
    take_back(project, project.run("then.csv", contract=contract, **load).run_id, despite_sql=True)
    assert project.rows() == before


def _idle_trigger(project: Project) -> None:
    if project.url.startswith("sqlite"):
        query(project.url, "CREATE TRIGGER g AFTER UPDATE ON t BEGIN SELECT 1; END")
        return
    query(project.url, "CREATE FUNCTION g() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN new; END'")
    query(project.url, "CREATE TRIGGER g BEFORE UPDATE ON t FOR EACH ROW EXECUTE FUNCTION g()")


def _touching_trigger(project: Project) -> None:
    """Write something into every row that is updated or inserted."""
    if project.url.startswith("sqlite"):
        for what in ("UPDATE OF name", "INSERT"):
            change = "UPDATE t SET name = name || '!' WHERE id = new.id"
            query(project.url, f'CREATE TRIGGER "{what}" AFTER {what} ON t BEGIN {change}; END')
        return
    body = "BEGIN new.name := new.name || ''!''; RETURN new; END"
    query(project.url, f"CREATE FUNCTION g() RETURNS trigger LANGUAGE plpgsql AS '{body}'")
    query(project.url, "CREATE TRIGGER g BEFORE INSERT OR UPDATE ON t FOR EACH ROW EXECUTE FUNCTION g()")


@pytest.mark.parametrize("load", [_MERGE, _REPLACE], ids=["merge", "replace"])
def test_a_trigger_that_changes_what_is_put_back_is_found_out(project: Project, load: dict[str, Any]) -> None:
    """The rows that were put back are compared with those that were kept; other ones are rolled back."""
    project.write("in.csv", "id,name\n1,a\n2,b\n")
    project.write("then.csv", "id,name\n1,x\n")
    project.run(contract=_NAMED, **load)
    ran = project.run("then.csv", contract=_NAMED, **load)
    _touching_trigger(project)
    was = held(project)
    with pytest.raises(UndoRefused, match=r"a trigger of the table changed [12] rows? of those"):
        take_back(project, ran.run_id, despite_sql=True)
    assert held(project) == was


@pytest.mark.parametrize("action", ["CASCADE", "SET NULL"])
def test_rows_of_other_tables_are_not_deleted_with_a_run(project: Project, action: str) -> None:
    """Where the database would delete or change rows that point to the run's, the undo is refused."""
    project.write("in.csv", "id,name\n1,a\n")
    project.write("then.csv", "id,name\n2,b\n1,c\n")
    first = project.run(contract=_NAMED, **_MERGE)
    query(project.url, f"CREATE TABLE o (n bigint REFERENCES t (id) ON DELETE {action})")
    ran = project.run("then.csv", contract=_NAMED, **_MERGE)
    query(project.url, "INSERT INTO o VALUES (1)")
    assert take_back(project, ran.run_id, dry_run=True).removed == 1, "the row of 1 stays"
    query(project.url, "INSERT INTO o VALUES (2)")
    with pytest.raises(UndoRefused, match="delete or change 1 row of others"):
        take_back(project, ran.run_id)
    query(project.url, "DELETE FROM o")
    take_back(project, ran.run_id)
    assert "stays, empty" in take_back(project, first.run_id).said


def test_rows_that_point_to_a_run_keep_it(project: Project) -> None:
    """A foreign key without an action is the database's own refusal; nothing is changed."""
    project.write("in.csv", "id,name\n1,a\n")
    ran = project.run(contract=_NAMED, **_MERGE)
    query(project.url, "CREATE TABLE o (n bigint REFERENCES t (id))")
    query(project.url, "INSERT INTO o VALUES (1)")
    with pytest.raises(DataRefused):
        take_back(project, ran.run_id)
    assert project.rows("id, name") == [(1, "a")]


def test_a_table_that_others_use_stays(project: Project) -> None:
    """A table that the run created is dropped, unless something is made from it."""
    project.write("in.csv", "id,name\n1,a\n")
    ran = project.run(contract=_NAMED)
    query(project.url, "CREATE VIEW v AS SELECT * FROM t")
    done = take_back(project, ran.run_id)
    assert done.dropped == () and len(done.left) == 1 and done.left[0].startswith("table t stays, empty, since")
    assert project.ask("SELECT * FROM v") == []
    query(project.url, "DROP VIEW v")
    take_back(project, project.run(contract=_NAMED).run_id)
    assert project.rows() == [], "the second run did not create it"


def test_a_table_with_rows_of_others_stays(project: Project) -> None:
    """Rows that no run wrote are nobody's to drop."""
    project.write("in.csv", "id,name\n1,a\n")
    ran = project.run(contract=_NAMED)
    query(project.url, "INSERT INTO t VALUES (9, 'own', NULL)")
    assert take_back(project, ran.run_id).left == ("table t stays, since it holds rows of others",)
    assert project.rows() == [(9, "own", None)]


def test_columns_that_a_run_added_go_where_they_are_empty(project: Project) -> None:
    """A new column is dropped with the run that added it, unless somebody wrote into it or uses it."""
    evolving = {"validate": {"drift": {"columns": "evolve"}}}
    project.write("in.csv", "id,name\n1,a\n2,b\n")
    project.run(contract=_NAMED, **_MERGE)
    project.write("then.csv", "id,name,more\n1,c,x\n3,d,y\n")
    wider = {**_NAMED, "more": {"type": "text", "nullable": True, "required": False}}
    before = held(project)
    ran = project.run("then.csv", contract=wider, **_MERGE, **evolving)
    done = take_back(project, ran.run_id)
    assert done.dropped == ("column more",) and held(project) == before
    ran = project.run("then.csv", contract=wider, **_MERGE, **evolving)
    query(project.url, "UPDATE t SET more = 'own' WHERE id = 2")
    assert take_back(project, ran.run_id).left == ("column more stays, since it holds values",)
    assert project.rows("id, name, more") == [(1, "a", None), (2, "b", "own")]


def test_hostile_names_are_no_obstacle(project: Project) -> None:
    """Tables and columns may be named as they please."""
    table, column = "a\"b'c%s;--", 'x"; DROP TABLE t; %(y)s :z'
    names = {"id": "integer", column: "text"}
    quoted = column.replace('"', '""')
    before = []
    for number, value in enumerate("ab"):
        project.write(f"{number}.csv", f'id,"{quoted}"\n1,{value}\n{number},c\n')
        before.append(project.run(f"{number}.csv", contract=names, table=table, **_MERGE))
    take_back(project, before[1].run_id)
    assert [row[:2] for row in project.rows(table=table)] == [(0, "c"), (1, "a")]
    assert take_back(project, before[0].run_id).dropped == (f"table {table}",)


def test_a_table_of_another_schema_is_restored_there(postgres_url: str, tmp_path: Path) -> None:
    """Its record, its kept rows and its lock are in that schema too."""
    query(postgres_url, 'CREATE SCHEMA "s 2"')
    project = Project(tmp_path, postgres_url)
    ran = []
    for name, rows in (("in.csv", "1,a\n2,b\n"), ("then.csv", "2,x\n3,c\n")):
        project.write(name, f"id,name\n{rows}")
        spec = project.spec(name, contract=_NAMED, schema="s 2", **_MERGE)
        ran.append(run_pipeline(spec, project=tmp_path).run_id)
    with pytest.raises(NoInput):
        take_back(project, ran[1])
    take_back(project, ran[1], schema="s 2")
    assert query(postgres_url, 'SELECT id, name FROM "s 2".t ORDER BY id') == [(1, "a"), (2, "b")]
    assert take_back(project, ran[0], schema="s 2").dropped == ("table t",)


def test_rows_of_a_run_that_point_to_each_other_go_together(project: Project) -> None:
    """Only rows of others that point to them keep them."""
    query(
        project.url,
        "CREATE TABLE t (id bigint PRIMARY KEY, name text, up bigint REFERENCES t ON DELETE CASCADE,"
        " _etl_run_id bigint)",
    )
    project.write("in.csv", "id,name,up\n1,a,\n2,b,1\n")
    ran = project.run(contract={**_NAMED, "up": {"type": "integer", "nullable": True}}, **_MERGE)
    query(project.url, "INSERT INTO t VALUES (9, 'own', 1, NULL)")
    with pytest.raises(UndoRefused, match="delete or change 1 row of others"):
        take_back(project, ran.run_id)
    query(project.url, "DELETE FROM t WHERE id = 9")
    assert take_back(project, ran.run_id).removed == 2
    assert project.rows() == []
