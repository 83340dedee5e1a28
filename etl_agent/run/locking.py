"""Locks beside the pipelines: found, held against the pipeline, made and written."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date
from pathlib import Path

from etl_agent.clean.step import FittedStep, Step
from etl_agent.decide.by_model import COST
from etl_agent.decide.decision import Decision
from etl_agent.errors import CannotCreate, ConfigurationError, PermissionRefused
from etl_agent.orchestrate.lock import Lock, LockedRoute, formats_of, lock_command, read_lock, touches, write_lock
from etl_agent.orchestrate.sequential import PipelineSpec
from etl_agent.profile.fingerprint import fingerprint
from etl_agent.run.options import RunOptions
from etl_agent.run.prepare import digest_of, prepare
from etl_agent.run.reading import open_files
from etl_agent.run.sampling import evidence_of
from etl_agent.run.writing import write_text

__all__ = ["current_lock", "lock_file", "make_lock", "read_current", "save_lock"]


def lock_file(spec: PipelineSpec, *, project: Path) -> Path:
    """Return where the lock of a pipeline lies: ``pipelines/<name>.lock.json`` in the project folder."""
    return project / "pipelines" / f"{spec.name}.lock.json"


def read_current(spec: PipelineSpec, *, project: Path) -> Lock | None:
    """Read the lock of a pipeline, whether it fits or not; None if there is none.

    Raises:
        ConfigurationError: the file is no lock.
        PermissionRefused: the file may not be read.
    """
    file = lock_file(spec, project=project)
    try:
        text = file.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    except PermissionError as error:
        raise PermissionRefused("the lock may not be read", where=str(file)) from error
    except (IsADirectoryError, NotADirectoryError) as error:
        raise ConfigurationError(f"the lock cannot be read: {error.strerror}", where=str(file)) from error
    except UnicodeDecodeError:
        command = lock_command(spec.name)
        raise ConfigurationError("the lock cannot be read: not UTF-8", where=str(file), next_command=command) from None
    return read_lock(text, name=str(file), command=lock_command(spec.name))


def current_lock(spec: PipelineSpec, *, project: Path, required: bool) -> tuple[Lock | None, str | None]:
    """Return the lock that a run goes by, and what a person should know of it.

    Args:
        spec: the pipeline.
        project: the folder that its paths are relative to.
        required: whether to refuse to run without a lock that fits.

    Raises:
        ConfigurationError: a lock is required, and there is none or it is stale; or the file is no lock.
    """
    lock = read_current(spec, project=project)
    file = lock_file(spec, project=project).name
    stale = None if lock is None else lock.stale(digest_of(spec, project=project))
    if required and (lock is None or stale):
        what = "there is no lock" if lock is None else f"the lock is stale: {stale}"
        raise ConfigurationError(what, where=f"{spec.name}: {file}", next_command=lock_command(spec.name))
    if stale:
        return None, f"{file} is stale ({stale}) and was not used; next: {lock_command(spec.name)}"
    return lock, None


def make_lock(spec: PipelineSpec, *, project: Path, options: RunOptions | None = None) -> Lock:
    """Decide every route and learn every format on the files as they are now; nothing is written.

    What a model chose for the lock that is there holds on where no model is at hand and the data are as they were.

    Args:
        spec: the pipeline.
        project: the folder that its paths are relative to.
        options: variables and the day for templates in paths, and a model that may be asked.

    Raises:
        EtlAgentError: of the class that says why the pipeline cannot be prepared.
    """
    options = options or RunOptions()
    day = options.as_of or date.today()
    earlier = read_current(spec, project=project) if options.ask is None else None
    if earlier is not None and earlier.stale(digest_of(spec, project=project)):
        earlier = None
    with open_files(spec.extract, project=project, as_of=day, variables=options.variables) as (dataset, _):
        prepared = prepare(spec, dataset, project=project, ask=options.ask, climbs=True, earlier=earlier)
        evidence = prepared.decided.evidence or evidence_of(dataset)
    routes = tuple(
        LockedRoute(
            decision=_without_cost(chosen.decision),
            steps=tuple(_kept(step, evidence.names, prepared.sensitive) for step in chosen.declared),
            versions={step.name: step.version for step in chosen.declared},
        )
        for chosen in prepared.decided.settled.chosen.values()
    )
    return Lock(
        pipeline=spec.name,
        digest=digest_of(spec, project=project),
        routes=routes,
        formats=formats_of(
            prepared.plan.steps, prepared.fits.pinned, names=prepared.plan.door, sensitive=prepared.sensitive
        ),
        profile=fingerprint(evidence.sample, evidence.kinds, sensitive=prepared.sensitive),
    )


def _without_cost(decision: Decision) -> Decision:
    """Return a decision without what it took to make it: another time it takes something else, and is the same."""
    evidence = {name: figure for name, figure in decision.evidence.items() if name not in COST}
    return decision.model_copy(update={"evidence": evidence})


def _kept(step: Step, names: Sequence[str], sensitive: Collection[str]) -> Step:
    """Return a step as it stands in a lock: without what it learned of columns whose cells are kept nowhere."""
    return step.forgotten() if isinstance(step, FittedStep) and touches(step, names, columns=sensitive) else step


def save_lock(lock: Lock, file: Path) -> None:
    """Write a lock; the file appears whole or stays as it was.

    Args:
        lock: what was decided.
        file: where; its folder is made if it is not there.

    Raises:
        CannotCreate: the folder cannot be made, or the path is a folder.
        PermissionRefused: the file may not be written.
        CannotWrite: the disk is full or fails.
    """
    try:
        file.parent.mkdir(exist_ok=True)
    except OSError as error:
        raise CannotCreate(f"the folder cannot be made: {error.strerror}", where=str(file.parent)) from error
    write_text(file, write_lock(lock))
