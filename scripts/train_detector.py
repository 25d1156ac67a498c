"""Fine-tunes YOLOX-Nano to find dogs, and nothing else; makes the detector inside the package.

    scripts/train_detector.py STANFORD-DOGS NOT-DOGS YOLOX OUT

STANFORD-DOGS: Training photos of Stanford Dogs, a folder for each breed, each photo cut to the
    box of its dog and squashed to a square.
NOT-DOGS: Photos of other things. Those in which YOLOX sees a dog are left out.
YOLOX: YOLOX-Nano for the 80 classes of COCO as ONNX (Apache-2.0, Megvii).
OUT: The detector, in the form that `barkive.detection.detector` reads.

It needs no photo with boxes. Dogs are cut out of their photos (GrabCut: Rother et al., 2004) and
pasted side by side and over one another, so that the box of each is known (Dwibedi et al., 2017,
"Cut, Paste and Learn"). Patches without a dog are pasted too: else seams would tell where dogs
are. Assignment and loss are those of YOLOX (Ge et al., 2021, "YOLOX: Exceeding YOLO Series in
2021"). The first convolutions, up to a stride of 8, stay as they are.

Pasted scenes are not photos, and what a network learns from them costs it some of what it knew:
weights that lie between the old and the new ones find dogs better than both (Wortsman et al.,
2022, "Robust fine-tuning of zero-shot models"). `--share` says how far they go.

On two cores: three minutes for the cut-outs, then five to ten for 350 steps; more steps did not
help. Seeds are fixed, but sums in bfloat16 are not the same on every processor. Runs with other
cut-outs differ by about two points in recall and precision. The file inside the package came from
a run with 1,279 cut-outs of other photos of the same set.
"""

from __future__ import annotations

import argparse
import copy
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper, version_converter
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.data import DataLoader, IterableDataset

from barkive.detection.detector import METADATA_KEY, STRIDES, DetectorInfo, Glance

Pixels = NDArray[np.uint8]
Reals = NDArray[np.float32]

DOG: Final = 16  # of the 80 COCO classes
OPSET: Final = 17
# Where the part that is trained begins: the output of the stage with a stride of 8.
FIRST_TRAINED: Final = 23


# --- Photos and cut-outs ---------------------------------------------------------------------


def read(path: Path) -> Pixels:
    """A photo, RGB, shape (height, width, 3)."""
    return cv2.cvtColor(cv2.imread(str(path)), cv2.COLOR_BGR2RGB)


_MASK_SIDE: Final = 128
_ROW, _COLUMN = (np.mgrid[:_MASK_SIDE, :_MASK_SIDE] + 0.5) / _MASK_SIDE * 2 - 1
_ROUND = (np.abs(_ROW) ** 3 + np.abs(_COLUMN) ** 3 < 1.45).astype(np.uint8)


