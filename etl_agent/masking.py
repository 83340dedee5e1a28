"""Hiding credentials in text that people read: messages, logs and reports."""

from __future__ import annotations

import re

__all__ = ["masked"]

_IN_URL = re.compile(r"(?P<before>\b[a-z][a-z0-9+.-]*://[^\s:/@]*:)[^\s]+(?=@)", re.IGNORECASE)
_NAMED = re.compile(
    r"""(?P<before>\b\w*(?:password|passwd|pwd|secret|token|api_?key)\w*['"]?\s*[=:]\s*['"]?)[^\s&'",;]+""",
    re.IGNORECASE,
)
_KEY = re.compile(r"\bsk-[A-Za-z0-9_-]{8,}")


def masked(text: str) -> str:
    """Replace the credentials in a text by ``***``.

    >>> masked("postgresql://ann:pa@ss@db/shop?password=x")
    'postgresql://ann:***@db/shop?password=***'

    Known are passwords in URLs, ``password=...`` and its kin, and keys that begin with ``sk-``.
    """
    text = _IN_URL.sub(r"\g<before>***", text)
    text = _NAMED.sub(r"\g<before>***", text)
    return _KEY.sub("***", text)
