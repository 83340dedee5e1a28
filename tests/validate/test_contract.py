"""Contracts judge every check of every row and keep typed rows."""

import json
import re
from decimal import Decimal
from pathlib import Path

import pandas as pd
import pandera.pandas as pandera
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from etl_agent.errors import ConfigurationError, Drifted, EtlAgentError
from etl_agent.shape import TEXT, ColumnType
from etl_agent.validate.contract import compile_contract
from etl_agent.validate.judging import TypesDrifted
from etl_agent.validate.spec import Validate


def contract(names=None, types=None, **section):
    return compile_contract(Validate.model_validate(section), project=Path(), names=names, types=types)


def reasons(judged):
    return [json.loads(text) for rejects in judged.rejects for text in rejects.reasons.to_pylist()]


def test_a_kept_batch_has_exactly_the_types_of_the_shape(batch):
    """What passes is typed as the contract says, to the last Arrow detail."""
    made = contract(contract={"n": {"type": "integer"}, "d": {"type": "decimal(5,2)"}, "t": {"type": "timestamp"}})
    judged = made.judge(batch(t=["2024-01-01 12:00"], n=["7"], d=["1.5"]))
    assert judged.kept.data.schema == made.shape.arrow()
    assert judged.rejects == ()


def test_all_reasons_of_a_row_are_kept(batch):
    """A row that fails four checks has four reasons, in the contract's order."""
    made = contract(
        contract={
            "id": {"matches": r"O-\d+", "max_length": 3},
            "n": {"type": "integer"},
            "m": {"type": "integer", "min": 0},
        }
    )
    judged = made.judge(batch(id=["bad one", "O-1"], n=["x", "1"], m=[None, "1"]))
    assert reasons(judged) == [
        [
            {"code": "constraint-error", "column": "id", "check": r"matches: O-\d+"},
            {"code": "constraint-error", "column": "id", "check": "max_length: 3"},
            {"code": "type-error", "column": "n", "check": "integer"},
            {"code": "required-value", "column": "m"},
        ]
    ]
    assert judged.kept.data.to_pylist() == [{"id": "O-1", "n": 1, "m": 1}]


def test_a_pattern_matches_the_whole_cell(batch):
    """Neither a longer cell nor a line end behind it matches."""
    made = contract(contract={"x": {"matches": "a|ab"}})
    assert made.judge(batch(x=["ab", "a", "abc", "a\n", "xa"])).kept.data.to_pydict() == {"x": ["ab", "a"]}


def test_a_pair_of_columns_is_judged_beside_a_misfit_elsewhere(batch):
    """A type error in one column hides no failed comparison of two others."""
    made = contract(
        contract={"a": {"type": "date"}, "b": {"type": "date", "nullable": True}, "n": {"type": "integer"}},
        checks=[{"column": "a", "le": "b"}],
    )
    judged = made.judge(batch(a=["2024-02-01"] * 3, b=["2024-01-01", None, "2024-02-01"], n=["x", "1", "1"]))
    assert reasons(judged) == [
        [
            {"code": "type-error", "column": "n", "check": "integer"},
            {"code": "row-constraint", "check": "a le b"},
        ]
    ]


def test_uniqueness_is_told_and_not_judged_by_batch(batch):
    """Equal values in a batch pass here; who sees the whole dataset is told the columns."""
    made = contract(contract={"a": {"unique": True}, "b": {}}, unique=[["a", "b"], ["b"]])
    assert made.unique == (("a",), ("a", "b"), ("b",))
    assert len(made.judge(batch(a=["1", "1"], b=["2", "2"])).kept) == 2


def test_a_column_that_may_be_missing_is_null(batch):
    """A column that is not required and not there is filled with nulls of its type."""
    made = contract(contract={"a": {}, "n": {"type": "integer", "required": False, "nullable": True}})
    assert made.judge(batch(a=["x"])).kept.data.to_pylist() == [{"a": "x", "n": None}]


def test_a_required_column_that_nothing_brings_is_named():
    """The error names the column and what looks like it."""
    with pytest.raises(ConfigurationError, match=re.escape("'amount'")) as caught:
        contract(contract={"amount": {}}, names=["amuont", "x"])
    assert caught.value.choices == ("amuont",)


def test_evolve_adds_unknown_columns_as_text(batch):
    """Under evolve a new column is nullable text at the end."""
    made = contract(contract={"a": {}}, drift={"columns": "evolve"}, names=["b", "a"])
    assert made.judge(batch(b=[None], a=["x"])).kept.data.to_pylist() == [{"a": "x", "b": None}]


def test_frozen_types_refuse_the_run_and_keep_the_verdict(batch):
    """One misfit refuses everything, and the rejects are there to be recorded."""
    made = contract(contract={"n": {"type": "integer"}}, drift={"types": "freeze"})
    with pytest.raises(TypesDrifted, match=r"rows\.csv:3.*n \(integer\): 1 rows") as caught:
        made.judge(batch(n=["1", "x"]))
    assert reasons(caught.value.verdict) == [[{"code": "type-error", "column": "n", "check": "integer"}]]


