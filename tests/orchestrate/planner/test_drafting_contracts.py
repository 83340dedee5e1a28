"""The contracts that drafts get: types that the cells bear out, and what the user asks of columns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from etl_agent.clean.step import Step
from etl_agent.errors import UsageError
from etl_agent.orchestrate.planner.draft import PlanDraft
from etl_agent.orchestrate.planner.drafting.pipelines import draft
from etl_agent.orchestrate.planner.wishes import (
    Budget,
    Cleaned,
    Dropped,
    Key,
    Mode,
    Newest,
    Reading,
    Secret,
    Valid,
    Wish,
)
from etl_agent.orchestrate.sequential import PipelineSpec, steps_of
from etl_agent.validate.spec import ColumnContract
from tests.orchestrate.planner.drafts import given_of, source

ROWS = 40

Cells = Sequence[str | None]


def drafted(*wishes: Wish, sensitive: frozenset[str] = frozenset(), **columns: Cells) -> PlanDraft:
    """Draft a pipeline for one dataset, ``trips``."""
    return draft(Reading(wishes=wishes), given_of(source("trips", columns, sensitive=sensitive)))


def spec_of(*wishes: Wish, **columns: Cells) -> PipelineSpec:
    return drafted(*wishes, **columns).pipelines[0]


def promised(cells: Cells, *wishes: Wish) -> ColumnContract:
    """Return what a column ``x`` promises."""
    contract = spec_of(*wishes, x=cells).validation.contract
    assert isinstance(contract, dict)
    promise = contract["x"]
    assert isinstance(promise, ColumnContract)
    return promise


def steps(spec: PipelineSpec, name: str) -> list[Step]:
    return [step for step in steps_of(spec.clean) if step.name == name]


def valid(**checks: Any) -> Valid:
    return Valid(source="trips", column="x", words="x must be good", **checks)


def many(*cells: str | None) -> list[str | None]:
    return [cells[row % len(cells)] for row in range(ROWS)]


def counted(form: str) -> list[str | None]:
    return [form.format(row + 1) for row in range(ROWS)]


@pytest.mark.parametrize(
    ("cells", "type_"),
    [
        (counted("{}"), "integer"),
        (counted("{:04d}"), "text"),
        (counted("4711{:04d}"), "text"),
        (counted("{}.25"), "decimal(15,2)"),
        (counted("${}.50"), "decimal(15,2)"),
        (counted("${}"), "decimal(15,2)"),
        (counted("1.{:03d},50"), "decimal(15,2)"),
        (counted("123456789012{}.5"), "decimal(18,1)"),
        (counted("9{:020d}"), "text"),
        (many("yes", "no", "No"), "boolean"),
        (many("ja", "nein"), "boolean"),
        (many("0", "1"), "integer"),
        (many("2024-02-01", "2024-03-09"), "date"),
        (many("13.04.2024", "03.02.2024"), "date"),
        (many("2024-02-01 10:00:00", "2024-03-09 11:30:00"), "timestamp"),
        (many("9:05 PM", "10:30 AM"), "time"),
        (many("red", "green", "blue"), "text"),
        (many("5 kg", "7 kg", "9 kg"), "text"),
        (many("5 %", "7 %", "9 %"), "text"),
        (many("2024-02-01"), "date"),
        (many("7"), "text"),
        ([*counted("0.{:04d}"), "4e-05"], "decimal(15,5)"),
        ([*counted("{}"), "12A"], "text"),
        ([*(str(row % 50) for row in range(400)), "about ten"], "integer"),
        (many(None), "text"),
    ],
)
def test_types_are_inferred_where_nothing_is_lost(cells: Cells, type_: str) -> None:
    """A column gets the type that its cells prove, and stays text where a type could change or refuse values."""
    assert promised(cells).type == type_


def test_a_number_that_counts_versions_stays_text() -> None:
    """1.10 is not 1.1 where a header speaks of versions."""
    contract = spec_of(software_version=many("1.9", "1.10", "2.0")).validation.contract
    assert isinstance(contract, dict)
    assert contract["software_version"].type == "text"


def test_several_formats_of_dates_are_declared_in_one_step() -> None:
    """The formats that all cells settle are pinned, so that a file without a telling cell is read alike."""
    spec = spec_of(x=many("13.04.2024", "03.02.2024", "2024-05-06"), y=many("13.04.2024", "03.02.2024", "2024-05-06"))
    (step,) = steps(spec, "dates")
    assert step.model_dump()["columns"] == ("x", "y")
    assert "%d.%m.%Y" in step.model_dump()["formats"]


def test_dates_in_one_form_take_no_step() -> None:
    """Cells that a contract takes as they are need no cleaning."""
    assert not steps(spec_of(x=many("2024-02-01", "2024-03-09")), "dates")


def test_months_of_another_language_are_read() -> None:
    """Names of months are read in the language in which they are written."""
    spec = spec_of(x=many("3. März 2024", "14. Mai 2024", "1. Dezember 2023"))
    (step,) = steps(spec, "dates")
    assert step.model_dump()["months"] == ("de",)


def test_dates_of_two_readings_stay_text_with_a_note() -> None:
    """Where nothing tells the day from the month a run would refuse a date, so a guess is not made."""
    made = drafted(x=many("03/04/2024", "05/06/2024", "07/08/2024"))
    contract = made.pipelines[0].validation.contract
    assert isinstance(contract, dict)
    assert contract["x"].type == "text"
    assert any("two ways" in note and "x" in note for note in made.notes)


def test_dates_of_two_readings_that_the_user_asks_for_are_left_to_the_run() -> None:
    """By the user's word the column is a date, and the run refuses what it cannot tell instead of passing it."""
    made = drafted(valid(type="date"), x=many("03/04/2024", "05/06/2024", "07/08/2024"))
    spec = made.pipelines[0]
    contract = spec.validation.contract
    assert isinstance(contract, dict)
    assert contract["x"].type == "date"
    assert steps(spec, "dates")[0].model_dump()["formats"] == "auto"
    assert any("two ways" in note for note in made.notes)


