"""What columns have to do with each other, and rows with other rows: found on the sample of a dataset."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from etl_agent.profile.candidate_keys import CandidateKey, key_pairs
from etl_agent.profile.coded import CodedTable
from etl_agent.profile.dependencies import Dependency, dependencies
from etl_agent.profile.duplicates import Repeats, repeats
from etl_agent.profile.entities import EntityStructure, entities
from etl_agent.profile.kinds import Kind
from etl_agent.profile.spills import Spill, spills

__all__ = ["Relations", "relations"]

_MOST_COLUMNS = 64  # columns whose pairs are looked at: they grow with the square
_SETTLES = 0.9  # agreement from which on a dependency is shown: below, a column only has to do with the other


@dataclass(frozen=True, slots=True)
class Relations:
    """What was found on the sample.

    Args:
        rows: rows of the sample.
        whole: whether it is the dataset, so that all figures are exact.
        repeats: rows of the sample that repeat an earlier one of it.
        pairs: pairs of columns that are keys together.
        dependencies: columns that settle others, the strongest first.
        sources: the structures in which several sources report on the same entities.
        spills: columns whose values stand in the cells of a neighbour.
    """

    rows: int = 0
    whole: bool = True
    repeats: Repeats = Repeats(0, 0)  # noqa: RUF009  it is frozen
    pairs: tuple[CandidateKey, ...] = ()
    dependencies: tuple[Dependency, ...] = ()
    sources: tuple[EntityStructure, ...] = ()
    spills: tuple[Spill, ...] = ()


def relations(coded: CodedTable, kinds: Mapping[str, Kind], *, whole: bool) -> Relations:
    """Find what columns have to do with each other.

    Args:
        coded: the sample of a dataset.
        kinds: the kind of each column.
        whole: whether the sample is the dataset.
    """
    telling = [name for name in coded.columns if kinds[name] not in ("empty", "constant")][:_MOST_COLUMNS]
    narrow = CodedTable(coded.rows, {name: coded.columns[name] for name in telling})
    settled = [found for found in dependencies(narrow) if found.agreement >= _SETTLES]
    return Relations(
        coded.rows,
        whole,
        repeats(coded),
        key_pairs(narrow, kinds, whole=whole),
        tuple(sorted(settled, key=lambda found: (-found.strength, found.given, found.column))),
        entities(narrow),
        spills(coded),
    )
