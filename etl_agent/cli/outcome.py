"""Run several pipelines and say what became of each: on a terminal, to a program, or not at all."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import click

from etl_agent.cli.brief import is_brief
from etl_agent.cli.failure import complain, explained, safe
from etl_agent.cli.progress import progress_display
from etl_agent.cli.report import balance_sheet, next_command, print_table, summary_line, summary_table
from etl_agent.errors import EtlAgentError

if TYPE_CHECKING:
    from etl_agent.cli.witness import Witness
    from etl_agent.orchestrate.sequential import PipelineSpec
    from etl_agent.run.options import Progress
    from etl_agent.run.result import RunResult

__all__ = ["Outcomes", "run_all"]

_NAMED = 3  # pipelines that are named in a line of 300 bytes


class Outcomes:
    """Collect results and say each as soon as it is known.

    On a terminal every run gets a line. Without one, a success is silent; a refusal, or rows quarantined under a
    budget that nobody set, get one line on stderr. Where nobody watches, several of these become one line in the end.

    Args:
        quiet: say nothing of a success on a terminal either.
        as_json: the results are printed as JSON by the caller, so nothing else goes to stdout.
        balance: show the balance sheet of each run.
        witness: hears of each run too.
        fails: says of a run whose rows are loaded that it is a failure all the same.
    """

    def __init__(
        self,
        *,
        quiet: bool,
        as_json: bool,
        balance: bool = False,
        witness: Witness | None = None,
        fails: Callable[[RunResult], bool] | None = None,
    ) -> None:
        self._witness = witness
        self._fails = fails
        self.failed_loaded = False
        """Whether any run failed although its rows are loaded."""
        self.results: list[RunResult] = []
        self._expected = 1
        self._complaints: list[tuple[str, str]] = []
        self._terminal = sys.stderr.isatty() or sys.stdout.isatty()
        self.shown = not quiet and not as_json and self._terminal
        """Whether every run gets a line."""
        self._balance = balance and not as_json
        self.progress: Progress = progress_display(shown=self.shown and sys.stderr.isatty())

    def expect(self, pipelines: int) -> None:
        """Hear how many pipelines are to run."""
        self._expected = pipelines

    def complain(self, pipeline: str, message: str) -> None:
        """Say what a person must know of a pipeline: at once, or with that of the others."""
        if self._expected > 1 and is_brief():
            self._complaints.append((pipeline, message))
        else:
            complain(message)

    def flush(self) -> None:
        """Say what was put off, in one line."""
        found, self._complaints = self._complaints, []
        if len(found) == 1:
            complain(found[0][1])
        elif found:
            names = ", ".join(safe(name) for name, _ in found[:_NAMED]) + (", ..." if len(found) > _NAMED else "")
            complain(f"{len(found)} of {self._expected} pipelines need a look ({names}): {found[0][1]}")

    def began(self, pipeline: str) -> None:
        """Hear that a pipeline begins."""
        if self._witness is not None:
            self._witness.began(pipeline)

    def failed(self, pipeline: str, error: EtlAgentError) -> int:
        """Say why a pipeline could not run to its end, and return its exit code."""
        message, code = explained(error)
        self.complain(pipeline, message)
        if self._witness is not None:
            self._witness.failed(pipeline, error)
        return code

    def add(self, result: RunResult, *, default_budget: bool) -> None:
        """Take a result and say it."""
        self.results.append(result)
        line = safe(summary_line(result))
        then = next_command(result)
        fails = not result.exit_code and self._fails is not None and self._fails(result)
        self.failed_loaded = self.failed_loaded or fails
        if result.status == "refused":
            self.complain(result.pipeline, line if "next: " in line or not then else f"{line}; next: {then}")
        elif self.shown:
            click.echo(line)
        elif fails or (result.balance.quarantined and default_budget and result.status == "loaded"):
            self.complain(result.pipeline, f"{line}; next: {then}" if then else line)
        elif result.warning or (result.status == "nothing new" and result.message and "--reload" in result.message):
            self.complain(result.pipeline, line)
        if self._witness is not None:
            self._witness.ended(result, message=line, exit_code=result.exit_code or int(fails))
        if self._balance:
            print_table(balance_sheet(result))

    def close(self) -> None:
        """Say what all runs came to, and what to type next."""
        self.flush()
        if not self.shown or not self.results:
            return
        if len(self.results) > 1:
            click.echo()
            print_table(summary_table(self.results))
        commands = [then for then in (next_command(result) for result in self.results) if then]
        if commands:
            click.echo(f"next: {commands[0]}")


def run_all(specs: Sequence[PipelineSpec], run_one: Callable[[PipelineSpec], RunResult], outcomes: Outcomes) -> int:
    """Run pipelines in order and return the first failure's exit code.

    What needs a failed one does not run, nor what needs one that was skipped: its data are of another time.
    """
    outcomes.expect(len(specs))
    try:
        failed = _failed_of(specs, run_one, outcomes)
    except BaseException:
        outcomes.flush()
        raise
    outcomes.close()
    return next(iter(failed.values()), 0)


def _failed_of(
    specs: Sequence[PipelineSpec], run_one: Callable[[PipelineSpec], RunResult], outcomes: Outcomes
) -> dict[str, int]:
    """Run pipelines in order, and return the exit codes of those that failed, the first one first."""
    failed: dict[str, int] = {}
    skipped: set[str] = set()
    for spec in specs:
        blocking = [name for name in spec.needs if name in failed]
        if blocking:
            failed[spec.name] = failed[blocking[0]]
            outcomes.complain(spec.name, f"{spec.name}: not run, since {', '.join(blocking)} failed")
            continue
        if waiting := [name for name in spec.needs if name in skipped]:
            skipped.add(spec.name)
            outcomes.complain(spec.name, f"{spec.name}: not run, since {', '.join(waiting)} was left to another run")
            continue
        outcomes.began(spec.name)
        try:
            result = run_one(spec)
        except EtlAgentError as error:
            if len(specs) == 1:
                raise
            failed[spec.name] = outcomes.failed(spec.name, error)
            continue
        outcomes.add(result, default_budget=not spec.validation.model_fields_set & {"max_reject_share", "max_rejects"})
        if result.exit_code:
            failed[spec.name] = result.exit_code
        if result.status == "skipped":
            skipped.add(spec.name)
    return failed
