"""Time zones: an instant stays the same instant."""

from __future__ import annotations

import datetime
import zoneinfo

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from etl_agent.clean.dates import Timestamps
from etl_agent.clean.zones import in_zone

offsets = st.integers(-12 * 60, 14 * 60).map(lambda minutes: datetime.timezone(datetime.timedelta(minutes=minutes)))


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.datetimes(datetime.datetime(1950, 1, 1), datetime.datetime(2037, 1, 1), timezones=offsets), max_size=5),
    st.sampled_from(["Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe", "UTC"]),
)
def test_moments_are_those_of_the_standard_library(moments: list[datetime.datetime], zone: str) -> None:
    """Summer time and odd offsets come out as Python's own zones have them."""
    moments = [moment.replace(microsecond=0) for moment in moments]
    after = in_zone(pa.array([moment.isoformat(sep=" ") for moment in moments], pa.string()), zone).to_pylist()
    assert after == [moment.astimezone(zoneinfo.ZoneInfo(zone)).isoformat(sep=" ") for moment in moments]


@pytest.mark.parametrize(
    "cell",
    ["2025-04-03 12:30:00", "2025-04-03", "soon", "", None, "2025-02-30 12:30:00+01:00", "9999-12-31 23:30:00-05:00"],
)
def test_other_cells_stay(cell: str | None) -> None:
    """A time without an offset is nowhere, and a day that never was stays as it is."""
    assert in_zone(pa.array([cell], pa.string()), "Europe/Berlin").to_pylist() == [cell]


def test_unknown_zone_is_a_mistake() -> None:
    """A zone that is not there is named with its near matches."""
    with pytest.raises(ValidationError, match="Europe/Berlin"):
        Timestamps(columns=("x",), to_timezone="Europe/Berlinn")
