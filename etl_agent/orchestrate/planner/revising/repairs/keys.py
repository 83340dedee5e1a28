"""Repairs of keys: other columns that tell rows apart, rows that stand twice, and what tells which row is newest."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from etl_agent.clean.duplicates import Deduplicate
from etl_agent.clean.step import KeyStep, Step
from etl_agent.orchestrate.planner.draft import PlanDraft
from etl_agent.orchestrate.planner.drafting.keys import is_plausible
from etl_agent.orchestrate.planner.revising.checking_data import origins, repeated_share
from etl_agent.orchestrate.planner.revising.editing import Edited, changed_column, changed_load, contract_of, put_node
from etl_agent.orchestrate.planner.revising.repairs.case import Case, Possible
from etl_agent.orchestrate.planner.revising.repairs.cleaning import Steps, steps_that_help
from etl_agent.orchestrate.planner.revising.repairs.placing import with_steps
from etl_agent.orchestrate.planner.revising.trying import broken, trial
from etl_agent.validate.spec import ColumnContract

__all__ = ["duplicates", "newest", "other_key"]

_ORDERED = ("timestamp", "date", "integer")


def _concerns_key(case: Case) -> bool:
    finding = case.finding
    return (
        finding.kind == "key_conflict"
        or finding.code == "primary-key-error"
        or (finding.key == "load.primary_key" and finding.kind in ("invalid", "missing_column"))
    )


def other_key(case: Case) -> Iterator[Possible]:
    """Suggest other columns that tell rows apart, where the key was guessed; or none where none is needed."""
    if not _concerns_key(case) or case.said("load.primary_key") or not case.spec.load.primary_key:
        return
    if not _is_refuted(case):
        return  # the rows conflict with others in the table, and by another key they would be doubled there
    for columns in _candidates(case):
        named = " and ".join(map(repr, columns))
        yield Possible(
            "another key" if len(columns) == 1 else "a pair as key",
            f"Tell rows apart by {named}: no two rows share it, and none lacks it.",
            "lossless",
            partial(_keyed, case.name, case.spec.load.primary_key, columns),
        )
    if case.spec.load.write_disposition != "merge" and not (case.spec.load.newest_by and case.said("load.newest_by")):
        yield Possible(
            "no key",
            "Load every row: nobody said what tells rows apart.",
            "loosened",
            partial(_keyed, case.name, case.spec.load.primary_key, ()),
        )


def _is_refuted(case: Case) -> bool:
    """Tell whether the key of the pipeline is none: too many rows of the files themselves lack it, or share it."""
    names = origins(case.spec, case.given, case.spec.load.primary_key)
    if names is None or case.source is None or not set(names) <= set(case.source.columns):
        return True
    profile = case.source.profile
    lacking = max((profile.facts.columns[name].nulls / max(profile.rows, 1) for name in names), default=0.0)
    return max(lacking, repeated_share(profile, names)) > case.allowed


def _candidates(case: Case) -> Iterator[tuple[str, ...]]:
    """Return the unbroken keys of the profile by the names that their columns have when they are loaded."""
    if case.source is None:
        return
    profile = case.source.profile
    loaded = tuple(case.contract) or case.walked.after
    names = {found[0]: name for name in loaded if (found := origins(case.spec, case.given, (name,)))}
    for key in (*profile.keys, *profile.relations.pairs):
        columns = tuple(names[name] for name in key.columns if name in names)
        if (
            not key.clean
            or not is_plausible(key, case.source)
            or len(columns) < len(key.columns)
            or columns == case.spec.load.primary_key
        ):
            continue
        if all(name not in case.contract or case.contract[name].required for name in columns):
            yield columns


def _keyed(name: str, before: tuple[str, ...], columns: tuple[str, ...], draft: PlanDraft) -> Edited:
    load = draft.pipeline(name).load
    if load.primary_key != before:  # another repair has found another one already
        return draft, ()
    named = ", ".join(map(repr, before))
    without = () if columns else ("newest_by",)
    reason = f"{named} does not tell rows apart"
    return changed_load(draft, name, reason=reason, without=without, primary_key=columns)


def duplicates(case: Case) -> Iterator[Possible]:
    """Suggest to keep one of several rows that are equal in all columns, where rows may not share a key."""
    if not _concerns_key(case) and case.code != "unique-error":
        return
    if case.source is None or not case.source.profile.duplicates.repeated:
        return
    if any(isinstance(node, KeyStep) for node in case.spec.clean):
        return
    columns = case.spec.load.primary_key if _concerns_key(case) else (case.column,) if case.column else ()
    names = origins(case.spec, case.given, columns)
    known = bool(names) and set(names or ()) <= set(case.source.columns)
    enough = not known or repeated_share(case.source.profile, names or ()) <= case.allowed
    yield Possible(
        "deduplicate",
        "Keep one of several rows that are equal in all columns.",
        "exact" if enough else "not enough",
        partial(_deduplicated, case.name),
    )


def _deduplicated(name: str, draft: PlanDraft) -> Edited:
    clean, step = draft.pipeline(name).clean, Deduplicate()
    if step in clean:
        return draft, ()
    reason = "rows stand there twice, equal in all columns"
    return put_node(draft, name, at=len(clean), node=step, reason=reason)


def newest(case: Case) -> Iterator[Possible]:
    """Suggest to read the column that says which row is newest as times or numbers, or another column, or none."""
    column = case.spec.load.newest_by
    if case.finding.key != "load.newest_by" or column is None:
        return
    promised = case.contract.get(column)
    if promised is not None and not case.said(f"validate.contract.{column}.type"):
        for kind, steps in _orders(case, column, promised):
            yield Possible(
                f"newest by {kind}",
                f"Read {column!r} as {kind}, so that it says which row is newest.",
                "lossless",
                partial(_ordered, case.name, column, kind, steps),
            )
    if case.said("load.newest_by"):
        return
    others = [name for name, each in case.contract.items() if each.column_type.kind in ("date", "timestamp")]
    if len(others) == 1 and others[0] != column:
        yield Possible(
            "newest by another column",
            f"Let {others[0]!r} say which row is newest, the only column of dates.",
            "lossless",
            partial(_newest, case.name, column, others[0]),
        )
    yield Possible(
        "newest by none",
        "Let the last row of a key be the newest: no column says it.",
        "loosened",
        partial(_newest, case.name, column, None),
    )


def _orders(case: Case, column: str, promised: ColumnContract) -> Iterator[tuple[str, Steps]]:
    """Return the first kind that all values of a column have, with the steps that it takes."""
    tried = trial(case.spec, case.given, column=column)
    if tried is None or tried.cells is None:
        return
    for kind in _ORDERED:
        wanted = ColumnContract(type=kind, nullable=promised.nullable)
        steps = () if not broken(tried.cells, wanted) else steps_that_help(tried, column, wanted, nullable=False)
        after = None if steps is None else tried.with_steps(tuple(_of(step, tried.origin) for step in steps))
        if steps is not None and after is not None and not broken(after, wanted):
            yield kind, steps
            return


def _of(step: Step, column: str) -> Step:
    return step.model_copy(update={"columns": (column,)})


def _ordered(name: str, column: str, kind: str, steps: Steps, draft: PlanDraft) -> Edited:
    promised = contract_of(draft.pipeline(name)).get(column)
    if promised is None or promised.column_type.kind not in ("text", "boolean"):
        return draft, ()
    reason = f"{column!r} says which row is newest"
    draft, cleaned = with_steps(draft, name, steps=steps, column=column, reason=reason)
    draft, typed = changed_column(draft, name, column=column, reason=reason, type=kind)
    return draft, (*cleaned, *typed)


def _newest(name: str, before: str, column: str | None, draft: PlanDraft) -> Edited:
    if draft.pipeline(name).load.newest_by != before:
        return draft, ()
    reason = f"{before!r} does not say which row is newest"
    if column is None:
        return changed_load(draft, name, reason=reason, without=("newest_by",))
    return changed_load(draft, name, reason=reason, newest_by=column)
