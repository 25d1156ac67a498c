"""What a scan costs on this machine and on Ray, part by part: the figures of docs/scale.md.

    python benchmarks/scale.py [--photos N] [--rounds N] [--json FILE]

Makes its own photos of 500 x 375, each of another content, and prints, for all cores that
take part, in the same run:

    engines     photos a second of the engine of this machine and of Ray, from the first tenth of
                the answers to the last, with the ratio of both on the same cores, and the time
                of a core that a photo takes in all processes: the driver's, the workers' and
                Ray's own. `1 core` has all of them on one. How long the start of a window's
                workers takes: until their first answers, less the time of a block each
    overhead    the same with photos of 64 x 48 and a network that costs nothing but has answers
                of the usual size, so that what is left is what Ray costs a photo, and how much of
                it is the driver's
    scan        a whole scan into PostgreSQL, from the list to the last row, with two workers
    parts       reading with decoding, and the network, on one core while all others do the same
    writes      what `recording.record` writes, on SQLite and on PostgreSQL, into an empty catalogue
    listing     photos a second from a folder and from a list, and of the plan before an engine:
                list, look at the file, pass over what is known

Each figure of engines and scans is the best of several rounds, which take turns; those of the
start and of writing are medians. --json writes all of them, with `constants` for
`benchmarks/simulate.py`.
"""

from __future__ import annotations

import argparse
import json
import os
import pickle
import statistics
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from dataclasses import asdict
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np

from barkive.bundle import Bundle
from barkive.catalogue import Catalogue
from barkive.catalogue.photos.reading import Reading
from barkive.catalogue.scan import recording
from barkive.catalogue.scan.engine import LocalEngine
from barkive.catalogue.scan.listing import Listing
from barkive.classifier import BATCH, Classifier, Judged
from barkive.verdicts import Scores, Status
from copying import server
from identify import SIZES, make_folder
from scan import make_distinct, make_small
from throughput import (
    CHANNELS,
    LABELS,
    Throughput,
    Work,
    alone,
    at_rest,
    cores_photo,
    photo,
    scan_with,
    start_of,
    throughputs_of,
    write_free,
)

FEW, LARGE, FILES, LINES = 256, 48, 8000, 200_000
BATCHES = (256, 32)
CASES = {
    "local, 1 core": (0, 1),
    "Ray, 1 worker, 1 core": (1, 1),
    "local, 2 cores": (0, 2),
    "Ray, 1 worker, 2 cores": (1, 2),
    "Ray, 2 workers, 2 cores": (2, 2),
}
"""Workers of Ray, 0 for the engine of this machine; and cores."""


def parts(core: int, files: Sequence[str]) -> tuple[float, float, float, float]:
    """In a process of its own: seconds of a core for decoding, network, and pickling; bytes."""
    os.sched_setaffinity(0, {core})
    classifier = Classifier(threads=1, dogs=False)
    readings = [Reading(file) for file in files]
    clock = time.process_time
    decoding, pixels = timed(lambda: [one.load(classifier.viewer) for one in readings], clock)
    ready, size = np.stack([views.pixels[0] for views in pixels]), BATCH["cpu"]
    inference, scores = timed(
        lambda: [classifier.score(ready[i : i + size]) for i in range(0, len(ready), size)],
        clock,
    )
    answers = [
        Judged(reading, Status.DOG, None, Scores(s.probabilities[:1], s.dog[:1], s.features[:1]))
        for reading, s in zip(readings, (s for s in scores for _ in range(size)), strict=False)
    ]
    packing, packed = timed(lambda: [pickle.dumps(one) for one in answers], clock)
    unpacking, _ = timed(lambda: [pickle.loads(one) for one in packed], clock)
    n = len(files)
    answer_bytes = statistics.mean(map(len, packed))
    return decoding / n, inference / n, (packing + unpacking) / n, answer_bytes


def parts_of(files: Sequence[str]) -> list[float]:
    """The same on all cores at once, on average."""
    cores = os.cpu_count() or 1
    with ProcessPoolExecutor(cores, mp_context=get_context("spawn")) as pool:
        by_core = pool.map(parts, range(cores), [files] * cores)
        return [statistics.mean(figures) for figures in zip(*by_core, strict=True)]


def timed(work: Callable[[], Any], clock: Callable[[], float] = time.perf_counter) -> Any:
    """The seconds that something takes, and what it gives."""
    start = clock()
    given = work()
    return clock() - start, given


