"""The rows of a replay as a dataset: read from files of our own, under the names and lines that they came from."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import replace

from etl_agent.batch import Origin, Positions
from etl_agent.errors import Unbalanced
from etl_agent.extract.dataset import Dataset
from etl_agent.extract.reader import Rules
from etl_agent.extract.source import Source
from etl_agent.extract.spec import Extract
from etl_agent.rejects import Verdict

__all__ = ["ReplayedRows"]

_MOST_CELL_BYTES = 8 << 20


class ReplayedRows(Dataset):
    """Rows that were written for a replay; each carries the line of the record that it first was.

    Args:
        extract: how the pipeline reads its files; only the columns that it adds still matter.
        sources: the files.
        lines: the line of each record, over all files.
    """

    def __init__(self, extract: Extract, sources: Sequence[Source], *, lines: Positions) -> None:
        written = {
            "encoding": "utf-8",
            "delimiter": ",",
            "quote": '"',
            "quoting": "rfc",
            "header": True,
            "names": None,
            "preamble": 0,
            "footer": 0,
            "comment": None,
            "blank_lines": "null",
        }
        rules = Rules(blank_is_null=True, max_cell=extract.max_cell_bytes, lines=_MOST_CELL_BYTES)
        super().__init__(extract.model_copy(update=written), sources, rules=rules, closing=ExitStack())
        self._lines = lines

    def batches(self, *, rows: int = 100_000, digest: bool = True) -> Iterator[Verdict]:
        """Read all rows once; see ``Dataset.batches``."""
        for verdict in super().batches(rows=rows, digest=digest):
            kept = replace(verdict.kept, origin=self._placed(verdict.kept.origin))
            rejects = tuple(replace(each, origin=self._placed(each.origin)) for each in verdict.rejects)
            yield Verdict(kept, rejects)
        read = sum(tally.good + tally.bad for tally in self.tallies())
        if read != len(self._lines):
            raise Unbalanced(f"{len(self._lines)} entries were written and {read} rows read", where="replay")

    def _placed(self, origin: Origin) -> Origin:
        return replace(origin, line=self._lines[origin.row])
