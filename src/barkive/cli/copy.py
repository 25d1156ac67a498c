"""`barkive copy`: move a catalogue to another database."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from barkive.catalogue import Copied


def copy(
    source: Annotated[
        str,
        typer.Argument(
            metavar="FROM",
            help="The catalogue: a file, or postgresql://USER@HOST/NAME.",
            show_default=False,
        ),
    ],
    target: Annotated[
        str,
        typer.Argument(
            metavar="TO",
            help="An empty catalogue, or one that is to be made; or an earlier copy.",
            show_default=False,
        ),
    ],
) -> None:
    """Copy a catalogue to another place, such as from a file to PostgreSQL.

    Everything comes along: photos, predictions, labels with their history, the scans'
    records. Interrupted, it goes on where it was. Run again, it brings over what has changed
    in FROM since; a copy that was changed by itself is refused, so that nothing is lost. At the
    end both are compared row by row. In FROM nothing is changed but, where an older Barkive
    wrote it, its form; photos are not touched.

    Exit status: 0 all went well, 2 it could not be copied, or wrong usage.
    """
    from barkive.catalogue import copy as copied
    from barkive.cli.progress import progress

    _print(copied(source, target, stage=partial(progress, unit="rows")))


def _print(done: Copied) -> None:
    from barkive.cli.output import printable

    typer.echo(f"{'':12}{'rows':>12}{'written':>12}  SHA-256")
    for table in done.tables:
        typer.echo(f"{table.name:12}{table.rows:12}{table.written:12}  {table.digest}")
    if done.settled:
        typer.echo("Both catalogues hold the same rows.")
    else:
        typer.echo(
            f"{printable(done.source)} is being written to: the copy has what was there at "
            f"{done.as_of:%H:%M:%S} UTC. Run the same command again for what came since.",
            err=True,
        )
    typer.echo(f"Catalogue: {printable(done.target)}")
