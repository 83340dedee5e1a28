"""What every target must do, whichever it is, in every write mode."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pytest

from etl_agent.errors import CheckFailed, ConfigurationError, DataRefused, Drifted, EtlAgentError, ShrinkRefused
from etl_agent.load.ledger_tables import VERSION
from etl_agent.load.modes import Counts
from etl_agent.load.target import Target, open_target
from etl_agent.shape import Column, Shape, parse_type
from tests.load.targets import RUN, batch, kind, load_rows, query, shape, spec

PAIR = shape(k="text", v="text")


@pytest.fixture
def target(target_url: str) -> Iterator[Target]:
    """Open the target."""
    with open_target(target_url) as opened:
        yield opened


@pytest.mark.parametrize("direct", [False, True])
def test_append_adds_rows_in_order(target: Target, target_url: str, direct: bool) -> None:
    """Two appends leave all rows, each batch's behind the one before."""
    load = spec(target_url)
    counts = load_rows(target, load, PAIR, [("b", "1"), ("a", "2"), ("a", "2")], direct=direct)
    assert counts == Counts(staged=3, inserted=3)
    load_rows(target, load, PAIR, [("c", "3")], direct=direct)
    assert query(target_url, "SELECT k, v FROM t") == [("b", "1"), ("a", "2"), ("a", "2"), ("c", "3")]


def test_dropped_rows_never_arrive(target: Target, target_url: str) -> None:
    """A row that is dropped before the end is not in the table, and is counted once."""
    rows = [("a", "1"), ("b", "2"), ("c", "3"), ("d", "4")]
    with target.begin(spec(target_url), shape=PAIR, run_id=RUN) as tx:
        tx.stage(batch(PAIR, rows))
        tx.drop(np.array([0, 2], np.int64))
        tx.drop(np.array([2, 99], np.int64))
        assert tx.apply() == Counts(staged=4, dropped=2, inserted=2)
        tx.commit()
    assert query(target_url, "SELECT k FROM t") == [("b",), ("d",)]


@pytest.mark.parametrize("direct", [False, True])
def test_replace_leaves_only_the_new_rows(target: Target, target_url: str, direct: bool) -> None:
    """A replace takes every old row out and counts it as deleted."""
    load = spec(target_url, write_disposition="replace")
    load_rows(target, load, PAIR, [("a", "1"), ("b", "2")], direct=direct)
    counts = load_rows(target, load, PAIR, [("c", "3")], direct=direct)
    assert counts == Counts(staged=1, inserted=1, deleted=2)
    assert query(target_url, "SELECT k, v FROM t") == [("c", "3")]


def test_replace_with_a_key_touches_only_what_differs(target: Target, target_url: str) -> None:
    """A replace by primary key deletes, updates and inserts the difference, and leaves equal rows alone."""
    load = spec(target_url, write_disposition="replace", primary_key=["k"], lineage="run_id")
    load_rows(target, load, PAIR, [("a", "1"), ("b", "2"), ("c", None)], run_id=1)
    counts = load_rows(target, load, PAIR, [("b", "2"), ("c", ""), ("d", "4")], run_id=2)
    assert counts == Counts(staged=3, inserted=1, updated=1, unchanged=1, deleted=1)
    found = query(target_url, "SELECT k, v, _etl_run_id FROM t ORDER BY k")
    assert found == [("b", "2", 1), ("c", "", 2), ("d", "4", 2)]


def test_upsert_counts_what_it_did(target: Target, target_url: str) -> None:
    """An upsert updates what differs, null against the empty string included, and inserts what is new."""
    load = spec(target_url, write_disposition="merge", primary_key=["k"], lineage="run_id")
    load_rows(target, load, PAIR, [("a", "1"), ("b", None), ("c", "3")], run_id=1)
    counts = load_rows(target, load, PAIR, [("b", ""), ("c", "3"), ("d", "4"), ("e", "5")], run_id=2, drop=[3])
    assert counts == Counts(staged=4, dropped=1, inserted=1, updated=1, unchanged=1)
    found = query(target_url, "SELECT k, v, _etl_run_id FROM t ORDER BY k")
    assert found == [("a", "1", 1), ("b", "", 2), ("c", "3", 1), ("d", "4", 2)]


