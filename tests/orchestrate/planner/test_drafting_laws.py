"""Whatever is wished for, there is a draft or a clear error, and a model never touches what is the user's."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import PurePosixPath
from typing import Any

import numpy as np
import pyarrow as pa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from etl_agent.errors import EtlAgentError
from etl_agent.orchestrate.planner.draft import PlanDraft
from etl_agent.orchestrate.planner.drafting.pipelines import draft
from etl_agent.orchestrate.planner.given import Given, Source, UserSql
from etl_agent.orchestrate.planner.wishes import (
    After,
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
    Secret,
    Take,
    Valid,
    Wish,
)
from etl_agent.orchestrate.resolve import resolve
from etl_agent.orchestrate.sequential import PipelineSpec, steps_of
from etl_agent.profile.profile import Profile

MODEST = settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))


def source(name: str, /, **columns: Sequence[str | None]) -> Source:
    batch = pa.RecordBatch.from_pydict({key: pa.array(cells, pa.string()) for key, cells in columns.items()})
    return Source(name, (f"in/{name}_*.csv",), Profile.observe(batch, np.arange(batch.num_rows)))


@cache
def sources() -> tuple[Source, ...]:
    rows = range(30)
    return (
        source(
            "berths",
            berth_id=[f"B-{row:03d}" for row in rows],
            length=[f"{10 + row}.5" for row in rows],
            free=["yes" if row % 3 else "no" for row in rows],
        ),
        source(
            "moorings",
            mooring=[str(row + 1) for row in rows],
            berth_id=[f"B-{row % 9:03d}" for row in rows],
            since=[f"{row % 28 + 1:02d}.03.2024" for row in rows],
            fee=[f"€{row},{row % 100:02d}" if row % 4 else "n/a" for row in rows],
            skipper=[None if row % 7 == 0 else f"skipper{row}@example.org" for row in rows],
        ),
        source("void", column=[]),
        source("tides", column=["high", "low"] * 15),
    )


SQL = (
    UserSql("no_ghosts", PurePosixPath("sql/no_ghosts.sql"), check=True),
    UserSql("totals", PurePosixPath("sql/totals.sql"), check=False),
)

NAMES = st.sampled_from(["berths", "moorings", "void", "tides", "absent"])
COLUMNS = st.sampled_from(["berth_id", "length", "free", "mooring", "since", "fee", "skipper", "column", "nothing"])
SOME = st.lists(COLUMNS, min_size=1, max_size=2).map(tuple)
BOUNDS = st.sampled_from(["0", "-1.5", "2024-01-01", "12:00", "x", "100", "2024-01-01 10:00"])


def wishes(by: str) -> st.SearchStrategy[Wish]:
    common: dict[str, Any] = {"source": NAMES, "by": st.just(by), "words": st.sampled_from(["", "some words"])}
    return st.one_of(
        st.builds(Take, **common),
        st.builds(Into, table=st.sampled_from(["berths", "other"]), **common),
        st.builds(
            Mode,
            write_disposition=st.sampled_from(["append", "replace", "merge"]),
            strategy=st.sampled_from([None, "upsert", "scd2"]),
            **common,
        ),
        st.builds(Key, columns=SOME, **common),
        st.builds(Newest, column=st.none() | COLUMNS, **common),
        st.builds(Deduplicated, columns=st.just(()) | SOME, **common),
        st.builds(
            Valid,
            column=COLUMNS,
            required=st.booleans(),
            unique=st.booleans(),
            type=st.sampled_from([None, None, "integer", "number", "boolean", "date", "time", "timestamp"]),
            format=st.sampled_from([None, None, "email", "country_code"]),
            min=st.none() | BOUNDS,
            max=st.none() | BOUNDS,
            one_of=st.none() | st.lists(BOUNDS, min_size=1, max_size=3).map(tuple),
            **common,
        ),
        st.builds(
            Cleaned,
            columns=st.just(()) | SOME,
            how=st.sampled_from(["tidy", "dates", "numbers", "nulls", "spelling", "case", "contacts", "everything"]),
            **common,
        ),
        st.builds(Dropped, column=COLUMNS, **common),
        st.builds(Secret, column=COLUMNS, **common),
        st.builds(Budget, share=st.sampled_from([0.0, 0.1, 0.5]), **common),
        st.builds(After, first=NAMES, **common),
        st.builds(RunSql, name=st.sampled_from(["no_ghosts", "totals", "rm"]), **common),
    )


def drafted(*listed: Wish) -> PlanDraft:
    given_ = Given("some words", sources(), "sqlite:///harbour.db", SQL)
    return draft(Reading(wishes=tuple(listed)), given_)


def sound(spec: PipelineSpec) -> None:
    again = PipelineSpec.model_validate(spec.model_dump(mode="json", by_alias=True))
    assert again == spec
    contract = spec.validation.contract
    assert isinstance(contract, dict)
    known = next(source for source in sources() if source.files == spec.extract.files)
    plan = resolve(
        spec.name,
        tuple(steps_of(spec.clean)),
        brought=known.columns,
        contract={name: promise.required for name, promise in contract.items()},
        digest="",
    )
    assert set(plan.wanted) <= set(known.columns)
    assert not plan.unknown
    assert set(contract) <= set(plan.names)


@MODEST
@given(st.lists(wishes("goal") | wishes("model"), max_size=5))
def test_any_wishes_give_a_sound_draft_or_a_clear_error(listed: list[Wish]) -> None:
    """Schema-valid wishes never end in a crash, and every draft validates, round-trips and resolves."""
    try:
        made = drafted(*listed)
    except EtlAgentError as error:
        assert error.exit_code in (2, 78)
        assert error.next_command or error.choices
        return
    for spec in made.pipelines:
        sound(spec)


@MODEST
@given(st.lists(wishes("model"), max_size=6))
def test_a_model_alone_never_fails_and_never_touches_what_is_the_users(listed: list[Wish]) -> None:
    """A model's wishes leave files, target, table, mode, guards and the given SQL as they would be without it."""
    plain, made = drafted(), drafted(*listed)
    assert {spec.name for spec in made.pipelines} == {spec.name for spec in plain.pipelines}
    for spec in made.pipelines:
        before = plain.pipeline(spec.name)
        assert spec.extract == before.extract
        for field in ("to", "table", "db_schema", "write_disposition", "strategy", "max_shrink", "before_sql"):
            assert getattr(spec.load, field) == getattr(before.load, field)
        assert spec.validation.max_reject_share == before.validation.max_reject_share
        assert spec.validation.drift == before.validation.drift
        assert set(spec.load.after_sql) <= {SQL[1].file}
        assert set(spec.load.check_sql) <= {SQL[0].file}
        assert set(spec.validation.contract or ()) == set(before.validation.contract or ())


