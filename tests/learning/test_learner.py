"""A bundle learns new breeds from features, keeps its own, and says what it gained."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import numpy as np
import onnx
import pytest

from barkive.bundle import Bundle
from barkive.errors import LearningError
from barkive.learning import Learned, Lessons, Memory, Occasion, learn
from barkive.onnx_graph import Graph
from barkive.verdicts import BreedName

Around = Callable[..., np.ndarray]
RED, GREEN = (250, 10, 10), (10, 250, 10)
# Of the breeds Foo and Bar.
WHITE, BLACK = (240, 240, 240), (12, 12, 12)

CHIHUAHUA, PUG = "n02085620", "n02110958"
FOO, BAR = BreedName("Foo", "Foo", "Fou"), BreedName("Bar", "Bar", "Bar")
NAMES = {
    "Foo": FOO,
    "Bar": BAR,
    CHIHUAHUA: BreedName(CHIHUAHUA, "Chihuahua", "Chihuahua"),
    PUG: BreedName(PUG, "Pug", "Carlin"),
}
OCCASION = Occasion("Ada", datetime(2026, 5, 1, 10), unjudged=2)


def taught(bundle: Bundle, lessons: Lessons, **options: bool) -> Learned:
    return learn(bundle, lessons, NAMES, OCCASION, **options)


def opened(learned: Learned, path: Path) -> Bundle:
    path.write_bytes(learned.content)
    return Bundle.open(path)


def answers(bundle: Bundle, features: np.ndarray) -> list[str]:
    scores = bundle.score_features(features)
    return [bundle.info.labels[i].id for i in scores.probabilities.argmax(axis=1)]


def test_a_new_breed_is_learned_and_the_others_stay(
    remembering: Bundle, lessons: Callable[..., Lessons], tmp_path: Path, around: Around
) -> None:
    learned = taught(remembering, lessons((around(WHITE, 10), ("Foo",))))
    bundle = opened(learned, tmp_path / "learned.onnx")
    assert bundle.info.labels == (*remembering.info.labels, FOO)
    assert answers(bundle, around(WHITE, 5, seed=1)) == ["Foo"] * 5
    assert answers(bundle, around(RED, 5, seed=1)) == [CHIHUAHUA] * 5
    assert answers(bundle, around(GREEN, 5, seed=1)) == [PUG] * 5
    onnx.checker.check_model(onnx.load_from_string(learned.content))


def test_the_report_says_what_was_gained(
    remembering: Bundle, lessons: Callable[..., Lessons], around: Around
) -> None:
    given = lessons((around(WHITE, 10), ("Foo",)), (around(RED, 6), (CHIHUAHUA,)))
    report = taught(remembering, given).report
    assert report.parent == remembering.model
    assert (report.photos, report.fresh, report.unjudged, report.by) == (16, 16, 2, "Ada")
    assert report.at == "2026-05-01T10:00:00"
    assert (report.own.photos, report.own.before, report.own.after) == (16, 6, 16)
    assert [(one.breed.id, one.is_new, one.score.after) for one in report.breeds] == [
        ("Foo", True, 10),
        (CHIHUAHUA, False, 6),
    ]
    assert (report.remembered.photos, report.remembered.after) == (36, 36)
    assert report.is_better


def test_whether_there_is_a_dog_is_said_as_before(
    remembering: Bundle, lessons: Callable[..., Lessons], tmp_path: Path, around: Around
) -> None:
    bundle = opened(
        taught(remembering, lessons((around(WHITE, 10), ("Foo",)))), tmp_path / "l.onnx"
    )
    some = np.concatenate([around(WHITE, 5), around((9, 9, 9), 5)])
    before, after = remembering.score_features(some), bundle.score_features(some)
    assert after.dog.tobytes() == before.dog.tobytes()
    assert bundle.info.dog_threshold == remembering.info.dog_threshold


def test_the_same_lessons_give_the_same_bundle(
    remembering: Bundle, lessons: Callable[..., Lessons], around: Around
) -> None:
    given = lessons((around(WHITE, 10), ("Foo",)), (around(RED, 6), (CHIHUAHUA,)))

    def head() -> bytes:
        return Graph(taught(remembering, given).content).head("logits")

    assert head() == head()


def test_a_breed_with_four_photos_waits(
    remembering: Bundle, lessons: Callable[..., Lessons], tmp_path: Path, around: Around
) -> None:
    given = lessons((around(WHITE, 6), ("Foo",)), (around(BLACK, 4), ("Bar",)))
    learned = taught(remembering, given)
    assert learned.report.later == ((BAR, 4),)
    assert opened(learned, tmp_path / "l.onnx").info.labels[3:] == (FOO,)


def test_too_few_labels_are_refused(
    remembering: Bundle, lessons: Callable[..., Lessons], around: Around
) -> None:
    with pytest.raises(LearningError, match="There are 4 labels to learn from, and at least 5"):
        taught(remembering, lessons((around(WHITE, 4), ("Foo",))))


def test_a_bundle_that_remembers_nothing_is_refused(
    colour_bundle: Path, lessons: Callable[..., Lessons], around: Around
) -> None:
    with pytest.raises(LearningError, match="remembers none of its breeds"):
        taught(Bundle.open(colour_bundle), lessons((around(WHITE, 10), ("Foo",))))


def test_copies_with_different_names_are_left_out_and_told(
    remembering: Bundle, lessons: Callable[..., Lessons], around: Around
) -> None:
    given = lessons((around(WHITE, 7), ("Foo",)), (around(WHITE, 1), (PUG,)))
    given.copies[7] = given.copies[0]
    report = taught(remembering, given).report
    assert report.contradictions == (("0.jpg", "7.jpg"),)
    assert report.photos == 6


def test_a_cross_and_what_is_no_dog_are_learned_as_well(
    remembering: Bundle, lessons: Callable[..., Lessons], around: Around
) -> None:
    given = lessons(
        (around(WHITE, 10), ("Foo",)),
        (around((130, 130, 10), 2), (CHIHUAHUA, PUG)),
        (around((90, 90, 90), 3), ()),
    )
    report = taught(remembering, given).report
    assert (report.photos, report.crosses, report.not_dogs, report.own.photos) == (15, 2, 3, 10)


def test_photos_of_another_breed_are_doubted(
    remembering: Bundle, lessons: Callable[..., Lessons], around: Around
) -> None:
    given = lessons((around(RED, 8), ("Foo",)), (around(WHITE, 6), ("Bar",)))
    suspects = taught(remembering, given).report.suspects
    assert {one.photo for one in suspects} == {f"{i}.jpg" for i in range(8)}
    assert {(one.said.id, one.looks_like.id) for one in suspects} == {("Foo", CHIHUAHUA)}


def test_one_wrong_photo_among_right_ones_is_doubted(
    remembering: Bundle, lessons: Callable[..., Lessons], around: Around
) -> None:
    given = lessons((around(WHITE, 9), ("Foo",)), (around(RED, 1), ("Foo",)))
    (suspect,) = taught(remembering, given).report.suspects
    assert (suspect.photo, suspect.looks_like.id) == ("9.jpg", CHIHUAHUA)


def test_photos_of_one_animal_are_never_on_both_sides(
    remembering: Bundle, lessons: Callable[..., Lessons], around: Around
) -> None:
    given = lessons((around(WHITE, 10), ("Foo",)))
    given.groups[:] = 0
    # All are one animal: while it is judged, nothing was learned of its breed.
    assert taught(remembering, given).report.own.after == 0


def test_what_it_has_learned_here_counts_as_before(
    remembering: Bundle, lessons: Callable[..., Lessons], tmp_path: Path, around: Around
) -> None:
    first = opened(
        taught(remembering, lessons((around(WHITE, 8), ("Foo",)))), tmp_path / "first.onnx"
    )
    given = lessons((around(WHITE, 8), ("Foo",)), (around(GREEN, 6), (PUG,)), known=8)
    second = taught(first, given)
    assert (second.report.photos, second.report.fresh) == (14, 6)
    assert (second.report.own.before, second.report.own.after) == (14, 14)
    bundle = opened(second, tmp_path / "second.onnx")
    assert bundle.info.labels == first.info.labels
    assert answers(bundle, around(WHITE, 5, seed=1)) == ["Foo"] * 5


def test_what_it_remembers_of_lessons_does_not_tell_of_them(
    remembering: Bundle, lessons: Callable[..., Lessons], tmp_path: Path, around: Around
) -> None:
    given = lessons((around(WHITE, 10), ("Foo",)))
    given.groups[:] = 0
    first = opened(taught(remembering, given), tmp_path / "first.onnx")
    given.known[:] = True
    report = taught(first, given).report
    assert (report.own.before, report.own.after) == (0, 0)


def test_a_breed_that_nobody_names_any_more_is_forgotten(
    remembering: Bundle, lessons: Callable[..., Lessons], tmp_path: Path, around: Around
) -> None:
    first = opened(
        taught(remembering, lessons((around(WHITE, 8), ("Foo",)))), tmp_path / "first.onnx"
    )
    second = taught(first, lessons((around(BLACK, 8), ("Bar",))))
    assert opened(second, tmp_path / "second.onnx").info.labels[3:] == (BAR,)


def test_a_bundle_from_elsewhere_keeps_what_it_was_taught_there(
    remembering: Bundle, lessons: Callable[..., Lessons], tmp_path: Path, around: Around
) -> None:
    first = opened(
        taught(remembering, lessons((around(WHITE, 8), ("Foo",)))), tmp_path / "first.onnx"
    )
    given = lessons((around(BLACK, 8), ("Bar",)))
    bundle = opened(taught(first, given, keeps_added=True), tmp_path / "second.onnx")
    assert bundle.info.labels[3:] == (FOO, BAR)
    assert answers(bundle, around(WHITE, 5, seed=1)) == ["Foo"] * 5


def test_it_says_where_it_comes_from(
    remembering: Bundle, lessons: Callable[..., Lessons], around: Around
) -> None:
    learned = taught(remembering, lessons((around(WHITE, 8), ("Foo",))))
    memory = Memory.read(Graph(learned.content))
    assert memory is not None
    assert np.bincount(memory.labels).tolist() == [12, 12, 12, 8]


def test_its_provenance_names_the_parent(
    remembering: Bundle, lessons: Callable[..., Lessons], tmp_path: Path, around: Around
) -> None:
    bundle = opened(taught(remembering, lessons((around(WHITE, 8), ("Foo",)))), tmp_path / "l.onnx")
    learned = bundle.info.provenance["learned"]
    assert learned["parent"] == {"name": "colours", "sha256": remembering.digest}
    assert (learned["report"]["photos"], learned["report"]["by"]) == (8, "Ada")
    # Names of photos are their owner's.
    assert (learned["report"]["suspects"], learned["report"]["contradictions"]) == ([], [])
    assert bundle.info.provenance["data"] == "none"
