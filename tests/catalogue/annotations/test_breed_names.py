"""Breeds that people added: one for all spellings, found, counted, renamed and merged."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest
from sqlalchemy import text

from barkive.bundle import BundleInfo
from barkive.catalogue import Catalogue, Filter, Kind, Label
from barkive.catalogue.db import database
from barkive.catalogue.db.database import Database
from barkive.catalogue.predictions.breed_names import AddedBreed, Names
from barkive.catalogue.predictions.models import Models
from barkive.classifier import Classifier
from barkive.errors import UnknownBreedError, UsageError
from barkive.verdicts import BreedName

BOXER, PUG = "n02108089", "n02110958"
JACK = AddedBreed("jackrussell", "Jack Russell", "Jack Russell", None)


@pytest.fixture
def scanned(catalogue: Catalogue, classifier: Classifier, kennel: Path) -> Catalogue:
    catalogue.scan(kennel, classifier=classifier)
    return catalogue


def found(catalogue: Catalogue, **wanted: str) -> set[str]:
    return {Path(one.file).stem for one in catalogue.search(Filter(**wanted))}  # type: ignore[arg-type]


def said(catalogue: Catalogue, photo: Path) -> list[str]:
    return [label.en for label in catalogue.photo(photo).labels]


@pytest.mark.parametrize(
    "name",
    ["Jack Russell", "jack  russell", " JACK-RUSSELL ", "Ja\u0301ck Rüssell", "ｊａｃｋ russell"],
)
def test_all_spellings_of_a_name_are_one_breed(name: str) -> None:
    names = Names(added=[JACK])
    assert names.find(name) == "Jack Russell"
    assert names.label(name) == BreedName("Jack Russell", "Jack Russell", "Jack Russell")


@pytest.mark.parametrize("name", ["jack", "russell", "jack russel", "", "n"])
def test_a_part_of_a_name_is_no_breed(name: str) -> None:
    with pytest.raises(UnknownBreedError):
        Names(added=[JACK]).find(name)


def test_a_breed_of_the_table_wins_and_so_does_the_first_model() -> None:
    first, second = (
        BreedName("my-mutt", "my-mutt", "my-mutt"),
        BreedName("My Mutt", "My Mutt", "My Mutt"),
    )
    names = Names([first, second], [AddedBreed("boxer", "boxer", "boxer", None)])
    assert names.find("BOXER") == names.meant("boxer") == BOXER
    assert names.find("my mutt") == names.meant("My Mutt") == "my-mutt"
    assert names.ids("my-mutt") == ["my-mutt", "My Mutt"]
    assert [breed.id for breed in names.own] == ["my-mutt"]
    assert names.of_model(second) == first


def test_what_may_be_meant_holds_added_breeds_and_what_is_spelt_nearly_so() -> None:
    names = Names(added=[JACK])
    assert [label.en for label in names.choices("jack")] == ["Jack Russell"]
    assert names.choices("jak rusel")[0].en == "Jack Russell"
    assert [label.en for label in names.choices("bulldog")] == ["French Bulldog"]
    with pytest.raises(UnknownBreedError, match="The nearest names: Jack Russell"):
        names.find("jack russel")


def test_names_that_were_merged_in_a_circle_do_no_harm() -> None:
    names = Names(added=[AddedBreed("a", "A", "A", "B"), AddedBreed("b", "B", "B", "A")])
    assert names.meant("A") in {"A", "B"}


def test_an_added_breed_is_one_like_any(scanned: Catalogue, kennel: Path) -> None:
    for photo, name in (
        ("rex", "Jack Russell"),
        ("mix", "jack  russell"),
        ("night", "JACK-RUSSELL"),
    ):
        scanned.label(kennel / f"{photo}.png", Label(Kind.BREED, (name,), other=True))
    assert said(scanned, kennel / "night.png") == ["Jack Russell"]
    assert found(scanned, breed="jack RUSSELL") == {"rex", "mix", "night"}
    assert found(scanned, text="jack") == {"rex", "mix", "night"}
    assert scanned.count(Filter(breed="Jack Russell")) == 3
    assert scanned.counts("breed")["Jack Russell"] == 3
    assert [breed.en for breed in scanned.models.names.own] == ["Jack Russell"]
    # It needs no flag any more.
    scanned.label(kennel / "rex.png", Label(Kind.CROSS, ("jack russell", "carlin")))
    assert said(scanned, kennel / "rex.png") == ["Jack Russell", "Pug"]


def test_a_name_that_is_known_is_not_added(scanned: Catalogue, kennel: Path) -> None:
    scanned.label(kennel / "rex.png", Label(Kind.BREED, ("boxer",), other=True))
    assert [one.label.id for one in scanned.photo(kennel / "rex.png").breeds] == [BOXER]
    assert scanned.models.names.own == ()
    with pytest.raises(UsageError, match="are the same breed"):
        scanned.label(
            kennel / "rex.png", Label(Kind.CROSS, ("Jack Russell", "jack russell"), other=True)
        )
    with pytest.raises(UsageError, match=r"The name “\?!” has no letter or digit"):
        scanned.label(kennel / "rex.png", Label(Kind.BREED, ("?!",), other=True))
    assert scanned.models.names.own == ()


def test_an_unknown_name_is_refused_with_what_is_near_and_how_to_take_it(
    scanned: Catalogue, kennel: Path
) -> None:
    with pytest.raises(UnknownBreedError, match=r"names: French Bulldog\. .* with --other"):
        scanned.label(kennel / "rex.png", Label(Kind.BREED, ("bulldog",)))
    assert scanned.history(kennel / "rex.png") == []


def test_a_renamed_breed_keeps_its_photos_and_its_history(
    where: str, scanned: Catalogue, kennel: Path
) -> None:
    scanned.label(kennel / "rex.png", Label(Kind.BREED, ("Jak Rusel",), other=True))
    with Catalogue(where) as elsewhere:
        renamed = elsewhere.rename_breed("jak rusel", "  Jack   Russell ")
        assert (renamed.before.en, renamed.after.en, renamed.photos) == (
            "Jak Rusel",
            "Jack Russell",
            1,
        )
    # Another process has done it, and this one follows.
    assert said(scanned, kennel / "rex.png") == ["Jack Russell"]
    assert found(scanned, breed="Jack Russell") == found(scanned, breed="jak rusel") == {"rex"}
    assert found(scanned, text="russell") == {"rex"}
    assert found(scanned, text="rusel") == set()
    (change,) = scanned.history(kennel / "rex.png")
    assert change.labels[0].en == "Jack Russell"
    with scanned._database.read() as connection:
        assert connection.execute(text("SELECT breed FROM correction")).scalar() == "Jak Rusel"


@pytest.mark.parametrize(("target", "expected"), [("Boxer", BOXER), ("parson", "Parson")])
def test_a_breed_is_merged_with_another_once_that_is_confirmed(
    scanned: Catalogue, kennel: Path, classifier: Classifier, target: str, expected: str
) -> None:
    scanned.label(kennel / "rex.png", Label(Kind.BREED, ("Jack Russell",), other=True))
    scanned.label(kennel / "mix.png", Label(Kind.BREED, ("Parson",), other=True))
    scanned.label(kennel / "night.png", Label(Kind.CROSS, ("Jack Russell", target)))
    there = scanned.count(Filter(breed=target))
    with pytest.raises(UsageError, match=rf"already, with {there} photos; with --merge the 2 of"):
        scanned.rename_breed("Jack Russell", target)
    assert found(scanned, breed="Jack Russell") == {"rex", "night"}
    scanned.rename_breed("Jack Russell", target, merge=True)
    assert {"rex", "night"} <= found(scanned, breed="Jack Russell") == found(scanned, breed=target)
    assert len(said(scanned, kennel / "night.png")) == 1
    assert scanned.counts("breed")[expected] == scanned.count(Filter(breed=target))
    assert "Jack Russell" not in [breed.en for breed in scanned.models.names.own]
    scanned.label(kennel / "rex.png", Label(Kind.UNDO))
    assert scanned.history(kennel / "rex.png")[0].labels[0].id == expected
    scanned.label(kennel / "rex.png", Label(Kind.BREED, ("jack russell",)))
    scanned.scan(kennel, classifier=classifier)
    assert {"rex", "night"} <= found(scanned, breed=target)


def test_what_can_t_be_renamed_is_told(scanned: Catalogue, kennel: Path) -> None:
    scanned.label(kennel / "rex.png", Label(Kind.BREED, ("Mutt",), other=True))
    with pytest.raises(UsageError, match="“Pug” is a breed of Barkive's own table"):
        scanned.rename_breed("carlin", "Mops")
    with pytest.raises(UnknownBreedError):
        scanned.rename_breed("Xyzzy", "Pug")
    with pytest.raises(UsageError, match="no letter or digit"):
        scanned.rename_breed("Mutt", " ")
    assert scanned.rename_breed("Mutt", "MUTT").after.en == "MUTT"


def test_the_breeds_of_an_own_model_are_renamed_and_merged_likewise(
    catalogue: Catalogue,
    kennel: Path,
    colour_info: BundleInfo,
    write_bundle: Callable[..., Path],
    tmp_path: Path,
) -> None:
    own = tuple(BreedName(name, name, name) for name in ("my-mutt", "my-mix"))
    info = replace(colour_info, labels=(*own, colour_info.labels[2]))
    catalogue.scan(
        kennel, classifier=Classifier(write_bundle(tmp_path / "own", info.to_metadata()))
    )
    assert catalogue.photo(kennel / "rex.png").labels[0].id == "my-mutt"
    assert found(catalogue, breed="My Mutt") >= {"rex"}
    catalogue.rename_breed("my mutt", "Our Mutt")
    assert said(catalogue, kennel / "rex.png") == ["Our Mutt"]
    assert found(catalogue, breed="our mutt") == found(catalogue, breed="my-mutt")
    catalogue.rename_breed("my-mix", "our mutt", merge=True)
    guesses = catalogue.photo(kennel / "rex.png").guesses
    assert [one.label.en for one in guesses] == ["Our Mutt", "Maltese"]
    assert sum(one.probability for one in guesses) == pytest.approx(1)
    assert set(catalogue.counts("breed")) == {"my-mutt"}


def test_free_text_of_older_catalogues_is_united(
    where: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    spellings = ["Jack Russell", "jack russell", "Jack  Russell", "boxer", "?"]
    with monkeypatch.context() as older:
        older.setattr(database, "HEAD", "0005")
        old = Database(where)
        with old.write() as connection:
            for i, breed in enumerate(spellings, 1):
                row = {"i": i, "b": breed, "at": datetime(2026, 5, 4), "s": bytes([i]) * 32}
                connection.execute(
                    text(
                        "INSERT INTO correction (sha256, kind, breed, breed2, said_at, was) "
                        "VALUES (:s, 'cross', :b, 'jack RUSSELL', :at, '')"
                    ),
                    row,
                )
                connection.execute(
                    text(
                        "INSERT INTO photo (path, sha256, status, breed, breed2, corrected, words, "
                        "added_at) VALUES ('/p/' || CAST(:i AS TEXT) || '.png', :s, 'dog', :b, "
                        "'jack RUSSELL', TRUE, 'old', :at)"
                    ),
                    row,
                )
        old.close()
    with Catalogue(where) as catalogue:
        assert found(catalogue, breed="jack russell") == {"1", "2", "3", "4", "5"}
        assert found(catalogue, breed="Boxer") == {"4"}
        assert found(catalogue, text="boxer jack") == {"4"}
        assert [breed.en for breed in catalogue.models.names.own] == ["?", "Jack Russell"]
        labels = [[one.en for one in entry.labels] for entry in catalogue.search()]
        assert labels == [["Jack Russell"]] * 3 + [["Boxer", "Jack Russell"], ["?", "Jack Russell"]]
        assert catalogue.counts("breed") == {"Jack Russell": 3, BOXER: 1, "?": 1}
        with catalogue._database.read() as connection:
            kept = connection.execute(text("SELECT breed FROM correction ORDER BY id"))
            assert kept.scalars().all() == spellings


def test_models_follow_what_others_add(where: str, scanned: Catalogue, kennel: Path) -> None:
    models = Models()
    with scanned._database.read() as connection:
        models.read(connection)
    scanned.label(kennel / "rex.png", Label(Kind.BREED, ("Mutt",), other=True))
    with scanned._database.read() as connection:
        models.follow(connection)
    assert models.names.find("mutt") == "Mutt"
