"""Which files make one dataset, and what it is called."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from etl_agent.orchestrate.planner.grouping import FileHeader, group_files

COLUMNS = ("id", "total")


def grouped(*files, columns=COLUMNS):
    return {group.name: list(group.files) for group in group_files([FileHeader(file, columns) for file in files])}


TOGETHER = [
    ("readings", ["readings_2026-11-01.csv", "readings_2026-11-02.csv"]),
    ("readings", ["readings.csv", "readings.csv.gz"]),
    ("loans", ["2026/loans_01.csv", "2026/loans_02.tsv"]),
    ("invoices", ["invoices20261101T120000Z.csv", "invoices_2026-11-02_0930.csv.zst"]),
    ("sales", ["sales_jan.csv", "sales_feb.csv", "sales_march_2026.csv"]),
    ("sales", ["q1_sales.csv", "q2_sales.csv"]),
    ("students", ["students (1).csv", "students - Copy.csv", "students.csv"]),
    ("tickets", ["tickets-part-1.txt", "tickets-part-2.txt"]),
    ("zone", ["zone1.csv", "zone2.csv"]),
    ("data", ["2025.csv", "2026.csv"]),
]


@pytest.mark.parametrize(("name", "files"), TOGETHER)
def test_files_that_differ_by_days_numbers_and_endings_are_one_dataset(name, files):
    """What differs from day to day is no part of the name."""
    assert grouped(*files) == {name: files}


ALONE = [
    ("orders_*.csv", "orders"),
    ("in/{date:%Y%m%d}_orders.csv", "orders"),
    ("2026.csv", "data"),
    ("sales/2026.csv", "sales"),
    ("co2_readings.csv", "co2_readings"),
    ("co2_readings_2026.csv", "co2_readings"),
    ("OrderItems.CSV", "order_items"),
    ("may.csv", "may"),
    ("Kunden_Übersicht.csv", "kunden_ubersicht"),
    ("顧客.csv", "data"),
    ("Robert'); DROP TABLE students;--.csv", "robert_drop_table_students"),
    ("../../etc/passwd", "passwd"),
    (r"C:\exports\loans.csv", "loans"),
    ("-.csv", "data"),
    ("", "data"),
]


@pytest.mark.parametrize(("file", "name"), ALONE)
def test_a_name_is_clean(file, name):
    """Names are identifiers that say what is in the file."""
    assert grouped(file) == {name: [file]}


def test_equal_names_with_other_columns_are_two_datasets():
    """A file with other columns is another dataset, and its name gets a number."""
    files = [FileHeader("a/loans.csv", ("id", "paid")), FileHeader("b/loans.csv", ("id", "due"))]
    assert [(group.name, group.files) for group in group_files(files)] == [
        ("loans", ("a/loans.csv",)),
        ("loans_2", ("b/loans.csv",)),
    ]


def test_a_column_that_is_added_one_day_makes_no_other_dataset():
    """Files of one name are one dataset where one header is within the other, in whatever order they are given."""
    first, second, third = (
        FileHeader("orders_2026-11-01.csv", ("id", "total")),
        FileHeader("orders_2026-11-02.csv", ("total", "id", "channel")),
        FileHeader("orders_2026-11-03.csv", ("id",)),
    )
    for files in ([first, second, third], [second, third, first], [third, first, second]):
        assert [group.name for group in group_files(files)] == ["orders"]


def test_equal_columns_with_other_names_are_two_datasets():
    """What files are called tells them apart, even if they look alike."""
    assert grouped("lenders.csv", "borrowers.csv") == {"lenders": ["lenders.csv"], "borrowers": ["borrowers.csv"]}


def test_names_of_other_scripts_are_told_apart():
    """Files whose names have no Latin letter are not thrown together."""
    assert grouped("顧客.csv", "注文.csv") == {"data": ["顧客.csv"], "data_2": ["注文.csv"]}


def test_headers_are_compared_without_case_order_and_blanks():
    """A header that a reader takes for the same is the same."""
    files = [FileHeader("loans_1.csv", ("ID", " total")), FileHeader("loans_2.csv", ("total", "id"))]
    assert [group.files for group in group_files(files)] == [("loans_1.csv", "loans_2.csv")]


def test_a_file_given_twice_is_one_file():
    """A file does not become two by being named twice."""
    assert grouped("loans.csv", "loans.csv") == {"loans": ["loans.csv"]}


@settings(max_examples=60, deadline=None)
@given(st.lists(st.text(max_size=40), max_size=8))
def test_whatever_files_are_called_their_names_are_unique_identifiers(files):
    """Every file is in one group, and every name is one that a plan can use."""
    groups = group_files([FileHeader(file, COLUMNS) for file in files])
    assert all(re.fullmatch(r"[a-z][a-z0-9_]{0,62}", group.name) for group in groups)
    assert len({group.name for group in groups}) == len(groups)
    assert sorted(file for group in groups for file in group.files) == sorted(set(files))
