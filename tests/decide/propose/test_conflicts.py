"""Proposals to weigh sources against each other."""

import pyarrow as pa

from etl_agent.decide.evidence import Evidence
from etl_agent.decide.propose.conflicts import propose

Cell = str | None

SOURCES = ("ada", "bob", "cyd", "dan", "eve", "fay", "gus")


def port(ship: int) -> str:
    return f"port {'abcdefghijklmnopqrstuvwxyz'[ship % 26]}{'xyz'[ship // 26]}"


def evidence(*, header: str = "source", form: bool = False, keys: frozenset[str] = frozenset()) -> Evidence:
    """Make the reports of seven sources on thirty ships: one source errs on each, another is silent."""
    rows: list[list[Cell]] = []
    for ship in range(30):
        for place, source in enumerate(SOURCES):
            time = f"{ship % 12 + 1}:{ship + 10} p.m."
            claim: Cell = port((ship + 7) % 30) if place == ship % 7 else port(ship)
            if place == (ship + 3) % 7:
                claim = None
            rows.append([source, f"ship {ship}", claim, f"{time} (+01:00)" if form and source == "gus" else time])
    columns = [pa.array(cells, pa.string()) for cells in zip(*rows, strict=True)]
    data = pa.RecordBatch.from_arrays(columns, names=[header, "ship", "port", "time"])
    return Evidence(data, data.num_rows, keys)


def test_named_sources_are_weighed() -> None:
    """In a table with a column of sources both steps are proposed, settled by the same rows."""
    seen = evidence()
    ports = [each.step for each in propose(seen) if each.step.writes(seen.names) == ("port",)]
    assert [step.name for step in ports] == ["resolve_conflicts", "fill_from_sources"]
    after = seen
    for step in ports:
        after = after.after(step)
    assert after.sample.column("port").to_pylist() == [port(ship) for ship in range(30) for _ in SOURCES]


def test_a_form_of_its_own_shows_a_reporter() -> None:
    """Without a telling name, a source that writes otherwise what the others say shows that the rows are reports."""
    assert list(propose(evidence(header="who", form=True)))
    assert not list(propose(evidence(header="who")))


def test_keys_are_left_alone() -> None:
    """A column of a declared key is never claimed on."""
    seen = evidence(form=True, keys=frozenset({"port"}))
    assert {name for each in propose(seen) for name in each.step.writes(seen.names)} == {"time"}


def test_a_timetable_by_weekday_is_no_conflict() -> None:
    """What is otherwise on Sundays is no error: weekdays report nothing."""
    days = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
    rows = [
        [day, f"line {line}", f"{line % 12 + 1}:{(line * 7) % 50 + (10 if day == 'Sunday' else 5):02d}"]
        for line in range(40)
        for day in days
    ]
    columns = [pa.array(cells, pa.string()) for cells in zip(*rows, strict=True)]
    data = pa.RecordBatch.from_arrays(columns, names=["weekday", "line", "departs"])
    assert not list(propose(Evidence(data, data.num_rows)))


def test_figures_hold_no_cells() -> None:
    """The evidence is numbers and names of columns."""
    for proposal in propose(evidence()):
        assert all(
            isinstance(figure, int | float)
            for name, figure in proposal.evidence.items()
            if "source" != name != "entity"
        )
