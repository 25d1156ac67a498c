"""What finding near-duplicates costs, by the number of photos.

    python benchmarks/duplicates.py [PHOTOS] [--sizes 10000,100000,1000000] [--all-pairs 20000]

Groups made-up hashes with `group_near_duplicates`, each size in a process of its own. Prints
the seconds, the processor's seconds, the peak memory in MB (of the largest process times their
number), and the growth exponent from the size before. Kinds of hashes:

    random      independent bits
    like photos bits with the means and the correlations of those of the photos in the folder
                PHOTOS: the signs of normal variates (a Gaussian copula)

Of each kind one hash in a hundred is a copy of another with 0 to 70 bits changed, and half of
these are mirrored.

Beside them stands what comparing all pairs costs, as up to 8,192 hashes are compared. It is
measured up to the size --all-pairs, and calculated (~) beyond, with the square of the size. Where
it is measured, the groups are compared too. Linux and macOS only.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import resource
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from math import log
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from barkive.images import (
    decode,
    find_photos,
    group_near_duplicates,
    hamming_join,
    hashing,
    perceptual_hash,
)
from barkive.machine import cores

_BLOCK = 50_000
_BITS = 256

Hashes = NDArray[np.uint64]


def main() -> None:
    """Prints a line for each kind and size."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("photos", type=Path, nargs="?")
    parser.add_argument("--sizes", default="10000,100000,1000000")
    parser.add_argument("--all-pairs", type=int, default=20_000)
    arguments = parser.parse_args()
    sizes = [int(size) for size in arguments.sizes.split(",")]
    kinds: dict[str, tuple[NDArray[np.float32], NDArray[np.float32]]] = {
        "random": (np.zeros(_BITS, np.float32), np.eye(_BITS, dtype=np.float32))
    }
    if arguments.photos is not None:
        kinds["like photos"] = structure(hashes_of(arguments.photos))
    print(f"{'hashes':12} {'number':>9} {'s':>8} {'cpu s':>8} {'MB':>6} {'exponent':>8}  all pairs")
    for kind, (thresholds, factor) in kinds.items():
        before: tuple[int, float] | None = None
        unit = 0.0
        for size in sizes:
            with tempfile.TemporaryDirectory() as folder:
                file = Path(folder) / "hashes.npy"
                np.save(file, made_up(size, thresholds, factor))
                seconds, busy, peak, groups = in_process(False, file)
                measured = size <= arguments.all_pairs
                if measured:
                    all_pairs, _, _, expected = in_process(True, file)
                    assert (groups == expected).all(), "the groups differ"
                    unit = all_pairs / size**2
            exponent = f"{log(seconds / before[1]) / log(size / before[0]):.2f}" if before else ""
            before = size, seconds
            other = unit * size**2
            line = f"{kind:12} {size:9,} {seconds:8.2f} {busy:8.2f} {peak:6.0f} {exponent:>8}"
            beside = f"{'' if measured else '~'}{other:.1f} s, {other / seconds:.1f} x"
            print(f"{line}  {beside}", flush=True)


def in_process(all_pairs: bool, file: Path) -> tuple[float, float, float, NDArray[np.intp]]:
    """Of `measured`, in a process that has done nothing else."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=context) as process:
        return process.submit(measured, all_pairs, file).result()


def measured(all_pairs: bool, file: Path) -> tuple[float, float, float, NDArray[np.intp]]:
    """Seconds, the processor's seconds, peak memory in MB, and the groups."""
    hashes = np.load(file)
    if all_pairs:
        hashing._FEW = len(hashes)
    start, busy = time.perf_counter(), sum(os.times()[:4])
    groups = group_near_duplicates(hashes)
    seconds, busy = time.perf_counter() - start, sum(os.times()[:4]) - busy
    peaks = [
        resource.getrusage(who).ru_maxrss
        for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    ]
    others = min(cores(), hamming_join._MOST_PROCESSES) - 1
    peak = peaks[0] + others * peaks[1]
    return seconds, busy, peak / (1e6 if sys.platform == "darwin" else 1e3), groups


def hashes_of(photos: Path) -> Hashes:
    """The hashes of a folder's photos."""
    return np.stack([perceptual_hash(decode(path)) for path in find_photos([str(photos)])])


def structure(hashes: Hashes) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """What makes normal variates have signs like the bits of hashes.

    Returns:
        The thresholds, shape (256,), and a factor F, shape (256, 256): F F' is the correlation.
    """
    signs = bits_of(hashes).astype(np.float64) * 2 - 1
    correlation = np.sin(np.pi / 2 * np.corrcoef(signs.T))
    values, vectors = np.linalg.eigh(correlation)
    factor = vectors * np.sqrt(np.maximum(values, 0))
    factor /= np.linalg.norm(factor, axis=1, keepdims=True)
    # So many variates are above a threshold as bits are set, by their order.
    normal = np.sort(np.random.default_rng(0).standard_normal(1_000_000))
    unset = ((1 - signs.mean(axis=0)) / 2 * (len(normal) - 1)).astype(int)
    return normal[unset].astype(np.float32), factor.astype(np.float32)


def made_up(n: int, thresholds: NDArray[np.float32], factor: NDArray[np.float32]) -> Hashes:
    """Hashes of which one in a hundred is close to another, mirrored or not."""
    generator = np.random.default_rng(n)
    hashes = np.empty((n, 4), np.uint64)
    for i in range(0, n, _BLOCK):
        variates = generator.standard_normal((min(_BLOCK, n - i), _BITS), np.float32)
        bits = variates @ factor.T > thresholds
        hashes[i : i + _BLOCK] = hashes_from(bits)
    copies, originals = generator.choice(n, (2, n // 100), replace=False)
    ranks = generator.random((len(copies), _BITS), np.float32).argsort(axis=1)
    flips = hashes_from(ranks < generator.integers(0, 71, (len(copies), 1)))
    mirrored = generator.integers(0, 2, (len(copies), 1), np.uint64)
    hashes[copies] = hashes[originals] ^ flips ^ mirrored * hashing._MIRROR
    return hashes


def bits_of(hashes: Hashes) -> NDArray[np.uint8]:
    """Shape (n, 256), from shape (n, 4)."""
    return np.unpackbits(hashes.astype(">u8").view(np.uint8), axis=1)


def hashes_from(bits: NDArray[np.bool_]) -> Hashes:
    """The reverse of `bits_of`."""
    return np.ascontiguousarray(np.packbits(bits, axis=1)).view(">u8").astype(np.uint64)


if __name__ == "__main__":
    main()
