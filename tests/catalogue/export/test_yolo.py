"""Data sets for YOLO: pictures, texts of boxes and classes."""

import os
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from barkive import __version__
from barkive.boxes import Box
from barkive.catalogue import Catalogue, Export
from barkive.catalogue.export import yolo
from barkive.catalogue.export.categories import Categories
from barkive.catalogue.export.outcome import Outcome
from barkive.catalogue.export.tree import Tree
from barkive.catalogue.records import Entry, EntryDog
from barkive.classifier import Classifier
from barkive.errors import UsageError
from barkive.verdicts import BreedName, Status

MakeEntry = Callable[..., Entry]
PUG = BreedName("n02110958", "Pug", "Carlin")
MALTESE = BreedName("n02085936", "Maltese", "Bichon maltais")
CATEGORIES = Categories([PUG, MALTESE], "en")


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "out"


@pytest.fixture
def photo(turned_photo: Callable[..., Path], make_entry: MakeEntry) -> MakeEntry:
    """An entry of the photo with a red dog."""

    def make(name: str = "rex.jpg", orientation: int = 1, **changes: object) -> Entry:
        path = turned_photo(orientation, name)
        return make_entry(**{"file": str(path), "sha256": name, **changes})

    return make


def write_yolo(
    entries: Iterable[Entry],
    out: Path,
    *,
    copy: bool = False,
    upright: bool = False,
    confidence: bool = False,
) -> Outcome:
    tree = Tree(out, copy=copy, gone=True)
    return yolo.write_yolo(entries, tree, CATEGORIES, upright=upright, confidence=confidence)


def files(out: Path) -> list[str]:
    return sorted(str(p.relative_to(out)) for p in out.glob("*/*"))


def test_a_line_for_each_dog(
    photo: MakeEntry, pug: EntryDog, unsure: EntryDog, cross: EntryDog, out: Path
) -> None:
    edge = replace(pug, box=Box(0.3333333, 0.5, 0.6668, 0.50015))
    entries = [
        photo(dogs=(cross, edge, unsure)),
        photo("cat.jpg", status=Status.NOT_DOG, dogs=()),
    ]
    assert write_yolo(entries, out) == Outcome(written=2)
    assert files(out) == ["images/cat.jpg", "images/rex.jpg", "labels/cat.txt", "labels/rex.txt"]
    assert (out / "images/rex.jpg").is_symlink()
    assert (out / "labels/cat.txt").read_text() == ""
    assert (out / "labels/rex.txt").read_text() == (
        "0 0.500000 0.500000 1.000000 1.000000\n"
        "2 0.666667 0.750000 0.666667 0.500000\n"
        "0 0.125000 0.250000 0.250000 0.500000\n"
    )
    assert write_yolo(entries, out) == Outcome(unchanged=2)


def test_a_sixth_column_on_request(
    photo: MakeEntry, pug: EntryDog, unsure: EntryDog, out: Path
) -> None:
    entry = photo(dogs=(pug, unsure))
    write_yolo([entry], out)
    assert write_yolo([entry], out, confidence=True) == Outcome(written=1)
    assert (out / "labels/rex.txt").read_text() == (
        "2 0.750000 0.500000 0.500000 0.500000 0.7200\n"
        "0 0.125000 0.250000 0.250000 0.500000 0.6000\n"
    )


def test_photos_whose_names_differ_in_the_ending_have_texts_of_their_own(
    photo: MakeEntry, pug: EntryDog, unsure: EntryDog, out: Path
) -> None:
    entries = [photo(dogs=(pug,)), photo("rex.png", dogs=(unsure,)), photo("REX.JPG", dogs=())]
    entries[2] = replace(entries[2], status=Status.NOT_DOG)
    assert write_yolo(entries, out) == Outcome(written=3)
    assert files(out) == [
        "images/REX-3.JPG",
        "images/rex-2.png",
        "images/rex.jpg",
        "labels/REX-3.txt",
        "labels/rex-2.txt",
        "labels/rex.txt",
    ]
    assert (out / "labels/rex-2.txt").read_text().startswith("0 0.125")
    assert write_yolo(reversed(entries), out) == Outcome(unchanged=3)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_upright_copies_of_turned_photos(
    orientation: int, photo: MakeEntry, pug: EntryDog, out: Path
) -> None:
    entry = photo("rex.png" if orientation == 1 else "rex.jpg", orientation, dogs=(pug,))
    assert write_yolo([entry], out, upright=True) == Outcome(written=1)
    (name,) = (out / "images").iterdir()
    assert name.is_symlink() == (orientation == 1)
    with Image.open(name) as picture:
        assert picture.size == (90, 60)
        assert picture.getexif().get(274, 1) == 1
        red, green, _ = picture.convert("RGB").getpixel((20, 20))
    assert red > 200 > 60 > green
    assert write_yolo([entry], out, upright=True) == Outcome(unchanged=1)


