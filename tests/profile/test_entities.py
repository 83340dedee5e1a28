"""Source-by-entity structure."""

import random
from collections.abc import Callable

import pyarrow as pa

from etl_agent.profile.coded import CodedTable
from etl_agent.profile.entities import EntityStructure, entities

Cell = str | None


def table(names: list[str], rows: list[list[Cell]]) -> CodedTable:
    columns = [pa.array(cells, pa.string()) for cells in zip(*rows, strict=True)]
    return CodedTable.of(pa.RecordBatch.from_arrays(columns, names=names))


def reports(
    claim: Callable[[random.Random, int, str], list[Cell]],
    *,
    sources: tuple[str, ...] = ("ada", "bob", "cyd", "dan", "eve"),
    header: str = "by",
) -> tuple[EntityStructure, ...]:
    """Make a table in which each source reports of thirty ships, and look for its structure."""
    rows = [
        [source, f"ship {ship}", *claim(random.Random(f"{ship} {source}"), ship, source)]
        for ship in range(30)
        for source in sources
    ]
    return entities(table([header, "ship", *(f"claim{place}" for place in range(len(rows[0]) - 2))], rows))


def port(ship: int) -> str:
    return f"port {'abcdefghijklmnopqrstuvwxyz'[ship % 26]}{'xyz'[ship // 26]}"


def test_sources_and_entities_are_found() -> None:
    """Sources that mostly agree within an entity and never across entities make claims."""
    found = reports(lambda draw, ship, _: [port(ship) if draw.random() < 0.9 else port(draw.randrange(30))])
    assert [(each.source, each.entity, each.sources, each.entities, each.rows) for each in found] == [
        ("by", ("ship",), 5, 30, 150)
    ]
    (claim,) = found[0].claims
    assert claim.column == "claim0"
    assert claim.agreement > 0.7
    assert claim.chance < 0.05


def test_an_entity_may_have_two_columns() -> None:
    """Where only two columns together tell the entities apart, both are named."""
    rows: list[list[Cell]] = [
        [source, f"line {line}", f"2024-01-{day:02d}", f"pier {chr(65 + line)}{chr(65 + day)}"]
        for line in range(6)
        for day in range(1, 9)
        for source in ("ada", "bob", "cyd")
    ]
    (found,) = entities(table(["source", "line", "day", "pier"], rows))
    assert found.entity in {("line", "day"), ("day", "line")}
    assert [claim.column for claim in found.claims] == ["pier"]


def test_numbers_are_no_claims() -> None:
    """Prices and measures differ from source to source and are right."""
    assert reports(lambda draw, ship, _: [f"{ship * 7 + (draw.random() < 0.1)}.50"]) == ()


def test_answers_of_a_few_kinds_are_no_claims() -> None:
    """That answers agree proves nothing where there are only three."""
    assert reports(lambda draw, ship, _: [("yes", "no", "perhaps")[ship % 3]]) == ()


def test_what_sources_do_not_agree_on_is_no_claim() -> None:
    """Comments of their own do not agree within an entity."""
    assert reports(lambda draw, ship, source: [f"{source} {draw.random()}"]) == ()


def test_years_are_no_sources() -> None:
    """Values that differ by their digits are steps of a series: what changes from year to year is no conflict."""
    assert reports(lambda draw, ship, _: [port(ship)], sources=("2019", "2020", "2021", "2022")) == ()


def test_a_name_says_that_a_column_holds_sources() -> None:
    """A column called source, or src_name, says so itself."""
    for header, named in (("source", True), ("Src_Name", True), ("by", False), ("resource", False)):
        (found,) = reports(lambda draw, ship, _: [port(ship)], header=header)
        assert found.named is named


def test_a_form_of_its_own_is_seen() -> None:
    """A source that writes otherwise what the others say, too, is a reporter and no column of one author."""

    def claim(draw: random.Random, ship: int, source: str) -> list[Cell]:
        text = f"{ship % 12 + 1}:{ship:02d} p.m."
        return [f"2024-01-0{ship % 9 + 1} {text}" if source == "eve" else text]

    (found,) = reports(claim)
    assert found.own_forms == 1
    (found,) = reports(lambda draw, ship, _: claim(draw, ship, "ada"))
    assert found.own_forms == 0


def test_a_sample_of_single_rows_has_no_structure() -> None:
    """Where entities have one row each there is nothing to weigh."""
    rows: list[list[Cell]] = [[("ada", "bob", "cyd")[ship % 3], f"ship {ship}", port(ship)] for ship in range(60)]
    assert entities(table(["source", "ship", "port"], rows)) == ()


def test_nulls_and_no_rows() -> None:
    """A table without rows or values has none either."""
    assert entities(table(["source", "ship"], [[None, None]] * 40)) == ()
    assert entities(CodedTable.of(pa.RecordBatch.from_pydict({"source": pa.array([], pa.string())}))) == ()
