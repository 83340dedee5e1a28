"""Edges of loading: what databases and the system may say is told as one of our errors, or passed over for a reason."""

import errno
import fcntl
import logging
import os
import re
import sqlite3
import subprocess
import sys
import threading
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pyarrow as pa
import pytest
import sqlalchemy as sa

from etl_agent.errors import (
    CannotCreate,
    CannotWrite,
    ConfigurationError,
    DatabaseUnavailable,
    DataRefused,
    Drifted,
    EtlAgentError,
    HeldByAnother,
    NoInput,
    PermissionRefused,
    TryLater,
)
from etl_agent.load import (
    file_lock,
    kept_tables,
    postgres_session,
    postgres_types,
    sqlite_turn,
    sqlite_types,
    unshared,
)
from etl_agent.load.edge import mapped, translated
from etl_agent.load.file_lock import held
from etl_agent.load.history import PREFIX
from etl_agent.load.modes import append_unmatched
from etl_agent.load.sql_files import read_statements, split
from etl_agent.load.sqlite_turn import Turn
from etl_agent.load.target import open_target
from etl_agent.load.unmaking import unmake
from etl_agent.load.url import parse_url
from etl_agent.shape import parse_type
from tests.load.targets import RUN, batch, load_rows, query, shape, spec

PAIR = shape(k="text", v="text")
PLACE = parse_url("postgresql://me:hush@db.example/x")

# What databases say


def sqlite_error(name, kind=sqlite3.OperationalError):
    """Make an error of SQLite, as its driver names it."""
    error = kind("words")
    error.sqlite_errorname = name
    return error


@pytest.mark.parametrize(
    ("error", "kind", "said"),
    [
        (sqlite_error("SQLITE_AUTH"), PermissionRefused, "the database refuses access (words)"),
        (sqlite_error("SQLITE_BUSY"), TryLater, "another process holds the database file"),
        (sqlite_error("SQLITE_BUSY_SNAPSHOT"), TryLater, "another process holds the database file"),
        (sqlite_error("SQLITE_CANTOPEN_ISDIR"), CannotCreate, "the database file cannot be opened or created (words)"),
        (
            sqlite_error("SQLITE_CONSTRAINT_CHECK", sqlite3.IntegrityError),
            DataRefused,
            "the table refuses a row (words)",
        ),
        (sqlite_error("SQLITE_FULL"), CannotWrite, "the disk is full (words)"),
        (sqlite_error("SQLITE_IOERR_FSYNC"), CannotWrite, "reading or writing the database file failed (words)"),
        (sqlite_error("SQLITE_CORRUPT"), DatabaseUnavailable, "the database file is damaged (words)"),
        (sqlite_error("SQLITE_INTERRUPT"), TryLater, "the statement was broken off"),
        (sqlite_error("SQLITE_NOTADB"), ConfigurationError, "the target file is not an SQLite database (words)"),
        (
            sqlite_error("SQLITE_READONLY_ROLLBACK"),
            DatabaseUnavailable,
            "a process was killed in the middle of a commit, and the database is open to read only; the next run that "
            "writes undoes the half commit (words)",
        ),
        (sqlite_error("SQLITE_READONLY_DBMOVED"), PermissionRefused, "the database file cannot be written (words)"),
        (sqlite_error("SQLITE_FULLY"), ConfigurationError, "SQLite refuses a statement (words)"),
        (sqlite_error("SQLITE_ERROR"), ConfigurationError, "SQLite refuses a statement (words)"),
        (sqlite3.ProgrammingError("words"), ConfigurationError, "SQLite refuses a statement (words)"),
        (sqlite3.DatabaseError("words"), EtlAgentError, "SQLite failed (words)"),
    ],
)
def test_errors_of_sqlite_have_our_kinds(error, kind, said):
    """Each code has its exit code and its words; what is not known by name is told as it is."""
    ours = translated(error, location=PLACE, where="t")
    assert type(ours) is kind
    assert (ours.where, ours.what) == ("t", said)
    wrapped = translated(sa.exc.DBAPIError("SELECT", {}, error), location=PLACE)
    assert (type(wrapped), wrapped.where) == (kind, str(PLACE))


def of_module(module, message, **more):
    """Make an error that a library of this name would raise."""
    kind = type("Theirs", (Exception,), {"__module__": module})
    error = kind(message)
    for name, value in more.items():
        setattr(error, name, value)
    return error


def postgres_error(state, *, message="m", column=None, constraint=None, context=None):
    """Make an error of a server."""
    diag = SimpleNamespace(column_name=column, constraint_name=constraint, context=context, message_primary=message)
    return of_module("psycopg.errors", message, sqlstate=state, diag=diag)


COPIED = 'COPY _etl_stage, line 7, column amount: "12x"'


