"""What one load is to do."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from etl_agent.load.facts import TableFacts
from etl_agent.load.fit import Fit
from etl_agent.load.spec import Load
from etl_agent.shape import Shape

__all__ = ["Order"]


@dataclass(frozen=True, slots=True)
class Order:
    """What a load is to do.

    Args:
        load: the write mode and the table.
        shape: the columns of the rows.
        fit: how they meet the table.
        run_id: the run, for the lineage column.
        at: the moment of the load, for scd2.
        judge: fits the shape to the table as it is by then.
        folder: where relative paths of SQL files begin.
    """

    load: Load
    shape: Shape
    fit: Fit
    run_id: int
    at: datetime
    judge: Callable[[TableFacts | None], Fit]
    folder: Path
