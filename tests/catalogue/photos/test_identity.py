"""What happens to folders of photos, and that no word is lost by it or lands on another dog."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from sqlalchemy import update

from barkive.catalogue import Catalogue, Filter, Kind, Label, Summary
from barkive.catalogue.db import schema
from barkive.catalogue.photos import reading
from barkive.catalogue.scan import pipeline, recording
from barkive.catalogue.transfer.copying import copy
from barkive.catalogue.transfer.rebuild import rebuild
from barkive.classifier import Classifier
from barkive.errors import (
    ChangedPhotoError,
    DamagedCatalogueError,
    NothingToSayError,
    PassingError,
    SourceAwayError,
)

pytestmark = pytest.mark.slow

EVERYTHING = Filter(missing=None)
Make = Callable[..., Path]


class Shelter:
    """A folder of photos that a catalogue knows, with what people said of some of them."""

    def __init__(
        self, catalogue: Catalogue, classifier: Classifier, folder: Path, make: Make
    ) -> None:
        self.catalogue, self.folder = catalogue, folder
        self._classifier, self._make = classifier, make

    def picture(self, name: str, seed: int) -> Path:
        """Another picture for each seed."""
        return self._make(f"{self.folder.name}/{name}", size=(320, 240), seed=seed, quality=92)

    def scan(self, *parts: Path, gone: bool = False) -> dict[str, int]:
        """What has become of how many photos; files are at rest by then."""
        for path in (self.folder, *self.folder.rglob("*")):
            if path.stat().st_mtime > 1_700_000_100:
                os.utime(path, (1_700_000_000.5, 1_700_000_000.5))
        summary = self.catalogue.scan(parts or self.folder, classifier=self._classifier, gone=gone)
        names = ("new", "changed", "moved", "replaced", "again", "back", "missing")
        found = {name: getattr(summary, name) for name in names if getattr(summary, name)}
        return found | ({"failed": summary.failures} if summary.failures else {})

    def said(self, name: str) -> tuple[int, str | None]:
        """The number of a photo, and what people said of it."""
        entry = self.catalogue.photo(self.folder / name)
        assert entry.missing_since is None
        return entry.id, entry.breeds[0].label.en if entry.corrected else None

    def numbers(self) -> dict[str, int]:
        """The numbers of the photos that are there."""
        return {Path(one.file).name: one.id for one in self.catalogue.search()}


@pytest.fixture
def shelter(
    catalogue: Catalogue, classifier: Classifier, make_photo: Make, tmp_path: Path
) -> Shelter:
    """Two dogs of whom people have spoken, and a third."""
    shelter = Shelter(catalogue, classifier, tmp_path / "dogs", make_photo)
    for seed, name in enumerate(("ada.jpg", "rex.jpg", "tom.jpg")):
        shelter.picture(name, seed)
    shelter.scan()
    catalogue.label(shelter.folder / "ada.jpg", Label(Kind.BREED, ("pug",), by="Ada"))
    catalogue.label(shelter.folder / "rex.jpg", Label(Kind.BREED, ("boxer",), by="Ada"))
    return shelter


def tag(photo: Path, orientation: int | None = None) -> None:
    """Writes metadata as a photo manager does, and leaves the coded picture as it is."""
    content = photo.read_bytes()
    exif = Image.Exif()
    exif[0x010E] = "Rex in the yard"
    if orientation is not None:
        exif[0x0112] = orientation
    block = exif.tobytes()
    size = (len(block) + 2).to_bytes(2, "big")
    photo.write_bytes(content[:2] + b"\xff\xe1" + size + block + content[2:])


def _tagged(folder: Path) -> str:
    tag(folder / "rex.jpg")
    return "rex.jpg"


def _tagged_beside_and_put_in_place(folder: Path) -> str:
    shutil.copy(folder / "rex.jpg", folder / "rex.tmp")
    tag(folder / "rex.tmp")
    (folder / "rex.tmp").replace(folder / "rex.jpg")
    return "rex.jpg"


def _turned_by_a_tag(folder: Path) -> str:
    tag(folder / "rex.jpg", orientation=6)
    return "rex.jpg"


def _save(photo: Path, turn: Image.Transpose | None = None, **options: object) -> None:
    with Image.open(photo) as image:
        changed = image.copy() if turn is None else image.transpose(turn)
    changed.save(photo, **options)  # type: ignore[arg-type]


def _turned_pixel_by_pixel(folder: Path) -> str:
    _save(folder / "rex.jpg", Image.Transpose.ROTATE_270, quality=92)
    return "rex.jpg"


def _mirrored(folder: Path) -> str:
    _save(folder / "rex.jpg", Image.Transpose.FLIP_LEFT_RIGHT, quality=92)
    return "rex.jpg"


def _coded_anew(folder: Path) -> str:
    _save(folder / "rex.jpg", quality=70)
    return "rex.jpg"


def _made_smaller(folder: Path) -> str:
    with Image.open(folder / "rex.jpg") as image:
        small = image.resize((160, 120), Image.Resampling.LANCZOS)
    small.save(folder / "rex.jpg", quality=85)
    return "rex.jpg"


def _converted(folder: Path) -> str:
    with Image.open(folder / "rex.jpg") as image:
        image.save(folder / "rex.webp", quality=85)
    (folder / "rex.jpg").unlink()
    return "rex.webp"


def _moved_and_converted(folder: Path) -> str:
    (folder / "out").mkdir()
    with Image.open(folder / "rex.jpg") as image:
        image.save(folder / "out" / "REX.png")
    (folder / "rex.jpg").unlink()
    return "out/REX.png"


def _moved(folder: Path) -> str:
    (folder / "out").mkdir()
    shutil.move(folder / "rex.jpg", folder / "out" / "queen.jpg")
    return "out/queen.jpg"


def _moved_and_tagged(folder: Path) -> str:
    name = _moved(folder)
    tag(folder / name)
    return name


def _moved_and_turned_by_a_tag(folder: Path) -> str:
    name = _moved(folder)
    tag(folder / name, orientation=8)
    return name


def _spelled_in_capitals(folder: Path) -> str:
    (folder / "rex.jpg").rename(folder / "REX.JPG")
    return "REX.JPG"


def _copied_and_the_first_one_deleted(folder: Path) -> str:
    shutil.copy(folder / "rex.jpg", folder / "rex (1).jpg")
    (folder / "rex.jpg").unlink()
    return "rex (1).jpg"


def _linked_and_the_first_name_taken_away(folder: Path) -> str:
    os.link(folder / "rex.jpg", folder / "king.jpg")
    (folder / "rex.jpg").unlink()
    return "king.jpg"


def _written_anew_byte_for_byte(folder: Path) -> str:
    content = (folder / "rex.jpg").read_bytes()
    (folder / "rex.jpg").unlink()
    (folder / "rex.jpg").write_bytes(content)
    return "rex.jpg"


def _with_the_clock_set_back(folder: Path) -> str:
    tag(folder / "rex.jpg")
    os.utime(folder / "rex.jpg", (10**9 + 0.5, 10**9 + 0.5))
    return "rex.jpg"


def _with_an_older_time(folder: Path) -> str:
    os.utime(folder / "rex.jpg", (10**9 + 0.5, 10**9 + 0.5))
    return "rex.jpg"


def _the_folder_renamed(folder: Path) -> str:
    for name in ("rex.jpg", "ada.jpg"):
        (folder / "2026" / "may").mkdir(parents=True, exist_ok=True)
        shutil.move(folder / name, folder / "2026" / "may" / name)
    return "2026/may/rex.jpg"


SAME = [
    *(_tagged, _tagged_beside_and_put_in_place, _turned_by_a_tag, _turned_pixel_by_pixel),
    *(_mirrored, _coded_anew, _made_smaller, _converted, _moved_and_converted, _moved),
    *(_moved_and_tagged, _moved_and_turned_by_a_tag, _spelled_in_capitals),
    *(_copied_and_the_first_one_deleted, _linked_and_the_first_name_taken_away),
    *(_written_anew_byte_for_byte, _with_the_clock_set_back, _with_an_older_time),
    _the_folder_renamed,
]


@pytest.mark.parametrize("happens", SAME, ids=lambda one: one.__name__.strip("_"))
def test_a_picture_keeps_its_number_and_what_people_said(
    shelter: Shelter, happens: Callable[[Path], str]
) -> None:
    before = shelter.numbers()
    name = happens(shelter.folder)
    shelter.scan()
    assert shelter.said(name) == (before["rex.jpg"], "Boxer")
    assert sorted(shelter.numbers().values()) == sorted(before.values())
    assert shelter.catalogue.count(EVERYTHING) == 3
    # And nothing of it is forgotten, or comes twice.
    assert shelter.scan() == {}
    assert [one.by for one in shelter.catalogue.history(before["rex.jpg"])] == ["Ada"]


@pytest.mark.parametrize("happens", SAME, ids=lambda one: one.__name__.strip("_"))
def test_a_picture_that_was_away_for_a_while_comes_back_as_it_was(
    shelter: Shelter, happens: Callable[[Path], str], tmp_path: Path
) -> None:
    before = shelter.numbers()
    away = tmp_path / "bin"
    away.mkdir()
    shutil.move(shelter.folder / "rex.jpg", away / "rex.jpg")
    assert shelter.scan() == {"missing": 1}
    shutil.move(away / "rex.jpg", shelter.folder / "rex.jpg")
    name = happens(shelter.folder)
    shelter.scan()
    assert shelter.said(name) == (before["rex.jpg"], "Boxer")
    assert shelter.catalogue.count(EVERYTHING) == 3


def _another(shelter: Shelter) -> None:
    shelter.picture("rex.jpg", 9)


def _another_with_the_same_time(shelter: Shelter) -> None:
    status = (shelter.folder / "rex.jpg").stat()
    shelter.picture("rex.jpg", 9)
    os.utime(shelter.folder / "rex.jpg", ns=(status.st_atime_ns, status.st_mtime_ns))


def _another_that_is_known_from_elsewhere(shelter: Shelter) -> None:
    shutil.copy(shelter.folder / "tom.jpg", shelter.folder / "rex.jpg")


def _deleted_and_another_after_a_scan(shelter: Shelter) -> None:
    (shelter.folder / "rex.jpg").unlink()
    shelter.scan()
    shelter.picture("rex.jpg", 9)


@pytest.mark.parametrize(
    "happens",
    [
        *(_another, _another_with_the_same_time, _another_that_is_known_from_elsewhere),
        _deleted_and_another_after_a_scan,
    ],
    ids=lambda one: one.__name__.strip("_"),
)
def test_another_picture_under_an_old_name_is_another_photo(
    shelter: Shelter, happens: Callable[[Shelter], None], tmp_path: Path
) -> None:
    before = shelter.numbers()
    kept = shutil.copy(shelter.folder / "rex.jpg", tmp_path / "kept.jpg")
    happens(shelter)
    shelter.scan()
    number, said = shelter.said("rex.jpg")
    assert said is None
    assert number not in before.values()
    gone = shelter.catalogue.photo(before["rex.jpg"])
    assert (gone.missing_since is None, gone.labels[0].en) == (False, "Boxer")
    # The picture itself may turn up again, here under another name.
    shutil.move(kept, shelter.folder / "found.jpg")
    shelter.scan()
    assert shelter.said("found.jpg") == (before["rex.jpg"], "Boxer")
    assert shelter.said("rex.jpg") == (number, None)


@pytest.mark.parametrize("size", [True, False], ids=["of one size and time", "of two sizes"])
@pytest.mark.parametrize("batch", [256, 1])
def test_two_files_exchange_their_names(
    shelter: Shelter, size: bool, batch: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("barkive.catalogue.scan.pipeline._BATCH", batch)
    if size:
        for seed, name in enumerate(("ada.bmp", "rex.bmp")):
            shelter.picture(name, 20 + seed)
        shelter.scan()
        shelter.catalogue.label(shelter.folder / "ada.bmp", Label(Kind.BREED, ("maltese",)))
    first, second = ("ada.bmp", "rex.bmp") if size else ("ada.jpg", "rex.jpg")
    before = {name: shelter.said(name) for name in (first, second)}
    (shelter.folder / first).rename(shelter.folder / "x")
    (shelter.folder / second).rename(shelter.folder / first)
    (shelter.folder / "x").rename(shelter.folder / second)
    assert shelter.scan() == {"moved": 2}
    assert {first: shelter.said(second), second: shelter.said(first)} == before


def renumber(folder: Path, by: int) -> None:
    """Has each `kennelN.jpg` be called by another number, as when one is put in or taken out."""
    photos = sorted(folder.glob("kennel*.jpg"), reverse=by > 0)
    for photo in photos:
        photo.rename(folder / f"kennel{int(photo.stem[6:]) + by}.jpg")


@pytest.fixture
def kennels(shelter: Shelter) -> dict[int, tuple[int, str | None]]:
    """The numbers and breeds of five photos with numbers in their names."""
    breeds = ["pug", "boxer", "maltese", None, "beagle"]
    for at in range(len(breeds)):
        shelter.picture(f"kennel{at + 2}.jpg", 30 + at)
    shelter.scan()
    for at, breed in enumerate(breeds):
        if breed is not None:
            shelter.catalogue.label(
                shelter.folder / f"kennel{at + 2}.jpg", Label(Kind.BREED, (breed,))
            )
    return {at + 2: shelter.said(f"kennel{at + 2}.jpg") for at in range(len(breeds))}


@pytest.mark.parametrize("by", [1, -1])
@pytest.mark.parametrize("batch", [1, 2, 256])
@pytest.mark.parametrize("tagged", [False, True], ids=["", "tagged"])
def test_a_folder_is_numbered_anew(
    shelter: Shelter,
    kennels: dict[int, tuple[int, str | None]],
    by: int,
    batch: int,
    tagged: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("barkive.catalogue.scan.pipeline._BATCH", batch)
    renumber(shelter.folder, by)
    new = f"kennel{2 if by > 0 else 6}.jpg"
    shelter.picture(new, 50)
    if tagged:
        for photo in shelter.folder.glob("kennel*.jpg"):
            tag(photo)
    shelter.scan()
    for at, said in kennels.items():
        assert shelter.said(f"kennel{at + by}.jpg") == said
    assert shelter.said(new)[1] is None
    assert shelter.said(new)[0] not in {number for number, _ in kennels.values()}


@pytest.mark.parametrize("by", [1, -1])
@pytest.mark.parametrize("after", [1, 2, 3, 4])
def test_a_scan_that_is_cut_off_between_two_batches_mixes_nothing_up(
    shelter: Shelter,
    classifier: Classifier,
    kennels: dict[int, tuple[int, str | None]],
    by: int,
    after: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("barkive.catalogue.scan.pipeline._BATCH", 1)
    renumber(shelter.folder, by)
    done = 0

    def stop(_: int, total: int | None) -> None:
        nonlocal done
        done += 1
        if done > after:
            raise KeyboardInterrupt

    summary = Summary()
    with pytest.raises(KeyboardInterrupt):
        shelter.catalogue.scan(
            shelter.folder, classifier=classifier, summary=summary, on_progress=stop
        )
    shelter.scan()
    for at, said in kennels.items():
        assert shelter.said(f"kennel{at + by}.jpg") == said


def test_a_photo_that_is_seen_half_written_keeps_all(shelter: Shelter) -> None:
    rex = shelter.folder / "rex.jpg"
    number = shelter.said("rex.jpg")[0]
    tag(rex)
    whole = rex.read_bytes()
    for part in (len(whole) // 2, 100, 0):
        rex.write_bytes(whole[:part])
        assert shelter.scan()["failed"] == 1
        entry = shelter.catalogue.photo(number)
        assert (entry.corrected, entry.labels[0].en, entry.missing_since) == (True, "Boxer", None)
        assert entry.unreadable_since is not None
        assert entry.error is not None
        assert entry.prediction is not None
    rex.write_bytes(whole)
    assert shelter.scan() == {"changed": 1}
    assert shelter.said("rex.jpg") == (number, "Boxer")
    entry = shelter.catalogue.photo(number)
    assert (entry.unreadable_since, entry.error) == (None, None)


def test_a_converted_photo_that_is_seen_half_written_is_known_when_it_is_whole(
    shelter: Shelter,
) -> None:
    before = shelter.said("rex.jpg")
    _converted(shelter.folder)
    whole = (shelter.folder / "rex.webp").read_bytes()
    (shelter.folder / "rex.webp").write_bytes(whole[:300])
    assert shelter.scan() == {"new": 1, "missing": 1, "failed": 1}
    (shelter.folder / "rex.webp").write_bytes(whole)
    assert shelter.scan() == {"moved": 1}
    assert shelter.said("rex.webp") == before


def test_a_number_that_a_photo_had_until_it_was_recognised_leads_to_it(
    shelter: Shelter, classifier: Classifier
) -> None:
    catalogue = shelter.catalogue
    before = shelter.said("rex.jpg")
    name = _converted(shelter.folder)
    seen: set[int] = set()
    catalogue.scan(
        shelter.folder,
        classifier=classifier,
        on_progress=lambda *_: seen.update(
            one.id for one in catalogue.search() if one.file.endswith(name)
        ),
    )
    assert shelter.said(name) == before
    (number,) = seen
    assert number != before[0]
    assert catalogue.photo(number).id == before[0]


def test_half_of_another_picture_is_not_taken_for_the_old_one(shelter: Shelter) -> None:
    before = shelter.numbers()
    whole = shelter.picture("rex.jpg", 9).read_bytes()
    (shelter.folder / "rex.jpg").write_bytes(whole[: len(whole) // 2])
    shelter.scan()
    assert shelter.catalogue.photo(before["rex.jpg"]).unreadable_since is not None
    with pytest.raises(ChangedPhotoError):
        shelter.catalogue.label(shelter.folder / "rex.jpg", Label(Kind.BREED, ("pug",)))
    (shelter.folder / "rex.jpg").write_bytes(whole)
    assert shelter.scan() == {"replaced": 1}
    number, said = shelter.said("rex.jpg")
    assert (number in before.values(), said) == (False, None)


def test_files_that_are_empty_at_first_become_photos_of_their_own(shelter: Shelter) -> None:
    for name in ("one.jpg", "two.jpg", "three.jpg"):
        (shelter.folder / name).write_bytes(b"")
    shelter.scan()
    before = shelter.numbers()
    shelter.picture("one.jpg", 40)
    shelter.scan()
    shelter.catalogue.label(shelter.folder / "one.jpg", Label(Kind.BREED, ("maltese",)))
    # The next one is empty as the first one was.
    (shelter.folder / "four.jpg").write_bytes(b"")
    shelter.scan()
    for seed, name in enumerate(("two.jpg", "three.jpg", "four.jpg")):
        shelter.picture(name, 41 + seed)
    shelter.scan()
    assert shelter.said("one.jpg") == (before["one.jpg"], "Maltese")
    for name in ("two.jpg", "three.jpg"):
        assert shelter.said(name) == (before[name], None)
    assert shelter.said("four.jpg")[1] is None
    pictures = [one.picture for one in shelter.catalogue.search()]
    assert len(set(pictures)) == len(pictures) == 7


def test_a_photo_that_is_empty_once_more_lends_nobody_its_name(shelter: Shelter) -> None:
    (shelter.folder / "one.jpg").write_bytes(b"")
    shelter.scan()
    shelter.picture("one.jpg", 40)
    shelter.scan()
    shelter.catalogue.label(shelter.folder / "one.jpg", Label(Kind.BREED, ("maltese",)))
    (shelter.folder / "one.jpg").unlink()
    (shelter.folder / "other.jpg").write_bytes(b"")
    shelter.scan()
    shelter.picture("other.jpg", 41)
    shelter.scan()
    assert shelter.said("other.jpg")[1] is None


def test_a_word_on_a_file_that_could_not_be_read_stays_with_what_it_held(
    shelter: Shelter,
) -> None:
    shelter.folder.joinpath("new.jpg").write_bytes(b"\xff\xd8\xffnothing")
    shelter.scan()
    number = shelter.catalogue.label(shelter.folder / "new.jpg", Label(Kind.NOT_DOG)).id
    shelter.folder.joinpath("new.jpg").write_bytes(b"\xff\xd8\xffnothing more")
    shelter.scan()
    assert shelter.catalogue.photo(number).corrected
    shelter.picture("new.jpg", 40)
    shelter.scan()
    assert shelter.said("new.jpg")[1] is None
    assert shelter.catalogue.photo(number).corrected


@pytest.fixture
def shut(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """Names of files that can't be read, as for another user."""
    names: set[str] = set()
    read = reading.read_file

    def refuse(path: str) -> bytes:
        if Path(path).name in names:
            raise PassingError("verbatim", sentence="No permission to read the file.")
        return read(path)

    for module in ("photos.reading", "photos.identity", "scan.placing", "scan.pipeline"):
        monkeypatch.setattr(f"barkive.catalogue.{module}.read_file", refuse)
    return names


