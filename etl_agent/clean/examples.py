"""The before/after table in a step's docstring: read here, run by the tests, shown by the catalogue."""

from __future__ import annotations

import inspect
import json
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from etl_agent.clean.step import Step

__all__ = ["Example", "examples", "summary"]

Cell = str | None


@dataclass(frozen=True, slots=True)
class Example:
    """One row of a step's before/after table.

    Args:
        parameters: the step's parameters.
        before: columns before the step, by name; ``x`` where the table names none.
        after: columns after it.
    """

    parameters: dict[str, Any]
    before: dict[str, list[Cell]]
    after: dict[str, list[Cell]]

    def batch(self) -> pa.RecordBatch:
        """The columns before the step."""
        return pa.RecordBatch.from_pydict({n: pa.array(c, pa.string()) for n, c in self.before.items()})


def summary(step: type[Step]) -> str:
    """Return the first sentence of a step's docstring."""
    return inspect.cleandoc(step.__doc__ or "").split("\n\n")[0].replace("\n", " ")


def examples(step: type[Step]) -> tuple[Example, ...]:
    """Read the table ``| with | before | after |`` of a step's docstring.

    Each cell is JSON. ``before`` and ``after`` are a list of cells of the column ``x``, or an object of such
    lists by column name. A ``|`` inside is written ``\\u007c``. Rows that a step takes out are not in ``after``.
    """
    lines = inspect.cleandoc(step.__doc__ or "").splitlines()
    rows = [line.strip().strip("|").split("|") for line in lines if line.strip().startswith("| {")]
    return tuple(
        Example(json.loads(cells[0]), _columns(json.loads(cells[1])), _columns(json.loads(cells[2]))) for cells in rows
    )


def _columns(value: Any) -> dict[str, list[Cell]]:
    return value if isinstance(value, dict) else {"x": value}
