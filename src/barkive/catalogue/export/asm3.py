"""The catalogue as a CSV file that Animal Shelter Manager imports.

Columns and rules as in its manual and its source (https://github.com/sheltermanager/asm3:
`doc/manual/csvimportfields.rst`, `src/asm3/csvimport.py`, `insert_animal_from_form` in
`animal.py`, `csv_parse` in `utils.py`):

| column | what it holds of an animal | of a photo that no animal has |
|---|---|---|
| `ANIMALCODE` | the shelter's code, or else `BA` and the animal's number | `BK` and the photo's number |
| `ANIMALNAME` | the name, or else the code: a row without one is passed over | the file's name without its ending |
| `ANIMALSPECIES` | `Dog`, in French installations `Chien`: left out, the species would be the shelter's default, often the cat | the same |
| `ANIMALBREED1`, `ANIMALBREED2` | the breed, and the second one of a cross: that marks the animal as a crossbreed | the same |
| `ANIMALSEX` | `Male` or `Female`; empty is unknown | empty |
| `ANIMALDOB` | the day of birth, where it is known to the day | empty |
| `ANIMALAGE` | else the age in years, recorded as an estimate; 1 where it is not known, because the import refuses an animal with neither | 1 |
| `ANIMALENTRYDATE` | the day on which it came; empty is the day of the import | empty: the day of the import is nearer the truth than that of the photo |
| `ANIMALDECEASEDDATE` | of one that died since it was sent, the day | empty |
| `ANIMALCOMMENTS` | the notes | the note |
| `ANIMALHIDDENDETAILS` | for the staff: that the age is none, and the short list if the breed is not sure | the same |
| `ANIMALIMAGE` | the main photo: a small JPEG as a data URI, made anew, so that it holds no place and no camera | the photo, likewise |
| `ANIMALADDITIONALBARKIVEPROBABILITY`, `ANIMALADDITIONALBARKIVEMODEL` | go into additional fields of animals named `BarkiveProbability` (type Number) and `BarkiveModel` (type Text), where the shelter has created them | the same |

A row holds one picture. Further photos of an animal are further rows with its code and its name
and nothing else: the import attaches their pictures to the animal. Where somebody has told it not
to look for duplicates, it refuses such rows, because they have no age.

A breed that its list lacks becomes the shelter's default breed, at first number 221, Abyssinian,
which is a cat, and the import reports success. So breeds are written as the list has them, or as
what comes nearest there, and ours is told in the hidden details.

The import looks for a breed by its name in small letters, with a backtick for each apostrophe, as
its table has it (`gkbr` in `csvimport.py`, `escape` in `dbms/base.py`). Since version 45 the table
holds accents as they are, before that entities such as `&#233;` (`dbupdates/34502.py`): a list is
taken as it is written. On SQLite, whose `LOWER` leaves `É`, no cell finds `Épagneul Breton`.

A second import of a known code attaches the picture again, takes comments and dates of birth and
death, and leaves all else as it is. So what was sent has rows only for what is new, and what that
import does not take is told as a list to be changed by hand.

A cell that a spreadsheet would take for a formula has an apostrophe before it, which arrives. Angle
brackets are written as entities: Animal Shelter Manager keeps them so (`escape_xss` in
`dbms/base.py`), and comments are published on web pages.

Knows nothing of files other than the photos.
"""  # noqa: E501 - a table's row is one line

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from hashlib import sha256
from pathlib import PurePath
from typing import Final

from barkive.catalogue.animal_records import Animal, Sex
from barkive.catalogue.export.animal_words import (
    birth_words,
    sex_words,
    species_words,
    status_words,
    years,
)
from barkive.catalogue.export.breed_list import BreedList, read_breed_list
from barkive.catalogue.export.exporter import AnimalPhotos, Sending, Sent
from barkive.catalogue.export.tables import csv_line, defused, short_list
from barkive.catalogue.records import Entry
from barkive.errors import PhotoError
from barkive.images import map_ahead, thumbnail
from barkive.messages import Language, Message, Messages
from barkive.verdicts import BreedName, Candidate, Status

