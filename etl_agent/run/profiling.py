"""Profile a dataset in one streaming pass."""

from __future__ import annotations

from typing import TYPE_CHECKING

from etl_agent.profile.table import TableFacts
from etl_agent.run.flow import ahead, in_order

if TYPE_CHECKING:
    from etl_agent.extract.dataset import Dataset
    from etl_agent.rejects import Verdict

__all__ = ["profile_dataset"]


def profile_dataset(dataset: Dataset) -> tuple[TableFacts, int]:
    """Return the facts of all rows as they were read, and how many records were malformed."""
    facts, malformed = TableFacts(), 0

    def observe(verdict: Verdict) -> tuple[TableFacts, int]:
        return TableFacts.observe(verdict.kept.data), sum(len(rejects) for rejects in verdict.rejects)

    for seen, bad in in_order(observe, ahead(dataset.batches(digest=False)), workers=2):
        facts, malformed = facts.combine(seen), malformed + bad
    return facts, malformed
