"""The errors this package raises: each says what is wrong, where, what is valid and what to type next.

EtlAgentError                 70  a bug, or the base of everything below
├── UsageError                 2  the call itself is wrong
├── DataRefused               65  the data was judged and nothing was loaded, or an undo is refused
│   ├── OverBudget                more rejected rows than the pipeline allows
│   ├── Drifted                   the data no longer fit the contract, or the lock
│   ├── AmbiguousFormat           a column that can be read in more than one way
│   ├── FileRefused               a file that is wrong throughout (encoding, delimiter, header)
│   ├── ShrinkRefused             a replace that would empty or shrink the table too far
│   ├── CheckFailed               an SQL check of the user's own found rows
│   └── UndoRefused               a run that cannot be taken back
├── NoInput                   66  no file matches, or a file is missing or unreadable
├── DatabaseUnavailable       69  the target cannot be reached
├── Unbalanced                70  the rows do not add up; the run was rolled back
├── CannotCreate              73  an output cannot be created
├── CannotWrite               74  writing failed (disk full, input/output error)
├── TryLater                  75  another run holds the lock, or the input is still growing
│   └── HeldByAnother             another run holds the table
├── PermissionRefused         77  the file system or the database says no
└── ConfigurationError        78  a pipeline file, contract or target that cannot work
    └── SpecInvalid               every mistake of a pipeline file at once
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

__all__ = [
    "AmbiguousFormat",
    "CannotCreate",
    "CannotWrite",
    "CheckFailed",
    "ConfigurationError",
    "DataRefused",
    "DatabaseUnavailable",
    "Drifted",
    "EtlAgentError",
    "FileRefused",
    "HeldByAnother",
    "NoInput",
    "OverBudget",
    "PermissionRefused",
    "ShrinkRefused",
    "SpecInvalid",
    "TryLater",
    "Unbalanced",
    "UndoRefused",
    "Unfit",
    "UsageError",
    "counted",
    "did_you_mean",
    "near",
    "one_slip",
]


class EtlAgentError(Exception):
    """Say what is wrong, where, the valid choices and the next command.

    Args:
        what: one sentence, without a full stop, that a user understands without this code.
        where: the place: pipeline, stage, step, column, or file and line.
        choices: the valid values, or the near matches of a wrong name.
        next_command: what to type next, ready to paste.
    """

    exit_code: ClassVar[int] = 70

    def __init__(
        self,
        what: str,
        *,
        where: str | None = None,
        choices: Sequence[str] = (),
        next_command: str | None = None,
    ) -> None:
        super().__init__(what)
        self.what = what
        self.where = where
        self.choices = tuple(choices)
        self.next_command = next_command

    def __str__(self) -> str:
        parts = [f"{self.where}: {self.what}" if self.where else self.what]
        if self.choices:
            parts.append(f"valid: {', '.join(self.choices)}")
        if self.next_command:
            parts.append(f"next: {self.next_command}")
        return "; ".join(parts)


class UsageError(EtlAgentError):
    """The call itself is wrong."""

    exit_code = 2


@dataclass(frozen=True, slots=True)
class Unfit:
    """A column for which data were refused; it holds no text of cells.

    Args:
        column: its name.
        what: it is missing, or one too many; its values are of another type, look otherwise than before, can be read in
            several ways, or do not tell rows apart.
        of: whether the files or the table are concerned: ``missing`` is a column that these lack.
        type: the type that would fit, where that is known.
        step: the step that met it, if one did.
        rows: rows that are known to be concerned.
    """

    column: str
    what: Literal["missing", "extra", "type", "looks", "ambiguous", "key"]
    of: Literal["files", "table"] = "files"
    type: str | None = None
    step: str | None = None
    rows: int = 0


class DataRefused(EtlAgentError):
    """The data was judged and nothing was loaded, or an undo is refused.

    Args:
        what: as for every error, like ``where``, ``choices`` and ``next_command``.
        unfit: the columns that it is about, for those who change the pipeline rather than read the sentence.
    """

    exit_code = 65

    def __init__(
        self,
        what: str,
        *,
        where: str | None = None,
        choices: Sequence[str] = (),
        next_command: str | None = None,
        unfit: Sequence[Unfit] = (),
    ) -> None:
        super().__init__(what, where=where, choices=choices, next_command=next_command)
        self.unfit = tuple(unfit)


class OverBudget(DataRefused):
    """More rows were rejected than the pipeline allows."""


class Drifted(DataRefused):
    """The columns no longer fit the contract, or the data no longer look as they did when the lock was made."""


class AmbiguousFormat(DataRefused):
    """The evidence of a column allows more than one reading, and guessing would change values silently."""


class FileRefused(DataRefused):
    """A file is wrong throughout, so no line of it can be trusted."""


class ShrinkRefused(DataRefused):
    """A replace would empty the table or shrink it further than allowed."""


class CheckFailed(DataRefused):
    """An SQL check of the user's own found rows, so nothing was loaded."""


