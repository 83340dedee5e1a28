"""The door: the headers of all files against the columns that the pipeline needs, reported whole before any row."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from etl_agent.batch import as_mask
from etl_agent.errors import Drifted, Unfit, near
from etl_agent.rejects import Finding, Reason
from etl_agent.validate.spec import DriftMode

__all__ = ["FileHeader", "HeaderReport", "match_header", "unknown_cells"]

_SHOWN = 20  # names of one kind that a message lists for one file


@dataclass(frozen=True, slots=True)
class FileHeader:
    """How one file's header differs from what is needed.

    Args:
        file: the file's name.
        missing: needed columns that the file does not bring.
        absent: columns that may be missing, and are.
        extra: columns that nothing needs, in the file's order.
        renamed: for a missing column the extra column that looks like it.
        reordered: whether the shared columns stand in another order, which is harmless: they go by name.
    """

    file: str
    missing: tuple[str, ...] = ()
    absent: tuple[str, ...] = ()
    extra: tuple[str, ...] = ()
    renamed: Mapping[str, str] | None = None
    reordered: bool = False

    @property
    def differences(self) -> tuple[str, ...]:
        """Say each difference in a few words."""
        renamed = self.renamed or {}
        parts = [f"{new!r} looks like {old!r} renamed" for old, new in renamed.items()]
        if gone := [name for name in self.missing if name not in renamed]:
            parts.append(f"missing {_listed(gone)}")
        if more := [name for name in self.extra if name not in renamed.values()]:
            parts.append(f"extra {_listed(more)}")
        if self.absent:
            parts.append(f"without {_listed(self.absent)}, which may be missing")
        if self.reordered:
            parts.append("columns in another order")
        return tuple(parts)


@dataclass(frozen=True, slots=True)
class HeaderReport:
    """All headers of a dataset against what is needed.

    Args:
        files: one entry for each file, in dataset order.
        mode: what happens to columns that nothing needs.
    """

    files: tuple[FileHeader, ...]
    mode: DriftMode

    @property
    def extra(self) -> tuple[str, ...]:
        """The columns that nothing needs, of all files, as they first appear."""
        return tuple(dict.fromkeys(name for file in self.files for name in file.extra))

    @property
    def missing(self) -> tuple[str, ...]:
        """The needed columns that some file does not bring."""
        return tuple(dict.fromkeys(name for file in self.files for name in file.missing))

    @property
    def added(self) -> tuple[str, ...]:
        """The columns that become part of the dataset as text (``evolve``)."""
        return self.extra if self.mode == "evolve" else ()

    @property
    def quarantined(self) -> tuple[str, ...]:
        """The columns whose values send their rows to quarantine (``quarantine``)."""
        return self.extra if self.mode == "quarantine" else ()

    @property
    def discarded(self) -> tuple[str, ...]:
        """The columns that are dropped, each value counted as a change (``discard_value``)."""
        return self.extra if self.mode == "discard_value" else ()

    @property
    def refused(self) -> bool:
        """Whether nothing may be loaded: a needed column is missing, or an extra one meets ``freeze``."""
        return bool(self.missing) or (self.mode == "freeze" and bool(self.extra))

    @property
    def lines(self) -> tuple[str, ...]:
        """One line for each file that differs in anything."""
        return tuple(f"{file.file}: {'; '.join(file.differences)}" for file in self.files if file.differences)

    def raise_if_refused(self, *, next_command: str | None = None) -> None:
        """Refuse the dataset with every difference of every file.

        Args:
            next_command: what to type next; by default what to do about these differences.

        Raises:
            Drifted: a needed column is missing, or columns are frozen and there is an extra one.
        """
        if not self.refused:
            return
        bad = [file for file in self.files if file.missing or (self.mode == "freeze" and file.extra)]
        told = " | ".join(f"{file.file}: {'; '.join(file.differences)}" for file in bad)
        raise Drifted(
            f"the columns of {len(bad)} of {len(self.files)} files do not fit: {told}",
            where="validate.drift.columns",
            next_command=next_command or self._advice(),
            unfit=[
                *(Unfit(name, "missing") for name in self.missing),
                *(Unfit(name, "extra") for name in (self.extra if self.mode == "freeze" else ())),
            ],
        )

    def _advice(self) -> str:
        renamed = {old: new for file in self.files for old, new in (file.renamed or {}).items()}
        if renamed:
            pairs = ", ".join(f"{new}: {old}" for old, new in renamed.items())
            return f"correct the header, or rename first with a cleaning step {{step: rename, columns: {{{pairs}}}}}"
        if self.missing:
            return "correct the files, or set required: false and nullable: true for columns that may be missing"
        return (
            "add the columns to validate.contract, or set validate.drift.columns to evolve, quarantine or discard_value"
        )


def match_header(
    wanted: Sequence[str],
    *,
    files: Sequence[tuple[str, Sequence[str]]],
    optional: Sequence[str] = (),
    order: Sequence[str] = (),
    drift: DriftMode = "freeze",
) -> HeaderReport:
    """Compare the header of every file with the columns that the files must bring. Names must be equal to match.

    Args:
        wanted: the columns that each file must bring; those that steps derive are not among them.
        files: name and header of each file, in dataset order.
        optional: columns that a file may bring or not.
        order: the columns in the order that they are expected in; by default the wanted ones, then the optional ones.
        drift: what happens to columns that are neither.

    Returns:
        All differences of all files, including harmless ones.
    """
    return HeaderReport(tuple(_match(name, header, wanted, optional, order) for name, header in files), drift)


def unknown_cells(data: pa.RecordBatch, *, names: Sequence[str]) -> tuple[Finding, ...]:
    """Find the rows with a value in a column that the contract does not know (``drift: {columns: quarantine}``).

    Args:
        data: text columns.
        names: the unknown columns; those that are not in the data are passed over.
    """
    return tuple(
        Finding(Reason("extra-cell", name, "unknown column"), as_mask(pc.is_valid(data.column(name))))
        for name in names
        if data.schema.get_field_index(name) >= 0
    )


def _match(
    file: str, header: Sequence[str], wanted: Sequence[str], optional: Sequence[str], order: Sequence[str]
) -> FileHeader:
    present, expected = set(header), [*wanted, *(name for name in optional if name not in wanted)]
    missing = tuple(name for name in wanted if name not in present)
    known = set(expected)
    extra = tuple(name for name in header if name not in known)
    shared = [name for name in order or expected if name in present and name in known]
    return FileHeader(
        file=file,
        missing=missing,
        absent=tuple(name for name in expected if name not in present and name not in missing),
        extra=extra,
        renamed=_renamed(missing, extra),
        reordered=[name for name in header if name in known] != shared,
    )


def _renamed(missing: Sequence[str], extra: Sequence[str]) -> dict[str, str]:
    """Pair missing columns with extra ones: first those that differ in case and signs only, then near ones."""
    pairs: dict[str, str] = {}
    free = list(extra)
    for alike in (_folded_match, _near_match):
        for name in missing:
            if name not in pairs and (found := alike(name, free)) is not None:
                pairs[name] = found
                free.remove(found)
    return pairs


def _folded_match(name: str, names: Sequence[str]) -> str | None:
    folded = _folded(name)
    return next((other for other in names if folded and _folded(other) == folded), None)


def _near_match(name: str, names: Sequence[str]) -> str | None:
    return next(iter(near(name, names, most=1)), None)


def _folded(name: str) -> str:
    """Reduce a name to its letters and digits, in one case."""
    return re.sub(r"[\W_]+", "", name).casefold()


def _listed(names: Sequence[str]) -> str:
    rest = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(map(repr, names[:_SHOWN])) + rest
