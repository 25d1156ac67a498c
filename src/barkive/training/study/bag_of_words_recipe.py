"""Runs a recipe of kind `words`: a bag of visual words, without a network."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from barkive import evaluation
from barkive.training.backbones import Backbone
from barkive.training.bag_of_words import train_bag_of_words
from barkive.training.curves import curve_files, diagnose_penalty
from barkive.training.study.job import Job
from barkive.training.study.result import Result
from barkive.training.tuning import Outputs, calibrate
from barkive.verdicts import Scores


def run(job: Job, backbone: Backbone | None = None) -> Result:
    """Trains a bag of visual words, and judges it on the photos that networks are judged on.

    Args:
        job: The recipe, on what, and where to.
        backbone: Not used.

    Raises:
        MissingExtraError: OpenCV is not installed.
        DataError: The photos are too few.
        UsageError: A file can't be written.
    """
    split = job.read_split()
    job.begin()
    preprocessing = job.recipe.preprocessing

    def photos(indices: NDArray[np.intp]) -> Iterator[NDArray[np.uint8]]:
        return (preprocessing.load(split.paths[i]) for i in indices)

    found = train_bag_of_words(
        photos,
        split.truth,
        split.train,
        split.validation,
        len(split.labels),
        job.recipe.bag_of_words,
        seed=job.recipe.seed,
        progress=job.progress,
    )
    truth = split.truth[split.validation]
    validation = float((found.logits.argmax(axis=1) == truth).mean())
    diagnosis = (
        f"{diagnose_penalty(found.curve, found.chosen)} For that choice a part of the training "
        "photos served as validation."
    )
    stages = ", ".join(f"{stage} {seconds:.0f} s" for stage, seconds in found.seconds.items())
    job.log(f"{validation:.1%} right on validation; {stages}. {diagnosis}")
    shown = Outputs(found.logits, found.logits)
    info, detector = calibrate(job.run.draft(split.labels), shown, truth, job.log)

    def predict(pixels: NDArray[np.uint8]) -> Scores:
        logits = found.model.logits(pixels)
        return info.scores(logits, detector(logits, logits), logits)

    here, elsewhere = job.judge(predict, info, split)
    job.run.report(
        here,
        split,
        files={
            "seconds.csv": evaluation.to_csv([("stage", "seconds"), *found.seconds.items()]),
            **curve_files(found.curve, found.chosen),
        },
    )
    return replace(
        job.result(split, here, elsewhere),
        parameters=found.model.parameters,
        train_accuracy=found.chosen.train_accuracy,
        validation_accuracy=validation,
        seconds=sum(found.seconds.values()) - found.seconds["judging"],
        diagnosis=diagnosis,
    )
