"""A goal run that is killed goes on where it was: nothing twice, and the model is not asked again."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from etl_agent.run.goal import execute
from tests.run import goal_process
from tests.run.goals import pipeline, planned
from tests.run.project import Project

_ROOT = Path(__file__).parents[2]


class Killed(Exception):
    """Stands for a kill where a process of its own would cost too much: nothing of this package catches it."""


class Here:
    """Runs the goal in this process."""

    def __init__(self, project: Project, capsys: pytest.CaptureFixture[str]) -> None:
        self.project = project
        self._capsys = capsys

    def __call__(self, die: str = "nowhere", *, yes: bool = False) -> str:
        """Run, and return what was printed."""
        try:
            goal_process.main(str(self.project.folder), self.project.url, die, "yes" if yes else "no")
        except Killed:
            return "killed"
        return self._capsys.readouterr().out.strip()


@pytest.fixture
def here(tmp_path: Path, sqlite_url: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Here:
    """Let the goal run in this process, and die by an error."""

    def die() -> None:
        raise Killed

    monkeypatch.setattr(goal_process, "die", die)
    return Here(prepared(Project(tmp_path, sqlite_url)), capsys)


def prepared(project: Project) -> Project:
    """Write three datasets."""
    for name in "abc":
        lines = [f"{name}{n:03},word{n}" for n in range(20)]
        project.write(f"{name}.csv", "\n".join([f"{name}_id,word", *lines, ""]))
    return project


def called(project: Project, die: str = "nowhere") -> tuple[int, str]:
    """Run the goal in a process of its own; return its exit code and what it printed."""
    script = [sys.executable, "-m", "tests.run.goal_process", str(project.folder), project.url, die]
    environment = {**os.environ, "PYTHONPATH": str(_ROOT)}
    done = subprocess.run(script, cwd=_ROOT, env=environment, capture_output=True, text=True, check=False)
    assert "Traceback" not in done.stderr, done.stderr
    return done.returncode, done.stdout.strip()


def lines(project: Project, name: str) -> list[str]:
    """Return the lines that a process left."""
    path = project.folder / name
    return path.read_text().splitlines() if path.exists() else []


def loaded(project: Project) -> list[int]:
    """Count the rows of the tables, and prove that no file was loaded twice."""
    assert project.ask("SELECT count(*), count(DISTINCT sha256) FROM _etl_files WHERE active") == [(3, 3)]
    return [project.ask(f"SELECT count(*) FROM {name}")[0][0] for name in "abc"]


@pytest.mark.parametrize(
    ("kind", "die"),
    [("sqlite_url", "between:a"), pytest.param("postgres_url", "within:b", marks=pytest.mark.postgres)],
)
def test_a_killed_goal_run_goes_on_where_it_was(
    request: pytest.FixtureRequest, tmp_path: Path, kind: str, die: str
) -> None:
    """Between pipelines and in the middle of one: what is committed is not run again, and nothing is asked twice."""
    project = prepared(Project(tmp_path, request.getfixturevalue(kind)))
    assert called(project, die)[0] == -signal.SIGKILL
    asked = lines(project, "questions")
    assert asked
    flowed = len(lines(project, "begun"))
    assert called(project) == (0, "a=nothing new;b=loaded;c=loaded 0")
    assert lines(project, "questions") == asked
    assert lines(project, "begun")[flowed:] == ["b True", "c True"]
    assert loaded(project) == [20, 20, 20]


def test_a_revision_outlives_a_kill(here: Here) -> None:
    """It is taken from the journal: neither rules nor a model revise again."""
    here.project.write("faulty", "")
    assert here("revised") == "killed"
    asked = lines(here.project, "questions")
    assert here() == "a=nothing new;b=loaded;c=loaded 1"
    assert lines(here.project, "questions") == asked
    assert loaded(here.project) == [20, 20, 20]


def test_a_goal_run_that_ended_is_planned_anew(here: Here) -> None:
    """The model is asked again, and the ledger knows that there is nothing to load."""
    assert here() == "a=loaded;b=loaded;c=loaded 0"
    asked = lines(here.project, "questions")
    assert here() == "a=nothing new;b=nothing new;c=nothing new 0"
    assert len(lines(here.project, "questions")) == 2 * len(asked)


def test_other_files_are_another_run(here: Here) -> None:
    """What was broken off is not gone on with when a file has changed."""
    assert here("between:a") == "killed"
    asked = lines(here.project, "questions")
    here.project.write("c.csv", "c_id,word\nc001,x\nc002,y\nc003,z\n")
    said = here(yes=True)
    assert said.startswith("a=nothing new;b=loaded;c=loaded")
    assert len(lines(here.project, "questions")) > len(asked)


def test_a_replace_that_was_committed_before_the_kill_needs_no_other_yes(project: Project) -> None:
    """The rows that are there now are its own."""
    project.write("a.csv", "id\n1\n")
    project.write("b.csv", "id\n1\n")
    specs = (pipeline(project, "a", write_disposition="replace"), pipeline(project, "b"))

    def die(step: object) -> None:
        raise Killed

    with pytest.raises(Killed):
        execute(planned(project, *specs), project=project.folder, told=die)
    again = planned(project, *specs)
    assert again.resumed is not None
    assert again.resumed.committed.keys() == {"a"}
    result = execute(again, project=project.folder)
    assert [step.outcome for step in result.steps] == ["nothing new", "loaded"]
