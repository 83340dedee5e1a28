"""Put right and wrong steps before the gate, and count what it lets pass: python benchmarks/gate.py --help.

The outcome of every step is known: right ones undo errors that were put into a table, wrong ones do damage, and what
the proposers make of a dirty table is told by its truth. A step is harmful if it makes more cells wrong than right; it
is sound if it puts cells right and at most one of ten that it touches becomes wrong. What lies between is counted
apart.
"""

from __future__ import annotations

import argparse
import csv
import io
import json
import sys
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory

import pyarrow as pa

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.candidates.case import Case, Outcome, Sort, Subject, outcome
from benchmarks.candidates.right import RIGHT
from benchmarks.candidates.wrong import WRONG_VALUES
from benchmarks.candidates.wrong_forms import WRONG_FORMS
from benchmarks.held_out import tables
from etl_agent.clean.step import FittedStep, RowStep, Step, missing_columns
from etl_agent.decide.evidence import Evidence
from etl_agent.decide.gate import Ruling, judge
from etl_agent.decide.propose import PROPOSERS
from etl_agent.errors import AmbiguousFormat
from etl_agent.extract.opening import open_dataset
from etl_agent.orchestrate.file import read_pipelines

__all__ = ["Judged", "main"]

ROOT = Path(__file__).resolve().parents[1]
_SORTS: Mapping[str, Sort] = {
    "format": "format",
    "value": "value",
    "fill": "fill",
    "remove": "remove",
    "columns": "remove",
}
_MOST_ROWS = 4000  # rows of a generated table: the makers of candidates are plain Python


@dataclass(frozen=True, slots=True)
class Judged:
    """What became of one step.

    Args:
        table: the table.
        kind: of step.
        sort: the class of its change.
        right: cells or rows that it puts right.
        wrong: those that it makes wrong.
        group: harmful, sound or between.
        accepted: what the gate said.
        reason: why.
        cpu: seconds that the gate took.
        expected: the share of overwritten cells that the gate takes for right; -1 where it was not asked.
    """

    table: str
    kind: str
    sort: str
    right: int
    wrong: int
    group: str
    accepted: bool
    reason: str
    cpu: float
    expected: float = -1.0


def batch_of(path: Path) -> pa.RecordBatch:
    """Read a CSV file; an empty cell is null."""
    text = io.StringIO(path.read_text(encoding="utf-8-sig", errors="replace"), newline="")
    header, *rows = [row for row in csv.reader(text) if row]
    rows = [row for row in rows if len(row) == len(header)]
    columns = [pa.array([row[place] or None for row in rows], pa.string()) for place in range(len(header))]
    return pa.RecordBatch.from_arrays(columns, names=header)


def samples() -> Iterator[Subject]:
    """Yield the sample files as their own pipelines clean them: as they come they are not right.

    Where a pipeline leaves the choice of steps to a router, nothing but the gate would say what is right: left out.
    """
    for spec in read_pipelines(sorted((ROOT / "pipelines").glob("*.yaml"))):
        if not all(isinstance(node, Step) for node in spec.clean):
            continue
        with (
            TemporaryDirectory() as scratch,
            open_dataset(
                spec.extract, project=ROOT, variables={}, as_of=date(2026, 11, 3), scratch=Path(scratch)
            ) as found,
        ):
            pieces = [pa.Table.from_batches([verdict.kept.data]) for verdict in found.batches()]
        data = pa.concat_tables(pieces, promote_options="default").combine_chunks().to_batches()[0]
        for step in spec.clean:
            if isinstance(step, RowStep) and not missing_columns(step, data.schema.names):
                data = _fitted(step, data) if isinstance(step, FittedStep) else step.apply(data)
        yield Subject(f"sample {spec.name}", data, data)


def _fitted(step: FittedStep, data: pa.RecordBatch) -> pa.RecordBatch:
    return step.fit(step.observe(data)).apply(data)


def subjects(options: argparse.Namespace) -> Iterator[Subject]:
    """Yield the tables: the sample files, the folders below ``--data``, and the generated ones."""
    if options.samples:
        yield from samples()
    for root in options.data:
        for path in sorted(root.rglob("clean.csv")):
            clean, dirty = batch_of(path), batch_of(path.with_name("dirty.csv"))
            name = str(path.parent.relative_to(root))
            if dirty.num_columns == clean.num_columns:
                dirty = dirty.rename_columns(clean.schema.names)
            if dirty.schema == clean.schema and dirty.num_rows == clean.num_rows:
                yield Subject(f"{name} as found", dirty, clean)
            yield Subject(name, clean, clean)
    for seed in options.seed:
        for table in tables(seed=seed, rates=options.rate, only=options.only):
            made = table.injected
            yield Subject(table.name, made.data.slice(0, _MOST_ROWS), made.clean.slice(0, _MOST_ROWS))


