"""Time zones: moments with an offset written in the time of another zone."""

from __future__ import annotations

import zoneinfo
from functools import lru_cache

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from etl_agent.errors import near

__all__ = ["check_zone", "in_zone"]

_OFFSET = r"^(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)(\.\d+)?([+-]\d\d:\d\d)$"
_MINUTE = 60


@lru_cache(maxsize=1)
def _zones() -> frozenset[str]:
    return frozenset(zoneinfo.available_timezones())


def check_zone(name: str) -> str:
    """Return the name of a zone if there is one.

    Raises:
        ValueError: there is no such zone; near names are given.
    """
    if name not in _zones():
        raise ValueError(f"{name!r} is no time zone; valid: {', '.join(near(name, sorted(_zones())) or ('UTC',))}")
    return name


def in_zone(cells: pa.Array, zone: str) -> pa.Array:
    """Write moments that have an offset as the wall-clock time and offset of a zone; other cells stay as they are.

    Args:
        cells: canonical times (2025-04-03 12:30:00.5+02:00); the digits of the fraction stay as they are.
        zone: a name of the IANA time zone database.
    """
    known = pc.fill_null(pc.match_substring_regex(cells, _OFFSET), fill_value=False)
    moments = cells.filter(known)
    if not len(moments):
        return cells
    parts = pc.extract_regex(
        moments, r"^(?P<clock>.{19})(?P<fraction>\.\d+)?(?P<sign>[+-])(?P<hours>\d\d):(?P<minutes>\d\d)$"
    )
    clock, fraction, sign, hours, minutes = (parts.field(place) for place in range(5))
    away = pc.add(pc.multiply(pc.cast(hours, pa.int64()), 60), pc.cast(minutes, pa.int64()))
    away = pc.multiply(pc.if_else(pc.equal(sign, "-"), pc.negate(away), away), _MINUTE)
    real = pc.strptime(clock, format="%Y-%m-%d %H:%M:%S", unit="s", error_is_null=True)
    # Parsing rolls a day like 30 February over into March, so it is compared with what was written.
    same = pc.equal(pc.strftime(real, format="%Y-%m-%d %H:%M:%S"), clock)
    instant = pc.subtract(pc.cast(real, pa.int64()), away)
    utc = pc.cast(instant, pa.timestamp("s"))
    local = pc.local_timestamp(pc.assume_timezone(utc, "UTC").cast(pa.timestamp("s", tz=zone)))
    ahead = pc.subtract(pc.cast(local, pa.int64()), instant)
    shown = pc.strftime(local, format="%Y-%m-%d %H:%M:%S")
    # Before standard time zones were some seconds off the minute, which an offset cannot say.
    whole = pa.array(pc.fill_null(ahead, 0).to_numpy(zero_copy_only=False) % _MINUTE == 0)
    good = pc.and_(pc.and_(same, whole), pc.equal(pc.binary_length(shown), pc.binary_length(clock)))
    text = pc.binary_join_element_wise(shown, fraction, _as_offset(ahead), "")
    return pc.replace_with_mask(
        cells, known, pc.coalesce(pc.if_else(good, text, pa.scalar(None, pa.string())), moments)
    )


def _as_offset(seconds: pa.Array) -> pa.Array:
    """Write seconds ahead of UTC as +02:00."""
    ahead = pc.fill_null(seconds, 0).to_numpy(zero_copy_only=False)
    words = {int(each): _offset_word(int(each)) for each in np.unique(ahead)}
    places = pa.array(np.searchsorted(np.array(list(words)), ahead))
    return pa.array(list(words.values())).take(places)


def _offset_word(seconds: int) -> str:
    hours, minutes = divmod(abs(seconds) // _MINUTE, 60)
    return f"{'-' if seconds < 0 else '+'}{hours:02d}:{minutes:02d}"
