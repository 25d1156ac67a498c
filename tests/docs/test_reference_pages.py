"""The pages that are generated from the program say all that there is to say."""

from __future__ import annotations

import importlib.util
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from barkive.catalogue.db import schema
from barkive.cli.commands import app

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def pages() -> Iterator[ModuleType]:
    file = ROOT / "scripts" / "reference_pages.py"
    spec = importlib.util.spec_from_file_location("reference_pages_under_test", file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look themselves up
    spec.loader.exec_module(module)
    yield module
    del sys.modules[spec.name]


def sections(page: str) -> dict[str, str]:
    """The text under each heading of the second level."""
    return {
        heading: text
        for heading, _, text in (part.partition("\n") for part in page.split("\n## ")[1:])
    }


def test_every_command_has_a_section_with_all_its_options(pages: ModuleType) -> None:
    found = sections(pages.command_line())
    root: Any = app
    commands = {name: one for name, one in root.commands.items() if not one.hidden}
    for group in ("animals", "users"):
        inside = commands.pop(group).commands
        commands |= {f"{group} {name}": one for name, one in inside.items()}
    assert set(found) == set(commands)
    missing = []
    for name, command in commands.items():
        for one in command.load().params:
            told = one.param_type_name == "argument" or one.name == "help" or one.hidden
            missing += [
                (name, option)
                for option in one.opts
                if not told and f"`{option}" not in found[name]
            ]
    assert missing == []


def test_an_option_is_told_with_its_choices_its_default_and_its_variable(pages: ModuleType) -> None:
    text = sections(pages.command_line())["identify"]
    assert "barkive identify [OPTIONS] PHOTO|FOLDER..." in text
    assert "| `--top` | `NUMBER` | `5` |" in text
    assert "| `--lang` | `en\\|fr` | `en` |" in text
    assert "| `--recursive`, `--no-recursive` |  | `--recursive` |" in text
    assert "Environment variable: `BARKIVE_MEMORY`." in text


def test_every_operation_has_a_section_and_every_object_it_answers(pages: ModuleType) -> None:
    text = pages.http_api()
    description = pages.openapi()
    operations = {
        f"{method.upper()} {path}"
        for path, methods in description["paths"].items()
        for method in methods
    }
    objects = set(description["components"]["schemas"])
    assert set(sections(text)) == operations | objects
    links = set(re.findall(r"\]\(#(\w+)\)", text))
    assert links <= {name.lower() for name in objects}


def test_every_table_has_a_sentence_and_all_its_columns(pages: ModuleType) -> None:
    found = sections(pages.schema())
    assert set(found) == set(schema.metadata.tables)
    wrong = []
    for name, table in schema.metadata.tables.items():
        if not re.match(r"\n\w.{10,}\.\n", found[name]):
            wrong.append(name)
        wrong += [
            f"{name}.{column.name}"
            for column in table.columns
            if f"| `{column.name}` |" not in found[name]
        ]
    assert wrong == []


def test_the_classes_that_people_import_are_on_the_page(pages: ModuleType) -> None:
    text = pages.python_api()
    for name in (
        "Classifier",
        "Catalogue",
        "Filter",
        "Verdict",
        "Status",
        "Preprocessing",
        "Bundle",
    ):
        assert re.search(rf"^::: barkive\.[\w.]+\.{name}$", text, re.MULTILINE), name
    assert "::: barkive.errors" in text
