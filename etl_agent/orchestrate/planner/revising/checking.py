"""Checking a draft without running it: names, order, what was given, and what the profiles say of types and keys."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from graphlib import CycleError, TopologicalSorter
from pathlib import PurePosixPath

from etl_agent.clean.python import PythonStep
from etl_agent.clean.step import Step
from etl_agent.decide.strategies import known_strategies
from etl_agent.errors import did_you_mean
from etl_agent.orchestrate.planner.draft import PlanDraft
from etl_agent.orchestrate.planner.findings import Finding
from etl_agent.orchestrate.planner.given import Given, Source
from etl_agent.orchestrate.planner.revising.checking_data import on_data
from etl_agent.orchestrate.planner.revising.editing import contract_of
from etl_agent.orchestrate.planner.revising.walking import Walk, brought, source_of, unknown_to_contract, walk
from etl_agent.orchestrate.sequential import PipelineSpec, routes_of, steps_of

__all__ = ["check"]


def check(draft: PlanDraft, given: Given) -> tuple[Finding, ...]:
    """Find what contradicts itself, what was given, or the profiles, without running anything.

    Args:
        draft: the draft.
        given: the datasets, the target and the SQL that it may use.

    Returns:
        Findings of the kind ``invalid``, pipeline by pipeline; none where the draft can be rehearsed.
    """
    found = [*_on_order(draft), *_on_tables(draft)]
    for spec in draft.pipelines:
        found += [*_on_given(spec, given), *_on_nodes(spec, given)]
        source = source_of(spec, given)
        if source is not None:
            found += [*_on_names(spec, source), *on_data(draft, spec, given)]
    return tuple(dict.fromkeys(found))


def _invalid(
    spec: PipelineSpec, key: str, detail: str, *, column: str | None = None, step: str | None = None
) -> Finding:
    return Finding(kind="invalid", pipeline=spec.name, key=key, column=column, step=step, detail=detail)


def _meant(name: str, choices: Iterable[str]) -> str:
    """Say what may be meant by a name that is not there."""
    listed = tuple(choices)
    return did_you_mean(name, listed) or (f"; there are: {', '.join(listed[:20])}" if listed else "")


def _on_order(draft: PlanDraft) -> Iterator[Finding]:
    """Check that the pipelines are one of each name, and come behind those that they need."""
    names = [spec.name for spec in draft.pipelines]
    for name, times in Counter(names).items():
        if times > 1:
            yield _invalid(draft.pipeline(name), "name", f"{times} pipelines are named {name!r}")
    circle = _circle(draft)
    for at, spec in enumerate(draft.pipelines):
        for need in spec.needs:
            if need not in names:
                yield _invalid(spec, "needs", f"there is no pipeline {need!r} to need{_meant(need, names)}")
            elif {spec.name, need} <= circle:
                yield _invalid(spec, "needs", f"{spec.name!r} and {need!r} need each other in a circle")
            elif need not in names[:at]:
                yield _invalid(spec, "needs", f"{need!r} is needed before {spec.name!r}, and comes behind it")


def _circle(draft: PlanDraft) -> frozenset[str]:
    """Return pipelines that need each other in a circle; none where there is no circle."""
    try:
        TopologicalSorter({spec.name: spec.needs for spec in draft.pipelines}).prepare()
    except CycleError as error:
        return frozenset(error.args[1])
    return frozenset()


def _on_tables(draft: PlanDraft) -> Iterator[Finding]:
    """Refuse two pipelines into one table, unless the user sent both there and neither takes away the other's rows."""
    by_table: dict[tuple[str | None, str], list[PipelineSpec]] = {}
    for spec in draft.pipelines:
        by_table.setdefault((spec.load.db_schema, spec.load.table.casefold()), []).append(spec)
    for specs in by_table.values():
        replacing = [spec for spec in specs if spec.load.is_snapshot]
        meant = not replacing and all(draft.said(spec.name, "load.table") for spec in specs)
        if len(specs) > 1 and not meant:
            others = ", ".join(repr(spec.name) for spec in specs[:-1])
            what = "which replaces what is there" if replacing else "which nobody asked for"
            detail = f"the table {specs[-1].load.table!r} is written by {others} too, {what}"
            yield _invalid(specs[-1], "load.table", detail)


