"""Records made up by hand, and a small folder of breeds with something of everything."""

from pathlib import Path

import numpy as np
import pytest

from barkive.evaluation import Samples, read_samples
from barkive.exploration.survey import PhotoRecord, Survey
from barkive.images import Header, Quality


@pytest.fixture
def record():
    """Makes the record of a photo that is unlike all others, but for what is given."""
    made = 0

    def make(
        path="data/beagle/1.jpg",
        folder=0,
        size=(500, 400),
        digest=None,
        hash_=None,
        bytes_=60_000,
        kind="JPEG",
        mode="RGB",
        **quality,
    ):
        nonlocal made
        made += 1
        if hash_ is None:
            hash_ = np.random.default_rng(made).integers(0, 2**64, 4, dtype=np.uint64)
        values = {"brightness": 120.0, "contrast": 50.0, "sharpness": 500.0, "noise": 2.0}
        return PhotoRecord(
            path=path,
            folder=folder,
            header=Header(*size, kind, mode),
            size=bytes_,
            digest=digest or f"{made:064x}",
            hash=np.asarray(hash_, dtype=np.uint64),
            quality=Quality(**values | quality),
        )

    return make


@pytest.fixture
def survey_of():
    """Makes a survey of records, and of failures."""

    def make(photos, folders=("beagle",), failures=(), data="data", empty=()):
        paths = [photo.path for photo in (*photos, *failures)]
        truth = np.array([photo.folder for photo in (*photos, *failures)], dtype=np.intp)
        samples = Samples(Path(data), tuple(paths), truth, tuple(folders), tuple(empty))
        return Survey(samples, tuple(photos), tuple(failures))

    return make


@pytest.fixture
def folder(tmp_path, make_photo):
    """Five readable photos of three breeds: a copy, a smaller copy, and one broken file."""
    make_photo("data/n02088364-beagle/1.jpg", (96, 64), seed=1)
    make_photo("data/n02088364-beagle/2.png", (64, 96), seed=2)
    make_photo("data/Rex & <co>/copy.jpg", (96, 64), seed=1)
    make_photo("data/Rex & <co>/smaller.jpg", (48, 48), seed=3)
    make_photo("data/Rex & <co>/larger.jpg", (80, 80), seed=3)
    make_photo("data/lone/deeper/still/1.jpg", (96, 64), seed=4)
    (tmp_path / "data/lone/broken.jpg").write_bytes(b"no photo at all")
    (tmp_path / "data/empty").mkdir()
    return tmp_path / "data"


@pytest.fixture
def samples(folder):
    return read_samples(folder)
