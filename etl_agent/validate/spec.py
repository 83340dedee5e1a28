"""The ``validate`` section of a pipeline file: the contract, its drift policy and the budget of rejected rows."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from datetime import date, time
from decimal import Decimal
from typing import Annotated, Literal, Self
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.compute as pc
from pydantic import BeforeValidator, Discriminator, Field, Tag, WithJsonSchema, field_validator, model_validator

from etl_agent.errors import ConfigurationError
from etl_agent.frozen import Frozen
from etl_agent.shape import ColumnType, parse_type
from etl_agent.validate.casts import Cast, cast
from etl_agent.validate.formats import Format

__all__ = ["Bound", "ColumnContract", "Compare", "Drift", "DriftMode", "Operator", "Validate"]

DriftMode = Literal["evolve", "freeze", "quarantine", "discard_value"]
Operator = Literal["gt", "ge", "lt", "le", "eq", "ne"]

_REFERENCE = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*:[A-Za-z_]\w*")


def _as_text(value: object) -> object:
    """Write what YAML made of a bound as it stood there, so that it is read by the column's type alone."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return format(Decimal(repr(value)), "f") if math.isfinite(value) else str(value)
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, int):
        return str(value)
    if isinstance(value, date | time):  # a datetime is a date too
        return value.isoformat()
    return value


Bound = Annotated[str, BeforeValidator(_as_text), WithJsonSchema({"type": ["string", "number", "boolean"]})]
"""A value of the column's type as text; numbers and dates may be written as such."""


class Drift(Frozen):
    """What happens when a dataset no longer fits its contract."""

    columns: DriftMode = "freeze"
    """A column that the contract does not know. freeze: nothing is loaded. evolve: it is added as text.
    quarantine: rows with a value in it are quarantined. discard_value: it is dropped, and counted as a change."""
    types: DriftMode = "quarantine"
    """A value that does not fit its type. quarantine: its row is quarantined. freeze: nothing is loaded. evolve:
    the column gets the narrowest type that holds all values. discard_value: it becomes null, counted as a change."""


class ColumnContract(Frozen):
    """What a column promises."""

    type: str = "text"
    """text, integer (64 bits), decimal(precision,scale), float, boolean, date, time or timestamp."""
    required: bool = True
    """Whether the files must bring the column (or the steps must make it); a column that may be missing is
    filled with nulls, so it must be nullable."""
    nullable: bool = False
    """Whether a cell may be null."""
    unique: bool = False
    """Whether a value may stand in one row of the dataset only."""
    min: Bound | None = None
    """The least value that is good."""
    max: Bound | None = None
    """The greatest value that is good."""
    matches: str | None = None
    """A regular expression (RE2) that the whole cell must match."""
    one_of: tuple[Bound, ...] | None = Field(default=None, min_length=1)
    """The values that are good."""
    format: Format | None = None
    """How the text is written: an e-mail address, a URL, ..."""
    min_length: int | None = Field(default=None, ge=0)
    """The least number of characters."""
    max_length: int | None = Field(default=None, ge=0)
    """The greatest number of characters."""
    timezone: str | None = None
    """For a timestamp: it is an instant, and cells without an offset are local times of this zone (an IANA name);
    ``offset`` if each cell must bring its offset."""
    sensitive: bool = False
    """Whether the values must never leave the machine; commands that look back show stars for them."""
    description: str | None = None
    """What the column means, for people."""

    @property
    def column_type(self) -> ColumnType:
        """The type of the column."""
        return parse_type(self.type, zoned=self.timezone is not None)

    @property
    def zone(self) -> str | None:
        """The zone of local times, or None if there is none."""
        return None if self.timezone == "offset" else self.timezone

    @field_validator("type")
    @classmethod
    def _known_type(cls, value: str) -> str:
        try:
            parse_type(value)
        except ConfigurationError as error:
            raise ValueError(str(error)) from None
        return value

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, value: str | None) -> str | None:
        if value is not None and value != "offset":
            try:
                ZoneInfo(value)
            except (KeyError, ValueError, OSError):
                raise ValueError(
                    f"{value!r} is no time zone; valid: an IANA name like Europe/Berlin, or offset"
                ) from None
        return value

    @field_validator("matches")
    @classmethod
    def _known_pattern(cls, value: str | None) -> str | None:
        if value is not None:
            try:
                pc.match_substring_regex(pa.nulls(1, pa.string()), f"^(?:{value})$")  # text would import pandas
            except pa.ArrowInvalid as error:
                raise ValueError(f"{value!r} is no regular expression of RE2: {error}") from None
        return value

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        kind = self.column_type.kind
        if self.timezone is not None and kind != "timestamp":
            raise ValueError(f"timezone is for a timestamp, the type is {self.type}")
        for name in ("matches", "format", "min_length", "max_length"):
            if kind != "text" and name in self.model_fields_set and self.model_dump()[name] is not None:
                raise ValueError(f"{name} is for text, the type is {self.type}")
        if kind in ("text", "boolean") and (self.min is not None or self.max is not None):
            raise ValueError(f"min and max are for numbers and times, the type is {self.type}")
        for bound in filter(None, (self.min, self.max, *(self.one_of or ()))):
            if self._read(bound).misfits:
                raise ValueError(f"{bound!r} is no value of the type {self.type}")
        if self.min is not None and self.max is not None:
            least, most = (self._read(bound).values[0] for bound in (self.min, self.max))
            if pc.greater(least, most).as_py():
                raise ValueError(f"min {self.min} is greater than max {self.max}")
        if not self.required and not self.nullable:
            raise ValueError("a column that is not required must be nullable: where it is missing, its cells are null")
        if None not in (self.min_length, self.max_length) and (self.min_length or 0) > (self.max_length or 0):
            raise ValueError(f"min_length {self.min_length} is greater than max_length {self.max_length}")
        return self

    def _read(self, bound: str) -> Cast:
        return cast(pa.array([bound], pa.string()), to=self.column_type, timezone=self.zone)


