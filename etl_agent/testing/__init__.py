"""Doubles for tests: whoever answers questions, without a model and without a network."""

from etl_agent.ask import no_model_calls
from etl_agent.testing.doubles import FAILURES, FailingAsk, ScriptedAsk
from etl_agent.testing.hostile import HOSTILE_TEXT, AdversarialAsk, HostileAsk
from etl_agent.testing.hostile_answers import HOSTILE_ANSWERS
from etl_agent.testing.obedient import ObedientAsk

__all__ = [
    "FAILURES",
    "HOSTILE_ANSWERS",
    "HOSTILE_TEXT",
    "AdversarialAsk",
    "FailingAsk",
    "HostileAsk",
    "ObedientAsk",
    "ScriptedAsk",
    "no_model_calls",
]
