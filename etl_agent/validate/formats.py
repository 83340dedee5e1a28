"""Named text formats of a contract, each one regular expression for the whole cell."""

from __future__ import annotations

from typing import Literal

__all__ = ["PATTERNS", "Format"]

Format = Literal["email", "url", "uuid", "ipv4", "hostname", "country_code", "currency_code", "iban", "e164"]

_LABEL = "[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_BYTE = r"(?:25[0-5]|2[0-4]\d|1?\d?\d|\d)"

PATTERNS: dict[Format, str] = {
    # The form that browsers accept, with at least one dot: https://html.spec.whatwg.org/#valid-e-mail-address
    "email": rf"[A-Za-z0-9.!#$%&'*+/=?^_`{{|}}~-]+@{_LABEL}(?:\.{_LABEL})+",
    "url": r"https?://[^\s/?#]+(?:[/?#]\S*)?",
    "uuid": "[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{12}",
    "ipv4": rf"{_BYTE}(?:\.{_BYTE}){{3}}",
    "hostname": rf"{_LABEL}(?:\.{_LABEL})*",
    "country_code": "[A-Z]{2}",
    "currency_code": "[A-Z]{3}",
    "iban": r"[A-Z]{2}\d{2}[A-Z0-9]{11,30}",
    "e164": r"\+[1-9]\d{1,14}",
}
"""The regular expression of each format. It says how a value is written, not whether what it names exists."""
