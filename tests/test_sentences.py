"""What errors say in French: nothing that a visitor may read is left in English."""

import ast
import itertools
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import barkive
from barkive import errors
from barkive.catalogue.db import database
from barkive.errors import MissingExtraError, UnknownBreedError
from barkive.sentences import _french, translate

SOURCE = Path(barkive.__file__).parent
ROWS = tomllib.loads((SOURCE / "data" / "sentences.toml").read_text("utf-8"))["sentence"]
BLANK = re.compile(r"\{(\w+)\}")
ERRORS = "|".join(name for name, kind in vars(errors).items() if isinstance(kind, type))
# What only the person reads who starts the server, at a terminal, in English.
AT_THE_TERMINAL = {"web/passwords.py", "web/settings.py"}


def filled(template: str) -> str:
    """An example of a sentence, another word in each of its blanks."""
    return BLANK.sub(r"the-\1", template)


def examples(code: str, wanted: re.Pattern[str]) -> Iterator[str]:
    """An example of each sentence that an error with a wanted name is raised with.

    A sentence stands in the call itself, under a name of the module, or in a function of it.
    """
    module = ast.parse(code)
    named = {
        target.id: node.value
        for node in module.body
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    } | {
        node.name: node.body[-1].value
        for node in module.body
        if isinstance(node, ast.FunctionDef) and isinstance(node.body[-1], ast.Return)
    }
    for call in ast.walk(module):
        called = ast.unparse(call.func) if isinstance(call, ast.Call) else ""
        if isinstance(call, ast.Call) and wanted.fullmatch(called):
            for argument in call.args:
                name = argument.func if isinstance(argument, ast.Call) else argument
                text = _example(named.get(getattr(name, "id", ""), argument))
                if text is not None and " " in text:  # one word alone comes from elsewhere
                    yield text


def _example(node: ast.expr | None) -> str | None:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if not isinstance(node, ast.JoinedStr):
        return None
    number = itertools.count(1)
    return "".join(
        str(part.value) if isinstance(part, ast.Constant) else f"blank-{next(number)}"
        for part in node.values
    )


def raised(folder: str, wanted: str) -> list[tuple[str, str]]:
    return [
        (str(file.relative_to(SOURCE)), sentence)
        for file in sorted((SOURCE / folder).rglob("*.py"))
        if file.relative_to(SOURCE).as_posix() not in AT_THE_TERMINAL
        for sentence in examples(file.read_text("utf-8"), re.compile(wanted))
    ]


OF_PHOTOS = [
    one for folder in ("images", "catalogue", "web", "cli") for one in raised(folder, "PhotoError")
]
OF_REQUESTS = [
    one
    for one in raised("web", rf"{ERRORS}|UploadError|HTTPException|(self\._)?refuse")
    # The last blank stands for one of two remedies, which `test_in_french` has both.
    if not one[1].startswith("The photo can't be kept in")
]


def test_examples_of_what_is_raised() -> None:
    code = '''
_NOTHING = "There is nothing."

def _much(limit):
    """Too much."""
    return f"More than {limit} MB."

def check(name):
    raise PhotoError(f"{name} is {1 + 1} or " "more.") from None
    raise UploadError(413, _much(3))
    raise UploadError(422, _NOTHING)
    raise PhotoError(str(error))
    raise OSError("Not this one.")
'''
    assert list(examples(code, re.compile("PhotoError|UploadError"))) == [
        "blank-1 is blank-2 or more.",
        "More than blank-1 MB.",
        "There is nothing.",
    ]


def test_the_examples_are_there() -> None:
    """So that the tests below can't pass because nothing was found."""
    assert len(OF_PHOTOS) >= 25
    assert ("images/files.py", "The file has blank-1 MB; the limit is blank-2 MB.") in OF_PHOTOS
    assert len(OF_REQUESTS) >= 25
    assert (
        "web/middleware/security.py",
        "The request comes from another site; such requests are refused.",
    ) in OF_REQUESTS
    assert (
        "web/uploads.py",
        "The photo has more than blank-1 MB, which is the limit.",
    ) in OF_REQUESTS


@pytest.mark.parametrize(("file", "sentence"), OF_PHOTOS)
def test_every_reason_why_a_photo_fails_is_known_in_french(file: str, sentence: str) -> None:
    assert translate(sentence, "fr") != sentence


@pytest.mark.parametrize(("file", "sentence"), OF_REQUESTS)
def test_every_error_of_the_server_is_known_in_french(file: str, sentence: str) -> None:
    assert translate(sentence, "fr") != sentence


@pytest.mark.parametrize("meaning", [meaning for _, meaning in database._PHRASES])
def test_what_may_be_wrong_with_a_catalogue_is_known_in_french(meaning: str) -> None:
    said = translate(f"The catalogue dogs.sqlite {meaning}.", "fr")
    assert said.startswith("Le catalogue dogs.sqlite ") or said.endswith(
        " le catalogue dogs.sqlite ; réessayez quand il aura fini."
    )


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["en"][:40])
def test_the_french_sentence_has_no_blanks_of_its_own(row: dict[str, str]) -> None:
    blanks = BLANK.findall(row["en"])
    assert len(set(blanks)) == len(blanks)
    assert set(BLANK.findall(row["fr"])) <= set(blanks)
    assert not set("{}") & set(BLANK.sub("", row["en"] + row["fr"]))


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["en"][:40])
def test_each_sentence_has_one_translation(row: dict[str, str]) -> None:
    example = filled(row["en"])
    claimed = [french for pattern, french in _french() if pattern.fullmatch(example)]
    assert claimed == [row["fr"]]
    assert translate(example, "fr") == filled(row["fr"])


