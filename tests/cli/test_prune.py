"""``etl-agent prune`` as a person calls it, and as cron does; and what show and why say afterwards."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from etl_agent.cli import main
from etl_agent.run.emptying import Emptying

Capture = pytest.CaptureFixture[str]

PIPELINE = """
version: 1
name: t
extract: {files: t.csv}
validate: {contract: {id: {type: integer}, name: {type: text}}, max_reject_share: 0.9}
clean: [{step: strip, columns: [name]}]
load: {to: 'sqlite:///w.db', table: t, write_disposition: replace}
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Stand in a project whose pipeline ran three times: all long ago, but the last."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pipelines").mkdir()
    (tmp_path / "pipelines" / "t.yaml").write_text(PIPELINE)
    for number in range(3):
        (tmp_path / "t.csv").write_text(f"id,name\n1, a{number}\nx{number},b\n")
        assert main(["run", "pipelines/t.yaml"]) == 0
    age(tmp_path, "2026-01-01 00:00:00.000000+00:00", newest=False)
    return tmp_path


def age(project: Path, moment: str, *, newest: bool) -> None:
    """Put runs into the past: all, or all but the newest."""
    with sqlite3.connect(project / "w.db") as connection:
        but = "" if newest else " WHERE run_id < (SELECT max(run_id) FROM _etl_runs)"
        connection.execute(f"UPDATE _etl_runs SET started_at = '{moment}', finished_at = '{moment}'{but}")
    connection.close()


def ask(project: Path, query: str) -> list[tuple[Any, ...]]:
    """Ask the target."""
    with sqlite3.connect(project / "w.db") as connection:
        found = connection.execute(query).fetchall()
    connection.close()
    return found


def test_silent_in_cron_and_repeatable(project: Path, capsys: Capture) -> None:
    """0 bytes without a terminal; the second time nothing is left to do."""
    capsys.readouterr()
    for _ in range(2):
        assert main(["prune", "--older-than", "1h"]) == 0
        assert capsys.readouterr() == ("", "")
    assert len(ask(project, "SELECT * FROM _etl_history")) == 1
    assert len(ask(project, "SELECT * FROM _etl_runs")) == 3


