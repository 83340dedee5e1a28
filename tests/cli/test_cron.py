"""``etl-agent cron``: entries that run as cron runs them, in a crontab whose other lines stay as they are."""

from __future__ import annotations

import json
import os
import re
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from etl_agent.cli import main
from etl_agent.errors import UsageError
from etl_agent.run.cron_entry import CronEntry
from etl_agent.run.crontab_file import entries_in, with_entry, without_entry
from etl_agent.run.schedule import read_schedule

Capture = pytest.CaptureFixture[str]

CRONTAB = """#!/bin/sh
case "$1" in
  -l) if [ -f '{tab}' ]; then cat '{tab}'; else echo 'no crontab for ann' >&2; exit 1; fi ;;
  -) cat > '{tab}' ;;
esac
"""
OTHERS = (
    "MAILTO=\nX=\n# 15 2 * * * old # etl-agent: /p.yaml\n\n  5 4 * * *\techo  'a % b'  # mine \nnonsense\n@daily backup"
)


def project(folder: Path, name: str = "people") -> Path:
    """Make a project whose target comes from its .env."""
    (folder / "pipelines").mkdir(parents=True)
    (folder / "in.csv").write_text("id,name\n1,Ann\n2,Bob\n")
    (folder / ".env").write_text("DATABASE_URL=sqlite:///w.db\n")
    path = folder / "pipelines" / f"{name}.yaml"
    path.write_text(
        "version: 1\nname: people\nextract: {files: in.csv}\nload: {to: '${DATABASE_URL}', table: people}\n"
    )
    return path


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take back what a .env brings into the environment of the process."""
    monkeypatch.setenv("DATABASE_URL", "")
    monkeypatch.delenv("DATABASE_URL")


@pytest.fixture
def pipeline(tmp_path: Path) -> str:
    """A pipeline to put into the crontab."""
    return str(project(tmp_path / "shop"))


@pytest.fixture
def tab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file in which a program ``crontab`` keeps the crontab."""
    programs, tab = tmp_path / "bin", tmp_path / "tab"
    programs.mkdir()
    (programs / "crontab").write_text(CRONTAB.format(tab=tab))
    (programs / "crontab").chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}{os.pathsep}{os.environ['PATH']}")
    return tab


def as_cron(line: str, home: Path) -> subprocess.CompletedProcess[bytes]:
    """Do with a line what cron does: cut the schedule, stop at a bare %, take the backslash from others."""
    command = line.split(None, 5)[5]
    command = re.split(r"(?<!\\)%", command)[0].replace(r"\%", "%")
    environment = {"HOME": str(home), "LOGNAME": "ann", "SHELL": "/bin/sh", "PATH": "/usr/bin:/bin"}
    return subprocess.run(
        ["/usr/bin/env", "-i", *(f"{name}={value}" for name, value in environment.items()), "/bin/sh", "-c", command],
        cwd=home,
        capture_output=True,
        timeout=60,
        stdin=subprocess.DEVNULL,
    )


def test_an_entry_runs_as_cron_runs_it(tmp_path: Path, tab: Path, capsys: Capture) -> None:
    """Whatever the folder is called: loaded, silent, with a log, and the second night finds nothing new."""
    folder = """it's 100% "odd" $HOME `x` #1 ; & (ü)"""
    path = project(tmp_path / folder)
    assert main(["cron", "add", str(path), "15 2 * * *", "--quiet"]) == 0
    assert capsys.readouterr() == ("", "")
    (line,) = tab.read_text().splitlines()
    for _night in range(2):
        done = as_cron(line, tmp_path)
        assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
    with sqlite3.connect(tmp_path / folder / "w.db") as connection:
        assert connection.execute("select count(*) from people").fetchone() == (2,)
    log = tmp_path / folder / "logs" / "etl-agent.jsonl"
    assert [json.loads(told)["event"] for told in log.read_text().splitlines()] == ["start", "success"] * 2


def test_a_failing_entry_prints_one_line_for_the_mail(pipeline: str, tmp_path: Path, tab: Path) -> None:
    """Cron mails it, and the exit code says the same."""
    assert main(["cron", "add", pipeline, "15 2 * * *", "--quiet"]) == 0
    (tmp_path / "shop" / "in.csv").unlink()
    done = as_cron(tab.read_text(), tmp_path)
    assert (done.returncode, done.stdout, done.stderr.count(b"\n")) == (66, b"", 1)
    assert len(done.stderr) <= 300


