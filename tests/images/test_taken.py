from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, PngImagePlugin

from barkive.images import describe
from barkive.images.taken import taken_by_name

NOON = "2026-05-31 14:22:33"


def saved(kind: str = "JPEG", **options) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (8, 6)).save(file, kind, **options)
    return file.getvalue()


def exif(tags: dict[int, str], exposure: dict[int, str] | None = None) -> Image.Exif:
    made = Image.Exif()
    made.update(tags)
    if exposure:
        made[34665] = exposure
    return made


def xmp(said: str) -> bytes:
    return (
        '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="r"><rdf:Description '
        f"{said}</rdf:Description></rdf:RDF></x:xmpmeta>"
    ).encode()


def iptc(date: str, time: str | None = None) -> bytes:
    """Photoshop's segment of a JPEG with a date and a time of creation."""
    records = [(55, date)] + ([(60, time)] if time else [])
    data = b"".join(
        bytes((0x1C, 2, number)) + len(text).to_bytes(2, "big") + text.encode()
        for number, text in records
    )
    data += b"\0" * (len(data) % 2)
    said = b"Photoshop 3.0\x008BIM\4\4\0\0" + len(data).to_bytes(4, "big") + data
    segment = b"\xff\xed" + (len(said) + 2).to_bytes(2, "big") + said
    plain = saved()
    return plain[:2] + segment + plain[2:]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (saved(exif=exif({}, {36867: "2026:05:31 14:22:33"})), NOON),
        (saved(exif=exif({}, {36867: "2026:05:31 14:22:33.123+02:00"})), NOON),
        (saved(exif=exif({}, {36867: "2026-05-31T14:22:33Z"})), NOON),
        (saved(exif=exif({}, {36867: "2026:05:31"})), "2026-05-31 00:00:00"),
        (saved(exif=exif({306: "2026:05:31 14:22:33"}, {36867: "    :  :     :  :  "})), NOON),
        (saved(exif=exif({306: "0000:00:00 00:00:00"})), "None"),
        (saved(xmp=xmp('exif:DateTimeOriginal="2026-05-31T14:22:33.5+02:00">')), NOON),
        (saved(xmp=xmp("><xmp:CreateDate>2026-05-31T14:22:33Z</xmp:CreateDate>")), NOON),
        (saved(xmp=xmp("photoshop:DateCreated='2026-05-31'>")), "2026-05-31 00:00:00"),
        (saved(xmp=xmp('xmp:ModifyDate="2026-05-31T14:22:33Z">')), "None"),
        (
            saved(xmp=xmp('xmp:CreateDate="2026-05">'), exif=exif({306: "2026:05:31 14:22:33"})),
            NOON,
        ),
        (
            saved(
                xmp=xmp('xmp:CreateDate="2026-05-31T14:22:33">'),
                exif=exif({306: "2026:07:01 09:00:00"}),
            ),
            NOON,
        ),
        (iptc("20260531", "142233+0200"), NOON),
        (iptc("20260531"), "2026-05-31 00:00:00"),
        (iptc("00000000"), "None"),
        (saved("WEBP", xmp=xmp('xmp:CreateDate="2026-05-31T14:22:33">')), NOON),
    ],
)
def test_what_the_metadata_say(content, said):
    assert str(describe(content).taken_at) == said


def test_a_png_and_a_tiff_tell_it_too():
    packet = xmp('xmp:CreateDate="2026-05-31T14:22:33">')
    chunks = PngImagePlugin.PngInfo()
    chunks.add_itxt("XML:com.adobe.xmp", packet.decode())
    assert str(describe(saved("PNG", pnginfo=chunks)).taken_at) == NOON
    assert str(describe(saved("TIFF", tiffinfo={700: packet})).taken_at) == NOON


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("IMG-20260531-WA0001.jpg", "2026-05-31 00:00:00"),
        ("IMG_20260531_142233.jpg", NOON),
        ("IMG_20260531_142233_1.jpg", NOON),
        ("PXL_20260531_142233123.MP.jpg", NOON),
        ("20260531142233.jpg", NOON),
        ("Screenshot_20260531-142233.png", NOON),
        ("signal-2026-05-31-142233.jpg", NOON),
        ("2026-05-31 14.22.33.jpg", NOON),
        ("WhatsApp Image 2026-05-31 at 14.22.33.jpeg", NOON),
        ("photo_2026-05-31_14-22-33 (2).jpg", NOON),
        ("rex 2026-05-31.jpg", "2026-05-31 00:00:00"),
        ("/2026-05-31/rex.jpg", "None"),
        ("DSC_20261331.jpg", "None"),
        ("20260231_rex.jpg", "None"),
        ("1202605311.jpg", "None"),
        ("2026-0531.jpg", "None"),
    ],
)
def test_what_the_name_says(name, said):
    assert str(taken_by_name(f"/photos/{name}" if name[0] != "/" else name)) == said


@given(st.text())
def test_no_name_is_too_odd(name):
    taken_by_name(name)
