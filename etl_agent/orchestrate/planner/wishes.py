"""What can be wished for in a goal: the closed vocabulary that rules and models read goals into."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from etl_agent.frozen import Frozen, Name, SomeNames
from etl_agent.load.spec import Strategy, WriteDisposition
from etl_agent.validate.formats import Format
from etl_agent.validate.spec import Bound

__all__ = [
    "After",
    "Budget",
    "Cleaned",
    "Convention",
    "Deduplicated",
    "Dropped",
    "Into",
    "Key",
    "Mode",
    "Newest",
    "Reading",
    "RunSql",
    "Secret",
    "Take",
    "Valid",
    "Wish",
]

Convention = Literal["tidy", "dates", "numbers", "nulls", "spelling", "case", "contacts", "everything"]
"""tidy: blanks, invisible characters, mojibake. dates: days and times in one form. numbers: numbers and money without
signs and separators. nulls: spellings of nothing become null. spelling: slips and variants of words. case: one case.
contacts: e-mail addresses and telephone numbers in one form. everything: whatever the data ask for."""


class _Wish(Frozen):
    """One thing that a goal asks for."""

    words: str = ""
    """The words of the goal that ask for it."""
    by: Literal["goal", "model"] = "goal"
    """Who read it: the rules in the user's words, or a model."""


class Take(_Wish):
    """Load a dataset. Where a goal names some datasets, the others are left out."""

    wish: Literal["take"] = "take"
    source: Name
    """The dataset."""


class Into(_Wish):
    """Load a dataset into a table."""

    wish: Literal["into"] = "into"
    source: Name
    """The dataset."""
    table: Name
    """The table, as the user wrote it."""


class Mode(_Wish):
    """Load in a certain way."""

    wish: Literal["mode"] = "mode"
    source: Name
    """The dataset."""
    write_disposition: WriteDisposition
    """The way."""
    strategy: Strategy | None = None
    """How a merge treats a key that is there."""


class Key(_Wish):
    """Tell rows apart by certain columns."""

    wish: Literal["key"] = "key"
    source: Name
    """The dataset."""
    columns: SomeNames
    """Its columns that identify a row."""


class Newest(_Wish):
    """Of several rows of one key, keep the newest."""

    wish: Literal["newest"] = "newest"
    source: Name
    """The dataset."""
    column: Name | None = None
    """The column that says which row is newest; None to find it."""


class Deduplicated(_Wish):
    """Keep one of several rows that are equal."""

    wish: Literal["deduplicated"] = "deduplicated"
    source: Name
    """The dataset."""
    columns: tuple[Name, ...] = ()
    """The columns in which they are equal; all where none is named."""


class Valid(_Wish):
    """Quarantine rows whose value in a column is not good. At least one of the checks is given."""

    wish: Literal["valid"] = "valid"
    source: Name
    """The dataset."""
    column: Name
    """The column."""
    required: bool = False
    """The value must be there: null is not good."""
    unique: bool = False
    """No other row may have the value."""
    type: Literal["integer", "number", "boolean", "date", "time", "timestamp"] | None = None
    """The value must be of a type; ``number`` is a decimal as wide as the data ask for."""
    format: Format | None = None
    """The value must be written in a format."""
    min: Bound | None = None
    """The least good value."""
    max: Bound | None = None
    """The greatest good value."""
    one_of: tuple[Bound, ...] | None = Field(default=None, min_length=1)
    """The good values."""


class Cleaned(_Wish):
    """Clean columns."""

    wish: Literal["cleaned"] = "cleaned"
    source: Name
    """The dataset."""
    columns: tuple[Name, ...] = ()
    """The columns; all that it concerns where none is named."""
    how: Convention
    """What to bring into one form."""


class Dropped(_Wish):
    """Leave a column out."""

    wish: Literal["dropped"] = "dropped"
    source: Name
    """The dataset."""
    column: Name
    """The column."""


class Secret(_Wish):
    """Treat a column as sensitive: nothing of it is shown or told."""

    wish: Literal["secret"] = "secret"
    source: Name
    """The dataset."""
    column: Name
    """The column."""


class Budget(_Wish):
    """Allow so many rejected rows."""

    wish: Literal["budget"] = "budget"
    source: Name
    """The dataset."""
    share: Annotated[float, Field(ge=0, lt=1)]
    """Share of the rows (0 to 1) that may be rejected."""


class After(_Wish):
    """Load a dataset after another one."""

    wish: Literal["after"] = "after"
    source: Name
    """The dataset that is loaded later."""
    first: Name
    """The dataset that is loaded before it."""


class RunSql(_Wish):
    """Run SQL of the user's own after a dataset is loaded, in the same transaction."""

    wish: Literal["sql"] = "sql"
    source: Name
    """The dataset."""
    name: Name
    """The name of the SQL file."""


Wish = Annotated[
    Take | Into | Mode | Key | Newest | Deduplicated | Valid | Cleaned | Dropped | Secret | Budget | After | RunSql,
    Field(discriminator="wish"),
]


class Reading(Frozen):
    """What a goal says, as far as it was understood."""

    wishes: tuple[Wish, ...] = ()
    """What it asks for, in the order of its words."""
    not_understood: tuple[str, ...] = ()
    """Its words, or runs of words, that mean something and that nothing was made of, in their order."""
    unclear: tuple[str, ...] = ()
    """Those of them, with the words around them, that could change what is destroyed, what is loaded, or where rows go:
    a plan is not to be carried out past them."""
