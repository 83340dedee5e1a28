"""Doubles that mean harm: with answers that the schema allows, and with answers that it does not."""

from __future__ import annotations

from typing import Any, TypeVar

from pydantic import BaseModel

from etl_agent.ask import Answered, Question, Unanswered, Usage
from etl_agent.testing.by_schema import allowed
from etl_agent.testing.doubles import validated
from etl_agent.testing.hostile_answers import HOSTILE_ANSWERS, HOSTILE_TEXT

__all__ = ["HOSTILE_TEXT", "AdversarialAsk", "HostileAsk"]

Answer = TypeVar("Answer", bound=BaseModel)


class AdversarialAsk:
    """Gives valid answers that mean no good: whatever the facts say, lists are as long as they may be, every choice is
    taken in turn with every other, and text is hostile.

    Args:
        seed: where it begins.
    """

    def __init__(self, seed: int = 0) -> None:
        self.questions: list[Question[Any]] = []
        """The questions so far."""
        self._seed = seed

    def __call__(self, question: Question[Answer]) -> Answered[Answer] | Unanswered:
        """Answer by the schema alone."""
        seed = self._seed + len(self.questions)
        self.questions.append(question)
        said = allowed(question.answer.model_json_schema(), text=HOSTILE_TEXT, seed=seed)
        return validated(question, said, Usage(calls=1))


class HostileAsk:
    """Gives one of the ``HOSTILE_ANSWERS``, most of which no schema allows, to every question.

    Args:
        name: which.
    """

    def __init__(self, name: str) -> None:
        self.questions: list[Question[Any]] = []
        """The questions so far."""
        self._answer = HOSTILE_ANSWERS[name]

    def __call__(self, question: Question[Answer]) -> Answered[Answer] | Unanswered:
        """Answer, and check the answer as a client must."""
        self.questions.append(question)
        return validated(question, self._answer(question.answer.model_json_schema()), Usage(calls=1))
