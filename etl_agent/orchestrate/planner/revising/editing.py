"""Changes of a draft's pipelines, each with what it changed, that keep the user's own words where they are."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any, TypeVar

from pydantic import BaseModel

from etl_agent.orchestrate.planner.draft import PlanDraft, Point
from etl_agent.orchestrate.planner.revising.shown import CELLS, HIDDEN, shown, words_of
from etl_agent.orchestrate.planner.revision import Change
from etl_agent.orchestrate.sequential import Node, PipelineSpec
from etl_agent.validate.spec import ColumnContract

__all__ = [
    "Edited",
    "changed_column",
    "changed_load",
    "changed_needs",
    "changed_validation",
    "contract_of",
    "moved_pipeline",
    "put_node",
    "renamed_column",
    "replaced_nodes",
    "set_columns",
    "with_fields",
    "with_validation",
]

Spec = TypeVar("Spec", bound=BaseModel)

Edited = tuple[PlanDraft, tuple[Change, ...]]
"""The draft afterwards, and what differs; nothing where there was nothing to do."""

_CLEAN = "clean."


def with_fields(spec: Spec, /, *, without: Collection[str] = (), **fields: Any) -> Spec:
    """Return a spec with some fields set, and others back at their defaults.

    Raises:
        ValidationError: the fields do not go together.
    """
    kept = {name: getattr(spec, name) for name in spec.model_fields_set if name not in without}
    return type(spec).model_validate(kept | fields)


def contract_of(spec: PipelineSpec) -> Mapping[str, ColumnContract]:
    """Return the contract that stands in a pipeline, by column; empty where there is none."""
    contract = spec.validation.contract
    return contract if isinstance(contract, Mapping) else {}


def changed_column(
    draft: PlanDraft,
    pipeline: str,
    *,
    column: str,
    reason: str,
    without: Collection[str] = (),
    **fields: Any,
) -> Edited:
    """Change what the contract promises of a column: one change for each key of it that differs."""
    spec = draft.pipeline(pipeline)
    before = contract_of(spec)[column]
    after = with_fields(before, without=without, **fields)
    words = words_of(spec)
    changes = tuple(
        Change(
            pipeline=pipeline,
            key=f"validate.contract.{column}.{name}",
            before=_part(before, name, words),
            after=_part(after, name, words),
            reason=reason,
        )
        for name in ColumnContract.model_fields
        if getattr(before, name) != getattr(after, name)
    )
    contract = {name: after if name == column else each for name, each in contract_of(spec).items()}
    return _done(draft, with_validation(spec, contract=contract), changes)


def _part(contract: ColumnContract, name: str, words: Collection[str]) -> str:
    value = getattr(contract, name)
    return HIDDEN if name in CELLS and value is not None else _written(value, words)


def _written(value: Any, words: Collection[str]) -> str:
    """Write a value on one line; nothing for one that is not there."""
    return "" if value is None or value == () else shown(value, words=words)


def set_columns(
    draft: PlanDraft, pipeline: str, *, columns: Mapping[str, ColumnContract | None], reason: str
) -> Edited:
    """Put columns into the contract, behind those that are there, or take them out (None)."""
    spec = draft.pipeline(pipeline)
    before = contract_of(spec)
    words = {*words_of(spec), *columns}
    changes = tuple(
        Change(
            pipeline=pipeline,
            key=f"validate.contract.{name}",
            before=shown(before[name], words=words) if name in before else "",
            after="" if column is None else shown(column, words=words),
            reason=reason,
        )
        for name, column in columns.items()
        if before.get(name) != column
    )
    contract = {name: each for name, each in {**before, **columns}.items() if each is not None}
    return _done(draft, with_validation(spec, contract=contract), changes)


def renamed_column(draft: PlanDraft, pipeline: str, *, column: str, to: str, reason: str) -> Edited:
    """Give a column of the contract another name, there and wherever the validation and the load name it."""
    spec = draft.pipeline(pipeline)

    def new(names: Iterable[str]) -> tuple[str, ...]:
        return tuple(to if name == column else name for name in names)

    contract = {to if name == column else name: each for name, each in contract_of(spec).items()}
    checks = tuple(
        with_fields(check, **{side: to for side in check.model_fields_set if getattr(check, side) == column})
        for check in spec.validation.checks
    )
    validation = with_fields(
        spec.validation, contract=contract, checks=checks, unique=tuple(map(new, spec.validation.unique))
    )
    newest = to if spec.load.newest_by == column else spec.load.newest_by
    load = with_fields(
        spec.load,
        primary_key=new(spec.load.primary_key),
        indexes=tuple(map(new, spec.load.indexes)),
        newest_by=newest,
    )
    change = Change(pipeline=pipeline, key=f"validate.contract.{column}", before=column, after=to, reason=reason)
    draft = _repointed(draft, pipeline, f"validate.contract.{column}", f"validate.contract.{to}")
    return _done(draft, with_fields(spec, validation=validation, load=load), (change,))


def changed_load(
    draft: PlanDraft, pipeline: str, *, reason: str, without: Collection[str] = (), **fields: Any
) -> Edited:
    """Change how rows come into the table: one change for each key that differs."""
    spec = draft.pipeline(pipeline)
    load = with_fields(spec.load, without=without, **fields)
    words = words_of(spec) | words_of(with_fields(spec, load=load))
    changes = tuple(
        Change(
            pipeline=pipeline,
            key=f"load.{name}",
            before=_written(getattr(spec.load, name), words),
            after=_written(getattr(load, name), words),
            reason=reason,
        )
        for name in type(load).model_fields
        if getattr(spec.load, name) != getattr(load, name)
    )
    return _done(draft, with_fields(spec, load=load), changes)


def changed_validation(draft: PlanDraft, pipeline: str, *, reason: str, **fields: Any) -> Edited:
    """Change checks and unique columns beside the contract: one change for each key that differs."""
    spec = draft.pipeline(pipeline)
    after = with_validation(spec, **fields)
    words = words_of(spec) | set(contract_of(spec))
    changes = tuple(
        Change(
            pipeline=pipeline,
            key=f"validate.{name}",
            before=_written(getattr(spec.validation, name), words),
            after=_written(getattr(after.validation, name), words),
            reason=reason,
        )
        for name in fields
        if getattr(spec.validation, name) != getattr(after.validation, name)
    )
    return _done(draft, after, changes)


def put_node(draft: PlanDraft, pipeline: str, *, at: int, node: Node, reason: str) -> Edited:
    """Put a node into ``clean`` before the one that stands at a place."""
    spec = draft.pipeline(pipeline)
    clean = (*spec.clean[:at], node, *spec.clean[at:])
    change = Change(
        pipeline=pipeline, key=f"{_CLEAN}{at}", before="", after=shown(node, words=words_of(spec)), reason=reason
    )
    draft = _renumbered(draft, pipeline, lambda place: place + (place >= at))
    return _done(draft, with_fields(spec, clean=clean), (change,))


def replaced_nodes(draft: PlanDraft, pipeline: str, *, nodes: Mapping[int, Node | None], reason: str) -> Edited:
    """Put other nodes into places of ``clean``, or take those that stand there out (None)."""
    spec = draft.pipeline(pipeline)
    words = words_of(spec)
    changes = tuple(
        Change(
            pipeline=pipeline,
            key=f"{_CLEAN}{at}",
            before=shown(spec.clean[at], words=words),
            after="" if node is None else shown(node, words=words),
            reason=reason,
        )
        for at, node in sorted(nodes.items())
        if node != spec.clean[at]
    )
    listed = [nodes.get(at, node) for at, node in enumerate(spec.clean)]
    left = [at for at, node in enumerate(listed) if node is not None]
    draft = _renumbered(draft, pipeline, lambda place: left.index(place) if place in left else None)
    clean = tuple(node for node in listed if node is not None)
    return _done(
        draft, with_fields(spec, clean=clean), changes, gone=[change for change in changes if not change.after]
    )


def changed_needs(draft: PlanDraft, pipeline: str, *, needs: tuple[str, ...], reason: str) -> Edited:
    """Let a pipeline need others."""
    spec = draft.pipeline(pipeline)
    if needs == spec.needs:
        return draft, ()
    names = [each.name for each in draft.pipelines]
    before, after = (_written(each, names) for each in (spec.needs, needs))
    change = Change(pipeline=pipeline, key="needs", before=before, after=after, reason=reason)
    return _done(draft, with_fields(spec, needs=needs), (change,))


def moved_pipeline(draft: PlanDraft, pipeline: str, *, behind: str, reason: str) -> Edited:
    """Let a pipeline need another one, and run directly behind it if it ran before."""
    needs = tuple(dict.fromkeys((*draft.pipeline(pipeline).needs, behind)))
    draft, changes = changed_needs(draft, pipeline, needs=needs, reason=reason)
    names = [spec.name for spec in draft.pipelines]
    if names.index(pipeline) > names.index(behind):
        return draft, changes
    order = [name for name in names if name != pipeline]
    order.insert(order.index(behind) + 1, pipeline)
    moved = draft.model_copy(update={"pipelines": tuple(draft.pipeline(name) for name in order)})
    change = Change(
        pipeline=pipeline,
        key="",
        before=f"{names.index(pipeline) + 1} of {len(names)}",
        after=f"{order.index(pipeline) + 1} of {len(names)}",
        reason=reason,
    )
    return moved, (*changes, change)


def with_validation(spec: PipelineSpec, **fields: Any) -> PipelineSpec:
    """Return a pipeline with other fields in its ``validate`` section."""
    return with_fields(spec, validation=with_fields(spec.validation, **fields))


def _done(draft: PlanDraft, spec: PipelineSpec, changes: tuple[Change, ...], gone: Collection[Change] = ()) -> Edited:
    """Put a pipeline into its place, and say at what was changed that evidence asked for it.

    Raises:
        ValidationError: the pipeline contradicts itself.
    """
    keys = {change.key for change in changes}
    points = [
        point for point in draft.points if point.by == "goal" or point.pipeline != spec.name or point.key not in keys
    ]
    points += [
        Point(
            pipeline=spec.name,
            key=_CLEAN.rstrip(".") if change in gone else change.key,  # another node stands at its place now
            reason=change.reason,
            by="evidence",
        )
        for change in changes
        if change.key
    ]
    pipelines = tuple(spec if each.name == spec.name else each for each in draft.pipelines)
    return draft.model_copy(update={"pipelines": pipelines, "points": tuple(dict.fromkeys(points))}), changes


def _renumbered(draft: PlanDraft, pipeline: str, place: Callable[[int], int | None]) -> PlanDraft:
    """Let what is said of nodes follow them to their new places; what is said of one that is gone goes with it."""
    points: list[Point] = []
    for point in draft.points:
        number, _, below = point.key.removeprefix(_CLEAN).partition(".")
        if point.pipeline != pipeline or not point.key.startswith(_CLEAN) or not number.isdecimal():
            points.append(point)
        elif (at := place(int(number))) is not None:
            key = f"{_CLEAN}{at}.{below}" if below else f"{_CLEAN}{at}"
            points.append(point.model_copy(update={"key": key}))
    return draft.model_copy(update={"points": tuple(points)})


def _repointed(draft: PlanDraft, pipeline: str, key: str, new: str) -> PlanDraft:
    points = tuple(
        point.model_copy(update={"key": new + point.key.removeprefix(key)})
        if point.pipeline == pipeline and (point.key == key or point.key.startswith(f"{key}."))
        else point
        for point in draft.points
    )
    return draft.model_copy(update={"points": points})
