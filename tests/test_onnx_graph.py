"""A bundle's head is taken apart and put on anew, bit for bit."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest

from barkive import devices
from barkive.bundle import OUTPUTS, SHIPPED, Bundle
from barkive.errors import BundleError
from barkive.onnx_graph import TAUGHT_LOGITS, Graph

COLOURS = np.array([[250, 10, 10], [10, 250, 10], [120.5, 110, 90], [9, 9, 9]], np.float32)


def run(content: bytes, *outputs: str) -> list[np.ndarray]:
    return devices.start(content).run(list(outputs), {"features": COLOURS})


def test_a_graph_is_written_as_it_was_read(colour_bundle: Path) -> None:
    content = colour_bundle.read_bytes()
    assert onnx.load_from_string(Graph(content).to_bytes()) == onnx.load_from_string(content)


def test_the_head_alone_says_what_the_whole_says(colour_bundle: Path) -> None:
    bundle = Bundle.open(colour_bundle)
    pixels = np.random.default_rng(0).integers(0, 256, (5, 32, 32, 3), np.uint8)
    logits, dog, features = bundle.session.run(OUTPUTS, {"pixels": pixels})
    assert (features == features.astype(np.float16)).all()
    whole, head = bundle.info.scores(logits, dog, features), bundle.score_features(features)
    assert head.probabilities.tobytes() == whole.probabilities.tobytes()
    assert head.dog.tobytes() == whole.dog.tobytes()
    known = bundle.score_features(features, dog)
    assert known.probabilities.tobytes() == whole.probabilities.tobytes()
    assert known.dog is dog


def test_the_shipped_head_alone_says_what_the_whole_says() -> None:
    bundle = Bundle.open()
    size = bundle.info.preprocessing.size
    pixels = np.random.default_rng(0).integers(0, 256, (3, size, size, 3), np.uint8)
    logits, dog, features = bundle.session.run(OUTPUTS, {"pixels": pixels})
    kept = features.astype(np.float16).astype(np.float32)
    whole, head = bundle.info.scores(logits, dog, features), bundle.score_features(kept)
    assert head.probabilities.tobytes() == whole.probabilities.tobytes()
    assert head.dog.tobytes() == whole.dog.tobytes()


def test_rows_are_added_and_what_was_there_stays(colour_bundle: Path) -> None:
    content = colour_bundle.read_bytes()
    before, dog = run(Graph(content).head("logits", "dog"), "logits", "dog")
    graph = Graph(content)
    assert not graph.has_learned
    weight = np.array([[1, 0], [0, 2], [0, 0]], np.float32)
    graph.add_rows(weight, np.array([0.5, -1], np.float32), np.array([1, 3]), 3, 4)
    onnx.checker.check_model(onnx.load_from_string(graph.to_bytes()))
    assert graph.has_learned
    outputs = ("logits", "dog", TAUGHT_LOGITS)
    after, same_dog, taught = run(graph.head(*outputs), *outputs)
    assert same_dog.tobytes() == dog.tobytes()
    assert taught.tobytes() == before.tobytes()
    assert after[:, [0, 2]].tobytes() == before[:, [0, 2]].tobytes()
    assert after[:, 1] == pytest.approx(before[:, 1] + COLOURS[:, 0] + 0.5)
    assert after[:, 3] == pytest.approx(before.mean(axis=1) + 2 * COLOURS[:, 1] - 1)


def test_rows_take_the_place_of_those_that_were_added_before(colour_bundle: Path) -> None:
    content = colour_bundle.read_bytes()
    rows = np.ones((3, 1), np.float32), np.zeros(1, np.float32)
    twice, once = Graph(content), Graph(content)
    twice.add_rows(*rows, np.array([3]), 3, 4)
    again = Graph(twice.to_bytes())
    again.add_rows(*rows, np.array([4]), 3, 5)
    once.add_rows(*rows, np.array([4]), 3, 5)
    assert again.to_bytes() == once.to_bytes()


def test_notes_and_metadata_stay_with_the_file(colour_bundle: Path) -> None:
    graph = Graph(colour_bundle.read_bytes())
    assert graph.notes() == {}
    graph.set_notes({"codes": np.array([[1, -2]], np.int8), "scales": np.float32([0.5])})
    graph.set_metadata("barkive", "new")
    graph.set_metadata("other", "one")
    content = graph.to_bytes()
    read = Graph(content).notes()
    assert {name: (array.dtype, array.tolist()) for name, array in read.items()} == {
        "codes": (np.int8, [[1, -2]]),
        "scales": (np.float32, [0.5]),
    }
    metadata = devices.start(content).get_modelmeta().custom_metadata_map
    assert metadata == {"barkive": "new", "other": "one"}


def test_what_is_no_graph_is_refused() -> None:
    with pytest.raises(BundleError):
        Graph(b"\xff\xff\xff")


def test_a_file_that_was_replaced_is_refused(colour_bundle: Path, tmp_path: Path) -> None:
    path = tmp_path / "colours.onnx"
    path.write_bytes(colour_bundle.read_bytes())
    bundle = Bundle.open(path)
    path.write_bytes(SHIPPED.read_bytes())
    with pytest.raises(BundleError, match="was replaced by another one"):
        bundle.content()
