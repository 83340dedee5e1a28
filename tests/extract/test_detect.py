"""What is found out about a file before its rows are read."""

import pytest

from etl_agent.errors import FileRefused


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|", ":", "^", "~"])
def test_delimiter_is_detected(read, opened, delimiter):
    """The character that parts all records alike is the delimiter."""
    lines = [("name", "city", "amount"), ("Ann", "Kiel", "12"), ("Bob", "Bonn", "7")]
    got = read("\n".join(delimiter.join(line) for line in lines) + "\n")
    assert got.names == lines[0]
    assert got.rows == lines[1:]


DELIMITERS = [
    ("name;amount\nAnn;2,5\nBob;3,7\n", ("name", "amount")),
    ("id,tags\n1,a;b;c\n2,d;e;f\n3,x;y;z\n", ("id", "tags")),
    ("when,what\n12:30:00,a\n13:30:00,b\n", ("when", "what")),
    ("when\n2025-01-01 12:30:00\n2025-01-02 13:30:00\n", ("when",)),
    ("full name\nAnn Lee\nBob Ray\n", ("full name",)),
    ('a;b\n"x,y,z";1\n"p,q,r";2\n', ("a", "b")),
    ("name|note\nAnn|a, b, c\nBob|d\nEve|e, f\n", ("name", "note")),
    ("url;n\nhttp://a.b/c;1,5\nhttp://d.e/f;2,5\n", ("url", "n")),
]


@pytest.mark.parametrize(("text", "names"), DELIMITERS)
def test_frequent_characters_within_cells_do_not_part_them(read, text, names):
    """Decimal commas, lists, times and sentences are left whole."""
    assert read(text).names == names


def test_blank_after_every_delimiter_is_part_of_it(read):
    """Cells may be quoted behind the blank; blanks within quotes and further ones are kept."""
    got = read('a, b, c\n1, "x, y", \n2, "l1\nl2, ""q"", ", \n"p, q",  r, ""\n')
    assert got.names == ("a", "b", "c")
    assert got.rows == [("1", "x, y", None), ("2", 'l1\nl2, "q", ', None), ("p, q", " r", "")]


def test_blanks_after_some_delimiters_are_text(read):
    """Unless all agree, a blank belongs to its cell, and the user may say otherwise."""
    assert read("a,b\n1, x\n2,y\n").rows == [("1", " x"), ("2", "y")]
    assert read('a,b\n1, "x"\n2,y\n', delimiter=", ").rows == [("1", "x"), ("2", "y")]


def test_single_quotes_are_detected(read):
    """Cells in single quotes are read as quoted where no double quote is used."""
    assert read("a,b\n'x,y',1\n'it''s',2\n").rows == [("x,y", "1"), ("it's", "2")]


def test_apostrophes_are_text(read):
    """A word with an apostrophe is no quoted cell."""
    assert read("a,b\n'tis,1\ndon't,2\n").rows == [("'tis", "1"), ("don't", "2")]


def test_declared_delimiter_that_is_not_there_is_refused(read):
    """A wrong declared delimiter does not make a table of one column."""
    with pytest.raises(FileRefused, match="'\\|' is in none of the first 3 records"):
        read("a,b,c\n1,2,3\n4,5,6\n", delimiter="|")


def test_one_column_may_be_declared(read):
    """With delimiter none a comma is text."""
    assert read("last, first\nLee, Ann\n", delimiter="none").rows == [("Lee, Ann",)]


PREAMBLES = [
    ("Sales report\nmade on Monday\n\na;b;c\n1;2;3\n4;5;6\n", 3),
    ("Report,,\n,,\na,b,c\n1,2,3\n", 2),
    ("a,b,c\n1,2,3\n", 0),
    ("\n\na,b,c\n1,2,3\n", 2),
    ("Report: orders, 2024\na;b;c\n1;2,5;3\n4;5,5;6\n", 1),
]


