"""Opens the catalogue for commands that look something up in it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import typer

from barkive.cli.saying import in_words

if TYPE_CHECKING:
    from barkive.catalogue import Catalogue


@contextmanager
def reading(where: str | None) -> Iterator[Catalogue]:
    """A catalogue that there is; where it can only be read, standard error says so.

    Args:
        where: As for `Catalogue`.

    Raises:
        CatalogueError: It can't be opened, or there is none.
    """
    from barkive.catalogue import Catalogue

    with Catalogue(where, create=False) as opened:
        if opened.read_only is not None:
            typer.echo(in_words(opened.read_only), err=True)
        yield opened
