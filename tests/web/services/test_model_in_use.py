"""A server follows when the catalogue puts another model to use."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from barkive.bundle import BundleInfo
from barkive.catalogue import Catalogue
from barkive.classifier import Classifier
from barkive.web import Settings, create_app


@pytest.fixture
def learned(
    tmp_path: Path,
    colour_bundle: Path,
    colour_info: BundleInfo,
    write_bundle: Callable[..., Path],
    pair_classifier: Classifier,
    monkeypatch: pytest.MonkeyPatch,
) -> Classifier:
    """What was learned from the model inside, which takes colours for breeds."""
    for module in ("bundle", "catalogue.learning.in_use"):
        monkeypatch.setattr(f"barkive.{module}.SHIPPED", colour_bundle)
    detector = pair_classifier.bundle.detector
    monkeypatch.setattr("barkive.classifier.Detector", lambda device: detector)
    monkeypatch.setattr("platformdirs.user_cache_path", lambda *_, **__: tmp_path / "cache")
    info = replace(colour_info, name="learned")
    return Classifier(write_bundle(tmp_path / "learned.onnx", info.to_metadata()))


def test_what_is_put_to_use_judges_at_once(
    settings: Settings, learned: Classifier, kennel: Path
) -> None:
    red = (kennel / "rex.png").read_bytes()
    app = create_app(replace(settings, model=None))
    with TestClient(app, base_url="http://127.0.0.1") as server:
        (before,) = server.post("/api/v1/identify", content=red).json()
        assert before["model"].startswith("colours@")
        app.state.service.catalogue.scan(kennel)
        with Catalogue(settings.catalogue) as other:
            other.use_model(learned.bundle, other.classifier().bundle, was=None)
        (after,) = server.post("/api/v1/identify", content=red).json()
        assert after["model"] == learned.bundle.model
        found = server.get("/api/v1/photos").json()["photos"]
        assert {one["model"] for one in found} == {after["model"]}
        with Catalogue(settings.catalogue) as other:
            other.undo_learning()
        assert server.post("/api/v1/identify", content=red).json() == [before]


def test_a_model_that_is_named_stays(settings: Settings, learned: Classifier, kennel: Path) -> None:
    red = (kennel / "rex.png").read_bytes()
    app = create_app(settings)
    with TestClient(app, base_url="http://127.0.0.1") as server:
        with Catalogue(settings.catalogue) as other:
            other.use_model(learned.bundle, other.classifier().bundle, was=None)
        (verdict,) = server.post("/api/v1/identify", content=red).json()
        assert verdict["model"].startswith("colours@")
