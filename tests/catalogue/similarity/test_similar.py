from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from barkive.catalogue import Catalogue, Filter
from barkive.catalogue.predictions.packing import pack_embedding, unpack_embeddings
from barkive.catalogue.scan import pipeline
from barkive.catalogue.similarity import similar
from barkive.classifier import Classifier
from barkive.errors import PhotoError, UsageError
from barkive.verdicts import Status


@pytest.fixture
def shades(tmp_path: Path) -> Path:
    """Sixty photos from red to green, and three that can't be compared."""
    folder = tmp_path / "shades"
    folder.mkdir()
    for i in range(60):
        Image.new("RGB", (40, 30), (250 - 4 * i, 4 * i, 5)).save(folder / f"{i:02}.png")
    (folder / "broken.jpg").write_bytes(b"\xff\xd8\xff")
    return folder


def names(catalogue: Catalogue, photo: Path, *arguments: Filter, **options: int) -> list[str]:
    return [Path(one.entry.file).stem for one in catalogue.like(photo, *arguments, **options)]


@pytest.mark.parametrize("unindexed", [5000, 20])
def test_the_likest_come_first_with_and_without_an_index(
    catalogue: Catalogue,
    classifier: Classifier,
    shades: Path,
    unindexed: int,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.setattr(similar, "_UNINDEXED", unindexed)
    monkeypatch.setattr(similar, "_NEWEST", 7)
    monkeypatch.setattr("platformdirs.user_cache_path", lambda *_, **__: tmp_path / "cache")
    catalogue.scan(shades, classifier=classifier)
    indexed = list(tmp_path.rglob("basis.npy"))
    assert len(indexed) == (unindexed == 20)
    found = catalogue.like(shades / "10.png", limit=4)
    assert sorted(Path(one.entry.file).stem for one in found[:2]) == ["09", "11"]
    assert [one.similarity for one in found] == sorted(
        (one.similarity for one in found), reverse=True
    )
    assert found[0].to_json()["similarity"] == pytest.approx(1, abs=0.01)
    # Filters, a photo that is not catalogued, and the end of the list.
    pugs = names(catalogue, shades / "10.png", Filter(breed="pug", status=(Status.DOG,)), limit=1)
    assert pugs == ["39"]
    Image.new("RGB", (40, 30), (50, 200, 5)).save(tmp_path / "new.png")
    (nearest,) = catalogue.like(tmp_path / "new.png", limit=1, classifier=classifier)
    assert Path(nearest.entry.file).stem == "50"
    with pytest.raises(UsageError, match="holds no answers of the model barkive-"):
        catalogue.like(tmp_path / "new.png")
    assert len(names(catalogue, shades / "10.png", limit=500)) == 59
    assert catalogue.count() == 61


def test_the_index_grows_with_the_catalogue(
    catalogue: Catalogue,
    classifier: Classifier,
    shades: Path,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    colour_photo: Callable[..., Path],
) -> None:
    monkeypatch.setattr(similar, "_UNINDEXED", 10)
    monkeypatch.setattr(similar, "_NEWEST", 3)
    monkeypatch.setattr("platformdirs.user_cache_path", lambda *_, **__: tmp_path / "cache")
    catalogue.scan(shades, classifier=classifier)
    for i in range(30):
        colour_photo(f"more/{i}.png", (5, 4 * i, 250 - 4 * i))
    catalogue.scan(tmp_path / "more", classifier=classifier)
    assert sorted(names(catalogue, tmp_path / "more" / "20.png", limit=2)) == ["19", "21"]
    assert len(names(catalogue, shades / "10.png", limit=500)) == 89


def test_the_index_is_built_while_a_scan_goes_on(
    catalogue: Catalogue,
    classifier: Classifier,
    shades: Path,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    if catalogue.file is None:
        pytest.skip("PostgreSQL has an index of its own.")
    monkeypatch.setattr(similar, "_UNINDEXED", 10)
    monkeypatch.setattr(similar, "_NEWEST", 3)
    monkeypatch.setattr(pipeline, "_BATCH", 8)
    monkeypatch.setattr(pipeline, "_INDEXED_AT_ONCE", 16)
    indexed: list[int] = []

    def look(done: int, total: int | None) -> None:
        indexed.append(len(list(tmp_path.rglob("basis.npy"))))

    catalogue.scan(shades, classifier=classifier, on_progress=look)
    assert indexed[0] == 0
    assert indexed[-1] > 0
    assert sorted(names(catalogue, shades / "10.png", limit=2)) == ["09", "11"]
    assert len(names(catalogue, shades / "10.png", limit=500)) == 59


def test_a_photo_that_can_t_be_read_is_named(
    catalogue: Catalogue, classifier: Classifier, shades: Path
) -> None:
    catalogue.scan(shades, classifier=classifier)
    with pytest.raises(PhotoError, match=r"broken.jpg can't be compared"):
        catalogue.like(shades / "broken.jpg", classifier=classifier)


def test_a_packed_vector_keeps_its_direction() -> None:
    vector = np.random.default_rng(0).gamma(1, size=1280).astype(np.float32)
    packed = unpack_embeddings([pack_embedding(vector)])[0].astype(np.float64)
    cosine = packed @ vector / np.linalg.norm(packed) / np.linalg.norm(vector)
    assert cosine > 0.9995
    assert pack_embedding(np.zeros(3, np.float32)) == bytes(3)
