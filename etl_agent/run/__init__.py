"""Running: what happens when. The package is also the public function ``etl_agent.run``."""

from __future__ import annotations

import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from etl_agent.run.result import RunResult

__all__: list[str] = []


class _Running(ModuleType):
    """A package that can be called.

    ``from etl_agent import run`` means the function, but the import system puts this package under the same name as
    soon as any module of it is imported first; so both must do the same.
    """

    def __call__(self, *arguments: Any, **keywords: Any) -> RunResult:
        """Run a pipeline, as ``etl_agent.run.api.run`` does."""
        from etl_agent.run.api import run

        return run(*arguments, **keywords)


sys.modules[__name__].__class__ = _Running
