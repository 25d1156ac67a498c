"""Archives: a form is chosen, the archive is made, saved, and read."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest

from barkive.boxes import Box
from barkive.catalogue import Kind, Label

playwright = pytest.importorskip("playwright.sync_api")
expect = playwright.expect

RED, GREEN, BLACK = (250, 10, 10), (10, 250, 10), (9, 9, 9)


@pytest.fixture(scope="module")
def pack(site: Any) -> Path:
    """A folder with a Chihuahua that has a box, a Pug, and no dog."""
    site.paint("pack/rex.png", RED)
    site.paint("pack/annex/mila.png", GREEN)
    site.paint("pack/night.png", BLACK)
    folder = site.catalogued("pack")
    said = Label(Kind.BREED, ("Chihuahua",), box=Box(0.25, 0.2, 0.5, 0.6))
    site.app.state.service.catalogue.label(folder / "rex.png", said)
    return folder


def saved(page: Any) -> ZipFile:
    """The archive that the page offers."""
    with page.expect_download() as download:
        page.get_by_role("link", name=re.compile("Save the file|Enregistrer le fichier")).click()
    assert download.value.suggested_filename.endswith(".zip")
    return ZipFile(download.value.path())


def test_side_cars_by_way_of_the_gallery(visit: Callable[..., Any], pack: Path) -> None:
    page = visit().page("/photos?status=dog")
    page.locator("#export summary").click()
    page.get_by_role("link", name="All forms and options…").click()
    expect(page.get_by_text("2 photos: Named")).to_be_visible()
    page.get_by_role("radio", name="Tags for photo managers").check()
    expect(page.get_by_label("Margin around a dog, in per cent")).to_be_hidden()
    page.get_by_role("button", name="Export").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("The file is ready")
    expect(page.get_by_text(f"Unpack it into {pack}:")).to_be_visible()
    with saved(page) as archive:
        assert sorted(archive.namelist()) == ["annex/mila.png.xmp", "rex.png.xmp"]
        assert b"Dog|Pug" in archive.read("annex/mila.png.xmp")
    assert list(pack.rglob("*.xmp")) == []
    # It is found again by whoever has left.
    page.goto(page.url.partition("/exports")[0] + "/exports")
    page.get_by_role("link", name="Tags for photo managers").first.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("The file is ready")


def test_a_training_set_of_boxes_on_a_phone_in_french(
    visit: Callable[..., Any], phone: dict[str, Any], pack: Path
) -> None:
    page = visit(**phone).page("/exports")
    page.get_by_role("radio", name="Jeu d'entraînement de cadres (YOLO)").check()
    page.get_by_label("Dire dans une sixième colonne").check()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.get_by_role("button", name="Exporter").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Le fichier est prêt")
    expect(page.get_by_text("1 photo ou animal a été laissé de côté")).to_be_visible()
    with saved(page) as archive:
        assert sorted(archive.namelist()) == [
            *("classes.txt", "data.yaml", "images/night.png", "images/rex.png"),
            *("labels/night.txt", "labels/rex.txt"),
        ]
        assert archive.read("images/rex.png") == (pack / "rex.png").read_bytes()
        assert archive.read("labels/night.txt") == b""
        number, *box, sure = archive.read("labels/rex.txt").decode().split()
        classes = archive.read("classes.txt").decode().splitlines()
        assert (classes[int(number)], box, len(sure)) == (
            "Chihuahua",
            ["0.500000", "0.500000", "0.500000", "0.600000"],
            6,
        )


def test_while_it_is_packed_one_leaves_and_stops_it(
    visit: Callable[..., Any], site: Any, pack: Path, hold: Any
) -> None:
    page = visit().page("/exports")
    page.get_by_role("radio", name="Photos in folders by breed Copies").check()
    page.get_by_role("button", name="Export").click()
    expect(page.locator("#count")).to_have_text("1 of 3 files packed")
    address = page.url
    page.get_by_role("link", name="Back to the photos").click()
    page.goto(address)
    expect(page.get_by_role("heading", level=1)).to_have_text("Writing the file…")
    # It stops at the next file, whenever that comes.
    threading.Timer(2, hold.set).start()
    page.get_by_role("button", name="Stop").click()
    # Back at the photos; or here, where the end is told before that page has come.
    expect(page.get_by_role("heading", level=1)).to_have_text(re.compile("Photos|It was stopped"))
    other = page.context.new_page()
    other.goto(address)
    expect(other.get_by_role("heading", level=1)).to_have_text("It was stopped")


@pytest.fixture
def hold(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """The second file of an archive waits for it."""
    go_on, write, written = threading.Event(), ZipFile.write, [0]

    def slow(*args: Any) -> None:
        written[0] += 1
        time.sleep(0.2)  # progress is told no more often than ten times a second
        assert written[0] != 2 or go_on.wait(60)
        write(*args)

    monkeypatch.setattr(ZipFile, "write", slow)
    yield go_on
    go_on.set()
