import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from barkive.boxes import Box
from barkive.catalogue import Catalogue, Entry, Filter, Kind, Label
from barkive.catalogue.annotations import labels
from barkive.classifier import Classifier
from barkive.errors import CatalogueError, ChangedPhotoError, UnknownBreedError, UsageError
from barkive.verdicts import Status


@pytest.fixture
def scanned(catalogue: Catalogue, classifier: Classifier, kennel: Path) -> Catalogue:
    catalogue.scan(kennel, classifier=classifier)
    return catalogue


def breeds(catalogue: Catalogue, photo: Path) -> list[tuple[str, float]]:
    return [(c.label.en, c.probability) for c in catalogue.photo(photo).breeds]


def test_what_people_say_stands_over_the_model(scanned: Catalogue, kennel: Path) -> None:
    entry = scanned.label(kennel / "mix.png", Label(Kind.BREED, ("Carlin",), note="sûr", by="Ada"))
    assert (entry.status, entry.corrected, entry.note) == (Status.DOG, True, "sûr")
    assert breeds(scanned, kennel / "mix.png") == [("Pug", 1.0)]
    record = entry.to_json("fr")
    assert record["breeds"] == [{"id": "n02110958", "name": "Carlin", "probability": 1.0}]
    assert (record["corrected"], record["model_status"]) == (True, "uncertain")
    assert record["model_breeds"][0]["name"] == "Chihuahua"


def test_the_kinds_of_corrections(scanned: Catalogue, kennel: Path) -> None:
    rex = kennel / "rex.png"
    scanned.label(rex, Label(Kind.CROSS, ("pug", "maltese")))
    assert breeds(scanned, rex) == [("Pug", 0.5), ("Maltese", 0.5)]
    assert [label.en for label in scanned.photo(rex).labels] == ["Pug", "Maltese"]
    scanned.label(rex, Label(Kind.NOT_DOG))
    assert (scanned.photo(rex).status, breeds(scanned, rex)) == (Status.NOT_DOG, [])
    scanned.label(rex, Label(Kind.UNSURE))
    assert scanned.photo(rex).status is Status.UNCERTAIN
    assert breeds(scanned, rex)[0][0] == "Chihuahua"
    assert scanned.photo(rex).labels == ()


def test_undo_goes_back_one_step_at_a_time_and_forgets_nothing(
    scanned: Catalogue, kennel: Path
) -> None:
    rex = kennel / "rex.png"
    scanned.label(rex, Label(Kind.BREED, ("pug",), by="Ada"))
    scanned.label(rex, Label(Kind.NOT_DOG, by="Bo"))
    scanned.label(rex, Label(Kind.UNDO, by="Ada"))
    assert breeds(scanned, rex) == [("Pug", 1.0)]
    scanned.label(rex, Label(Kind.UNDO, by="Ada"))
    assert (scanned.photo(rex).corrected, breeds(scanned, rex)[0][0]) == (False, "Chihuahua")
    with pytest.raises(UsageError, match=r"Nobody has corrected .*rex.png"):
        scanned.label(rex, Label(Kind.UNDO))
    assert [(c.kind, c.by, c.was) for c in scanned.history(rex)] == [
        (Kind.BREED, "Ada", "dog: Chihuahua"),
        (Kind.CROSS.NOT_DOG, "Bo", "dog: Pug"),
        (Kind.UNDO, "Ada", "not_dog"),
        (Kind.UNDO, "Ada", "dog: Pug"),
    ]
    record = scanned.history(rex)[0].to_json("fr")
    assert (record["kind"], record["breeds"]) == ("breed", ["Carlin"])
    assert record["at"].endswith("Z")


def test_a_photo_that_can_t_be_read_can_be_corrected_and_keeps_its_reason(
    scanned: Catalogue, kennel: Path
) -> None:
    broken = kennel / "broken.jpg"
    reason = scanned.photo(broken).error
    assert scanned.label(broken, Label(Kind.BREED, ("boxer",))).error is None
    assert scanned.label(broken, Label(Kind.UNDO)).error == reason


def test_breeds_that_barkive_has_no_name_for_are_taken_when_asked(
    scanned: Catalogue, kennel: Path
) -> None:
    with pytest.raises(UnknownBreedError, match="Jack Russell"):
        scanned.label(kennel / "rex.png", Label(Kind.BREED, ("Jack Russell",)))
    assert scanned.photo(kennel / "rex.png").corrected is False
    entry = scanned.label(kennel / "rex.png", Label(Kind.BREED, (" Jack Russell ",), other=True))
    assert [(label.id, label.fr) for label in entry.labels] == [("Jack Russell", "Jack Russell")]
    assert scanned.count(Filter(text="russell")) == 1


