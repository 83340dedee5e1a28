"""How numbers and dates are spread: quantiles, outliers, histograms and timelines."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from etl_agent.profile.facts import ColumnFacts
from etl_agent.profile.histogram import of_numbers, of_timeline
from etl_agent.profile.outliers import outliers
from etl_agent.profile.quantiles import Quantiles

RNG = np.random.default_rng(11)


def spread(numbers):
    return Quantiles.of(np.asarray(numbers, np.float64), np.ones(len(numbers), np.int64))


def facts(*cells):
    return ColumnFacts.observe(pa.array(cells, pa.string()))


def test_few_numbers_are_kept_exactly():
    """Years have hundreds of values at most: no bucket blurs them."""
    years = RNG.integers(1980, 2025, 5000)
    seen = spread(years[:2000]).combine(spread(years[2000:]))
    assert seen.exact
    assert seen.at(0.5) == np.quantile(years, 0.5, method="lower")


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 3000), st.integers(0, 3000))
def test_the_spread_depends_on_the_numbers_alone(first, second):
    """Whether the numbers are kept or put into buckets, merging in either order gives the same."""
    left, right = RNG.normal(5, 2, first), RNG.normal(0, 1, second)
    whole = spread(np.concatenate([left, right]))
    for merged in (spread(left).combine(spread(right)), spread(right).combine(spread(left))):
        assert (merged.exact, merged.least, merged.most) == (whole.exact, whole.least, whole.most)
        assert np.array_equal(merged.places, whole.places)
        assert np.array_equal(merged.rows, whole.rows)


@pytest.mark.parametrize(
    "numbers",
    [
        RNG.normal(100, 3, 4000),
        RNG.lognormal(3, 1.5, 4000),
        RNG.integers(1, 100, 4000),
        RNG.poisson(0.4, 4000),
        RNG.exponential(7, 4000),
    ],
)
def test_the_tails_that_numbers_have_by_nature_are_no_outliers(numbers):
    """At most one in a thousand is far out."""
    found = outliers(spread(numbers))
    assert found is None or found.below + found.above <= 4


def test_numbers_far_out_are_counted_on_their_side():
    """A comma that went astray and a wrong sign."""
    found = outliers(spread([*RNG.normal(100, 3, 2000), 10_000, 12_000, -400]))
    assert found is not None
    assert (found.below, found.above) == (1, 2)
    assert -400 < found.low < 90 < 110 < found.high < 10_000


def test_too_few_numbers_have_no_outliers():
    """Of ten numbers nobody knows how they are spread."""
    assert outliers(spread([1, 2, 3, 4, 5, 6, 7, 8, 9, 1000])) is None


@pytest.mark.parametrize("whole", [True, False])
@pytest.mark.parametrize(
    "numbers",
    [
        [5],
        [0.001, 0.002],
        RNG.normal(0, 1e9, 500),
        RNG.integers(0, 4, 50),
        [1e-300, 1e300],
        [-5.5, 5.5],
        [1e16, 1e16 + 2],
    ],
)
def test_a_histogram_holds_every_row(numbers, whole):
    """In a bar, before the first or behind the last."""
    bins = of_numbers(spread(numbers), whole=whole)
    assert bins is not None
    assert sum(bins.rows) + bins.below + bins.above == len(numbers)
    assert len(bins.edges) == len(bins.rows) + 1 <= 62
    assert list(bins.edges) == sorted(bins.edges)


def test_bars_of_whole_numbers_part_no_number():
    """Each grade has a bar of its own."""
    bins = of_numbers(spread([1, 2, 2, 3, 6]), whole=True)
    assert bins is not None
    assert (bins.edges, bins.rows) == ((1, 2, 3, 4, 5, 6, 7), (1, 2, 1, 0, 0, 1))


def test_one_number_far_out_does_not_squeeze_the_others_into_one_bar():
    """It is counted behind the last bar."""
    bins = of_numbers(spread([*RNG.normal(0, 1, 3000), 1e6]))
    assert bins is not None
    assert len(bins.rows) > 10
    assert bins.above >= 1


def test_dates_are_counted_by_month_in_the_order_that_the_cells_tell():
    """13 can only be a day: so 3/4 is the third of April, too."""
    seen = facts("3/4/2024", "13/4/2024", "1/12/2023").moments.timeline
    assert (seen.first, seen.last) == (20231201, 20240413)
    assert {(month // 12, month % 12 + 1): rows for month, rows in seen.months.items()} == {(2024, 4): 2, (2023, 12): 1}


def test_dates_that_can_be_read_in_two_ways_have_no_place_in_time():
    """Nothing is guessed."""
    assert facts("3/4/2024", "5/6/2024").moments.timeline.rows == 0


@pytest.mark.parametrize(
    ("cell", "day"),
    [
        ("2024-02-29T10:00:00Z", 20240229),
        ("20240229", 20240229),
        ("29 février 2024", 20240229),
        ("Feb 29th, 2024", 20240229),
        ("Thu, 29 Feb 2024 10:00", 20240229),
        ("29-Feb-24", 20240229),
        ("31.12.99", 19991231),
        ("2024/2/9", 20240209),
        ("2024-13-01", None),
        ("32/12/2024", None),
        ("00.12.2024", None),
    ],
)
def test_a_date_is_read_whatever_its_layout(cell, day):
    """Where no calendar has such a month or day there is none."""
    assert facts(cell).moments.timeline.first == day


def test_a_wrong_century_does_not_stretch_the_bars():
    """Bars reach over the middle of the dates; what lies beyond is counted."""
    cells = [f"2023-{month:02d}-{day:02d}" for month in range(1, 13) for day in range(1, 29)]
    bins = of_timeline(facts(*cells, "0203-01-01", "3023-01-01", "1823-01-01").moments.timeline)
    assert bins is not None
    assert (sum(bins.rows), bins.below) == (336, 1)
    assert len(bins.rows) == 12


@pytest.mark.parametrize(
    ("cells", "least", "most"),
    [
        (["1.234,50 €", "-7,25 €"], -7.25, 1234.5),
        (["$1,234.50", "($7.25)"], -7.25, 1234.5),
        (["1,234", "5.5", "6.25"], 5.5, 1234),
        (["1,234", "5,5", "6,25"], 1.234, 6.25),
        (["1 234 kg", "5 kg"], 5, 1234),
        (["12%", "7.5 %"], 7.5, 12),
        (["+5", "007"], 5, 7),
        (["−4", "3-"], -4, -3),
        (["Rs. 500", "Rs. 20.50"], 20.5, 500),
        (["1e-3", "2.5E2"], 0.001, 250),
    ],
)
def test_numbers_are_read_with_the_marks_that_the_cells_tell(cells, least, most):
    """Ranges are of numbers, not of texts."""
    seen = facts(*cells).quantiles
    assert (seen.least, seen.most) == (least, most)
