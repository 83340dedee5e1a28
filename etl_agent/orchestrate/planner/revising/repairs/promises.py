"""Repairs that take back guesses of the contract which the data refute: types, nulls, uniqueness, bounds and formats.

Rows within the budget are rejected for that: they are no reason to promise less.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from etl_agent.orchestrate.planner.draft import PlanDraft
from etl_agent.orchestrate.planner.revising.editing import (
    Edited,
    changed_column,
    changed_validation,
    contract_of,
    with_fields,
)
from etl_agent.orchestrate.planner.revising.repairs.case import Case, Possible
from etl_agent.orchestrate.planner.revising.trying import Trial, broken
from etl_agent.profile.infer import infer_type, widen
from etl_agent.shape import TEXT, ColumnType
from etl_agent.validate.spec import ColumnContract

__all__ = ["constraints", "nulls", "types", "uniqueness"]

_CONSTRAINTS = ("min", "max", "matches", "one_of", "format", "min_length", "max_length")
_ONLY_FOR_TEXT = ("matches", "format", "min_length", "max_length")


def types(case: Case) -> Iterator[Possible]:
    """Suggest the narrowest type that holds every value, where a type was guessed; text only if nothing loads else."""
    column, promised = case.column, case.promised
    if case.code != "type-error" or column is None or promised is None or not case.guessed("type"):
        return
    before, cells = promised.column_type, case.tried.cells if case.tried is not None else None
    if case.finding.kind == "invalid" and cells is not None and not broken(cells, promised).get("type"):
        return  # the sample is all the evidence, and another repair has answered it
    if before.kind == "timestamp" and promised.timezone is None and case.guessed("timezone"):
        zoned = with_fields(promised, timezone="offset")
        if cells is not None and not broken(cells, zoned).get("type"):
            yield Possible(
                "take offsets",
                f"Take {column!r} for instants, each with its offset.",
                "lossless",
                partial(_typed, case.name, column, before, str(before), "offset"),
            )
    found = _narrowest(case.tried, promised)
    if found != TEXT or case.stops:
        kind = found.kind
        yield Possible(
            f"widen to {kind}",
            f"Let {column!r} be {found}, which holds all its values.",
            "loosened" if found == TEXT else "lossless",
            partial(_typed, case.name, column, before, str(found), None),
        )


def _narrowest(tried: Trial | None, promised: ColumnContract) -> ColumnType:
    if tried is None or tried.cells is None:
        return TEXT
    before, facts = promised.column_type, tried.facts
    for wider in (widen(before, facts), infer_type(facts)):
        if wider not in (before, TEXT) and not broken(tried.cells, ColumnContract(type=str(wider))).get("type"):
            return wider
    return TEXT


def _typed(name: str, column: str, before: ColumnType, after: str, timezone: str | None, draft: PlanDraft) -> Edited:
    """Give a column another type while it still has the one that was refuted, without what does not go with it."""
    promised = contract_of(draft.pipeline(name)).get(column)
    if promised is None or promised.column_type != before:
        return draft, ()
    reason = f"values of {column!r} do not fit {before}"
    if timezone is not None:
        return changed_column(draft, name, column=column, reason=reason, timezone=timezone)
    without = () if after.startswith(("decimal", "integer", "float")) else ("min", "max")
    dropped = [
        each for each in (*without, "timezone", *(() if after == "text" else _ONLY_FOR_TEXT)) if getattr(promised, each)
    ]
    return changed_column(draft, name, column=column, reason=reason, without=dropped, type=after)


def nulls(case: Case) -> Iterator[Possible]:
    """Suggest that null is good, where it was guessed that it is not."""
    column, promised = case.column, case.promised
    if case.code != "required-value" or column is None or promised is None or promised.nullable or not case.stops:
        return
    if case.guessed("nullable") and column not in case.spec.load.primary_key:
        yield Possible(
            "allow null",
            f"Let {column!r} be null: nobody said that it may not.",
            "loosened",
            partial(_nullable, case.name, column),
        )


def _nullable(name: str, column: str, draft: PlanDraft) -> Edited:
    if column not in contract_of(draft.pipeline(name)):
        return draft, ()
    return changed_column(draft, name, column=column, reason=f"rows have no value in {column!r}", nullable=True)


def constraints(case: Case) -> Iterator[Possible]:
    """Suggest to take back a guessed constraint that values break; all guessed ones where it is not known which."""
    column, promised = case.column, case.promised
    if case.code != "constraint-error" or column is None or promised is None or not case.stops:
        return
    broken_ones = _CONSTRAINTS if case.promise is None else (case.promise,)
    guessed = [
        each
        for each in broken_ones
        if each in _CONSTRAINTS and getattr(promised, each) is not None and case.guessed(each)
    ]
    if guessed:
        yield Possible(
            f"drop {' and '.join(guessed)}",
            f"Do not ask for {' and '.join(guessed)} in {column!r}: nobody said so.",
            "loosened",
            partial(_relaxed, case.name, column, tuple(guessed)),
        )


def _relaxed(name: str, column: str, guessed: tuple[str, ...], draft: PlanDraft) -> Edited:
    if column not in contract_of(draft.pipeline(name)):
        return draft, ()
    reason = f"values of {column!r} break it, and nobody asked for it"
    return changed_column(draft, name, column=column, reason=reason, without=guessed)


def uniqueness(case: Case) -> Iterator[Possible]:
    """Suggest to take back a guess that values stand in one row only, or that two columns compare."""
    if not case.stops:
        return
    if case.code == "unique-error":
        if case.promised is not None and case.promised.unique and case.guessed("unique"):
            yield Possible(
                "drop unique",
                f"Let values of {case.column!r} stand in several rows: nobody said that they may not.",
                "loosened",
                partial(_repeatable, case.name, case.column or ""),
            )
        for columns in case.spec.validation.unique:
            if not case.said("validate.unique") and (case.column is None or case.column in columns):
                named = ", ".join(map(repr, columns))
                yield Possible(
                    "drop unique together",
                    f"Let {named} together stand in several rows: nobody said that they may not.",
                    "loosened",
                    partial(_without, case.name, "unique", columns, f"several rows have the same {named}"),
                )
    elif case.code == "row-constraint" and not case.said("validate.checks"):
        place = case.finding.key.removeprefix("validate.checks.")
        for at, check in enumerate(case.spec.validation.checks):
            if place == str(at) or not place.isdecimal():
                operator, other = check.relation
                yield Possible(
                    "drop a check",
                    f"Do not ask that {check.column!r} {operator} {other!r}: nobody said so.",
                    "loosened",
                    partial(_without, case.name, "checks", check, "rows break it, and nobody asked for it"),
                )


def _repeatable(name: str, column: str, draft: PlanDraft) -> Edited:
    if column not in contract_of(draft.pipeline(name)):
        return draft, ()
    return changed_column(draft, name, column=column, reason=f"values of {column!r} repeat", unique=False)


def _without(name: str, field: str, entry: object, reason: str, draft: PlanDraft) -> Edited:
    spec = draft.pipeline(name)
    left = tuple(each for each in getattr(spec.validation, field) if each != entry)
    return changed_validation(draft, name, reason=reason, **{field: left})
