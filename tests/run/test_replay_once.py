"""Corrected rows are loaded exactly once, also by replays that are killed, and by two at the same time."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest

from tests.run.project import Project
from tests.run.test_replay import export, load, setting

REPLAY = """
import os, signal, sys
from pathlib import Path
from etl_agent.orchestrate.file import read_pipeline
from etl_agent.run import commit, replay
from etl_agent.load.record import Record
from etl_agent.run.options import RunOptions

def die(*args, **kwargs):
    os.kill(os.getpid(), signal.SIGKILL)

def after(function):
    def last_act(*args, **kwargs):
        function(*args, **kwargs)
        die()
    return last_act

match sys.argv[2]:
    case "before the entries are marked":
        replay.mark_replayed = die
    case "after the entries are marked":
        replay.Replay.settle = after(replay.Replay.settle)
    case "before the commit":
        Record.commit = die
    case "after the commit":
        Record.commit = after(Record.commit)
project = Path(sys.argv[1])
result = replay.replay_quarantine(
    read_pipeline(project / "pipelines" / "p.yaml"), project=project, options=RunOptions(wait=60.0),
    corrected=project / "export.out",
)
print(result.status, result.balance.inserted)
"""
MOMENTS = (
    "before the entries are marked",
    "after the entries are marked",
    "before the commit",
    "after the commit",
)
EVERYTHING = [("1", 1, "a"), ("2", 2, "b\nb"), ("3", 3, "c"), ("4", 4, "-d"), ("5", 5, "")]


def start(project: Project, moment: str) -> subprocess.Popen[str]:
    """Start a replay in a process of its own, which is killed at a moment, if that comes."""
    words = [sys.executable, "-c", REPLAY, str(project.folder), moment]
    return subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


@pytest.fixture
def corrected(project: Project) -> Project:
    """Give a project with three corrected rows."""
    (project.folder / "pipelines").mkdir()
    (project.folder / "pipelines" / "p.yaml").write_text(
        "version: 1\nname: p\nextract: {files: in.csv}\nvalidate:\n"
        "  contract: {id: {type: text}, n: {type: integer}, v: {type: text, nullable: true}}\n"
        f"load: {{to: '{project.url}', table: t}}\n"
    )
    load(project)
    export(project, setting(l3={"n": "2"}, l5={"id": "3", "n": "3", "v": "c"}, l6={"n": "4"}))
    return project


def test_a_replay_that_is_killed_anywhere_is_done_once_by_the_next(corrected: Project) -> None:
    """Before the commit nothing has happened, and after it everything."""
    for moment in MOMENTS:
        killed = start(corrected, moment)
        assert killed.wait(60) == -signal.SIGKILL, killed.communicate()
        killed.communicate()
        assert len(corrected.rows()) == (5 if moment == "after the commit" else 2)
        assert len(corrected.quarantine()) == (0 if moment == "after the commit" else 3)
    again = start(corrected, "never")
    assert again.communicate(timeout=60)[0] == "nothing new 0\n"
    assert corrected.rows("id, n, v") == EVERYTHING


def test_two_replays_at_once_load_every_row_once(corrected: Project) -> None:
    """One waits for the other, and finds that nothing is left to do."""
    both = [start(corrected, "never") for _ in range(2)]
    said = [process.communicate(timeout=60) for process in both]
    assert sorted(out for out, _ in said) == ["loaded 3\n", "nothing new 0\n"], said
    assert corrected.rows("id, n, v") == EVERYTHING
