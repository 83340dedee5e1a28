"""The user's own SQL files, parted into statements, so that none of them can end the load's transaction."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from etl_agent.errors import ConfigurationError, NoInput

__all__ = ["read_queries", "read_statements", "split"]

_TOKEN = re.compile(
    r"""
    (?P<space>\s+)
    | (?P<comment>--[^\n]*)
    | (?P<block>/\*)
    | (?P<escaped>[eE]'(?:[^'\\]|\\.|'')*(?:'|\Z))
    | (?P<string>'(?:[^']|'')*(?:'|\Z))
    | (?P<name>"(?:[^"]|"")*(?:"|\Z))
    | (?P<dollar>\$(?P<tag>[A-Za-z_\x80-\U0010ffff][\w\x80-\U0010ffff]*)?\$)
    | (?P<end>;)
    | (?P<word>[A-Za-z_\x80-\U0010ffff][\w$\x80-\U0010ffff]*)
    | (?P<other>.)
    """,
    re.VERBOSE | re.DOTALL,
)
_BLOCK_EDGE = re.compile(r"/\*|\*/")
_ENDS_TRANSACTION = frozenset({"abort", "begin", "commit", "end", "prepare", "rollback", "start"})
_QUERIES = frozenset({"(", "select", "table", "values", "with"})
_TRIGGER = re.compile(r"create\s+(?:temp\s+|temporary\s+)?trigger\b", re.IGNORECASE)


def read_queries(path: Path) -> list[str]:
    """Read the queries of an SQL file that holds nothing else.

    Args:
        path: a UTF-8 text file.

    Raises:
        NoInput: the file is missing or unreadable.
        ConfigurationError: a statement is no query, or there is none.
    """
    statements = list(split(_text(path)))
    for first, _ in statements:
        if first not in _QUERIES:
            raise ConfigurationError(
                f"a check is made of queries, and this file says {first.upper()}",
                where=str(path),
                choices=sorted(word.upper() for word in _QUERIES if word.isalpha()),
            )
    if not statements:
        raise ConfigurationError("the file holds no query", where=str(path))
    return [statement for _, statement in statements]


def read_statements(path: Path) -> list[str]:
    """Read the statements of an SQL file.

    Args:
        path: a UTF-8 text file.

    Raises:
        NoInput: the file is missing or unreadable.
        ConfigurationError: a statement would begin or end a transaction, and so part the load in two.
    """
    statements = []
    for first, statement in split(_text(path)):
        if first in _ENDS_TRANSACTION:
            raise ConfigurationError(
                f"the SQL file says {first.upper()}, but it runs inside the load's transaction, which stays whole",
                where=str(path),
            )
        statements.append(statement)
    return statements


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise NoInput(f"the SQL file cannot be read: {error.strerror}", where=str(path)) from None
    except UnicodeDecodeError:
        raise ConfigurationError("the SQL file is not UTF-8 text", where=str(path)) from None


def split(text: str) -> Iterator[tuple[str, str]]:
    """Part SQL text into statements, each with its first word in lower case.

    Semicolons in strings, quoted names, comments, dollar quotes and the body of a trigger part nothing.
    """
    start = at = depth = 0
    first = ""
    while token := _TOKEN.match(text, at):
        at = _behind(text, token)
        if token["word"]:
            first = first or token["word"].lower()
            depth = _depth(depth, token["word"].lower(), statement=text[start:at])
        elif token["end"] and depth == 0:
            if first:
                yield first, text[start : token.start()].strip()
            start, first = at, ""
        elif not (token["space"] or token["comment"] or token["block"] or token["end"]):
            first = first or token[0]
    if first:
        yield first, text[start:].strip()


def _behind(text: str, token: re.Match[str]) -> int:
    """Return where the token ends, with the whole of a comment or a dollar quote."""
    if token["dollar"]:
        end = text.find(token["dollar"], token.end())
        return len(text) if end < 0 else end + len(token["dollar"])
    if not token["block"]:
        return token.end()
    depth, at = 1, token.end()
    while depth and (edge := _BLOCK_EDGE.search(text, at)):
        depth, at = depth + (1 if edge[0] == "/*" else -1), edge.end()
    return at if depth == 0 else len(text)


def _depth(depth: int, word: str, *, statement: str) -> int:
    """Count BEGIN ... END and CASE ... END inside the body of a trigger."""
    if depth == 0:
        return 1 if word == "begin" and _TRIGGER.match(statement.lstrip()) else 0
    return depth + {"case": 1, "end": -1}.get(word, 0)
