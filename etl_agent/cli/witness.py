"""Who hears of a run besides the terminal: a log, and those who are notified; nothing of it can fail a run."""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from etl_agent.cli.context import PREFIX
from etl_agent.cli.ending import Terminated, TimedOut, last_word, rolled_back
from etl_agent.cli.failure import complain, explained, safe
from etl_agent.errors import AmbiguousFormat, EtlAgentError
from etl_agent.run.event import Event, without_cells
from etl_agent.run.notify import Notifier, read_notifier
from etl_agent.run.run_log import RunLog

if TYPE_CHECKING:
    from etl_agent.run.result import RunResult

__all__ = ["Witness", "log_option", "witnessing"]

Function = TypeVar("Function", bound=Callable[..., Any])


def log_option(function: Function) -> Function:
    """Give ``--log`` to a command; it arrives as ``log``."""
    return click.option(
        "--log",
        type=click.Path(path_type=Path),
        envvar=f"{PREFIX}_LOG",
        metavar="FILE",
        help="Append what happens to FILE, as JSON lines; it is kept short, and older ones are FILE.1 to FILE.3.",
    )(function)


class Witness:
    """Hear what becomes of runs, and pass it on.

    Args:
        log: the log, if there is one.
        notifier: those who are notified.
    """

    def __init__(self, log: RunLog | None = None, notifier: Notifier | None = None) -> None:
        self._log = log
        self._notifier = notifier or Notifier()
        self._began = time.monotonic()
        self.under_way: str | None = None
        """The pipeline that has begun and not ended."""
        self.quiet = True
        """Whether no failure was told: then there is room on stderr for a word about the log."""

    def began(self, pipeline: str) -> None:
        """Hear that a pipeline begins."""
        self._began = time.monotonic()
        self.under_way = pipeline
        self._pass_on(Event("start", pipeline))

    def waits(self, pipeline: str, error: EtlAgentError, *, seconds: float) -> None:
        """Hear that a pipeline failed for now, and is tried again after so many seconds."""
        message, code = explained(error)
        self._pass_on(Event("retry", pipeline, message, code, self._seconds, {"waits": seconds}))

    def ended(self, result: RunResult, *, message: str, exit_code: int) -> None:
        """Hear how a pipeline ended, and what the command makes of it."""
        self.under_way = None
        self.quiet = self.quiet and not exit_code
        self._pass_on(Event.of(result, message=message, exit_code=exit_code))

    def failed(self, pipeline: str, error: BaseException) -> None:
        """Hear that a pipeline could not run to its end."""
        self.under_way = None
        self.quiet = False
        message, code = explained(error)
        facts: dict[str, Any] = {"error": type(error).__name__}
        if isinstance(error, AmbiguousFormat):
            message = without_cells(error)
        elif code == EtlAgentError.exit_code and not isinstance(error, EtlAgentError):
            message = type(error).__name__  # its text may quote a cell; where it happened may not
            facts["trace"] = [
                f"{at.filename}:{at.lineno} {at.name}" for at in traceback.extract_tb(error.__traceback__)
            ]
        self._pass_on(Event("failure", pipeline, message, code, self._seconds, facts))

    def close(self, *, hurry: bool = False) -> None:
        """Let what is under way arrive, and say in one line what could not be told, where nothing else is said.

        Args:
            hurry: the process was asked to end, so wait hardly at all.
        """
        self._notifier.close(hurry=hurry)
        lost = self._notifier.failures[:1]
        said = [self._log.failure] if self._log is not None and self._log.failure else []
        said += [f"nobody was notified ({lost[0]})"] if lost else []
        if said and self.quiet:
            complain(safe(f"{'; '.join(said)}; the run went on"))

    @property
    def _seconds(self) -> float:
        return time.monotonic() - self._began

    def _pass_on(self, event: Event) -> None:
        if self._log is not None:
            self._log.write(event)
        self._notifier.tell(event)


@contextmanager
def witnessing(pipelines: Sequence[Path], *, log: Path | None, notify: bool = True) -> Iterator[Witness]:
    """Give a witness to a command, which hears of failures outside a pipeline too.

    Args:
        pipelines: the pipeline files, as they were named.
        log: the file of ``--log``.
        notify: whether anybody is notified; nobody should hear of a dry run.
    """
    witness = Witness(None if log is None else RunLog(log), read_notifier() if notify else None)
    hurry = False

    def failed(error: BaseException) -> None:
        witness.failed(witness.under_way or ", ".join(map(str, pipelines)), error)

    try:
        with last_word(failed):
            yield witness
    except BaseException as error:
        rolled_back()
        hurry = isinstance(error, (Terminated, KeyboardInterrupt)) and not isinstance(error, TimedOut)
        if not isinstance(error, (click.exceptions.Exit, SystemExit)):
            failed(error)
        raise
    finally:
        witness.close(hurry=hurry)
