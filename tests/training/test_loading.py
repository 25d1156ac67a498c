"""A folder of breeds becomes batches: each photo once, always the same, changed within bounds."""

import itertools
import pickle
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from barkive.errors import DataError, UsageError
from barkive.images import Preprocessing
from barkive.training import loading
from barkive.training.loading import Loader, Photos, augment
from barkive.training.process_group.group import SINGLE_PROCESS, ProcessGroup, Shard, use_group

SIZE = 32
SQUARE = Preprocessing(size=SIZE)
PHOTO = SIZE * SIZE * 3  # bytes


@pytest.fixture
def paths(tmp_path):
    """Ten photos of one colour each: the number of the photo in red, the rest in blue."""
    return [write(tmp_path / f"{i}.png", i) for i in range(10)]


def write(path, red):
    Image.new("RGB", (40, 36), (red, 0, 255 - red)).save(path)
    return str(path)


def reds(pixels):
    """The number of each photo, which must be of that one colour."""
    for photo in pixels:
        assert (photo == photo[0, 0]).all()
    return pixels[:, 0, 0, 0].tolist()


# Photos.


def test_photos_come_in_the_order_asked_for(paths):
    photos = Photos(paths, SQUARE)
    taken = photos.take([7, 0, 7])
    assert len(photos) == 10
    assert taken.shape == (3, 32, 32, 3)
    assert taken.dtype == np.uint8
    assert taken[:, 5, 5].tolist() == [[7, 0, 248], [0, 0, 255], [7, 0, 248]]
    assert photos.take([]).shape == (0, 32, 32, 3)


def test_photos_have_the_size_and_shape_asked_for(tmp_path, quadrants):
    quadrants.save(tmp_path / "wide.png")  # 40 x 24
    path = str(tmp_path / "wide.png")
    assert Photos([path], Preprocessing(size=48)).take([0]).shape == (1, 48, 48, 3)
    padded = Photos([path], Preprocessing(size=40, square="pad")).take([0])[0]
    assert padded[[0, 39], 0].tolist() == [[128, 128, 128]] * 2
    cropped = Photos([path], Preprocessing(size=40, square="crop")).take([0])[0]
    assert cropped[[0, 39], 0].tolist() == [[255, 0, 0], [0, 0, 255]]


def test_a_grey_photo_has_one_channel_its_luminance(tmp_path, quadrants):
    quadrants.save(tmp_path / "colours.png")
    photos = Photos([str(tmp_path / "colours.png")], SQUARE, colour="grey")
    (grey,) = photos.take([0])
    assert grey.shape == (32, 32, 1)
    # 0.299, 0.587 and 0.114 of 255, and white.
    assert grey[[0, 0, 31, 31], [0, 31, 0, 31], 0].tolist() == [76, 150, 29, 255]
    assert Photos(photos.paths, SQUARE, colour="grey", memory=2 * SIZE**2).held == 1


def test_another_colour_mode_is_refused(paths):
    with pytest.raises(
        UsageError, match=r"^“sepia” is no colour mode; choose one of: rgb, grey\.$"
    ):
        Photos(paths, SQUARE, colour="sepia")


@pytest.mark.parametrize("fill", [True, False])
def test_what_fits_is_decoded_once_and_the_rest_again(paths, tmp_path, fill):
    photos = Photos(paths, SQUARE, memory=4 * PHOTO + PHOTO - 1)
    assert photos.held == 4
    seen = []
    if fill:
        photos.fill(lambda done, total: seen.append((done, total)))
        assert seen == [(1, 4), (2, 4), (3, 4), (4, 4)]
    else:
        photos.take(range(10))
    for i in range(10):
        write(tmp_path / f"{i}.png", 100 + i)
    assert reds(photos.take([5, 3, 4, 0])) == [105, 3, 104, 0]


def test_a_photo_that_is_kept_can_not_be_changed_from_outside(paths):
    photos = Photos(paths, SQUARE)
    photos.take([3])[:] = 99
    assert reds(photos.take([3])) == [3]


