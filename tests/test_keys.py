"""Duplicates over a whole dataset: hashes, the spill that compares them, and the rows to drop."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import etl_agent.keys as keys_module
from etl_agent.hashing import hash_cells, hash_key
from etl_agent.keys import Drops, Keep, KeySpill

cells = st.one_of(st.none(), st.text(max_size=40), st.sampled_from(["", "nan", "a", "aa", "\x00", "\x00\x00"]))


def text(*values: str | None) -> pa.Array:
    return pa.array(values, pa.string())


def as_pairs(hashes: np.ndarray) -> list[tuple[int, int]]:
    return [tuple(row) for row in hashes.tolist()]


def reference(values: list[str | None], material: bytes = b"etl-agent key") -> list[tuple[int, int]]:
    """The same hash, cell by cell in plain Python."""
    digest = hashlib.shake_256((0).to_bytes(8, "little") + material).digest(8 * 4 * 33)
    numbers = [int.from_bytes(digest[i : i + 8], "little") for i in range(0, len(digest), 8)]
    wrap = (1 << 64) - 1

    def product(word: int, key: int) -> int:
        mixed = (word + key) & wrap
        return (mixed & 0xFFFFFFFF) * (mixed >> 32)

    def scatter(total: int) -> int:
        for factor in (0xFF51AFD7ED558CCD, 0xC4CEB9FE1A85EC53):
            total = ((total ^ (total >> 33)) * factor) & wrap
        return total ^ (total >> 33)

    hashes = []
    for value in values:
        data = b"" if value is None else value.encode()
        words = [0 if value is None else len(data) + 1]
        words += [int.from_bytes(data[i : i + 8], "little") for i in range(0, len(data), 8)]
        sums = [sum(product(word, numbers[lane * 33 + i]) for i, word in enumerate(words)) & wrap for lane in range(4)]
        hashes.append(((scatter(sums[0]) + sums[1]) & wrap, (scatter(sums[2]) + sums[3]) & wrap))
    return hashes


@settings(max_examples=50, deadline=None)
@given(st.lists(cells, max_size=20))
def test_hash_is_that_of_the_plain_reading(values: list[str | None]) -> None:
    """The hash over Arrow's buffers is the one that cell by cell arithmetic gives."""
    assert as_pairs(hash_key([text(*values)])) == reference(values)


def test_the_hash_of_one_column_is_the_first_half_of_its_keys():
    """At half the cost."""
    column = text("a", "", "x" * 1000, None, "é")
    assert hash_cells(column).tolist() == hash_key([column])[:, 0].tolist()


@settings(max_examples=50, deadline=None)
@given(st.lists(cells, min_size=1, max_size=20), st.integers(0, 10))
def test_hash_of_a_slice_is_the_slice_of_the_hashes(values: list[str | None], start: int) -> None:
    """A row's hash does not depend on the rows around it or on where its buffer begins."""
    whole = hash_key([text(*values)])
    assert as_pairs(hash_key([text(*values).slice(start)])) == as_pairs(whole[start:])


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(cells, cells), max_size=20))
def test_hashes_are_equal_exactly_where_the_rows_are(rows: list[tuple[str | None, str | None]]) -> None:
    """Two rows have the same hash if and only if all their cells are the same."""
    hashes = as_pairs(hash_key([text(*(row[0] for row in rows)), text(*(row[1] for row in rows))]))
    assert len(set(hashes)) == len(set(rows))


def test_null_empty_and_nan_differ() -> None:
    """Null, the empty string and the text nan are three keys."""
    assert len(set(as_pairs(hash_key([text(None, "", "nan")])))) == 3


def test_cells_do_not_run_together() -> None:
    """('a', 'bc') and ('ab', 'c') are two keys."""
    assert len(set(as_pairs(hash_key([text("a", "ab", None), text("bc", "c", "abc")])))) == 3


def test_long_cells_differ_in_their_last_byte() -> None:
    """A cell too long for the fast sums is hashed to its end."""
    long = "x" * 1000
    hashes = as_pairs(hash_key([text(long, long + "y", long + "z", long)]))
    assert hashes[0] == hashes[3]
    assert len(set(hashes)) == 3


def test_typed_columns_are_hashed_by_value() -> None:
    """A typed column's null and values are told apart like text."""
    hashes = as_pairs(hash_key([pa.array([1, 2, None, 1], pa.int64())]))
    assert hashes[0] == hashes[3]
    assert len(set(hashes)) == 3


def test_other_key_material_gives_other_hashes() -> None:
    """The hash is keyed."""
    assert as_pairs(hash_key([text("a")])) != as_pairs(hash_key([text("a")], material=b"other"))


def test_both_hashes_are_spread_evenly() -> None:
    """Counting keys fill all 64 leading parts about equally, in both hashes."""
    hashes = hash_key([text(*(f"{number:08d}" for number in range(20_000)))])
    for lane in range(2):
        counts = np.bincount((hashes[:, lane] >> np.uint64(58)).astype(int), minlength=64)
        assert counts.min() > 200
        assert counts.max() < 450


def expected(names: list[int], *, keep: Keep, rank: list[int], without: set[int]) -> list[int]:
    """The rows to drop, by the plain definition."""
    groups: dict[int, list[int]] = {}
    for row, name in enumerate(names):
        if row not in without:
            groups.setdefault(name, []).append(row)
    drops: list[int] = []
    for rows in groups.values():
        if keep == "none":
            drops += rows if len(rows) > 1 else []
            continue
        best, newest = (max(rows, key=lambda row, sign=sign: (rank[row], sign * row)) for sign in (-1, 1))
        stays = {"first": rows[0], "last": rows[-1], "best": best, "newest": newest}[keep]
        drops += [row for row in rows if row != stays]
    return sorted(drops)