def cases(subject: Subject) -> Iterator[Case]:
    """Yield the steps that are tried on a table. The right ones undo what was put into its truth."""
    for make in (*RIGHT, *WRONG_VALUES, *WRONG_FORMS, proposals):
        yield from make(subject)


def proposals(subject: Subject) -> Iterator[Case]:
    """Yield what the proposers propose for a dirty table; each sees it as the good ones of those before leave it."""
    evidence = Evidence(subject.dirty, subject.dirty.num_rows)
    if subject.dirty.equals(subject.clean):
        return
    for propose in PROPOSERS:
        for proposal in propose(evidence):
            try:
                step = evidence.pinned(proposal.step)
            except AmbiguousFormat:
                continue
            case = Case("as proposed", _SORTS[step.change], step, evidence.sample, subject.clean)
            yield case
            if not outcome(case).harmful:
                evidence = evidence.after(step)


def judged(subject: Subject, case: Case, result: Outcome) -> tuple[Judged, Ruling]:
    """Put one step before the gate."""
    evidence = Evidence(case.dirty, case.dirty.num_rows)
    start = time.process_time()
    ruling = judge(case.step, evidence)
    cpu = time.process_time() - start
    group = "harmful" if result.harmful else "sound" if result.sound else "between"
    found = Judged(
        table=subject.name,
        kind=case.kind,
        sort=case.sort,
        right=result.right,
        wrong=result.wrong,
        group=group,
        accepted=ruling.accepted,
        reason=ruling.reason,
        cpu=cpu,
        expected=float(ruling.figures.get("expected_right", -1.0)),
    )
    return found, ruling


def table_of(found: Sequence[Judged]) -> Iterator[str]:
    """Write one line for each kind of step, each class, and all."""
    yield f"{'':34s}{'harmful':>9s}{'refused':>9s}{'damage kept out':>17s}{'sound':>8s}{'kept':>9s}{'good let in':>13s}"
    groups: dict[str, list[Judged]] = defaultdict(list)
    for each in found:
        groups[f"  {each.kind}"].append(each)
    by_class: dict[str, list[Judged]] = defaultdict(list)
    for each in found:
        by_class[f"class {each.sort}"].append(each)
    for name, members in [*sorted(groups.items()), *sorted(by_class.items()), ("all", list(found))]:
        harmful = [each for each in members if each.group == "harmful"]
        sound = [each for each in members if each.group == "sound"]
        refused = [each for each in harmful if not each.accepted]
        kept = [each for each in sound if each.accepted]
        cells = _share(sum(each.wrong for each in refused), sum(each.wrong for each in harmful))
        good = _share(sum(each.right for each in kept), sum(each.right for each in sound))
        yield (
            f"{name:34s}{len(harmful):9d}{_share(len(refused), len(harmful)):>9s}{cells:>17s}"
            f"{len(sound):8d}{_share(len(kept), len(sound)):>9s}{good:>13s}"
        )


def _share(part: int, whole: int) -> str:
    return f"{part / whole:.2%}" if whole else "-"


def main(arguments: Sequence[str] | None = None) -> int:
    """Judge every step and print the shares."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--samples", action="store_true", help="the tables of sample_data")
    parser.add_argument(
        "--data", type=Path, nargs="+", default=[], help="folders with dirty.csv and clean.csv below them"
    )
    parser.add_argument("--seed", type=int, nargs="+", default=[], help="generated tables of these seeds")
    parser.add_argument("--rate", type=float, nargs="+", default=[0.0, 0.05], help="of errors in generated tables")
    parser.add_argument("--only", default="", help="only generated tables whose name holds this")
    parser.add_argument("--kind", default="", help="only steps whose kind holds this")
    parser.add_argument("--misses", action="store_true", help="show each step that was judged wrongly")
    parser.add_argument("--json", type=Path, help="write every judgement to this file")
    options = parser.parse_args(arguments)
    found: list[Judged] = []
    for subject in subjects(options):
        for case in cases(subject):
            if options.kind not in case.kind:
                continue
            result = outcome(case)
            if not result.right and not result.wrong:
                continue
            each, ruling = judged(subject, case, result)
            found.append(each)
            if options.misses and each.accepted == (each.group == "harmful") and each.group != "between":
                print(each.table, "|", each.kind, each.right, each.wrong, ruling, str(case.step)[:300])
    print("\n".join(table_of(found)))
    between = [each for each in found if each.group == "between"]
    print(f"between: {len(between)} steps, {_share(sum(e.accepted for e in between), len(between))} of them let in")
    if found:
        cpu = sorted(each.cpu for each in found)
        print(f"CPU seconds a step: median {cpu[len(cpu) // 2]:.3f}, greatest {cpu[-1]:.3f}")
    if options.json:
        options.json.write_text(json.dumps([asdict(each) for each in found], indent=1), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
