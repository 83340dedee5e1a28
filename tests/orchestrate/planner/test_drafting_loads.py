"""How drafts load: write modes, keys, the newest row, tables, budgets, SQL files and cleaning that is asked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import PurePosixPath
from typing import Literal

import pytest

from etl_agent.errors import UsageError
from etl_agent.load.spec import Load
from etl_agent.orchestrate.planner.draft import PlanDraft
from etl_agent.orchestrate.planner.drafting.pipelines import draft
from etl_agent.orchestrate.planner.given import UserSql
from etl_agent.orchestrate.planner.wishes import (
    Budget,
    Cleaned,
    Deduplicated,
    Dropped,
    Into,
    Key,
    Mode,
    Newest,
    Reading,
    RunSql,
    Take,
    Wish,
)
from tests.orchestrate.planner.drafts import given_of, source

ROWS = 40
SQL = (
    UserSql("no_orphans", PurePosixPath("sql/no_orphans.sql"), check=True),
    UserSql("rollup", PurePosixPath("sql/rollup.sql"), check=False),
)

Cells = Mapping[str, Sequence[str | None]]

BEASTS: Cells = {
    "beast_id": [f"E-{row:03d}" for row in range(ROWS)],
    "keeper": [("Iris", "Noor", "Sam")[row % 3] for row in range(ROWS)],
    "born": [f"20{row % 20:02d}-05-{row % 28 + 1:02d}" for row in range(ROWS)],
    "updated_at": [f"2026-02-{row % 28 + 1:02d} 10:00:00" for row in range(ROWS)],
}


def made_of(*wishes: Wish, cells: Cells = BEASTS, sql: tuple[UserSql, ...] = ()) -> PlanDraft:
    return draft(Reading(wishes=wishes), given_of(source("beasts", cells), sql=sql))


def load_of(*wishes: Wish, cells: Cells = BEASTS) -> Load:
    return made_of(*wishes, cells=cells).pipelines[0].load


def mode(write_disposition: Literal["append", "replace", "merge"], by: Literal["goal", "model"] = "goal") -> Mode:
    return Mode(source="beasts", write_disposition=write_disposition, by=by)


def test_nothing_said_appends() -> None:
    """An append overwrites nothing, and a file that is loaded already is not loaded again."""
    load = load_of()
    assert (load.write_disposition, load.primary_key, load.newest_by) == ("append", (), None)


def test_what_was_given_stands_in_the_pipeline() -> None:
    """Files and target are the user's own, and said to be so."""
    made = made_of()
    assert made.pipelines[0].extract.files == ("beasts.csv",)
    assert made.pipelines[0].load.to == "sqlite:///w.db"
    assert made.said("beasts", "load.to")
    assert made.said("beasts", "extract.files")
    assert not made.said("beasts", "load.table")


def test_a_key_alone_keeps_appending_and_judges_rows_by_it() -> None:
    """A key is no leave to overwrite: equal rows are not loaded twice, different ones are quarantined."""
    load = load_of(Key(source="beasts", columns="beast_id"))
    assert (load.write_disposition, load.primary_key) == ("append", ("beast_id",))


def test_newest_wins_is_a_merge() -> None:
    """Of several rows of one key one wins, so the others yield."""
    load = load_of(Newest(source="beasts"))
    assert (load.write_disposition, load.primary_key, load.newest_by) == ("merge", ("beast_id",), "updated_at")


def test_a_mode_that_is_said_is_taken() -> None:
    """The user's word goes first, and is marked as such."""
    made = made_of(mode("replace"))
    assert made.pipelines[0].load.write_disposition == "replace"
    assert made.said("beasts", "load.write_disposition")


def test_a_mode_that_is_said_stands_beside_newest() -> None:
    """Within the files the newest row wins, and the table is appended to all the same."""
    load = load_of(mode("append"), Newest(source="beasts"))
    assert (load.write_disposition, load.newest_by) == ("append", "updated_at")


def test_a_merge_finds_its_key() -> None:
    """The best unbroken key is taken, and told as a guess."""
    made = made_of(mode("merge"))
    assert made.pipelines[0].load.primary_key == ("beast_id",)
    assert not made.said("beasts", "load.primary_key")
    assert any("guessed" in note for note in made.notes)


