"""How fast the list of animals and an animal's page are when there are many.

    python benchmarks/animal_pages.py [--photos N] [--animals N] [--keep FILE] [--catalogue URL]

Makes a catalogue of N made-up photos (default 100,000) and puts them to N animals (default
10,000). Prints the seconds until all verdicts are derived, and then, in milliseconds, the median
of several runs of what the pages ask for; beside the list, what the same list takes where every
verdict is derived when it is looked at, which is what one would write first.

With --keep the catalogue is kept as FILE, and used again where it is there; with --catalogue it
comes into an empty catalogue there, such as one of PostgreSQL.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

import numpy as np
from sqlalchemy import insert, select, update

from barkive.catalogue import (
    AnimalFields,
    AnimalFilter,
    Catalogue,
    Filter,
    Order,
    copy,
)
from barkive.catalogue.animals.finding import key_of
from barkive.catalogue.db import schema
from catalogue import fill, milliseconds

CHUNK = 60
_NAMES = ("Rex", "Luna", "Élan", "Nala", "Max", "Bella", "Oslo", "Chaussette")
_STATUSES = ("in_care", "adopted", "lost", "found", "deceased")


def group(catalogue: Catalogue, animals: int, photos: int) -> None:
    """Puts the photos to animals, as many to each."""
    rng = np.random.default_rng(4)
    numbers = [catalogue.animals.new(_fields(0)).id]
    with catalogue._database.write() as connection:
        row = connection.execute(select(schema.animal)).one()._mapping
        rows = []
        for i in range(1, animals):
            fields = _fields(i)
            rows.append(
                {
                    **{k: v for k, v in row.items() if k != "id"},
                    **{"number": row["number"] + i, "code": fields.code, "name": fields.name},
                    **{"code_key": fields.code, "name_key": key_of(str(fields.name))},
                    "status": fields.status,
                }
            )
        connection.execute(insert(schema.animal), rows)
        numbers += [one["number"] for one in rows]
        of_photos = rng.integers(0, animals, photos)
        shown = [{"animal": numbers[of_photos[i]], "picture": i + 1} for i in range(photos)]
        connection.execute(insert(schema.animal_photo), shown)
        connection.execute(update(schema.animal).values(stale=True))


def _fields(i: int) -> AnimalFields:
    return AnimalFields(
        code=f"2026-{i:05}",
        name=f"{_NAMES[i % len(_NAMES)]} {i // 100}",
        status=_STATUSES[i % len(_STATUSES)],
    )


def measure(catalogue: Catalogue) -> None:
    """Prints the time of each question."""
    animals = catalogue.animals
    breed = next(iter(animals.counts("breed").most_common(1)))[0]
    some = animals.list(order=Order.CODE, limit=CHUNK)
    one = some[len(some) // 2]
    questions = {
        "the first 60": lambda: animals.list(limit=CHUNK),
        "the last 60": lambda: animals.list(limit=CHUNK, offset=animals.count() - CHUNK),
        "words": lambda: animals.list(AnimalFilter(text="lun 2026-001"), limit=CHUNK),
        "a status": lambda: animals.list(AnimalFilter(status=("lost",)), limit=CHUNK),
        "a breed": lambda: animals.list(AnimalFilter(breed=breed), limit=CHUNK),
        "views that disagree": lambda: animals.list(AnimalFilter(disagrees=True), limit=CHUNK),
        "counts by status": lambda: animals.counts("status"),
        "counts by breed": lambda: animals.counts("breed"),
        "one animal by its code": lambda: animals.get(str(one.code)),
        "an animal's photos and what each says": lambda: animals.views(one.id),
        "an animal's history": lambda: animals.history(one.id),
        "its photos in the gallery": lambda: catalogue.page(
            Filter(animal=one.id), offset=0, limit=120
        ),
        "photos of no animal": lambda: catalogue.page(Filter(grouped=False), offset=0, limit=120),
        "how many those are": lambda: catalogue.count(Filter(grouped=False)),
    }
    for name, question in questions.items():
        print(f"{name}: {milliseconds(question):.1f} ms")
    stale = update(schema.animal).where(schema.animal.c.number.in_([x.id for x in some]))

    def derived() -> None:
        with catalogue._database.write() as connection:
            connection.execute(stale.values(stale=True))
        animals.list(order=Order.CODE, limit=CHUNK)

    now, then = (
        milliseconds(lambda: animals.list(order=Order.CODE, limit=CHUNK)),
        milliseconds(derived),
    )
    print(f"60 animals with their verdicts derived: {then:.1f} ms, {then / now:.1f} times as long")
    edit = AnimalFields(notes="shy")
    start = time.perf_counter()
    version = animals.edit(one.id, edit).version
    print(f"an edit: {1000 * (time.perf_counter() - start):.1f} ms")
    start = time.perf_counter()
    animals.undo(version)
    print(f"its undo: {1000 * (time.perf_counter() - start):.1f} ms")


def main() -> None:
    """Makes a catalogue, and measures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--photos", type=int, default=100_000)
    parser.add_argument("--animals", type=int, default=10_000)
    parser.add_argument("--keep", type=Path)
    parser.add_argument("--catalogue", metavar="URL")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        file = options.keep or Path(folder) / "catalogue.sqlite"
        if not file.exists():
            with Catalogue(file) as catalogue:
                fill(catalogue, options.photos)
                group(catalogue, options.animals, options.photos)
        if options.catalogue:
            copy(file, options.catalogue)
        with Catalogue(options.catalogue or file) as catalogue:
            with catalogue._database.write() as connection:
                connection.execute(update(schema.animal).values(stale=True))
            start = time.perf_counter()
            catalogue.animals.refresh()
            print(f"all verdicts: {time.perf_counter() - start:.1f} s")
            measure(catalogue)


if __name__ == "__main__":
    main()
