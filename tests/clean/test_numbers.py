"""Numbers: every convention is read digit by digit, and what the cells do not settle is refused."""

from __future__ import annotations

from decimal import Decimal
from functools import reduce
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from etl_agent.clean.numbers import Numbers
from etl_agent.errors import AmbiguousFormat

Cell = str | None


def batch(cells: list[Cell]) -> pa.RecordBatch:
    return pa.RecordBatch.from_pydict({"x": pa.array(cells, pa.string())})


def fitted(*pieces: list[Cell], **parameters: Any) -> Numbers:
    step = Numbers.model_validate({"columns": ["x"], **parameters})
    return step.fit(reduce(step.combine, [step.observe(batch(piece)) for piece in pieces]))


def read(cells: list[Cell], **parameters: Any) -> list[Cell]:
    result: list[Cell] = fitted(cells, **parameters).apply(batch(cells)).column("x").to_pylist()
    return result


@pytest.mark.parametrize(
    ("cells", "after"),
    [
        (["1,234", "1,234.5"], ["1234", "1234.5"]),
        (["1.234", "1.234,5"], ["1234", "1234.5"]),
        (["1,234", "12.5"], ["1234", "12.5"]),
        (["1.234", "12,5"], ["1234", "12.5"]),
        (["1,234", "1,234,567"], ["1234", "1234567"]),
        (["1.234", "1.234.567"], ["1234", "1234567"]),
        (["1.234", "0.125"], ["1.234", "0.125"]),
        (["1.234", "1234.567"], ["1.234", "1234.567"]),
        (["1'234.50", "1\u2019234.50"], ["1234.50", "1234.50"]),
        (["1 234,50", "1\u202f234,5", "1\u00a0234"], ["1234.50", "1234.5", "1234"]),
        (["12,34,567", "1.5"], ["1234567", "1.5"]),
        (["1 234,567"], ["1234.567"]),
    ],
)
def test_one_cell_settles_the_marks(cells: list[Cell], after: list[Cell]) -> None:
    """Any cell that allows one reading only decides for the column."""
    assert read(cells) == after


@pytest.mark.parametrize("cells", [["1,234"], ["1.234", "12"], ["1,234", "1.234"], ["1.5", "1,5", "1.234"]])
def test_two_readings_are_refused(cells: list[Cell]) -> None:
    """Cells that mean two things, with nothing to settle them, are refused with both readings."""
    with pytest.raises(AmbiguousFormat) as caught:
        read(cells)
    assert "1234" in str(caught.value)
    assert "1.234" in str(caught.value)
    assert "column x" in str(caught.value)


def test_evidence_of_another_batch_counts() -> None:
    """The cell that settles it may stand anywhere in the file."""
    assert fitted(["1,234"], ["5"], ["0.5"]).learned == fitted(["0.5", "1,234", "5"]).learned


def test_conflicting_cells_are_left_where_nothing_is_ambiguous() -> None:
    """The marks of most cells are taken; a cell that they cannot read stays as it is."""
    assert read(["1.5", "2.5", "3,5"]) == ["1.5", "2.5", "3,5"]


def test_equally_many_conflicting_cells_are_refused() -> None:
    """With as many cells for one reading as for the other there is none."""
    with pytest.raises(AmbiguousFormat):
        read(["1.5", "3,5"])


def test_declared_marks_need_no_evidence() -> None:
    """What the user declares is not asked of the data."""
    assert read(["1.234"], decimal_mark=",") == ["1234"]
    assert read(["1.234"], decimal_mark=".") == ["1.234"]
    assert read(["1.234"], thousands_mark="none") == ["1.234"]
    assert Numbers(columns=("x",), decimal_mark=",", thousands_mark=".", currency=()).fitted


