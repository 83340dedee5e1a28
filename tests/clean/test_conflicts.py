"""Conflicts between sources of the same entity."""

import json
from functools import reduce

import pyarrow as pa
import pytest
from pydantic import ValidationError

import etl_agent.clean.conflicts as conflicts_module
from etl_agent.clean import testimony
from etl_agent.clean.conflicts import FillFromSources, ResolveConflicts

Cell = str | None

SOURCES = ("ada", "bob", "cyd", "dan", "eve", "fay")


def reports(*claims: list[Cell], ship: str = "ship 1") -> pa.RecordBatch:
    """Make the reports of six sources on one ship, one list of cells for each column of claims."""
    columns: dict[str, list[Cell]] = {"by": list(SOURCES), "ship": [ship] * len(SOURCES)}
    columns |= {f"claim{place}": cells for place, cells in enumerate(claims)}
    return pa.RecordBatch.from_pydict({name: pa.array(cells, pa.string()) for name, cells in columns.items()})


def resolved(*batches: pa.RecordBatch, **options: object) -> list[Cell]:
    """Resolve the conflicts of the first column of claims."""
    return _after(ResolveConflicts, *batches, **options)


def filled(*batches: pa.RecordBatch, **options: object) -> list[Cell]:
    """Fill the first column of claims."""
    return _after(FillFromSources, *batches, **options)


def _after(
    kind: type[ResolveConflicts] | type[FillFromSources], *batches: pa.RecordBatch, **options: object
) -> list[Cell]:
    step = kind.model_validate({"source": "by", "entity": "ship", "columns": "claim0", **options})
    step = step.fit(reduce(step.combine, map(step.observe, batches)))
    cells: list[Cell] = [cell for batch in batches for cell in step.apply(batch).column("claim0").to_pylist()]
    return cells


def test_a_lone_error_is_overwritten() -> None:
    """What five sources say outweighs what one says."""
    assert resolved(reports(["Oslo"] * 5 + ["Bergen"])) == ["Oslo"] * 6


def test_an_even_conflict_stays() -> None:
    """Where sources are divided every claim stays as it is."""
    cells: list[Cell] = ["Oslo", "Oslo", "Oslo", "Bergen", "Bergen", "Bergen"]
    assert resolved(reports(cells)) == cells


def test_a_null_is_not_overwritten_but_filled() -> None:
    """Resolving leaves a silence, filling ends it and leaves the claims."""
    cells: list[Cell] = ["Oslo"] * 5 + [None]
    assert resolved(reports(cells)) == cells
    assert filled(reports(cells)) == ["Oslo"] * 6
    assert filled(reports(["Oslo"] * 4 + ["Bergen", None])) == ["Oslo"] * 4 + ["Bergen", "Oslo"]


def test_too_few_claims_fill_nothing() -> None:
    """One source that says something is not enough to speak for the others."""
    cells: list[Cell] = ["Oslo", None, None, None, None, None]
    assert filled(reports(cells)) == cells


def test_what_means_the_same_is_no_conflict() -> None:
    """Times are compared by what they say, and what is right is written as the column writes it."""
    cells: list[Cell] = ["9:05 a.m.", "9:05 a.m.", "9:05aMar 4", "12/01 9:05 a.m. (-05:00)", "9:05 a.m.", "9:50 a.m."]
    assert resolved(reports(cells)) == ["9:05 a.m."] * 6


def test_the_usual_form_is_written_where_most_of_an_entity_write_another() -> None:
    """The form is that of the column, not of the entity."""
    usual = [reports([f"{ship}:05 p.m."] * 6, ship=f"ship {ship}") for ship in range(2, 9)]
    odd = reports(["9:05PM"] * 5 + ["9:50 p.m."])
    assert set(resolved(odd, *usual)[:6]) == {"9:05PM"}  # nobody writes that time as the column does
    assert set(resolved(odd, *usual, reports(["9:05 p.m."] * 6, ship="ship 9"))[:6]) == {"9:05 p.m."}


