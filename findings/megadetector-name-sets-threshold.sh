#!/usr/bin/env bash
# MegaDetector's tools choose the score below which a photo is empty by the detector's name.
#
# Version: megadetector 10.0.28 from PyPI, Python 3.11.
# Expected: `info.detector` of a results file (format 1.6) is a name for people to read. The same
#   boxes give the same report, whatever their detector is called.
# Seen: without `info.detector_metadata` the tools search that name for pieces such as `v2`, `v3`,
#   `mdv5` or `cedar`. The second version of any detector, `dogs-v2.onnx`, is taken for
#   MegaDetector 2: detections below 0.8 don't count, and photos without a better one are `empty`.
#   For `dogs-v1.onnx` it is 0.2. The validator accepts both files. A `typical_detection_threshold`
#   in `detector_metadata` settles it.
# What it means for Barkive: its results always hold `detector_metadata`, with the score from which
#   its own detector reports a dog.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check --no-deps \
    megadetector==10.0.28 pandas==3.1.1 numpy==2.4.6 python-dateutil==4.0.0 six==1.17.0 \
    tqdm==4.70.1 pytest==9.2.0 pluggy==1.7.0 Pygments==2.21.0 iniconfig==2.3.1 \
    jsonpickle==4.1.4 opencv-python-headless==5.0.0.93 requests==2.34.2 urllib3==2.8.0 \
    idna==3.20 certifi==2026.10.19.post1 pillow==13.0.0 humanfriendly==10.0

cd "$work"
"$work/venv/bin/python" -W ignore - <<'PYTHON'
import contextlib
import csv
import io
import json
from pathlib import Path

from megadetector.postprocessing.generate_csv_report import generate_csv_report
from megadetector.postprocessing.validate_batch_results import validate_batch_results

SCORES = {"sure.jpg": 0.9, "likely.jpg": 0.7, "weak.jpg": 0.15}


def reported(detector: str, **info: object) -> tuple[int, dict[str, str]]:
    """How many errors the validator finds, and what the report says of each photo."""
    results = {
        "info": {"format_version": "1.6", "detector": detector} | info,
        "detection_categories": {"1": "animal", "2": "person", "3": "vehicle"},
        "images": [
            {
                "file": file,
                "detections": [{"category": "1", "conf": score, "bbox": [0.1, 0.1, 0.5, 0.5]}],
            }
            for file, score in SCORES.items()
        ],
    }
    Path("results.json").write_text(json.dumps(results))
    with contextlib.redirect_stdout(io.StringIO()):
        errors = validate_batch_results("results.json")["validation_results"]["errors"]
        generate_csv_report("results.json", "report.csv")
    with Path("report.csv").open(newline="") as report:
        return len(errors), {
            row["filename"]: row["detection_category"] for row in csv.DictReader(report)
        }


METADATA = {"typical_detection_threshold": 0.1, "conservative_detection_threshold": 0.1}
print("scores:", SCORES)
seen = {}
for detector in ("dogs-v1.onnx", "dogs-v2.onnx"):
    seen[detector] = reported(detector)
    print(f"{detector}: {seen[detector][0]} errors, {seen[detector][1]}")
given = reported("dogs-v2.onnx", detector_metadata=METADATA)
print(f"dogs-v2.onnx with detector_metadata: {given[0]} errors, {given[1]}")

if any(errors for errors, _ in (*seen.values(), given)):
    raise SystemExit("Changed: the validator refuses such a file.")
if list(seen["dogs-v1.onnx"][1].values()) != ["animal", "animal", "empty"]:
    raise SystemExit("Changed: an unknown detector has another threshold than 0.2.")
if list(seen["dogs-v2.onnx"][1].values()) != ["animal", "empty", "empty"]:
    raise SystemExit("Changed: a v2 in a detector's name has no effect.")
if list(given[1].values()) != ["animal", "animal", "animal"]:
    raise SystemExit("Changed: detector_metadata doesn't settle the threshold.")
print("As stated.")
PYTHON
