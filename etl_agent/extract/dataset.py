"""What one extract reads: its files with their headers, and their rows as batches of text."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from etl_agent.batch import Positions
from etl_agent.errors import FileRefused
from etl_agent.extract.batches import Layout, batches_of
from etl_agent.extract.columns import added, constants, places, union
from etl_agent.extract.dialect import Dialect
from etl_agent.extract.digest import HashedStream, digest_of
from etl_agent.extract.header import open_header
from etl_agent.extract.lines import Lines
from etl_agent.extract.raw import read_at
from etl_agent.extract.reader import Reader, Rules
from etl_agent.extract.source import Limits, Source
from etl_agent.extract.spec import Extract
from etl_agent.extract.tally import Tally, tally_of
from etl_agent.rejects import Verdict

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Candidate", "Dataset", "SourceFile", "Tally"]


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A file of a dataset, as its header was when it was opened.

    Args:
        name: what users know it by: its path in the project, ``archive.zip/member.csv``, or ``stdin``.
        path: where its bytes lie.
        header: the names of its columns in its own order and spelling.
        dialect: how it is written.
        packed_size: bytes as it lies on the disk, compressed if it is.
    """

    name: str
    path: Path
    header: tuple[str, ...]
    dialect: Dialect
    packed_size: int


@dataclass(frozen=True, slots=True)
class Candidate:
    """A file before it is read.

    Args:
        name: what users know it by.
        size: bytes, decompressed; None where only reading tells.
        digest: returns the SHA-256 (hex) of its decompressed bytes, by a pass of its own.
    """

    name: str
    size: int | None
    digest: Callable[[], str]


class Dataset:
    """The files of one extract, opened; their rows can be read any number of times.

    Made by ``open_dataset`` or ``Dataset.of_frame``. It is its own context manager.
    """

    def __init__(self, spec: Extract, sources: Sequence[Source], *, rules: Rules, closing: ExitStack) -> None:
        self._spec = spec
        self._rules = rules
        self._closing = closing
        self._sources = tuple(sources)
        self._limits = Limits(spec.max_decompressed_bytes, spec.max_ratio)
        self._on_empty = spec.on_empty
        self.fell_back: str | None = None
        """Why these files are read instead of those that were asked for first, in one line; None if they are those."""
        self._tallies: list[Tally] = []
        self.files = tuple(_opened(source, spec, self._limits) for source in sources)
        """The files, in the order in which they are read."""
        found = union([file.header for file in self.files])
        self.names: tuple[str, ...] = (*found, *added(found, spec.add))
        """The columns: those of all headers in the order in which they are first seen, then the added ones."""
        self._layouts = tuple(
            Layout(self.names, places(found, file.header), constants(spec.add, file.name)) for file in self.files
        )

    @staticmethod
    def of_frame(frame: pd.DataFrame, *, name: str = "dataframe", scratch: Path | None = None) -> Dataset:
        """Make a dataset of a DataFrame: its values as exact text, missing ones (None, NaN, NaT) as null.

        The frame is written to a temporary file once, so lines, offsets and digests are those of the CSV text that
        ``CsvWriter`` would make of it. The index is left out.

        Args:
            frame: the rows; its column labels become the names.
            name: what users know it by.
            scratch: where the file is made; the system's temporary folder by default.
        """
        from etl_agent.extract.frame import frame_dataset

        return frame_dataset(frame, name=name, scratch=scratch)

    def batches(self, *, rows: int = 100_000, digest: bool = True) -> Iterator[Verdict]:
        """Read all rows once, in file order; may be called again for another pass.

        Each batch holds rows of one file, in the columns of ``names``; what a file lacks is null. A file without
        rows gives no batch. Malformed records are the verdict's rejects, of the stage ``extract``.

        Args:
            rows: the most rows of a batch; a batch is also ended after 64 MiB.
            digest: whether to compute the SHA-256 of each file on the way.

        Raises:
            FileRefused: a file is wrong throughout, truncated, or unpacks too far.
            TryLater: a file changed since the dataset was opened.
        """
        self._tallies = []
        row = 0
        for index, (source, file, layout) in enumerate(zip(self._sources, self.files, self._layouts, strict=True)):
            with source.open(self._limits) as stream:
                hashed = HashedStream(stream, wanted=digest)
                reader = self._reader(hashed, file)
                yield from batches_of(reader, layout, name=file.name, row=row, rows=rows)
                tally = tally_of(
                    reader.counts,
                    file=file.name,
                    size=stream.size,
                    packed_size=file.packed_size,
                    sha256=hashed.digest(),
                )
            row += tally.good + tally.bad
            if not (tally.good or tally.bad) and self._on_empty == "refuse":
                raise FileRefused("the file has no rows (on_empty: refuse)", where=file.name)
            self._tallies[index:] = [tally]

    def only(self, chosen: Sequence[int]) -> Dataset:
        """Return the dataset of some of the files; this one stays open, and must outlive it.

        Args:
            chosen: which of ``files``, rising.
        """
        if len(chosen) == len(self.files):
            return self
        sources = [self._sources[number] for number in chosen]
        part = Dataset(self._spec, sources, rules=self._rules, closing=ExitStack())
        part.fell_back = self.fell_back
        return part

    @property
    def candidates(self) -> tuple[Candidate, ...]:
        """What there is to know of each file before it is read."""
        return tuple(
            Candidate(
                name=source.name,
                size=source.packed_size if source.packing == "plain" else None,
                digest=partial(self.digest, number),
            )
            for number, source in enumerate(self._sources)
        )

    def tallies(self) -> tuple[Tally, ...]:
        """Return what the last pass found in each file that it read to the end."""
        return tuple(self._tallies)

    def digest(self, index: int) -> str:
        """Return the SHA-256 of a file's decompressed bytes, in hexadecimal digits, by a pass of its own.

        Args:
            index: which of ``files``.
        """
        with self._sources[index].open(self._limits) as stream:
            return digest_of(stream)

    def raw_at(self, file_index: int, offsets: Positions, lengths: Positions) -> list[bytes]:
        """Read the raw bytes of records again, in one forward pass over the file.

        Args:
            file_index: which of ``files``.
            offsets: first byte of each record in the decompressed file.
            lengths: bytes of each record.

        Raises:
            TryLater: the file changed since the dataset was opened.
        """
        with self._sources[file_index].open(self._limits) as stream:
            return read_at(stream, offsets, lengths)

    def close(self) -> None:
        """Remove the copies of what could be read only once."""
        self._closing.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _reader(self, stream: HashedStream, file: SourceFile) -> Reader:
        dialect = file.dialect
        stream.pass_over(dialect.start)
        lines = Lines(
            stream,
            encoding=dialect.encoding,
            at=dialect.start,
            line=1 + dialect.preamble + dialect.header,
            name=file.name,
            footer=self._rules.footer,
        )
        return Reader(lines, dialect=dialect, rules=self._rules, name=file.name)


def _opened(source: Source, spec: Extract, limits: Limits) -> SourceFile:
    dialect, header = open_header(source, spec, limits=limits)
    return SourceFile(source.name, source.path, header, dialect, source.packed_size)
