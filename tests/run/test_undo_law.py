"""Laws of undo over invented sequences of runs: all modes, reloads and replays, on one table."""

from __future__ import annotations

import os
import random
from dataclasses import dataclass
from pathlib import Path

import pytest

from etl_agent.errors import EtlAgentError, UndoRefused
from etl_agent.run.options import RunOptions
from etl_agent.run.replay import replay_quarantine
from etl_agent.run.result import RunResult
from tests.run.project import Project
from tests.run.undoing import CONTRACT, LENIENT, MODES, Held, held, take_back, without_runs

_SEEDS = range(int(os.environ.get("ETL_AGENT_UNDO_SEEDS", "3")))
"""Sequences to try; more of them by the variable."""


@dataclass(frozen=True)
class _Step:
    """One run: of a file, new or known, or of what is in quarantine."""

    kind: str
    mode: str
    file: str
    content: str


def _steps(seed: int) -> list[_Step]:
    """Invent a sequence."""
    chance = random.Random(seed)
    plain = [mode for mode in MODES if "scd2" not in mode]
    modes = [mode for mode in MODES if "scd2" in mode] if chance.random() < 0.25 else plain
    steps: list[_Step] = []
    for number in range(5):
        kind = chance.choice(["new"] * 5 + ["reload", "replay", "known"])
        rows = [f"{chance.randrange(7)},{chance.choice('abc')}" for _ in range(chance.randrange(1, 5))]
        rows += ["x,y"] * chance.randrange(2)
        files = [step.file for step in steps if step.kind == "new"]
        if kind in ("reload", "known") and not files:
            kind = "new"
        file = f"{number}.csv" if kind == "new" else chance.choice(files or [""])
        steps.append(_Step(kind, chance.choice(modes), file, "\n".join(["id,name", *rows, ""])))
    return steps


def _run(project: Project, step: _Step) -> RunResult | None:
    """Run a step; None where it cannot be run as the table is."""
    load = dict(MODES[step.mode])
    if load["write_disposition"] == "replace" or "absent" in load:
        load["allow_empty"] = True
    try:
        if step.kind == "replay":
            spec = project.spec("0.csv", contract=CONTRACT, **LENIENT, **load)
            return replay_quarantine(spec, project=project.folder, options=RunOptions())
        if step.kind == "new":
            project.write(step.file, step.content)
        return project.run(step.file, contract=CONTRACT, reload=step.kind == "reload", **LENIENT, **load)
    except EtlAgentError:
        return None


@pytest.mark.parametrize("seed", _SEEDS)
def test_runs_undone_backwards_bring_each_state_back(project: Project, seed: int) -> None:
    """Newest first, no undo is refused, and each brings back exactly what there was before its run."""
    before: list[tuple[int, Held]] = []
    for step in _steps(seed):
        was = held(project)
        done = _run(project, step)
        if done is not None and done.status == "loaded":
            before.append((done.run_id, was))
    for run_id, was in reversed(before):
        take_back(project, run_id)
        assert held(project).of(was) == was


@pytest.mark.parametrize("seed", _SEEDS)
def test_a_run_undone_out_of_order_leaves_what_the_others_make(project: Project, tmp_path: Path, seed: int) -> None:
    """Any undo is either refused, and changes nothing, or leaves what the other runs make without it."""
    done = [(step, result) for step in _steps(seed) if (result := _run(project, step)) and result.status == "loaded"]
    chosen = random.Random(seed).randrange(len(done))
    was = held(project)
    try:
        take_back(project, done[chosen][1].run_id)
    except UndoRefused:
        assert held(project) == was
        return
    alone = Project(tmp_path / "alone", f"sqlite:///{tmp_path / 'alone.db'}")
    alone.folder.mkdir()
    for number, (step, _) in enumerate(done):
        if step.kind == "new":
            alone.write(step.file, step.content)
        if number != chosen:
            _run(alone, step)
    assert without_runs(project) == without_runs(alone)
