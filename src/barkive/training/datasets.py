"""From a folder of breeds to labels, and to a split that can be trusted."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from barkive import breeds
from barkive.verdicts import Label

_WORDNET_PREFIX = re.compile(r"n\d{8}-")


def label_folders(folders: Sequence[str]) -> tuple[tuple[Label, ...], NDArray[np.intp]]:
    """Gives each folder its label; two folders of one breed share one.

    Args:
        folders: The names of a data set's folders.

    Returns:
        The labels, and the index of each folder's label, shape (len(folders),).
    """
    labels: dict[str, Label] = {}
    ids = []
    for folder in folders:
        breed = breeds.of_folder(folder)
        if breed is not None:
            label = Label(breed.id, breed.en, breed.fr)
        else:
            name = _WORDNET_PREFIX.sub("", folder).replace("_", " ")
            label = Label(folder, name, name)
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
