"""The record of all that is sent to a model, written before it is sent."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from etl_agent.run.bounded_file import BoundedFile
from etl_agent.run.own_folder import make_private

if TYPE_CHECKING:
    from etl_agent.llm.chat import Sent

__all__ = ["EgressRecord"]

_MOST_BYTES = 16 << 20  # of a file: a few hundred requests of the largest kind


class EgressRecord:
    """Write down each request before it is made: when, to whom, for which decision, and its whole body.

    Args:
        file: a line of JSON for each request; when it is full it becomes ``FILE.1``, and so on up to ``FILE.3``. Its
            folder is made with it, and kept out of version control; only the owner may read them.
    """

    def __init__(self, file: Path) -> None:
        self._file = BoundedFile(file, most_bytes=_MOST_BYTES)

    def __call__(self, sent: Sent) -> None:
        """Write a request down.

        Raises:
            OSError: it cannot be written, so it must not be sent.
        """
        line = {
            "at": datetime.now(UTC).isoformat(timespec="milliseconds"),
            "endpoint": sent.endpoint,
            "model": sent.model,
            "node": sent.node,
            "turn": sent.turn,
            "attempt": sent.attempt,
            "bytes": sent.bytes,
            "body": json.loads(sent.body),
        }
        text = json.dumps(line, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "backslashreplace") + b"\n"
        make_private(self._file.path.parent)
        self._file.append(text)
