"""The load section of a pipeline file."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from etl_agent.load.spec import Load

GOOD: list[dict[str, Any]] = [
    {},
    {"schema": "sales", "lineage": "none", "indexes": [["a"], ["a", "b"]], "before_sql": ["sql/before.sql"]},
    {"write_disposition": "replace", "allow_empty": True, "max_shrink": 0.25},
    {"write_disposition": "merge", "primary_key": ["a"], "strategy": "scd2", "newest_by": "b"},
    {"write_disposition": "merge", "primary_key": ["a"], "absent": "delete", "max_shrink": 0.25},
    {"write_disposition": "merge", "primary_key": ["a"], "strategy": "scd2", "absent": "close", "allow_empty": True},
]
BAD: list[tuple[dict[str, Any], str]] = [
    ({"write_disposition": "merge"}, "needs primary_key"),
    ({"strategy": "upsert"}, "merge only"),
    ({"newest_by": "b"}, "newest_by needs primary_key"),
    ({"max_shrink": 0.5}, "max_shrink goes with write_disposition: replace"),
    ({"allow_empty": True}, "allow_empty goes with write_disposition: replace"),
    ({"absent": "delete"}, "absent: delete goes with write_disposition: merge only"),
    ({"write_disposition": "replace", "absent": "delete"}, "takes out what the files lack anyway"),
    (
        {"write_disposition": "merge", "primary_key": ["a"], "absent": "close"},
        "absent: close goes with strategy: scd2; upsert takes keep or delete",
    ),
    (
        {"write_disposition": "merge", "primary_key": ["a"], "strategy": "scd2", "absent": "delete"},
        "scd2 takes keep or close",
    ),
    ({"absent": "remove"}, "'keep', 'delete' or 'close'"),
    ({"write_disposition": "replace", "max_shrink": 1.5}, "less than or equal to 1"),
    ({"primary_key": ["a", "a"]}, "twice"),
    ({"indexes": [[]]}, "at least one column"),
    ({"tabel": "t"}, "tabel"),
]


@pytest.mark.parametrize("options", GOOD)
def test_a_load_survives_json(options: dict[str, Any]) -> None:
    """A load section is the same after a round trip through JSON, by its keys in the file."""
    load = Load.model_validate({"to": "sqlite:///a.db", "table": "t"} | options)
    assert Load.model_validate_json(load.model_dump_json(by_alias=True)) == load


@pytest.mark.parametrize(("options", "says"), BAD, ids=[says for _, says in BAD])
def test_a_combination_that_cannot_work_is_refused(options: dict[str, Any], says: str) -> None:
    """Each mistake has a message that names the key."""
    with pytest.raises(ValidationError, match=says):
        Load.model_validate({"to": "sqlite:///a.db", "table": "t"} | options)


def test_a_key_of_one_column_needs_no_list() -> None:
    """A single name is a key of that column."""
    assert Load.model_validate({"to": "sqlite:///a.db", "table": "t", "primary_key": "a"}).primary_key == ("a",)


def test_upsert_is_the_strategy_of_a_merge() -> None:
    """A merge that names no strategy upserts."""
    load = Load(to="sqlite:///a.db", table="t", write_disposition="merge", primary_key=("a",))
    assert load.merge_strategy == "upsert"
