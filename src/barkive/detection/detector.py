"""Runs a detector: an upright photo in, proposals of animals out.

A detector is an ONNX file. The graph takes `pixels`, uint8 RGB of shape (1, height, width, 3),
whose sides are multiples of 32, and gives `cells`, shape (1, n, 5 + classes): for each cell of
three grids with strides of 8, 16 and 32 pixels, row by row, the centre and the logarithms of the
sides in units of the stride, the objectness, and a score for each class (YOLOX: Ge et al., 2021,
"YOLOX: Exceeding YOLO Series in 2021"). The metadata entry `barkive-detector` is a JSON object,
`DetectorInfo`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from barkive import onnx_file
from barkive.boxes import Box, suppress
from barkive.detection.proposal import Proposal
from barkive.errors import BundleError

SHIPPED: Final = Path(__file__).parents[1] / "data" / "detector.onnx"
METADATA_KEY: Final = "barkive-detector"
FORMAT_VERSION: Final = 1
STRIDES: Final = (8, 16, 32)

_GREY = 114
_MOST = 100

_Reals = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Glance:
    """A first look at a small copy of a photo, which is enough for most.

    It is cheap, and sees a dog that fills its photo as a whole, where a look at a larger copy may
    take head and body for two.

    Attributes:
        side: To how many pixels the longer side is brought; a multiple of 32.
        threshold: What may be an animal has at least this score; 0..1.
        nothing: Where no score reaches this, there is no animal; 0..1, at most `threshold`.
        sure: The only animal of a photo has at least this score; 0..1.
        area: And covers at least this share of the photo; 0..1.
    """

    side: int
    threshold: float
    nothing: float
    sure: float
    area: float

    def settles(self, proposals: Sequence[Proposal]) -> tuple[Proposal, ...] | None:
        """What there is to see, if a glance is enough to tell.

        Args:
            proposals: What it sees, the surest first, scores from `nothing` on.

        Returns:
            One animal, surely seen and not small, or nothing at all; None where another look
            is needed.
        """
        if not proposals:
            return ()
        likely = [one for one in proposals if one.score >= self.threshold]
        if len(likely) == 1 and likely[0].score >= self.sure and likely[0].box.area >= self.area:
            return (likely[0],)
        return None


@dataclass(frozen=True, slots=True)
class DetectorInfo:
    """What a detector says of itself.

    Attributes:
        name: What it is called.
        classes: What it tells apart, in the order of its scores; `dog` is one of them.
        animals: Those of them that may be dogs mistaken for others.
        side: To how many pixels the longer side of a photo is brought; a multiple of 32.
        threshold: A proposal has at least this score; 0..1.
        overlap: Boxes whose intersection over union is above this are one animal; 0..1.
        provenance: Where it came from: network, licence, how it was made. Any JSON object.
        glance: The look that comes first; None where there is one look alone.
    """

    name: str
    classes: tuple[str, ...]
    animals: tuple[str, ...]
    side: int
    threshold: float
    overlap: float
    provenance: Mapping[str, Any]
    glance: Glance | None = None

    def to_metadata(self) -> str:
        """The text of the metadata entry."""
        return json.dumps({"format": FORMAT_VERSION, **asdict(self)}, ensure_ascii=False)

    @classmethod
    def from_metadata(cls, text: str) -> DetectorInfo:
        """Parses the metadata entry.

        Raises:
            BundleError: It is of another format version, or incomplete.
        """
        entry = onnx_file.parse(text, (FORMAT_VERSION,))
        try:
            entry |= {name: tuple(entry[name]) for name in ("classes", "animals")}
            if entry.get("glance") is not None:
                entry["glance"] = Glance(**entry["glance"])
            return cls(**entry)
        except (KeyError, TypeError):
            raise BundleError("bundle_metadata_incomplete") from None


class Detector:
    """Proposes animals in photos. Safe to use from several threads at once.

    Attributes:
        info: What the detector says of itself.
        digest: The file's SHA-256 in hex digits.
    """

    def __init__(self, path: str | Path | None = None, *, device: str = "cpu") -> None:
        """Opens a detector.

        Args:
            path: Its file; None for the one inside the package.
            device: One of `devices.DEVICES`.

        Raises:
            BundleError: The file is missing, corrupt, no detector, or of another version.
            DeviceError: The device is not there, or does not start.
            UsageError: There is no such device.
        """
        path = SHIPPED if path is None else Path(path)
        # One thread: photos are looked at side by side, each by the thread that decodes it.
        self._session, self.digest = onnx_file.start(path, threads=1, device=device)
        text = self._session.get_modelmeta().custom_metadata_map.get(METADATA_KEY)
        if text is None:
            raise BundleError("bundle_not_detector", path=path)
        try:
            self.info = DetectorInfo.from_metadata(text)
        except BundleError as error:
            raise BundleError("bundle_unusable", path=path, reason=error) from None
        self._animals = [5 + self.info.classes.index(one) for one in self.info.animals]
        self._dog = 5 + self.info.classes.index("dog")

    def propose(self, photo: NDArray[np.uint8]) -> tuple[Proposal, ...]:
        """The animals in a photo, the surest first, a hundred at most.

        Args:
            photo: Upright, RGB, shape (height, width, 3), 0..255.
        """
        glance = self.info.glance
        if glance is not None:
            settled = glance.settles(self._look(photo, glance.side, glance.nothing))
            if settled is not None:
                return settled
        return self._look(photo, self.info.side, self.info.threshold)

    def _look(self, photo: NDArray[np.uint8], side: int, threshold: float) -> tuple[Proposal, ...]:
        """The animals that are seen in a photo whose longer side is brought to a size."""
        pixels, scale = _fitted(photo, side)
        (cells,) = self._session.run(["cells"], {"pixels": pixels[np.newaxis]})
        cells = cells[0]
        animal = cells[:, 4] * cells[:, self._animals].max(axis=1)
        likely = np.flatnonzero(animal >= threshold)
        if not len(likely):
            return ()
        height, width = pixels.shape[:2]
        corners = _corners(cells[likely], _grid(height, width)[likely]) / scale
        scores = animal[likely]
        found = []
        for i in suppress(corners, scores, self.info.overlap)[:_MOST]:
            cell = cells[likely[i]]
            shares = corners[i] / np.tile(photo.shape[1::-1], 2)
            if (box := _inside(shares)) is not None:
                dog = float(cell[4] * cell[self._dog])
                found.append(Proposal(box, float(scores[i]), dog))
        return tuple(found)


def _fitted(photo: NDArray[np.uint8], side: int) -> tuple[NDArray[np.uint8], float]:
    """A photo brought to a side, grey beyond it up to a multiple of 32, and by what factor."""
    height, width = photo.shape[:2]
    scale = side / max(height, width)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    small = np.asarray(Image.fromarray(photo).resize(size, Image.Resampling.BILINEAR))
    block = STRIDES[-1]
    shape = -(-size[1] // block) * block, -(-size[0] // block) * block, 3
    pixels = np.full(shape, _GREY, np.uint8)
    pixels[: size[1], : size[0]] = small
    return pixels, scale


@lru_cache(maxsize=64)
def _grid(height: int, width: int) -> _Reals:
    """The cells of all grids: column, row and stride, shape (n, 3)."""
    grids = []
    for stride in STRIDES:
        rows, columns = np.mgrid[: height // stride, : width // stride]
        cells = np.stack([columns, rows, np.full_like(rows, stride)], axis=-1)
        grids.append(cells.reshape(-1, 3))
    return np.concatenate(grids).astype(np.float32)


def _corners(cells: _Reals, grid: _Reals) -> _Reals:
    """The boxes of cells as left, top, right, bottom in the input's pixels, shape (n, 4)."""
    stride = grid[:, 2:]
    centre = (cells[:, :2] + grid[:, :2]) * stride
    half = np.exp(np.minimum(cells[:, 2:4], _LARGEST)) * stride / 2
    corners: _Reals = np.concatenate([centre - half, centre + half], axis=1)
    return corners


# The logarithm of more strides than any photo has.
_LARGEST = 10.0
_LEAST = 1e-3


def _inside(shares: _Reals) -> Box | None:
    """A box cut to its photo; None where hardly any of it is inside."""
    left, top = (max(0.0, float(one)) for one in shares[:2])
    right, bottom = (min(1.0, float(one)) for one in shares[2:])
    if right - left < _LEAST or bottom - top < _LEAST:
        return None
    return Box.between(left, top, right, bottom)
