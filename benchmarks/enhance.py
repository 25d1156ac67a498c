"""How fast the corrections of photos are, beside Pillow's nearest of the kind.

    python benchmarks/enhance.py [--size N] [--rounds N]

Makes its own pictures: one clean, one with Gaussian noise, one with salt and pepper. Prints
for each correction how many pictures of N x N pixels (224 by default) it does in a second,
on as many cores as OpenCV takes, and then how long each of Barkive's takes as a share of
Pillow's time for the same purpose:

    stretch     ImageOps.autocontrast with the same percentiles, which keeps the hues too
    equalize    ImageOps.equalize, which equalises each channel by itself
    gaussian    ImageFilter.GaussianBlur
    median      ImageFilter.MedianFilter

Each figure is the best of several rounds, and the rounds take turns.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from functools import partial

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter, ImageOps

from barkive.images import measure
from barkive.images.degrade import gaussian_noise, salt_and_pepper
from barkive.images.denoise import denoise
from barkive.images.enhance import ADJUSTMENTS

# A round of one way takes about this long.
SECONDS = 0.1


def make_picture(size: int) -> NDArray[np.uint8]:
    """A picture of soft colours."""
    patches = np.random.default_rng(0).integers(40, 216, (7, 7, 3)).astype(np.uint8)
    image = Image.fromarray(patches).resize((size, size), Image.Resampling.BICUBIC)
    return np.array(image)


def with_pillow(change: Callable[[Image.Image], Image.Image], pixels: NDArray[np.uint8]) -> None:
    """From an array to an array, as Barkive's corrections are."""
    np.array(change(Image.fromarray(pixels)))


def rate(work: Callable[[], object]) -> float:
    """How often a second the work can be done."""
    done, start = 0, time.perf_counter()
    while (taken := time.perf_counter() - start) < SECONDS:
        work()
        done += 1
    return done / taken


def main() -> None:
    """Reads the arguments, measures and prints."""
    parser = argparse.ArgumentParser(description="How fast the corrections of photos are.")
    parser.add_argument("--size", type=int, default=224, help="side in pixels (default: 224)")
    parser.add_argument("--rounds", type=int, default=7, help="rounds (default: 7)")
    arguments = parser.parse_args()
    pixels, rng = make_picture(arguments.size), np.random.default_rng(0)
    pillow: dict[str, Callable[[Image.Image], Image.Image]] = {
        "stretch": partial(ImageOps.autocontrast, cutoff=1, preserve_tone=True),
        "equalize": ImageOps.equalize,
        "gaussian": lambda image: image.filter(ImageFilter.GaussianBlur(1)),
        "median": lambda image: image.filter(ImageFilter.MedianFilter(3)),
    }
    ways: dict[str, Callable[[], object]]
    ways = {name: partial(correct, pixels) for name, correct in ADJUSTMENTS.items()}
    ways["denoise, noisy"] = partial(denoise, gaussian_noise(pixels, rng))
    ways["denoise, salted"] = partial(denoise, salt_and_pepper(pixels, rng))
    ways["measure"] = partial(measure, pixels)
    ways |= {f"Pillow {name}": partial(with_pillow, f, pixels) for name, f in pillow.items()}
    best = dict.fromkeys(ways, 0.0)
    for _ in range(arguments.rounds):
        for name, work in ways.items():
            best[name] = max(best[name], rate(work))
    print(f"Pictures of {arguments.size} x {arguments.size} a second:")
    for name, value in best.items():
        print(f"  {name:<16} {value:8.0f}   {1000 / value:7.2f} ms")
    print("Time, as a share of Pillow's:")
    for name in pillow:
        print(f"  {name:<16} {best[f'Pillow {name}'] / best[name]:8.2f}")


if __name__ == "__main__":
    main()
