"""What people said of a dog stands, whatever becomes of the file, the model and the catalogue."""

from __future__ import annotations

import io
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import ExifTags, Image, ImageOps

from barkive.boxes import Box
from barkive.bundle import BundleInfo
from barkive.catalogue import Catalogue, Conflict, Entry, Filter, Kind, Label
from barkive.catalogue.transfer.copying import copy
from barkive.catalogue.transfer.rebuild import rebuild
from barkive.classifier import Classifier
from barkive.detection.detector import Detector
from barkive.detection.proposal import Proposal
from barkive.errors import ChangedPhotoError

RED, GREEN = (250, 10, 10), (10, 250, 10)
LEFT, RIGHT, MIDDLE = Box(0, 0, 0.5, 1), Box(0.5, 0.1, 0.5, 0.9), Box(0.4, 0.3, 0.2, 0.3)
NEAR_LEFT, NEAR_RIGHT = Box(0, 0, 0.45, 1), Box(0.55, 0.1, 0.45, 0.8)

Place = Callable[..., str]


class OtherDetector(Detector):
    """Sees the halves of a photo along its longer side a little smaller than the first does."""

    digest = "0ther" * 12

    def __init__(self) -> None:
        pass

    def propose(self, photo: NDArray[np.uint8]) -> tuple[Proposal, ...]:
        height, width = photo.shape[:2]
        if max(width, height) <= 2 * min(width, height):
            return ()
        boxes = [NEAR_LEFT, NEAR_RIGHT]
        if height > width:
            boxes = [Box(0, 0, 1, 0.45), Box(0.1, 0.55, 0.8, 0.45)]
        return tuple(Proposal(box, 0.7, 0.6) for box in boxes)


@pytest.fixture
def other_classifier(
    write_bundle: Callable[..., Path], colour_info: BundleInfo, tmp_path: Path
) -> Classifier:
    """Another model, which is never sure, with another detector."""
    metadata = colour_info.to_metadata().replace('"answer_threshold": 0.6', '"answer_threshold": 1')
    return Classifier(write_bundle(tmp_path / "other.onnx", metadata), dogs=OtherDetector())


@pytest.fixture
def folder(tmp_path: Path, pair_photo: Callable[..., Path]) -> Path:
    """A folder with a JPEG of a red and of a green dog, and one of another picture."""
    for name, left, right in (("pair", RED, GREEN), ("other", (20, 40, 250), (200, 200, 20))):
        photo = pair_photo(f"made/{name}.png", left, right)
        (tmp_path / "kennel").mkdir(exist_ok=True)
        Image.open(photo).save(tmp_path / f"kennel/{name}.jpg", quality=95)
    return tmp_path / "kennel"


def speak(catalogue: Catalogue, photo: Path) -> None:
    """Names the second dog, and draws a third one."""
    second = catalogue.photo(photo).dog(2)
    catalogue.label(
        photo,
        [
            Label(Kind.BREED, ("boxer",), note="chip", by="Ada", dog=second.id),
            Label(Kind.UNSURE, by="Ada", box=MIDDLE),
        ],
    )


def told(entry: Entry) -> list[tuple[str, bool, str | None]]:
    """Of each dog what it is, whether people said so, and their note."""
    return [
        (" x ".join(label.en for label in dog.labels) or dog.status.value, dog.corrected, dog.note)
        for dog in entry.dogs or ()
    ]


SPOKEN = [("Chihuahua", False, None), ("Boxer", True, "chip"), ("uncertain", True, None)]


@pytest.fixture
def spoken(catalogue: Catalogue, pair_classifier: Classifier, folder: Path) -> Catalogue:
    """A catalogue in which somebody spoke of dogs."""
    catalogue.scan(folder, classifier=pair_classifier)
    speak(catalogue, folder / "pair.jpg")
    assert told(catalogue.photo(folder / "pair.jpg")) == SPOKEN
    return catalogue


