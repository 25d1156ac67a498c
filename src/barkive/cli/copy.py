"""`barkive copy`: move a catalogue to another database."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import TYPE_CHECKING

import click

from barkive.cli.options import lang_option
from barkive.cli.saying import in_words, say, text
from barkive.clock import local
from barkive.messages import Language

if TYPE_CHECKING:
    from barkive.catalogue import Copied, Step
    from barkive.progress import OnProgress


@click.command()
@click.argument(
    "source", metavar="FROM", help="The catalogue: a file, or postgresql://USER@HOST/NAME."
)
@click.argument(
    "target",
    metavar="TO",
    help="An empty catalogue, or one that is to be made; or an earlier copy.",
)
@lang_option
def copy(source: str, target: str, lang: Language) -> None:
    """Copy a catalogue to another place, such as from a file to PostgreSQL.

    Everything comes along: photos, predictions, labels with their history, the scans'
    records. Interrupted, it goes on where it was. Run again, it brings over what has changed
    in FROM since; a copy that was changed by itself is refused, so that nothing is lost. At the
    end both are compared row by row. In FROM nothing is changed but, where an older Barkive
    wrote it, its form; photos are not touched.

    Exit status: 0 all went well, 2 it could not be copied, or wrong usage.
    """
    from barkive.catalogue import copy as copied

    _print(copied(source, target, stage=_stage))


def _stage(step: Step) -> AbstractContextManager[OnProgress]:
    """Shows how far a step has come."""
    from barkive.cli.progress import progress

    return progress(text(step.value), unit=text("unit_rows"))


def _print(done: Copied) -> None:
    from barkive.cli.output import printable

    names = [in_words(table.name) for table in done.tables]
    width = max(map(len, names))
    click.echo(f"{'':{width}}{text('copy_rows'):>10}{text('copy_written'):>12}  SHA-256")
    for name, table in zip(names, done.tables, strict=True):
        click.echo(f"{name:{width}}{table.rows:10}{table.written:12}  {table.digest}")
    if done.settled:
        say("copy_same")
    else:
        time = f"{local(done.as_of):%H:%M:%S}"
        say("copy_unsettled", err=True, source=printable(done.source), time=time)
    say("catalogue", name=printable(done.target))
