"""``etl-agent run`` as cron calls it: with nothing around it, at any hour, and in its own time."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from etl_agent.cli import main
from etl_agent.errors import DatabaseUnavailable, TryLater
from etl_agent.run import runner

Capture = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take back what a .env brings into the environment of the process."""
    monkeypatch.setenv("DATABASE_URL", "")
    monkeypatch.delenv("DATABASE_URL")


@pytest.fixture
def pipeline(tmp_path: Path) -> Path:
    """A pipeline in a project, whose target comes from the project's .env."""
    (tmp_path / "pipelines").mkdir()
    (tmp_path / "in.csv").write_text("id,name\n1,Zoë\n2,Bob\n")
    (tmp_path / ".env").write_text("DATABASE_URL=sqlite:///w.db\n")
    path = tmp_path / "pipelines" / "people.yaml"
    path.write_text(
        "version: 1\nname: people\nextract: {files: in.csv}\nload: {to: '${DATABASE_URL}', table: people}\n"
    )
    return path


def bare(pipeline: Path, more: str = "", **environment: str) -> subprocess.CompletedProcess[bytes]:
    """Run with an empty environment, in a folder where nothing can be written."""
    command = f"exec {sys.executable} -P -m etl_agent run {pipeline} {more}"
    return subprocess.run(["/bin/sh", "-c", command], env=environment, cwd="/proc", capture_output=True, timeout=60)


def runs(pipeline: Path) -> list[tuple[str, str, str]]:
    """Read the record of the runs."""
    with sqlite3.connect(pipeline.parents[1] / "w.db") as connection:
        return connection.execute("select status, started_at, finished_at from _etl_runs order by run_id").fetchall()


def test_nothing_around_it_is_needed(pipeline: Path) -> None:
    """No variable, no home, no locale, no folder to write into: it loads, and says not one byte."""
    done = bare(pipeline, LANG="C")
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
    assert [status for status, *_ in runs(pipeline)] == ["loaded"]


@pytest.mark.parametrize(("files", "code"), [("in.csv", 0), ("none.csv", 66)])
def test_closed_streams_change_neither_the_load_nor_the_code(pipeline: Path, files: str, code: int) -> None:
    """No stdin, stdout or stderr: their numbers do not go to the database."""
    pipeline.write_text(pipeline.read_text().replace("in.csv", files))
    assert bare(pipeline, "<&- >&- 2>&-").returncode == code
    assert (pipeline.parents[1] / "w.db").exists() is (code == 0)


@pytest.mark.parametrize("night", ["spring", "autumn"])
def test_the_clock_may_change_in_the_middle_of_a_run(pipeline: Path, night: str) -> None:
    """The zone's clock moves by an hour a second after the start; what is recorded is in UTC and in order."""
    change = datetime.now(UTC) + timedelta(seconds=1)
    day = (change.replace(year=2025) - datetime(2025, 1, 1, tzinfo=UTC)).days + 1  # of a year without February 29
    other = day + 100 if day < 200 else day - 100
    at = f"{change:%M:%S}"
    rule = f"J{day}/{change.hour}:{at},J{other}/2" if night == "spring" else f"J{other}/2,J{day}/{change.hour + 1}:{at}"
    log = pipeline.parent / "log"
    done = bare(pipeline, f"--log {log}", TZ=f"STD0DST,{rule}")
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
    ((_, began, ended),) = runs(pipeline)
    assert began <= ended
    assert abs(datetime.fromisoformat(ended) - datetime.now(UTC)) < timedelta(seconds=30)
    told = [json.loads(line) for line in log.read_text().splitlines()]
    assert [each["event"] for each in told] == ["start", "success"]
    assert 0 <= told[1]["seconds"] < 30


def test_the_log_tells_what_stderr_has_no_room_for(pipeline: Path, capsys: Capture) -> None:
    """A refusal is in it with all its counts; cells are not."""
    (pipeline.parents[1] / "in.csv").write_text("id,name\n1,Zoë,secret-cell\n")
    log = pipeline.parent / "log"
    assert main(["run", str(pipeline), "--log", str(log)]) == 65
    capsys.readouterr()
    start, end = (json.loads(line) for line in log.read_text().splitlines())
    assert start["event"] == "start"
    assert (end["event"], end["exit_code"], end["facts"]["rows"]["quarantined"]) == ("failure", 65, 1)
    assert "secret-cell" not in log.read_text()


