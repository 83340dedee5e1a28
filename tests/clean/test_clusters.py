"""Rare spellings of categories."""

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from etl_agent.clean import clusters
from etl_agent.clean.clusters import ClusterValues
from etl_agent.clean.folding import fingerprints, ngram_fingerprints

Cell = str | None


def spelled(cells: list[Cell], *, by: str = "spelling") -> list[Cell]:
    data = pa.RecordBatch.from_pydict({"x": pa.array(cells, pa.string())})
    step = ClusterValues.model_validate({"columns": ["x"], "by": by})
    found: list[Cell] = step.fit(step.observe(data)).apply(data).column("x").to_pylist()
    return found


@pytest.mark.parametrize(
    "rare", ["in progress", "In  Progress", "In-Progress", "In Progress.", "INPROGRESS", "In Pro gress"]
)
def test_a_rare_spelling_becomes_the_usual_one(rare: str) -> None:
    """Case, blanks and punctuation of a lone cell are slips where twenty others are written in one way."""
    assert spelled(["In Progress"] * 20 + [rare, "Done", None]) == ["In Progress"] * 21 + ["Done", None]


@pytest.mark.parametrize(
    ("usual", "other"),
    [
        ("mW", "MW"),
        ("A-", "A"),
        ("Station 1", "station 1"),
        ("AB-12", "AB12"),
        ("C", "C#"),
        ("Language C", "Language C++"),
        ("José", "Jose"),
        ("John Smith", "Smith John"),
        ("Anna", "Ann"),
        ("positive", "positive+"),
    ],
)
def test_what_may_mean_another_thing_stays(usual: str, other: str) -> None:
    """Codes, units, values with digits, other letters, signs, accents and words in another order are left alone."""
    assert spelled([usual] * 50 + [other]) == [usual] * 50 + [other]


def test_two_spellings_in_use_stay() -> None:
    """A spelling with more than a tenth of the usual one's rows is no slip."""
    cells: list[Cell] = ["Open Air"] * 50 + ["open air"] * 6
    assert spelled(cells) == cells
    assert spelled([*cells[:55], "x"]) == ["Open Air"] * 55 + ["x"]


def test_few_rows_show_no_usual_spelling() -> None:
    """Nine against one may be chance, ten are not."""
    assert spelled(["Open Air"] * 9 + ["open air"])[-1] == "open air"
    assert spelled(["Open Air"] * 10 + ["open air"])[-1] == "Open Air"


def test_a_difference_that_tells_common_values_apart_is_kept() -> None:
    """Where two common values differ in case alone, case means something in that column, and blanks still do not."""
    common: list[Cell] = ["Mayer"] * 20 + ["mayer"] * 20
    assert spelled([*common, *["Miller"] * 20, "miller", "Mil ler"])[-2:] == ["miller", "Miller"]


def test_fingerprints_see_the_words() -> None:
    """By fingerprint values of the same words in another order, with other accents, are one."""
    assert spelled(["Paris, Élysée"] * 10 + ["elysee paris"], by="fingerprint")[-1] == "Paris, Élysée"
    assert fingerprints(pa.array(["b  A, b", "ÀB", "..."])) == ["a b", "ab", ""]


def test_ngrams_see_the_pairs_of_letters() -> None:
    """By n-grams values of the same pairs of letters are one."""
    assert spelled(["Krzysztof"] * 10 + ["Krzysztof f"], by="ngrams")[-1] == "Krzysztof f"
    assert spelled(["banana"] * 10 + ["bananana"], by="ngrams")[-1] == "banana"
    assert ngram_fingerprints(pa.array(["Paris", "a"])) == ["arispari", "a"]


def test_too_many_values_are_no_categories(monkeypatch: pytest.MonkeyPatch) -> None:
    """A column with more values than categories have is left alone."""
    cells: list[Cell] = ["Open Air"] * 20 + ["open air", "Shut"]
    monkeypatch.setattr(clusters, "_MOST_VALUES", 2)
    assert spelled(cells) == cells


def test_values_that_the_survey_did_not_see_stay() -> None:
    """Only the spellings that were learned are changed."""
    step = ClusterValues.model_validate({"columns": ["x"], "learned": [{"column": "x", "usual": {"done": "Done"}}]})
    data = pa.RecordBatch.from_pydict({"x": pa.array(["done", "DONE", ""], pa.string())})
    assert step.apply(data).column("x").to_pylist() == ["Done", "DONE", ""]


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.sampled_from(["Open Air", "open air", "OPEN-AIR", "Openair", "Shut", "shut", None, ""]), max_size=60)
)
def test_learning_again_changes_nothing(cells: list[Cell]) -> None:
    """What was brought to the usual spelling needs no second look."""
    once = spelled(cells)
    assert spelled(once) == once


def test_names_in_programs_are_left() -> None:
    """An underscore, a slash or an at sign makes another name: user_ is not user."""
    counts = {"user_name": 90, "user_name_": 4, "username": 5, "/home/user": 90, "/home/user/": 3}
    cells = [value for value, rows in counts.items() for _ in range(rows)]
    step = ClusterValues(columns=("x",))
    data = pa.RecordBatch.from_pydict({"x": pa.array(cells, pa.string())})
    assert not step.fit(step.observe(data)).learned
