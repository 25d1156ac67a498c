"""`barkive scan`: bring the catalogue up to date with folders of photos."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from barkive.cli.options import (
    Device,
    Values,
    catalogue_model_option,
    catalogue_option,
    device_option,
    dogs_option,
    exclude_option,
    follow_links_option,
    lang_option,
    limit_memory,
    memory_option,
    passing,
)
from barkive.cli.saying import say, text
from barkive.clock import local
from barkive.messages import Language

if TYPE_CHECKING:
    from barkive.catalogue import Catalogue, Engine, Rebuilt, Source, Summary
    from barkive.classifier import Classifier
    from barkive.images.passing import Passing


class EngineName(StrEnum):
    """Who identifies the photos of a scan."""

    LOCAL = "local"
    RAY = "ray"


_STDIN = "-"
# Of what came of a scan: the photos that were judged.
_JUDGED = ("new", "changed", "again")
_FAILURES = 20


@click.command()
@click.argument(
    "sources",
    metavar="SOURCE...",
    nargs=-1,
    help="Folders, photos, patterns such as 'photos/*/2026-*', and object stores such as "
    "s3://bucket/folder; - for names on standard input, one a line.",
)
@click.option(
    "--list",
    "lists",
    metavar="FILE",
    multiple=True,
    help="Photos that a file names: text with one path a line, or a column of a Parquet file; "
    "may be given several times.",
)
@catalogue_option
@catalogue_model_option
@click.option(
    "--yes",
    is_flag=True,
    help="Judge photos again that another model judged, without asking.",
)
@click.option("--watch", is_flag=True, help="Stay, and scan again whenever a photo changes.")
@click.option("--retry-failed", is_flag=True, help="Read photos again that could not be read.")
@click.option(
    "--gone",
    is_flag=True,
    help="Photos that are not found are gone, also where that is most of them.",
)
@click.option(
    "--bring-back",
    is_flag=True,
    help="Catalogue photos again that were taken out by `barkive forget`.",
)
@click.option(
    "--rebuild",
    is_flag=True,
    help="Put a damaged catalogue aside, and save numbers and what people said.",
)
@click.option(
    "--engine",
    type=Values(EngineName),
    default=EngineName.LOCAL.value,
    help="Who identifies: this machine, or a cluster.",
)
@click.option(
    "--ray-address",
    metavar="auto|HOST",
    help="The cluster: the one that runs here, or the host of its head; by default "
    "that of RAY_ADDRESS, or else one is started for this scan.",
)
@click.option(
    "--batch-size",
    metavar="NUMBER",
    type=click.IntRange(min=1),
    help="Photos that the network takes at once; by default what is fastest.",
)
@device_option
@exclude_option
@follow_links_option
@memory_option
@dogs_option
@lang_option
def scan(
    sources: tuple[str, ...],
    lists: tuple[str, ...],
    catalogue: str | None,
    model: Path | None,
    yes: bool,
    watch: bool,
    retry_failed: bool,
    gone: bool,
    bring_back: bool,
    rebuild: bool,
    engine: EngineName,
    ray_address: str | None,
    batch_size: int | None,
    device: Device,
    exclude: tuple[str, ...],
    follow_links: bool,
    memory: str | None,
    dogs: bool,
    lang: Language,
) -> None:
    """Catalogue photos wherever they lie: identify what is new or changed.

    Photos that are known and unchanged are passed over, moved ones are recognised by their
    picture, and those that are gone are marked missing; where that is all of a source or most
    of it, only with --gone: a drive may not be connected. What people said stands. An
    interrupted scan goes on where it was. The photos themselves are never written to.
    Thumbnails, bins, snapshots, Barkive's own exports and links that lead elsewhere are passed
    over, and counted.

    Exit status: 0 all went well, 1 some photos could not be read, 2 wrong usage.
    """
    from barkive.catalogue import Catalogue, ScanOrigin, ScanRequest
    from barkive.catalogue import rebuild as rebuilt
    from barkive.classifier import Classifier
    from barkive.devices import require_device
    from barkive.errors import UsageError

    limit_memory(memory)
    if ray_address is not None and engine is EngineName.LOCAL:
        raise UsageError("cluster_engine_missing")
    rules = passing(exclude, follow_links)
    here = device if engine is EngineName.LOCAL else Device.CPU
    # Before anything is written, and a cluster is reached, which takes a while.
    require_device(here.value)
    own = Classifier(model, device=here.value, dogs=dogs) if model is not None else None
    given = _opened(sources, lists, watch, replace(rules, brings_back=bring_back))
    if rebuild:
        _tell_of_rebuilt(rebuilt(catalogue))
    with Catalogue(catalogue) as opened:
        _tell_of_others(opened, (*sources, *lists))
        if own is not None and not yes:
            _ask(opened, given, own)
        is_over = False
        while not is_over:
            used = partial(_uses, opened, opened.model_in_use) if own is None else lambda: True
            classifier = own or opened.classifier(device=here.value, dogs=dogs)
            with _engine(engine, classifier, ray_address, batch_size, device) as judge:
                scanning = partial(
                    opened.scan,
                    classifier=classifier,
                    engine=judge,
                    retry_failed=retry_failed,
                    asked=ScanRequest(ScanOrigin.COMMAND),
                )
                failed = _scan_once(opened, given, partial(scanning, gone=gone), lang)
                is_over = not watch or _watch(opened, sources, rules, scanning, lang, used)
    if failed:
        raise click.exceptions.Exit(1)


def _opened(
    names: Sequence[str], lists: Sequence[str], watch: bool, rules: Passing
) -> list[Source]:
    """The sources; refuses what is not there, of which nothing is left, or can't be watched."""
    from barkive.catalogue import LISTS, open_list, open_source
    from barkive.errors import UsageError

    if not names and not lists:
        raise UsageError("source_missing")
    sources: list[Source] = []
    for name in names:
        if name != _STDIN and name.lower().endswith(LISTS) and not Path(name).is_dir():
            raise UsageError("source_is_list", file=name)
        sources.append(open_list(name) if name == _STDIN else open_source(name, rules))
    sources += map(open_list, lists)
    for source in sources:
        source.begin()
        if not source.is_watchable and watch:
            raise UsageError("source_not_watchable", source=source.name)
    return sources


