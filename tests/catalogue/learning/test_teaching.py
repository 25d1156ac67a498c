"""What people say of a catalogue's photos teaches its model."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import select

from barkive.boxes import Box
from barkive.catalogue import AnimalFields, Catalogue, Filter, Kind, Label
from barkive.catalogue.db import schema
from barkive.classifier import Classifier
from barkive.clock import now
from barkive.errors import LearningError, NothingToSayError, SwitchedMeanwhileError
from barkive.learning import Memory
from barkive.onnx_graph import Graph

MakePhoto = Callable[..., Path]
CHIHUAHUA, PUG = "n02085620", "n02110958"


@pytest.fixture
def remembering(colour_bundle: Path, tmp_path: Path, pair_classifier: Classifier) -> Classifier:
    """Takes colours for breeds, and remembers twelve photos of each."""
    graph = Graph(colour_bundle.read_bytes())
    noise = np.random.default_rng(0).integers(-8, 9, (36, 3))
    colours = np.repeat([(240, 12, 12), (12, 240, 12), (12, 12, 240)], 12, axis=0) + noise
    graph.set_notes(Memory(colours.astype(np.float32), np.repeat([0, 1, 2], 12)).to_notes())
    path = tmp_path / "remembering.onnx"
    path.write_bytes(graph.to_bytes())
    return Classifier(path, dogs=pair_classifier.bundle.detector)


@pytest.fixture
def shades(colour_photo: MakePhoto) -> list[Path]:
    """Fourteen photos of shades of white, which no breed has yet, and four of a red dog."""
    whites = [colour_photo(f"shelter/{i}a.png", (240 - i, 241 - i, 242 - i)) for i in range(14)]
    return [*whites, *(colour_photo(f"shelter/{i}r.png", (245 - i, 10, 10)) for i in range(4))]


@pytest.fixture
def taught(catalogue: Catalogue, remembering: Classifier, shades: list[Path]) -> Catalogue:
    """A catalogue in which eight white dogs are called Dachshund."""
    catalogue.scan([shades[0].parent], classifier=remembering)
    catalogue.add_breed("Dachshund", "Teckel", fci=148, group=4)
    for path in shades[:8]:
        catalogue.label(str(path), Label(Kind.BREED, ("Teckel",), by="Ada"))
    return catalogue


def breeds(catalogue: Catalogue, name: str) -> list[str]:
    return [Path(entry.file).name for entry in catalogue.search(Filter(breed=name))]


def test_a_breed_of_eight_photos_is_found_on_others(
    taught: Catalogue, remembering: Classifier
) -> None:
    assert len(breeds(taught, "Dachshund")) == 8
    assert taught.taught_since == 8
    learning = taught.learn(classifier=remembering, by="Ada")
    assert (learning.report.photos, learning.report.fresh, learning.report.by) == (8, 8, "Ada")
    assert (learning.report.own.before, learning.report.own.after) == (0, 8)
    # Nothing is in use yet.
    assert taught.model_in_use is None
    assert len(breeds(taught, "Dachshund")) == 8
    assert taught.use(learning).photos == 18
    assert len(breeds(taught, "Teckel")) == 14
    assert taught.taught_since == 0
    assert taught.classifier().bundle.info.labels[3].fr == "Teckel"


def test_a_scan_gives_byte_for_byte_what_the_features_gave(
    taught: Catalogue, remembering: Classifier, shades: list[Path], tmp_path: Path
) -> None:
    taught.use(taught.learn(classifier=remembering))
    in_use = taught.classifier(dogs=False)

    def answers(catalogue: Catalogue, model: str) -> list[tuple[object, ...]]:
        answer, c = schema.answer.c, schema.model.c
        columns = (answer.sha256, answer.status, answer.probabilities, answer.dog, answer.vector)
        found = select(*columns).join_from(schema.answer, schema.model, c.id == answer.model_id)
        with catalogue._database.read() as connection:
            rows = connection.execute(found.where(c.name == model).order_by(answer.sha256))
            return [tuple(map(bytes_or_self, row)) for row in rows]

    def bytes_or_self(value: object) -> object:
        return bytes(value) if isinstance(value, memoryview) else value

    model = taught.classifier().bundle.model
    again = answers(taught, model)
    assert len(again) == 18
    with Catalogue(tmp_path / "fresh.sqlite") as fresh:
        fresh.scan([shades[0].parent], classifier=Classifier(in_use.bundle.path))
        assert answers(fresh, model) == again


def test_undone_it_is_as_before(taught: Catalogue, remembering: Classifier) -> None:
    learning = taught.learn(classifier=remembering)
    taught.use(learning)
    learned = taught.known_models()[0]
    assert (learned.undone_by, learned.undone_at) == (None, None)
    before = now()
    assert taught.undo_learning(by="Ada").photos == 18
    undone = taught.known_models()[0]
    assert undone.undone_at is not None
    assert before <= undone.undone_at <= now()
    assert replace(undone, undone_at=None) == replace(
        learned, is_in_use=False, photos=0, undone_by="Ada"
    )
    assert len(breeds(taught, "Dachshund")) == 8
    assert taught.taught_since == 8
    # Put to use again, it is not undone any more.
    taught.use(replace(learning, was=taught.model_in_use))
    assert [one.undone_at for one in taught.known_models()] == [None, None]


def test_the_second_time_it_goes_on_from_the_first(
    taught: Catalogue, remembering: Classifier, shades: list[Path]
) -> None:
    taught.use(taught.learn(classifier=remembering))
    for path in shades[8:10]:
        taught.label(str(path), Label(Kind.BREED, ("Dachshund",)))
    assert taught.taught_since == 2
    learning = taught.learn()
    assert (learning.report.photos, learning.report.fresh) == (10, 2)
    assert (learning.report.own.before, learning.report.own.after) == (10, 10)
    taught.use(learning)
    assert [label.id for label in taught.classifier().bundle.info.labels[3:]] == ["Dachshund"]


def test_a_review_counts_first_guesses_at_what_was_not_learned(
    taught: Catalogue, remembering: Classifier, shades: list[Path]
) -> None:
    assert (taught.review.progress("me").checked, taught.review.progress("me").right) == (8, 0)
    taught.use(taught.learn(classifier=remembering))
    assert taught.review.progress("me").checked == 0
    taught.label(str(shades[8]), Label(Kind.BREED, ("Dachshund",)))
    assert (taught.review.progress("me").checked, taught.review.progress("me").right) == (1, 1)


def test_labels_without_features_are_counted(
    taught: Catalogue, remembering: Classifier, shades: list[Path], classifier: Classifier
) -> None:
    """Some photos were judged by another model."""
    with taught._database.write() as connection:
        first = select(schema.answer.c.id).order_by(schema.answer.c.id).limit(3)
        numbers = connection.execute(first).scalars().all()
        without = schema.answer.update().where(schema.answer.c.id.in_(numbers))
        connection.execute(without.values(features=None))
    report = taught.learn(classifier=remembering).report
    assert report.photos + report.unjudged == 8
    assert report.unjudged > 0
    with pytest.raises(LearningError, match="None of the 8 labels can be learned yet"):
        taught.learn(classifier=classifier)


def test_a_label_that_was_taken_back_teaches_nothing(
    taught: Catalogue, remembering: Classifier, shades: list[Path]
) -> None:
    taught.label(str(shades[0]), Label(Kind.UNDO))
    assert taught.learn(classifier=remembering).report.photos == 7


def test_each_dog_of_a_photo_teaches(
    taught: Catalogue,
    remembering: Classifier,
    pair_photo: MakePhoto,
) -> None:
    path = pair_photo("shelter/pair.png", (235, 235, 235), (10, 250, 10))
    taught.scan([path], classifier=remembering)
    white, green = taught.photo(str(path)).dogs or ()
    taught.label(str(path), Label(Kind.BREED, ("Dachshund",), dog=white.id))
    taught.label(str(path), Label(Kind.BREED, (PUG,), dog=green.id))
    report = taught.learn(classifier=remembering).report
    assert [(one.breed.id, one.score.photos) for one in report.breeds] == [
        ("Dachshund", 9),
        (PUG, 1),
    ]


def test_a_drawn_box_teaches_where_the_model_judged_it(
    taught: Catalogue, remembering: Classifier, shades: list[Path]
) -> None:
    drawn = Label(Kind.BREED, ("Dachshund",), box=Box(0.1, 0.1, 0.5, 0.5))
    taught.label(str(shades[8]), drawn, classifier=remembering)
    taught.label(str(shades[9]), drawn)
    report = taught.learn(classifier=remembering).report
    assert (report.photos, report.unjudged) == (9, 1)


def test_two_people_who_learn_at_once(taught: Catalogue, remembering: Classifier) -> None:
    first = taught.learn(classifier=remembering)
    second = taught.learn(classifier=remembering)
    taught.use(first)
    with pytest.raises(SwitchedMeanwhileError):
        taught.use(second)
    assert len(breeds(taught, "Dachshund")) == 14


def test_what_got_worse_is_not_used(taught: Catalogue, remembering: Classifier) -> None:
    from dataclasses import replace

    from barkive.learning import Score

    learning = taught.learn(classifier=remembering)
    worse = replace(learning, report=replace(learning.report, own=Score(8, 5, 3, 3)))
    with pytest.raises(LearningError, match="right on 3 of 8 of your photos instead of 5"):
        taught.use(worse)
    assert taught.model_in_use is None


def test_the_models_are_listed(taught: Catalogue, remembering: Classifier) -> None:
    taught.use(taught.learn(classifier=remembering, by="Ada"))
    last, first = taught.known_models()
    assert (last.is_in_use, last.breeds, last.photos, last.parent, last.learned_by) == (
        True,
        4,
        18,
        remembering.bundle.model,
        "Ada",
    )
    assert last.report is not None
    assert last.report.own.after == 8
    assert (first.is_in_use, first.breeds, first.report) == (False, 3, None)


def test_photos_of_one_animal_are_one_group(
    catalogue: Catalogue, remembering: Classifier, colour_photo: MakePhoto
) -> None:
    for i in range(6):
        path = colour_photo(f"shelter/Rex_{i}.png", (240 - i, 240, 240))
        catalogue.scan([path], classifier=remembering)
        catalogue.label(str(path), Label(Kind.BREED, ("Dachshund",), other=True))
    # While Rex is judged, nothing was learned of him.
    assert catalogue.learn(classifier=remembering).report.own.after == 0


def test_photos_that_people_put_to_one_animal_are_one_group(
    taught: Catalogue, remembering: Classifier, shades: list[Path]
) -> None:
    assert taught.learn(classifier=remembering).report.own.after == 8
    # Of three photos of Rex, two show Mila as well.
    taught.animals.new(AnimalFields(name="Rex"), shades[:3])
    taught.animals.new(AnimalFields(name="Mila"), shades[1:8])
    assert taught.learn(classifier=remembering).report.own.after == 0


def test_of_many_models_the_last_three_are_kept(
    taught: Catalogue, remembering: Classifier, shades: list[Path]
) -> None:
    taught.use(taught.learn(classifier=remembering))
    for path in shades[8:11]:
        taught.label(str(path), Label(Kind.BREED, ("Dachshund",)))
        taught.use(taught.learn())
    reports = [one.report for one in taught.known_models()]
    assert [report.photos for report in reports if report is not None] == [11, 10, 9, 8]
    taught.undo_learning()
    taught.undo_learning()
    assert taught.classifier().bundle.info.provenance["learned"]["report"]["photos"] == 9
    with pytest.raises(NothingToSayError, match="is not kept any more"):
        taught.undo_learning()
