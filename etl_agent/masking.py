"""Making text from elsewhere fit for people to read: credentials hidden, unseen characters spelled out."""

from __future__ import annotations

import re

__all__ = ["masked", "spelled_out"]

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


def spelled_out(text: str, *, but: str = "") -> str:
    """Write characters as escapes that print nothing, turn the writing, or steer a terminal.

    >>> spelled_out("a\\x1b[2Jb\\u202ec\\n", but="\\n")
    'a\\\\x1b[2Jb\\\\u202ec\\n'

    Args:
        text: any text.
        but: characters that stay as they are.
    """
    if text.isprintable():
        return text
    return "".join(sign if sign.isprintable() or sign in but else ascii(sign)[1:-1] for sign in text)
