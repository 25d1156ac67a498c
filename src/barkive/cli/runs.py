"""`barkive runs`: the scans' own record."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from barkive.cli.opening import reading
from barkive.cli.options import catalogue_option, lang_option
from barkive.cli.saying import in_words, known, say, text
from barkive.clock import local
from barkive.messages import Language

if TYPE_CHECKING:
    from barkive.catalogue import Run


@click.command()
@catalogue_option
@click.option(
    "--limit", metavar="NUMBER", type=click.IntRange(min=1), default=20, help="How many, at most."
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
@lang_option
def runs(catalogue: str | None, limit: int, as_json: bool, lang: Language) -> None:
    """Show the last scans: who scanned what, when, with what, and what came of it.

    Times are by this machine's clock; with --json in UTC.
    """
    from barkive.cli.output import json_line

    with reading(catalogue) as opened:
        found = opened.runs(limit)
    for run in found:
        click.echo(json_line(run.to_json(lang)) if as_json else _in_words(run))
    if not found and not as_json:
        say("run_none")


def _in_words(run: Run) -> str:
    from barkive.cli.output import printable

    at = str(local(run.ended_at or run.seen_at))
    ended = text("run_ended" if run.ended_at else "run_seen", at=at)
    counts = [_counted(name, number) for name, number in run.counts.items() if number]
    versions = [f"{name} {version}" for name, version in run.versions.items()]
    head = {"number": run.id, "state": text(f"run_is_{run.state}")}
    origin = f" ({text(f'run_by_{run.origin}')})" if run.origin else ""
    by = f"{run.started_by}{origin}"
    lines = [
        text("run", started=str(local(run.started_at)), ended=ended, by=by, **head),
        f"   {text('run_sources', sources=list(map(printable, run.sources)))}",
        f"   {', '.join(counts) or text('run_empty')}",
        f"   {text('run_with', engine=run.engine, model=run.model, versions=versions)}",
    ]
    if run.reason:
        lines.append(f"   {in_words(run.reason)}")
    return "\n".join(lines)


def _counted(name: str, number: int) -> str:
    # A newer Barkive may count something else.
    return text(f"run_{name}", n=number) if known(f"run_{name}") else f"{number} {name}"
