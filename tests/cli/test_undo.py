"""``etl-agent undo``, as a person, a program and cron see it."""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from etl_agent.cli import main
from etl_agent.load.target import open_target
from tests.load.targets import query

Capture = pytest.CaptureFixture[str]
URL = "sqlite:///w.db"


@pytest.fixture
def runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> Iterator[list[str]]:
    """Stand in a project whose pipeline has loaded two days, and give the runs, the first one first."""
    (tmp_path / "pipelines").mkdir()
    for name in ("DATABASE_URL", "ETL_AGENT_TO"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("ETL_AGENT_SCRATCH", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pipelines" / "p.yaml").write_text(
        "version: 1\nname: p\nextract: {files: 'day_*.csv'}\n"
        "validate: {contract: {id: {type: integer}, name: {type: text}}}\n"
        f"load: {{to: '{URL}', table: t, write_disposition: merge, primary_key: [id]}}\n"
    )
    before = set(os.environ)
    for number, rows in enumerate(("1,a\n2,b\n", "2,x\n3,c\n")):
        (tmp_path / f"day_{number}.csv").write_text(f"id,name\n{rows}")
        assert main(["run", "pipelines/p.yaml"]) == 0
    capsys.readouterr()
    assert main(["runs", "--json"]) == 0
    yield [str(run["run_id"]) for run in reversed(json.loads(capsys.readouterr().out))]
    for name in set(os.environ) - before:
        del os.environ[name]


def _names() -> list[Any]:
    return [name for (name,) in query(f"sqlite:///{Path('w.db').absolute()}", "SELECT name FROM t ORDER BY id")]


def test_an_undo_is_silent_without_a_terminal(runs: list[str], capsys: Capture) -> None:
    """Success prints nothing to a file or to cron."""
    assert main(["undo", runs[1]]) == 0
    assert capsys.readouterr() == ("", "")
    assert _names() == ["a", "b"]


def test_a_dry_run_is_asked_for_its_line(runs: list[str], capsys: Capture) -> None:
    """It prints what would be done, and does nothing."""
    assert main(["undo", runs[1], "--dry-run"]) == 0
    out, err = capsys.readouterr()
    assert out.startswith(f"p: run {runs[1]} would be undone: 1 row taken out, 1 row written back, in ")
    assert err == "" and _names() == ["a", "x", "c"]


def test_programs_read_what_was_done(runs: list[str], capsys: Capture) -> None:
    """The figures are data; a second undo is told from the first."""
    assert main(["undo", runs[1], "--json"]) == 0
    done = json.loads(capsys.readouterr().out)
    assert {**done, "seconds": 0} == {
        "run_id": int(runs[1]),
        "status": "undone",
        "undone_by": done["undone_by"],
        "pipeline": "p",
        "table": "t",
        "removed": 1,
        "reverted": 1,
        "returned": 0,
        "dropped": [],
        "left": [],
        "seconds": 0,
        "warning": None,
    }
    assert main(["undo", runs[1], "--json"]) == 0
    again = json.loads(capsys.readouterr().out)
    assert (again["status"], again["undone_by"]) == ("already undone", done["undone_by"])
    assert main(["show", runs[1], "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert (shown["status"], shown["undone_by"]) == ("undone", done["undone_by"])
    assert main(["show", runs[1]]) == 0
    assert f"undone by run {done['undone_by']}" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("run", "code", "said"),
    [
        (0, 65, "later runs into table t depend on it: run {1} wrote over 1 row; next: etl-agent undo {1} --to"),
        (None, 66, "no run 5 is on record; valid: "),
    ],
    ids=["later", "unknown"],
)
def test_a_refusal_is_one_line_with_the_next_command(
    runs: list[str], capsys: Capture, run: int | None, code: int, said: str
) -> None:
    """It says why, and what to type next for the same database."""
    assert main(["undo", "5" if run is None else runs[run], "--to", URL]) == code
    out, err = capsys.readouterr()
    assert out == "" and said.format(*runs) in err and err.count("\n") == 1
    assert err.rstrip().endswith(f"--to {URL}")


def test_a_held_table_is_a_matter_of_time(runs: list[str], capsys: Capture) -> None:
    """Another run of the table makes the exit code 75, as for a run."""
    with open_target(URL) as target, target.lock("t"):
        assert main(["undo", runs[1]]) == 75
    assert "another run holds table t" in capsys.readouterr().err


def _older(version: int) -> None:
    """Make the ledger what an older release wrote."""
    with sqlite3.connect("w.db") as connection:
        connection.execute("DROP TABLE _etl_history")
        connection.execute("ALTER TABLE _etl_runs DROP COLUMN undone_by")
        connection.execute("ALTER TABLE _etl_files DROP COLUMN deactivated_by")
        if version == 1:
            connection.execute("DROP TABLE _etl_plans")
        connection.execute(f"UPDATE _etl_meta SET version = {version}")
    connection.close()


@pytest.mark.parametrize("version", [1, 2])
def test_the_record_of_an_older_release_is_read_as_it_is(runs: list[str], capsys: Capture, version: int) -> None:
    """Looking back writes nothing, and needs no column that came later; an undo is refused with the reason."""
    _older(version)
    for words in (
        ["runs"],
        ["show"],
        ["why", "t", "2"],
        ["quarantine", "list"],
        ["status"],
        ["explain", "pipelines/p.yaml"],
    ):
        assert main(words) == 0, capsys.readouterr().err
        capsys.readouterr()
    assert query(f"sqlite:///{Path('w.db').absolute()}", "SELECT version FROM _etl_meta") == [(version,)]
    assert main(["undo", runs[1]]) == 65
    assert "an older release loaded it" in capsys.readouterr().err
    Path("day_2.csv").write_text("id,name\n4,d\n")
    assert main(["run", "pipelines/p.yaml"]) == 0
    assert main(["show"]) == 0