def _ask(catalogue: Catalogue, sources: Sequence[Source], classifier: Classifier) -> None:
    """Asks whether photos are to be judged again that another model judged.

    Raises:
        Exit: They are not.
        UsageError: Nobody is there to be asked.
    """
    from barkive.errors import UsageError

    photos = catalogue.judged_by_others(sources, classifier.bundle)
    if not photos:
        return
    model = classifier.bundle.model
    if not _is_asked():
        raise UsageError("scan_other_model", n=photos, model=model)
    worked = [(sum(run.counts.get(one, 0) for one in _JUDGED), run) for run in catalogue.runs()]
    most, last = max(worked, key=lambda one: one[0], default=(0, None))
    takes = ""
    if most and last is not None and last.ended_at is not None:
        seconds = (last.ended_at - last.started_at).total_seconds() * photos / most
        takes = " " + text("scan_takes", n=max(1, round(seconds / 60)))
    question = text("scan_again_question", n=photos, model=model, takes=takes)
    answer = click.prompt(question, default="", show_default=False, prompt_suffix=" ", err=True)
    if answer.strip().casefold() not in text("yes").split():
        say("scan_not_again", err=True)
        raise click.exceptions.Exit(1)


def _is_asked() -> bool:
    """Whether somebody is there to answer."""
    return sys.stdin.isatty()


def _engine(
    name: EngineName,
    classifier: Classifier,
    address: str | None,
    batch_size: int | None,
    device: Device,
) -> AbstractContextManager[Engine]:
    if name is EngineName.LOCAL:
        from barkive.catalogue import LocalEngine

        return nullcontext(LocalEngine(classifier, batch_size=batch_size))
    from barkive.batch.ray_engine import RayEngine

    return RayEngine(classifier, address=address, batch_size=batch_size, device=device.value)


def _tell_of_rebuilt(saved: Rebuilt) -> None:
    parts = [
        text("rebuilt_photos", n=saved.photos),
        text("rebuilt_corrections", n=saved.corrections),
        *([text("rebuilt_animals", n=saved.animals)] if saved.animals else []),
    ]
    say("rebuilt", err=True, kept=saved.kept, parts=parts)
    if saved.labels:
        say("rebuilt_labels", err=True, n=saved.labels)


