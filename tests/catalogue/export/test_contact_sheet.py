"""Contact sheets: pages, captions, and photos that can't be shown."""

import io
import os
from collections.abc import Callable, Iterable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageDraw, PdfParser

from barkive.catalogue import Catalogue, Export, ExportFormat
from barkive.catalogue.export import contact_sheet
from barkive.catalogue.records import Entry
from barkive.classifier import Classifier
from barkive.errors import UsageError
from barkive.verdicts import BreedName, Candidate, Language, Status

PUG, MALTESE = (
    BreedName("n02110958", "Pug", "Carlin"),
    BreedName("n02085936", "Maltese", "Bichon maltais"),
)
MakeEntry = Callable[..., Entry]
BLUE = (0, 0, 255)


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every text that is drawn, in order."""
    texts: list[str] = []
    draw = ImageDraw.ImageDraw.text

    def text(self: ImageDraw.ImageDraw, at: tuple[float, float], words: str, *rest: object) -> None:
        texts.append(words)
        draw(self, at, words, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(ImageDraw.ImageDraw, "text", text)
    return texts


@pytest.fixture
def blue(colour_photo: Callable[..., Path], make_entry: MakeEntry) -> MakeEntry:
    """An entry of a small blue photo."""
    path = str(colour_photo("rex.png", BLUE))
    return lambda **changes: make_entry(**{"file": path, **changes})


def pages(path: Path) -> list[Image.Image]:
    content = path.read_bytes()
    pictures = []
    at = content.find(b"\xff\xd8\xff")
    while at >= 0:
        end = content.index(b"\nendstream", at)
        pictures.append(Image.open(io.BytesIO(content[at:end])))
        at = content.find(b"\xff\xd8\xff", end)
    return pictures


def write_contact_sheet(
    entries: Iterable[Entry], path: Path, lang: Language, **options: Any
) -> int:
    with path.open("wb") as file:
        return contact_sheet.write_contact_sheet(entries, file, lang, **options)


def share_of(page: Image.Image, colour: tuple[int, int, int]) -> float:
    near = np.abs(np.asarray(page, np.int16) - colour).max(axis=2) < 8
    return float(near.mean())


@pytest.mark.parametrize(("count", "expected"), [(0, [0]), (1, [1]), (24, [24]), (50, [24, 24, 2])])
def test_pages_of_a_pdf(count: int, expected: list[int], blue: MakeEntry, tmp_path: Path) -> None:
    path, seen = tmp_path / "sheet.pdf", []
    done = write_contact_sheet(
        (blue(id=i) for i in range(count)), path, "en", on_progress=lambda n, _: seen.append(n)
    )
    assert done == count
    assert seen == list(range(1, count + 1))
    found = pages(path)
    assert [page.size for page in found] == [(1240, 1754)] * len(expected)
    one = share_of(found[0], BLUE) / max(expected[0], 1)
    assert [round(share_of(page, BLUE) / (one or 1)) for page in found] == expected
    with PdfParser.PdfParser(buf=path.read_bytes()) as parsed:
        assert len(parsed.pages) == len(expected)


def test_a_png_is_as_tall_as_its_rows(blue: MakeEntry, tmp_path: Path) -> None:
    path = tmp_path / "sheet"
    sizes = []
    for count in (0, 1, 4, 5, 100):
        write_contact_sheet([blue()] * count, path, "en", pdf=False)
        with Image.open(path) as sheet:
            sizes.append(sheet.size)
    assert sizes == [(1240, 472), (1240, 472), (1240, 472), (1240, 728), (1240, 6616)]


def test_a_png_that_would_be_too_tall(blue: MakeEntry, tmp_path: Path) -> None:
    path = tmp_path / "sheet.png"
    with pytest.raises(UsageError, match="A PNG holds at most 308 photos and there are more"):
        write_contact_sheet((blue() for _ in range(10**9)), path, "en", pdf=False)
    assert path.read_bytes() == b""


@pytest.mark.parametrize(
    ("changes", "lang", "lines"),
    [
        ({}, "en", ["rex.png", "Chihuahua", "93%"]),
        ({}, "fr", ["rex.png", "Chihuahua", "93 %"]),
        ({"status": Status.UNCERTAIN}, "en", ["rex.png", "Not sure", "Chihuahua 93%, Pug 5%"]),
        ({"status": Status.NOT_DOG, "breeds": ()}, "fr", ["rex.png", "Pas de chien", ""]),
        (
            {"corrected": True, "breeds": (Candidate(PUG, 1.0),)},
            "fr",
            ["rex.png", "Carlin", "corrigé"],
        ),
        (
            {"corrected": True, "breeds": (Candidate(PUG, 0.5), Candidate(MALTESE, 0.5))},
            "en",
            ["rex.png", "Pug", "x Maltese, corrected"],
        ),
        (
            {"status": Status.FAILED, "breeds": (), "error": "The file is empty."},
            "en",
            ["The file is empty.", "rex.png", "Unreadable", ""],
        ),
        ({"file": "/nowhere/rex.jpg"}, "en", ["The file does not exist.", "rex.jpg"]),
        (
            {"file": os.fsdecode(b"/nowhere/\xe9.jpg")},
            "en",
            ["The file does not exist.", "\\udce9.jpg"],
        ),
    ],
)
def test_captions(
    changes: dict[str, object],
    lang: Language,
    lines: list[str],
    blue: MakeEntry,
    written: list[str],
    tmp_path: Path,
) -> None:
    write_contact_sheet(
        [blue(**changes)], tmp_path / "s.pdf", lang, title="Dogs", day=date(2026, 5, 4)
    )
    day = "04/05/2026" if lang == "fr" else "2026-05-04"
    assert written[:2] == [f"{day}   Page 1", "Dogs"]
    # Not every font has the narrow blank.
    assert [line.replace("\u202f", " ") for line in written[2 : 2 + len(lines)]] == lines


def test_nothing_to_show(written: list[str], tmp_path: Path) -> None:
    write_contact_sheet([], tmp_path / "s.pdf", "fr", title="x" * 500)
    assert written[2] == "Aucune photo"
    assert written[1].endswith("x…")


def test_a_corrected_photo_has_a_tick(blue: MakeEntry, tmp_path: Path) -> None:
    path, green = tmp_path / "s.png", (0x1B, 0x6E, 0x3C)
    for corrected in (False, True):
        write_contact_sheet([blue(corrected=corrected)], path, "en", pdf=False)
        with Image.open(path) as sheet:
            assert (share_of(sheet, green) > 0) is corrected


def test_photos_are_read_a_little_ahead_only(blue: MakeEntry, tmp_path: Path) -> None:
    taken, ahead = 0, []

    def entries() -> Iterator[Entry]:
        nonlocal taken
        for _ in range(200):
            taken += 1
            yield blue()

    def progress(done: int, _: object) -> None:
        ahead.append(taken - done)

    write_contact_sheet(entries(), tmp_path / "s.pdf", "en", on_progress=progress)
    assert max(ahead) <= contact_sheet._AHEAD + 1


def test_a_sheet_is_not_laid_among_the_photos_where_a_scan_would_take_it_for_one(
    tmp_path: Path, kennel: Path, classifier: Classifier
) -> None:
    with Catalogue(tmp_path / "c.sqlite") as catalogue:
        catalogue.scan(kennel, classifier=classifier)
        form = ExportFormat.CONTACT_SHEET
        for folder in (kennel, kennel / "annex"):
            with pytest.raises(UsageError, match="lies in a folder that is scanned"):
                catalogue.export(Export(form, folder / "sheet.png"))
        catalogue.export(Export(form, kennel / "sheet.pdf"))
        catalogue.export(Export(form, tmp_path / "sheet.png"))
    assert (tmp_path / "sheet.png").is_file()
