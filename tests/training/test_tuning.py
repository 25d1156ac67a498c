"""What is chosen on the validation photos, with features that are made up."""

from types import SimpleNamespace

import numpy as np
import pytest

from barkive.training import export, tuning
from barkive.training.datasets import Data
from barkive.training.head import Linear
from barkive.training.progress import no_progress
from barkive.verdicts import Label

LABELS = tuple(Label(one, one, one) for one in "ab")
IDENTITY = Linear(np.eye(2, dtype=np.float32), np.zeros(2, np.float32))


def data_of(rows, truth, validation, others=()):
    return Data(
        labels=LABELS,
        paths=tuple(f"{i}.jpg" for i in range(len(rows))),
        rows=np.array(rows, np.float32),
        truth=np.array(truth, np.intp),
        validation=np.array(validation, bool),
        groups=np.arange(len(truth)),
        other_paths=tuple(others),
        failed=(),
    )


def extractor(rows):
    """Takes each photo's features from a table."""
    return lambda paths, stage: SimpleNamespace(
        rows=np.array([rows[one] for one in paths], np.float32)
    )


def test_the_penalty_is_the_best_on_validation():
    rows = [[-1, 0], [1, 0]] * 10
    data = data_of(rows, [0, 1] * 10, [False] * 10 + [True] * 10)
    said = []
    choice = tuning.choose_layer(
        data.rows, data.truth, data.validation, len(data.labels), no_progress, said.append
    )
    assert [point.penalty for point in choice.curve] == list(tuning.PENALTIES)
    assert {point.validation_accuracy for point in choice.curve} == {1}
    # All are right, so that the surest is the best.
    assert choice.point.penalty == min(tuning.PENALTIES)
    assert choice.point.validation_loss == min(point.validation_loss for point in choice.curve)
    assert choice.layer(data.rows).argmax(axis=1).tolist() == data.truth.tolist()
    assert said == ["L2 penalty 0.001: 100.00% right on validation."]


def test_answers_given_are_right_as_often_as_promised():
    rng = np.random.default_rng(0)
    margin = rng.uniform(0, 6, 400)
    right = rng.random(400) < 1 / (1 + np.exp(-margin))
    rows = np.stack([np.where(right, margin, 0), np.where(right, 0, margin)], axis=1)
    data = data_of(rows, np.zeros(400), np.ones(400))
    said = []
    table = dict(zip(data.paths, rows, strict=True))
    found = tuning.calibrate(data, IDENTITY, extractor(table), said.append)
    assert found.temperature == pytest.approx(1, abs=0.2)
    odds = 1 / (1 + np.exp(-margin / found.temperature))
    seen = found.detector(rows.astype(np.float32)) >= found.dog_threshold
    given = seen & (odds >= found.answer_threshold - 1e-6)
    assert 0.95 <= right[given].mean() < 0.97
    assert seen.mean() >= 0.99
    assert said[0].endswith("% of these are right.")


def test_where_nothing_is_sure_nothing_is_answered():
    rows = [[1, 0]] * 4
    data = data_of(rows, [0, 0, 1, 1], [True] * 4)
    said = []
    found = tuning.calibrate(
        data, IDENTITY, extractor({path: [1, 0] for path in data.paths}), said.append
    )
    assert found.answer_threshold == 1
    assert said == ["0.0% of the validation photos get an answer: none is sure enough."]


class FakeExtractor(SimpleNamespace):
    def __call__(self, paths, stage):
        return SimpleNamespace(rows=self.rows)


@pytest.mark.parametrize(("rows", "used"), [([[1, 0], [0, 1]], True), ([[1, 0], [1, 0]], False)])
def test_int8_is_used_where_it_costs_little(monkeypatch, rows, used):
    data = data_of([[1, 0], [0, 1]] * 2, [0, 1, 0, 1], [False, False, True, True])
    int8 = FakeExtractor(rows=np.array(rows, np.float32))
    extract = SimpleNamespace(
        graph="float",
        preprocessing=SimpleNamespace(load=lambda path: np.zeros(1)),
        progress=no_progress,
    )
    graph = SimpleNamespace(SerializeToString=lambda deterministic: b"")
    monkeypatch.setattr(export, "quantise", lambda graph_, pixels, float_tail: graph)
    monkeypatch.setattr(tuning, "replace", lambda *_, **__: int8)
    choice = tuning.Choice(IDENTITY, SimpleNamespace(validation_accuracy=1.0), ())
    said = []
    assert tuning.quantised(data, choice, extract, 0, said.append) is (int8 if used else extract)
    assert said == (
        ["int8 costs 0.00 points: used."]
        if used
        else [
            "int8 costs 50.00 points: not used.",
            "int8 with the last 25% of the convolutions in float costs 50.00 points: not used.",
        ]
    )


def test_a_network_without_convolutions_stays_in_float(monkeypatch):
    data = data_of([[1, 0], [0, 1]] * 2, [0, 1, 0, 1], [False, False, True, True])
    extract = SimpleNamespace(
        graph="float",
        preprocessing=SimpleNamespace(load=lambda path: np.zeros(1)),
        progress=no_progress,
    )
    monkeypatch.setattr(export, "quantise", lambda graph, pixels, float_tail: None)
    said = []
    assert tuning.quantised(data, None, extract, 0, said.append) is extract
    assert said == ["int8 is not used: it is for networks of many convolutions."]
