"""The figures, worked out by hand from the colours in conftest."""

import json
from dataclasses import replace

import numpy as np
import pytest

from barkive.evaluation import evaluate, figures, most_confident_errors, worst_breeds


def test_figures(evaluation):
    found = figures(evaluation)
    assert (found.n, found.failed) == (5, 2)
    assert found.top1 == pytest.approx(0.8)
    assert found.top1_interval == pytest.approx((0.3755, 0.9638), abs=1e-4)
    assert found.top5 == 1
    assert found.mean_per_breed == pytest.approx((1 / 2 + 1 + 1) / 3)
    # Three answers at 0.75, of which two are right; one at 0.5; one at 1.
    assert found.ece == pytest.approx((3 * abs(2 / 3 - 0.75) + 0.5 + 0) / 5)
    assert found.dog_coverage == pytest.approx(3 / 5)
    assert found.dog_precision == pytest.approx(2 / 3)
    # Dogs at 12 four times and at -8; the others at -6 and 9.
    assert found.not_dog_auroc == pytest.approx(8 / 10)
    assert found.not_dog_fpr95 == 1
    assert found.not_dog_answers == {"dog": 0, "uncertain": 1, "not_dog": 1}
    assert found.images_per_second == 6 / evaluation.dogs.seconds


def test_json_has_plain_numbers(evaluation):
    entry = figures(evaluation).to_json()
    assert json.loads(json.dumps(entry, allow_nan=False)) == entry
    assert entry["mean_per_breed"] == 0.833333
    assert entry["top1_interval"] == pytest.approx([0.3755, 0.9638], abs=1e-4)


def test_what_cannot_be_told_is_null(model, info, data):
    paths, truth = [str(data / "my-mutt" / "1.png")], np.array([2])
    unsure = evaluate(model, replace(info, answer_threshold=1.1), paths, truth)
    entry = figures(unsure).to_json()
    assert entry["not_dog_auroc"] is None
    assert entry["not_dog_fpr95"] is None
    assert entry["not_dog_answers"] is None
    assert entry["dog_precision"] is None
    assert entry["dog_coverage"] == 0


def test_worst_breeds(evaluation):
    rows = worst_breeds(evaluation)
    assert [(row.label.en, row.photos, row.right, row.accuracy) for row in rows] == [
        ("Chihuahua", 2, 1, 0.5),
        ("Maltese", 1, 1, 1),
        ("my mutt", 2, 2, 1),
    ]
    assert rows[0].mistaken_for.en == "Maltese"
    assert rows[0].mistaken == 1
    assert rows[1].mistaken_for is None


def test_most_confident_errors(model, info, data):
    paths = [str(data / name) for name in ("Maltese/1.png", "my-mutt/1.png", "my-mutt/3.png")]
    result = evaluate(model, info, paths, np.array([0, 0, 2]))
    mistakes = most_confident_errors(result, 5)
    assert [(m.path, m.truth.en, m.answer.en, m.probability) for m in mistakes] == [
        (paths[1], "Chihuahua", "my mutt", 1.0),
        (paths[0], "Chihuahua", "Maltese", 0.5),
    ]
    assert len(most_confident_errors(result, 1)) == 1
