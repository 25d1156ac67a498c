"""A model that has learned another breed from the one that takes colours for breeds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from barkive.bundle import METADATA_KEY, Bundle, BundleInfo
from barkive.catalogue.photos import reading
from barkive.classifier import Classifier
from barkive.onnx_graph import Graph
from barkive.verdicts import BreedName

DACHSHUND = BreedName("Dachshund", "Dachshund", "Teckel")


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where models lie in the user's cache, which is in the test's own folder."""
    monkeypatch.setattr("platformdirs.user_cache_path", lambda *_, **__: tmp_path / "cache")
    return tmp_path / "cache" / "models"


@pytest.fixture
def learned(tmp_path: Path, colour_bundle: Path, colour_info: BundleInfo) -> Callable[[str], Path]:
    """Makes a bundle that takes green for a Dachshund, and that is less sure of all else."""

    def make(name: str = "learned") -> Path:
        graph = Graph(colour_bundle.read_bytes())
        weight = np.array([[0, -0.001], [0.03, 0], [0, 0.001]], np.float32)
        graph.add_rows(weight, np.array([0.25, -0.5], np.float32), np.array([3, 1]), 3, 4)
        info = replace(
            colour_info,
            name=name,
            labels=(*colour_info.labels, DACHSHUND),
            temperature=1.5,
            answer_threshold=0.5,
        )
        graph.set_metadata(METADATA_KEY, info.to_metadata())
        path = tmp_path / f"{name}.onnx"
        path.write_bytes(graph.to_bytes())
        return path

    return make


@pytest.fixture(autouse=True)
def _unchanged(monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that was written just now is known to be unchanged."""
    monkeypatch.setattr(reading, "_TICK_NS", 0)


@pytest.fixture(autouse=True)
def _halves(pair_classifier: Classifier, monkeypatch: pytest.MonkeyPatch) -> None:
    """Dogs are looked for as `pair_classifier` does, also where the test does not say so."""
    detector = pair_classifier.bundle.detector
    monkeypatch.setattr("barkive.classifier.Detector", lambda device: detector)


@pytest.fixture
def inside(
    colour_bundle: Path, pair_classifier: Classifier, monkeypatch: pytest.MonkeyPatch
) -> Bundle:
    """The model that takes colours for breeds, as the one inside the package."""
    for module in (
        "bundle",
        "catalogue.learning.in_use",
        "catalogue.learning.teaching",
    ):
        monkeypatch.setattr(f"barkive.{module}.SHIPPED", colour_bundle)
    return pair_classifier.bundle
