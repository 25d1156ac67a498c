"""The language that an address asks for holds from the first visit on."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from barkive.web import Settings, create_app
from barkive.web.passwords import Passwords

HTML = {"Accept": "text/html", "Accept-Language": "en"}
FRENCH = '<html lang="fr">'


@pytest.fixture
def locked(settings: Settings, tmp_path: Path) -> Iterator[TestClient]:
    app = create_app(replace(settings, password=Passwords(tmp_path / "password.json")))
    with TestClient(app, base_url="http://127.0.0.1:8000", headers=HTML) as client:
        yield client


@pytest.mark.parametrize(
    "path",
    [
        *("/", "/photos", "/animals", "/animals/suggestions", "/review", "/breeds", "/scan"),
        # These lead to another page.
        *("/identify", "/exports", "/acts/undo", "/learn", "/selection", "/breeds/change"),
        *("/selection/jobs/none", "/nowhere"),
    ],
)
def test_it_holds_on_every_page_and_where_that_leads_to(server: TestClient, path: str) -> None:
    page = server.get(f"{path}?lang=fr", headers=HTML)
    assert FRENCH in page.text
    assert FRENCH in server.get("/photos", headers=HTML).text


def test_the_page_that_asks_for_a_password_speaks_it(locked: TestClient) -> None:
    page = locked.get("/review?lang=fr")
    assert page.url.path == "/login"
    assert FRENCH in page.text


def test_it_is_kept_once_and_only_where_there_is_such_a_language(server: TestClient) -> None:
    (kept,) = server.get("/photos?lang=fr").headers.get_list("set-cookie")
    assert kept.startswith("barkive_lang=fr; HttpOnly; Max-Age=31536000; Path=/; SameSite=lax")
    for path in ("/photos", "/photos?lang=de", "/photos?lang="):
        assert "set-cookie" not in server.get(path).headers


def test_what_a_program_asks_of_the_api_changes_no_page(server: TestClient) -> None:
    assert "set-cookie" not in server.get("/api/v1/breeds?lang=fr").headers
