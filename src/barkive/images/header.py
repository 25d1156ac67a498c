"""What a photo's file says of itself, without decoding the picture."""

from __future__ import annotations

from dataclasses import dataclass

from PIL import Image

from barkive.images.decode import exif_orientation, open_photo, pillow_silenced, sniff

# A PNG holds its orientation in one of these, possibly behind the picture: only then
# does Pillow have to decode the picture to find it.
_PNG_EXIF = (b"eXIf", b"Raw profile type exif", b"XML:com.adobe.xmp")
# Turned upright when they are opened, though their EXIF may still speak of the turn.
_UPRIGHT = ("TIFF", "HEIC")


@dataclass(frozen=True, slots=True)
class Header:
    """The facts in a photo's header.

    Attributes:
        width: In pixels, of the upright photo (its EXIF orientation is heeded).
        height: Likewise.
        format: `JPEG`, `PNG`, `WebP`, `GIF`, `BMP`, `TIFF`, `AVIF` or `HEIC`, by the content.
        mode: Pillow's name of the colour mode, such as `RGB`, `L` (grey), `P` (palette),
            `CMYK` or `I;16` (grey of 16 bits).
    """

    width: int
    height: int
    format: str
    mode: str


def describe(content: bytes) -> Header:
    """Reads a photo's header. Safe to call from several threads at once.

    Args:
        content: Of the file, see `read_file`.

    Raises:
        PhotoError: It is not a photo, or its header is damaged.
    """
    with pillow_silenced(), open_photo(content) as image:
        kind = sniff(content) or ""
        width, height = image.size
        if _is_turned(image, kind, content):
            width, height = height, width
        return Header(width, height, kind, image.mode)


def _is_turned(image: Image.Image, kind: str, content: bytes) -> bool:
    """Whether the EXIF orientation exchanges width and height."""
    if kind in _UPRIGHT or (kind == "PNG" and not any(name in content for name in _PNG_EXIF)):
        return False
    return exif_orientation(image) in (5, 6, 7, 8)
