import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import update

from barkive.catalogue import Catalogue, Filter, Kind, Label
from barkive.catalogue.annotations import review_queue
from barkive.catalogue.annotations.review_queue import Progress, ReviewQueue
from barkive.catalogue.db import schema
from barkive.classifier import Classifier
from barkive.errors import (
    ReviewedMeanwhileError,
    UnknownBreedError,
    UnknownPhotoError,
    UsageError,
)
from barkive.verdicts import Status

PUG = Label(Kind.BREED, ("pug",))
NO_DOG = Filter(status=(Status.NOT_DOG,))


@pytest.fixture
def unsure(
    catalogue: Catalogue, classifier: Classifier, colour_photo: Callable[..., Path]
) -> Callable[[int], Path]:
    """Catalogues so many photos that the model is not sure of, each surer than the last."""

    def make(count: int) -> Path:
        for i in range(count):
            colour_photo(f"unsure/{i:02}.png", (120 + i, 110, 90))
        folder = colour_photo("unsure/rex.png", (250, 10, 10)).parent
        catalogue.scan(folder, classifier=classifier)
        return folder

    return make


@pytest.fixture
def dark(catalogue: Catalogue, classifier: Classifier, colour_photo: Callable[..., Path]) -> Path:
    """Four photos on which the model sees no dog, at log-odds -33, -5, -51 and -18; others."""
    for name, colour in {
        "night": (9, 9, 9),
        "dusk": (30, 20, 5),
        "cellar": (3, 3, 3),
        "cave": (12, 14, 16),
        "mix": (120, 110, 90),
        "rex": (250, 10, 10),
    }.items():
        folder = colour_photo(f"dark/{name}.png", colour).parent
    catalogue.scan(folder, classifier=classifier)
    return folder


def names(catalogue: Catalogue, desk: str, **options: object) -> list[str]:
    return [Path(one.file).stem for one in catalogue.review.take(desk, **options)]  # type: ignore[arg-type]


def number(folder: Path, name: str, catalogue: Catalogue) -> int:
    return catalogue.photo(folder / f"{name}.png").id


def test_the_least_sure_comes_first_and_those_behind_it_are_told(
    catalogue: Catalogue, unsure: Callable[[int], Path]
) -> None:
    unsure(6)
    assert names(catalogue, "ada") == ["00", "01", "02", "03"]
    assert names(catalogue, "ada") == ["00", "01", "02", "03"]


def test_two_desks_never_have_the_same_photo_before_them(
    catalogue: Catalogue, unsure: Callable[[int], Path]
) -> None:
    folder = unsure(3)
    assert names(catalogue, "ada") == ["00", "01", "02"]
    assert names(catalogue, "bo") == ["01", "02"]
    catalogue.review.answer("ada", number(folder, "00", catalogue), PUG)
    assert names(catalogue, "ada") == ["02"]
    catalogue.review.leave("bo")
    assert names(catalogue, "cy") == ["01"]


def test_two_at_once_share_all_photos_and_lose_none(
    catalogue: Catalogue, unsure: Callable[[int], Path]
) -> None:
    unsure(20)
    answered: list[str] = []

    def work(desk: str) -> None:
        while entries := catalogue.review.take(desk):
            catalogue.review.answer(desk, entries[0].id, PUG)
            answered.append(Path(entries[0].file).stem)

    people = [threading.Thread(target=work, args=(desk,)) for desk in ("ada", "bo")]
    for one in people:
        one.start()
    for one in people:
        one.join()
    assert sorted(answered) == [f"{i:02}" for i in range(20)]
    assert catalogue.count(Filter(corrected=True)) == 20


def test_the_photo_of_a_silent_desk_comes_back(
    catalogue: Catalogue, unsure: Callable[[int], Path]
) -> None:
    unsure(2)
    clock = datetime(2026, 6, 1)
    review = ReviewQueue(catalogue._store, clock=lambda: clock)
    assert [Path(one.file).stem for one in review.take("ada", count=1)] == ["00"]
    assert [Path(one.file).stem for one in review.take("bo", count=1)] == ["01"]
    clock += timedelta(minutes=6)
    assert [Path(one.file).stem for one in review.take("cy", count=2)] == ["00", "01"]


def test_an_answer_to_a_photo_that_was_answered_meanwhile_is_not_written(
    catalogue: Catalogue, unsure: Callable[[int], Path]
) -> None:
    folder = unsure(2)
    first = number(folder, "00", catalogue)
    catalogue.review.take("ada")
    catalogue.label(first, Label(Kind.BREED, ("maltese",), by="Bo"))
    with pytest.raises(ReviewedMeanwhileError, match=r"00\.png meanwhile; what they said stands"):
        catalogue.review.answer("ada", first, PUG)
    assert [one.kind for one in catalogue.history(first)] == ["breed"]
    assert catalogue.photo(first).labels[0].en == "Maltese"
    assert names(catalogue, "ada") == ["01"]


