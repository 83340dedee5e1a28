"""Batches are made ahead, worked on side by side, and handed over in order."""

import contextlib
import itertools
import signal
import threading
import time

import pytest

from etl_agent.run.flow import Behind, ahead, in_order


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
    assert not [thread for thread in threading.enumerate() if thread.name == "etl-agent-reader"]


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


def test_an_error_of_the_work_ends_the_reading_too():
    """While the error is held, what is read from can be closed already: nothing may read from it."""

    def fail(_number):
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError) as held:
        list(in_order(fail, ahead(itertools.count()), workers=1))
    assert held.tb is not None
    assert "etl-agent-reader" not in {thread.name for thread in threading.enumerate()}


def test_items_are_taken_in_order_by_another_thread():
    """Leaving waits until everything is taken."""
    taken = []
    with Behind(lambda item: taken.append((item, threading.current_thread().name))) as behind:
        for number in range(100):
            behind.put(number)
    assert taken == [(number, "etl-agent-loader") for number in range(100)]


def test_a_failing_taker_is_heard_and_takes_no_more():
    """The error of the thread is raised where items are handed over, or at the end."""
    taken = []

    def take(item: int) -> None:
        if item == 2:
            raise ValueError("disk full")
        taken.append(item)

    with pytest.raises(ValueError, match="disk full"), Behind(take) as behind:
        for number in range(100):
            behind.put(number)
    assert taken == [0, 1]
    with pytest.raises(ValueError, match="disk full"), Behind(take) as behind:
        behind.put(2)


def test_a_failing_caller_leaves_no_thread_behind():
    """What still waits is not taken after an error of the caller."""
    taken = []

    def take(item: int) -> None:
        time.sleep(0.05)
        taken.append(item)

    with pytest.raises(KeyError), Behind(take, most=5) as behind:
        for number in range(5):
            behind.put(number)
        raise KeyError
    assert len(taken) < 5
    assert not [thread for thread in threading.enumerate() if thread.name == "etl-agent-loader"]


@contextlib.contextmanager
def raising_in(seconds):
    """Raise an error in the main thread in a while, as SIGTERM and a time limit do."""

    def end(_signal, _frame):
        raise InterruptedError

    previous = signal.signal(signal.SIGALRM, end)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.signal(signal.SIGALRM, previous)


def test_a_signal_waits_for_what_is_being_taken():
    """The thread may be in the middle of a write: what it writes to must not be closed under its hands."""
    taken = []

    def take(item):
        time.sleep(0.6)
        taken.append(item)

    with raising_in(0.2), pytest.raises(InterruptedError), Behind(take) as loader:
        loader.put(1)
    assert taken == [1]


def test_a_signal_waits_for_what_is_being_read():
    """A consumer that has stopped waits for the reader, and so does a signal that comes meanwhile."""
    read = []

    def slow():
        for number in itertools.count():
            time.sleep(0.6 if number else 0)
            read.append(number)
            yield number

    items = ahead(slow())
    assert next(items) == 0
    with raising_in(0.2), pytest.raises(InterruptedError):
        items.close()
    assert read == [0, 1]
