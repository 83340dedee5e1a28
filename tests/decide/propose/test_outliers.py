"""Suggestions to flag outliers."""

import random

import pyarrow as pa

from etl_agent.decide.evidence import Evidence
from etl_agent.decide.propose.outliers import suggest


def evidence(numbers: list[str], **more: list[str]) -> Evidence:
    columns = {"height": numbers, **more}
    data = pa.RecordBatch.from_pydict({name: pa.array(cells, pa.string()) for name, cells in columns.items()})
    return Evidence(data, data.num_rows)


def heights(count: int) -> list[str]:
    draw = random.Random(1)
    return [f"{draw.gauss(170, 9):.1f}" for _ in range(count)]


def test_a_number_far_beyond_the_others_is_flagged() -> None:
    """The suggested step adds a column, says true at the odd number alone and leaves the column as it is."""
    seen = evidence([*heights(300), "1700.0"])
    (found,) = suggest(seen)
    assert found.evidence == {"column": "height", "below": 0, "above": 1, "rows": 301}
    after = seen.after(found.step).sample
    assert after.column("height").equals(seen.sample.column("height"))
    assert after.column("height_outlier").to_pylist() == ["false"] * 300 + ["true"]


def test_a_regular_column_gets_no_suggestion() -> None:
    """Normal numbers, long tails of positive ones and words have no outliers."""
    draw = random.Random(2)
    assert not list(suggest(evidence(heights(300))))
    assert not list(suggest(evidence([f"{draw.lognormvariate(3, 1.5):.2f}" for _ in range(300)])))
    assert not list(suggest(evidence(["tall", "small", "1700.0"] * 100)))


def test_a_column_of_that_name_is_not_overwritten() -> None:
    """The flags go into a column with a name of its own."""
    numbers = [*heights(300), "1700.0"]
    (found,) = suggest(evidence(numbers, height_outlier=["x"] * len(numbers)))
    assert found.step.names_after(("height", "height_outlier")) == ("height", "height_outlier", "height_outlier_")
