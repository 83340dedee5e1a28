"""Replayed rows go through their pipeline once: none is lost, none is doubled, whatever happens between."""

from __future__ import annotations

import csv
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from etl_agent.errors import FileRefused, TryLater
from etl_agent.load.target import open_target
from etl_agent.run import replay as module
from etl_agent.run.correction import export_entries
from etl_agent.run.history import ledger_in
from etl_agent.run.options import RunOptions
from etl_agent.run.quarantine import Filters, discard
from etl_agent.run.replay import replay_quarantine
from etl_agent.run.result import RunResult
from etl_agent.run.runner import run_pipeline
from tests.run.project import Project

Row = dict[str, str]
CONTRACT: dict[str, Any] = {"id": "text", "n": "integer", "v": {"type": "text", "nullable": True}}
PIPELINE: dict[str, Any] = {"contract": CONTRACT, "validate": {"max_reject_share": 0.9}}
KEYED: dict[str, Any] = {"write_disposition": "merge", "primary_key": ["id"]}
ALL = Filters()
CSV = 'id,n,v\n1,1,a\n2,x,"b\nb"\n3,3\n4,y,-d\n5,5,""\n'


def load(project: Project, **changed: Any) -> RunResult:
    """Load the file, of which three rows are rejected."""
    project.write("in.csv", CSV)
    return project.run(**{**PIPELINE, **changed})


def export(project: Project, edit: Callable[[Row], Row | None] = lambda row: row) -> Path:
    """Export what is open, and edit its rows as a person would; None leaves a row out."""
    path = project.folder / "export.out"
    with open_target(project.url, read_only=True) as target, target.reading() as connection:
        tables = ledger_in(connection, schema=None)
        assert connection is not None
        assert tables is not None
        export_entries(connection, tables, Filters(status=("open",)), path)
    with path.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    edited = [row for row in map(edit, rows) if row is not None]
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]) if rows else ["_etl_id"])
        writer.writeheader()
        writer.writerows(edited)
    return path


def setting(**by_line: Mapping[str, str]) -> Callable[[Row], Row]:
    """Make an edit that sets cells of the rows at some lines: ``l3={"n": "2"}``."""
    return lambda row: {**row, **by_line.get(f"l{row['_etl_line']}", {})}


def replay(
    project: Project, corrected: Path | None = None, *, filters: Filters = ALL, dry: bool = False, **changed: Any
) -> RunResult:
    """Replay, and prove the books of the run from outside."""
    spec = project.spec(**{**PIPELINE, **changed})
    options = RunOptions(dry_run=dry)
    result = replay_quarantine(spec, project=project.folder, options=options, filters=filters, corrected=corrected)
    if result.status == "loaded":
        project.prove(result, spec)
    return result


@pytest.mark.parametrize("mode", [{}, KEYED, {"write_disposition": "replace"}])
def test_corrected_rows_are_loaded_once(project: Project, mode: dict[str, Any]) -> None:
    """Corrected rows arrive beside the others, their entries name the run, and a second replay loads nothing."""
    load(project, **mode)
    fix = setting(l3={"n": "2"}, l5={"id": "3", "n": "3", "v": "c"}, l6={"n": "4"})
    corrected = export(project, fix)
    result = replay(project, corrected, **mode)
    assert (result.status, result.balance.read, result.balance.inserted) == ("loaded", 3, 3)
    everything = [("1", 1, "a"), ("2", 2, "b\nb"), ("3", 3, "c"), ("4", 4, "-d"), ("5", 5, "")]
    assert project.rows("id, n, v") == everything
    assert project.quarantine("replayed_by", status="replayed") == [(result.run_id,)] * 3
    again = replay(project, corrected, **mode)
    assert (again.status, again.message) == (
        "nothing new",
        "no entry can be replayed; left as they are: 3 replayed before",
    )
    assert project.rows("id, n, v") == everything
    assert project.run(**{**PIPELINE, **mode}).status == "nothing new"


def test_a_row_that_fails_again_waits_in_one_entry_with_its_new_reasons(project: Project) -> None:
    """The old entry is replayed, the new one is open, at the file and line that the row first came from."""
    load(project)
    result = replay(project, export(project, setting(l3={"n": "2"}, l6={"id": "", "n": "z"})))
    assert (result.balance.read, result.balance.inserted, result.balance.quarantined) == (2, 1, 1)
    assert project.quarantine("file, line, byte_offset, raw") == [
        ("in.csv", 5, 23, "3,3"),
        ("in.csv", 6, None, ",z,-d"),
    ]
    (reasons,) = project.quarantine("reasons")[1]
    assert "required-value" in reasons
    assert "type-error" in reasons
    final = replay(project, export(project, setting(l6={"id": "4", "n": "4"})))
    assert final.balance.inserted == 1
    assert project.rows("id, n, v")[-2:] == [("4", 4, "-d"), ("5", 5, "")]


