"""The log of runs: bounded, private, written by many processes at once, and never the reason of a failure."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from etl_agent.run.event import Event
from etl_agent.run.run_log import RunLog


def lines(path: Path) -> list[dict[str, object]]:
    """Read a log; every line of it is JSON."""
    return [json.loads(line) for line in path.read_text("ascii").splitlines()]


def test_an_event_is_one_line_of_json_in_utc(tmp_path: Path) -> None:
    """A program can read it, and a clock change does not make it ambiguous."""
    RunLog(tmp_path / "log").write(Event("success", "orders", "loaded\n2 rows", seconds=1.0, facts={"rows": 2}))
    (told,) = lines(tmp_path / "log")
    assert (told["event"], told["pipeline"], told["message"], told["facts"]) == (
        "success",
        "orders",
        "loaded\n2 rows",
        {"rows": 2},
    )
    assert str(told["time"]).endswith("+00:00")


def test_only_the_owner_may_read_it(tmp_path: Path) -> None:
    """Paths and table names are nobody else's business, whatever the umask."""
    before = os.umask(0)
    try:
        RunLog(tmp_path / "log").write(Event("start", "orders"))
    finally:
        os.umask(before)
    assert (tmp_path / "log").stat().st_mode & 0o777 == 0o600


def test_credentials_are_masked_wherever_they_stand(tmp_path: Path) -> None:
    """In a sentence, in a fact, deep inside."""
    url = "postgresql://ann:hunter2@db/x"
    RunLog(tmp_path / "log").write(Event("failure", url, url, facts={"a": [{"b": url}], url: "password=hunter2"}))
    assert "hunter2" not in (tmp_path / "log").read_text()


def test_a_full_log_is_put_away_and_three_are_kept(tmp_path: Path) -> None:
    """The disk is never filled by it, and the newest lines are there."""
    log = RunLog(tmp_path / "log", most_bytes=1000)
    for number in range(100):
        log.write(Event("start", f"p{number}"))
    assert log.failure is None
    files = sorted(path.name for path in tmp_path.iterdir())
    assert files == ["log", "log.1", "log.2", "log.3"]
    assert all(path.stat().st_size <= 1000 for path in tmp_path.iterdir())
    told = [line["pipeline"] for name in ("log.3", "log.2", "log.1", "log") for line in lines(tmp_path / name)]
    assert told == [f"p{number}" for number in range(100 - len(told), 100)]


def test_a_line_that_is_too_long_loses_its_facts(tmp_path: Path) -> None:
    """What happened is told all the same."""
    RunLog(tmp_path / "log", most_bytes=1000).write(Event("success", "orders", facts={"files": ["x" * 2000]}))
    (told,) = lines(tmp_path / "log")
    assert (told["event"], told["facts"]) == ("success", "left out: too long")


def test_processes_that_write_at_once_lose_no_line(tmp_path: Path) -> None:
    """Four processes rotate the file under each other, and every line is whole and there once."""
    code = (
        "import sys; from pathlib import Path; from etl_agent.run.event import Event;"
        "from etl_agent.run.run_log import RunLog;"
        "log = RunLog(Path(sys.argv[1]), most_bytes=20_000);"
        "[log.write(Event('start', f'{sys.argv[2]}-{n}')) for n in range(100)];"
        "sys.exit(log.failure)"
    )
    writers = [subprocess.Popen([sys.executable, "-c", code, str(tmp_path / "log"), str(w)]) for w in range(4)]
    assert [writer.wait(30) for writer in writers] == [0] * 4
    told = [line["pipeline"] for path in tmp_path.iterdir() for line in lines(path)]
    assert len(list(tmp_path.iterdir())) > 1
    assert sorted(map(str, told)) == sorted(f"{w}-{n}" for w in range(4) for n in range(100))


@pytest.mark.parametrize("kind", ["no folder", "a folder", "a pipe", "a device", "a link"])
def test_a_place_that_cannot_be_written_is_told_and_not_raised(tmp_path: Path, kind: str) -> None:
    """The log ends there; a pipe that nobody reads does not hold the run up."""
    path = tmp_path / "log"
    match kind:
        case "no folder":
            path = tmp_path / "none" / "either" / "log"
        case "a folder":
            path.mkdir()
        case "a pipe":
            os.mkfifo(path)
        case "a device":
            path = Path("/dev/full")
        case "a link":
            path.symlink_to(tmp_path / "elsewhere")
    log = RunLog(path)
    log.write(Event("start", "orders"))
    log.write(Event("success", "orders"))
    assert log.failure is not None and str(path) in log.failure
    assert not (tmp_path / "elsewhere").exists()


def test_the_folder_of_a_log_is_made_for_its_owner_alone(tmp_path: Path) -> None:
    """A line of `cron line` names one that nobody has made yet."""
    log = RunLog(tmp_path / "logs" / "log")
    log.write(Event("start", "orders"))
    assert log.failure is None
    assert (tmp_path / "logs").stat().st_mode & 0o777 == 0o700


def test_a_disk_that_fills_up_leaves_whole_lines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a short write has left behind is taken back."""
    log = RunLog(tmp_path / "log")
    log.write(Event("start", "orders"))
    write = os.write
    monkeypatch.setattr("os.write", lambda handle, data: write(handle, data[:10]))
    log.write(Event("success", "orders"))
    assert log.failure is not None and "no space left" in log.failure
    assert [line["event"] for line in lines(tmp_path / "log")] == ["start"]


def test_an_error_of_the_disk_is_told_and_not_raised(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """EIO is no reason not to load."""

    def broken(*_: object) -> int:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr("os.write", broken)
    log = RunLog(tmp_path / "log")
    log.write(Event("start", "orders"))
    assert log.failure == f"the log {tmp_path / 'log'} cannot be written: input/output error"
