#!/usr/bin/env bash
# pycocotools never finds the first box of a COCO file that Label Studio wrote.
#
# Version: label-studio-sdk 2.1.2, whose converter makes Label Studio's exports, and pycocotools
#   2.0.11, from PyPI, Python 3.11.
# Expected: results that repeat the truth box for box have an average precision and a recall of 1.
# Seen: Label Studio counts annotations from 0. pycocotools notes for each result the annotation
#   that it matched, and 0 if there is none. So annotation 0 is missed, and the result that found
#   it is a false one: three boxes of one breed give a precision of 0.44 and a recall of 0.67.
#   There is no warning. Counted from 1 they give 1 and 1; a picture or a category may well be 0.
# What it means for Barkive: annotations are counted from 1, and boxes that come in from a COCO file
#   get new numbers.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check --no-deps \
    label-studio-sdk==2.1.2 pycocotools==2.0.11 pillow==13.0.0 numpy==2.4.6 appdirs==1.4.4 \
    certifi==2026.10.19.post1 idna==3.20 ijson==3.6.0 lxml==6.1.3 nltk==3.10.4 PyJWT==2.15.1 \
    regex==2026.11.19 requests==2.34.2 ujson==6.1.0 urllib3==2.8.0

cd "$work"
"$work/venv/bin/python" -W ignore - <<'PYTHON'
import contextlib
import io
import json
from pathlib import Path

from label_studio_sdk.converter.converter import Converter
from PIL import Image
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

Image.new("RGB", (400, 300), "tan").save("dogs.jpg")
REGIONS = [
    {
        "id": f"box{number}",
        "from_name": "box",
        "to_name": "image",
        "type": "rectanglelabels",
        "original_width": 400,
        "original_height": 300,
        "image_rotation": 0,
        "value": {
            "x": 5 + 30 * number,
            "y": 10,
            "width": 20,
            "height": 20,
            "rotation": 0,
            "rectanglelabels": ["Pug"],
        },
    }
    for number in range(3)
]
TASK = {
    "id": 1,
    "data": {"image": str(Path("dogs.jpg").resolve())},
    "annotations": [{"id": 1, "completed_by": 1, "result": REGIONS}],
}
Path("tasks.json").write_text(json.dumps([TASK]))
CONFIGURATION = (
    '<View><Image name="image" value="$image"/>'
    '<RectangleLabels name="box" toName="image"><Label value="Pug"/></RectangleLabels></View>'
)
Converter(CONFIGURATION, ".", download_resources=False).convert_to_coco(
    "tasks.json", "coco", is_dir=False
)
exported = json.loads(Path("coco", "result.json").read_text())


def judged(first: int) -> tuple[float, float]:
    """Precision at an IoU of 0.5 and recall of the truth itself, counted from `first`."""
    truth = COCO()
    truth.dataset = exported | {
        "annotations": [
            annotation | {"id": first + number}
            for number, annotation in enumerate(exported["annotations"])
        ]
    }
    truth.createIndex()
    results = [
        {key: annotation[key] for key in ("image_id", "category_id", "bbox")} | {"score": 0.9}
        for annotation in exported["annotations"]
    ]
    evaluation = COCOeval(truth, truth.loadRes(results), "bbox")
    evaluation.evaluate()
    evaluation.accumulate()
    evaluation.summarize()
    return round(float(evaluation.stats[1]), 2), round(float(evaluation.stats[8]), 2)


numbers = {
    key: [entry["id"] for entry in exported[key]] for key in ("images", "categories", "annotations")
}
with contextlib.redirect_stdout(io.StringIO()):
    as_exported, from_one = judged(numbers["annotations"][0]), judged(1)
print("Label Studio numbers:", numbers)
print("precision and recall of the truth itself:", *as_exported)
print("the same with annotations counted from 1:", *from_one)

if numbers != {"images": [0], "categories": [0], "annotations": [0, 1, 2]}:
    raise SystemExit("Changed: Label Studio doesn't count from 0.")
if as_exported == (1.0, 1.0):
    raise SystemExit("Changed: an annotation with the number 0 can be found.")
if as_exported != (0.44, 0.67) or from_one != (1.0, 1.0):
    raise SystemExit("Changed: other figures.")
print("As stated.")
PYTHON
