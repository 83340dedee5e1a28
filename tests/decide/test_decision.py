"""A decision says what was chosen, by whom, why, on what evidence, and nothing of the cells."""

from __future__ import annotations

import json

import numpy as np
import pyarrow as pa

from etl_agent.clean.categories import MapValues
from etl_agent.decide.decision import Decision, Dropped, profile_digest
from etl_agent.decide.evidence import Evidence


def evidence(*cells: str | None, rows: int | None = None) -> Evidence:
    """Make evidence of one column."""
    sample = pa.RecordBatch.from_pydict({"x": pa.array(cells, pa.string())})
    return Evidence(sample, len(cells) if rows is None else rows)


DECISION = Decision(
    node="amounts",
    chosen="us_money",
    policy="trial",
    reason="fewest cells that nobody can read",
    evidence={"read": 0.99, "cells": np.int64(7), "column": "amount", "odds": float("inf")},
    profile_digest="ab",
    dropped=(
        Dropped.of(
            MapValues(columns=("x",), values={"secret": "y"}),
            names=("x", "y"),
            reason="it overwrites frequent values",
            figures={"share": np.float64(0.5)},
        ),
    ),
)


def test_json_and_back() -> None:
    """A decision comes back from JSON as it was, numbers of numpy and infinities included."""
    assert Decision.model_validate_json(DECISION.model_dump_json()) == DECISION


def test_row_has_the_columns_of_the_table() -> None:
    """A row fills every column of ``_etl_decisions`` but the run's number, the evidence as JSON."""
    row = DECISION.row()
    assert list(row) == ["node", "chosen", "policy", "reason", "evidence", "profile_digest"]
    shown = json.loads(row["evidence"])
    assert shown["read"] == 0.99
    assert shown["cells"] == 7
    assert shown["odds"] == "inf"
    assert shown["dropped"][0]["figures"] == {"share": 0.5}


def test_a_dropped_step_shows_no_parameters() -> None:
    """What is kept of a refused step is its name and its columns: parameters may hold the text of cells."""
    assert DECISION.dropped[0].step == "map_values"
    assert DECISION.dropped[0].columns == ("x",)
    assert "secret" not in DECISION.model_dump_json()


def test_digest_is_of_the_facts() -> None:
    """Equal facts have equal digests whatever the order of the rows; other facts have another."""
    one = profile_digest(evidence("a", "b", None))
    assert one == profile_digest(evidence("b", None, "a"))
    assert one != profile_digest(evidence("a", "b", "b"))
    assert one != profile_digest(evidence("a", "b", None, rows=9))
