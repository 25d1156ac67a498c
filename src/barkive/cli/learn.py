"""`barkive learn`: the model learns what people said, and says what it gained."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from barkive.cli.label import by_option
from barkive.cli.options import (
    PATH,
    Format,
    catalogue_model_option,
    catalogue_option,
    format_option,
    lang_option,
)
from barkive.cli.saying import percent, say, text
from barkive.messages import Language

if TYPE_CHECKING:
    from barkive.catalogue import Catalogue, JudgedAgain, Learning
    from barkive.learning import Report

_LISTED = 20


@click.command()
@catalogue_option
@catalogue_model_option
@click.option("--out", metavar="MODEL", type=PATH, help="Write the new model into this file.")
@click.option("--use", is_flag=True, help="Put the new model to use, unless it got worse.")
@click.option("--undo", is_flag=True, help="Go back to the model that the one in use came from.")
@by_option
@format_option
@lang_option
def learn(
    catalogue: str | None,
    model: Path | None,
    out: Path | None,
    use: bool,
    undo: bool,
    by: str | None,
    form: Format,
    lang: Language,
) -> None:
    """Have the model learn what people said: known breeds, new ones, crosses, what is no dog.

    It takes seconds, and no photo is opened: the catalogue holds what the network saw of each.
    What was gained is measured on people's own photos, each time on some that were not learned,
    and told before anything changes. A new breed needs five photos; with fewer it waits.
    With --use all photos are judged again, without being read. What people said stands.

    Exit status: 0 all went well, 1 the new model got worse and is not used, 2 wrong usage.
    """
    from barkive.catalogue import Catalogue
    from barkive.cli.opening import judging
    from barkive.cli.output import json_line, print_line
    from barkive.cli.progress import progress
    from barkive.errors import UsageError

    if undo and (use or out is not None or model is not None):
        raise UsageError("learn_or_undo")
    if form is Format.CSV:
        raise UsageError("learn_format_unknown")
    with Catalogue(catalogue, create=False) as opened:
        if undo:
            with progress(text("judging_again")) as advance:
                judged = opened.undo_learning(advance, by=by)
            _tell_of_judged("learn_undone", judged)
            return
        with progress(text("learning"), unit=text("unit_fits")) as advance:
            classifier = judging(opened, model)
            learned = opened.learn(classifier=classifier, by=by, on_progress=advance)
        report = learned.report
        if form is Format.JSON:
            print_line(json_line(report.to_json() | {"model": learned.bundle.model}))
        else:
            for line in _in_words(report, lang):
                print_line(line)
        if out is not None or use:
            learned.require_better()
        if out is not None:
            _write(learned, out)
        if use:
            _use(opened, learned)
        elif out is None and form is Format.TABLE:
            say("learn_not_used" if report.is_better else "learn_not_better", err=True)


def _write(learned: Learning, out: Path) -> None:
    from barkive.evaluation import write_files

    write_files(out.parent, {out.name: learned.bundle.content()})
    say("learn_written", err=True, path=out)


def _use(catalogue: Catalogue, learned: Learning) -> None:
    from barkive.cli.progress import progress

    with progress(text("judging_again")) as advance:
        judged = catalogue.use(learned, on_progress=advance)
    _tell_of_judged("learn_in_use", judged)


def _tell_of_judged(key: str, judged: JudgedAgain) -> None:
    say(key, err=True, n=judged.photos)
    if judged.left:
        say("learn_left", err=True, n=judged.left)


def _in_words(report: Report, lang: Language) -> Iterator[str]:
    """What was gained, a line each."""
    own = report.own
    yield text("learn_from", n=report.photos, fresh=report.fresh)
    if own.photos:
        yield text("learn_right", n=own.photos, after=own.after, before=own.before)
    changed = [one for one in report.breeds if one.score.before != one.score.after]
    changed.sort(key=lambda one: -abs(one.score.after - one.score.before))
    width = max((len(one.breed.name(lang)) for one in changed[:_LISTED]), default=0)
    for one in changed[:_LISTED]:
        name, score = one.breed.name(lang), one.score
        figures = text("learn_breed", n=score.photos, after=score.after, before=score.before)
        yield f"   {name:{width}}  {figures}"
    if len(changed) > _LISTED:
        yield f"   {text('learn_more_breeds', n=len(changed) - _LISTED)}"
    worse = [one.breed.name(lang) for one in report.worse]
    yield text("learn_worse_breeds", breeds=worse) if worse else text("learn_none_worse")
    remembered = report.remembered
    lost = max(remembered.before - remembered.after, 0)
    yield text("learn_remembered", n=remembered.photos, lost=lost)
    if report.later:
        later = [text("learn_later_breed", breed=b.name(lang), n=n) for b, n in report.later]
        yield text("learn_later", breeds=later)
    if report.unjudged:
        yield text("learn_unjudged_some", n=report.unjudged)
    yield from _photos("learn_contradictions", [" = ".join(one) for one in report.contradictions])
    yield from _photos(
        "learn_suspects",
        [
            text(
                "learn_suspect",
                photo=one.photo,
                said=one.said.name(lang),
                looks_like=one.looks_like.name(lang),
                share=percent(one.probability),
            )
            for one in report.suspects
        ],
    )


def _photos(key: str, lines: Sequence[str]) -> Iterator[str]:
    """A heading, and some lines under it; nothing where there are none."""
    from barkive.cli.output import printable

    if lines:
        yield text(key, n=len(lines))
        for line in lines[:_LISTED]:
            yield f"   {printable(line)}"
        if len(lines) > _LISTED:
            yield f"   {text('learn_more_photos', n=len(lines) - _LISTED)}"
