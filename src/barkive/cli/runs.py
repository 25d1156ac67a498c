"""`barkive runs`: the scans' own record."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated

import typer

from barkive.cli.opening import reading
from barkive.cli.options import CatalogueAt

if TYPE_CHECKING:
    from barkive.catalogue import Run


def runs(
    catalogue: CatalogueAt = None,
    limit: Annotated[int, typer.Option("--limit", min=1, help="How many, at most.")] = 20,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
) -> None:
    """Show the last scans: who scanned what, when, with what, and what came of it.

    A scan that was killed stays “running”; when it was last seen tells it from one that runs.
    """
    with reading(catalogue) as opened:
        found = opened.runs(limit)
    for run in found:
        typer.echo(json.dumps(run.to_json(), ensure_ascii=False) if as_json else _in_words(run))
    if not found and not as_json:
        typer.echo("Nothing was scanned yet.")


def _in_words(run: Run) -> str:
    from barkive.cli.output import printable

    counts = ", ".join(
        f"{number} {name.replace('_', ' ')}" for name, number in run.counts.items() if number
    )
    ended = f"ended {run.ended_at}" if run.ended_at else f"last seen {run.seen_at}"
    lines = [
        f"{run.id}  {run.state.value}  {run.started_at} UTC, {ended}  by {run.started_by}",
        f"   of {', '.join(map(printable, run.sources))}",
        f"   {counts or 'no photos'}",
        f"   {run.engine}; {run.model}; "
        + ", ".join(f"{name} {version}" for name, version in run.versions.items()),
    ]
    if run.reason:
        lines.append(f"   {printable(run.reason.text())}")
    return "\n".join(lines)
