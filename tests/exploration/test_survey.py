import hashlib

import numpy as np
import pytest
from PIL import Image

from barkive.errors import DataError
from barkive.evaluation import read_samples
from barkive.exploration import survey
from barkive.images import Header, measure


def test_every_photo_is_read_once_and_in_order(samples):
    calls = []
    found = survey(samples, on_progress=lambda done, total: calls.append((done, total)))
    names = [photo.path.rsplit("/", 1)[-1] for photo in found.photos]
    assert names == ["copy.jpg", "larger.jpg", "smaller.jpg", "1.jpg", "1.jpg", "2.png"]
    assert [photo.folder for photo in found.photos] == [0, 0, 0, 1, 2, 2]
    assert calls == [(done, 7) for done in range(1, 8)]


def test_a_photo_that_cannot_be_read_is_noted(samples, folder):
    (failure,) = survey(samples).failures
    assert failure.path == str(folder / "lone/broken.jpg")
    assert failure.folder == 1
    assert failure.reason.startswith("It is not a photo in a format")


def test_what_is_known_of_a_photo(samples, folder):
    photo = survey(samples).photos[-1]
    content = (folder / "n02088364-beagle/2.png").read_bytes()
    assert photo.header == Header(64, 96, "PNG", "RGB")
    assert photo.size == len(content)
    assert photo.digest == hashlib.sha256(content).hexdigest()
    assert photo.megapixels == 0.006144
    assert photo.quality == measure(np.asarray(Image.open(folder / "n02088364-beagle/2.png")))


def test_a_large_photo_measures_as_its_smaller_copy(tmp_path):
    patches = np.random.default_rng(0).integers(0, 256, (30, 40, 3)).astype(np.uint8)
    large = Image.fromarray(patches).resize((2100, 1575), Image.Resampling.BICUBIC)
    (tmp_path / "dogs").mkdir()
    large.save(tmp_path / "dogs/1.png", compress_level=0)
    large.resize((683, 512), Image.Resampling.BILINEAR).save(tmp_path / "dogs/2.png")
    one, other = survey(read_samples(tmp_path)).photos
    assert one.header.width == 2100
    assert one.quality.brightness == pytest.approx(other.quality.brightness, abs=0.5)
    assert one.quality.sharpness == pytest.approx(other.quality.sharpness, rel=0.1)


@pytest.mark.parametrize("size", [(1, 1), (5000, 1), (1, 5000), (2, 3)])
def test_odd_shapes_are_read(tmp_path, size):
    (tmp_path / "dogs").mkdir()
    Image.new("RGB", size, "red").save(tmp_path / "dogs/1.png")
    (photo,) = survey(read_samples(tmp_path)).photos
    assert (photo.header.width, photo.header.height) == size
    assert photo.quality.brightness == 76


@pytest.mark.parametrize("mode", ["L", "LA", "P", "RGBA", "1", "I;16"])
def test_all_modes_are_read(tmp_path, mode):
    (tmp_path / "dogs").mkdir()
    Image.new(mode, (40, 30)).save(tmp_path / "dogs/1.png")
    (photo,) = survey(read_samples(tmp_path)).photos
    assert photo.header.mode == mode


def test_nothing_readable_is_an_error_that_says_why(tmp_path):
    (tmp_path / "dogs").mkdir()
    (tmp_path / "dogs/1.jpg").write_bytes(b"")
    with pytest.raises(DataError, match=r"None of the 1 photos .*1\.jpg: The file is empty\."):
        survey(read_samples(tmp_path))
