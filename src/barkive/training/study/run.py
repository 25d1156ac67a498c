"""Runs recipes: from a folder of breeds to folders of results."""

from __future__ import annotations

from dataclasses import replace

from barkive import evaluation
from barkive.training.study import corrections, network, sizes, words
from barkive.training.study.job import Job
from barkive.training.study.outcome import (
    FILE,
    Result,
    peak_memory,
    read_result,
    write_result,
)

_RUN = {
    "network": network.run,
    "words": words.run,
    "corrections": corrections.run,
    "sizes": sizes.run,
}


def run_recipe(job: Job) -> Result:
    """Runs a recipe, or takes its result where it was run already.

    Args:
        job: The recipe, on what, and where to.

    Raises:
        DataError: The photos are too few.
        WeightsError: The pre-trained weights can't be had, or don't fit.
        ExportError: The bundle answers differently from the network.
        UsageError: A file can't be written, or the recipe names what the network lacks.
    """
    before = read_result(job.folder)
    if before is not None and is_done(job):
        job.say(f"{job.name} is done already; to run it again, remove {job.folder}.")
        return before
    evaluation.prepare_report(job.folder)
    (job.folder / FILE).unlink(missing_ok=True)
    result = replace(_RUN[job.recipe.kind](job), memory=peak_memory())
    write_result(job.folder, result)
    return result


def is_done(job: Job) -> bool:
    """Whether the folder holds the result of this very recipe, on these photos."""
    before = read_result(job.folder)
    return before is not None and before.digest == job.digest()
