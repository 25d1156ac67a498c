"""`barkive enhance`: what is written, under which names, and what is said."""

import io

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

from barkive.cli.commands import app
from barkive.errors import MissingExtraError, UsageError
from barkive.images import decode
from barkive.images.degrade import salt_and_pepper
from barkive.images.enhance import denoise, equalize, stretch


@pytest.fixture
def run(tmp_path):
    """Runs the command with its output in tmp_path/out; gives the result and the files there."""

    def invoke(*arguments, out=tmp_path / "out"):
        result = CliRunner().invoke(app, ["enhance", *map(str, arguments), "--out", str(out)])
        files = sorted(path.name for path in out.iterdir()) if out.is_dir() else []
        return result, files

    return invoke


@pytest.fixture
def undrawn(monkeypatch):
    """Leaves out the drawing, which takes most of the time."""
    monkeypatch.setattr("barkive.exploration.before_after.before_after", lambda *_, **__: b"")


def test_a_photo_is_corrected_and_shown_before_and_after(run, make_photo, tmp_path):
    photo = make_photo("dog.png")
    salted = salt_and_pepper(decode(photo), np.random.default_rng(0))
    Image.fromarray(salted).save(photo)
    result, files = run(photo)
    assert result.exit_code == 0
    assert files == ["dog-before-after.png", "dog-enhanced.png"]
    assert result.stdout == f"{photo}: {tmp_path / 'out' / 'dog-enhanced.png'}\n"
    assert result.stderr == ""
    corrected = decode(tmp_path / "out" / "dog-enhanced.png")
    assert (corrected == stretch(denoise(salted))).all()
    with Image.open(tmp_path / "out" / "dog-before-after.png") as picture:
        assert picture.format == "PNG"
        assert picture.width > 1000
    assert (decode(photo) == salted).all()


def test_corrections_and_percentiles_can_be_chosen(run, make_photo, tmp_path, undrawn):
    photo = make_photo("dog.png")
    run(photo, "--enhance", "equalize,stretch", "--low", "20", "--high", "70")
    corrected = decode(tmp_path / "out" / "dog-enhanced.png")
    assert (corrected == stretch(equalize(decode(photo)), low=20, high=70)).all()


def test_a_jpeg_stays_one_upright_and_without_its_metadata(run, make_photo, tmp_path, undrawn):
    exif = Image.Exif()
    exif[0x0112], exif[0x010F] = 6, "Camera"  # to be turned by a quarter; the maker
    photo = make_photo("dog.JPG", size=(64, 48), exif=exif)
    _, files = run(photo)
    assert files == ["dog-before-after.png", "dog-enhanced.jpg"]
    with Image.open(tmp_path / "out" / "dog-enhanced.jpg") as corrected:
        assert corrected.format == "JPEG"
        assert corrected.size == (48, 64)
        assert dict(corrected.getexif()) == {}
        assert "icc_profile" not in corrected.info


def test_photos_of_one_name_get_names_of_their_own(run, make_photo, tmp_path, undrawn):
    for i, name in enumerate(["a/dog.jpg", "b/dog.jpg", "b/DOG.png"]):
        make_photo(name, seed=i)
    result, files = run(tmp_path / "a", tmp_path / "b")
    assert result.exit_code == 0
    assert files == [
        *("DOG-3-before-after.png", "DOG-3-enhanced.png"),
        *("dog-2-before-after.png", "dog-2-enhanced.jpg"),
        *("dog-before-after.png", "dog-enhanced.jpg"),
    ]
    assert result.stderr == f"3 photos adjusted: {tmp_path / 'out'}\n"


def test_no_input_is_overwritten(run, make_photo, tmp_path, undrawn):
    photos = [make_photo("dog.jpg"), make_photo("dog-enhanced.jpg", seed=1)]
    contents = [photo.read_bytes() for photo in photos]
    result, files = run(tmp_path, out=tmp_path)
    assert result.exit_code == 0
    assert [photo.read_bytes() for photo in photos] == contents
    assert files == [
        *("dog-2-before-after.png", "dog-2-enhanced.jpg", "dog-enhanced-before-after.png"),
        *("dog-enhanced-enhanced.jpg", "dog-enhanced.jpg", "dog.jpg"),
    ]


def test_a_bad_photo_is_listed_and_the_others_are_corrected(run, make_photo, tmp_path, undrawn):
    good, bad = make_photo("good.jpg"), tmp_path / "bad.jpg"
    bad.write_bytes(b"")
    result, files = run(bad, good)
    assert result.exit_code == 1
    assert files == ["good-before-after.png", "good-enhanced.jpg"]
    assert result.stderr == (
        f"{bad}: The file is empty.\n1 photos adjusted; 1 could not be read: {tmp_path / 'out'}\n"
    )


def test_lack_of_memory_fails_one_photo(run, make_photo, monkeypatch):
    photo = make_photo()

    def fail(*_, **__):
        raise MemoryError

    monkeypatch.setattr("barkive.images.enhance.enhance", fail)
    result, files = run(photo)
    assert (result.exit_code, files) == (1, [])
    assert result.stderr == f"{photo}: There is not enough memory to correct it.\n"


@pytest.mark.parametrize("size", [(1, 1), (300, 2)])
def test_odd_shapes_and_names(run, tmp_path, size):
    photo = tmp_path / "cost $1^$ 犬.png"
    Image.new("RGB", size, (9, 99, 199)).save(photo)
    result, files = run(photo)
    assert result.exit_code == 0
    assert files == ["cost $1^$ 犬-before-after.png", "cost $1^$ 犬-enhanced.png"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--enhance", "stretch,sharpen"], "There is no correction called “sharpen”; choose from:"),
        (["--enhance", " ,"], "Name a correction: stretch, equalize, "),
        (["--low", "60", "--high", "40"], "The percentiles are 60 and 40; the first must be"),
    ],
)
def test_wrong_usage_is_told_before_anything_is_made(run, make_photo, arguments, message):
    result, files = run(make_photo(), *arguments)
    assert isinstance(result.exception, UsageError)
    assert str(result.exception).startswith(message)
    assert files == []


def test_no_photos(run, tmp_path):
    (tmp_path / "empty").mkdir()
    result, files = run(tmp_path / "empty")
    assert str(result.exception).startswith(f"There are no photos in {tmp_path / 'empty'}; give")
    assert files == []


@pytest.mark.parametrize(
    ("missing", "message"),
    [
        ("cv2", "The correction “denoise” needs the extra “enhance”"),
        ("matplotlib", "Drawing photos before and after needs the extra “report”"),
    ],
)
def test_missing_extras_are_told_before_anything_is_made(
    run, make_photo, monkeypatch, missing, message
):
    import importlib.util

    real = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name, *a: None if name == missing else real(name, *a)
    )
    result, files = run(make_photo(), "--enhance", "stretch")
    assert isinstance(result.exception, MissingExtraError)
    assert str(result.exception).startswith(message)
    assert files == []


def test_a_photo_too_long_for_jpeg_becomes_a_png(run, tmp_path, undrawn):
    content = io.BytesIO()
    Image.new("RGB", (65501, 1), (10, 20, 30)).save(content, "BMP")
    (tmp_path / "long.bmp").write_bytes(content.getvalue())
    assert run(tmp_path / "long.bmp")[1] == ["long-before-after.png", "long-enhanced.png"]
