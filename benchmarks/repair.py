"""Clean dirty tables of which the truth is known, and score the result: python benchmarks/repair.py --help.

A table is a folder with dirty.csv and clean.csv, cell by cell the same table, and perhaps mask.csv, whose cells "1"
do not count. Each one is cleaned by ``etl-agent clean dirty.csv -o OUT --strategy auto``: no key, no label, no option
that depends on the table.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.measure import run
from benchmarks.scoring import Scores, score_by, score_files
from etl_agent.decide.score import Tally

MOST_DAMAGE = 0.005
"""The bar for the semantic damage of each table."""
MOST_MASKED_DAMAGE = 0.001
"""The bar where a mask leaves out all that is known to be wrong with the truth: what is left is right."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one table.

    Args:
        table: its folder, relative to the data.
        group: the folder of tables that it belongs to, or nothing.
        scores: the counts, or None if it could not be cleaned.
        cpu: seconds.
        masked: whether a mask leaves cells out.
        failure: what was printed instead of a result.
    """

    table: str
    group: str
    scores: Scores | None
    cpu: float
    masked: bool = False
    failure: str = ""

    @property
    def missed(self) -> str:
        """Say which bar the table misses; nothing if it misses none."""
        if self.scores is None:
            return f"failed: {self.failure}"
        bar = MOST_MASKED_DAMAGE if self.masked else MOST_DAMAGE
        damage = self.scores.semantic.damage
        return f"semantic damage {damage:.2%}" if damage >= bar else ""

    def cells(self) -> list[str]:
        """Return the figures in the order of the heading."""
        if self.scores is None:
            return [self.table, *[""] * (len(_HEAD) - 3), f"{self.cpu:.1f}", self.missed]
        exact, semantic = self.scores.exact, self.scores.semantic
        figures = [f"{part:.3f}" for tally in (exact, semantic) for part in (tally.precision, tally.recall, tally.f1)]
        figures[3:3] = [f"{exact.damage:.3%}"]
        figures += [f"{semantic.damage:.3%}", f"{exact.before:.3%}", f"{exact.after:.3%}", f"{self.cpu:.1f}"]
        return [self.table, f"{exact.errors:,}", *figures, self.missed]


_HEAD = ("table", "errors", "P", "R", "F1", "damage", "sem. P", "sem. R", "sem. F1", "sem. damage")
_HEAD += ("error before", "after", "CPU s", "missed")


def main() -> int:
    """Clean and score all tables, print the figures and say which bars are missed."""
    options = _options()
    outcomes: dict[str, list[Outcome]] = {}
    missed = []
    for title, data in (("public", options.data), ("held out", options.held_out)):
        if data is not None:
            print(f"\n{title}: {data}\n\n| {' | '.join(_HEAD)} |\n|---|{'--:|' * (len(_HEAD) - 2)}---|", flush=True)
            outcomes[title] = list(_clean_all(data, options))
            missed += [f"{title}: {line}" for line in _summary(outcomes[title])]
    if options.out:
        options.out.write_text(json.dumps({k: [*map(_plain, found)] for k, found in outcomes.items()}, indent=1) + "\n")
    print("\n".join(["", "Missed:" if missed else "No bar is missed.", *(f"* {line}" for line in missed)]))
    return 1 if missed else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="folder of folders with tables; a folder of several is pooled")
    parser.add_argument("--held-out", type=Path, help="what benchmarks/held_out.py wrote")
    parser.add_argument("--only", default="", metavar="TEXT", help="only the tables whose path holds this")
    parser.add_argument("--out", type=Path, help="JSON file for all counts")
    parser.add_argument("--scorer", type=Path, help="another program to score with")
    parser.add_argument("--direct", action="store_true", help="compose in this process instead of by the program")
    parser.add_argument("--etl-agent", default=str(Path(sys.executable).with_name("etl-agent")), metavar="PROGRAM")
    options = parser.parse_args()
    if not (options.data or options.held_out):
        parser.error("name --data or --held-out")
    return options


def _clean_all(data: Path, options: argparse.Namespace) -> Iterable[Outcome]:
    for file in sorted(data.rglob("dirty.csv")):
        folder = file.parent
        if options.only not in str(folder.relative_to(data)) or not (folder / "clean.csv").exists():
            continue
        outcome = _clean(folder, data=data, options=options)
        print(f"| {' | '.join(outcome.cells())} |", flush=True)
        yield outcome


def _clean(folder: Path, *, data: Path, options: argparse.Namespace) -> Outcome:
    """Clean one table into a scratch file, and score that."""
    table = str(folder.relative_to(data))
    group = str(folder.parent.relative_to(data)) if folder.parent != data else ""
    masked = (folder / "mask.csv").exists()
    with tempfile.TemporaryDirectory(prefix="etl-repair-") as scratch:
        out = Path(scratch) / "repaired.csv"
        if options.direct:
            started = time.process_time()
            try:
                _compose(folder / "dirty.csv", out)
            except Exception as error:  # whatever it is: one table that fails must not hide the others
                failure = f"{type(error).__name__}: {error}"
                return Outcome(table, group, None, time.process_time() - started, masked, failure)
            cpu = time.process_time() - started
        else:
            command = [options.etl_agent, "clean", str(folder / "dirty.csv"), "-o", str(out), "--strategy", "auto"]
            cost = run(command)
            cpu = cost.cpu
            if cost.exit_code or not out.exists():
                last = cost.output.splitlines()[-1:] or [""]
                return Outcome(table, group, None, cpu, masked, f"exit {cost.exit_code}: {last[0][:120]}")
        try:
            scores = score_by(options.scorer, folder, out) if options.scorer else score_files(folder, out)
        except ValueError as error:
            return Outcome(table, group, None, cpu, masked, str(error))
    return Outcome(table, group, scores, cpu, masked)


def _compose(dirty: Path, out: Path) -> None:
    """Compose steps on the whole file, and write the rows as these leave them."""
    import pyarrow as pa

    from benchmarks.scoring import read
    from etl_agent.decide.auto import compose
    from etl_agent.decide.evidence import Evidence
    from etl_agent.extract.writer import CsvWriter

    names, rows = read(dirty)
    columns = [pa.array([row[place] or None for row in rows], pa.string()) for place in range(len(names))]
    made = compose(Evidence(pa.RecordBatch.from_arrays(columns, names=names), len(rows)))
    with CsvWriter(out, names) as writer:
        writer.write(made.evidence.sample.select(names))


def _summary(outcomes: Sequence[Outcome]) -> list[str]:
    """Print means and pooled figures, and return which bars are missed."""
    missed = [f"{outcome.table}: {outcome.missed}" for outcome in outcomes if outcome.missed]
    scored = [(outcome, outcome.scores) for outcome in outcomes if outcome.scores is not None]
    if not scored:
        return [*missed, "no table was scored"]
    groups: dict[str, Scores] = {}
    for outcome, scores in scored:
        if outcome.group:
            groups[outcome.group] = groups[outcome.group] + scores if outcome.group in groups else scores
    for group, scores in groups.items():
        print(f"| {' | '.join(Outcome(f'{group}, pooled', '', scores, 0.0).cells()[:-2])} | | |")
    before = statistics.fmean(scores.exact.before for _, scores in scored)
    after = statistics.fmean(scores.exact.after for _, scores in scored)
    pooled_kinds = sum((scores for _, scores in scored), Scores(Tally(), Tally())).kinds
    if pooled_kinds:
        print("\n| kind of error | wrong | changed | right | precision | recall |\n|---|" + "--:|" * 5)
        for kind, tally in sorted(pooled_kinds.items()):
            counts = f"{tally.errors:,} | {tally.changed:,} | {tally.right:,}"
            print(f"| {kind} | {counts} | {tally.precision:.3f} | {tally.recall:.3f} |")
    untouched = [(outcome, scores) for outcome, scores in scored if not scores.exact.errors]
    print(f"\n{len(scored)} tables: mean error rate {before:.3%} before, {after:.3%} after; ", end="")
    worst = max(scored, key=lambda each: each[1].semantic.damage)
    print(f"worst semantic damage {worst[1].semantic.damage:.3%} ({worst[0].table})")
    if untouched:
        pooled = sum((scores.exact.damage for _, scores in untouched), 0.0) / len(untouched)
        changed = sum(bool(scores.exact.damaged) for _, scores in untouched)
        print(f"{len(untouched)} of them without errors: {changed} were changed, mean damage {pooled:.4%}")
    if not after < before:
        missed.append(f"the mean error rate is not lower after ({after:.4%}) than before ({before:.4%})")
    return missed


def _plain(outcome: Outcome) -> dict[str, object]:
    """Return the counts of a table, with the figures that follow from them."""
    plain: dict[str, object] = asdict(outcome)
    plain["missed"] = outcome.missed
    if outcome.scores is not None:
        for name in ("exact", "semantic"):
            tally = getattr(outcome.scores, name)
            figures = ("precision", "recall", "f1", "damage", "before", "after")
            plain[name] = {figure: round(getattr(tally, figure), 6) for figure in figures}
    return plain


if __name__ == "__main__":
    sys.exit(main())
