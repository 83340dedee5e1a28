"""Questions are digested, budgets are checked before a call, and an endpoint that keeps failing is left alone."""

from __future__ import annotations

from decimal import Decimal
from threading import Thread
from typing import Literal

import pytest

from etl_agent.ask import (
    Answered,
    Budget,
    Question,
    Unanswered,
    Usage,
    check_model_call,
    no_model_calls,
)
from etl_agent.errors import EtlAgentError
from etl_agent.frozen import Frozen
from etl_agent.metering import Meter, Metered
from etl_agent.testing import FailingAsk, ScriptedAsk


class Colour(Frozen):
    """A closed answer."""

    colour: Literal["red", "blue"]


class Shade(Frozen):
    """Another closed answer."""

    colour: Literal["red", "green"]


def question(*, instructions: str = "Choose.", answer: type[Colour] | type[Shade] = Colour, **facts: object):
    """Make a question."""
    return Question("node", instructions, facts, answer)


def test_digest_is_of_all_that_counts() -> None:
    """Equal questions have equal digests whatever the order of the facts; another fact or type makes another."""
    digest = question(a=1, b=[0.5]).digest
    assert digest == question(b=[0.5], a=1).digest
    assert len({digest, question(a=1, b=[0.6]).digest, question(a=1, b=[0.5], answer=Shade).digest}) == 3
    assert digest != question(instructions="Take one.", a=1, b=[0.5]).digest


def test_facts_are_data_alone() -> None:
    """A fact that JSON cannot hold is a mistake of ours."""
    with pytest.raises(ValueError, match="not JSON compliant"):
        _ = question(a=float("nan")).facts_text


def test_usage_adds_up() -> None:
    """Usage adds up by part."""
    assert Usage(1, 10, 5, Decimal("0.1")) + Usage(2, 20, 1, Decimal("0.2")) == Usage(3, 30, 6, Decimal("0.3"))


@pytest.mark.parametrize(
    ("budget", "said"),
    [
        (Budget(calls=2), "the budget is 2 calls, and with this call it would be 3"),
        (Budget(tokens=100), "the budget is 100 tokens, and with this call it would be 110"),
        (Budget(cost=Decimal("0.5")), "the budget is 0.5 of cost, and with this call it would be 0.6"),
        (Budget(calls=3, tokens=110), None),
        (Budget(), None),
    ],
)
def test_budget_is_checked_before_the_call(budget: Budget, said: str | None) -> None:
    """A budget speaks against a call that would exceed it, and says by what."""
    used, ahead = Usage(2, 60, 40, Decimal("0.6")), Usage(1, 10)
    assert budget.refusal(used, ahead=ahead) == said


def test_nothing_is_asked_over_budget() -> None:
    """Once the budget is spent no call is made; failed calls have spent it too."""
    failing = FailingAsk("refusal")
    metered = Metered(failing, budget=Budget(calls=2))
    failures = [outcome.failure for _ in range(4) if isinstance(outcome := metered(question()), Unanswered)]
    assert failures == ["refusal", "refusal", "over_budget", "over_budget"]
    assert len(failing.questions) == 2
    assert metered.used == Usage(calls=2)


def test_a_long_question_counts_before_it_is_asked() -> None:
    """A question that alone exceeds the budget of tokens is not asked."""
    ask = ScriptedAsk([])
    outcome = Metered(ask, budget=Budget(tokens=100))(question(names=["column"] * 200))
    assert isinstance(outcome, Unanswered)
    assert outcome.failure == "over_budget"
    assert not ask.questions


def test_circuit_opens() -> None:
    """After three failures of transport in a row nothing is asked any more; an answer in between starts anew."""
    down, up = Unanswered("transport", "timed out"), {"colour": "red"}
    script = ScriptedAsk([down, down, up, down, down, down])
    metered = Metered(script)
    outcomes = [metered(question()) for _ in range(8)]
    assert [o.failure for o in outcomes if isinstance(o, Unanswered)][-2:] == ["circuit_open", "circuit_open"]
    assert isinstance(outcomes[2], Answered)
    assert len(script.questions) == 6


def test_switch() -> None:
    """Calls to a model are forbidden within the switch, in every thread, and allowed again behind the last one."""
    seen: list[str] = []

    def call() -> None:
        try:
            check_model_call()
        except EtlAgentError as error:
            seen.append(str(error))

    with no_model_calls():
        with no_model_calls():
            pass
        thread = Thread(target=call)
        thread.start()
        thread.join()
    check_model_call()
    assert seen == ["a model would be asked where none may be"]


def test_circuit_half_opens() -> None:
    """After a pause one question may find out whether the endpoint answers again; only an answer closes the circuit."""
    now = 0.0
    down = Unanswered("transport", "timed out")
    meter = Meter(patience=2, pause=60, clock=lambda: now)
    for _ in range(2):
        meter.heard(down)
    assert meter.admitted() == Unanswered("circuit_open", "the endpoint failed 2 times in a row")
    now = 60
    assert meter.admitted() is None
    assert meter.admitted() is not None
    meter.heard(down)
    now = 119
    assert meter.admitted() is not None
    now = 120
    assert meter.admitted() is None
    meter.heard(Unanswered("invalid", "no answer of the type"))
    assert meter.admitted() is None


def test_what_was_not_asked_says_nothing_about_the_endpoint() -> None:
    """A question over budget neither counts as a failure of the endpoint nor makes up for one."""
    meter = Meter(patience=2)
    for failure in ("transport", "over_budget", "transport"):
        meter.heard(Unanswered(failure, ""))
    assert meter.admitted() is not None


def test_what_is_set_aside_counts_until_it_is_settled() -> None:
    """Requests at the same time cannot exceed the budget together; what one did not take is free again."""
    meter = Meter(Budget(tokens=100))
    ahead = Usage(calls=1, tokens_in=60)
    assert meter.reserve(ahead) is None
    assert meter.reserve(ahead) == Unanswered(
        "over_budget", "the budget is 100 tokens, and with this call it would be 120"
    )
    meter.settle(ahead, took=Usage(calls=1, tokens_in=40))
    assert meter.reserve(ahead) is None
    assert meter.used == Usage(calls=1, tokens_in=40)


def test_no_request_is_made_once_the_time_is_over() -> None:
    """The time of a budget runs from the first moment, whatever was asked by then."""
    now = iter([0.0, 1.0, 2.5])
    meter = Meter(Budget(seconds=2.0), clock=lambda: next(now))
    assert meter.reserve(Usage(calls=1)) is None
    refused = meter.reserve(Usage(calls=1))
    assert refused is not None
    assert (refused.failure, refused.detail) == ("over_budget", "the budget is 2 seconds, and they are over")
