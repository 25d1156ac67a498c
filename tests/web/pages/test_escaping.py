"""What people and files are called is text on every page, and never a part of it."""

from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import quote

import pytest
from starlette.testclient import TestClient

from barkive.catalogue import AnimalFields

EVIL = "<script>alert(1)</script>"
NAME = "\"'><img src=x onerror=alert(1)>{{7*7}}&lt;.png"
"""A name that every file system of Unix takes."""


class Parts(HTMLParser):
    """Finds what a browser would run."""

    def __init__(self) -> None:
        super().__init__()
        self.scripts: list[str] = []
        self.handlers: list[str] = []
        self.sources: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "script":
            self.scripts.append(given.get("src") or "")
        self.handlers += [name for name in given if name.startswith("on") or name == "style"]
        self.sources += [
            value or "" for name, value in attrs if name in ("src", "href", "action", "formaction")
        ]


def check(page: str) -> None:
    """Holds where a page runs and loads nothing but the server's own."""
    parts = Parts()
    parts.feed(page)
    assert all(source.startswith("/static/") for source in parts.scripts)
    assert parts.handlers == []
    for source in parts.sources:
        assert source == "" or source[0] in "/?#"
        assert not source.startswith("//")
    assert "alert(1)" not in "".join(parts.scripts)
    assert EVIL not in page
    assert "49&lt;" not in page


@pytest.fixture
def poisoned(server: TestClient, colour_photo: Callable[..., Path]) -> TestClient:
    """A catalogue in which everything that can be named has an evil name."""
    folder = colour_photo(f"kennel<script>alert(1)</{NAME}", (120, 110, 90)).parent
    service = server.app.state.service  # type: ignore[attr-defined]
    service.catalogue.scan(folder.parent, classifier=service.classifier)
    (folder.parent / "kennel<i onclick=alert(1)>").mkdir()
    return server


def test_names_of_files_and_folders_are_text(poisoned: TestClient, tmp_path: Path) -> None:
    for path in (
        "/photos",
        "/photos/tiles",
        "/photos/1",
        "/photos/1/related",
        "/review",
        f"/scan?folder={quote(str(tmp_path))}",
        f"/photos?folder={quote(str(tmp_path / 'kennel<script>alert(1)<'))}",
    ):
        answer = poisoned.get(path)
        assert answer.status_code == 200
        check(answer.text)
    assert "onerror=alert(1)&gt;" in poisoned.get("/photos/1").text


def test_what_people_say_is_text(poisoned: TestClient) -> None:
    said = {"kind": "breed", "breeds": [EVIL], "note": EVIL, "by": EVIL, "other": True}
    assert poisoned.post("/api/v1/photos/1/corrections", json=said).status_code == 200
    for path in ("/photos", "/photos/1", "/photos/1/related", "/review", "/photos?text=script"):
        answer = poisoned.get(path)
        assert answer.status_code == 200
        check(answer.text)
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in poisoned.get("/photos/1").text


def test_what_animals_are_called_is_text(poisoned: TestClient) -> None:
    poisoned.cookies.set("barkive_name", quote(EVIL))
    (photo,) = poisoned.app.state.service.catalogue.search()  # type: ignore[attr-defined]
    animals = poisoned.app.state.service.catalogue.animals  # type: ignore[attr-defined]
    evil = dict.fromkeys(("name", "code", "status", "species", "notes", "breed"), EVIL)
    made = poisoned.post("/animals", data={**evil, "other": "true", "photo": photo.id})
    assert made.status_code == 200
    check(made.text)
    (one,) = animals.list()
    other = animals.new(AnimalFields(name=EVIL))
    removed = animals.remove(animals.new(AnimalFields(name=f"{EVIL} too")), by=EVIL)
    animals.suggest()
    for path in (
        "/animals",
        "/animals/tiles",
        f"/animals?text={quote(EVIL)}&status={quote(EVIL)}&species={quote(EVIL)}",
        f"/animals?breed={quote(EVIL)}",
        f"/animals?breed={quote(NAME)}",
        f"/animals?act={removed.version}",
        f"/animals/{one.id}",
        f"/animals/{removed.id}",
        f"/animals/{one.id}/similar",
        f"/animals/{one.id}/merge?other={other.id}",
        f"/animals/{one.id}/merge?other={quote(EVIL)}",
        f"/photos/{photo.id}",
        f"/animals/which?photo={photo.id}",
        "/animals/suggestions",
    ):
        check(poisoned.get(path).text)
    for path, form in (
        (f"/animals/{one.id}/edit", {"birth": EVIL, "name": f'"{EVIL}', "seen": "1"}),
        (f"/animals/{one.id}/photos", {"act": "move", "photo": photo.id, "target": EVIL}),
        (f"/photos/{photo.id}/animals", {"animal": f"nobody {EVIL}"}),
        ("/animals/suggestions/find", {"pattern": EVIL}),
        ("/animals/suggestions", {"suggestion": "1", "code": EVIL, "name": EVIL}),
    ):
        answer = poisoned.post(path, data=form)
        assert 400 <= answer.status_code < 500, path
        check(answer.text)


