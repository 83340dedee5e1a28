"""Questions to a model within a budget, and none while its endpoint keeps failing."""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock
from time import monotonic
from typing import Any

from etl_agent.ask import Answer, Answered, Ask, Budget, Question, Unanswered, Usage

__all__ = ["Meter", "Metered"]


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