def test_an_unknown_breed_or_photo_changes_nothing(
    catalogue: Catalogue, unsure: Callable[[int], Path]
) -> None:
    folder = unsure(1)
    first = number(folder, "00", catalogue)
    catalogue.review.take("ada")
    with pytest.raises(UnknownBreedError):
        catalogue.review.answer("ada", first, Label(Kind.BREED, ("cat",)))
    with pytest.raises(UnknownPhotoError):
        catalogue.review.skip("ada", 999)
    assert names(catalogue, "ada") == ["00"]


def test_undo_goes_back_step_by_step(catalogue: Catalogue, unsure: Callable[[int], Path]) -> None:
    folder = unsure(4)
    review = catalogue.review
    for name in ("00", "01"):
        review.take("ada")
        review.answer("ada", number(folder, name, catalogue), PUG)
    review.take("ada")
    review.skip("ada", number(folder, "02", catalogue))
    assert names(catalogue, "ada") == ["03"]
    undone = []
    while (entry := review.undo("ada")) is not None:
        assert not entry.corrected
        undone.append(Path(entry.file).stem)
        assert names(catalogue, "ada")[0] == undone[-1]
    assert undone == ["02", "01", "00"]
    assert review.undo("bo") is None
    assert names(catalogue, "ada") == ["00", "01", "02", "03"]


def test_undo_leaves_what_somebody_said_since(
    catalogue: Catalogue, unsure: Callable[[int], Path]
) -> None:
    folder = unsure(2)
    first = number(folder, "00", catalogue)
    catalogue.review.take("ada")
    catalogue.review.answer("ada", first, PUG)
    catalogue.label(first, Label(Kind.BREED, ("maltese",), by="Bo"))
    with pytest.raises(ReviewedMeanwhileError, match="since; what they said stands"):
        catalogue.review.undo("ada")
    assert catalogue.photo(first).labels[0].en == "Maltese"
    assert catalogue.review.undo("ada") is None


def test_skipped_photos_come_back_when_asked_for(
    catalogue: Catalogue, unsure: Callable[[int], Path]
) -> None:
    folder = unsure(2)
    for name in ("00", "01"):
        catalogue.review.take("ada")
        catalogue.review.skip("ada", number(folder, name, catalogue))
    assert names(catalogue, "ada") == []
    assert names(catalogue, "bo") == ["00", "01"]
    catalogue.review.leave("bo")
    assert catalogue.review.unskip("ada") == 2
    assert names(catalogue, "ada") == ["00", "01"]


def test_one_content_in_several_files_is_asked_about_once(
    catalogue: Catalogue, classifier: Classifier, colour_photo: Callable[..., Path]
) -> None:
    first = colour_photo("twice/a.png", (120, 110, 90))
    colour_photo("twice/b.png", (120, 110, 90))
    catalogue.scan(first.parent, classifier=classifier)
    assert names(catalogue, "ada") == ["a"]
    assert names(catalogue, "bo") == []
    entry = catalogue.review.answer("ada", catalogue.photo(first).id, PUG)
    assert entry.corrected
    assert names(catalogue, "ada") == []


def test_only_photos_that_are_meant_come(
    catalogue: Catalogue, unsure: Callable[[int], Path]
) -> None:
    folder = unsure(2)
    assert names(catalogue, "ada", query=Filter(text="01")) == ["01"]
    assert names(catalogue, "ada", query=Filter(folder=str(folder / "no"))) == []


def test_progress_tells_how_often_the_model_was_right(
    catalogue: Catalogue, unsure: Callable[[int], Path]
) -> None:
    folder = unsure(4)
    review = catalogue.review
    assert review.progress("ada") == Progress(4, 0, 0, 0, 0, 0)
    said = {
        "00": Label(Kind.BREED, ("chihuahua",)),  # the first guess
        "01": Label(Kind.CROSS, ("pug", "maltese")),  # among the first five
        "02": Label(Kind.NOT_DOG),  # not what it said
        "03": Label(Kind.UNSURE),  # tells nothing of the model
    }
    for name, correction in said.items():
        review.take("ada")
        review.answer("ada", number(folder, name, catalogue), correction)
    catalogue.label(folder / "rex.png", Label(Kind.BREED, ("chihuahua",)))
    assert review.progress("ada") == Progress(0, 4, 0, 4, 2, 3)
    assert review.progress("bo") == Progress(0, 0, 0, 4, 2, 3)


def test_photos_without_a_dog_come_when_asked_for_the_most_nearly_one_first(
    catalogue: Catalogue, dark: Path
) -> None:
    assert names(catalogue, "ada") == ["mix"]
    assert names(catalogue, "bo", query=NO_DOG) == ["dusk", "cave", "night", "cellar"]
    assert [Path(one.file).stem for one in catalogue.review.look(NO_DOG)] == [
        "dusk",
        "cave",
        "night",
        "cellar",
    ]
    (first, *_) = catalogue.review.take("bo", NO_DOG)
    assert (first.status, first.breeds, first.prediction and first.prediction.breeds) == (
        Status.NOT_DOG,
        (),
        (),
    )
    assert [one.label.en for one in first.guesses] == ["Chihuahua", "Pug", "Maltese"]
    assert first.guesses[0].probability == pytest.approx(31 / 58)


