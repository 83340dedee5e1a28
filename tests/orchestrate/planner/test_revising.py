"""What is repaired on evidence: one family after the other, and what stays whatever the evidence."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from etl_agent.orchestrate.planner.draft import PlanDraft, Point
from etl_agent.orchestrate.planner.findings import Finding
from etl_agent.orchestrate.planner.given import Given
from etl_agent.orchestrate.planner.revising.checking import check
from etl_agent.orchestrate.planner.revising.revise import combined, repairs, revise
from etl_agent.orchestrate.planner.revision import Repair
from etl_agent.orchestrate.sequential import PipelineSpec
from tests.orchestrate.planner.drafts import draft_of, finding, given_of, pipeline, said, source

MOORINGS = source(
    "moorings",
    {
        "berth": [f"B{number}" for number in range(40)],
        "since": ["13.04.2025", "31.12.2024", "3.4.2025", "7.9.2025"] * 10,
        "fee": ["1.234,50 €", "12,00 €", "7,25 €", "3,10 €"] * 10,
        "depth": ["3", "4", "5.5", "6"] * 10,
        "mail": ["Ann@X.ORG ", "bob@y.de", " eve@z.net", None] * 10,
        "tide": ["03/04/2025", "05/06/2025"] * 20,
        "paid": ["Yes", "no", "Y", "n"] * 10,
        "state": ["open", "Open", "OPEN", "shut"] * 10,
        "length": ["12", "N/A", "9", "-"] * 10,
    },
)
HULLS = source("hulls", {"hull": [f"H{number}" for number in range(40)], "berth": ["B1", "B2"] * 20})
GIVEN = given_of(MOORINGS, HULLS)


def promised(spec: PipelineSpec, column: str) -> Any:
    """Return what a pipeline promises of a column."""
    contract = spec.validation.contract
    assert contract is not None
    assert not isinstance(contract, str)
    return contract[column]


def of(draft: PlanDraft, *findings: Finding, committed: Sequence[str] = ()) -> tuple[Repair, ...]:
    """Return the repairs for some evidence."""
    return repairs(draft, findings, GIVEN, committed=committed)


def names(*args: Any, **more: Any) -> list[str]:
    """Return the names of the repairs, without their numbers."""
    return [repair.name.partition(": ")[2] for repair in of(*args, **more)]


def revised(draft: PlanDraft, *findings: Finding, given: Given = GIVEN) -> PipelineSpec:
    """Return the first pipeline as rules revise it."""
    revision = revise(draft, findings, given)
    assert revision is not None
    return revision.draft.pipelines[0]


def rejected(column: str, key: str, code: str = "type-error", *, kind: str = "over_budget") -> Finding:
    """Find rows of the moorings rejected for a column."""
    return finding(
        kind, "moorings", key=f"validate.contract.{column}.{key}", column=column, code=code, rows=20, share=0.5
    )


def moorings(column: str, promise: Any, *, points: Sequence[Point] = (), **more: Any) -> PlanDraft:
    """Draft a pipeline that promises something of a column."""
    return draft_of(pipeline("moorings", {"berth": {}, column: promise}, **more), points=points)


# Types.


@pytest.mark.parametrize(
    ("column", "kind", "steps"),
    [
        ("since", "date", ["dates"]),
        ("since", "timestamp", []),
        ("fee", "decimal(12,2)", ["numbers"]),
        ("paid", "boolean", ["booleans"]),
        ("length", "integer", ["null_markers"]),
    ],
)
def test_values_are_read_before_the_contract(column: str, kind: str, steps: list[str]) -> None:
    """Where a step reads what the contract asks for, it is put there, whoever chose the type."""
    draft = moorings(column, {"type": kind}, points=[said("moorings", f"validate.contract.{column}.type")])
    revision = revise(draft, [rejected(column, "type")], GIVEN)
    clean = revision.draft.pipelines[0].clean if revision is not None else ()
    assert [step.name for step in clean] == steps  # type: ignore[union-attr]  # they are all steps


def test_a_revision_mends_what_the_check_found() -> None:
    """After the revision of what was found statically, nothing is found."""
    contract = {name: {"nullable": True} for name in MOORINGS.columns} | {
        "since": {"type": "date"},
        "fee": {"type": "decimal(12,2)"},
        "paid": {"type": "boolean"},
        "length": {"type": "integer"},
    }
    draft = draft_of(pipeline("moorings", contract))
    found = check(draft, GIVEN)
    assert len(found) == 4
    revision = revise(draft, found, GIVEN)
    assert revision is not None
    assert check(revision.draft, GIVEN) == ()
    assert revise(revision.draft, found, GIVEN) is None


def test_markers_of_nothing_become_null_which_is_allowed_then() -> None:
    """A column whose markers become null may be null, unless the user said otherwise."""
    spec = revised(moorings("length", {"type": "integer"}), rejected("length", "type"))
    assert promised(spec, "length").nullable
    draft = moorings("length", {"type": "integer"}, points=[said("moorings", "validate.contract.length.nullable")])
    assert "clean with null_markers" not in names(draft, rejected("length", "type"))


def test_a_number_gets_longer_before_it_becomes_text() -> None:
    """The narrowest type that holds all values is taken."""
    spec = revised(moorings("depth", {"type": "integer"}), rejected("depth", "type"))
    assert promised(spec, "depth").type == "decimal(20,1)"


def test_a_guessed_type_becomes_text_where_nothing_else_holds() -> None:
    """If no step helps, a guessed type is text, without the bounds that go with it."""
    spec = revised(moorings("state", {"type": "date", "min": "2020-01-01"}), rejected("state", "type"))
    assert (promised(spec, "state").type, promised(spec, "state").min) == ("text", None)


def test_rows_within_the_budget_do_not_cost_a_type() -> None:
    """Few rejected rows are no reason to give a type up."""
    assert names(moorings("state", {"type": "date"}), rejected("state", "type", kind="rejected")) == []


def test_a_said_type_stays() -> None:
    """A type that the user named is never widened."""
    point = said("moorings", "validate.contract.state.type")
    assert names(moorings("state", {"type": "date"}, points=[point]), rejected("state", "type")) == []


def test_a_said_bound_keeps_its_type() -> None:
    """A column with a bound of the user's does not become text."""
    point = said("moorings", "validate.contract.state.min")
    draft = moorings("state", {"type": "date", "min": "2020-01-01"}, points=[point])
    assert names(draft, rejected("state", "type")) == []