def test_rows_that_nobody_changed_are_left_as_they_are(project: Project) -> None:
    """The whole export can be given back with one row corrected."""
    load(project)
    result = replay(project, export(project, setting(l3={"n": "2"})))
    assert result.balance.read == 1
    assert result.message is not None
    assert "2 not changed in the file" in result.message
    assert len(project.quarantine()) == 2


def test_a_malformed_line_can_be_corrected_as_a_line(project: Project) -> None:
    """The raw record counts where no cell is filled in."""
    load(project)
    result = replay(project, export(project, setting(l5={"_etl_raw": '3,3,"c, c"'})))
    assert result.balance.inserted == 1
    assert ("3", 3, "c, c") in project.rows("id, n, v")


def test_raw_records_are_replayed_as_they_are_under_a_changed_pipeline(project: Project) -> None:
    """Without a file, what the pipeline takes by now is loaded; what is malformed waits on."""
    load(project)
    result = replay(project, clean=[{"step": "map_values", "columns": ["n"], "values": {"x": "2", "y": "4"}}])
    assert (result.balance.read, result.balance.inserted) == (2, 2)
    assert result.message is not None
    assert "1 malformed" in result.message
    assert project.rows("id, n, v")[1:3] == [("2", 2, "b\nb"), ("4", 4, "-d")]


def test_filters_choose_what_is_replayed(project: Project) -> None:
    """Only the chosen entries take part, with a file and without."""
    load(project)
    ids = [number for (number,) in project.quarantine("id")]
    corrected = export(project, setting(l3={"n": "2"}, l6={"n": "4"}))
    assert replay(project, corrected, filters=Filters(ids=(ids[2],))).balance.inserted == 1
    assert replay(project, filters=Filters(reason="nul-byte")).status == "nothing new"
    assert replay(project, filters=Filters(ids=(ids[0],))).balance.quarantined == 1


def test_columns_from_the_file_name_come_back(project: Project) -> None:
    """A replayed row has the name of its file, not of ours."""
    project.write("kiel.csv", "id,n\n1,x\n2,2\n")
    sections: dict[str, Any] = {
        "files": "kiel.csv",
        "extract": {"add": {"shop": {"from": "file_name", "pattern": "(.+)\\.csv"}}},
        "contract": {"id": "text", "n": "integer", "shop": "text"},
    }
    project.run(**{**PIPELINE, **sections})
    replay(project, export(project, setting(l2={"n": "1"})), **sections)
    assert project.rows("id, n, shop") == [("1", 1, "kiel"), ("2", 2, "kiel")]


def test_bytes_that_are_no_text_are_never_loaded_as_their_escapes(project: Project) -> None:
    """A line with an invalid byte waits until a person says what it should be."""
    project.write("in.csv", b"id,n,v\n1,1,a\n2,2,caf\xe9\n3,3,c\n4,4,\xc3\xa9\n")
    project.run(**PIPELINE, extract={"encoding": "utf-8"})
    assert replay(project).status == "nothing new"
    assert replay(project, export(project)).status == "nothing new"
    assert replay(project, export(project, setting(l3={"v": "café"}))).balance.inserted == 1
    assert ("2", 2, "café") in project.rows("id, n, v")


def test_a_dry_run_of_a_replay_changes_nothing(project: Project) -> None:
    """It tells what would be loaded."""
    load(project)
    result = replay(project, export(project, setting(l3={"n": "2"})), dry=True)
    assert (result.status, result.balance.inserted) == ("dry run", 1)
    assert len(project.quarantine()) == 3
    assert len(project.rows()) == 2


