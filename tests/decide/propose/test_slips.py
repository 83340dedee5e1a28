"""Tests of the proposers of repairs for slips of the keyboard."""

import pyarrow as pa

from etl_agent.decide.evidence import Evidence
from etl_agent.decide.propose import misshapen, typos

CODES = [f"AB-{number:04d}" for number in range(1000, 1100)]
TOWNS = [town for town in ("Lisbon", "Porto", "Braga", "Coimbra") for _ in range(25)]


def evidence(*, keys: frozenset[str] = frozenset()) -> Evidence:
    """Make a table with slips in a code and in a town."""
    code = [*CODES, "A-B1000", "AB-1z001", "ABq-1002", "AB1003", "AB1-004", "AB-1x055"]
    town = [*TOWNS, "Lisbno", "Coimbrra", "Prto", "Coibmra", "Lsibon", "Brraga"]
    return Evidence(pa.RecordBatch.from_pydict({"code": code, "town": town}), len(code), keys)


def test_one_proposal_a_column() -> None:
    """Each column is proposed on its own, pinned, with how many cells are repaired and how many are left."""
    (proposal,) = misshapen.propose(evidence())
    assert proposal.evidence == {"column": "code", "shapes": 1, "misshapen": 6, "repaired": 6, "left": 0}
    (proposal,) = typos.propose(evidence())
    assert proposal.evidence["column"] == "town"
    assert proposal.evidence["repaired"] == 6
    assert proposal.evidence["error_rate"] == 0.0566


def test_keys_are_left_alone() -> None:
    """A column that a declared key is made of is never proposed."""
    keyed = evidence(keys=frozenset({"code", "town"}))
    assert not [*misshapen.propose(keyed), *typos.propose(keyed)]


def test_nothing_where_all_is_well() -> None:
    """A clean table gives no proposal."""
    clean = Evidence(pa.RecordBatch.from_pydict({"code": CODES, "town": TOWNS}), len(CODES))
    assert not [*misshapen.propose(clean), *typos.propose(clean)]
