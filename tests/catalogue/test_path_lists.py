import os
from pathlib import Path

import pytest

from barkive.catalogue.path_lists import read_list
from barkive.errors import UsageError


def test_a_text_list_gives_its_lines_without_the_empty_ones(tmp_path: Path) -> None:
    file = tmp_path / "all.txt"
    file.write_bytes(b"\xef\xbb\xbfa b.jpg\r\n\n  \n/x/# 2.jpg\n caf\xe9.jpg\nlast.jpg")
    assert list(read_list(str(file))) == [
        "a b.jpg",
        "/x/# 2.jpg",
        os.fsdecode(b" caf\xe9.jpg"),
        "last.jpg",
    ]


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
