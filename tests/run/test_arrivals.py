"""An entry closes itself when a good row with its key arrives, and for no other reason."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from etl_agent.run.options import RunOptions
from etl_agent.run.quarantine import Entry
from etl_agent.run.replay import replay_quarantine
from tests.load.targets import query
from tests.run.project import Project

CONTRACT: dict[str, Any] = {"id": "integer", "n": {"type": "integer", "nullable": True}}
KEYED: dict[str, Any] = {
    "contract": CONTRACT,
    "validate": {"max_reject_share": 0.9},
    "write_disposition": "merge",
    "primary_key": ["id"],
}
APPENDED: dict[str, Any] = {**KEYED, "write_disposition": "append"}
MONDAY = "id,n\n1,1\n2,x\n3,y\n4,4\n"


def fates(project: Project) -> dict[int | None, tuple[str, int | None]]:
    """Return what became of each entry, by its line."""
    return {
        line: (status, by) for line, status, by in project.ask("SELECT line, status, replayed_by FROM _etl_quarantine")
    }


def load(project: Project, name: str, content: str, **changed: Any) -> int:
    """Load a file, and return the run."""
    project.write(name, content)
    return project.run(name, **{**KEYED, **changed}).run_id


@pytest.mark.parametrize("mode", [KEYED, APPENDED, {**KEYED, "strategy": "insert-only"}, {**KEYED, "strategy": "scd2"}])
def test_a_good_row_closes_the_entry_with_its_key(project: Project, mode: Mapping[str, Any]) -> None:
    """The entry names the run that brought the row; those of other keys wait on."""
    load(project, "monday.csv", MONDAY, **mode)
    run = load(project, "tuesday.csv", "id,n\n002,2\n5,5\n", **mode)
    assert fates(project) == {3: ("closed", run), 4: ("open", None)}
    assert (2, 2) in project.rows("id, n")


def test_a_row_that_is_in_the_table_already_closes_no_entry(project: Project) -> None:
    """Only what arrives counts: the waiting row may be the newer one."""
    load(project, "sunday.csv", "id,n\n2,0\n3,0\n8,0\n")
    load(project, "monday.csv", MONDAY)
    load(project, "tuesday.csv", "id,n\n7,7\n")
    assert fates(project) == {3: ("open", None), 4: ("open", None)}


def test_an_unchanged_row_closes_too(project: Project) -> None:
    """A row that the table holds like that has arrived all the same."""
    load(project, "sunday.csv", "id,n\n2,0\n8,0\n")
    load(project, "monday.csv", MONDAY)
    run = load(project, "tuesday.csv", "id,n\n2,0\n")
    assert fates(project)[3] == ("closed", run)


def test_a_good_row_beside_it_closes_no_entry(project: Project) -> None:
    """Of two records of one dataset neither corrects the other."""
    load(project, "monday.csv", "id,n\n1,1\n2,x\n2,2\n3,3\n")
    assert fates(project) == {3: ("open", None)}


def test_a_row_that_is_rejected_or_loses_closes_no_entry(project: Project) -> None:
    """A key that arrives in quarantine has not arrived."""
    load(project, "monday.csv", MONDAY, **APPENDED)
    load(project, "tuesday.csv", "id,n\n2,z\n5,5\n6,6\n", **APPENDED)
    load(project, "wednesday.csv", "id,n\n4,9\n7,7\n", **APPENDED)
    assert [status for (status,) in project.ask("SELECT status FROM _etl_quarantine")] == ["open"] * 4


def test_a_dispute_with_the_table_is_not_closed_by_the_other_side(project: Project) -> None:
    """A row whose key the table holds with other content waits for a person, however often that content comes."""
    load(project, "monday.csv", "id,n\n4,4\n5,5\n6,6\n", **APPENDED)
    load(project, "tuesday.csv", "id,n\n4,9\n7,7\n", **APPENDED)
    load(project, "wednesday.csv", "id,n\n4,4\n8,8\n", **APPENDED)
    assert fates(project) == {2: ("open", None)}


def test_the_key_is_what_the_plan_makes_of_the_record(project: Project) -> None:
    """Steps, renamed columns, added columns and the order of the header count; a text key is compared exactly."""
    extract = {"add": {"shop": {"from": "file_name", "pattern": "([a-z]+)_"}}}
    contract = {"code": "text", "shop": "text", "n": "integer"}
    clean = [{"step": "rename", "columns": {"id": "code"}}, {"step": "strip", "columns": ["code"]}]
    mode = {"contract": contract, "clean": clean, "extract": extract, "primary_key": ["shop", "code"]}
    load(project, "a_1.csv", "id,n\n 07 ,x\n8,8\n9,z\n", **mode)
    load(project, "b_1.csv", "id,n\n07,7\n", **mode)
    load(project, "a_2.csv", "n,id\n7,7\n", **mode)
    assert fates(project)[2] == ("open", None)
    run = load(project, "a_3.csv", "n,id\n7,07\n", **mode)
    assert fates(project) == {2: ("closed", run), 4: ("open", None)}


def test_a_key_that_cannot_be_told_by_the_row_alone_stays_open(project: Project) -> None:
    """What a step learned from one dataset is not asked of another."""
    contract = {"day": "date", "n": "integer"}
    mode = {"contract": contract, "clean": [{"step": "dates", "columns": ["day"]}], "primary_key": ["day"]}
    load(project, "monday.csv", "day,n\n2026-01-02,x\n2026-01-13,1\n", **mode)
    load(project, "tuesday.csv", "day,n\n2026-01-02,2\n2026-01-14,1\n", **mode)
    assert fates(project) == {2: ("open", None)}
    renamed = {
        "contract": {"id": "integer", "on": "date", "n": "integer"},
        "clean": [{"step": "dates", "columns": ["day"]}, {"step": "rename", "columns": {"no": "id", "day": "on"}}],
        "table": "u",
    }
    load(project, "a.csv", "no,day,n\n1,2026-01-02,x\n2,2026-01-13,1\n", **renamed)
    load(project, "b.csv", "no,day,n\n1,2026-01-15,2\n", **renamed)
    assert [status for (status,) in project.ask("SELECT status FROM _etl_quarantine ORDER BY id")] == ["open", "closed"]


def test_records_without_a_readable_key_stay_open(project: Project) -> None:
    """Neither a malformed line, nor a null, nor a cell of another type has a key."""
    load(project, "monday.csv", "id,n\n2\n,3\nz,4\n5,5\n6,6\n7,7\n")
    load(project, "tuesday.csv", "id,n\n2,2\n3,3\n")
    assert {status for status, _ in fates(project).values()} == {"open"}


def test_without_a_primary_key_nothing_closes(project: Project) -> None:
    """An append of rows that nothing tells apart corrects no row."""
    mode = {"write_disposition": "append", "primary_key": []}
    load(project, "monday.csv", MONDAY, **mode)
    load(project, "tuesday.csv", "id,n\n2,2\n", **mode)
    assert fates(project) == {3: ("open", None), 4: ("open", None)}


def test_what_comes_again_closes_nothing(project: Project) -> None:
    """Content of old may be older than what waits: neither a reload of it nor a replay closes by key."""
    load(project, "sunday.csv", "id,n\n2,0\n3,0\n9,x\n")
    load(project, "monday.csv", MONDAY)
    project.run("sunday.csv", **KEYED, reload=True)
    waiting = [(file, line) for file, line in project.quarantine("file, line")]
    assert waiting == [("monday.csv", 3), ("monday.csv", 4), ("sunday.csv", 4)]
    lenient = {**KEYED, "clean": [{"step": "map_values", "columns": ["n"], "values": {"x": "2"}}]}
    spec = project.spec("monday.csv", **lenient)
    result = replay_quarantine(spec, project=project.folder, options=RunOptions())
    assert result.status == "loaded"
    assert len(project.quarantine(status="closed")) == 1


def test_many_entries_are_compared_in_lots(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """The lots change nothing, and the same key may wait any number of times."""
    from etl_agent.run import arrivals

    monkeypatch.setattr(arrivals, "_AT_ONCE", 7)
    monkeypatch.setattr(arrivals, "_COMPARED", 10)
    for day in range(3):
        bad = "".join(f"{number},x{day}\n" for number in range(40))
        load(project, f"d{day}.csv", f"id,n\n{bad}{100 + day},1\n", validate={"max_reject_share": 0.99})
    run = load(project, "good.csv", "id,n\n" + "".join(f"{number},1\n" for number in range(0, 40, 2)))
    closed = project.ask("SELECT replayed_by, count(*) FROM _etl_quarantine WHERE status = 'closed' GROUP BY 1")
    assert closed == [(run, 60)]
    assert len(project.quarantine()) == 60


def test_a_load_that_fails_closes_nothing(project: Project) -> None:
    """Entries are closed in the transaction that holds the row."""
    load(project, "monday.csv", MONDAY)
    project.write("tuesday.csv", "id,n\n2,2\n3,x\n")
    assert project.run("tuesday.csv", **{**KEYED, "validate": {"max_rejects": 0}}).status == "refused"
    assert project.quarantine("line") == [(3,), (4,)]


@pytest.mark.parametrize("mode", [KEYED, APPENDED])
def test_the_entries_are_read_before_other_writers_have_to_wait(
    project: Project, mode: Mapping[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A person discards an entry while they are read, which needs SQLite's one lock, and it stays discarded."""
    from etl_agent.run import arrivals

    load(project, "monday.csv", MONDAY, **mode)
    reading, parts = arrivals.oldest_entries, []

    def discard(*given: Any, **more: Any) -> list[Entry]:
        found = reading(*given, **more)
        if found:
            query(project.url, "UPDATE _etl_quarantine SET status = 'discarded' WHERE line = 3")
        parts.append(len(found))
        return found

    monkeypatch.setattr(arrivals, "oldest_entries", discard)
    run = load(project, "tuesday.csv", "id,n\n2,2\n3,3\n4,4\n", **mode)
    assert parts == ([2, 0, 0] if project.url.startswith("sqlite") else [2, 0])  # of the last, within the transaction
    assert fates(project) == {3: ("discarded", None), 4: ("closed", run)}