def test_instants_are_taken_with_their_offset() -> None:
    """Times that all have an offset are instants."""
    tides = source("tides", {"at": ["2025-04-13 10:00:00+02:00", "2025-04-14 11:30:00Z"] * 9})
    draft = draft_of(pipeline("tides", {"at": {"type": "timestamp"}}))
    found = check(draft, given_of(tides))
    assert promised(revised(draft, *found, given=given_of(tides)), "at").timezone == "offset"


def test_a_frozen_type_that_drifted_is_mended_like_others() -> None:
    """Values that do not fit a frozen type are read by a step too."""
    drifted = finding("drifted", "moorings", key="validate.contract.since", column="since")
    assert names(moorings("since", {"type": "date"}), drifted)[0] == "clean with dates"


def test_cleaning_stands_before_duplicates_are_looked_for() -> None:
    """Equal values are looked for in clean cells."""
    draft = moorings("since", {"type": "date"}, clean=[{"step": "deduplicate", "columns": ["since"]}])
    spec = revised(draft, rejected("since", "type"))
    assert [step.name for step in spec.clean] == ["dates", "deduplicate"]  # type: ignore[union-attr]  # steps


# Constraints.


def test_addresses_are_written_in_one_form_for_a_said_format() -> None:
    """Where the user wants valid addresses, they are cleaned first; the format stays."""
    point = said("moorings", "validate.contract.mail.format")
    draft = moorings("mail", {"format": "email", "nullable": True}, points=[point])
    spec = revised(draft, rejected("mail", "format", "constraint-error", kind="rejected"))
    assert spec.clean
    assert promised(spec, "mail").format == "email"


def test_case_is_settled_for_said_values() -> None:
    """Values that differ from the good ones in case are written like them."""
    point = said("moorings", "validate.contract.state.one_of")
    draft = moorings("state", {"one_of": ["open", "shut"]}, points=[point])
    assert names(draft, rejected("state", "one_of", "constraint-error")) == ["clean with case"]


