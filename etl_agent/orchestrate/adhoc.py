"""A pipeline from a command's options instead of a file."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import ValidationError

from etl_agent.errors import UsageError
from etl_agent.extract.spec import Extract
from etl_agent.orchestrate.sequential import PipelineSpec

__all__ = ["extract_of", "pipeline_of"]


def pipeline_of(table: str, sections: Mapping[str, Mapping[str, Any]]) -> PipelineSpec:
    """Make a pipeline from the options of a command.

    Args:
        table: the target table, which also names the pipeline.
        sections: what the options say, by section and key; None means not given.

    Raises:
        UsageError: the options do not fit together.
    """
    given = {
        section: {key: value for key, value in options.items() if value is not None}
        for section, options in sections.items()
    }
    name = re.sub(r"\W", "_", table, flags=re.ASCII)[:63]
    try:
        return PipelineSpec.model_validate(
            {"version": 1, "name": name if name[:1].isalpha() else f"_{name}"[:63], **given}
        )
    except ValidationError as error:
        raise UsageError(_said(error), next_command="etl-agent load --help") from None


def extract_of(files: Sequence[str], *, encoding: str | None, delimiter: str | None) -> Extract:
    """Make the extract part from the options of a command that only reads.

    Raises:
        UsageError: the options do not fit together.
    """
    given = {"files": tuple(files), "encoding": encoding, "delimiter": delimiter}
    try:
        return Extract.model_validate({key: value for key, value in given.items() if value is not None})
    except ValidationError as error:
        raise UsageError(_said(error)) from None


def _said(error: ValidationError) -> str:
    return "; ".join(
        f"{_option(mistake['loc'])}{mistake['msg'].removeprefix('Value error, ')}" for mistake in error.errors()
    )


def _option(location: tuple[int | str, ...]) -> str:
    words = [str(part) for part in location if part not in ("extract", "validate", "load") and isinstance(part, str)]
    return f"--{words[0].replace('_', '-')}: " if words else ""
