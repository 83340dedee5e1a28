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


def cleaned(strategy: Strategy, table: pa.RecordBatch) -> pa.RecordBatch:
    """Return a table as the steps of a strategy leave it, before anything is judged."""
    seen = Evidence(table, table.num_rows)
    for propose in proposers_of(strategy, columns=seen.names):
        for proposal in propose(seen):
            seen = seen.after(seen.pinned(proposal.step))
    return seen.sample


@pytest.mark.parametrize(("strategy", "example"), EXAMPLES, ids=NAMES)
def test_example(strategy: Strategy, example: Example) -> None:
    """The steps of a strategy turn the table before into the table after."""
    assert cleaned(strategy, example.table(example.before)).to_pydict() == example.table(example.after).to_pydict()


@pytest.mark.parametrize(("strategy", "example"), EXAMPLES, ids=NAMES)
def test_example_suits(strategy: Strategy, example: Example) -> None:
    """A strategy suits its own examples, so that a rule finds it there."""
    table = example.table(example.before)
    seen = Evidence(table, table.num_rows)
    assert suited(strategy, Measures(seen), columns=seen.names)


@pytest.mark.parametrize(("strategy", "example"), EXAMPLES, ids=NAMES)
def test_clean_tables_stay(strategy: Strategy, example: Example) -> None:
    """What a strategy has cleaned it leaves as it is: used twice it does nothing more."""
    after = example.table(example.after)
    assert cleaned(strategy, after).equals(after)


def test_every_file_is_complete() -> None:
    """Each file has the name of its strategy, and each says what it suits and has an example, or a test of its own."""
    files = (resources.files("etl_agent.decide") / "strategies").iterdir()
    assert {file.name.removesuffix(".yaml") for file in files} == set(shipped())
    assert all(strategy.suits for strategy in shipped().values())
    assert {strategy.name for strategy in shipped().values() if not strategy.examples} == {"sources"}


def test_sources() -> None:
    """Of seven sources on thirty ships, wrong on some and silent on others, most errors go and no right cell does."""
    towns = [f"{first}{last}" for first in ("Ham", "Mun", "Frank", "Leip", "Dres") for last in "abcdef"]
    rows = [
        (
            f"site {source}",
            f"ship {ship}",
            None if (ship + 3) % 7 == source else towns[(ship + 7 * (ship % 7 == source)) % 30],
        )
        for ship in range(30)
        for source in range(7)
    ]
    columns = [pa.array(cells, pa.string()) for cells in zip(*rows, strict=True)]
    table = pa.RecordBatch.from_arrays(columns, names=["source", "ship", "town"])
    assert suited(shipped()["sources"], Measures(Evidence(table, len(rows))), columns=tuple(table.schema.names))
    after = cleaned(shipped()["sources"], table).column("town").to_pylist()
    truth = [towns[ship] for ship in range(30) for _ in range(7)]
    wrong = [before != right for (_, _, before), right in zip(rows, truth, strict=True)]
    still = [now != right for now, right in zip(after, truth, strict=True)]
    assert not any(now and not before for before, now in zip(wrong, still, strict=True))
    assert sum(still) <= sum(wrong) / 2


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
