"""``etl-agent check``: find what is wrong with pipeline files before anything runs."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from etl_agent.cli.context import command, json_option, print_json, project_of, quiet_option
from etl_agent.cli.failure import safe
from etl_agent.errors import ConfigurationError, SpecInvalid

if TYPE_CHECKING:
    from etl_agent.orchestrate.sequential import PipelineSpec

__all__ = ["check"]


@dataclass(frozen=True, slots=True)
class _Checked:
    """What was found in one file; ``pipeline`` is its name, where the file can be read."""

    file: str
    pipeline: str | None
    mistakes: tuple[str, ...]


@command()
@click.argument("pipelines", metavar="PIPELINE...", nargs=-1, required=True, type=click.Path(path_type=Path))
@json_option
@quiet_option
def check(pipelines: tuple[Path, ...], *, as_json: bool, quiet: bool) -> int:
    """Check pipeline files without touching data or a target.

    Every mistake is listed with its line. With several files, the pipelines that they need must be among them.
    The exit code is 0 if all is well, 1 if not.
    """
    specs: dict[Path, PipelineSpec] = {}
    checked = [_checked(path, specs) for path in dict.fromkeys(pipelines)]
    if len(specs) == len(checked):
        checked += _needs(specs)
    wrong = [mistake for each in checked for mistake in each.mistakes]
    if as_json:
        print_json([{**asdict(each), "ok": not each.mistakes} for each in checked])
    else:
        for each in checked:
            if not each.mistakes and not quiet:
                click.echo(safe(f"OK  {each.file}  {each.pipeline}"))
        for mistake in wrong:
            click.echo(safe(mistake), err=True)
    return int(bool(wrong))


def _checked(path: Path, specs: dict[Path, PipelineSpec]) -> _Checked:
    """Read one file, remember its pipeline, and look at what it refers to."""
    from etl_agent.orchestrate.file import read_pipeline
    from etl_agent.orchestrate.offline import problems

    try:
        spec = specs[path] = read_pipeline(path)
    except SpecInvalid as error:
        return _Checked(str(path), None, error.mistakes)
    found = problems(spec, project=project_of(path))
    return _Checked(str(path), spec.name, tuple(f"{path}: {problem}" for problem in found))


def _needs(specs: dict[Path, PipelineSpec]) -> list[_Checked]:
    """Check what the pipelines need of each other; nothing where it is all there."""
    from etl_agent.orchestrate.file import in_order

    try:
        in_order(specs)
    except ConfigurationError as error:
        return [_Checked(", ".join(map(str, specs)), None, (str(error),))]
    return []
