"""Crops of dogs as files: where they lie, what they show, and when they are made anew."""

import os
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from barkive.boxes import Box
from barkive.catalogue.export import folders
from barkive.catalogue.export.outcome import Outcome
from barkive.catalogue.export.pictures import cut
from barkive.catalogue.export.tree import Tree
from barkive.catalogue.records import Entry, EntryDog
from barkive.images import find_photos
from barkive.verdicts import BreedName, Candidate, Status

MakeEntry = Callable[..., Entry]
PUG = BreedName("n02110958", "Pug", "Carlin")
RED_BOX = Box(0.1, 0.1, 0.3, 0.7)


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "out"


@pytest.fixture
def photo(turned_photo: Callable[..., Path], make_entry: MakeEntry) -> MakeEntry:
    """An entry of the photo with a red dog."""

    def make(orientation: int = 1, name: str = "rex.jpg", **changes: object) -> Entry:
        path = turned_photo(orientation, name)
        return make_entry(**{"file": str(path), "sha256": name, **changes})

    return make


def write_crops(
    entries: Iterable[Entry], out: Path, margin: float = 0.1, *, gone: bool = True
) -> Outcome:
    return folders.write_crops(entries, Tree(out, copy=False, gone=gone), "en", margin)


def files(out: Path) -> list[str]:
    return sorted(str(p.relative_to(out)) for p in out.glob("*/*"))


def test_a_picture_for_each_dog(
    photo: MakeEntry, pug: EntryDog, unsure: EntryDog, cross: EntryDog, out: Path
) -> None:
    twin = replace(pug, id=17, box=Box(0, 0, 0.2, 0.2))
    entries = [photo(dogs=(cross, pug, unsure, twin)), photo(name="max.png", dogs=(pug,))]
    assert write_crops(entries, out) == Outcome(written=5)
    assert files(out) == [
        "Maltese x Pug/rex.jpg",
        "Not sure/rex.jpg",
        "Pug/max.jpg",
        "Pug/rex-2.jpg",
        "Pug/rex.jpg",
    ]
    assert write_crops(entries, out) == Outcome(unchanged=5)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_crops_are_upright_and_say_nothing_of_the_camera(
    orientation: int, photo: MakeEntry, pug: EntryDog, out: Path
) -> None:
    dog = replace(pug, box=RED_BOX)
    write_crops([photo(orientation, dogs=(dog,))], out, margin=0)
    with Image.open(out / "Pug" / "rex.jpg") as crop:
        assert crop.size == (27, 42)
        assert len(crop.getexif()) == 0
        reds = np.asarray(crop.convert("RGB"))
    assert reds[..., 0].min() > 150
    assert reds[4:-4, 4:-4, 1].max() < 60


@pytest.mark.parametrize(
    ("box", "margin", "shape"),
    [
        (Box(0.25, 0.25, 0.5, 0.5), 0.0, (50, 100)),
        (Box(0.25, 0.25, 0.5, 0.5), 0.1, (70, 120)),
        (Box(0.0, 0.0, 0.5, 0.5), 0.1, (60, 110)),
        (Box(0.5, 0.5, 0.5, 0.5), 1.0, (100, 200)),
        (Box(0.999, 0.999, 0.0001, 0.0001), 0.0, (1, 1)),
    ],
)
def test_the_margin_ends_at_the_edge(box: Box, margin: float, shape: tuple[int, int]) -> None:
    assert cut(np.zeros((100, 200, 3), np.uint8), box, margin).shape[:2] == shape


def test_another_box_margin_or_breed_makes_another_picture(
    photo: MakeEntry, pug: EntryDog, unsure: EntryDog, out: Path
) -> None:
    write_crops([photo(dogs=(pug,))], out)
    assert write_crops([photo(dogs=(pug,))], out, margin=0.2) == Outcome(written=1)
    moved = replace(pug, box=RED_BOX)
    assert write_crops([photo(dogs=(moved,))], out, margin=0.2) == Outcome(written=1)
    assert write_crops([photo(dogs=(replace(unsure, id=7),))], out) == Outcome(written=1, removed=1)
    assert files(out) == ["Not sure/rex.jpg"]


