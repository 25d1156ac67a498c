"""Side-cars as other programs read them; where one is missing, its tests are skipped by name.

digiKam's and Immich's rules, which can't be run here, are in `test_tag_lists`.
"""

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from barkive.catalogue.export.xmp import write_sidecars
from barkive.catalogue.records import Entry

TAGS = {"Places|Kennel 3", "holiday", "garden", "Dog|Chihuahua"}
WORDS = {"holiday", "garden", "Kennel 3", "Chihuahua"}
XMP = b"""\
<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description rdf:about="uuid:faf5bdd5" xmlns:dc="http://purl.org/dc/elements/1.1/"
 xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmlns:lr="http://ns.adobe.com/lightroom/1.0/">
<xmp:Rating>4</xmp:Rating>
<dc:subject><rdf:Bag><rdf:li>holiday</rdf:li><rdf:li>garden</rdf:li></rdf:Bag></dc:subject>
<lr:hierarchicalSubject><rdf:Bag><rdf:li>Places|Kennel 3</rdf:li></rdf:Bag>
</lr:hierarchicalSubject></rdf:Description></rdf:RDF>"""


def program(name: str) -> str:
    """Where a program lies; skips the test where there is none."""
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"{name} is not installed")
    return found


@pytest.fixture
def photo(tmp_path: Path, make_entry: Callable[..., Entry]) -> Path:
    """A photo with tags of its own, and its new side-car."""
    path = tmp_path / "rex.jpg"
    Image.new("RGB", (64, 48), "white").save(path, xmp=XMP)
    assert write_sidecars([make_entry(file=str(path))], None, "en").written == 1
    return path


def ran(*command: str | Path) -> str:
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=True)
    return done.stdout


def test_exiftool(photo: Path) -> None:
    sidecar = photo.with_name("rex.jpg.xmp")
    (read,) = json.loads(ran(program("exiftool"), "-j", "-struct", sidecar))
    assert set(read["HierarchicalSubject"]) == TAGS
    assert {tag.replace("/", "|") for tag in read["TagsList"]} == TAGS
    assert set(read["Subject"]) == WORDS
    assert read["Rating"] == 4
    assert "OK" in ran(program("exiftool"), "-validate", sidecar)


def test_exiv2(photo: Path) -> None:
    sidecar = photo.with_name("rex.jpg.xmp")
    read = ran(program("exiv2"), "-PXkt", sidecar)
    values = {
        name: set(value.strip().split(", "))
        for name, _, value in (line.partition(" ") for line in read.splitlines())
    }
    assert values["Xmp.lr.hierarchicalSubject"] == TAGS
    assert {tag.replace("/", "|") for tag in values["Xmp.digiKam.TagsList"]} == TAGS
    assert values["Xmp.dc.subject"] == WORDS
    assert values["Xmp.xmp.Rating"] == {"4"}


@pytest.mark.slow
def test_darktable(photo: Path, tmp_path: Path) -> None:
    """It reads the photo with its side-car, and writes what it read into a copy."""
    command, exiftool = program("darktable-cli"), program("exiftool")
    copy = tmp_path / "copy.jpg"
    private = ("--core", "--configdir", tmp_path / "config", "--library", ":memory:")
    ran(command, photo, photo.with_name("rex.jpg.xmp"), copy, *private)
    (read,) = json.loads(ran(exiftool, "-j", "-struct", copy))
    assert set(read["Subject"]) >= WORDS
    assert read["Rating"] == 4
