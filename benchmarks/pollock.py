"""Read the files of the Pollock benchmark with everything detected, and have the results scored.

    python benchmarks/pollock.py --shared ../shared [--only REGEX] [--groups]

Nothing is declared but the file. A file that is refused scores nothing. The files and the scorer are not part of
this project: ``--shared`` is the folder that holds data/pollock and tools/score_extraction.py.

Source: G. Vitagliano et al., "Pollock: A Data Loading Benchmark", PVLDB 16(8), 2023.
"""

import argparse
import collections
import subprocess
import sys
import tarfile
import tempfile
import time
from datetime import date
from pathlib import Path

import pyarrow as pa

from etl_agent.errors import EtlAgentError
from etl_agent.extract.opening import open_dataset
from etl_agent.extract.spec import Extract
from etl_agent.extract.writer import CsvWriter


def convert(file: Path, target: Path, scratch: Path) -> int:
    """Write what is read of a file as RFC 4180; return the number of rejected records."""
    spec = Extract(files=(file.name,))
    rejected = 0
    with (
        open_dataset(spec, project=file.parent, variables={}, as_of=date.today(), scratch=scratch) as dataset,
        CsvWriter(target, dataset.names, header=dataset.files[0].dialect.header > 0) as writer,
    ):
        for verdict in dataset.batches(digest=False):
            data: pa.RecordBatch = verdict.kept.data
            writer.write(data)
            rejected += sum(len(rejects) for rejects in verdict.rejects)
    return rejected


def main() -> int:
    """Convert all files, print what was refused and rejected, and run the scorer."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shared", type=Path, default=Path(__file__).parents[1] / ".." / "shared")
    parser.add_argument("--only", default="")
    parser.add_argument("--groups", action="store_true", help="print the score of each kind of pollution")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        with tarfile.open(options.shared / "data/pollock/polluted_files.tar.xz") as archive:
            archive.extractall(work, filter="data")
        outputs = work / "outputs"
        outputs.mkdir()
        refused: collections.Counter[str] = collections.Counter()
        rejected, begun = 0, time.perf_counter()
        for file in sorted((work / "polluted_files" / "csv").iterdir()):
            try:
                rejected += convert(file, outputs / f"{file.name}_converted.csv", work)
            except EtlAgentError as error:
                refused[f"{type(error).__name__}: {error.what[:60]}"] += 1
        print(
            f"read in {time.perf_counter() - begun:.1f} s, {rejected} records rejected, {refused.total()} files refused"
        )
        for reason, times in refused.most_common(20):
            print(f"  {times:4d} {reason}")
        scorer = [sys.executable, str(options.shared / "tools/score_extraction.py"), "--outputs", str(outputs)]
        scorer += ["--data", str(options.shared / "data/pollock"), *(["--groups"] if options.groups else [])]
        scorer += ["--only", options.only] if options.only else []
        return subprocess.run(scorer, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
