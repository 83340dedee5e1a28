"""Open files for commands that read and do not load."""

from __future__ import annotations

import contextlib
import gc
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path

from etl_agent.extract.dataset import Dataset, open_dataset
from etl_agent.extract.spec import Extract
from etl_agent.run.run_id import new_run_id
from etl_agent.run.scratch import scratch_folder

__all__ = ["collect_again", "open_files"]


def collect_again() -> None:
    """Switch the cycle collector on again before rows flow; it need never look at what is imported by then.

    The command line starts without it.
    """
    if not gc.isenabled():
        gc.freeze()
        gc.enable()


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
    collect_again()
    with scratch_folder(run_id=new_run_id()) as scratch:
        dataset = open_dataset(spec, project=project, variables=variables or {}, as_of=as_of, scratch=scratch)
        with dataset:
            yield dataset, scratch
