"""Files of a pipeline that no run has loaded, searched for a record by the texts of its cells as they stand."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from typing import TYPE_CHECKING

from etl_agent.errors import EtlAgentError
from etl_agent.run.concealing import STARS
from etl_agent.run.reading import open_files
from etl_agent.run.spool import raw_text
from etl_agent.run.why.account import Account
from etl_agent.run.why.life import Place
from etl_agent.run.why.searches import WithText

if TYPE_CHECKING:
    from etl_agent.extract.dataset import Dataset
    from etl_agent.orchestrate.sequential import PipelineSpec
    from etl_agent.run.why.archive import Archive

__all__ = ["unread"]


def unread(archive: Archive, table: str, texts: Mapping[str, str], *, most: int) -> Iterator[Account]:
    """Find records in files that the pipelines of a table would read and that no run loaded, not even one undone since.

    Args:
        archive: where answers are looked up.
        table: the table.
        texts: the texts of the cells, by column.
        most: records to find.
    """
    import sqlalchemy as sa

    for spec in archive.specs:
        if spec.load.table != table:
            continue
        files = archive.tables.files.c
        read = sa.select(files.sha256).where(files.table_name == table)
        known = {str(digest) for (digest,) in archive.connection.execute(read)}
        try:
            with open_files(spec.extract, project=archive.project, as_of=date.today()) as (dataset, _):
                new = [at for at, each in enumerate(dataset.candidates) if each.digest() not in known]
                if new:
                    yield from _found(dataset.only(new), spec, texts, most=most)
        except EtlAgentError:  # no file, or none that can be read: the next run will say so
            continue


def _found(dataset: Dataset, spec: PipelineSpec, texts: Mapping[str, str], *, most: int) -> Iterator[Account]:
    search = WithText(texts, None)
    encodings = {file.name: file.dialect.encoding.name for file in dataset.files}
    contract = spec.validation.contract
    hides = isinstance(contract, str) or any(column.sensitive for column in (contract or {}).values())
    for batch in dataset.batches(digest=False):
        for row in search.among(batch).tolist():
            origin = batch.kept.origin.keep(batch.kept.origin.row == row)
            place = Place(origin.files[int(origin.file[0])], int(origin.line[0]))
            raw = STARS if hides else raw_text(origin.raw_lines()[0], encoding=encodings[place.file])
            yield Account(outcome="never loaded", said="no run read this file", place=place, raw=raw)
            most -= 1
            if not most:
                return
