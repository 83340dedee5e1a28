"""``etl-agent status`` as a monitor calls it."""

from __future__ import annotations

import json
import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from etl_agent.cli import main

Capture = pytest.CaptureFixture[str]


def pipeline(project: Path, name: str = "orders", to: str = "sqlite:///w.db", more: str = "") -> str:
    """Write a pipeline file."""
    (project / "pipelines").mkdir(exist_ok=True)
    path = project / "pipelines" / f"{name}.yaml"
    path.write_text(
        f"version: 1\nname: {name}\nextract: {{files: {name}.csv}}\n{more}load: {{to: '{to}', table: {name}}}\n"
    )
    return str(path)


def night(project: Path, path: str, *, rows: int = 10, days: float) -> None:
    """Run a pipeline on new rows, and put its record so many days into the past."""
    name = Path(path).stem
    (project / f"{name}.csv").write_text("id\n" + "".join(f"{days}-{row}\n" for row in range(rows)))
    assert main(["run", path]) == 0
    then = (datetime.now(UTC) - timedelta(days=days)).isoformat(sep=" ", timespec="microseconds")
    with sqlite3.connect(project / "w.db") as connection:
        newest = connection.execute("select max(run_id) from _etl_runs").fetchone()[0]
        connection.execute(
            "update _etl_runs set started_at = ?, finished_at = ? where run_id = ?", (then, then, newest)
        )
    connection.close()


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Stand in an empty project."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_fresh_load_is_all_right(project: Path, capsys: Capture) -> None:
    """Exit 0; with --quiet not one byte."""
    night(project, pipeline(project), days=0.5)
    capsys.readouterr()
    assert main(["status", "--max-age", "26h", "--quiet"]) == 0
    assert capsys.readouterr() == ("", "")
    assert main(["status", "--max-age", "1d"]) == 0
    assert "orders    orders  ok" in capsys.readouterr().out


def test_an_old_load_exits_1(project: Path, capsys: Capture) -> None:
    """One line says what is amiss."""
    path = pipeline(project)
    night(project, path, days=2)
    capsys.readouterr()
    assert main(["status", path, "--max-age", "26h", "--quiet"]) == 1
    assert capsys.readouterr().out == "orders: its last load is 48 h old, and 26 h is the limit\n"


def test_history_tells_a_missing_load_and_an_odd_one(project: Path, capsys: Capture) -> None:
    """Eight nights of ten rows and one of none are enough to see both."""
    path = pipeline(project)
    for days in range(10, 2, -1):
        night(project, path, rows=10, days=days)
    night(project, path, rows=100, days=2)
    capsys.readouterr()
    assert main(["status", "--json"]) == 1
    (told,) = json.loads(capsys.readouterr().out)
    assert [problem["kind"] for problem in told["problems"]] == ["missed", "volume"]
    assert (told["loads"], told["usual_rows"], round(told["usual_interval_seconds"] / 3600)) == (9, 10, 24)


def test_quarantine_over_a_limit_exits_1(project: Path) -> None:
    """Only where a limit is set: a budget was set by the pipeline already."""
    path = pipeline(project, more="validate: {max_reject_share: 0.9}\n")
    (project / "orders.csv").write_text("id,x\n1,1\n2\n3\n")
    assert main(["run", path]) == 0
    assert main(["status"]) == 0
    assert main(["status", "--max-quarantined", "2"]) == 0
    assert main(["status", "--max-quarantined", "1"]) == 1


def test_what_cannot_be_judged_keeps_nothing_else_from_it(project: Path, capsys: Capture) -> None:
    """A file with mistakes, a target that is away, one without a load, and one that is well."""
    night(project, pipeline(project, "well"), days=0.1)
    pipeline(project, "away", to="postgresql://ann:hunter2@127.0.0.1:1/x")
    pipeline(project, "new")
    (project / "pipelines" / "wrong.yaml").write_text("version: 1\nnonsense: 1\n")
    capsys.readouterr()
    assert main(["status", "--json"]) == 1
    out = capsys.readouterr().out
    told = {Path(each["pipeline"]).stem: [problem["kind"] for problem in each["problems"]] for each in json.loads(out)}
    assert told == {"away": ["unreachable"], "new": ["never"], "well": [], "wrong": ["broken"]}
    assert "hunter2" not in out


def test_a_stale_lock_is_told(project: Path, capsys: Capture) -> None:
    """The pipeline was changed, and its lock was not made anew."""
    path = pipeline(project)
    night(project, path, days=0.1)
    assert main(["lock", path]) == 0
    assert main(["status"]) == 0
    pipeline(project, more="clean: [{step: strip, columns: all}]\n")
    capsys.readouterr()
    assert main(["status", "--quiet"]) == 1
    assert "orders.lock.json is stale" in capsys.readouterr().out


def test_a_target_alone_tells_all_that_is_on_record(project: Path, capsys: Capture) -> None:
    """A monitor may have no pipeline files."""
    night(project, pipeline(project), days=3)
    (project / "pipelines" / "orders.yaml").unlink()
    capsys.readouterr()
    assert main(["status", "--to", "sqlite:///w.db", "--max-age", "1d", "--quiet"]) == 1
    assert capsys.readouterr().out.startswith("orders: its last load is 3 d old")


def test_a_replay_is_no_load_of_files(project: Path, capsys: Capture) -> None:
    """It brings no new data, so it neither makes a table young nor its volume odd."""
    path = pipeline(
        project, more="validate: {max_reject_share: 0.9, contract: {id: {type: text}, x: {type: integer}}}\n"
    )
    (project / "orders.csv").write_text("id,x\n1,1\n2,b\n")
    assert main(["run", path]) == 0
    corrected = project / "fixed.csv"
    assert main(["quarantine", "export", "-o", str(corrected)]) == 0
    corrected.write_text(corrected.read_text().replace(",b", ",2"))
    assert main(["quarantine", "replay", str(corrected), path]) == 0
    capsys.readouterr()
    assert main(["status", "--json"]) == 0
    (told,) = json.loads(capsys.readouterr().out)
    assert told["loads"] == 1


def test_an_empty_folder_is_a_usage_error(project: Path, capsys: Capture) -> None:
    """There is nothing to judge, which must not look like all is well."""
    assert main(["status"]) == 2
    assert "there is no pipeline here" in capsys.readouterr().err
