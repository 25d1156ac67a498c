"""What is chosen on the validation photos, with features that are made up."""

from types import SimpleNamespace

import numpy as np
import pytest

from barkive.bundle import BundleInfo
from barkive.images import Preprocessing
from barkive.progress import no_progress
from barkive.training import onnx_export, tuning
from barkive.training.datasets import Data
from barkive.training.head import Linear
from barkive.verdicts import BreedName

LABELS = tuple(BreedName(one, one, one) for one in "ab")
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


DRAFT = BundleInfo.draft("test", LABELS, Preprocessing(32))


def test_answers_given_are_right_as_often_as_promised():
    rng = np.random.default_rng(0)
    margin = rng.uniform(0, 6, 400)
    right = rng.random(400) < 1 / (1 + np.exp(-margin))
    logits = np.stack([np.where(right, margin, 0), np.where(right, 0, margin)], 1).astype("f4")
    said = []
    shown = tuning.Outputs(logits, logits)
    info, detector = tuning.calibrate(DRAFT, shown, np.zeros(400, np.intp), said.append)
    assert info.temperature == pytest.approx(1, abs=0.2)
    odds = 1 / (1 + np.exp(-margin / info.temperature))
    seen = detector(*shown) >= info.dog_threshold
    given = seen & (odds >= info.answer_threshold - 1e-6)
    assert 0.95 <= right[given].mean() < 0.97
    assert seen.mean() >= 0.99
    assert said[0].endswith("% of these are right.")


def test_where_nothing_is_sure_nothing_is_answered():
    logits = np.array([[1, 0]] * 4, np.float32)
    said = []
    info, _ = tuning.calibrate(
        DRAFT, tuning.Outputs(logits, logits), np.array([0, 0, 1, 1]), said.append
    )
    assert info.answer_threshold == 1
    assert said == ["0.0% of the validation photos get an answer: none is sure enough."]


def pretend_to_quantise(monkeypatch, rows):
    """What `quantised` makes of made-up features of the int8 graph."""
    data = data_of([[1, 0], [0, 1]] * 4, [0, 1] * 4, [False] * 4 + [True] * 4)
    extract = SimpleNamespace(
        graph="float",
        preprocessing=SimpleNamespace(load=lambda path: np.zeros(1)),
        progress=no_progress,
    )
    int8 = SimpleNamespace(graph="int8")
    graph = SimpleNamespace(SerializeToString=lambda deterministic: b"")

    class Int8(SimpleNamespace):
        def __call__(self, paths, stage):
            return SimpleNamespace(rows=np.array(rows, np.float32))

    int8 = Int8()
    replaced = tuning.replace
    monkeypatch.setattr(
        onnx_export, "quantise", lambda graph_, pixels, float_first, float_tail: graph
    )
    monkeypatch.setattr(
        tuning, "replace", lambda one, **kw: int8 if one is extract else replaced(one, **kw)
    )
    choice = tuning.Choice(IDENTITY, SimpleNamespace(validation_accuracy=1.0), ())
    said = []
    found = tuning.quantised(data, choice, extract, 0, said.append)
    return data, choice, extract, int8, found, said


def test_int8_is_used_where_it_costs_little(monkeypatch):
    rows = [[2, 0], [0, 2]] * 4
    data, _, _, int8, (quantised, choice, extract), said = pretend_to_quantise(monkeypatch, rows)
    assert extract is int8
    # The layer is one of the int8 features.
    assert quantised.rows.tolist() == rows
    assert choice.point.validation_accuracy == 1
    assert said[-1] == "int8 costs 0.00 points: used."
    assert quantised.paths == data.paths


def test_int8_is_not_used_where_it_costs_much(monkeypatch):
    *given, _, found, said = pretend_to_quantise(monkeypatch, [[1, 1]] * 8)
    assert list(found) == given
    assert [one for one in said if one.startswith("int8")] == [
        "int8 costs 50.00 points: not used.",
        "int8 with the last 25% of the convolutions in float costs 50.00 points: not used.",
    ]


def test_a_network_without_convolutions_stays_in_float(monkeypatch):
    data = data_of([[1, 0], [0, 1]] * 2, [0, 1, 0, 1], [False, False, True, True])
    extract = SimpleNamespace(
        graph="float",
        preprocessing=SimpleNamespace(load=lambda path: np.zeros(1)),
        progress=no_progress,
    )
    monkeypatch.setattr(onnx_export, "quantise", lambda *_, **__: None)
    said = []
    found = tuning.quantised(data, None, extract, 0, said.append)
    assert found == (data, None, extract)
    assert said == ["int8 is not used: it is for networks of many convolutions."]
