"""A real object store, on this machine, over the network."""

from __future__ import annotations

from pathlib import Path

import pytest

from barkive.errors import StoreError
from barkive.images import read_file, remote

pytestmark = pytest.mark.slow


def test_photos_of_a_bucket_are_listed_and_read(s3: str, monkeypatch: pytest.MonkeyPatch) -> None:
    import s3fs

    store = s3fs.S3FileSystem()
    for name in ("img10.jpg", "img2.jpg", "more/rex é#1.jpg", "notes.txt"):
        store.pipe(f"kennel/listed/{name}", name.encode())
    store.pipe("kennel/listed/", b"")  # as the console marks a folder that it makes
    assert [one.path for one in remote.walk(f"{s3}/listed")] == [
        f"{s3}/listed/img2.jpg",
        f"{s3}/listed/img10.jpg",
        f"{s3}/listed/more/rex é#1.jpg",
    ]
    found = remote.find(f"{s3}/listed/more/rex é#1.jpg")
    assert isinstance(found, remote.Stored)
    assert (found.size, found.mtime_ns is not None) == (17, True)
    assert read_file(found.path) == "more/rex é#1.jpg".encode()
    assert remote.find(f"{s3}/listed") == remote.Folder([], [])
    assert remote.find(f"{s3}/nothing") is None
    assert remote.find("s3://no-such-bucket/nothing") is None


def test_what_lies_behind_a_double_slash_is_listed(s3: str) -> None:
    import s3fs

    store = s3fs.S3FileSystem()
    store.mkdir("slashes")
    names = (
        "/a.jpg",
        "/in/b.jpg",
        "x/c.jpg",
        "x//d.jpg",
        "x//in/e.jpg",
        "x///f.jpg",
        "x.jpg/g.jpg",
    )
    for name in (*names, "x.jpg"):
        store.pipe(f"slashes/{name}", name.encode())
    # As some tools mark a folder that they make.
    store.call_s3("put_object", Bucket="slashes", Key="x//", Body=b"")
    listed = [one.path for one in remote.walk("s3://slashes")]
    assert sorted(listed) == sorted(f"s3://slashes/{name}" for name in (*names, "x.jpg"))
    folder = remote.listing("s3://slashes/x/")
    assert folder.folders == ["s3://slashes/x//in", "s3://slashes/x//"]
    assert [one.path for one in folder.files] == ["s3://slashes/x//d.jpg"]
    assert read_file("s3://slashes/x//in/e.jpg") == b"x//in/e.jpg"


def test_a_store_that_is_not_there_is_named(
    s3: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    import s3fs

    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    lost = s3fs.S3FileSystem(
        skip_instance_cache=True, config_kwargs={"retries": {"max_attempts": 0}}
    )
    monkeypatch.setattr(remote, "_store", lambda scheme: lost)
    monkeypatch.setattr(remote, "_sleep", lambda seconds: None)
    with pytest.raises(StoreError, match=r"does not answer for s3://kennel/x: .*; run the command"):
        remote.find("s3://kennel/x")
