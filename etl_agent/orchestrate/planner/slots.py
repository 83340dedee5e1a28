"""What the slots of phrases hold: names of columns, datasets, tables and SQL files, values, types and formats."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial
from itertools import islice
from typing import ClassVar

from etl_agent.errors import near
from etl_agent.orchestrate.planner.lexicon import (
    FILLERS,
    FORMAT_WORDS,
    GENERIC_TABLES,
    NEGATORS,
    STOP_WORDS,
    TYPE_WORDS,
    words,
)
from etl_agent.orchestrate.planner.mentions import Mention, Names, singular
from etl_agent.orchestrate.planner.patterns import Found, SlotReader, weigh
from etl_agent.orchestrate.planner.phrases import vocabulary
from etl_agent.orchestrate.planner.tokens import Token

__all__ = ["Slots"]

_AND = frozenset({",", "and", "or", "&", "+", "/", "plus", "nor", ";"})
_COLUMN_NOUNS = words("column columns field fields value values")
_SOURCE_NOUNS = words("""
    file files data table tables record records row rows dataset datasets feed feeds export exports csv csvs list lists
    entries
""")
_NUMBERS = {
    word: str(number)
    for number, word in enumerate(
        ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
    )
}
_CURRENCY = frozenset("$€£¥%")
_IDENTIFIER = re.compile(r"[^\W\d]\w{0,62}")
_NAME_WORDS = words("id ids identifier number numbers code key date dates time times name")
"""Words of phrases that stand in names, too."""
_UNSURE = 0.02  # weight of a word that is taken for the name of a column that is not there
_MOST_ITEMS = 24  # items of a list
_MOST_LISTS = 32  # ways to read a list from one place on
_IN_A_VALUE = 3  # words of a value that stands without quotes

_ZERO = ("non negative", "nonnegative", "not negative", "zero or more", "positive or zero", "zero or positive",
         "0 or more", "zero or greater", "0 or greater", "zero or higher", "0 or higher")  # fmt: skip
_ZERO_NOT = ("negative", "below zero", "less than zero", "under zero", "smaller than zero", "minus")
_POSITIVE = ("positive", "strictly positive")


@dataclass(frozen=True)
class Slots:
    """Reads the slots of phrases in one goal.

    Args:
        tokens: the goal.
        names: the names that it may use.
    """

    tokens: Sequence[Token]
    names: Names
    _lists: dict[tuple[str, int], tuple[Found, ...]] = field(init=False, default_factory=dict)

    lists: ClassVar[tuple[str, ...]] = ("columns", "subject", "keys", "weak_keys", "sources", "later")
    """The slots that hold lists of names."""

    def readers(self) -> Mapping[str, SlotReader]:
        """Return the reader of each slot, by its name in phrases."""
        values: dict[str, SlotReader] = dict.fromkeys(("low", "high", "above", "under"), self._value)
        lists: dict[str, Callable[[int], Iterator[Found]]] = {
            "columns": self._known,
            "subject": self._meant,
            "keys": self._meant,
            "weak_keys": self._keyish,
            "sources": self._source,
            "later": self._source,
        }
        return {
            **values,
            **{name: partial(self._list, name, item) for name, item in lists.items()},
            "newest": self._meant,
            "table": self._table,
            "percent": self._percent,
            "zero": partial(self._phrase, _ZERO),
            "zero_not": partial(self._phrase, _ZERO_NOT),
            "positive": partial(self._phrase, _POSITIVE),
            "type": partial(self._worded, TYPE_WORDS),
            "format": partial(self._worded, FORMAT_WORDS),
            "values": partial(self._values, least=1),
            "several": partial(self._values, least=2),
            "missing": partial(self._values, least=1),
            "junk": self._junk,
            "sql": self._sql,
            "sql_named": self._sql_named,
        }

    @cached_property
    def unknown(self) -> frozenset[int]:
        """Return the places of words that neither a phrase nor a name knows."""
        known = vocabulary() | STOP_WORDS | NEGATORS | _NUMBERS.keys() | FORMAT_WORDS.keys() | TYPE_WORDS.keys()
        known |= {word for text in (*FORMAT_WORDS, *_ZERO, *_ZERO_NOT, *_POSITIVE) for word in text.split()}
        return frozenset(
            at
            for at, token in enumerate(self.tokens)
            if token.kind == "word"
            and token.key not in known
            and not any(self.names.column_at(self.tokens, at))
            and not any(self.names.source_at(self.tokens, at))
            and not any(self.names.sql_at(self.tokens, at))
            and not self.names.near(token.key[:80])
        )

    # Lists of names

    def _list(self, slot: str, item: Callable[[int], Iterator[Found]], at: int) -> Iterator[Found]:
        """Read ``a``, ``a, b``, ``a, b and c``, the longest list first; what was read is kept, as lists share ends."""
        if (slot, at) not in self._lists:
            self._lists[slot, at] = tuple(islice(self._listed(slot, item, at), _MOST_LISTS))
        yield from self._lists[slot, at]

    def _listed(self, slot: str, item: Callable[[int], Iterator[Found]], at: int) -> Iterator[Found]:
        for first in item(at):
            for following in self._behind_and(first.end):
                for rest in self._list(slot, item, following):
                    if len(self._items(rest)) >= _MOST_ITEMS:
                        continue
                    between = tuple(range(first.end, following))
                    used = (*first.used, *(p for p in between if self._joins(p)), *rest.used)
                    slots = (("", (*self._items(first), *self._items(rest))),)
                    yield Found(rest.end, used, slots, first.weight + rest.weight)
            yield Found(first.end, first.used, (("", self._items(first)),), first.weight)

    @staticmethod
    def _items(found: Found) -> tuple[object, ...]:
        value = found.slots[0][1]
        return value if isinstance(value, tuple) else (value,)

    def _joins(self, at: int) -> bool:
        return self.tokens[at].key in _AND or self.tokens[at].key in FILLERS

    def _behind_and(self, at: int) -> Iterator[int]:
        """Return where the next item of a list may begin: behind commas and the word and; one odd word may follow."""
        place = at
        while place < min(at + 2, len(self.tokens)) and place in self.unknown:
            place += 1
        at = place
        while place < min(at + 3, len(self.tokens)) and self.tokens[place].key in _AND:
            place += 1
        if place == at:
            return
        while place < min(at + 6, len(self.tokens)) and (
            self.tokens[place].key in FILLERS or self.tokens[place].kind == "word"
        ):
            if self.tokens[place].key == "of":  # "..., of members member_id" is about something else
                return
            yield place
            if self.tokens[place].key not in FILLERS and place not in self.unknown:
                return
            place += 1

    # Columns

    def _known(self, at: int) -> Iterator[Found]:
        start = at + 1 if self._is(at, _COLUMN_NOUNS) else at
        if start >= len(self.tokens):
            return
        for end, mention in self.names.column_at(self.tokens, start):
            behind = end + 1 if self._is(end, _COLUMN_NOUNS) else end
            weight = sum(weigh(token) for token in self.tokens[at:behind]) - 0.01 * mention.rank
            yield Found(behind, tuple(range(at, behind)), (("", mention),), weight)

    def _keyish(self, at: int) -> Iterator[Found]:
        """Read columns that are keys by their names or by their values: ``by`` alone says too little."""
        for found in self._known(at):
            mention = found.slots[0][1]
            if isinstance(mention, Mention) and self._may_be_key(mention):
                yield found

    def _may_be_key(self, mention: Mention) -> bool:
        for source in self.names.sources:
            keys = {column for key in source.profile.keys for column in key.columns}
            for column in mention.columns.get(source.name, ()):
                if column in keys or _KEY_ENDING.search(column):
                    return True
        return False

    def _meant(self, at: int) -> Iterator[Found]:
        """Read a column, or words that are meant as one and name none."""
        yield from self._known(at)
        for end in range(at + 1, min(at + 3, len(self.tokens)) + 1):
            token = self.tokens[end - 1]
            if token.kind not in ("word", "quoted") or token.key in STOP_WORDS | NEGATORS:
                return
            if token.kind == "word" and token.key in vocabulary() and token.key not in _NAME_WORDS:
                return
            if any(stop == end for stop, _ in self.names.source_at(self.tokens, at)):
                continue
            text = " ".join(token.text for token in self.tokens[at:end])
            if self._ends_there(end) or self.names.near(text.replace(" ", "_")[:80]):
                yield Found(end, tuple(range(at, end)), (("", Mention(text, {})),), _UNSURE)

    def _ends_there(self, end: int) -> bool:
        """Whether no word that says something follows: an odd word before the name of a column is not the name."""
        if end >= len(self.tokens) or not self.tokens[end].says:
            return True
        known = self.tokens[end].key in STOP_WORDS or self.tokens[end].key in vocabulary()
        return known and not any(self.names.column_at(self.tokens, end))

    # Datasets, tables, SQL files

    def _source(self, at: int) -> Iterator[Found]:
        for end, name in self.names.source_at(self.tokens, at):
            behind = end + 1 if self._is(end, _SOURCE_NOUNS) else end
            weight = sum(weigh(token) for token in self.tokens[at:behind])
            yield Found(behind, tuple(range(at, behind)), (("", name),), weight)

    def _table(self, at: int) -> Iterator[Found]:
        token = self.tokens[at]
        if token.kind == "quoted":
            yield Found(at + 1, (at,), (("", token.text),), 1.0)
            return
        end = at + 1
        while end + 1 < len(self.tokens) and self.tokens[end].text in (".", "-") and self._touching(end):
            end += 2
        text = "".join(token.text for token in self.tokens[at:end])
        known = token.key in STOP_WORDS | GENERIC_TABLES | NEGATORS or token.key in vocabulary()
        if token.kind != "word" or not _IDENTIFIER.fullmatch(token.text) or known:
            return
        if end < len(self.tokens) and self.tokens[end].key in GENERIC_TABLES - {"table", "tables", "and"}:
            return  # "the analytics warehouse" names no table
        weight = 1.0 * (len(range(at, end, 2)))
        yield Found(end, tuple(range(at, end)), (("", text),), weight)

    def _touching(self, at: int) -> bool:
        before, token, after = self.tokens[at - 1 : at + 2]
        return before.end == token.start and token.end == after.start and after.kind == "word"

    def _sql(self, at: int) -> Iterator[Found]:
        for end, name in self.names.sql_at(self.tokens, at):
            behind = end + 2 if [t.key for t in self.tokens[end : end + 2]] == [".", "sql"] else end
            yield Found(behind, tuple(range(at, behind)), (("", name),), float(behind - at))

    def _sql_named(self, at: int) -> Iterator[Found]:
        """Read a word that is meant as an SQL file and names none, as a name much like it shows."""
        token = self.tokens[at]
        if token.kind in ("word", "quoted") and near(token.key, [file.name for file in self.names.sql]):
            yield Found(at + 1, (at,), (("", token.text),), _UNSURE)

    # Values

    def _value(self, at: int) -> Iterator[Found]:
        start = at + 1 if self._is(at, _CURRENCY) else at
        if start >= len(self.tokens):
            return
        token = self.tokens[start]
        text = _NUMBERS.get(token.key, token.key if token.kind == "number" else None)
        if token.kind == "quoted":
            text = token.text
        if text is not None:
            end = start + 2 if self._is(start + 1, _CURRENCY) else start + 1
            yield Found(end, tuple(range(at, end)), (("", text),), 1.0)

    def _percent(self, at: int) -> Iterator[Found]:
        for read in self._value(at):
            signed = self.tokens[read.end - 1].text == "%"
            if signed or self._is(read.end, frozenset({"percent", "pct", "percents"})):
                end = read.end if signed else read.end + 1
                yield Found(end, tuple(range(at, end)), read.slots, 2.0)
            elif [token.key for token in self.tokens[read.end : read.end + 2]] == ["per", "cent"]:
                yield Found(read.end + 2, tuple(range(at, read.end + 2)), read.slots, 2.0)

    def _values(self, at: int, *, least: int) -> Iterator[Found]:
        """Read values: the longest list first."""
        end, weight = at, 0.0
        used: list[int] = []
        listed: list[str] = []
        made: list[Found] = []
        while end < len(self.tokens) and len(listed) < _MOST_ITEMS:
            stop = self._value_end(end, first=not listed)
            plain = self.tokens[end].kind == "word" and not self.tokens[end].text.isupper()
            if stop is None or (least > 1 and plain and self.tokens[end].key in vocabulary()):
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
            if not joints:
                break
            used.extend(joints)
        yield from reversed(made)

    def _value_end(self, at: int, *, first: bool) -> int | None:
        """Return where a value ends: one word, or a few up to a comma; None if there is no value."""
        token = self.tokens[at]
        if token.kind in ("number", "quoted"):
            return at + 1
        if token.kind == "mark" and first and token.text in ("-", "?"):
            return at + 1
        if token.kind != "word":
            return None
        empty = token.key in STOP_WORDS and not token.text.isupper()  # "US" is a value, "us" is none
        if [t.text for t in self.tokens[at + 1 : at + 2]] == ["/"] and self._touching(at + 1):
            return at + 3
        for end in range(at + 1, min(at + _IN_A_VALUE, len(self.tokens) - 1) + 1):
            if end < len(self.tokens) and self.tokens[end].key in (",", "or"):
                return end if not empty or end > at + 1 else None
            if end >= len(self.tokens) or self.tokens[end].kind != "word" or self.tokens[end].key in vocabulary():
                break
        return None if empty else at + 1

    def _text(self, start: int, end: int) -> str:
        text = self.tokens[start].text
        for before, token in zip(self.tokens[start:end], self.tokens[start + 1 : end], strict=False):
            text += ("" if before.end == token.start else " ") + token.text
        return text

    def _phrase(self, texts: Sequence[str], at: int) -> Iterator[Found]:
        for text in texts:
            words = text.split()
            places = [place for place in range(at, min(at + 8, len(self.tokens))) if self.tokens[place].text != "-"][
                : len(words)
            ]
            if [self.tokens[place].key for place in places] == words:
                yield Found(places[-1] + 1, tuple(range(at, places[-1] + 1)), (("", text),), float(len(words)))

    def _worded(self, table: Mapping[str, str], at: int) -> Iterator[Found]:
        """Read one of the words of a table, which may be put together of several; the longest first."""
        joined, found = "", []
        for end in range(at, min(at + 7, len(self.tokens))):
            token = self.tokens[end]
            if token.kind not in ("word", "number") and token.text not in ("-", "."):
                break
            joined += "" if token.text in ("-", ".") else token.key
            for text in (joined, singular(joined)):
                if text in table:
                    weight = sum(weigh(token) for token in self.tokens[at : end + 1])
                    found.append(Found(end + 1, tuple(range(at, end + 1)), (("", table[text]),), weight))
                    break
        yield from reversed(found)

    def _junk(self, at: int) -> Iterator[Found]:
        for end in range(at + 1, min(at + 2, len(self.tokens)) + 1):
            if not self.tokens[end - 1].says and self.tokens[end - 1].kind != "mark":
                return
            if any(self.names.source_at(self.tokens, end - 1)):
                return
            yield Found(end, tuple(range(at, end)), (("", ""),), float(end - at))

    def _is(self, at: int, words: frozenset[str]) -> bool:
        return at < len(self.tokens) and self.tokens[at].key in words


_KEY_ENDING = re.compile(
    r"(?:^|[_\s-])(?:id|no|nr|num|number|code|key|uuid|guid|sku|isbn)$|Id$|ID$|(?<=[a-z])id$", re.IGNORECASE
)