def test_the_memory_is_told_and_is_within_its_bound(paths):
    assert Photos(paths, Preprocessing(size=512)).describe() == (
        "All 10 decoded photos are kept in memory (8 MB)."
    )
    assert Photos(paths, Preprocessing(size=512), memory=4 * 2**20).describe() == (
        "Only 5 of 10 decoded photos are kept in memory (4 MB); the others are decoded again "
        "each time."
    )
    none = Photos(paths, SQUARE, memory=PHOTO - 1)
    assert (none.held, reds(none.take([2, 2]))) == (0, [2, 2])
    none.fill(lambda done, total: pytest.fail("nothing is kept"))


class Three(ProcessGroup):
    """Three processes, of which two are on this machine."""

    shard = Shard(0, 3)
    local_world_size = 2


def test_the_processes_of_a_machine_share_its_memory(paths, monkeypatch):
    monkeypatch.setattr(loading, "MEMORY", 8 * PHOTO)
    assert Photos(paths, SQUARE).held == 8
    with use_group(Three()):
        photos = Photos(paths, SQUARE)
    assert photos.held == 4
    assert pickle.loads(pickle.dumps(photos)).held == 4


def test_the_rate_is_that_of_all_processes_and_of_decoded_photos(paths, monkeypatch):
    clock = itertools.count()
    monkeypatch.setattr(loading, "time", SimpleNamespace(perf_counter=lambda: next(clock)))
    for group, rate in ((SINGLE_PROCESS, 10), (Three(), 30)):
        with use_group(group):
            one = loader(paths, batch=4)
            assert one.rate() == rate
        assert one.photos._known.all()


@given(st.integers(0, 20 * PHOTO))
def test_the_memory_is_never_exceeded_and_never_wasted(memory):
    photos = Photos([f"{i}.png" for i in range(10)], SQUARE, memory=memory)
    assert photos.held * PHOTO <= memory
    assert photos.held == 10 or (photos.held + 1) * PHOTO > memory


def one_epoch(photos):
    return list(Loader(photos, np.arange(10), np.arange(10), batch=4).epoch())


@pytest.mark.parametrize(
    "use",
    [
        lambda photos: photos.take(range(10)),
        lambda photos: photos.fill(lambda done, total: None),
        one_epoch,
    ],
)
def test_a_photo_that_went_away_is_named(paths, tmp_path, use):
    photos = Photos(paths, SQUARE)
    (tmp_path / "6.png").unlink()
    with pytest.raises(DataError) as raised:
        use(photos)
    assert str(raised.value) == (
        f"The photo {tmp_path / '6.png'} could be read when the run began, and can't any more: "
        "The file does not exist. Start the run again; it goes on where it was."
    )


# Batches.


def loader(paths, memory=10 * PHOTO, indices=range(10), **settings):
    photos = Photos(paths, SQUARE, memory=memory)
    return Loader(photos, 100 + np.arange(10), np.array(indices), **settings)


def test_without_a_seed_the_order_is_kept(paths):
    indices = [9, 2, 4, 3, 0]
    chosen = loader(paths, indices=indices, batch=2)
    assert len(chosen) == 5
    for number in (0, 1):
        batches = list(chosen.epoch(number))
        assert [reds(pixels) for pixels, _ in batches] == [[9, 2], [4, 3], [0]]
        assert [truth.tolist() for _, truth in batches] == [[109, 102], [104, 103], [100]]


@pytest.mark.parametrize("memory", [0, 3 * PHOTO, 10 * PHOTO])
@pytest.mark.parametrize("augmentation", [0.0, 1.0])
def test_each_photo_comes_once_an_epoch_with_its_class(paths, memory, augmentation):
    batches = list(loader(paths, memory, batch=4, augmentation=augmentation, seed=5).epoch(1))
    assert [len(pixels) for pixels, _ in batches] == [4, 4, 2]
    numbers = [red for pixels, _ in batches for red in reds(pixels)]
    assert [100 + red for red in numbers] == [one for _, truth in batches for one in truth]
    assert sorted(numbers) == list(range(10))
    assert numbers != list(range(10))


@pytest.fixture
def pictures(tmp_path, photo):
    return [str(photo(tmp_path / f"picture-{i}.png", (120, 90, 160), i)) for i in range(10)]


