"""Write a page or report as a file that appears whole or not at all, and never over what is read."""

from __future__ import annotations

import contextlib
import os
import secrets
from collections.abc import Iterable
from pathlib import Path

from etl_agent.errors import CannotCreate, CannotWrite, PermissionRefused, UsageError

__all__ = ["refuse_input", "write_text"]


def write_text(path: Path, text: str, *, inputs: Iterable[Path] = ()) -> None:
    """Write a text as UTF-8 by way of a temporary file, which takes the path's place at the end.

    Args:
        path: where to write; a path that is no regular file (``/dev/stdout``) is written directly.
        text: what to write.
        inputs: files that must not be overwritten.

    Raises:
        UsageError: the path is one of the inputs.
        CannotCreate: the folder does not exist, or the path is a folder.
        PermissionRefused: the folder or file may not be written.
        CannotWrite: the disk is full or fails.
    """
    refuse_input(path, inputs)
    path = path.resolve()
    data = text.encode("utf-8", "backslashreplace")
    direct = path.exists() and not path.is_file()
    try:
        if direct:
            path.write_bytes(data)
        else:
            _replace(path, data, part=path.with_name(f".{path.name}.{secrets.token_hex(4)}.part"))
    except BrokenPipeError:
        raise
    except PermissionError as error:
        raise PermissionRefused("the file may not be written", where=str(path)) from error
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError) as error:
        raise CannotCreate(f"the file cannot be created: {error.strerror}", where=str(path)) from error
    except OSError as error:
        raise CannotWrite(f"writing failed: {error.strerror or error}", where=str(path)) from error


def _replace(path: Path, data: bytes, *, part: Path) -> None:
    """Write a file beside the path and put it in its place, once it is on the disk."""
    try:
        with part.open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)
        raise


def refuse_input(output: Path, inputs: Iterable[Path]) -> None:
    """Refuse to write over a file that is read, also by another name: what is not in the output would be lost.

    Args:
        output: where to write.
        inputs: files that must not be overwritten.

    Raises:
        UsageError: the output is one of the inputs.
    """
    path = output.resolve()
    if any(path == other.resolve() for other in inputs):
        raise UsageError("the output is one of the files that are read", where=str(path))
