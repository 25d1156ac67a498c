"""What a survey shows: the counts, distributions, duplicates and outliers of its photos."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from barkive import breeds
from barkive.exploration.duplicate_photos import Duplicates, Kind, find_duplicates
from barkive.exploration.measures import MEASURES, Distribution, distribution, significant
from barkive.exploration.outliers import Outliers, find_outliers
from barkive.exploration.survey import PhotoRecord, Survey


@dataclass(frozen=True, slots=True)
class BreedSummary:
    """One folder of a breed.

    Attributes:
        folder: Its name.
        name: The breed's name, for people.
        photos: Indices of its photos that could be read.
        unreadable: How many could not.
        megapixels: The median, as of all that follow; None where no photo could be read.
        brightness: See `images.Quality`.
        contrast: Likewise.
        sharpness: Likewise.
        noise: Likewise.
        duplicates: Photos of it that are in a group of duplicates.
        outliers: Photos of it that stand out by at least one measure.
    """

    folder: str
    name: str
    photos: tuple[int, ...]
    unreadable: int
    megapixels: float | None
    brightness: float | None
    contrast: float | None
    sharpness: float | None
    noise: float | None
    duplicates: int
    outliers: int

    def to_json(self) -> dict[str, Any]:
        """The summary as a JSON object, with the number of photos instead of their indices."""
        row = {**asdict(self), "photos": len(self.photos)}
        return {
            key: significant(value) if isinstance(value, float) else value
            for key, value in row.items()
        }


@dataclass(frozen=True, slots=True)
class Findings:
    """What n readable photos show.

    Attributes:
        survey: What was read.
        breeds: In the order of the folders.
        shapes: How many photos are portrait, landscape and square.
        formats: How many have each file format, the most frequent first.
        modes: How many have each colour mode, likewise.
        distributions: Of each of `MEASURES`, by its key.
        duplicates: Exact groups, then near ones; of each, those across breeds come first.
        outliers: Of each measure that is judged, the most extreme first.
    """

    survey: Survey
    breeds: tuple[BreedSummary, ...]
    shapes: dict[str, int]
    formats: dict[str, int]
    modes: dict[str, int]
    distributions: dict[str, Distribution]
    duplicates: tuple[Duplicates, ...]
    outliers: tuple[Outliers, ...]

    @property
    def by_count(self) -> list[BreedSummary]:
        """The breeds with the fewest readable photos first; of equals by folder."""
        return sorted(self.breeds, key=lambda breed: (len(breed.photos), breed.folder))

    @property
    def outlying(self) -> set[int]:
        """The indices of the photos that stand out by at least one measure."""
        return {one.photo for outliers in self.outliers for one in outliers.found}

    def groups(self, kind: Kind) -> list[Duplicates]:
        """The groups of `exact` or of `near` duplicates."""
        return [group for group in self.duplicates if group.kind == kind]


def find(survey: Survey) -> Findings:
    """Draws up the findings. Takes seconds, most of them for near-duplicates."""
    photos = survey.photos
    duplicates, outliers = find_duplicates(photos), find_outliers(photos)
    return Findings(
        survey=survey,
        breeds=_breeds(
            survey,
            {i for group in duplicates for i in group.photos},
            {one.photo for by_measure in outliers for one in by_measure.found},
        ),
        shapes=_shapes(photos),
        formats=_counted(photo.header.format for photo in photos),
        modes=_counted(photo.header.mode for photo in photos),
        distributions={measure.key: distribution(measure, photos) for measure in MEASURES},
        duplicates=duplicates,
        outliers=outliers,
    )


def breed_name(folder: str) -> str:
    """A folder's breed, for people: from the breed table, or else from the folder's name."""
    breed = breeds.of_folder(folder)
    return breed.en if breed else breeds.name_of_folder(folder)


def _breeds(survey: Survey, duplicated: set[int], outlying: set[int]) -> tuple[BreedSummary, ...]:
    members: list[list[int]] = [[] for _ in survey.samples.folders]
    for i, photo in enumerate(survey.photos):
        members[photo.folder].append(i)
    unreadable = Counter(failure.folder for failure in survey.failures)

    def summary(index: int, folder: str) -> BreedSummary:
        photos = [survey.photos[i] for i in members[index]]

        def median(values: Iterable[float]) -> float | None:
            return float(np.median(list(values))) if photos else None

        return BreedSummary(
            folder=folder,
            name=breed_name(folder),
            photos=tuple(members[index]),
            unreadable=unreadable[index],
            megapixels=median(photo.megapixels for photo in photos),
            brightness=median(photo.quality.brightness for photo in photos),
            contrast=median(photo.quality.contrast for photo in photos),
            sharpness=median(photo.quality.sharpness for photo in photos),
            noise=median(photo.quality.noise for photo in photos),
            duplicates=len(duplicated.intersection(members[index])),
            outliers=len(outlying.intersection(members[index])),
        )

    return tuple(summary(i, folder) for i, folder in enumerate(survey.samples.folders))


def _shapes(photos: Sequence[PhotoRecord]) -> dict[str, int]:
    """Square is what has exactly as many pixels either way."""
    turns = Counter(int(np.sign(photo.header.width - photo.header.height)) for photo in photos)
    return {"portrait": turns[-1], "landscape": turns[1], "square": turns[0]}


def _counted(values: Iterable[str]) -> dict[str, int]:
    return dict(Counter(values).most_common())
