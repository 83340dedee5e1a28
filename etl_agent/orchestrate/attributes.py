"""The docstrings under the fields of specs: what each field means, read from the source when somebody asks."""

from __future__ import annotations

import ast
import inspect
import sys
from collections.abc import Iterator, Mapping
from functools import cache

from pydantic import BaseModel

__all__ = ["attribute_docstrings"]


def attribute_docstrings(model: type[BaseModel]) -> Mapping[str, str]:
    """Return the docstrings that stand under the fields of a model, those of its bases included.

    Pydantic can read them when it makes a class, but that reads and parses the source of every class in every process;
    only the catalogue, the reference and the JSON Schemas show them.

    Args:
        model: a model whose source can be read; one that was made at run time has the docstrings of its bases.
    """
    found: dict[str, str] = {}
    for kind in reversed(model.__mro__):
        found.update(_of_module(kind.__module__).get(kind.__qualname__, {}))
    return {name: text for name, text in found.items() if name in model.model_fields}


@cache
def _of_module(name: str) -> Mapping[str, Mapping[str, str]]:
    """Read the docstrings under the fields of all classes of a module, by the classes' qualified names."""
    try:
        source = inspect.getsource(sys.modules[name])
    except (KeyError, OSError, TypeError):
        return {}
    return dict(_of_classes(ast.parse(source), ""))


def _of_classes(parent: ast.AST, before: str) -> Iterator[tuple[str, Mapping[str, str]]]:
    for node in ast.iter_child_nodes(parent):
        if isinstance(node, ast.ClassDef):
            yield before + node.name, dict(_of_fields(node))
            yield from _of_classes(node, f"{before}{node.name}.")


def _of_fields(node: ast.ClassDef) -> Iterator[tuple[str, str]]:
    for field, below in zip(node.body, node.body[1:], strict=False):
        match field, below:
            case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(text))):
                yield name, inspect.cleandoc(text)
