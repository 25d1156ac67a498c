"""From any mode, depth and colour profile to 8-bit sRGB. Knows nothing of files."""

from __future__ import annotations

import io
from collections.abc import Iterable
from functools import lru_cache
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray
from PIL import Image


def flatten(image: Image.Image, white: float) -> Image.Image:
    """Brings an image to mode L, RGB or CMYK: 8 bits, and what is transparent laid on white.

    Args:
        image: Or a part of it.
        white: Of `white` of the whole.
    """
    if _is_deep(image.mode):
        return Image.fromarray(_to_8_bits(np.asarray(image), white))
    grey = image.mode in ("1", "L", "LA", "La")
    if image.has_transparency_data:
        image = image.convert("LA" if grey else "RGBA")
        paper = Image.new("L" if grey else "RGB", image.size, "white")
        paper.paste(image.convert(paper.mode), mask=image.getchannel("A"))
        return paper
    if image.mode in ("L", "RGB", "CMYK"):
        return image
    return image.convert("L" if grey else "RGB")


def white(mode: str, parts: Iterable[Image.Image]) -> float:
    """The grey level that stands for white in an image of more than 8 bits; else 255.

    16 bits have a defined white. Of 32 bits and of floats it is the first of 1, 255 and 65535
    that no level exceeds, or else the highest level.

    Args:
        mode: Of the image.
        parts: The image in parts, looked at only where it has to be.
    """
    if mode not in ("F", "I"):
        return 65535.0 if _is_deep(mode) else 255.0
    top = max(float(_levels(np.asarray(part)).max()) for part in parts)
    return next((white for white in (1.0, 255.0, 65535.0) if top <= white), top)


def _is_deep(mode: str) -> bool:
    return mode == "F" or mode.startswith("I")


def _levels(grey: NDArray[Any]) -> NDArray[np.float32]:
    return np.nan_to_num(grey.astype(np.float32), posinf=0, neginf=0)


def _to_8_bits(grey: NDArray[Any], white: float) -> NDArray[np.uint8]:
    """Grey levels of 16 or 32 bits, or of floats, as 0..255."""
    levels = _levels(grey)
    eight: NDArray[np.uint8] = np.rint(np.clip(levels / white, 0, 1) * 255).astype(np.uint8)
    return eight


def to_srgb(image: Image.Image, profile: object) -> Image.Image:
    """Converts a flattened image to sRGB.

    Args:
        image: In mode L, RGB or CMYK.
        profile: The ICC profile embedded in the file: bytes; anything else, and a profile
            that is broken or made for other bands, is ignored.

    Returns:
        In mode RGB.
    """
    if isinstance(profile, bytes):
        transform = _transform(profile, image.mode)
        if transform is not None:
            return cast(Image.Image, transform.apply(image))
    return image if image.mode == "RGB" else image.convert("RGB")


@lru_cache(maxsize=16)  # a folder's photos share the few profiles of their cameras
def _transform(profile: bytes, mode: str) -> Any:
    """The ImageCms transform from a profile to sRGB; None if it is of no use or changes nothing."""
    from PIL import ImageCms

    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        transform = ImageCms.buildTransform(source, ImageCms.createProfile("sRGB"), mode, "RGB")
        # sRGB goes by many names, so it is known by what it does to 216 colours.
        cube = np.indices((6, 6, 6), dtype=np.uint8).T.reshape(36, 6, 3) * 51
        probe = Image.fromarray(cube).convert(mode)
        before = np.asarray(probe.convert("RGB"), dtype=np.int16)
        after = np.asarray(transform.apply(probe), dtype=np.int16)
    except Exception:
        return None
    return None if np.abs(after - before).max() <= 2 else transform