def test_line_prints_what_add_would_write(pipeline: str, tab: Path, capsys: Capture) -> None:
    """And writes nothing, nor needs a crontab."""
    assert main(["cron", "line", pipeline, "15 2 * * *"]) == 0
    printed = capsys.readouterr().out
    assert not tab.exists() and not (Path(pipeline).parents[1] / "logs").exists()
    assert main(["cron", "add", pipeline, "15 2 * * *"]) == 0
    assert capsys.readouterr().out == printed == tab.read_text()


def test_adding_again_replaces_the_entry_in_its_place(pipeline: str, tab: Path) -> None:
    """There is never a second one, and all other bytes are as they were."""
    tab.write_text(OTHERS)
    assert main(["cron", "add", pipeline, "15 2 * * *"]) == 0
    first = tab.read_text()
    assert first.startswith(OTHERS + "\n15 2 * * * ")
    tab.write_text(first + "@daily last\n")
    assert main(["cron", "add", pipeline, "@hourly", "--", "--retries", "3"]) == 0
    lines = tab.read_text().split("\n")
    assert lines[-3].startswith("@hourly ") and " --retries 3 " in lines[-3] and lines[-2:] == ["@daily last", ""]
    assert "\n".join(lines[:-3]) == OTHERS


def test_removing_leaves_the_lines_of_others(pipeline: str, tab: Path, capsys: Capture) -> None:
    """Byte for byte; and a pipeline that is not there is said, with what is."""
    tab.write_text(OTHERS + "\n")
    main(["cron", "add", pipeline, "15 2 * * *"])
    Path(pipeline).unlink()
    assert main(["cron", "remove", pipeline]) == 0
    assert tab.read_text() == OTHERS + "\n"
    assert main(["cron", "remove", pipeline]) == 66
    assert "it is not in the crontab" in capsys.readouterr().err


def test_list_tells_entries_and_files_that_are_gone(pipeline: str, tab: Path, capsys: Capture) -> None:
    """Only pipelines; a program gets JSON."""
    tab.write_text(OTHERS + "\n")
    main(["cron", "add", pipeline, "15 2 * * *", "--quiet"])
    Path(pipeline).unlink()
    assert main(["cron", "list"]) == 0
    assert capsys.readouterr().out == f"15 2 * * *  {pipeline}  (the file is gone)\n"
    assert main(["cron", "list", "--json"]) == 0
    (told,) = json.loads(capsys.readouterr().out)
    assert (told["schedule"], told["pipeline"], told["there"]) == ("15 2 * * *", pipeline, False)


def test_without_a_crontab_the_line_is_offered(
    pipeline: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: Capture
) -> None:
    """Containers have none; their scheduler takes the line."""
    monkeypatch.setenv("PATH", str(tmp_path))
    assert main(["cron", "add", pipeline, "15 2 * * *"]) == 78
    assert f"next: etl-agent cron line {pipeline} '15 2 * * *'" in capsys.readouterr().err


def test_entries_that_are_added_at_the_same_time_are_all_there(tmp_path: Path, tab: Path) -> None:
    """A script that sets up a machine may start many; none is written over by another that read before it."""
    slow = CRONTAB.format(tab=tab).replace("cat > ", "sleep 0.2; cat > ")
    (tmp_path / "bin" / "crontab").write_text(slow)
    files = [project(tmp_path / f"shop{number}") for number in range(4)]
    words = [sys.executable, "-m", "etl_agent", "cron", "add"]
    started = [subprocess.Popen([*words, str(file), "@daily", "--quiet"]) for file in files]
    assert [process.wait(60) for process in started] == [0] * len(files)
    assert {entry.pipeline for entry in entries_in(tab.read_text())} == set(map(str, files))


@pytest.mark.parametrize(
    ("said", "code"), [("crontab: you (ann) are not allowed to use this program", 77), ("something else", 78)]
)
def test_a_crontab_that_cannot_be_read_is_not_taken_for_an_empty_one(
    said: str, code: int, pipeline: str, tab: Path, tmp_path: Path
) -> None:
    """Writing over it would lose every line in it."""
    (tmp_path / "bin" / "crontab").write_text(f"#!/bin/sh\n[ $1 = - ] && cat > {tab}\necho '{said}' >&2; exit 1\n")
    assert main(["cron", "add", pipeline, "15 2 * * *"]) == code
    assert not tab.exists()


def test_a_crontab_that_does_not_take_the_text_is_an_error(pipeline: str, tab: Path, tmp_path: Path) -> None:
    """What was written is read back."""
    (tmp_path / "bin" / "crontab").write_text("#!/bin/sh\ncat > /dev/null\n")
    assert main(["cron", "add", pipeline, "15 2 * * *"]) == 74


