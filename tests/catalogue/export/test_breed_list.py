"""Which of a shelter's breed names means which breed."""

from pathlib import Path

import pytest

from barkive.breeds import all_breeds, find
from barkive.catalogue.export.breed_list import BreedList, asm3_breed_list, read_breed_list
from barkive.errors import UsageError
from barkive.verdicts import BreedName


def label(name: str) -> BreedName:
    breed = find(name)
    return BreedName(breed.id, breed.en, breed.fr)


@pytest.mark.parametrize(
    ("breed", "name"),
    [
        ("Golden Retriever", "golden retriever"),
        ("Golden Retriever", "Retriever, Golden"),
        ("Boston Terrier", "Terrier - Boston"),
        ("Standard Poodle", "Poodle (Standard)"),
        ("Pug", "Carlin"),
        ("Brittany", "Épagneul Breton"),
        ("Brittany", "Brittany Spaniel"),
        ("German Shepherd Dog", "German Shepherd"),
        ("German Shepherd Dog", "Shepherd, German"),
        ("Newfoundland", "Newfoundland Dog"),
        ("Belgian Malinois", "Belgian Shepherd Malinois"),
        ("Black and Tan Coonhound", "Coonhound, Black & Tan"),
        ("Yorkshire Terrier", "Yorkshire Terrier Yorkie"),
        ("Saint Bernard", "Saint Bernard St. Bernard"),
        ("Xoloitzcuintli", "Xoloitzcuintle/Mexican Hairless"),
        ("Flat-Coated Retriever", "Flat-coated Retriever"),
        ("Ibizan Hound", "Podenco d`Ibiza"),
        ("Pekingese", "P&#233;kinois"),
        ("Rough Collie", "Collie"),
    ],
)
def test_a_match_is_written_as_the_shelter_writes_it(breed: str, name: str) -> None:
    names = BreedList(["Terrier", "Retriever", "Dog", name, "Affenpinscher", "Cat"])
    assert names.name(label(breed)) == name
    assert names.unmatched == set()


@pytest.mark.parametrize(
    ("breed", "name"),
    [
        ("Golden Retriever", "Golden Retriever Mix"),
        ("Wire Fox Terrier", "Fox Terrier"),
        ("Wire Fox Terrier", "Smooth Fox Terrier"),
        ("Rough Collie", "Bearded Collie"),
        ("Toy Poodle", "Poodle"),
        ("Pug", "Pug Beagle"),
        ("Boxer", "Dog"),
    ],
)
def test_another_breed_is_no_match(breed: str, name: str) -> None:
    names = BreedList([name])
    assert names.name(label(breed)) == breed
    assert names.unmatched == {breed}


@pytest.mark.parametrize(
    ("breed", "listed", "chosen"),
    [
        ("Cocker Spaniel", ["English Cocker Spaniel", "Cocker Spaniel"], "Cocker Spaniel"),
        ("Siberian Husky", ["Husky", "Siberian Husky"], "Siberian Husky"),
        ("Rough Collie", ["Collie", "Collie, Rough"], "Collie, Rough"),
        ("Pug", ["PUG", "pug"], "PUG"),
        ("Yorkshire Terrier", ["Yorkshire Terrier Yorkie", "Yorkie"], "Yorkie"),
    ],
)
def test_the_nearest_name_is_chosen(breed: str, listed: list[str], chosen: str) -> None:
    assert BreedList(listed).name(label(breed)) == chosen


def test_a_breed_beyond_the_table() -> None:
    names = BreedList(["Berger picard", "Corso, Cane"])
    assert names.name(BreedName("berger", "Picardy Sheepdog", "Berger Picard")) == "Berger picard"
    assert names.name(BreedName("corso", "Cane Corso", "Cane corso")) == "Corso, Cane"
    assert names.name(BreedName("mine", "My breed", "Ma race"), "fr") == "Ma race"
    assert names.unmatched == {"Ma race"}


