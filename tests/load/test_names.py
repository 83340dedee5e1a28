"""Names that a database would change are refused; SQL files cannot end the transaction."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from etl_agent.errors import ConfigurationError, NoInput
from etl_agent.load.identifiers import check_names, quote
from etl_agent.load.sql_files import read_statements, split
from etl_agent.load.target import open_target
from tests.load.targets import RUN, shape, spec


def test_postgres_names_are_not_cut_off() -> None:
    """63 bytes pass, 64 are refused, counted in UTF-8."""
    check_names(["é" * 31 + "x"], dialect="postgres")
    with pytest.raises(ConfigurationError, match="64 bytes"):
        check_names(["é" * 32], dialect="postgres")
    check_names(["é" * 32], dialect="sqlite")


def test_names_that_fold_together_are_refused_by_sqlite() -> None:
    """SQLite ignores the case of ASCII letters only; Postgres ignores none when names are quoted."""
    check_names(["Name", "name", "É", "é"], dialect="postgres")
    check_names(["É", "é"], dialect="sqlite")
    with pytest.raises(ConfigurationError, match="'Name' and 'name'"):
        check_names(["Name", "name"], dialect="sqlite")


@pytest.mark.parametrize("name", ["", "a\0b"])
def test_names_no_database_keeps_are_refused(name: str) -> None:
    """An empty name and a NUL are refused for both."""
    for dialect in ("sqlite", "postgres"):
        with pytest.raises(ConfigurationError):
            check_names([name], dialect=dialect)  # type: ignore[arg-type]  # the two members of a Literal


def test_names_of_our_own_are_refused(target_url: str) -> None:
    """The record's tables and the lineage column cannot be loaded over, and nothing is created by trying."""
    refused = [("t", ["_etl_run_id"]), ("_etl_runs", ["a"]), ("", ["a"]), ("x\0", ["a"]), ("t", [])]
    with open_target(target_url) as target:
        for table, columns in refused:
            load = spec(target_url).model_copy(update={"table": table})
            with pytest.raises(ConfigurationError):
                target.begin(load, shape=shape(**dict.fromkeys(columns, "text")), run_id=RUN)


def test_a_key_that_is_no_column_is_refused_with_the_nearest(target_url: str) -> None:
    """A mistyped key names the column that was meant."""
    with open_target(target_url) as target, pytest.raises(ConfigurationError, match="valid: order_id"):
        target.begin(spec(target_url, primary_key=["ordr_id"]), shape=shape(order_id="text", n="text"), run_id=RUN)


@settings(max_examples=50, deadline=None)
@given(st.text())
def test_quoting_is_undone_by_parsing(name: str) -> None:
    """A quoted name is one token, whatever it holds."""
    assert [statement for _, statement in split(f"x {quote(name)}; y")] == [f"x {quote(name)}", "y"]


SPLIT = [
    ("a; b ;; c", ["a", "b", "c"]),
    ("a 'x;''y;' ; b", ["a 'x;''y;'", "b"]),
    ("a E'x\\';y' ; b", ["a E'x\\';y'", "b"]),
    ("do $$ begin; end $$; b", ["do $$ begin; end $$", "b"]),
    ("do $x$ $$; $x$; b", ["do $x$ $$; $x$", "b"]),
    ("a /* ; /* ; */ ; */ ; b -- ; c\n; d", ["a /* ; /* ; */ ; */", "b -- ; c", "d"]),
    ("-- only a comment;\n", []),
    ("create trigger x after insert on t begin select 1; select case when 1 then 2 end; end; b",
     ["create trigger x after insert on t begin select 1; select case when 1 then 2 end; end", "b"]),
]  # fmt: skip


@pytest.mark.parametrize(("text", "statements"), SPLIT)
def test_statements_are_parted(text: str, statements: list[str]) -> None:
    """Only a semicolon outside of strings, names, comments and bodies ends a statement."""
    assert [statement for _, statement in split(text)] == statements


@pytest.mark.parametrize(
    "statement", ["COMMIT", "select 1; /* x */ rollback to x", "begin", "END", "-- x\nStart transaction"]
)
def test_sql_files_cannot_end_the_transaction(tmp_path: Path, statement: str) -> None:
    """A file that would part the load in two is refused before any of it runs."""
    path = tmp_path / "x.sql"
    path.write_text(statement)
    with pytest.raises(ConfigurationError, match="stays whole"):
        read_statements(path)


def test_a_missing_sql_file_is_named(tmp_path: Path) -> None:
    """A file that is not there is an input that is missing."""
    with pytest.raises(NoInput, match=r"gone\.sql"):
        read_statements(tmp_path / "gone.sql")
