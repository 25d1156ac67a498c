"""Writes the findings into a folder.

| file | content |
|---|---|
| `photos.csv` | a row a photo, unreadable ones with the reason |
| `breeds.csv` | a row a breed: photos, medians, duplicates, outliers |
| `duplicates.csv` | a row a photo that is in a group of duplicates |
| `outliers.csv` | a row a photo and measure by which it stands out |
| `explore.json` | all that is aggregated |
| `index.html` | all of it to look at; written last, so that where it lies the rest lies too |
"""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path

from barkive.errors import MissingExtraError, UsageError
from barkive.evaluation import write_files
from barkive.exploration.files import tables, to_json
from barkive.exploration.findings import Findings
from barkive.exploration.page import render

PAGE = "index.html"


def prepare_report(folder: str | Path) -> None:
    """Makes the folder, and checks, before any photo is read, that a report can be written.

    Raises:
        MissingExtraError: Jinja is not installed.
        UsageError: The folder can't be made or written into.
    """
    if importlib.util.find_spec("jinja2") is None:
        raise MissingExtraError("report", "The page about the photos")
    folder = Path(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        reason = "it is a file" if folder.is_file() else error.strerror
        raise UsageError(f"The folder {folder} can't be made: {reason}.") from None
    if not os.access(folder, os.W_OK):
        raise UsageError(f"The folder {folder} can't be written into; choose another.")


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
    files = {**tables(findings), "explore.json": to_json(findings), PAGE: render(findings)}
    # Until all is written, there is no page that belongs to other tables.
    page.unlink(missing_ok=True)
    write_files(folder, files)
    return page
