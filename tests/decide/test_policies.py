"""Each policy gives one typed answer, says why, and passes every step through the gate."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from etl_agent.ask import Unanswered
from etl_agent.decide.by_model import question_of
from etl_agent.decide.choice import Choice, Routing, attempt, decision_of
from etl_agent.decide.evidence import Evidence
from etl_agent.decide.ladder import choose
from etl_agent.decide.merit import merit_of
from etl_agent.decide.policies import RoutePolicy
from etl_agent.decide.strategies import known_strategies
from etl_agent.decide.strategy import AUTO, LEAVE, Strategy
from etl_agent.testing import FAILURES, AdversarialAsk, FailingAsk, ScriptedAsk

KNOWN = known_strategies()
US = [f"${amount:,}.{cents:02d}" for amount, cents in zip(range(900, 1500, 12), range(0, 100, 2), strict=True)]
EU = [cell[1:].replace(",", "_").replace(".", ",").replace("_", ".") + " €" for cell in US]
DOUBTFUL = [f"${amount:,}" for amount in range(1100, 9000, 157)]
WIPE = Strategy.model_validate(
    {
        "name": "wipe",
        "description": "Throw everything away.",
        "suits": {"kind": ["money", "number"]},
        "clean": [{"step": "map_values", "columns": "all", "values": {"?": None}, "otherwise": "null"}],
    }
)


def routing(cells: list[str], *among: str | Strategy, failures: Any = None, **more: Any) -> Routing:
    """Ask for a strategy for a column of cells."""
    sample = pa.RecordBatch.from_pydict({"amount": pa.array(cells, pa.string())})
    strategies = tuple(each if isinstance(each, Strategy) else KNOWN[each] for each in among)
    return Routing("amounts", ("amount",), strategies, Evidence(sample, len(cells)), failures=failures, **more)


def not_a_number(sample: pa.RecordBatch) -> int:
    """Count the rows that a contract of decimals rejects."""
    return sample.num_rows - int(pc.sum(pc.match_substring_regex(sample.column(0), r"^-?\d+\.\d\d$")).as_py() or 0)


def cleaned(asked: Routing, choice: Choice) -> list[str | None]:
    """Return the cells that the steps of a choice leave."""
    evidence = asked.evidence
    for step in choice.steps:
        evidence = evidence.after(evidence.pinned(step))
    cells: list[str | None] = evidence.sample.column(0).to_pylist()
    return cells


@pytest.mark.parametrize("by", ["rule", "trial", "auto", "model"])
@pytest.mark.parametrize(("cells", "name"), [(US, "us_money"), (EU, "eu_money")])
def test_every_policy_finds_the_right_one(by: RoutePolicy, cells: list[str], name: str) -> None:
    """Rules, trial, the ladder, and the ladder in place of a model that is not there choose what the cells prove."""
    asked = routing(cells, "eu_money", "us_money")
    choice = choose(asked, by=by)
    assert choice.chosen == name
    assert choice.policy == ("trial" if by == "trial" else "rule")
    assert choice.steps
    assert cleaned(asked, choice)[:2] == ["900.00", "912.02"]


@pytest.mark.parametrize("by", ["rule", "trial", "auto"])
def test_doubt_is_left_alone(by: RoutePolicy) -> None:
    """Where cells allow two readings no policy takes one of them, and the reason says so."""
    choice = choose(routing(DOUBTFUL, "us_money", "eu_money"), by=by)
    assert (choice.chosen, choice.policy, choice.steps) == ("leave", "otherwise", ())
    assert not choice.sure


def test_the_only_one_needs_no_reason_of_its_own() -> None:
    """A strategy that somebody named alone is taken, whether it suits or not; its steps pass the gate as ever."""
    choice = choose(routing(DOUBTFUL, "us_money", otherwise=KNOWN["us_money"]), by="rule")
    assert (choice.chosen, choice.policy) == ("us_money", "rule")
    assert choice.reason == "us_money is the only one to choose from"


def test_otherwise_is_what_the_node_says() -> None:
    """Where nobody can choose, the strategy is taken that the node names for it, and passes the gate like others."""
    choice = choose(routing(DOUBTFUL, "us_dates", otherwise=KNOWN["us_money"]), by="rule")
    assert (choice.chosen, choice.policy) == ("us_money", "otherwise")


def test_the_first_that_suits_wins() -> None:
    """A rule takes strategies in the order in which they are named."""
    asked = routing(US, "us_money", AUTO)
    assert choose(asked, by="rule").chosen == "us_money"
    assert choose(replace(asked, among=(AUTO, KNOWN["us_money"])), by="rule").chosen == "auto"


def test_nothing_to_do() -> None:
    """On clean cells no candidate is better than doing nothing, which changes nothing and wins."""
    clean = [f"{number}.50" for number in range(100, 150)]
    choice = choose(routing(clean, "us_money", "leave"), by="trial")
    assert (choice.chosen, choice.policy, choice.steps) == ("leave", "trial", ())
    assert "better than doing nothing" in choice.reason


def test_trial_asks_the_contract_first() -> None:
    """Fewer rejected rows count before all else, and the figures say how many there were."""
    choice = choose(routing(US, "us_money", failures=not_a_number), by="trial")
    assert choice.figures["leave: rejected rows"] == len(US)
    assert choice.figures["us_money: rejected rows"] == 0
    assert choice.reason.startswith(f"the contract rejects 0 rows of the sample, and {len(US)} without it")


def test_harm_is_refused_whoever_chose() -> None:
    """A strategy that throws cells away brings no step, and the record says what was refused and why."""
    asked = routing(US, WIPE)
    made = attempt(WIPE, asked)
    assert made.steps == ()
    assert made.evidence.sample.equals(asked.evidence.sample)
    for by, ask in (("rule", None), ("model", ScriptedAsk([{"chosen": "wipe", "reason": "clean is empty"}]))):
        choice = choose(asked, by=by, ask=ask)
        assert choice.steps == ()
    decision = decision_of(choose(asked, by="rule"), asked)
    assert [dropped.step for dropped in decision.dropped] == ["map_values"]
    assert decision.dropped[0].reason


def test_ladder_climbs() -> None:
    """Where the gate refuses a step of what the rule chose, the trial decides, and the reason says why."""
    choice = choose(routing(US, WIPE, "us_money"), by="auto")
    assert (choice.chosen, choice.policy) == ("us_money", "trial")
    assert choice.reason.startswith("wipe suits, but the gate refused a step of it; ")


def test_decision_of_a_choice() -> None:
    """The record has the node, the figures and the digest of the profile."""
    asked = routing(US, "us_money")
    decision = decision_of(choose(asked, by="auto"), asked)
    assert (decision.node, decision.chosen, decision.policy) == ("amounts", "us_money", "rule")
    assert decision.evidence["columns"] == "amount"
    assert len(decision.profile_digest) == 64
    assert decision == decision_of(choose(asked, by="auto"), asked)


def test_same_question_same_answer() -> None:
    """Every policy answers twice the same, and whatever the order of the rows."""
    back = list(reversed(US))
    for by in ("rule", "trial", "auto"):
        first = choose(routing(US, "eu_money", AUTO, "us_money"), by=by)
        again = choose(routing(back, "eu_money", AUTO, "us_money"), by=by)
        assert (first.chosen, first.policy, first.reason, first.figures) == (
            again.chosen,
            again.policy,
            again.reason,
            again.figures,
        )


def test_model_chooses() -> None:
    """A model's answer is taken where the file says so, with who gave it and what it took."""
    ask = ScriptedAsk([{"chosen": "us_money", "reason": "dollars,\n\x1b[31mclearly"}])
    choice = choose(routing(US, "eu_money", "us_money"), by="model", ask=ask)
    assert (choice.chosen, choice.policy, choice.reason) == ("us_money", "model", "dollars, [31mclearly")
    assert choice.figures["model"] == "double"
    assert choice.figures["question"] == ask.questions[0].digest


