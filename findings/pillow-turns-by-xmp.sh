#!/usr/bin/env bash
# Pillow turns a photo by the orientation in its XMP where the Exif data has none; OpenCV doesn't.
#
# Version: Pillow 13.0.0 and opencv-python-headless 5.0.0.93 from PyPI, Python 3.11.
# Expected: `exif_transpose()` goes by the Exif data. A photo without any, whose XMP says
#   `tiff:Orientation="6"`, stays as it is stored.
# Seen: in JPEG, PNG, WebP and TIFF alike `getexif()` takes an orientation from the XMP, though no
#   Exif data is there, and `exif_transpose()` turns the picture. OpenCV, which heeds the Exif
#   orientation in all four, leaves it as stored. So a box that was found with Pillow lies
#   elsewhere in the picture that OpenCV reads, and the two disagree on its width and height. An
#   Exif orientation, even of 1, comes first for both.
# What it means for Barkive: boxes are safe only if the orientation is taken from the Exif data (the
#   tags of a TIFF) alone. For a photo that only XMP turns, export an upright copy.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check --no-deps \
    pillow==13.0.0 opencv-python-headless==5.0.0.93 numpy==2.4.6

"$work/venv/bin/python" - <<'PYTHON'
import io

import cv2
import numpy as np
from PIL import ExifTags, Image, ImageOps
from PIL.PngImagePlugin import PngInfo

XMP = (
    '<x:xmpmeta xmlns:x="adobe:ns:meta/">'
    '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    '<rdf:Description rdf:about="" xmlns:tiff="http://ns.adobe.com/tiff/1.0/"'
    ' tiff:Orientation="6"/></rdf:RDF></x:xmpmeta>'
)
ORIENTATION = ExifTags.Base.Orientation


def photo(form: str, xmp: bool, exif: int | None) -> bytes:
    """A picture of 60 x 40 with an orientation of 6 in XMP, and one in Exif."""
    options = {}
    if form == "TIFF":  # its own tags hold the orientation, and its XMP
        options["tiffinfo"] = {ExifTags.Base.XMLPacket: XMP.encode()} if xmp else {}
        options["tiffinfo"] |= {ORIENTATION: exif} if exif is not None else {}
    elif exif is not None:
        options["exif"] = Image.Exif()
        options["exif"][ORIENTATION] = exif
    if xmp and form == "PNG":
        options["pnginfo"] = PngInfo()
        options["pnginfo"].add_itxt("XML:com.adobe.xmp", XMP)
    elif xmp and form != "TIFF":
        options["xmp"] = XMP.encode()
    written = io.BytesIO()
    Image.new("RGB", (60, 40), "tan").save(written, form, **options)
    return written.getvalue()


def sizes(content: bytes) -> tuple[tuple[int, int], tuple[int, int]]:
    """Width and height as Pillow turns the picture, and as OpenCV reads it."""
    with Image.open(io.BytesIO(content)) as image:
        pillow = ImageOps.exif_transpose(image).size
    read = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR)
    return pillow, read.shape[1::-1]


FORMS = ("JPEG", "PNG", "WEBP", "TIFF")
by_xmp = {form: sizes(photo(form, True, None)) for form in FORMS}
by_exif = {form: sizes(photo(form, False, 6)) for form in FORMS}
against = {form: sizes(photo(form, True, 1)) for form in FORMS}
print("A picture stored as 60 x 40")
for form in FORMS:
    for said, found in (
        ("only XMP says 6", by_xmp[form]),
        ("only Exif says 6", by_exif[form]),
        ("XMP says 6, Exif 1", against[form]),
    ):
        print(f"{form:4}  {said:18}  Pillow {found[0]}  OpenCV {found[1]}")
with Image.open(io.BytesIO(photo("JPEG", True, None))) as image:
    has_exif, taken = "exif" in image.info, image.getexif().get(ORIENTATION)
print(f"JPEG  only XMP says 6: holds Exif data: {has_exif}; getexif() says {taken}")

if any(found != ((40, 60), (60, 40)) for found in by_xmp.values()):
    raise SystemExit("Changed: they agree where only XMP has an orientation.")
if has_exif or taken != 6:
    raise SystemExit("Changed: getexif() tells Exif from XMP.")
if any(found != ((40, 60), (40, 60)) for found in by_exif.values()):
    raise SystemExit("Changed: they don't agree where Exif has an orientation.")
if any(found != ((60, 40), (60, 40)) for found in against.values()):
    raise SystemExit("Changed: an Exif orientation doesn't come first.")
print("As stated.")
PYTHON
