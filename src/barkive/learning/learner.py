"""Has a bundle learn: fits, cross-validates, calibrates, and writes the new bundle.

No photo is opened, and no torch is needed: everything is computed from features.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

import numpy as np
from numpy.typing import NDArray

from barkive import devices
from barkive.bundle import METADATA_KEY, Bundle, BundleInfo
from barkive.errors import LearningError
from barkive.learning import fitting
from barkive.learning.fitting import Basis, Rows, Sample
from barkive.learning.lessons import FEWEST_PHOTOS, Lessons, Syllabus
from barkive.learning.memory import Memory, Reals
from barkive.learning.report import MOST_LOST, BreedScore, Report, Score, Suspect
from barkive.machine import cores, one_blas_thread
from barkive.onnx_graph import FEATURES, LOGITS, TAUGHT_LOGITS, Graph
from barkive.progress import OnProgress, silent
from barkive.verdicts import BreedName

FOLDS: Final = 5
_SUSPECTS_LISTED: Final = 50
_SUSPICIOUS: Final = 0.8
_SHARES: Final = (1.0, 0.7, 0.5, 0.3, 0.2, 0.1, 0.0)


@dataclass(frozen=True, slots=True)
class Learned:
    """A bundle that has learned.

    Attributes:
        content: Of its file.
        report: What it gained.
    """

    content: bytes
    report: Report


@dataclass(frozen=True, slots=True)
class Occasion:
    """Who has a model learn, when, and what could not be learned.

    Attributes:
        by: Who; None where that is not known.
        at: When, UTC.
        unjudged: How many labels could not be learned, because the model has not judged their
            photos.
    """

    by: str | None
    at: datetime
    unjudged: int = 0


def learn(
    bundle: Bundle,
    lessons: Lessons,
    names: Mapping[str, BreedName],
    occasion: Occasion,
    *,
    keeps_added: bool = False,
    on_progress: OnProgress = silent,
) -> Learned:
    """Has a bundle learn what people said.

    Args:
        bundle: The model in use.
        lessons: All that people said so far, what the bundle has learned already included.
        names: What the breeds of these are called, by their ids.
        occasion: Who asks for it.
        keeps_added: Whether breeds that the bundle has learned before, and that nobody speaks of
            here, stay: so where it comes from elsewhere.
        on_progress: Called with (fits done, fits in all).

    Raises:
        LearningError: It remembers nothing of its breeds, or there are too few labels.
        BundleError: Its file is gone, or is another one by now.
    """
    began = time.monotonic()
    with one_blas_thread():
        course = _Course.prepare(bundle, lessons, names, keeps_added=keeps_added)
        checked = _cross_validate(course, on_progress)
        everything = np.ones(len(course.own), bool), np.ones(len(course.memory), bool)
        rows = course.bounded(course.fit(*everything), checked.share, everything[1])
        on_progress(FOLDS + 1, FOLDS + 1)
    report = _report(course, checked, occasion, time.monotonic() - began)
    return Learned(_written(course, rows, report), report)


@dataclass(frozen=True, slots=True)
class _Course:
    """All that is learned from.

    Attributes:
        bundle: The model in use.
        graph: Its graph.
        syllabus: Which labels it will have.
        names: Of the breeds in the lessons, by their ids.
        lessons: What people said, contradictions left out.
        truth: Their labels, see `Syllabus.truth`.
        basis: In which their features are fitted.
        own: The same to fit on; its weights are still to be set.
        remembered: The photos that the bundle remembers, with labels of the syllabus.
        memory: The same to fit on.
        contradictions: What was left out.
    """

    bundle: Bundle
    graph: Graph
    syllabus: Syllabus
    names: Mapping[str, BreedName]
    lessons: Lessons
    truth: NDArray[np.intp]
    basis: Basis
    own: Sample
    remembered: Memory
    memory: Sample
    contradictions: tuple[tuple[str, ...], ...]

    @classmethod
    def prepare(
        cls,
        bundle: Bundle,
        given: Lessons,
        names: Mapping[str, BreedName],
        *,
        keeps_added: bool,
    ) -> _Course:
        graph = Graph(bundle.content())
        remembered = Memory.read(graph)
        if remembered is None:
            raise LearningError("learn_no_memory", model=bundle.path)
        base = _base(bundle.info, graph)
        width = base(remembered.features[:1]).shape[1]
        taught, added = bundle.info.labels[:width], bundle.info.labels[width:]
        contradictions = given.contradictions()
        sound = np.ones(len(given), bool)
        sound[[i for some in contradictions for i in some]] = False
        lessons = given.only(sound)
        syllabus = Syllabus.plan(taught, added if keeps_added else (), lessons, names)
        if len(lessons) < FEWEST_PHOTOS:
            raise LearningError("learn_too_few", n=len(lessons), fewest=FEWEST_PHOTOS)
        position = {label.id: i for i, label in enumerate(syllabus.labels)}
        moved = np.array([position.get(label.id, -1) for label in bundle.info.labels], np.intp)
        places = moved[remembered.labels]
        # What it learned here are the lessons themselves, each on one side alone.
        kept = (places >= 0) & (keeps_added | (remembered.labels < width))
        remembered = Memory(remembered.features[kept], places[kept])
        truth = syllabus.truth(lessons)
        own_base = base(lessons.features)
        targets = syllabus.targets(lessons, fitting.softmax(own_base))
        basis = Basis.of(np.concatenate([remembered.features, lessons.features]))
        alike = np.ones(len(lessons), np.float32)
        own = Sample(basis(lessons.features), own_base, targets, alike)
        shown = np.eye(len(syllabus.labels), dtype=np.float32)[remembered.labels]
        # What was trained weighs one a photo; what was added elsewhere, as what is added here.
        counts = np.bincount(remembered.labels, minlength=len(syllabus.labels))
        weights = np.where(
            remembered.labels < width, 1, _weights(counts[remembered.labels])
        ).astype(np.float32)
        known = base(remembered.features)
        memory = Sample(basis(remembered.features), known, shown, weights)
        said = tuple(tuple(given.photos[i] for i in some) for some in contradictions)
        described = (bundle, graph, syllabus, names, lessons, truth, basis)
        return cls(*described, own, remembered, memory, said)

    def fit(self, kept: NDArray[np.bool_], remembered: NDArray[np.bool_]) -> Rows:
        """Fits the rows of new breeds, and of those that people named.

        Args:
            kept: The lessons to fit on.
            remembered: The remembered photos to fit on.
        """
        taught = len(self.syllabus.taught)
        lessons = self.own.only(kept)
        weights = _weights(_photos_alike(self.truth[kept]))
        sample = self.memory.only(remembered) + replace(lessons, weights=weights)
        shown = np.unique(self.truth[kept])
        places = np.union1d(shown[shown >= 0], np.unique(self.remembered.labels[remembered]))
        places = places[(places >= taught) | np.isin(places, shown)]
        return fitting.fit_rows(sample, places)

    def bounded(self, rows: Rows, share: float, remembered: NDArray[np.bool_]) -> Rows:
        """Rows that forget little.

        Args:
            rows: As they were fitted.
            share: How much of what is added to known breeds stays, 0..1.
            remembered: The remembered photos that they were fitted on.
        """
        taught = len(self.syllabus.taught)
        of_training = remembered & (self.remembered.labels < taught)
        return fitting.bounded(rows.softened(share, taught), self.memory.only(of_training))


def _base(info: BundleInfo, graph: Graph) -> Callable[[Reals], Reals]:
    """From features to the logits that the head was trained to give, as they are compared."""
    output = TAUGHT_LOGITS if graph.has_learned else LOGITS
    session = devices.start(graph.head(output), threads=1)

    def base(features: Reals) -> Reals:
        (logits,) = session.run([output], {FEATURES: features})
        shift = np.float32(info.prior) * info.log_frequencies[: logits.shape[1]]
        compared: Reals = logits / np.float32(info.temperature) + shift
        return compared

    return base


def _photos_alike(truth: NDArray[np.intp]) -> NDArray[np.intp]:
    """How many photos show what each photo shows, shape (n,)."""
    counts = np.bincount(truth + 1)
    alike: NDArray[np.intp] = counts[truth + 1]
    return alike


def _weights(alike: NDArray[np.intp]) -> Reals:
    """What photos weigh of which so many show the same."""
    each = fitting.WEIGHT_OF_A_BREED / np.maximum(alike, 1)
    return np.minimum(each, fitting.LARGEST_WEIGHT).astype(np.float32)


@dataclass(frozen=True, slots=True)
class _Checked:
    """Cross-validated probabilities, shape (n, labels), before and after.

    Attributes:
        share: How much of what is added to known breeds may stay, so that little is forgotten.
        before, after: Of the lessons.
        remembered_before, remembered_after: Of the remembered photos.
    """

    share: float
    before: Reals
    after: Reals
    remembered_before: Reals
    remembered_after: Reals


def _cross_validate(course: _Course, on_progress: OnProgress) -> _Checked:
    """What models say of photos that they have not learned from.

    Where the model in use has learned already, what it had learned from is what counts before.
    """
    known = course.lessons.known
    folds = _folds(course.lessons.groups, course.truth)
    memory_folds = np.arange(len(course.memory)) % FOLDS

    def fit(fold: int) -> tuple[Rows | None, Rows]:
        own, memory = folds != fold, memory_folds != fold
        before = course.fit(own & known, memory) if known.any() else None
        return before, course.fit(own, memory)

    fitted = []
    with ThreadPoolExecutor(cores()) as pool:
        for rows in pool.map(fit, range(FOLDS)):
            fitted.append(rows)
            on_progress(len(fitted), FOLDS + 1)

    def said(which: int, share: float) -> tuple[Reals, Reals]:
        """What the models of the folds say of the lessons and of the remembered photos."""
        rows = [
            None if row is None else course.bounded(row, share, memory_folds != fold)
            for fold, row in enumerate(one[which] for one in fitted)
        ]
        return (
            _held_out(course.own, folds, rows),
            _held_out(course.memory, memory_folds, rows),
        )

    truth = course.remembered.labels
    before, remembered_before = said(0, 1.0)
    right = (remembered_before.argmax(axis=1) == truth).sum()
    for share in _SHARES:
        after, remembered_after = said(1, share)
        lost = right - (remembered_after.argmax(axis=1) == truth).sum()
        if lost <= MOST_LOST * len(truth):
            break
    return _Checked(share, before, after, remembered_before, remembered_after)


def _held_out(sample: Sample, folds: NDArray[np.intp], rows: Sequence[Rows | None]) -> Reals:
    """The probabilities of each photo by the rows of its fold, shape (n, labels)."""
    labels = sample.targets.shape[1]
    found = np.zeros((len(sample), labels), np.float32)
    for fold, one in enumerate(rows):
        out = folds == fold
        part = sample.only(out)
        if one is None:
            found[out, : part.base.shape[1]] = fitting.softmax(part.base)
        else:
            found[out] = fitting.softmax(one.logits(part.features, part.base, labels))
    return found


def _folds(groups: NDArray[np.intp], truth: NDArray[np.intp]) -> NDArray[np.intp]:
    """Deals out whole groups, those of each breed evenly; each photo's fold, shape (n,)."""
    folds = np.zeros(len(groups), np.intp)
    load = np.zeros((FOLDS, int(truth.max(initial=-1)) + 2))
    numbers, first = np.unique(groups, return_index=True)
    for number in numbers[np.lexsort((first, truth[first]))]:
        inside = groups == number
        counts = np.bincount(truth[inside] + 1, minlength=load.shape[1])
        shown = counts > 0
        fold = int(np.lexsort((load.sum(axis=1), load[:, shown].sum(axis=1)))[0])
        folds[inside] = fold
        load[fold] += counts
    return folds