def test_guessed_types_never_use_up_the_budget() -> None:
    """A column of which more rows do not fit than half the budget allows stays text, with the figure."""
    made = drafted(x=[f"{row}.25" if row % 8 else "about ten" for row in range(ROWS)])
    contract = made.pipelines[0].validation.contract
    assert isinstance(contract, dict)
    assert contract["x"].type == "text"
    assert any("5 of 40" in note for note in made.notes)


def test_all_guessed_types_share_one_budget() -> None:
    """Rows that do not fit are counted over all columns together."""
    columns = {
        name: [f"{row}.25" if row % 80 != at else "ten or so" for row in range(400)] for at, name in enumerate("abcdef")
    }
    contract = spec_of(**columns).validation.contract
    assert isinstance(contract, dict)
    kinds = [promise.type for promise in contract.values()]
    assert kinds.count("text") == 4


def test_a_budget_of_nothing_leaves_no_room_for_a_guess() -> None:
    """With no reject allowed, a column with one misfit stays text."""
    cells = [f"{row}.25" if row else "ten or so" for row in range(400)]
    assert promised(cells).type == "decimal(15,2)"
    assert promised(cells, Budget(source="trips", share=0)).type == "text"


def test_null_follows_what_was_seen() -> None:
    """A column is nullable where nulls, or spellings of them that are made null, were seen, and nowhere else."""
    assert not promised(counted("{}")).nullable
    assert promised([None, *counted("{}")]).nullable
    assert promised(["n/a", *counted("{}.5")]).nullable
    assert not promised(["n/a", *counted("word {} of many")]).nullable


def test_words_for_nothing_become_null_where_no_word_is_a_value() -> None:
    """Among numbers every null spelling is one, in texts none is touched."""
    spec = spec_of(x=["keine Angabe", "-", *counted("{}.5")], y=["keine Angabe", "-", *counted("note {} here")])
    (step,) = steps(spec, "null_markers")
    assert step.model_dump()["columns"] == ("x",)
    assert {"keine Angabe", "-"} <= set(step.model_dump()["markers"])


def test_blanks_are_stripped_first_and_by_default() -> None:
    """Every draft begins with the step that no value loses anything by."""
    assert spec_of(x=counted("{}")).clean[0].model_dump()["step"] == "strip"


