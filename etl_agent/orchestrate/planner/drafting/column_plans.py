"""As what each column of a dataset is read: at the user's word, or where its cells bear it out."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa

from etl_agent.clean.step import RowStep
from etl_agent.clean.text import Strip
from etl_agent.orchestrate.planner.draft import By
from etl_agent.orchestrate.planner.drafting.asked import Asked
from etl_agent.orchestrate.planner.drafting.bounds import bounds_of, wanted_by
from etl_agent.orchestrate.planner.drafting.column_types import (
    Typed,
    Wanted,
    ambiguous,
    codes_among,
    open_step,
    typed,
    wanted_of,
)
from etl_agent.orchestrate.planner.drafting.demand import Demand
from etl_agent.orchestrate.planner.drafting.nulls import Bar, markers_of, null_step
from etl_agent.validate.spec import Validate

__all__ = ["ColumnPlan", "column_plans"]

_GUESSES = 0.5
"""Share of the budget of rejected rows that guessed types may use up; the rest is for what later files bring."""

_NO_WORDS = ("email", "url", "uuid", "ipv4", "iban", "e164")
"""Formats that none of the words has that people write for no value; NA and NIL could be codes."""


@dataclass(frozen=True)
class ColumnPlan:
    """As what a column is read.

    Args:
        name: the column.
        demand: what is asked of its values.
        by: who says as what it is read.
        wanted: as what; None for text.
        forced: whether it is read so whatever its cells are.
        markers: its cells that stand for no value.
        read: how reading the sample went; None for text.
        step: what brings its cells into one form; None where nothing has to.
        doubt: why its cells do not bear the type out; empty where they do.
    """

    name: str
    demand: Demand
    by: By = "default"
    wanted: Wanted | None = None
    forced: bool = False
    markers: tuple[str, ...] = ()
    read: Typed | None = None
    step: RowStep | None = None
    doubt: str = ""


def column_plans(
    asked: Asked, *, key: Sequence[str], newest: str | None, as_text: Collection[str], notes: list[str]
) -> tuple[ColumnPlan, ...]:
    """Settle the columns of a dataset, in their order.

    Args:
        asked: what is asked of the dataset.
        key: the columns that identify a row.
        newest: the column that tells which row is newest: it has to be of a type that is in order.
        as_text: columns that stay text whatever they look like.
        notes: takes what a person should know.
    """
    sample = _sample(asked)
    plans = [_plan(name, asked, newest=newest, as_text=as_text, notes=notes) for name in asked.kept]
    plans = [replace(plan, markers=_markers(plan, asked, key=key)) for plan in plans]
    plans = [_read(plan, asked, sample) for plan in plans]
    return _settled(plans, asked, key=key, rows=sample.num_rows, notes=notes)


def _sample(asked: Asked) -> pa.RecordBatch:
    """Return the sample of the dataset without blanks around its cells."""
    data = asked.source.profile.sample.data
    if data is None:
        data = pa.RecordBatch.from_pydict({name: pa.nulls(0, pa.string()) for name in asked.source.columns})
    return Strip().apply(data)


def _borne_out(demand: Demand, found: Wanted | None) -> Demand:
    """Leave out what a model asks for and neither the user's word nor the look of the column bears out.

    A code like 007 reads well as a number and is lost by it: a model's word alone makes no such change.
    """
    said = demand.said_alone()
    if wanted_by(said, found) is not None:
        return demand.without(demand.by_model & {"type", "format", "one_of"})
    if {"format", "one_of"} & set(said.checks):
        return demand.without(demand.by_model & {"type", "min", "max"})
    if found is not None:
        demand = demand.without(demand.by_model & {"format", "one_of"})
    if wanted_by(demand, found) in (None, found, "number" if found == "integer" else found):
        return demand
    return demand.without(demand.by_model & {"type", "min", "max"})


def _plan(name: str, asked: Asked, *, newest: str | None, as_text: Collection[str], notes: list[str]) -> ColumnPlan:
    """Tell as what a column is to be read, and at whose word."""
    profile = asked.source.profile
    kind, facts = profile.kinds[name], profile.facts.columns[name]
    found = wanted_of(kind, facts, name=name)
    whole = asked.demands.get(name, Demand(name))
    demand = _borne_out(whole, found)
    if demand.checks != whole.checks:
        notes.append(f"{asked.source.name}, column {name}: a model asks for what its cells do not bear out; not taken")
    if (wanted := wanted_by(demand, found)) is not None:
        said = any(demand.askers.get(check) == "goal" for check in ("type", "min", "max"))
        return ColumnPlan(name, demand, "goal" if said else "model", wanted, forced=said)
    if {"format", "one_of"} & set(demand.checks):
        return ColumnPlan(name, demand)
    if name == newest and found is not None and asked.newest is not None and asked.newest.by == "goal":
        return ColumnPlan(name, demand, "profile", found, forced=True)
    for wish in asked.cleaned:
        named = name in wish.columns and wish.by == "goal"
        if wish.how == "numbers" and name in (wish.columns or (name,)):
            like = wanted_of(kind, facts, name=name, amounts=wish.by == "goal")
            like = like if like in ("integer", "number") else "number" if named else None
            if like is not None:
                return ColumnPlan(name, demand, wish.by, like)
        if wish.how == "dates" and name in (wish.columns or (name,)):
            like = found if found in ("date", "timestamp", "time") else "date" if named else None
            if like is not None:
                return ColumnPlan(name, demand, wish.by, like)
    return ColumnPlan(name, demand, "profile", found if name not in as_text else None)


def _markers(plan: ColumnPlan, asked: Asked, *, key: Sequence[str]) -> tuple[str, ...]:
    """List what stands for no value in a column, where the contract has to know."""
    checks = plan.demand.checks
    bar: Bar | None = None
    if plan.wanted is not None or checks.get("format") in _NO_WORDS:
        bar = "word"
    elif "one_of" in checks or "required" in checks:
        bar = "sign"
    elif "format" in checks or plan.name in key:
        bar = "program"
    good = checks.get("one_of")
    facts = asked.source.profile.facts.columns[plan.name]
    return () if bar is None else markers_of(facts, bar=bar, good=good if isinstance(good, tuple) else ())


def _read(plan: ColumnPlan, asked: Asked, sample: pa.RecordBatch) -> ColumnPlan:
    """Try the type of a column on the sample."""
    if plan.wanted is None:
        return plan
    bare = null_step((plan.name,), plan.markers).apply(sample) if plan.markers else sample
    cells = bare.column(plan.name)
    read = typed(
        cells,
        wanted=plan.wanted,
        kind=asked.source.profile.kinds[plan.name],
        bounds=bounds_of(plan.demand),
        forced=plan.by == "goal",
    )
    if not read.misfits.any():
        return replace(plan, read=read, step=read.step)
    named = f"{plan.wanted}s" if plan.wanted != "boolean" else "truth values"
    if ambiguous(cells, plan.wanted):
        doubt = f"its cells can be read as {named} in two ways, and none settles which"
        return replace(plan, read=read, step=open_step(plan.wanted) if plan.forced else None, doubt=doubt)
    if plan.by == "profile" and not plan.forced and plan.wanted == "integer" and codes_among(cells, read):
        return replace(plan, wanted=None, by="default", markers=())
    doubt = f"{int(read.misfits.sum())} of {len(cells)} rows looked at hold no {named}"
    return replace(plan, read=read, step=read.step, doubt=doubt)


def _settled(
    plans: Iterable[ColumnPlan], asked: Asked, *, key: Sequence[str], rows: int, notes: list[str]
) -> tuple[ColumnPlan, ...]:
    """Keep the guessed types that the cells bear out; the other columns stay text.

    Rows that do not fit are paid from one budget, so the columns that need least of it come first.
    """
    listed = tuple(plans)
    share = asked.budget.share if asked.budget is not None else Validate().max_reject_share
    spent = np.zeros(rows, np.bool_)
    kept: dict[str, ColumnPlan] = {}
    for plan in sorted(listed, key=lambda each: 0 if each.read is None else int(each.read.misfits.sum())):
        kept[plan.name] = plan
        if plan.read is None:
            continue
        if plan.forced:
            over = plan.read.misfits.sum() > share * rows
            notes += _told(plan, asked, "", f", and no more than {share:.0%} may be rejected" if over else "")
            continue
        spending = spent | plan.read.misfits
        if spending.sum() <= _GUESSES * share * rows:
            spent = spending
            continue
        notes += _told(plan, asked, "stays text, since ")
        plain = _as_text(plan)
        kept[plan.name] = replace(plain, markers=_markers(plain, asked, key=key))
    return tuple(kept[plan.name] for plan in listed)


def _told(plan: ColumnPlan, asked: Asked, before: str, behind: str = "") -> Iterator[str]:
    if plan.doubt:
        yield f"{asked.source.name}, column {plan.name}: {before}{plan.doubt}{behind}"


def _as_text(plan: ColumnPlan) -> ColumnPlan:
    """Return the plan without its type, and without what a model asks for that needs one.

    Where one form was asked for, and no type, the cells that can be are brought into it all the same.
    """
    demand = plan.demand.said_alone() if plan.by == "model" else plan.demand
    if plan.by in ("goal", "model") and not bounds_of(plan.demand) and "type" not in plan.demand.checks:
        return replace(plan, wanted=None, read=None)
    return replace(plan, demand=demand, by="default", wanted=None, read=None, step=None)
