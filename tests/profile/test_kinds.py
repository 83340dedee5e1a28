"""Kinds of columns: what they are told from, and that dirt does not hide them."""

import pyarrow as pa
import pytest

from etl_agent.profile.facts import ColumnFacts
from etl_agent.profile.kinds import column_kind, kind_of
from etl_agent.profile.nulls import null_sort


def facts(cells):
    return ColumnFacts.observe(pa.array(cells, pa.string()))


def many(*cells, rows=60):
    """Repeat some cells until there are enough rows."""
    return (list(cells) * rows)[:rows]


COLUMNS = {
    "identifier": [
        [str(number) for number in range(1000, 1400)],
        [f"{number:05d}" for number in range(0, 4000, 40)],
        [f"AB-{number * 7919 % 10007:05d}" for number in range(90)],
    ],
    "category": [many("red", "green", "blue"), many("In progress", "Done", "Not begun at all")],
    "integer": [many("1", "2", "3", "17"), many("1,234", "2,345,678", "12"), many("-5", "7", "0")],
    "number": [
        many("1.5", "2.25", "-3"),
        many("1,5", "2,25", "3,125", "4,0"),
        many("1.234,50", "12,25"),
        many("1e-5", "2.5E+3"),
    ],
    "money": [
        many("$5", "$1,234.50", "-$7"),
        many("5 €", "7,50 €"),
        many("USD 12.00", "USD 7"),
        many("kr 100", "kr 25"),
    ],
    "percent": [many("5%", "7.5 %", "100%"), many("5 percent", "6 pct")],
    "quantity": [many("12 oz", "16 oz.", "8 OZ"), many("5kg", "7.5kg"), many("3 visitors", "17 visitors")],
    "date": [
        many("2024-01-31", "2023-12-01"),
        many("31/01/2024", "01/02/2024"),
        many("1/31/24", "2/1/24"),
        many("3 Apr 2025", "14 May 2025"),
        many("April 3, 2025", "May 14, 2025"),
        many("3. März 2025", "14. Mai 2025"),
        many("20240131", "20231201"),
    ],
    "timestamp": [many("2024-01-31 10:00:00", "2024-01-31T10:00:00Z"), many("1/31/2024 9:05 PM", "2/1/2024 10:00 am")],
    "time": [many("9:05", "17:30:00"), many("7:10 a.m.", "6:00 PM")],
    "boolean": [
        many("ja", "NEIN", "Nein"),
        many("oui", "non", "Oui"),
        many("yes", "no"),
        many("Y", "N", "n"),
        many("0", "1"),
        many("TRUE", "no", "false", "1", "0"),
    ],
    "email": [many("a.b@example.org", "info@my-shop.co.uk")],
    "phone": [
        many("+49 30 1234567", "+493012345"),
        many("(212) 555-0199", "212-555-0123"),
        many("01 23 45 67 89", "01 23 45 67 80"),
    ],
    "url": [
        many("https://example.org/a?b=c", "http://x.example/" + "y" * 90),
        many("www.example.org", "www.example.com/x"),
    ],
    "postal_code": [many("SW1A 1AA", "M1 1AE"), many("K1A 0B1", "V5K0A1"), many("1011 AB", "1012 CD")],
    "text": [[f"some words of {chr(97 + number % 26)} number {number} and more" for number in range(80)]],
    "constant": [many("x"), many("x", None)],
    "empty": [many(None), many("", " "), many("N/A", "-", None), []],
}
CASES = [(kind, cells) for kind, columns in COLUMNS.items() for cells in columns]


@pytest.mark.parametrize(("kind", "cells"), CASES)
def test_a_column_has_its_kind(kind, cells):
    """Told from the cells alone."""
    assert kind_of(facts(cells)) == kind