@pytest.mark.parametrize(
    ("error", "kind", "said"),
    [
        (postgres_error("08006"), DatabaseUnavailable, "the connection to the database failed (m, SQLSTATE 08006)"),
        (postgres_error("42501"), PermissionRefused, "the database refuses permission (m, SQLSTATE 42501)"),
        (postgres_error("42P01"), ConfigurationError, "the database refuses a statement (m, SQLSTATE 42P01)"),
        (postgres_error("40001"), TryLater, "the transaction met another one (m, SQLSTATE 40001)"),
        (postgres_error("53100"), CannotWrite, "the database's disk is full (m, SQLSTATE 53100)"),
        (postgres_error("XX000"), EtlAgentError, "the database failed (m, SQLSTATE XX000)"),
        (
            postgres_error("23505", column="id", constraint="t_pkey", message='Key "7" is there'),
            DataRefused,
            "the table refuses a row (column id, constraint t_pkey, SQLSTATE 23505)",
        ),
        (
            postgres_error("22P02", message='invalid input "12x"', context=COPIED),
            DataRefused,
            "a value does not fit its column in the table (column amount, SQLSTATE 22P02)",
        ),
        (
            postgres_error("22P02", message='invalid input "12x"'),
            DataRefused,
            'a value does not fit its column in the table (invalid input "...", SQLSTATE 22P02)',
        ),
        (
            postgres_error("42703", message='column "x" is not there', column="x"),
            ConfigurationError,
            'the database refuses a statement (column x, column "x" is not there, SQLSTATE 42703)',
        ),
        (
            of_module("psycopg", 'no  password\nsupplied for "hush"'),
            PermissionRefused,
            'no password supplied for "***"',
        ),
        (of_module("psycopg", "the server is away"), DatabaseUnavailable, "the server is away"),
    ],
)
def test_errors_of_a_server_have_our_kinds_and_show_no_cell(error, kind, said):
    """The state of the standard decides; values that a message quotes stay out of it, and so does the password."""
    ours = translated(error, location=PLACE, where="t")
    assert (type(ours), ours.what, ours.where) == (kind, said, "t")


@pytest.mark.parametrize(
    ("message", "kind", "said"),
    [
        ("x: disk is full", CannotWrite, "the disk is full"),
        ("x: disk I/O error", CannotWrite, "reading or writing the database file failed"),
        ("x: unable to open it", CannotCreate, "the database file cannot be opened or created"),
        ("x: a readonly database", PermissionRefused, "the database file cannot be written"),
        ("x: database is locked", TryLater, "another process holds the database file"),
        ("x: string or blob too big", DataRefused, "a value is too large for SQLite"),
        ("odd\nand more", CannotWrite, "writing the stage file failed (odd)"),
    ],
)
def test_errors_of_the_stage_are_known_by_their_words(message, kind, said):
    """Its driver has no codes."""
    ours = translated(of_module("adbc_driver_manager", message), location=PLACE)
    assert (type(ours), ours.what) == (kind, said)


def test_errors_of_nobody_are_not_ours():
    """What no database said is a bug, and stays what it is; SQLAlchemy's own failures are of the connection."""
    assert translated(ValueError("x"), location=PLACE) is None
    with pytest.raises(ValueError, match=r"^x$"), mapped(PLACE):
        raise ValueError("x")
    ours = translated(sa.exc.TimeoutError("no connection\nmore"), location=PLACE)
    assert (type(ours), ours.what) == (DatabaseUnavailable, "no connection")
    mine = NoInput("mine")
    with pytest.raises(NoInput) as kept, mapped(PLACE):
        raise mine
    assert kept.value is mine


@pytest.mark.parametrize(
    ("error", "kind", "said"),
    [
        (PermissionError(errno.EACCES, "Permission denied", "f"), PermissionRefused, "Permission denied"),
        (FileNotFoundError(errno.ENOENT, "No such file", "f"), CannotCreate, "No such file: f"),
        (NotADirectoryError(errno.ENOTDIR, "Not a directory", "f"), CannotCreate, "Not a directory: f"),
        (OSError(errno.ENOSPC, "No space left on device"), CannotWrite, "No space left on device"),
        (OSError(), CannotWrite, "OSError"),
    ],
)
def test_errors_of_the_file_system_have_our_kinds(error, kind, said):
    """The place is what was being done, or the target."""
    with pytest.raises(kind) as ours, mapped(PLACE, where="t"):
        raise error
    assert (type(ours.value), ours.value.what, ours.value.where) == (kind, said, "t")
    with pytest.raises(kind) as ours, mapped(PLACE):
        raise error
    assert ours.value.where == str(PLACE)
    assert "hush" not in str(ours.value)


# Locks


def test_a_lock_names_its_holder_and_goes_with_it(tmp_path):
    """Who comes second is told who is first; afterwards there is no file."""
    path = tmp_path / "t.lock"
    with held(path, what="table t", wait=0):
        with pytest.raises(HeldByAnother) as refused, held(path, what="table t", wait=0):
            pass
        assert refused.value.what.startswith(f"another run holds table t: process {os.getpid()} on ")
        assert " since 20" in refused.value.what
        assert refused.value.next_command == "repeat with --wait 5m"
    assert not path.exists()


