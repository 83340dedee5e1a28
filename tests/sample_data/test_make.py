"""The sample files are what their generator writes."""

from __future__ import annotations

import gzip
import runpy
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[2] / "sample_data"
CONTENT: dict[str, bytes] = runpy.run_path(str(FOLDER / "make.py"))["content"]()


@pytest.mark.parametrize("name", CONTENT)
def test_a_committed_file_is_the_generated_one(name: str) -> None:
    """What is committed cannot drift from sample_data/make.py."""
    data = (FOLDER / name).read_bytes()
    assert (gzip.decompress(data) if name.endswith(".gz") else data) == CONTENT[name]


def test_no_other_data_file_is_committed() -> None:
    """Every data file has its origin in the generator."""
    assert {path.name for path in FOLDER.glob("*.csv*")} == set(CONTENT)