@pytest.mark.parametrize(("kind", "cells"), [case for case in CASES if case[0] not in ("empty", "constant", "text")])
def test_dirt_and_null_spellings_do_not_hide_a_kind(kind, cells):
    """A twentieth of the cells is broken, a sixth says that there is no value."""
    cells = (cells * 2)[:200] if kind != "identifier" else cells
    broken = [f"x{cell}~" for cell in cells[: max(1, len(cells) // 20)]]
    absent = ["N/A", "unknown", "-", ""] * max(1, len(cells) // 20)
    assert kind_of(facts([*cells, *broken, *absent])) == kind


@pytest.mark.parametrize(
    ("cells", "kind"),
    [
        (many("12A", "14B", "3C", "7D", "9F"), "category"),  # seats, no quantities
        (many("301C", "427C", "316B"), "category"),
        (many("00042", "00007", "01001"), "category"),  # no measure is written with zeros in front
        (many("1st", "2nd", "3rd", "4th"), "category"),
        (many("0", "1", "2"), "integer"),  # counts, no truth values
        (many("A12", "A13", "B7"), "category"),
        (many("2019", "2020", "2021"), "integer"),
        (many("10.0.0.1", "10.0.0.2"), "category"),
        (many("123-45-6789", "987-65-4321"), "category"),
        ([*many("1", "2", "3", rows=99), "2.0", "3.0"], "integer"),  # as programs write whole numbers at times
        (many("1.0", "2.0", "3.0"), "number"),
        ([*many("0", "1", rows=98), "1.0", "0 "], "boolean"),
        ([str(number * number * 37 + 11) for number in range(40)], "integer"),  # measures that differ by chance
        ([f"{number * 1.37:.3f}" for number in range(200)], "number"),
        (many("a@b", "not an address"), "category"),
        (many("yes", "yes ", "YES"), "category"),  # one side of a truth is none
        (many("3-4", "5-6", "12-13"), "category"),
    ],
)
def test_a_likeness_is_not_taken_for_a_kind(cells, kind):
    """Codes, counts and versions that look like something else."""
    assert kind_of(facts(cells)) == kind


def test_a_header_settles_what_digits_leave_open():
    """Five digits are a number, a postal code under a header that says so; ten digits a telephone."""
    zips, phones = facts(many("35233", "35801", "99501")), facts(many("2562651000", "2562358900"))
    assert [kind_of(zips), kind_of(zips, name="ZipCode"), kind_of(zips, name="home_zip")] == [
        "integer",
        "postal_code",
        "postal_code",
    ]
    assert [kind_of(phones), kind_of(phones, name="Phone Number")] == ["integer", "phone"]
    assert kind_of(facts(many("red", "green")), name="zip") == "category"


@pytest.mark.parametrize(
    ("cells", "formats", "doubt"),
    [
        (["31/01/2024", "01/02/2024", "03/04/2024"], ("%d/%m/%Y",), False),
        (["1/31/24", "1/2/24"], ("%m/%d/%y",), False),
        (["03/04/2024", "05/06/2024"], ("?/?/%Y",), True),
        (["03.04.2024", "2024-05-06", "2024-05-07"], ("%Y-%m-%d", "?.?.%Y"), True),
        (["1.234,56", "7,5", "7,55", "1.234"], ("1234,56", "1.234", "1.234,56"), False),
        (["1,234.56", "7.5", "1,234", "2,345"], ("1,234", "1,234.56", "1234.56"), False),
        (["1,234", "5,678"], ("1,234",), True),
        (["0,234", "0,678"], ("1234,56",), False),
        (["1 234,50", "12 345 678,00"], ("1 234,56",), False),
        (["1'234.50", "7"], ("1'234.56", "1234"), False),
    ],
)
def test_formats_come_with_what_they_leave_open(cells, formats, doubt):
    """One cell that can be read in one way only settles the others."""
    found = column_kind(facts(cells))
    assert (found.formats, found.doubt) == (formats, doubt)


def test_the_unit_is_that_of_most_numbers():
    """Spellings that differ in case and full stops are one unit."""
    found = column_kind(facts(["12 oz", "16 oz.", "8 OZ", "9 ml", "soon"]))
    assert (found.kind, found.unit, found.share) == ("quantity", "oz", 0.8)


@pytest.mark.parametrize(
    ("cell", "sort"),
    [(" n/a ", "program"), ("NULL", "program"), ("-", "sign"), ("NA", "word"), ("\u00a0", "blank"), ("x", None)],
)
def test_null_spellings_have_a_sort(cell, sort):
    """Case and blanks do not matter."""
    assert null_sort(cell) == sort


def test_null_spellings_are_counted_as_they_stand_and_stay_values():
    """They are never merged into nulls."""
    seen = facts(["N/A", "n/a", " ", "", "x", None, "not available"])
    assert seen.null_spellings.counts == {"N/A": 1, "n/a": 1, " ": 1, "": 1, "not available": 1}
    assert seen.nulls == 1
