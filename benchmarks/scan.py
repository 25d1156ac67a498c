"""How fast a scan is, beside `Classifier.predict` alone, and a scan that finds nothing new.

    python benchmarks/scan.py [--photos N] [--files N] [--against CHECKOUT] [--keep DIR]

Makes its own photos of 500 x 375, each of another content, and prints photos a second of
`Classifier.predict` and of a first scan of the same folder, in turns, with the ratio of the
best of each: what hashing, EXIF data, vectors and a durable database cost. Then a folder of
many small files (default 100,000), with a model that costs nothing: the peak memory after a
tenth and after all of them, and the time of a second scan, beside that of `os.walk` with
`os.stat` alone. With --photos 0 only the second part is done.

With --against the second scan is also that of another checkout of Barkive, each in processes of
its own that take turns; of each the best is printed, and the ratio. With --keep the small files
and their catalogue are kept in DIR, and used again where they are there.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from PIL import Image

from barkive.catalogue import Catalogue
from barkive.classifier import Classifier
from barkive.verdicts import Scores
from identify import make_photo

ROUNDS = 3
DISTINCT = 12


class Nothing(Classifier):
    """The model inside, but for the network: every photo scores alike."""

    def score(self, pixels: np.ndarray) -> Scores:
        """Scores that were computed once."""
        n = len(pixels)
        labels = len(self.bundle.info.labels)
        return Scores(
            np.full((n, labels), 1 / labels, np.float32),
            np.full(n, 9, np.float32),
            np.ones((n, 1280), np.float32),
        )


def make_distinct(folder: Path, count: int) -> list[str]:
    """A folder of photos, each of another content: a comment behind the picture differs."""
    folder.mkdir()
    for i in range(min(count, DISTINCT)):
        make_photo(folder / f"{i:05}.jpg", (500, 375), seed=i)
    originals = [(folder / f"{i:05}.jpg").read_bytes() for i in range(min(count, DISTINCT))]
    for i in range(DISTINCT, count):
        (folder / f"{i:05}.jpg").write_bytes(originals[i % DISTINCT] + f"{i}".encode())
    return sorted(str(path) for path in folder.iterdir())


def make_small(folder: Path, start: int, count: int) -> None:
    """Small files in folders of a thousand, each of another picture."""
    for i in range(start, start + count):
        place = folder / f"{i // 1000:04}"
        place.mkdir(parents=True, exist_ok=True)
        # Its number, in squares of black and white.
        bits = np.array([i >> bit & 1 for bit in range(48)], np.uint8).reshape(6, 8)
        squares = bits.repeat(8, axis=0).repeat(8, axis=1) * 255
        Image.fromarray(squares).convert("RGB").save(place / f"{i:07}.jpg")


def peak() -> float:
    """The process's peak memory so far, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def beside_predict(folder: Path, count: int) -> None:
    """Prints the rates of a first scan and of naming alone, which take turns."""
    photos = make_distinct(folder / "photos", count)
    classifier = Classifier()
    times: dict[str, list[float]] = {"predict": [], "scan": []}
    for number in range(ROUNDS):
        start = time.perf_counter()
        for _ in classifier.predict(photos):
            pass
        times["predict"].append(time.perf_counter() - start)
        start = time.perf_counter()
        with Catalogue(folder / f"{number}.sqlite") as catalogue:
            catalogue.scan(folder / "photos", classifier=classifier)
        times["scan"].append(time.perf_counter() - start)
    rates = {name: len(photos) / min(seconds) for name, seconds in times.items()}
    print(f"predict: {rates['predict']:.0f} photos a second")
    print(f"scan: {rates['scan']:.0f}; ratio {rates['scan'] / rates['predict']:.2f}")


def first_scan(many: Path, file: Path, count: int) -> None:
    """Makes the small files, and prints the rate of their scan, and its memory."""
    tenth, nothing = count // 10, Nothing(dogs=False)
    with Catalogue(file) as catalogue:
        make_small(many, 0, tenth)
        catalogue.scan(many, classifier=nothing)
        print(f"peak memory after {tenth:,} files: {peak():.0f} MB")
        make_small(many, tenth, count - tenth)
        start = time.perf_counter()
        catalogue.scan(many, classifier=nothing)
        rate = (count - tenth) / (time.perf_counter() - start)
    print(f"peak memory after {count:,} files: {peak():.0f} MB")
    print(f"without a network: {rate:.0f} files a second")


def scan_again(many: Path, file: Path) -> float:
    """The seconds of a scan that finds nothing new."""
    with Catalogue(file) as catalogue:
        start = time.perf_counter()
        catalogue.scan(many, classifier=Nothing(dogs=False))
        return time.perf_counter() - start


def compare(many: Path, file: Path, other: Path) -> None:
    """Prints the seconds of both checkouts, which take turns."""
    here = Path(__file__).parents[1]
    best: dict[Path, float] = {}
    for _ in range(ROUNDS):
        for checkout in (other, here):
            environment = {**os.environ, "PYTHONPATH": str(checkout / "src")}
            command = [sys.executable, __file__, "--again", str(many), str(file)]
            done = subprocess.run(command, env=environment, check=True, stdout=subprocess.PIPE)
            best[checkout] = min(float(done.stdout), best.get(checkout, float("inf")))
    print(f"second scan in {other}: {best[other]:.2f} s; here: {best[here]:.2f} s")
    print(f"ratio {best[other] / best[here]:.2f}")


def main() -> None:
    """Measures both."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--photos", type=int, default=1500)
    parser.add_argument("--files", type=int, default=100_000)
    parser.add_argument("--against", type=Path, help="another checkout")
    parser.add_argument("--keep", type=Path, help="a folder for the small files")
    parser.add_argument("--again", type=Path, nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.again:
        print(scan_again(*options.again))
        return
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        if options.photos:
            beside_predict(folder, options.photos)
        kept = options.keep or folder
        many, file = kept / "many", kept / "many.sqlite"
        kept.mkdir(exist_ok=True)
        if not many.exists():
            first_scan(many, file, options.files)
        print(f"second scan, {options.files:,} unchanged: {scan_again(many, file):.2f} s")
        if options.against:
            compare(many, file, options.against.resolve())
        start = time.perf_counter()
        for place, _, names in os.walk(many):
            for name in names:
                os.stat(os.path.join(place, name))  # noqa: PTH116, PTH118 - the plain way
        plain = time.perf_counter() - start
        print(f"os.walk and os.stat alone: {plain:.2f} s")


if __name__ == "__main__":
    main()
