"""A way to a Postgres server that is cut at a chosen moment, and what a load must be after it."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
from sqlalchemy.engine import make_url

from etl_agent.errors import EtlAgentError
from etl_agent.run.options import RunOptions
from tests.load.targets import plain
from tests.run.project import Project

__all__ = [
    "FAULTS",
    "Way",
    "after",
    "answer_lost",
    "commit_unsent",
    "every",
    "gone_for_good",
    "terminated",
    "try_load",
    "way_to",
]

_RECORD = b"INSERT INTO _etl_runs"
"""What a run says last before it commits."""

Moment = Callable[["Way", bytes], bool]
"""Told each piece of the client's words before it goes on; whether the way is to be cut now."""


class Way:
    """Forward sessions to a server until it is time to cut one off.

    Args:
        url: the database, over a Unix socket.
        cut: when; after the first time all sessions pass.
    """

    def __init__(self, url: str, cut: Moment) -> None:
        self._place = make_url(url)
        self._cut = cut
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"postgresql://postgres@127.0.0.1:{self._listener.getsockname()[1]}/{self._place.database}"
        self.direct = plain(url)
        self.pieces = 0
        self.recorded = False
        """Whether the run has written its own row."""
        self.happened = False
        self.closed = False
        """Whether nobody is let through any more."""
        self.silent = False
        """Whether the server's words are lost."""
        threading.Thread(target=self._serve, daemon=True).start()

    def close(self) -> None:
        """Stop listening."""
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                if self.closed:
                    client.close()
                    continue
                server = socket.socket(socket.AF_UNIX)
                try:
                    server.connect(str(Path(str(self._place.query["host"])) / ".s.PGSQL.5432"))
                except OSError:  # it is down; the way stays
                    client.close()
                    server.close()
                    continue
                threading.Thread(target=self._forward, args=(client, server), daemon=True).start()
                threading.Thread(target=self._answer, args=(server, client), daemon=True).start()

    def _forward(self, client: socket.socket, server: socket.socket) -> None:
        with contextlib.suppress(OSError), client, server:
            while piece := client.recv(65_536):
                self.pieces += 1
                self.recorded |= _RECORD in piece
                if not self.happened and self._cut(self, piece):
                    self.happened = True
                    client.shutdown(socket.SHUT_RDWR)  # before the server can answer
                    if self.forwards(piece):
                        server.sendall(piece)
                        server.shutdown(socket.SHUT_WR)
                        while server.recv(65_536):
                            pass
                    server.shutdown(socket.SHUT_RDWR)  # closing is not enough while another thread reads from it
                    return
                server.sendall(piece)

    def _answer(self, server: socket.socket, client: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while piece := server.recv(65_536):
                if not self.silent:
                    client.sendall(piece)
        with contextlib.suppress(OSError):
            client.shutdown(socket.SHUT_RDWR)

    def forwards(self, piece: bytes) -> bool:
        """Whether the piece at which the way is cut still reaches the server."""
        return self._cut in (answer_lost, gone_for_good) and b"COMMIT" in piece


@contextlib.contextmanager
def way_to(url: str, cut: Moment) -> Iterator[Way]:
    """Give a way to a database that is cut when the moment has come."""
    way = Way(url, cut)
    try:
        yield way
    finally:
        way.close()


def answer_lost(way: Way, piece: bytes) -> bool:
    """The server commits, and its answer gets lost."""
    return way.recorded and b"COMMIT" in piece


def gone_for_good(way: Way, piece: bytes) -> bool:
    """The server commits, its answer gets lost, and it cannot be asked."""
    way.closed = way.recorded and b"COMMIT" in piece
    return way.closed


def commit_unsent(way: Way, piece: bytes) -> bool:
    """The connection breaks before the server hears of the commit."""
    return way.recorded and b"COMMIT" in piece


def after(pieces: int) -> Moment:
    """Make a moment: the connection breaks at this many pieces of what the client says."""
    return lambda way, _piece: way.pieces >= pieces


def terminated(pieces: int) -> Moment:
    """Make a moment: the server ends the session by itself at this many pieces; the way stays."""

    def cut(way: Way, _piece: bytes) -> bool:
        if way.pieces == pieces:
            with contextlib.suppress(psycopg.Error), psycopg.connect(way.direct, autocommit=True) as connection:
                connection.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                    " WHERE datname = current_database() AND application_name LIKE 'etl-agent%'"
                )
        return False

    return cut


def every(pieces: int) -> dict[str, Moment]:
    """Name every kind of fault, those that may come at any time at this many pieces."""
    return {
        "answer lost": answer_lost,
        "gone for good": gone_for_good,
        "commit unsent": commit_unsent,
        "connection cut": after(pieces),
        "session terminated": terminated(pieces),
    }


def _wait_for_the_server(project: Project) -> None:
    """Let the session that was cut off end: until then its commit may be under way."""
    until = time.monotonic() + 10
    running = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    while project.ask(f"{running} AND application_name LIKE 'etl-agent%'") != [(0,)] and time.monotonic() < until:
        time.sleep(0.01)


FAULTS = tuple(every(0))


def try_load(url: str, folder: Path, cut: Moment, *, mode: str) -> tuple[str, list[str]]:
    """Load over a way that is cut, then load again over one that is not, and say what is wrong.

    Args:
        url: an empty database.
        folder: an empty folder.
        cut: when the way is cut.
        mode: the write disposition.

    Returns:
        How the first run ended, and the promises that did not hold; none.
    """
    key = {"primary_key": ["id"]} if mode == "merge" else {}
    direct = Project(folder, url)
    direct.write("base.csv", "id,v\n" + "".join(f"{n},base\n" for n in range(20)))
    direct.write("in.csv", "id,v\n" + "".join(f"{n},new\n" for n in range(10, 40)))
    direct.run("base.csv", write_disposition=mode, **key)
    before = direct.rows("id, v")
    with way_to(url, cut) as way:
        try:
            result = Project(folder, way.url).run("in.csv", options=RunOptions(wait=10), write_disposition=mode, **key)
            ended, code = result.status + (" with a warning" if result.warning else ""), 0
        except EtlAgentError as error:
            ended, code = f"exit {error.exit_code}", error.exit_code
    wrong = [] if code in (0, 69, 75) else [f"it ended with {code}"]
    _wait_for_the_server(direct)
    found = direct.rows("id, v")
    again = direct.run("in.csv", options=RunOptions(wait=10), write_disposition=mode, **key)
    final = direct.rows("id, v")
    counts = {"append": 50, "merge": 40, "replace": 30}
    if found not in (before, final):
        wrong.append("a part was loaded")
    if code == 0 and found != final:
        wrong.append("it said that it had loaded, and had not")
    if again.status != ("nothing new" if found == final else "loaded"):
        wrong.append(f"the next run was {again.status}")
    if len(final) != counts[mode] or len(set(final)) != counts[mode]:
        wrong.append(f"{len(final)} rows instead of {counts[mode]}")
    return ended, wrong
