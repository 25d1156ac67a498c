"""Breeds are drawn by a fixed rule, and their photos split the same way for every recipe."""

import shutil

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from barkive.errors import DataError
from barkive.progress import no_progress
from barkive.training.study.dataset_split import draw_breeds, read_split


def read(data, recipe, said=None):
    return read_split(data, recipe, no_progress, [].append if said is None else said.append)


def sides(split):
    return [set(split.paths_of(x)) for x in (split.train, split.validation, split.test)]


# The draw.


def test_the_draw_is_fixed():
    ids = list("jihgfedcba")
    assert draw_breeds(ids, 3, 0) == ["c", "e", "g"]
    assert draw_breeds(ids, 3, 1) == ["d", "f", "h"]
    assert draw_breeds(ids, 3, 2) == ["a", "i", "j"]
    assert draw_breeds(ids[::-1], 3, 1) == ["d", "f", "h"]


@pytest.mark.parametrize("count", [0, 10, 20])
def test_all_breeds_where_there_are_no_more(count):
    assert draw_breeds(list("jihgfedcba"), count, 0) == list("abcdefghij")


@given(st.integers(2, 40), st.integers(2, 15))
def test_no_draw_shares_a_breed_with_another(total, count):
    ids = [f"n{i:08}" for i in range(total)]
    draws = [draw_breeds(ids, count, draw) for draw in range(total // count)]
    drawn = [one for draw in draws for one in draw]
    assert len(drawn) == len(set(drawn))
    assert all(len(draw) == count for draw in draws) or total == count
    with pytest.raises(DataError):
        draw_breeds(ids, count, max(total // count, 1))


def test_too_few_breeds_for_a_second_draw():
    with pytest.raises(DataError) as caught:
        draw_breeds(list("abc"), 20, 1)
    assert str(caught.value) == (
        "Draw 1 of 20 breeds needs 40 breeds, and there are 3; leave this recipe out, or add "
        "breeds."
    )


# The split.


def test_every_photo_has_one_side(dogs, tiny):
    said = []
    split = read(dogs, tiny(), said)
    assert [label.id for label in split.labels] == ["Blue_dog", "green", "n02085620"]
    assert [len(side) for side in sides(split)] == [12, 3, 3]
    assert set.union(*sides(split)) == set(split.paths)
    for side in (split.validation, split.test):
        assert sorted(split.truth[side]) == [0, 1, 2]
    assert sorted(split.held) == sorted([*split.validation, *split.test])
    for path, truth in zip(split.paths, split.truth, strict=True):
        assert split.labels[truth].id in path
    ((file, reason),) = split.failed
    assert file == str(dogs / "green" / "broken.jpg")
    assert str(reason).startswith("It is not a photo")
    assert said == [
        f"{dogs} holds 3 breeds, so all are taken.",
        "18 photos of 3 breeds: 12 to train on, 3 for validation, 3 for the test; 0 "
        "near-duplicates kept with their originals; 1 unreadable.",
    ]


@pytest.mark.parametrize(
    "settings",
    [
        {"image_size": 96, "square": "pad"},
        {"enhance": ("equalize",)},
        {"network": "simple-cnn", "colour": "grey"},
        {"kind": "words"},
        {"solver": "adam", "augmentation": 1.0, "dropout": 0.5, "epochs": 3, "batch": 4},
        {"breeds": 0},
    ],
)
def test_the_split_is_the_same_for_every_recipe(dogs, tiny, settings):
    assert sides(read(dogs, tiny(**settings))) == sides(read(dogs, tiny()))


def test_another_seed_gives_another_split(dogs, tiny):
    assert sides(read(dogs, tiny(seed=1))) != sides(read(dogs, tiny()))


def test_no_near_duplicate_is_on_another_side(tiny, photo, tmp_path):
    colours = [(40, 128, 200), (100, 128, 140), (160, 128, 80)]
    twins = {}
    for i in range(12):
        folder = tmp_path / "data" / f"breed {i % 3}"
        original = photo(folder / f"{i}.png", colours[i % 3], i)
        twins[str(photo(folder / f"{i} again.jpg", colours[i % 3], i))] = str(original)
    for i in range(1, 12, 2):
        # The same picture under another breed.
        copy = tmp_path / "data" / f"breed {(i + 1) % 3}" / f"{i} copy.png"
        shutil.copy(tmp_path / "data" / f"breed {i % 3}" / f"{i}.png", copy)
        twins[str(copy)] = str(tmp_path / "data" / f"breed {i % 3}" / f"{i}.png")
    said = []
    split = read(tmp_path / "data", tiny(held_out=0.5), said)
    side_of = {path: i for i, side in enumerate(sides(split)) for path in side}
    assert len(side_of) == 30
    assert set(side_of.values()) == {0, 1, 2}
    assert [twin for twin, original in twins.items() if side_of[twin] != side_of[original]] == []
    assert "18 near-duplicates kept with their originals" in said[-1]


def test_breeds_of_one_and_two_photos(tiny, dogs, photo, tmp_path):
    shutil.copytree(dogs, tmp_path / "data")
    photo(tmp_path / "data" / "Lone dog" / "1.png", (230, 230, 60), 1)
    for i in range(2):
        photo(tmp_path / "data" / "pair" / f"{i}.png", (60, 230, 230), 2 + i)
    (tmp_path / "data" / "rotten").mkdir()
    (tmp_path / "data" / "rotten" / "1.jpg").write_bytes(b"")
    (tmp_path / "data" / "bare").mkdir()
    (tmp_path / "data" / "green" / "dead.png").symlink_to("nowhere.png")
    said = []
    split = read(tmp_path / "data", tiny(), said)
    assert len(split.labels) == 5
    lone, pair = (
        next(i for i, label in enumerate(split.labels) if label.en == name)
        for name in ("Lone dog", "pair")
    )
    assert lone in split.truth[split.train]
    assert lone not in split.truth[split.held]
    assert np.bincount(split.truth[split.train])[pair] == 1
    assert [file.rsplit("/", 1)[1] for file, _ in split.failed] == [
        *("broken.jpg", "dead.png", "1.jpg"),
    ]
    assert "Left out, because they hold no photo: bare." in said
    assert "Left out, because none of their photos can be read: rotten." in said
    assert said[-1] == "With one photo each, which is trained on and never tested: Lone dog."


# What can't be studied.


def test_a_folder_without_folders(tiny, photo, tmp_path):
    photo(tmp_path / "data" / "1.png", (9, 9, 9), 0)
    with pytest.raises(DataError, match=r"data holds no folders of breeds; put the photos of each"):
        read(tmp_path / "data", tiny())


def test_one_breed(tiny, photo, tmp_path):
    photo(tmp_path / "data" / "beagle" / "1.png", (9, 9, 9), 0)
    with pytest.raises(DataError, match=r"one breed only \(beagle\); the study needs two or more"):
        read(tmp_path / "data", tiny())


def test_only_one_breed_can_be_read(tiny, photo, tmp_path):
    photo(tmp_path / "data" / "beagle" / "1.png", (9, 9, 9), 0)
    (tmp_path / "data" / "pug").mkdir()
    (tmp_path / "data" / "pug" / "1.jpg").write_bytes(b"")
    with pytest.raises(
        DataError,
        match=r"photos of 1 breed can be read, .* replace the 1 that can't be read, or add "
        r"others\. The first, .*1\.jpg: The file is",
    ):
        read(tmp_path / "data", tiny())
    (tmp_path / "data" / "beagle" / "1.png").write_bytes(b"")
    with pytest.raises(DataError, match=r"photos of no breed can be read"):
        read(tmp_path / "data", tiny())


@pytest.mark.parametrize(
    ("photos", "held_out", "needed"), [(1, 0.3, 5), (2, 0.9, 3), (4, 0.3, 5), (14, 0.1, 15)]
)
def test_too_few_photos_to_test_on(tiny, photo, tmp_path, photos, held_out, needed):
    def add(j):
        for i, colour in enumerate([(200, 40, 40), (40, 200, 40)]):
            photo(tmp_path / "data" / f"breed {i}" / f"{j}.png", colour, 20 * i + j)

    for j in range(photos):
        add(j)
    with pytest.raises(DataError) as caught:
        read(tmp_path / "data", tiny(held_out=held_out))
    assert str(caught.value) == (
        f"No breed in {tmp_path / 'data'} has the {needed} different photos that it takes to "
        f"train, validate and test with held_out {held_out}; add photos, or raise held_out."
    )
    for j in range(photos, needed):
        add(j)
    assert all(sides(read(tmp_path / "data", tiny(held_out=held_out))))
