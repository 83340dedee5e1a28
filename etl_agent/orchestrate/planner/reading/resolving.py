"""From the words for columns to the columns, in the datasets that a phrase is about."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from etl_agent.errors import UsageError, near
from etl_agent.masking import masked
from etl_agent.orchestrate.planner.reading.binding import Bound
from etl_agent.orchestrate.planner.reading.mentions import Mention, Names

__all__ = ["Resolver"]


@dataclass(frozen=True)
class Resolver:
    """Finds columns in datasets.

    Args:
        names: the names that the goal may use.
        taken: the datasets that the goal asks for.
    """

    names: Names
    taken: tuple[str, ...]

    def scope(self, phrase: Bound) -> tuple[str, ...]:
        """Return the datasets that a phrase without columns is about: its own, those beside it, or all."""
        for group in (phrase.own, phrase.beside):
            if found := tuple(name for name in group if name in self.taken):
                return found
        return self.taken

    def each(self, phrase: Bound, mentions: Sequence[Mention], *, many: bool) -> Iterator[tuple[str, str]]:
        """Find each of several columns by itself, wherever it is.

        Args:
            phrase: where they stand.
            mentions: the words.
            many: whether words in the plural may mean several columns of one dataset.
        """
        for mention in mentions:
            for source, columns in self.together(phrase, (mention,), many=many).items():
                yield from ((source, column) for column in columns)

    def by_name(self, phrase: Bound, mentions: Sequence[Mention]) -> Iterator[tuple[str, str]]:
        """Find columns by their whole names only, for what cannot be had back.

        Raises:
            UsageError: a name is no column's; columns that it resembles are given.
        """
        for mention in mentions:
            if mention.columns and mention.rank:
                raise UsageError(
                    f"{_shown(mention.text)} in the goal is not the whole name of a column",
                    choices=tuple(dict.fromkeys(column for found in mention.columns.values() for column in found)),
                    next_command="name the column as it stands in the header",
                )
            for source, column in self.each(phrase, (mention,), many=True):
                if source in mention.columns:
                    yield source, column

    def together(
        self, phrase: Bound, mentions: Sequence[Mention], *, many: bool = False
    ) -> Mapping[str, tuple[str, ...]]:
        """Find the columns in each dataset that has all of them: of those that the phrase names, then of those that it
        stands beside, then of all that the goal asks for.

        Raises:
            UsageError: no dataset has them, or words in the singular mean several columns.
        """
        for mention in mentions:
            if not mention.columns:
                raise self._unknown(mention, self.scope(phrase))
        groups = (phrase.own,) if phrase.own else (phrase.beside, self.taken)
        for group in groups:
            wide = group is not phrase.own and group is not phrase.beside
            found = {
                name: self._all(mentions, name, many=many)
                for name in group
                if name in self.taken and not (wide and any(self._other(mention, name) for mention in mentions))
            }
            if there := {name: columns for name, columns in found.items() if columns}:
                return there
        looked = [name for name in groups[-1] if name in self.taken] or list(self.taken)
        missing = next((m for m in mentions if not self.names.column(m.text, among=looked)), mentions[0])
        raise self._unknown(missing, looked)

    def _all(self, mentions: Sequence[Mention], source: str, *, many: bool) -> tuple[str, ...]:
        columns: list[str] = []
        for mention in mentions:
            here = self.names.column(mention.text, among=(source,))
            if here is None or (here.rank > mention.rank and here.rank > _SURE):
                return ()
            found = here.columns[source]
            if len(found) > 1 and not (many and here.plural):
                raise UsageError(
                    f"{_shown(mention.text)} in the goal may be several columns of {source}",
                    choices=found,
                    next_command="name the column as it stands in the header",
                )
            columns.extend(column for column in found if column not in columns)
        return tuple(columns)

    def _other(self, mention: Mention, source: str) -> bool:
        """Whether words that are the name of a column elsewhere only resemble one here, which holds something else."""
        if mention.rank or source in mention.columns:
            return False
        here = self.names.column(mention.text, among=(source,))
        return here is not None and not self._kinds(here) & self._kinds(mention)

    def _kinds(self, mention: Mention) -> set[str]:
        by_name = {source.name: source.profile.kinds for source in self.names.sources}
        return {by_name[name][column].kind for name, columns in mention.columns.items() for column in columns}

    def _unknown(self, mention: Mention, sources: Collection[str]) -> UsageError:
        known = [column for source in self.names.sources if source.name in sources for column in source.columns]
        hints = near(mention.text.replace(" ", "_")[:80], dict.fromkeys(known))
        elsewhere = [name for name in mention.columns if name not in sources]
        what = f"{_shown(mention.text)} in the goal names no column of {', '.join(sources)}"
        if elsewhere:
            what += f"; {', '.join(elsewhere)} has it"
        return UsageError(what, choices=hints or tuple(dict.fromkeys(known))[:_MOST])


_SURE = 3  # the rank up to which words name a column by its own words
_MOST = 12  # columns that a message lists


def _shown(text: str) -> str:
    return repr(masked(text[:80]))