def test_other_entities_stay() -> None:
    """What is wrong of one entity may be right of another."""
    first, second = reports(["Oslo"] * 5 + ["Bergen"]), reports(["Bergen"] * 6, ship="ship 2")
    assert resolved(first, second)[6:] == ["Bergen"] * 6


def test_entities_of_two_columns() -> None:
    """Two columns that are one key are matched together, whatever separates their text."""
    step = ResolveConflicts.model_validate(
        {
            "source": "by",
            "entity": ["ship", "day"],
            "columns": "port",
            "learned": [{"column": "port", "entity": ["a,b", "c"], "value": "right", "wrong": ["wrong"]}],
        }
    )
    rows = {"by": ["x"] * 3, "ship": ["a,b", "a", "a,b"], "day": ["c", "b,c", None], "port": ["wrong"] * 3}
    data = pa.RecordBatch.from_pydict({name: pa.array(cells, pa.string()) for name, cells in rows.items()})
    assert step.apply(data).column("port").to_pylist() == ["right", "wrong", "wrong"]


def test_a_source_that_contradicts_itself_is_not_heard() -> None:
    """Where sources say two things of one name, two things may go by it, and nothing is settled."""
    both = [reports(["Oslo"] * 6), reports(["Bergen"] * 6)]
    assert resolved(*both) == ["Oslo"] * 6 + ["Bergen"] * 6


def test_rows_without_source_or_entity_are_left_alone() -> None:
    """Nobody knows of what, or who, such a row reports."""
    nameless = reports(["Bergen"] * 6).set_column(1, "ship", pa.nulls(6, pa.string()))
    assert resolved(reports(["Oslo"] * 6), nameless)[6:] == ["Bergen"] * 6


def test_columns_beside_are_learned_from_and_stay() -> None:
    """Other claims show which sources are to be trusted; their cells are not changed."""
    data = reports(["Oslo"] * 5 + ["Bergen"], ["x"] * 5 + ["y"])
    step = ResolveConflicts(source="by", entity=("ship",), columns=("claim0",), beside=("claim1",))
    step = step.fit(step.observe(data))
    assert step.apply(data).column("claim1").equals(data.column("claim1"))
    assert {each.column for each in step.learned or ()} == {"claim0"}


def test_a_column_has_one_part() -> None:
    """A column cannot be both source and claim."""
    with pytest.raises(ValidationError, match="either the source"):
        ResolveConflicts(source="by", entity=("ship",), columns=("by",))


def test_too_much_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond a bound nothing is remembered: neither claims nor what was settled."""
    cells: list[Cell] = ["Oslo"] * 5 + ["Bergen"]
    with monkeypatch.context() as patch:
        patch.setattr(testimony, "_MOST_CELLS", 30)
        assert resolved(reports(cells), reports(cells, ship="ship 2")) == cells * 2
    with monkeypatch.context() as patch:
        patch.setattr(conflicts_module, "_MOST_SETTLED", 1)
        assert resolved(reports(cells), reports(cells, ship="ship 2")) == cells * 2
    assert resolved(reports(cells), reports(cells, ship="ship 2")) == ["Oslo"] * 12


def test_long_cells_are_no_claims() -> None:
    """Free text is neither learned from nor overwritten."""
    long = "word " * 100
    assert resolved(reports(["Oslo"] * 5 + [long])) == ["Oslo"] * 5 + [long]


def test_what_is_learned_is_plain_data() -> None:
    """Summaries and knowledge survive JSON, so that a lock keeps them and a cluster can merge them."""
    step = ResolveConflicts(source="by", entity=("ship",), columns=("claim0",))
    seen = step.observe(reports(["Oslo"] * 5 + ["Bergen"]))
    pinned = step.fit(json.loads(json.dumps(seen)))
    assert ResolveConflicts.model_validate_json(pinned.model_dump_json()) == pinned
    assert pinned.forgotten() == step
