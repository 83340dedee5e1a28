"""Batches to load, and what a target holds, for the tests of load/."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import psycopg
import pyarrow as pa
from sqlalchemy.engine import make_url

from etl_agent.batch import Batch, Origin
from etl_agent.load.modes import Counts
from etl_agent.load.spec import Load
from etl_agent.load.target import Target
from etl_agent.shape import Column, Shape, parse_type

RUN = 4_000_000_000_000_000_001
ROWS = Sequence[Sequence[Any]]


def shape(**types: str) -> Shape:
    """Make a shape: ``n="integer"``, with ``"timestamp!"`` for an instant."""
    return Shape(
        tuple(Column(name, parse_type(kind.rstrip("!"), zoned=kind.endswith("!"))) for name, kind in types.items())
    )


def batch(of: Shape, rows: ROWS, *, start: int = 0) -> Batch:
    """Make a batch of rows numbered from start."""
    columns = [pa.array([row[index] for row in rows], column.type.arrow) for index, column in enumerate(of)]
    count = len(rows)
    origin = Origin(
        files=("in.csv",),
        file=np.zeros(count, np.int32),
        row=np.arange(start, start + count, dtype=np.int64),
        line=np.arange(start + 2, start + 2 + count, dtype=np.int64),
        offset=np.zeros(count, np.int64),
        length=np.zeros(count, np.int64),
        raw=(lambda offset, _length: [b""] * len(offset),),
    )
    return Batch(pa.RecordBatch.from_arrays(columns, schema=of.arrow()), origin)


def load_rows(
    target: Target,
    load: Load,
    of: Shape,
    rows: ROWS,
    *,
    run_id: int = RUN,
    drop: Sequence[int] = (),
    direct: bool = False,
    evolve: bool = False,
    size: int = 2,
) -> Counts:
    """Load rows in batches of a size, and commit."""
    with target.begin(load, shape=of, run_id=run_id, direct=direct, evolve=evolve) as tx:
        for start in range(0, len(rows), size):
            tx.stage(batch(of, rows[start : start + size], start=start))
        if drop:
            tx.drop(np.array(drop, np.int64))
        counts = tx.apply()
        tx.commit()
    return counts


def spec(url: str, *, table: str = "t", **options: Any) -> Load:
    """Make a load section."""
    return Load.model_validate({"to": url, "table": table, "lineage": "none"} | options)


def query(url: str, statement: str) -> list[tuple[Any, ...]]:
    """Ask the target from outside the package."""
    if url.startswith("sqlite"):
        path = Path(url.removeprefix("sqlite:///"))
        with sqlite3.connect(path) as connection:
            found = connection.execute(statement).fetchall()
        connection.close()
        return found
    with psycopg.connect(plain(url), autocommit=True) as connection:
        cursor = connection.execute(statement.encode())
        return cursor.fetchall() if cursor.description else []


def plain(url: str) -> str:
    """Return the URL as libpq understands it."""
    return make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)


def kind(url: str) -> str:
    """Return which kind of target a URL names."""
    return "sqlite" if url.startswith("sqlite") else "postgres"
