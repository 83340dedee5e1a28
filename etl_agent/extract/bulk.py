"""Parsing of proper records at Arrow's speed."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv as pa_csv

from etl_agent.extract.record import Grammar

__all__ = ["Bulk"]

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


class Bulk:
    """Parse UTF-8 records that are known to be whole into text columns.

    Args:
        grammar: the delimiter and the quote.
        width: cells of a record.
        blank_is_null: whether an empty line is a record, in a table of one column.
    """

    def __init__(self, grammar: Grammar, *, width: int, blank_is_null: bool) -> None:
        self._grammar = grammar
        self._names = [str(place) for place in range(width)]
        self._options = {
            "delimiter": grammar.part,
            "quote_char": False if grammar.quote is None else grammar.quote,
            "newlines_in_values": True,
            "ignore_empty_lines": not blank_is_null,
        }
        self._convert = pa_csv.ConvertOptions(
            column_types=dict.fromkeys(self._names, pa.string()),
            null_values=[""],
            strings_can_be_null=True,
            quoted_strings_can_be_null=False,
            check_utf8=False,  # the lines were decoded before
        )

    def parse(self, text: bytes) -> tuple[list[pa.Array], dict[int, int]]:
        """Parse whole records.

        Returns:
            The columns, and for each record of another width its number (from 0) and how many cells it has; those
            records are not in the columns.
        """
        if self._grammar.spaced:
            text = _without_blanks(text, self._grammar)
        wrong: dict[int, int] = {}

        def skip(row: Any) -> str:
            wrong[row.number - 1] = row.actual_columns
            return "skip"

        if text.startswith(_BYTE_ORDER_MARK):
            text = _BYTE_ORDER_MARK + text  # Arrow takes one away, and here it is the text of a cell
        table = pa_csv.read_csv(
            pa.BufferReader(text),
            # One thread, because only then are records numbered; several were no faster on a block of 1 MiB.
            read_options=pa_csv.ReadOptions(column_names=self._names, block_size=len(text) + 1, use_threads=False),
            parse_options=pa_csv.ParseOptions(invalid_row_handler=skip, **self._options),
            convert_options=self._convert,
        )
        return [_whole(column) for column in table.columns], wrong


def _without_blanks(text: bytes, grammar: Grammar) -> bytes:
    """Leave out one blank after each delimiter; one within quotes has an odd number of quotes before it."""
    characters = np.frombuffer(text, np.uint8)
    blank = np.zeros(len(characters), bool)
    blank[1:] = (characters[1:] == ord(" ")) & (characters[:-1] == ord(grammar.part))
    if grammar.quote is not None:
        quotes = np.flatnonzero(characters == ord(grammar.quote))
        places = np.flatnonzero(blank)
        blank[places] = np.searchsorted(quotes, places) % 2 == 0
    return characters[~blank].tobytes()


def _whole(column: pa.ChunkedArray) -> pa.Array:
    return column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()
