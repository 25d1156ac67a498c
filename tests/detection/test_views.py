from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from barkive.boxes import Box
from barkive.classifier import Classifier
from barkive.detection.views import Viewer, crop
from barkive.images import Preprocessing
from barkive.verdicts import Scores, Status

RED, GREEN, BLACK = (250, 10, 10), (10, 250, 10), (9, 9, 9)


@pytest.mark.parametrize(
    ("box", "margin", "expected"),
    [
        (Box(0.25, 0.25, 0.5, 0.5), 0.0, (50, 12, 100, 75)),  # at most a third longer
        (Box(0.4, 0.4, 0.1, 0.3), 0.0, (79, 40, 22, 30)),
        (Box(0.4, 0.4, 0.1, 0.2), 0.5, (70, 30, 40, 40)),
        (Box(0.0, 0.0, 0.1, 0.2), 0.5, (0, 0, 40, 40)),  # moved into the photo
        (Box(0.9, 0.8, 0.1, 0.2), 0.5, (160, 60, 40, 40)),
        (Box(0.0, 0.0, 1.0, 1.0), 0.5, (0, 0, 200, 100)),
        (Box(0.5, 0.5, 0.0001, 0.0001), 0.0, (100, 50, 1, 1)),
    ],
)
def test_a_crop_is_a_box_with_what_is_round_it(
    box: Box, margin: float, expected: tuple[int, int, int, int]
) -> None:
    rows, columns = np.mgrid[:100, :200].astype(np.uint8)
    photo = np.stack([columns, rows, rows], axis=-1)
    cut = crop(photo, box, margin)
    left, top = int(cut[0, 0, 0]), int(cut[0, 0, 1])
    assert (left, top, cut.shape[1], cut.shape[0]) == expected


def test_the_first_view_is_of_the_whole_photo(
    pair_classifier: Classifier, pair_photo: Callable[..., Path]
) -> None:
    photo = pair_photo("two.png", RED, GREEN)
    views = pair_classifier.viewer.load(photo)
    assert views.pixels.shape == (3, 32, 32, 3)
    assert (views.pixels[0] == Preprocessing(32, "squash").load(photo)).all()
    assert views.proposals is not None
    assert len(views.proposals) == 2
    assert (views.first == views.pixels[1:]).all()


def test_without_a_detector_there_is_one_view(pair_photo: Callable[..., Path]) -> None:
    views = Viewer(Preprocessing(32), None).load(pair_photo("two.png", RED, GREEN))
    assert (views.pixels.shape, views.proposals) == ((1, 32, 32, 3), None)


def test_small_animals_are_cut_from_the_photo_in_full(pair_classifier: Classifier) -> None:
    """Decoding reduces this photo to an eighth: a half is then 12 pixels high."""
    photo = Image.new("RGB", (1280, 600), RED)
    photo.paste(GREEN, (640, 0, 1280, 600))
    checkered = np.asarray(photo).copy()
    checkered[::2, ::2] = 128
    content = io.BytesIO()
    Image.fromarray(checkered).save(content, "JPEG", quality=95)
    classifier = pair_classifier
    judged = list(classifier.judge([content.getvalue()], classifier.viewer.load))
    assert judged[0].dogs is not None
    assert [one.status for one in judged[0].dogs] == [Status.DOG, Status.DOG]


def test_each_dog_has_its_own_breeds_and_the_photo_those_of_the_largest(
    pair_classifier: Classifier, pair_photo: Callable[..., Path]
) -> None:
    photos = [
        pair_photo("two.png", RED, GREEN),
        pair_photo("one.png", BLACK, GREEN),
        pair_photo("none.png", BLACK, BLACK),
    ]
    two, one, none = pair_classifier.predict(photos, top=1)
    assert two.dogs is not None
    assert one.dogs is not None
    assert [(dog.box, dog.score, dog.breeds[0].label.en) for dog in two.dogs] == [
        (Box(0, 0, 0.5, 1), 0.9, "Chihuahua"),
        (Box(0.5, 0.1, 0.5, 0.9), 0.8, "Pug"),
    ]
    assert (two.status, two.breeds) == (Status.DOG, two.dogs[0].breeds)
    assert [dog.breeds[0].label.en for dog in one.dogs] == ["Pug"]
    assert (one.status, one.breeds) == (Status.DOG, one.dogs[0].breeds)
    assert (none.status, none.breeds, none.dogs) == (Status.NOT_DOG, (), ())


def test_a_photo_without_proposals_is_judged_as_a_whole(
    pair_classifier: Classifier, classifier: Classifier, colour_photo: Callable[..., Path]
) -> None:
    photo = colour_photo("red.png", RED)
    (with_dogs,), (without,) = (list(one.predict(photo)) for one in (pair_classifier, classifier))
    assert with_dogs.breeds == without.breeds
    assert (with_dogs.dogs, without.dogs) == ((), None)


@pytest.mark.parametrize("batch_size", [1, 2, 3, 50])
def test_the_size_of_a_batch_changes_nothing(
    pair_classifier: Classifier, pair_photo: Callable[..., Path], batch_size: int
) -> None:
    photos = [
        pair_photo(f"{i}.png", left, right)
        for i, (left, right) in enumerate([(RED, GREEN), (BLACK, RED), (GREEN, GREEN)] * 3)
    ]
    usual = [verdict.to_json() for verdict in pair_classifier.predict(photos)]
    assert usual == [
        verdict.to_json() for verdict in pair_classifier.predict(photos, batch_size=batch_size)
    ]


def test_the_whole_photo_is_judged_where_no_box_holds_a_dog(
    pair_classifier: Classifier,
    colour_bundle: Path,
    pair_photo: Callable[..., Path],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seen: list[int] = []
    score = Classifier.score

    def counted(self: Classifier, pixels: np.ndarray) -> Scores:
        seen.append(len(pixels))
        return score(self, pixels)

    monkeypatch.setattr(Classifier, "score", counted)
    photos = [pair_photo("two.png", RED, GREEN), pair_photo("none.png", BLACK, BLACK)]
    # With one thread no photo is judged as a whole while it is searched.
    classifier = Classifier(colour_bundle, dogs=pair_classifier.bundle.detector or False, threads=1)
    two, none = classifier.predict(photos, batch_size=8)
    assert (two.status, none.status) == (Status.DOG, Status.NOT_DOG)
    # Two crops of each, and then one of the photos as a whole; in one batch or in two.
    assert sum(seen) == 5
