"""A file of corrections survives the spreadsheet: what a person did not touch comes back as it was."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from etl_agent.errors import FileRefused
from etl_agent.load.target import open_target
from etl_agent.run.correction import export_entries
from etl_agent.run.formulas import as_formula, without_formula
from etl_agent.run.history import ledger_in
from etl_agent.run.options import RunOptions
from etl_agent.run.quarantine import Filters
from etl_agent.run.replay import replay_quarantine
from etl_agent.run.respelling import is_respelled
from etl_agent.run.result import RunResult
from tests.run.project import Project

Table = list[list[str]]
CONTRACT: dict[str, Any] = {
    "id": "text",
    "n": "integer",
    "day": "timestamp",
    "v": {"type": "text", "nullable": True},
    "w": {"type": "text", "nullable": True},
}
PIPELINE: dict[str, Any] = {"contract": CONTRACT, "validate": {"max_reject_share": 0.9}}
CSV = (
    "id,n,day,v,w\n"
    '00123,x,2026-03-02 23:25:00,=cmd(),""\n'
    '+49301234567,y,2026-03-04 00:00:00,"a\nÖé",\n'
    "4930123456789,z,2026-12-31 09:00:00,'-1+1,1.10\n"
    "7,7,2026-01-01 00:00:00,good,\n"
)
LOADED = [
    ("+49301234567", 0, "a\nÖé", None),
    ("00123", 0, "=cmd()", ""),
    ("4930123456789", 0, "'-1+1", "1.10"),
    ("7", 7, "good", None),
]
"""What is in the table when nothing but ``n`` was corrected."""


@pytest.fixture
def project(sqlite_url: str, tmp_path: Path) -> Project:
    """Give a project with three rows in quarantine; how the file is read does not depend on the database."""
    (tmp_path / "p").mkdir()
    made = Project(tmp_path / "p", sqlite_url)
    made.write("in.csv", CSV)
    made.run(**PIPELINE)
    return made


def exported(project: Project, *, exact: bool = False, table: str = "t") -> Table:
    """Export what is open, and return its lines and cells."""
    path = project.folder / "export.out"
    with open_target(project.url, read_only=True) as target, target.reading() as connection:
        tables = ledger_in(connection, schema=None)
        assert connection is not None
        assert tables is not None
        export_entries(connection, tables, Filters(status=("open",), table=table), path, exact=exact)
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.reader(file))


def corrected(table: Table, **changed: str) -> Table:
    """Set columns of all rows."""
    head = table[0]
    return [head, *([changed.get(name, cell) for name, cell in zip(head, row, strict=True)] for row in table[1:])]


def replay(project: Project, content: str | bytes, **options: Any) -> RunResult:
    """Replay a file of corrections."""
    path = project.folder / "corrected.out"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    spec = project.spec(**PIPELINE)
    return replay_quarantine(spec, project=project.folder, options=RunOptions(), corrected=path, **options)


def text(table: Table, **form: Any) -> str:
    """Write a table as CSV."""
    file = io.StringIO()
    csv.writer(file, **{"lineterminator": "\n", **form}).writerows(table)
    return file.getvalue()


FORMS: dict[str, Callable[[Table], str | bytes]] = {
    "as it was": text,
    "semicolons": lambda table: text(table, delimiter=";"),
    "tabs": lambda table: text(table, delimiter="\t"),
    "quotes around everything": lambda table: text(table, quoting=csv.QUOTE_ALL),
    "a mark of byte order and CRLF": lambda table: b"\xef\xbb\xbf" + text(table, lineterminator="\r\n").encode(),
    "CRLF in cells too": lambda table: text(table).replace("\n", "\r\n"),
    "Latin-1": lambda table: text(table, delimiter=";").encode("latin-1"),
    "UTF-16": lambda table: text(table, delimiter="\t").encode("utf-16"),
    "an encoding without the signs": lambda table: text(table).replace("Öé", "??"),
    "other order of columns and rows": lambda table: text([row[::-1] for row in [table[0], *table[:0:-1]]]),
    "empty lines at the end": lambda table: text([*table, [""] * len(table[0]), [""] * len(table[0])]),
    "empty columns at the end": lambda table: text([[*row, "", ""] for row in table], delimiter=";"),
    "Windows, a few letters": lambda table: text(table, delimiter=";", lineterminator="\r\n").encode("cp1252"),
    "numbers with a point": lambda table: text(
        [[f"{cell}.0" if cell in ("1", "2", "3") else cell for cell in r] for r in table]
    ),
    "zeros and plus eaten": lambda table: text(table).replace("00123", "123").replace("+4930", "4930"),
    "an exponent": lambda table: text(table).replace("4930123456789", "4.93012E+12").replace("1.10", "1.1"),
    "days of another country": lambda table: text(
        [
            [
                cell.replace("2026-03-02 23:25:00", "02.03.2026 23:25").replace("2026-03-04 00:00:00", "3/4/26")
                for cell in r
            ]
            for r in table
        ]
    ),
}


@pytest.mark.parametrize("form", list(FORMS))
def test_what_nobody_touched_comes_back_as_it_was(project: Project, form: str) -> None:
    """Only the corrected cell is another one, whatever the program wrote around it."""
    table = corrected(exported(project), n="0")
    for number, row in enumerate(table[1:], start=1):
        row[0] = str(number)
    result = replay(project, FORMS[form](table))
    assert (result.status, result.balance.inserted) == ("loaded", 3)
    assert project.rows("id, n, v, w") == LOADED
    again = replay(project, FORMS[form](table))
    assert (again.status, again.message) == (
        "nothing new",
        "no entry can be replayed; left as they are: 3 replayed before",
    )


@pytest.mark.parametrize("form", list(FORMS))
def test_a_file_that_nobody_changed_replays_nothing(project: Project, form: str) -> None:
    """Opening and saving corrects no row."""
    result = replay(project, FORMS[form](exported(project)))
    assert (result.status, len(project.quarantine())) == ("nothing new", 3)


@pytest.mark.parametrize(
    ("encoding", "letters"),
    [
        ("cp1252", "ÄÖ"),
        ("cp1252", "Ñandú"),
        ("cp1250", "ÄÖ"),
        ("cp1250", "Żółć"),
        ("cp1251", "Жук"),
        ("cp1253", "Ωδή"),
        ("cp932", "日本語"),
        ("cp932", "Жук"),
    ],
)
def test_the_letters_that_were_exported_tell_the_encoding(project: Project, encoding: str, letters: str) -> None:
    """However few they are: what nobody touched is never another text afterwards."""
    project.write("letters.csv", f"id,n,day,v,w\n{letters},x,2026-01-01 00:00:00,,\nok,1,2026-01-01 00:00:00,,\n")
    project.run("letters.csv", **PIPELINE)
    head, *rows = exported(project)
    table = corrected([head, *(row for row in rows if letters in row)], n="5")
    assert replay(project, text(table, delimiter=";").encode(encoding)).balance.inserted == 1
    assert (letters, 5) in project.rows("id, n")


def test_letters_that_a_person_typed_are_not_guessed(project: Project) -> None:
    """The same bytes are letters of several languages, and nothing that was exported tells which."""
    project.write("plain.csv", "id,n,day,v,w\nabc,x,2026-01-01 00:00:00,,\nok,1,2026-01-01 00:00:00,,\n")
    project.run("plain.csv", **PIPELINE)
    head, *rows = exported(project)
    table = corrected([head, *(row for row in rows if "abc" in row)], n="5", v="Ñ")
    with pytest.raises(FileRefused, match="its encoding cannot be told"):
        replay(project, text(table).encode("cp1252"))
    assert replay(project, text(table)).balance.inserted == 1
    assert ("abc", "Ñ") in project.rows("id, v")


def test_a_cell_beside_the_named_columns_is_not_lost(project: Project) -> None:
    """It may be a word to somebody; the line is named."""
    table = corrected(exported(project), n="0")
    wide = [[*table[0], ""], [*table[1], "done"], *([*row, ""] for row in table[2:])]
    with pytest.raises(FileRefused, match=r"corrected\.out:2: a cell stands in a column without a name"):
        replay(project, text(wide))


def test_spelling_counts_by_the_users_word_and_where_it_was_complained_of(project: Project) -> None:
    """A cell that was wrong is taken as it stands; others too with ``as_written``, and the message tells of them."""
    table = [[cell.replace("00123", "123") for cell in row] for row in corrected(exported(project)[:2], n="1")]
    dry = RunOptions(dry_run=True)
    path = project.write("c.csv", text(table))
    spec = project.spec(**PIPELINE)
    said = replay_quarantine(spec, project=project.folder, options=dry, corrected=path).message or ""
    assert "1 cell taken as exported" in said
    assert replay(project, text(table), as_written=True).balance.inserted == 1
    assert ("123", 1) in project.rows("id, n")


def test_a_complaint_of_a_renamed_column_is_one_of_the_cell(project: Project) -> None:
    """Reasons name columns as they are called at the end; the file's own cell is meant, and its spelling may count."""
    project.write("days.csv", "Id,Day\n007,3/2/2026\n8,2026-03-02\n")
    mode: dict[str, Any] = {
        "contract": {"id": "text", "on": "date"},
        "clean": [{"step": "rename", "columns": {"Id": "id", "Day": "on"}}],
        "validate": {"max_reject_share": 0.9},
    }
    project.run("days.csv", **mode, table="d")
    head, row = exported(project, table="d")
    row[head.index("Day")], row[head.index("Id")] = "2026-03-02", "7"
    path = project.write("c.csv", text([head, row]))
    spec = project.spec("days.csv", **mode, table="d")
    result = replay_quarantine(spec, project=project.folder, options=RunOptions(), corrected=path)
    assert result.balance.inserted == 1
    assert [str(number) for (number,) in project.rows("id", table="d")] == ["007", "8"]