class UndoRefused(DataRefused):
    """A run cannot be taken back: a later one depends on it, or the table is not as it left it; nothing was changed."""


class NoInput(EtlAgentError):
    """No file matches, or a file is missing or unreadable."""

    exit_code = 66


class DatabaseUnavailable(EtlAgentError):
    """The target database cannot be reached."""

    exit_code = 69


class Unbalanced(EtlAgentError):
    """The rows do not add up; the run was rolled back and this is our bug."""

    exit_code = 70


class CannotCreate(EtlAgentError):
    """An output file or folder cannot be created."""

    exit_code = 73


class CannotWrite(EtlAgentError):
    """Writing failed: a full disk or an input/output error."""

    exit_code = 74


class TryLater(EtlAgentError):
    """Another run holds the lock, or the input is still growing."""

    exit_code = 75


class HeldByAnother(TryLater):
    """Another run holds the table; the message names it."""


class PermissionRefused(EtlAgentError):
    """The file system or the database refuses access."""

    exit_code = 77


class ConfigurationError(EtlAgentError, ValueError):
    """A pipeline file, contract or target cannot work as it is written.

    It is a ValueError too, so that one raised by a spec's validator is collected with the file's other mistakes.
    """

    exit_code = 78


class SpecInvalid(ConfigurationError):
    """A pipeline file has mistakes; all of them are listed.

    Args:
        mistakes: one line each, with the position in the file and the valid values.
        next_command: what lists the mistakes again, for where there is room for one line only.
    """

    def __init__(
        self, what: str, *, mistakes: Sequence[str], where: str | None = None, next_command: str | None = None
    ) -> None:
        super().__init__(what, where=where, next_command=next_command)
        self.mistakes = tuple(mistakes)

    def __str__(self) -> str:
        head = f"{self.where}: {self.what}" if self.where else self.what
        return "\n".join([head, *(f"  {mistake}" for mistake in self.mistakes)])


def near(word: str, choices: Iterable[str], *, most: int = 3) -> tuple[str, ...]:
    """Return the choices that look most like a mistyped word, best first.

    >>> near("emial", ["email", "name", "amount"])
    ('email',)
    >>> near("tp", ["table", "to"])
    ('to',)
    """
    folded = {choice.casefold(): choice for choice in choices}
    wrong = word.casefold()
    slips = [choice for choice in folded if one_slip(wrong, choice)]
    alike = difflib.get_close_matches(wrong, folded, n=most, cutoff=0.6)
    return tuple(folded[match] for match in dict.fromkeys([*slips, *alike]))[:most]


def counted(count: int, one: str = "row", many: str | None = None) -> str:
    """Say how many there are.

    >>> counted(1), counted(2_000), counted(3, "entry", "entries")
    ('1 row', '2,000 rows', '3 entries')
    """
    return f"1 {one}" if count == 1 else f"{count:,} {many or one + 's'}"


def did_you_mean(word: str, choices: Iterable[str], *, shown: Callable[[str], str] = repr) -> str:
    """Suggest the choice that looks most like a mistyped word, as the tail of a sentence; nothing if none does.

    >>> did_you_mean("emial", ["email", "name"])
    "; did you mean 'email'?"

    Args:
        word: what was written.
        choices: what would be right.
        shown: writes the choice.
    """
    return "".join(f"; did you mean {shown(close)}?" for close in near(word, choices, most=1))


def one_slip(word: str, other: str) -> bool:
    """Whether one letter left out, put in or changed, or two neighbours swapped, turns one word into the other.

    >>> one_slip("to", "tp"), one_slip("to", "ot"), one_slip("to", "top"), one_slip("to", "tip")
    (True, True, True, False)

    Two words without a letter in common are never a slip of each other.
    """
    if not set(word) & set(other):
        return False
    short, long = sorted((word, other), key=len)
    at = next((i for i, (a, b) in enumerate(zip(short, long, strict=False)) if a != b), len(short))
    if len(long) == len(short):
        swapped = long[:at] + long[at : at + 2][::-1] + long[at + 2 :]
        return short[at + 1 :] == long[at + 1 :] or short == swapped
    return len(long) == len(short) + 1 and short[at:] == long[at + 1 :]
