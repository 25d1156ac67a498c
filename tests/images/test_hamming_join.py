from __future__ import annotations

import shutil
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from barkive.images import group_near_duplicates, hamming_join
from barkive.images.hamming_join import group_within
from barkive.images.hashing import _JOIN_MIRROR, _JOIN_ORDER, _compare_all, _for_join

N = 4200


def flipped(one: np.ndarray, bits: np.ndarray) -> np.ndarray:
    octets = np.packbits(np.isin(np.arange(256), bits))
    return one ^ octets.view(">u8").astype(np.uint64)


def mirrored(hashes: np.ndarray) -> np.ndarray:
    odd = np.zeros(256, np.uint8)
    odd[_JOIN_ORDER] = np.unpackbits(_JOIN_MIRROR.astype(">u8").view(np.uint8))
    return hashes ^ np.packbits(odd).view(">u8").astype(np.uint64)


def hashes_with_neighbours(seed: int, distances: list[int], n: int = N) -> np.ndarray:
    """Distinct hashes, half of them at given distances of others, and half of those mirrored."""
    generator = np.random.default_rng(seed)
    hashes = generator.integers(0, 2**64, (n, 4), np.uint64)
    for i in range(n // 2):
        distance = distances[i % len(distances)]
        near = flipped(hashes[i], generator.choice(256, distance, replace=False))
        hashes[n // 2 + i] = mirrored(near) if i % 3 == 0 else near
    return np.unique(hashes[generator.permutation(n)], axis=0)


def test_the_bits_of_a_join_are_those_of_the_hash_in_another_order():
    assert sorted(_JOIN_ORDER.tolist()) == list(range(256))
    words = [f"{word:016x}" for word in _JOIN_MIRROR.tolist()]
    assert words == ["0" * 16, "0" * 16, "f" * 16, "f" * 14 + "e0"]
    one, other = np.random.default_rng(0).integers(0, 2**64, (2, 4), np.uint64)
    assert (_for_join(mirrored(one)[np.newaxis]) == _for_join(one[np.newaxis]) ^ _JOIN_MIRROR).all()
    together = _for_join(np.stack([one, other]))
    assert np.bitwise_count(together[0] ^ together[1]).sum() == np.bitwise_count(one ^ other).sum()


@settings(max_examples=5, deadline=None)
@given(
    st.integers(0, 2**32),
    st.lists(st.integers(1, 130), max_size=3),
    st.sampled_from([60, 60, 0, 1, 7, 75]),
)
def test_the_groups_are_those_of_comparing_all_pairs(seed, distances, distance):
    beyond = [distance + 1, distance + 2, *distances]
    within = [max(1, distance - less) for less in (0, 1, 2)]
    hashes = hashes_with_neighbours(seed, beyond, N // 2 + 50)
    near = hashes_with_neighbours(seed + 1, within, N // 2 + 50)
    hashes = np.unique(np.concatenate([hashes, near]), axis=0)
    found = group_within(_for_join(hashes), _JOIN_MIRROR, distance)
    assert found.tolist() == _compare_all(hashes, distance).tolist()


@pytest.mark.parametrize(
    ("name", "value"), [("_IN_BUCKET", 1), ("_IN_BUCKET", 256), ("_CROWDED", 1000), ("_CROWD", 2)]
)
def test_chunks_of_any_length_and_crowds_of_any_size_find_the_same(monkeypatch, name, value):
    monkeypatch.setattr(hamming_join, name, value)
    hashes = hashes_with_neighbours(0, [58, 59, 60, 61, 62])
    found = group_within(_for_join(hashes), _JOIN_MIRROR, 60)
    assert found.tolist() == _compare_all(hashes, 60).tolist()
    assert 0.25 < 1 - len(set(found.tolist())) / len(hashes) < 0.35


def test_many_photos_and_some_copies():
    hashes = np.random.default_rng(0).integers(0, 2**64, (9000, 4), np.uint64)
    hashes[8999] = flipped(hashes[3], np.arange(0, 240, 4))
    hashes[8998] = mirrored(hashes[3])
    hashes[8997] = hashes[4]
    hashes[8996] = flipped(hashes[5], np.arange(0, 244, 4))
    groups = group_near_duplicates(hashes)
    assert groups[8996:].tolist() == [8996, 4, 3, 3]
    assert groups[:8996].tolist() == list(range(8996))


def test_a_hundred_thousand_equal_hashes_are_one():
    hashes = np.zeros((100_000, 4), np.uint64)
    assert group_near_duplicates(hashes).max() == 0
    hashes[::2] = 1, 2, 3, 2**64 - 1
    assert group_near_duplicates(hashes).tolist() == [0, 1] * 50_000


def test_thousands_that_are_alike_are_not_compared_with_each_other(monkeypatch):
    generator = np.random.default_rng(0)
    hashes = generator.integers(0, 2**64, (14_000, 4), np.uint64)
    for i in range(1, 10_000):
        hashes[i] = flipped(hashes[0], generator.choice(256, 5, replace=False))
    checked = []
    keep = hamming_join._Join._keep

    def counted(join, rows, columns):
        checked.append(len(rows))
        return keep(join, rows, columns)

    monkeypatch.setattr(hamming_join._Join, "_keep", counted)
    groups = group_near_duplicates(hashes)
    assert groups.tolist() == [0] * 10_000 + list(range(1, 4001))
    # Of 50 million pairs.
    assert sum(checked) < 5_000_000


def test_processes_share_the_work(monkeypatch):
    hashes = _for_join(hashes_with_neighbours(0, [58, 59, 60, 61, 62]))
    expected = group_within(hashes, _JOIN_MIRROR, 60).tolist()
    monkeypatch.setattr(hamming_join, "_MANY", 0)
    monkeypatch.setattr(hamming_join, "cores", lambda: 2)
    assert group_within(hashes, _JOIN_MIRROR, 60).tolist() == expected


def test_what_another_process_fails_to_do_is_done_here(monkeypatch):
    hashes = _for_join(hashes_with_neighbours(0, [58, 59, 60, 61, 62]))
    expected = group_within(hashes, _JOIN_MIRROR, 60).tolist()
    monkeypatch.setattr(hamming_join, "_MANY", 0)
    monkeypatch.setattr(hamming_join, "cores", lambda: 3)
    monkeypatch.setattr(sys, "executable", shutil.which("false"))
    assert group_within(hashes, _JOIN_MIRROR, 60).tolist() == expected
