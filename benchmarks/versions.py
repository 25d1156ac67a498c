"""How fast one version of Barkive names a folder's photos, beside another.

    python benchmarks/versions.py OLD NEW [--photos N] [--rounds N] [--labelled FOLDER]

OLD and NEW are the Python interpreters of two environments, each with a version installed, for
instance `/tmp/v0.1/bin/python`. Makes N photos of 500 x 375 (default 192), which both versions
read from the same files, and prints for each

    predict    photos a second of `Classifier.predict` on the files
    processor  what all its threads take of the cores, in milliseconds a photo: it depends less
               on what else the machine does
    network    photos a second of the judging network alone, on pixels that are ready
    decoding   from files to the network's pixels alone, on all cores
    ceiling    both after each other, 1 / (1 / decoding + 1 / network), and predict's share of it
    memory     the process's peak in MB

and NEW's share of OLD. Both take turns round by round, and the median counts; the turn that
comes first changes. With --labelled, a folder of breeds named as Stanford Dogs names them, also
how many first breeds are right, on photos that neither has to answer fast.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import tempfile
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from identify import SIZES, make_folder

WORKS: Final = ("predict", "network", "decoding")

# Runs in either version, so it knows only what both have.
WORKER = r"""
import json, resource, sys, time
from concurrent.futures import ThreadPoolExecutor
import numpy as np
import barkive
from barkive.classifier import Classifier

classifier = Classifier()
load = classifier.bundle.info.preprocessing.load
pool = ThreadPoolExecutor()

def predict(files):
    for _ in classifier.predict(files):
        pass

def decoding(files):
    for _ in pool.map(load, files):
        pass

def network(files):
    for start in range(0, len(files), 4):
        classifier.score(ready[start : start + 4])

def right(files):
    found = 0
    for verdict in classifier.predict(files):
        row = verdict.to_json()
        named = [one["id"] for one in row["breeds"]] or [None]
        found += f"/{named[0]}-" in row["file"]
    return found

print(json.dumps([barkive.__version__, classifier.bundle.model]), flush=True)
for line in sys.stdin:
    work, files = json.loads(line)
    if work == "right":
        print(json.dumps(right(files)), flush=True)
        continue
    if work == "network":
        ready = np.stack([load(file) for file in files])
    wall, processor = time.perf_counter(), time.process_time()
    globals()[work](files)
    wall, processor = time.perf_counter() - wall, time.process_time() - processor
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(json.dumps([len(files) / wall, 1000 * processor / len(files), peak]), flush=True)
"""


class Version:
    """A version at work in a process of its own.

    Attributes:
        name: Its number and its model.
    """

    def __init__(self, python: str) -> None:
        """Starts it in an environment's interpreter."""
        self._process = subprocess.Popen(
            [Path(python).absolute(), "-W", "ignore", "-c", WORKER],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd="/",
        )
        self.name = " ".join(self._answer())

    def ask(self, work: str, files: Sequence[str]) -> Any:
        """Does a piece of work."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps([work, files]) + "\n")
        self._process.stdin.flush()
        return self._answer()

    def _answer(self) -> Any:
        assert self._process.stdout is not None
        return json.loads(self._process.stdout.readline())

    def end(self) -> None:
        """Ends the process."""
        self._process.communicate()


def measure(versions: Mapping[str, Version], files: list[str], rounds: int) -> None:
    """Prints rates, shares and memory."""
    found: dict[tuple[str, str], list[float]] = defaultdict(list)
    for side, version in versions.items():  # a first run, in which memory is fetched
        peak = version.ask("predict", files)[2]
        found[side, "memory"].append(peak * 1024 / 1e6)
    for turn in range(rounds):
        for side in sorted(versions, reverse=turn % 2 == 1):
            for work in WORKS:
                rate, processor, _ = versions[side].ask(work, files)
                found[side, work].append(rate)
                if work == "predict":
                    found[side, "processor"].append(processor)
    middle = {key: statistics.median(values) for key, values in found.items()}
    for side in versions:
        ceiling = 1 / (1 / middle[side, "decoding"] + 1 / middle[side, "network"])
        middle[side, "ceiling"] = ceiling
        middle[side, "of it"] = middle[side, "predict"] / ceiling
    print(f"{'':12}{'OLD':>9}{'NEW':>9}{'NEW / OLD':>11}")
    for work in ("predict", "processor", "network", "decoding", "ceiling", "of it", "memory"):
        old, new = middle["OLD", work], middle["NEW", work]
        print(f"{work:12}{old:9.2f}{new:9.2f}{new / old:11.2f}")


def main() -> None:
    """Starts both versions, and measures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("old", metavar="OLD")
    parser.add_argument("new", metavar="NEW")
    parser.add_argument("--photos", type=int, default=192)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--labelled", type=Path)
    options = parser.parse_args()
    versions = {"OLD": Version(options.old), "NEW": Version(options.new)}
    for side, version in versions.items():
        print(f"{side}: {version.name}")
    with tempfile.TemporaryDirectory() as folder:
        files = make_folder(Path(folder) / "photos", SIZES["500 x 375"], options.photos)
        measure(versions, files, options.rounds)
    if options.labelled:
        labelled = sorted(str(path) for path in options.labelled.glob("n[0-9]*-*/*"))
        for side, version in versions.items():
            right = version.ask("right", labelled)
            share = right / len(labelled)
            print(f"{side}: {right} of {len(labelled):,} first breeds right, {share:.1%}")
    for version in versions.values():
        version.end()


if __name__ == "__main__":
    main()
