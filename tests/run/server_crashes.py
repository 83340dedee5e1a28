"""A Postgres server that crashes at a chosen moment of a load and comes back, and what must be there then."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from pathlib import Path

from etl_agent.cli.patience import Patience
from etl_agent.errors import EtlAgentError
from etl_agent.run.options import RunOptions
from etl_agent.run.runner import run_pipeline
from tests.run.own_server import How, OwnServer
from tests.run.postgres_faults import Way, way_to
from tests.run.project import Project

__all__ = ["MODES", "MOMENTS", "load_over_a_crash"]

_RETRIES = Patience(retries=20, wait=0.05)

MODES: Mapping[str, Mapping[str, object]] = {
    "append": {"write_disposition": "append"},
    "append with a key": {"write_disposition": "append", "primary_key": ["id"]},
    "replace": {"write_disposition": "replace"},
    "merge": {"write_disposition": "merge", "primary_key": ["id"]},
}
_ROWS = {"append": 50, "append with a key": 40, "replace": 30, "merge": 40}
MOMENTS = ("connecting", "copying", "merging", "recording", "committing", "committed")


class _Crash:
    """Crash the server when a moment has come, and start it again a while later.

    Args:
        server: the server.
        moment: one of ``MOMENTS``, or how many pieces the client has sent.
        how: how it crashes.
        down: how long it stays down, in seconds.
    """

    def __init__(self, server: OwnServer, *, moment: str | int, how: How, down: float) -> None:
        self._server = server
        self._moment = moment
        self._how = how
        self._down = down
        self._copied = False
        self.back = threading.Event()
        self.happened = False

    def cut(self, way: Way, piece: bytes) -> bool:
        """Crash if the piece that the client is about to send says that it is time; the way itself stays."""
        if not self.happened and self._is_now(way, piece):
            self.happened = True
            if self._moment == "committed":
                way.silent = True  # the server hears it, and nobody hears the server
                threading.Thread(target=self._crash, args=(way, 0.05), daemon=True).start()
            else:
                self._crash(way, 0)
        return False

    def _is_now(self, way: Way, piece: bytes) -> bool:
        if isinstance(self._moment, int):
            return way.pieces >= self._moment
        copied, self._copied = self._copied, self._copied or b"COPY " in piece
        return {
            "connecting": way.pieces >= 1,
            "copying": copied,
            "merging": copied and b'"public"."t"' in piece,
            "recording": way.recorded,
            "committing": way.recorded and b"COMMIT" in piece,
            "committed": way.recorded and b"COMMIT" in piece,
        }[self._moment]

    def _crash(self, way: Way, wait: float) -> None:
        time.sleep(wait)
        self._server.crash(self._how)
        way.silent = False
        threading.Thread(target=self._return, daemon=True).start()

    def _return(self) -> None:
        time.sleep(self._down)
        self._server.start(wait=False)
        self.back.set()


def load_over_a_crash(
    server: OwnServer,
    url: str,
    folder: Path,
    *,
    moment: str | int,
    mode: str,
    how: How = "kill -9",
    retries: Patience = _RETRIES,
    down: float = 0.1,
) -> tuple[str, list[str]]:
    """Load, with retries, while the server crashes once; load again, and say what is wrong.

    Args:
        server: the server, which runs.
        url: an empty database of it.
        folder: an empty folder.
        moment: when it crashes: one of ``MOMENTS``, or at how many pieces of what the client says.
        mode: one of ``MODES``.
        how: how it crashes.
        retries: how often the load is tried again.
        down: how long the server stays down, in seconds.

    Returns:
        How the load ended, with the number of its retries, and the promises that did not hold; none.
    """
    load = MODES[mode]
    direct = Project(folder, url)
    new = range(20 if mode == "append with a key" else 10, 40)  # an append takes no other row of a key
    direct.write("base.csv", "id,v\n" + "".join(f"{n},base\n" for n in range(20)))
    direct.write("in.csv", "id,v\n" + "".join(f"{n},new\n" for n in new))
    direct.run("base.csv", **load)
    before = direct.rows("id, v")
    crash = _Crash(server, moment=moment, how=how, down=down)
    told: list[str] = []
    with way_to(url, crash.cut) as way:
        spec = Project(folder, way.url).spec("in.csv", **load)
        try:
            result = retries.over(
                lambda: run_pipeline(spec, project=folder, options=RunOptions(wait=20)),
                told=lambda error, _seconds: told.append(type(error).__name__),
            )
            ended, code = result.status, 0
        except EtlAgentError as error:
            ended, code = f"exit {error.exit_code}", error.exit_code
    if crash.happened:
        crash.back.wait(30)
    else:
        ended += ", the moment never came"
    server.connected().close()
    wrong = [] if code in (0, 69, 75) else [f"it ended with {code}"]
    found = direct.rows("id, v")
    again = direct.run("in.csv", options=RunOptions(wait=20), **load)
    final = direct.rows("id, v")
    if found not in (before, final):
        wrong.append("a part was loaded")
    if code == 0 and found != final:
        wrong.append("it said that it had loaded, and had not")
    if again.status != ("nothing new" if found == final else "loaded"):
        wrong.append(f"the next run was {again.status}")
    if len(final) != _ROWS[mode] or len(set(final)) != _ROWS[mode]:
        wrong.append(f"{len(final)} rows instead of {_ROWS[mode]}")
    return f"{ended} after {len(told)} retries" if told else ended, wrong
