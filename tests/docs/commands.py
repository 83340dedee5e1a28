"""Run ``etl-agent`` in processes that are forked from one that has imported everything: a second less a command.

The first argument is a socket; every connection brings the standard files, the folder, the environment and the words
of one command, and gets its exit code.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import sys
import traceback
from importlib import import_module
from pathlib import Path

HEAVY = (
    "adbc_driver_sqlite",
    "etl_agent.orchestrate.catalog",
    "etl_agent.run.goal",
    "etl_agent.run.replay",
    "etl_agent.run.runner",
    "pandas",
    "pandera.io.pandas_io",
    "pandera.pandas",
    "phonenumbers",
    "pyarrow.csv",
    "rich.table",
    "sqlalchemy.dialects.sqlite",
)
CLIENT = """#!{python} -IS
import json, os, socket, sys
with socket.socket(socket.AF_UNIX) as server:
    server.connect({address!r})
    said = json.dumps([os.getcwd(), dict(os.environ), sys.argv[1:]]).encode()
    socket.send_fds(server, [len(said).to_bytes(8, "big")], [0, 1, 2])
    server.sendall(said)
    os._exit(server.recv(1)[0])
"""


def install(folder: Path, *, address: Path) -> None:
    """Put a program ``etl-agent`` into a folder that hands its work to the server at an address."""
    folder.mkdir()
    program = folder / "etl-agent"
    program.write_text(CLIENT.format(python=sys.executable, address=str(address)))
    program.chmod(0o755)


def _read(connection: socket.socket, size: int) -> bytes:
    parts = b""
    while len(parts) < size and (part := connection.recv(size - len(parts))):
        parts += part
    return parts


def _answer(connection: socket.socket) -> None:
    """Run one command as a process of its own would, with everything that it was given."""
    size, files, _, _ = socket.recv_fds(connection, 8, 3)
    folder, environment, words = json.loads(_read(connection, int.from_bytes(size, "big")))
    for number, file in enumerate(files):
        os.dup2(file, number)
    # the streams of the server may know their files as ones that can be sought in
    sys.stdout, sys.stderr = (open(number, "w", encoding="utf-8", closefd=False) for number in (1, 2))  # noqa: SIM115  open to the end
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    sys.argv[:] = ["etl-agent", *words]
    code = import_module("etl_agent.cli").main()
    sys.stdout.flush()
    sys.stderr.flush()
    connection.sendall(bytes([code]))


def serve(address: str) -> None:
    """Answer until the process is ended."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    for name in HEAVY:
        import_module(name)
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(address)
        server.listen()
        while True:
            connection, _ = server.accept()
            if os.fork() == 0:
                signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                server.close()
                try:
                    _answer(connection)
                except BaseException:
                    traceback.print_exc()
                    connection.sendall(bytes([70]))
                finally:
                    os._exit(0)
            connection.close()


if __name__ == "__main__":
    serve(sys.argv[1])
