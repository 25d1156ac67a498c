"""What looking for each dog of a photo gains, and what it costs.

    python benchmarks/dogs.py breeds DATA [--pairs N]
    python benchmarks/dogs.py cost [FOLDER] [--photos N] [--rounds N]
    python benchmarks/dogs.py show PHOTO... --out SHEET.png

breeds   From photos in DATA, a folder of breeds, makes pictures of two dogs of different breeds,
         side by side and overlapping, at equal and at unequal size, and of twenty, and prints how
         often each dog is found and its first breed right, beside the same photos one by one.
cost     Makes photos of 500 x 375 and of 12 megapixels, in which there are no dogs, and prints the
         rates with and without boxes, and the same for the photos of FOLDER; the time from the
         start of the process to the answer for one photo; and the peak memory. Rounds take turns.
show     Draws what is found in photos, for a look at statues, toys, drawings, litters.

How well dogs are found in real photos: `barkive evaluate --dogs`.
"""

from __future__ import annotations

import argparse
import random
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from barkive import evaluation as ev
from barkive.boxes import Box
from barkive.classifier import Classifier
from barkive.images import Preprocessing, decode, find_photos
from barkive.verdicts import Verdict
from identify import SIZES, command, make_folder, peak_megabytes, seconds

HEIGHT = 480


@dataclass(frozen=True, slots=True)
class Group:
    """A picture of several dogs.

    Attributes:
        pixels: RGB, shape (height, width, 3).
        places: Where each dog's photo lies in it.
        truth: The labels of the dogs.
    """

    pixels: NDArray[np.uint8]
    places: tuple[Box, ...]
    truth: tuple[int, ...]


def scaled(photo: NDArray[np.uint8], height: int) -> Image.Image:
    """A photo brought to a height."""
    image = Image.fromarray(photo)
    return image.resize((max(1, round(image.width * height / image.height)), height))


def side_by_side(
    one: NDArray[np.uint8], other: NDArray[np.uint8], truth: tuple[int, int], share: float
) -> Group:
    """Two photos beside each other, the second at a share of the first one's height."""
    first, second = scaled(one, HEIGHT), scaled(other, round(HEIGHT * share))
    width = first.width + second.width
    canvas = Image.new("RGB", (width, HEIGHT), (128, 128, 128))
    canvas.paste(first, (0, 0))
    canvas.paste(second, (first.width, HEIGHT - second.height))
    left = first.width / width
    places = (
        Box(0, 0, left, 1),
        Box(left, 1 - second.height / HEIGHT, 1 - left, second.height / HEIGHT),
    )
    return Group(np.asarray(canvas), places, truth)


def overlapping(
    one: NDArray[np.uint8],
    other: NDArray[np.uint8],
    boxes: tuple[Box, Box],
    truth: tuple[int, int],
) -> Group:
    """Two dogs of which the second hides a fifth of the first one's width.

    Args:
        one: The photo behind.
        other: The one before it, of which the box of its dog is laid on.
        boxes: Of the dogs.
        truth: Their labels.
    """
    first = scaled(one, HEIGHT)
    dog = boxes[0]
    second = scaled(cut(other, boxes[1]), max(1, round(dog.height * HEIGHT)))
    start = round((dog.x + 0.8 * dog.width) * first.width)
    width = max(first.width, start + second.width)
    canvas = Image.new("RGB", (width, HEIGHT), (128, 128, 128))
    canvas.paste(first, (0, 0))
    top = min(round(dog.y * HEIGHT), HEIGHT - second.height)
    canvas.paste(second, (start, top))
    places = (
        Box(dog.x * first.width / width, dog.y, 0.8 * dog.width * first.width / width, dog.height),
        Box(start / width, top / HEIGHT, second.width / width, second.height / HEIGHT),
    )
    return Group(np.asarray(canvas), places, truth)


def litter(photos: Sequence[NDArray[np.uint8]], truth: Sequence[int]) -> Group:
    """Twenty photos in four rows, each a square of a fifth of the picture's width."""
    side = 256
    canvas = np.zeros((4 * side, 5 * side, 3), np.uint8)
    places = []
    for i, photo in enumerate(photos):
        row, column = divmod(i, 5)
        tile = Preprocessing(side).apply(photo)
        canvas[row * side : (row + 1) * side, column * side : (column + 1) * side] = tile
        places.append(Box(column / 5, row / 4, 1 / 5, 1 / 4))
    return Group(canvas, tuple(places), tuple(truth))