Contracted = Annotated[
    Annotated[Mapping[str, ColumnContract], Tag("columns")] | Annotated[str, Tag("schema")],
    Discriminator(lambda value: "schema" if isinstance(value, str) else "columns"),
]
"""Columns by name, or where a pandera schema is. Tagged, so that a mistake in a column gives one error."""


class Compare(Frozen):
    """A check between two columns of a row; a row where either is null passes."""

    column: str
    """The column on the left."""
    gt: str | None = None
    """The column that it must be greater than."""
    ge: str | None = None
    """The column that it must be greater than or equal to."""
    lt: str | None = None
    """The column that it must be less than."""
    le: str | None = None
    """The column that it must be less than or equal to."""
    eq: str | None = None
    """The column that it must equal."""
    ne: str | None = None
    """The column that it must differ from."""

    @property
    def relation(self) -> tuple[Operator, str]:
        """How the two compare, and the column on the right."""
        sides: dict[Operator, str | None] = {
            "gt": self.gt, "ge": self.ge, "lt": self.lt, "le": self.le, "eq": self.eq, "ne": self.ne
        }  # fmt: skip
        return next((operator, other) for operator, other in sides.items() if other is not None)

    @model_validator(mode="after")
    def _one_relation(self) -> Self:
        given = [other for other in (self.gt, self.ge, self.lt, self.le, self.eq, self.ne) if other is not None]
        if len(given) != 1:
            raise ValueError(f"a check has exactly one of gt, ge, lt, le, eq, ne; this one has {len(given)}")
        return self


class Validate(Frozen):
    """What the dataset must fulfil, and what happens where it does not."""

    contract: Contracted | None = None
    """Columns by name; or a pandera schema: the path of a YAML file, or ``module:Schema``."""
    checks: tuple[Compare, ...] = ()
    """Checks between columns, beside a contract written here."""
    unique: tuple[tuple[str, ...], ...] = ()
    """Columns whose values together may stand in one row of the dataset only, beside a contract written here."""
    types: Literal["text", "infer"] = "text"
    """Without a contract: all columns are text, or types are inferred where every value of the dataset fits."""
    drift: Drift = Drift()
    """What happens when the dataset no longer fits."""
    max_reject_share: float = Field(default=0.05, ge=0, lt=1)
    """Share of the rows (0 to 1) that may be rejected; above it nothing is loaded."""
    max_rejects: int | None = Field(default=None, ge=0)
    """Rows that may be rejected; above it nothing is loaded."""

    @field_validator("contract")
    @classmethod
    def _known_contract(
        cls, value: Mapping[str, ColumnContract] | str | None
    ) -> Mapping[str, ColumnContract] | str | None:
        if isinstance(value, str):
            if not value.endswith((".yaml", ".yml")) and not _REFERENCE.fullmatch(value):
                raise ValueError(f"{value!r} is neither the path of a .yaml file nor module:Schema")
        elif value is not None and not value:
            raise ValueError("a contract has at least one column")
        return value

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.contract is not None and self.types == "infer":
            raise ValueError("types: infer is for a pipeline without a contract")
        if not isinstance(self.contract, Mapping):
            if self.checks or self.unique:
                raise ValueError("checks and unique stand beside a contract that is written here")
            return self
        named = {name for columns in self.unique for name in columns}
        for check in self.checks:
            named |= {check.column, check.relation[1]}
        if unknown := sorted(named - set(self.contract)):
            raise ValueError(
                f"the contract has no column {', '.join(map(repr, unknown))}; it has {', '.join(self.contract)}"
            )
        return self
