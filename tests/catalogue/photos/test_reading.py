from __future__ import annotations

from pathlib import Path

import pytest

from barkive.catalogue.photos.reading import Reading, is_gone
from barkive.errors import PhotoError
from barkive.images import Preprocessing, remote


@pytest.mark.parametrize("name", ["none.jpg", "x" * 5000, "a\0b.jpg", "\ud800.jpg"])
def test_what_no_file_can_be_called_is_gone(tmp_path: Path, name: str) -> None:
    assert is_gone(str(tmp_path / name))


def test_what_is_there_is_not_gone(tmp_path: Path) -> None:
    assert not is_gone(str(tmp_path))
    (tmp_path / "around").symlink_to("around")
    assert not is_gone(str(tmp_path / "around"))


@pytest.mark.parametrize(("size", "asked"), [(600 << 20, 0), (None, 1)])
def test_a_film_in_a_store_is_not_read(
    monkeypatch: pytest.MonkeyPatch, size: int | None, asked: int
) -> None:
    class Store:
        asked = 0

        def _strip_protocol(self, url: str) -> str:
            return url

        def info(self, name: str) -> dict[str, object]:
            self.asked += 1
            return {"name": name, "size": 600 << 20, "type": "file"}

    store = Store()
    monkeypatch.setattr(remote, "_store", lambda scheme: store)
    reading = Reading("s3://b/film.jpg", size, 1)
    with pytest.raises(PhotoError, match=r"^The file has 600 MB; the limit is 512 MB\.$"):
        reading.load(Preprocessing(size=32, square="squash"))
    assert store.asked == asked
