"""An index of embeddings, on disk, that tells which of them can be close to another.

It holds, for each vector of length 1, its coordinates in a few directions and the length of
what is left of it. By the inequality of Cauchy and Schwarz the cosine between two vectors is
at most the product of the coordinates plus the product of the two rests, so a search has to
look at those vectors alone whose bound reaches the best found: the result is exact, whatever
the directions. They are the principal components of a sample, because these leave the least.

Answers are never changed, so the index is a cache: it can be thrown away at any time. It
lies in segments, each a folder that appears when it is whole. Those with the same directions are
joined without computing anything again. Knows nothing of photos.
"""

from __future__ import annotations

import re
import shutil
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, takewhile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from barkive.atomic import replacing

DIRECTIONS = 128
_SAMPLE = 4096
_AT_ONCE = 8192
_ROUNDING = 1e-3
_NAME = re.compile(r"(\d+)-(\d+)")


@dataclass(frozen=True, slots=True)
class Segment:
    """Part of the index: the vectors of the predictions in a range of numbers.

    Attributes:
        folder: Where it lies.
        after: The vectors' numbers are above this.
        last: The highest of them.
        basis: The directions, shape (channels, directions), orthonormal.
        rows: Of type `_row`: number, rest, coordinates.
    """

    folder: Path
    after: int
    last: int
    basis: NDArray[np.float32]
    rows: NDArray[np.void]

    def bounds(self, query: NDArray[np.float32]) -> NDArray[np.float32]:
        """The largest cosine that each vector can have with a query of length 1, shape (n,)."""
        coordinates = query @ self.basis
        rest = np.sqrt(max(1.0 - float(coordinates @ coordinates), 0.0))
        most: NDArray[np.float32] = self.rows["coordinates"] @ coordinates
        most += self.rows["rest"] * np.float32(rest)
        # A bound must never be too low, and float32 errs in the seventh digit.
        return most + np.float32(1e-5)


def read_segments(folder: Path) -> list[Segment]:
    """The segments that cover the numbers from 0 on without a gap; unusable ones are removed."""
    there: dict[Path, tuple[int, int]] = {}
    found: dict[int, tuple[int, Path]] = {}
    for path in folder.iterdir() if folder.is_dir() else ():
        if match := _NAME.fullmatch(path.name):
            there[path] = after, last = int(match[1]), int(match[2])
            found[after] = max(found.get(after, (0, path)), (last, path))
    segments: list[Segment] = []
    after = 0
    while after in found:
        last, path = found[after]
        try:
            basis = np.load(path / "basis.npy")
            rows = np.load(path / "rows.npy", mmap_mode="r")
        except (OSError, ValueError):
            if not path.exists():  # another program has joined it to others meanwhile
                return read_segments(folder)
            shutil.rmtree(path, ignore_errors=True)
            break
        segments.append(Segment(path, after, last, basis, rows))
        after = last
    # Two programs may have written the same vectors.
    for path in there.keys() - {one.folder for one in segments}:
        if there[path][1] <= after:
            shutil.rmtree(path, ignore_errors=True)
    return segments


def blank(segments: Iterable[Segment], numbers: Iterable[int]) -> None:
    """Takes vectors out: their rows stay, and hold nothing.

    Args:
        segments: Of the index.
        numbers: Of the vectors; those that it does not hold are passed over.

    Raises:
        OSError: The index can't be written.
    """
    wanted = sorted(numbers)
    for segment in segments:
        own = [one for one in wanted if segment.after < one <= segment.last]
        if not own:
            continue
        rows = np.load(segment.folder / "rows.npy", mmap_mode="r+")
        for number in own:
            # Only a few of the rows are read.
            place = bisect_left(rows["number"], number)
            if place < len(rows) and rows["number"][place] == number:
                rows["coordinates"][place] = rows["rest"][place] = 0
        rows.flush()


def kept_and_stale(segments: Sequence[Segment], count: int) -> tuple[list[Segment], list[Segment]]:
    """Which segments to keep, and which to write anew together with `count` more vectors.

    Small ones are written anew, so that there are never many: their number grows with the
    logarithm of the vectors'.
    """
    kept = list(segments)
    stale: list[Segment] = []
    while kept and len(kept[-1].rows) < 2 * count:
        stale.append(kept.pop())
        count += len(stale[-1].rows)
    return kept, stale


def known_basis(segments: Sequence[Segment]) -> NDArray[np.float32] | None:
    """The directions that later vectors take over; None where too few have told them yet."""
    told = segments and len(segments[0].rows) >= _AT_ONCE
    return segments[0].basis if told else None


def joinable(segments: Sequence[Segment], basis: NDArray[np.float32] | None) -> list[Segment]:
    """The first of some segments, as far as they have these directions."""
    if basis is None:
        return []
    return list(takewhile(lambda one: np.array_equal(one.basis, basis), segments))


