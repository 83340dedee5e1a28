"""Composing: proposers in turn, each seeing what the accepted steps before left."""

from collections.abc import Iterator

import pyarrow as pa

from etl_agent.clean.dates import Dates
from etl_agent.clean.missing import NullMarkers
from etl_agent.clean.text import Strip
from etl_agent.decide.auto import compose
from etl_agent.decide.choice import Routing, attempt, taken
from etl_agent.decide.evidence import Evidence
from etl_agent.decide.proposal import Proposal
from etl_agent.decide.strategy import AUTO


def evidence(cells: list[str | None]) -> Evidence:
    """Make a table of one column."""
    return Evidence(pa.RecordBatch.from_pydict({"x": pa.array(cells, pa.string())}), len(cells))


def stripping(_: Evidence) -> Iterator[Proposal]:
    """Propose to strip."""
    yield Proposal(Strip(columns=("x",)), "blanks")


def failing(_: Evidence) -> Iterator[Proposal]:
    """Propose something, and then fail."""
    yield Proposal(NullMarkers(columns=("x",)), "markers")
    raise KeyError("x")


BLANKS = ["Rome ", "Rome", "Oslo", "Oslo", "Rome", "Oslo", "Paris", "Paris", "N/A"]


def test_a_later_proposer_sees_what_was_accepted() -> None:
    """The second family looks at stripped cells."""
    seen: list[str | None] = []

    def looking(found: Evidence) -> Iterator[Proposal]:
        seen.extend(found.sample.column("x").to_pylist())
        yield from ()

    made = compose(evidence(BLANKS), proposers=[stripping, looking])
    assert [step.name for step in made.steps] == ["strip"]
    assert seen[0] == "Rome"


def test_a_family_that_fails_is_left_out_and_named() -> None:
    """What it proposed before stands, the families behind it go on, and the name of the error is kept."""
    made = compose(evidence(BLANKS), proposers=[failing, stripping])
    assert list(made.broken.values()) == ["KeyError"]
    assert "strip" in [step.name for step in made.steps]


def test_a_choice_says_which_families_failed(monkeypatch) -> None:  # type: ignore[no-untyped-def]  # pytest's own
    """The reason on record names them, so that nobody takes their silence for a clean file."""
    from etl_agent.decide import strategy

    monkeypatch.setattr(strategy, "PROPOSERS", (failing,))
    routing = Routing(node="r", columns=("x",), among=(AUTO,), evidence=evidence(BLANKS))
    choice = taken(attempt(AUTO, routing), policy="rule", reason="why")
    assert choice.reason.startswith("why; families that failed and were left out: ")
    assert "KeyError" in choice.reason


def test_a_sample_that_allows_several_readings_is_refused_without_its_cells() -> None:
    """The ruling names no cell: it is kept in the ledger."""

    def dating(_: Evidence) -> Iterator[Proposal]:
        yield Proposal(Dates(columns=("x",)), "dates")

    (tried,) = compose(evidence(["03/04/2025", "05/06/2025"]), proposers=[dating]).tried
    assert not tried.ruling.accepted
    assert tried.ruling.reason == "the sample allows several readings"