def test_a_note_alone_changes_nothing_of_what_holds(scanned: Catalogue, kennel: Path) -> None:
    photo = kennel / "rex.png"
    before = scanned.photo(photo)
    scanned.label(photo, Label(Kind.NOTE, note="found at the station", by="Ada"))
    noted = scanned.photo(photo)
    assert noted.note == "found at the station"
    assert (noted.status, noted.breeds, noted.corrected) == (before.status, before.breeds, False)
    assert noted.version != before.version
    assert [one.id for one in scanned.search(Filter(text="station"))] == [noted.id]
    scanned.label(photo, Label(Kind.BREED, ("Pug",)))
    assert (scanned.photo(photo).note, scanned.photo(photo).corrected) == (noted.note, True)
    scanned.label(photo, Label(Kind.BREED, ("Boxer",), note="chip says so"))
    assert scanned.photo(photo).note == "chip says so"
    scanned.label(photo, Label(Kind.NOTE, note="shy"))
    assert (scanned.photo(photo).note, scanned.photo(photo).labels[0].en) == ("shy", "Boxer")
    for left in ("chip says so", "found at the station", "found at the station", None):
        scanned.label(photo, Label(Kind.UNDO))
        assert scanned.photo(photo).note == left
    assert scanned.photo(photo).breeds == before.breeds
    assert [one.kind for one in scanned.history(photo)][:2] == [Kind.NOTE, Kind.BREED]


def test_a_note_on_a_dog_is_that_dogs(scanned: Catalogue, kennel: Path) -> None:
    photo = kennel / "rex.png"
    one = scanned.label(photo, Label(Kind.DOG, box=Box(0.1, 0.1, 0.6, 0.6)))
    two = scanned.label(photo, Label(Kind.DOG, box=Box(0.75, 0.75, 0.2, 0.2)))
    assert one.dogs is not None
    assert two.dogs is not None
    small = two.dogs[1].id
    noted = scanned.label(photo, Label(Kind.NOTE, note="the puppy", dog=small))
    assert noted.dogs is not None
    assert [(dog.id, dog.note, dog.corrected) for dog in noted.dogs] == [
        (one.dogs[0].id, None, False),
        (small, "the puppy", False),
    ]
    assert [dog.box for dog in noted.dogs] == [dog.box for dog in two.dogs]
    assert [found.id for found in scanned.search(Filter(text="puppy"))] == [noted.id]


def test_a_note_after_no_dog_leaves_the_photo_without_one(scanned: Catalogue, kennel: Path) -> None:
    photo = kennel / "rex.png"
    scanned.label(photo, Label(Kind.NOT_DOG))
    noted = scanned.label(photo, Label(Kind.NOTE, note="a cat"))
    assert (noted.status, noted.note) == (Status.NOT_DOG, "a cat")


@pytest.mark.parametrize("note", [None, "", "  "])
def test_a_note_that_says_nothing_is_none(note: str | None) -> None:
    with pytest.raises(UsageError, match="The note is empty"):
        Label(Kind.NOTE, note=note)


def test_notes_written_beside_labels_of_many_photos(scanned: Catalogue, kennel: Path) -> None:
    rex, mix = scanned.photo(kennel / "rex.png"), scanned.photo(kennel / "mix.png")
    done = scanned.animals.label([rex.id, mix.id], Label(Kind.NOTE, note="open day"))
    assert done.photos == 2
    assert [scanned.photo(one.id).note for one in (rex, mix)] == ["open day", "open day"]
    assert done.act is not None
    scanned.animals.undo(done.act.id)
    assert [scanned.photo(one.id).note for one in (rex, mix)] == [None, None]


def test_notes_are_kept_as_they_are_whatever_they_hold(scanned: Catalogue, kennel: Path) -> None:
    note = "'); DROP TABLE photo; -- <script>alert(1)</script> \u202e 🐕"
    scanned.label(kennel / "rex.png", Label(Kind.BREED, ("pug",), note=note, by=note))
    assert scanned.photo(kennel / "rex.png").note == note
    assert scanned.history(kennel / "rex.png")[0].by == note
    assert scanned.count(Filter(text="drop table")) == 1


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ((Kind.CROSS, ("pug", "carlin")), "pug and carlin are the same breed"),
        ((Kind.CROSS, ("pug",)), "takes 2 breeds, not 1"),
        ((Kind.BREED, ("  ",)), "name of the breed is empty"),
        ((Kind.NOT_DOG, ("pug",)), "takes 0 breeds, not 1"),
    ],
)
def test_what_makes_no_sense_is_refused(
    scanned: Catalogue, kennel: Path, said: tuple[Kind, tuple[str, ...]], message: str
) -> None:
    with pytest.raises(UsageError, match=message):
        scanned.label(kennel / "rex.png", Label(*said))
    assert scanned.history(kennel / "rex.png") == []


