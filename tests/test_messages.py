"""Messages: each language says everything that the others say, and all that is asked for exists."""

from __future__ import annotations

import ast
import builtins
import pickle
import re
import string
import tomllib
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import barkive
from barkive import errors, messages
from barkive.breeds import called
from barkive.errors import (
    BarkiveError,
    MissingExtraError,
    PassingError,
    PhotoError,
    UnknownBreedError,
    UsageError,
)
from barkive.messages import LANGUAGES, Message, Messages

SOURCE = Path(barkive.__file__).parent
TABLES: Mapping[str, Mapping[str, Any]] = {
    lang: tomllib.loads((SOURCE / "messages" / f"{lang}.toml").read_text("utf-8"))
    for lang in LANGUAGES
}
ENGLISH = {
    f"{section}.{name}": sentence
    for section, sentences in TABLES["en"].items()
    if section != "language"
    for name, sentence in sentences.items()
}
# Kinds of errors and calls whose first text is the code of a message.
RAISED = re.compile(r"\w*Error|Message|Sentence|Refused")


def forms(sentence: Any) -> Mapping[str, str]:
    return {"other": sentence} if isinstance(sentence, str) else sentence


def blanks(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


def test_there_are_two_languages() -> None:
    assert LANGUAGES == ("en", "fr")


def test_every_language_says_the_same() -> None:
    faults = []
    for lang in LANGUAGES:
        for section, sentences in TABLES["en"].items():
            if set(TABLES[lang].get(section, ())) != set(sentences):
                faults.append((lang, section, set(TABLES[lang][section]) ^ set(sentences)))
    for key, sentence in ENGLISH.items():
        needed = blanks(forms(sentence)["other"])
        for lang in LANGUAGES:
            section, _, name = key.partition(".")
            different = forms(TABLES[lang][section][name])
            told = {text for text in different.values() if text.strip() != text or not text}
            told -= {"{detail}."}
            if (
                set(different) not in ({"other"}, {"one", "other"})
                or blanks(different["other"]) != needed
                or ("one" in different and "n" not in needed)
                or not blanks(different.get("one", "")) <= needed
                or told
            ):
                faults.append((lang, key, different))
    assert faults == []


def test_french_signs_stand_apart() -> None:
    glued = []
    for sentences in TABLES["fr"].values():
        for sentence in sentences.values():
            for text in forms(sentence).values() if not isinstance(sentence, (list, bool)) else ():
                bare = re.sub(r"`[^`]*`|\{[^}]*\}", "x", text)
                if re.search(r"[^ \u202f][;:?!»](?= |$)|«[^ \u202f]", bare) or set("“”’") & set(
                    bare
                ):
                    glued.append(text)
    assert glued == []


class Use:
    """One place where a message is asked for by its code."""

    def __init__(self, file: str, call: ast.Call, codes: tuple[str, ...]) -> None:
        self.place = f"{file}:{call.lineno}"
        self.codes = codes
        self.given = _given(call)


def _given(call: ast.Call) -> set[str] | None:
    """The names of the values; None where they are only known when it runs."""
    for argument in call.args:
        if isinstance(argument, ast.Dict):
            keys = [key.value if isinstance(key, ast.Constant) else None for key in argument.keys]
            return None if None in keys else {str(key) for key in keys}
        if isinstance(argument, ast.Starred):
            return None
    names = [one.arg for one in call.keywords]
    return None if None in names else {str(name) for name in names}


def _texts(node: ast.expr) -> tuple[str, ...]:
    match node:
        case ast.Constant(value=str(text)):
            return (text,)
        case ast.IfExp():
            return (*_texts(node.body), *_texts(node.orelse))
        case _:
            return ()


def uses() -> Iterator[Use]:
    for file in sorted(SOURCE.rglob("*.py")):
        for call in ast.walk(ast.parse(file.read_text("utf-8"))):
            if not isinstance(call, ast.Call):
                continue
            name = ast.unparse(call.func).rpartition(".")[2]
            # Pydantic's errors have codes of their own.
            if not RAISED.fullmatch(name) or hasattr(builtins, name) or "Pydantic" in name:
                continue
            codes = tuple(code for argument in call.args for code in _texts(argument))
            if codes:
                yield Use(str(file.relative_to(SOURCE)), call, codes)


USES = list(uses())


def literals() -> set[str]:
    """Every text that stands anywhere in the source."""
    return {
        node.value
        for file in SOURCE.rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text("utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }


def test_the_uses_are_found() -> None:
    """So that the tests below can't pass because nothing was found."""
    assert len(USES) > 250
    (one,) = [use for use in USES if use.codes == ("photo_too_many_scans",)]
    assert (one.place.partition(":")[0], one.given) == ("images/decode.py", {"limit"})


def test_every_code_that_is_used_exists() -> None:
    unknown = [
        (use.place, code)
        for use in USES
        for code in use.codes
        if f"error.{code}" not in ENGLISH
        and (re.fullmatch(r"[a-z]+(_[a-z0-9]+)+", code) or " " in code)
    ]
    assert unknown == []


def test_every_message_gets_what_it_needs() -> None:
    short = [
        (use.place, code, needed ^ use.given)
        for use in USES
        for code in use.codes
        if use.given is not None and f"error.{code}" in ENGLISH
        if not issubclass_of_special(code)
        for needed in [blanks(forms(ENGLISH[f"error.{code}"])["other"])]
        if needed != use.given
    ]
    assert short == []


def issubclass_of_special(code: str) -> bool:
    """Whether an error builds the message itself, from other arguments."""
    return code.startswith(("purpose_", "breed_unknown", "breed_advice"))


def test_every_error_message_is_used() -> None:
    known = literals()
    unused = [
        key.removeprefix("error.")
        for key in ENGLISH
        if key.startswith("error.") and key.removeprefix("error.") not in known
    ]
    assert [code for code in unused if not code.startswith("breed_advice")] == []


def test_nothing_is_decided_by_a_sentence() -> None:
    """What an error says is for people; code asks for its code."""
    compared = [
        f"{file.relative_to(SOURCE)}:{node.lineno}"
        for file in sorted(SOURCE.rglob("*.py"))
        for node in ast.walk(ast.parse(file.read_text("utf-8")))
        if isinstance(node, ast.Compare)
        for side in (node.left, *node.comparators)
        if isinstance(side, ast.Constant)
        and isinstance(side.value, str)
        and re.fullmatch(r"[A-Z].* .*\.", side.value)
    ]
    assert compared == []


def test_an_error_has_a_code_and_says_its_sentence_in_each_language() -> None:
    error = UsageError("limit_below_one", limit=0)
    assert (error.code, error.params) == ("limit_below_one", {"limit": 0})
    assert str(error) == error.text("en") == "The limit is 0; it must be 1 or more."
    assert error.text("fr") == "La limite est 0\u202f; elle doit être d'au moins 1."


def test_an_error_inside_another_is_said_in_the_same_language() -> None:
    inner = PhotoError("photo_empty")
    outer = PhotoError("similar_photo_unreadable", photo="rex.jpg", reason=inner)
    assert str(outer) == "rex.jpg can't be compared. The file is empty."
    assert outer.text("fr") == "rex.jpg ne peut pas être comparée. Le fichier est vide."


def test_an_unknown_breed_is_told_with_what_is_near() -> None:
    assert str(UnknownBreedError("Pudel", ["Poodle", "Puli"])) == (
        "Barkive knows no breed called “Pudel”. The nearest names: Poodle, Puli. "
        "`barkive breeds` lists all it knows."
    )
    assert str(UnknownBreedError("Xyz", [])) == (
        "Barkive knows no breed called “Xyz”. `barkive breeds` lists all it knows."
    )
    assert UnknownBreedError("Pudel", ["Poodle", "Puli"], can_be_added=True).text("fr") == (
        "Barkive ne connaît pas de race appelée «\u202fPudel\u202f». Les noms les plus "
        "proches\u202f: Poodle, Puli. Donnez l'un d'eux, ou gardez le nom tel quel avec --other."
    )
    error = UnknownBreedError("Pudel", ["Poodle", "Puli"])
    assert (error.query, error.nearest, error.code) == (
        "Pudel",
        ("Poodle", "Puli"),
        "breed_unknown",
    )


def test_what_is_said_on_pages_names_no_command() -> None:
    told = {key: said for key, said in ENGLISH.items() if key.startswith("on_page.")}
    assert {f"error.{key.removeprefix('on_page.')}" for key in told} <= ENGLISH.keys()
    for lang in LANGUAGES:
        for sentence in TABLES[lang]["on_page"].values():
            for text in forms(sentence).values():
                assert not re.search(r"--|`|barkive|command|commande", text), text
    words = Messages("en")
    read_only = Message("catalogue_reason_disk_read_only")
    assert words.on_page(read_only).endswith("whoever runs the server can copy it elsewhere.")
    assert words.on_page(Message("photo_empty")) == "The file is empty."
    unknown = UnknownBreedError("pgu", [called("pug")], can_be_added=True)
    assert words.on_page(unknown.message) == "Barkive knows no breed called “pgu”."


def test_breeds_are_named_in_the_language_of_the_sentence() -> None:
    error = UnknownBreedError("malteser", [called("maltese")])
    assert "The nearest names: Maltese." in error.text()
    assert "plus proches\u202f: Bichon maltais." in error.text("fr")
    again = Message.from_json(error.code, error.message.params_to_json())
    assert again.text() == error.text()


def test_a_missing_extra_says_what_needs_it() -> None:
    error = MissingExtraError("heic", "purpose_heic_photo")
    assert str(error).startswith("A HEIC photo needs the extra “heic”; install it with: ")
    assert error.text("fr").startswith("Une photo HEIC demande l'extra «\u202fheic\u202f»\u202f; ")


def test_errors_travel_between_processes() -> None:
    for error in (
        PhotoError("photo_too_many_scans", limit=100),
        PassingError.of(Message("photo_empty")),
        UnknownBreedError("Pudel", ["Poodle"]),
        MissingExtraError("heic", "purpose_heic_photo"),
    ):
        came = pickle.loads(pickle.dumps(error))
        assert type(came) is type(error)
        assert (came.code, str(came)) == (error.code, str(error))


def test_every_error_is_barkives_and_has_an_exit_status() -> None:
    status = {
        error.__name__: error.exit_code
        for error in vars(errors).values()
        if isinstance(error, type) and issubclass(error, BarkiveError)
    }
    assert {name for name, code in status.items() if code == 1} == {
        *("PhotoError", "PassingError", "ExportError")
    }
    assert set(status.values()) == {1, 2}


def test_a_message_that_is_only_known_as_a_sentence_stays_as_it_is() -> None:
    message = Message.verbatim("Of this {nobody} has heard.")
    assert {message.text(lang) for lang in LANGUAGES} == {"Of this {nobody} has heard."}


VALUES = st.one_of(
    st.text(),
    st.integers(),
    st.sampled_from(["{", "}", "{}", "{0}", "{file!r:>{n}}", "%s", "\udcff"]),
)


@given(VALUES)
def test_a_value_is_told_as_it_is(value: Any) -> None:
    said = Message("folder_not_opened", {"folder": value, "reason": "no"}).text("fr")
    assert said == f"Le dossier {value} ne peut pas être ouvert\u202f: no."


@given(st.recursive(VALUES, lambda inner: st.lists(inner, max_size=3), max_leaves=6))
def test_a_message_comes_back_from_json(value: Any) -> None:
    inner = Message("photo_unreadable", {"reason": value})
    message = Message("similar_photo_unreadable", {"photo": "a", "reason": inner})
    came = Message.from_json(message.code, message.params_to_json())
    assert came == message


def test_a_number() -> None:
    assert [Messages("en").number(n) for n in (0, 7, 999, 1000, 1234567)] == [
        "0",
        "7",
        "999",
        "1,000",
        "1,234,567",
    ]
    assert [Messages("fr").number(n) for n in (999, 1000, 1234567)] == [
        "999",
        "1\u202f000",
        "1\u202f234\u202f567",
    ]


@pytest.mark.parametrize(
    ("share", "english", "french"),
    [
        (0.0, "0%", "0\u202f%"),
        (1e-9, "<1%", "<1\u202f%"),
        (0.005, "<1%", "<1\u202f%"),
        (0.0051, "1%", "1\u202f%"),
        (0.744, "74%", "74\u202f%"),
        (0.9949, "99%", "99\u202f%"),
        (0.995, ">99%", ">99\u202f%"),
        (1.0, "100%", "100\u202f%"),
    ],
)
def test_a_share(share: float, english: str, french: str) -> None:
    assert Messages("en").percent(share) == english
    assert Messages("fr").percent(share) == french


@given(st.floats(0, 1, exclude_min=True, exclude_max=True))
def test_nothing_is_said_to_be_certain_or_impossible_that_is_not(share: float) -> None:
    said = Messages("en").percent(share)
    assert said not in ("0%", "100%")
    assert abs(100 * share - int(said.strip("<>%"))) <= 1


@pytest.mark.parametrize(
    ("probability", "english", "french"),
    [
        (1.0, "almost certain", "presque certain"),
        (0.97, "almost certain", "presque certain"),
        (0.969, "very likely", "très probable"),
        (0.60, "likely", "probable"),
        (0.30, "possible", "possible"),
        (0.299, "unlikely", "peu probable"),
    ],
)
def test_a_probability_in_words(probability: float, english: str, french: str) -> None:
    assert Messages("en").likelihood(probability) == english
    assert Messages("fr").likelihood(probability) == french


def test_a_day() -> None:
    assert Messages("en").day(date(2026, 11, 24)) == "24 Nov 2026"
    assert Messages("fr").day(date(2026, 11, 24)) == "24 nov. 2026"
    assert Messages("en").day(date(2026, 8, 1)) == "1 Aug 2026"
    assert Messages("fr").day(date(2026, 8, 1)) == "1er août 2026"
    months = [Messages("fr").day(date(2026, month, 2)).split()[1] for month in range(1, 13)]
    assert " ".join(months) == "janv. févr. mars avril mai juin juil. août sept. oct. nov. déc."


def test_a_moment() -> None:
    assert Messages("en").moment(datetime(2026, 5, 3, 7, 5, 59)) == "3 May 2026, 07:05"
    assert Messages("fr").moment(datetime(2026, 2, 28, 23, 59)) == "28 févr. 2026, 23:59"


def test_when_a_photo_was_taken() -> None:
    assert Messages("en").taken(datetime(2026, 5, 3, 7, 5)) == "3 May 2026, 07:05"
    assert Messages("en").taken(datetime(2026, 5, 3)) == "3 May 2026"


def test_the_size_of_a_file() -> None:
    assert Messages("en").megabytes(4_321_000) == "4.3 MB"
    assert Messages("fr").megabytes(12_000) == "0,01 Mo"


def test_one_and_several() -> None:
    english, french = Messages("en"), Messages("fr")
    assert [english("photos.found", n=n) for n in (0, 1, 2, 1000)] == [
        "0 photos",
        "1 photo",
        "2 photos",
        "1,000 photos",
    ]
    assert [french("photos.found", n=n) for n in (0, 1, 2, 1000)] == [
        "0 photo",
        "1 photo",
        "2 photos",
        "1\u202f000 photos",
    ]


@pytest.mark.parametrize(
    ("value", "spec", "english", "french"),
    [
        (1234.5, ".1f", "1234.5", "1234,5"),
        (1234.5, ",.1f", "1,234.5", "1~234,5"),
        (1234, "", "1,234", "1~234"),
        (1234, "d", "1234", "1234"),
        (0.5, "", "0.5", "0,5"),
        (0.123, ".1%", "12.3%", "12,3~%"),
        (0.285, ".0%", "28%", "28~%"),
        (1, "%", "100.000000%", "100,000000~%"),
        (1, "size", "1 MB", "1 Mo"),
        (850 * 10**6, "size", "850 MB", "850 Mo"),
        (850 * 10**6 + 1, "size", "851 MB", "851 Mo"),
        (1_540_000_000, "size", "1.5 GB", "1,5 Go"),
    ],
)
def test_numbers_are_written_as_the_language_does(
    value: float, spec: str, english: str, french: str
) -> None:
    assert Messages("en").formatted(value, spec) == english
    assert Messages("fr").formatted(value, spec) == french.replace("~", "\u202f")


def test_numbers_are_bare_where_that_is_asked_for() -> None:
    assert f"{messages._Number(1234, 'fr', is_plain=True)}" == "1234"
    assert f"{messages._Number(1234, 'fr', is_plain=True):,}" == "1\u202f234"


@pytest.mark.parametrize(
    ("message", "french"),
    [
        (
            Message("rows_hardly_right", {"share": 0.0215}),
            "Les lignes propres au backbone ne donnent juste que sur 2,1~% des photos, à peine "
            "plus que le hasard~: ses classes ne sont donc pas dans l'ordre d'ImageNet.",
        ),
        (
            Message("bundle_export_int8_differs", {"agreement": 0.9, "count": 1200}),
            "Le modèle int8 ne nomme la même race que le réseau entraîné que sur 90~% de 1200 "
            "photos, il n'a donc pas été écrit~; entraînez avec --no-int8.",
        ),
        (
            Message("bundle_export_probabilities_differ", {"difference": 0.02, "limit": 0.001}),
            "Les probabilités du modèle écrit diffèrent de celles du réseau entraîné de 0,0200 (au "
            "plus 0,001 est permis), il n'a donc pas été écrit~; signalez le nom du backbone.",
        ),
        (
            Message("classifier_other_classes", {"count": 21841}),
            "Le classifieur des poids a 21~841 classes, et non les 1~000 d'ImageNet-1k.",
        ),
        (
            Message("photo_file_too_large", {"size": 600, "limit": 512}),
            "Le fichier a 600 Mo~; la limite est de 512 Mo.",
        ),
        (
            Message("photo_over_memory_limit", {"need": 4_000_000_000, "limit": 950_000_000}),
            "Son décodage demande 4,0 Go de mémoire~; la limite est de 950 Mo (--memory ou "
            "BARKIVE_MEMORY).",
        ),
        (
            Message("study_no_room", {"folder": "/e", "free": 512_000_000, "needed": 3 * 10**9}),
            "Le dossier /e a de la place pour 512 Mo, et il en faut 3,0 Go~; faites de la place, "
            "ou choisissez un autre emplacement avec --out.",
        ),
        (
            Message("training_validation_range", {"share": 1.5}),
            "La part de validation est 1,5~; elle doit être supérieure à 0 et inférieure à 1.",
        ),
    ],
    ids=lambda value: value.code if isinstance(value, Message) else "",
)
def test_french_errors_write_numbers_as_french_does(message: Message, french: str) -> None:
    assert message.text("fr") == french.replace("~", "\u202f")


def test_a_size_that_an_older_catalogue_kept_as_text_stays_as_it_is() -> None:
    kept = Message.from_json("photo_over_memory_limit", {"need": "4.0 GB", "limit": "950 MB"})
    assert kept.text() == (
        "Decoding it needs 4.0 GB of memory; the limit is 950 MB (--memory or BARKIVE_MEMORY)."
    )


def test_no_sentence_writes_per_cent_or_the_unit_of_a_share_by_itself() -> None:
    """How a language writes them stands once, in its section `language`."""
    written = [
        (lang, section, text)
        for lang in LANGUAGES
        for section, sentences in TABLES[lang].items()
        if section != "language"
        for sentence in sentences.values()
        for text in forms(sentence).values()
        if re.search(r"\}[ \u202f]?%", text)
    ]
    assert written == []


def test_a_sentence_as_a_script_fills_it_in() -> None:
    assert Messages("en").forms("photos.found") == {"one": "{n} photo", "other": "{n} photos"}
    assert Messages("en").forms("photos.title") == {"one": "Photos", "other": "Photos"}