@pytest.mark.parametrize(
    ("column", "promise", "key"),
    [
        ("berth", {"format": "uuid"}, "format"),
        ("berth", {"matches": "[0-9]+"}, "matches"),
        ("berth", {"one_of": ["X"]}, "one_of"),
        ("berth", {"min_length": 30}, "min_length"),
        ("berth", {"max_length": 1}, "max_length"),
        ("depth", {"type": "float", "min": 100}, "min"),
        ("depth", {"type": "float", "max": 1}, "max"),
    ],
)
def test_a_guessed_constraint_is_taken_back(column: str, promise: Any, key: str) -> None:
    """A constraint that nobody asked for gives way; one that the user asked for does not."""
    draft = moorings(column, promise)
    found = rejected(column, key, "constraint-error")
    assert getattr(promised(revised(draft, found), column), key) is None
    kept = moorings(column, promise, points=[said("moorings", f"validate.contract.{column}.{key}")])
    assert not [name for name in names(kept, found) if name.startswith("drop")]


def test_every_guessed_constraint_goes_where_it_is_not_known_which() -> None:
    """Where the evidence names the column alone, what was guessed of it is taken back together."""
    draft = moorings("berth", {"format": "uuid", "max_length": 1})
    found = finding("over_budget", "moorings", key="validate.contract.berth", column="berth", code="constraint-error")
    assert names(draft, found) == ["drop format and max_length"]


@pytest.mark.parametrize(
    ("promise", "key", "code"),
    [
        ({"format": "uuid"}, "format", "constraint-error"),
        ({"unique": True}, "unique", "unique-error"),
        ({}, "nullable", "required-value"),
    ],
)
def test_rows_within_the_budget_do_not_cost_a_promise(promise: Any, key: str, code: str) -> None:
    """A guess is taken back only where the pipeline loads nothing for it."""
    assert names(moorings("state", promise), rejected("state", key, code, kind="rejected")) == []


def test_null_is_allowed_where_nobody_said_otherwise() -> None:
    """A guess that a column is never null gives way."""
    found = rejected("mail", "nullable", "required-value")
    assert promised(revised(moorings("mail", {}), found), "mail").nullable
    kept = moorings("mail", {}, points=[said("moorings", "validate.contract.mail.nullable")])
    assert names(kept, found) == []


def test_a_key_is_never_null() -> None:
    """Null is not allowed in a key."""
    draft = moorings("mail", {}, primary_key="mail", write_disposition="merge")
    assert "allow null" not in names(draft, rejected("mail", "nullable", "required-value"))


def test_uniqueness_gives_way_unless_it_was_said() -> None:
    """A guess that values are unique is taken back."""
    found = rejected("state", "unique", "unique-error")
    assert names(moorings("state", {"unique": True}), found) == ["drop unique"]
    point = said("moorings", "validate.contract.state.unique")
    assert names(moorings("state", {"unique": True}, points=[point]), found) == []


def test_columns_that_are_unique_together_give_way() -> None:
    """So does a guess about several columns."""
    draft = moorings("state", {}, validate={"unique": [["berth", "state"]]})
    found = finding("over_budget", "moorings", key="validate", code="unique-error")
    assert names(draft, found) == ["drop unique together"]


def test_a_check_between_columns_gives_way() -> None:
    """A guessed check between columns is taken back, and a said one is not."""
    checks = {"checks": [{"column": "berth", "ne": "state"}]}
    found = finding("over_budget", "moorings", key="validate", code="row-constraint")
    assert names(moorings("state", {}, validate=checks), found) == ["drop a check"]
    kept = moorings("state", {}, validate=checks, points=[said("moorings", "validate.checks")])
    assert names(kept, found) == []


# Columns.


def test_a_missing_column_may_be_missing() -> None:
    """A column that no file brings is not required any more, unless the user said that it is."""
    found = finding("missing_column", "moorings", key="validate.contract.colour", column="colour")
    column = promised(revised(moorings("colour", {}), found), "colour")
    assert (column.required, column.nullable) == (False, True)
    point = said("moorings", "validate.contract.colour.required")
    assert names(moorings("colour", {}, points=[point]), found) == []


def test_a_misspelled_column_of_the_contract_is_renamed() -> None:
    """One near name, and only one, is what was meant; the key follows."""
    spec = pipeline("moorings", {"brth": {}, "fee": {}}, primary_key="brth", write_disposition="merge")
    found = [each for each in check(draft_of(spec), GIVEN) if each.column == "brth"]
    after = revised(draft_of(spec), *found)
    assert promised(after, "berth") == promised(spec, "brth")
    assert after.load.primary_key == ("berth",)


