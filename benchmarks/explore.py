"""How fast `barkive explore` reads photos, beside what one would write without it.

    python benchmarks/explore.py [--photos N] [FOLDER [--against CHECKOUT]]

Makes its own photos, small (500 x 375) and of 12 megapixels, or takes a folder of breeds, and
prints in photos a second:

    Barkive     `exploration.survey`: decoding, header, SHA-256, perceptual hash, quality
    plain       a loop over the files that opens each whole with Pillow and computes the same
                with NumPy: SHA-256, size, mode, the mean and deviation of its grey levels,
                the variance of the Laplacian, Immerkær's noise, a DCT hash of 64 bits

and their ratio. Each rate is the best of several rounds, and the rounds take turns, so that
a busy moment of the machine does not fall on one figure alone. Then the time for the findings
and for writing the report, and the peak memory of the process.

With --against it prints instead the seconds of the whole command on the folder, and those of
processors, here and in another checkout of Barkive, which take turns; of each the best, and the
ratios.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from barkive.evaluation import Samples, read_samples
from barkive.exploration import find, survey, write_report
from identify import SIZES, make_folder

ROUNDS = 3
_COSINES = np.cos(np.pi * np.outer(np.arange(32), 2 * np.arange(32) + 1) / 64)


def plain(paths: Sequence[str]) -> list[tuple[object, ...]]:
    """The same figures as a straightforward script would compute them."""
    rows: list[tuple[object, ...]] = []
    for path in paths:
        content = Path(path).read_bytes()
        with Image.open(io.BytesIO(content)) as image:
            facts = image.format, image.mode, image.size
            grey_image = image.convert("L")
        grey = np.asarray(grey_image, dtype=np.float64)
        inner = grey[1:-1, 1:-1]
        sides = grey[:-2, 1:-1] + grey[2:, 1:-1] + grey[1:-1, :-2] + grey[1:-1, 2:]
        corners = grey[:-2, :-2] + grey[:-2, 2:] + grey[2:, :-2] + grey[2:, 2:]
        noise = np.sqrt(np.pi / 2) / 6 * np.abs(corners - 2 * sides + 4 * inner).mean()
        small = np.asarray(grey_image.resize((32, 32), Image.Resampling.LANCZOS), np.float64)
        low = (_COSINES @ small @ _COSINES.T)[:8, :8]
        rows.append(
            (
                *(*facts, len(content), hashlib.sha256(content).hexdigest()),
                *(grey.mean(), grey.std(), (sides - 4 * inner).var(), noise),
                low > np.median(low),
            )
        )
    return rows


def compare(name: str, samples: Samples) -> None:
    """Prints both rates, and the times of what follows."""
    best = {"Barkive": 0.0, "plain": 0.0}
    for _ in range(ROUNDS):
        for way in best:
            start = time.perf_counter()
            if way == "plain":
                plain(samples.paths)
            else:
                survey(samples)
            best[way] = max(best[way], len(samples.paths) / (time.perf_counter() - start))
    print(f"{name}, {len(samples.paths)} photos")
    for way, rate in best.items():
        print(f"  {way:10}{rate:8.1f} photos/s")
    print(f"  {'ratio':10}{best['Barkive'] / best['plain']:8.2f}")
    read = survey(samples)
    start = time.perf_counter()
    findings = find(read)
    found = time.perf_counter()
    with tempfile.TemporaryDirectory() as out:
        page = write_report(findings, out)
        written = time.perf_counter()
        size = page.stat().st_size / 1e6
    print(f"  {'findings':10}{found - start:8.2f} s")
    print(f"  {'report':10}{written - found:8.2f} s, page of {size:.1f} MB")


def compare_checkouts(folder: Path, other: Path) -> None:
    """Prints the seconds of the whole command in both checkouts."""
    here, infinite = Path(__file__).parents[1], float("inf")
    wall, work = {other: infinite, here: infinite}, {other: infinite, here: infinite}
    for _ in range(ROUNDS):
        for checkout in (other, here):
            environment = {**os.environ, "PYTHONPATH": str(checkout / "src")}
            with tempfile.TemporaryDirectory() as out:
                command = [sys.executable, "-m", "barkive", "explore", str(folder), "--out", out]
                start, before = time.perf_counter(), os.times()
                subprocess.run(command, env=environment, check=True, capture_output=True)
                seconds, after = time.perf_counter() - start, os.times()
            used = after.children_user + after.children_system
            used -= before.children_user + before.children_system
            wall[checkout] = min(wall[checkout], seconds)
            work[checkout] = min(work[checkout], used)
    print(f"explore in {other}: {wall[other]:.1f} s, of processors {work[other]:.1f} s")
    print(f"here: {wall[here]:.1f} s, of processors {work[here]:.1f} s")
    print(f"ratio {wall[other] / wall[here]:.2f}, of processors {work[other] / work[here]:.2f}")


def main() -> None:
    """Compares on each size, or on a folder."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", nargs="?", type=Path)
    parser.add_argument("--photos", type=int, default=400)
    parser.add_argument("--against", type=Path, help="another checkout")
    arguments = parser.parse_args()
    if arguments.folder and arguments.against:
        compare_checkouts(arguments.folder, arguments.against.resolve())
    elif arguments.folder:
        compare(str(arguments.folder), read_samples(arguments.folder))
    else:
        for name, size in SIZES.items():
            with tempfile.TemporaryDirectory() as folder:
                # Those of 12 megapixels take long, and a few of them tell as much.
                count = arguments.photos if size[0] < 1000 else arguments.photos // 10
                make_folder(Path(folder) / "dogs", size, count)
                compare(name, read_samples(folder))
    if sys.platform != "win32":
        import resource

        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        print(f"peak memory {peak / (2**20 if sys.platform == 'darwin' else 2**10):.0f} MB")


if __name__ == "__main__":
    main()
