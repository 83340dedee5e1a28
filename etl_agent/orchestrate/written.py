"""Writing a pipeline as the file that a careful person would write."""

from __future__ import annotations

import io
import math
import re
import textwrap
from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import PurePath
from typing import Any

import yaml
from pydantic import BaseModel

from etl_agent.extract.spec import Extract
from etl_agent.masking import spelled_out
from etl_agent.orchestrate.sequential import PipelineSpec
from etl_agent.orchestrate.yaml_text import plain_value
from etl_agent.validate.spec import ColumnContract

__all__ = ["flow", "plain_data", "write_pipeline"]

_WIDTH = 120
_OPEN = frozenset({"load", "validate", "validate.contract", "clean"})
"""Keys whose values are always written a line each, however short: a review goes through them line by line."""
_TAGS = ("step", "measure")
"""Keys that say what the rest is about, and so come first."""
_SAID = frozenset({*_TAGS, "type", "columns", "write_disposition"})
"""Keys that are written also where they go without saying: they are what a reader looks for first."""
_BOUNDS = frozenset({"min", "max"})
_NUMERIC = frozenset({"integer", "decimal", "float"})
_LONGEST_KEY = 128  # characters; YAML reads a longer one only after a question mark
_OTHERWISE = re.compile(
    r"y|Y|n|N"  # truth values of YAML 1.1 that its readers do not agree on
    r"|[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+"
    r"|[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?"
)
"""What some reader takes for something else than text. Source: YAML 1.2.2, section 10.3.2."""
_TEXT, _LIST, _MAPPING = (f"tag:yaml.org,2002:{kind}" for kind in ("str", "seq", "map"))
_RESOLVER: Any = yaml.SafeDumper(io.StringIO())  # what readers of YAML 1.1 make of plain text
_ANALYSIS: Any = yaml.emitter.Emitter(io.StringIO(), allow_unicode=True)


class _Bare(str):
    """Text that may stand without quotes although it is a number: the field takes it for text again."""

    __slots__ = ()


def write_pipeline(spec: PipelineSpec, *, comments: Mapping[str, str] | None = None) -> str:
    """Write a pipeline as YAML: what is said in it and nothing that goes without saying.

    Reading the text gives the same pipeline again, whatever stands in its names and values.

    Args:
        spec: the pipeline.
        comments: what to say about a key, by the keys that lead to it, joined by dots (``load.primary_key``,
            ``clean.2``; nothing for the file as a whole). It stands above the line of that key, or of the nearest
            one around it that begins a line.
    """
    lines = list(_mapping(plain_data(spec), indent=0, path=""))
    above: dict[str, list[str]] = {}
    for key, text in (comments or {}).items():
        above.setdefault(_nearest(key, {path for path, _ in lines}), []).append(text)
    written = [line for text in above.pop("", ()) for line in _comment(text, indent=0)]
    for path, line in lines:
        indent = len(line) - len(line.lstrip(" "))
        written += [said for text in above.pop(path, ()) for said in _comment(text, indent=indent)]
        written.append(line)
    return "\n".join(written) + "\n"


def plain_data(value: Any) -> Any:
    """Return a spec, or a part of one, as it stands in a file: keys of the file, and no defaults."""
    if isinstance(value, BaseModel):
        return _fields(value)
    if isinstance(value, Mapping):
        return {str(key): plain_data(item) for key, item in value.items()}
    if isinstance(value, frozenset | set):
        return sorted(map(plain_data, value))
    if isinstance(value, tuple | list):
        return [plain_data(item) for item in value]
    return str(value) if isinstance(value, PurePath) else value


def flow(value: Any) -> str:
    """Write plain data on one line, as within ``[...]``."""
    return _emitted([value])[1:-1]


def _fields(model: BaseModel) -> dict[str, Any]:
    data: dict[str, Any] = {tag: getattr(model, tag) for tag in _TAGS if tag in type(model).model_fields}
    for name, info in type(model).model_fields.items():
        value, key = getattr(model, name), info.alias or name
        default = info.get_default(call_default_factory=True, validated_data={})
        if key in _SAID or value != default or type(value) is not type(default):
            data[key] = _number(value) if key in _BOUNDS and isinstance(value, str) else plain_data(value)
    if isinstance(model, Extract) and len(model.files) == 1:
        data["files"] = model.files[0]
    if isinstance(model, ColumnContract) and model.one_of and model.column_type.kind in _NUMERIC:
        data["one_of"] = [_number(value) for value in model.one_of]
    return data