def test_a_reviewers_name_is_text(poisoned: TestClient) -> None:
    form = {"session": "session-session", "name": f'"{EVIL}'}
    poisoned.post("/review/name", data=form)
    page = poisoned.get("/review?session=session-session").text
    check(page)
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page


@pytest.mark.parametrize("name", [EVIL, "a\r\nX-Evil: yes.png", '"; name="x', "\x00<b>", "../../x"])
def test_a_sent_files_name_is_text(server: TestClient, name: str) -> None:
    answer = server.post("/identify", files={"files": (name, b"no photo")})
    assert answer.status_code == 200
    check(answer.text)
    assert "x-evil" not in answer.headers
    listed = server.post("/api/v1/identify", files={"files": (name, b"no photo")})
    assert listed.headers["content-type"] == "application/json"


def test_what_stands_in_an_address_is_text(server: TestClient) -> None:
    evil = quote(f'"{EVIL}')
    for path in (
        f"/{evil}",
        f"//evil.example/{evil}",
        f"/photos/{evil}",
        f"/photos?text={evil}",
        f"/photos?breed={evil}",
        f"/photos?folder=/{evil}",
        f"/photos?after={evil}&group={evil}&status={evil}",
        f"/review?text={evil}&session={evil}",
        f"/scan?folder={evil}",
        f"/scan?folder=/{evil}",
        f"/scan/{evil}",
        f"/?lang={evil}&x={evil}",
        f"/login?next=/{evil}",
    ):
        answer = server.get(f"http://127.0.0.1{path}")
        assert answer.headers["content-type"] == "text/html; charset=utf-8"
        check(answer.text)


def test_a_wrong_form_is_told_as_text(filled: TestClient) -> None:
    for path, form in (
        ("/scan", {"folder": f"/{EVIL}"}),
        ("/scan", {"folder": EVIL}),
        ("/photos/1/corrections", {"kind": EVIL}),
        ("/photos/1/corrections", {"kind": "breed", "breed": EVIL, "second": EVIL, "note": EVIL}),
        ("/review", {"act": "breed", "session": "session-session", "number": "1", "breed": EVIL}),
        ("/review", {"act": EVIL, "session": EVIL}),
    ):
        answer = filled.post(path, data=form)
        assert 400 <= answer.status_code < 500
        check(answer.text)


def test_the_api_answers_no_html(filled: TestClient) -> None:
    for path in (f"/api/v1/{quote(EVIL)}", f"/api/v1/photos/{quote(EVIL)}", "/api/v1/photos/9999"):
        answer = filled.get(path)
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.headers["x-content-type-options"] == "nosniff"


def test_an_export_goes_by_the_servers_own_name(poisoned: TestClient) -> None:
    for form in ("csv", "json", "jsonl"):
        evil = quote('x"\r\nX-Evil: yes')
        answer = poisoned.get(f"/api/v1/export?as={form}&text={evil}&folder={evil}")
        assert answer.headers["content-disposition"] == f'attachment; filename="barkive.{form}"'
        assert "x-evil" not in answer.headers


@pytest.mark.parametrize(
    "path",
    [
        "/static/../app.py",
        "/static/%2e%2e/app.py",
        "/static/..%2fapp.py",
        "/static/%2e%2e%2f%2e%2e%2f..%2f..%2fetc/passwd",
        "/static//etc/passwd",
        "/static/%2fetc%2fpasswd",
        "/static/..%5capp.py",
        "/static/%00",
        "/static/style.css%00.png",
        "/static/",
        "/static/" + "a" * 5000,
        "/api/v1/photos/../../../etc/passwd",
        "/api/v1/photos/%2e%2e%2f%2e%2e%2fetc%2fpasswd/image",
        "/api/v1/photos/-1/image",
        "/api/v1/photos/1%00/image",
        "/api/v1/photos/99999999999999999999999/image",
        "/api/v1/scans/..%2f..%2fetc",
    ],
)
def test_no_path_reaches_a_file(server: TestClient, path: str) -> None:
    answer = server.get(f"http://127.0.0.1{path}")
    assert answer.status_code in (404, 405, 422)
    assert "root:" not in answer.text
    assert "import" not in answer.text
