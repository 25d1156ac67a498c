from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from barkive.errors import MissingExtraError, PhotoError, StoreError, UsageError
from barkive.images import read_file, remote
from barkive.images.files import Tally
from barkive.images.passing import Passing

fsspec = pytest.importorskip("fsspec", reason="fsspec is not installed")


@pytest.fixture
def memory() -> Iterator[Any]:
    """An object store in this process."""
    store = fsspec.filesystem("memory")
    store.store.clear()
    yield store
    store.store.clear()


@pytest.fixture
def slept(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    seconds: list[float] = []
    monkeypatch.setattr(remote, "_sleep", seconds.append)
    monkeypatch.setattr("random.uniform", lambda low, high: 1.0)
    return seconds


class Broken(io.RawIOBase):
    """A file whose connection breaks while it is read."""

    def __init__(self, error: Exception) -> None:
        self.error, self.lines = error, [b"one\n"]

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if not self.lines:
            raise self.error
        line = self.lines.pop()
        buffer[: len(line)] = line
        return len(line)


class Store:
    """A store that refuses a number of times before it answers."""

    def __init__(self, error: Exception, times: int, size: int = 7) -> None:
        self.error, self.times, self.size, self.asked = error, times, size, 0

    def _strip_protocol(self, url: str) -> str:
        return url.partition("://")[2]

    def cat_file(self, name: str) -> bytes:
        self._refuse()
        return b"content of " + name.encode()

    def info(self, name: str) -> dict[str, Any]:
        self._refuse()
        return {"name": name, "type": "file", "size": self.size}

    def open(self, name: str, mode: str) -> Broken:
        return Broken(self.error)

    def _refuse(self) -> None:
        self.asked += 1
        if self.asked <= self.times:
            raise self.error


@pytest.fixture
def use(monkeypatch: pytest.MonkeyPatch) -> Callable[[Store], Store]:
    def put(store: Store) -> Store:
        monkeypatch.setattr(remote, "_store", lambda scheme: store)
        return store

    return put


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("s3://bucket/rex.jpg", True),
        ("gs://bucket", True),
        ("memory://x", True),
        ("/photos/s3://odd", False),
        ("C://photos", False),
        ("s3:///nothing", False),
        ("photos/rex.jpg", False),
        ("s3:/bucket", False),
    ],
)
def test_a_url_is_told_from_a_path(path: str, expected: bool) -> None:
    assert remote.is_remote(path) is expected


def test_a_url_is_kept_as_it_is_but_for_the_slash_at_its_end() -> None:
    assert remote.normal("s3://bucket/a//b/../") == "s3://bucket/a//b/.."


@pytest.mark.parametrize("url", ["ftp://ada:secret@host/x", "s3://key:secret@bucket"])
def test_a_password_in_a_url_is_refused_and_not_repeated(url: str) -> None:
    with pytest.raises(UsageError, match="may hold no name or password") as refused:
        remote.normal(url)
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize(
    "url",
    [
        "https://b.s3.amazonaws.com/rex.jpg?X-Amz-Date=1&X-Amz-Signature=secret",
        "https://storage.googleapis.com/b/rex.jpg?x-goog-signature=secret",
        "https://account.blob.core.windows.net/b/rex.jpg?sv=1&sig=secret",
        "https://host/rex.jpg?Signature=secret",
        "https://host/rex.jpg?token=secret",
        "https://host/rex.jpg?AWSAccessKeyId=secret",
    ],
)
def test_a_url_that_is_signed_is_refused_and_not_repeated(url: str) -> None:
    with pytest.raises(UsageError, match="may hold no signature or token") as refused:
        remote.normal(url)
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize("url", ["s3://b/what?.jpg", "s3://b/sig=1.jpg", "https://h/x?size=2"])
def test_a_question_mark_is_no_signature(url: str) -> None:
    assert remote.normal(url) == url


def test_a_folder_is_listed_in_natural_order_without_hidden_names(memory: Any) -> None:
    for name in ("img10.jpg", "img2.jpg", ".hidden.jpg", "notes.txt", "b/one.PNG", ".trash/x.jpg"):
        memory.pipe(f"/dogs/{name}", b"1234567")
    content = remote.listing("memory://dogs")
    assert content.folders == ["memory://dogs/b"]
    assert [one.path for one in content.files] == [
        "memory://dogs/img2.jpg",
        "memory://dogs/img10.jpg",
        "memory://dogs/notes.txt",
    ]
    assert [one.path for one in remote.walk("memory://dogs")] == [
        "memory://dogs/img2.jpg",
        "memory://dogs/img10.jpg",
        "memory://dogs/b/one.PNG",
    ]


