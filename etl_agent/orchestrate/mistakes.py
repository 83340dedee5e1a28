"""From pydantic's errors to the mistakes of a file: one for each thing that is wrong, at the place where it stands."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from pydantic import ValidationError

from etl_agent.errors import did_you_mean, near, one_slip
from etl_agent.orchestrate.fields import Expected, below, fields_of, labelled, narrowed
from etl_agent.orchestrate.located import Branch, Mark, Mistake, Path, Scalar, Value, meaning
from etl_agent.orchestrate.wording import is_of_wrong_kind, worded, wrong_kind

__all__ = ["SEVERAL", "mistakes_of"]

SEVERAL = "several_mistakes"
"""The type of an error whose context holds ``mistakes``: pairs of a path and what is wrong there."""


@dataclass(frozen=True, slots=True)
class _Found:
    """An error of pydantic, placed in the file.

    Args:
        error: pydantic's entry.
        path: the keys that lead to the value, as far as the file has them.
        value: what stands there.
        mark: where the value, or the key that is wrong, stands.
        expected: the types that were expected of the value.
        picks: the members of unions that were tried on the way: where, and which.
        name: the key that is missing or unknown in the value.
    """

    error: Mapping[str, Any]
    path: Path
    value: Value
    mark: Mark
    expected: Expected
    picks: tuple[tuple[Path, str], ...]
    name: str | None = None


def mistakes_of(error: ValidationError, root: Value, expected: Expected) -> list[Mistake]:
    """Turn the errors of a validation into mistakes, in the order of the file.

    Args:
        error: what pydantic raised.
        root: the file.
        expected: the types of the file as a whole.
    """
    found = _settled([_placed(each, root, expected) for each in error.errors(include_url=False)], depth=0)
    unknown = [each for each in found if each.error["type"] == "extra_forbidden"]
    missing = [each for each in found if each.error["type"] == "missing"]
    others = [
        each
        for each in found
        if each.error["type"] not in {"extra_forbidden", "missing"} and not _is_consequence(each, found)
    ]
    said = [
        *_of_keys(unknown, missing),
        *(mistake for each in others for mistake in _of_value(each, root)),
    ]
    return sorted(dict.fromkeys(said), key=lambda mistake: mistake.mark)


def _is_consequence(each: _Found, found: Sequence[_Found]) -> bool:
    """Whether a list is only too short because pydantic leaves out the entries that are wrong themselves."""
    if each.error["type"] != "too_short":
        return False
    return any(other is not each and other.path[: len(each.path)] == each.path for other in found)


def _placed(error: Mapping[str, Any], root: Value, expected: Expected) -> _Found:
    """Follow an error's place through the file; what is no key or position there is a member of a union."""
    value, mark, picks = root, root.mark, list[tuple[Path, str]]()
    path: Path = ()
    place = [part for part in error["loc"] if part != "[key]"]
    name = str(place.pop()) if error["type"] in {"missing", "extra_forbidden"} and place else None
    for part in place:
        if isinstance(part, str) and _is_member(part, value, expected, tried=any(where == path for where, _ in picks)):
            picks.append((path, part))
            expected = labelled(expected, part)
        elif isinstance(value, Branch) and part in value.items:
            child = value.items[part]
            at_key = isinstance(child, Branch) or error["loc"][-1] == "[key]"
            mark = value.keys.get(part, child.mark) if at_key else child.mark
            value, path, expected = child, (*path, part), below(expected, part)
        elif isinstance(part, int):  # one value stands for a list of it
            expected = below(expected, part) or expected
    if isinstance(value, Branch):
        expected = narrowed(expected, _scalars(value))
    return _Found(error, path, value, mark, expected, tuple(picks), name)


def _is_member(part: str, value: Value, expected: Expected, *, tried: bool) -> bool:
    """Whether a part of an error's place names a member of a union rather than a key of the file."""
    if not _has(value, part):
        return True
    return len(expected) > 1 and (not tried or len(labelled(expected, part)) < len(expected))


def _has(value: Value, key: str | int) -> bool:
    return isinstance(value, Branch) and key in value.items


def _scalars(branch: Branch) -> dict[str | int, Any]:
    return {key: item.plain for key, item in branch.items.items() if isinstance(item, Scalar)}


def _settled(found: Sequence[_Found], *, depth: int) -> list[_Found]:
    """Of the members of each union keep the errors of the one that was meant."""
    done = [each for each in found if len(each.picks) <= depth]
    rest = sorted((each for each in found if len(each.picks) > depth), key=lambda each: _key(each.picks[depth][0]))
    for where, tried in groupby(rest, key=lambda each: each.picks[depth][0]):
        members: dict[str, list[_Found]] = {}
        for each in tried:
            members.setdefault(each.picks[depth][1], []).append(each)
        done += _settled(_meant(list(members.values()), where), depth=depth + 1)
    return done


