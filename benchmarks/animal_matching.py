"""How fast animals are matched and suggested, and how far likeness tells dogs apart.

    python benchmarks/animal_matching.py [--photos N] [--animals N] [--ungrouped N] [--keep FILE]
        [--catalogue URL]
    python benchmarks/animal_matching.py --wild FOLDER [--among FOLDER]

The first makes a catalogue of N made-up photos of N animals (default 100,000 of 10,000), and of
10,000 further photos that belong to no animal: a third named by folders such as `2026-113 Rex`, a
third by files such as `Rex_03.jpg`, and a third by a camera, in bursts of four. Prints the median
time of each question, and the seconds and peak memory of suggestions. With --keep the catalogue
is kept as FILE, and used again where it is there; with --catalogue the photos come into an empty
catalogue there, such as one of PostgreSQL.

The second takes real photos, a folder for each breed, and makes two views of each: mirrored, cut,
turned a little, in other colours and sizes. Of photos that are nearly the same one is taken. It
prints how like two views of one dog are, and photos of two dogs of one breed; and how often the
animal of one view is found by the other, among all, and among the dogs of another folder as well.
That is an upper bound: photos that were taken on another day differ more.
"""

from __future__ import annotations

import argparse
import random
import tempfile
import time
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageEnhance, ImageOps
from sqlalchemy import func, select, update

from barkive.catalogue import AnimalFields, AnimalFilter, Catalogue, copy
from barkive.catalogue.animals.grouping import ALONE, IN_BURST
from barkive.catalogue.animals.suggestions import renew_after_scan
from barkive.catalogue.db import bulk, schema
from barkive.catalogue.predictions.packing import pack_embedding
from barkive.classifier import Classifier
from barkive.images import group_near_duplicates, perceptual_hash
from catalogue import BREEDS, features, fill, milliseconds
from scan import peak

Reals = NDArray[np.float32]

_AT_ONCE = 5000
# So like are made-up photos of one animal: this much of a vector is its own, the rest noise.
_OWN = 0.8
_START = datetime(2026, 1, 1)
_NAMES = ("Rex", "Luna", "Nala", "Zoé", "Oslo", "Pixel", "Ulysse", "Tina", "Maya", "Filou")
# Photos that are so like are crops of one, or of one dog in one place (looked at by eye).
_SAME = 0.93


def vectors(animals: NDArray[np.intp]) -> list[bytes]:
    """Packed vectors of photos of these animals."""
    unique, inverse = np.unique(animals, return_inverse=True)
    bases = np.concatenate(
        [features(np.random.default_rng(int(one)), np.array([one % len(BREEDS)])) for one in unique]
    )
    rng = np.random.default_rng(int(animals[0]))
    noise = features(rng, animals % len(BREEDS))
    return [pack_embedding(row) for row in _OWN * bases[inverse] + (1 - _OWN) * noise]


def path_of(number: int, grouped: int, size: int) -> tuple[str, datetime]:
    """Where a photo lies, and when it was taken; those behind the grouped ones have no animal."""
    animal, i = divmod(number - 1, size)
    name = _NAMES[animal % len(_NAMES)]
    taken = _START + timedelta(hours=3 * animal, seconds=5 * i)
    if number <= grouped:
        return f"/shelter/animals/{2010 + animal % 15}-{animal} {name}/IMG_{i}.jpg", taken
    match animal % 3:
        case 0:
            return f"/shelter/new/{2026}-{animal} {name}/IMG_{i}.jpg", taken
        case 1:
            return f"/shelter/new/{animal % 997}/{name}_{i}.jpg", taken
        case _:
            return f"/shelter/camera/{animal % 50}/IMG_{number:07}.jpg", taken


