"""Why a row is in a table or is not: every way in which a record can end, on both kinds of target."""

from __future__ import annotations

import zipfile
from typing import Any

import pytest

from etl_agent.errors import NoInput, UsageError
from etl_agent.load.target import open_target
from etl_agent.run.correction import export_entries
from etl_agent.run.history import ledger_in
from etl_agent.run.locking import lock_file, make_lock, save_lock
from etl_agent.run.options import RunOptions
from etl_agent.run.quarantine import Filters
from etl_agent.run.replay import replay_quarantine
from etl_agent.run.undo import undo
from etl_agent.run.why.account import Why
from tests.run.project import Project
from tests.run.whys import why_of_key, why_of_line

CONTRACT: dict[str, Any] = {"id": "integer", "name": "text", "n": {"type": "decimal(6,2)", "nullable": True}}
STEPS = [{"step": "strip", "columns": ["name"]}, {"step": "case", "columns": ["name"], "to": "upper"}]
BUDGET = {"max_reject_share": 0.9}
MERGE: dict[str, Any] = {"write_disposition": "merge", "primary_key": ["id"]}


def values(why: Why, at: int = 0) -> dict[str, str]:
    """Return what a record was loaded with, as text."""
    loaded = why.accounts[at].loaded
    assert loaded is not None
    return {name: str(value.as_py()) for name, value in loaded.items()}


def places(why: Why) -> list[tuple[str, str]]:
    """Return where each record stands, and how it ended."""
    return [(str(account.place), account.outcome) for account in why.accounts]


def test_each_change_of_each_cell_is_told_in_order(project: Project) -> None:
    """By step and column, from what to what; cells that no step changed are not listed."""
    project.write("in.csv", "id,name,n\n1, ann ,2.5\n2,bob,1\n")
    project.run(contract=CONTRACT, clean=STEPS)
    why = why_of_key(project, "id=1")
    assert [(change.step, change.column, change.before, change.after) for change in why.accounts[0].changes] == [
        ("1 strip", "name", " ann ", "ann"),
        ("2 case", "name", "ann", "ANN"),
    ]
    assert (why.found, places(why), values(why)) == (
        True,
        [("in.csv:2", "loaded")],
        {"id": "1", "name": "ANN", "n": "2.50"},
    )
    assert why.accounts[0].raw == "1, ann ,2.5"


def test_a_merge_tells_who_inserted_and_who_wrote_last(project: Project) -> None:
    """The last writer first, then what earlier runs wrote of the row, the oldest first."""
    for number, n in enumerate(("1", "1", "5", "7")):
        project.write(f"{number}.csv", f"id,name,n\n1,ann,{n}\n{number + 10},x,1\n")
        project.run(f"{number}.csv", contract=CONTRACT, clean=STEPS, **MERGE)
    spec = project.spec("3.csv", contract=CONTRACT, clean=STEPS, **MERGE)
    why = why_of_key(project, "1", spec=spec)
    assert places(why) == [
        ("3.csv:2", "loaded"),
        ("0.csv:2", "updated"),
        ("1.csv:2", "unchanged"),
        ("2.csv:2", "updated"),
    ]
    assert [why.accounts[at].said.split()[0] for at in (1, 2, 3)] == ["inserted", "unchanged", "updated"]
    assert places(why_of_key(project, "1", spec=spec, history=False)) == [("3.csv:2", "loaded")]
    assert "written over by run" in why_of_line(project, "0.csv", 2).verdict
    assert why_of_key(project, "10").accounts[0].said == "loaded, and the table holds these values"


def test_a_merged_row_that_changed_nothing_is_told_as_unchanged(project: Project) -> None:
    """The table held it before, by the run that is named."""
    for number in range(2):
        project.write(f"{number}.csv", f"id,name,n\n1,ann,1\n{number + 10},x,1\n")
    first = project.run("0.csv", contract=CONTRACT, **MERGE)
    project.run("1.csv", contract=CONTRACT, **MERGE)
    why = why_of_line(project, "1.csv", 2)
    assert (why.found, why.accounts[0].outcome) == (True, "unchanged")
    assert f"by run {first.run_id}" in why.verdict


