"""The tokens of an expression, and the error that names a place in it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NoReturn

from etl_agent.errors import ConfigurationError

__all__ = ["Token", "tokens", "wrong"]

_TOKEN = re.compile(
    r"""(?P<blank>\s+)
    | (?P<number>[0-9]+(?:\.[0-9]+)?)
    | (?P<name>[^\W\d]\w*)
    | (?P<text>'(?:[^']|'')*'|"(?:[^"]|"")*")
    | (?P<column>`(?:[^`]|``)+`)
    | (?P<sign>==|!=|<=|>=|<(?!>)|[-+*/>(),])""",
    re.VERBOSE,
)
_SLIPS = {"=": "==", "<>": "!=", "&&": "and", "||": "or", "!": "not"}


def wrong(what: str, *, text: str, at: int, choices: tuple[str, ...] = ()) -> ConfigurationError:
    """Make the error for a place in an expression, with what stands there."""
    near_by = f"at {text[at : at + 12]!r}" if at < len(text) else "at its end"
    return ConfigurationError(what, where=f"character {at + 1} of the expression, {near_by}", choices=choices)


@dataclass(frozen=True, slots=True)
class Token:
    """A word, a sign, a number or a quoted piece: what it is, how it is written, where it stands."""

    kind: str
    text: str
    at: int


def tokens(text: str) -> Iterator[Token]:
    """Cut an expression into its tokens; the last one is of the kind ``end``.

    Raises:
        ConfigurationError: a character begins no token.
    """
    at = 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            _refuse(text, at)
        if match.lastgroup != "blank":
            yield Token(str(match.lastgroup), match[0], at)
        at = match.end()
    yield Token("end", "", at)


def _refuse(text: str, at: int) -> NoReturn:
    """Say what is wrong with a character that begins no token."""
    if text[at] in "'\"`":
        raise wrong(f"the quote {text[at]} is never closed", text=text, at=at)
    for slip, right in _SLIPS.items():
        if text.startswith(slip, at):
            raise wrong(f"write {right!r} for {slip!r}", text=text, at=at)
    raise wrong(f"{text[at]!r} means nothing here", text=text, at=at)
