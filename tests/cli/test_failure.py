"""Every failure is one line on stderr and an exit code."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import time

import click
import pytest

from etl_agent.cli.ending import Terminated
from etl_agent.cli.failure import DEBUG, exit_code_of, safe
from etl_agent.errors import ConfigurationError, NoInput, OverBudget, SpecInvalid


def failing(error: BaseException) -> int:
    """Return the exit code of a command that fails."""

    def call() -> None:
        raise error

    return exit_code_of(call)


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (OverBudget("7 of 10 rows were rejected", where="orders"), 65, "orders: 7 of 10 rows were rejected"),
        (
            NoInput("no file matches", choices=["a.csv"], next_command="ls"),
            66,
            "no file matches; valid: a.csv; next: ls",
        ),
        (ConfigurationError("bad\nthing"), 78, "bad thing"),
        (click.UsageError("No such thing."), 2, "no such thing"),
        (KeyboardInterrupt(), 130, "interrupted"),
        (click.Abort(), 130, "interrupted"),
        (Terminated(), 143, "terminated"),
        (OSError(errno.ENOSPC, "No space left on device", "/x"), 74, "/x: no space left on device"),
        (PermissionError(errno.EACCES, "Permission denied", "/x"), 77, "/x: permission denied"),
        (FileNotFoundError(errno.ENOENT, "No such file", "/x"), 66, "/x: no such file"),
        (OSError(errno.EMFILE, "Too many open files", "/x"), 74, "/x: too many open files"),
        (OSError("error closing file"), 74, "error closing file"),
        (
            OSError(errno.ENOSPC, "Failed to open local file '/X'. Detail: [errno 28] No space left on device"),
            74,
            "no space left on device (failed to open local file '/X')",
        ),
        (
            RuntimeError("can't start new thread"),
            70,
            "out of memory or threads; the transaction, if any, was rolled back",
        ),
        (MemoryError(), 70, "out of memory; the transaction, if any, was rolled back"),
    ],
)
def test_a_failure_is_one_line_and_its_code(
    error: BaseException, code: int, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """The line begins with the program's name; nothing else is printed."""
    assert failing(error) == code
    captured = capsys.readouterr()
    assert captured.err == f"etl-agent: {said}\n"
    assert captured.out == ""


def test_the_mistakes_of_a_file_are_a_line_each(capsys: pytest.CaptureFixture[str]) -> None:
    """A wrong pipeline file is the one failure of several lines."""
    assert failing(SpecInvalid("2 mistakes in a.yaml", mistakes=["a.yaml:1:1: x", "a.yaml:2:1: y"])) == 78
    assert capsys.readouterr().err == "etl-agent: 2 mistakes in a.yaml\n  a.yaml:1:1: x\n  a.yaml:2:1: y\n"


def test_an_unexpected_failure_says_how_to_see_where(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """No traceback unless it is asked for; then the line comes last."""
    monkeypatch.delenv(DEBUG, raising=False)
    assert failing(TypeError("odd")) == 70
    assert capsys.readouterr().err == (
        "etl-agent: unexpected TypeError: odd; this is a bug; next: the same command with --debug shows where\n"
    )
    monkeypatch.setenv(DEBUG, "1")
    assert failing(TypeError("odd")) == 70
    err = capsys.readouterr().err
    assert "Traceback" in err
    assert err.rstrip().splitlines()[-1].startswith("etl-agent: unexpected TypeError")


@pytest.mark.parametrize("debug", ["", "1"])
def test_credentials_are_never_printed(
    debug: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither the line nor a traceback shows the password of a URL."""
    monkeypatch.setenv(DEBUG, debug)
    failing(RuntimeError("cannot reach postgresql://ann:hunter2@db/x"))
    assert "hunter2" not in capsys.readouterr().err


def test_control_characters_are_spelled_out() -> None:
    """A hostile file name cannot clear the screen or forge a line."""
    assert safe("a\x1b[2J\rb\u202ec") == "a\\x1b[2J\\rb\\u202ec"


def test_a_result_that_is_a_number_is_the_exit_code() -> None:
    """A command may return its code; anything else is success."""
    assert exit_code_of(lambda: 1) == 1
    assert exit_code_of(lambda: None) == 0


@pytest.mark.parametrize("say", ["click.echo", "rich.console.Console().print"])
def test_a_reader_that_goes_away_is_no_failure_to_talk_about(say: str) -> None:
    """``| head`` ends the command quietly, with the code of a broken pipe."""
    code = (
        "import sys, click, rich.console; from etl_agent.cli.failure import exit_code_of\n"
        f"sys.exit(exit_code_of(lambda: [{say}('x' * 1000) for _ in range(2000)]))"
    )
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.read(10)
    process.stdout.close()
    assert process.wait(10) == 141
    assert process.stderr.read() == b""
    process.stderr.close()


def test_sigterm_unwinds_before_it_ends_the_process() -> None:
    """What is open is closed on the way out, and the code is 143."""
    code = (
        "import sys, time; from etl_agent.cli.failure import exit_code_of\n"
        "def call():\n"
        "    try:\n"
        "        print('ready', flush=True); time.sleep(30)\n"
        "    finally:\n"
        "        print('closed', flush=True)\n"
        "sys.exit(exit_code_of(call))"
    )
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    time.sleep(0.05)
    os.kill(process.pid, signal.SIGTERM)
    out, err = process.communicate(timeout=10)
    assert (process.returncode, out, err) == (143, "closed\n", "etl-agent: terminated\n")
