"""Measure what choosing costs: ``clean --strategy auto`` against the same steps written down.

    python benchmarks/auto_cost.py orders.csv [--pairs 3]

The steps that ``auto`` takes for the file are asked for once and written as a file of steps. Then both commands clean
the file in pairs, one after the other, and the medians of their CPU seconds and of their peak memory are compared.
The two outputs must be the same bytes.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from filecmp import cmp
from pathlib import Path

from measure import Cost, median, run

_STEPS = """
import sys
from datetime import date
from pathlib import Path
import yaml
from etl_agent.extract.spec import Extract
from etl_agent.orchestrate.routing import route_of
from etl_agent.run.deciding import decide_nodes
from etl_agent.run.reading import open_files
file = Path(sys.argv[1])
with open_files(Extract(files=(str(file),)), project=file.parent, as_of=date.today()) as (dataset, _):
    steps = decide_nodes((route_of("auto"),), dataset, project=file.parent).settled.steps
yaml.safe_dump([step.model_dump(mode="json") for step in steps], sys.stdout, allow_unicode=True)
"""
"""Asks which steps auto takes, in a process of its own: this one must stay small, or it hides its children's memory."""


def cleaned(file: Path, output: Path, *options: str) -> Cost:
    """Clean a file by the command line."""
    cost = run([sys.executable, "-m", "etl_agent", "clean", str(file), "-o", str(output), "--quiet", *options])
    if cost.exit_code:
        raise SystemExit(cost.output)
    return cost


def main() -> None:
    """Measure, and print one table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path)
    parser.add_argument("--pairs", type=int, default=3)
    given = parser.parse_args()
    file = given.file.resolve()
    with tempfile.TemporaryDirectory() as folder:
        steps = Path(folder) / "steps.yaml"
        steps.write_bytes(subprocess.run([sys.executable, "-c", _STEPS, file], check=True, capture_output=True).stdout)
        outputs = Path(folder) / "auto.csv", Path(folder) / "steps.csv"
        auto: list[Cost] = []
        explicit: list[Cost] = []
        for _ in range(given.pairs):
            auto.append(cleaned(file, outputs[0], "--strategy", "auto"))
            explicit.append(cleaned(file, outputs[1], "--steps", str(steps)))
        if not cmp(*outputs, shallow=False):
            raise SystemExit("the two outputs differ")
    print(f"medians of {given.pairs} pairs")
    for name, costs in (("auto", auto), ("steps", explicit)):
        cpu, wall = median([cost.cpu for cost in costs]), median([cost.wall for cost in costs])
        memory = median([cost.rss / 2**20 for cost in costs])
        print(f"{name:6} {cpu:6.2f} CPU s {wall:6.2f} s {memory:6.0f} MB")
    ratio = median([one.cpu / other.cpu for one, other in zip(auto, explicit, strict=True)])
    print(f"auto costs {ratio:.2f} times the CPU of its steps (median of pairs)")


if __name__ == "__main__":
    main()
