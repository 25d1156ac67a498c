"""The pages of the documentation that are made from the program itself.

MkDocs loads this file as a hook (see `mkdocs.yml`), so that the pages are made anew with
every build and can't fall behind: the command line from Click, the Python API from
`barkive.__all__` (its docstrings are then read by mkdocstrings), the HTTP API from the OpenAPI
description, the database schema from SQLAlchemy's tables, and the changelog and the guide for
contributors from the root of the repository.
"""

from __future__ import annotations

import importlib
import inspect
import json
import re
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from barkive.cli.commands import Deferred, app

ROOT = Path(__file__).parents[1]


def command_line() -> str:
    """`cli.md`: a section for each command, with its arguments and options."""
    lines = [
        "# Command line",
        "",
        "`barkive COMMAND --help` prints the same. This page is generated from the program.",
        "",
        "Exit status: 0 if all went well, 1 if some photos could not be read, 2 on wrong usage, "
        "130 if interrupted.",
        "",
        "| command | what it does |",
        "|---|---|",
    ]
    commands = dict(_commands(app))
    for name, command in commands.items():
        first = _plain(command.help).partition("\n")[0]
        lines.append(f"| [`{name}`](#{name.replace(' ', '-')}) | {_cell(first)} |")
    for name, command in commands.items():
        parameters = [*_parameters(command)]
        arguments = [one for one in parameters if one.kind == "argument"]
        usage = ["barkive", name, "[OPTIONS]", *(one.value for one in arguments)]
        lines += ["", f"## {name}", "", _plain(command.help), ""]
        lines += ["```", " ".join(usage), "```", ""]
        for kind in ("argument", "option"):
            lines += _table(kind, [one for one in parameters if one.kind == kind])
    return "\n".join(lines) + "\n"


def _commands(group: click.Group, before: str = "") -> Iterator[tuple[str, click.Command]]:
    """The commands of a group that are not hidden, by their names; those of its groups as well."""
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from _commands(command, f"{before}{name} ")
        elif not command.hidden:
            loaded = command.load() if isinstance(command, Deferred) else command
            yield f"{before}{name}", loaded


@dataclass(frozen=True)
class _Parameter:
    """One argument or option of a command, as people write it."""

    kind: str
    names: tuple[str, ...]
    value: str
    default: str
    help: str


def _parameters(command: click.Command) -> Iterator[_Parameter]:
    """The arguments and options of a command, in the order of `--help`."""
    for one in command.params:
        notes = [_plain(one.help)]
        if one.envvar:
            notes.append(f"Environment variable: `{one.envvar}`.")
        if not isinstance(one, click.Option):
            value = one.metavar or one.human_readable_name
            yield _Parameter("argument", (value,), value, "", " ".join(notes))
            continue
        if one.required:
            notes.append("Required.")
        names = (*one.opts, *one.secondary_opts)
        choices = "|".join(map(str, getattr(one.type, "choices", ())))
        value = "" if one.is_flag else one.metavar or choices
        yield _Parameter("option", names, value, _default(one), " ".join(notes))


def _default(option: click.Option) -> str:
    default = option.default
    if option.is_flag:
        return f"`{option.opts[0]}`" if default is True else ""
    return f"`{default}`" if isinstance(default, str | int | float) and default != "" else ""


def _table(kind: str, parameters: list[_Parameter]) -> Iterator[str]:
    if not parameters:
        return
    if kind == "argument":
        yield "| argument | |"
        yield "|---|---|"
    else:
        yield "| option | value | default | |"
        yield "|---|---|---|---|"
    for one in parameters:
        names = _cell(", ".join(f"`{name}`" for name in one.names))
        if kind == "argument":
            yield f"| {names} | {_cell(one.help)} |"
        else:
            value = f"`{_cell(one.value)}`" if one.value else ""
            yield f"| {names} | {value} | {one.default} | {_cell(one.help)} |"
    yield ""


def _plain(text: str | None) -> str:
    """A help text as Markdown: paragraphs on one line each."""
    paragraphs = inspect.cleandoc(text or "").replace("\b", "").split("\n\n")
    return "\n\n".join(" ".join(paragraph.split()) for paragraph in paragraphs)