def _report(course: _Course, checked: _Checked, occasion: Occasion, seconds: float) -> Report:
    """What was gained."""
    lessons, truth, syllabus = course.lessons, course.truth, course.syllabus
    before, after = (said.argmax(axis=1) == truth for said in (checked.before, checked.after))
    single = truth >= 0
    scores = [
        BreedScore(
            syllabus.labels[place],
            bool(place >= len(syllabus.taught)),
            _score(before[truth == place], after[truth == place]),
        )
        for place in np.unique(truth[single])
    ]
    remembered = course.remembered.labels
    return Report(
        parent=course.bundle.model,
        photos=len(lessons),
        fresh=int((~lessons.known).sum()),
        not_dogs=sum(not named for named in lessons.breeds),
        crosses=sum(len(named) > 1 for named in lessons.breeds),
        own=_score(before[single], after[single]),
        breeds=tuple(sorted(scores, key=lambda one: (-one.score.photos, one.breed.en))),
        remembered=_score(
            checked.remembered_before.argmax(axis=1) == remembered,
            checked.remembered_after.argmax(axis=1) == remembered,
        ),
        later=tuple((course.names[breed], n) for breed, n in syllabus.later.items()),
        contradictions=course.contradictions,
        suspects=_suspects(course, checked.after),
        unjudged=occasion.unjudged,
        by=occasion.by,
        at=occasion.at.isoformat(timespec="seconds"),
        seconds=round(seconds, 2),
    )


