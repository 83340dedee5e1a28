"""Misspelled words: rare words in names, addresses and descriptions that are surely a slip away from a frequent one."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import Any, ClassVar, Literal, Self

import pyarrow as pa

from etl_agent.clean.kernels import each, per_value
from etl_agent.clean.step import Change, Columns, chosen
from etl_agent.clean.tally import TalliedStep
from etl_agent.clean.typos import ColumnVocabulary
from etl_agent.clean.vocabulary import Vocabulary, vocabulary_of

__all__ = ["RepairWords", "words_of"]

_WORD = re.compile(r"(?<![^\W_])[^\W\d_]{3,40}(?![^\W_])")
"""A word of letters alone; codes are no words, and two letters have too many neighbours."""


class RepairWords(TalliedStep):
    """Correct rare words that are surely a slip of the keyboard away from a frequent word of the same column.

    For columns whose values are all different, but made of the same words: names of firms and places, addresses,
    descriptions. A word counts once for each value that it is in. How near two words are that are both meant is learned
    from the column; where that is as near as the rare words, it is left alone.

    | with | before | after |
    |---|---|---|
    | {"columns": ["x"]} | ["Alder Boulevard 1", "Birch Boulevard 2", "Cedar Boulevard 3", "Alder Boulevard 4", "Birch Boulevard 5", "Cedar Boulevard 6", "Alder Boulevard 7", "Birch Boulevard 8", "Cedar Boulevard 9", "Alder Boulevard 10", "Birch Boulevard 11", "Cedar Boulevard 12", "Alder Boluevard 13", "Birch Boulvard 14", "Cedar Boulevarrd 15", "Cedar Boulevards 16", null] | ["Alder Boulevard 1", "Birch Boulevard 2", "Cedar Boulevard 3", "Alder Boulevard 4", "Birch Boulevard 5", "Cedar Boulevard 6", "Alder Boulevard 7", "Birch Boulevard 8", "Cedar Boulevard 9", "Alder Boulevard 10", "Birch Boulevard 11", "Cedar Boulevard 12", "Alder Boulevard 13", "Birch Boulevard 14", "Cedar Boulevard 15", "Cedar Boulevards 16", null] |
    """  # noqa: E501  an example stands on one line

    step: Literal["repair_words"] = "repair_words"
    change: ClassVar[Change] = "value"

    columns: Columns
    """The columns to work on."""
    learned: tuple[ColumnVocabulary, ...] | None = None
    """What was learned of each column's words; learned from the data if it is left out."""

    def reads(self, names: Sequence[str]) -> tuple[str, ...]:
        """Name the chosen columns."""
        return chosen(self.columns, names)

    @property
    def fitted(self) -> bool:
        """Whether the words that are meant are known."""
        return self.learned is not None

    def fit(self, summary: Any) -> Self:
        """Learn the words of each column that are meant, and what is a slip of one."""
        learned = tuple(
            ColumnVocabulary(column=name, vocabulary=vocabulary_of(words_of(counts or ()), words=True))
            for name, counts in sorted(summary.items())
        )
        return self.model_copy(update={"learned": learned})

    def apply(self, data: pa.RecordBatch) -> pa.RecordBatch:
        """Correct the words of each distinct value."""
        for name in self.reads(data.schema.names):
            if (speller := self._spellers.get(name)) is not None:
                data = each(data, [name], lambda column, of=speller: per_value(column, of.corrected))  # type: ignore[misc]  # mypy infers no type for a lambda's default
        return data

    @cached_property
    def _spellers(self) -> dict[str, _Speller]:
        return {each.column: _Speller(each.vocabulary) for each in self.learned or () if each.vocabulary.least}


def words_of(values: Iterable[str]) -> Counter[str]:
    """Count in how many of some values each word is."""
    return Counter(word for value in values for word in {match[0] for match in _WORD.finditer(value)})


class _Speller:
    """Corrects the words of texts, each word once."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self._vocabulary = vocabulary
        self._known = frozenset(vocabulary.words)

    def corrected(self, text: str) -> str:
        return _WORD.sub(self._word, text)

    def _word(self, match: re.Match[str]) -> str:
        word = match[0]
        meant = None if word in self._known else self._vocabulary.corrected(word)
        return meant if meant and meant[0] == word[0] else word
