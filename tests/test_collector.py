"""The cycle collector is switched off and on by the command line alone."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest

from etl_agent import collector


@pytest.fixture(autouse=True)
def restored() -> Iterator[None]:
    """Leave the collector as it was found."""
    yield
    collector.resume()
    gc.enable()
    gc.unfreeze()


def test_a_pause_ends_before_rows_flow() -> None:
    """What was switched off at the start is switched on again, however often the start came."""
    collector.pause()
    collector.pause()
    assert not gc.isenabled()
    collector.resume()
    assert gc.isenabled()


def test_a_collector_that_someone_else_switched_off_stays_off() -> None:
    """In a process that is not ours nothing is touched."""
    gc.disable()
    frozen = gc.get_freeze_count()
    collector.resume()
    assert not gc.isenabled()
    assert gc.get_freeze_count() == frozen
