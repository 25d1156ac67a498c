"""Groups of hashes that are close, found without comparing all pairs.

Multi-index hashing (Norouzi, Punjani and Fleet, 2014, "Fast Exact Search in Hamming Space with
Multi-Index Hashing") by the general pigeonhole principle (Qin et al., 2018, "GPH: Similarity
Search in Hamming Space"), in two steps. Hashes of four words that differ in at most 60 bits
differ in at most 15 bits of one of the first two words, 14 of the third or 13 of the fourth:
otherwise it would be 16 + 16 + 15 + 14 = 61. Likewise, of the four chunks of a word that differs
in at most 15 bits, one differs in at most 3.

For each chunk the hashes are sorted into buckets. A bucket is compared by the word with those
buckets whose chunk differs in at most 3 bits: 1 % of all hashes. The pairs whose words are close,
fewer than one in a thousand of those, are compared by the whole hash.

At a distance of nearly a quarter of the bits, chunks that find all pairs find many others: of a
million hashes, a fifth of all pairs are compared by a word, and the number still grows almost
with the square of the number of hashes. Hashes of photos are, but for a few correlations between
neighbouring frequencies, as random bits are: nothing in them allows to leave out more.
"""

from __future__ import annotations

import pickle
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from math import ceil, comb, log2
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from barkive.machine import cores

_WORD = 64
_IN_BUCKET = 48  # Hashes, on the average; fewer in chunks of 16 bits, the longest.
_AT_ONCE = 16  # Buckets whose neighbours are looked up together.
_TILE = 2**16  # Pairs compared at once: as many as the processor's cache holds.
_UNCHECKED = 2**16
# Where hashes are not all random: pairs of a bucket and its neighbours, members of a group.
_CROWDED = 2**20
_CROWD = 1000
_FEW_ROWS = 64
# Numpy's calls are so short here that threads wait for the interpreter as long as they compute.
_MANY = 50_000  # Hashes for which another process is worth its start.
_MOST_PROCESSES = 4  # Each has a copy of the hashes.

_PROCESS = "from barkive.images import hamming_join; hamming_join.join_in_process()"

Words = NDArray[np.uint64]
Indices = NDArray[np.intp]
# A tile's first row and column, its width, and the positions in it of words that are close.
_Hits = tuple[int, int, int, Indices]


class Groups:
    """Disjoint sets of numbers from 0."""

    def __init__(self, n: int) -> None:
        """Puts each number into a group of its own.

        Args:
            n: How many numbers there are.
        """
        # Each number's group, named by its least member.
        self.names = np.arange(n)

    def unite(self, first: Indices, second: Indices) -> bool:
        """Unites the groups of each pair.

        Args:
            first: Shape (m,).
            second: Likewise.

        Returns:
            Whether one of them was in two groups.
        """
        names = self.names
        changed = False
        while True:
            one, other = names[first], names[second]
            apart = one != other
            if not apart.any():
                return changed
            changed = True
            greater, lesser = np.maximum(one, other)[apart], np.minimum(one, other)[apart]
            np.minimum.at(names, greater, lesser)
            while (names[names] != names).any():
                names[:] = names[names]


