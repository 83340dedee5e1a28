"""The entry point of ``etl-agent``."""

from __future__ import annotations

import codecs
import io
import os
import sys
from collections.abc import Sequence

import click

from etl_agent import collector
from etl_agent.cli.commands import COMMANDS
from etl_agent.cli.context import PREFIX, print_version, shared_options
from etl_agent.cli.failure import PROGRAM, exit_code_of
from etl_agent.cli.group import LazyGroup

__all__ = ["cli", "main"]


@click.group(
    cls=LazyGroup,
    listed=COMMANDS,
    context_settings={"help_option_names": ["-h", "--help"], "auto_envvar_prefix": PREFIX, "max_content_width": 100},
    epilog="Every option can be set in the environment: ETL_AGENT_RUN_QUIET=1 is 'run --quiet'. "
    "Each command explains itself with --help.",
)
@shared_options
@click.option(
    "--version", is_flag=True, expose_value=False, is_eager=True, callback=print_version, help="Show versions."
)
def cli() -> None:
    """Load CSV files into SQLite and Postgres, with every row accounted for."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return the exit code.

    Args:
        arguments: the words after the program's name; those of the process when absent.
    """
    _spare_the_start()
    _open_streams()
    words = None if arguments is None else list(arguments)
    return exit_code_of(lambda: cli.main(words, prog_name=PROGRAM, standalone_mode=False))


def _spare_the_start() -> None:
    """Leave out what a short process pays for and never uses; what the user has set stays.

    The cycle collector looks again and again at the objects of imported modules, which live as long as the process:
    it is switched on again before rows flow. The threads of numpy's linear algebra are never used here. Of Arrow's
    allocators jemalloc holds on to the least memory between batches (measured: a sixth less than mimalloc).
    """
    collector.pause()
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    if _has_glibc():  # Arrow's wheels for it have this allocator
        os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "jemalloc")


def _has_glibc() -> bool:
    """Tell whether the C library is GNU's: Arrow warns on stderr of an allocator that its wheel lacks."""
    try:
        return bool(os.confstr("CS_GNU_LIBC_VERSION"))
    except (AttributeError, ValueError, OSError):
        return False


def _open_streams() -> None:
    """Give the process the three standard streams, and let it write any character.

    A closed one would be None here, and its number would go to the next file that is opened: to a database, where
    every stray message would be written. A character that the terminal's encoding lacks is spelled out, as JSON does,
    rather than ending a run after its commit.
    """
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # it takes the lowest free number, which is this one
        if getattr(sys, name) is None:
            setattr(sys, name, open(number, "r" if number == 0 else "w", encoding="utf-8", closefd=False))  # noqa: SIM115  open to the end
    codecs.register_error("etl_agent.spelled", _spelled)
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="etl_agent.spelled")


def _spelled(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    import json

    return json.dumps(error.object[error.start : error.end])[1:-1], error.end
