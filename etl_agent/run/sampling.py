"""The evidence of a dataset: one pass over it that keeps a sample of its rows."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

import pyarrow as pa

from etl_agent.decide.evidence import Evidence
from etl_agent.profile.sample import SAMPLE_ROWS, RowSample
from etl_agent.run.flow import ahead, in_order

if TYPE_CHECKING:
    from etl_agent.extract.dataset import Dataset
    from etl_agent.rejects import Verdict

__all__ = ["evidence_of"]

_WORKERS = 2
_MOST_WAITING = 4 * SAMPLE_ROWS  # rows: merging costs a look at all of them


def evidence_of(dataset: Dataset, *, keys: Collection[str] = ()) -> Evidence:
    """Read a dataset once and return what decisions are made on.

    Args:
        dataset: the files.
        keys: columns of which no proposed step may change a cell.
    """
    sample = RowSample()

    def observe(verdict: Verdict) -> RowSample:
        return RowSample.of(verdict.kept.data, verdict.kept.origin.row, limit=sample.limit)

    waiting: list[RowSample] = []
    for seen in in_order(observe, ahead(dataset.batches(digest=False)), workers=_WORKERS):
        waiting.append(seen)
        if sum(len(piece) for piece in waiting) >= _MOST_WAITING:
            sample, waiting = sample.combine(*waiting), []
    sample = sample.combine(*waiting)
    empty = pa.RecordBatch.from_pydict({name: pa.array([], pa.string()) for name in dataset.names})
    return Evidence(sample.data if sample.data is not None else empty, sample.seen, frozenset(keys))
