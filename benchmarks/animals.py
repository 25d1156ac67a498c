"""How right the verdict of an animal is with two, three or five photos, beside a single photo.

    python benchmarks/animals.py WILD [--draws 20] [--rules] [--stanford FOLDER]

WILD: a folder for each breed, those that the model knows in Stanford Dogs' folder names, others as
they are called; and `manifest.csv`, which tells the `repository` that each `file` came from. Of
photos that are nearly the same one is taken. Groups of 2, 3 and 5 photos are dealt at random, no
photo into two of them, and combined as `catalogue/animals/combining.py` combines an animal's:

    one breed             photos of one breed, mostly of other dogs by other people
    one breed and source  likewise, but of one repository, in which one dog may be there twice
    views of one photo    cuts, mirrored or not, lighter or darker: one dog, one moment
    official kind         with STANFORD, the training photos of Stanford Dogs: a head is fitted on
                          85 % of them, and the others are dealt (needs the extra `train`)

What such groups can and cannot show: photos of one breed show other dogs, so their errors have
less in common than those of photos of one dog, and what the first lines gain is more than a
shelter will gain. Views of one photo have everything in common, and gain nothing: a shelter's
photos are between. That nothing is lost there shows that the rule is not surer for being shown
the same thing again. No public photos tell which dog they show.

`answered` and `right`: of groups of breeds that the model knows, how many are called `dog`, and how
many of these rightly. `others`: how many groups of other breeds are called `dog`. `all right`: of
all groups that are called `dog` the share that is right, where 3 of 10 animals are of other
breeds, as among the photos of the model card. Brackets: 95 % (Wilson), for as many groups as one
draw has. With --rules, other rules stand beside it.
"""

from __future__ import annotations

import argparse
import csv
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from barkive import evaluation
from barkive.bundle import Bundle
from barkive.catalogue.animals.combining import LEAST_SUPPORT, support, weigh
from barkive.classifier import Classifier
from barkive.images import decode
from barkive.metrics import wilson_interval
from barkive.verdicts import Scores, Status
from learn import base, breed_of, read, unit

SIZES = (2, 3, 5)
OTHERS = 0.3
_SAME = 0.93  # cosine of the features of photos that are nearly the same

Flags = NDArray[np.bool_]
Reals = NDArray[np.float64]
Rule = Callable[[Reals, Flags], tuple[int, bool]]
"""From the probabilities of views, and which are `dog`, to the breed, and whether it is given."""


@dataclass
class Views:
    """What a model says of n photos, and what they show.

    Attributes:
        probabilities: Shape (n, labels).
        sure: Whether each is `dog`, shape (n,).
        truth: The label of each, -1 for other breeds, shape (n,).
        keys: What the photos of one group have in common, shape (n,).
        is_one_each: Whether one group of each key is dealt, and not as many as there are.
    """

    probabilities: Reals
    sure: Flags
    truth: NDArray[np.intp]
    keys: NDArray[np.str_]
    is_one_each: bool = False


def of_scores(bundle: Bundle, scores: Scores, breeds: Sequence[str], keys: Sequence[str]) -> Views:
    """What scores say; photos in which no dog is seen are left out, as in an animal."""
    statuses = bundle.info.statuses(scores)
    number = {label.id: i for i, label in enumerate(bundle.info.labels)}
    seen = [i for i, one in enumerate(statuses) if one is not Status.NOT_DOG]
    return Views(
        scores.probabilities[seen].astype(np.float64),
        np.array([statuses[i] is Status.DOG for i in seen]),
        np.array([number.get(breeds[i], -1) for i in seen]),
        np.array([keys[i] for i in seen]),
    )


def judge(classifier: Classifier, photos: Iterable[Any]) -> Scores:
    """What a classifier says of the main dog of each photo."""
    rows = [one.scores for one in classifier.judge(photos, classifier.viewer.load)]
    kept = [one for one in rows if one is not None]
    return Scores(
        *(np.concatenate([getattr(one, name) for one in kept]) for name in Scores.__slots__)
    )


