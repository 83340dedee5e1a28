"""How often a run is tried, and how long it may take."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import click

from etl_agent.cli.ending import TimedOut, raised_by
from etl_agent.cli.values import WAIT
from etl_agent.errors import DatabaseUnavailable, EtlAgentError, TryLater, UsageError
from etl_agent.paths import STDIN

if TYPE_CHECKING:
    from etl_agent.orchestrate.sequential import PipelineSpec

__all__ = ["Patience", "patience_options", "within"]

Result = TypeVar("Result")
Function = TypeVar("Function", bound=Callable[..., Any])

_LONGEST_WAIT = 15 * 60.0  # seconds: beyond it, waiting twice as long only makes the data late


def patience_options(function: Function) -> Function:
    """Give ``--retries``, ``--retry-wait`` and ``--timeout`` to a command; times arrive in seconds."""
    for option in (
        click.option("--timeout", type=WAIT, metavar="TIME", help="Roll back and exit with 124 after, say, 2h."),
        click.option(
            "--retry-wait",
            type=WAIT,
            default="30s",
            show_default=True,
            metavar="TIME",
            help="Wait before the first retry; each further one waits twice as long, at most 15m.",
        ),
        click.option(
            "--retries",
            type=click.IntRange(min=0),
            default=0,
            metavar="N",
            help="Try again up to N times what exits with 69 or 75: no database, or a lock that is held.",
        ),
    ):
        function = option(function)
    return function


@dataclass(frozen=True, slots=True)
class Patience:
    """How often a run that failed for now is tried again.

    A retry is a new run. It asks the record in the target which files are in the table, under the table's lock, so one
    whose commit went through although the answer was lost finds its files loaded and loads nothing.

    Args:
        retries: how many times.
        wait: before the first retry, in seconds; doubled for each further one.
    """

    retries: int = 0
    wait: float = 30.0

    def refuse(self, spec: PipelineSpec, *, reload: bool) -> None:
        """Refuse to retry where a second run could not know what the first one did.

        Raises:
            UsageError: files are loaded whatever the record says, or can be read only once.
        """
        if self.retries and reload:
            raise UsageError("--retries and --reload exclude each other: a reload does not ask what is loaded")
        if self.retries and STDIN in spec.extract.files:
            raise UsageError("--retries does not go with the standard input, which can be read only once")

    def waits(self) -> Iterator[float]:
        """Yield how long to wait before each retry, in seconds.

        >>> list(Patience(retries=3, wait=30).waits())
        [30, 60, 120]
        """
        for number in range(self.retries):
            yield min(self.wait * 2 ** min(number, 32), max(self.wait, _LONGEST_WAIT))

    def over(self, call: Callable[[], Result], *, told: Callable[[EtlAgentError, float], None]) -> Result:
        """Call until it succeeds, fails for good, or the retries are used up.

        Args:
            call: what may fail for now.
            told: hears of a failure that is tried again, and after how many seconds.
        """
        for wait in self.waits():
            try:
                return call()
            except (DatabaseUnavailable, TryLater) as error:
                told(error, wait)
                time.sleep(wait)
        return call()


@contextmanager
def within(seconds: float | None) -> Iterator[None]:
    """Break off what takes longer than so many seconds, as SIGTERM would: what is open is rolled back on the way out.

    Raises:
        TimedOut: the time is over.
        UsageError: no time is left from the beginning.
    """
    if seconds is None or threading.current_thread() is not threading.main_thread():
        yield
        return
    if seconds <= 0:
        raise UsageError("--timeout must be longer than nothing; for example 2h")

    with raised_by(signal.SIGALRM, TimedOut(seconds)):
        signal.setitimer(signal.ITIMER_REAL, seconds)  # counts real time that a change of the clock does not move
        try:
            yield
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
