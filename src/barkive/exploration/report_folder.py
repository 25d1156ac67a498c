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

from pathlib import Path

from barkive.evaluation import write_files
from barkive.exploration.files import tables, to_json
from barkive.exploration.findings import Findings
from barkive.exploration.page import render

PAGE = "index.html"
_AGGREGATED = "explore.json"


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
