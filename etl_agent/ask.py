"""Asking a model: a question with a closed answer type, and what can come of it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from threading import Lock
from time import monotonic
from typing import Any, Generic, Literal, Protocol, TypeVar

from pydantic import BaseModel

from etl_agent.errors import EtlAgentError

__all__ = [
    "Answered",
    "Ask",
    "Asked",
    "Budget",
    "Failure",
    "Meter",
    "Metered",
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


class Meter:
    """Keep requests within a budget, and let none through while the endpoint keeps failing; threads may share it.

    Whoever asks wants ``admitted`` to say None at each question and ``reserve`` at each request of it, and then tells
    what the request took (``settle``) and what came of the question (``heard``).

    Args:
        budget: what all requests together may take.
        patience: questions in a row that the endpoint failed to answer, after which nothing is asked.
        pause: seconds after which one question may find out whether it answers again.
        clock: seconds since some moment, never going back.
    """

    def __init__(
        self,
        budget: Budget | None = None,
        *,
        patience: int = 3,
        pause: float = 60.0,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self._budget = budget or Budget()
        self._patience = patience
        self._pause = pause
        self._clock = clock
        self._began = clock()
        self._failures = 0
        self._opened = 0.0
        self._used = Usage()
        self._reserved: list[Usage] = []
        self._lock = Lock()

    @property
    def used(self) -> Usage:
        """What all requests so far took."""
        return self._used

    def admitted(self) -> Unanswered | None:
        """Say None if a question may be asked, or why none may while the endpoint keeps failing."""
        with self._lock:
            if self._failures < self._patience:
                return None
            if self._clock() - self._opened >= self._pause:
                self._opened = self._clock()  # this question tries; the others wait for another pause
                return None
            return Unanswered("circuit_open", f"the endpoint failed {self._failures} times in a row")

    def reserve(self, ahead: Usage) -> Unanswered | None:
        """Set aside what a request may take, or say why it may not be made.

        Args:
            ahead: the most that the request takes, as far as it is known; given back by ``settle``.
        """
        limit = self._budget.seconds
        with self._lock:
            if limit is not None and self._clock() - self._began >= limit:
                return Unanswered("over_budget", f"the budget is {limit:g} seconds, and they are over")
            if refusal := self._budget.refusal(sum(self._reserved, self._used), ahead=ahead):
                return Unanswered("over_budget", refusal)
            self._reserved.append(ahead)
            return None

    def settle(self, ahead: Usage, *, took: Usage) -> None:
        """Count what a request took instead of what was set aside for it."""
        with self._lock:
            self._reserved.remove(ahead)
            self._used += took

    def heard(self, outcome: Answered[Any] | Unanswered) -> None:
        """Judge the endpoint by what came of a question."""
        failure = outcome.failure if isinstance(outcome, Unanswered) else None
        if failure in {"over_budget", "circuit_open"}:
            return  # it was not asked, so this says nothing about it
        with self._lock:
            self._failures = self._failures + 1 if failure == "transport" else 0
            self._opened = self._clock()


class Metered:
    """Meter an ``Ask`` that does not meter its own requests: a question counts as one; threads may share it.

    Args:
        ask: who is asked.
        budget: what all questions together may take.
        patience: failures of transport in a row after which nothing is asked for a while.
    """

    def __init__(self, ask: Ask, *, budget: Budget | None = None, patience: int = 3) -> None:
        self._ask = ask
        self._meter = Meter(budget, patience=patience)
        self._lock = Lock()

    @property
    def used(self) -> Usage:
        """What all questions so far took."""
        return self._meter.used

    def __call__(self, question: Question[Answer]) -> Answered[Answer] | Unanswered:
        """Ask, unless the budget or the endpoint's failures speak against it."""
        with self._lock:  # one at a time: only the least of what a question takes is known before it is asked
            ahead = Usage(calls=1, tokens_in=_least_tokens(question))
            if refused := self._meter.admitted() or self._meter.reserve(ahead):
                return refused
            took = Usage()
            try:
                outcome = self._ask(question)
                took = outcome.usage
            finally:
                self._meter.settle(ahead, took=took)
            self._meter.heard(outcome)
            return outcome


def _least_tokens(question: Question[Answer]) -> int:
    """Estimate from below what a question takes: tokenizers make no more than about 8 characters one token."""
    return (len(question.instructions) + len(question.facts_text)) // 8


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
