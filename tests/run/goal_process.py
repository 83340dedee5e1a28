"""A goal run in a process of its own that kills itself where it is told to; run as a script by the tests.

Arguments: the project folder, the target's URL, where to die, and ``yes`` for agreeing to everything. Where is
``nowhere``, ``between:PIPELINE`` (it is committed and the next one is not begun), ``within:PIPELINE`` (while its rows
flow) or ``revised`` (a revision is written down).

Every question to the model, and every beginning of a pipeline, adds a line to a file.
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from typing import Any

from etl_agent.ask import Answered, Asked, Question, Unanswered, Usage
from etl_agent.run.goal import execute
from etl_agent.run.goal_journal import Journal
from etl_agent.run.goal_result import GoalOptions, Step
from etl_agent.run.options import NoProgress
from etl_agent.run.planning import make_plan

GOAL = "load a and b and c, and flurbify the wumples"


def main(folder: str, url: str, where: str, yes: str = "no") -> int:
    """Plan and run the goal, and print what became of it."""
    project = Path(folder)
    if where == "revised":
        rightly = Journal.revised

        def revised(journal: Journal, revision: Any) -> None:
            Journal.revised = rightly  # type: ignore[method-assign]  # for a next run in the same process
            rightly(journal, revision)
            die()

        Journal.revised = revised  # type: ignore[method-assign]  # it dies right behind it
    ask = _Counted(project / "questions")
    planned = make_plan(GOAL, ["a.csv", "b.csv", "c.csv"], to=url, project=project, ask=ask)
    if (project / "faulty").exists() and planned.resumed is None:
        planned = _faulty(planned)

    def told(step: Step) -> None:
        if where == f"between:{step.pipeline}":
            die()

    result = execute(
        planned,
        project=project,
        ask=ask,
        options=GoalOptions(yes=yes == "yes"),
        progress=_Begun(project / "begun", where),
        told=told,
    )
    print(";".join(f"{step.pipeline}={step.outcome}" for step in result.steps), len(result.revisions))
    return result.exit_code


def _faulty(planned: Any) -> Any:
    """Guess a type of b wrongly, where no rehearsal sees it any more."""
    from dataclasses import replace

    from tests.run.goals import typed

    return replace(planned, draft=typed("b", "word", "integer")(planned.draft))


def die() -> None:
    """End like a machine that loses its power."""
    os.kill(os.getpid(), signal.SIGKILL)


class _Counted:
    """A model that has nothing to add to a goal and takes the first of everything, in valid answers."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def __call__(self, question: Question[Any]) -> Answered[Any] | Unanswered:
        with self._file.open("a") as lines:
            lines.write(f"{question.node}\n")
        return Answered(
            question.answer.model_validate({name: [] for name in question.answer.model_fields}),
            Asked("test", "double"),
            Usage(calls=1),
        )


class _Begun(NoProgress):
    """Notes which pipelines begin to flow."""

    def __init__(self, file: Path, where: str) -> None:
        self._file, self._at, self._where = file, "", where

    def begin(self, pipeline: str, *, total_bytes: int) -> None:
        self._at = pipeline
        with self._file.open("a") as lines:
            lines.write(f"{pipeline} {total_bytes > 0}\n")

    def advance(self, *, rows: int, rejects: int, read_bytes: int) -> None:
        if self._where == f"within:{self._at}":
            die()


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