def cuts(path: str, generator: np.random.Generator, count: int) -> Iterator[NDArray[np.uint8]]:
    """Views of one photo, each of three quarters or more of its width and height."""
    photo = decode(path)
    for _ in range(count):
        share, light = generator.uniform(0.75, 1), generator.uniform(0.7, 1.3)
        height, width = (int(share * side) for side in photo.shape[:2])
        top, left = (
            int(generator.integers(0, whole - side + 1))
            for whole, side in zip(photo.shape, (height, width), strict=False)
        )
        cut = photo[top : top + height, left : left + width]
        cut = cut[:, ::-1] if generator.random() < 0.5 else cut
        yield np.ascontiguousarray(np.clip(cut * light, 0, 255).astype(np.uint8))


def read_views(folder: Path) -> Iterator[tuple[str, Views]]:
    """Each kind of groups, with the views that are dealt."""
    classifier = Classifier()
    paths = [
        path
        for path in evaluation.read_samples(folder).paths
        if not evaluation.is_ambiguous(Path(path).parent.name)
        and not Path(path).parent.name.startswith(("cavalier_king", "mixed_"))
    ]
    scores = judge(classifier, paths)
    first = first_of_each(scores.features)
    paths = [paths[i] for i in first]
    scores = Scores(*(getattr(scores, name)[first] for name in Scores.__slots__))
    breeds = [breed_of(Path(path).parent.name) for path in paths]
    with (folder / "manifest.csv").open(encoding="utf-8", newline="") as file:
        sources = {str(folder / row["file"]): row["repository"] for row in csv.DictReader(file)}
    of_source = [f"{breed} {sources[path]}" for breed, path in zip(breeds, paths, strict=True)]
    bundle = classifier.bundle
    yield "one breed", of_scores(bundle, scores, breeds, breeds)
    yield "one breed and source", of_scores(bundle, scores, breeds, of_source)
    generator, most = np.random.default_rng(0), max(SIZES)
    made = (cut for path in paths for cut in cuts(path, generator, most))
    every = [breed for breed in breeds for _ in range(most)]
    whole = [path for path in paths for _ in range(most)]
    views = of_scores(bundle, judge(classifier, made), every, whole)
    yield "views of one photo", replace(views, is_one_each=True)


def first_of_each(features: NDArray[np.float32]) -> list[int]:
    """The first of each group of photos that are nearly the same, as positions."""
    alike = unit(features) @ unit(features).T > _SAME
    return [i for i, row in enumerate(alike) if not row[:i].any()]


def official(folder: Path) -> Views:
    """Photos of Stanford Dogs that a head was not fitted on."""
    with tempfile.TemporaryDirectory() as temporary:
        bundle, held = base(Path(temporary), read(folder, dogs=False))
        assert held is not None
        kept = held.at(first_of_each(held.features))
        scores = bundle.score_features(kept.features)
        return of_scores(bundle, scores, kept.breeds, kept.breeds)


def deal(views: Views, size: int, draw: int) -> NDArray[np.intp]:
    """Groups of one key each, drawn at random, no view in two: shape (groups, size)."""
    generator = np.random.default_rng(draw)
    groups: list[NDArray[np.intp]] = []
    for key in np.unique(views.keys):
        members = generator.permutation(np.flatnonzero(views.keys == key))
        members = members[: size if views.is_one_each else None]
        groups += [members[i : i + size] for i in range(0, len(members) - size + 1, size)]
    return np.array(groups, np.intp).reshape(-1, size)


def shipped(probabilities: Reals, sure: Flags) -> tuple[int, bool]:
    """As `combine` does."""
    weights = weigh(np.arange(len(sure)))
    best = int((weights @ probabilities).argmax())
    return best, support(probabilities, sure, weights) >= LEAST_SUPPORT


def _as_photo(bundle: Bundle, pool: Callable[[Reals], Reals]) -> Rule:
    """Probabilities that are given as the bundle gives those of a photo."""

    def rule(probabilities: Reals, sure: Flags) -> tuple[int, bool]:
        row = pool(probabilities).astype(np.float32)
        certain = bundle.info.certainties(row[None])[0] >= bundle.info.answer_threshold
        return int(row.argmax()), bool(certain)

    return rule


def _logarithms(power: float) -> Callable[[Reals], Reals]:
    """The geometric mean, to some power of the number of views."""

    def pool(probabilities: Reals) -> Reals:
        logarithms = np.log(np.maximum(probabilities, 1e-12)).mean(axis=0)
        odds = np.exp((logarithms - logarithms.max()) * len(probabilities) ** power)
        row: Reals = odds / odds.sum()
        return row

    return pool


