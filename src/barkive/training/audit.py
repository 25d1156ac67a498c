"""Judges the labels of a whole data set: each photo by a layer that never saw it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from barkive.errors import DataError
from barkive.evaluation import Suspicion, suspicions
from barkive.progress import OnProgress
from barkive.training import head
from barkive.verdicts import BreedName

FOLDS = 5


def audit(
    features: NDArray[np.float32],
    truth: NDArray[np.intp],
    groups: NDArray[np.intp],
    classes: int,
    *,
    penalty: float,
    folds: int = FOLDS,
    seed: int = 0,
    on_progress: OnProgress = lambda done, total: None,
) -> NDArray[np.float32]:
    """Cross-validates the prediction layer: each fold is judged by one fitted on the others.

    Args:
        features: Shape (n, channels).
        truth: Each photo's label, shape (n,), 0..classes - 1.
        groups: Each photo's group of near-duplicates, shape (n,); one lies in one fold.
        classes: The number of classes.
        penalty: The L2 penalty, such as a run has chosen.
        folds: How many, at least 2; fewer are made where there are fewer groups.
        seed: Of the draw.
        on_progress: Called with (folds done, folds in all).

    Returns:
        The logits, shape (n, classes). A row is NaN where no photo of its breed lies in
        another fold: no layer could have known that breed.

    Raises:
        DataError: All photos show one picture.
    """
    fold_of = assign_folds(truth, groups, folds, seed)
    total = int(fold_of.max()) + 1
    if total < 2:
        raise DataError("audit_one_picture", count=len(truth))
    logits = np.full((len(truth), classes), np.nan, np.float32)
    for fold in range(total):
        held = fold_of == fold
        (layer,) = head.fit_prediction_layers(features[~held], truth[~held], classes, [penalty])
        judged = held & np.isin(truth, truth[~held])
        logits[judged] = layer(features[judged])
        on_progress(fold + 1, total)
    return logits


def assign_folds(
    truth: NDArray[np.intp], groups: NDArray[np.intp], folds: int, seed: int
) -> NDArray[np.intp]:
    """Deals the photos into folds, each breed evenly, and no group into two of them.

    Args:
        truth: Each photo's label, shape (n,).
        groups: Each photo's group of near-duplicates, shape (n,).
        folds: How many at most.
        seed: Of the draw.

    Returns:
        Each photo's fold, shape (n,): 0, 1, …, none of them without a photo.
    """
    order = np.argsort(groups, kind="stable")
    members = np.split(order, np.flatnonzero(np.diff(groups[order])) + 1)
    folds = min(folds, len(members))
    held = np.zeros((folds, int(truth.max()) + 1), np.intp)
    fold_of = np.zeros(len(truth), np.intp)
    for i in np.random.default_rng(seed).permutation(len(members)):
        photos = members[i]
        # Where its breeds are rarest; of equals the smallest fold, so that none stays empty.
        fullness = held[:, truth[photos]].sum(axis=1)
        fold = int(np.lexsort((held.sum(axis=1), fullness))[0])
        fold_of[photos] = fold
        np.add.at(held[fold], truth[photos], 1)
    return np.unique(fold_of, return_inverse=True)[1]


def audited_labels(
    logits: NDArray[np.float32],
    truth: NDArray[np.intp],
    labels: Sequence[BreedName],
    paths: Sequence[str],
) -> list[Suspicion]:
    """The photos of a whole data set whose label may be wrong, the surest first.

    Args:
        logits: Of `audit`, shape (n, classes); photos whose row is NaN are not judged.
        truth: Each photo's label, shape (n,).
        labels: The classes.
        paths: The photos, n of them.
    """
    judged = np.flatnonzero(~np.isnan(logits).any(axis=1))
    if not len(judged):
        return []
    rows, known = logits[judged], truth[judged]
    temperature = head.fit_temperature(rows, known)
    probability, answer = torch.from_numpy(rows / np.float32(temperature)).softmax(1).max(1)
    return suspicions(
        [paths[i] for i in judged.tolist()], labels, known, answer.numpy(), probability.numpy()
    )


def near_duplicates(
    paths: Sequence[str],
    truth: NDArray[np.intp],
    groups: NDArray[np.intp],
    labels: Sequence[BreedName],
) -> Iterator[Sequence[Any]]:
    """The rows of `near-duplicates.csv`: photos that show one picture, the header first.

    Groups across breeds come first, because there at least one label is wrong; the others
    are doubles. Groups are numbered from 1 in this order.

    Args:
        paths: The photos, n of them.
        truth: Each photo's label, shape (n,).
        groups: Each photo's group of near-duplicates, shape (n,).
        labels: The classes.
    """
    yield "group", "file", "breed", "across_breeds"
    _, group, counts = np.unique(groups, return_inverse=True, return_counts=True)
    found = [np.flatnonzero(group == one) for one in np.flatnonzero(counts > 1)]
    found.sort(key=lambda members: len(set(truth[members])) == 1)
    for number, members in enumerate(found, start=1):
        across = "yes" if len(set(truth[members])) > 1 else "no"
        for i in members.tolist():
            yield number, paths[i], labels[truth[i]].en, across
