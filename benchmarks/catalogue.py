"""How fast the catalogue answers when it is large, beside what one would write without it.

    python benchmarks/catalogue.py [--rows N] [--keep FILE] [--index]

Makes a catalogue of N made-up photos (default 1,000,000) and prints, in milliseconds, the
median of several runs of each search and count, the time to open it, and the time of `like`
against a plain scan: all vectors read from a NumPy file and multiplied as float32. The first
search by likeness after rows were added builds what is lacking of the index, and is told apart.
The rows come 5,000 at a time, and the index follows as in a scan: how long that takes in all and
at most, and how long the first search takes where nothing of the index is there.

With --index only that is measured, not the searches.

With --keep the catalogue is kept as FILE, and used again where it is there.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import insert, select

from barkive.breeds import find
from barkive.bundle import Bundle
from barkive.catalogue import Catalogue, Filter
from barkive.catalogue.db import schema
from barkive.catalogue.predictions.packing import (
    pack_embedding,
    pack_features,
    pack_probabilities,
    unpack_embeddings,
)
from barkive.catalogue.query.text_search import searchable
from barkive.verdicts import Status

BREEDS = [find(label.id) for label in Bundle.open().info.labels]
CHANNELS, LATENT = 1280, 96
RUNS = 7
_AT_ONCE = 5000


def features(rng: np.random.Generator, breeds: NDArray[np.intp]) -> NDArray[np.float32]:
    """Made-up features: as a network's, none is below 0, and few directions say most.

    A quarter of each one's length is noise in all directions, as in real ones.
    """
    shared = np.random.default_rng(0)
    centres = shared.normal(size=(len(BREEDS), LATENT))
    mixing = shared.normal(size=(LATENT, CHANNELS)) / np.sqrt(LATENT)
    latent = centres[breeds] + 0.7 * rng.normal(size=(len(breeds), LATENT))
    raw = latent @ mixing + 0.35 * rng.normal(size=(len(breeds), CHANNELS))
    positive: NDArray[np.float32] = np.maximum(raw, 0).astype(np.float32)
    return positive


def fill(catalogue: Catalogue, rows: int) -> list[float]:
    """Adds made-up photos: 72 % dogs, 20 % uncertain, 7 % of other things, 1 % failed.

    Of those with dogs an eighth show two.

    Returns:
        The seconds that the index took to follow, each time.
    """
    indexed: list[float] = []
    rng = np.random.default_rng(1)
    database = catalogue._database
    with database.write() as connection:
        model = catalogue.models.add(connection, Bundle.open())
    words = [searchable("", [breed], None) for breed in BREEDS]
    start = datetime(2015, 1, 1)
    kinds = (Status.DOG, Status.UNCERTAIN, Status.NOT_DOG, Status.FAILED)
    for first in range(1, rows + 1, _AT_ONCE):
        n = min(_AT_ONCE, rows + 1 - first)
        breeds = rng.integers(0, len(BREEDS), n)
        statuses = rng.choice(len(kinds), n, p=(0.72, 0.2, 0.07, 0.01))
        top = rng.uniform(0.2, 1, n)
        vectors = features(rng, breeds)
        answers: list[dict[str, Any]] = []
        photos: list[dict[str, Any]] = []
        detections: list[dict[str, Any]] = []
        others: list[dict[str, Any]] = []
        second = rng.integers(0, len(BREEDS), n)
        for i in range(n):
            number, status, breed = first + i, kinds[statuses[i]], BREEDS[breeds[i]]
            sha256 = number.to_bytes(32, "big")
            probabilities = np.full(len(BREEDS), (1 - top[i]) / (len(BREEDS) - 1), np.float32)
            probabilities[breeds[i]] = top[i]
            dog = status in (Status.DOG, Status.UNCERTAIN)
            dogs = int(dog) + int(dog and number % 8 == 0)
            detections += [
                {
                    **{"answer_id": number, "place": place, "x": 0.1 + 0.5 * place, "y": 0.2},
                    **{"width": 0.4 - 0.2 * place, "height": 0.5, "score": 0.9},
                    "status": status.value,
                    "probabilities": pack_probabilities(probabilities) if place else None,
                    "dog": 3.0 if place else None,
                    "vector": pack_embedding(vectors[i]) if place else None,
                    "features": pack_features(vectors[i]) if place else None,
                }
                for place in range(dogs)
            ]
            if dogs > 1:
                others.append(
                    {
                        **{"photo_id": number, "place": 1, "status": status.value},
                        **{"breed": BREEDS[second[i]].id, "probability": float(top[i])},
                        "corrected": False,
                    }
                )
            path = f"/photos/{2015 + number % 12}/kennel{number % 977}/IMG_{number:07d}.jpg"
            answers.append(
                {
                    "id": number,
                    "sha256": sha256,
                    "model_id": model.id,
                    "status": status.value,
                    "probabilities": pack_probabilities(probabilities),
                    "dog": 3.0,
                    "vector": pack_embedding(vectors[i]),
                    "features": pack_features(vectors[i]),
                    "identified_at": start,
                    "dogs": dogs,
                }
            )
            photos.append(
                {
                    "id": number,
                    "path": path,
                    "bytes": 123456,
                    "mtime_ns": number,
                    "sha256": sha256,
                    "phash": sha256,
                    "format": "JPEG",
                    "width": 4000,
                    "height": 3000,
                    "orientation": 1,
                    "taken_at": start + timedelta(minutes=6 * number),
                    "camera": "Maker Model",
                    "number": number,
                    "picture": number,
                    "model_id": model.id,
                    "answer_id": number,
                    "status": status.value,
                    "breed": breed.id if dog else None,
                    "probability": float(top[i]) if dog else None,
                    "margin": float(top[i]) / 2 if dog else None,
                    "corrected": number % 50 == 0,
                    "words": f"photos {2015 + number % 12} kennel {number % 977} img "
                    f"{number:07d} jpg {words[breeds[i]] if dog else ''}",
                    "added_at": start,
                    "identified_at": start,
                    "dogs": dogs,
                }
            )
        with database.write() as connection:
            connection.execute(insert(schema.answer), answers)
            connection.execute(insert(schema.photo), photos)
            connection.execute(insert(schema.detection), detections)
            connection.execute(insert(schema.other_dog), others)
        begun = time.perf_counter()
        catalogue._similar.keep_up(model.id)
        indexed.append(time.perf_counter() - begun)
        print(f"\r{first + n - 1:,} of {rows:,} rows", end="", file=sys.stderr)
    with database.write() as connection:
        # What a scan leaves to SQLite's own upkeep: figures by which searches are planned.
        connection.exec_driver_sql("ANALYZE")
    print(file=sys.stderr)
    return indexed


def milliseconds(work: Callable[[], object]) -> float:
    """The median time of several runs."""
    times = []
    for _ in range(RUNS):
        start = time.perf_counter()
        work()
        times.append(1000 * (time.perf_counter() - start))
    return statistics.median(times)


def main() -> None:
    """Fills a catalogue, and measures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--keep", type=Path)
    parser.add_argument("--index", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        file = options.keep or Path(folder) / "catalogue.sqlite"
        there = file.exists()
        with Catalogue(file) as catalogue:
            if not there:
                start = time.perf_counter()
                indexed = fill(catalogue, options.rows)
                print(f"filled in {time.perf_counter() - start:.0f} s")
                print(f"the index as rows come: {sum(indexed):.1f} s, at most {max(indexed):.2f} s")
        print(f"open: {milliseconds(lambda: Catalogue(file).close()):.1f} ms")
        with Catalogue(file) as catalogue:
            compare_index(catalogue)
            if not options.index:
                measure(catalogue)


def compare_index(catalogue: Catalogue) -> None:
    """Prints how long the first search takes, with the index there and without."""
    photo = next(catalogue.search(Filter(breed="beagle"), limit=1)).file

    def first() -> float:
        start = time.perf_counter()
        catalogue.like(photo)
        return time.perf_counter() - start

    there = first()
    catalogue._similar.forget(catalogue.models.number(Bundle.open().identity) or 0)
    print(f"like, the first time: {there:.2f} s; where there is no index {first():.2f} s")


def measure(catalogue: Catalogue) -> None:
    """Prints the time of each search."""
    day = date(2024, 1, 1)
    filters = {
        "everything": Filter(),
        "a breed": Filter(breed="beagle"),
        "a breed, in French, from a date on": Filter(breed="carlin", after=day),
        "two breeds": Filter(breeds=("beagle", "pug")),
        "a breed, at least 0.9": Filter(breed="beagle", min_probability=0.9),
        "an FCI group": Filter(group=3),
        "one dog": Filter(dogs=(1, 1)),
        "two dogs or more": Filter(dogs=(2, None)),
        "two dogs or more, a breed": Filter(dogs=(2, None), breed="beagle"),
        "uncertain": Filter(status=(Status.UNCERTAIN,)),
        "dogs, at least 0.9": Filter(status=(Status.DOG,), min_probability=0.9),
        "from a date on": Filter(after=day),
        "a folder": Filter(folder="/photos/2020/kennel17"),
        "a year's folders": Filter(folder="/photos/2020"),
        "corrected": Filter(corrected=True),
        "not corrected": Filter(corrected=False),
        "a breed as text": Filter(text="beagle"),
        "two words": Filter(text="kennel 17 pug"),
        "a file's number": Filter(text="0123456"),
    }
    print(f"{'':40}{'count':>10}{'first 100':>12}  ms")
    for name, wanted in filters.items():
        counted = milliseconds(lambda wanted=wanted: catalogue.count(wanted))  # type: ignore[misc]
        found = milliseconds(lambda wanted=wanted: list(catalogue.search(wanted, limit=100)))  # type: ignore[misc]
        print(f"{name:40}{counted:10.1f}{found:12.1f}  {catalogue.count(wanted):,}")
    print(f"counts by status: {milliseconds(lambda: catalogue.counts('status')):.1f} ms")
    print(f"counts by breed: {milliseconds(lambda: catalogue.counts('breed')):.1f} ms")
    print(f"what is known of each breed: {milliseconds(catalogue.breeds_overview):.1f} ms")
    print(f"next to review: {milliseconds(lambda: catalogue.review.look(count=1)):.1f} ms")
    print(f"left to review: {milliseconds(catalogue.review.left):.1f} ms")
    photo = next(catalogue.search(Filter(breed="beagle"), limit=1)).file
    ours = milliseconds(lambda: catalogue.like(photo))
    only = milliseconds(lambda: catalogue.like(photo, Filter(group=3)))
    plain = plain_scan(catalogue, photo)
    print(f"like: {ours:.0f} ms; within an FCI group {only:.0f} ms")
    print(f"like, by a plain scan: {plain:.0f} ms; ratio {plain / ours:.1f}")


def plain_scan(catalogue: Catalogue, photo: str) -> float:
    """The same by multiplying all vectors, kept as int8 in one NumPy file."""
    with catalogue._database.read() as connection, tempfile.NamedTemporaryFile() as file:
        rows = connection.execution_options(yield_per=10_000).execute(
            select(schema.answer.c.vector)
        )
        for part in rows.partitions():
            file.write(unpack_embeddings([row.vector for row in part]).tobytes())
        vectors = np.memmap(file.name, np.int8, "r").reshape(-1, CHANNELS)
        query = vectors[0].astype(np.float32)

        def scan() -> NDArray[np.intp]:
            cosines = [
                (block := vectors[i : i + 8192].astype(np.float32))
                @ query
                / np.linalg.norm(block, axis=1)
                for i in range(0, len(vectors), 8192)
            ]
            return np.argsort(-np.concatenate(cosines))[:20]

        return milliseconds(scan)


if __name__ == "__main__":
    main()
