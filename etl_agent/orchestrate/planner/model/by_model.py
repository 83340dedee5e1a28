"""The planner's model: it says what unread phrases of a goal mean, and picks repairs, from closed lists only."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace

from etl_agent.ask import Ask, Asked, Failure, Unanswered, Usage
from etl_agent.decide.telling import one_line
from etl_agent.orchestrate.planner.draft import PlanDraft
from etl_agent.orchestrate.planner.findings import Finding
from etl_agent.orchestrate.planner.given import Given
from etl_agent.orchestrate.planner.model.accepting import Refused, accepted
from etl_agent.orchestrate.planner.model.questions import (
    Choice,
    DoubtsChoice,
    WishesChoice,
    reading_question,
    repair_question,
)
from etl_agent.orchestrate.planner.model.told import Told
from etl_agent.orchestrate.planner.model.told_trial import ToldTrial
from etl_agent.orchestrate.planner.revising.revise import combined, repairs, revise
from etl_agent.orchestrate.planner.revision import Revision
from etl_agent.orchestrate.planner.wishes import Mode, Reading, Wish

__all__ = ["Read", "read_by_model", "revise_by_model"]

_DETAIL = 200  # characters of what an endpoint says of its failure


@dataclass(frozen=True, slots=True)
class Read:
    """A goal, read with the help of a model.

    Args:
        reading: what the goal says: the wishes that rules read, then those of the model that were taken.
        notes: what a person should know: that the model did not answer, what of its answer was not taken.
        doubts: wishes of the user's that take something away, and that the model does not find in the goal.
        failure: why there is no answer; None if there is one, or nothing was asked.
        asked: who answered; None if nobody did.
        question: the digest of the question; None if nothing was asked.
        usage: what the question took, failed tries included.
    """

    reading: Reading
    notes: tuple[str, ...] = ()
    doubts: tuple[Wish, ...] = ()
    failure: Failure | None = None
    asked: Asked | None = None
    question: str | None = None
    usage: Usage = field(default_factory=Usage)

    @property
    def answered(self) -> bool:
        """Whether a model took part."""
        return self.asked is not None


def read_by_model(reading: Reading, given: Given, *, ask: Ask) -> Read:
    """Let a model say what the words of a goal ask for that rules made nothing of, and doubt what would destroy.

    It is asked only where there is something to say: words that were not understood, each of its wishes answering some
    of them, or a wish of the user's that takes away rows or columns, which it may doubt. What the user's words say
    stands; what the data do not bear out is left out, and noted. Without an answer the reading stays as it is.

    Args:
        reading: what rules read in the goal.
        given: what the user gave.
        ask: whoever answers.
    """
    told = Told(reading, given)
    question = reading_question(told)
    if question is None:
        silent = "the model was not asked: there is nothing that it may be told"
        return Read(reading, notes=(silent,) if told.phrases else ())
    outcome = ask(question)
    read = Read(reading, question=question.digest, usage=outcome.usage)
    if isinstance(outcome, Unanswered):
        return replace(read, notes=(_unanswered(outcome),), failure=outcome.failure)
    answer = outcome.value
    taken, notes = _taken(answer.wishes if isinstance(answer, WishesChoice) else (), told)
    numbers = dict.fromkeys(answer.doubts if isinstance(answer, DoubtsChoice) else ())
    doubts = tuple(told.risky[number] for number in numbers)
    merged = Reading(wishes=(*reading.wishes, *taken), not_understood=_left(told, taken), unclear=reading.unclear)
    return replace(read, reading=merged, notes=(*notes, *map(_doubted, doubts)), doubts=doubts, asked=outcome.asked)


def revise_by_model(
    draft: PlanDraft,
    findings: Sequence[Finding],
    given: Given,
    *,
    committed: Collection[str] = (),
    ask: Ask,
) -> Revision | None:
    """Let a model pick and order the repairs; where it cannot, rules do, and the note says so.

    Args:
        draft: the draft that was tried.
        findings: what was found.
        given: what the user gave.
        committed: the names of the pipelines that are final.
        ask: whoever answers.

    Returns:
        The revision; None where nothing can be repaired.
    """
    offered = repairs(draft, findings, given, committed=committed)
    note = ""
    if len(offered) > 1:  # else there is nothing to choose
        told = ToldTrial(draft, findings, offered, given)
        outcome = ask(repair_question(told))
        if isinstance(outcome, Unanswered):
            note = _unanswered(outcome)
        else:
            chosen = tuple(told.repairs[name] for name in dict.fromkeys(outcome.value.repairs))
            if revision := combined(draft, chosen, findings, given=given, by="model"):
                return revision
            note = "what the model chose repairs nothing; rules decide"
    revision = revise(draft, findings, given, committed=committed)
    return revision and revision.model_copy(update={"note": note})


def _taken(choices: Sequence[Choice], told: Told) -> tuple[list[Wish], tuple[str, ...]]:
    """Take what can be taken of a model's wishes, and note the rest."""
    taken: list[Wish] = []
    refused: Counter[Refused] = Counter()
    for choice in dict.fromkeys(choices):  # said twice is said once
        made = accepted(choice, told, (*told.reading.wishes, *taken))
        if isinstance(made, Refused):
            refused[made] += 1
        else:
            taken.append(made)
    heard = dict.fromkeys(wish.words for wish in taken)
    notes = [f"read by the model: {words}" for words in heard]
    notes += [
        f"left out of the model's answer: {each.wish}{f' ({count} times)' if count > 1 else ''}, since {each.reason}"
        for each, count in refused.items()
    ]
    return taken, tuple(notes)


def _left(told: Told, taken: Sequence[Wish]) -> tuple[str, ...]:
    """Return the phrases that still nothing was made of."""
    heard = {wish.words for wish in taken}
    phrases = enumerate(told.reading.not_understood, 1)
    return tuple(phrase for number, phrase in phrases if told.phrases.get(number) not in heard)


def _doubted(wish: Wish) -> str:
    what = wish.write_disposition if isinstance(wish, Mode) else wish.wish
    return f"the model doubts that the goal asks for what takes something away ({what})"


def _unanswered(outcome: Unanswered) -> str:
    detail = one_line(outcome.detail, most=_DETAIL)
    return f"the model did not answer ({outcome.failure}: {detail}); rules decide"
