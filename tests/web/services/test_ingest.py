"""Photos that people add: where they are kept, and what is left when something fails."""

import io
import os
import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from PIL import Image

from barkive.catalogue import Catalogue, Kind, Label
from barkive.classifier import Classifier
from barkive.errors import CatalogueError, PhotoError
from barkive.images.decode import _OPENERS
from barkive.images.files import EXTENSIONS, RAW
from barkive.verdicts import Status
from barkive.web.services import ingest as module
from barkive.web.services.ingest import Ingest

pytestmark = pytest.mark.slow

RED, GREEN = (250, 10, 10), (10, 250, 10)


def photo(colour: tuple[int, int, int] = RED, kind: str = "PNG") -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (40, 30), colour).save(file, kind)
    return file.getvalue()


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    return tmp_path / "kept"


@pytest.fixture
def catalogue(tmp_path: Path) -> Iterator[Catalogue]:
    with Catalogue(tmp_path / "catalogue.sqlite") as opened:
        yield opened


@pytest.fixture
def ingest(catalogue: Catalogue, colour_bundle: Path, kept: Path) -> Ingest:
    classifier = Classifier(colour_bundle)
    catalogue.added_photos = kept
    return Ingest(catalogue, lambda: classifier)


def files(folder: Path) -> list[str]:
    """Every file under a folder, hidden ones too."""
    return sorted(path.name for path in folder.rglob("*") if path.is_file())


def test_a_photo_is_kept_as_it_is_and_catalogued(
    ingest: Ingest, catalogue: Catalogue, kept: Path
) -> None:
    content = photo()
    entry, is_new = ingest.add(content, "rex.png")
    assert is_new
    path = Path(entry.file)
    assert path.parent.parent == kept
    assert re.fullmatch(r"\d{4}-\d{2}", path.parent.name)
    assert path.name == "rex.png"
    assert path.read_bytes() == content
    assert files(kept) == ["rex.png"]
    assert (entry.status, entry.labels[0].en) == (Status.DOG, "Chihuahua")
    assert [one.id for one in catalogue.search()] == [entry.id]


def test_the_content_and_the_names_reach_the_disk_before_it_returns(
    ingest: Ingest, kept: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[str] = []
    fsync = os.fsync

    def listen(handle: int) -> None:
        synced.append(str(Path(f"/proc/self/fd/{handle}").readlink()))
        fsync(handle)

    if not Path("/proc/self/fd").exists():
        pytest.skip("the system does not say what a handle is of")
    monkeypatch.setattr(os, "fsync", listen)
    folder = Path(ingest.add(photo(), "rex.png").entry.file).parent
    part, *folders = [name for name in synced if name.startswith(str(kept))]
    assert part.endswith(".part")
    assert folders == [str(folder), str(kept)]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("rex.png", "rex.png"),
        ("REX.PNG", "REX.png"),
        ("../../x", "-..-x.png"),
        ("/etc/passwd", "-etc-passwd.png"),
        ("..\\..\\x.png", "-..-x.png"),
        ("C:\\rex.png", "C--rex.png"),
        ("CON.png", "_CON.png"),
        ("aux", "_aux.png"),
        ("", "photo.png"),
        (".png", "png.png"),
        ("...", "photo.png"),
        (" . ", "photo.png"),
        ("rex", "rex.png"),
        ("rex.jpg", "rex.png"),
        ("rex.txt", "rex.png"),
        ("rex.png.exe", "rex.png.png"),
        ("a\nb\t c.png", "a b c.png"),
        ("a\0b<|>.png", "a-b---.png"),
        ("Zoé 🐶.png", "Zoé 🐶.png"),
        ("Zoe\u0301.png", "Zoé.png"),
        ("x" * 400 + ".png", "x" * 100 + ".png"),
        ("🐶" * 400 + ".png", "🐶" * 57 + ".png"),
        ("x" * 99 + ". y.png", "x" * 99 + ".png"),
    ],
)
def test_names(ingest: Ingest, kept: Path, name: str, expected: str) -> None:
    entry = ingest.add(photo(), name).entry
    assert files(kept) == [expected]
    assert Path(entry.file).parent.parent == kept
    assert len(os.fsencode(expected)) < 255


@pytest.mark.parametrize(
    ("kind", "name", "expected"),
    [
        ("JPEG", "rex.jpeg", "rex.jpeg"),
        ("JPEG", "rex.JPG", "rex.jpg"),
        ("JPEG", "rex.png", "rex.jpg"),
        ("WEBP", "rex", "rex.webp"),
        ("GIF", "rex.gif", "rex.gif"),
        ("BMP", "rex.jpg", "rex.bmp"),
        ("TIFF", "rex.tif", "rex.tif"),
        ("AVIF", "rex.heic", "rex.avif"),
        ("MPO", "rex.mpo", "rex.mpo"),
    ],
)
def test_the_ending_is_one_of_the_content(
    ingest: Ingest, kept: Path, kind: str, name: str, expected: str
) -> None:
    assert ingest.add(photo(kind=kind), name).entry.status is Status.DOG
    assert files(kept) == [expected]