def test_a_variable_of_this_shell_only_is_refused(
    pipeline: str, tab: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    """Cron does not know it; it belongs into .env, or into the crontab."""
    (Path(pipeline).parents[1] / ".env").write_text("")
    monkeypatch.setenv("DATABASE_URL", "postgresql://ann:hunter2@db/x")
    assert main(["cron", "add", pipeline, "15 2 * * *"]) == 78
    err = capsys.readouterr().err
    assert "DATABASE_URL is not set where cron runs" in err and "/.env" in err and "hunter2" not in err
    assert not tab.exists()
    tab.write_text('DATABASE_URL = "sqlite:///w.db"\n')
    assert main(["cron", "add", pipeline, "15 2 * * *"]) == 0


def test_options_are_held_against_run_at_once(pipeline: str, tab: Path, capsys: Capture) -> None:
    """A slip is told now, not at a quarter past two."""
    assert main(["cron", "add", pipeline, "15 2 * * *", "--", "--lockd"]) == 2
    assert "--locked" in capsys.readouterr().err
    assert not tab.exists()


def test_options_take_the_place_of_the_entrys_own(
    pipeline: str, capsys: Capture, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """One timeout, and a log whose path does not depend on where cron stands."""
    monkeypatch.chdir(tmp_path)
    assert main(["cron", "line", pipeline, "@daily", "--", "--timeout", "1h", "--log=my.log"]) == 0
    printed = capsys.readouterr().out
    assert printed.count("--timeout") == 1 and f" --timeout 1h --log {tmp_path}/my.log " in printed


@pytest.mark.parametrize("name", ["two\nlines", "back\\slash"])
def test_paths_that_no_crontab_can_hold_are_refused(name: str, tmp_path: Path, capsys: Capture) -> None:
    """No quoting helps there."""
    assert main(["cron", "line", str(project(tmp_path / name)), "@daily"]) == 78
    assert "holds a" in capsys.readouterr().err


def test_a_line_that_is_too_long_for_cron_is_refused(tmp_path: Path, capsys: Capture) -> None:
    """Some crons cut it without a word."""
    assert main(["cron", "line", str(project(tmp_path / ("d" * 200) / ("e" * 100))), "@daily"]) == 78
    assert "bytes" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("60 2 * * *", "'60' is no minute (0-59)"),
        ("15 24 * * *", "'24' is no hour (0-23)"),
        ("15 2 0 * *", "'0' is no day of month (1-31)"),
        ("15 2 * 13 *", "'13' is no month (1-12)"),
        ("15 2 * * 8", "'8' is no day of week"),
        ("15 2 * * mno", "valid: mon"),
        ("15 2 * * *,", "is no day of week"),
        ("5-1 2 * * *", "'5-1' is no minute"),
        ("*/0 2 * * *", "'*/0' is no minute"),
        ("~ 2 * * *", "'~' is no minute"),
        ("15 2 * *", "4 fields, and cron has 5"),
        ("15 2 * * * *", "6 fields, and cron has 5"),
        ("", "0 fields"),
        ("@dialy", "valid: @daily"),
        ("nightly", "valid: @midnight"),
        ("0 0 31 2,4 *", "there is no day 31 in month 2,4"),
        ("15 2 * * *\n* * * * * rm", "11 fields"),
    ],
)
def test_a_wrong_schedule_says_what_is_wrong(text: str, said: str) -> None:
    """The field, its bounds, and what was meant."""
    with pytest.raises(UsageError, match="schedule: ") as caught:
        read_schedule(text)
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("15 2 * * *", "15 2 * * *"),
        (" */15  8-18 1,15 jan-mar MON-fri ", "*/15 8-18 1,15 jan-mar MON-fri"),
        ("0 0 29 2 *", "0 0 29 2 *"),
        ("0 0 31 2 1", "0 0 31 2 1"),
        ("0 0 * * 7", "0 0 * * 7"),
        ("@daily", "@daily"),
        ("Weekly", "@weekly"),
    ],
)
def test_a_schedule_stays_as_it_is_written(text: str, read: str) -> None:
    """Blanks apart; a leap day comes, and a day of the week does too."""
    assert read_schedule(text) == read


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_putting_in_and_taking_out_changes_nothing_else(text: str) -> None:
    """For any crontab that ends its last line."""
    entry = CronEntry("15 2 * * *", "load 100%", "/a b%.yaml")
    before = without_entry(text, entry.pipeline)
    ended = before if not before or before.endswith("\n") else before + "\n"
    assert without_entry(with_entry(before, entry), entry.pipeline) == ended
    assert with_entry(with_entry(before, entry), entry) == with_entry(before, entry)
    assert CronEntry.read(entry.line) == entry
