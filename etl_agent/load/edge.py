"""The edge to the database libraries: their errors become ours, without secrets and without cell values."""

from __future__ import annotations

import contextlib
import re
import sqlite3
from collections.abc import Iterator
from typing import NoReturn

from etl_agent.errors import (
    CannotCreate,
    CannotWrite,
    ConfigurationError,
    DatabaseUnavailable,
    DataRefused,
    EtlAgentError,
    PermissionRefused,
    TryLater,
)
from etl_agent.load.url import Location

__all__ = ["mapped", "translated"]

_SQLITE: dict[str, tuple[type[EtlAgentError], str]] = {
    "SQLITE_AUTH": (PermissionRefused, "the database refuses access"),
    "SQLITE_BUSY": (TryLater, "another process holds the database file"),
    "SQLITE_CANTOPEN": (CannotCreate, "the database file cannot be opened or created"),
    "SQLITE_CONSTRAINT": (DataRefused, "the table refuses a row"),
    "SQLITE_CORRUPT": (DatabaseUnavailable, "the database file is damaged"),
    "SQLITE_FULL": (CannotWrite, "the disk is full"),
    "SQLITE_IOERR": (CannotWrite, "reading or writing the database file failed"),
    "SQLITE_INTERRUPT": (TryLater, "the statement was broken off"),
    "SQLITE_LOCKED": (TryLater, "another statement holds the table"),
    "SQLITE_MISMATCH": (DataRefused, "a value does not fit its column in the table"),
    "SQLITE_NOMEM": (EtlAgentError, "SQLite is out of memory"),
    "SQLITE_NOTADB": (ConfigurationError, "the target file is not an SQLite database"),
    "SQLITE_PERM": (PermissionRefused, "the file system refuses access to the database file"),
    "SQLITE_PROTOCOL": (CannotWrite, "locking the database file failed"),
    "SQLITE_READONLY_ROLLBACK": (
        DatabaseUnavailable,
        "a process was killed in the middle of a commit, and the database is open to read only; "
        "the next run that writes undoes the half commit",
    ),
    "SQLITE_READONLY": (PermissionRefused, "the database file cannot be written"),
    "SQLITE_TOOBIG": (DataRefused, "a value is too large for SQLite"),
}

_POSTGRES: dict[str, tuple[type[EtlAgentError], str]] = {  # by SQLSTATE, or by its class (two characters)
    "08": (DatabaseUnavailable, "the connection to the database failed"),
    "0A": (ConfigurationError, "the database cannot do this"),
    "22": (DataRefused, "a value does not fit its column in the table"),
    "23": (DataRefused, "the table refuses a row"),
    "25006": (PermissionRefused, "the database is read-only, as a standby is, or by default_transaction_read_only"),
    "25P03": (DatabaseUnavailable, "a time limit of the database ended the transaction"),
    "25P04": (DatabaseUnavailable, "a time limit of the database ended the transaction"),
    "28": (PermissionRefused, "the database refuses the login"),
    "3D": (DatabaseUnavailable, "the database does not exist"),
    "3F": (ConfigurationError, "the schema does not exist"),
    "40": (TryLater, "the transaction met another one"),
    "42": (ConfigurationError, "the database refuses a statement"),
    "42501": (PermissionRefused, "the database refuses permission"),
    "53": (DatabaseUnavailable, "the database has no resources left"),
    "53100": (CannotWrite, "the database's disk is full"),
    "54": (ConfigurationError, "a limit of the database is exceeded"),
    "55": (ConfigurationError, "the table cannot be written"),
    "55006": (TryLater, "the table is in use"),
    "55P03": (TryLater, "another session holds a lock"),
    "57": (DatabaseUnavailable, "the database ended the connection"),
    "57014": (TryLater, "the database cancelled the statement"),
    "58": (CannotWrite, "the database could not read or write its files"),
}

_COPY_COLUMN = re.compile(r"^COPY .*?, line \d+, column (.*?)(?:: \"|: null|$)", re.MULTILINE | re.DOTALL)
_LOGIN = re.compile("no pg_hba.conf entry|no password supplied|authentication(?! due to timeout)")
_WITH_VALUES = frozenset({"22", "23"})  # messages of these classes may quote a cell


