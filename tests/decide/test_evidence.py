"""Tests of the evidence that decisions are made on, as steps change it."""

import pyarrow as pa

from etl_agent.clean.text import Strip
from etl_agent.decide.evidence import Evidence
from etl_agent.profile.coded import CodedTable
from etl_agent.profile.table import TableFacts

SAMPLE = pa.RecordBatch.from_pydict({"town": [" Oslo", "Bergen", None], "code": ["1", "2", "3"]})


def test_what_a_step_leaves_as_it_was_stays_known() -> None:
    """Only the columns that a step changed are looked at again."""
    before = Evidence(SAMPLE, 3)
    after = before.after(Strip(columns=("town",)))
    assert after.coded.columns["code"] is before.coded.columns["code"]
    assert after.facts.columns["code"] is before.facts.columns["code"]
    assert after.coded.columns["town"].texts == ("Bergen", "Oslo")


def test_the_facts_are_those_of_the_sample() -> None:
    """Facts that were carried over are those that the changed sample gives."""
    after = Evidence(SAMPLE, 3).after(Strip(columns=("town",)))
    fresh = Evidence(after.sample, 3)
    assert after == fresh
    assert after.kinds == fresh.kinds
    assert repr(after.facts) == repr(TableFacts.observe(after.sample))
    assert {name: column.texts for name, column in after.coded.columns.items()} == {
        name: column.texts for name, column in CodedTable.of(after.sample).columns.items()
    }
