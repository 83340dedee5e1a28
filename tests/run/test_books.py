"""The books of a run settle every key over all its batches, and keep the place of what is rejected late."""

import json

import numpy as np
import pyarrow as pa
import pytest

from etl_agent.batch import Batch, Origin
from etl_agent.errors import EtlAgentError
from etl_agent.keys import Drops, hash_key
from etl_agent.rejects import Reason, Rejects
from etl_agent.run.books import Books, HeldBack
from etl_agent.run.chain import Keyed, KeyRule, Passed

MATERIAL = b"of this run"
BY_STEP = KeyRule("2 drop_duplicates", "first")
BY_LOAD = KeyRule("primary key (k)", "last", columns=("k",))
BY_CONTRACT = KeyRule("unique (k)", "none", reason=Reason("unique-error", "k"), columns=("k",))


def rows(keys, *, start=0, files=("a.csv",), file=0):
    """Make a batch of one text column whose rows are numbered from start."""
    count = len(keys)
    places = np.arange(start, start + count, dtype=np.int64)
    origin = Origin(
        files=files,
        file=np.full(count, file, np.int32),
        row=places,
        line=places + 2,
        offset=places * 10,
        length=places + 1,
        raw=(lambda offsets, _: [b""] * len(offsets),) * len(files),
    )
    return Batch(pa.RecordBatch.from_pydict({"k": pa.array(keys, pa.string())}), origin)


def keyed(batch, rule, *, rank=None, early=False):
    """Hash the keys of a batch."""
    columns = [batch.data.column("k")]
    first = hash_key(columns) if early else None
    return Keyed(rule, hash_key(columns, material=MATERIAL), rank, MATERIAL, first)


def books(folder, *rules, keys=(), places=True):
    """Open books and enter batches under some rules."""
    opened = Books(folder, encodings={"a.csv": "utf-8", "b.csv": "utf-8"})
    if places:
        opened.keep_places()
    start = 0
    for number, part in enumerate(keys):
        batch = rows(part, start=start, files=("a.csv", "b.csv"), file=number)
        opened.add(Passed(batch, keys=tuple(keyed(batch, rule) for rule in rules)))
        start += len(part)
    return opened


def raw_at(file, offsets, lengths):
    """Read the raw records of a file back: here each says where it stood."""
    return [b"%d:%d:%d" % (file, offset, length) for offset, length in zip(offsets, lengths, strict=True)]


def numbers(drops):
    """List the rows that do not stay."""
    return sorted(int(row) for part in drops for row in part)


def test_what_a_batch_lost_is_added_up(tmp_path):
    """Rows that steps took out count by step, over all batches."""
    opened = books(tmp_path)
    for kept in (1, 2):
        opened.add(Passed(rows(["x"] * kept), filtered=(("1 filter", 3), ("2 filter", kept))))
    assert opened.filtered == {"1 filter": 6, "2 filter": 3}
    assert opened.deduplicated == {}
    assert opened.withdrawn == 0


def test_rejects_and_changes_are_kept(tmp_path):
    """Rejected rows of every batch are in the spool, with their reasons counted."""
    opened = books(tmp_path)
    lost = rows(["x"], start=4).origin
    reason = Reason("blank-row")
    text = pa.array([json.dumps([reason.as_dict()])], pa.string())
    opened.add(Passed(rows(["y"]), rejects=(Rejects(lost, "clean", None, text, (b"x",), {reason: 1}),)))
    assert (opened.rejects.rows, opened.rejects.counts) == (1, {reason: 1})
    assert opened.changes.total == 0


def test_rows_that_lose_by_the_users_word_are_deduplicated(tmp_path):
    """The last of each key stays, over all batches, and nothing is rejected."""
    opened = books(tmp_path, BY_LOAD, keys=[["a", "b", "a"], ["c", "b"]])
    assert numbers(opened.losers(raw_at)) == [0, 1]
    assert opened.deduplicated == {"primary key (k)": 2}
    assert opened.rejects.rows == 0


def test_rules_are_settled_one_after_the_other(tmp_path):
    """What lost by the first rule takes no part in the second, and is counted once."""
    opened = books(tmp_path, BY_STEP, BY_LOAD, keys=[["a", "b", "a"], ["c", "b"]])
    assert numbers(opened.losers(raw_at)) == [2, 4]
    assert opened.deduplicated == {"2 drop_duplicates": 2}


def test_the_losers_of_several_rules_are_joined(tmp_path):
    """Each rule takes out its own."""
    opened = Books(tmp_path, encodings={"a.csv": "utf-8"})
    first, second = rows(["a", "a", "b"]), rows(["x", "y", "y"])
    opened.add(Passed(first, keys=(keyed(first, BY_STEP), keyed(second, BY_LOAD))))
    assert numbers(opened.losers(raw_at)) == [1]  # of rows 1 and 2, which share a key, row 1 has left already
    other = Books(tmp_path / "..", encodings={"a.csv": "utf-8"})
    first, second = rows(["a", "a", "b", "c"]), rows(["x", "y", "z", "z"])
    other.add(Passed(first, keys=(keyed(first, BY_STEP), keyed(second, BY_LOAD))))
    assert numbers(other.losers(raw_at)) == [1, 2]
    assert other.deduplicated == {"2 drop_duplicates": 1, "primary key (k)": 1}


