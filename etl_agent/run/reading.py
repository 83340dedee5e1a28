"""Open files for commands that read and do not load."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path

from etl_agent import collector
from etl_agent.extract.dataset import Dataset
from etl_agent.extract.opening import open_dataset
from etl_agent.extract.spec import Extract
from etl_agent.run.run_id import new_run_id
from etl_agent.run.scratch import scratch_folder

__all__ = ["open_files", "open_scratch"]


@contextlib.contextmanager
def open_files(
    spec: Extract, *, project: Path, as_of: date, variables: Mapping[str, str] | None = None
) -> Iterator[tuple[Dataset, Path]]:
    """Open a dataset with a scratch folder of its own.

    Args:
        spec: what to read.
        project: the folder that relative paths are relative to.
        as_of: the day that ``{date}`` stands for.
        variables: values for templates in paths.
    """
    with open_scratch() as scratch:
        dataset = open_dataset(spec, project=project, variables=variables or {}, as_of=as_of, scratch=scratch)
        with dataset:
            yield dataset, scratch


@contextlib.contextmanager
def open_scratch() -> Iterator[Path]:
    """Give a scratch folder to a command that reads and does not load."""
    collector.resume()
    with scratch_folder(run_id=new_run_id()) as scratch:
        yield scratch
