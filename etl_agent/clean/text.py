"""Text: blanks, case, Unicode forms, invisible characters, mis-decoded text and parts of it replaced."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import ClassVar, Literal, Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pydantic import Field, model_validator

from etl_agent.batch import as_mask
from etl_agent.clean.kernels import bytes_of, each, holders, is_ascii, is_plain, patched, per_value, upper
from etl_agent.clean.step import Change, Columns, RowStep, chosen

__all__ = ["Case", "CollapseBlanks", "Invisible", "Mojibake", "ReplaceText", "Strip", "Unicode"]

_BLANK = 0x20
_DELETE = 0x7F


class _Text(RowStep):
    """The part that the text steps share: they work on chosen columns and on nothing else."""

    change: ClassVar[Change] = "format"

    columns: Columns = "all"
    """The columns to work on."""

    def reads(self, names: Sequence[str]) -> tuple[str, ...]:
        """Name the chosen columns."""
        return chosen(self.columns, names)


class Strip(_Text):
    """Remove blanks at both ends of a cell; a cell of blanks alone becomes the empty string.

    | with | before | after |
    |---|---|---|
    | {"columns": ["x"]} | [" Ann ", "\\u00a0Bob", "", null] | ["Ann", "Bob", "", null] |
    """

    step: Literal["strip"] = "strip"

    def apply(self, data: pa.RecordBatch) -> pa.RecordBatch:
        """Strip each chosen column that holds a blank or a character beyond ASCII."""
        return each(data, self.reads(data.schema.names), _stripped)


def _stripped(column: pa.StringArray) -> pa.StringArray:
    if is_plain(column, least=_BLANK + 1):
        return column
    return pc.utf8_trim_whitespace(column)


class CollapseBlanks(_Text):
    """Turn each run of blanks, tabs and line ends in a cell into one plain blank.

    | with | before | after |
    |---|---|---|
    | {"columns": ["x"]} | ["a  b", "a\\n\\tb", "a\\u00a0b", " ", "", null] | ["a b", "a b", "a b", " ", "", null] |
    """

    step: Literal["collapse_blanks"] = "collapse_blanks"

    def apply(self, data: pa.RecordBatch) -> pa.RecordBatch:
        """Rewrite the cells that hold two blanks in a row or a blank that is not U+0020."""
        return each(data, self.reads(data.schema.names), _collapsed)


def _collapsed(column: pa.StringArray) -> pa.StringArray:
    data = bytes_of(column)
    plain = data == _BLANK
    odd = np.zeros(data.size, dtype=bool) if is_plain(column, least=_BLANK) else (data < _BLANK) | (data > _DELETE)
    odd[1:] |= plain[1:] & plain[:-1]
    return patched(
        column,
        holders(column, np.flatnonzero(odd)),
        lambda cells: pc.replace_substring_regex(cells, r"[\s\v\x{85}\pZ]+", " "),
    )


class Case(_Text):
    """Write letters in one case; letters whose other case is more than one letter stay as they are.

    | with | before | after |
    |---|---|---|
    | {"columns": ["x"], "to": "lower"} | ["PAID", "Été", "", null] | ["paid", "été", "", null] |
    | {"columns": ["x"], "to": "upper"} | ["de", "Gb"] | ["DE", "GB"] |
    | {"columns": ["x"], "to": "title"} | ["ann o'neil", "DON'T"] | ["Ann O'Neil", "Don't"] |
    """

    step: Literal["case"] = "case"
    columns: Columns
    """The columns to work on."""
    to: Literal["lower", "upper", "title"]
    """The case: ``title`` begins each word with a capital and writes the rest small."""

    def apply(self, data: pa.RecordBatch) -> pa.RecordBatch:
        """Convert each chosen column with one kernel call, the ASCII one where that is enough."""
        return each(data, self.reads(data.schema.names), self._cased)

    def _cased(self, column: pa.StringArray) -> pa.StringArray:
        ascii_only = is_ascii(column)
        if self.to == "lower":
            return pc.ascii_lower(column) if ascii_only else pc.utf8_lower(column)
        if self.to == "upper":
            return pc.ascii_upper(column) if ascii_only else upper(column)
        titled = pc.utf8_title(column)
        return patched(titled, as_mask(pc.match_substring_regex(titled, "['’]")), _contracted)


_CONTRACTION = re.compile(r"(?<=\w)(['’])([A-Z]|Ll|Re|Ve)\b")


def _contracted(titled: pa.StringArray) -> pa.StringArray:
    """Write what follows an apostrophe small where it is the rest of a contraction: Don't, not Don'T."""
    return per_value(titled, lambda cell: _CONTRACTION.sub(lambda match: match[0].lower(), cell))


class Unicode(_Text):
    """Write characters in one Unicode normal form, so that equal text has equal bytes.

    Source: Unicode Standard Annex 15, https://unicode.org/reports/tr15/.

    | with | before | after |
    |---|---|---|
    | {"columns": ["x"]} | ["e\\u0301", "\\ufb01x", "", null] | ["\\u00e9", "\\ufb01x", "", null] |
    | {"columns": ["x"], "form": "NFKC"} | ["\\ufb01x", "\\uff11"] | ["fix", "1"] |
    """

    step: Literal["unicode"] = "unicode"
    form: Literal["NFC", "NFD", "NFKC", "NFKD"] = "NFC"
    """The normal form. The two with a K also replace look-alikes (ligatures, full-width letters, superscripts), which
    can change what is meant: 10² becomes 102."""

    def apply(self, data: pa.RecordBatch) -> pa.RecordBatch:
        """Normalise the cells that are not ASCII."""
        return each(data, self.reads(data.schema.names), self._normal)

    def _normal(self, column: pa.StringArray) -> pa.StringArray:
        return _beyond_ascii(column, lambda cells: pc.utf8_normalize(cells, self.form))


def _beyond_ascii(column: pa.StringArray, change: Callable[[pa.StringArray], pa.StringArray]) -> pa.StringArray:
    """Change only the cells that hold a character beyond ASCII."""
    if is_ascii(column):
        return column
    return patched(column, holders(column, np.flatnonzero(bytes_of(column) > _DELETE)), change)


_UNSEEN = (
    r"[\x{0}-\x{8}\x{e}-\x{1f}\x{7f}-\x{84}\x{86}-\x{9f}\x{ad}\x{200b}\x{200e}\x{200f}\x{202a}-\x{202e}"
    r"\x{2060}-\x{2064}\x{2066}-\x{206f}\x{feff}\x{fff9}-\x{fffb}]+"
)
_STRAY_JOINER = r"(^|[\x{0}-\x{58f}])[\x{200c}\x{200d}]+"


class Invisible(_Text):
    """Remove characters that nobody sees: zero-width blanks, byte order marks, soft hyphens, direction marks, controls.

    Joiners stay where they do a job: in emoji and after letters of Arabic, Indic and other scripts.

    | with | before | after |
    |---|---|---|
    | {"columns": ["x"]} | ["\\ufeffAnn", "a\\u200bb", "", null] | ["Ann", "ab", "", null] |
    | {"columns": ["x"]} | ["a\\nb", "a\\u0000", "co\\u00adop"] | ["a\\nb", "a", "coop"] |
    | {"columns": ["x"]} | ["👩\\u200d💻", "a\\u200db"] | ["👩\\u200d💻", "ab"] |
    | {"columns": ["x"], "line_ends": "blank"} | ["a\\r\\nb", "a\\tb"] | ["a b", "a b"] |
    """

    step: Literal["invisible"] = "invisible"
    line_ends: Literal["keep", "blank"] = "keep"
    """What becomes of line ends and tabs: ``keep`` leaves them, ``blank`` turns each run of them into one blank."""

    def apply(self, data: pa.RecordBatch) -> pa.RecordBatch:
        """Rewrite the cells that hold a control character or one beyond ASCII."""
        return each(data, self.reads(data.schema.names), self._seen)

    def _seen(self, column: pa.StringArray) -> pa.StringArray:
        if is_plain(column, least=_BLANK):
            return column
        data = bytes_of(column)
        odd = (data < _BLANK) | (data >= _DELETE)
        if self.line_ends == "keep":
            odd &= (data != 0x0A) & (data != 0x0D) & (data != 0x09)
        return patched(column, holders(column, np.flatnonzero(odd)), self._clear)

    def _clear(self, cells: pa.StringArray) -> pa.StringArray:
        cells = pc.replace_substring_regex(cells, _UNSEEN, "")
        cells = pc.replace_substring_regex(cells, _STRAY_JOINER, r"\1")
        if self.line_ends == "blank":
            cells = pc.replace_substring_regex(cells, r"[\t\n\v\f\r\x{85}\x{2028}\x{2029}]+", " ")
        return cells


_SUSPECT = r"[\x{80}-\x{58f}\x{2010}-\x{26ff}\x{f8ff}\x{fb01}\x{fb02}]{2}"
"""Two neighbours as they stand in every piece of UTF-8 that was read as a single-byte encoding."""

_LOST = "\ufffd"  # stands where a decoder met bytes that it could not read


class Mojibake(_Text):
    """Repair text whose UTF-8 was read as another encoding, only where the whole cell proves it.

    The proof: written back in that encoding, every byte of the cell is valid UTF-8. Anything less stays, and so does
    a cell whose UTF-8 says only that a character was lost before (U+FFFD).

    | with | before | after |
    |---|---|---|
    | {"columns": ["x"]} | ["sch\\u00c3\\u00b6n", "schön", "Ã", "", null] | ["schön", "schön", "Ã", "", null] |
    | {"columns": ["x"]} | ["a \\u00ef\\u00bf\\u00bd b"] | ["a \\u00ef\\u00bf\\u00bd b"] |
    """

    step: Literal["mojibake"] = "mojibake"
    change: ClassVar[Change] = "value"
    version: ClassVar[int] = 2

    def apply(self, data: pa.RecordBatch) -> pa.RecordBatch:
        """Ask ftfy about each distinct cell that could be mis-decoded."""
        return each(data, self.reads(data.schema.names), lambda column: _beyond_ascii(column, _decoded))


def _decoded(cells: pa.StringArray) -> pa.StringArray:
    return patched(cells, as_mask(pc.match_substring_regex(cells, _SUSPECT)), lambda few: per_value(few, _repaired))


def _repaired(cell: str) -> str:
    import ftfy

    text, steps = ftfy.fix_encoding_and_explain(
        cell,
        restore_byte_a0=False,
        replace_lossy_sequences=False,
        decode_inconsistent_utf8=False,
        fix_c1_controls=False,
    )
    proven = all(step.action == "encode" or step.parameter == "utf-8" for step in steps or ())
    return text if proven and _LOST not in text else cell


class ReplaceText(_Text):
    """Replace every occurrence of a piece of text, or of what a pattern finds.

    | with | before | after |
    |---|---|---|
    | {"columns": ["x"], "find": "&amp;", "put": "&"} | ["a &amp; b", "", null] | ["a & b", "", null] |
    | {"columns": ["x"], "find": "^0+(.)", "put": "\\\\1", "regex": true} | ["007", "0", "x07"] | ["7", "0", "x07"] |
    """

    step: Literal["replace_text"] = "replace_text"
    change: ClassVar[Change] = "value"

    columns: Columns
    """The columns to work on."""
    find: str = Field(min_length=1)
    """What to look for."""
    put: str
    """What to put there; in a pattern's replacement ``\\1`` is its first group and ``\\\\`` a backslash."""
    regex: bool = False
    """Whether ``find`` is a pattern in RE2's syntax rather than literal text."""

    @model_validator(mode="after")
    def _both_work(self) -> Self:
        if self.regex:
            try:
                pc.replace_substring_regex(pa.nulls(1, pa.string()), self.find, self.put)
            except pa.ArrowInvalid as error:
                raise ValueError(f"{error}; patterns are RE2's: no lookaround, no back-references") from None
        return self

    def apply(self, data: pa.RecordBatch) -> pa.RecordBatch:
        """Rewrite the cells where something is found."""
        return each(data, self.reads(data.schema.names), self._replaced)

    def _replaced(self, column: pa.StringArray) -> pa.StringArray:
        match, replace = pc.match_substring, pc.replace_substring
        if self.regex:
            match, replace = pc.match_substring_regex, pc.replace_substring_regex
        found = as_mask(match(column, self.find))
        return patched(column, found, lambda cells: replace(cells, self.find, self.put))