__all__ = ["BreedList", "asm3_animal_rows", "asm3_rows", "read_breed_list"]

_CODE, _NAME, _IMAGE = "ANIMALCODE", "ANIMALNAME", "ANIMALIMAGE"
_COMMENTS = "ANIMALCOMMENTS"
_COLUMNS = (
    *(_CODE, _NAME, "ANIMALSPECIES", "ANIMALBREED1", "ANIMALBREED2", "ANIMALSEX", "ANIMALDOB"),
    *("ANIMALAGE", "ANIMALENTRYDATE", "ANIMALDECEASEDDATE", _COMMENTS),
    *("ANIMALHIDDENDETAILS", _IMAGE),
    *("ANIMALADDITIONALBARKIVEPROBABILITY", "ANIMALADDITIONALBARKIVEMODEL"),
)
_AGE = "1"
# An animal that is not at the shelter would be put up for adoption there.
_ELSEWHERE: Final = ("adopted", "lost", "deceased")
# What is told of an animal, and what people call that in a list of changes.
_FIELDS: Final[Mapping[str, str]] = {
    "code": "asm3_field_code",
    "name": "asm3_field_name",
    "species": "asm3_field_species",
    "breed": "asm3_field_breed",
    "sex": "asm3_field_sex",
    "birth": "asm3_field_birth",
    "arrived": "asm3_field_arrived",
    "status": "asm3_field_status",
    "notes": "asm3_field_notes",
}
_LONGEST_SHOWN = 60
_LONGEST_SIDE = 1024
_AHEAD = 4


def asm3_rows(
    entries: Iterable[Entry],
    breed_list: BreedList,
    lang: Language,
    sending: Sending,
) -> Iterator[str]:
    """CSV for Animal Shelter Manager: a header, and a row a photo with a dog.

    Photos without a dog, unreadable ones and those whose file is missing have no row: they
    are no animals. A photo whose breed is not sure is one: it goes in as a dog of unknown
    breed, in the shelter's own word for that or as `Mixed Breed`, with the short list in the
    hidden details. Its best guess stays out of the breed, which the shelter publishes. One that was
    sent earlier has a row for what is new alone.

    Args:
        entries: The photos.
        breed_list: The shelter's breed names. Its `unmatched` is complete when the last row
            is out.
        lang: Of the shelter's installation: species, our breed names and hidden details.
        sending: See `asm3_animal_rows`.

    Yields:
        Lines, each with its end.
    """
    yield csv_line(_COLUMNS)
    told = _Teller(breed_list, lang, sending, date.today())
    rows = (row for entry in entries if refusal(entry) is None for row in told.photo_rows(entry))
    yield from _lines(rows, sending.now_photos)


def asm3_animal_rows(
    animals: Iterable[AnimalPhotos],
    breed_list: BreedList,
    lang: Language,
    sending: Sending,
    day: date | None = None,
) -> Iterator[str]:
    """CSV for Animal Shelter Manager: a header, a row an animal, and one a further photo.

    One that was sent earlier has rows for what is new alone. One that is not at the shelter has
    none, unless it was sent while it was.

    Args:
        animals: With their photos.
        breed_list: See `asm3_rows`.
        lang: Likewise.
        sending: What earlier exports sent; what this one sends, and what is to be changed by
            hand, is added as the rows come out.
        day: On which the ages hold; None for today.

    Yields:
        Lines, each with its end.
    """
    yield csv_line(_COLUMNS)
    told = _Teller(breed_list, lang, sending, day or date.today())
    rows = (row for one in animals for row in told.rows(one))
    yield from _lines(rows, sending.now)
    for was in (*sending.gone.values(), *sending.gone_photos.values()):
        sending.by_hand.append(Message("asm3_delete", {"animal": _title(was)}))


def refusal(entry: Entry) -> str | None:
    """Why a photo has no row, as `Exporter.refusal` has it: there is no dog, or no file."""
    if entry.missing_since is not None:
        return "left_out_missing"
    return {Status.NOT_DOG: "left_out_no_dog", Status.FAILED: "left_out_unreadable"}.get(
        entry.status
    )


