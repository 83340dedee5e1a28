"""What a run would do, told from the same plan that the runner executes; the target is not touched."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from etl_agent.decide.decision import Decision
from etl_agent.orchestrate.plan import Plan, PlannedStep, ancestry
from etl_agent.orchestrate.sequential import PipelineSpec
from etl_agent.run.concealing import STARS
from etl_agent.run.deciding import decide
from etl_agent.run.locking import current_lock
from etl_agent.run.options import RunOptions
from etl_agent.run.prepare import plan_for, report_headers
from etl_agent.run.reading import open_files
from etl_agent.validate.contract import Contract, compile_contract
from etl_agent.validate.header import HeaderReport

__all__ = ["Explanation", "explain_pipeline"]


@dataclass(frozen=True, slots=True)
class Explanation:
    """A plan, and what is known of the files and the contract before anything runs.

    Args:
        spec: the pipeline.
        plan: what will run.
        headers: how the files' headers differ from what the plan wants.
        files: name, encoding, delimiter and size (bytes on the disk) of each file.
        contract: the compiled contract, or None if it cannot be known before the survey.
        decisions: what branches and routes became.
    """

    spec: PipelineSpec
    plan: Plan
    headers: HeaderReport
    files: tuple[tuple[str, str, str | None, int], ...]
    contract: Contract | None
    decisions: tuple[Decision, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """Return the explanation as plain data, for JSON."""
        load, limits = self.spec.load, self.spec.validation
        return {
            "pipeline": self.plan.pipeline,
            "digest": self.plan.digest,
            "passes": list(self.plan.passes),
            "files": [{"file": f, "encoding": e, "delimiter": d, "bytes": size} for f, e, d, size in self.files],
            "header_differences": list(self.headers.lines),
            "refused": self.headers.refused,
            "columns": {
                "brought": [name for name in self.plan.door if name not in self.plan.absent],
                "wanted": list(self.plan.wanted),
                "unknown": list(self.plan.unknown),
                "absent": list(self.plan.absent),
                "after cleaning": list(self.plan.names),
            },
            "decisions": [decision.model_dump(mode="json") for decision in self.decisions],
            "steps": self._steps(),
            "contract": None
            if self.contract is None
            else [
                {"column": column.name, "type": str(column.type), "nullable": column.nullable}
                for column in self.contract.shape
            ],
            "budget": {"max_reject_share": limits.max_reject_share, "max_rejects": limits.max_rejects},
            "drift": limits.drift.model_dump(),
            "load": {
                "to": load.shown,
                "table": load.table,
                "schema": load.db_schema,
                "write_disposition": load.write_disposition,
                "strategy": load.merge_strategy if load.write_disposition == "merge" else None,
                "primary_key": list(load.primary_key),
                "newest_by": load.newest_by,
                "absent": load.absent,
            },
        }

    def _steps(self) -> list[dict[str, Any]]:
        names, hidden, told = self.plan.door, self._sensitive(), []
        for planned in self.plan.steps:
            step = planned.step
            concealed = not hidden.isdisjoint({*step.reads(names), *step.writes(names)})
            told.append(
                {
                    "label": planned.label,
                    "scope": step.scope,
                    "change": step.change,
                    "waits": planned.waits,
                    "parameters": _parameters(planned, concealed=concealed),
                }
            )
            names = step.names_after(names)
        return told

    def _sensitive(self) -> frozenset[str]:
        """Name the columns, at any point of the plan, that may hold cells of a sensitive column."""
        if self.contract is None or not self.contract.sensitive:
            return frozenset()
        return ancestry(self.plan.steps, self.plan.door, columns=self.contract.sensitive)


def _parameters(planned: PlannedStep, *, concealed: bool) -> dict[str, Any]:
    """Return what a step was told, and what it learned: of sensitive columns, that may be their cells."""
    told = planned.step.model_dump(mode="json", exclude={"step"}, exclude_defaults=True)
    return {**told, "learned": STARS} if concealed and told.get("learned") else told


def explain_pipeline(spec: PipelineSpec, *, project: Path, options: RunOptions | None = None) -> Explanation:
    """Resolve a pipeline against its files, of which only the beginnings are read unless a node looks at the data.

    Args:
        spec: the pipeline.
        project: the folder that its paths are relative to.
        options: variables and the day for templates in paths.

    Raises:
        NoInput: no file matches.
        FileRefused: a file's header cannot be understood.
        ConfigurationError: the plan cannot work.
    """
    options = options or RunOptions()
    day = options.as_of or date.today()
    with open_files(spec.extract, project=project, as_of=day, variables=options.variables) as (dataset, _):
        lock, _ = current_lock(spec, project=project, required=options.locked)
        decided = decide(spec, dataset, project=project, lock=lock, ask=None if options.locked else options.ask)
        plan = plan_for(spec, dataset, decided.settled.steps, project=project, lock=lock)
        headers = report_headers(spec, dataset, plan)
        known = not headers.refused and not any("infer" in reason for reason in plan.passes)
        names = tuple(name for name in plan.names if name not in (*headers.quarantined, *headers.discarded))
        contract = compile_contract(spec.validation, project=project, names=names) if known else None
        files = tuple(
            (file.name, file.dialect.encoding.name, file.dialect.delimiter, file.packed_size) for file in dataset.files
        )
    return Explanation(spec, plan, headers, files, contract, decided.settled.decisions)
