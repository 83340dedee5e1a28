"""Putting known errors into cells."""

from __future__ import annotations

import random

import numpy as np
import pyarrow as pa
import pytest

from etl_agent.decide.inject import KINDS, inject, looks_clean

PLACES = {"10001": ("Arden", "OR"), "20002": ("Bexley", "WA"), "30003": ("Corinth", "CA"), "40004": ("Delmar", "OR")}


def sample(rows: int = 400) -> pa.RecordBatch:
    """Places whose postal code determines town and state, days, and amounts of which some are missing."""
    draw = random.Random(7)
    codes = [draw.choice(list(PLACES)) for _ in range(rows)]
    columns = {
        "id": [str(row) for row in range(rows)],
        "zip": codes,
        "city": [PLACES[code][0] for code in codes],
        "state": [PLACES[code][1] for code in codes],
        "day": [f"2024-0{draw.randint(1, 9)}-1{draw.randint(0, 9)}" for _ in codes],
        "amount": [draw.choice([None, "4.50", "17.25", "3.99"]) for _ in codes],
    }
    return pa.RecordBatch.from_arrays([pa.array(cells, pa.string()) for cells in columns.values()], names=[*columns])


def test_the_same_arguments_make_the_same_errors():
    """Nothing but the arguments decides what becomes wrong."""
    first, again = (inject(sample(), seed=3, share=0.2) for _ in range(2))
    assert first.data.equals(again.data)
    assert {name: truth.kinds for name, truth in first.truth.items()} == {n: t.kinds for n, t in again.truth.items()}


def test_another_seed_makes_other_errors():
    """The seed decides."""
    assert not inject(sample(), seed=3, share=0.2).data.equals(inject(sample(), seed=4, share=0.2).data)


def test_the_truth_names_exactly_the_cells_that_differ():
    """Every changed cell is in the truth, with what it was, and no other."""
    injected = inject(sample(), seed=1, share=0.3)
    for name in injected.clean.schema.names:
        before, after = injected.clean.column(name).to_pylist(), injected.data.column(name).to_pylist()
        differ = [row for row, (old, new) in enumerate(zip(before, after, strict=True)) if old != new]
        truth = injected.truth.get(name)
        assert differ == (truth.rows.tolist() if truth else [])
        assert [before[row] for row in differ] == (truth.before.to_pylist() if truth else [])


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_has_its_place(kind):
    """Every kind finds cells in an ordinary table, and makes errors of its own name only."""
    injected = inject(sample(), seed=2, share=0.1, kinds=(kind,), keys=("id",))
    assert {made for truth in injected.truth.values() for made in truth.kinds} == {kind}


def test_keys_are_left_alone():
    """No error is put into a key, not even by its neighbour."""
    injected = inject(sample(), seed=1, share=0.5, keys=("id",))
    assert "id" not in injected.truth


def test_the_share_is_that_of_the_cells():
    """A tenth of the cells becomes wrong where one cell is spoilt at a time."""
    injected = inject(sample(), seed=1, share=0.1, kinds=("typo",), keys=("id", "amount"))
    assert [len(injected.truth[name].rows) for name in ("zip", "city", "state", "day")] == [40, 40, 40, 40]


def test_no_share_no_errors():
    """Nothing becomes wrong with a share of 0."""
    assert inject(sample(), seed=1, share=0).errors == 0


def test_a_share_beyond_all_cells_is_refused():
    """A share is between 0 and 1."""
    with pytest.raises(ValueError, match="between 0 and 1"):
        inject(sample(), seed=1, share=1.5)


def test_only_cells_that_look_clean_become_wrong():
    """A rare value of an odd pattern may be an error already: what it should be is not known."""
    column = pa.array(["AB-12"] * 30 + ["CD-34", "?!", "N/A", "N/A", "N/A", None])
    assert looks_clean(column).tolist() == [True] * 31 + [False] * 5


def test_the_caller_may_say_which_cells_are_clean():
    """Where the whole table is known to be right, every cell may become wrong."""
    only = np.zeros(400, np.bool_)
    only[:10] = True
    injected = inject(sample(), seed=1, share=1, kinds=("noise",), keys=("id",), eligible={"city": only})
    assert injected.truth["city"].rows.tolist() == list(range(10))


def test_a_violated_dependency_is_a_lawful_value_in_a_determined_column():
    """The value is one that the column has, and the postal code gives it away."""
    injected = inject(sample(), seed=1, share=0.1, kinds=("dependency",), keys=("id", "day", "amount"))
    cities = set(injected.clean.column("city").to_pylist())
    wrong = injected.truth["city"].rows.tolist()
    assert wrong
    assert {injected.data.column("city")[row].as_py() for row in wrong} <= cities


def test_spilled_values_stand_behind_those_of_the_left_neighbour():
    """No character is lost when a value spills."""
    injected = inject(sample(), seed=1, share=0.05, kinds=("spill",), keys=("id", "day", "amount"))
    row = injected.truth["state"].rows[0]
    state, city = injected.data.column("state"), injected.data.column("city")
    clean = injected.clean
    if state[row].as_py() is None:
        assert city[row].as_py() == f"{clean.column('city')[row]} {clean.column('state')[row]}"


def test_errors_of_an_empty_table():
    """There is nothing to spoil in no rows."""
    assert inject(sample().slice(0, 0), seed=1, share=0.5).errors == 0


def test_a_sliced_batch_is_read_from_its_own_rows():
    """Rows before the slice do not count."""
    whole = sample()
    copied = pa.RecordBatch.from_pydict(whole.slice(100).to_pydict(), schema=whole.schema)
    assert inject(whole.slice(100), seed=1, share=0.2).data.equals(inject(copied, seed=1, share=0.2).data)