def test_a_strategy_is_taken_with_its_merge() -> None:
    """History is kept where the goal says so."""
    assert load_of(Mode(source="beasts", write_disposition="merge", strategy="scd2")).strategy == "scd2"


def test_a_strategy_without_a_merge_is_an_error() -> None:
    """An append has no strategy."""
    with pytest.raises(UsageError, match="scd2"):
        load_of(Mode(source="beasts", write_disposition="append", strategy="scd2"))


def test_two_modes_are_an_error_that_names_both_words() -> None:
    """The goal cannot mean both."""
    with pytest.raises(UsageError, match="'add them' and 'start over'"):
        load_of(
            Mode(source="beasts", write_disposition="append", words="add them"),
            Mode(source="beasts", write_disposition="replace", words="start over"),
        )


def test_a_merge_without_a_key_names_what_comes_near() -> None:
    """The error says which columns are nearly keys, how far they are from it, and what to write."""
    cells = {"keeper": BEASTS["keeper"], "born": [*BEASTS["born"][:30], *BEASTS["born"][:10]]}
    with pytest.raises(UsageError, match="10 of 40 rows repeat") as caught:
        load_of(mode("merge"), cells=cells)
    assert caught.value.choices[0] == "born"
    assert "with the key born" in str(caught.value.next_command)


def test_a_key_that_is_said_and_broken_is_kept_with_its_figures() -> None:
    """The user's word stays, and a person is told."""
    made = made_of(mode("merge"), Key(source="beasts", columns="keeper"))
    assert made.pipelines[0].load.primary_key == ("keeper",)
    assert any("37 of 40" in note for note in made.notes)


def test_repeats_are_expected_where_the_newest_wins() -> None:
    """Several rows of a key are the point there, and no fault."""
    made = made_of(Key(source="beasts", columns="keeper"), Newest(source="beasts", column="updated_at"))
    assert not any("37" in note for note in made.notes)


def test_the_key_of_versions_is_found_though_it_repeats() -> None:
    """A column that is a key together with the time is the key of a history."""
    cells = {
        "gauge": [f"G{row % 10}" for row in range(ROWS)],
        "changed": [f"2026-{row // 10 + 1:02d}-11" for row in range(ROWS)],
        "level": [f"{row}.5" for row in range(ROWS)],
    }
    load = load_of(Newest(source="beasts"), cells=cells)
    assert (load.primary_key, load.newest_by) == (("gauge",), "changed")


def test_a_column_that_names_itself_the_key_is_it_in_a_history() -> None:
    """beast_id of beasts identifies one, also where every row is another version."""
    cells = {
        "entry": [f"N-{row:04d}" for row in range(ROWS)],
        "beast_id": [f"E-{row % 7}" for row in range(ROWS)],
        "updated": BEASTS["updated_at"],
    }
    assert load_of(Newest(source="beasts"), cells=cells).primary_key == ("beast_id",)


def test_of_several_keys_the_one_named_like_one_is_taken() -> None:
    """A name breaks the tie between columns that are keys by their cells."""
    cells = {
        "plate": [f"K{row * 7 % 997:03d}X" for row in range(ROWS)],
        "tag_no": [f"T{row:05d}" for row in range(ROWS)],
        "beast_id": BEASTS["beast_id"],
    }
    assert load_of(mode("merge"), cells=cells).primary_key == ("beast_id",)


def test_measures_and_telephones_are_no_keys() -> None:
    """That no value repeats does not make an identity."""
    cells = {
        "weight": [f"{row}.7{row}" for row in range(ROWS)],
        "phone": [f"+49 30 12345{row:02d}" for row in range(ROWS)],
    }
    with pytest.raises(UsageError, match="no column is a key"):
        load_of(mode("merge"), cells=cells)


def test_a_pair_of_columns_may_be_the_key() -> None:
    """Where no column is one alone, two together are."""
    cells = {
        "stall": [f"S{row % 8}" for row in range(ROWS)],
        "day": [f"2026-03-{row // 8 + 1:02d}" for row in range(ROWS)],
        "litres": ["5.5"] * ROWS,
    }
    assert load_of(mode("merge"), cells=cells).primary_key == ("stall", "day")


