"""What ``etl-agent plan`` tells of a plan, its files and its run: to a person or to a program."""

from __future__ import annotations

import shlex
import sys
from functools import cached_property
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from etl_agent.cli.failure import safe
from etl_agent.cli.progress import progress_display
from etl_agent.cli.report import next_command, summary_line
from etl_agent.masking import masked

if TYPE_CHECKING:
    from etl_agent.ask import Usage
    from etl_agent.orchestrate.planner.draft import PlanDraft
    from etl_agent.orchestrate.planner.findings import Finding
    from etl_agent.orchestrate.planner.revision import Revision
    from etl_agent.run.goal_result import GoalResult, Step
    from etl_agent.run.options import Progress
    from etl_agent.run.plan_files import PlanFiles
    from etl_agent.run.planning import Planned

__all__ = ["Report"]


class Report:
    """Tell a plan as it becomes known.

    The plan is what the command is for, so it is told without a terminal too; failures and words that nothing was made
    of are told on stderr, also with ``--quiet``.

    Args:
        planned: the plan.
        project: the folder that holds ``pipelines/``.
        quiet: tell nothing of a success.
        as_json: a dictionary is printed at the end, and nothing else on stdout.
    """

    def __init__(self, planned: Planned, *, project: Path, quiet: bool, as_json: bool) -> None:
        self._planned = planned
        self._project = project
        self._shown = not quiet and not as_json
        self.result: GoalResult | None = None
        """What became of the goal, once it has run."""
        self.progress: Progress = progress_display(shown=self._shown and sys.stderr.isatty())

    @cached_property
    def files(self) -> PlanFiles:
        """What writing the plan does; made before anything is written."""
        from etl_agent.run.plan_files import plan_files

        return plan_files(self._planned.draft, project=self._project)

    @cached_property
    def stops(self) -> tuple[Finding, ...]:
        """What was found that keeps a pipeline from loading."""
        from etl_agent.orchestrate.planner.findings import severity

        return tuple(finding for finding in self._planned.findings if severity([finding])[0])

    @property
    def is_doubtful(self) -> bool:
        """Whether the plan is known not to load, or the goal not to be clear."""
        return bool(self.stops or self._planned.draft.unclear)

    @property
    def fell_back(self) -> bool:
        """Whether anything that a model was to decide was decided without it."""
        if self.result is None:
            return self._planned.fell_back
        return self.result.fell_back or any(step.result and step.result.fell_back for step in self.result.steps)

    def tell_plan(self) -> None:
        """Tell the plan, and how it differs from the files that are there."""
        from etl_agent.orchestrate.planner.explanation import explained

        planned, files = self._planned, self.files
        if not self._shown:
            self._tell_words()
            return
        for line in explained(planned.draft, findings=planned.findings, revisions=planned.revisions):
            self._say(line)
        for note in (*planned.notes, *files.notes):
            self._say(f"note: {note}")
        for file in files.files:
            if file.diff:
                self._say("")
                self._say(file.diff)

    def tell_files(self) -> None:
        """Tell which files were written, and what to type next."""
        self._say("")
        for file in self.files.files:
            self._say(f"{file.name}: {'written' if file.changed else 'up to date'}")
        for name, found in groupby(sorted(self.stops, key=_pipeline_of), key=_pipeline_of):
            what = "; ".join(finding.detail or finding.kind for finding in found)
            said = f"{name} would not load: {what}; next: change pipelines/{name}.yaml, or say the goal otherwise"
            click.echo(f"etl-agent: {safe(said)}", err=True)
        for words in self._planned.draft.unclear:
            said = f"not clear: {words!r} may say what is destroyed, what is loaded or where rows go; say it otherwise"
            click.echo(f"etl-agent: {safe(said)}", err=True)
        if not self.is_doubtful:
            self._say(f"next: {self.next}")

    def tell_step(self, step: Step) -> None:
        """Tell what became of a pipeline."""
        if step.exit_code:
            said = (step.message or "no reason is known").removeprefix(f"{step.pipeline}: ")
            outcome = "" if said.startswith(step.outcome) else f"{step.outcome}: "
            click.echo(f"etl-agent: {safe(f'{step.pipeline}: {outcome}{said}')}", err=True)
        elif step.result is not None:
            self._say(summary_line(step.result))

    def tell_end(self) -> None:
        """Tell what was revised while the goal ran, and what to type next."""
        if self.result is None:
            return
        for revision in self.result.revisions[len(self._planned.revisions) :]:
            for change in revision.changes:
                self._say(f"revised by {revision.by}: {change.reason}: {change.key} of {change.pipeline}")
        for note in self.result.notes:
            self._say(f"note: {note}")
        if self.next:
            self._say(f"next: {self.next}")

    def tell_fallback(self) -> None:
        """Say that rules decided what a model was asked, where the notes of the plan are not told."""
        if self.fell_back and not self._shown:
            click.echo("etl-agent: a model was asked and gave no answer that could be used; rules decided", err=True)

    @property
    def next(self) -> str | None:
        """What to type next: what runs the files, and once that is done what shows the rows that were refused."""
        if self.result is not None:
            commands = (next_command(step.result) for step in self.result.steps if step.result is not None)
            return next(filter(None, commands), None)
        names = (f"pipelines/{spec.name}.yaml" for spec in self._planned.draft.pipelines)
        return f"etl-agent run {' '.join(map(shlex.quote, names))}"

    def as_dict(self, *, exit_code: int) -> dict[str, Any]:
        """Return all of it as plain data, for JSON."""
        planned, result = self._planned, self.result
        draft = planned.draft if result is None else result.draft
        return {
            "goal": masked(draft.goal),
            "to": masked(planned.given.to),
            "maker": draft.maker,
            "pipelines": [_pipeline(draft, spec.name) for spec in draft.pipelines],
            "not_understood": list(draft.not_understood),
            "unclear": list(draft.unclear),
            "left_out": list(draft.left_out),
            "notes": [*draft.notes, *planned.notes, *self.files.notes, *(() if result is None else result.notes)],
            "findings": [finding.model_dump(mode="json") for finding in planned.findings],
            "revisions": [_revision(each) for each in (planned.revisions if result is None else result.revisions)],
            "files": [
                {"file": file.name, "is_new": file.before is None, "changed": file.changed, "diff": file.diff}
                for file in self.files.files
            ],
            "resumed": planned.resumed is not None,
            "fell_back": self.fell_back,
            "usage": _usage(planned.usage if result is None else planned.usage + result.usage),
            "steps": None if result is None else [_step(step) for step in result.steps],
            "next": self.next,
            "exit_code": exit_code,
        }

    def _tell_words(self) -> None:
        """Name the words that nothing was made of, where the plan itself is not told."""
        words = self._planned.draft.not_understood
        if words:
            click.echo(f"etl-agent: not understood: {safe(', '.join(map(repr, words)))}", err=True)

    def _say(self, text: str) -> None:
        if self._shown:
            click.echo("\n".join(safe(line) for line in text.split("\n")))


