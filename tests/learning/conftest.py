"""A bundle that takes colours for breeds, remembers them, and can learn."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from barkive.bundle import Bundle
from barkive.learning import Lessons, Memory
from barkive.onnx_graph import Graph

Around = Callable[..., np.ndarray]


@pytest.fixture(scope="session")
def around() -> Around:
    """Colours like one, as features, shape (count, 3)."""

    def make(colour: tuple[int, int, int], count: int, seed: int = 0) -> np.ndarray:
        noise = np.random.default_rng(seed).integers(-8, 9, (count, 3))
        return np.clip(np.array(colour) + noise, 0, 255).astype(np.float32)

    return make


@pytest.fixture
def remembering(colour_bundle: Path, tmp_path: Path, around: Around) -> Bundle:
    """Remembers twelve photos of each breed: Chihuahuas are red, Pugs green, Maltese blue."""
    graph = Graph(colour_bundle.read_bytes())
    features = np.concatenate(
        [around(one, 12) for one in ((250, 10, 10), (10, 250, 10), (10, 10, 250))]
    )
    graph.set_notes(Memory(features, np.repeat([0, 1, 2], 12)).to_notes())
    path = tmp_path / "remembering.onnx"
    path.write_bytes(graph.to_bytes())
    return Bundle.open(path)


@pytest.fixture(scope="session")
def lessons() -> Callable[..., Lessons]:
    """Lessons of colours: pairs of features and the ids of breeds."""

    def make(*given: tuple[np.ndarray, tuple[str, ...]], known: int = 0) -> Lessons:
        features = np.concatenate([some for some, _ in given])
        count = len(features)
        return Lessons(
            features=features,
            breeds=[named for some, named in given for _ in some],
            groups=np.arange(count),
            copies=np.arange(count),
            known=np.arange(count) < known,
            photos=[f"{i}.jpg" for i in range(count)],
        )

    return make
