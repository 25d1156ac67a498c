"""Animal Shelter Manager's import: which photos, and what stands in each column."""

import base64
import csv
import io
import os
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from barkive.catalogue.export.asm3 import BreedList, asm3_rows, refusal
from barkive.catalogue.export.breed_list import asm3_breed_list
from barkive.catalogue.export.exporter import Sending
from barkive.catalogue.records import Entry
from barkive.verdicts import BreedName, Candidate, Language, Status

MakeEntry = Callable[..., Entry]
MakePhoto = Callable[..., Path]

PUG, MALTESE = (
    BreedName("n02110958", "Pug", "Carlin"),
    BreedName("n02085936", "Maltese", "Bichon maltais"),
)
SHORT_LIST = (Candidate(PUG, 0.4), Candidate(MALTESE, 0.15))


def rows(
    entries: list[Entry],
    breed_list: BreedList | None = None,
    lang: Language = "en",
    sending: Sending | None = None,
) -> list[dict[str, str]]:
    names = breed_list or asm3_breed_list(lang)
    text = "".join(asm3_rows(entries, names, lang, sending or Sending()))
    return list(csv.DictReader(io.StringIO(text, newline=""), strict=True))


def picture(row: dict[str, str]) -> Image.Image:
    start, data = row["ANIMALIMAGE"].split(",")
    assert start == "data:image/jpeg;base64"
    return Image.open(io.BytesIO(base64.b64decode(data, validate=True)))


def test_a_dog(make_entry: MakeEntry) -> None:
    assert list(asm3_rows([make_entry(note="calm")], asm3_breed_list(), "en", Sending())) == [
        "ANIMALCODE,ANIMALNAME,ANIMALSPECIES,ANIMALBREED1,ANIMALBREED2,ANIMALSEX,ANIMALDOB,"
        "ANIMALAGE,ANIMALENTRYDATE,ANIMALDECEASEDDATE,ANIMALCOMMENTS,ANIMALHIDDENDETAILS,"
        "ANIMALIMAGE,ANIMALADDITIONALBARKIVEPROBABILITY,ANIMALADDITIONALBARKIVEMODEL\r\n",
        "BK000001,rex,Dog,Chihuahua,,,,1,,,calm,"
        '"Imported from Barkive: the age is not known, one year stands in for it.",'
        ",0.93,colours@0123456789ab\r\n",
    ]


def test_in_french(make_entry: MakeEntry) -> None:
    (row,) = rows([make_entry(breeds=(Candidate(PUG, 1.0),))], lang="fr")
    assert (row["ANIMALSPECIES"], row["ANIMALBREED1"]) == ("Chien", "Carlin")
    assert row["ANIMALHIDDENDETAILS"].startswith("Importé de Barkive : l'âge")


def test_french_names_are_written_as_its_table_has_them(make_entry: MakeEntry) -> None:
    sending = Sending()
    written = rows(
        [
            make_entry(breeds=(Candidate(BreedName("n02101388", "Brittany", "x"), 1.0),)),
            make_entry(breeds=(Candidate(BreedName("n02110063", "x", "x"), 1.0),)),
            make_entry(breeds=(Candidate(TOY_POODLE, 1.0),)),
            make_entry(status=Status.UNCERTAIN, breeds=SHORT_LIST),
        ],
        lang="fr",
        sending=sending,
    )
    assert [row["ANIMALBREED1"] for row in written] == [
        *("Épagneul Breton", "Malamute d'Alaska", "Caniche", "Race croisée"),
    ]
    assert [one.text("fr") for one in sending.by_hand] == [
        "Dans Animal Shelter Manager, BK000001 rex reçoit la race «\u202fCaniche\u202f», car "
        "sa liste n'a pas «\u202fCaniche toy\u202f»\u202f; les détails cachés la nomment."
    ]


def test_only_dogs_that_are_there_have_a_row(make_entry: MakeEntry) -> None:
    entries = [
        make_entry(status=Status.NOT_DOG, breeds=()),
        make_entry(status=Status.FAILED, breeds=()),
        make_entry(missing_since=datetime(2026, 7, 1)),
    ]
    assert rows(entries) == []
    assert [refusal(entry) for entry in entries] == [
        *("left_out_no_dog", "left_out_unreadable", "left_out_missing"),
    ]
    assert refusal(make_entry(status=Status.UNCERTAIN)) is None


def test_a_cross(make_entry: MakeEntry) -> None:
    cross = (Candidate(PUG, 0.5), Candidate(MALTESE, 0.5))
    (row,) = rows([make_entry(id=1234567, breeds=cross, corrected=True)])
    assert (row["ANIMALBREED1"], row["ANIMALBREED2"]) == ("Pug", "Maltese")
    assert row["ANIMALCODE"] == "BK1234567"
    assert row["ANIMALADDITIONALBARKIVEPROBABILITY"] == "0.5"


