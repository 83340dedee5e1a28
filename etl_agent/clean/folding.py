"""Text without the differences that do not count: the same for values that are one value, written in several ways."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Literal

import pyarrow as pa
import pyarrow.compute as pc

__all__ = ["Difference", "fingerprints", "folded", "ngram_fingerprints"]

Difference = Literal["case", "blanks", "punctuation", "accents"]
"""Punctuation is dots, commas, hyphens, dashes, underscores, slashes, apostrophes, quotes and brackets; signs such as
``+`` and ``#`` always count."""

_PUNCTUATION = r"[\p{Pd}\p{Ps}\p{Pe}\p{Pi}\p{Pf}._,/'\"`´]+"
_BLANKS = r"[\s\v\pZ]+"
_LONGEST = 256  # characters of a value that has a fingerprint; a category is no longer


def folded(cells: pa.StringArray, *, ignore: Sequence[Difference]) -> pa.StringArray:
    """Write cells without the differences that do not count; width never counts."""
    cells = pc.utf8_normalize(cells, "NFKC")
    if "accents" in ignore:
        cells = pc.replace_substring_regex(pc.utf8_normalize(cells, "NFKD"), r"\p{Mn}+", "")
    if "case" in ignore:
        cells = pc.utf8_lower(cells)
    if "punctuation" in ignore:
        cells = pc.replace_substring_regex(cells, _PUNCTUATION, "")
    return pc.replace_substring_regex(cells, _BLANKS, "") if "blanks" in ignore else cells


def fingerprints(values: pa.StringArray) -> list[str]:
    """Return the words of each value without case, accents and punctuation, each once, in the order of the alphabet.

    Source: the key collision method "fingerprint" of OpenRefine, Clustering in depth.
    """
    plain = folded(values, ignore=("case", "accents", "punctuation"))
    return [" ".join(sorted(set(text.split()))) or text for text in _short(plain)]


def ngram_fingerprints(values: pa.StringArray, *, size: int = 2) -> list[str]:
    """Return the runs of letters of each value, each once, in the order of the alphabet: doubled letters are one.

    Args:
        values: text without nulls.
        size: letters of a run.

    Source: the key collision method "n-gram fingerprint" of OpenRefine, Clustering in depth.
    """
    plain = folded(values, ignore=("case", "accents", "punctuation", "blanks"))
    return [
        "".join(sorted({text[at : at + size] for at in range(max(len(text) - size + 1, 1))})) for text in _short(plain)
    ]


def _short(texts: Any) -> list[str]:
    """Return the texts; of a long one nothing is folded that could make it the same as another."""
    return [text if len(text) <= _LONGEST else re.sub(r"\s", "_", text) for text in texts.to_pylist()]
