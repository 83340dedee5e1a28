"""From exceptions to one line on stderr and an exit code: the one place where that is decided."""

from __future__ import annotations

import contextlib
import errno
import os
import re
import signal
import sys
import traceback
from collections.abc import Callable

import click

from etl_agent.cli.brief import brief, brief_asked, is_brief
from etl_agent.cli.ending import Terminated, TimedOut, ends_soon
from etl_agent.errors import CannotWrite, EtlAgentError, NoInput, PermissionRefused, SpecInvalid
from etl_agent.masking import masked, spelled_out

__all__ = ["DEBUG", "PROGRAM", "complain", "exit_code_of", "explained", "safe", "safe_lines"]

PROGRAM = "etl-agent"
DEBUG = "ETL_AGENT_DEBUG"
"""The environment variable that ``--debug`` sets: with it, an unexpected failure shows where it happened."""

_INTERRUPTED = 128 + signal.SIGINT
_TERMINATED = 128 + signal.SIGTERM
_TIMED_OUT = 124  # as timeout(1) says it
_NO_READER = 128 + signal.SIGPIPE
_BUG = 70
_FAILED = frozenset(  # the machine's doing: no space, a broken disk, no handle, no lock or no memory left
    {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.ESTALE, errno.ENXIO}
    | {errno.EMFILE, errno.ENFILE, errno.ENOLCK, errno.ENOMEM}
)
_NO_THREAD = ("can't start new thread", "Failed to launch worker thread")  # of Python and Arrow, in no class of its own
_OF_ARROW = re.compile(r"(?P<what>.+)\. Detail: \[errno \d+\] (?P<why>.+)", re.DOTALL)
_REFUSED = frozenset({errno.EACCES, errno.EPERM, errno.EROFS})


def exit_code_of(call: Callable[[], object]) -> int:
    """Run a command and return its exit code; a failure is said in one line on stderr.

    Args:
        call: the command; it may return an exit code.
    """
    asked = brief_asked.set(False)
    try:
        with ends_soon(_report):
            code = call()
            sys.stdout.flush()
    except BaseException as error:  # the outermost edge: every failure becomes an exit code
        return _report(error)
    finally:
        brief_asked.reset(asked)
    return code if isinstance(code, int) else 0


def safe(text: str) -> str:
    """Make a text one line that is fit for a terminal: no credentials, and what cannot be seen is spelled out.

    >>> safe("a\\x1b[2Jb\\nc")
    'a\\\\x1b[2Jb\\\\nc'
    """
    return spelled_out(masked(text))


def safe_lines(text: str) -> str:
    """Make a text of several lines of our own fit for a terminal; see ``safe``."""
    return spelled_out(masked(text), but="\n")


def _report(error: BaseException) -> int:
    """Say what failed, and return the exit code."""
    if isinstance(error, click.exceptions.Exit):
        return error.exit_code
    if isinstance(error, SystemExit):
        if isinstance(error.__context__, BrokenPipeError):  # as rich has it
            return _without_reader()
        return error.code if isinstance(error.code, int) else int(error.code is not None)
    if isinstance(error, BrokenPipeError):
        return _without_reader()
    if isinstance(error, click.exceptions.NoArgsIsHelpError):
        _say(error.format_message())
        return error.exit_code
    message, code = explained(error)
    if os.environ.get(DEBUG, "") not in ("", "0", "false"):
        _say(safe_lines("".join(traceback.format_exception(error)).rstrip()))
    complain(message)
    return code


def complain(message: str) -> None:
    """Say on stderr, in one line, what a person must know; a stderr that nobody reads changes nothing."""
    _say(brief(f"{PROGRAM}: {message}"))


def explained(error: BaseException) -> tuple[str, int]:
    """Return what a failure means to a person, and its exit code."""
    match error:
        case click.Abort() | KeyboardInterrupt():
            return "interrupted", _INTERRUPTED
        case TimedOut():
            return str(error), _TIMED_OUT
        case Terminated():
            return "terminated", _TERMINATED
        case click.ClickException():
            return _click_message(error), error.exit_code
        case SpecInvalid():
            then = f"; next: {error.next_command}" if is_brief() else ""
            return safe_lines(str(error) + then), error.exit_code
        case EtlAgentError():
            return _one_line(str(error)), error.exit_code
        case MemoryError():
            return "out of memory; the transaction, if any, was rolled back", _BUG
        case Exception() if any(words in str(error) for words in _NO_THREAD):
            return "out of memory or threads; the transaction, if any, was rolled back", _BUG
        case OSError() if error.errno in _FAILED or error.errno is None:  # Arrow does not always pass the number on
            return _os_message(error), CannotWrite.exit_code
        case OSError() if error.errno in _REFUSED:
            return _os_message(error), PermissionRefused.exit_code
        case FileNotFoundError():
            return _os_message(error), NoInput.exit_code
    said = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    return _one_line(f"unexpected {said}; this is a bug; next: the same command with --debug shows where"), _BUG


def _click_message(error: click.ClickException) -> str:
    said = error.format_message().strip()
    said = said[0].lower() + said[1:].removesuffix(".") if said else "the call is wrong"
    context = error.ctx if isinstance(error, click.UsageError) else None
    then = f"; next: {context.command_path} --help" if context else ""
    return _one_line(said + then)


def _os_message(error: OSError) -> str:
    said = error.strerror or str(error)
    if arrows := _OF_ARROW.fullmatch(said):
        return _one_line(f"{arrows['why'].lower()} ({arrows['what'][0].lower()}{arrows['what'][1:]})")
    place = f"{error.filename}: " if error.filename else ""
    return _one_line(f"{place}{said.lower() if error.strerror else said}")


def _one_line(text: str) -> str:
    return safe(" ".join(text.split()))


def _say(text: str) -> None:
    """Write to stderr; a stderr that nobody reads must not change the exit code."""
    with contextlib.suppress(OSError):
        click.echo(text, err=True)


def _without_reader() -> int:
    """Leave quietly when the reader of our output has gone, for example ``| head``."""
    silence = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silence, sys.stdout.fileno())  # else the interpreter's own flush at exit complains
    return _NO_READER
