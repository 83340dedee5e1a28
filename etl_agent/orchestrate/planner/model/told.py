"""What the model is told of a goal and of what was given: names, measurements and closed words, in bounded size."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from etl_agent.decide.telling import described, labels, one_line, without_values
from etl_agent.orchestrate.planner.given import Given, Source
from etl_agent.orchestrate.planner.wishes import Dropped, Mode, Reading, Secret, Take, Wish

__all__ = ["Told"]

_GOAL = 2000  # characters of the goal: a page of it
_PHRASE = 200
_PHRASES = 20
_SOURCES = 12
_COLUMNS = 60  # of one source
_FACTS = 16_000  # characters of all columns: some 5,000 tokens, which leaves room also in a context of 8,000
_PATTERNS = 3
_RELATIONS = 20  # keys, and dependencies, of one source
_WORDS = 80
_WORD = re.compile(r"\"[^\"]{1,60}\"|'[^']{1,60}'|[-+]?\d[\w.:-]*\w|\w[\w-]{0,59}")


@dataclass(frozen=True)
class Told:
    """What is told of a goal, and what the labels in it stand for.

    A column that is sensitive is not told at all: that there is such a column, by its name, is something about it.

    Args:
        reading: what was read in the goal without a model.
        given: what the user gave.
    """

    reading: Reading
    given: Given

    @cached_property
    def goal(self) -> str:
        """The goal on one line, without credentials."""
        return one_line(without_values(self.given.goal), most=_GOAL)

    @cached_property
    def phrases(self) -> Mapping[int, str]:
        """The words that nothing was made of, by the number by which they are told: those that the goal tells too."""
        shown = (one_line(without_values(phrase), most=_PHRASE) for phrase in self.reading.not_understood[:_PHRASES])
        return {number: phrase for number, phrase in enumerate(shown, 1) if phrase}

    @cached_property
    def words(self) -> tuple[str, ...]:
        """The numbers and words of the goal, which a check may be made of."""
        found = (word.strip("\"'") for word in _WORD.findall(self.goal) if "***" not in word)
        return tuple(dict.fromkeys(word for word in found if word))[:_WORDS]

    @cached_property
    def sources(self) -> Mapping[str, Source]:
        """The sources that are told, by label: those that the goal asks for."""
        taken = {wish.source for wish in self.reading.wishes if isinstance(wish, Take)}
        called = labels((source.name for source in self.given.sources), what="source")
        wanted = [source for source in self.given.sources if not taken or source.name in taken]
        return {called[source.name]: source for source in wanted[:_SOURCES]}

    @cached_property
    def sql(self) -> Mapping[str, str]:
        """The names of the SQL files, by label."""
        called = labels((sql.name for sql in self.given.sql), what="sql")
        return {label: name for name, label in called.items()}

    @cached_property
    def columns(self) -> Mapping[str, Mapping[str, str]]:
        """The names of the columns that are told, by the label of their source and their own."""
        told: dict[str, dict[str, str]] = {label: {} for label in self.sources}
        for label, column, _ in self._within_bounds:
            told[label][column] = self._named[label][column]
        return told

    @cached_property
    def facts(self) -> dict[str, Any]:
        """Everything that is told, as plain data."""
        return {
            "goal": self.goal,
            "phrases": [{"number": number, "words": words} for number, words in self.phrases.items()],
            "understood": list(self._understood.values()),
            "sources": [self._source(label) for label in self.sources],
            "sql": [{"name": label, "check": self._checks[name]} for label, name in self.sql.items()],
            "sources_not_shown": len(self.given.sources) - len(self.sources),
        }

    @cached_property
    def _checks(self) -> Mapping[str, bool]:
        return {sql.name: sql.check for sql in self.given.sql}

    @cached_property
    def _secret(self) -> Mapping[str, frozenset[str]]:
        """The sensitive columns of each source: of the options, and of the goal."""
        wished = [wish for wish in self.reading.wishes if isinstance(wish, Secret)]
        return {
            label: source.sensitive | {wish.column for wish in wished if wish.source == source.name}
            for label, source in self.sources.items()
        }

    @cached_property
    def _named(self) -> Mapping[str, Mapping[str, str]]:
        """The names of all columns that may be told, by the label of their source and their own."""
        return {
            label: {told: name for name, told in labels(source.columns).items() if name not in self._secret[label]}
            for label, source in self.sources.items()
        }

    @cached_property
    def _within_bounds(self) -> Sequence[tuple[str, str, dict[str, Any]]]:
        """The columns that are told, with what is told of each: one of each source in turn, until there is no room."""
        lists = [self._ordered(label) for label in self.sources]
        turns = (columns[place] for place in range(_COLUMNS) for columns in lists if place < len(columns))
        told: list[tuple[str, str, dict[str, Any]]] = []
        room = _FACTS
        for label, column in turns:
            source, name = self.sources[label], self._named[label][column]
            facts, kind = source.profile.facts.columns[name], source.profile.kinds[name].kind
            about = described(facts, label=column, kind=kind, patterns=_PATTERNS)
            room -= len(json.dumps(about, ensure_ascii=False))
            if room < 0:
                break
            told.append((label, column, about))
        return told

    def _ordered(self, label: str) -> list[tuple[str, str]]:
        """Order the columns of a source: first what the goal names, then what rows are told apart by, then as read."""
        goal = self.goal.casefold()
        keys = {name for key in self.sources[label].profile.keys for name in key.columns}
        names = self._named[label]
        ranked = sorted(names, key=lambda told: (told.casefold() not in goal, names[told] not in keys))
        return [(label, told) for told in ranked]

    def _source(self, label: str) -> dict[str, Any]:
        source, told = self.sources[label], self.columns[label]
        if not self.phrases:  # what the columns are like is of use only to whoever reads phrases
            return {"name": label, "rows": source.profile.rows}
        return {
            "name": label,
            "rows": source.profile.rows,
            "columns": [about for of, _, about in self._within_bounds if of == label],
            "columns_not_shown": len(source.columns) - len(self._secret[label]) - len(told),
            **self._relations(source, {name: column for column, name in told.items()}),
        }

    def _relations(self, source: Source, called: Mapping[str, str]) -> dict[str, Any]:
        """Tell what tells rows apart and what settles what, as far as every column of it is told."""
        keys = [*source.profile.keys, *source.profile.relations.pairs]
        settled = source.profile.relations.dependencies
        return {
            "keys": [
                [called[name] for name in key.columns] for key in keys if all(name in called for name in key.columns)
            ][:_RELATIONS],
            "dependencies": [
                [called[each.given], called[each.column]]
                for each in settled
                if each.given in called and each.column in called
            ][:_RELATIONS],
        }

    @cached_property
    def risky(self) -> Mapping[int, Wish]:
        """The wishes of the user's that take away what is there or was given, by the number by which they are told."""
        return {number: wish for number, wish in self._numbered.items() if number in self._understood and _risky(wish)}

    @cached_property
    def _numbered(self) -> Mapping[int, Wish]:
        return dict(enumerate(self.reading.wishes, 1))

    @cached_property
    def _understood(self) -> Mapping[int, dict[str, Any]]:
        """What is told of the wishes of the user's, by number."""
        told = {number: self._wish(number, wish) for number, wish in self._numbered.items()}
        return {number: about for number, about in told.items() if about is not None}

    def _wish(self, number: int, wish: Wish) -> dict[str, Any] | None:
        """Tell a wish of the user's, without its values; None if it is about what is not told."""
        source = next((label for label, each in self.sources.items() if each.name == wish.source), None)
        if source is None:
            return None
        called = {name: column for column, name in self.columns[source].items()}
        named = [name for name in (getattr(wish, "column", None), *getattr(wish, "columns", ())) if name]
        if any(name not in called for name in named):
            return None
        return {
            "number": number,
            "wish": wish.wish,
            "way": " ".join(filter(None, (wish.write_disposition, wish.strategy))) if isinstance(wish, Mode) else None,
            "source": source,
            "columns": [called[name] for name in named],
            "words": one_line(without_values(wish.words), most=_PHRASE),
        }


def _risky(wish: Wish) -> bool:
    match wish:
        case Mode():
            return wish.write_disposition == "replace" or wish.strategy == "delete-insert"
        case Dropped():
            return True
    return False
