"""Which language a visitor gets, and that the pages ask for messages that there are."""

from __future__ import annotations

import ast
import re
import string
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

import jinja2
import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import Request

from barkive.catalogue import (
    SPECIES,
    STATUSES,
    ActKind,
    Kind,
    Order,
    Origin,
    RunState,
    ScanOrigin,
    Sex,
    exporters,
)
from barkive.catalogue.similarity.duplicates import Sameness
from barkive.images.passing import Reason
from barkive.messages import LANGUAGES, Messages
from barkive.verdicts import Status
from barkive.web import languages
from barkive.web.events import counted
from barkive.web.languages import language_of
from barkive.web.pages import dogs, identify, learning, photo, scanning
from barkive.web.services import learn_jobs
from barkive.web.services.scan_jobs import State

FORMS = tuple(exporters())
WEB = Path(languages.__file__).parent
# What the command line and errors say is tried by tests of their own.
OTHERS = ("language", "error", "on_page", "export", "card", "cli")
ENGLISH = tomllib.loads((WEB.parent / "messages" / "en.toml").read_text("utf-8"))
WORDS: Mapping[str, Any] = {
    f"{section}.{name}": sentence
    for section, sentences in ENGLISH.items()
    if section not in OTHERS
    for name, sentence in sentences.items()
}
SECTIONS = "|".join(sorted({key.partition(".")[0] for key in WORDS}))
# The other names of that form are files, and beginnings to which something is put.
KEY = re.compile(rf"({SECTIONS})\.(?!html$|js$|css$)[\w-]*[a-z0-9]")
# Which scripts read the sentences that a page hands over.
SCRIPTS = {
    "identify": ("identify.js", "verdict-card.js", "sending.js"),
    "scan": ("scan.js",),
    "learn": ("learn.js",),
    "counted job": ("counted-job.js",),
    "photo": ("zoom.js",),
}
TEXTS = {
    "identify": identify._texts,
    "scan": scanning._texts,
    "learn": learning._texts,
    "counted job": counted,
    "photo": photo._zooming,
}
OF_BOXES = ("boxes.js", "box-editor.js", "photo.js", "review.js")


def asked(accept: str | None = None, query: str = "", cookie: str = "") -> str:
    headers = [(b"cookie", cookie.encode())] if cookie else []
    if accept is not None:
        headers.append((b"accept-language", accept.encode("latin-1")))
    scope = {"type": "http", "query_string": query.encode(), "headers": headers}
    return language_of(Request(scope))


@pytest.mark.parametrize(
    ("accept", "language"),
    [
        (None, "en"),
        ("", "en"),
        ("fr", "fr"),
        ("FR", "fr"),
        ("fr-CA", "fr"),
        ("fr-FR,fr;q=0.9,en;q=0.8", "fr"),
        ("en-GB,en;q=0.9,fr;q=0.8", "en"),
        ("en;q=0.8,fr;q=0.9", "fr"),
        ("fr;q=0.8, en;q=0.9", "en"),
        ("fr; q=0.2 , en ;q=0.1", "fr"),
        ("en; q=0.2 , fr ;Q=0.3", "fr"),
        ("fr;q=0.5,en;q=0.5", "fr"),
        ("de,nl;q=0.9", "en"),
        ("de,fr;q=0.1", "fr"),
        ("fr;q=0", "en"),
        ("fr;q=0.000,en;q=0.001", "en"),
        ("fr;q=1.000,en", "fr"),
        ("en;q=1.,fr;q=0.", "en"),
        ("*", "en"),
        ("fry", "en"),
        ("frfr,enen", "en"),
        ("fr_FR", "en"),
        # What is no weight counts for nothing.
        ("fr;q=inf,en;q=0.1", "en"),
        ("fr;q=nan,en;q=0.1", "en"),
        ("fr;q=2,en;q=0.1", "en"),
        ("fr;q=-1", "en"),
        ("fr;q=,en;q=0.1", "en"),
        ("fr;q=0.1.2,en;q=0.1", "en"),
        ("fr;q=1e0,en;q=0.1", "en"),
        ("fr;level=1,en;q=0.1", "en"),
        (",;,=;q,,fr", "fr"),
        ("fr;q=0.9;x=y,en;q=0.1", "en"),
    ],
)
def test_what_a_browser_wishes(accept: str | None, language: str) -> None:
    assert asked(accept) == language


