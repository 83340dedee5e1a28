"""Identifier steps: one written form where it is certain, and no digit made up or lost."""

from typing import Any

import pyarrow as pa
import pytest
from pydantic import ValidationError

from etl_agent.clean.identifiers import Email, IsEmail, Pad, Phone, PostalCode
from etl_agent.clean.postal import LAYOUTS
from etl_agent.clean.step import RowStep
from etl_agent.errors import ConfigurationError


def after(step: RowStep, *cells: str | None) -> list[str | None]:
    """Run a step on a column x."""
    data = pa.RecordBatch.from_pydict({"x": pa.array(cells, pa.string())})
    return step.apply(data).column("x").to_pylist()


def test_leading_zeros_survive() -> None:
    """Padding neither shortens nor re-reads an identifier."""
    assert after(Pad(columns=("x",), width=5), "00123", "0", "000000001") == ["00123", "00000", "000000001"]


def test_pad_leaves_what_is_no_plain_number() -> None:
    """Signs, points, letters and digits of other scripts are not filled."""
    cells = ["-1", "1.0", "1E5", "a", "", "٣", " 1"]
    assert after(Pad(columns=("x",), width=5), *cells) == cells


def is_email(*cells: str | None) -> list[str | None]:
    """Judge addresses."""
    data = pa.RecordBatch.from_pydict({"x": pa.array(cells, pa.string())})
    return IsEmail(column="x", into="ok").apply(data).column("ok").to_pylist()


GOOD = [
    "a@x.de",
    "a.b+c@sub.example.co.uk",
    "o'neil@x.org",
    "x@xn--bcher-kva.example",
    "1@1.museum",
    "müller@bücher.de",
]
BAD = [
    "", "a", "a@", "@x.de", "a@x", "a@@x.de", "a@x@y.de", "a b@x.de", ".a@x.de", "a.@x.de", "a..b@x.de", "a@x..de",
    "a@-x.de", "a@x-.de", "a@x.d", "a@x.1", "a@x.de ", "a@x.de\n", "<a@x.de>", "a@[1.2.3.4]", "a@x_y.de",
    "a" * 250 + "@x.de",
]  # fmt: skip


@pytest.mark.parametrize("others", [[], ["é"]], ids=["ascii", "unicode"])
def test_addresses_are_told_from_others(others: list[str]) -> None:
    """The same cell gets the same answer beside ASCII cells and beside others."""
    for cell, want in [(c, "true") for c in GOOD] + [(c, "false") for c in BAD]:
        assert is_email(cell, *others)[0] == want, cell


def test_email_needs_a_new_column() -> None:
    """The flag never overwrites a column."""
    with pytest.raises(ConfigurationError, match="two columns"):
        IsEmail(column="x", into="y").names_after(["x", "y"])


@pytest.mark.parametrize("cell", BAD[:-4])
def test_email_leaves_what_is_no_address(cell: str) -> None:
    """A cell that is no address stays byte by byte, unless blanks around it were all that was wrong."""
    assert after(Email(columns=("x",)), cell.upper()) in ([cell.upper()], ["A@x.de"])


def test_email_keeps_the_local_part() -> None:
    """Only the domain has no case; the local part changes by the user's word alone."""
    assert after(Email(columns=("x",)), "Ann.B@EXAMPLE.com") == ["Ann.B@example.com"]
    assert after(Email(columns=("x",), local="lower"), "Ann.B@EXAMPLE.com") == ["ann.b@example.com"]


@pytest.mark.parametrize(
    ("cell", "want"),
    [
        ("030 / 901820", "+4930901820"),
        ("0049 30 901820", "+4930901820"),
        ("+49 (0)30 901820", "+4930901820"),
        ("+4930901820", "+4930901820"),
        ("030 901820 ext. 5", "030 901820 ext. 5"),
        ("call Ann", "call Ann"),
        ("110", "110"),
        ("00000000", "00000000"),
    ],
)
def test_phone_writes_valid_numbers_only(cell: str, want: str) -> None:
    """A number that is not valid, or that holds more than a number, stays."""
    assert after(Phone(columns=("x",), region="DE"), cell) == [want]


def test_phone_region_is_checked() -> None:
    """A region that does not exist is a mistake of the spec."""
    with pytest.raises(ValidationError, match="no region"):
        Phone(columns=("x",), region="UK")


EXAMPLES: dict[str, list[tuple[str, str]]] = {
    "GB": [("ec1a1bb", "EC1A 1BB"), ("W1A 0AX", "W1A 0AX"), ("b338th", "B33 8TH")],
    "CA": [("k1a0b1", "K1A 0B1"), ("D1A 0B1", "D1A 0B1")],
    "NL": [("1012ab", "1012 AB"), ("NL-1012 AB", "1012 AB")],
    "US": [("123456789", "12345-6789"), ("12345-6789", "12345-6789"), ("02134", "02134")],
    "PL": [("00950", "00-950")],
    "SE": [("11455", "114 55"), ("SE-114 55", "114 55")],
    "IE": [("d02x285", "D02 X285")],
    "JP": [("〒1000001", "100-0001")],
    "LT": [("lt01100", "LT-01100")],
    "DE": [("F-75001", "F-75001"), ("1234", "1234"), ("123456", "123456")],
}


@pytest.mark.parametrize("country", EXAMPLES)
def test_postal_codes(country: str) -> None:
    """Codes are written as their country does, and other cells stay."""
    step = PostalCode(columns=("x",), country=country)
    for cell, want in EXAMPLES[country]:
        assert after(step, cell) == [want]
        assert after(step, want) == [want]


@pytest.mark.parametrize("country", LAYOUTS)
def test_every_layout_is_a_pattern(country: str) -> None:
    """Every country's patterns are valid, and no code of another kind passes."""
    assert after(PostalCode(columns=("x",), country=country), "Ann", "", None) == ["Ann", "", None]


def test_unknown_country_names_the_valid_ones() -> None:
    """A country without layouts is a mistake that lists those with one."""
    with pytest.raises(ValidationError, match="valid: AT"):
        PostalCode(columns=("x",), country="UK")


@pytest.mark.parametrize(
    "wrong", [{"width": 0}, {"width": 3, "fill": "ab"}, {"width": 3, "side": "up"}, {"width": 3, "fill": ""}]
)
def test_pad_parameters_are_checked(wrong: dict[str, Any]) -> None:
    """Widths and fill characters that make no sense are refused."""
    with pytest.raises(ValidationError):
        Pad.model_validate({"columns": "x", **wrong})