@pytest.mark.parametrize(
    ("listed", "word"),
    [
        (["Pug", "Mixed Breed"], "Mixed Breed"),
        (["mixed breed", "UNKNOWN"], "UNKNOWN"),
        (["Breed, unknown"], "Breed, unknown"),
        (["race inconnue"], "race inconnue"),
    ],
)
def test_the_word_for_an_unknown_breed(listed: list[str], word: str) -> None:
    names = BreedList(listed)
    assert names.unknown() == word
    assert names.unmatched == set()


def test_a_list_without_a_word_for_an_unknown_breed() -> None:
    names = BreedList(["Pug"])
    assert (names.unknown("en"), names.unknown("fr")) == ("Mixed Breed", "Croisé")
    assert names.unmatched == {"Mixed Breed", "Croisé"}


@pytest.mark.parametrize(
    ("file", "content"),
    [
        ("list.txt", "Retriever, Golden\nCarlin\n"),
        ("list.txt", "\ufeff\r\n  Retriever, Golden \r\n\r\nCarlin"),
        ("list", '"Retriever, Golden"\n"Carlin"\n'),
        ("list.csv", '"Retriever, Golden",1\nCarlin,1\n'),
        ("list.csv", 'ID,BreedName,SpeciesID\n1,"Retriever, Golden",1\n2,Carlin,1\n3\n\n'),
        ("list.CSV", "ID;Breed Name\n1;Retriever, Golden\n2;Carlin\n"),
        ("list.tsv", "Race\tN\nRetriever, Golden\t1\nCarlin\t2\n"),
        ("list.txt", 'BREEDNAME\n"Retriever, Golden"\nCarlin\n'),
    ],
)
def test_files(file: str, content: str, tmp_path: Path) -> None:
    path = tmp_path / file
    path.write_text(content, encoding="utf-8", newline="")
    names = read_breed_list(path)
    assert names.name(label("Golden Retriever")) == "Retriever, Golden"
    assert names.name(label("Pug")) == "Carlin"
    assert names.name(label("Boxer")) == "Boxer"
    assert names.unmatched == {"Boxer"}


def test_a_file_of_an_old_windows_program(tmp_path: Path) -> None:
    path = tmp_path / "list.txt"
    path.write_bytes("Pékinois\n".encode("cp1252"))
    assert read_breed_list(str(path)).name(label("Pekingese")) == "Pékinois"


@pytest.mark.parametrize(
    "content",
    [b"", b"\n \n", b"PK\x03\x04\x00\x00Pug\n", b"BreedName,ID\n", b'x,"' + b"y" * 200_000],
)
def test_a_file_without_names(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    path.write_bytes(content)
    with pytest.raises(UsageError, match=r"list\.csv holds no breed names; give a text or CSV"):
        read_breed_list(path)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"missing\.txt can't be read: No such file or directory;"):
        read_breed_list(tmp_path / "missing.txt")
    with pytest.raises(UsageError, match="can't be read: no file can be called so;"):
        read_breed_list("a\0b")


# All that Animal Shelter Manager's lists lack, and what comes nearest there.
LACKING = {
    "English Foxhound": "Foxhound",
    "Wire Fox Terrier": "Fox Terrier",
    "Miniature Schnauzer": "Schnauzer",
    "Giant Schnauzer": "Schnauzer",
    "Curly-Coated Retriever": "Retriever",
    "Sussex Spaniel": "Spaniel",
    "Groenendael": "Belgian Shepherd Dog Sheepdog",
    "Petit Brabançon": "Brussels Griffon",
    "Pembroke Welsh Corgi": "Welsh Corgi",
    "Cardigan Welsh Corgi": "Welsh Corgi",
    "Toy Poodle": "Poodle",
    "Miniature Poodle": "Poodle",
    "Standard Poodle": "Poodle",
    "Dingo": "Mixed Breed",
    "Dhole": "Mixed Breed",
    "African Wild Dog": "Mixed Breed",
}
LACKING_IN_FRENCH = {
    "Foxhound anglais": "Foxhound",
    "Schnauzer nain": "Schnauzer",
    "Schnauzer géant": "Schnauzer",
    "Retriever à poil bouclé": "Retriever",
    "Sussex spaniel": "Épagneul",
    "Petit brabançon": "Griffon Bruxellois",
    "Welsh corgi Pembroke": "Welsh Corgi",
    "Welsh corgi Cardigan": "Welsh Corgi",
    "Caniche toy": "Caniche",
    "Caniche nain": "Caniche",
    "Grand caniche": "Caniche",
    "Schipperke": "Race croisée",
    "Dingo": "Race croisée",
    "Dhole": "Race croisée",
    "Lycaon": "Race croisée",
}


