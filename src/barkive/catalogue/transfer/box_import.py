"""Brings boxes that other programs drew into the catalogue, as dogs that Barkive then judges."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from barkive.boxes import Box
from barkive.catalogue.annotations import drawn_boxes, labels
from barkive.catalogue.annotations.labels import Label
from barkive.catalogue.query.entries import one
from barkive.catalogue.query.store import Store
from barkive.catalogue.records import Entry, Kind
from barkive.catalogue.transfer.box_files import BoxFile, FoundBox, LeftOut
from barkive.classifier import Classifier
from barkive.errors import (
    ChangedPhotoError,
    NothingToSayError,
    PhotoError,
    UnknownPhotoError,
)
from barkive.progress import OnProgress, silent
from barkive.verdicts import Status

# A box that overlaps a dog's by so much is that dog's.
_SAME_DOG = 0.5


@dataclass(frozen=True, slots=True)
class ImportedBoxes:
    """What came of an import.

    Attributes:
        added: Boxes that are new dogs.
        photos: Photos that have new dogs.
        known: Boxes where the catalogue has a dog already.
        not_dogs: Boxes of animals in which the model sees no dog.
        strange: Pictures that are not in the catalogue.
        left_out: What of the file was not taken, by why.
    """

    added: int
    photos: int
    known: int
    not_dogs: int
    strange: int
    left_out: Mapping[LeftOut, int]


def import_boxes(
    store: Store,
    file: BoxFile,
    classifier: Classifier,
    by: str | None = None,
    *,
    on_progress: OnProgress = silent,
) -> ImportedBoxes:
    """Adds the dogs in a file of boxes to the photos that the catalogue has.

    Where the file says that a dog is there, it is taken at its word; where it says that an animal
    is there, the model decides. A box becomes a label of the kind `dog`, which can be taken back
    as others can. Done twice, it is the same as once.

    Args:
        store: The catalogue.
        file: What to bring in.
        classifier: Judges the boxes.
        by: Who says that dogs are there; None for the program that made the file.
        on_progress: Called with (pictures done, pictures in all).

    Raises:
        CatalogueError: The catalogue can't be written.
    """
    counts: Counter[str] = Counter()
    left_out = Counter(file.left_out)
    for done, (path, found) in enumerate(file.pictures.items(), 1):
        try:
            entry = one(store, path)
            new = _new(entry, found)
            dogs = _dogs_among(entry, new, classifier)
            if dogs:
                said = by or file.program
                labels.add(store, entry.id, *(Label(Kind.DOG, box=box, by=said) for box in dogs))
                drawn_boxes.judge(store, entry.id, classifier)
            counts += Counter(
                added=len(dogs),
                photos=bool(dogs),
                known=len(found) - len(new),
                not_dogs=len(new) - len(dogs),
            )
        except UnknownPhotoError:
            counts["strange"] += 1
        except (PhotoError, NothingToSayError):
            left_out[LeftOut.PICTURE_UNREADABLE] += 1
        except ChangedPhotoError:
            left_out[LeftOut.PICTURE_CHANGED] += 1
        on_progress(done, len(file.pictures))
    return ImportedBoxes(
        counts["added"],
        counts["photos"],
        counts["known"],
        counts["not_dogs"],
        counts["strange"],
        left_out,
    )


def _new(entry: Entry, found: Sequence[FoundBox]) -> list[FoundBox]:
    known = [dog.box for dog in entry.dogs or ()]
    return [one for one in found if all(one.box.iou(box) < _SAME_DOG for box in known)]


def _dogs_among(entry: Entry, found: Sequence[FoundBox], classifier: Classifier) -> list[Box]:
    """The boxes of dogs: those that are told to be, and those in which the model sees one."""
    animals = [one.box for one in found if not one.is_dog]
    judged = classifier.judge_boxes(entry.file, animals) if animals else []
    seen = {dog.box for dog in judged if dog.status is not Status.NOT_DOG}
    return [one.box for one in found if one.is_dog or one.box in seen]