def test_a_file_is_found_with_its_size_and_time(memory: Any) -> None:
    memory.pipe("/dogs/rex.jpg", b"1234567")
    memory.store["/dogs/rex.jpg"].created = datetime(2026, 5, 4, 3, 2, 1, 5, UTC)
    assert remote.find("memory://dogs/rex.jpg") == remote.Stored(
        "memory://dogs/rex.jpg", 7, 1_777_863_721_000_005_000
    )
    assert remote.find("memory://dogs") == remote.Folder([], [])
    assert remote.find("memory://dogs/none.jpg") is None


@pytest.mark.parametrize(
    ("info", "expected"),
    [
        ({"mtime": 1.5}, 1_500_000_000),
        ({"LastModified": "1970-01-01T00:00:02Z"}, 2_000_000_000),
        ({"updated": datetime(1970, 1, 1, 0, 0, 3)}, 3_000_000_000),
        ({"updated": "yesterday"}, None),
        ({}, None),
    ],
)
def test_each_store_tells_the_time_in_its_own_way(
    info: dict[str, Any], expected: int | None
) -> None:
    assert remote._stored("s3://b/x", {"size": 1, **info}).mtime_ns == expected


def test_what_throttles_is_asked_again_with_growing_pauses(
    use: Callable[[Store], Store], slept: list[float]
) -> None:
    store = use(Store(OSError(16, "Please reduce your request rate"), 3))
    assert remote.read("s3://b/rex.jpg", 7) == b"content of b/rex.jpg"
    assert (store.asked, slept) == (4, [0.5, 1.0, 2.0])


def test_what_throttles_for_ever_is_a_photo_that_failed(
    use: Callable[[Store], Store], slept: list[float]
) -> None:
    use(Store(OSError("Please reduce your request rate."), 99))
    with pytest.raises(PhotoError) as refused:
        read_file("s3://b/rex.jpg")
    assert str(refused.value) == (
        "The object store does not give the file: Please reduce your request rate."
    )
    assert slept == [0.5, 1.0, 2.0, 4.0, 8.0]


def test_a_store_that_tries_again_itself_is_asked_once(
    use: Callable[[Store], Store], slept: list[float]
) -> None:
    class Patient(Store):
        retries = 6

    store = use(Patient(TimeoutError("timed out"), 99))
    with pytest.raises(StoreError, match="does not answer"):
        remote.find("s3://b/x")
    assert (store.asked, slept) == (1, [])


@pytest.mark.parametrize(("size", "asked"), [(None, 1), (600 << 20, 0)])
def test_a_file_too_large_for_a_photo_is_not_read(
    use: Callable[[Store], Store], size: int | None, asked: int
) -> None:
    store = use(Store(OSError(), 0, size=600 << 20))
    with pytest.raises(PhotoError, match=r"^The file has 600 MB; the limit is 512 MB\.$"):
        remote.read("s3://b/film.jpg", size)
    assert store.asked == asked


class NoCredentialsError(Exception):
    pass


class AnswerError(Exception):
    """An answer of HTTP as a library tells it."""

    def __init__(self, **told: Any) -> None:
        super().__init__("Denied")
        vars(self).update(told)


@pytest.mark.parametrize(
    "error",
    [
        AnswerError(code=401),
        AnswerError(status=403),
        AnswerError(response={"ResponseMetadata": {"HTTPStatusCode": 403}}),
        OSError("Forbidden: b/x\nada may not read it"),
    ],
)
def test_a_refusal_of_the_credentials_is_said_at_once(
    use: Callable[[Store], Store], slept: list[float], error: Exception
) -> None:
    store = use(Store(error, 99))
    with pytest.raises(StoreError, match=r"refuses s3://b/x: [^;]+; check the credentials in its"):
        remote.find("s3://b/x")
    with pytest.raises(PhotoError, match=r"refuses the file: [^;]+; check the credentials in its"):
        remote.read("s3://b/x")
    assert (store.asked, slept) == (2, [])


def test_one_photo_that_is_refused_is_told_from_a_store_that_is_not_answered(
    use: Callable[[Store], Store],
) -> None:
    use(Store(OSError("Forbidden: b/x"), 99))
    with pytest.raises(StoreError, match="refuses") as refused:
        remote.find("gs://b/x")
    assert isinstance(refused.value.__context__, PermissionError)


@pytest.mark.parametrize("cause", [TimeoutError("timed out"), AnswerError(status=500)])
def test_what_can_not_be_told_is_not_taken_for_gone(
    use: Callable[[Store], Store], slept: list[float], cause: Exception
) -> None:
    missing = FileNotFoundError("https://host/rex.jpg")
    missing.__cause__ = cause
    use(Store(missing, 99))
    with pytest.raises(StoreError, match=r"does not answer for https://host/rex.jpg: (time|Deni)"):
        remote.find("https://host/rex.jpg")
    assert len(slept) == 5


