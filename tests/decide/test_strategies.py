"""The shipped strategies are files with examples, and each does what its examples say."""

from __future__ import annotations

from importlib import resources

import pyarrow as pa
import pytest

from etl_agent.decide.evidence import Evidence
from etl_agent.decide.measures import Measures
from etl_agent.decide.strategies import known_strategies, shipped, strategy_named
from etl_agent.decide.strategy import Example, Strategy, proposers_of, suited
from etl_agent.errors import ConfigurationError

EXAMPLES = [(strategy, example) for strategy in shipped().values() for example in strategy.examples]
NAMES = [strategy.name for strategy, _ in EXAMPLES]


def evidence(example: Example) -> Evidence:
    """Make evidence of the table before."""
    columns = {name: pa.array(cells, pa.string()) for name, cells in example.before.items()}
    sample = pa.RecordBatch.from_pydict(columns)
    return Evidence(sample, sample.num_rows)


@pytest.mark.parametrize(("strategy", "example"), EXAMPLES, ids=NAMES)
def test_example(strategy: Strategy, example: Example) -> None:
    """The steps of a strategy turn the table before into the table after."""
    seen = evidence(example)
    for propose in proposers_of(strategy, columns=seen.names):
        for proposal in propose(seen):
            seen = seen.after(seen.pinned(proposal.step))
    after = {name: tuple(cells) for name, cells in seen.sample.to_pydict().items()}
    assert after == example.after


@pytest.mark.parametrize(("strategy", "example"), EXAMPLES, ids=NAMES)
def test_example_suits(strategy: Strategy, example: Example) -> None:
    """A strategy suits its own examples, so that a rule finds it there."""
    seen = evidence(example)
    assert suited(strategy, Measures(seen), columns=seen.names)


@pytest.mark.parametrize(("strategy", "example"), EXAMPLES, ids=NAMES)
def test_clean_tables_stay(strategy: Strategy, example: Example) -> None:
    """What a strategy has cleaned it leaves as it is: used twice it does nothing more."""
    again = evidence(Example(before=example.after, after=example.after))
    for propose in proposers_of(strategy, columns=again.names):
        for proposal in propose(again):
            again = again.after(again.pinned(proposal.step))
    assert {name: tuple(cells) for name, cells in again.sample.to_pydict().items()} == example.after


def test_every_file_is_complete() -> None:
    """Each file has the name of its strategy, and each strategy says what it suits and has an example."""
    files = (resources.files("etl_agent.decide") / "strategies").iterdir()
    assert {file.name.removesuffix(".yaml") for file in files} == set(shipped())
    assert all(strategy.suits and strategy.examples for strategy in shipped().values())


@pytest.mark.parametrize(
    ("cells", "chosen"),
    [
        (["$1,234.50", "$7.25"], "us_money"),
        (["1.234,50 €", "7,25 €"], "eu_money"),
        (["$1,234", "$2,500"], None),
        (["04/13/2025", "03/04/2025"], "us_dates"),
        (["13/04/2025", "03/04/2025"], "eu_dates"),
        (["03/04/2025", "05/06/2025"], None),
        (["13/04/2025", "04/13/2025"], None),
    ],
    ids=str,
)
def test_formats_need_proof(cells: list[str], chosen: str | None) -> None:
    """Which mark or which part comes first is told by proof alone: without it, or with both, none suits."""
    sample = pa.RecordBatch.from_pydict({"x": pa.array(cells * 5, pa.string())})
    measures = Measures(Evidence(sample, sample.num_rows))
    names = ("us_money", "eu_money", "us_dates", "eu_dates")
    assert [name for name in names if suited(shipped()[name], measures, columns=("x",))] == ([chosen] if chosen else [])


def test_the_user_s_own() -> None:
    """One's own strategies stand beside the shipped ones, under names of their own."""
    own = Strategy(name="own", description="Mine.")
    assert strategy_named("own", known_strategies([own])) is own
    with pytest.raises(ConfigurationError, match="there is a strategy 'us_money' already"):
        known_strategies([Strategy(name="us_money", description="Mine.")])


def test_unknown_name() -> None:
    """A name that no strategy has is refused with its near names."""
    with pytest.raises(ConfigurationError, match=r"p\.yaml: there is no strategy 'us_mony'; did you mean"):
        strategy_named("us_mony", known_strategies(), where="p.yaml")
