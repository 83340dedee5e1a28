"""Comparing ways of cleaning: what each gives on known errors, and which is recommended."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from pydantic import TypeAdapter

from etl_agent.decide.evidence import Evidence
from etl_agent.orchestrate.sequential import StepList
from etl_agent.run.comparing import Comparison, compare
from etl_agent.testing import ScriptedAsk

ROWS = 400
NODES = TypeAdapter(StepList)


def evidence(*, dirt: bool = False) -> Evidence:
    """Make clean rows, or rows with blanks around a third of the cities."""
    rng = np.random.default_rng(1)
    cities = np.array(["Amsterdam", "Barcelona", "Copenhagen", "Edinburgh"])[rng.integers(0, 4, ROWS)].tolist()
    if dirt:
        cities = [f" {city} " if row % 3 == 0 else city for row, city in enumerate(cities)]
    data = {"id": [str(10_000 + row) for row in range(ROWS)], "city": cities}
    batch = pa.RecordBatch.from_pydict({name: pa.array(cells, pa.string()) for name, cells in data.items()})
    return Evidence(batch, ROWS)


def ways(comparison: Comparison) -> dict[str, int]:
    """Return the changed cells of every way."""
    return {way.pattern: way.changed for way in comparison.ways}


def test_doing_nothing_is_recommended_where_nothing_is_wrong(tmp_path: Path) -> None:
    """No way gives more on clean data, so the cheapest of all is good enough."""
    comparison = compare(None, evidence(), project=tmp_path)
    assert comparison.recommended == "nothing"
    assert comparison.why == "no way gives more than doing nothing"
    assert set(ways(comparison).values()) == {0}


def test_the_cheapest_that_is_good_enough_is_recommended(tmp_path: Path) -> None:
    """Where the fixed strategy does all there is to do, nothing dearer is."""
    comparison = compare(None, evidence(dirt=True), project=tmp_path)
    assert comparison.recommended == "fixed"
    assert ways(comparison)["fixed"] == len(range(0, ROWS, 3))


def test_known_errors_are_counted(tmp_path: Path) -> None:
    """Precision, recall and damage are those of errors that were put in; doing nothing repairs none of them."""
    comparison = compare(None, evidence(), project=tmp_path, share=0.05)
    scores = {way.pattern: way.score for way in comparison.ways}
    nothing, fixed, auto = scores["nothing"], scores["fixed"], scores["auto"]
    assert nothing is not None
    assert fixed is not None
    assert auto is not None
    assert nothing.total.errors == auto.total.errors > 0
    assert (nothing.total.right, nothing.total.damaged) == (0, 0)
    assert auto.total.right > fixed.total.right > 0
    assert auto.total.damage == 0


def test_the_same_seed_makes_the_same_comparison(tmp_path: Path) -> None:
    """Errors are put in deterministically."""
    one, other = (compare(None, evidence(), project=tmp_path, share=0.05, seed=3) for _ in range(2))
    assert [way.score for way in one.ways] == [way.score for way in other.ways]


def test_the_steps_of_a_pipeline_are_its_fixed_way(tmp_path: Path) -> None:
    """Its routes fall back on what stands under otherwise, and choose by rule and by trial in the other ways."""
    nodes = NODES.validate_python(
        {"clean": [{"step": "strip"}, {"route": "r", "among": ["category_spelling"], "otherwise": "leave"}]}
    ).clean
    comparison = compare(nodes, evidence(dirt=True), project=tmp_path)
    chosen = {way.pattern: way.chosen for way in comparison.ways}
    assert chosen["nothing"] == ()
    assert chosen["fixed"] == ("leave",)
    assert chosen["auto"][-1] == "auto"
    assert comparison.recommended == "fixed"


def test_rows_that_break_the_contract_are_what_counts_where_there_is_one(tmp_path: Path) -> None:
    """A way that lets more rows through is better than one that only looks better."""

    def failures(sample: pa.RecordBatch) -> int:
        return sum(city.startswith(" ") for city in sample.column("city").to_pylist())

    comparison = compare(None, evidence(dirt=True), project=tmp_path, failures=failures)
    assert comparison.rejected == len(range(0, ROWS, 3))
    assert (comparison.recommended, comparison.ways[1].rejected) == ("fixed", 0)
    assert "break the contract" in comparison.why


def test_a_model_is_a_way_where_one_is_configured(tmp_path: Path) -> None:
    """What it chose, and what that took, stand beside the others."""
    ask = ScriptedAsk({"strategy": {"chosen": "text_hygiene", "reason": "blanks"}})
    comparison = compare(None, evidence(dirt=True), project=tmp_path, ask=ask)
    (model,) = [way for way in comparison.ways if way.pattern == "model"]
    assert model.chosen == ("text_hygiene",)
    assert model.model_calls == 1


@pytest.mark.parametrize("share", [-0.1, 1.1])
def test_a_share_is_between_0_and_1(tmp_path: Path, share: float) -> None:
    """Another share of cells cannot be made wrong."""
    with pytest.raises(ValueError, match="a share is between 0 and 1"):
        compare(None, evidence(), project=tmp_path, share=share)