def test_another_model_sees_the_same_dogs(
    spoken: Catalogue, folder: Path, other_classifier: Classifier, classifier: Classifier
) -> None:
    before = spoken.photo(folder / "pair.jpg")
    summary = spoken.scan(folder, classifier=other_classifier)
    assert summary.again == 2
    entry = spoken.photo(folder / "pair.jpg")
    assert told(entry) == [("uncertain", False, None), *SPOKEN[1:]]
    assert [dog.box for dog in entry.dogs or ()] == [NEAR_LEFT, NEAR_RIGHT, MIDDLE]
    assert [dog.id for dog in entry.dogs or ()][1:] == [before.dog(2).id, before.dog(3).id]
    assert summary.statuses["uncertain"] == 2
    # One that looks for no dogs leaves those of which people spoke.
    spoken.scan(folder, classifier=classifier)
    assert told(spoken.photo(folder / "pair.jpg")) == SPOKEN[1:]
    assert spoken.count(Filter(breed="boxer")) == 1


def test_files_are_moved_copied_and_gone(
    spoken: Catalogue, folder: Path, pair_classifier: Classifier
) -> None:
    before = spoken.photo(folder / "pair.jpg")
    (folder / "pair.jpg").rename(folder / "moved.jpg")
    shutil.copyfile(folder / "moved.jpg", folder / "copy.jpg")
    spoken.scan(folder, classifier=pair_classifier)
    assert spoken.photo(before.id).file.endswith(("moved.jpg", "copy.jpg"))
    for name in ("moved", "copy"):
        assert told(spoken.photo(folder / f"{name}.jpg")) == SPOKEN
    assert spoken.count(Filter(breed="boxer")) == 2
    for name in ("moved", "copy"):
        (folder / f"{name}.jpg").unlink()
    spoken.scan(folder, classifier=pair_classifier, gone=True)
    gone = spoken.photo(before.id)
    assert (gone.missing_since is not None, told(gone)) == (True, SPOKEN)
    assert spoken.count(Filter(breed="boxer")) == 0
    assert spoken.count(Filter(breed="boxer", missing=True)) == 2
    # Its dogs can be spoken of all the same.
    said = Label(Kind.BREED, ("pug",), dog=gone.dog(3).id, seen=gone.version)
    assert told(spoken.label(gone.id, said))[2] == ("Pug", True, None)


def tagged(content: bytes, orientation: int) -> bytes:
    """A JPEG with another tag, and the same picture."""
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    exif[ExifTags.Base.ImageDescription] = f"turned {orientation}"
    segment = exif.tobytes()
    return content[:2] + b"\xff\xe1" + (len(segment) + 2).to_bytes(2, "big") + segment + content[2:]


@pytest.mark.parametrize("orientation", range(1, 9))
def test_boxes_turn_with_the_orientation_tag(
    spoken: Catalogue,
    folder: Path,
    orientation: int,
    classifier: Classifier,
    other_classifier: Classifier,
) -> None:
    photo = folder / "pair.jpg"
    before = spoken.photo(photo)
    photo.write_bytes(tagged(photo.read_bytes(), orientation))
    assert spoken.scan(folder, classifier=classifier).changed == 1
    entry = spoken.photo(photo)
    assert entry.id == before.id
    found = [dog.box.to_json() for dog in entry.dogs or ()]
    assert found == [box.turned(orientation).to_json() for box in (RIGHT, MIDDLE)]
    # A model that sees them in the turned photo means the same ones.
    spoken.scan(folder, classifier=other_classifier)
    entry = spoken.photo(photo)
    assert ("Boxer", True, "chip") in told(entry)
    assert len(entry.dogs or ()) == 3
    # What is said of the turned photo is said of the dog as it lies there.
    boxer = next(dog for dog in entry.dogs or () if dog.note == "chip")
    entry = spoken.label(photo, Label(Kind.BREED, ("pug",), dog=boxer.id, seen=entry.version))
    assert ("Pug", True, None) in told(entry)
    photo.write_bytes(tagged(photo.read_bytes(), 1))
    spoken.scan(folder, classifier=other_classifier)
    entry = spoken.photo(photo)
    assert told(entry) == [("uncertain", False, None), ("Pug", True, None), SPOKEN[2]]