def epoch(paths, number, **settings):
    batches = list(loader(paths, batch=4, **settings).epoch(number))
    return [np.concatenate(parts) for parts in zip(*batches, strict=True)]


def test_the_same_seed_and_epoch_give_the_same_batches(pictures):
    pixels, truth = epoch(pictures, 3, seed=7, augmentation=1.0)
    # Also where no photo is kept, so that threads decode in any order.
    for memory in (0, 10 * PHOTO):
        again, again_truth = epoch(pictures, 3, seed=7, augmentation=1.0, memory=memory)
        assert (again == pixels).all()
        assert (again_truth == truth).all()


@pytest.mark.parametrize(("number", "seed"), [(4, 7), (3, 8)])
def test_another_epoch_or_seed_gives_other_batches(pictures, number, seed):
    before = epoch(pictures, 3, seed=7, augmentation=1.0)
    other = epoch(pictures, number, seed=seed, augmentation=1.0)
    assert (before[1] != other[1]).any()
    # Each photo is changed in another way, too.
    ordered = [pixels[truth.argsort()] for pixels, truth in (before, other)]
    assert (ordered[0] != ordered[1]).any(axis=(1, 2, 3)).all()


def test_without_a_seed_augmentation_still_differs_from_epoch_to_epoch(pictures):
    first, second = (epoch(pictures, number, augmentation=1.0)[0] for number in (1, 2))
    assert (first != second).any(axis=(1, 2, 3)).all()


def test_augmentation_leaves_the_kept_photos_as_they_are(pictures):
    chosen = loader(pictures, batch=4, augmentation=1.0, seed=0)
    before = chosen.photos.take(range(10))
    assert any((pixels != before[truth - 100]).any() for pixels, truth in chosen.epoch(1))
    assert (chosen.photos.take(range(10)) == before).all()


def test_the_rate_is_measured(paths):
    assert 0 < loader(paths, batch=4).rate() < float("inf")


# Augmentation.


def marked():
    """A black picture whose upper left corner is red."""
    pixels = np.zeros((SIZE, SIZE, 3), np.uint8)
    pixels[:4, :4, 0] = 255
    return pixels


class Chosen:
    """A source of randomness that says what it is told; all three are -1..1 of the whole."""

    def __init__(self, mirrored=False, turn=0.0, zoom=0.0):
        self.mirrored, self.changes = mirrored, [[turn], [zoom]]

    def random(self, shape):
        return np.full(shape, 0.49 if self.mirrored else 0.5)

    def uniform(self, low, high, shape):
        assert (low, high, shape) == (-1, 1, (2, 1))
        return np.array(self.changes)


def test_strength_0_changes_nothing():
    pixels = np.stack([marked()] * 20)
    same = augment(pixels, 0, np.random.default_rng(0))
    assert (same == pixels).all()
    assert not np.shares_memory(same, pixels)


def test_a_mirrored_photo_has_left_and_right_exchanged_to_the_pixel():
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 256, (1, SIZE, SIZE, 3)).astype(np.uint8)
    assert (augment(pixels, 1, Chosen()) == pixels).all()
    assert (augment(pixels, 1, Chosen(mirrored=True)) == pixels[:, :, ::-1]).all()


def test_half_of_the_photos_are_mirrored_at_any_strength():
    count = 2000
    changed = augment(np.stack([marked()] * count), 1e-6, np.random.default_rng(0))
    left, right = changed[:, 1, 1, 0] == 255, changed[:, 1, -2, 0] == 255
    assert (left ^ right).all()
    # Five standard deviations.
    assert abs(right.sum() - count / 2) < 5 * (count / 4) ** 0.5


def dot(size=65, above=10):
    """A white dot straight above the centre."""
    pixels = np.zeros((1, size, size, 1), np.uint8)
    middle = size // 2
    pixels[0, middle - above - 1 : middle - above + 2, middle - 1 : middle + 2] = 255
    return pixels


def where(photo):
    """The angle, in degrees from straight above to the right, and the distance of the dot."""
    middle = photo.shape[0] // 2
    y, x = np.mgrid[: photo.shape[0], : photo.shape[1]] - middle
    weight = photo[..., 0] * (np.hypot(x, y) < 20.0)
    x, y = (x * weight).sum() / weight.sum(), (y * weight).sum() / weight.sum()
    return np.degrees(np.arctan2(x, -y)), np.hypot(x, y)


