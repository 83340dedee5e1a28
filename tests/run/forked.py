"""Commands that run at the same time, forked from a process that has imported everything once."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

__all__ = ["Begun", "Forked"]

_ROOT = Path(__file__).resolve().parents[2]
_LONGEST = 120  # seconds for one command


@dataclass(frozen=True)
class Begun:
    """A command under way.

    Args:
        pid: its process.
        out, err: what it says.
    """

    pid: int
    out: Path
    err: Path


class Forked(contextlib.AbstractContextManager["Forked"]):
    """Begin commands and wait for their ends.

    Args:
        folder: where they stand, and where what they say is kept.
        around: the words of a command that runs the process, such as ``unshare``.
        environment: more variables of the process.
    """

    def __init__(
        self, folder: Path, *, around: tuple[str, ...] = (), environment: Mapping[str, str] | None = None
    ) -> None:
        self._folder = folder
        self._count = 0
        threads = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
        self._server = subprocess.Popen(
            [*around, sys.executable, str(Path(__file__).with_name("crash_server.py"))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": str(_ROOT), **threads, **(environment or {})},
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        assert self._server.stdin is not None and self._server.stdout is not None
        with contextlib.suppress(BrokenPipeError):
            self._server.stdin.close()
        self._server.wait(timeout=30)
        self._server.stdout.close()

    def begin(self, *arguments: str, environment: Mapping[str, str] | None = None) -> Begun:
        """Begin a command."""
        self._count += 1
        said = {name: self._folder / f"{name} of {self._count}" for name in ("stdout", "stderr")}
        request = {
            "arguments": list(arguments),
            "folder": str(self._folder),
            "environment": dict(environment or {}),
            "batch_rows": 4,
            "background": True,
            **{name: str(path) for name, path in said.items()},
        }
        return Begun(self._exchange(request)["pid"], said["stdout"], said["stderr"])

    def end(self, begun: Begun) -> tuple[int, str]:
        """Wait for the end of a command, and return its exit code and what it said on stderr."""
        code = int(self._exchange({"wait_for": begun.pid})["code"])
        return code, begun.err.read_text()

    def _exchange(self, request: dict[str, Any]) -> dict[str, Any]:
        assert self._server.stdin is not None and self._server.stdout is not None
        watch = threading.Timer(_LONGEST, self._server.kill)  # a command that hangs must not hang the tests
        watch.start()
        try:
            self._server.stdin.write(json.dumps(request) + "\n")
            self._server.stdin.flush()
            return dict(json.loads(self._server.stdout.readline()))
        finally:
            watch.cancel()
