"""Reads a folder of breeds: `DATA/<anything>-<name>/*.jpg` or `DATA/<name>/*.jpg`.

The one place that decides which photos belong to which breed, for training and for
evaluation alike. Opens no photo.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from barkive import breeds
from barkive.errors import DataError, system_reason
from barkive.images.files import Tally, find_folders, find_photos
from barkive.images.passing import NOTHING_MORE, Passing, refuse_nothing_left
from barkive.messages import Message
from barkive.verdicts import BreedName


@dataclass(frozen=True, slots=True)
class Samples:
    """The photos of a folder of breeds.

    Attributes:
        data: The folder.
        paths: The photos, in the order of `folders`.
        truth: For each photo the index of its breed in `folders`, shape (len(paths),).
        folders: The names of the breeds' folders that hold photos, sorted.
        empty: The names of those that hold none, sorted.
        passed_over: How many photos were passed over, by the place that they lie in, such as
            `@eaDir`, or by a `Reason`.
    """

    data: Path
    paths: tuple[str, ...]
    truth: NDArray[np.intp]
    folders: tuple[str, ...]
    empty: tuple[str, ...]
    passed_over: Mapping[str, int] = field(default_factory=dict)


class Known(NamedTuple):
    """The part of some samples that a model can be judged on.

    Attributes:
        paths: The photos of the breeds that the model knows.
        truth: For each of them the index of the model's label, shape (len(paths),).
        unknown: The folders of the breeds that it does not know; their photos are left out.
        twins: The folders that share one of its labels, as `twin_folders` gives them.
    """

    paths: tuple[str, ...]
    truth: NDArray[np.intp]
    unknown: tuple[str, ...]
    twins: tuple[str, ...]


def read_samples(data: str | Path, passing: Passing = NOTHING_MORE) -> Samples:
    """Lists the photos of a folder of breeds.

    Args:
        data: The folder.
        passing: What is passed over in it.

    Raises:
        DataError: The folder is missing, is not a folder, or holds no breed with a photo.
        UsageError: Patterns leave nothing of it, or a `.barkiveignore` can't be used.
    """
    data = Path(data)
    check_folder(data, Message("wanted_folder_of_breeds"))
    try:
        names = sorted(find_folders(data, passing))
    except OSError as error:
        raise DataError(
            "data_folder_unreadable", folder=data, reason=system_reason(error)
        ) from None
    photos: dict[str, list[str]] = {name: [] for name in names}
    tally = Tally()
    for path in map(Path, find_photos([data], passing=passing, tally=tally)):
        name = path.relative_to(data).parts[0]
        # What lies beside the breeds' folders has no breed.
        if name in photos:
            photos[name].append(str(path))
    folders = tuple(name for name in names if photos[name])
    if not folders:
        refuse_nothing_left(str(data), tally.counts())
        fault = "data_only_empty_folders" if names else "data_no_breed_folders"
        raise DataError(fault, folder=data, example=data / "beagle" / "rex.jpg")
    return Samples(
        data=data,
        paths=tuple(path for name in folders for path in photos[name]),
        truth=np.repeat(np.arange(len(folders)), [len(photos[name]) for name in folders]),
        folders=folders,
        empty=tuple(name for name in names if not photos[name]),
        passed_over=tally.counts(),
    )


def read_not_dogs(folder: str | Path, passing: Passing = NOTHING_MORE) -> tuple[str, ...]:
    """Lists the photos of a folder, nested folders included.

    Args:
        folder: The folder.
        passing: What is passed over in it.

    Raises:
        DataError: The folder is missing, is not a folder, or holds no photo.
        UsageError: Patterns leave nothing of it, or a `.barkiveignore` can't be used.
    """
    folder = Path(folder)
    check_folder(folder, Message("wanted_folder_without_dogs"))
    tally = Tally()
    photos = tuple(find_photos([folder], passing=passing, tally=tally))
    if not photos:
        refuse_nothing_left(str(folder), tally.counts())
        raise DataError("data_no_photos", folder=folder)
    return photos


def check_folder(folder: Path, wanted: Message) -> None:
    """Checks that a folder is there, and is one.

    Args:
        folder: The folder.
        wanted: What to give instead.

    Raises:
        DataError: It isn't.
    """
    if not folder.exists():
        raise DataError("data_folder_not_found", folder=folder, wanted=wanted)
    if not folder.is_dir():
        raise DataError("data_not_folder", path=folder, wanted=wanted)


def known_to(labels: Sequence[BreedName], samples: Samples) -> Known:
    """Matches a folder's breeds to a model's labels.

    A folder stands for the label whose id is its name, or that bears the id of its breed in
    the breed table, or else for the one that is called so in either language. Two folders may
    stand for one label.

    Raises:
        DataError: The model knows none of the breeds.
    """
    matches = [_match(folder, labels) for folder in samples.folders]
    unknown = tuple(
        folder for folder, label in zip(samples.folders, matches, strict=True) if label is None
    )
    if len(unknown) == len(samples.folders):
        raise DataError(
            "data_breeds_unknown_to_model",
            count=len(unknown),
            folder=samples.data,
            names=_shortened(unknown),
            known_count=len(labels),
            known_names=_shortened([label.en for label in labels]),
        )
    of_folder = np.array([-1 if label is None else label for label in matches], dtype=np.intp)
    truth = of_folder[samples.truth]
    kept = np.flatnonzero(truth >= 0)
    return Known(
        tuple(samples.paths[i] for i in kept),
        truth[kept],
        unknown,
        twin_folders(samples.folders, matches),
    )


def is_ambiguous(folder: str) -> bool:
    """Whether a folder such as `any_poodle` holds photos of several breeds, not told apart."""
    return folder.startswith("any_")


def twin_folders(folders: Sequence[str], labels: Iterable[int | None]) -> tuple[str, ...]:
    """The folders that stand for one label, such as `chihuahua with n02085620-Chihuahua`.

    Args:
        folders: The names of a data set's folders.
        labels: The index of each one's label; None where it has none.

    Returns:
        One text for each label that has two folders or more, which names them all.
    """
    sharing: dict[int, list[str]] = {}
    for folder, label in zip(folders, labels, strict=True):
        if label is not None:
            sharing.setdefault(label, []).append(folder)
    return tuple(" with ".join(names) for names in sharing.values() if len(names) > 1)


def _match(folder: str, labels: Sequence[BreedName]) -> int | None:
    breed = breeds.of_folder(folder)
    ids = {label.id: i for i, label in enumerate(labels)}
    names = {
        breeds.normalise(name): i
        for i, label in reversed([*enumerate(labels)])
        for name in (label.fr, label.en, label.id)
    }
    if folder in ids:
        return ids[folder]
    if breed is not None and breed.id in ids:
        return ids[breed.id]
    return names.get(breeds.normalise(breeds.name_of_folder(folder)))


def _shortened(names: Iterable[str], limit: int = 5) -> str:
    """The first `limit` names, separated by commas, with an ellipsis where there are more."""
    names = list(names)
    return ", ".join(names[:limit]) + (", …" if len(names) > limit else "")
