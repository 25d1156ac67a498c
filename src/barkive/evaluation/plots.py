"""Draws an evaluation: confusion matrix and reliability diagram.

Each function returns a PNG file's bytes. Matplotlib is imported only inside, because
only this part of evaluation needs it.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from barkive import metrics

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_INK, _FAINT, _PAPER = "#1a1a1a", "#666666", "#ffffff"


def confusion_picture(matrix: NDArray[np.intp], names: Sequence[str]) -> bytes:
    """Draws a confusion matrix; each row is shaded by the shares of its true breed.

    Args:
        matrix: Counts, shape (len(names), len(names)): rows are the truth.
        names: The breeds' names, at least one.
    """
    from matplotlib.colors import PowerNorm
    from matplotlib.figure import Figure

    count = len(names)
    # A folder's name may be no valid text, which Matplotlib does not take.
    names = [name.encode(errors="replace").decode() for name in names]
    side = min(max(5.0, 2.5 + 0.16 * count), 40.0)  # inches
    figure = Figure(figsize=(side + 1, side), layout="constrained")
    axes = figure.add_subplot()
    shares = matrix / np.maximum(matrix.sum(axis=1, keepdims=True), 1)
    # The root brings out the few confusions beside the many right answers.
    image = axes.imshow(shares, cmap="Blues", norm=PowerNorm(0.5, vmin=0, vmax=1))
    # Names come from folders, and a dollar sign in one starts no formula.
    style: dict[str, Any] = {"fontsize": 7 if count > 20 else 9, "parse_math": False}
    axes.set_xticks(range(count), names, rotation=90, **style)
    axes.set_yticks(range(count), names, **style)
    axes.set_xlabel("Answer")
    axes.set_ylabel("Truth")
    axes.set_title("Confusion matrix: share of each true breed")
    if count <= 20:
        for row, column in zip(*np.nonzero(matrix), strict=True):
            colour = _PAPER if shares[row, column] > 0.4 else _INK
            axes.text(
                column, row, matrix[row, column], ha="center", va="center", color=colour, fontsize=8
            )
    figure.colorbar(image, ax=axes, shrink=0.6)
    return to_png(figure)


def reliability_picture(bins: metrics.CalibrationBins, ece: float) -> bytes:
    """Draws accuracy against confidence, and how many photos each bin holds."""
    from matplotlib.figure import Figure

    count = len(bins.photos)
    centres = (np.arange(count) + 0.5) / count
    figure = Figure(figsize=(5, 6), layout="constrained")
    upper, lower = figure.subplots(2, sharex=True, height_ratios=(4, 1))
    held = bins.photos > 0
    upper.bar(centres[held], bins.accuracy[held], 0.9 / count, color="#4a7fb5", label="measured")
    upper.plot((0, 1), (0, 1), "--", color=_FAINT, label="perfectly calibrated")
    upper.set(xlim=(0, 1), ylim=(0, 1), ylabel="Accuracy")
    upper.set_title(f"Reliability: calibration error {100 * ece:.1f} %")
    lower.bar(centres, bins.photos, 0.9 / count, color="#999999")
    lower.set(xlabel="Confidence", ylabel="Photos")
    figure.legend(loc="outside lower center", ncols=2, frameon=False)
    return to_png(figure)


def to_png(figure: Figure) -> bytes:
    """A figure as the content of a PNG file."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=110)
    return buffer.getvalue()
