"""Perceptual hashes: which photos show the same picture, whatever happened to the file.

The hash is the DCT hash of pHash (Zauner, 2010, "Implementation and Benchmarking of
Perceptual Image Hash Functions", section 3.2) with two changes. It is longer, 256 bits:
among 12,000 dogs, which pose alike on grass, 64 bits confuse different photos before they
have found all the same ones. And its bits are the signs of the coefficients rather than
their comparison with the median, so that a mirrored photo has the same hash with the bits
of the odd horizontal frequencies turned over, and is found at no cost.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from barkive.images.hamming_join import Groups, group_within

_BITS = 256
_SIDE = 32
_TILE = 2048
_ALIKE = 60  # bits, see `group_near_duplicates`
_FEW = 8192
# Odd numbers with many bits: the fractional part of the golden ratio, and powers of it.
_MIX = np.uint64(0x9E3779B97F4A7C15) ** np.arange(1, 5, dtype=np.uint64)

_k = np.arange(_SIDE)
_COSINES = np.cos(np.pi * np.outer(_k, 2 * _k + 1) / (2 * _SIDE)).astype(np.float32)
# The lowest frequencies, (vertical, horizontal), without the mean brightness (0, 0).
_VERTICAL, _HORIZONTAL = np.array(
    sorted(np.ndindex(_SIDE, _SIDE), key=lambda frequency: (sum(frequency), frequency))
)[1 : _BITS + 1].T
_ODD = _HORIZONTAL % 2 == 1
# The bits that differ between a photo's hash and that of its mirror image.
_MIRROR = np.packbits(_ODD).view(">u8").astype(np.uint64)
# For a join: even frequencies and then odd ones, but for what is left of the even. Of every eight
# that follow each other, each is in another chunk: neighbours are correlated.
_EVENS, _ODDS = np.flatnonzero(~_ODD), np.flatnonzero(_ODD)
_JOIN_ORDER = np.concatenate(
    [_EVENS[i : _BITS // 2 : 8] for i in range(8)]
    + [_ODDS[i::8] for i in range(8)]
    + [_EVENS[_BITS // 2 :]]
)
_JOIN_MIRROR = np.packbits(_ODD[_JOIN_ORDER]).view(">u8").astype(np.uint64)
# For each frequency the position of the one with rows and columns exchanged; -1 for none.
_POSITION = {pair: i for i, pair in enumerate(zip(_VERTICAL, _HORIZONTAL, strict=True))}
_TRANSPOSED = np.array(
    [_POSITION.get((h, v), -1) for v, h in zip(_VERTICAL, _HORIZONTAL, strict=True)]
)


def perceptual_hash(pixels: NDArray[np.uint8]) -> NDArray[np.uint64]:
    """The 256-bit hash of a photo.

    Args:
        pixels: RGB, shape (height, width, 3), 0..255, or its luminance, shape (height, width);
            32 x 32 or more loses nothing.

    Returns:
        Shape (4,). Two hashes of the same picture differ in few bits, those of
        different pictures in about 128; a picture of one colour has no bit set.
    """
    # Shrunk in float: rounding would drown the faint high frequencies of soft pictures.
    grey = Image.fromarray(pixels).convert("L").convert("F")
    small = np.asarray(grey.resize((_SIDE, _SIDE), Image.Resampling.BOX))
    spectrum = _COSINES @ small @ _COSINES.T
    # Above the rounding error, so that a flat picture gives 0 and not noise.
    bits = spectrum[_VERTICAL, _HORIZONTAL] > 0.1
    return np.packbits(bits).view(">u8").astype(np.uint64)


def is_same_picture(
    one: NDArray[np.uint64], other: NDArray[np.uint64], *, distance: int = _ALIKE
) -> bool:
    """Whether two hashes are of the same picture, be it turned by right angles or mirrored.

    Args:
        one: Of `perceptual_hash`, shape (4,).
        other: Likewise.
        distance: In bits, 0 to 255.
    """
    first, second = (_signs(x[np.newaxis])[0] for x in (one, other))
    # A turned picture has its spectrum transposed. The last frequencies have no counterpart.
    turned = np.where(_TRANSPOSED >= 0, second[_TRANSPOSED], first)
    odd_rows = _VERTICAL % 2 == 1
    for spectrum in (second, turned):
        for rows in (1, -1):
            for columns in (1, -1):
                mirrored = spectrum * np.where(odd_rows, rows, 1) * np.where(_ODD, columns, 1)
                if np.count_nonzero(mirrored != first) <= distance:
                    return True
    return False


def near_duplicates(
    one: NDArray[np.uint64], hashes: NDArray[np.uint64], *, distance: int = _ALIKE
) -> NDArray[np.intp]:
    """Which photos show the same picture as one, or its mirror image.

    Args:
        one: Of `perceptual_hash`, shape (4,).
        hashes: Likewise, shape (n, 4).
        distance: In bits, 0 to 255.

    Returns:
        Their indices, the nearest first.
    """
    plain = np.bitwise_count(hashes ^ one).sum(axis=1, dtype=np.int64)
    mirrored = np.bitwise_count(hashes ^ one ^ _MIRROR).sum(axis=1, dtype=np.int64)
    bits = np.minimum(plain, mirrored)
    near = np.flatnonzero(bits <= distance)
    return near[np.argsort(bits[near], kind="stable")]


def group_near_duplicates(
    hashes: NDArray[np.uint64], *, distance: int = _ALIKE
) -> NDArray[np.intp]:
    """Groups the photos whose hashes, or the hashes of whose mirror images, are close.

    Two photos are in one group if a chain of photos joins them, each at most `distance`
    bits from the next. The default was chosen by looking at the pairs among the 12,000
    training photos of Stanford Dogs: all of the 103 within 60 bits show the same picture
    (recompressed, recoloured, mirrored, cut by up to 3 % at each side); from 64 on there
    are different dogs in one pose.

    Equal hashes are compared once. Up to 8,192 others are compared each with each, in less
    than a second. For more see `hamming_join`: the groups are the same; the time still grows
    almost with the square of their number (`benchmarks/duplicates.py`).

    Args:
        hashes: Of `perceptual_hash`, shape (n, 4).
        distance: In bits, 0 to 255.

    Returns:
        Each photo's group, shape (n,): 0, 1, 2, … in the order of the groups' first photos.
    """
    first, same = _distinct(hashes)
    if len(first) <= _FEW:
        groups = _compare_all(hashes[first], distance)
    else:
        groups = group_within(_for_join(hashes[first]), _JOIN_MIRROR, distance)
    return np.unique(groups[same], return_inverse=True)[1]


def _distinct(hashes: NDArray[np.uint64]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """The first of equal hashes each, in their order, and for each hash which of those it is."""
    # By a mix of the words, which is faster than by each. Where others share it, some that are
    # equal may not be next to each other, and count as two.
    order = np.argsort((hashes * _MIX).sum(axis=1, dtype=np.uint64), kind="stable")
    new = np.ones(len(order), np.bool_)
    new[1:] = (hashes[order[1:]] != hashes[order[:-1]]).any(axis=1)
    # The sort is stable: the first of those that are equal comes first.
    first = order[new]
    rank = np.argsort(np.argsort(first))
    same = np.empty(len(order), np.intp)
    same[order] = rank[np.cumsum(new) - 1]
    return np.sort(first), same


def _compare_all(hashes: NDArray[np.uint64], distance: int) -> NDArray[np.intp]:
    """Each hash's group, shape (n,): the index of the group's first hash."""
    # As -1 and 1, a product of matrices counts the bits that agree less those that differ:
    # exact in float32, and several times as fast as counting the bits of an exclusive or.
    signs = _signs(hashes)
    even, odd = signs[:, ~_ODD], signs[:, _ODD]
    agreement = _BITS - 2 * distance
    groups = Groups(len(hashes))
    for top in range(0, len(hashes), _TILE):
        for left in range(0, top + 1, _TILE):
            rows, columns = slice(top, top + _TILE), slice(left, left + _TILE)
            # The mirror image turns over the odd part: the better of the two is its size.
            alike = np.abs(odd[rows] @ odd[columns].T)
            alike += even[rows] @ even[columns].T
            first, second = np.nonzero(alike >= agreement)
            groups.unite(first + top, second + left)
    return groups.names


def _for_join(hashes: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """The same hashes with the bits in the order that `hamming_join` asks for."""
    ordered = np.empty_like(hashes)
    for i in range(0, len(hashes), _TILE):
        octets = hashes[i : i + _TILE].astype(">u8").view(np.uint8)
        bits = np.unpackbits(octets, axis=1).take(_JOIN_ORDER, axis=1)
        ordered[i : i + _TILE] = np.packbits(bits, axis=1).view(">u8")
    return ordered


def _signs(hashes: NDArray[np.uint64]) -> NDArray[np.float32]:
    """The bits of hashes, shape (n, 4), as -1 and 1, shape (n, 256)."""
    bits = np.unpackbits(np.ascontiguousarray(hashes.astype(">u8")).view(np.uint8), axis=1)
    return bits.astype(np.float32) * 2 - 1
