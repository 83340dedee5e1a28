"""A step of the user's own, written in Python and named in a pipeline file."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Sequence
from types import ModuleType
from typing import Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, Field, ValidationError

from etl_agent.clean.step import CarryStep, Change, RowStep, SiftStep, Step
from etl_agent.errors import ConfigurationError, near

__all__ = ["PythonStep"]

_KINDS = (RowStep, SiftStep, CarryStep)


def _path(use: str) -> str:
    module, _, name = use.partition(":")
    if not all(part.isidentifier() for part in (*module.split("."), name)):
        raise ValueError(f"{use!r} names no class: write package.module:Class")
    return use


class PythonStep(Step):
    """Run a step of your own: a class in your package, loaded only because a pipeline file names it.

    The class derives from ``RowStep``, ``FittedStep``, ``SiftStep`` or ``CarryStep`` and has a ``step`` field of its
    own, like every step here. A model is never offered this step.

    | with | before | after |
    |---|---|---|
    | {"use": "etl_agent.clean.text:Strip", "with": {"columns": ["x"]}} | [" a ", "", null] | ["a", "", null] |
    """

    step: Literal["python"] = "python"
    use: Annotated[str, AfterValidator(_path)]
    """The class, as ``package.module:Class``."""
    settings: dict[str, Any] = Field(default={}, alias="with")
    """The parameters of the class; ``with`` in a pipeline file."""

    change: ClassVar[Change] = "value"

    def made(self) -> Step:
        """Load the class and make the step that runs in the place of this one.

        Raises:
            ConfigurationError: the module cannot be imported, the class is not there or is no step, or the
                parameters do not suit it.
        """
        kind = self._checked(self._found(self._module()))
        try:
            return kind.model_validate(self.settings)
        except ValidationError as error:
            mistakes = "; ".join(f"{'.'.join(map(str, e['loc'])) or 'with'}: {e['msg']}" for e in error.errors())
            raise ConfigurationError(
                f"the parameters do not suit it: {mistakes}",
                where=self._where,
                choices=tuple(name for name in kind.model_fields if name != "step"),
            ) from None

    @property
    def _where(self) -> str:
        return f"step python, use {self.use}"

    def _module(self) -> ModuleType:
        name = self.use.partition(":")[0]
        try:
            return importlib.import_module(name)
        except Exception as error:  # the user's module may raise anything while it is imported
            what = f"the module {name!r} cannot be imported: {type(error).__name__}: {error}"
            raise ConfigurationError(what, where=self._where, next_command=f'python -c "import {name}"') from error

    def _found(self, module: ModuleType) -> Any:
        name = self.use.partition(":")[2]
        found = vars(module).get(name)
        if found is None:
            steps = [n for n, v in vars(module).items() if inspect.isclass(v) and issubclass(v, _KINDS)]
            raise ConfigurationError(
                f"the module has no class {name!r}", where=self._where, choices=near(name, steps) or steps
            )
        return found

    def _checked(self, kind: Any) -> type[Step]:
        if not inspect.isclass(kind) or not issubclass(kind, _KINDS):
            raise ConfigurationError(
                "it is no class that derives from a kind of step",
                where=self._where,
                choices=("RowStep", "FittedStep", "SiftStep", "CarryStep"),
            )
        if inspect.isabstract(kind):
            lacking = ", ".join(sorted(kind.__abstractmethods__))
            raise ConfigurationError(f"the class does not say how to do: {lacking}", where=self._where)
        field = kind.model_fields.get("step")
        if field is None or not isinstance(field.default, str):
            name = kind.__name__.lower()
            raise ConfigurationError(
                f'the class has no name for reports: add the field step: Literal["{name}"] = "{name}"',
                where=self._where,
            )
        if not isinstance(getattr(kind, "change", None), str):
            raise ConfigurationError(
                "the class does not say what class of change it makes: add change: ClassVar[Change]",
                where=self._where,
                choices=("format", "value", "fill", "columns"),
            )
        return kind

    def reads(self, names: Sequence[str]) -> tuple[str, ...]:
        """Name what the class reads."""
        return self.made().reads(names)

    def writes(self, names: Sequence[str]) -> tuple[str, ...]:
        """Name what the class writes."""
        return self.made().writes(names)

    def names_after(self, names: Sequence[str]) -> tuple[str, ...]:
        """Name the columns after the class."""
        return self.made().names_after(names)
