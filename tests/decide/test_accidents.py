"""Accidents strike cells in proportion; what is meant does not."""

import numpy as np
import pyarrow as pa
import pytest

from etl_agent.decide.accidents import even, independent
from etl_agent.profile.coded import CodedTable

RANDOM = np.random.default_rng(7)


@pytest.mark.parametrize("classes", [2, 10, 500, 4000])
@pytest.mark.parametrize("some", [3, 40, 400])
def test_random_strikes_look_even(classes: int, some: int) -> None:
    """Cells drawn at random pass, be the classes few, many or of one cell each."""
    for _ in range(40):
        cells = RANDOM.integers(0, classes, 4000) if classes < 4000 else np.arange(4000)
        struck = RANDOM.choice(4000, some, replace=False)
        whole = np.bincount(cells, minlength=classes)
        assert even(np.bincount(cells[struck], minlength=classes), whole)


def test_a_class_that_is_struck_more_often_is_seen() -> None:
    """Twenty strikes on a class of one cell in ten are no accident."""
    assert not even(np.array([20, 0]), np.array([100, 900]))
    assert even(np.array([2, 18]), np.array([100, 900]))


def test_values_that_never_stand_without_are_seen() -> None:
    """If all cells of a class are struck and hardly any other, that class is written so."""
    assert not even(np.array([12, 0, 0]), np.array([12, 500, 400]))


def test_nothing_struck_is_even() -> None:
    """Without classes or strikes there is nothing to see."""
    assert even(np.zeros(3, np.int64), np.ones(3, np.int64))
    assert even(np.array([5]), np.array([9]))


@pytest.mark.parametrize("other", [[f"{size / 10}" for size in range(600)], ["a", "b", "c"] * 200])
def test_strikes_that_follow_another_column_are_seen(other: list[str]) -> None:
    """Strikes on the largest numbers, or on one category, depend on that column; random ones do not."""
    table = CodedTable.of(pa.RecordBatch.from_pydict({"x": ["v"] * 600, "y": other}))
    chosen = np.zeros(600, np.bool_)
    chosen[RANDOM.choice(600, 30, replace=False)] = True
    assert independent(chosen, table, of="x")
    following = np.arange(600) > 550 if other[0] != "a" else np.array(other) == "c"
    assert not independent(following, table, of="x")
