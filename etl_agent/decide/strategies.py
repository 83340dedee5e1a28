"""The catalogue of strategies: those that are shipped as files beside this one, and the user's own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from importlib import resources

from etl_agent.decide.strategy import SPECIAL, Strategy
from etl_agent.errors import ConfigurationError, did_you_mean

__all__ = ["known_strategies", "shipped", "strategy_named"]


@cache
def shipped() -> Mapping[str, Strategy]:
    """Read the shipped strategies, by name, in the order of their names."""
    import yaml  # late: most commands ask for no strategy

    files = sorted((resources.files(__package__) / "strategies").iterdir(), key=lambda file: file.name)
    safe = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # the same, and several times as fast where it is built
    texts = [file.read_text("utf-8") for file in files]
    found = [Strategy.model_validate(yaml.load(text, safe)) for text in texts]  # noqa: S506  it is a safe loader
    return {strategy.name: strategy for strategy in found}


def known_strategies(own: Iterable[Strategy] = ()) -> Mapping[str, Strategy]:
    """Return every strategy by name: ``leave`` and ``auto``, the shipped ones, and the user's own.

    Args:
        own: the user's strategies.

    Raises:
        ConfigurationError: two have the same name; which of them is meant must be plain from the name.
    """
    known = {**SPECIAL, **shipped()}
    for strategy in own:
        if strategy.name in known:
            raise ConfigurationError(f"there is a strategy {strategy.name!r} already: give this one another name")
        known[strategy.name] = strategy
    return known


def strategy_named(name: str, known: Mapping[str, Strategy], *, where: str | None = None) -> Strategy:
    """Return a strategy by its name.

    Args:
        name: the name.
        known: every strategy.
        where: who asks, for the error.

    Raises:
        ConfigurationError: there is none of that name; near names are given.
    """
    if name not in known:
        raise ConfigurationError(
            f"there is no strategy {name!r}{did_you_mean(name, known)}", where=where, choices=tuple(known)
        )
    return known[name]
