"""Profile a dataset in one streaming pass."""

from __future__ import annotations

from typing import TYPE_CHECKING

from etl_agent.profile.profile import Profile
from etl_agent.run.flow import ahead, in_order

if TYPE_CHECKING:
    from etl_agent.extract.dataset import Dataset
    from etl_agent.rejects import Verdict

__all__ = ["profile_dataset"]

_WORKERS = 2
_MERGED = 6  # batches that are merged at a time: merging looks at all rows of their samples


def profile_dataset(dataset: Dataset) -> Profile:
    """Return the profile of all rows as they were read."""
    whole = Profile()

    def observe(verdict: Verdict) -> Profile:
        malformed = sum(len(rejects) for rejects in verdict.rejects)
        return Profile.observe(verdict.kept.data, verdict.kept.origin.row, malformed=malformed, like=whole.sample)

    waiting: list[Profile] = []
    for seen in in_order(observe, ahead(dataset.batches(digest=False)), workers=_WORKERS):
        waiting.append(seen)
        if len(waiting) == _MERGED:
            whole, waiting = whole.combine(*waiting), []
    return whole.combine(*waiting)
