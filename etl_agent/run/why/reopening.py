"""The files of an earlier run, found by their hash and opened again by the plan that the run went by."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from etl_agent.errors import EtlAgentError
from etl_agent.extract.dataset import Dataset
from etl_agent.extract.digest import digest_of
from etl_agent.extract.opening import rules_of
from etl_agent.extract.source import Limits, Source, sources_of
from etl_agent.extract.spec import Extract
from etl_agent.orchestrate.sequential import waits_for_evidence
from etl_agent.paths import expand, find_files
from etl_agent.run.prepare import Prepared, must_see_values, prepare
from etl_agent.run.reading import open_scratch

if TYPE_CHECKING:
    from etl_agent.orchestrate.lock import Lock
    from etl_agent.orchestrate.sequential import PipelineSpec
    from etl_agent.shape import ColumnType

__all__ = ["Content", "Reopened", "Shelf", "reopened"]


@dataclass(frozen=True, slots=True)
class Content:
    """A file as a run read it.

    Args:
        file: the name it had.
        sha256: digest (hex) of its decompressed bytes; None where the run was broken off before its end.
        size: its decompressed bytes, if that is on record.
    """

    file: str
    sha256: str | None
    size: int | None = None


@dataclass(frozen=True, slots=True)
class Reopened:
    """The files of a run, ready to flow once more.

    Args:
        spec: the pipeline.
        dataset: the files that are here, in the run's order.
        prepared: the pipeline, prepared on them as the run prepared it.
        scratch: a folder for what is too much for the memory.
        learned: labels of the steps that learned again what the run had learned.
        missing: names of the run's files that are not here.
    """

    spec: PipelineSpec
    dataset: Dataset
    prepared: Prepared
    scratch: Path
    learned: tuple[str, ...]
    missing: tuple[str, ...]


class Shelf:
    """Where files are looked for: under their names, among those of the pipelines, and where the user says.

    Args:
        project: the folder that names are relative to.
        extract: how the pipeline reads files, and where it looks for them; None if no pipeline is at hand.
        given: a file that the user names.
        as_of: the day that ``{date}`` stood for.
        scratch: a folder for copies.
    """

    def __init__(
        self, *, project: Path, extract: Extract | None, given: Path | None, as_of: date, scratch: Path
    ) -> None:
        self._project = project
        self._extract = extract or Extract(files=("*.csv",))
        self._given = given
        self._as_of = as_of
        self._scratch = scratch
        self._digests: dict[tuple[Path, str | None], str] = {}

    def find(self, content: Content) -> Source | None:
        """Find the file that holds the same bytes; it answers to the name that the run knew it by."""
        if content.sha256 is None:
            return None
        for source in self._candidates(content):
            if source.packing == "plain" and content.size is not None and source.packed_size != content.size:
                continue
            if self.digest(source) == content.sha256:
                return replace(source, name=content.file)
        return None

    def digest(self, source: Source) -> str:
        """Return the digest of a file, read once."""
        key = (source.path, source.member)
        if key not in self._digests:
            with source.open(Limits(self._extract.max_decompressed_bytes, self._extract.max_ratio)) as stream:
                self._digests[key] = digest_of(stream)
        return self._digests[key]

    def named(self, file: str) -> tuple[Source, ...]:
        """Return what stands under a name now: a file, or a member of an archive."""
        path = self._project / file
        for place in (path, *path.parents):
            if place.is_file():
                found = self._sources(place, name=file[: len(file) - len(str(path)) + len(str(place))])
                return tuple(source for source in found if place == path or source.name == file)
            if place == self._project:
                break
        return ()

    def _candidates(self, content: Content) -> Iterator[Source]:
        if self._given is not None:
            yield from self._sources(self._given, name=str(self._given))
        yield from self.named(content.file)
        for path in self._of_pipeline:
            yield from self._sources(path, name=path.name)

    @cached_property
    def _of_pipeline(self) -> tuple[Path, ...]:
        """The files that the pipeline would find on that day; none if its paths need what is not known."""
        found: list[Path] = []
        for pattern in (*self._extract.files, *self._extract.fallback):
            try:
                path = expand(pattern, project=self._project, variables={}, as_of=self._as_of)
                found += find_files(path, project=self._project)
            except EtlAgentError:  # no such file any more, or a variable that only that run was given
                continue
        return tuple(found)

    def _sources(self, path: Path, *, name: str) -> Iterable[Source]:
        try:
            return sources_of(path, name=name, scratch=self._scratch) if path.is_file() else ()
        except EtlAgentError:  # what cannot be opened is not the file
            return ()


@contextmanager
def reopened(
    contents: Sequence[Content],
    *,
    spec: PipelineSpec,
    lock: Lock | None,
    types: dict[str, ColumnType] | None,
    project: Path,
    given: Path | None,
    as_of: date,
) -> Iterator[Reopened | None]:
    """Open the files of a run again and prepare its plan on them; None where none of them is here.

    Args:
        contents: the files, in the run's order.
        spec: the pipeline that it went by.
        lock: the lock that it went by.
        types: the types of the columns that it loaded, if any.
        project: the folder that paths are relative to.
        given: a file that the user names.
        as_of: the day of the run.

    Raises:
        EtlAgentError: the pipeline cannot be prepared on these files, as it could not be then.
    """
    with ExitStack() as stack:
        scratch = stack.enter_context(open_scratch())
        shelf = Shelf(project=project, extract=spec.extract, given=given, as_of=as_of, scratch=scratch)
        found = [(content, shelf.find(content)) for content in contents]
        sources = [source for _, source in found if source is not None]
        if not sources:
            yield None
            return
        dataset = stack.enter_context(Dataset(spec.extract, sources, rules=rules_of(spec.extract), closing=ExitStack()))
        frozen = types if must_see_values(spec) else None
        prepared = prepare(spec, dataset, project=project, frozen=frozen, lock=lock)
        yield Reopened(
            spec,
            dataset,
            prepared,
            scratch,
            learned=_learned(spec, prepared, lock),
            missing=tuple(content.file for content, source in found if source is None),
        )


def _learned(spec: PipelineSpec, prepared: Prepared, lock: Lock | None) -> tuple[str, ...]:
    """Name the steps that learned from the files again, and the choices that were made on them again."""
    steps = [planned.label for planned in prepared.plan.steps if planned.waits]
    return (*steps, *(("routes and branches",) if lock is None and waits_for_evidence(spec.clean) else ()))
