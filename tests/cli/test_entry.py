"""The main group: quick help, near names, versions, the environment."""

from __future__ import annotations

import contextlib
import json
import os
import resource
import sqlite3
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from etl_agent.cli.commands import COMMANDS
from etl_agent.cli.entry import cli, main
from etl_agent.cli.group import LazyGroup

LEAST = 'version: 1\nname: {name}\nextract: {{files: a.csv}}\nload: {{to: "{to}", table: t}}\n'


def python(code: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run code in a fresh interpreter."""
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env={**os.environ, **environment}
    )


def test_help_imports_nothing_heavy() -> None:
    """Listing the commands imports none of them, nor what they need."""
    code = (
        "import sys; from etl_agent.cli import main; main(['--help']);"
        "heavy = {'pydantic', 'pyarrow', 'pandas', 'pandera', 'numpy', 'sqlalchemy',"
        "'psycopg', 'rich', 'yaml', 'openai'};"
        "sys.stderr.write(repr(sorted(heavy & set(sys.modules))))"
    )
    assert python(code).stderr == "[]"


def test_help_is_quick() -> None:
    """The help costs less than 0.3 seconds of CPU, the interpreter's start included."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    python("from etl_agent.cli import main; main(['--help'])")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert (after.ru_utime + after.ru_stime) - (before.ru_utime + before.ru_stime) < 0.3


def test_the_package_runs_as_a_module() -> None:
    """``python -m etl_agent`` is ``etl-agent``, its exit codes among the rest."""
    ended = subprocess.run([sys.executable, "-m", "etl_agent", "chek"], capture_output=True, text=True, check=False)
    assert ended.returncode == 2
    assert ended.stderr.startswith("etl-agent: no such command 'chek'")


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&-", "<&- >&- 2>&-"])
def test_closed_standard_streams_do_no_harm(tmp_path: Path, closed: str) -> None:
    """A load works without them, and no message ends up in the database that took their number."""
    (tmp_path / "a.csv").write_text("id,v\n1,a\n2\n")
    words = "load a.csv --to sqlite:///w.db --table t --max-reject-share 0.9 --balance"
    shell = f"{sys.executable} -m etl_agent {words} {closed}"
    assert subprocess.run(shell, shell=True, cwd=tmp_path, check=False, timeout=60).returncode == 0
    with contextlib.closing(sqlite3.connect(tmp_path / "w.db")) as database:
        assert database.execute("SELECT id, v FROM t").fetchall() == [("1", "a")]
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_a_closed_standard_input_is_an_empty_file(tmp_path: Path) -> None:
    """What reads it says so in words."""
    shell = f"{sys.executable} -m etl_agent load - --to sqlite:///w.db --table t <&-"
    ended = subprocess.run(shell, shell=True, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert ended.returncode == 65
    assert "stdin: the file is empty" in ended.stderr


def test_a_terminal_without_a_character_gets_it_spelled_out(tmp_path: Path) -> None:
    """Output in Latin-1 ends no run after its commit, and JSON stays JSON; a table in ASCII is shown all the same."""
    (tmp_path / "ü😀.csv").write_text("id\n1\n")

    def said(*words: str, encoding: str) -> str:
        ended = subprocess.run(
            [sys.executable, "-m", "etl_agent", *words],
            cwd=tmp_path,
            stdout=subprocess.PIPE,
            check=True,
            env={**os.environ, "PYTHONIOENCODING": encoding},
        )
        return ended.stdout.decode(encoding)

    target = ["--to", "sqlite:///w.db"]
    (result,) = json.loads(said("load", "ü😀.csv", *target, "--table", "ü😀", "--json", encoding="latin-1"))
    assert (result["table"], result["files"][0]["file"]) == ("ü😀", "ü😀.csv")
    assert r" \u00fc\ud83d\ude00 " in said("runs", *target, encoding="ascii")


@pytest.mark.parametrize("name", COMMANDS)
def test_each_command_is_listed_with_the_first_sentence_of_its_help(name: str) -> None:
    """The line that is kept for the list is the command's own."""
    assert isinstance(cli, LazyGroup)
    command = cli.get_command(click.Context(cli), name)
    assert command is not None
    assert command.name == name
    assert (command.help or "").split("\n\n")[0].replace("\n", " ") == COMMANDS[name].line


def test_a_wrong_command_is_answered_with_the_near_one(capsys: pytest.CaptureFixture[str]) -> None:
    """A slip in a command is one line, exit 2."""
    assert main(["chek"]) == 2
    assert (
        capsys.readouterr().err == "etl-agent: no such command 'chek'; did you mean 'check'?; next: etl-agent --help\n"
    )


def test_a_wrong_option_is_answered_with_the_near_one(capsys: pytest.CaptureFixture[str]) -> None:
    """A slip in an option is one line, exit 2."""
    assert main(["check", "--jsno", "x"]) == 2
    err = capsys.readouterr().err
    assert "did you mean '--json'" in err.lower()
    assert err.count("\n") == 1


def test_without_a_command_the_help_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    """A bare call shows what there is, exit 2."""
    assert main([]) == 2
    assert "Commands:" in capsys.readouterr().err


def test_the_version_names_what_a_bug_report_needs() -> None:
    """Python, the libraries and SQLite are named."""
    out = CliRunner().invoke(cli, ["--version"]).output
    assert all(name in out for name in ("etl-agent ", "Python ", "pyarrow ", "pandas ", "SQLAlchemy ", "SQLite "))


def test_options_can_be_set_in_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """ETL_AGENT_CHECK_QUIET, ETL_AGENT_QUIET and ETL_AGENT_JSON are twins of the options."""
    file = tmp_path / "a.yaml"
    file.write_text(LEAST.format(name="a", to="sqlite:///x.db"))
    run = CliRunner()
    assert run.invoke(cli, ["check", str(file)], auto_envvar_prefix="ETL_AGENT").output.startswith("OK")
    for twin in ("ETL_AGENT_CHECK_QUIET", "ETL_AGENT_QUIET"):
        assert run.invoke(cli, ["check", str(file)], env={twin: "1"}, auto_envvar_prefix="ETL_AGENT").output == ""
    found = run.invoke(cli, ["check", str(file)], env={"ETL_AGENT_JSON": "1"}, auto_envvar_prefix="ETL_AGENT").output
    assert json.loads(found)[0]["ok"] is True


def test_the_project_folder_s_env_file_is_read_and_overrides_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the environment says already stays; what only .env says is there, also for options."""
    monkeypatch.setenv("KEPT", "environment")
    monkeypatch.setenv("NEW", "")
    monkeypatch.delenv("NEW")
    monkeypatch.setenv("ETL_AGENT_QUIET", "")
    monkeypatch.delenv("ETL_AGENT_QUIET")
    (tmp_path / ".env").write_text("KEPT=file\nNEW=file\nETL_AGENT_QUIET=1\n")
    file = tmp_path / "a.yaml"
    file.write_text(LEAST.format(name="a", to="${NEW}"))
    assert main(["--project", str(tmp_path), "check", "--quiet", str(file)]) == 1  # "file" is no URL
    assert (os.environ["KEPT"], os.environ["NEW"], os.environ["ETL_AGENT_QUIET"]) == ("environment", "file", "1")


@pytest.mark.parametrize("before", [True, False])
def test_project_may_stand_before_or_after_the_command(
    before: bool, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Paths in the pipeline file are relative to the project folder, wherever it is named."""
    (tmp_path / "sql").mkdir()
    (tmp_path / "sql" / "a.sql").write_text("SELECT 1;")
    file = tmp_path / "elsewhere.yaml"
    file.write_text(
        LEAST.format(name="a", to="sqlite:///x.db").replace("table: t", "table: t, before_sql: [sql/a.sql]")
    )
    project = ["--project", str(tmp_path)]
    assert main([*project, "check", str(file)] if before else ["check", *project, str(file)]) == 0
    assert capsys.readouterr().out.startswith("OK")


def test_an_env_file_that_is_not_utf8_is_a_typed_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The file and the way out are named."""
    (tmp_path / ".env").write_bytes(b"A=\xff\n")
    assert main(["--project", str(tmp_path), "schema"]) == 78
    assert "save the file as UTF-8" in capsys.readouterr().err
