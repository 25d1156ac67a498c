"""What photos from elsewhere teach: how far to trust an answer, and how far frequencies count.

Validation photos come from the same folders as the training photos, and show no other
breeds. People's photos come from anywhere, and show all breeds there are.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from barkive import evaluation, metrics
from barkive.bundle import BundleInfo, Certainty, certainty_measures
from barkive.errors import DataError
from barkive.images.passing import NOTHING_MORE, Passing
from barkive.progress import Log
from barkive.training import head
from barkive.training.head import Floats
from barkive.verdicts import BreedName

PRIORS = (0.0, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5)
PRIOR_COST = 0.003
"""What a prior may cost on validation; more would give up rare breeds for frequent ones."""

ELSEWHERE_PRECISION = 0.92
"""The share of right answers that the threshold is set for: two points above what is promised,
because the next photos come from yet other people."""

_PENALTY = 3.0  # of standardised measures, over all photos together
_FOLDS = 5
_DRAWS = 4


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """Photos of breeds that a model knows and of others, n in all.

    Attributes:
        paths: The photos.
        truth: The index of each one's label, -1 where the model does not know the breed; (n,).
        folders: The index of each one's folder, (n,).
    """

    paths: tuple[str, ...]
    truth: NDArray[np.intp]
    folders: NDArray[np.intp]

    def only(self, kept: NDArray[np.intp]) -> Elsewhere:
        """The photos at some positions."""
        return Elsewhere(tuple(self.paths[i] for i in kept), self.truth[kept], self.folders[kept])


def read_elsewhere(
    folder: Path, labels: tuple[BreedName, ...], log: Log, passing: Passing = NOTHING_MORE
) -> Elsewhere:
    """Lists the photos of a folder of breeds, those that the model does not know included.

    A folder `any_poodle` is left out: which of the breeds it shows is not known.

    Raises:
        DataError: The folder is missing or empty, or lacks photos of breeds that the model
            knows, or of others.
    """
    samples = evaluation.read_samples(folder, passing)
    known = evaluation.known_to(labels, samples)
    truth = np.full(len(samples.paths), -1, np.intp)
    truth[np.isin(samples.paths, known.paths)] = known.truth
    ambiguous = [i for i, name in enumerate(samples.folders) if evaluation.is_ambiguous(name)]
    kept = np.flatnonzero(~np.isin(samples.truth, ambiguous))
    found = Elsewhere(samples.paths, truth, samples.truth).only(kept)
    if not (found.truth < 0).any():
        raise DataError("elsewhere_other_breeds_missing", folder=folder)
    if not (found.truth >= 0).any():
        raise DataError("elsewhere_known_breeds_missing", folder=folder)
    log(
        f"{(found.truth >= 0).sum()} photos from elsewhere of breeds that the model knows, "
        f"{(found.truth < 0).sum()} of others."
    )
    return found


def learn_elsewhere(
    draft: BundleInfo,
    logits: Floats,
    truth: NDArray[np.intp],
    elsewhere: Elsewhere,
    outputs: tuple[Floats, Floats],
    log: Log,
) -> BundleInfo:
    """Chooses prior and temperature, fits the certainty, and sets the answer threshold.

    Args:
        draft: What the bundle says of itself, with the frequencies of its labels, if known.
        logits: Of validation photos, (n, labels).
        truth: Their labels, (n,).
        elsewhere: The photos from elsewhere, m of them.
        outputs: Their features, and their logits (m, labels).
        log: Reports what to expect.
    """
    _, there = outputs
    if draft.frequencies:
        prior = choose_prior(draft, logits, truth, there, elsewhere.truth, log)
        shift = prior * draft.log_frequencies
        temperature = head.fit_temperature(logits, truth, shift=shift)
        draft = replace(draft, prior=prior, temperature=temperature)
    certainty, answer_threshold = fit_certainty(draft, there, elsewhere, log)
    return replace(draft, certainty=certainty, answer_threshold=answer_threshold)


def choose_prior(
    info: BundleInfo,
    logits: Floats,
    truth: NDArray[np.intp],
    logits_elsewhere: Floats,
    truth_elsewhere: NDArray[np.intp],
    log: Log,
) -> float:
    """How far the frequencies of breeds count: 0 unless they win more than they lose.

    Args:
        info: Its temperature and frequencies are used.
        logits: Of validation photos, (n, labels).
        truth: Their labels, (n,).
        logits_elsewhere: Of photos from elsewhere, (m, labels).
        truth_elsewhere: Their labels, -1 for others, (m,).
        log: Reports what was chosen.
    """
    known = truth_elsewhere >= 0

    def right(prior: float) -> tuple[float, float]:
        raised = replace(info, prior=prior)
        here = probabilities(raised, logits).argmax(axis=1) == truth
        there = (
            probabilities(raised, logits_elsewhere[known]).argmax(axis=1) == truth_elsewhere[known]
        )
        return float(here.mean()), float(there.mean())

    before, best, most = right(0), 0.0, (0.0, 0.0)
    for prior in PRIORS:
        here, there = right(prior)
        won = here - before[0], there - before[1]
        if won[0] >= -PRIOR_COST - 1e-9 and sum(won) > sum(most) + 1e-9:
            best, most = prior, won
    log(
        f"Frequencies of breeds, to the power of {best:g}: {100 * most[0]:+.2f} points on "
        f"validation, {100 * most[1]:+.2f} elsewhere."
        if best
        else "Frequencies of breeds are not used: they win nothing."
    )
    return best


def fit_certainty(
    info: BundleInfo, logits: Floats, elsewhere: Elsewhere, log: Log
) -> tuple[Certainty, float]:
    """Fits how certain an answer is, and from where on it is given.

    The threshold is chosen on certainties that a breed's own photos had no part in: folds
    hold whole breeds.

    Args:
        info: Its temperature, frequencies and prior are used.
        logits: Of the photos from elsewhere, (n, labels).
        elsewhere: These photos.
        log: Reports what to expect.

    Returns:
        The certainty and the answer threshold.
    """
    scores = probabilities(info, logits)
    measures = certainty_measures(scores, info.log_frequencies)
    right = scores.argmax(axis=1) == elsewhere.truth
    known = elsewhere.truth >= 0
    unseen = np.zeros(len(right), np.float32)
    for draw in range(_DRAWS):
        fold = _folds(elsewhere, draw)
        for i in range(_FOLDS):
            fitted = fold != i
            certainty = _fit(measures[fitted], right[fitted])
            unseen[~fitted] += certainty(scores[~fitted], info.log_frequencies) / np.float32(_DRAWS)
    threshold = metrics.precision_threshold(unseen, right, ELSEWHERE_PRECISION)
    given = unseen >= threshold
    log(
        f"{given[known].mean():.1%} of the photos from elsewhere of breeds that the model knows "
        f"get an answer, and {right[given].mean():.1%} of all answers given are right."
        if given.any()
        else "None of the photos from elsewhere is sure enough for an answer."
    )
    return _fit(measures, right), threshold


def _fit(measures: Floats, right: NDArray[np.bool_]) -> Certainty:
    mean, deviation = measures.mean(axis=0), measures.std(axis=0) + np.float32(1e-6)
    weights, bias = head.fit_log_odds((measures - mean) / deviation, right, _PENALTY)
    entropy, soft_entropy, frequency = (weights / deviation).tolist()
    return Certainty(
        bias=bias - float(weights / deviation @ mean),
        entropy=entropy,
        soft_entropy=soft_entropy,
        frequency=frequency,
    )


def probabilities(info: BundleInfo, logits: Floats) -> Floats:
    """What a bundle makes of logits, (n, labels)."""
    nothing = np.zeros(len(logits), np.float32)
    return info.scores(logits, nothing, nothing).probabilities


def _folds(elsewhere: Elsewhere, draw: int) -> NDArray[np.intp]:
    """Deals out whole folders, known and other breeds each evenly; each photo's fold, (n,)."""
    fold = np.zeros(len(elsewhere.paths), np.intp)
    generator = np.random.default_rng(draw)
    for known in (True, False):
        side = (elsewhere.truth >= 0) == known
        folders, counts = np.unique(elsewhere.folders[side], return_counts=True)
        shuffled = generator.permutation(len(folders))
        load = np.zeros(_FOLDS, np.intp)
        for i in shuffled[np.argsort(-counts[shuffled], kind="stable")]:
            lightest = int(load.argmin())
            load[lightest] += counts[i]
            fold[elsewhere.folders == folders[i]] = lightest
    return fold