def test_a_photo_that_is_not_catalogued_is_named(scanned: Catalogue, tmp_path: Path) -> None:
    message = r"nobody.jpg is not in the catalogue; add it with `barkive scan`"
    with pytest.raises(CatalogueError, match=message):
        scanned.label(tmp_path / "nobody.jpg", Label(Kind.BREED, ("pug",)))
    with pytest.raises(CatalogueError, match=message):
        scanned.history(tmp_path / "nobody.jpg")


def test_a_correction_of_one_breed_takes_one() -> None:
    with pytest.raises(UsageError, match="takes 1 breed, not 0"):
        Label(Kind.BREED)


def test_the_review_brings_the_closest_decisions_first_and_no_photo_twice(
    catalogue: Catalogue, classifier: Classifier, colour_photo: Callable[..., Path]
) -> None:
    folder = colour_photo("all/near.png", (100, 99, 20)).parent
    colour_photo("all/far.png", (120, 60, 60))
    colour_photo("all/sure.png", (250, 0, 0))
    colour_photo("all/close.png", (110, 100, 90))
    catalogue.scan(folder, classifier=classifier)
    queue = catalogue.review
    (first, *_) = queue.take("ada")
    queue.skip("ada", first.id)
    # Labelled while it waits in the queue, by another person.
    catalogue.label(folder / "far.png", Label(Kind.BREED, ("pug",)))
    names = [Path(entry.file).name for entry in (first, *queue.take("ada"))]
    assert names == ["near.png", "close.png"]
    assert [Path(entry.file).name for entry in queue.look(Filter(text="close"))] == ["close.png"]


def test_a_photo_that_stays_gets_what_was_said_of_one_that_goes(
    scanned: Catalogue, kennel: Path
) -> None:
    rex, mix, night = kennel / "rex.png", kennel / "mix.png", kennel / "night.png"
    scanned.label(mix, Label(Kind.BREED, ("boxer",), by="Bo"))
    scanned.label(mix, Label(Kind.UNDO, by="Bo"))
    scanned.label(mix, Label(Kind.BREED, ("pug",), note="chip", by="Ada"))
    scanned.label(mix, Label(Kind.NOTE, note="lame", by="Cy"))
    scanned.label(night, Label(Kind.NOTE, note="last", by="Bo"))
    rexes = scanned.animals.new(photos=[mix])
    entry = scanned.keep(rex, [mix, night], by="Dee")
    assert (entry.status, entry.note) == (Status.DOG, "lame")
    assert breeds(scanned, rex) == [("Pug", 1.0)]
    first, second = scanned.history(rex)
    of_mix = scanned.history(mix)
    assert [(one.kind, one.by, one.note, one.at) for one in (first, second)] == [
        (Kind.BREED, "Ada", "chip", of_mix[2].at),
        (Kind.NOTE, "Cy", "lame", of_mix[3].at),
    ]
    assert first.was == "dog: Chihuahua"
    assert [one.id for one in scanned.animals.of_photos([entry.id])[entry.id]] == [rexes.id]
    scanned.label(night, Label(Kind.NOT_DOG))
    assert scanned.keep(rex, [night]).status is Status.DOG
    assert len(scanned.history(rex)) == 2


def test_a_copy_of_a_photo_that_stays_hands_nothing_on(
    scanned: Catalogue, classifier: Classifier, kennel: Path
) -> None:
    shutil.copy(kennel / "rex.png", kennel / "copy.png")
    scanned.scan(kennel, classifier=classifier)
    scanned.label(kennel / "rex.png", Label(Kind.NOTE, note="chip"))
    scanned.keep(kennel / "copy.png", [kennel / "rex.png"])
    assert [one.note for one in scanned.history(kennel / "rex.png")] == ["chip"]


def test_a_photo_whose_file_has_changed_keeps_nothing(scanned: Catalogue, kennel: Path) -> None:
    scanned.label(kennel / "mix.png", Label(Kind.BREED, ("pug",)))
    shutil.copy(kennel / "night.png", kennel / "rex.png")
    with pytest.raises(ChangedPhotoError):
        scanned.keep(kennel / "rex.png", [kennel / "mix.png"])
    assert scanned.history(kennel / "rex.png") == []


def test_what_somebody_says_meanwhile_of_a_photo_that_stays_stands(
    scanned: Catalogue, kennel: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rex, mix = kennel / "rex.png", kennel / "mix.png"
    scanned.label(mix, Label(Kind.BREED, ("pug",)))

    def meanwhile(entry: Entry) -> None:
        monkeypatch.undo()
        scanned.label(rex, Label(Kind.BREED, ("boxer",)))

    monkeypatch.setattr(labels, "refuse_changed", meanwhile)
    scanned.keep(rex, [mix])
    assert breeds(scanned, rex) == [("Boxer", 1.0)]
    assert len(scanned.history(rex)) == 1
