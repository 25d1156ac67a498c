"""`barkive explore`: what a folder of photos holds."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from barkive.cli.options import PATH, data_argument, exclude_option, follow_links_option, passing

if TYPE_CHECKING:
    from barkive.exploration import BreedSummary, Findings


@click.command()
@data_argument
@click.option(
    "--out",
    metavar="FOLDER",
    type=PATH,
    required=True,
    help="A folder to write the page and the tables into.",
)
@exclude_option
@follow_links_option
def explore(data: Path, out: Path, exclude: tuple[str, ...], follow_links: bool) -> None:
    """Look at a folder of photos: counts, sizes, quality, duplicates, outliers.

    Writes index.html, which opens without a network, and the same
    as JSON and CSV. An interrupted run writes nothing; it starts again.

    Exit status: 0 all went well, 1 some photos could not be read, 2 wrong usage.
    """
    from barkive import exploration
    from barkive.cli.output import printable
    from barkive.cli.progress import progress
    from barkive.evaluation import make_folder, read_samples
    from barkive.images.passing import told

    samples = read_samples(data, passing(exclude, follow_links))
    make_folder(out)
    if samples.passed_over:
        click.echo(told(samples.passed_over), err=True)
    with progress("Exploring") as on_progress:
        survey = exploration.survey(samples, on_progress=on_progress)
    findings = exploration.find(survey)
    page = exploration.write_report(findings, out)
    for line in _summary(findings):
        click.echo(printable(line))
    click.echo(f"Page: {printable(str(page))}")
    for failure in survey.failures:
        click.echo(f"{printable(failure.path)}: {failure.reason}", err=True)
    if survey.failures:
        click.echo(f"Could not be read, and left out: {len(survey.failures)}", err=True)
        raise click.exceptions.Exit(1)


def _summary(findings: Findings) -> list[str]:
    """The findings in a few lines."""
    breeds, exact, near = findings.by_count, findings.groups("exact"), findings.groups("near")
    across = sum(group.across for group in findings.duplicates)
    survey = findings.survey
    total = len(survey.photos) + len(survey.failures)
    lines = [f"{_count(total, 'photo')} of {_count(len(breeds), 'breed')}"]
    if len(breeds[0].photos) < len(breeds[-1].photos):
        lines.append(f"Smallest breed: {_named(breeds[0])}")
        lines.append(f"Largest breed: {_named(breeds[-1])}")
    elif len(breeds) > 1:
        lines.append(f"Each breed has {_count(len(breeds[0].photos), 'photo')}")
    if survey.samples.empty:
        lines.append(f"Without a photo: {', '.join(survey.samples.empty)}")
    return [
        *lines,
        f"Duplicates: {_count(len(exact), 'group')} of the same file, "
        f"{_count(len(near), 'group')} of the same picture; {across} of them across breeds",
        f"Outliers: {_count(len(findings.outlying), 'photo')}",
        f"Unreadable: {_count(len(survey.failures), 'photo')}",
    ]


def _named(breed: BreedSummary) -> str:
    return f"{breed.name} ({len(breed.photos)})"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