def test_upsert_of_nothing_but_keys(target: Target, target_url: str) -> None:
    """A table of keys alone has nothing to update."""
    only = shape(k="integer")
    load = spec(target_url, write_disposition="merge", primary_key=["k"])
    load_rows(target, load, only, [(1,), (2,)])
    assert load_rows(target, load, only, [(2,), (3,)]) == Counts(staged=2, inserted=1, unchanged=1)


def test_insert_only_filters_known_keys(target: Target, target_url: str) -> None:
    """An insert-only merge keeps the rows of known keys as they are and counts the new ones as filtered."""
    load = spec(target_url, write_disposition="merge", strategy="insert-only", primary_key=["k"])
    load_rows(target, load, PAIR, [("a", "1")])
    assert load_rows(target, load, PAIR, [("a", "9"), ("b", "2")]) == Counts(staged=2, inserted=1, filtered=1)
    assert query(target_url, "SELECT k, v FROM t ORDER BY k") == [("a", "1"), ("b", "2")]


def test_delete_insert_replaces_every_row_of_a_key(target: Target, target_url: str) -> None:
    """A delete-insert takes out all rows of each staged key first."""
    query(target_url, "CREATE TABLE t (k text, v text)")
    query(target_url, "INSERT INTO t VALUES ('a', '1'), ('a', '2'), ('b', '3')")
    load = spec(target_url, write_disposition="merge", strategy="delete-insert", primary_key=["k"])
    assert load_rows(target, load, PAIR, [("a", "9")]) == Counts(staged=1, inserted=1, deleted=2)
    assert query(target_url, "SELECT k, v FROM t ORDER BY k") == [("a", "9"), ("b", "3")]


def test_scd2_keeps_closed_versions(target: Target, target_url: str) -> None:
    """A changed row closes the version before it, at the moment the new one begins."""
    load = spec(target_url, write_disposition="merge", strategy="scd2", primary_key=["k"])
    assert load_rows(target, load, PAIR, [("a", "1"), ("b", "2")]) == Counts(staged=2, inserted=2)
    counts = load_rows(target, load, PAIR, [("a", "9"), ("b", "2"), ("c", "3")])
    assert counts == Counts(staged=3, inserted=1, updated=1, unchanged=1, deleted=1)
    current = query(target_url, "SELECT k, v FROM t WHERE valid_to IS NULL ORDER BY k")
    assert current == [("a", "9"), ("b", "2"), ("c", "3")]
    closed = query(
        target_url,
        "SELECT o.v, n.v FROM t o JOIN t n ON o.k = n.k AND o.valid_to = n.valid_from WHERE o.valid_to IS NOT NULL",
    )
    assert closed == [("1", "9")]
    assert load_rows(target, load, PAIR, [("a", "1")]) == Counts(staged=1, updated=1, deleted=1)


def test_append_with_a_key_finds_conflicts(target: Target, target_url: str) -> None:
    """A known key with other content is a conflict, with the same content a duplicate."""
    load = spec(target_url, primary_key=["k"])
    load_rows(target, load, PAIR, [("a", "1"), ("b", None)])
    with target.begin(load, shape=PAIR, run_id=RUN) as tx:
        tx.stage(batch(PAIR, [("a", "1"), ("b", ""), ("c", "3")], start=10))
        found = []
        for rows in tx.conflicts():
            found += rows.tolist()
            tx.drop(rows)
        assert found == [11]
        assert tx.apply() == Counts(staged=3, dropped=1, inserted=1, deduplicated=1)
        tx.commit()
    assert query(target_url, "SELECT k, v FROM t ORDER BY k") == [("a", "1"), ("b", None), ("c", "3")]


