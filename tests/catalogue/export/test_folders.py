"""Trees by breed and training sets: links and copies that come, stay and go."""

import json
import os
import shutil
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from types import MappingProxyType

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from barkive import breeds
from barkive.catalogue.export import folders, tree
from barkive.catalogue.export.outcome import Outcome
from barkive.catalogue.export.tree import Tree
from barkive.catalogue.photos.identity import Now
from barkive.catalogue.records import Entry
from barkive.errors import SourceAwayError, UsageError
from barkive.evaluation import known_to, read_samples
from barkive.progress import OnProgress
from barkive.verdicts import BreedName, Candidate, Language, Status

CHIHUAHUA = BreedName("n02085620", "Chihuahua", "Chihuahua")
PUG, MALTESE = (
    BreedName("n02110958", "Pug", "Carlin"),
    BreedName("n02085936", "Maltese", "Bichon maltais"),
)
MakeEntry = Callable[..., Entry]


def write_folders(
    entries: Iterable[Entry],
    out: Path,
    lang: Language,
    *,
    copy: bool = False,
    gone: bool = True,
    left_out: Mapping[str, Now] = MappingProxyType({}),
    on_progress: OnProgress = lambda done, total: None,
) -> Outcome:
    tree = Tree(out, copy=copy, gone=gone, left_out=left_out)
    return folders.write_folders(entries, tree, lang, on_progress=on_progress)


def write_training_set(entries: Iterable[Entry], out: Path) -> Outcome:
    return folders.write_training_set(entries, Tree(out, copy=False, gone=True))


@pytest.fixture
def photo_entry(tmp_path: Path, make_entry: MakeEntry) -> MakeEntry:
    """An entry of a photo that is there, in `photos/`; each with content of its own."""

    def make(name: str, **changes: object) -> Entry:
        path = tmp_path / "photos" / name
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(name.encode(errors="replace"))
            os.utime(path, ns=(10**18, 10**18 + 7))
        return make_entry(**{"file": str(path), "sha256": name, **changes})

    return make


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "out"


def of(*labels: BreedName) -> dict[str, object]:
    share = 1 / len(labels)
    return {"corrected": True, "breeds": tuple(Candidate(label, share) for label in labels)}


def files(out: Path) -> list[str]:
    return sorted(str(p.relative_to(out)) for p in out.glob("*/*"))


def links(out: Path) -> dict[str, str]:
    return {name: Path(os.readlink(out / name)).name for name in files(out)}  # noqa: PTH115