def _score(before: NDArray[np.bool_], after: NDArray[np.bool_]) -> Score:
    lost = int((before & ~after).sum())
    return Score(len(before), int(before.sum()), int(after.sum()), lost)


def _suspects(course: _Course, after: Reals) -> tuple[Suspect, ...]:
    """Photos that look like another breed, of a known one, or of one taught with its photos."""
    labels, taught = course.syllabus.labels, len(course.syllabus.taught)
    base = fitting.softmax(course.own.base)
    found = []
    for place in np.unique(course.truth[course.truth >= 0]):
        at = np.flatnonzero(course.truth == place)
        said = after[at]
        wrong = (said.argmax(axis=1) != place) & (said.max(axis=1) >= _SUSPICIOUS)
        if place >= taught:
            # A breed that was taught with another one's photos is taken for itself.
            sure = base[at].max(axis=1) >= _SUSPICIOUS
            taken_for = np.bincount(base[at][sure].argmax(axis=1), minlength=taught)
            if 2 * taken_for.max() >= len(at):
                other = int(taken_for.argmax())
                wrong = sure & (base[at].argmax(axis=1) == other)
                said = base[at]
        found += [
            Suspect(
                course.lessons.photos[i],
                labels[place],
                labels[int(row.argmax())],
                round(float(row.max()), 4),
            )
            for i, row in zip(at[wrong], said[wrong], strict=True)
        ]
    found.sort(key=lambda one: (-one.probability, one.photo))
    return tuple(found[:_SUSPECTS_LISTED])


