"""The object store of Google, as its own library sees it: a stand-in on this machine."""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.parse import parse_qs, unquote, urlsplit

import pytest

from barkive.errors import PhotoError, StoreError
from barkive.images import remote

KEYS = ("/a.jpg", "/in/b.jpg", "x/", "x/c.jpg", "x//", "x//d.jpg", "x//in/e.jpg", "x///f.jpg")


class Google(BaseHTTPRequestHandler):
    """Lists the keys of one bucket, and refuses all that is asked of another."""

    def do_GET(self) -> None:
        address = urlsplit(self.path)
        if "closed" in address.path:
            self._answer(403, {"error": {"message": "ada may not read it."}})
        elif "expired" in address.path:
            self._answer(401, {"error": {"message": "Expired"}})
        else:
            asked = {name: values[0] for name, values in parse_qs(address.query).items()}
            self._answer(200, self._list(unquote(asked.get("prefix", ""))))

    def _list(self, prefix: str) -> dict[str, object]:
        inside = [key.removeprefix(prefix) for key in KEYS if key.startswith(prefix)]
        folders = {prefix + one.partition("/")[0] + "/" for one in inside if "/" in one}
        files = [prefix + one for one in inside if "/" not in one]
        items = [
            {"bucket": "kennel", "name": key, "size": 0 if key.endswith("/") else 7}
            for key in files
        ]
        return {"items": items, "prefixes": sorted(folders)}

    def _answer(self, status: int, content: dict[str, object]) -> None:
        body = json.dumps(content).encode()
        # Of two things that are asked at once only the first answer may be waited for.
        with suppress(ConnectionError):
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nothing."""


@pytest.fixture(autouse=True)
def google(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    pytest.importorskip("gcsfs", reason="gcsfs is not installed")
    server = HTTPServer(("127.0.0.1", 0), Google)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", f"http://127.0.0.1:{server.server_port}")
    # Else its library looks for a machine of Google's that would tell who asks.
    monkeypatch.setenv("NO_GCE_CHECK", "true")
    yield
    server.shutdown()
    thread.join()
    server.server_close()


def test_what_lies_behind_a_double_slash_is_listed() -> None:
    photos = [key for key in KEYS if key.endswith(".jpg")]
    assert sorted(one.path for one in remote.walk("gs://kennel")) == sorted(
        f"gs://kennel/{key}" for key in photos
    )


@pytest.mark.parametrize("bucket", ["closed", "expired"])
def test_a_refusal_is_told_at_once_and_printed_nowhere_else(
    bucket: str, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    # As in a program that sets no logging up, unlike these tests.
    monkeypatch.setattr(logging.getLogger(), "handlers", [])
    with pytest.raises(StoreError, match=f"refuses gs://{bucket}/x: [^;]+; check the credentials"):
        remote.listing(f"gs://{bucket}/x")
    with pytest.raises(StoreError, match=f"refuses gs://{bucket}/x.jpg: [^;]+; check the cred"):
        remote.find(f"gs://{bucket}/x.jpg")
    with pytest.raises(PhotoError, match=r"refuses the file: [^;]+; check the credentials in its"):
        remote.read(f"gs://{bucket}/x.jpg")
    assert capfd.readouterr() == ("", "")
