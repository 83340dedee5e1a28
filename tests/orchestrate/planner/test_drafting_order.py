"""The order of drafted pipelines, which datasets they are of, and types that agree between them."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from etl_agent.errors import UsageError
from etl_agent.orchestrate.planner.draft import PlanDraft
from etl_agent.orchestrate.planner.drafting.keys import column_words, is_own_key, names_the_thing
from etl_agent.orchestrate.planner.drafting.pipelines import draft
from etl_agent.orchestrate.planner.given import Source
from etl_agent.orchestrate.planner.wishes import After, Key, Newest, Reading, Take, Valid, Wish
from tests.orchestrate.planner.drafts import given_of, source

ROWS = 30


def keyed(name: str, key: str, *, refers: Sequence[str] = (), form: str = "{}") -> Source:
    """Make a dataset with a key, and with columns that repeat the values of others' keys."""
    cells: dict[str, list[str | None]] = {key: [form.format(row + 1) for row in range(ROWS)]}
    cells |= {column: [form.format(row % 9 + 1) for row in range(ROWS)] for column in refers}
    cells["remark"] = [f"remark {row} of a long day" for row in range(ROWS)]
    return source(name, cells)


VESSELS = keyed("vessels", "vessel_id")
CALLS = keyed("port_calls", "call_id", refers=["vessel_id"])
FEES = keyed("fees", "fee_id", refers=["call_id", "amount_code"])


def made_of(*wishes: Wish, sources: Sequence[Source] = (FEES, CALLS, VESSELS)) -> PlanDraft:
    return draft(Reading(wishes=wishes), given_of(*sources))


def order(made: PlanDraft) -> list[str]:
    return [spec.name for spec in made.pipelines]


def test_parents_are_loaded_before_the_rows_that_refer_to_them() -> None:
    """Columns named like the key of another dataset refer to it."""
    made = made_of()
    assert order(made) == ["vessels", "port_calls", "fees"]
    assert made.pipeline("port_calls").needs == ("vessels",)
    assert made.pipeline("fees").needs == ("port_calls",)
    assert not made.said("port_calls", "needs")


def test_a_reference_may_be_named_after_the_dataset() -> None:
    """vessel_id refers to id of vessels."""
    made = made_of(sources=(CALLS, keyed("vessels", "id")))
    assert made.pipeline("port_calls").needs == ("vessels",)


def test_two_datasets_of_one_key_do_not_refer_to_each_other() -> None:
    """Neither is the parent of the other."""
    made = made_of(sources=(keyed("hulls", "vessel_id"), keyed("vessels", "vessel_id")))
    assert order(made) == ["vessels", "hulls"] or all(not spec.needs for spec in made.pipelines)


def test_two_ids_do_not_refer_to_each_other() -> None:
    """A header that every dataset has says nothing."""
    made = made_of(sources=(keyed("hulls", "id"), keyed("vessels", "id")))
    assert all(not spec.needs for spec in made.pipelines)


def test_the_goal_settles_the_order() -> None:
    """What the user says goes before what names suggest."""
    made = made_of(After(source="vessels", first="port_calls", words="vessels last"), sources=(CALLS, VESSELS))
    assert order(made) == ["port_calls", "vessels"]
    assert made.pipeline("vessels").needs == ("port_calls",)
    assert made.said("vessels", "needs")


def test_a_circle_is_an_error_that_names_both_words() -> None:
    """Nothing can be loaded before itself."""
    with pytest.raises(UsageError, match="'calls first' and 'vessels first'"):
        made_of(
            After(source="vessels", first="port_calls", words="calls first"),
            After(source="port_calls", first="vessels", words="vessels first"),
        )


def test_a_dataset_is_not_loaded_after_itself() -> None:
    """That is a circle too."""
    with pytest.raises(UsageError, match="circle"):
        made_of(After(source="vessels", first="vessels", words="vessels after vessels"))


def test_a_models_circle_is_left_out() -> None:
    """Its order yields to the user's."""
    made = made_of(
        After(source="vessels", first="port_calls", by="model"),
        After(source="port_calls", first="vessels", words="vessels first"),
    )
    assert order(made)[0] == "vessels"
    assert any("model" in note and "circle" in note for note in made.notes)


def test_a_model_may_settle_an_order_that_nobody_else_does() -> None:
    """Datasets that do not refer to each other are loaded as it says."""
    made = made_of(After(source="hulls", first="vessels", by="model"), sources=(keyed("hulls", "id"), VESSELS))
    assert order(made) == ["vessels", "hulls"]


def test_only_the_datasets_that_the_goal_names_are_taken() -> None:
    """The others are left out, and named."""
    made = made_of(Take(source="vessels"), Take(source="fees"))
    assert order(made) == ["vessels", "fees"]
    assert made.left_out == ("port_calls",)


