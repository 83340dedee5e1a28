"""Compressed files: read like plain ones, and refused when damaged or too large."""

import bz2
import gzip
import io
import lzma
import os
import threading
import zipfile

import pytest
import zstandard

from etl_agent.errors import FileRefused, NoInput, PermissionRefused

TEXT = b"a,b\n" + b"".join(b"%d,x\n" % n for n in range(1000))


def zipped(**members: bytes) -> bytes:
    """Pack a zip file."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return buffer.getvalue()


PACKERS = {
    "gz": gzip.compress,
    "zst": zstandard.compress,
    "bz2": bz2.compress,
    "xz": lzma.compress,
    "zip": lambda content: zipped(data=content),
}


@pytest.mark.parametrize("kind", PACKERS)
def test_packed_file_is_read(read, kind):
    """Every kind gives the same rows; lines and offsets are those of the unpacked file."""
    got = read(PACKERS[kind](TEXT), name=f"data.csv.{kind}")
    assert len(got.rows) == 1000
    assert TEXT[got.offsets[-1] :] == b"999,x\n"
    assert got.tallies[0].size == len(TEXT) != got.tallies[0].packed_size


def test_packing_is_known_by_content(read):
    """A name without .gz, as from a pipe, makes no difference."""
    assert len(read(gzip.compress(TEXT), name="data.csv").rows) == 1000


@pytest.mark.parametrize("kind", PACKERS)
@pytest.mark.parametrize("keep", [0.5, 0.99])
def test_truncated_file_is_refused(read, kind, keep):
    """Rows are never silently missing at the end."""
    packed = PACKERS[kind](TEXT)
    with pytest.raises(FileRefused, match="truncated or damaged"):
        read(packed[: int(len(packed) * keep)], name=f"data.csv.{kind}")


@pytest.mark.parametrize("kind", ["gz", "bz2", "xz", "zip"])
def test_damaged_file_is_refused(read, kind):
    """A flipped bit does not pass the checksum."""
    packed = bytearray(PACKERS[kind](TEXT))
    packed[len(packed) // 2] ^= 4
    with pytest.raises(FileRefused):
        read(bytes(packed), name=f"data.csv.{kind}")


@pytest.mark.parametrize("kind", PACKERS)
def test_unpacking_is_bounded_by_size(read, kind):
    """A file that unpacks to more than is allowed is refused."""
    with pytest.raises(FileRefused, match="max_decompressed_bytes"):
        read(PACKERS[kind](TEXT), name=f"data.csv.{kind}", max_decompressed_bytes=1000)


def test_unpacking_is_bounded_by_ratio(opened, tmp_path):
    """A bomb is refused once it has passed 64 MiB."""
    line = b"1," + b"2" * 1000 + b"\n"
    (tmp_path / "data.csv.zst").write_bytes(zstandard.compress(b"a,b\n" + line * (80 << 10)))
    with opened(files="data.csv.zst") as dataset, pytest.raises(FileRefused, match="250 times its"):
        for _ in dataset.batches():
            pass


def test_each_member_of_a_zip_file_is_a_file(opened, read_all, tmp_path):
    """Members are read in the order of their names and are known by them."""
    (tmp_path / "all.zip").write_bytes(zipped(b=b"x\n2\n", a=b"x\n1\n"))
    with opened(files="all.zip") as dataset:
        assert [file.name for file in dataset.files] == ["all.zip/a", "all.zip/b"]
        assert read_all(dataset).rows == [("1",), ("2",)]


def test_empty_zip_file_is_refused(read):
    """An archive of nothing is no dataset."""
    with pytest.raises(FileRefused, match="holds no file"):
        read(zipped(), name="data.zip")


def test_members_of_several_packed_streams_are_one_file(read):
    """Files joined after packing read as one."""
    assert len(read(gzip.compress(TEXT) + gzip.compress(b"1,2\n"), name="data.csv.gz").rows) == 1001


def test_pipe_is_copied(opened, read_all, tmp_path):
    """A named pipe can be read although it gives its bytes once."""
    os.mkfifo(tmp_path / "pipe")
    feeder = threading.Thread(target=lambda: (tmp_path / "pipe").write_bytes(b"x\n1\n"))
    feeder.start()
    with opened(files="pipe") as dataset:
        feeder.join()
        assert read_all(dataset).rows == read_all(dataset).rows == [("1",)]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_unreadable_file_is_a_matter_of_permission(opened, tmp_path):
    """The error says that the file is there but may not be read."""
    (tmp_path / "a.csv").touch(mode=0)
    with pytest.raises(PermissionRefused):
        opened(files="a.csv")


def test_device_is_no_input(opened):
    """Only files and pipes are read."""
    with pytest.raises(NoInput, match="no regular file"):
        opened(files="/dev/zero")


def test_endless_line_is_refused(read):
    """Something without line ends does not fill the memory."""
    with pytest.raises(FileRefused, match="longer than"):
        read(b"a,b\n" + b"x" * (40 << 20))
