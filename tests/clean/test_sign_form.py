"""Signs between the parts of codes: only they change."""

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from etl_agent.clean.sign_form import SIGNS, SignsAs


def after(pattern: str, *cells: str | None) -> list[str | None]:
    """Run the step on a column x."""
    step = SignsAs(columns=("x",), pattern=pattern)
    return step.apply(pa.RecordBatch.from_pydict({"x": pa.array(cells, pa.string())})).column("x").to_pylist()


@given(st.text(st.sampled_from("0123456789AZaz" + SIGNS), max_size=20))
@settings(max_examples=200, deadline=None)
def test_letters_and_digits_stay(cell: str) -> None:
    """Whatever a cell holds, its letters and digits and their order are the same afterwards."""
    there = after("AA-999/9", cell)[0]
    assert there is not None
    assert [sign for sign in there if sign.isalnum()] == [sign for sign in cell if sign.isalnum()]


def test_signs_at_the_ends_belong_to_the_pattern() -> None:
    """A pattern that begins with a bracket puts it there."""
    assert after("(999) 999", "212-555", "212555", "(212) 555") == ["(212) 555"] * 3


@pytest.mark.parametrize("pattern", ["", "--", "9,999", "99:99", "B-99", "9-" * 10 + "9"])
def test_patterns_that_say_more_are_refused(pattern: str) -> None:
    """Marks of numbers and times, other letters and more parts than can be named are no pattern of signs."""
    with pytest.raises(ValidationError):
        SignsAs(columns=("x",), pattern=pattern)
