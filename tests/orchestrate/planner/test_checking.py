"""What the static check finds in drafts, and what it lets pass."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Any

import pytest

from etl_agent.clean.text import Strip
from etl_agent.orchestrate.planner.given import UserSql
from etl_agent.orchestrate.planner.revising.checking import check
from tests.orchestrate.planner.drafts import draft_of, given_of, pipeline, said, source

MOORINGS = source(
    "moorings",
    {
        "berth": [f"B{number}" for number in range(40)],
        "since": ["13.04.2025", "31.12.2024"] * 20,
        "fee": ["12.50", "7.25"] * 20,
        "day": ["2025-04-13", "2025-04-14"] * 20,
        "mail": ["ann@x.org", None] * 20,
    },
)
BOATS = source("boats", {"hull": [f"H{number}" for number in range(40)], "berth": ["B1", "B2"] * 20})
GIVEN = given_of(MOORINGS, BOATS, sql=(UserSql("totals", PurePosixPath("sql/totals.sql"), check=False),))
WHOLE: dict[str, Any] = {
    "berth": {},
    "since": {},
    "fee": {"type": "decimal(8,2)"},
    "day": {"type": "date"},
    "mail": {"nullable": True},
}


def found(*pipelines: Any, points: Any = ()) -> list[tuple[str, str | None]]:
    """Return key and column of what is found."""
    return [(each.key, each.column) for each in check(draft_of(*pipelines, points=points), GIVEN)]


def test_a_sound_draft_has_no_findings() -> None:
    """Nothing is found in a pipeline that fits its files."""
    assert found(pipeline("moorings", WHOLE, primary_key="berth", write_disposition="merge")) == []


def test_findings_are_invalid_and_say_near_names() -> None:
    """A finding has the kind invalid, and its sentence lists what may have been meant."""
    broken = pipeline("moorings", WHOLE, clean=[{"step": "strip", "columns": ["brth"]}])
    (only,) = [each for each in check(draft_of(broken), GIVEN) if each.key == "clean.0"]
    assert only.kind == "invalid"
    assert "'berth'" in only.detail


@pytest.mark.parametrize(
    ("clean", "key", "column"),
    [
        ([{"step": "strip", "columns": ["gone"]}], "clean.0", "gone"),
        ([{"step": "drop", "columns": ["mail"]}, {"step": "email", "columns": ["mail"]}], "clean.1", "mail"),
        ([{"step": "rename", "columns": {"mail": "address"}}, {"step": "email", "columns": "mail"}], "clean.1", "mail"),
        ([{"route": "tidy", "columns": ["gone"], "among": ["people"]}], "clean.0", "gone"),
        (
            [
                {
                    "when": {"measure": "null_share", "column": "mail", "gt": 0},
                    "then": [{"step": "strip", "columns": ["gone"]}],
                }
            ],
            "clean.0",
            "gone",
        ),
    ],
)
def test_a_column_must_be_there_at_its_place(clean: Any, key: str, column: str) -> None:
    """Columns are followed through drops, renames, routes and branches."""
    assert (key, column) in found(pipeline("moorings", clean=clean))


def test_a_renamed_column_is_known_by_its_new_name() -> None:
    """What a rename makes is there behind it."""
    contract = {("address" if name == "mail" else name): column for name, column in WHOLE.items()}
    assert found(pipeline("moorings", contract, clean=[{"step": "rename", "columns": {"mail": "address"}}])) == []


def test_a_column_of_the_contract_must_come_from_somewhere() -> None:
    """A required column that nothing brings is found."""
    assert found(pipeline("moorings", {**WHOLE, "colour": {}})) == [("validate.contract.colour", "colour")]


def test_a_column_that_may_be_missing_is_not_missed() -> None:
    """A column that is not required may be absent."""
    assert found(pipeline("moorings", {**WHOLE, "colour": {"required": False, "nullable": True}})) == []


def test_a_frozen_contract_must_know_every_column() -> None:
    """What the files bring beyond the contract would refuse the run."""
    contract = {name: column for name, column in WHOLE.items() if name != "mail"}
    assert found(pipeline("moorings", contract)) == [("validate.drift.columns", "mail")]


def test_a_dropped_column_need_not_be_in_the_contract() -> None:
    """A column that a step drops is not unknown."""
    contract = {name: column for name, column in WHOLE.items() if name != "mail"}
    assert found(pipeline("moorings", contract, clean=[{"step": "drop", "columns": ["mail"]}])) == []


@pytest.mark.parametrize("key", ["primary_key", "newest_by"])
def test_the_load_names_columns_that_are_there(key: str) -> None:
    """Without a contract, the columns of the load are looked for behind the last step."""
    load = {"primary_key": "gone"} if key == "primary_key" else {"primary_key": "berth", "newest_by": "gone"}
    assert (f"load.{key}", "gone") in found(pipeline("moorings", **load))


def test_an_index_names_columns_that_are_there() -> None:
    """Indexes are looked at too."""
    assert ("load.indexes", "gone") in found(pipeline("moorings", indexes=[["gone"]]))


def test_types_must_fit() -> None:
    """A contract that asks for dates where cells are written otherwise is found, with its code and share."""
    (only,) = check(draft_of(pipeline("moorings", {**WHOLE, "since": {"type": "date"}})), GIVEN)
    assert (only.key, only.code, only.share) == ("validate.contract.since.type", "type-error", 1.0)


def test_a_step_makes_types_fit() -> None:
    """With the step that reads them, dates fit."""
    contract = {**WHOLE, "since": {"type": "date"}}
    assert found(pipeline("moorings", contract, clean=[{"step": "dates", "columns": ["since"]}])) == []


def test_a_route_on_a_column_is_given_the_benefit_of_the_doubt() -> None:
    """What a route will do is not known beforehand."""
    contract = {**WHOLE, "since": {"type": "date"}}
    assert (
        found(pipeline("moorings", contract, clean=[{"route": "r", "columns": "since", "among": ["eu_dates"]}])) == []
    )


def test_nulls_are_counted() -> None:
    """More nulls than rows may be rejected, where null is not good, are found."""
    assert found(pipeline("moorings", {**WHOLE, "mail": {}})) == [("validate.contract.mail.nullable", "mail")]


def test_what_the_budget_allows_is_not_found() -> None:
    """Promises that fewer values break than may be rejected stand."""
    spec = pipeline("moorings", {**WHOLE, "mail": {}}, validate={"max_reject_share": 0.6})
    assert found(spec) == []


@pytest.mark.parametrize(
    ("promise", "key"),
    [({"format": "email"}, "format"), ({"one_of": ["B1"]}, "one_of"), ({"max_length": 2}, "max_length")],
)
def test_constraints_are_tried(promise: Any, key: str) -> None:
    """Constraints that the values break are found by their key."""
    assert found(pipeline("moorings", {**WHOLE, "berth": promise})) == [(f"validate.contract.berth.{key}", "berth")]


def test_bounds_are_tried() -> None:
    """Values below the least are found."""
    assert ("validate.contract.fee.min", "fee") in found(
        pipeline("moorings", {**WHOLE, "fee": {"type": "decimal(8,2)", "min": 10}})
    )


def test_a_key_tells_rows_apart() -> None:
    """A guessed key that rows share is found."""
    assert found(pipeline("moorings", WHOLE, primary_key="day")) == [("load.primary_key", "day")]


def test_a_pair_of_columns_must_tell_rows_apart_too() -> None:
    """A guessed key of two columns is looked at together."""
    assert found(pipeline("moorings", WHOLE, primary_key=["day", "fee"])) == [("load.primary_key", None)]
    assert found(pipeline("moorings", WHOLE, primary_key=["day", "berth"])) == []


def test_what_the_user_calls_a_key_is_one() -> None:
    """The last row of a key wins, if the user says so."""
    assert found(pipeline("moorings", WHOLE, primary_key="day"), points=[said("moorings", "load.primary_key")]) == []


def test_no_row_may_lack_its_key() -> None:
    """Nulls in a key are found, whoever chose it."""
    spec = pipeline("moorings", WHOLE, primary_key="mail")
    assert ("load.primary_key", "mail") in found(spec, points=[said("moorings", "load.primary_key")])


def test_newest_needs_an_order() -> None:
    """Text does not say which row is newest."""
    assert ("load.newest_by", "since") in found(pipeline("moorings", WHOLE, primary_key="berth", newest_by="since"))


def test_the_newest_by_a_date_is_fine() -> None:
    """A date does."""
    assert found(pipeline("moorings", WHOLE, primary_key="berth", newest_by="day")) == []


def test_needs_are_known() -> None:
    """A need that is no pipeline is found."""
    assert found(pipeline("moorings", WHOLE, needs=["boots"])) == [("needs", None)]


def test_needs_come_first() -> None:
    """A pipeline comes behind what it needs."""
    first = pipeline("moorings", WHOLE, needs=["boats"])
    assert found(first, pipeline("boats")) == [("needs", None)]
    assert found(pipeline("boats"), first) == []


def test_needs_in_a_circle_are_found() -> None:
    """Pipelines may not need each other."""
    both = pipeline("moorings", WHOLE, needs=["boats"]), pipeline("boats", needs=["moorings"])
    assert found(*both) == [("needs", None), ("needs", None)]


def test_two_pipelines_of_one_name_are_found() -> None:
    """A name stands for one pipeline."""
    assert ("name", None) in found(pipeline("boats"), pipeline("boats", files=["moorings.csv"], table="m"))


def test_two_pipelines_into_one_table_are_found() -> None:
    """A table has one pipeline, unless the user sends two there and neither replaces the other's rows."""
    both = pipeline("moorings", WHOLE), pipeline("boats", table="Moorings")
    wished = [said("moorings", "load.table"), said("boats", "load.table")]
    assert found(*both) == [("load.table", None)]
    assert found(*both, points=wished) == []
    replacing = both[0], pipeline("boats", table="moorings", write_disposition="replace")
    assert found(*replacing, points=wished) == [("load.table", None)]


