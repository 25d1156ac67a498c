"""A new side-car begins with what the photo's file says of itself."""

import io
from pathlib import Path
from typing import Any

import pytest
from lxml import etree
from PIL import ExifTags, Image

from barkive.catalogue.export.embedded import embedded

NAMES = {
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "dc": "http://purl.org/dc/elements/1.1/",
    "xmp": "http://ns.adobe.com/xap/1.0/",
    "tiff": "http://ns.adobe.com/tiff/1.0/",
    "crs": "http://ns.adobe.com/camera-raw-settings/1.0/",
    "darktable": "http://darktable.sf.net/",
    "photoshop": "http://ns.adobe.com/photoshop/1.0/",
    "xmpNote": "http://ns.adobe.com/xmp/note/",
    "mwg-rs": "http://www.metadataworkinggroup.com/schemas/regions/",
}
INSIDE = (
    "<dc:subject><rdf:Bag><rdf:li>holiday</rdf:li></rdf:Bag></dc:subject><xmp:Rating>4</xmp:Rating>"
)


def xmp(inside: str = INSIDE, attributes: str = "") -> bytes:
    declared = " ".join(f'xmlns:{prefix}="{uri}"' for prefix, uri in NAMES.items())
    description = f'<rdf:Description rdf:about="" {attributes}>{inside}</rdf:Description>'
    return f"<rdf:RDF {declared}>{description}</rdf:RDF>".encode()


def photo(kind: str = "JPEG", **options: Any) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (8, 6)).save(file, kind, **options)
    return file.getvalue()


def exif(**values: Any) -> Image.Exif:
    made = Image.Exif()
    for name, value in values.items():
        made[getattr(ExifTags.Base, name)] = value
    return made


def iptc(*data: tuple[int, bytes]) -> bytes:
    """A JPEG with data sets of IPTC's record 2, in a segment of Photoshop's."""
    sets = b"".join(
        bytes([0x1C, 2, number]) + len(text).to_bytes(2, "big") + text for number, text in data
    )
    sets += b"\0" * (len(sets) % 2)
    block = b"Photoshop 3.0\0" + b"8BIM\x04\x04\0\0" + len(sets).to_bytes(4, "big") + sets
    return with_segment(photo(), 0xED, block)


def with_segment(jpeg: bytes, marker: int, data: bytes) -> bytes:
    return jpeg[:2] + bytes([0xFF, marker]) + (len(data) + 2).to_bytes(2, "big") + data + jpeg[2:]


def said(content: bytes) -> dict[str, list[str] | str]:
    """The properties of the packet, by their short names."""
    short = {uri: prefix for prefix, uri in NAMES.items()}
    found: dict[str, list[str] | str] = {}
    for description in etree.fromstring(bytes(embedded(content))).iterfind(
        ".//rdf:Description", NAMES
    ):
        for key, value in description.attrib.items():
            name = etree.QName(key)
            if name.namespace in short and name.localname != "about":
                found[f"{short[name.namespace]}:{name.localname}"] = value
        for element in description.iterchildren(etree.Element):
            name = etree.QName(element)
            items = [item.xpath("string()") for item in element.findall("*/rdf:li", NAMES)]
            key = f"{short[name.namespace]}:{name.localname}"
            found[key] = items or element.xpath("string()")
    return found


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF"])
def test_xmp_of_every_kind_of_photo(kind: str) -> None:
    if kind == "PNG":
        from PIL.PngImagePlugin import PngInfo

        told = PngInfo()
        told.add_itxt("XML:com.adobe.xmp", xmp().decode())
        content = photo(kind, pnginfo=told)
    elif kind == "TIFF":
        content = photo(kind, tiffinfo={700: xmp()})
    else:
        content = photo(kind, xmp=xmp())
    assert said(content) == {"dc:subject": ["holiday"], "xmp:Rating": "4"}