def test_an_address_is_written_in_one_form_before_it_is_checked() -> None:
    """What the step can mend is not rejected."""
    cells = [*counted("Guest{}@Example.ORG"), "n/a"]
    spec = spec_of(valid(format="email"), x=cells)
    assert [step.name for step in steps_of(spec.clean)] == ["strip", "null_markers", "email"]
    assert promised(cells, valid(format="email")).nullable
    assert promised(cells, valid(format="email")).format == "email"


def test_namibia_is_no_missing_country() -> None:
    """The code NA stays one where country codes are asked for."""
    spec = spec_of(valid(format="country_code"), x=many("NA", "DE", "FR"))
    assert not steps(spec, "null_markers")
    assert steps(spec, "case")


def test_what_must_be_there_is_not_null_and_no_word_for_nothing() -> None:
    """A required value is missing where a program wrote NULL for it."""
    spec = spec_of(valid(required=True), x=[None, "NULL", *counted("name {} it is")])
    contract = spec.validation.contract
    assert isinstance(contract, dict)
    assert not contract["x"].nullable
    assert steps(spec, "null_markers")


def test_a_list_of_values_takes_other_spellings_of_them() -> None:
    """Case and punctuation do not make a value a bad one."""
    spec = spec_of(valid(one_of=("in progress", "done")), x=many("In-Progress", "DONE"))
    (step,) = steps(spec, "canonical")
    assert step.model_dump()["values"] == ("in progress", "done")


def test_values_that_differ_in_case_alone_are_told_apart() -> None:
    """A list that means case keeps it."""
    spec = spec_of(valid(one_of=("a", "A")), x=many("a", "A"))
    assert all(step.model_dump()["ignore"] == ("blanks",) for step in steps(spec, "canonical"))


def test_bounds_make_a_number_of_a_column() -> None:
    """A least value asks for a type that is in order."""
    promise = promised(counted("{}"), valid(min="0"))
    assert (promise.type, promise.min) == ("integer", "0")


def test_a_bound_with_a_fraction_widens_a_whole_number() -> None:
    """The type holds the bound as well as the cells."""
    assert promised(counted("{}"), valid(max="99.5")).type == "decimal(15,2)"


def test_a_day_bounds_times_from_its_first_to_its_last_moment() -> None:
    """Until the 3rd is until the end of that day."""
    promise = promised(many("2024-02-01 10:00:00", "2024-03-09 11:30:00"), valid(min="2024-01-01", max="2024-12-31"))
    assert (promise.min, promise.max) == ("2024-01-01 00:00:00", "2024-12-31 23:59:59.999999")


def test_a_bound_of_an_empty_column_tells_its_type() -> None:
    """With no cell to look at, the bound says what is meant."""
    assert promised(many(None), valid(min="2024-01-01")).type == "date"


def test_a_type_that_the_user_asks_for_is_kept_whatever_the_cells_are() -> None:
    """The user's word goes before the data; the figure is told."""
    made = drafted(valid(type="integer"), x=[str(row) if row % 2 else "many" for row in range(ROWS)])
    contract = made.pipelines[0].validation.contract
    assert isinstance(contract, dict)
    assert contract["x"].type == "integer"
    assert any("20 of 40" in note and "no more than 5%" in note for note in made.notes)
    assert made.said("trips", "validate.contract.x.type")


def test_a_number_that_is_asked_for_has_room_for_fractions() -> None:
    """Whole numbers today do not say that no fraction comes tomorrow."""
    assert promised(counted("{}"), valid(type="number")).type == "decimal(15,2)"


def test_a_time_that_is_asked_for_takes_a_day_as_its_midnight() -> None:
    """By the user's word a day among times is one."""
    spec = spec_of(valid(type="timestamp"), x=many("2024-02-01 10:00:00", "2024-02-03"))
    (step,) = steps(spec, "timestamps")
    assert step.model_dump()["date_alone"] == "midnight"


def test_times_with_offsets_keep_them() -> None:
    """An instant is one in the contract too."""
    assert promised(many("2024-02-01T10:00:00Z", "2024-03-09T11:30:00+02:00")).timezone == "offset"


