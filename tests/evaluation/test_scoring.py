"""How photos become answers."""

import threading
import time

import numpy as np
import pytest

from barkive.errors import DataError
from barkive.evaluation import evaluate, read_not_dogs, scoring
from barkive.images import Preprocessing, ahead


def test_the_answers_are_in_the_order_of_the_photos(evaluation, data):
    dogs = evaluation.dogs
    assert dogs.paths[2] == str(data / "my-mutt" / "2.png")
    assert dogs.read.tolist() == [0, 1, 3, 4, 5]
    assert dogs.top[:, 0].tolist() == [1, 2, 2, 0, 1]
    assert dogs.probability.tolist() == [0.5, 1, 0.75, 0.75, 0.75]
    assert dogs.dog.tolist() == [12, 12, -8, 12, 12]
    assert dogs.statuses == ("uncertain", "dog", "not_dog", "dog", "dog")
    assert evaluation.correct.tolist() == [True, True, True, True, False]
    assert evaluation.confusion.tolist() == [[1, 1, 0], [0, 1, 0], [0, 0, 2]]


def test_unreadable_photos_are_listed_with_their_reason(evaluation, data, not_dogs):
    assert set(evaluation.failures) == {
        str(data / "my-mutt" / "2.png"),
        str(not_dogs / "deeper" / "3.png"),
    }
    assert all(evaluation.failures.values())


def test_more_photos_than_one_batch_stay_in_order(model, info, data, monkeypatch):
    monkeypatch.setattr(scoring, "_BATCH", 2)
    paths = [str(data / "my-mutt" / "1.png"), str(data / "Maltese" / "1.png")] * 5
    seen = []
    result = evaluate(
        model,
        info,
        paths,
        np.array([2, 1] * 5),
        on_progress=lambda done, total: seen.append((done, total)),
    )
    assert result.dogs.top[:, 0].tolist() == [2, 1] * 5
    assert seen == [(2, 10), (4, 10), (6, 10), (8, 10), (10, 10)]


def test_progress_counts_both_kinds_of_photo(model, info, data, not_dogs):
    seen = []
    evaluate(
        model,
        info,
        [str(data / "my-mutt" / "1.png")],
        np.array([2]),
        not_dogs=read_not_dogs(not_dogs),
        on_progress=lambda done, total: seen.append((done, total)),
    )
    assert seen == [(1, 4), (4, 4)]


def test_only_a_few_photos_are_held_at_a_time(model, info, monkeypatch):
    monkeypatch.setattr(scoring, "_BATCH", 4)
    monkeypatch.setattr(ahead, "cores", lambda: 2)
    loaded, lock, most_ahead, answered = [], threading.Lock(), [], []

    def load(self, photo):
        with lock:
            loaded.append(photo)
        return np.full((32, 32, 3), 90, np.uint8)

    def watching(pixels):
        most_ahead.append(len(loaded) - len(answered))
        answered.extend(pixels)
        return model(pixels)

    monkeypatch.setattr(Preprocessing, "load", load)
    evaluate(watching, info, [str(i) for i in range(100)], np.zeros(100, np.intp))
    assert len(answered) == 100
    # A batch in hand, two batches and two for each of six threads ahead, one being added.
    assert max(most_ahead) <= 4 + 2 * (4 + 6) + 1


def test_an_error_in_the_model_comes_through_and_stops_the_threads(info, data):
    def broken(pixels):
        raise ValueError("no model")

    before = threading.active_count()
    with pytest.raises(ValueError, match="no model"):
        evaluate(broken, info, [str(data / "Maltese" / "1.png")] * 200, np.zeros(200, np.intp))
    while threading.active_count() > before:  # they end by themselves
        time.sleep(0.01)


def test_no_readable_photo_is_an_error(model, info, data):
    broken = str(data / "my-mutt" / "2.png")
    with pytest.raises(DataError, match=r"None of the 2 photos can be read; the first, .*2\.png: "):
        evaluate(model, info, [broken, broken], np.array([2, 2]))
