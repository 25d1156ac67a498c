"""How fast photos follow when a catalogue puts a learned model to use, beside a scan of them.

    python benchmarks/judge_again.py [--rows N] [--photos N] [--catalogue URL] [--keep FILE]

Makes a catalogue of N made-up photos (default 100,000), an eighth of which show two dogs, and
5 % of which people spoke of. A model that has learned five more breeds is put to use, and then
taken back. Prints the seconds until all photos have followed, those for what comes behind (unused
answers go, and the index of likeness is made), photos a second, the peak memory, and how many
times as long it would take to read the files again, at the rate at which this machine scans photos
of 500 x 375 (default 300 of them).

With --catalogue the photos come into an empty catalogue there, such as one of PostgreSQL. With
--keep the made-up catalogue is kept as FILE, and used again where it is there.
"""

from __future__ import annotations

import argparse
import os
import shutil
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
from sqlalchemy import insert, select

from barkive.bundle import METADATA_KEY, Bundle
from barkive.catalogue import Catalogue, copy
from barkive.catalogue.db import schema
from barkive.catalogue.learning.judging_again import JudgedAgain
from barkive.catalogue.query.effective_label import update_effective_labels
from barkive.classifier import Classifier
from barkive.clock import now
from barkive.onnx_graph import Graph
from barkive.progress import OnProgress
from barkive.verdicts import BreedName
from catalogue import BREEDS, features, fill
from scan import make_distinct, peak

NEW = 5
# Of so many photos people spoke of one.
SPOKEN = 20


def write_learned(path: Path, name: str, new: int) -> Bundle:
    """Writes the model inside under another name, with some breeds more."""
    inside = Bundle.open()
    graph = Graph(inside.content())
    labels = [BreedName(f"New {i}", f"New {i}", f"Nouveau {i}") for i in range(new)]
    if labels:
        count = len(BREEDS)
        # As far from the mean of all breeds as one of them is.
        at = features(np.random.default_rng(9), np.arange(new))
        weight = (at / np.square(at).sum(axis=1, keepdims=True)).T * 12
        places = np.arange(count, count + new)
        graph.add_rows(weight, np.full(new, -4, np.float32), places, count, count + new)
    info = replace(inside.info, name=name, labels=(*inside.info.labels, *labels), frequencies=())
    graph.set_metadata(METADATA_KEY, info.to_metadata())
    path.write_bytes(graph.to_bytes())
    return Classifier(path).bundle


def speak(catalogue: Catalogue) -> None:
    """Has people name the breed of some photos."""
    database, models = catalogue._database, catalogue._opened.models
    c = schema.photo.c
    with database.write() as connection:
        some = select(c.picture, c.sha256).where(c.id % SPOKEN == 0, c.answer_id.is_not(None))
        said = [
            {
                **{"picture": row.picture, "sha256": row.sha256, "kind": "breed"},
                **{"breed": BREEDS[row.picture % len(BREEDS)].id, "said_at": now(), "was": ""},
            }
            for row in connection.execute(some)
        ]
        connection.execute(insert(schema.correction), said)
        # In the made-up catalogue every fiftieth only says so.
        connection.execute(schema.photo.update().values(corrected=False))
    pictures = [row["picture"] for row in said]
    for start in range(0, len(pictures), 500):
        with database.write() as connection:
            update_effective_labels(connection, models, *pictures[start : start + 500])


def make(file: Path, rows: int, folder: Path) -> None:
    """Makes a catalogue whose photos were judged from their features."""
    with Catalogue(file) as catalogue:
        fill(catalogue, rows)
        speak(catalogue)
        catalogue.use_model(
            write_learned(folder / "first.onnx", "first", 0), Bundle.open(), was=None
        )


def scan_rate(folder: Path, photos: int) -> float:
    """How many photos of a folder are scanned in a second."""
    paths = make_distinct(folder / "photos", photos)
    with Catalogue(folder / "scanned.sqlite") as catalogue:
        classifier = Classifier()
        catalogue.scan(paths[:20], classifier=classifier)
        start = time.perf_counter()
        catalogue.scan(paths[20:], classifier=classifier)
        return (photos - 20) / (time.perf_counter() - start)


def main() -> None:
    """Makes a catalogue, and measures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--photos", type=int, default=300)
    parser.add_argument("--catalogue", metavar="URL")
    parser.add_argument("--keep", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        os.environ["XDG_CACHE_HOME"] = str(folder / "cache")
        made = options.keep or folder / "made.sqlite"
        if not made.exists():
            make(made, options.rows, folder)
        where = options.catalogue or str(folder / "catalogue.sqlite")
        if options.catalogue:
            copy(made, where)
        else:
            shutil.copyfile(made, where)
        rate = scan_rate(folder, options.photos)
        print(f"a scan: {rate:.1f} photos a second")
        learned = write_learned(folder / "learned.onnx", "learned", NEW)
        with Catalogue(where) as catalogue:
            parent = catalogue.classifier().bundle
            before, was = peak(), catalogue.model_in_use
            tell(
                "followed to what was learned",
                lambda on: catalogue.use_model(learned, parent, was=was, on_progress=on),
                rate,
            )
            tell("and back", catalogue.undo_learning, rate)
            print(f"peak memory: {peak():.0f} MB, {before:.0f} MB of it before")


def tell(what: str, work: Callable[[OnProgress], JudgedAgain], rate: float) -> None:
    """Does something, and prints how long it took."""
    marks = [time.perf_counter()]
    photos = work(lambda done, total: marks.append(time.perf_counter())).photos
    seconds, rest = marks[-1] - marks[0], time.perf_counter() - marks[-1]
    print(
        f"{what}: {photos:,} photos in {seconds:.1f} s, and {rest:.1f} s behind that; "
        f"{photos / seconds:,.0f} a second; to read them again would take "
        f"{photos / rate / seconds:,.0f} times as long"
    )


if __name__ == "__main__":
    main()