def _lines(rows: Iterable[_Row], now: dict[int, Sent]) -> Iterator[str]:
    """Rows with their pictures; what is sent is noted."""
    for row, image in map_ahead(lambda row: (row, _picture(row.photo)), rows, ahead=_AHEAD):
        sent = now.get(row.number, row.sent)
        if image and row.photo is not None:
            sent = replace(sent, pictures=sent.pictures | {row.photo.picture})
        now[row.number] = sent
        if image or row.has_news:
            yield _line({**row.cells, _IMAGE: image})


@dataclass(frozen=True, slots=True)
class _Row:
    """A row, before its picture is made.

    Attributes:
        number: Of the animal, or of the photo that no animal has.
        cells: By column; those that are empty are left out.
        photo: The photo that goes with it; None for none.
        sent: What was sent when it is out, save its picture.
        has_news: Whether it says anything that it would say without its picture, too.
    """

    number: int
    cells: Mapping[str, str]
    photo: Entry | None
    sent: Sent
    has_news: bool


@dataclass(frozen=True, slots=True)
class _Breeds:
    """The breeds of an animal.

    Attributes:
        theirs: As the shelter calls them, or what comes nearest there: one, or two of a cross.
        ours: What they are, where the shelter has another name for one; else empty.
    """

    theirs: tuple[str, ...]
    ours: str = ""

    @property
    def cells(self) -> dict[str, str]:
        """By column."""
        second = self.theirs[1] if len(self.theirs) > 1 else ""
        return {"ANIMALBREED1": self.theirs[0], "ANIMALBREED2": second}

    @property
    def text(self) -> str:
        """As people read it."""
        theirs = " x ".join(self.theirs)
        return f"{theirs} ({self.ours})" if self.ours not in ("", theirs) else theirs


