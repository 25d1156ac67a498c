"""Heat maps by occlusion, of networks that can be worked out by hand."""

import numpy as np
import pytest
from PIL import Image

from barkive.boxes import Box
from barkive.evaluation import HeatMaps, occlusion
from barkive.images import Preprocessing
from barkive.verdicts import Scores

SIZE = 56


def chequered(top: int, left: int) -> np.ndarray:
    """A grey photo with a black and white board of 12 x 12 pixels in it."""
    photo = np.full((SIZE, SIZE, 3), 128, np.uint8)
    board = np.indices((12, 12)).sum(axis=0) % 2 * 255
    photo[top : top + 12, left : left + 12] = board[..., np.newaxis]
    return photo


class Finds:
    """A network: class 0 is likelier the more black and white it sees, class 1 the less."""

    def __init__(self) -> None:
        self.sizes: list[int] = []

    def __call__(self, pixels: np.ndarray) -> Scores:
        assert pixels.dtype == np.uint8
        assert pixels.shape[1:] == (SIZE, SIZE, 3)
        self.sizes.append(len(pixels))
        contrast = np.abs(pixels.astype(np.float32) - 128).mean(axis=(1, 2, 3)) / 8
        one = 1 / (1 + np.exp(-contrast))
        return Scores(np.stack([one, 1 - one], axis=1), contrast, contrast[:, np.newaxis])


@pytest.mark.parametrize(
    ("top", "left", "hottest"),
    [(22, 22, (3, 3)), (0, 0, (0, 0)), (0, 44, (0, 6)), (44, 0, (6, 0)), (22, 44, (3, 6))],
)
def test_the_map_is_hottest_where_the_network_looks(
    top: int, left: int, hottest: tuple[int, int]
) -> None:
    photo = chequered(top, left)
    (heat,) = occlusion(Finds())(photo[np.newaxis], np.array([0]))
    assert heat.shape == (7, 7)
    assert heat.dtype == np.float32
    assert np.unravel_index(heat.argmax(), heat.shape) == hottest
    far = heat[6 - hottest[0], 6 - hottest[1]] if hottest != (3, 3) else heat[0, 0]
    assert far == pytest.approx(0, abs=0.01)


def test_what_speaks_against_a_class_is_below_zero() -> None:
    photo = chequered(22, 22)[np.newaxis]
    (against,) = occlusion(Finds())(photo, np.array([1]))
    (speaks,) = occlusion(Finds())(photo, np.array([0]))
    assert against.min() < -0.5
    assert against == pytest.approx(-speaks, abs=1e-3)


def test_each_photo_has_its_own_class_and_map() -> None:
    photos = np.stack([chequered(0, 0), chequered(44, 44), chequered(44, 44)])
    heat = occlusion(Finds())(photos, np.array([0, 0, 1]))
    assert heat.shape == (3, 7, 7)
    assert heat[0].argmax() == 0
    assert heat[1].argmax() == 48
    assert heat[2].argmin() == 48


def test_a_photo_without_detail_has_no_heat_and_is_left_as_it_is() -> None:
    plain = np.full((1, SIZE, SIZE, 3), 90, np.uint8)
    before = plain.copy()
    (heat,) = occlusion(Finds())(plain, np.array([0]))
    assert (heat == 0).all()
    assert (plain == before).all()


def test_a_network_that_is_wholly_sure_gives_finite_maps() -> None:
    def sure(pixels: np.ndarray) -> Scores:
        one = (pixels.max(axis=(1, 2, 3)) > 200).astype(np.float32)
        return Scores(np.stack([one, 1 - one], axis=1), one, one[:, np.newaxis])

    heat = occlusion(sure)(chequered(22, 22)[np.newaxis], np.array([0]))
    assert np.isfinite(heat).all()
    assert heat.max() > 10


def test_few_photos_are_scored_at_once_and_each_place_twice() -> None:
    network = Finds()
    occlusion(network)(chequered(0, 0)[np.newaxis], np.array([0]))
    assert sum(network.sizes) == 1 + 2 * 7 * 7
    assert max(network.sizes) <= 4


def test_the_maps_can_be_laid_over_photos() -> None:
    maps = HeatMaps(occlusion(Finds()), Preprocessing(size=SIZE, square="squash"))
    photo = Image.fromarray(chequered(44, 44))
    square, nothing = maps.over([photo, b"no photo"], [0, 0], side=70)
    assert nothing is None
    assert square is not None
    assert square.size == (70, 70)
    pixels = np.asarray(square).astype(int)
    coloured = pixels.max(axis=2) - pixels.min(axis=2)
    assert coloured[62, 62] > 60
    assert coloured[5, 5] == 0


def test_over_one_dog_the_map_lies_where_the_dog_is() -> None:
    photo = np.full((200, 400, 3), (160, 60, 20), np.uint8)
    photo[80:120, 280:320] = np.kron(np.indices((4, 4)).sum(axis=0) % 2 * 255, np.ones((10, 10)))[
        ..., np.newaxis
    ]
    maps = HeatMaps(occlusion(Finds()), Preprocessing(size=SIZE, square="crop"))
    picture = np.asarray(maps.over_whole(photo, 0, side=100, box=Box(0.6, 0.2, 0.3, 0.6)))
    assert picture.shape == (50, 100, 3)
    colour = np.ptp(picture.astype(int), axis=2)
    # Beyond the dog, with a little room, it is grey.
    assert colour[:, :58].max() == colour[:8].max() == 0
    row, column = np.unravel_index(colour.argmax(), colour.shape)
    assert abs(row - 25) < 8
    assert abs(column - 75) < 8


@pytest.mark.parametrize(
    ("square", "first", "last"), [("crop", 25, 74), ("squash", 0, 99), ("pad", 0, 99)]
)
def test_over_a_whole_photo_the_map_lies_where_the_network_looked(square, first, last) -> None:
    photo = np.full((200, 400, 3), 100, np.uint8)
    maps = HeatMaps(lambda *_: np.ones((1, 4, 4), np.float32), Preprocessing(32, square))
    picture = np.asarray(maps.over_whole(photo, 0, side=100))
    assert picture.shape == (50, 100, 3)
    coloured = np.flatnonzero(np.ptp(picture.astype(int), axis=2).all(axis=0))
    assert (coloured[0], coloured[-1]) == (first, last)
