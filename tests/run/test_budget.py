"""The budget of rejected rows holds per file and per run."""

from dataclasses import dataclass, field

import pytest

from etl_agent.errors import OverBudget
from etl_agent.rejects import Reason
from etl_agent.run.balance import Balance, Unbalanced
from etl_agent.run.budget import check_budget
from etl_agent.validate.spec import Validate


@dataclass
class Tally:
    file: str
    good: int
    bad: int = 0


@dataclass
class Rejected:
    by_file: dict[str, int]
    counts: dict[Reason, int] = field(default_factory=dict)

    @property
    def rows(self) -> int:
        return sum(self.by_file.values())


def check(rejected: dict[str, int], *tallies: Tally, **limits) -> None:
    counts = {Reason("type-error", "amount", "integer"): sum(rejected.values())}
    check_budget(Validate(**limits), tallies, Rejected(rejected, counts), pipeline="p")


def test_rejects_within_the_share_pass():
    """Five of a hundred is within the default of 5 %."""
    check({"a": 5}, Tally("a", 98, 2))


def test_one_row_over_the_share_refuses_and_names_the_commonest_reason():
    """The error gives rows, share, limit and reason."""
    with pytest.raises(OverBudget, match=r"6 of 100 rows \(6.00%\).*amount: type-error \(integer\) 6"):
        check({"a": 6}, Tally("a", 100))


def test_a_bad_file_is_not_hidden_by_good_ones():
    """The share holds for each file."""
    with pytest.raises(OverBudget, match="bad"):
        check({"bad": 10}, Tally("good", 10_000), Tally("bad", 20))


def test_the_count_holds_beside_the_share():
    """max_rejects refuses where the share would not."""
    with pytest.raises(OverBudget, match="max_rejects is 3"):
        check({"a": 4}, Tally("a", 1_000), max_rejects=3)


def test_rejecting_every_row_is_too_much_under_any_budget():
    """A file of which nothing is left is refused."""
    with pytest.raises(OverBudget, match=r"1 of 1 row \("):
        check({"a": 1}, Tally("a", 0, 1), max_reject_share=0.9999)


def test_a_row_that_is_nowhere_is_an_error():
    """read must be what is loaded, quarantined, deduplicated and filtered."""
    Balance(read=10, inserted=4, updated=1, unchanged=1, quarantined=2, deduplicated={"d": 1}, filtered={"f": 1}).check(
        where="p"
    )
    with pytest.raises(Unbalanced, match="10 rows were read but 9"):
        Balance(read=10, inserted=9).check(where="p")