def test_every_format_that_is_decoded_has_endings_that_a_scan_finds() -> None:
    assert set(module._ENDINGS) == {*_OPENERS, "RAW"}
    assert set(sum(module._ENDINGS.values(), ())) == {*EXTENSIONS, *RAW}


def test_other_photos_of_one_name_get_a_number(ingest: Ingest, kept: Path) -> None:
    added = [ingest.add(photo((250, number, 10)), "rex.png") for number in range(3)]
    names = [Path(one.entry.file).name for one in added]
    assert names == ["rex.png", "rex-2.png", "rex-3.png"]
    assert files(kept) == sorted(names)


def test_the_same_content_twice_is_kept_once(
    ingest: Ingest, catalogue: Catalogue, kept: Path
) -> None:
    first = ingest.add(photo(), "rex.png").entry
    assert ingest.add(photo(), "other name.png") == (first, False)
    assert files(kept) == ["rex.png"]
    assert catalogue.count() == 1


def test_a_photo_that_was_scanned_elsewhere_is_not_kept_again(
    ingest: Ingest,
    catalogue: Catalogue,
    kept: Path,
    colour_photo: Callable[..., Path],
    colour_bundle: Path,
) -> None:
    path = colour_photo("scanned/rex.png", RED)
    catalogue.scan(path, classifier=Classifier(colour_bundle))
    assert ingest.add(path.read_bytes(), "again.png").entry.file == str(path)
    assert not kept.exists()


def test_a_photo_whose_file_is_gone_is_kept_again_under_its_number(
    ingest: Ingest, catalogue: Catalogue, kept: Path
) -> None:
    first = ingest.add(photo(), "rex.png").entry
    catalogue.label(first.id, Label(Kind.BREED, ("Pug",), by="Ada"))
    Path(first.file).unlink()
    again = ingest.add(photo(), "back.png").entry
    assert (again.id, again.labels[0].en, Path(again.file).name) == (first.id, "Pug", "back.png")
    assert files(kept) == ["back.png"]


def test_a_photo_whose_file_was_changed_is_kept_again(
    ingest: Ingest, catalogue: Catalogue, kept: Path
) -> None:
    first = ingest.add(photo(), "rex.png").entry
    Path(first.file).write_bytes(photo(GREEN))  # the catalogue does not know yet
    again = ingest.add(photo(), "rex.png").entry
    assert Path(again.file).name == "rex-2.png"
    assert Path(again.file).read_bytes() == photo()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"no photo at all",
        b"\xff\xd8\xffnothing more",
        photo()[:-30],
        photo(kind="JPEG")[:400],
        b"%PDF-1.7",
    ],
)
def test_a_broken_photo_leaves_nothing_behind(
    ingest: Ingest, catalogue: Catalogue, kept: Path, content: bytes
) -> None:
    with pytest.raises(PhotoError):
        ingest.add(content, "rex.png")
    assert not kept.exists()
    assert catalogue.count() == 0


def test_a_folder_that_cannot_be_written_gives_a_sentence(
    ingest: Ingest, catalogue: Catalogue, kept: Path
) -> None:
    kept.write_text("in the way")
    with pytest.raises(CatalogueError, match=r"can't be kept in .*; make it writable and try"):
        ingest.add(photo(), "rex.png")
    assert catalogue.count() == 0


@pytest.mark.parametrize("call", ["fsync", "open"])
def test_a_full_disk_gives_a_sentence_and_leaves_nothing_behind(
    ingest: Ingest,
    catalogue: Catalogue,
    kept: Path,
    monkeypatch: pytest.MonkeyPatch,
    call: str,
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(module.os if call == "fsync" else module.Path, call, full)
    with pytest.raises(CatalogueError, match="No space left on device; make room and try again"):
        ingest.add(photo(), "rex.png")
    assert files(kept) == []
    assert catalogue.count() == 0
    monkeypatch.undo()
    assert Path(ingest.add(photo(), "rex.png").entry.file).name == "rex.png"


def test_a_photo_that_cannot_be_catalogued_is_not_kept(
    ingest: Ingest, catalogue: Catalogue, kept: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def locked(*_: object, **__: object) -> None:
        raise CatalogueError("verbatim", sentence="The catalogue is locked.")

    monkeypatch.setattr(catalogue, "scan", locked)
    with pytest.raises(CatalogueError, match="locked"):
        ingest.add(photo(), "rex.png")
    assert files(kept) == []
    monkeypatch.undo()
    ingest.add(photo(), "rex.png")
    assert files(kept) == ["rex.png"]


def test_many_threads_with_the_same_and_other_photos(
    ingest: Ingest, catalogue: Catalogue, kept: Path
) -> None:
    contents = [photo((250, number, 10)) for number in range(4)]
    with ThreadPoolExecutor(8) as pool:
        entries = list(pool.map(lambda one: ingest.add(one, "rex.png").entry, contents * 4))
    assert entries[:4] == entries[4:8] == entries[8:12] == entries[12:]
    assert files(kept) == ["rex-2.png", "rex-3.png", "rex-4.png", "rex.png"]
    assert catalogue.count() == 4
