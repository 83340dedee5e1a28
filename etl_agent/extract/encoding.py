"""Which text encoding a file is in: its byte order mark, what the user declares, or evidence from all over the file."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable, Iterator
from typing import Literal

import numpy as np

from etl_agent.errors import FileRefused
from etl_agent.extract.dialect import Encoding, How
from etl_agent.extract.source import Limits, Source

__all__ = ["NARROW", "decide_encoding"]

_MARKS: tuple[tuple[bytes, str], ...] = (
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_ALIASES = {"utf-8-sig": "utf-8", "utf-16": "utf-16-le", "utf-32": "utf-32-le"}
_WESTERN = "cp1252"
_SINGLE_BYTE = (_WESTERN, "cp1250", "cp1251", "cp1253", "cp1254", "cp1255", "cp1256", "cp1257", "cp1258", "koi8_r")
_TWO_BYTE = ("cp932", "euc_jp", "gb18030", "big5", "cp949")
NARROW = (*_SINGLE_BYTE, *_TWO_BYTE)
"""The encodings that are told apart without being declared: those that spreadsheets and old systems write."""

_HIGH = re.compile(rb"[\x80-\xff]+")
_WINDOW = 1 << 20
_WINDOWS = 16
_TELLING_LINES = 2000
_TELLING_BYTES = 64 << 10


def decide_encoding(source: Source, *, declared: str | None, limits: Limits) -> Encoding:
    """Return the encoding of a file.

    A byte order mark decides; else the declared encoding; else the evidence: zero bytes for UTF-16, then whether
    the lines that are not ASCII are UTF-8. A file of up to 16 MiB is looked at whole, a larger one in 16 pieces
    from all over it; a compressed one in its first 16 MiB.

    Args:
        source: the file.
        declared: the encoding that the user declares, or None.
        limits: how far it may unpack.

    Raises:
        FileRefused: the declared encoding contradicts the byte order mark.
    """
    with source.open(limits) as stream:
        head = stream.read(_WINDOW)
    name = None if declared is None else codecs.lookup(declared).name
    for mark, marked in _MARKS:
        if head.startswith(mark):
            if name is not None and _ALIASES.get(name, name) != marked and not (name == marked[: len("utf-16")]):
                raise FileRefused(
                    f"it is declared as {declared} and begins with the byte order mark of {marked}", where=source.name
                )
            return _encoding(marked, how="byte order mark", mark=len(mark))
    if name is not None:
        order = _without_mark(head) if name == "utf-16" else None
        return _encoding(order or _ALIASES.get(name, name), how="declared")
    if (wide := _without_mark(head)) and _ends_lines(head, wide):
        return _encoding(wide, how="detected")
    return _encoding(_narrow(_windows(source, head, limits)), how="detected")


def _encoding(name: str, *, how: How, mark: int = 0) -> Encoding:
    unit: Literal[1, 2, 4] = 2 if name.startswith("utf-16") else 4 if name.startswith("utf-32") else 1
    return Encoding(name, how, unit, mark)


def _without_mark(head: bytes) -> str | None:
    """Recognise UTF-16 by its zero bytes, nearly all of them on one side of the pairs."""
    units = len(head) // 2
    if not units or b"\0" not in head:
        return None
    pairs = np.frombuffer(head, np.uint8, count=units * 2).reshape(-1, 2) == 0
    first, second = np.count_nonzero(pairs, axis=0).tolist()
    if first + second < units // 10 or (pairs[:, 0] & pairs[:, 1]).any():
        return None
    name = "utf-16-le" if second > 9 * first else "utf-16-be" if first > 9 * second else None
    if name is None:
        return None
    try:
        codecs.getincrementaldecoder(name)().decode(head)
    except UnicodeDecodeError:
        return None
    return name


def _ends_lines(head: bytes, name: str) -> bool:
    """Whether line ends are two bytes wide, as in UTF-16: a small file of narrow text may hold a few zero bytes too."""
    pairs = np.frombuffer(head, np.uint8, count=len(head) // 2 * 2).reshape(-1, 2)
    low, high = (0, 1) if name == "utf-16-le" else (1, 0)
    ends = np.isin(pairs[:, low], (10, 13))
    return bool(2 * np.count_nonzero(ends & (pairs[:, high] == 0)) > np.count_nonzero(ends))


def _windows(source: Source, head: bytes, limits: Limits) -> Iterator[bytes]:
    """Give pieces of the file from all over it, each cut to whole lines."""
    yield _whole_lines(head, first=True, last=len(head) < _WINDOW)
    if len(head) < _WINDOW:
        return
    spread = source.packing == "plain" and source.packed_size > _WINDOWS * _WINDOW
    step = (source.packed_size - _WINDOW) // (_WINDOWS - 1) if spread else _WINDOW
    with source.open(limits) as stream:
        stream.skip(_WINDOW)
        for place in range(1, _WINDOWS):
            if step > _WINDOW:
                stream.skip(place * step - stream.size)
            window = stream.read(min(_WINDOW, source.packed_size - stream.size) if spread else _WINDOW)
            if not window:
                return
            yield _whole_lines(window, first=False, last=False)


def _whole_lines(window: bytes, *, first: bool, last: bool) -> bytes:
    start = 0 if first else window.find(b"\n") + 1
    end = len(window) if last else window.rfind(b"\n") + 1
    return window[start:end] if end > start else window


def _narrow(windows: Iterable[bytes]) -> str:
    """Tell UTF-8 from other encodings by the lines that are not ASCII: those few that fail in UTF-8 are faults."""
    good = 0
    wrong: list[bytes] = []
    for window in windows:
        if window.isascii():
            continue
        telling = [line for line in window.splitlines() if not line.isascii()][:_TELLING_LINES]
        failing = [line for line in telling if not _is_in(line, "utf-8")]
        good += len(telling) - len(failing)
        wrong += failing[: max(0, _TELLING_LINES - len(wrong))]
    return "utf-8" if good >= len(wrong) else _legacy(b"\n".join(wrong)[:_TELLING_BYTES])


def _is_in(line: bytes, encoding: str) -> bool:
    try:
        line.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True


def _legacy(sample: bytes) -> str:
    """Name the encoding of text that is not UTF-8: Western where the evidence allows it as well as any other.

    Lines that are no Western text do not count where they are few; where they are many and of no other encoding
    either, they are faults in UTF-8.
    """
    from charset_normalizer import from_bytes

    lines = sample.splitlines()
    sound = [line for line in lines if _is_in(line, _WESTERN)]
    few = 2 * len(sound) >= len(lines)
    sample = b"\n".join(sound if few else lines)
    runs = [len(run) for run in _HIGH.findall(sample)]
    in_pairs = sum(runs) >= 2 * len(runs)  # letters of two bytes stand in words; accents stand alone
    found = list(from_bytes(sample, cp_isolation=[*_SINGLE_BYTE, *(_TWO_BYTE if in_pairs else ())]))
    if not found:
        return _WESTERN if few else "utf-8"
    best = found[0]
    alike = {name for match in found if match.chaos <= best.chaos for name in match.could_be_from_charset}
    return _WESTERN if _WESTERN in alike else codecs.lookup(best.encoding).name
