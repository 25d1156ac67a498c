"""How long it takes to label many photos at once.

    python benchmarks/labels.py [--photos N] [--against CHECKOUT]

Makes small photos, each of another picture, catalogues them without a network, and labels all of
them several times, each time as another breed. Prints the best time. With --against also that of
another checkout of Barkive, in processes of their own that take turns, and the ratio.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from barkive.catalogue import Catalogue, Kind, Label
from scan import Nothing, make_small

ROUNDS = 3
BREEDS = ("beagle", "boxer", "pug")


def label(file: Path) -> float:
    """The seconds for all photos, the best of several times."""
    best = float("inf")
    with Catalogue(file) as catalogue:
        numbers = [entry.id for entry in catalogue.search()]
        for breed in BREEDS:
            start = time.perf_counter()
            done = catalogue.animals.label(numbers, Label(Kind.BREED, (breed,), by="Ada"))
            assert done.photos == len(numbers)
            best = min(best, time.perf_counter() - start)
    return best


def main() -> None:
    """Measures one checkout, or two."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--photos", type=int, default=2000)
    parser.add_argument("--against", type=Path, help="another checkout")
    parser.add_argument("--measure", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        print(label(options.measure))
        return
    here = Path(__file__).parents[1]
    checkouts = [options.against.resolve(), here] if options.against else [here]
    best = dict.fromkeys(checkouts, float("inf"))
    with tempfile.TemporaryDirectory() as temporary:
        many, file = Path(temporary) / "many", Path(temporary) / "c.sqlite"
        make_small(many, 0, options.photos)
        with Catalogue(file) as catalogue:
            catalogue.scan(many, classifier=Nothing(dogs=False))
        for _ in range(ROUNDS if options.against else 1):
            for checkout in checkouts:
                environment = {**os.environ, "PYTHONPATH": str(checkout / "src")}
                command = [sys.executable, __file__, "--measure", str(file)]
                done = subprocess.run(command, env=environment, check=True, stdout=subprocess.PIPE)
                best[checkout] = min(best[checkout], float(done.stdout))
    for checkout, seconds in best.items():
        each = 1000 * seconds / options.photos
        print(f"{checkout}: {options.photos:,} labels in {seconds:.2f} s, {each:.2f} ms each")
    if options.against:
        print(f"ratio {best[checkouts[0]] / best[here]:.1f}")


if __name__ == "__main__":
    main()
