"""Text encodings, declared and detected, with exact byte offsets."""

import codecs

import pytest

from etl_agent.errors import FileRefused

TEXT = 'name,note\nMüller,"a\nb"\nLee,x\nSchäfer,3 €\n'
ROWS = [("Müller", "a\nb"), ("Lee", "x"), ("Schäfer", "3 €")]
MARKS = {
    "utf-8": codecs.BOM_UTF8,
    "utf-16-le": codecs.BOM_UTF16_LE,
    "utf-16-be": codecs.BOM_UTF16_BE,
    "utf-32-le": codecs.BOM_UTF32_LE,
}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16-le", "utf-16-be", "cp1252"])
@pytest.mark.parametrize("declared", [True, False])
def test_encodings_are_read_and_offsets_are_exact(read, encoding, declared):
    """Declared or detected, the same rows come out, and their raw bytes are found where they are."""
    content = TEXT.encode(encoding)
    got = read(content, encoding=encoding if declared else None)
    assert got.rows == ROWS
    assert [raw.decode(encoding) for raw in got.raw] == ['Müller,"a\nb"', "Lee,x", "Schäfer,3 €"]
    for offset, raw in zip(got.offsets, got.raw, strict=True):
        assert content[offset:].startswith(raw)


@pytest.mark.parametrize(("encoding", "mark"), MARKS.items())
def test_byte_order_mark_decides_and_is_no_part_of_the_first_name(read, encoding, mark):
    """The mark names the encoding; offsets count it."""
    got = read(mark + TEXT.encode(encoding))
    assert (got.names, got.rows) == (("name", "note"), ROWS)
    assert got.offsets[0] == len(mark) + len("name,note\n".encode(encoding))


def test_byte_order_mark_of_another_encoding_is_refused(read):
    """A declaration that the file contradicts is not followed."""
    with pytest.raises(FileRefused, match="byte order mark of utf-16-le"):
        read(codecs.BOM_UTF16_LE + TEXT.encode("utf-16-le"), encoding="latin-1")
    assert read(codecs.BOM_UTF16_LE + TEXT.encode("utf-16-le"), encoding="utf-16").rows == ROWS


OTHERS = [
    ("cp1251", "имя,город\nИван,Москва\nПётр,Казань\n"),
    ("cp1253", "όνομα,πόλη\nΓιώργος,Αθήνα\nΕλένη,Πάτρα\n"),
    ("cp932", "名前,都市\n山田太郎,東京都渋谷区\n鈴木一郎,大阪府\n"),
    ("gb18030", "姓名,城市\n张三,北京\n李四,上海\n"),
]


@pytest.mark.parametrize(("encoding", "text"), OTHERS)
def test_other_scripts_are_detected(read, encoding, text):
    """The encodings of old spreadsheets are told apart by what they spell."""
    got = read(text.encode(encoding))
    assert [",".join(row) for row in (got.names, *got.rows)] == text.splitlines()


@pytest.mark.parametrize(
    ("lines", "bad"),
    [
        ([b"1,a\0b", b"2,ok", b"\0", b"3,ok"], [2, 4]),
        ([b"0,A\0nn0", b"1,A\0nn1", b"2,ok"], [2, 3]),
        ([b"1,Ann", b"2,B\0b", b"3,okk"], [3]),
        ([b"1,Ann", b"2,B\0b", b"3,ok"], [3]),
    ],
)
def test_a_few_zero_bytes_are_no_utf16(read, lines, bad):
    """In a small file they fall on one side of the pairs by chance; its other lines are read."""
    got = read(b"id,name\n" + b"\n".join(lines) + b"\n")
    assert (got.names, len(got.rows)) == (("id", "name"), len(lines) - len(bad))
    assert [line for line, _, _ in got.bad] == bad


def test_control_characters_are_no_western_text(read):
    """What MS-DOS wrote is refused or quarantined, never loaded as letters that are none."""
    rows = "id,name\n1,Müller\n2,Größe\n3,Grün\n"
    got = read(rows.encode("cp850"))
    assert (got.rows, [code for _, code, _ in got.bad]) == ([], ["encoding-error"] * 3)
    assert read(rows.encode("cp850"), encoding="cp850").rows[0] == ("1", "Müller")
    got = read(b"id,name\n" + b"1,M\xfcller\n" * 9 + b"2,\x81\n")
    assert (len(got.rows), got.rows[0], [line for line, _, _ in got.bad]) == (9, ("1", "Müller"), [11])


def test_encoding_is_judged_beyond_the_head(read):
    """The only line that tells may stand far down the file."""
    got = read(("a,b\n" + "1,2\n" * 400_000 + "ä,ö\n").encode("latin-1"))
    assert got.rows[-1] == ("ä", "ö")


def test_few_bad_lines_do_not_change_the_encoding(read):
    """Where most lines are UTF-8, those that are not are quarantined."""
    content = b"a,b\n" + "ä,1\n".encode() * 30 + b"\xe4,2\n" + "ö,3\n".encode()
    got = read(content)
    assert len(got.rows) == 31
    assert got.bad == [(32, "encoding-error", b"\xe4,2")]


def test_wrong_declared_encoding_is_refused(read):
    """A file that is not what it is declared to be is not quarantined line by line."""
    with pytest.raises(FileRefused, match="it is not utf-8"):
        read(b"a,b\n" + "ä,1\nx,y\n".encode("latin-1") * 30, encoding="utf-8")


def test_half_a_code_unit_at_the_end_is_bad(read):
    """UTF-16 that stops in the middle of a character costs the last record."""
    got = read("a,b\n1,2\n3,4".encode("utf-16-le") + b"x", encoding="utf-16-le")
    assert got.rows == [("1", "2")]
    assert [(line, code) for line, code, _ in got.bad] == [(3, "encoding-error")]


def test_mark_within_the_file_is_text(read):
    """A byte order mark that is not at the beginning stays in its cell."""
    assert read("a,b\n\ufeff1,2\n").rows == [("\ufeff1", "2")]