class _Teller:
    """Tells animals to a program that knows some of them."""

    def __init__(self, breed_list: BreedList, lang: Language, sending: Sending, day: date) -> None:
        self._breed_list, self._lang, self._sending, self._day = breed_list, lang, sending, day
        self._words = Messages(lang)

    def photo_rows(self, entry: Entry) -> Iterator[_Row]:
        """The row that a photo which no animal has needs, if any."""
        earlier = self._sending.earlier_photos.get(entry.id)
        breeds = self._breeds(entry.labels)
        code = f"BK{entry.id:06}"
        # A row without a name is passed over by the import.
        name = PurePath(entry.file).stem.strip() or code
        if earlier is not None:
            name = earlier.values["name"][1]  # people may have given it another one there
        note = entry.note or ""
        values = {
            "code": (code, code),
            "name": ("", name),
            "breed": (" x ".join(sorted(label.id for label in entry.labels)), breeds.text),
            # Enough to see that it has changed.
            "notes": (sha256(note.encode("utf-8", "replace")).hexdigest() if note else "", ""),
        }
        called = {_CODE: code, _NAME: name}
        if earlier is None:
            self._tell_stand_in(breeds, values)
            cells = called | self._photo_cells(entry, breeds)
            yield _Row(entry.id, cells, entry, Sent(values), True)
            return
        news = self._news(earlier, values, {"notes": {_COMMENTS: note}} if note else {})
        is_new = entry.picture not in earlier.pictures
        if not news and not is_new:
            self._sending.now_photos[entry.id] = Sent(values, earlier.pictures)
            self._sending.unchanged += 1
            return
        sent, photo = Sent(values, earlier.pictures), entry if is_new else None
        yield _Row(entry.id, called | news, photo, sent, bool(news))

    def rows(self, one: AnimalPhotos) -> Iterator[_Row]:
        """The rows that an animal needs."""
        animal, values = one.animal, self._values(one.animal)
        earlier = self._sending.earlier.get(animal.id)
        photos = [photo for photo in one.photos if photo.missing_since is None]
        if earlier is None:
            if animal.status in _ELSEWHERE:
                self._sending.skipped += 1
                return
            self._tell_stand_in(self._breeds(animal.verdict.labels), values)
            cells, sent = self._cells(one), Sent(values)
        else:
            photos = [photo for photo in photos if photo.picture not in earlier.pictures]
            cells = self._news(earlier, values, _taken(animal))
            sent = Sent(values, earlier.pictures)
            if not cells and not photos:
                self._sending.now[animal.id] = sent
                self._sending.unchanged += 1
                return
        # Where a code has changed, the program still knows the old one.
        key = values if earlier is None else earlier.values
        called = {_CODE: key["code"][1], _NAME: key["name"][1] or key["code"][1]}
        yield _Row(animal.id, called | cells, next(iter(photos), None), sent, bool(cells))
        for photo in photos[1:]:
            yield _Row(animal.id, called, photo, sent, False)

    def _values(self, animal: Animal) -> dict[str, tuple[str, str]]:
        lang, code = self._lang, animal.code or f"BA{animal.id}"
        labels = animal.verdict.labels
        birth = arrived = ""
        if animal.birth is not None:
            birth = birth_words(animal.birth, animal.birth_is_estimate, lang)
        if animal.arrived is not None:
            arrived = self._words.day(animal.arrived)
        notes = animal.notes or ""
        return {
            "code": (code, code),
            "name": (animal.name or "", animal.name or ""),
            "species": (animal.species, species_words(animal, lang)),
            "breed": (
                " x ".join(sorted(label.id for label in labels)),
                self._breeds(labels).text,
            ),
            "sex": (animal.sex or "", sex_words(animal, lang) or ""),
            "birth": (f"{animal.birth or ''}{'~' * animal.birth_is_estimate}", birth),
            "arrived": (str(animal.arrived or ""), arrived),
            "status": (animal.status, status_words(animal, lang)),
            "notes": (notes, _shortened(notes)),
        }

    def _cells(self, one: AnimalPhotos) -> dict[str, str]:
        """All that is told of an animal that is new there."""
        animal, main, lang = one.animal, one.main, self._lang
        verdict, labels = animal.verdict, animal.verdict.labels
        breeds = self._breeds(labels)
        age = years(animal.birth, self._day) if animal.birth is not None else None
        details = [self._about(breeds, labels, verdict.breeds)]
        if age is None:
            details.append(self._words("export.asm3_age"))
        is_exact = _is_day(animal)
        is_dog = animal.species == "dog"
        return {
            "ANIMALSPECIES": self._words("export.asm3_species")
            if is_dog
            else _capital(species_words(animal, lang)),
            **breeds.cells,
            "ANIMALSEX": {Sex.MALE: "Male", Sex.FEMALE: "Female"}.get(animal.sex, "")
            if animal.sex is not None
            else "",
            "ANIMALDOB": animal.birth or "" if is_exact else "",
            "ANIMALAGE": "" if is_exact else _AGE if age is None else f"{max(age, 0.1):g}",
            "ANIMALENTRYDATE": str(animal.arrived or ""),
            _COMMENTS: animal.notes or "",
            "ANIMALHIDDENDETAILS": " ".join(filter(None, details)),
            "ANIMALADDITIONALBARKIVEPROBABILITY": _share(verdict.breeds) if labels else "",
            "ANIMALADDITIONALBARKIVEMODEL": main.model if main is not None else "",
        }

    def _photo_cells(self, entry: Entry, breeds: _Breeds) -> dict[str, str]:
        """All that is told of a photo that is new there."""
        details = (
            self._about(breeds, entry.labels, entry.breeds),
            self._words("export.asm3_age"),
        )
        return {
            "ANIMALSPECIES": self._words("export.asm3_species"),
            **breeds.cells,
            "ANIMALAGE": _AGE,
            _COMMENTS: entry.note or "",
            "ANIMALHIDDENDETAILS": " ".join(filter(None, details)),
            "ANIMALADDITIONALBARKIVEPROBABILITY": _share(entry.breeds) if entry.labels else "",
            "ANIMALADDITIONALBARKIVEMODEL": entry.model,
        }

    def _breeds(self, labels: Sequence[BreedName]) -> _Breeds:
        """The breeds as the shelter calls them: one, two of a cross, or its word for unknown."""
        names, lang = self._breed_list, self._lang
        if not labels:
            return _Breeds((names.unknown(lang),))
        theirs = tuple(names.nearest(label, lang) for label in labels)
        is_exact = all(names.exact(label) is not None for label in labels)
        ours = "" if is_exact else " x ".join(label.name(lang) for label in labels)
        return _Breeds(theirs, ours)

    def _about(
        self, breeds: _Breeds, labels: Sequence[BreedName], candidates: Iterable[Candidate]
    ) -> str:
        """What the staff must know of the breed."""
        if not labels:
            return _not_sure(candidates, self._lang)
        return self._words("export.asm3_breed", breed=breeds.ours) if breeds.ours else ""

    def _tell_stand_in(self, breeds: _Breeds, values: Mapping[str, tuple[str, str]]) -> None:
        theirs = " x ".join(breeds.theirs)
        if breeds.ours:
            code = "asm3_stands_in" if breeds.ours != theirs else "asm3_lacks"
            said = {"ours": breeds.ours, "theirs": theirs, "animal": _title(Sent(values))}
            self._sending.by_hand.append(Message(code, said))

    def _news(
        self,
        earlier: Sent,
        values: Mapping[str, tuple[str, str]],
        taken: Mapping[str, Mapping[str, str]],
    ) -> dict[str, str]:
        """The cells that the import takes of a known animal; what it does not take is told.

        Args:
            earlier: What was sent.
            values: What holds now.
            taken: The cells of each field that the import takes.
        """
        cells: dict[str, str] = {}
        title = _title(earlier)
        for field, code in _FIELDS.items():
            if field not in values:
                continue
            (was, was_text), (now, now_text) = earlier.values.get(field, ("", "")), values[field]
            if was == now:
                continue
            if field in taken:
                cells |= taken[field]
            else:
                said = {"field": Message(code), "animal": title}
                if was_text and now_text:
                    change = Message("asm3_change", {**said, "was": was_text, "now": now_text})
                elif now_text:
                    change = Message("asm3_set", {**said, "now": now_text})
                else:
                    change = Message("asm3_clear", {**said, "was": was_text})
                self._sending.by_hand.append(change)
        return cells