def test_conflicts_that_stay_are_an_error(target: Target, target_url: str) -> None:
    """An append whose conflicts were not dropped stops, and nothing of it arrives."""
    load = spec(target_url, primary_key=["k"])
    load_rows(target, load, PAIR, [("a", "1")])
    with pytest.raises(EtlAgentError, match="conflict"):
        load_rows(target, load, PAIR, [("a", "2"), ("b", "2")])
    assert query(target_url, "SELECT k, v FROM t") == [("a", "1")]


@pytest.mark.parametrize("mode", ["append", "replace", "merge", "scd2"])
@pytest.mark.parametrize("direct", [False, True])
def test_a_broken_load_leaves_nothing(target: Target, target_url: str, mode: str, direct: bool) -> None:
    """Leaving the load by an error leaves no table, no row, no record and no file behind."""
    options = {"merge": {"primary_key": ["k"]}, "scd2": {"primary_key": ["k"], "strategy": "scd2"}}.get(mode, {})
    load = spec(target_url, write_disposition="merge" if mode == "scd2" else mode, **options)
    with pytest.raises(RuntimeError), target.begin(load, shape=PAIR, run_id=RUN, direct=direct) as tx:
        tx.stage(batch(PAIR, [("a", "1")]))
        tx.apply()
        tx.write("_etl_changes", _change())
        raise RuntimeError
    assert target.table_facts("t") is None
    assert target.table_facts("_etl_changes") is None
    load_rows(target, load, PAIR, [("a", "1")], direct=direct)
    with pytest.raises(RuntimeError), target.begin(load, shape=PAIR, run_id=RUN, direct=direct) as tx:
        tx.stage(batch(PAIR, [("z", "9")]))
        raise RuntimeError
    assert query(target_url, "SELECT k, v FROM t") == [("a", "1")]
    if kind(target_url) == "sqlite":
        path = target.location.path
        assert path is not None
        assert not [file for file in path.parent.iterdir() if file.name.endswith(".stage")]


@pytest.mark.parametrize("mode", ["append", "replace", "merge"])
@pytest.mark.parametrize("direct", [False, True])
def test_a_reader_sees_old_or_new(target: Target, target_url: str, mode: str, direct: bool) -> None:
    """Another connection sees none of a load before its commit, and all of it after."""
    options = {"primary_key": ["k"]} if mode == "merge" else {}
    load = spec(target_url, write_disposition=mode, **options)
    load_rows(target, load, PAIR, [("a", "1"), ("b", "2")])
    before = query(target_url, "SELECT k, v FROM t ORDER BY k")
    with target.begin(load, shape=PAIR, run_id=RUN, direct=direct) as tx:
        tx.stage(batch(PAIR, [("c", "3"), ("d", "4")]))
        assert query(target_url, "SELECT k, v FROM t ORDER BY k") == before
        tx.apply()
        assert query(target_url, "SELECT k, v FROM t ORDER BY k") == before
        tx.commit()
    after = query(target_url, "SELECT k, v FROM t ORDER BY k")
    assert after == ([] if mode == "replace" else before) + [("c", "3"), ("d", "4")]


@pytest.mark.parametrize("direct", [False, True])
def test_an_empty_input_empties_no_table(target: Target, target_url: str, direct: bool) -> None:
    """A replace by nothing is refused unless the user allows it."""
    load = spec(target_url, write_disposition="replace")
    load_rows(target, load, PAIR, [("a", "1")], direct=direct)
    with pytest.raises(ShrinkRefused, match="allow_empty"):
        load_rows(target, load, PAIR, [], direct=direct)
    assert query(target_url, "SELECT k FROM t") == [("a",)]
    allowed = load.model_copy(update={"allow_empty": True})
    assert load_rows(target, allowed, PAIR, [], direct=direct) == Counts(deleted=1)


