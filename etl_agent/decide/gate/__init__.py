"""The gate: measure a proposed step on the sample before it touches data."""

from __future__ import annotations

from etl_agent.decide.gate.judging import judge
from etl_agent.decide.gate.ruling import Objection, Ruling

__all__ = ["Objection", "Ruling", "judge"]