def test_the_order_of_the_goal_is_kept_where_nothing_else_is_said() -> None:
    """Datasets are loaded as they are named."""
    sources = (keyed("hulls", "id"), keyed("ropes", "id"), keyed("sails", "id"))
    assert order(made_of(Take(source="sails"), Take(source="hulls"), sources=sources)) == ["sails", "hulls"]
    assert order(made_of(sources=sources)) == ["hulls", "ropes", "sails"]


def test_what_is_asked_of_a_dataset_that_is_left_out_is_told() -> None:
    """No wish is dropped in silence; one that also holds for a loaded dataset is not dropped."""
    made = made_of(
        Take(source="vessels"),
        Key(source="fees", columns="fee_id", words="fees by fee_id"),
        Newest(source="vessels", column="remark", words="newest"),
        Newest(source="fees", column="remark", words="newest"),
    )
    assert any("'fees by fee_id'" in note for note in made.notes)
    assert not any("is not loaded" in note and "'newest'" in note for note in made.notes)


def test_an_order_with_a_dataset_that_is_left_out_is_told() -> None:
    """There is nothing to wait for."""
    made = made_of(Take(source="vessels"), After(source="vessels", first="fees", words="after the fees"))
    assert made.pipelines[0].needs == ()
    assert any("'after the fees'" in note for note in made.notes)


def test_an_unknown_dataset_is_an_error_with_a_near_match() -> None:
    """A slip is met with what was meant."""
    with pytest.raises(UsageError, match="did you mean 'vessels'"):
        made_of(Take(source="vesels"))


def test_references_and_keys_have_one_type() -> None:
    """What is text in one dataset is no number in the other, or they would not compare."""
    sources = (
        keyed("vessels", "vessel_id", form="{:03d}"),
        source(
            "calls",
            {"call": [f"C{row}" for row in range(ROWS)], "vessel_id": [str(row % 9 + 1) for row in range(ROWS)]},
        ),
    )
    made = made_of(sources=sources)
    types = [(made.pipeline(name).validation.contract or {})["vessel_id"] for name in ("vessels", "calls")]  # type: ignore[index]  # they are written there
    assert [promise.type for promise in types] == ["text", "text"]


def test_a_type_that_the_user_says_is_not_made_to_agree() -> None:
    """The user's word stays."""
    sources = (keyed("vessels", "vessel_id", form="{:03d}"), CALLS)
    made = made_of(Valid(source="port_calls", column="vessel_id", type="integer"), sources=sources)
    contract = made.pipeline("port_calls").validation.contract
    assert isinstance(contract, dict)
    assert contract["vessel_id"].type == "integer"


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("CustomerID", ("customer", "id")),
        ("order_no", ("order", "no")),
        ("Größe cm", ("größe", "cm")),
        ("line2", ("line", "2")),
        ("", ()),
    ],
)
def test_names_are_parted_into_words(name: str, words: tuple[str, ...]) -> None:
    """However people join them."""
    assert column_words(name) == words


@pytest.mark.parametrize(
    ("word", "name", "found"),
    [
        ("order", "daily_orders", True),
        ("category", "categories", True),
        ("kunde", "kunden", True),
        ("box", "boxes", True),
        ("order", "borders", False),
        ("port", "reports", False),
        ("id", "ideas", False),
        ("vessel", "port_calls", False),
    ],
)
def test_a_word_names_one_of_the_things_of_a_dataset(word: str, name: str, found: bool) -> None:
    """Endings differ, stems do not."""
    assert names_the_thing(word, name) is found


def test_a_key_says_so_by_its_name() -> None:
    """id, or the thing and its number."""
    assert is_own_key("id", VESSELS)
    assert is_own_key("VesselNo", VESSELS)
    assert not is_own_key("port_id", VESSELS)
    assert not is_own_key("vessel", VESSELS)


def test_a_dataset_named_after_another_one_refers_to_it() -> None:
    """Several addresses of one customer follow the customers, although both have the column in their names."""
    addresses = keyed("vessel_photos", "photo", refers=["vessel_id"], form="{:03d}")
    made = made_of(sources=(addresses, keyed("vessels", "vessel_id", form="{:03d}")))
    assert order(made) == ["vessels", "vessel_photos"]


def test_a_parent_with_a_few_rows_twice_is_a_parent() -> None:
    """Dirt in a key does not turn the order round."""
    twice = source("vessels", {"vessel_id": [str(row % 27 + 1) for row in range(ROWS)]})
    assert order(made_of(sources=(CALLS, twice))) == ["vessels", "port_calls"]
