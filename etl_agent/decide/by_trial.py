"""The measuring policy: every candidate is run on the sample, and the best result wins."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from etl_agent.decide.choice import Attempt, Choice, Routing, attempt, settled_otherwise, taken
from etl_agent.decide.merit import Merit, at_odds, merit_of
from etl_agent.decide.proposal import Figure
from etl_agent.decide.strategy import LEAVE

__all__ = ["Scored", "by_trial", "scored"]


@dataclass(frozen=True, slots=True)
class Scored:
    """What a strategy does to the sample, and how good that is."""

    attempt: Attempt
    merit: Merit

    @property
    def rank(self) -> tuple[int, int, int, int]:
        """What candidates are sorted by: worth, then fewer refused steps, then fewer changed cells."""
        return (*self.merit.worth, self.attempt.refused, self.merit.changed)


def by_trial(routing: Routing) -> Choice:
    """Choose the strategy that leaves the sample best, if any leaves it better than doing nothing does.

    Better are fewer rows that the contract rejects, then more cells that can be read without doubt, then fewer steps
    that the gate refused, then fewer changed cells. Where two candidates are as good and write different things into
    the same cells, nothing here can tell which of them is right, and neither is taken.

    Args:
        routing: what is asked.
    """
    nothing = scored(attempt(LEAVE, routing), routing)
    ranked = sorted((scored(attempt(strategy, routing), routing) for strategy in routing.among), key=lambda it: it.rank)
    figures = _figures(ranked, nothing)
    better = [each for each in ranked if each.merit.worth < nothing.merit.worth]
    if not better:
        reason = "no strategy leaves the sample better than doing nothing"
        if LEAVE in routing.among:
            return taken(nothing.attempt, policy="trial", reason=reason, figures=figures)
        return settled_otherwise(routing, reason=reason, figures=figures)
    best = better[0]
    for rival in better[1:]:
        if rival.merit.worth == best.merit.worth and (cells := _at_odds(best, rival, routing)):
            names = f"{best.attempt.strategy.name} and {rival.attempt.strategy.name}"
            reason = f"{names} read {cells:,} cells differently, and nothing in the sample tells which is right"
            return settled_otherwise(routing, reason=reason, figures=figures)
    return taken(best.attempt, policy="trial", reason=_reason(best.merit, nothing.merit), figures=figures)


def scored(made: Attempt, routing: Routing) -> Scored:
    """Measure what a strategy leaves of the sample."""
    after = made.evidence.sample
    merit = merit_of(
        after,
        before=routing.evidence.sample,
        kinds=routing.evidence.kinds,
        columns=routing.columns,
        rejected=routing.failures(after) if routing.failures else 0,
    )
    return Scored(made, merit)


def _at_odds(best: Scored, rival: Scored, routing: Routing) -> int:
    one, other = best.attempt.evidence.sample, rival.attempt.evidence.sample
    return at_odds(one, other, before=routing.evidence.sample, columns=routing.columns)


def _reason(best: Merit, nothing: Merit) -> str:
    parts = [f"{best.readable_share:.2%} of the cells are readable, and {nothing.readable_share:.2%} without it"]
    if nothing.rejected:
        parts.insert(
            0, f"the contract rejects {best.rejected:,} rows of the sample, and {nothing.rejected:,} without it"
        )
    return "; ".join(parts)


def _figures(ranked: Sequence[Scored], nothing: Scored) -> dict[str, Figure]:
    figures: dict[str, Figure] = {}
    for each in (nothing, *(each for each in ranked if each.attempt.strategy != LEAVE)):
        name, merit = each.attempt.strategy.name, each.merit
        figures[f"{name}: rejected rows"] = merit.rejected
        figures[f"{name}: readable share"] = merit.readable_share
        figures[f"{name}: changed cells"] = merit.changed
        figures[f"{name}: steps refused"] = each.attempt.refused
    return figures
