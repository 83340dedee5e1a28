"""Conditions are a closed vocabulary of measures; each says what it measured, and slips are one mistake."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pytest
from pydantic import TypeAdapter

from etl_agent.decide.conditions import Condition, columns_of, holds, leaves
from etl_agent.decide.evidence import Evidence
from etl_agent.decide.measures import Measures
from etl_agent.decide.vocabulary import MEASURES
from etl_agent.errors import ConfigurationError, SpecInvalid
from etl_agent.frozen import Frozen
from etl_agent.orchestrate.file import parse_spec
from etl_agent.profile.facts import ColumnFacts
from etl_agent.profile.table import TableFacts

SAMPLE = pa.RecordBatch.from_pydict(
    {
        "id": pa.array(["1", "2", "3", "4"]),
        "email": pa.array(["a@x.de", None, "", "nobody"], pa.string()),
        "price": pa.array(["1.5", "-2", "40", None], pa.string()),
        "shop": pa.array(["kiel", "kiel", "kiel", "kiel"]),
    }
)
MEASURED = Measures(
    Evidence(SAMPLE, 4), rejects=lambda: 0.25, drifted=False, files=("data/orders_1.csv", "data/orders_2.csv")
)
CONDITIONS: TypeAdapter[Condition] = TypeAdapter(Condition)


def condition(**said: Any) -> Condition:
    """Make a condition of what a file says."""
    return CONDITIONS.validate_python(said)


TRUE = [
    {"measure": "null_share", "column": "email", "eq": 0.25},
    {"measure": "null_share", "column": "email", "between": [0.2, 0.3]},
    {"measure": "empty_share", "column": "email", "gt": 0.49, "lt": 0.51},
    {"measure": "distinct", "column": "id", "eq": 4},
    {"measure": "distinct_share", "column": "email", "ge": 1},
    {"measure": "min", "column": "price", "lt": 0},
    {"measure": "max", "column": "price", "eq": 40},
    {"measure": "median", "column": "price", "between": [1.48, 1.52]},
    {"measure": "longest", "column": "email", "le": 6},
    {"measure": "matches_pattern_share", "column": "email", "pattern": ".+@.+", "gt": 0.3, "lt": 0.4},
    {"measure": "matches_kind", "column": "shop", "kind": "constant"},
    {"measure": "matches_kind", "column": "shop", "kind": ["category", "constant"]},
    {"measure": "has_column", "column": "id"},
    {"measure": "duplicate_share", "eq": 0},
    {"measure": "duplicate_share", "columns": "shop", "eq": 0.75},
    {"measure": "reject_share", "gt": 0.2},
    {"measure": "row_count", "eq": 4},
    {"measure": "column_count", "between": [4, 4]},
    {"measure": "file_name", "matches": "orders_\\d\\.csv"},
    {"not": {"measure": "drifted"}},
    {"not": {"measure": "file_name", "matches": "orders_1.*"}},
    {"not": {"measure": "has_column", "column": "phone"}},
    {"all": [{"measure": "row_count", "gt": 3}, {"measure": "column_count", "lt": 9}]},
    {"any": [{"measure": "row_count", "gt": 4}, {"measure": "column_count", "lt": 9}]},
]


@pytest.mark.parametrize("said", TRUE, ids=str)
def test_holds(said: dict[str, Any]) -> None:
    """Each measure is what it says, and its opposite does not hold."""
    assert holds(condition(**said), MEASURED).holds
    assert not holds(condition(**{"not": said}), MEASURED).holds


@pytest.mark.parametrize("said", TRUE, ids=str)
def test_json_and_back(said: dict[str, Any]) -> None:
    """A condition comes back from JSON, by the keys of the file and by the names of its fields."""
    made = condition(**said)
    for by_alias in (True, False):
        assert CONDITIONS.validate_json(CONDITIONS.dump_json(made, by_alias=by_alias)) == made
    assert CONDITIONS.validate_python(made) == made


def test_every_measure_has_a_case() -> None:
    """The cases above leave no measure of the catalogue out."""
    assert {type(leaf) for said in TRUE for leaf in leaves(condition(**said))} == set(MEASURES)


def test_figures_of_every_leaf() -> None:
    """The outcome has the figure of every leaf, also of one that could not change the answer."""
    said = {
        "any": [
            {"measure": "row_count", "gt": 1},
            {"all": [{"measure": "null_share", "column": "email", "gt": 0.5}, {"measure": "drifted"}]},
        ]
    }
    outcome = holds(condition(**said), MEASURED)
    assert outcome.holds
    assert outcome.figures == {"row_count": 4, "null_share(email)": 0.25, "drifted": 0}
    assert outcome.reason == (
        "row_count is 4, above 1; null_share(email) is 0.25, not above 0.5; the columns have not drifted"
    )


NOTHING = [
    {"measure": "min", "column": "email", "lt": 5},
    {"measure": "drifted"},
    {"measure": "reject_share", "lt": 1},
    {"measure": "file_name", "matches": ".*"},
]


@pytest.mark.parametrize("said", NOTHING, ids=str)
def test_nothing_to_measure(said: dict[str, Any]) -> None:
    """Where there is nothing to measure neither a condition nor its opposite holds, and the reason says so."""
    measures = Measures(Evidence(SAMPLE, 4))
    for each in (said, {"not": said}, {"all": [said]}, {"any": [said]}):
        outcome = holds(condition(**each), measures)
        assert not outcome.holds
        assert outcome.figures == {}
    assert "there is n" in outcome.reason


def test_unknown_parts_decide_only_what_they_must() -> None:
    """A false part makes ``all`` false and a true one makes ``any`` true, whatever the unknown part is."""
    unknown, true = {"measure": "drifted"}, {"measure": "row_count", "gt": 1}
    measures = Measures(Evidence(SAMPLE, 4))
    assert holds(condition(any=[unknown, true]), measures).holds
    assert holds(condition(**{"not": {"all": [unknown, {"not": true}]}}), measures).holds
    assert not holds(condition(all=[unknown, true]), measures).holds


def test_no_rows() -> None:
    """A dataset without rows has counts, but no shares."""
    measures = Measures(Evidence(SAMPLE.slice(0, 0), 0))
    assert holds(condition(measure="row_count", eq=0), measures).holds
    assert not holds(condition(measure="null_share", column="email", ge=0), measures).holds
    assert not holds(condition(measure="duplicate_share", ge=0), measures).holds


def test_repeats_of_a_sample_are_not_counted() -> None:
    """Where only a sample was seen, the share of duplicates is not made up; who knows it can say it."""
    sampled = Evidence(SAMPLE, 1000)
    said = condition(measure="duplicate_share", ge=0)
    assert not holds(said, Measures(sampled)).holds
    assert holds(said, Measures(sampled, repeats=lambda columns: 0.5)).figures == {"duplicate_share": 0.5}


def test_facts_of_the_whole_survey_win() -> None:
    """Facts of the whole dataset are used before those of the sample."""
    facts = TableFacts(9, {"price": ColumnFacts.observe(pa.array(["100"] * 9))})
    measures = Measures(Evidence(SAMPLE, 9), facts=facts)
    assert holds(condition(measure="max", column="price", gt=0), measures).figures == {"max(price)": 100}


def test_unknown_column() -> None:
    """A column that is not there is refused with its near names, rather than taken as false."""
    with pytest.raises(ConfigurationError, match="did you mean 'email'"):
        holds(condition(measure="null_share", column="emial", gt=0), MEASURED)


def test_column_that_may_be_missing() -> None:
    """A condition that asks whether a column is there may measure it too."""
    asked = condition(
        all=[{"measure": "has_column", "column": "phone"}, {"measure": "null_share", "column": "phone", "gt": 0}]
    )
    assert columns_of(asked) == ()
    assert not holds(asked, MEASURED).holds


def test_columns_of() -> None:
    """The columns of a condition are those of all its parts, each once."""
    said = {
        "any": [
            {"measure": "null_share", "column": "b", "gt": 0},
            {"not": {"measure": "duplicate_share", "columns": ["a", "b"], "gt": 0}},
        ]
    }
    assert columns_of(condition(**said)) == ("b", "a")


class Branch(Frozen):
    """A file that holds a condition."""

    when: Condition


MISTAKES = [
    ("{measure: nul_share, column: a, gt: 0}", "did you mean 'null_share'?"),
    ("{mesure: null_share, column: a, gt: 0}", "did you mean 'measure'?"),
    ("{measure: null_share, colum: a, gt: 0}", "did you mean 'column'?"),
    ("{measure: null_share, column: a, gtt: 0}", "did you mean 'gt'?"),
    ("{measure: null_share, column: a}", "a number is compared by one of: gt, ge, lt, le, eq, between"),
    ("{measure: null_share, gt: 0}", "the key 'column' is missing"),
    ("{measure: null_share, column: a, gt: 20}", "must be at most 1"),
    ("{measure: row_count, gt: 2.5}", "expected a whole number"),
    ("{measure: row_count, gt: -1}", "must be at least 0"),
    ("{measure: row_count, between: [5, 1]}", "no number is at least 5 and at most 1"),
    ("{measure: row_count, gt: 5, lt: 5}", "no number is above 5 and below 5"),
    ("{measure: matches_kind, column: a, kind: mony}", "did you mean 'money'?"),
    ("{measure: matches_pattern_share, column: a, pattern: '(', gt: 0}", "no regular expression"),
    ("{measure: file_name, matches: '('}", "no regular expression"),
    ("{all: [{measure: row_count, gt: 1}, {measure: row_cuont, gt: 1}]}", "did you mean 'row_count'?"),
    ("{any: []}", "must not be empty"),
    ("{not: {measure: row_count, gr: 1}}", "'gt'"),
    ("{measure: row_count, gt: 1, all: [{measure: drifted}]}", "of the keys 'measure' and 'all' only one"),
    ("{}", "'measure' or 'all' or 'any' or 'not'"),
    ("drifted", "expected a mapping"),
    ("{all: {any: [{not: {measure: drifted, column: x}}]}}", "expected a list"),
]


@pytest.mark.parametrize(("text", "said"), MISTAKES, ids=[text for text, _ in MISTAKES])
def test_mistakes(text: str, said: str) -> None:
    """A slip in a condition is one mistake, at its place, which says what is right there."""
    with pytest.raises(SpecInvalid) as caught:
        parse_spec(f"when: {text}", Branch, name="p.yaml")
    assert len(caught.value.mistakes) == 1, caught.value.mistakes
    assert said in caught.value.mistakes[0]
