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
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

__all__ = ["Call", "Fault", "Watch", "can_watch", "read_calls", "watched"]

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
_NAMES = {number: name for name, number in _NUMBERS.items()}
_PATH_AT = {
    "openat": 1,
    "newfstatat": 1,
    "unlinkat": 1,
    "rename": 1,
    "truncate": 0,
    "mkdir": 0,
    "rmdir": 0,
    "unlink": 0,
}
_NO_FILE = frozenset({"socket", "eventfd2", "epoll_create1", "pipe2", "clone3"})
_LONGEST_PATH = 4096

_PR_SET_NO_NEW_PRIVS, _SECCOMP, _SET_FILTER, _NEW_LISTENER = 38, 317, 1, 8
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
        thread: the number of its thread, in the order in which threads made their first call.
        name: its name.
        ordinal: the how manieth of its name in its thread.
        place: the file it is about, by path; what the kernel calls a handle that is no file (``socket:[1]``).
        arguments: the numbers that it was made with.
    """

    thread: int
    name: str
    ordinal: int
    place: str
    arguments: tuple[int, ...]


@dataclass(frozen=True)
class Fault:
    """What becomes of one call.

    Args:
        thread: as in ``Call``, like ``name`` and ``ordinal``.
        how: an error such as ``EIO``; ``short`` for half of what was to be read or written; ``kill`` for the end.
        lasting: the error that all calls of its kind have from then on; none if the fault goes by.
    """

    thread: int
    name: str
    ordinal: int
    how: str
    lasting: str | None = None

    def __str__(self) -> str:
        later = f", then {self.lasting} for all" if self.lasting else ""
        return f"{self.name} number {self.ordinal} of thread {self.thread} with {self.how}{later}"


def can_watch() -> bool:
    """Tell whether this kernel lets a process be watched, and whether the numbers of its calls are known here."""
    if sys.platform != "linux" or platform.machine() != "x86_64":
        return False
    action = ctypes.c_uint32(_NOTIFY)
    return ctypes.CDLL(None).syscall(_SECCOMP, 2, 0, ctypes.byref(action)) == 0


def watched(channel: socket.socket) -> None:
    """Let the calls of this process, and of its threads to come, be answered by who has the channel's other end."""
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    numbers = sorted(_NAMES)
    steps = [(0x20, 0, 0, 4), (0x15, 0, len(numbers) + 1, _X86_64), (0x20, 0, 0, 0)]
    steps += [(0x15, len(numbers) - at, 0, number) for at, number in enumerate(numbers)]
    steps += [(0x06, 0, 0, _ALLOW), (0x06, 0, 0, _NOTIFY)]
    code = ctypes.create_string_buffer(b"".join(struct.pack("=HBBI", *step) for step in steps))
    program = struct.pack("@HP", len(steps), ctypes.addressof(code))
    listener = libc.syscall(_SECCOMP, _SET_FILTER, _NEW_LISTENER, ctypes.c_char_p(program))
    if listener < 0:
        raise OSError(ctypes.get_errno(), "this process cannot be watched")
    socket.send_fds(channel, [b"."], [listener])
    os.close(listener)


class Watch:
    """Answer the calls of a watched process until it ends.

    Args:
        process: the process.
        channel: the end of the channel that its ``watched`` does not have.
        record: a file that all calls are written to; none for no record.
        fault: what goes wrong; nothing by default.
    """

    def __init__(
        self, process: int, channel: socket.socket, *, record: Path | None = None, fault: Fault | None = None
    ) -> None:
        self.met = False
        """Whether the call of the fault was made."""
        self._process = process
        self._fault = fault
        self._threads: dict[int, int] = {}
        self._made: Counter[tuple[int, int]] = Counter()
        self._calls: list[Call] | None = None if record is None else []
        self._memory = -1
        _, (listener,), _, _ = socket.recv_fds(channel, 1, 1)
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
        while True:
            ((_, event),) = ready.poll()
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
            value, error_number, flags = self._answer(thread, call, arguments)
            with contextlib.suppress(FileNotFoundError):  # the thread has gone
                fcntl.ioctl(listener, _SEND, _ANSWER.pack(number, value, -error_number, flags))

    def _answer(self, thread: int, number: int, arguments: list[int]) -> tuple[int, int, int]:
        """Return the value of a call, or its error, or that the kernel should carry it out."""
        at = self._threads.setdefault(thread, len(self._threads))
        self._made[at, number] += 1
        name, ordinal, fault = _NAMES[number], self._made[at, number], self._fault
        if self._calls is not None:
            self._calls.append(Call(at, name, ordinal, self._place(name, arguments), tuple(arguments)))
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
            return name == "openat" and error == "ENOSPC" and bool(arguments[2] & os.O_CREAT)
        if name in _PATH_AT:
            return True
        place = self._place(name, arguments)
        return arguments[0] > 2 and place.startswith("/") and not place.startswith("/dev/")

    def _carry_out(self, how: str, name: str, arguments: list[int]) -> tuple[int, int, int]:
        if how == "kill":
            os.kill(self._process, signal.SIGKILL)
            return 0, 0, _CONTINUE
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
        process = os.pidfd_open(self._process)
        try:
            handle = ctypes.CDLL(None, use_errno=True).syscall(438, process, number, 0)  # pidfd_getfd
        finally:
            os.close(process)
        if handle < 0:
            raise OSError(ctypes.get_errno(), "this handle cannot be had")
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