def test_the_address_comes_first_then_the_switch_then_the_browser() -> None:
    assert asked("en", "lang=fr", "barkive_lang=en") == "fr"
    assert asked("fr", "lang=en", "barkive_lang=fr") == "en"
    assert asked("en", "", "barkive_lang=fr") == "fr"
    assert asked("fr", "", "barkive_lang=en") == "en"
    assert asked("fr", "lang=de", "barkive_lang=%00") == "fr"
    assert asked("en", "lang=", "barkive_lang=fr") == "fr"
    assert asked("en", "lang=FR&lang=fr") == "fr"  # the last of several counts


@given(st.text(st.characters(max_codepoint=255)) | st.text(",;q=.01 frenx*-"))
def test_any_wish_finds_a_language(accept: str) -> None:
    assert asked(accept) in LANGUAGES


def forms(sentence: Any) -> Mapping[str, str]:
    return {"other": sentence} if isinstance(sentence, str) else sentence


def blanks(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


@dataclass(frozen=True)
class Use:
    """One place where a sentence is asked for.

    Attributes:
        file: Where.
        key: As a pattern, where a part of it is only known when the page is made.
        given: The names of the values; None where they are only known then.
        literals: Every text and number that may be put into the key.
    """

    file: str
    key: re.Pattern[str]
    given: frozenset[str] | None
    literals: frozenset[str]

    def takes(self, key: str) -> bool:
        found = self.key.fullmatch(key)
        if found is None or not found.groups():
            return found is not None
        states = {*Status, *Kind, *State, *learn_jobs.State, *RunState, *ScanOrigin}
        of_animals = {*SPECIES, *STATUSES, *Sex, *ActKind, *Order, *Origin}
        known = self.literals | states | of_animals | {*Reason, *FORMS, *get_args(Sameness)}
        return set(found.groups()) <= known


def uses() -> Iterator[Use]:
    modules = [*(WEB / "pages").glob("*.py")]
    parsed = {file.name: ast.parse(file.read_text("utf-8")) for file in sorted(modules)}
    source = WEB.parent / "messages" / "__init__.py"
    parsed["messages.py"] = ast.parse(source.read_text("utf-8"))
    said = {name: _literals(module) for name, module in parsed.items()}
    for name, module in parsed.items():
        yield from _whole(name, said[name])
        for call in ast.walk(module):
            if isinstance(call, ast.Call):
                yield from _of_call(name, call, said[name])
    for file in sorted((WEB / "templates").glob("*.html")):
        template = jinja2.Environment().parse(file.read_text("utf-8"))
        own = frozenset(str(node.value) for node in template.find_all(jinja2.nodes.Const))
        yield from _whole(file.name, own)
        # A page's module gives its template values as well.
        known = own.union(*(texts for texts in said.values() if file.name in texts))
        for one in template.find_all(jinja2.nodes.Call):
            yield from _of_template(file.name, one, known)


def _whole(file: str, literals: frozenset[str]) -> Iterator[Use]:
    """The keys that stand in a file as they are, whatever they are used for."""
    for key in sorted(literals):
        if KEY.fullmatch(key):
            yield Use(file, re.compile(re.escape(key)), None, literals)


def _literals(module: ast.Module) -> frozenset[str]:
    parts = {
        id(part)
        for node in ast.walk(module)
        if isinstance(node, ast.JoinedStr)
        for part in node.values
    }
    return frozenset(
        str(node.value)
        for node in ast.walk(module)
        if isinstance(node, ast.Constant) and id(node) not in parts
    )


def _of_call(file: str, call: ast.Call, literals: frozenset[str]) -> Iterator[Use]:
    called = ast.unparse(call.func)
    if called in ("words", "words.forms", "self"):
        names = [one.arg for one in call.keywords]
        is_known = called != "words.forms" and None not in names
        values = frozenset(name for name in names if name) if is_known else None
        for pattern in _in_python(call.args[0]):
            yield Use(file, re.compile(pattern), values, literals)


def _of_template(file: str, call: jinja2.nodes.Call, literals: frozenset[str]) -> Iterator[Use]:
    function = call.node
    name = function.node if isinstance(function, jinja2.nodes.Getattr) else function
    is_forms = name is not function and function.attr == "forms"
    if getattr(name, "name", "") == "words" and (is_forms or name is function):
        values = None if is_forms else frozenset(pair.key for pair in call.kwargs)
        for pattern in _in_jinja(call.args[0]):
            yield Use(file, re.compile(pattern), values, literals)


def _in_jinja(node: jinja2.nodes.Expr) -> list[str]:
    match node:
        case jinja2.nodes.Const():
            return [re.escape(str(node.value))]
        case jinja2.nodes.Concat():
            (start, *more) = [_in_jinja(one) for one in node.nodes]
            return [first + "(.+)" * len(more) for first in start]
        case jinja2.nodes.CondExpr():
            return _in_jinja(node.expr1) + (_in_jinja(node.expr2) if node.expr2 else [])
        case _:
            return []  # a name, whose values stand in the template as they are


def _in_python(node: ast.expr) -> list[str]:
    match node:
        case ast.Constant():
            return [re.escape(str(node.value))]
        case ast.JoinedStr():
            parts = [
                re.escape(str(part.value)) if isinstance(part, ast.Constant) else "(.+)"
                for part in node.values
            ]
            return ["".join(parts)]
        case ast.IfExp():
            return _in_python(node.body) + _in_python(node.orelse)
        case ast.BinOp(left=ast.Constant(value=str(start))):
            return [re.escape(start) + "(.+)"]
        case _:
            return []


USES = list(uses())


def test_the_uses_are_found() -> None:
    """So that the tests below can't pass because nothing was found."""
    assert len({use.key.pattern for use in USES}) > 150
    files = {use.file for use in USES}
    assert {"base.html", "photos.html", "scanning.py", "messages.py"} <= files
    (one,) = [use for use in USES if use.key.pattern == r"base\.version" and use.given is not None]
    assert one.given == {"version"}
    assert any(use.file == "base.html" and use.takes("base.sign_out") for use in USES)
    assert not any(use.takes("base.nothing") for use in USES)


def test_every_sentence_is_used() -> None:
    assert [key for key in WORDS if not any(use.takes(key) for use in USES)] == []


def test_every_sentence_that_is_used_exists() -> None:
    unknown = [use for use in USES if not any(use.takes(key) for key in WORDS)]
    assert [(use.file, use.key.pattern) for use in unknown] == []


def test_every_sentence_gets_what_it_needs() -> None:
    # Of the keys that are put together, the page's own tests show it.
    whole = [use for use in USES if use.given is not None and not use.key.groups]
    short = [
        (use.file, key, missing)
        for use in whole
        for key in WORDS
        if use.takes(key)
        for missing in blanks(forms(WORDS[key])["other"]) - (use.given or set())
    ]
    assert len(whole) > 100
    assert short == []


def test_everything_that_can_be_said_has_words() -> None:
    keys = [
        *(f"base.{status.value}" for status in Status),
        *(f"photo.said_{kind.value}" for kind in Kind),
        *(f"photo.short_{kind.value}" for kind in Kind),
        *(f"photo.saved_{kind.value}" for kind in Kind if kind is not Kind.UNDO),
        *(f"scan.{state.value}" for state in State),
        *(f"learn.{state.value}" for state in learn_jobs.State),
        *(f"acts.{kind.value}" for kind in ActKind),
        "acts.new_empty",
        *(f"scan.passed_{reason.value}" for reason in Reason),
        *(f"photos.export_{form}" for form in FORMS),
        *(f"photo.{kind}" for kind in get_args(Sameness)),
        *(f"animals.species_{one}" for one in SPECIES),
        *(f"animals.status_{one}" for one in STATUSES),
        *(f"animals.sex_{one}" for one in Sex),
        *(f"animals.by_{one}" for one in Origin),
        *(f"animals.order_{one}" for one in Order),
    ]
    assert [key for key in keys if key not in WORDS] == []


@pytest.mark.parametrize("page", SCRIPTS)
def test_the_scripts_get_the_sentences_that_they_use(page: str) -> None:
    words = Messages("en")
    texts = TEXTS[page](words)
    script = "".join((WEB / "static" / name).read_text("utf-8") for name in SCRIPTS[page])
    assert set(re.findall(r"\btexts\.(\w+)", script)) <= set(texts)
    assert [key for key in texts if not re.search(rf'texts\.{key}\b|"{key}"', script)] == []


def test_the_scripts_of_boxes_get_the_sentences_that_they_use() -> None:
    words = Messages("en")
    given = {
        "boxes.js": dogs.box_texts(words),
        "box-editor.js": dogs.drawing_texts(words),
        "photo.js": {},
        "review.js": {},
    }
    assert set(given) == set(OF_BOXES)
    for name, texts in given.items():
        script = (WEB / "static" / name).read_text("utf-8")
        assert set(re.findall(r"\btexts\.(\w+)", script)) == set(texts)


def test_no_other_script_reads_sentences() -> None:
    known = {name for names in SCRIPTS.values() for name in names} | set(OF_BOXES)
    for file in (WEB / "static").glob("*.js"):
        assert file.name in known or "texts" not in file.read_text("utf-8")
