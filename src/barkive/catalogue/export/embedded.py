"""What a photo's file says of itself, as the start of its side-car.

A program that reads a side-car often reads it in place of what is in the photo: digiKam then
ignores the photo's XMP, and of its IPTC and EXIF data keywords, caption, creator and rights
(`MetaEngine::Private::loadSidecarData` of digiKam 8). So a new side-car begins with all of that.

Left out is what holds of the photo's file alone. Orders to develop it, which were carried out, a
program would carry out again. Of sizes and orientation EXIF decides, and of dates as well, where it
has one: Immich prefers any date of a side-car, such as that of an edit, to the photo's own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import nullcontext, suppress
from typing import Any, Final

from PIL import ExifTags, Image, ImageFile, IptcImagePlugin

from barkive.catalogue.export.rdf import Form, Property
from barkive.catalogue.export.xmp_packet import Packet, PacketError
from barkive.errors import PhotoError
from barkive.images.decode import open_photo, sniff
from barkive.images.png import without_picture
from barkive.images.taken import xmp_packet

_DC: Final = ("dc", "http://purl.org/dc/elements/1.1/")
_PHOTOSHOP: Final = ("photoshop", "http://ns.adobe.com/photoshop/1.0/")
_CORE: Final = ("Iptc4xmpCore", "http://iptc.org/std/Iptc4xmpCore/1.0/xmlns/")
_XMP: Final = ("xmp", "http://ns.adobe.com/xap/1.0/")
_TIFF, _EXIF = "http://ns.adobe.com/tiff/1.0/", "http://ns.adobe.com/exif/1.0/"

_KEYWORDS: Final = Property(*_DC, "subject", Form.BAG)
_CAPTION: Final = Property(*_DC, "description", Form.LANGUAGES)
_CREATOR: Final = Property(*_DC, "creator", Form.SEQ)
_RIGHTS: Final = Property(*_DC, "rights", Form.LANGUAGES)
_RATING: Final = Property(*_XMP, "Rating")
# Data sets of IPTC's Information Interchange Model, record 2, by their numbers. See “Guidelines
# for Handling Image Metadata” of the Metadata Working Group, 2.0, and IPTC's own “IPTC Core”.
_IPTC: Final[Mapping[int, Property]] = {
    5: Property(*_DC, "title", Form.LANGUAGES),
    15: Property(*_PHOTOSHOP, "Category"),
    20: Property(*_PHOTOSHOP, "SupplementalCategories", Form.BAG),
    25: _KEYWORDS,
    40: Property(*_PHOTOSHOP, "Instructions"),
    80: _CREATOR,
    85: Property(*_PHOTOSHOP, "AuthorsPosition"),
    90: Property(*_PHOTOSHOP, "City"),
    92: Property(*_CORE, "Location"),
    95: Property(*_PHOTOSHOP, "State"),
    100: Property(*_CORE, "CountryCode"),
    101: Property(*_PHOTOSHOP, "Country"),
    103: Property(*_PHOTOSHOP, "TransmissionReference"),
    105: Property(*_PHOTOSHOP, "Headline"),
    110: Property(*_PHOTOSHOP, "Credit"),
    115: Property(*_PHOTOSHOP, "Source"),
    116: _RIGHTS,
    120: _CAPTION,
    122: Property(*_PHOTOSHOP, "CaptionWriter"),
}
_RATED: Final = 0x4746
_XP_KEYWORDS: Final = 0x9C9E

_OF_THE_FILE: Final = (
    *(f"{{{_TIFF}}}{name}" for name in ("Orientation", "ImageWidth", "ImageLength")),
    *(f"{{{_EXIF}}}{name}" for name in ("PixelXDimension", "PixelYDimension")),
)
_DATES: Final = (
    f"{{{_TIFF}}}DateTime",
    *(f"{{{_EXIF}}}{name}" for name in ("DateTimeOriginal", "DateTimeDigitized")),
    *(f"{{{_XMP[1]}}}{name}" for name in ("CreateDate", "ModifyDate", "MetadataDate")),
    f"{{{_PHOTOSHOP[1]}}}DateCreated",
)
_ORDERS: Final = (
    "{http://ns.adobe.com/camera-raw-settings/1.0/}",
    "{http://darktable.sf.net/}",
    # That there is more elsewhere in the photo: it is brought here.
    "{http://ns.adobe.com/xmp/note/}",
)
_EXTENSION: Final = b"http://ns.adobe.com/xmp/extension/\0"
# After the name: a GUID, the length of the whole, and the place of this part.
_GUID, _PLACE, _DATA = 32, 36, 40


def embedded(content: bytes) -> Packet:
    """A packet of what a photo's file says in XMP, IPTC and EXIF of its subject.

    What is damaged is passed over, as is all of it where the file is no photo.

    Args:
        content: Of the photo's file.
    """
    # A new frame: Exiv2 knows a side-car by how it begins, and a photo's XMP may begin otherwise.
    packet = Packet()
    with suppress(PhotoError):
        kind = sniff(content)
        with (
            open_photo(content) as image,
            open_photo(without_picture(content)) if kind == "PNG" else nullcontext(image) as said,
        ):
            _fill(packet, said)
    packet.begin()
    return packet


def _fill(packet: Packet, image: ImageFile.ImageFile) -> None:
    for part in (_xmp(image), *_extended(image)):
        with suppress(PacketError):
            packet.extend(Packet(part))
    exif: Mapping[int, Any] = {}
    date: object = None
    with suppress(Exception):  # damaged EXIF costs what it says and nothing else
        exif = dict(image.getexif())
        original = image.getexif().get_ifd(ExifTags.IFD.Exif)
        date = original.get(ExifTags.Base.DateTimeOriginal) or exif.get(ExifTags.Base.DateTime)
    packet.remove((*_OF_THE_FILE, *(_DATES if date else ())), _ORDERS)
    for listed, values in (*_iptc(image), *_exif(exif)):
        packet.complete(listed, values)


def _xmp(image: Image.Image) -> bytes:
    found = xmp_packet(image) or b""
    content = found.encode() if isinstance(found, str) else bytes(found)
    return content.strip(b"\0 \r\n\t")


def _extended(image: Image.Image) -> Iterator[bytes]:
    """The rest of a JPEG's XMP, where it is longer than a segment; see part 3 of XMP, 1.1.3.1."""
    parts: dict[bytes, dict[int, bytes]] = {}
    for name, data in getattr(image, "applist", ()):
        if name == "APP1" and data.startswith(_EXTENSION):
            rest = data[len(_EXTENSION) :]
            place = int.from_bytes(rest[_PLACE:_DATA], "big")
            parts.setdefault(rest[:_GUID], {})[place] = rest[_DATA:]
    for whole in parts.values():
        yield b"".join(whole[place] for place in sorted(whole))


