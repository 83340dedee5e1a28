"""What sources testify of entities, row by row, and what is to be believed of each fact."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from etl_agent.clean.truth import Claims, Shares, believed
from etl_agent.profile.coded import CodedColumn, Codes
from etl_agent.profile.entities import spoken
from etl_agent.profile.meaning import shapes

__all__ = ["Fact", "Testimony", "combined", "facts", "gathered"]

Testimony = list[list[str | None]] | None
"""Rows of source, entity and claims, all as text; None where they are too many."""

_MOST_CELLS = 500_000
_LONGEST = 128  # characters of a cell that counts; free text is no claim


@dataclass(frozen=True)
class Fact:
    """What is to be believed of one entity in one column.

    Args:
        entity: the entity.
        value: what is most credible, as the column usually writes it.
        belief: how far it is believed, between 0 and 1.
        others: how far each cell is believed that says otherwise.
        odd: the cells that say the same in a form that is not the column's usual one.
        silent: whether some source says nothing.
    """

    entity: tuple[str, ...]
    value: str
    belief: float
    others: Mapping[str, float]
    odd: frozenset[str]
    silent: bool


def gathered(columns: Sequence[pa.StringArray]) -> Testimony:
    """Keep the rows of a batch; long cells are left out, and so are rows without source or entity."""
    if not columns or len(columns) * len(columns[0]) > _MOST_CELLS:
        return None
    short = [pc.if_else(pc.less_equal(pc.utf8_length(column), _LONGEST), column, None) for column in columns]
    return [list(row) for row in zip(*(column.to_pylist() for column in short), strict=True)]


def combined(left: Testimony, right: Testimony) -> Testimony:
    """Put the rows of two pieces of a dataset together."""
    if left is None or right is None or sum(map(len, (*left, *right))) > _MOST_CELLS:
        return None
    return [*left, *right]


def facts(rows: Sequence[Sequence[str | None]], *, keys: int) -> tuple[tuple[Fact, ...], ...]:
    """Weigh the claims of all rows, in whatever order they come.

    Args:
        rows: a source, its entity, and what it claims. A source that contradicts itself on an entity is not heard
            on that: perhaps two entities go by one name.
        keys: columns of source and entity.

    Returns:
        For each column of claims its facts, in the order of the entities.
    """
    heard: dict[tuple[str | None, ...], set[tuple[str | None, ...]]] = {}
    for row in rows:
        heard.setdefault(tuple(row[:keys]), set()).add(tuple(row))
    whole = (said.pop() for who, said in heard.items() if None not in who and len(said) == 1)
    once = sorted(whole, key=_order)
    if not once:
        return ()
    columns = [CodedColumn.of(pa.array(cells, pa.string())) for cells in zip(*once, strict=True)]
    entity = np.unique(np.stack([column.codes for column in columns[1:keys]]), axis=1, return_inverse=True)[1]
    said = tuple(spoken(column).codes for column in columns[keys:])
    beliefs = believed(Claims(columns[0].codes, entity, said))
    order = np.argsort(entity, kind="stable")
    groups = np.split(order, np.flatnonzero(np.diff(entity[order])) + 1)
    names = [tuple(str(cell) for cell in once[rows[0]][1:keys]) for rows in groups]
    found = []
    for column, codes, belief in zip(columns[keys:], said, beliefs, strict=True):
        written = _Written.of(column, codes)
        pairs = zip(names, groups, strict=True)
        found.append(tuple(_fact(name, at, written, belief) for name, at in pairs if (codes[at] >= 0).any()))
    return tuple(found)


@dataclass(frozen=True)
class _Written:
    """How the claims of a column are written.

    Args:
        column: the claims.
        said: the code of what each claim says; -1 where there is none.
        best: the value that writes each of what is said as the column usually does.
        odd: whether a value has a form that is not the column's usual one.
    """

    column: CodedColumn
    said: Codes
    best: Mapping[int, int]
    odd: Sequence[bool]

    @staticmethod
    def of(column: CodedColumn, said: Codes) -> _Written:
        """Find the usual form: the shape of most claims, if there is one."""
        rows: Counter[str] = Counter()
        for shape, count in zip(shapes(column), column.counts.tolist(), strict=True):
            rows[shape] += count
        usual, most = max(rows.items(), key=lambda item: (item[1], item[0]), default=("", 0))
        odd = [2 * most > rows.total() and shape != usual for shape in shapes(column)]
        best: dict[int, int] = {}
        for value, saying in sorted(set(zip(column.codes[said >= 0].tolist(), said[said >= 0].tolist(), strict=True))):
            held = best.setdefault(saying, value)
            if (not odd[value], column.counts[value]) > (not odd[held], column.counts[held]):
                best[saying] = value
        return _Written(column, said, best, odd)


def _fact(entity: tuple[str, ...], rows: Codes, written: _Written, belief: Shares) -> Fact:
    """Say what is to be believed where some source claims something."""
    said, codes, texts = written.said[rows], written.column.codes[rows], written.column.texts
    claimed = said >= 0
    top = int(said[claimed][np.argmax(belief[rows][claimed])])
    others = {texts[code]: float(share) for code, share in zip(codes, belief[rows], strict=True) if code >= 0}
    same = {texts[code] for code in codes[said == top]}
    right = written.best[top]
    return Fact(
        entity,
        texts[right],
        float(belief[rows][said == top][0]),
        {text: share for text, share in others.items() if text not in same and not np.isnan(share)},
        frozenset(texts[code] for code in codes[said == top] if written.odd[code] and code != right),
        bool((codes < 0).any()),
    )


def _order(row: Sequence[str | None]) -> tuple[tuple[bool, str], ...]:
    return tuple((cell is None, cell or "") for cell in row)
