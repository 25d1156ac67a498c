"""A job: one recipe to run, the photos, and the folder of its results."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from barkive import evaluation
from barkive.bundle import BundleInfo
from barkive.errors import DataError
from barkive.evaluation import Evaluation, Known, Predict
from barkive.messages import Message
from barkive.progress import Log, Progress
from barkive.training.head import Linear, fit_prediction_layers
from barkive.training.pipeline import Run, failed_csv
from barkive.training.study import recipe_folder
from barkive.training.study.dataset_split import DatasetSplit, read_split
from barkive.training.study.result import Result, Table
from barkive.training.study.study_recipe import StudyRecipe
from barkive.training.study.weights import find_weights
from barkive.verdicts import BreedName

# Where none is chosen: good on every data set tried.
PENALTY = 0.03


@dataclass(frozen=True, slots=True)
class Study:
    """On what the recipes are run, and where their results go.

    Attributes:
        data: A folder of breeds.
        out: Each recipe gets a folder of its own in this one.
        weights: Pre-trained weights: a file, a folder of files, or None for timm's hub.
        elsewhere: A folder of breeds with photos from elsewhere, to judge on as well.
    """

    data: Path
    out: Path
    weights: Path | None = None
    elsewhere: Path | None = None


@dataclass(frozen=True, slots=True)
class Job:
    """A recipe of a study.

    Attributes:
        name: Its results go into the folder of this name.
        recipe: The settings.
        study: On what, and where to.
        progress: Opens a progress display.
        log: Called with a sentence for each stage that ends.
    """

    name: str
    recipe: StudyRecipe
    study: Study
    progress: Progress
    log: Log

    @property
    def folder(self) -> Path:
        """Where the results go."""
        return self.study.out / self.name

    def digest(self) -> str:
        """Changes with all that the result depends on.

        Photos and weights count by name and size: to read them all would take as long as
        some recipes do.
        """
        content = hashlib.sha256(self.recipe.digest.encode())
        files: list[str | Path] = []
        for data in (self.study.data, self.study.elsewhere):
            files += evaluation.read_samples(data).paths if data else ()
        if self.recipe.pretrained:
            weights = find_weights(self.recipe.network, self.study.weights)
            files += [weights] if weights else []
        for file in map(Path, files):
            line = f"{file.parent.name}/{file.name}\t{_size(file)}\n"
            content.update(line.encode(errors="replace"))
        return content.hexdigest()

    @property
    def checkpoint(self) -> Path:
        """Where its training is kept when it is interrupted."""
        return recipe_folder.checkpoint(self.folder, self.digest())

    def begin(self, needed: int = 0) -> None:
        """Removes the files of an earlier run; called once nothing more can be missing.

        Args:
            needed: How many bytes will be written at most.

        Raises:
            UsageError: There is too little room for them.
        """
        recipe_folder.remove_earlier_run(self.folder, self.checkpoint, needed)

    @property
    def run(self) -> Run:
        """What the pipeline has to know of it."""
        name, preprocessing = f"study-{self.name}", self.recipe.preprocessing
        return Run(name, self.folder, preprocessing, self.progress, self.log)

    def read_split(self) -> DatasetSplit:
        """The photos, and their split.

        Raises:
            DataError: There are too few breeds or photos.
        """
        return read_split(self.study.data, self.recipe, self.progress, self.log)

    def result(
        self,
        split: DatasetSplit,
        here: Evaluation | None = None,
        elsewhere: Evaluation | None = None,
    ) -> Result:
        """Writes `failed.csv`, and returns a result: recipe, photos and accuracies.

        Args:
            split: The photos.
            here: What `judge` found on the test photos; None for a recipe that compares.
            elsewhere: And on those from elsewhere.
        """
        failed = dict(split.failed)
        for judged in (here, elsewhere):
            failed |= judged.failures if judged else {}
        self.list_failed(failed)
        figures = evaluation.figures(here) if here else None
        others = evaluation.figures(elsewhere) if elsewhere else None
        return Result(
            recipe=self.name,
            about=self.recipe.about,
            digest=self.digest(),
            seed=self.recipe.seed,
            breeds=len(split.labels),
            photos=(len(split.train), len(split.validation), len(split.test)),
            unreadable=len(failed),
            accuracy=figures.top1 if figures else None,
            interval=figures.top1_interval if figures else None,
            images_per_second=figures.images_per_second if figures else None,
            elsewhere=others.top1 if others else None,
            elsewhere_photos=others.n if others else None,
        )

    def list_failed(self, failed: Mapping[str, Message]) -> None:
        """Writes `failed.csv`: each photo that could not be read, and why."""
        evaluation.write_files(self.folder, {"failed.csv": failed_csv(failed.items())})

    def judge(
        self, predict: Predict, info: BundleInfo, split: DatasetSplit
    ) -> tuple[Evaluation, Evaluation | None]:
        """Judges a model on the test photos, and on those from elsewhere that it knows.

        Args:
            predict: The model.
            info: Its labels, preprocessing and thresholds.
            split: The photos.
        """
        run, paths, truth = self.run, split.paths_of(split.test), split.truth[split.test]
        here = run.judge(predict, info, paths, truth, stage="Testing")
        other = self.elsewhere(info.labels)
        if other is None:
            return here, None
        try:
            stage = "Testing elsewhere"
            return here, run.judge(predict, info, other.paths, other.truth, stage=stage)
        except DataError as error:
            # None can be read, which must not cost what was trained.
            self.log(f"{self.study.elsewhere} is left out. {error}")
            return here, None

    def elsewhere(self, labels: tuple[BreedName, ...]) -> Known | None:
        """The photos from elsewhere of the breeds that were drawn; None if there are none."""
        if self.study.elsewhere is None:
            return None
        samples = evaluation.read_samples(self.study.elsewhere)
        try:
            return evaluation.known_to(labels, samples)
        except DataError:
            self.log(f"None of the breeds in {self.study.elsewhere} was drawn.")
            return None

    def solve(self, split: DatasetSplit, rows: NDArray[np.float32]) -> Linear:
        """A prediction layer on the vectors of the training photos, with a fixed penalty."""
        truth = split.truth[split.train]
        (layer,) = fit_prediction_layers(rows, truth, len(split.labels), [PENALTY])
        return layer

    def compared(self, split: DatasetSplit, table: Table, chart: bytes) -> Result:
        """Writes the table and the chart of a recipe that compares, and gives its result."""
        evaluation.write_files(
            self.folder,
            {
                f"{self.recipe.kind}.csv": evaluation.to_csv([table.header, *table.rows]),
                f"{self.recipe.kind}.png": chart,
            },
        )
        return replace(self.result(split), table=table)


def _size(file: Path) -> int | None:
    """A file's size in bytes; None where there is none, such as behind a dead link."""
    try:
        return file.stat().st_size
    except OSError:
        return None
