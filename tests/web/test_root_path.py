"""Every page below a root path, as a part of a site: `https://shelter.example/dogs`."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from html import unescape
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import pytest
from httpx import Response
from starlette.responses import PlainTextResponse
from starlette.testclient import TestClient
from starlette.types import Receive, Scope, Send

from barkive.web import Settings, create_app
from barkive.web.middleware.forwarded import ForwardedHeadersMiddleware
from barkive.web.passwords import Passwords

pytestmark = pytest.mark.slow

PASSWORD = "correct horse"
ROOT = "/dogs"
ORIGIN = "https://127.0.0.1"
SESSION = "a-session-of-one"


def addresses(page: str) -> list[str]:
    """All that a page leads to, loads, or sends a form to, or that its scripts are given."""
    found = re.findall(r'\s(?:href|src|action|data-(?:breeds|tiles|events|leave))="([^"]*)"', page)
    for given in re.findall(r'data-addresses="([^"]*)"', page):
        found += re.findall(r'": "([^"]*)"', unescape(given))
    return [unescape(one) for one in found]


def strays(page: str) -> list[str]:
    """What of it is not below the root path."""
    return [
        one
        for one in addresses(page)
        if not one.startswith(("#", "?")) and not urljoin(f"{ROOT}/", one).startswith(f"{ROOT}/")
    ]


@pytest.fixture
def kept(settings: Settings, kennel: Path, tmp_path: Path) -> Settings:
    """With a password, and the kennel to scan."""
    passwords = Passwords(tmp_path / "password.json")
    passwords.set(PASSWORD)
    return replace(settings, password=passwords, folders=(str(kennel),))


def by_setting(settings: Settings) -> TestClient:
    """A client that asks the server itself, under the root path of its settings."""
    app = create_app(replace(settings, root_path=ROOT))
    return TestClient(app, base_url=f"{ORIGIN}{ROOT}/")


def by_stripping(settings: Settings) -> TestClient:
    """A client of a proxy that takes the root path off, before a server that is told of it."""
    return TestClient(create_app(replace(settings, root_path=ROOT)), base_url=f"{ORIGIN}/")


def by_header(settings: Settings) -> TestClient:
    """A client of a proxy that takes the root path off, and says so."""
    app = ForwardedHeadersMiddleware(create_app(settings), trusted="testclient")
    return TestClient(app, base_url=f"{ORIGIN}/", headers={"X-Forwarded-Prefix": ROOT})


def by_server(settings: Settings) -> TestClient:
    """A client of another ASGI server, which has a root path of its own."""
    return TestClient(create_app(settings), base_url=f"{ORIGIN}{ROOT}/", root_path=ROOT)


@pytest.fixture(params=[by_setting, by_stripping, by_header, by_server])
def visitor(request: pytest.FixtureRequest, kept: Settings) -> Iterator[TestClient]:
    client: Callable[[Settings], TestClient] = request.param
    with client(kept) as made:
        made.follow_redirects = False
        yield made


def test_the_whole_page_walk(visitor: TestClient, kennel: Path) -> None:
    def get(path: str) -> str:
        answer = visitor.get(path, headers={"Accept": "text/html"})
        assert answer.status_code == 200, path
        assert strays(answer.text) == []
        return answer.text

    def goes_to(answer: Response) -> str:
        assert answer.status_code == 303
        return answer.headers["location"]

    # Whoever is not signed in is led to the page that asks, and back.
    asked = visitor.get("photos?text=rex", headers={"Accept": "text/html"})
    assert goes_to(asked) == "/dogs/login?next=%2Fdogs%2Fphotos%3Ftext%3Drex"
    page = get("login?next=%2Fdogs%2Fphotos%3Ftext%3Drex&lang=en")
    assert 'name="next" value="/dogs/photos?text=rex"' in page
    styles = re.findall(r'href="/dogs/(static/[\w.-]+)"', page)
    assert sorted(styles) == ["static/apple-touch-icon.png", "static/icon.svg", "static/style.css"]
    assert {visitor.get(one).status_code for one in styles} == {200}
    form = {"password": PASSWORD, "next": "/dogs/photos?text=rex"}
    signed_in = visitor.post("login", data=form)
    assert goes_to(signed_in) == "/dogs/photos?text=rex"
    assert re.search(r"barkive_session=.*; Path=/dogs;", signed_in.headers["set-cookie"])
    token = signed_in.cookies["barkive_session"]
    visitor.cookies.clear()
    visitor.headers["Cookie"] = f"barkive_session={token}; barkive_lang=en"

    page = get("")
    assert '<a class="brand" href="/dogs/">' in page
    red = (kennel / "rex.png").read_bytes()
    sent = visitor.post("identify", files={"files": ("rex.png", red)})
    assert "Chihuahua" in sent.text
    assert strays(sent.text) == []
    assert goes_to(visitor.get("identify?lang=fr")) == "/dogs/?lang=fr"
    spoken = visitor.get("?lang=fr")
    assert (
        "barkive_lang=fr; HttpOnly; Max-Age=31536000; Path=/dogs;" in spoken.headers["set-cookie"]
    )

    assert '"/dogs/scan"' in get("photos")  # empty as yet
    get("scan")
    get(f"scan?folder={kennel}")
    place = goes_to(visitor.post("scan", data={"folder": str(kennel)}))
    assert re.fullmatch(r"/dogs/scan/\w+", place)
    job = place.removeprefix("/dogs/")
    assert "event: end" in visitor.get(f"api/v1/scans/{place.rpartition('/')[2]}/events").text
    page = get(job)
    assert 'href="/dogs/photos?folder=' in page
    assert goes_to(visitor.post(f"{job}/cancel")) == place

    page = get("photos")
    tiles = re.findall(r'href="/dogs/photos/(\d+)".*?<span class="file">(.*?)</span>', page, re.S)
    (number,) = (number for number, file in tiles if file == "rex.png")
    assert 'action="/dogs/exports' in page
    get("photos?breed=pug")
    assert strays(visitor.get("photos/tiles").text) == []
    assert strays(visitor.get("photos?breed=pgu").text) == []
    assert visitor.get(f"api/v1/photos/{number}/thumbnail").status_code == 200
    page = get(f"photos/{number}")
    assert f'action="/dogs/photos/{number}/corrections"' in page
    get(f"photos/{number}/related")
    said = visitor.post(f"photos/{number}/corrections", data={"kind": "not_dog"})
    assert goes_to(said) == f"/dogs/photos/{number}?said=saved"
    assert goes_to(visitor.get(f"photos/{number}/corrections")) == f"/dogs/photos/{number}"
    unknown = visitor.post(f"photos/{number}/corrections", data={"kind": "breed", "breed": "pgu"})
    assert unknown.status_code == 422
    assert strays(unknown.text) == []

    assert re.fullmatch(r"/dogs/review\?session=[\w-]+", goes_to(visitor.get("review")))
    page = get(f"review?session={SESSION}")
    assert 'data-leave="/dogs/review/leave"' in page
    acted = visitor.post("review", data={"session": SESSION, "act": "undo"})
    assert goes_to(acted) == f"/dogs/review?session={SESSION}&said=nothing"
    named = visitor.post("review/name", data={"session": SESSION, "name": "Ada"})
    assert goes_to(named) == f"/dogs/review?session={SESSION}"
    assert "; Path=/dogs;" in named.headers["set-cookie"]
    assert visitor.post("review/leave", data={"session": SESSION}).status_code == 204
    get("merge")
    get("phone")

    page = get("breeds?text=pug")
    assert 'href="/dogs/photos?breed=n02110958"' in page
    added = visitor.post("breeds", data={"en": "Shiba Inu"})
    assert goes_to(added) == "/dogs/breeds?said=Shiba+Inu"
    assert 'action="/dogs/breeds/change' in get("breeds?group=added")
    changed = visitor.post("breeds/change?group=added", data={"breed": "Shiba Inu", "en": "Shiba"})
    assert goes_to(changed) == "/dogs/breeds?group=added&said=Shiba+Inu"
    place = goes_to(visitor.post("learn"))
    assert re.fullmatch(r"/dogs/learn/\w+", place)
    job = place.removeprefix("/dogs/")
    assert "event: end" in visitor.get(f"api/v1/{job}/events").text
    get(job)
    assert goes_to(visitor.post(f"{job}/use")) == place
    assert goes_to(visitor.get("learn")) == "/dogs/review"

    left = visitor.post("logout")
    assert goes_to(left) == "/dogs/login"
    assert "; Path=/dogs;" in left.headers["set-cookie"]


def test_errors_lead_back_to_the_root(visitor: TestClient) -> None:
    visitor.headers["Authorization"] = f"Bearer {PASSWORD}"
    for path in ("nothing", "static/nothing.css", "photos/abc", "photos/7"):
        page = visitor.get(path)
        assert (page.status_code, strays(page.text)) == (404, [])
        assert '<a class="button" href="/dogs/">' in page.text
    assert "There is nothing at /dogs/nothing;" in visitor.get("nothing?lang=en").text
    assert visitor.get("api/nothing").headers["content-type"] == "application/problem+json"
    refused = visitor.post("api/v1/counts")
    assert (refused.status_code, refused.headers["allow"]) == (405, "GET")
    # The root itself is without the slash only in what people type.
    moved = visitor.get("photos/")
    assert (moved.status_code, moved.headers["location"]) == (307, f"{ORIGIN}/dogs/photos")


def test_the_api_follows(visitor: TestClient, kennel: Path) -> None:
    visitor.headers["Authorization"] = f"Bearer {PASSWORD}"
    started = visitor.post("api/v1/scans", json={"folders": [str(kennel)]})
    assert started.status_code == 202
    assert re.fullmatch(r"/dogs/api/v1/scans/\w+", started.headers["location"])
    told = visitor.get(started.headers["location"].removeprefix("/dogs/") + "/events")
    assert "event: end" in told.text
    page = visitor.get("api/v1/photos?limit=2&lang=fr").json()
    assert page["next"] == "/dogs/api/v1/photos?limit=2&lang=fr&offset=2"
    assert visitor.get("openapi.json").json()["servers"] == [{"url": "/dogs"}]
    # The limit of a small body holds below the root path as well.
    huge = visitor.post("api/v1/photos/1/corrections", content=bytes(2 << 20))
    assert huge.status_code == 413


def test_health_needs_no_password(visitor: TestClient) -> None:
    assert visitor.get("healthz").text == "ok"
    assert visitor.get("metrics").status_code == 401


def test_only_a_trusted_proxy_is_believed(settings: Settings) -> None:
    app = ForwardedHeadersMiddleware(create_app(settings), trusted="10.0.0.1")
    headers = {"X-Forwarded-Prefix": "/dogs"}
    with TestClient(app, base_url=ORIGIN, headers=headers) as stranger:
        assert '<a class="brand" href="/">' in stranger.get("/").text
    with TestClient(app, base_url=ORIGIN, headers=headers, client=("10.0.0.1", 1)) as proxy:
        assert '<a class="brand" href="/dogs/">' in proxy.get("/").text
        assert (
            "servers" not in proxy.get("/openapi.json", headers={"X-Forwarded-Prefix": "/"}).json()
        )


def test_a_proxy_also_tells_who_asks() -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await PlainTextResponse(f"{scope['client'][0]} {scope['scheme']}")(scope, receive, send)

    told = {"X-Forwarded-For": "203.0.113.7", "X-Forwarded-Proto": "https"}
    client = TestClient(ForwardedHeadersMiddleware(app, trusted="*"), headers=told)
    assert client.get("/").text == "203.0.113.7 https"


def test_the_visitor_who_types_the_root_alone_is_led_on(settings: Settings) -> None:
    with TestClient(create_app(replace(settings, root_path=ROOT)), base_url=ORIGIN) as visitor:
        answer = visitor.get("/dogs", follow_redirects=False)
        assert answer.status_code == 307
        assert urlsplit(answer.headers["location"]).path == "/dogs/"
