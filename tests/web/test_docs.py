"""docs/api.md: its examples run as they stand, and it says what the server does."""

from __future__ import annotations

import csv
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from functools import cache
from pathlib import Path
from zipfile import ZipFile

import pytest
import uvicorn
from fastapi import FastAPI
from PIL import Image
from starlette.testclient import TestClient

from barkive.catalogue import Catalogue, Kind, Label
from barkive.catalogue.annotations import labels
from barkive.web import Limits, Settings, create_app
from barkive.web.passwords import Passwords
from barkive.web.problems import _STATUS
from barkive.web.server import PromptProtocol

pytestmark = pytest.mark.slow

PAGE = (Path(__file__).parents[2] / "docs" / "api.md").read_text("utf-8")
ADDRESS = "http://127.0.0.1:8000"
PASSWORD = "correct horse"  # of a server of this test alone
RUN = {
    "python": (sys.executable, "-W", "error", "-c"),
    "bash": ("bash", "-euo", "pipefail", "-c"),
    "javascript": ("node", "--input-type=module", "-e"),
}
NEEDS = {"python": sys.executable, "bash": "curl", "javascript": "node"}


def examples() -> list[tuple[str, str, str]]:
    """The blocks of the page that are programs: section, language, text."""
    found = []
    for section in PAGE.split("\n## ")[1:]:
        for language, text in re.findall(r"^```(\w+)\n(.*?)^```$", section, re.DOTALL | re.M):
            if language in RUN:
                found.append((section.partition("\n")[0], language, text))
    return found


EXAMPLES = examples()
# In the order of the page: what each must print.
PRINTED = [
    ("Sign in", "bash", r'"name":"German Shepherd Dog"'),
    ("Sign in", "python", r"\ABriard\nGerman Shepherd Dog\n"),
    ("Sign in", "javascript", r"\ABriard\nGerman Shepherd Dog\n"),
    ("Identify photos", "bash", r'^\[\{"file":null,"status":"dog","breeds":\[\{[^}]*\}\]'),
    ("Identify photos", "bash", r'"file":"rex.jpg".*"file":"mila.jpg".*"name":"Carlin"'),
    ("Identify photos", "python", r"^dog: Chihuahua \d\d%$"),
    (
        "Identify photos",
        "python",
        r"\Arex.jpg dog Chihuahua\nmila.jpg dog Pug\nbroken.jpg The file is empty\.\n\Z",
    ),
    ("Identify photos", "javascript", r"\Arex.jpg dog Chihuahua\nmila.jpg dog Pug\n\Z"),
    ("Identify photos", "javascript", r"\Adog Chihuahua\n\Z"),
    ("Search", "bash", r'"total":3,"offset":0,.*"total":3,"offset":2,"next":null'),
    ("Search", "python", r"\A(\d+ .*mix\d\.png\n){3}\Z"),
    ("Search", "javascript", r"\A(\d+ .*mix\d\.png\n){3}\Z"),
    ("Label a photo", "bash", r'"name":"Boxer".*"corrected":true,"note":"chip says so"'),
    ("Label a photo", "python", r"\APug x Maltese\n\Z"),
    ("Label a photo", "javascript", r"\Anot_dog a cat\n\Z"),
    ("Add a breed", "bash", r'"en":"Dachshund","fr":"Teckel".*"group_name":"Dachshunds"'),
    ("Add a breed", "python", r"\AShiba Inu 257 Spitz and primitive types\n\Z"),
    ("Add a breed", "javascript", r"\ATeckel Teckels\n\Z"),
    (
        "Animals",
        "bash",
        r'\{"pattern":"\{code\} \{name\}/\*","photos":2.*"code":"2026-113".*"similarity":1',
    ),
    ("Animals", "python", r"\ARex adopted Chihuahua\ndog /api/v1/photos/\d+\n\Z"),
    ("Animals", "javascript", r"\A1 made 2026-113 Rex\nundo\n\Z"),
    (
        "Learn from labels",
        "bash",
        r'"state": "finished".*\n\nevent: end\ndata: \{\}\n\n\[\{"name":"colours@.*"breeds":4',
    ),
    (
        "Learn from labels",
        "python",
        r"\Aright on 8 of 8 instead of 2\nDachshund 6 of 6\nChihuahua 2 of 2\n\Z",
    ),
    ("Learn from labels", "javascript", r"\Afinished 11 photos judged again\n\Z"),
    ("Export", "bash", r"\A\Z"),
    ("Export", "python", r"\A.*mila.png Pug\n.*rex.png Chihuahua\n\Z"),
    ("Export", "javascript", r"\A\Z"),
    ("Merge another catalogue", "bash", r'"dry_run":true.*"words":1.*"words":1.*"merged_at":'),
    (
        "Merge another catalogue",
        "python",
        r"\A1 labels come from ben.sqlite\n.*rex.png .* there\n\Z",
    ),
    ("Merge another catalogue", "javascript", r"\A1 labels come from ben.sqlite\n\Z"),
    ("Scan folders", "bash", r'event: progress\ndata: .*"new": 5.*\n\nevent: end\ndata: \{\}'),
    ("Scan folders", "python", r"finished: 5 of 5\nfinished, 5 new\n\Z"),
    ("Scan folders", "javascript", r"finished: 5 of 5\nfinished, 5 new\n\Z"),
]


