"""The catalogue as a CSV file that Animal Shelter Manager imports.

Columns and rules as in its manual and its source (https://github.com/sheltermanager/asm3:
`doc/manual/csvimportfields.rst`, `src/asm3/csvimport.py`, `csv_parse` in `utils.py`):

| column | what it holds |
|---|---|
| `ANIMALCODE` | `BK` and the photo's number: the same in every export, so that a second import updates the animals of the first |
| `ANIMALNAME` | the file's name without its ending |
| `ANIMALSPECIES` | `Dog`, in French installations `Chien`: left out, the species would be the shelter's default, often the cat |
| `ANIMALBREED1`, `ANIMALBREED2` | the breed, and the second one of a cross: that marks the animal as a crossbreed |
| `ANIMALAGE` | 1: the import refuses an animal without an age or a date of birth; it is recorded as an estimate |
| `ANIMALCOMMENTS` | the note |
| `ANIMALHIDDENDETAILS` | for the staff: that the age is none, and the short list if the breed is not sure |
| `ANIMALIMAGE` | a small JPEG as a data URI, made anew, so that it holds no place and no camera |
| `ANIMALADDITIONALBARKIVEPROBABILITY`, `ANIMALADDITIONALBARKIVEMODEL` | go into additional fields of animals named `BarkiveProbability` (type Number) and `BarkiveModel` (type Text), where the shelter has created them |

There is no date of entry: the shelter's day of import is nearer the truth than the day of the
photo. Knows nothing of files other than the photos.
"""  # noqa: E501 - a table's row is one line

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator
from pathlib import PurePath

from barkive.catalogue.export.breed_list import BreedList, read_breed_list, unknown_breed
from barkive.catalogue.export.tables import csv_line, short_list
from barkive.catalogue.records import Entry
from barkive.errors import PhotoError
from barkive.images import map_ahead, thumbnail
from barkive.messages import Language, Messages
from barkive.verdicts import BreedName, Status

__all__ = ["BreedList", "asm3_rows", "read_breed_list"]

_COLUMNS = (
    *("ANIMALCODE", "ANIMALNAME", "ANIMALSPECIES", "ANIMALBREED1", "ANIMALBREED2", "ANIMALAGE"),
    *("ANIMALCOMMENTS", "ANIMALHIDDENDETAILS", "ANIMALIMAGE"),
    *("ANIMALADDITIONALBARKIVEPROBABILITY", "ANIMALADDITIONALBARKIVEMODEL"),
)
_AGE = "1"
_LONGEST_SIDE = 1024
_AHEAD = 4


def asm3_rows(
    entries: Iterable[Entry], breed_list: BreedList | None, lang: Language
) -> Iterator[str]:
    """CSV for Animal Shelter Manager: a header, and a row a photo with a dog.

    Photos without a dog, unreadable ones and those whose file is missing have no row: they
    are no animals. A photo whose breed is not sure is one: it goes in as a dog of unknown
    breed, in the shelter's own word for that or as `Mixed Breed`, with the short list in the
    hidden details. Its best guess stays out of the breed, which the shelter publishes; and a
    blank would become the shelter's default breed, at first Affenpinscher.

    Cells hold exactly what is to be imported. Animal Shelter Manager would import an
    apostrophe before a formula too, so that none is put there: the file is for importing, not
    for a spreadsheet, which would cut the pictures off at 32,767 characters anyway.

    Args:
        entries: The photos.
        breed_list: The shelter's own breed names; None to send ours. Its `unmatched` is
            complete when the last row is out.
        lang: Of the shelter's installation: species, our breed names and hidden details.

    Yields:
        Lines, each with its end.
    """
    yield csv_line(_COLUMNS)
    dogs = filter(is_animal, entries)
    for entry, image in map_ahead(lambda entry: (entry, _picture(entry)), dogs, ahead=_AHEAD):
        yield csv_line(map(_cell, _cells(entry, image, breed_list, lang)))


def is_animal(entry: Entry) -> bool:
    """Whether a photo has a row: there is a dog, and the file is there."""
    return entry.status in (Status.DOG, Status.UNCERTAIN) and entry.missing_since is None


def _cells(entry: Entry, image: str, breed_list: BreedList | None, lang: Language) -> Iterator[str]:
    code, words = f"BK{entry.id:06}", Messages(lang)
    breeds = [_breed(label, breed_list, lang) for label in entry.labels]
    details = words("export.asm3_age")
    if not breeds:
        breeds = [breed_list.unknown(lang) if breed_list else unknown_breed(lang)]
        candidates = short_list(entry.breeds, lang)
        not_sure = words("export.asm3_not_sure")
        details = f"{not_sure}{f' ({candidates})' if candidates else ''}. {details}"
    yield code
    # A row without a name is passed over by the import.
    yield PurePath(entry.file).stem.strip() or code
    yield words("export.asm3_species")
    yield breeds[0]
    yield breeds[1] if len(breeds) > 1 else ""
    yield _AGE
    yield entry.note or ""
    yield details
    yield image
    yield f"{round(entry.breeds[0].probability, 4):g}" if entry.labels else ""
    yield entry.model


def _breed(label: BreedName, breed_list: BreedList | None, lang: Language) -> str:
    return breed_list.name(label, lang) if breed_list else label.name(lang)


def _cell(text: str) -> str:
    """Text that arrives as it was meant: the import does not undo doubled quotation marks.

    Two apostrophes stand for one, as in Animal Shelter Manager's own exports.
    """
    return text.replace('"', "''")


def _picture(entry: Entry) -> str:
    """A data URI of a small copy of the photo; empty where it can't be read."""
    try:
        content = thumbnail(entry.file, _LONGEST_SIDE)
    except PhotoError:
        return ""
    return f"data:image/jpeg;base64,{base64.b64encode(content).decode()}"
