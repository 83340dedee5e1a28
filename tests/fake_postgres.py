"""A server that speaks just enough of the Postgres protocol to refuse a login, or no Postgres at all."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
from collections.abc import Callable, Iterator

__all__ = ["closes", "refuses", "repeats_the_password", "says_garbage", "serving"]

_SSL_REQUEST, _GSS_REQUEST = 80877103, 80877104

Answer = Callable[[socket.socket], None]


@contextlib.contextmanager
def serving(answer: Answer) -> Iterator[int]:
    """Answer every connection to a port of this machine in the same way; the port is given."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        stop = threading.Event()

        def serve() -> None:
            while not stop.is_set():
                connection, _ = listener.accept()
                with connection, contextlib.suppress(OSError, struct.error):
                    connection.settimeout(10)
                    if not stop.is_set():
                        answer(connection)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        port: int = listener.getsockname()[1]
        try:
            yield port
        finally:
            stop.set()
            with contextlib.suppress(OSError):
                socket.create_connection(("127.0.0.1", port)).close()  # wakes it up
            thread.join(10)


def closes(connection: socket.socket) -> None:
    """Hang up on the first word."""
    connection.recv(1)


def says_garbage(connection: socket.socket) -> None:
    """Be another kind of server."""
    connection.recv(8)
    connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")


def repeats_the_password(connection: socket.socket) -> None:
    """Ask for the password in clear, and refuse it in a message that repeats it."""
    _started(connection)
    connection.sendall(b"R" + struct.pack("!II", 8, 3))
    kind, body = connection.recv(1), connection.recv(struct.unpack("!I", connection.recv(4))[0] - 4)
    assert kind == b"p"
    password = body.rstrip(b"\0")
    said = b'password authentication failed for "' + password + b'"'
    _fail(connection, b"28P01", said, detail=b"it was " + password)


def refuses(state: str, message: str) -> Answer:
    """Make an answer: no session, for a reason of this SQLSTATE."""

    def answer(connection: socket.socket) -> None:
        _started(connection)
        _fail(connection, state.encode(), message.encode())

    return answer


def _fail(connection: socket.socket, state: bytes, message: bytes, *, detail: bytes = b"") -> None:
    fields = [(b"S", b"FATAL"), (b"V", b"FATAL"), (b"C", state), (b"M", message), *([(b"D", detail)] if detail else [])]
    told = b"".join(name + text + b"\0" for name, text in fields) + b"\0"
    connection.sendall(b"E" + struct.pack("!I", len(told) + 4) + told)


def _started(connection: socket.socket) -> None:
    """Read the start of a session, and say no to encryption."""
    while True:
        size, code = struct.unpack("!II", connection.recv(8))
        if code not in (_SSL_REQUEST, _GSS_REQUEST):
            connection.recv(size - 8)
            return
        connection.sendall(b"N")
