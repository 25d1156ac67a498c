"""Photos and the dogs in them, as all programs that know boxes want them."""

from __future__ import annotations

from pathlib import PurePath

from barkive.boxes import Box
from barkive.catalogue.query.filters import folder_prefix
from barkive.catalogue.records import Entry, EntryDog
from barkive.images.remote import is_remote
from barkive.verdicts import Status


def dogs_of(entry: Entry) -> tuple[EntryDog, ...]:
    """The dogs of a photo that have a box; none where its label says that there is no dog."""
    return () if entry.status is Status.NOT_DOG else entry.dogs or ()


def has_size(entry: Entry) -> bool:
    """Whether the size of a photo is known: not if it could not be read."""
    return entry.width is not None and entry.height is not None


def within(box: Box) -> Box:
    """A box without what rounding has put beyond the photo's edge."""
    return Box.between(box.x, box.y, box.right, box.bottom)


def path_from(base: str | None, file: str) -> str:
    """A photo's path with forward slashes, relative to a folder where it lies under that.

    Args:
        base: The folder; None for none.
        file: The photo, as the catalogue has it.
    """
    file = file.removeprefix(folder_prefix(base)) if base is not None else file
    return file if is_remote(file) else PurePath(file).as_posix()
