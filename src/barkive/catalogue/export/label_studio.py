"""The catalogue as tasks for Label Studio, with its labelling configuration.

The format: https://labelstud.io/guide/predictions. Boxes come as predictions, which people
accept, move or take away. Knows nothing of files.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any
from urllib.parse import quote

from lxml import etree

from barkive.catalogue.export.boxed import dogs_of, path_from, within
from barkive.catalogue.export.categories import Categories
from barkive.catalogue.records import Entry, EntryDog
from barkive.images.remote import is_remote

# What the configuration calls its two parts, and tasks refer to.
_IMAGE, _BOXES = "photo", "dogs"
# Where Label Studio serves files of its own machine, below LOCAL_FILES_DOCUMENT_ROOT.
_LOCAL = "/data/local-files/?d="


def label_studio_config(categories: Categories) -> bytes:
    """The labelling configuration: rectangles over a photo, with all classes.

    Args:
        categories: The classes. A region may have several, as a cross has.

    Returns:
        XML in UTF-8.
    """
    view = etree.Element("View")
    etree.SubElement(view, "Image", name=_IMAGE, value=f"${_IMAGE}")
    labels = etree.SubElement(
        view, "RectangleLabels", name=_BOXES, toName=_IMAGE, choice="multiple", showInline="false"
    )
    for name in categories.names:
        etree.SubElement(labels, "Label", value=_printable(name))
    etree.indent(view)
    config: bytes = etree.tostring(view, encoding="UTF-8")
    return config + b"\n"


def label_studio_tasks(
    entries: Iterable[Entry], categories: Categories, base: str | None
) -> Iterator[str]:
    """One JSON array of tasks, in ASCII.

    A photo is a task, and its boxes are one prediction: in per cent of the upright photo, as
    Label Studio shows it, so that the rotation is 0. A photo without boxes has no prediction.

    Args:
        entries: The photos, all of which have a size.
        categories: The classes.
        base: The folder that Label Studio serves; None for the root of the file system.
            Addresses of photos in an object store stay as they are.

    Yields:
        Pieces of the array, a photo each.
    """
    before = "[\n"
    for entry in entries:
        yield before + json.dumps(_task(entry, categories, base))
        before = ",\n"
    yield "[]\n" if before == "[\n" else "\n]\n"


def _task(entry: Entry, categories: Categories, base: str | None) -> dict[str, Any]:
    regions = [_region(dog, entry, categories) for dog in dogs_of(entry)]
    predictions = []
    if regions:
        surest = min(region["score"] for region in regions)
        predictions = [{"model_version": entry.model, "score": surest, "result": regions}]
    return {
        "data": {_IMAGE: _address(entry.file, base), "barkive_id": entry.id},
        "predictions": predictions,
    }


def _region(dog: EntryDog, entry: Entry, categories: Categories) -> dict[str, Any]:
    box = within(dog.box)
    x, y = round(100 * box.x, 4), round(100 * box.y, 4)
    return {
        "id": str(dog.id),
        "type": "rectanglelabels",
        "from_name": _BOXES,
        "to_name": _IMAGE,
        "original_width": entry.width,
        "original_height": entry.height,
        "image_rotation": 0,
        "value": {
            "x": x,
            "y": y,
            "width": round(100 * box.right - x, 4),
            "height": round(100 * box.bottom - y, 4),
            "rotation": 0,
            "rectanglelabels": [_printable(name) for name in categories.all_of(dog)],
        },
        "score": categories.confidence(dog),
    }


def _address(file: str, base: str | None) -> str:
    if is_remote(file):
        return file
    path = path_from(base, file).lstrip("/")
    return _LOCAL + quote(path, errors="surrogateescape")


def _printable(name: str) -> str:
    """A name as XML can hold it, alike in configuration and tasks."""
    return "".join(c if c.isprintable() else "-" for c in name)
