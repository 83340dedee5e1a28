"""Binary noise: decimals are rounded only in columns that were written with few digits."""

from etl_agent.decide.propose import rounding


def test_few_blown_up_decimals_are_rounded(cleaned) -> None:
    """Among short decimals, those that binary arithmetic blew up become short again."""
    cells = ["0.05", "0.061", "0.07"] * 10
    assert cleaned({"x": [*cells, "0.052000000000000005"]}, rounding.propose)["x"] == [*cells, "0.052"]


def test_calculated_columns_stay(cleaned) -> None:
    """Where most numbers have all the digits of a float, none is rounded."""
    cells = [repr(number / 7) for number in range(1, 30)] + ["0.30000000000000004", "0.1", None]
    assert cleaned({"x": cells}, rounding.propose)["x"] == cells