def made_up(rng: np.random.Generator, count: int) -> list[Judged[Reading]]:
    """Answers of photos that no catalogue has."""
    rows = rng.dirichlet(np.full(LABELS, 0.05), count).astype(np.float32)
    vectors = rng.random((count, CHANNELS), np.float32)
    mark, dog = rng.integers(1 << 60), np.full(1, 3, np.float32)
    return [
        Judged(
            Reading(
                *(f"/photos/{mark}/IMG_{i:05}.jpg", 123456, i),
                sha256=rng.bytes(32),
                phash=rng.bytes(32),
            ),
            Status.DOG,
            None,
            Scores(rows[i : i + 1], dog, vectors[i : i + 1]),
        )
        for i in range(count)
    ]


def writes(where: str | Path) -> tuple[dict[int, float], float]:
    """The median seconds of writing a batch of new photos, by its size; this process's share."""
    rng = np.random.default_rng()
    found: defaultdict[int, list[float]] = defaultdict(list)
    used = 0.0
    with Catalogue(where) as catalogue:
        with catalogue._database.write() as connection:
            model = catalogue.models.add(connection, Bundle.open())
        for turn in range(21):
            for size in BATCHES:
                batch = made_up(rng, size)
                start, processor = time.perf_counter(), time.process_time()
                with catalogue._database.write() as connection:
                    recording.record(connection, catalogue.models, model, batch)
                used += (time.process_time() - processor) * bool(turn)
                # The first prepares its statements.
                found[size].extend([time.perf_counter() - start] if turn else [])
    share = used / sum(map(sum, found.values()))
    return {size: statistics.median(seconds) for size, seconds in found.items()}, share


class Nobody(LocalEngine):
    """Takes readings, and judges none: what is left is the plan."""

    def __call__(self, readings: Iterator[Reading], /) -> Iterator[Judged[Reading]]:
        """See `Engine`."""
        for _ in readings:
            pass
        return iter(())


def listing(small: Path, url: str) -> dict[str, float]:
    """Photos a second of listing a folder and a list, and of the whole plan before an engine."""
    names = small.with_name("names.txt")
    names.write_text(
        "".join(f"/photos/2026/kennel{i % 977:03}/IMG_{i}.jpg\n" for i in range(LINES))
    )
    found = {}
    for name, given, count in (("folder", small, FILES), ("list", names, LINES)):
        one = Listing([str(given)])
        seconds, _ = timed(lambda: sum(map(len, one.batches())))  # noqa: B023
        found[name] = count / seconds
        ((pages,), (page,)) = (
            one._lines.execute(f"PRAGMA {what}").fetchone() for what in ("page_count", "page_size")
        )
        one.close()
    classifier = Classifier()
    with Catalogue(url) as catalogue:
        seconds, _ = timed(
            lambda: catalogue.scan(small, classifier=classifier, engine=Nobody(classifier))
        )
    return found | {"plan": FILES / seconds, "line_bytes": pages * page / LINES}


RAY = tuple(name for name, (workers, _) in CASES.items() if workers)


def line(seconds: dict[int, float]) -> tuple[float, float]:
    """Seconds of a batch, and of each photo in it, from those of two sizes of batch."""
    (large, slow), (small, fast) = seconds.items()
    each = (slow - fast) / (large - small)
    return max(0.0, slow - large * each), each


def new_database(server: str) -> str:
    """The URL of a new database on a server."""
    import psycopg

    name = f"scale_{time.monotonic_ns()}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    return server.replace("/postgres?", f"/{name}?")


def rounds_of(
    rounds: int, files: Sequence[str], small: Sequence[str], free: Path
) -> dict[str, dict[str, list[Throughput]]]:
    """How all engines go through photos, small ones, and few small ones: of each a list."""
    works: dict[str, Work] = {"photos": (None, files), "few": (free, small[:FEW])}
    # Where all share one core, none of its time is left unused.
    of_one_core = works | {"overhead": (free, small)}
    found: dict[str, dict[str, list[Throughput]]] = {
        kind: defaultdict(list) for kind in of_one_core
    }
    for _ in range(rounds):
        for name, (workers, cores) in CASES.items():
            own = of_one_core if cores == 1 else works
            for kind, one in zip(
                own, alone(throughputs_of, workers, cores, [*own.values()]), strict=True
            ):
                found[kind][name].append(one)
    return found


def print_engines(found: dict[str, list[Throughput]]) -> None:
    """Photos a second, each beside the engine of this machine on as many cores."""
    for name, measured in found.items():
        workers, cores = CASES[name]
        own = found[f"local, {cores} core{'s' * (cores > 1)}"]
        ratio = photo(own) / photo(measured)
        more = 1000 * (cores_photo(measured) - cores_photo(own))
        print(
            f"  {name:26}{1 / photo(measured):10.1f}"
            f"{1000 * cores_photo(measured):10.2f} ms of a core"
            + f"   {ratio:6.2f} of local, {more:+.2f} ms"
            * bool(workers)
        )


