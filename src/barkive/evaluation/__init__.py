"""Judges a model on labelled photos: samples, scores, figures, and a folder of reports.

A model is any function from pixels to `Scores`; nothing here knows torch or the classifier.
"""

from barkive.evaluation.agreement import Agreement, agreement
from barkive.evaluation.dog_boxes import DogFigures, Marked, dog_figures, matches, read_boxes
from barkive.evaluation.figures import (
    BreedFigures,
    Figures,
    Mistake,
    figures,
    most_confident_errors,
    worst_breeds,
)
from barkive.evaluation.heat import Heat, HeatMaps
from barkive.evaluation.occlusion import occlusion
from barkive.evaluation.plots import to_png
from barkive.evaluation.report import (
    cannot_write,
    make_folder,
    prepare_report,
    to_csv,
    write_files,
    write_report,
)
from barkive.evaluation.samples import (
    Known,
    Samples,
    check_folder,
    is_ambiguous,
    known_to,
    read_not_dogs,
    read_samples,
    twin_folders,
)
from barkive.evaluation.scoring import Answers, Evaluation, Predict, evaluate
from barkive.evaluation.sheets import suspicions_sheet
from barkive.evaluation.suspicions import (
    Suspicion,
    suspected_labels,
    suspicion_rows,
    suspicions,
)

__all__ = [
    "Agreement",
    "Answers",
    "BreedFigures",
    "DogFigures",
    "Evaluation",
    "Figures",
    "Heat",
    "HeatMaps",
    "Known",
    "Marked",
    "Mistake",
    "Predict",
    "Samples",
    "Suspicion",
    "agreement",
    "cannot_write",
    "check_folder",
    "dog_figures",
    "evaluate",
    "figures",
    "is_ambiguous",
    "known_to",
    "make_folder",
    "matches",
    "most_confident_errors",
    "occlusion",
    "prepare_report",
    "read_boxes",
    "read_not_dogs",
    "read_samples",
    "suspected_labels",
    "suspicion_rows",
    "suspicions",
    "suspicions_sheet",
    "to_csv",
    "to_png",
    "twin_folders",
    "worst_breeds",
    "write_files",
    "write_report",
]