def test_an_uncertain_photo_is_a_dog_of_unknown_breed(make_entry: MakeEntry) -> None:
    entry = make_entry(status=Status.UNCERTAIN, breeds=SHORT_LIST)
    (row,) = rows([entry])
    assert (row["ANIMALBREED1"], row["ANIMALBREED2"]) == ("Mixed Breed", "")
    assert row["ANIMALADDITIONALBARKIVEPROBABILITY"] == ""
    assert row["ANIMALHIDDENDETAILS"].startswith(
        "The breed is not sure (Pug 40%, Maltese 15%). Imported from Barkive"
    )
    (row,) = rows([entry], BreedList(["Unknown", "Pug"]), "fr")
    assert row["ANIMALBREED1"] == "Unknown"
    assert row["ANIMALHIDDENDETAILS"].startswith("La race n'est pas sûre (Carlin 40\u202f%, ")


def test_a_dog_that_a_person_is_unsure_of(make_entry: MakeEntry) -> None:
    (row,) = rows([make_entry(status=Status.UNCERTAIN, breeds=(), corrected=True, prediction=None)])
    assert row["ANIMALHIDDENDETAILS"].startswith("The breed is not sure. Imported")


def test_breeds_through_the_shelter_s_list(make_entry: MakeEntry) -> None:
    names = BreedList(["Chihuahua - Short Coat", "Pug, `Mops`", "Maltese Dog", "MOPS"])
    cross = (Candidate(PUG, 0.5), Candidate(MALTESE, 0.5))
    written = rows([make_entry(), make_entry(breeds=cross, corrected=True)], names)
    assert [row["ANIMALBREED1"] for row in written] == ["Chihuahua", "MOPS"]
    assert written[1]["ANIMALBREED2"] == "Maltese Dog"
    assert names.unmatched == {"Chihuahua"}


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("/photos/Rex, the dog.jpeg", "Rex, the dog"),
        ("/photos/a.b.jpg", "a.b"),
        ("/photos/  .jpg", "BK000001"),
        ("/photos/=1+1.jpg", "'=1+1"),
        ('/photos/"Rex".jpg', "''Rex''"),
        (os.fsdecode(b"/photos/caf\xe9.jpg"), "caf\\udce9"),
    ],
)
def test_names(file: str, name: str, make_entry: MakeEntry) -> None:
    assert rows([make_entry(file=file)])[0]["ANIMALNAME"] == name


def test_quotation_marks_are_as_the_import_keeps_them(make_entry: MakeEntry) -> None:
    entries = [make_entry(note='the "lion",\nred')]
    text = "".join(asm3_rows(entries, asm3_breed_list(), "en", Sending()))
    assert "\"the ''lion'',\nred\"" in text
    assert '""' not in text


def test_the_picture_is_upright_small_and_says_nothing_else(
    make_entry: MakeEntry, make_photo: MakePhoto
) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # turn it right
    exif[0x010F] = "Maker"
    exif.get_ifd(0x8825)[1] = "N"
    photo = make_photo("wide.jpg", (2400, 1200), exif=exif, comment=b"secret")
    (row,) = rows([make_entry(file=str(photo))])
    small = picture(row)
    assert (small.format, small.mode, small.size) == ("JPEG", "RGB", (512, 1024))
    assert not small.getexif()
    assert "comment" not in small.info


def test_a_small_picture_stays_as_large_as_it_is(
    make_entry: MakeEntry, make_photo: MakePhoto
) -> None:
    photo = make_photo("small.png", (64, 48))
    (row,) = rows([make_entry(file=str(photo))])
    small = picture(row)
    assert small.size == (64, 48)
    with Image.open(photo) as original:
        difference = np.asarray(small, int) - np.asarray(original, int)
    assert abs(difference).mean() < 8


def test_a_bad_photo_stops_nothing(make_entry: MakeEntry, make_photo: MakePhoto) -> None:
    bad = make_photo("bad.jpg")
    bad.write_bytes(bad.read_bytes()[:200])
    entries = [make_entry(file=str(bad)), make_entry(id=2, file=str(make_photo("good.jpg")))]
    first, second = rows(entries)
    assert first["ANIMALIMAGE"] == ""
    assert second["ANIMALIMAGE"].startswith("data:image/jpeg;base64,/9j/")


def test_the_photo_itself_is_left_alone(make_entry: MakeEntry, make_photo: MakePhoto) -> None:
    photo = make_photo()
    before = photo.read_bytes(), photo.stat().st_mtime_ns
    rows([make_entry(file=str(photo))])
    assert (photo.read_bytes(), photo.stat().st_mtime_ns) == before


def test_few_photos_are_held_and_rows_keep_their_order(make_entry: MakeEntry) -> None:
    drawn = 0

    def entries() -> Iterator[Entry]:
        nonlocal drawn
        for drawn in range(1, 1001):
            yield make_entry(id=drawn)

    pieces = asm3_rows(entries(), asm3_breed_list(), "en", Sending())
    next(pieces)
    assert [next(pieces)[:8] for _ in range(3)] == ["BK000001", "BK000002", "BK000003"]
    assert drawn < 20
    pieces.close()  # type: ignore[attr-defined]


