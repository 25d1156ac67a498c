"""Reads boxes that other programs drew: MegaDetector's results, and COCO's format.

Programs differ in which picture their boxes lie in: some turn photos upright by their EXIF
orientation, others do not. In COCO it shows by exchanged sides, and the boxes are turned. It does
not show with the orientations 2, 3 and 4, nor in a square picture; there, boxes are taken as drawn
on the upright photo. Mirrored photos in MegaDetector's results are left out, and counted. Knows
nothing of the catalogue.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

from barkive.boxes import Box
from barkive.breeds import called
from barkive.errors import PhotoError, UsageError, system_reason
from barkive.images import Header, describe, read_file
from barkive.images.decode import TURNED

_VERSIONS = ("1.0", "1.1", "1.2", "1.3", "1.4", "1.5", "1.6")
# What MegaDetector's own programs take where a file does not say.
_TYPICAL = 0.2
_ANIMAL: Final = "animal"
_DOGS: Final = ("dog", "dogs", "domestic dog")
# MegaDetector turns photos of 3, 6 and 8 upright, and leaves these as they are stored; other
# programs that write its format turn them.
_MIRRORED = (2, 4, 5, 7)
# Of pictures of one shape the sides differ by rounding alone.
_SAME_SHAPE = 0.01


class LeftOut(StrEnum):
    """Why something in a file of boxes is not taken."""

    PICTURE_FAILED = "picture_failed"
    PICTURE_UNREADABLE = "picture_unreadable"
    PICTURE_MIRRORED = "picture_mirrored"
    PICTURE_CHANGED = "picture_changed"
    NO_DOG = "no_dog"
    UNSURE = "unsure"
    NO_BOX = "no_box"
    OUTSIDE = "outside"
    TOO_MANY = "too_many"


@dataclass(frozen=True, slots=True)
class FoundBox:
    """A box that another program drew.

    Attributes:
        box: In the upright photo.
        score: How sure the program is, 0..1; 1 where it does not say.
        is_dog: Whether it says that a dog is there, and not only an animal.
    """

    box: Box
    score: float
    is_dog: bool


@dataclass(frozen=True, slots=True)
class BoxFile:
    """What a file of boxes holds.

    Attributes:
        program: That made it, as far as it says.
        pictures: The boxes of each picture that has some, by its absolute path.
        left_out: How many pictures, or boxes, are not among them, by why.
    """

    program: str
    pictures: Mapping[str, tuple[FoundBox, ...]]
    left_out: Counter[LeftOut] = field(default_factory=Counter)


Look = Callable[[str], Header | None]


def header_of(path: str) -> Header | None:
    """What a photo's file says of itself; None where it can't be read."""
    try:
        return describe(read_file(path))
    except PhotoError:
        return None


def read_box_file(
    file: Path, folder: Path | None = None, threshold: float | None = None, look: Look = header_of
) -> BoxFile:
    """Reads the boxes of dogs and of animals; those of other things are counted.

    Args:
        file: JSON: MegaDetector's results of format 1.0 to 1.6, or COCO.
        folder: That relative paths start at; None for the file's own.
        threshold: The least score of a box; None for what a MegaDetector file says is typical,
            and for all boxes of a COCO file.
        look: Gives the header of a picture, by its path.

    Raises:
        UsageError: It can't be read, is neither, or is of another version.
    """
    try:
        content = json.loads(file.read_bytes())
    except FileNotFoundError:
        raise UsageError("box_file_not_found", file=file) from None
    except OSError as error:
        raise UsageError("box_file_unreadable", file=file, reason=system_reason(error)) from None
    except (ValueError, RecursionError):
        raise UsageError("box_file_no_json", file=file) from None
    keys = content.keys() if isinstance(content, dict) else ()
    base = Path(os.path.abspath(folder if folder is not None else file.parent))  # noqa: PTH100
    if {"images", "detection_categories"} <= {*keys}:
        return _MegaDetector(file, base, look, threshold).read(content)
    if {"images", "annotations", "categories"} <= {*keys}:
        return _Coco(file, base, look, threshold).read(content)
    raise UsageError("box_file_unknown", file=file)


class _Reader:
    """What the readers of both formats share."""

    def __init__(self, file: Path, base: Path, look: Look, threshold: float | None) -> None:
        self._file, self._base, self._look, self._threshold = file, base, look, threshold
        self._left_out: Counter[LeftOut] = Counter()

    def _path(self, name: str) -> str:
        if "/" not in name:
            name = name.replace("\\", "/")  # written on Windows
        return os.path.normpath(self._base / name)

    def _found(self, corners: Iterator[float], score: object, *, is_dog: bool) -> FoundBox | None:
        """A box in shares of the picture that it was drawn on; None where none of it is there."""
        sure = 1.0 if score is None else _real(score)
        if sure is None or not sure >= (self._threshold or 0.0):  # which NaN is not either
            self._left_out[LeftOut.UNSURE] += 1
            return None
        try:
            return FoundBox(Box.between(*corners), min(sure, 1.0), is_dog)
        except (UsageError, TypeError, ValueError, OverflowError):
            self._left_out[LeftOut.OUTSIDE] += 1
            return None

    def _refuse(self, why: LeftOut) -> None:
        self._left_out[why] += 1


class _MegaDetector(_Reader):
    """https://lila.science/megadetector-output-format."""

    def read(self, content: dict[str, Any]) -> BoxFile:
        info = _table(content.get("info"))
        version = str(info.get("format_version", _VERSIONS[0]))
        if version not in _VERSIONS:
            raise UsageError(
                "box_file_version",
                file=self._file,
                version=version,
                first=_VERSIONS[0],
                last=_VERSIONS[-1],
            )
        if self._threshold is None:
            typical = _table(info.get("detector_metadata")).get("typical_detection_threshold")
            self._threshold = _real(typical) if typical is not None else _TYPICAL
        names = {
            key: str(name).casefold()
            for key, name in _table(content["detection_categories"]).items()
        }
        pictures: dict[str, tuple[FoundBox, ...]] = {}
        for image in filter(_table, _list(content["images"])):
            if image.get("failure") is not None or not isinstance(image.get("file"), str):
                self._refuse(LeftOut.PICTURE_FAILED)
                continue
            path = self._path(image["file"])
            found = [*self._boxes(image, names)]
            if found and (kept := self._upright(path, found)):
                pictures[path] = (*pictures.get(path, ()), *kept)
        return BoxFile(str(info.get("detector") or "MegaDetector"), pictures, self._left_out)

    def _boxes(self, image: dict[str, Any], names: Mapping[str, str]) -> Iterator[FoundBox]:
        for detection in filter(_table, _list(image.get("detections"))):
            name = names.get(str(detection.get("category")))
            if name != _ANIMAL and name not in _DOGS:
                self._refuse(LeftOut.NO_DOG)
                continue
            corners = _corners(detection.get("bbox"), 1, 1)
            found = self._found(corners, detection.get("conf"), is_dog=name in _DOGS)
            if found is not None:
                yield found

    def _upright(self, path: str, found: list[FoundBox]) -> list[FoundBox]:
        header = self._look(path)
        if header is None:
            self._refuse(LeftOut.PICTURE_UNREADABLE)
        elif header.orientation in _MIRRORED:
            self._refuse(LeftOut.PICTURE_MIRRORED)
        else:
            return found
        return []


