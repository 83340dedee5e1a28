"""What the slots of phrases hold beside columns: datasets, tables, SQL files, and words that are swapped for others."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from etl_agent.errors import near
from etl_agent.orchestrate.planner.language.lexicon import (
    DESTRUCTIVE,
    GENERIC_TABLES,
    NEGATORS,
    OF_TABLES,
    STOP_WORDS,
    words,
)
from etl_agent.orchestrate.planner.language.patterns import Found, weigh
from etl_agent.orchestrate.planner.language.phrases import vocabulary
from etl_agent.orchestrate.planner.language.tokens import Token
from etl_agent.orchestrate.planner.reading.mentions import Names
from etl_agent.orchestrate.planner.reading.values import NUMBERS, touching

__all__ = ["Tables"]

_SOURCE_NOUNS = words("""
    file files data table tables record records row rows dataset datasets feed feeds export exports csv csvs list lists
    entries
""")
_TABLE_NOUNS = words("table tables one ones")
_IDENTIFIER = re.compile(r"[^\W\d]\w{0,62}")
_UNSURE = 0.02  # weight of a word that is taken for the name of an SQL file that is not there


@dataclass(frozen=True)
class Tables:
    """Reads datasets, tables and SQL files in one goal; each reader starts at a place and gives what may stand there.

    Args:
        tokens: the goal.
        names: the names that it may use.
    """

    tokens: Sequence[Token]
    names: Names

    def source(self, at: int) -> Iterator[Found]:
        """Read the name of a dataset."""
        for end, name in self.names.source_at(self.tokens, at):
            behind = end + 1 if self._is(end, _SOURCE_NOUNS) else end
            weight = sum(weigh(token) for token in self.tokens[at:behind])
            yield Found(behind, tuple(range(at, behind)), (("", name),), weight)

    def table(self, at: int) -> Iterator[Found]:
        """Read what is to be the name of a table, and means nothing else."""
        if self.tokens[at].kind == "quoted" or self.tokens[at].key not in vocabulary():
            yield from self.named(at)

    def target(self, at: int) -> Iterator[Found]:
        """Read the name of a table that is no dataset's and no column's."""
        if not any(self.names.source_at(self.tokens, at)) and not any(self.names.column_at(self.tokens, at)):
            yield from self.named(at)

    def named(self, at: int) -> Iterator[Found]:
        """Read what stands where only the name of a table can, whatever else it means."""
        token = self.tokens[at]
        if token.kind == "quoted":
            yield Found(at + 1, (at,), (("", token.text),), 1.0)
            return
        end = at + 1
        while end + 1 < len(self.tokens) and self.tokens[end].text in (".", "-") and touching(self.tokens, end):
            end += 2
        text = "".join(token.text for token in self.tokens[at:end])
        generic = GENERIC_TABLES if at == 0 or self.tokens[at - 1].key != "table" else frozenset[str]()
        known = token.key in STOP_WORDS | NEGATORS | DESTRUCTIVE | NUMBERS.keys() | generic or self._tells_of_table(at)
        if token.kind != "word" or not _IDENTIFIER.fullmatch(token.text) or known:
            return
        if end < len(self.tokens) and self.tokens[end].key in GENERIC_TABLES - {"table", "tables", "and"}:
            return  # "the analytics warehouse" names no table
        weight = 1.0 * (len(range(at, end, 2)))
        yield Found(end, tuple(range(at, end)), (("", text),), weight)

    def _tells_of_table(self, at: int) -> bool:
        """Whether a word tells of a table, or of a way or a form, instead of naming a table."""
        behind = self.tokens[at + 1].key if at + 1 < len(self.tokens) else ""
        return behind in ("mode", "format", "form", "as") or (
            self.tokens[at].key in OF_TABLES and behind in _TABLE_NOUNS
        )

    def sql(self, at: int) -> Iterator[Found]:
        """Read the name of an SQL file."""
        for end, name in self.names.sql_at(self.tokens, at):
            behind = end + 2 if [t.key for t in self.tokens[end : end + 2]] == [".", "sql"] else end
            yield Found(behind, tuple(range(at, behind)), (("", name),), float(behind - at))

    def sql_named(self, at: int) -> Iterator[Found]:
        """Read a word that is meant as an SQL file and names none, as a name much like it shows."""
        token = self.tokens[at]
        if token.kind in ("word", "quoted") and near(token.key, [file.name for file in self.names.sql]):
            yield Found(at + 1, (at,), (("", token.text),), _UNSURE)

    def junk(self, at: int) -> Iterator[Found]:
        """Read any word, or two, but no dataset: of these, it is said what to do with them."""
        for end in range(at + 1, min(at + 2, len(self.tokens)) + 1):
            token = self.tokens[end - 1]
            if token.key in _SOURCE_NOUNS or any(self.names.source_at(self.tokens, end - 1)):
                return
            if not token.says and token.kind != "mark":
                return
            yield Found(end, tuple(range(at, end)), (("", ""),), float(end - at))

    def _is(self, at: int, words: frozenset[str]) -> bool:
        return at < len(self.tokens) and self.tokens[at].key in words
