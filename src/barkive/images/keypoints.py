"""Key points and their descriptors: SIFT, as OpenCV has it, and a way to draw them.

Lowe, 2004, "Distinctive Image Features from Scale-Invariant Keypoints". OpenCV is
imported only inside, because it belongs to an extra.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from barkive.errors import MissingExtraError, UsageError

CHANNELS = 128
"""Numbers a descriptor: 4 x 4 cells of 8 directions."""

# SIFT takes 300 bytes a pixel: a photo of 12 megapixels would need several GB.
_LONGEST = 1024
# What a small photo is enlarged by at most, so that circles and lines can be told apart.
_ENLARGED = 4
_LEAST_RADIUS, _THIN_BELOW = 5.0, 10.0
_INK, _OUTLINE = (255, 235, 0), (0, 0, 0)
# OpenCV draws between pixels where coordinates are given in 1/16 of one.
_SUBPIXEL_BITS = 4


@dataclass(frozen=True, slots=True)
class Keypoints:
    """The m key points of a photo, the strongest first.

    Attributes:
        positions: x and y in the photo's pixels, the middle of the first pixel being
            (0, 0), shape (m, 2).
        sizes: The diameter of each one's neighbourhood in the photo's pixels, shape (m,).
        orientations: The direction in which the photo grows brighter, 0..360 degrees,
            clockwise from the right, shape (m,).
        strengths: How much each stands out (Lowe's contrast), above 0, shape (m,).
        descriptors: What the neighbourhood looks like once it is turned by the orientation
            and scaled by the size: whole numbers 0..255, shape (m, 128).
    """

    positions: NDArray[np.float32]
    sizes: NDArray[np.float32]
    orientations: NDArray[np.float32]
    strengths: NDArray[np.float32]
    descriptors: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.sizes)


def require_opencv() -> None:
    """Checks, before any work begins, that key points can be found here.

    Raises:
        MissingExtraError: OpenCV is not installed.
    """
    # Imported, not only looked for: `find_spec` fails while another thread imports it.
    try:
        import cv2  # noqa: F401
    except ImportError:
        raise MissingExtraError("enhance", "purpose_key_points") from None


def find_keypoints(pixels: NDArray[np.uint8], limit: int = 500) -> Keypoints:
    """Finds the strongest SIFT key points; the same picture always gives the same ones.

    A photo whose longer side is above 1024 pixels is searched at 1024: structure finer
    than that is not seen. Where a place has two orientations, it counts as two key points.

    Args:
        pixels: RGB, shape (height, width, 3), 0..255.
        limit: How many to keep at most, 1 or more.

    Returns:
        None at all for a picture that is flat, or only a few pixels large.

    Raises:
        UsageError: `limit` is out of its range.
        MissingExtraError: OpenCV is not installed.
    """
    if limit < 1:
        raise UsageError("key_points_limit_below_one", limit=limit)
    require_opencv()
    import cv2

    searched = _resized(pixels, largest_scale=1.0)
    grey = cv2.cvtColor(searched, cv2.COLOR_RGB2GRAY)
    # Without the precise enlargement all positions are a quarter of a pixel too large.
    sift = cv2.SIFT.create(nfeatures=limit, enable_precise_upscale=True)
    found, descriptors = sift.detectAndCompute(grey, None)
    # OpenCV gives None in the place of no descriptors.
    if not found:
        descriptors = np.empty((0, CHANNELS), np.float32)
    rows = np.array([(*p.pt, p.size, p.angle, p.response) for p in found], np.float32)
    x, y, sizes, orientations, strengths = rows.reshape(-1, 5).T
    # Ties are put in an order of their own: OpenCV promises none, and keeps more than `limit`.
    order = np.lexsort((orientations, x, y, -strengths))[:limit]
    scale = np.float32(max(pixels.shape[:2]) / max(searched.shape[:2]))
    return Keypoints(
        positions=(np.stack([x, y], axis=1)[order] + np.float32(0.5)) * scale - np.float32(0.5),
        sizes=sizes[order] * scale,
        orientations=orientations[order] % np.float32(360),
        strengths=strengths[order],
        descriptors=np.asarray(descriptors, np.float32)[order],
    )


def dense_descriptors(
    pixels: NDArray[np.uint8], step: int = 8, size: float = 4.0, levels: int = 3
) -> NDArray[np.float32]:
    """SIFT descriptors on a regular grid instead of at key points, all of them upright.

    For telling what a photo shows, a grid does better than key points (Fei-Fei and Perona,
    2005, "A Bayesian Hierarchical Model for Learning Natural Scene Categories"): soft fur
    has a texture, but no corner. Each further level is the photo at half the size, where
    the same grid sees twice as much at once.

    Args:
        pixels: RGB, shape (height, width, 3), 0..255.
        step: Between neighbours, in pixels of each level, 2 or more.
        size: The diameter of the neighbourhood as in `Keypoints.sizes`; the descriptor
            looks at six times that.
        levels: How many, 1 or more.

    Returns:
        Whole numbers 0..255, shape (m, 128); a place without any structure gives none.

    Raises:
        MissingExtraError: OpenCV is not installed.
    """
    require_opencv()
    import cv2

    sift = cv2.SIFT.create()
    grey = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)
    rows = [np.empty((0, CHANNELS), np.float32)]
    for _ in range(levels):
        height, width = grey.shape
        grid = [
            cv2.KeyPoint(float(x), float(y), size, 0.0)
            for y in range(step // 2, height, step)
            for x in range(step // 2, width, step)
        ]
        if not grid:
            break
        rows.append(np.asarray(sift.compute(grey, grid)[1], np.float32))
        grey = cv2.resize(
            grey, (max(1, width // 2), max(1, height // 2)), interpolation=cv2.INTER_AREA
        )
    descriptors = np.concatenate(rows)
    return descriptors[descriptors.any(axis=1)]


def draw_keypoints(pixels: NDArray[np.uint8], keypoints: Keypoints) -> NDArray[np.uint8]:
    """Draws each key point as a circle of its size, with a line towards its orientation.

    Args:
        pixels: The photo that they were found in: RGB, shape (height, width, 3), 0..255.
        keypoints: What to draw; the strongest come to lie on top.

    Returns:
        RGB, a new picture of the same proportions, whose longer side is 1024 pixels, or
        four times the photo's where that is less. Circles too small to see are drawn with
        a radius of 5 pixels.

    Raises:
        MissingExtraError: OpenCV is not installed.
    """
    require_opencv()
    import cv2

    picture = _resized(pixels, largest_scale=_ENLARGED).copy()
    scale = max(picture.shape[:2]) / max(pixels.shape[:2])
    centres = (keypoints.positions + 0.5) * scale - 0.5
    radii = np.maximum(keypoints.sizes / 2 * scale, _LEAST_RADIUS)
    angles = np.deg2rad(keypoints.orientations)
    ends = centres + radii[:, np.newaxis] * np.stack([np.cos(angles), np.sin(angles)], axis=1)

    def fixed(values: NDArray[np.floating]) -> list[int]:
        return [round(float(value) * 2**_SUBPIXEL_BITS) for value in values]

    for i in reversed(range(len(keypoints))):
        (x, y), (to_x, to_y) = fixed(centres[i]), fixed(ends[i])
        (radius,) = fixed(radii[i : i + 1])
        thin = 1 if radii[i] < _THIN_BELOW else 2
        for colour, width in ((_OUTLINE, thin + 2), (_INK, thin)):
            style = (colour, width, cv2.LINE_AA, _SUBPIXEL_BITS)
            cv2.circle(picture, (x, y), radius, *style)
            cv2.line(picture, (x, y), (to_x, to_y), *style)
    return picture


def _resized(pixels: NDArray[np.uint8], *, largest_scale: float) -> NDArray[np.uint8]:
    """The photo with a longer side of 1024 pixels, enlarged at most by a factor."""
    height, width = pixels.shape[:2]
    scale = min(largest_scale, _LONGEST / max(height, width))
    if scale == 1:
        return pixels
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return np.asarray(Image.fromarray(pixels).resize(size, Image.Resampling.BICUBIC))