def test_each_version_of_scd2_names_its_run(project: Project) -> None:
    """A key has several rows then, each with the record that made it."""
    for number, n in enumerate(("1", "2")):
        project.write(f"{number}.csv", f"id,name,n\n1,ann,{n}\n")
        project.run(f"{number}.csv", contract=CONTRACT, strategy="scd2", **MERGE)
    spec = project.spec("1.csv", contract=CONTRACT, strategy="scd2", **MERGE)
    why = why_of_key(project, "1", spec=spec)
    assert "2 versions" in why.verdict
    assert sorted(places(why)) == [("0.csv:2", "loaded"), ("1.csv:2", "loaded")]
    assert {str(each.place): "closed at" in each.said for each in why.accounts} == {"0.csv:2": True, "1.csv:2": False}
    closed = why_of_line(project, "0.csv", 2)
    assert (closed.accounts[0].outcome, "was closed at" in closed.verdict) == ("updated", True)


def test_a_key_that_an_insert_only_merge_knew_is_filtered_by_the_table(project: Project) -> None:
    """The earlier run is named."""
    for number, n in enumerate(("1", "2")):
        project.write(f"{number}.csv", f"id,name,n\n1,ann,{n}\n")
        project.run(f"{number}.csv", contract=CONTRACT, strategy="insert-only", **MERGE)
    why = why_of_line(project, "1.csv", 2)
    assert (why.accounts[0].outcome, "insert-only" in why.verdict) == ("filtered", True)


def test_an_append_tells_rows_that_the_table_held_and_those_that_conflict(project: Project) -> None:
    """The same row is deduplicated, another row of its key is in quarantine with its reason."""
    load = {"write_disposition": "append", "primary_key": ["id"]}
    project.write("0.csv", "id,name,n\n1,ann,1\n2,bob,1\n")
    project.write("1.csv", "id,name,n\n1,ann,1\n2,other,1\n3,new,1\n")
    first = project.run("0.csv", contract=CONTRACT, **load)
    project.run("1.csv", contract=CONTRACT, validate=BUDGET, **load)
    same = why_of_line(project, "1.csv", 2)
    assert (same.accounts[0].outcome, f"by run {first.run_id}" in same.verdict) == ("deduplicated", True)
    conflict = why_of_line(project, "1.csv", 3)
    assert [reason.code for reason in conflict.accounts[0].reasons] == ["primary-key-error"]
    assert places(why_of_key(project, "id=2")) == [("0.csv:3", "loaded")]


def test_a_duplicate_names_the_rule_and_the_row_that_won(project: Project) -> None:
    """By a step, by the primary key and by uniqueness, in the order in which they judge."""
    project.write("in.csv", "id,name,n\n1,a,1\n1,a,2\n2,b,1\n2,c,3\n3,x,9\n4,x,9\n")
    steps = [{"step": "deduplicate", "columns": ["id", "name"], "keep": "first"}]
    contract = {**CONTRACT, "n": {"type": "decimal(6,2)", "unique": True, "nullable": True}}
    project.run(contract=contract, clean=steps, validate=BUDGET, **MERGE)
    told = {line: why_of_line(project, "in.csv", line).accounts[0] for line in range(2, 8)}
    assert {line: (each.outcome, each.by, str(each.winner)) for line, each in told.items()} == {
        2: ("loaded", None, "None"),
        3: ("deduplicated", "1 deduplicate", "in.csv:2"),
        4: ("quarantined", "validate", "in.csv:2"),
        5: ("loaded", None, "None"),
        6: ("loaded", None, "None"),
        7: ("quarantined", "validate", "in.csv:6"),
    }


def test_a_rejected_row_is_found_by_its_key_with_every_reason(project: Project) -> None:
    """Also one whose key a step would have made, and a malformed line that holds it."""
    contract = {**CONTRACT, "name": {"type": "text", "max_length": 3}}
    project.write("in.csv", "id,name,n\n1,ann,1\n 2 ,robert,x\n7,a,b,c\n")
    project.run(contract=contract, clean=[{"step": "strip", "columns": ["id"]}], validate=BUDGET)
    why = why_of_key(project, "id=2")
    assert places(why) == [("in.csv:3", "quarantined")]
    assert {reason.column for reason in why.accounts[0].reasons} == {"name", "n"}
    assert why.accounts[0].changes[0].before == " 2 "
    assert places(why_of_key(project, "id=7")) == [("in.csv:4", "quarantined")]
    assert why.next_command == f"etl-agent quarantine list --id {why.accounts[0].entry}"


