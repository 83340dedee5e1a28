"""Everything that a pipeline file may say, and everything that a run may answer, read from the code."""

from __future__ import annotations

import json
import re
import types
from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from inspect import cleandoc
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from etl_agent.clean.examples import Example, examples
from etl_agent.clean.step import Step
from etl_agent.clean.union import FAMILIES
from etl_agent.errors import EtlAgentError
from etl_agent.extract.spec import AddColumn, Extract
from etl_agent.frozen import ONE_OR_MORE
from etl_agent.load.spec import Load, Strategy, WriteDisposition
from etl_agent.orchestrate.sequential import PipelineSpec
from etl_agent.rejects import ReasonCode
from etl_agent.validate.spec import ColumnContract, Compare, Drift, DriftMode, Validate

__all__ = [
    "DRIFT_MODES",
    "KINDS",
    "REASONS",
    "STRATEGIES",
    "WRITE_DISPOSITIONS",
    "Entry",
    "Kind",
    "Parameter",
    "catalogue",
]

Kind = Literal["step", "section", "write disposition", "merge strategy", "drift mode", "reject reason", "exit code"]
KINDS: tuple[Kind, ...] = get_args(Kind)

SECTIONS: Mapping[str, type[BaseModel]] = {
    "pipeline": PipelineSpec,
    "extract": Extract,
    "extract.add.<column>": AddColumn,
    "validate": Validate,
    "validate.contract.<column>": ColumnContract,
    "validate.checks[]": Compare,
    "validate.drift": Drift,
    "load": Load,
}
"""The parts of a pipeline file, by their path; cleaning steps have entries of their own."""

WRITE_DISPOSITIONS: Mapping[WriteDisposition, str] = {
    "append": "Add the rows. With a primary key, a row that is there already is dropped if equal, else quarantined.",
    "replace": "Make the rows the whole table, in one transaction; grants, indexes and views stay.",
    "merge": "Compare the rows with the table by primary key; the strategy says what becomes of a key that is there.",
}
STRATEGIES: Mapping[Strategy, str] = {
    "upsert": "Update the rows that differ, insert those that are new.",
    "delete-insert": "Delete all rows of each key, then insert.",
    "insert-only": "Insert rows with new keys; rows whose key is there are filtered.",
    "scd2": "Close the old version (valid_to) and insert the new one (valid_from).",
}
DRIFT_MODES: Mapping[DriftMode, str] = {
    "evolve": "Follow the data: new columns are added as text, types become as wide as the values need.",
    "freeze": "Load nothing, and report the whole difference.",
    "quarantine": "Quarantine the rows that do not fit, load the others.",
    "discard_value": "Drop the values that do not fit; each is counted as a change.",
}
REASONS: Mapping[ReasonCode, str] = {
    "blank-row": "The row has no value in any column.",
    "cell-too-long": "A cell is longer than max_cell_bytes, or its quote spans too many lines.",
    "constraint-error": "A value breaks a check of its column.",
    "encoding-error": "The line has bytes that are not valid in the file's encoding.",
    "extra-cell": "The row has more cells than the header.",
    "foreign-key-error": "The database refuses a reference to a row that is not there.",
    "missing-cell": "The row has fewer cells than the header.",
    "nul-byte": "The line has a NUL byte.",
    "primary-key-error": "A column of the primary key is null, or the key is there with another row.",
    "required-value": "A cell is null where the contract wants a value.",
    "row-constraint": "The row breaks a check between columns.",
    "stray-quote": "A quote stands where none may, so the cells cannot be told apart.",
    "type-error": "A value does not fit its column's type.",
    "unique-error": "The value or key stands in another row too.",
    "unterminated-quote": "A quoted cell is not closed.",
}
"""What each reject reason means."""

_OTHER_CODES: Mapping[int, str] = {
    0: "Done, or nothing new.",
    1: "A check says no: check, --fail-on-rejects.",
    130: "Interrupted (SIGINT); nothing was loaded.",
    141: "The reader of the output has gone, for example | head.",
    143: "Terminated (SIGTERM); nothing was loaded.",
}
"""Exit codes without an error class."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """A key of a step or section.

    Args:
        name: the key.
        type: what its value may be, in words.
        default: what it is when left out, as YAML; None where the key must be there.
        description: what it means.
    """

    name: str
    type: str
    default: str | None
    description: str


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that the catalogue knows.

    Args:
        kind: what it is.
        name: as it is written in a file or printed by a run.
        summary: one sentence.
        family: the family of a step.
        scope: the scope of a step.
        change: what a step changes.
        version: the version of a step.
        description: the text below the summary.
        parameters: the keys.
        examples: before and after.
    """

    kind: Kind
    name: str
    summary: str
    family: str | None = None
    scope: str | None = None
    change: str | None = None
    version: int | None = None
    description: str = ""
    parameters: tuple[Parameter, ...] = ()
    examples: tuple[Example, ...] = ()


