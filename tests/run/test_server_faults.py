"""What a Postgres server may do to a load: crash, stand by, run full, or let others come first."""

from __future__ import annotations

import contextlib
import os
import subprocess
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest
from sqlalchemy.engine import make_url

from etl_agent.cli.failure import explained
from etl_agent.cli.patience import Patience
from etl_agent.errors import CannotWrite, DatabaseUnavailable, EtlAgentError, PermissionRefused, TryLater
from etl_agent.load import postgres_session
from etl_agent.run import runner
from etl_agent.run.result import RunResult
from etl_agent.run.runner import run_pipeline
from tests.fake_postgres import refuses, serving
from tests.load.targets import plain
from tests.run.own_server import OwnServer, own_server, standby_of
from tests.run.project import Project
from tests.run.server_crashes import MOMENTS, load_over_a_crash

pytestmark = pytest.mark.postgres

GOOD = "id,v\n1,a\n2,b\n"
AGAIN = Patience(retries=3, wait=0.01)


@pytest.fixture(scope="module")
def server() -> Iterator[OwnServer]:
    """Give a server that only these tests use."""
    with own_server() as made:
        yield made


@pytest.fixture
def url(server: OwnServer) -> Iterator[str]:
    """Give an empty database of it."""
    with server.empty() as made:
        yield made


@pytest.fixture
def loaded(url: str, tmp_path: Path) -> Project:
    """Give a project with a table of two rows, and a third one to load."""
    project = Project(tmp_path, url)
    project.write("base.csv", GOOD)
    project.write("in.csv", "id,v\n1,new\n3,c\n")
    project.run("base.csv", **MERGE)
    return project


MERGE = {"write_disposition": "merge", "primary_key": "id"}
NEW = [("1", "new"), ("2", "b"), ("3", "c")]


def name_of(url: str) -> str:
    """Return the name of a database."""
    return str(make_url(url).database)