@MODEST
@given(st.lists(wishes("goal"), max_size=4), st.lists(wishes("model"), max_size=4))
def test_a_model_does_not_change_what_the_goal_settles(said: list[Wish], guessed: list[Wish]) -> None:
    """Where the goal alone gives a draft, a model's wishes beside it keep its modes, tables, keys and budgets."""
    try:
        alone = drafted(*said)
    except EtlAgentError:
        return
    both = drafted(*said, *guessed)
    for spec in both.pipelines:
        before = alone.pipeline(spec.name)
        assert spec.load.write_disposition == before.load.write_disposition
        assert spec.load.table == before.load.table
        assert spec.load.strategy == before.load.strategy
        assert spec.validation.max_reject_share == before.validation.max_reject_share
        for point in alone.points:
            if point.pipeline == spec.name and point.by == "goal" and point.key == "load.primary_key":
                assert spec.load.primary_key == before.load.primary_key


@MODEST
@given(st.lists(wishes("goal") | wishes("model"), max_size=5))
def test_drafting_is_deterministic_and_every_point_names_a_pipeline(listed: list[Wish]) -> None:
    """The same wishes give the same draft, and every choice belongs to a pipeline of it."""
    try:
        made = drafted(*listed)
    except EtlAgentError:
        return
    assert drafted(*listed) == made
    assert {point.pipeline for point in made.points} <= {spec.name for spec in made.pipelines}
