"""Draws the study's figures; each function returns a PNG file's bytes."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from barkive.evaluation import to_png
from barkive.training.study.result import Result, Table

_BLUE, _ORANGE, _GREY = "#2f6db0", "#d9822b", "#888888"


def corrections_chart(table: Table, photos: int) -> bytes:
    """Draws the accuracy of each correction on each kind of photo as a shaded table.

    Args:
        table: A row a correction; its name, then shares of 0..1, a column a kind of photo.
        photos: How many each share was measured on.
    """
    names = [str(row[0]) for row in table.rows]
    shares = np.array([row[1:] for row in table.rows], dtype=float)
    figure = Figure(figsize=(8, 1.6 + 0.42 * len(names)), layout="constrained")
    axes = figure.add_subplot()
    # Shaded by the change against the first row, which has no correction.
    change = 100 * (shares - shares[0])
    limit = max(1.0, float(np.abs(change).max()))
    image = axes.imshow(change, cmap="RdBu", vmin=-limit, vmax=limit, aspect="auto")
    for row, column in np.ndindex(*shares.shape):
        strong = abs(change[row, column]) > 0.6 * limit
        colour = "white" if strong else "black"
        text = f"{100 * shares[row, column]:.1f}"
        axes.text(column, row, text, ha="center", va="center", color=colour)
    axes.set_xticks(range(len(table.header) - 1), table.header[1:])
    axes.set_yticks(range(len(names)), names)
    axes.set(xlabel="Photos judged on", ylabel="Correction, in training and after")
    axes.set_title(f"Top-1 accuracy (%) on {photos} photos")
    figure.colorbar(image, ax=axes, label="points against no correction")
    return to_png(figure)


def sizes_chart(table: Table) -> bytes:
    """Draws accuracy, memory and time against the size of the photos."""
    column = {name: i for i, name in enumerate(table.header)}
    figure = Figure(figsize=(10, 4.2), layout="constrained")
    accuracy, cost = figure.subplots(1, 2)
    squares = list(dict.fromkeys(row[column["square"]] for row in table.rows))
    for square in squares:
        rows = [row for row in table.rows if row[column["square"]] == square]
        sizes = [row[0] for row in rows]
        shares = [100 * row[column["accuracy"]] for row in rows]
        low = [100 * (row[column["accuracy"]] - row[column["low"]]) for row in rows]
        high = [100 * (row[column["high"]] - row[column["accuracy"]]) for row in rows]
        name = "here" if len(squares) == 1 else f"here, {square}"
        accuracy.errorbar(sizes, shares, (low, high), marker="o", capsize=3, label=name)
    first = [row for row in table.rows if row[column["square"]] == squares[0]]
    sizes = [row[0] for row in first]
    for name, i in column.items():
        if name.startswith("elsewhere_"):
            label = f"elsewhere, {name.removeprefix('elsewhere_')}"
            shares = [100 * row[i] for row in first]
            accuracy.plot(sizes, shares, marker=".", linestyle="--", label=label)
    accuracy.set(xlabel="Side of the photos (pixels)", ylabel="top-1 accuracy (%)")
    accuracy.legend(fontsize=8)
    cost.plot(sizes, [row[column["megabytes"]] for row in first], marker="o", color=_BLUE)
    cost.set(xlabel="Side of the photos (pixels)")
    cost.set_ylabel("decoded photos (MB)", color=_BLUE)
    rate = cost.twinx()
    rate.plot(sizes, [row[column["photos_per_second"]] for row in first], "s-", color=_ORANGE)
    rate.set_ylabel("network (photos a second)", color=_ORANGE)
    for axes in (accuracy, cost):
        axes.set_xticks(sizes)
        axes.grid(alpha=0.3)
    return to_png(figure)


def leaderboard_chart(results: list[Result]) -> bytes:
    """Draws accuracies with their intervals, and the times of training beside them.

    Args:
        results: With an accuracy each, at least one, in the order to show them in.
    """
    figure = Figure(figsize=(11, 1.8 + 0.34 * len(results)), layout="constrained")
    accuracies, times = figure.subplots(1, 2, sharey=True, width_ratios=(3, 2))
    places = np.arange(len(results))[::-1]
    for place, result in zip(places, results, strict=True):
        assert result.accuracy is not None
        assert result.interval is not None
        share, (low, high) = 100 * result.accuracy, result.interval
        error = ([share - 100 * low], [100 * high - share])
        accuracies.barh(place, share, xerr=error, color=_BLUE, capsize=3)
        accuracies.text(100 * high + 2, place, f"{share:.1f}", va="center")
        chance = 100 / result.breeds
        accuracies.plot((chance, chance), (place - 0.4, place + 0.4), color=_ORANGE)
        minutes = (result.seconds or 0) / 60
        times.barh(place, minutes, color=_GREY)
        times.text(minutes, place, f" {minutes:.1f}", va="center")
    names = [f"{result.recipe} ({result.breeds})" for result in results]
    accuracies.set_yticks(places, names, parse_math=False)
    accuracies.set(xlim=(0, 112), xticks=range(0, 101, 20))
    accuracies.set(xlabel="top-1 accuracy on test (%), 95 % interval; orange: chance")
    times.set(xlabel="minutes of training")
    times.margins(x=0.15)
    accuracies.set_title("Recipe (breeds)", loc="left")
    return to_png(figure)


def history_chart(values: list[float], complete: list[bool]) -> bytes:
    """Draws the accuracy of each trial of a search, and the best so far.

    Args:
        values: Accuracies on validation, 0..1, in the order of the trials.
        complete: Which trials were not given up.
    """
    figure = Figure(figsize=(8, 4), layout="constrained")
    axes = figure.add_subplot()
    numbers = np.arange(1, len(values) + 1)
    shares, whole = 100 * np.array(values), np.array(complete, dtype=bool)
    axes.plot(numbers[whole], shares[whole], "o", color=_BLUE, label="trial")
    axes.plot(numbers[~whole], shares[~whole], "x", color=_GREY, label="given up")
    if whole.any():
        best = np.maximum.accumulate(np.where(whole, shares, 0))
        first = int(whole.argmax())
        axes.step(numbers[first:], best[first:], where="post", color=_ORANGE, label="best so far")
    axes.set(xlabel="Trial", ylabel="top-1 accuracy on validation (%)")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.grid(alpha=0.3)
    axes.legend()
    return to_png(figure)


def importance_chart(importances: dict[str, float], trials: int) -> bytes:
    """Draws how much each setting matters.

    Args:
        importances: Shares that sum to 1, the largest first.
        trials: How many they were computed from.
    """
    figure = Figure(figsize=(8, 1.4 + 0.4 * len(importances)), layout="constrained")
    axes = figure.add_subplot()
    names, shares = list(importances)[::-1], [100 * x for x in importances.values()][::-1]
    axes.barh(names, shares, color=_BLUE)
    axes.set(xlabel="importance (%): share in the differences between trials")
    axes.set_title(f"Which settings matter, by PED-ANOVA on {trials} trials", loc="left")
    return to_png(figure)