@cache
def lacks(language: str) -> str | None:
    """What keeps examples in a language from running here."""
    program = NEEDS[language]
    if shutil.which(program) is None:
        return f"{program} is not installed"
    if language == "javascript":
        version = subprocess.run([program, "--version"], capture_output=True, text=True).stdout
        if int(version.strip().lstrip("v").partition(".")[0] or 0) < 20:
            return f"Node {version.strip()} is older than 20"
    return None


@contextmanager
def serving(app: FastAPI) -> Iterator[str]:
    """The address of a real server, on a port that was free."""
    listening = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(app, http=PromptProtocol, log_level="critical")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, args=([listening],))
    thread.start()
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()


@pytest.fixture
def desk(tmp_path: Path, colour_photo: Callable[..., Path]) -> Path:
    """The folder that the examples run in: their photos, and a folder to scan."""
    colour_photo("desk/rex.jpg", (250, 10, 10))
    colour_photo("desk/mila.jpg", (10, 250, 10))
    (tmp_path / "desk/broken.jpg").touch()
    colour_photo("desk/photos/rex.png", (250, 10, 10))
    colour_photo("desk/photos/mila.png", (10, 250, 10))
    for shade in range(3):
        colour_photo(f"desk/photos/mix{shade}.png", (120, 110, 90 + shade))
    return tmp_path / "desk"


def shade_of_night(photo: Path) -> None:
    """No dog."""
    Image.new("RGB", (64, 48), (9, 9, 9)).save(photo)


def of_another_kind(photo: Path) -> None:
    """A photo that can't be read."""
    photo.write_bytes(b"not a photo")


@pytest.mark.parametrize("odd", [shade_of_night, of_another_kind])
@pytest.mark.parametrize(
    ("language", "text"),
    [one[1:] for one in EXAMPLES if one[0] == "Identify photos"],
    ids=[f"{i}-{one[1]}" for i, one in enumerate(EXAMPLES) if one[0] == "Identify photos"],
)
def test_an_example_survives_a_photo_without_a_dog(
    settings: Settings, desk: Path, language: str, text: str, odd: Callable[[Path], None]
) -> None:
    if (missing := lacks(language)) is not None:
        pytest.skip(missing)
    for name in ("rex.jpg", "mila.jpg"):
        odd(desk / name)
    with serving(create_app(settings)) as address:
        run = subprocess.run(
            [*RUN[language], text.replace(ADDRESS, address)],
            cwd=desk,
            env={**os.environ, "NO_PROXY": "127.0.0.1"},
            capture_output=True,
            encoding="utf-8",
            timeout=60,
        )
    assert (run.returncode, run.stderr) == (0, "")
    said = "not_dog" if odd is shade_of_night else "not a photo|pas une photo|failed"
    assert re.search(said, run.stdout)


def test_every_example_has_something_expected_of_it() -> None:
    assert [one[:2] for one in EXAMPLES] == [one[:2] for one in PRINTED]


