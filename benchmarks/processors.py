"""Whether a bundle says the same on every processor.

    python benchmarks/processors.py PHOTOS... [--photos 320] [--model MODEL.onnx]
        [--cpu Haswell]... [--emulator qemu-x86_64-static] [--python PYTHON]...

PHOTOS are files and folders, of which so many are taken, evenly. Each row is a process of its
own, which decodes the photos and runs the bundle; all are compared with the first.

    here           this processor, as Barkive opens the bundle
    here, default  with ONNX Runtime's own choice of integers, which is not exact on x86
                   processors without VNNI: they clamp sums of two products to 16 bits
    here, exact    with `session.x64quantprecision`, which Barkive sets on those; beside the
                   row before it, what that costs
    CPU            an emulated processor, of those that `qemu-x86_64-static -cpu help` lists
                   (Debian's package qemu-user-static). Haswell has AVX2 and no VNNI, Nehalem
                   no AVX. The speed tells nothing of a real one's: count on seconds a photo
    CPU, default   the same with ONNX Runtime's own choice
    PYTHON         another Python with Barkive, for instance one with another ONNX Runtime

The columns: photos whose pixels, and whose outputs (logits, log-odds of a dog, features) are
equal to the bit; photos with another best breed, with another status; the median and the
largest of their differences of a probability; the largest difference of the log-odds, and of
a feature in standard deviations of all; photos a second. The benchmark fails where a row,
those by default left aside, has another status.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from barkive import devices
from barkive import evaluation as ev
from barkive.bundle import OUTPUTS, Bundle
from barkive.classifier import BATCH
from barkive.errors import PhotoError
from barkive.images import find_photos
from barkive.verdicts import Scores

ROUNDS = 3


@dataclass(frozen=True)
class Row:
    """What one process says.

    Attributes:
        pixels: What was decoded, (n, size, size, 3).
        outputs: Logits, log-odds of a dog, features, each (n, …).
        rate: Photos a second, the best of the rounds.
        version: ONNX Runtime's.
    """

    pixels: NDArray[np.uint8]
    outputs: tuple[NDArray[np.float32], ...]
    rate: float
    version: str


def write_row(file: Path, photos: Sequence[str], model: Path, exact: str, rounds: int) -> None:
    """Runs the bundle in this process and writes what it says."""
    if exact:
        devices._saturates = lambda: exact == "yes"  # type: ignore[assignment]
    bundle = Bundle.open(model)
    pixels = np.stack([bundle.info.preprocessing.load(photo) for photo in photos])
    seconds = []
    for _ in range(rounds):
        start = time.perf_counter()
        parts = [
            bundle.session.run(OUTPUTS, {"pixels": pixels[i : i + BATCH["cpu"]]})
            for i in range(0, len(pixels), BATCH["cpu"])
        ]
        seconds.append(time.perf_counter() - start)
    logits, dog, features = (np.concatenate(part) for part in zip(*parts, strict=True))
    np.savez(
        file,
        pixels=pixels,
        logits=logits,
        dog=dog,
        features=features,
        rate=len(pixels) / min(seconds),
        version=ort.__version__,
    )


def read_row(command: Sequence[str], options: Sequence[str], photos: Sequence[str]) -> Row:
    """Runs a process that writes a row, and reads it."""
    with tempfile.TemporaryDirectory() as folder:
        file, listed = Path(folder) / "row.npz", Path(folder) / "photos.txt"
        listed.write_text("\n".join(photos), encoding="utf-8")
        words = [*command, __file__, str(listed), "--write", str(file), *options]
        process = subprocess.run(words, capture_output=True, text=True)
        if process.returncode:
            raise SystemExit(f"{process.returncode}: {' '.join(words)}\n{process.stderr}")
        with np.load(file) as row:
            outputs = tuple(row[name] for name in OUTPUTS)
            return Row(row["pixels"], outputs, float(row["rate"]), str(row["version"]))


def print_row(name: str, bundle: Bundle, first: Row, row: Row) -> ev.Agreement:
    """One line of the table."""

    def scores(one: Row) -> Scores:
        return bundle.info.scores(*one.outputs)

    def differ(one: NDArray[np.generic], other: NDArray[np.generic]) -> NDArray[np.bool_]:
        found: NDArray[np.bool_] = (one != other).reshape(len(one), -1).any(axis=1)
        return found

    pixels = ~differ(first.pixels, row.pixels)
    outputs = ~np.any([differ(*pair) for pair in zip(first.outputs, row.outputs, strict=True)], 0)
    features, others = first.outputs[2], row.outputs[2]
    away = float(np.abs(features - others).max() / features.std())
    same = ev.agreement(bundle.info, scores(first), scores(row))
    print(
        f"{name:24} {row.version:8} {pixels.sum():6} {outputs.sum():7} {same.breeds:6} "
        f"{same.statuses:8} {same.median:7.4f} {same.largest:7.4f} {same.dog:8.3f} {away:8.3f} "
        f"{row.rate:8.2f}",
        flush=True,
    )
    return same


def choose(sources: Sequence[Path], count: int, bundle: Bundle) -> list[str]:
    """So many photos that can be read, evenly from all that are there."""
    found = sorted(str(photo) for photo in find_photos(sources))
    chosen = []
    for index in np.linspace(0, len(found) - 1, min(count, len(found))).round().astype(int):
        try:
            bundle.info.preprocessing.load(found[index])
        except PhotoError as error:
            print(f"{found[index]}: {error}")
        else:
            chosen.append(found[index])
    return chosen


def main() -> None:
    """Reads the arguments, measures and prints."""
    parser = argparse.ArgumentParser(description="Whether all processors say the same.")
    parser.add_argument("sources", type=Path, nargs="+", help="files and folders of photos")
    parser.add_argument("--photos", type=int, default=320, help="how many (default: 320)")
    parser.add_argument("--model", type=Path, help="a bundle; the one inside by default")
    parser.add_argument("--cpu", action="append", default=[], help="an emulated processor")
    parser.add_argument("--emulator", default="qemu-x86_64-static", help="what emulates it")
    parser.add_argument("--python", action="append", default=[], help="another Python")
    parser.add_argument("--write", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--exact", default="", help=argparse.SUPPRESS)
    parser.add_argument("--rounds", type=int, default=ROUNDS, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    bundle = Bundle.open(arguments.model)
    if arguments.write:
        photos = arguments.sources[0].read_text(encoding="utf-8").splitlines()
        write_row(arguments.write, photos, bundle.path, arguments.exact, arguments.rounds)
        return
    photos = choose(arguments.sources, arguments.photos, bundle)
    if not photos:
        raise SystemExit("There is no photo.")

    here = [sys.executable]
    rows = [
        ("here", here, "", ROUNDS),
        ("here, default", here, "no", ROUNDS),
        ("here, exact", here, "yes", ROUNDS),
        *((python, [python], "", ROUNDS) for python in arguments.python),
    ]
    for cpu in arguments.cpu:
        emulated = [arguments.emulator, "-cpu", cpu, *here]
        rows += [(cpu, emulated, "", 1), (f"{cpu}, default", emulated, "no", 1)]
    print(f"{bundle.model}, {len(photos)} photos; all against the first row")
    print(f"{'':33} {'equal to the bit':>14} {'other':>9}")
    print(
        f"{'':24} {'ONNX RT':8} {'pixels':>6} {'outputs':>7} {'breeds':>6} {'statuses':>8} "
        f"{'median':>7} {'largest':>7} {'log-odds':>8} {'features':>8} {'a second':>8}"
    )
    first: Row | None = None
    differ = False
    for name, command, exact, rounds in rows:
        options = ["--model", str(bundle.path), "--rounds", str(rounds), "--exact", exact]
        row = read_row(command, options, photos)
        first = first or row
        same = print_row(name, bundle, first, row)
        differ = differ or (exact != "no" and same.statuses > 0)
    raise SystemExit(int(differ))


if __name__ == "__main__":
    main()
