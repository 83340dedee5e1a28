"""Truth discovery: how far each of several conflicting claims on a fact is to be believed, by who makes it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from etl_agent.profile.coded import Codes

__all__ = ["Claims", "Shares", "believed"]

Shares = NDArray[np.float64]

_ALTERNATIVES = 10.0  # wrong values that a fact may have; what is believed hardly depends on it
_FIRST_ACCURACY, _FIRST_CLAIMS = 0.8, 2.0  # what is thought of a source before it is known, and how many claims long
_ELSEWHERE = 30.0  # claims that what a source says in other columns counts for, in judging it in one
_SUREST = 0.99  # no source is taken for surer than that
_CAMP = 2  # sources that make a claim with others; one that nobody else makes is nobody's copy
_HONEST_ROWS = 2.0  # telling rows in which two sources are thought to differ, before any is seen
_ALIKE = 0.5  # share of the telling rows of two sources that are the same in both, above which they are one origin
_PASSES = 12  # of belief and accuracy in turn; they settle within a few
_ELECTORATES = 48  # weightings of the origins over which belief is averaged: its error is then about 0.05
_CHUNK = 4096


@dataclass(frozen=True)
class Claims:
    """What several sources say of the same entities, as numbers; a source speaks once of an entity.

    Args:
        source: who says it, one a row, from 0.
        entity: of what, one a row, from 0.
        said: for each column the code of what is said, one a row; -1 where nothing is.
    """

    source: Codes
    entity: Codes
    said: tuple[Codes, ...]


@dataclass(frozen=True)
class _Facts:
    """The claims of all columns, one behind the other.

    Args:
        source: who makes each claim.
        judged: source and column of each claim, as one number.
        value: each distinct claim on a fact, for each claim.
        fact: the fact of each distinct claim.
        facts: how many facts there are.
        gaps: the fact that each row without a claim is silent on, and who is silent.
    """

    source: Codes
    judged: Codes
    value: Codes
    fact: Codes
    facts: int
    gaps: tuple[Codes, Codes]


def believed(claims: Claims) -> tuple[Shares, ...]:
    """Tell for each claim of each column how likely it is true; nan where nothing is claimed.

    A claim is as credible as those who make it, and a source as credible as its claims: the two are worked out in
    turn, for each column, and a source that is trusted elsewhere begins with that trust. A silence speaks too: where
    sources that hardly ever are silent are, there may be nothing to tell. Sources that share what few others say,
    and their silences, copy from each other and together have one vote.

    What the method believes depends on who happens to be asked, and most where two camps contradict each other. So
    it is asked again and again with other weights of the origins, and what is returned is the mean: near one only
    where nearly any weighting leads to the same belief. That keeps belief honest where sources err together.

    Source: the belief and accuracy in turn, and the vote of one for those who share rare errors, follow Dong,
    Berti-Equille, Srivastava, "Integrating conflicting data: the role of source dependence" (2009); the mean over
    weightings follows Rubin, "The Bayesian bootstrap" (1981), and Huggins, Miller, "Reproducible model selection
    using bagged posteriors" (2023).

    Args:
        claims: of at least one column; sources and entities that it does not name have no row.
    """
    sources = int(claims.source.max(initial=-1)) + 1
    if not sources or not claims.said:
        return tuple(np.full(len(claims.source), np.nan) for _ in claims.said)
    facts = _facts(claims)
    shared = _shared(claims, facts, sources=sources)
    weights, origin = 1.0 / shared.sum(axis=1), _origins(shared)
    belief = np.zeros(len(facts.fact))
    for electorate in range(_ELECTORATES):
        drawn = _exponential(electorate, count=int(origin.max()) + 1)
        belief += _beliefs(facts, weights * drawn[origin], columns=len(claims.said))
    return _spread(claims, facts, belief / _ELECTORATES)


def _facts(claims: Claims) -> _Facts:
    entities = int(claims.entity.max()) + 1
    source, judged, keys, silent_on, silent = [], [], [], [], []
    most = max(int(said.max(initial=0)) for said in claims.said) + 1
    for place, said in enumerate(claims.said):
        has = said >= 0
        source.append(claims.source[has])
        judged.append(claims.source[has] * len(claims.said) + place)
        keys.append((claims.entity[has] + place * entities) * most + said[has])
        silent_on.append(claims.entity[~has] + place * entities)
        silent.append(claims.source[~has] * len(claims.said) + place)
    distinct, value = np.unique(np.concatenate(keys), return_inverse=True)
    gaps = (np.concatenate(silent_on), np.concatenate(silent))
    return _Facts(
        np.concatenate(source), np.concatenate(judged), value, distinct // most, entities * len(claims.said), gaps
    )


def _shared(claims: Claims, facts: _Facts, *, sources: int) -> Shares:
    """Tell for each pair of sources which share of the rows that can tell of copying is the same in both.

    A claim tells of it where hardly anybody makes it, a silence where most others speak. That two sources agree on
    what one of two large camps says proves nothing: all who rightly report a fact agree, and so do all who report
    another one; to suspect the smaller camp of copying would be to believe the larger one for its size. Where the
    copies are most of the sources nothing that they say is rare; but then they are silent together as well, and
    two sources are held for copies only if they are as much alike where either is silent at all.
    """
    rare = _rare(facts)
    telling, silent = np.zeros(len(claims.source), np.bool_), np.zeros(len(claims.source), np.bool_)
    row, entities = claims.entity.copy(), np.maximum(np.bincount(claims.entity), 1)
    start = 0
    for said in claims.said:
        has = said >= 0
        at = np.flatnonzero(has)
        telling[at] |= rare[facts.value[start : start + len(at)]]
        silent |= ~has
        telling |= ~has & (2 * np.bincount(claims.entity, has) > entities)[claims.entity]
        start += len(at)
        row = np.unique(row * (said.max(initial=0) + 2) + said + 1, return_inverse=True)[1]
    told = _together_and_either(claims, row, telling, sources=sources)
    anyhow = _together_and_either(claims, row, telling | silent, sources=sources)
    # No few rows that differ prove independence, and no few that are the same prove copying.
    shared = (told[0] + anyhow[0]) / (told[1] + anyhow[1] + _HONEST_ROWS)
    for same, either in (told, anyhow):
        shared = np.minimum(shared, (same + _HONEST_ROWS) / (either + _HONEST_ROWS))
    np.fill_diagonal(shared, 1.0)
    return np.asarray(shared)


def _rare(facts: _Facts) -> NDArray[np.bool_]:
    """Mark the distinct claims that are neither of the two that most sources make, and those that one makes alone."""
    votes = np.bincount(facts.value, minlength=len(facts.fact))
    order = np.lexsort((votes, facts.fact))
    last = np.flatnonzero(np.diff(facts.fact[order], append=-1))
    runner_up = np.full(facts.facts, _CAMP)
    contested = last[(last > 0) & (facts.fact[order[last - 1]] == facts.fact[order[last]])]
    runner_up[facts.fact[order[contested]]] = np.maximum(votes[order[contested - 1]], _CAMP)
    return np.asarray(votes < runner_up[facts.fact])


def _together_and_either(
    claims: Claims, row: Codes, among: NDArray[np.bool_], *, sources: int
) -> tuple[Shares, Shares]:
    """Count for each pair of sources the rows, of those in question, that are the same in both, and those of either."""
    same = _together(claims.source[among], row[among], sources=sources)
    either = _together(claims.source, claims.entity, sources=sources, among=among)
    either += either.T - _together(claims.source[among], claims.entity[among], sources=sources)
    return same, either


def _together(source: Codes, codes: Codes, *, sources: int, among: NDArray[np.bool_] | None = None) -> Shares:
    """Count for each pair of sources the codes that both have; with ``among``, that the first has in those rows."""
    pairs = np.zeros((sources, sources))
    if not len(codes):
        return pairs
    distinct, codes = np.unique(codes, return_inverse=True)
    for start in range(0, len(distinct), _CHUNK):
        here = (codes >= start) & (codes < start + _CHUNK)
        width = min(_CHUNK, len(distinct) - start)
        right = np.zeros((sources, width), np.float32)
        right[source[here], codes[here] - start] = 1
        left = right
        if among is not None:
            left = np.zeros((sources, width), np.float32)
            left[source[here & among], codes[here & among] - start] = 1
        pairs += left @ right.T
    return pairs


def _origins(shared: Shares) -> Codes:
    """Number the origins: each source is put to the first one that it is alike."""
    alike = (shared > _ALIKE) | (shared.T > _ALIKE)
    origin = np.arange(len(shared))
    for source in range(len(shared)):
        origin[source] = origin[np.flatnonzero(alike[source, : source + 1])[0]]
    return np.asarray(np.unique(origin, return_inverse=True)[1], np.int64)


def _exponential(electorate: int, *, count: int) -> Shares:
    """Draw exponential weights, always the same ones for an electorate (the finaliser of SplitMix64 makes them)."""
    mixed = np.arange(1, count + 1, dtype=np.uint64) + np.uint64(electorate << 32)
    mixed = mixed * np.uint64(0x9E3779B97F4A7C15)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    uniform = ((mixed ^ (mixed >> np.uint64(31))) >> np.uint64(11)).astype(np.float64) * 2.0**-53
    return np.asarray(-np.log1p(-uniform))


def _beliefs(facts: _Facts, weights: Shares, *, columns: int) -> Shares:
    """Work out how likely each distinct claim is true, given how much each source's vote weighs."""
    weight, judges = weights[facts.source], len(weights) * columns
    silent_on, silent = facts.gaps
    claimed = np.bincount(facts.judged, minlength=judges).astype(np.float64)
    silence = np.bincount(silent, minlength=judges)
    often = (silence + 1.0) / (claimed + silence + 2.0)
    nothing = np.bincount(silent_on, weights[silent // columns] * -np.log(often[silent]), minlength=facts.facts)
    others = np.maximum(_ALTERNATIVES + 1 - np.bincount(facts.fact, minlength=facts.facts), 0)
    votes = np.bincount(facts.value, weight, minlength=len(facts.fact))
    belief = votes / np.maximum(np.bincount(facts.fact, votes, minlength=facts.facts), 1e-12)[facts.fact]
    for _ in range(_PASSES):
        right = np.bincount(facts.judged, belief[facts.value], minlength=judges).astype(np.float64)
        accuracy = _accuracies(right, claimed, columns)
        voice = np.log(_ALTERNATIVES * accuracy / (1 - accuracy))
        score = np.bincount(facts.value, weight * voice[facts.judged], minlength=len(facts.fact))
        top = np.maximum(nothing, 0.0)
        np.maximum.at(top, facts.fact, score)
        likely = np.exp(score - top[facts.fact])
        rest = others * np.exp(-top) + np.exp(nothing - top)
        belief = likely / (np.bincount(facts.fact, likely, minlength=facts.facts) + rest)[facts.fact]
    return belief


def _accuracies(right: Shares, claimed: Shares, columns: int) -> Shares:
    """Estimate the accuracy of each source in each column; where its claims are few, by those in all columns."""
    by_source = right.reshape(-1, columns).sum(axis=1), claimed.reshape(-1, columns).sum(axis=1)
    overall = (by_source[0] + _FIRST_ACCURACY * _FIRST_CLAIMS) / (by_source[1] + _FIRST_CLAIMS)
    accuracy = (right + _ELSEWHERE * np.repeat(overall, columns)) / (claimed + _ELSEWHERE)
    return np.asarray(np.clip(accuracy, 1 - _SUREST, _SUREST))


def _spread(claims: Claims, facts: _Facts, belief: Shares) -> tuple[Shares, ...]:
    found, start = [], 0
    for said in claims.said:
        has = np.flatnonzero(said >= 0)
        shares = np.full(len(said), np.nan)
        shares[has] = belief[facts.value[start : start + len(has)]]
        start += len(has)
        found.append(shares)
    return tuple(found)
