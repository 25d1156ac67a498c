"""How fast a scan is, beside `Classifier.predict` alone, and a scan that finds nothing new.

    python benchmarks/scan.py [--photos N] [--files N]

Makes its own photos of 500 x 375, each of another content, and prints photos a second of
`Classifier.predict` and of a first scan of the same folder, in turns, with the ratio of the
best of each: what hashing, EXIF data, vectors and a durable database cost. Then a folder of
many small files (default 100,000), with a model that costs nothing: the peak memory after a
tenth and after all of them, and the time of a second scan, beside that of `os.walk` with
`os.stat` alone.
"""

from __future__ import annotations

import argparse
import io
import os
import resource
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
    """Small files in folders of a thousand."""
    buffer = io.BytesIO()
    Image.new("RGB", (64, 48), (200, 150, 90)).save(buffer, "JPEG")
    for i in range(start, start + count):
        place = folder / f"{i // 1000:04}"
        place.mkdir(parents=True, exist_ok=True)
        (place / f"{i:07}.jpg").write_bytes(buffer.getvalue() + f"{i}".encode())


def peak() -> float:
    """The process's peak memory so far, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    """Measures both."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--photos", type=int, default=1500)
    parser.add_argument("--files", type=int, default=100_000)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        photos = make_distinct(folder / "photos", options.photos)
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

        many, tenth = folder / "many", options.files // 10
        with Catalogue(folder / "many.sqlite") as catalogue:
            nothing = Nothing()
            make_small(many, 0, tenth)
            catalogue.scan(many, classifier=nothing)
            print(f"peak memory after {tenth:,} files: {peak():.0f} MB")
            make_small(many, tenth, options.files - tenth)
            start = time.perf_counter()
            catalogue.scan(many, classifier=nothing)
            rate = (options.files - tenth) / (time.perf_counter() - start)
            print(f"peak memory after {options.files:,} files: {peak():.0f} MB")
            print(f"without a network: {rate:.0f} files a second")
            start = time.perf_counter()
            summary = catalogue.scan(many, classifier=nothing)
            again = time.perf_counter() - start
        start = time.perf_counter()
        for place, _, names in os.walk(many):
            for name in names:
                os.stat(os.path.join(place, name))  # noqa: PTH116, PTH118 - the plain way
        plain = time.perf_counter() - start
        print(f"second scan, {summary.unchanged:,} unchanged: {again:.1f} s")
        print(f"os.walk and os.stat alone: {plain:.1f} s; ratio {again / plain:.1f}")


if __name__ == "__main__":
    main()
