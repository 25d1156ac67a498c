"""Heat maps without gradients: what happens when a part of the photo is hidden.

Works for every model that can be asked, also for one that is a bundle and nothing more.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from barkive.evaluation.heat import Heat
from barkive.verdicts import Scores

# Parts of the photo's side. The larger patch finds what matters, the smaller one where.
_PATCHES = (0.36, 0.22)
_PLACES = 7
_BATCH = 4
_BLUR = 0.06


def occlusion(score: Callable[[NDArray[np.uint8]], Scores]) -> Heat:
    """Heat maps by occlusion.

    After Zeiler & Fergus, 2014, "Visualizing and Understanding Convolutional Networks".

    A patch is moved over the photo, and each place gets by how much the log-odds of the
    class fall when it is hidden. What hides is the photo itself out of focus, because a grey
    patch is a thing of its own that networks see.

    Args:
        score: Runs the network on prepared pixels, shape (n, size, size, 3).
    """

    def heat(pixels: NDArray[np.uint8], classes: NDArray[np.intp]) -> NDArray[np.float32]:
        maps = [_of_one(score, photo, int(one)) for photo, one in zip(pixels, classes, strict=True)]
        return np.stack(maps)

    return heat


def _of_one(
    score: Callable[[NDArray[np.uint8]], Scores], photo: NDArray[np.uint8], one: int
) -> NDArray[np.float32]:
    """The map of one photo, shape (places, places)."""
    size = len(photo)
    blurred = np.asarray(Image.fromarray(photo).filter(ImageFilter.GaussianBlur(_BLUR * size)))
    centres = (np.arange(_PLACES) + 0.5) * size / _PLACES
    covered = [photo]
    for part in _PATCHES:
        half = part * size / 2
        for y in centres:
            for x in centres:
                hidden = photo.copy()
                rows = slice(max(0, round(y - half)), round(y + half))
                columns = slice(max(0, round(x - half)), round(x + half))
                hidden[rows, columns] = blurred[rows, columns]
                covered.append(hidden)
    odds = np.concatenate(
        [
            _log_odds(score(np.stack(covered[i : i + _BATCH])).probabilities[:, one])
            for i in range(0, len(covered), _BATCH)
        ]
    )
    falls = (odds[0] - odds[1:]).reshape(len(_PATCHES), _PLACES, _PLACES)
    mean: NDArray[np.float32] = falls.mean(axis=0)
    return mean


def _log_odds(probabilities: NDArray[np.float32]) -> NDArray[np.float32]:
    clipped = np.clip(probabilities, 1e-6, 1 - 1e-6)
    odds: NDArray[np.float32] = np.log(clipped / (1 - clipped))
    return odds