def _tell_of_others(catalogue: Catalogue, sources: Sequence[str]) -> None:
    """Says that somebody else scans the same, which harms nothing."""
    for run in catalogue.runs():
        if run.is_alive and run.overlaps(sources):
            since = str(local(run.started_at))
            say("scan_beside", err=True, since=since, number=run.id, by=run.started_by)


def _scan_once(
    catalogue: Catalogue,
    sources: Sequence[str | Source],
    scanning: Callable[..., Summary],
    lang: Language,
    *,
    quiet: bool = False,
) -> bool:
    """Scans, prints what came of it, and tells whether photos could not be read.

    With `quiet`, nothing is printed where nothing was found to have changed.
    """
    from barkive.catalogue import Summary
    from barkive.cli.output import printable
    from barkive.cli.progress import progress
    from barkive.errors import SourceAwayError

    summary = Summary()
    try:
        with progress(text("scanning")) as advance:
            scanning(sources, summary=summary, on_progress=advance)
    except KeyboardInterrupt:
        _print(catalogue, summary, lang)
        raise
    except SourceAwayError:
        _print(catalogue, summary, lang)
        raise
    if not (summary.listed or summary.failures or quiet):
        names = (one if isinstance(one, str) else one.name for one in sources)
        say("no_photos", err=True, place=[printable(name) for name in names])
    same = summary.listed == summary.unchanged and not (summary.missing or summary.back)
    if not (quiet and same and not summary.failed):
        _print(catalogue, summary, lang)
    return bool(summary.failed)


def _print(catalogue: Catalogue, summary: Summary, lang: Language) -> None:
    from barkive.cli.output import printable
    from barkive.cli.output import summary as statuses
    from barkive.images.passing import told

    listed = summary.failed[:_FAILURES]
    for path, reason in listed:
        say("of_file", err=True, file=printable(path), said=reason)
    if more := summary.failures - len(listed):
        say("scan_more_failed", err=True, n=more)
    click.echo(statuses(dict(summary.statuses)))
    parts = [
        text("scan_new", n=summary.new),
        text("scan_changed", n=summary.changed),
        text("scan_moved", n=summary.moved),
        text("scan_missing", n=summary.missing),
        text("scan_unread", n=summary.failures),
        text("scan_unchanged", n=summary.unchanged),
    ]
    # What happens more rarely.
    for key, number in (
        ("scan_replaced", summary.replaced),
        ("scan_again", summary.again),
        ("scan_back", summary.back),
    ):
        if number:
            parts.append(text(key, n=number))
    say("sum", parts=parts)
    if summary.of_animals:
        say("scan_of_animals", n=summary.of_animals)
    if summary.taken_out:
        say("scan_taken_out", n=summary.taken_out)
    if summary.passed_over:
        click.echo(told(summary.passed_over, lang))
    say("catalogue", name=printable(catalogue.name))


def _watch(
    catalogue: Catalogue,
    sources: Sequence[str],
    rules: Passing,
    scanning: Callable[..., Summary],
    lang: Language,
    is_used: Callable[[], bool],
) -> bool:
    """Scans again what changes.

    Returns:
        True after Ctrl-C; False once something changes and the model is not used any more.
    """
    from barkive.catalogue import absolute_path, folder_changes
    from barkive.errors import BarkiveError

    say("watching", err=True)
    try:
        places = [Path(one).absolute() for one in sources]
        # What is passed over in a place is no less so where it alone has changed.
        rules = replace(rules, tops=tuple(map(absolute_path, sources)))
        for around in folder_changes(places):
            if not is_used():
                return False
            try:
                once = partial(scanning, passing=rules)
                _scan_once(catalogue, sorted(map(str, around)), once, lang, quiet=True)
            except BarkiveError as error:
                say("error", err=True, sentence=error.message)
    except KeyboardInterrupt:
        say("watching_ended", err=True)
    return True


def _uses(catalogue: Catalogue, model: int | None) -> bool:
    """Whether a model is still the one that a catalogue has in use."""
    return catalogue.model_in_use == model
