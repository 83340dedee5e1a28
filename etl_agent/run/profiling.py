"""Profile a dataset in one streaming pass."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from etl_agent.profile.profile import Profile
from etl_agent.profile.sample import SAMPLE_ROWS
from etl_agent.run.flow import ahead, in_order

if TYPE_CHECKING:
    from etl_agent.extract.dataset import Dataset
    from etl_agent.rejects import Verdict

__all__ = ["profile_dataset"]

_WORKERS = 2
_MOST_ROWS = 2 * SAMPLE_ROWS  # rows of samples that wait to be merged: merging looks at all of them
_MOST_WAITING = 16  # batches


def profile_dataset(dataset: Dataset) -> Profile:
    """Return the profile of all rows as they were read."""
    bare = pa.RecordBatch.from_pylist([], schema=pa.schema([(name, pa.string()) for name in dataset.names]))
    whole = Profile.observe(bare, np.arange(0))  # files without rows bring no batch, and have columns all the same

    def observe(verdict: Verdict) -> Profile:
        malformed = sum(len(rejects) for rejects in verdict.rejects)
        return Profile.observe(verdict.kept.data, verdict.kept.origin.row, malformed=malformed, like=whole.sample)

    waiting: list[Profile] = []
    for seen in in_order(observe, ahead(dataset.batches(digest=False)), workers=_WORKERS):
        waiting.append(seen)
        if len(waiting) == _MOST_WAITING or sum(len(piece.sample) for piece in waiting) >= _MOST_ROWS:
            whole, waiting = whole.combine(*waiting), []
    return whole.combine(*waiting)
