"""Source-by-entity structure: rows in which several sources each report what they know of the same entities."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain, combinations

import numpy as np
from numpy.typing import NDArray

from etl_agent.profile.coded import CodedColumn, CodedTable, Codes
from etl_agent.profile.meaning import meanings, shapes

__all__ = ["ClaimFacts", "EntityStructure", "entities", "spoken"]

_LEAST_SOURCES = 3  # with two that disagree nobody knows which is right
_MOST_SOURCES = 500
_LEAST_ENTITIES = 10  # that several sources report, or agreement in a column is hearsay
_DISTINCT = 0.98  # share of rows with a pair of source and entity of their own: some rows are there twice
_KNOWN = 0.75  # share of rows whose source reports on enough entities; of the others it is misspelled or missing
_CHANCE = 0.05  # claims on two entities that are equal by chance: above it, agreement tells of no common fact
_AGREEING = 1 / 3  # claims on one entity that agree: the most frequent claim then has at least a third of the sources
_FEW_NULLS = 0.1  # share of rows that may lack the entity
_CANDIDATES = 24  # columns that may be part of an entity's key, those with the fewest values first
_OWN_FORM = 3  # claims in a form of its own that a source must make, and most of its claims in that column
_NUMBER = re.compile(r"[^\w]*[+-]?\d[\d.,' ]*(?:[eE][+-]?\d+)?\s*%?[^\w]*")
_MEASURE = re.compile(r"[+-]?\d*[.,]\d+")  # entities may be numbered, but no measure is a name
_SOURCE_WORDS = frozenset(("source", "sources", "src", "datasource", "reporter", "informant", "aggregator"))
_WORD = re.compile(r"[a-z]+")


@dataclass(frozen=True, slots=True)
class ClaimFacts:
    """How far the sources agree in one column.

    Args:
        column: the column of claims.
        claims: rows with a claim, on entities that another source claims something of, too.
        agreement: share of pairs of claims on the same entity that say the same, however it is written.
        chance: share of pairs of claims on different entities that say the same.
        own_forms: sources that write most of their claims in a form that is not the column's, and yet agree.
    """

    column: str
    claims: int
    agreement: float
    chance: float
    own_forms: int


@dataclass(frozen=True, slots=True)
class EntityStructure:
    """That each row is what one source reports of one entity.

    Args:
        source: the column that says who reports.
        entity: the columns that say of what.
        claims: the columns that several sources report on.
        sources: distinct sources.
        entities: distinct entities.
        rows: rows that have both.
        named: whether the name of the column says that it holds sources.
    """

    source: str
    entity: tuple[str, ...]
    claims: tuple[ClaimFacts, ...]
    sources: int
    entities: int
    rows: int
    named: bool

    @property
    def own_forms(self) -> int:
        """The most sources that write a column in a form of their own: reporters do, columns of one author do not."""
        return max((claim.own_forms for claim in self.claims), default=0)


def entities(coded: CodedTable) -> tuple[EntityStructure, ...]:
    """Find the columns of source and entity, with those that the sources make claims in.

    A source reports on many entities and an entity is reported by several sources, each pair in one row. In a
    column of claims two claims on one entity say mostly the same, and two on different entities hardly ever do: that
    many sources name the same of a thousand values by chance is not credible, so there is a fact that they report.
    Numbers are no claims: a measure or a price may well differ from source to source and be right. Neither are
    columns with few values, in which agreement proves nothing.

    Args:
        coded: the table; in a sample of a long one few entities have all their rows, and nothing is found.

    Returns:
        At most one structure for each column of sources, the one with most claims first.
    """
    read: dict[str, CodedColumn] = {}
    found = [structure for source in _sources(coded) if (structure := _of_source(coded, source, read=read))]
    return tuple(sorted(found, key=lambda each: (-len(each.claims), each.source)))


def spoken(column: CodedColumn) -> CodedColumn:
    """Code the cells of a column by what they say; a cell that says nothing comparable is like a null."""
    meant = meanings(column)
    said = sorted({meaning for meaning in meant if meaning is not None})
    places = {meaning: place for place, meaning in enumerate(said)}
    lookup = np.array([-1 if meaning is None else places[meaning] for meaning in meant] + [-1], np.int64)
    import pyarrow as pa  # at module level pa.array would load pandas

    return CodedColumn(pa.array(said, pa.string()), lookup[column.codes])


def _sources(coded: CodedTable) -> Iterator[str]:
    for name, column in coded.columns.items():
        telling = column.counts >= _LEAST_ENTITIES
        few = np.count_nonzero(telling) >= _LEAST_SOURCES and len(telling) <= _MOST_SOURCES
        if few and column.counts[telling].sum() >= _KNOWN * coded.rows and (_named(name) or not _numbered(column)):
            yield name


def _named(name: str) -> bool:
    return any(word in _SOURCE_WORDS for word in _WORD.findall(name.lower().replace("_", " ")))


def _numbered(column: CodedColumn) -> bool:
    """Say whether the values differ by their digits: years, quarters, and steps of a series report nothing."""
    return 2 * sum(any(sign.isdigit() for sign in value) for value in column.texts) >= len(column.texts)


def _of_source(coded: CodedTable, source: str, *, read: dict[str, CodedColumn]) -> EntityStructure | None:
    best: EntityStructure | None = None
    for entity in _keys(coded, source):
        rows = np.all([coded.columns[name].codes >= 0 for name in (source, *entity)], axis=0)
        of = coded.joint(entity)
        rows &= np.bincount(of[rows], minlength=int(of.max(initial=0)) + 1)[of] >= _LEAST_SOURCES
        size = int(np.count_nonzero(rows))
        # A name that stands once may be misspelled, and would make any column look more like a key than it is.
        if len(np.unique(coded.joint((source, *entity))[rows])) < _DISTINCT * size or size < coded.rows / 2:
            continue
        others = [name for name in coded.columns if name not in (source, *entity)]
        facts = [_claims(coded, name, source=source, rows=rows, of=of[rows], read=read) for name in others]
        claims = tuple(fact for fact in facts if fact is not None)
        if claims and (best is None or _agreed(claims) > _agreed(best.claims)):
            known = len(np.unique(coded.columns[source].codes[rows])), len(np.unique(of[rows]))
            best = EntityStructure(source, entity, claims, *known, size, _named(source))
    return best


def _agreed(claims: tuple[ClaimFacts, ...]) -> float:
    return sum(claim.agreement for claim in claims)


def _keys(coded: CodedTable, source: str) -> Iterator[tuple[str, ...]]:
    """Offer the columns, then the pairs of columns, that may tell the entities apart."""
    sources = len(coded.columns[source].values)
    few = sorted(
        (len(column.values), name)
        for name, column in coded.columns.items()
        if name != source
        and 1 < len(column.values) <= coded.rows // _LEAST_SOURCES
        and column.nulls <= _FEW_NULLS * coded.rows
        and not _mostly(column, _MEASURE)
    )[:_CANDIDATES]
    sizes = {name: size for size, name in few}
    for names in chain(((name,) for name in sizes), combinations(sizes, 2)):
        if int(np.prod([sizes[name] for name in names])) * sources >= _DISTINCT * coded.rows * (1 - 2 * _FEW_NULLS):
            yield names


def _claims(
    coded: CodedTable,
    name: str,
    *,
    source: str,
    rows: NDArray[np.bool_],
    of: Codes,
    read: dict[str, CodedColumn],
) -> ClaimFacts | None:
    column = coded.columns[name]
    if len(column.values) < _LEAST_ENTITIES or len(column.values) == column.counts.sum():
        return None
    if name not in read:
        read[name] = (
            CodedColumn(column.values[:0], np.zeros(0, np.int64)) if _mostly(column, _NUMBER) else spoken(column)
        )
    said = read[name].codes
    if not len(said):
        return None
    said = said[rows]
    has = said >= 0
    in_entity = np.bincount(of[has], minlength=int(of.max(initial=0)) + 1)
    shared = has & (in_entity[of] > 1)
    if np.count_nonzero(in_entity > 1) < _LEAST_ENTITIES:
        return None
    agreement, chance = _agreement(said[has], of[has])
    if agreement < _AGREEING or chance > _CHANCE:
        return None
    forms = _own_forms(column, coded.columns[source].codes[rows], rows=rows, said=said, of=of)
    return ClaimFacts(name, int(np.count_nonzero(shared)), agreement, chance, forms)


def _mostly(column: CodedColumn, pattern: re.Pattern[str]) -> bool:
    """Say whether most cells match; of a long one only the beginning is looked at."""
    counts = column.counts
    found = np.array([pattern.fullmatch(value[:64]) is not None for value in column.texts], np.bool_)
    return bool(2 * counts[found].sum() > counts.sum())


def _pairs(codes: Codes) -> int:
    counts = np.bincount(codes)
    return int((counts * (counts - 1)).sum())


def _agreement(said: Codes, of: Codes) -> tuple[float, float]:
    """Return the shares of pairs that say the same within an entity, and across entities."""
    within, possible = _pairs(np.unique(of * (said.max() + 1) + said, return_inverse=True)[1]), _pairs(of)
    across, apart = _pairs(said) - within, len(said) * (len(said) - 1) - possible
    return within / possible if possible else 0.0, across / apart if apart else 1.0


def _own_forms(column: CodedColumn, source: Codes, *, rows: NDArray[np.bool_], said: Codes, of: Codes) -> int:
    """Count the sources whose usual form is not the column's though others say the same of the entity in that."""
    shape_of = np.unique(np.array([*shapes(column), ""]), return_inverse=True)[1]
    shape = np.where(said >= 0, shape_of[column.codes[rows]], -1)
    has = said >= 0
    usual = int(np.bincount(shape[has]).argmax())
    fact = np.unique(of * (said.max(initial=0) + 2) + said + 1, return_inverse=True)[1]
    backed = np.bincount(fact[has & (shape == usual)], minlength=int(fact.max(initial=0)) + 1)[fact] > 0
    claims = np.bincount(source[has], minlength=int(source.max(initial=0)) + 1)
    own = np.bincount(source[has & (shape != usual) & backed], minlength=len(claims))
    return int(np.count_nonzero((own >= _OWN_FORM) & (2 * own > claims)))