def test_rows_that_may_not_be_rejected_fail_in_one_line(pipeline: Path, capsys: Capture) -> None:
    """Exit 1 is a failure to cron and to those who are told, although the rows are loaded."""
    (pipeline.parents[1] / "in.csv").write_text("id,name\n1,a\n2\n")
    pipeline.write_text(pipeline.read_text() + "validate: {max_reject_share: 0.5}\n")
    log = pipeline.parent / "log"
    assert main(["run", str(pipeline), "--fail-on-rejects", "--log", str(log)]) == 1
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert "loaded 1 of 2 rows" in err and "next: etl-agent quarantine list --run " in err
    told = [json.loads(line) for line in log.read_text().splitlines()]
    assert [(each["event"], each["exit_code"]) for each in told] == [("start", 0), ("failure", 1)]


def test_a_cell_that_is_shown_to_a_person_is_not_in_the_log(pipeline: Path, capsys: Capture) -> None:
    """A date that can be read in two ways is quoted on stderr only."""
    (pipeline.parents[1] / "in.csv").write_text("id,name\n1,03/04/2024\n2,05/06/2024\n")
    pipeline.write_text(pipeline.read_text() + "clean: [{step: dates, columns: [name]}]\n")
    log = pipeline.parent / "log"
    assert main(["run", str(pipeline), "--log", str(log)]) == 65
    assert "03/04/2024" in capsys.readouterr().err
    assert "03/04/2024" not in log.read_text() and "column name: a column can be read in more" in log.read_text()