def test_one_line_on_a_terminal(project: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was deleted; --quiet says nothing there either."""
    capsys.readouterr()
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    assert main(["prune", "--older-than", "1h", "--dry-run"]) == 0
    would = capsys.readouterr().out
    assert main(["prune", "--older-than", "1h"]) == 0
    did = capsys.readouterr().out
    assert did.count("\n") == 1
    assert did.startswith("pruned 2 histories, 1 kept row, 1 settled entry, 2 lines of changes (of runs that ended be")
    assert would.replace("would prune", "pruned")[:80] == did[:80]
    assert main(["prune", "--older-than", "1h"]) == 0
    assert capsys.readouterr().out.startswith("pruned nothing (of runs")
    assert main(["prune", "--older-than", "1h", "--quiet"]) == 0
    assert capsys.readouterr().out == ""


def test_a_dry_run_says_the_figures_that_a_prune_returns(project: Path, capsys: Capture) -> None:
    """With and without a terminal: they are what it was called for."""
    capsys.readouterr()
    assert main(["prune", "--older-than", "1h", "--dry-run"]) == 0
    assert capsys.readouterr().out.startswith("would prune 2 histories, ")
    told = []
    for more in (["--dry-run"], []):
        assert main(["prune", "--older-than", "1h", "--json", *more]) == 0
        told.append(json.loads(capsys.readouterr().out))
    same = [{**each, "before": None, "dry_run": None} for each in told]
    assert same[0] == same[1]
    assert [each["dry_run"] for each in told] == [True, False]


@pytest.mark.parametrize("options", [[], ["--older-than", "90"], ["--older-than", "-1d"], ["--older-than", "soon"]])
def test_an_age_must_be_said_with_its_unit(project: Path, options: list[str], capsys: Capture) -> None:
    """There is no default, and 90 alone is not taken for seconds."""
    capsys.readouterr()
    assert main(["prune", *options]) == 2
    assert capsys.readouterr().err.count("\n") == 1
    assert len(ask(project, "SELECT * FROM _etl_history")) == 3


@pytest.mark.parametrize("time", ["5400s", "90m", "1h", "1d", "1w", "0.5d"])
def test_units_of_time(project: Path, time: str) -> None:
    """Seconds, minutes, hours, days and weeks."""
    assert main(["prune", "--older-than", time]) == 0
    assert len(ask(project, "SELECT * FROM _etl_history")) == 1


def test_a_database_without_a_ledger(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    """Nothing is to be done, which is no failure; no file is made."""
    monkeypatch.chdir(tmp_path)
    assert main(["prune", "--older-than", "1d", "--to", "sqlite:///none.db"]) == 0
    assert main(["prune", "--older-than", "1d", "--to", "sqlite:///none.db", "--json"]) == 0
    assert capsys.readouterr() == ("null\n", "")
    assert not (tmp_path / "none.db").exists()


def test_a_table_that_no_run_loaded(project: Path, capsys: Capture) -> None:
    """A slip is told with what there is."""
    capsys.readouterr()
    assert main(["prune", "--older-than", "1d", "--table", "tt"]) == 66
    assert capsys.readouterr().err == (
        "etl-agent: no run into a table 'tt' is on record; valid: t; next: etl-agent runs\n"
    )


@pytest.mark.skipif(os.geteuid() == 0, reason="permissions do not bind root")
def test_a_file_that_may_not_be_written(project: Path) -> None:
    """77, and a dry run counts all the same."""
    (project / "w.db").chmod(0o400)
    assert main(["prune", "--older-than", "1d", "--dry-run"]) == 0
    assert main(["prune", "--older-than", "1d"]) == 77


def test_the_log_has_a_line_of_each_prune(project: Path) -> None:
    """The ledger has none: it would be a run that loads nothing."""
    assert main(["prune", "--older-than", "1d", "--log", "l.jsonl"]) == 0
    assert main(["prune", "--older-than", "1d", "--log", "l.jsonl", "--dry-run"]) == 0
    assert main(["prune", "--older-than", "1d", "--log", "l.jsonl", "--table", "tt"]) == 66
    lines = [json.loads(line) for line in (project / "l.jsonl").read_text().splitlines()]
    assert [(line["event"], line["exit_code"]) for line in lines] == [("success", 0), ("failure", 66)]
    assert lines[0]["facts"]["histories"] == 2
    assert main(["prune", "--older-than", "1d", "--log", "/nowhere/l.jsonl"]) == 0


def test_show_says_what_is_gone(project: Path, capsys: Capture) -> None:
    """A pruned run is shown with what is left, and an undo of it says why not."""
    ((old,), _, (new,)) = ask(project, "SELECT run_id FROM _etl_runs ORDER BY 1")
    assert main(["prune", "--older-than", "1h"]) == 0
    capsys.readouterr()
    assert main(["show", str(old)]) == 0
    shown = capsys.readouterr().out
    assert "1 of its 1 entries of the quarantine" in shown
    assert "its history, so it cannot be undone" in shown
    assert main(["show", str(old), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["gone"] == {"history": True, "entries": 1, "changes": 1, "plan": False}
    assert main(["show", str(new)]) == 0
    assert "not on record" not in capsys.readouterr().out
    assert main(["undo", str(old)]) != 0
    assert "pruned" in capsys.readouterr().err


def test_why_says_what_is_gone(project: Path, capsys: Capture) -> None:
    """The file is read again where it is there; where not, a missing entry is not taken for a row that was good."""
    (project / "old.csv").write_text("id,name\n1, a0\nx0,b\n")
    assert main(["prune", "--older-than", "1h"]) == 0
    capsys.readouterr()
    assert main(["why", "old.csv:3"]) == 0
    told = capsys.readouterr().out
    assert "rejected by validate: id: type-error (integer)" in told
    assert "put into quarantine were pruned" in told
    (project / "old.csv").unlink()
    (project / "t.csv").unlink()
    assert main(["why", "t.csv:9"]) == 0
    assert "pruned" not in capsys.readouterr().out  # the newest run has all it had


def test_why_says_that_a_plan_is_gone(project: Path, capsys: Capture) -> None:
    """Without it no step can be shown; the run is named all the same."""
    path = project / "pipelines" / "t.yaml"
    path.write_text(PIPELINE.replace("strip", "collapse_blanks"))
    (project / "old.csv").write_text("id,name\n1, a1\nx1,b\n")
    for number in (8, 9):  # an undo of the newest brings back the one before it
        (project / "t.csv").write_text(f"id,name\n1, a{number}\n")
        assert main(["run", "pipelines/t.yaml"]) == 0
    age(project, "2026-01-01 00:00:00.000000+00:00", newest=False)
    assert main(["prune", "--older-than", "1h"]) == 0
    assert len(ask(project, "SELECT * FROM _etl_plans")) == 1
    capsys.readouterr()
    main(["why", "old.csv:2"])
    told = capsys.readouterr().out
    assert "was pruned, or not kept yet when it ran" in told
    assert "what it put into quarantine was pruned" in told


def test_a_prune_that_is_terminated_ends_at_once(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What it had committed stays, and the next one does the rest."""

    def end(*_: object) -> None:
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(5)

    with monkeypatch.context() as patched:
        patched.setattr(Emptying, "_drop_plans", end)
        assert main(["prune", "--older-than", "1h"]) == 143
    assert len(ask(project, "SELECT * FROM _etl_history")) == 1
    assert main(["prune", "--older-than", "1h"]) == 0
