"""No row is lost and none is doubled, whatever the bytes of the files and whatever the plan: told from outside."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import sqlite3
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from etl_agent.errors import EtlAgentError
from etl_agent.extract.opening import open_dataset
from etl_agent.extract.spec import Extract
from etl_agent.orchestrate.sequential import PipelineSpec
from etl_agent.run import runner
from etl_agent.run.options import RunOptions
from etl_agent.run.result import RunResult
from etl_agent.run.runner import run_pipeline

EXAMPLES = int(os.environ.get("ETL_AGENT_EXAMPLES", "40"))
"""Environment variable: how many generated cases to try."""

COLUMNS = ("id", "name", "n")

ordinary = st.sampled_from(["a", "b", "Ada", "7", "12", "-3", "007", "NA", " x ", "é", "1.10", "x y", "N/A"])
odd = st.sampled_from(['"', "a;b", "a,b", "l1\nl2", "\0", "\r", "'", "\t", '""', "\ufeff", "\u2028", "x" * 50])
cells = st.one_of(st.none(), st.just(""), ordinary, ordinary, odd)
ids = st.one_of(st.integers(0, 12).map(str), st.none(), st.just("k"))


@dataclass(frozen=True)
class File:
    """A generated input file: its name and its bytes, and how they are written."""

    name: str
    content: bytes
    delimiter: str
    encoding: str


@dataclass(frozen=True)
class Case:
    """Files, a plan, and the runs over them: each run takes some of the files."""

    files: tuple[File, ...]
    sections: dict[str, Any]
    runs: tuple[tuple[tuple[int, ...], bool], ...]
    batch_rows: int


@st.composite
def lines(draw: st.DrawFn, *, delimiter: str) -> str:
    """Make one record, or something that is none."""
    row = [draw(ids), draw(cells), draw(cells)]
    written = delimiter.join(_written(cell, delimiter) for cell in row)
    return draw(
        st.one_of(
            st.just(written),
            st.just(written),
            st.just(written),
            st.sampled_from(
                ["", written + delimiter, delimiter.join(["1", "2"]), '1,"open', 'x"y' + delimiter * 2, '"']
            ),
            st.just(f'1{delimiter}"a"b{delimiter}c'),
        )
    )


def _written(cell: str | None, delimiter: str) -> str:
    if cell is None:
        return ""
    if cell == "" or any(mark in cell for mark in (delimiter, '"', "\n", "\r")):
        return '"' + cell.replace('"', '""') + '"'
    return cell


@st.composite
def files(draw: st.DrawFn, number: int, delimiter: str, encoding: str) -> File:
    """Make a file: a header and lines, with any line ends and a byte that may be wrong."""
    ending = draw(st.sampled_from(["\n", "\r\n", "\r"]))
    body = draw(st.lists(lines(delimiter=delimiter), max_size=14))
    if body and draw(st.booleans()):
        body += draw(st.lists(st.sampled_from(body), max_size=3))
    order = draw(st.permutations(COLUMNS)) if draw(st.booleans()) else COLUMNS
    text = ending.join([delimiter.join(order), *body]) + (ending if draw(st.booleans()) else "")
    content = text.encode(encoding, "replace")
    if encoding == "utf-8" and draw(st.integers(0, 3)) == 0 and len(content) > 20:
        place = draw(st.integers(10, len(content) - 1))
        content = content[:place] + draw(st.sampled_from([b"\xff", b"\0", b'"', b"\xc3"])) + content[place:]
    return File(f"f{number}.csv", content, delimiter, encoding)


STEPS: tuple[dict[str, Any], ...] = (
    {"step": "strip", "columns": "all"},
    {"step": "case", "columns": ["name"], "to": "upper"},
    {"step": "null_markers", "columns": ["name"], "markers": ["N/A", "a"]},
    {"step": "fill", "columns": ["n"], "value": "0"},
    {"step": "fill_previous", "columns": ["name"]},
    {"step": "fill_mode", "columns": ["name"]},
    {"step": "filter", "drop": {"column": "name", "is": "b"}},
    {"step": "quarantine_where", "where": {"column": "name", "is": "7"}},
    {"step": "deduplicate"},
    {"step": "deduplicate", "columns": ["id"], "keep": "last"},
    {"step": "deduplicate", "columns": ["name", "n"], "keep": "most_complete"},
)

contracts = st.fixed_dictionaries(
    {
        "id": st.sampled_from([{"type": "text", "nullable": True}, {"type": "integer"}, {"type": "text"}]),
        "name": st.sampled_from(
            [
                {"type": "text", "nullable": True},
                {"type": "text", "nullable": True, "unique": True},
                {"type": "text", "nullable": True, "max_length": 3},
            ]
        ),
        "n": st.sampled_from([{"type": "text", "nullable": True}, {"type": "integer", "nullable": True}]),
    }
)
modes: st.SearchStrategy[dict[str, Any]] = st.sampled_from(
    [
        {"write_disposition": "append"},
        {"write_disposition": "append", "primary_key": ["id"]},
        {"write_disposition": "replace"},
        {"write_disposition": "replace", "primary_key": ["id"]},
        {"write_disposition": "merge", "primary_key": ["id"]},
        {"write_disposition": "merge", "primary_key": ["id"], "strategy": "delete-insert"},
        {"write_disposition": "merge", "primary_key": ["id"], "strategy": "insert-only"},
        {"write_disposition": "merge", "primary_key": ["id"], "strategy": "scd2"},
        {"write_disposition": "merge", "primary_key": ["id", "name"], "newest_by": "n"},
        {"write_disposition": "merge", "primary_key": ["id"], "absent": "delete"},
        {"write_disposition": "merge", "primary_key": ["id"], "strategy": "delete-insert", "absent": "delete"},
        {"write_disposition": "merge", "primary_key": ["id"], "strategy": "scd2", "absent": "close"},
    ]
)


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """Make files, a plan and runs."""
    delimiter = draw(st.sampled_from([",", ";", "\t", "|"]))
    encoding = draw(st.sampled_from(["utf-8", "utf-8", "utf-8-sig", "cp1252", "utf-16"]))
    made = tuple(draw(files(number, delimiter, encoding)) for number in range(draw(st.integers(1, 3))))
    contract = draw(st.one_of(st.none(), contracts))
    load = draw(modes)
    if "newest_by" in load:
        contract = {
            "id": {"type": "text", "nullable": True},
            "name": {"type": "text", "nullable": True},
            "n": {"type": "integer", "nullable": True},
        }
    sections = {
        "validate": {"max_reject_share": 0.99, **({} if contract is None else {"contract": contract})},
        "clean": draw(st.lists(st.sampled_from(STEPS), max_size=3)),
        "load": load,
    }
    some = st.lists(st.sampled_from(range(len(made))), min_size=1, max_size=3, unique=True).map(
        lambda x: tuple(sorted(x))
    )
    runs = draw(st.lists(st.tuples(some, st.sampled_from([False, False, False, True])), min_size=1, max_size=3))
    return Case(made, sections, tuple(runs), draw(st.sampled_from([1, 2, 5, 100])))


@settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=EXAMPLES <= 100,
    suppress_health_check=list(HealthCheck),
    database=None,
)
@given(cases())
def test_no_row_is_lost_or_doubled(case: Case) -> None:
    """Every record of every file is in exactly one place after each run, and a second run finds nothing to do."""
    with tempfile.TemporaryDirectory() as name, _small_batches(case.batch_rows):
        folder = Path(name)
        for file in case.files:
            (folder / file.name).write_bytes(file.content)
        url = f"sqlite:///{folder / 'target.db'}"
        for chosen, reload in case.runs:
            spec = _spec(case, chosen, url)
            before = _table(folder)
            try:
                result = run_pipeline(spec, project=folder, options=RunOptions(reload=reload))
            except EtlAgentError as error:
                event(type(error).__name__)
                assert error.exit_code != 70, error
                assert _table(folder) == before, "a run that failed changed the table"
                continue
            event(f"{spec.load.write_disposition} {result.status}")
            _prove(case, folder, spec, result, before)
            if result.status == "loaded":
                _prove_again(folder, spec)


@contextlib.contextmanager
def _small_batches(rows: int) -> Iterator[None]:
    before = runner.BATCH_ROWS
    runner.BATCH_ROWS = rows
    try:
        yield
    finally:
        runner.BATCH_ROWS = before


def _spec(case: Case, chosen: Sequence[int], url: str) -> PipelineSpec:
    first = case.files[0]
    return PipelineSpec.model_validate(
        {
            "version": 1,
            "name": "p",
            "extract": {
                "files": [case.files[number].name for number in chosen],
                "delimiter": first.delimiter,
                "encoding": first.encoding,
                "quote": '"',
                "preamble": 0,
                "header": True,
            },
            **case.sections,
            "load": {"to": url, "table": "t", **case.sections["load"]},
        }
    )


def _prove(case: Case, folder: Path, spec: PipelineSpec, result: RunResult, before: Counter[tuple[Any, ...]]) -> None:
    """Compare what a run says with its files, read here, and with the target, read by another connection."""
    if result.status == "nothing new":
        assert _table(folder) == before
        return
    loaded = [file.file for file in result.files if file.status in ("loaded", "judged")]
    contents = {file.name: file.content for file in case.files}
    entries = _ask(
        folder, f"SELECT file, line, byte_offset, raw, reasons FROM _etl_quarantine WHERE run_id = {result.run_id}"
    )
    for file, line, offset, raw, reasons in entries:
        _prove_entry(contents[file], spec.extract.encoding or "utf-8", line, offset, raw)
        assert json.loads(reasons), "a row was rejected without a reason"
    assert len({entry[:3] for entry in entries}) == len(entries), "a record is in quarantine twice"
    balance = result.balance
    assert len(entries) == balance.quarantined
    if result.status == "refused":
        assert _table(folder) == before
        return
    records = _records(folder, spec, loaded)
    assert records == balance.read == balance.accounted
    after = _table(folder)
    written = sum(count for row, count in _rows(folder, f"WHERE _etl_run_id = {result.run_id}").items())
    assert written == balance.inserted + balance.updated
    grown = sum(after.values()) - sum(before.values())
    assert grown == _growth(spec, result), "the table did not grow by what the run says"
    digests = {hashlib.sha256(contents[name]).hexdigest() for name in loaded}
    active = [sha for (sha,) in _ask(folder, "SELECT sha256 FROM _etl_files WHERE active = 1")]
    assert len(active) == len(set(active)), "content is active twice"
    assert digests <= set(active)
    _prove_values(folder, spec, result, loaded, contents)
    if spec.load.absent != "keep":
        _prove_snapshot(folder, spec, result, before, [contents[name] for name in loaded])


def _growth(spec: PipelineSpec, result: RunResult) -> int:
    """How many rows more the table has."""
    balance = result.balance
    if spec.load.merge_strategy == "scd2" and spec.load.write_disposition == "merge":
        return balance.inserted + balance.updated  # closed versions stay in the table
    return balance.inserted - balance.removed


def _prove_entry(content: bytes, encoding: str, line: int, offset: int, raw: str) -> None:
    """Find the raw record in the file at its byte, and its line by counting line ends before it."""
    name = "utf-16-le" if encoding == "utf-16" else encoding
    shown = content[offset:].decode(name, "backslashreplace").replace("\0", "\\x00")
    assert shown.startswith(raw), "the raw line is not at its place in the file"
    head = content[:offset]
    if name == "utf-16-le":
        text = head.decode(name, "replace")
        ends = text.count("\n") + text.count("\r") - text.count("\r\n")
    else:
        ends = head.count(b"\n") + head.count(b"\r") - head.count(b"\r\n")
    assert line == ends + 1, "the line number is wrong"


def _records(folder: Path, spec: PipelineSpec, names: Sequence[str]) -> int:
    """Count the records, and prove that each physical line of the files is of one kind."""
    records = 0
    for name in names:
        extract: Extract = spec.extract.model_copy(update={"files": (name,)})
        dataset = open_dataset(extract, project=folder, variables={}, as_of=date(2025, 1, 1), scratch=folder)
        with dataset:
            kept = sum(len(verdict.kept) for verdict in dataset.batches())
            (tally,) = dataset.tallies()
        kinds = tally.preamble + tally.header + tally.blank + tally.comment + tally.footnote + tally.record_lines
        assert tally.lines == kinds == _physical_lines((folder / name).read_bytes(), spec.extract.encoding or "utf-8")
        assert kept == tally.good
        if (plain := _plain_counts((folder / name).read_bytes(), spec)) is not None:
            assert (tally.good, tally.bad) == plain
        records += tally.good + tally.bad
    return records


def _plain_counts(content: bytes, spec: PipelineSpec) -> tuple[int, int] | None:
    """Count good and bad records of a file without quotes, where each line is a record; None for other files."""
    try:
        text = content.decode(spec.extract.encoding or "utf-8")
    except UnicodeDecodeError:
        return None
    if '"' in text:
        return None
    rows = [line for line in text.replace("\r\n", "\n").replace("\r", "\n").split("\n")[1:] if line]
    good = sum(row.count(spec.extract.delimiter or ",") == len(COLUMNS) - 1 and "\0" not in row for row in rows)
    return good, len(rows) - good


def _physical_lines(content: bytes, encoding: str) -> int:
    """Count lines as an editor does: LF, CRLF and CR end one, and the last needs no end."""
    text = content.decode("utf-16-le" if encoding == "utf-16" else "latin-1")
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return text.count("\n") + (not text.endswith("\n") and text != "")


def _prove_values(
    folder: Path, spec: PipelineSpec, result: RunResult, names: Sequence[str], contents: Mapping[str, bytes]
) -> None:
    """Where nothing is cleaned, find every loaded row in its file, and no row more often than there."""
    if spec.clean or spec.load.write_disposition != "append" or spec.load.primary_key:
        return
    there: Counter[tuple[str | None, ...]] = Counter()
    for name in names:
        there += _plain_records(contents[name], spec)
    columns = ", ".join(f'CAST("{column}" AS TEXT)' for column in COLUMNS)
    rows = Counter(_ask(folder, f"SELECT {columns} FROM t WHERE _etl_run_id = {result.run_id}"))
    whole = Counter({tuple(_number(cell) for cell in row): 0 for row in rows})
    for row, count in rows.items():
        whole[tuple(_number(cell) for cell in row)] += count
    source: Counter[tuple[str | None, ...]] = Counter()
    for row, count in there.items():
        source[tuple(_number(cell) for cell in row)] += count
    invented = whole - source
    assert not invented, f"rows that stand in no file, or more often than there: {invented}"


def _prove_snapshot(
    folder: Path, spec: PipelineSpec, result: RunResult, before: Counter[tuple[Any, ...]], contents: Sequence[bytes]
) -> None:
    """No key that stands in a file has left the table, and none stays that does not, unless the run says so."""
    place = [name for _, name, *_ in _ask(folder, "PRAGMA table_info(t)")].index("id")
    ended = "WHERE valid_to IS NULL" if spec.load.absent == "close" else ""
    left = {_number(str(row[place]).strip()) for row in _rows(folder, ended)}
    there = {
        _number(row[0].strip()) for content in contents for row in _plain_records(content, spec) if row[0] is not None
    }
    gone = {_number(str(row[place]).strip()) for row in before - _table(folder)} - left
    if spec.load.absent == "delete":
        assert not gone & there, "a row has left the table though its key stands in a file"
    if result.warning is not None and "as absent" in result.warning:
        event("absent rows were spared")
        assert not gone
    else:
        assert left <= there, "a row stays whose key stands in no file"


def _number(cell: str | None) -> str | None:
    """Write whole numbers one way, since a typed column does too."""
    if cell is not None and cell.strip().lstrip("+-").isascii() and cell.strip().lstrip("+-").isdigit():
        return str(int(cell))
    return cell


def _plain_records(content: bytes, spec: PipelineSpec) -> Counter[tuple[str | None, ...]]:
    """Read every record that could begin at any line: a superset of the good records, by a reader of our own."""
    text = content.decode(spec.extract.encoding or "utf-8", "surrogateescape")
    starts = [0]
    for place, character in enumerate(text):
        if character == "\n" or (character == "\r" and text[place + 1 : place + 2] != "\n"):
            starts.append(place + 1)
    delimiter = spec.extract.delimiter or ","
    header, _ = _record(text, 0, delimiter) or ((), 0)
    found: Counter[tuple[str | None, ...]] = Counter()
    for start in starts[1:]:
        record = _record(text, start, delimiter)
        if record is not None and len(record[0]) == len(header):
            cells = dict(zip(header, record[0], strict=True))
            found[tuple(cells[name] for name in COLUMNS)] += 1
    return found


def _record(text: str, at: int, delimiter: str) -> tuple[tuple[str | None, ...], int] | None:
    """Read one strict RFC 4180 record; None if it is none."""
    cells: list[str | None] = []
    while True:
        if text[at : at + 1] == '"':
            cell, at = "", at + 1
            while True:
                if at >= len(text):
                    return None
                if text[at] != '"':
                    cell, at = cell + text[at], at + 1
                elif text[at + 1 : at + 2] == '"':
                    cell, at = cell + '"', at + 2
                else:
                    at += 1
                    break
            cells.append(cell)
        else:
            end = at
            while end < len(text) and text[end] not in (delimiter, "\n", "\r"):
                if text[end] == '"':
                    return None
                end += 1
            cells.append(text[at:end] or None)
            at = end
        if at >= len(text) or text[at] in "\r\n":
            return tuple(cells), at
        if text[at] != delimiter:
            return None
        at += 1


def _prove_again(folder: Path, spec: PipelineSpec) -> None:
    """Run the same once more: nothing is new and nothing changes."""
    before = _table(folder)
    again = run_pipeline(spec, project=folder)
    assert again.status == "nothing new"
    assert _table(folder) == before


def _table(folder: Path) -> Counter[tuple[Any, ...]]:
    return _rows(folder, "")


def _rows(folder: Path, where: str) -> Counter[tuple[Any, ...]]:
    if not _ask(folder, "SELECT 1 FROM sqlite_master WHERE name = 't'"):
        return Counter()
    return Counter(_ask(folder, f"SELECT * FROM t {where}"))


def _ask(folder: Path, statement: str) -> list[tuple[Any, ...]]:
    path = folder / "target.db"
    if not path.exists():
        return []
    with contextlib.closing(sqlite3.connect(path)) as connection:
        return connection.execute(statement).fetchall()
