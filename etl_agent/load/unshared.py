"""Handles that a lock hangs on, and that a forked child lets go of: it may live longer than the run."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable

__all__ = ["keep_from_children"]

_handles: set[int] = set()


def keep_from_children(handle: int) -> Callable[[], None]:
    """Let no process that is forked from now on have a handle.

    The lock of a file, and a session with a server, last until the last process that has their handle is gone. A child
    that executes another program has lost it already.

    Args:
        handle: of a file or a socket, open.

    Returns:
        What takes this back, before the handle is closed.
    """
    _handles.add(handle)
    return lambda: _handles.discard(handle)


def _let_go() -> None:
    """Put nothing in the place of each handle, so that what closes it in the child says so to nobody."""
    nothing = os.open(os.devnull, os.O_RDWR | os.O_CLOEXEC)
    for handle in _handles:
        with contextlib.suppress(OSError):
            os.dup2(nothing, handle, inheritable=False)
    _handles.clear()
    os.close(nothing)


os.register_at_fork(after_in_child=_let_go)
