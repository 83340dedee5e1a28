"""Measure the tests of the code that guards rows: its branches, and how many of its mutants they tell from it.

    python benchmarks/guarded.py coverage
    python benchmarks/guarded.py mutation                       # every mutant: hours
    python benchmarks/guarded.py mutation --sample 40 --seed 1  # so many of each module, drawn at random
    python benchmarks/guarded.py mutation --only etl_agent/load/modes.py

What is measured, by which tests, and which mutants equal the original stands in `guarded.toml`. The exit code is 1
where a branch is not taken, or fewer than 85 of 100 mutants of a part are found; `survivors.txt` lists the others.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import random
import re
import shutil
import subprocess
import sys
import time
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tests.postgres import SERVER, serving

PROJECT = Path(__file__).resolve().parents[1]
SCOPE = Path(__file__).with_name("guarded.toml")
BUILD = PROJECT / "build" / "guarded"
LEAST = 0.85
"""Share of the mutants of each part that the tests must tell from the original."""

_Z = 1.96  # of a normal distribution: 95 % lie within
_NOT_COPIED = shutil.ignore_patterns(
    ".git", ".venv*", "build", "dist", "mutants", "__pycache__", ".*_cache", ".hypothesis", "*.db*", "logs"
)
_SURVIVED = {0: "survived", 5: "not tested", 33: "not tested"}
_FOUND = {1, 3, 24, 36, 152, 255, -6, -9, -11, -24}  # a test failed, time or memory ran out, the process crashed


def main() -> None:
    """Measure what is asked for, and tell by the exit code whether it is enough."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(required=True, dest="what")
    coverage = commands.add_parser("coverage", help="branches that the tests take")
    coverage.add_argument("--workers", default="auto", metavar="N", help="processes (default: one a core)")
    mutation = commands.add_parser("mutation", help="mutants that the tests find")
    mutation.add_argument("--sample", type=int, metavar="N", help="mutants of each module (default: all)")
    mutation.add_argument("--seed", type=int, default=1, metavar="S", help="of the sample (default 1)")
    mutation.add_argument("--only", action="append", metavar="PATH", help="only these modules; a pattern, repeatable")
    mutation.add_argument("--workers", type=int, default=2, metavar="N", help="processes (default 2)")
    options = parser.parse_args()
    scope = tomllib.loads(SCOPE.read_text(encoding="utf-8"))
    sys.exit(_coverage(scope, options) if options.what == "coverage" else _mutation(scope, options))


def _coverage(scope: Mapping[str, Any], options: argparse.Namespace) -> int:
    """Run the tests with a measure of branches; the exit code is pytest's."""
    measured = {path for paths in scope["parts"].values() for path in _files(paths)}
    others = sorted(set(_files(["etl_agent/*.py"])) - measured)
    BUILD.mkdir(parents=True, exist_ok=True)
    settings = BUILD / "settings.toml"  # not coverage.*: coverage clears those away
    # A file that no test imports counts too, which include would not see; so the source is all, without the rest.
    settings.write_text(
        "[tool.coverage.run]\nbranch = true\nsource = ['etl_agent']\n"
        f"omit = {json.dumps(others)}\ndata_file = {json.dumps(str(BUILD / 'coverage'))}\n"
        "[tool.coverage.report]\nfail_under = 100\nprecision = 2\nshow_missing = true\nskip_covered = true\n",
        encoding="utf-8",
    )
    measure = ["--cov", f"--cov-config={settings}", "--cov-report=term-missing"]
    command = [sys.executable, "-m", "pytest", "-q", "-n", options.workers, *measure, *_tests(scope)]
    return subprocess.run(command, cwd=PROJECT, check=False).returncode


@dataclass(frozen=True)
class Measured:
    """What became of the mutants of one module.

    Args:
        module: its path.
        all: mutants in all.
        tried: those that were tried.
        found: those that a test found.
        excused: those that equal the original.
        survivors: the others, each with its change.
    """

    module: str
    all: int
    tried: int
    found: int
    excused: int
    survivors: tuple[str, ...]

    @property
    def judged(self) -> int:
        """Those tried that do not equal the original."""
        return self.tried - self.excused

    @property
    def share(self) -> float:
        """Share of those that were found."""
        return self.found / self.judged if self.judged else 1.0