def no_links(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(Path, "symlink_to", refuse)


def test_a_tree_by_breed(photo_entry: MakeEntry, out: Path) -> None:
    entries = [
        photo_entry("rex.jpg"),
        photo_entry("mix.jpg", **of(PUG, MALTESE)),
        photo_entry("doubt.jpg", status=Status.UNCERTAIN),
        photo_entry("cat.jpg", status=Status.NOT_DOG, breeds=()),
        photo_entry("bad.jpg", status=Status.FAILED, breeds=(), error="It is empty."),
        photo_entry("odd.jpg", **of(BreedName("x", "A/B: C?", "a"))),
    ]
    seen: list[int] = []
    outcome = write_folders(entries, out, "en", on_progress=lambda done, _: seen.append(done))
    assert outcome == Outcome(written=6)
    assert seen == [1, 2, 3, 4, 5, 6]
    assert links(out) == {
        "A-B- C-/odd.jpg": "odd.jpg",
        "Chihuahua/rex.jpg": "rex.jpg",
        "Maltese x Pug/mix.jpg": "mix.jpg",
        "No dog/cat.jpg": "cat.jpg",
        "Not sure/doubt.jpg": "doubt.jpg",
        "Unreadable/bad.jpg": "bad.jpg",
    }
    assert os.readlink(out / "Chihuahua/rex.jpg") == entries[0].file  # noqa: PTH115


def test_in_french_the_english_tree_goes(photo_entry: MakeEntry, out: Path) -> None:
    entries = [
        photo_entry("mix.jpg", **of(PUG, MALTESE)),
        photo_entry("doubt.jpg", status=Status.UNCERTAIN),
        photo_entry("cat.jpg", status=Status.NOT_DOG, breeds=()),
    ]
    write_folders(entries, out, "en")
    assert write_folders(entries, out, "fr") == Outcome(written=3, removed=3)
    assert files(out) == [
        "Bichon maltais x Carlin/mix.jpg",
        "Pas de chien/cat.jpg",
        "Pas sûr/doubt.jpg",
    ]
    assert not (out / "Not sure").exists()


@pytest.mark.parametrize("copy", [False, True])
def test_again_nothing_changes(copy: bool, photo_entry: MakeEntry, out: Path) -> None:
    entries = [photo_entry("a/rex.jpg"), photo_entry("b/rex.jpg"), photo_entry("c/REX.jpg")]
    assert write_folders(entries, out, "en", copy=copy) == Outcome(written=3)
    assert files(out) == ["Chihuahua/REX-3.jpg", "Chihuahua/rex-2.jpg", "Chihuahua/rex.jpg"]
    before = [(p, p.lstat().st_ino) for p in sorted(out.rglob("*"))]
    assert write_folders(entries[::-1], out, "en", copy=copy) == Outcome(unchanged=3)
    assert [(p, p.lstat().st_ino) for p in sorted(out.rglob("*"))] == before


def test_copies_are_whole_and_keep_their_time(photo_entry: MakeEntry, out: Path) -> None:
    write_folders([photo_entry("rex.jpg")], out, "en", copy=True)
    copied = out / "Chihuahua" / "rex.jpg"
    assert not copied.is_symlink()
    assert copied.read_bytes() == b"rex.jpg"
    assert copied.stat().st_mtime_ns == 10**18 + 7
    assert sorted(p.name for p in copied.parent.iterdir()) == ["rex.jpg"]


@pytest.mark.parametrize("copy", [False, True])
def test_a_corrected_photo_moves(copy: bool, photo_entry: MakeEntry, out: Path) -> None:
    write_folders([photo_entry("rex.jpg")], out, "en", copy=copy)
    outcome = write_folders([photo_entry("rex.jpg", **of(PUG))], out, "en", copy=copy)
    assert outcome == Outcome(written=1, removed=1)
    assert files(out) == ["Pug/rex.jpg"]
    assert not (out / "Chihuahua").exists()


def test_links_become_copies_and_links_again(photo_entry: MakeEntry, out: Path) -> None:
    entry, placed = photo_entry("rex.jpg"), out / "Chihuahua/rex.jpg"
    write_folders([entry], out, "en")
    assert write_folders([entry], out, "en", copy=True) == Outcome(written=1)
    assert not placed.is_symlink()
    assert Path(entry.file).read_bytes() == placed.read_bytes() == b"rex.jpg"
    assert write_folders([entry], out, "en") == Outcome(written=1)
    assert placed.is_symlink()


def test_a_changed_photo_is_copied_again(photo_entry: MakeEntry, out: Path) -> None:
    entry = photo_entry("rex.jpg")
    write_folders([entry], out, "en", copy=True)
    Path(entry.file).write_bytes(b"changed")
    assert write_folders([entry], out, "en", copy=True) == Outcome(written=1)
    assert (out / "Chihuahua/rex.jpg").read_bytes() == b"changed"


@pytest.mark.parametrize("copy", [False, True])
def test_a_moved_photo_keeps_its_name(copy: bool, photo_entry: MakeEntry, out: Path) -> None:
    entry = photo_entry("a/rex.jpg")
    write_folders([entry], out, "en", copy=copy)
    moved = Path(entry.file).parents[1] / "rex.jpg"
    Path(entry.file).rename(moved)
    entry = photo_entry("rex.jpg", sha256="a/rex.jpg")
    expected = Outcome(unchanged=1) if copy else Outcome(written=1)
    assert write_folders([entry], out, "en", copy=copy) == expected
    assert files(out) == ["Chihuahua/rex.jpg"]
    assert (out / "Chihuahua/rex.jpg").read_bytes() == b"a/rex.jpg"
    assert write_folders([entry], out, "en", copy=copy) == Outcome(unchanged=1)


def test_a_copy_of_another_photo_is_not_taken_over(photo_entry: MakeEntry, out: Path) -> None:
    first, second = photo_entry("a/rex.jpg"), photo_entry("b/rex.jpg")
    write_folders([first], out, "en", copy=True)
    Path(first.file).unlink()
    assert write_folders([second], out, "en", copy=True) == Outcome(written=1)
    assert (out / "Chihuahua/rex.jpg").read_bytes() == b"a/rex.jpg"
    assert (out / "Chihuahua/rex-2.jpg").read_bytes() == b"b/rex.jpg"


def test_what_the_user_put_there_stays(photo_entry: MakeEntry, out: Path) -> None:
    mine = out / "Chihuahua" / "rex.jpg"
    mine.parent.mkdir(parents=True)
    mine.write_bytes(b"mine")
    (out / "notes.txt").write_bytes(b"mine")
    write_folders([photo_entry("rex.jpg")], out, "en")
    assert files(out) == ["Chihuahua/rex-2.jpg", "Chihuahua/rex.jpg"]
    assert write_folders([], out, "en") == Outcome(removed=1)
    assert files(out) == ["Chihuahua/rex.jpg"]
    assert mine.read_bytes() == (out / "notes.txt").read_bytes() == b"mine"


@pytest.mark.parametrize("copy", [False, True])
def test_what_the_user_exchanged_is_the_users(
    copy: bool, photo_entry: MakeEntry, out: Path
) -> None:
    entry, placed = photo_entry("rex.jpg"), out / "Chihuahua/rex.jpg"
    write_folders([entry], out, "en", copy=copy)
    placed.unlink()
    placed.write_bytes(b"mine")
    assert write_folders([entry], out, "en", copy=copy) == Outcome(written=1)
    assert files(out) == ["Chihuahua/rex-2.jpg", "Chihuahua/rex.jpg"]
    assert write_folders([], out, "en", copy=copy) == Outcome(removed=1)
    assert placed.read_bytes() == b"mine"


def test_a_link_of_the_user_is_not_written_through(
    photo_entry: MakeEntry, out: Path, tmp_path: Path
) -> None:
    entry, other = photo_entry("rex.jpg"), photo_entry("other.jpg")
    link = out / "Chihuahua" / "rex.jpg"
    link.parent.mkdir(parents=True)
    link.symlink_to(other.file)
    (link.parent / ".rex-2.jpg.part").symlink_to(other.file)
    write_folders([entry], out, "en", copy=True)
    assert Path(other.file).read_bytes() == b"other.jpg"
    assert link.is_symlink()
    assert (link.parent / "rex-2.jpg").read_bytes() == b"rex.jpg"


def test_a_folder_that_is_a_link_is_not_entered(photo_entry: MakeEntry, out: Path) -> None:
    entry = photo_entry("album/max.jpg")
    album = Path(entry.file).parent
    out.mkdir()
    (out / "Chihuahua").symlink_to(album)
    outcome = write_folders([photo_entry("rex.jpg")], out, "en")
    assert outcome.written == 0
    assert "is a link" in str(outcome.failures[0].reason)
    assert [p.name for p in album.iterdir()] == ["max.jpg"]


def test_missing_photos_lose_their_link(photo_entry: MakeEntry, out: Path) -> None:
    entry = photo_entry("rex.jpg")
    write_folders([entry], out, "en")
    Path(entry.file).unlink()
    assert write_folders([entry], out, "en") == Outcome(skipped=1, removed=1)
    assert files(out) == []


def test_the_last_copy_of_a_photo_is_kept(photo_entry: MakeEntry, out: Path) -> None:
    entry = photo_entry("rex.jpg")
    write_folders([entry], out, "en", copy=True)
    Path(entry.file).unlink()
    for _ in range(2):
        assert write_folders([entry], out, "en", copy=True) == Outcome(skipped=1)
        assert (out / "Chihuahua/rex.jpg").read_bytes() == b"rex.jpg"
    found_again = photo_entry("renamed.jpg", sha256="rex.jpg", **of(PUG))
    assert write_folders([found_again], out, "en", copy=True) == Outcome(written=1, removed=1)
    assert files(out) == ["Pug/renamed.jpg"]


def test_the_trees_own_photos_are_not_taken_for_originals(
    photo_entry: MakeEntry, make_entry: MakeEntry, out: Path
) -> None:
    entry = photo_entry("rex.jpg")
    write_folders([entry], out, "en")
    own = make_entry(file=str(out / "Chihuahua" / "rex.jpg"), id=2)
    assert write_folders([entry, own], out, "en") == Outcome(unchanged=1, skipped=1)


@pytest.mark.parametrize("copy", [False, True])
def test_a_copy_that_became_the_original_stays(
    copy: bool, photo_entry: MakeEntry, out: Path
) -> None:
    entry, placed = photo_entry("rex.jpg"), out / "Chihuahua/rex.jpg"
    write_folders([entry], out, "en", copy=True)
    Path(entry.file).unlink()
    Path(entry.file).symlink_to(placed)
    assert write_folders([entry], out, "en", copy=copy) == Outcome(skipped=1)
    assert not placed.is_symlink()
    assert placed.read_bytes() == b"rex.jpg"


def test_without_links_there_are_hard_links(
    photo_entry: MakeEntry, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    no_links(monkeypatch)
    entry, placed = photo_entry("rex.jpg"), out / "Chihuahua/rex.jpg"
    assert write_folders([entry], out, "en") == Outcome(written=1)
    assert placed.samefile(entry.file)
    assert write_folders([entry], out, "en") == Outcome(unchanged=1)
    Path(entry.file).write_bytes(b"changed in place")
    assert write_folders([entry], out, "en").failures == ()
    assert files(out) == ["Chihuahua/rex.jpg"]
    assert write_folders([], out, "en") == Outcome(removed=1)
    assert Path(entry.file).read_bytes() == b"changed in place"


def test_where_nothing_can_be_linked_there_are_copies(
    photo_entry: MakeEntry, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(18, "Invalid cross-device link")

    no_links(monkeypatch)
    monkeypatch.setattr(os, "link", refuse)
    entry = photo_entry("rex.jpg")
    assert write_folders([entry], out, "en") == Outcome(written=1)
    assert write_folders([entry], out, "en") == Outcome(unchanged=1)
    assert (out / "Chihuahua/rex.jpg").read_bytes() == b"rex.jpg"


def test_a_copy_that_fails_leaves_nothing_half(
    photo_entry: MakeEntry, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = photo_entry("old.jpg")
    write_folders([old], out, "en", copy=True)

    def full(source: object, target: Path) -> None:
        target.write_bytes(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(shutil, "copyfile", full)
    Path(old.file).write_bytes(b"changed")
    outcome = write_folders([old, photo_entry("new.jpg")], out, "en", copy=True)
    assert [f.file for f in outcome.failures] == [old.file, photo_entry("new.jpg").file]
    assert "No space left on device" in str(outcome.failures[0].reason)
    assert [p.name for p in (out / "Chihuahua").iterdir()] == ["old.jpg"]
    assert (out / "Chihuahua/old.jpg").read_bytes() == b"old.jpg"


def test_a_run_that_was_killed_is_taken_up(
    photo_entry: MakeEntry, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    entries = [photo_entry("a.jpg"), photo_entry("b.jpg", **of(PUG)), photo_entry("c.jpg")]
    write_folders([photo_entry("a.jpg", **of(MALTESE))], out, "en")

    def killed(done: int, _: object) -> None:
        if done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_folders(entries, out, "en", on_progress=killed)
    assert files(out) == ["Chihuahua/a.jpg", "Maltese/a.jpg", "Pug/b.jpg"]
    with (out / ".barkive.jsonl").open("a") as file:
        file.write('\n{"name": "Pug/c')
    assert write_folders(entries, out, "en") == Outcome(written=1, unchanged=2, removed=1)
    assert files(out) == ["Chihuahua/a.jpg", "Chihuahua/c.jpg", "Pug/b.jpg"]


def test_a_manifest_can_not_point_outside(photo_entry: MakeEntry, out: Path) -> None:
    entry = photo_entry("rex.jpg")
    write_folders([], out, "en")
    victim = out.parent / "victim"
    victim.symlink_to(entry.file)
    write_folders([entry], out, "en")
    manifest = out / ".barkive.jsonl"
    lines = manifest.read_text().splitlines()
    for name in ("../victim", "a/../../victim", str(victim), "", "a"):
        lines.append(json.dumps({**json.loads(lines[1]), "name": name}))
    lines += ["[]", "1", '{"name": "a/b"}', "\x00"]
    manifest.write_text("\n".join(lines))
    assert write_folders([], out, "en") == Outcome(removed=1)
    assert victim.is_symlink()


def test_another_programs_manifest(out: Path) -> None:
    out.mkdir()
    (out / ".barkive.jsonl").write_bytes(b"\xff\xfe")
    with pytest.raises(UsageError, match="was not written by this version of Barkive"):
        write_folders([], out, "en")


def test_a_folder_that_is_a_file(out: Path) -> None:
    out.write_bytes(b"")
    with pytest.raises(UsageError, match="can't be made: it is a file; choose another place"):
        write_folders([], out, "en")


def test_names_that_are_no_text_and_odd_endings(photo_entry: MakeEntry, out: Path) -> None:
    odd = os.fsdecode(b"r\xe9x.jpg")
    entries = [photo_entry(odd), photo_entry(".hidden"), photo_entry("a:b?.PNG")]
    assert write_folders(entries, out, "en") == Outcome(written=3)
    assert files(out) == sorted(
        ["Chihuahua/_.hidden.jpeg", "Chihuahua/a-b-.PNG", f"Chihuahua/{odd}"]
    )
    assert write_folders(entries, out, "en") == Outcome(unchanged=3)


def test_a_training_set(photo_entry: MakeEntry, out: Path) -> None:
    own = BreedName("my-breed", "My Breed", "Ma race")
    entries = [
        photo_entry("a.jpg", **of(PUG)),
        photo_entry("b", **of(MALTESE)),
        photo_entry("c.jpg", **of(own)),
        photo_entry("model.jpg"),
        photo_entry("cross.jpg", **of(PUG, MALTESE)),
        photo_entry("cat.jpg", status=Status.NOT_DOG, breeds=(), corrected=True),
        photo_entry("doubt.jpg", status=Status.UNCERTAIN, breeds=(), corrected=True),
    ]
    assert write_training_set(entries, out) == Outcome(written=3)
    samples = read_samples(out)
    assert samples.folders == ("my-breed", "n02085936-Maltese_dog", "n02110958-pug")
    assert [Path(p).name for p in samples.paths] == ["c.jpg", "b.jpeg", "a.jpg"]
    assert [b and b.en for b in map(breeds.of_folder, samples.folders)] == [None, "Maltese", "Pug"]
    assert known_to([PUG, own, MALTESE], samples).truth.tolist() == [1, 2, 0]
    assert write_training_set(entries[1:], out) == Outcome(unchanged=2, removed=1)


photos = st.lists(
    st.tuples(
        st.sampled_from(["a/x.jpg", "b/x.jpg", "c/X.jpg", "a/x-2.jpg", "d/y.jpg"]),
        st.sampled_from([CHIHUAHUA, PUG, MALTESE]),
    ),
    unique_by=lambda pair: pair[0],
)


@settings(
    max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
@given(runs=st.lists(st.tuples(photos, st.booleans()), max_size=4))
def test_a_tree_always_holds_each_photo_once(
    runs: list[tuple[list[tuple[str, BreedName]], bool]], photo_entry: MakeEntry, out: Path
) -> None:
    shutil.rmtree(out, ignore_errors=True)
    for chosen, copy in runs:
        entries = [photo_entry(name, **of(label)) for name, label in chosen]
        outcome = write_folders(entries, out, "en", copy=copy)
        assert outcome.written + outcome.unchanged == len(entries)
        shown = sorted((p.parent.name, p.read_text()) for p in out.glob("*/*"))
        assert shown == sorted((label.en, name) for name, label in chosen)
        assert write_folders(entries, out, "en", copy=copy) == Outcome(unchanged=len(entries))


def test_many_photos_of_one_name(photo_entry: MakeEntry, out: Path) -> None:
    entries = [photo_entry(f"{i}/x.jpg") for i in range(300)]
    assert write_folders(entries, out, "en").written == 300
    assert (out / "Chihuahua" / "x-300.jpg").is_symlink()
    assert tree.Tree(out, copy=False).holds(str(out / "Chihuahua" / "x-300.jpg"))


@pytest.mark.parametrize("copy", [False, True])
def test_most_of_a_tree_is_not_taken_away_unasked(
    photo_entry: MakeEntry, out: Path, copy: bool
) -> None:
    entries = [photo_entry(f"{i}.jpg") for i in range(24)]
    assert write_folders(entries, out, "en", copy=copy) == Outcome(written=24)
    # Half may go; that photos change their folders takes nothing away.
    relabelled = [photo_entry(f"{i}.jpg", **of(PUG)) for i in range(12, 24)]
    found = write_folders(relabelled, out, "en", copy=copy, gone=False)
    assert found == Outcome(written=12, removed=24)
    with pytest.raises(SourceAwayError, match=r"would take 11 of the 12 photos out of .*--gone"):
        write_folders(relabelled[:1], out, "en", copy=copy, gone=False)
    assert len(files(out)) == 12
    with pytest.raises(SourceAwayError, match="would take 12 of the 12"):
        write_folders([], out, "en", copy=copy, gone=False)
    assert write_folders(relabelled[:1], out, "en", copy=copy) == Outcome(unchanged=1, removed=11)


def test_what_was_made_of_a_photo_that_cannot_be_looked_at_stays(
    photo_entry: MakeEntry, out: Path
) -> None:
    entry = photo_entry("rex.jpg")
    write_folders([entry, photo_entry("mila.jpg")], out, "en")
    others = [photo_entry("mila.jpg")]
    unread = {entry.file: Now.UNREADABLE}
    assert write_folders(others, out, "en", left_out=unread) == Outcome(unchanged=1)
    # A link to another picture would show it under the breed of this one.
    changed = {entry.file: Now.CHANGED}
    assert write_folders(others, out, "en", left_out=changed) == Outcome(unchanged=1, removed=1)


def test_a_copy_of_a_picture_that_was_replaced_is_its_last_and_stays(
    photo_entry: MakeEntry, out: Path
) -> None:
    entry = photo_entry("rex.jpg")
    write_folders([entry, photo_entry("mila.jpg")], out, "en", copy=True)
    Path(entry.file).write_bytes(b"another dog")
    assert write_folders([photo_entry("mila.jpg")], out, "en", copy=True) == Outcome(unchanged=1)
    assert (out / "Chihuahua/rex.jpg").read_bytes() == b"rex.jpg"
