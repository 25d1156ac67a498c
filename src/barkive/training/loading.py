"""From photos to batches: decoded once, kept in memory as far as they fit, augmented.

Batches hold raw pixels; rescaling them is the network's part. They are prepared in
threads while the network works on the one before. Of several processes each prepares its
rows of every batch, and they are what they would be in one. Knows nothing of networks.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, NamedTuple, get_args

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from barkive.errors import DataError, PhotoError, UsageError
from barkive.images import Preprocessing, map_ahead
from barkive.machine import cores
from barkive.progress import OnProgress
from barkive.training.process_group.group import WHOLE, Shard, current_group

Colour = Literal["rgb", "grey"]
Pixels = NDArray[np.uint8]

MEMORY = 4 * 2**30  # bytes of decoded photos on a machine: 28,000 of 224 x 224
_AHEAD = 2
_DECODED_AHEAD = 32
# What strength 1 stands for; the flip does not depend on the strength.
_MAX_DEGREES = 30.0
_MAX_ZOOM = 0.3
_TIMED_BATCHES = 4


class Batch(NamedTuple):
    """Pixels of shape (n, size, size, channels), and the class of each photo, shape (n,).

    Of a loader that shares its batches the pixels are its own rows, and the classes those of
    the whole batch.
    """

    pixels: Pixels
    truth: NDArray[np.intp]


class Photos:
    """Decoded photos, as many of them in memory as are allowed; the others are read again.

    Attributes:
        paths: The photos; each can be read.
        held: How many of them fit in memory: always the first ones.
    """

    def __init__(
        self,
        paths: Sequence[str],
        preprocessing: Preprocessing,
        *,
        colour: Colour = "rgb",
        memory: int | None = None,
    ) -> None:
        """Reads nothing yet: a photo is decoded when it is asked for first.

        Args:
            paths: The photos.
            preprocessing: How each becomes a square.
            colour: `rgb` for three channels, `grey` for one, the luminance.
            memory: Bytes that decoded photos may take; by default what this process may have
                of `MEMORY` beside the others on its machine.
        """
        if colour not in get_args(Colour):
            allowed = ", ".join(get_args(Colour))
            raise UsageError("recipe_colour_unknown", colour=colour, colours=allowed)
        self.paths = tuple(paths)
        self._memory = memory = (
            MEMORY // current_group().local_world_size if memory is None else memory
        )
        self._preprocessing = preprocessing
        self._colour = colour
        size = preprocessing.size
        self._shape = (size, size, 1 if colour == "grey" else 3)
        self.held = min(len(self.paths), memory // int(np.prod(self._shape)))
        self._pixels = np.empty((self.held, *self._shape), np.uint8)
        self._known = np.zeros(self.held, dtype=bool)

    def __len__(self) -> int:
        return len(self.paths)

    def __reduce__(self) -> tuple[Any, ...]:
        """Another process decodes for itself what it needs, which spares it the pixels of all."""
        return _photos, (self.paths, self._preprocessing, self._colour, self._memory)

    def describe(self) -> str:
        """One sentence: how many photos are kept in memory, and how much that takes."""
        megabytes = self._pixels.nbytes / 2**20
        if self.held == len(self):
            return f"All {len(self)} decoded photos are kept in memory ({megabytes:.0f} MB)."
        return (
            f"Only {self.held} of {len(self)} decoded photos are kept in memory "
            f"({megabytes:.0f} MB); the others are decoded again each time."
        )

    def take(self, indices: Sequence[int] | NDArray[np.intp]) -> Pixels:
        """The photos at these positions, shape (n, size, size, channels), 0..255.

        Raises:
            DataError: A photo can't be read any more.
        """
        taken = np.empty((len(indices), *self._shape), np.uint8)
        for row, i in enumerate(indices):
            if i < self.held and self._known[i]:
                taken[row] = self._pixels[i]
                continue
            taken[row] = self._load(self.paths[i])
            if i < self.held:
                self._pixels[i] = taken[row]
                self._known[i] = True
        return taken

    def fill(self, on_progress: OnProgress) -> None:
        """Decodes the photos that fit in memory, in threads.

        Args:
            on_progress: Called with (photos done, photos in all).

        Raises:
            DataError: A photo can't be read any more.
        """
        loaded = map_ahead(self._load, self.paths[: self.held], ahead=_DECODED_AHEAD)
        for i, pixels in enumerate(loaded):
            self._pixels[i] = pixels
            self._known[i] = True
            on_progress(i + 1, self.held)

    def _load(self, path: str) -> Pixels:
        try:
            pixels = self._preprocessing.load(path)
        except PhotoError as error:
            raise DataError("training_photo_lost", file=path, reason=error) from None
        if self._colour == "grey":
            return np.asarray(Image.fromarray(pixels).convert("L"))[..., np.newaxis]
        return pixels


def _photos(
    paths: Sequence[str], preprocessing: Preprocessing, colour: Colour, memory: int
) -> Photos:
    return Photos(paths, preprocessing, colour=colour, memory=memory)


@dataclass(frozen=True, slots=True)
class Loader:
    """Batches of some of the photos.

    Attributes:
        photos: Where they come from.
        truth: The class of each of `photos`, shape (len(photos),).
        indices: Which of them this loader gives, shape (n,).
        batch: Photos a batch, at least 1; the last one may hold fewer.
        augmentation: Strength of `augment`, 0..1.
        seed: Of the order and of the augmentation. None keeps the order.
        shard: Which rows of each batch are given; all by default.
    """

    photos: Photos
    truth: NDArray[np.intp]
    indices: NDArray[np.intp]
    batch: int
    augmentation: float = 0.0
    seed: int | None = None
    shard: Shard = WHOLE

    def __len__(self) -> int:
        return len(self.indices)

    def sharded(self, shard: Shard) -> Loader:
        """The same batches, of which each gives the rows of one rank only."""
        return replace(self, shard=shard)

    def epoch(self, number: int = 0) -> Iterator[Batch]:
        """One pass over the photos; the same number gives the same batches, always."""
        order = self.indices
        if self.seed is not None:
            order = np.random.default_rng((self.seed, number)).permutation(order)
        chunks = [order[i : i + self.batch] for i in range(0, len(order), self.batch)]

        def prepare(item: tuple[int, NDArray[np.intp]]) -> Batch:
            position, chosen = item
            rows = self.shard.rows(len(chosen))
            pixels = self.photos.take(chosen[rows])
            if self.augmentation:
                # Not from 0: (seed, number, 0) would be the stream of the order.
                rng = np.random.default_rng((self.seed or 0, number, position + 1))
                changes = draw_changes(len(chosen), self.augmentation, rng)[rows]
                pixels = change(pixels, changes)
            return Batch(pixels, self.truth[chosen])

        return map_ahead(
            prepare, enumerate(chunks), ahead=max(_AHEAD, current_group().threads or cores())
        )

    def rate(self) -> float:
        """Photos a second that the loaders of all processes give while nothing else runs.

        Measured now, in this process, once what it keeps is decoded.
        """

        def give() -> int:
            batches = itertools.islice(self.epoch(), _TIMED_BATCHES)
            return sum(len(batch.truth) for batch in batches)

        give()
        start = time.perf_counter()
        return current_group().world_size * give() / (time.perf_counter() - start)


def augment(pixels: Pixels, strength: float, rng: np.random.Generator) -> Pixels:
    """Flips, turns and zooms each photo at random, in one bilinear interpolation.

    Half of the photos are mirrored. At strength 1 they are turned by up to 30 degrees
    either way and enlarged or shrunk by up to 30 %; what lies outside is filled by
    reflection. Simard, Steinkraus & Platt (2003), "Best Practices for Convolutional
    Neural Networks Applied to Visual Document Analysis".

    Args:
        pixels: Shape (n, size, size, channels), 0..255.
        strength: 0..1; at 0 the photos come back as they are.
        rng: Where the randomness comes from.

    Returns:
        A new array of the same shape.
    """
    if strength == 0:
        return pixels.copy()
    return change(pixels, draw_changes(len(pixels), strength, rng))


def draw_changes(count: int, strength: float, rng: np.random.Generator) -> NDArray[np.float64]:
    """Draws what `augment` does to each of some photos.

    Returns:
        Shape (count, 3): 1 where a photo is mirrored, else 0; by how many degrees it is
        turned; and how many times as large it becomes.
    """
    mirrored = rng.random((count,)) < 0.5
    turns, zooms = strength * rng.uniform(-1, 1, (2, count))
    return np.stack([mirrored, _MAX_DEGREES * turns, 1 + _MAX_ZOOM * zooms], axis=1)


def change(pixels: Pixels, changes: NDArray[np.float64]) -> Pixels:
    """Does to each photo what was drawn for it.

    Args:
        pixels: Shape (n, size, size, channels), 0..255.
        changes: Of `draw_changes`, shape (n, 3).

    Returns:
        A new array of the shape of the pixels.
    """
    size = pixels.shape[1]
    centre = (size - 1) / 2
    changed = np.empty_like(pixels)
    for i, (mirrored, degrees, zoom) in enumerate(changes.tolist()):
        around = cv2.getRotationMatrix2D((centre, centre), degrees, zoom)
        # Mirrored before it is turned: x becomes size - 1 - x.
        if mirrored:
            around[:, 2] += around[:, 0] * (size - 1)
            around[:, 0] *= -1
        picture: NDArray[Any] = cv2.warpAffine(
            pixels[i],
            around,
            (size, size),
            flags=cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_REFLECT_101,
        )
        changed[i] = picture.reshape(changed[i].shape)
    return changed