def write_segment(
    folder: Path,
    after: int,
    last: int,
    count: int,
    batches: Iterable[tuple[NDArray[np.int64], NDArray[np.int8]]],
    *,
    basis: NDArray[np.float32] | None = None,
    joined: Sequence[Segment] = (),
) -> None:
    """Writes the vectors numbered above `after` and up to `last` as a segment.

    Args:
        folder: Of the index.
        after: The last number of the segment before.
        last: The last number of this one.
        count: How many vectors there are, at least one.
        batches: Numbers, ascending, shape (n,), and packed vectors, shape (n, channels).
        basis: The directions; None to learn them from the first batch.
        joined: Segments with this basis that hold the first of the vectors; the batches have the
            others.

    Raises:
        OSError: The folder can't be written, or there are not `count` vectors.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with replacing(folder / f"{after}-{last}") as part:
        part.mkdir()
        batches, written = iter(batches), 0
        if basis is None:
            first = next(batches, None)
            if first is None:
                raise OSError(f"No vectors were read, and {count} expected.")
            basis = _learned(first[1])
            batches = chain([first], batches)
        new = (_projected(numbers, packed, basis) for numbers, packed in batches)
        with (part / "rows.npy").open("wb") as file:
            descr = np.lib.format.dtype_to_descr(_row(basis.shape[1]))
            header = {"descr": descr, "fortran_order": False, "shape": (count,)}
            np.lib.format.write_array_header_1_0(file, header)
            for rows in chain(_copied(joined), new):
                file.write(rows.tobytes())
                written += len(rows)
        if written != count:
            raise OSError(f"{written} vectors were read, and {count} expected.")
        np.save(part / "basis.npy", basis)


def _copied(segments: Iterable[Segment]) -> Iterator[NDArray[np.void]]:
    """The rows of segments, part by part."""
    for segment in segments:
        for start in range(0, len(segment.rows), _AT_ONCE):
            yield segment.rows[start : start + _AT_ONCE]


def _learned(packed: NDArray[np.int8]) -> NDArray[np.float32]:
    """The directions of packed vectors, of a sample of them where they are many."""
    return directions(unit(packed[:: -(-len(packed) // _SAMPLE)]), DIRECTIONS)


def _projected(
    numbers: NDArray[np.int64], packed: NDArray[np.int8], basis: NDArray[np.float32]
) -> NDArray[np.void]:
    """The rows of packed vectors."""
    rows = np.empty(len(numbers), _row(basis.shape[1]))
    coordinates = unit(packed) @ basis
    rows["number"], rows["coordinates"] = numbers, coordinates
    left = 1.0 - np.einsum("ij,ij->i", coordinates, coordinates)
    rows["rest"] = np.sqrt(np.maximum(left, 0)) + _ROUNDING
    return rows


def unit(packed: NDArray[np.int8]) -> NDArray[np.float32]:
    """Packed vectors, shape (n, channels), as vectors of length 1, or 0 where all is 0."""
    vectors = packed.astype(np.float32)
    lengths = np.sqrt(np.einsum("ij,ij->i", vectors, vectors))
    vectors /= np.maximum(lengths, 1.0)[:, np.newaxis]
    return vectors


def _row(directions: int) -> np.dtype[np.void]:
    return np.dtype([("number", "<i8"), ("rest", "<f4"), ("coordinates", "<f4", (directions,))])


def directions(vectors: NDArray[np.float32], count: int) -> NDArray[np.float32]:
    """The directions in which vectors of length 1 are longest: their principal components.

    Args:
        vectors: Shape (n, channels).
        count: How many.

    Returns:
        Shape (channels, the lesser of count and channels), orthonormal.
    """
    moments = vectors.T @ vectors
    _, axes = np.linalg.eigh(moments)
    basis: NDArray[np.float32] = axes[:, : -count - 1 : -1].astype(np.float32)
    return np.ascontiguousarray(basis)


def ranked(
    segments: Iterable[Segment], query: NDArray[np.float32], allowed: NDArray[np.int64] | None
) -> Iterator[tuple[float, NDArray[np.int64]]]:
    """The indexed vectors in order of what their cosine can be at most.

    Args:
        segments: Of the index.
        query: A vector of length 1, shape (channels,).
        allowed: The numbers of interest; None for all.

    Yields:
        A bound, and the numbers of the next vectors, none of which is above it.
    """
    segments = list(segments)
    if not segments:
        return
    numbers = np.concatenate([segment.rows["number"] for segment in segments])
    bounds = np.concatenate([segment.bounds(query) for segment in segments])
    if allowed is not None:
        # As a table, because both are many.
        wanted = np.zeros(max(numbers.max(), allowed.max(initial=0)) + 1, dtype=bool)
        wanted[allowed] = True
        kept = wanted[numbers]
        numbers, bounds = numbers[kept], bounds[kept]
    taken = 256
    while len(numbers):
        taken = min(taken, len(numbers))
        best = np.argpartition(-bounds, taken - 1)[:taken]
        yield float(bounds[best].max()), numbers[best]
        rest = np.ones(len(numbers), dtype=bool)
        rest[best] = False
        numbers, bounds = numbers[rest], bounds[rest]
        taken *= 4