def test_a_filtered_row_is_found_by_its_key(project: Project) -> None:
    """The step is named."""
    project.write("in.csv", "id,name,n\n1,ann,1\n2,test,1\n")
    project.run(contract=CONTRACT, clean=[{"step": "filter", "drop": {"column": "name", "is": "test"}}])
    why = why_of_key(project, "id=2")
    assert (why.found, places(why), why.accounts[0].by) == (False, [("in.csv:3", "filtered")], "1 filter")


def test_a_row_of_a_refused_run_says_so(project: Project) -> None:
    """Nothing of it is in the table, whatever was right with it."""
    project.write("0.csv", "id,name,n\n9,z,1\n")
    project.run("0.csv", contract=CONTRACT)
    project.write("1.csv", "id,name,n\n1,ann,1\n2,bob,x\n")
    result = project.run("1.csv", contract=CONTRACT, validate={"max_reject_share": 0.1})
    assert result.status == "refused"
    spec = project.spec("1.csv", contract=CONTRACT, validate={"max_reject_share": 0.1})
    for line, key in ((2, "1"), (3, "2")):
        for why in (why_of_line(project, "1.csv", line, spec=spec), why_of_key(project, f"id={key}", spec=spec)):
            assert (why.found, why.accounts[0].outcome) == (False, "refused")
            assert why.accounts[0].run is not None
            assert why.accounts[0].run.result.run_id == result.run_id


def test_a_file_that_was_refused_whole_says_why(project: Project) -> None:
    """Before a row of it was read, or by its columns; by a key too, what is known of the run is said."""
    project.write("0.csv", "id,name,n\n9,z,1\n")
    project.run("0.csv", contract=CONTRACT)
    project.write("bad.csv", b"\x89PNG\r\n\x1a\n\0\0\0\0")
    project.write("1.csv", "id,name\n1,ann\n")
    for file in ("bad.csv", "1.csv"):
        assert project.run(file, contract={**CONTRACT, "n": "integer"}, validate=BUDGET).status == "refused"
        why = why_of_line(project, str(project.folder / file), 2, spec=project.spec(file))
        assert (why.found, "was refused, so nothing of it was loaded" in why.verdict) == (False, True)
        assert "changed since" not in why.verdict
    assert any("was refused" in note for note in why_of_key(project, "id=1").notes)


def test_a_replaced_row_names_the_run_that_took_it_out(project: Project) -> None:
    """Its file is not in the table any more."""
    project.write("0.csv", "id,name,n\n1,ann,1\n")
    project.write("1.csv", "id,name,n\n2,bob,1\n")
    project.run("0.csv", contract=CONTRACT, write_disposition="replace")
    second = project.run("1.csv", contract=CONTRACT, write_disposition="replace")
    for why in (why_of_line(project, "0.csv", 2), why_of_key(project, "id=1")):
        assert (why.found, why.accounts[0].outcome) == (False, "removed")
        assert f"by run {second.run_id}" in why.verdict


def test_a_row_that_was_undone_names_the_run_that_loaded_it(project: Project) -> None:
    """By its key and by its line; and no file is called unread that such a run read."""
    project.write("0.csv", "id,name,n\n9,zoe,1\n")
    project.run("0.csv", contract=CONTRACT, **MERGE)
    project.write("in.csv", "id,name,n\n1,ann,1\n2,bob,x\n")
    mode: dict[str, Any] = {"contract": CONTRACT, "validate": BUDGET, **MERGE}
    run, spec = project.run(**mode), project.spec(**mode)
    undo(run.run_id, to=project.url, folder=project.folder)
    for why in (why_of_key(project, "1", spec=spec), why_of_line(project, "in.csv", 2, spec=spec)):
        assert (why.found, places(why)) == (False, [("in.csv:2", "removed")])
        assert f"run {run.run_id}, which loaded it, is undone since" in why.verdict
    assert places(why_of_key(project, "2", spec=spec)) == [("in.csv:3", "quarantined")]


