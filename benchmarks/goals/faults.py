"""Faults of a first plan, each one thing that a hasty maker of plans could have guessed wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from etl_agent.orchestrate.planner.draft import PlanDraft, Point
from etl_agent.orchestrate.planner.given import Given, Source
from etl_agent.orchestrate.sequential import PipelineSpec
from etl_agent.orchestrate.written import plain_data

__all__ = ["FAULTS", "faulty"]

Plain = dict[str, Any]
Fault = Callable[[Plain, Source], str | None]
"""Puts a fault into a pipeline that is written as plain data, and names the key that it spoils; None if it cannot."""

_CONVERT = ("dates", "timestamps", "numbers", "booleans", "times")


def _columns(spec: Plain) -> Plain:
    contract: Plain = spec.get("validate", {}).get("contract", {})
    return contract


def _texts(spec: Plain, source: Source) -> Iterator[str]:
    for name, column in _columns(spec).items():
        if column.get("type", "text") == "text" and name in source.columns:
            yield name


def _forgotten_step(spec: Plain, _: Source) -> str | None:
    for at, node in enumerate(spec.get("clean", ())):
        if node.get("step") in _CONVERT:
            del spec["clean"][at]
            return "clean"
    return None


def _narrow_type(spec: Plain, source: Source) -> str | None:
    for name in _texts(spec, source):
        if source.profile.kinds[name].kind not in ("integer", "number", "empty"):
            _columns(spec)[name] = {**_columns(spec)[name], "type": "integer"}
            return f"validate.contract.{name}.type"
    return None


def _not_null(spec: Plain, source: Source) -> str | None:
    for name, column in _columns(spec).items():
        if column.get("nullable") and source.profile.facts.columns[name].nulls:
            _columns(spec)[name] = {**column, "nullable": False}
            return f"validate.contract.{name}.nullable"
    return None


def _unique(spec: Plain, source: Source) -> str | None:
    for name in _texts(spec, source):
        if source.profile.kinds[name].kind == "category":
            _columns(spec)[name]["unique"] = True
            return f"validate.contract.{name}.unique"
    return None


def _words_left_out(spec: Plain, source: Source) -> str | None:
    for name in _texts(spec, source):
        if source.profile.kinds[name].kind == "category":
            _columns(spec)[name]["one_of"] = [_some(source, name)]
            return f"validate.contract.{name}.one_of"
    return None


def _some(source: Source, name: str) -> str:
    return next(cell for cell in source.evidence.sample.column(name).to_pylist() if cell)


def _format(spec: Plain, source: Source) -> str | None:
    for name in _texts(spec, source):
        _columns(spec)[name]["format"] = "uuid"
        return f"validate.contract.{name}.format"
    return None


def _range(spec: Plain, _: Source) -> str | None:
    for name, column in _columns(spec).items():
        if column.get("type", "").startswith(("decimal", "integer")):
            column["max"] = "1"
            return f"validate.contract.{name}.max"
    return None


def _repeated_key(spec: Plain, source: Source) -> str | None:
    if not spec["load"].get("primary_key"):
        return None
    for name in _columns(spec):
        if name in source.columns and source.profile.kinds[name].kind == "category":
            spec["load"]["primary_key"] = [name]
            return "load.primary_key"
    return None


def _absent_column(spec: Plain, _: Source) -> str | None:
    if not _columns(spec):
        return None
    _columns(spec)["remarks"] = {"type": "text", "nullable": True}
    return "validate.contract.remarks"


def _unknown_column(spec: Plain, source: Source) -> str | None:
    load = spec["load"]
    needed = {*load.get("primary_key", ()), load.get("newest_by")}
    name = next((each for each in _columns(spec) if each in source.columns and each not in needed), None)
    if name is None:
        return None
    del _columns(spec)[name]
    return "validate.contract"


def _misspelt_column(spec: Plain, source: Source) -> str | None:
    spec["clean"] = [*spec.get("clean", ()), {"step": "strip", "columns": [f"{source.columns[-1]}s"]}]
    return f"clean.{len(spec['clean']) - 1}"


def _unknown_strategy(spec: Plain, _: Source) -> str | None:
    spec["clean"] = [*spec.get("clean", ()), {"route": "polish", "among": ["polish_everything"]}]
    return f"clean.{len(spec['clean']) - 1}"


FAULTS: Mapping[str, Fault] = {
    "a conversion forgotten": _forgotten_step,
    "a type too narrow": _narrow_type,
    "not null where nulls are": _not_null,
    "unique where values repeat": _unique,
    "words left out": _words_left_out,
    "a format that nothing has": _format,
    "a range too narrow": _range,
    "a key that repeats": _repeated_key,
    "a column that no file brings": _absent_column,
    "a column that the contract does not know": _unknown_column,
    "a step on a column that is not there": _misspelt_column,
    "a strategy that is not there": _unknown_strategy,
}
"""What is done to a pipeline."""


def faulty(draft: PlanDraft, given: Given, fault: Fault) -> PlanDraft | None:
    """Put a fault into the first pipeline that can have it; None if none can.

    What the fault spoils is no longer the user's word, but somebody's guess.
    """
    for at, spec in enumerate(draft.pipelines):
        plain = plain_data(spec)
        key = fault(plain, given.source(spec.name))
        if key is None:
            continue
        made = PipelineSpec.model_validate(plain)
        kept = tuple(point for point in draft.points if not _covers(point, spec.name, key))
        guessed = Point(pipeline=spec.name, key=key, reason="it was guessed", by="model")
        pipelines = (*draft.pipelines[:at], made, *draft.pipelines[at + 1 :])
        return draft.model_copy(update={"pipelines": pipelines, "points": (*kept, guessed)})
    return None


def _covers(point: Point, pipeline: str, key: str) -> bool:
    return point.pipeline == pipeline and (point.key == key or point.key.startswith(f"{key}."))
