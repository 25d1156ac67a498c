"""When a photo was taken: what its metadata say, or else its name."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime

from PIL import ExifTags, Image, ImageFile
from PIL.IptcImagePlugin import getiptcinfo
from PIL.TiffImagePlugin import XMP, TiffImageFile

# Properties of XMP, the surest first; written as attributes or as elements.
_XMP = tuple(
    re.compile(rf"\b{name}(?:\s*=\s*[\"']|>)\s*([^\"'<]+)")
    for name in ("exif:DateTimeOriginal", "photoshop:DateCreated", "xmp:CreateDate")
)
_IPTC_DATE, _IPTC_TIME = (2, 55), (2, 60)
# IMG_20260531_142233, PXL_20260531_142233123, IMG-20260531-WA0001, “WhatsApp Image 2026-05-31 at
# 14.22.33”, photo_2026-05-31_14-22-33, 20260531142233.
_NAME = re.compile(
    r"(?<!\d)((?:19|20)\d\d)([-_.]?)(0[1-9]|1[0-2])\2(0[1-9]|[12]\d|3[01])"
    r"(?:(?:[ _.T-]{0,3}|[ _-](?:at|à)[ _-])([01]\d|2[0-3])([-_.:]?)([0-5]\d)\6([0-5]\d)"
    r"(?:\d{3})?)?"
    r"(?!\d)"
)
_EARLIEST = 1900


def taken_at(image: ImageFile.ImageFile) -> datetime | None:
    """When the picture was taken, in the camera's local time, if its metadata say.

    EXIF's date of the original, then XMP's and IPTC's, then EXIF's date of the file. Fractions of
    a second and time zones are left out.

    Args:
        image: Opened; a PNG as far as its metadata reach.
    """
    return next((moment for said in _said(image) if (moment := _moment(said))), None)


def taken_by_name(path: str) -> datetime | None:
    """When the picture was taken by the file's name; at midnight where that has no time."""
    found = _NAME.search(os.path.basename(path))  # noqa: PTH119 - also of a URL
    if found is None:
        return None
    year, _, month, day, hour, _, minute, second = found.groups()
    return _moment(f"{year}-{month}-{day} {hour or '00'}:{minute or '00'}:{second or '00'}")


def plain(value: object) -> str:
    """A text of the metadata without what is not printable, such as padding with zeros."""
    text = value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
    return "".join(c for c in text if c.isprintable()).strip()


def _said(image: ImageFile.ImageFile) -> Iterator[str]:
    """What the metadata say, the surest first. What is damaged costs the date and nothing else."""
    exif: Image.Exif | dict[int, str] = {}
    with suppress(Exception):
        exif = image.getexif()
        exposure = exif.get_ifd(ExifTags.IFD.Exif)
        yield plain(exposure.get(ExifTags.Base.DateTimeOriginal))
        yield plain(exposure.get(ExifTags.Base.DateTimeDigitized))
    with suppress(Exception):
        packet = plain(xmp_packet(image))
        yield from (found[1] for name in _XMP if (found := name.search(packet)))
    with suppress(Exception):
        iptc = getiptcinfo(image) or {}
        yield f"{plain(iptc[_IPTC_DATE])} {plain(iptc.get(_IPTC_TIME, b''))}"
    yield plain(exif.get(ExifTags.Base.DateTime))


def xmp_packet(image: Image.Image) -> bytes | str | None:
    """The XMP of an opened photo, as its file holds it; None where there is none."""
    if isinstance(image, TiffImageFile):
        return image.tag_v2.get(XMP)
    return image.info.get("xmp") or image.info.get("XML:com.adobe.xmp")


def _moment(text: str) -> datetime | None:
    """A moment as EXIF, XMP or IPTC write it."""
    with suppress(ValueError):
        # EXIF has colons in its dates; IPTC parts date and time, which ISO 8601 may not.
        text = re.sub(r"^(\d{4}):(\d\d):(\d\d)", r"\1-\2-\3", text.strip())
        moment = datetime.fromisoformat(text).replace(microsecond=0, tzinfo=None)
        return moment if moment.year >= _EARLIEST else None
    return None
