import os
import shutil
import stat
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import date, datetime
from pathlib import Path

import pytest
from PIL import Image

from barkive.catalogue import Catalogue, Export, ExportFormat, Filter, Kind, Label, Summary
from barkive.catalogue.photos.reading import Reading
from barkive.classifier import Classifier
from barkive.errors import UsageError
from barkive.images.passing import Passing
from barkive.verdicts import Status

pytestmark = pytest.mark.slow

DOG, UNCERTAIN, NOT_DOG, FAILED = Status.DOG, Status.UNCERTAIN, Status.NOT_DOG, Status.FAILED
KENNEL = Counter({DOG: 2, UNCERTAIN: 1, NOT_DOG: 1, FAILED: 1})
BROKEN = "The file starts as JPEG does, but is damaged or cut off."


def age(folder: Path) -> None:
    """Makes files old enough for their time of change to tell whether they change again."""
    for path in (folder, *folder.rglob("*")):
        os.utime(path, (1_700_000_000.5, 1_700_000_000.5))


EVERYTHING = Filter(missing=None)


def files(catalogue: Catalogue, wanted: Filter = EVERYTHING) -> dict[str, Status]:
    return {Path(entry.file).name: entry.status for entry in catalogue.search(wanted)}


def outcome(summary: Summary) -> dict[str, int]:
    names = ("new", "changed", "moved", "replaced", "missing", "unchanged")
    return {name: getattr(summary, name) for name in names if getattr(summary, name)}


def test_a_first_scan_catalogues_every_photo(
    catalogue: Catalogue, classifier: Classifier, kennel: Path
) -> None:
    progress: list[tuple[int, int | None]] = []
    summary = catalogue.scan(
        kennel, classifier=classifier, on_progress=lambda *done: progress.append(done)
    )
    assert outcome(summary) == {"new": 5}
    assert (summary.listed, summary.finished, summary.statuses) == (5, True, KENNEL)
    assert failures(summary) == [(str(kennel / "broken.jpg"), BROKEN)]
    assert progress[-1] == (5, 5)
    assert files(catalogue) == {
        "broken.jpg": FAILED,
        "mix.png": UNCERTAIN,
        "night.png": NOT_DOG,
        "rex.png": DOG,
        "mila.png": DOG,
    }
    rex = catalogue.photo(kennel / "rex.png")
    assert [(c.label.en, round(c.probability, 4)) for c in rex.breeds] == [
        ("Chihuahua", 0.9194),
        ("Pug", 0.0403),
        ("Maltese", 0.0403),
    ]
    assert (rex.width, rex.height, rex.format, rex.corrected) == (40, 30, "PNG", False)
    assert rex.model == classifier.bundle.model
    broken = catalogue.photo(kennel / "broken.jpg")
    assert (broken.error, broken.breeds, broken.prediction) == (BROKEN, (), None)
    assert broken.sha256 is not None