def group_within(hashes: Words, mirror: Words, distance: int) -> Indices:
    """Groups hashes that are close to each other, or to each other's mirrored hashes.

    Args:
        hashes: Shape (n, 4), hardly any two of them equal, n > 4,096.
        mirror: The bits that differ between a hash and the mirrored one, shape (4,): none of
            the first two words, and all of the others but for the lowest 5 of the last.
        distance: In bits, 0 to 255.

    Returns:
        Each hash's group, shape (n,): the index of the group's first hash.
    """
    n = len(hashes)
    chunks = _chunks(n, distance)
    if n < _MANY or cores() == 1:
        return _joined(hashes, mirror, distance, chunks)
    own, *others = _dealt(chunks, min(cores(), _MOST_PROCESSES))
    groups = Groups(n)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "hashes.npy"
        np.save(file, hashes)
        processes: list[subprocess.Popen[bytes]] = []
        try:
            for i, share in enumerate(others):
                task = file.with_name(f"{i}.pickle")
                task.write_bytes(pickle.dumps((str(file), mirror, distance, share)))
                command = [sys.executable, "-c", _PROCESS, str(task)]
                processes.append(subprocess.Popen(command, stdin=subprocess.DEVNULL))
            groups.unite(np.arange(n), _joined(hashes, mirror, distance, own))
            for i, process in enumerate(processes):
                if process.wait() == 0:
                    names = np.load(file.with_name(f"{i}.npy"))
                else:
                    names = _joined(hashes, mirror, distance, others[i])
                groups.unite(np.arange(n), names)
        finally:
            for process in processes:
                process.kill()
                process.wait()
    return groups.names


def _joined(hashes: Words, mirror: Words, distance: int, chunks: Iterable[_Chunk]) -> Indices:
    """The groups by the pairs that are close in some chunks."""
    groups = Groups(len(hashes))
    for chunk in chunks:
        _Join(hashes, mirror, distance, chunk, groups).run()
    return groups.names


def join_in_process() -> None:
    """Writes the groups by a share of the chunks beside the file that says which.

    The file is the command's argument.
    """
    task = Path(sys.argv[1])
    # Who interrupts the command interrupts the process that waits for this one, and ends it.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    file, mirror, distance, chunks = pickle.loads(task.read_bytes())
    np.save(task.with_suffix(".npy"), _joined(np.load(file), mirror, distance, chunks))


@dataclass(frozen=True)
class _Chunk:
    """Bits of a word by which hashes are sorted into buckets."""

    word: int
    within: int  # Bits of the word in which close hashes differ at most.
    first: int
    bits: int
    radius: int  # Bits of the chunk.
    # Of words that a mirror image turns over: the bit which is made 0 by turning words over,
    # and whether they are compared with those turned over once more.
    sign: int | None = None
    mirrored: bool = False


