"""Reading of small files in a folder of their own."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from etl_agent.extract.dataset import Dataset, Tally
from etl_agent.extract.opening import open_dataset
from etl_agent.extract.spec import Extract


@dataclass
class Read:
    """All that one pass gives."""

    names: tuple[str, ...]
    rows: list[tuple[str | None, ...]]
    lines: list[int]
    numbers: list[int]
    raw: list[bytes]
    bad: list[tuple[int, str, bytes]]
    offsets: list[int]
    bad_offsets: list[int]
    tallies: tuple[Tally, ...]


def read_dataset(dataset: Dataset, *, rows: int = 100_000) -> Read:
    """Read a dataset once."""
    read = Read(dataset.names, [], [], [], [], [], [], [], ())
    for verdict in dataset.batches(rows=rows):
        origin = verdict.kept.origin
        assert len(verdict.kept) == verdict.kept.data.num_rows <= rows
        read.rows += list(zip(*(column.to_pylist() for column in verdict.kept.data.columns), strict=True))
        read.lines += origin.line.tolist()
        read.numbers += origin.row.tolist()
        read.raw += origin.raw_lines()
        read.offsets += origin.offset.tolist()
        for rejects in verdict.rejects:
            assert rejects.stage == "extract"
            assert list(rejects.raw) == rejects.origin.raw_lines()
            codes = ["+".join(reason["code"] for reason in json.loads(text)) for text in rejects.reasons.to_pylist()]
            read.bad += list(zip(rejects.origin.line.tolist(), codes, rejects.raw, strict=True))
            read.numbers += rejects.origin.row.tolist()
            read.bad_offsets += rejects.origin.offset.tolist()
    read.tallies = dataset.tallies()
    for tally in read.tallies:
        kinds = (tally.preamble, tally.header, tally.blank, tally.comment, tally.footnote, tally.record_lines)
        assert sum(kinds) == tally.lines
    assert sorted(read.numbers) == list(range(len(read.numbers)))
    assert sum(tally.good for tally in read.tallies) == len(read.rows)
    assert sum(tally.bad for tally in read.tallies) == len(read.bad)
    return read


@pytest.fixture
def opened(tmp_path: Path) -> Callable[..., Dataset]:
    """Open a dataset of files in the test's folder."""

    def open_files(*, variables: dict[str, str] | None = None, **spec: Any) -> Dataset:
        scratch = tmp_path / "scratch"
        scratch.mkdir(exist_ok=True)
        return open_dataset(
            Extract(**spec), project=tmp_path, variables=variables or {}, as_of=date(2025, 4, 3), scratch=scratch
        )

    return open_files


@pytest.fixture
def read(tmp_path: Path, opened: Callable[..., Dataset]) -> Callable[..., Read]:
    """Write one file and read it."""

    def write_and_read(content: bytes | str, *, name: str = "data.csv", rows: int = 100_000, **spec: Any) -> Read:
        (tmp_path / name).write_bytes(content.encode() if isinstance(content, str) else content)
        with opened(files=name, **spec) as dataset:
            return read_dataset(dataset, rows=rows)

    return write_and_read


@pytest.fixture
def read_all() -> Callable[..., Read]:
    """Read an opened dataset."""
    return read_dataset
