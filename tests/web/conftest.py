"""A server with the bundle that takes a photo's colour for its dog's breed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from barkive.classifier import Classifier
from barkive.web import Settings, create_app
from barkive.web.services import model_in_use

RED, GREEN, GREY, BLACK = (250, 10, 10), (10, 250, 10), (120, 110, 90), (9, 9, 9)
"""A Chihuahua, a Pug, a dog that can't be told, and no dog."""


@pytest.fixture
def settings(
    tmp_path: Path, colour_bundle: Path, write_catalogue: Callable[[Path], Path]
) -> Settings:
    return Settings(
        catalogue=write_catalogue(tmp_path / "c.sqlite"),
        model=colour_bundle,
        cache=tmp_path / "cache",
        ingest_folder=tmp_path / "added",
    )


@pytest.fixture
def server(settings: Settings) -> Iterator[TestClient]:
    """A client of a server whose catalogue is empty."""
    with TestClient(create_app(settings), base_url="http://127.0.0.1") as client:
        yield client


@pytest.fixture
def kennel(colour_photo: Callable[..., Path]) -> Path:
    """A folder with a Chihuahua (red), a Pug (green), an unsure one, no dog, and a broken file."""
    folder = colour_photo("kennel/rex.png", RED).parent
    colour_photo("kennel/annex/mila.png", GREEN)
    colour_photo("kennel/mix.png", GREY)
    colour_photo("kennel/night.png", BLACK)
    (folder / "broken.jpg").write_bytes(b"\xff\xd8\xffnothing more")
    return folder


@pytest.fixture
def filled(server: TestClient, kennel: Path) -> TestClient:
    """The same with the kennel catalogued."""
    service = server.app.state.service  # type: ignore[attr-defined]
    service.catalogue.scan(kennel, classifier=service.classifier)
    return server


@pytest.fixture
def pairs(
    settings: Settings, pair_classifier: Classifier, monkeypatch: pytest.MonkeyPatch
) -> Iterator[TestClient]:
    """A client of a server that takes the halves of wide photos for dogs; nothing is catalogued."""
    monkeypatch.setattr(model_in_use, "Classifier", lambda *_, **__: pair_classifier)
    with TestClient(create_app(settings), base_url="http://127.0.0.1") as client:
        yield client
