"""Counting what a cleaning did to known errors."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from etl_agent.decide.inject import Injected, Truth
from etl_agent.decide.score import Tally, score


def batch(**columns):
    """Make rows of text."""
    return pa.RecordBatch.from_arrays([pa.array(cells, pa.string()) for cells in columns.values()], names=[*columns])


CLEAN = batch(x=["a", "b", "c", None], y=["1", "2", "3", "4"])
DIRTY = batch(x=["a", "bb", "cc", "N/A"], y=["1", "2", "3", "4"])
TRUTH = {"x": Truth(np.array([1, 2, 3]), pa.array(["b", "c", None]), ("typo", "typo", "null_word"))}
INJECTED = Injected(CLEAN, DIRTY, TRUTH)


def test_doing_nothing_repairs_nothing_and_damages_nothing():
    """The errors are all there still."""
    assert score(INJECTED, DIRTY).total == Tally(cells=8, errors=3)


def test_a_perfect_repair_has_full_marks():
    """Every figure is at its best when all cells are as they were."""
    total = score(INJECTED, CLEAN).total
    assert (total.precision, total.recall, total.f1, total.damage, total.after) == (1, 1, 1, 0, 0)


def test_changes_of_right_cells_are_damage_and_cost_precision():
    """One cell repaired, one spoilt, one changed from wrong to wrong."""
    total = score(INJECTED, batch(x=["a", "b", "?", "N/A"], y=["1", "2", "3", "9"])).total
    assert total == Tally(cells=8, errors=3, changed=3, right=1, damaged=1)
    assert (total.precision, total.recall) == (pytest.approx(1 / 3), pytest.approx(1 / 3))
    assert (total.damage, total.before, total.after) == (1 / 5, 3 / 8, 3 / 8)


def test_kinds_are_counted_apart():
    """Each kind of error has its own recall."""
    kinds = score(INJECTED, batch(x=["a", "b", "cc", None], y=["1", "2", "3", "4"])).kinds
    assert kinds == {"typo": Tally(2, 2, 1, 1, 0), "null_word": Tally(1, 1, 1, 1, 0)}


def test_what_the_cleaning_does_to_clean_rows_is_no_damage():
    """With a reference a change that is wanted anyway counts neither as a change nor as damage."""
    upper = batch(x=["A", "B", "C", None], y=["1", "2", "3", "4"])
    repaired = batch(x=["A", "B", "CC", None], y=["1", "2", "3", "4"])
    assert score(INJECTED, repaired, reference=upper).total == Tally(cells=8, errors=3, changed=3, right=2, damaged=0)


def test_null_is_not_the_empty_text():
    """A null that became empty text is not as it was."""
    assert score(INJECTED, batch(x=["a", "b", "c", ""], y=["1", "2", "3", "4"])).total.right == 2


def test_other_rows_cannot_be_compared():
    """A cleaning that drops rows has no score."""
    with pytest.raises(ValueError, match="3 repaired rows"):
        score(INJECTED, CLEAN.slice(1))


def test_tallies_are_pooled_by_adding():
    """Figures of several tables together follow from their summed counts."""
    assert Tally(10, 2, 2, 1, 1) + Tally(5, 1, 0, 0, 0) == Tally(15, 3, 2, 1, 1)


def test_a_table_without_errors_and_changes_is_perfect():
    """Nothing to do, and nothing done."""
    assert (Tally(5).precision, Tally(5).recall, Tally(5).damage) == (1, 1, 0)
