"""Casting of text to dates, times and timestamps: real calendar days and local times that happened once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from etl_agent.batch import Mask, as_mask
from etl_agent.errors import ConfigurationError
from etl_agent.profile.forms import DATE, OFFSET, TIME
from etl_agent.validate.odd import cast_in_parts, odd_cells, only

__all__ = ["Misfit", "cast_date", "cast_time", "cast_timestamp", "unfit"]

_NAIVE = rf"^{DATE}[ T]{TIME}$"
_WITH_OFFSET = rf"^{DATE}[ T]{TIME}{OFFSET}$"

_FIRST_DAY = -719_162  # 0001-01-01, in days since 1970
_LAST_DAY = 2_932_896  # 9999-12-31
_DAY = 86_400_000_000  # microseconds
_SHORTEST = len("2025-04-03 12:30")
_LONGEST = len("2025-04-03 12:30:00.123456")


@dataclass(frozen=True, slots=True)
class Misfit:
    """Cells that have no value of the type.

    Args:
        check: the type, and what else is wrong where that is not plain from it.
        cells: true for each such cell.
    """

    check: str
    cells: Mask


def unfit(text: pa.Array, values: pa.Array, *, check: str) -> tuple[Misfit, ...]:
    """Find the cells that had text and got no value."""
    if values.null_count == text.null_count:
        return ()
    return (Misfit(check, as_mask(pc.and_(pc.is_valid(text), pc.is_null(values)))),)


def cast_date(text: pa.Array) -> pa.Array:
    """Cast ISO dates (YYYY-MM-DD); null where there is no such day."""
    odd = odd_cells(text, first="-", last="9", shortest=10, longest=10)
    days = cast_in_parts(
        text,
        odd,
        plainly=lambda cells: pc.cast(cells, pa.date32()),
        carefully=lambda cells: pc.cast(only(cells, rf"^{DATE}$"), pa.date32()),
    )
    return pc.if_else(pc.greater_equal(days.cast(pa.int32()), _FIRST_DAY), days, None)


def cast_time(text: pa.Array) -> pa.Array:
    """Cast ISO times of day (hh:mm, hh:mm:ss, with up to 6 decimals); null where there is no such time."""
    times = only(text, rf"^{TIME}$")
    dated = pc.binary_join_element_wise("1970-01-01 ", times, "")
    return pc.cast(pc.cast(dated, pa.timestamp("us")), pa.time64("us"))


def cast_timestamp(text: pa.Array, *, zoned: bool, timezone: str | None) -> tuple[pa.Array, tuple[Misfit, ...]]:
    """Cast ISO timestamps.

    Args:
        text: the cells.
        zoned: whether the values are instants, which are kept as UTC.
        timezone: where cells without an offset are local times; None if an instant must bring its offset.
    """
    if not zoned:
        values = _naive(text)
        return values, unfit(text, values, check="timestamp")
    check = f"timestamp in {timezone}" if timezone else "timestamp with an offset"
    if timezone is None:
        values = _with_offset(text)
        return values, unfit(text, values, check=check)
    local = _naive(text)
    values, misfits = _placed(local, timezone, check)
    if local.null_count > text.null_count:
        rest = pc.and_(pc.is_valid(text), pc.is_null(local))
        values = pc.replace_with_mask(values, rest, _with_offset(text.filter(rest)))
    told = np.logical_or.reduce([np.zeros(len(text), np.bool_), *(misfit.cells for misfit in misfits)])
    lost = as_mask(pc.and_(pc.is_valid(text), pc.is_null(values))) & ~told
    if lost.any():
        misfits = (Misfit(check, lost), *misfits)
    return values, misfits


def _naive(text: pa.Array) -> pa.Array:
    """Cast timestamps without an offset; null where a cell is none."""
    kind = pa.timestamp("us")
    # The length matters: Arrow would read a day, or a day with an hour, and so invent what was not written.
    odd = odd_cells(text, first="-", last=":", also=" T", shortest=_SHORTEST, longest=_LONGEST)
    return cast_in_parts(
        text,
        odd,
        plainly=lambda cells: _within_years(pc.cast(cells, kind)),
        carefully=lambda cells: pc.cast(only(cells, _NAIVE), kind),
    )


def _with_offset(text: pa.Array) -> pa.Array:
    """Cast timestamps that bring their offset; null where a cell is none."""
    return _within_years(pc.cast(only(text, _WITH_OFFSET), pa.timestamp("us", tz="UTC")))


def _placed(local: pa.Array, timezone: str, check: str) -> tuple[pa.Array, tuple[Misfit, ...]]:
    """Turn local times into instants; those that a zone skipped, or had twice, do not fit."""
    kind = pa.timestamp("us", tz="UTC")
    try:
        return _within_years(pc.assume_timezone(local, timezone).cast(kind)), ()
    except pa.ArrowInvalid as error:
        if "timezone" in str(error) and "Cannot locate" in str(error):
            raise ConfigurationError(
                f"this system's time zone database does not know {timezone}",
                where="validate.contract",
                next_command="install the operating system's package tzdata",
            ) from error
    early = pc.assume_timezone(local, timezone, ambiguous="earliest", nonexistent="earliest").cast(kind)
    twice = pc.assume_timezone(local, timezone, ambiguous="latest", nonexistent="earliest").cast(kind)
    never = pc.assume_timezone(local, timezone, ambiguous="earliest", nonexistent="latest").cast(kind)
    doubled, skipped = as_mask(pc.not_equal(early, twice)), as_mask(pc.not_equal(early, never))
    values = pc.if_else(pa.array(doubled | skipped), None, early)
    found = (
        Misfit(f"{check}: this local time happened twice, an offset is needed", doubled),
        Misfit(f"{check}: this local time was skipped", skipped),
    )
    return _within_years(values), tuple(misfit for misfit in found if misfit.cells.any())


def _within_years(values: pa.Array) -> pa.Array:
    """Take out values before the year 1 or after the year 9999 (an offset can lead there)."""
    numbers = values.cast(pa.int64())
    ends = pc.min_max(numbers).as_py()
    low, high = _FIRST_DAY * _DAY, (_LAST_DAY + 1) * _DAY - 1
    if ends["min"] is None or (ends["min"] >= low and ends["max"] <= high):
        return values
    inside = pc.and_(pc.greater_equal(numbers, pa.scalar(low)), pc.less_equal(numbers, pa.scalar(high)))
    return pc.if_else(inside, values, None)
