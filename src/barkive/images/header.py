"""What a photo's file says of itself, without decoding the picture."""

from __future__ import annotations

from contextlib import nullcontext, suppress
from dataclasses import dataclass
from datetime import datetime

from PIL import ExifTags, Image

from barkive.images.decode import (
    TURNED,
    exif_orientation,
    open_photo,
    sniff,
)
from barkive.images.png import without_picture
from barkive.images.taken import plain, taken_at

# A PNG holds its orientation and its date in one of these, possibly behind the picture, which
# Pillow would decode to find it.
_PNG_EXIF = (b"eXIf", b"Raw profile type exif", b"XML:com.adobe.xmp")
# Turned upright when they are opened, though their EXIF may still speak of the turn.
_UPRIGHT = ("TIFF", "HEIC")
_CAMERA = (ExifTags.Base.Make, ExifTags.Base.Model)


@dataclass(frozen=True, slots=True)
class Header:
    """The facts in a photo's header.

    Attributes:
        width: In pixels, of the upright photo (its EXIF orientation is heeded).
        height: Likewise.
        format: `JPEG`, `PNG`, `WebP`, `GIF`, `BMP`, `TIFF`, `AVIF`, `HEIC` or `RAW`, by the
            content.
        mode: Pillow's name of the colour mode, such as `RGB`, `L` (grey), `P` (palette),
            `CMYK` or `I;16` (grey of 16 bits).
        orientation: Of the EXIF data, 1..8; 1 where there is none.
        taken_at: When the picture was taken, in the camera's local time, if its metadata say.
        camera: The camera's maker and model, if its EXIF data say.
    """

    width: int
    height: int
    format: str
    mode: str
    orientation: int = 1
    taken_at: datetime | None = None
    camera: str | None = None


def describe(content: bytes) -> Header:
    """Reads a photo's header. Safe to call from several threads at once.

    Args:
        content: Of the file, see `read_file`.

    Raises:
        PhotoError: It is not a photo, or its header is damaged.
    """
    with open_photo(content) as image:
        kind = sniff(content) or ""
        width, height = image.size
        if kind == "PNG" and not any(name in content for name in _PNG_EXIF):
            return Header(width, height, kind, image.mode)
        mode = image.mode
        with open_photo(without_picture(content)) if kind == "PNG" else nullcontext(image) as said:
            orientation = exif_orientation(said)
            if orientation in TURNED and kind not in _UPRIGHT:
                width, height = height, width
            return Header(width, height, kind, mode, orientation, taken_at(said), _camera(said))


def _camera(image: Image.Image) -> str | None:
    with suppress(Exception):
        exif = image.getexif()
        maker, model = (plain(exif.get(tag, "")) for tag in _CAMERA)
        # Many models begin with the maker's name.
        name = model if model.lower().startswith(maker.lower()) else f"{maker} {model}"
        return name.strip() or None
    return None