def test_a_lock_is_waited_for(tmp_path, monkeypatch):
    """Who waits gets it as soon as it is free, and not before."""
    path = tmp_path / "t.lock"
    monkeypatch.setattr(file_lock, "_POLL", 0.01)
    first = held(path, what="t", wait=0)
    first.__enter__()
    threading.Timer(0.05, first.__exit__, (None, None, None)).start()
    with held(path, what="t", wait=10):
        assert path.exists()


def test_a_lock_whose_file_was_removed_meanwhile_is_no_lock(tmp_path, monkeypatch):
    """The file that was locked must be the one that others find."""
    path, seen = tmp_path / "t.lock", []
    lock = fcntl.flock

    def late(handle, kind):
        if not seen:  # between open and lock its holder removed it, and another made a new one
            seen.append(handle)
            path.unlink()
            path.touch()
        lock(handle, kind)

    monkeypatch.setattr(file_lock.fcntl, "flock", late)
    monkeypatch.setattr(file_lock, "_POLL", 0)
    with held(path, what="t", wait=10):
        assert seen
        assert path.read_text().startswith("process ")


def test_a_file_system_without_locks_is_told(tmp_path, monkeypatch):
    """A lock that cannot be had is no lock, and the file is closed again."""

    def refuse(handle, _):
        handles.append(handle)
        raise OSError(errno.ENOLCK, "No locks available")

    handles = []
    monkeypatch.setattr(file_lock.fcntl, "flock", refuse)
    with pytest.raises(OSError, match="No locks available"), held(tmp_path / "t.lock", what="t", wait=0):
        pass
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(handles[0])


def test_a_holder_without_a_name_is_told_as_such(tmp_path):
    """A note that is gone or empty names nobody; control characters are never shown."""
    assert file_lock._note(tmp_path / "none") == "a process that left no name"
    (tmp_path / "note").write_bytes(b"\x1b[31mprocess 1\n" + b"x" * 400)
    assert file_lock._note(tmp_path / "note") == "[31mprocess 1" + "x" * 285


# A turn on an SQLite file


def busy(tmp_path):
    """Open a database that another process could hold."""
    return sa.create_engine(f"sqlite:///{tmp_path / 'x.db'}", connect_args={"timeout": 0}).connect()


def test_a_turn_is_waited_for_and_then_refused(tmp_path, monkeypatch):
    """Past the wait the holder is named."""
    monkeypatch.setattr(sqlite_turn, "LEAST", 0.02)
    monkeypatch.setattr(sqlite_turn, "_holders", lambda path: iter([(1, "a"), (2, "b"), (3, "c"), (4, "d")]))
    with busy(tmp_path) as first, busy(tmp_path) as second:
        Turn(tmp_path / "x.db").run(first, "BEGIN IMMEDIATE")
        with pytest.raises(TryLater) as refused:
            Turn(tmp_path / "x.db").run(second, "BEGIN IMMEDIATE")
    assert refused.value.what == "process 1 (a) and process 2 (b) and process 3 (c) holds the database file"
    assert refused.value.where == str(tmp_path / "x.db")


def test_a_turn_whose_holder_cannot_be_named_is_refused_all_the_same(tmp_path, monkeypatch):
    """The kernel need not list who it is."""
    monkeypatch.setattr(sqlite_turn, "_holders", lambda path: iter([]))
    assert Turn(tmp_path / "x.db")._holder() == "another process"


def test_what_is_no_matter_of_turns_is_not_waited_for(tmp_path):
    """A statement that fails for another reason fails at once."""
    with busy(tmp_path) as connection, pytest.raises(sa.exc.OperationalError, match="syntax error"):
        Turn(tmp_path / "x.db").run(connection, "BEGIN NONSENSE")


