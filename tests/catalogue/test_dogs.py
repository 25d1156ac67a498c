"""A photo has dogs: from the scan to the search, with what people say of each."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import select

from barkive.boxes import Box
from barkive.bundle import BundleInfo
from barkive.catalogue import (
    Catalogue,
    Entry,
    Filter,
    Kind,
    Label,
    LocalEngine,
    Reading,
    number_of_dogs,
)
from barkive.catalogue.db import schema
from barkive.classifier import Classifier, Judged
from barkive.errors import (
    NothingToSayError,
    PhotoError,
    ReviewedMeanwhileError,
    UnknownDogError,
    UsageError,
)
from barkive.verdicts import Status

RED, GREEN, GREY, BLACK = (250, 10, 10), (10, 250, 10), (120, 110, 90), (9, 9, 9)
LEFT, RIGHT = Box(0, 0, 0.5, 1), Box(0.5, 0.1, 0.5, 0.9)

MakePhoto = Callable[..., Path]


@pytest.fixture
def pair(catalogue: Catalogue, pair_classifier: Classifier, pair_photo: MakePhoto) -> Path:
    """A catalogued photo with a Chihuahua on the left, and a smaller Pug on the right."""
    photo = pair_photo("kennel/pair.png", RED, GREEN)
    catalogue.scan(photo.parent, classifier=pair_classifier)
    return photo


def told(entry: Entry) -> list[tuple[Box, str, str]]:
    """Box, status and first breed of each dog."""
    return [
        (dog.box, dog.status.value, dog.breeds[0].label.en if dog.breeds else "")
        for dog in entry.dogs or ()
    ]


def names(entry: Entry) -> list[str]:
    """What people said of each dog, or what the model says."""
    return ["x".join(label.en for label in dog.labels) for dog in entry.dogs or ()]


def test_a_scan_keeps_each_dog(catalogue: Catalogue, pair: Path) -> None:
    entry = catalogue.photo(pair)
    assert told(entry) == [(LEFT, "dog", "Chihuahua"), (RIGHT, "dog", "Pug")]
    assert (entry.status, entry.labels[0].en) == (Status.DOG, "Chihuahua")
    first, second = entry.dogs or ()
    assert (first.score, second.score) == (0.9, 0.8)
    assert first.guesses == first.breeds == entry.breeds
    assert not first.corrected
    record = entry.to_json()
    assert record["dogs"] is not None
    assert [dog["box"]["x"] for dog in record["dogs"]] == [0, 0.5]
    assert [dog["id"] for dog in record["dogs"]] == [first.id, second.id]
    assert entry.verdict.to_json()["dogs"] is not None


def test_what_the_main_dog_says_is_kept_once(catalogue: Catalogue, pair: Path) -> None:
    with catalogue._database.read() as connection:
        rows = connection.execute(select(schema.detection)).all()
        (answer,) = connection.execute(select(schema.answer)).all()
        (other,) = connection.execute(select(schema.other_dog)).all()
    assert [(row.place, row.probabilities is None) for row in rows] == [(0, True), (1, False)]
    assert answer.dogs == 2
    assert (other.place, other.breed, other.status) == (1, "n02110958", "dog")


def test_what_was_judged_elsewhere_is_kept_alike(
    catalogue: Catalogue, pair_classifier: Classifier, pair_photo: MakePhoto
) -> None:
    photo = pair_photo("kennel/pair.png", RED, GREEN)

    class Elsewhere(LocalEngine):
        def __call__(self, readings: Iterator[Reading], /) -> Iterator[Judged[Reading]]:
            for judged in super().__call__(readings):
                yield pickle.loads(pickle.dumps(judged))

    catalogue.scan(photo.parent, classifier=pair_classifier, engine=Elsewhere(pair_classifier))
    assert told(catalogue.photo(photo)) == [(LEFT, "dog", "Chihuahua"), (RIGHT, "dog", "Pug")]


def test_photos_in_which_no_dogs_were_looked_for_have_none(
    catalogue: Catalogue, classifier: Classifier, pair_classifier: Classifier, kennel: Path
) -> None:
    catalogue.scan(kennel, classifier=classifier)
    assert [entry.dogs for entry in catalogue.search()] == [None] * 5
    # A model that looks for dogs is another one: all are judged again.
    summary = catalogue.scan(kennel, classifier=pair_classifier)
    assert summary.again == 5
    assert {entry.dogs for entry in catalogue.search()} == {(), None}
    with catalogue._database.read() as connection:
        found = connection.execute(select(schema.photo.c.status, schema.photo.c.dogs)).all()
    # A dog without a box is one.
    assert sorted((row.status, row.dogs or 0) for row in found) == [
        ("dog", 1),
        ("dog", 1),
        ("failed", 0),
        ("not_dog", 0),
        ("uncertain", 1),
    ]


def test_what_people_say_of_a_dog_is_said_of_that_dog(catalogue: Catalogue, pair: Path) -> None:
    before = catalogue.photo(pair)
    small = before.dog(2)
    said = Label(Kind.CROSS, ("pug", "maltese"), note="old", by="Ada", dog=small.id)
    entry = catalogue.label(pair, said)
    assert names(entry) == ["Chihuahua", "PugxMaltese"]
    assert (entry.corrected, entry.label_id, entry.note) == (False, None, None)
    assert (entry.dog(2).corrected, entry.dog(2).note, entry.dog(2).id) == (True, "old", small.id)
    assert entry.dog(2).score == 1.0
    assert entry.version != before.version
    (change,) = catalogue.history(pair)
    assert (change.dog, change.box, change.was) == (small.id, RIGHT, "dog: Pug")
    assert change.to_json()["box"] == {"x": 0.5, "y": 0.1, "width": 0.5, "height": 0.9}


def test_the_photo_follows_its_main_dog(catalogue: Catalogue, pair: Path) -> None:
    large, small = catalogue.photo(pair).dogs or ()
    entry = catalogue.label(pair, Label(Kind.BREED, ("maltese",), note="white", dog=large.id))
    assert (entry.labels[0].en, entry.corrected, entry.note) == ("Maltese", True, "white")
    assert entry.label_id == catalogue.history(pair)[0].id
    # It is none: the other one is the main dog from then on.
    entry = catalogue.label(pair, Label(Kind.NOT_DOG, dog=large.id))
    assert (names(entry), entry.labels[0].en, entry.corrected) == (["Pug"], "Pug", False)
    entry = catalogue.label(pair, Label(Kind.NOT_DOG, dog=small.id))
    assert (entry.dogs, entry.status, entry.corrected) == ((), Status.NOT_DOG, True)


def test_what_is_said_of_the_photo_is_said_of_its_main_dog(
    catalogue: Catalogue, pair: Path
) -> None:
    entry = catalogue.label(pair, Label(Kind.BREED, ("maltese",)))
    assert names(entry) == ["Maltese", "Pug"]
    entry = catalogue.label(pair, Label(Kind.NOT_DOG))
    assert (entry.dogs, entry.status) == ((), Status.NOT_DOG)


def test_a_dog_is_drawn_and_moved_and_taken_away(catalogue: Catalogue, pair: Path) -> None:
    middle, moved = Box(0.4, 0.0, 0.2, 0.3), Box(0.4, 0.2, 0.2, 0.4)
    entry = catalogue.label(pair, Label(Kind.DOG, box=middle))
    assert told(entry)[2] == (middle, "uncertain", "")
    drawn = entry.dog(3)
    assert (drawn.corrected, drawn.guesses, drawn.score) == (False, (), 1.0)
    entry = catalogue.label(pair, Label(Kind.BREED, ("boxer",), dog=drawn.id))
    entry = catalogue.label(pair, Label(Kind.DOG, dog=drawn.id, box=moved))
    assert told(entry)[2] == (moved, "dog", "Boxer")
    assert entry.dog(3).id == drawn.id
    entry = catalogue.label(pair, Label(Kind.UNDO, dog=drawn.id))
    assert told(entry)[2] == (middle, "dog", "Boxer")
    entry = catalogue.label(pair, Label(Kind.NOT_DOG, dog=drawn.id))
    assert len(entry.dogs or ()) == 2
    # It can be brought back: by an undo, or where somebody draws it.
    assert len(catalogue.label(pair, Label(Kind.UNDO)).dogs or ()) == 3
    catalogue.label(pair, Label(Kind.NOT_DOG, dog=drawn.id))
    entry = catalogue.label(pair, Label(Kind.UNSURE, dog=drawn.id, box=moved))
    assert told(entry)[2] == (moved, "uncertain", "")
    assert [change.was for change in catalogue.history(pair)] == [
        *("not_dog", "uncertain", "dog: Boxer", "dog: Boxer", "dog: Boxer", "not_dog"),
        *("dog: Boxer", "not_dog"),
    ]


def test_a_dog_that_only_people_see_makes_it_a_photo_of_a_dog(
    catalogue: Catalogue, pair_classifier: Classifier, kennel: Path
) -> None:
    catalogue.scan(kennel, classifier=pair_classifier)
    entry = catalogue.label(kennel / "night.png", Label(Kind.DOG, box=LEFT))
    assert (entry.status, entry.corrected) == (Status.UNCERTAIN, False)
    assert entry.breeds == entry.dog(1).breeds
    entry = catalogue.label(kennel / "night.png", Label(Kind.BREED, ("pug",), dog=entry.dog(1).id))
    assert (entry.status, entry.corrected, entry.labels[0].en) == (Status.DOG, True, "Pug")
    # What the model said of a dog that it gave no box is said of the one that people boxed.
    entry = catalogue.label(kennel / "rex.png", Label(Kind.DOG, box=LEFT))
    assert (entry.status, entry.labels[0].en) == (Status.DOG, "Chihuahua")
    assert names(entry) == ["Chihuahua"]


def test_drawn_boxes_are_judged(
    catalogue: Catalogue, pair: Path, pair_classifier: Classifier
) -> None:
    entry = catalogue.label(pair, Label(Kind.DOG, box=Box(0.35, 0.5, 0.1, 0.3)))
    assert entry.dog(3).guesses == ()
    entry = catalogue.judge_boxes(pair, pair_classifier)
    assert entry.dog(3).guesses[0].label.en == "Chihuahua"
    assert entry.dog(3).status is Status.DOG
    assert not entry.dog(3).corrected
    again = Box(0.75, 0.5, 0.1, 0.3)
    said = Label(Kind.DOG, box=again, dog=entry.dog(3).id)
    entry = catalogue.label(pair, said, classifier=pair_classifier)
    assert told(entry)[2] == (again, "dog", "Pug")
    # Where the file is gone it is drawn all the same.
    pair.unlink()
    entry = catalogue.label(
        pair,
        Label(Kind.DOG, box=Box(0.1, 0.5, 0.1, 0.2), seen=entry.version),
        classifier=pair_classifier,
    )
    assert entry.dog(4).guesses == ()


def test_drawn_boxes_are_judged_whichever_detector_looked_for_dogs(
    catalogue: Catalogue,
    classifier: Classifier,
    pair_classifier: Classifier,
    pair_photo: MakePhoto,
) -> None:
    one = pair_photo("kennel/pair.png", RED, GREEN)
    catalogue.scan(one, classifier=classifier)
    entry = catalogue.label(one, Label(Kind.DOG, box=LEFT), classifier=pair_classifier)
    entry = catalogue.label(one, Label(Kind.DOG, box=RIGHT), classifier=pair_classifier)
    assert told(entry) == [(LEFT, "dog", "Chihuahua"), (RIGHT, "dog", "Pug")]
    other = pair_photo("others/pair.png", GREEN, RED)
    catalogue.scan(other, classifier=pair_classifier)
    small = Box(0.35, 0.5, 0.1, 0.3)
    entry = catalogue.label(other, Label(Kind.DOG, box=small), classifier=classifier)
    assert told(entry)[2] == (small, "dog", "Pug")


def test_another_network_does_not_judge_drawn_boxes(
    catalogue: Catalogue,
    pair: Path,
    colour_info: BundleInfo,
    write_bundle: Callable[..., Path],
    tmp_path: Path,
) -> None:
    metadata = replace(colour_info, name="other").to_metadata()
    other = Classifier(write_bundle(tmp_path / "other.onnx", metadata), dogs=False)
    small = Box(0.35, 0.5, 0.1, 0.3)
    entry = catalogue.label(pair, Label(Kind.DOG, box=small), classifier=other)
    assert told(entry)[2] == (small, "uncertain", "")


def test_two_people_who_draw_at_once(catalogue: Catalogue, pair: Path) -> None:
    entry = catalogue.photo(pair)
    seen, small = entry.version, entry.dog(2).id
    catalogue.label(pair, Label(Kind.DOG, box=Box(0, 0, 0.1, 0.1), seen=seen, by="Ada"))
    for late in (
        Label(Kind.DOG, box=Box(0, 0, 0.2, 0.1), seen=seen, by="Ben"),
        Label(Kind.BREED, ("pug",), dog=small, seen=seen),
        Label(Kind.NOT_DOG, seen=seen),
    ):
        with pytest.raises(ReviewedMeanwhileError) as caught:
            catalogue.label(pair, late)
        assert caught.value.code == "label_spoken_since_seen"
    now = catalogue.photo(pair).version
    entry = catalogue.label(pair, Label(Kind.UNDO, seen=now))
    assert entry.version not in (seen, now)
    assert len(catalogue.history(pair)) == 2


def test_several_things_are_said_at_once_or_none(catalogue: Catalogue, pair: Path) -> None:
    boxes = [Box(0.1 * i, 0.8, 0.05, 0.1) for i in range(4)]
    small = catalogue.photo(pair).dog(2).id
    entry = catalogue.label(
        pair,
        [*(Label(Kind.DOG, box=box) for box in boxes), Label(Kind.BREED, ("boxer",), dog=small)],
    )
    assert names(entry) == ["Chihuahua", "Boxer", "", "", "", ""]
    with pytest.raises(UnknownDogError):
        catalogue.label(pair, [Label(Kind.NOT_DOG), Label(Kind.UNSURE, dog=1)])
    assert len(catalogue.history(pair)) == 5


def test_dogs_that_are_not_there_and_boxes_that_make_no_sense(
    catalogue: Catalogue, pair: Path
) -> None:
    with pytest.raises(UnknownDogError, match="has 2 dogs with boxes, so there is no dog 3"):
        catalogue.photo(pair).dog(3)
    with pytest.raises(UnknownDogError, match="no dog with the id 5; it has 2 dogs"):
        catalogue.label(pair, Label(Kind.BREED, ("pug",), dog=5))
    with pytest.raises(UnknownDogError):
        catalogue.label(pair, Label(Kind.UNDO, dog=5))
    with pytest.raises(NothingToSayError, match="Nobody has corrected dog 2 of"):
        catalogue.label(pair, Label(Kind.UNDO, dog=catalogue.photo(pair).dog(2).id))
    with pytest.raises(UsageError) as caught:
        Label(Kind.DOG)
    assert caught.value.code == "label_box_missing"
    with pytest.raises(UsageError) as caught:
        Label(Kind.NOT_DOG, box=LEFT)
    assert caught.value.code == "label_box_unused"
    for sides in ((0.5, 0, 0.6, 1), (0, 0, 0, 1), (-0.1, 0, 0.5, 1)):
        with pytest.raises(UsageError, match="is empty, or does not lie inside"):
            Label(Kind.DOG, box=Box(*sides))
    assert catalogue.history(pair) == []


def test_a_photo_has_a_thousand_boxes_at_most(catalogue: Catalogue, pair: Path) -> None:
    many = [
        Label(Kind.DOG, box=Box(i / 40, j / 25, 1 / 50, 1 / 30))
        for i in range(40)
        for j in range(25)
    ]
    assert len(catalogue.label(pair, many[:998]).dogs or ()) == 1000
    with pytest.raises(NothingToSayError) as caught:
        catalogue.label(pair, many[998])
    assert caught.value.code == "label_too_many_dogs"


def test_a_review_asks_for_one_dog_after_the_other(
    catalogue: Catalogue, pair_classifier: Classifier, pair_photo: MakePhoto
) -> None:
    folder = pair_photo("kennel/a.png", GREY, GREY).parent
    pair_photo("kennel/b.png", RED, GREY)
    pair_photo("kennel/c.png", RED, GREEN)
    catalogue.scan(folder, classifier=pair_classifier)
    queue = catalogue.review
    assert queue.progress("ada").left == 2
    assert [Path(one.file).name for one in queue.look()] == ["a.png", "b.png"]
    (first, other) = queue.take("ada")
    assert [Path(one.file).name for one in (first, other)] == ["a.png", "b.png"]
    asked = []
    while entries := queue.take("ada"):
        entry = entries[0]
        assert entry.open_dog is not None
        asked.append((Path(entry.file).name, entry.open_dog.box))
        said = Label(Kind.BREED, ("pug",), dog=entry.open_dog.id, seen=entry.version)
        after = queue.answer("ada", entry.id, said)
        with pytest.raises(ReviewedMeanwhileError):
            queue.answer("ben", entry.id, Label(Kind.UNSURE, dog=entry.open_dog.id))
    assert asked == [("a.png", LEFT), ("a.png", RIGHT), ("b.png", RIGHT)]
    assert names(after) == ["Chihuahua", "Pug"]
    assert queue.progress("ada").left == 0
    again = queue.undo("ada")
    assert again is not None
    assert (Path(again.file).name, again.dog(2).corrected) == ("b.png", False)
    assert [Path(one.file).name for one in queue.take("ada")] == ["b.png"]


@pytest.fixture
def several(catalogue: Catalogue, pair_classifier: Classifier, pair_photo: MakePhoto) -> Catalogue:
    """Photos named after their dogs: Chihuahua, Pug, one that is uncertain, none."""
    of_names = {"c": RED, "p": GREEN, "u": GREY, "n": BLACK}
    for name in ("cp", "pc", "cc", "cu", "cn", "nn"):
        left, right = (of_names[one] for one in name)
        folder = pair_photo(f"kennel/{name}.png", left, right).parent
    catalogue.scan(folder, classifier=pair_classifier)
    catalogue.label(
        folder / "cc.png",
        Label(Kind.CROSS, ("boxer", "pug"), dog=catalogue.photo(folder / "cc.png").dog(2).id),
    )
    return catalogue


BY_DOGS = [
    (Filter(), "cp pc cc cu cn nn"),
    (Filter(breed="pug"), "cp pc cc"),
    (Filter(breeds=("pug",)), "cp pc cc"),
    (Filter(breed="chihuahua"), "cp pc cc cu cn"),
    (Filter(breed="boxer"), "cc"),
    (Filter(breed="chihuahua", breeds=("pug",)), "cp pc cc"),
    (Filter(breeds=("chihuahua", "pug", "boxer")), "cc"),
    (Filter(breeds=("chihuahua", "maltese")), ""),
    # Of the dog that is asked for.
    (Filter(breed="chihuahua", min_probability=0.7), "cp pc cc cu cn"),
    (Filter(breed="pug", min_probability=0.99), "cc"),
    (Filter(breeds=("chihuahua", "pug"), min_probability=0.8), "cp pc cc"),
    (Filter(group=9), "cp pc cc cu cn"),
    (Filter(breed="pug", group=2), ""),
    (Filter(breed="boxer", group=2), "cc"),
    (Filter(dogs=(0, 0)), "nn"),
    (Filter(dogs=(1, 1)), "cn"),
    (Filter(dogs=(2, None)), "cp pc cc cu"),
    (Filter(dogs=(1, 2)), "cp pc cc cu cn"),
    (Filter(dogs=(3, None)), ""),
    (Filter(dogs=(2, 2), breed="boxer"), "cc"),
    (Filter(text="boxer"), "cc"),
    (Filter(status=(Status.NOT_DOG,), breed="pug"), ""),
]


def test_photos_are_found_by_each_of_their_dogs(
    several: Catalogue, subtests: pytest.Subtests
) -> None:
    for query, expected in BY_DOGS:
        with subtests.test(str(query)):
            names = sorted(expected.split())
            assert [Path(one.file).stem for one in several.search(query)] == names
            assert [Path(one.file).stem for one in several.page(query, limit=3)] == names[:3]
            assert several.count(query) == len(names)
            first = several.page(query, limit=1)
            if first:
                (place,) = several.folders(str(Path(first[0].file).parents[1]), query)
                assert place.photos == len(names)


def test_sums_are_of_main_dogs(several: Catalogue) -> None:
    counts = several.counts("breed")
    assert counts == {"n02085620": 4, "n02110958": 1}
    assert several.counts("status") == {"dog": 5, "not_dog": 1}


@pytest.mark.parametrize(
    ("text", "expected"),
    [("2", (2, 2)), ("2+", (2, None)), ("1-3", (1, 3)), (" 0 ", (0, 0)), ("0+", (0, None))],
)
def test_numbers_of_dogs(text: str, expected: tuple[int, int | None]) -> None:
    assert number_of_dogs(text) == expected


@pytest.mark.parametrize("text", ["", "two", "-1", "3-1", "1-", "+", "2++", "99999", "1.5"])
def test_what_is_no_number_of_dogs(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        number_of_dogs(text)
    assert caught.value.code == "filter_dogs_invalid"


def test_photos_like_one_of_the_dogs(several: Catalogue) -> None:
    photos = {Path(one.file).stem: one for one in several.search()}
    mixed = photos["cp"]
    by_main = several.like(mixed.id)
    assert Path(by_main[0].entry.file).stem in ("cc", "cn", "cu")
    by_dog = several.like(mixed.id, dog=mixed.dog(2).id, limit=1)
    assert [Path(one.entry.file).stem for one in by_dog] == ["pc"]
    assert by_dog[0].similarity > 0.99
    main = several.like(mixed.id, dog=mixed.dog(1).id)
    assert [one.entry.id for one in main] == [one.entry.id for one in by_main]
    drawn = several.label(mixed.id, Label(Kind.DOG, box=Box(0.45, 0.1, 0.1, 0.2))).dog(3)
    with pytest.raises(PhotoError) as caught:
        several.like(mixed.id, dog=drawn.id)
    assert caught.value.code == "similar_dog_never_seen"
    with pytest.raises(UnknownDogError):
        several.like(mixed.id, dog=5)


OVER_LEFT, SPECK = Box(0.1, 0, 0.4, 1), Box(0.9, 0.9, 0.05, 0.05)
MALTESE = Label(Kind.BREED, ("maltese",))


def whole(entry: Entry) -> tuple[list[str], str, bool]:
    """What holds of each dog, the status of the photo, and whether it is corrected."""
    return names(entry), entry.status.value, entry.corrected


def test_what_is_said_of_the_photo_stays_with_its_dog(catalogue: Catalogue, pair: Path) -> None:
    large, small = catalogue.photo(pair).dogs or ()
    catalogue.label(pair, MALTESE)
    # Its box is moved.
    entry = catalogue.label(pair, Label(Kind.DOG, dog=large.id, box=SPECK))
    assert whole(entry) == (["Pug", "Maltese"], "dog", False)
    assert [dog.id for dog in entry.dogs or ()] == [small.id, large.id]
    entry = catalogue.label(pair, Label(Kind.DOG, dog=large.id, box=OVER_LEFT))
    assert whole(entry) == (["Pug", "Maltese"], "dog", False)
    entry = catalogue.label(pair, Label(Kind.UNDO, dog=large.id))
    entry = catalogue.label(pair, Label(Kind.UNDO, dog=large.id))
    assert whole(entry) == (["Maltese", "Pug"], "dog", True)
    # Another one is made larger.
    entry = catalogue.label(pair, Label(Kind.DOG, dog=small.id, box=Box(0, 0, 1, 1)))
    assert whole(entry) == (["Pug", "Maltese"], "dog", False)
    catalogue.label(pair, Label(Kind.UNDO, dog=small.id))
    # It is none: what was said stays the photo's, and goes to no other dog.
    entry = catalogue.label(pair, Label(Kind.NOT_DOG, dog=large.id))
    assert whole(entry) == (["Pug"], "dog", True)
    assert entry.labels[0].en == "Maltese"
    for breed in ("maltese", "pug"):
        assert catalogue.count(Filter(breed=breed)) == 1
    assert catalogue.history(pair)[0].box is None


def test_the_only_dog_of_a_labelled_photo_is_moved(
    catalogue: Catalogue, pair_classifier: Classifier, pair_photo: MakePhoto
) -> None:
    photo = pair_photo("kennel/one.png", RED, BLACK)
    catalogue.scan(photo.parent, classifier=pair_classifier)
    catalogue.label(photo, MALTESE)
    dog = catalogue.photo(photo).dog(1).id
    for box in (SPECK, Box(0.6, 0, 0.4, 1), OVER_LEFT):
        entry = catalogue.label(photo, Label(Kind.DOG, dog=dog, box=box))
        assert whole(entry) == (["Maltese"], "dog", True)
        catalogue.scan(photo.parent, classifier=pair_classifier)
        assert whole(catalogue.photo(photo)) == (["Maltese"], "dog", True)


def test_a_photo_labelled_before_dogs_were_looked_for_keeps_its_label(
    catalogue: Catalogue,
    pair_classifier: Classifier,
    classifier: Classifier,
    pair_photo: MakePhoto,
) -> None:
    photo = pair_photo("kennel/pair.png", RED, GREEN)
    catalogue.scan(photo.parent, classifier=classifier)
    catalogue.label(photo, MALTESE)
    # Boxes are drawn or imported, also where a model sees a dog later.
    for box in (SPECK, OVER_LEFT):
        entry = catalogue.label(photo, Label(Kind.DOG, box=box, by="MegaDetector"))
        assert (entry.status, entry.corrected, entry.labels[0].en) == (Status.DOG, True, "Maltese")
    assert catalogue.count(Filter(breed="maltese")) == 1
    catalogue.scan(photo.parent, classifier=pair_classifier)
    entry = catalogue.photo(photo)
    assert whole(entry) == (["Pug", "Maltese", ""], "dog", False)
    assert catalogue.count(Filter(breed="maltese")) == 1
    catalogue.scan(photo.parent, classifier=classifier)
    assert catalogue.photo(photo).labels[0].en == "Maltese"


def test_a_photo_keeps_its_label_where_dogs_are_no_longer_looked_for(
    catalogue: Catalogue, pair: Path, classifier: Classifier, pair_classifier: Classifier
) -> None:
    catalogue.label(pair, MALTESE)
    small = catalogue.photo(pair).dog(2).id
    catalogue.label(pair, Label(Kind.BREED, ("boxer",), dog=small))
    catalogue.scan(pair.parent, classifier=classifier)
    entry = catalogue.photo(pair)
    assert whole(entry) == (["Boxer"], "dog", True)
    assert entry.labels[0].en == "Maltese"
    assert [catalogue.count(Filter(breed=one)) for one in ("maltese", "boxer")] == [1, 1]
    catalogue.scan(pair.parent, classifier=pair_classifier)
    assert whole(catalogue.photo(pair)) == (["Maltese", "Boxer"], "dog", True)


def test_a_merged_move_of_the_box_leaves_the_label_of_the_photo(
    catalogue: Catalogue, pair: Path, pair_classifier: Classifier, tmp_path: Path
) -> None:
    with Catalogue(tmp_path / "ben.sqlite") as ben:
        ben.scan(pair.parent, classifier=pair_classifier)
        ben.label(pair, Label(Kind.DOG, dog=ben.photo(pair).dog(1).id, box=SPECK, by="Ben"))
        catalogue.label(pair, Label(Kind.BREED, ("maltese",), by="Ada"))
        assert catalogue.merge(tmp_path / "ben.sqlite").conflicts == 0
    assert whole(catalogue.photo(pair)) == (["Pug", "Maltese"], "dog", False)


def test_another_dog_over_one_that_is_there(
    catalogue: Catalogue, pair: Path, pair_classifier: Classifier
) -> None:
    large, small = catalogue.photo(pair).dogs or ()
    entry = catalogue.label(pair, Label(Kind.DOG, box=OVER_LEFT))
    drawn = entry.dog(3)
    assert [dog.box for dog in entry.dogs or ()] == [LEFT, RIGHT, OVER_LEFT]
    assert [dog.id for dog in entry.dogs or ()] == [large.id, small.id, drawn.id]
    catalogue.scan(pair.parent, classifier=pair_classifier)
    assert len(catalogue.photo(pair).dogs or ()) == 3
    entry = catalogue.label(pair, Label(Kind.UNDO, dog=drawn.id))
    assert [dog.id for dog in entry.dogs or ()] == [large.id, small.id]


def test_a_photo_whose_dogs_were_all_taken_away_shows_none(
    catalogue: Catalogue, pair: Path, classifier: Classifier
) -> None:
    for dog in catalogue.photo(pair).dogs or ():
        catalogue.label(pair, Label(Kind.NOT_DOG, dog=dog.id))
    catalogue.scan(pair.parent, classifier=classifier)
    assert whole(catalogue.photo(pair)) == ([], "not_dog", True)
