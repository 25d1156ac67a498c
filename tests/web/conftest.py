"""A server with the bundle that takes a photo's colour for its dog's breed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from barkive.catalogue import Kind, Label
from barkive.classifier import Classifier
from barkive.learning import Memory
from barkive.onnx_graph import Graph
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


@pytest.fixture(scope="session")
def remembering_bundle(colour_bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bundle that takes colours for breeds, which remembers a few of its photos."""
    graph = Graph(colour_bundle.read_bytes())
    colours = [tuple(np.roll((250 - i, 10, 10), k)) for k in range(3) for i in range(6)]
    memory = Memory(np.array(colours, np.float32), np.repeat(np.arange(3), 6))
    graph.set_notes(memory.to_notes())
    path = tmp_path_factory.mktemp("remembering") / "colours.onnx"
    path.write_bytes(graph.to_bytes())
    return path


@pytest.fixture
def teach(
    remembering_bundle: Path,
    colour_photo: Callable[..., Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Callable[[Settings], FastAPI]:
    """Makes servers on whose catalogue people named six yellow photos Dachshund.

    Of three red ones two are Chihuahuas, and one is a Shiba Inu; of two more yellow ones nobody
    spoke.
    """
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "user-cache"))

    def make(settings: Settings) -> FastAPI:
        app = create_app(replace(settings, model=remembering_bundle))
        service = app.state.service
        colours = [(240 - i, 240 - i, 10) for i in range(8)] + [(250 - i, 10, 10) for i in range(3)]
        for i, colour in enumerate(colours):
            colour_photo(f"album/IMG_{i}.png", colour)
        service.catalogue.scan(tmp_path / "album", classifier=service.classifier)
        service.catalogue.add_breed("Dachshund", "Teckel", fci=148, group=4)
        names = ["Dachshund"] * 6 + [None] * 2 + ["Chihuahua"] * 2 + ["Shiba Inu"]
        for i, name in enumerate(names):
            if name is not None:
                said = Label(Kind.BREED, (name,), by="Ada", other=True)
                service.catalogue.label(tmp_path / f"album/IMG_{i}.png", said)
        return app

    return make


@pytest.fixture
def taught(settings: Settings, teach: Callable[[Settings], FastAPI]) -> Iterator[TestClient]:
    """A client of such a server."""
    with TestClient(teach(settings), base_url="http://127.0.0.1") as client:
        yield client


@pytest.fixture
def learned() -> Callable[[TestClient, str], dict[str, Any]]:
    """Waits until a learning rests, and gives it."""

    def wait(server: TestClient, job_id: str) -> dict[str, Any]:
        told = server.get(f"/api/v1/learn/{job_id}/events").text
        assert told.endswith("event: end\ndata: {}\n\n")
        job: dict[str, Any] = server.get(f"/api/v1/learn/{job_id}").json()
        return job

    return wait
