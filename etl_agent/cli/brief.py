"""One line of bounded length for cron: whatever is to be said, with the next command kept."""

from __future__ import annotations

import sys
from contextvars import ContextVar

__all__ = ["MOST_BYTES", "bounded", "brief", "brief_asked", "is_brief"]

MOST_BYTES = 300
"""Bytes of a line, its end among them: what a mail's preview, a pager and a syslog line show whole."""

_NEXT = "; next: "
_CUT = "..."

brief_asked: ContextVar[bool] = ContextVar("brief_asked", default=False)
"""Whether the command under way is one that runs unattended: its lines are bounded where nobody watches."""


def is_brief() -> bool:
    """Tell whether nobody watches: an unattended command, and neither of its outputs is a terminal."""
    return brief_asked.get() and not (sys.stderr.isatty() or sys.stdout.isatty())


def brief(message: str) -> str:
    """Return a message as stderr is to show it: whole to a person, one bounded line to cron."""
    return bounded(message, encoding=sys.stderr.encoding or "utf-8") if is_brief() else message


def bounded(message: str, *, most: int = MOST_BYTES, encoding: str = "utf-8") -> str:
    """Cut a message to one line of so many bytes, its end among them; the next command stays whole or goes whole.

    >>> bounded("orders: " + "x" * 50 + "; next: etl-agent runs", most=50)
    'orders: xxxxxxxxxxxxxxx...; next: etl-agent runs'

    Args:
        message: what is to be said; lines of it are joined.
        most: bytes, with the end of the line.
        encoding: of the stream; what it lacks is counted as it is spelled out there.
    """
    line = "; ".join(part for each in message.splitlines() if (part := each.strip()))
    room = most - 1
    if _size(line, encoding) <= room:
        return line
    said, mark, then = line.rpartition(_NEXT)
    tail = mark + then
    if not mark or _size(tail, encoding) > room - room // 3:  # what happened needs room too
        said, tail = (said or line), ""  # half a command is worse than none
    return _head(said, room - _size(tail, encoding) - len(_CUT), encoding) + _CUT + tail


def _size(text: str, encoding: str) -> int:
    return len(text.encode(encoding, "backslashreplace"))


def _head(text: str, room: int, encoding: str) -> str:
    """Return as many characters from the beginning as fit."""
    text = text[:room]  # a character takes a byte at least
    while _size(text, encoding) > room:
        text = text[: len(text) - max(1, (_size(text, encoding) - room) // 10)]  # the widest is spelled with ten
    return text
