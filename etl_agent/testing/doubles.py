"""Doubles that answer as they were told, and that fail as they were told."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import cycle
from typing import Any, TypeVar, get_args

from pydantic import BaseModel, ValidationError

from etl_agent.ask import Answered, Asked, Failure, Question, Unanswered, Usage
from etl_agent.errors import EtlAgentError

__all__ = ["FAILURES", "FailingAsk", "ScriptedAsk", "validated"]

Answer = TypeVar("Answer", bound=BaseModel)
Scripted = BaseModel | Mapping[str, Any] | Unanswered
"""An answer, its fields, or a failure."""

FAILURES: tuple[Failure, ...] = get_args(Failure)
"""Every way in which a question can go unanswered."""

_HERE = Asked("test", "double")


class ScriptedAsk:
    """Answers as it was told, and keeps the questions.

    Args:
        script: the answers in the order in which they are asked for; or the answer to every question of a node, by
            the node's name. An answer is validated like a model's: one that is none of the type comes back as invalid.
        usage: what each answer takes.
    """

    def __init__(
        self,
        script: Iterable[Scripted] | Mapping[str, Scripted],
        *,
        usage: Usage = Usage(calls=1),  # noqa: B008  the default is frozen, so sharing it is safe
    ) -> None:
        self.questions: list[Question[Any]] = []
        """The questions so far."""
        self._by_node = dict(script) if isinstance(script, Mapping) else None
        self._in_turn: Iterator[Scripted] = iter(()) if isinstance(script, Mapping) else iter(script)
        self._usage = usage

    def __call__(self, question: Question[Answer]) -> Answered[Answer] | Unanswered:
        """Answer from the script.

        Raises:
            EtlAgentError: the script has no answer to this question.
        """
        self.questions.append(question)
        said = self._by_node.get(question.node) if self._by_node is not None else next(self._in_turn, None)
        match said:
            case None:
                raise EtlAgentError(
                    f"the script has no answer to question {len(self.questions)}", where=f"node {question.node}"
                )
            case Unanswered():
                return said
            case BaseModel():
                said = said.model_dump(by_alias=True)
        return validated(question, said, self._usage)


class FailingAsk:
    """Fails in each of the typed ways in turn, again and again.

    Args:
        failures: the ways; by default all.
        usage: what each failure takes.
    """

    def __init__(
        self,
        *failures: Failure,
        usage: Usage = Usage(calls=1),  # noqa: B008  the default is frozen, so sharing it is safe
    ) -> None:
        self.questions: list[Question[Any]] = []
        """The questions so far."""
        self._failures = cycle(failures or FAILURES)
        self._usage = usage

    def __call__(self, question: Question[Answer]) -> Answered[Answer] | Unanswered:
        """Fail."""
        self.questions.append(question)
        failure = next(self._failures)
        return Unanswered(failure, f"made to fail: {failure}", self._usage)


def validated(question: Question[Answer], said: Any, usage: Usage) -> Answered[Answer] | Unanswered:
    """Check an answer as a client must: text is JSON, and what is none of the type is no answer."""
    answer = question.answer
    try:
        value = answer.model_validate_json(said) if isinstance(said, str) else answer.model_validate(said)
    except ValidationError as error:
        return Unanswered("invalid", f"{error.error_count()} fields are not of the type", usage)
    return Answered(value, _HERE, usage)
