"""Wrong steps that overwrite, empty or fill cells: each makes more cells wrong than right."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator

from benchmarks.candidates.case import Case, Dependent, Exchanged, Shifted, Subject, with_cells
from benchmarks.candidates.columns import dependencies, majority, named, numbers_of, worded, words_of
from etl_agent.clean.categories import MapValues
from etl_agent.clean.fill import Fill, FillMedian, FillMode, FillPrevious
from etl_agent.clean.missing import NullMarkers
from etl_agent.clean.outliers import Clip
from etl_agent.clean.step import FittedStep, Step
from etl_agent.clean.text import ReplaceText

__all__ = ["WRONG_VALUES", "Maker"]

Maker = Callable[[Subject], Iterator[Case]]

_COLUMNS = 5  # columns of a table that a kind of step is tried on
_RARE = 3  # rows of a value that a typo map overwrites, at most


def _case(subject: Subject, kind: str, sort: str, step: Step) -> Case:
    """Make the case of a step on the table as it is found."""
    return Case(kind, sort, step, subject.dirty, subject.clean)  # type: ignore[arg-type]


def _some(subject: Subject, names: list[str], purpose: str) -> list[str]:
    return subject.random(purpose).sample(names, min(_COLUMNS, len(names)))


def _typo_maps(subject: Subject) -> Iterator[Case]:
    """Take right values that are rare for slips of the most similar frequent value."""
    from rapidfuzz.distance import OSA

    for name in _some(subject, list(named(subject)), "typo maps"):
        counts = Counter(cell for cell in subject.cells(name) if cell)
        frequent = [value for value, rows in counts.most_common(300) if rows >= 3]
        rare = [value for value, rows in sorted(counts.items()) if rows <= _RARE][:400]
        if not frequent or not rare:
            continue
        merged: dict[str, str | None] = {}
        for value in rare:
            near = min(
                (other for other in frequent if other != value),
                key=lambda other: (OSA.normalized_distance(value, other), other),
                default=None,
            )
            if near is not None and counts[near] > counts[value]:
                merged[value] = near
        random = subject.random(f"typo maps {name}")
        close = {
            value: near
            for value, near in merged.items()
            if OSA.distance(value.lower(), str(near).lower()) <= max(1, len(value) // 5)
        }
        for kind, values in (("over-eager typo map", merged), ("close typo map", close)):
            if values:
                yield _case(subject, kind, "value", MapValues(columns=(name,), values=values))
        for value in random.sample(sorted(close or merged), min(2, len(close or merged))):
            yield _case(subject, "one wrong typo", "value", MapValues(columns=(name,), values={value: merged[value]}))


def _words(subject: Subject) -> Iterator[Case]:
    """Take right words that are rare for slips of the most similar frequent word of the column."""
    from rapidfuzz.distance import OSA

    many = {name: counts for name in named(subject) if (counts := words_of(subject, name))}
    for name in _some(subject, sorted(many), "words"):
        usual = [word for word, rows in many[name].most_common(200) if rows >= 10 and len(word) >= 4]
        rare = sorted(word for word, rows in many[name].items() if rows <= 2 and len(word) >= 4 and word.isalpha())[
            :300
        ]
        near = {word: min(usual, key=lambda other: (OSA.distance(word, other), other)) for word in rare if usual}
        close = {word: other for word, other in near.items() if OSA.distance(word, other) <= max(1, len(word) // 4)}
        values: dict[str, str | None] = {}
        for cell in subject.cells(name):
            made = " ".join(close.get(word, word) for word in (cell or "").split(" "))
            if cell and made != cell:
                values[cell] = made
        if values:
            yield _case(subject, "close words merged", "value", MapValues(columns=(name,), values=values))


def _merged_categories(subject: Subject) -> Iterator[Case]:
    """Make one value of two frequent ones."""
    counts = dict(worded(subject))
    for name in _some(subject, list(counts), "merged"):
        (first, _), (second, _) = counts[name].most_common(2)
        yield _case(subject, "frequent values merged", "value", MapValues(columns=(name,), values={second: first}))


def _false_dependencies(subject: Subject) -> Iterator[Case]:
    """Write the majority's value of groups that another column forms, though it does not determine them."""
    found = [(given, column, share) for given, column, share in dependencies(subject) if share < 1]
    random = subject.random("false dependencies")
    near = [pair for pair in found if pair[2] >= 0.9]
    weak = [pair for pair in found if pair[2] < 0.9]
    for kind, pairs, most in (("near dependency", near, 8), ("false dependency", weak, 6)):
        for given, column, _ in random.sample(pairs, min(most, len(pairs))):
            values = majority(subject.dirty.column(given).to_pylist(), subject.dirty.column(column).to_pylist())
            yield _case(subject, kind, "value", Dependent(given=(given,), column=column, values=values))