def _cell(text: str) -> str:
    """A text that may stand in a table."""
    return text.replace("|", "\\|").replace("\n", " ")


PYTHON = {
    "barkive": (
        "Classifier",
        "Catalogue",
        "Filter",
        "Verdict",
        "Status",
        "Preprocessing",
        "Bundle",
    ),
    "barkive.classifier": ("Classifier",),
    "barkive.catalogue": ("Catalogue", "Filter", "Entry"),
    "barkive.verdicts": ("Verdict", "Status", "Candidate", "BreedName"),
    "barkive.images": ("Preprocessing",),
    "barkive.bundle": ("Bundle", "BundleInfo"),
    "barkive.evaluation": ("evaluate",),
}
"""The names that people import, by the module that they import them from."""


def python_api() -> str:
    """`python.md`: what mkdocstrings is to fill with docstrings."""
    lines = [
        "# Python",
        "",
        "Types are in the signatures. Every error is a subclass of `barkive.errors.BarkiveError`, "
        "with one sentence for the user. This page is generated from the docstrings.",
    ]
    for path in [*_exported(), "barkive.errors"]:
        lines += ["", f"::: {path}"]
    return "\n".join(lines) + "\n"


def _exported() -> list[str]:
    """Where each of the names is defined, each once."""
    found: dict[str, str] = {}
    for module_name, names in PYTHON.items():
        module = importlib.import_module(module_name)
        for name in names:
            try:
                defined = getattr(module, name)
            except AttributeError:
                continue
            found.setdefault(name, f"{defined.__module__}.{defined.__qualname__}")
    return list(found.values())


def openapi() -> dict[str, Any]:
    """The OpenAPI description of a server."""
    from barkive.web import Settings, create_app

    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        settings = Settings(catalogue=place / "c.sqlite", cache=place / "cache")
        app = create_app(settings)
        try:
            return app.openapi()
        finally:
            app.state.service.close()


def http_api() -> str:
    """`http.md`: a section for each operation of the HTTP API."""
    description = openapi()
    lines = [
        "# HTTP operations",
        "",
        "[The guide](api.md) has examples. This page is generated from the OpenAPI description, "
        "which a running server answers at `/openapi.json`.",
    ]
    for path, operations in description["paths"].items():
        for method, operation in operations.items():
            lines += ["", f"## {method.upper()} {path}", "", operation.get("summary", ""), ""]
            lines += [operation.get("description", ""), ""]
            lines += _inputs(operation)
            lines += _answers(operation)
    lines += ["", "# Objects", ""]
    for name, schema in sorted(description["components"]["schemas"].items()):
        lines += [f"## {name}", "", schema.get("description", ""), "", *_fields(schema)]
    return "\n".join(lines) + "\n"


def _inputs(operation: dict[str, Any]) -> Iterator[str]:
    parameters = operation.get("parameters", [])
    if parameters:
        yield "| parameter | in | type | |"
        yield "|---|---|---|---|"
        for one in parameters:
            says = one.get("description", "") + (" Required." if one.get("required") else "")
            yield (
                f"| `{one['name']}` | {one['in']} | {_type(one.get('schema', {}))} "
                f"| {_cell(says.strip())} |"
            )
        yield ""
    for kind, content in operation.get("requestBody", {}).get("content", {}).items():
        yield f"Body: `{kind}`, {_type(content.get('schema', {}))}."
        yield ""


def _answers(operation: dict[str, Any]) -> Iterator[str]:
    yield "| answer | | |"
    yield "|---|---|---|"
    for status, answer in sorted(operation["responses"].items()):
        kinds = [
            f"`{kind}` {_type(content.get('schema', {}))}".strip()
            for kind, content in answer.get("content", {}).items()
        ]
        yield f"| {status} | {_cell(answer.get('description', ''))} | {'; '.join(kinds)} |"
    yield ""


def _fields(schema: dict[str, Any]) -> Iterator[str]:
    """A table of an object's fields; the values of an enumeration."""
    if "enum" in schema:
        yield "One of " + ", ".join(f"`{value}`" for value in schema["enum"]) + "."
        yield ""
    if "properties" in schema:
        yield "| field | type | |"
        yield "|---|---|---|"
        for name, field in schema["properties"].items():
            says = field.get("description", "")
            optional = "" if name in schema.get("required", ()) else " May be absent."
            yield f"| `{name}` | {_type(field)} | {_cell((says + optional).strip())} |"
        yield ""