@pytest.mark.parametrize("cause", [None, AnswerError(status=404), KeyError("rex.jpg")])
def test_what_is_not_there_is_nothing(
    use: Callable[[Store], Store], cause: Exception | None
) -> None:
    missing = FileNotFoundError("https://host/rex.jpg")
    missing.__cause__ = cause
    use(Store(missing, 99))
    assert remote.find("https://host/rex.jpg") is None


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (
            NoCredentialsError("Unable to locate credentials"),
            "The object store refuses s3://b/x: Unable to locate credentials; check the "
            "credentials in its own settings, such as AWS_PROFILE or "
            "GOOGLE_APPLICATION_CREDENTIALS.",
        ),
        (
            PermissionError("Access Denied"),
            "The object store refuses s3://b/x: Access Denied; check the credentials in its "
            "own settings, such as AWS_PROFILE or GOOGLE_APPLICATION_CREDENTIALS.",
        ),
    ],
)
def test_what_no_second_try_changes_is_said_at_once(
    use: Callable[[Store], Store], slept: list[float], error: Exception, sentence: str
) -> None:
    store = use(Store(error, 99))
    with pytest.raises(StoreError) as refused:
        remote.find("s3://b/x")
    assert (str(refused.value), store.asked, slept) == (sentence, 1, [])


def test_a_store_that_does_not_answer_is_named(
    use: Callable[[Store], Store], slept: list[float]
) -> None:
    use(Store(TimeoutError("timed out"), 99))
    with pytest.raises(StoreError, match=r"does not answer for s3://b/x: timed out; run the"):
        remote.find("s3://b/x")


def test_a_photo_that_is_not_there_says_so(memory: Any) -> None:
    with pytest.raises(PhotoError, match=r"^The file does not exist\.$"):
        remote.read("memory://dogs/none.jpg")


def test_a_file_is_opened_to_be_read_piece_by_piece(memory: Any) -> None:
    memory.pipe("/lists/all.txt", b"one\ntwo\n")
    with remote.opened("memory://lists/all.txt") as file:
        assert list(file) == [b"one\n", b"two\n"]
    with pytest.raises(FileNotFoundError), remote.opened("memory://lists/none.txt"):
        pass


def test_a_connection_that_breaks_while_a_file_is_read_is_told(
    use: Callable[[Store], Store],
) -> None:
    use(Store(RuntimeError("Response payload is not completed"), 0))
    with (
        pytest.raises(StoreError, match=r"does not answer for s3://b/all.txt: Response payload is"),
        remote.opened("s3://b/all.txt") as file,
    ):
        file.read()


def test_an_error_of_who_reads_a_file_stays_as_it_is(memory: Any) -> None:
    memory.pipe("/lists/all.txt", b"one\n")
    with pytest.raises(UsageError, match="no list"), remote.opened("memory://lists/all.txt"):
        raise UsageError("verbatim", sentence="It is no list.")


def test_an_unknown_store_is_named() -> None:
    with pytest.raises(StoreError, match=r"knows no object store nowhere://; s3:// and gs://"):
        remote.find("nowhere://b/x")


def test_a_store_whose_package_is_missing_is_named_with_its_extra(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def missing(*_: object, **__: object) -> None:
        raise ImportError("Install s3fs")

    monkeypatch.setattr("fsspec.filesystem", missing)
    with pytest.raises(MissingExtraError, match=r"barkive\[cloud\]"):
        remote.find("abfs://b/x")


def test_a_store_s_bins_and_what_is_excluded_are_passed_over(memory: Any) -> None:
    for name in ("rex.jpg", "a/@eaDir/1.jpg/SM.jpg", "a/1.jpg", "a/2.jpg", "old/1.jpg", "1.cr2"):
        memory.pipe(f"/dogs/{name}", b"1234567")
    memory.pipe("/dogs/a/.barkiveignore", b"/2.jpg\n")
    tally = Tally()
    found = remote.walk("memory://dogs", Passing(("old/",)), tally)
    assert [one.path for one in found] == ["memory://dogs/rex.jpg", "memory://dogs/a/1.jpg"]
    assert tally.counts() == {"@eaDir": 1, "excluded": 2, "raw": 1}


def test_a_store_s_file_of_patterns_that_is_no_text_is_told(memory: Any) -> None:
    memory.pipe("/dogs/.barkiveignore", b"\xff\xd8\xff")
    with pytest.raises(UsageError, match=r"^The file memory://dogs/\.barkiveignore is no text; it"):
        list(remote.walk("memory://dogs"))
