"""Which datasets, columns and SQL files the words of a goal name."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from etl_agent.errors import near
from etl_agent.orchestrate.planner.given import Source, UserSql
from etl_agent.orchestrate.planner.language.lexicon import ALIKE, FILLERS, KIND_WORDS, PARTICLES, STOP_WORDS
from etl_agent.orchestrate.planner.language.tokens import Token

__all__ = ["Mention", "Names", "singular", "stems"]

_LONGEST = 6  # words of a name, as people write them
_PART = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[^\W\dA-Z_]+|\d+")
_KEYISH = frozenset({"id", "number", "code", "key"})
"""What the column that tells rows apart is called, beside the name of the rows: the id of orders is ``order_id``."""

_EXACT, _SAME, _OWN, _PARTLY, _KIND = range(5)


@dataclass(frozen=True, slots=True)
class Mention:
    """Words that name a column.

    Args:
        text: the words.
        columns: the columns that they may name, by dataset; several where the words fit several equally well.
        plural: whether the words speak of more than one.
        rank: how they name it, the surest first: 0 by its name, 4 by its kind only.
        own: whether they name a dataset, and the column only as what tells its rows apart.
    """

    text: str
    columns: Mapping[str, tuple[str, ...]]
    plural: bool = False
    rank: int = _EXACT
    own: bool = False


@dataclass(frozen=True, slots=True)
class _Column:
    name: str
    joined: str
    stems: frozenset[str]


def singular(word: str) -> str:
    """Return a word without the ending of its plural, as far as English is regular."""
    if len(word) > 4 and word.endswith("ies"):
        return word[:-3] + "y"
    if len(word) > 4 and word.endswith(("sses", "shes", "ches", "xes")):
        return word[:-2]
    if len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is")):
        return word[:-1]
    return word[:-1] if word in ("ids", "nos") else word


@lru_cache(maxsize=4096)
def stems(text: str) -> frozenset[str]:
    """Return what is compared of the words of a name: without particles, plurals, tenses and other spellings."""
    return frozenset(_stem(part) for part in _parts(text) if part not in PARTICLES) or frozenset(_parts(text))


def _parts(text: str) -> list[str]:
    found = [part.casefold() for part in _PART.findall(unicodedata.normalize("NFKC", text)[:200])]
    return ["email" if part == "mail" else part for part in found if part != "e" or "mail" not in found]


def _stem(word: str) -> str:
    one = singular(word)
    one = ALIKE.get(one, one)
    return one.removesuffix("ed").removesuffix("e") if len(one) > 4 else one


def _joined(text: str) -> str:
    return "".join(char for char in unicodedata.normalize("NFKC", text).casefold() if char.isalnum())


@dataclass(frozen=True)
class Names:
    """The names that a goal may use.

    Args:
        sources: the datasets.
        sql: the SQL files.
    """

    sources: Sequence[Source]
    sql: Sequence[UserSql]
    _columns: dict[str, tuple[_Column, ...]] = field(init=False, default_factory=dict)
    _known: dict[str, Mention | None] = field(init=False, default_factory=dict)
    _near: dict[str, bool] = field(init=False, default_factory=dict)
    _named: dict[str, str | None] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        for source in self.sources:
            listed = tuple(_Column(name, _joined(name), stems(name)) for name in source.columns)
            self._columns[source.name] = listed

    def columns(self) -> tuple[str, ...]:
        """Return the names of all columns, each once."""
        return tuple(dict.fromkeys(name for source in self.sources for name in source.columns))

    def source_at(self, tokens: Sequence[Token], at: int) -> Iterator[tuple[int, str]]:
        """Find the datasets that words from a place on name, the longest names first.

        Yields:
            The place behind the words, and the dataset.
        """
        for end, text in _runs(tokens, at):
            if text not in self._named:
                self._named[text] = self._source(text)
            if (name := self._named[text]) is not None:
                yield end, name

    def _source(self, text: str) -> str | None:
        joined, own = _joined(text), stems(text)
        alike = [s.name for s in self.sources if singular(joined) == singular(_joined(s.name))]
        alike = [name for name in alike if _joined(name) == joined] or alike
        if text.casefold().split()[0] in STOP_WORDS or any(
            joined == c.joined for found in self._columns.values() for c in found
        ):
            return alike[0] if len(alike) == 1 else None  # "for visits" is no name, and "ordered_at" is a column
        alike = alike or [s.name for s in self.sources if own == stems(s.name)]
        alike = alike or [s.name for s in self.sources if own and own < stems(s.name) and _long(own)]
        return alike[0] if len(alike) == 1 else None

    def near(self, word: str) -> bool:
        """Whether a word looks like the name of a column, so that it may be one with a slip."""
        if word not in self._near:
            self._near[word] = bool(near(word, self.columns()))
        return self._near[word]

    def sql_at(self, tokens: Sequence[Token], at: int) -> Iterator[tuple[int, str]]:
        """Find the SQL files that words from a place on name, the longest names first."""
        for end, text in _runs(tokens, at):
            yield from ((end, file.name) for file in self.sql if _joined(file.name) == _joined(text))

    def column_at(self, tokens: Sequence[Token], at: int) -> Iterator[tuple[int, Mention]]:
        """Find the columns that words from a place on name, the longest names first."""
        for end, text in _runs(tokens, at, dotted=True):
            if tokens[at].kind == "quoted":
                mention = self._quoted(text)
            else:
                if text not in self._known:
                    self._known[text] = self.column(text) if text.casefold() not in FILLERS else None
                mention = self._known[text]
            if mention is not None:
                yield end, mention

    def _quoted(self, text: str) -> Mention | None:
        """Take what stands in quotes for a name as it is."""
        exact = {name: tuple(c.name for c in found if c.name == text) for name, found in self._columns.items()}
        if any(exact.values()):
            return Mention(text, {name: found for name, found in exact.items() if found})
        return self.column(text)

    def column(self, text: str, *, among: Collection[str] | None = None) -> Mention | None:
        """Find the columns that words name, those that they name most surely.

        Args:
            text: the words.
            among: the datasets to look in; all when absent.
        """
        said = text
        owner, _, rest = text.partition(" . ")
        if rest and (named := self._source(owner)) is not None and "." not in rest:
            among = [name for name in (named,) if among is None or name in among]
            text = rest
        found = {s.name: self._in(s, text) for s in self.sources if among is None or s.name in among}
        best = min((rank for rank, _ in found.values()), default=_KIND + 1)
        columns = {name: names for name, (rank, names) in found.items() if rank == best and names}
        if not columns:
            return None
        last = (_parts(text) or [text])[-1]
        plural = singular(last) != last and all(
            singular(_joined(column)) == _joined(column) for names in columns.values() for column in names
        )
        own = best == _OWN and any(stems(text) <= stems(name) for name in columns)
        return Mention(said, columns, plural, best, own)

    def _in(self, source: Source, text: str) -> tuple[int, tuple[str, ...]]:
        """Find the columns of a dataset that words may name, and how surely they do."""
        joined, words, listed = _joined(text), stems(text), self._columns[source.name]
        exact = tuple(column.name for column in listed if joined == column.joined)
        exact = exact or tuple(column.name for column in listed if singular(joined) == singular(column.joined))
        if exact:
            return _EXACT, exact
        if any(part in STOP_WORDS and part != "of" for part in text.casefold().split()):
            return _KIND + 1, ()  # "orders by day" is not one name, and "updated at" was tried
        own = stems(source.name)
        rest = words - own
        steps = (
            (_SAME, lambda c: words == c.stems or (rest and rest != words and rest == c.stems)),
            (_OWN, lambda c: self._own(words, rest, own, c.stems)),
            (_PARTLY, lambda c: rest and (words < c.stems or (rest != words and rest < c.stems))),
        )
        for rank, fits in steps:
            if found := tuple(column.name for column in listed if fits(column)):
                return rank, found
        if found := self._of_kind(source, [part for part in _parts(text) if _stem(part) not in own]):
            return _PARTLY, found
        kinds = KIND_WORDS.get("".join(_like(part) for part in _parts(text)), ())
        if found := tuple(column.name for column in listed if source.profile.kinds[column.name].kind in kinds):
            return _KIND, found
        return _KIND + 1, ()

    def _of_kind(self, source: Source, parts: list[str]) -> tuple[str, ...]:
        """Find columns by words of their names with a word for their kind behind: "due dates" for ``due_on``."""
        kinds = KIND_WORDS.get(_like(parts[-1]), ()) if len(parts) > 1 else ()
        kinds = (*kinds, "timestamp") if "time" in kinds else kinds
        words = stems(" ".join(parts[:-1]))
        return tuple(
            column.name
            for column in self._columns[source.name]
            if kinds and words <= column.stems and source.profile.kinds[column.name].kind in kinds
        )

    @staticmethod
    def _own(words: frozenset[str], rest: frozenset[str], own: frozenset[str], column: frozenset[str]) -> bool:
        """Whether words name a column together with its dataset: the id of orders, one row per order."""
        if rest:
            return bool(rest < column) and bool(column - rest <= own)
        return words <= own and bool(column & _KEYISH) and column - _KEYISH <= words


def _like(part: str) -> str:
    return ALIKE.get(singular(part), singular(part))


def _long(words: frozenset[str]) -> bool:
    return all(len(word) > 2 for word in words)


def _runs(tokens: Sequence[Token], at: int, *, dotted: bool = False) -> list[tuple[int, str]]:
    """Return the runs of words from a place on, the longest first; what is quoted is one run."""
    if tokens[at].kind == "quoted":
        return [(at + 1, tokens[at].text)]
    found: list[tuple[int, str]] = []
    text = ""
    for place in range(at, min(len(tokens), at + 2 * _LONGEST)):
        token = tokens[place]
        joint = token.text in ("-", ".", "/", "'", "’") and _touches(tokens, place) and (token.text == "-" or dotted)
        if token.kind not in ("word", "number") and not (joint and found):
            break
        if token.kind == "number" and not found:
            break
        text = f"{text} {_bare(token)}".lstrip()
        if not joint:
            found.append((place + 1, text))
        if len(found) >= _LONGEST:
            break
    return found[::-1]


def _bare(token: Token) -> str:
    """Return a word as it was typed, without the ending that says whose."""
    return token.text[:-2] if token.text[-2:] in ("'s", "’s") else token.text


def _touches(tokens: Sequence[Token], place: int) -> bool:
    if not 0 < place < len(tokens) - 1:
        return False
    before, token, after = tokens[place - 1 : place + 2]
    return token.text in ("'", "’") or (before.end == token.start and token.end == after.start)
