"""A recipe's folder: locked by one run at a time, and cleared of an earlier run's files."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from barkive import evaluation
from barkive.errors import UsageError, system_reason
from barkive.machine import take_lock
from barkive.training.study.result import FILE

_LOCK = ".lock"
_CHECKPOINTS = "checkpoint-*.pt"
# All that any recipe writes. Nothing else is ever removed: the folder may hold a user's own.
FILES = (
    # First, because it says that the rest is there.
    FILE,
    *("evaluation.json", "predictions.csv", "failed.csv", "near-duplicates.csv"),
    *("breeds.csv", "confusion.csv", "confusion.png", "reliability.png", "errors.png"),
    *("confused-pairs.csv", "confused-pairs.png", "suspected-labels.csv", "suspected-labels.png"),
    *("model.onnx", "layers.csv", "curves.csv", "curves.png", "seconds.csv"),
    *("regularisation.csv", "regularisation.png"),
    *("corrections.csv", "corrections.png", "sizes.csv", "sizes.png"),
)


def checkpoint(folder: Path, digest: str) -> Path:
    """Where the interrupted training of a job with this digest is kept."""
    return folder / f"checkpoint-{digest[:12]}.pt"


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Makes a folder and locks it for one run; folders that stay empty are removed again.

    Raises:
        UsageError: It can't be made or written into, or another run is at work in it.
    """
    missing = [one for one in (folder, *folder.parents) if not one.exists()]
    evaluation.prepare_report(folder)
    lock = _lock(folder / _LOCK)
    try:
        yield
    finally:
        _unlock(lock)
        with suppress(OSError):  # the first one that is not empty ends it
            for one in missing:
                one.rmdir()


def remove_earlier_run(folder: Path, kept: Path, needed: int) -> None:
    """Removes what an earlier run left, once a new one really begins.

    Args:
        folder: Of the recipe.
        kept: The checkpoint from which the run goes on.
        needed: How many bytes the run writes at most, a checkpoint of its own included.

    Raises:
        UsageError: There is too little room; then the results of the earlier run stay.
    """
    parts = [part for name in (*FILES, _CHECKPOINTS) for part in folder.glob(f".{name}.part")]
    for stale in (*parts, *folder.glob(_CHECKPOINTS)):
        if stale != kept:
            _remove(stale)
    free = shutil.disk_usage(folder).free
    needed -= kept.stat().st_size if kept.exists() else 0
    if free < needed:
        raise UsageError("study_no_room", folder=folder, free=free, needed=needed)
    for name in FILES:
        _remove(folder / name)


def _remove(file: Path) -> None:
    try:
        file.unlink(missing_ok=True)
    except OSError as error:
        raise UsageError("study_file_not_removed", file=file, reason=system_reason(error)) from None


def _lock(path: Path) -> IO[bytes]:
    try:
        file = take_lock(path)
    except OSError as error:
        raise evaluation.cannot_write(path, error) from None
    if file is None:
        raise UsageError("study_folder_in_use", folder=path.parent)
    return file


def _unlock(file: IO[bytes]) -> None:
    if sys.platform == "win32":
        file.close()  # an open file can't be removed there
    with suppress(OSError):
        Path(file.name).unlink()
    file.close()
