"""What a bundle remembers goes into its file, and comes out again."""

from pathlib import Path

import numpy as np
import pytest

from barkive.bundle import Bundle
from barkive.learning import Memory
from barkive.onnx_graph import Graph


def test_nothing_is_remembered_by_older_bundles(colour_bundle: Path) -> None:
    assert Memory.read(Graph(colour_bundle.read_bytes())) is None


def test_a_feature_takes_a_byte(remembering: Bundle) -> None:
    graph = Graph(remembering.content())
    notes = graph.notes()
    assert (notes["memory.codes"].dtype, notes["memory.codes"].shape) == (np.int8, (36, 3))
    memory = Memory.read(graph)
    assert memory is not None
    assert memory.labels.tolist() == [0] * 12 + [1] * 12 + [2] * 12
    # The largest feature of a photo is 127.
    assert memory.features[:, 0][:12] == pytest.approx(250, abs=9)
    assert memory.features.max() <= 255


def test_features_of_nothing_stay_nothing() -> None:
    memory = Memory(np.zeros((1, 4), np.float32), np.array([0]))
    assert memory.to_notes()["memory.codes"].tolist() == [[0, 0, 0, 0]]


def test_photos_are_spread_from_the_least_sure_to_the_surest() -> None:
    features = np.arange(100, dtype=np.float32)[:, None]
    labels = np.repeat([0, 3], 50)
    sure = np.tile(np.linspace(0, 1, 50, dtype=np.float32), 2)
    memory = Memory.choose(features, labels, sure)
    of_each = [0, 4, 9, 13, 18, 22, 27, 31, 36, 40, 45, 49]
    assert memory.features[:, 0].tolist() == [*of_each, *(50 + i for i in of_each)]
    assert memory.labels.tolist() == [0] * 12 + [3] * 12


def test_of_a_breed_with_few_photos_all_are_kept() -> None:
    memory = Memory.choose(np.ones((3, 2), np.float32), np.array([1, 1, 0]), np.ones(3, np.float32))
    assert memory.labels.tolist() == [0, 1, 1]
