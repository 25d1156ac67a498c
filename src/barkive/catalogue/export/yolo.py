"""The catalogue as a data set for YOLO: pictures, a text of boxes beside each, and its classes.

The format: https://docs.ultralytics.com/datasets/detect/. Knows nothing of how files get there.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

from barkive import __version__
from barkive.atomic import rewriting
from barkive.catalogue.export.boxed import dogs_of, has_size, within
from barkive.catalogue.export.categories import Categories
from barkive.catalogue.export.outcome import Failure, Outcome, reason_of
from barkive.catalogue.export.pictures import jpeg
from barkive.catalogue.export.tree import Beside, Made, Tree
from barkive.catalogue.records import Entry, EntryDog
from barkive.errors import PhotoError, UsageError
from barkive.images import decode, describe, read_file
from barkive.progress import OnProgress, silent
from barkive.verdicts import Status

_IMAGES, _LABELS = "images", "labels"
_START = "# Written by Barkive"


def check_yolo_folder(out: Path) -> None:
    """Refuses a folder that holds a data set of somebody else.

    Raises:
        UsageError: It does.
    """
    table = out / "data.yaml"
    if table.exists() and not table.read_bytes().startswith(_START.encode()):
        raise UsageError("export_data_set_foreign", folder=out)


def write_yolo(
    entries: Iterable[Entry],
    tree: Tree,
    categories: Categories,
    *,
    upright: bool = False,
    confidence: bool = False,
    on_progress: OnProgress = silent,
) -> Outcome:
    """Makes `images/` and `labels/`: a line a dog, with its class and its box.

    A line holds the class's number from 0, the centre of the box, its width and its height, in
    shares of the upright photo. A photo without a dog has an empty text. One with a dog that has
    no box would teach that there is none, and is skipped.

    No two photos have one name, not even with another ending, because their texts would have.

    Args:
        entries: The photos; those that could not be read are skipped, those whose file is gone,
            and the folder's own.
        tree: The folder. As for `write_folders`, the user's files stay.
        categories: The classes.
        upright: Whether photos that their EXIF orientation turns are written anew as upright
            JPEGs, for programs that do not turn them.
        confidence: Whether each line ends with how sure the box is. Some programs refuse that.
        on_progress: Called after each photo.

    Returns:
        How many photos were put there and taken away, and which could not be.

    Raises:
        UsageError: The folder can't be written into, or what Barkive noted there can't be used.
    """
    written = unchanged = skipped = 0
    failures: list[Failure] = []
    for done, entry in enumerate(entries, 1):
        lacks_box = entry.status is not Status.NOT_DOG and not dogs_of(entry)
        if lacks_box or not has_size(entry) or not _is_there(entry, tree):
            skipped += 1
        else:
            lines = [_line(dog, categories, confidence=confidence) for dog in dogs_of(entry)]
            beside = Beside(_LABELS, ".txt", "".join(lines))
            try:
                made = _upright(entry) if upright else None
                new = tree.place(entry, _IMAGES, made, beside)
                written, unchanged = written + new, unchanged + (not new)
            except (OSError, PhotoError) as error:
                tree.keep(entry.file)
                failures.append(Failure(entry.file, reason_of(error)))
        on_progress(done, None)
    removed, kept = tree.finish()
    return Outcome(written, unchanged, removed, skipped, (*failures, *kept))


def write_classes(out: Path, categories: Categories) -> None:
    """Writes `data.yaml`, as Ultralytics reads it, and `classes.txt`, a name a line.

    Both `train` and `val` are all pictures; who trains divides them.

    Raises:
        OSError: They can't be written.
    """
    names = [" ".join(name.split()) for name in categories.names]
    lines = [
        f"{_START} {__version__}. Divide the pictures before you train: both are all of them.",
        f"train: {_IMAGES}",
        f"val: {_IMAGES}",
        "names:",
        # What JSON is, YAML is.
        *(f"  {number}: {json.dumps(name)}" for number, name in enumerate(names)),
    ]
    for name, text in (("data.yaml", lines), ("classes.txt", names)):
        with rewriting(out / name) as file:
            file.write("".join(f"{line}\n" for line in text).encode(errors="backslashreplace"))


def _is_there(entry: Entry, tree: Tree) -> bool:
    return Path(entry.file).is_file() and not tree.holds(entry.file)


def _line(dog: EntryDog, categories: Categories, *, confidence: bool) -> str:
    box = within(dog.box)
    shares = [box.x + box.width / 2, box.y + box.height / 2, box.width, box.height]
    numbers = [f"{share:.6f}" for share in shares]
    if confidence:
        numbers.append(f"{categories.confidence(dog):.4f}")
    return f"{categories.of(dog)} {' '.join(numbers)}\n"


def _upright(entry: Entry) -> Made | None:
    """An upright copy; None of a photo that is stored upright."""
    orientation = entry.orientation
    if orientation is None:
        orientation = describe(read_file(entry.file)).orientation
    if orientation == 1:
        return None
    return Made(".jpg", lambda: jpeg(decode(entry.file)), "upright")