def test_the_only_time_tells_the_newest() -> None:
    """With one column of times there is nothing to choose."""
    cells = {"beast_id": BEASTS["beast_id"], "seen": [f"{day} 08:00:00" for day in BEASTS["born"]]}
    assert load_of(Newest(source="beasts"), cells=cells).newest_by == "seen"


def test_a_mere_day_is_not_taken_for_the_newest() -> None:
    """The later birthday makes no row newer."""
    cells = {"beast_id": BEASTS["beast_id"], "born": BEASTS["born"]}
    assert load_of(Newest(source="beasts"), cells=cells).newest_by is None


def test_several_times_are_an_error_with_choices() -> None:
    """Which time counts is not guessed."""
    times = [f"{day} 08:00:00" for day in BEASTS["born"]]
    cells = {"beast_id": BEASTS["beast_id"], "seen": times, "fed": times}
    with pytest.raises(UsageError) as caught:
        load_of(Newest(source="beasts"), cells=cells)
    assert caught.value.choices == ("seen", "fed")
    assert "newest by seen" in str(caught.value.next_command)


def test_without_any_time_the_last_row_wins_and_it_is_said() -> None:
    """The order of the files is the only one there is."""
    made = made_of(Newest(source="beasts"), cells={"beast_id": BEASTS["beast_id"], "keeper": BEASTS["keeper"]})
    assert made.pipelines[0].load.newest_by is None
    assert any("last row" in note for note in made.notes)


def test_a_version_number_tells_the_newest() -> None:
    """A count of versions is an order too."""
    cells = {"beast_id": BEASTS["beast_id"], "revision": [str(row + 1) for row in range(ROWS)]}
    assert load_of(Newest(source="beasts"), cells=cells).newest_by == "revision"


def test_the_column_of_the_newest_is_no_part_of_the_key() -> None:
    """One column cannot tell rows apart and decide between them."""
    with pytest.raises(UsageError, match="cannot both"):
        load_of(Key(source="beasts", columns=("beast_id", "born")), Newest(source="beasts", column="born"))


def test_an_unknown_column_is_an_error_with_near_matches() -> None:
    """A slip of the keyboard is met with what was meant."""
    with pytest.raises(UsageError, match="did you mean 'beast_id'") as caught:
        load_of(Key(source="beasts", columns="baest_id"))
    assert caught.value.choices == ("beast_id",)


def test_the_table_is_the_users_or_the_name_of_the_dataset() -> None:
    """A table that is said stands as it was written."""
    assert load_of().table == "beasts"
    assert load_of(Into(source="beasts", table="Zoo Beasts")).table == "Zoo Beasts"


def test_two_datasets_do_not_replace_each_other() -> None:
    """A replace of a table that another pipeline fills is an error."""
    given = given_of(source("beasts", BEASTS), source("plants", BEASTS))
    wishes = (Into(source="plants", table="beasts"), mode("replace"))
    with pytest.raises(UsageError, match="both go into"):
        draft(Reading(wishes=wishes), given)


def test_a_budget_is_taken() -> None:
    """The share is the user's word."""
    made = made_of(Budget(source="beasts", share=0.02))
    assert made.pipelines[0].validation.max_reject_share == 0.02
    assert made.said("beasts", "validate.max_reject_share")


def test_sql_files_run_where_they_belong() -> None:
    """Checks must find nothing, transforms follow the load, and both are the user's own files."""
    made = made_of(RunSql(source="beasts", name="rollup"), RunSql(source="beasts", name="no_orphans"), sql=SQL)
    load = made.pipelines[0].load
    assert load.after_sql == (PurePosixPath("sql/rollup.sql"),)
    assert load.check_sql == (PurePosixPath("sql/no_orphans.sql"),)


def test_an_sql_file_that_is_not_used_is_named() -> None:
    """It was given for something."""
    assert sum("SQL file" in note for note in made_of(sql=SQL).notes) == 2


def test_an_sql_file_that_was_not_given_is_an_error() -> None:
    """No path is ever made of a word."""
    with pytest.raises(UsageError, match="SQL file"):
        made_of(RunSql(source="beasts", name="purge"), sql=SQL)


