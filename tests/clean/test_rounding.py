"""Binary noise: only decimals that a few operations on floats explain are rounded."""

import random

import pyarrow as pa
import pytest

from etl_agent.clean.rounding import BinaryNoise, meant


def after(*cells: str | None) -> list[str | None]:
    """Run the step on a column x."""
    step = BinaryNoise(columns=("x",))
    return step.apply(pa.RecordBatch.from_pydict({"x": pa.array(cells, pa.string())})).column("x").to_pylist()


def test_sums_of_short_decimals_are_found() -> None:
    """What a sum or a product of two short decimals prints becomes the decimal that it is."""
    drawn = random.Random(7)
    for _ in range(200):
        one, other = drawn.randint(1, 999), drawn.randint(1, 999)
        printed = repr(one / 100 + other / 1000)
        if len(printed) > 17:
            assert meant(printed) == f"{(one * 10 + other) / 1000:.3f}".rstrip("0").rstrip(".")


def test_measured_numbers_stay() -> None:
    """Numbers that have all the digits of a float are no short decimals."""
    drawn = random.Random(7)
    cells = [repr(drawn.uniform(-180, 180)) for _ in range(2_000)]
    assert after(*cells) == cells


@pytest.mark.parametrize("cell", ["0.1", "0.100000000000001", "1e-17", "1.0000000000000000", "", "0.3000000000000000x"])
def test_other_cells_stay(cell: str) -> None:
    """Short numbers, other spellings and zeros that somebody wrote stay, byte for byte."""
    assert after(cell, None) == [cell, None]
