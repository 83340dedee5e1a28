"""The moving of batches: read ahead on one thread, clean on others, load on a last one, all in dataset order."""

from __future__ import annotations

import queue
import threading
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Generic, Self, TypeVar

__all__ = ["Behind", "ahead", "in_order"]

T = TypeVar("T")
R = TypeVar("R")


class _End:
    """The last thing in a queue: the producer is done, or failed."""

    def __init__(self, error: BaseException | None = None) -> None:
        self.error = error


def _outlast(ended: threading.Event) -> None:
    """Wait until a thread has ended, and only then raise what a signal raises meanwhile.

    ``Thread.join`` alone would not do: where a signal breaks it off, Python 3.11 and 3.12 take the thread for one that
    has ended, and what it works on would be closed under its hands.
    """
    try:
        ended.wait()
    except BaseException:
        ended.wait()
        raise


def ahead(items: Iterable[T], *, most: int = 1) -> Iterator[T]:
    """Yield the items while a thread already makes the next ones.

    An error of the producer is raised here. When the consumer stops early, the thread ends too.

    Args:
        items: made on the thread.
        most: items that wait at most.
    """
    waiting: queue.Queue[T | _End] = queue.Queue(maxsize=most)
    stopped, ended = threading.Event(), threading.Event()

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
        finally:
            ended.set()

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
        _outlast(ended)
        thread.join()


def in_order(work: Callable[[T], R], items: Iterable[T], *, workers: int, most: int = 3) -> Iterator[R]:
    """Yield ``work(item)`` for every item, in the order of the items, several at a time.

    Args:
        work: called on worker threads; with one worker, in the order of the items.
        items: taken on the consumer's thread; a generator is closed at the end, however that comes.
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
        if isinstance(items, Generator):  # else an error's traceback keeps it, and a thread that reads for it, alive
            items.close()


class Behind(Generic[T]):
    """Hand items to a thread that takes them one after the other, while the caller goes on.

    A context manager: leaving it waits until everything is taken, or, after an error, only for the item at hand. What
    the thread raises is raised by the next ``put`` or at the end.

    Args:
        take: called on the thread for each item, in order.
        most: items that wait at most.
    """

    def __init__(self, take: Callable[[T], None], *, most: int = 1) -> None:
        self._take = take
        self._waiting: queue.Queue[T | _End] = queue.Queue(maxsize=most)
        self._failed: BaseException | None = None
        self._stopped = threading.Event()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="etl-agent-loader", daemon=True)

    def put(self, item: T) -> None:
        """Hand over an item; waits while too many wait."""
        self._offer(item)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is not None:
            self._stopped.set()
        try:
            if error is None:
                self._offer(_End())
            self._ended.wait()
        except BaseException:  # a signal, or the thread's own failure: it must end before anything is rolled back
            self._stopped.set()
            _outlast(self._ended)
            raise
        self._thread.join()
        if error is None and self._failed is not None:
            raise self._failed

    def _offer(self, item: T | _End) -> None:
        while self._failed is None:
            try:
                self._waiting.put(item, timeout=0.1)
            except queue.Full:
                continue
            return
        raise self._failed

    def _run(self) -> None:
        try:
            self._consume()
        finally:
            self._ended.set()

    def _consume(self) -> None:
        while not self._stopped.is_set():
            try:
                item = self._waiting.get(timeout=0.1)
            except queue.Empty:
                continue
            if isinstance(item, _End):
                return
            try:
                self._take(item)
            except BaseException as error:  # it is raised again where the items are handed over
                self._failed = error
                return
            del item  # a batch must not live on here while the next one is awaited
