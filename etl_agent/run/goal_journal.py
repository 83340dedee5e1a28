"""The journal of a goal run: what was planned, revised and committed, so that a killed one goes on where it was."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Self

from etl_agent.errors import CannotCreate, CannotWrite, PermissionRefused, TryLater
from etl_agent.orchestrate.file import parse_spec
from etl_agent.orchestrate.planner.draft import PlanDraft
from etl_agent.orchestrate.planner.findings import Finding
from etl_agent.orchestrate.planner.revision import Change, Revision
from etl_agent.orchestrate.sequential import PipelineSpec
from etl_agent.orchestrate.written import write_pipeline
from etl_agent.run.own_folder import FOLDER, make_private

__all__ = ["Identity", "Journal", "Kept", "kept_of"]

_FORMAT = 1
_PATIENCE = 0.05  # seconds between two looks at a lock
_HIDDEN = "given by the user"


@dataclass(frozen=True)
class Identity:
    """What makes two goal runs the same one.

    Args:
        goal: what the user wants, in words.
        to: the target without its password.
        files: name and SHA-256 (hex) of every file and SQL file, in the order given.
        sensitive: columns of which nothing may be shown.
        header: what was said of the first lines of the files.
    """

    goal: str
    to: str
    files: tuple[tuple[str, str], ...]
    sensitive: tuple[str, ...] = ()
    header: bool | None = None

    @property
    def digest(self) -> str:
        """The SHA-256 (hex) of all of it."""
        said = () if self.header is None else (self.header,)
        parts = [_FORMAT, self.goal, self.to, self.files, self.sensitive, *said]
        return hashlib.sha256(json.dumps(parts, ensure_ascii=False).encode()).hexdigest()


@dataclass(frozen=True)
class Kept:
    """A goal run that was broken off.

    Args:
        draft: the plan as it was last.
        first: the plan as it was at first.
        findings: what was found about the first plan and is left in it.
        revisions: how the one became the other while it ran.
        rounds: revisions of the first plan before it ran.
        committed: the run of each pipeline that is final, by the pipeline's name.
        fell_back: whether a model was asked in vain.
        notes: what a person was told of the plan.
    """

    draft: PlanDraft
    first: PlanDraft
    findings: tuple[Finding, ...] = ()
    revisions: tuple[Revision, ...] = ()
    rounds: tuple[Revision, ...] = ()
    committed: Mapping[str, int] = field(default_factory=dict)
    fell_back: bool = False
    notes: tuple[str, ...] = ()


class Journal:
    """The journal of one goal, open for a run; while it is, no other process works at the same goal.

    It only ever grows, by a line at a time that is on the disk before the next step begins. A context manager.

    Args:
        project: the project folder; the journal lies in ``.etl_agent/goals`` there, which git does not see.
        digest: that of the goal's identity.
        wait: how long to wait for another process that works at this goal, in seconds.

    Raises:
        TryLater: another process works at this goal.
        CannotCreate: the folder cannot be made.
        PermissionRefused: the folder may not be written.
    """

    def __init__(self, project: Path, *, digest: str, wait: float = 0.0) -> None:
        self.path = _path(project, digest)
        _make_folder(self.path.parent)
        try:
            self._file = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise CannotCreate(f"the journal cannot be opened: {error.strerror}", where=str(self.path)) from error
        self._lock(until=time.monotonic() + wait)
        self._close_torn_line()

    def _lock(self, *, until: float) -> None:
        while True:
            try:
                fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() >= until:
                    os.close(self._file)
                    what = "another process works at this goal with these files"
                    raise TryLater(what, next_command="give the same command later, or with --wait 5m") from None
                time.sleep(_PATIENCE)
            else:
                return

    def begin(
        self,
        draft: PlanDraft,
        *,
        findings: Sequence[Finding],
        rounds: Sequence[Revision],
        fell_back: bool,
        notes: Sequence[str],
    ) -> None:
        """Write down what is about to be run."""
        self._append(
            "begun",
            draft=_plain(draft),
            findings=[finding.model_dump(mode="json") for finding in findings],
            rounds=[_plain_revision(revision) for revision in rounds],
            fell_back=fell_back,
            notes=list(notes),
        )

    def revised(self, revision: Revision) -> None:
        """Write down a revision, before it is run."""
        self._append("revised", revision=_plain_revision(revision))

    def committed(self, pipeline: str, *, run_id: int) -> None:
        """Write down that a pipeline is final."""
        self._append("committed", pipeline=pipeline, run_id=run_id)

    def done(self, *, exit_code: int) -> None:
        """Write down that everything that can be done is done: the next call of this goal plans anew."""
        self._append("done", exit_code=exit_code)

    def _append(self, kind: str, **values: Any) -> None:
        line = json.dumps({"kind": kind, **values}, ensure_ascii=False, separators=(",", ":")) + "\n"
        data = memoryview(line.encode("utf-8", "backslashreplace"))
        try:
            while data:
                data = data[os.write(self._file, data) :]
            os.fsync(self._file)
        except OSError as error:
            raise CannotWrite(f"the journal cannot be written: {error.strerror}", where=str(self.path)) from error

    def _close_torn_line(self) -> None:
        """End the line that a killed process left unfinished, so that the next one stands alone."""
        size = os.fstat(self._file).st_size
        if size and os.pread(self._file, 1, size - 1) != b"\n":
            os.write(self._file, b"\n")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._file)  # the kernel frees the lock with it, as it does for a killed process


def kept_of(project: Path, *, digest: str, to: str) -> Kept | None:
    """Read what is left of a goal run that was broken off; None if there is none, or it came to its end.

    A line that was torn by a kill, or that another version wrote, is passed over.

    Args:
        project: the project folder.
        digest: that of the goal's identity.
        to: the URL of the target, which the journal does not hold.
    """
    kept: Kept | None = None
    for line in _lines(_path(project, digest)):
        try:
            kept = _after(kept, line, to)
        except (KeyError, TypeError, ValueError):  # what pydantic and the reader of pipelines raise are ValueErrors too
            continue
    return kept


def _after(kept: Kept | None, line: Mapping[str, Any], to: str) -> Kept | None:
    """Return what is known after one more line."""
    kind = line["kind"]
    if kind == "begun":
        draft = _draft(line["draft"], to)
        return Kept(
            draft,
            draft,
            findings=tuple(Finding.model_validate(finding) for finding in line["findings"]),
            rounds=tuple(_revision(revision, to) for revision in line["rounds"]),
            fell_back=bool(line["fell_back"]),
            notes=tuple(line["notes"]),
        )
    if kept is None:
        return None
    if kind == "revised":
        revision = _revision(line["revision"], to)
        return replace(kept, draft=revision.draft, revisions=(*kept.revisions, revision))
    if kind == "committed":
        return replace(kept, committed={**kept.committed, str(line["pipeline"]): int(line["run_id"])})
    return None if kind == "done" else kept


def _lines(path: Path) -> Iterator[Mapping[str, Any]]:
    try:
        content = path.read_bytes()
    except OSError:
        return
    for line in content.split(b"\n"):
        with contextlib.suppress(ValueError):
            read = json.loads(line)
            if isinstance(read, dict):
                yield read


def _path(project: Path, digest: str) -> Path:
    return project / FOLDER / "goals" / f"{digest}.jsonl"


def _make_folder(folder: Path) -> None:
    try:
        make_private(folder.parent)
        folder.mkdir(mode=0o700, exist_ok=True)
    except PermissionError as error:
        raise PermissionRefused("the folder may not be written", where=str(folder)) from error
    except OSError as error:
        raise CannotCreate(f"the folder cannot be made: {error.strerror}", where=str(folder)) from error


def _plain(draft: PlanDraft) -> dict[str, Any]:
    """Return a draft as plain data, with pipelines as the text of their files; a target may hold a password."""
    hidden = [
        spec.model_copy(update={"load": spec.load.model_copy(update={"to": _HIDDEN})}) for spec in draft.pipelines
    ]
    plain = draft.model_dump(mode="json", exclude={"pipelines"})
    return {**plain, "pipelines": [write_pipeline(spec) for spec in hidden]}


def _draft(plain: Mapping[str, Any], to: str) -> PlanDraft:
    read = [parse_spec(text, PipelineSpec, name="the journal") for text in plain["pipelines"]]
    specs = [spec.model_copy(update={"load": spec.load.model_copy(update={"to": to})}) for spec in read]
    return PlanDraft.model_validate({**plain, "pipelines": specs})


def _plain_revision(revision: Revision) -> dict[str, Any]:
    return {
        "draft": _plain(revision.draft),
        "changes": [change.model_dump(mode="json") for change in revision.changes],
        "findings": [finding.model_dump(mode="json") for finding in revision.findings],
        "by": revision.by,
        "note": revision.note,
    }


def _revision(plain: Mapping[str, Any], to: str) -> Revision:
    return Revision(
        draft=_draft(plain["draft"], to),
        changes=tuple(Change.model_validate(change) for change in plain["changes"]),
        findings=tuple(Finding.model_validate(finding) for finding in plain["findings"]),
        by=plain["by"],
        note=plain["note"],
    )
