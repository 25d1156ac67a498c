"""Reads every photo of a folder of breeds once, and keeps a few numbers of each.

The photos themselves are not kept, so that memory grows by about a kilobyte a photo.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from barkive.errors import DataError, PhotoError
from barkive.evaluation import Samples
from barkive.images import (
    Header,
    Quality,
    decode,
    describe,
    map_ahead,
    measure,
    perceptual_hash,
    read_file,
)
from barkive.images.quality import luminance
from barkive.machine import cores
from barkive.progress import OnProgress

"""Called after each photo with the number of photos done and of all photos."""

MEASURED_SIDE = 512
"""Larger photos are shrunk until their shorter side has so many pixels, and then measured."""

_LONGEST_SIDE = 4 * MEASURED_SIDE
_AHEAD = 32


@dataclass(frozen=True, slots=True)
class PhotoRecord:
    """What is known of one photo that could be read.

    Attributes:
        path: Where it lies.
        folder: Index of its breed in the folders of the samples.
        header: Width, height, format and colour mode.
        size: Of the file, in bytes.
        digest: SHA-256 of the file, in hexadecimal.
        hash: See `images.perceptual_hash`, shape (4,).
        quality: Measured on the photo with at most `MEASURED_SIDE` pixels at its shorter
            side, so that photos of all sizes compare, and one of 12 megapixels costs little.
    """

    path: str
    folder: int
    header: Header
    size: int
    digest: str
    hash: NDArray[np.uint64]
    quality: Quality

    @property
    def megapixels(self) -> float:
        """Millions of pixels."""
        return self.header.width * self.header.height / 1e6


@dataclass(frozen=True, slots=True)
class Failure:
    """A photo that can't be read: where it lies, the index of its breed, and why."""

    path: str
    folder: int
    reason: str


@dataclass(frozen=True, slots=True)
class Survey:
    """All that was read.

    Attributes:
        samples: The folder of breeds.
        photos: The photos that could be read, at least one, in the order of the samples.
        failures: Those that could not.
    """

    samples: Samples
    photos: tuple[PhotoRecord, ...]
    failures: tuple[Failure, ...]


def survey(samples: Samples, *, on_progress: OnProgress = lambda done, total: None) -> Survey:
    """Reads all photos, in threads; one that can't be read is noted.

    12,000 photos of 224 x 224 pixels take less than a minute on two cores, so nothing is kept
    of an interrupted run: it starts again.

    Args:
        samples: Of `evaluation.read_samples`.
        on_progress: Called after each photo.

    Raises:
        DataError: None of the photos can be read.
    """
    photos: list[PhotoRecord] = []
    failures: list[Failure] = []
    asked = list(zip(samples.paths, samples.truth.tolist(), strict=True))
    # More would wait for each other: what is measured takes many small steps of NumPy.
    for done, result in enumerate(map_ahead(_read, asked, ahead=_AHEAD, threads=cores() + 1), 1):
        if isinstance(result, Failure):
            failures.append(result)
        else:
            photos.append(result)
        on_progress(done, len(asked))
    if not photos:
        first = failures[0]
        raise DataError(
            "data_all_in_folder_unreadable",
            count=len(asked),
            folder=samples.data,
            file=first.path,
            reason=first.reason,
        )
    return Survey(samples, tuple(photos), tuple(failures))


def _read(asked: tuple[str, int]) -> PhotoRecord | Failure:
    path, folder = asked
    try:
        content = read_file(path)
        grey = luminance(_shrunk(decode(content, shorter_side=MEASURED_SIDE)))
        header = describe(content)
    except PhotoError as error:
        return Failure(path, folder, str(error))
    return PhotoRecord(
        path=path,
        folder=folder,
        header=header,
        size=len(content),
        digest=hashlib.sha256(content).hexdigest(),
        hash=perceptual_hash(grey),
        quality=measure(grey),
    )


def _shrunk(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The photo at the size that is measured; a long strip is shrunk by its longer side."""
    height, width = pixels.shape[:2]
    scale = min(MEASURED_SIDE / min(width, height), _LONGEST_SIDE / max(width, height))
    if scale >= 1:
        return pixels
    side = (max(1, round(width * scale)), max(1, round(height * scale)))
    return np.asarray(Image.fromarray(pixels).resize(side, Image.Resampling.BILINEAR))