def measure(options: argparse.Namespace, folder: Path, stack: ExitStack) -> dict[str, Any]:
    """Measures all, prints it, and gives what --json writes."""
    files = make_distinct(folder / "photos", options.photos)
    make_small(folder / "small", 0, FILES)
    small = [str(path) for path in sorted((folder / "small").rglob("*.jpg"))]
    found = rounds_of(options.rounds, files, small, write_free(folder / "free.onnx"))
    print("engines, photos a second")
    print_engines(found["photos"])
    start = {name: start_of(found["photos"][name], CASES[name][0]) for name in RAY}
    for name, seconds in start.items():
        print(f"  {name:26}{seconds:10.1f} s to start the workers of a window")
    idle = alone(at_rest)
    print(f"  a node that does nothing{idle:11.1%} of a core")
    print("overhead: photos of 64 x 48, a network that costs nothing")
    print_engines(found["overhead"])
    free = {name: cores_photo(measured) for name, measured in found["overhead"].items()}
    rest = idle * photo(found["overhead"]["Ray, 1 worker, 1 core"])
    overhead = free["Ray, 1 worker, 1 core"] - free["local, 1 core"] - rest
    on_one_core = {kind: found[kind]["Ray, 1 worker, 1 core"] for kind in ("few", "overhead")}
    driver = min(one.driver_photo for one in on_one_core["overhead"])
    few, many = (
        statistics.median(one.driver_first for one in measured) for measured in on_one_core.values()
    )
    packing = max(0.0, (many - few) / (FILES - FEW))
    print(f"  {1000 * overhead:.3f} ms a photo without what a node does anyway; in the driver")
    print(f"  {1000 * driver:.3f} ms of it, and {1000 * packing:.3f} ms before a window starts")

    url = stack.enter_context(server(folder / "server"))
    print("scan into PostgreSQL, from the list to the last row")
    scans = {}
    for workers in (0, 2):
        scans[workers] = [
            alone(scan_with, workers, folder / "photos", new_database(url))
            for _ in range(options.rounds)
        ]
        best = min(scans[workers], key=lambda one: one["seconds"])
        kind, rate = ("local", "Ray, 2 workers")[workers // 2], best["photos"] / best["seconds"]
        print(f"  {kind:26}{rate:10.1f} photos a second, {best['seconds']:.1f} s")

    decoding, network, pickling, answer_bytes = parts_of(files)
    large, *_ = parts_of(make_folder(folder / "large", SIZES["12 megapixels"], LARGE))
    print("parts, ms a photo on one core, all cores busy")
    for name, seconds in (
        ("read, decode", decoding),
        ("the same, 12 megapixels", large),
        ("network", network),
        ("pickle, there and back", pickling),
    ):
        print(f"  {name:26}{1000 * seconds:10.3f}")
    print(f"  an answer on its way has {answer_bytes:,.0f} bytes")

    written = {"SQLite": writes(folder / "c.sqlite"), "PostgreSQL": writes(new_database(url))}
    print("writes, new photos a second, in batches of")
    for name, (by_size, share) in written.items():
        told = "".join(f"{size:>6}: {size / s:,.0f}" for size, s in by_size.items())
        print(f"  {name:26}{told}; {share:.0%} of the time in this process")
    listed = listing(folder / "small", new_database(url))
    print("listing, photos a second; bytes of one in a temporary file")
    for name, rate in listed.items():
        print(f"  {name:26}{rate:10,.0f}")

    fixed, each = line(written["PostgreSQL"][0])
    constants = {
        "photo_s": cores_photo(found["photos"]["local, 2 cores"]),
        "decode_share": decoding / (decoding + network),
        "spread": statistics.median(p.spread for p in found["photos"]["local, 1 core"]),
        "idle_share": idle,
        "overhead_s": overhead,
        "driver_s": driver,
        "pack_s": packing,
        "start_s": start["Ray, 2 workers, 2 cores"],
        "plan_s": 1 / listed["plan"],
        "write_fixed_s": fixed,
        "write_photo_s": each,
        "answer_bytes": answer_bytes,
    }
    return {
        "constants": constants,
        "measured": min(scans[2], key=lambda one: one["seconds"]),
        "decode_s": decoding,
        "decode_12_megapixels_s": large,
        "network_s": network,
        "start_s": start,
        "write_s": written,
        "listing": listed,
        "paces": {k: {n: [*map(asdict, p)] for n, p in v.items()} for k, v in found.items()},
        "scans": scans,
        "load": os.getloadavg()[0],
    }


def main() -> None:
    """Reads the arguments and measures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--photos", type=int, default=1200)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    print(f"load of the machine before: {os.getloadavg()[0]:.1f}")
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        figures = measure(options, folder, stack)
    if options.json:
        options.json.write_text(json.dumps(figures, indent=1) + "\n")


if __name__ == "__main__":
    main()