def _chunks(n: int, distance: int) -> Iterator[_Chunk]:
    """Chunks such that each pair within the distance is within the radius in one of them."""
    parts = max(4, round(_WORD / log2(n / _IN_BUCKET)))
    # The last two words are compared twice, so that the first two take more of the distance.
    total = distance + 1
    more = min(ceil(total / 4), total // 2)
    for word, near in enumerate([more, more, *_shares(total - 2 * more, 2)]):
        end = 0
        for bits, close in zip(_shares(_WORD, parts), _shares(near, parts), strict=True):
            first, end = end, end + bits
            if word < 2 and close:
                yield _Chunk(word, near - 1, first, bits, close - 1)
            # Two hashes, or one and the other mirrored, are close with their sign bits alike,
            # or, when turned over to be 0, with one of them mirrored: the sign is one bit.
            elif word >= 2:
                for mirrored in range(min(close, 2)):
                    radius = close - 1 - mirrored
                    sign = end - 1
                    yield _Chunk(word, near - 1, first, bits - 1, radius, sign, bool(mirrored))


def _dealt(chunks: Iterable[_Chunk], hands: int) -> list[list[_Chunk]]:
    """The chunks in shares of about as much work."""

    def work(chunk: _Chunk) -> float:
        return sum(comb(chunk.bits, apart) for apart in range(chunk.radius + 1)) / (1 << chunk.bits)

    shares: list[list[_Chunk]] = [[] for _ in range(hands)]
    for chunk in sorted(chunks, key=work, reverse=True):
        min(shares, key=lambda share: sum(map(work, share))).append(chunk)
    return shares


def _shares(whole: int, parts: int) -> list[int]:
    return [whole // parts + (i < whole % parts) for i in range(parts)]


class _Join:
    """The pairs that are close in one chunk, in its word, and as a whole.

    The hashes are sorted by the chunk; rows and columns are positions in that order.
    """

    def __init__(
        self,
        hashes: Words,
        mirror: Words,
        distance: int,
        chunk: _Chunk,
        groups: Groups,
    ) -> None:
        self._mirror = mirror
        self._distance = distance
        self._within = chunk.within
        self._groups = groups
        words, flip = hashes[:, chunk.word], mirror[chunk.word]
        if chunk.sign is not None:
            words = words ^ flip * (words >> np.uint64(chunk.sign) & np.uint64(1))
        self._flip = flip if chunk.mirrored else np.uint64(0)
        keys = _key(words, chunk)
        self._order = np.argsort(keys, kind="stable")
        self._hashes, self._words = hashes[self._order], words[self._order]
        self._sizes = np.bincount(keys, minlength=2**chunk.bits)
        self._starts = np.cumsum(self._sizes) - self._sizes
        buckets = np.arange(2**chunk.bits)
        near = buckets[np.bitwise_count(buckets) <= chunk.radius]
        self._neighbours = near ^ _key(np.array([self._flip]), chunk).astype(np.intp)
        self._apart = np.empty(_TILE, np.uint64)
        self._count = np.empty(_TILE, np.uint8)
        self._near = np.empty(_TILE, np.bool_)
        # Which hashes are in a group so large that what it holds is worth leaving out, if any is.
        self._in_crowd: NDArray[np.bool_] | None = None
        self._find_crowds()
        self._unchecked: list[tuple[Indices, Indices]] = []
        self._close: list[tuple[Indices, Indices]] = []

    def run(self) -> None:
        """Unites the groups of all pairs."""
        buckets = np.flatnonzero(self._sizes)
        for i in range(0, len(buckets), _AT_ONCE):
            self._compare_buckets(buckets[i : i + _AT_ONCE])
        self._unite()

    def _compare_buckets(self, buckets: Indices) -> None:
        """Compares each hash of some buckets with those of their neighbours."""
        columns, stops = self._columns(buckets)
        words = self._words.take(columns)
        found: list[_Hits] = []
        left = 0
        for bucket, right in zip(buckets.tolist(), stops.tolist(), strict=True):
            start = int(self._starts[bucket])
            end = start + int(self._sizes[bucket])
            crowded = (end - start) * (right - left) > _CROWDED
            if crowded or (self._in_crowd is not None and self._in_crowd[start:end].any()):
                self._compare_crowd(np.arange(start, end), columns[left:right])
            else:
                tiles = self._compare(self._words[start:end], words[left:right])
                found += [(start + top, left + side, n, hits) for top, side, n, hits in tiles]
            left = right
        if found:
            rows, across = _positions(found)
            self._keep(rows, columns[across])

    def _columns(self, buckets: Indices) -> tuple[Indices, Indices]:
        """The neighbours' positions, and where in these those of each bucket end.

        Of two buckets the lesser has the other as a neighbour, and each has itself.
        """
        neighbours = self._neighbours ^ buckets[:, np.newaxis]
        after = neighbours >= buckets[:, np.newaxis]
        neighbours = neighbours[after]
        starts, sizes = self._starts.take(neighbours), self._sizes.take(neighbours)
        ends = np.concatenate([[0], np.cumsum(sizes)])
        stops = ends[np.cumsum(np.count_nonzero(after, axis=1))]
        full = sizes > 0
        if not full.any():
            return sizes[full], stops
        starts, sizes, ends = starts[full], sizes[full], ends[1:][full]
        # Ranges one after the other: all steps are 1 but those from one to the next.
        columns = np.ones(ends[-1], np.intp)
        columns[0] = starts[0]
        columns[ends[:-1]] = starts[1:] - starts[:-1] - sizes[:-1] + 1
        return np.cumsum(columns, out=columns), stops

    def _compare_crowd(self, rows: Indices, columns: Indices) -> None:
        """Compares where many may be alike: those of one group not with each other."""
        while len(rows):
            self._unite()
            groups = self._groups.names[self._order[rows]]
            names, counts = np.unique(groups, return_counts=True)
            some, rest, others = rows[:_FEW_ROWS], rows[_FEW_ROWS:], columns
            if counts.max() > min(_FEW_ROWS, len(rows) // 2):
                largest = names[counts.argmax()]
                some, rest = rows[groups == largest], rows[groups != largest]
                others = columns[self._groups.names[self._order[columns]] != largest]
            found = list(self._compare(self._words[some], self._words[others]))
            if found:
                down, across = _positions(found)
                self._keep(some[down], others[across])
            rows = rest

    def _compare(self, rows: Words, columns: Words) -> Iterator[_Hits]:
        """Compares words, each row with each column, tile by tile."""
        rows = (rows ^ self._flip)[:, np.newaxis]
        for left in range(0, len(columns), _TILE):
            across = columns[left : left + _TILE]
            height = _TILE // len(across)
            for top in range(0, len(rows), height):
                down = rows[top : top + height]
                n = len(down) * len(across)
                apart, count, near = self._apart[:n], self._count[:n], self._near[:n]
                np.bitwise_xor(down, across, out=apart.reshape(len(down), len(across)))
                np.bitwise_count(apart, out=count)
                (hits,) = np.less_equal(count, self._within, out=near).nonzero()
                if len(hits):
                    yield top, left, len(across), hits

    def _keep(self, rows: Indices, columns: Indices) -> None:
        """Keeps pairs whose words are close until there are enough to check."""
        # In one bucket each pair comes twice, and each hash with itself.
        once = rows < columns
        self._unchecked.append((rows[once], columns[once]))
        if sum(len(pairs) for pairs, _ in self._unchecked) > _UNCHECKED:
            self._check()

    def _check(self) -> None:
        """Compares the pairs that are kept by the whole hash."""
        rows, columns = _taken(self._unchecked)
        apart = self._hashes[rows] ^ self._hashes[columns]
        plain = np.bitwise_count(apart).sum(axis=1, dtype=np.uint16)
        mirrored = np.bitwise_count(apart ^ self._mirror).sum(axis=1, dtype=np.uint16)
        close = np.minimum(plain, mirrored) <= self._distance
        self._close.append((self._order[rows[close]], self._order[columns[close]]))
        if sum(len(pairs) for pairs, _ in self._close) > _UNCHECKED:
            self._unite()

    def _unite(self) -> None:
        if self._unchecked:
            self._check()
        if self._close and self._groups.unite(*_taken(self._close)):
            self._find_crowds()

    def _find_crowds(self) -> None:
        names = self._groups.names
        sizes = np.bincount(names, minlength=len(names))
        if sizes.max() >= _CROWD:
            self._in_crowd = sizes[names[self._order]] >= _CROWD


def _key(words: Words, chunk: _Chunk) -> NDArray[np.uint16]:
    """The chunk of each word: the name of its bucket."""
    mask = np.uint64(2**chunk.bits - 1)
    return ((words >> np.uint64(chunk.first)) & mask).astype(np.uint16)


def _positions(found: list[_Hits]) -> tuple[Indices, Indices]:
    """The rows and columns of hits."""
    tops, lefts, widths, hits = zip(*found, strict=True)
    edges = np.array([tops, lefts, widths])
    top, left, width = np.repeat(edges, [len(one) for one in hits], axis=1)
    row, column = np.divmod(np.concatenate(hits), width)
    return row + top, column + left


def _taken(pairs: list[tuple[Indices, Indices]]) -> tuple[Indices, Indices]:
    """Takes all pairs out of a list."""
    first, second = (np.concatenate(side) for side in zip(*pairs, strict=True))
    pairs.clear()
    return first, second
