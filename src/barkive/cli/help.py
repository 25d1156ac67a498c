"""How the help pages look: Click's, with headings and names that stand out on a terminal."""

from __future__ import annotations

from collections.abc import Iterable

import click


class _Formatter(click.HelpFormatter):
    """Click leaves the styles out where the page does not go to a terminal."""

    def write_usage(self, prog: str, args: str = "", prefix: str | None = None) -> None:
        super().write_usage(prog, args, prefix or click.style("Usage: ", bold=True))

    def write_heading(self, heading: str) -> None:
        super().write_heading(click.style(heading, bold=True))

    def write_dl(
        self, rows: Iterable[tuple[str, str]], col_max: int = 30, col_spacing: int = 2
    ) -> None:
        styled = [(click.style(name, fg="cyan"), text) for name, text in rows]
        super().write_dl(styled, col_max, col_spacing)


class HelpContext(click.Context):
    """A context whose help page looks so."""

    formatter_class = _Formatter