def _taken(animal: Animal) -> dict[str, dict[str, str]]:
    """What a second import takes of an animal, by field."""
    taken = {}
    if animal.notes:
        taken["notes"] = {_COMMENTS: animal.notes}
    if _is_day(animal):
        taken["birth"] = {"ANIMALDOB": animal.birth or ""}
    if animal.status == "deceased" and animal.left is not None:
        taken["status"] = {"ANIMALDECEASEDDATE": str(animal.left)}
    return taken


def _not_sure(breeds: Iterable[Candidate], lang: Language) -> str:
    candidates = short_list(breeds, lang)
    not_sure = Messages(lang)("export.asm3_not_sure")
    return f"{not_sure}{f' ({candidates})' if candidates else ''}."


def _title(sent: Sent) -> str:
    """What an animal is called there."""
    return " ".join(filter(None, (sent.values["code"][1], sent.values["name"][1])))


def _share(breeds: tuple[Candidate, ...]) -> str:
    return f"{round(breeds[0].probability, 4):g}"


def _is_day(animal: Animal) -> bool:
    """Whether a birth is known to the day: an estimate is given as an age."""
    return animal.birth is not None and len(animal.birth) == 10 and not animal.birth_is_estimate


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _shortened(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN].rstrip()}…"


def _line(cells: Mapping[str, str]) -> str:
    return csv_line(_cell(cells.get(column, "")) for column in _COLUMNS)


def _cell(text: str) -> str:
    """Text that does no harm, neither in a spreadsheet nor on a page.

    The import does not undo doubled quotation marks: two apostrophes stand for one, as in Animal
    Shelter Manager's own exports.
    """
    plain = text.replace('"', "''").replace("<", "&lt;").replace(">", "&gt;")
    return str(defused(plain))


def _picture(entry: Entry | None) -> str:
    """A data URI of a small copy of the photo; empty where there is none, or it can't be read."""
    if entry is None:
        return ""
    try:
        content = thumbnail(entry.file, _LONGEST_SIDE)
    except PhotoError:
        return ""
    return f"data:image/jpeg;base64,{base64.b64encode(content).decode()}"
