"""Run identifiers: 63-bit numbers that sort by the time a run began."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime, timedelta

__all__ = ["new_run_id", "run_started"]

_EPOCH = datetime(2020, 1, 1, tzinfo=UTC)
_RANDOM_BITS = 21  # with 42 bits of milliseconds: runs sort until the year 2159, and two in one millisecond
# meet with a chance of one in two million (the table's primary key would refuse the second)


def new_run_id(*, now: datetime | None = None) -> int:
    """Make a run identifier: milliseconds since 2020 (UTC) above 21 random bits."""
    elapsed = (now or datetime.now(UTC)) - _EPOCH
    return (elapsed // timedelta(milliseconds=1) << _RANDOM_BITS) | secrets.randbits(_RANDOM_BITS)


def run_started(run_id: int) -> datetime:
    """Read the time back out of a run identifier.

    >>> when = datetime(2026, 11, 22, 2, 0, tzinfo=UTC)
    >>> run_started(new_run_id(now=when)) == when
    True
    """
    return _EPOCH + timedelta(milliseconds=run_id >> _RANDOM_BITS)
