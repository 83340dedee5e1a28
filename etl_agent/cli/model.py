"""The options of commands that may ask a model, and the model that they open."""

from __future__ import annotations

import os
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from etl_agent.run.model import ConfiguredModel

__all__ = ["asking", "fallback_option", "model_options"]

Function = TypeVar("Function", bound=Callable[..., Any])

_MODEL = "ETL_AGENT_MODEL"  # as in run/model_settings.py, which most commands need not import


def model_options(function: Function) -> Function:
    """Give ``--model`` and ``--no-model`` to a command; ``asking`` takes them."""
    named = click.option(
        "--model",
        metavar="NAME",
        help=f"A model that may be asked where it is said that one chooses; also {_MODEL}. Without, none ever is.",
    )
    off = click.option("--no-model", is_flag=True, help=f"Ask no model, whatever {_MODEL} says.")
    return named(off(function))


def fallback_option(function: Function) -> Function:
    """Give ``--fail-on-fallback`` to a command; it arrives as ``fail_on_fallback``."""
    return click.option(
        "--fail-on-fallback",
        is_flag=True,
        help="Exit with 1 if anything that a model was to decide was decided without it.",
    )(function)


def asking(
    model: str | None,
    *,
    no_model: bool = False,
    project: Path,
    calls: int | None = None,
    tokens: int | None = None,
    cost: Decimal | None = None,
    seconds: float | None = None,
) -> ConfiguredModel | None:
    """Return the model that is configured, if there is one; nothing is sent before a question is asked.

    Args:
        model: what ``--model`` says.
        no_model: what ``--no-model`` says.
        project: the folder that keeps answers, and a record of all that is sent; its ``.env`` has been read.
        calls, tokens, cost: what all questions of the command may take; by default what the variables say.
        seconds: time that they may take together.

    Raises:
        ConfigurationError: the model is configured as it cannot be.
    """
    if no_model or not (model or os.environ.get(_MODEL)):
        return None
    from etl_agent.run.model import open_model
    from etl_agent.run.model_settings import read_settings

    return open_model(read_settings(model, calls=calls, tokens=tokens, cost=cost, seconds=seconds), project=project)