def test_numbers_that_are_asked_for_lose_their_units() -> None:
    """By the user's word shares and measures of one unit are numbers."""
    wish = Cleaned(source="trips", how="numbers")
    assert promised(many("5 kg", "7.5 kg", "9 kg"), wish).type.startswith("decimal")
    assert promised(many("5 %", "7 %", "9 %"), wish).type.startswith("decimal")


def test_checks_that_contradict_each_other_are_an_error() -> None:
    """An address is no number, and the error says what to do."""
    with pytest.raises(UsageError, match="cannot be") as caught:
        drafted(valid(type="integer"), valid(format="email"), x=counted("{}"))
    assert caught.value.next_command


def test_two_least_values_are_an_error() -> None:
    """The goal cannot say two things of one column."""
    with pytest.raises(UsageError, match="two things"):
        drafted(valid(min="1"), valid(min="2"), x=counted("{}"))


def test_a_models_check_that_contradicts_is_left_out() -> None:
    """A model's part yields, and the note says so."""
    made = drafted(valid(type="integer"), valid(format="email", by="model"), x=counted("{}"))
    contract = made.pipelines[0].validation.contract
    assert isinstance(contract, dict)
    assert contract["x"].format is None
    assert any("model" in note for note in made.notes)


def test_a_models_type_is_taken_only_where_the_cells_bear_it_out() -> None:
    """What a model would have rejected is not rejected at its word."""
    wish = Valid(source="trips", column="x", type="integer", by="model")
    assert promised(counted("word {} of many"), wish).type == "text"
    assert promised(counted("{:04d}"), wish).type == "text"
    assert promised(counted("{}"), wish).type == "integer"


def test_a_models_list_writes_no_cell() -> None:
    """A list of its own making could put any spelling into the table."""
    wish = Valid(source="trips", column="x", one_of=("r-e-d",), by="model")
    spec = spec_of(wish, x=many("red", "blue"))
    assert not steps(spec, "canonical")


def test_a_model_takes_no_units_away() -> None:
    """Shares and measures lose their signs by the user's word alone, and so do codes their zeros."""
    wish = Cleaned(source="trips", how="numbers", columns=("x",), by="model")
    assert promised(many("5 kg", "7 kg", "9 kg"), wish).type == "text"
    assert promised(counted("{:04d}"), wish).type == "text"
    assert not steps(spec_of(wish, x=counted("{:04d}")), "numbers")


@pytest.mark.parametrize(
    ("said", "guessed"),
    [
        ({"min": "0"}, {"type": "boolean"}),
        ({"one_of": ("a", "b")}, {"min": "3"}),
        ({"format": "email"}, {"type": "integer"}),
        ({"type": "integer"}, {"one_of": ("x",)}),
        ({"max": "9"}, {"min": "10"}),
    ],
)
def test_a_models_check_never_turns_the_users_into_an_error(said: dict[str, Any], guessed: dict[str, Any]) -> None:
    """The user's check stands as it would alone."""
    cells = counted("{}")
    guess = Valid(source="trips", column="x", by="model", **guessed)
    assert promised(cells, valid(**said), guess) == promised(cells, valid(**said))


def test_sensitive_columns_are_so_in_the_contract() -> None:
    """Both the option and the goal make a column sensitive, and both are the user's word."""
    made = drafted(Secret(source="trips", column="x"), sensitive=frozenset({"y"}), x=counted("{}"), y=counted("{}"))
    contract = made.pipelines[0].validation.contract
    assert isinstance(contract, dict)
    assert contract["x"].sensitive
    assert contract["y"].sensitive
    assert made.said("trips", "validate.contract.y.sensitive")


def test_a_column_that_is_left_out_is_in_no_contract() -> None:
    """It is dropped at the end, so that other steps may still look at it."""
    spec = spec_of(Dropped(source="trips", column="y"), x=counted("{}"), y=counted("{}"))
    assert list(spec.validation.contract or ()) == ["x"]
    assert spec.clean[-1].model_dump()["columns"] == ("y",)


