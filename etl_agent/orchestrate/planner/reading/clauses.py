"""Where in a goal one thing ends and the next begins: its sentences, and the clauses in them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from etl_agent.orchestrate.planner.language.lexicon import NEGATORS, STOP_WORDS
from etl_agent.orchestrate.planner.language.tokens import Token
from etl_agent.orchestrate.planner.reading.parsing import Match

__all__ = ["Clauses"]

_NAMING = frozenset({"take", "aside"})


@dataclass(frozen=True)
class Clauses:
    """The parts of one goal.

    Args:
        text: the goal.
        tokens: its words and marks.
        matches: its phrases.
    """

    text: str
    tokens: Sequence[Token]
    matches: Sequence[Match]

    @cached_property
    def taken(self) -> frozenset[int]:
        """The places of all words of phrases."""
        return frozenset(place for match in self.matches for place in match.places)

    def clause(self, match: Match) -> range:
        """Return the places around a phrase, up to a full stop, a comma, ``but``, or ``and`` before another verb."""
        return self._around(match.places[0], max(match.found.end, match.places[-1] + 1), self._parts)

    def sentence(self, match: Match) -> range:
        """Return the places around a phrase up to a full stop, a semicolon or a new line."""
        return self._around(match.places[0], max(match.found.end, match.places[-1] + 1), self._ends)

    def clause_at(self, place: int) -> range:
        """Return the places of the clause that a word stands in."""
        return self._around(place, place + 1, self._parts)

    def says(self, place: int) -> bool:
        """Whether a word says something: one in capitals does, as "US" in a goal that is not all in capitals."""
        token = self.tokens[place]
        loud = len(token.text) > 1 and token.text.isupper() and not self.text.isupper()
        return token.says and (loud or token.key not in STOP_WORDS)

    def unread(self, place: int) -> bool:
        """Whether a word says something and stands in no phrase."""
        return place not in self.taken and self.says(place)

    def _around(self, start: int, end: int, ends: Callable[[int], bool]) -> range:
        while start > 0 and not ends(start - 1) and not self._new_line(start):
            start -= 1
        while end < len(self.tokens) and not ends(end) and not self._new_line(end):
            end += 1
        return range(start, end)

    def _new_line(self, place: int) -> bool:
        return "\n" in self.text[self.tokens[place - 1].end : self.tokens[place].start]

    def _ends(self, place: int) -> bool:
        token = self.tokens[place]
        return token.kind in ("break", "bullet") or (token.kind == "mark" and token.text in ".;?!")

    def _parts(self, place: int) -> bool:
        return place in self._parting

    @cached_property
    def _parting(self) -> frozenset[int]:
        return frozenset(place for place in range(len(self.tokens)) if self._parts_here(place))

    def _parts_here(self, place: int) -> bool:
        token = self.tokens[place]
        if self._ends(place):
            return True
        if place in self.taken:
            return False
        if token.text == "," or token.key == "but":
            return True
        return token.key in ("and", "&", "then") and self._verb_behind(place)

    def _verb_behind(self, place: int) -> bool:
        """Whether another phrase begins behind a word, and not only one more name."""
        place += 1
        while place < len(self.tokens) and (
            (self.tokens[place].key in STOP_WORDS and place not in self.taken) or self.tokens[place].key in NEGATORS
        ):
            place += 1
        before = self.tokens[place - 1].key
        loads = before in STOP_WORDS and before.startswith(("load", "import"))
        match = self._owner.get(place)
        return match is not None and (match.phrase.ask not in _NAMING or loads or not self._bare(match))

    @cached_property
    def _owner(self) -> Mapping[int, Match]:
        return {place: match for match in self.matches for place in match.places}

    def _bare(self, match: Match) -> bool:
        """Whether a phrase is a name alone."""
        return not any(self.tokens[place].key in _LOADS for place in match.places)


_LOADS = frozenset(
    ("load", "import", "ingest", "insert", "pull", "fetch", "copy", "transfer", "upload", "store", "stage", "write")
)
