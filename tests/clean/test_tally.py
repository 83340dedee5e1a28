"""Steps that learn from the counts of values."""

from __future__ import annotations

import pyarrow as pa
import pytest

from etl_agent.clean.clusters import ClusterValues
from etl_agent.clean.misshapen import RepairShapes
from etl_agent.clean.tally import TalliedStep
from etl_agent.clean.typos import RepairTypos
from etl_agent.clean.words import RepairWords


@pytest.mark.parametrize("kind", [ClusterValues, RepairShapes, RepairTypos, RepairWords])
def test_a_step_that_learns_from_counts_learns_anew_and_can_forget_every_value(kind: type[TalliedStep]) -> None:
    """Tomorrow's values are others, so a lock keeps that the step runs and nothing of what it learned."""
    data = pa.RecordBatch.from_pydict({"town": ["Portland A-10"] * 20 + ["Protland A-10"] + ["Boston A-12"] * 20})
    step = kind.model_validate({"columns": ["town"]})
    pinned = step.fit(step.observe(data))
    assert pinned.fitted
    assert pinned.learns == "anew"
    assert not pinned.forgotten().fitted
    assert "Portland" not in pinned.forgotten().model_dump_json()
