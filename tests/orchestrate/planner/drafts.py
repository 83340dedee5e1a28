"""Drafts and givens over invented tables, for tests of checks and repairs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from etl_agent.orchestrate.planner.draft import PlanDraft, Point
from etl_agent.orchestrate.planner.findings import Finding
from etl_agent.orchestrate.planner.given import Given, Source, UserSql
from etl_agent.orchestrate.sequential import PipelineSpec
from etl_agent.profile.profile import Profile

__all__ = ["draft_of", "finding", "given_of", "pipeline", "said", "source"]

TO = "sqlite:///w.db"

Cells = Mapping[str, Sequence[str | None]]


def source(name: str, cells: Cells, *, sensitive: frozenset[str] = frozenset()) -> Source:
    """Make a dataset of one file."""
    data = pa.RecordBatch.from_pydict({column: pa.array(list(values), pa.string()) for column, values in cells.items()})
    profile = Profile.observe(data, np.arange(1, data.num_rows + 1))
    return Source(name, (f"{name}.csv",), profile, sensitive)


def given_of(*sources: Source, sql: tuple[UserSql, ...] = ()) -> Given:
    """Give datasets."""
    return Given("load them", sources, TO, sql)


def pipeline(
    name: str,
    contract: Mapping[str, Any] | None = None,
    *,
    clean: Sequence[Mapping[str, Any]] = (),
    needs: Sequence[str] = (),
    files: Sequence[str] | None = None,
    extract: Mapping[str, Any] | None = None,
    validate: Mapping[str, Any] | None = None,
    **load: Any,
) -> PipelineSpec:
    """Make a pipeline that reads the file of its name into a table of its name."""
    return PipelineSpec.model_validate(
        {
            "version": 1,
            "name": name,
            "needs": list(needs),
            "extract": {"files": list(files or [f"{name}.csv"]), **(extract or {})},
            "validate": {**({"contract": contract} if contract else {}), **(validate or {})},
            "clean": list(clean),
            "load": {"to": TO, "table": name, **load},
        }
    )


def said(pipeline: str, key: str) -> Point:
    """Let the user have said something."""
    return Point(pipeline=pipeline, key=key, reason="the goal says so", by="goal")


def draft_of(*pipelines: PipelineSpec, points: Sequence[Point] = ()) -> PlanDraft:
    """Draft pipelines."""
    return PlanDraft(goal="load them", pipelines=pipelines, points=tuple(points))


def finding(kind: str, pipeline: str, **more: Any) -> Finding:
    """Find something out."""
    return Finding.model_validate({"kind": kind, "pipeline": pipeline, **more})
