"""What is no photo of people's own: thumbnails, bins, exports, links out, and what they exclude."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from barkive.errors import UsageError
from barkive.images.files import Tally, find_folders, find_photos
from barkive.images.passing import Passing, place_in, place_of, told

Touch = Callable[..., Path]


@pytest.fixture
def touch(tmp_path: Path) -> Touch:
    """Makes empty files below `tmp_path/photos`."""

    def make(*names: str) -> Path:
        for name in names:
            path = tmp_path / "photos" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
        return tmp_path / "photos"

    return make


def search(top: Path | str, **options: object) -> tuple[list[str], dict[str, int]]:
    """What is found below a folder, and what is passed over."""
    tally, within = Tally(), str(top)
    found = list(find_photos([top], passing=Passing(**options), tally=tally))  # type: ignore[arg-type]
    return [os.path.relpath(path, within) for path in found], dict(tally.counts())


@pytest.mark.parametrize(
    ("folder", "place"),
    [
        ("@eaDir", "@eaDir"),
        ("#Recycle", "#recycle"),
        ("$Recycle.Bin", "$RECYCLE.BIN"),
        ("System Volume Information", "System Volume Information"),
        ("lost+found", "lost+found"),
        (".Trashes", ".Trash"),
        (".Trash-1000", ".Trash"),
        (".thumbnails", ".thumbnails"),
        ("#snapshot", "#snapshot"),
        (".snapshots", ".snapshots"),
        ("@Recently-Snapshot", "@Recently-Snapshot"),
        ("__MACOSX", "__MACOSX"),
        ("Rex Previews.lrdata", "*.lrdata"),
        ("recycled dogs", None),
        ("thumbnails", None),
        ("Fotos.photoslibrary", None),
        ("snapshot", None),
    ],
)
def test_places_are_known_by_their_names(folder: str, place: str | None) -> None:
    assert place_of(folder) == place


@pytest.mark.parametrize(
    ("below", "place"),
    [
        ("a/#recycle/b", "#recycle"),
        ("@eaDir", "@eaDir"),
        ("a/b", None),
        ("", None),
        ("A.photoslibrary", None),
        ("A.photoslibrary/originals/0", None),
        ("A.photoslibrary/resources/derivatives", "*.photoslibrary"),
        ("A.photoslibrary/originals/@eaDir", "@eaDir"),
    ],
)
def test_a_place_may_lie_anywhere_on_the_way(below: str, place: str | None) -> None:
    assert place_in(below) == place


def test_thumbnails_bins_and_snapshots_are_counted_and_not_found(touch: Touch) -> None:
    top = touch(
        "rex.jpg",
        "@eaDir/rex.jpg/SYNOPHOTO_THUMB_SM.jpg",
        "@eaDir/rex.jpg/SYNOPHOTO_THUMB_M.jpg",
        "a/@eaDir/mila.jpg/SYNOPHOTO_THUMB_M.jpg",
        "#recycle/deleted.jpg",
        "#recycle/a/deleted.JPG",
        ".Trash-1000/files/x.jpg",
        "a/mila.jpg",
        "._rex.jpg",
        ".cache/1.png",
        "@eaDir/index.db",
    )
    assert search(top) == (
        ["rex.jpg", "a/mila.jpg"],
        {"@eaDir": 3, "#recycle": 2, ".Trash": 1, "hidden": 2},
    )


def test_such_a_place_is_searched_where_it_is_named(touch: Touch) -> None:
    top = touch("#recycle/a/deleted.jpg", "#recycle/@eaDir/deleted.jpg/1.jpg")
    assert search(top / "#recycle") == (["a/deleted.jpg"], {"@eaDir": 1})
    assert search(top / "#recycle/@eaDir/deleted.jpg/1.jpg") == (["."], {})


def test_of_a_library_its_pictures_are_taken(touch: Touch) -> None:
    top = touch(
        "Fotos.photoslibrary/originals/0/1.heic",
        "Fotos.photoslibrary/resources/derivatives/0/1.jpg",
        "Fotos.photoslibrary/resources/renders/0/1.jpg",
        "Old.photolibrary/Masters/1.jpg",
        "Old.photolibrary/Thumbnails/1.jpg",
    )
    found = ["Fotos.photoslibrary/originals/0/1.heic", "Old.photolibrary/Masters/1.jpg"]
    assert search(top) == (found, {"*.photoslibrary": 2, "*.photolibrary": 1})
    assert search(top / "Fotos.photoslibrary") == (["originals/0/1.heic"], {"*.photoslibrary": 2})


def test_raw_files_beside_their_jpeg_and_videos_are_counted(touch: Touch) -> None:
    top = touch("1.CR2", "1.jpg", "2.dng", "a/3.MOV", "notes.txt", "@eaDir/4.mov", ".5.mov")
    assert search(top) == (["1.jpg", "2.dng"], {"raw": 1, "video": 1})


@pytest.mark.parametrize("link", ["file", "folder"])
def test_a_link_that_leads_out_is_followed_where_that_is_wanted(
    link: str, touch: Touch, tmp_path: Path
) -> None:
    top = touch("rex.jpg")
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "x.jpg").touch()
    target, found = tmp_path / "other", ["rex.jpg", "out/x.jpg"]
    if link == "file":
        target, found = target / "x.jpg", ["out.jpg", "rex.jpg"]
    (top / ("out" if link == "folder" else "out.jpg")).symlink_to(target)
    assert search(top) == (["rex.jpg"], {"link": 1})
    assert search(top, follow_links=True) == (found, {})
    assert search(top, follow_links=True, within=(str(top),)) == (["rex.jpg"], {"link": 1})
    assert search(top, follow_links=True, within=(str(tmp_path),)) == (found, {})
    assert search(top, within=(str(tmp_path),)) == (["rex.jpg"], {"link": 1})


def test_a_link_to_a_folder_above_is_no_way_out(touch: Touch) -> None:
    top = touch("a/rex.jpg", "b/mila.jpg")
    (top / "a" / "up").symlink_to(top)
    assert search(top) == (["a/rex.jpg", "b/mila.jpg"], {})
    assert search(top / "a") == (["rex.jpg"], {"link": 1})


def test_a_link_that_stays_inside_is_followed_unless_its_end_is_passed_over(touch: Touch) -> None:
    top = touch("z/rex.jpg", "#recycle/old.jpg", ".annex/1.jpg", "@eaDir/a/1.jpg")
    (top / "rex.jpg").symlink_to(top / "z" / "rex.jpg")
    (top / "1.jpg").symlink_to(".annex/1.jpg")
    (top / "old.jpg").symlink_to("#recycle/old.jpg")
    (top / "thumbs").symlink_to("@eaDir")
    assert search(top) == (
        ["1.jpg", "rex.jpg", "z/rex.jpg"],
        {"#recycle": 2, "@eaDir": 1, "hidden": 1},
    )


def test_a_link_that_is_named_is_itself_searched(touch: Touch, tmp_path: Path) -> None:
    top = touch("rex.jpg", "a/mila.jpg")
    (tmp_path / "link").symlink_to(top)
    (tmp_path / "rex.jpg").symlink_to(top / "rex.jpg")
    assert search(tmp_path / "link") == (["rex.jpg", "a/mila.jpg"], {})
    assert search(tmp_path / "rex.jpg") == (["."], {})


def test_what_is_given_may_not_lie_out_of_bounds(touch: Touch, tmp_path: Path) -> None:
    top = touch("rex.jpg")
    (tmp_path / "allowed").mkdir()
    (tmp_path / "allowed" / "link").symlink_to(top)
    within = (str(tmp_path / "allowed"),)
    assert search(tmp_path / "allowed" / "link", within=within) == ([], {"link": 1})
    assert search(top / "rex.jpg", within=within) == ([], {"link": 1})


@pytest.mark.parametrize(
    ("patterns", "found"),
    [
        (["old/"], ["1.jpg", "1-copy.jpg", "old.jpg", "new/2.jpg"]),
        (["old"], ["1.jpg", "1-copy.jpg", "old.jpg", "new/2.jpg"]),
        (["/old"], ["1.jpg", "1-copy.jpg", "old.jpg", "new/2.jpg", "new/old/4.jpg"]),
        (["*-copy.jpg"], ["1.jpg", "old.jpg", "new/2.jpg", "new/old/4.jpg", "old/3.jpg"]),
        (["new/*", "!new/old/"], ["1.jpg", "1-copy.jpg", "old.jpg", "new/old/4.jpg", "old/3.jpg"]),
        (["new/**", "!new/2.jpg"], ["1.jpg", "1-copy.jpg", "old.jpg", "new/2.jpg", "old/3.jpg"]),
        (["*", "!*/", "!4.jpg"], ["new/old/4.jpg"]),
        # What lies in an excluded folder can't be taken in again.
        (["new/", "!2.jpg"], ["1.jpg", "1-copy.jpg", "old.jpg", "old/3.jpg"]),
        # As for git, `!` says nothing of what another pattern excludes inside.
        (["old/", "!new/"], ["1.jpg", "1-copy.jpg", "old.jpg", "new/2.jpg"]),
        (["# 1.jpg", "", "old  ", "/new/2.jpg"], ["1.jpg", "1-copy.jpg", "old.jpg"]),
    ],
)  # fmt: skip
@pytest.mark.parametrize("where", ["option", "file"])
def test_patterns_are_those_of_gitignore(
    where: str, patterns: list[str], found: list[str], touch: Touch
) -> None:
    top = touch("1.jpg", "1-copy.jpg", "old.jpg", "old/3.jpg", "new/2.jpg", "new/old/4.jpg")
    if where == "file":
        (top / ".barkiveignore").write_text("\n".join(patterns))
        assert sorted(search(top)[0]) == sorted(found)
    elif not patterns[0].startswith("#"):
        assert sorted(search(top, exclude=tuple(patterns))[0]) == sorted(found)
        assert search(top, exclude=tuple(patterns))[1] == {"excluded": 6 - len(found)}


def test_the_patterns_that_lie_nearest_count_and_the_command_line_before_all(touch: Touch) -> None:
    top = touch("a/1.jpg", "a/2.jpg", "b/1.jpg", "1.jpg")
    (top / ".barkiveignore").write_text("1.jpg\n/a/2.jpg\n")
    (top / "a" / ".barkiveignore").write_text("!/1.jpg\n")
    assert search(top) == (["a/1.jpg"], {"excluded": 3})
    assert search(top, exclude=("!2.jpg", "/a/1.jpg")) == (["a/2.jpg"], {"excluded": 3})


def test_the_rules_may_begin_above_what_is_searched(touch: Touch) -> None:
    top = touch("a/b/1.jpg", "a/@eaDir/1.jpg/2.jpg", "a/b/2.jpg", "c/1.jpg")
    (top / ".barkiveignore").write_text("/a/b/1.jpg\n/c/\n")
    tops = (str(top),)
    assert search(top / "a" / "b", tops=tops) == (["2.jpg"], {"excluded": 1})
    assert search(top / "a" / "@eaDir" / "1.jpg", tops=tops) == ([], {"@eaDir": 1})
    assert search(top / "c" / "1.jpg", tops=tops) == ([], {"excluded": 1})
    assert search(top / "c") == (["1.jpg"], {})


@pytest.mark.parametrize("exclude", ["#recycle-not", "#1.jpg"])
def test_on_the_command_line_nothing_is_a_comment(exclude: str, touch: Touch) -> None:
    top = touch(f"{exclude}/1.jpg", "2.jpg")
    assert search(top, exclude=(exclude,)) == (["2.jpg"], {"excluded": 1})


@pytest.mark.parametrize("mark", ["utf-8", "utf-8-sig", "utf-16"])
def test_a_file_of_patterns_is_text_of_any_system(mark: str, touch: Touch) -> None:
    top = touch("é.jpg", "2.jpg")
    (top / ".barkiveignore").write_bytes("é.jpg\r\n".encode(mark))
    assert search(top) == (["2.jpg"], {"excluded": 1})


@pytest.mark.parametrize("content", [b"\xff\xd8\xff\xe0 no text", b"a\0b", b"x" * 2**20 + b"\n"])
def test_a_file_of_patterns_that_is_no_text_is_told(content: bytes, touch: Touch) -> None:
    top = touch("1.jpg", "a/2.jpg")
    (top / "a" / ".barkiveignore").write_bytes(content)
    with pytest.raises(UsageError) as refused:
        search(top)
    assert str(refused.value) == (
        f"The file {top}/a/.barkiveignore is no text; it is to hold patterns as gitignore has "
        "them, one a line, in UTF-8."
    )


def test_a_line_that_is_no_pattern_is_told(touch: Touch) -> None:
    top = touch("1.jpg")
    (top / ".barkiveignore").write_text("old/\n!\n")
    with pytest.raises(UsageError, match=r"^A line of .*\.barkiveignore is no pattern as gitignor"):
        search(top)
    with pytest.raises(UsageError, match=r"^--exclude takes patterns as gitignore has them, such "):
        Passing(("!",))


def test_a_file_of_patterns_that_may_not_be_read_is_told(
    touch: Touch, monkeypatch: pytest.MonkeyPatch
) -> None:
    top = touch("1.jpg", ".barkiveignore")
    status = os.stat

    def refuse(path: object, *rest: object, **more: object) -> object:
        if str(path).endswith(".barkiveignore"):
            raise PermissionError(13, "Permission denied")
        return status(path, *rest, **more)  # type: ignore[arg-type, call-overload]

    monkeypatch.setattr(os, "stat", refuse)
    with pytest.raises(UsageError, match=r"left out, can't be read: Permission denied; make it re"):
        search(top)


def test_a_folder_with_the_name_of_such_a_file_is_none(touch: Touch) -> None:
    assert search(touch("1.jpg", ".barkiveignore/2.jpg"))[0] == ["1.jpg"]


def test_a_record_of_an_export_that_is_none_changes_nothing(touch: Touch) -> None:
    top = touch("Pug/1.jpg")
    line = {"name": "Pug/1.jpg", "photo": "/p/1.jpg", "kind": "copy", "size": 0, "mtime_ns": 0}
    (top / ".barkive.jsonl").write_text(json.dumps(line))
    assert search(top, takes_export=False) == (["Pug/1.jpg"], {})


def test_the_folders_that_are_gone_into(touch: Touch, tmp_path: Path) -> None:
    top = touch("b/1.jpg", "a/1.jpg", "@eaDir/1.jpg", ".hidden/1.jpg", "old/1.jpg", "2.jpg")
    (top / "link").symlink_to(tmp_path)
    assert find_folders(top) == ["a", "b", "old"]
    assert find_folders(top, Passing(("old/",), follow_links=True)) == ["a", "b", "link"]


def test_what_was_passed_over_is_told() -> None:
    counts = {"raw": 12, "#recycle": 3, "@eaDir": 40, "video": 1, "link": 2, "excluded": 1}
    assert told(counts) == (
        "passed over: 40 in @eaDir, 3 in #recycle, 1 excluded, 2 links that lead elsewhere "
        "(--follow-links takes them), 12 RAW files, 1 video."
    )


def test_folders_are_counted_only_when_that_is_asked(touch: Touch) -> None:
    top, tally = touch("1.jpg", "@eaDir/1.jpg"), Tally()
    assert len(list(find_photos([top], tally=tally))) == 1
    touch("@eaDir/2.jpg")
    assert tally.counts(lambda: True) == {}
    assert tally.counts() == {"@eaDir": 2}
    assert tally.counts() == {"@eaDir": 2}
