"""Says in words how a training went, and draws its curves.

A training in epochs has learning curves; a prediction layer that is solved to its optimum has a
regularisation curve, over the L2 penalties that were tried.
"""

from __future__ import annotations

import math
import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import asdict, astuple, dataclass, fields
from typing import Any

from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from barkive.evaluation import to_csv, to_png
from barkive.metrics import wilson_interval

FAR_ABOVE = 0.10
"""Over-fits: training accuracy this much, or more, above validation."""
LOSS_RISE = 0.05
"""Over-fits: validation loss this share, or more, above its minimum while training's falls."""
LEAST_RISE = 0.05
"""And by so much at least, in nats: near 0 every rise is a large share."""
LOW_TRAINING = 0.80
"""Under-fits: training accuracy below this, and validation too: augmented photos are harder."""
STILL_RISING = 0.01
"""Stopped too early: the last quarter's best accuracy is this much, or more, above the former."""
LITTLE = 0.05
"""Learned nothing: this share, or less, of the way from chance to 1 (photos not counted)."""

_WIDTH = 110
"""Characters of the verdict a line, under the curves."""


@dataclass(frozen=True, slots=True)
class Epoch:
    """One pass over the training photos, and how the network did after it.

    Attributes:
        epoch: Its number, from 1.
        train_loss: Cross-entropy on the training photos.
        train_accuracy: Share of them answered rightly, 0..1.
        validation_loss: Cross-entropy on the validation photos.
        validation_accuracy: Share of them answered rightly, 0..1.
        seconds: How long it took.
    """

    epoch: int
    train_loss: float
    train_accuracy: float
    validation_loss: float
    validation_accuracy: float
    seconds: float


@dataclass(frozen=True, slots=True)
class CurvePoint:
    """How well the prediction layer does with one L2 penalty; accuracies lie in 0..1."""

    penalty: float
    train_accuracy: float
    train_loss: float
    validation_accuracy: float
    validation_loss: float


def best_epoch(history: Sequence[Epoch]) -> Epoch:
    """The epoch with the most right on validation; of equals the one with the lowest loss."""
    return max(history, key=lambda one: (one.validation_accuracy, -one.validation_loss))


def diagnose(
    history: Sequence[Epoch], chance: float, *, validation_photos: int | None = None
) -> str:
    """Says whether a run over-fits, under-fits, ended too early, learned nothing, or is sound.

    Args:
        history: The epochs in order.
        chance: The accuracy of guessing, 0..1: 1 / classes where all are alike in number.
        validation_photos: How many there are: what could be luck then counts for nothing.

    Returns:
        One or two sentences with the figures.
    """
    if not history:
        return "No epoch was finished, so there is nothing to judge."
    broken = [one for one in history if not math.isfinite(one.train_loss + one.validation_loss)]
    if broken:
        return (
            f"The run diverged: the loss of epoch {broken[0].epoch} is not finite. "
            "A lower learning rate may hold it."
        )
    best, last = best_epoch(history), history[-1]
    if _is_luck(best.validation_accuracy, chance, validation_photos):
        return (
            f"It learned nothing that helps on validation: {best.validation_accuracy:.1%} right "
            f"at best, where guessing gives {chance:.1%}; in training {last.train_accuracy:.1%}."
        )
    shares = (
        f"{last.train_accuracy:.1%} right in training and "
        f"{last.validation_accuracy:.1%} on validation"
    )
    if len(history) == 1:
        return f"After one epoch: {shares}. One epoch does not tell which way it goes."
    return (
        _over_fitting(history, shares, validation_photos)
        or _under_fitting(history, shares)
        or f"It neither over-fits nor under-fits: {shares} at the end, "
        f"and {best.validation_accuracy:.1%} at best, in epoch {best.epoch}."
    )


