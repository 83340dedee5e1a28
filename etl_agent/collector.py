"""Python's cycle collector in a process of our own: off while modules are imported, on before rows flow."""

from __future__ import annotations

import gc

__all__ = ["pause", "resume"]

_paused = False


def pause() -> None:
    """Switch the collector off; the command line does so at its start."""
    global _paused  # noqa: PLW0603  there is one collector in a process
    _paused = _paused or gc.isenabled()
    gc.disable()


def resume() -> None:
    """Switch the collector on again if ``pause`` switched it off; it need never look at what is there by now.

    In a process that is not ours nothing was paused, and nothing is touched.
    """
    global _paused  # noqa: PLW0603  there is one collector in a process
    if _paused:
        _paused = False
        gc.freeze()
        gc.enable()
