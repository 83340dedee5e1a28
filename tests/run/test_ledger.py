"""The ledger says which content is in a table and what every run did, word for word and number for number."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from types import SimpleNamespace

import numpy as np
import pyarrow as pa
import pytest
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from etl_agent.batch import Origin
from etl_agent.decide.decision import Decision
from etl_agent.errors import ConfigurationError, EtlAgentError
from etl_agent.load.history import Kept
from etl_agent.load.ledger_tables import Instant, LedgerTables, ensure
from etl_agent.load.spec import Load
from etl_agent.rejects import Reason, Rejects
from etl_agent.run.balance import Balance, Unbalanced
from etl_agent.run.changes import ChangeRow
from etl_agent.run.commit import _sha
from etl_agent.run.ledger import (
    ActiveFile,
    LoadedFile,
    active_files,
    change_batches,
    close_refused,
    deactivate,
    decision_batch,
    loaded_types,
    quarantine_batches,
    record_files,
    record_history,
    record_run,
    types_of,
)
from etl_agent.run.replays import close_open, mark_replayed, replays_of
from etl_agent.run.result import FileOutcome, RunResult
from etl_agent.run.run_id import new_run_id
from etl_agent.run.spool import RejectSpool
from etl_agent.run.withdraw import withdraw
from etl_agent.shape import Column, ColumnType, Shape, parse_type

TABLES = LedgerTables.within(None)
A, B, C = "a" * 64, "b" * 64, "c" * 64


@pytest.fixture
def connection():
    """A connection to an empty ledger."""
    engine = sa.create_engine("sqlite://")
    with engine.connect() as connection:
        ensure(connection, tables=TABLES)
        yield connection
    engine.dispose()


def files(*digests, run_id=1, table="t", connection):
    """Bring content into a table, each file named for its digest."""
    loaded = [LoadedFile(digest, f"{digest[0]}.csv", 10, 5, place) for place, digest in enumerate(digests)]
    record_files(connection, TABLES, loaded, table=table, run_id=run_id, plan_digest="p")


def result(run_id, status="loaded", **more):
    """Make the outcome of a run."""
    return RunResult("orders", run_id, status, "t", Balance(), **more)


def entry(connection, run_id, *, file="a.csv", status="open", table="t", replayed_by=None, line=2):
    """Put a row into the quarantine, and return its number."""
    row = {
        "run_id": run_id,
        "table_name": table,
        "file": file,
        "line": line,
        "byte_offset": 7,
        "stage": "validate",
        "reasons": "[]",
        "raw": "x",
        "status": status,
        "replayed_by": replayed_by,
    }
    return connection.execute(TABLES.quarantine.insert().values(**row)).inserted_primary_key[0]


def entries(connection):
    """Read status, closing run and offset of every entry, in order."""
    columns = TABLES.quarantine.c
    return [
        tuple(row)
        for row in connection.execute(
            sa.select(columns.status, columns.replayed_by, columns.byte_offset).order_by(columns.id)
        )
    ]


# Content


def test_active_content_is_read_in_the_order_it_was_loaded(connection):
    """By run, then by place in the run; other tables and content that left do not count."""
    files(B, A, run_id=2, connection=connection)
    files(C, run_id=1, connection=connection)
    files(A, run_id=3, table="other", connection=connection)
    assert active_files(connection, table="t", schema=None) == (
        ActiveFile(C, "c.csv", 10, 1, "p", 0),
        ActiveFile(B, "b.csv", 10, 2, "p", 0),
        ActiveFile(A, "a.csv", 10, 2, "p", 1),
    )


def test_a_database_without_a_ledger_holds_no_content():
    """Nothing was loaded into it by us."""
    with sa.create_engine("sqlite://").connect() as connection:
        assert active_files(connection, table="t", schema=None) == ()
        assert loaded_types(connection, table="t", schema=None) is None


def test_content_that_leaves_names_the_run_that_took_it_out(connection):
    """Only what is asked for leaves, of this table alone, and once."""
    files(A, B, connection=connection)
    files(A, table="other", connection=connection)
    deactivate(connection, TABLES, table="t", run_id=5, digests=[A])
    assert [file.sha256 for file in active_files(connection, table="t", schema=None)] == [B]
    deactivate(connection, TABLES, table="t", run_id=6)
    assert active_files(connection, table="t", schema=None) == ()
    assert [file.sha256 for file in active_files(connection, table="other", schema=None)] == [A]
    columns = TABLES.files.c
    left = connection.execute(sa.select(columns.sha256, columns.deactivated_by).where(columns.table_name == "t")).all()
    assert [tuple(row) for row in left] == [(A, 5), (B, 6)]


def test_a_run_without_files_records_none(connection):
    """An empty list is no row."""
    files(connection=connection)
    assert connection.execute(sa.select(sa.func.count()).select_from(TABLES.files)).scalar() == 0


def test_the_same_content_is_not_active_twice(connection):
    """The database itself refuses what would be a double."""
    files(A, connection=connection)
    with pytest.raises(sa.exc.IntegrityError):
        files(A, run_id=2, connection=connection)


def test_a_record_of_a_file_holds_what_it_was(connection):
    """Its size, its records and the plan it was loaded by stand in the row."""
    record_files(connection, TABLES, [LoadedFile(A, "a.csv", 11, 3, 4)], table="t", run_id=9, plan_digest="plan")
    (row,) = connection.execute(sa.select(TABLES.files)).mappings()
    assert dict(row) == {
        "table_name": "t",
        "sha256": A,
        "active": 1,
        "file": "a.csv",
        "size": 11,
        "rows": 3,
        "run_id": 9,
        "plan_digest": "plan",
        "position": 4,
        "deactivated_by": None,
    }


# Runs


def test_a_run_is_recorded_with_its_whole_balance(connection):
    """Every count has its column, and the outcome holds all of the result and the shape."""
    run_id = new_run_id(now=datetime(2026, 11, 22, 2, 0, tzinfo=UTC))
    balance = Balance(
        read=21,
        inserted=1,
        updated=2,
        unchanged=3,
        quarantined=4,
        deduplicated={"d": 5},
        filtered={"f": 6},
        staged=6,
        removed=7,
    )
    shape = Shape((Column("n", ColumnType("integer")), Column("at", parse_type("timestamp", zoned=True))))
    told = replace(result(run_id, message="a word"), balance=balance)
    record_run(connection, TABLES, told, plan_digest="p", shape=shape)
    (row,) = connection.execute(sa.select(TABLES.runs)).mappings()
    outcome = json.loads(row["outcome"])
    assert {name: row[name] for name in row if name not in ("outcome", "finished_at")} == {
        "run_id": run_id,
        "pipeline": "orders",
        "table_name": "t",
        "status": "loaded",
        "started_at": datetime(2026, 11, 22, 2, 0, tzinfo=UTC),
        "rows_read": 21,
        "rows_loaded": 6,
        "inserted": 1,
        "updated": 2,
        "unchanged": 3,
        "rows_quarantined": 4,
        "rows_deduplicated": 5,
        "rows_filtered": 6,
        "plan_digest": "p",
        "error": None,
        "undone_by": None,
    }
    assert datetime.now(UTC).timestamp() - row["finished_at"].timestamp() < 60
    assert outcome["shape"] == [
        {"name": "n", "type": "integer", "zoned": False},
        {"name": "at", "type": "timestamp", "zoned": True},
    ]
    assert outcome["rows"]["removed"] == 7
    assert types_of(connection, TABLES, run_id) == {
        "n": ColumnType("integer"),
        "at": ColumnType("timestamp", zoned=True),
    }


def test_a_refusal_is_an_error_of_the_run(connection):
    """Only a refused run has one, and it has no shape."""
    record_run(connection, TABLES, result(1, "refused", message="too many ä"), plan_digest="p")
    (row,) = connection.execute(sa.select(TABLES.runs)).mappings()
    assert (row["status"], row["error"]) == ("refused", "too many ä")
    assert "too many ä" in row["outcome"]
    assert types_of(connection, TABLES, 1) is None


def test_the_types_are_those_of_the_newest_run_that_loaded(connection):
    """Refused runs, other tables and runs that are not on record say nothing."""
    for run_id, kind in ((1, "integer"), (2, "date")):
        shape = Shape((Column("x", ColumnType(kind)),))
        record_run(connection, TABLES, result(run_id), plan_digest="p", shape=shape)
    record_run(connection, TABLES, result(3, "refused"), plan_digest="p", shape=Shape((Column("x"),)))
    assert loaded_types(connection, table="t", schema=None) == {"x": ColumnType("date")}
    assert types_of(connection, TABLES, 1) == {"x": ColumnType("integer")}
    assert loaded_types(connection, table="other", schema=None) is None
    assert types_of(connection, TABLES, 99) is None


def test_what_an_undo_must_know_is_recorded(connection):
    """Columns are listed as JSON, whatever they are called."""
    kept = Kept("h", updated=1, deleted=2, built="b", added=("ä",), keys=("k", "l"), own_sql=True)
    record_history(connection, TABLES, kept, table="t", run_id=4)
    (row,) = connection.execute(sa.select(TABLES.history)).mappings()
    assert dict(row) == {
        "run_id": 4,
        "table_name": "t",
        "position": 1,
        "kept_in": "h",
        "rows_updated": 1,
        "rows_deleted": 2,
        "built": "b",
        "added": '["ä"]',
        "keys": '["k", "l"]',
        "own_sql": 1,
    }


def test_decisions_are_rows_in_their_order():
    """Each has its node, its choice, and its evidence as JSON."""
    made = [
        Decision(node="clean.1", chosen="a", policy="rule", reason="r", evidence={"share": 0.5}),
        Decision(node="clean.2", chosen="b", policy="otherwise", reason="s"),
    ]
    batch = decision_batch(made, run_id=7)
    assert batch.schema.names == ["run_id", "node", "chosen", "policy", "reason", "evidence", "profile_digest"]
    rows = batch.to_pylist()
    assert [(row["run_id"], row["node"], row["chosen"], row["policy"], row["reason"]) for row in rows] == [
        (7, "clean.1", "a", "rule", "r"),
        (7, "clean.2", "b", "otherwise", "s"),
    ]
    assert json.loads(rows[0]["evidence"]) == {"share": 0.5}
    assert decision_batch([], run_id=7).num_rows == 0


# Changes and the quarantine


def change(number):
    """Make a row of the change ledger."""
    return ChangeRow("1 trim", "x", "pair", f" {number}", str(number), number, "eb", "ea")


def test_changes_are_written_in_bounded_pieces():
    """Each row stands in one piece, in order."""
    batches = list(change_batches((change(n) for n in range(20_001)), run_id=3, table="t"))
    assert [len(batch) for batch in batches] == [10_000, 10_000, 1]
    assert [n for batch in batches for n in batch.column("rows").to_pylist()] == list(range(20_001))
    assert batches[2].to_pylist() == [
        {
            "run_id": 3,
            "table_name": "t",
            "step": "1 trim",
            "column_name": "x",
            "before": " 20000",
            "after": "20000",
            "kind": "pair",
            "example_before": "eb",
            "example_after": "ea",
            "rows": 20_000,
        }
    ]
    assert list(change_batches(iter(()), run_id=3, table="t")) == []
    assert [len(batch) for batch in change_batches(map(change, range(10_000)), run_id=3, table="t")] == [10_000]


def rejects(rows, *, first=0):
    """Make rejected rows of one file."""
    places = np.arange(first, first + rows, dtype=np.int64)
    origin = Origin(("a.csv",), np.zeros(rows, np.int32), places, places + 2, places * 10, places + 1, ())
    text = json.dumps([Reason("blank-row").as_dict()])
    counts = {Reason("blank-row"): rows}
    return Rejects(origin, "clean", "s", pa.array([text] * rows, pa.string()), (b"\xff",) * rows, counts)


@pytest.mark.parametrize(("most", "kept"), [(None, 5), (9, 5), (4, 4), (3, 3), (1, 1), (0, 0)])
def test_the_quarantine_keeps_as_many_rows_as_it_is_told(tmp_path, most, kept):
    """The first ones, in order, and no empty piece."""
    spool = RejectSpool(tmp_path, encodings={"a.csv": "utf-8"})
    spool.add([rejects(3)])
    spool.add([rejects(2, first=3)])
    batches = list(quarantine_batches(spool, run_id=8, table="t", status="refused", most=most))
    assert all(len(batch) for batch in batches)
    rows = [row for batch in batches for row in batch.to_pylist()]
    assert [row["line"] for row in rows] == list(range(2, 2 + kept))
    for row in rows:
        assert row == {
            "run_id": 8,
            "table_name": "t",
            "file": "a.csv",
            "line": row["line"],
            "byte_offset": (row["line"] - 2) * 10,
            "stage": "clean",
            "step": "s",
            "reasons": '[{"code": "blank-row"}]',
            "raw": "\\xff",
            "status": "refused",
        }


def test_a_load_closes_what_was_refused_of_its_content(connection):
    """Entries of the refused run, of that file alone, and of that table alone."""
    outcomes = (FileOutcome("a.csv", "judged", sha256=A), FileOutcome("b.csv", "judged", sha256=B))
    record_run(connection, TABLES, result(1, "refused", files=outcomes), plan_digest="p")
    record_run(connection, TABLES, result(2, files=outcomes), plan_digest="p")
    for run_id, file, status in (
        (1, "a.csv", "refused"),
        (1, "b.csv", "refused"),
        (1, "a.csv", "discarded"),
        (2, "a.csv", "refused"),
    ):
        entry(connection, run_id, file=file, status=status)
    close_refused(connection, TABLES, table="t", digests=[A], run_id=3)
    assert [(status, by) for status, by, _ in entries(connection)] == [
        ("closed", 3),
        ("refused", None),
        ("discarded", None),
        ("refused", None),
    ]
    close_refused(connection, TABLES, table="other", digests=[A, B], run_id=4)
    close_refused(connection, TABLES, table="t", digests=[C], run_id=4)
    assert [by for _, by, _ in entries(connection)] == [3, None, None, None]


def test_a_refusal_without_an_outcome_closes_nothing(connection):
    """A record of another release may lack it."""
    record_run(connection, TABLES, result(1, "refused"), plan_digest="p")
    connection.execute(TABLES.runs.update().values(outcome=None))
    entry(connection, 1, status="refused")
    close_refused(connection, TABLES, table="t", digests=[A], run_id=3)
    assert entries(connection) == [("refused", None, 7)]
    assert types_of(connection, TABLES, 1) is None


# Replays


def test_replayed_entries_are_marked_once(connection):
    """Only open ones count; what the replay itself rejects stands at no byte of a file."""
    first, second, closed = entry(connection, 1), entry(connection, 1), entry(connection, 1, status="closed")
    entry(connection, 5, line=None)
    assert mark_replayed(connection, TABLES, [first, second, closed], run_id=5) == 2
    assert mark_replayed(connection, TABLES, [first], run_id=6) == 0
    assert entries(connection) == [("replayed", 5, 7), ("replayed", 5, 7), ("closed", None, 7), ("open", None, None)]


def test_all_that_waits_closes_when_all_content_leaves(connection):
    """Of this table, whatever its run; what is not open stays."""
    for table, status in (("t", "open"), ("t", "discarded"), ("other", "open"), ("t", "open")):
        entry(connection, 1, table=table, status=status)
    assert close_open(connection, TABLES, table="t", run_id=9) == 2
    assert [(status, by) for status, by, _ in entries(connection)] == [
        ("closed", 9),
        ("discarded", None),
        ("open", None),
        ("closed", 9),
    ]


def test_what_waits_closes_with_its_own_content(connection):
    """Entries of the content that leaves, and of its replays; those of other content and other runs stay."""
    files(A, B, run_id=1, connection=connection)
    entry(connection, 1, file="a.csv", status="replayed", replayed_by=2)
    entry(connection, 2, file="a.csv")  # rejected again in the replay
    entry(connection, 1, file="a.csv")
    entry(connection, 1, file="b.csv")
    entry(connection, 7, file="a.csv")  # of a run that is not active
    assert close_open(connection, TABLES, table="t", run_id=9, digests=[A]) == 2
    assert [(status, by) for status, by, _ in entries(connection)] == [
        ("replayed", 2),
        ("closed", 9),
        ("closed", 9),
        ("open", None),
        ("open", None),
    ]


def test_content_that_left_closes_nothing_again(connection):
    """Only what is active leaves."""
    files(A, run_id=1, connection=connection)
    deactivate(connection, TABLES, table="t", run_id=2)
    entry(connection, 1, file="a.csv")
    assert close_open(connection, TABLES, table="t", run_id=9, digests=[A]) == 0


def test_replays_are_followed_to_their_end(connection):
    """A replay of a replay belongs to the first content; what else those runs replayed is told."""
    entry(connection, 1, file="a.csv", status="replayed", replayed_by=2)
    entry(connection, 2, file="a.csv", status="replayed", replayed_by=3)
    entry(connection, 1, file="b.csv", status="replayed", replayed_by=3)
    entry(connection, 1, file="c.csv", status="replayed", replayed_by=4)
    entry(connection, 1, file="a.csv", status="closed", replayed_by=8)
    entry(connection, 1, file="a.csv", status="replayed", replayed_by=6, table="other")
    found = replays_of(connection, TABLES, [(1, "a.csv")], table="t")
    assert found.rejected == {(1, "a.csv"), (2, "a.csv"), (3, "a.csv")}
    assert found.runs == {2, 3}
    assert found.others == {"b.csv"}


# Reloads of an append


def transaction(connection, *, lineage=True):
    """Stand for a load: it notes which runs' rows are withdrawn."""
    tx = SimpleNamespace(
        connection=connection, tables=TABLES, order=SimpleNamespace(fit=SimpleNamespace(lineage=lineage))
    )
    tx.runs = None

    def taken(runs):
        tx.runs = runs
        return 10 * len(runs)

    tx.withdraw = taken
    return tx