def test_model_is_not_asked_without_need() -> None:
    """On the ladder a model is asked only where rules and trial cannot tell."""
    ask = ScriptedAsk({"amounts": {"chosen": "us_money", "reason": "dollars"}})
    assert choose(routing(US, "us_money"), by="auto", ask=ask).policy == "rule"
    assert not ask.questions
    assert choose(routing(DOUBTFUL, "us_money", "eu_money"), by="auto", ask=ask).policy == "model"
    assert len(ask.questions) == 1


@pytest.mark.parametrize("failure", FAILURES)
def test_every_failure_falls_back(failure: Any) -> None:
    """However a model fails, the deterministic policies decide as they would have, and the reason says what failed."""
    alone = choose(routing(US, "us_money"), by="auto")
    choice = choose(routing(US, "us_money"), by="model", ask=FailingAsk(failure))
    assert (choice.chosen, choice.policy, choice.steps) == (alone.chosen, alone.policy, alone.steps)
    assert choice.reason == f"the model did not answer ({failure}: made to fail: {failure}); {alone.reason}"


def test_model_outside_the_list() -> None:
    """A name that is no candidate is no answer."""
    choice = choose(routing(US, "us_money"), by="model", ask=ScriptedAsk([{"chosen": "drop_table", "reason": ""}]))
    assert choice.policy == "rule"
    assert "invalid" in choice.reason


def test_adversary_does_no_harm() -> None:
    """Whatever an adversary picks, the result is one of a deterministic strategy's own that the gate let pass."""
    ask = AdversarialAsk()
    asked = routing(US, WIPE, "us_money", "eu_money", AUTO, LEAVE)
    for _ in range(5):
        choice = choose(asked, by="model", ask=ask)
        kept = cleaned(asked, choice)
        assert None not in kept
        assert "\n" not in choice.reason
        assert "\u202e" not in choice.reason