def test_iptc() -> None:
    content = iptc(
        (25, b"garden"),
        (25, "été".encode()),
        (120, "Rex, très calme".encode("cp1252")),
        (80, b"Ada"),
        (90, b"Lyon"),
        (105, b" "),
    )
    assert said(content) == {
        "dc:subject": ["garden", "été"],
        "dc:description": ["Rex, très calme"],
        "dc:creator": ["Ada"],
        "photoshop:City": "Lyon",
    }
    packet = bytes(embedded(content))
    assert b'<rdf:li xml:lang="x-default">Rex' in packet


def test_exif() -> None:
    made = exif(ImageDescription="Rex", Artist="Ada", Copyright="Refuge", Rating=3)
    made[0x9C9E] = "garden;été\0".encode("utf-16-le")
    assert said(photo(exif=made)) == {
        "dc:subject": ["garden", "été"],
        "dc:description": ["Rex"],
        "dc:creator": ["Ada"],
        "dc:rights": ["Refuge"],
        "xmp:Rating": "3",
    }


def test_xmp_comes_first_and_keywords_are_put_together() -> None:
    caption = (
        '<dc:description><rdf:Alt><rdf:li xml:lang="fr">Rex</rdf:li></rdf:Alt></dc:description>'
    )
    made = exif(ImageDescription="OLYMPUS DIGITAL CAMERA")
    made[0x9C9E] = "garden;holiday".encode("utf-16-le")
    assert said(photo(xmp=xmp(INSIDE + caption), exif=made)) == {
        "dc:subject": ["holiday", "garden"],
        "dc:description": ["Rex"],
        "xmp:Rating": "4",
    }


def test_what_holds_of_the_file_alone_is_left_out() -> None:
    orders = "<darktable:history><rdf:Seq><rdf:li>exposure</rdf:li></rdf:Seq></darktable:history>"
    told = 'tiff:Orientation="6" crs:Exposure2012="+1" xmpNote:HasExtendedXMP="0"'
    assert said(photo(xmp=xmp(INSIDE + orders, told))) == {
        "dc:subject": ["holiday"],
        "xmp:Rating": "4",
    }


def test_dates_of_xmp_count_where_exif_has_none() -> None:
    """Immich prefers any date of a side-car to the photo's own."""
    dated = xmp("", 'xmp:CreateDate="2020-01-01" photoshop:DateCreated="2019-05-06"')
    assert said(photo(xmp=dated)) == {
        "xmp:CreateDate": "2020-01-01",
        "photoshop:DateCreated": "2019-05-06",
    }
    assert said(photo(xmp=dated, exif=exif(DateTime="2019:05:06 07:08:09"))) == {}


def test_xmp_that_is_longer_than_a_segment() -> None:
    rest = xmp("<dc:rights><rdf:Alt><rdf:li>Refuge</rdf:li></rdf:Alt></dc:rights>")
    content = photo(xmp=xmp(INSIDE, 'xmpNote:HasExtendedXMP="0123"'))
    half = len(rest) // 2
    for place, part in ((half, rest[half:]), (0, rest[:half])):
        head = b"http://ns.adobe.com/xmp/extension/\0" + b"0" * 32
        head += len(rest).to_bytes(4, "big") + place.to_bytes(4, "big")
        content = with_segment(content, 0xE1, head + part)
    assert said(content) == {
        "dc:subject": ["holiday"],
        "xmp:Rating": "4",
        "dc:rights": ["Refuge"],
    }


@pytest.mark.parametrize(
    "content",
    [
        b"photo",
        photo(),
        photo(xmp=b"<x:xmpmeta"),
        photo(exif=b"Exif\0\0MM\0*\0\0\0\x08\xff\xff"),
        iptc((25, b"\0"))[:-2],
    ],
    ids=["no photo", "nothing", "damaged XMP", "damaged EXIF", "damaged IPTC"],
)
def test_what_is_damaged_is_passed_over(content: bytes) -> None:
    assert said(content) == {}


def test_a_photo_stays_as_it_is(tmp_path: Path) -> None:
    content = photo(xmp=xmp())
    path = tmp_path / "rex.jpg"
    path.write_bytes(content)
    embedded(path.read_bytes())
    assert path.read_bytes() == content
