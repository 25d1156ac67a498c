"""Labels, and the split's promises."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from barkive.errors import DataError
from barkive.evaluation import read_samples
from barkive.training.datasets import gather, label_folders, split
from barkive.training.features import Features
from barkive.training.recipe import Recipe


def test_folders_become_labels():
    labels, index = label_folders(
        ["Maltese", "my_mutt", "n02085936-Maltese_dog", "n99999999-Odd_one"]
    )
    assert [(label.id, label.en) for label in labels] == [
        ("n02085936", "Maltese"),
        ("my_mutt", "my mutt"),
        ("n99999999-Odd_one", "Odd one"),
    ]
    assert index.tolist() == [0, 1, 0, 2]


@st.composite
def photos(draw):
    n = draw(st.integers(2, 60))
    truth = draw(st.lists(st.integers(0, 4), min_size=n, max_size=n))
    groups = draw(st.lists(st.integers(0, 60), min_size=n, max_size=n))
    return np.unique(truth, return_inverse=True)[1], np.array(groups)


@given(photos(), st.floats(0.01, 0.99), st.integers(0, 2**32))
def test_a_split_keeps_its_promises(photos, fraction, seed):
    truth, groups = photos
    validation = split(truth, groups, fraction, seed)
    assert not set(groups[validation]) & set(groups[~validation])
    assert set(truth[~validation]) == set(truth)
    counts = np.bincount(truth)
    assert (
        np.bincount(truth[validation], minlength=len(counts))
        <= np.maximum(np.round(fraction * counts), 1)
    ).all()
    assert (validation == split(truth, groups, fraction, seed)).all()


@given(st.lists(st.integers(1, 30), min_size=1, max_size=5), st.floats(0.01, 0.99))
def test_without_near_duplicates_each_breed_gives_its_share(counts, fraction):
    truth = np.repeat(np.arange(len(counts)), counts)
    validation = split(truth, np.arange(len(truth)), fraction, 0)
    assert np.bincount(truth[validation], minlength=len(counts)).tolist() == [
        min(max(round(count * fraction), 1), count - 1) for count in counts
    ]


def test_another_seed_is_another_split():
    truth = np.zeros(40, np.intp)
    splits = [split(truth, np.arange(40), 0.5, seed).tolist() for seed in (0, 1)]
    assert splits[0] != splits[1]


def gathered(data, tmp_path, readable=lambda path: True, same=False):
    """Gathers with one feature a photo, 1.0, and hashes of noise, or all the same."""

    def extract(paths, stage):
        kept = np.array([i for i, path in enumerate(paths) if readable(path)], np.intp)
        failed = tuple((path, "Broken.") for path in paths if not readable(path))
        hashes = np.random.default_rng(0).integers(0, 2**64, (len(kept), 4), np.uint64)
        rows = np.ones((len(kept), 1), np.float32)
        return Features(rows, hashes[:1].repeat(len(kept), 0) if same else hashes, kept, failed)

    recipe = Recipe(data=data, out=tmp_path / "m.onnx", backbone_weights=weights_file(tmp_path))
    said = []
    return gather(recipe, read_samples(data), (), extract, said.append), said


def weights_file(tmp_path):
    (tmp_path / "weights.pth").touch()
    return tmp_path / "weights.pth"


def test_photos_are_counted(breeds, tmp_path):
    data, said = gathered(
        breeds, tmp_path, lambda path: "broken" not in path and "lonely" not in path
    )
    assert [label.id for label in data.labels] == ["Blue_dog", "green", "n02085620"]
    assert np.bincount(data.truth).tolist() == [2, 8, 9]
    assert np.bincount(data.truth[data.validation]).tolist() == [1, 1, 1]
    assert said == [
        "Left out, because none of their photos can be read: lonely.",
        "19 photos of 3 breeds, 3 of them for validation; 0 near-duplicates kept with their "
        "originals; 2 unreadable.",
    ]


def test_two_folders_of_one_breed_become_one_and_are_named(photo, tmp_path):
    for i, folder in enumerate(["chihuahua", "n02085620-Chihuahua", "pug"]):
        photo(tmp_path / "data" / folder / "1.png", (200, 60, 60), 2 * i)
        photo(tmp_path / "data" / folder / "2.png", (200, 60, 60), 2 * i + 1)
    data, said = gathered(tmp_path / "data", tmp_path)
    assert [label.id for label in data.labels] == ["n02085620", "n02110958"]
    assert data.truth.tolist() == [0, 0, 0, 0, 1, 1]
    assert said[0] == (
        "Taken together, because they hold the same breed: chihuahua with n02085620-Chihuahua."
    )


def test_too_little_that_can_be_read_is_refused(breeds, tmp_path):
    with pytest.raises(DataError, match=r"photos of 1 breed can be read.*\.png: Broken\.$"):
        gathered(breeds, tmp_path, lambda path: "green" in path)
    with pytest.raises(DataError, match=r"photos of no breed can be read"):
        gathered(breeds, tmp_path, lambda path: False)


def test_breeds_of_one_picture_are_refused(breeds, tmp_path):
    with pytest.raises(DataError, match="has two different photos"):
        gathered(breeds, tmp_path, same=True)