def cut(photo: NDArray[np.uint8], box: Box) -> NDArray[np.uint8]:
    """The part of a photo that lies in a box."""
    height, width = photo.shape[:2]
    return photo[
        int(box.y * height) : max(int(box.bottom * height), int(box.y * height) + 1),
        int(box.x * width) : max(int(box.right * width), int(box.x * width) + 1),
    ]


def breeds(data: Path, number: int) -> None:
    """Prints how often dogs of pairs are found and named, beside the same photos alone."""
    classifier = Classifier()
    samples = ev.read_samples(data)
    known = ev.known_to(classifier.bundle.info.labels, samples)
    labels = {label.id: i for i, label in enumerate(classifier.bundle.info.labels)}
    photos = [decode(path) for path in known.paths]
    alone = list(classifier.predict(photos, top=1))
    wholes = list(Classifier(dogs=False).predict(photos, top=1))
    named, whole = (
        [first(verdict, labels) == truth for verdict, truth in zip(some, known.truth, strict=True)]
        for some in (alone, wholes)
    )
    print(f"{classifier.bundle.model}, {len(photos)} photos of {len(set(known.truth))} breeds")
    print(f"first breed right: as wholes {np.mean(whole):.1%}, with boxes {np.mean(named):.1%}")
    same = [
        (one.status, first(one, labels)) == (other.status, first(other, labels))
        for one, other in zip(alone, wholes, strict=True)
    ]
    single = [len(verdict.dogs or ()) == 1 for verdict in alone]
    print(
        f"one dog found in {np.mean(single):.1%}; there status and first breed as without boxes in "
        f"{np.mean([s for s, one in zip(same, single, strict=True) if one]):.1%}"
    )
    rng = random.Random(0)
    chosen: list[tuple[int, int]] = []
    while len(chosen) < number:
        one, other = rng.sample(range(len(photos)), 2)
        if known.truth[one] != known.truth[other]:
            chosen.append((one, other))
    print(f"{'pairs':28} {'all found':>10} {'found':>7} {'right':>7} {'of alone':>9}")
    for name, pairs in kinds(photos, alone, known.truth, chosen):
        report(
            name, classifier, labels, pairs, float(np.mean([whole[i] for p in chosen for i in p]))
        )


def first(verdict: Verdict, labels: Mapping[str, int]) -> int | None:
    """The label of the first breed; None where there is none."""
    return labels[verdict.breeds[0].label.id] if verdict.breeds else None


def kinds(
    photos: Sequence[NDArray[np.uint8]],
    alone: Sequence[Verdict],
    truth: NDArray[np.intp],
    chosen: Sequence[tuple[int, int]],
) -> Iterator[tuple[str, list[Group]]]:
    """The kinds of pairs, each with its pictures."""
    for name, share in (
        ("side by side", 1.0),
        ("side by side, 2:1", 0.5),
        ("side by side, 4:1", 0.25),
    ):
        yield (
            name,
            [
                side_by_side(photos[a], photos[b], (int(truth[a]), int(truth[b])), share)
                for a, b in chosen
            ],
        )
    boxed = [
        (a, b, one[0].box, other[0].box)
        for a, b in chosen
        if (one := alone[a].dogs) and (other := alone[b].dogs)
    ]
    yield (
        "overlapping by a fifth",
        [
            overlapping(photos[a], photos[b], (x, y), (int(truth[a]), int(truth[b])))
            for a, b, x, y in boxed
        ],
    )
    rows = [chosen[i : i + 10] for i in range(0, len(chosen) - 9, 10)]
    yield (
        "twenty in one picture",
        [
            litter(
                [photos[i] for pair in some for i in pair],
                [int(truth[i]) for pair in some for i in pair],
            )
            for some in rows
        ],
    )


def report(
    name: str, classifier: Classifier, labels: dict[str, int], pairs: Sequence[Group], alone: float
) -> None:
    """Prints a line: of all dogs how many are found, and named right."""
    found = right = every = 0
    verdicts = classifier.predict([pair.pixels for pair in pairs], top=1)
    for pair, verdict in zip(pairs, verdicts, strict=True):
        seen = [
            next(
                (dog for dog in verdict.dogs or () if dog.box.shared(place) >= 0.5 * dog.box.area),
                None,
            )
            for place in pair.places
        ]
        found += sum(dog is not None for dog in seen)
        every += all(dog is not None for dog in seen)
        right += sum(
            dog is not None and labels[dog.breeds[0].label.id] == truth
            for dog, truth in zip(seen, pair.truth, strict=True)
        )
    dogs = sum(len(pair.truth) for pair in pairs)
    print(
        f"{name:28} {every / len(pairs):10.1%} {found / dogs:7.1%} {right / dogs:7.1%} "
        f"{right / dogs / alone:9.2f}"
    )