def test_a_row_that_an_undo_wrote_back_is_the_older_runs_again(project: Project) -> None:
    """The line that had written over it is told as undone, although the table holds its key."""
    project.write("0.csv", "id,name,n\n1,zoe,1\n")
    first = project.run("0.csv", contract=CONTRACT, **MERGE)
    project.write("in.csv", "id,name,n\n1,ann,1\n")
    run = project.run(contract=CONTRACT, **MERGE)
    undo(run.run_id, to=project.url, folder=project.folder)
    why = why_of_key(project, "1")
    assert (why.found, places(why)[0]) == (True, ("0.csv:2", "loaded")) and f"run {first.run_id}" in why.verdict
    why = why_of_line(project, "in.csv", 2)
    assert places(why) == [("in.csv:2", "removed")] and "is undone since, by run" in why.verdict


def test_what_others_did_to_the_table_is_told_apart(project: Project) -> None:
    """A changed value is named by its column, a deleted row is deleted by other means than a run."""
    project.write("in.csv", "id,name,n\n1,ann,1\n2,bob,1\n")
    project.run(contract=CONTRACT, **MERGE)
    project.ask("UPDATE t SET name = 'eve' WHERE id = 1")
    project.ask("DELETE FROM t WHERE id = 2")
    assert "name changed since by other means than a run" in why_of_key(project, "1").accounts[0].said
    assert "name changed since by other means than a run" in why_of_line(project, "in.csv", 2).verdict
    assert "deleted since by other means than a run" in why_of_key(project, "2").verdict


def test_a_replayed_row_names_its_entry(project: Project) -> None:
    """The record that was rejected first, and the run that took it again."""
    project.write("in.csv", "id,name,n\n1,ann,1\n2,bob,x\n")
    project.run(contract=CONTRACT, validate=BUDGET)
    wider = project.spec(contract={**CONTRACT, "n": "text"}, validate=BUDGET, table="t")
    project.ask("DROP TABLE t")  # its type was narrower
    result = replay_quarantine(wider, project=project.folder, options=RunOptions(), filters=Filters())
    assert result.balance.inserted == 1
    why = why_of_line(project, "in.csv", 3)
    assert (why.accounts[0].outcome, why.accounts[0].raw) == ("replayed", "2,bob,x")
    by_key = why_of_key(project, "id=2")
    assert (by_key.found, places(by_key)) == (True, [("in.csv:3", "replayed")])


def test_a_row_whose_key_was_corrected_is_laid_at_no_other_record(project: Project) -> None:
    """Of several that were replayed none holds its key, and which of them it was is not on record."""
    project.write("in.csv", "id,name,n\nx,ann,1\ny,bob,2\n3,cid,3\n")
    project.run(contract=CONTRACT, validate=BUDGET)
    corrected = project.folder / "corrected.csv"
    with open_target(project.url, read_only=True) as target, target.reading() as connection:
        tables = ledger_in(connection, schema=None)
        assert connection is not None
        assert tables is not None
        export_entries(connection, tables, Filters(), corrected)
    corrected.write_text(corrected.read_text().replace(",x,ann", ",71,ann").replace(",y,bob", ",72,bob"))
    spec = project.spec(contract=CONTRACT, validate=BUDGET)
    replay_quarantine(spec, project=project.folder, options=RunOptions(), corrected=corrected)
    why = why_of_key(project, "id=72")
    assert (why.found, [account.place for account in why.accounts]) == (True, [None])
    assert any("none of the 2 rows" in note for note in why.notes)


def test_a_key_that_does_not_fit_its_column_is_found_in_quarantine(project: Project) -> None:
    """Nothing else can be in the way of such a row; a slip that no record holds is told as one."""
    project.write("in.csv", "id,name,n\n1,ann,1\nO-9,bob,2\n")
    project.run(contract=CONTRACT, validate=BUDGET)
    assert places(why_of_key(project, "id=O-9")) == [("in.csv:3", "quarantined")]
    with pytest.raises(NoInput, match="'O-8' is no integer"):
        why_of_key(project, "id=O-8")
    with pytest.raises(NoInput, match=r"'nme=x' is no integer.*valid: name"):
        why_of_key(project, "nme=x", spec=project.spec(contract=CONTRACT, **MERGE))


def test_a_key_as_it_was_before_the_steps_names_the_one_that_it_became(project: Project) -> None:
    """The table has no row of that key, and it has the record's row."""
    project.write("in.csv", "id,name,n\n1, ann ,1\n")
    project.run(contract=CONTRACT, clean=STEPS)
    why = why_of_key(project, "name= ann ")
    assert not why.found
    assert why.verdict == "not in the table under that key: in.csv:2 holds it, and its row is name=ANN"


