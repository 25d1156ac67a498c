import pytest
from hypothesis import given
from hypothesis import strategies as st

from barkive.breeds import find
from barkive.catalogue.query.text_search import searchable, split


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Épagneul_2", ["epagneul", "2"]),
        ("IMG_0042.JPG", ["img", "0042", "jpg"]),
        ("rex2", ["rex", "2"]),
        ("Bœuf l'été", ["boeuf", "l", "ete"]),
        ("犬 photo", ["犬", "photo"]),
        ("  -- '\" ", []),
    ],
)
def test_words_are_what_people_type(text: str, words: list[str]) -> None:
    assert split(text) == words


def test_a_photo_is_found_by_path_breed_and_note() -> None:
    words = searchable("/a/Rex.jpg", [find("pug")], "Dort").split()
    assert {"rex", "pug", "carlin", "dort"} <= set(words)
    assert len(words) == len(set(words))


def test_a_photo_is_not_found_by_the_group_of_its_breed() -> None:
    # They are in the FCI's group 8: “Retrievers, flushing dogs, water dogs”.
    assert "retrievers" not in searchable("/a/rex.jpg", [find("cocker spaniel")], None).split()
    assert "retriever" in searchable("/a/rex.jpg", [find("golden retriever")], None).split()


@given(st.text())
def test_splitting_is_stable(text: str) -> None:
    words = split(text)
    assert [word for one in words for word in split(one)] == words