def test_a_column_that_is_left_out_and_checked_is_an_error() -> None:
    """Nobody can mean both."""
    with pytest.raises(UsageError, match="leaves out"):
        drafted(Dropped(source="trips", column="x"), valid(unique=True), x=counted("{}"), y=counted("{}"))


def test_every_column_left_out_is_an_error() -> None:
    """A table has a column."""
    with pytest.raises(UsageError, match="every column"):
        drafted(Dropped(source="trips", column="x"), x=counted("{}"))


def test_a_key_is_never_null() -> None:
    """A part of the key that is null identifies nothing, also where a program wrote N/A."""
    spec = spec_of(
        Key(source="trips", columns="x"), Mode(source="trips", write_disposition="merge"), x=["N/A", *counted("T{}")]
    )
    contract = spec.validation.contract
    assert isinstance(contract, dict)
    assert not contract["x"].nullable
    assert steps(spec, "null_markers")


def test_the_column_that_tells_the_newest_row_is_in_order() -> None:
    """Days in another form would be compared as text, so they are read even where a guess would not."""
    cells = [f"{row % 28 + 1:02d}.{row % 12 + 1:02d}.2024" if row % 9 else "soon" for row in range(ROWS)]
    spec = spec_of(Key(source="trips", columns="k"), Newest(source="trips", column="x"), k=counted("T{}"), x=cells)
    contract = spec.validation.contract
    assert isinstance(contract, dict)
    assert contract["x"].type == "date"


def test_nothing_of_the_cells_is_told() -> None:
    """Reasons and notes hold names of columns and numbers, never what stands in a cell."""
    secret = "zanzibar"
    made = drafted(x=[f"{row}.25" if row % 8 else secret for row in range(ROWS)], y=many(secret, "03/04/2024"))
    told = [*made.notes, *(point.reason for point in made.points)]
    assert not any(secret in text or "03/04" in text for text in told)


def test_a_dataset_without_rows_is_text_that_may_be_null() -> None:
    """Nothing is known of it."""
    promise = promised([])
    assert (promise.type, promise.nullable) == ("text", True)


def test_words_of_several_checks_go_into_one_contract() -> None:
    """Checks of a column add up."""
    promise = promised(counted("{}"), valid(required=True), valid(unique=True), valid(min="1"))
    assert promise.unique
    assert promise.min == "1"
    assert not promise.nullable


def test_a_column_that_a_file_lacks_may_be_missing() -> None:
    """Else the files that are there would be refused; a key has to be in all of them."""
    data = replace(source("trips", {"k": counted("T{}"), "x": counted("{}")}), partial=frozenset({"k", "x"}))
    made = draft(Reading(wishes=(Key(source="trips", columns="k"),)), given_of(data))
    contract = made.pipelines[0].validation.contract
    assert isinstance(contract, dict)
    assert (contract["x"].required, contract["x"].nullable) == (False, True)
    assert (contract["k"].required, contract["k"].nullable) == (True, False)


def test_a_form_that_is_asked_for_is_made_even_where_the_type_is_text() -> None:
    """A column with too much that is no date stays text, and its dates are written alike as the goal asks."""
    cells = [f"{row % 28 + 1}.3.2024" if row % 4 else "some day" for row in range(ROWS)]
    spec = spec_of(Cleaned(source="trips", how="dates", columns=("x",)), x=cells)
    contract = spec.validation.contract
    assert isinstance(contract, dict)
    assert contract["x"].type == "text"
    assert steps(spec, "dates")


def test_cleaning_that_no_column_has_use_for_is_told() -> None:
    """No wish is dropped in silence."""
    made = drafted(Cleaned(source="trips", how="dates", words="tidy up the dates"), x=counted("{}"))
    assert any("'tidy up the dates'" in note for note in made.notes)


def test_years_of_two_digits_are_read_where_a_date_is_asked_for() -> None:
    """Only by the user's word is a century guessed, and the reason says which."""
    cells = many("31-Dec-24", "1-Feb-99")
    assert promised(cells).type == "text"
    made = drafted(valid(type="date"), x=cells)
    (step,) = steps(made.pipelines[0], "dates")
    assert step.model_dump()["two_digit_years"] == 1969
    assert any("1969 to 2068" in point.reason for point in made.points)