def test_a_photo_without_permission_keeps_all_and_is_tried_again(
    shelter: Shelter, shut: set[str]
) -> None:
    before = shelter.said("rex.jpg")
    tag(shelter.folder / "rex.jpg")
    shut.add("rex.jpg")
    for _ in range(2):
        assert shelter.scan()["failed"] == 1
        assert shelter.said("rex.jpg") == before
    with pytest.raises(ChangedPhotoError, match="can't be read now"):
        shelter.catalogue.label(shelter.folder / "rex.jpg", Label(Kind.BREED, ("pug",)))
    shut.clear()
    assert shelter.scan() == {"changed": 1}
    assert shelter.said("rex.jpg") == before


def test_a_photo_that_is_moved_and_shut_is_known_when_it_is_open_again(
    shelter: Shelter, shut: set[str]
) -> None:
    before = shelter.said("rex.jpg")
    shutil.move(shelter.folder / "rex.jpg", shelter.folder / "queen.jpg")
    shut.add("queen.jpg")
    shelter.scan()
    assert shelter.catalogue.photo(before[0]).labels[0].en == "Boxer"
    shut.clear()
    shelter.scan()
    assert shelter.said("queen.jpg") == before
    assert shelter.catalogue.count(EVERYTHING) == 3


def test_photos_are_the_same_before_their_decoder_is_there_and_after(
    shelter: Shelter, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(content: bytes, **options: int) -> object:
        raise PassingError("verbatim", sentence="A HEIC photo needs the extra “heic”.")

    shelter.picture("new.jpg", 40)
    before = shelter.said("rex.jpg")
    with monkeypatch.context() as without:
        without.setattr(reading, "decode", refuse)
        assert shelter.scan() == {"new": 1, "failed": 1}
        new = shelter.said("new.jpg")[0]
        shelter.catalogue.label(shelter.folder / "new.jpg", Label(Kind.BREED, ("maltese",)))
        # Known by its bytes, also where it has moved.
        shutil.move(shelter.folder / "rex.jpg", shelter.folder / "king.jpg")
        shelter.scan()
        assert shelter.said("king.jpg") == before
        entry = shelter.catalogue.photo(before[0])
        assert entry.prediction is not None
        assert entry.unreadable_since is not None
        assert entry.sha256 is not None
    shelter.scan()
    assert shelter.said("king.jpg") == before
    assert shelter.said("new.jpg") == (new, "Maltese")
    assert shelter.catalogue.photo(before[0]).unreadable_since is None
    assert shelter.catalogue.count(EVERYTHING) == 4


def test_another_picture_in_the_place_of_one_that_has_moved_unread(
    shelter: Shelter, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(content: bytes, **options: int) -> object:
        raise PassingError("verbatim", sentence="A HEIC photo needs the extra “heic”.")

    before = shelter.said("rex.jpg")
    shutil.move(shelter.folder / "rex.jpg", shelter.folder / "king.jpg")
    with monkeypatch.context() as without:
        without.setattr(reading, "decode", refuse)
        shelter.scan()
    shelter.picture("king.jpg", 40)
    shelter.scan()
    assert shelter.said("king.jpg")[1] is None
    assert shelter.catalogue.photo(before[0]).labels[0].en == "Boxer"


def test_copies_are_photos_of_one_picture_with_numbers_of_their_own(shelter: Shelter) -> None:
    before = shelter.numbers()
    shutil.copy(shelter.folder / "rex.jpg", shelter.folder / "copy.jpg")
    os.link(shelter.folder / "rex.jpg", shelter.folder / "link.jpg")
    assert shelter.scan()["new"] == 2
    numbers = {name: shelter.said(name) for name in ("rex.jpg", "copy.jpg", "link.jpg")}
    assert numbers["rex.jpg"] == (before["rex.jpg"], "Boxer")
    assert {said for _, said in numbers.values()} == {"Boxer"}
    assert len({number for number, _ in numbers.values()}) == 3
    # Tags in one of the copies change nothing.
    tag(shelter.folder / "copy.jpg")
    shelter.scan()
    assert {name: shelter.said(name) for name in numbers} == numbers
    shelter.catalogue.label(shelter.folder / "copy.jpg", Label(Kind.BREED, ("beagle",)))
    assert shelter.said("link.jpg")[1] == "Beagle"


def test_a_copy_that_moves_keeps_its_number_beside_one_that_went_long_ago(
    shelter: Shelter,
) -> None:
    shutil.copy(shelter.folder / "rex.jpg", shelter.folder / "second.jpg")
    shelter.scan()
    first, second = shelter.said("rex.jpg"), shelter.said("second.jpg")
    (shelter.folder / "rex.jpg").unlink()
    shelter.scan()
    (shelter.folder / "second.jpg").rename(shelter.folder / "third.jpg")
    shelter.scan()
    assert shelter.said("third.jpg") == second
    # That which went comes back to its place.
    shutil.copy(shelter.folder / "third.jpg", shelter.folder / "rex.jpg")
    shelter.scan()
    assert shelter.said("rex.jpg") == first


def test_copies_that_move_while_another_comes_back_to_its_place(shelter: Shelter) -> None:
    shutil.copy(shelter.folder / "rex.jpg", shelter.folder / "b.jpg")
    shelter.scan()
    first, second = shelter.said("rex.jpg"), shelter.said("b.jpg")
    (shelter.folder / "rex.jpg").unlink()
    shelter.scan()
    # Listed before it.
    (shelter.folder / "b.jpg").rename(shelter.folder / "a.jpg")
    shutil.copy(shelter.folder / "a.jpg", shelter.folder / "rex.jpg")
    tag(shelter.folder / "rex.jpg")
    shelter.scan()
    assert shelter.said("rex.jpg") == first
    assert shelter.said("a.jpg") == second


@pytest.mark.parametrize("batch", [1, 256])
def test_the_original_is_put_aside_and_the_file_is_coded_anew(
    shelter: Shelter, batch: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("barkive.catalogue.scan.pipeline._BATCH", batch)
    before = shelter.said("rex.jpg")
    # Listed before it.
    shutil.copy(shelter.folder / "rex.jpg", shelter.folder / "original.jpg")
    _save(shelter.folder / "rex.jpg", quality=70)
    shelter.scan()
    assert shelter.said("rex.jpg") == before
    number, said = shelter.said("original.jpg")
    assert (number == before[0], said) == (False, "Boxer")


@pytest.mark.parametrize("batch", [1, 256])
@pytest.mark.parametrize("first", ["a.jpg", "z.jpg", "empty.jpg"])
def test_the_file_is_coded_anew_and_copied(
    shelter: Shelter, batch: int, first: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("barkive.catalogue.scan.pipeline._BATCH", batch)
    (shelter.folder / "empty.jpg").write_bytes(b"")
    shelter.scan()
    before = shelter.said("rex.jpg")
    _save(shelter.folder / "rex.jpg", quality=70)
    shutil.copy(shelter.folder / "rex.jpg", shelter.folder / first)
    shelter.scan()
    assert shelter.said("rex.jpg") == before
    number, said = shelter.said(first)
    assert (number == before[0], said) == (False, "Boxer")


@pytest.mark.parametrize("batch", [1, 256])
@pytest.mark.parametrize("name", ["rex.jpg", "queen.jpg"])
def test_copies_are_coded_anew_and_one_of_them_moves(
    shelter: Shelter, batch: int, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("barkive.catalogue.scan.pipeline._BATCH", batch)
    for folder in ("a", "in"):
        (shelter.folder / folder).mkdir()
    shutil.copy(shelter.folder / "rex.jpg", shelter.folder / "in" / "rex.jpg")
    shelter.scan()
    before = shelter.said("rex.jpg"), shelter.said("in/rex.jpg")
    _save(shelter.folder / "in" / "rex.jpg", quality=70)
    # Listed before the other one.
    shutil.copy(shelter.folder / "in" / "rex.jpg", shelter.folder / "a" / name)
    (shelter.folder / "rex.jpg").unlink()
    shelter.scan()
    assert (shelter.said(f"a/{name}"), shelter.said("in/rex.jpg")) == before
    assert shelter.catalogue.count(EVERYTHING) == 4


def test_a_converted_copy_is_the_one_that_went_last(
    shelter: Shelter, monkeypatch: pytest.MonkeyPatch
) -> None:
    (shelter.folder / "in").mkdir()
    shutil.copy(shelter.folder / "rex.jpg", shelter.folder / "in" / "rex.jpg")
    shelter.scan()
    before = shelter.said("rex.jpg")
    (shelter.folder / "in" / "rex.jpg").unlink()
    monkeypatch.setattr(recording, "now", lambda: datetime(2026, 1, 1))
    shelter.scan()
    with Image.open(shelter.folder / "rex.jpg") as image:
        image.save(shelter.folder / "rex.webp", quality=85)
    shelter.picture("rex.jpg", 9)
    monkeypatch.setattr(recording, "now", lambda: datetime(2026, 1, 2))
    shelter.scan()
    assert shelter.said("rex.webp") == before


def test_a_damaged_file_moves_and_a_known_picture_takes_its_name(shelter: Shelter) -> None:
    broken = shelter.folder / "broken.jpg"
    broken.write_bytes(b"\xff\xd8\xffnothing")
    shelter.scan()
    for name in ("aside.jpg", "zone.jpg"):
        broken.rename(shelter.folder / name)
        shutil.copy(shelter.folder / "tom.jpg", broken)
        shelter.scan()
        numbers = shelter.numbers()
        assert len(set(numbers.values())) == len(numbers) == 5
        assert shelter.catalogue.photo(shelter.folder / name).error is not None
        (shelter.folder / name).rename(broken)
        shelter.scan()


def test_a_scan_of_a_part_moves_what_has_come_into_it(shelter: Shelter) -> None:
    before = shelter.said("rex.jpg")
    (shelter.folder / "out").mkdir()
    shutil.move(shelter.folder / "rex.jpg", shelter.folder / "out" / "rex.jpg")
    shelter.scan(shelter.folder / "out")
    assert shelter.said("out/rex.jpg") == before
    # And back: the part holds nothing more.
    shutil.move(shelter.folder / "out" / "rex.jpg", shelter.folder / "rex.jpg")
    with pytest.raises(SourceAwayError):
        shelter.scan(shelter.folder / "out")
    shelter.scan()
    assert shelter.said("rex.jpg") == before


def test_a_source_that_is_away_changes_nothing(shelter: Shelter, tmp_path: Path) -> None:
    before = {name: shelter.said(name) for name in shelter.numbers()}
    away = shelter.folder.rename(tmp_path / "unplugged")
    shelter.folder.mkdir()
    with pytest.raises(SourceAwayError, match="none can be found"):
        shelter.scan()
    assert {name: shelter.said(name) for name in shelter.numbers()} == before
    shelter.folder.rmdir()
    away.rename(shelter.folder)
    assert shelter.scan() == {}
    assert {name: shelter.said(name) for name in shelter.numbers()} == before


def _forget(catalogue: Catalogue) -> None:
    """As version 0.1 left it, which noted less of contents and files."""
    with catalogue._database.write() as connection:
        connection.execute(update(schema.content).values(coded=None, sketch=None))
        connection.execute(update(schema.photo).values(ctime_ns=None))


def test_photos_of_an_older_catalogue_are_read_once_more_and_known_from_then_on(
    shelter: Shelter,
) -> None:
    before = shelter.said("rex.jpg")
    _forget(shelter.catalogue)
    assert shelter.scan() == {"again": 3}
    assert shelter.scan() == {}
    name = _moved_and_tagged(shelter.folder)
    assert shelter.scan() == {"moved": 1}
    assert shelter.said(name) == before


@pytest.mark.parametrize(
    "happens", [_tagged, _tagged_beside_and_put_in_place, _moved, _moved_and_tagged]
)
def test_photos_of_an_older_catalogue_are_known_though_changed_before_its_first_scan(
    shelter: Shelter, happens: Callable[[Path], str]
) -> None:
    before = shelter.said("rex.jpg")
    _forget(shelter.catalogue)
    name = happens(shelter.folder)
    shelter.scan()
    assert shelter.said(name) == before


def test_another_picture_in_an_older_catalogue_is_another_photo(shelter: Shelter) -> None:
    before = shelter.numbers()
    _forget(shelter.catalogue)
    shelter.picture("rex.jpg", 9)
    assert shelter.scan() == {"replaced": 1, "again": 2}
    number, said = shelter.said("rex.jpg")
    assert (number in before.values(), said) == (False, None)


class _OneName:
    """A folder in which a name is one, however it is written."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._listed = os.scandir, os.listdir
        self._hidden: set[str] = set()
        monkeypatch.setattr(os, "scandir", self._scandir)
        monkeypatch.setattr(os, "listdir", self._listdir)

    def rename(self, old: Path, new: Path) -> None:
        """The old name still leads to the file, and no listing tells of it."""
        os.link(old, new)
        self._hidden.add(old.name)

    def _scandir(self, folder: str) -> object:
        return _Scanned([one for one in self._listed[0](folder) if one.name not in self._hidden])

    def _listdir(self, folder: str) -> list[str]:
        return [one for one in self._listed[1](folder) if one not in self._hidden]


class _Scanned(list[object]):
    def __enter__(self) -> _Scanned:
        return self

    def __exit__(self, *_: object) -> None:
        pass


@pytest.mark.parametrize(
    ("old", "new"),
    [("rex.jpg", "REX.jpg"), ("rex.jpg", "rex.JPG"), ("r\u00eax.jpg", "re\u0302x.jpg")],
)
@pytest.mark.parametrize("batch", [1, 256])
def test_a_name_is_written_in_another_way_where_that_is_the_same_name(
    shelter: Shelter, old: str, new: str, batch: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("barkive.catalogue.scan.pipeline._BATCH", batch)
    if old != "rex.jpg":
        (shelter.folder / "rex.jpg").rename(shelter.folder / old)
        shelter.scan()
    before = shelter.said(old)
    _OneName(monkeypatch).rename(shelter.folder / old, shelter.folder / new)
    shelter.scan()
    assert shelter.said(new) == before
    assert shelter.catalogue.count(EVERYTHING) == 3
    assert shelter.scan() == {}


def test_names_that_differ_in_case_only_are_two_where_both_are_listed(shelter: Shelter) -> None:
    before = shelter.said("rex.jpg")
    shutil.copy(shelter.folder / "rex.jpg", shelter.folder / "REX.jpg")
    if len(list(shelter.folder.glob("*"))) == 3:
        pytest.skip("this file system takes both names for one")
    assert shelter.scan() == {"new": 1}
    assert shelter.said("rex.jpg") == before


def test_a_catalogue_made_anew_knows_every_picture(
    tmp_path: Path, classifier: Classifier, make_photo: Make
) -> None:
    file = tmp_path / "catalogue.sqlite"
    with Catalogue(file) as catalogue:
        shelter = Shelter(catalogue, classifier, tmp_path / "dogs", make_photo)
        for seed in range(4):
            shelter.picture(f"{seed}.jpg", seed)
        shelter.scan()
        catalogue.label(shelter.folder / "1.jpg", Label(Kind.BREED, ("boxer",)))
        before = shelter.numbers()
    content = bytearray(file.read_bytes())
    at = content.find(b"3 jpg")
    content[at - 200 : at + 200] = b"\xff" * 400
    file.write_bytes(content)
    with pytest.raises(DamagedCatalogueError), Catalogue(file) as catalogue:
        catalogue._database.check()
    rebuild(file)
    # Meanwhile the folder is numbered anew, and tags are written.
    for seed in (3, 2, 1, 0):
        (shelter.folder / f"{seed}.jpg").rename(shelter.folder / f"{seed + 1}.jpg")
        tag(shelter.folder / f"{seed + 1}.jpg")
    shelter.picture("0.jpg", 9)
    with Catalogue(file) as catalogue:
        shelter.catalogue = catalogue
        shelter.scan()
        assert shelter.said("2.jpg") == (before["1.jpg"], "Boxer")
        assert shelter.said("1.jpg") == (before["0.jpg"], None)
        assert shelter.said("0.jpg")[0] not in before.values()


@pytest.mark.parametrize("to", ["sqlite", "postgresql"])
def test_a_copy_of_a_catalogue_knows_every_picture(
    shelter: Shelter, where: str, new_place: Callable[[str], str], to: str
) -> None:
    before = shelter.numbers()
    place = new_place(to)
    copy(where, place)
    _moved_and_tagged(shelter.folder)
    with Catalogue(place) as catalogue:
        shelter.catalogue = catalogue
        shelter.scan()
        assert shelter.said("out/queen.jpg") == (before["rex.jpg"], "Boxer")
        tag(shelter.folder / "ada.jpg")
        shelter.scan()
        assert shelter.said("ada.jpg") == (before["ada.jpg"], "Pug")


def test_a_word_is_filed_under_what_was_seen(shelter: Shelter) -> None:
    catalogue, rex = shelter.catalogue, shelter.folder / "rex.jpg"
    before = shelter.said("rex.jpg")
    # Without a scan: neither under the old picture nor under the new one.
    shelter.picture("rex.jpg", 9)
    with pytest.raises(ChangedPhotoError, match="another picture than when it was scanned"):
        catalogue.label(rex, Label(Kind.BREED, ("pug",)))
    assert shelter.said("rex.jpg") == before
    shelter.scan()
    catalogue.label(rex, Label(Kind.BREED, ("maltese",)))
    assert catalogue.photo(before[0]).labels[0].en == "Boxer"
    # With another tag it is the picture that was seen.
    tag(rex)
    catalogue.label(rex, Label(Kind.BREED, ("beagle",)))
    assert shelter.said("rex.jpg")[1] == "Beagle"


def test_a_scan_between_the_look_and_the_word_moves_no_word(
    shelter: Shelter, monkeypatch: pytest.MonkeyPatch
) -> None:
    from barkive.catalogue.annotations import labels

    before = shelter.said("rex.jpg")
    compare = labels.compare

    def late(entry: object) -> object:
        found = compare(entry)  # type: ignore[arg-type]
        shelter.picture("rex.jpg", 9)
        shelter.scan()
        return found

    monkeypatch.setattr(labels, "compare", late)
    # Filed under the picture that was looked at.
    assert (
        shelter.catalogue.label(shelter.folder / "rex.jpg", Label(Kind.BREED, ("maltese",))).id
        == before[0]
    )
    assert shelter.said("rex.jpg")[1] is None


def test_a_file_that_was_labelled_half_written_keeps_its_label_when_it_is_whole(
    shelter: Shelter,
) -> None:
    whole = shelter.picture("max.jpg", 7).read_bytes()
    for name, part in (("max.jpg", whole[:4000]), ("zoe.jpg", whole[:3000])):
        (shelter.folder / name).write_bytes(part)
    shelter.scan()
    shelter.catalogue.label(shelter.folder / "max.jpg", Label(Kind.BREED, ("beagle",)))
    before = shelter.said("max.jpg")
    (shelter.folder / "max.jpg").write_bytes(whole)
    shelter.picture("zoe.jpg", 8)
    assert shelter.scan() == {"changed": 2}
    assert shelter.said("max.jpg") == before
    assert shelter.said("zoe.jpg")[1] is None


def test_another_photo_in_the_place_of_a_labelled_half_is_another_one(shelter: Shelter) -> None:
    half = shelter.picture("max.jpg", 7)
    half.write_bytes(half.read_bytes()[:4000])
    shelter.scan()
    shelter.catalogue.label(half, Label(Kind.BREED, ("beagle",)))
    number, _ = shelter.said("max.jpg")
    shelter.picture("max.jpg", 8)
    assert shelter.scan() == {"replaced": 1}
    assert shelter.said("max.jpg")[1] is None
    assert shelter.catalogue.photo(number).labels[0].en == "Beagle"


def test_nothing_is_said_of_an_empty_file(shelter: Shelter) -> None:
    for name in ("max.jpg", "zoe.jpg"):
        (shelter.folder / name).touch()
    shelter.scan()
    with pytest.raises(NothingToSayError, match="could never be read"):
        shelter.catalogue.label(shelter.folder / "max.jpg", Label(Kind.BREED, ("beagle",)))
    assert len(set(shelter.numbers().values())) == 5


def test_another_dog_before_the_camera_of_the_yard_is_another_dog(shelter: Shelter) -> None:
    yard = np.linspace(40, 200, 400 * 300 * 3).reshape(300, 400, 3).astype(np.uint8)
    for name, grey in (("old", 230), ("new", 30)):
        (shelter.folder / name).mkdir()
        seen = yard.copy()
        seen[140:165, 180:205] = grey
        Image.fromarray(seen).save(shelter.folder / name / "cam2.jpg", quality=92)
        if name == "old":
            shelter.scan()
            shelter.catalogue.label(
                shelter.folder / "old/cam2.jpg", Label(Kind.BREED, ("whippet",))
            )
            (shelter.folder / "old/cam2.jpg").unlink()
    assert shelter.scan() == {"new": 1, "missing": 1}
    assert shelter.said("new/cam2.jpg")[1] is None


def test_two_that_exchanged_their_names_while_one_was_shut_are_told_apart_when_it_is_open(
    shelter: Shelter, monkeypatch: pytest.MonkeyPatch
) -> None:
    red, green = (shelter.folder / name for name in ("red.png", "green.png"))
    for photo, colour in ((red, (250, 10, 10)), (green, (10, 250, 10))):
        Image.new("RGB", (40, 30), colour).save(photo)
        content = photo.read_bytes()
        photo.write_bytes(content + bytes(400 - len(content)))  # of one size
    shelter.scan()
    shelter.catalogue.label(red, Label(Kind.BREED, ("beagle",)))
    red.rename(shelter.folder / "aside")
    green.rename(red)
    (shelter.folder / "aside").rename(green)
    with monkeypatch.context() as shut:
        read_file = reading.read_file

        def refuse(path: str) -> bytes:
            if path == str(red):
                raise PassingError("verbatim", sentence="No permission to read the file.")
            return read_file(path)

        for module in (reading, pipeline):
            shut.setattr(module, "read_file", refuse)
        shelter.scan()
    shelter.scan()
    assert shelter.said("green.png")[1] == "Beagle"
    assert shelter.said("red.png")[1] is None


def test_a_copy_that_is_renamed_keeps_its_number_though_its_twin_was_coded_anew(
    shelter: Shelter,
) -> None:
    (shelter.folder / "in").mkdir()
    tom = shelter.folder / "tom.jpg"
    anew = shelter.folder / "anew.jpg"
    with Image.open(tom) as image:
        image.save(anew, quality=60)
    shelter.scan()
    coded = anew.read_bytes()
    anew.unlink()
    shutil.copy(tom, shelter.folder / "in" / "copy.jpg")
    shelter.scan()
    before = shelter.said("tom.jpg"), shelter.said("in/copy.jpg")
    tom.write_bytes(coded)
    (shelter.folder / "in" / "copy.jpg").rename(shelter.folder / "in" / "moved.jpg")
    shelter.scan()
    assert (shelter.said("tom.jpg"), shelter.said("in/moved.jpg")) == before
