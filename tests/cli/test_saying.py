"""The command line's sentences stand in the messages, and nowhere else."""

import ast
import re
import string
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import pytest

from barkive import cli
from barkive.catalogue import LeftOut, Step
from barkive.cli import saying
from barkive.errors import UsageError
from barkive.images import passing
from barkive.messages import LANGUAGES, Messages, _section
from barkive.verdicts import Status

CLI = Path(cli.__file__).parent
SENTENCES: Mapping[str, object] = _section("en", "cli")
# They speak English only: training, the server's start, and what people draw and measure.
ENGLISH_ONLY = {
    *("enhance", "evaluate", "explore", "serve", "sift", "study", "train", "tune"),
}
PRINTS = {"echo", "print", "print_line", "prompt", "write", "_tell"}


def files() -> Iterator[Path]:
    return (file for file in sorted(CLI.glob("*.py")) if file.stem not in ENGLISH_ONLY)


def literal(node: ast.expr) -> str:
    """The text of a string or an f-string; what it fills in is left out."""
    match node:
        case ast.Constant(value=str(text)):
            return text
        case ast.JoinedStr():
            return " ".join(literal(one) for one in node.values)
        case _:
            return ""


def test_no_command_prints_an_english_sentence() -> None:
    printed = [
        (file.name, call.lineno, literal(call.args[0]))
        for file in files()
        for call in ast.walk(ast.parse(file.read_text("utf-8")))
        if isinstance(call, ast.Call) and call.args
        if ast.unparse(call.func).rpartition(".")[2] in PRINTS
        and re.search(r"[a-z]{2}", literal(call.args[0]))
    ]
    assert [said for said in printed if said[2].strip() != "barkive"] == []


def test_no_text_of_several_words_stands_outside_help_and_docstrings() -> None:
    found = set()
    for file in files():
        tree = ast.parse(file.read_text("utf-8"))
        left_out = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
        for call in ast.walk(tree):
            if isinstance(call, ast.Call) and ast.unparse(call.func).startswith("click."):
                left_out |= {id(part) for keyword in call.keywords for part in ast.walk(keyword)}
            elif isinstance(call, ast.Call) and ast.unparse(call.func) in ("Deferred", "_Group"):
                left_out |= {id(part) for part in ast.walk(call)}
        found |= {
            literal(node)
            for node in ast.walk(tree)
            if isinstance(node, ast.Constant) and id(node) not in left_out
            if re.search(r"[a-z]{2,},? [a-z]{2,}", literal(node))
        }
    assert found == {
        saying.text("interrupted"),
        "Forms of other packages: ",  # a part of the help
        ") on rgb(",  # a colour
    }


class Asked(NamedTuple):
    """A sentence that is asked for: its key as a pattern, and the names of its values."""

    key: str
    values: set[str] | None


def asked() -> Iterator[Asked]:
    for file in (*files(), Path(passing.__file__)):
        for call in ast.walk(ast.parse(file.read_text("utf-8"))):
            if not isinstance(call, ast.Call) or not call.args:
                continue
            function = ast.unparse(call.func).removeprefix("saying.")
            if function not in ("text", "say", "said", "known", "messages"):
                continue
            names = {one.arg or "" for one in call.keywords} - {"err"}
            first = call.args[0]
            for node in (first.body, first.orelse) if isinstance(first, ast.IfExp) else (first,):
                if isinstance(node, ast.JoinedStr):
                    parts = [re.escape(literal(one)) or r"\w+" for one in node.values]
                    yield Asked("".join(parts).removeprefix(r"cli\."), None)
                elif key := literal(node):
                    values = None if "" in names else names
                    yield Asked(re.escape(key.removeprefix("cli.")), values)


def test_every_sentence_that_is_asked_for_exists_and_gets_its_values() -> None:
    everything = list(asked())
    assert len(everything) > 80
    faults = []
    for one in everything:
        keys = [key for key in SENTENCES if re.fullmatch(one.key, key)]
        other = Messages("en").forms(f"cli.{keys[0]}")["other"] if keys else ""
        needed = {name for _, name, _, _ in string.Formatter().parse(other) if name}
        if not keys or one.values not in (None, needed):
            faults.append((one, needed))
    assert faults == []


def test_every_sentence_is_asked_for() -> None:
    patterns = [one.key for one in asked()]
    literals = {
        literal(node)
        for file in files()
        for node in ast.walk(ast.parse(file.read_text("utf-8")))
        if isinstance(node, ast.Constant)
    }
    # By a status, by what `barkive copy` is doing, and by why a box is left out.
    named_otherwise = {*Status, *Step, *(f"boxes_{why}" for why in LeftOut)}
    assert [
        key
        for key in SENTENCES
        if key not in literals | named_otherwise
        if not any(re.fullmatch(pattern, key) for pattern in patterns)
    ] == []


def test_a_run_says_everything_in_one_language(monkeypatch: pytest.MonkeyPatch) -> None:
    error = UsageError("limit_below_one", limit=0)
    said = []
    for lang in LANGUAGES:
        monkeypatch.setattr(saying, "_language", lang)
        sentence = saying.text("error", sentence=error.message)
        said.append((sentence, saying.in_words(error), saying.percent(0.5)))
    english, french = "The limit is 0; it must be 1 or more.", Messages("fr")
    assert said[0] == (f"Error: {english}", english, "50%")
    in_french = french("error.limit_below_one", limit=0)
    assert said[1] == (f"Erreur\u202f: {in_french}", in_french, "50\u202f%")


@pytest.mark.parametrize(("n", "text"), [(0, "0 groups"), (1, "1 group"), (1200, "1200 groups")])
def test_one_and_several(n: int, text: str) -> None:
    assert saying.text("twice_groups", n=n) == text
