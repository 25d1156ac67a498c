"""Sorts photos, or the dogs in them, into folders: a tree by breed, or a training set.

Which folder a photo or a dog belongs into is decided here; how it gets there, `tree` knows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cache, partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from barkive import breeds
from barkive.catalogue.export.boxed import dogs_of, within
from barkive.catalogue.export.exporter import AnimalPhotos
from barkive.catalogue.export.outcome import Failure, Outcome, reason_of
from barkive.catalogue.export.pictures import cut, jpeg
from barkive.catalogue.export.safe_names import safe_name
from barkive.catalogue.export.tree import Made, Tree
from barkive.catalogue.records import Entry, EntryDog
from barkive.errors import PhotoError
from barkive.images import decode
from barkive.messages import Language, Messages
from barkive.progress import OnProgress, silent
from barkive.verdicts import BreedName, Status


def write_folders(
    entries: Iterable[Entry],
    tree: Tree,
    lang: Language,
    *,
    on_progress: OnProgress = silent,
) -> Outcome:
    """Makes a tree by breed, such as `Pug/rex.jpg` and `Maltese x Pug/mix.jpg`.

    The tree holds these photos and no others that an earlier export put there; what the user
    put there stays. Made again, it is the same, and each photo keeps its name.

    Args:
        entries: The photos; those whose file is gone are skipped, and so are the tree's own.
        tree: The folder.
        lang: Of the folders' names.
        on_progress: Called after each photo.

    Returns:
        How many were put there and taken away, and which could not be.

    Raises:
        UsageError: The folder can't be written into, or what Barkive noted there can't be used.
    """

    def folder_of(entry: Entry) -> str:
        if entry.status is not Status.DOG:
            return Messages(lang)(f"export.folder_{entry.status}")
        return _of_breeds(entry.labels, lang)

    return _write(entries, folder_of, tree, on_progress)


def write_animal_folders(
    animals: Iterable[AnimalPhotos], tree: Tree, *, on_progress: OnProgress = silent
) -> Outcome:
    """Makes a folder an animal, such as `2026-113 Rex/rex.jpg`.

    A photo of two animals is in both folders; animals that are called the same share one.

    Args:
        animals: With their photos; those whose file is gone are skipped, and the tree's own.
        tree: The folder. As for `write_folders`, the user's files stay.
        on_progress: Called after each photo.

    Returns:
        How many were put there and taken away, and which could not be.

    Raises:
        UsageError: The folder can't be written into, or what Barkive noted there can't be used.
    """
    folders = ((photo, one.animal.title) for one in animals for photo in one.photos)
    return _place(folders, tree, on_progress)


def write_training_set(
    entries: Iterable[Entry],
    tree: Tree,
    *,
    on_progress: OnProgress = silent,
) -> Outcome:
    """Makes a folder of breeds for `barkive train` of what people said.

    Takes the photos that a person said to show one breed; a cross is none. A breed of the
    table gets the folder name that the table has for it, another one its id: see
    `breeds.folder_of`.

    Args:
        entries: The photos; those whose file is gone are skipped, and so are the tree's own.
        tree: The folder. As for `write_folders`, the user's files stay.
        on_progress: Called after each photo.

    Returns:
        How many were put there and taken away, and which could not be.

    Raises:
        UsageError: The folder can't be written into, or what Barkive noted there can't be used.
    """
    return _write(entries, _training_folder, tree, on_progress)


def write_crops(
    entries: Iterable[Entry],
    tree: Tree,
    lang: Language,
    margin: float,
    *,
    on_progress: OnProgress = silent,
) -> Outcome:
    """Makes a tree by breed of the dogs: of each that has a box an upright JPEG.

    Args:
        entries: The photos; those with a dog that has no box are skipped, and those whose file
            is gone.
        tree: The folder. As for `write_folders`, the user's files stay.
        lang: Of the folders' names.
        margin: How much is shown beside a box, as a share of its longer side.
        on_progress: Called after each photo.

    Returns:
        How many crops were put there and taken away, and which could not be.

    Raises:
        UsageError: The folder can't be written into, or what Barkive noted there can't be used.
    """

    def folder_of(dog: EntryDog) -> str:
        return _of_breeds(dog.labels, lang) or Messages(lang)("export.folder_uncertain")

    return _write_crops(entries, folder_of, tree, margin, on_progress)


def write_training_crops(
    entries: Iterable[Entry], tree: Tree, margin: float, *, on_progress: OnProgress = silent
) -> Outcome:
    """Makes a folder of breeds for `barkive train` of the dogs that people named.

    Args:
        entries: See `write_crops`.
        tree: Likewise.
        margin: Likewise.
        on_progress: Likewise.

    Returns:
        Likewise.

    Raises:
        UsageError: Likewise.
    """
    return _write_crops(entries, _training_folder, tree, margin, on_progress)


def _of_breeds(labels: Iterable[BreedName], lang: Language) -> str:
    # A cross is the same whichever breed was named first.
    return " x ".join(sorted(label.name(lang) for label in labels))


def _training_folder(entry: Entry | EntryDog) -> str | None:
    if not entry.corrected or len(entry.labels) != 1:
        return None
    return breeds.folder_of(entry.labels[0].id)


def _write(
    entries: Iterable[Entry],
    folder_of: Callable[[Entry], str | None],
    tree: Tree,
    on_progress: OnProgress,
) -> Outcome:
    return _place(((entry, folder_of(entry)) for entry in entries), tree, on_progress)


def _place(
    folders: Iterable[tuple[Entry, str | None]], tree: Tree, on_progress: OnProgress
) -> Outcome:
    """Puts each photo into its folder; None for a photo that belongs into none."""
    written = unchanged = skipped = 0
    failures: list[Failure] = []
    for done, (entry, folder) in enumerate(folders, 1):
        if folder is not None:
            if not Path(entry.file).is_file() or tree.holds(entry.file):
                skipped += 1
            else:
                try:
                    new = tree.place(entry, safe_name(folder))
                    written, unchanged = written + new, unchanged + (not new)
                except OSError as error:
                    tree.keep(entry.file)
                    failures.append(Failure(entry.file, reason_of(error)))
        on_progress(done, None)
    removed, kept = tree.finish()
    return Outcome(written, unchanged, removed, skipped, (*failures, *kept))


def _write_crops(
    entries: Iterable[Entry],
    folder_of: Callable[[EntryDog], str | None],
    tree: Tree,
    margin: float,
    on_progress: OnProgress,
) -> Outcome:
    written = unchanged = skipped = 0
    failures: list[Failure] = []
    for done, entry in enumerate(entries, 1):
        dogs = dogs_of(entry)
        if not dogs:
            skipped += entry.status in (Status.DOG, Status.UNCERTAIN)
        elif not Path(entry.file).is_file() or tree.holds(entry.file):
            skipped += 1
        else:
            photo = cache(partial(decode, entry.file))
            try:
                for dog in dogs:
                    folder = folder_of(dog)
                    if folder is not None:
                        new = tree.place(entry, safe_name(folder), _crop(dog, photo, margin))
                        written, unchanged = written + new, unchanged + (not new)
            except (OSError, PhotoError) as error:
                tree.keep(entry.file)
                failures.append(Failure(entry.file, reason_of(error)))
        on_progress(done, None)
    removed, kept = tree.finish()
    return Outcome(written, unchanged, removed, skipped, (*failures, *kept))


def _crop(dog: EntryDog, photo: Callable[[], NDArray[np.uint8]], margin: float) -> Made:
    box = within(dog.box)
    sides = (box.x, box.y, box.width, box.height, margin)
    recipe = "crop " + " ".join(f"{side:.6f}" for side in sides)
    return Made(".jpg", lambda: jpeg(cut(photo(), box, margin)), recipe, str(dog.id))
