"""Values that stand in a neighbour's cell."""

import numpy as np
import pyarrow as pa
import pytest

from etl_agent.clean.spilled import MoveSpilled
from etl_agent.profile.spills import split_off

Table = dict[str, list[str | None]]

PLACES = [("Ulm", "BW"), ("Bonn", "NW"), ("Kiel", "SH"), ("Bad Tölz", "BY"), ("Hof", "BY"), ("Trier", "RP")]


def places(rows: int = 120) -> Table:
    """Make towns with their state."""
    return {
        "id": [str(at) for at in range(rows)],
        "city": [PLACES[at % 6][0] for at in range(rows)],
        "state": [PLACES[at % 6][1] for at in range(rows)],
        "note": [f"n{at % 7}" for at in range(rows)],
    }


def moved(table: Table) -> Table:
    """Learn and move."""
    data = pa.RecordBatch.from_pydict({name: pa.array(cells, pa.string()) for name, cells in table.items()})
    step = MoveSpilled(columns="all")
    after: Table = step.fit(step.observe(data)).apply(data).to_pydict()
    return after


def spilled(table: Table, rows: range, *, between: str = " ") -> Table:
    """Let the state spill into the city in some rows."""
    city, state = list(table["city"]), list(table["state"])
    for at in rows:
        city[at], state[at] = f"{city[at]}{between}{state[at]}", None
    return table | {"city": city, "state": state}


@pytest.mark.parametrize("between", [" ", ", ", " / "])
def test_spilled_values_return(between: str) -> None:
    """A state behind the city goes back to its own column, and nothing else changes."""
    assert moved(spilled(places(), range(0, 120, 7), between=between)) == places()


def test_start_of_the_next_column() -> None:
    """A value before that of the column behind goes back, too."""
    table = places()
    dirty = table | {"state": list(table["state"]), "note": list(table["note"])}
    for at in range(0, 120, 5):
        dirty["state"][at], dirty["note"][at] = None, f"{table['state'][at]} {table['note'][at]}"
    assert moved(dirty) == table


def test_few_rows_stay() -> None:
    """Four cells that look so are an accident."""
    dirty = spilled(places(), range(0, 28, 7))
    assert moved(dirty) == dirty


def test_one_value_alone_stays() -> None:
    """One and the same ending may be part of a name."""
    table = places()
    city, state = list(table["city"]), list(table["state"])
    for at in range(0, 120, 12):
        city[at], state[at] = "Ulm BW", None
    dirty = table | {"city": city, "state": state}
    assert moved(dirty) == dirty


def test_ends_that_are_meant_stay() -> None:
    """Where such cells stand beside filled ones as well, the ending is the cell's own."""
    draw = np.random.default_rng(1)
    colours = ["red", "blue", "green", "black"]
    table: Table = {
        "product": [f"{draw.choice(['shirt', 'sock', 'hat'])} {draw.choice(colours)}" for _ in range(300)],
        "colour": [str(draw.choice(colours)) if draw.random() < 0.8 else None for _ in range(300)],
    }
    assert moved(table) == table


def test_second_names_stay() -> None:
    """Double first names are not taken apart for the sake of a column that is mostly empty."""
    draw = np.random.default_rng(2)
    first = ["Mary", "Anna", "Jo", "Mary Lou", "Anna Lee", "Jo Ann", "Eva", "Ida"]
    table: Table = {
        "first": draw.choice(first, 400).tolist(),
        "middle": [str(draw.choice(["Lou", "Lee", "Ann", "May"])) if draw.random() < 0.2 else None for _ in range(400)],
    }
    for at, name in enumerate(table["first"]):
        if name and " " in name:
            table["middle"][at] = None
    assert moved(table) == table


def test_whole_values_stay() -> None:
    """A cell that is whole elsewhere is not taken apart where its neighbour is missing."""
    table = places()
    city, state = list(table["city"]), list(table["state"])
    for at in range(0, 120, 40):
        city[at] = "Neu BY"
    dirty = spilled(table | {"city": city, "state": state}, range(1, 120, 7))
    dirty["city"][79], dirty["state"][79] = "Neu BY", None
    after = moved(dirty)
    assert (after["city"][79], after["state"][79]) == ("Neu BY", None)


def test_only_chosen_columns_change() -> None:
    """Nothing is moved into a column that may not change."""
    dirty = spilled(places(), range(0, 120, 7))
    data = pa.RecordBatch.from_pydict({name: pa.array(cells, pa.string()) for name, cells in dirty.items()})
    step = MoveSpilled(columns=("city",))
    assert step.fit(step.observe(data)).apply(data).to_pydict() == dirty


def test_split_off_takes_the_longest() -> None:
    """Of two values that a cell ends with the longer one is split off."""
    states = frozenset({"Virginia", "West Virginia"})
    assert split_off("Charleston West Virginia", side="end", values=states) == ("Charleston", "West Virginia")


def test_split_off_leaves_something() -> None:
    """A cell that is nothing but the value stays."""
    assert split_off("Virginia", side="end", values=frozenset({"Virginia"})) is None
    assert split_off(" Virginia", side="end", values=frozenset({"Virginia"})) is None
