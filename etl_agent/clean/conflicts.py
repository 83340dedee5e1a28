"""Conflicts between sources: what several of them say of one entity is brought to what is surely true."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import Annotated, Any, ClassVar, Literal, Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pydantic import Field, model_validator

from etl_agent.clean.step import Change, FittedStep, replaced
from etl_agent.clean.testimony import Fact, Testimony, combined, facts, gathered
from etl_agent.frozen import Frozen, Name, Names, SomeNames
from etl_agent.profile.coded import Codes

__all__ = ["FillFromSources", "ResolveConflicts", "Settled"]

_CERTAIN = 0.7
_DOUBTED = 0.1  # belief in a claim that is overwritten: what stands there is surely not it
_MOST_SETTLED = 20_000  # facts that a step keeps


class Settled(Frozen):
    """What is surely true of an entity."""

    column: str
    """The column."""
    entity: tuple[str, ...]
    """The entity: its cells in the columns of the entity."""
    value: str
    """What is true, as the column usually writes it."""
    wrong: tuple[str, ...] = ()
    """The cells that say otherwise, or write it otherwise."""


class _FromSources(FittedStep):
    """What the steps that weigh sources against each other have in common."""

    learns: ClassVar[Literal["once", "anew"]] = "anew"

    source: Name
    """The column that says who reports."""
    entity: SomeNames
    """The column, or columns, that say of what: one row for each source and entity."""
    columns: SomeNames
    """The columns of claims on the entity that may be changed."""
    beside: Names = ()
    """Other columns of claims on it: they show, too, which sources are to be trusted and which copy."""
    certain: Annotated[float, Field(ge=0.5, le=1)] = _CERTAIN
    """How far a value must be believed, between 0.5 and 1. Belief is a mean over many weightings of the sources and
    so lower than the chance of being right: of the facts believed to 0.7, more than 95 % are true where sources err,
    copy each other and mean different things."""
    learned: tuple[Settled, ...] | None = None
    """What was settled; left out by hand, written by a lock."""

    @model_validator(mode="after")
    def _told_apart(self) -> Self:
        names = self.reads(())
        if len(set(names)) < len(names):
            raise ValueError("a column is either the source, or of the entity, or one of claims")
        return self

    def reads(self, names: Sequence[str]) -> tuple[str, ...]:  # noqa: ARG002  they are named
        """Name the source, the entity and the claims."""
        return (self.source, *self.entity, *self.columns, *self.beside)

    def writes(self, names: Sequence[str]) -> tuple[str, ...]:  # noqa: ARG002  they are named
        """Name the columns that may be changed."""
        return self.columns

    @property
    def fitted(self) -> bool:
        """Whether it is settled what is true."""
        return self.learned is not None

    def observe(self, data: pa.RecordBatch) -> Testimony:
        """Keep what each source says of each entity; nothing where that is too much."""
        return gathered([data.column(name) for name in self.reads(())])

    def combine(self, left: Any, right: Any) -> Testimony:
        """Put two pieces of testimony together."""
        return combined(left, right)

    def fit(self, summary: Any) -> Self:
        """Settle what is true of each entity; nothing where there is too much to remember."""
        settled: list[Settled] = []
        for name, found in zip(self.columns, facts(summary or [], keys=1 + len(self.entity)), strict=False):
            settled += [each for fact in found if (each := self._settled(name, fact)) is not None]
        return self.model_copy(update={"learned": tuple(settled) if len(settled) <= _MOST_SETTLED else ()})

    @abstractmethod
    def _settled(self, column: str, fact: Fact) -> Settled | None:
        """Say what is to be remembered of a fact; None where nothing is."""

    def _of(self, column: str) -> tuple[Settled, ...]:
        return tuple(each for each in self.learned or () if each.column == column)


class ResolveConflicts(_FromSources):
    """Overwrite what a source says of an entity where it is surely wrong: other sources that err less say otherwise.

    How accurate each source is in each column, and what is true, is worked out in turn; sources that share their
    errors have one vote. Claims are compared by what they say, and what is true is written as the column usually
    writes it. Where the sources leave room for doubt, and where a claim may be right for all that is known, the cell
    stays.

    | with | before | after |
    |---|---|---|
    | {"source": "by", "entity": "of", "columns": "x"} | {"by": ["a", "b", "c", "d", "e", "f"], "of": ["1", "1", "1", "1", "1", "1"], "x": ["9:05", "9:05", "9:05", "9:05", "09:05 (est)", null]} | {"by": ["a", "b", "c", "d", "e", "f"], "of": ["1", "1", "1", "1", "1", "1"], "x": ["9:05", "9:05", "9:05", "9:05", "9:05", null]} |
    | {"source": "by", "entity": "of", "columns": "x", "learned": [{"column": "x", "entity": ["1"], "value": "u", "wrong": ["v"]}]} | {"by": ["a", "b", "b"], "of": ["1", "1", "2"], "x": ["v", null, "v"]} | {"by": ["a", "b", "b"], "of": ["1", "1", "2"], "x": ["u", null, "v"]} |

    Source: X. L. Dong, L. Berti-Equille, D. Srivastava, Integrating conflicting data: the role of source dependence
    (2009).
    """  # noqa: E501  a row of a table is one line

    step: Literal["resolve_conflicts"] = "resolve_conflicts"

    change: ClassVar[Change] = "value"

    def _settled(self, column: str, fact: Fact) -> Settled | None:
        if fact.belief < self.certain:
            return None
        wrong = {text for text, belief in fact.others.items() if belief <= _DOUBTED} | fact.odd
        return (
            Settled(column=column, entity=fact.entity, value=fact.value, wrong=tuple(sorted(wrong))) if wrong else None
        )

    def apply(self, data: pa.RecordBatch) -> pa.RecordBatch:
        """Overwrite the cells that are wrong."""
        for name in self.columns:
            wrong = {(*each.entity, text): each.value for each in self._of(name) for text in each.wrong}
            column = data.column(name)
            at = _matched([*(data.column(part) for part in self.entity), column], list(wrong))
            data = replaced(data, name, _put(column, at, list(wrong.values())))
        return data


class FillFromSources(_FromSources):
    """Put in what other sources surely rightly say of the same entity where a source says nothing.

    | with | before | after |
    |---|---|---|
    | {"source": "by", "entity": "of", "columns": "x"} | {"by": ["a", "b", "c", "d", "e"], "of": ["1", "1", "1", "1", "1"], "x": ["u", "u", null, "u", "u"]} | {"by": ["a", "b", "c", "d", "e"], "of": ["1", "1", "1", "1", "1"], "x": ["u", "u", "u", "u", "u"]} |
    | {"source": "by", "entity": "of", "columns": "x", "learned": [{"column": "x", "entity": ["1"], "value": "u"}]} | {"by": ["a", "b", "c"], "of": ["1", "1", "2"], "x": ["v", null, null]} | {"by": ["a", "b", "c"], "of": ["1", "1", "2"], "x": ["v", "u", null]} |

    Source: as for ``resolve_conflicts``.
    """  # noqa: E501  a row of a table is one line

    step: Literal["fill_from_sources"] = "fill_from_sources"

    change: ClassVar[Change] = "fill"

    def _settled(self, column: str, fact: Fact) -> Settled | None:
        if fact.belief < self.certain or not fact.silent:
            return None
        return Settled(column=column, entity=fact.entity, value=fact.value)

    def apply(self, data: pa.RecordBatch) -> pa.RecordBatch:
        """Fill the nulls of the entities of which it is known what is true."""
        for name in self.columns:
            right = {each.entity: each.value for each in self._of(name)}
            column = data.column(name)
            at = _matched([data.column(part) for part in self.entity], list(right))
            at[column.is_valid().to_numpy(zero_copy_only=False)] = -1
            data = replaced(data, name, _put(column, at, list(right.values())))
        return data


def _put(column: pa.StringArray, at: Codes, values: Sequence[str]) -> pa.StringArray:
    """Return the column with the value at each row's place in the list, and its own cell where that is -1."""
    if not (at >= 0).any():
        return column
    return pc.coalesce(pa.array(values, pa.string()).take(pa.array(at, mask=at < 0)), column)


def _matched(columns: Sequence[pa.StringArray], keys: Sequence[tuple[str, ...]]) -> Codes:
    """Return for each row the place of its cells among the keys, which are distinct; -1 where they are none of them."""
    rows = np.zeros(len(columns[0]), np.int64)
    if not keys:
        return rows - 1
    listed = np.zeros(len(keys), np.int64)
    for column, texts in zip(columns, zip(*keys, strict=True), strict=True):
        parts = pa.array(texts, pa.string())
        distinct = parts.unique()
        at, of = (_places(cells, distinct) for cells in (column, parts))
        rows = np.where((rows >= 0) & (at >= 0), rows * len(distinct) + at, -1)
        known, listed = np.unique(listed * len(distinct) + of, return_inverse=True)
        place = np.minimum(np.searchsorted(known, rows), len(known) - 1)
        rows = np.where(known[place] == rows, place, -1)
    order = np.argsort(listed)
    return np.where(rows >= 0, order[rows], -1)


def _places(cells: pa.StringArray, distinct: pa.StringArray) -> Codes:
    found = pc.fill_null(pc.index_in(cells, distinct, skip_nulls=True), -1)
    return np.asarray(found.to_numpy(zero_copy_only=False), np.int64)
