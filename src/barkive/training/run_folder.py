"""What a training run leaves behind beside the bundle: settings, figures, curves."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any

from matplotlib.figure import Figure

from barkive.evaluation import to_csv, to_png, write_files
from barkive.training.curves import FAR_ABOVE, write_under
from barkive.training.recipe import Recipe


@dataclass(frozen=True, slots=True)
class CurvePoint:
    """How well the prediction layer does with one L2 penalty; accuracies lie in 0..1."""

    penalty: float
    train_accuracy: float
    train_loss: float
    validation_accuracy: float
    validation_loss: float


def write_run(
    recipe: Recipe,
    curve: Sequence[CurvePoint],
    chosen: CurvePoint,
    provenance: dict[str, Any],
    failed: Sequence[tuple[str, str]],
    duplicates: Iterable[Sequence[Any]],
) -> None:
    """Writes settings, regularisation curve, provenance, near-duplicates and what failed."""
    write_files(
        recipe.run_folder,
        {
            "settings.json": _json(recipe.to_json()),
            "provenance.json": _json(provenance),
            "near-duplicates.csv": to_csv(duplicates),
            "failed.csv": to_csv([["file", "error"], *failed]),
            **curve_files(curve, chosen),
        },
    )


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


def _json(value: Any) -> bytes:
    return json.dumps(value, indent=2, ensure_ascii=False).encode()


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
