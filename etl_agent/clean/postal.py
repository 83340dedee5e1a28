"""How the postal codes of countries are written.

Source: Universal Postal Union, postal addressing systems of member countries.
"""

from __future__ import annotations

from dataclasses import dataclass

from etl_agent.errors import did_you_mean

__all__ = ["LAYOUTS", "Layout", "country"]


@dataclass(frozen=True, slots=True)
class Layout:
    """The groups of a code and what stands between them.

    Args:
        groups: a pattern for each group, in RE2's syntax and without groups of its own.
        between: what stands between two groups.
        prefix: a pattern for the country's own mark, which letters sometimes carry in front and codes do not.
    """

    groups: tuple[str, ...]
    between: str = ""
    prefix: str = ""

    @property
    def written(self) -> str:
        """The pattern of a code as it should be."""
        return self.between.join(self.groups)

    @property
    def compact(self) -> str:
        """The pattern of a whole code in capitals without blanks and hyphens."""
        return f"^(?:{self.prefix})?" + "".join(f"({group})" for group in self.groups) + "$"

    @property
    def put(self) -> str:
        """The replacement that puts a compact code into its form."""
        return self.between.join(f"\\{place}" for place, _ in enumerate(self.groups, start=1))


def _digits(count: int, prefix: str = "") -> tuple[Layout, ...]:
    return (Layout((f"[0-9]{{{count}}}",), prefix=prefix),)


def _pair(first: int, second: int, between: str, prefix: str = "") -> tuple[Layout, ...]:
    return (Layout((f"[0-9]{{{first}}}", f"[0-9]{{{second}}}"), between, prefix),)


LAYOUTS: dict[str, tuple[Layout, ...]] = {
    "AT": _digits(4, "AT?"),
    "AU": _digits(4),
    "BE": _digits(4, "BE?"),
    "BG": _digits(4, "BG"),
    "BR": _pair(5, 3, "-"),
    "CA": (Layout(("[ABCEGHJ-NPRSTVXY][0-9][ABCEGHJ-NPRSTV-Z]", "[0-9][ABCEGHJ-NPRSTV-Z][0-9]"), " "),),
    "CH": _digits(4, "CH"),
    "CN": _digits(6),
    "CZ": _pair(3, 2, " ", "CZ"),
    "DE": _digits(5, "DE?"),
    "DK": _digits(4, "DK"),
    "EE": _digits(5, "EE"),
    "ES": _digits(5, "ES?"),
    "FI": _digits(5, "FI"),
    "FR": _digits(5, "FR?"),
    "GB": (Layout(("[A-Z]{1,2}[0-9][0-9A-Z]?", "[0-9][ABD-HJLNP-UW-Z]{2}"), " "), Layout(("GIR", "0AA"), " ")),
    "GR": _pair(3, 2, " ", "GR"),
    "HR": _digits(5, "HR"),
    "HU": _digits(4, "HU?"),
    "IE": (Layout(("(?:[AC-FHKNPRTV-Y][0-9]{2}|D6W)", "[0-9AC-FHKNPRTV-Y]{4}"), " "),),
    "IN": _digits(6),
    "IT": _digits(5, "IT?"),
    "JP": _pair(3, 4, "-", "〒"),
    "KR": _digits(5),
    "LT": (Layout(("LT", "[0-9]{5}"), "-"),),
    "LU": _digits(4, "LU?"),
    "LV": (Layout(("LV", "[0-9]{4}"), "-"),),
    "MX": _digits(5),
    "NL": (Layout(("[1-9][0-9]{3}", "[A-Z]{2}"), " ", "NL"),),
    "NO": _digits(4, "NO?"),
    "NZ": _digits(4),
    "PL": _pair(2, 3, "-", "PL"),
    "PT": _pair(4, 3, "-", "PT?"),
    "RO": _digits(6, "RO"),
    "SE": _pair(3, 2, " ", "SE?"),
    "SG": _digits(6),
    "SI": _digits(4, "SI"),
    "SK": _pair(3, 2, " ", "SK"),
    "TR": _digits(5, "TR"),
    "US": (*_digits(5), *_pair(5, 4, "-")),
    "ZA": _digits(4),
}
"""The layouts of each country, by the two capitals of ISO 3166."""


def country(code: str) -> str:
    """Return a country code that has layouts.

    Raises:
        ValueError: it has none; the message names those that have.
    """
    if code not in LAYOUTS:
        hint = did_you_mean(code, LAYOUTS)
        raise ValueError(f"no postal code layout for {code!r}{hint}; valid: {', '.join(LAYOUTS)}")
    return code
