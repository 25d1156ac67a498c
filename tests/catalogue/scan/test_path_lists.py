import io
import os
import tracemalloc
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from barkive.catalogue.scan.path_lists import read_list
from barkive.errors import StoreError, UsageError
from barkive.images import remote


def test_a_text_list_gives_its_lines_without_the_empty_ones(tmp_path: Path) -> None:
    file = tmp_path / "all.txt"
    file.write_bytes(b"\xef\xbb\xbfa b.jpg\r\n\n  \n/x/# 2.jpg\n caf\xe9.jpg\nlast.jpg")
    assert list(read_list(str(file))) == [
        "a b.jpg",
        "/x/# 2.jpg",
        os.fsdecode(b" caf\xe9.jpg"),
        "last.jpg",
    ]


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_a_list_that_says_it_is_utf_16_is_read_as_that(tmp_path: Path, encoding: str) -> None:
    file = tmp_path / "all.txt"
    file.write_bytes("\ufeffC:\\dogs\\café.jpg\r\n\r\n  \r\ns3://b/ \u4e0a.jpg".encode(encoding))
    assert list(read_list(str(file))) == ["C:\\dogs\\café.jpg", "s3://b/ \u4e0a.jpg"]


@pytest.mark.parametrize(
    "line",
    [
        "rex.jpg\n".encode("utf-16-le"),
        b"rex.jpg\0mila.jpg\0",
        b"s3://b/caf\xe9.jpg\n",
        b"x" * (1 << 16),
    ],
)
def test_a_line_that_can_be_no_path_is_named(tmp_path: Path, line: bytes) -> None:
    file = tmp_path / "all.txt"
    file.write_bytes(b"first.jpg\n" + line + b"\nlast.jpg\n")
    found = read_list(str(file))
    assert next(found) == "first.jpg"
    with pytest.raises(UsageError) as refused:
        next(found)
    assert str(refused.value) == (
        f"Line 2 of the list {file} is no path; a list is text in UTF-8 with one path a line, as "
        "`find` prints it without -print0."
    )


def test_what_is_one_long_line_is_not_held(tmp_path: Path) -> None:
    file = tmp_path / "all.txt"
    file.write_bytes(b"rex.jpg\0" * (1 << 20))
    tracemalloc.start()
    with pytest.raises(UsageError, match="is no path"):
        next(read_list(str(file)))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 1 << 20


class Broken(io.RawIOBase):
    """A list in a store whose connection breaks behind the first block."""

    blocks = 1

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if not self.blocks:
            raise RuntimeError("Response payload is not completed")
        self.blocks -= 1
        buffer[:8] = b"rex.jpg\n"
        return 8


def test_a_store_that_breaks_off_in_a_list_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    store = SimpleNamespace(_strip_protocol=str, open=lambda name, mode: Broken())
    monkeypatch.setattr(remote, "_store", lambda scheme: store)
    found = read_list("s3://b/all.txt")
    assert next(found) == "rex.jpg"
    with pytest.raises(StoreError, match=r"does not answer for s3://b/all.txt: Response payload"):
        next(found)


def test_a_parquet_list_gives_its_column_of_paths(tmp_path: Path) -> None:
    pa = pytest.importorskip("pyarrow")
    import pyarrow.parquet as pq

    file = str(tmp_path / "all.parquet")
    pq.write_table(pa.table({"id": [1, 2, 3], "url": ["s3://b/x.jpg", None, " "]}), file)
    assert list(read_list(file)) == ["s3://b/x.jpg"]
    pq.write_table(pa.table({"id": [1], "whatever": ["x.jpg"]}), file)
    assert list(read_list(file)) == ["x.jpg"]


def test_a_parquet_list_without_paths_names_its_columns(tmp_path: Path) -> None:
    pa = pytest.importorskip("pyarrow")
    import pyarrow.parquet as pq

    file = str(tmp_path / "all.parquet")
    pq.write_table(pa.table({"one": ["a"], "two": ["b"]}), file)
    with pytest.raises(UsageError, match=r"no column that is called path or file or url; its"):
        list(read_list(file))


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("all.parquet", b"not at all", r"all.parquet is no Parquet file, or is damaged: .+\.$"),
        ("none.txt", None, r"^There is no list .*none.txt; check the name\.$"),
    ],
)
def test_a_list_that_can_not_be_read_is_named(
    tmp_path: Path, name: str, content: bytes | None, sentence: str
) -> None:
    pytest.importorskip("pyarrow")
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(UsageError, match=sentence):
        list(read_list(str(tmp_path / name)))
