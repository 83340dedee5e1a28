"""Whatever tables, columns, schemas and files are called: stored exactly, or refused before any DDL."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from etl_agent.cli import main
from etl_agent.errors import EtlAgentError
from tests.load.targets import kind
from tests.run.project import Project, quoted

KEPT = (
    'say "hi"',
    "o'clock",
    "x); drop table t; --",
    "/* x */ -- y",
    "select",
    "Order",
    "line\nbreak",
    "tab\tulator",
    "e\u0301 combined",
    "\u202eright to left",
    "\u200b",
    "\ufeffmark within",
    " leading",
    "trailing ",
    "_etl_row",
    "_etl_stage",
    "%s %(a)s %",
    ":name ? $1 {x} ${HOME} $$",
    "\\",
    "🦆",
    "é" * 31 + "x",
    "rowid",
    "_rowid_",
    "oid",
    "excluded",
    "main",
    "public.t",
    "\x1b[2J",
    "true",
    "null",
)
"""Names that both databases keep."""

REFUSED: Mapping[str, tuple[str, ...]] = {
    "nul\0": ("sqlite", "postgres"),
    "": ("sqlite", "postgres"),
    "   ": ("sqlite", "postgres"),
    "_etl_run_id": ("sqlite", "postgres"),
    "_ETL_run_ID": ("sqlite",),
    "id": ("sqlite", "postgres"),
    "ID": ("sqlite", "postgres"),
    "x" * 64: ("postgres",),
    "é" * 32: ("postgres",),
    "x" * 3_000: ("postgres",),
    "ctid": ("postgres",),
    "xmin": ("postgres",),
    "tableoid": ("postgres",),
}
"""Names of a second column beside ``id``, and the databases that cannot keep them apart or at all."""

REFUSED_TABLES: Mapping[str, tuple[str, ...]] = {
    "nul\0": ("sqlite", "postgres"),
    "_etl_x": ("sqlite", "postgres"),
    "_ETL_x": ("sqlite",),
    "sqlite_x": ("sqlite",),
    "SQLITE_x": ("sqlite",),
    "x" * 64: ("postgres",),
}


def cell(name: str) -> str:
    """Write a name into a header."""
    return '"' + name.replace('"', '""') + '"'


def objects(project: Project) -> set[str]:
    """Name all tables of the target but those of the record."""
    if kind(project.url) == "sqlite":
        if not Path(project.url.removeprefix("sqlite:///")).exists():
            return set()
        found = project.ask("SELECT name FROM sqlite_master WHERE type = 'table'")
    else:
        found = project.ask("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
    return {name for (name,) in found if not name.startswith("_etl_")}


def columns(project: Project, table: str) -> list[str]:
    """Name the columns of a table as the database has them."""
    if kind(project.url) == "sqlite":
        return [row[1] for row in project.ask(f"PRAGMA table_info({quoted(table)})")]
    place = quoted(table).replace("'", "''")
    asked = f"SELECT attname FROM pg_attribute WHERE attrelid = '{place}'::regclass AND attnum > 0 ORDER BY attnum"
    return [name for (name,) in project.ask(asked)]


@pytest.mark.parametrize(
    "load",
    [{}, {"write_disposition": "merge"}, {"write_disposition": "replace"}],
    ids=["append", "merge", "replace"],
)
def test_columns_of_any_name_are_stored_exactly(project: Project, load: dict[str, Any]) -> None:
    """All of them at once, made by the first run and met again by the second; one is the key, one has an index."""
    names = ["id", *KEPT]
    head = ",".join(map(cell, names))
    project.write(
        "in.csv", f"{head}\n" + "".join(f"{n},{','.join(f'{n}.{i}' for i in range(len(KEPT)))}\n" for n in "12")
    )
    key = (
        {"primary_key": [KEPT[0]], "indexes": [[KEPT[1], KEPT[6]]]} if load.get("write_disposition") == "merge" else {}
    )
    assert project.run("in.csv", **load, **key).balance.loaded == 2
    project.write("in.csv", f"{head}\n3,{','.join(f'3.{i}' for i in range(len(KEPT)))}\n")
    assert project.run("in.csv", **load, **key).balance.inserted == 1
    assert columns(project, "t") == [*names, "_etl_run_id"]
    assert objects(project) == {"t"}
    assert [row[: len(names)] for row in project.rows()][-1] == ("3", *(f"3.{i}" for i in range(len(KEPT))))


@pytest.mark.parametrize("name", REFUSED, ids=ascii)
def test_columns_that_cannot_be_kept_are_refused_before_any_ddl(project: Project, name: str) -> None:
    """Where a database would change a name or confuse it with another one, no table is made."""
    project.write("in.csv", f"id,{cell(name)}\n1,a\n")
    refused = kind(project.url) in REFUSED[name]
    try:
        result = project.run("in.csv")
    except EtlAgentError as error:
        assert refused, error
        assert error.exit_code == 78
        assert objects(project) == set()
    else:
        assert result.status == ("refused" if refused else "loaded")
        assert objects(project) == (set() if refused else {"t"})
        if not refused:
            assert columns(project, "t") == ["id", name, "_etl_run_id"]


@pytest.mark.parametrize("name", [*KEPT[::4], *REFUSED_TABLES], ids=ascii)
def test_tables_of_any_name_are_stored_exactly_or_refused(project: Project, name: str) -> None:
    """A second run finds the table of the first."""
    project.write("in.csv", "id,v\n1,a\n")
    project.write("more.csv", "id,v\n2,b\n")
    try:
        assert [project.run(file, table=name).status for file in ("in.csv", "more.csv")] == ["loaded", "loaded"]
    except EtlAgentError as error:
        assert kind(project.url) in REFUSED_TABLES.get(name, ()), error
        assert objects(project) == set()
    else:
        assert kind(project.url) not in REFUSED_TABLES.get(name, ())
        assert objects(project) == {name}
        assert [row[:2] for row in project.rows(table=name)] == [("1", "a"), ("2", "b")]
        assert project.ask("SELECT DISTINCT table_name FROM _etl_runs") == [(name,)]


@pytest.mark.postgres
@pytest.mark.parametrize("name", ['x"y; --', "Straße", " ", "x" * 64, "nul\0"], ids=ascii)
def test_schemas_of_any_name(postgres_url: str, tmp_path: Path, name: str) -> None:
    """A schema that is there is found by its exact name; one that cannot be is refused."""
    project = Project(tmp_path, postgres_url)
    project.write("in.csv", "id,v\n1,a\n")
    if len(name) < 64 and "\0" not in name:
        project.ask(f"CREATE SCHEMA {quoted(name)}")
        spec = project.spec("in.csv", schema=name)
        from etl_agent.run.runner import run_pipeline

        assert run_pipeline(spec, project=tmp_path).status == "loaded"
        found = project.ask("SELECT DISTINCT schemaname FROM pg_tables WHERE tablename = 't'")
        assert found == [(name,)]
    else:
        with pytest.raises(EtlAgentError):
            project.run("in.csv", schema=name)
        assert objects(project) == set()


def test_tables_that_differ_in_case(project: Project) -> None:
    """They are one table to SQLite, which keeps its first spelling, and two to Postgres."""
    project.write("in.csv", "id,v\n1,a\n")
    project.write("more.csv", "id,v\n2,b\n")
    for file, table in (("in.csv", "Tee"), ("more.csv", "tee")):
        assert project.run(file, table=table).status == "loaded"
    assert objects(project) == ({"Tee"} if kind(project.url) == "sqlite" else {"Tee", "tee"})


FILES = [
    b'say "hi".csv',
    b"x'; drop table t; --.csv",
    b"a\nb.csv",
    b"\x1b[2J.csv",
    b"%s {x}.csv",
    b"\xff\xe9.csv",
    "\u202ex.csv".encode(),
]


@pytest.mark.parametrize("name", FILES, ids=ascii)
def test_files_of_any_name_are_recorded_and_shown_safely(
    project: Project, name: bytes, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The ledger names the file so that its bytes can be told; a terminal gets no control character, no forged line."""
    folder = project.folder / "files"
    folder.mkdir()
    (folder / os.fsdecode(name)).write_text("id,v\n1,a\n2,too,many\n" + "3,b\n" * 30)
    monkeypatch.chdir(project.folder)
    (project.folder / "pipelines").mkdir()
    file = project.folder / "pipelines" / "p.yaml"
    file.write_text(f"version: 1\nname: p\nextract: {{files: files}}\nload: {{to: '{project.url}', table: t}}\n")
    for words in (["check"], ["explain"], ["run", "--balance"], ["run"], ["run", "--reload"]):
        assert main([words[0], str(file), *words[1:]]) == 0
    for words in (["runs"], ["show"], ["quarantine", "list"]):
        assert main([*words, "--to", project.url]) == 0
    said = "".join(capsys.readouterr())
    assert all(character.isprintable() or character == "\n" for character in said)
    assert not any(line.startswith("b.csv") for line in said.splitlines())
    ((recorded,),) = project.ask("SELECT DISTINCT file FROM _etl_files")
    assert recorded.endswith(name.decode("utf-8", "backslashreplace"))
