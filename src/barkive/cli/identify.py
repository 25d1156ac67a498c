"""`barkive identify`: name the breeds on photos."""

from __future__ import annotations

import codecs
import os
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from barkive.cli.options import (
    Device,
    Format,
    device_option,
    dogs_option,
    exclude_option,
    follow_links_option,
    format_option,
    lang_option,
    limit_memory,
    memory_option,
    model_option,
    passing,
    prior_option,
)
from barkive.cli.saying import say, text
from barkive.messages import Language

if TYPE_CHECKING:
    from collections import Counter

    from barkive.images.passing import Passing

STDIN = "-"
_UTF16 = codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE


@click.command()
@click.argument(
    "photos",
    metavar="PHOTO|FOLDER...",
    nargs=-1,
    required=True,
    help="Photos, or folders of photos; - reads file names from standard input.",
)
@click.option(
    "--top",
    metavar="NUMBER",
    type=click.IntRange(min=1, max=1000),
    default=5,
    help="How many breeds to list.",
)
@lang_option
@format_option
@model_option
@prior_option
@device_option
@memory_option
@dogs_option
@click.option("--recursive/--no-recursive", default=True, help="Look into folders of folders.")
@exclude_option
@follow_links_option
def identify(
    photos: tuple[str, ...],
    top: int,
    lang: Language,
    form: Format,
    model: Path | None,
    prior: str | None,
    device: Device,
    memory: str | None,
    dogs: bool,
    recursive: bool,
    exclude: tuple[str, ...],
    follow_links: bool,
) -> None:
    """Name the breed of the dog on each photo.

    Exit status: 0 if all went well, 1 if some photos could not be read, 2 on wrong usage.
    """
    from collections import Counter
    from contextlib import nullcontext

    from barkive.classifier import Classifier
    from barkive.cli.output import summary, writer
    from barkive.cli.progress import progress
    from barkive.images.passing import told
    from barkive.verdicts import Status

    limit_memory(memory)
    rules, passed = passing(exclude, follow_links), Counter[str]()
    classifier = Classifier(model, device=device.value, prior=prior, dogs=dogs)
    files: Iterable[str] = _files(photos, recursive, rules, passed)
    total = None
    if STDIN not in photos:
        files = list(files)
        total = len(files)
    write = writer(form, lang, min(top, len(classifier.bundle.info.labels)))
    counts: dict[Status, int] = {}
    # One photo is answered before a bar is drawn.
    bar = progress(text("identifying")) if total != 1 else nullcontext(lambda done, total: None)
    with bar as advance:
        for done, verdict in enumerate(classifier.predict(files, top=top), 1):
            write(verdict)
            counts[verdict.status] = counts.get(verdict.status, 0) + 1
            advance(done, total)
    if sum(counts.values()) > 1:
        click.echo(summary(counts), err=True)
    if passed:
        click.echo(told(passed, lang), err=True)
    if Status.FAILED in counts:
        raise click.exceptions.Exit(1)


def _files(
    arguments: Iterable[str], recursive: bool, rules: Passing, passed: Counter[str]
) -> Iterator[str]:
    """The photos that the arguments stand for; a folder without any is mentioned.

    What is passed over is counted in `passed`.
    """
    from barkive.catalogue import LISTS
    from barkive.cli.output import printable
    from barkive.errors import UsageError
    from barkive.images.files import Tally, find_photos
    from barkive.images.passing import refuse_nothing_left
    from barkive.images.spelling import as_spelt

    for argument in arguments:
        if argument.lower().endswith(LISTS) and Path(argument).is_file():
            raise UsageError("photo_is_list", file=argument)
        for name in _from_standard_input() if argument == STDIN else (argument,):
            tally = Tally()
            found = find_photos([as_spelt(name)], recursive=recursive, passing=rules, tally=tally)
            first = next(found, None)
            if first is None:
                refuse_nothing_left(printable(name), tally.counts())
                none = "no_photos" if recursive else "no_photos_itself"
                say(none, err=True, place=printable(name))
            else:
                yield first
                yield from found
            passed.update(tally.counts())


def _from_standard_input() -> Iterator[str]:
    """File names, one a line, each as soon as it comes.

    They may begin with a byte order mark, of UTF-8 or of UTF-16, as Windows writes them.

    Past Python's own buffer: a thread that waits for it holds its lock, and the
    interpreter needs that lock to end, after Ctrl-C for instance.
    """
    if sys.stdin is None:  # it was closed
        return
    rest, number = b"", 0
    wide: codecs.IncrementalDecoder | None = None
    while chunk := os.read(sys.stdin.fileno(), 2**16):
        if not number and not rest and chunk.startswith(_UTF16):
            wide = codecs.getincrementaldecoder("utf-16")("replace")
        if wide is not None:
            chunk = wide.decode(chunk).encode()
        *lines, rest = (rest + chunk).split(b"\n")
        yield from _decoded(lines, number)
        number += len(lines)
    yield from _decoded([rest], number)


def _decoded(lines: Iterable[bytes], before: int) -> Iterator[str]:
    """The names on the lines that are not empty; the bytes of an undecodable name are kept.

    Args:
        lines: Without their ends.
        before: How many lines came before them.

    Raises:
        UsageError: One can't be a name.
    """
    from barkive.errors import UsageError

    for number, line in enumerate(lines, before + 1):
        name = (line.removeprefix(codecs.BOM_UTF8) if number == 1 else line).rstrip(b"\r")
        if b"\0" in name:
            raise UsageError("path_list_line_invalid", number=number, file=STDIN)
        if name:
            yield os.fsdecode(name)
