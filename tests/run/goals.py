"""Goals to run: datasets, drafts and revisions that are given instead of planned."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from etl_agent.extract.spec import Extract
from etl_agent.orchestrate.planner.draft import PlanDraft, Point
from etl_agent.orchestrate.planner.findings import Finding
from etl_agent.orchestrate.planner.given import Given, Source, UserSql
from etl_agent.orchestrate.planner.revision import Change, Revision
from etl_agent.orchestrate.sequential import PipelineSpec
from etl_agent.run.goal_journal import Identity, kept_of
from etl_agent.run.planning import Planned
from etl_agent.run.profiling import profile_dataset
from etl_agent.run.reading import open_files
from tests.run.project import Project

__all__ = ["Reviser", "pipeline", "planned", "typed"]


def pipeline(project: Project, name: str, *, contract: dict[str, str] | None = None, **parts: Any) -> PipelineSpec:
    """Make the pipeline of ``NAME.csv`` into the table NAME."""
    needs, validate, clean = (parts.pop(part, ()) for part in ("needs", "validate", "clean"))
    columns = {column: {"type": kind, "nullable": True} for column, kind in (contract or {}).items()}
    sections = {
        "version": 1,
        "name": name,
        "needs": needs,
        "extract": {"files": f"{name}.csv"},
        "validate": {**({"contract": columns} if columns else {}), **(validate or {})},
        "clean": list(clean),
        "load": {"to": project.url, "table": name, **parts},
    }
    return PipelineSpec.model_validate(sections)


def planned(project: Project, *specs: PipelineSpec, said: Sequence[Point] = (), **known: Any) -> Planned:
    """Make a plan of pipelines, as if it had been planned and rehearsed."""
    sources = []
    for file in dict.fromkeys(file for spec in specs for file in spec.extract.files):
        with open_files(Extract(files=(file,)), project=project.folder, as_of=date(2026, 1, 1)) as (dataset, _):
            sources.append(Source(Path(file).stem, (file,), profile_dataset(dataset)))
    sql = [
        UserSql(file.stem, file, check=file in spec.load.check_sql)
        for spec in specs
        for file in (*spec.load.after_sql, *spec.load.check_sql)
    ]
    given = Given(goal="load it", sources=tuple(sources), to=project.url, sql=tuple(sql))
    identity = Identity("load it", "here", tuple((file, "digest") for source in sources for file in source.files))
    draft = PlanDraft(goal="load it", pipelines=specs, points=tuple(said))
    kept = kept_of(project.folder, digest=identity.digest, to=project.url)
    return Planned(given, draft if kept is None else kept.draft, identity, resumed=kept, **known)


def typed(name: str, column: str, kind: str) -> Callable[[PlanDraft], PlanDraft]:
    """Give a column of a pipeline's contract another type."""

    def change(draft: PlanDraft) -> PlanDraft:
        specs = []
        for spec in draft.pipelines:
            contract = spec.validation.contract
            if spec.name == name and contract is not None and not isinstance(contract, str):
                new = {**contract, column: contract[column].model_copy(update={"type": kind})}
                spec = spec.model_copy(update={"validation": spec.validation.model_copy(update={"contract": new})})
            specs.append(spec)
        return draft.model_copy(update={"pipelines": tuple(specs)})

    return change


@dataclass
class Reviser:
    """Revises as it was told, in turn, and keeps what it was asked."""

    changes: Sequence[Callable[[PlanDraft], PlanDraft]] = ()
    asked: list[tuple[Finding, ...]] = field(default_factory=list)
    committed: list[frozenset[str]] = field(default_factory=list)

    def __call__(
        self, draft: PlanDraft, findings: Sequence[Finding], given: Given, *, committed: Collection[str] = ()
    ) -> Revision | None:
        """Revise, or say that there is nothing to revise."""
        self.asked.append(tuple(findings))
        self.committed.append(frozenset(committed))
        if len(self.asked) > len(self.changes):
            return None
        after = self.changes[len(self.asked) - 1](draft)
        name = findings[0].pipeline
        change = Change(pipeline=name, key="validate.contract", before="a", after="b", reason="the values say so")
        return Revision(draft=after, changes=(change,), findings=tuple(findings))
