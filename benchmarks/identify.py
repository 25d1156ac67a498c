"""How fast `barkive identify` is, beside what the cores allow.

    python benchmarks/identify.py [--photos N] [--model FILE]

Makes its own photos, small (500 x 375) and of 12 megapixels, and prints for each size, in
photos a second:

    inference   the network alone, on pixels that are ready, on all cores, with the size of
                batch that is fastest here
    decoding    from files to the network's pixels alone, on all cores
    ceiling     both after each other, 1 / (1 / decoding + 1 / inference): what the cores allow
    Barkive     `Classifier.predict` on the same files, and its share of the ceiling
    torch+timm  the plain way, where both are installed: open, resize, stack and run batches
                of the same network, untrained, in float32

then the time from the start of the process to the answer for one photo, and the peak memory
of the process for 500 and for 2,000 photos. Each rate is the best of several rounds, and the
rounds take turns, so that a busy moment of the machine does not fall on one figure alone.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from barkive.classifier import Classifier
from barkive.machine import cores

SIZES = {"500 x 375": (500, 375), "12 megapixels": (4000, 3000)}
DISTINCT = 12
BATCHES = (1, 4, 16)


def make_photo(path: Path, size: tuple[int, int], seed: int) -> None:
    """Writes a picture that compresses as a photo does: soft colours, edges and grain."""
    rng = np.random.default_rng(seed)
    soft = Image.fromarray(rng.integers(0, 256, (9, 12, 3)).astype(np.uint8))
    image = soft.resize(size, Image.Resampling.BICUBIC)
    draw = ImageDraw.Draw(image)
    for _ in range(40):
        x, y = rng.uniform(0, size[0]), rng.uniform(0, size[1])
        width, height = rng.uniform(0.02, 0.2, 2) * size[0]
        colour = tuple(int(c) for c in rng.integers(0, 256, 3))
        draw.ellipse((x, y, x + width, y + height), fill=colour)
    grain = rng.normal(0, 6, (size[1] // 2, size[0] // 2)).astype(np.float32)
    grain = np.asarray(Image.fromarray(grain).resize(size, Image.Resampling.BICUBIC))
    pixels = np.asarray(image, np.float32) + grain[..., None]
    Image.fromarray(pixels.clip(0, 255).astype(np.uint8)).save(path, quality=90)


def make_folder(folder: Path, size: tuple[int, int], count: int) -> list[str]:
    """Fills a folder with `count` files of `DISTINCT` pictures."""
    folder.mkdir()
    for i in range(count):
        path = folder / f"{i:05}.jpg"
        if i < DISTINCT:
            make_photo(path, size, seed=i)
        else:
            path.write_bytes((folder / f"{i % DISTINCT:05}.jpg").read_bytes())
    return sorted(str(path) for path in folder.iterdir())


def plain_torch(name: str, size: int) -> Callable[[Sequence[str]], None]:
    """What a script with torch and timm does with a list of files.

    Args:
        name: The bundle's: `barkive-` and timm's name of the network with a tag.
        size: Side of the square that the network takes, in pixels.
    """
    import timm
    import torch

    architecture = name.removeprefix("barkive-").partition(".")[0]
    network = timm.create_model(architecture, pretrained=False).eval()

    def load(file: str) -> torch.Tensor:
        with Image.open(file) as image:
            square = image.convert("RGB").resize((size, size), Image.Resampling.BICUBIC)
        return torch.from_numpy(np.array(square)).permute(2, 0, 1).float() / 127.5 - 1

    @torch.inference_mode()
    def run(files: Sequence[str]) -> None:
        for start in range(0, len(files), 32):
            batch = [load(file) for file in files[start : start + 32]]
            network(torch.stack(batch)).softmax(dim=1)

    return run


def rates(files: Sequence[str], classifier: Classifier, rounds: int) -> dict[str, float]:
    """Photos a second for each way of working, the best of the rounds."""
    load = classifier.bundle.info.preprocessing.load
    ready = np.stack([load(file) for file in files])

    def inference(batch: int) -> None:
        for start in range(0, len(ready), batch):
            classifier.score(ready[start : start + batch])

    def decoding() -> None:
        with ThreadPoolExecutor(cores()) as pool:
            for _ in pool.map(load, files):
                pass

    def barkive() -> None:
        for _ in classifier.predict(files):
            pass

    ways: dict[str, Callable[[], None]]
    ways = {f"inference {batch}": partial(inference, batch) for batch in BATCHES}
    ways |= {"decoding": decoding, "Barkive": barkive}
    if find_spec("torch") and find_spec("timm"):
        info = classifier.bundle.info
        torch_run = plain_torch(info.name, info.preprocessing.size)
        ways["torch+timm"] = lambda: torch_run(files)
    best = dict.fromkeys(ways, 0.0)
    for _ in range(rounds):
        for name, work in ways.items():
            start = time.perf_counter()
            work()
            best[name] = max(best[name], len(files) / (time.perf_counter() - start))
    best["inference"] = max(best[f"inference {batch}"] for batch in BATCHES)
    return best


def print_rates(best: dict[str, float]) -> None:
    """The rates, the ceiling that follows from the first two, and Barkive's share of it."""
    ceiling = 1 / (1 / best["decoding"] + 1 / best["inference"])
    for name in ("inference", "decoding"):
        print(f"  {name:<11} {best[name]:7.1f}")
    print(f"  {'ceiling':<11} {ceiling:7.1f}")
    print(f"  {'Barkive':<11} {best['Barkive']:7.1f}   {best['Barkive'] / ceiling:.0%} of it")
    if "torch+timm" in best:
        times = best["Barkive"] / best["torch+timm"]
        print(f"  {'torch+timm':<11} {best['torch+timm']:7.1f}   Barkive: {times:.1f} times that")


