"""``etl-agent profile`` as a person at a terminal, a program and a browser see it."""

import json
from pathlib import Path

import pytest

from etl_agent.cli import main

Capture = pytest.CaptureFixture[str]

HEADER = "id,city,amount,born,note"
TOWNS = ("Bonn", "Ulm", "Kiel", "N/A")


@pytest.fixture
def people(tmp_path: Path) -> Path:
    """Write a file of five kinds of columns."""
    lines = [f"P{row:03d},{TOWNS[row % 4]},{row}.50 €,{1 + row % 28}.{1 + row % 12}.1990," for row in range(60)]
    file = tmp_path / "people.csv"
    file.write_text("\n".join([HEADER, *lines]) + "\n", encoding="utf-8")
    return file


def shown(*arguments: str, capsys: Capture) -> str:
    assert main(["profile", *arguments]) == 0
    return capsys.readouterr().out


@pytest.mark.parametrize("width", [80, 120, 200])
def test_the_table_fits_the_terminal(
    people: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch, width: int
) -> None:
    """No line is longer than the terminal is wide, and no column is lost."""
    monkeypatch.setenv("COLUMNS", str(width))
    lines = shown(str(people), capsys=capsys).splitlines()
    assert max(map(len, lines)) <= width
    assert all(any(line.startswith(f" {name} ") for line in lines) for name in HEADER.split(","))
    assert any("patterns" in line for line in lines) == (width >= 110)


def test_a_person_reads_kinds_ranges_and_keys(people: Path, capsys: Capture) -> None:
    """One line a column, then what else there is to know."""
    told = shown(str(people), capsys=capsys)
    assert "60 rows, 5 columns, 0 malformed records, 0 duplicate rows" in told
    assert "money €" in told
    assert "1990-01-01 to 1990-12-" in told
    assert "null spellings: in city" in told
    assert "key: id" in told


def test_a_program_reads_the_same_as_json(people: Path, capsys: Capture) -> None:
    """With the names of the files that were read."""
    told = json.loads(shown(str(people), "--json", capsys=capsys))
    assert (told["files"], told["rows"]) == ([str(people)], 60)
    assert [column["kind"] for column in told["columns"]] == ["identifier", "category", "money", "date", "empty"]
    assert told["columns"][1]["null_spellings"] == [{"value": "N/A", "sort": "program", "rows": 15}]


@pytest.mark.parametrize(
    "flags", [["--no-values"], ["--sensitive", "city", "--sensitive", "amount", "--sensitive", "born"]]
)
def test_values_can_be_left_out(people: Path, capsys: Capture, tmp_path: Path, flags: list[str]) -> None:
    """On the terminal, in JSON and on the page."""
    page = tmp_path / "page.html"
    written = [
        shown(str(people), *flags, capsys=capsys),
        shown(str(people), *flags, "--json", "--html", str(page), capsys=capsys),
        page.read_text(encoding="utf-8"),
    ]
    assert not [text for text in written for value in ("Bonn", "Kiel", "59.5", "1990") if value in text]


def test_a_sensitive_column_that_is_not_there_is_refused(people: Path, capsys: Capture) -> None:
    """A slip in its name would show what must not be shown."""
    assert main(["profile", str(people), "--sensitive", "ctiy"]) == 2
    assert "city" in capsys.readouterr().err


def test_a_page_is_written_beside_the_table(people: Path, capsys: Capture, tmp_path: Path) -> None:
    """One file that names what was profiled."""
    page = tmp_path / "page.html"
    assert "money" in shown(str(people), "--html", str(page), capsys=capsys)
    assert "people.csv" in page.read_text(encoding="utf-8")
    assert sorted(file.name for file in tmp_path.iterdir()) == ["page.html", "people.csv"]


def test_a_page_takes_no_input_s_place(people: Path, capsys: Capture) -> None:
    """``--html`` with the name of the data is a slip that would cost the data."""
    before = people.read_bytes()
    assert main(["profile", str(people), "--html", str(people)]) == 2
    assert people.read_bytes() == before
    assert "files that are read" in capsys.readouterr().err


def test_a_page_that_cannot_be_written_is_no_bug(people: Path, capsys: Capture, tmp_path: Path) -> None:
    """A folder that does not exist."""
    assert main(["profile", str(people), "--html", str(tmp_path / "no" / "page.html")]) == 73
    assert "cannot be created" in capsys.readouterr().err


def test_hostile_cells_and_headers_send_nothing_to_the_terminal(tmp_path: Path, capsys: Capture) -> None:
    """Control characters and signs that turn the writing are spelled out."""
    file = tmp_path / "x.csv"
    file.write_text("a\u202eb,c\n\x1b[2J,x\n\x1b[2J,y\n", encoding="utf-8")
    told = shown(str(file), capsys=capsys)
    assert not {"\x1b", "\u202e"} & set(told)
    assert "a\\u202eb" in told


def test_malformed_records_are_counted(tmp_path: Path, capsys: Capture) -> None:
    """They stand beside the rows."""
    file = tmp_path / "x.csv"
    file.write_text("a,b\n1,2\n1,2,3\n4,5\n", encoding="utf-8")
    assert "2 rows, 2 columns, 1 malformed record" in shown(str(file), capsys=capsys)


def test_a_file_without_rows_has_its_columns(tmp_path: Path, capsys: Capture) -> None:
    """A header alone is shown as columns without a value."""
    (tmp_path / "bare.csv").write_text("id,city\n")
    out = shown(str(tmp_path / "bare.csv"), capsys=capsys)
    assert out.startswith("0 rows, 2 columns")
    assert [line.split()[:2] for line in out.splitlines() if " empty " in line] == [["id", "empty"], ["city", "empty"]]
