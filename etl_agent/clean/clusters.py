"""Near-duplicates of categories: rare spellings of a value that has a usual one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations
from typing import Any, ClassVar, Literal, Self

import pyarrow as pa
import pyarrow.compute as pc

from etl_agent.clean.folding import Difference, fingerprints, folded, ngram_fingerprints
from etl_agent.clean.step import Change, Columns, chosen, replaced
from etl_agent.clean.tally import TalliedStep
from etl_agent.frozen import Frozen

__all__ = ["ClusterValues", "Spellings"]

_RARE = 0.1  # of the rows of the usual spelling: with more, both are in use, and may mean two things. If both were
# in equal use, one row in eleven or fewer would come about with a chance of 12/2048 at most.
_COMMON = 3  # rows from which on a spelling is no slip
_LETTERS = 4  # of a value: shorter ones are codes and units, in which every sign counts (mW and MW, A and A-)
_MOST_COMPARED = 8  # spellings of one value that are in use
_MOST_VALUES = 10_000  # of a column of categories
_ALL: tuple[Difference, ...] = ("case", "blanks", "punctuation", "accents")
_SPELLING: tuple[Difference, ...] = ("case", "blanks", "punctuation")

Trait = Difference | Literal["words"]
"""What two values differ in: signs of a class, or the words themselves."""


class Spellings(Frozen):
    """The usual spellings of a column."""

    column: str
    """The column."""
    usual: dict[str, str]
    """The usual spelling for each rare one."""


class ClusterValues(TalliedStep):
    """Bring rare spellings of a value to its usual one, which the column itself shows.

    A spelling is rare where the usual one has at least ten times as many rows. Values with digits are left alone,
    since every sign of a code or a measure counts, and so are values of less than four letters. Where two values in
    common use differ in the same way, as ``Mayer`` and ``mayer`` might, a column keeps that difference.

    | with | before | after |
    |---|---|---|
    | {"columns": ["x"]} | ["Open Air", "Open Air", "Open Air", "Open Air", "Open Air", "Open Air", "Open Air", "Open Air", "Open Air", "Open Air", "open-air", "Open Sky", null] | ["Open Air", "Open Air", "Open Air", "Open Air", "Open Air", "Open Air", "Open Air", "Open Air", "Open Air", "Open Air", "Open Air", "Open Sky", null] |
    | {"columns": ["x"], "learned": [{"column": "x", "usual": {"open-air": "Open Air"}}]} | ["open-air", "OPEN AIR", null] | ["Open Air", "OPEN AIR", null] |

    Source: the key collision methods of OpenRefine, Clustering in depth.
    """  # noqa: E501  a row of a table is one line

    step: Literal["cluster_values"] = "cluster_values"
    columns: Columns
    """The columns to look at; one with more than 10,000 different values is left alone."""
    by: Literal["spelling", "fingerprint", "ngrams"] = "spelling"
    """Which values are one: ``spelling`` those that differ in case, blanks and punctuation; ``fingerprint`` also
    those that differ in accents and in the order and the number of the same words; ``ngrams`` those that consist of
    the same pairs of letters."""
    learned: tuple[Spellings, ...] | None = None
    """What was learned; left out by hand, written by a lock."""

    change: ClassVar[Change] = "format"

    def reads(self, names: Sequence[str]) -> tuple[str, ...]:
        """Name the chosen columns."""
        return chosen(self.columns, names)

    @property
    def fitted(self) -> bool:
        """Whether the spellings are learned."""
        return self.learned is not None

    def fit(self, summary: Any) -> Self:
        """Find the rare spellings."""
        found = {name: self._usual(counts) for name, counts in sorted(summary.items())}
        return self.model_copy(
            update={"learned": tuple(Spellings(column=name, usual=usual) for name, usual in found.items() if usual)}
        )

    def apply(self, data: pa.RecordBatch) -> pa.RecordBatch:
        """Look each cell up among the rare spellings."""
        for spellings in self.learned or ():
            rare = pa.array(list(spellings.usual), pa.string())
            usual = pa.array(list(spellings.usual.values()), pa.string())
            at = pc.index_in(data.column(spellings.column), rare, skip_nulls=True)
            if at.null_count < len(at):
                column = pc.coalesce(usual.take(at), data.column(spellings.column))
                data = replaced(data, spellings.column, column)
        return data

    def _usual(self, counts: Mapping[str, int] | None) -> dict[str, str]:
        """Return the usual spelling of each rare one."""
        if counts is None or len(counts) > _MOST_VALUES:
            return {}
        clusters = [cluster for cluster in self._clusters(counts) if len(cluster) > 1]
        kept: set[Trait] = set()
        for cluster in clusters:
            common = [value for value in cluster if _in_use(counts[value], beside=counts[cluster[0]])]
            for one, other in combinations(common[:_MOST_COMPARED], 2):
                kept |= _traits(one, other)
        return {
            value: usual
            for usual, *others in clusters
            for value in others
            if counts[value] <= _RARE * counts[usual] and not kept & _traits(usual, value)
        }

    def _clusters(self, counts: Mapping[str, int]) -> Iterator[list[str]]:
        """Group the values that are one, the most frequent spelling first."""
        values = sorted(value for value in counts if _is_words(value))
        cells = pa.array(values, pa.string())
        match self.by:
            case "spelling":
                keys = folded(cells, ignore=_SPELLING).to_pylist()
            case "fingerprint":
                keys = fingerprints(cells)
            case "ngrams":
                keys = ngram_fingerprints(cells)
        groups: dict[str, list[str]] = {}
        for key, value in zip(keys, values, strict=True):
            groups.setdefault(key, []).append(value)
        for group in groups.values():
            yield sorted(group, key=lambda value: (-counts[value], value))


def _is_words(value: str) -> bool:
    """Say whether a value is made of words, and not a code, a measure or a name in a program."""
    return sum(map(str.isalpha, value)) >= _LETTERS and not any(sign.isdigit() or sign in "_/\\@" for sign in value)


def _in_use(rows: int, *, beside: int) -> bool:
    return rows >= _COMMON and rows > _RARE * beside


def _traits(one: str, other: str) -> set[Trait]:
    """Tell in what two values differ."""
    pair = pa.array([one, other], pa.string())
    if _differ(pair, ignore=_ALL):
        return {"words"}
    return {trait for trait in _ALL if _differ(pair, ignore=tuple(each for each in _ALL if each != trait))}


def _differ(pair: pa.StringArray, *, ignore: Sequence[Difference]) -> bool:
    one, other = folded(pair, ignore=ignore).to_pylist()
    return bool(one != other)
