from __future__ import annotations

import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageEnhance, ImageOps

from barkive.images import group_near_duplicates, near_duplicates, perceptual_hash
from barkive.images.hashing import is_same_picture


def picture(seed: int, size: int = 96) -> Image.Image:
    patches = np.random.default_rng(seed).integers(0, 256, (24, 24, 3)).astype(np.uint8)
    return Image.fromarray(patches).resize((size, size), Image.Resampling.BICUBIC)


def hashed(image: Image.Image) -> np.ndarray:
    return perceptual_hash(np.asarray(image))


def groups(*images: Image.Image) -> list[int]:
    return group_near_duplicates(np.stack([hashed(image) for image in images])).tolist()


def recompressed(image: Image.Image) -> Image.Image:
    file = io.BytesIO()
    image.save(file, "JPEG", quality=30)
    return Image.open(file).convert("RGB")


def test_a_hash_is_four_words_and_stays_the_same_between_versions():
    grey = np.random.default_rng(0).integers(0, 256, (32, 32)).astype(np.uint8)
    value = perceptual_hash(np.stack([grey] * 3, axis=2))
    assert value.dtype == np.uint64
    assert [f"{word:016x}" for word in value] == [
        "4433938e0dc5e911",
        "9709f7e8fb48f967",
        "6f6af537de93d391",
        "29ba72bfc9cfb9b4",
    ]


@pytest.mark.parametrize("level", [0, 90, 255])
def test_a_picture_of_one_colour_has_no_bit_set(level):
    assert hashed(Image.new("RGB", (50, 40), (level,) * 3)).tolist() == [0, 0, 0, 0]


@pytest.mark.parametrize(
    "change",
    [
        lambda image: image.copy(),
        recompressed,
        lambda image: image.resize((48, 40)),
        ImageOps.mirror,
        lambda image: recompressed(ImageOps.mirror(image)),
        lambda image: ImageEnhance.Brightness(image).enhance(0.7),
        lambda image: image.convert("L").convert("RGB"),
        lambda image: image.crop((1, 1, 95, 95)),
    ],
)
def test_the_same_picture_is_grouped_and_others_are_not(change):
    others = [picture(seed) for seed in range(1, 8)]
    assert groups(picture(0), *others, change(picture(0))) == [0, 1, 2, 3, 4, 5, 6, 7, 0]


def test_distance_counts_bits_and_chains_join():
    hashes = np.zeros((5, 4), np.uint64)
    hashes[1, 0] = 0b111
    hashes[2, 0] = 0b111111
    hashes[3:] = 2**64 - 1, 2**64 - 1, 0, 0
    assert group_near_duplicates(hashes, distance=2).tolist() == [0, 1, 2, 3, 3]
    assert group_near_duplicates(hashes, distance=3).tolist() == [0, 0, 0, 1, 1]
    assert group_near_duplicates(hashes, distance=0).tolist() == [0, 1, 2, 3, 3]


@pytest.mark.parametrize("mirrored", [False, True])
@pytest.mark.parametrize("limit", [None, 10])
def test_pictures_and_their_mirror_images_have_one_limit(mirrored, limit):
    one = hashed(picture(0))
    other = hashed(ImageOps.mirror(picture(0)) if mirrored else picture(0))
    # The limit is 60 bits where none is given.
    bits = limit or 60
    within = other ^ np.array([2**bits - 1, 0, 0, 0], np.uint64)
    beyond = within ^ np.array([0, 0, 0, 1], np.uint64)
    given = {} if limit is None else {"distance": limit}
    assert near_duplicates(one, np.stack([beyond, within]), **given).tolist() == [1]
    assert group_near_duplicates(np.stack([one, beyond]), **given).tolist() == [0, 1]
    assert group_near_duplicates(np.stack([one, within]), **given).tolist() == [0, 0]
    assert is_same_picture(one, within, **given)
    assert not is_same_picture(one, beyond, **given)


def test_no_photos():
    assert group_near_duplicates(np.zeros((0, 4), np.uint64)).tolist() == []


@pytest.mark.slow
def test_more_photos_than_a_tile_holds_and_all_of_them_alike():
    hashes = np.random.default_rng(0).integers(0, 2**64, (5000, 4), np.uint64)
    hashes[4999] = hashes[0]
    result = group_near_duplicates(hashes)
    assert result[4999] == 0
    assert result[:4999].tolist() == list(range(4999))
    assert group_near_duplicates(np.zeros((5000, 4), np.uint64)).max() == 0


def count_bits_one_by_one(hashes: np.ndarray, mirrored: np.ndarray, distance: int) -> list[int]:
    """Groups by the definition, pair after pair."""
    group = list(range(len(hashes)))
    for i in range(len(hashes)):
        for j in range(i):
            differ = [np.bitwise_count(hashes[i] ^ other[j]).sum() for other in (hashes, mirrored)]
            if min(differ) <= distance:
                group = [group[j] if number == group[i] else number for number in group]
    numbers = {number: rank for rank, number in enumerate(dict.fromkeys(group))}
    return [numbers[number] for number in group]


@settings(max_examples=30)
@given(st.lists(st.integers(0, 7), min_size=1, max_size=12), st.integers(0, 150))
def test_groups_follow_the_definition(seeds, distance):
    images = [picture(seed, 32) for seed in seeds]
    hashes = np.stack([hashed(image) for image in images])
    mirrored = np.stack([hashed(ImageOps.mirror(image)) for image in images])
    expected = count_bits_one_by_one(hashes, mirrored, distance)
    assert group_near_duplicates(hashes, distance=distance).tolist() == expected


def test_near_duplicates_come_nearest_first():
    one = np.array([0b1011, 0, 0, 7], np.uint64)
    hashes = np.stack([one] * 5)
    hashes[0, 0] ^= 0b111
    hashes[1, 3] ^= 0b1
    hashes[2] = ~one
    hashes[4, 1] ^= 0b1
    assert near_duplicates(one, hashes).tolist() == [3, 1, 4, 0]
    assert near_duplicates(one, hashes, distance=1).tolist() == [3, 1, 4]
    assert near_duplicates(one, hashes, distance=0).tolist() == [3]
    assert near_duplicates(one, hashes[:0]).tolist() == []


def test_near_duplicates_are_of_the_same_picture_or_its_mirror_image():
    image = picture(0)
    others = [picture(1), ImageOps.mirror(image), picture(2), recompressed(image), picture(3)]
    hashes = np.stack([hashed(other) for other in others])
    assert sorted(near_duplicates(hashed(image), hashes).tolist()) == [1, 3]
    assert near_duplicates(hashed(picture(4)), hashes).tolist() == []


@settings(max_examples=30)
@given(st.lists(st.integers(0, 7), max_size=12), st.integers(0, 7), st.integers(0, 150))
def test_near_duplicates_follow_the_definition(seeds, own, distance):
    images = [picture(seed, 32) for seed in seeds]
    hashes = np.array([hashed(image) for image in images], np.uint64).reshape(-1, 4)
    one = hashed(picture(own, 32))
    mirrored = hashed(ImageOps.mirror(picture(own, 32)))
    bits = [
        min(np.bitwise_count(x ^ hashes[i]).sum() for x in (one, mirrored))
        for i in range(len(seeds))
    ]
    expected = sorted((i for i, n in enumerate(bits) if n <= distance), key=lambda i: bits[i])
    assert near_duplicates(one, hashes, distance=distance).tolist() == expected