@pytest.mark.parametrize("direct", [False, True])
@pytest.mark.parametrize("key", [[], ["k"]])
def test_a_shrunken_input_is_refused(target: Target, target_url: str, direct: bool, key: list[str]) -> None:
    """A replace that would lose more than max_shrink of the rows is refused; at the limit it passes."""
    load = spec(target_url, write_disposition="replace", max_shrink=0.5, primary_key=key)
    load_rows(target, load, PAIR, [(name, "1") for name in "abcd"], direct=direct)
    with pytest.raises(ShrinkRefused, match=r"75\.0%"):
        load_rows(target, load, PAIR, [("a", "1")], direct=direct)
    assert len(query(target_url, "SELECT k FROM t")) == 4
    load_rows(target, load, PAIR, [("a", "1"), ("b", "1")], direct=direct)
    assert len(query(target_url, "SELECT k FROM t")) == 2


def test_an_existing_table_is_kept(target: Target, target_url: str) -> None:
    """Columns in another order, more columns, views and indexes stay as they are in a replace."""
    query(target_url, "CREATE TABLE t (extra integer DEFAULT 7, v text, k text)")
    query(target_url, "CREATE INDEX mine ON t (v)")
    query(target_url, "CREATE VIEW seen AS SELECT k, extra FROM t")
    load_rows(target, spec(target_url, write_disposition="replace"), PAIR, [("a", "1")])
    assert query(target_url, "SELECT * FROM t") == [(7, "1", "a")]
    assert query(target_url, "SELECT * FROM seen") == [("a", 7)]
    catalogue = "sqlite_master WHERE name" if kind(target_url) == "sqlite" else "pg_indexes WHERE indexname"
    assert query(target_url, f"SELECT 1 FROM {catalogue} = 'mine'") == [(1,)]


def test_every_misfit_is_reported_at_once(target: Target, target_url: str) -> None:
    """A table that the rows do not fit is refused before anything is staged, with all its misfits."""
    query(target_url, "CREATE TABLE t (k integer, must integer NOT NULL)")
    with pytest.raises(Drifted) as refused:
        target.begin(spec(target_url), shape=PAIR, run_id=RUN)
    message = str(refused.value)
    assert "'k' is integer in the table and text in the data" in message.lower()
    assert "'must' of the table may not be null" in message
    assert "'v' is not in the table" in message


def test_evolve_adds_columns(target: Target, target_url: str) -> None:
    """Under evolve a new column is added to the table, null in the old rows."""
    load = spec(target_url)
    load_rows(target, load, shape(k="text"), [("a",)])
    load_rows(target, load, shape(k="text", n="integer"), [("b", 2)], evolve=True, direct=True)
    assert query(target_url, "SELECT k, n FROM t") == [("a", None), ("b", 2)]


def test_created_tables_get_keys_and_indexes(target: Target, target_url: str) -> None:
    """A table that we create has its primary key, its indexes and the run that wrote each row."""
    load = spec(target_url, primary_key=["k"], indexes=[["v"], ["v", "k"]], lineage="run_id")
    load_rows(target, load, PAIR, [("a", "1")])
    facts = target.table_facts("t", count=True)
    assert facts is not None
    assert (facts.primary_key, facts.rows) == (("k",), 1)
    assert [column.name for column in facts.columns] == ["k", "v", "_etl_run_id"]
    assert query(target_url, "SELECT _etl_run_id FROM t") == [(RUN,)]
    catalogue = "sqlite_master WHERE type = 'index' AND sql IS NOT NULL AND tbl_name = 't'"
    if kind(target_url) == "postgres":
        catalogue = "pg_indexes WHERE tablename = 't' AND indexname <> 't_pkey'"
    assert query(target_url, f"SELECT count(*) FROM {catalogue}") == [(2,)]


def test_a_null_key_never_passes(target: Target, target_url: str) -> None:
    """A null in a key is a bug of the caller, stopped at the stage."""
    load = spec(target_url, write_disposition="merge", primary_key=["k"])
    with pytest.raises(EtlAgentError, match="null in the key"):
        load_rows(target, load, PAIR, [(None, "1")])