def test_discarded_values_are_returned_for_the_ledger(batch):
    """By the user's word a misfit becomes null, and comes back as a change; rejected rows lose nothing."""
    made = contract(
        contract={"n": {"type": "integer", "nullable": True}, "m": {"type": "integer"}},
        drift={"types": "discard_value"},
    )
    judged = made.judge(batch(n=["x", "y", "3"], m=["1", "z", "3"]))
    assert [(lost.column, lost.before.to_pylist()) for lost in judged.discarded] == [("n", ["x"])]
    assert judged.kept.data.to_pylist() == [{"n": None, "m": 1}, {"n": 3, "m": 3}]
    assert reasons(judged) == [[{"code": "type-error", "column": "m", "check": "integer"}]]


def test_without_a_contract_columns_are_text_or_what_was_inferred(batch):
    """No contract needs no pandera, and inferred types are kept to."""
    made = contract(types={"n": ColumnType("integer")}, names=["n", "x"])
    judged = made.judge(batch(n=["1", "x"], x=["NA", ""]))
    assert judged.kept.data.to_pylist() == [{"n": 1, "x": "NA"}]
    assert made.schema is None


def test_an_empty_batch_is_judged(batch):
    """No rows in, no rows out, of the right types."""
    made = contract(contract={"n": {"type": "integer", "min": 0}}, checks=[{"column": "n", "eq": "n"}])
    assert made.judge(batch(n=[])).kept.data.schema == made.shape.arrow()


def test_a_row_that_pandera_refuses_is_a_loud_bug(batch, monkeypatch):
    """If a kernel passed what pandera does not, nothing goes on in silence."""
    monkeypatch.setattr(
        "etl_agent.validate.checks.kernel", lambda check, *, arrow: lambda values: pa.array([True] * len(values))
    )
    made = contract(contract={"n": {"type": "integer", "max": 1}})
    with pytest.raises(EtlAgentError, match=r"pandera refuses.*max: 1.*bug") as caught:
        made.judge(batch(n=["2"]))
    assert caught.value.exit_code == 70


def test_a_widened_type_replaces_the_contracts(batch):
    """What a survey widened is cast and certified as the wider type, its bounds among it."""
    made = contract(
        contract={"n": {"type": "integer", "min": 0}},
        types={"n": ColumnType("decimal", 20, 1)},
        drift={"types": "evolve"},
    )
    assert made.judge(batch(n=["1.5", "-1"])).kept.data.to_pydict() == {"n": [Decimal("1.5")]}


def test_a_bound_that_a_widened_type_cannot_have_is_refused():
    """A column that became text has no minimum: better refused than not judged."""
    with pytest.raises(Drifted, match="its min and max"):
        contract(contract={"n": {"type": "integer", "min": 0}}, types={"n": TEXT}, drift={"types": "evolve"})


def test_the_schema_is_a_real_one_that_judges_frames_alone():
    """What a contract compiles to is pandera's own, uniqueness included, for use without us."""
    schema = contract(contract={"n": {"type": "integer", "min": 0, "unique": True}}).schema
    good = pd.DataFrame({"n": pd.array([1, 2], dtype=pd.ArrowDtype(pa.int64()))})
    assert schema.validate(good).equals(good)
    with pytest.raises(pandera.errors.SchemaErrors) as caught:
        schema.validate(pd.DataFrame({"n": pd.array([-1, -1], dtype=pd.ArrowDtype(pa.int64()))}), lazy=True)
    assert set(caught.value.failure_cases["check"]) == {"min: 0", "field_uniqueness"}


@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.one_of(st.none(), st.sampled_from(["O-1", "O-22", "x", ""])),
            st.one_of(st.none(), st.sampled_from(["1", "-1", "99", "1.5", "00", "x"])),
            st.one_of(st.none(), st.sampled_from(["2024-01-01", "2024-02-30", "2025-01-01"])),
        ),
        max_size=12,
    )
)
def test_every_row_is_kept_or_rejected_whatever_stands_beside_it(batch, rows):
    """Law: rows in = kept + rejected, and a row's reasons are the same alone and in a batch."""
    made = contract(
        contract={
            "id": {"matches": r"O-\d+"},
            "n": {"type": "integer", "min": 0, "max": 50, "nullable": True},
            "d": {"type": "date", "max": "2024-12-31"},
        },
    )

    def outcome(part):
        judged = made.judge(
            batch(**{name: [row[place] for row in part] for place, name in enumerate(("id", "n", "d"))})
        )
        rejected = {
            int(row): text
            for rejects in judged.rejects
            for row, text in zip(rejects.origin.row, rejects.reasons.to_pylist(), strict=True)
        }
        kept = set(judged.kept.origin.row.tolist())
        assert kept | set(rejected) == set(range(len(part)))
        assert not kept & set(rejected)
        return [rejected.get(place) for place in range(len(part))]

    assert outcome(rows) == [outcome([row])[0] for row in rows]