def test_an_entry_that_is_discarded_meanwhile_rolls_the_replay_back(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The entries are marked in the transaction that holds their rows: all of them, or nothing is loaded."""
    load(project)
    corrected = export(project, setting(l3={"n": "2"}, l6={"n": "4"}))
    real = module.Replay.open

    def open_then_discard(self: module.Replay, *args: Any, **kwargs: Any) -> Any:
        dataset = real(self, *args, **kwargs)
        with open_target(project.url) as target, target.record() as record:
            assert discard(record, Filters(reason="type-error")) == 2
            record.commit()
        return dataset

    monkeypatch.setattr(module.Replay, "open", open_then_discard)
    with pytest.raises(TryLater, match="2 entries were discarded"):
        replay(project, corrected)
    assert len(project.rows()) == 2
    assert len(project.quarantine(status="discarded")) == 2


@pytest.mark.parametrize(
    ("edit", "said"),
    [
        (lambda row: {**row, "_etl_id": f"{row['_etl_id']}999"}, "no entry [0-9]+999"),
        (lambda row: {**row, "_etl_id": "seven"}, "'seven' is no number"),
        (lambda row: {**row, "_etl_id": "1"}, "stands there twice"),
        (lambda row: {name: cell for name, cell in row.items() if name != "_etl_id"}, "the row has no number"),
        (lambda row: {**row, "_etl_id": str(int(row["_etl_id"]) % 3 + 1)}, "its number is not the one"),
    ],
)
def test_a_file_that_is_not_the_export_is_refused(
    sqlite_url: str, tmp_path: Path, edit: Callable[[Row], Row], said: str
) -> None:
    """A number that is missing, unknown, or there twice loads nothing and says where."""
    (tmp_path / "p").mkdir()
    project = Project(tmp_path / "p", sqlite_url)
    load(project)
    with pytest.raises(FileRefused, match=said):
        replay(project, export(project, edit))
    assert len(project.rows()) == 2


def test_a_column_that_was_taken_out_is_missed(sqlite_url: str, tmp_path: Path) -> None:
    """Cells are never lost with a column that a person deleted."""
    (tmp_path / "p").mkdir()
    project = Project(tmp_path / "p", sqlite_url)
    load(project)
    path = export(project, setting(l3={"n": "2"}))
    with path.open(newline="") as file:
        rows = [row[:-1] for row in csv.reader(file)]
    with path.open("w", newline="") as file:
        csv.writer(file).writerows(rows)
    with pytest.raises(FileRefused, match="lacks the column 'v'"):
        replay(project, path)


def test_another_pipeline_cannot_replay_the_rows(sqlite_url: str, tmp_path: Path) -> None:
    """Rows go through the pipeline that rejected them, into its table."""
    (tmp_path / "p").mkdir()
    project = Project(tmp_path / "p", sqlite_url)
    load(project)
    path = export(project, setting(l3={"n": "2"}))
    with pytest.raises(FileRefused, match=":2: entry 1 is of table 't', and the pipeline loads 'u'"):
        replay(project, path, table="u")
    assert replay(project, table="u").status == "nothing new"


def test_of_an_export_of_one_table_each_pipeline_takes_its_own(project: Project) -> None:
    """Rows that another pipeline rejected are left to it, and counted; of another table they are refused."""
    load(project)
    project.write("other.csv", "id,n,v\n8,x,u\n9,9,u\n")
    other = project.spec("other.csv", **PIPELINE).model_copy(update={"name": "q"})
    run_pipeline(other, project=project.folder)
    path = export(project, lambda row: {**row, "n": "7"} if row["n"] in ("x", "y") else row)
    result = replay(project, path)
    assert (result.status, result.balance.inserted) == ("loaded", 2)
    assert "1 of other pipelines" in (result.message or "")
    result = replay_quarantine(other, project=project.folder, options=RunOptions(), corrected=path)
    assert (result.status, result.balance.inserted) == ("loaded", 1)
    with pytest.raises(FileRefused, match=":2: entry 1 is of table 't', and the pipeline loads 'u'"):
        replay(project, path, table="u")


def test_a_reload_takes_replayed_rows_back_too(project: Project) -> None:
    """An append that is loaded again holds every row once, also those that came by a replay."""
    load(project)
    replay(project, export(project, setting(l3={"n": "2"}, l6={"n": "z"})))
    project.run(**PIPELINE, reload=True)
    assert project.rows("id") == [("1",), ("5",)]
    assert [line for line, _ in project.quarantine()] == [3, 5, 6]


EDITS = st.lists(
    st.dictionaries(st.integers(2, 9), st.sampled_from(["good", "bad", "raw", "discard", "stale"]), max_size=5),
    max_size=4,
)


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rounds=EDITS)
def test_whatever_is_corrected_every_row_is_in_one_place(rounds: list[dict[int, str]]) -> None:
    """After any replays and discards, a row is in the table once, or waits in one entry, or is discarded."""
    with tempfile.TemporaryDirectory() as folder:
        project = Project(Path(folder), f"sqlite:///{folder}/w.db")
        project.write("in.csv", "id,n,v\n" + "".join(f"{n},{'x' if n % 2 else n},\n" for n in range(1, 8)) + "8\n")
        project.run(**PIPELINE)
        for edits in rounds:
            stale = export(project)
            replay(project, export(project, lambda row, edits=edits: edited(row, edits)))
            if "stale" in edits.values():
                replay(project, stale)
            if "discard" in edits.values():
                discard_first(project)
            kept = project.ask("SELECT line FROM _etl_quarantine WHERE status <> 'replayed'")
            seen = [int(line) for (line,) in kept]
            loaded = [int(number) + 1 for (number,) in project.ask("SELECT id FROM t")]
            assert sorted(seen + loaded) == list(range(2, 10))


def discard_first(project: Project) -> None:
    """Discard the first entry that is open, if any."""
    for (number,) in project.quarantine("id")[:1]:
        with open_target(project.url) as target, target.record() as record:
            assert discard(record, Filters(ids=(number,))) == 1
            record.commit()


def edited(row: Row, edits: Mapping[int, str]) -> Row:
    """Correct a row, or spoil it, or its raw line."""
    number = int(row["_etl_line"]) - 1
    match edits.get(number + 1):
        case "good":
            return {**row, "id": str(number), "n": "0", "v": "w"}
        case "bad":
            return {**row, "id": str(number), "n": f"{row['n']}z"}
        case "raw":
            return {**row, "_etl_raw": f"{number},7,raw"}
    return row
