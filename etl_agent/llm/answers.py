"""Replies that were kept: a cache of answers, and records of whole conversations that can be replayed."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from threading import Lock
from typing import Any, BinaryIO, Protocol

from etl_agent.llm.endpoint import Endpoint

__all__ = ["AnswerFile", "Answers", "Kept", "key_of"]

_LONGEST_FIRST = 1000  # bytes of the first line that are compared

Kept = Mapping[str, str]
"""What came of a request: ``content``, the text of the reply; or ``failure`` and ``detail``."""


class Answers(Protocol):
    """Where replies are kept by the digest of all that they depend on."""

    def get(self, key: str) -> Kept | None:
        """Return what was kept last under a key, if anything."""
        ...

    def put(self, key: str, kept: Kept) -> None:
        """Keep what came of a request."""
        ...


def key_of(endpoint: Endpoint, *, messages: Sequence[Mapping[str, str]], schema: Mapping[str, Any]) -> str:
    """Digest all that a reply depends on: endpoint, model, messages, schema and parameters; never the key.

    Args:
        endpoint: who is asked.
        messages: the conversation.
        schema: the schema of the answer.
    """
    parameters = [endpoint.temperature, endpoint.max_output_tokens]
    parts = [endpoint.address, endpoint.model, parameters, list(messages), schema]
    text = json.dumps(parts, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


class AnswerFile:
    """Keep replies in a file of JSON lines that threads and processes may share.

    A line that was torn by a crash, or is none of ours, counts for nothing. When the file outgrows its limit, the
    newer half is kept. Nothing is read or made before it is needed.

    Args:
        path: the file; its folder is made with it. Only its owner may read it.
        most_bytes: the size that it may have.
    """

    def __init__(self, path: Path, *, most_bytes: int = 16 * 1024 * 1024) -> None:
        self._path = path
        self._most_bytes = most_bytes
        self._known: dict[str, Kept] = {}
        self._seen = (b"", 0)  # the first line of the file, and how far it was read
        self._lock = Lock()

    def get(self, key: str) -> Kept | None:
        """Return what was kept last under a key, by any process, if anything."""
        with self._lock:
            self._read_on()
            return self._known.get(key)

    def put(self, key: str, kept: Kept) -> None:
        """Keep what came of a request.

        Raises:
            OSError: the file cannot be written.
        """
        line = json.dumps({"key": key, **kept}, separators=(",", ":")).encode() + b"\n"
        if len(line) > self._most_bytes // 2:
            return  # one reply must not push all others out
        with self._lock, self._locked() as file:
            size = file.seek(0, os.SEEK_END)
            if size + len(line) > self._most_bytes:
                self._rewrite(file, line)
                return
            if not size:
                line = _first_line() + line
            elif _last_byte(file, size) != b"\n":
                line = b"\n" + line  # what stands before was torn
            file.write(line)

    @contextmanager
    def _locked(self) -> Iterator[BinaryIO]:
        """Open the file for appending, alone; again if another process has meanwhile put a shorter one in its place."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        while True:
            with os.fdopen(os.open(self._path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600), "r+b", 0) as file:
                fcntl.flock(file, fcntl.LOCK_EX)
                if _is_at(file, self._path):
                    yield file
                    return

    def _rewrite(self, file: BinaryIO, line: bytes) -> None:
        """Put a file of the newer half and one more line in the place of this one."""
        file.seek(max(0, file.seek(0, os.SEEK_END) - self._most_bytes))
        kept: list[bytes] = []
        first = _first_line()
        room = self._most_bytes // 2 - len(line) - len(first)
        for old in reversed(BytesIO(file.read()).readlines()):
            room -= len(old)
            if room < 0:
                break
            if _entry(old):
                kept.append(old)
        short = self._path.with_name(f"{self._path.name}.{os.getpid()}.tmp")
        try:
            with os.fdopen(os.open(short, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as new:
                new.writelines([first, *reversed(kept), line])
            short.replace(self._path)
        finally:
            short.unlink(missing_ok=True)

    def _read_on(self) -> None:
        """Read what was added since; everything, if the file is another one."""
        try:
            file = self._path.open("rb")
        except OSError:
            return  # nothing was kept yet, or it cannot be read: then it is asked for again
        with file:
            first, at = self._seen
            now = file.readline(_LONGEST_FIRST)
            if now != first or file.seek(0, os.SEEK_END) < at:
                at, self._known = 0, {}
            file.seek(at)
            for line in BytesIO(file.read(self._most_bytes)):
                if not line.endswith(b"\n"):
                    break  # still being written
                at += len(line)
                if entry := _entry(line):
                    self._known[entry["key"]] = entry
            self._seen = (now, at)


def _entry(line: bytes) -> dict[str, str] | None:
    try:
        entry = json.loads(line)
    except (ValueError, RecursionError):
        return None
    if not isinstance(entry, dict) or "key" not in entry or not ("content" in entry or "failure" in entry):
        return None
    return entry if all(isinstance(part, str) for part in entry.values()) else None


def _first_line() -> bytes:
    """Make a line that tells this file from one that stood here before; the number of its inode may be used again."""
    return json.dumps({"file": os.urandom(8).hex()}).encode() + b"\n"


def _last_byte(file: BinaryIO, size: int) -> bytes:
    file.seek(size - 1)
    return file.read(1)


def _is_at(file: BinaryIO, path: Path) -> bool:
    try:
        there = path.stat()
    except FileNotFoundError:
        return False
    here = os.fstat(file.fileno())
    return (here.st_dev, here.st_ino) == (there.st_dev, there.st_ino)