def test_rows_that_break_the_contract_are_rejected_at_their_places(tmp_path):
    """Every row of the key, in whichever file, with its line, its offset and its raw bytes."""
    opened = books(tmp_path, BY_CONTRACT, keys=[["a", "b", "a"], ["c", "b"]])
    assert numbers(opened.losers(raw_at)) == [0, 1, 2, 4]
    assert opened.deduplicated == {}
    found = [row for batch in opened.rejects.batches() for row in batch.to_pylist()]
    assert sorted((row["file"], row["line"], row["byte_offset"], row["raw"]) for row in found) == [
        ("a.csv", 2, 0, "0:0:1"),
        ("a.csv", 3, 10, "0:10:2"),
        ("a.csv", 4, 20, "0:20:3"),
        ("b.csv", 6, 40, "1:40:5"),
    ]
    assert {(row["stage"], row["step"], row["reasons"]) for row in found} == {
        ("validate", None, '[{"code": "unique-error", "column": "k"}]')
    }
    assert opened.rejects.counts == {Reason("unique-error", "k"): 4}


def test_rows_without_a_known_place_are_never_rejected_late(tmp_path):
    """Their raw records could not be kept, so it is a bug that is told."""
    opened = books(tmp_path, BY_CONTRACT, keys=[["a", "a"]], places=False)
    with pytest.raises(EtlAgentError, match="rows were rejected late, but their places were not kept"):
        opened.losers(raw_at)


def test_keys_that_rows_have_are_known(tmp_path):
    """Only those of rows that stay, and only by the load's own key."""
    opened = books(tmp_path, BY_STEP, BY_LOAD, keys=[["a", "b"], ["c"]])
    opened.losers(raw_at)
    hashes = opened.hashed(("k",), [pa.array(["b", "x", "a"], pa.string())])
    assert hashes is not None
    assert opened.brought(("k",), hashes).tolist() == [True, False, True]
    opened.reject_late(np.array([1], np.int64), Reason("type-error", "k"), raw_at, stage="load")
    assert opened.brought(("k",), hashes).tolist() == [False, False, True]
    assert [row["stage"] for batch in opened.rejects.batches() for row in batch.to_pylist()] == ["load"]


def test_keys_that_nobody_asked_to_be_unique_are_not_known(tmp_path):
    """A step's own key, or one of the contract, is not the key that a load goes by."""
    opened = books(tmp_path, BY_STEP, BY_CONTRACT, keys=[["a"]])
    values = [pa.array(["a"], pa.string())]
    assert opened.hashed(("k",), values) is None
    assert opened.hashed(("other",), values) is None
    assert opened.brought(("k",), hash_key(values, material=MATERIAL)).tolist() == [False]


# Rows held back in doubt


def test_rows_that_may_repeat_a_key_wait_until_all_are_known(tmp_path):
    """The first of each key goes on at once; of those in doubt the ones that stay follow, and none is lost."""
    held = HeldBack(tmp_path)
    first, second = rows(["a", "b", "b"]), rows(["a", "c"], start=3)
    gone_on = [held.part(batch, [keyed(batch, BY_STEP, early=True)]) for batch in (first, second)]
    assert [batch.origin.row.tolist() for batch in gone_on] == [[0], [4]]
    losers = Drops.of([np.array([2, 3], np.int64)])
    released = [batch for batch in held.release(losers) if len(batch)]
    assert [(batch.data.column("k").to_pylist(), batch.origin.row.tolist()) for batch in released] == [(["b"], [1])]


def test_nothing_is_held_back_where_no_key_repeats(tmp_path):
    """Then there is nothing to release, and no file."""
    held = HeldBack(tmp_path)
    batch = rows(["a", "b"])
    assert held.part(batch, [keyed(batch, BY_STEP, early=True)]) is batch
    assert list(held.release(Drops.of([]))) == []
    assert list(tmp_path.iterdir()) == []


def test_a_column_may_have_the_name_of_the_row_numbers(tmp_path):
    """The numbers stand beside the user's columns, whatever these are called."""
    held = HeldBack(tmp_path)
    batch = rows(["a", "a"])
    batch = batch.with_data(batch.data.rename_columns(["row"]))
    doubt = Keyed(BY_STEP, *(None,) * 2, MATERIAL, hash_key([batch.data.column(0)]))
    assert len(held.part(batch, [doubt])) == 0
    (released,) = held.release(Drops.of([np.array([1], np.int64)]))
    assert (released.data.schema.names, released.data.column(0).to_pylist()) == (["row"], ["a"])


def test_a_row_that_went_on_and_should_not_have_is_a_loud_bug(tmp_path):
    """It is in the table already."""
    held = HeldBack(tmp_path)
    batch = rows(["a", "b"])
    held.part(batch, [keyed(batch, BY_STEP, early=True)])
    with pytest.raises(EtlAgentError, match="1 rows with a repeated key were not held back"):
        list(held.release(Drops.of([np.array([1], np.int64)])))


def test_keys_that_cannot_be_doubted_are_a_loud_bug(tmp_path):
    """Without a hash for it no row can be held back."""
    batch = rows(["a"])
    with pytest.raises(EtlAgentError, match="rows are held back, but their keys were not hashed for it"):
        HeldBack(tmp_path).part(batch, [keyed(batch, BY_STEP)])
