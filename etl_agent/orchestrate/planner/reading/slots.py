"""What the slots of phrases hold: names of columns, datasets, tables and SQL files, alone and in lists."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from itertools import chain, islice
from typing import ClassVar

from etl_agent.orchestrate.planner.language.lexicon import (
    FILLERS,
    FORMAT_WORDS,
    NEGATORS,
    STOP_WORDS,
    TYPE_WORDS,
    words,
)
from etl_agent.orchestrate.planner.language.patterns import Found, SlotReader, weigh
from etl_agent.orchestrate.planner.language.phrases import vocabulary
from etl_agent.orchestrate.planner.language.tokens import Token
from etl_agent.orchestrate.planner.reading.mentions import Mention, Names, singular
from etl_agent.orchestrate.planner.reading.slots_of_tables import Tables
from etl_agent.orchestrate.planner.reading.values import (
    MOST_ITEMS,
    NEGATIVE,
    NOT_NEGATIVE,
    NOT_POSITIVE,
    NUMBERS,
    POSITIVE,
    Values,
)

__all__ = ["Slots"]

_AND = frozenset({",", "and", "or", "&", "+", "/", "plus", "nor"})
_COLUMN_NOUNS = words("column columns col cols field fields value values")
_NOUNS_BEHIND = _COLUMN_NOUNS | words("name names")
"""Words behind a column that say nothing more: city names, the status field."""
_NAME_WORDS = words("id ids identifier number numbers code key date dates time times name")
"""Words of phrases that stand in names, too."""
_VALUE_WORDS = frozenset(FORMAT_WORDS) | frozenset(TYPE_WORDS) | frozenset(NUMBERS)
_SMALL = STOP_WORDS | NEGATORS
_OF_COLUMNS = frozenset({"columns", "subject"})
_UNSURE = 0.02  # weight of a word that is taken for the name of a column that is not there
_MOST_LISTS = 12  # ways to read a list from one place on


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

    lists: ClassVar[tuple[str, ...]] = ("columns", "subject", "keys", "weak_keys", "named_keys", "sources", "later")
    """The slots that hold lists of names."""

    def readers(self) -> Mapping[str, SlotReader]:
        """Return the reader of each slot, by its name in phrases."""
        read = Values(self.tokens)
        tables = Tables(self.tokens, self.names)
        values: dict[str, SlotReader] = dict.fromkeys(("low", "high", "above", "under"), read.value)
        lists: dict[str, Callable[[int], Iterator[Found]]] = {
            "columns": self._known,
            "subject": self._meant,
            "keys": self._key,
            "weak_keys": self._keyish,
            "named_keys": self._named_key,
            "sources": tables.source,
            "later": tables.source,
        }
        return {
            **values,
            **{name: partial(self._list, name, item) for name, item in lists.items()},
            "newest": self._meant,
            "likely": self._likely,
            "table": tables.table,
            "named": tables.named,
            "target": tables.target,
            "percent": read.percent,
            "zero": partial(read.phrase, NOT_NEGATIVE),
            "zero_not": partial(read.phrase, NEGATIVE),
            "not_positive": partial(read.phrase, NOT_POSITIVE),
            "positive": partial(read.phrase, POSITIVE),
            "type": partial(read.worded, TYPE_WORDS),
            "format": partial(read.worded, FORMAT_WORDS),
            "values": partial(read.values, least=1),
            "several": partial(read.values, least=2),
            "missing": partial(self._markers, read),
            "junk": tables.junk,
            "noun": self._noun,
            "bracketed": self._bracketed,
            "sql": tables.sql,
            "sql_named": tables.sql_named,
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
        for first in chain(self._shared(at) if slot in _OF_COLUMNS else (), item(at)):
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
        for start in (at, at + 1) if self._is(at, _COLUMN_NOUNS) else (at,):
            for end, mention in self.names.column_at(self.tokens, start) if start < len(self.tokens) else ():
                nouns = _COLUMN_NOUNS if mention.own else _NOUNS_BEHIND
                behind = end + 1 if self._is(end, nouns) else end
                weight = sum(weigh(token) for token in self.tokens[at:behind]) - 0.01 * mention.rank
                yield Found(behind, tuple(range(at, behind)), (("", mention),), weight)

    def _shared(self, at: int) -> Iterator[Found]:
        """Read names that share their last word: "first and last name"."""
        texts = [token.key for token in self.tokens[at : at + 4]]
        if len(texts) < 4 or texts[1] not in _AND or any(t.kind != "word" for t in self.tokens[at + 2 : at + 4]):
            return
        noun = singular(texts[3])
        found = [self.names.column(f"{word} {noun}") for word in (texts[0], texts[2])]
        mentions = tuple(mention for mention in found if mention is not None and not mention.rank)
        if len(mentions) == len(found) and mentions[0].columns != mentions[1].columns:
            yield Found(at + 4, tuple(range(at, at + 4)), (("", mentions),), 4.0)

    def _bracketed(self, at: int) -> Iterator[Found]:
        """Read columns in brackets behind what they are the key of: "upsert stock (sku, store)"."""
        if self.tokens[at].text == "(" and at + 1 < len(self.tokens):
            for found in self._list("columns", self._known, at + 1):
                if self._is(found.end, frozenset(")")):
                    yield replace(found, end=found.end + 1, used=(at, *found.used, found.end))

    def _markers(self, read: Values, at: int) -> Iterator[Found]:
        """Read spellings of nothing; a column is none: "whose customer_id is missing"."""
        if self.tokens[at].kind == "quoted" or not any(self.names.column_at(self.tokens, at)):
            yield from read.values(at, least=1)

    def _noun(self, at: int) -> Iterator[Found]:
        """Read a word that is like the name of a column: "latest count wins by counted_at"."""
        token = self.tokens[at]
        if token.kind == "word" and at not in self.unknown and not (token.key in _SMALL or token.key in vocabulary()):
            yield Found(at + 1, (at,), (("", ""),), 0.5)

    def _keyish(self, at: int) -> Iterator[Found]:
        """Read columns that are keys by their names or by their values: ``by`` alone says too little."""
        for found in self._any(at):
            mention = found.slots[0][1]
            if isinstance(mention, Mention) and self._may_be_key(mention):
                yield found

    def _named_key(self, at: int) -> Iterator[Found]:
        """Read columns that are keys by their names."""
        for found in self._any(at):
            mention = found.slots[0][1]
            listed = mention.columns.values() if isinstance(mention, Mention) else ()
            if any(_KEY_ENDING.search(column) for columns in listed for column in columns):
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
            if token.kind not in ("word", "quoted") or token.key in _SMALL:
                return
            taken = token.key in vocabulary() or token.key in _VALUE_WORDS
            if token.kind == "word" and taken and token.key not in _NAME_WORDS:
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

    def _is(self, at: int, words: frozenset[str]) -> bool:
        return at < len(self.tokens) and self.tokens[at].key in words


_KEY_ENDING = re.compile(
    r"(?:^|[_\s-])(?:id|no|nr|num|number|code|key|uuid|guid|sku|isbn)$|Id$|ID$|(?<=[a-z])id$", re.IGNORECASE
)