def test_what_is_said_of_photos_without_a_dog_can_be_taken_back(
    catalogue: Catalogue, dark: Path
) -> None:
    review = catalogue.review
    for name, correction in (("dusk", PUG), ("cave", Label(Kind.NOT_DOG))):
        assert names(catalogue, "ada", query=NO_DOG)[0] == name
        review.answer("ada", number(dark, name, catalogue), correction)
    assert catalogue.photo(dark / "dusk.png").labels[0].en == "Pug"
    assert names(catalogue, "ada", query=NO_DOG) == ["night", "cellar"]
    assert review.progress("ada", NO_DOG) == Progress(2, 2, 0, 2, 1, 1)
    assert review.progress("ada").left == 1
    for _ in range(2):
        review.undo("ada")
    review.leave("ada")
    assert names(catalogue, "bo", query=NO_DOG) == ["dusk", "cave", "night", "cellar"]


def test_photos_that_an_older_barkive_took_for_no_dog_come_last(
    catalogue: Catalogue, dark: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    c = schema.photo.c
    older = [number(dark, name, catalogue) for name in ("dusk", "night")]
    with catalogue._database.write() as connection:
        connection.execute(update(schema.photo).where(c.id.in_(older)).values(margin=None))
    last = sorted(("dusk", "night"), key=lambda name: number(dark, name, catalogue))
    assert names(catalogue, "ada", query=NO_DOG) == ["cave", "cellar", *last]
    assert [Path(one.file).stem for one in catalogue.review.look(NO_DOG)] == [
        "cave",
        "cellar",
        *last,
    ]
    catalogue.label(dark / "dusk.png", Label(Kind.BREED, ("pug",)))
    catalogue.label(dark / "dusk.png", Label(Kind.UNDO))
    assert names(catalogue, "bo", query=NO_DOG)[0] == "dusk"


def test_sure_ones_can_be_reviewed_and_several_statuses(catalogue: Catalogue, dark: Path) -> None:
    assert names(catalogue, "ada", query=Filter(status=(Status.DOG,))) == ["rex"]
    both = Filter(status=(Status.DOG, Status.UNCERTAIN))
    catalogue.review.leave("ada")
    assert names(catalogue, "bo", query=both) == ["mix", "rex"]


def test_photos_that_can_not_be_read_are_not_reviewed(catalogue: Catalogue) -> None:
    with pytest.raises(UsageError, match="no photos of the status failed"):
        catalogue.review.take("ada", Filter(status=(Status.NOT_DOG, Status.FAILED)))


@pytest.mark.parametrize("label", [PUG, Label(Kind.NOT_DOG), Label(Kind.UNSURE)])
def test_an_answer_that_comes_twice_is_written_once(
    catalogue: Catalogue, unsure: Callable[[int], Path], label: Label
) -> None:
    folder = unsure(2)
    first = number(folder, "00", catalogue)
    catalogue.review.take("ada")
    before = catalogue.review.answer("ada", first, label)
    assert catalogue.review.answer("ada", first, label).version == before.version
    assert len(catalogue.history(first)) == 1
    with pytest.raises(ReviewedMeanwhileError):
        catalogue.review.answer("ada", first, Label(Kind.BREED, ("maltese",)))
    with pytest.raises(ReviewedMeanwhileError):
        catalogue.review.answer("bo", first, label)
    catalogue.review.undo("ada")
    assert catalogue.review.answer("ada", first, label).corrected


@pytest.mark.parametrize("few", [0, 20_000])
def test_filters_are_kept_to_whichever_way_the_photos_are_found(
    catalogue: Catalogue, unsure: Callable[[int], Path], monkeypatch: pytest.MonkeyPatch, few: int
) -> None:
    monkeypatch.setattr(review_queue, "_FEW", few)
    monkeypatch.setattr(review_queue, "_STRIDE", 1)
    folder = unsure(5)
    inside = Filter(folder=str(folder))
    assert names(catalogue, "ada", query=inside) == ["00", "01", "02", "03"]
    looked = catalogue.review.look(inside, offset=3)
    assert [Path(one.file).stem for one in looked] == ["03", "04"]
    assert catalogue.review.left(inside) == 5
    assert names(catalogue, "bo", query=Filter(folder=str(folder), text="03")) == ["03"]
    assert names(catalogue, "cy", query=Filter(folder=str(folder / "no"))) == []


def test_photos_that_are_named_come_whatever_the_model_says_the_unsure_ones_first(
    catalogue: Catalogue, dark: Path, unsure: Callable[[int], Path]
) -> None:
    folder = unsure(1)
    named = [number(folder, "rex", catalogue), number(dark, "dusk", catalogue)]
    named.append(number(folder, "00", catalogue))
    chosen = Filter(numbers=tuple(named))
    assert names(catalogue, "ada", query=chosen) == ["00", "dusk", "rex"]
    catalogue.label(named[0], PUG)
    assert names(catalogue, "bo", query=chosen)[:1] == ["dusk"]
    assert catalogue.review.left(chosen) == 2