def test_a_repeated_key_never_passes(target: Target, target_url: str) -> None:
    """A key staged twice fails the load, with a unique index on the table or without one."""
    load = spec(target_url, write_disposition="merge", primary_key=["k"])
    with pytest.raises(DataRefused):
        load_rows(target, load, PAIR, [("a", "1"), ("a", "2")])
    query(target_url, "CREATE TABLE u (k text, v text)")
    query(target_url, "INSERT INTO u VALUES ('a', '1')")
    with pytest.raises(EtlAgentError, match="staged more than once"):
        load_rows(target, load.model_copy(update={"table": "u"}), PAIR, [("b", "1"), ("b", "2")])
    query(target_url, "INSERT INTO u VALUES ('a', '1')")
    with pytest.raises(DataRefused, match="holds a key more than once"):
        load_rows(target, load.model_copy(update={"table": "u"}), PAIR, [("b", "1")])


HOSTILE = [
    'say "hi"',
    "Robert'); DROP TABLE t;--",
    "100%s %(x)s",
    "a.b:c?",
    "_etl_row",
    "c0",
    "zażółć 🦆",
    " ",
    "select",
    "$1",
]


@pytest.mark.parametrize("direct", [False, True])
def test_hostile_names_are_just_names(target: Target, target_url: str, direct: bool) -> None:
    """Names of tables and columns may hold anything but NUL."""
    of = shape(**dict.fromkeys(HOSTILE, "text"))
    rows = [[f"{index}{name}" for name in HOSTILE] for index in range(3)]
    table = 'odd "table"; -- %s :x'
    options = {"primary_key": HOSTILE[:2], "indexes": [HOSTILE[2:4]], "lineage": "run_id"}
    load = spec(target_url, table=table, write_disposition="merge", **options)
    load_rows(target, load, of, rows[:2], direct=direct)
    rows[0][4] = "changed"
    assert load_rows(target, load, of, rows) == Counts(staged=3, inserted=1, updated=1, unchanged=1)
    again = load.model_copy(update={"write_disposition": "replace"})
    assert load_rows(target, again, of, rows[1:]).deleted == 1
    added = load.model_copy(update={"write_disposition": "append"})
    assert load_rows(target, added, of, rows[1:]).deduplicated == 2
    facts = target.table_facts(table, count=True)
    assert facts is not None
    assert [column.name for column in facts.columns] == [*HOSTILE, "_etl_run_id"]
    assert facts.rows == 2


def test_wide_tables_are_merged(target: Target, target_url: str) -> None:
    """A table with as many columns as the database takes is merged; one more column is refused by name."""
    most = 1997 if kind(target_url) == "sqlite" else 1597
    names = [f"column {number}" for number in range(most)]
    of = shape(**dict.fromkeys(names, "boolean"))
    load = spec(target_url, write_disposition="merge", primary_key=names[:1])
    load_rows(target, load, of, [[True] * most])
    assert load_rows(target, load, of, [[True] * (most - 1) + [False]]).updated == 1
    with pytest.raises(ConfigurationError, match="too many"):
        target.begin(load, shape=shape(**dict.fromkeys([*names, "more"], "text")), run_id=RUN)


def test_reading_never_ends_a_load(target: Target, target_url: str) -> None:
    """Looking at the target while a load is open is refused, because it would end the load's transaction."""
    with target.begin(spec(target_url), shape=PAIR, run_id=RUN) as tx:
        tx.stage(batch(PAIR, [("a", "1")]))
        tx.apply()
        with pytest.raises(EtlAgentError, match="a load is open"), target.reading():
            pass
        tx.commit()
    assert query(target_url, "SELECT k FROM t") == [("a",)]


def test_the_record_commits_with_the_rows(target: Target, target_url: str) -> None:
    """Rows of the record's tables are written in the load's own transaction."""
    with target.begin(spec(target_url), shape=PAIR, run_id=RUN) as tx:
        tx.stage(batch(PAIR, [("a", "1")]))
        tx.apply()
        assert tx.write("_etl_changes", _change()) == 1
        tx.commit()
    assert query(target_url, 'SELECT step, "before", "after", "rows" FROM _etl_changes') == [("strip", " a", None, 1)]
    assert query(target_url, "SELECT version FROM _etl_meta") == [(VERSION,)]


