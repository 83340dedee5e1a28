"""Typos: rare values that are surely a slip of the keyboard away from a frequent one of the same column."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Literal, Self

import pyarrow as pa

from etl_agent.clean.channel import Channel
from etl_agent.clean.decorated import decoration_of, undecorated
from etl_agent.clean.kernels import each, per_value
from etl_agent.clean.step import Change, Columns, chosen
from etl_agent.clean.tally import TalliedStep
from etl_agent.clean.vocabulary import Vocabulary, channel_of, vocabulary_of
from etl_agent.frozen import Frozen

__all__ = ["ColumnVocabulary", "RepairTypos"]


class ColumnVocabulary(Frozen):
    """What was learned of one column."""

    column: str
    """The column."""
    vocabulary: Vocabulary
    """Which of its values are meant, and which are slips."""
    decoration: Vocabulary = Vocabulary()
    """The same for what stands around the numbers in its values."""

    @property
    def corrects(self) -> bool:
        """Whether any value can be corrected."""
        return bool(self.vocabulary.least or self.decoration.least)

    def corrected(self, value: str) -> str:
        """Return the value that was meant."""
        return self.vocabulary.corrected(value) or undecorated(value, self.decoration) or value


class RepairTypos(TalliedStep):
    """Put a frequent value in the place of a rare one that is surely a slip of the keyboard away from it.

    Slips are a letter more, less or another one, two neighbours swapped, a blank lost or moved, a foreign sign among
    digits, several letters replaced by the same sign, a run of one sign behind the value. Whether near values are slips
    is learned: where values that are meant are as near to each other, the column is left alone, and a value that comes
    back more often than slips do is meant. Where one sign is seen to get into values of most columns, it is one in
    short values, too. What stands around the numbers of values (12 visitors, 5 Mill Lane) is repaired alike where the
    values themselves hardly come back. A digit more, less or another one is never taken for a slip.

    | with | before | after |
    |---|---|---|
    | {"columns": ["x"]} | ["Portland", "Portland", "Portland", "Portland", "Portland", "Portland", "Portland", "Portland", "Portland", "Portland", "Portland", "Portland", "Portland", "Portland", "Portland", "Portland", "Portland", "Portland", "Portland", "Portland", "Protland", "Portlnad", "Portlxand", "Boston", null] | ["Portland", "Portland", "Portland", "Portland", "Portland", "Portland", "Portland", "Portland", "Portland", "Portland", "Portland", "Portland", "Portland", "Portland", "Portland", "Portland", "Portland", "Portland", "Portland", "Portland", "Portland", "Portland", "Portland", "Boston", null] |
    """  # noqa: E501  an example stands on one line

    step: Literal["repair_typos"] = "repair_typos"
    change: ClassVar[Change] = "value"

    columns: Columns
    """The columns to work on."""
    channel: Channel | None = None
    """What is known of the slips of the whole dataset; learned from these columns alone if it is left out."""
    learned: tuple[ColumnVocabulary, ...] | None = None
    """What was learned of each column; learned from the data if it is left out."""

    def reads(self, names: Sequence[str]) -> tuple[str, ...]:
        """Name the chosen columns."""
        return chosen(self.columns, names)

    @property
    def fitted(self) -> bool:
        """Whether the values that are meant are known."""
        return self.learned is not None

    def forgotten(self) -> Self:
        """Return the step without what it learned of the values, and of the hand that wrote them."""
        return self.model_copy(update={"learned": None, "channel": None})

    def fit(self, summary: Any) -> Self:
        """Learn the values of each column that are meant, and what is a slip of one."""
        learned = _learned(summary, self.channel)
        channel = self.channel or channel_of(each.vocabulary for each in learned)
        if channel.blots and channel != self.channel:
            learned = _learned(summary, channel)
        return self.model_copy(update={"learned": learned, "channel": channel})

    def apply(self, data: pa.RecordBatch) -> pa.RecordBatch:
        """Correct each distinct value that is not one of those that are meant."""
        known = {each.column: each for each in self.learned or () if each.corrects}
        for name in self.reads(data.schema.names):
            if name in known:
                data = each(data, [name], lambda column, of=known[name]: per_value(column, of.corrected))  # type: ignore[misc]  # mypy infers no type for a lambda's default
        return data


def _learned(summary: Mapping[str, Mapping[str, int] | None], channel: Channel | None) -> tuple[ColumnVocabulary, ...]:
    return tuple(
        ColumnVocabulary(
            column=name,
            vocabulary=vocabulary_of(counts or {}, channel=channel),
            decoration=decoration_of(counts or {}, channel=channel),
        )
        for name, counts in sorted(summary.items())
    )
