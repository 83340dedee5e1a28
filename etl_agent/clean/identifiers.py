"""Identifiers: padded ids, e-mail addresses, phone numbers and postal codes, always kept as text."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pydantic import AfterValidator, Field

from etl_agent.batch import as_mask
from etl_agent.clean.columns import added
from etl_agent.clean.kernels import bytes_of, each, holders, is_ascii, is_plain, patched, per_value
from etl_agent.clean.postal import LAYOUTS, country
from etl_agent.clean.step import Change, Columns, RowStep, chosen, replaced
from etl_agent.frozen import Name

__all__ = ["Email", "IsEmail", "Pad", "Phone", "PostalCode"]


class _Identifiers(RowStep):
    """The part that the identifier steps share."""

    change: ClassVar[Change] = "format"

    columns: Columns
    """The columns to work on."""

    def reads(self, names: Sequence[str]) -> tuple[str, ...]:
        """Name the chosen columns."""
        return chosen(self.columns, names)


class Pad(_Identifiers):
    """Fill short identifiers up to a width; longer ones, empty ones and null stay.

    | with | before | after |
    |---|---|---|
    | {"columns": ["x"], "width": 5} | ["123", "123456", "12x", "", null] | ["00123", "123456", "12x", "", null] |
    | {"columns": ["x"], "width": 3, "fill": " ", "side": "right", "only": "any"} | ["ab", "abcd"] | ["ab ", "abcd"] |
    """

    step: Literal["pad"] = "pad"
    change: ClassVar[Change] = "value"

    width: int = Field(ge=1, le=1000)
    """The least number of characters."""
    fill: Annotated[str, Field(min_length=1, max_length=1)] = "0"
    """The character to fill with."""
    side: Literal["left", "right"] = "left"
    """Where to fill."""
    only: Literal["digits", "any"] = "digits"
    """Which cells: those of the digits 0 to 9 alone, or any that is not empty."""

    def apply(self, data: pa.RecordBatch) -> pa.RecordBatch:
        """Fill the cells that are short."""
        return each(data, self.reads(data.schema.names), self._padded)

    def _padded(self, column: pa.StringArray) -> pa.StringArray:
        digits = self.only == "digits"
        length = pc.binary_length(column) if digits else pc.utf8_length(column)
        short = pc.and_(pc.less(length, self.width), pc.greater(length, 0))
        rows = as_mask(pc.and_(short, pc.ascii_is_decimal(column)) if digits else short)
        kernel = pc.utf8_lpad if self.side == "left" else pc.utf8_rpad
        return patched(column, rows, lambda cells: kernel(cells, self.width, self.fill))


_ATOM, _LABEL = r"[{0}!#$%&'*+/=?^_`{{|}}~-]+", r"[{0}](?:[{0}-]*[{0}])?\."
_ADDRESS = rf"(?:{_ATOM}(?:\.{_ATOM})*)@(?:(?:{_LABEL})+(?:[{{1}}]{{{{2,}}}}|(?i:xn--)[0-9A-Za-z-]+))"
_ASCII_ADDRESS = _ADDRESS.format("0-9A-Za-z", "A-Za-z")
_ANY_ADDRESS = _ADDRESS.format(r"\pL\pM\pN", r"\pL\pM")
_LONGEST_ADDRESS = 254


def _address(column: pa.StringArray) -> str:
    """Return the pattern of an address: the plain one where it is enough, for it is faster."""
    return f"^{_ASCII_ADDRESS if is_ascii(column) else _ANY_ADDRESS}$"


class Email(_Identifiers):
    """Write e-mail addresses in one form: no blanks around, no ``mailto:``, the domain in small letters.

    A cell that is no address (as ``is_email`` judges) afterwards stays as it is.

    | with | before | after |
    |---|---|---|
    | {"columns": ["x"]} | [" Ann@X.ORG ", "MAILTO:b@x.de", "<c@x.de>"] | ["Ann@x.org", "b@x.de", "c@x.de"] |
    | {"columns": ["x"]} | ["Ann@@X.de", "Ann", "", null] | ["Ann@@X.de", "Ann", "", null] |
    | {"columns": ["x"], "local": "lower"} | ["Ann@x.de"] | ["ann@x.de"] |
    """

    step: Literal["email"] = "email"
    local: Literal["keep", "lower"] = "keep"
    """The part before the ``@``: kept, since a server may tell case apart there (RFC 5321), or in small letters."""

    def apply(self, data: pa.RecordBatch) -> pa.RecordBatch:
        """Rewrite the cells that hold a capital, a blank, a bracket, a colon or a character beyond ASCII."""
        return each(data, self.reads(data.schema.names), self._written)

    def _written(self, column: pa.StringArray) -> pa.StringArray:
        rows = as_mask(pc.not_equal(pc.ascii_lower(column), column))
        data = bytes_of(column)
        odd = (data - np.uint8(0x3A)) <= 2  # a colon, a semicolon, a bracket
        if not is_plain(column, least=0x21):
            odd |= (data <= 0x20) | (data >= 0x7F)
        return patched(column, rows | holders(column, np.flatnonzero(odd)), self._rewritten)

    def _rewritten(self, cells: pa.StringArray) -> pa.StringArray:
        wrapped = as_mask(pc.match_substring_regex(cells, r"^[\s\pZ<]|[\s\pZ>]$|^(?i:mailto:)"))
        bare = patched(cells, wrapped, _unwrapped)
        right = pc.match_substring_regex(bare, _address(bare))
        lowered = pc.utf8_lower(bare) if self.local == "lower" else patched(bare, as_mask(right), _lower_domain)
        return pc.if_else(right, lowered, cells)


def _unwrapped(cells: pa.StringArray) -> pa.StringArray:
    bare = pc.replace_substring_regex(pc.utf8_trim_whitespace(cells), r"^(?i:mailto:)", "")
    return pc.replace_substring_regex(bare, r"^<([^<>]*)>$", r"\1")


def _lower_domain(addresses: pa.StringArray) -> pa.StringArray:
    """Write what follows the one ``@`` of each address in small letters."""
    parts = pc.split_pattern(addresses, "@").flatten()
    local, domain = (parts.take(pa.array(np.arange(side, len(parts), 2))) for side in (0, 1))
    return pc.binary_join_element_wise(local, pc.utf8_lower(domain), "@")


class IsEmail(RowStep):
    """Say in a new column whether each cell is an e-mail address; null where the cell is null.

    An address is a dot-atom, ``@`` and a domain of two labels or more, at most 254 bytes in all; letters of any
    script count. Nobody is asked whether it exists.

    Source: RFC 5322 section 3.4.1, RFC 5321 section 4.5.3.1, RFC 6531.

    | with | before | after |
    |---|---|---|
    | {"column": "x", "into": "y"} | ["a@x.de", "a@x"] | {"x": ["a@x.de", "a@x"], "y": ["true", "false"]} |
    """

    step: Literal["is_email"] = "is_email"
    column: Name
    """The column to judge."""
    into: Name
    """The name of the new column."""

    change: ClassVar[Change] = "columns"

    def reads(self, names: Sequence[str]) -> tuple[str, ...]:  # noqa: ARG002  the column is declared
        """Name the column to judge."""
        return (self.column,)

    def writes(self, names: Sequence[str]) -> tuple[str, ...]:  # noqa: ARG002  the column is declared
        """Name the new column."""
        return (self.into,)

    def names_after(self, names: Sequence[str]) -> tuple[str, ...]:
        """Add the new column at the end."""
        return added(names, (self.into,), step=self.step)

    def apply(self, data: pa.RecordBatch) -> pa.RecordBatch:
        """Match each cell against the pattern of an address."""
        self.names_after(data.schema.names)
        column = data.column(self.column)
        right = pc.match_substring_regex(column, _address(column))
        short = pc.less_equal(pc.binary_length(column), _LONGEST_ADDRESS)
        return replaced(data, self.into, pc.if_else(pc.and_(right, short), "true", "false"))


def _region(code: str) -> str:
    import phonenumbers

    if code not in phonenumbers.SUPPORTED_REGIONS:
        raise ValueError(f"{code!r} is no region: give the two capitals of ISO 3166, for example DE, GB or US")
    return code


_PHONE = r"^[+＋]?[\p{Nd}\s\x{a0}()./\p{Pd}]+$"


class Phone(_Identifiers):
    """Write phone numbers in one form, only where the number is valid in the numbering plan of its country.

    A cell with letters, an extension, or more than one number stays as it is.

    Source: Google's libphonenumber, https://github.com/google/libphonenumber; ITU-T E.164.

    | with | before | after |
    |---|---|---|
    | {"columns": ["x"], "region": "DE"} | ["(030) 901820", "+1 212-555-0123"] | ["+4930901820", "+12125550123"] |
    | {"columns": ["x"], "region": "DE"} | ["12", "030 901820 or 030 901821", "", null] | ["12", "030 901820 or 030 901821", "", null] |
    | {"columns": ["x"], "region": "US", "form": "national"} | ["+12125550123"] | ["(212) 555-0123"] |
    """  # noqa: E501  an example stands on one line

    step: Literal["phone"] = "phone"
    region: Annotated[str, AfterValidator(_region)]
    """The country of numbers that begin without ``+``: two capitals of ISO 3166."""
    form: Literal["e164", "international", "national"] = "e164"
    """``e164``: +4930901820. ``international``: +49 30 901820. ``national``: 030 901820."""

    def apply(self, data: pa.RecordBatch) -> pa.RecordBatch:
        """Ask libphonenumber about each distinct cell that is not yet in E.164 form."""
        return each(data, self.reads(data.schema.names), self._written)

    def _written(self, column: pa.StringArray) -> pa.StringArray:
        open_ = as_mask(pc.match_substring_regex(column, _PHONE))
        if self.form == "e164":
            open_ &= ~as_mask(pc.match_substring_regex(column, r"^\+[1-9][0-9]{6,14}$"))
        return patched(
            column, open_, lambda cells: per_value(cells, lambda cell: _phone(cell, region=self.region, form=self.form))
        )


@lru_cache(maxsize=1 << 16)
def _phone(cell: str, *, region: str, form: str) -> str:
    import phonenumbers

    try:
        number = phonenumbers.parse(cell, region)
    except phonenumbers.NumberParseException:
        return cell
    if number.extension or not phonenumbers.is_valid_number(number):
        return cell
    forms: dict[str, Any] = {
        "e164": phonenumbers.PhoneNumberFormat.E164,
        "international": phonenumbers.PhoneNumberFormat.INTERNATIONAL,
        "national": phonenumbers.PhoneNumberFormat.NATIONAL,
    }
    return str(phonenumbers.format_number(number, forms[form]))


class PostalCode(_Identifiers):
    """Write postal codes as their country does: capitals, blanks and hyphens in their places.

    No digit is made up: a code that lost its leading zero stays as it is (see ``pad``).

    | with | before | after |
    |---|---|---|
    | {"columns": ["x"], "country": "GB"} | ["sw1a1aa", " M1  1AE", "London", "", null] | ["SW1A 1AA", "M1 1AE", "London", "", null] |
    | {"columns": ["x"], "country": "US"} | ["123456789", "02134", "2134"] | ["12345-6789", "02134", "2134"] |
    | {"columns": ["x"], "country": "DE"} | ["D-10115", "10 115"] | ["10115", "10115"] |
    """  # noqa: E501  an example stands on one line

    step: Literal["postal_code"] = "postal_code"
    country: Annotated[str, AfterValidator(country)]
    """The country: two capitals of ISO 3166."""

    def apply(self, data: pa.RecordBatch) -> pa.RecordBatch:
        """Rewrite the cells that are not yet written as the country does."""
        return each(data, self.reads(data.schema.names), self._written)

    def _written(self, column: pa.StringArray) -> pa.StringArray:
        layouts = LAYOUTS[self.country]
        done = pc.match_substring_regex(column, f"^(?:{'|'.join(layout.written for layout in layouts)})$")
        return patched(column, ~as_mask(pc.fill_null(done, fill_value=True)), self._rewritten)

    def _rewritten(self, cells: pa.StringArray) -> pa.StringArray:
        compact = pc.replace_substring_regex(pc.utf8_upper(cells), r"[\s\pZ\p{Pd}]+", "")
        for layout in LAYOUTS[self.country]:
            fits = pc.match_substring_regex(compact, layout.compact)
            cells = pc.if_else(fits, pc.replace_substring_regex(compact, layout.compact, layout.put), cells)
        return cells