def test_an_upright_copy_takes_the_place_of_a_link(
    photo: MakeEntry, pug: EntryDog, out: Path
) -> None:
    entry = photo("rex.png", 6, dogs=(pug,))
    write_yolo([entry], out)
    assert write_yolo([entry], out, upright=True) == Outcome(written=1, removed=1)
    assert files(out) == ["images/rex.jpg", "labels/rex.txt"]
    assert write_yolo([entry], out) == Outcome(written=1, removed=1)
    assert files(out) == ["images/rex.png", "labels/rex.txt"]


def test_what_would_teach_wrong_things_is_skipped(
    photo: MakeEntry, pug: EntryDog, out: Path, make_entry: MakeEntry
) -> None:
    entries = [
        photo("far.jpg", dogs=None),
        photo("dark.jpg", dogs=(), status=Status.UNCERTAIN),
        photo("broken.jpg", status=Status.FAILED, width=None, height=None),
        make_entry(file="/nowhere/rex.jpg", dogs=(pug,)),
    ]
    assert write_yolo(entries, out) == Outcome(skipped=4)


def test_texts_go_with_their_photos(photo: MakeEntry, pug: EntryDog, out: Path) -> None:
    entries = [photo(dogs=(pug,)), photo("max.jpg", dogs=(pug,))]
    write_yolo(entries, out)
    assert write_yolo(entries[:1], out) == Outcome(unchanged=1, removed=2)
    assert files(out) == ["images/rex.jpg", "labels/rex.txt"]


@pytest.mark.parametrize("copy", [False, True])
def test_of_a_photo_that_has_gone(copy: bool, photo: MakeEntry, pug: EntryDog, out: Path) -> None:
    entry = photo(dogs=(pug,))
    write_yolo([entry], out, copy=copy)
    Path(entry.file).unlink()
    found = write_yolo([entry], out, copy=copy)
    assert found == (Outcome(skipped=1) if copy else Outcome(skipped=1, removed=2))
    assert files(out) == (["images/rex.jpg", "labels/rex.txt"] if copy else [])


def test_boxes_that_the_user_has_changed_stay(photo: MakeEntry, pug: EntryDog, out: Path) -> None:
    entry = photo(dogs=(pug,))
    write_yolo([entry], out)
    (out / "labels/rex.txt").write_text("mine")
    write_yolo([entry], out)
    assert (out / "labels/rex.txt").read_text() == "mine"
    assert (out / "labels/rex-2.txt").read_text() == "2 0.750000 0.500000 0.500000 0.500000\n"


def test_a_photo_that_can_not_be_turned_is_told(photo: MakeEntry, pug: EntryDog, out: Path) -> None:
    entry = photo(orientation=6, dogs=(pug,))
    write_yolo([entry], out, upright=True)
    Path(entry.file).write_bytes(b"\xff\xd8\xffnothing more")
    outcome = write_yolo([entry], out, upright=True)
    assert [f.file for f in outcome.failures] == [entry.file]
    assert files(out) == ["images/rex.jpg", "labels/rex.txt"]


def test_the_classes(tmp_path: Path) -> None:
    odd = Categories([PUG, BreedName("a", 'A: "b"\n', "a"), BreedName("é", "É", "é")], "en")
    yolo.write_classes(tmp_path, odd)
    assert (tmp_path / "classes.txt").read_text("utf-8") == 'Dog\nA: "b"\nPug\nÉ\n'
    assert (tmp_path / "data.yaml").read_text("utf-8") == (
        f"# Written by Barkive {__version__}. Divide the pictures before you train: both are all "
        "of them.\n"
        "train: images\n"
        "val: images\n"
        "names:\n"
        '  0: "Dog"\n'
        '  1: "A: \\"b\\""\n'
        '  2: "Pug"\n'
        '  3: "\\u00c9"\n'
    )


def test_a_data_set_of_somebody_else_is_not_written_into(
    catalogue: Catalogue, classifier: Classifier, kennel: Path, out: Path
) -> None:
    catalogue.scan(kennel, classifier=classifier)
    out.mkdir()
    (out / "data.yaml").write_text("names: [cat]\n")
    with pytest.raises(UsageError, match=r"holds a data\.yaml that Barkive did not write"):
        catalogue.export(Export("yolo", out))
    assert os.listdir(out) == ["data.yaml"]  # noqa: PTH208
    (out / "data.yaml").unlink()
    outcome = catalogue.export(Export("yolo", out))
    assert (outcome.written, outcome.skipped) == (1, 4)
    assert catalogue.export(Export("yolo", out)).unchanged == 1