@pytest.mark.parametrize(
    ("section", "language", "text", "printed"),
    [(*one, said) for one, (_, _, said) in zip(EXAMPLES, PRINTED, strict=False)],
    ids=[f"{number}-{one[0]}-{one[1]}" for number, one in enumerate(EXAMPLES)],
)
def test_an_example_runs(
    settings: Settings,
    teach: Callable[[Settings], FastAPI],
    desk: Path,
    monkeypatch: pytest.MonkeyPatch,
    section: str,
    language: str,
    text: str,
    printed: str,
) -> None:
    if (missing := lacks(language)) is not None:
        pytest.skip(missing)
    if section == "Sign in":
        passwords = Passwords(desk / "password.json")
        passwords.set(PASSWORD)
        settings = replace(settings, password=passwords)
    app = teach(settings) if section == "Learn from labels" else create_app(settings)
    service = app.state.service
    if section == "Animals" and language == "bash":
        (desk / "photos/2026-113 Rex").mkdir()
        (desk / "photos/rex.png").rename(desk / "photos/2026-113 Rex/1.png")
        (desk / "photos/mix0.png").rename(desk / "photos/2026-113 Rex/2.png")
    if section in ("Search", "Label a photo", "Export", "Animals"):
        service.catalogue.scan(desk / "photos", classifier=service.classifier)
    if section == "Merge another catalogue":
        service.catalogue.scan(desk / "photos", classifier=service.classifier)
        with Catalogue(desk / "ben.sqlite") as other:
            other.scan(desk / "photos", classifier=service.classifier)
            service.catalogue.label(desk / "photos/rex.png", Label(Kind.BREED, ("boxer",)))
            monkeypatch.setattr(labels, "now", lambda: datetime(2100, 1, 1))
            other.label(desk / "photos/rex.png", Label(Kind.BREED, ("pug",), by="Ben"))
    assert ADDRESS in text
    with serving(app) as address:
        run = subprocess.run(
            [*RUN[language], text.replace(ADDRESS, address)],
            cwd=desk,
            env={**os.environ, "BARKIVE_PASSWORD": PASSWORD, "NO_PROXY": "127.0.0.1"},
            capture_output=True,
            encoding="utf-8",
            timeout=60,
        )
    assert (run.returncode, run.stderr) == (0, "")
    assert re.search(printed, run.stdout, re.M), run.stdout
    if section == "Export" and language == "bash":
        lines = (desk / "dogs.csv").read_text("utf-8-sig").splitlines()
        assert sorted(
            Path(row["fichier"]).name for row in csv.DictReader(lines, delimiter=";")
        ) == [
            "mila.png",
            "rex.png",
        ]
        with ZipFile(desk / "side-cars.zip") as archive:
            assert {"rex.png.xmp", "mila.png.xmp"} <= set(archive.namelist())
    if section == "Export" and language == "javascript":
        photos = json.loads((desk / "dogs.json").read_text("utf-8"))
        assert sorted(Path(one["file"]).name for one in photos) == ["mila.png", "rex.png"]


def test_the_routes_of_the_table_are_those_of_the_description(server: TestClient) -> None:
    described = {
        (method.upper(), path)
        for path, operations in server.get("/openapi.json").json()["paths"].items()
        for method in operations
    }
    assert set(re.findall(r"^\| (GET|POST|PATCH|DELETE) \| `([^`]+)` \|", PAGE, re.M)) == described


def test_every_status_of_an_error_is_explained(server: TestClient) -> None:
    described = {
        status
        for operations in server.get("/openapi.json").json()["paths"].values()
        for operation in operations.values()
        for status in operation["responses"]
        if status >= "400"
    }
    raised = {str(status) for _, status in _STATUS}
    assert described | raised <= set(re.findall(r"^\| ([45]\d\d) \|", PAGE, re.M))


def test_the_limits_are_those_of_the_server() -> None:
    limits = Limits()
    for said in (
        f"| photos in a request | {limits.photos} |",
        f"| one photo | {limits.photo_bytes >> 20} MB;",
        f"| photos of a request together | {limits.request_bytes >> 20} MB |",
        f"| a pause in a body | {limits.idle_seconds:.0f} seconds |",
        f"| photos that wait for the network, of all requests | {limits.waiting} |",
    ):
        assert said in PAGE


def test_the_example_of_an_error_is_what_the_server_says(server: TestClient) -> None:
    (shown,) = re.findall(r"^```json\n(.*?)^```$", PAGE, re.DOTALL | re.M)
    assert server.get("/api/v1/photos?limit=501").json() == json.loads(shown)
