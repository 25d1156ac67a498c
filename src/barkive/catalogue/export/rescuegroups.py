"""The animals as RescueGroups.org imports them: a CSV file, and the pictures that it names.

Columns and rules as its user guide has them for an Import Account
(https://userguide.rescuegroups.org/display/DMG/Supported+animal+import+fields, and “Uploading data
to your FTP account” there): one line an animal, without line breaks in it; the file goes into the
folder `import` of the shelter's FTP account, the pictures into `import/pictures`.

| column | what it holds |
|---|---|
| `externalID` | `BA` and the animal's number: by it the next file changes the same animal; one that the next file lacks is deleted there |
| `internalID` | the shelter's code, at most 50 characters |
| `name` | the name, or else the code; at most 50 characters |
| `status` | `Available` for one in care, `Adopted`; the shelter's own status, such as `Hold`, as it is written |
| `type` | the species in English |
| `priBreed`, `secBreed`, `mix` | the breeds, in RescueGroups' own words where its list is given; of a dog whose breed is not sure empty, which it allows for dogs alone |
| `sex` | `Male`, `Female` or empty |
| `dsc` | the notes, their line breaks as `<br>` |
| `photo1` … `photo4` | files in `pictures`, the main photo first |

Its groups of age, sizes and colours are left empty: what they mean there is not told.
"""  # noqa: E501 - a table's row is one line

from __future__ import annotations

import html
from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Final

from barkive.atomic import rewriting
from barkive.catalogue.animal_records import IN_CARE, STATUSES, Animal, Sex
from barkive.catalogue.export.animal_words import species_words
from barkive.catalogue.export.breed_list import BreedList
from barkive.catalogue.export.exporter import AnimalPhotos
from barkive.catalogue.export.outcome import Failure, Outcome, reason_of
from barkive.catalogue.export.tables import csv_line
from barkive.catalogue.export.tree import Made, Tree
from barkive.catalogue.records import Entry
from barkive.errors import PhotoError
from barkive.images import thumbnail
from barkive.progress import OnProgress, silent

_TABLE, _PICTURES = "animals.csv", "pictures"
_MOST_PHOTOS, _LONGEST_SIDE, _LONGEST = 4, 1024, 50
_COLUMNS = (
    *("externalID", "internalID", "name", "status", "type", "priBreed", "secBreed", "mix", "sex"),
    *("dsc", *(f"photo{n}" for n in range(1, _MOST_PHOTOS + 1))),
)
_STATUSES: Final = {IN_CARE: "Available", "adopted": "Adopted"}
_SEXES: Final = {Sex.MALE: "Male", Sex.FEMALE: "Female"}


def write_rescuegroups(
    animals: Iterable[AnimalPhotos],
    out: Path,
    tree: Tree,
    breed_list: BreedList | None,
    *,
    on_progress: OnProgress = silent,
) -> Outcome:
    """Writes `animals.csv` and the folder `pictures`.

    Those that are lost, found or deceased have no line, and neither has another animal than a dog
    whose breed is not known. Without a line there is no table: it would delete all animals there.

    Args:
        animals: With their photos.
        out: The folder.
        tree: It, as a tree.
        breed_list: RescueGroups' own breed names; None to send ours, in English.
        on_progress: Called after each animal.

    Returns:
        How many files were written, how many animals left out, and what could not be written.

    Raises:
        UsageError: The folder can't be written into, or what Barkive noted there can't be used.
    """
    written = unchanged = skipped = 0
    failures: list[Failure] = []
    lines = [csv_line(_COLUMNS)]
    for done, one in enumerate(animals, 1):
        breeds = [
            breed_list.name(label) if breed_list else label.en
            for label in one.animal.verdict.labels
        ]
        if one.animal.status in set(STATUSES) - set(_STATUSES) or (
            not breeds and one.animal.species != "dog"
        ):
            skipped += 1
        else:
            pictures: list[str] = []
            for entry in one.photos:
                if len(pictures) == _MOST_PHOTOS or entry.missing_since is not None:
                    continue
                try:
                    new = tree.place(entry, _PICTURES, _made(entry))
                    written, unchanged = written + new, unchanged + (not new)
                    pictures.append(PurePosixPath(tree.name_of(entry, _PICTURES)).name)
                except (OSError, PhotoError) as error:
                    tree.keep(entry.file)
                    failures.append(Failure(entry.file, reason_of(error)))
            lines.append(csv_line(_cells(one.animal, breeds, pictures)))
        on_progress(done, None)
    removed, kept = tree.finish()
    failures += kept
    if len(lines) == 1:
        return Outcome(0, unchanged, removed, skipped, tuple(failures), is_empty=True)
    with rewriting(out / _TABLE) as file:
        file.writelines(line.encode() for line in lines)
    return Outcome(written + 1, unchanged, removed, skipped, tuple(failures))


def _made(entry: Entry) -> Made:
    """A small copy, made anew, so that it holds no place and no camera."""
    return Made(".jpg", partial(thumbnail, entry.file, _LONGEST_SIDE), f"small {_LONGEST_SIDE}")


def _cells(animal: Animal, breeds: list[str], pictures: list[str]) -> Iterator[str]:
    external, code = f"BA{animal.id}", animal.code or ""
    yield external
    yield code[:_LONGEST].rstrip()
    yield (animal.name or code or external)[:_LONGEST].rstrip()
    yield _STATUSES.get(animal.status, animal.status)
    yield species_words(animal, "en").capitalize()
    yield breeds[0] if breeds else ""
    yield breeds[1] if len(breeds) > 1 else ""
    yield "Yes" if len(breeds) > 1 else ""
    yield _SEXES[animal.sex] if animal.sex is not None else ""
    yield "<br>".join(html.escape(animal.notes or "", quote=False).splitlines())
    yield from pictures
    yield from [""] * (_MOST_PHOTOS - len(pictures))