def catalogue() -> tuple[Entry, ...]:
    """List every step, section, write disposition, strategy, drift mode, reject reason and exit code."""
    return (
        *(_step(step, family) for family, steps in FAMILIES.items() for step in steps),
        *(_section(name, model) for name, model in SECTIONS.items()),
        *(Entry("write disposition", name, text) for name, text in WRITE_DISPOSITIONS.items()),
        *(Entry("merge strategy", name, text) for name, text in STRATEGIES.items()),
        *(Entry("drift mode", name, text) for name, text in DRIFT_MODES.items()),
        *(Entry("reject reason", name, text) for name, text in sorted(REASONS.items())),
        *(Entry("exit code", str(code), text) for code, text in sorted(_exit_codes().items())),
    )


def _step(step: type[Step], family: str) -> Entry:
    summary, description = _documented(step)
    name = str(step.model_fields["step"].default)
    return Entry(
        "step",
        name,
        summary,
        family=family,
        scope=step.scope,
        change=step.change,
        version=step.version,
        description=description,
        parameters=tuple(parameter for parameter in _parameters(step) if parameter.name != "step"),
        examples=examples(step),
    )


def _section(name: str, model: type[BaseModel]) -> Entry:
    summary, description = _documented(model)
    return Entry("section", name, summary, description=description, parameters=tuple(_parameters(model)))


def _documented(model: type[BaseModel]) -> tuple[str, str]:
    """Part a docstring into its first sentence and the text below; the before/after table is read elsewhere."""
    summary, *rest = cleandoc(model.__doc__ or "").split("\n\n")
    below = [" ".join(part.split()) for part in rest if not part.lstrip().startswith("|")]
    return " ".join(summary.split()), "\n\n".join(below)


def _parameters(model: type[BaseModel]) -> Iterator[Parameter]:
    for name, info in model.model_fields.items():
        description = " ".join((info.description or "").split())
        one = "text or " if ONE_OR_MORE in info.metadata else ""
        yield Parameter(info.alias or name, one + type_in_words(info.annotation), _default(info), description)


def type_in_words(annotation: Any) -> str:
    """Say what a value may be.

    >>> type_in_words(Literal["all"] | tuple[str, ...])
    'all or a list of text'
    """
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return type_in_words(arguments[0])
    if origin is Literal:
        return " or ".join(_yaml(value) for value in arguments)
    if origin is Union or origin is types.UnionType:
        parts = [type_in_words(argument) for argument in arguments if argument is not types.NoneType]
        return " or ".join(dict.fromkeys(parts)) if len(parts) <= _MOST_MEMBERS else "a step"
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return f"a mapping of {_plural(arguments[1])}"
    if isinstance(origin, type) and issubclass(origin, Sequence | AbstractSet):
        return f"a list of {_plural(arguments[0])}"
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        keys = [info.alias or name for name, info in annotation.model_fields.items()]
        return f"a mapping ({', '.join(keys)})" if len(keys) <= _MOST_MEMBERS else "a mapping"
    return _WORDS.get(getattr(annotation, "__name__", ""), "a value")


_MOST_MEMBERS = 8
_BARE = re.compile(r"(?!(?:true|false|null)$)[A-Za-z_][\w./-]*")  # text that is text without quotes too
_WORDS: Mapping[str, str] = {
    "Decimal": "a number",
    "PurePosixPath": "a path",
    "bool": "true or false",
    "date": "a date",
    "datetime": "a date and time",
    "float": "a number",
    "int": "a whole number",
    "str": "text",
    "time": "a time",
}


def _plural(annotation: Any) -> str:
    said = type_in_words(annotation)
    singular = {"a number": "numbers", "a whole number": "whole numbers", "a path": "paths", "a step": "steps"}
    return singular.get(said, said.replace("a list of", "lists of", 1).replace("a mapping", "mappings", 1))


def _default(info: FieldInfo) -> str | None:
    if info.is_required():
        return None
    return _yaml(info.get_default(call_default_factory=True))


def _yaml(value: Any) -> str:
    """Write a value as it would stand in a file."""
    if value is None:
        return "absent"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, BaseModel):
        pairs = [
            f"{key}: {_yaml(each)}" for key, each in value.model_dump(by_alias=True, exclude_defaults=True).items()
        ]
        return f"{{{', '.join(pairs)}}}" if pairs else "as its keys say"
    if isinstance(value, Mapping):
        return f"{{{', '.join(f'{key}: {_yaml(each)}' for key, each in value.items())}}}"
    if isinstance(value, tuple | list | frozenset):
        return f"[{', '.join(map(_yaml, value))}]"
    text = str(value)
    return json.dumps(text, ensure_ascii=False) if isinstance(value, str) and not _BARE.fullmatch(text) else text


def _exit_codes() -> dict[int, str]:
    """Join what the errors of each exit code say of themselves."""
    said: dict[int, list[str]] = {code: [text] for code, text in _OTHER_CODES.items()}
    for error in _errors(EtlAgentError):
        if error is not EtlAgentError and "exit_code" in vars(error):
            said.setdefault(error.exit_code, []).append(cleandoc(error.__doc__ or "").partition("\n\n")[0])
    return {code: " ".join(texts) for code, texts in said.items()}


def _errors(error: type[EtlAgentError]) -> Iterator[type[EtlAgentError]]:
    yield error
    for below in error.__subclasses__():
        if below.__module__ == EtlAgentError.__module__:
            yield from _errors(below)
