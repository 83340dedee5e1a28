"""Repairs that clean: steps after which more cells of the sample keep what the contract promises."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from itertools import product

from etl_agent.clean.booleans import Booleans
from etl_agent.clean.dates import POSIX_CENTURY, Dates, Timestamps
from etl_agent.clean.identifiers import Email
from etl_agent.clean.missing import NullMarkers
from etl_agent.clean.numbers import Numbers
from etl_agent.clean.step import Step
from etl_agent.clean.text import Case as CaseStep
from etl_agent.clean.text import CollapseBlanks, Invisible, Strip
from etl_agent.clean.times import Times
from etl_agent.orchestrate.planner.draft import PlanDraft
from etl_agent.orchestrate.planner.revising.editing import Edited, changed_column, contract_of, with_fields
from etl_agent.orchestrate.planner.revising.repairs.case import Case, Possible
from etl_agent.orchestrate.planner.revising.repairs.placing import with_steps
from etl_agent.orchestrate.planner.revising.trying import Trial, broken
from etl_agent.profile.facts import ColumnFacts
from etl_agent.profile.months import languages
from etl_agent.profile.words import TRUTHS
from etl_agent.validate.spec import ColumnContract

__all__ = ["cleaning", "steps_that_help"]

_CODES = frozenset({"type-error", "constraint-error", "required-value"})

Steps = tuple[Step, ...]


def cleaning(case: Case) -> Iterator[Possible]:
    """Suggest the steps that help most of all that are tried, where rows are rejected for a column's cells."""
    column, promised, tried = case.column, case.promised, case.tried
    if case.code not in _CODES or column is None or promised is None or tried is None:
        return
    nullable = not promised.nullable and case.guessed("nullable") and column not in case.spec.load.primary_key
    best = steps_that_help(tried, column, promised, nullable=nullable)
    if best is None:
        return
    judged = with_fields(promised, nullable=True) if nullable else promised
    left = _count(tried, tuple(step.model_copy(update={"columns": (tried.origin,)}) for step in best), judged) or 0
    names = " and ".join(dict.fromkeys(step.name for step in best))
    reason = f"{names} on {column!r} makes more of its values fit, as tried on the sample"
    yield Possible(
        family=" ".join(("clean with", *dict.fromkeys(step.name for step in best))),
        description=f"Clean {column!r} with {names} before the contract.",
        rank="exact" if left <= case.allowed * len(tried.raw) else "not enough",
        change=partial(_cleaned, case.name, column, best, reason, nullable),
    )


def steps_that_help(tried: Trial, column: str, promised: ColumnContract, *, nullable: bool) -> Steps | None:
    """Return the fewest steps after which the fewest cells break a promise; None where none makes them fewer.

    Args:
        tried: the column of the sample.
        column: what it is called where the steps would stand.
        promised: what the contract promises of it.
        nullable: whether null may be allowed in it for the sake of the steps.
    """
    judged = with_fields(promised, nullable=True) if nullable else promised
    before = _count(tried, (), judged)
    best: tuple[int, int, Steps] | None = None
    for steps in _chains(tried.origin, judged, tried.facts):
        new = tuple(step for step in steps if step not in tried.steps)
        if not new:
            continue
        bad = _count(tried, new, judged)
        if bad is not None and (best is None or (bad, len(new)) < best[:2]):
            best = (bad, len(new), new)
    if best is None or (before is not None and best[0] >= before):
        return None
    return tuple(step.model_copy(update={"columns": (column,)}) for step in best[2])


def _count(tried: Trial, steps: Steps, promised: ColumnContract) -> int | None:
    """Count the broken promises of all cells; None where the steps cannot say how to read them."""
    cells = tried.with_steps(steps)
    return None if cells is None else sum(broken(cells, promised).values())


def _chains(column: str, promised: ColumnContract, facts: ColumnFacts) -> Iterator[Steps]:
    """Return the steps to try, all for a column: tidying, missing markers, and one that reads or writes its values."""
    columns = (column,)
    tidying: tuple[Steps, ...] = (
        (),
        (Strip(columns=columns),),
        (Invisible(columns=columns), CollapseBlanks(columns=columns), Strip(columns=columns)),
    )
    spelled = tuple(sorted(facts.null_spellings.counts))
    markers: tuple[Steps, ...] = ((), (NullMarkers(columns=columns, markers=spelled),)) if spelled else ((),)
    for parts in product(tidying, markers, ((), *_readers(columns, promised, facts))):
        yield tuple(step for part in parts for step in part)


def _readers(columns: tuple[str, ...], promised: ColumnContract, facts: ColumnFacts) -> Iterator[Steps]:
    kind = promised.column_type.kind
    if kind in ("date", "timestamp"):
        step = Dates if kind == "date" else Timestamps
        short = any("%y" in word for word in facts.moments.dates)
        named = any("%b" in word or "%B" in word for word in facts.moments.dates)
        for years, months in product(
            (None, POSIX_CENTURY) if short else (None,), (("en",), languages()) if named else (("en",),)
        ):
            more = ({} if years is None else {"two_digit_years": years}) | (
                {} if months == ("en",) else {"months": months}
            )
            yield (step.model_validate({"columns": columns, **more}),)
    elif kind == "time":
        yield (Times(columns=columns),)
    elif kind in ("integer", "decimal", "float"):
        yield (Numbers(columns=columns),)
        yield (Numbers(columns=columns, scientific=True),)
    elif kind == "boolean":
        yield (Booleans(columns=columns),)
        true, false = zip(*TRUTHS.values(), strict=True)
        yield (Booleans(columns=columns, true=true, false=false),)
    else:
        yield from _writers(columns, promised)


def _writers(columns: tuple[str, ...], promised: ColumnContract) -> Iterator[Steps]:
    """Return the steps that write text as a contract asks for."""
    if promised.format == "email":
        yield (Email(columns=columns),)
    if promised.format in ("country_code", "currency_code", "iban") or promised.one_of or promised.matches:
        yield (CaseStep(columns=columns, to="upper"),)
    if promised.one_of or promised.matches:
        yield (CaseStep(columns=columns, to="lower"),)
        yield (CaseStep(columns=columns, to="title"),)


def _cleaned(name: str, column: str, steps: Steps, reason: str, nullable: bool, draft: PlanDraft) -> Edited:  # noqa: FBT001  it is bound by partial
    """Put the steps there; where they make nulls of markers, null is allowed too."""
    draft, changes = with_steps(draft, name, steps=steps, column=column, reason=reason)
    nulls = any(isinstance(step, NullMarkers) for step in steps)
    promised = contract_of(draft.pipeline(name)).get(column)
    if changes and nulls and nullable and promised is not None and not promised.nullable:
        draft, more = changed_column(draft, name, column=column, reason=reason, nullable=True)
        changes += more
    return draft, changes