def _iptc(image: ImageFile.ImageFile) -> Iterator[tuple[Property, list[str]]]:
    found: Mapping[tuple[int, int], bytes | list[bytes]] = {}
    with suppress(Exception):  # as damaged EXIF
        found = IptcImagePlugin.getiptcinfo(image) or {}
    for number, listed in _IPTC.items():
        data = found.get((2, number), [])
        values = [data] if isinstance(data, bytes) else data
        yield listed, list(map(_text, values))


def _exif(exif: Mapping[int, Any]) -> Iterator[tuple[Property, list[str]]]:
    for tag, listed in (
        (ExifTags.Base.ImageDescription, _CAPTION),
        (ExifTags.Base.Artist, _CREATOR),
        (ExifTags.Base.Copyright, _RIGHTS),
        (_RATED, _RATING),
    ):
        yield listed, [_text(exif.get(tag, ""))]
    windows = exif.get(_XP_KEYWORDS, b"")
    if isinstance(windows, bytes):
        yield _KEYWORDS, windows.decode("utf-16-le", "replace").split(";")


def _text(value: object) -> str:
    """A text in UTF-8, or else as older programs for Windows write it."""
    if not isinstance(value, bytes):
        return str(value)
    try:
        return value.decode()
    except UnicodeDecodeError:
        return value.decode("cp1252", "replace")