def test_the_file_that_is_asked_for_is_read_where_it_lies(project: Project) -> None:
    """It holds the bytes that the run read, so nothing else must be named."""
    path = project.write("a.csv", "id,name,n\n1,ann,1\n")
    project.run("a.csv", contract=CONTRACT)
    far = path.rename(project.folder.parent / "far.bin")
    why = why_of_line(project, str(far), 2)
    assert (places(why), why.found) == ([("a.csv:2", "loaded")], True)


def test_a_file_is_known_by_its_content_wherever_it_lies(project: Project) -> None:
    """Renamed among the pipeline's files, or named with --file; a changed file of the same name is not used."""
    path = project.write("a.csv", "id,name,n\n1,ann,1\n")
    project.run("*.csv", contract=CONTRACT)
    moved = path.rename(project.folder / "b.csv")
    assert places(why_of_key(project, "id=1")) == [("a.csv:2", "loaded")]
    assert why_of_line(project, str(moved), 2).verdict.startswith("in the table")
    far = moved.rename(project.folder.parent / "far.bin")
    project.write("a.csv", "id,name,n\n1,eve,1\n")
    lost = why_of_key(project, "id=1")
    assert (lost.found, lost.accounts[0].place) == (True, None)
    assert any("--file" in note for note in lost.notes)
    assert places(why_of_key(project, "id=1", given=far)) == [("a.csv:2", "loaded")]
    changed = why_of_line(project, str(project.folder / "a.csv"), 2)
    assert "was changed since run" in changed.verdict


def test_a_member_of_an_archive_is_read_again(project: Project) -> None:
    """Its name is that of the archive and its own."""
    with zipfile.ZipFile(project.folder / "in.zip", "w") as archive:
        archive.writestr("x.csv", "id,name,n\n1,ann,1\n")
        archive.writestr("y.csv", "id,name,n\n2,bob,1\n")
    project.run("in.zip", contract=CONTRACT)
    assert places(why_of_key(project, "id=1")) == [("in.zip/x.csv:2", "loaded")]
    assert why_of_line(project, "in.zip/x.csv", 2).found


def test_files_that_no_run_read_are_told(project: Project) -> None:
    """By their line, and by a key that only they hold."""
    project.write("0.csv", "id,name,n\n1,ann,1\n")
    spec = project.spec("*.csv", contract=CONTRACT)
    project.run("*.csv", contract=CONTRACT)
    project.write("1.csv", "id,name,n\n2,bob,1\n")
    assert "never loaded" in why_of_line(project, str(project.folder / "1.csv"), 2, spec=spec).verdict
    why = why_of_key(project, "id=2", spec=spec)
    assert (why.found, places(why)) == (False, [("1.csv:2", "never loaded")])
    nowhere = why_of_key(project, "id=3", spec=spec)
    assert (nowhere.found, nowhere.accounts) == (False, ())
    with pytest.raises(NoInput):
        why_of_line(project, "2.csv", 2, spec=spec)


def test_any_line_of_a_record_means_it_and_others_mean_none(project: Project) -> None:
    """A quoted cell holds line ends; a header, a blank line and what lies behind the end hold no record."""
    project.write("in.csv", 'id,name,n\n1,"two\nlines",1\n\n2,bob,1\n')
    project.run(contract=CONTRACT)
    for line in (2, 3):
        assert places(why_of_line(project, "in.csv", line)) == [("in.csv:2", "loaded")]
    for line in (1, 4, 6):
        why = why_of_line(project, "in.csv", line)
        assert (why.found, why.accounts, "holds no record" in why.verdict) == (False, (), True)


def test_the_plan_of_the_run_is_repeated_whatever_became_of_the_pipeline(project: Project) -> None:
    """The plan is on record; where that is lost and the pipeline was changed, that is said and no step is shown."""
    project.write("in.csv", "id,name,n\n1, ann ,1\n2,bob,x\n")
    project.run(contract=CONTRACT, clean=STEPS, validate=BUDGET)
    other = project.spec(contract=CONTRACT, validate=BUDGET)
    assert len(why_of_key(project, "id=1", spec=other).accounts[0].changes) == 2
    project.ask("DELETE FROM _etl_plans")
    lost = why_of_key(project, "id=1", spec=other)
    assert (lost.found, lost.accounts[0].changes) == (True, ())
    assert any("was changed since" in note for note in lost.notes)
    assert places(why_of_key(project, "id=2", spec=other)) == [("in.csv:3", "quarantined")]
    same = project.spec(contract=CONTRACT, clean=STEPS, validate=BUDGET)
    assert len(why_of_key(project, "id=1", spec=same).accounts[0].changes) == 2