def test_what_the_user_calls_a_column_stays() -> None:
    """A key that the user named is not renamed."""
    spec = pipeline("moorings", {"brth": {}}, primary_key="brth", write_disposition="merge")
    draft = draft_of(spec, points=[said("moorings", "load.primary_key")])
    found = [each for each in check(draft, GIVEN) if each.column == "brth"]
    assert "rename in the contract" not in names(draft, *found)


@pytest.mark.parametrize("kind", ["drifted", "invalid"])
def test_a_column_too_many_is_loaded_as_text(kind: str) -> None:
    """A guessed contract learns to know what the files bring; the policy of drift stays."""
    found = finding(kind, "moorings", key="validate.drift.columns", column="tide")
    spec = revised(moorings("fee", {}), found)
    assert promised(spec, "tide").type == "text"
    assert spec.validation.drift.columns == "freeze"
    kept = moorings("fee", {}, points=[said("moorings", "validate.contract")])
    assert names(kept, found) == []


def test_a_misspelled_column_of_a_step_is_renamed() -> None:
    """A step takes the one near name."""
    draft = draft_of(pipeline("moorings", clean=[{"step": "strip", "columns": ["berht", "mail"]}]))
    spec = revised(draft, *check(draft, GIVEN))
    assert spec.clean[0].columns == ("berth", "mail")  # type: ignore[union-attr]  # it is a step


def test_a_step_leaves_what_is_not_there() -> None:
    """A step on columns of which one is not there keeps the others; one on none goes."""
    clean = [{"step": "strip", "columns": ["nowhere", "mail"]}, {"step": "email", "columns": "nowhere"}]
    draft = draft_of(pipeline("moorings", clean=clean))
    spec = revised(draft, *check(draft, GIVEN))
    assert [step.columns for step in spec.clean] == [("mail",)]  # type: ignore[union-attr]  # steps


def test_a_said_step_is_kept_although_it_cannot_work() -> None:
    """What the user asked for stays: a person must look at it."""
    spec = pipeline("moorings", clean=[{"step": "strip", "columns": ["berht"]}])
    draft = draft_of(spec, points=[said("moorings", "clean.0")])
    assert names(draft, *check(draft, GIVEN)) == []


def test_a_type_becomes_that_of_the_table() -> None:
    """A guessed type gives way to the table's."""
    found = finding("target_conflict", "moorings", key="validate.contract.depth", column="depth", wanted="float")
    assert promised(revised(moorings("depth", {"type": "decimal(6,1)"}), found), "depth").type == "float"
    point = said("moorings", "validate.contract.depth.type")
    assert names(moorings("depth", {"type": "decimal(6,1)"}, points=[point]), found) == []


def test_a_table_of_a_type_that_is_not_known_has_no_repair() -> None:
    """What the table wants must be a word of ours."""
    found = finding("target_conflict", "moorings", column="depth", wanted="int4; drop table x")
    assert names(moorings("depth", {}), found) == []


def test_a_column_that_the_table_lacks_is_not_left_out() -> None:
    """To give up cells is for the user to say."""
    found = finding("target_conflict", "moorings", column="tide", wanted="absent")
    assert names(moorings("tide", {}), found) == []


def test_a_sensitive_column_that_is_added_is_sensitive() -> None:
    """What the user called sensitive is so in the contract too."""
    secret = given_of(source("ships", {"id": ["1", "2"], "pin": ["3", "4"]}, sensitive=frozenset({"pin"})))
    draft = draft_of(pipeline("ships", {"id": {}}))
    assert promised(revised(draft, *check(draft, secret), given=secret), "pin").sensitive


# Keys.


def keyed(**load: Any) -> PlanDraft:
    """Draft a pipeline with a key that is none."""
    more = {"primary_key": "state", "write_disposition": "merge", **load}
    return draft_of(pipeline("moorings", {"berth": {}, "state": {}}, **more))


CONFLICT = finding("key_conflict", "moorings", key="load.primary_key", column="state", rows=30, share=0.75)


def test_another_key_is_taken() -> None:
    """A guessed key that rows share gives way to one that tells them apart."""
    assert revised(keyed(), CONFLICT).load.primary_key == ("berth",)


