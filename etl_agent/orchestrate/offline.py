"""What can be found wrong with a pipeline beyond its file, without its data and without its target."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from etl_agent.errors import ConfigurationError, EtlAgentError
from etl_agent.load.sql_files import read_queries, read_statements
from etl_agent.load.url import parse_url
from etl_agent.orchestrate.resolve import runnable
from etl_agent.orchestrate.sequential import PipelineSpec, routes_of, steps_of
from etl_agent.paths import from_environment
from etl_agent.validate.contract import compile_contract

__all__ = ["problems"]


def problems(spec: PipelineSpec, *, project: Path) -> tuple[str, ...]:
    """Compile the contract, read the SQL files and parse the target's URL; return what fails, one line each.

    A variable of the target that is not set is no problem: it may be set only where the pipeline runs.

    Args:
        spec: the pipeline.
        project: the folder that its paths are relative to.
    """
    return tuple(_found(spec, project))


def _found(spec: PipelineSpec, project: Path) -> Iterator[str]:
    if isinstance(spec.validation.contract, str):  # one in the file has been judged while the file was read
        yield from _failing("validate.contract", partial(compile_contract, spec.validation, project=project))
    yield from _failing("clean", partial(runnable, tuple(steps_of(spec.clean)), project=project))
    if any(routes_of(spec.clean)):
        from etl_agent.orchestrate.strategies import refuse_unknown, strategies_in  # late: they load every strategy

        yield from _failing("clean", lambda: refuse_unknown(spec.clean, strategies_in(project)))
    for section, files, read in (
        ("before_sql", spec.load.before_sql, read_statements),
        ("after_sql", spec.load.after_sql, read_statements),
        ("check_sql", spec.load.check_sql, read_queries),
    ):
        for at, file in enumerate(files):
            yield from _failing(f"load.{section}[{at}]", partial(read, project / file))
    try:
        url = from_environment(spec.load.to)
    except ConfigurationError:
        return
    yield from _failing("load.to", partial(parse_url, url))


def _failing(place: str, attempt: Callable[[], object]) -> Iterator[str]:
    try:
        attempt()
    except EtlAgentError as error:
        said = str(error)
        yield said if said.startswith(place) else f"{place}: {said}"
