"""What a model learns from the photos that a review asks for first, in one order or another.

    python benchmarks/review_order.py WILD [--draws 12] [--labels 40,80,160]

WILD: a folder for each breed, as for `benchmarks/learn.py`. Half of the photos are a shelter's:
of those that the shipped model is not sure of, the first of an order are named, and learned. The
other half is measured: photos of breeds that the model knew, of all others, and both. Photos that
are nearly the same are in one half. Orders:

    least certain   by the margin between the two best breeds
    teaching        of `barkive review`: see `catalogue/learning/review_order.py`
    farthest        each farthest from all before it, weighted by 1 - margin (k-center)
    random

Beside each figure, in %, stands how much it is above that of the least certain, with 95 % of the
mean over the draws.
"""

from __future__ import annotations

import argparse
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from barkive.bundle import Bundle
from barkive.catalogue.learning.review_order import most_teaching
from barkive.catalogue.predictions.packing import pack_embedding, unpack_embeddings
from barkive.verdicts import Status
from learn import Photos, Reals, learned, read, unit

ORDERS = ("least certain", "teaching", "farthest", "random")
_AMBIGUOUS = ("any_", "cavalier_king", "mixed_")
_SAME = 0.93


def orders(
    features: Reals, probabilities: Reals, most: int, draw: int
) -> Iterator[tuple[str, NDArray[np.intp]]]:
    """Each order of photos that wait, by its name."""
    second, best = np.sort(probabilities, axis=1)[:, -2:].T
    margins = best - second
    by_margin = np.argsort(margins, kind="stable")
    packed = unpack_embeddings([pack_embedding(row) for row in features[by_margin]])
    teaching = most_teaching(packed, 1 - best[by_margin], packed[:0], most)
    yield ORDERS[0], by_margin
    yield ORDERS[1], by_margin[teaching]
    yield ORDERS[2], farthest(unit(features), 1 - margins, most)
    yield ORDERS[3], np.random.default_rng(draw).permutation(len(features))


def farthest(directions: Reals, weights: Reals, most: int) -> NDArray[np.intp]:
    """Greedy k-center (Gonzalez, 1985) by the cosine."""
    far = np.ones(len(directions), np.float32)
    chosen: list[int] = []
    for _ in range(min(most, len(directions))):
        worth = weights * far
        worth[chosen] = -1
        chosen.append(int(worth.argmax()))
        far = np.minimum(far, 1 - directions @ directions[chosen[-1]])
    return np.array(chosen, np.intp)


def halves(photos: Photos, draw: int) -> tuple[list[int], list[int]]:
    """Two halves with as many photos of each breed, those that are nearly the same in one."""
    alike = unit(photos.features) @ unit(photos.features).T > _SAME
    groups = np.arange(len(alike))
    while (least := np.where(alike, groups, len(alike)).min(axis=1)).tolist() != groups.tolist():
        groups = least
    generator = np.random.default_rng(draw)
    sides: tuple[list[int], list[int]] = ([], [])
    ahead: defaultdict[str, float] = defaultdict(lambda: float(generator.choice((-0.5, 0.5))))
    for group in generator.permutation(np.unique(groups)):
        inside = np.flatnonzero(groups == group).tolist()
        breed = photos.breeds[inside[0]]
        side = int(ahead[breed] > 0)
        sides[side].extend(inside)
        ahead[breed] += (1 - 2 * side) * len(inside)
    return sides


def measure(bundle: Bundle, photos: Photos, taught: Photos, folder: Path) -> list[float]:
    """The shares of photos named right, in %: of known breeds, of others, of both."""
    named, _ = learned(bundle, taught, folder)(photos.features)
    right = np.array(named) == np.array(photos.breeds)
    known = np.isin(photos.breeds, [label.id for label in bundle.info.labels])
    return [100 * float(some.mean()) for some in (right[known], right[~known], right)]


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("wild", type=Path)
    parser.add_argument("--draws", type=int, default=12)
    parser.add_argument("--labels", default="40,80,160")
    arguments = parser.parse_args()
    counts = [int(count) for count in arguments.labels.split(",")]
    photos = read(arguments.wild)
    clear = [i for i, breed in enumerate(photos.breeds) if not breed.startswith(_AMBIGUOUS)]
    photos, bundle = photos.at(clear), Bundle.open()
    found: defaultdict[tuple[str, int], list[list[float]]] = defaultdict(list)
    with tempfile.TemporaryDirectory() as folder:
        for draw in range(arguments.draws):
            own, other = (photos.at(side) for side in halves(photos, draw))
            found["nothing", 0].append(measure(bundle, other, own.at([]), Path(folder)))
            scores = bundle.score_features(own.features)
            statuses = bundle.info.statuses(scores)
            waiting = [i for i, one in enumerate(statuses) if one is Status.UNCERTAIN]
            probabilities = scores.probabilities[waiting]
            asked = orders(own.features[waiting], probabilities, max(counts), draw)
            for name, order in asked:
                for count in counts:
                    taught = own.at([waiting[i] for i in order[:count]])
                    found[name, count].append(measure(bundle, other, taught, Path(folder)))
            print(f"draw {draw + 1} of {arguments.draws}", flush=True)
    print("| order | labels | known | others | both |\n|---|---|---|---|---|")
    for (name, count), rows in found.items():
        means = np.mean(rows, axis=0)
        above = np.array(rows) - np.array(found.get((ORDERS[0], count), rows))
        error = 1.96 * above.std(axis=0, ddof=1) / np.sqrt(len(rows))
        shown = [
            f"{m:.1f} ({a:+.1f} ± {e:.1f})"
            for m, a, e in zip(means, above.mean(axis=0), error, strict=True)
        ]
        print(f"| {name} | {count} | {' | '.join(shown)} |")


if __name__ == "__main__":
    main()