def test_a_pair_is_taken_where_no_column_is_a_key() -> None:
    """Two columns may tell rows apart that neither does alone."""
    places = [f"P{number}" for number in range(20)]
    days = [f"2025-04-{number:02d}" for number in range(1, 21)]
    prices = source("prices", {"place": [p for p in places for _ in days], "day": days * 20, "price": ["1", "2"] * 200})
    spec = pipeline("prices", {"place": {}, "day": {}, "price": {}}, primary_key="price", write_disposition="merge")
    found = check(draft_of(spec), given_of(prices))
    assert revised(draft_of(spec), *found, given=given_of(prices)).load.primary_key == ("place", "day")


def test_a_key_that_only_the_table_contradicts_stays() -> None:
    """Where the files' rows have a key each, another key would double them in the table."""
    draft = draft_of(pipeline("moorings", {"berth": {}, "state": {}}, primary_key="berth"))
    assert names(draft, finding("key_conflict", "moorings", key="load.primary_key", column="berth")) == []


def test_values_that_only_happen_to_differ_are_no_key() -> None:
    """A column that is no key by its nature is not taken for one."""
    calls = source("calls", {"caller": ["a", "b"] * 20, "phone": [f"+49 30 55{at:04d}" for at in range(40)]})
    spec = pipeline("calls", {"caller": {}, "phone": {}}, primary_key="caller", write_disposition="merge")
    assert repairs(draft_of(spec), check(draft_of(spec), given_of(calls)), given_of(calls)) == ()


def test_a_key_that_the_user_named_stays() -> None:
    """No evidence changes it."""
    draft = keyed().model_copy(update={"points": (said("moorings", "load.primary_key"),)})
    assert names(draft, CONFLICT) == []


def test_a_merge_keeps_a_key() -> None:
    """Where rows are merged, there is always a key; else there need not be one."""
    assert names(keyed(), CONFLICT) == ["another key"]
    assert names(keyed(write_disposition="append"), CONFLICT) == ["another key", "no key"]


def test_rows_that_are_equal_are_kept_once() -> None:
    """Equal rows that break a key are one row, also where the user named the key."""
    twice = source("twice", {"id": ["1", "1", "2", "3"] * 5, "x": ["a", "a", "b", "c"] * 5})
    draft = draft_of(
        pipeline("twice", {"id": {"unique": True}, "x": {}}), points=[said("twice", "validate.contract.id.unique")]
    )
    found = finding("over_budget", "twice", key="validate.contract.id.unique", column="id", code="unique-error")
    spec = revised(draft, found, given=given_of(twice))
    assert [step.name for step in spec.clean] == ["deduplicate"]  # type: ignore[union-attr]  # steps


def test_the_newest_is_told_by_dates_once_they_are_read() -> None:
    """Where the user says which column tells, it gets a type that has an order, and the step that reads it."""
    contract = {"berth": {}, "since": {}}
    spec = pipeline("moorings", contract, primary_key="berth", newest_by="since", write_disposition="merge")
    draft = draft_of(spec, points=[said("moorings", "load.newest_by")])
    found = [each for each in check(draft, GIVEN) if each.key == "load.newest_by"]
    after = revised(draft, *found)
    assert (promised(after, "since").type, after.load.newest_by) == ("date", "since")
    assert [step.name for step in after.clean] == ["dates"]  # type: ignore[union-attr]  # steps


def test_a_guessed_newest_that_has_no_order_is_taken_back() -> None:
    """Where no other column tells, the last row is the newest."""
    contract = {"berth": {}, "state": {}}
    spec = pipeline("moorings", contract, primary_key="berth", newest_by="state", write_disposition="merge")
    found = [each for each in check(draft_of(spec), GIVEN) if each.key == "load.newest_by"]
    assert revised(draft_of(spec), *found).load.newest_by is None


# Nodes.


def test_a_step_that_would_do_damage_is_dropped() -> None:
    """The gate's refusal is answered by doing without the step."""
    draft = draft_of(pipeline("moorings", clean=[{"step": "case", "columns": "state", "to": "upper"}]))
    found = finding("gate_refused", "moorings", key="clean.0", step="case")
    assert revised(draft, found).clean == ()


def test_a_step_leaves_the_one_column_alone_in_which_it_would_do_damage() -> None:
    """The other columns are still cleaned."""
    draft = draft_of(pipeline("moorings", clean=[{"step": "strip"}]))
    found = finding("gate_refused", "moorings", key="clean.0", step="strip", column="mail")
    columns = revised(draft, found).clean[0].columns  # type: ignore[union-attr]  # it is a step
    assert set(columns) == set(MOORINGS.columns) - {"mail"}