def spilled(folder: Path, names: list[int], *, rank: list[int] | None = None, lot: int = 7) -> KeySpill:
    spill = KeySpill(folder, partitions=4)
    for start in range(0, len(names), lot):
        part = names[start : start + lot]
        spill.add(
            hash_key([text(*map(str, part))]),
            rows=np.arange(start, start + len(part)),
            rank=None if rank is None else np.array(rank[start : start + lot], np.int64),
        )
    return spill


@pytest.mark.parametrize("keep", ["first", "last", "best", "newest", "none"])
@pytest.mark.parametrize("limits", [(1 << 20, 1 << 20), (200, 1 << 20), (200, 100)])
def test_losers_are_those_of_the_plain_definition(
    keep: Keep, limits: tuple[int, int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In memory, on disk, and with partitions read in pieces, the same rows are dropped."""
    monkeypatch.setattr(keys_module, "_BUFFER_BYTES", limits[0])
    monkeypatch.setattr(keys_module, "_SORT_BYTES", limits[1])
    rng = np.random.default_rng(3)
    for size in (0, 1, 50, 300):
        names, rank = rng.integers(0, 60, size).tolist(), rng.integers(-3, 3, size).tolist()
        without = set(rng.choice(size, size // 5, replace=False).tolist())
        drops = spilled(tmp_path, names, rank=rank).losers(
            keep=keep, without=Drops.of([np.array([*without], np.int64)])
        )
        assert drops.rows.tolist() == expected(names, keep=keep, rank=rank, without=without)


def test_groups_are_all_rows_of_repeated_keys(tmp_path: Path) -> None:
    """Uniqueness wants every row of a key that is not unique."""
    assert spilled(tmp_path, [1, 2, 1, 3, 2, 1]).groups().rows.tolist() == [0, 1, 2, 4, 5]


def test_small_inputs_never_touch_the_disk(tmp_path: Path) -> None:
    """A few rows need no folder at all."""
    assert spilled(tmp_path / "absent", [1, 1]).losers().rows.tolist() == [1]


def test_the_spill_leaves_no_file_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file has no name, so that a killed run leaves nothing to sweep."""
    monkeypatch.setattr(keys_module, "_BUFFER_BYTES", 100)
    spill = spilled(tmp_path, [1, 1, 2, 3, 4, 5, 6, 7, 8])
    assert list(tmp_path.iterdir()) == []
    assert spill.losers().rows.tolist() == [1]


def test_best_needs_a_rank(tmp_path: Path) -> None:
    """The best row cannot be told without a rank."""
    with pytest.raises(ValueError, match="rank"):
        spilled(tmp_path, [1, 1]).losers(keep="best")


def test_rank_is_given_always_or_never(tmp_path: Path) -> None:
    """A rank for some rows only is a mistake of the caller."""
    spill = spilled(tmp_path, [1])
    with pytest.raises(ValueError, match="rank"):
        spill.add(hash_key([text("2")]), rows=np.array([1]), rank=np.array([1]))


def test_partitions_are_a_power_of_two(tmp_path: Path) -> None:
    """Partitions are leading bits, so their number is a power of two."""
    with pytest.raises(ValueError, match="power of two"):
        KeySpill(tmp_path, partitions=3)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.lists(st.integers(0, 3_000_000), max_size=5), max_size=5))
def test_drops_are_sorted_and_distinct(chunks: list[list[int]]) -> None:
    """Whatever comes in, the rows are sorted and distinct, and exactly they are contained."""
    drops = Drops.of(np.array(chunk, np.int64) for chunk in chunks)
    rows = sorted({row for chunk in chunks for row in chunk})
    assert drops.rows.tolist() == rows
    assert len(drops) == len(rows)
    asked = np.array([*rows, *(row + 1 for row in rows), 10**12], np.int64)
    assert drops.contains(asked).tolist() == [row in set(rows) for row in asked.tolist()]


def test_large_drops_are_kept_in_a_file_without_a_name(tmp_path: Path) -> None:
    """A row number far out needs a file with a hole, not memory, and leaves no file behind."""
    drops = Drops.of([np.array([10**9, 3]), np.array([4])], folder=tmp_path)
    assert isinstance(drops._bits, np.memmap)
    assert drops.rows.tolist() == [3, 4, 10**9]
    assert list(tmp_path.iterdir()) == []


@settings(max_examples=30, deadline=None)
@given(
    st.lists(st.integers(0, 12), max_size=30),
    st.lists(st.integers(0, 15), max_size=10),
    st.sets(st.integers(0, 29), max_size=20),
    st.booleans(),
)
def test_keys_are_held_where_a_row_that_stays_has_them(
    tmp_path_factory: pytest.TempPathFactory, names: list[int], asked: list[int], without: set[int], spill: bool
) -> None:
    """In memory and on disk, asked once or more, a key is held exactly if a row with it has not left."""
    folder = tmp_path_factory.mktemp("keys")
    held = spilled(folder, names)
    if spill and names:
        held._spill()
    gone = Drops.of([np.array(sorted(without), np.int64)])
    hashes = hash_key([text(*map(str, asked))])
    kept = {name for row, name in enumerate(names) if row not in without}
    for _ in range(2):
        assert held.holds(hashes, without=gone).tolist() == [name in kept for name in asked]


def test_joined_drops_leave_the_first_ones_alone() -> None:
    """Both sets of rows are in the answer, and what was asked before still holds."""
    first = Drops.of([np.array([7, 2])])
    assert first.joined(np.array([5, 100, 2])).rows.tolist() == [2, 5, 7, 100]
    assert first.joined(np.array([], np.int64)).rows.tolist() == [2, 7]
    assert first.rows.tolist() == [2, 7]