@pytest.mark.parametrize(
    ("strength", "source", "degrees", "distance"),
    [
        (1, Chosen(), 0, 10),
        (1, Chosen(turn=1), -30, 10),
        (1, Chosen(turn=-1), 30, 10),
        (0.5, Chosen(turn=1), -15, 10),
        (1, Chosen(zoom=1), 0, 13),
        (1, Chosen(zoom=-1), 0, 7),
        (0.5, Chosen(zoom=1), 0, 11.5),
        # Mirrored first, then turned: a dot in the middle does not tell left from right.
        (1, Chosen(mirrored=True, turn=1, zoom=1), -30, 13),
    ],
)
def test_photos_are_turned_and_zoomed_about_their_centre(strength, source, degrees, distance):
    found = where(augment(dot(), strength, source)[0])
    assert found == pytest.approx((degrees, distance), abs=0.3)


@pytest.mark.parametrize("strength", [0.2, 1.0])
def test_no_photo_is_turned_or_zoomed_by_more_than_the_strength_allows(strength):
    photos = augment(np.repeat(dot(), 300, axis=0), strength, np.random.default_rng(0))
    degrees, distances = np.array([where(photo) for photo in photos]).T
    assert np.abs(degrees).max() < 30 * strength + 0.5
    assert np.abs(distances - 10).max() < 3 * strength + 0.3
    # They go nearly as far as they may, both ways.
    assert degrees.min() < -27 * strength
    assert degrees.max() > 27 * strength
    assert distances.min() < 10 - 2.4 * strength
    assert distances.max() > 10 + 2.4 * strength


def test_what_lies_outside_is_a_reflection_and_never_black():
    white = np.full((100, SIZE, SIZE, 3), 255, np.uint8)
    assert (augment(white, 1, np.random.default_rng(0)) == 255).all()


def test_photos_are_changed_each_in_its_own_way():
    changed = augment(np.repeat(dot(), 8, axis=0), 1, np.random.default_rng(0))
    assert len({photo.tobytes() for photo in changed}) == 8


@settings(max_examples=50)
@given(
    count=st.integers(0, 3),
    size=st.integers(32, 40),
    channels=st.sampled_from([1, 3]),
    strength=st.floats(0, 1),
    seed=st.integers(0, 2**32 - 1),
)
def test_shape_range_and_input_stay(count, size, channels, strength, seed):
    shape = (count, size, size, channels)
    pixels = np.random.default_rng(seed).integers(60, 200, shape).astype(np.uint8)
    before = pixels.copy()
    changed = augment(pixels, strength, np.random.default_rng(seed))
    again = augment(pixels, strength, np.random.default_rng(seed))
    assert changed.shape == shape
    assert changed.dtype == np.uint8
    assert (pixels == before).all()
    assert (changed == again).all()
    # Interpolating makes no new extremes.
    assert ((changed >= 60) & (changed < 200)).all()


# Several processes.


@pytest.mark.parametrize("augmentation", [0.0, 1.0])
def test_processes_together_load_what_one_would(pictures, augmentation):
    chosen = {"batch": 4, "augmentation": augmentation, "seed": 3}
    whole = [*loader(pictures, **chosen).epoch(2)]
    parts = [[*loader(pictures, **chosen).sharded(Shard(rank, 3)).epoch(2)] for rank in range(3)]
    for batch, *of_each in zip(whole, *parts, strict=True):
        assert all((part.truth == batch.truth).all() for part in of_each)
        assert (np.concatenate([part.pixels for part in of_each]) == batch.pixels).all()
    assert [len(part.pixels) for part in parts[0]] != [len(batch.pixels) for batch in whole]


def test_another_process_gets_no_pixels_and_decodes_its_own(paths):
    photos = Photos(paths, SQUARE, colour="grey", memory=4 * PHOTO)
    photos.fill(lambda done, total: None)
    sent = pickle.dumps(photos)
    assert len(sent) < 4000
    other = pickle.loads(sent)
    assert (other.take([0, 9]) == photos.take([0, 9])).all()
    assert other.describe() == photos.describe()
