"""The Python interface does what the command line does, with the same objects."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from etl_agent import Extract, Load, Pipeline, execute, plan, read_pipeline, run


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Make a project with one pipeline file."""
    (tmp_path / "pipelines").mkdir()
    (tmp_path / "in.csv").write_text("id,country\n00123,NA\n2,\n")
    (tmp_path / "pipelines" / "p.yaml").write_text(
        "version: 1\nname: p\nextract: {files: in.csv}\nload: {to: 'sqlite:///w.db', table: t}\n"
    )
    return tmp_path


def rows(project: Path) -> list[tuple]:
    """Read the table from outside."""
    with sqlite3.connect(project / "w.db") as connection:
        return connection.execute("select id, country from t order by rowid").fetchall()


def test_a_path_is_run_in_its_own_project(project: Path) -> None:
    """Paths in the file are relative to the folder that holds pipelines/, wherever Python runs."""
    result = run(project / "pipelines" / "p.yaml")
    assert (result.status, result.balance.inserted, result.exit_code) == ("loaded", 2, 0)
    assert rows(project) == [("00123", "NA"), ("2", None)]
    assert run(project / "pipelines" / "p.yaml").status == "nothing new"


def test_a_pipeline_object_and_a_frame_load_the_same_way(project: Path) -> None:
    """A DataFrame's values arrive as exact text, its missing ones as null."""
    pipeline = Pipeline(version=1, name="p", extract=Extract(files="-"), load=Load(to="sqlite:///w.db", table="t"))
    frame = pd.DataFrame({"id": ["00123", "2"], "country": ["NA", None]})
    result = run(pipeline, project=project, frame=frame)
    assert result.balance.loaded == 2
    assert rows(project) == [("00123", "NA"), ("2", None)]


def test_options_are_keywords(project: Path) -> None:
    """A dry run says what it would do and creates nothing."""
    result = run(project / "pipelines" / "p.yaml", dry_run=True)
    assert (result.status, result.balance.inserted) == ("dry run", 2)
    assert not (project / "w.db").exists()


@pytest.mark.parametrize("first", ["", "import etl_agent.run.history", "import etl_agent.run.runner"])
def test_run_is_callable_whatever_was_imported_first(project: Path, first: str) -> None:
    """The package of the same name does not hide the function."""
    script = f"{first}\nfrom etl_agent import run\nprint(run({str(project / 'pipelines' / 'p.yaml')!r}).status)"
    said = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=project)
    assert said.stdout == "loaded\n"


def test_a_goal_is_planned_and_run_from_python(tmp_path: Path) -> None:
    """Nothing is written by the plan; running it loads the tables and leaves ordinary pipeline files."""
    (tmp_path / "people.csv").write_text("person_id,name\nP1,Ann\nP2,Ben\nP3,Cem\n")
    planned = plan("load the people", ["people.csv"], to="sqlite:///w.db", project=tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["people.csv"]
    result = execute(planned, project=tmp_path)
    assert [(step.pipeline, step.outcome) for step in result.steps] == [("people", "loaded")]
    assert read_pipeline(tmp_path / "pipelines" / "people.yaml") == result.draft.pipelines[0]
