"""Records and what is wrong with them."""

import pytest

from etl_agent.errors import FileRefused


def test_unquoted_empty_cell_is_null_and_quoted_one_is_empty(read):
    """The two kinds of empty cell stay apart."""
    assert read('a,b\n,""\n').rows == [(None, "")]


def test_text_is_kept_as_it_is_written(read):
    """No value is taken for a number, a missing value or a date."""
    row = ("00123", "NA", "1E5", " x ", "1.10", "true", "NULL")
    assert read("a,b,c,d,e,f,g\n" + ",".join(row) + "\n").rows == [row]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_every_line_end_is_known(read, end):
    """LF, CRLF and CR all end a line, also within quotes."""
    got = read(end.join(["a,b", "1,2", f'"x{end}y",3', "4,5"]) + end)
    assert got.rows == [("1", "2"), (f"x{end}y", "3"), ("4", "5")]
    assert got.lines == [2, 3, 5]


def test_last_line_needs_no_line_end(read):
    """A file may stop without a line end."""
    assert read("a,b\n1,2").rows == [("1", "2")]


def test_blank_lines_are_counted_and_are_no_rows(read):
    """A blank line is a line of the tally, not a record."""
    got = read("a,b\n\n1,2\n\r\n3,4\n\n")
    assert got.rows == [("1", "2"), ("3", "4")]
    assert got.tallies[0].blank == 3
    assert got.lines == [3, 5]


def test_blank_lines_of_one_column_are_no_rows_unless_asked_for(read):
    """In a file of one column the user says what an empty line is."""
    assert read("a\nx\n\ny\n").rows == [("x",), ("y",)]
    assert read("a\nx\n\ny\n", blank_lines="null").rows == [("x",), (None,), ("y",)]


FAULTS = [
    ("4,5", "missing-cell"),
    ("4,5,6,7", "extra-cell"),
    ('4,"5"x,6', "stray-quote"),
    ('4,5",6', "stray-quote"),
    ('4,5"x"y,6', "stray-quote"),
    ('4,"5,6', "unterminated-quote"),
    ("4,5\0,6", "nul-byte"),
    ('4,"5\0"x,6', "nul-byte+stray-quote"),
]


@pytest.mark.parametrize(("line", "code"), FAULTS)
def test_malformed_line_costs_no_other_row(read, line, code):
    """One bad line is rejected with its reason, its number and its bytes; every other row is kept."""
    rows = [f'{n},"b{n}","c\n""{n}"""' for n in range(20)]
    text = "a,b,c\n" + "\n".join([*rows[:10], line, *rows[10:]]) + "\n"
    got = read(text)
    assert got.rows == [(str(n), f"b{n}", f'c\n"{n}"') for n in range(20)]
    assert got.bad == [(22, code, line.encode())]
    assert text.encode()[got.bad_offsets[0] :].startswith(line.encode())


def test_invalid_byte_is_an_encoding_error_of_its_line(read):
    """A byte that is not UTF-8 costs its record only."""
    got = read(b"a,b\n1,\xc3\xa4\n2,\xff\n3,\xc3\xb6\n", encoding="utf-8")
    assert got.rows == [("1", "ä"), ("3", "ö")]
    assert got.bad == [(3, "encoding-error", b"2,\xff")]


def test_too_long_cell_is_rejected(read):
    """A cell over max_cell_bytes is rejected; a record of many short ones is not."""
    got = read("a,b\nxxxx,yyyy\nx,yyyyyy\n", max_cell_bytes=5)
    assert got.rows == [("xxxx", "yyyy")]
    assert [bad[1] for bad in got.bad] == ["cell-too-long"]


def test_quoted_cell_may_span_a_thousand_lines_and_no_more(read):
    """A quote that is open for longer is unterminated, and its other lines are judged by themselves."""
    assert len(read('a,b\n1,"' + "x\n" * 1000 + '"\n2,3\n').rows) == 2
    got = read('a,b\n1,"\n' + "4,5\n" * 1001 + '"\n2,3\n')
    assert len(got.rows) == 1002
    assert [code for _, code, _ in got.bad] == ["unterminated-quote", "unterminated-quote"]


def test_record_of_wrong_width_over_two_lines_is_bad_as_a_whole(read):
    """The tail of a bad record is not taken for a row."""
    got = read('a,b,c\n1,2,3\n1,"x\ny",3,4\n4,5,6\n')
    assert got.rows == [("1", "2", "3"), ("4", "5", "6")]
    assert got.bad == [(3, "extra-cell", b'1,"x\ny",3,4')]


def test_open_quote_before_a_good_record_over_two_lines_costs_one_line(read):
    """An open quote that another record's quote closes costs its own line only."""
    got = read('a,b,c\n1,"x,3\n4,5,6\n7,"\nn",9\n')
    assert got.rows == [("4", "5", "6"), ("7", "\nn", "9")]
    assert got.bad == [(2, "unterminated-quote", b'1,"x,3')]


def test_quotes_are_text_with_quoting_none(read):
    """Inch marks need quoting none."""
    got = read('a,b\n5",x\n"y",\n', quoting="none")
    assert got.rows == [('5"', "x"), ('"y"', None)]


def test_small_batches_hold_the_same_rows(read):
    """The batch size changes nothing but the batches."""
    text = "a,b\n" + "".join(f'{n},"x\n{n}"\n' if n % 3 else f"{n}\n" for n in range(50))
    whole, parts = read(text), read(text, rows=7)
    assert (whole.rows, whole.bad, whole.lines, whole.raw) == (parts.rows, parts.bad, parts.lines, parts.raw)


def test_file_that_is_malformed_throughout_is_refused(read):
    """Lines that nearly all have another width are not quarantined one by one."""
    with pytest.raises(FileRefused, match="do not fit the header's 3 cells"):
        read("a,b,c\n" + "1,2,3,4\n" * 20)


def test_comments_are_left_out_except_in_quotes(read):
    """A comment line is counted; the same text inside a quoted cell is text."""
    got = read('a,b\n# it\'s "so\n1,"x\n#y"\n#\n2,3\n', comment="#")
    assert got.rows == [("1", "x\n#y"), ("2", "3")]
    assert got.tallies[0].comment == 2


def test_footer_is_left_out(read):
    """The last lines that are not blank are no rows."""
    got = read("a,b\n1,2\n3,4\n\nTotal,9\nend\n\n", footer=2)
    assert got.rows == [("1", "2"), ("3", "4")]
    assert (got.tallies[0].footnote, got.tallies[0].blank) == (3, 1)