def _written(course: _Course, rows: Rows, report: Report) -> bytes:
    """The bundle's file."""
    info, syllabus = course.bundle.info, course.syllabus
    taught, labels = len(syllabus.taught), len(syllabus.labels)
    scale = np.float32(info.temperature)
    outside = course.basis.outside(rows)
    course.graph.add_rows(
        *(scale * outside.weight, scale * outside.bias, outside.places), taught, labels
    )
    frequencies = info.frequencies[:taught]
    if frequencies:
        # A breed of which it is not known how often it is met counts as a middling one.
        middle = math.exp(float(np.log(frequencies).mean()))
        frequencies = (*frequencies, *[middle] * (labels - taught))
    new = course.truth >= taught
    shown = course.truth[new]
    own = course.own.only(new)
    sure = fitting.softmax(rows.logits(own.features, own.base, labels))
    features = course.lessons.features[new]
    added = Memory.choose(features, shown, sure[np.arange(len(shown)), shown])
    course.graph.set_notes((course.remembered + added).to_notes())
    learned = {
        "parent": {"name": course.bundle.info.name, "sha256": course.bundle.digest},
        "report": report.to_json() | {"suspects": [], "contradictions": []},
    }
    provenance = {**info.provenance, "learned": learned}
    new_info = replace(info, labels=syllabus.labels, frequencies=frequencies, provenance=provenance)
    course.graph.set_metadata(METADATA_KEY, new_info.to_metadata())
    return course.graph.to_bytes()
