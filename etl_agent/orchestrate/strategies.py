"""The strategies that a project has: the shipped ones, and its own in ``pipelines/strategies/``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from etl_agent.decide.strategies import known_strategies, strategy_named
from etl_agent.decide.strategy import Strategy
from etl_agent.errors import ConfigurationError
from etl_agent.orchestrate.file import parse_spec, text_of
from etl_agent.orchestrate.sequential import Node, routes_of

__all__ = ["FOLDER", "refuse_unknown", "strategies_in", "strategy_texts"]

FOLDER = Path("pipelines") / "strategies"
"""Where a project keeps its own strategies, a YAML file each."""


def strategies_in(project: Path) -> Mapping[str, Strategy]:
    """Return every strategy by name.

    Args:
        project: the project folder.

    Raises:
        SpecInvalid: one of the project's own has mistakes; all of them are listed.
        ConfigurationError: two have the same name, or one is not named as its file is.
    """
    return known_strategies(_read(file) for file in _files(project))


def strategy_texts(nodes: Iterable[Node], *, project: Path) -> dict[str, str]:
    """Return the project's own strategies that nodes may take, as they are written.

    Args:
        nodes: what stands in ``clean``.
        project: the project folder.
    """
    wanted = {name for route in routes_of(nodes) for name in route.strategies}
    return {file.stem: text_of(file) for file in _files(project) if file.stem in wanted} if wanted else {}


def refuse_unknown(nodes: Iterable[Node], known: Mapping[str, Strategy]) -> None:
    """Refuse routes that name a strategy that there is not.

    Args:
        nodes: what stands in ``clean``.
        known: every strategy.

    Raises:
        ConfigurationError: with the near names.
    """
    for route in routes_of(nodes):
        for name in route.strategies:
            strategy_named(name, known, where=f"route {route.route}")


def _files(project: Path) -> list[Path]:
    folder = project / FOLDER
    return sorted([*folder.glob("*.yaml"), *folder.glob("*.yml")])


def _read(file: Path) -> Strategy:
    strategy = parse_spec(text_of(file), Strategy, name=str(file))
    if strategy.name != file.stem:
        raise ConfigurationError(
            f"the strategy is named {strategy.name!r}, and its file {file.stem!r}: give both one name", where=str(file)
        )
    return strategy
