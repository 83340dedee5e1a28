"""The record of all that is sent to a model, written before it is sent."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from etl_agent.run.own_folder import make_private

if TYPE_CHECKING:
    from etl_agent.llm.chat import Sent

__all__ = ["EgressRecord"]


class EgressRecord:
    """Write down each request before it is made: when, to whom, for which decision, and its whole body.

    Args:
        file: a line of JSON for each request. Its folder is made with it, and kept out of version control; only the
            owner may read them.
    """

    def __init__(self, file: Path) -> None:
        self._file = file

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
        make_private(self._file.parent)
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW
        file = os.open(self._file, flags, 0o600)
        try:
            if os.write(file, text) < len(text):  # one write, so that lines of several processes do not mix
                raise OSError("the disk is full")
        finally:
            os.close(file)