def test_question_tells_no_cells() -> None:
    """A question holds names, kinds, shares and masked patterns; no cell, and nothing of a sensitive column."""
    table = {
        "amount": US,
        "secret\u202e\ncolumn": [f"Zyzzyva-{number}" for number in range(len(US))],
        "diagnosis": ["Gout", "Flu"] * (len(US) // 2),
    }
    sample = pa.RecordBatch.from_pydict({name: pa.array(cells) for name, cells in table.items()})
    asked = Routing(
        "all", tuple(table), (KNOWN["us_money"], LEAVE), Evidence(sample, len(US)), sensitive=frozenset({"diagnosis"})
    )
    question = question_of(asked)
    told = json.loads(question.facts_text)
    assert [column["name"] for column in told["columns"]] == ["amount", "column 2"]
    assert told["columns"][1]["patterns"][0]["pattern"] == "Aaaaaaa-99"
    assert [each["name"] for each in told["strategies"]] == ["us_money", "leave"]
    for word in ("Zyzzyva", "Gout", "diagnosis", US[0], US[-1]):
        assert word not in question.facts_text
        assert word not in question.instructions
    schema = question.answer.model_json_schema()
    assert schema["properties"]["chosen"]["enum"] == ["us_money", "leave"]
    assert schema["required"] == ["chosen", "reason"]
    assert schema["additionalProperties"] is False


def test_nothing_is_asked_about_sensitive_columns_alone() -> None:
    """Where every column is sensitive no model is asked."""
    ask = ScriptedAsk([])
    choice = choose(routing(US, "us_money", sensitive=frozenset({"amount"})), by="model", ask=ask)
    assert not ask.questions
    assert choice.policy == "rule"
    assert "sensitive" in choice.reason


def test_refused_choice_of_a_model() -> None:
    """Where the gate refuses all that a model chose, the deterministic policies decide."""
    ask = ScriptedAsk([{"chosen": "wipe", "reason": "tidy"}])
    choice = choose(routing(US, "us_money", WIPE), by="model", ask=ask)
    assert (choice.chosen, choice.policy) == ("us_money", "rule")
    assert choice.reason.startswith("the model chose wipe, and the gate refused every step of it; ")


def test_a_failure_that_is_scripted() -> None:
    """A refusal of the model is told as what it is."""
    choice = choose(routing(US, "us_money"), by="model", ask=ScriptedAsk([Unanswered("refusal", "it would not")]))
    assert choice.reason.startswith("the model did not answer (refusal: it would not); ")


def test_steps_of_several_columns_are_joined() -> None:
    """A step that the gate accepts for several columns runs once for all of them."""
    cells = [f" word{number}" if number % 9 == 0 else f"word{number % 7}" for number in range(60)]
    sample = pa.RecordBatch.from_pydict({name: pa.array(cells) for name in "abc"})
    asked = Routing("n", ("a", "b", "c"), (KNOWN["text_hygiene"],), Evidence(sample, 60))
    (strip,) = (step for step in attempt(KNOWN["text_hygiene"], asked).steps if step.name == "strip")
    assert strip.reads(()) == ("a", "b", "c")


@pytest.mark.parametrize(
    ("kind", "before", "after", "readable"),
    [
        ("money", ["$1.50", "x", "2"], ["1.50", "x", "2"], 2),
        ("money", ["$1.50", "x", "n/a"], ["1.50", None, None], 2),
        ("date", ["2025-04-03", "3.4.2025"], ["2025-04-03", "2025-04-03"], 2),
        ("boolean", ["yes", "no"], ["true", "no"], 1),
        ("category", ["Kiel", "kiel", "Kiel", " KIEL", "Ulm"], ["Kiel", "Kiel", "Kiel", " KIEL", "Ulm"], 4),
        ("text", ["a", " a ", "b", "b "], ["a", " a ", "b", "b"], 3),
        ("phone", ["030 12", "040 77", "+4930"], ["+4930", "+4940", "+4930"], 3),
        ("text", [None, None], [None, None], 0),
    ],
)
def test_merit(kind: Any, before: list[str], after: list[str], readable: int) -> None:
    """Readable are cells written without doubt or as the others of their column, and null spellings made null."""
    tables = [pa.RecordBatch.from_pydict({"x": pa.array(cells, pa.string())}) for cells in (before, after)]
    merit = merit_of(tables[1], before=tables[0], kinds={"x": kind}, columns=("x",), rejected=0)
    assert merit.readable == readable
    assert merit.cells == sum(cell is not None for cell in before)
    assert merit.changed == sum(one != other for one, other in zip(before, after, strict=True))
