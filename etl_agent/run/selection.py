"""Which files of a dataset are new to the table: the same content is never loaded twice."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from etl_agent.extract.dataset import Candidate
from etl_agent.run.ledger import ActiveFile
from etl_agent.run.result import FileOutcome

__all__ = ["Selection", "select_files"]


@dataclass(frozen=True, slots=True)
class Selection:
    """Which files to load.

    Args:
        chosen: their numbers in the dataset, rising.
        left_out: the others, and why.
        message: what a person should know, in one line.
    """

    chosen: tuple[int, ...]
    left_out: tuple[FileOutcome, ...] = ()
    message: str | None = None


def select_files(
    files: Sequence[Candidate],
    active: Sequence[ActiveFile],
    *,
    snapshot: bool,
    plan_digest: str,
    reload: bool,
) -> Selection:
    """Choose the files whose content is not in the table.

    A digest costs a pass over the file, so it is only taken where the content may be known: when a file of the
    same size is in the table or in the dataset, or the size cannot be told.

    Args:
        files: the dataset's files.
        active: the content that is in the table.
        snapshot: whether the files are all that there is: then all are loaded, unless the table holds exactly these
            in this order.
        plan_digest: the plan at hand.
        reload: whether to load content again that is in the table.
    """
    digests = _digests(files, active)
    chosen: list[int] = []
    left_out: list[FileOutcome] = []
    first: set[str] = set()
    known = {file.sha256: file for file in active}
    for number, file in enumerate(files):
        digest = digests.get(number)
        if digest is not None and digest in first:
            left_out.append(FileOutcome(file.name, "same content as another file", sha256=digest))
            continue
        if digest is not None:
            first.add(digest)
        if digest in known and not reload and not snapshot:
            left_out.append(FileOutcome(file.name, "already loaded", sha256=digest, run_id=known[digest].run_id))
        else:
            chosen.append(number)
    if snapshot and not reload and active:
        return _whole(files, chosen, left_out, digests, active, plan_digest)
    return Selection(tuple(chosen), tuple(left_out), _message(left_out, known, plan_digest))


def _digests(files: Sequence[Candidate], active: Sequence[ActiveFile]) -> dict[int, str]:
    sizes = [file.size for file in files]
    loaded = {file.size for file in active}
    unsure = None in sizes

    def may_be_known(size: int | None) -> bool:
        if size is None:
            return bool(active) or len(files) > 1
        return size in loaded or sizes.count(size) > 1 or (unsure and len(files) > 1)

    return {number: files[number].digest() for number, size in enumerate(sizes) if may_be_known(size)}


def _whole(
    files: Sequence[Candidate],
    chosen: Sequence[int],
    left_out: list[FileOutcome],
    digests: dict[int, str],
    active: Sequence[ActiveFile],
    plan_digest: str,
) -> Selection:
    same = [digests.get(number) for number in chosen] == [file.sha256 for file in active]
    if not same or any(file.plan_digest != plan_digest for file in active):
        return Selection(tuple(chosen), tuple(left_out))
    again = [
        FileOutcome(files[number].name, "already loaded", sha256=file.sha256, run_id=file.run_id)
        for number, file in zip(chosen, active, strict=True)
    ]
    return Selection((), (*left_out, *again), _message(again, {file.sha256: file for file in active}, plan_digest))


def _message(left_out: Sequence[FileOutcome], known: dict[str, ActiveFile], plan_digest: str) -> str | None:
    again = [outcome for outcome in left_out if outcome.status == "already loaded"]
    if not again:
        return None
    names = ", ".join(outcome.file for outcome in again[:3]) + (f" and {len(again) - 3} more" if len(again) > 3 else "")
    runs = sorted({outcome.run_id for outcome in again if outcome.run_id is not None})
    message = f"{names} already loaded by run {runs[-1]}"
    if any(known[o.sha256].plan_digest != plan_digest for o in again if o.sha256 is not None):
        message += ", under another plan; load again with --reload"
    return message