def test_an_exact_export_is_exact_both_ways(project: Project) -> None:
    """For a program no cell is changed on the way out, and none on the way in."""
    table = corrected(exported(project, exact=True), n="0")
    assert [row[table[0].index("v")] for row in table[1:]] == ["=cmd()", "a\nÖé", "'-1+1"]
    assert replay(project, text(table)).balance.inserted == 3
    assert project.rows("id, n, v, w") == LOADED


def test_deleted_rows_stay_and_new_rows_are_refused(project: Project) -> None:
    """A row without a number could be loaded any number of times; the line says where it stands."""
    table = corrected(exported(project), n="0")
    new = ["", "", "", "", "", "8", "8", "2026-01-01 00:00:00", "new", ""]
    with pytest.raises(FileRefused, match=r"corrected\.out:3: _etl_id: the row has no number"):
        replay(project, text([*table[:2], new]))
    assert len(project.rows()) == 1
    assert replay(project, text(table[:2])).balance.inserted == 1
    assert len(project.quarantine()) == 2


def test_a_file_that_is_no_export_is_not_written_over(project: Project) -> None:
    """The next command that is named makes another file."""
    with pytest.raises(FileRefused, match="has no column _etl_id") as refused:
        replay(project, "a,b\n1,2\n")
    assert "corrected.out" not in (refused.value.next_command or "")


