"""From the phrases of a goal to its wishes."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import pairwise
from typing import Any

from etl_agent.errors import UsageError, near
from etl_agent.masking import masked
from etl_agent.orchestrate.planner.given import Source, UserSql
from etl_agent.orchestrate.planner.reading.binding import Bound, sources_of
from etl_agent.orchestrate.planner.reading.checks import checks_of, convention_of
from etl_agent.orchestrate.planner.reading.mentions import Mention
from etl_agent.orchestrate.planner.reading.resolving import Resolver
from etl_agent.orchestrate.planner.wishes import (
    After,
    Budget,
    Cleaned,
    Deduplicated,
    Dropped,
    Into,
    Key,
    Mode,
    Newest,
    RunSql,
    Secret,
    Take,
    Valid,
    Wish,
)

__all__ = ["Maker", "keyed_of"]


def keyed_of(phrases: Iterable[Bound], *, scope: Callable[[Bound], Sequence[str]]) -> frozenset[str]:
    """Return the datasets of which a goal names a key."""
    return frozenset(
        name
        for phrase in phrases
        if not phrase.match.negated and any(slot in _KEY_SLOTS for slot, _ in phrase.match.found.slots)
        for name in scope(phrase)
    )


_KEYED_BEFORE = ("key", "mode", "into")
"""What a key may be told of behind: "merge into t on id", "id is the key of a, no of b"."""
_KEY_SLOTS = ("keys", "weak_keys", "named_keys", "bracketed")


@dataclass(frozen=True)
class Maker:
    """Makes the wishes of phrases.

    Args:
        sources: the datasets, by name.
        sql: the SQL files.
        taken: the datasets that the goal asks for.
        resolver: finds columns.
        words: the words of a phrase, as they stand in the goal.
        keyed: the datasets of which the goal names the key: in others, nothing can be told to be there already.
        order: pairs of datasets of which the goal says that the first is loaded before the second, so far.
    """

    sources: Mapping[str, Source]
    sql: Sequence[UserSql]
    taken: tuple[str, ...]
    resolver: Resolver
    words: Callable[[Bound], str]
    keyed: Collection[str] = ()
    order: list[tuple[str, str]] = field(default_factory=list)

    def make(self, phrase: Bound, *, before: Bound | None) -> list[Wish]:
        """Make the wishes of a phrase; none where it asks for nothing that can be done.

        Args:
            phrase: the phrase.
            before: the phrase before it, for what is said of the same columns: "must be unique and not empty".

        Raises:
            UsageError: words that are meant as a name name nothing, or several things.
        """
        match phrase.match.phrase.ask:
            case "mode":
                made: Iterable[Wish] = self._mode(phrase)
            case "into":
                made = self._into(phrase)
            case "key":
                made = self._keys(phrase, before)
            case "newest":
                made = self._newest(phrase)
            case "dedupe":
                made = self._dedupe(phrase)
            case "valid":
                made = self._valid(phrase, before)
            case "clean":
                made = self._clean(phrase, before)
            case "drop" | "secret":
                made = self._column(phrase, before)
            case "budget":
                made = self._budget(phrase)
            case "order" | "first" | "last" | "chain":
                made = self._order(phrase)
            case "sql":
                made = self._sql(phrase)
            case _:
                made = ()
        return list(made)

    def _mentions(self, phrase: Bound, *slots: str) -> tuple[Mention, ...]:
        held = (value for slot, value in phrase.match.found.slots if slot in slots)
        listed = (value if isinstance(value, tuple) else (value,) for value in held)
        return tuple(mention for some in listed for mention in some if isinstance(mention, Mention))

    def _held(self, phrase: Bound, slot: str) -> Any:
        return phrase.match.found.slot(slot)

    def _mode(self, phrase: Bound) -> Iterator[Wish]:
        says = phrase.match.phrase.says
        for name in self.resolver.scope(phrase):
            how = {"write_disposition": says["mode"], "strategy": says.get("strategy")}
            if "unkeyed" in says and name not in self.keyed:
                how = {"write_disposition": says["unkeyed"]}
            yield Mode.model_validate({"source": name, "words": self.words(phrase), **how})
            if (table := self._held(phrase, "target")) is not None:
                yield Into(source=name, table=table, words=self.words(phrase))
        yield from self._keys(phrase)

    def _into(self, phrase: Bound) -> Iterator[Wish]:
        for name in self.resolver.scope(phrase):
            table = self._held(phrase, "table") or self._held(phrase, "named")
            yield Into(source=name, table=table, words=self.words(phrase))

    def _keys(self, phrase: Bound, before: Bound | None = None) -> Iterator[Wish]:
        if "again" in phrase.match.phrase.says and (before is None or before.match.phrase.ask not in _KEYED_BEFORE):
            return
        mentions = self._mentions(phrase, *_KEY_SLOTS)
        if mentions:
            for name, columns in self.resolver.together(phrase, mentions).items():
                yield Key(source=name, columns=columns, words=self.words(phrase))

    def _newest(self, phrase: Bound) -> Iterator[Wish]:
        if mentions := self._mentions(phrase, "newest", "likely"):
            for name, columns in self.resolver.together(phrase, mentions).items():
                yield Newest(source=name, column=columns[0], words=self.words(phrase))
        else:
            for name in self.resolver.scope(phrase):
                yield Newest(source=name, words=self.words(phrase))
        yield from self._keys(phrase)

    def _dedupe(self, phrase: Bound) -> Iterator[Wish]:
        mentions = self._mentions(phrase, "columns")
        if mentions:
            for name, columns in self.resolver.together(phrase, mentions).items():
                yield Deduplicated(source=name, columns=columns, words=self.words(phrase))
        else:
            for name in self.resolver.scope(phrase):
                yield Deduplicated(source=name, words=self.words(phrase))

    def _valid(self, phrase: Bound, before: Bound | None) -> Iterator[Wish]:
        subject = phrase
        if "again" in phrase.match.phrase.says:
            if before is None or before.match.phrase.ask != "valid" or before.match.negated:
                return
            subject = before
        for name, column in self.resolver.each(subject, self._mentions(subject, "subject", "columns"), many=True):
            checks = checks_of(phrase.match, self.sources[name], column)
            if checks:
                yield Valid.model_validate({"source": name, "column": column, "words": self.words(phrase), **checks})

    def _clean(self, phrase: Bound, before: Bound | None) -> Iterator[Wish]:
        how, words = phrase.match.phrase.says["how"], self.words(phrase)
        subject = phrase
        if "again" in phrase.match.phrase.says:
            if before is None or before.match.negated:
                return
            subject = before
        mentions = self._mentions(subject, "columns", *(("subject",) if subject is before else ()))
        if subject is before and not mentions:
            return
        if not mentions:
            for name in self._concerned(how, self.resolver.scope(phrase)):
                yield Cleaned.model_validate({"source": name, "how": how, "words": words})
            return
        found: dict[tuple[str, str], list[str]] = {}
        for name, column in self.resolver.each(subject, mentions, many=True):
            one = convention_of(self.sources[name], column) if how == "kind" else how
            found.setdefault((name, one), []).append(column)
        for (name, one), columns in found.items():
            yield Cleaned.model_validate({"source": name, "how": one, "columns": tuple(columns), "words": words})

    def _concerned(self, how: str, scope: Sequence[str]) -> Sequence[str]:
        """Return the datasets with columns that a convention is for; all where there are none, or it is for any."""
        if how not in ("dates", "numbers", "contacts"):
            return scope
        found = [n for n in scope if any(convention_of(self.sources[n], c) == how for c in self.sources[n].columns)]
        return found or scope

    def _column(self, phrase: Bound, before: Bound | None) -> Iterator[Wish]:
        if "again" in phrase.match.phrase.says and (before is None or before.match.phrase.ask != "drop"):
            return
        mentions = self._mentions(phrase, "subject", "columns")
        if phrase.match.phrase.ask == "drop":
            for name, column in self.resolver.by_name(phrase, mentions):
                yield Dropped(source=name, column=column, words=self.words(phrase))
            return
        for name, column in self.resolver.each(phrase, mentions, many=True):
            yield Secret(source=name, column=column, words=self.words(phrase))

    def _budget(self, phrase: Bound) -> Iterator[Wish]:
        percent = "0" if "zero" in phrase.match.phrase.says else self._held(phrase, "percent")
        share = Decimal(percent) / 100
        if not 0 <= share < 1:
            raise UsageError(f"{percent} % of the rows can be no budget", choices=["0 % to less than 100 %"])
        for name in self.resolver.scope(phrase):
            yield Budget(source=name, share=float(share), words=self.words(phrase))

    def _order(self, phrase: Bound) -> Iterator[Wish]:
        words = self.words(phrase)
        earlier, later = sources_of(phrase.match, "sources"), sources_of(phrase.match, "later")
        if "again" in phrase.match.phrase.says:  # "append payments after invoices": of what was named before it
            earlier, later = earlier or phrase.previous, later or phrase.previous
        rest = [name for name in self.taken if name not in earlier]
        match phrase.match.phrase.ask:
            case "order":
                pairs = [(first, name) for first in earlier for name in later]
            case "first":
                pairs = [(first, name) for first in earlier for name in rest]
            case "last":
                pairs = [(first, name) for first in rest for name in earlier]
            case _:
                pairs = list(pairwise(earlier))
        for first, name in pairs:
            if first != name:
                self.order.append((first, name))
                yield After(source=name, first=first, words=words)

    def _sql(self, phrase: Bound) -> Iterator[Wish]:
        names = [file.name for file in self.sql]
        wrong = self._held(phrase, "sql_named")
        if wrong is not None:
            raise UsageError(
                f"{masked(str(wrong)[:80])!r} in the goal names no SQL file", choices=near(str(wrong), names) or names
            )
        yield RunSql(
            source=self._last(self.resolver.scope(phrase)), name=self._held(phrase, "sql"), words=self.words(phrase)
        )

    def _last(self, scope: Sequence[str]) -> str:
        """Return the dataset that is loaded last, as far as the goal says."""
        later = {name for name in scope if not any(first == name and other in scope for first, other in self.order)}
        return [name for name in scope if name in later or not later][-1]

    def takes(self, named: Mapping[str, Bound | None], left: Iterable[Bound]) -> Iterator[Take]:
        """Make the wishes for the datasets themselves; what is said of others that are left out is said of these."""
        without = [self.words(phrase) for phrase in left]
        for name, phrase in named.items():
            yield Take(source=name, words="; ".join([*([self.words(phrase)] if phrase else ()), *without]))