def _meant(members: Sequence[list[_Found]], where: Path) -> list[_Found]:
    """Choose the member whose shape the value has and that finds least wrong, or tell what all of them expected."""
    fitting = [errors for errors in members if not any(_is_misfit(each, where) for each in errors)]
    if fitting:
        return min(fitting, key=len)
    first = members[0][0]
    together = {"type": "union_misfit", "errors": [each.error for errors in members for each in errors]}
    return [_Found(together, first.path, first.value, first.mark, first.expected, ())]


def _is_misfit(found: _Found, where: Path) -> bool:
    tagged = found.error["type"] == "union_tag_invalid"  # a mapping with a wrong name has the right shape
    return found.path == where and found.name is None and not tagged and is_of_wrong_kind(found.error)


def _key(path: Path) -> tuple[str, ...]:
    return tuple(map(str, path))


def _of_keys(unknown: Iterable[_Found], missing: Sequence[_Found]) -> list[Mistake]:
    """Pair each unknown key with the key that was meant, so that a slip is one mistake and not two."""
    said, meant = [], set()
    for each in unknown:
        key, keys = str(each.name), each.value.keys if isinstance(each.value, Branch) else {}
        known = fields_of(each.expected)
        free = [name for name in known if name not in keys]
        absent = [other.name for other in missing if other.path == each.path and other.name]
        close = near(key, absent) or near(key, free)
        meant |= {(each.path, name) for name in close[:1]}
        hint = did_you_mean(key, absent) or did_you_mean(key, free)
        mark = keys.get(key, each.mark)
        said.append(Mistake(mark, (*each.path, key), f"unknown key{hint}; valid: {', '.join(known)}"))
    for each in missing:
        doubled = each.value.doubled if isinstance(each.value, Branch) else {}
        slipped = any(one_slip(str(each.name), key) for key in doubled)
        if (each.path, each.name) not in meant and not slipped:
            said.append(Mistake(each.mark, each.path, f"the key {each.name!r} is missing"))
    return said


def _of_value(found: _Found, root: Value) -> list[Mistake]:
    """Say what is wrong with a value; a check across the file names its own places."""
    value = meaning(found.value)
    match found.error["type"]:
        case "union_misfit":
            return [Mistake(found.mark, found.path, wrong_kind(found.error["errors"], value))]
        case "union_tag_not_found" | "untagged":
            return [_untagged(found)]
        case "union_tag_invalid":
            return [_wrongly_tagged(found)]
        case kind if kind == SEVERAL:
            pairs = found.error["ctx"]["mistakes"]
            return [Mistake(_mark_at(root, (*found.path, *path)), (*found.path, *path), said) for path, said in pairs]
    return [Mistake(found.mark, found.path, worded(found.error, value))]


def _untagged(found: _Found) -> Mistake:
    """Say which key tells the members apart, or which key is a slip of it."""
    if not isinstance(found.value, Branch) or not found.value.is_mapping:
        return Mistake(found.mark, found.path, wrong_kind([{"type": "model_type"}], meaning(found.value)))
    tags = [tag.strip("' ") for tag in str(found.error["ctx"]["discriminator"]).split(" or ")]
    there = [tag for tag in tags if tag in found.value.keys]
    if len(there) > 1:
        return Mistake(found.mark, found.path, f"of the keys {' and '.join(map(repr, there))} only one can stand here")
    for key, mark in found.value.keys.items():
        if hint := did_you_mean(str(key), tags):
            return Mistake(mark, (*found.path, key), f"unknown key{hint}")
    return Mistake(found.mark, found.path, f"the key {' or '.join(map(repr, tags))} is missing")


def _wrongly_tagged(found: _Found) -> Mistake:
    """Put a wrong name, for example of a step, where it stands."""
    tag = str(found.error["ctx"]["discriminator"]).strip("'")
    place = found.value.items.get(tag) if isinstance(found.value, Branch) else None
    mark, value = (place.mark, meaning(place)) if place else (found.mark, found.error["ctx"]["tag"])
    return Mistake(mark, (*found.path, tag), wrong_kind([found.error], value))


def _mark_at(root: Value, path: Path) -> Mark:
    """Find where the deepest part of a path stands that the file has."""
    mark = root.mark
    for part in path:
        if not _has(root, part) or not isinstance(root, Branch):
            break
        mark = root.keys.get(part, root.items[part].mark)
        root = root.items[part]
    return mark