def test_of_a_bug_the_log_has_the_place_and_no_text(
    pipeline: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The text of an exception that nobody foresaw may quote a cell."""

    def broken(*_: object, **__: object) -> None:
        raise ValueError("could not read 'secret-cell'")

    monkeypatch.setattr(runner, "run_pipeline", broken)
    log = pipeline.parent / "log"
    assert main(["run", str(pipeline), "--log", str(log)]) == 70
    told = json.loads(log.read_text().splitlines()[-1])
    assert (told["message"], told["facts"]["error"]) == ("ValueError", "ValueError")
    assert told["facts"]["trace"][-1].endswith(" broken") and "secret-cell" not in log.read_text()


def test_a_failure_of_a_pipeline_is_in_the_log_by_its_name(pipeline: Path) -> None:
    """It was read, and could not run to its end."""
    log = pipeline.parent / "log"
    (pipeline.parents[1] / "in.csv").unlink()
    assert main(["run", str(pipeline), "--log", str(log)]) == 66
    told = [json.loads(line) for line in log.read_text().splitlines()]
    assert [(each["event"], each["pipeline"]) for each in told] == [("start", "people"), ("failure", "people")]


def test_a_failure_before_any_pipeline_runs_is_in_the_log(pipeline: Path) -> None:
    """A pipeline file that cannot be read has no name yet, so its path is told."""
    log = pipeline.parent / "log"
    pipeline.write_text("nonsense: 1\n")
    assert main(["run", str(pipeline), "--log", str(log)]) == 78
    (told,) = map(json.loads, log.read_text().splitlines())
    assert (told["event"], told["pipeline"], told["facts"]) == ("failure", str(pipeline), {"error": "SpecInvalid"})


def test_a_log_that_cannot_be_written_keeps_nothing_from_loading(pipeline: Path, capsys: Capture) -> None:
    """One line says so, and the exit code is that of the load."""
    assert main(["run", str(pipeline), "--log", "/dev/full"]) == 0
    assert capsys.readouterr().err == (
        "etl-agent: the log /dev/full cannot be written: not a regular file; the run went on\n"
    )
    assert [status for status, *_ in runs(pipeline)] == ["loaded"]


def test_a_failure_is_one_line_even_where_the_log_fails_too(pipeline: Path, capsys: Capture) -> None:
    """What went wrong with the load is what cron must mail."""
    (pipeline.parents[1] / "in.csv").unlink()
    assert main(["run", str(pipeline), "--log", "/dev/full"]) == 66
    assert capsys.readouterr().err.count("\n") == 1


@pytest.fixture
def naps(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Collect how long is waited between tries, and do not wait."""
    taken: list[float] = []
    monkeypatch.setattr("etl_agent.cli.patience.time.sleep", taken.append)
    return taken


def failing(monkeypatch: pytest.MonkeyPatch, *errors: Exception) -> None:
    """Let the first runs fail, and those behind them run."""
    left = list(errors)
    run = runner.run_pipeline

    def tried(*arguments: object, **options: object) -> object:
        if left:
            raise left.pop(0)
        return run(*arguments, **options)  # type: ignore[arg-type]  # as they came

    monkeypatch.setattr(runner, "run_pipeline", tried)


def test_what_fails_for_now_is_tried_again(
    pipeline: Path, naps: list[float], monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    """Each wait is twice as long as the one before; a success in the end is silent, and the log tells all."""
    failing(monkeypatch, DatabaseUnavailable("away"), TryLater("held"))
    log = pipeline.parent / "log"
    assert main(["run", str(pipeline), "--retries", "3", "--retry-wait", "10s", "--log", str(log)]) == 0
    assert naps == [10.0, 20.0]
    assert capsys.readouterr() == ("", "")
    assert [json.loads(line)["event"] for line in log.read_text().splitlines()] == [
        "start",
        "retry",
        "retry",
        "success",
    ]


def test_retries_end(pipeline: Path, naps: list[float], monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    """The last failure is the one that is told."""
    failing(monkeypatch, *[DatabaseUnavailable("away")] * 3)
    assert main(["run", str(pipeline), "--retries", "2"]) == 69
    assert naps == [30.0, 60.0]
    assert capsys.readouterr().err == "etl-agent: away\n"


def test_what_will_not_get_better_is_not_tried_again(pipeline: Path, naps: list[float]) -> None:
    """A missing file is a failure at once."""
    (pipeline.parents[1] / "in.csv").unlink()
    assert main(["run", str(pipeline), "--retries", "2"]) == 66
    assert naps == []


def test_a_commit_whose_answer_was_lost_is_not_repeated(
    pipeline: Path, naps: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The run did commit; the retry finds its file on record and doubles nothing."""
    run = runner.run_pipeline
    lost = [DatabaseUnavailable("the connection was lost")]

    def tried(*arguments: object, **options: object) -> object:
        result = run(*arguments, **options)  # type: ignore[arg-type]  # as they came
        if lost:
            raise lost.pop()
        return result

    monkeypatch.setattr(runner, "run_pipeline", tried)
    assert main(["run", str(pipeline), "--retries", "1"]) == 0
    assert [status for status, *_ in runs(pipeline)] == ["loaded"]
    with sqlite3.connect(pipeline.parents[1] / "w.db") as connection:
        assert connection.execute("select count(*) from people").fetchone() == (2,)


@pytest.mark.parametrize("more", [["--reload"], []])
def test_retries_are_refused_where_the_record_is_not_asked(more: list[str], pipeline: Path, capsys: Capture) -> None:
    """A reload takes what is loaded for new, and the standard input comes only once."""
    if not more:
        pipeline.write_text(pipeline.read_text().replace("in.csv", "'-'"))
    assert main(["run", str(pipeline), "--retries", "1", *more]) == 2
    assert "--retries" in capsys.readouterr().err


def test_what_takes_too_long_is_rolled_back(pipeline: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    """The table is not there afterwards, the code is 124, and a later run loads it."""
    with monkeypatch.context() as slow:
        slow.setattr("etl_agent.run.commit.Commit.write", lambda *_: time.sleep(20))
        assert main(["run", str(pipeline), "--timeout", "1.5s"]) == 124
    assert capsys.readouterr().err == ("etl-agent: not done within 1.5 s; what was not committed is rolled back\n")
    with sqlite3.connect(pipeline.parents[1] / "w.db") as connection:
        assert connection.execute("select name from sqlite_master").fetchall() == []
    assert main(["run", str(pipeline), "--timeout", "1h"]) == 0
    assert [status for status, *_ in runs(pipeline)] == ["loaded"]
