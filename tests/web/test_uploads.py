"""Photos out of requests, whatever a client sends."""

from __future__ import annotations

import asyncio
import errno
from collections.abc import Iterable, Sequence
from tempfile import SpooledTemporaryFile
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartParser
from starlette.requests import ClientDisconnect, Request

from barkive.web.settings import Limits
from barkive.web.uploads import UploadError, base_name, received

FORM = "multipart/form-data; boundary=dog"
END = b"--dog--\r\n"
MEGABYTE = 1 << 20
NOTHING = (
    "There is no photo in the request; send some in the field “files” of a form, or one as the "
    "body."
)
CUT_OFF = "The form is cut off: its last boundary is missing."


def part(content: bytes, file: str | None = "rex.jpg", field: str = "files") -> bytes:
    filename = "" if file is None else f'; filename="{file}"'
    head = f'--dog\r\nContent-Disposition: form-data; name="{field}"{filename}\r\n\r\n'
    return head.encode() + content + b"\r\n"


def request(kind: str | None, chunks: Iterable[bytes], *, whole: bool = True) -> Request:
    """A request whose body arrives in pieces; not `whole` where its client goes before the end."""
    headers = [] if kind is None else [(b"content-type", kind.encode("latin-1"))]
    messages: list[dict[str, Any]] = [
        {"type": "http.request", "body": chunk, "more_body": True} for chunk in chunks
    ]
    if whole:
        messages.append({"type": "http.request", "body": b"", "more_body": False})
    messages.append({"type": "http.disconnect"})

    async def receive() -> dict[str, Any]:
        return messages.pop(0)

    return Request({"type": "http", "method": "POST", "headers": headers}, receive)


def read(
    kind: str | None, body: bytes | Sequence[bytes], limits: Limits | None = None, **options: Any
) -> list[tuple[str | None, bytes, str | None]]:
    """Name, content and error of each photo that is found."""

    async def found() -> list[tuple[str | None, bytes, str | None]]:
        chunks = [body] if isinstance(body, bytes) else body
        async with received(request(kind, chunks, **options), limits or Limits()) as uploads:
            return [(one.name, await one.read(), one.reason and str(one.reason)) for one in uploads]

    return asyncio.run(found())


def refused(
    kind: str | None, body: bytes | Sequence[bytes], limits: Limits | None = None
) -> tuple[int, str]:
    with pytest.raises(UploadError) as error:
        read(kind, body, limits)
    return error.value.status, str(error.value)


@pytest.fixture
def files(monkeypatch: pytest.MonkeyPatch) -> list[SpooledTemporaryFile[bytes]]:
    """Every file that is made for a photo."""
    made: list[SpooledTemporaryFile[bytes]] = []

    def make(**options: Any) -> SpooledTemporaryFile[bytes]:
        made.append(SpooledTemporaryFile(**options))  # noqa: SIM115 - closed by who asks
        return made[-1]

    monkeypatch.setattr("starlette.formparsers.SpooledTemporaryFile", make)
    return made


def test_one_photo_in_a_form() -> None:
    assert read(FORM, part(b"bark") + END) == [("rex.jpg", b"bark", None)]


def test_many_photos_in_the_order_sent() -> None:
    body = b"".join(part(b"%d" % n, f"{n}.jpg") for n in range(30)) + END
    assert read(FORM, body) == [(f"{n}.jpg", b"%d" % n, None) for n in range(30)]


def test_a_form_may_arrive_byte_by_byte() -> None:
    body = part(b"\r\n--do\r\n--dox", "a.jpg") + part(b"", "b.jpg") + END
    assert read(FORM, [bytes([byte]) for byte in body]) == [
        ("a.jpg", b"\r\n--do\r\n--dox", None),
        ("b.jpg", b"", None),
    ]


def test_a_photo_that_waits_on_the_disk() -> None:
    content = bytes(range(256)) * (3 * MEGABYTE // 256)
    assert read(FORM, [part(content), END]) == [("rex.jpg", content, None)]


@pytest.mark.parametrize(
    "kind",
    [None, "", "image/jpeg", "text/plain; charset=utf-8", "application/x-www-form-urlencoded", ";"],
)
def test_a_body_of_any_other_type_is_the_photo_itself(kind: str | None) -> None:
    assert read(kind, [b"--do", b"", b"g"]) == [(None, b"--dog", None)]


@pytest.mark.parametrize(
    "kind", ["Multipart/Form-Data; BOUNDARY=dog", 'multipart/form-data ; boundary="dog"']
)
def test_the_type_of_a_form_in_other_spellings(kind: str) -> None:
    assert read(kind, part(b"bark") + END) == [("rex.jpg", b"bark", None)]


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("image/jpeg", b""),
        (FORM, END),
        (FORM, part(b"bark", field="photo") + END),
        (FORM, part(b"a note", None, "note") + END),
    ],
)
def test_a_request_without_photos(kind: str, body: bytes) -> None:
    assert refused(kind, body) == (422, NOTHING)


