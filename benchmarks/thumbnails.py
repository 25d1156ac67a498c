"""How fast small pictures come, beside what a script with Pillow does.

    python benchmarks/thumbnails.py [--photos N] [--cached N] [--rounds N]

Makes its own photos and prints, in pictures a second:

    cached         `Thumbnails.get` of thumbnails that are in the cache, in one thread
    cached, 16     likewise in as many threads, as the server asks for them
    Barkive        `Thumbnails.get` of thumbnails of 12-megapixel JPEGs that are in no cache yet
    Pillow         the plain way: open, exif_transpose, thumbnail, save
    Pillow, draft  the same with thumbnail before exif_transpose, so that Pillow can decode
                   the JPEG at a smaller scale

The last three work on the same files on all cores; the ratio is the one to the plain way.
Barkive also hashes the file, to tell that it was not changed, and writes to the cache. Each
rate is the best of several rounds, and the rounds take turns.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import os
import random
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from itertools import count
from pathlib import Path

from PIL import Image, ImageOps

from barkive.catalogue import Entry
from barkive.verdicts import Status
from barkive.web.services.thumbnails import Size, Thumbnails
from identify import DISTINCT, SIZES, make_photo

SIDE = 320
GETS = 20_000
THREADS = 16


def make_entries(folder: Path, size: tuple[int, int], number: int) -> list[Entry]:
    """Fills a folder with files of few pictures, each of a content of its own."""
    folder.mkdir()
    entries = []
    for i in range(number):
        path = folder / f"{i:05}.jpg"
        if i < DISTINCT:
            make_photo(path, size, seed=i)
        else:
            original = (folder / f"{i % DISTINCT:05}.jpg").read_bytes()
            path.write_bytes(original + f"{i}".encode())  # behind the picture's end
        entries.append(as_entry(path))
    return entries


def as_entry(path: Path) -> Entry:
    """A file as the catalogue would give it."""
    return Entry(
        id=1,
        picture=1,
        file=str(path),
        status=Status.UNCERTAIN,
        breeds=(),
        reason=None,
        corrected=False,
        label_id=None,
        note=None,
        prediction=None,
        guesses=(),
        model="none",
        width=None,
        height=None,
        format="JPEG",
        taken_at=None,
        camera=None,
        bytes=path.stat().st_size,
        sha256=hashlib.sha256(path.read_bytes()).hexdigest(),
        mtime_ns=None,
        ctime_ns=None,
        coded=None,
        added_at=datetime(2026, 1, 1),
        identified_at=None,
        unreadable_since=None,
        missing_since=None,
    )


def plain(file: str) -> bytes:
    """What a script with Pillow does."""
    with Image.open(file) as image:
        upright = ImageOps.exif_transpose(image)
        upright.thumbnail((SIDE, SIDE))
        return saved(upright)


def draft(file: str) -> bytes:
    """What a script does whose author knows of the smaller scales."""
    with Image.open(file) as image:
        image.thumbnail((SIDE, SIDE))
        return saved(ImageOps.exif_transpose(image))


def saved(image: Image.Image) -> bytes:
    """A picture as a JPEG file."""
    out = io.BytesIO()
    image.save(out, "JPEG", quality=82)
    return out.getvalue()


def best_rates(ways: dict[str, Callable[[], int]], rounds: int) -> dict[str, float]:
    """Pictures a second of each way, which gives how many it made: the best of the rounds."""
    best = dict.fromkeys(ways, 0.0)
    for _ in range(rounds):
        for name, work in ways.items():
            start = time.perf_counter()
            number = work()
            best[name] = max(best[name], number / (time.perf_counter() - start))
    return best


def fresh_rates(entries: Sequence[Entry], folder: Path, rounds: int) -> dict[str, float]:
    """The rates of the ways to make thumbnails."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    caches = count()

    def barkive() -> int:
        thumbnails = Thumbnails(folder / f"{next(caches)}")
        with ThreadPoolExecutor(cores) as pool:
            made = list(pool.map(lambda one: thumbnails.get(one, Size.THUMBNAIL), entries))
        thumbnails.close()
        return len(made)

    def by(way: Callable[[str], bytes]) -> Callable[[], int]:
        def work() -> int:
            with ThreadPoolExecutor(cores) as pool:
                return len(list(pool.map(way, [one.file for one in entries])))

        return work

    ways = {"Barkive": barkive, "Pillow": by(plain), "Pillow, draft": by(draft)}
    return best_rates(ways, rounds)


def cached_rates(entries: Sequence[Entry], folder: Path, rounds: int) -> dict[str, float]:
    """The rates of what is in the cache, in an order without a system."""
    thumbnails = Thumbnails(folder)
    for one in entries:
        thumbnails.get(one, Size.THUMBNAIL)
        Path(one.file).unlink()  # so that it can come from nowhere else
    asked = random.Random(0).choices(entries, k=GETS)

    def alone() -> int:
        for one in asked:
            thumbnails.get(one, Size.THUMBNAIL)
        return len(asked)

    def together() -> int:
        with ThreadPoolExecutor(THREADS) as pool:
            parts = [asked[i::THREADS] for i in range(THREADS)]
            return sum(pool.map(part, parts))

    def part(some: Sequence[Entry]) -> int:
        for one in some:
            thumbnails.get(one, Size.THUMBNAIL)
        return len(some)

    best = best_rates({"cached": alone, f"cached, {THREADS}": together}, rounds)
    thumbnails.close()
    return best


def main() -> None:
    """Reads the arguments, measures and prints."""
    parser = argparse.ArgumentParser(description="How fast small pictures come.")
    parser.add_argument("--photos", type=int, default=48, help="large photos (default: 48)")
    parser.add_argument("--cached", type=int, default=2000, help="in the cache (default: 2000)")
    parser.add_argument("--rounds", type=int, default=3, help="rounds (default: 3)")
    arguments = parser.parse_args()
    print(f"Thumbnails a second, best of {arguments.rounds} rounds")
    with tempfile.TemporaryDirectory() as temporary:
        root = Path(temporary)
        small = make_entries(root / "small", SIZES["500 x 375"], arguments.cached)
        for name, rate in cached_rates(small, root / "cache", arguments.rounds).items():
            print(f"  {name:<14} {rate:8.0f}")
        large = make_entries(root / "large", SIZES["12 megapixels"], arguments.photos)
        best = fresh_rates(large, root / "fresh", arguments.rounds)
        print("of 12-megapixel JPEGs:")
        for name, rate in best.items():
            ratio = (
                f"   {rate / best['Pillow']:.1f} times the plain way" if name != "Pillow" else ""
            )
            print(f"  {name:<14} {rate:8.1f}{ratio}")


if __name__ == "__main__":
    main()
