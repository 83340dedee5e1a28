"""The sign that stands for lost ones all over a table."""

import pyarrow as pa
import pytest

from etl_agent.clean.dependencies import RepairDependencies
from etl_agent.clean.hands import Slip, hand_of, is_blotted, shows_hand

SLIPS: list[Slip] = [
    ("city", "dortmxnd", "dortmund", 9),
    ("city", "bxnn", "bonn", 2),
    ("phone", "x83x", "2830", 8),
    ("name", "wxrkshxp", "workshop", 6),
]


def test_the_sign_of_most_slips_is_the_hand() -> None:
    """What most misspelled cells of several columns have in place of other signs is how this table gets corrupted."""
    assert hand_of(SLIPS) == "x"
    assert hand_of([*SLIPS, ("county", "drortmund", "dortmund", 30)]) == "x"


@pytest.mark.parametrize(
    "slips",
    [
        [],
        SLIPS[:2],
        [(column, wrong, right, 1) for column, wrong, right, _ in SLIPS],
        [*SLIPS, ("city", "dqrtmund", "dortmund", 30)],
    ],
)
def test_slips_without_a_system_show_none(slips: list[Slip]) -> None:
    """Few slips, those of one column, and those of many signs are nobody's hand."""
    assert hand_of(slips) == ""


@pytest.mark.parametrize(
    ("wrong", "right", "shown"),
    [("xe", "ne", True), ("xx", "ne", False), ("be", "ne", False), ("ne", "ne", False), ("nxe", "ne", False)],
)
def test_a_value_shows_the_hand(wrong: str, right: str, shown: bool) -> None:
    """It differs in that sign alone, and in half of its signs at most."""
    assert shows_hand(wrong, right, hand="x") == shown
    assert not shows_hand(wrong, right, hand="")


@pytest.mark.parametrize(
    ("wrong", "right", "blotted"),
    [
        ("Zapzz", "Maple", True),
        ("Maqqe", "Maple", True),
        ("Mapqe", "Maple", False),
        ("Mqpze", "Maple", False),
        ("zzazz", "Maple", False),
        ("Maqqqe", "Maple", False),
        ("66 Elm", "41 Elm", False),
    ],
)
def test_one_letter_in_place_of_several_is_a_blot(wrong: str, right: str, blotted: bool) -> None:
    """It takes two letters that are overwritten, and two that are left."""
    assert is_blotted(wrong, right) == blotted


def states(*, noisy: bool) -> dict[str, list[str]]:
    """Make rows whose state is nearly always the same, with a few odd ones, and corrupted in other columns or not."""
    towns = ["Aldorf", "Bremen", "Celle", "Dorsten", "Emden", "Fulda", "Gotha", "Hameln", "Ilmenau", "Juist"]
    rows = 1200
    table = {
        "zip": [f"{at % 10}4321" for at in range(rows)],
        "town": [towns[at % 10] for at in range(rows)],
        "clerk": [f"clerk {towns[at % 10]} {towns[at % 10]}" for at in range(rows)],
        "state": ["ok" if at % 10 else "na" for at in range(rows)],
    }
    for at in range(1, rows, 39):
        table["state"][at] = ("xk", "ox")[at // 39 % 2] if table["state"][at] == "ok" else table["state"][at]
        if noisy:
            for place, name in enumerate(("zip", "town", "clerk"), start=at + 5):
                cell = table[name][place]
                table[name][place] = cell[:2] + "x" + cell[3:]
    return table


@pytest.mark.parametrize("noisy", [True, False])
def test_short_odd_values_are_errors_by_that_sign_only(noisy: bool) -> None:
    """Two letters are one slip from any two: only the hand of the table tells that these are no state of their own."""
    table = states(noisy=noisy)
    data = pa.RecordBatch.from_pydict({name: pa.array(cells, pa.string()) for name, cells in table.items()})
    step = RepairDependencies(columns="all")
    after = step.fit(step.observe(data)).apply(data).column("state").to_pylist()
    assert after == (states(noisy=False)["state"] if not noisy else [s if s == "na" else "ok" for s in table["state"]])