def test_text_in_the_field_is_refused() -> None:
    assert refused(FORM, part(b"a pug", None) + part(b"bark") + END) == (
        422,
        "The field “files” holds text; send photos as files, with a file name.",
    )


def test_a_field_in_which_nothing_was_chosen_is_left_out() -> None:
    assert read(FORM, part(b"", "") + part(b"bark") + part(b"", "") + END) == [
        ("rex.jpg", b"bark", None)
    ]
    assert read(FORM, part(b"", "") + END) == [(None, b"", None)]  # which is an empty photo
    assert read(FORM, part(b"bark", "") + part(b"growl") + END) == [
        (None, b"bark", None),
        ("rex.jpg", b"growl", None),
    ]


def test_too_many_photos() -> None:
    limits = Limits(photos=3)
    body = b"".join(part(b"x", f"{n}.jpg") for n in range(3))
    assert len(read(FORM, body + END, limits)) == 3
    assert refused(FORM, body + part(b"x") + END, limits) == (
        413,
        "The request sends more than 3 photos, which is the limit; send them in several requests.",
    )


def test_one_photo_too_large_is_the_error_of_this_photo_alone() -> None:
    limits = Limits(photo_bytes=2 * MEGABYTE)
    large = bytes(2 * MEGABYTE + 1)
    body = [part(large, "large.jpg"), part(large[:-1], "just.jpg"), part(b"bark"), END]
    assert [(name, len(content), error) for name, content, error in read(FORM, body, limits)] == [
        (
            "large.jpg",
            2 * MEGABYTE + 1,
            "The photo has more than 2 MB, which is the limit.",
        ),
        ("just.jpg", 2 * MEGABYTE, None),
        ("rex.jpg", 4, None),
    ]


def test_a_body_too_large_is_refused_before_its_end() -> None:
    limits = Limits(photo_bytes=MEGABYTE)
    assert read("image/jpeg", bytes(MEGABYTE), limits) == [(None, bytes(MEGABYTE), None)]
    too_large = (413, "The photo has more than 1 MB, which is the limit.")
    assert refused("image/jpeg", [bytes(MEGABYTE), b"x"], limits) == too_large

    async def endless() -> None:
        chunks = iter(lambda: b"x" * 65_536, b"")
        sent = 0

        async def receive() -> dict[str, Any]:
            nonlocal sent
            sent += 1
            assert sent < 20, "read on beyond the limit"
            return {"type": "http.request", "body": next(chunks), "more_body": True}

        scope = {"type": "http", "method": "POST", "headers": []}
        async with received(Request(scope, receive), limits):
            raise AssertionError("taken")

    with pytest.raises(UploadError) as error:
        asyncio.run(endless())
    assert (error.value.status, str(error.value)) == too_large


@pytest.mark.parametrize(
    "body",
    [
        b"",
        part(b"bark"),
        part(b"bark")[:-2],
        part(b"bark") + b"--dog",
        part(b"bark") + b"--dog-",
        part(b"bark") + part(b"bark")[:40],
        part(b"bark") + part(b"bark") + b"--do",
    ],
)
def test_a_form_that_is_cut_off(body: bytes) -> None:
    assert refused(FORM, body) == (400, CUT_OFF)


def test_what_follows_the_end_of_a_form_does_no_harm() -> None:
    assert read(FORM, part(b"bark") + END + b"and more") == [("rex.jpg", b"bark", None)]


