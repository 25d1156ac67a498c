"""What the pages ask of the catalogue: parts of a search, folders, neighbours, duplicates."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image
from sqlalchemy import update

from barkive.catalogue import Catalogue, Export, ExportFormat, Filter, Kind, Label
from barkive.catalogue.db import schema
from barkive.catalogue.query.counting import Folder
from barkive.classifier import Classifier
from barkive.errors import PhotoError, UnknownPhotoError, UsageError
from barkive.verdicts import Status


@pytest.fixture
def filled(catalogue: Catalogue, kennel: Path, classifier: Classifier) -> Catalogue:
    catalogue.scan(kennel, classifier=classifier)
    return catalogue


def stems(entries: object) -> list[str]:
    return [Path(one.file).stem for one in entries]  # type: ignore[attr-defined]


def test_a_page_is_a_part_of_the_search(filled: Catalogue) -> None:
    everything = stems(filled.search())
    assert len(everything) == 5
    assert stems(filled.page(limit=2)) == everything[:2]
    assert stems(filled.page(offset=2, limit=2)) == everything[2:4]
    assert stems(filled.page(offset=5)) == []
    for wanted in (Filter(breed="pug"), Filter(status=(Status.DOG,)), Filter(text="kennel")):
        whole = stems(filled.search(wanted))
        assert stems(filled.page(wanted, limit=1) + filled.page(wanted, offset=1)) == whole


def test_a_photo_is_found_by_its_number(filled: Catalogue, kennel: Path) -> None:
    entry = filled.photo(kennel / "rex.png")
    assert filled.photo(entry.id) == entry
    filled.label(entry.id, Label(Kind.BREED, ("pug",), by="Ada"))
    assert [one.by for one in filled.history(entry.id)] == ["Ada"]
    assert stems(found.entry for found in filled.like(entry.id, limit=1)) != ["rex"]
    assert [one.id for one in filled.with_content(entry.sha256 or "")] == [entry.id]
    with pytest.raises(UnknownPhotoError, match="holds no photo number 99"):
        filled.photo(99)
    with pytest.raises(PhotoError, match="could never be read"):
        filled.like(filled.photo(kennel / "broken.jpg").id)


def test_neighbours_are_those_that_fit(filled: Catalogue) -> None:
    numbers = [one.id for one in filled.search()]
    assert filled.neighbours(numbers[0]) == (None, numbers[1])
    assert filled.neighbours(numbers[2]) == (numbers[1], numbers[3])
    assert filled.neighbours(numbers[-1]) == (numbers[-2], None)
    dogs = [one.id for one in filled.search(Filter(status=(Status.DOG,)))]
    assert filled.neighbours(dogs[0], Filter(status=(Status.DOG,))) == (None, dogs[1])
    pugs = [one.id for one in filled.search(Filter(breed="pug"))]
    assert filled.neighbours(pugs[0], Filter(breed="pug")) == (None, None)


def test_folders_are_the_way_down(filled: Catalogue, kennel: Path) -> None:
    annex = Folder(str(kennel / "annex"), "annex", 1)
    assert filled.top() == str(kennel)
    assert filled.folders() == [annex]
    assert filled.folders(str(kennel.parent)) == [Folder(str(kennel), "kennel", 5)]
    assert filled.folders(str(kennel / "annex")) == []
    assert filled.folders(str(kennel.parent), Filter(breed="chihuahua"))[0].photos == 2
    assert filled.folders(str(kennel), Filter(breed="chihuahua")) == []
    assert filled.top(Filter(text="nothing")) is None
    assert filled.folders(query=Filter(text="nothing")) == []


def test_folders_whose_names_begin_alike_are_told_apart(
    catalogue: Catalogue, classifier: Classifier, colour_photo: Callable[..., Path]
) -> None:
    for name in ("a/1", "a b/1", "a-b/1", "a/deep/1", "é/1", "a/b.c/1"):
        top = colour_photo(f"many/{name}.png", (250, 10, 10))
    many = next(parent for parent in top.parents if parent.name == "many")
    catalogue.scan(many, classifier=classifier)
    found = [(one.name, one.photos) for one in catalogue.folders(str(many))]
    assert sorted(found) == [("a", 3), ("a b", 1), ("a-b", 1), ("é", 1)]
    assert [one.name for one in catalogue.folders(str(many), limit=2)] == ["a b", "a-b"]


def test_the_folders_of_a_store_are_urls(
    catalogue: Catalogue, classifier: Classifier, colour_photo: Callable[..., Path]
) -> None:
    fsspec = pytest.importorskip("fsspec", reason="fsspec is not installed")
    memory = fsspec.filesystem("memory")
    memory.store.clear()
    photo = colour_photo("rex.png", (250, 10, 10)).read_bytes()
    for name in ("rex.png", "annex/a.png", "annex/deep/b.png", "b c/a.png"):
        memory.pipe(f"/bucket/kennel/{name}", photo)
    catalogue.scan("memory://bucket", classifier=classifier)
    assert catalogue.top() == "memory://bucket/kennel"
    assert catalogue.folders() == [
        Folder("memory://bucket/kennel/annex", "annex", 2),
        Folder("memory://bucket/kennel/b c", "b c", 1),
    ]
    assert catalogue.folders("memory://bucket")[0].photos == 4
    assert [one.name for one in catalogue.folders(query=Filter(breed="chihuahua"))] == [
        *("annex", "b c")
    ]
    exported = json.loads("".join(catalogue.streamed(Export(ExportFormat.MD_JSON))))
    assert [one["file"] for one in exported["images"]] == [
        *("rex.png", "annex/a.png", "annex/deep/b.png", "b c/a.png")
    ]
    memory.store.clear()
    # A store of keys takes empty names.
    with catalogue._database.write() as connection:
        odd = schema.photo.c.path == "memory://bucket/kennel/b c/a.png"
        path = "memory://bucket/kennel//a.png"
        connection.execute(update(schema.photo).where(odd).values(path=path))
    assert [one.name for one in catalogue.folders()] == ["annex"]
    assert [one.name for one in catalogue.folders(query=Filter(breed="chihuahua"))] == ["annex"]


def test_an_empty_catalogue_has_no_folders(catalogue: Catalogue) -> None:
    assert catalogue.folders() == []
    assert catalogue.page() == []


def test_duplicates_of_a_photo(
    catalogue: Catalogue,
    classifier: Classifier,
    make_photo: Callable[..., Path],
    colour_photo: Callable[..., Path],
) -> None:
    first = make_photo("twins/a.png", size=(200, 150))
    (first.parent / "b.png").write_bytes(first.read_bytes())
    with Image.open(first) as photo:  # the same picture, with another corner
        photo.putpixel((0, 0), (0, 0, 0))
        photo.save(first.with_name("c.png"))
    make_photo("twins/other.png", size=(200, 150), seed=9)
    flat = colour_photo("twins/flat.png", (10, 250, 10))
    catalogue.scan(first.parent, classifier=classifier)
    groups = catalogue.duplicates_of(catalogue.photo(first).id)
    assert [(group.kind, stems(group.entries)) for group in groups] == [
        ("exact", ["b"]),
        ("near", ["c"]),
    ]
    assert catalogue.duplicates_of(catalogue.photo(flat).id) == []
    with pytest.raises(UnknownPhotoError):
        catalogue.duplicates_of(99)


def test_text_forms_come_piece_by_piece(filled: Catalogue, kennel: Path) -> None:
    lines = "".join(filled.streamed(Export(ExportFormat.JSONL), Filter(breed="pug")))
    assert json.loads(lines)["file"] == str(kennel / "annex" / "mila.png")
    with pytest.raises(UsageError, match="xmp is no text; choose one of: csv, json"):
        filled.streamed(Export(ExportFormat.XMP))
