"""Judges a model on labelled photos: samples, scores, figures, and a folder of reports.

A model is any function from pixels to `Scores`; nothing here knows torch or the classifier.
"""

from barkive.evaluation.figures import (
    BreedFigures,
    Figures,
    Mistake,
    figures,
    most_confident_errors,
    worst_breeds,
)
from barkive.evaluation.pictures import to_png
from barkive.evaluation.report import prepare_report, to_csv, write_files, write_report
from barkive.evaluation.samples import Known, Samples, known_to, read_not_dogs, read_samples
from barkive.evaluation.scoring import Answers, Evaluation, OnProgress, Predict, evaluate

__all__ = [
    "Answers",
    "BreedFigures",
    "Evaluation",
    "Figures",
    "Known",
    "Mistake",
    "OnProgress",
    "Predict",
    "Samples",
    "evaluate",
    "figures",
    "known_to",
    "most_confident_errors",
    "prepare_report",
    "read_not_dogs",
    "read_samples",
    "to_csv",
    "to_png",
    "worst_breeds",
    "write_files",
    "write_report",
]
