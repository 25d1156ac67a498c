"""A file that takes long: the visitor leaves, comes back, stops it, or saves it."""

from __future__ import annotations

import getpass
import socket
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from starlette.testclient import TestClient

from barkive.catalogue import Catalogue, Export
from barkive.progress import OnProgress
from barkive.web.pages import exports

SHEET = {"form": "contact-sheet"}


@pytest.fixture
def go_on(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """Exports wait for it after their first photo."""
    go_on = threading.Event()
    export = Catalogue.export

    def slow(
        self: Catalogue, wish: Export, *args: Any, on_progress: OnProgress, **more: Any
    ) -> Any:
        on_progress(1, 5)
        assert go_on.wait(30)
        return export(self, wish, *args, on_progress=on_progress, **more)

    monkeypatch.setattr(Catalogue, "export", slow)
    yield go_on
    go_on.set()


def test_a_small_file_comes_at_once(filled: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exports, "PATIENCE", 60.0)
    answer = filled.post("/exports?status=dog", data=SHEET)
    assert (answer.status_code, answer.content[:4]) == (200, b"%PDF")
    assert answer.headers["content-disposition"].startswith('attachment; filename="barkive-contact')
    assert filled.post("/exports", data={"form": "csv"}).text.startswith("\ufefffile")
    page = filled.get("/exports").text
    assert page.count("<li>\n<div>") == 2
    assert "<strong>Spreadsheet (CSV)</strong> · 5 photos" in page
    assert "<strong>Sheet to print (PDF)</strong> · 2 photos" in page
    assert ">Named</p>" in page
    assert f"{getpass.getuser()}@{socket.gethostname()}" in page
    answer = filled.post("/exports", data={"form": "no"})
    assert answer.status_code == 422
    assert "Nothing was exported, because no form was chosen" in answer.text


def test_a_large_one_is_waited_for_elsewhere(
    filled: TestClient, go_on: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exports, "PATIENCE", 0.0)
    answer = filled.post("/exports?status=dog", data=SHEET, follow_redirects=False)
    assert answer.status_code == 303
    place = answer.headers["location"]
    page = filled.get(place).text
    assert "Writing the file…" in page
    assert 'value="/photos?status=dog"' in page
    job = place.partition("?")[0].rpartition("/")[2]
    assert filled.get(f"/api/v1/exports/{job}/file").status_code == 404
    go_on.set()
    assert filled.get(f"/api/v1/exports/{job}/events").text.endswith("event: end\ndata: {}\n\n")
    page = filled.get(place).text
    assert "The file is ready" in page
    assert f'href="/api/v1/exports/{job}/file"' in page
    assert filled.get(f"/api/v1/exports/{job}/file").content[:4] == b"%PDF"


def test_it_can_be_stopped_and_forgotten(
    filled: TestClient, go_on: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exports, "PATIENCE", 0.0)
    place = filled.post("/exports", data=SHEET, follow_redirects=False).headers["location"]
    path = place.partition("?")[0]
    threading.Timer(0.01, go_on.set).start()
    assert filled.post(f"{path}/cancel", data={"back": "/photos?page=2"}).url.path == "/photos"
    assert "It was stopped" in filled.get(place).text
    unknown = filled.get("/exports/0123")
    assert unknown.status_code == 404
    assert "Export again." in unknown.text


def test_programs_do_the_same(filled: TestClient) -> None:
    begun = filled.post("/api/v1/export", params={"as": "contact-sheet", "status": "dog"})
    assert (begun.status_code, begun.json()["state"]) == (202, "running")
    place = begun.headers["location"]
    assert filled.get(f"{place}/events").text.endswith("event: end\ndata: {}\n\n")
    assert filled.get(place).json()["state"] == "finished"
    assert filled.get(f"{place}/file").content[:4] == b"%PDF"
    assert filled.post(f"{place}/cancel").json()["state"] == "finished"
    assert filled.post("/api/v1/export", params={"breed": "sofa"}).status_code == 422
