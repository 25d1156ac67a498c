"""`barkive evaluate`: how good a model is on a folder of breeds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

import click

from barkive.cli.options import (
    PATH,
    Device,
    Values,
    data_argument,
    device_option,
    exclude_option,
    follow_links_option,
    passing,
    prior_option,
)

if TYPE_CHECKING:
    from rich.table import Table

    from barkive.boxes import Box
    from barkive.classifier import Classifier
    from barkive.evaluation import DogFigures, Evaluation, Figures
    from barkive.messages import Message

_WORST = 10
_PAIRS = 20


class EvaluationFormat(StrEnum):
    """How the figures are printed."""

    TABLE = "table"
    JSON = "json"


@click.command()
@data_argument
@click.option(
    "--model",
    metavar="MODEL.onnx",
    type=PATH,
    help="The model to judge; without it the one that is built in.",
)
@click.option(
    "--not-dogs",
    metavar="FOLDER",
    type=PATH,
    help="A folder of photos without a dog, to tell apart.",
)
@click.option(
    "--out", metavar="FOLDER", type=PATH, help="A folder to write tables and pictures into."
)
@click.option(
    "--format",
    "format_",
    type=Values(EvaluationFormat),
    default=EvaluationFormat.TABLE.value,
    help="How to print the figures.",
)
@click.option(
    "--dogs",
    metavar="BOXES.csv",
    type=PATH,
    help="Measure how well dogs are found, by a table of boxes: photo, kind, x, y, width, height.",
)
@prior_option
@device_option
@exclude_option
@follow_links_option
def evaluate(
    data: Path,
    model: Path | None,
    not_dogs: Path | None,
    out: Path | None,
    format_: EvaluationFormat,
    dogs: Path | None,
    prior: str | None,
    device: Device,
    exclude: tuple[str, ...],
    follow_links: bool,
) -> None:
    """Measure how well a model names the breeds in a folder of photos.

    Exit status: 0 all went well, 1 some photos could not be read, 2 wrong usage.
    """
    import json

    from barkive import evaluation as ev
    from barkive.classifier import Classifier
    from barkive.cli.progress import progress
    from barkive.images.passing import told

    rules = passing(exclude, follow_links)
    if dogs is not None:
        _evaluate_dogs(data, dogs, Classifier(model, device=device.value, prior=prior), format_)
        return
    samples = ev.read_samples(data, rules)
    others = ev.read_not_dogs(not_dogs, rules) if not_dogs is not None else ()
    if out is not None:
        ev.prepare_report(out)
    classifier = Classifier(model, device=device.value, prior=prior, dogs=False)
    info, name = classifier.bundle.info, classifier.bundle.model
    known = ev.known_to(info.labels, samples)
    if samples.passed_over:
        click.echo(told(samples.passed_over), err=True)
    _warn("Without a photo", samples.empty)
    _warn("Left out, because the model does not know the breed", known.unknown)
    _warn("Taken together, because they hold the same breed", known.twins)

    with progress("Scoring") as on_progress:
        result = ev.evaluate(
            classifier.score,
            info,
            known.paths,
            known.truth,
            not_dogs=others,
            on_progress=on_progress,
        )
    if out is not None:
        ev.write_report(result, out, model=name)
    figures = ev.figures(result)
    if format_ is EvaluationFormat.JSON:
        click.echo(json.dumps({**figures.to_json(), "model": name}))
    else:
        _print_tables(result, figures, name)
    _list_failures(result.failures)
    if result.failures:
        raise click.exceptions.Exit(1)


def _evaluate_dogs(data: Path, table: Path, classifier: Classifier, form: EvaluationFormat) -> None:
    """Measures how well dogs are found in the photos of a table."""
    import json

    from barkive import evaluation as ev
    from barkive.cli.progress import progress
    from barkive.messages import Message

    ev.check_folder(data, Message("wanted_folder_of_boxes"))
    marked = ev.read_boxes(table)
    compared: list[tuple[ev.Marked, list[Box]]] = []
    failures: dict[str, Message] = {}
    with progress("Looking for dogs") as on_progress:
        verdicts = classifier.predict([data / photo for photo in marked], top=1)
        for one, verdict in zip(marked.values(), verdicts, strict=True):
            if verdict.reason is not None:
                failures[str(verdict.file)] = verdict.reason
            else:
                compared.append((one, [dog.box for dog in verdict.dogs or ()]))
            on_progress(len(compared) + len(failures), len(marked))
    figures = ev.dog_figures(compared)
    if form is EvaluationFormat.JSON:
        click.echo(json.dumps({**figures.to_json(), "model": classifier.bundle.model}))
    else:
        _print_dogs(figures, classifier.bundle.model)
    _list_failures(failures)
    if failures:
        raise click.exceptions.Exit(1)


def _print_dogs(figures: DogFigures, model: str) -> None:
    from rich.console import Console

    table = _table(f"Dogs found by {model} in {figures.photos} photos")
    for name, share, remark in (
        ("Dogs found", figures.recall, "intersection over union at least 0.5"),
        ("of them large", figures.large, "at least a sixteenth of the photo"),
        ("of them small", figures.small, ""),
        ("of them at an edge", figures.edge, ""),
        ("Boxes that are right", figures.precision, ""),
        ("As many as there are: groups", figures.groups, "photos of several dogs"),
        ("As many as there are: one", figures.singles, "photos of one dog"),
    ):
        value = "–" if share.value is None else f"{100 * share.value:.1f} %"
        ends = "{:.1f}–{:.1f} %".format(*(100 * end for end in share.interval))
        of = f"{share.right} of {share.of}, 95 % interval {ends}"
        table.add_row(name, value, f"{of}; {remark}" if remark else of)
    Console(markup=False, highlight=False, emoji=False).print(table)


def _warn(what: str, folders: Sequence[str]) -> None:
    if folders:
        click.echo(f"{what} ({len(folders)}): {', '.join(folders)}", err=True)


def _list_failures(failures: Mapping[str, Message]) -> None:
    for path, reason in failures.items():
        click.echo(f"{path}: {reason}", err=True)
    if failures:
        click.echo(f"Could not be read, and left out of the figures: {len(failures)}", err=True)


def _print_tables(result: Evaluation, figures: Figures, model: str) -> None:
    from rich.console import Console

    from barkive.evaluation import worst_breeds
    from barkive.metrics import most_confused_pairs

    console = Console(markup=False, highlight=False, emoji=False)

    table = _table(f"{model} on {figures.n} photos")
    for cells in _figure_rows(figures):
        table.add_row(*cells)
    console.print(table)
    console.print(
        "On photos that the model, or the network under it, was trained on, "
        "these figures are an upper bound.",
        style="dim",
    )

    breeds = [row for row in worst_breeds(result) if row.mistaken_for][:_WORST]
    if not breeds:
        return
    table = _table("\nWorst breeds", "Breed", "Right", "Most often taken for")
    for row in breeds:
        right = f"{row.right} of {row.photos}"
        instead = f"{row.mistaken_for.en} ({row.mistaken})" if row.mistaken_for else ""
        table.add_row(row.label.en, right, instead)
    console.print(table)

    table = _table("\nMost confused pairs", "Breed", "Taken for", "Times", "And back")
    for pair in most_confused_pairs(result.confusion, _PAIRS):
        directions = [
            (pair.first_as_second, pair.first, pair.second),
            (pair.second_as_first, pair.second, pair.first),
        ]
        (times, breed, other), (back, _, _) = sorted(directions, reverse=True)
        table.add_row(result.labels[breed].en, result.labels[other].en, str(times), str(back))
    console.print(table)


def _table(title: str, *headers: str) -> Table:
    from rich.table import Table
    from rich.text import Text

    # As `Text`, because a plain string's square brackets would be read as markup.
    return Table(
        *headers,
        title=Text(title, style="bold"),
        title_justify="left",
        box=None,
        pad_edge=False,
        show_header=bool(headers),
    )


def _figure_rows(figures: Figures) -> list[tuple[str, str, str]]:
    """Name, value and remark of each figure."""

    def percent(share: float | None) -> str:
        return "–" if share is None else f"{100 * share:.1f} %"

    def interval(ends: tuple[float, float]) -> str:
        return f"95 % interval {100 * ends[0]:.1f}–{100 * ends[1]:.1f} %"

    rows = [
        ("Top-1 accuracy", percent(figures.top1), interval(figures.top1_interval)),
        ("Top-5 accuracy", percent(figures.top5), interval(figures.top5_interval)),
        ("Mean accuracy of the breeds", percent(figures.mean_per_breed), ""),
        ("Calibration error", percent(figures.ece), "15 bins"),
        ("Answered “dog”", percent(figures.dog_coverage), "of the photos"),
        ("Right when answered “dog”", percent(figures.dog_precision), ""),
        ("Photos a second", f"{figures.images_per_second:.0f}", "decoding included"),
    ]
    if figures.not_dog_answers is not None:
        given = ", ".join(f"{status} {n}" for status, n in figures.not_dog_answers.items())
        rows += [
            ("Not a dog: AUROC", f"{figures.not_dog_auroc:.4f}", ""),
            ("Not a dog: passes for one", percent(figures.not_dog_fpr95), "at 95 % recall of dogs"),
            ("Not a dog: answered", "", given),
        ]
    return rows
