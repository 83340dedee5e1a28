"""The contract of a dataset: what the user asks of its columns, and types that its cells bear out."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from pydantic import ValidationError

from etl_agent.clean.dates import Dates, Timestamps
from etl_agent.clean.numbers import Numbers
from etl_agent.clean.step import RowStep
from etl_agent.errors import UsageError
from etl_agent.orchestrate.planner.draft import By, Settled
from etl_agent.orchestrate.planner.drafting.asked import Asked, quoted
from etl_agent.orchestrate.planner.drafting.bounds import checks_of
from etl_agent.orchestrate.planner.drafting.column_plans import ColumnPlan, column_plans
from etl_agent.orchestrate.planner.drafting.demand import Demand
from etl_agent.orchestrate.planner.drafting.nulls import null_step
from etl_agent.orchestrate.planner.drafting.placed import Placed
from etl_agent.orchestrate.planner.drafting.readable import readable
from etl_agent.validate.spec import ColumnContract

__all__ = ["Contracted", "contracted_of"]

_NULLING = ("nulls", "contacts", "everything")
"""Conventions under which cells may become null."""


@dataclass(frozen=True)
class Contracted:
    """A contract, and what it takes.

    Args:
        columns: the columns.
        steps: the steps that bring the cells into their types, in order.
        points: choices: the key below ``validate.contract``, the reason and who chose.
        notes: what a person should know.
    """

    columns: Mapping[str, ColumnContract]
    steps: tuple[Placed, ...]
    points: tuple[Settled, ...]
    notes: tuple[str, ...]


def contracted_of(
    asked: Asked, *, key: Sequence[str] = (), newest: str | None = None, as_text: Collection[str] = ()
) -> Contracted:
    """Make the contract of a dataset, with the steps that its types take.

    Args:
        asked: what is asked of the dataset.
        key: the columns that identify a row: they are never null.
        newest: the column that tells which row is newest: it has to be of a type that is in order.
        as_text: columns that stay text, since another dataset has them so.

    Raises:
        UsageError: what is asked of a column contradicts itself.
    """
    notes: list[str] = []
    plans = column_plans(asked, key=key, newest=newest, as_text=as_text, notes=notes)
    columns: dict[str, ColumnContract] = {}
    points: list[Settled] = []
    demands: list[Demand] = []
    for plan in plans:
        columns[plan.name], demand = _promised(plan, asked, key=key, notes=notes)
        points += _points(plan, demand, asked, nullable=columns[plan.name].nullable, key=key)
        if plan.read is None:
            demands.append(demand)
    steps = (*_null_steps(plans), *_type_steps(plans), *readable(demands))
    return Contracted(columns, steps, tuple(points), (*notes, *_idle(plans, asked)))


def _promised(plan: ColumnPlan, asked: Asked, *, key: Sequence[str], notes: list[str]) -> tuple[ColumnContract, Demand]:
    """Write what a column promises, with the demand that it fulfils.

    Raises:
        UsageError: what the user asks for contradicts itself.
    """
    try:
        return _promise(plan, plan.demand, asked, key=key), plan.demand
    except ValidationError as error:
        mistakes = error
    said = plan.demand.said_alone()
    if said.checks != plan.demand.checks:
        notes.append(f"{asked.source.name}, column {plan.name}: a model's checks do not go with the rest; not taken")
        try:
            return _promise(plan, said, asked, key=key), said
        except ValidationError as error:
            mistakes = error
    why = "; ".join(mistake["msg"].removeprefix("Value error, ") for mistake in mistakes.errors())
    raise UsageError(
        f"what the goal asks of {plan.name!r} ({', '.join(said.words) or ', '.join(said.checks)}) cannot be: {why}",
        where=asked.source.name,
        next_command="say otherwise which of its values are good",
    )


def _promise(plan: ColumnPlan, demand: Demand, asked: Asked, *, key: Sequence[str]) -> ColumnContract:
    always = plan.name in key or "required" in demand.checks
    fields = {
        "required": always or plan.name not in asked.source.partial,
        "type": plan.read.type if plan.read is not None else "text",
        "timezone": plan.read.timezone if plan.read is not None else None,
        "nullable": not always and _may_be_null(plan, asked),
        "sensitive": plan.name in asked.source.sensitive or any(wish.column == plan.name for wish in asked.secret),
        **checks_of(demand, plan.read),
    }
    return ColumnContract.model_validate({name: value for name, value in fields.items() if value is not None})


def _may_be_null(plan: ColumnPlan, asked: Asked) -> bool:
    """Tell whether a cell of a column is null, or becomes null on the way."""
    profile = asked.source.profile
    facts = profile.facts.columns[plan.name]
    if not profile.rows or facts.nulls or plan.markers or plan.name in asked.source.partial:
        return True
    nulling = any(wish.how in _NULLING and plan.name in (wish.columns or (plan.name,)) for wish in asked.cleaned)
    return nulling and bool(facts.null_spellings.counts or facts.empties)


def _points(plan: ColumnPlan, demand: Demand, asked: Asked, *, nullable: bool, key: Sequence[str]) -> Iterator[Settled]:
    """Say who settled what about a column."""
    name = plan.name
    for check in demand.checks:
        place = "nullable" if check == "required" else check
        words = f" ({', '.join(demand.words)})" if demand.words and demand.askers[check] == "goal" else ""
        yield f"{name}.{place}", f"the goal asks for it{words}", demand.askers[check]
    if "required" not in demand.checks:
        if name in key:
            yield f"{name}.nullable", "a part of the key is never null", "default"
        else:
            yield f"{name}.nullable", "nulls were seen" if nullable else "no null was seen", "profile"
    if name in asked.source.partial and nullable:
        yield f"{name}.required", "some of the files do not bring it", "profile"
    if "type" not in demand.checks:
        yield f"{name}.type", *_type_reason(plan)
    secret = [wish.by for wish in asked.secret if wish.column == name]
    if secret or name in asked.source.sensitive:
        said = name in asked.source.sensitive or "goal" in secret
        yield f"{name}.sensitive", "its values are kept secret", "goal" if said else "model"


def _type_reason(plan: ColumnPlan) -> tuple[str, By]:
    if plan.read is None:
        return "text holds whatever comes", "default" if plan.by == "default" else "profile"
    misfits = int(plan.read.misfits.sum())
    by: By = "profile" if plan.by in ("goal", "default") else plan.by
    if misfits:
        return f"all rows looked at but {misfits} of {len(plan.read.misfits)} hold a value of the type", by
    return "every row looked at that has a value holds one of the type", by


def _null_steps(plans: Sequence[ColumnPlan]) -> Iterator[Placed]:
    """Make nulls of the markers: together where columns have no use for any word, alone where words may be good."""
    strict = [plan for plan in plans if plan.markers and plan.wanted is not None]
    if strict:
        markers = {marker for plan in strict for marker in plan.markers}
        step = null_step(tuple(plan.name for plan in strict), markers)
        yield Placed(step, "in these columns the words stand for no value", "profile")
    for plan in plans:
        if plan.markers and plan.wanted is None:
            yield Placed(null_step((plan.name,), plan.markers), "here the words stand for no value", "profile")


def _type_steps(plans: Sequence[ColumnPlan]) -> Iterator[Placed]:
    """List the steps that the types take, one for all columns that are written alike."""
    alike: list[tuple[RowStep, By, list[str]]] = []
    for plan in plans:
        if plan.step is None:
            continue
        for step, by, columns in alike:
            if step == plan.step and by == plan.by:
                columns.append(plan.name)
                break
        else:
            alike.append((plan.step, plan.by, [plan.name]))
    for step, by, columns in alike:
        named = step.model_copy(update={"columns": tuple(columns)})
        yield Placed(named, _form_reason(step), by)


def _form_reason(step: RowStep) -> str:
    if isinstance(step, Numbers) and (step.currency or step.units or step.percent != "none"):
        return "numbers are written in one form, and the sign or unit that all share is left out"
    if isinstance(step, Dates | Timestamps) and step.two_digit_years is not None:
        years = step.two_digit_years
        return f"dates are written in one form, and years of two digits are those from {years} to {years + 99}"
    return "the values are written in one form, which is what their types take"


def _idle(plans: Sequence[ColumnPlan], asked: Asked) -> Iterator[str]:
    """Say which cleaning no column has use for."""
    looks = {"dates": ("date", "timestamp", "time"), "numbers": ("integer", "number")}
    for wish in asked.cleaned:
        kinds = looks.get(wish.how, ())
        if kinds and not any(plan.wanted in kinds or plan.step is not None for plan in plans):
            yield f"{asked.source.name}: {quoted(wish)}: no column looks like {wish.how}"
