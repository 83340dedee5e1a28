"""What the slots of phrases hold: names of columns, datasets, tables and SQL files, alone and in lists."""

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
from etl_agent.orchestrate.planner.mentions import Mention, Names
from etl_agent.orchestrate.planner.patterns import Found, SlotReader, weigh
from etl_agent.orchestrate.planner.phrases import vocabulary
from etl_agent.orchestrate.planner.tokens import Token
from etl_agent.orchestrate.planner.values import (
    MOST_ITEMS,
    NEGATIVE,
    NOT_NEGATIVE,
    NUMBERS,
    POSITIVE,
    Values,
    touching,
)

__all__ = ["Slots"]

_AND = frozenset({",", "and", "or", "&", "+", "/", "plus", "nor", ";"})
_COLUMN_NOUNS = words("column columns field fields value values")
_SOURCE_NOUNS = words("""
    file files data table tables record records row rows dataset datasets feed feeds export exports csv csvs list lists
    entries
""")
_IDENTIFIER = re.compile(r"[^\W\d]\w{0,62}")
_NAME_WORDS = words("id ids identifier number numbers code key date dates time times name")
"""Words of phrases that stand in names, too."""
_UNSURE = 0.02  # weight of a word that is taken for the name of a column that is not there
_MOST_LISTS = 32  # ways to read a list from one place on


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
        read = Values(self.tokens)
        values: dict[str, SlotReader] = dict.fromkeys(("low", "high", "above", "under"), read.value)
        lists: dict[str, Callable[[int], Iterator[Found]]] = {
            "columns": self._known,
            "subject": self._meant,
            "keys": self._key,
            "weak_keys": self._keyish,
            "sources": self._source,
            "later": self._source,
        }
        return {
            **values,
            **{name: partial(self._list, name, item) for name, item in lists.items()},
            "newest": self._meant,
            "likely": self._likely,
            "table": self._table,
            "percent": read.percent,
            "zero": partial(read.phrase, NOT_NEGATIVE),
            "zero_not": partial(read.phrase, NEGATIVE),
            "positive": partial(read.phrase, POSITIVE),
            "type": partial(read.worded, TYPE_WORDS),
            "format": partial(read.worded, FORMAT_WORDS),
            "values": partial(read.values, least=1),
            "several": partial(read.values, least=2),
            "missing": partial(read.values, least=1),
            "junk": read.junk,
            "sql": self._sql,
            "sql_named": self._sql_named,
        }

    @cached_property
    def unknown(self) -> frozenset[int]:
        """Return the places of words that neither a phrase nor a name knows."""
        known = vocabulary() | STOP_WORDS | NEGATORS | NUMBERS.keys() | FORMAT_WORDS.keys() | TYPE_WORDS.keys()
        known |= {word for text in (*FORMAT_WORDS, *NOT_NEGATIVE, *NEGATIVE, *POSITIVE) for word in text.split()}
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
                    if len(self._items(rest)) >= MOST_ITEMS or self._guessed(rest, following):
                        continue
                    between = tuple(range(first.end, following))
                    used = (*first.used, *(p for p in between if self._joins(p)), *rest.used)
                    slots = (("", (*self._items(first), *self._items(rest))),)
                    yield Found(rest.end, used, slots, first.weight + rest.weight)
            yield Found(first.end, first.used, (("", self._items(first)),), first.weight)

    def _guessed(self, rest: Found, at: int) -> bool:
        """Whether words behind "the" are taken for a column that is not there: "..., the other rows"."""
        first = self._items(rest)[0]
        return isinstance(first, Mention) and not first.columns and self.tokens[at - 1].key in FILLERS

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
        """Read a column. The name of a dataset alone stands for no column, but for its key."""
        for found in self._any(at):
            mention = found.slots[0][1]
            if isinstance(mention, Mention) and not mention.own:
                yield found

    def _any(self, at: int) -> Iterator[Found]:
        start = at + 1 if self._is(at, _COLUMN_NOUNS) else at
        if start >= len(self.tokens):
            return
        for end, mention in self.names.column_at(self.tokens, start):
            behind = end + 1 if self._is(end, _COLUMN_NOUNS) else end
            weight = sum(weigh(token) for token in self.tokens[at:behind]) - 0.01 * mention.rank
            yield Found(behind, tuple(range(at, behind)), (("", mention),), weight)

    def _keyish(self, at: int) -> Iterator[Found]:
        """Read columns that are keys by their names or by their values: ``by`` alone says too little."""
        for found in self._any(at):
            mention = found.slots[0][1]
            if isinstance(mention, Mention) and self._may_be_key(mention):
                yield found

    def _key(self, at: int) -> Iterator[Found]:
        yield from self._any(at)
        yield from self._meant(at)

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

    def _likely(self, at: int) -> Iterator[Found]:
        """Read a column, or a word that looks like the name of one."""
        for found in self._meant(at):
            mention = found.slots[0][1]
            if isinstance(mention, Mention) and (mention.columns or self.names.near(mention.text[:80])):
                yield found

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
        while end + 1 < len(self.tokens) and self.tokens[end].text in (".", "-") and touching(self.tokens, end):
            end += 2
        text = "".join(token.text for token in self.tokens[at:end])
        known = token.key in STOP_WORDS | GENERIC_TABLES | NEGATORS or token.key in vocabulary()
        if token.kind != "word" or not _IDENTIFIER.fullmatch(token.text) or known:
            return
        if end < len(self.tokens) and self.tokens[end].key in GENERIC_TABLES - {"table", "tables", "and"}:
            return  # "the analytics warehouse" names no table
        weight = 1.0 * (len(range(at, end, 2)))
        yield Found(end, tuple(range(at, end)), (("", text),), weight)

    def _sql(self, at: int) -> Iterator[Found]:
        for end, name in self.names.sql_at(self.tokens, at):
            behind = end + 2 if [t.key for t in self.tokens[end : end + 2]] == [".", "sql"] else end
            yield Found(behind, tuple(range(at, behind)), (("", name),), float(behind - at))

    def _sql_named(self, at: int) -> Iterator[Found]:
        """Read a word that is meant as an SQL file and names none, as a name much like it shows."""
        token = self.tokens[at]
        if token.kind in ("word", "quoted") and near(token.key, [file.name for file in self.names.sql]):
            yield Found(at + 1, (at,), (("", token.text),), _UNSURE)

    def _is(self, at: int, words: frozenset[str]) -> bool:
        return at < len(self.tokens) and self.tokens[at].key in words


_KEY_ENDING = re.compile(
    r"(?:^|[_\s-])(?:id|no|nr|num|number|code|key|uuid|guid|sku|isbn)$|Id$|ID$|(?<=[a-z])id$", re.IGNORECASE
)
