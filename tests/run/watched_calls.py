"""System calls of a process that its parent watches, in every thread: written down, or answered with a fault.

The kernel stops the process at the calls of a filter (seccomp user notification) and asks the parent, so that a call
can fail, be cut short or be the last one, at a price of some ten microseconds for each call that is watched.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import fcntl
import json
import os
import platform
import select
import signal
import socket
import struct
import sys
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

__all__ = ["Call", "Fault", "Watch", "can_watch", "named", "read_calls", "watched"]

_NUMBERS: Mapping[str, int] = {  # of x86-64
    "read": 0,
    "write": 1,
    "close": 3,
    "mmap": 9,
    "pread64": 17,
    "pwrite64": 18,
    "socket": 41,
    "connect": 42,
    "sendto": 44,
    "recvfrom": 45,
    "fcntl": 72,
    "flock": 73,
    "fsync": 74,
    "fdatasync": 75,
    "truncate": 76,
    "ftruncate": 77,
    "rename": 82,
    "mkdir": 83,
    "rmdir": 84,
    "unlink": 87,
    "getdents64": 217,
    "openat": 257,
    "newfstatat": 262,
    "unlinkat": 263,
    "fallocate": 285,
    "eventfd2": 290,
    "epoll_create1": 291,
    "pipe2": 293,
    "clone3": 435,
}
_OTHERS: Mapping[str, int] = {  # which are watched only where they are asked for, and may be known by number alone
    "stat": 4,
    "fstat": 5,
    "lstat": 6,
    "poll": 7,
    "lseek": 8,
    "mprotect": 10,
    "munmap": 11,
    "brk": 12,
    "rt_sigaction": 13,
    "rt_sigprocmask": 14,
    "ioctl": 16,
    "access": 21,
    "mremap": 25,
    "madvise": 28,
    "getpid": 39,
    "shutdown": 48,
    "getsockname": 51,
    "getpeername": 52,
    "setsockopt": 54,
    "getsockopt": 55,
    "exit": 60,
    "uname": 63,
    "getcwd": 79,
    "fchown": 93,
    "geteuid": 107,
    "prctl": 157,
    "gettid": 186,
    "futex": 202,
    "exit_group": 231,
    "epoll_wait": 232,
    "epoll_ctl": 233,
    "set_robust_list": 273,
    "getrandom": 318,
    "rseq": 334,
}
_NAMES = {number: name for name, number in (*_NUMBERS.items(), *_OTHERS.items())}
_NAMING, _NAME_OF_THREAD = _OTHERS["prctl"], 15  # PR_SET_NAME
_PATH_AT = {
    "stat": 0,
    "lstat": 0,
    "access": 0,
    "openat": 1,
    "newfstatat": 1,
    "unlinkat": 1,
    "rename": 1,
    "truncate": 0,
    "mkdir": 0,
    "rmdir": 0,
    "unlink": 0,
}
_NO_FILE = frozenset({"socket", "eventfd2", "epoll_create1", "pipe2", "clone3"}) | (_OTHERS.keys() - {"fstat", "lseek"})
_LONGEST_PATH = 4096

_PR_SET_DEATH_SIGNAL, _PR_SET_NO_NEW_PRIVS, _SECCOMP, _SET_FILTER, _NEW_LISTENER = 1, 38, 317, 1, 8
_ALLOW, _NOTIFY, _X86_64 = 0x7FFF0000, 0x7FC00000, 0xC000003E
_RECEIVE, _SEND, _SET_FLAGS, _SYNC_WAKE_UP, _CONTINUE = 0xC0502100, 0xC0182101, 0x40082104, 1, 1
_NOTICE = struct.Struct(
    "=QIIiIQ6Q"
)  # seccomp_notif: id, thread, flags, then the call: number, machine, place, arguments
_ANSWER = struct.Struct("=QqiI")

_FULL = frozenset({"write", "pwrite64", "ftruncate", "fallocate", "mkdir", "rename"})
_DEAD = frozenset({"read", "pread64", "fsync", "fdatasync", "unlink", "unlinkat", "openat", "getdents64"}) | _FULL
_NO_HANDLE = frozenset({"openat", "socket", "eventfd2", "epoll_create1", "pipe2"})


@dataclass(frozen=True)
class Call:
    """A system call as a watched process made it.

    Args:
        thread: the name of its thread (``main``, or what the thread was named by prctl); a thread without a name, and
            one that has not said it yet, is ``unnamed 1`` and so on, in the order in which they made their first call.
        name: its name.
        ordinal: the how manieth of its name in its thread.
        place: the file it is about, by path; what the kernel calls a handle that is no file (``socket:[1]``).
        arguments: the numbers that it was made with.
        there: whether the place was there before the call.
        site: where in the program it was made, if that was told.
    """

    thread: str
    name: str
    ordinal: int
    place: str
    arguments: tuple[int, ...]
    there: bool
    site: str = ""


@dataclass(frozen=True)
class Fault:
    """What becomes of one call.

    Args:
        thread: as in ``Call``, like ``name`` and ``ordinal``.
        how: an error such as ``EIO``; ``short`` for half of what was to be read or written; ``kill`` for the end.
        lasting: the error that all calls of its kind have from then on; none if the fault goes by.
        place: the file, for people.
    """

    thread: str
    name: str
    ordinal: int
    how: str
    lasting: str | None = None
    place: str = ""

    def __str__(self) -> str:
        later = f", then {self.lasting} for all" if self.lasting else ""
        return f"{self.name} number {self.ordinal} of {self.thread} ({self.place}) with {self.how}{later}"


def can_watch() -> bool:
    """Tell whether this kernel lets a process be watched, and whether the numbers of its calls are known here."""
    if sys.platform != "linux" or platform.machine() != "x86_64":
        return False
    action = ctypes.c_uint32(_NOTIFY)
    return ctypes.CDLL(None).syscall(_SECCOMP, 2, 0, ctypes.byref(action)) == 0


def watched(channel: socket.socket, *, names: Collection[str] | None = None) -> None:
    """Let calls of this process, and of its threads to come, be answered by who has the channel's other end.

    Args:
        channel: where the other end is told of it.
        names: the calls; all that there are if it is empty, and those that can fail by default. ``prctl`` is always
            among them, since with it threads tell their names.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(_PR_SET_DEATH_SIGNAL, signal.SIGKILL, 0, 0, 0)  # nobody would answer any more
    libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    steps = [(0x20, 0, 0, 4), (0x15, 0, 1, _X86_64), (0x20, 0, 0, 0)]
    if names is None or names:
        numbers = sorted({_NAMING, *(_NUMBERS.values() if names is None else map(_number, names))})
        steps[1] = (0x15, 0, len(numbers) + 1, _X86_64)
        steps += [(0x15, len(numbers) - at, 0, number) for at, number in enumerate(numbers)]
        steps.append((0x06, 0, 0, _ALLOW))
    steps.append((0x06, 0, 0, _NOTIFY))
    code = ctypes.create_string_buffer(b"".join(struct.pack("=HBBI", *step) for step in steps))
    program = ctypes.create_string_buffer(struct.pack("@HP", len(steps), ctypes.addressof(code)))
    handle = os.dup(0)
    os.close(handle)  # the next handle has its number
    channel.send(struct.pack("=I", handle))
    if libc.syscall(_SECCOMP, _SET_FILTER, _NEW_LISTENER, program) != handle:  # from here on, calls wait for an answer
        raise OSError(ctypes.get_errno(), "this process cannot be watched")


