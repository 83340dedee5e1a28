"""The gate on steps that weigh sources against each other."""

from collections.abc import Callable

import pyarrow as pa

from etl_agent.clean.conflicts import FillFromSources, ResolveConflicts, Settled
from etl_agent.decide.evidence import Evidence
from etl_agent.decide.gate import judge

Cell = str | None

SOURCES = ("ada", "bob", "cyd", "dan", "eve", "fay", "gus", "hal")


def port(ship: int) -> str:
    return f"port {'abcdefghijklmnopqrstuvwxyz'[ship % 26]}{'xyz'[ship // 26]}"


def evidence(claim: Callable[[int, int], Cell]) -> Evidence:
    """Make the reports of eight sources on forty ships."""
    rows = [(source, f"ship {ship}", claim(ship, place)) for ship in range(40) for place, source in enumerate(SOURCES)]
    columns = [pa.array(cells, pa.string()) for cells in zip(*rows, strict=True)]
    data = pa.RecordBatch.from_arrays(columns, names=["source", "ship", "port"])
    return Evidence(data, data.num_rows)


def one_errs(ship: int, place: int) -> Cell:
    """Each source errs on some ships of its own, and is silent on others."""
    if place == (ship + 3) % len(SOURCES):
        return None
    return port((ship + 11) % 40) if place == ship % len(SOURCES) else port(ship)


RESOLVE = ResolveConflicts(source="source", entity=("ship",), columns=("port",))
FILL = FillFromSources(source="source", entity=("ship",), columns=("port",))


def test_what_follows_from_the_sources_is_accepted() -> None:
    """A step that learned from the rows passes, though every value that it writes over is frequent elsewhere."""
    seen = evidence(one_errs)
    for step in (RESOLVE, FILL):
        pinned = seen.pinned(step)
        assert not seen.after(pinned).sample.equals(seen.sample)
        assert judge(pinned, seen).accepted


def test_what_does_not_follow_is_refused() -> None:
    """Values that the sources do not say are not written, whoever says that they were learned."""
    seen = evidence(one_errs)
    settled = tuple(Settled(column="port", entity=(f"ship {ship}",), value=port((ship + 1) % 40)) for ship in range(40))
    ruling = judge(FILL.model_copy(update={"learned": settled}), seen)
    assert not ruling.accepted
    assert "does not follow" in ruling.reason


def test_rows_that_are_no_reports_are_refused() -> None:
    """Where rows of one name do not agree there is nothing to weigh."""
    seen = evidence(lambda ship, place: port((ship * 7 + place * 11) % 40))
    settled = (Settled(column="port", entity=("ship 1",), value=port(1), wrong=(port(7), port(18))),)
    assert not judge(RESOLVE.model_copy(update={"learned": settled}), seen).accepted


def test_what_the_unheard_contradict_is_refused() -> None:
    """Where the sources that were left out say otherwise throughout, nothing is settled."""
    seen = evidence(lambda ship, place: port((ship + 5) % 40) if place in (3, 7) else one_errs(ship, place))
    ruling = judge(seen.pinned(FILL), seen)
    assert not ruling.accepted
    assert "not asked" in ruling.reason
