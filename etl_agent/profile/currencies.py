"""How currencies are written beside an amount."""

from __future__ import annotations

__all__ = ["CURRENCY", "CURRENCY_CODES", "CURRENCY_SIGN", "CURRENCY_WORDS"]

CURRENCY_CODES = (
    "AED|AFN|ALL|AMD|AOA|ARS|AUD|AWG|AZN|BAM|BBD|BDT|BGN|BHD|BIF|BMD|BND|BOB|BRL|BSD|BTN|BWP|BYN|BZD|CAD|CDF|CHF|"
    "CLP|CNY|COP|CRC|CUP|CVE|CZK|DJF|DKK|DOP|DZD|EGP|ERN|ETB|EUR|FJD|FKP|GBP|GEL|GHS|GIP|GMD|GNF|GTQ|GYD|HKD|HNL|"
    "HTG|HUF|IDR|ILS|INR|IQD|IRR|ISK|JMD|JOD|JPY|KES|KGS|KHR|KMF|KPW|KRW|KWD|KYD|KZT|LAK|LBP|LKR|LRD|LSL|LYD|MAD|"
    "MDL|MGA|MKD|MMK|MNT|MOP|MRU|MUR|MVR|MWK|MXN|MYR|MZN|NAD|NGN|NIO|NOK|NPR|NZD|OMR|PAB|PEN|PGK|PHP|PKR|PLN|PYG|"
    "QAR|RON|RSD|RUB|RWF|SAR|SBD|SCR|SDG|SEK|SGD|SHP|SLE|SOS|SRD|SSP|STN|SVC|SYP|SZL|THB|TJS|TMT|TND|TOP|TRY|TTD|"
    "TWD|TZS|UAH|UGX|USD|UYU|UZS|VED|VES|VND|VUV|WST|XAF|XCD|XOF|XPF|YER|ZAR|ZMW|ZWG"
)
"""The codes of money in use (ISO 4217), as a regular expression."""

CURRENCY = rf"(?:US|CA|AU|NZ|HK|SG|MX|NT|A|C|R|S)?\p{{Sc}}|{CURRENCY_CODES}"
"""A currency sign, with the letters that tell whose it is, or a code; as a regular expression (RE2 syntax)."""

CURRENCY_WORDS = "Rs|kr|Fr|zł|Kč|Ft|лв|руб|din|kn"
"""Short words that people write for a currency, with or without a full stop; as a regular expression."""

CURRENCY_SIGN = "[$¢£¤¥\u20a0-\u20cf\ufdfc\ufe69\uff04\uffe0\uffe1\uffe5฿៛৳؋]"
"""A currency sign (Unicode category Sc, which the standard library's expressions have no word for)."""
