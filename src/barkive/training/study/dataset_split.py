"""What a recipe is run on: the breeds drawn, their readable photos, and the three sides.

The draw and the split depend on the photos and the seed alone, so that every network is
judged on the same photos.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from barkive import evaluation
from barkive.errors import DataError, PhotoError
from barkive.evaluation import Samples
from barkive.images import Preprocessing, group_near_duplicates, map_ahead, perceptual_hash
from barkive.messages import Message
from barkive.progress import Log, OnProgress, Progress
from barkive.training.datasets import Data, LabelledPhotos, label_folders, split
from barkive.training.process_group.group import current_group
from barkive.training.study.study_recipe import StudyRecipe
from barkive.verdicts import BreedName

_AHEAD = _BLOCK = 32
# Whatever the recipe makes of a photo, its near-duplicates are found on this square.
_HASHED = Preprocessing(224)


@dataclass(frozen=True, slots=True, kw_only=True)
class DatasetSplit(LabelledPhotos):
    """The readable photos of the breeds drawn, and what each photo is for.

    Attributes:
        labels: The classes, in alphabetical order of their ids.
        train: Positions of the photos to train on.
        validation: Positions of the photos on which epochs and penalties are chosen.
        test: Positions of the photos that choose nothing.
    """

    train: NDArray[np.intp]
    validation: NDArray[np.intp]
    test: NDArray[np.intp]

    @property
    def held(self) -> NDArray[np.intp]:
        """Positions of the photos kept from training: for validation and for the test."""
        return np.concatenate([self.validation, self.test])

    def without_test(self, rows: NDArray[np.float32]) -> Data:
        """The photos that may choose something: to train on, then for validation.

        Args:
            rows: Of all n photos, shape (n, values).
        """
        seen = np.concatenate([self.train, self.validation])
        return Data(
            labels=self.labels,
            paths=tuple(self.paths_of(seen)),
            rows=rows[seen],
            truth=self.truth[seen],
            validation=np.arange(len(seen)) >= len(self.train),
            groups=self.groups[seen],
            other_paths=(),
            failed=self.failed,
        )


def draw_breeds(ids: list[str], count: int, draw: int) -> list[str]:
    """Draws breeds: those at `draw * count` and after in one fixed shuffle of them all.

    Args:
        ids: The ids of all breeds.
        count: How many to draw; 0, or more than there are, draws all.
        draw: Which draw; two draws share no breed.

    Returns:
        The ids drawn, sorted.

    Raises:
        DataError: There are too few breeds for this draw.
    """
    if draw == 0 and not 0 < count < len(ids):
        return sorted(ids)
    shuffled = np.random.default_rng(0).permutation(sorted(ids)).tolist()
    drawn = shuffled[draw * count : (draw + 1) * count]
    if len(drawn) < count or not drawn:
        raise DataError(
            "study_draw_too_few_breeds",
            draw=draw,
            size=count,
            needed=(draw + 1) * max(count, 1),
            count=len(ids),
        )
    return sorted(drawn)


def read_split(data: str | Path, recipe: StudyRecipe, progress: Progress, log: Log) -> DatasetSplit:
    """Draws the breeds, reads their photos once, and splits them.

    Raises:
        DataError: There are too few breeds or photos.
    """
    samples = evaluation.read_samples(data)
    if samples.empty:
        log(f"Left out, because they hold no photo: {', '.join(samples.empty)}.")
    labels, label_of = label_folders(samples.folders)
    if len(labels) < 2:
        raise DataError("study_one_breed", folder=data, breed=samples.folders[0])
    if twins := evaluation.twin_folders(samples.folders, label_of):
        log(f"Taken together, because they hold the same breed: {', '.join(twins)}.")
    drawn = draw_breeds([label.id for label in labels], recipe.breeds, recipe.draw)
    if 0 < len(labels) <= recipe.breeds:
        log(f"{data} holds {len(labels)} breeds, so all are taken.")
    return _split(samples, labels, label_of[samples.truth], drawn, recipe, progress, log)


def _split(
    samples: Samples,
    labels: tuple[BreedName, ...],
    label_of: NDArray[np.intp],
    drawn: list[str],
    recipe: StudyRecipe,
    progress: Progress,
    log: Log,
) -> DatasetSplit:
    position = {id_: i for i, id_ in enumerate(drawn)}
    class_of = np.array([position.get(label.id, -1) for label in labels], dtype=np.intp)[label_of]
    chosen = np.flatnonzero(class_of >= 0)
    with progress("Reading the photos") as advance:
        paths = [samples.paths[i] for i in chosen]
        read = current_group().map_blocks(_read, paths, advance, block=_BLOCK)
    hashes = [None if isinstance(one, Message) else one for one in read]
    failed = [
        (path, one) for path, one in zip(paths, read, strict=True) if isinstance(one, Message)
    ]
    kept = chosen[[i for i, one in enumerate(hashes) if one is not None]]
    present = np.unique(class_of[kept])
    if len(present) < 2:
        file, reason = failed[0]
        raise DataError(
            "study_one_breed_readable" if len(present) else "study_no_breed_readable",
            folder=samples.data,
            failed_count=len(failed),
            file=file,
            reason=reason,
        )
    truth = np.searchsorted(present, class_of[kept])
    groups = group_near_duplicates(np.stack([one for one in hashes if one is not None]))
    held = np.flatnonzero(split(truth, groups, recipe.held_out, recipe.seed))
    of_held = np.unique(truth[held], return_inverse=True)[1]
    tested = split(of_held, groups[held], 0.5, recipe.seed) if len(held) else held.astype(bool)
    if not tested.any():
        # So many that two are kept from training, one for each of the other sides.
        needed = max(3, math.ceil(1.5 / recipe.held_out))
        raise DataError(
            "study_too_few_photos", folder=samples.data, needed=needed, held_out=recipe.held_out
        )
    by_id = {label.id: label for label in labels}
    found = DatasetSplit(
        labels=tuple(by_id[drawn[i]] for i in present),
        paths=tuple(samples.paths[i] for i in kept),
        truth=truth,
        groups=groups,
        train=np.setdiff1d(np.arange(len(kept)), held),
        validation=held[~tested],
        test=held[tested],
        failed=tuple(failed),
    )
    doubles = len(groups) - len(np.unique(groups))
    log(
        f"{len(kept)} photos of {len(present)} breeds: {len(found.train)} to train on, "
        f"{len(found.validation)} for validation, {len(found.test)} for the test; "
        f"{doubles} near-duplicates kept with their originals; {len(failed)} unreadable."
    )
    dropped = sorted(by_id[id_].en for i, id_ in enumerate(drawn) if i not in present)
    if dropped:
        log(f"Left out, because none of their photos can be read: {', '.join(dropped)}.")
    lonely = [label.en for i, label in enumerate(found.labels) if (truth == i).sum() == 1]
    if lonely:
        log(f"With one photo each, which is trained on and never tested: {', '.join(lonely)}.")
    return found


def _read(paths: Sequence[str], advance: OnProgress) -> list[NDArray[np.uint64] | Message]:
    """The perceptual hash of each photo, or the reason why it can't be read."""

    def read(path: str) -> NDArray[np.uint64] | Message:
        try:
            return perceptual_hash(_HASHED.load(path))
        except PhotoError as error:
            return error.message

    found = []
    for one in map_ahead(read, paths, ahead=_AHEAD):
        found.append(one)
        advance(len(found), len(paths))
    return found
