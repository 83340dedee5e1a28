"""Fixtures of the tests of run/."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.run.project import Project


@pytest.fixture(autouse=True)
def scratch(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Keep the scratch folders of a test to itself."""
    folder = tmp_path_factory.mktemp("scratch")
    monkeypatch.setenv("ETL_AGENT_SCRATCH", str(folder))
    return folder


@pytest.fixture
def project(tmp_path: Path, target_url: str) -> Project:
    """Give an empty project folder with an empty target, one of each kind in turn."""
    folder = tmp_path / "project"
    folder.mkdir()
    return Project(folder, target_url)
