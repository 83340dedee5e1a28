"""A pipeline's line in a crontab: with nothing in it that depends on who reads it, or where."""

from __future__ import annotations

import os
import re
import shlex
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from etl_agent.errors import ConfigurationError
from etl_agent.paths import from_environment

__all__ = ["CronEntry", "entry_of", "log_of", "refuse_unset"]

_MARK = " # etl-agent: "
_LOG = Path("logs") / "etl-agent.jsonl"
_LONGEST = 998  # bytes of a line that every cron takes whole
_DEFAULTS = (("--wait", "5m"), ("--timeout", "12h"))
_JOB = re.compile(r"\s*(?P<schedule>@\w+|(?:\S+\s+){4}\S+)\s+(?P<command>.+)")


@dataclass(frozen=True, slots=True)
class CronEntry:
    """A line of a crontab that runs a pipeline.

    Args:
        schedule: when.
        command: what cron hands to the shell, its ``%`` not yet escaped.
        pipeline: the pipeline file, absolute; it marks the line as this pipeline's.
    """

    schedule: str
    command: str
    pipeline: str

    @property
    def line(self) -> str:
        """The line: to cron a ``%`` without a backslash is the end of the command."""
        return f"{self.schedule} " + f"{self.command}{_MARK}{self.pipeline}".replace("%", r"\%")

    @staticmethod
    def read(line: str) -> CronEntry | None:
        """Read a line back; None for a line of anybody else's."""
        command, mark, pipeline = line.rstrip("\r\n").rpartition(_MARK)
        job = _JOB.fullmatch(command)
        if not mark or not pipeline.startswith("/") or job is None or line.lstrip().startswith("#"):
            return None
        return CronEntry(job["schedule"], job["command"].replace(r"\%", "%"), pipeline.replace(r"\%", "%"))


def entry_of(pipeline: Path, schedule: str, *, project: Path, options: Sequence[str] = ()) -> CronEntry:
    """Make the entry of a pipeline: all paths are absolute, and a run that hangs or meets another one gives way.

    Args:
        pipeline: the pipeline file.
        schedule: when, as ``read_schedule`` returns it.
        project: the project folder, whose ``.env`` is read by the run.
        options: more options of ``run``; they take the place of the entry's own.

    Raises:
        ConfigurationError: cron cannot hold a path, or the line is too long.
    """
    project, pipeline = (Path(os.path.abspath(path)) for path in (project, pipeline))  # noqa: PTH100  links stay as they are
    given = {word.partition("=")[0] for word in options}
    defaults = [*_DEFAULTS, ("--log", str(log_of(project)))]
    own = [word for option, value in defaults if option not in given for word in (option, value)]
    words = [*_program(), "run", "--project", str(project), *own, *_anchored(options), str(pipeline)]
    for word in words:
        _refuse_unfit(word)
    entry = CronEntry(schedule, shlex.join(words), str(pipeline))
    size = len(os.fsencode(entry.line))
    if size > _LONGEST:
        raise ConfigurationError(
            f"the crontab's line would have {size} bytes, and not every cron takes more than {_LONGEST}",
            next_command="write the command into a script, and the script into the crontab",
        )
    return entry


def log_of(project: Path) -> Path:
    """Return the log that entries of a project write, if nothing else is said."""
    return project / _LOG


def refuse_unset(target: str, *, known: Mapping[str, str], project: Path) -> None:
    """Refuse a target whose variables are set in this shell only, which cron does not know.

    Args:
        target: the pipeline's target, with its variables.
        known: the variables that a run from cron will have.
        project: the project folder.

    Raises:
        ConfigurationError: a variable would be missing; its value is not shown.
    """
    try:
        from_environment(target, environ=known)
    except ConfigurationError as error:
        raise ConfigurationError(
            f"{error.what} where cron runs: it does not know this shell",
            where="load.to",
            next_command=f"write it into {shlex.quote(str(project / '.env'))}",
        ) from None


def _program() -> list[str]:
    """Name this very installation, without help from a search path."""
    script = Path(sys.executable).with_name("etl-agent")
    return [str(script)] if script.is_file() else [sys.executable, "-P", "-m", "etl_agent"]


def _anchored(options: Sequence[str]) -> list[str]:
    """Make the path of ``--log`` absolute: cron stands in another folder."""
    words = [word for option in options for word in (option.split("=", 1) if option.startswith("--log=") else [option])]
    for place, word in enumerate(words[:-1]):
        if word == "--log":
            words[place + 1] = os.path.abspath(words[place + 1])  # noqa: PTH100  links stay as they are
    return words


def _refuse_unfit(word: str) -> None:
    r"""Refuse what no quoting helps: a line has one line, crons disagree about ``\\``, and the mark must be ours."""
    if not word.isprintable() and any(ord(character) < 32 or ord(character) == 127 for character in word):
        raise ConfigurationError(f"{word!r} holds a control character, which no crontab can hold")
    if "\\" in word or _MARK in word:
        raise ConfigurationError(f"{word!r} holds {'a backslash' if chr(92) in word else repr(_MARK)}; rename it")
