"""Kennel cards: what stands on them, and animals without a photo to show."""

import io
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw, PdfParser

from barkive.catalogue.animal_records import Animal, AnimalVerdict, Origin, Sex
from barkive.catalogue.export.kennel_card import CardSize, write_cards
from barkive.catalogue.records import Entry
from barkive.messages import Language
from barkive.verdicts import BreedName, Candidate, Status

MakeEntry = Callable[..., Entry]
DAY = date(2026, 11, 29)
BLUE = (0, 0, 255)
BOXER = Candidate(BreedName("n02108089", "Boxer", "Boxer"), 0.9)


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every text that is drawn, in order; not every font has the narrow blank."""
    texts: list[str] = []
    draw = ImageDraw.ImageDraw.text

    def text(self: ImageDraw.ImageDraw, at: tuple[float, float], words: str, *rest: object) -> None:
        texts.append(words.replace("\u202f", " "))
        draw(self, at, words, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(ImageDraw.ImageDraw, "text", text)
    return texts


@pytest.fixture
def entry_of(make_entry: MakeEntry) -> Callable[[Path], Entry]:
    """An entry of a file as it is."""

    def make(path: Path) -> Entry:
        status = path.stat()
        times = {"mtime_ns": status.st_mtime_ns, "ctime_ns": status.st_ctime_ns}
        return make_entry(file=str(path), bytes=status.st_size, **times)

    return make


@pytest.fixture
def blue(colour_photo: Callable[..., Path], entry_of: Callable[[Path], Entry]) -> Entry:
    """An entry of a small blue photo."""
    return entry_of(colour_photo("rex.png", BLUE))


def pages(
    *cards: tuple[Animal, Entry | None], lang: Language = "en", size: CardSize = "a5"
) -> list[Image.Image]:
    file = io.BytesIO()
    write_cards(cards, file, lang=lang, size=size, day=DAY)
    content = file.getvalue()
    with PdfParser.PdfParser(buf=content) as parsed:
        count = len(parsed.pages)
    pictures: list[Image.Image] = []
    at = content.find(b"\xff\xd8\xff")
    while at >= 0:
        end = content.index(b"\nendstream", at)
        pictures.append(Image.open(io.BytesIO(content[at:end])))
        at = content.find(b"\xff\xd8\xff", end)
    assert len(pictures) == count
    return pictures


def where(page: Image.Image, colour: tuple[int, int, int]) -> tuple[int, int, int, int] | None:
    """The box of what has a colour: left, top, right, bottom."""
    near = np.abs(np.asarray(page, np.int16) - colour).max(axis=2) < 8
    return Image.fromarray(near).getbbox()


def test_a_card(make_animal: Callable[..., Animal], blue: Entry, written: list[str]) -> None:
    rex = make_animal(
        notes="Gentle.\nPulls on the lead.",
        sex=Sex.MALE,
        birth="2021-05-31",
        arrived=date(2026, 5, 4),
        verdict=AnimalVerdict(Status.DOG, (BOXER,), Origin.MODEL),
    )
    (page,) = pages((rex, blue))
    assert page.size == (1748, 2480)
    assert written == [
        *("Rex", "2026-113", "Looks like a Boxer"),
        *("Sex", "male", "Age", "5 years", "Born", "31 May 2021"),
        *("Status", "in care", "Here since", "4 May 2026"),
        *("Printed on 29 Nov 2026", "“Looks like” goes by photos; it is no proof of breed."),
        "Gentle. Pulls on the lead.",
    ]


def test_in_french(make_animal: Callable[..., Animal], blue: Entry, written: list[str]) -> None:
    verdict = AnimalVerdict(Status.DOG, (BOXER,), Origin.LABELS)
    rex = make_animal(birth="2026-03", birth_is_estimate=True, verdict=verdict)
    pages((rex, blue), lang="fr")
    assert written == [
        *("Rex", "2026-113", "Ressemble à un Boxer"),
        *("Âge", "environ 8 mois", "Naissance", "mars 2026 (estimation)", "Statut", "au refuge"),
        *("Imprimé le 29 nov. 2026", "« Ressemble à » : d'après des photos, sans garantie."),
    ]


@pytest.mark.parametrize(("size", "points"), [("a5", (419.52, 595.2)), ("a4", (595.36, 841.92))])
def test_paper(
    size: CardSize, points: tuple[float, float], make_animal: Callable[..., Animal]
) -> None:
    file = io.BytesIO()
    write_cards([(make_animal(), None)], file, lang="en", size=size, day=DAY)
    assert f"[0 0 {points[0]} {points[1]}]".encode() in file.getvalue()


def test_a_photo_is_upright_and_whole(
    make_animal: Callable[..., Animal], entry_of: Callable[[Path], Entry], tmp_path: Path
) -> None:
    path = tmp_path / "tall.png"
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (80, 40), BLUE).save(path, exif=exif)
    (page,) = pages((make_animal(), entry_of(path)))
    left, top, right, bottom = where(page, BLUE) or (0, 0, 0, 0)
    assert abs((right - left) - 545) <= 2
    assert abs((bottom - top) - 1090) <= 2
    assert abs((left + right) // 2 - 1748 // 2) <= 2


def test_without_a_photo_to_show_there_is_a_paw(
    make_animal: Callable[..., Animal],
    blue: Entry,
    entry_of: Callable[[Path], Entry],
    written: list[str],
    tmp_path: Path,
) -> None:
    damaged = tmp_path / "damaged.jpg"
    damaged.write_bytes(b"\xff\xd8\xff\xe0 no more")
    unshown = [
        None,
        replace(blue, missing_since=datetime(2026, 7, 1)),
        replace(blue, file=str(tmp_path / "gone.jpg")),
        replace(blue, bytes=1, sha256="00" * 32),
        entry_of(damaged),
        replace(blue, status=Status.FAILED),
    ]
    made = pages(*((make_animal(), entry) for entry in unshown))
    assert written.count("No photo") == 6
    assert [where(page, BLUE) for page in made] == [None] * 6
    assert all(where(page, (0xC4, 0xC4, 0xC4)) for page in made)


def test_names_and_notes_are_plain_text_and_fit(
    make_animal: Callable[..., Animal], written: list[str]
) -> None:
    long = "Maximilian von " + "der " * 45
    made = pages(
        (make_animal(name="<b>R\x07x</b> &amp;"), None),
        (make_animal(name=long, status="at the vet's " * 15, notes="word " * 2000), None),
        (make_animal(name="W" * 200, notes="W" * 10_000), None),
    )
    assert written[0] == "<b>R\\x07x</b> &amp;"
    for page in made:
        ink = np.asarray(page.convert("L")) < 128
        assert not ink[:, 1748 - 110 :].any()
        assert not ink[2480 - 110 :].any()
    cut = [text[:4] for text in written if text.endswith(("…", "..."))]
    assert sorted(cut) == ["WWWW", "WWWW", "at t", "der ", "word"]


@pytest.mark.parametrize(
    ("changes", "lines"),
    [
        ({"name": None}, ["2026-113"]),
        ({"code": None}, ["Rex", "No. 123456789012"]),
        ({"name": None, "code": None}, ["No name", "No. 123456789012"]),
    ],
)
def test_what_stands_above(
    changes: dict[str, None],
    lines: list[str],
    make_animal: Callable[..., Animal],
    written: list[str],
) -> None:
    pages((make_animal(**changes), None))
    assert written[: len(lines)] == lines
    assert written[len(lines)] == "No photo"


def test_the_age_of_one_that_died_is_not_told(
    make_animal: Callable[..., Animal], written: list[str]
) -> None:
    pages((make_animal(status="deceased", birth="2021", left=date(2026, 11, 1)), None))
    assert written[2:] == [
        *("No photo", "Breed not known", "Born", "2021", "Status", "deceased"),
        *("Left", "1 Nov 2026", "Printed on 29 Nov 2026"),
    ]


def test_no_animals(written: list[str]) -> None:
    assert len(pages()) == 1
    assert written == ["No animals"]


def test_cards_are_made_one_by_one(make_animal: Callable[..., Animal]) -> None:
    taken, ahead = 0, []

    def cards() -> Iterator[tuple[Animal, Entry | None]]:
        nonlocal taken
        for _ in range(8):
            taken += 1
            yield make_animal(), None

    write_cards(
        cards(), io.BytesIO(), lang="en", on_progress=lambda done, _: ahead.append(taken - done)
    )
    assert len(ahead) == 8
    assert max(ahead) <= 3