def cut_out(photo: Pixels) -> Pixels | None:
    """The dog of a photo that it fills: 0 or 1, shape (128, 128); None where that's implausible."""
    small = cv2.resize(photo, (_MASK_SIDE, _MASK_SIDE), interpolation=cv2.INTER_AREA)
    squared = _ROW**2 + _COLUMN**2
    labels = np.full(squared.shape, cv2.GC_PR_BGD, np.uint8)
    labels[squared < 0.85] = cv2.GC_PR_FGD
    labels[squared < 0.08] = cv2.GC_FGD
    labels[_ROUND == 0] = cv2.GC_BGD
    try:
        empty = np.zeros((1, 65)), np.zeros((1, 65))
        cv2.grabCut(small, labels, None, *empty, 4, cv2.GC_INIT_WITH_MASK)
    except cv2.error:  # of one colour all over
        return None
    mask = np.isin(labels, (cv2.GC_FGD, cv2.GC_PR_FGD)).astype(np.uint8)
    mask = cv2.morphologyEx(mask, cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
    count, parts, facts, _ = cv2.connectedComponentsWithStats(mask)
    if count < 2:
        return None
    mask = (parts == 1 + np.argmax(facts[1:, cv2.CC_STAT_AREA])).astype(np.uint8)
    mask = cv2.morphologyEx(mask, cv2.MORPH_CLOSE, np.ones((5, 5), np.uint8))
    count, holes, facts, _ = cv2.connectedComponentsWithStats(1 - mask)
    for i in range(1, count):
        if facts[i, cv2.CC_STAT_AREA] < 120:
            mask[holes == i] = 1
    return mask if _plausible(mask) else None


def _plausible(mask: Pixels) -> bool:
    """Whether a mask fills its square as a dog does, and is not ragged."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    filled = (rows[-1] + 1 - rows[0]) * (columns[-1] + 1 - columns[0]) / mask.size
    outlines = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)[0]
    length = sum(cv2.arcLength(one, True) for one in outlines)
    share = float(mask.mean())
    return filled > 0.82 and 0.38 < share < 0.85 and length**2 < 70 * mask.sum()


@dataclass(frozen=True)
class Material:
    """What scenes are made of.

    Attributes:
        dogs: Photos of dogs, for each breed.
        masks: The cut-outs of some of them, packed bits.
        others: Photos without dogs.
    """

    dogs: Sequence[Sequence[Path]]
    masks: dict[Path, Pixels]
    others: Sequence[Pixels]


def collect_masks(dogs: Sequence[Sequence[Path]], a_breed: int) -> dict[Path, Pixels]:
    """The cut-outs of the first photos of each breed, packed bits."""
    masks = {}
    for breed in dogs:
        for path in breed[:a_breed]:
            if (mask := cut_out(read(path))) is not None:
                masks[path] = np.packbits(mask)
    return masks


# --- Scenes ----------------------------------------------------------------------------------


@dataclass
class Patch:
    """Something to paste.

    Attributes:
        pixels: RGB, 0..255.
        alpha: How opaque it is, 0..1.
        solid: Where it counts as there.
    """

    pixels: Reals
    alpha: Reals
    solid: NDArray[np.bool_]


class Scene:
    """A picture under construction. Each pixel knows which dog is seen there."""

    def __init__(self, background: Pixels) -> None:
        self.pixels = background.astype(np.float32)
        self.owner = np.full(background.shape[:2], -1, np.int16)
        self.whole: list[int] = []

    def paste(self, patch: Patch, left: int, top: int, *, dog: bool, least: float = 0.4) -> bool:
        """Pastes a patch unless too little of it, or of a dog that it hides, would be seen."""
        height, width = self.owner.shape
        tall, wide = patch.alpha.shape
        x0, y0, x1, y1 = max(left, 0), max(top, 0), min(left + wide, width), min(top + tall, height)
        if x1 - x0 < 6 or y1 - y0 < 6:
            return False
        inside = slice(y0 - top, y1 - top), slice(x0 - left, x1 - left)
        there = slice(y0, y1), slice(x0, x1)
        solid = patch.solid[inside]
        size = int(patch.solid.sum())
        if dog and solid.sum() < 0.3 * size:
            return False
        hidden = np.bincount(self.owner[there][solid] + 1, minlength=len(self.whole) + 1)[1:]
        seen = np.bincount(self.owner.ravel() + 1, minlength=len(self.whole) + 1)[1:] - hidden
        if any(h and s < least * w for h, s, w in zip(hidden, seen, self.whole, strict=True)):
            return False
        alpha = patch.alpha[inside][..., np.newaxis]
        self.pixels[there] += alpha * (patch.pixels[inside] - self.pixels[there])
        self.owner[there][solid] = len(self.whole) if dog else -1
        if dog:
            self.whole.append(int(solid.sum()))
        return True

    def boxes(self) -> Reals:
        """What is seen of each dog: left, top, right, bottom in pixels, shape (n, 4)."""
        found = []
        for dog in range(len(self.whole)):
            mine = self.owner == dog
            rows, columns = np.flatnonzero(mine.any(axis=1)), np.flatnonzero(mine.any(axis=0))
            if len(rows) >= 6 and len(columns) >= 6:
                found.append((columns[0], rows[0], columns[-1] + 1, rows[-1] + 1))
        return np.array(found, np.float32).reshape(-1, 4)


# How often a group is of two dogs, of three, up to nine.
_GROUPS: Final = (0.3, 0.24, 0.16, 0.1, 0.08, 0.05, 0.04, 0.03)


class Painter:
    """Makes scenes of dogs whose boxes are known."""

    def __init__(self, material: Material, seed: int) -> None:
        self._material = material
        self._random = np.random.default_rng(seed)
        self._cut = [[path for path in breed if path in material.masks] for breed in material.dogs]
        self._all_cut = list(material.masks)

    def scene(self, height: int, width: int) -> tuple[Pixels, Reals]:
        """A picture, RGB, and the boxes in it: left, top, right, bottom in pixels, shape (n, 4)."""
        kinds: list[tuple[float, Callable[[int, int], Scene]]] = [
            (0.42, self._group),
            (0.16, self._few),
            (0.22, self._close_up),
            (0.10, self._collage),
            (0.10, self._nobody),
        ]
        shares = [share for share, _ in kinds]
        scene = kinds[self._random.choice(len(kinds), p=shares)][1](height, width)
        boxes = scene.boxes()
        pixels = self._developed(scene.pixels)
        if self._random.random() < 0.5:
            pixels = pixels[:, ::-1]
            boxes[:, [0, 2]] = width - boxes[:, [2, 0]]
        return np.ascontiguousarray(pixels), boxes

    # Kinds of scenes.

    def _group(self, height: int, width: int) -> Scene:
        """Two to nine dogs in one or two rows, often of one breed, that hide one another."""
        draw = self._random
        scene = Scene(self._background(height, width))
        count = int(draw.choice(range(2, 10), p=_GROUPS))
        breed = int(draw.integers(len(self._material.dogs))) if draw.random() < 0.65 else None
        rows = 2 if count >= 4 and draw.random() < 0.5 else 1
        overlap = draw.uniform(-0.05, 0.5)
        span = draw.uniform(0.65, 1.15) * width
        for row in range(rows):
            dogs = count // rows + (row < count % rows)
            wide = span / (dogs * (1 - overlap) + overlap)
            ground = height * (draw.uniform(0.75, 1.05) - (0.35 if rows - row == 2 else 0))
            start = draw.uniform(0, 1) * (width - span)
            for i in draw.permutation(dogs):
                aspect = self._aspect()
                dog_width = min(wide * draw.uniform(0.85, 1.25), 1.1 * height * aspect)
                patch = self._dog(dog_width / aspect, dog_width, breed)
                left = start + i * wide * (1 - overlap) + draw.normal(0, 0.06) * wide
                top = ground - patch.alpha.shape[0] + draw.normal(0, 0.05) * height
                scene.paste(patch, round(left), round(top), dog=True)
        self._distract(scene, 0.3)
        return scene

    def _few(self, height: int, width: int) -> Scene:
        """One to three dogs anywhere, small to large."""
        draw = self._random
        scene = Scene(self._background(height, width))
        self._distract(scene, 0.4)
        for _ in range(int(draw.choice([1, 2, 3], p=[0.6, 0.25, 0.15]))):
            side = math.exp(draw.uniform(math.log(0.12), math.log(1.0))) * min(height, width)
            aspect = self._aspect()
            patch = self._dog(side / math.sqrt(aspect), side * math.sqrt(aspect))
            tall, wide = patch.alpha.shape
            left = draw.uniform(-0.25 * wide, width - 0.75 * wide)
            top = draw.uniform(-0.2 * tall, height - 0.75 * tall)
            scene.paste(patch, round(left), round(top), dog=True, least=0.5)
        self._distract(scene, 0.25)
        return scene

    def _close_up(self, height: int, width: int) -> Scene:
        """A dog that fills most of the picture, or more than it."""
        draw = self._random
        scene = Scene(self._background(height, width))
        scale = draw.choice(
            [1.0, draw.uniform(0.7, 1.0), draw.uniform(1.0, 1.5)], p=[0.3, 0.4, 0.3]
        )
        stretch = math.exp(draw.normal(0, 0.12))
        tall, wide = height * scale * stretch, width * scale / stretch
        if scale == 1:
            tall, wide = height, width
        patch = self._dog(tall, wide, hard=0.7)
        left = draw.uniform(min(0, width - wide), max(0, width - wide))
        top = draw.uniform(min(0, height - tall), max(0, height - tall))
        scene.paste(patch, round(left), round(top), dog=True)
        self._distract(scene, 0.15)
        return scene

    def _collage(self, height: int, width: int) -> Scene:
        """Two to four pictures edge to edge, most of dogs."""
        draw = self._random
        scene = Scene(self._background(height, width))
        x, y = round(draw.uniform(0.3, 0.7) * width), round(draw.uniform(0.3, 0.7) * height)
        columns = [(0, x), (x, width)] if draw.random() < 0.8 else [(0, width)]
        rows = [(0, y), (y, height)] if draw.random() < 0.6 or len(columns) == 1 else [(0, height)]
        for top, bottom in rows:
            for left, right in columns:
                if draw.random() < 0.2:
                    continue
                shrink = draw.uniform(0.75, 1.0)
                tall, wide = (bottom - top) * shrink, (right - left) * shrink
                patch = self._dog(tall, wide, hard=0.6)
                down = draw.uniform(0, bottom - top - tall)
                along = draw.uniform(0, right - left - wide)
                scene.paste(patch, round(left + along), round(top + down), dog=True)
        return scene

    def _nobody(self, height: int, width: int) -> Scene:
        """No dog, with or without patches pasted."""
        scene = Scene(self._background(height, width, plain=0.05))
        for _ in range(3):
            self._distract(scene, 0.5)
        return scene

    # What they are made of.

    def _aspect(self) -> float:
        """Width by height of a dog; the photos' own is lost."""
        return float(np.clip(math.exp(self._random.normal(-0.05, 0.3)), 0.5, 2.0))

    def _dog(self, tall: float, wide: float, breed: int | None = None, hard: float = 0.12) -> Patch:
        draw = self._random
        breed = int(draw.integers(len(self._material.dogs))) if breed is None else breed
        rectangle = draw.random() < max(hard, 0.25)
        paths = self._material.dogs[breed] if rectangle else self._cut[breed] or self._all_cut
        path = paths[draw.integers(len(paths))]
        mask = None if rectangle else self._mask(path)
        feather = 0.0 if draw.random() < hard else draw.uniform(0.02, 0.12)
        return self._patch(read(path), mask, (max(round(tall), 8), max(round(wide), 8)), feather)

    def _mask(self, path: Path) -> Pixels:
        return np.unpackbits(self._material.masks[path]).reshape(_MASK_SIDE, _MASK_SIDE)

    def _patch(
        self, photo: Pixels, mask: Pixels | None, size: tuple[int, int], feather: float
    ) -> Patch:
        """A photo or its cut-out at a size, mirrored or not, lighter or darker."""
        draw = self._random
        mirror = slice(None, None, -1 if draw.random() < 0.5 else 1)
        pixels = _resized(np.ascontiguousarray(photo[:, mirror]), size).astype(np.float32)
        pixels = (pixels - 128) * draw.uniform(0.85, 1.15) + 128 + draw.uniform(-20, 20)
        if mask is None:
            solid = _resized(_ROUND, size, nearest=True) > 0
            alpha = _feathered(size, feather)
        else:
            soft = cv2.resize(
                np.ascontiguousarray(mask[:, mirror]) * np.float32(1), size[::-1],
                interpolation=cv2.INTER_LINEAR if min(size) > _MASK_SIDE else cv2.INTER_AREA,
            )  # fmt: skip
            alpha = cv2.GaussianBlur(soft, (0, 0), draw.uniform(0.4, 1.5)).astype(np.float32)
            solid = soft > 0.5
        return Patch(pixels, alpha, solid)

    def _distract(self, scene: Scene, chance: float) -> None:
        """Pastes a patch without a dog, so that seams do not tell where dogs are."""
        draw = self._random
        if draw.random() >= chance:
            return
        height, width = scene.owner.shape
        side = draw.uniform(0.12, 0.6) * min(height, width)
        aspect = self._aspect()
        size = max(round(side / aspect), 8), max(round(side * aspect), 8)
        mask = None
        if draw.random() < 0.6:  # with the outline of some dog
            mask = self._mask(self._all_cut[draw.integers(len(self._all_cut))])
        feather = 0.0 if draw.random() < 0.3 else draw.uniform(0.02, 0.12)
        patch = self._patch(self._other(), mask, size, feather)
        left = draw.uniform(-0.3 * size[1], width - 0.7 * size[1])
        top = draw.uniform(-0.3 * size[0], height - 0.7 * size[0])
        scene.paste(patch, round(left), round(top), dog=False, least=0.55)

    def _other(self) -> Pixels:
        """A part of a photo without dogs."""
        draw = self._random
        photo = self._material.others[draw.integers(len(self._material.others))]
        height, width = photo.shape[:2]
        tall, wide = (round(n * draw.uniform(0.45, 1.0)) for n in (height, width))
        top, left = draw.integers(height - tall + 1), draw.integers(width - wide + 1)
        return photo[top : top + tall, left : left + wide]

    def _background(self, height: int, width: int, plain: float = 0.12) -> Pixels:
        draw = self._random
        if draw.random() < plain:
            colours = draw.uniform(0, 255, (2, 2, 3)).astype(np.float32)
            mean = colours.mean(axis=(0, 1))
            colours = mean + draw.uniform(0, 1) * (colours - mean)
            return np.clip(_resized(colours, (height, width)), 0, 255).astype(np.uint8)
        pixels = _resized(np.ascontiguousarray(self._other()), (height, width))
        if draw.random() < 0.25:
            pixels = cv2.GaussianBlur(pixels, (0, 0), draw.uniform(1, 8))
        return pixels

    def _developed(self, pixels: Reals) -> Pixels:
        """Colour, light, grain and compression of a photo."""
        draw = self._random
        pixels = pixels * draw.uniform(0.9, 1.1, 3).astype(np.float32)
        pixels = (pixels - 128) * draw.uniform(0.75, 1.2) + 128 + draw.uniform(-25, 25)
        if draw.random() < 0.06:
            pixels = np.repeat(pixels.mean(axis=2, keepdims=True), 3, axis=2)
        if draw.random() < 0.25:
            blurred = cv2.GaussianBlur(pixels, (0, 0), draw.uniform(0.6, 1.5))
            pixels = blurred if draw.random() < 0.3 else pixels + 0.7 * (pixels - blurred)
        if draw.random() < 0.2:
            pixels = pixels + draw.normal(0, draw.uniform(2, 10), pixels.shape).astype(np.float32)
        made = np.clip(pixels, 0, 255).astype(np.uint8)
        if draw.random() < 0.25:
            quality = [cv2.IMWRITE_JPEG_QUALITY, int(draw.integers(30, 90))]
            made = cv2.imdecode(cv2.imencode(".jpg", made, quality)[1], cv2.IMREAD_COLOR)
        return made


def _resized(pixels: Any, size: tuple[int, int], *, nearest: bool = False) -> Any:
    if nearest:
        how = cv2.INTER_NEAREST
    else:
        how = (
            cv2.INTER_AREA
            if size[0] * size[1] < pixels.shape[0] * pixels.shape[1]
            else cv2.INTER_LINEAR
        )
    return cv2.resize(pixels, size[::-1], interpolation=how)


def _feathered(size: tuple[int, int], feather: float) -> Reals:
    """One inside a rectangle, falling to zero towards its edges."""
    if not feather:
        return np.ones(size, np.float32)
    ramps = []
    for length in size:
        position = (np.arange(length, dtype=np.float32) + 0.5) / length
        ramps.append(np.minimum(np.minimum(position, 1 - position) / feather, 1))
    return np.outer(*ramps).astype(np.float32)


class Batches(IterableDataset[tuple[Tensor, list[Tensor]]]):
    """Batches of scenes without end, the scenes of each of one size."""

    def __init__(self, material: Material, size: int, seed: int) -> None:
        super().__init__()
        self._material, self._size, self._seed = material, size, seed

    def __iter__(self) -> Iterator[tuple[Tensor, list[Tensor]]]:
        cv2.setNumThreads(1)
        painter = Painter(self._material, self._seed)
        draw = np.random.default_rng(self._seed + 1)
        while True:
            longer = int(draw.choice([320, 352, 384, 416]))
            shorter = round(longer * draw.uniform(0.6, 1.0) / 32) * 32
            size = (longer, shorter) if draw.random() < 0.4 else (shorter, longer)
            made = [painter.scene(*size) for _ in range(self._size)]
            pixels = torch.from_numpy(np.stack([one for one, _ in made]))
            yield pixels, [torch.from_numpy(boxes) for _, boxes in made]


# --- Network ---------------------------------------------------------------------------------


def one_class(path: Path) -> onnx.ModelProto:
    """YOLOX with its class `dog` alone, that takes upright RGB pixels of any size."""
    model = version_converter.convert_version(onnx.load(path), OPSET)
    graph = model.graph
    tensors = {one.name: one for one in graph.initializer}

    def put(name: str, values: NDArray[Any]) -> None:
        tensors[name].CopyFrom(numpy_helper.from_array(np.ascontiguousarray(values), name))

    for level in range(len(STRIDES)):
        for part in ("weight", "bias"):
            name = f"head.cls_preds.{level}.{part}"
            put(name, numpy_helper.to_array(tensors[name])[DOG : DOG + 1])
    for node in graph.node:
        if node.op_type == "Reshape":
            put(node.input[1], np.array([1, 6, -1], np.int64))
    first = next(node for node in graph.node if node.op_type == "Conv")
    weight = numpy_helper.to_array(tensors[first.input[1]])
    by_pixel = weight.reshape(len(weight), 4, 3, *weight.shape[2:])
    put(first.input[1], by_pixel[:, :, ::-1].reshape(weight.shape))  # BGR to RGB
    for node in graph.node:
        node.output[:] = ["cells" if name == "output" else name for name in node.output]
    graph.node.insert(0, helper.make_node("Cast", ["pixels"], ["reals"], to=TensorProto.FLOAT))
    graph.node.insert(1, helper.make_node("Transpose", ["reals"], ["images"], perm=[0, 3, 1, 2]))
    del graph.input[:], graph.output[:], graph.value_info[:]
    pixels = helper.make_tensor_value_info("pixels", TensorProto.UINT8, [1, "height", "width", 3])
    cells = helper.make_tensor_value_info("cells", TensorProto.FLOAT, [1, "cells", 6])
    graph.input.append(pixels)
    graph.output.append(cells)
    onnx.checker.check_model(model)
    return model


class Network(nn.Module):
    """The graph of `one_class` in PyTorch, without the sigmoids at its end."""

    def __init__(self, model: onnx.ModelProto) -> None:
        super().__init__()
        nodes = list(model.graph.node)
        tensors = {one.name: numpy_helper.to_array(one) for one in model.graph.initializer}
        makers = {output: node for node in nodes for output in node.output}
        self.convolutions = nn.ModuleList()
        self.weight_names: list[tuple[str, str]] = []
        self._steps: list[tuple[str, Any, tuple[str, ...], str]] = []
        for node in nodes:
            settings = {one.name: helper.get_attribute_value(one) for one in node.attribute}
            inputs, output = tuple(node.input), node.output[0]
            match node.op_type:
                case "Conv":
                    weight, bias = (tensors[name] for name in inputs[1:])
                    groups = settings.get("group", 1)
                    convolution = nn.Conv2d(
                        weight.shape[1] * groups, len(weight), weight.shape[2:],
                        settings["strides"], settings["pads"][:2], groups=groups,
                    )  # fmt: skip
                    convolution.weight.data.copy_(torch.tensor(weight))
                    convolution.bias.data.copy_(torch.tensor(bias))
                    self._steps.append(("Conv", len(self.convolutions), inputs[:1], output))
                    self.convolutions.append(convolution)
                    self.weight_names.append((inputs[1], inputs[2]))
                case "Mul":  # a value by its sigmoid
                    self._steps.append(("SiLU", None, inputs[:1], output))
                case "MaxPool":
                    self._steps.append(("MaxPool", settings["kernel_shape"][0], inputs, output))
                case "Add" | "Resize":
                    self._steps.append((node.op_type, None, inputs, output))
                case "Concat" if settings["axis"] == 1:
                    sources = [makers[name] for name in inputs]
                    if sources[0].op_type == "Slice":
                        self._steps.append(("Focus", None, ("images",), output))
                        continue
                    last = any(one.op_type == "Sigmoid" for one in sources)
                    inputs = tuple(
                        one.input[0] if one.op_type == "Sigmoid" else name
                        for one, name in zip(sources, inputs, strict=True)
                    )
                    self._steps.append(("Head" if last else "Concat", None, inputs, output))

    def forward(self, pixels: Tensor) -> Tensor:
        """Of pixels, 0..255, shape (n, 3, height, width): cells as logits, shape (n, cells, 6)."""
        values, heads = {"images": pixels}, []
        for kind, what, names, output in self._steps:
            given = [values[name] for name in names if name in values]
            match kind:
                case "Conv":
                    value = self.convolutions[what](given[0])
                    if what < FIRST_TRAINED:
                        value = value.detach()
                case "SiLU":
                    value = functional.silu(given[0])
                case "MaxPool":
                    value = functional.max_pool2d(given[0], what, 1, what // 2)
                case "Add":
                    value = given[0] + given[1]
                case "Resize":
                    value = functional.interpolate(given[0], scale_factor=2, mode="nearest")
                case "Focus":
                    half = [given[0][..., y::2, x::2] for x in (0, 1) for y in (0, 1)]
                    value = torch.cat(half, dim=1)
                case _:
                    value = torch.cat(given, dim=1)
            if kind == "Head":
                heads.append(value.flatten(2))
            values[output] = value
        return torch.cat(heads, dim=2).transpose(1, 2).float()

    def trained(self) -> list[nn.Parameter]:
        """The parameters of the part that is trained; the others are held."""
        for i, convolution in enumerate(self.convolutions):
            convolution.requires_grad_(i >= FIRST_TRAINED)
        return [one for one in self.parameters() if one.requires_grad]


def grid(height: int, width: int) -> Tensor:
    """The cells of all grids: column, row and stride, shape (n, 3)."""
    grids = []
    for stride in STRIDES:
        rows, columns = torch.meshgrid(
            torch.arange(height // stride), torch.arange(width // stride), indexing="ij"
        )
        grids.append(torch.stack([columns, rows, torch.full_like(rows, stride)], -1).view(-1, 3))
    return torch.cat(grids).float()


def corners(cells: Tensor, places: Tensor) -> Tensor:
    """The boxes of cells, left, top, right, bottom in pixels, shape (..., 4)."""
    stride = places[:, 2:]
    centre = (cells[..., :2] + places[:, :2]) * stride
    half = cells[..., 2:4].clamp(max=8).exp() * stride / 2
    return torch.cat([centre - half, centre + half], dim=-1)


# --- Loss ------------------------------------------------------------------------------------


def overlaps(boxes: Tensor, others: Tensor) -> Tensor:
    """Intersection over union of boxes, shape (..., 4), broadcast."""
    low = torch.maximum(boxes[..., :2], others[..., :2])
    high = torch.minimum(boxes[..., 2:], others[..., 2:])
    shared = (high - low).clamp(min=0).prod(-1)
    areas = [(one[..., 2:] - one[..., :2]).prod(-1) for one in (boxes, others)]
    return shared / (areas[0] + areas[1] - shared + 1e-6)


def assign(cells: Tensor, boxes: Tensor, truth: Tensor, places: Tensor) -> tuple[Tensor, Tensor]:
    """Which cells answer for which dog (SimOTA of YOLOX, one class).

    Args:
        cells: Logits of a picture, shape (n, 6).
        boxes: What they say, shape (n, 4).
        truth: Boxes of dogs, shape (dogs, 4), at least one.
        places: See `grid`.

    Returns:
        Positions of cells, and of their dogs.
    """
    centre = (places[:, :2] + 0.5) * places[:, 2:]
    reach = 2.5 * places[:, 2]
    middle = (truth[:, :2] + truth[:, 2:]) / 2
    inside = ((centre > truth[:, None, :2]) & (centre < truth[:, None, 2:])).all(-1)
    near = ((centre - middle[:, None]).abs() < reach[:, None]).all(-1)
    candidates = (inside | near).any(0).nonzero()[:, 0]
    overlap = overlaps(boxes[candidates], truth[:, None])
    score = (cells[candidates, 4].sigmoid() * cells[candidates, 5].sigmoid()).sqrt()
    cost = -score.clamp(min=1e-6).log() - 3 * (overlap + 1e-8).log()
    cost = cost + 1e5 * ~(inside & near)[:, candidates]
    chosen = torch.zeros_like(cost, dtype=torch.bool)
    best = overlap.topk(min(10, len(candidates)), dim=1).values.sum(1).int().clamp(min=1)
    for dog, count in enumerate(best.tolist()):
        chosen[dog, cost[dog].topk(min(count, len(candidates)), largest=False).indices] = True
    shared = chosen.sum(0) > 1
    if shared.any():
        first = cost[:, shared].argmin(0)
        chosen[:, shared] = False
        chosen[first, shared.nonzero()[:, 0]] = True
    dogs, found = chosen.nonzero(as_tuple=True)
    return candidates[found], dogs


def loss_of(cells: Tensor, truths: Sequence[Tensor], places: Tensor) -> Tensor:
    """The loss of a batch: overlap of boxes, objectness of cells, quality of boxes."""
    boxes = corners(cells, places)
    there = torch.zeros(cells.shape[:2])
    overlap_loss = quality_loss = cells.new_zeros(())
    count = 0
    for i, truth in enumerate(truths):
        if not len(truth):
            continue
        with torch.no_grad():
            mine, dogs = assign(cells[i], boxes[i], truth, places)
        overlap = overlaps(boxes[i, mine], truth[dogs])
        overlap_loss = overlap_loss + (1 - overlap**2).sum()
        quality_loss = quality_loss + functional.binary_cross_entropy_with_logits(
            cells[i, mine, 5], overlap.detach(), reduction="sum"
        )
        there[i, mine] = 1
        count += len(mine)
    objectness_loss = functional.binary_cross_entropy_with_logits(
        cells[..., 4], there, reduction="sum"
    )
    return (5 * overlap_loss + objectness_loss + quality_loss) / max(count, 1)


# --- Training --------------------------------------------------------------------------------


def train(
    network: Network, batches: Iterator[tuple[Tensor, list[Tensor]]], *, steps: int, rate: float
) -> Network:
    """Trains a network; gives the moving average of its weights."""
    network.to(memory_format=torch.channels_last)
    parameters = network.trained()
    optimiser = torch.optim.AdamW(parameters, lr=rate, weight_decay=1e-4)
    average = copy.deepcopy(network)
    losses: list[float] = []
    for step in range(1, steps + 1):
        pixels, truths = next(batches)
        for group in optimiser.param_groups:
            group["lr"] = rate * min(1.0, step / _WARM_UP)
        with torch.autocast("cpu", torch.bfloat16):
            cells = network(pixels.permute(0, 3, 1, 2).float())
        loss = loss_of(cells, truths, grid(*pixels.shape[1:3]))
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(parameters, 10)
        optimiser.step()
        with torch.no_grad():
            keep = min(0.998, step / (step + 10))
            for mean, now in zip(average.parameters(), network.parameters(), strict=True):
                mean.lerp_(now, 1 - keep)
        losses.append(float(loss.detach()))
        if step % 25 == 0:
            print(f"step {step}: loss {sum(losses[-50:]) / len(losses[-50:]):.3f}", flush=True)
    return average


_WARM_UP: Final = 100


def between(old: Network, new: Network, share: float) -> Network:
    """The network whose weights lie so far on the way from one network's to another's."""
    made = copy.deepcopy(old)
    with torch.no_grad():
        for mine, other in zip(made.parameters(), new.parameters(), strict=True):
            mine.lerp_(other, share)
    return made


def export(network: Network, model: onnx.ModelProto, info: DetectorInfo, path: Path) -> None:
    """Writes a network in the form that `barkive.detection.detector` reads."""
    model = copy.deepcopy(model)
    tensors = {one.name: one for one in model.graph.initializer}
    for names, convolution in zip(network.weight_names, network.convolutions, strict=True):
        for name, value in zip(names, (convolution.weight, convolution.bias), strict=True):
            values = np.ascontiguousarray(value.detach().numpy())
            tensors[name].CopyFrom(numpy_helper.from_array(values, name))
    helper.set_model_props(model, {METADATA_KEY: info.to_metadata()})
    path.with_suffix(".part").write_bytes(model.SerializeToString())
    path.with_suffix(".part").replace(path)


def likelihood(photo: Pixels, network: Network) -> float:
    """How sure a network is that a dog is somewhere in a photo, 0..1."""
    pixels = torch.from_numpy(_resized(photo, (320, 320))).permute(2, 0, 1)[None].float()
    with torch.no_grad():
        cells = network(pixels)[0].sigmoid()
    return float((cells[:, 4] * cells[:, 5]).max())


def main() -> None:
    """Runs the program."""
    args = _arguments()
    torch.manual_seed(args.seed)
    torch.set_num_threads(args.threads)
    cv2.setNumThreads(1)
    model = one_class(args.yolox)
    original = Network(model)
    others = [read(path) for path in sorted(args.others.glob("*.jpg"))]
    others = [photo for photo in others if likelihood(photo, original) < 0.15]
    dogs = [sorted(breed.glob("*.jpg")) for breed in sorted(args.dogs.iterdir())]
    masks = collect_masks(dogs, args.cut_outs)
    print(f"{len(masks)} cut-outs, {len(others)} photos without dogs", flush=True)
    scenes = Batches(Material(dogs, masks, others), args.batch, args.seed)
    loader = DataLoader(scenes, batch_size=None, num_workers=1, prefetch_factor=4)
    trained = train(copy.deepcopy(original), iter(loader), steps=args.steps, rate=args.rate)
    info = DetectorInfo(
        name="yolox-nano-dog",
        classes=("dog",),
        animals=("dog",),
        side=args.side,
        threshold=args.threshold,
        overlap=args.overlap,
        provenance={
            "network": "YOLOX-Nano, Megvii, Apache-2.0, trained on COCO",
            "fine_tuned_on": "scenes pasted of dogs of Stanford Dogs and of photos of other things",
            "licence": "Fine-tuned on ImageNet photos: research and education, non-commercial.",
            "steps": args.steps,
            "share": args.share,
            "seed": args.seed,
        },
        glance=Glance(side=192, threshold=0.15, nothing=0.05, sure=0.4, area=1 / 16),
    )
    export(between(original, trained, args.share), model, info, args.out)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    for name in ("dogs", "others", "yolox", "out"):
        parser.add_argument(name, type=Path)
    parser.add_argument("--cut-outs", type=int, default=12, help="photos of each breed to cut out")
    parser.add_argument("--steps", type=int, default=350)
    parser.add_argument("--batch", type=int, default=16, help="scenes a step")
    parser.add_argument("--rate", type=float, default=3e-4, help="learning rate")
    parser.add_argument("--share", type=float, default=0.4, help="how far towards the new weights")
    parser.add_argument("--side", type=int, default=416, help="of the detector's input, in pixels")
    parser.add_argument("--threshold", type=float, default=0.2, help="least score of a proposal")
    parser.add_argument("--overlap", type=float, default=0.5, help="above which boxes are one dog")
    parser.add_argument("--threads", type=int, default=1, help="besides one that makes scenes")
    parser.add_argument("--seed", type=int, default=0)
    return parser.parse_args()


if __name__ == "__main__":
    main()
