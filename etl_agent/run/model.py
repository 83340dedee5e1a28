"""The configured model: asked within its limits, with answers that are kept and a record of all that is sent."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from pydantic import BaseModel

from etl_agent.ask import Answered, Question, Unanswered, Usage
from etl_agent.metering import Meter
from etl_agent.run.egress import EgressRecord
from etl_agent.run.own_folder import FOLDER

if TYPE_CHECKING:
    from etl_agent.llm.chat import ChatAsk
    from etl_agent.run.model_settings import ModelSettings

__all__ = ["ConfiguredModel", "open_model"]

Answer = TypeVar("Answer", bound=BaseModel)


def open_model(settings: ModelSettings | None, *, project: Path) -> ConfiguredModel | None:
    """Return the configured model; nothing is imported, written or sent before it is asked.

    Args:
        settings: the model; None where none is configured.
        project: the folder in which ``.etl_agent/`` keeps answers and the record of all that is sent.
    """
    return None if settings is None else ConfiguredModel(settings, folder=project / FOLDER)


class ConfiguredModel:
    """Ask the model that is configured; threads may share it, and what they ask counts against one budget.

    Args:
        settings: the model and its limits.
        folder: keeps answers, and the record of all that is sent.
    """

    def __init__(self, settings: ModelSettings, *, folder: Path) -> None:
        self._settings = settings
        self._folder = folder
        self._meter = Meter(settings.budget)

    @property
    def used(self) -> Usage:
        """What all questions so far took."""
        return self._meter.used

    def __call__(self, question: Question[Answer]) -> Answered[Answer] | Unanswered:
        """Answer a question, from the answers that are kept if it was asked before."""
        if self._settings.keyless:
            return Unanswered("transport", "OPENAI_API_KEY is not set, so the endpoint was not asked")
        return self._chat(question)

    @cached_property
    def _chat(self) -> ChatAsk:
        from etl_agent.llm.answers import AnswerFile  # late: most runs ask nothing
        from etl_agent.llm.chat import ChatAsk

        return ChatAsk(
            self._settings.endpoint,
            meter=self._meter,
            sent=EgressRecord(self._folder / "egress.jsonl"),
            answers=AnswerFile(self._folder / "answers.jsonl"),
        )
