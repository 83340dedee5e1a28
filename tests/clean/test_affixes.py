"""Affixes: what stands around a number goes, or is written in one way."""

import pyarrow as pa
import pytest
from pydantic import ValidationError

from etl_agent.clean.affixes import Affixes


def after(step: Affixes, *cells: str | None) -> list[str | None]:
    """Run a step on a column x."""
    return step.apply(pa.RecordBatch.from_pydict({"x": pa.array(cells, pa.string())})).column("x").to_pylist()


def test_words_that_are_not_named_stay() -> None:
    """Only the spellings that are declared are taken away, and only from whole numbers."""
    step = Affixes(columns=("x",), after=("kg",))
    cells = ["5 KG", "kg", "5 kg net", "5-6 kg", "1,000 kg", "5kg5"]
    assert after(step, *cells) == cells


def test_freed_numbers_are_short() -> None:
    """Zeros at the end of the fraction, in front, and a plus go with the unit; zeros of whole numbers stay."""
    step = Affixes(columns=("x",), after=("kg",))
    assert after(step, "+5.50 kg", "007kg", "100 kg", "-0.10 kg", "0.00 kg") == ["5.5", "7", "100", "-0.1", "0"]


def test_bare_numbers_are_dressed_only_on_request() -> None:
    """A number alone gets the affix where ``bare`` says so, and keeps its digits."""
    step = Affixes(columns=("x",), after=("%",), put_after="%", bare=True, digits="keep")
    assert after(step, "5", "5.50", "5 %", "5%", "n/a") == ["5%", "5.50%", "5%", "5%", "n/a"]
    assert after(step.model_copy(update={"bare": False}), "5", "5 %") == ["5", "5%"]


def test_signs_of_regular_expressions_are_text() -> None:
    """Affixes are literal text, whatever signs they hold."""
    step = Affixes(columns=("x",), before=("$",), after=("(net)", "."))
    assert after(step, "$5", "5(net)", "5.", "5x") == ["5", "5", "5", "5x"]


@pytest.mark.parametrize("parameters", [{}, {"before": (" ",)}, {"after": ("m2",)}])
def test_affixes_that_cannot_be_told_are_refused(parameters: dict[str, tuple[str, ...]]) -> None:
    """There must be an affix, and none may hold a digit."""
    with pytest.raises(ValidationError):
        Affixes(columns=("x",), **parameters)


def test_long_cells_cost_no_more_than_their_length() -> None:
    """A hostile cell of a million signs is looked at once."""
    cell = "1" * 1_000_000 + " k"
    assert after(Affixes(columns=("x",), after=("kg",), remarks=True), cell) == [cell]
