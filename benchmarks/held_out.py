"""Make tables that nobody tuned on, with known errors: python benchmarks/held_out.py OUT [--seed N ...].

Each folder of OUT holds dirty.csv and clean.csv, cell by cell the same table, and kinds.csv: what was done to each
wrong cell. Those whose name ends in -r00 have no error at all: every change of them is damage. Seeds below 1000 are
for building; seeds from 1000 on, which also bring domains that no lower seed shows, are for the final figures only.
"""

from __future__ import annotations

import argparse
import csv
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.domains.draws import Domain, Draws
from benchmarks.domains.people import PEOPLE
from benchmarks.domains.places import PLACES
from benchmarks.domains.science import SCIENCE
from benchmarks.domains.shapes import SHAPES
from benchmarks.domains.studies import STUDIES
from benchmarks.domains.trade import TRADE
from benchmarks.domains.traps import TRAPS
from benchmarks.domains.unseen_trade import UNSEEN_TRADE
from benchmarks.domains.unseen_world import UNSEEN_WORLD
from etl_agent.decide.inject import KINDS, ErrorKind, Injected, inject

__all__ = ["DOMAINS", "FINAL", "RATES", "Table", "make", "tables", "write"]

DOMAINS: tuple[Domain, ...] = (
    *PEOPLE,
    *TRADE,
    *PLACES,
    *SCIENCE,
    *SHAPES,
    *STUDIES,
    *TRAPS,
    *UNSEEN_TRADE,
    *UNSEEN_WORLD,
)
RATES = (0.0, 0.01, 0.05, 0.15)
_TELLING: tuple[ErrorKind, ...] = ("typo", "blot", "noise", "blank", "case", "format", "null_word", "dependency")
"""Errors that a careful reader can often put right. Each table has some, or there would be nothing to gain by care."""
FINAL = 1000
"""The first seed that is for the final figures only."""


@dataclass(frozen=True)
class Table:
    """A table with known errors.

    Args:
        name: of its folder.
        injected: the rows before and after.
    """

    name: str
    injected: Injected


def make(domain: Domain, *, seed: int, rate: float, scale: float = 1) -> Table:
    """Make the table of a domain: the same rows at every rate, and errors of some kinds in some columns.

    Real dirt is not spread evenly. So each table has its own mix of kinds, and its own columns that are spared.

    Args:
        domain: what the table is about.
        seed: another one draws other values, sizes and kinds of error.
        rate: of all cells that become wrong, between 0 and 1; less where few cells can.
        scale: times as many rows as is usual for the domain: with enough of them, cleaning decides on a sample.
    """
    draws = Draws(f"{domain.name}:{seed}")
    rows = domain.fill(draws, max(round(scale * domain.rows * draws.uniform(0.6, 1.2)), 40))
    columns = [pa.array([value or None for value in column], pa.string()) for column in zip(*rows, strict=True)]
    clean = pa.RecordBatch.from_arrays(columns, names=list(domain.header))
    mix = Draws(f"{domain.name}:{seed}:{rate}:mix")
    open_columns = [name for name in domain.header if name not in domain.keys]
    spared = set(mix.sample(open_columns, len(open_columns) // 3))
    chosen = {*mix.sample(KINDS, mix.randint(2, 5)), *mix.sample(_TELLING, 3)}
    kinds = [kind for kind in KINDS if kind in chosen]
    cells = sum(clean.num_rows for name in open_columns if name not in spared)
    share = min(rate * clean.num_rows * clean.num_columns / max(cells, 1), 0.4)
    every = {name: np.ones(clean.num_rows, np.bool_) for name in open_columns}
    keys = {*domain.keys, *spared}
    injected = inject(clean, seed=seed, share=share, kinds=kinds, keys=keys, eligible=every)
    return Table(f"{domain.name}-s{seed}-r{round(100 * rate):02d}", injected)


def tables(*, seed: int, rates: Sequence[float] = RATES, only: str = "", scale: float = 1) -> Iterator[Table]:
    """Make the tables of a seed, those of one domain one after the other.

    Args:
        seed: from ``FINAL`` on, the domains for the final figures are among them.
        rates: of wrong cells.
        only: a part of the names of the domains that are wanted.
        scale: times as many rows as is usual.
    """
    for domain in DOMAINS:
        if only in domain.name and (seed >= FINAL or not domain.final):
            for rate in rates:
                yield make(domain, seed=seed, rate=rate, scale=scale)


def write(table: Table, out: Path) -> None:
    """Write the files of a table into its folder below ``out``."""
    folder = out / table.name
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in (("dirty", table.injected.data), ("clean", table.injected.clean)):
        with (folder / f"{name}.csv").open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(data.schema.names)
            # The writer spells the only cell of a row "" where it is null, so that no line is blank.
            writer.writerows(zip(*(column.to_pylist() for column in data.columns), strict=True))
    with (folder / "kinds.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(("row", "column", "kind"))
        for name, truth in table.injected.truth.items():
            writer.writerows((row, name, kind) for row, kind in zip(truth.rows.tolist(), truth.kinds, strict=True))


def main() -> int:
    """Write the tables of the seeds."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--seed", type=int, nargs="+", default=[1])
    parser.add_argument("--rate", type=float, nargs="+", default=list(RATES))
    parser.add_argument("--scale", type=float, default=1, metavar="TIMES", help="as many rows as is usual")
    parser.add_argument("--only", default="", metavar="TEXT", help="only the domains whose name holds this")
    options = parser.parse_args()
    for seed in options.seed:
        for table in tables(seed=seed, rates=options.rate, only=options.only, scale=options.scale):
            write(table, options.out)
    return 0


if __name__ == "__main__":
    sys.exit(main())
