"""Values in a goal: numbers, days, shares, lists of values, and the words for types, formats and signs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from etl_agent.orchestrate.planner.language.lexicon import FORMAT_WORDS, INTERJECTIONS, STOP_WORDS, TYPE_WORDS
from etl_agent.orchestrate.planner.language.patterns import Found, weigh
from etl_agent.orchestrate.planner.language.phrases import vocabulary
from etl_agent.orchestrate.planner.language.tokens import Token
from etl_agent.orchestrate.planner.reading.mentions import singular

__all__ = ["MOST_ITEMS", "NEGATIVE", "NOT_NEGATIVE", "NOT_POSITIVE", "NUMBERS", "POSITIVE", "Values", "touching"]

MOST_ITEMS = 24
"""Items of a list that are read."""

NUMBERS = {
    word: str(number)
    for number, word in enumerate(
        ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
    )
}
"""Numbers as words."""
_CURRENCY = frozenset("$€£¥%")
_JOINTS = frozenset((",", "or", "and", "|"))

_IN_A_VALUE = 3  # words of a value that stands without quotes

NOT_NEGATIVE = ("non negative", "nonnegative", "not negative", "zero or more", "positive or zero", "zero or positive",
         "0 or more", "zero or greater", "0 or greater", "zero or higher", "0 or higher")  # fmt: skip
NEGATIVE = ("negative", "below zero", "less than zero", "under zero", "smaller than zero", "minus")
POSITIVE = ("positive", "strictly positive")
NOT_POSITIVE = ("zero or negative", "negative or zero", "zero or less", "0 or less", "0 or negative", "negative or 0")


@dataclass(frozen=True)
class Values:
    """Reads the values of one goal.

    Args:
        tokens: the goal.
    """

    tokens: Sequence[Token]

    def value(self, at: int) -> Iterator[Found]:
        """Read a number, a day, or anything in quotes."""
        start = at + 1 if self._is(at, _CURRENCY) else at
        if start >= len(self.tokens):
            return
        token = self.tokens[start]
        text = NUMBERS.get(token.key, token.key if token.kind == "number" else None)
        if token.kind == "quoted":
            text = token.text
        if text is not None:
            end = start + 2 if self._is(start + 1, _CURRENCY) else start + 1
            yield Found(end, tuple(range(at, end)), (("", text),), 1.0)

    def percent(self, at: int) -> Iterator[Found]:
        """Read a number of percent."""
        for read in self.value(at):
            signed = self.tokens[read.end - 1].text == "%"
            if signed or self._is(read.end, frozenset({"percent", "pct", "percents"})):
                end = read.end if signed else read.end + 1
                yield Found(end, tuple(range(at, end)), read.slots, 2.0)
            elif [token.key for token in self.tokens[read.end : read.end + 2]] == ["per", "cent"]:
                yield Found(read.end + 2, tuple(range(at, read.end + 2)), read.slots, 2.0)

    def values(self, at: int, *, least: int) -> Iterator[Found]:
        """Read values: the longest list first."""
        end, weight = at, 0.0
        used: list[int] = []
        listed: list[str] = []
        made: list[Found] = []
        while end < len(self.tokens) and len(listed) < MOST_ITEMS:
            stop = self._value_end(end, first=not listed)
            plain = self.tokens[end].kind == "word" and not self.tokens[end].text.isupper()
            if stop is None or (least > 1 and plain and self._speaks(end)):
                break
            listed.append(self._text(end, stop))
            used.extend(range(end, stop))
            weight += 0.4 if self.tokens[end].key in vocabulary() else float(stop - end)
            if len(listed) >= least:
                made.append(Found(stop, tuple(used), (("", tuple(dict.fromkeys(listed))),), weight))
            end = stop
            joints = []
            while end < len(self.tokens) and self.tokens[end].key in (",", "or", "and", "/", "|"):
                joints.append(end)
                end += 1
            if not joints and not (listed and self._loud(end - 1) and self._loud(end)):
                break
            used.extend(joints)
        yield from reversed(made)

    def _speaks(self, at: int) -> bool:
        """Whether a word is more likely a part of a phrase than a value."""
        key = self.tokens[at].key
        return key in vocabulary() or key in TYPE_WORDS or key in FORMAT_WORDS

    def _loud(self, at: int) -> bool:
        """Whether a token is a value by itself, so that no comma is needed: "one of DE FR US"."""
        if at >= len(self.tokens):
            return False
        token = self.tokens[at]
        return token.kind in ("number", "quoted") or (
            token.kind == "word" and token.text.isupper() and not self._all_loud
        )

    @cached_property
    def _all_loud(self) -> bool:
        return not any(token.text.islower() for token in self.tokens)

    def _value_end(self, at: int, *, first: bool) -> int | None:
        """Return where a value ends: one word, or a few up to a comma; None if there is no value."""
        token = self.tokens[at]
        if token.kind in ("number", "quoted"):
            return at + 1
        if token.kind == "mark" and first and token.text in ("-", "?"):
            return at + 1
        if token.kind != "word":
            return None
        empty = (
            token.key in STOP_WORDS and token.key not in INTERJECTIONS and not token.text.isupper()
        )  # "US" is a value, "us" is none
        if self._slash(at + 1) and not self._slash(at + 3) and not self._slash(at - 1) and self._in_list(at):
            return at + 3
        if self._slash(at + 1):
            return at + 1
        for end in range(at + 1, min(at + _IN_A_VALUE, len(self.tokens) - 1) + 1):
            if end < len(self.tokens) and self.tokens[end].key in (",", "or"):
                return end if not empty or end > at + 1 else None
            if end >= len(self.tokens) or self.tokens[end].kind != "word" or self.tokens[end].key in vocabulary():
                break
        return None if empty else at + 1

    def _slash(self, at: int) -> bool:
        return 0 < at < len(self.tokens) and self.tokens[at].text == "/" and touching(self.tokens, at)

    def _in_list(self, at: int) -> bool:
        """Whether a word is an item among others, so that "mg/L, ug/L" are two values, and "m/f" alone are two, too."""
        return self._is(at - 1, _JOINTS) or self._is(at + 3, _JOINTS)

    def _text(self, start: int, end: int) -> str:
        text = self.tokens[start].text
        for before, token in zip(self.tokens[start:end], self.tokens[start + 1 : end], strict=False):
            text += ("" if before.end == token.start else " ") + token.text
        return text

    def phrase(self, texts: Sequence[str], at: int) -> Iterator[Found]:
        """Read one of several phrases."""
        for text in texts:
            words = text.split()
            places = [place for place in range(at, min(at + 8, len(self.tokens))) if self.tokens[place].text != "-"][
                : len(words)
            ]
            if [self.tokens[place].key for place in places] == words:
                yield Found(places[-1] + 1, tuple(range(at, places[-1] + 1)), (("", text),), float(len(words)))

    def worded(self, table: Mapping[str, str], at: int) -> Iterator[Found]:
        """Read one of the words of a table, which may be put together of several; the longest first."""
        joined, found = "", []
        for end in range(at, min(at + 7, len(self.tokens))):
            token = self.tokens[end]
            if token.kind not in ("word", "number") and token.text not in ("-", ".", "/"):
                break
            joined += "" if token.text in ("-", ".", "/") else token.key
            for text in (joined, singular(joined)):
                if text in table:
                    weight = sum(weigh(token) for token in self.tokens[at : end + 1])
                    found.append(Found(end + 1, tuple(range(at, end + 1)), (("", table[text]),), weight))
                    break
        yield from reversed(found)

    def _is(self, at: int, words: frozenset[str]) -> bool:
        return at < len(self.tokens) and self.tokens[at].key in words


def touching(tokens: Sequence[Token], at: int) -> bool:
    """Whether a mark stands between two words without a blank."""
    if not 0 < at < len(tokens) - 1:
        return False
    before, token, after = tokens[at - 1 : at + 2]
    return before.end == token.start and token.end == after.start and after.kind == "word"
