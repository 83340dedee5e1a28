"""Rows of a table that a full snapshot lacks: deleted or closed, and nothing that the snapshot holds is."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from etl_agent.errors import DataRefused, EtlAgentError, ShrinkRefused
from etl_agent.load.modes import Counts
from etl_agent.load.spec import Load
from etl_agent.load.target import Target, open_target
from tests.load.targets import RUN, batch, kind, load_rows, query, shape, spec

PAIR = shape(k="text", v="text")
BASE = [("a", "1"), ("b", "2"), ("c", "3")]


@pytest.fixture
def target(target_url: str) -> Iterator[Target]:
    """Open the target."""
    with open_target(target_url) as opened:
        yield opened


def snapshot(url: str, **options: Any) -> Load:
    """Make the load section of a merge by full snapshots."""
    return spec(url, **{"write_disposition": "merge", "primary_key": ["k"], "absent": "delete"} | options)


@pytest.mark.parametrize(
    ("strategy", "counts", "left"),
    [
        ("upsert", Counts(staged=2, inserted=1, updated=1, deleted=2), [("b", "9"), ("d", "4")]),
        ("delete-insert", Counts(staged=2, inserted=2, deleted=3), [("b", "9"), ("d", "4")]),
        ("insert-only", Counts(staged=2, inserted=1, filtered=1, deleted=2), [("b", "2"), ("d", "4")]),
    ],
)
def test_what_a_snapshot_lacks_is_deleted(
    target: Target, target_url: str, strategy: str, counts: Counts, left: list[tuple[str, str]]
) -> None:
    """Rows whose key is not staged go, and are counted beside what the strategy itself takes out."""
    load = snapshot(target_url, strategy=strategy)
    load_rows(target, load, PAIR, BASE)
    assert load_rows(target, load, PAIR, [("b", "9"), ("d", "4")]) == counts
    assert query(target_url, "SELECT k, v FROM t ORDER BY k") == left


def test_versions_that_a_snapshot_lacks_are_closed(target: Target, target_url: str) -> None:
    """A version that is absent ends at the moment of the load, and a key that comes back gets a new one."""
    load = snapshot(target_url, strategy="scd2", absent="close")
    load_rows(target, load, PAIR, BASE)
    counts = load_rows(target, load, PAIR, [("b", "9"), ("d", "4")])
    assert counts == Counts(staged=2, inserted=1, updated=1, deleted=3)
    assert query(target_url, "SELECT k, v FROM t WHERE valid_to IS NULL ORDER BY k") == [("b", "9"), ("d", "4")]
    ends = query(target_url, "SELECT count(*), count(DISTINCT valid_to) FROM t WHERE valid_to IS NOT NULL")
    assert ends == [(3, 1)]
    assert load_rows(target, load, PAIR, [("a", "1"), ("b", "9"), ("d", "4")]) == Counts(
        staged=3, inserted=1, unchanged=2
    )
    assert query(target_url, "SELECT count(*) FROM t WHERE k = 'a'") == [(2,)]


@pytest.mark.parametrize(("strategy", "absent"), [("upsert", "delete"), ("scd2", "close")])
def test_keys_of_the_snapshot_that_are_not_loaded_stay(
    target: Target, target_url: str, strategy: str, absent: str
) -> None:
    """The rows of dropped and of retained keys are not absent."""
    load = snapshot(target_url, strategy=strategy, absent=absent)
    load_rows(target, load, PAIR, BASE)
    with target.begin(load, shape=PAIR, run_id=RUN) as tx:
        tx.stage(batch(PAIR, [("a", "7"), ("d", "4")]))
        tx.retain(pa.record_batch([pa.array(["c", "zz"])], names=["k"]), np.array([5, 6], np.int64))
        tx.drop(np.array([0], np.int64))
        assert tx.apply() == Counts(staged=2, dropped=1, inserted=1, deleted=1)
        tx.commit()
    current = " WHERE valid_to IS NULL" if absent == "close" else ""
    found = query(target_url, f"SELECT k, v FROM t{current} ORDER BY k")
    assert found == [("a", "1"), ("c", "3"), ("d", "4")]


def test_a_row_that_is_dropped_late_is_not_absent(target: Target, target_url: str) -> None:
    """Its key is kept within the transaction as well as before it."""
    load = snapshot(target_url)
    load_rows(target, load, PAIR, BASE)
    with target.begin(load, shape=PAIR, run_id=RUN) as tx:
        tx.stage(batch(PAIR, BASE[:2]))
        assert tx.connection is not None  # the transaction begins
        tx.drop(np.array([0, 99], np.int64))
        assert tx.apply() == Counts(staged=2, dropped=1, unchanged=1, deleted=1)
        tx.commit()
    assert query(target_url, "SELECT k FROM t ORDER BY k") == [("a",), ("b",)]


def test_a_snapshot_of_nothing_but_retained_keys(target: Target, target_url: str) -> None:
    """Where no row is staged, the rows of the retained keys stay all the same; others go only if that is allowed."""
    load = snapshot(target_url)
    load_rows(target, load, PAIR, BASE)
    for keys, allowed, left in ((["a", "b", "c"], False, 3), (["a", "b"], True, 2)):
        with target.begin(load.model_copy(update={"allow_empty": allowed}), shape=PAIR, run_id=RUN) as tx:
            assert tx.retain(pa.record_batch([pa.array(keys)], names=["k"]), np.arange(len(keys)))
            assert tx.apply() == Counts(deleted=3 - left)
            tx.commit()
        assert len(query(target_url, "SELECT k FROM t")) == left


def test_nothing_goes_where_it_is_not_known_what_is_absent(target: Target, target_url: str) -> None:
    """A load that spares the absent rows merges and takes nothing out."""
    load = snapshot(target_url)
    load_rows(target, load, PAIR, BASE)
    with target.begin(load, shape=PAIR, run_id=RUN) as tx:
        tx.stage(batch(PAIR, [("a", "7")]))
        tx.drop(np.array([9], np.int64))
        tx.spare_absent()
        assert tx.apply() == Counts(staged=1, updated=1)
        tx.commit()
    assert len(query(target_url, "SELECT k FROM t")) == 3


def test_keys_are_retained_before_the_transaction(target: Target, target_url: str) -> None:
    """Keys that come too late are an error, not a loss."""
    load = snapshot(target_url)
    load_rows(target, load, PAIR, BASE)
    with target.begin(load, shape=PAIR, run_id=RUN) as tx:
        tx.stage(batch(PAIR, BASE))
        tx.apply()
        with pytest.raises(EtlAgentError, match="too late"):
            tx.retain(pa.record_batch([pa.array(["c"])], names=["k"]), np.array([5], np.int64))


def test_composite_keys_are_compared_whole(target: Target, target_url: str) -> None:
    """A key is absent unless all its columns are staged in one row, or retained as one key."""
    three = shape(v="text", a="text", b="integer", f="float")
    load = snapshot(target_url, primary_key=["b", "a", "f"])
    nan = float("nan")
    load_rows(target, load, three, [("1", "x", 1, 0.5), ("2", "x", 2, 0.5), ("3", "y", 1, nan), ("4", "y", 2, 0.5)])
    with target.begin(load, shape=three, run_id=RUN) as tx:
        tx.stage(batch(three, [("1", "x", 1, 0.5), ("9", "y", 2, 1.5)]))
        kept = pa.record_batch([pa.array([1]), pa.array(["y"]), pa.array([nan])], names=["b", "a", "f"])
        tx.retain(kept, np.array([7], np.int64))
        assert tx.apply() == Counts(staged=2, inserted=1, unchanged=1, deleted=2)
        tx.commit()
    assert query(target_url, "SELECT v FROM t ORDER BY v") == [("1",), ("3",), ("9",)]


def test_rows_without_a_key_are_not_absent(target: Target, target_url: str) -> None:
    """A row whose key is null in part cannot be looked for in the snapshot, so it stays."""
    query(target_url, "CREATE TABLE t (k text, v text)")
    query(target_url, "INSERT INTO t VALUES ('a', '1'), (NULL, '2'), ('c', '3')")
    assert load_rows(target, snapshot(target_url), PAIR, [("a", "1")]) == Counts(staged=1, unchanged=1, deleted=1)
    assert query(target_url, "SELECT v FROM t ORDER BY v") == [("1",), ("2",)]


def test_an_empty_snapshot_deletes_nothing(target: Target, target_url: str) -> None:
    """A snapshot of which nothing can be loaded is refused unless the user allows it; an empty table has no row to
    lose.
    """
    load = snapshot(target_url)
    assert load_rows(target, load, PAIR, []) == Counts()
    load_rows(target, load, PAIR, BASE)
    with pytest.raises(ShrinkRefused, match="3 rows would be deleted; allow_empty"):
        load_rows(target, load, PAIR, [])
    assert len(query(target_url, "SELECT k FROM t")) == 3
    allowed = load.model_copy(update={"allow_empty": True})
    assert load_rows(target, allowed, PAIR, []) == Counts(deleted=3)


@pytest.mark.parametrize(("strategy", "absent"), [("upsert", "delete"), ("scd2", "close")])
def test_a_snapshot_may_take_so_many_rows_and_no_more(
    target: Target, target_url: str, strategy: str, absent: str
) -> None:
    """The rows that go are held against those that are there, however many new ones come."""
    load = snapshot(target_url, strategy=strategy, absent=absent, max_shrink=0.5)
    load_rows(target, load, PAIR, [(name, "1") for name in "abcd"])
    with pytest.raises(ShrinkRefused, match=r"lacks 3 of the 4 .*75\.0%"):
        load_rows(target, load, PAIR, [(name, "1") for name in "aefghij"])
    assert query(target_url, "SELECT count(*) FROM t") == [(4,)]
    assert load_rows(target, load, PAIR, [("a", "1"), ("b", "1")]).deleted == 2
    with pytest.raises(ShrinkRefused, match="lacks 2 of the 2"):
        load_rows(target, load, PAIR, [("z", "1")])


def test_a_value_of_an_absent_row_may_come_again(target: Target, target_url: str) -> None:
    """Absent rows go first, so that another row may take a value that is unique."""
    query(target_url, "CREATE TABLE t (k text PRIMARY KEY, v text UNIQUE)")
    query(target_url, "INSERT INTO t VALUES ('a', '1'), ('b', '2')")
    assert load_rows(target, snapshot(target_url), PAIR, [("c", "1"), ("b", "2")]).deleted == 1


def test_a_row_that_others_point_to_is_not_deleted(target: Target, target_url: str) -> None:
    """Where a foreign key keeps a row, the load is refused whole."""
    load = snapshot(target_url)
    load_rows(target, load, PAIR, BASE)
    query(target_url, "CREATE TABLE child (k text REFERENCES t (k))")
    query(target_url, "INSERT INTO child VALUES ('a')")
    with pytest.raises(DataRefused):
        load_rows(target, load, PAIR, [("b", "9")])
    assert query(target_url, "SELECT k, v FROM t ORDER BY k") == BASE
    assert load_rows(target, load, PAIR, [("a", "1")]).deleted == 2


def test_triggers_see_the_absent_rows_go(target: Target, target_url: str) -> None:
    """A trigger of the table runs for each row that goes, and does not disturb the count."""
    load = snapshot(target_url)
    load_rows(target, load, PAIR, BASE)
    query(target_url, "CREATE TABLE gone (k text)")
    if kind(target_url) == "sqlite":
        query(target_url, "CREATE TRIGGER g AFTER DELETE ON t BEGIN INSERT INTO gone VALUES (old.k); END")
    else:
        query(
            target_url,
            "CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS"
            " 'BEGIN INSERT INTO gone VALUES (old.k); RETURN old; END'",
        )
        query(target_url, "CREATE TRIGGER g AFTER DELETE ON t FOR EACH ROW EXECUTE FUNCTION note()")
    assert load_rows(target, load, PAIR, [("b", "2")]).deleted == 2
    assert query(target_url, "SELECT k FROM gone ORDER BY k") == [("a",), ("c",)]


def test_what_the_users_sql_brings_can_be_absent(target_url: str, tmp_path: Any) -> None:
    """Rows that SQL of the user's own puts into an empty table first are compared like others."""
    query(target_url, "CREATE TABLE t (k text PRIMARY KEY, v text)")
    (tmp_path / "first.sql").write_text("INSERT INTO t VALUES ('x', '0')")
    load = snapshot(target_url, before_sql=["first.sql"])
    with open_target(target_url, folder=tmp_path) as target:
        assert load_rows(target, load, PAIR, [("a", "1")], direct=True) == Counts(staged=1, inserted=1, deleted=1)