@pytest.mark.parametrize(
    "wish",
    [
        mode("replace", by="model"),
        Into(source="beasts", table="other", by="model"),
        Budget(source="beasts", share=0.9, by="model"),
        Dropped(source="beasts", column="keeper", by="model"),
        Deduplicated(source="beasts", columns=("keeper",), by="model"),
        Take(source="void", by="model"),
        Key(source="beasts", columns="keeper", by="model"),
        Newest(source="beasts", by="model"),
        RunSql(source="beasts", name="purge", by="model"),
        Key(source="beasts", columns="invented", by="model"),
        Take(source="invented", by="model"),
    ],
)
def test_what_a_model_may_not_settle_is_left_as_it_is_and_told(wish: Wish) -> None:
    """Modes, tables, guards, what is taken away, broken keys and invented names are not taken from a model."""
    given = given_of(source("beasts", BEASTS), source("void", {"x": []}))
    plain, made = draft(Reading(), given), draft(Reading(wishes=(wish,)), given)
    assert made.pipelines == plain.pipelines
    assert any("model" in note for note in made.notes)


def test_a_models_key_that_no_row_breaks_is_taken() -> None:
    """It overwrites nothing: the mode stays what it was."""
    made = made_of(Key(source="beasts", columns="beast_id", by="model"))
    assert made.pipelines[0].load.primary_key == ("beast_id",)
    assert made.pipelines[0].load.write_disposition == "append"
    assert not made.said("beasts", "load.primary_key")


def test_equal_rows_are_dropped_after_cleaning() -> None:
    """Rows that differ in stray blanks are equal, too."""
    names = [node.model_dump()["step"] for node in made_of(Deduplicated(source="beasts")).pipelines[0].clean]
    assert names[0] == "strip"
    assert names[-1] == "deduplicate"


def test_of_equal_rows_the_newest_stays_where_the_newest_wins() -> None:
    """A deduplication does not take the row away that the merge is to keep."""
    made = made_of(Newest(source="beasts"), Deduplicated(source="beasts", columns=("beast_id",)))
    step = made.pipelines[0].clean[-1].model_dump()
    assert (step["keep"], step["newest_by"]) == ("newest", "updated_at")


@pytest.mark.parametrize(
    ("how", "strategies"),
    [
        ("tidy", ["text_hygiene"]),
        ("nulls", ["null_spellings"]),
        ("spelling", ["category_spelling", "typos"]),
        ("contacts", ["contacts"]),
        ("everything", ["auto"]),
    ],
)
def test_cleaning_is_routed_through_the_gate(
    how: Literal["tidy", "nulls", "spelling", "contacts", "everything"], strategies: list[str]
) -> None:
    """Each convention becomes routes to its strategies, at the user's word."""
    made = made_of(Cleaned(source="beasts", how=how, columns=("keeper",)))
    nodes = [(at, node.model_dump()) for at, node in enumerate(made.pipelines[0].clean)]
    routes = [(at, node) for at, node in nodes if "route" in node]
    assert [node["among"][0] for _, node in routes] == strategies
    assert all(node["columns"] == ("keeper",) for _, node in routes)
    assert all(made.said("beasts", f"clean.{at}") for at, _ in routes)


def test_the_same_cleaning_twice_has_two_names() -> None:
    """A lock tells routes apart by their names."""
    made = made_of(Cleaned(source="beasts", how="nulls", columns=("keeper",)), Cleaned(source="beasts", how="nulls"))
    names = [node.model_dump()["route"] for node in made.pipelines[0].clean if "route" in node.model_dump()]
    assert names == ["nulls", "nulls_2"]


@pytest.mark.parametrize(
    ("usual", "odd", "field", "value"),
    [("Iris Noor", "SAM LEE", "patterns", "Aa"), ("ABC", "def", "to", "upper"), ("abc", "Def", "to", "lower")],
)
def test_one_case_is_the_one_of_most_values(usual: str, odd: str, field: str, value: str) -> None:
    """Which case is meant, the column itself tells."""
    cells = {"keeper": [odd if row % 8 == 0 else usual for row in range(ROWS)]}
    made = made_of(Cleaned(source="beasts", how="case", columns=("keeper",)), cells=cells)
    step = made.pipelines[0].clean[-1].model_dump()
    assert step["step"] == "case_as"
    assert value in step[field]