def test_what_steps_learned_and_carried_is_told_as_it_was(project: Project) -> None:
    """A value that was carried from the row above, and one that the whole column decided."""
    project.write("in.csv", "id,name,n\n1,ann,4\n2,,4\n3,,\n")
    steps = [{"step": "fill_previous", "columns": ["name"]}, {"step": "fill_mode", "columns": ["n"]}]
    project.run(contract=CONTRACT, clean=steps)
    why = why_of_line(project, "in.csv", 4)
    assert values(why) == {"id": "3", "name": "ann", "n": "4.00"}
    assert [change.step for change in why.accounts[0].changes] == ["1 fill_previous", "2 fill_mode"]
    assert any("learned again from the same files: 2 fill_mode" in note for note in why.notes)


def test_what_a_lock_knew_is_told_whatever_became_of_the_lock(project: Project) -> None:
    """The lock of the run is on record with its plan: what steps had learned for it is not learned again."""
    steps = [{"step": "dates", "columns": ["day"]}]
    contract = {"id": "integer", "day": "date"}
    project.write("in.csv", "id,day\n1,13/02/2025\n2,01/02/2025\n")
    spec = project.spec(contract=contract, clean=steps)
    save_lock(make_lock(spec, project=project.folder), lock_file(spec, project=project.folder))
    project.run(contract=contract, clean=steps)
    lock_file(spec, project=project.folder).unlink()
    why = why_of_line(project, "in.csv", 3)
    assert (values(why), why.notes) == ({"id": "2", "day": "2025-02-01"}, ())


def test_what_branches_and_routes_chose_is_chosen_again(project: Project) -> None:
    """On the same rows they choose the same; where that cannot be, it is said."""
    nodes = [
        {"when": {"measure": "row_count", "ge": 2}, "then": [{"step": "case", "columns": ["name"], "to": "upper"}]},
        {"route": "days", "columns": ["day"], "among": ["us_dates", "eu_dates"], "by": "rule", "otherwise": "eu_dates"},
    ]
    contract = {"id": "integer", "name": "text", "day": "date"}
    body = "".join(f"{n},ann,02/{n + 10}/2025\n" for n in range(10))
    project.write("in.csv", "id,name,day\n" + body)
    project.run(contract=contract, clean=nodes)
    why = why_of_line(project, "in.csv", 7)
    assert values(why) == {"id": "5", "name": "ANN", "day": "2025-02-15"}
    assert why.notes == ("learned again from the same files: routes and branches",)
    project.ask("UPDATE _etl_runs SET outcome = replace(outcome, 'us_dates', 'auto')")
    assert any(note.startswith("decided otherwise") for note in why_of_line(project, "in.csv", 7).notes)


def test_values_that_were_discarded_are_changes(project: Project) -> None:
    """Of a column that the contract does not know, and of one whose value does not fit its type."""
    contract = {"id": "integer", "n": {"type": "integer", "nullable": True}}
    drift = {"drift": {"columns": "discard_value", "types": "discard_value"}}
    project.write("in.csv", "id,n,more\n1,x,gone\n2,3,\n")
    project.run(contract=contract, validate=drift)
    why = why_of_line(project, "in.csv", 2)
    assert [(change.step, change.column, change.before, change.after) for change in why.accounts[0].changes] == [
        ("discard_value", "more", "gone", None),
        ("discard_value", "n", "x", None),
    ]
    assert values(why) == {"id": "1", "n": "None"}


def test_columns_of_any_name_are_looked_up(project: Project) -> None:
    """Each as a key, and all of them beside it."""
    names = ["a%b", "a:b", 'say "x"', "select", "two\nlines", "a(b)", "ä", "%(x)s"]
    header = ",".join('"' + name.replace('"', '""') + '"' for name in names)
    project.write("in.csv", "\n".join([header, *(",".join(f"{row}{at}" for at in range(8)) for row in "ab"), ""]))
    project.run(table="t %(x)s :y")
    for at, name in enumerate(names):
        assert places(why_of_key(project, f"{name}=b{at}", table="t %(x)s :y")) == [("in.csv:4", "loaded")]
    assert why_of_line(project, "in.csv", 4).rows


