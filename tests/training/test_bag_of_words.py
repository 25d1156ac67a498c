"""A bag of visual words tells textures apart, and learns from the training photos alone."""

import sys
from contextlib import contextmanager

import numpy as np
import pytest

from barkive.errors import DataError, MissingExtraError, UsageError
from barkive.training import bag_of_words as module
from barkive.training.bag_of_words import BagOfWordsSettings, train_bag_of_words

SIDE = 48
PENALTIES = (1.0, 0.3, 0.03)
TRUTH = np.arange(36) % 3
TRAIN, JUDGED = np.arange(24), np.arange(24, 36)


FEW = BagOfWordsSettings(encoding="histogram", words=16)


@pytest.fixture(autouse=True, scope="module")
def fewer_penalties():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "PENALTIES", PENALTIES)
        yield


def texture(i):
    """Upright stripes, checkers or discs, shifted and noisy; another picture for another i."""
    rng = np.random.default_rng(i)
    y, x = np.mgrid[:SIDE, :SIDE] + rng.integers(0, 12, (2, 1, 1))
    pattern = (x // 4 % 2, (x // 6 + y // 6) % 2, (x % 12 - 6) ** 2 + (y % 12 - 6) ** 2 < 14)[i % 3]
    grey = 70 + 110 * pattern + rng.normal(0, 6, (SIDE, SIDE))
    return np.stack([grey.astype(np.uint8)] * 3, axis=2)


def photos(indices):
    return (texture(i) for i in indices)


def right(result):
    return (result.logits.argmax(axis=1) == TRUTH[JUDGED]).mean()


@pytest.mark.parametrize("sampling", ["dense", "sparse"])
@pytest.mark.parametrize(
    ("encoding", "words", "channels"), [("vlad", 4, 4 * 128), ("histogram", 16, 16)]
)
def test_textures_are_told_apart(sampling, encoding, words, channels):
    settings = BagOfWordsSettings(sampling, encoding, words)
    result = train_bag_of_words(photos, TRUTH, TRAIN, JUDGED, 3, settings)
    assert right(result) >= 0.9
    assert result.model.centres.shape == (words, 128)
    assert result.model.layer.weight.shape == (channels, 3)
    assert result.model.parameters == 3 * (channels + 1)
    assert set(result.seconds) == {
        *("descriptors", "vocabulary", "encoding", "classifier", "judging")
    }
    assert min(result.seconds.values()) > 0


@pytest.fixture(scope="module")
def result():
    return train_bag_of_words(photos, TRUTH, TRAIN, JUDGED, 3, FEW)


def test_the_same_seed_gives_the_same_model(result):
    again = train_bag_of_words(photos, TRUTH, TRAIN, JUDGED, 3, FEW)
    assert np.array_equal(again.model.centres, result.model.centres)
    assert np.array_equal(again.logits, result.logits)
    other = train_bag_of_words(photos, TRUTH, TRAIN, JUDGED, 3, FEW, seed=1)
    assert not np.array_equal(other.model.centres, result.model.centres)


def test_the_model_answers_alone_as_it_did_in_the_run(result):
    assert result.model.logits(photos(JUDGED)) == pytest.approx(result.logits)
    assert result.model.logits([]).shape == (0, 3)


def test_the_judged_photos_choose_nothing(result):
    wrong = TRUTH.copy()
    wrong[JUDGED] = (wrong[JUDGED] + 1) % 3
    asked = []

    def watched(indices):
        asked.append(list(indices))
        return photos(indices)

    again = train_bag_of_words(watched, wrong, TRAIN, JUDGED, 3, FEW)
    assert again.curve == result.curve
    assert np.array_equal(again.logits, result.logits)
    assert all(set(indices) <= set(TRAIN) for indices in asked[:-1])
    assert asked[-1] == list(JUDGED)


def test_the_curve_goes_from_strong_penalties_to_weak_and_holds_the_chosen_one(result):
    penalties = [point.penalty for point in result.curve]
    assert penalties == list(PENALTIES[: len(penalties)])
    assert result.chosen in result.curve
    best = max(point.validation_accuracy for point in result.curve)
    assert result.chosen.validation_accuracy == best
    losses = [point.train_loss for point in result.curve]
    assert losses == sorted(losses, reverse=True)


def test_penalties_that_no_longer_help_are_not_tried(monkeypatch):
    monkeypatch.setattr(module, "_PATIENCE", 1)
    rng = np.random.default_rng(0)
    by_lot = rng.integers(0, 3, len(TRUTH))
    result = train_bag_of_words(photos, by_lot, TRAIN, JUDGED, 3, FEW)
    assert len(result.curve) < len(PENALTIES)
    assert result.curve[-2] == result.chosen


def test_a_class_without_a_training_photo_is_allowed():
    result = train_bag_of_words(photos, TRUTH + 1, TRAIN, JUDGED, 5, FEW)
    assert result.logits.shape == (12, 5)
    assert (result.logits.argmax(axis=1) == TRUTH[JUDGED] + 1).mean() >= 0.9


def test_each_stage_shows_how_far_it_is():
    stages = {}

    @contextmanager
    def progress(description, *, unit="photos"):
        stages[description] = []
        yield lambda done, total: stages[description].append((done, total))

    train_bag_of_words(photos, TRUTH, TRAIN, JUDGED, 3, FEW, progress=progress)
    assert list(stages) == [
        "Descriptors",
        "Codebook",
        "Visual words",
        "Fitting the classifier",
        "Judging",
    ]
    assert stages["Visual words"] == [(i, 24) for i in range(1, 25)]
    assert stages["Judging"][-1] == (12, 12)
    assert stages["Fitting the classifier"][-1] == (4, 4)


def test_photos_without_any_structure_are_refused():
    with pytest.raises(DataError, match="hold 0 descriptors"):
        train_bag_of_words(
            lambda indices: (np.zeros((SIDE, SIDE, 3), np.uint8) for _ in indices),
            *(TRUTH, TRAIN, JUDGED, 3, FEW),
        )


def test_one_photo_a_breed_leaves_nothing_to_choose_on():
    with pytest.raises(DataError, match="No breed has two photos"):
        train_bag_of_words(photos, TRUTH, np.arange(3), JUDGED, 3, FEW)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"sampling": "loose"}, "“loose” is no way .* dense, sparse"),
        ({"encoding": "fisher"}, "“fisher” is no way .* vlad, histogram"),
        ({"words": 1}, "has 1 words; for vlad it must have 2 to 128"),
        ({"words": 129}, "has 129 words"),
        ({"words": 5000, "encoding": "histogram"}, "for histogram it must have 2 to 4096"),
    ],
)
def test_settings_out_of_range_are_refused(arguments, message):
    with pytest.raises(UsageError, match=message):
        BagOfWordsSettings(**arguments)


def test_without_opencv_no_photo_is_read(monkeypatch):
    monkeypatch.setitem(sys.modules, "cv2", None)
    with pytest.raises(MissingExtraError, match="Finding key points"):
        train_bag_of_words(lambda indices: pytest.fail("read"), TRUTH, TRAIN, JUDGED, 3)
