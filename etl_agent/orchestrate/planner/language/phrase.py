"""What a phrase of goals is: the kind of wish that it asks for, how it is written, and what it says by itself.

``a|b`` is one of two words, ``[...]`` may be absent, ``(a b | c)`` chooses, ``:name`` is a part of ``PARTS``, and
``<slot>`` holds names or values: ``<columns>`` names that are known, ``<subject>`` and ``<keys>`` names that must be
known, ``<sources>`` datasets. Where phrases compete, the reading that explains most words of the goal wins; of readings
that explain as many, the one with fewer phrases, then the one whose phrases stand first.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

from etl_agent.orchestrate.planner.language.patterns import Pattern, parse
from etl_agent.orchestrate.planner.language.phrase_parts import PARTS

__all__ = ["Ask", "Family", "Phrase"]

Ask = Literal[
    "take", "leave", "into", "mode", "key", "newest", "dedupe", "valid", "clean", "drop", "secret", "budget", "order",
    "first", "last", "chain", "then", "sql", "aside", "nothing",
]  # fmt: skip
"""The kinds of wishes that phrases ask for. leave: a dataset is not wanted. first, last, chain, then: ways to say an
order. aside: what a load always does, and when it is to
run, which is for whoever runs it to say. nothing: what looks like a wish and is none that can be met."""

_TAIL = "[(for|in|of|on|from|with|to|within|among|across) <sources>]"


@dataclass(frozen=True)
class Phrase:
    """A phrase, and what it asks for.

    Args:
        ask: the kind of wish.
        pattern: how it is written.
        says: what it says beside what its slots hold.
    """

    ask: Ask
    pattern: Pattern
    says: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Family:
    """Phrases that ask for the same.

    Args:
        ask: the kind of wish.
        text: the phrases, one a line; a line that is indented deeper goes on with the one above it.
        says: what each of them says beside what its slots hold.
        tail: whether the datasets may be named behind each of them: "... for orders and customers".
        before: what may stand before each of them.
    """

    ask: Ask
    text: str
    says: Mapping[str, str] = field(default_factory=dict)
    tail: bool = True
    before: str = ""

    def phrases(self) -> Iterator[Phrase]:
        """Read the phrases."""
        for written in _unwrapped(self.text):
            whole = f"({written}) {_TAIL}" if self.tail else written
            if self.says.get("mode") == "merge":
                whole += f" [:onkeys] {_TAIL}"
            yield Phrase(self.ask, parse(f"[{self.before}] {whole}" if self.before else whole, macros=PARTS), self.says)


def _unwrapped(text: str) -> list[str]:
    lines = [line for line in text.splitlines() if line.strip()]
    margin = min(len(line) - len(line.lstrip()) for line in lines)
    made: list[str] = []
    for line in lines:
        if line[margin].isspace():
            made[-1] += f" {line.strip()}"
        else:
            made.append(line.strip())
    return made
