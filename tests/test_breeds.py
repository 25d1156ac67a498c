"""The breed table and its look-up."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from barkive.breeds import (
    Breed,
    Language,
    all_breeds,
    find,
    folder_of,
    name_of_folder,
    normalise,
    of_folder,
    search,
    suggest,
)
from barkive.errors import UnknownBreedError

# Data that lie beside a checkout, not in it.
SHARED = Path(__file__).parents[2] / "shared" / "data"

# The breeds that the FCI has under one number: its name for all is no name for one of them.
FCI_VARIETIES = {15, 97, 172}


def _names(breed: Breed) -> list[str]:
    stanford = breed.folder.removeprefix(f"{breed.id}-")
    return [breed.id, breed.folder, stanford, breed.en, breed.fr, *breed.aliases]


def test_the_table_holds_121_breeds_sorted_by_id() -> None:
    ids = [breed.id for breed in all_breeds()]
    assert len(ids) == 121
    assert ids == sorted(set(ids))


def test_a_row_of_the_table() -> None:
    assert all_breeds()[1] == Breed(
        id="n02085782",
        folder="n02085782-Japanese_spaniel",
        en="Japanese Chin",
        fr="Épagneul japonais",
        fci=206,
        group=9,
        wild=False,
        aliases=("Chin", "Chin japonais"),
    )


def test_every_row_is_well_formed(subtests: pytest.Subtests) -> None:
    for breed in all_breeds():
        with subtests.test(breed.id):
            assert re.fullmatch(r"n\d{8}", breed.id)
            assert breed.folder.startswith(f"{breed.id}-")
            assert (breed.fci is None) == (breed.group is None)
            assert breed.group is None or 1 <= breed.group <= 10
            for name in (breed.en, breed.fr, *breed.aliases):
                assert name == " ".join(name.split())
                assert name[0].isupper()


def test_no_two_breeds_share_a_key() -> None:
    owners: dict[str, str] = {}
    for breed in all_breeds():
        for name in _names(breed):
            assert owners.setdefault(normalise(name), breed.id) == breed.id, name


def test_every_alias_adds_a_key() -> None:
    for breed in all_breeds():
        _, _, *names = map(normalise, _names(breed))
        aliases = names[3:]
        assert len(set(aliases) - set(names[:3])) == len(aliases), breed.aliases


def test_three_are_wild_and_known_to_no_kennel_club() -> None:
    wild = [breed for breed in all_breeds() if breed.wild]
    assert [breed.en for breed in wild] == ["Dingo", "Dhole", "African Wild Dog"]
    assert [breed.fr for breed in wild] == ["Dingo", "Dhole", "Lycaon"]
    assert all(breed.fci is None for breed in wild)


def test_the_dogs_that_the_fci_does_not_recognise() -> None:
    names = [breed.en for breed in all_breeds() if breed.fci is None and not breed.wild]
    assert names == [
        "Toy Fox Terrier",
        "Bluetick Coonhound",
        "Treeing Walker Coonhound",
        "Redbone Coonhound",
    ]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("n02106662", "n02106662"),
        ("N02106662", "n02106662"),
        ("n02106662-German_shepherd", "n02106662"),
        ("German_shepherd", "n02106662"),
        ("berger allemand", "n02106662"),
        ("Berger-Allemand", "n02106662"),
        ("GSD", "n02106662"),
        ("HUSKY", "n02110185"),
        ("husky de siberie", "n02110185"),
        ("epagneul breton", "n02101388"),
        ("ÉPAGNEUL BRETON", "n02101388"),
        ("shih tzu", "n02086240"),
        ("ShihTzu", "n02086240"),
        ("Westie", "n02098286"),
        ("loulou de pomeranie", "n02112018"),
        ("chien d’eau irlandais", "n02102973"),
        ("Xolo", "n02113978"),
        ("african hunting dog", "n02116738"),
        ("Blenheim spaniel", "n02086646"),
        ("caniche_royal", "n02113799"),
        ("collie", "n02106030"),
        ("dalmatien", "n02110341"),
    ],
)
def test_find(query: str, expected: str) -> None:
    assert find(query).id == expected


@pytest.mark.parametrize(
    ("query", "nearest"),
    [
        ("Bergr alemand", "Berger allemand"),
        ("german shepard", "German Shepherd Dog"),
        ("épagneul bretton", "Épagneul breton"),
        ("siberian huskey", "Siberian Husky"),
        ("westi", "Westie"),
    ],
)
def test_an_unknown_name_is_answered_with_the_nearest(query: str, nearest: str) -> None:
    with pytest.raises(UnknownBreedError) as caught:
        find(query)
    assert caught.value.query == query
    first = caught.value.nearest[0]
    assert isinstance(first, Breed)
    assert nearest in (first.en, first.fr, *first.aliases)
    assert first.en in str(caught.value)


def test_the_nearest_names_are_of_different_breeds_and_can_be_found() -> None:
    with pytest.raises(UnknownBreedError) as caught:
        find("berger belge")
    found = [one for one in caught.value.nearest if isinstance(one, Breed)]
    assert {one.fr for one in found[:2]} == {"Berger belge Malinois", "Berger belge Groenendael"}
    assert len({find(one.en).id for one in found}) == 3


@pytest.mark.parametrize("query", ["", " - ", "!?"])
def test_a_query_without_letters_is_unknown(query: str) -> None:
    with pytest.raises(UnknownBreedError) as caught:
        search(query)
    assert caught.value.nearest == ()


def test_search_gives_the_exact_hit_first_then_those_that_hold_it() -> None:
    assert [breed.en for breed in search("schnauzer")] == [
        "Standard Schnauzer",
        "Miniature Schnauzer",
        "Giant Schnauzer",
    ]
    assert [breed.en for breed in search("Caniche")] == [
        "Toy Poodle",
        "Miniature Poodle",
        "Standard Poodle",
    ]
    assert [breed.en for breed in search("n02108089")] == ["Boxer"]


def test_search_for_an_unknown_name() -> None:
    with pytest.raises(UnknownBreedError, match="Chihuahua"):
        search("chiuaua")


@pytest.mark.parametrize(
    ("folder", "expected"),
    [
        ("n02085620-Chihuahua", "n02085620"),
        ("n02085620-some_other_name", "n02085620"),
        ("n02085620", "n02085620"),
        ("n99999999-chihuahua", "n02085620"),
        ("042-golden-retriever", "n02099601"),
        ("refuge-Berger_allemand", "n02106662"),
        ("Shih-Tzu", "n02086240"),
        ("flat-coated retriever", "n02099267"),
        ("Terre-Neuve", "n02111277"),
    ],
)
def test_of_folder(folder: str, expected: str) -> None:
    breed = of_folder(folder)
    assert breed is not None
    assert breed.id == expected


@pytest.mark.parametrize(
    "folder", ["", "-", "cats", "Jack-Russell", "Bearded-Collie", "Labrador-Husky", "n99999999"]
)
def test_of_folder_leaves_other_folders_alone(folder: str) -> None:
    assert of_folder(folder) is None


@pytest.mark.parametrize(
    ("breed", "folder"),
    [
        ("n02110958", "n02110958-pug"),
        ("Jack-Russell", "Jack-Russell"),
        ("Anglo-Chihuahua", "Anglo_Chihuahua"),
        ("Petit-Lévrier-Chihuahua", "Petit-Lévrier-Chihuahua"),
    ],
)
def test_the_folder_of_a_breed_holds_no_other(breed: str, folder: str) -> None:
    assert folder_of(breed) == folder
    found = of_folder(folder)
    assert found is None or found.id == breed


def test_names_and_groups_in_both_languages() -> None:
    pug, dingo = find("pug"), find("dingo")
    assert (pug.name(), pug.name("fr")) == ("Pug", "Carlin")
    assert pug.group_name() == "Companion and Toy Dogs"
    assert pug.group_name("fr") == "Chiens d'agrément et de compagnie"
    assert dingo.group_name() is None


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Épagneul japonais", "epagneuljaponais"),
        ("Chien d'eau_irlandais", "chiendeauirlandais"),
        ("Œil-de-bœuf", "oeildeboeuf"),
        ("St. Bernard", "stbernard"),
        ("Groß", "gross"),
        ("™", "tm"),
    ],
)
def test_normalise(name: str, expected: str) -> None:
    assert normalise(name) == expected


@given(st.text())
def test_normalise_is_idempotent(name: str) -> None:
    assert normalise(normalise(name)) == normalise(name)


@given(st.data())
def test_a_name_is_found_however_it_is_written(data: st.DataObject) -> None:
    breed = data.draw(st.sampled_from(all_breeds()))
    name = data.draw(st.sampled_from(_names(breed)))
    written = "".join(
        data.draw(st.sampled_from([letter, letter.upper(), letter.lower()]))
        + data.draw(st.sampled_from(["", "", "", "-", "_", " ", "'", "\u0301"]))
        for letter in name
    )
    assert find(written) == breed


def test_suggestions_begin_so_then_have_a_word_that_does_then_hold_it() -> None:
    pinschers = ["Miniature Pinscher", "Doberman Pinscher", "Affenpinscher"]
    assert [breed.en for breed in suggest("pin")] == pinschers  # the first is a “Pinscher nain”
    shepherds = ["German Shepherd Dog", "Old English Sheepdog"]
    assert [breed.fr for breed in suggest("Berger a")] == ["Berger allemand", "Bobtail"]
    assert [breed.en for breed in suggest("Berger a")] == shepherds


@pytest.mark.parametrize(
    ("query", "first"),
    [
        ("germ", "German Shepherd Dog"),
        ("ÉPAGNEUL BR", "Brittany"),
        ("retriever du lab", "Labrador Retriever"),
        ("coll", "Rough Collie"),
        ("husk", "Siberian Husky"),
        ("westi", "West Highland White Terrier"),
    ],
)
def test_the_likeliest_is_suggested_first(query: str, first: str) -> None:
    assert suggest(query)[0].en == first


@pytest.mark.parametrize("query", ["", " - ", "!?", "zzz", "n02106662"])
def test_nothing_is_suggested_for_what_no_name_holds(query: str) -> None:
    assert suggest(query) == ()


def test_suggestions_are_bounded() -> None:
    assert len(suggest("a")) == 8
    assert suggest("a", limit=3) == suggest("a")[:3]
    assert len(suggest("e", limit=500)) == len(set(suggest("e", limit=500))) > 100


def _written_names() -> list[tuple[Breed, str]]:
    return [(b, name) for b in all_breeds() for name in (b.en, b.fr, *b.aliases)]


def test_a_full_name_suggests_its_breed_first(subtests: pytest.Subtests) -> None:
    for breed, name in _written_names():
        with subtests.test(name):
            assert suggest(name)[0] == breed


@given(st.sampled_from(_written_names()), st.data())
def test_a_name_is_suggested_from_three_letters_on(
    named: tuple[Breed, str], data: st.DataObject
) -> None:
    breed, name = named
    letters = normalise(name)
    length = data.draw(st.integers(min(3, len(letters)), len(letters)))
    written = data.draw(st.sampled_from([letters[:length], letters[:length].upper()]))
    assert suggest(written) != ()
    assert breed in suggest(written, limit=121)


@given(st.text())
def test_whatever_is_typed_is_answered(query: str) -> None:
    assert len(suggest(query)) <= 8


@pytest.mark.shared
@pytest.mark.skipif(not SHARED.exists(), reason="needs the FCI's table beside the checkout")
@pytest.mark.parametrize(
    ("file", "lang", "ampersand"),
    [("fci-breeds.csv", "en", " and "), ("fci-breeds-fr.csv", "fr", " et ")],
)
def test_numbers_groups_and_names_are_the_fcis(file: str, lang: Language, ampersand: str) -> None:
    with (SHARED / "fci" / file).open(encoding="utf-8", newline="") as lines:
        fci = {int(row["id"]): row for row in csv.DictReader(lines)}
    titles = {normalise(row["name"]) for row in fci.values()}
    for breed in all_breeds():
        if breed.fci is None:
            assert not titles & set(map(normalise, _names(breed)))
            continue
        row = fci[breed.fci]
        # The address of each standard holds its number and its group: 166g01-fr.pdf.
        assert not row["pdf"] or f"/{breed.fci:03}g{breed.group:02}-" in row["pdf"]
        # That table shortens the names of the groups 2 and 8 to their beginning.
        assert normalise(str(breed.group_name(lang))).startswith(normalise(row["group"]))
        if breed.fci not in FCI_VARIETIES:
            assert find(row["name"].replace("&", ampersand)) == breed


@pytest.mark.shared
@pytest.mark.skipif(not SHARED.exists(), reason="needs Stanford Dogs beside the checkout")
def test_the_folders_are_those_of_stanford_dogs_and_the_dalmatians() -> None:
    folders = sorted(path.name for path in (SHARED / "stanford-dogs").iterdir() if path.is_dir())
    assert [breed.folder for breed in all_breeds()] == sorted([*folders, "n02110341-dalmatian"])


@pytest.mark.parametrize(
    ("folder", "name"),
    [
        ("n02085620-My_mutt", "My mutt"),
        ("n02085620-my-mutt", "my-mutt"),
        ("my_mutt", "my mutt"),
        ("my-n02085620-mutt", "my-n02085620-mutt"),
        ("n0208562-mutt", "n0208562-mutt"),
        ("n02085620", "n02085620"),
        ("n02085620-", "n02085620-"),
    ],
)
def test_what_a_folder_calls_its_breed(folder: str, name: str) -> None:
    assert name_of_folder(folder) == name