def _surest(bundle: Bundle) -> Rule:
    """The view that the bundle is surest of."""

    def rule(probabilities: Reals, sure: Flags) -> tuple[int, bool]:
        at = int(bundle.info.certainties(probabilities.astype(np.float32)).argmax())
        return int(probabilities[at].argmax()), bool(sure[at])

    return rule


def most(probabilities: Reals, sure: Flags) -> tuple[int, bool]:
    """The best on average; given where more than half of the views are sure of it."""
    best = int(probabilities.mean(axis=0).argmax())
    votes = (sure & (probabilities.argmax(axis=1) == best)).sum()
    return best, bool(2 * votes > len(sure))


def any_sure(probabilities: Reals, sure: Flags) -> tuple[int, bool]:
    """The best on average; given where a view is sure of it and the average is 0.7 or more."""
    mean = probabilities.mean(axis=0)
    best = int(mean.argmax())
    votes = (sure & (probabilities.argmax(axis=1) == best)).sum()
    return best, bool(votes and mean[best] >= 0.7)


def rules(every: bool) -> dict[str, Rule]:
    """The rules that are measured, by their names."""
    if not every:
        return {"": shipped}
    bundle = Bundle.open()
    return {
        "inside": shipped,
        "mean, as a photo": _as_photo(bundle, lambda rows: rows.mean(axis=0)),
        "geometric mean, as a photo": _as_photo(bundle, _logarithms(0)),
        "its power of n^0.25": _as_photo(bundle, _logarithms(0.25)),
        "its power of n^0.5": _as_photo(bundle, _logarithms(0.5)),
        "product, as a photo": _as_photo(bundle, _logarithms(1)),
        "surest view": _surest(bundle),
        "more than half are sure": most,
        "one is sure, mean 0.7": any_sure,
    }


def share(right: float, count: float) -> str:
    """A share in %, with its interval."""
    if count < 1:
        return "-"
    low, high = wilson_interval(round(right), round(count))
    return f"{100 * right / count:.1f} ({100 * low:.1f}-{100 * high:.1f})"


def measure(views: Views, size: int, draws: int, rule: Rule) -> list[str]:
    """A line of the table: groups, first breed right, answered, right, others, all right."""
    known, right, given = [], [], []
    for draw in range(draws):
        for group in deal(views, size, draw):
            best, is_given = rule(views.probabilities[group], views.sure[group])
            known.append(views.truth[group[0]] >= 0)
            right.append(views.truth[group[0]] == best)
            given.append(is_given)
    k, r, g = (np.array(one, bool) for one in (known, right, given))
    of_known, of_others = k.sum() / draws, (~k).sum() / draws
    answered, others = (g & k).sum() / draws, (g & ~k).sum() / draws
    row = [
        f"{of_known:.0f} + {of_others:.0f}",
        share((r & k).sum() / draws, of_known),
        share(answered, of_known),
        share((r & g & k).sum() / draws, answered),
        share(others, of_others),
    ]
    if not of_others:
        return [*row, "-"]
    weight = OTHERS / (1 - OTHERS) * of_known / of_others
    precision = (r & g & k).sum() / draws / (answered + weight * others)
    # As many groups of one weight would be as sure (Kish, 1965).
    count = (answered + weight * others) ** 2 / (answered + weight**2 * others)
    return [*row, share(precision * count, count)]


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("wild", type=Path)
    parser.add_argument("--stanford", type=Path)
    parser.add_argument("--draws", type=int, default=20)
    parser.add_argument("--rules", action="store_true")
    arguments = parser.parse_args()
    kinds = list(read_views(arguments.wild))
    if arguments.stanford:
        kinds.append(("official kind", official(arguments.stanford)))
    titles = ["photos", "known + others", "first right", "answered", "right", "others", "all right"]
    for kind, views in kinds:
        for name, rule in rules(arguments.rules).items():
            print(f"\n{kind}{': ' if name else ''}{name}\n")
            print("| " + " | ".join(titles) + " |\n|" + "---|" * len(titles))
            for size in (1, *SIZES):
                row = measure(views, size, arguments.draws, rule)
                print(f"| {size} | " + " | ".join(row) + " |", flush=True)


if __name__ == "__main__":
    main()
