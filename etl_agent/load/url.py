"""Target URLs: read with any password, and never shown with one."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, quote, quote_plus, unquote, urlencode

from etl_agent.errors import ConfigurationError
from etl_agent.load.identifiers import Dialect

if TYPE_CHECKING:
    from sqlalchemy.engine import URL

__all__ = ["Location", "parse_url", "shown"]

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9]*)(?:\+[A-Za-z0-9_]+)?://")
_HOST = re.compile(r"(\[[0-9A-Fa-f:.%]*\]|[^:/?#\[\]]*)(?::(\d*))?")
_FORMS = (
    "sqlite:///FILE",
    "postgresql://USER:PASSWORD@HOST/DATABASE",
    "postgresql://USER@/DATABASE?host=SOCKET_FOLDER",
)
_SECRET_OPTIONS = frozenset({"password", "sslpassword", "oauth_client_secret", "scram_client_key"})
_STARS = "***"


@dataclass(frozen=True, slots=True)
class Location:
    """Where a target is.

    Args:
        dialect: the kind of database.
        path: the SQLite file, as it stands in the URL.
        user, password, host, port, database, options: the parts of a Postgres URL, decoded.
        typed: its secrets as the URL writes them, which may be encoded in part.
    """

    dialect: Dialect
    path: Path | None = None
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    host: str | None = None
    port: int | None = None
    database: str | None = None
    options: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    typed: frozenset[str] = field(default=frozenset(), repr=False, compare=False)

    @property
    def engine_url(self) -> URL:
        """The URL for SQLAlchemy, with the driver named."""
        from sqlalchemy.engine import URL

        if self.dialect == "sqlite":
            return URL.create("sqlite+pysqlite", database=str(self.path))
        return URL.create(
            "postgresql+psycopg",
            username=self.user,
            password=self.password,
            host=self.host,
            port=self.port,
            database=self.database,
            query=dict(self.options),
        )

    def __str__(self) -> str:
        """Show the URL without its secrets."""
        if self.dialect == "sqlite":
            return f"sqlite:///{self.path}"
        user = quote(self.user or "", safe="")
        password = f":{_STARS}" if self.password is not None else ""
        at = "@" if self.user or password else ""
        port = f":{self.port}" if self.port is not None else ""
        shown = [(name, _STARS if name.lower() in _SECRET_OPTIONS else value) for name, value in self.options]
        query = f"?{urlencode(shown, safe='/*')}" if shown else ""
        return f"postgresql://{user}{password}{at}{self.host or ''}{port}/{quote(self.database or '')}{query}"

    def without_secrets(self, text: str) -> str:
        """Blot out the password, raw, as it was typed or encoded, wherever it stands in a text."""
        values = {self.password} | {value for name, value in self.options if name.lower() in _SECRET_OPTIONS}
        forms = set(self.typed)
        for secret in filter(None, values):
            forms |= {secret, quote(secret, safe=""), quote(secret), quote_plus(secret), secret.replace("'", "''")}
            forms |= {repr(secret)[1:-1], " ".join(secret.split())}  # in messages of Python, and put on one line
        for form in sorted(filter(None, forms), key=len, reverse=True):
            text = text.replace(form, _STARS)
        return text


def shown(url: str) -> str:
    """Show a URL without its password; whatever cannot be read is not shown at all.

    >>> shown("postgresql://loader:p@ss/w:rd@db.example/shop")
    'postgresql://loader:***@db.example/shop'
    """
    try:
        return str(parse_url(url))
    except ConfigurationError:
        return "a target that cannot be read"


def parse_url(url: str) -> Location:
    """Read the URL of a target.

    A password may hold any character, encoded or raw: it ends at the last ``@`` before the options.

    Args:
        url: the URL, with its variables put in.

    Raises:
        ConfigurationError: it is no URL of SQLite or Postgres; the message never repeats it.
    """
    scheme = _SCHEME.match(url)
    if scheme is None:
        raise ConfigurationError("the target is no database URL", choices=_FORMS)
    name, rest = scheme[1].lower(), url[scheme.end() :]
    if name == "sqlite":
        return _sqlite(rest)
    if name in ("postgres", "postgresql"):
        return _postgres(rest)
    raise ConfigurationError(f"{name} is no kind of target that can be loaded", choices=_FORMS)


def _sqlite(rest: str) -> Location:
    path = rest.removeprefix("/")
    if not rest.startswith("/") or not path or path.startswith(":memory:") or path.startswith("file:"):
        raise ConfigurationError("an SQLite target must name a file", choices=_FORMS[:1])
    if "?" in path or "\0" in path:
        raise ConfigurationError("an SQLite target takes a plain file name, without options", choices=_FORMS[:1])
    return Location("sqlite", path=Path(path))


def _postgres(rest: str) -> Location:
    user, password, place = _user_info(rest)
    address, _, query = place.partition("?")
    server, _, database = address.partition("/")
    host = _HOST.fullmatch(server)
    if host is None or (host[2] and int(host[2]) > 65535):
        raise ConfigurationError("the host or port of the target cannot be read", choices=_FORMS[1:])
    return Location(
        "postgres",
        user=unquote(user) if user else None,
        password=unquote(password) if password is not None else None,
        host=unquote(host[1].strip("[]")) or None,
        port=int(host[2]) if host[2] else None,
        database=unquote(database) or None,
        options=tuple(parse_qsl(query, keep_blank_values=True)),
        typed=frozenset(filter(None, [password, *_typed_secrets(query)])),
    )


def _typed_secrets(query: str) -> list[str]:
    """Return the values of options that are secrets, as they stand in the URL."""
    pairs = (pair.partition("=") for pair in query.split("&"))
    return [value for name, _, value in pairs if unquote(name).lower() in _SECRET_OPTIONS]


def _user_info(rest: str) -> tuple[str, str | None, str]:
    """Part user, password and the rest, where the password may hold ``@``, ``/``, ``:`` and ``?``.

    Raises:
        ConfigurationError: it could be read in two ways, and the wrong one would show a part of the password.
    """
    head, mark, options = rest.partition("?")
    if "@" in head:
        info, _, server = head.rpartition("@")
        place = server + mark + options
    elif "@" in rest and "/" not in head:
        info, _, place = rest.rpartition("@")
    elif "@" in rest and ":" in head:  # HOST:PORT/DATABASE?OPTIONS, or USER:PASSWORD@ with all of these in the password
        raise ConfigurationError(
            "the password of the target cannot be told from its options; write @ as %40, / as %2F and ? as %3F in it",
            choices=_FORMS[1:],
        )
    else:
        return "", None, rest
    user, colon, password = info.partition(":")
    return user, password if colon else None, place