def _mutation(scope: Mapping[str, Any], options: argparse.Namespace) -> int:
    """Try mutants on a copy of the project, and print what the tests found of each module and part."""
    began = time.monotonic()
    parts = {part: _chosen(_files(paths), options.only) for part, paths in scope["parts"].items()}
    parts = {part: paths for part, paths in parts.items() if paths}
    modules = [path for paths in parts.values() for path in paths]
    copy = _copied(modules, scope)
    with serving() as url:
        environment = os.environ | {SERVER: url.render_as_string(hide_password=False), "PYTHONPATH": ""}
        # The first call makes the mutants and learns which tests reach which function; no mutant has this name.
        said = _mutmut(copy, environment, "run", "--max-children", str(options.workers), "none")
        if not (copy / "mutants" / "mutmut-stats.json").exists():
            sys.exit(f"the tests must pass in {copy}:\n{said[-2000:]}")
        names = {module: sorted(_codes(copy, module)) for module in modules}
        drawn = {module: _drawn(names[module], module, options) for module in modules}
        asked = [name for module in modules for name in drawn[module]]
        print(
            f"{sum(map(len, names.values())):,} mutants of {len(modules)} modules; {len(asked):,} are tried", flush=True
        )
        _mutmut(copy, environment, "run", "--max-children", str(options.workers), *asked, checked=True)
    equals = {(one["function"], one["line"].strip()) for one in scope.get("equal", [])}
    measured = {module: _measured(copy, module, len(names[module]), drawn[module], equals) for module in modules}
    listed = [change for one in measured.values() for change in one.survivors]
    (BUILD / "survivors.txt").write_text("\n".join(listed), encoding="utf-8")
    enough = _report({part: [measured[module] for module in paths] for part, paths in parts.items()})
    print(f"\n{time.monotonic() - began:,.0f} s; survivors: {BUILD / 'survivors.txt'}")
    return 0 if enough else 1


def _copied(modules: Sequence[str], scope: Mapping[str, Any]) -> Path:
    """Copy the project, so that neither it nor who edits it is in the way, and tell mutmut what to do there."""
    copy = BUILD / "project"
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(PROJECT, copy, ignore=_NOT_COPIED)
    settings = copy / "pyproject.toml"
    beside = sorted(path.name for path in copy.iterdir() if path.name not in ("etl_agent", "pyproject.toml"))
    told = {
        "source_paths": ["etl_agent"],
        "only_mutate": list(modules),
        "also_copy": beside,
        "pytest_add_cli_args": ["-p", "no:cacheprovider", "-p", "no:randomly"],
        "pytest_add_cli_args_test_selection": list(_tests(scope)),
        "use_git_change_detection": False,
    }
    lines = [f"{key} = {json.dumps(value)}" for key, value in told.items()]
    settings.write_text(
        "\n".join([settings.read_text(encoding="utf-8"), "[tool.mutmut]", *lines, ""]), encoding="utf-8"
    )
    return copy


def _mutmut(copy: Path, environment: Mapping[str, str], *words: str, checked: bool = False) -> str:
    """Run mutmut in the copy, and return what it says; ``checked``: it must succeed."""
    command = [sys.executable, "-m", "mutmut", *words]
    done = subprocess.run(command, cwd=copy, env=environment, check=False, capture_output=True, text=True)
    if checked and done.returncode:
        print(done.stdout[-2000:], done.stderr[-2000:], file=sys.stderr)
        sys.exit(f"mutmut failed ({done.returncode})")
    return done.stdout


def _codes(copy: Path, module: str) -> dict[str, int | None]:
    """Read the mutants of a module, and what the tests said of each, where they were asked."""
    file = copy / "mutants" / f"{module}.meta"
    if not file.exists():
        return {}  # there is nothing in it that can be changed
    codes: dict[str, int | None] = json.loads(file.read_text(encoding="utf-8"))["exit_code_by_key"]
    return codes


def _drawn(names: Sequence[str], module: str, options: argparse.Namespace) -> list[str]:
    """Draw mutants of a module: the same for the same seed, whatever else is measured."""
    if options.sample is None or options.sample >= len(names):
        return list(names)
    return sorted(random.Random(f"{options.seed} {module}").sample(list(names), options.sample))


