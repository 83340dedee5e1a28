"""Opening a target: locks, dry runs, the record's tables, and the errors of the databases."""

from __future__ import annotations

import contextlib
import os
import signal
import sqlite3
import subprocess
import sys
import threading
from pathlib import Path

import psycopg
import pytest
import sqlalchemy as sa

from etl_agent.errors import (
    CannotCreate,
    ConfigurationError,
    DatabaseUnavailable,
    DataRefused,
    EtlAgentError,
    PermissionRefused,
    TryLater,
)
from etl_agent.load.ledger_tables import VERSION
from etl_agent.load.target import open_target
from tests.load.targets import RUN, batch, kind, load_rows, plain, query, shape, spec

PAIR = shape(k="text", v="text")
REPOSITORY = Path(__file__).parents[2]


def test_two_runs_cannot_hold_one_table(target_url: str) -> None:
    """The second run is told who holds the table; another table is free, and so is the first one afterwards."""
    with open_target(target_url) as first, open_target(target_url) as second:
        with first.lock("t"):
            with pytest.raises(TryLater, match=f"process {os.getpid()} on") as refused, second.lock("t"):
                pass
            assert refused.value.exit_code == 75
            with second.lock("u"):
                pass
        with second.lock("t", wait=5):
            pass


def test_a_killed_run_leaves_no_lock(target_url: str) -> None:
    """The lock of a process that was killed is free, and its stage files are swept by the next holder."""
    script = (
        "import os, signal, sys\n"
        "from etl_agent.load.target import open_target\n"
        "from tests.load.targets import batch, shape, spec\n"
        "target = open_target(sys.argv[1])\n"
        "lock = target.lock('t'); lock.__enter__()\n"
        "pair = shape(k='text', v='text')\n"
        "tx = target.begin(spec(sys.argv[1]), shape=pair, run_id=7)\n"
        "tx.stage(batch(pair, [('a', '1')]))\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    killed = subprocess.run([sys.executable, "-c", script, target_url], cwd=REPOSITORY, capture_output=True)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    with open_target(target_url) as target:
        path = target.location.path
        left = [] if path is None else [file.name for file in path.parent.glob("*.stage")]
        assert len(left) == (kind(target_url) == "sqlite")
        with target.lock("t", wait=5):
            assert path is None or not list(path.parent.glob("*.stage"))
            load_rows(target, spec(target_url), PAIR, [("b", "2")])
    assert query(target_url, "SELECT k FROM t") == [("b",)]
    assert path is None or [file.name for file in path.parent.iterdir()] == [path.name]


def test_a_dry_run_writes_nothing(target_url: str) -> None:
    """A target that is opened to read only tells what it holds, creates no file and refuses to load."""
    with open_target(target_url, read_only=True) as target:
        assert target.table_facts("t") is None
        with target.reading() as connection:
            assert (connection is None) == (kind(target_url) == "sqlite")
        with pytest.raises(PermissionRefused):
            target.begin(spec(target_url), shape=PAIR, run_id=RUN)
        assert target.location.path is None or not target.location.path.exists()
    query(target_url, "CREATE TABLE t (k text)")
    with open_target(target_url, read_only=True) as target:
        facts = target.table_facts("t", count=True)
        assert facts is not None
        assert facts.rows == 0
        with pytest.raises(EtlAgentError), target.reading() as connection:
            assert connection is not None
            connection.exec_driver_sql("INSERT INTO t VALUES ('x')")


def test_one_snapshot_for_all_that_is_read(target_url: str) -> None:
    """What is looked at while reading belongs to the same snapshot, which nothing ends before its time."""
    query(target_url, "CREATE TABLE t (k text)")
    with open_target(target_url) as target, target.reading() as connection:
        assert connection is not None
        before = connection.exec_driver_sql("SELECT count(*) FROM t").scalar()
        assert target.table_facts("t") is not None
        if kind(target_url) == "postgres":  # SQLite's writers wait for its readers, outside WAL
            query(target_url, "INSERT INTO t VALUES ('a')")
        facts = target.table_facts("t", count=True)
        assert facts is not None
        assert facts.rows == before == 0


def test_a_view_is_no_target(target_url: str) -> None:
    """Rows are loaded into tables only."""
    query(target_url, "CREATE VIEW t AS SELECT 1 AS k")
    with open_target(target_url) as target, pytest.raises(ConfigurationError, match="view"):
        target.table_facts("t")


def test_the_record_is_a_transaction_of_its_own(target_url: str) -> None:
    """A refused run writes its record without a load; its tables come with their version."""
    with open_target(target_url) as target:
        with target.record() as record:
            record.connection.execute(sa.insert(record.tables.meta).values(version=0))
        assert target.table_facts("_etl_meta") is None
        with target.record() as record:
            assert record.connection is not None
            record.commit()
    assert query(target_url, "SELECT version FROM _etl_meta") == [(VERSION,)]


def test_errors_of_the_callers_statements_are_ours_too(target_url: str) -> None:
    """A statement that the caller ran on the connection fails as one of our errors, other errors stay as they are."""
    with open_target(target_url) as target:
        with pytest.raises(DataRefused), target.record() as record:
            record.connection.execute(sa.insert(record.tables.meta).values(version=None))
        with pytest.raises(FileNotFoundError), target.record() as record:
            raise FileNotFoundError


def test_a_newer_record_is_refused(target_url: str) -> None:
    """Tables of a newer release are left alone."""
    query(target_url, "CREATE TABLE _etl_meta (version integer)")
    query(target_url, f"INSERT INTO _etl_meta VALUES ({VERSION + 1})")
    with open_target(target_url) as target, target.record() as record, pytest.raises(ConfigurationError, match="newer"):
        record.connection  # noqa: B018  the property begins the transaction


def test_new_databases_have_a_write_ahead_log(sqlite_url: str) -> None:
    """A database that we create is in WAL mode; one that was there keeps its mode."""
    with open_target(sqlite_url) as target:
        load_rows(target, spec(sqlite_url), PAIR, [("a", "1")])
    assert query(sqlite_url, "PRAGMA journal_mode") == [("wal",)]
    other = sqlite_url.replace("target.db", "other.db")
    query(other, "CREATE TABLE x (y)")
    with open_target(other) as target:
        load_rows(target, spec(other), PAIR, [("a", "1")])
    assert query(other, "PRAGMA journal_mode") == [("delete",)]


def test_a_locked_database_says_try_later(sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another writer's transaction that does not end is an error to repeat later, with nothing written."""
    monkeypatch.setattr("etl_agent.load.sqlite_turn.LEAST", 0.05)
    query(sqlite_url, "CREATE TABLE t (k text, v text)")
    other = sqlite3.connect(sqlite_url.removeprefix("sqlite:///"), isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with open_target(sqlite_url) as target, pytest.raises(TryLater) as told:
        load_rows(target, spec(sqlite_url), PAIR, [("a", "1")])
    assert "process holds the database file" in str(told.value)
    other.execute("ROLLBACK")
    other.close()
    assert query(sqlite_url, "SELECT k FROM t") == []


def test_who_holds_the_database_file_is_named(sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """By its process, where the kernel lists who has locks."""
    monkeypatch.setattr("etl_agent.load.sqlite_turn.LEAST", 0.05)
    query(sqlite_url, "CREATE TABLE t (k text, v text)")
    hold = (
        "import sqlite3, sys; c = sqlite3.connect(sys.argv[1]); c.execute('BEGIN IMMEDIATE'); print(); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", hold, sqlite_url.removeprefix("sqlite:///")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as other:
        assert other.stdin is not None and other.stdout is not None
        other.stdout.readline()
        listed = f" {other.pid} " in Path("/proc/locks").read_text()
        with open_target(sqlite_url) as target, pytest.raises(TryLater) as told:
            load_rows(target, spec(sqlite_url), PAIR, [("a", "1")])
        other.stdin.close()
    assert (f"process {other.pid} (python" if listed else "another process") in told.value.what


def test_a_busy_database_is_waited_for(sqlite_url: str) -> None:
    """The load goes on as soon as the other transaction ends."""
    query(sqlite_url, "CREATE TABLE t (k text, v text)")
    other = sqlite3.connect(sqlite_url.removeprefix("sqlite:///"), isolation_level=None, check_same_thread=False)
    other.execute("BEGIN EXCLUSIVE")
    end = threading.Timer(0.2, other.execute, ["ROLLBACK"])
    end.start()
    with open_target(sqlite_url) as target:
        load_rows(target, spec(sqlite_url), PAIR, [("a", "1")])
    end.join()
    other.close()
    assert query(sqlite_url, "SELECT k FROM t") == [("a",)]


@pytest.mark.parametrize("patience", [20.0, 0.05])
def test_a_commit_waits_for_readers(sqlite_url: str, patience: float, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a write-ahead log a reader holds up the commit; one that stays too long is one to repeat later."""
    monkeypatch.setattr("etl_agent.load.sqlite_turn.LEAST", patience)
    query(sqlite_url, "CREATE TABLE t (k text, v text)")
    reader = sqlite3.connect(sqlite_url.removeprefix("sqlite:///"), isolation_level=None, check_same_thread=False)
    reader.execute("BEGIN")
    reader.execute("SELECT count(*) FROM t").fetchall()
    end = threading.Timer(0.3, reader.execute, ["COMMIT"])
    end.start()
    with open_target(sqlite_url) as target, contextlib.suppress(TryLater):
        load_rows(target, spec(sqlite_url), PAIR, [("a", "1")])
    end.join()
    reader.close()
    assert query(sqlite_url, "SELECT k FROM t") == ([("a",)] if patience > 1 else [])


def test_files_that_cannot_be_a_database(tmp_path: Path) -> None:
    """A missing folder and a file of another kind are told apart."""
    missing = f"sqlite:///{tmp_path}/no/a.db"
    with open_target(missing) as target, pytest.raises(CannotCreate, match="does not exist"):
        target.begin(spec(missing), shape=PAIR, run_id=RUN)
    (tmp_path / "a.db").write_text("no database at all, but long enough to look at " * 30)
    with open_target(f"sqlite:///{tmp_path}/a.db") as target, pytest.raises(ConfigurationError, match="not an SQLite"):
        target.table_facts("t")


@pytest.mark.postgres
def test_a_server_that_is_not_there(tmp_path: Path, postgres_url: str) -> None:
    """A server that does not answer, and a database that does not exist, are unavailable."""
    with open_target(f"postgresql://u@/d?host={tmp_path}") as target, pytest.raises(DatabaseUnavailable):
        target.table_facts("t")
    name = postgres_url.partition("?")[0].rpartition("/")[2]
    with open_target(postgres_url.replace(name, "nowhere")) as target, pytest.raises(DatabaseUnavailable):
        target.table_facts("t")


@pytest.mark.postgres
def test_permission_is_told_apart(postgres_url: str) -> None:
    """A role that may not write is refused with the exit code of permissions."""
    query(postgres_url, "CREATE TABLE t (k text, v text)")
    with psycopg.connect(plain(postgres_url), autocommit=True) as admin:
        role = "r" + plain(postgres_url).partition("?")[0].rpartition("/")[2]
        admin.execute(f'CREATE ROLE "{role}" LOGIN'.encode())
        try:
            limited = postgres_url.replace("://postgres@", f"://{role}@")
            with open_target(limited) as target, pytest.raises(PermissionRefused):
                load_rows(target, spec(limited), PAIR, [("a", "1")], direct=True)
        finally:
            admin.execute(f'DROP ROLE "{role}"'.encode())


@pytest.mark.postgres
def test_a_refused_value_is_not_repeated(postgres_url: str) -> None:
    """A value that does not fit names its column, never its text."""
    query(postgres_url, "CREATE TABLE t (k varchar(5), v text)")
    with open_target(postgres_url) as target, pytest.raises(DataRefused) as refused:
        load_rows(target, spec(postgres_url), PAIR, [("top secret", "1")], direct=True)
    assert "column k" in str(refused.value)
    assert "secret" not in str(refused.value)


@pytest.mark.postgres
def test_another_schema(postgres_url: str) -> None:
    """The table and the record's tables are made in the schema that the load names."""
    query(postgres_url, 'CREATE SCHEMA "my sales"')
    load = spec(postgres_url, schema="my sales", write_disposition="merge", primary_key=["k"])
    with open_target(postgres_url) as target:
        load_rows(target, load, PAIR, [("a", "1")])
        load_rows(target, load, PAIR, [("a", "2")])
    assert query(postgres_url, 'SELECT k, v FROM "my sales".t') == [("a", "2")]
    assert query(postgres_url, 'SELECT version FROM "my sales"._etl_meta') == [(VERSION,)]


@pytest.mark.postgres
def test_types_of_the_servers_own(postgres_url: str) -> None:
    """A text goes into a type that has no counterpart, and is compared there without its own coarse equality."""
    query(postgres_url, "CREATE TABLE t (k uuid PRIMARY KEY, v json)")
    load = spec(postgres_url, write_disposition="merge", primary_key=["k"])
    key = "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"
    with open_target(postgres_url) as target:
        load_rows(target, load, PAIR, [(key, '{"a": 1}')])
        assert load_rows(target, load, PAIR, [(key, '{"a": 1}')]).unchanged == 1
        assert load_rows(target, load, PAIR, [(key, '{"a":1}')]).updated == 1


@pytest.mark.postgres
def test_direct_only_where_no_row_is_compared(postgres_url: str) -> None:
    """Rows go straight into the table only where none of them can meet one that is there."""
    keyed = spec(postgres_url, write_disposition="merge", primary_key=["k"])
    with open_target(postgres_url) as target:
        with target.begin(keyed, shape=PAIR, run_id=RUN, direct=True) as tx:
            assert tx.direct
            tx.stage(batch(PAIR, [("a", "1")]))
            tx.apply()
            tx.commit()
        with target.begin(keyed, shape=PAIR, run_id=RUN, direct=True) as tx:
            assert not tx.direct
        with target.begin(spec(postgres_url), shape=PAIR, run_id=RUN, direct=True) as tx:
            assert tx.direct
            with pytest.raises(EtlAgentError, match="cannot be dropped"):
                tx.drop(batch(PAIR, [("a", "1")]).origin.row)