def test_files_are_the_given_ones() -> None:
    """A file that nobody gave is found."""
    assert ("extract.files", None) in found(pipeline("moorings", files=["/etc/passwd"]))


def test_the_target_is_the_given_one() -> None:
    """Another target is found, and not repeated, since it may hold a password."""
    (only,) = check(draft_of(pipeline("boats", to="sqlite:///else.db")), GIVEN)
    assert only.key == "load.to"
    assert "else" not in only.detail


def test_sql_is_the_given_one() -> None:
    """SQL files run only if the user gave them."""
    assert found(pipeline("boats", after_sql=["sql/totals.sql"])) == []
    assert found(pipeline("boats", before_sql=["sql/drop.sql"])) == [("load.before_sql", None)]


def test_code_is_no_part_of_a_plan() -> None:
    """A step of one's own in a draft is found, unless the pipeline that is there has it."""
    assert ("clean.0", None) in found(pipeline("boats", clean=[{"step": "python", "use": "os:Thing"}]))


def test_a_schema_of_code_is_no_part_of_a_plan() -> None:
    """A pandera schema by reference is found."""
    assert ("validate.contract", None) in found(pipeline("boats", "os:system"))  # type: ignore[arg-type]  # a reference


def test_strategies_are_known() -> None:
    """A route among strategies that there are not is found."""
    spec = pipeline("boats", clean=[{"route": "r", "among": ["peopel"]}])
    (only,) = check(draft_of(spec), GIVEN)
    assert only.key == "clean.0"
    assert "'people'" in only.detail


