"""Batches are made ahead, worked on side by side, and handed over in order."""

import threading
import time

import pytest

from etl_agent.run.flow import ahead, in_order


def test_items_made_ahead_keep_their_order():
    """Every item arrives once, in the order it was made."""
    assert list(ahead(range(1_000), most=2)) == list(range(1_000))


def test_an_error_of_the_producer_reaches_the_consumer():
    """What the reading thread raises is raised where the items are taken, after the items before it."""

    def items():
        yield 1
        raise OSError("disk")

    seen = []
    with pytest.raises(OSError, match="disk"):
        seen.extend(ahead(items()))
    assert threading.active_count() == 1


def test_a_consumer_that_stops_early_stops_the_producer():
    """No thread is left behind when the consumer leaves in the middle."""
    made = []

    def items():
        for number in range(10_000):
            made.append(number)
            yield number

    for number in ahead(items(), most=1):
        if number == 3:
            break
    time.sleep(0.01)
    assert len(made) < 10
    assert not [thread for thread in threading.enumerate() if thread.name == "etl-agent-reader"]


def test_results_come_in_order_however_long_each_takes():
    """A slow first item does not let later ones overtake it."""

    def work(number: int) -> int:
        time.sleep(0.02 if number == 0 else 0)
        return number

    assert list(in_order(work, range(20), workers=3)) == list(range(20))


def test_no_more_items_are_taken_than_the_bound():
    """The items in flight never pass ``most``, so memory stays flat behind a slow consumer."""
    taken = []

    def items():
        for number in range(50):
            taken.append(number)
            yield number

    for seen, _ in enumerate(in_order(lambda number: number, items(), workers=2, most=3)):
        assert len(taken) - seen <= 3


def test_an_error_of_the_work_is_raised_in_its_place():
    """Results before the failing item arrive, then its error is raised."""

    def work(number: int) -> int:
        if number == 2:
            raise ValueError("cell")
        return number

    seen = []
    with pytest.raises(ValueError, match="cell"):
        seen.extend(in_order(work, range(5), workers=2))
