"""What to read and how: the ``extract`` part of a pipeline file."""

from __future__ import annotations

import codecs
import re
from collections.abc import Mapping
from typing import Annotated, Literal, Self

from pydantic import Field, field_validator, model_validator

from etl_agent.frozen import Frozen, Names, SomeNames

__all__ = ["AddColumn", "Extract", "fold"]

_ONE_COLUMN = "none"
_NAMED_DELIMITERS: Mapping[str, str] = {"tab": "\t", "comma": ",", "semicolon": ";", "pipe": "|", "space": " "}
_MEBIBYTE = 1 << 20
_GIBIBYTE = 1 << 30


def fold(name: str) -> str:
    """Return what two column names share if a database or a reader may take them for the same."""
    return name.strip().casefold()


class AddColumn(Frozen):
    """A column that the files do not hold: a part of the file's name, or one value for all rows."""

    from_: Literal["file_name"] | None = Field(default=None, alias="from")
    """Where the value comes from: ``file_name`` is the file's name without its folders."""
    pattern: str = "(.+)"
    """A regular expression with one group; what the group matches in the file's name is the value."""
    value: str | None = None
    """The same value for every row, instead of ``from``."""

    @field_validator("pattern")
    @classmethod
    def _has_one_group(cls, pattern: str) -> str:
        try:
            groups = re.compile(pattern).groups
        except re.error as error:
            raise ValueError(f"{pattern!r} is no regular expression: {error}") from error
        if groups != 1:
            raise ValueError(f"{pattern!r} has {groups} groups; put exactly one (...) around the value")
        return pattern

    @model_validator(mode="after")
    def _has_one_origin(self) -> Self:
        if (self.from_ is None) == (self.value is None):
            raise ValueError("give exactly one of from and value")
        return self