def _on_given(spec: PipelineSpec, given: Given) -> Iterator[Finding]:
    """Check that a pipeline reads, writes and runs what the user gave, and nothing else."""
    files = [file for source in given.sources for file in source.files]
    for file in spec.extract.files:
        if file not in files:
            yield _invalid(spec, "extract.files", f"the file {file!r} was not given{_meant(file, files)}")
    for file in spec.extract.fallback:
        if file not in files:
            yield _invalid(spec, "extract.fallback", f"the file {file!r} was not given{_meant(file, files)}")
    if spec.load.to != given.to:
        yield _invalid(spec, "load.to", "the target is not the one that was given")
    sql = [str(each.file) for each in given.sql]
    for name in type(spec.load).model_fields:
        value = getattr(spec.load, name)
        for file in value if isinstance(value, tuple) else ():
            if isinstance(file, PurePosixPath) and str(file) not in sql:
                detail = f"the SQL file {str(file)!r} was not given{_meant(str(file), sql)}"
                yield _invalid(spec, f"load.{name}", detail)


def _on_nodes(spec: PipelineSpec, given: Given) -> Iterator[Finding]:
    """Check that code and strategies are known: shipped ones, and what the pipeline that is there has already."""
    there = given.existing.get(spec.name)
    own_steps = [step for step in steps_of(there.clean) if isinstance(step, PythonStep)] if there else []
    own_strategies = {name for route in routes_of(there.clean) for name in route.strategies} if there else set()
    strategies = {*known_strategies(), *own_strategies}
    for at, node in enumerate(spec.clean):
        for step in steps_of((node,)):
            if isinstance(step, PythonStep) and step not in own_steps:
                yield _invalid(spec, f"clean.{at}", "code of one's own is no part of a plan", step="python")
        for route in routes_of((node,)):
            for name in route.strategies:
                if name not in strategies:
                    detail = f"there is no strategy {name!r}{_meant(name, strategies)}"
                    yield _invalid(spec, f"clean.{at}", detail, step="route")
    contract = spec.validation.contract
    if isinstance(contract, str) and (there is None or there.validation.contract != contract):
        yield _invalid(spec, "validate.contract", "a schema of one's own is no part of a plan")


def _on_names(spec: PipelineSpec, source: Source) -> Iterator[Finding]:
    """Check that every column that is named is there at its place."""
    names = brought(spec, source)
    walked = walk(spec.clean, names)
    for lacking in walked.lacking:
        step = lacking.node.name if isinstance(lacking.node, Step) else None
        detail = f"there is no column {lacking.column!r} at this place{_meant(lacking.column, lacking.names)}"
        yield _invalid(spec, f"clean.{lacking.at}", detail, column=lacking.column, step=step)
    for at, what in walked.clashes:
        node = spec.clean[at]
        yield _invalid(spec, f"clean.{at}", what, step=node.name if isinstance(node, Step) else None)
    yield from _doubled(spec)
    yield from _on_contract(spec, walked, names)
    if spec.validation.contract is None:
        for key, column in _named_by_load(spec):
            if column not in walked.after:
                detail = f"there is no column {column!r} to load{_meant(column, walked.after)}"
                yield _invalid(spec, key, detail, column=column)


def _doubled(spec: PipelineSpec) -> Iterator[Finding]:
    """Find nodes that stand directly behind their like; further apart, what is between may make them needed."""
    for at, (node, following) in enumerate(zip(spec.clean, spec.clean[1:], strict=False), start=1):
        if node == following:
            step = following.name if isinstance(following, Step) else None
            yield _invalid(spec, f"clean.{at}", "the same stands there twice in a row", step=step)


def _on_contract(spec: PipelineSpec, walked: Walk, names: tuple[str, ...]) -> Iterator[Finding]:
    contract = contract_of(spec)
    for name, column in contract.items():
        if column.required and name not in walked.after:
            detail = f"the contract asks for {name!r}, which is not there{_meant(name, walked.after)}"
            yield _invalid(spec, f"validate.contract.{name}", detail, column=name)
    if contract and spec.validation.drift.columns == "freeze":
        required = {name: column.required for name, column in contract.items()}
        for name in unknown_to_contract(spec, names, required=required):
            detail = f"the files bring {name!r}, which the contract does not know"
            yield _invalid(spec, "validate.drift.columns", detail, column=name)
    for key, name in _named_by_load(spec):
        if contract and name in contract and not contract[name].required and key == "load.primary_key":
            yield _invalid(spec, key, f"{name!r} identifies rows, and may be missing", column=name)


def _named_by_load(spec: PipelineSpec) -> Iterator[tuple[str, str]]:
    """Name the columns that the load names, each with its key. Beside a contract the spec itself checks them."""
    named: Mapping[str, tuple[str, ...]] = {
        "load.primary_key": spec.load.primary_key,
        "load.newest_by": (spec.load.newest_by,) if spec.load.newest_by else (),
        "load.indexes": tuple(name for index in spec.load.indexes for name in index),
    }
    for key, names in named.items():
        yield from ((key, name) for name in names)
