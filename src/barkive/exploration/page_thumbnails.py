"""Small pictures of the photos that a page shows, and the choice of examples."""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence

from PIL import Image

from barkive.errors import PhotoError
from barkive.images import decode, map_ahead

_SIDE = 144
_QUALITY = 72
_AHEAD = 32


def spread_out(indices: Sequence[int], count: int) -> list[int]:
    """At most `count` of the indices, evenly spread over them: the same in every run."""
    if len(indices) <= count:
        return list(indices)
    return [indices[(2 * i + 1) * len(indices) // (2 * count)] for i in range(count)]


def thumbnails(paths: Iterable[str]) -> dict[str, bytes]:
    """Makes a JPEG of at most 144 x 144 pixels of each photo.

    Returns:
        The JPEG's bytes by the photo's path; none for a photo that has gone meanwhile.
    """
    wanted = list(dict.fromkeys(paths))
    made = zip(wanted, map_ahead(_thumbnail, wanted, ahead=_AHEAD), strict=True)
    return {path: jpeg for path, jpeg in made if jpeg is not None}


def _thumbnail(path: str) -> bytes | None:
    try:
        image = Image.fromarray(decode(path, shorter_side=_SIDE))
    except PhotoError:
        return None
    image.thumbnail((_SIDE, _SIDE))
    buffer = io.BytesIO()
    image.save(buffer, format="JPEG", quality=_QUALITY, optimize=True)
    return buffer.getvalue()
