"""The row sample: which rows stay depends on nothing but their numbers and patterns."""

import numpy as np
import pyarrow as pa

from etl_agent.profile import sample
from etl_agent.profile.sample import RowSample


def rows(first: int, count: int, *, rare: int | None = None) -> tuple[pa.RecordBatch, np.ndarray]:
    """Make rows whose cells say their number; one of them is written otherwise."""
    cells = [f"{number}" if number != rare else f"no. {number}" for number in range(first, first + count)]
    return pa.RecordBatch.from_pydict({"x": pa.array(cells, pa.string())}), np.arange(first, first + count)


def test_few_rows_all_stay() -> None:
    """A dataset smaller than the sample is its own sample."""
    merged = RowSample.of(*rows(0, 10)).combine(RowSample.of(*rows(10, 5)))
    assert merged.whole
    assert merged.data is not None
    assert merged.data.column("x").to_pylist() == [str(number) for number in range(15)]


def test_the_order_of_merging_does_not_matter(monkeypatch) -> None:  # type: ignore[no-untyped-def]  # pytest's own
    """The same rows in other batches and another order give the same sample."""
    monkeypatch.setattr(sample, "SAMPLE_ROWS", 50)
    pieces = [RowSample.of(*rows(start, 100)) for start in range(0, 1000, 100)]
    forwards, backwards = RowSample(), RowSample()
    for piece in pieces:
        forwards = forwards.combine(piece)
    for piece in reversed(pieces):
        backwards = piece.combine(backwards)
    whole = RowSample().combine(RowSample.of(*rows(0, 1000)))
    limited = RowSample().combine(*pieces[:5])
    limited = limited.combine(
        *(RowSample.of(*rows(start, 100), limit=limited.limit) for start in range(500, 1000, 100))
    )
    assert forwards.data is not None
    for other in (backwards, whole, limited):
        assert forwards.data.equals(other.data)
    assert forwards.seen == limited.seen == 1000
    assert not forwards.whole


def test_a_rare_pattern_is_in_the_sample(monkeypatch) -> None:  # type: ignore[no-untyped-def]  # pytest's own
    """Of a spelling that one row in a thousand has, some rows stay though one in twenty stays at all."""
    monkeypatch.setattr(sample, "SAMPLE_ROWS", 500)
    found = RowSample().combine(*(RowSample.of(*rows(start, 1000, rare=start + 7)) for start in range(0, 10_000, 1000)))
    assert found.data is not None
    assert any(cell.startswith("no. ") for cell in found.data.column("x").to_pylist())