@pytest.mark.parametrize(
    ("kind", "body", "reason"),
    [
        ("multipart/form-data", part(b"x") + END, "Missing boundary in multipart"),
        ("multipart/form-data; boundary=cat", part(b"x") + END, "Invalid multipart data"),
        ("multipart/form-data; boundary=", part(b"x") + END, "Invalid multipart data"),
        (f"multipart/form-data; boundary={'x' * 1000}", END, "Invalid multipart data"),
        (FORM, b"no form at all", "Invalid multipart data"),
        (FORM, b"--dog\r\nno header\r\n\r\n" + END, "Invalid multipart data"),
        (FORM + "; charset=undefined", part(b"x") + END, "Invalid multipart data"),
        (
            FORM,
            b"--dog\r\n\r\nx\r\n" + END,
            'The Content-Disposition header field "name" must be provided',
        ),
        (
            FORM,
            part(bytes(2 * MEGABYTE), None) + END,
            "Part exceeded maximum size of 1024KB",
        ),
    ],
)
def test_a_form_that_can_not_be_read(kind: str, body: bytes, reason: str) -> None:
    assert refused(kind, body) == (400, f"The form can't be read: {reason}.")


def test_some_other_fields_are_allowed_and_many_are_not() -> None:
    others = [part(b"x", None, f"field{n}") for n in range(21)]
    assert read(FORM, b"".join([*others[:20], part(b"bark"), END])) == [("rex.jpg", b"bark", None)]
    assert refused(FORM, b"".join([*others, part(b"bark"), END])) == (
        400,
        "The form can't be read: Too many fields. Maximum number of fields is 20.",
    )


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("rex.jpg", "rex.jpg"),
        ("/home/ada/Pictures/rex.jpg", "rex.jpg"),
        ("../../etc/passwd", "passwd"),
        ("C:\\\\Users\\\\Ada\\\\rex.jpg", "rex.jpg"),
        ("D:rex.jpg", "rex.jpg"),
        ("\\\\\\\\server\\\\share\\\\dogs\\\\rex.jpg", "rex.jpg"),
        ("dogs/big\\\\rex.jpg", "rex.jpg"),
        ("dogs\\\\big/rex.jpg", "rex.jpg"),
        ("dogs/", "dogs"),
        ("..", None),
        ("../..", None),
        ("a\\\\..", None),
        ("/", None),
        ("C:\\\\", None),
        ("Žofka 🐕 犬.jpg", "Žofka 🐕 犬.jpg"),
        ("e\u0301te\u0301.jpg", "e\u0301te\u0301.jpg"),
        ('\\"quoted\\".jpg', '"quoted".jpg'),
        ("a; b=c.jpg", "a; b=c.jpg"),
        ("rex.jpg.", "rex.jpg."),
        ("\u202egpj.xer", "\u202egpj.xer"),
    ],
)
def test_names_lose_their_folders(sent: str, kept: str | None) -> None:
    assert read(FORM, part(b"bark", sent) + END) == [(kept, b"bark", None)]


def test_a_name_in_another_encoding() -> None:
    body = part(b"bark", "NAME").replace(b"NAME", "Éclair.jpg".encode("latin-1")) + END
    assert read(FORM, body) == [("Éclair.jpg", b"bark", None)]
    surrogate = part(b"bark", "+2AA-.jpg") + END
    assert read(FORM + "; charset=utf-7", surrogate) == [("?.jpg", b"bark", None)]


@given(st.none() | st.text(st.characters(exclude_categories=[])))
def test_any_name_becomes_one_that_can_be_written(name: str | None) -> None:
    base = base_name(name)
    if base is not None:
        assert base.encode()
        assert "/" not in base
        assert base not in (".", "..")
        assert base_name(base) == base


def test_the_files_are_open_in_the_block_and_closed_after_it(
    files: list[SpooledTemporaryFile[bytes]],
) -> None:
    body = [part(b"a"), part(bytes(2 * MEGABYTE), "b.jpg"), part(b"c", field="other"), END]

    async def look() -> None:
        async with received(request(FORM, body), Limits()) as uploads:
            assert [one.closed for one in files] == [False] * 3
            assert len(await uploads[1].read()) == 2 * MEGABYTE
        assert [one.closed for one in files] == [True] * 3

    asyncio.run(look())


def test_the_files_are_closed_when_the_block_breaks(
    files: list[SpooledTemporaryFile[bytes]],
) -> None:
    async def break_off() -> None:
        async with received(request(FORM, [part(b"a"), part(b"b"), END]), Limits()):
            raise KeyError("a fault")

    with pytest.raises(KeyError):
        asyncio.run(break_off())
    assert [one.closed for one in files] == [True] * 2


