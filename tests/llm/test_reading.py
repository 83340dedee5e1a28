"""An answer is found in what a model says, and nothing is guessed."""

from __future__ import annotations

import json
import time
from typing import Annotated, Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import Field, field_validator

from etl_agent.frozen import Frozen
from etl_agent.llm.reading import Wrong, read_answer


class Warm(Frozen):
    """A member of a union."""

    kind: Literal["warm"]
    degrees: Annotated[int, Field(ge=0, le=50)] = 20


class Cold(Frozen):
    """Another member."""

    kind: Literal["cold"]
    degrees: Annotated[int, Field(ge=-50, le=0)] = 0


class Answer(Frozen):
    """An answer with bounds of every kind."""

    choice: Literal["a", "b"]
    reason: Annotated[str, Field(max_length=5)] = ""
    share: Annotated[float, Field(ge=0, le=1)] = 0
    code: Annotated[str, Field(max_length=3, pattern="^[A-Z]+$")] = "A"
    maybe: Annotated[str, Field(max_length=4)] | None = None
    weather: Warm | Cold | None = None
    notes: tuple[Annotated[str, Field(max_length=2)], ...] = ()
    pair: tuple[Annotated[str, Field(max_length=1)], Annotated[int, Field(le=9)]] = ("a", 1)

    @field_validator("reason")
    @classmethod
    def _is_kind(cls, value: str) -> str:
        if value == "cruel":
            raise ValueError(f"the reason is {value}")
        return value


def said(**fields: object) -> str:
    """Say an answer."""
    return json.dumps({"choice": "a", **fields})


@pytest.mark.parametrize(
    ("fields", "read"),
    [
        ({"reason": "because"}, {"reason": "becau"}),
        ({"share": 1.5}, {"share": 1}),
        ({"share": -3}, {"share": 0}),
        ({"maybe": "because"}, {"maybe": "beca"}),
        ({"maybe": None}, {"maybe": None}),
        ({"weather": {"kind": "cold", "degrees": -99}}, {"weather": Cold(kind="cold", degrees=-50)}),
        ({"weather": {"kind": "warm", "degrees": -99}}, {"weather": Warm(kind="warm", degrees=0)}),
        ({"notes": ["abc", "d"]}, {"notes": ("ab", "d")}),
        ({"pair": ["bc", 12]}, {"pair": ("b", 9)}),
    ],
)
def test_bounds_are_kept(fields: dict[str, object], read: dict[str, object]) -> None:
    """Free text is cut at its length and numbers are put at their bound."""
    assert read_answer(said(**fields), answer=Answer) == Answer(choice="a", **read)  # type: ignore[arg-type]  # any


@pytest.mark.parametrize(
    "fields",
    [
        {"choice": "A"},
        {"choice": "a "},
        {"choice": "c"},
        {"choice": 1},
        {"choice": None},
        {"code": "ABCD"},
        {"weather": {"kind": "mild"}},
        {"weather": {}},
        {"reason": ["because"]},
        {"share": "much"},
        {"further": 1},
    ],
)
def test_nothing_is_guessed(fields: dict[str, object]) -> None:
    """A choice is taken to the letter, and so is text that has a form."""
    assert isinstance(read_answer(said(**fields), answer=Answer), Wrong)


def test_what_is_wrong_is_told_without_the_text() -> None:
    """Fields are told by their names, choices by what they may be; what was said is left out."""
    fields = {"choice": "sesame", "sesame": 1, "reason": "cruel", "weather": {"kind": "sesame"}}
    wrong = read_answer(said(**fields), answer=Answer)
    assert isinstance(wrong, Wrong)
    assert "choice: should be 'a' or 'b'" in wrong.said
    assert "reason: value error" in wrong.said
    assert "choice: literal error" in wrong.brief
    for text in (wrong.said, wrong.brief):
        assert "sesame" not in text
        assert "cruel" not in text


def test_few_mistakes_are_told() -> None:
    """What is told of an answer that is wrong throughout is short."""
    wrong = read_answer(said(**{f"x{n}": n for n in range(1000)}), answer=Answer)
    assert isinstance(wrong, Wrong)
    assert wrong.said.endswith("and 992 more")
    assert len(wrong.said) < 400


@pytest.mark.parametrize(
    "text",
    [
        "",
        "null",
        "[]",
        '"choice"',
        '{"choice": "a"',
        '{"choice": NaN}',
        "{choice: 'a'}",
        "{" * 200_000,
        '{"a":' * 200_000,
        '{"choice": ' + "9" * 10_000 + "}",
        '{"choice": "a", "choice": "b"} {"choice": "a"}',
        '{"choice": "\\ud800"}',
    ],
)
def test_what_is_no_answer(text: str) -> None:
    """Whatever is said, it is an answer or it is none, at once."""
    start = time.monotonic()
    assert isinstance(read_answer(text, answer=Answer), Wrong)
    assert time.monotonic() - start < 1


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet='{}[]":,ab\\ choice01.-n', max_size=60))
def test_nothing_is_raised(text: str) -> None:
    """No text makes reading fail."""
    read_answer(text, answer=Answer)


@given(
    st.text(alphabet=st.characters(exclude_characters="{}"), max_size=40),
    st.text(alphabet=st.characters(exclude_characters="{}"), max_size=40),
)
@settings(max_examples=50, deadline=None)
def test_prose_around_an_answer(before: str, behind: str) -> None:
    """An answer is found whatever stands around it."""
    before = before.replace("<", "")  # thoughts of a model, which are left out
    assert read_answer(before + said() + behind, answer=Answer) == Answer(choice="a")