def test_steps_that_follow_their_like_are_found() -> None:
    """The same step twice in a row does nothing."""
    strip = {"step": "strip", "columns": ["berth"]}
    assert found(pipeline("boats", clean=[strip, strip])) == [("clean.1", None)]


def test_a_step_that_cannot_work_is_found() -> None:
    """Two columns of one name are found before anything runs."""
    spec = pipeline("boats", clean=[{"step": "rename", "columns": {"hull": "berth"}}])
    assert ("clean.0", None) in found(spec)


def test_details_hold_no_text_of_cells() -> None:
    """Sentences of findings name columns and numbers."""
    spec = pipeline("moorings", {**WHOLE, "since": {"type": "date"}, "berth": {"one_of": ["B1"]}})
    text = " ".join(each.detail for each in check(draft_of(spec), GIVEN))
    assert not any(cell in text for cell in ("13.04", "B7", "B1'"))


def test_the_check_is_deterministic() -> None:
    """The same draft has the same findings."""
    draft = draft_of(pipeline("moorings", {**WHOLE, "colour": {}, "since": {"type": "date"}}))
    assert check(draft, GIVEN) == check(draft, GIVEN)


def test_a_check_asks_each_step_for_its_columns_as_often_however_wide_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    """Else a file of a thousand columns costs a million."""
    asked: list[int] = []
    names_after = Strip.names_after
    monkeypatch.setattr(Strip, "names_after", lambda step, names: (asked.append(0), names_after(step, names))[1])

    def times(width: int) -> int:
        wide = source("wide", {f"c{place}": ["a", "b"] for place in range(width)})
        contract: dict[str, Any] = {name: {} for name in wide.columns}
        strip = [{"step": "strip", "columns": "all"}]
        asked.clear()
        assert check(draft_of(pipeline("wide", contract, clean=strip)), given_of(wide)) == ()
        return len(asked)

    assert times(60) == times(3) > 0
