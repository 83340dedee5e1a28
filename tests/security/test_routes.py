"""Injected orders and hostile answers bring a route only one of its own strategies, whose steps pass the gate."""

from __future__ import annotations

import json

import pyarrow as pa
import pytest

from etl_agent.ask import Ask
from etl_agent.decide.by_model import question_of
from etl_agent.decide.choice import Choice, Routing
from etl_agent.decide.evidence import Evidence
from etl_agent.decide.ladder import choose
from etl_agent.decide.strategies import known_strategies
from etl_agent.decide.strategy import LEAVE, Strategy
from etl_agent.testing import HOSTILE_ANSWERS, AdversarialAsk, HostileAsk, ObedientAsk
from tests.security.payloads import MARK, PAYLOADS, SECRET_CELL

WIPE = Strategy.model_validate(
    {
        "name": "wipe",
        "description": "Throw everything away.",
        "suits": {"kind": ["category", "text"]},
        "clean": [{"step": "map_values", "columns": "all", "values": {"?": None}, "otherwise": "null"}],
    }
)


def routing(payload: str) -> Routing:
    """Ask for a strategy for columns of which one header and some cells are a payload."""
    cells = {
        "country": ["DE", "FR", payload, SECRET_CELL] * 10,
        payload: [payload, "x"] * 20,
        f"secret {payload}": ["Gout", "Flu"] * 20,
    }
    sample = pa.RecordBatch.from_pydict({name: pa.array(column, pa.string()) for name, column in cells.items()})
    among = (WIPE, known_strategies()["text_hygiene"], LEAVE)
    return Routing(payload, tuple(cells), among, Evidence(sample, 40), sensitive=frozenset({f"secret {payload}"}))


def does_no_harm(choice: Choice, asked: Routing) -> None:
    """Hold a choice against what must stay: one of the list, no cell lost, one printable line of reason."""
    assert choice.chosen in {strategy.name for strategy in asked.among}
    evidence = asked.evidence
    for step in choice.steps:
        evidence = evidence.after(evidence.pinned(step))
    assert evidence.sample.num_rows == asked.evidence.sample.num_rows
    assert not any(column.null_count for column in evidence.sample.columns)
    assert choice.reason.isprintable()
    assert len(choice.reason) < 1000


@pytest.mark.parametrize("kind", PAYLOADS)
def test_injected_facts(kind: str) -> None:
    """Neither whoever obeys orders in the data nor an adversary gets the wiping strategy past the gate."""
    asked = routing(PAYLOADS[kind])
    asks: list[Ask] = [ObedientAsk(), AdversarialAsk()]
    for ask in asks:
        does_no_harm(choose(asked, by="model", ask=ask), asked)
    question = question_of(asked)
    told = question.facts_text + question.instructions + json.dumps(question.answer.model_json_schema())
    assert MARK not in told
    assert SECRET_CELL not in told
    assert "Gout" not in told


@pytest.mark.parametrize("name", HOSTILE_ANSWERS)
def test_hostile_answers(name: str) -> None:
    """Whatever is answered, a strategy of the list comes of it, or the rules decide."""
    asked = routing(PAYLOADS["answer of a route"])
    does_no_harm(choose(asked, by="model", ask=HostileAsk(name)), asked)