def test_user_sql_runs_inside_the_transaction(target: Target, target_url: str, tmp_path: object) -> None:
    """SQL files run before and after the rows, and are rolled back with them."""
    before, after = f"{tmp_path}/before.sql", f"{tmp_path}/after.sql"
    with open(before, "w") as file:
        file.write("CREATE TABLE log (what text); -- it's; fine\nINSERT INTO log VALUES ('before; 100%');")
    with open(after, "w") as file:
        file.write("INSERT INTO log SELECT 'after ' || count(*) FROM t")
    load = spec(target_url, before_sql=[before], after_sql=[after])
    with pytest.raises(RuntimeError), target.begin(load, shape=PAIR, run_id=RUN) as tx:
        tx.apply()
        raise RuntimeError
    load_rows(target, load, PAIR, [("a", "1")])
    assert query(target_url, "SELECT what FROM log") == [("before; 100%",), ("after 1",)]


def test_check_sql_refuses_the_load(target: Target, target_url: str, tmp_path) -> None:
    """A check that finds rows rolls everything back, and says how many and nothing of what they hold."""
    check = tmp_path / "no_doubles.sql"
    check.write_text("SELECT 1 WHERE 1 = 0;\nSELECT * FROM t WHERE v = 'two'; -- 100%", encoding="utf-8")
    load = spec(target_url, check_sql=[str(check)])
    load_rows(target, load, PAIR, [("a", "1")])
    with pytest.raises(CheckFailed, match="found 2 rows, and nothing was loaded") as refused:
        load_rows(target, load, PAIR, [("b", "two"), ("c", "two")])
    assert refused.value.where == str(check)
    assert "two" not in str(refused.value)
    assert query(target_url, "SELECT count(*) FROM t") == [(1,)]


def test_a_check_changes_nothing(target: Target, target_url: str, tmp_path) -> None:
    """What a query of a check changes is taken back, and the load stays."""
    load_rows(target, spec(target_url), PAIR, [("a", "1")])
    check = tmp_path / "check.sql"
    sql = "WITH gone AS (DELETE FROM t RETURNING k) SELECT 1 FROM gone WHERE 1 = 0"
    check.write_text(sql if target_url.startswith("postgresql") else "SELECT 1 WHERE 1 = 0", encoding="utf-8")
    load_rows(target, spec(target_url, check_sql=[str(check)]), PAIR, [("b", "2")])
    assert query(target_url, "SELECT count(*) FROM t") == [(2,)]


@pytest.mark.parametrize(("text", "said"), [("DELETE FROM t", "says DELETE"), ("-- nothing", "holds no query")])
def test_a_check_is_made_of_queries(target: Target, target_url: str, tmp_path, text: str, said: str) -> None:
    """A file that would change something, or asks nothing, is no check."""
    check = tmp_path / "check.sql"
    check.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigurationError, match=said):
        load_rows(target, spec(target_url, check_sql=[str(check)]), PAIR, [("a", "1")])


def test_a_check_that_gives_no_rows_is_none(target: Target, target_url: str, tmp_path) -> None:
    """A query that only changes something is refused, and so is the load."""
    load_rows(target, spec(target_url), PAIR, [("a", "1")])
    check = tmp_path / "check.sql"
    check.write_text("WITH one AS (SELECT 1) DELETE FROM t", encoding="utf-8")
    with pytest.raises(ConfigurationError, match="gives none"):
        load_rows(target, spec(target_url, check_sql=[str(check)]), PAIR, [("b", "2")])
    assert query(target_url, "SELECT count(*) FROM t") == [(1,)]


def _change() -> pa.RecordBatch:
    of = shape(run_id="integer", table_name="text", step="text", column_name="text", before="text", after="text")
    return batch(
        Shape((*of, Column("kind"), Column("rows", parse_type("integer")))),
        [(RUN, "t", "strip", "k", " a", None, "value", 1)],
    ).data