def test_a_route_that_would_do_damage_leaves_its_columns() -> None:
    """The route stays, and does nothing."""
    draft = draft_of(pipeline("moorings", clean=[{"route": "tidy", "among": ["people", "auto"]}]))
    found = finding("gate_refused", "moorings", key="clean.0", step="tidy")
    assert revised(draft, found).clean[0].among == ("leave",)  # type: ignore[union-attr]  # it is a route


def test_a_step_that_a_route_left_out_is_left_out_already() -> None:
    """The gate has dropped it, and kept the route's other steps."""
    draft = draft_of(pipeline("moorings", clean=[{"route": "tidy", "among": ["people"]}]))
    assert names(draft, finding("gate_refused", "moorings", key="clean.0", step="strip", column="mail")) == []


def test_a_repeated_step_is_done_once() -> None:
    """Of two equal steps in a row one stays."""
    draft = draft_of(pipeline("hulls", clean=[{"step": "strip"}, {"step": "strip"}]))
    assert len(revised(draft, *check(draft, GIVEN)).clean) == 1


def test_a_step_that_cannot_work_is_left_out() -> None:
    """A rename to a name that is taken goes, also at the first place."""
    draft = draft_of(pipeline("hulls", clean=[{"step": "rename", "columns": {"hull": "berth"}}]))
    assert revised(draft, *check(draft, GIVEN)).clean == ()


def test_code_that_is_no_part_of_a_plan_is_taken_out() -> None:
    """A step of foreign code does not survive a revision."""
    draft = draft_of(pipeline("hulls", clean=[{"step": "python", "use": "os:Thing"}]))
    assert revised(draft, *check(draft, GIVEN)).clean == ()


AMBIGUOUS = finding("ambiguous", "moorings", key="clean.0", step="dates", column="tide")


def test_dates_are_read_as_other_cells_prove() -> None:
    """Where other dates of the data show that the day comes first, it does here."""
    harbour = source("harbour", {"tide": ["03/04/2025", "05/06/2025"] * 9, "built": ["13/04/2025", "02/03/2025"] * 9})
    clean = [{"step": "dates", "columns": ["tide", "built"]}]
    draft = draft_of(pipeline("harbour", {"tide": {"type": "date"}, "built": {"type": "date"}}, clean=clean))
    found = finding("ambiguous", "harbour", key="clean.0", step="dates", column="tide")
    spec = revised(draft, found, given=given_of(harbour))
    first, second = spec.clean
    assert first.columns == ("built",)  # type: ignore[union-attr]  # it is a step
    assert (second.columns, second.formats) == (("tide",), ("%d/%m/%Y",))  # type: ignore[union-attr]  # a step
    assert check(draft_of(spec), given_of(harbour)) == ()


def test_dates_that_nothing_proves_stay_text() -> None:
    """Where nothing tells, a guessed date stays as it is written."""
    only = given_of(source("moorings", {"berth": ["B1", "B2"] * 9, "tide": ["03/04/2025", "05/06/2025"] * 9}))
    draft = moorings("tide", {"type": "date"}, clean=[{"step": "dates", "columns": "tide"}])
    spec = revised(draft, AMBIGUOUS, given=only)
    assert (spec.clean, promised(spec, "tide").type) == ((), "text")


def test_another_dataset_proves_nothing() -> None:
    """Other people may write dates otherwise."""
    others = source("hulls", {"hull": ["H1", "H2"] * 9, "built": ["13/04/2025", "25/03/2025"] * 9})
    both = given_of(source("moorings", {"tide": ["03/04/2025", "05/06/2025"] * 9}), others)
    clean = [{"step": "dates", "columns": "tide"}]
    draft = draft_of(pipeline("moorings", {"tide": {"type": "date"}}, clean=clean))
    assert promised(revised(draft, AMBIGUOUS, given=both), "tide").type == "text"


def test_a_said_date_that_nothing_proves_has_no_repair() -> None:
    """The user must say which it is."""
    only = given_of(source("moorings", {"berth": ["B1", "B2"] * 9, "tide": ["03/04/2025", "05/06/2025"] * 9}))
    points = [said("moorings", "validate.contract.tide.type")]
    draft = moorings("tide", {"type": "date"}, points=points, clean=[{"step": "dates", "columns": "tide"}])
    assert repairs(draft, [AMBIGUOUS], only) == ()


