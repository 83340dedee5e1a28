"""Measure the planner: goals against the facts that their plans must have, and faulty plans with and without revisions.

    python benchmarks/planning.py goals [--set fresh] [--maker rules]... [--out results.json]
    python benchmarks/planning.py faults [--out results.json]

Goals: each goal of goals/goals.yaml becomes a plan, by rules alone and by rules with a double in a model's place (one
that fails in every way, one that answers the most harmful of what its answer's type allows, one that obeys whatever
it reads). A plan succeeds if every expected fact holds and every word is named that asks for what no plan can do; how
many plans name other words besides is counted too.

Faults: the plans of a few goals run as they are; then one fault of goals/faults.py is put into each, as if somebody had
guessed it, and the plan runs without and with revisions. A run is mended if it loads as many rows as the sound plan.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import yaml

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.goals.data import DATASETS, write_datasets
from benchmarks.goals.facts import needless, wrong
from benchmarks.goals.faults import FAULTS, faulty
from etl_agent.ask import Ask
from etl_agent.errors import EtlAgentError
from etl_agent.run.goal import GoalOptions, execute
from etl_agent.run.planning import Planned, make_plan
from etl_agent.testing import AdversarialAsk, FailingAsk, ObedientAsk

GOALS = Path(__file__).parent / "goals" / "goals.yaml"
MAKERS: Mapping[str, Callable[[], Ask | None]] = {
    "rules": lambda: None,
    "failing": FailingAsk,
    "adversarial": AdversarialAsk,
    "obedient": ObedientAsk,
}
SOUND = (
    "load the members keyed by member_id",
    "upsert the loans by loan_id",
    "load the invoices",
    "merge the stock levels by sku and warehouse, newest wins by counted_at",
    "load the employees",
    "load the trips",
    "load the readings",
    "load the payments keyed by payment_id",
    "load the articles",
    "load the students keyed by matric_no",
)
"""Goals whose plans faults are put into; the dataset is the one that the goal names."""
REPLANS = 3
CHARACTERS = 4
"""Characters of a token, about: doubles take none, so what their questions would take is estimated."""


def project(folder: Path) -> Path:
    """Make a project folder with every dataset in it."""
    (folder / "pipelines").mkdir(parents=True)
    write_datasets(folder)
    return folder


def planned(goal: Mapping[str, Any], folder: Path, ask: Ask | None) -> Planned:
    """Plan a goal of goals.yaml in a project folder."""
    for file, text in goal.get("sql", {}).items():
        (folder / file).write_text(text, encoding="utf-8")
    files = [file for name in goal["files"] for file in DATASETS[name]]
    return make_plan(
        goal["goal"], files, to="sqlite:///target.db", project=folder, sql=tuple(goal.get("sql", ())), ask=ask
    )


def outcome(goal: Mapping[str, Any], folder: Path, ask: Ask | None) -> tuple[tuple[str, ...], Planned | None]:
    """Return what is wrong with the plan of a goal, and the plan."""
    try:
        plan = planned(goal, folder, ask)
    except EtlAgentError as error:
        said = goal.get("refused")
        return (() if said is not None and said in str(error) else (f"{type(error).__name__}: {error}",)), None
    if "refused" in goal:
        return (f"planned, though {goal['refused']!r} was to be asked for",), plan
    return wrong(plan.draft, goal, plan.given), plan


def measure_goals(which: str | None, makers: Sequence[str]) -> dict[str, Any]:
    """Plan every goal with every maker."""
    goals = [goal for goal in yaml.safe_load(GOALS.read_text(encoding="utf-8")) if which in (None, goal["set"])]
    found: dict[str, Any] = {}
    with tempfile.TemporaryDirectory(prefix="goals-") as temporary:
        folder = project(Path(temporary) / "p")
        for maker in makers:
            right, calls, tokens, extra = Counter[str](), 0, 0, 0
            for goal in goals:
                ask = MAKERS[maker]()
                mistakes, plan = outcome(goal, folder, ask)
                right[goal["set"]] += not mistakes
                asked = getattr(ask, "questions", ())
                calls += len(asked)
                tokens += sum(len(each.instructions) + len(each.facts_text) for each in asked) // CHARACTERS
                extra += plan is not None and bool(needless(plan.draft, goal))
                for mistake in mistakes:
                    print(f"{maker}: {goal['goal']!r}: {mistake}")
            sizes = Counter(goal["set"] for goal in goals)
            found[maker] = {"right": right, "of": sizes, "needless": extra, "calls": calls, "tokens": tokens}
            print(
                f"{maker}: {right.total()} of {len(goals)} ({dict(right)} of {dict(sizes)}); plans that name a word"
                f" needlessly: {extra}; {calls} calls, about {tokens} tokens"
            )
    return found


def measure_faults() -> dict[str, Any]:
    """Run every sound plan, and every faulty one without and with revisions."""
    mended: dict[str, Counter[str]] = {"without": Counter(), "with": Counter()}
    tried, rounds = Counter[str](), Counter[int]()
    for goal in SOUND:
        with tempfile.TemporaryDirectory(prefix="goals-") as temporary:
            plan, loaded = _sound(goal, Path(temporary) / "p")
            for fault, spoil in FAULTS.items():
                made = faulty(plan.draft, plan.given, spoil)
                if made is None:
                    continue
                tried[fault] += 1
                spoilt = replace(plan, draft=made, findings=(), revisions=())
                for label, most in (("without", 0), ("with", REPLANS)):
                    rows, revisions, said = _run(spoilt, Path(temporary) / f"{fault} {label}", most=most)
                    mended[label][fault] += rows == loaded
                    if label == "with":
                        rounds[revisions] += 1
                    if rows != loaded and label == "with":
                        print(f"{goal!r}, {fault}: {rows} rows, not {loaded}; {said}")
    total = sum(tried.values())
    for fault, count in tried.items():
        print(f"{fault}: {mended['without'][fault]} and {mended['with'][fault]} of {count}")
    print(f"all: without revisions {mended['without'].total()}, with {mended['with'].total()} of {total}")
    return {"tried": dict(tried), "mended": {name: dict(found) for name, found in mended.items()}, "rounds": rounds}


def _sound(goal: str, folder: Path) -> tuple[Planned, int]:
    """Plan a goal and run it; return the plan and the rows that are in the table."""
    project(folder)
    name = next(each for each in DATASETS if each in goal.replace(" ", "_"))
    plan = planned({"goal": goal, "files": [name]}, folder, None)
    rows, _, said = _run(plan, folder.parent / "sound", most=0)
    if not rows:
        raise SystemExit(f"the sound plan of {goal!r} loads nothing: {said}")
    return plan, rows


def _run(plan: Planned, folder: Path, *, most: int) -> tuple[int, int, str]:
    """Run a plan in a folder of its own; return the rows that it loaded, its revisions, and what it said."""
    project(folder)
    try:
        done = execute(plan, project=folder, options=GoalOptions(yes=True, max_replans=most))
    except EtlAgentError as error:
        return 0, 0, str(error)
    loaded = sum(step.result.balance.loaded for step in done.steps if step.result is not None)
    return loaded, len(done.revisions), "; ".join(f"{found.kind} {found.key} {found.detail}" for found in done.findings)


def main() -> None:
    """Measure, and print what went wrong."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("goals", "faults"))
    parser.add_argument("--set", choices=("open", "second", "fresh"), default=None)
    parser.add_argument("--maker", choices=tuple(MAKERS), action="append")
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    found = measure_goals(options.set, options.maker or tuple(MAKERS)) if options.what == "goals" else measure_faults()
    if options.out:
        options.out.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
