"""A strategy is written once, and its columns are looked up in each dataset."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pytest

from etl_agent.clean.step import Step
from etl_agent.decide.evidence import Evidence
from etl_agent.decide.measures import Measures
from etl_agent.decide.strategy import AUTO, LEAVE, Selector, Strategy, proposers_of, selected, suited
from etl_agent.errors import SpecInvalid
from etl_agent.orchestrate.file import parse_spec

TABLE = {
    "id": ["1", "2", "3", "4", "5", "6"],
    "price": ["$1.50", "$2.00", "$13.25", "$4.00", None, "$1.50"],
    "paid": ["yes", "no", "no", "yes", "yes", "yes"],
    "home_mail": ["a@x.de", "b@x.de", "c@y.de", "d@z.de", None, "e@x.de"],
    "work_mail": ["a@w.de", "b@w.de", "c@w.de", "d@w.de", "f@w.de", "e@w.de"],
}


def evidence(table: dict[str, list[str | None]] = TABLE) -> Evidence:
    """Make evidence of a whole table."""
    sample = pa.RecordBatch.from_pydict({name: pa.array(cells, pa.string()) for name, cells in table.items()})
    return Evidence(sample, sample.num_rows)


def strategy(*clean: dict[str, Any], **more: Any) -> Strategy:
    """Make a strategy."""
    return Strategy.model_validate({"name": "own", "description": "Mine.", "clean": clean, **more})


def steps(made: Strategy, *columns: str) -> list[Step]:
    """Return the steps that a strategy proposes, before anything is judged."""
    seen = evidence()
    proposers = proposers_of(made, columns=columns or seen.names)
    return [proposal.step for propose in proposers for proposal in propose(seen)]


def found(*, columns: tuple[str, ...] = tuple(TABLE), **said: Any) -> list[str]:
    """Name the columns that a selector finds."""
    return list(selected(Selector.model_validate(said), Measures(evidence()), columns=columns))


def test_columns_by_kind() -> None:
    """Columns are found by one kind or several, in the order of the table."""
    assert found(kind="email") == ["home_mail", "work_mail"]
    assert found(kind=["money", "boolean"]) == ["price", "paid"]


def test_columns_by_name() -> None:
    """Columns are found by their whole name."""
    assert found(matches=".*_mail") == ["home_mail", "work_mail"]
    assert found(matches="mail") == []


def test_columns_by_what_is_measured() -> None:
    """A condition is asked of each column in turn; one about a column that is not there finds none."""
    assert found(when={"measure": "null_share", "column": "$column", "gt": 0}) == ["price", "home_mail"]
    asked = {"all": [{"measure": "null_share", "column": "$column", "gt": 0}, {"measure": "row_count", "gt": 5}]}
    assert found(kind="email", when={"any": [asked]}) == ["home_mail"]
    assert found(when={"not": {"measure": "null_share", "column": "$column", "gt": 0}})[:1] == ["id"]
    assert found(when={"measure": "null_share", "column": "nowhere", "gt": 0}) == []


def test_only_among_the_columns_given() -> None:
    """A column that the strategy is not used on is never found."""
    assert found(kind="email", columns=("work_mail", "price")) == ["work_mail"]
    assert [step.reads(()) for step in steps(strategy({"step": "strip"}), "paid", "id")] == [("paid",), ("id",)]


def test_a_step_without_columns_is_left_out() -> None:
    """Where nothing is found, and where a named column is not there, there is no step."""
    made = strategy(
        {"step": "phone", "columns": {"kind": "phone"}, "region": "DE"},
        {"step": "strip", "columns": ["elsewhere"]},
        {"step": "strip", "columns": ["elsewhere", "paid"]},
    )
    assert [step.reads(()) for step in steps(made)] == [("paid",)]


def test_a_step_keeps_its_other_parameters() -> None:
    """What the strategy says stands in the step, defaults are those of the step itself."""
    (step,) = steps(strategy({"step": "numbers", "columns": {"kind": "money"}, "decimal_mark": "."}))
    assert type(step).__module__ == "etl_agent.clean.numbers"
    assert step.model_dump(exclude_unset=True) == {"step": "numbers", "columns": ("price",), "decimal_mark": "."}


def test_a_step_on_rows_stays_one() -> None:
    """A step that works cell by cell is proposed for each column alone, one that joins columns is not."""
    made = strategy(
        {"step": "deduplicate", "columns": ["id", "paid"]}, {"step": "case", "columns": "all", "to": "lower"}
    )
    assert [step.reads(tuple(TABLE)) for step in steps(made)] == [("id", "paid"), *[(name,) for name in TABLE]]


def test_what_is_composed_stays_within_the_columns() -> None:
    """Steps that families propose are narrowed to the columns that the strategy is used on."""
    cells = [" a", "b", "c", "d", "e", "f"]
    seen = evidence({"x": list(cells), "y": list(cells)})
    made = strategy(propose="text")
    both = [p.step for propose in proposers_of(made, columns=("x", "y")) for p in propose(seen)]
    one = [p.step for propose in proposers_of(made, columns=("y",)) for p in propose(seen)]
    assert {name for step in both for name in step.writes(seen.names)} == {"x", "y"}
    assert {name for step in one for name in step.writes(seen.names)} == {"y"}
    assert len(one) == len(both) > 0


def test_suits() -> None:
    """A strategy suits where each of its entries finds a column, and says what it found."""
    measures = Measures(evidence())
    made = strategy(suits=[{"kind": "money"}, {"kind": "email"}])
    suits = suited(made, measures, columns=tuple(TABLE))
    assert suits is not None
    assert suits.columns == ("price", "home_mail", "work_mail")
    assert suits.reason == "price is of kind money; home_mail is of kind email"
    assert suited(made, measures, columns=("price",)) is None
    assert suited(strategy(), measures, columns=tuple(TABLE)) is None


def test_special_ones_suit_anything() -> None:
    """``auto`` and ``leave`` suit whatever columns there are; ``leave`` does nothing."""
    measures = Measures(evidence())
    assert suited(AUTO, measures, columns=("id",)) and suited(LEAVE, measures, columns=("id",))
    assert proposers_of(LEAVE, columns=("id",)) == ()


MISTAKES = [
    ("clean: [{step: stripp}]", "did you mean 'strip'?"),
    ("clean: [{step: numbers, columns: {knd: money}}]", "did you mean 'kind'?"),
    ("clean: [{step: numbers, columns: {kind: mony}}]", "did you mean 'money'?"),
    ("clean: [{step: numbers, columns: {kind: money}, decimal_mrk: '.'}]", "did you mean 'decimal_mark'?"),
    ("clean: [{step: strip, columns: {}}]", "at least one of: kind, matches, when"),
    ("clean: [{step: drop, columns: a}]", "'drop' is not valid here"),
    ("clean: [{step: numbers, decimal_mark: '.'}]", "the key 'columns' is missing"),
    ("suits: {kind: money, when: {measure: nul_share, column: $column, gt: 0}}", "did you mean 'null_share'?"),
    ("suits: [{kinds: money}]", "did you mean 'kind'?"),
    ("propose: txt", "did you mean 'text'?"),
    ("propose: [text, nothing]", "there is no family 'nothing'"),
]


@pytest.mark.parametrize(("text", "said"), MISTAKES, ids=[text for text, _ in MISTAKES])
def test_mistakes(text: str, said: str) -> None:
    """A slip in a strategy's file is one mistake that says what is right there."""
    with pytest.raises(SpecInvalid) as caught:
        parse_spec(f"name: own\ndescription: Mine.\n{text}\n", Strategy, name="own.yaml")
    assert len(caught.value.mistakes) == 1, caught.value.mistakes
    assert said in caught.value.mistakes[0]