def test_a_second_scan_reads_nothing_again(
    catalogue: Catalogue, classifier: Classifier, kennel: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    age(kennel)
    catalogue.scan(kennel, classifier=classifier)
    monkeypatch.setattr(Reading, "load", lambda *_: pytest.fail("a photo was read again"))
    summary = catalogue.scan([kennel, kennel / "annex"], classifier=classifier)
    assert outcome(summary) == {"unchanged": 5}
    assert summary.statuses == KENNEL
    assert summary.failed == []


def test_what_cannot_be_told_unchanged_is_read_again_and_is_no_change(
    catalogue: Catalogue, classifier: Classifier, kennel: Path
) -> None:
    os.utime(kennel / "rex.png")
    catalogue.scan(kennel, classifier=classifier)
    assert outcome(catalogue.scan(kennel, classifier=classifier)).get("changed") is None
    assert catalogue.count() == 5


def test_changed_new_and_gone_photos_are_told_apart(
    catalogue: Catalogue, classifier: Classifier, kennel: Path, colour_photo: Callable[..., Path]
) -> None:
    age(kennel)
    catalogue.scan(kennel, classifier=classifier)
    colour_photo("kennel/rex.png", (10, 10, 250))
    colour_photo("kennel/new.png", (11, 11, 250))
    (kennel / "night.png").unlink()
    summary = catalogue.scan(kennel, classifier=classifier)
    assert outcome(summary) == {"new": 1, "replaced": 1, "missing": 1, "unchanged": 3}
    assert catalogue.photo(kennel / "rex.png").breeds[0].label.en == "Maltese"
    assert catalogue.photo(kennel / "night.png").missing_since is not None
    assert catalogue.count() == 5
    # The picture that was under the name of another is missing, and not forgotten.
    assert files(catalogue, Filter(missing=True)) == {"rex.png": DOG, "night.png": NOT_DOG}


def test_a_missing_photo_that_comes_back_is_there_again(
    catalogue: Catalogue, classifier: Classifier, kennel: Path, tmp_path: Path
) -> None:
    age(kennel)
    catalogue.scan(kennel, classifier=classifier)
    shutil.move(kennel / "rex.png", tmp_path / "elsewhere.png")
    assert outcome(catalogue.scan(kennel, classifier=classifier)) == {"missing": 1, "unchanged": 4}
    shutil.move(tmp_path / "elsewhere.png", kennel / "rex.png")
    assert outcome(catalogue.scan(kennel, classifier=classifier)) == {"unchanged": 5}
    assert catalogue.photo(kennel / "rex.png").missing_since is None


def test_a_moved_photo_keeps_its_number_and_what_people_said(
    catalogue: Catalogue, classifier: Classifier, kennel: Path
) -> None:
    age(kennel)
    catalogue.scan(kennel, classifier=classifier)
    before = catalogue.label(kennel / "rex.png", Label(Kind.BREED, ("pug",), note="met her"))
    (kennel / "annex" / "deep").mkdir()
    shutil.move(kennel / "rex.png", kennel / "annex" / "deep" / "queen.png")
    summary = catalogue.scan(kennel, classifier=classifier)
    assert outcome(summary) == {"moved": 1, "unchanged": 4}
    after = catalogue.photo(kennel / "annex" / "deep" / "queen.png")
    assert (after.id, after.breeds, after.note) == (before.id, before.breeds, "met her")
    assert catalogue.count(Filter(missing=None)) == 5
    assert catalogue.count(Filter(text="queen")) == 1
    assert catalogue.count(Filter(text="rex")) == 0


def test_a_renamed_folder_is_recognised_whole(
    catalogue: Catalogue, classifier: Classifier, kennel: Path
) -> None:
    catalogue.scan(kennel, classifier=classifier)
    renamed = kennel.rename(kennel.with_name("shelter"))
    assert outcome(catalogue.scan(renamed, classifier=classifier)) == {"moved": 5}


def test_a_copy_is_a_photo_of_its_own_that_people_spoke_of_as_well(
    catalogue: Catalogue, classifier: Classifier, kennel: Path
) -> None:
    catalogue.scan(kennel, classifier=classifier)
    catalogue.label(kennel / "rex.png", Label(Kind.BREED, ("maltese",)))
    shutil.copy(kennel / "rex.png", kennel / "copy.png")
    assert outcome(catalogue.scan(kennel / "copy.png", classifier=classifier)) == {"new": 1}
    assert catalogue.photo(kennel / "copy.png").breeds[0].label.en == "Maltese"
    catalogue.label(kennel / "copy.png", Label(Kind.UNDO))
    assert catalogue.photo(kennel / "rex.png").breeds[0].label.en == "Chihuahua"


def test_a_scan_never_overwrites_what_people_said(
    catalogue: Catalogue,
    classifier: Classifier,
    kennel: Path,
    colour_info: object,
    write_bundle: Callable[..., Path],
    tmp_path: Path,
) -> None:
    age(kennel)
    catalogue.scan(kennel, classifier=classifier)
    catalogue.label(kennel / "rex.png", Label(Kind.NOT_DOG))
    other = Classifier(write_bundle(tmp_path / "other.onnx", _renamed(colour_info)))
    assert other.bundle.digest != classifier.bundle.digest
    summary = catalogue.scan(kennel, classifier=other)
    assert (outcome(summary), summary.again) == ({}, 5)
    assert summary.statuses == KENNEL - Counter({DOG: 1}) + Counter({NOT_DOG: 1})
    rex = catalogue.photo(kennel / "rex.png")
    assert (rex.status, rex.corrected, rex.model) == (NOT_DOG, True, other.bundle.model)
    assert rex.prediction is not None
    assert rex.prediction.status is DOG
    assert outcome(catalogue.scan(kennel, classifier=other)) == {"unchanged": 5}


def _renamed(info: object) -> str:
    from dataclasses import replace

    metadata: str = replace(info, name="other").to_metadata()  # type: ignore[type-var]
    return metadata


@pytest.fixture
def patches(make_photo: Callable[..., Path]) -> Path:
    """A folder with a photo that has a picture, not one colour."""
    return make_photo("album/rex.jpg", size=(320, 240), quality=92).parent


@pytest.mark.parametrize("turn", [None, Image.Transpose.ROTATE_90, Image.Transpose.FLIP_LEFT_RIGHT])
def test_what_people_said_stays_with_a_picture_that_a_program_rewrote_or_turned(
    catalogue: Catalogue, classifier: Classifier, patches: Path, turn: Image.Transpose | None
) -> None:
    age(patches)
    catalogue.scan(patches, classifier=classifier)
    catalogue.label(patches / "rex.jpg", Label(Kind.BREED, ("boxer",), by="Ada"))
    with Image.open(patches / "rex.jpg") as image:
        changed = image.copy() if turn is None else image.transpose(turn)
    changed.save(patches / "rex.jpg", quality=85)
    assert outcome(catalogue.scan(patches, classifier=classifier)) == {"changed": 1}
    rex = catalogue.photo(patches / "rex.jpg")
    assert (rex.corrected, rex.breeds[0].label.en) == (True, "Boxer")
    assert [change.by for change in catalogue.history(patches / "rex.jpg")] == ["Ada"]


def test_another_picture_under_an_old_name_is_nobodys(
    catalogue: Catalogue, classifier: Classifier, patches: Path, make_photo: Callable[..., Path]
) -> None:
    age(patches)
    catalogue.scan(patches, classifier=classifier)
    catalogue.label(patches / "rex.jpg", Label(Kind.BREED, ("boxer",)))
    make_photo("album/rex.jpg", size=(320, 240), seed=7)
    catalogue.scan(patches, classifier=classifier)
    assert not catalogue.photo(patches / "rex.jpg").corrected


def test_a_bad_photo_is_read_again_when_it_changed_or_when_asked(
    catalogue: Catalogue, classifier: Classifier, kennel: Path
) -> None:
    age(kennel)
    catalogue.scan(kennel, classifier=classifier)
    assert catalogue.scan(kennel, classifier=classifier).failed == []
    again = catalogue.scan(kennel, classifier=classifier, retry_failed=True)
    assert (outcome(again), again.again, len(again.failed)) == ({"unchanged": 4}, 1, 1)
    shutil.copy(kennel / "rex.png", kennel / "broken.jpg")
    assert outcome(catalogue.scan(kennel, classifier=classifier)) == {"changed": 1, "unchanged": 4}
    assert catalogue.photo(kennel / "broken.jpg").status is DOG


def test_a_photo_that_goes_while_it_is_scanned_is_none(
    catalogue: Catalogue, classifier: Classifier, kennel: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    load = Reading.load

    def vanish(self: Reading, *arguments: object) -> object:
        if self.path.endswith("mix.png"):
            Path(self.path).unlink()
        return load(self, *arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(Reading, "load", vanish)
    summary = catalogue.scan(kennel, classifier=classifier)
    assert outcome(summary) == {"new": 4}
    assert "mix.png" not in files(catalogue)


def test_a_photo_that_is_replaced_while_it_is_read_is_read_whole(
    catalogue: Catalogue, classifier: Classifier, kennel: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from barkive.catalogue.photos import reading

    read, replaced = reading.read_file, []

    def replace(path: str) -> bytes:
        content = read(path)
        if path.endswith("rex.png") and not replaced:
            replaced.append(path)
            Image.new("RGB", (50, 60), (10, 10, 250)).save(path)
        return content

    monkeypatch.setattr(reading, "read_file", replace)
    catalogue.scan(kennel, classifier=classifier)
    rex = catalogue.photo(kennel / "rex.png")
    assert (rex.width, rex.breeds[0].label.en) == (50, "Maltese")


def test_an_interrupted_scan_keeps_what_was_done_and_goes_on(
    catalogue: Catalogue, classifier: Classifier, kennel: Path
) -> None:
    age(kennel)
    summary = Summary()

    def stop(done: int, total: int | None) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        catalogue.scan(kennel, classifier=classifier, summary=summary, on_progress=stop)
    assert not summary.finished
    done = catalogue.count()
    rest = catalogue.scan(kennel, classifier=classifier)
    assert outcome(rest) == {
        name: n for name, n in {"new": 5 - done, "unchanged": done}.items() if n
    }
    assert catalogue.count() == 5


def test_a_source_that_is_not_there_is_refused_before_any_work(
    catalogue: Catalogue, classifier: Classifier, kennel: Path
) -> None:
    catalogue.scan(kennel, classifier=classifier)
    away = kennel.rename(kennel.with_name("away"))
    with pytest.raises(UsageError, match=r"no folder or file .*kennel.*stay as they are"):
        catalogue.scan([away, kennel], classifier=classifier)
    assert catalogue.count() == 5


def test_names_that_are_no_text_are_kept(
    catalogue: Catalogue, classifier: Classifier, kennel: Path
) -> None:
    name = os.fsencode(kennel) + b"/caf\xe9 \xff.png"
    try:
        shutil.copy(kennel / "rex.png", name)
    except (OSError, UnicodeError):
        pytest.skip("this file system takes no such names")
    age(kennel)
    assert outcome(catalogue.scan(kennel, classifier=classifier)) == {"new": 6}
    assert outcome(catalogue.scan(kennel, classifier=classifier)) == {"unchanged": 6}
    assert os.fsencode(catalogue.photo(os.fsdecode(name)).file) == name
    assert catalogue.count(Filter(folder=str(kennel))) == 6


def test_a_folder_that_may_not_be_listed_is_told_and_not_catalogued(
    catalogue: Catalogue, classifier: Classifier, kennel: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    listing = os.scandir

    def refuse(path: str) -> Iterator[os.DirEntry[str]]:
        if str(path).endswith("annex"):
            raise PermissionError(13, "Permission denied")
        return listing(path)

    monkeypatch.setattr(os, "scandir", refuse)
    summary = catalogue.scan(kennel, classifier=classifier)
    assert (str(kennel / "annex"), "No permission to open the folder.") in failures(summary)
    assert sorted(files(catalogue)) == ["broken.jpg", "mix.png", "night.png", "rex.png"]


def test_originals_are_never_written_to(
    catalogue: Catalogue, classifier: Classifier, kennel: Path
) -> None:
    def state() -> dict[str, tuple[bytes, int]]:
        return {
            str(path): (path.read_bytes(), path.stat().st_mtime_ns)
            for path in kennel.rglob("*")
            if stat.S_ISREG(path.stat().st_mode)
        }

    before = state()
    catalogue.scan(kennel, classifier=classifier)
    catalogue.label(kennel / "rex.png", Label(Kind.BREED, ("pug",)))
    assert state() == before


def test_two_scans_and_a_person_at_once_lose_and_double_nothing(
    where: str, classifier: Classifier, colour_photo: Callable[..., Path]
) -> None:
    for i in range(30):
        folder = colour_photo(f"many/{i}.png", (8 * i, 250 - 8 * i, 40)).parent
    with Catalogue(where) as first, Catalogue(where) as second, Catalogue(where) as person:
        person.scan(folder / "0.png", classifier=classifier)
        errors: list[BaseException] = []

        def run(work: Callable[[], object]) -> threading.Thread:
            def kept() -> None:
                try:
                    work()
                except BaseException as error:  # told below, in the test's own thread
                    errors.append(error)

            thread = threading.Thread(target=kept)
            thread.start()
            return thread

        threads = [
            run(lambda: first.scan(folder, classifier=classifier)),
            run(lambda: second.scan(folder, classifier=classifier)),
            run(
                lambda: [
                    person.label(folder / "0.png", Label(Kind.BREED, ("pug",))) for _ in range(20)
                ]
            ),
        ]
        for thread in threads:
            thread.join()
        assert errors == []
        assert person.count() == 30
        assert len(person.history(folder / "0.png")) == 20
        assert person.photo(folder / "0.png").corrected


def test_photos_in_a_folder_that_is_shut_are_not_taken_for_missing(
    catalogue: Catalogue, classifier: Classifier, kennel: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    age(kennel)
    catalogue.scan(kennel, classifier=classifier)
    lstat = os.lstat

    def refuse(path: str) -> os.stat_result:
        if "annex" in str(path):
            raise PermissionError(13, "Permission denied")
        return lstat(path)

    monkeypatch.setattr(os, "lstat", refuse)
    (kennel / "annex" / "mila.png").unlink()
    assert catalogue.scan(kennel, classifier=classifier).missing == 0
    monkeypatch.undo()
    assert catalogue.scan(kennel, classifier=classifier).missing == 1
    # Told once, when it is found.
    assert catalogue.scan(kennel, classifier=classifier).missing == 0


def test_a_tree_that_an_export_made_is_not_catalogued(
    catalogue: Catalogue, classifier: Classifier, kennel: Path
) -> None:
    catalogue.scan(kennel, classifier=classifier)
    catalogue.export(Export(ExportFormat.FOLDERS, kennel / "by breed"))
    assert (kennel / "by breed" / "Chihuahua" / "rex.png").exists()
    assert outcome(catalogue.scan(kennel, classifier=classifier)).get("new") is None


def test_what_is_judged_again_and_what_is_back_is_counted(
    catalogue: Catalogue, classifier: Classifier, kennel: Path, tmp_path: Path
) -> None:
    age(kennel)
    catalogue.scan(kennel, classifier=classifier)
    os.utime(kennel / "rex.png", (1_600_000_000.5, 1_600_000_000.5))
    summary = catalogue.scan(kennel, classifier=classifier)
    assert (summary.again, summary.unchanged) == (1, 4)
    shutil.move(kennel / "rex.png", tmp_path / "rex.png")
    catalogue.scan(kennel, classifier=classifier)
    shutil.move(tmp_path / "rex.png", kennel / "rex.png")
    assert catalogue.scan(kennel, classifier=classifier).back == 1


def test_a_name_that_is_too_long_to_be_opened_is_told(
    catalogue: Catalogue, classifier: Classifier, kennel: Path
) -> None:
    place = os.open(kennel, os.O_RDONLY)
    for _ in range(25):
        os.mkdir("x" * 200, dir_fd=place)
        inside = os.open("x" * 200, os.O_RDONLY, dir_fd=place)
        os.close(place)
        place = inside
    os.close(place)
    summary = catalogue.scan(kennel, classifier=classifier)
    assert summary.new == 6
    assert any("File name too long" in reason for _, reason in failures(summary))
    shutil.rmtree(kennel / ("x" * 200))


def test_what_the_file_server_adds_is_no_photo(
    catalogue: Catalogue, classifier: Classifier, kennel: Path, colour_photo: Callable[..., Path]
) -> None:
    for size in ("SM", "M"):
        colour_photo(f"kennel/@eaDir/rex.png/SYNOPHOTO_THUMB_{size}.png", (250, 10, 10))
    colour_photo("kennel/#snapshot/GMT-2026/rex.png", (250, 10, 10))
    (kennel / "rex.CR2").write_bytes(b"raw")
    summary = catalogue.scan(kennel, classifier=classifier)
    assert outcome(summary) == {"new": 5}
    assert summary.passed_over == {"@eaDir": 2, "#snapshot": 1, "raw": 1}
    assert catalogue.count(EVERYTHING) == 5


def test_a_name_says_when_a_photo_was_taken(
    catalogue: Catalogue, classifier: Classifier, colour_photo: Callable[..., Path]
) -> None:
    photo = colour_photo("IMG-20260531-WA0001.png", (250, 10, 10))
    catalogue.scan(photo, classifier=classifier)
    assert catalogue.photo(photo).taken_at == datetime(2026, 5, 31)
    (found,) = catalogue.search(Filter(after=date(2026, 5, 31), before=date(2026, 6, 1)))
    assert found.file == str(photo)


def test_a_photo_that_goes_to_the_bin_is_missing_and_keeps_its_label(
    catalogue: Catalogue, classifier: Classifier, kennel: Path
) -> None:
    age(kennel)
    catalogue.scan(kennel, classifier=classifier)
    catalogue.label(kennel / "rex.png", Label(Kind.BREED, ("Pug",), by="Ada"))
    (kennel / "#recycle").mkdir()
    shutil.move(kennel / "rex.png", kennel / "#recycle")
    summary = catalogue.scan(kennel, classifier=classifier)
    assert outcome(summary) == {"missing": 1, "unchanged": 4}
    assert summary.passed_over == {"#recycle": 1}
    gone = catalogue.photo(kennel / "rex.png")
    assert (gone.missing_since is not None, gone.breeds[0].label.en) == (True, "Pug")
    shutil.move(kennel / "#recycle" / "rex.png", kennel / "annex")
    assert outcome(catalogue.scan(kennel, classifier=classifier)) == {"moved": 1, "unchanged": 4}
    assert catalogue.photo(kennel / "annex" / "rex.png").breeds[0].label.en == "Pug"


def test_photos_that_were_catalogued_in_a_bin_are_missing(
    catalogue: Catalogue, classifier: Classifier, kennel: Path, colour_photo: Callable[..., Path]
) -> None:
    """Because an earlier version did so, or because the bin was scanned by its name."""
    binned = colour_photo("kennel/#recycle/old.png", (9, 9, 250))
    age(kennel)
    assert outcome(catalogue.scan(binned.parent, classifier=classifier)) == {"new": 1}
    catalogue.label(binned, Label(Kind.BREED, ("Pug",), by="Ada"))
    both = catalogue.scan([kennel, binned.parent], classifier=classifier)
    assert outcome(both) == {"new": 5, "unchanged": 1}
    assert outcome(catalogue.scan(kennel, classifier=classifier)) == {"missing": 1, "unchanged": 5}
    # Put back, it is the photo that it was, though a copy lies in the bin still.
    shutil.copy2(binned, kennel / "old.png")
    catalogue.scan(kennel, classifier=classifier)
    assert catalogue.photo(kennel / "old.png").breeds[0].label.en == "Pug"


def test_what_is_excluded_stays_as_it_is(
    catalogue: Catalogue, classifier: Classifier, kennel: Path
) -> None:
    age(kennel)
    catalogue.scan(kennel, classifier=classifier)
    catalogue.label(kennel / "annex" / "mila.png", Label(Kind.BREED, ("Pug",), by="Ada"))
    rules = Passing(("annex/",))
    summary = catalogue.scan(kennel, classifier=classifier, passing=rules)
    assert (outcome(summary), summary.passed_over) == ({"unchanged": 4}, {"excluded": 1})
    assert catalogue.photo(kennel / "annex" / "mila.png").missing_since is None
    (kennel / ".barkiveignore").write_text("annex/\n")
    assert outcome(catalogue.scan(kennel, classifier=classifier)) == {"unchanged": 4}
    # What is gone is gone, wherever it was.
    (kennel / "annex" / "mila.png").unlink()
    summary = catalogue.scan(kennel, classifier=classifier)
    assert outcome(summary) == {"missing": 1, "unchanged": 4}


@pytest.mark.parametrize("said", ["option", "file"])
def test_patterns_that_leave_nothing_change_nothing(
    catalogue: Catalogue, classifier: Classifier, kennel: Path, tmp_path: Path, said: str
) -> None:
    catalogue.scan(kennel, classifier=classifier)
    (kennel / "rex.png").unlink()
    (tmp_path / "other").mkdir()
    shutil.copy2(kennel / "mix.png", tmp_path / "other" / "new.png")
    rules = Passing(("*",) if said == "option" else ())
    if said == "file":
        (kennel / ".barkiveignore").write_text("*\n")
    with pytest.raises(UsageError) as refused:
        catalogue.scan([tmp_path / "other", kennel], classifier=classifier, passing=rules)
    left = tmp_path / "other" if said == "option" else kennel
    number = 1 if said == "option" else 4
    assert str(refused.value) == (
        f"Nothing is left of {left}: --exclude or .barkiveignore excludes every photo there "
        f"({number}); correct the patterns. Nothing was changed."
    )
    assert catalogue.photo(kennel / "rex.png").missing_since is None


def test_a_link_out_of_the_folder_is_followed_only_when_that_is_wanted(
    catalogue: Catalogue, classifier: Classifier, kennel: Path, colour_photo: Callable[..., Path]
) -> None:
    elsewhere = colour_photo("elsewhere/far.png", (10, 10, 250)).parent
    (kennel / "z:").symlink_to(elsewhere)
    (kennel / "far.png").symlink_to(elsewhere / "far.png")
    age(elsewhere)
    age(kennel)
    summary = catalogue.scan(kennel, classifier=classifier)
    assert (outcome(summary), summary.passed_over) == ({"new": 5}, {"link": 2})
    wanted = Passing(follow_links=True)
    assert outcome(catalogue.scan(kennel, classifier=classifier, passing=wanted)) == {
        "new": 2,
        "unchanged": 5,
    }
    # Those catalogued stay: the files are there.
    assert outcome(catalogue.scan(kennel, classifier=classifier)) == {"unchanged": 5}
    assert catalogue.photo(kennel / "far.png").missing_since is None


@pytest.mark.parametrize("kind", [ExportFormat.FOLDERS, ExportFormat.TRAINING_SET])
@pytest.mark.parametrize("copy", [False, True])
@pytest.mark.parametrize("inside", ["", "sorted"])
def test_an_export_into_the_scanned_folder_is_passed_over_and_its_originals_are_not(
    catalogue: Catalogue,
    classifier: Classifier,
    kennel: Path,
    colour_photo: Callable[..., Path],
    kind: ExportFormat,
    copy: bool,
    inside: str,
) -> None:
    age(kennel)
    catalogue.scan(kennel, classifier=classifier)
    catalogue.label(kennel / "rex.png", Label(Kind.BREED, ("Pug",), by="Ada"))
    out = kennel / inside
    written = catalogue.export(Export(kind, out, copy=copy)).written
    summary = catalogue.scan(kennel, classifier=classifier)
    assert (outcome(summary), summary.passed_over) == ({"unchanged": 5}, {"export": written})
    assert written > 0
    # A photo that somebody puts there is one.
    mine = next(one for one in out.glob("*/*.png") if one.parent.name != "annex").parent
    shutil.copy2(colour_photo("new.png", (10, 10, 250)), mine / "mine.png")
    assert outcome(catalogue.scan(kennel, classifier=classifier)).get("new") == 1
    assert catalogue.count(EVERYTHING) == 6
    # The export alone is passed over as well, and that is told.
    if inside:
        summary = catalogue.scan(out, classifier=classifier)
        assert (summary.listed, summary.passed_over) == (1, {"export": written})


def test_the_bin_is_no_ones_where_a_change_in_it_alone_is_scanned(
    catalogue: Catalogue, classifier: Classifier, kennel: Path, colour_photo: Callable[..., Path]
) -> None:
    thumb = colour_photo("kennel/@eaDir/rex.png/SM.png", (250, 10, 10))
    (kennel / ".barkiveignore").write_text("/annex/\n")
    rules = Passing(tops=(str(kennel),))
    summary = catalogue.scan([thumb.parent, kennel / "annex"], classifier=classifier, passing=rules)
    assert (summary.listed, summary.passed_over) == (0, {"@eaDir": 1, "excluded": 1})


def failures(summary: Summary) -> list[tuple[str, str]]:
    """What could not be read, and why, as people are told."""
    return [(path, str(reason)) for path, reason in summary.failed]