def test_a_malformed_line_that_only_a_spreadsheet_touched_is_unchanged(project: Project) -> None:
    """Signs that its encoding lacks are no correction of the line."""
    project.write("short.csv", "id,n,day,v,w\n9,Öé\n8,8,2026-01-01 00:00:00,,\n")
    project.run("short.csv", **PIPELINE)
    head, *rows = exported(project)
    row = next(row for row in rows if "9,Öé" in row)
    result = replay(project, text([head, [cell.replace("Öé", "??") for cell in row]]))
    assert "1 not changed in the file" in (result.message or "")


def test_escapes_of_bytes_that_are_no_text_are_not_loaded(project: Project) -> None:
    """A cell that still holds the escape is waited for; the other cells of the row do not hurry it."""
    project.write("bytes.csv", b"id,n,day,v,w\n8,8,2026-01-01 00:00:00,caf\xe9,\n9,9,2026-01-01 00:00:00,,\n")
    project.run("bytes.csv", **{**PIPELINE, "extract": {"encoding": "utf-8"}})
    table = exported(project)
    row = next(row for row in table if "caf\\xe9" in row)
    head = table[0]
    row[head.index("w")] = "seen"
    result = replay(project, text([head, row]))
    assert "hold escapes" in (result.message or "")
    row[head.index("v")] = "café"
    assert replay(project, text([head, row])).balance.inserted == 1
    assert ("8", "café", "seen") in project.rows("id, v, w")