def test_a_box_on_a_file_that_was_turned_since_the_scan_is_refused(
    spoken: Catalogue, folder: Path, classifier: Classifier
) -> None:
    photo, corner = folder / "pair.jpg", Box(0, 0, 0.2, 0.1)
    drawn = Label(Kind.DOG, box=corner)
    photo.write_bytes(tagged(photo.read_bytes(), 6))
    for labels in ([drawn], [Label(Kind.BREED, ("pug",)), drawn]):
        with pytest.raises(ChangedPhotoError) as caught:
            spoken.label(photo, labels)
        assert caught.value.code == "label_picture_turned"
    # What needs no box can be said; and a box where other tags alone are new.
    spoken.label(photo, Label(Kind.BREED, ("pug",)))
    spoken.scan(folder, classifier=classifier)
    photo.write_bytes(photo.read_bytes().replace(b"turned 6", b"turned_6"))
    assert corner in [dog.box for dog in spoken.label(photo, drawn).dogs or ()]
    spoken.scan(folder, classifier=classifier)
    boxes = [dog.box.to_json() for dog in spoken.photo(photo).dogs or ()]
    assert corner.to_json() in boxes


def test_boxes_stay_where_the_picture_is_rewritten_upright(
    catalogue: Catalogue, tmp_path: Path, make_photo: Callable[..., Path], classifier: Classifier
) -> None:
    photo = make_photo("kennel/rex.jpg", size=(320, 240), quality=92)
    photo.write_bytes(tagged(photo.read_bytes(), 6))
    catalogue.scan(photo.parent, classifier=classifier)
    before = catalogue.label(photo, Label(Kind.BREED, ("boxer",), box=MIDDLE))
    upright = ImageOps.exif_transpose(Image.open(io.BytesIO(photo.read_bytes())))
    assert upright is not None
    upright.save(photo, quality=92)
    assert catalogue.scan(photo.parent, classifier=classifier).changed == 1
    entry = catalogue.photo(photo)
    assert (entry.id, entry.dog(1).box) == (before.id, MIDDLE)


@pytest.mark.parametrize("target", ["sqlite", "postgresql"])
def test_a_copy_has_them_in_both_databases(
    spoken: Catalogue,
    where: str,
    new_place: Place,
    folder: Path,
    pair_classifier: Classifier,
    target: str,
) -> None:
    there = new_place(target)
    done = {str(table.name): table.rows for table in copy(where, there).tables}
    assert (done["detections"], done["other dogs"], done["corrections"]) == (4, 3, 2)
    assert not any(table.written for table in copy(where, there).tables)
    with Catalogue(there) as other:
        assert list(other.search()) == list(spoken.search())
        assert told(other.photo(folder / "pair.jpg")) == SPOKEN
        assert [one.file for one in other.search(Filter(breed="boxer", dogs=(3, 3)))] == [
            str(folder / "pair.jpg")
        ]
        assert other.history(folder / "pair.jpg") == spoken.history(folder / "pair.jpg")
    # What is said of the source comes along, and so does what is taken away from it.
    third = spoken.photo(folder / "pair.jpg").dog(3)
    spoken.label(folder / "pair.jpg", Label(Kind.NOT_DOG, dog=third.id))
    copy(where, there)
    with Catalogue(there) as other:
        assert told(other.photo(folder / "pair.jpg")) == SPOKEN[:2]
        done = other.scan(folder, classifier=pair_classifier)
        # A photo that was written a moment ago may be looked at again.
        assert (done.new, done.unchanged + done.again) == (0, 2)
        assert told(other.photo(folder / "pair.jpg")) == SPOKEN[:2]


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_merged_labels_come_to_the_same_dogs_and_go_again(
    spoken: Catalogue,
    where: str,
    new_place: Place,
    folder: Path,
    other_classifier: Classifier,
    kind: str,
) -> None:
    there = new_place(kind, migrated=True)
    photo = folder / "pair.jpg"
    with Catalogue(there) as other:
        other.scan(folder, classifier=other_classifier)
        first, second = other.photo(photo).dogs or ()
        other.label(photo, Label(Kind.CROSS, ("pug", "maltese"), by="Ben", dog=first.id))
        other.label(photo, Label(Kind.BREED, ("beagle",), by="Ben", dog=second.id))
    conflicts = []
    merged = spoken.merge(there, on_conflict=conflicts.append)
    assert (merged.words, merged.conflicts) == (2, 1)
    assert [(one.ours.labels[0].en, one.theirs.labels[0].en) for one in conflicts] == [
        ("Boxer", "Beagle")
    ]
    assert [one.place for one in conflicts] == [2]
    after = told(spoken.photo(photo))
    assert after[0] == ("Pug x Maltese", True, None)
    assert after[1][0] in ("Boxer", "Beagle")
    assert len(after) == 3
    assert spoken.merge(there).words == 0
    with Catalogue(there) as other:
        assert other.merge(where).words == 2
        # Both say the same, whichever was merged into which.
        assert told(other.photo(photo)) == after
        assert other.merge(where).words == 0
        assert spoken.merge(there).words == 0
        other.undo_merge()
        assert told(other.photo(photo))[1:] == [("Beagle", True, None)]
    spoken.undo_merge()
    assert told(spoken.photo(photo)) == SPOKEN
    assert spoken.count(Filter(breed="beagle")) == 0