class Extract(Frozen):
    """Say which files make up the dataset and how they are written; what is not said is detected in each file.

    Every cell is read as text. An unquoted empty cell is null, a quoted one is the empty string. A line that is
    empty is a blank line: it is counted and is no row. Columns are matched between files by name.
    """

    files: SomeNames
    """A path, a glob, a folder (its .csv files), a list of these, or ``-`` for the standard input; relative to the
    project folder. ``{date}``, ``{date:%Y%m%d}`` and ``{name}`` of ``--var name=value`` are filled in. Files ending
    in .gz, .zst, .zip, .bz2 and .xz are unpacked while reading; each file in a .zip is a file of the dataset."""
    encoding: str | None = None
    """The name of the text encoding, for example ``utf-8``, ``utf-16``, ``latin-1`` or ``cp1252``; detected if left
    out. A line that is not valid in it is quarantined; a file that is not valid in it throughout is refused."""
    delimiter: str | None = None
    """The one character between cells, or ``tab``, ``comma``, ``semicolon``, ``pipe``, ``space``; with a blank behind
    it (``", "``) if a blank that follows it is no part of the next cell; ``none`` for files of one column; detected
    if left out."""
    quote: str | None = None
    """The one character around quoted cells; ``"`` or ``'`` is detected if left out."""
    quoting: Literal["rfc", "none"] = "rfc"
    """``rfc``: cells may be quoted, and a quote within is doubled (RFC 4180). ``none``: quotes are text like any other,
    so no cell can hold a delimiter or a line end, and every empty cell is null."""
    header: bool | None = None
    """Whether the first line after the preamble names the columns; by default yes, unless ``names`` are given or that
    line is plainly a row: dates, times, fractions or addresses above others of their kind, and no text above numbers.
    With both, ``names`` replace what the header says. With neither, columns are named column_1, column_2, ..."""
    names: tuple[str, ...] | None = None
    """The names of the columns, in the order of the file, for files without a header."""
    preamble: Literal["auto"] | Annotated[int, Field(ge=0)] = "auto"
    """Lines to leave out before the header: a count of physical lines, or ``auto``: the lines before the first one that
    has as many cells as the table (and more than one of them filled), where that line can be a header (no cell empty,
    twice, or a number)."""
    footer: Annotated[int, Field(ge=0, le=1000)] = 0
    """Lines that are not blank to leave out at the end of each file."""
    comment: str | None = None
    """Lines that begin with this text are left out, except within a quoted cell."""
    blank_lines: Literal["skip", "null"] = "skip"
    """What a blank line after the header is in a file of one column: nothing, or a row whose cell is null. In wider
    files it is always nothing."""
    add: dict[str, AddColumn] = Field(default_factory=dict)
    """Columns to add to the right, by name."""
    fallback: Names = ()
    """What to read instead of ``files`` where none of them is there, written as ``files`` are. The run says so."""
    on_empty: Literal["accept", "refuse", "fallback"] = "accept"
    """What becomes of a file with a header and no rows. With ``fallback``, the key ``fallback`` is read instead where
    all files together hold no row. A file without a single line is refused, unless ``names`` are given."""
    max_cell_bytes: Annotated[int, Field(ge=1, le=8 * _MEBIBYTE)] = _MEBIBYTE
    """The most bytes (as UTF-8) that a cell may have, and that a quoted cell may span; a row with a longer one is
    quarantined."""
    max_decompressed_bytes: Annotated[int, Field(ge=1)] = 100 * _GIBIBYTE
    """The most bytes that a compressed file may unpack to; a larger one is refused."""
    max_ratio: Annotated[float, Field(gt=1)] = 250.0
    """How many times its compressed size a file may unpack to, once it has passed 64 MiB; beyond it is refused."""

    @field_validator("encoding")
    @classmethod
    def _is_text_encoding(cls, name: str | None) -> str | None:
        if name is None:
            return None
        try:
            wide = codecs.lookup(name).name.startswith(("utf-16", "utf-32"))
            if wide or '\r\n,;"'.encode(name) in (b'\r\n,;"', b'\xef\xbb\xbf\r\n,;"'):
                return name
        except (LookupError, UnicodeError):
            pass
        raise ValueError(f"{name!r} is no encoding for text files; for example utf-8, utf-16, latin-1, cp1252")

    @field_validator("delimiter")
    @classmethod
    def _is_delimiter(cls, value: str | None) -> str | None:
        if value is None or value == _ONE_COLUMN:
            return value
        value = _NAMED_DELIMITERS.get(value, value)
        return _single(value[:1]) + value[1:] if value[1:] == " " and value[0] != " " else _single(value)

    @field_validator("quote")
    @classmethod
    def _is_quote(cls, value: str | None) -> str | None:
        return None if value is None else _single(value)

    @field_validator("comment")
    @classmethod
    def _is_prefix(cls, value: str | None) -> str | None:
        if value is not None and (not value or "\n" in value or "\r" in value):
            raise ValueError("a comment prefix has at least one character and no line end")
        return value

    @field_validator("names")
    @classmethod
    def _are_distinct(cls, names: tuple[str, ...] | None) -> tuple[str, ...] | None:
        if names is None:
            return None
        if not names or not all(fold(name) for name in names):
            raise ValueError("name at least one column, and none with an empty name")
        if len({fold(name) for name in names}) < len(names):
            raise ValueError("two columns have the same name (case and outer blanks aside)")
        return names

    @model_validator(mode="after")
    def _quote_fits(self) -> Self:
        if self.quote is not None and self.delimiter is not None and self.quote == self.delimiter[0]:
            raise ValueError("quote and delimiter are the same character")
        if self.quote is not None and self.quoting == "none":
            raise ValueError("quoting none has no quote")
        return self

    @model_validator(mode="after")
    def _has_what_it_falls_back_to(self) -> Self:
        if self.on_empty == "fallback" and not self.fallback:
            raise ValueError("on_empty fallback needs fallback: FILES")
        return self

    @property
    def has_header(self) -> bool:
        """Whether a line of each file names its columns."""
        return self.names is None if self.header is None else self.header

    @property
    def one_column(self) -> bool:
        """Whether the files are declared to have one column and so no delimiter."""
        return self.delimiter == _ONE_COLUMN


def _single(value: str) -> str:
    if len(value) != 1 or not value.isascii() or value in "\r\n\0":
        raise ValueError(f"{value!r} is not one ASCII character that is no line end")
    return value
