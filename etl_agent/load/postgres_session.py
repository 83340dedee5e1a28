"""A session with a Postgres server: how it is opened, what holds in it, and how what it is at is broken off."""

from __future__ import annotations

import contextlib
import os
import socket
from typing import TYPE_CHECKING, Any

from etl_agent.breaking import breakable
from etl_agent.errors import PermissionRefused
from etl_agent.load.unshared import keep_from_children
from etl_agent.load.url import Location

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

__all__ = ["open_session", "refuse_read_only"]

_CONNECT_TIMEOUT = "30"  # seconds; libpq would wait for ever
_CANCEL_TIMEOUT = 0.5  # seconds; who is asked to end does not wait for a server that does not answer
# A host that vanishes says nothing: neither side is to wait for it for the two hours of the system.
_IDLE, _INTERVAL, _PROBES = 60, 10, 6  # seconds, seconds, and how many: two minutes
_CLIENT = {"keepalives_idle": _IDLE, "keepalives_interval": _INTERVAL, "keepalives_count": _PROBES}
_SESSION = (
    # A COPY is open for as long as the files are read, and the lock is held for as long as the run takes. Not every
    # version knows all of these. It comes first, since the limits count already.
    "SELECT set_config(name, '0', false) FROM pg_settings WHERE name IN ('statement_timeout', 'transaction_timeout',"
    " 'idle_in_transaction_session_timeout', 'idle_session_timeout')",
    "SET lock_timeout = '60s'",  # another session's lock on the table: say so, do not hang
    "SET TIME ZONE 'UTC'",
    "SET datestyle = 'ISO, YMD'",
    "SET client_encoding = 'UTF8'",
    # The joins of a merge spill to disk with the default of 4 MB.
    "SELECT set_config('work_mem', '64MB', false) WHERE pg_size_bytes(current_setting('work_mem')) < 67108864",
)
_WISHES = f"""
SELECT set_config(name, wish, false) FROM (VALUES
  ('client_connection_check_interval', '1s'),  -- else a long statement of a client that was killed goes on to its end
  ('tcp_keepalives_idle', '{_IDLE}'), ('tcp_keepalives_interval', '{_INTERVAL}'), ('tcp_keepalives_count', '{_PROBES}')
) AS wished(name, wish) JOIN pg_settings USING (name)
"""  # what not every system that servers run on can do; it is done without then


def open_session(location: Location, *, read_only: bool) -> Connection:
    """Open the one connection of a target.

    Args:
        location: where it is; its options come before our own.
        read_only: whether nothing may be written.
    """
    import logging

    from sqlalchemy import create_engine, event
    from sqlalchemy.pool import NullPool

    told = logging.getLogger("psycopg")
    if not told.hasHandlers():  # else Python writes to stderr what psycopg says of a broken connection before it raises
        told.addHandler(logging.NullHandler())
    own = {"connect_timeout": _CONNECT_TIMEOUT, "application_name": _application_name(), **_CLIENT}
    given = dict(location.options)
    settings: dict[str, Any] = {name: given.get(name, value) for name, value in own.items()}
    settings["prepare_threshold"] = None
    engine = create_engine(location.engine_url, poolclass=NullPool, connect_args=settings, hide_parameters=True)
    # SQLAlchemy closes a connection whose statement a signal broke off; the server would go on with the statement.
    event.listen(engine, "invalidate", lambda driver, _record, _error: _cancel(driver))
    connection = engine.connect()
    opened: Any = connection.connection.driver_connection
    for forget in (breakable(lambda: _cancel(opened)), keep_from_children(opened.fileno())):
        event.listen(engine, "close", lambda _driver, _record, forget=forget: forget())
    for statement in _SESSION:
        connection.exec_driver_sql(statement)
    if read_only:
        connection.exec_driver_sql("SET default_transaction_read_only = on")
    connection.commit()
    _wish(connection)
    return connection


def refuse_read_only(connection: Connection, *, location: Location) -> None:
    """Refuse a server that writes nothing, before a file is read for it.

    Raises:
        PermissionRefused: it is a standby, or writing is switched off.
    """
    standby, read_only = connection.exec_driver_sql(
        "SELECT pg_is_in_recovery(), current_setting('transaction_read_only')::boolean"
    ).one()
    if standby:
        raise PermissionRefused(
            "the server is a standby, which is read-only; load.to must name the primary, or every server as in"
            " ?host=a,b&target_session_attrs=primary",
            where=str(location),
        )
    if read_only:
        raise PermissionRefused(
            "the database is read-only; ask its administrator about default_transaction_read_only", where=str(location)
        )


def _cancel(driver: Any) -> None:
    """Ask the server to break off what it does for a connection of psycopg, if it does anything; on any thread."""
    from psycopg.pq import TransactionStatus

    if driver.pgconn.transaction_status == TransactionStatus.ACTIVE:
        with contextlib.suppress(Exception):  # it has ended meanwhile, or the server is gone
            driver.cancel_safe(timeout=_CANCEL_TIMEOUT)


def _wish(connection: Connection) -> None:
    from sqlalchemy.exc import DBAPIError

    try:
        connection.exec_driver_sql(_WISHES, execution_options={"no_parameters": True})
        connection.commit()
    except DBAPIError as error:
        if error.connection_invalidated:
            raise
        connection.rollback()


def _application_name() -> str:
    return f"etl-agent process {os.getpid()} on {socket.gethostname()}"[:63]
