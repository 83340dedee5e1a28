"""Resolve a pipeline against the columns that its files bring: spec in, plan out, no side effect."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from etl_agent.clean.python import PythonStep
from etl_agent.clean.step import Step, missing_columns
from etl_agent.errors import ConfigurationError
from etl_agent.orchestrate.plan import Plan, PlannedStep, reasons
from etl_agent.orchestrate.sequential import Node, steps_of
from etl_agent.paths import importable

__all__ = ["plan_digest", "resolve", "runnable"]


def resolve(
    pipeline: str,
    steps: Sequence[Step],
    *,
    brought: Sequence[str],
    contract: Mapping[str, bool],
    digest: str,
    infer: bool = False,
) -> Plan:
    """Walk the columns through the steps, and pull the contract back to what the files must bring.

    Args:
        pipeline: the pipeline's name, for errors.
        steps: the cleaning steps in order.
        brought: columns that the files bring, together with those that extract adds.
        contract: for each column of the contract whether the files must bring it (unless a step makes it).
            Empty where there is no contract: then every column is loaded.
        digest: see ``plan_digest``.
        infer: whether the types are decided on the whole file, which takes part in a survey pass.

    Raises:
        ConfigurationError: two columns would have the same name after a step.
    """
    planned = tuple(PlannedStep(f"{number} {step.name}", step) for number, step in enumerate(steps, start=1))
    walk = _walk(pipeline, planned, brought)
    asked = dict.fromkeys(name for name in (*contract, *walk.read, *walk.unbrought) if name not in walk.made)
    wanted = tuple(name for name in asked if contract.get(name, True))
    absent = tuple(name for name in asked if name not in wanted and name not in brought)
    unknown = tuple(n for n in brought if contract and n in walk.names and n not in asked and n not in contract)
    door = (*brought, *absent)
    passes = list(reasons(planned, door))
    if infer:
        passes.append("survey: infer types")
    return Plan(
        pipeline=pipeline,
        steps=planned,
        door=door,
        wanted=wanted,
        unknown=unknown,
        absent=absent,
        names=_walk(pipeline, planned, door).names,
        passes=(*passes, "flow: clean, validate and load"),
        digest=digest,
    )


def runnable(steps: Sequence[Step], *, project: Path) -> tuple[Step, ...]:
    """Load the user's own steps, and return the steps that run in the places of all.

    Args:
        steps: as they stand in the pipeline.
        project: the folder where the user's modules are looked for first.

    Raises:
        ConfigurationError: a module or class cannot be loaded.
    """
    with importable(project):
        return tuple(step.made() if isinstance(step, PythonStep) else step for step in steps)


def plan_digest(nodes: Sequence[Node], parts: Mapping[str, Any]) -> str:
    """Digest everything that decides what a row becomes.

    Args:
        nodes: what stands in ``clean``; of steps the version counts too.
        parts: the other parts of the pipeline as plain data (what names places or credentials left out).
    """
    listed = [node.model_dump(mode="json") for node in nodes]
    versions = [step.version for step in steps_of(nodes)]
    text = json.dumps({"steps": listed, "versions": versions, **parts}, sort_keys=True, ensure_ascii=False, default=str)
    return hashlib.sha256(text.encode()).hexdigest()


@dataclass(slots=True)
class _Walk:
    """The columns on their way through the steps.

    Args:
        names: columns that are there now.
        made: columns that a step made, whatever the files bring under that name.
        read: columns of the files that a step names, in the order of the steps.
        unbrought: columns that a step reads and that neither the files, the contract nor a step bring.
    """

    names: tuple[str, ...]
    made: set[str] = field(default_factory=set)
    read: dict[str, None] = field(default_factory=dict)
    unbrought: list[str] = field(default_factory=list)


def _walk(pipeline: str, steps: Sequence[PlannedStep], door: Sequence[str]) -> _Walk:
    walk = _Walk(tuple(door))
    for planned in steps:
        step = planned.step
        lacking = missing_columns(step, walk.names)
        walk.unbrought.extend(lacking)
        walk.names = (*walk.names, *lacking)
        reads = set(step.reads(walk.names))
        if not _reads_any(step, walk.names):
            walk.read |= dict.fromkeys(name for name in step.reads(walk.names) if name not in walk.made)
        after = step.names_after(walk.names)
        if twice := sorted({name for name in after if after.count(name) > 1}):
            raise ConfigurationError(
                f"two columns would have the same name: {', '.join(twice)}",
                where=f"{pipeline}: clean, step {planned.label}",
            )
        walk.made |= (set(after) - set(walk.names)) | (set(step.writes(walk.names)) - reads - set(walk.read))
        walk.names = after
    return walk


def _reads_any(step: Step, names: Sequence[str]) -> bool:
    """Tell whether a step works on whatever columns there are, and so asks for none of them by name."""
    another = "\0"  # no file has a column of this name: NUL never passes the reader
    return another in step.reads((*names, another))
