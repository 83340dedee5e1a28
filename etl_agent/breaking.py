"""What blocks within another library, so that it can be broken off from outside when the process is asked to end."""

from __future__ import annotations

import contextlib
from collections.abc import Callable

__all__ = ["break_off", "breakable"]

_calls: list[Callable[[], object]] = []


def breakable(call: Callable[[], object]) -> Callable[[], None]:
    """Name what breaks off whatever a connection is at.

    Args:
        call: may be called on any thread, at any time, and more than once; it takes a second at most.

    Returns:
        What takes this back, once there is nothing left to break off; it may be called twice.
    """
    _calls.append(call)

    def forget() -> None:
        with contextlib.suppress(ValueError):
            _calls.remove(call)

    return forget


def break_off() -> None:
    """Break off whatever blocks now; what waits for it hears of an error."""
    for call in tuple(_calls):
        with contextlib.suppress(Exception):  # it may just have ended by itself
            call()
