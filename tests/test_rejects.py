"""Reasons, and the verdict that parts good rows from bad ones."""

import json

import numpy as np
import pyarrow as pa
import pytest

from etl_agent.batch import Batch, Origin, as_mask
from etl_agent.rejects import Finding, Reason, judge, reason_codes

RAW = [b"zero", b"one", b"two", b"three"]


def batch(rows=4):
    """Make a batch whose rows can be recognised by each of their places."""
    places = np.arange(rows, dtype=np.int64)
    origin = Origin(
        files=("a.csv",),
        file=np.zeros(rows, np.int32),
        row=places,
        line=places + 2,
        offset=places * 10,
        length=places + 3,
        raw=(lambda offsets, _: [RAW[offset // 10] for offset in offsets.tolist()],),
    )
    return Batch(pa.RecordBatch.from_pydict({"n": pa.array([str(n) for n in range(rows)], pa.string())}), origin)


def finding(reason, *failed):
    """Say that a reason holds for rows."""
    return Finding(reason, np.array(failed, np.bool_))


@pytest.mark.parametrize(
    ("reason", "text", "parts"),
    [
        (Reason("blank-row"), "blank-row", {"code": "blank-row"}),
        (Reason("type-error", "n", "integer"), "n: type-error (integer)", {"column": "n", "check": "integer"}),
        (Reason("required-value", ""), ": required-value", {"column": ""}),
        (Reason("row-constraint", check=""), "row-constraint ()", {"check": ""}),
    ],
)
def test_a_reason_tells_the_parts_that_it_has(reason, text, parts):
    """A column or a check without a name is one all the same; what is absent is not told."""
    assert str(reason) == text
    assert reason.as_dict() == {"code": reason.code} | parts


def test_reason_codes_are_listed_in_order():
    """Every code once, as it is written in the record."""
    codes = reason_codes()
    assert list(codes) == sorted(set(codes))
    assert {"type-error", "unique-error", "unterminated-quote", "blank-row"} <= set(codes)


def test_rows_that_fail_nothing_are_kept_as_they_came():
    """Without a failure the batch itself goes on, and there are no rejects."""
    came = batch()
    verdict = judge(came, [finding(Reason("type-error"), False, False, False, False)], stage="validate")
    assert verdict.kept is came
    assert verdict.rejects == ()


def test_a_verdict_parts_all_rows_with_all_their_reasons():
    """Every row is kept or rejected; a rejected one has each failed check in order, its place and its bytes."""
    integer, low = Reason("type-error", "n", "integer"), Reason("constraint-error", "n", 'min: "0"')
    unseen = Reason("blank-row")
    verdict = judge(
        batch(),
        [
            finding(integer, False, True, True, False),
            finding(unseen, False, False, False, False),
            finding(low, False, False, True, True),
        ],
        stage="clean",
        step="drop",
    )
    assert verdict.kept.data.column(0).to_pylist() == ["0"]
    assert verdict.kept.origin.row.tolist() == [0]
    (rejects,) = verdict.rejects
    assert (rejects.stage, rejects.step, len(rejects)) == ("clean", "drop", 3)
    assert [json.loads(text) for text in rejects.reasons.to_pylist()] == [
        [integer.as_dict()],
        [integer.as_dict(), low.as_dict()],
        [low.as_dict()],
    ]
    assert rejects.raw == (b"one", b"two", b"three")
    assert rejects.origin.line.tolist() == [3, 4, 5]
    assert rejects.counts == {integer: 2, low: 2}


def test_a_reason_found_twice_counts_all_its_rows():
    """Two findings of one reason are counted together."""
    reason = Reason("type-error", "ä")
    findings = [finding(reason, True, False, False, False), finding(reason, True, True, False, False)]
    (rejects,) = judge(batch(), findings, stage="validate").rejects
    assert rejects.counts == {reason: 3}
    assert rejects.step is None
    assert rejects.reasons.to_pylist()[1] == '[{"code": "type-error", "column": "ä"}]'


def test_an_unknown_truth_is_false():
    """Null neither fails nor passes by itself."""
    assert as_mask(pa.array([True, None, False])).tolist() == [True, False, False]
    assert as_mask(pa.array([True, False])).tolist() == [True, False]


def test_joined_origins_find_their_own_bytes():
    """Files are renumbered, and each row's bytes come from its own file."""
    first, second = batch(2).origin, batch(3).origin.keep(np.array([False, True, True]))
    second = Origin(("b.csv",), second.file, second.row, second.line, second.offset, second.length, second.raw)
    joined = Origin.join([first, second])
    assert joined.files == ("a.csv", "b.csv")
    assert joined.file.tolist() == [0, 0, 1, 1]
    assert joined.row.tolist() == [0, 1, 1, 2]
    assert joined.line.tolist() == [2, 3, 3, 4]
    assert joined.offset.tolist() == [0, 10, 10, 20]
    assert joined.length.tolist() == [3, 4, 4, 5]
    assert joined.raw_lines() == [b"zero", b"one", b"one", b"two"]


def test_rows_of_no_file_are_numbered_and_empty():
    """What stands in no file has a number and no bytes."""
    origin = Origin.nowhere(2)
    assert origin.row.tolist() == [0, 1]
    assert origin.files == ("",)
    assert origin.line.tolist() == origin.offset.tolist() == origin.length.tolist() == origin.file.tolist() == [0, 0]
    assert origin.raw_lines() == [b"", b""]


def test_keeping_all_rows_copies_nothing():
    """A mask that is true throughout gives the batch back, and other columns keep its rows."""
    came = batch()
    assert came.keep(np.ones(4, np.bool_)) is came
    other = pa.RecordBatch.from_pydict({"m": pa.array(["x"] * 4)})
    changed = came.with_data(other)
    assert changed.data is other
    assert changed.origin is came.origin
    assert came.keep(np.array([True, False, False, True])).data.column(0).to_pylist() == ["0", "3"]
