"""The documentation as a whole: its pages are in the site, its commands and links hold."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import yaml

from barkive.cli.commands import app

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = {file.name: file.read_text("utf-8") for file in sorted(DOCS.glob("*.md"))}
README = (ROOT / "README.md").read_text("utf-8")
SITE = yaml.safe_load((ROOT / "mkdocs.yml").read_text("utf-8"))
# Made when the site is built: see scripts/reference_pages.py.
GENERATED = {"cli.md", "python.md", "http.md", "schema.md", "changelog.md", "contributing.md"}


def in_navigation(entries: list[Any]) -> Iterator[str]:
    for entry in entries:
        for target in entry.values():
            if isinstance(target, list):
                yield from in_navigation(target)
            else:
                yield target


def commands(text: str) -> Iterator[list[str]]:
    """The words of each `barkive` command in the unmarked blocks of a page."""
    for block in re.findall(r"^```\n(.*?)^```$", text, re.DOTALL | re.MULTILINE):
        for line in block.replace("\\\n", " ").splitlines():
            given = re.match(r"(?:\$ |torchrun .* -m )?barkive (?=[a-z])(.+)$", line)
            if given and "[OPTIONS]" not in line:
                yield shlex.split(given[1], comments=True)


def parse(words: list[str]) -> None:
    with app.make_context("barkive", list(words), resilient_parsing=True) as context:
        name, command, rest = app.resolve_command(context, list(words))
        assert command is not None
        if isinstance(command, click.Group):
            with command.make_context(name, list(rest), parent=context) as group:
                name, command, rest = command.resolve_command(group, list(rest))
        command.make_context(name, rest, parent=context).close()


def test_every_page_is_in_the_navigation_once() -> None:
    listed = list(in_navigation(SITE["nav"]))
    assert sorted(listed) == sorted({*PAGES, *GENERATED})


def test_every_command_of_every_page_is_one_that_barkive_understands() -> None:
    wrong = []
    counted = 0
    for name, text in {**PAGES, "README.md": README}.items():
        for words in commands(text):
            counted += 1
            try:
                parse(words)
            except (click.UsageError, AssertionError) as error:
                wrong.append(f"{name}: barkive {' '.join(words)}: {error}")
    assert wrong == []
    assert counted >= 60


def test_every_link_of_the_readme_leads_to_a_file_and_every_page_to_a_heading() -> None:
    wrong = []
    for name, text in {**PAGES, "README.md": README}.items():
        folder = ROOT if name == "README.md" else DOCS
        for target, anchor in re.findall(r"\]\(([^)#:\s]*)(?:#([^)\s]+))?\)", text):
            if target in GENERATED:
                continue
            page = folder / target if target else folder / name
            if not page.exists():
                wrong.append(f"{name}: {target}")
            elif anchor and anchor not in anchors(page.read_text("utf-8")):
                wrong.append(f"{name}: {target}#{anchor}")
    assert wrong == []


def anchors(text: str) -> set[str]:
    """The anchors of a page's headings, as MkDocs and GitHub make them."""
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    plain = [re.sub(r"[^\w\s-]", "", heading.lower()).strip() for heading in headings]
    return {re.sub(r"\s+", "-", heading) for heading in plain}


def test_the_readme_is_short_and_has_the_two_commands() -> None:
    assert len(README.splitlines()) <= 120
    blocks = re.findall(r"^```\n(.*?)^```$", README, re.DOTALL | re.MULTILINE)
    assert blocks[:2] == ["./barkive serve --open\n", "./check\n"]


def test_the_site_asks_nothing_of_other_servers() -> None:
    assert SITE["theme"]["font"] is False
    assert "repo_url" not in SITE
