"""The words, numbers, quoted names and marks of a goal."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

__all__ = ["Token", "TokenKind", "tokenize"]

TokenKind = Literal["word", "number", "quoted", "address", "mark", "break", "bullet"]
"""address: a URL or an e-mail address. mark: a punctuation mark or a sign. break: the end of a sentence. bullet: the
beginning of a line that is an item of a list, or that follows an empty line."""

_TOKEN = re.compile(
    r"""
      (?P<bullet>(?:\A|\n)[ \t]*(?:[-*•–]|\d{1,2}[.)])[ \t]+|\n[ \t]*(?=\n|[\w \t-]{1,60}:\s))
    | (?P<address>[A-Za-z][\w+.-]{0,30}://\S+|[\w.+-]{1,64}@[\w-]+(?:\.[\w-]+)+)
    | (?P<quoted>"[^"\n]{1,200}"|`[^`\n]{1,200}`|“[^”\n]{1,200}”|‘[^’\n]{1,200}’|(?<!\w)'[^'\n]{1,200}'(?!\w))
    | (?P<number>(?<![\w.])[-+−]?(?:\d{4}-\d{2}-\d{2}(?:T\d{2}:\d{2}(?::\d{2})?)?|\d+(?:,\d{3})*(?:\.\d+)?)(?![\w]))
    | (?P<word>(?:max|min|incl|excl|approx|resp)\.(?=\s)|\w+(?:['’]\w+)*)
    | (?P<break>[.!?](?=\s|$)|…)
    | (?P<mark>>=|<=|=>|==|\S)
    """,
    re.VERBOSE | re.IGNORECASE,
)
_QUOTES = "\"`“”‘’'"


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of a goal.

    Args:
        text: as it stands there; what is quoted without its quotes.
        key: what it is compared by.
        kind: what it is.
        start: characters of the goal before it.
        end: characters of the goal up to its end.
    """

    text: str
    key: str
    kind: TokenKind
    start: int
    end: int

    @property
    def says(self) -> bool:
        """Whether it says something, and does not only part what does."""
        return self.kind in ("word", "number", "quoted", "address")


def tokenize(goal: str) -> Iterator[Token]:
    """Part a goal into tokens; a word with hyphens becomes several, one with ``_`` stays one."""
    for match in _TOKEN.finditer(goal):
        kind: TokenKind = match.lastgroup  # type: ignore[assignment]  # the groups are the kinds
        text = match[0].strip(_QUOTES) if kind == "quoted" else match[0]
        yield Token(text, _key(text, kind), kind, match.start(), match.end())


def _key(text: str, kind: TokenKind) -> str:
    if kind == "number":
        return text.replace("−", "-").replace(",", "").removeprefix("+")
    folded = unicodedata.normalize("NFKC", text).casefold().replace("’", "'")
    return folded.removesuffix(".").removesuffix("'s") if kind == "word" else folded
