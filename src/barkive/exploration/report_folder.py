"""Writes the findings into a folder.

| file | content |
|---|---|
| `photos.csv` | a row a photo, unreadable ones with the reason |
| `breeds.csv` | a row a breed: photos, medians, duplicates, outliers |
| `duplicates.csv` | a row a photo that is in a group of duplicates |
| `outliers.csv` | a row a photo and measure by which it stands out |
| `explore.json` | all that is aggregated; written after the tables |
| `index.html` | all of it to look at; written last, so that where it lies the rest lies too |
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from barkive import __version__
from barkive.evaluation import to_csv, write_files
from barkive.exploration.findings import Findings
from barkive.exploration.measures import MEASURES, significant
from barkive.exploration.page import render
from barkive.exploration.survey import MEASURED_SIDE, Failure, PhotoRecord

PAGE = "index.html"
_AGGREGATED = "explore.json"
_BREED_COLUMNS = (
    *("folder", "name", "photos", "unreadable", "megapixels", "brightness", "contrast"),
    *("sharpness", "noise", "duplicates", "outliers"),
)


def write_report(findings: Findings, folder: str | Path) -> Path:
    """Writes all files; each appears under its name only when it is whole.

    Args:
        findings: What to report.
        folder: An existing folder; files of an earlier report in it are replaced.

    Returns:
        The page.

    Raises:
        UsageError: A file can't be written.
    """
    folder = Path(folder)
    page = folder / PAGE
    files = {**tables(findings), _AGGREGATED: to_json(findings), PAGE: render(findings)}
    # Until all is written, there is nothing that belongs to other tables.
    for name in (PAGE, _AGGREGATED):
        (folder / name).unlink(missing_ok=True)
    write_files(folder, files)
    return page


def tables(findings: Findings) -> dict[str, bytes]:
    """The content of each CSV file."""
    return {
        "photos.csv": to_csv(_photos(findings)),
        "breeds.csv": to_csv(_breeds(findings)),
        "duplicates.csv": to_csv(_duplicates(findings)),
        "outliers.csv": to_csv(_outliers(findings)),
    }


def to_json(findings: Findings) -> bytes:
    """All that is aggregated, as a JSON object; what is known of single photos is in the CSVs."""
    survey = findings.survey
    photos = survey.photos
    fewest, most = (findings.by_count[end] for end in (0, -1))
    content = {
        "barkive": __version__,
        "data": str(survey.samples.data),
        "photos": len(photos),
        "unreadable": [
            {"file": failure.path, "folder": _folder(findings, failure), "reason": failure.reason}
            for failure in survey.failures
        ],
        "breeds": [breed.to_json() for breed in findings.breeds],
        "fewest": {"folder": fewest.folder, "photos": len(fewest.photos)},
        "most": {"folder": most.folder, "photos": len(most.photos)},
        "empty": list(survey.samples.empty),
        "passed_over": dict(survey.samples.passed_over),
        "shapes": findings.shapes,
        "formats": findings.formats,
        "modes": findings.modes,
        "measured_side": MEASURED_SIDE,
        "distributions": {key: d.to_json() for key, d in findings.distributions.items()},
        "duplicates": [
            {
                "kind": group.kind,
                "across_breeds": group.across,
                "files": [photos[i].path for i in group.photos],
            }
            for group in findings.duplicates
        ],
        "outliers": {
            by.measure.key: {
                "low": significant(by.low),
                "high": significant(by.high),
                "photos": [
                    {
                        "file": photos[one.photo].path,
                        "value": significant(one.value),
                        "reason": by.reason(one),
                        "excess": significant(one.excess),
                    }
                    for one in by.found
                ],
            }
            for by in findings.outliers
        },
    }
    return json.dumps(content, indent=2).encode()


def _folder(findings: Findings, photo: PhotoRecord | Failure) -> str:
    return findings.survey.samples.folders[photo.folder]


def _photos(findings: Findings) -> Iterator[Sequence[Any]]:
    reasons = _reasons(findings)
    groups: defaultdict[tuple[str, int], str] = defaultdict(str)
    for number, group in enumerate(findings.duplicates, 1):
        groups |= {(group.kind, i): str(number) for i in group.photos}
    yield (
        *("file", "folder", "format", "mode", "bytes"),
        *(measure.key for measure in MEASURES),
        *("exact_group", "near_group", "outlier", "sha256", "error"),
    )
    for i, photo in enumerate(findings.survey.photos):
        yield (
            photo.path,
            _folder(findings, photo),
            photo.header.format,
            photo.header.mode,
            photo.size,
            *(significant(measure.value(photo)) for measure in MEASURES),
            groups["exact", i],
            groups["near", i],
            "|".join(reasons[i]),
            photo.digest,
            "",
        )
    for failure in findings.survey.failures:
        blank = [""] * (len(MEASURES) + 3)
        yield failure.path, _folder(findings, failure), *blank, "", "", "", "", failure.reason


def _breeds(findings: Findings) -> Iterator[Sequence[Any]]:
    yield _BREED_COLUMNS
    for breed in findings.breeds:
        row = breed.to_json()
        yield [row[column] for column in _BREED_COLUMNS]


def _duplicates(findings: Findings) -> Iterator[Sequence[Any]]:
    yield "group", "kind", "across_breeds", "file", "folder", "sha256"
    for number, group in enumerate(findings.duplicates, 1):
        across = str(group.across).lower()
        for i in group.photos:
            photo = findings.survey.photos[i]
            yield number, group.kind, across, photo.path, _folder(findings, photo), photo.digest


def _outliers(findings: Findings) -> Iterator[Sequence[Any]]:
    yield "measure", "reason", "file", "folder", "value", "low_fence", "high_fence", "excess"
    for by in findings.outliers:
        fences = significant(by.low), significant(by.high)
        for one in by.found:
            photo = findings.survey.photos[one.photo]
            numbers = significant(one.value), *fences, significant(one.excess)
            yield by.measure.key, by.reason(one), photo.path, _folder(findings, photo), *numbers


def _reasons(findings: Findings) -> dict[int, list[str]]:
    """For each outlier what is unusual about it."""
    reasons: defaultdict[int, list[str]] = defaultdict(list)
    for by in findings.outliers:
        for one in by.found:
            reasons[one.photo].append(by.reason(one))
    return reasons
