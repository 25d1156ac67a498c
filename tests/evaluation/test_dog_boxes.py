from __future__ import annotations

from pathlib import Path

import pytest

from barkive.boxes import Box
from barkive.errors import DataError
from barkive.evaluation.dog_boxes import DogFigures, Marked, Share, dog_figures, matches, read_boxes

LEFT, RIGHT, SMALL = Box(0.1, 0.1, 0.4, 0.8), Box(0.5, 0.2, 0.5, 0.8), Box(0.4, 0.4, 0.2, 0.2)


def test_a_dog_is_found_by_the_box_that_overlaps_it_most() -> None:
    found = [Box(0.1, 0.1, 0.4, 0.5), Box(0.5, 0.2, 0.45, 0.8), LEFT]
    assert matches([LEFT, RIGHT], found) == {0: 2, 1: 1}
    assert matches([LEFT], [RIGHT]) == {}
    assert matches([], [RIGHT]) == {}


def test_figures() -> None:
    figures = dog_figures(
        [
            (Marked((LEFT, RIGHT)), [LEFT, RIGHT]),
            (Marked((LEFT, RIGHT)), [LEFT]),
            (Marked((SMALL,)), [SMALL, RIGHT]),
            (Marked((LEFT,), (RIGHT,)), [LEFT, RIGHT]),
            (Marked(), [SMALL]),
            (Marked(), []),
        ]
    )
    assert figures == DogFigures(
        photos=6,
        recall=Share(5, 6),
        large=Share(4, 5),
        small=Share(1, 1),
        edge=Share(1, 2),
        precision=Share(5, 7),
        groups=Share(1, 2),
        singles=Share(1, 2),
    )
    assert figures.to_json()["groups"]["share"] == 0.5


def test_without_photos_there_are_no_shares() -> None:
    assert dog_figures([]).recall.value is None


def test_a_table_of_boxes(tmp_path: Path) -> None:
    table = tmp_path / "boxes.csv"
    table.write_text(
        "photo,kind,x,y,width,height,note\n"
        "a/rex.jpg,dog,0.1,0.1,0.4,0.8,two\n"
        "a/rex.jpg,ignore,0.5,0.2,0.5,0.8,\n"
        "none.jpg,none,,,,,statue\n",
        encoding="utf-8-sig",
    )
    assert read_boxes(table) == {"a/rex.jpg": Marked((LEFT,), (RIGHT,)), "none.jpg": Marked()}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "has no columns"),
        ("photo,kind\nrex.jpg,dog\n", "has no columns"),
        ("photo,kind,x,y,width,height\n", "holds no boxes"),
        ("photo,kind,x,y,width,height\nrex.jpg,dog,0,0,2,1\n", "Line 2"),
        ("photo,kind,x,y,width,height\nrex.jpg,dog,0,0,,1\n", "Line 2"),
        ("photo,kind,x,y,width,height\nrex.jpg,cat,0,0,1,1\n", "Line 2"),
        ("photo,kind,x,y,width,height\nrex.jpg,dog,0\n", "Line 2"),
    ],
)
def test_what_is_no_table_of_boxes_is_refused(tmp_path: Path, text: str, said: str) -> None:
    table = tmp_path / "boxes.csv"
    table.write_text(text)
    with pytest.raises(DataError, match=said):
        read_boxes(table)


def test_files_that_can_not_be_read_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"none\.csv"):
        read_boxes(tmp_path / "none.csv")
    (tmp_path / "photo.csv").write_bytes(b"\xff\xd8\xff\xe0\x00")
    with pytest.raises(DataError, match=r"photo\.csv"):
        read_boxes(tmp_path / "photo.csv")
