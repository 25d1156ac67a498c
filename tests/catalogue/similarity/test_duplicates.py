import shutil
from collections.abc import Callable
from pathlib import Path

from PIL import Image

from barkive.catalogue import Catalogue, Filter
from barkive.classifier import Classifier


def found(
    catalogue: Catalogue, wanted: Filter | None = None, *, near: bool = True
) -> list[tuple[str, list[str]]]:
    return [
        (group.kind, [Path(entry.file).name for entry in group.entries])
        for group in catalogue.duplicates(wanted or Filter(), near=near)
    ]


def test_copies_and_pictures_that_look_alike_are_grouped(
    catalogue: Catalogue, classifier: Classifier, make_photo: Callable[..., Path]
) -> None:
    rex = make_photo("all/rex.png", size=(320, 240))
    make_photo("all/other.png", size=(320, 240), seed=1)
    shutil.copy(rex, rex.with_name("copy.png"))
    with Image.open(rex) as image:
        image.transpose(Image.Transpose.FLIP_LEFT_RIGHT).resize((200, 150)).save(
            rex.with_name("small.jpg"), quality=70
        )
    catalogue.scan(rex.parent, classifier=classifier)
    exact = ("exact", ["copy.png", "rex.png"])
    # One of each content stands for its copies.
    assert found(catalogue) == [exact, ("near", ["copy.png", "small.jpg"])]
    assert found(catalogue, near=False) == [exact]
    assert found(catalogue, Filter(text="small")) == []

    told: list[tuple[int, int | None]] = []
    groups = catalogue.duplicate_groups(on_progress=lambda *one: told.append(one))
    names = {entry.id: Path(entry.file).name for entry in catalogue.search()}
    assert [[names[one] for one in group] for group in groups] == [
        ["copy.png", "rex.png", "small.jpg"]
    ]
    assert told == [(4, 4)]


def test_photos_of_one_colour_are_no_duplicates(
    catalogue: Catalogue, classifier: Classifier, kennel: Path
) -> None:
    catalogue.scan(kennel, classifier=classifier)
    assert found(catalogue) == []
    assert catalogue.duplicate_groups() == []
