"""What the user gave a planner beside the goal: datasets, the target, SQL files. None of it is ever invented."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from etl_agent.decide.evidence import Evidence
from etl_agent.orchestrate.sequential import PipelineSpec
from etl_agent.profile.profile import Profile

__all__ = ["Given", "Source", "UserSql"]


@dataclass(frozen=True)
class Source:
    """A dataset: files that are read together.

    Args:
        name: what it is called in goals and plans: letters, digits and ``_``, unlike any other source's name.
        files: its files or globs, as the user gave them, as they stand in a pipeline file.
        profile: what is known of all its rows.
        sensitive: columns of which no value may be shown, stored or told.
        partial: columns that some of its files do not bring.
        empty: those of its files that hold a header and no row.
        header: whether the first line of its files names the columns, where that is to stand in the pipeline file.
    """

    name: str
    files: tuple[str, ...]
    profile: Profile
    sensitive: frozenset[str] = frozenset()
    partial: frozenset[str] = frozenset()
    empty: tuple[str, ...] = ()
    header: bool | None = None

    @property
    def columns(self) -> tuple[str, ...]:
        """Its columns, in the order of the files."""
        return tuple(self.profile.facts.columns)

    @property
    def evidence(self) -> Evidence:
        """What proposals are made and measured on."""
        return Evidence(self.profile.sample.data, self.profile.rows)


@dataclass(frozen=True, slots=True)
class UserSql:
    """An SQL file that the user wrote.

    Args:
        name: what it is called in goals and plans: the file's name without its ending.
        file: where it is, as in a pipeline file.
        check: whether it is a check (its queries must return no row), and not a transform.
    """

    name: str
    file: PurePosixPath
    check: bool


@dataclass(frozen=True)
class Given:
    """Everything that a plan may use.

    Args:
        goal: what the user wants, in words.
        sources: the datasets, each of them at least one file.
        to: the URL of the target, as it is to stand in the pipeline files.
        sql: the SQL files that may run after a load.
        existing: pipelines that are there, by name.
        header: whether the user says that the first lines of the files name the columns, or that they do not.
    """

    goal: str
    sources: tuple[Source, ...]
    to: str
    sql: tuple[UserSql, ...] = ()
    existing: Mapping[str, PipelineSpec] = field(default_factory=dict)
    header: bool | None = None

    def source(self, name: str) -> Source:
        """Return the source of a name that is known to be there."""
        return next(source for source in self.sources if source.name == name)