def test_a_name_that_no_pipeline_can_have_is_changed_and_stays_its_own() -> None:
    """Datasets whose names begin with digits or are long still get pipelines of different names."""
    long = "x" * 80
    given = given_of(source("2026", BEASTS), source(long, BEASTS), source(f"{long}y", BEASTS))
    made = draft(Reading(), given)
    names = [spec.name for spec in made.pipelines]
    assert names[0] == "_2026"
    assert len(set(names)) == 3
    assert [spec.load.table for spec in made.pipelines] == ["2026", long, f"{long}y"]


def test_nothing_given_is_an_error() -> None:
    """There is nothing to plan for."""
    with pytest.raises(UsageError, match="no dataset"):
        draft(Reading(), given_of())


def test_words_that_were_not_understood_are_handed_on() -> None:
    """So is who made the draft, and what is known of the reading."""
    given = given_of(source("beasts", BEASTS))
    made = draft(Reading(not_understood=("sparkle",)), given, maker="model", notes=("a note",))
    assert (made.not_understood, made.maker, made.notes) == (("sparkle",), "model", ("a note",))


def test_every_key_that_a_point_names_is_there() -> None:
    """Points of steps name steps, and points of columns name columns."""
    made = made_of(
        Newest(source="beasts"), Cleaned(source="beasts", how="everything"), Dropped(source="beasts", column="keeper")
    )
    contract = made.pipelines[0].validation.contract or {}
    for point in made.points:
        section, _, rest = point.key.partition(".")
        if section == "clean":
            assert int(rest) < len(made.pipelines[0].clean)
        if point.key.startswith("validate.contract."):
            assert point.key.split(".")[2] in contract


@pytest.mark.parametrize(
    ("words", "to"),
    [("keeper in UPPERCASE", "upper"), ("lower-case the keeper", "lower"), ("capitalise the keeper", "title")],
)
def test_a_case_that_is_said_is_the_case(words: str, to: str) -> None:
    """The user's word goes before what most values are in."""
    made = made_of(Cleaned(source="beasts", how="case", columns=("keeper",), words=words))
    step = made.pipelines[0].clean[-1].model_dump()
    assert (step["step"], step["to"]) == ("case", to)


def test_telephones_keep_their_form_and_it_is_said() -> None:
    """In which country a number is dialled, no cell tells."""
    cells = {"phone": [f"+49 30 12345{row:02d}" for row in range(ROWS)]}
    assert any("phone" in note for note in made_of(Cleaned(source="beasts", how="contacts"), cells=cells).notes)


def test_the_key_of_versions_without_a_time_is_found_by_its_name() -> None:
    """Rows of one key repeat there, and the last one wins."""
    cells = {"id": [str(row // 2) for row in range(ROWS)], "keeper": BEASTS["keeper"]}
    load = load_of(Newest(source="beasts"), cells=cells)
    assert (load.primary_key, load.newest_by) == (("id",), None)


def test_two_datasets_with_other_columns_do_not_share_a_table() -> None:
    """Rows of one would lose what the table of the other has no column for."""
    sources = (source("beasts", {"beast_id": ["1", "2"]}), source("keepers", {"keeper_id": ["1", "2"]}))
    wishes = (Into(source="beasts", table="zoo"), Into(source="keepers", table="zoo"))
    with pytest.raises(UsageError, match="their columns differ"):
        draft(Reading(wishes=wishes), given_of(*sources))


@pytest.mark.parametrize(
    ("to", "schema", "table"),
    [
        ("${DATABASE_URL}", "zoo", "beasts"),
        ("postgresql://h/d", "zoo", "beasts"),
        ("sqlite:///z.db", None, "zoo.beasts"),
    ],
)
def test_a_table_in_a_schema(to: str, schema: str | None, table: str) -> None:
    """A dot parts schema and table where there are schemas."""
    given = replace(given_of(source("beasts", {"beast_id": ["1", "2"]})), to=to)
    load = draft(Reading(wishes=(Into(source="beasts", table="zoo.beasts"),)), given).pipelines[0].load
    assert (load.db_schema, load.table) == (schema, table)
