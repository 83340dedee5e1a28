"""The scratch folder of a run: spooled rejects and keys, swept when a run was killed."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from etl_agent.errors import CannotCreate

__all__ = ["scratch_folder"]

_PREFIX = "etl-agent-"
_LOCK = "lock"


@contextlib.contextmanager
def scratch_folder(*, run_id: int, parent: Path | None = None) -> Iterator[Path]:
    """Make a private folder for a run, remove it at the end, and remove those of runs that died.

    A folder belongs to a living run as long as the kernel holds the lock on the file in it, so a run that was
    killed leaves nothing that the next run does not sweep.

    Args:
        run_id: the run that owns the folder.
        parent: where to make it; ``ETL_AGENT_SCRATCH`` or the system's temporary folder by default.

    Raises:
        CannotCreate: the folder cannot be made.
    """
    parent = parent or Path(os.environ.get("ETL_AGENT_SCRATCH") or tempfile.gettempdir())
    folder = parent / f"{_PREFIX}{run_id}"
    try:
        _sweep(parent)
        lock = _locked(folder)
    except OSError as error:
        raise CannotCreate(
            f"the scratch folder cannot be made: {error.strerror}",
            where=str(parent),
            next_command="set ETL_AGENT_SCRATCH to a folder with free space",
        ) from error
    try:
        yield folder
    finally:
        with contextlib.suppress(OSError):  # what was done stays done, and the next run sweeps
            shutil.rmtree(folder, ignore_errors=True)  # which does not ignore all of them
        with contextlib.suppress(OSError):
            os.close(lock)


def _locked(folder: Path) -> int:
    """Make the folder and hold its lock; another run may sweep it between the two, then it is made again."""
    while True:
        folder.mkdir(mode=0o700, exist_ok=True)
        try:
            lock = os.open(folder / _LOCK, os.O_CREAT | os.O_RDWR, 0o600)
        except FileNotFoundError:  # swept before it was locked
            continue
        fcntl.flock(lock, fcntl.LOCK_EX)
        if os.fstat(lock).st_nlink:
            return lock
        os.close(lock)


def _sweep(parent: Path) -> None:
    """Remove folders of our own whose run no longer lives.

    A run may have died before it made its lock, or after it removed it: the lock is made then.
    """
    for folder in parent.glob(f"{_PREFIX}[0-9]*"):
        with contextlib.suppress(OSError):
            lock = os.open(folder / _LOCK, os.O_CREAT | os.O_RDWR | os.O_NOFOLLOW, 0o600)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                if os.fstat(lock).st_nlink:  # else another run swept it meanwhile, and a new lock may be held there
                    shutil.rmtree(folder, ignore_errors=True)
            finally:
                os.close(lock)
