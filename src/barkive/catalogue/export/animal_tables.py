"""The animals as text for other programs: CSV for spreadsheets, JSON for scripts.

As `tables` for photos: piece by piece, and each piece can be encoded as UTF-8.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator

from typing_extensions import TypedDict

from barkive.catalogue.animal_records import AnimalJSON
from barkive.catalogue.export.animal_words import sex_words, species_words, status_words
from barkive.catalogue.export.exporter import AnimalPhotos
from barkive.catalogue.export.tables import (
    BOM,
    csv_line,
    defused,
    encodable,
    moment_text,
    short_list,
)
from barkive.messages import Language, Messages
from barkive.verdicts import Status

_COLUMNS = (
    *("id", "code", "name", "species", "sex", "birth", "birth_is_estimate", "status"),
    *("breed_status", "breed", "breed2", "probability", "alternatives", "breed_origin"),
    *("breed_disagrees", "notes", "arrived", "left", "photos", "main_photo", "main_file"),
    *("photo_files", "version", "made_at", "changed_at"),
)


class PhotoFileJSON(TypedDict):
    """A photo of an animal in the animal's JSON form."""

    id: int
    file: str


class AnimalPhotosJSON(AnimalJSON):
    """An animal's JSON form with its photos, the main one first."""

    photo_files: list[PhotoFileJSON]


def animal_csv_rows(animals: Iterable[AnimalPhotos], lang: Language) -> Iterator[str]:
    """CSV that a spreadsheet opens right: a header, and a row an animal; see `tables.csv_rows`.

    Args:
        animals: With their photos, which stand in the last column but three as JSON text.
        lang: Of the header, the breeds' names and the words.

    Yields:
        Lines, each with its end; the first holds the byte order mark and the header.
    """
    words = Messages(lang)
    header = [words(f"export.column_{name}") for name in _COLUMNS]
    yield BOM + csv_line(header, words.csv_delimiter)
    for one in animals:
        yield csv_line(map(defused, _cells(one, words)), words.csv_delimiter)


def animal_json_array(animals: Iterable[AnimalPhotos], lang: Language) -> Iterator[str]:
    """One JSON array, an animal's object a line; valid without animals too.

    Args:
        animals: With their photos.
        lang: Of the breeds' names.
    """
    before = "[\n"
    for one in animals:
        yield before + _json(one, lang)
        before = ",\n"
    yield "[]\n" if before == "[\n" else "\n]\n"


def animal_json_lines(animals: Iterable[AnimalPhotos], lang: Language) -> Iterator[str]:
    """JSON Lines: an animal's object a line.

    Args:
        animals: With their photos.
        lang: Of the breeds' names.
    """
    for one in animals:
        yield _json(one, lang) + "\n"


def photo_files(one: AnimalPhotos) -> list[PhotoFileJSON]:
    """The photos of an animal, the main one first."""
    return [{"id": photo.id, "file": photo.file} for photo in one.photos]


def _cells(one: AnimalPhotos, words: Messages) -> Iterator[str | int | None]:
    animal, lang = one.animal, words.lang
    verdict, labels = animal.verdict, animal.verdict.labels
    main = one.main
    yield animal.id
    yield animal.code
    yield animal.name
    yield species_words(animal, lang)
    yield sex_words(animal, lang)
    yield animal.birth
    yield words(f"export.{'yes' if animal.birth_is_estimate else 'no'}") if animal.birth else None
    yield status_words(animal, lang)
    yield words(f"export.status_{verdict.status}") if verdict.status is not None else None
    yield labels[0].name(lang) if labels else None
    yield labels[1].name(lang) if len(labels) > 1 else None
    yield words.decimal(verdict.breeds[0].probability) if labels else None
    yield short_list(verdict.breeds, lang) if verdict.status is Status.UNCERTAIN else None
    yield words(f"export.origin_{verdict.origin}") if verdict.origin is not None else None
    yield words("export.yes" if verdict.disagrees else "export.no")
    yield animal.notes
    yield animal.arrived.isoformat() if animal.arrived is not None else None
    yield animal.left.isoformat() if animal.left is not None else None
    yield animal.photos
    yield animal.main_photo
    yield main.file if main is not None else None
    yield json.dumps(photo_files(one), ensure_ascii=False) if one.photos else None
    yield animal.version
    yield moment_text(animal.made_at)
    yield moment_text(animal.changed_at)


def _json(one: AnimalPhotos, lang: Language) -> str:
    said: AnimalPhotosJSON = {**one.animal.to_json(lang), "photo_files": photo_files(one)}
    return encodable(json.dumps(said, ensure_ascii=False))