def _over_fitting(
    history: Sequence[Epoch], shares: str, validation_photos: int | None
) -> str | None:
    """What says that the run over-fits; None where nothing does."""
    last = history[-1]
    lowest = min(history, key=lambda one: one.validation_loss)
    rise = max(LOSS_RISE * lowest.validation_loss, LEAST_RISE)
    if (
        last.validation_loss >= lowest.validation_loss + rise
        and last.train_loss < lowest.train_loss
    ):
        best = best_epoch(history)
        return (
            f"It over-fits: after epoch {lowest.epoch} the validation loss rises from "
            f"{lowest.validation_loss:.2f} to {last.validation_loss:.2f} while the training loss "
            f"falls from {lowest.train_loss:.2f} to {last.train_loss:.2f}. "
            f"At the end it has {shares}; most on validation, {best.validation_accuracy:.1%}, "
            f"were right in epoch {best.epoch}."
        )
    gap = last.train_accuracy - last.validation_accuracy
    if gap >= FAR_ABOVE and not _is_luck(
        last.train_accuracy, last.validation_accuracy, validation_photos
    ):
        return (
            f"It over-fits: {shares}, {100 * gap:.1f} points apart. "
            "More photos, more augmentation or more weight decay may bring them together."
        )
    return None


def _under_fitting(history: Sequence[Epoch], shares: str) -> str | None:
    """What says that the run under-fits or ended too early; None where nothing does."""
    last, quarter = history[-1], math.ceil(len(history) / 4)
    early, late = history[:-quarter], history[-quarter:]
    # Best against best: one bad epoch in between is no progress.
    train, validation = (
        max(getattr(one, side) for one in late) - max(getattr(one, side) for one in early)
        for side in ("train_accuracy", "validation_accuracy")
    )
    low = max(last.train_accuracy, last.validation_accuracy) < LOW_TRAINING
    if validation >= STILL_RISING or (low and train >= STILL_RISING):
        so_far = "It under-fits so far, stopped too early" if low else "It was stopped too early"
        return (
            f"{so_far}: {shares}, and still improving, since epoch {early[-1].epoch} by "
            f"{100 * train:.1f} points in training and {100 * validation:.1f} on validation. "
            "Train longer."
        )
    if low:
        return (
            f"It under-fits: only {shares}, and no longer improving. "
            "A larger network, a higher learning rate or less augmentation may do better."
        )
    return None


def _is_luck(accuracy: float, reference: float, photos: int | None) -> bool:
    """Whether an accuracy is not clearly above a reference: within its own 95 % interval."""
    if photos is None:
        return accuracy - reference <= LITTLE * (1 - reference)
    return wilson_interval(round(accuracy * photos), photos).low <= reference


def epoch_rows(history: Sequence[Epoch]) -> Iterator[Sequence[Any]]:
    """The epochs as the rows of a CSV file, the header first."""
    yield tuple(field.name for field in fields(Epoch))
    yield from (astuple(one) for one in history)


def draw_curves(history: Sequence[Epoch], verdict: str, title: str) -> bytes:
    """Draws loss and accuracy of training and validation over the epochs, as a PNG.

    Args:
        history: The epochs in order; the best is marked.
        verdict: Of `diagnose`; written under the curves.
        title: Written over them.
    """
    figure = Figure(figsize=(10, 4.6), layout="constrained")
    accuracy, loss = figure.subplots(1, 2)
    epochs = [one.epoch for one in history]
    for side, name in (("train", "training"), ("validation", "validation")):
        shares = [100 * getattr(one, f"{side}_accuracy") for one in history]
        accuracy.plot(epochs, shares, marker="o", markersize=3, label=name)
        losses = [getattr(one, f"{side}_loss") for one in history]
        loss.plot(epochs, losses, marker="o", markersize=3, label=name)
    for axes, label in ((accuracy, "top-1 accuracy (%)"), (loss, "cross-entropy")):
        axes.set(xlabel="Epoch", ylabel=label)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
        axes.grid(alpha=0.3)
        if history:
            best = best_epoch(history).epoch
            axes.set_xlim(epochs[0] - 0.5, epochs[-1] + 0.5)
            axes.axvline(best, color="grey", linestyle="--", label=f"best: epoch {best}")
        else:
            axes.set(xticks=[], yticks=[])
        axes.legend()
    # No share is above 100 %, but the axis would be, where all lie there.
    accuracy.set_ylim(top=min(101, accuracy.get_ylim()[1]))
    # Names come from the user, and a dollar sign in one starts no formula.
    figure.suptitle(title, parse_math=False)
    write_under(figure, verdict)
    return to_png(figure)


