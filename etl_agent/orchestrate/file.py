"""Reading pipeline files: every mistake at once, each with its line, before any data is touched."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from etl_agent.errors import ConfigurationError, NoInput, PermissionRefused, SpecInvalid, did_you_mean, near
from etl_agent.orchestrate.fields import Expected, below, narrowed, takes_truth_values
from etl_agent.orchestrate.located import Branch, Mark, Mistake, Scalar, Value, meaning
from etl_agent.orchestrate.located import Path as Place
from etl_agent.orchestrate.mistakes import mistakes_of
from etl_agent.orchestrate.sequential import Node, PipelineSpec, StepList
from etl_agent.orchestrate.yaml_text import read_yaml

__all__ = ["in_order", "parse_spec", "read_pipeline", "read_pipelines", "read_steps", "text_of"]

Spec = TypeVar("Spec", bound=BaseModel)

_SUFFIXES = frozenset({".yaml", ".yml"})


def read_pipeline(path: Path) -> PipelineSpec:
    """Read one pipeline file.

    Raises:
        SpecInvalid: the file has mistakes; all of them are listed.
        NoInput: there is no such file.
        PermissionRefused: the file may not be read.
    """
    return parse_spec(text_of(path), PipelineSpec, name=str(path))


def read_pipelines(paths: Iterable[Path]) -> tuple[PipelineSpec, ...]:
    """Read pipeline files, and order them so that each comes after those that it needs.

    Pipelines that do not need each other keep the order in which they were given. One pipeline may run alone,
    whatever it needs; of several, the needed ones must be among them.

    Raises:
        SpecInvalid: files have mistakes; those of all files are listed.
        ConfigurationError: two pipelines have one name, one needs another that is not there, or they need each
            other in a circle.
        NoInput: there is no such file.
    """
    specs: dict[Path, PipelineSpec] = {}
    wrong: dict[str, Sequence[str]] = {}
    for path in dict.fromkeys(paths):
        try:
            specs[path] = read_pipeline(path)
        except SpecInvalid as error:
            wrong[str(path)] = error.mistakes
    if wrong:
        raise _invalid([mistake for each in wrong.values() for mistake in each], *wrong)
    return in_order(specs)


def read_steps(path: Path) -> tuple[Node, ...]:
    """Read a file that holds a list of cleaning steps, as it may stand under ``clean`` in a pipeline file.

    Raises:
        SpecInvalid: the file has mistakes; all of them are listed.
        NoInput: there is no such file.
    """
    return parse_spec(text_of(path), StepList, name=str(path), under="clean").clean


def parse_spec(text: str, kind: type[Spec], *, name: str, under: str | None = None) -> Spec:
    """Make a spec from YAML text.

    Args:
        text: the YAML.
        kind: the spec to make.
        name: what to call the text in messages, as a rule its file.
        under: the field that the whole text is the value of; absent where the text is the spec.

    Raises:
        SpecInvalid: the text has mistakes; all of them are listed.
    """
    root, mistakes = read_yaml(text)
    if root is None:
        mistakes = mistakes or [Mistake(Mark(1, 1), (), "the file is empty")]
        raise _invalid([f"{name}:{mistake}" for mistake in mistakes], name)
    if under is not None:
        root = Branch(root.mark, is_mapping=True, items={under: root}, keys={under: root.mark})
    spec, found = _checked(root, kind)
    if under is not None:
        found = [replace(mistake, path=mistake.path[1:]) for mistake in found]
    if spec is None or found or mistakes:
        listed = sorted([*mistakes, *found], key=lambda mistake: mistake.mark)
        raise _invalid([f"{name}:{mistake}" for mistake in listed], name)
    return spec


def _checked(root: Value, kind: type[Spec]) -> tuple[Spec | None, list[Mistake]]:
    """Validate a file; numbers and truth values are read as text where only that helps."""
    expected = (kind,)
    numeric = list(_counted_truths(root, (), expected))
    as_text: set[Place] = set()
    spec, found = _validated(root, kind, as_text)
    if wrong := {mistake.path for mistake in found}:
        as_text = {path for path in wrong if _is_bare(root, path)}
    if as_text:
        _, still = _validated(root, kind, as_text)
        as_text -= {mistake.path for mistake in still}
        spec, found = _validated(root, kind, as_text)
    places = {mistake.path for mistake in numeric}
    return spec, [*numeric, *(mistake for mistake in found if mistake.path not in places)]


def _validated(root: Value, kind: type[Spec], as_text: set[Place]) -> tuple[Spec | None, list[Mistake]]:
    try:
        return kind.model_validate(_data(root, (), as_text)), []
    except ValidationError as error:
        return None, mistakes_of(error, root, (kind,))


def _data(value: Value, path: Place, as_text: set[Place]) -> Any:
    """Return a value as plain data, with the scalars at some paths as they are written."""
    if not as_text:
        return meaning(value)
    if isinstance(value, Scalar):
        return value.text if path in as_text else value.plain
    pairs = ((key, _data(item, (*path, key), as_text)) for key, item in value.items.items())
    return dict(pairs) if value.is_mapping else [item for _, item in pairs]


def _is_bare(root: Value, path: Place) -> bool:
    """Whether a number or truth value stands at a path, written without quotes."""
    for part in path:
        if not isinstance(root, Branch) or part not in root.items:
            return False
        root = root.items[part]
    return isinstance(root, Scalar) and isinstance(root.plain, bool | int | float)


def _counted_truths(value: Value, path: Place, expected: Expected) -> Iterator[Mistake]:
    """Find true and false where only a number is meant, which pydantic would take for 1 and 0."""
    if isinstance(value, Scalar):
        if isinstance(value.plain, bool) and not takes_truth_values(expected):
            yield Mistake(value.mark, path, f"expected a number, not {value.text}")
        return
    if value.is_mapping:
        scalars = {key: item.plain for key, item in value.items.items() if isinstance(item, Scalar)}
        expected = narrowed(expected, scalars)
    for key, item in value.items.items():
        yield from _counted_truths(item, (*path, key), below(expected, key))


def _invalid(mistakes: Sequence[str], *files: str) -> SpecInvalid:
    count = f"{len(mistakes)} mistakes" if len(mistakes) > 1 else "1 mistake"
    names = files[0] if len(files) == 1 else f"{len(files)} pipeline files"
    return SpecInvalid(
        f"{count} in {names}", mistakes=mistakes, next_command=shlex.join(["etl-agent", "check", *files])
    )


def text_of(path: Path) -> str:
    """Read a file as UTF-8, and say near names where there is none."""
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        raise NoInput("there is no such file", where=str(path), choices=_nearby(path)) from None
    except IsADirectoryError:
        raise NoInput("this is a folder, not a file", where=str(path), choices=_yaml_files(path)[:10]) from None
    except PermissionError:
        raise PermissionRefused("the file may not be read", where=str(path)) from None
    except OSError as error:
        raise NoInput(f"the file cannot be read: {error.strerror}", where=str(path)) from error
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = content[: error.start].decode("utf-8", "replace")
        mark = Mark(before.count("\n") + 1, len(before) - before.rfind("\n"))
        what = f"not UTF-8: the byte 0x{content[error.start]:02X}; save the file as UTF-8"
        raise _invalid([f"{path}:{mark}: {what}"], str(path)) from None


def _nearby(path: Path) -> tuple[str, ...]:
    """Name the files that a path may have meant: near names, else what the folder holds."""
    folder = path.parent
    names = _yaml_files(folder)
    return near(str(path), names) or names[:10]


def _yaml_files(folder: Path) -> tuple[str, ...]:
    try:
        return tuple(sorted(str(file) for file in folder.iterdir() if file.suffix in _SUFFIXES))
    except OSError:
        return ()


def in_order(specs: Mapping[Path, PipelineSpec]) -> tuple[PipelineSpec, ...]:
    """Put pipelines behind those that they need, else in the order given.

    Args:
        specs: the pipelines, by file.

    Raises:
        ConfigurationError: as ``read_pipelines`` says.
    """
    by_name: dict[str, PipelineSpec] = {}
    files: dict[str, Path] = {}
    for path, spec in specs.items():
        if spec.name in by_name:
            raise ConfigurationError(
                f"two pipelines are named {spec.name!r}; the other is in {files[spec.name]}", where=str(path)
            )
        by_name[spec.name], files[spec.name] = spec, path
    if len(by_name) == 1:  # a pipeline may run alone, its needs having run before
        return tuple(by_name.values())
    for spec in by_name.values():
        for name in spec.needs:
            if name not in by_name:
                raise _unmet(spec, name, given=by_name, path=files[spec.name])
    sorter = TopologicalSorter({name: spec.needs for name, spec in by_name.items()})
    try:
        sorter.prepare()
    except CycleError as error:
        circle = " needs ".join(reversed(error.args[1]))
        raise ConfigurationError(f"pipelines need each other in a circle: {circle}") from None
    place = {name: at for at, name in enumerate(by_name)}
    ordered: list[PipelineSpec] = []
    ready = sorted(sorter.get_ready(), key=place.__getitem__)
    while ready:
        first = ready.pop(0)
        ordered.append(by_name[first])
        sorter.done(first)
        ready = sorted([*ready, *sorter.get_ready()], key=place.__getitem__)
    return tuple(ordered)


def _unmet(spec: PipelineSpec, name: str, *, given: Mapping[str, PipelineSpec], path: Path) -> ConfigurationError:
    hint = did_you_mean(name, given)
    return ConfigurationError(
        f"needs {name!r}, which is not among the given pipelines{hint}",
        where=f"{path}: {spec.name}",
        choices=[other for other in given if other != spec.name],
        next_command=None if hint else "name its file too, or pipelines/*.yaml",
    )
