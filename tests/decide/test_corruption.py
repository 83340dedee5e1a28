"""Kinds of error in single values."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from etl_agent.decide.corruption import VALUE_KINDS, maker


def spoil(kind, value, *, seed=0):
    """Spoil a value in the style of a column that holds nothing else."""
    made = maker(kind)(Random(seed), [value])
    return made and made(value, Random(seed))


@given(st.sampled_from(VALUE_KINDS), st.text(min_size=1, max_size=30), st.integers(0, 20))
@settings(max_examples=300)
def test_any_value_is_spoilt_or_spared(kind, value, seed):
    """No text makes a corruptor fail: it returns text or None."""
    assert isinstance(spoil(kind, value, seed=seed), str | None)


@pytest.mark.parametrize("seed", range(30))
def test_a_typo_changes_at_most_two_slips(seed):
    """The length differs by at most two signs, and a short value has one slip."""
    assert abs(len(spoil("typo", "Smith", seed=seed)) - 5) <= 1
    assert abs(len(spoil("typo", "Constantinople", seed=seed)) - 14) <= 2


@pytest.mark.parametrize("seed", range(10))
def test_a_blot_puts_one_letter_for_others(seed):
    """All signs that differ are the same letter."""
    spoilt = spoil("blot", "Birmingham", seed=seed)
    assert len({new.lower() for old, new in zip("Birmingham", spoilt, strict=True) if old != new}) == 1


@pytest.mark.parametrize("kind", ["noise", "blank"])
def test_something_too_many_keeps_the_value(kind):
    """Noise and blanks take no sign away."""
    assert "".join(spoil(kind, "Blue Lake").split()).find("Blue") >= 0


def test_case_is_another_case():
    """Folded, the value is what it was."""
    assert spoil("case", "Blue Lake").casefold() == "blue lake"


@pytest.mark.parametrize("value", ["2024-05-17", "14:05", "1250", "12.5", "555-123-4567", "yes", "12 kg"])
def test_formats_write_the_same_in_another_way(value):
    """Dates, times, numbers, telephone numbers, truth values and quantities have other spellings."""
    spellings = {spoil("format", value, seed=seed) for seed in range(20)} - {None, value}
    assert spellings


def test_a_style_is_the_columns():
    """Two values of one column get the same sign of noise."""
    made = maker("noise")(Random(4), ["a", "b"])
    assert made("ab", Random(1)).replace("ab", "") == made("cd", Random(2)).replace("cd", "")


def test_a_kind_that_fits_no_value_makes_nothing():
    """Signs without case or letters have no other case, no blot, no other format."""
    assert maker("case")(Random(1), ["12", "34"]) is None
    assert maker("blot")(Random(1), ["12", "34"]) is None
    assert maker("format")(Random(1), ["?", "!"]) is None


def test_codes_with_leading_zeros_are_no_numbers_of_thousands():
    """A thousands mark is put into numbers only."""
    assert "0012345" not in {spoil("format", "12345", seed=seed) for seed in range(20)}
    assert all(spoil("format", "0012345", seed=seed) in (None, "0012345") for seed in range(20))
