"""Small pictures of photos."""

from __future__ import annotations

import io

from PIL import Image

from barkive.images.decode import Photo, decode


def thumbnail(photo: Photo, side: int, *, quality: int = 85) -> bytes:
    """A photo as a small JPEG, made anew, so that it holds no place and no camera.

    Args:
        photo: As `decode` takes it.
        side: The longer side in pixels, at most.
        quality: Of the JPEG, 1..95.

    Raises:
        PhotoError: The photo can't be read.
    """
    image = Image.fromarray(decode(photo, shorter_side=side))
    image.thumbnail((side, side), Image.Resampling.LANCZOS)
    content = io.BytesIO()
    image.save(content, "JPEG", quality=quality)
    return content.getvalue()
