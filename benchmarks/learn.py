"""What a model learns from few photos a breed, against other ways to learn from the same vectors.

    python benchmarks/learn.py WILD [--draws 8] [--photos 1,3,5,10,15] [--stanford FOLDER]
    python benchmarks/learn.py WILD --labels 10000 --stanford FOLDER

WILD: a folder for each breed, those that the model knows in Stanford Dogs' folder names, others
as they are called. Of each breed in `TAUGHT` some photos are taught; the others of these breeds,
and all photos of breeds that the model knows, are measured. STANFORD: the training photos of
Stanford Dogs; with them a head is fitted on 85 % of the photos, so that the others can tell what
is forgotten (needs the extra `train`, and minutes, as every photo is read).

Beside `barkive learn` stand the nearest taught or remembered photo, and the nearest mean of a
breed (cosine, on features less their mean), with the same photos. Intervals are of all draws
together (Wilson, 95 %). `given`: the share of answers called `dog` that are right, over the
measured photos of taught and known breeds and of all others.
"""

from __future__ import annotations

import argparse
import resource
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from barkive.bundle import Bundle
from barkive.classifier import Classifier
from barkive.learning import Lessons, Memory, Occasion, learn, lessons
from barkive.metrics import wilson_interval
from barkive.onnx_graph import Graph
from barkive.verdicts import BreedName, Status

Reals = NDArray[np.float32]

TAUGHT = (
    *("dachshund", "dalmatian", "shiba_inu", "bulldog", "akita"),
    *("australian_shepherd", "bichon_frise", "havanese"),
)
# The model has the row of the Dalmatian in ImageNet, and was shown no photo of one.
_KNOWN_AS = {"dalmatian": "n02110341"}
# Nobody can tell which breed is right.
_AMBIGUOUS = ("any_", "cavalier_king", "mixed_")
_LEFT = 3  # photos of a breed that are always measured


@dataclass
class Photos:
    """Photos, their features, and what they show."""

    features: Reals
    breeds: list[str]

    def at(self, chosen: Sequence[int]) -> Photos:
        """Those at some positions."""
        return Photos(self.features[list(chosen)], [self.breeds[i] for i in chosen])


def read(folder: Path, *, dogs: bool = True) -> Photos:
    """The features of all photos under a folder of breeds: of their main dogs, or of the wholes."""
    classifier = Classifier(dogs=dogs)
    paths = sorted(path for path in folder.rglob("*") if path.suffix.lower() in _SUFFIXES)
    features, breeds = [], []
    for judged in classifier.judge(paths, classifier.viewer.load):
        if judged.scores is not None:
            features.append(judged.scores.features[0])
            breeds.append(breed_of(judged.item.parent.name))
    return Photos(np.stack(features), breeds)


_SUFFIXES = (".jpg", ".jpeg", ".png", ".webp")


def breed_of(folder: str) -> str:
    """The id of the breed that a folder holds."""
    prefix = folder.partition("-")[0]
    return prefix if prefix[1:].isdigit() else _KNOWN_AS.get(folder, folder)


