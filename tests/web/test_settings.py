"""How a server is set up: which folders it may look into, whatever they are called."""

import os
from pathlib import Path

import pytest

from barkive.errors import UsageError
from barkive.web.settings import LOOPBACK, Settings


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    for name in ("photos/2026", "photos-private", "private"):
        (tmp_path / name).mkdir(parents=True)
    return tmp_path / "photos"


def test_the_names_of_this_machine_alone_are_allowed_at_first() -> None:
    assert Settings().hosts == LOOPBACK == {"localhost", "127.0.0.1", "::1"}
    assert Settings().password is None


def test_every_folder_may_be_scanned_where_none_is_named() -> None:
    assert Settings().may_scan("/anywhere")


def test_none_may_be_scanned_where_there_are_none(photos: Path) -> None:
    assert not Settings(folders=()).may_scan(str(photos))


def test_a_named_folder_may_be_scanned_with_all_inside(photos: Path) -> None:
    settings = Settings(folders=(str(photos),))
    for inside in (photos, photos / "2026", photos / "2026" / ".." / "2026", photos / "new"):
        assert settings.may_scan(str(inside))


def test_nothing_else_may(photos: Path) -> None:
    settings = Settings(folders=(str(photos),))
    for outside in (
        photos.parent,
        photos.parent / "photos-private",
        f"{photos}/../private",
        f"{photos}/2026/../../private",
        f"{photos}/..",
        "/",
        "/etc",
        "",
        "private",
    ):
        assert not settings.may_scan(str(outside))


@pytest.mark.skipif(os.name != "posix", reason="links of Unix")
def test_a_link_leads_nowhere_else(photos: Path) -> None:
    (photos / "way-out").symlink_to(photos.parent / "private")
    settings = Settings(folders=(str(photos),))
    assert not settings.may_scan(str(photos / "way-out"))
    assert not settings.may_scan(str(photos / "way-out" / "deeper"))


@pytest.mark.skipif(os.name != "posix", reason="links of Unix")
def test_a_folder_may_be_named_by_a_link(photos: Path) -> None:
    (photos.parent / "link").symlink_to(photos)
    assert Settings(folders=(str(photos.parent / "link"),)).may_scan(str(photos / "2026"))


def test_a_folder_that_is_not_there_says_so(photos: Path) -> None:
    with pytest.raises(UsageError) as caught:
        Settings(folders=(str(photos), str(photos / "gone")))
    assert str(caught.value) == f"There is no folder {photos / 'gone'}; check the name."
