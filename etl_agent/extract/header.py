"""Opening a file: its encoding and dialect, and the names of its columns."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from etl_agent.errors import FileRefused
from etl_agent.extract.detect import MOST_CELLS, Found, Record, detect
from etl_agent.extract.dialect import Dialect, Encoding
from etl_agent.extract.encoding import decide_encoding
from etl_agent.extract.heading import is_data
from etl_agent.extract.lines import Block, Lines
from etl_agent.extract.record import Grammar
from etl_agent.extract.source import Limits, Source
from etl_agent.extract.spec import Extract, fold

__all__ = ["open_header"]


def open_header(source: Source, spec: Extract, *, limits: Limits) -> tuple[Dialect, tuple[str, ...]]:
    """Look at the beginning of a file and return how it is written and the names of its columns.

    Raises:
        FileRefused: it has no header, a header with empty or equal names, or a delimiter that is not the declared one.
    """
    encoding = decide_encoding(source, declared=spec.encoding, limits=limits)
    with source.open(limits) as stream:
        stream.skip(encoding.mark)
        block = Lines(stream, encoding=encoding, at=encoding.mark, line=1, name=source.name).next()
    if block is None:
        return _empty(spec, encoding, source.name)
    found, better = detect(block, spec)
    if better is not None:
        raise FileRefused(
            f"the declared delimiter {spec.delimiter!r} is in none of the first {len(found.records)} records, "
            f"and {better.grammar.delimiter!r} parts each of them into {better.records[-1].width} cells",
            where=source.name,
            next_command=f"delimiter: {better.grammar.delimiter!r}, or delimiter: none for a file of one column",
        )
    if not found.records:
        return _empty(spec, encoding, source.name)
    if not spec.has_header or (spec.header is None and _is_headerless(found)):
        return _headerless(block, found, spec, encoding)
    return _headed(block, found, spec, encoding, name=source.name)


def _empty(spec: Extract, encoding: Encoding, name: str) -> tuple[Dialect, tuple[str, ...]]:
    if spec.names is None or spec.has_header:
        raise FileRefused(
            "the file is empty, so it has no header", where=name, next_command="give names: [...] if that may be"
        )
    quote = None if spec.quoting == "none" else spec.quote or '"'
    delimiter = None if spec.one_column else spec.delimiter or ","
    return Dialect(encoding, delimiter, quote, 0, 0, len(spec.names), encoding.mark), spec.names


def _headerless(block: Block, found: Found, spec: Extract, encoding: Encoding) -> tuple[Dialect, tuple[str, ...]]:
    preamble = 0 if spec.preamble == "auto" else spec.preamble
    width = len(spec.names) if spec.names is not None else _settled_width(found.records)
    names = spec.names or tuple(f"column_{number}" for number in range(1, width + 1))
    return _dialect(found.grammar, spec, encoding, preamble, 0, width, _line_start(block, preamble)), names


def _is_headerless(found: Found) -> bool:
    first, *following = found.records
    return found.header == 0 and is_data(first.cells, [record.cells for record in following], found.grammar)


def _headed(
    block: Block, found: Found, spec: Extract, encoding: Encoding, *, name: str
) -> tuple[Dialect, tuple[str, ...]]:
    record = found.records[found.header]
    where = f"{name}:{record.first + 1}"
    if record.cells is None or (
        block.undecodable is not None and block.undecodable[record.first : record.last + 1].any()
    ):
        raise FileRefused(
            f"the header is malformed, or has more than {MOST_CELLS:,} cells",
            where=where,
            next_command="preamble: N skips N lines before it",
        )
    values = [found.grammar.value(cell) or "" for cell in record.cells]
    if spec.names is None:
        _check_names(values, where=where)
    elif len(spec.names) != len(values):
        raise FileRefused(f"the header has {len(values)} cells, and names has {len(spec.names)}", where=where)
    after = record.last + 1
    dialect = _dialect(
        found.grammar, spec, encoding, record.first, after - record.first, len(values), _line_start(block, after)
    )
    return dialect, spec.names or tuple(values)


def _dialect(
    grammar: Grammar, spec: Extract, encoding: Encoding, preamble: int, header: int, width: int, start: int
) -> Dialect:
    delimiter = None if spec.one_column else grammar.delimiter
    return Dialect(encoding, delimiter, grammar.quote, preamble, header, width, start)


def _settled_width(records: Sequence[Record]) -> int:
    widths = [record.width for record in records if record.width]
    return max(set(widths), key=lambda width: (widths.count(width), width)) if widths else 1


def _line_start(block: Block, line: int) -> int:
    """Return the byte of the file at which a line begins; the end of the block if it has no such line."""
    return block.at + (int(block.raw_starts[line]) if line < len(block) else len(block.raw))


def _check_names(names: Sequence[str], *, where: str) -> None:
    """Refuse a header whose columns cannot be told apart by name."""
    empty = [place for place, name in enumerate(names, 1) if not name.strip()]
    if empty:
        raise FileRefused(
            f"the header has no name for column {_listed(empty)}",
            where=where,
            next_command="preamble: N if the header stands further down, or names: [...] with header: true",
        )
    places: dict[str, list[int]] = defaultdict(list)
    for place, name in enumerate(names, 1):
        places[fold(name)].append(place)
    for same in places.values():
        if len(same) > 1:
            spelled = sorted({names[place - 1] for place in same})
            kind = "the same name" if len(spelled) == 1 else "names that differ only in case or outer blanks"
            raise FileRefused(
                f"columns {_listed(same)} have {kind}: {', '.join(map(repr, spelled))}",
                where=where,
                next_command="names: [...] with header: true",
            )


def _listed(places: Sequence[int]) -> str:
    return ", ".join(map(str, places[:10])) + (", ..." if len(places) > 10 else "")