def again(project: Project, told: Callable[[EtlAgentError], object], **sections: object) -> RunResult:
    """Load with retries."""
    spec = project.spec(**MERGE, **sections)
    return AGAIN.over(lambda: run_pipeline(spec, project=project.folder), told=lambda error, _seconds: told(error))


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_server_that_crashes_and_comes_back_is_loaded_by_a_retry(
    server: OwnServer, url: str, tmp_path: Path, moment: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever it was at, no row is lost or doubled; benchmarks/server_faults.py does it in many rounds."""
    monkeypatch.setattr(runner, "BATCH_ROWS", 4)
    how = "kill -9" if MOMENTS.index(moment) % 2 else "immediate"
    ended, wrong = load_over_a_crash(server, url, tmp_path, moment=moment, mode="merge", how=how)
    assert wrong == []
    assert "retries" in ended and "exit" not in ended and "never" not in ended


def test_a_server_that_stops_is_loud_without_retries(server: OwnServer, url: str, tmp_path: Path) -> None:
    """Its administrator stops it: exit 69, and nothing is there but what was."""
    ended, wrong = load_over_a_crash(
        server, url, tmp_path, moment="merging", mode="merge", how="fast", retries=Patience(), down=0
    )
    assert (ended, wrong) == ("exit 69", [])


def test_a_standby_refuses_at_once_and_says_where_to_go(server: OwnServer, url: str, loaded: Project) -> None:
    """Exit 77 before a file is read, and no retry; it may be read from all the same."""
    told: list[EtlAgentError] = []
    with standby_of(server) as standby:
        behind = Project(loaded.folder, standby.database(name_of(url)))
        with pytest.raises(PermissionRefused, match="must name the primary") as refused:
            again(behind, told.append, files="there_is_no.csv")
        assert behind.run("in.csv", options=runner.RunOptions(dry_run=True), **MERGE).status == "dry run"
        assert behind.rows("id, v") == [("1", "a"), ("2", "b")]
        both = f"{behind.url},{server.place}&target_session_attrs=primary"  # as the message says
        spec = Project(loaded.folder, both).spec(**MERGE)
        assert run_pipeline(spec, project=loaded.folder).status == "loaded"
    assert loaded.rows("id, v") == NEW
    assert told == []
    assert explained(refused.value)[0].count("\n") == 0


def test_a_database_that_is_switched_to_read_only_refuses_at_once(url: str, loaded: Project) -> None:
    """Exit 77 before a file is read."""
    loaded.ask(f"ALTER DATABASE {name_of(url)} SET default_transaction_read_only = on")
    with pytest.raises(PermissionRefused, match="default_transaction_read_only"):
        loaded.run("there_is_no.csv", **MERGE)


def test_a_lock_that_stays_is_waited_for_and_then_retried(
    url: str, loaded: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another session's ACCESS EXCLUSIVE ends the first try with 75; a retry after its end loads."""
    monkeypatch.setattr(postgres_session, "_SESSION", (*postgres_session._SESSION, "SET lock_timeout = '100ms'"))
    with psycopg.connect(plain(url)) as other:
        other.execute("LOCK TABLE t IN ACCESS EXCLUSIVE MODE")
        told: list[EtlAgentError] = []
        result = again(loaded, lambda error: told.append(error) or other.rollback())
    assert [type(error) for error in told] == [TryLater]
    assert "another session holds a lock" in str(told[0])
    assert result.status == "loaded"
    assert loaded.rows("id, v") == NEW


def waits_for(other: psycopg.Connection, kind: str, *, runs: int = 1) -> None:
    """Wait until so many sessions wait for a lock of a kind."""
    until = time.monotonic() + 30
    query = "SELECT count(*) FROM pg_locks WHERE NOT granted AND locktype = %s"
    while (other.execute(query, (kind,)).fetchone() or (0,))[0] < runs:
        assert time.monotonic() < until
        time.sleep(0.005)


def test_a_serialization_failure_is_retried(url: str, loaded: Project) -> None:
    """Another session changes a row that the load has seen and merges: 40001, and the retry sees what it wrote."""
    loaded.ask(f"ALTER DATABASE {name_of(url)} SET default_transaction_isolation = 'serializable'")
    loaded.write("hold.sql", "SELECT count(*) FROM t; SELECT pg_advisory_xact_lock(7);")
    told: list[EtlAgentError] = []
    with psycopg.connect(plain(url), autocommit=True) as other, ThreadPoolExecutor() as pool:
        other.execute("SELECT pg_advisory_lock(7)")
        run = pool.submit(again, loaded, told.append, before_sql=["hold.sql"])
        waits_for(other, "advisory")
        other.execute("UPDATE t SET v = 'theirs' WHERE id = '1'")
        other.execute("SELECT pg_advisory_unlock(7)")
        assert run.result(30).status == "loaded"
    assert ["40001" in str(error) for error in told] == [True]
    assert isinstance(told[0], TryLater)
    assert loaded.rows("id, v") == NEW


def test_a_deadlock_is_retried(url: str, loaded: Project) -> None:
    """The load holds the table and wants another one, whose holder wants the table: 40P01 ends the load's first try."""
    loaded.ask("CREATE TABLE u (n integer)")
    loaded.write(
        "hold.sql",
        "LOCK TABLE t IN ROW EXCLUSIVE MODE; SELECT pg_advisory_xact_lock(7); LOCK TABLE u IN ACCESS EXCLUSIVE MODE;",
    )
    told: list[EtlAgentError] = []
    with contextlib.ExitStack() as stack:
        watch, other = (stack.enter_context(psycopg.connect(plain(url), autocommit=True)) for _ in range(2))
        pool = stack.enter_context(ThreadPoolExecutor())
        other.execute("SET deadlock_timeout = '10min'")  # so that the load is the one who looks, and the victim
        watch.execute("SELECT pg_advisory_lock(7)")
        run = pool.submit(again, loaded, told.append, before_sql=["hold.sql"])
        waits_for(watch, "advisory")
        theirs = pool.submit(_lock_both, other)
        waits_for(watch, "relation")
        watch.execute("SELECT pg_advisory_unlock(7)")
        theirs.result(30)
        assert run.result(30).status == "loaded"
    assert ["40P01" in str(error) for error in told] == [True]
    assert isinstance(told[0], TryLater)
    assert loaded.rows("id, v") == NEW


def _lock_both(other: psycopg.Connection) -> None:
    with other.transaction():
        other.execute("LOCK TABLE u IN ACCESS EXCLUSIVE MODE")
        other.execute("LOCK TABLE t IN ACCESS EXCLUSIVE MODE")


def test_a_statement_that_an_administrator_cancels_is_for_later(url: str, loaded: Project) -> None:
    """57014: the retry loads."""
    loaded.write("hold.sql", "SELECT pg_advisory_xact_lock(7);")
    told: list[EtlAgentError] = []
    with psycopg.connect(plain(url), autocommit=True) as other, ThreadPoolExecutor() as pool:
        other.execute("SELECT pg_advisory_lock(7)")
        run = pool.submit(again, loaded, told.append, before_sql=["hold.sql"])
        waits_for(other, "advisory")
        other.execute("SELECT pg_cancel_backend(pid) FROM pg_locks WHERE NOT granted")
        other.execute("SELECT pg_advisory_unlock(7)")
        assert run.result(30).status == "loaded"
    assert [type(error) for error in told] == [TryLater]


def test_time_limits_of_the_server_are_not_for_loads(url: str, loaded: Project) -> None:
    """A COPY is open, and a lock is held, for as long as the files are read."""
    name = name_of(url)
    for setting in ("statement_timeout", "transaction_timeout", "idle_session_timeout"):
        loaded.ask(f"ALTER DATABASE {name} SET {setting} = '200ms'")
    loaded.write("slow.sql", "SELECT pg_sleep(0.4);")
    assert again(loaded, lambda _: None, before_sql=["slow.sql"]).status == "loaded"


def test_too_many_connections_are_tried_again(url: str, loaded: Project) -> None:
    """53300: exit 69 for now; a retry finds a place."""
    role = f"loader_{uuid.uuid4().hex[:8]}"
    loaded.ask(f"CREATE ROLE {role} LOGIN CONNECTION LIMIT 1")
    loaded.ask(f"GRANT ALL ON SCHEMA public TO {role}")
    loaded.ask(f"GRANT ALL ON ALL TABLES IN SCHEMA public TO {role}")
    mine = Project(loaded.folder, url.replace("postgres@", f"{role}@"))
    told: list[EtlAgentError] = []
    with psycopg.connect(plain(mine.url)) as other:
        result = again(mine, lambda error: told.append(error) or other.close())
    assert result.status == "loaded"
    assert [type(error) for error in told] == [DatabaseUnavailable]
    assert "too many connections" in str(told[0])
    loaded.ask(f"DROP OWNED BY {role}")
    loaded.ask(f"DROP ROLE {role}")


@pytest.mark.parametrize(
    ("state", "said"),
    [
        ("57P03", "the database system is starting up"),
        ("53300", "sorry, too many clients already"),
        ("57P01", "terminating connection due to administrator command"),
        ("57014", "canceling authentication due to timeout"),
    ],
)
def test_a_server_that_lets_nobody_in_for_now_is_unavailable(tmp_path: Path, state: str, said: str) -> None:
    """Exit 69 with its own words in one line: what a retry is for."""
    with serving(refuses(state, said)) as port:
        project = Project(tmp_path, f"postgresql://u@127.0.0.1:{port}/d?sslmode=disable&gssencmode=disable")
        project.write("in.csv", GOOD)
        with pytest.raises(DatabaseUnavailable, match=said) as failed:
            project.run("in.csv")
    assert explained(failed.value)[0].count("\n") == 0


@pytest.fixture
def tiny_disk(server: OwnServer) -> Iterator[Path]:
    """Give the server's account a file system of one megabyte."""
    place = Path(tempfile.mkdtemp(prefix="etltiny-", dir=server.place.parent))
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", place], check=False, capture_output=True
    )
    if mounted.returncode:
        place.rmdir()
        pytest.skip("only root may make a small file system")
    account = server.place.stat()
    os.chown(place, account.st_uid, account.st_gid)
    try:
        yield place
    finally:
        subprocess.run(["umount", place], check=True)
        place.rmdir()


def test_a_full_disk_of_the_server_loads_nothing(server: OwnServer, tmp_path: Path, tiny_disk: Path) -> None:
    """53100: exit 74, what was there stays, and with room the next run loads."""
    with server.connected() as connection:
        connection.execute(f"CREATE TABLESPACE tiny LOCATION '{tiny_disk}'".encode())
    with server.empty() as url:
        project = Project(tmp_path, url)
        project.ask(f"ALTER DATABASE {name_of(url)} SET default_tablespace = 'tiny'")
        project.write("base.csv", GOOD)
        project.write("in.csv", "id,v\n" + "".join(f"{n},{'x' * 80}\n" for n in range(3, 20_000)))
        project.run("base.csv")
        with pytest.raises(CannotWrite, match="disk is full"):
            project.run("in.csv")
        assert project.rows("id, v") == [("1", "a"), ("2", "b")]
        project.write("in.csv", "id,v\n3,c\n")
        assert project.run("in.csv").status == "loaded"
    with server.connected() as connection:
        connection.execute("DROP TABLESPACE tiny")
