"""The lock of a pipeline: what was chosen and learned, as text that is reviewed and replayed."""

from __future__ import annotations

import difflib
import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, Literal

from pydantic import Field, ValidationError

from etl_agent.clean.step import FittedStep, Step
from etl_agent.clean.union import AnyStep
from etl_agent.decide.decision import Decision
from etl_agent.errors import ConfigurationError
from etl_agent.frozen import Frozen
from etl_agent.orchestrate.plan import PlannedStep
from etl_agent.profile.fingerprint import Fingerprint

__all__ = [
    "Lock",
    "LockedFormat",
    "LockedRoute",
    "difference",
    "formats_of",
    "learns_here",
    "lock_command",
    "read_lock",
    "touches",
    "write_lock",
]

_LONGEST = 120  # characters of a reason: more than a line of valid names helps nobody


class LockedRoute(Frozen):
    """What a route became."""

    decision: Decision
    """Who chose what, and why."""
    steps: tuple[AnyStep, ...] = ()
    """The steps. Those that learn from the data's own redundancy learn anew in every run."""
    versions: Mapping[str, int] = Field(default={})
    """The version of each kind of step: another one may give other results."""


class LockedFormat(Frozen):
    """What a step of the pipeline learned."""

    label: str
    """The step: its number in the plan and its name."""
    step: AnyStep
    """The same step with every parameter pinned."""


class Lock(Frozen):
    """The choices of one pipeline."""

    version: Literal[1] = 1
    """The version of the file format."""
    pipeline: str
    """The name of the pipeline."""
    digest: str
    """SHA-256 (hex) of what the choices were made for: the pipeline, its strategies and the versions of steps."""
    routes: tuple[LockedRoute, ...] = ()
    """What each route became, in the order of the pipeline."""
    formats: tuple[LockedFormat, ...] = ()
    """What steps learned, in the order of the plan."""
    profile: Fingerprint | None = None
    """What the dataset looked like when the choices were made."""

    def route(self, name: str) -> LockedRoute | None:
        """Return what a route became; None if the lock does not know it."""
        return next((route for route in self.routes if route.decision.node == name), None)

    def stale(self, digest: str) -> str | None:
        """Say why the lock does not fit a pipeline any more; None if it does.

        Args:
            digest: of the pipeline as it is now.
        """
        if self.digest != digest:
            return "the pipeline or one of its strategies was changed"
        for route in self.routes:
            for step in route.steps:
                if route.versions.get(step.name, 1) != step.version:
                    return f"the step {step.name} gives other results than it did"
        return None

    def pinned(self, planned: PlannedStep) -> Step:
        """Return a planned step with what the lock knows of it."""
        for known in self.formats:
            if known.label == planned.label and known.step.name == planned.step.name:
                return known.step
        return planned.step


def lock_command(pipeline: str) -> str:
    """Return what a person types to make the lock of a pipeline."""
    return f"etl-agent lock pipelines/{pipeline}.yaml"


def formats_of(
    steps: Sequence[PlannedStep],
    pinned: Mapping[tuple[str, str | None], Step],
    *,
    names: Sequence[str] = (),
    sensitive: Collection[str] = (),
) -> tuple[LockedFormat, ...]:
    """Return what a survey pinned, where all files agree and the step does not learn anew in every run.

    Args:
        steps: the plan's steps.
        pinned: the pinned step by label and file.
        names: columns that enter the first step.
        sensitive: columns whose cells are kept nowhere: what a step learned of them is learned again in every run.
    """
    formats: list[LockedFormat] = []
    for planned in steps:
        found = [step for (label, _), step in pinned.items() if label == planned.label]
        step = planned.step
        once = isinstance(step, FittedStep) and step.learns == "once" and not touches(step, names, columns=sensitive)
        names = step.names_after(names)
        if once and found and all(step == found[0] for step in found):
            formats.append(LockedFormat(label=planned.label, step=found[0]))
    return tuple(formats)


def learns_here(step: Step) -> bool:
    """Tell whether a step of a lock has to learn from the data at hand before it can run."""
    return isinstance(step, FittedStep) and not step.fitted and step.per == "dataset"


def touches(step: Step, names: Sequence[str], *, columns: Collection[str]) -> bool:
    """Tell whether a step reads or writes any of some columns.

    Args:
        step: the step.
        names: the columns that there are before it.
        columns: the columns in question.
    """
    return bool({*step.reads(names), *step.writes(names)} & set(columns))


def write_lock(lock: Lock) -> str:
    """Write a lock as JSON: sorted keys, a line a value, so that a review shows what changed."""
    return json.dumps(lock.model_dump(mode="json", by_alias=True), indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def read_lock(text: str, *, name: str, command: str) -> Lock:
    """Read a lock.

    Args:
        text: the file's text.
        name: the file, for errors.
        command: what makes a new one.

    Raises:
        ConfigurationError: it is no lock, or one of a newer version.
    """
    try:
        return Lock.model_validate(json.loads(text))
    except (ValueError, ValidationError) as error:
        what = _first_mistake(error) if isinstance(error, ValidationError) else str(error)
        raise ConfigurationError(f"the lock cannot be read: {what}", where=name, next_command=command) from None


def _first_mistake(error: ValidationError) -> str:
    """Say what is wrong first, and where in the file; of a long list of valid names only the beginning."""
    first = error.errors()[0]
    place, what = ".".join(map(str, first["loc"])), first["msg"]
    return f"{place}: {what if len(what) <= _LONGEST else what[:_LONGEST] + '...'}" if place else what


def difference(before: Lock | None, after: Lock, *, name: str) -> str:
    """Return what a new lock would change, as a unified diff; empty where nothing would.

    Args:
        before: the lock that there is.
        after: the lock as it would be made now.
        name: the file.
    """
    old = _reviewed(before) if before is not None else []
    names = f"{name} (is)", f"{name} (would be)"
    return "\n".join(difflib.unified_diff(old, _reviewed(after), *names, lineterm="", n=2))


def _reviewed(lock: Lock) -> list[str]:
    """Write a lock for people: a line a fact, the choices first."""
    return [*_of_choices(lock), *_of_formats(lock), *_of_profile(lock), f"digest {lock.digest}"]


def _of_choices(lock: Lock) -> Iterable[str]:
    for route in lock.routes:
        decision = route.decision
        yield f"route {decision.node}: {decision.chosen} (by {decision.policy})"
        yield f"  because {decision.reason}"
        for name, figure in sorted(decision.evidence.items()):
            yield f"  {name}: {figure:g}" if isinstance(figure, float) else f"  {name}: {figure}"
        for step in route.steps:
            yield f"  step {_spelled(step)} (version {step.version})"
        for dropped in decision.dropped:
            yield f"  dropped {dropped.step} ({', '.join(dropped.columns)}): {dropped.reason}"


def _of_formats(lock: Lock) -> Iterable[str]:
    for known in lock.formats:
        yield f"format {known.label}: {_spelled(known.step)}"


def _of_profile(lock: Lock) -> Iterable[str]:
    if lock.profile is not None:
        yield from lock.profile.lines()


def _spelled(step: Step) -> str:
    parameters: dict[str, Any] = step.model_dump(mode="json", exclude={"step"}, exclude_defaults=True)
    said = ", ".join(f"{key}: {json.dumps(value, ensure_ascii=False)}" for key, value in parameters.items())
    return f"{step.name} {{{said}}}"