def _measured(copy: Path, module: str, count: int, drawn: Sequence[str], equals: set[tuple[str, str]]) -> Measured:
    codes = _codes(copy, module)
    found, excused = 0, 0
    survivors: list[str] = []
    for name in drawn:
        code = codes[name]
        if code in _FOUND:
            found += 1
            continue
        change = _change(copy, name)
        if (_function(name), _added(change)) in equals:
            excused += 1
        else:
            said = _SURVIVED.get(code, f"unclear, {code}") if code is not None else "not tried"
            survivors.append(f"## {name}: {said}\n{change}")
    return Measured(module, count, len(drawn), found, excused, tuple(survivors))


def _change(copy: Path, name: str) -> str:
    lines = _mutmut(copy, os.environ, "show", name).splitlines()
    return "\n".join(line for line in lines if re.match(r"[-+](?![-+]{2})", line))


def _function(name: str) -> str:
    """Return the dotted name of the function of a mutant."""
    module, _, mangled = name.rpartition("__mutmut_")[0].rpartition(".")
    return f"{module}.{mangled.removeprefix('x_').replace('xǁ', '').replace('ǁ', '.')}"


def _added(change: str) -> str:
    return " ".join(line[1:].strip() for line in change.splitlines() if line.startswith("+"))


def _report(parts: Mapping[str, Sequence[Measured]]) -> bool:
    """Print a table of modules and parts, and tell whether every part has enough."""
    print("\n| module | mutants | tried | found | equal | share, % | 95 % interval |\n|---|--:|--:|--:|--:|--:|--:|")
    enough = True
    for part, modules in parts.items():
        for one in modules:
            print(_row(one.module, [one], _wilson(one)))
        share, low, high = _estimate(modules)
        enough &= share >= LEAST
        print(_row(f"**{part}**", modules, (low, high), share=share))
    every = [one for modules in parts.values() for one in modules]
    share, low, high = _estimate(every)
    print(_row("**all**", every, (low, high), share=share))
    return enough


def _row(name: str, modules: Sequence[Measured], interval: tuple[float, float], *, share: float | None = None) -> str:
    figures = [sum(figure) for figure in zip(*((m.all, m.tried, m.found, m.excused) for m in modules), strict=True)]
    said = modules[0].share if share is None else share
    within = "all tried" if figures[0] == figures[1] else f"{100 * interval[0]:.1f} to {100 * interval[1]:.1f}"
    return f"| {name} | {' | '.join(f'{figure:,}' for figure in figures)} | {100 * said:.1f} | {within} |"


def _wilson(one: Measured) -> tuple[float, float]:
    """Return the interval of a share.

    Source: Wilson, "Probable inference, the law of succession, and statistical inference" (1927).
    """
    n, p = one.judged, one.share
    if not n:
        return 0.0, 1.0
    centre, width = p + _Z**2 / (2 * n), _Z * math.sqrt(p * (1 - p) / n + _Z**2 / (4 * n * n))
    return (centre - width) / (1 + _Z**2 / n), (centre + width) / (1 + _Z**2 / n)


def _estimate(modules: Sequence[Measured]) -> tuple[float, float, float]:
    """Estimate the share of several modules, each by its number of mutants, with an interval of 95 %.

    Source: stratified sampling without replacement, Cochran, "Sampling techniques" (1977), chapter 5. For the variance
    a success and a failure are added to each sample, so that a module without a survivor does not count as certain.
    """
    share = variance = 0.0
    for one in modules:
        weight = one.all / (sum(m.all for m in modules) or 1)
        p = (one.found + 1) / (one.judged + 2)
        share += weight * one.share
        variance += weight**2 * (1 - one.tried / (one.all or 1)) * p * (1 - p) / (one.judged + 2)
    width = _Z * math.sqrt(variance)
    return share, max(share - width, 0.0), min(share + width, 1.0)


def _files(patterns: Iterable[str]) -> list[str]:
    """Return the modules that patterns name; one that names none is a mistake."""
    every = sorted(path.relative_to(PROJECT).as_posix() for path in (PROJECT / "etl_agent").rglob("*.py"))
    found: list[str] = []
    for pattern in patterns:
        named = [path for path in every if fnmatch(path, pattern)]
        if not named:
            sys.exit(f"{SCOPE.name}: no module is {pattern}")
        found += [path for path in named if path not in found]
    return found


def _chosen(paths: Sequence[str], only: Sequence[str] | None) -> list[str]:
    return [path for path in paths if only is None or any(fnmatch(path, pattern) for pattern in only)]


def _tests(scope: Mapping[str, Any]) -> list[str]:
    paths: list[str] = scope["tests"]["paths"]
    return paths


if __name__ == "__main__":
    main()
