"""How a server is set up, and where its scans may look."""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from barkive.errors import DeviceError, UsageError
from barkive.web import create_app
from barkive.web.settings import LOOPBACK, Limits, Settings


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    (tmp_path / "photos" / "dogs").mkdir(parents=True)
    (tmp_path / "photos-private").mkdir()
    return tmp_path / "photos"


@pytest.fixture
def settings(photos: Path) -> Settings:
    return Settings(folders=(str(photos),))


def test_without_a_word_only_this_machine_reaches_the_server() -> None:
    settings = Settings()
    assert settings.hosts == LOOPBACK == {"localhost", "127.0.0.1", "::1"}
    assert settings.password is None
    assert settings.folders is None
    assert settings.device == "cpu"


def test_the_device_is_the_networks(
    colour_bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("onnxruntime.get_available_providers", lambda: ["CPUExecutionProvider"])
    settings = Settings(catalogue=tmp_path / "c.sqlite", model=colour_bundle, device="cuda")
    with pytest.raises(DeviceError, match="The device cuda needs an NVIDIA card"):
        create_app(settings)


def test_the_limits() -> None:
    limits = Settings().limits
    assert limits == Limits()
    assert (limits.photos, limits.waiting) == (1000, 256)
    assert (limits.photo_bytes, limits.request_bytes) == (67_108_864, 1_073_741_824)


@pytest.mark.parametrize("holder", [Settings(), Limits()])
def test_nothing_can_be_changed(holder: Settings | Limits) -> None:
    for field in dataclasses.fields(holder):
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(holder, field.name, None)


def test_a_folder_that_is_none(photos: Path) -> None:
    file = photos / "rex.jpg"
    file.touch()
    for wrong in (photos / "cats", file):
        with pytest.raises(UsageError) as error:
            Settings(folders=(str(photos), str(wrong)))
        assert str(error.value) == f"There is no folder {wrong}; check the name."


def test_without_folders_scans_may_look_everywhere_or_nowhere(tmp_path: Path) -> None:
    assert Settings().may_scan(str(tmp_path))
    assert Settings().may_scan("/")
    assert not Settings(folders=()).may_scan(str(tmp_path))


def test_a_folder_and_all_inside_it_may_be_scanned(settings: Settings, photos: Path) -> None:
    for inside in (photos, photos / "dogs", photos / "dogs" / "rex.jpg", photos / "not" / "there"):
        assert settings.may_scan(str(inside))
    assert settings.may_scan(f"{photos}/")
    assert settings.may_scan(f"{photos}/dogs/../dogs//.")


def test_nothing_else_may(settings: Settings, photos: Path) -> None:
    for outside in (photos.parent, photos.parent / "photos-private", Path("/"), Path("/etc")):
        assert not settings.may_scan(str(outside))
    assert not settings.may_scan(f"{photos}/..")
    assert not settings.may_scan(f"{photos}/dogs/../../photos-private")
    assert not settings.may_scan("")
    assert not settings.may_scan("photos")


def test_links_are_followed(settings: Settings, photos: Path) -> None:
    (photos / "way-out").symlink_to(photos.parent / "photos-private")
    (photos / "loop").symlink_to(photos / "loop")
    (photos.parent / "way-in").symlink_to(photos / "dogs")
    assert not settings.may_scan(str(photos / "way-out"))
    assert not settings.may_scan(str(photos / "way-out" / "dogs"))
    assert settings.may_scan(str(photos.parent / "way-in"))
    assert settings.may_scan(str(photos / "loop"))  # which no scan can open


def test_the_allowed_folder_may_be_a_link_itself(photos: Path) -> None:
    link = photos.parent / "album"
    link.symlink_to(photos)
    settings = Settings(folders=(str(link),))
    assert settings.may_scan(str(link / "dogs"))
    assert settings.may_scan(str(photos / "dogs"))
    assert not settings.may_scan(str(photos.parent / "photos-private"))


def test_an_allowed_folder_may_be_relative(photos: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(photos.parent)
    settings = Settings(folders=("photos",))
    assert settings.may_scan(str(photos / "dogs"))
    assert not settings.may_scan(str(photos.parent))


def test_one_of_several_folders_is_enough(photos: Path) -> None:
    private = photos.parent / "photos-private"
    settings = Settings(folders=(str(private), str(photos)))
    assert settings.may_scan(str(photos / "dogs"))
    assert settings.may_scan(str(private))
    assert not settings.may_scan(str(photos.parent))


PARTS = st.sampled_from(["..", ".", "", "dogs", "photos", "photos-private", "x", "\udcff", "é"])


@given(st.lists(PARTS, max_size=8))
def test_no_way_leads_out(tmp_path_factory: pytest.TempPathFactory, parts: list[str]) -> None:
    root = Path(os.path.realpath(tmp_path_factory.getbasetemp())) / "photos"
    root.mkdir(exist_ok=True)
    wish = "/".join([str(root), *parts])
    goal = os.path.normpath(wish)
    allowed = Settings(folders=(str(root),)).may_scan(wish)
    assert allowed == (goal == str(root) or goal.startswith(f"{root}/"))