def cost(folder: Path | None, number: int, rounds: int) -> None:
    """Prints what boxes cost in time and memory."""
    ways = {"with boxes": Classifier(), "without": Classifier(dogs=False)}
    with tempfile.TemporaryDirectory() as temporary:
        root = Path(temporary)
        made = {
            name: make_folder(root / str(i), size, number)
            for i, (name, size) in enumerate(SIZES.items())
        }
        if folder is not None:
            made[str(folder)] = random.Random(0).sample(list(find_photos([str(folder)])), number)
        for name, files in made.items():
            best = dict.fromkeys(ways, 0.0)
            for _ in range(rounds):
                for way, classifier in ways.items():
                    start = time.perf_counter()
                    for _ in classifier.predict(files):
                        pass
                    best[way] = max(best[way], number / (time.perf_counter() - start))
            ratio = best["with boxes"] / best["without"]
            print(
                f"{name}: {best['with boxes']:.1f} with boxes, {best['without']:.1f} without, a "
                f"ratio of {ratio:.2f}"
            )
        one = command(root / "0" / "00000.jpg", None)
        first = {"with boxes": one, "without": [*one, "--no-dogs"]}
        times = dict.fromkeys(first, float("inf"))
        for _ in range(2 * rounds):
            for way, words in first.items():
                times[way] = min(times[way], seconds(words))
        print(
            f"First answer: {times['with boxes']:.2f} s with boxes, {times['without']:.2f} without"
        )
        for count in (500, 2000):
            many = root / f"memory-{count}"
            make_folder(many, SIZES["500 x 375"], count)
            print(
                f"Peak memory for {count:5,} photos: {peak_megabytes(command(many, None)):.0f} MB"
            )


def show(photos: Sequence[str], out: Path) -> None:
    """Draws the dogs that are found in photos."""
    tiles = []
    for photo, verdict in zip(photos, Classifier().predict(photos, top=1), strict=True):
        image = Image.fromarray(decode(photo))
        image.thumbnail((420, 320))
        draw = ImageDraw.Draw(image)
        for number, dog in enumerate(verdict.dogs or (), 1):
            box = dog.box
            corners = [box.x * image.width, box.y * image.height]
            draw.rectangle(
                (*corners, box.right * image.width - 1, box.bottom * image.height - 1),
                outline=(255, 60, 60),
                width=2,
            )
            draw.text((corners[0] + 4, corners[1] + 3), f"{number} {dog.breeds[0].label.en}", "red")
        draw.text((4, image.height - 14), f"{verdict.status}: {len(verdict.dogs or ())}", "blue")
        tiles.append(image)
    columns = 4
    sheet = Image.new("RGB", (columns * 430, -(-len(tiles) // columns) * 330), "white")
    for i, tile in enumerate(tiles):
        sheet.paste(tile, (i % columns * 430, i // columns * 330))
    sheet.save(out)


def main() -> None:
    """Reads the arguments, measures and prints."""
    parser = argparse.ArgumentParser(description="What looking for each dog gains and costs.")
    what = parser.add_subparsers(dest="what", required=True)
    of_breeds = what.add_parser("breeds")
    of_breeds.add_argument("data", type=Path)
    of_breeds.add_argument("--pairs", type=int, default=300)
    of_cost = what.add_parser("cost")
    of_cost.add_argument("folder", type=Path, nargs="?")
    of_cost.add_argument("--photos", type=int, default=192)
    of_cost.add_argument("--rounds", type=int, default=5)
    of_show = what.add_parser("show")
    of_show.add_argument("photos", nargs="+")
    of_show.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    if arguments.what == "breeds":
        breeds(arguments.data, arguments.pairs)
    elif arguments.what == "cost":
        cost(arguments.folder, arguments.photos, arguments.rounds)
    else:
        show(arguments.photos, arguments.out)


if __name__ == "__main__":
    main()
