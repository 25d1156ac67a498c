"""Runs recipes: from a folder of breeds to folders of results."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from barkive import __version__
from barkive.training.backbones import Backbone
from barkive.training.process_group.group import group
from barkive.training.study import bag_of_words_recipe, enhancement, network, sizes
from barkive.training.study.folder import claimed
from barkive.training.study.job import Job
from barkive.training.study.outcome import Result, peak_memory, read_result, write_result
from barkive.training.study.weights import load_weights

_RUN: dict[str, Callable[[Job, Backbone | None], Result]] = {
    "network": network.run,
    "words": lambda job, backbone: bag_of_words_recipe.run(job),
    "corrections": enhancement.run,
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
        UsageError: A file can't be written, another run is at work in the folder, or the
            recipe names what the network lacks.
    """
    before = done_before(job)
    if before is not None:
        return before
    # Before the folder is touched, so that missing weights cost no earlier result.
    backbone = load_weights(job.recipe, job.study.weights) if job.recipe.pretrained else None
    with claimed(job.folder):
        # Another run may have done it until the folder was free.
        before = done_before(job)
        if before is not None:
            return before
        if job.recipe.outlook:
            job.say(job.recipe.outlook)
        # What several processes have held was that of all recipes that they have run.
        memory = peak_memory() if group().size == 1 else None
        result = replace(_RUN[job.recipe.kind](job, backbone), memory=memory)
        write_result(job.folder, result)
    return result


def done_before(job: Job) -> Result | None:
    """The result of this very recipe on these photos; None where it must still be run.

    Raises:
        DataError: A folder of breeds can't be used at all.
        UsageError: The folder of weights does not exist.
    """
    digest, before = job.digest(), read_result(job.folder)
    if before is None or before.digest != digest:
        return None
    version = before.versions.get("barkive")
    by = f" by version {version}, and this is {__version__}" if version != __version__ else ""
    job.say(f"{job.name} is done already{by}; to run it again, remove {job.folder}.")
    return before
