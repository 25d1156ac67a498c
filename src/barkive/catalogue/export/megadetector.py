"""The catalogue in MegaDetector's batch output format 1.6, for the tools that read it.

The format: https://lila.science/megadetector-output-format. Its tools are Timelapse, AddaxAI and
others. Each dog is a detection, with its breeds as classifications. A photo with a dog that has
no box holds one detection, which is the whole photo. Knows nothing of files.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

from barkive import __version__
from barkive.boxes import Box
from barkive.catalogue.export.boxed import dogs_of, path_from, within
from barkive.catalogue.records import Entry
from barkive.verdicts import BreedName, Candidate, Status

_FORMAT = "1.6"
_DETECTOR = f"Barkive {__version__}"
_ANIMAL = "1"
# The three that MegaDetector's own files hold; some tools count on them.
_DETECTION_CATEGORIES = {_ANIMAL: "animal", "2": "person", "3": "vehicle"}
_WHOLE_PHOTO = [0.0, 0.0, 1.0, 1.0]
# Each dog has already passed the thresholds of detector and judge, so that nothing is left to sift;
# this is the lowest of them.
_THRESHOLDS = {"typical_detection_threshold": 0.05, "conservative_detection_threshold": 0.05}
_CANIDS = "mammalia;carnivora;canidae"
# Genus and species of the dhole and the African wild dog; every other label stands for a kind of
# dog.
_DOG = "canis;familiaris"
_SPECIES = {"n02115913": "cuon;alpinus", "n02116738": "lycaon;pictus"}
# By these the format tells videos, of which it asks more than a photo can say.
_VIDEOS = (".mp4", ".avi", ".mpeg", ".mpg", ".mov", ".mkv", ".flv")


def megadetector_json(
    entries: Iterable[Entry], labels: Sequence[BreedName], base: str | None, completed: datetime
) -> Iterator[str]:
    """One JSON object in MegaDetector's format, in ASCII.

    A dog, sure of the breed or not, is a detection of an animal, its confidence the detector's;
    how sure the breed is stands in the classifications. Where a photo shows a dog that has no
    box, the detection is the whole photo, with confidence 1. A photo without a dog has no
    detections, one that could not be read says why. Files named as videos are left out.

    Boxes are shares of the upright photo, as MegaDetector's own are, save for photos with a
    mirrored orientation (2, 4, 5 or 7), which it leaves unturned.

    The breeds' table and `info` come last, because only then it is known which breeds and
    models occur; the order of keys has no meaning in JSON.

    Args:
        entries: The photos.
        labels: The model's classes: categories `0`, `1` and so on. Breeds that occur beyond
            them follow.
        base: The folder that paths are given relative to, with forward slashes, where they lie
            under it; None for absolute paths.
        completed: When the last photo was identified; UTC if it has no time zone.

    Yields:
        Pieces of the object, a photo each.
    """
    categories: dict[str, tuple[int, BreedName]] = {}
    for label in labels:
        categories.setdefault(label.id, (len(categories), label))
    models: dict[str, None] = {}
    before = '{"images": [\n'
    for entry in entries:
        if entry.file.lower().endswith(_VIDEOS):
            continue
        models[entry.model] = None
        yield before + json.dumps(_image(entry, base, categories))
        before = ",\n"
    yield "\n]" if models else '{"images": []'
    tables: dict[str, Any] = {
        "detection_categories": _DETECTION_CATEGORIES,
        "classification_categories": {
            str(number): label.en or label.id for number, label in categories.values()
        },
        "classification_category_descriptions": {
            str(number): _description(label) for number, label in categories.values()
        },
        "info": _info(models, completed),
    }
    for key, value in tables.items():
        yield f",\n{json.dumps(key)}: {json.dumps(value)}"
    yield "}\n"


def _image(
    entry: Entry, base: str | None, categories: dict[str, tuple[int, BreedName]]
) -> dict[str, Any]:
    """One element of `images`; adds its breeds to `categories`."""
    image: dict[str, Any] = {"file": path_from(base, entry.file)}
    if entry.status is Status.FAILED:
        # Null and not empty: an empty list would say that there is nothing to see.
        return image | {"failure": entry.error or "The photo can't be read.", "detections": None}
    image["detections"] = []
    if dogs := dogs_of(entry):
        image["detections"] = [
            _detection(_corner_and_size(dog.box), dog.score, dog.breeds, categories) for dog in dogs
        ]
    elif entry.status is not Status.NOT_DOG:
        image["detections"] = [_detection(_WHOLE_PHOTO, 1.0, entry.breeds, categories)]
    if entry.width is not None and entry.height is not None:
        image |= {"width": entry.width, "height": entry.height}
    if entry.taken_at is not None:
        # As EXIF writes it, which is what MegaDetector copies from there.
        image["datetime"] = f"{entry.taken_at:%Y:%m:%d %H:%M:%S}"
    return image


def _detection(
    bbox: list[float],
    confidence: float,
    breeds: Iterable[Candidate],
    categories: dict[str, tuple[int, BreedName]],
) -> dict[str, Any]:
    """One element of `detections`; adds its breeds to `categories`."""
    classifications = []
    for breed in sorted(breeds, key=lambda breed: -breed.probability):
        number, _ = categories.setdefault(breed.label.id, (len(categories), breed.label))
        classifications.append([str(number), _share(breed.probability)])
    return {
        "category": _ANIMAL,
        "conf": _share(confidence),
        "bbox": bbox,
        "classifications": classifications,
    }


def _corner_and_size(box: Box) -> list[float]:
    inside = within(box)
    return [round(side, 4) for side in (inside.x, inside.y, inside.width, inside.height)]


def _share(value: float) -> float:
    """A float, for the format refuses a whole number as a confidence."""
    return round(min(max(float(value), 0.0), 1.0), 4)


def _info(models: Iterable[str], completed: datetime) -> dict[str, Any]:
    if completed.tzinfo is not None:
        completed = completed.astimezone(UTC)
    time = f"{completed:%Y-%m-%d %H:%M:%S}"
    return {
        "format_version": _FORMAT,
        "detector": _DETECTOR,
        "detector_metadata": _THRESHOLDS,
        "detection_completion_time": time,
        "classifier": ", ".join(models),
        "classification_completion_time": time,
    }


def _description(label: BreedName) -> str:
    """A label's place among the animals: the seven words that MegaDetector's tools split it into.

    They are an id, class, order, family, genus, species and the common name, as SpeciesNet has them
    (`classification_postprocessing.py` of MegaDetector 10.0.28).
    """
    number, name = (one.replace(";", " ") for one in (label.id, label.en or label.id))
    return f"{number};{_CANIDS};{_SPECIES.get(label.id, _DOG)};{name.lower()}"
