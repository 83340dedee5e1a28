"""Measure what choosing costs: ``clean --strategy auto`` against the same steps written down.

    python benchmarks/auto_cost.py orders.csv [--pairs 3]

The steps that ``auto`` takes for the file are asked for once and written as a file of steps. Then both commands clean
the file in pairs, one after the other, and the medians of their CPU seconds and of their peak memory are compared.
The two outputs must be the same bytes.
"""

from __future__ import annotations

import argparse
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import date
from filecmp import cmp
from pathlib import Path
from typing import NamedTuple

import yaml

from etl_agent.extract.spec import Extract
from etl_agent.orchestrate.routing import route_of
from etl_agent.run.deciding import decide_nodes
from etl_agent.run.reading import open_files


class Measured(NamedTuple):
    """What a command took: CPU and wall time in seconds, peak memory in MB."""

    cpu: float
    wall: float
    memory: float


def steps_of(file: Path) -> list[dict[str, object]]:
    """Ask which steps auto takes."""
    with open_files(Extract(files=(str(file),)), project=file.parent, as_of=date.today()) as (dataset, _):
        settled = decide_nodes((route_of("auto"),), dataset, project=file.parent).settled
    return [step.model_dump(mode="json") for step in settled.steps]


def measured(file: Path, output: Path, *options: str) -> Measured:
    """Run ``etl-agent clean`` in a process of its own."""
    command = [sys.executable, "-m", "etl_agent", "clean", str(file), "-o", str(output), "--quiet", *options]
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    script = "import resource, subprocess, sys; subprocess.run(sys.argv[1:], check=True); "
    script += "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
    peak = subprocess.run([sys.executable, "-c", script, *command], check=True, capture_output=True, text=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Measured(cpu, time.perf_counter() - began, int(peak.stdout) / 1024)


def main() -> None:
    """Measure, and print one table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path)
    parser.add_argument("--pairs", type=int, default=3)
    given = parser.parse_args()
    file = given.file.resolve()
    with tempfile.TemporaryDirectory() as folder:
        written = Path(folder) / "steps.yaml"
        steps = steps_of(file)
        written.write_text(yaml.safe_dump(steps, allow_unicode=True))
        outputs = Path(folder) / "auto.csv", Path(folder) / "steps.csv"
        auto: list[Measured] = []
        explicit: list[Measured] = []
        for _ in range(given.pairs):
            auto.append(measured(file, outputs[0], "--strategy", "auto"))
            explicit.append(measured(file, outputs[1], "--steps", str(written)))
        if not cmp(*outputs, shallow=False):
            raise SystemExit("the two outputs differ")
    print(f"{len(steps)} steps; medians of {given.pairs} pairs")
    for name, runs in (("auto", auto), ("steps", explicit)):
        cpu, wall, memory = (statistics.median(column) for column in zip(*runs, strict=True))
        print(f"{name:6} {cpu:6.2f} CPU s {wall:6.2f} s {memory:6.0f} MB")
    ratios = [one.cpu / other.cpu for one, other in zip(auto, explicit, strict=True)]
    print(f"auto costs {statistics.median(ratios):.2f} times the CPU of its steps (median of pairs)")


if __name__ == "__main__":
    main()
