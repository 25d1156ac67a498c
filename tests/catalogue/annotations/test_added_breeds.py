"""Breeds that people add with two names, number and group of the FCI, and say more of later."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from threading import Barrier, Thread

import pytest

from barkive.bundle import BundleInfo
from barkive.catalogue import Catalogue, Filter, Kind, Label
from barkive.catalogue.predictions.breed_names import AddedBreed, Names
from barkive.classifier import Classifier
from barkive.errors import UnknownBreedError, UsageError
from barkive.verdicts import BreedName

DACHSHUND = BreedName("Dachshund", "Dachshund", "Teckel")
ROW = AddedBreed("dachshund", "Dachshund", "Dachshund", None, "Teckel", 148, 4)


@pytest.fixture
def scanned(catalogue: Catalogue, classifier: Classifier, kennel: Path) -> Catalogue:
    catalogue.scan(kennel, classifier=classifier)
    return catalogue


@pytest.fixture
def learned(write_bundle: Callable[..., Path], colour_info: BundleInfo, tmp_path: Path) -> Path:
    """A bundle that calls red a Dachshund, as one that was learned from a catalogue does."""
    info = replace(colour_info, labels=(DACHSHUND, *colour_info.labels[1:]))
    return write_bundle(tmp_path / "learned.onnx", info.to_metadata())


def found(catalogue: Catalogue, wanted: Filter) -> set[str]:
    names = {Path(one.file).stem for one in catalogue.search(wanted)}
    assert catalogue.count(wanted) == len(names)
    return names


@pytest.mark.parametrize(
    "name",
    ["Dachshund", "DACHS-HUND", "Teckel", "téckel", "Standard Dachshund", "teckel  standard"],
)
def test_both_names_and_the_id_mean_it(name: str) -> None:
    renamed = ROW._replace(name="Standard Dachshund", name_fr="Teckel standard")
    names = Names([DACHSHUND], [renamed])
    assert names.find(name) == "Dachshund"
    assert names.label(name) == BreedName("Dachshund", "Standard Dachshund", "Teckel standard")


def test_it_is_a_row_as_those_of_the_table_are() -> None:
    (row,) = Names(added=[ROW]).own
    assert (row.id, row.en, row.fr) == ("Dachshund", "Dachshund", "Teckel")
    assert (row.fci, row.group) == (148, 4)
    assert (row.folder, row.wild, row.aliases) == ("Dachshund", False, ())
    assert row.group_name("fr") == "Teckels"


def test_names_of_breeds_that_were_merged_into_it_are_its_aliases() -> None:
    merged = AddedBreed("sausagedog", "Sausage Dog", "Sausage Dog", "Dachshund", "Chien saucisse")
    names = Names(added=[ROW, merged])
    assert names.own[0].aliases == ("Sausage Dog", "Chien saucisse")
    assert names.find("chien saucisse") == "Dachshund"


@pytest.mark.parametrize(
    "label",
    [
        DACHSHUND,
        BreedName("dachs-hund", "dachs-hund", "dachs-hund"),
        BreedName("Sausage Dog", "Sausage Dog", "Teckel"),
        BreedName("Sausage Dog", "Dachshund", "Chien saucisse"),
    ],
)
def test_a_model_s_label_of_that_name_is_that_breed(label: BreedName) -> None:
    names = Names([label], [ROW])
    assert names.of_model(label) == DACHSHUND
    assert names.meant(label.id) == "Dachshund"
    assert [breed.id for breed in names.own] == ["Dachshund"]


def test_a_model_s_label_that_the_table_knows_by_a_name_is_that_breed() -> None:
    label = BreedName("Spotted", "Spotted", "Dalmatien")
    names = Names([label])
    assert names.of_model(label).en == "Dalmatian"
    assert names.own == ()


def test_without_a_row_a_label_has_the_names_of_the_last_model() -> None:
    later = BreedName("Dachshund", "Standard Dachshund", "Teckel standard")
    names = Names([DACHSHUND, later])
    assert names.of_model(DACHSHUND) == names.of_model(later) == later
    assert names.find("teckel") == names.find("teckel standard") == "Dachshund"


def test_a_breed_is_added_and_found_by_all_that_is_said_of_it(
    scanned: Catalogue, kennel: Path
) -> None:
    assert scanned.add_breed(" Dachs  hund ", "Teckel", fci=148, group=4).id == "Dachs hund"
    scanned.label(kennel / "rex.png", Label(Kind.BREED, ("teckel",)))
    scanned.label(kennel / "mix.png", Label(Kind.CROSS, ("Pug", "dachs-hund")))
    assert [one.fr for one in scanned.photo(kennel / "mix.png").labels] == ["Carlin", "Teckel"]
    both = {"rex", "mix"}
    for wanted in (
        Filter(breed="Teckel"),
        Filter(breed="dachshund"),
        Filter(group=4),
        Filter(group=4, breed="teckel"),
        Filter(text="teckel"),
        Filter(text="dachs teckel"),
    ):
        assert found(scanned, wanted) == both
    assert found(scanned, Filter(group=9)) == {"mila", "mix"}
    assert scanned.counts("breed")["Dachs hund"] == 1
    assert [label.fr for label in scanned.models.names.choices("tecke")][:1] == ["Teckel"]


def test_more_is_said_of_a_breed_later(where: str, scanned: Catalogue, kennel: Path) -> None:
    scanned.label(kennel / "rex.png", Label(Kind.BREED, ("Dachshund",), other=True))
    assert found(scanned, Filter(group=4)) == found(scanned, Filter(text="teckel")) == set()
    with Catalogue(where) as elsewhere:
        assert elsewhere.describe_breed("dachshund", fr="Teckel", group=4) == DACHSHUND
    assert found(scanned, Filter(group=4)) == found(scanned, Filter(text="teckel")) == {"rex"}
    # To add it again says more, and leaves the rest.
    assert scanned.add_breed("DACHSHUND", fci=148) == DACHSHUND
    assert scanned.models.names.own[0] == Names(added=[ROW]).own[0]
    assert scanned.describe_breed("teckel", fr="Basset allemand", fci=0).fr == "Basset allemand"
    row = scanned.models.names.own[0]
    assert (row.fci, row.group) == (None, 4)
    assert found(scanned, Filter(text="teckel")) == set()  # nor by its group, the “Teckels”
    assert found(scanned, Filter(text="allemand")) == {"rex"}
    scanned.describe_breed("Dachshund", fr="Dachshund", group=0)
    assert found(scanned, Filter(text="teckel")) == found(scanned, Filter(group=4)) == set()
    assert scanned.models.names.own[0].fr == "Dachshund"
    with pytest.raises(UnknownBreedError):
        scanned.describe_breed("Xyzzy", fci=1)


@pytest.mark.parametrize(
    ("told", "message"),
    [
        (
            {"en": "carlin"},
            "“carlin” need not be added: it is “Pug”, a breed of Barkive's own table",
        ),
        (
            {"en": "Whipador", "fr": "carlin"},
            "“carlin” can't be the French name of “Whipador”, because it is a name of “Pug”",
        ),
        (
            {"en": "Whipador", "fr": "jack  RUSSELL"},
            "because it is a name of “Jack Russell” already",
        ),
        ({"en": "Whipador", "fr": "!"}, "The name “!” has no letter or digit"),
        ({"en": "?"}, "no letter or digit"),
        ({"en": "Whipador", "fci": 1000}, "The FCI number is 1000; it must lie between 1 and 999"),
        ({"en": "Whipador", "fci": -1}, "The FCI number is -1"),
        ({"en": "Whipador", "group": 11}, "The FCI group is 11; it must lie between 1 and 10"),
    ],
)
def test_what_is_wrong_is_told_and_nothing_is_changed(
    catalogue: Catalogue, told: dict[str, str], message: str
) -> None:
    catalogue.add_breed("Jack Russell")
    before = catalogue.models.names.own
    with pytest.raises(UsageError, match=message):
        catalogue.add_breed(**told)  # type: ignore[arg-type]
    assert catalogue.models.names.own == before


def test_a_renamed_breed_keeps_its_french_name(catalogue: Catalogue) -> None:
    catalogue.add_breed("Dachshund", "Teckel", fci=148)
    after = catalogue.rename_breed("teckel", "Standard Dachshund").after
    assert after == BreedName("Dachshund", "Standard Dachshund", "Teckel")
    assert catalogue.rename_breed("Dachshund", "Teckel").after.en == "Teckel"
    assert catalogue.models.names.own[0].fci == 148


def test_two_people_who_add_a_breed_at_once_add_one(where: str, catalogue: Catalogue) -> None:
    ready = Barrier(2)

    def add(name: str, number: int) -> None:
        with Catalogue(where) as opened:
            ready.wait()
            opened.add_breed(name, fci=number)

    people = [Thread(target=add, args=one) for one in (("Dachshund", 148), ("dachs hund", 149))]
    for one in people:
        one.start()
    for one in people:
        one.join()
    (breed,) = catalogue.models.names.own
    assert breed.fci in (148, 149)


def test_a_name_of_two_breeds_is_one_name(scanned: Catalogue, kennel: Path) -> None:
    name = "Lévrier × Griffon"
    scanned.label(kennel / "rex.png", Label(Kind.BREED, (name,), other=True))
    scanned.label(kennel / "mix.png", Label(Kind.CROSS, ("levrier griffon", "boxer")))
    assert [one.en for one in scanned.photo(kennel / "rex.png").labels] == [name]
    assert [one.en for one in scanned.photo(kennel / "mix.png").labels] == [name, "Boxer"]
    assert found(scanned, Filter(breed=name)) == {"rex", "mix"}
    assert scanned.counts("breed")[name] == 2


def test_what_a_model_has_learned_and_people_added_is_one_breed(
    scanned: Catalogue, kennel: Path, learned: Path
) -> None:
    scanned.add_breed("Dachshund", "Teckel", fci=148, group=4)
    scanned.label(kennel / "annex/mila.png", Label(Kind.BREED, ("teckel",)))
    scanned.scan(kennel, classifier=Classifier(learned, dogs=False))
    assert scanned.counts("breed") == {"Dachshund": 3}
    assert found(scanned, Filter(group=4, breed="Teckel")) == {"rex", "mila", "mix"}
    assert scanned.photo(kennel / "rex.png").breeds[0].label == DACHSHUND


def test_the_label_of_a_model_follows_a_breed_that_is_renamed_or_merged_later(
    scanned: Catalogue, kennel: Path, learned: Path
) -> None:
    scanned.add_breed("Dachshund", "Teckel")
    scanned.scan(kennel, classifier=Classifier(learned, dogs=False))
    scanned.rename_breed("Dachshund", "Sausage Dog")
    scanned.describe_breed("Dachshund", fr="Basset allemand")
    assert scanned.photo(kennel / "rex.png").breeds[0].label == BreedName(
        "Dachshund", "Sausage Dog", "Basset allemand"
    )
    assert found(scanned, Filter(text="allemand", status=())) == {"rex", "mix"}
    assert found(scanned, Filter(breed="teckel")) == {"rex", "mix"}
    scanned.rename_breed("Sausage Dog", "Boxer", merge=True)
    assert scanned.photo(kennel / "rex.png").labels[0].en == "Boxer"
    assert found(scanned, Filter(breed="boxer")) == {"rex", "mix"}
    scanned.scan(kennel, classifier=Classifier(learned, dogs=False))
    assert set(scanned.counts("breed")) == {"n02108089", "n02110958"}


def test_in_another_catalogue_the_label_has_its_own_names(
    scanned: Catalogue, kennel: Path, learned: Path
) -> None:
    scanned.scan(kennel, classifier=Classifier(learned, dogs=False))
    assert scanned.photo(kennel / "rex.png").breeds[0].label == DACHSHUND
    assert found(scanned, Filter(breed="teckel")) == {"rex", "mix"}
    # What is said of it there, it keeps its names.
    assert scanned.describe_breed("teckel", group=4) == DACHSHUND
    assert found(scanned, Filter(group=4)) == {"rex", "mix"}
    assert scanned.rename_breed("teckel", "Sausage Dog").after.fr == "Teckel"