def named(name: str) -> None:
    """Tell the name of the thread that calls this."""
    ctypes.CDLL(None).prctl(_NAME_OF_THREAD, ctypes.c_char_p(name.encode()), 0, 0, 0)


def _number(name: str) -> int:
    if name.startswith("call "):
        return int(name.removeprefix("call "))
    return (_NUMBERS | _OTHERS)[name]


def _listener(process: int, channel: socket.socket) -> int:
    """Take the handle over that a process is watched by, as soon as it is there; it stays open over there too."""
    (number,) = struct.unpack("=I", channel.recv(4))
    until = time.monotonic() + 10
    while True:
        with contextlib.suppress(OSError):
            return _taken_over(process, number)
        if time.monotonic() > until:
            raise OSError(errno.ETIMEDOUT, "the process does not let itself be watched")
        time.sleep(0.0001)


def _taken_over(process: int, number: int) -> int:
    """Give a handle of our own to what a handle of a process is for."""
    there = os.pidfd_open(process)
    try:
        handle = ctypes.CDLL(None, use_errno=True).syscall(438, there, number, 0)  # pidfd_getfd
    finally:
        os.close(there)
    if handle < 0:
        raise OSError(ctypes.get_errno(), "this handle cannot be had")
    return int(handle)


class Watch:
    """Answer the calls of a watched process until it ends.

    Args:
        process: the process.
        channel: the end of the channel that its ``watched`` does not have.
        record: a file that all calls are written to; none for no record.
        fault: what goes wrong; nothing by default.
        look: is called at each call, while its thread waits.
        site_of: tells for the record where a thread is, by its number.
        longest: seconds that the process may take; then it is killed.
    """

    def __init__(
        self,
        process: int,
        channel: socket.socket,
        *,
        record: Path | None = None,
        fault: Fault | None = None,
        look: Callable[[], None] | None = None,
        site_of: Callable[[int], str] | None = None,
        longest: float = 15,
    ) -> None:
        self.met = False
        """Whether the call of the fault was made."""
        self.hung = False
        """Whether the process took too long."""
        self._longest = longest
        self._process = process
        self._fault = fault
        self._threads = {process: "main"}
        self._made: Counter[tuple[str, int]] = Counter()
        self._look = look
        self._site_of = site_of
        self._calls: list[Call] | None = None if record is None else []
        self._memory = -1
        listener = _listener(process, channel)
        try:
            with contextlib.suppress(OSError):  # only faster
                fcntl.ioctl(listener, _SET_FLAGS, struct.pack("=Q", _SYNC_WAKE_UP))
            self._memory = os.open(f"/proc/{process}/mem", os.O_RDWR)
            self._answer_all(listener)
        finally:
            os.close(listener)
            if self._memory >= 0:
                os.close(self._memory)
        if record is not None and self._calls is not None:
            record.write_text("".join(json.dumps(asdict(call)) + "\n" for call in self._calls))

    def _answer_all(self, listener: int) -> None:
        ready = select.poll()
        ready.register(listener, select.POLLIN)
        notice = bytearray(_NOTICE.size)
        until = time.monotonic() + self._longest
        while True:
            left = until - time.monotonic()
            if left < 0 or not (found := ready.poll(left * 1000)):
                self.hung = True
                os.kill(self._process, signal.SIGKILL)
                until += self._longest
                continue
            ((_, event),) = found
            if not event & select.POLLIN:
                return  # the last thread has gone
            notice[:] = bytes(_NOTICE.size)
            try:
                fcntl.ioctl(listener, _RECEIVE, notice, True)
            except OSError as error:
                if error.errno in (errno.ENOENT, errno.EINTR):  # the thread went before it was asked
                    continue
                raise
            number, thread, _, call, _, _, *arguments = _NOTICE.unpack(notice)
            answer = self._answer(thread, call, arguments)
            if answer is None:
                continue  # the process is killed: it may not even make this call
            value, error_number, flags = answer
            with contextlib.suppress(FileNotFoundError):  # the thread has gone
                fcntl.ioctl(listener, _SEND, _ANSWER.pack(number, value, -error_number, flags))

    def _answer(self, thread: int, number: int, arguments: list[int]) -> tuple[int, int, int] | None:
        """Return the value of a call, its error, or that the kernel should carry it out; nothing after a kill."""
        at = self._threads.setdefault(thread, f"unnamed {len(self._threads)}")
        if number == _NAMING and arguments[0] == _NAME_OF_THREAD:
            self._threads[thread] = os.pread(self._memory, 16, arguments[1]).partition(b"\0")[0].decode()
        self._made[at, number] += 1
        name, ordinal, fault = _NAMES.get(number, f"call {number}"), self._made[at, number], self._fault
        if self._look is not None:
            self._look()
        if self._calls is not None:
            place, site = self._place(name, arguments), "" if self._site_of is None else self._site_of(thread)
            self._calls.append(Call(at, name, ordinal, place, tuple(arguments), os.path.lexists(place), site))
        if fault is None:
            return 0, 0, _CONTINUE
        if not self.met:
            if (fault.thread, fault.name, fault.ordinal) != (at, name, ordinal):
                return 0, 0, _CONTINUE
            self.met = True
            return self._carry_out(fault.how, name, arguments)
        if fault.lasting is not None and self._lasts(fault.lasting, name, arguments):
            return 0, getattr(errno, fault.lasting), 0
        return 0, 0, _CONTINUE

    def _lasts(self, error: str, name: str, arguments: list[int]) -> bool:
        """Tell whether a call fails too while a disk is full or gone, or while there is no handle left."""
        if error == "EMFILE":
            return name in _NO_HANDLE
        if name not in (_FULL if error == "ENOSPC" else _DEAD):
            made = name == "openat" and error == "ENOSPC" and bool(arguments[2] & os.O_CREAT)
            return made and not os.path.lexists(self._place(name, arguments))
        if name in _PATH_AT:
            return True
        place = self._place(name, arguments)
        return arguments[0] > 2 and place.startswith("/") and not place.startswith("/dev/")

    def _carry_out(self, how: str, name: str, arguments: list[int]) -> tuple[int, int, int] | None:
        if how == "kill":
            os.kill(self._process, signal.SIGKILL)
            return None
        if how == "short":
            return self._half(name, arguments)
        if name in ("sendto", "recvfrom"):
            with self._handle(arguments[0]) as handle, socket.socket(fileno=os.dup(handle)) as connection:
                connection.shutdown(socket.SHUT_RDWR)  # a connection that failed stays failed
        return 0, getattr(errno, how), 0

    def _half(self, name: str, arguments: list[int]) -> tuple[int, int, int]:
        """Carry a call out with half of its bytes."""
        number, address, size = arguments[:3]
        size = max(1, size // 2)
        try:
            with self._handle(number) as handle:
                if name in ("write", "pwrite64", "sendto"):
                    data = os.pread(self._memory, size, address)
                    done = os.pwrite(handle, data, arguments[3]) if name == "pwrite64" else os.write(handle, data)
                    return done, 0, 0
                data = os.pread(handle, size, arguments[3]) if name == "pread64" else os.read(handle, size)
                os.pwrite(self._memory, data, address)
                return len(data), 0, 0
        except OSError as error:
            return 0, error.errno or errno.EIO, 0

    @contextlib.contextmanager
    def _handle(self, number: int) -> Iterator[int]:
        """Give a handle of our own to what a handle of the process is for, with its place in the file."""
        handle = _taken_over(self._process, number)
        try:
            yield handle
        finally:
            os.close(handle)

    def _place(self, name: str, arguments: list[int]) -> str:
        if name in _NO_FILE or (name == "mmap" and arguments[4] >= 1 << 31):
            return ""
        if name not in _PATH_AT:
            try:
                return os.readlink(f"/proc/{self._process}/fd/{arguments[0 if name != 'mmap' else 4]}")
            except OSError:
                return ""
        try:
            text = os.pread(self._memory, _LONGEST_PATH, arguments[_PATH_AT[name]])
        except OSError:
            return ""
        path = os.fsdecode(text.partition(b"\0")[0])
        return path or self._place("fstat", arguments)  # an empty path is the handle itself


def read_calls(record: Path) -> list[Call]:
    """Read what a watch has written down."""
    made: list[dict[str, Any]] = [json.loads(line) for line in record.read_text().splitlines()]
    return [Call(**{**one, "arguments": tuple(one["arguments"])}) for one in made]
