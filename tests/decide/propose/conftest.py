"""What the tests of proposers share: columns as the proposed steps leave them, whatever the gate would say."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import pyarrow as pa
import pytest

from etl_agent.decide.evidence import Evidence
from etl_agent.decide.propose import Proposer

Cells = Sequence[str | None]
Cleaned = Callable[..., dict[str, list[str | None]]]


@pytest.fixture
def cleaned() -> Cleaned:
    """Return what asks proposers in turn and gives the columns back as all their steps leave them."""

    def clean(columns: Mapping[str, Cells], *proposers: Proposer, keys: Sequence[str] = ()) -> dict[str, Cells]:
        data = pa.RecordBatch.from_pydict({name: pa.array(cells, pa.string()) for name, cells in columns.items()})
        evidence = Evidence(data, data.num_rows, frozenset(keys))
        for propose in proposers:
            for proposal in tuple(propose(evidence)):
                evidence = evidence.after(evidence.pinned(proposal.step))
        return {name: evidence.sample.column(name).to_pylist() for name in columns}

    return clean