def test_the_files_are_closed_when_the_request_is_cancelled(
    files: list[SpooledTemporaryFile[bytes]],
) -> None:
    async def give_up() -> None:
        async with received(request(FORM, [part(b"a"), END]), Limits()):
            await asyncio.sleep(60)

    async def cancelled() -> None:
        task = asyncio.create_task(give_up())
        while not files:
            await asyncio.sleep(0.005)
        await asyncio.sleep(0.01)
        task.cancel()
        await task

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(cancelled())
    assert [one.closed for one in files] == [True]


@pytest.mark.parametrize(
    ("body", "limits"),
    [
        (part(b"a") + part(b"b"), Limits()),
        (part(b"a") + part(b"b") + part(b"c") + END, Limits(photos=2)),
        (part(b"a") + part(b"b") + b"--dog\r\nno header\r\n\r\n", Limits()),
        (part(b"a", field="x") + part(b"b", field="y") + END, Limits()),
        (part(b"a") + part(b"b") + part(bytes(2 * MEGABYTE), None) + END, Limits()),
    ],
)
def test_the_files_of_a_refused_request_are_closed(
    body: bytes, limits: Limits, files: list[SpooledTemporaryFile[bytes]]
) -> None:
    refused(FORM, body, limits)
    assert [one.closed for one in files] == [True] * 2


def test_the_client_goes_in_the_midst(files: list[SpooledTemporaryFile[bytes]]) -> None:
    with pytest.raises(ClientDisconnect):
        read(FORM, [part(b"a"), part(b"b")[:30]], whole=False)
    assert [one.closed for one in files] == [True]
    with pytest.raises(ClientDisconnect):
        read("image/jpeg", [b"bark"], whole=False)


def test_a_full_disk(
    files: list[SpooledTemporaryFile[bytes]], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def full(self: UploadFile, data: bytes) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(UploadFile, "write", full)
    assert refused(FORM, part(b"bark") + END) == (
        507,
        "The server has no room for the photos: No space left on device; send fewer at once.",
    )
    assert [one.closed for one in files] == [True]


def test_a_parser_that_tells_its_faults_in_its_own_way(monkeypatch: pytest.MonkeyPatch) -> None:
    """As those of earlier versions do."""

    async def parse(self: MultiPartParser) -> None:
        raise ValueError("Did not find boundary character")

    monkeypatch.setattr(MultiPartParser, "parse", parse)
    assert refused(FORM, END) == (400, "The form can't be read: Invalid multipart data.")


PIECES = st.sampled_from(
    [
        part(b"bark"),
        part(b"a pug", None),
        part(b"x", "../a\\b"),
        END,
        b"--dog",
        b"--dog\r\n",
        b"\r\n",
        b"\r\n\r\n",
        b"--",
        b"Content-Disposition: form-data",
        b'; name="files"',
        b'; filename="',
        b"; filename*=UTF-8''%ff",
        b"Content-Type: image/jpeg",
        b"Content-Transfer-Encoding: base64\r\n",
        b":",
    ]
)
BODIES = st.lists(PIECES | st.binary(max_size=40), max_size=12)
KINDS = st.builds(
    "multipart/form-data{}{}".format,
    st.sampled_from(["; boundary=dog", ";boundary=", "", "; boundary=-", ';boundary="a b"'])
    | st.text(st.characters(max_codepoint=255), max_size=20).map("; boundary={}".format),
    st.sampled_from(
        ["", "; charset=utf-16", "; charset=utf-7", "; charset=idna", "; charset=rot13"]
    )
    | st.text(st.characters(max_codepoint=255), max_size=10).map("; charset={}".format),
)


@pytest.mark.slow
@settings(max_examples=500)
@given(st.just(FORM) | KINDS, BODIES, st.booleans())
def test_whatever_is_sent_is_read_or_refused(kind: str, body: list[bytes], whole: bool) -> None:
    found, status = [], 0
    try:
        found = read(kind, body, Limits(photos=3), whole=whole)
    except UploadError as error:
        status = error.status
    except ClientDisconnect:
        status = 499
    assert bool(found) != (status in (400, 413, 422) or (status == 499 and not whole))
    assert all(name is None or name.encode() for name, _, _ in found)


@given(st.binary(max_size=300).filter(lambda content: b"\r\n--dog" not in content))
def test_any_bytes_in_a_form_come_back_as_they_are(content: bytes) -> None:
    assert read(FORM, part(content) + END) == [("rex.jpg", content, None)]
