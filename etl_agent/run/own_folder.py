"""The folder in a project that keeps what was asked, answered and planned: for its owner alone, and not for git."""

from __future__ import annotations

import contextlib
from pathlib import Path

__all__ = ["FOLDER", "make_private"]

FOLDER = ".etl_agent"
"""Its name; it may be deleted at any time."""

_NOTHING = "*\n"  # of it goes into version control


def make_private(folder: Path) -> None:
    """Make a folder that only its owner may read and that version control leaves alone.

    Args:
        folder: the folder; the one that it lies in is there.

    Raises:
        OSError: it cannot be made.
    """
    folder.mkdir(mode=0o700, exist_ok=True)
    ignore = folder / ".gitignore"
    if not ignore.exists():
        try:
            ignore.write_text(_NOTHING, encoding="ascii")
        except OSError:
            with contextlib.suppress(OSError):
                ignore.unlink()  # one that is empty would keep nothing out, and would never be written again
            raise
