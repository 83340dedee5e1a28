"""``etl-agent doctor``: each part that would keep a run from its work is told, and what to type next."""

from __future__ import annotations

import json
import os
import sqlite3
from itertools import chain
from pathlib import Path

import pytest

from etl_agent.cli import main

Capture = pytest.CaptureFixture[str]
CRONTAB = "#!/bin/sh\ncase $1 in -l) cat '{tab}' ;; -) cat > '{tab}' ;; esac\n"


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take back what a .env brings into the environment of the process."""
    monkeypatch.setenv("DATABASE_URL", "")
    monkeypatch.delenv("DATABASE_URL")


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Stand in a project that is well, on a machine without a crontab."""
    folder = tmp_path / "shop"
    (folder / "pipelines").mkdir(parents=True)
    (folder / "in.csv").write_text("id\n1\n")
    (folder / "pipelines" / "orders.yaml").write_text(
        "version: 1\nname: orders\nextract: {files: in.csv}\nload: {to: 'sqlite:///w.db', table: orders}\n"
    )
    (tmp_path / "bin").mkdir()
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}{os.pathsep}/usr/bin{os.pathsep}/bin")
    monkeypatch.chdir(folder)
    return folder


def states(capsys: Capture) -> dict[str, list[str]]:
    """Examine, and return the states of each part."""
    capsys.readouterr()
    code = main(["doctor", "--json"])
    told = json.loads(capsys.readouterr().out)
    found: dict[str, list[str]] = {}
    for each in told:
        found.setdefault(each["name"], []).append(each["state"])
    assert code == int(any(each["state"] == "wrong" for each in told))
    return found


def wrong(capsys: Capture) -> list[str]:
    """Examine, and return what is said of what is amiss."""
    capsys.readouterr()
    main(["doctor", "--quiet"])
    return capsys.readouterr().out.splitlines()


def test_a_project_that_is_well_is_all_ok(project: Path, capsys: Capture) -> None:
    """Before the first run, and after it; nothing is made."""
    assert set(chain.from_iterable(states(capsys).values())) == {"ok"}
    assert not (project / "w.db").exists()
    assert main(["run", "pipelines/orders.yaml"]) == 0
    assert set(chain.from_iterable(states(capsys).values())) == {"ok"}
    assert wrong(capsys) == []


def test_pipelines_with_mistakes_are_named(project: Path, capsys: Capture) -> None:
    """The others' targets are reached all the same."""
    (project / "pipelines" / "bad.yaml").write_text("version: 1\nnonsense: 1\n")
    found = states(capsys)
    assert (found["project"], found["target"]) == (["wrong"], ["ok"])
    assert wrong(capsys)[0].endswith(f"next: etl-agent check {project / 'pipelines' / 'bad.yaml'}")


def test_a_folder_without_pipelines_is_a_warning(
    project: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """It may be the wrong one."""
    monkeypatch.chdir(tmp_path)
    assert states(capsys)["project"] == ["warning"]


def test_a_target_that_is_away_is_told_without_its_password(project: Path, capsys: Capture) -> None:
    """Each target is reached once; one that is away keeps none of the others from it."""
    text = (project / "pipelines" / "orders.yaml").read_text()
    (project / ".env").write_text("DATABASE_URL=postgresql://ann:hunter2@127.0.0.1:1/x\n")
    (project / ".env").chmod(0o600)
    away = text.replace("sqlite:///w.db", "${DATABASE_URL}").replace("orders", "away")
    (project / "pipelines" / "away.yaml").write_text(away)
    assert sorted(states(capsys)["target"]) == ["ok", "wrong"]
    (line,) = wrong(capsys)
    assert "127.0.0.1" in line and "hunter2" not in line


def test_a_file_that_no_run_could_make_is_told(project: Path, capsys: Capture) -> None:
    """A database without a folder is not one that the first run makes."""
    path = project / "pipelines" / "orders.yaml"
    path.write_text(path.read_text().replace("sqlite:///w.db", "sqlite:///none/w.db"))
    (line,) = wrong(capsys)
    assert line.endswith(f"there is no folder {project / 'none'}")


def test_a_variable_that_is_not_set_is_told(project: Path, capsys: Capture) -> None:
    """With where to write it."""
    path = project / "pipelines" / "orders.yaml"
    path.write_text(path.read_text().replace("sqlite:///w.db", "${NO_SUCH_TARGET}"))
    (line,) = wrong(capsys)
    assert "NO_SUCH_TARGET is not set" in line and ".env" in line


def test_secrets_that_others_may_read_are_a_warning(project: Path, capsys: Capture) -> None:
    """A run works, so the exit code stays 0."""
    (project / ".env").write_text("DATABASE_URL=x\n")
    (project / ".env").chmod(0o644)
    assert states(capsys)[".env"] == ["warning"]
    assert wrong(capsys)[0].endswith(f"next: chmod 600 {project / '.env'}")


def test_scratch_that_cannot_be_written_is_wrong(
    project: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every run needs it."""
    monkeypatch.setenv("ETL_AGENT_SCRATCH", str(project / "none"))
    assert states(capsys)["scratch"] == ["wrong"]


def test_a_record_from_the_future_is_a_wrong_clock(project: Path, capsys: Capture) -> None:
    """The ages that status tells would be wrong."""
    assert main(["run", "pipelines/orders.yaml"]) == 0
    with sqlite3.connect(project / "w.db") as connection:
        connection.execute("update _etl_runs set finished_at = '2999-01-01 00:00:00.000000+00:00'")
    connection.close()
    assert states(capsys)["target"] == ["wrong"]


def test_entries_of_the_crontab_that_point_nowhere_are_told(project: Path, tmp_path: Path, capsys: Capture) -> None:
    """Those of this project only: its pipeline was removed, or the installation moved."""
    program = tmp_path / "bin" / "crontab"
    program.write_text(CRONTAB.format(tab=tmp_path / "tab"))
    program.chmod(0o755)
    (tmp_path / "tab").write_text("15 2 * * * /gone/etl-agent run /other/pipelines/x.yaml # etl-agent: /other/x.yaml\n")
    assert main(["cron", "add", "pipelines/orders.yaml", "@daily"]) == 0
    assert states(capsys)["crontab"] == ["ok"]
    (project / "pipelines" / "orders.yaml").rename(project / "moved.yaml")
    (line,) = [line for line in wrong(capsys) if line.split()[1] == "crontab"]
    assert line.endswith(f"next: etl-agent cron remove {project / 'pipelines' / 'orders.yaml'}")


def test_an_old_library_is_told(project: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    """It was installed beside this package, below its floor."""
    monkeypatch.setattr("importlib.metadata.requires", lambda _: ["pyarrow>=9999.1", "no-such-thing>=1; extra == 'x'"])
    assert states(capsys)["libraries"] == ["wrong"]


def test_notifications_that_cannot_be_read_are_a_warning(
    project: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run goes on without them."""
    monkeypatch.setenv("ETL_AGENT_NOTIFY_URL", "nonsense")
    assert states(capsys)["notifications"] == ["warning"]