APPEND = Load.model_validate({"to": "sqlite:///x.db", "table": "t"})


def test_new_content_withdraws_nothing(connection):
    """There are no rows of it, and the transaction is not even looked at."""
    active = [ActiveFile(A, "a.csv", 1, 1, "p", 0)]
    tx = transaction(connection)
    assert withdraw(tx, APPEND, active=active, digests=[B]) == 0
    assert tx.runs is None


def test_content_that_comes_again_takes_its_runs_and_their_replays_back(connection):
    """All runs that wrote rows of it, once each, by the database's count."""
    active = [
        ActiveFile(A, "a.csv", 1, 4, "p", 0),
        ActiveFile(B, "b.csv", 1, 2, "p", 0),
        ActiveFile(C, "c.csv", 1, 9, "p", 0),
    ]
    entry(connection, 4, file="a.csv", status="replayed", replayed_by=5)
    tx = transaction(connection)
    assert withdraw(tx, APPEND, active=active, digests=[A, B]) == 30
    assert tx.runs == [2, 4, 5]


@pytest.mark.parametrize("replayed", [False, True])
def test_rows_that_were_loaded_together_are_reloaded_together(connection, replayed):
    """A run's rows cannot be told apart by file, so a part of its files is refused, by name."""
    active = [ActiveFile(A, "a.csv", 1, 4, "p", 0)]
    if replayed:
        entry(connection, 4, file="a.csv", status="replayed", replayed_by=5)
        entry(connection, 3, file="b.csv", status="replayed", replayed_by=5)
    else:
        active.append(ActiveFile(B, "b.csv", 1, 4, "p", 1))
    tx = transaction(connection)
    with pytest.raises(ConfigurationError) as refused:
        withdraw(tx, APPEND, active=active, digests=[A])
    assert str(refused.value).startswith(
        "table t: a run that loaded or replayed rows of this content also loaded b.csv; its rows can only be replaced "
        "together"
    )
    assert refused.value.next_command == "the same command with --reload over all of these files"
    assert tx.runs is None