def test_each_dog_keeps_its_name(photo: MakeEntry, pug: EntryDog, out: Path) -> None:
    twin = replace(pug, id=17, box=RED_BOX)
    write_crops([photo(dogs=(pug, twin))], out)
    before = (out / "Pug" / "rex-2.jpg").read_bytes()
    assert write_crops([photo(dogs=(twin,))], out) == Outcome(unchanged=1, removed=1)
    assert files(out) == ["Pug/rex-2.jpg"]
    assert write_crops([photo(dogs=(twin, pug))], out) == Outcome(written=1, unchanged=1)
    assert (out / "Pug" / "rex-2.jpg").read_bytes() == before


def test_dogs_without_a_box_are_counted_and_photos_without_dogs_are_not(
    photo: MakeEntry, pug: EntryDog, out: Path, make_entry: MakeEntry
) -> None:
    entries = [
        photo(dogs=None),
        photo(dogs=(), status=Status.UNCERTAIN),
        photo(dogs=(pug,), status=Status.NOT_DOG),
        make_entry(file="/nowhere/rex.jpg", dogs=(pug,)),
    ]
    assert write_crops(entries, out) == Outcome(skipped=3)


def test_a_photo_that_can_not_be_decoded_is_told_and_its_crop_stays(
    photo: MakeEntry, pug: EntryDog, out: Path
) -> None:
    entry = photo(dogs=(pug,))
    write_crops([entry], out)
    Path(entry.file).write_bytes(b"\xff\xd8\xffnothing more")
    outcome = write_crops([replace(entry, sha256="other")], out)
    assert [f.file for f in outcome.failures] == [entry.file]
    assert files(out) == ["Pug/rex.jpg"]


def test_crops_of_a_photo_that_has_gone_stay(photo: MakeEntry, pug: EntryDog, out: Path) -> None:
    entry = photo(dogs=(pug,))
    write_crops([entry], out)
    Path(entry.file).unlink()
    assert write_crops([entry], out) == Outcome(skipped=1)
    assert files(out) == ["Pug/rex.jpg"]


def test_what_the_user_put_there_stays(photo: MakeEntry, pug: EntryDog, out: Path) -> None:
    mine = out / "Pug" / "rex.jpg"
    mine.parent.mkdir(parents=True)
    mine.write_bytes(b"mine")
    write_crops([photo(dogs=(pug,))], out)
    assert files(out) == ["Pug/rex-2.jpg", "Pug/rex.jpg"]
    assert mine.read_bytes() == b"mine"


def test_a_training_set_of_crops(
    photo: MakeEntry, pug: EntryDog, cross: EntryDog, out: Path
) -> None:
    named = replace(pug, id=3, corrected=True, breeds=(Candidate(PUG, 1.0),))
    entries = [photo(dogs=(cross, named, pug))]
    tree = Tree(out, copy=False, gone=True)
    assert folders.write_training_crops(entries, tree, 0.1) == Outcome(written=1)
    assert files(out) == ["n02110958-pug/rex.jpg"]


def test_names_are_safe(photo: MakeEntry, pug: EntryDog, out: Path) -> None:
    odd = os.fsdecode(b"r\xe9x?.jpg")
    entries = [photo(name=odd, dogs=(pug,)), photo(name="con", dogs=(pug,))]
    assert write_crops(entries, out) == Outcome(written=2)
    assert files(out) == sorted(["Pug/_con.jpg", os.fsdecode(b"Pug/r\xe9x-.jpg")])


def test_a_scan_passes_over_crops(photo: MakeEntry, pug: EntryDog, out: Path) -> None:
    write_crops([photo(dogs=(pug,))], out)
    (out / "Pug" / "mine.jpg").write_bytes((out / "Pug" / "rex.jpg").read_bytes())
    found = find_photos([str(out.parent)])
    below = sorted(str(Path(path).relative_to(out.parent)) for path in found)
    assert below == ["out/Pug/mine.jpg", "turned/rex.jpg"]
