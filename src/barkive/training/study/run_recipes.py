"""Runs recipes: one of them, or all that are missing.

Of all, each recipe runs in a process of its own, so that its memory is its own, and what one
leaves behind burdens no other. That process ends with this one. An interrupted run goes on
where it was. Where several processes train together they run all recipes themselves.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from multiprocessing.connection import Connection

from barkive import __version__, evaluation
from barkive.errors import (
    BarkiveError,
    DataError,
    DeviceError,
    ExportError,
    UsageError,
    WeightsError,
)
from barkive.progress import Log, Progress
from barkive.training.allocator import keep_freed_memory
from barkive.training.backbones import Backbone
from barkive.training.precision import Precision
from barkive.training.process_group.group import RemoteRankError, current_group
from barkive.training.study import (
    bag_of_words_recipe,
    enhancement_recipe,
    network_recipe,
    sizes_recipe,
)
from barkive.training.study.job import Job, Study
from barkive.training.study.leaderboard import write_leaderboard
from barkive.training.study.recipe_folder import locked
from barkive.training.study.result import Result, peak_memory, read_result, write_result
from barkive.training.study.study_recipe import NAMES, find_recipe
from barkive.training.study.weights import load_weights

# Seconds in which a recipe's process may end by itself once it has answered.
_EXIT_SECONDS = 30.0
_FAILED = "It failed with the error above; please report that."

_RUN: dict[str, Callable[[Job, Backbone | None], Result]] = {
    "network": network_recipe.run,
    "words": bag_of_words_recipe.run,
    "corrections": enhancement_recipe.run,
    "sizes": sizes_recipe.run,
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
    with locked(job.folder):
        # Another run may have done it until the folder was free.
        before = done_before(job)
        if before is not None:
            return before
        if job.recipe.outlook:
            job.log(job.recipe.outlook)
        # What several processes have held was that of all recipes that they have run.
        memory = peak_memory() if current_group().world_size == 1 else None
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
    job.log(f"{job.name} is done already{by}; to run it again, remove {job.folder}.")
    return before


def run_all(
    study: Study,
    progress: Progress,
    log: Log,
    *,
    names: Sequence[str] = NAMES,
    precision: Precision | None = None,
) -> tuple[list[Result], dict[str, str]]:
    """Runs recipes one after the other; those that can't be run are named with the reason.

    Args:
        study: On what, and where to.
        progress: Opens a progress display; must be picklable, as a function of a module is.
        log: Called with a sentence for each stage that ends; likewise.
        names: The recipes, by name or by file.
        precision: Of those that train in epochs, in place of their own; None for their own.

    Returns:
        The results in the order of the recipes, and for each that was not run the reason.

    Raises:
        UsageError: Results can't be written, or a recipe has faults.
        DataError: A folder of breeds can't be used at all.
    """
    recipes = dict(map(find_recipe, names))
    if precision is not None:
        recipes = {
            name: replace(recipe, precision=precision) if recipe.in_epochs else recipe
            for name, recipe in recipes.items()
        }
    jobs = [Job(name, recipe, study, progress, log) for name, recipe in recipes.items()]
    evaluation.prepare_report(study.out)
    found = {job.name: done_before(job) for job in jobs}
    missing = _without_weights([job for job in jobs if found[job.name] is None])
    for name, reason in missing.items():
        log(f"{name} will not be measured. {reason}")

    def results() -> list[Result]:
        return [result for result in found.values() if result is not None]

    write_leaderboard(study, recipes, results(), missing)
    for job in jobs:
        if found[job.name] is not None or job.name in missing:
            continue
        log(f"{job.name}: {job.recipe.about}")
        outcome = (
            _run_in_subprocess(job)
            if current_group().world_size == 1
            else _run_in_this_process(job)
        )
        if isinstance(outcome, UsageError):
            raise outcome
        if isinstance(outcome, Result):
            found[job.name] = outcome
            if as_expected := job.recipe.outcome(outcome.accuracy):
                log(as_expected)
        else:
            missing[job.name] = outcome
            log(f"{job.name} is not measured. {outcome}")
        write_leaderboard(study, recipes, results(), missing)
    return results(), missing


def _without_weights(jobs: Sequence[Job]) -> dict[str, str]:
    """The recipes whose pre-trained weights can't be had, and why: known before any work."""
    reasons: dict[tuple[str, int, bool], str] = {}
    missing = {}
    for job in jobs:
        recipe = job.recipe
        if not recipe.pretrained:
            continue
        key = (recipe.network, recipe.image_size, recipe.head == "anew")
        if key not in reasons:
            try:
                load_weights(recipe, job.study.weights)
                reasons[key] = ""
            except WeightsError as error:
                reasons[key] = str(error)
        if reasons[key]:
            missing[job.name] = reasons[key]
    return missing


def _run_in_subprocess(job: Job) -> Result | str | UsageError:
    """Runs a recipe in a process of its own."""
    spawn = multiprocessing.get_context("spawn")
    answers, theirs = spawn.Pipe(duplex=False)
    process = spawn.Process(target=_run, args=(job, theirs))
    with _ignoring_sigint():
        process.start()
    # The child's end is then the only one, so that its death is seen.
    theirs.close()
    try:
        outcome: Result | str | UsageError = answers.recv()
        process.join(_EXIT_SECONDS)
        return outcome
    except EOFError:
        process.join()
        # Python itself ends with 1 after an error, having shown it.
        if process.exitcode == 1:
            return _FAILED
        return "Its process was ended from outside, most likely for want of memory."
    finally:
        # Also after Ctrl-C: what was trained so far is in the checkpoint.
        process.kill()
        process.join()


def _run_in_this_process(job: Job) -> Result | str | UsageError:
    """Runs a recipe in this process, rank 0 of several; a failure is that of this recipe alone."""
    try:
        return _caught(job)
    except Exception:
        traceback.print_exc()
        return _FAILED


@contextmanager
def _ignoring_sigint() -> Iterator[None]:
    """What starts in here ignores Ctrl-C as well: its parent ends it."""
    heard = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, heard)


def _run(job: Job, answers: Connection) -> None:
    """What the process of a recipe does."""
    # Where handlers are not inherited, as on Windows.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    keep_freed_memory()
    answers.send(_caught(job))


def _caught(job: Job) -> Result | str | UsageError:
    """Runs a recipe; gives why it alone can't be run, or what must end the whole."""
    try:
        return run_recipe(job)
    except (DataError, DeviceError, RemoteRankError, ExportError, WeightsError) as error:
        return str(error)
    except BarkiveError as error:
        return UsageError.of(error.message)


def _end_with_parent() -> None:
    """Waits for the parent's end, whatever that is, and ends this process with it."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
