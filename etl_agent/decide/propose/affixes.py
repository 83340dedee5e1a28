"""Affixes: units and signs that only some numbers of a column carry, or that are written in several ways."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from etl_agent.clean.affixes import Affixes
from etl_agent.clean.units import unit_of
from etl_agent.decide.convention import is_convention, matching
from etl_agent.decide.evidence import Evidence
from etl_agent.decide.proposal import Proposal
from etl_agent.profile.coded import CodedColumn
from etl_agent.profile.currencies import CURRENCY

__all__ = ["propose"]

_PARTS = r"^(?P<before>[^\d+-]{0,8}?)(?P<number>[-+]?\d{1,15}(?:\.\d{1,30})?)(?P<after>[^\d]{0,32})$"
_CODE = r"(?:^|[^\d.])0\d|\pL[-+]\d"  # 007 is no number, and in ST-04 the hyphen is no minus
_PERCENT = re.compile(r"%|per ?cent|pct\.?", re.IGNORECASE)
_PIECES = "pieces"
_COUNT = re.compile(r"units?|pieces?|pcs?\.?|items?", re.IGNORECASE)
_MOST_SPELLINGS = 200  # of a column that is looked at: a unit is not written in more ways
_REMARKED = 0.1  # share of the cells that may carry a remark behind the unit: a remark is an exception
_LEAST = 10  # numbers on each side whose sizes are compared; the median of fewer says little
_NEAR = 2**0.5  # ratio of medians: half way, as ratios go, to 2.2 (kg and lb), the next pair of units that is mixed up
_ZEROS = r"\.\d*0$"


class _Spelling(NamedTuple):
    """What stands around a number, blanks included."""

    before: str
    after: str


@dataclass
class _Group:
    """The numbers of a column that are written in one way.

    Args:
        spelling: what stands around them.
        meaning: the unit, ``%`` or the currency that it means; none where nothing stands there.
        remark: whether words follow behind the unit.
    """

    spelling: _Spelling
    meaning: str
    remark: bool
    places: list[int] = field(default_factory=list)
    rows: int = 0


@dataclass(frozen=True)
class _Column:
    """The numbers of a column by what stands around them.

    Args:
        groups: the ways of writing whose meaning is known.
        sizes: the number of each distinct value, or not a number.
        counts: rows of each distinct value.
        rows: cells that are not null.
        zeros: whether the bare numbers end in zeros after the point.
    """

    groups: Sequence[_Group]
    sizes: NDArray[np.float64]
    counts: NDArray[np.int64]
    rows: int
    zeros: bool

    @cached_property
    def meanings(self) -> set[str]:
        """What the affixes mean."""
        return {group.meaning for group in self.groups if group.meaning}

    @cached_property
    def bare(self) -> list[_Group]:
        """Numbers alone."""
        return [group for group in self.groups if not group.meaning]

    @cached_property
    def dressed(self) -> list[_Group]:
        """Numbers with something around them."""
        return [group for group in self.groups if group.meaning]

    @property
    def by_meaning(self) -> Iterable[_Column]:
        """The column with the affixes of one meaning at a time; none where neither those nor numbers alone prevail.

        What stands around few numbers of a column of bare ones is foreign to it, be it one sign or two: no measure is
        both an amount of money and a share.
        """
        bare = sum(group.rows for group in self.bare)
        if len(self.meanings) > 1 and not is_convention(bare, self.rows):
            return
        for meaning in sorted(self.meanings):
            yield replace(self, groups=[group for group in self.groups if group.meaning in ("", meaning)])

    @property
    def convention(self) -> _Group | None:
        """The way in which nearly all are written, if there is one."""
        whole = sum(group.rows for group in self.groups)
        return next((group for group in self.groups if is_convention(group.rows, whole)), None)

    def weighted(self, groups: Sequence[_Group]) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        """Return the sorted sizes of the numbers of some groups, and the rows of each."""
        places = np.array([place for group in groups for place in group.places], np.int64)
        sizes = np.abs(self.sizes[places])
        order = np.argsort(sizes)
        return sizes[order], self.counts[places][order]

    def alike(self, one: Sequence[_Group], other: Sequence[_Group]) -> bool:
        """Say whether two lots of numbers are of one size, so that the same unit is meant."""
        if min(sum(group.rows for group in groups) for groups in (one, other)) < _LEAST:
            return False
        low, middle, high = _quartiles(*self.weighted(one))
        under, centre, above = _quartiles(*self.weighted(other))
        if not middle or not centre:
            return False
        return 1 / _NEAR < middle / centre < _NEAR and low <= above and under <= high

    def covers(self, some: Sequence[_Group], others: Sequence[_Group]) -> bool:
        """Say whether the others lie between the least and the greatest of some."""
        (sizes, _), (inside, _) = self.weighted(some), self.weighted(others)
        return bool(len(sizes)) and bool(sizes[0] <= inside[0] and inside[-1] <= sizes[-1])


def propose(evidence: Evidence) -> Iterable[Proposal]:
    """Propose one way of writing for columns of numbers with a unit, a percent sign or a currency around some of them.

    Nearly all of a column must be numbers with affixes of one meaning: words of a closed list, since an unknown word
    may be part of the value (house 12A). Where one way of writing is the convention, the others follow it. Where
    none is, the affix tells nothing that the column does not: the numbers stay alone. A number that has none is of the
    same unit only if the sizes say so: 5 beside 0.05% is not, 0.05 beside 0.05% is.
    """
    for name, column in evidence.coded.columns.items():
        if name in evidence.keys:
            continue
        parsed = _parsed(column)
        if parsed is not None and is_convention(sum(group.rows for group in parsed.groups), parsed.rows):
            for part in parsed.by_meaning:
                yield from _proposed(name, part)


def _proposed(name: str, column: _Column) -> Iterable[Proposal]:
    known = sum(group.rows for group in column.groups)
    meaning = next(iter(column.meanings))
    plain = [group for group in column.dressed if not group.remark]
    lettered = len(meaning) == 1 and meaning.isalpha()  # 12A is a seat, 5C a class: no letter alone is surely a unit
    if lettered or not plain or len(column.groups) < 2:
        return
    # Pieces cannot be converted, so that 5 and 5 pcs are the same; other units can, and only the sizes tell.
    counted = meaning == _PIECES and column.covers(column.bare, plain)
    if column.bare and not counted and not column.alike(column.bare, plain):
        return
    figures = {
        "numbers": known,
        "with_affix": sum(group.rows for group in column.dressed),
        "spellings": len(plain),
    }
    convention = column.convention
    if convention is not None and convention.meaning:
        step = _step(name, plain).model_copy(
            update={
                "put_before": convention.spelling.before,
                "put_after": convention.spelling.after,
                "bare": bool(column.bare),
                "digits": "keep",
            }
        )
        yield Proposal(step, "nearly all numbers of the column have the same written around them", figures)
        return
    remarked = [group for group in column.dressed if group.remark]
    rows = sum(group.rows for group in remarked)
    remarks = bool(rows) and rows < _REMARKED * known and column.covers([*plain, *column.bare], remarked)
    step = _step(name, [*plain, *(remarked if remarks else ())])
    update = {"remarks": remarks, "digits": "keep" if column.zeros else "shortest"}
    reason = "the same unit is written in several ways, or only sometimes, around numbers of the same size"
    yield Proposal(step.model_copy(update=update), reason, figures | {"remarks": rows if remarks else 0})


def _step(name: str, groups: Sequence[_Group]) -> Affixes:
    spellings = [group.spelling for group in groups]
    return Affixes(
        columns=(name,),
        before=tuple(sorted({each.before.strip() for each in spellings if each.before.strip()})),
        after=tuple(sorted({_unit_part(group) for group in groups if group.spelling.after.strip()})),
    )


def _unit_part(group: _Group) -> str:
    words = group.spelling.after.strip()
    return _cut(words)[0] if group.remark else words


def _parsed(column: CodedColumn) -> _Column | None:
    """Take the numbers of a column apart; None where hardly any has something around it."""
    fits = matching(column, _PARTS) & ~matching(column, _CODE)
    if not fits.any() or not matching(column, r"^\s*\D{0,8}\d[\d.]*\s*[^\d\s]|^\s*[^\d\s.+-]").any():
        return None
    places = np.flatnonzero(fits)
    parts = pc.extract_regex(column.values.take(pa.array(places)), _PARTS)
    texts = [parts.field(at).to_pylist() for at in range(3)]
    if len(spellings := Counter(zip(texts[0], texts[2], strict=True))) > _MOST_SPELLINGS:
        return None
    groups = {spelled: _group(_Spelling(*spelled)) for spelled in spellings}
    sizes = np.full(len(column.values), np.nan)
    for place, before, number, after in zip(places.tolist(), *texts, strict=True):
        group, rows = groups[before, after], int(column.counts[place])
        sizes[place] = float(number)
        if group is not None:
            group.places.append(place)
            group.rows += rows
    known = sorted((group for group in groups.values() if group is not None), key=lambda group: group.spelling)
    return _Column(
        groups=known,
        sizes=sizes,
        counts=column.counts,
        rows=int(column.counts.sum()),
        zeros=_padded(column, known),
    )


def _padded(column: CodedColumn, groups: Sequence[_Group]) -> bool:
    """Say whether the bare numbers are padded with zeros, as 1.50 is."""
    padded = matching(column, _ZEROS)
    return any(padded[place] for group in groups if not group.meaning for place in group.places)


def _group(spelling: _Spelling) -> _Group | None:
    """Read what stands around a number; None where it means nothing that is known."""
    before, after = spelling.before.strip(), spelling.after.strip()
    if not before and not after:
        return _Group(spelling, "", remark=False)
    if before and after:
        return None
    if (meaning := _sign(before or after) or _unit(after)) is not None:
        return _Group(spelling, meaning, remark=False)
    unit, remark = _cut(after)
    if remark and (meaning := "%" if _PERCENT.fullmatch(unit) else _unit(unit)) is not None:
        return _Group(spelling, meaning, remark=True)
    return None


def _cut(words: str) -> tuple[str, str]:
    unit, _, remark = words.partition(" ")
    return unit, remark.strip()


def _sign(word: str) -> str | None:
    """Read a percent sign or a currency, which may stand on either side of a number."""
    if _PERCENT.fullmatch(word):
        return "%"
    return word if pc.match_substring_regex(pa.array([word]), f"^(?:{CURRENCY})$")[0].as_py() else None


def _unit(word: str) -> str | None:
    """Read a unit, which stands behind a number only: unit 5 is a flat, and ST 4 a station."""
    return _PIECES if _COUNT.fullmatch(word) else unit_of(word)


def _quartiles(sizes: NDArray[np.float64], rows: NDArray[np.int64]) -> list[float]:
    below = np.cumsum(rows)
    return [float(sizes[np.searchsorted(below, share * below[-1])]) for share in (0.25, 0.5, 0.75)]
