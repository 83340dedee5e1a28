"""Tests of the repair of slips around numbers."""

import pytest

from etl_agent.clean.channel import Channel
from etl_agent.clean.decorated import decoration_of, undecorated

VISITORS = {f"{number} visitors": 2 for number in range(200)}
SLIPS = {
    f"{number} {word}": 1 for number, word in enumerate(["visitos", "vistiors", "vixitors", "visiotrs", "viistors"])
}


@pytest.mark.parametrize(
    ("value", "meant"),
    [
        ("999 visiters", "999 visitors"),
        ("1,250 vsiitors", "1,250 visitors"),
        ("62 visitors", None),
        ("visiters", None),
        ("6x2 visitors", None),
        ("62x visitors", None),
        ("x2 visitors", None),
        ("7 doctors", None),
        ("", None),
    ],
)
def test_the_word_beside_the_number(value: str, meant: str | None) -> None:
    """A slip in what all values have beside their number is repaired, also where the number is new; numbers stay."""
    assert undecorated(value, decoration_of({**VISITORS, **SLIPS})) == meant


def test_units_are_meant() -> None:
    """Units that are near to each other are no slips."""
    counts = {f"{number} mg": 3 for number in range(100)} | {"5 g": 1, "7 µg": 1, "3 kg": 2, "9 mL": 1}
    counts |= {f"{number} days": 3 for number in range(2, 60)} | {"1 day": 4}
    decoration = decoration_of(counts)
    assert [undecorated(value, decoration) for value in ("5 g", "7 µg", "3 kg", "9 mL", "1 day")] == [None] * 5


def test_a_known_sign_beside_a_number() -> None:
    """A sign that gets into values is repaired where another one stood, and not where it may hide a digit."""
    counts = {f"{number}%": 5 for number in range(100)} | {"95x": 1, "9x%": 1, "62x": 1, "71 x": 1}
    decoration = decoration_of(counts, channel=Channel(rate=0.03, signs={"x": 1.0}))
    assert [undecorated(value, decoration) for value in ("95x", "62x", "9x%")] == ["95%", "62%", None]


def test_values_without_a_form() -> None:
    """Nothing is learned where most values have no number, or hardly two have the same around it."""
    assert not decoration_of({"red": 50, "green": 50, "blue 2": 3}).least
    assert not decoration_of({f"{chr(97 + at % 26) * 3} {at} {chr(97 + at % 23)}": 1 for at in range(90)}).least
