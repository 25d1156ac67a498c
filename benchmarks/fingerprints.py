"""How far sketches of one picture are apart, coded anew, and those of different pictures.

`python benchmarks/fingerprints.py FOLDER` prints, over the photos of a folder, the farthest cell
and the mean of all, in 8 bits of grey: for each way of coding a photo anew, and of the nearest
pairs of different photos. The limits in `barkive/images/fingerprint.py` lie between the two.
"""

from __future__ import annotations

import argparse
import io
from pathlib import Path

import numpy as np
from PIL import Image

from barkive.errors import PhotoError
from barkive.images import decode, find_photos
from barkive.images.fingerprint import is_same_look, sketch

WAYS = {
    "JPEG, quality 90": ("JPEG", {"quality": 90}),
    "JPEG, quality 60": ("JPEG", {"quality": 60}),
    "WebP, quality 75": ("WEBP", {"quality": 75}),
    "AVIF, quality 60": ("AVIF", {"quality": 60}),
    "PNG, shrunk to half": ("PNG", {}),
    "JPEG, quality 85, turned": ("JPEG", {"quality": 85}),
}


def main() -> None:
    """Prints both."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--photos", type=int, default=2000, help="How many at most.")
    given = parser.parse_args()
    sketches: list[bytes] = []
    apart: dict[str, list[tuple[int, float, bool]]] = {way: [] for way in WAYS}
    for number, path in enumerate(find_photos([given.folder])):
        if number >= given.photos:
            break
        try:
            photo = decode(path, shorter_side=240)
        except PhotoError:
            continue
        own = sketch(photo)
        sketches.append(own)
        if number % 5:
            continue
        for way, (form, options) in WAYS.items():
            image = Image.fromarray(decode(path))
            if "half" in way:
                image = image.resize((image.width // 2, image.height // 2))
            if "turned" in way:
                image = image.transpose(Image.Transpose.ROTATE_90)
            coded = io.BytesIO()
            image.save(coded, form, **options)
            other = sketch(decode(coded.getvalue(), shorter_side=240))
            back = np.rot90(_cells(other), -1) if "turned" in way else _cells(other)
            difference = np.abs(_cells(own) - back)
            same = is_same_look(own, other)
            apart[way].append((int(difference.max()), float(difference.mean()), same))
    print(f"{len(sketches)} photos")
    for way, found in apart.items():
        cell, mean_of_all, taken = (np.array(column) for column in zip(*found, strict=True))
        print(
            f"{way:28} farthest {cell.max():3d} (99 %: {np.quantile(cell, 0.99):4.1f}), "
            f"mean {mean_of_all.max():4.2f}; taken for the same: {taken.sum()} of {len(taken)}"
        )
    cells = np.stack([_cells(one) for one in sketches]).reshape(len(sketches), -1)
    nearest: list[tuple[float, int, int, int]] = []
    for i in range(len(cells) - 1):
        difference = np.abs(cells[i + 1 :] - cells[i])
        far, mean = difference.max(axis=1), difference.mean(axis=1)
        j = int(far.argmin())
        nearest.append((float(mean[j]), int(far[j]), i, i + 1 + j))
    print("nearest pairs of different files (farthest cell, mean, taken for the same):")
    for mean_of_pair, far_of_pair, i, j in sorted(nearest, key=lambda one: one[1])[:12]:
        print(far_of_pair, round(mean_of_pair, 2), is_same_look(sketches[i], sketches[j]))


def _cells(one: bytes) -> np.ndarray:
    return np.frombuffer(one, np.uint8).reshape(16, 16).astype(np.int16)


if __name__ == "__main__":
    main()
