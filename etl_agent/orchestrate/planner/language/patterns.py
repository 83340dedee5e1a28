"""The small language that phrases are written in, and where in a goal a phrase matches."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice

from etl_agent.orchestrate.planner.language.lexicon import FILLERS, STOP_WORDS
from etl_agent.orchestrate.planner.language.tokens import Token

__all__ = ["Found", "Node", "Pattern", "Slot", "SlotReader", "Work", "literals", "parse", "weigh"]

_MOST = 48  # ways in which a phrase may match from one place on: more are no other meanings
_MOST_STEPS = 400  # pieces of a phrase that are tried from one place on, in all ways together: enough for long lists
_MOST_IN_ALL = 150_000  # pieces that are tried in a goal: behind them, it is a heap of words rather than a goal
_FEW_STEPS = 8  # pieces that are tried from one place on then
_SKIPPED = 2  # unknown words in a row inside a phrase

_BETWEEN_MOST = 6  # words and marks that a phrase steps over at one place
_BETWEEN = frozenset(("-", "(", ")", "[", "]", "*", '"'))
"""Marks that may stand between the words of a phrase."""
_PIECE = re.compile(
    r"<(?P<slot>[a-z_]+)>|:(?P<macro>[a-z_]+)|(?P<open>[(\[])|(?P<close>[)\]])|(?P<bar>\|)|(?P<word>[^\s()\[\]|<]+|[<>]=?)"
)


@dataclass(frozen=True, slots=True)
class Word:
    """One of several words."""

    keys: frozenset[str]


@dataclass(frozen=True, slots=True)
class Slot:
    """A place for names or values."""

    name: str


@dataclass(frozen=True, slots=True)
class Choice:
    """One of several sequences; an empty one makes the others optional.

    Args:
        arms: the sequences.
        firsts: the words that each may begin with; None where it may begin with anything.
    """

    arms: tuple[tuple[Node, ...], ...]
    firsts: tuple[frozenset[str] | None, ...]


Node = Word | Slot | Choice


@dataclass(frozen=True, slots=True)
class Found:
    """How far a phrase matches.

    Args:
        end: the place behind the last word.
        used: the places of its words.
        slots: what its slots hold, in their order.
        weight: how much it explains.
    """

    end: int
    used: tuple[int, ...] = ()
    slots: tuple[tuple[str, object], ...] = ()
    weight: float = 0.0

    def slot(self, name: str) -> object | None:
        """Return what a slot holds; None where the phrase has no such slot."""
        return next((value for known, value in self.slots if known == name), None)


def weigh(token: Token) -> float:
    """Return how much is explained where a token is: much where it says something, little where it hardly does."""
    return 1.0 if token.says and token.key not in STOP_WORDS else 0.1


SlotReader = Callable[[int], Iterator[Found]]
"""Reads what a slot holds from a place on, in all ways that make sense."""


@dataclass(slots=True)
class Work:
    """What was done for one goal, so that a long one takes bounded time.

    Args:
        steps: pieces of phrases that were tried.
        heads: the words that may follow a place, as far as they were looked up.
    """

    steps: int = 0
    heads: dict[tuple[int, bool], frozenset[str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Pattern:
    """A phrase, ready to match."""

    nodes: tuple[Node, ...]
    firsts: frozenset[str] | None

    def matches(
        self,
        tokens: Sequence[Token],
        at: int,
        *,
        readers: Mapping[str, SlotReader],
        unknown: frozenset[int],
        work: Work,
    ) -> Iterator[Found]:
        """Match from a place on.

        Args:
            tokens: the goal.
            at: where the phrase begins.
            readers: how each slot is read.
            unknown: places of words that no phrase and no name knows; a phrase may step over them.
            work: what was done for the goal so far.
        """
        most = _MOST_STEPS if work.steps < _MOST_IN_ALL else _FEW_STEPS
        walk = _Walk(tokens, readers, unknown, at, work.heads, [most])
        yield from islice(walk.sequence(self.nodes, Found(at)), _MOST)
        work.steps += most - walk.left[0]

    def begins(self, token: Token) -> bool:
        """Whether it may begin with a token."""
        return token.says if self.firsts is None else token.key in self.firsts


@dataclass(frozen=True, slots=True)
class _Walk:
    tokens: Sequence[Token]
    readers: Mapping[str, SlotReader]
    unknown: frozenset[int]
    first: int
    known: dict[tuple[int, bool], frozenset[str]]
    left: list[int]

    def sequence(self, nodes: tuple[Node, ...], so_far: Found) -> Iterator[Found]:
        if not nodes:
            yield so_far
            return
        self.left[0] -= 1
        for found in self.node(nodes[0], so_far) if self.left[0] > 0 else ():
            yield from self.sequence(nodes[1:], found)

    def node(self, node: Node, so_far: Found) -> Iterator[Found]:
        if isinstance(node, Choice):
            here = self.heads(so_far)
            for arm, firsts in zip(node.arms, node.firsts, strict=True):
                if firsts is None or not arm or not firsts.isdisjoint(here):
                    yield from self.sequence(arm, so_far)
            return
        if isinstance(node, Word) and node.keys.isdisjoint(self.heads(so_far)):
            return
        for at, used in self.starts(so_far):
            if at >= len(self.tokens):
                return
            if isinstance(node, Word):
                if self.tokens[at].kind != "quoted" and self.tokens[at].key in node.keys:
                    weight = so_far.weight + weigh(self.tokens[at])
                    yield replace(so_far, end=at + 1, used=(*so_far.used, *used, at), weight=weight)
                    return
                continue
            for read in self.readers[node.name](at):
                yield Found(
                    read.end,
                    (*so_far.used, *used, *read.used),
                    (*so_far.slots, *((node.name, value) for _, value in read.slots)),
                    so_far.weight + read.weight,
                )

    def heads(self, so_far: Found) -> frozenset[str]:
        """Return the words that the next piece may begin with."""
        place = (so_far.end, so_far.end == self.first)
        if place not in self.known:
            found = (self.tokens[at].key for at, _ in self.starts(so_far) if at < len(self.tokens))
            self.known[place] = frozenset(found)
        return self.known[place]

    def starts(self, so_far: Found) -> Iterator[tuple[int, tuple[int, ...]]]:
        """Return where the next piece may begin, with the fillers on the way: at once, or behind unknown words."""
        at, skipped = so_far.end, 0
        used: tuple[int, ...] = ()
        yield at, used
        if at == self.first:
            return
        while at < min(so_far.end + _BETWEEN_MOST, len(self.tokens)):
            if at in self.unknown and skipped < _SKIPPED:
                skipped += 1
            elif self.tokens[at].key in FILLERS or self.tokens[at].text in _BETWEEN:
                used = (*used, at)
            else:
                return
            at += 1
            yield at, used


def _firsts(nodes: tuple[Node, ...]) -> frozenset[str] | None:
    """Return the words that a sequence may begin with; None where it may begin with anything."""
    found: frozenset[str] = frozenset()
    for node in nodes:
        match node:
            case Word():
                return found | node.keys
            case Slot():
                return None
            case Choice():
                for arm, firsts in zip(node.arms, node.firsts, strict=True):
                    if arm and firsts is None:
                        return None
                    found |= firsts or frozenset()
                if () not in node.arms:
                    return found
    return None


def _choice(*arms: tuple[Node, ...]) -> Choice:
    return Choice(arms, tuple(_firsts(arm) for arm in arms))


def parse(text: str, *, macros: Mapping[str, str]) -> Pattern:
    """Read a phrase: words, ``a|b`` and ``(a b | c)`` for choices, ``[...]`` for what may be absent, ``<slot>``, and
    ``:name`` for a part that has a name.

    Args:
        text: the phrase.
        macros: the parts by name.
    """
    pieces = list(_PIECE.finditer(text))
    nodes, rest = _sequence(pieces, 0, macros)
    if rest != len(pieces):
        raise ValueError(f"unbalanced: {text}")
    return Pattern(nodes, _firsts(nodes))


def _sequence(pieces: list[re.Match[str]], at: int, macros: Mapping[str, str]) -> tuple[tuple[Node, ...], int]:
    """Read alternatives up to a closing bracket. A bar between words that touch binds these words only."""
    arms: list[list[Node]] = [[]]
    tight = False
    while at < len(pieces) and not pieces[at]["close"]:
        piece = pieces[at]
        if piece["bar"]:
            tight = pieces[at - 1].end() == piece.start() and pieces[at + 1].start() == piece.end()
            if not tight:
                arms.append([])
            at += 1
            continue
        if opened := piece["open"]:
            inner, at = _sequence(pieces, at + 1, macros)
            node: Node = _choice(*_arms(inner), *(((),) if opened == "[" else ()))
        elif name := piece["macro"]:
            node = _choice(*_arms(parse(macros[name], macros=macros).nodes))
        elif name := piece["slot"]:
            node = Slot(name)
        else:
            node = Word(frozenset({piece["word"]}))
        at += 1
        before = arms[-1][-1] if tight else None
        if before is not None:
            arms[-1][-1] = _either(before, node)
        else:
            arms[-1].append(node)
        tight = False
    if len(arms) == 1:
        return tuple(arms[0]), at
    return (_choice(*(tuple(arm) for arm in arms)),), at


def _arms(nodes: tuple[Node, ...]) -> tuple[tuple[Node, ...], ...]:
    return nodes[0].arms if len(nodes) == 1 and isinstance(nodes[0], Choice) else (nodes,)


def _either(first: Node, second: Node) -> Node:
    if isinstance(first, Word) and isinstance(second, Word):
        return Word(first.keys | second.keys)
    return _choice(*_arms((first,)), *_arms((second,)))


def literals(nodes: tuple[Node, ...]) -> Iterator[str]:
    """Return the words that stand in a phrase."""
    for node in nodes:
        if isinstance(node, Word):
            yield from node.keys
        elif isinstance(node, Choice):
            for arm in node.arms:
                yield from literals(arm)
