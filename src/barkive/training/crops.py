"""Photos as crops of their largest dog, as a detector sees it: what a judge is shown in use.

Crops are files in the cache, by the detector and by the photo's content, so that a repeated run
finds them. Machines that train together need one cache folder.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from barkive.atomic import replacing
from barkive.boxes import Box
from barkive.detection.combining import is_portrait
from barkive.detection.detector import Detector
from barkive.detection.views import crop
from barkive.errors import PhotoError, UsageError, system_reason
from barkive.images import decode, map_ahead, read_file
from barkive.progress import OnProgress, Progress
from barkive.training.features import cache_folder
from barkive.training.process_group.group import current_group

_AHEAD = 16
_BLOCK = 16
_QUALITY = 95
# A proposal less sure than this share of the surest is none to train on.
_AS_SURE = 0.5


def crop_largest(paths: Sequence[str], stage: str, progress: Progress) -> tuple[str, ...]:
    """For each photo a file with its largest dog, or the photo itself.

    A photo stays whole if nothing is found in it, if the only animal fills its middle, which
    is judged as a whole in use too, or if it can't be read, which whoever reads it will tell.

    Args:
        paths: The photos.
        stage: What the progress display calls it.
        progress: Opens a progress display.
    """
    with progress(stage) as advance:
        return tuple(current_group().map_blocks(_crop_all, paths, advance, block=_BLOCK))


def largest(photo: NDArray[np.uint8], detector: Detector) -> Box | None:
    """Where the largest animal of a photo is; None where the photo is best left whole.

    Args:
        photo: Upright, RGB, shape (height, width, 3).
        detector: Proposes animals.
    """
    found = detector.propose(photo)
    if not found or is_portrait(found, photo.shape[1] / photo.shape[0]):
        return None
    sure = [one for one in found if one.score >= _AS_SURE * found[0].score]
    return max(sure, key=lambda one: one.box.area).box


def _crop_all(paths: Sequence[str], on_progress: OnProgress) -> list[str]:
    detector = Detector()
    folder = cache_folder() / "crops" / detector.digest[:32]
    cropped = []
    for path in map_ahead(lambda path: _cropped(path, detector, folder), paths, ahead=_AHEAD):
        cropped.append(path)
        on_progress(len(cropped), len(paths))
    return cropped


def _cropped(path: str, detector: Detector, folder: Path) -> str:
    try:
        content = read_file(path)
        # The name stays, by which reports and provenance know the photo.
        file = folder / hashlib.sha256(content).hexdigest() / Path(path).name
        if file.exists():
            return str(file)
        photo = decode(content)
    except PhotoError:
        return path
    box = largest(photo, detector)
    if box is None:
        return path
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with replacing(file, durable=False) as part:
            Image.fromarray(crop(photo, box)).save(part, "JPEG", quality=_QUALITY)
    except OSError as error:
        raise UsageError("cache_not_writable", folder=folder, reason=system_reason(error)) from None
    return str(file)