def base(folder: Path, stanford: Photos | None) -> tuple[Bundle, Photos | None]:
    """The shipped bundle; or one whose head was fitted on 85 % of photos, and the others."""
    shipped = Bundle.open()
    if stanford is None:
        return shipped, None
    import onnx
    from onnx import numpy_helper

    from barkive.training import head

    order = np.random.default_rng(0).permutation(len(stanford.breeds))
    cut = int(0.85 * len(order))
    fitted, held = stanford.at(order[:cut].tolist()), stanford.at(order[cut:].tolist())
    ids = [label.id for label in shipped.info.labels]
    truth = np.array([ids.index(breed) for breed in fitted.breeds])
    model = onnx.load_from_string(shipped.content())
    stored = {one.name: one for one in model.graph.initializer}
    rows = [
        numpy_helper.to_array(stored[f"dogs.{part}"]).astype(np.float32)
        for part in ("weight", "bias")
    ]
    # The rows stand in the order of ImageNet, which is that of the ids.
    place = [sorted(ids).index(one) for one in ids]
    anchor = head.Linear(rows[0][:, place].copy(), rows[1][place].copy())
    penalty = float(shipped.info.provenance["penalty"])
    (layer,) = head.fit_prediction_layers(
        fitted.features, truth, len(ids), [penalty], anchor=anchor
    )
    for part, value in (("weight", layer.weight), ("bias", layer.bias)):
        stored[f"head.{part}"].CopyFrom(numpy_helper.from_array(value, f"head.{part}"))
    graph = Graph(model.SerializeToString())
    logits = layer(fitted.features)
    odds = np.exp(logits - logits.max(axis=1, keepdims=True))
    sure = odds[np.arange(len(truth)), truth] / odds.sum(axis=1)
    graph.set_notes(Memory.choose(fitted.features, truth, sure).to_notes())
    path = folder / "base.onnx"
    path.write_bytes(graph.to_bytes())
    return Bundle.open(path), held


def to_lessons(photos: Photos) -> tuple[Lessons, dict[str, BreedName]]:
    """Photos as what people said of them, each of another animal."""
    count = len(photos.breeds)
    each = np.arange(count)
    given = Lessons(
        photos.features,
        [(breed,) for breed in photos.breeds],
        *(each, each, np.zeros(count, bool), [str(i) for i in range(count)]),
    )
    return given, {breed: BreedName(breed, breed, breed) for breed in photos.breeds}


Namer = Callable[[Reals], tuple[list[str], NDArray[np.bool_]]]
"""From features to the breed of each, and whether it is given as the answer."""


def learned(bundle: Bundle, taught: Photos, folder: Path) -> Namer:
    """By a bundle that has learned some photos; by the bundle itself where there are none."""
    if not taught.breeds:
        return namer(bundle)
    given, names = to_lessons(taught)
    content = learn(bundle, given, names, Occasion(None, datetime.now(UTC))).content
    path = folder / "learned.onnx"
    path.write_bytes(content)
    return namer(Bundle.open(path))


def namer(bundle: Bundle) -> Namer:
    """By a bundle."""

    def name(features: Reals) -> tuple[list[str], NDArray[np.bool_]]:
        scores = bundle.score_features(features)
        given = np.array([one is Status.DOG for one in bundle.info.statuses(scores)])
        ids = [label.id for label in bundle.info.labels]
        return [ids[i] for i in scores.probabilities.argmax(axis=1)], given

    return name


def nearest(bundle: Bundle, taught: Photos, *, means: bool) -> Namer:
    """By the nearest photo, or by the nearest mean of a breed's photos."""
    memory = Memory.read(Graph(bundle.content()))
    assert memory is not None
    ids = [label.id for label in bundle.info.labels]
    known = np.concatenate([memory.features, taught.features])
    breeds = np.array([*(ids[i] for i in memory.labels), *taught.breeds])
    middle = known.mean(axis=0)
    points = unit(known - middle)
    if means:
        names = np.unique(breeds)
        points = unit(np.stack([points[breeds == one].mean(axis=0) for one in names]))
        breeds = names

    def name(features: Reals) -> tuple[list[str], NDArray[np.bool_]]:
        at = (unit(features - middle) @ points.T).argmax(axis=1)
        return breeds[at].tolist(), np.zeros(len(features), bool)

    return name


def unit(rows: Reals) -> Reals:
    """Rows of length 1."""
    directions: Reals = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    return directions


@dataclass
class Count:
    """Right ones of all."""

    right: int = 0
    all: int = 0

    def add(self, right: NDArray[np.bool_]) -> None:
        """Counts some."""
        self.right += int(right.sum())
        self.all += len(right)

    def __str__(self) -> str:
        if not self.all:
            return "-"
        low, high = wilson_interval(self.right, self.all)
        return f"{100 * self.right / self.all:.1f} ({100 * low:.1f}-{100 * high:.1f})"


