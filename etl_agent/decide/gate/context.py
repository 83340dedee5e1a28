"""What the other columns of a row say about a change: whether the new value or the old one is at home there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from etl_agent.decide.gate.dependence import Agreement
from etl_agent.decide.gate.effect import ColumnEffect
from etl_agent.profile.coded import CodedTable, Codes

__all__ = ["Odds", "Testimony", "Voice", "testimony"]

Odds = NDArray[np.float64]
"""Natural logarithms of odds, one a row."""

_GRID = (0.25, 1.0, 4.0, 16.0, 64.0, 256.0, 4096.0)
_DOUBT = 2.0  # a difference of log likelihoods that two standard errors leave open
_LEARN_ROWS = 4096  # rows that the strength of a column is learned from
_LEAST_ROWS = 20  # of fewer nothing can be learned
_LEAST_GROUP = 5  # rows of a group in which most is not by chance
_DECIDED = 25.0  # odds that nothing outweighs
_MOST = 8.0  # odds of one column: beyond 1 in 3,000 it is the model, not the data, that is sure


@dataclass(frozen=True)
class _Column:
    """The column that changes, with a null as a value of its own (code 0)."""

    codes: Codes
    counts: Codes

    @property
    def lone(self) -> NDArray[np.bool_]:
        """Which rows hold a value that no other row holds."""
        found: NDArray[np.bool_] = self.counts[self.codes] == 1
        return found


@dataclass(frozen=True)
class Voice:
    """What one column says of the changes of some rows, as log odds.

    Args:
        name: the column; empty for several together.
        codes: its values, one a row of the table.
        fits: how much better the new value fits the row than the old one; negative if worse.
        agreed: that the rows with the same value here agree on the new value, and the old one is an accident.
    """

    name: str
    codes: Codes
    fits: Odds
    agreed: Odds


@dataclass(frozen=True)
class Testimony:
    """What all other columns say of the changes of some rows, as log odds.

    Columns repeat each other, so their odds are not multiplied: of all columns the strongest word for and the
    strongest word against count.

    Args:
        rows: how many rows are looked at.
        voices: what each column says.
    """

    rows: int
    voices: tuple[Voice, ...]

    @property
    def fits(self) -> Odds:
        """How much better the new value fits the row, by the column that says so most strongly; at least 0."""
        found: Odds = np.max([np.zeros(self.rows), *(voice.fits for voice in self.voices)], axis=0)
        return found

    @property
    def clashes(self) -> Odds:
        """How much worse it fits, by the column that says so most strongly; at most 0."""
        found: Odds = np.min([np.zeros(self.rows), *(voice.fits for voice in self.voices)], axis=0)
        return found

    @property
    def agreed(self) -> Odds:
        """That the old value is an accident, by the column of which this is most likely."""
        found: Odds = np.max([np.full(self.rows, -_MOST), *(voice.agreed for voice in self.voices)], axis=0)
        return found


def testimony(
    table: CodedTable,
    effect: ColumnEffect,
    *,
    rows: Codes,
    moved: Mapping[str, Codes],
    together: Sequence[str] = (),
    alike: NDArray[np.bool_] | None = None,
    changed: Codes | None = None,
) -> Testimony:
    """Ask the other columns about the changes of some rows.

    For each other column the rows with the same value there are looked at, without the row itself: by how much is the
    new value more frequent among them than in the whole column, and by how much the old one? A column that says
    nothing about this one has no say: how much it says is learned from the rows, as the concentration of a Dirichlet
    prior, by leaving each row out in turn. Values that stand once are one class, "something new".

    Source: the predictive probability of a Dirichlet-multinomial, Gelman et al., "Bayesian Data Analysis" (2013),
    section 3.4; its concentration by leave-one-out likelihood.

    Args:
        table: the sample.
        effect: the changes of one column.
        rows: the rows that are looked at.
        moved: rows of each column that the step changes: there it is no witness.
        together: columns that are one more witness, together.
        alike: for each row whether the two values are spelled alike.
        changed: all rows that are repaired. What is so in most rows of a group is no accident there: the group
            speaks against it with all its weight.
    """
    alike = np.zeros(len(rows), np.bool_) if alike is None else alike
    column = _Column(effect.before + 1, np.bincount(effect.before + 1, minlength=len(effect.values) + 1))
    old, new = column.codes[rows], effect.after[rows] + 1
    voices: list[Voice] = []
    for name, codes in _witnesses(table, effect.name, together):
        fits = _odds(column, codes, rows, new=new)
        if fits is None:
            continue
        agreement = Agreement.of(codes, column.codes)
        agreed = np.full(len(rows), -_MOST)
        if agreement is not None:
            agreed = agreement.speaks_for(codes[rows], old, new, alike=alike)
        if changed is not None:
            fits[_usual(codes, changed)[codes[rows]]] = -_DECIDED
        if name in moved:
            silent = np.isin(rows, moved[name])
            fits[silent], agreed[silent] = 0.0, -_MOST
        voices.append(Voice(name, codes, fits, agreed))
    return Testimony(len(rows), tuple(voices))


def _usual(witness: Codes, changed: Codes) -> NDArray[np.bool_]:
    """Tell for which values of a witness most rows are changed; of few rows, or where it is null, one cannot tell."""
    group = np.bincount(witness)
    hit = np.bincount(witness[changed], minlength=len(group))
    found: NDArray[np.bool_] = (group >= _LEAST_GROUP) & (2 * hit > group)
    found[0] = False
    return found


def _witnesses(table: CodedTable, column: str, together: Sequence[str]) -> Iterator[tuple[str, Codes]]:
    """Yield the codes of the other columns, 0 for a null; one value, or one for each row, has nothing to say."""
    for name, witness in table.columns.items():
        if name != column and len(witness.values) + (witness.nulls > 0) > 1 and len(witness.values) < table.rows:
            yield name, witness.codes + 1
    if len(others := [name for name in together if name != column]) > 1:
        yield "", table.joint(others) + 1


def _odds(column: _Column, witness: Codes, rows: Codes, *, new: Codes) -> Odds | None:
    """Return what one column says; None if it has nothing to say."""
    group = np.bincount(witness)
    if not (group[witness[rows]] > 1).any():
        return None
    together = _Together.of(column, witness)
    strength = _strength(column, witness, group, together)
    if strength is None:
        return None
    total = len(witness) - 1
    old, beside = column.codes[rows], (group[witness[rows]] - 1).astype(np.float64)
    for_new = _rate(together.count(witness[rows], new), beside, column.counts[new] / total, strength)
    alone = column.lone
    for_old = _rate(together.count(witness[rows], old) - 1, beside, (column.counts[old] - 1) / total, strength)
    if alone[rows].any():
        for_old = np.where(alone[rows], _novelty(alone, witness, group)[witness[rows]], for_old)
    odds: Odds = np.where(beside > 0, for_new - for_old, 0.0)
    return np.clip(odds, -_MOST, _MOST)


def _novelty(alone: NDArray[np.bool_], witness: Codes, group: Codes) -> Odds:
    """Return for each value of a witness by how much new values are more frequent there than elsewhere.

    The row that is asked about is one of them itself and does not count.
    """
    kind = _Column(alone.astype(np.int64), np.bincount(alone, minlength=2))
    strength = _strength(kind, witness, group, _Together.of(kind, witness))
    share = max((np.count_nonzero(alone) - 1) / (len(witness) - 1), 0.0)
    if strength is None or not share:
        return np.zeros(len(group))
    seen = np.maximum(np.bincount(witness, weights=alone, minlength=len(group)) - 1, 0)
    beside = np.maximum(group - 1, 0)
    # One row of doubt at least: where nothing is new, one new value must not count as a habit.
    least = max(strength * share, 1.0)
    found: Odds = np.log((seen + least) / (beside * share + least))
    return found


def _rate(seen: Codes, beside: Odds, share: Odds, strength: float) -> Odds:
    """Return by how much a value is more frequent in a group than in all, as a logarithm."""
    share = np.maximum(share, 1e-12)
    found: Odds = np.log((seen / share + strength) / (beside + strength))
    return np.where(share > 1e-12, found, 0.0)


@dataclass(frozen=True)
class _Together:
    """How often each value of a column stands beside each value of another one."""

    keys: Codes
    counts: Codes
    width: int

    @staticmethod
    def of(column: _Column, witness: Codes) -> _Together:
        width = len(column.counts)
        keys, counts = np.unique(witness * width + column.codes, return_counts=True)
        return _Together(keys, counts, width)

    def count(self, witness: Codes, values: Codes) -> Codes:
        wanted = witness * self.width + values
        at = np.minimum(np.searchsorted(self.keys, wanted), len(self.keys) - 1)
        return np.where(self.keys[at] == wanted, self.counts[at], 0)


def _strength(column: _Column, witness: Codes, group: Codes, together: _Together) -> float | None:
    """Learn how little a column says of another: 0.25 rows of doubt for a dependency, thousands for none."""
    rows = np.flatnonzero((group[witness] > 1) & (column.counts[column.codes] > 1))
    if len(rows) < _LEAST_ROWS:
        return None
    if len(rows) > _LEARN_ROWS:
        rows = rows[np.linspace(0, len(rows) - 1, _LEARN_ROWS).astype(np.int64)]
    seen = together.count(witness[rows], column.codes[rows]) - 1
    share = (column.counts[column.codes[rows]] - 1) / (len(witness) - 1)
    beside = group[witness[rows]] - 1
    fits = [float(np.log((seen + doubt * share) / (beside + doubt)).sum()) for doubt in _GRID]
    # Of those that fit about as well the most doubtful one: few rows must not make a dependency.
    return max(doubt for doubt, fit in zip(_GRID, fits, strict=True) if fit >= max(fits) - _DOUBT)
