"""A file that takes long, or an archive: one leaves, comes back, stops it, or saves it."""

from __future__ import annotations

import getpass
import io
import re
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from zipfile import ZipFile

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


def saved(server: TestClient, page: str) -> ZipFile:
    """The archive that a page offers."""
    (file,) = re.findall(r'href="(/api/v1/exports/\w+/file)"', page)
    return ZipFile(io.BytesIO(server.get(file).content))


def test_side_cars_come_as_an_archive_and_nothing_is_written_beside_the_photos(
    filled: TestClient, kennel: Path
) -> None:
    before = sorted(kennel.rglob("*"))
    page = filled.post("/exports?lang=fr", data={"form": "xmp", "language": "en"})
    assert page.status_code == 200
    assert "3 fichiers annexes" in page.text
    assert f"Décompressez-le dans {kennel}\u202f:" in page.text
    with saved(filled, page.text) as archive:
        assert sorted(archive.namelist()) == [
            *("annex/mila.png.xmp", "mix.png.xmp", "rex.png.xmp"),
        ]
        assert b"Dog|Chihuahua" in archive.read("rex.png.xmp")
    assert sorted(kennel.rglob("*")) == before
    assert "Mots-clés pour photothèques" in filled.get("/exports?lang=fr").text


def test_what_could_not_be_written_is_listed(filled: TestClient, kennel: Path) -> None:
    (kennel / "rex.png").unlink()
    page = filled.post("/exports", data={"form": "folders"}).text
    assert "4 pictures" in page
    assert "1 could not be written:" in page
    assert f"<li>{kennel / 'rex.png'} <span" in page
    assert "It is not there; scan its folder again.</span>" in page
    with saved(filled, page) as archive:
        assert sorted(archive.namelist()) == [
            *("No dog/night.png", "Not sure/mix.png", "Pug/mila.png", "Unreadable/broken.jpg"),
        ]
        assert archive.read("Pug/mila.png") == (kennel / "annex" / "mila.png").read_bytes()


@pytest.mark.parametrize("form", ["asm3", "xmp", "yolo", "training-set", "rescuegroups"])
def test_without_dogs_a_sentence_is_said(filled: TestClient, form: str) -> None:
    answer = filled.post("/exports?text=broken", data={"form": form})
    assert answer.headers["content-type"].startswith("text/html")
    assert answer.status_code == 422
    told = re.findall(r'role="alert">(.*?)</p>', answer.text)
    if form == "asm3":
        expected = "There is no dog in what you asked for, so the file would be empty; choose "
    else:
        expected = "Nothing that you asked for can be had in this form, so there is no file; choose"
    assert told[0].startswith(expected)
    # What was chosen stays so.
    assert f'value="{form}" required checked' in answer.text
    number = filled.get("/api/v1/photos?text=broken").json()["photos"][0]["id"]
    chosen = filled.post("/selection/export", data={"photo": number, "form": form})
    assert (chosen.status_code, told[0] in chosen.text) == (422, True)


def test_shelter_software_gets_what_is_new(filled: TestClient) -> None:
    new = {"form": "asm3", "new": "true"}
    page = filled.post("/exports", data=new).text
    assert "3 animals and photos" in page
    assert "2 photos or animals were left out (1 that can&#39;t be read, 1 without a dog)" in page
    assert "What is in this file counts as sent" in page
    page = filled.post("/exports", data=new)
    assert (page.status_code, "There is nothing new since the last file" in page.text) == (
        422,
        True,
    )
    page = filled.post("/exports", data={"form": "asm3"}).text
    assert "counts as sent" not in page
    assert "3 animals and photos" in page


def test_the_shelters_own_breeds(filled: TestClient) -> None:
    data = {"form": "asm3", "breeds": "Chihuahua\n\n Mixed Breed \n"}
    page = filled.post("/exports", data=data).text
    assert "gets the breed “Mixed Breed”, because its list lacks “Pug”" in page
    assert "Not in your list (1), and so under our names: Pug" in page


def test_the_options_of_a_form_that_lacks_them_do_not_count(filled: TestClient) -> None:
    data = {"form": "csv", "margin": "wide", "crops": "true", "new": "true", "by": "animal"}
    answer = filled.post("/exports", data=data)
    assert answer.headers["content-disposition"] == 'attachment; filename="barkive.csv"'
    assert answer.text.startswith("\ufeffnumber,code,name")


def test_photos_that_are_none_are_told(filled: TestClient) -> None:
    page = filled.get("/exports?breed=boxer").text
    assert "0 photos: Boxer" in page
    assert 'name="form"' not in page