def measure(
    way: str, bundle: Bundle, wild: Photos, held: Photos | None, photos: int, draws: int
) -> list[str]:
    """One line of the table."""
    new, known, official, given = Count(), Count(), Count(), Count()
    ids = {label.id for label in bundle.info.labels} - set(_KNOWN_AS.values())
    taught_ids = [breed_of(folder) for folder in TAUGHT]
    seconds = 0.0
    with tempfile.TemporaryDirectory() as folder:
        for draw in range(draws):
            generator = np.random.default_rng(draw)
            chosen: list[int] = []
            for breed in taught_ids:
                of_breed = generator.permutation(
                    [i for i, one in enumerate(wild.breeds) if one == breed]
                )
                chosen += of_breed[: max(0, min(photos, len(of_breed) - _LEFT))].tolist()
            began = time.monotonic()
            taught = wild.at(chosen)
            if way == "learn":
                name = learned(bundle, taught, Path(folder))
            else:
                name = nearest(bundle, taught, means=way == "class means")
            seconds += time.monotonic() - began
            rest = np.setdiff1d(np.arange(len(wild.breeds)), chosen).tolist()
            left = wild.at(rest)
            called, sure = name(left.features)
            truth = np.array(left.breeds)
            right = np.array(called) == truth
            new.add(right[np.isin(truth, taught_ids)])
            known.add(right[np.isin(truth, list(ids))])
            given.add(right[sure & ~np.char.startswith(truth, _AMBIGUOUS[0])])
            if held is not None:
                official.add(np.array(name(held.features)[0]) == np.array(held.breeds))
    shown = str(given) if way == "learn" else "-"
    return [way, str(photos), str(new), str(known), str(official), shown, f"{seconds / draws:.2f}"]


def many_labels(stanford: Photos, wild: Photos, count: int) -> None:
    """How long learning from many labels takes, and how much memory."""
    both = Photos(
        np.concatenate([wild.features, stanford.features]), [*wild.breeds, *stanford.breeds]
    )
    given, names = to_lessons(both.at(range(min(count, len(both.breeds)))))
    began = time.monotonic()
    report = learn(Bundle.open(), given, names, Occasion(None, datetime.now(UTC))).report
    seconds = time.monotonic() - began
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"{report.photos} labels: {seconds:.1f} s, this process at most {peak:.0f} MiB; "
        f"right on {report.own.after} of {report.own.photos} instead of {report.own.before}"
    )


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("wild", type=Path)
    parser.add_argument("--stanford", type=Path)
    parser.add_argument("--draws", type=int, default=8)
    parser.add_argument("--photos", default="0,1,3,5,10,15")
    parser.add_argument("--labels", type=int, default=0)
    arguments = parser.parse_args()
    began = time.monotonic()
    wild = read(arguments.wild)
    stanford = read(arguments.stanford, dogs=False) if arguments.stanford else None
    print(f"Features read in {time.monotonic() - began:.0f} s.", flush=True)
    if arguments.labels:
        assert stanford is not None, "--labels needs --stanford"
        many_labels(stanford, wild, arguments.labels)
        return
    lessons.FEWEST_PHOTOS = 1  # type: ignore[misc]
    with tempfile.TemporaryDirectory() as folder:
        bundle, held = base(Path(folder), stanford)
        titles = ["way", "photos", "new breeds", "known", "official", "given", "s"]
        print("| " + " | ".join(titles) + " |\n|" + "---|" * len(titles))
        for photos in map(int, arguments.photos.split(",")):
            for way in ("learn", "nearest photo", "class means"):
                row = measure(way, bundle, wild, held, photos, arguments.draws)
                print("| " + " | ".join(row) + " |", flush=True)


if __name__ == "__main__":
    main()
