"""Truth values: spellings are looked up, nothing else is touched."""

from __future__ import annotations

import pyarrow as pa
import pytest
from pydantic import ValidationError

from etl_agent.clean.booleans import Booleans


def test_default_spellings() -> None:
    """The usual English spellings are known, in any case, with blanks around."""
    cells = ["TRUE", "yes", "Y", "1", "t", " On ", "False", "no", "N", "0", "f", "off\t"]
    data = pa.RecordBatch.from_pydict({"x": pa.array(cells)})
    assert Booleans(columns=("x",)).apply(data).column("x").to_pylist() == ["true"] * 6 + ["false"] * 6


def test_declared_spellings_take_the_place_of_the_usual_ones() -> None:
    """Where spellings are declared, only they count."""
    step = Booleans(columns=("x",), true=("JA",), false=("nein",))
    data = pa.RecordBatch.from_pydict({"x": pa.array(["ja", "Nein", "yes"])})
    assert step.apply(data).column("x").to_pylist() == ["true", "false", "yes"]


def test_a_spelling_has_one_meaning() -> None:
    """A spelling that is declared for both is a mistake."""
    with pytest.raises(ValidationError, match="both true and false"):
        Booleans(columns=("x",), true=("x",), false=("X ",))