TOY_POODLE = BreedName("n02113624", "Toy Poodle", "Caniche toy")
DINGO = BreedName("n02115641", "Dingo", "Dingo")


def test_a_breed_that_its_list_lacks(make_entry: MakeEntry) -> None:
    """What comes nearest there takes its place; ours is told the staff, and in the list."""
    entries = [
        make_entry(id=1, breeds=(Candidate(TOY_POODLE, 1.0),)),
        make_entry(id=2, breeds=(Candidate(DINGO, 1.0),)),
        make_entry(id=3, breeds=(Candidate(PUG, 0.5), Candidate(TOY_POODLE, 0.5)), corrected=True),
        make_entry(id=4),
    ]
    sending, names = Sending(), asm3_breed_list()
    written = rows(entries, names, "en", sending)
    assert [(row["ANIMALBREED1"], row["ANIMALBREED2"]) for row in written] == [
        *(("Poodle", ""), ("Mixed Breed", ""), ("Pug", "Poodle"), ("Chihuahua", "")),
    ]
    assert [row["ANIMALHIDDENDETAILS"].split(" Imported")[0] for row in written[:3]] == [
        *("Breed in Barkive: Toy Poodle.", "Breed in Barkive: Dingo."),
        "Breed in Barkive: Pug x Toy Poodle.",
    ]
    assert [one.text("en") for one in sending.by_hand] == [
        "In Animal Shelter Manager, BK000001 rex gets the breed “Poodle”, because its list lacks "
        "“Toy Poodle”; the hidden details name it.",
        "In Animal Shelter Manager, BK000002 rex gets the breed “Mixed Breed”, because its list "
        "lacks “Dingo”; the hidden details name it.",
        "In Animal Shelter Manager, BK000003 rex gets the breed “Pug x Poodle”, because its list "
        "lacks “Pug x Toy Poodle”; the hidden details name it.",
    ]
    assert names.unmatched == {"Toy Poodle", "Dingo"}


def test_a_list_without_a_word_for_unknown(make_entry: MakeEntry) -> None:
    sending = Sending()
    (row,) = rows([make_entry(breeds=(Candidate(DINGO, 1.0),))], BreedList(["Pug"]), "en", sending)
    assert row["ANIMALBREED1"] == "Dingo"
    assert [one.text("en") for one in sending.by_hand] == [
        "In Animal Shelter Manager, choose the breed of BK000001 rex: its list lacks “Dingo” and a "
        "word for a mixed or unknown breed, so the import takes the default one, at first a cat."
    ]


def test_a_second_export_holds_what_is_new(make_entry: MakeEntry, make_photo: MakePhoto) -> None:
    file = str(make_photo("rex.jpg"))
    first = Sending()
    assert len(rows([make_entry(file=file)], None, "en", first)) == 1
    kept = Sending(earlier_photos=first.now_photos)
    assert rows([make_entry(file=file)], None, "en", kept) == []
    assert (kept.unchanged, kept.by_hand, kept.now_photos) == (1, [], first.now_photos)

    news = Sending(earlier_photos=first.now_photos)
    changed = make_entry(file="/photos/bella.jpg", breeds=(Candidate(PUG, 1.0),), note="calm")
    (row,) = rows([changed], None, "en", news)
    assert {column: text for column, text in row.items() if text} == {
        "ANIMALCODE": "BK000001",
        "ANIMALNAME": "rex",
        "ANIMALCOMMENTS": "calm",
    }
    assert [one.text("en") for one in news.by_hand] == [
        "In Animal Shelter Manager, change the breed of BK000001 rex from “Chihuahua” to “Pug”."
    ]


def test_a_picture_that_could_not_be_sent_is_sent_later(
    make_entry: MakeEntry, make_photo: MakePhoto
) -> None:
    first = Sending()
    rows([make_entry(file="/gone.jpg")], None, "en", first)
    file = str(make_photo("gone.jpg"))
    later = Sending(earlier_photos=first.now_photos)
    (row,) = rows([make_entry(file=file)], None, "en", later)
    assert row["ANIMALIMAGE"].startswith("data:image/jpeg;base64,")
    assert (row["ANIMALBREED1"], row["ANIMALAGE"]) == ("", "")


@pytest.mark.parametrize(
    ("note", "written"),
    [
        ("=HYPERLINK(1)", "'=HYPERLINK(1)"),
        ("+33 6 00", "'+33 6 00"),
        ("- calm", "'- calm"),
        ("@home", "'@home"),
        ("a<script>b</script>", "a&lt;script&gt;b&lt;/script&gt;"),
        ("calm = good", "calm = good"),
    ],
)
def test_cells_do_no_harm(note: str, written: str, make_entry: MakeEntry) -> None:
    (row,) = rows([make_entry(note=note)])
    assert row["ANIMALCOMMENTS"] == written


def test_a_photo_s_note_is_remembered_as_a_digest_alone(make_entry: MakeEntry) -> None:
    sending = Sending()
    rows([make_entry(note="Bruno, adopted by the Millers")], None, "en", sending)
    assert "Millers" not in repr(sending.now_photos)
