"""Reading YAML so that nothing changes its meaning in silence.

Plain scalars are read by the core schema of YAML 1.2, more narrowly: ``true`` and ``false`` are truth values,
``null``, ``~`` and nothing are null, ``12`` and ``0.5`` are numbers. All else is text as written, also what YAML 1.1
turns into something else (``no``, ``on``, ``00123``, ``12:30``, ``1_000``, ``2025-04-03``), and numbers that Python
would write otherwise (``1.10``, ``1e3``). Keys are always text.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import yaml

from etl_agent.orchestrate.located import Branch, Mark, Mistake, Path, Scalar, Value

__all__ = ["plain_value", "read_yaml"]

_LARGEST = 1 << 20  # characters of a file: a pipeline file is written by hand
_MOST_VALUES = 100_000  # after aliases are followed, so that a few lines cannot unfold into billions
_DEEPEST = 50

_INTEGER = re.compile(r"0|-?[1-9][0-9]{0,307}")  # Python refuses to read very long ones
_FLOAT = re.compile(r"-?[0-9]{1,20}\.[0-9]{1,20}")
_CONSTANTS: dict[str, bool | None] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}


def read_yaml(text: str) -> tuple[Value | None, list[Mistake]]:
    """Read one YAML document.

    Returns:
        The document, or None where it cannot be read, with the mistakes on the way: wrong syntax, keys that
        stand twice, tags, merge keys, and documents that are too large, too deep or refer to themselves.
    """
    if len(text) > _LARGEST:
        return None, [Mistake(Mark(1, 1), (), f"the file is larger than {_LARGEST:,} characters")]
    builder = _Builder()
    try:
        builder.build(yaml.parse(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)))
    except _Unreadable as error:
        return None, [*builder.mistakes, error.mistake]
    except yaml.MarkedYAMLError as error:
        return None, [*builder.mistakes, _syntax(error, text)]
    except yaml.reader.ReaderError as error:
        return None, [*builder.mistakes, _unprintable(text, error)]
    return builder.root, builder.mistakes


class _Unreadable(Exception):
    """The document cannot be read any further."""

    def __init__(self, mark: Mark, what: str) -> None:
        super().__init__(what)
        self.mistake = Mistake(mark, (), what)


@dataclass(slots=True)
class _Open:
    """A mapping or list that is still being read, and the key that waits for its value."""

    branch: Branch
    anchor: str | None
    key: str | None = None
    skip: bool = False


@dataclass(slots=True)
class _Builder:
    """Build values from parser events without recursion, so that depth is bounded by us and not by the stack."""

    root: Value | None = None
    mistakes: list[Mistake] = field(default_factory=list)
    _stack: list[_Open] = field(default_factory=list)
    _anchors: dict[str, Value] = field(default_factory=dict)
    _documents: int = 0

    def build(self, events: Iterable[Any]) -> None:
        for event in events:
            mark = Mark(event.start_mark.line + 1, event.start_mark.column + 1)
            if isinstance(event, yaml.DocumentStartEvent):
                self._documents += 1
                if self._documents > 1:
                    raise _Unreadable(mark, "a second document begins here; a file holds one")
            elif isinstance(event, yaml.AliasEvent):
                self._add(self._aliased(str(event.anchor), mark), mark)
            elif isinstance(event, yaml.ScalarEvent):
                self._refuse_tag(event, mark)
                self._scalar(event, mark)
            elif isinstance(event, (yaml.MappingStartEvent, yaml.SequenceStartEvent)):
                self._refuse_tag(event, mark)
                self._begin(event, mark)
            elif isinstance(event, (yaml.MappingEndEvent, yaml.SequenceEndEvent)):
                self._end()

    def _refuse_tag(self, event: Any, mark: Mark) -> None:
        if event.tag not in (None, "!"):
            self.mistakes.append(Mistake(mark, self._path(), "tags (!...) are not read; quote a value to make it text"))

    def _scalar(self, event: Any, mark: Mark) -> None:
        top = self._stack[-1] if self._stack else None
        if top is not None and top.branch.is_mapping and top.key is None:
            self._key(top, event.value, mark, plain=event.implicit[0])
            return
        scalar = Scalar(mark, event.value, plain_value(event.value) if event.implicit[0] else event.value)
        if event.anchor:
            self._anchors[event.anchor] = scalar
        self._add(scalar, mark)

    def _key(self, top: _Open, key: str, mark: Mark, *, plain: bool) -> None:
        if key == "<<" and plain:
            what = "merge keys (<<) are not read; write the keys out"
            self.mistakes.append(Mistake(mark, self._path(), what))
            top.skip = True
        elif key in top.branch.keys:
            first = top.branch.keys[key]
            self.mistakes.append(
                Mistake(mark, (*self._path(), key), f"the key stands twice, first on line {first.line}")
            )
            top.branch.doubled[key] = mark
            top.skip = True
        else:
            top.branch.keys[key] = mark
        top.key = key

    def _begin(self, event: Any, mark: Mark) -> None:
        if self._stack and self._stack[-1].branch.is_mapping and self._stack[-1].key is None:
            raise _Unreadable(
                mark, "a key is text; it cannot be a list or a mapping (quote text that begins with [ or {)"
            )
        if len(self._stack) >= _DEEPEST:
            raise _Unreadable(mark, f"nested deeper than {_DEEPEST} levels")
        self._stack.append(_Open(Branch(mark, isinstance(event, yaml.MappingStartEvent)), event.anchor))

    def _end(self) -> None:
        done = self._stack.pop()
        if done.anchor:
            self._anchors[done.anchor] = done.branch
        self._add(done.branch, done.branch.mark)

    def _aliased(self, anchor: str, mark: Mark) -> Value:
        if anchor in self._anchors:
            return self._anchors[anchor]
        if any(open_.anchor == anchor for open_ in self._stack):
            raise _Unreadable(mark, f"*{anchor} refers to the value that it stands in")
        raise _Unreadable(mark, f"*{anchor} refers to no &{anchor} before it")

    def _add(self, value: Value, mark: Mark) -> None:
        if not self._stack:
            self.root = value
            return
        top = self._stack[-1]
        if top.branch.is_mapping and top.key is None:
            raise _Unreadable(mark, "a key is text; it cannot be an alias")
        if not top.skip:
            at: str | int = len(top.branch.items) if top.key is None else top.key
            top.branch.items[at] = value
            self._grow(top.branch, value, mark)
        top.key, top.skip = None, False

    def _grow(self, branch: Branch, value: Value, mark: Mark) -> None:
        """Keep size and depth bounded, aliases followed: each may be small where many are not."""
        branch.size += value.size if isinstance(value, Branch) else 1
        branch.height = max(branch.height, 1 + (value.height if isinstance(value, Branch) else 0))
        if branch.size > _MOST_VALUES:
            raise _Unreadable(mark, f"aliases (*) unfold to more than {_MOST_VALUES:,} values")
        if len(self._stack) + branch.height > _DEEPEST + 1:
            raise _Unreadable(mark, f"nested deeper than {_DEEPEST} levels")

    def _path(self) -> Path:
        return tuple(_steps(self._stack))


def _steps(stack: Iterable[_Open]) -> Iterator[str | int]:
    """Name the keys that lead to the value that comes next."""
    for open_ in stack:
        if not open_.branch.is_mapping:
            yield len(open_.branch.items)
        elif open_.key is not None:
            yield open_.key


def plain_value(text: str) -> Any:
    """Read an unquoted scalar; a number that would be written otherwise again, such as 1.10, stays text.

    >>> plain_value("12"), plain_value("00123"), plain_value("no")
    (12, '00123', 'no')

    A field for numbers reads that text as a number all the same, and a field for text gets it as it was written.
    """
    if text in _CONSTANTS:
        return _CONSTANTS[text]
    if _INTEGER.fullmatch(text):
        return int(text)
    if _FLOAT.fullmatch(text) and repr(float(text)) == text:
        return float(text)
    return text


def _unprintable(text: str, error: yaml.reader.ReaderError) -> Mistake:
    """Say where a character stands that YAML does not allow; libyaml gives its code, the other reader itself."""
    code = error.character if isinstance(error.character, int) else ord(error.character)
    at = max(text.find(chr(code)), 0)
    mark = Mark(text.count("\n", 0, at) + 1, at - text.rfind("\n", 0, at))
    return Mistake(mark, (), f"the character U+{code:04X} may not stand in YAML")


def _syntax(error: yaml.MarkedYAMLError, text: str) -> Mistake:
    """Say what is wrong with the syntax, with a hint for what people usually meant."""
    place = error.problem_mark or error.context_mark
    mark = Mark(place.line + 1, place.column + 1) if place else Mark(1, 1)
    lines = text.splitlines()
    line = lines[mark.line - 1] if mark.line <= len(lines) else ""
    what = f"not YAML: {error.problem or error.context}"
    if error.problem and error.context_mark:
        what += f" {error.context} that begins at {error.context_mark.line + 1}:{error.context_mark.column + 1}"
    if "\t" in line[: mark.column]:
        what += "; indent with spaces, not tabs"
    elif "${" in line:
        what += '; put quotes around "${...}"'
    elif line.count(": ") > 1:
        what += "; put quotes around text that contains ': '"
    return Mistake(mark, (), what)
