"""CSV and JSON: what stands in each cell, and that nothing in it does harm."""

import csv
import io
import json
import os
from collections.abc import Callable, Iterator
from datetime import datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from barkive.catalogue.export.tables import (
    csv_line,
    csv_rows,
    json_array,
    json_lines,
    short_list,
)
from barkive.catalogue.predictions.breed_names import AddedBreed, Names
from barkive.catalogue.records import Entry, EntryDog
from barkive.messages import Language, Message
from barkive.verdicts import BreedName, Candidate, Status

MakeEntry = Callable[..., Entry]


PUG, MALTESE = (
    BreedName("n02110958", "Pug", "Carlin"),
    BreedName("n02085936", "Maltese", "Bichon maltais"),
)
MINE = BreedName("my breed", "My breed", "Ma race")
TECKEL = AddedBreed("dachshund", "Dachshund", "Dachshund", None, "Teckel", 148, 4)
BREEDS = Names([MINE], [TECKEL]).breeds
NAME = os.fsdecode(b"/photos/caf\xe9.jpg")


def read(text: str, delimiter: str = ",") -> list[list[str]]:
    return list(
        csv.reader(
            io.StringIO(text.removeprefix("\ufeff"), newline=""), strict=True, delimiter=delimiter
        )
    )


def row(entry: Entry, lang: Language = "en") -> dict[str, str]:
    header, cells = read("".join(csv_rows([entry], lang, BREEDS)), ";" if lang == "fr" else ",")
    return dict(zip(header, cells, strict=True))


def test_csv_of_a_dog(make_entry: MakeEntry) -> None:
    text = "".join(csv_rows([make_entry()], "en", BREEDS))
    assert text == (
        "\ufefffile,status,breed,second breed,probability,alternatives,corrected,note,FCI number,"
        "FCI group,date taken,camera,width,height,error,error code,model,missing since (UTC),"
        "dogs,boxes\r\n"
        "/photos/rex.jpg,dog,Chihuahua,,0.93,,no,,218,Companion and Toy Dogs,"
        "2026-05-04 03:02:01,Maker Model,640,480,,,colours@0123456789ab,,,\r\n"
    )


def test_csv_in_french(make_entry: MakeEntry) -> None:
    entry = make_entry(missing_since=datetime(2026, 7, 1, 8, 9, 10, 11), corrected=True)
    text = "".join(csv_rows([entry], "fr", BREEDS))
    assert text.startswith("\ufefffichier;statut;race;deuxième race;probabilité;")
    assert text.splitlines()[1] == (
        "/photos/rex.jpg;chien;Chihuahua;Carlin;0,93;;oui;;218;"
        "Chiens d'agrément et de compagnie;2026-05-04 03:02:01;Maker Model;640;480;;;"
        "colours@0123456789ab;2026-07-01 08:09:10;;"
    )


def test_csv_without_photos_is_its_header() -> None:
    assert len(list(csv_rows([], "en", BREEDS))) == 1


def test_an_uncertain_photo_has_a_short_list_and_no_breed(make_entry: MakeEntry) -> None:
    breeds = (Candidate(MALTESE, 0.4), Candidate(PUG, 0.15), Candidate(MINE, 0.001))
    entry = make_entry(status=Status.UNCERTAIN, breeds=breeds)
    english, french = row(entry), row(entry, "fr")
    assert (english["status"], english["breed"], english["probability"]) == ("not sure", "", "")
    assert english["alternatives"] == "Maltese 40%, Pug 15%"
    assert french["autres possibilités"] == "Bichon maltais 40\u202f%, Carlin 15\u202f%"
    assert english["FCI number"] == english["FCI group"] == ""


def test_a_cross(make_entry: MakeEntry) -> None:
    cross = (Candidate(PUG, 0.5), Candidate(MINE, 0.5))
    cells = row(make_entry(breeds=cross, corrected=True, note="seen, by me"))
    assert (cells["breed"], cells["second breed"], cells["probability"]) == (
        *("Pug", "My breed"),
        "0.5",
    )
    assert (cells["corrected"], cells["note"], cells["FCI number"]) == ("yes", "seen, by me", "253")


def test_dogs_with_their_boxes(
    pug: EntryDog, unsure: EntryDog, cross: EntryDog, make_entry: MakeEntry
) -> None:
    cells = row(make_entry(dogs=(cross, pug, unsure)), "fr")
    assert cells["chiens"] == "3"
    assert json.loads(cells["cadres"]) == [
        {"x": 0.0, "y": 0.0, "width": 1.0, "height": 1.0, "breed": "Carlin x Bichon maltais"},
        {"x": 0.5, "y": 0.25, "width": 0.5, "height": 0.5, "breed": "Carlin"},
        {"x": 0.0, "y": 0.0, "width": 0.25, "height": 0.5, "breed": None},
    ]


def test_a_photo_in_which_no_dog_was_found_is_not_one_in_which_none_was_sought(
    make_entry: MakeEntry,
) -> None:
    sought, not_sought = row(make_entry(dogs=())), row(make_entry(dogs=None))
    assert (sought["dogs"], sought["boxes"]) == ("0", "")
    assert (not_sought["dogs"], not_sought["boxes"]) == ("", "")


def test_a_breed_beyond_the_table_has_no_fci_number(make_entry: MakeEntry) -> None:
    cells = row(make_entry(breeds=(Candidate(MINE, 1.0),)))
    assert (cells["breed"], cells["FCI number"], cells["FCI group"]) == ("My breed", "", "")


