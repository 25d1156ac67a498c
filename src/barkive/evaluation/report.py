"""Writes an evaluation into a folder, as tables and pictures.

| file | content |
|---|---|
| `evaluation.json` | the figures; written last, so that where it lies the rest lies too |
| `predictions.csv` | a row a photo, unreadable ones included |
| `breeds.csv` | a row a breed, the least recognised first |
| `confused-pairs.csv` | the twenty pairs most often taken for each other |
| `confusion.csv`, `confusion.png` | the confusion matrix of the breeds that occur |
| `reliability.png` | confidence against accuracy |
| `errors.png` | the photos of the most confident errors, and what the network looked at |
| `confused-pairs.png` | photos of both breeds of the eight pairs most often confused |
| `suspected-labels.csv` | the photos that look like another breed than they are filed under |
| `suspected-labels.png` | the first fifteen of them; absent where there are none |
"""

from __future__ import annotations

import csv
import errno
import importlib.util
import io
import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from barkive import metrics
from barkive.atomic import replacing
from barkive.errors import MissingExtraError, UsageError, system_reason
from barkive.evaluation.figures import figures, most_confident_errors, worst_breeds
from barkive.evaluation.heat import HeatMaps
from barkive.evaluation.plots import confusion_picture, reliability_picture
from barkive.evaluation.scoring import Evaluation
from barkive.evaluation.sheets import TILE, contact_sheet, pairs_sheet, suspicions_sheet
from barkive.evaluation.suspicions import suspected_labels, suspicion_rows
from barkive.messages import Message
from barkive.verdicts import BreedName, Status

PAIRS = 20
_ERRORS = 30
_PAIRS_SHOWN = 8
_SUSPICIONS_SHOWN = 15


def prepare_report(folder: str | Path) -> None:
    """Makes the folder, and checks, before any photo is scored, that a report can be written.

    Raises:
        MissingExtraError: Matplotlib is not installed.
        UsageError: The folder can't be made or written into.
    """
    if importlib.util.find_spec("matplotlib") is None:
        raise MissingExtraError("report", "purpose_confusion_matrix")
    make_folder(folder)