@contextlib.contextmanager
def mapped(location: Location, *, where: str | None = None) -> Iterator[None]:
    """Turn the errors of SQLAlchemy, sqlite3, psycopg and ADBC into ours.

    Args:
        location: the target; its password is blotted out of every message.
        where: what was being done, for the message; the target itself when absent.
    """
    try:
        yield
    except EtlAgentError:
        raise
    except OSError as error:
        _file_system(error, where=where or str(location))
    except Exception as error:
        ours = translated(error, location=location, where=where)
        if ours is None:
            raise
        raise ours from None


def translated(error: Exception, *, location: Location, where: str | None = None) -> EtlAgentError | None:
    """Turn one error of a database library into ours; None if it is of another kind."""
    found = _driver_error(error)
    if found is None:
        return None
    kind, message = found
    return kind(location.without_secrets(message), where=where or str(location))


def _file_system(error: OSError, *, where: str) -> NoReturn:
    message = error.strerror or type(error).__name__
    if isinstance(error, PermissionError):
        raise PermissionRefused(message, where=where) from None
    if isinstance(error, (FileNotFoundError, NotADirectoryError)):
        raise CannotCreate(f"{message}: {error.filename}", where=where) from None
    raise CannotWrite(message, where=where) from None


def _driver_error(error: Exception) -> tuple[type[EtlAgentError], str] | None:
    """Say what kind of error of ours a driver's error is, or None if it is no driver's."""
    cause: object = getattr(error, "orig", None) or error
    if isinstance(cause, sqlite3.Error):
        return _sqlite(cause)
    module = type(cause).__module__.partition(".")[0]
    if module == "psycopg":
        return _postgres(cause)
    if module == "adbc_driver_manager":
        return _adbc(str(cause))
    if module == "sqlalchemy":
        return DatabaseUnavailable, str(cause).splitlines()[0]
    return None


def _sqlite(error: sqlite3.Error) -> tuple[type[EtlAgentError], str]:
    name = getattr(error, "sqlite_errorname", None) or ""
    for prefix, (kind, message) in _SQLITE.items():
        if name == prefix or name.startswith(prefix + "_"):
            told = "" if kind is TryLater else f" ({error})"  # "database is locked" does not say by whom
            return kind, message + told
    if isinstance(error, (sqlite3.OperationalError, sqlite3.ProgrammingError)):
        return ConfigurationError, f"SQLite refuses a statement ({error})"
    return EtlAgentError, f"SQLite failed ({error})"


def _postgres(error: object) -> tuple[type[EtlAgentError], str]:
    state = getattr(error, "sqlstate", None) or ""
    if not state:
        text = " ".join(str(error).split())
        return (PermissionRefused if _LOGIN.search(text) else DatabaseUnavailable), text
    kind, message = _POSTGRES.get(state) or _POSTGRES.get(state[:2]) or (EtlAgentError, "the database failed")
    diagnosis = getattr(error, "diag", None)
    column = getattr(diagnosis, "column_name", None)
    if column is None and (copied := _COPY_COLUMN.search(getattr(diagnosis, "context", None) or "")):
        column = copied[1]
    constraint = getattr(diagnosis, "constraint_name", None)
    parts = [f"column {column}" if column else "", f"constraint {constraint}" if constraint else ""]
    if state[:2] not in _WITH_VALUES or column is None:
        parts.append(_unquoted(getattr(diagnosis, "message_primary", None) or "", hide=state[:2] in _WITH_VALUES))
    return kind, f"{message} ({', '.join([*filter(None, parts), f'SQLSTATE {state}'])})"


def _unquoted(message: str, *, hide: bool) -> str:
    """Leave the cell values that a message quotes out of it."""
    return re.sub(r'"[^"]*"', '"..."', message) if hide else message


def _adbc(message: str) -> tuple[type[EtlAgentError], str]:
    """ADBC gives no SQLite code, only the text."""
    for words, name in (
        ("disk is full", "SQLITE_FULL"),
        ("disk I/O error", "SQLITE_IOERR"),
        ("unable to open", "SQLITE_CANTOPEN"),
        ("readonly", "SQLITE_READONLY"),
        ("locked", "SQLITE_BUSY"),
        ("too big", "SQLITE_TOOBIG"),
    ):
        if words in message:
            return _SQLITE[name]
    return CannotWrite, f"writing the stage file failed ({message.splitlines()[0]})"
