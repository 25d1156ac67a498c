"""Reads a folder of breeds: `DATA/<anything>-<name>/*.jpg` or `DATA/<name>/*.jpg`.

The one place that decides which photos belong to which breed, for training and for
evaluation alike. Opens no photo.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from barkive import breeds
from barkive.errors import DataError
from barkive.images import find_photos
from barkive.verdicts import Label


@dataclass(frozen=True, slots=True)
class Samples:
    """The photos of a folder of breeds.

    Attributes:
        data: The folder.
        paths: The photos, in the order of `folders`.
        truth: For each photo the index of its breed in `folders`, shape (len(paths),).
        folders: The names of the breeds' folders that hold photos, sorted.
        empty: The names of those that hold none, sorted.
    """

    data: Path
    paths: tuple[str, ...]
    truth: NDArray[np.intp]
    folders: tuple[str, ...]
    empty: tuple[str, ...]


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


def read_samples(data: str | Path) -> Samples:
    """Lists the photos of a folder of breeds; hidden folders are passed over.

    Raises:
        DataError: The folder is missing, is not a folder, or holds no breed with a photo.
    """
    data = Path(data)
    _check_folder(data, "a folder that holds one folder a breed")
    try:
        names = sorted(
            entry.name
            for entry in data.iterdir()
            if entry.is_dir() and not entry.name.startswith(".")
        )
    except OSError as error:
        raise DataError(f"The folder {data} can't be read: {error.strerror}.") from None
    photos = {name: tuple(find_photos([data / name])) for name in names}
    folders = tuple(name for name in names if photos[name])
    if not folders:
        found = "only empty folders" if names else "no folders of breeds"
        raise DataError(
            f"The folder {data} holds {found}; "
            f"put the photos of each breed into a folder of its own, "
            f"such as {data / 'beagle' / 'rex.jpg'}."
        )
    return Samples(
        data=data,
        paths=tuple(path for name in folders for path in photos[name]),
        truth=np.repeat(np.arange(len(folders)), [len(photos[name]) for name in folders]),
        folders=folders,
        empty=tuple(name for name in names if not photos[name]),
    )


def read_not_dogs(folder: str | Path) -> tuple[str, ...]:
    """Lists the photos of a folder, nested folders included.

    Raises:
        DataError: The folder is missing, is not a folder, or holds no photo.
    """
    folder = Path(folder)
    _check_folder(folder, "a folder of photos without dogs")
    photos = tuple(find_photos([folder]))
    if not photos:
        raise DataError(f"The folder {folder} holds no photo; give one of photos without dogs.")
    return photos


def _check_folder(folder: Path, wanted: str) -> None:
    if not folder.exists():
        raise DataError(f"The folder {folder} does not exist; give {wanted}.")
    if not folder.is_dir():
        raise DataError(f"{folder} is not a folder; give {wanted}.")


def known_to(labels: Sequence[Label], samples: Samples) -> Known:
    """Matches a folder's breeds to a model's labels.

    A folder stands for the label that bears the id of its breed in the breed table, or
    else for the label whose id is the folder's name. Two folders may stand for one label.

    Raises:
        DataError: The model knows none of the breeds.
    """
    index = {label.id: i for i, label in enumerate(labels)}
    matches = [_match(folder, index) for folder in samples.folders]
    unknown = tuple(
        folder for folder, label in zip(samples.folders, matches, strict=True) if label is None
    )
    if len(unknown) == len(samples.folders):
        raise DataError(
            f"The model knows none of the {len(unknown)} breeds in {samples.data} "
            f"({_shortened(unknown)}); it knows {len(labels)}, such as "
            f"{_shortened([label.en for label in labels])}. "
            "Name each folder after its breed, or give the model that was trained on it."
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


def _match(folder: str, index: dict[str, int]) -> int | None:
    breed = breeds.of_folder(folder)
    if breed is not None and breed.id in index:
        return index[breed.id]
    return index.get(folder)


def _shortened(names: Iterable[str], limit: int = 5) -> str:
    """The first `limit` names, separated by commas, with an ellipsis where there are more."""
    names = list(names)
    return ", ".join(names[:limit]) + (", …" if len(names) > limit else "")
