#!/usr/bin/env bash
# Label Studio numbers classes in one way in its YOLO labels and in another in classes.txt.
#
# Version: label-studio-sdk 2.1.2 from PyPI, whose converter makes Label Studio's exports, Python
#   3.11.
# Expected: the attribute `category` of a Label is documented to set its number in YOLO and COCO
#   exports. Line n of classes.txt, counted from 0, names class n. Only the labels of the boxes are
#   classes.
# Seen: the boxes hold the numbers that `category` sets, but classes.txt has the names in the order
#   of the configuration. If that has Pug with 1 before Beagle with 0, each Pug is read as a
#   Beagle, and each Beagle as a Pug. If it counts from 1, names are off by one and the last class
#   has none. There is no warning. The choices of a `Choices` control beside the boxes become
#   classes too, among the breeds in alphabetical order, so that breeds change their numbers.
# What it means for Barkive: its labelling configuration lists the breeds in alphabetical order,
#   without `category`, and has no other control.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check --no-deps \
    label-studio-sdk==2.1.2 pillow==13.0.0 numpy==2.4.6 appdirs==1.4.4 certifi==2026.10.19.post1 \
    idna==3.20 ijson==3.6.0 lxml==6.1.3 nltk==3.10.4 PyJWT==2.15.1 regex==2026.11.19 \
    requests==2.34.2 ujson==6.1.0 urllib3==2.8.0

cd "$work"
"$work/venv/bin/python" -W ignore - <<'PYTHON'
import json
from pathlib import Path

from label_studio_sdk.converter.converter import Converter
from PIL import Image

Image.new("RGB", (400, 300), "tan").save("dogs.jpg")
DRAWN = ["Pug", "Beagle"]
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
            "x": 10 + 40 * number,
            "y": 10,
            "width": 20,
            "height": 20,
            "rotation": 0,
            "rectanglelabels": [breed],
        },
    }
    for number, breed in enumerate(DRAWN)
]
TASK = {
    "id": 1,
    "data": {"image": str(Path("dogs.jpg").resolve())},
    "annotations": [{"id": 1, "completed_by": 1, "result": REGIONS}],
}
Path("tasks.json").write_text(json.dumps([TASK]))


def exported(name: str, labels: str, beside: str = "") -> tuple[list[int], list[str]]:
    """The class numbers of the two boxes, and the lines of classes.txt."""
    configuration = (
        '<View><Image name="image" value="$image"/>'
        f'<RectangleLabels name="box" toName="image">{labels}</RectangleLabels>{beside}</View>'
    )
    converter = Converter(configuration, ".", download_resources=False)
    converter.convert_to_yolo("tasks.json", name, is_dir=False)
    lines = Path(name, "labels", "dogs.txt").read_text().splitlines()
    return [int(line.split()[0]) for line in lines], Path(name, "classes.txt").read_text().split()


PLAIN = '<Label value="Beagle"/><Label value="Pug"/>'
CHOICES = (
    '<Choices name="state" toName="image"><Choice value="Blurred"/><Choice value="Dark"/></Choices>'
)
seen = {
    "no category": exported("plain", PLAIN),
    "Beagle 0, Pug 1": exported(
        "ascending", '<Label value="Beagle" category="0"/><Label value="Pug" category="1"/>'
    ),
    "Pug 1, Beagle 0": exported(
        "descending", '<Label value="Pug" category="1"/><Label value="Beagle" category="0"/>'
    ),
    "Beagle 1, Pug 2": exported(
        "from-one", '<Label value="Beagle" category="1"/><Label value="Pug" category="2"/>'
    ),
    "no category, with choices": exported("choices", PLAIN, CHOICES),
}
read = {}
for case, (numbers, names) in seen.items():
    read[case] = [names[number] if number < len(names) else None for number in numbers]
    print(f"{case}: classes.txt {names}, boxes {numbers}: {DRAWN} are read as {read[case]}")

if read["no category"] != DRAWN or read["Beagle 0, Pug 1"] != DRAWN:
    raise SystemExit("Changed: breeds in the order of their numbers are read wrongly.")
if read["Pug 1, Beagle 0"] != ["Beagle", "Pug"] or read["Beagle 1, Pug 2"] != [None, "Pug"]:
    raise SystemExit("Changed: classes.txt follows the numbers.")
if seen["no category, with choices"] != ([3, 0], ["Beagle", "Blurred", "Dark", "Pug"]):
    raise SystemExit("Changed: choices are not classes.")
print("As stated.")
PYTHON