@pytest.mark.parametrize(("text", "lines"), PREAMBLES)
def test_preamble_is_found(read, text, lines):
    """Lines before the header that do not fit the table are left out and counted."""
    got = read(text)
    assert got.names == ("a", "b", "c")
    assert got.tallies[0].preamble == lines
    assert got.lines[0] == lines + 2


def test_counted_preamble_is_skipped_as_told(read):
    """A count is believed."""
    got = read("x,y\nq,r\na,b\n1,2\n", preamble=2)
    assert (got.names, got.rows) == (("a", "b"), [("1", "2")])


def test_header_of_another_width_is_never_taken_for_a_preamble(read):
    """A header that lacks a name is refused, and the first row does not take its place."""
    with pytest.raises(FileRefused, match="header's 2 cells"):
        read("a,b\n" + "1,2.5,3\n" * 20)


HEADERLESS = ["2025-01-01,Ann,1.50\n2025-01-02,Bob,2.75\n2025-01-03,Eve,\n", "a@b.de,1\nc@d.de,2\ne@f.de,3\n"]


@pytest.mark.parametrize("text", HEADERLESS)
def test_first_line_that_is_plainly_a_row_is_one(read, text):
    """Dates, fractions and addresses above others of their kind are data; no row is lost to the header."""
    got = read(text)
    assert got.names[0] == "column_1"
    assert len(got.rows) == 3
    assert got.tallies[0].header == 0


@pytest.mark.parametrize("text", ["country,2019,2020\nDE,1.5,2\nFR,3,4\n", "when,what\n2025-01-01,a\n2025-01-02,b\n"])
def test_years_and_words_name_columns(read, text):
    """A header may hold whole numbers."""
    assert read(text).tallies[0].header == 1


def test_names_may_be_given(read):
    """Names make the first line a row, and with header true they replace it."""
    assert read("1,2\n", names=("a", "b")).rows == [("1", "2")]
    got = read("x,x\n1,2\n", names=("a", "b"), header=True)
    assert (got.names, got.rows) == (("a", "b"), [("1", "2")])
    assert read("1,2\n", header=False).names == ("column_1", "column_2")


HEADERS = [
    ("a,,c\n1,2,3\n", "no name for column 2"),
    ("a,b,a\n1,2,3\n", "columns 1, 3 have the same name: 'a'"),
    ("Name,b,name \n1,2,3\n", "columns 1, 3 have names that differ only in case or outer blanks"),
    ("", "is empty"),
    ("\n\n", "is empty"),
    ('a,"b"c\n1,2\n', "header is malformed"),
]


@pytest.mark.parametrize(("text", "message"), HEADERS)
def test_header_that_names_no_columns_is_refused(read, text, message):
    """Columns that cannot be told apart are an error that names their places."""
    with pytest.raises(FileRefused, match=message) as caught:
        read(text)
    assert caught.value.where.startswith("data.csv")


def test_file_of_a_header_has_no_rows(read):
    """A header alone is a dataset without rows, unless that is refused."""
    got = read("a,b\n")
    assert (got.names, got.rows, got.tallies[0].lines) == (("a", "b"), [], 1)
    with pytest.raises(FileRefused, match="has no rows"):
        read("a,b\n", on_empty="refuse")


def test_empty_file_with_given_names_has_no_rows(read):
    """Without a header to miss, nothing is missing."""
    assert read("", names=("a", "b")).rows == []


def test_header_may_go_over_lines(read):
    """A quoted name may hold a line end."""
    got = read('"a\nx",b\n1,2\n')
    assert (got.names, got.lines) == (("a\nx", "b"), [3])


def test_hostile_names_are_names(read):
    """Names are kept exactly, whatever they look like."""
    names = ("'; drop table x", "0", "1", "__class__", "é\u200b", " a ")
    assert read(",".join(names) + "\n1,2,3,4,5,6\n").names == names


def test_hostile_cells_cost_no_time(read):
    """Long blank cells and very many cells are dealt with at once."""
    assert read("a,b\n" + " " * 900_000 + ",\n").rows[0][1] is None
    with pytest.raises(FileRefused, match="more than 16,384 cells"):
        read("," * 2_000_000 + "\n")