def _number(text: str) -> str:
    """Let a bound stand as the number that it is; ``1.10`` would come back as it is too, but looks like 1.1."""
    plain = plain_value(text)
    return _Bare(text) if isinstance(plain, int | float) and not isinstance(plain, bool) else text


def _mapping(data: Mapping[str, Any], *, indent: int, path: str) -> Iterator[tuple[str, str]]:
    """Write a mapping, a line or more a key; each line comes with the keys that lead to it."""
    for key, value in data.items():
        here = f"{path}.{key}" if path else key
        name = _emitted(key)
        if len(name) > _LONGEST_KEY:
            yield here, f"{' ' * indent}? {name}"
            name = ""
        head = f"{' ' * indent}{name}:"
        line = f"{head} {_emitted(value)}"
        if (here not in _OPEN and len(line) <= _WIDTH) or not _has_parts(value):
            yield here, line
        else:
            yield here, head
            yield from _block(value, indent=indent + 2, path=here)


def _sequence(data: Iterable[Any], *, indent: int, path: str) -> Iterator[tuple[str, str]]:
    """Write a list, a line or more an item."""
    for place, value in enumerate(data):
        here = f"{path}.{place}"
        line = f"{' ' * indent}- {_emitted(value)}"
        if len(line) <= _WIDTH or not _has_parts(value):
            yield here, line
            continue
        (_, first), *more = _block(value, indent=indent + 2, path=here)
        yield here, f"{' ' * indent}- {first.lstrip(' ')}"
        yield from more


def _block(value: Any, *, indent: int, path: str) -> Iterator[tuple[str, str]]:
    written = _mapping if isinstance(value, Mapping) else _sequence
    return written(value, indent=indent, path=path)


def _has_parts(value: Any) -> bool:
    return isinstance(value, Mapping | list) and bool(value)


def _nearest(key: str, lines: Collection[str]) -> str:
    """Return the key, or the nearest one around it, that begins a line; nothing where none does."""
    while key and key not in lines:
        key = key.rpartition(".")[0]
    return key


def _comment(text: str, *, indent: int) -> Iterator[str]:
    """Write a comment, which ends where its line does: no character of it can begin another one."""
    harmless = spelled_out(" ".join(text.split()))
    for line in textwrap.wrap(harmless, _WIDTH - indent - 2, break_on_hyphens=False):
        yield f"{' ' * indent}# {line}"


def _emitted(value: Any) -> str:
    """Write a value on one line, as it may stand in a block."""
    if isinstance(value, Mapping | list):
        return _serialized(_node(value))
    return _serialized(yaml.SequenceNode(_LIST, [_leaf(value, in_flow=False)])).removeprefix("- ")


def _serialized(node: Any) -> str:
    text = yaml.serialize(node, Dumper=yaml.SafeDumper, width=math.inf, allow_unicode=True)
    return _spelled(text.rstrip("\n"))


def _spelled(text: str) -> str:
    """Spell out what cannot be seen; it stands within double quotes, where that means the same."""
    return "".join(c if c.isprintable() else f"\\U{ord(c):08X}" for c in text)


def _node(value: Any) -> Any:
    if isinstance(value, Mapping):
        pairs = [(_leaf(key, in_flow=True), _node(item)) for key, item in value.items()]
        return yaml.MappingNode(_MAPPING, pairs, flow_style=True)
    if isinstance(value, list):
        return yaml.SequenceNode(_LIST, [_node(item) for item in value], flow_style=True)
    return _leaf(value, in_flow=True)


def _leaf(value: Any, *, in_flow: bool) -> Any:
    if value is None or isinstance(value, bool):
        text = {None: "null", True: "true", False: "false"}[value]
    else:
        text = str(value)
    if isinstance(value, str) and not isinstance(value, _Bare) and not _is_plain(text, in_flow=in_flow):
        return yaml.ScalarNode(_TEXT, text, style='"')
    return yaml.ScalarNode(_RESOLVER.resolve(yaml.ScalarNode, text, (True, False)), text)


def _is_plain(text: str, *, in_flow: bool) -> bool:
    """Tell whether text means itself without quotes, to our reader and to those of YAML 1.1 and 1.2."""
    if plain_value(text) is not text or _OTHERWISE.fullmatch(text) or "${" in text or not text.isprintable():
        return False
    if not any(c.isalnum() for c in text):  # signs alone look like syntax, also where they are none
        return False
    if _RESOLVER.resolve(yaml.ScalarNode, text, (True, False)) != _TEXT:
        return False
    analysis = _ANALYSIS.analyze_scalar(text)
    return bool(analysis.allow_flow_plain if in_flow else analysis.allow_block_plain)
