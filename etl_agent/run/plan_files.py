"""The files of a draft: what writing them would change, and writing them without losing anybody's work."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from etl_agent.errors import CannotCreate, ConfigurationError, EtlAgentError, UsageError
from etl_agent.load.url import parse_url
from etl_agent.masking import masked
from etl_agent.orchestrate.file import parse_spec
from etl_agent.orchestrate.lock import Lock, difference, write_lock
from etl_agent.orchestrate.planner.draft import PlanDraft
from etl_agent.orchestrate.planner.explanation import CHOSEN_BY, GIVEN
from etl_agent.orchestrate.sequential import PipelineSpec
from etl_agent.orchestrate.written import write_pipeline
from etl_agent.run.locking import lock_file, make_lock, read_current
from etl_agent.run.prepare import digest_of
from etl_agent.run.writing import write_text

__all__ = ["PlanFile", "PlanFiles", "plan_files", "refuse_password", "save_plan"]

_HEAD = "etl-agent plan made this from: "
_VARIABLE = re.compile(r"\$\{\w+(?::-(?P<default>[^{}]*))?\}")


@dataclass(frozen=True, slots=True)
class PlanFile:
    """A file that a draft becomes.

    Args:
        path: where it is, or would be.
        name: the same, relative to the project folder.
        before: what is there; None where there is nothing.
        after: what would be there; the same as before where nothing is to be changed.
        diff: a unified diff of the two; empty for a new file, and where nothing is to be changed.
    """

    path: Path
    name: str
    before: str | None
    after: str
    diff: str = ""

    @property
    def changed(self) -> bool:
        """Whether it would be written."""
        return self.before != self.after

    @property
    def overwrites(self) -> bool:
        """Whether writing it takes something else away, which needs a yes."""
        return self.before is not None and self.changed


@dataclass(frozen=True, slots=True)
class PlanFiles:
    """The files of a draft.

    Args:
        files: the pipelines in the order in which they run, each with its lock behind it.
        notes: what a person should know: locks that cannot be made, and why.
    """

    files: tuple[PlanFile, ...]
    notes: tuple[str, ...] = ()

    @property
    def changed(self) -> tuple[PlanFile, ...]:
        """Those that would be written."""
        return tuple(file for file in self.files if file.changed)

    @property
    def overwritten(self) -> tuple[PlanFile, ...]:
        """Those for which a yes is needed."""
        return tuple(file for file in self.files if file.overwrites)


def plan_files(draft: PlanDraft, *, project: Path) -> PlanFiles:
    """Say what writing a draft would do; nothing is written.

    A pipeline file that already says the same, in whatever words, is left as it is, and so is a lock that fits it.

    Args:
        draft: the draft.
        project: the folder that holds ``pipelines/``.
    """
    files: list[PlanFile] = []
    notes: list[str] = []
    for spec in draft.pipelines:
        file = _pipeline_file(spec, draft, project)
        files.append(file)
        try:
            lock = _lock_file(spec, project, unchanged=not file.changed)
        except EtlAgentError as error:
            notes.append(f"no lock for {spec.name}: {error}")
        else:
            files.append(lock)
    return PlanFiles(tuple(files), tuple(notes))


def save_plan(files: PlanFiles, *, overwrite: bool = False) -> tuple[str, ...]:
    """Write the files that are new or changed; each appears whole or stays as it was.

    Args:
        files: what is to be written.
        overwrite: whether files that are there and say something else may be replaced. Without, they and all others
            stay as they are.

    Returns:
        The names of the files that were written.

    Raises:
        CannotCreate: a file would be overwritten without a yes, or the folder cannot be made.
        PermissionRefused: a file may not be written.
        CannotWrite: the disk is full or fails.
    """
    if files.overwritten and not overwrite:
        names = ", ".join(file.name for file in files.overwritten)
        raise CannotCreate(
            "there is another one already, and nothing was written", where=names, next_command="the same with --yes"
        )
    for file in files.changed:
        try:
            file.path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise CannotCreate(f"the folder cannot be made: {error.strerror}", where=str(file.path.parent)) from error
        write_text(file.path, file.after)
    return tuple(file.name for file in files.changed)


def refuse_password(to: str) -> None:
    """Refuse a target whose password would stand in clear in pipeline files.

    Args:
        to: the target as it was typed. What comes from the environment is no matter; a default beside it is.

    Raises:
        UsageError: there is a password in it; the message does not repeat it.
    """
    written = _VARIABLE.sub(lambda found: found["default"] or "", to)
    try:
        location = parse_url(written)
    except ConfigurationError:
        return  # all of it comes from the environment, or no pipeline will take it
    if location.without_secrets(written) != written:
        raise UsageError(
            "the password of --to would stand in clear in the pipeline files; put the URL into the environment or .env",
            next_command="--to '${DATABASE_URL}'",
        )


def _pipeline_file(spec: PipelineSpec, draft: PlanDraft, project: Path) -> PlanFile:
    path = project / "pipelines" / f"{spec.name}.yaml"
    name, before = path.relative_to(project).as_posix(), _text_at(path)
    if before is not None and _says(before, spec):
        return PlanFile(path, name, before, before)
    after = write_pipeline(spec, comments=_comments(spec, draft))
    diff = "" if before is None else _difference(before, after, name)
    return PlanFile(path, name, before, after, diff)


def _lock_file(spec: PipelineSpec, project: Path, *, unchanged: bool) -> PlanFile:
    path = lock_file(spec, project=project)
    name, before = path.relative_to(project).as_posix(), _text_at(path)
    old = _lock_there(spec, project)
    if before is not None and old is not None and unchanged and old.stale(digest_of(spec, project=project)) is None:
        return PlanFile(path, name, before, before)
    new = make_lock(spec, project=project)
    after = write_lock(new)
    diff = "" if before is None or before == after else difference(old, new, name=name)
    return PlanFile(path, name, before, after, diff)


def _lock_there(spec: PipelineSpec, project: Path) -> Lock | None:
    """Return the lock that is there; None also where it cannot be read, since a new one takes its place."""
    try:
        return read_current(spec, project=project)
    except ConfigurationError:
        return None


def _text_at(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8", errors="backslashreplace")
    except FileNotFoundError:
        return None
    except OSError as error:
        raise CannotCreate(f"what is there cannot be read: {error.strerror}", where=str(path)) from error


def _says(text: str, spec: PipelineSpec) -> bool:
    """Tell whether a file says what a pipeline says, whoever wrote it and with whatever comments."""
    try:
        return parse_spec(text, PipelineSpec, name=spec.name) == spec
    except ConfigurationError:
        return False


def _difference(before: str, after: str, name: str) -> str:
    names = f"{name} (is)", f"{name} (would be)"
    return "\n".join(difflib.unified_diff(before.splitlines(), after.splitlines(), *names, lineterm="", n=2))


def _comments(spec: PipelineSpec, draft: PlanDraft) -> Mapping[str, str]:
    """Return what the file says about its choices: what the goal, a model or a revision chose, and the steps and load.

    What the data alone say of each column of the contract would drown the rest; the explanation tells it.
    """
    said = {"": f"{_HEAD}{masked(draft.goal)}"}
    for point in draft.points:
        told = point.by not in ("default", "profile") or point.key.startswith(("load", "clean"))
        if point.pipeline == spec.name and point.by != "default" and told and point.key not in GIVEN:
            text = f"{point.reason} ({CHOSEN_BY[point.by]})"
            if text not in said.values():  # a reason is given once, where it comes first
                said[point.key] = "; ".join(filter(None, (said.get(point.key), text)))
    return said
