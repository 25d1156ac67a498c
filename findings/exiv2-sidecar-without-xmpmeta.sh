#!/usr/bin/env bash
# Exiv2 refuses a side-car that begins with rdf:RDF, though it reads the same packet in a JPEG.
#
# Version: pyexiv2 2.16.0 (Exiv2 0.28.8) and pillow 13.0.0 from PyPI, Python 3.11. Exiv2 0.27.6 and
#   darktable 4.2.1 of Debian 12 do the same.
# Expected: the element x:xmpmeta round rdf:RDF is optional in XMP (ISO 16684-1), so a
#   side-car without it is read like one with it, as ExifTool does.
# Seen: the side-car is "an unknown image type", with an XML declaration before it or without. Put
#   into a JPEG, the same packet is read, tags and all. So programs built on Exiv2 find no tags in
#   such a side-car, and darktable refuses to open it.
# What it means for Barkive: it writes side-cars with x:xmpmeta. One that another program wrote
#   without stays so, and Exiv2 reads neither that program's tags in it nor Barkive's.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check --no-deps \
    pyexiv2==2.16.0 pillow==13.0.0

cd "$work"
"$work/venv/bin/python" - <<'PYTHON'
import pyexiv2
from PIL import Image

RDF = (
    '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    '<rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/">'
    "<dc:subject><rdf:Bag><rdf:li>Rex</rdf:li></rdf:Bag></dc:subject>"
    "</rdf:Description></rdf:RDF>"
)
TAGS = {"Xmp.dc.subject": ["Rex"]}


def read(name: str) -> object:
    try:
        with pyexiv2.Image(name) as image:
            return image.read_xmp()
    except RuntimeError as error:
        return str(error).rpartition(": ")[2]


for name, text in (
    ("bare.xmp", RDF),
    ("declared.xmp", f'<?xml version="1.0" encoding="UTF-8"?>\n{RDF}'),
    ("wrapped.xmp", f'<x:xmpmeta xmlns:x="adobe:ns:meta/">{RDF}</x:xmpmeta>'),
):
    with open(name, "w", encoding="utf-8") as file:
        file.write(text)
Image.new("RGB", (8, 6)).save("photo.jpg", xmp=RDF.encode())
found = {name: read(name) for name in ("bare.xmp", "declared.xmp", "wrapped.xmp", "photo.jpg")}
for name, said in found.items():
    print(f"{name:13} {said}")

if found["wrapped.xmp"] != TAGS or found["photo.jpg"] != TAGS:
    raise SystemExit("Changed: what was read is not.")
if {found["bare.xmp"], found["declared.xmp"]} != {
    "The file contains data of an unknown image type"
}:
    raise SystemExit("Changed: a side-car without x:xmpmeta is read.")
print("As stated.")
PYTHON
