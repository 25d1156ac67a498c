"""The model inside the package: what it says of pictures that are made here, to the digit.

No photo is needed to tell whether it was replaced, damaged, or is fed other pixels.
"""

import hashlib
import platform
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from barkive import breeds
from barkive.bundle import SHIPPED
from barkive.classifier import Classifier
from barkive.images import Preprocessing
from barkive.learning.memory import PHOTOS_OF_A_BREED, Memory
from barkive.onnx_graph import Graph

CARD = Path(__file__).parents[1] / "docs" / "model-card.md"

# The last digits of an int8 network differ between kinds of arithmetic; on x86-64 they don't.
x86 = pytest.mark.skipif(
    platform.machine().lower() not in ("x86_64", "amd64"), reason="the figures are those of x86-64"
)


def patches(seed: int, height: int, width: int) -> NDArray[np.uint8]:
    """Soft patches of colour: what lies between 6 x 8 random ones, in whole numbers."""
    grid = np.random.default_rng(seed).integers(0, 256, (7, 9, 3))
    y, x = np.arange(height) * 6 * 256 // height, np.arange(width) * 8 * 256 // width
    rows = (
        grid[y // 256] * (256 - y % 256)[:, None, None]
        + grid[y // 256 + 1] * (y % 256)[:, None, None]
    )
    columns = (x % 256)[:, None]
    mixed = rows[:, x // 256] * (256 - columns) + rows[:, x // 256 + 1] * columns
    return (mixed // 65536).astype(np.uint8)


def spots(height: int, width: int) -> NDArray[np.uint8]:
    """Black spots on white, in rows."""
    y, x = np.mgrid[:height, :width]
    inside = (y % 40 - 20) ** 2 + (x % 40 - 20) ** 2 < 100
    return np.where(inside[..., None], 20, 235).repeat(3, axis=2).astype(np.uint8)


def stripes(height: int, width: int) -> NDArray[np.uint8]:
    """Brown and sand, aslant."""
    y, x = np.mgrid[:height, :width]
    dark = (y + 2 * x) % 60 < 30
    return np.where(dark[..., None], (90, 60, 30), (200, 170, 120)).astype(np.uint8)


PICTURES = {
    "patches": patches(1, 300, 400),
    "tall patches": patches(2, 500, 333),
    "spots": spots(400, 400),
    "stripes": stripes(260, 390),
}


@pytest.fixture(scope="module")
def shipped() -> Classifier:
    return Classifier()


def test_it_is_the_one_that_the_card_describes() -> None:
    assert hashlib.sha256(SHIPPED.read_bytes()).hexdigest() in CARD.read_text()


def test_it_knows_every_breed_of_the_table(shipped: Classifier) -> None:
    labels = {label.id: (label.en, label.fr) for label in shipped.bundle.info.labels}
    assert labels == {breed.id: (breed.en, breed.fr) for breed in breeds.all_breeds()}


def test_it_is_small(shipped: Classifier) -> None:
    assert SHIPPED.stat().st_size <= 10_500_000


def test_it_remembers_its_breeds_in_two_megabytes() -> None:
    notes = Graph(SHIPPED.read_bytes()).notes()
    assert sum(array.nbytes for array in notes.values()) <= 2_000_000
    memory = Memory.read(Graph(SHIPPED.read_bytes()))
    assert memory is not None
    # All but the Dalmatian, of which it was shown no photo.
    assert len(memory) == 120 * PHOTOS_OF_A_BREED


@x86
@pytest.mark.parametrize(
    ("name", "dog", "first", "certainty"),
    [
        (
            "patches",
            -2.5559,
            {"Golden Retriever": 0.2235, "Otterhound": 0.0951, "Entlebucher Mountain Dog": 0.0628},
            0.001,
        ),
        (
            "tall patches",
            -3.571,
            {"Doberman Pinscher": 0.132, "Entlebucher Mountain Dog": 0.1111, "Otterhound": 0.0722},
            0.0004,
        ),
        (
            "spots",
            -3.889,
            {"Soft-Coated Wheaten Terrier": 0.1025, "Pomeranian": 0.0641, "Newfoundland": 0.0461},
            0.0001,
        ),
        (
            "stripes",
            -4.0442,
            {"English Setter": 0.0685, "Doberman Pinscher": 0.0613, "Cocker Spaniel": 0.0504},
            0.0001,
        ),
    ],
)
def test_what_it_says_of_pictures(
    name: str, dog: float, first: dict[str, float], certainty: float, shipped: Classifier
) -> None:
    info = shipped.bundle.info
    scores = shipped.score(info.preprocessing.apply(PICTURES[name])[np.newaxis])
    assert scores.dog[0] == pytest.approx(dog, abs=1e-3)
    probabilities = scores.probabilities[0]
    best = np.argsort(-probabilities)[: len(first)]
    told = {info.labels[i].en: float(probabilities[i]) for i in best}
    assert told == pytest.approx(first, abs=1e-3)
    assert list(told) == list(first)
    assert info.certainties(scores.probabilities)[0] == pytest.approx(certainty, abs=1e-3)


@pytest.mark.parametrize(
    ("name", "digest", "corner"),
    [
        ("patches", "27f8ecd4d23a78f1", [242, 8, 37]),
        ("tall patches", "955f5c9d3263261b", [170, 240, 109]),
        ("spots", "dd42872cbe942233", [235, 235, 235]),
    ],
)
def test_the_pixels_that_it_is_given(
    name: str, digest: str, corner: list[int], shipped: Classifier
) -> None:
    pixels = shipped.bundle.info.preprocessing.apply(PICTURES[name])
    assert pixels[0, 0].tolist() == corner
    assert hashlib.sha256(pixels.tobytes()).hexdigest()[:16] == digest


@x86
@pytest.mark.parametrize("threads", [1, 2])
def test_batches_and_threads_change_no_bit(threads: int, shipped: Classifier) -> None:
    square = Preprocessing(shipped.bundle.info.preprocessing.size)
    pixels = np.stack([square.apply(picture) for picture in PICTURES.values()])
    whole = Classifier(threads=threads).score(pixels)
    for i in range(len(pixels)):
        alone = shipped.score(pixels[i : i + 1])
        assert alone.probabilities[0].tobytes() == whole.probabilities[i].tobytes()
        assert alone.features[0].tobytes() == whole.features[i].tobytes()
        assert alone.dog[0] == whole.dog[i]
