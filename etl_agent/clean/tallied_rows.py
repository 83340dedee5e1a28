"""Rows counted by their content: a summary that merges, keeps whole rows, and stays bounded."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from etl_agent.hashing import hash_key

__all__ = ["TalliedRows", "added_rows", "rows_of", "tallied_rows"]

TalliedRows = dict[str, Any]
"""``cells``: for each column its cell in each distinct row; ``counts``: how often each row is there; ``ranks``: its
hash, by which the rows stand in order and those are chosen that stay."""

_MOST_DISTINCT = 32_768
_MOST_ROWS = 65_536  # rows that are made of a summary again


def tallied_rows(data: pa.RecordBatch, names: Sequence[str]) -> TalliedRows:
    """Count the rows of some columns by their content; of very many different ones those whose hash is lowest stay.

    Which rows stay depends neither on the order of the rows nor on the batches.

    Args:
        data: text columns.
        names: the columns to look at.

    Source: bottom-k sampling, Cohen, Kaplan, "Summarizing data using bottom-k sketches" (2007).
    """
    if not names or not data.num_rows:
        return {"cells": {name: [] for name in names}, "counts": [], "ranks": []}
    hashes = hash_key([data.column(name) for name in names])[:, 0]
    ranks, first, counts = np.unique(hashes, return_index=True, return_counts=True)
    kept = pa.array(first[:_MOST_DISTINCT])
    return {
        "cells": {name: data.column(name).take(kept).to_pylist() for name in names},
        "counts": counts[:_MOST_DISTINCT].tolist(),
        "ranks": ranks[:_MOST_DISTINCT].tolist(),
    }


def added_rows(left: TalliedRows, right: TalliedRows) -> TalliedRows:
    """Add the counts of two pieces of a dataset, which have the same columns."""
    places: dict[int, tuple[TalliedRows, int, int]] = {}
    for side in (left, right):
        for at, (rank, count) in enumerate(zip(side["ranks"], side["counts"], strict=True)):
            held = places.get(rank)
            places[rank] = (held[0], held[1], held[2] + count) if held else (side, at, count)
    ranks = sorted(places)[:_MOST_DISTINCT]
    return {
        "cells": {
            name: [places[rank][0]["cells"][name][places[rank][1]] for rank in ranks]
            for name in dict.fromkeys([*left["cells"], *right["cells"]])
        },
        "counts": [places[rank][2] for rank in ranks],
        "ranks": ranks,
    }


def rows_of(summary: TalliedRows) -> pa.RecordBatch:
    """Make rows of a summary again, each as often as it was there; if these are very many, fewer in proportion."""
    counts = np.array(summary["counts"], np.int64)
    while counts.sum() > _MOST_ROWS:
        counts = _halved(counts)
    places = pa.array(np.repeat(np.arange(len(counts)), counts))
    cells = {name: pa.array(column, pa.string()).take(places) for name, column in summary["cells"].items()}
    return pa.RecordBatch.from_pydict(cells)


def _halved(counts: NDArray[np.int64]) -> NDArray[np.int64]:
    """Halve counts; what is there once stays, so that exceptions seem rather more frequent than less."""
    return np.asarray((counts + 1) // 2, np.int64)