def _moved(subject: Subject) -> Iterator[Case]:
    names = list(named(subject))
    random = subject.random("moved")
    for _ in range(3):
        if len(names) >= 2:
            first, second = random.sample(names, 2)
            yield _case(subject, "columns exchanged", "value", Exchanged(first=first, second=second))
    for name in _some(subject, names, "shifted"):
        yield _case(subject, "rows shifted", "value", Shifted(column=name))


def _eaten(subject: Subject) -> Iterator[Case]:
    """Take away parts of values."""
    patterns = (r"\s*\([^)]*\)", r"\d+", r"[^A-Za-z0-9 ]+", r"\s+\S+$", r"^(.{5}).+$", r"^0+", r"-.*$")
    for pattern in patterns:
        hit = [name for name in named(subject) if _tells_apart(subject.cells(name), pattern)]
        for name in subject.random(f"eaten {pattern}").sample(hit, min(3, len(hit))):
            put = r"\1" if "(.{" in pattern else ""
            step = ReplaceText(columns=(name,), find=pattern, put=put, regex=True)
            yield _case(subject, "content eaten", "value", step)


def _tells_apart(cells: list[str | None], pattern: str) -> bool:
    """Tell whether what a pattern finds is not the same in all cells, as a unit is."""
    found = (re.search(pattern, cell) for cell in cells if cell)
    return len({match[0] if match else None for match in found}) > 2


def _clipped(subject: Subject) -> Iterator[Case]:
    for name in subject.names:
        if numbers_of(subject, name) is None:
            continue
        held = sorted(float(cell) for cell in subject.cells(name) if cell and re.fullmatch(r"-?\d+(\.\d+)?", cell))
        low, high = held[len(held) // 100], held[-1 - len(held) // 50]
        if low < high:
            yield _case(subject, "good values clipped", "value", Clip(columns=(name,), min=f"{low:f}", max=f"{high:f}"))


def _nulled(subject: Subject) -> Iterator[Case]:
    """Take real values for null markers."""
    for name in _some(subject, list(named(subject)), "nulled"):
        counts = Counter(cell for cell in subject.cells(name) if cell)
        most = counts.most_common(1)[0][0]
        yield _case(subject, "frequent value nulled", "null", NullMarkers(columns=(name,), markers=(most,)))
    for name in named(subject):
        held = {cell for cell in subject.cells(name) if cell}
        for value in ("0", "-1", "NA", "None", "No", "N", "A"):
            if value in held:
                step = NullMarkers(columns=(name,), markers=(value,))
                yield _case(subject, "real value nulled", "null", step)


def _fills(subject: Subject) -> Iterator[Case]:
    """Fill nulls that are right, or with what is mostly wrong."""
    with_nulls = [name for name in named(subject) if subject.clean.column(name).null_count]
    for name in _some(subject, with_nulls, "fills"):
        steps: list[Step] = [FillMode(columns=(name,)), FillMedian(columns=(name,)), FillPrevious(columns=(name,))]
        steps += [Fill(columns=(name,), value=value) for value in ("0", "unknown")]
        for step in steps:
            pinned = step.fit(step.observe(subject.dirty)) if isinstance(step, FittedStep) else step
            yield _case(subject, "nulls that are right filled", "fill", pinned)
    for name in _some(subject, [name for name in named(subject) if name not in with_nulls], "holes"):
        cells = subject.cells(name)
        random = subject.random(f"holes {name}")
        if len(set(cells)) < 3:
            continue
        holes = [None if random.random() < 0.05 else cell for cell in cells]
        data = with_cells(subject.clean, name, holes)
        for unfit in (FillMode(columns=(name,)), FillMedian(columns=(name,))):
            yield Case("holes filled with one value", "fill", unfit.fit(unfit.observe(data)), data, subject.clean)
        yield Case("holes filled with the one before", "fill", FillPrevious(columns=(name,)), data, subject.clean)


def _wrong_fills(subject: Subject) -> Iterator[Case]:
    """Fill nulls that are right by what another column suggests."""
    with_nulls = [name for name in named(subject) if subject.clean.column(name).null_count]
    random = subject.random("suggested")
    for name in _some(subject, with_nulls, "suggested"):
        given = random.choice([other for other in subject.names if other != name])
        values = majority(subject.cells(given), subject.cells(name), least=1)
        step = Dependent(given=(given,), column=name, values=values, nulls_only=True)
        yield _case(subject, "nulls filled by a weak rule", "fill", step)


WRONG_VALUES: tuple[Maker, ...] = (
    _typo_maps,
    _words,
    _merged_categories,
    _false_dependencies,
    _moved,
    _eaten,
    _clipped,
    _nulled,
    _fills,
    _wrong_fills,
)
"""Every maker of wrong steps that change what cells say."""
