"""Opens catalogues for commands that look something up, and the models that these have in use."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from barkive.cli.saying import in_words

if TYPE_CHECKING:
    from barkive.catalogue import Catalogue
    from barkive.classifier import Classifier


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
            click.echo(in_words(opened.read_only), err=True)
        yield opened


def judging(
    catalogue: Catalogue, model: Path | None, *, device: str = "cpu", dogs: bool = True
) -> Classifier:
    """The classifier of a model, or else of the one that the catalogue has in use.

    The other arguments are those of `Classifier`.
    """
    from barkive.classifier import Classifier

    if model is not None:
        return Classifier(model, device=device, dogs=dogs)
    return catalogue.classifier(device=device, dogs=dogs)
