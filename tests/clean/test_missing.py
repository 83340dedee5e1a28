"""Missing markers: only what is declared becomes null."""

import pyarrow as pa
import pytest
from pydantic import ValidationError

from etl_agent.clean.missing import MARKERS, NullMarkers


def after(step: NullMarkers, *cells: str | None) -> list[str | None]:
    """Run a step on a column x."""
    data = pa.RecordBatch.from_pydict({"x": pa.array(cells, pa.string())})
    return step.apply(data).column("x").to_pylist()


@pytest.mark.parametrize("cell", ["NA", "", " ", "-", "?", "None", "none", "0", "Null", "N/A ", "unknown", "nan."])
def test_default_is_conservative(cell: str) -> None:
    """Namibia, the empty string, dashes and near misses stay unless they are named."""
    assert after(NullMarkers(), cell) == [cell]


def test_every_default_marker_is_found() -> None:
    """Each marker of the default list becomes null."""
    assert after(NullMarkers(), *MARKERS) == [None] * len(MARKERS)


def test_declared_markers_replace_the_default() -> None:
    """A list of one's own is the whole list."""
    assert after(NullMarkers(markers=("NA", "")), "NA", "", "N/A", None) == [None, None, "N/A", None]


def test_numbers_from_yaml_are_text() -> None:
    """A marker written as a number in YAML means its text."""
    assert NullMarkers.model_validate({"markers": [-999, 0]}).markers == ("-999", "0")


def test_slices_keep_their_nulls() -> None:
    """A batch cut out of a larger one keeps the nulls that it had, at every offset."""
    cells = ["a", None, "N/A", "b", "", "N/A", None, "c", "d", "N/A", "e"]
    whole = pa.RecordBatch.from_pydict({"x": pa.array(cells, pa.string())})
    for start in range(len(cells)):
        for length in range(len(cells) - start + 1):
            piece = NullMarkers().apply(whole.slice(start, length))
            piece.validate(full=True)
            want = [None if c == "N/A" else c for c in cells[start : start + length]]
            assert piece.column("x").to_pylist() == want
            assert piece.column("x").null_count == want.count(None)


def test_no_markers_is_a_mistake() -> None:
    """An empty list of markers does nothing and is refused."""
    with pytest.raises(ValidationError):
        NullMarkers(markers=())
