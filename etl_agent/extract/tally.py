"""What a full pass found in a file: every physical line in its kind, every record good or bad, and a digest."""

from __future__ import annotations

from dataclasses import dataclass

from etl_agent.extract.reader import Counts

__all__ = ["Tally", "tally_of"]


@dataclass(frozen=True, slots=True)
class Tally:
    """What a full pass found in a file.

    Args:
        file: its name.
        lines: physical lines; the sum of the six kinds of lines below.
        preamble: lines before the header.
        header: lines of the header.
        blank: empty lines after the header that are no rows.
        comment: lines that begin with the comment prefix.
        footnote: lines of the footer.
        record_lines: lines of records, good and bad.
        good: records that became rows.
        bad: records that were rejected.
        size: bytes, decompressed.
        packed_size: bytes as it lies on the disk.
        sha256: of the decompressed bytes, in hexadecimal digits; None if the pass was not asked for it.
    """

    file: str
    lines: int
    preamble: int
    header: int
    blank: int
    comment: int
    footnote: int
    record_lines: int
    good: int
    bad: int
    size: int
    packed_size: int
    sha256: str | None


def tally_of(counts: Counts, *, file: str, size: int, packed_size: int, sha256: str | None) -> Tally:
    """Close the counts of a file that was read to its end."""
    return Tally(
        file=file,
        lines=counts.lines,
        preamble=counts.preamble,
        header=counts.header,
        blank=counts.blank,
        comment=counts.comment,
        footnote=counts.footnote,
        record_lines=counts.record_lines,
        good=counts.good,
        bad=counts.bad,
        size=size,
        packed_size=packed_size,
        sha256=sha256,
    )
