"""Resolve a pipeline against the columns that its files bring: spec in, plan out, no side effect."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

from etl_agent.clean.step import Step, missing_columns, unknown_column
from etl_agent.errors import ConfigurationError, near
from etl_agent.orchestrate.plan import Plan, PlannedStep, survey_passes

__all__ = ["plan_digest", "resolve"]


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
        ConfigurationError: a step reads a column that is not there, or no step and no file brings a column of
            the contract that is required.
    """
    planned = tuple(PlannedStep(f"{number} {step.name}", step) for number, step in enumerate(steps, start=1))
    absent = _absent(planned, brought, contract)
    door = (*brought, *absent)
    names, made, read = _walk(pipeline, planned, door)
    for name, required in contract.items():
        if name not in names:
            raise _unmade(pipeline, name, names, required=required)
    required = tuple(n for n in brought if n in read or (contract.get(n, False) and n not in made))
    unknown = tuple(n for n in brought if contract and n not in contract and n in names and n not in read)
    surveys = survey_passes(planned, door)
    passes = [f"survey: fit {', '.join(labels)}" for labels in surveys]
    if infer:
        passes.append("survey: infer types")
    return Plan(
        pipeline=pipeline,
        steps=planned,
        door=door,
        required=required,
        unknown=unknown,
        absent=absent,
        names=names,
        passes=(*passes, "flow: clean, validate and load"),
        digest=digest,
    )


def plan_digest(steps: Sequence[Step], parts: Mapping[str, Any]) -> str:
    """Digest everything that decides what a row becomes.

    Args:
        steps: the steps, of which parameters and versions count.
        parts: the other parts of the pipeline as plain data (what names places or credentials left out).
    """
    listed = [(step.version, step.model_dump(mode="json")) for step in steps]
    text = json.dumps({"steps": listed, **parts}, sort_keys=True, ensure_ascii=False, default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def _absent(steps: Sequence[PlannedStep], brought: Sequence[str], contract: Mapping[str, bool]) -> tuple[str, ...]:
    """Name optional columns of the contract that neither the files nor a step bring: they enter as nulls."""
    optional = [name for name, required in contract.items() if not required and name not in brought]
    if not optional:
        return ()
    here = (*brought, *optional)
    absent = set(optional)
    for planned in steps:
        after = planned.step.names_after(here)
        # a step that adds the column, or reads nothing of that name before writing it, makes it itself
        reads = set(planned.step.reads(here))
        absent -= {name for name in absent if name in planned.step.writes(here) and name not in reads}
        here = after
    alone = _names_without(steps, brought)
    return tuple(name for name in optional if name in absent and name not in alone)


def _names_without(steps: Sequence[PlannedStep], brought: Sequence[str]) -> set[str]:
    here = tuple(brought)
    for planned in steps:
        here = planned.step.names_after(here)
    return set(here)


def _walk(
    pipeline: str, steps: Sequence[PlannedStep], door: Sequence[str]
) -> tuple[tuple[str, ...], set[str], set[str]]:
    """Return the columns at the end, those that steps made, and those of the door that steps read by name."""
    here = tuple(door)
    made: set[str] = set()
    read: set[str] = set()
    for planned in steps:
        where = f"{pipeline}: clean, step {planned.label}"
        for name in missing_columns(planned.step, here):
            raise unknown_column(name, here, where=where)
        if getattr(planned.step, "columns", None) != "all":
            read |= set(planned.step.reads(here)) - made
        after = planned.step.names_after(here)
        if len(set(after)) != len(after):
            twice = sorted({name for name in after if after.count(name) > 1})
            raise ConfigurationError(f"two columns would have the same name: {', '.join(twice)}", where=where)
        made |= set(after) - set(here)
        here = after
    return here, made, read


def _unmade(pipeline: str, name: str, names: Sequence[str], *, required: bool) -> ConfigurationError:
    hint = near(name, names)
    return ConfigurationError(
        f"the contract's {'required ' if required else ''}column {name!r} is brought by no file and made by no step"
        + (f"; did you mean {hint[0]!r}?" if hint else ""),
        where=pipeline,
        choices=tuple(names)[:20],
        next_command=f"etl-agent explain pipelines/{pipeline}.yaml",
    )