def write_under(figure: Figure, sentence: str) -> None:
    """Writes a sentence, wrapped, under the curves of a figure 10 inches wide."""
    figure.supxlabel(textwrap.fill(sentence, _WIDTH), fontsize=10, parse_math=False)


def curve_files(curve: Sequence[CurvePoint], chosen: CurvePoint) -> dict[str, bytes]:
    """The regularisation curve as `regularisation.csv` and `regularisation.png`."""
    header = [field.name for field in fields(CurvePoint)]
    return {
        "regularisation.csv": to_csv([header, *(list(asdict(p).values()) for p in curve)]),
        "regularisation.png": _curve_picture(curve, chosen),
    }


def diagnose_penalty(curve: Sequence[CurvePoint], chosen: CurvePoint) -> str:
    """Says whether a penalty over-fits, and where on its regularisation curve it lies.

    Args:
        curve: The penalties tried, in any order.
        chosen: One of them.

    Returns:
        Two sentences with the figures.
    """
    accuracy = (
        f"{chosen.train_accuracy:.1%} right in training and "
        f"{chosen.validation_accuracy:.1%} on validation"
    )
    gap = chosen.train_accuracy - chosen.validation_accuracy
    said = f"With the penalty chosen, {chosen.penalty:g}, it has {accuracy}."
    if gap >= FAR_ABOVE:
        said = (
            f"It over-fits: {accuracy}, {100 * gap:.1f} points apart, with the penalty chosen, "
            f"{chosen.penalty:g}."
        )
    weakest = min(curve, key=lambda point: point.penalty)
    strongest = max(curve, key=lambda point: point.penalty)
    lowest = min(curve, key=lambda point: point.validation_loss)
    if weakest == strongest:
        return f"{said} No other was tried."
    if chosen == strongest:
        return f"{said} That is the strongest tried; a stronger one may do better."
    if chosen == weakest:
        return f"{said} That is the weakest tried; a weaker one may do better."
    if chosen == lowest:
        return f"{said} The validation loss alone would choose it, too."
    more = "less" if chosen.penalty < lowest.penalty else "more"
    return (
        f"{said} It is {more} regularised than the validation loss alone would choose, which is "
        f"{chosen.validation_loss:.2f} there, and lowest, {lowest.validation_loss:.2f}, "
        f"with {lowest.penalty:g}."
    )


def _curve_picture(curve: Sequence[CurvePoint], chosen: CurvePoint) -> bytes:
    penalties = [point.penalty for point in curve]
    figure = Figure(figsize=(10, 4.6), layout="constrained")
    accuracy, loss = figure.subplots(1, 2)
    for side, name in (("train", "training"), ("validation", "validation")):
        shares = [100 * getattr(point, f"{side}_accuracy") for point in curve]
        accuracy.plot(penalties, shares, marker="o", label=name)
        losses = [getattr(point, f"{side}_loss") for point in curve]
        loss.plot(penalties, losses, marker="o", label=name)
    for axes, label in ((accuracy, "top-1 accuracy (%)"), (loss, "cross-entropy")):
        axes.set(xscale="log", xlabel="L2 penalty", ylabel=label)
        axes.axvline(chosen.penalty, color="grey", linestyle="--", label="chosen")
        axes.grid(alpha=0.3)
        axes.legend()
    # No share is above 100 %, but the axis would be, where all lie there.
    accuracy.set_ylim(top=min(101, accuracy.get_ylim()[1]))
    figure.suptitle("Prediction layer: from over-fitting (left) to under-fitting (right)")
    write_under(figure, diagnose_penalty(curve, chosen))
    return to_png(figure)
