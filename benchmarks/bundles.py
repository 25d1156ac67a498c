"""How fast bundles are beside the first one, and how right: all files in one run, alternating.

    python benchmarks/bundles.py [BUNDLE ...] [--first FILE] [--data FOLDER ...] [--parts]
        [--not-dogs FOLDER]

BUNDLE is by default the one inside. The first one, of version 0.1, comes out of the
project's history; in a copy without it, give the file with --first. Prints for each bundle

    speed     photos a second that the network takes, in batches of 1, 4 and 8, median of the
              rounds; and the median, over the rounds, of its ratio to the first bundle
    accuracy  on each FOLDER of breeds: top-1, top-5, calibration error, and of what is answered
              `dog` the share that is right; where it shows breeds that the bundle does not know
              too, of all its photos together; folders such as `any_poodle` are left out. With
              --parts also by group of the FCI, and by source where file names begin with one
              (`SOURCE__rest.jpg`), sources of 20 photos or more
    others    how many of the photos in --not-dogs pass for a dog, or as uncertain

Nothing else should run beside it. A minute for the speed; photos take 100 to 200 a second.
"""

from __future__ import annotations

import argparse
import subprocess
import tempfile
import time
from pathlib import Path

import numpy as np

from barkive import breeds, evaluation, metrics
from barkive.bundle import SHIPPED
from barkive.classifier import Classifier
from barkive.verdicts import Status

FIRST = "20ad853:src/barkive/data/model.onnx"
BATCHES = (1, 4, 8)
PHOTOS = 16
ROUNDS = 20
SOURCE = 20


def first_bundle(folder: Path) -> Path:
    """The bundle of version 0.1, taken out of the project's history."""
    root = Path(__file__).parents[1]
    found = subprocess.run(["git", "-C", root, "show", FIRST], capture_output=True, check=True)
    path = folder / "first.onnx"
    path.write_bytes(found.stdout)
    return path


def speed(classifiers: list[Classifier]) -> None:
    """Prints how many photos a second each network takes, the first one's ratio beside it."""
    noise = np.random.default_rng(0).integers(0, 256, (max(BATCHES), 512, 512, 3), np.uint8)
    print(f"speed, {ROUNDS} rounds                                batch  photos a second  ratio")
    for batch in BATCHES:
        pixels = [
            np.ascontiguousarray(noise[:batch, :size, :size])
            for size in (one.bundle.info.preprocessing.size for one in classifiers)
        ]
        for one, photos in zip(classifiers, pixels, strict=True):
            one.score(photos)
        rates = np.zeros((ROUNDS, len(classifiers)))
        for i in range(ROUNDS):
            for j, (one, photos) in enumerate(zip(classifiers, pixels, strict=True)):
                start = time.perf_counter()
                for _ in range(PHOTOS // batch):
                    one.score(photos)
                rates[i, j] = PHOTOS / (time.perf_counter() - start)
        ratios = np.median(rates / rates[:, :1], axis=0)
        for one, rate, ratio in zip(classifiers, np.median(rates, axis=0), ratios, strict=True):
            print(f"  {one.bundle.model:50} {batch:5}  {rate:15.1f}  {ratio:5.2f}")


def parts(found: evaluation.Evaluation) -> None:
    """Prints the accuracy by group of the FCI and by source."""
    groups = {breed.id: breed.group for breed in breeds.all_breeds()}
    tallies: dict[str, list[bool]] = {}
    for row, right in zip(found.dogs.read, found.correct, strict=True):
        group = groups.get(found.labels[found.truth[row]].id)
        name = f"group {group}: {breeds.group_name(group)}" if group else "no group of the FCI"
        tallies.setdefault(name, []).append(bool(right))
        source, mark, _ = Path(found.dogs.paths[row]).name.partition("__")
        if mark:
            tallies.setdefault(f"source {source}", []).append(bool(right))
    for name, rights in sorted(tallies.items()):
        if len(rights) >= SOURCE:
            print(f"    {name:56} {sum(rights) / len(rights):6.1%} of {len(rights)}")


def accuracy(classifiers: list[Classifier], folder: Path, *, by_parts: bool) -> None:
    """Prints how right each bundle is on a folder of breeds, those it does not know included."""
    print(f"accuracy on {folder.name}")
    samples = evaluation.read_samples(folder)
    for one in classifiers:
        info = one.bundle.info
        known = evaluation.known_to(info.labels, samples)
        result = evaluation.evaluate(one.score, info, known.paths, known.truth)
        found = evaluation.figures(result)
        low, high = found.top1_interval
        print(
            f"  {one.bundle.model:50} top-1 {found.top1:.1%} ({low:.1%} to {high:.1%})  "
            f"top-5 {found.top5:.1%}  ECE {found.ece:.3f}  `dog` {found.dog_coverage:.1%}, "
            f"of these right {found.dog_precision or 0:.1%}  n {found.n}"
        )
        if by_parts:
            parts(result)
        others = sorted(
            path
            for path in set(samples.paths) - set(known.paths)
            if not evaluation.is_ambiguous(Path(path).parent.name)
        )
        if others:
            statuses = [verdict.status for verdict in one.predict(others)]
            wrong, refused = statuses.count(Status.DOG), statuses.count(Status.NOT_DOG)
            answered = round(found.dog_coverage * found.n)
            right = round(found.dog_coverage * found.n * (found.dog_precision or 0))
            share, interval = (
                right / (answered + wrong),
                metrics.wilson_interval(right, answered + wrong),
            )
            print(
                f"  {'with ' + str(len(others)) + ' photos of other breeds':50} of all `dog` right "
                f"{share:.1%} ({interval.low:.1%} to {interval.high:.1%})  others answered `dog` "
                f"{wrong / len(others):.1%}, turned away {refused / len(others):.1%}"
            )


def not_dogs(classifiers: list[Classifier], folder: Path) -> None:
    """Prints how many photos of other things pass."""
    print(f"others in {folder.name}")
    for one in classifiers:
        statuses = [verdict.status for verdict in one.predict(evaluation.read_not_dogs(folder))]
        passed = sum(status in (Status.DOG, Status.UNCERTAIN) for status in statuses)
        print(
            f"  {one.bundle.model:50} {statuses.count(Status.DOG)} for a dog, {passed} in all, "
            f"of {len(statuses)}"
        )


def main() -> None:
    """Reads the arguments, measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("bundles", nargs="*", type=Path, default=[SHIPPED])
    parser.add_argument("--first", type=Path)
    parser.add_argument("--data", nargs="*", type=Path, default=[])
    parser.add_argument("--parts", action="store_true")
    parser.add_argument("--not-dogs", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        first = options.first or first_bundle(Path(folder))
        classifiers = [Classifier(path) for path in (first, *options.bundles)]
        speed(classifiers)
        for data in options.data:
            accuracy(classifiers, data, by_parts=options.parts)
        if options.not_dogs:
            not_dogs(classifiers, options.not_dogs)


if __name__ == "__main__":
    main()
