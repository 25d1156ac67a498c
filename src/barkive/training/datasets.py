"""From a folder of breeds to labels, features, and a split that can be trusted."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from barkive import breeds
from barkive.errors import DataError
from barkive.evaluation import Samples, twin_folders
from barkive.images import group_near_duplicates
from barkive.messages import Message
from barkive.progress import Log
from barkive.training.features import Features
from barkive.training.recipe import Recipe
from barkive.training.throughput import log_feature_rate
from barkive.verdicts import BreedName


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelledPhotos:
    """The readable photos of dogs, n of them.

    Attributes:
        labels: The classes.
        paths: The photos.
        truth: Index of each one's label, shape (n,).
        groups: Each one's group of near-duplicates, shape (n,).
        failed: Each unreadable photo's path and the reason.
    """

    labels: tuple[BreedName, ...]
    paths: tuple[str, ...]
    truth: NDArray[np.intp]
    groups: NDArray[np.intp]
    failed: tuple[tuple[str, Message], ...]

    def paths_of(self, indices: NDArray[np.intp]) -> list[str]:
        """The photos at these positions."""
        return [self.paths[i] for i in indices]


@dataclass(frozen=True, slots=True, kw_only=True)
class Data(LabelledPhotos):
    """Photos of n dogs with their features, and of m other things; the dogs are split.

    Attributes:
        rows: The features of the dogs, shape (n, channels).
        validation: Whether each dog is for validation, shape (n,).
        other_paths: The photos of other things, m of them.
    """

    rows: NDArray[np.float32]
    validation: NDArray[np.bool_]
    other_paths: tuple[str, ...]

    @property
    def judged_paths(self) -> list[str]:
        """The validation photos."""
        return self.paths_of(np.flatnonzero(self.validation))


def gather(
    recipe: Recipe,
    samples: Samples,
    not_dogs: Sequence[str],
    extract: Callable[[Sequence[str], str], Features],
    log: Log,
) -> Data:
    """Reads all photos once, and splits those that can be read.

    Args:
        recipe: Its split is made.
        samples: The photos of dogs.
        not_dogs: The photos of other things.
        extract: Photos, and the stage's name, to features.
        log: Reports how many there are.

    Raises:
        DataError: Fewer than two breeds can be read, or none has a photo for validation.
    """
    with log_feature_rate(len(samples.paths), log):
        dogs = extract(samples.paths, "Features")
    folders, folder_of = np.unique(samples.truth[dogs.kept], return_inverse=True)
    readable = [samples.folders[i] for i in folders]
    labels, label_of = label_folders(readable)
    if len(labels) < 2:
        file, reason = dogs.failed[0]
        raise DataError(
            "training_one_breed_readable" if labels else "training_no_breed_readable",
            folder=recipe.data,
            failed_count=len(dogs.failed),
            file=file,
            reason=reason,
        )
    unreadable = [folder for i, folder in enumerate(samples.folders) if i not in folders]
    if unreadable:
        log(f"Left out, because none of their photos can be read: {', '.join(unreadable)}.")
    if twins := twin_folders(readable, label_of):
        log(f"Taken together, because they hold the same breed: {', '.join(twins)}.")
    truth = label_of[folder_of]
    others = extract(not_dogs, "Features of other things")
    if not_dogs and not len(others.kept):
        log(f"None of the {len(not_dogs)} photos in {recipe.not_dogs} can be read.")
    groups = group_near_duplicates(dogs.hashes)
    validation = split(truth, groups, recipe.validation, recipe.seed)
    if not validation.any():
        raise DataError("training_no_validation_photo", folder=recipe.data)
    data = Data(
        labels=labels,
        paths=tuple(samples.paths[i] for i in dogs.kept),
        rows=dogs.rows,
        truth=truth,
        validation=validation,
        groups=groups,
        other_paths=tuple(not_dogs[i] for i in others.kept),
        failed=dogs.failed + others.failed,
    )
    duplicates = len(groups) - len(np.unique(groups))
    log(
        f"{len(truth)} photos of {len(labels)} breeds, {int(validation.sum())} of them for "
        f"validation; {duplicates} near-duplicates kept with their originals; "
        f"{len(data.failed)} unreadable."
    )
    return data


def label_folders(folders: Sequence[str]) -> tuple[tuple[BreedName, ...], NDArray[np.intp]]:
    """Gives each folder its label; two folders of one breed share one.

    Args:
        folders: The names of a data set's folders.

    Returns:
        The labels, and the index of each folder's label, shape (len(folders),).
    """
    labels: dict[str, BreedName] = {}
    ids = []
    for folder in folders:
        breed = breeds.of_folder(folder)
        if breed is not None:
            label = BreedName(breed.id, breed.en, breed.fr)
        else:
            name = breeds.name_of_folder(folder)
            label = BreedName(folder, name, name)
        labels.setdefault(label.id, label)
        ids.append(label.id)
    order = list(labels)
    return tuple(labels.values()), np.array([order.index(one) for one in ids], dtype=np.intp)


def split(
    truth: NDArray[np.intp], groups: NDArray[np.intp], fraction: float, seed: int
) -> NDArray[np.bool_]:
    """Takes out a validation set, the same share of each breed, without near-duplicates.

    A group of near-duplicates goes to one side as a whole, also where its photos bear
    different breeds. Every breed keeps at least one photo for training.

    Args:
        truth: Each photo's label, shape (n,).
        groups: Each photo's group of near-duplicates, shape (n,).
        fraction: The share to take out, above 0 and below 1.
        seed: Of the draw.

    Returns:
        Whether each photo is for validation, shape (n,).
    """
    counts = np.bincount(truth)
    # At least one photo where there are two; never all.
    room = np.minimum(np.maximum(np.round(counts * fraction), 1), counts - 1).astype(np.intp)
    validation = np.zeros(len(truth), dtype=bool)
    order = np.argsort(groups, kind="stable")
    members = np.split(order, np.flatnonzero(np.diff(groups[order])) + 1)
    for i in np.random.default_rng(seed).permutation(len(members)):
        needed = np.bincount(truth[members[i]], minlength=len(counts))
        if (needed <= room).all():
            validation[members[i]] = True
            room -= needed
    return validation