def test_a_breed_that_people_added_has_the_fci_number_and_group_that_they_gave(
    make_entry: MakeEntry,
) -> None:
    entry = make_entry(breeds=(Candidate(TECKEL.label, 1.0),), corrected=True)
    cells = row(entry, "fr")
    assert (cells["race"], cells["numéro FCI"], cells["groupe FCI"]) == ("Teckel", "148", "Teckels")
    (line,) = json_lines([entry], "en", BREEDS)
    assert (json.loads(line)["fci_number"], json.loads(line)["fci_group"]) == (148, 4)


@pytest.mark.parametrize(
    ("status", "english", "french"),
    [
        (Status.NOT_DOG, "no dog", "pas de chien"),
        (Status.FAILED, "failed", "illisible"),
    ],
)
def test_photos_without_a_dog(
    status: Status, english: str, french: str, make_entry: MakeEntry
) -> None:
    entry = make_entry(
        status=status,
        breeds=(),
        error="It is empty.",
        width=None,
        height=None,
        taken_at=None,
    )
    cells = row(entry)
    assert cells["status"] == english
    assert row(entry, "fr")["statut"] == french
    assert cells["breed"] == cells["probability"] == cells["alternatives"] == ""
    assert cells["width"] == cells["date taken"] == ""
    assert cells["error"] == "It is empty."


def test_why_a_photo_failed_is_told_in_the_language_and_by_its_code(make_entry: MakeEntry) -> None:
    entry = make_entry(status=Status.FAILED, breeds=(), reason=Message("photo_empty"))
    english, french = row(entry), row(entry, "fr")
    assert (english["error"], english["error code"]) == ("The file is empty.", "photo_empty")
    assert (french["erreur"], french["code d'erreur"]) == ("Le fichier est vide.", "photo_empty")


@pytest.mark.parametrize(
    "note",
    ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\rx", "\nx", "  =1", "\u00a0@x", " \n x\n=1", "＝1"],
)
def test_formulas_are_defused(note: str, make_entry: MakeEntry) -> None:
    expected = note if note == " \n x\n=1" else f"'{note}"
    assert row(make_entry(note=note))["note"] == expected
    assert row(make_entry(camera=note))["camera"] == expected


@pytest.mark.parametrize("note", ["a=b", "3 - 2", "it's", "'=1", "me@home", "«=»"])
def test_other_text_stays_as_it_is(note: str, make_entry: MakeEntry) -> None:
    assert row(make_entry(note=note))["note"] == note


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    note=st.text(st.characters() | st.sampled_from("=+-@\t\r\n;,\"' ")),
    lang=st.sampled_from(["en", "fr"]),
)
def test_no_note_breaks_a_row_or_starts_a_formula(
    note: str, lang: Language, make_entry: MakeEntry
) -> None:
    cell = row(make_entry(note=note), lang)["note"]
    # What no file can hold is escaped; the rest stays as it is.
    note = note.encode(errors="backslashreplace").decode()
    assert cell in (note, f"'{note}")
    assert not cell.lstrip().startswith(("=", "+", "-", "@"))
    assert not cell.startswith(("\t", "\r", "\n"))


def test_csv_of_a_name_that_is_no_text(make_entry: MakeEntry) -> None:
    assert row(make_entry(file=NAME))["file"] == "/photos/caf\\udce9.jpg"
    assert csv_line(["\udce9", None, 1.5]) == "\\udce9,,1.5\r\n"


def test_json_array(make_entry: MakeEntry) -> None:
    entries = [make_entry(), make_entry(id=2, file="/photos/été.jpg", note='a "b"\n')]
    text = "".join(json_array(entries, "fr", BREEDS))
    fci = {"fci_number": 218, "fci_group": 9}
    assert json.loads(text) == [{**entry.to_json("fr"), **fci} for entry in entries]
    assert len(text.splitlines()) == 4
    assert "été" in text


def test_json_array_without_photos() -> None:
    assert "".join(json_array([], "en", BREEDS)) == "[]\n"


def test_json_lines(make_entry: MakeEntry) -> None:
    entries = [make_entry(), make_entry(id=2, note="two\nlines")]
    lines = list(json_lines(iter(entries), "en", BREEDS))
    fci = {"fci_number": 218, "fci_group": 9}
    assert [json.loads(line) for line in lines] == [{**one.to_json(), **fci} for one in entries]
    assert all(line.count("\n") == 1 and line.endswith("\n") for line in lines)


def test_json_gives_a_name_that_is_no_text_back(make_entry: MakeEntry) -> None:
    for lines in (json_lines, json_array):
        text = "".join(lines([make_entry(file=NAME)], "en", BREEDS)).encode().decode()
        assert "caf\\udce9.jpg" in text
        value = json.loads(text)
        assert (value[0] if isinstance(value, list) else value)["file"] == NAME


def test_entries_are_not_held(make_entry: MakeEntry) -> None:
    drawn = 0

    def entries() -> Iterator[Entry]:
        nonlocal drawn
        while True:
            drawn += 1
            yield make_entry()

    for text in (csv_rows, json_array, json_lines):
        drawn = 0
        pieces = text(entries(), "en", BREEDS)
        next(pieces)
        next(pieces)
        assert drawn <= 2


def test_short_list_without_breeds() -> None:
    assert short_list([], "en") == ""