# A process starts with the peak of the one that started it, so a small one stands between.
PEAK = """
import os, subprocess, sys
process = subprocess.Popen(sys.argv[1:], stdout=subprocess.DEVNULL)
_, status, usage = os.wait4(process.pid, 0)
print(usage.ru_maxrss)
sys.exit(os.waitstatus_to_exitcode(status))
"""


def command(path: Path, model: Path | None) -> list[str]:
    """The command line that identifies a file or a folder."""
    words = [sys.executable, "-m", "barkive", "identify", str(path), "--format", "json"]
    return words + (["--model", str(model)] if model else [])


def seconds(words: list[str]) -> float:
    """How long a command takes, its start included."""
    start = time.perf_counter()
    subprocess.run(words, stdout=subprocess.DEVNULL, check=True)
    return time.perf_counter() - start


def peak_megabytes(words: list[str]) -> float:
    """The most memory that a command held at once."""
    peak = [sys.executable, "-S", "-c", PEAK, *words]
    out = subprocess.run(peak, capture_output=True, check=True).stdout
    return int(out) * (1 if sys.platform == "darwin" else 1024) / 1e6  # macOS counts bytes


def main() -> None:
    """Reads the arguments, measures and prints."""
    parser = argparse.ArgumentParser(description="How fast `barkive identify` is.")
    parser.add_argument("--photos", type=int, default=192, help="photos a round (default: 192)")
    parser.add_argument("--rounds", type=int, default=5, help="rounds (default: 5)")
    parser.add_argument("--model", type=Path, help="a bundle; the one inside by default")
    arguments = parser.parse_args()
    classifier = Classifier(arguments.model)
    print(f"{classifier.bundle.model}, photos a second, best of {arguments.rounds} rounds")
    with tempfile.TemporaryDirectory() as temporary:
        root = Path(temporary)
        for number, (name, size) in enumerate(SIZES.items()):
            files = make_folder(root / str(number), size, arguments.photos)
            print(f"{name}:")
            print_rates(rates(files, classifier, arguments.rounds))
        one = command(root / "0" / "00000.jpg", arguments.model)
        best = min(seconds(one) for _ in range(2 * arguments.rounds))
        print(f"One photo, from process start to answer: {best:.2f} s")
        for count in (500, 2000):
            folder = root / f"memory-{count}"
            make_folder(folder, SIZES["500 x 375"], count)
            megabytes = peak_megabytes(command(folder, arguments.model))
            print(f"Peak memory for {count:5,} photos: {megabytes:.0f} MB")


if __name__ == "__main__":
    main()