class _Coco(_Reader):
    """https://cocodataset.org/#format-data."""

    def read(self, content: dict[str, Any]) -> BoxFile:
        is_dog = {
            _key(one.get("id")): _says_dog(one)
            for one in filter(_table, _list(content["categories"]))
        }
        images = {
            _key(one.get("id")): one
            for one in filter(_table, _list(content["images"]))
            if isinstance(one.get("file_name"), str)
        }
        of_image: dict[str, list[dict[str, Any]]] = {}
        for one in filter(_table, _list(content["annotations"])):
            says = is_dog.get(_key(one.get("category_id")))
            if says is None:
                self._refuse(LeftOut.NO_DOG)
            elif not one.get("bbox") or one.get("iscrowd"):
                self._refuse(LeftOut.NO_BOX)
            elif _key(one.get("image_id")) not in images:
                self._refuse(LeftOut.PICTURE_FAILED)
            else:
                of_image.setdefault(_key(one["image_id"]), []).append(one | {"is_dog": says})
        pictures: dict[str, tuple[FoundBox, ...]] = {}
        for number, drawn in of_image.items():
            path = self._path(images[number]["file_name"])
            if kept := self._boxes(path, images[number], drawn):
                pictures[path] = (*pictures.get(path, ()), *kept)
        program = _table(content.get("info")).get("description")
        return BoxFile(str(program or self._file.name), pictures, self._left_out)

    def _boxes(
        self, path: str, image: dict[str, Any], annotations: list[dict[str, Any]]
    ) -> list[FoundBox]:
        header = self._look(path)
        if header is None:
            self._refuse(LeftOut.PICTURE_UNREADABLE)
            return []
        width, height = _real(image.get("width")), _real(image.get("height"))
        size = (width, height) if width and height else (header.width, header.height)
        orientation = _turn(header, *size)
        if orientation is None:
            self._refuse(LeftOut.PICTURE_CHANGED)
            return []
        found = []
        for one in annotations:
            corners = _corners(one["bbox"], *size)
            box = self._found(corners, one.get("score"), is_dog=one["is_dog"])
            if box is not None:
                found.append(FoundBox(box.box.turned(orientation), box.score, box.is_dog))
        return found


def _turn(header: Header, width: float, height: float) -> int | None:
    """How boxes turn that were drawn on a picture of this size; None if it was another picture.

    A program that does not turn photos knows one that is held upright as lying. Where both have
    the same shape, boxes are taken as drawn on the upright photo.
    """
    if _is_of_shape(header.width, header.height, width, height):
        return 1
    lies = header.orientation in TURNED and _is_of_shape(header.height, header.width, width, height)
    return header.orientation if lies else None


def _is_of_shape(width: float, height: float, other_width: float, other_height: float) -> bool:
    return abs(width * other_height / (height * other_width) - 1) <= _SAME_SHAPE


def _says_dog(category: dict[str, Any]) -> bool | None:
    """Whether a category is of dogs; False if of any animal, None if of something else."""
    name = str(category.get("name")).casefold()
    if name in _DOGS or str(category.get("supercategory")).casefold() in _DOGS:
        return True
    if name == _ANIMAL:
        return False
    return True if called(name) is not None else None


def _corners(bbox: object, width: float, height: float) -> Iterator[float]:
    """Left, top, right and bottom of x, y, width and height, in shares; fails on anything else."""
    x, y, wide, high = map(float, _list(bbox))
    yield from (x / width, y / height, (x + wide) / width, (y + high) / height)


def _real(value: object) -> float | None:
    """A number as JSON has it; None of anything else."""
    try:
        return float(value) if isinstance(value, (int, float)) else None
    except OverflowError:
        return None


def _key(value: object) -> str:
    """An id, which some programs write as a number and others as text."""
    return str(value)


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _table(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
