"""A step of the user's own while it runs: what it raises is said to be its fault, and it may lose no row."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pyarrow as pa

from etl_agent.clean.step import Step
from etl_agent.errors import ConfigurationError, EtlAgentError

__all__ = ["answering", "checked"]


@contextmanager
def answering(label: str, step: Step) -> Iterator[None]:
    """Let a step run; whatever one of the user's own raises becomes an error that names it.

    Args:
        label: the step's place and name.
        step: the step that runs.

    Raises:
        ConfigurationError: the user's step has failed.
    """
    try:
        yield
    except (EtlAgentError, MemoryError):
        raise
    except Exception as error:
        if not _own(step):
            raise
        said = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
        raise ConfigurationError(
            f"the class fails: {said}", where=_where(label, step), next_command="the same command with --debug"
        ) from error


def checked(label: str, step: Step, before: pa.RecordBatch, after: pa.RecordBatch) -> pa.RecordBatch:
    """Return what a step made of a batch, if it is what the step promised.

    Args:
        label: the step's place and name.
        step: the step that made it; one of this package is believed.
        before: what it was given.
        after: what it gave back.

    Raises:
        ConfigurationError: the user's step has lost or added rows or columns, or made something else than text.
    """
    if not _own(step):
        return after
    if not isinstance(after, pa.RecordBatch):
        raise _broken(label, step, f"it must give back a record batch, not {type(after).__name__}")
    if len(after) != len(before):
        raise _broken(label, step, f"it must give back every row, and gave {len(after):,} for {len(before):,}")
    promised, made = step.names_after(before.schema.names), tuple(after.schema.names)
    if made != tuple(promised):
        raise _broken(label, step, f"names_after says {', '.join(promised)}, and the columns are {', '.join(made)}")
    for field in after.schema:
        if not pa.types.is_string(field.type):
            raise _broken(label, step, f"it must give back text, and the column {field.name!r} is {field.type}")
    return after


def _own(step: Step) -> bool:
    return type(step).__module__.partition(".")[0] != "etl_agent"


def _where(label: str, step: Step) -> str:
    return f"step {label} ({type(step).__module__}:{type(step).__name__})"


def _broken(label: str, step: Step, what: str) -> ConfigurationError:
    return ConfigurationError(what, where=_where(label, step))