def test_numbers_are_read_as_other_cells_prove() -> None:
    """A column whose marks are open takes those of a column that shows them."""
    till = source("till", {"net": ["1,234", "2,500"] * 9, "gross": ["1,469.50", "2,975.00"] * 9})
    clean = [{"step": "numbers", "columns": ["net"]}]
    draft = draft_of(pipeline("till", {"net": {"type": "integer"}, "gross": {}}, clean=clean))
    found = finding("ambiguous", "till", key="clean.0", step="numbers", column="net")
    step = revised(draft, found, given=given_of(till)).clean[0]
    assert (step.decimal_mark, step.thousands_mark) == (".", ",")  # type: ignore[union-attr]  # it is a step


# Order.


def order(revision: Any) -> list[str]:
    """Return the names of the pipelines in their order."""
    assert revision is not None
    return [spec.name for spec in revision.draft.pipelines]


def test_a_pipeline_moves_behind_what_it_needs() -> None:
    """The order follows the needs."""
    draft = draft_of(pipeline("moorings", needs=["hulls"]), pipeline("hulls"))
    assert order(revise(draft, check(draft, GIVEN), GIVEN)) == ["hulls", "moorings"]


def test_a_need_that_is_not_there_is_dropped() -> None:
    """Nobody waits for a pipeline that there is not, unless the user said so."""
    draft = draft_of(pipeline("hulls", needs=["boots"]))
    assert revised(draft, *check(draft, GIVEN)).needs == ()
    kept = draft.model_copy(update={"points": (said("hulls", "needs.0"),)})
    assert names(kept, *check(kept, GIVEN)) == []


def test_a_circle_is_opened() -> None:
    """Of needs in a circle one goes."""
    draft = draft_of(pipeline("moorings", needs=["hulls"]), pipeline("hulls", needs=["moorings"]))
    revision = revise(draft, check(draft, GIVEN), GIVEN)
    assert revision is not None
    assert check(revision.draft, GIVEN) == ()


def test_what_rows_refer_to_is_loaded_first() -> None:
    """Refused references bring the table that they point at to the front."""
    first = pipeline("hulls", {"hull": {}, "berth": {}}, primary_key="hull")
    second = pipeline("moorings", {"berth": {}}, primary_key="berth")
    found = finding("over_budget", "hulls", key="validate", code="foreign-key-error", share=1.0)
    revision = revise(draft_of(first, second), [found], GIVEN)
    assert order(revision) == ["moorings", "hulls"]
    assert revision is not None
    assert revision.draft.pipelines[1].needs == ("moorings",)


@pytest.mark.parametrize("kind", ["empty_input", "broken", "check_failed"])
def test_what_no_plan_can_mend_has_no_repair(kind: str) -> None:
    """An empty file, a failed check of the user's and a database that is away are no matter of the plan."""
    assert names(moorings("fee", {"type": "decimal(12,2)"}), finding(kind, "moorings")) == []


def test_drift_from_the_lock_has_no_repair() -> None:
    """A lock is made anew elsewhere."""
    assert names(moorings("fee", {}), finding("drifted", "moorings", key="lock", column="fee")) == []


# Revisions.


def test_a_pipeline_that_could_not_work_is_looked_at_again() -> None:
    """A run says only that a pipeline cannot work; the check says where."""
    draft = draft_of(pipeline("moorings", primary_key="berht"))
    revision = revise(draft, [finding("invalid", "moorings")], GIVEN)
    assert revision is not None
    (change,) = revision.changes
    assert (change.before, change.after) == ("[berht]", "[berth]")


def test_a_value_that_is_gone_is_written_as_nothing() -> None:
    """A change to nothing is empty, and so is one from nothing."""
    (change,) = of(keyed(write_disposition="append"), CONFLICT)[1].apply(keyed(write_disposition="append"))[1]
    assert (change.key, change.before, change.after) == ("load.primary_key", "[state]", "")


def test_a_committed_pipeline_is_final() -> None:
    """Nothing is repaired in what has run."""
    draft = moorings("since", {"type": "date"})
    assert of(draft, rejected("since", "type"), committed=["moorings"]) == ()


