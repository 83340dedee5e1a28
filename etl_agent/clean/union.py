"""The catalogue of cleaning steps: one line a step, grouped by family, and the type of any of them."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import chain
from typing import TYPE_CHECKING, Annotated, Union

from pydantic import Field

from etl_agent.clean import (
    affixes,
    booleans,
    case_form,
    categories,
    clock,
    clusters,
    columns,
    conflicts,
    dates,
    day_form,
    dependencies,
    derive,
    duplicates,
    fill,
    filter,  # noqa: A004  the family is called so
    identifiers,
    misshapen,
    missing,
    number_form,
    numbers,
    outliers,
    parts,
    python,
    rounding,
    sign_form,
    spilled,
    stray,
    text,
    times,
    typos,
    units,
    words,
)
from etl_agent.clean.step import Step

__all__ = ["FAMILIES", "STEPS", "AnyStep"]

FAMILIES: Mapping[str, tuple[type[Step], ...]] = {
    "text": (
        text.Strip,
        text.CollapseBlanks,
        text.Case,
        case_form.CaseAs,
        text.Unicode,
        text.Invisible,
        text.Mojibake,
        text.ReplaceText,
        stray.StraySigns,
    ),
    "missing markers": (
        missing.NullMarkers,
        missing.MissingAs,
    ),
    "categories": (
        categories.MapValues,
        categories.Canonical,
        clusters.ClusterValues,
    ),
    "identifiers": (
        identifiers.Pad,
        identifiers.Email,
        identifiers.IsEmail,
        identifiers.Phone,
        identifiers.PostalCode,
        sign_form.SignsAs,
    ),
    "columns": (
        columns.Rename,
        columns.Drop,
        columns.Select,
        parts.Split,
        parts.Combine,
        columns.Constant,
        derive.Derive,
    ),
    "numbers": (
        numbers.Numbers,
        units.Units,
        affixes.Affixes,
        rounding.BinaryNoise,
        number_form.NumberAs,
    ),
    "truth values": (booleans.Booleans,),
    "dates and times": (
        dates.Dates,
        dates.Timestamps,
        day_form.DateAs,
        times.Times,
        clock.ClockAs,
    ),
    "slips of the keyboard": (
        misshapen.RepairShapes,
        typos.RepairTypos,
        words.RepairWords,
    ),
    "dependencies": (
        dependencies.RepairDependencies,
        dependencies.FillDependencies,
    ),
    "spilled values": (spilled.MoveSpilled,),
    "conflicts": (
        conflicts.ResolveConflicts,
        conflicts.FillFromSources,
    ),
    "missing values": (
        fill.Fill,
        fill.FillPrevious,
        fill.FillMedian,
        fill.FillMode,
    ),
    "ranges and outliers": (
        outliers.Clip,
        outliers.FlagOutliers,
        outliers.QuarantineRange,
    ),
    "rows": (
        filter.Filter,
        filter.QuarantineWhere,
    ),
    "duplicates": (duplicates.Deduplicate,),
    "your own": (python.PythonStep,),
}
"""Every step, by the family of dirt that it cleans."""

STEPS: tuple[type[Step], ...] = tuple(chain.from_iterable(FAMILIES.values()))
"""Every step, in the order of the families."""

if TYPE_CHECKING:
    AnyStep = Step
else:
    AnyStep = Annotated[Union[STEPS], Field(discriminator="step")]  # noqa: UP007  the members are a tuple, known at run time
    """Any step of the catalogue, told from the others by its ``step`` field."""
