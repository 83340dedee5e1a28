"""What a draft writes into pipelines/: nothing twice, nothing over another's work without a yes, no secrets."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from etl_agent.errors import CannotCreate, UsageError
from etl_agent.orchestrate.file import read_pipeline
from etl_agent.orchestrate.planner.draft import PlanDraft, Point
from etl_agent.orchestrate.sequential import PipelineSpec
from etl_agent.run.plan_files import plan_files, refuse_password, save_plan


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Make a folder with data and nothing else."""
    (tmp_path / "orders.csv").write_text("id,at\n" + "".join(f"{n},2025-04-{n % 28 + 1:02}\n" for n in range(40)))
    return tmp_path


def draft(*, points: tuple[Point, ...] = (), **load: Any) -> PlanDraft:
    """Draft one pipeline."""
    spec = PipelineSpec.model_validate(
        {
            "version": 1,
            "name": "orders",
            "extract": {"files": "orders.csv"},
            "clean": [{"route": "days", "columns": ["at"], "among": ["iso_dates", "us_dates"]}],
            "load": {"to": "sqlite:///w.db", "table": "orders", **load},
        }
    )
    return PlanDraft(goal="load the orders", pipelines=(spec,), points=points)


def test_a_draft_becomes_a_pipeline_file_and_a_lock(project: Path) -> None:
    """What is written is an ordinary pipeline file, with the lock that ``lock`` would make."""
    made = draft()
    assert save_plan(plan_files(made, project=project)) == ("pipelines/orders.yaml", "pipelines/orders.lock.json")
    assert read_pipeline(project / "pipelines" / "orders.yaml") == made.pipelines[0]
    assert json.loads((project / "pipelines" / "orders.lock.json").read_text())["pipeline"] == "orders"


def test_nothing_is_written_before_it_is_saved(project: Path) -> None:
    """Saying what would be done does nothing."""
    files = plan_files(draft(), project=project)
    assert [file.name for file in files.changed] == ["pipelines/orders.yaml", "pipelines/orders.lock.json"]
    assert not (project / "pipelines").exists()


def test_the_same_draft_again_writes_nothing(project: Path) -> None:
    """Files that say the same are left alone, whatever words and comments a person gave them."""
    save_plan(plan_files(draft(), project=project))
    path = project / "pipelines" / "orders.yaml"
    path.write_text("# reviewed\n" + path.read_text().replace("{files: orders.csv}", "\n  files: [orders.csv]"))
    again = plan_files(draft(), project=project)
    assert again.changed == ()
    assert save_plan(again) == ()
    assert path.read_text().startswith("# reviewed")


def test_another_file_is_not_overwritten_without_a_yes(project: Path) -> None:
    """All stays as it was, and the error names the files and what to type."""
    save_plan(plan_files(draft(), project=project))
    before = {path: path.read_bytes() for path in (project / "pipelines").iterdir()}
    files = plan_files(draft(write_disposition="replace"), project=project)
    assert [file.name for file in files.overwritten] == ["pipelines/orders.yaml", "pipelines/orders.lock.json"]
    with pytest.raises(CannotCreate, match=r"pipelines/orders\.yaml.*--yes"):
        save_plan(files)
    assert {path: path.read_bytes() for path in (project / "pipelines").iterdir()} == before


def test_a_yes_overwrites(project: Path) -> None:
    """With a yes the new draft takes the place of what was there."""
    save_plan(plan_files(draft(), project=project))
    made = draft(write_disposition="replace")
    save_plan(plan_files(made, project=project), overwrite=True)
    assert read_pipeline(project / "pipelines" / "orders.yaml") == made.pipelines[0]


def test_the_difference_is_shown(project: Path) -> None:
    """A review sees what would change, as a unified diff; of a new file there is none."""
    assert plan_files(draft(), project=project).files[0].diff == ""
    save_plan(plan_files(draft(), project=project))
    diff = plan_files(draft(write_disposition="replace"), project=project).files[0].diff
    assert "--- pipelines/orders.yaml (is)" in diff
    assert "-  write_disposition: append\n+  write_disposition: replace" in diff


def test_a_file_that_is_no_pipeline_needs_a_yes_too(project: Path) -> None:
    """Whatever somebody keeps there is not lost by accident, bytes that are no text included."""
    (project / "pipelines").mkdir()
    (project / "pipelines" / "orders.yaml").write_bytes(b"note\xff: [")
    assert plan_files(draft(), project=project).overwritten


def test_reasons_stand_in_the_file(project: Path) -> None:
    """Whoever opens the file sees why, at the key that it is about, and what nobody chose is not commented."""
    points = (
        Point(pipeline="orders", key="load.table", reason="the goal names it", by="goal"),
        Point(pipeline="orders", key="clean.0", reason="days are written in two ways", by="profile"),
        Point(pipeline="orders", key="load.to", reason="given", by="default"),
    )
    text = plan_files(draft(points=points), project=project).files[0].after
    assert text.startswith("# etl-agent plan made this from: load the orders\n")
    assert "  # the goal names it (your goal)\n  table: orders" in text
    assert "  # days are written in two ways (the data)\n  - {route: days" in text
    assert "given" not in text


def test_a_lock_that_cannot_be_made_is_a_note(project: Path) -> None:
    """A pipeline whose data cannot be settled yet is written all the same, and the reader is told."""
    (project / "orders.csv").unlink()
    files = plan_files(draft(), project=project)
    assert [file.name for file in files.files] == ["pipelines/orders.yaml"]
    assert "no lock for orders" in files.notes[0]


@pytest.mark.parametrize(
    "to",
    [
        "postgresql://ann:hunter2@db/shop",
        "${DATABASE_URL:-postgresql://ann:hunter2@db/shop}",
        "postgresql://db/shop?password=hunter2",
    ],
)
def test_a_password_is_not_written_down(to: str) -> None:
    """A target with a password in clear is refused, without repeating it."""
    with pytest.raises(UsageError, match=r"\$\{DATABASE_URL\}") as caught:
        refuse_password(to)
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    "to",
    [
        "sqlite:///w.db",
        "${DATABASE_URL}",
        "postgresql://ann:${PASSWORD}@db/shop",
        "${DB:-sqlite:///w.db}",
        "postgresql://ann@db/shop",
    ],
)
def test_a_target_without_a_password_passes(to: str) -> None:
    """What comes from the environment is not written down."""
    refuse_password(to)
