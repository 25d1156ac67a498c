from __future__ import annotations

import os

import pytest

from barkive.images import find_photos


@pytest.fixture
def tree(tmp_path):
    for name in [
        "img10.jpg", "img2.JPG", "Img1.jpeg", "notes.txt", ".hidden.jpg",
        "b/x.png", "b/c/y.heic", "a/z.webp", "a/photos.jpg/inner.gif", ".git/w.jpg",
    ]:  # fmt: skip
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return tmp_path


def found(*paths, **options):
    return list(find_photos(paths, **options))


def below(tree, **options):
    return [os.path.relpath(path, tree) for path in found(tree, **options)]


def test_a_folder_gives_its_photos_in_natural_order_then_its_folders(tree):
    assert below(tree) == [
        "Img1.jpeg",
        "img2.JPG",
        "img10.jpg",
        "a/z.webp",
        "a/photos.jpg/inner.gif",
        "b/x.png",
        "b/c/y.heic",
    ]


def test_not_recursive(tree):
    assert below(tree, recursive=False) == ["Img1.jpeg", "img2.JPG", "img10.jpg"]


def test_files_are_given_back_as_they_are_in_the_order_given(tree):
    given = [f"{tree}/notes.txt", f"{tree}/.hidden.jpg", "./missing.jpg", "", f"{tree}/img10.jpg"]
    assert found(*given) == given
    assert found(tree / "b", "x.jpg", tree / "b/x.png") == [
        f"{tree}/b/x.png",
        f"{tree}/b/c/y.heic",
        "x.jpg",
        f"{tree}/b/x.png",
    ]


def test_a_hidden_folder_is_walked_when_it_is_asked_for(tree):
    assert found(tree / ".git") == [f"{tree}/.git/w.jpg"]


def test_empty_folders(tmp_path):
    (tmp_path / "a" / "b").mkdir(parents=True)
    assert found(tmp_path) == []
    assert found() == []


def test_it_is_lazy(tree):
    photos = find_photos([tree, tree / "later"])
    assert next(photos) == f"{tree}/Img1.jpeg"
    (tree / "later").mkdir()
    (tree / "later" / "new.jpg").touch()
    assert f"{tree}/later/new.jpg" in list(photos)


def test_links_to_folders_are_followed_once_so_that_loops_end(tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "a.jpg").touch()
    (tmp_path / "real" / "up").symlink_to(tmp_path)
    (tmp_path / "real" / "self").symlink_to(tmp_path / "real" / "self")
    (tmp_path / "same").symlink_to(tmp_path / "real")
    assert found(tmp_path) == [f"{tmp_path}/real/a.jpg"]
    assert found(tmp_path / "same") == [f"{tmp_path}/same/a.jpg"]
    assert found(tmp_path, tmp_path) == [f"{tmp_path}/real/a.jpg"] * 2


def test_links_to_files(tmp_path):
    (tmp_path / "a.jpg").symlink_to(tmp_path / "nothing")
    (tmp_path / "b.jpg").symlink_to(tmp_path / "b.jpg")
    assert found(tmp_path) == [f"{tmp_path}/a.jpg", f"{tmp_path}/b.jpg"]


def test_a_folder_that_cannot_be_listed_is_yielded_itself(tree, monkeypatch):
    scandir = os.scandir

    def refuse(path):
        if path == f"{tree}/a":
            raise PermissionError(13, "Permission denied")
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)
    assert below(tree)[3:] == ["a", "b/x.png", "b/c/y.heic"]


@pytest.mark.skipif(os.name == "nt", reason="names are bytes on POSIX only")
def test_odd_names_keep_their_bytes(tmp_path):
    names = ["with space.jpg", "été.jpg", "🐕.jpg", "two\nlines.jpg", "caf\udce9.jpg"]
    for name in names:
        (tmp_path / name).touch()
    assert sorted(found(tmp_path)) == sorted(f"{tmp_path}/{name}" for name in names)