def test_animal_shelter_manager_s_own_list() -> None:
    """Every breed has a name there, and none becomes its default, which is a cat."""
    names = asm3_breed_list()
    labels = [BreedName(one.id, one.en, one.fr) for one in all_breeds()]
    found = {label.en: names.nearest(label) for label in labels}
    assert {name: found[name] for name in names.unmatched} == LACKING
    assert counts(found, names) == (105, 13, 3)
    assert names.unknown() == "Mixed Breed"
    for name, theirs in (
        ("Yorkshire Terrier", "Yorkshire Terrier Yorkie"),
        ("Saint Bernard", "Saint Bernard St. Bernard"),
        ("Standard Schnauzer", "Schnauzer"),
        ("Dandie Dinmont Terrier", "Dandi Dinmont Terrier"),
        ("Bouvier des Flandres", "Bouvier des Flanders"),
        ("Appenzeller Sennenhund", "Appenzell Mountain Dog"),
        ("Xoloitzcuintli", "Xoloitzcuintle/Mexican Hairless"),
    ):
        assert found[name] == theirs


def test_its_list_in_french() -> None:
    names = asm3_breed_list("fr")
    labels = [BreedName(one.id, one.en, one.fr) for one in all_breeds()]
    found = {label.fr: names.nearest(label, "fr") for label in labels}
    assert {name: found[name] for name in names.unmatched} == LACKING_IN_FRENCH
    assert counts(found, names) == (106, 11, 4)
    assert names.unknown("fr") == "Race croisée"
    for name, theirs in (
        ("Pékinois", "Épagneul Pékinois"),
        ("Toy fox-terrier", "Fox Terrier Nain"),
        ("Whippet", "Lévrier whippet"),
        ("Chien d'eau irlandais", "Épagneul d'eau Irlandais"),
        ("Malamute de l'Alaska", "Malamute d'Alaska"),
        ("Samoyède", "Samoyède"),
        ("Dogue allemand", "Grand Danois"),
        ("Rhodesian ridgeback", "Chien de Rhodesie à Crète Dorsale"),
        ("Chien de Saint-Hubert", "Chien de Saint Hubert (Bloodhound)"),
        ("Berger de Brie", "Berger de Brie (Briard)"),
        ("Bobtail", "Chien de Berger Anglais Ancestral"),
        ("Colley à poil long", "Colley"),
    ):
        assert found[name] == theirs


def counts(found: dict[str, str], names: BreedList) -> tuple[int, int, int]:
    """How many breeds have a name of their own, one that is broader, and that of mixed breeds."""
    lacking = [found[name] for name in names.unmatched]
    mixed = lacking.count(names.unknown())
    return len(found) - len(lacking), len(lacking) - mixed, mixed


@pytest.mark.parametrize(
    ("listed", "name"),
    [
        (["Poodle", "Unknown"], "Poodle"),
        (["Caniche", "Inconnue"], "Caniche"),
        (["Beagle", "Unknown"], "Unknown"),
        (["Beagle"], "Toy Poodle"),
        (["Poodle", "Toy Poodle"], "Toy Poodle"),
    ],
)
def test_what_comes_nearest(listed: list[str], name: str) -> None:
    names = BreedList(listed)
    assert names.nearest(BreedName("n02113624", "Toy Poodle", "Caniche toy")) == name
    assert names.unmatched == (set() if "Toy Poodle" in listed else {"Toy Poodle"})
