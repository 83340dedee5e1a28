"""Typos: rare values, and rare words of values that are all different, that are surely slips of frequent ones."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from etl_agent.clean.tally import tally_of
from etl_agent.clean.typos import RepairTypos
from etl_agent.clean.vocabulary import Vocabulary
from etl_agent.clean.words import RepairWords
from etl_agent.decide.evidence import Evidence
from etl_agent.decide.proposal import Figure, Proposal
from etl_agent.profile.kinds import Kind

__all__ = ["propose"]

_FORMED: tuple[Kind, ...] = (
    "integer",
    "number",
    "money",
    "percent",
    "quantity",
    "date",
    "time",
    "timestamp",
    "email",
    "phone",
    "url",
    "postal_code",
)
"""Kinds of columns whose values are not made of words."""


def propose(evidence: Evidence) -> Iterable[Proposal]:
    """Propose the repair of values, then of words, for each column in which those near to frequent ones are slips."""
    names = tuple(name for name in evidence.names if name not in evidence.keys)
    if not names:
        return
    counts = {name: tally_of(evidence.coded.columns[name]) for name in names}
    values = RepairTypos(columns=names).fit(counts)
    for learned in values.learned or ():
        if learned.vocabulary.slips or learned.decoration.slips:
            yield Proposal(
                RepairTypos(columns=(learned.column,), channel=values.channel, learned=(learned,)),
                "rare values are slips of frequent ones: values that are meant are not so near to each other",
                {"column": learned.column, **_figures(learned.vocabulary), "around_numbers": learned.decoration.slips},
            )
    varied = tuple(name for name in names if _varied(evidence, name))
    if not varied:
        return
    words = RepairWords(columns=varied).fit({name: counts[name] for name in varied})
    for learned in words.learned or ():
        if learned.vocabulary.slips:
            yield Proposal(
                RepairWords(columns=(learned.column,), learned=(learned,)),
                "rare words are slips of frequent ones: words that are meant are not so near to each other",
                {"column": learned.column, **_figures(learned.vocabulary)},
            )


def _varied(evidence: Evidence, name: str) -> bool:
    """Say whether a column has values of words, most of which are different, so that only their words come back."""
    column = evidence.coded.columns[name]
    return 2 * len(column.values) > len(column.codes) - column.nulls and evidence.kinds[name] not in _FORMED


def _figures(vocabulary: Vocabulary) -> Mapping[str, Figure]:
    meant = sum(vocabulary.counts)
    return {
        "known": len(vocabulary.words),
        "near": vocabulary.near,
        "repaired": vocabulary.slips,
        "left": vocabulary.near - vocabulary.slips,
        "far": vocabulary.far,
        "error_rate": round(vocabulary.slips / max(vocabulary.slips + meant, 1), 4),
    }