def test_values_of_sensitive_columns_are_stars(project: Project) -> None:
    """In the record, in the changes, in what was loaded and in the table's rows."""
    contract = {**CONTRACT, "name": {"type": "text", "sensitive": True}}
    project.write("in.csv", "id,name,n\n1, secret ,1\n2, secret ,x\n")
    project.run(contract=contract, clean=STEPS, validate=BUDGET)
    for key, line, n in (("1", 2, "1"), ("2", 3, "x")):
        for why in (why_of_key(project, f"id={key}"), why_of_line(project, "in.csv", line)):
            assert bool(why.rows) == (n == "1")
            assert "secret" not in str(why.as_dict()).lower()
            assert why.as_dict()["records"][0]["raw"] == f"{key},***,{n}"
            assert why.accounts[0].changes


def test_a_key_is_typed_as_its_column_and_text_is_exact(project: Project) -> None:
    """007 is 7 for an integer; a blank counts in a text; what is no value of the type is said."""
    contract = {"id": "integer", "code": "text", "day": "date", "price": "decimal(8,2)"}
    project.write("in.csv", "id,code,day,price\n7, x,2025-04-03,1.50\n8,x,2025-04-04,2\n")
    project.run(contract=contract)
    for words in (["id=007"], ["code= x"], ["day=2025-04-03"], ["price=1.5"], ["id=7", "day=2025-04-03"]):
        assert places(why_of_key(project, *words)) == [("in.csv:2", "loaded")]
    assert places(why_of_key(project, "code=x")) == [("in.csv:3", "loaded")]
    with pytest.raises(NoInput, match="is no date"):
        why_of_key(project, "day=yesterday")


def test_several_key_columns_come_in_the_order_of_the_key(project: Project) -> None:
    """Or by name, in any order; too many, too few and unknown ones are answered with what there is."""
    project.write("in.csv", "id,name,n\n1,a,1\n1,b,2\n")
    load = {"write_disposition": "merge", "primary_key": ["id", "name"]}
    spec = project.spec(contract=CONTRACT, **load)
    project.run(contract=CONTRACT, **load)
    assert places(why_of_key(project, "1", "b", spec=spec)) == [("in.csv:3", "loaded")]
    assert places(why_of_key(project, "name=b", "1", spec=spec)) == [("in.csv:3", "loaded")]
    with pytest.raises(UsageError, match="the key is id, name"):
        why_of_key(project, "1", spec=spec)
    with pytest.raises(UsageError, match="no column 'nam'"):
        why_of_key(project, "nam=b", spec=spec)


def test_without_a_key_the_columns_must_be_named(project: Project) -> None:
    """A table that was appended to has no order of values; equal rows are all told."""
    project.write("in.csv", "id,name,n\n1,a,1\n1,a,1\n")
    project.run(contract=CONTRACT)
    with pytest.raises(UsageError, match="COLUMN=VALUE"):
        why_of_key(project, "1")
    why = why_of_key(project, "id=1")
    assert (len(why.rows), places(why)) == (2, [("in.csv:2", "loaded"), ("in.csv:3", "loaded")])


def test_a_table_without_lineage_is_told_by_its_files(project: Project) -> None:
    """That no row names its run is said, and no run is named whose files do not hold it."""
    project.write("in.csv", "id,name,n\n1,a,1\n")
    project.run(contract=CONTRACT, lineage="none")
    project.write("more.csv", "id,name,n\n2,a,1\n")
    project.run("more.csv", contract=CONTRACT, lineage="none")
    why = why_of_key(project, "id=1")
    assert places(why) == [("in.csv:2", "loaded")]
    assert any("no column _etl_run_id" in note for note in why.notes)


def test_a_file_of_two_tables_asks_for_one(project: Project) -> None:
    """The tables are named."""
    project.write("in.csv", "id,name,n\n1,a,1\n")
    project.run(contract=CONTRACT)
    project.run(contract=CONTRACT, table="u")
    with pytest.raises(UsageError) as caught:
        why_of_line(project, "in.csv", 2)
    assert caught.value.choices == ("t", "u")
    assert why_of_line(project, "in.csv", 2, table="u").table == "u"
