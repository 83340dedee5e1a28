"""The model: questions over any endpoint that speaks the chat completions protocol; ``line`` alone uses openai."""

from etl_agent.llm.answers import AnswerFile, Answers, Kept
from etl_agent.llm.chat import ChatAsk, Mode, Sent
from etl_agent.llm.endpoint import Endpoint

__all__ = ["AnswerFile", "Answers", "ChatAsk", "Endpoint", "Kept", "Mode", "Sent"]