def test_no_row_stands_twice() -> None:
    english = [row["en"] for row in ROWS]
    assert sorted(set(english)) == sorted(english)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["fr"][:40])
def test_french_signs_stand_apart(row: dict[str, str]) -> None:
    bare = re.sub(r"`[^`]*`", "", row["fr"])
    assert re.findall(r"[^\u202f][;:?!»](?= |$|\u202f)|«[^\u202f]", bare) == []
    assert not set("“”’") & set(bare)


@pytest.mark.parametrize(
    ("english", "french"),
    [
        ("The file is empty.", "Le fichier est vide."),
        (
            "It has 412 megapixels; the limit is 400 megapixels.",
            "Elle a 412 mégapixels ; la limite est de 400 mégapixels.",
        ),
        (
            "Nobody has corrected /home/ada/{rex}.jpg, so there is nothing to take back.",
            "Personne n'a corrigé /home/ada/{rex}.jpg, il n'y a donc rien à annuler.",
        ),
        (
            "rex.jpg can't be compared. The file is empty.",
            "rex.jpg ne peut pas être comparée. Le fichier est vide.",
        ),
        (
            "rex.jpg can't be compared. Of this nobody has heard.",
            "rex.jpg ne peut pas être comparée. Of this nobody has heard.",
        ),
        (
            "The photo can't be kept in /p: No space left on device; make room and try again.",
            "La photo ne peut pas être gardée dans /p : No space left on device ; faites de la "
            "place et réessayez.",
        ),
        (
            "The photo can't be kept in /p: Permission denied; make it writable and try again.",
            "La photo ne peut pas être gardée dans /p : Permission denied ; rendez-le accessible "
            "en écriture et réessayez.",
        ),
        (
            "A correction of the kind “cross” takes 2 breeds, not 1.",
            "Une correction du type « cross » demande 2 races, et non 1.",
        ),
    ],
)
def test_in_french(english: str, french: str) -> None:
    assert translate(english, "fr") == french


def test_errors_that_build_their_sentence_are_known() -> None:
    unknown = UnknownBreedError("Pudel", ["Poodle", "Puli"])
    assert translate(str(unknown), "fr") == (
        "Barkive ne connaît pas de race appelée « Pudel ». Les noms les plus proches : "
        "Poodle, Puli."
    )
    assert translate(str(UnknownBreedError("Xyz", [])), "fr") == (
        "Barkive ne connaît pas de race appelée « Xyz »."
    )
    addable = UnknownBreedError("Pudel", ["Poodle", "Puli"], can_be_added=True)
    assert translate(str(addable), "fr").endswith(
        "Puli. Donnez l'un d'eux, ou gardez le nom tel quel avec --other."
    )
    assert translate(str(UnknownBreedError("Xyz", [], can_be_added=True)), "fr").endswith(
        "Pour garder le nom tel quel, ajoutez --other."
    )
    missing = str(MissingExtraError("heic", "A HEIC photo"))
    assert translate(missing, "fr").startswith("Une photo HEIC demande l'extra « heic » ; ")


def test_a_newline_in_a_name_does_no_harm() -> None:
    assert translate("There is no folder /a\nb; check the name.", "fr") == (
        "Il n'y a pas de dossier /a\nb ; vérifiez le nom."
    )


@pytest.mark.parametrize("sentence", ["", "No.", "The file is empty", "the file is empty."])
def test_what_is_not_known_stays_as_it_is(sentence: str) -> None:
    assert translate(sentence, "fr") == sentence


@given(st.sampled_from(ROWS))
def test_english_stays_as_it_is(row: dict[str, str]) -> None:
    assert translate(filled(row["en"]), "en") == filled(row["en"])


NAMES = st.one_of(
    st.text(min_size=1),
    st.sampled_from(
        ["{", "}", "{}", "{0}", "{file}", "{file!r:>{n}}", "{{", "%s", "\\1", "\udcff"]
    ),
)


@given(st.sampled_from(ROWS), st.lists(NAMES, min_size=3, max_size=3))
def test_any_name_in_a_blank_is_answered(row: dict[str, str], names: list[str]) -> None:
    values = iter(names)
    assert translate(BLANK.sub(lambda _: next(values), row["en"]), "fr")


@given(NAMES)
def test_a_name_is_told_as_it_is(name: str) -> None:
    assert translate(f"The folder {name} can't be opened: no.", "fr") == (
        f"Le dossier {name} ne peut pas être ouvert : no."
    )


@given(st.text() | st.lists(st.sampled_from([row["en"] for row in ROWS])).map(" ".join))
def test_any_text_is_answered(text: str) -> None:
    assert isinstance(translate(text, "fr"), str)