def make_folder(folder: str | Path) -> None:
    """Makes the folder for results where it is not there, and checks that it can be written into.

    Raises:
        UsageError: It can't be made or written into.
    """
    folder = Path(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        files = [one for one in (folder, *folder.parents) if one.exists() and not one.is_dir()]
        reason: Any = system_reason(error)
        if folder in files:
            reason = Message("reason_is_file")
        elif files:
            reason = Message("reason_other_is_file", {"path": str(files[0])})
        raise UsageError("folder_not_made", folder=folder, reason=reason) from None
    if not os.access(folder, os.W_OK | os.X_OK):
        raise UsageError("folder_no_permission", folder=folder)


def write_report(
    evaluation: Evaluation,
    folder: str | Path,
    *,
    model: str,
    heat_maps: HeatMaps | None = None,
) -> None:
    """Writes all files of the report; each appears under its name only when it is whole.

    Args:
        evaluation: What to report.
        folder: An existing folder; files of an earlier report in it are replaced.
        model: The model's name, for the record.
        heat_maps: Of the same model; shows beside each error what it looked at.

    Raises:
        UsageError: A file can't be written.
    """
    folder, labels = Path(folder), evaluation.labels
    result = figures(evaluation)
    matrix = evaluation.confusion
    pairs = metrics.most_confused_pairs(matrix, PAIRS)
    occurring = np.flatnonzero(matrix.any(axis=0) | matrix.any(axis=1))
    names = [labels[i].en for i in occurring]
    matrix = matrix[np.ix_(occurring, occurring)]
    bins = metrics.calibration_bins(evaluation.dogs.probability, evaluation.correct)
    errors = most_confident_errors(evaluation, _ERRORS)
    heated = None
    if heat_maps is not None:
        answers = [labels.index(error.answer) for error in errors]
        heated = heat_maps.over([error.path for error in errors], answers, side=TILE)
    suspected = suspected_labels(evaluation)

    # The sheet of an earlier report would stay where now nothing is suspected.
    for name in ("evaluation.json", "suspected-labels.png"):
        (folder / name).unlink(missing_ok=True)
    files = {
        "predictions.csv": to_csv(_predictions(evaluation)),
        "breeds.csv": to_csv(_breeds(evaluation)),
        "confused-pairs.csv": to_csv(_pairs(pairs, labels)),
        "confusion.csv": to_csv(
            [["truth", *names]]
            + [[name, *row] for name, row in zip(names, matrix.tolist(), strict=True)]
        ),
        "confusion.png": confusion_picture(matrix, names),
        "reliability.png": reliability_picture(bins, result.ece),
        "errors.png": contact_sheet(errors, heated),
        "confused-pairs.png": pairs_sheet(evaluation, pairs[:_PAIRS_SHOWN]),
        "suspected-labels.csv": to_csv(suspicion_rows(suspected)),
    }
    if suspected:
        files["suspected-labels.png"] = suspicions_sheet(suspected[:_SUSPICIONS_SHOWN])
    entry = {**result.to_json(), "model": model}
    files["evaluation.json"] = json.dumps(entry, indent=2).encode()
    write_files(folder, files)


def write_files(folder: Path, files: Mapping[str, bytes]) -> None:
    """Writes files into an existing folder; each appears under its name only when whole.

    Raises:
        UsageError: A file can't be written.
    """
    for name, content in files.items():
        try:
            with replacing(folder / name) as part:
                part.write_bytes(content)
        except OSError as error:
            raise cannot_write(folder / name, error) from None


def cannot_write(path: Path, error: OSError) -> UsageError:
    """The error to raise where a file can't be written, with what to do about it."""
    full = error.errno in (errno.ENOSPC, errno.EDQUOT)
    remedy = Message("remedy_room_or_place" if full else "remedy_other_place")
    return UsageError("file_not_writable", path=path, reason=system_reason(error), remedy=remedy)


def to_csv(rows: Iterable[Sequence[Any]]) -> bytes:
    """Rows as the content of a CSV file in UTF-8."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    # A file name that is no valid text on this system still gives a readable row.
    return text.getvalue().encode(errors="backslashreplace")


def _predictions(evaluation: Evaluation) -> Iterator[Sequence[Any]]:
    yield (
        *("file", "status", "truth", "answer", "probability", "dog_log_odds", "error"),
        *("truth_id", "answer_id"),
    )
    for answers in (evaluation.dogs, evaluation.not_dogs):
        if answers is None:
            continue
        row_of = {int(i): row for row, i in enumerate(answers.read)}
        for i, path in enumerate(answers.paths):
            truth = (
                evaluation.labels[evaluation.truth[i]]
                if answers is evaluation.dogs
                else BreedName("not_dog", "not a dog", "pas un chien")
            )
            if i in answers.failures:
                reason = answers.failures[i]
                yield path, Status.FAILED, truth.en, "", "", "", reason, truth.id, ""
                continue
            row = row_of[i]
            answer = evaluation.labels[answers.top[row, 0]]
            probability, dog = f"{answers.probability[row]:.4f}", f"{answers.dog[row]:.4f}"
            status = answers.statuses[row]
            yield path, status, truth.en, answer.en, probability, dog, "", truth.id, answer.id


def _breeds(evaluation: Evaluation) -> Iterator[Sequence[Any]]:
    yield "breed", "photos", "right", "accuracy", "mistaken_for", "mistaken", "breed_id"
    for row in worst_breeds(evaluation):
        instead = row.mistaken_for.en if row.mistaken_for else ""
        accuracy = f"{row.accuracy:.4f}"
        yield row.label.en, row.photos, row.right, accuracy, instead, row.mistaken, row.label.id


def _pairs(
    pairs: Iterable[metrics.ConfusedPair], labels: Sequence[BreedName]
) -> Iterator[Sequence[Any]]:
    yield "breed", "other", "breed_as_other", "other_as_breed", "total"
    for pair in pairs:
        breed, other = labels[pair.first].en, labels[pair.second].en
        yield breed, other, pair.first_as_second, pair.second_as_first, pair.total