def test_holders_are_those_that_the_kernel_lists(tmp_path):
    """Another process with a transaction on the file is found with its name; we ourselves are not."""
    path = tmp_path / "x.db"
    sqlite3.connect(path).execute("CREATE TABLE t (a)").connection.close()
    script = (
        "import sqlite3, sys\n"
        "connection = sqlite3.connect(sys.argv[1], isolation_level=None)\n"
        "connection.execute('BEGIN IMMEDIATE'); print('held', flush=True); sys.stdin.read()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as other:
        assert other.stdout.readline() == b"held\n"
        found = dict(sqlite_turn._holders(path))
        name = Path(f"/proc/{other.pid}/comm").read_text().strip()
        other.stdin.close()
    assert found == {other.pid: name}
    assert list(sqlite_turn._holders(path)) == []


def test_a_system_that_lists_no_locks_names_nobody(tmp_path, monkeypatch):
    """Nothing is guessed."""

    def refuse(*_, **__):
        raise OSError

    monkeypatch.setattr(Path, "read_text", refuse)
    assert list(sqlite_turn._holders(tmp_path / "none.db")) == []
    assert sqlite_turn._name(1) == "unknown"


def test_the_name_of_a_process_is_shown_safely(monkeypatch):
    """A process may call itself anything."""
    monkeypatch.setattr(Path, "read_text", lambda self: "a\x1b[31m\n")
    assert sqlite_turn._name(1) == "'a\\x1b[31m'"


# Types and files


@pytest.mark.parametrize(
    ("declared", "affinity"),
    [
        ("", "BLOB"),
        ("blob", "BLOB"),
        ("any", "NUMERIC"),
        ("BIGINT", "INTEGER"),
        ("POINT", "INTEGER"),
        ("VARCHAR(10)", "TEXT"),
        ("CLOB", "TEXT"),
        ("text", "TEXT"),
        ("REAL", "REAL"),
        ("FLOAT", "REAL"),
        ("DOUBLE PRECISION", "REAL"),
        ("NUMERIC(10,2)", "NUMERIC"),
        ("DATE", "NUMERIC"),
        ("BOOLEAN", "NUMERIC"),
    ],
)
def test_the_affinity_of_a_declared_type_is_sqlites(declared, affinity):
    """It decides what SQLite makes of a value: SQLite itself says the same."""
    assert sqlite_types.affinity(declared) == affinity
    with sqlite3.connect(":memory:") as connection:
        connection.execute(f"CREATE TABLE t (a {declared})")
        connection.execute("INSERT INTO t VALUES ('1.0')")
        (kind,) = connection.execute("SELECT typeof(a) FROM t").fetchone()
    assert kind == {"INTEGER": "integer", "NUMERIC": "integer", "REAL": "real"}.get(affinity, "text")


@pytest.mark.parametrize(
    ("declared", "kind", "accepted"),
    [
        ("DATE", "date", True),
        ("NUMERIC", "text", False),
        ("NUMERIC", "integer", True),
        ("", "decimal(30,2)", True),
        ("TEXT", "integer", False),
        ("INTEGER", "text", False),
        ("REAL", "decimal(10,2)", True),
        ("REAL", "integer", False),
        ("INTEGER", "date", False),
    ],
)
def test_a_column_is_accepted_where_it_keeps_its_values(declared, kind, accepted):
    """Text in a numeric column would lose its zeros, and so on: refused before a row is written."""
    assert sqlite_types.accepts(declared, parse_type(kind)) is accepted


@pytest.mark.parametrize(
    ("written", "kind", "accepted"),
    [
        ("numeric", "decimal(38,10)", True),
        ("numeric", "integer", True),
        ("numeric", "text", False),
        ("numeric(10,2)", "decimal(10,2)", True),
        ("numeric(10,2)", "decimal(10,3)", False),
        ("numeric(10,2)", "decimal(9,1)", True),
        ("numeric(10,2)", "decimal(10,1)", False),
        ("numeric(19,0)", "integer", True),
        ("numeric(18,0)", "integer", False),
        ("numeric(10,2)", "date", False),
        ("text", "text", True),
        ("text", "integer", False),
        ("bigint", "integer", True),
        ("uuid", "text", True),
        ("uuid", "integer", False),
    ],
)
def test_a_servers_column_is_accepted_where_it_keeps_its_values(written, kind, accepted):
    """Digits before and behind the point count apart; a type of the server's own takes text."""
    assert postgres_types.accepts(written, parse_type(kind)) is accepted


def test_an_sql_file_is_utf8_text(tmp_path):
    """Other bytes would be guessed, and statements are never guessed."""
    path = tmp_path / "a.sql"
    path.write_bytes(b"SELECT '\xff'")
    with pytest.raises(ConfigurationError) as refused:
        read_statements(path)
    assert (refused.value.what, refused.value.where) == ("the SQL file is not UTF-8 text", str(path))
    with pytest.raises(NoInput) as missing:
        read_statements(tmp_path / "none.sql")
    assert missing.value.what == "the SQL file cannot be read: No such file or directory"


def test_text_of_blanks_holds_no_statement():
    """Neither do comments and lone semicolons."""
    assert list(split("")) == []
    assert list(split("  ; -- x\n ; /* y */")) == []


# A load


def begun(target, url, **options):
    """Begin a load into table t."""
    return target.begin(spec(url, **options), shape=PAIR, run_id=RUN)


def test_a_load_is_used_in_its_order(sqlite_url):
    """Stage, drop, apply, commit: what comes too late is a bug that is told."""
    with open_target(sqlite_url) as target, begun(target, sqlite_url) as tx:
        with pytest.raises(EtlAgentError, match="the load is not applied yet"):
            tx.kept()
        tx.stage(batch(PAIR, [("a", "1")]))
        tx.stage(batch(PAIR, []))
        tx.drop(np.array([], np.int64))
        with pytest.raises(EtlAgentError, match="the staging is over"):
            tx.stage(batch(PAIR, [("b", "2")], start=1))
        assert tx.apply().inserted == 1
        with pytest.raises(EtlAgentError, match="the load is applied already"):
            tx.apply()
        with pytest.raises(EtlAgentError, match="the load is applied: too late to drop rows"):
            tx.drop(np.array([0], np.int64))
        tx.commit()
        with pytest.raises(EtlAgentError, match="the transaction is over"):
            tx.commit()
    assert query(sqlite_url, "SELECT k, v FROM t") == [("a", "1")]


def test_a_null_key_never_reaches_a_table(sqlite_url):
    """The contract's work was not done, and nothing is loaded."""
    with (
        open_target(sqlite_url) as target,
        pytest.raises(EtlAgentError, match="a null in the key column 'k' reached the load"),
        begun(target, sqlite_url, write_disposition="merge", primary_key=["k"]) as tx,
    ):
        tx.stage(batch(PAIR, [(None, "1")]))
    assert query(sqlite_url, "SELECT name FROM sqlite_master WHERE name = 't'") == []


def test_conflicts_of_an_append_are_matched_once(sqlite_url):
    """Asked again, the load knows its answer."""
    with open_target(sqlite_url) as target:
        options = {"write_disposition": "append", "primary_key": ["k"]}
        load_rows(target, spec(sqlite_url, **options), PAIR, [("a", "1"), ("b", "1")])
        with begun(target, sqlite_url, **options) as tx:
            tx.stage(batch(PAIR, [("a", "2"), ("b", "1"), ("c", "1")]))
            assert [rows.tolist() for rows in tx.conflicts()] == [[0]]
            assert [rows.tolist() for rows in tx.conflicts()] == [[0]]
            tx.drop(np.array([0], np.int64))
            counts = tx.apply()
            tx.commit()
    assert (counts.inserted, counts.deduplicated, counts.dropped) == (1, 1, 1)


def test_an_append_without_a_key_has_no_conflicts(sqlite_url):
    """There is nothing to compare."""
    with open_target(sqlite_url) as target, begun(target, sqlite_url) as tx:
        tx.stage(batch(PAIR, [("a", "1")]))
        assert list(tx.conflicts()) == []


def test_a_conflict_that_was_not_dropped_is_a_loud_bug():
    """Every staged row is inserted or the same as one that is there."""
    database = SimpleNamespace(ask=lambda query: 1, run=lambda statement: 1)
    sql = SimpleNamespace(count_same=lambda matched: "", insert_unmatched=lambda matched: "")
    counts = append_unmatched(database, sql=sql, matched="m", kept=2)
    assert (counts.inserted, counts.deduplicated) == (1, 1)
    with pytest.raises(EtlAgentError, match=r"^1 staged rows conflict with the table and were not dropped$"):
        append_unmatched(database, sql=sql, matched="m", kept=3)


def test_a_replace_of_a_table_that_keeps_no_key_unique_looks_first(sqlite_url):
    """Rows that cannot be told apart by the key are refused; others are compared one by one."""
    with open_target(sqlite_url) as target:
        load_rows(target, spec(sqlite_url), PAIR, [("a", "1"), ("b", "1"), ("c", "1")])
        replace = spec(sqlite_url, write_disposition="replace", primary_key=["k"])
        counts = load_rows(target, replace, PAIR, [("a", "1"), ("b", "2"), ("d", "1")])
        assert (counts.inserted, counts.updated, counts.unchanged, counts.deleted) == (1, 1, 1, 1)
        assert query(sqlite_url, "SELECT k, v FROM t ORDER BY k") == [("a", "1"), ("b", "2"), ("d", "1")]
        load_rows(target, spec(sqlite_url), PAIR, [("a", "9")])
        with pytest.raises(DataRefused, match="the table holds a key more than once"):
            load_rows(target, replace, PAIR, [("a", "1")])


def test_a_column_that_the_database_computes_takes_no_value(sqlite_url):
    """It is told before a row is written."""
    query(sqlite_url, "CREATE TABLE t (k TEXT, v TEXT GENERATED ALWAYS AS (k) STORED)")
    with open_target(sqlite_url) as target, pytest.raises(Drifted) as refused:
        load_rows(target, spec(sqlite_url), PAIR, [("a", "1")])
    assert "column 'v' is computed by the database" in refused.value.what
    assert [(unfit.column, unfit.what, unfit.of) for unfit in refused.value.unfit] == [("v", "extra", "table")]


@pytest.mark.skipif(sqlite3.sqlite_version_info < (3, 37), reason="this SQLite has no STRICT tables")
def test_a_column_of_any_type_keeps_text_only_in_a_strict_table(sqlite_url):
    """Elsewhere SQLite makes the number 123 of the text 00123: that is refused before a row is written."""
    query(sqlite_url, "CREATE TABLE t (k ANY, v TEXT) STRICT")
    query(sqlite_url, "CREATE TABLE u (k ANY, v TEXT)")
    with open_target(sqlite_url) as target:
        load_rows(target, spec(sqlite_url), PAIR, [("00123", "1")])
        with pytest.raises(Drifted, match="column 'k' is ANY in the table and text in the data"):
            load_rows(target, spec(sqlite_url, table="u"), PAIR, [("00123", "1")])
    assert query(sqlite_url, "SELECT k FROM t") == [("00123",)]


def test_an_index_takes_a_name_that_is_free(sqlite_url):
    """Names of indexes are of the whole database."""
    query(sqlite_url, "CREATE TABLE T_K_IDX (a)")
    query(sqlite_url, "CREATE TABLE t_k_idx1 (a)")
    with open_target(sqlite_url) as target:
        load_rows(target, spec(sqlite_url, indexes=[["k"]]), PAIR, [("a", "1")])
    assert query(sqlite_url, "SELECT name FROM sqlite_master WHERE type = 'index' AND tbl_name = 't'") == [
        ("t_k_idx2",)
    ]


def test_sqlite_has_no_schemas(sqlite_url):
    """But for the one that every database has."""
    with open_target(sqlite_url) as target:
        assert target.table_facts("t", schema="main") is None
        with pytest.raises(ConfigurationError, match="SQLite has no schemas: leave schema out"):
            target.table_facts("t", schema="other")


def test_a_connection_that_cannot_even_roll_back_is_thrown_away(sqlite_url):
    """Whatever the driver says, nothing of the load stays."""
    with open_target(sqlite_url) as target, pytest.raises(RuntimeError), begun(target, sqlite_url) as tx:
        tx.stage(batch(PAIR, [("a", "1")]))
        tx.apply()
        tx.connection.rollback = lambda: 1 / 0
        raise RuntimeError
    assert query(sqlite_url, "SELECT name FROM sqlite_master WHERE name = 't'") == []


def test_a_driver_may_be_named_in_a_url(tmp_path):
    """The kind of database decides; the driver is ours."""
    assert str(parse_url("sqlite+pysqlite:///x.db")) == str(parse_url("sqlite:///x.db"))
    assert parse_url(f"sqlite:///{tmp_path}/x.db").engine_url.drivername == "sqlite+pysqlite"
    assert parse_url("postgres://h/d").engine_url.drivername == "postgresql+psycopg"


def test_a_password_that_could_be_an_option_is_refused():
    """Shown wrongly it would be no secret."""
    with pytest.raises(ConfigurationError) as refused:
        parse_url("postgresql://me:pa/ss?w@rd@host/d".replace("@rd@host/d", "ord@host/d"))
    assert "the password of the target cannot be told from its options" in refused.value.what
    assert "pa" + "/ss" not in str(refused.value)


def test_a_key_that_nothing_keeps_unique_is_looked_at_before_an_append(sqlite_url):
    """A table that holds it twice cannot say which row is the same."""
    with open_target(sqlite_url) as target:
        load_rows(target, spec(sqlite_url), PAIR, [("a", "1"), ("b", "1")])
        keyed = spec(sqlite_url, primary_key=["k"])
        counts = load_rows(target, keyed, PAIR, [("a", "1"), ("c", "1")])
        assert (counts.inserted, counts.deduplicated) == (1, 1)
        load_rows(target, spec(sqlite_url), PAIR, [("a", "2")])
        with pytest.raises(DataRefused, match="the table holds a key more than once"):
            load_rows(target, keyed, PAIR, [("z", "1")])


def test_dropping_before_anything_is_staged_drops_nothing(sqlite_url):
    """There is no stage yet."""
    empty = {"write_disposition": "replace", "allow_empty": True}
    with open_target(sqlite_url) as target, begun(target, sqlite_url, **empty) as tx:
        tx.drop(np.array([3], np.int64))
        counts = tx.apply()
        tx.commit()
    assert (counts.staged, counts.dropped) == (0, 0)


SNAPSHOT = {"write_disposition": "merge", "primary_key": ["k"], "absent": "delete"}


def test_rows_that_are_dropped_within_the_transaction_are_not_absent(sqlite_url):
    """Their keys were in the files, so the rows of the table that have them stay."""
    with open_target(sqlite_url) as target:
        load_rows(target, spec(sqlite_url), PAIR, [("a", "1"), ("b", "1"), ("c", "1")])
        with begun(target, sqlite_url, **SNAPSHOT) as tx:
            tx.stage(batch(PAIR, [("a", "2"), ("b", "2")]))
            with tx.unlocked() as connection:
                assert connection is not None
            assert tx.connection is not None  # the transaction begins
            with tx.unlocked() as connection:
                assert connection is None
            tx.drop(np.array([1], np.int64))
            counts = tx.apply()
            tx.commit()
    assert (counts.updated, counts.deleted, counts.dropped) == (1, 1, 1)
    assert query(sqlite_url, "SELECT k, v FROM t ORDER BY k") == [("a", "2"), ("b", "1")]


def test_versions_that_a_snapshot_lacks_are_closed_without_a_history_too(target_url):
    """What is closed stays in the table itself."""
    versions = {**SNAPSHOT, "strategy": "scd2", "absent": "close", "history": "none"}
    with open_target(target_url) as target:
        load_rows(target, spec(target_url, **versions), PAIR, [("a", "1"), ("b", "1")])
        counts = load_rows(target, spec(target_url, **versions), PAIR, [("a", "1")])
    assert (counts.inserted, counts.deleted, counts.unchanged) == (0, 1, 1)
    assert query(target_url, "SELECT k FROM t WHERE valid_to IS NULL") == [("a",)]


def test_versions_that_a_snapshot_lacks_are_kept_as_they_were(target_url):
    """With a history an undo can open again what a snapshot closed."""
    versions = {**SNAPSHOT, "strategy": "scd2", "absent": "close", "lineage": "run_id"}
    with open_target(target_url) as target:
        load_rows(target, spec(target_url, **versions), PAIR, [("a", "1"), ("b", "1")])
        counts = load_rows(target, spec(target_url, **versions), PAIR, [("a", "1")], run_id=RUN + 1)
    assert (counts.inserted, counts.deleted, counts.unchanged) == (0, 1, 1)
    assert query(target_url, "SELECT k FROM t WHERE valid_to IS NULL") == [("a",)]


@pytest.mark.parametrize("recovers", [True, False])
def test_a_half_commit_is_undone_by_who_may_write(sqlite_url, monkeypatch, recovers):
    """A reader that meets one lets a connection that may write look first, where it is allowed to."""
    query(sqlite_url, "CREATE TABLE t (k TEXT)")
    run, met = Turn.run, []

    def first_time(self, connection, statement, parameters=()):
        if not met:
            met.append(statement)
            raise sa.exc.DBAPIError(statement, {}, sqlite_error("SQLITE_READONLY_ROLLBACK"))
        run(self, connection, statement, parameters)

    monkeypatch.setattr(Turn, "run", first_time)
    with open_target(sqlite_url, read_only=True) as target:
        target._recovers = recovers
        if recovers:
            assert target.table_facts("t") is not None
        else:
            with pytest.raises(DatabaseUnavailable, match="a process was killed in the middle of a commit"):
                target.table_facts("t")
    assert len(met) == 1


def test_a_target_whose_variable_is_not_set_is_shown_as_it_is_written():
    """Without what could be a password in it."""
    unset = spec("postgresql://me:hush@${NO_SUCH_HOST_OF_TEST}/x")
    assert "hush" not in unset.shown
    assert "NO_SUCH_HOST_OF_TEST" in unset.shown


def test_a_forked_child_lets_go_of_what_locks_hang_on(tmp_path, monkeypatch):
    """The handle stays open and is of nothing; one that is closed already is no error."""
    (tmp_path / "lock").write_text("held")
    handle = os.open(tmp_path / "lock", os.O_RDONLY)
    closed = os.dup(handle)
    os.close(closed)
    handles = {handle, closed}
    monkeypatch.setattr(unshared, "_handles", handles)
    unshared._let_go()
    assert os.read(handle, 4) == b""
    assert handles == set()
    os.close(handle)


def test_a_table_of_kept_rows_that_goes_meanwhile_is_not_listed(monkeypatch):
    """Another prune may drop it between two looks; one without the columns is somebody else's."""
    columns = {"a" * 12: None, "b" * 12: ("_etl_changed_by", "_etl_change", "x"), "c" * 12: ("x",)}
    names = {f"{PREFIX}{name}": listed for name, listed in columns.items()}
    every = re.compile("|".join(names))
    monkeypatch.setattr(kept_tables, "_NAME", every)

    def get_columns(name, schema):
        if names[name] is None:
            raise sa.exc.NoSuchTableError(name)
        return [{"name": column} for column in names[name]]

    inspector = SimpleNamespace(get_table_names=lambda schema: [*names, "other"], get_columns=get_columns)
    monkeypatch.setattr(sa, "inspect", lambda connection: inspector)
    (found,) = kept_tables.list_kept(None, schema="s")
    assert (found.name, found.schema, list(found.c.keys())) == (f"{PREFIX}{'b' * 12}", "s", list(columns["b" * 12][:2]))


# A Postgres server


def test_a_lock_of_a_server_is_waited_for(postgres_url, monkeypatch):
    """Who waits gets it when the first one is done."""
    monkeypatch.setattr("etl_agent.load.postgres._POLL", 0.01)
    with open_target(postgres_url) as first, open_target(postgres_url) as second:
        lock = first.lock("t")
        lock.__enter__()
        threading.Timer(0.1, lock.__exit__, (None, None, None)).start()
        with second.lock("t", wait=10):
            pass


def test_a_connection_needs_a_schema_to_make_tables_in(postgres_url):
    """Where the server gives none, the pipeline must name one."""
    role = sa.create_engine(postgres_url)
    with role.connect() as connection:
        name = connection.exec_driver_sql("SELECT current_database()").scalar()
        connection.exec_driver_sql(f'ALTER DATABASE "{name}" SET search_path = nowhere')
        connection.commit()
    role.dispose()
    with open_target(postgres_url) as target, pytest.raises(ConfigurationError) as refused:
        target.table_facts("t")
    assert refused.value.what == "the connection has no schema to make tables in; name one: schema: public"


def test_a_lock_goes_with_its_session(postgres_url):
    """A connection that is closed within a lock holds it no more, and there is nothing to free."""
    with open_target(postgres_url) as first, open_target(postgres_url) as second:
        with first.lock("t"):
            first.close()
        with second.lock("t"):
            pass


def test_nobody_hears_what_the_driver_says_of_a_broken_connection(postgres_url, monkeypatch):
    """It raises what it says; without a handler Python would write it to stderr as well."""
    told = logging.getLogger("psycopg")
    before = list(told.handlers)
    monkeypatch.setattr(logging.Logger, "hasHandlers", lambda self: False)
    with open_target(postgres_url) as target, target.reading():
        added = [handler for handler in told.handlers if handler not in before]
        assert [type(handler) for handler in added] == [logging.NullHandler]
    for handler in added:
        told.removeHandler(handler)


def test_a_key_that_the_table_cannot_hold_is_not_retained(postgres_url):
    """Then it is not known which row it may mean; what came before it stays retained."""
    query(postgres_url, "CREATE TABLE t (k uuid PRIMARY KEY, v text)")
    known = "a" * 8 + "-" + "-".join(["a" * 4] * 3) + "-" + "a" * 12
    with open_target(postgres_url) as target, begun(target, postgres_url, **SNAPSHOT) as tx:
        keys = [pa.record_batch({"k": pa.array([key])}) for key in (known, "no uuid")]
        assert tx.retain(keys[0], np.array([5], np.int64))
        assert not tx.retain(keys[1], np.array([6], np.int64))
        with tx.unlocked() as connection:
            assert connection is None or connection.exec_driver_sql("SELECT 1").scalar() == 1


def test_dropping_from_an_empty_stage_drops_nothing(postgres_url):
    """No row was staged, so there is no stage."""
    with (
        open_target(postgres_url) as target,
        begun(target, postgres_url, allow_empty=True, write_disposition="replace") as tx,
    ):
        tx.drop(np.array([3], np.int64))
        counts = tx.apply()
        tx.commit()
    assert (counts.staged, counts.dropped) == (0, 0)


class Answers:
    """A connection that answers as a server would."""

    def __init__(self, *row, error=None):
        self.row, self.error, self.said = row, error, []

    def exec_driver_sql(self, *_, **__):
        if self.error is not None:
            raise self.error
        return SimpleNamespace(one=lambda: self.row)

    def commit(self):
        self.said.append("commit")

    def rollback(self):
        self.said.append("rollback")


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ((True, True), "the server is a standby, which is read-only"),
        ((False, True), "the database is read-only"),
    ],
)
def test_a_server_that_writes_nothing_is_refused(row, said):
    """Before a file is read for it."""
    with pytest.raises(PermissionRefused, match=said) as refused:
        postgres_session.refuse_read_only(Answers(*row), location=PLACE)
    assert refused.value.where == str(PLACE)
    postgres_session.refuse_read_only(Answers(False, False), location=PLACE)