def _type(schema: dict[str, Any]) -> str:
    """How a schema reads in a table."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return f"[{name}](#{name.lower()})"
    for union in ("anyOf", "oneOf"):
        if union in schema:
            return " or ".join(dict.fromkeys(_type(one) for one in schema[union]))
    if "enum" in schema:
        return ", ".join(f"`{value}`" for value in schema["enum"])
    if "const" in schema:
        return f"`{json.dumps(schema['const'])}`"
    kind = schema.get("type", "")
    if kind == "array":
        return f"list of {_type(schema.get('items', {})) or 'values'}"
    if schema.get("format") in ("binary", "date-time", "date"):
        return str(schema["format"])
    return str(kind)


def schema() -> str:
    """`schema.md`: the catalogue's tables, columns, keys and indexes."""
    from sqlalchemy import UniqueConstraint

    from barkive.catalogue.db import schema as tables

    documentation = inspect.cleandoc(tables.__doc__ or "")
    says = dict(re.findall(r"^\| `(\w+)` \| (.+) \|$", documentation, re.MULTILINE))
    prose = re.sub(r"^\|.*\n", "", documentation, flags=re.MULTILINE).partition("\n\n")[2]
    lines = [
        "# Database schema",
        "",
        f"Revision {tables.HEAD}. The tables are the same in SQLite and PostgreSQL. This page is "
        "generated from `src/barkive/catalogue/db/schema.py`. Read the tables as you like, and "
        "write through `barkive` or the APIs: they keep the rows consistent.",
        "",
        prose.strip(),
    ]
    for table in tables.metadata.sorted_tables:
        lines += ["", f"## {table.name}", "", f"{says.get(table.name, '').capitalize()}.", ""]
        lines += ["| column | type | null | key |", "|---|---|---|---|"]
        for column in table.columns:
            keys = ["primary"] if column.primary_key else []
            keys += [
                f"[{key.column.table.name}](#{key.column.table.name}).{key.column.name}"
                for key in column.foreign_keys
            ]
            keys += ["unique"] if column.unique else []
            kind = type(column.type).__visit_name__.replace("type_decorator", "text")
            null = "yes" if column.nullable else ""
            lines.append(f"| `{column.name}` | {kind} | {null} | {', '.join(keys)} |")
        for constraint in table.constraints:
            if isinstance(constraint, UniqueConstraint) and len(constraint.columns) > 1:
                together = ", ".join(f"`{column.name}`" for column in constraint.columns)
                lines += ["", f"Unique together: {together}."]
        if table.indexes:
            lines += ["", "Indexes:", ""]
            for index in sorted(table.indexes, key=lambda one: str(one.name)):
                columns = ", ".join(f"`{column.name}`" for column in index.columns)
                only = " (SQLite only)" if index.info.get("only") == "sqlite" else ""
                lines.append(f"- `{index.name}`: {columns}{only}")
    return "\n".join(lines) + "\n"


def changelog() -> str:
    """`changelog.md`: the file in the root, with its links as they are from here."""
    return _from_root("CHANGELOG.md")


def contributing() -> str:
    """`contributing.md`: likewise."""
    return _from_root("CONTRIBUTING.md")


def _from_root(name: str) -> str:
    text = (ROOT / name).read_text("utf-8").replace("](docs/", "](")
    return text.replace("](CHANGELOG.md", "](changelog.md")


PAGES = {
    "cli.md": command_line,
    "python.md": python_api,
    "http.md": http_api,
    "schema.md": schema,
    "changelog.md": changelog,
    "contributing.md": contributing,
}


def on_files(files: Any, config: Any) -> Any:
    """MkDocs' hook: adds the pages to those that lie in docs/."""
    from mkdocs.structure.files import File

    for name, page in PAGES.items():
        files.append(File.generated(config, name, content=page()))
    icon = ROOT / "src" / "barkive" / "web" / "static" / "icon.svg"
    files.append(File.generated(config, "images/icon.svg", abs_src_path=str(icon)))
    return files
