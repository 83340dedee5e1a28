"""Asking a model: a question with a closed answer type, and what can come of it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from threading import Lock
from typing import Any, Generic, Literal, Protocol, TypeVar

from pydantic import BaseModel

from etl_agent.errors import EtlAgentError

__all__ = [
    "Answered",
    "Ask",
    "Asked",
    "Budget",
    "Failure",
    "Question",
    "Unanswered",
    "Usage",
    "check_model_call",
    "no_model_calls",
]

Answer = TypeVar("Answer", bound=BaseModel)

Failure = Literal["refusal", "truncation", "filter", "invalid", "transport", "over_budget", "circuit_open"]
"""refusal: the model declined. truncation: its answer was cut off. filter: the endpoint held question or answer back.
invalid: what came is no answer of the type, also after one chance to repair it. transport: the endpoint could not be
reached, was too slow, or answered no such thing. over_budget: the call was not made, for what it would cost.
circuit_open: the call was not made, since the endpoint kept failing."""


@dataclass(frozen=True, slots=True)
class Usage:
    """What calls took, failed ones included.

    Args:
        calls: requests to the endpoint.
        tokens_in: tokens of the questions.
        tokens_out: tokens of the answers.
        cost: money, in the currency of the configured prices; 0 without prices.
        estimated: calls whose tokens the endpoint did not tell; they count at the most that they can have been.
    """

    calls: int = 0
    tokens_in: int = 0
    tokens_out: int = 0
    cost: Decimal = Decimal(0)
    estimated: int = 0

    @property
    def tokens(self) -> int:
        """All tokens."""
        return self.tokens_in + self.tokens_out

    def __add__(self, other: Usage) -> Usage:
        """Add up what two sets of calls took."""
        return Usage(
            self.calls + other.calls,
            self.tokens_in + other.tokens_in,
            self.tokens_out + other.tokens_out,
            self.cost + other.cost,
            self.estimated + other.estimated,
        )


@dataclass(frozen=True, slots=True)
class Budget:
    """What calls may take in all; None is no limit.

    Args:
        calls: requests to the endpoint.
        tokens: tokens of questions and answers.
        cost: money, in the currency of the configured prices.
        seconds: time after which no request is made any more; one that is under way may take its own time.
    """

    calls: int | None = None
    tokens: int | None = None
    cost: Decimal | None = None
    seconds: float | None = None

    def refusal(self, used: Usage, *, ahead: Usage) -> str | None:
        """Say what a call would exceed, before it is made; None if it may be made.

        Args:
            used: what the calls so far took.
            ahead: the least that the call will take.
        """
        then = used + ahead
        for name, limit, figure in (
            ("calls", self.calls, then.calls),
            ("tokens", self.tokens, then.tokens),
            ("of cost", self.cost, then.cost),
        ):
            if limit is not None and figure > limit:
                return f"the budget is {limit:,} {name}, and with this call it would be {figure:,}"
        return None


@dataclass(frozen=True, slots=True)
class Question(Generic[Answer]):
    """What a model is asked.

    Args:
        node: the decision that the answer is for, such as the name of a route.
        instructions: what to do; written by us, never made of data.
        facts: what is known, as plain data (dicts, lists, numbers, text). No text of cells: to whoever answers they
            are data, whatever they say.
        answer: the type of the answer: its fields are closed choices, and text of limited length.
    """

    node: str
    instructions: str
    facts: Mapping[str, Any]
    answer: type[Answer]

    @property
    def digest(self) -> str:
        """The SHA-256 (hex) of all that the answer may depend on."""
        parts = [self.node, self.instructions, self.facts, self.answer.model_json_schema()]
        return hashlib.sha256(_json(parts).encode()).hexdigest()

    @property
    def facts_text(self) -> str:
        """The facts as JSON, always the same text for the same facts."""
        return _json(self.facts)


@dataclass(frozen=True, slots=True)
class Asked:
    """Who was asked.

    Args:
        endpoint: the address, without credentials.
        model: the model, as the endpoint names it.
    """

    endpoint: str
    model: str


@dataclass(frozen=True, slots=True)
class Answered(Generic[Answer]):
    """An answer of the type that was asked for.

    Args:
        value: the answer.
        asked: who gave it.
        usage: what it took, failed tries included.
    """

    value: Answer
    asked: Asked
    usage: Usage = field(default_factory=Usage)


@dataclass(frozen=True, slots=True)
class Unanswered:
    """No answer; whoever asked decides without one, and says so.

    Args:
        failure: why.
        detail: one sentence for the record, without text of the answer and without credentials.
        usage: what the tries took.
    """

    failure: Failure
    detail: str
    usage: Usage = field(default_factory=Usage)


class Ask(Protocol):
    """Whoever answers questions: a model behind an endpoint, or a double."""

    def __call__(self, question: Question[Answer]) -> Answered[Answer] | Unanswered:
        """Answer a question; what goes wrong with model or endpoint is returned, not raised."""
        ...


def _json(value: Any) -> str:
    return json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


_forbidden = 0
_forbidding = Lock()


@contextmanager
def no_model_calls() -> Iterator[None]:
    """Forbid every call to a real model meanwhile, in all threads: for locked runs, and for tests.

    >>> with no_model_calls():
    ...     check_model_call()
    Traceback (most recent call last):
    etl_agent.errors.EtlAgentError: a model would be asked where none may be
    """
    global _forbidden  # noqa: PLW0603  the switch must hold for whatever thread a client runs in
    with _forbidding:
        _forbidden += 1
    try:
        yield
    finally:
        with _forbidding:
            _forbidden -= 1


def check_model_call() -> None:
    """Refuse a call to a real model while they are forbidden; every client asks this before it opens a connection.

    Raises:
        EtlAgentError: calls are forbidden.
    """
    if _forbidden:
        raise EtlAgentError("a model would be asked where none may be")
