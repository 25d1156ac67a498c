"""`barkive scan`: bring the catalogue up to date with folders of photos."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from barkive.cli.options import CatalogueAt, ModelOption

if TYPE_CHECKING:
    from barkive.catalogue import Catalogue, Summary
    from barkive.classifier import Classifier

_INTERRUPTED = 130
_FAILURES = 20
_LOOK_SECONDS = 1


def scan(
    folders: Annotated[
        list[str],
        typer.Argument(
            metavar="FOLDER...", help="Folders of photos, or photos.", show_default=False
        ),
    ],
    catalogue: CatalogueAt = None,
    model: ModelOption = None,
    watch: Annotated[
        bool, typer.Option("--watch", help="Stay, and scan again whenever a photo changes.")
    ] = False,
    retry_failed: Annotated[
        bool, typer.Option("--retry-failed", help="Read photos again that could not be read.")
    ] = False,
    rebuild: Annotated[
        bool,
        typer.Option(
            "--rebuild", help="Put a damaged catalogue aside, and save what people said in it."
        ),
    ] = False,
) -> None:
    """Catalogue the photos in folders: identify what is new or changed.

    Photos that are known and unchanged are passed over, moved ones are recognised by their
    content, and those that are gone are marked missing. What people said stands. An
    interrupted scan goes on where it was. The photos themselves are never written to.

    Exit status: 0 all went well, 1 some photos could not be read, 2 wrong usage.
    """
    from barkive.catalogue import Catalogue
    from barkive.catalogue.rebuild import rebuild as rebuilt
    from barkive.catalogue.scan import check_sources
    from barkive.classifier import Classifier

    classifier = Classifier(model)
    if rebuild:
        check_sources(folders)
        saved = rebuilt(catalogue)
        typer.echo(
            f"The damaged catalogue is kept as {saved.kept}; corrections saved: "
            f"{saved.corrections}.",
            err=True,
        )
    with Catalogue(catalogue) as opened:
        failed = _scan_once(opened, folders, classifier, retry_failed)
        if watch:
            _watch(opened, folders, classifier)
    if failed:
        raise typer.Exit(1)


def _scan_once(
    catalogue: Catalogue,
    sources: Sequence[str],
    classifier: Classifier,
    retry_failed: bool,
    *,
    quiet: bool = False,
) -> bool:
    """Scans, prints what came of it, and tells whether photos could not be read.

    With `quiet`, nothing is printed where nothing was found to have changed.
    """
    from barkive.catalogue import Summary
    from barkive.cli.progress import progress

    summary = Summary()
    try:
        with progress("Scanning") as advance:
            catalogue.scan(
                sources,
                classifier=classifier,
                retry_failed=retry_failed,
                summary=summary,
                on_progress=advance,
            )
    except KeyboardInterrupt:
        _print(catalogue, summary)
        typer.echo("Interrupted; run the same command again to go on.", err=True)
        raise typer.Exit(_INTERRUPTED) from None
    same = summary.listed == summary.unchanged and not (summary.missing or summary.back)
    if not (quiet and same and not summary.failed):
        _print(catalogue, summary)
    return bool(summary.failed)


def _print(catalogue: Catalogue, summary: Summary) -> None:
    from barkive.cli.output import printable
    from barkive.cli.output import summary as in_words

    for path, reason in summary.failed[:_FAILURES]:
        typer.echo(f"{printable(path)}: {reason}", err=True)
    if len(summary.failed) > _FAILURES:
        more = len(summary.failed) - _FAILURES
        typer.echo(f"And {more} more: barkive search --status failed", err=True)
    typer.echo(in_words(dict(summary.statuses)))
    typer.echo(
        f"{summary.new} new, {summary.changed} changed, {summary.moved} moved, "
        f"{summary.missing} missing, {len(summary.failed)} failed, "
        f"{summary.unchanged} unchanged{_others(summary)}."
    )
    typer.echo(f"Catalogue: {printable(catalogue.name)}")


def _others(summary: Summary) -> str:
    """What happens more rarely, where it has happened."""
    parts = {"identified again": summary.again, "back again": summary.back}
    return "".join(f", {number} {what}" for what, number in parts.items() if number)


def _watch(catalogue: Catalogue, folders: Sequence[str], classifier: Classifier) -> None:
    """Scans again what changes, until Ctrl-C."""
    from barkive.errors import BarkiveError

    typer.echo("Watching; Ctrl-C ends it.", err=True)
    try:
        for around in _changes([Path(folder).absolute() for folder in folders]):
            try:
                _scan_once(catalogue, sorted(map(str, around)), classifier, False, quiet=True)
            except BarkiveError as error:
                typer.echo(f"Error: {error}", err=True)
    except KeyboardInterrupt:
        typer.echo("No longer watching.", err=True)


def _changes(places: Sequence[Path]) -> Iterator[set[Path]]:
    """What is to be scanned, whenever something has changed; never ends."""
    from watchfiles import watch

    gone: set[Path] = set()
    while True:
        there = [place for place in places if place.exists()]
        if not there:
            time.sleep(_LOOK_SECONDS)
            continue
        # The first turn comes when the watch has begun: what changed before is found then.
        started = False
        for changes in watch(*there, rust_timeout=1000 * _LOOK_SECONDS, yield_on_timeout=True):
            around = {_nearest(Path(path), places) for _, path in changes} - {None}
            if not started:
                around, started = set(there), True
            # That a place itself has gone, the system need not tell.
            now_gone = {place for place in places if not place.exists()}
            around |= now_gone - gone
            is_back, gone = bool(gone - now_gone), now_gone
            if around:
                yield {one for one in around if one is not None}
            if is_back or len(gone) == len(places):
                break  # a folder that has come back must be watched anew


def _nearest(path: Path, places: Sequence[Path]) -> Path | None:
    """What to scan for a change: the folder that it happened in, never beyond the places."""
    for place in places:
        if path == place or place in path.parents:
            folder = path.parent
            while folder != place and place in folder.parents and not folder.is_dir():
                folder = folder.parent
            return folder if place in (folder, *folder.parents) else place
    return None
