"""Measure drift detection: false alarms on resamples of the same table, misses of drift that was put in.

    python benchmarks/drift.py sample_data/*.csv [--resamples 1000] [--out results.json]

Every round draws two samples of a table with replacement, takes the fingerprint of one and holds the other against
it: an alarm is false. Then one kind of drift is put into a third of the cells of one column of the other sample (or
into its header), the column chosen among those in which it makes values that were not there: silence is a miss.
Rounds are spread evenly over the tables; a table given as a folder is its dirty.csv.
"""

from __future__ import annotations

import argparse
import json
import re
from collections.abc import Callable, Collection, Mapping
from datetime import date
from pathlib import Path

import numpy as np
import pyarrow as pa

from etl_agent.extract.spec import Extract
from etl_agent.profile.fingerprint import differences, fingerprint
from etl_agent.profile.kinds import kind_of
from etl_agent.profile.table import TableFacts
from etl_agent.run.reading import open_files
from etl_agent.run.sampling import evidence_of

SHARE = 1 / 3
LEAST_ROWS = 50

Drift = Callable[[list[str | None], np.random.Generator], list[str | None]]


def _each(change: Callable[[str], str | None]) -> Drift:
    return lambda cells, _: [None if cell is None else change(cell) for cell in cells]


def _scaled(cell: str) -> str:
    number = _number(cell)
    return cell if number is None else f"{number * 100:.10g}"


def _number(cell: str) -> float | None:
    try:
        return float(cell)
    except ValueError:
        return None


_DATE = re.compile(r"(\d{1,2})([/.-])(\d{1,2})(\2(?:19|20)\d\d.*)")


def _swapped_days(cell: str) -> str:
    found = _DATE.fullmatch(cell)
    return f"{found[3]}{found[2]}{found[1]}{found[4]}" if found else cell


LARGER = "numbers a hundred times as large"
KINDS: Mapping[str, Drift] = {
    "cells become null": lambda cells, _: [None] * len(cells),
    "cells become a null word": lambda cells, _: ["N/A"] * len(cells),
    "another case": _each(lambda cell: cell.upper() if cell != cell.upper() else cell.lower()),
    LARGER: _each(_scaled),
    "decimal comma": _each(lambda cell: cell.replace(".", ",") if _number(cell) is not None else cell),
    "a unit behind numbers": _each(lambda cell: f"{cell} kg" if _number(cell) is not None else cell),
    "month and day swapped": _each(_swapped_days),
    "quotes around values": _each(lambda cell: f"'{cell}'"),
    "another category": lambda cells, _: ["something new"] * len(cells),
}
"""What is done to a third of a column's cells."""


def tables(paths: list[Path]) -> dict[str, pa.RecordBatch]:
    """Read the tables that are large enough to say anything."""
    found = {}
    for path in paths:
        file = path / "dirty.csv" if path.is_dir() else path
        with open_files(Extract(files=(str(file.resolve()),)), project=Path("/"), as_of=date.today()) as (dataset, _):
            sample = evidence_of(dataset).sample
        if sample.num_rows >= LEAST_ROWS:
            found[path.name] = sample
    return found


def drawn(data: pa.RecordBatch, rng: np.random.Generator) -> pa.RecordBatch:
    """Draw as many rows as there are, with replacement."""
    return data.take(pa.array(rng.integers(0, data.num_rows, data.num_rows)))


def drifted(
    data: pa.RecordBatch, kind: Drift, rng: np.random.Generator, *, left_out: Collection[str] = ()
) -> pa.RecordBatch | None:
    """Put drift into one column; None if it would change nothing anywhere."""
    for place in rng.permutation(data.num_columns).tolist():
        if data.schema.names[place] in left_out:
            continue
        column = data.column(place)
        rows = np.flatnonzero(rng.random(len(column)) < SHARE)
        cells = column.to_pylist()
        olds = [cells[row] for row in rows]
        changed = kind(olds, rng)
        known = set(cells)
        moved = sum(
            old is not None and (new is None or new not in known) for old, new in zip(olds, changed, strict=True)
        )
        if moved < 0.9 * SHARE * len(column):  # what the column holds already is no drift
            continue
        for row, new in zip(rows.tolist(), changed, strict=True):
            cells[row] = new
        name = data.schema.names[place]
        return data.set_column(place, name, pa.array(cells, pa.string()))
    return None


def changed_column(before: pa.RecordBatch, after: pa.RecordBatch) -> str:
    """Name the column that differs."""
    return next(name for name in before.schema.names if not before.column(name).equals(after.column(name)))


def main() -> None:
    """Measure, and print one table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tables", nargs="+", type=Path)
    parser.add_argument("--resamples", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--verbose", action="store_true", help="say where drift was missed")
    given = parser.parse_args()
    rng = np.random.default_rng(given.seed)
    found = tables(given.tables)
    print(f"{len(found)} tables of {LEAST_ROWS} rows or more")
    alarms, rounds = 0, 0
    missed: dict[str, list[int]] = {name: [0, 0] for name in (*KINDS, "a column renamed")}
    names = list(found)
    for number in range(given.resamples):
        name = names[number % len(names)]
        base, now = drawn(found[name], rng), drawn(found[name], rng)
        kinds = {column: kind_of(facts) for column, facts in TableFacts.observe(base).columns.items()}
        before = fingerprint(base, kinds)
        seen = differences(before, now)
        rounds += 1
        alarms += bool(seen)
        if seen:
            print(f"false alarm: {name}: {'; '.join(map(str, seen))}")
        for what, kind in KINDS.items():
            # Identifiers are others tomorrow by their nature, so larger ones are no drift.
            left_out = {name for name in kinds if kinds[name] == "identifier"} if kind is KINDS[LARGER] else set()
            other = drifted(now, kind, rng, left_out=left_out)
            if other is not None:
                silent = not differences(before, other)
                missed[what][1] += 1
                missed[what][0] += silent
                if silent and given.verbose:
                    print(f"missed: {what}: {name}: {changed_column(now, other)}")
        renamed = now.rename_columns([f"{now.schema.names[0]}_2", *now.schema.names[1:]])
        missed["a column renamed"][1] += 1
        missed["a column renamed"][0] += not differences(before, renamed)
    print(f"false alarms: {alarms} of {rounds} ({alarms / rounds:.2%})")
    for what, (silent, tried) in missed.items():
        print(f"missed {what}: {silent} of {tried} ({silent / max(tried, 1):.2%})")
    if given.out:
        given.out.write_text(json.dumps({"alarms": alarms, "rounds": rounds, "missed": missed}, indent=1))


if __name__ == "__main__":
    main()