def test_a_finding_of_another_plan_has_no_repair() -> None:
    """A pipeline that is not in the draft is nothing to repair."""
    assert of(moorings("fee", {}), finding("over_budget", "ghosts", column="fee", code="type-error")) == ()


def test_repairs_have_names_of_their_own() -> None:
    """Names are unique, and hold no name of the data."""
    draft = moorings("since", {"type": "date"})
    listed = of(draft, rejected("since", "type"), rejected("berth", "nullable", "required-value"), CONFLICT)
    assert len({repair.name for repair in listed}) == len(listed) == 3
    assert not any(word in repair.name for repair in listed for word in ("since", "berth", "moorings"))


def test_one_repair_answers_all_findings_that_it_answers() -> None:
    """The same change is offered once."""
    twice = rejected("since", "type"), rejected("since", "type", kind="rejected")
    (cleaning, *_) = of(moorings("since", {"type": "date"}), *twice)
    assert cleaning.answers == twice


def test_the_best_repairs_come_first() -> None:
    """What keeps every promise comes before what takes one back."""
    assert names(moorings("since", {"type": "date"}), rejected("since", "type")) == [
        "clean with dates",
        "widen to text",
    ]


def test_applying_twice_changes_nothing_more() -> None:
    """Every repair is made once."""
    for repair in of(moorings("since", {"type": "date"}), rejected("since", "type"), CONFLICT):
        after, changes = repair.apply(moorings("since", {"type": "date"}))
        assert changes
        assert repair.apply(after) == (after, ())


def test_changes_say_before_and_after() -> None:
    """A change has the key, both values as they stand in a file, and the reason, which is a choice by evidence."""
    draft = moorings("state", {"type": "date"})
    revision = revise(draft, [rejected("state", "type")], GIVEN)
    assert revision is not None
    (change,) = revision.changes
    assert (change.key, change.before, change.after) == ("validate.contract.state.type", "date", "text")
    assert [(point.key, point.by) for point in revision.draft.points] == [("validate.contract.state.type", "evidence")]


def test_changes_hold_no_text_of_cells() -> None:
    """Markers, bounds and mappings that come from the data are hidden."""
    mapped = [{"step": "map_values", "columns": ["state"], "values": {"secret": "cell"}}]
    draft = moorings("length", {"type": "integer", "max": 7}, clean=mapped)
    found = (
        rejected("length", "type"),
        rejected("length", "max", "constraint-error"),
        finding("gate_refused", "moorings", key="clean.0", step="map_values"),
    )
    changes = [change for repair in of(draft, *found) for change in repair.apply(draft)[1]]
    text = " ".join(f"{change.before} {change.after} {change.reason}" for change in changes)
    assert changes
    assert not any(word in text for word in ("secret", "cell,", "N/A", "7"))


def test_what_was_said_of_a_step_follows_it() -> None:
    """Steps move, and the user's words move with them."""
    clean = [{"step": "email", "columns": "nowhere"}, {"step": "strip", "columns": "mail"}]
    draft = draft_of(pipeline("moorings", clean=clean), points=[said("moorings", "clean.1")])
    revision = revise(draft, check(draft, GIVEN), GIVEN)
    assert revision is not None
    assert revision.draft.said("moorings", "clean.0")
    assert revision.draft.pipelines[0].clean == draft.pipelines[0].clean[1:]


def test_repairs_are_combined_in_their_order() -> None:
    """A repair that has nothing to do by then is left out, and who chose is kept."""
    draft = moorings("since", {"type": "date"})
    listed = of(draft, rejected("since", "type"))
    revision = combined(draft, (listed[1], listed[1]), [rejected("since", "type")], by="model")
    assert revision is not None
    assert len(revision.changes) == 1
    assert revision.by == "model"


def test_nothing_to_do_is_no_revision() -> None:
    """Without a repair there is no revision."""
    assert combined(moorings("fee", {}), (), []) is None
    assert revise(moorings("fee", {}), [finding("broken", "moorings")], GIVEN) is None


def test_a_repair_that_breaks_something_else_is_not_taken() -> None:
    """What makes a draft invalid in a new way is left out: here a type of the table that holds too few values."""
    draft = moorings("depth", {"type": "decimal(6,1)"})
    found = finding("target_conflict", "moorings", key="validate.contract.depth", column="depth", wanted="integer")
    assert names(draft, found) == ["type of the table integer"]
    assert revise(draft, [found], GIVEN) is None
