"""Brings boxes that other programs drew into the catalogue, as dogs that Barkive then judges."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from barkive.boxes import Box
from barkive.catalogue.annotations import drawn_boxes, labels
from barkive.catalogue.annotations.labels import MOST_DOGS, Label
from barkive.catalogue.query.effective_dogs import SAME_DOG
from barkive.catalogue.query.effective_label import standing
from barkive.catalogue.query.entries import find, one
from barkive.catalogue.query.judgements import Turns, said_of
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


@dataclass(frozen=True, slots=True)
class ImportedBoxes:
    """What came of an import.

    Attributes:
        added: Boxes that are new dogs.
        photos: Photos that have new dogs.
        known: Boxes where the catalogue has a dog already.
        taken_away: Boxes where people took a dog away, or a label that one is there; and all new
            boxes of photos that show no dog, as people say.
        not_dogs: Boxes of animals in which the model sees no dog.
        strange: Pictures that are not in the catalogue.
        left_out: What of the file was not taken, by why.
    """

    added: int
    photos: int
    known: int
    taken_away: int
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
    is there, the model decides. What people said stands over both. A box becomes a label of the
    kind `dog`, which can be taken back as others can. Done twice, it is the same as once.

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
            known, new = _known_and_new(store, entry, found)
            dogs = _dogs_among(entry, new, classifier)
            # The surest, where a photo would have too many.
            room = max(MOST_DOGS - len(entry.dogs or ()), 0)
            taken = sorted(dogs, key=lambda dog: -dog.score)[:room]
            if taken:
                said = by or file.program
                spoken = (Label(Kind.DOG, box=dog.box, by=said) for dog in taken)
                labels.add(store, entry.id, *spoken)
                drawn_boxes.judge(store, entry.id, classifier)
            counts += Counter(
                added=len(taken),
                photos=bool(taken),
                known=known,
                taken_away=len(found) - known - len(new),
                not_dogs=len(new) - len(dogs),
            )
            left_out += Counter({LeftOut.TOO_MANY: len(dogs) - len(taken)})
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
        counts["taken_away"],
        counts["not_dogs"],
        counts["strange"],
        left_out,
    )


def _known_and_new(
    store: Store, entry: Entry, found: Sequence[FoundBox]
) -> tuple[int, list[FoundBox]]:
    """How many boxes are of known dogs; and those of which people have said nothing else."""
    dogs = {dog.id: dog.box for dog in entry.dogs or ()}
    known, taken_away = [*dogs.values()], []
    with store.read() as connection:
        row = find(connection, entry.id)
        words = said_of(connection, [row.picture]).get(row.picture, [])
        turns = Turns.read(connection, {one.sha256 for one in (row, *words)} - {None})
    stands = standing(words)
    ids = {word.id for word in stands}
    for word in words:
        if word.dog is None:
            continue
        mark = turns.mark(word, row.sha256)
        boxes = [box for box in (mark.box, mark.before) if box is not None] if mark else []
        if word.dog not in dogs:
            taken_away += boxes
        elif word.id in ids:
            known += boxes
    strange = [one for one in found if not _lies_on(one, known)]
    of_photo = [word.kind for word in stands if word.dog is None and word.kind != Kind.NOTE]
    if of_photo[-1:] == [Kind.NOT_DOG]:
        return len(found) - len(strange), []
    return len(found) - len(strange), [one for one in strange if not _lies_on(one, taken_away)]


def _lies_on(one: FoundBox, boxes: Iterable[Box]) -> bool:
    """Whether a box is of a dog in one of these."""
    return any(one.box.iou(box) >= SAME_DOG for box in boxes)


def _dogs_among(entry: Entry, found: Sequence[FoundBox], classifier: Classifier) -> list[FoundBox]:
    """The boxes of dogs: those that are told to be, and those in which the model sees one."""
    animals = [one.box for one in found if not one.is_dog]
    judged = classifier.judge_boxes(entry.file, animals) if animals else []
    seen = {dog.box for dog in judged if dog.status is not Status.NOT_DOG}
    return [one for one in found if one.is_dog or one.box in seen]
