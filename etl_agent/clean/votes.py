"""The vote on a cell: what the rules say of it, weighed against what the cell says itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from etl_agent.clean.breaches import GROUP, LOUDEST
from etl_agent.clean.crossing import contradicted
from etl_agent.clean.likeness import closest, one_slip, soils
from etl_agent.clean.rules import Rule, Ruled, look_up
from etl_agent.profile.coded import Codes
from etl_agent.profile.nulls import null_sort

__all__ = ["PASSES", "completed", "voted"]

PASSES = 3
"""How often the vote is taken: a cell that was repaired gives better evidence on its neighbours."""

_Weights = NDArray[np.float64]

_ERROR = float(np.log(0.01 / 0.99))  # log-odds that a cell is wrong, before anything is known: one in a hundred
_NEEDED = float(np.log(19))  # log-odds from which on a cell is repaired: 95 %
_NULL = -1
_OPEN = -2  # no value, and not the null either: what a rule says is another one
_VOICES = 2  # columns that must agree where the cell does not look like an error


@dataclass(frozen=True)
class _Ballot:
    """What was said of some cells.

    Args:
        winner: the value that most weight speaks for, as code; -1 where nothing is to be said, or something in the row
            explains why it breaks the rules.
        speaking: log-odds for it of the two loudest columns, the second counted half, since columns repeat each other.
        voices: columns that speak for it, of those that settle each other only one.
        against: log-odds of all columns that speak for the cell as it is, or for yet another value.
        doubt: log-odds that a value which breaks the rules is an error: of the rule that is surest.
        mixup: log-odds that a value of another group is one: of the rule that is least sure.
        alone: whether no other row of any group has the cell's value.
    """

    winner: Codes
    speaking: _Weights
    voices: Codes
    against: _Weights
    doubt: _Weights
    mixup: _Weights
    alone: NDArray[np.bool_]


def voted(codes: Mapping[str, Codes], ruled: Ruled, *, column: str) -> tuple[NDArray[np.int64], Codes]:
    """Vote on the cells of a column that have a value.

    Args:
        codes: the codes of every column that rules speak of, by ``ruled.values``; -1 for a null.
        ruled: what was learned; ``values`` may go on behind those that the rules know.
        column: the column to vote on.

    Returns:
        The rows to repair, rising, and the code of the right value for each.
    """
    inward = [rule for rule in ruled.rules if rule.column == column]
    rows = _accused(codes, inward, codes[column])
    if not len(rows):
        return rows, rows
    there = {name: held[rows] for name, held in codes.items()}
    ballot = _counted(there, ruled, inward, there[column])
    odds = _ERROR + ballot.speaking - ballot.against
    looks, meant, likely = _looks(there[column], ballot.winner, ruled, inward, least=_NEEDED - odds)
    plain = likely & (ballot.voices >= _VOICES) & (ballot.against == 0) & ballot.alone
    doubt = np.where(meant, np.minimum(ballot.doubt, ballot.mixup), ballot.doubt)
    grounds = np.maximum(np.where(plain, doubt, -np.inf), np.where(looks > 0, looks, -np.inf))
    crossed = contradicted(there, ruled.rules, column=column, own=there[column], winner=ballot.winner)
    proven = likely & (crossed > 0) & (ballot.against == 0) & (_ERROR + crossed >= _NEEDED)
    right = np.flatnonzero((ballot.winner >= 0) & (proven | (odds + grounds >= _NEEDED)))
    return rows[right], ballot.winner[right]


def completed(codes: Mapping[str, Codes], ruled: Ruled, *, column: str) -> tuple[NDArray[np.int64], Codes]:
    """Vote on the cells of a column that have no value: three rows must have the winner, and hardly any another one.

    Args:
        codes: the codes of every column that rules speak of, by ``ruled.values``; -1 for a null.
        ruled: what was learned.
        column: the column to vote on.

    Returns:
        The rows to fill, rising, and the code of the value for each.
    """
    inward = [rule for rule in ruled.rules if rule.column == column]
    rows = _accused(codes, inward, np.where(codes[column] == _NULL, _OPEN, codes[column]))
    rows = rows[codes[column][rows] == _NULL]
    if not len(rows):
        return rows, rows
    there = {name: held[rows] for name, held in codes.items()}
    ballot = _counted(there, ruled, inward, there[column])
    seen = [
        np.where(look_up(rule.tops, there[rule.given], -1) == ballot.winner, _pure(rule, there[rule.given]), 0.0)
        for rule in inward
    ]
    sure = (ballot.winner >= 0) & (ballot.speaking - ballot.against >= _NEEDED) & (np.max(seen, axis=0) >= _NEEDED)
    right = np.flatnonzero(sure)
    return rows[right], ballot.winner[right]


def _pure(rule: Rule, given: Codes) -> _Weights:
    """Weigh how surely all rows of a group have the same value: log-odds, 0 for a group of two."""
    most = look_up(rule.most, given, 0)
    rest = look_up(rule.totals, given, 0) - most
    weights: _Weights = np.where(most > GROUP, np.log(np.maximum(most, 1) / (rest + rule.slack)), 0.0)
    return weights


def _accused(codes: Mapping[str, Codes], inward: list[Rule], own: Codes) -> NDArray[np.int64]:
    """Find the rows of which some rule says another value than they have."""
    found = np.zeros(len(own), np.bool_)
    for rule in inward:
        top = look_up(rule.tops, codes[rule.given], -1)
        found |= (top >= 0) & (top != own)
    return np.flatnonzero(found & (own != -1))


def _counted(there: Mapping[str, Codes], ruled: Ruled, inward: list[Rule], own: Codes) -> _Ballot:
    said = [_said(rule, there[rule.given], own) for rule in inward]
    winner = _winner(said, own)
    doubt, mixup = np.full(len(own), -np.inf), np.full(len(own), np.inf)
    alone, excused = np.ones(len(own), np.bool_), np.zeros(len(own), np.bool_)
    silent = np.zeros(len(own))
    speaking: dict[str, _Weights] = {}
    against: dict[str, _Weights] = {}
    same = _settling_each_other(ruled.rules)
    for rule, (top, weight) in zip(inward, said, strict=True):
        fits = (top == winner) & (weight > 0)
        voice = same.get(rule.given, rule.given)
        speaking[voice] = np.maximum(speaking.get(voice, silent), np.where(fits, weight, 0.0))
        against[rule.given] = np.where(fits, 0.0, weight)
        doubt = np.where(fits, np.maximum(doubt, rule.doubt), doubt)
        mixup = np.where(fits, np.minimum(mixup, rule.mixup), mixup)
        alone &= rule.seen(there[rule.given], own) <= 1
        excused |= fits & _excused(rule, there)
    for rule in ruled.rules:
        if rule.given == inward[0].column:
            other = _echo(rule, own, winner, there[rule.column])
            against[rule.column] = np.maximum(against.get(rule.column, silent), other)
    loud = np.sort(np.array([*speaking.values(), silent, silent]), axis=0)
    return _Ballot(
        winner=np.where(excused, -1, winner),
        speaking=loud[-1] + loud[-2] / 2,
        voices=(loud > 0).sum(axis=0),
        against=np.sum(list(against.values()), axis=0),
        doubt=doubt,
        mixup=mixup,
        alone=alone,
    )


def _settling_each_other(rules: Sequence[Rule]) -> dict[str, str]:
    """Name for each column the first of those that it settles and that settle it: they say the same thing."""
    pairs = {(rule.given, rule.column) for rule in rules}
    first: dict[str, str] = {}
    for one, other in sorted(pairs):
        if (other, one) in pairs:
            first[other] = first.setdefault(one, one)
    return first


def _excused(rule: Rule, there: Mapping[str, Codes]) -> NDArray[np.bool_]:
    """Tell which rows hold a value that explains why they break a rule."""
    found = [np.isin(there[name], codes) for name, codes in rule.excused.items() if name in there]
    return np.any(found, axis=0) if found else np.zeros(len(there[rule.given]), np.bool_)


def _said(rule: Rule, given: Codes, own: Codes) -> tuple[Codes, _Weights]:
    """Tell which value a rule speaks for, and how loud; the row itself, which is among those learned from, is silent.

    The rule holds in the group as far as no other value is there more than once, and in general up to its slack.
    """
    top = look_up(rule.tops, given, -1)
    itself = top == own
    most = look_up(rule.most, given, 0) - itself
    rest = look_up(rule.totals, given, 0) - most - (own >= 0)
    repeated = look_up(rule.repeated, given, 0)
    weight = np.log(np.maximum(most, 1) / (repeated + rule.slack))
    heard = (top >= 0) & (most >= np.where(itself, 1, GROUP)) & (most >= rest)
    return top, np.where(heard, np.clip(weight, 0.0, LOUDEST), 0.0)


def _winner(said: list[tuple[Codes, _Weights]], own: Codes) -> Codes:
    """Find for each row the value, other than its own, that most weight speaks for; -1 where there is none."""
    winner, most = np.full(len(own), -1, np.int64), np.zeros(len(own))
    for top, _ in said:
        score = np.sum([np.where(other == top, weight, 0.0) for other, weight in said], axis=0)
        better = (top >= 0) & (top != own) & (score > most)
        winner, most = np.where(better, top, winner), np.where(better, score, most)
    return winner


def _echo(rule: Rule, own: Codes, winner: Codes, other: Codes) -> _Weights:
    """Weigh what a column that depends on this one has against the winner.

    The row's cell of that column goes with the cell as it is, and never with the winner; or it never goes with the
    winner, and yet is a value that goes with others.
    """
    fits_own = np.maximum(rule.seen(own, other) - 1, 0)
    fits_winner = rule.seen(winner, other)
    most = look_up(rule.most, winner, 0)
    known = look_up(rule.told, other, 0).astype(np.bool_)
    weight = np.log(np.maximum(np.maximum(fits_own, most), 1) / (fits_winner + rule.slack))
    return np.where(known & (fits_winner == 0) & (most >= GROUP), np.clip(weight, 0.0, LOUDEST), 0.0)


def _looks(
    own: Codes, winner: Codes, ruled: Ruled, inward: list[Rule], *, least: _Weights
) -> tuple[_Weights, NDArray[np.bool_], NDArray[np.bool_]]:
    """Weigh how surely each cell is an error for the winner by its looks, and tell which is a value meant elsewhere.

    And tell which may be an error whatever it looks: a value which is meant elsewhere, or one slip of the keyboard
    away from the winner, be it in a digit. A value that is neither is a new one: the row may be an exception that is
    right. A word for null is neither wrong for a value nor a value to write, and nor is what is soiled.

    A cell that looks even more like another value that is meant is no misspelling of the winner: then the row is
    wrong elsewhere too, and nothing is sure.

    Args:
        own: the cells.
        winner: the values that they might have to be.
        ruled: what was learned.
        inward: the rules that speak of the column.
        least: what the looks must come to for anything to follow.
    """
    habit, values = ruled.habits[inward[0].column], ruled.values[inward[0].column]
    told = np.any([rule.told for rule in inward], axis=0)
    pairs, back = np.unique(np.stack([own, winner]), axis=1, return_inverse=True)
    back = back.reshape(-1)
    meant = look_up(told, pairs[0], 0).astype(np.bool_)
    texts = [[values[code] for code in codes] for codes in pairs.tolist()]
    looks = np.where(meant, 0.0, habit.against(*texts))
    enough = np.zeros(len(looks), np.bool_)
    enough[back[(looks[back] > 0) & (looks[back] >= least)]] = True
    places = np.flatnonzero(enough)
    known = [values[code] for code in np.flatnonzero(told).tolist()]
    kept = closest([texts[0][at] for at in places], [texts[1][at] for at in places], known)
    enough[places[~kept]] = False
    slips = np.array(
        [one not in habit.recurring and one_slip(one, two) for one, two in zip(*texts, strict=True)], np.bool_
    )
    out = np.array(
        [
            null_sort(one) is not None or null_sort(two) is not None or soils(one, two)
            for one, two in zip(*texts, strict=True)
        ]
    )
    return np.where(enough & ~out, looks, 0.0)[back], meant[back], ((meant | slips) & ~out)[back]
