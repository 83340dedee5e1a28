"""Run a planned goal pipeline by pipeline, and revise what is not committed yet when the evidence says so."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from etl_agent.ask import Ask, Usage
from etl_agent.errors import ConfigurationError, EtlAgentError, TryLater
from etl_agent.orchestrate.planner.draft import PlanDraft
from etl_agent.orchestrate.planner.findings import Finding, severity
from etl_agent.orchestrate.planner.model.by_model import revise_by_model
from etl_agent.orchestrate.planner.revising.checking import check
from etl_agent.orchestrate.planner.revising.keeping import keeps
from etl_agent.orchestrate.planner.revising.revise import revise
from etl_agent.orchestrate.planner.revision import Revision, decisions_of
from etl_agent.orchestrate.sequential import PipelineSpec
from etl_agent.run.findings_of import findings_of_error, findings_of_result
from etl_agent.run.goal_guard import Destruction, destructions, refuse_destruction, refuse_unclear, without_files
from etl_agent.run.goal_journal import Journal
from etl_agent.run.goal_result import GoalOptions, GoalResult, Outcome, Step
from etl_agent.run.options import NoProgress, Progress, RunOptions
from etl_agent.run.plan_files import PlanFiles, plan_files, save_plan
from etl_agent.run.planning import Heard, Planned
from etl_agent.run.runner import run_pipeline

__all__ = ["GoalOptions", "GoalResult", "Step", "execute"]

_STALE = 2
"""Revisions of a pipeline in a row that make nothing better: one may be needed before another can help; a second one
says that the evidence does not lead anywhere."""
_HELD_BACK = 1


def execute(
    planned: Planned,
    *,
    project: Path,
    options: GoalOptions | None = None,
    ask: Ask | None = None,
    progress: Progress | None = None,
    told: Callable[[Step], None] | None = None,
    files: PlanFiles | None = None,
) -> GoalResult:
    """Write the pipelines of a plan and run them in their order; each that commits is final.

    What a pipeline that did not load has found goes to whoever revises: the model, where one may be asked, else rules.
    A revision is written down, and written to ``pipelines/``, before it is run.

    Args:
        planned: the plan.
        project: the folder that its paths are relative to.
        options: what was agreed to, and the limits.
        ask: a model that may be asked; rules alone revise where there is none, or where it fails.
        progress: is told how far each run is.
        told: is told what became of each pipeline as soon as it is known.
        files: what writing the plan does, where that is known already.

    Raises:
        UsageError: the goal is not clear, or the plan destroys something and nobody agreed; nothing was run or
            written.
        TryLater: another process works at this goal.
        EtlAgentError: of the class that says why files cannot be written.
    """
    options = options or GoalOptions()
    refuse_unclear(planned.draft)
    kept = planned.resumed
    files = files or plan_files(planned.draft, project=project)
    ours = () if kept is None else (kept.first, *(revision.draft for revision in kept.revisions))
    written = [spec for draft in ours for spec in draft.pipelines]
    dangers = destructions(planned.draft, files, project=project, ours=written)
    if not options.yes:
        refuse_destruction(dangers)
    with Journal(project, digest=planned.identity.digest, wait=options.wait) as journal:
        if kept is None:
            journal.begin(
                planned.draft,
                findings=planned.findings,
                rounds=planned.revisions,
                fell_back=planned.fell_back,
                notes=planned.notes,
            )
        goal = _Goal(
            planned,
            project=project,
            options=options,
            journal=journal,
            dangers=dangers,
            progress=progress or NoProgress(),
            ask=ask,
        )
        goal.save(files)
        return goal.run(told)


@dataclass
class _Try:
    """What the attempts at one pipeline came to."""

    attempts: int = 0
    best: tuple[tuple[int, float], PlanDraft, Step] | None = None
    stale: int = 0


class _Goal:
    """A goal that is being run."""

    def __init__(
        self,
        planned: Planned,
        *,
        project: Path,
        options: GoalOptions,
        journal: Journal,
        dangers: Mapping[str, tuple[Destruction, ...]],
        progress: Progress,
        ask: Ask | None,
    ) -> None:
        self._planned = planned
        self._project = project
        self._options = options
        self._journal = journal
        self._dangers = dangers
        self._progress = progress
        self._ask = None if ask is None else Heard(ask)
        self._began = time.monotonic()
        self._draft = planned.draft
        self._revisions = list(planned.revisions)
        self._replans = 0 if planned.resumed is None else len(planned.resumed.revisions)
        self._fell_back = planned.fell_back
        self._steps: dict[str, Step] = {}
        self._tries: dict[str, _Try] = {}
        self._tried = [planned.draft.pipelines]
        self._notes: list[str] = []

    def run(self, told: Callable[[Step], None] | None) -> GoalResult:
        """Run the pipelines one after the other until each of them is settled."""
        while (spec := self._next()) is not None:
            step = self._blocked(spec) or self._attempted(spec)
            if step is not None:
                self._steps[spec.name] = step
                if told is not None:
                    told(step)
        late = any(step.exit_code == TryLater.exit_code and step.outcome == "not run" for step in self._steps.values())
        code = next((step.exit_code for step in self._steps.values() if step.exit_code), 0)
        if not late:  # else the next call goes on here
            self._journal.done(exit_code=code)
        return GoalResult(
            self._draft,
            tuple(self._steps.values()),
            revisions=tuple(self._revisions),
            notes=tuple(dict.fromkeys(self._notes)),
            usage=Usage() if self._ask is None else self._ask.usage,
            exit_code=code,
            fell_back=self._fell_back,
        )

    def save(self, files: PlanFiles | None = None) -> None:
        """Write the pipelines as they are now; not over files that nobody agreed to lose."""
        files = files or plan_files(self._draft, project=self._project)
        kept = {name for name in self._dangers if self._holds_back(name) and any(d.file for d in self._dangers[name])}
        self._notes += files.notes
        save_plan(without_files(files, pipelines=kept), overwrite=True)
        self._dangers = {  # what was written over is lost by now, and no reason any more to hold anything back
            name: left
            for name, each in self._dangers.items()
            if (left := tuple(danger for danger in each if name in kept or not danger.file))
        }

    def _next(self) -> PipelineSpec | None:
        return next((spec for spec in self._draft.pipelines if spec.name not in self._steps), None)

    def _holds_back(self, name: str) -> bool:
        """Tell whether a pipeline must wait for a person: a plan that a model failed at destroys nothing."""
        return self._fell_back and name in self._dangers

    def _blocked(self, spec: PipelineSpec) -> Step | None:
        """Settle a pipeline that may not run."""
        failed = [self._steps[name] for name in spec.needs if name in self._steps and self._steps[name].exit_code]
        if failed:
            names = ", ".join(step.pipeline for step in failed)
            return Step(spec.name, "not run", message=f"not run, since {names} failed", exit_code=failed[0].exit_code)
        if self._holds_back(spec.name):
            what = "; ".join(each.what for each in self._dangers[spec.name])
            lost = any(each.file for each in self._dangers[spec.name])
            then = "etl-agent plan with --no-model" if lost else f"etl-agent run pipelines/{spec.name}.yaml"
            said = f"held back: {what}, and the model that was asked failed or doubts it; if it is meant, next: {then}"
            return Step(spec.name, "held back", message=said, exit_code=_HELD_BACK)
        if self._is_late():
            said = "not run: the time is over; the same call goes on here"
            return Step(spec.name, "not run", message=said, exit_code=TryLater.exit_code)
        return None

    def _is_late(self) -> bool:
        limit = self._options.max_seconds
        return limit is not None and time.monotonic() - self._began > limit

    def _attempted(self, spec: PipelineSpec) -> Step | None:
        """Run a pipeline once; None where it did not load and the plan was revised."""
        tries = self._tries.setdefault(spec.name, _Try())
        tries.attempts += 1
        step = replace(self._ran(spec), attempts=tries.attempts)
        if not step.exit_code:
            if step.result is not None:
                self._journal.committed(spec.name, run_id=step.result.run_id)
            return step
        weight = severity(step.findings)
        if tries.best is None or weight < tries.best[0]:
            tries.best, tries.stale = (weight, self._draft, step), 0
        else:
            tries.stale += 1
        why = self._revised(step, tries)
        return None if why is None else self._given_up(spec, tries, why)

    def _ran(self, spec: PipelineSpec) -> Step:
        if wrong := self._contradictions(spec):
            said = f"not run as it is: {wrong[0].detail}"
            return Step(spec.name, "refused", message=said, exit_code=ConfigurationError.exit_code, findings=wrong)
        decisions = decisions_of(self._revisions, pipeline=spec.name)
        run = RunOptions(wait=self._options.wait, progress=self._progress, decisions=decisions, ask=self._ask)
        try:
            result = run_pipeline(spec, project=self._project, options=run)
        except EtlAgentError as error:
            found = findings_of_error(error, spec=spec)
            return Step(spec.name, "failed", message=str(error), exit_code=error.exit_code, findings=found)
        found = findings_of_result(result, spec=spec)
        outcome: Outcome = "refused" if result.exit_code else "loaded" if result.status == "loaded" else "nothing new"
        return Step(spec.name, outcome, result, result.message, result.exit_code, found)

    def _contradictions(self, spec: PipelineSpec) -> tuple[Finding, ...]:
        """Find what was guessed wrong; a run decides on what the user said, and on promises of values."""
        return tuple(
            finding
            for finding in check(self._draft, self._planned.given)
            if finding.pipeline == spec.name
            and not finding.key.startswith("validate.")
            and not (finding.key and self._draft.said(spec.name, finding.key))
        )

    def _revised(self, step: Step, tries: _Try) -> str | None:
        """Revise the plan after a pipeline did not load; return why not, where it is left as it is."""
        if all(finding.kind == "broken" for finding in step.findings):
            return "no other plan can mend this"
        if tries.stale >= _STALE:
            return f"{_STALE} revisions in a row made nothing better"
        if self._replans >= self._options.max_replans:
            return f"{self._replans} of {self._options.max_replans} revisions are used up"
        if self._is_late():
            return "the time is over"
        revision = self._revision(step.findings)
        if revision is None:
            return "nothing that was not said by the user can be changed for the better"
        self._replans += 1
        self._journal.revised(revision)
        self._revisions.append(revision)
        self._draft = revision.draft
        self._tried.append(revision.draft.pipelines)
        if revision.note:
            self._notes.append(revision.note)
        self.save()
        return None

    def _revision(self, findings: tuple[Finding, ...]) -> Revision | None:
        """Ask for a better plan; what leaves its bounds is not taken, whoever made it."""
        final, given = frozenset(self._steps), self._planned.given
        if self._ask is not None:
            before = self._ask.unanswered
            revision = revise_by_model(self._draft, findings, given, committed=final, ask=self._ask)
            if self._ask.unanswered > before:
                self._fell_back = True
                self._notes.append("a model was asked for a revision and did not answer; rules chose")
            if revision is None or self._is_sound(revision, final):
                return revision
        revision = revise(self._draft, findings, given, committed=final)
        return revision if revision is not None and self._is_sound(revision, final) else None

    def _is_sound(self, revision: Revision, final: frozenset[str]) -> bool:
        if not keeps(self._draft, revision.draft, committed=final):
            self._notes.append("a revision was not taken: it would change what only the user may")
            return False
        return revision.draft.pipelines not in self._tried  # it would find what was found before

    def _given_up(self, spec: PipelineSpec, tries: _Try, why: str) -> Step:
        """Settle a pipeline that fails for good, with the best that was tried."""
        if tries.best is None:  # an attempt was made before this is called
            raise EtlAgentError(f"{spec.name} was given up before it was tried")
        _, draft, step = tries.best
        if draft.pipeline(spec.name) != self._draft.pipeline(spec.name):
            self._draft = self._draft.with_pipeline(draft, spec.name)
            self.save()
        said = step.message or step.outcome
        return replace(step, message=f"{said}; given up after {_times(tries.attempts)}: {why}", attempts=tries.attempts)


def _times(count: int) -> str:
    return "1 attempt" if count == 1 else f"{count} attempts"