def _pipeline_of(finding: Finding) -> str:
    return finding.pipeline


def _pipeline(draft: PlanDraft, name: str) -> dict[str, Any]:
    from etl_agent.orchestrate.planner.explanation import destroys
    from etl_agent.orchestrate.written import plain_data

    spec = draft.pipeline(name)
    return {
        "name": name,
        "file": f"pipelines/{name}.yaml",
        "spec": plain_data(spec),
        "destroys": destroys(spec),
        "points": [point.model_dump(exclude={"pipeline"}) for point in draft.points if point.pipeline == name],
    }


def _revision(revision: Revision) -> dict[str, Any]:
    return {
        "by": revision.by,
        "note": revision.note,
        "changes": [change.model_dump() for change in revision.changes],
        "findings": [finding.model_dump(mode="json") for finding in revision.findings],
    }


def _usage(usage: Usage) -> dict[str, Any]:
    return {
        "calls": usage.calls,
        "tokens_in": usage.tokens_in,
        "tokens_out": usage.tokens_out,
        "cost": str(usage.cost),
    }


def _step(step: Step) -> dict[str, Any]:
    return {
        "pipeline": step.pipeline,
        "outcome": step.outcome,
        "message": step.message,
        "exit_code": step.exit_code,
        "attempts": step.attempts,
        "findings": [finding.model_dump(mode="json") for finding in step.findings],
        "run": None if step.result is None else step.result.as_dict(),
    }
