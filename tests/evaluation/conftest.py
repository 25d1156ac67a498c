"""A model that can be worked out by hand, and a folder of breeds for it.

The colour of a photo is the answer: red, green and blue are the odds of the three labels,
and their sum over 120 is how sure the model is of a dog.
"""

import numpy as np
import pytest
from PIL import Image

from barkive.bundle import BundleInfo
from barkive.evaluation import evaluate, known_to, read_not_dogs, read_samples
from barkive.images import Preprocessing
from barkive.verdicts import BreedName, Scores

LABELS = (
    BreedName("n02085620", "Chihuahua", "Chihuahua"),
    BreedName("n02085936", "Maltese", "Bichon maltais"),
    BreedName("my-mutt", "my mutt", "my mutt"),
)
DOGS = {
    "n02085620-Chihuahua/1.png": (180, 60, 0),  # right, 0.75
    "n02085620-Chihuahua/2.png": (60, 180, 0),  # wrong, 0.75
    "Maltese/1.png": (0, 120, 120),  # right, 0.5: uncertain
    "my-mutt/1.png": (0, 0, 240),  # right, 1.0
    "my-mutt/2.png": None,  # broken
    "my-mutt/3.png": (10, 0, 30),  # right, 0.75: but not a dog
}
NOT_DOGS = {
    "1.png": (30, 0, 30),  # not a dog
    "deeper/2.png": (100, 100, 10),  # uncertain
    "deeper/3.png": None,  # broken
}


def predict(pixels):
    odds = pixels[:, 0, 0].astype(np.float32)
    total = odds.sum(axis=1, keepdims=True)
    return Scores(odds / total, (total[:, 0] - 120) / 10, odds)


def write_photos(folder, photos):
    for name, colour in photos.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if colour is None:
            path.write_bytes(b"no photo at all")
        else:
            Image.new("RGB", (32, 32), colour).save(path)
    return folder


@pytest.fixture
def info():
    return BundleInfo(
        name="colours",
        labels=LABELS,
        preprocessing=Preprocessing(size=32, square="squash"),
        temperature=1.0,
        dog_threshold=0.0,
        answer_threshold=0.6,
        provenance={},
    )


@pytest.fixture
def data(tmp_path):
    return write_photos(tmp_path / "data", DOGS)


@pytest.fixture
def not_dogs(tmp_path):
    return write_photos(tmp_path / "other", NOT_DOGS)


@pytest.fixture
def model():
    return predict


@pytest.fixture
def evaluation(info, data, not_dogs):
    known = known_to(info.labels, read_samples(data))
    return evaluate(predict, info, known.paths, known.truth, not_dogs=read_not_dogs(not_dogs))
