"""Drawing of values: names, words, codes, dates and skewed choices, from a seeded generator."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random
from typing import TypeVar

__all__ = ["Domain", "Draws", "Row"]

Row = list[str]
T = TypeVar("T")


def _listed(words: str) -> list[str]:
    """Make a list of words that stand in one text, which reads better than a quoted one each."""
    return words.split()


_ONSETS = _listed("b c d f g h k l m n p r s t v w br cl dr fr gr pl sh st th tr")
_VOWELS = _listed("a e i o u a e o ai ea oo")
_CODAS = _listed("n r l s t m nd rt ck ll ss th x ld")
_FIRST = _listed(
    "Jon John Ann Anne Anna Eric Erik Erica Erika Marc Mark Marco Carl Karl Karla Carla Sara Sarah Lea Leah Mia "
    "Maya Stephen Steven Stefan Katherine Catherine Kathryn Brian Bryan Ryan Alan Allan Allen Jean Jeanne Joan "
    "Joanne Tim Tom Thom Phil Philip Phillip Elena Elina Ivan Ivana Dan Don Ron Rob Bob Ida Ada Eva Ava Noa Noah "
    "Luis Louis Lois"
)
_LAST = _listed(
    "Smith Smyth Smythe Schmidt Schmitt Meyer Meier Mayer Maier Brown Browne Clark Clarke Reed Reid Read Stuart "
    "Stewart Hansen Hanson Jansen Janssen Petersen Peterson Nielsen Nilsen Nilsson Olsen Olson Larsen Larson Garcia "
    "Garza Lopez Perez Perry Parry Barry Berry Moore More Moor Lane Laine Lang Long Lee Li Leigh Chen Cheng Chang "
    "Chan Wang Wong"
)
_WORDS = _listed(
    "amber anchor apple arch ash autumn badge bamboo barley basin beacon bell birch blade bloom bolt bridge brook "
    "butter cabin candle canyon cedar chain chalk cliff cloud clover copper coral cotton cove creek crown crystal "
    "dawn delta desk dune eagle echo elm ember falcon fern field flint forest fountain garden gate glacier glass "
    "grain granite grove harbor hazel hollow honey iron island ivory jade jasper juniper kettle lagoon lake lantern "
    "lark leaf lemon lily linen lotus maple marble marsh meadow mesa mill mint mirror moss mountain nectar oak "
    "ocean olive onyx orchard otter palm pebble pepper pine plain plum pond prairie quartz quill rain raven reef "
    "ridge river robin rose ruby saddle sage sand shadow silver slate snow spring spruce star steel stone stream "
    "summit sun thistle thunder timber tulip valley velvet violet walnut water wheat willow wind winter wolf wood"
)
_PROSE = _listed(
    "the of and in a to for with on by from at as is was were that this new old long short after before between "
    "under over patients results method study growth water model analysis effect early late acute chronic large "
    "small north south review change light field surface pressure random trial data report case children adults "
    "energy soil forest cell protein gene network market price policy school public health urban rural river "
    "climate storage motion sound image"
)


class Draws(Random):
    """A seeded generator that draws the values of tables."""

    def chance(self, share: float) -> bool:
        """Say yes in this share of the calls."""
        return self.random() < share

    def zipf(self, values: Sequence[T], *, slope: float = 1.1) -> Callable[[], T]:
        """Return a drawer in which the first values are frequent and the last ones rare."""
        sums = list(itertools.accumulate(1 / (rank + 1) ** slope for rank in range(len(values))))
        return lambda: self.choices(values, cum_weights=sums)[0]

    def digits(self, size: int) -> str:
        """Return digits of a number, with leading zeros."""
        return "".join(self.choices("0123456789", k=size))

    def letters(self, size: int) -> str:
        """Return capital letters."""
        return "".join(self.choices("ABCDEFGHJKLMNPRSTUVWXYZ", k=size))

    def name(self, *, least: int = 2, most: int = 3) -> str:
        """Return an invented proper name of some syllables."""
        syllables = [self.choice(_ONSETS) + self.choice(_VOWELS) for _ in range(self.randint(least, most))]
        return ("".join(syllables) + self.choice(_CODAS)).capitalize()

    def names(self, count: int, *, least: int = 2, most: int = 3) -> list[str]:
        """Return different invented names."""
        return self.distinct(count, lambda: self.name(least=least, most=most))

    def distinct(self, count: int, draw: Callable[[], T]) -> list[T]:
        """Draw until there are so many different values."""
        found: dict[T, None] = {}
        while len(found) < count:
            found[draw()] = None
        return list(found)

    def first_name(self) -> str:
        """Return a person's first name; many differ by one letter."""
        return self.choice(_FIRST)

    def last_name(self) -> str:
        """Return a family name; many differ by one letter, some are unheard of."""
        return self.choice(_LAST) if self.chance(0.7) else self.name()

    def person(self) -> str:
        """Return a first and a last name."""
        return f"{self.first_name()} {self.last_name()}"

    def words(self, count: int) -> str:
        """Return things' names, such as products or streets have."""
        return " ".join(self.choices(_WORDS, k=count))

    def prose(self, least: int, most: int) -> str:
        """Return words as in a sentence, beginning with a capital."""
        text = " ".join(self.choices(_PROSE, k=self.randint(least, most)))
        return text[0].upper() + text[1:]

    def day(self, first: date = date(2015, 1, 1), *, days: int = 3650) -> date:
        """Return a day within some days from the first."""
        return first + timedelta(self.randrange(days))

    def phone(self) -> str:
        """Return a telephone number of ten digits with hyphens."""
        return f"{self.randint(201, 989)}-{self.randint(200, 999)}-{self.digits(4)}"

    def maybe(self, value: str, null_share: float) -> str:
        """Return the value, or in a share of the calls nothing."""
        return "" if self.chance(null_share) else value


@dataclass(frozen=True)
class Domain:
    """A kind of table.

    Args:
        name: of the table.
        rows: about so many.
        header: the columns.
        keys: columns that identify a row: no error is put into them.
        fill: makes the rows.
        final: whether it is only for the final figures: nobody looks at it while building.
    """

    name: str
    rows: int
    header: tuple[str, ...]
    keys: tuple[str, ...]
    fill: Callable[[Draws, int], list[Row]]
    final: bool = False
