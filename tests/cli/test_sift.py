"""`barkive sift`: pictures, the table, and what is left out."""

import csv
import os
import sys

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

from barkive.cli import sift as module
from barkive.cli.commands import app
from barkive.errors import MissingExtraError, UsageError
from barkive.images import decode
from barkive.images.keypoints import find_keypoints


def run(*arguments):
    return CliRunner().invoke(app, ["sift", *map(str, arguments)])


def rows(folder):
    with (folder / "keypoints.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def names(folder):
    return sorted(path.name for path in folder.iterdir())


@pytest.fixture
def patches(tmp_path):
    """Writes a photo of hard patches, which has key points; another for another seed."""

    def make(name, seed=0):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        small = np.random.default_rng(seed).integers(0, 256, (6, 8, 3)).astype(np.uint8)
        Image.fromarray(small.repeat(8, axis=0).repeat(8, axis=1)).save(path)
        return path

    return make


def test_a_photo_gives_a_picture_an_archive_and_rows(patches, tmp_path):
    photo, out = patches("rex.png"), tmp_path / "deep" / "out"
    result = run(photo, "--out", out)
    assert result.exit_code == 0, result.output
    assert names(out) == ["keypoints.csv", "rex-sift.jpg", "rex-sift.npz"]
    found = find_keypoints(decode(photo))
    assert len(found) > 5
    assert result.stdout == f"{photo}: {len(found)} key points, rex-sift.jpg\n"
    assert result.stderr == f"{len(found)} key points in 1 photo: {out / 'keypoints.csv'}\n"
    with Image.open(out / "rex-sift.jpg") as picture:
        assert picture.size == (256, 192)
    first = rows(out)[0]
    assert len(rows(out)) == len(found)
    assert list(first) == ["file", "x", "y", "size", "orientation", "strength"]
    assert first["file"] == str(photo)
    assert float(first["x"]) == pytest.approx(found.positions[0, 0], abs=0.01)
    assert float(first["y"]) == pytest.approx(found.positions[0, 1], abs=0.01)
    assert float(first["size"]) == pytest.approx(found.sizes[0], abs=0.01)
    assert float(first["orientation"]) == pytest.approx(found.orientations[0], abs=0.1)
    assert float(first["strength"]) == pytest.approx(found.strengths[0], abs=1e-4)
    with np.load(out / "rex-sift.npz") as archive:
        assert np.array_equal(archive["descriptors"], found.descriptors)
        assert np.array_equal(archive["positions"], found.positions)


def test_the_limit_is_kept(patches, tmp_path):
    assert run(patches("rex.png"), "--out", tmp_path / "out", "--limit", 3).exit_code == 0
    assert len(rows(tmp_path / "out")) == 3


def test_a_flat_photo_has_none(tmp_path):
    Image.new("RGB", (40, 30)).save(tmp_path / "flat.png")
    result = run(tmp_path / "flat.png", "--out", tmp_path / "out")
    assert result.exit_code == 0
    assert "0 key points, flat-sift.jpg" in result.stdout
    assert rows(tmp_path / "out") == []


def test_photos_of_one_name_do_not_overwrite_each_other(patches, tmp_path):
    photos = [patches("a/rex.png", 1), patches("b/REX.jpg", 2), patches("b/rex-2.png", 3)]
    out = tmp_path / "out"
    result = run(*photos, "--out", out)
    assert result.exit_code == 0
    pictures = [line.rsplit(", ")[-1] for line in result.stdout.splitlines()]
    assert pictures == ["rex-sift.jpg", "REX-2-sift.jpg", "rex-2-2-sift.jpg"]
    assert set(pictures) < set(names(out))
    assert {row["file"] for row in rows(out)} == set(map(str, photos))


def test_a_photo_that_is_given_is_never_overwritten(patches, tmp_path):
    patches("rex.jpg")
    other = patches("rex-sift.jpg", 1)
    before = other.read_bytes()
    assert run(tmp_path, "--out", tmp_path).exit_code == 0
    assert other.read_bytes() == before
    assert names(tmp_path) == [
        *("keypoints.csv", "rex-2-sift.jpg", "rex-2-sift.npz"),
        *("rex-sift-sift.jpg", "rex-sift-sift.npz", "rex-sift.jpg", "rex.jpg"),
    ]


def test_a_bad_photo_is_listed_and_gives_status_1(patches, tmp_path):
    good, bad = patches("photos/rex.png"), tmp_path / "photos" / "bad.jpg"
    bad.write_bytes(b"no photo at all")
    result = run(tmp_path / "photos", "--out", tmp_path / "out")
    assert result.exit_code == 1
    assert result.stderr.splitlines()[0].startswith(f"{bad}: It is not a photo")
    assert "in 1 photo; 1 could not be read: " in result.stderr
    assert {row["file"] for row in rows(tmp_path / "out")} == {str(good)}


def test_a_name_that_is_very_long_or_no_text_is_no_obstacle(patches, tmp_path):
    long = patches("photos/" + "ü" * 120 + ".png")
    odd = long.rename(long.parent / "caf\udce9.png") if sys.platform == "linux" else long
    long = patches("photos/" + "ü" * 120 + ".png", 1)
    result = run(odd, long, "--out", tmp_path / "out")
    assert result.exit_code == 0, result.exception
    assert "ü" * 50 + "-sift.jpg" in names(tmp_path / "out")


def test_an_interrupted_run_leaves_no_table_that_looks_whole(patches, tmp_path, monkeypatch):
    def interrupted(pixels, keypoints):
        raise KeyboardInterrupt

    monkeypatch.setattr("barkive.images.keypoints.draw_keypoints", interrupted)
    assert run(patches("rex.png"), "--out", tmp_path / "out").exit_code != 0
    assert names(tmp_path / "out") == []


def test_a_full_disk_is_one_sentence(tmp_path, monkeypatch):
    def full(handle):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    reason = r"keypoints\.csv can't be written: No space left"
    with pytest.raises(UsageError, match=reason), module._table(tmp_path) as write:
        write([("a.jpg", 1, 2, 3, 4, 5)])
    assert names(tmp_path) == []


@pytest.mark.parametrize("arguments", [[], ["--limit", 0]])
def test_wrong_usage(patches, tmp_path, arguments):
    out = ["--out", tmp_path / "out"] if arguments else []
    assert run(patches("rex.png"), *out, *arguments).exit_code == 2


def test_a_folder_without_photos_is_named(tmp_path):
    (tmp_path / "empty").mkdir()
    result = run(tmp_path / "empty", "--out", tmp_path / "out")
    assert isinstance(result.exception, UsageError)
    assert "There are no photos in" in str(result.exception)
    assert not (tmp_path / "out").exists()


def test_a_file_in_the_place_of_the_folder_is_refused(patches, tmp_path):
    (tmp_path / "out").write_text("")
    result = run(patches("rex.png"), "--out", tmp_path / "out")
    assert isinstance(result.exception, UsageError)
    assert "it is a file" in str(result.exception)


def test_without_opencv_nothing_begins(patches, tmp_path, monkeypatch):
    photo = patches("rex.png")
    monkeypatch.setitem(sys.modules, "cv2", None)
    result = run(photo, "--out", tmp_path / "out")
    assert isinstance(result.exception, MissingExtraError)
    assert not (tmp_path / "out").exists()