@pytest.mark.parametrize(
    ("cell", "after"),
    [
        ("$1,234.50", "1234.50"),
        ("-$5.00", "-5.00"),
        ("$-5.00", "-5.00"),
        ("($5.00)", "-5.00"),
        ("$(5.00)", "-5.00"),
        ("5.00-", "-5.00"),
        ("\u22125.00", "-5.00"),
        ("+5.00", "5.00"),
        (" 5.00 ", "5.00"),
        (".50", "0.50"),
        ("-.50", "-0.50"),
        ("00012.30", "12.30"),
        ("-0.00", "-0.00"),
        ("(0.00)", "0.00"),
        ("1.10", "1.10"),
        ("12345678901234567890123456789.123456789", "12345678901234567890123456789.123456789"),
    ],
)
def test_digits_stay_as_they_are(cell: str, after: str) -> None:
    """Signs, currency and blanks go, no digit is touched."""
    assert read([cell, "$0.5"])[0] == after


@pytest.mark.parametrize(
    "cell",
    ["12.3.4", "1,23", "1,2345.0", "--5", "(-5)", "$5$", "5.", "1e5", "0x1F", "NaN", "inf", "١٢", "5 %", "$", "-"],
)
def test_what_is_no_number_stays(cell: str) -> None:
    """A cell that cannot be read for certain stays for the contract to judge."""
    assert read([cell, "1.5"], decimal_mark=".", thousands_mark=",")[0] == cell


def test_several_currencies_are_refused() -> None:
    """Amounts in two currencies must not become numbers of one column unasked."""
    with pytest.raises(AmbiguousFormat, match=r"\$ and €"):
        read(["$5.00", "€5.00"])
    assert read(["$5.00", "€5.00"], currency=["$", "€"]) == ["5.00", "5.00"]


def test_currency_words() -> None:
    """Codes and declared signs are removed on either side; with none nothing is."""
    assert read(["EUR 5,50", "6,50 EUR"]) == ["5.50", "6.50"]
    assert read(["5.50 kr", "Fr. 6.50"], currency=["kr", "Fr."]) == ["5.50", "6.50"]
    assert read(["$5.50", "6.5"], currency="none") == ["$5.50", "6.5"]


@pytest.mark.parametrize(
    ("cell", "fraction", "points"),
    [("12.5%", "0.125", "12.5"), ("100 %", "1.00", "100"), ("-0.5%", "-0.005", "-0.5"), ("250%", "2.50", "250")],
)
def test_percent(cell: str, fraction: str, points: str) -> None:
    """Percent becomes a fraction or points, exactly, by the user's word."""
    assert read([cell], percent="fraction", decimal_mark=".") == [fraction]
    assert read([cell], percent="points", decimal_mark=".") == [points]
    assert read([cell], decimal_mark=".") == [cell]


def test_scientific_numbers_are_exact() -> None:
    """Powers of ten are written out without rounding."""
    assert read(["1.50e3", "1E-3", "1.23456789012345678901e2"], scientific=True) == [
        "1500",
        "0.001",
        "123.456789012345678901",
    ]


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.decimals(-(10**9), 10**9, places=2), min_size=1, max_size=20),
    st.sampled_from([(".", ","), (",", "."), (",", " "), (".", "'")]),
)
def test_written_and_read_back(values: list[Decimal], marks: tuple[str, str]) -> None:
    """Numbers written in a convention come back digit by digit."""
    table = str.maketrans({".": marks[0], ",": marks[1]})
    written: list[Cell] = [f"{value:,.2f}".translate(table) for value in values]
    assert read(written) == [f"{value:.2f}" for value in values]


def test_columns_without_evidence_are_left_alone() -> None:
    """Nulls, words or no rows at all settle nothing and harm nothing."""
    for cells in ([], [None, None], ["n/a", ""]):
        assert read(list(cells)) == cells


def test_both_marks_cannot_be_read_from_a_lock_of_other_columns() -> None:
    """A column that the marks were not learned for is left alone."""
    step = fitted(["1,234.5"])
    data = pa.RecordBatch.from_pydict({"y": pa.array(["1,234.5"])})
    assert Numbers(columns="all", learned=step.learned).apply(data).equals(data)


def test_unknown_mark_is_a_mistake() -> None:
    """Only the marks that are in use somewhere are valid."""
    with pytest.raises(ValidationError):
        Numbers.model_validate({"columns": ["x"], "decimal_mark": ";"})