@pytest.mark.parametrize(
    ("plain", "shown"),
    [
        ("=1+1", "'=1+1"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("+1+cmd|' /C calc'!A0", "'+1+cmd|' /C calc'!A0"),
        ("-2+3", "'-2+3"),
        ("+49 30 1234", "'+49 30 1234"),
        ("\t=1", "'\t=1"),
        ("\r=1", "'\r=1"),
        (' "=1', "' \"=1"),
        ("\u00a0=1", "'\u00a0=1"),
        ("\ufeff=1", "'\ufeff=1"),
        ("＝1", "'＝1"),
        ("﹢1", "'﹢1"),
        ("＠x", "'＠x"),
        ("'=1", "''=1"),
        ("'-5", "''-5"),
        ("-5", "-5"),
        ("-1,234.50", "-1,234.50"),
        ("+4930123456", "+4930123456"),
        ("-1.5e-3", "-1.5e-3"),
        ("-12%", "-12%"),
        ("'t Hooft", "'t Hooft"),
        ("a=1", "a=1"),
        (" x", " x"),
        ("", ""),
    ],
)
def test_only_what_could_compute_is_neutralised(plain: str, shown: str) -> None:
    """Signs of every form, behind quotes and blanks, get an apostrophe; numbers and other texts do not."""
    assert without_formula(plain) == shown
    assert as_formula(shown) == plain


@settings(max_examples=200)
@given(st.text(alphabet="'\"=+-@＝ \t\r5.ea", max_size=6))
@example("''=")
@example("'\n")
def test_every_cell_comes_back_exactly(cell: str) -> None:
    """What is taken off is what was put on, also where the cell began with apostrophes of its own."""
    assert as_formula(without_formula(cell)) == cell


@pytest.mark.parametrize(
    ("before", "after", "same"),
    [
        ("00123", "123", True),
        ("+49", "49", True),
        ("1.10", "1,1", True),
        ("15", "20", False),
        ("-5", "5", False),
        ("12345", "1.2E+04", True),
        ("12345", "1.3E+04", False),
        ("12345678901234567", "12345678901234500", True),
        ("12345678901234567", "12345678901234568", False),
        ("1e400", "2e400", False),
        ("2026-03-02", "3/2/2026", True),
        ("2026-03-02", "02.03.26", True),
        ("2026-03-02", "2026-02-03", False),
        ("2026-03-02", "3/3/2026", False),
        ("2026-03-02 23:25:41", "3/2/26 23:25", True),
        ("2026-03-02 23:25:41", "3/2/26 22:25", False),
        ("2026-03-02", "3/2/2026 0:00", True),
        ("true", "TRUE", True),
        ("true", "FALSE", False),
        ("a\nb", "a\r\nb", True),
        ("Łódź", "?ód?", True),
        ("who", "wh?", False),
        ("abc", "abd", False),
        ("9" * 400, "9" * 399, False),
        ("x" * 40_000, "x" * 32_767, True),
        ("x" * 30_000, "x" * 29_999, False),
    ],
)
def test_only_the_same_value_is_a_respelling(before: str, after: str, same: bool) -> None:
    """What a person would mean is never taken for what a program does by itself."""
    assert is_respelled(before, after) is same


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cells=st.lists(st.text(alphabet="'\"=+-@＝,; \t\n0a.é", max_size=5), min_size=1, max_size=4))
def test_an_export_that_comes_back_unchanged_changes_nothing(
    tmp_path_factory: pytest.TempPathFactory, cells: list[str]
) -> None:
    """Whatever is in the cells, with only the wrong one corrected they are loaded as they stood in the file."""
    folder = tmp_path_factory.mktemp("law")
    project = Project(folder, f"sqlite:///{folder}/w.db")
    rows = [["id", "n", "v"], *([str(at), "x", cell] for at, cell in enumerate(cells)), ["99", "1", "w"]]
    project.write("in.csv", text(rows, quoting=csv.QUOTE_ALL))
    contract = {"id": "text", "n": "integer", "v": {"type": "text", "nullable": True}}
    mode: dict[str, Any] = {"contract": contract, "validate": {"max_reject_share": 0.99}}
    project.run(**mode)
    path = project.write("c.csv", text(corrected(exported(project), n="0")))
    result = replay_quarantine(project.spec(**mode), project=folder, options=RunOptions(), corrected=path)
    assert result.balance.inserted == len(cells)
    assert sorted(project.ask("SELECT id, v FROM t WHERE n = 0")) == [(str(at), v) for at, v in enumerate(cells)]
