"""`barkive breeds`, run for real."""

from __future__ import annotations

import csv
import io
import json

import pytest
from click.testing import CliRunner

from barkive.cli.breeds import breeds
from barkive.errors import UnknownBreedError


def _run(*arguments: str) -> str:
    result = CliRunner().invoke(breeds, arguments, catch_exceptions=False)
    assert result.exit_code == 0
    assert result.stderr == ""
    return result.stdout


def test_json_is_one_object_a_line() -> None:
    assert json.loads(_run("japanese spaniel", "--format", "json", "--lang", "fr")) == {
        "name": "Épagneul japonais",
        "id": "n02085782",
        "folder": "n02085782-Japanese_spaniel",
        "en": "Japanese Chin",
        "fr": "Épagneul japonais",
        "fci": 206,
        "group": 9,
        "wild": False,
        "aliases": ["Chin", "Chin japonais"],
    }


def test_without_a_query_all_are_listed_by_name() -> None:
    names = [json.loads(line)["name"] for line in _run("--format", "json").splitlines()]
    assert len(names) == 121
    assert names[:2] == ["Affenpinscher", "Afghan Hound"]
    french = _run("--format", "json", "--lang", "fr").splitlines()
    assert json.loads(french[-1])["name"] == "Yorkshire terrier"


def test_csv_has_a_header_and_the_same_fields() -> None:
    rows = list(csv.DictReader(io.StringIO(_run("lycaon", "--format", "csv")[1:])))
    assert rows == [
        {
            "name": "African Wild Dog",
            "id": "n02116738",
            "folder": "n02116738-African_hunting_dog",
            "en": "African Wild Dog",
            "fr": "Lycaon",
            "fci": "",
            "group": "",
            "wild": "true",
            "aliases": "Cape Hunting Dog|Painted Dog|Painted Wolf|Chien sauvage d'Afrique"
            "|Cynhyène|Loup peint",
        }
    ]


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("pug",), ("n02110958", "Pug", "Carlin", "253", "9: Companion and Toy")),
        (
            ("pug", "--lang", "fr"),
            ("n02110958", "Pug", "Carlin", "253", "9\u202f: Chiens d'agrément"),
        ),
        (("dhole",), ("n02115913", "wild canid")),
        (("dhole", "--lang", "fr"), ("n02115913", "canidé sauvage")),
        (("redbone",), ("n02090379", "Redbone")),
    ],
)
def test_table(
    arguments: tuple[str, ...], expected: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "160")
    printed = _run(*arguments)
    for text in expected:
        assert text in printed


def test_an_unknown_name_is_the_librarys_error() -> None:
    with pytest.raises(UnknownBreedError, match="Labrador"):
        _run("labradore")


def test_a_name_of_several_words_needs_no_quotes() -> None:
    assert json.loads(_run("border", "collie", "--format", "json"))["id"] == "n02106166"
