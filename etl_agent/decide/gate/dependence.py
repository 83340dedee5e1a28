"""Whether a value is an accident in a group of rows that otherwise agree, or one of several that belong there."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from etl_agent.profile.coded import Codes

__all__ = ["Agreement"]

Odds = NDArray[np.float64]

_LOOSE = (0.5, 2.0, 8.0, 32.0, 128.0, 1e4, 1e6)  # concentrations of groups that do not agree, tried in turn
_ROUNDS = 12
_MOST_ACCIDENTS = 0.35  # where more rows disagree, there is nothing that they disagree with
_CAP = 8.0
_LEAST = 3  # rows of a value from which on one can tell where it is at home


@dataclass(frozen=True)
class Agreement:
    """How far the rows with one value of a witness agree in the value of a column.

    Two sorts of groups are told apart by how their values are spread: in one all rows mean the same value, and others
    are accidents that come with one rate everywhere and are values of the column at random; in the other the values
    are a mixture. What is rare all over the table is an accident, what is frequent in a few groups, or comes back in
    one, is not. The shares of both sorts, the rate of accidents and the width of the mixtures are learned from the
    table by expectation and maximisation.

    Source: the mixture of a noisy constant with a Dirichlet-multinomial; for the method, Dempster, Laird, Rubin,
    "Maximum likelihood from incomplete data via the EM algorithm" (1977).

    Args:
        majority: for each value of the witness the value that most of its rows have; -1 if there is none.
        odds: for each value of the witness the log odds that its rows all mean one value.
        wanders: for each value of the column whether it is mostly found among the minority: then it is a state of its
            own that can occur anywhere, such as "closed", and no accident.
    """

    majority: Codes
    odds: Odds
    wanders: NDArray[np.bool_]

    @staticmethod
    def of(witness: Codes, values: Codes) -> Agreement | None:
        """Learn how far a witness determines a column; None where no two rows share a value of the witness.

        Args:
            witness: codes of the rows; 0 is a null, which says nothing.
            values: codes of the column that changes; 0 is a null.
        """
        known = (witness > 0) & (values > 0)
        if not known.any():
            return None
        groups, width = int(witness.max()) + 1, int(values.max()) + 1
        keys, held = np.unique(witness[known] * width + values[known], return_counts=True)
        group, value = keys // width, keys % width
        size: Odds = np.bincount(group, weights=held, minlength=groups).astype(np.float64)
        if size.max() < 2:
            return None
        total = np.bincount(value, weights=held, minlength=width)
        most = np.zeros(groups)
        np.maximum.at(most, group, held)
        leads = held == most[group]
        ties = np.bincount(group, weights=leads, minlength=groups)
        majority = np.full(groups, -1, np.int64)
        majority[group[leads]] = value[leads]
        majority[(ties != 1) | (most <= size / 2)] = -1
        share = total / total.sum()
        firsts = np.zeros(len(keys), np.bool_)
        firsts[np.unique(group[leads], return_index=True)[1]] = True
        first = np.flatnonzero(leads)[firsts[: int(leads.sum())]]
        accidents: Odds = np.bincount(group, weights=held * np.log(share[value]), minlength=groups).astype(np.float64)
        accidents[group[first]] -= (held[first] - 1) * np.log(share[value[first]])
        odds = _learned(group, held, value, size=size, most=most, accidents=accidents, share=share)
        minority = np.bincount(value, weights=np.where(leads, 0, held), minlength=width)
        return Agreement(majority, odds, (total >= _LEAST) & (minority > 0.5 * total))

    def speaks_for(self, witness: Codes, old: Codes, new: Codes, *, alike: NDArray[np.bool_]) -> Odds:
        """Return the log odds that the old values of some rows are accidents where the new ones are meant.

        Args:
            witness: codes of the rows.
            old: codes of the values before.
            new: codes of the values after.
            alike: where the two are spelled so alike that the old one is a slip rather than a state of its own.
        """
        state = self.wanders[np.minimum(old, len(self.wanders) - 1)] & ~alike
        fits = (self.majority[witness] == new) & (witness > 0) & ~state
        found: Odds = np.where(fits, self.odds[witness], -_CAP)
        return found


def _learned(group: Codes, held: Codes, value: Codes, *, size: Odds, most: Odds, accidents: Odds, share: Odds) -> Odds:
    """Return the log odds of each group to agree, under the width of mixtures that fits best."""
    several = size >= 2
    best, found = -np.inf, np.full(len(size), -_CAP)
    for width in _LOOSE:
        weight = width * share[value]
        spread = np.bincount(group, weights=_log_gamma(held + weight) - _log_gamma(weight), minlength=len(size))
        mixed = spread + _log_gamma(np.array([width])) - _log_gamma(size + width)
        agree, rate = 0.5, 0.02
        for _ in range(_ROUNDS):
            alike = most * np.log1p(-rate) + (size - most) * np.log(rate) + accidents
            odds = np.log(agree / (1 - agree)) + alike - mixed
            part = 1 / (1 + np.exp(-np.clip(odds, -50, 50)))
            agree = float((part[several].sum() + 1) / (several.sum() + 2))
            counted = part * several
            rate = float(((counted * (size - most)).sum() + 1) / ((counted * size).sum() + 50))
            rate = min(rate, _MOST_ACCIDENTS)
        fit = float(np.logaddexp(np.log(agree) + alike, np.log1p(-agree) + mixed)[several].sum())
        if fit > best:
            best, found = fit, np.clip(odds, -_CAP, _CAP)
    return found


def _log_gamma(values: Odds) -> Odds:
    """Return the logarithm of the gamma function of positive numbers (Stirling's series, shifted by eight)."""
    shift = np.zeros(np.shape(values))
    for step in range(8):
        shift -= np.log(values + step)
    far = values + 8
    series = 1 / (12 * far) - 1 / (360 * far**3)
    found: Odds = shift + (far - 0.5) * np.log(far) - far + 0.5 * np.log(2 * np.pi) + series
    return found