def test_wishes_that_a_server_does_not_know_are_let_go():
    """Only a connection that is lost is an error."""
    unknown = Answers(error=sa.exc.DBAPIError("SET", {}, Exception("unknown")))
    postgres_session._wish(unknown)
    assert unknown.said == ["rollback"]
    lost = Answers(error=sa.exc.DBAPIError("SET", {}, Exception("gone"), connection_invalidated=True))
    with pytest.raises(sa.exc.DBAPIError):
        postgres_session._wish(lost)
    assert lost.said == []
    heard = Answers()
    postgres_session._wish(heard)
    assert heard.said == ["commit"]


def test_only_a_statement_that_runs_is_broken_off():
    """And a server that is gone meanwhile is no error."""
    from psycopg.pq import TransactionStatus

    asked = []

    def cancel(**options):
        asked.append(options["timeout"])
        raise OSError

    driver = SimpleNamespace(pgconn=SimpleNamespace(transaction_status=TransactionStatus.IDLE), cancel_safe=cancel)
    postgres_session._cancel(driver)
    assert asked == []
    driver.pgconn.transaction_status = TransactionStatus.ACTIVE
    postgres_session._cancel(driver)
    assert len(asked) == 1


# What an undo takes away


class Refusing:
    """A transaction in which a table cannot be changed."""

    connection = None

    def __init__(self, code):
        self.code, self.said = code, []

    def ask(self, query):
        return None

    def run(self, statement):
        self.said.append(statement)
        if statement.startswith(("ALTER", "DROP")):
            raise sa.exc.DBAPIError(statement, {}, sqlite_error(self.code))


def test_a_column_that_others_use_stays_and_is_told():
    """What the database does not allow is taken back to where it was, and the rest goes on."""
    record = Refusing("SQLITE_ERROR")
    unmade = unmake(record, "t", built=None, added=("a",), schema="main", dialect="sqlite")
    assert (unmade.table, unmade.columns) == (False, ())
    assert unmade.left == ("column a stays, empty, since others depend on it or use it",)
    assert record.said == [
        "SAVEPOINT etl_unmake",
        'ALTER TABLE "main"."t" DROP COLUMN "a"',
        "ROLLBACK TO SAVEPOINT etl_unmake",
    ]


def test_a_column_that_cannot_be_dropped_for_another_reason_is_an_error():
    """A full disk is not told as a column in use."""
    with pytest.raises(sa.exc.DBAPIError):
        unmake(Refusing("SQLITE_FULL"), "t", built=None, added=("a",), schema="main", dialect="sqlite")
