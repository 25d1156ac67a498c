"""The catalogue in COCO's format, for FiftyOne, pycocotools, CVAT and others.

The format: https://cocodataset.org/#format-data. Readers differ in what they refuse, so this is
what all of them take: whole numbers from 1 as ids, `area` and `iscrowd` with every box, `width`
and `height` with every picture, no two categories of one name. Barkive's own keys begin with
`barkive_`, because FiftyOne refuses some common ones. Knows nothing of files.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from datetime import datetime
from tempfile import SpooledTemporaryFile
from typing import Any

from barkive import __version__
from barkive.catalogue.export.boxed import dogs_of, path_from, within
from barkive.catalogue.export.categories import Categories
from barkive.catalogue.records import Entry, EntryDog

_IN_MEMORY = 1 << 24
_SUPERCATEGORY = "dog"


def coco_json(
    entries: Iterable[Entry], categories: Categories, base: str | None, made: datetime
) -> Iterator[str]:
    """One JSON object in COCO's format, in ASCII.

    Every picture has an entry, with the status of its label as `barkive_status`, so that one
    with a dog that has no box is told from one without a dog. A box is in pixels of the upright
    photo, and has a `score`, as predictions have. Its category is the breed; of a dog whose breed
    is not known, and of a cross, it is the first. `barkive_classifications` are the breeds that it
    may be, best first, `barkive_breeds` the ids of those that it is, and `barkive_corrected` says
    whether people named them.

    Annotations are kept aside, on the disk where they are many, until the pictures are out.

    Args:
        entries: The photos, all of which have a size.
        categories: The classes; their ids begin at 1.
        base: The folder that paths are given relative to, with forward slashes, where they lie
            under it; None for absolute paths.
        made: When.

    Yields:
        Pieces of the object.
    """
    with SpooledTemporaryFile(_IN_MEMORY, "w+", encoding="ascii") as kept:
        image = annotation = 0
        before = '{"images": [\n'
        for entry in entries:
            image += 1
            for dog in dogs_of(entry):
                annotation += 1
                one = _annotation(dog, entry, categories)
                kept.write(json.dumps({"id": annotation, "image_id": image, **one}) + "\n")
            yield before + json.dumps(_image(image, entry, base))
            before = ",\n"
        yield ("\n]" if image else '{"images": []') + ',\n"annotations": ['
        kept.seek(0)
        before = "\n"
        for line in kept:
            yield before + line.rstrip("\n")
            before = ",\n"
    names = enumerate(categories.names, 1)
    tables: dict[str, Any] = {
        "categories": [
            {"id": number, "name": name, "supercategory": _SUPERCATEGORY} for number, name in names
        ],
        "licenses": [],
        "info": {
            "description": f"Barkive {__version__}",
            "version": "1.0",
            "date_created": f"{made:%Y-%m-%d %H:%M:%S}",
        },
    }
    yield "\n]"
    for key, value in tables.items():
        yield f",\n{json.dumps(key)}: {json.dumps(value)}"
    yield "}\n"


def _image(number: int, entry: Entry, base: str | None) -> dict[str, Any]:
    image: dict[str, Any] = {
        "id": number,
        "file_name": path_from(base, entry.file),
        "width": entry.width,
        "height": entry.height,
    }
    if entry.taken_at is not None:
        image["date_captured"] = f"{entry.taken_at:%Y-%m-%d %H:%M:%S}"
    return image | {"barkive_status": entry.status.value}


def _annotation(dog: EntryDog, entry: Entry, categories: Categories) -> dict[str, Any]:
    box, width, height = within(dog.box), entry.width or 0, entry.height or 0
    x, y = round(box.x * width, 2), round(box.y * height, 2)
    sides = [round(box.right * width - x, 2), round(box.bottom * height - y, 2)]
    return {
        "category_id": categories.of(dog) + 1,
        "bbox": [x, y, *sides],
        "area": round(sides[0] * sides[1], 2),
        "iscrowd": 0,
        "score": categories.confidence(dog),
        "barkive_classifications": [
            {"category_id": place + 1, "score": share}
            for place, share in categories.candidates(dog)
        ],
        "barkive_breeds": [label.id for label in dog.labels],
        "barkive_corrected": dog.corrected,
    }