@pytest.mark.parametrize("said_of_photo", [True, False])
@pytest.mark.parametrize("dog", [1, 2])
def test_what_is_said_of_the_photo_may_differ_from_what_is_said_of_its_main_dog(
    catalogue: Catalogue,
    folder: Path,
    tmp_path: Path,
    pair_classifier: Classifier,
    other_classifier: Classifier,
    said_of_photo: bool,
    dog: int,
) -> None:
    photo, there = folder / "pair.jpg", tmp_path / "there.sqlite"
    catalogue.scan(folder, classifier=pair_classifier)
    with Catalogue(there) as other:
        other.scan(folder, classifier=other_classifier)
        ada, ben = (catalogue, other) if said_of_photo else (other, catalogue)
        ada.label(photo, Label(Kind.BREED, ("beagle",), by="Ada"))
        ben.label(photo, Label(Kind.BREED, ("boxer",), by="Ben", dog=ben.photo(photo).dog(dog).id))
    conflicts: list[Conflict] = []
    assert catalogue.merge(there, on_conflict=conflicts.append).conflicts == (dog == 1)
    for one in conflicts:
        by = {change.by: change.labels[0].en for change in (one.ours, one.theirs)}
        assert by == {"Ada": "Beagle", "Ben": "Boxer"}
        assert (one.ours.dog is None, one.place) == (said_of_photo, 1)
    assert catalogue.merge(there, on_conflict=conflicts.append).conflicts == 0


def test_a_catalogue_that_is_made_anew_has_them(
    tmp_path: Path, folder: Path, pair_classifier: Classifier
) -> None:
    file = tmp_path / "c.sqlite"
    with Catalogue(file) as catalogue:
        catalogue.scan(folder, classifier=pair_classifier)
        speak(catalogue, folder / "pair.jpg")
    content = bytearray(file.read_bytes())
    table = content.find(b"other jpg")
    assert table > 0
    content[table - 100 : table + 100] = b"\xff" * 200
    file.write_bytes(content)
    saved = rebuild(file)
    assert saved.corrections == 2
    with Catalogue(file) as catalogue:
        assert catalogue.count(Filter(breed="boxer")) == 1
        catalogue.scan(folder, classifier=pair_classifier)
        assert told(catalogue.photo(folder / "pair.jpg")) == SPOKEN


def test_breeds_of_dogs_are_renamed(spoken: Catalogue, folder: Path) -> None:
    photo = folder / "pair.jpg"
    third = spoken.photo(photo).dog(3)
    spoken.label(photo, Label(Kind.BREED, ("Podi",), other=True, dog=third.id))
    assert spoken.count(Filter(text="podi")) == 1
    renamed = spoken.rename_breed("Podi", "Podenco Andaluz")
    assert renamed.photos == 1
    assert told(spoken.photo(photo))[2][0] == "Podenco Andaluz"
    assert spoken.count(Filter(text="andaluz")) == 1
    spoken.rename_breed("Podenco Andaluz", "beagle", merge=True)
    assert told(spoken.photo(photo))[2][0] == "Beagle"
    assert spoken.count(Filter(breed="beagle")) == 1