def test_rows_without_their_run_are_not_doubled(connection):
    """Without the column that names the run, nothing can be taken back, and nothing is loaded."""
    tx = transaction(connection, lineage=False)
    with pytest.raises(ConfigurationError) as refused:
        withdraw(tx, APPEND, active=[ActiveFile(A, "a.csv", 1, 4, "p", 0)], digests=[A])
    assert str(refused.value).startswith("table t: the table has no column _etl_run_id, so the rows of an earlier run")
    assert "merge with a primary key" in (refused.value.next_command or "")
    assert tx.runs is None


# Sums


def test_a_balance_adds_up_or_says_what_does_not():
    """Each place where a row can be is in the sentence; staged rows are those that reached the load."""
    balance = Balance(
        read=21,
        inserted=1,
        updated=2,
        unchanged=3,
        quarantined=4,
        deduplicated={"d": 2, "e": 3},
        filtered={"f": 6},
        staged=6,
    )
    balance.check(where="p")
    assert (balance.loaded, balance.rows_deduplicated, balance.rows_filtered, balance.accounted) == (6, 5, 6, 21)
    with pytest.raises(Unbalanced) as unbalanced:
        replace(balance, read=22).check(where="p")
    assert str(unbalanced.value) == (
        "p: 22 rows were read but 21 are accounted for: 6 loaded, 4 quarantined, 5 deduplicated, 6 filtered; the run "
        "was rolled back and nothing was loaded; next: report this with the output of: etl-agent --version"
    )


def test_a_file_that_was_not_read_to_its_end_is_never_recorded():
    """Its digest is not known, and a ledger without it could load the file twice."""
    assert _sha(SimpleNamespace(sha256=A, file="a.csv")) == A
    with pytest.raises(EtlAgentError, match=r"a\.csv"):
        _sha(SimpleNamespace(sha256=None, file="a.csv"))


def test_a_moment_is_utc_text_in_sqlite_and_nothing_stays_nothing():
    """Times of all zones compare as text, and null is null."""
    kind, dialect = Instant(), sa.create_engine("sqlite://").dialect
    moment = datetime.fromisoformat("2026-11-22T03:00:00.000001+01:00")
    assert kind.process_bind_param(moment, dialect) == "2026-11-22 02:00:00.000001+00:00"
    assert kind.process_bind_param(None, dialect) is None
    assert kind.process_result_value(None, dialect) is None
    assert kind.process_result_value("2026-11-22 02:00:00.000001+00:00", dialect) == moment
    other = postgresql.dialect()
    assert kind.process_bind_param(moment, other) == moment
    assert kind.process_bind_param(moment, other).utcoffset().total_seconds() == 0
