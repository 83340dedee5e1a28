"""Contracts that are compiled from the section of a pipeline file, and what they say of rows."""

import json
from pathlib import Path

from etl_agent.validate.contract import compile_contract
from etl_agent.validate.spec import Validate

__all__ = ["contract", "reasons"]


def contract(names=None, types=None, **section):
    """Compile the section of a pipeline file."""
    return compile_contract(Validate.model_validate(section), project=Path(), names=names, types=types)


def reasons(judged):
    """List the reasons of each rejected row."""
    return [json.loads(text) for rejects in judged.rejects for text in rejects.reasons.to_pylist()]
