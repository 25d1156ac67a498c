"""The page and the API on a catalogue that can only be read."""

import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from barkive.catalogue import AnimalFields, Catalogue, Kind, Label
from barkive.catalogue.db import access
from barkive.classifier import Classifier
from barkive.web import Settings, create_app

pytestmark = pytest.mark.slow

SESSION = "a-session-of-one"


@pytest.fixture
def only_read(
    settings: Settings,
    colour_bundle: Path,
    colour_photo: Callable[..., Path],
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[TestClient]:
    """A server whose catalogue, of two photos to review and a Chihuahua, may not be written."""
    file = Path(str(settings.catalogue))
    folder = colour_photo("kennel/rex.png", (250, 10, 10)).parent
    colour_photo("kennel/0.png", (120, 110, 90))
    colour_photo("kennel/1.png", (121, 110, 90))
    with Catalogue(file) as catalogue:
        catalogue.scan(folder, classifier=Classifier(colour_bundle))
        catalogue.label(folder / "rex.png", Label(Kind.BREED, ("Shiba Inu",), other=True))
        catalogue.animals.new(AnimalFields(name="Rex", code="B1"), [folder / "rex.png"])
    can = os.access

    def asked(path: str | Path, mode: int) -> bool:
        return not (mode & os.W_OK and Path(path) == file) and can(path, mode)

    monkeypatch.setattr(access.os, "access", asked)
    with TestClient(create_app(settings), base_url="http://127.0.0.1") as client:
        yield client


@pytest.mark.parametrize(
    "path",
    [
        *("/", "/photos", "/photos/1", "/scan", "/breeds", f"/review?session={SESSION}"),
        *("/animals", "/animals/suggestions", "/animals/which"),
    ],
)
def test_each_page_says_so(path: str, only_read: TestClient) -> None:
    page = only_read.get(path, headers={"Accept-Language": "en"})
    assert page.status_code == 200
    (said,) = re.findall(r'id="read-only">(.*?)</p>', page.text)
    assert re.fullmatch(
        r"The catalogue .*c\.sqlite can only be read here, and nothing can be saved\. You may not "
        r"write to .*c\.sqlite; get the right to\. It is shown as it was at \S+ \S+ UTC\.",
        said,
    )
    french = only_read.get(path, headers={"Accept-Language": "fr"}).text
    assert "ne peut être que lu ici, et rien ne peut être enregistré. Vous n&#39;avez" in french
    assert "Il est montré tel qu&#39;il était le" in french


def test_a_page_that_can_be_written_says_nothing(server: TestClient) -> None:
    assert 'id="read-only"' not in server.get("/photos").text


def test_the_api_reads(only_read: TestClient) -> None:
    assert only_read.get("/api/v1/photos").json()["total"] == 3
    assert only_read.get("/api/v1/counts", params={"by": "status"}).status_code == 200
    assert only_read.get("/api/v1/photos/1/history").json() == []
    assert len(only_read.get("/api/v1/photos/1/similar").json()) == 2
    assert only_read.get("/api/v1/export", params={"as": "csv"}).text.count("\r\n") == 4
    assert only_read.get("/api/v1/export", params={"as": "contact-sheet"}).content[:5] == b"%PDF-"
    assert only_read.get("/readyz").text == "ok"


def test_what_people_say_is_refused_in_a_sentence(only_read: TestClient) -> None:
    answer = only_read.post("/api/v1/photos/1/corrections", json={"kind": "not_dog"})
    assert answer.status_code == 503
    assert "can only be read here, and nothing can be saved. You may" in answer.json()["detail"]
    page = only_read.post(
        "/review",
        params={"session": SESSION},
        data={"act": "not_dog", "session": SESSION, "number": "1"},
    )
    assert page.status_code == 503
    assert "can only be read here, and nothing can be saved. You may" in page.text
    assert only_read.get("/api/v1/photos/1").json()["corrected"] is False


def test_nothing_is_learned_and_no_breed_added(only_read: TestClient) -> None:
    for path in ("/learn", "/api/v1/learn"):
        answer = only_read.post(path, json={})
        assert answer.status_code == 503
        assert "can only be read here, and nothing can be saved. You may" in answer.text
    assert only_read.post("/breeds", data={"en": "Bulldog"}).status_code == 503
    assert '<form method="post"' not in only_read.get("/breeds").text
    assert 'id="taught"' not in only_read.get(f"/review?session={SESSION}").text


def test_in_a_review_one_looks_on_from_photo_to_photo(only_read: TestClient) -> None:
    seen, path = [], f"/review?session={SESSION}"
    for _ in range(2):
        page = only_read.get(path).text
        seen += re.findall(r'<figcaption.*?<a href="/photos/\d+">(.*?)</a>', page)
        assert '<fieldset class="bare" disabled>' in page
        (path,) = re.findall(r'<a class="button second" href="(/review\?[^"]*)" data-key="s"', page)
        path = path.replace("&amp;", "&")
    assert sorted(seen) == ["0.png", "1.png"]
    assert "<figcaption" not in only_read.get(path).text


def test_animals_are_shown_and_nothing_can_be_done_with_them(only_read: TestClient) -> None:
    listed = only_read.get("/animals").text
    (animal,) = re.findall(r'href="(/animals/\d+)"', listed)
    for page in (listed, only_read.get(animal).text):
        assert 'method="post"' not in page
    assert '<fieldset class="bare" disabled>' in only_read.get("/animals/suggestions").text
    assert "B1 Rex" in only_read.get(f"{animal}/similar").text
    refused = only_read.post(f"{animal}/remove")
    assert refused.status_code == 503
    assert only_read.get(animal).status_code == 200
