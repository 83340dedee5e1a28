"""The moving of batches: read ahead on one thread, clean on others, and hand over in dataset order."""

from __future__ import annotations

import queue
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

__all__ = ["ahead", "in_order"]

T = TypeVar("T")
R = TypeVar("R")


class _End:
    """The last thing in a queue: the producer is done, or failed."""

    def __init__(self, error: BaseException | None = None) -> None:
        self.error = error


def ahead(items: Iterable[T], *, most: int = 1) -> Iterator[T]:
    """Yield the items while a thread already makes the next ones.

    An error of the producer is raised here. When the consumer stops early, the thread ends too.

    Args:
        items: made on the thread.
        most: items that wait at most.
    """
    waiting: queue.Queue[T | _End] = queue.Queue(maxsize=most)
    stopped = threading.Event()

    def put(item: T | _End) -> bool:
        while not stopped.is_set():
            try:
                waiting.put(item, timeout=0.1)
            except queue.Full:
                continue
            return True
        return False

    def produce() -> None:
        try:
            for item in items:
                if not put(item):
                    return
        except BaseException as error:
            put(_End(error))
        else:
            put(_End())

    thread = threading.Thread(target=produce, name="etl-agent-reader", daemon=True)
    thread.start()
    try:
        while True:
            item = waiting.get()
            if isinstance(item, _End):
                if item.error is not None:
                    raise item.error
                return
            yield item
    finally:
        stopped.set()
        thread.join()


def in_order(work: Callable[[T], R], items: Iterable[T], *, workers: int, most: int = 3) -> Iterator[R]:
    """Yield ``work(item)`` for every item, in the order of the items, several at a time.

    Args:
        work: called on worker threads; with one worker, in the order of the items.
        items: taken on the consumer's thread.
        workers: threads.
        most: items that are worked on or wait for the consumer at most; it bounds the memory.
    """
    pending: deque[Future[R]] = deque()
    pool = ThreadPoolExecutor(workers, thread_name_prefix="etl-agent-worker")
    try:
        for item in items:
            pending.append(pool.submit(work, item))
            del item  # a batch must not live on here while the next one is read
            if len(pending) >= most:
                yield pending.popleft().result()
        while pending:
            yield pending.popleft().result()
    finally:
        for future in pending:
            future.cancel()
        pool.shutdown(wait=True)