def make(catalogue: Catalogue, photos: int, animals: int, ungrouped: int) -> None:
    """Fills a catalogue with photos, and gives most of them animals."""
    fill(catalogue, photos + ungrouped)
    database, size = catalogue._database, max(1, photos // animals)
    rng = np.random.default_rng(4)
    for first in range(1, photos + ungrouped + 1, _AT_ONCE):
        numbers = np.arange(first, min(first + _AT_ONCE, photos + ungrouped + 1))
        per = np.where(numbers <= photos, size, 4)
        owners = (numbers - 1) // per + np.where(numbers <= photos, 0, 10**6)
        packed = vectors(owners)
        hashes = rng.integers(0, 256, (len(numbers), 32), np.uint8)
        rows: list[dict[str, Any]] = []
        for i, number in enumerate(numbers.tolist()):
            path, taken = path_of(number, photos, int(per[i]))
            row = {"id": number, "path": path, "taken_at": taken, "status": "dog", "dogs": 1}
            rows.append(
                {**row, "phash": hashes[i].tobytes(), "breed": BREEDS[owners[i] % len(BREEDS)].id}
            )
        with database.write() as connection:
            answers = [
                {"id": n, "vector": v} for n, v in zip(numbers.tolist(), packed, strict=True)
            ]
            bulk.update(connection, schema.answer, answers)
            bulk.update(connection, schema.photo, rows)
    group(catalogue, animals, size)
    catalogue._index()


def group(catalogue: Catalogue, animals: int, size: int) -> None:
    """Gives each animal its photos, so many of them."""
    first = catalogue.animals.new(fields(0)).id
    with catalogue._database.write() as connection:
        table = schema.animal
        row = dict(connection.execute(select(table)).one()._mapping)
        row.pop("id")
        others = [(first + i, fields(i)) for i in range(1, animals)]
        rows = [
            {
                **{**row, "number": number, "code": one.code, "code_key": one.code},
                **{"name": one.name, "status": one.status},
            }
            for number, one in others
        ]
        bulk.insert(connection, table, rows)
        shown = [
            {"animal": first + i // size, "picture": i + 1, "dog": None}
            for i in range(animals * size)
        ]
        bulk.insert(connection, schema.animal_photo, shown)
        connection.execute(update(table).values(stale=True))


def fields(animal: int) -> AnimalFields:
    """What an animal is called."""
    return AnimalFields(
        code=f"{2010 + animal % 15}-{animal}",
        name=_NAMES[animal % len(_NAMES)],
        status=("in_care", "adopted", "lost", "found")[animal % 4],
    )


def measure_speed(catalogue: Catalogue) -> None:
    """Prints how long questions take."""
    animals = catalogue.animals
    with catalogue._database.read() as connection:
        photo, shown = schema.photo.c, schema.animal_photo.c
        pictures = select(shown.picture)
        known = connection.execute(select(func.count()).select_from(schema.animal_photo)).scalar()
        of_animal = list(
            connection.execute(
                select(photo.number)
                .where(photo.picture.in_(pictures))
                .order_by(photo.sha256)
                .limit(9)
            ).scalars()
        )
        other = list(
            connection.execute(
                select(photo.number).where(photo.picture.not_in(pictures)).limit(9)
            ).scalars()
        )
    print(f"{known:,} photos of {animals.count():,} animals")
    lost = AnimalFilter(status=["lost", "found"])
    few = AnimalFilter(text="rex 2010-1")
    turn = iter(of_animal * 9)
    turn_of_other = iter(other * 9)
    questions = {
        "match, a photo of an animal": lambda: animals.match(next(turn)),
        "match, a photo of none": lambda: animals.match(next(turn_of_other)),
        "match, lost and found": lambda: animals.match(next(turn_of_other), query=lost),
        "match, a few animals": lambda: animals.match(next(turn_of_other), query=few),
        "similar": lambda: animals.similar("2015-5"),
    }
    for name, ask in questions.items():
        print(f"{name}: {milliseconds(ask):.0f} ms", flush=True)
    start = time.perf_counter()
    found = animals.suggest()
    seconds = time.perf_counter() - start
    photos = sum(len(one.photos) for one in found)
    print(f"suggest: {seconds:.1f} s, {len(found):,} suggestions of {photos:,} photos; {peak()}")
    print(f"suggest again, nothing new: {milliseconds(animals.suggest) / 1000:.1f} s")
    print(f"a page of 50 suggestions: {milliseconds(lambda: animals.suggestions(limit=50)):.0f} ms")
    with catalogue._database.read() as connection:
        last = connection.execute(select(func.max(schema.photo.c.id))).scalar_one()
    after = milliseconds(lambda: renew_after_scan(catalogue._store, last - 100))
    print(f"renewed after a scan of 100 new photos: {after:.0f} ms")
    patterns = animals.patterns()
    print("patterns:", ", ".join(f"{one.pattern.text} ({one.photos:,})" for one in patterns[:5]))
    start = time.perf_counter()
    done = animals.accept_all()
    seconds = time.perf_counter() - start
    print(f"accept all: {seconds:.1f} s, {done.new:,} new animals, {len(done.left_out)} left out")


def views(path: Path, folder: Path, rng: random.Random) -> list[Path]:
    """Writes two views of a photo."""
    written: list[Path] = []
    for number in (1, 2):
        with Image.open(path) as opened:
            view = opened.convert("RGB")
        if number == 1:
            view = ImageOps.mirror(view)
        width, height = view.size
        share = rng.uniform(0.7, 0.95)
        left, top = (int(rng.uniform(0, (1 - share) * side)) for side in view.size)
        view = view.crop((left, top, left + int(share * width), top + int(share * height)))
        for kind in (ImageEnhance.Brightness, ImageEnhance.Contrast, ImageEnhance.Color):
            view = kind(view).enhance(rng.uniform(0.7, 1.3))
        scale = rng.uniform(0.5, 1)
        view = view.resize((max(64, int(scale * view.width)), max(64, int(scale * view.height))))
        view = view.rotate(rng.uniform(-8, 8))
        written.append(folder / f"{len(list(folder.iterdir()))}-{path.stem}-{number}.jpg")
        view.save(written[-1], quality=rng.randint(60, 92))
    return written


def directions(paths: list[Path]) -> Reals:
    """The vectors of photos, of length 1; all 0 of one that shows no dog."""
    classifier = Classifier()
    judged = list(classifier.judge(paths, classifier.viewer.load))
    channels = next(one.scores.features.shape[1] for one in judged if one.scores is not None)
    found = np.zeros((len(paths), channels), np.float32)
    for row, one in zip(found, judged, strict=True):
        if one.scores is not None and one.status.value in ("dog", "uncertain"):
            row[:] = one.scores.features[0]
    lengths = np.linalg.norm(found, axis=1, keepdims=True)
    return found / np.maximum(lengths, 1e-6)


def measure_likeness(wild: Path, among: Path | None, folder: Path) -> None:
    """Prints how far likeness tells dogs apart.

    Args:
        wild: Photos, a folder for each breed.
        among: Further dogs, of one photo each; None for none.
        folder: For the views.
    """
    paths = sorted(wild.rglob("*.jpg"))
    rng = random.Random(1)
    of_views = [views(path, folder, rng) for path in paths]
    own, first, second = (
        directions(list(group)) for group in (paths, *zip(*of_views, strict=True))
    )
    hashes = np.stack(
        [perceptual_hash(np.asarray(Image.open(path).convert("RGB"))) for path in paths]
    )
    groups = group_near_duplicates(hashes)
    cosines = own @ own.T
    one_photo = (groups[:, np.newaxis] == groups) | (cosines > _SAME)
    is_first = ~np.tril(one_photo, -1).any(axis=1)
    shows = is_first & np.all([part.any(axis=1) for part in (own, first, second)], axis=0)
    kept = np.flatnonzero(shows)
    own, first, second = own[kept], first[kept], second[kept]
    breeds = np.array([paths[i].parent.name for i in kept])
    print(f"{len(kept)} dogs of {len(set(breeds))} breeds, of {len(paths)} photos")
    pairs = np.triu(own @ own.T, 1)
    same_breed = np.triu(breeds[:, np.newaxis] == breeds, 1)
    others = pairs[same_breed]
    apart = pairs[np.triu(breeds[:, np.newaxis] != breeds, 1)]
    same = np.einsum("ij,ij->i", first, second)
    print("| cosine of at least | two views of one dog | two dogs of one breed | of two breeds |")
    print("|---|---|---|---|")
    for least in (0.5, 0.6, IN_BURST, 0.8, 0.85, ALONE, 0.93):
        shares = (100 * float((some >= least).mean()) for some in (same, others, apart))
        print(f"| {least} | {' | '.join(f'{share:.2f} %' for share in shares)} |")
    further = directions(sorted(among.rglob("*.jpg"))) if among is not None else own[:0]
    print(f"\nThe dog of one view among {len(kept) + len(further):,} animals, in %:")
    print("| photos of its animal | an animal counts by | first | of the first 5 | of 10 |")
    print("|---|---|---|---|---|")
    by_view, by_photo = first @ second.T, own @ second.T
    for name, how, scores in (
        ("the other view", "it", by_view),
        ("photo and other view", "the best", np.maximum(by_view, by_photo)),
        ("photo and other view", "the mean of both", (by_view + by_photo) / 2),
    ):
        ranks = (scores > np.diag(scores)).sum(axis=0)
        ranks += (further @ second.T > np.diag(scores)).sum(axis=0)
        shares = (100 * float((ranks < most).mean()) for most in (1, 5, 10))
        print(f"| {name} | {how} | {' | '.join(f'{share:.1f}' for share in shares)} |")


def main() -> None:
    """Makes a catalogue and asks it, or looks at real photos."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--photos", type=int, default=100_000)
    parser.add_argument("--animals", type=int, default=10_000)
    parser.add_argument("--ungrouped", type=int, default=10_000)
    parser.add_argument("--keep", type=Path)
    parser.add_argument("--catalogue", metavar="URL")
    parser.add_argument("--wild", type=Path)
    parser.add_argument("--among", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        if options.wild is not None:
            measure_likeness(options.wild, options.among, Path(name))
            return
        file = options.keep or Path(name) / "made.sqlite"
        if not file.exists():
            with Catalogue(file) as catalogue:
                make(catalogue, options.photos, options.animals, options.ungrouped)
        # What is measured changes it.
        where = options.catalogue or Path(name) / "copy.sqlite"
        copy(file, where)
        with Catalogue(where) as catalogue:
            catalogue._index()
            measure_speed(catalogue)


if __name__ == "__main__":
    main()
