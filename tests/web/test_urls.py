"""Addresses: built in one place, and right below a root path."""

from __future__ import annotations

import inspect
import re
from pathlib import Path
from typing import Any

import pytest
from fastapi.routing import APIRoute
from starlette import routing
from starlette.routing import Match
from starlette.testclient import TestClient

import barkive.web
from barkive.errors import UsageError
from barkive.web import Settings, create_app
from barkive.web.urls import (
    API,
    PAGES_OF_FORMS,
    Route,
    Urls,
    forwarded_root,
    is_root_path,
    under_root,
    with_query,
)

SOURCE = Path(barkive.web.__file__).parent
# What stands in the place of an address's own parts.
PARTS = {
    **{"number": 7, "animal": 7, "act": 7, "suggestion": 7, "search": 7},
    **{"scan_id": "3f2a", "learn_id": "3f2a", "job_id": "3f2a", "export_id": "3f2a"},
    **{"file": "style.css"},
}


def built(urls: Urls) -> dict[str, str]:
    """Every address that there is, by the name of its method."""
    addresses = {}
    for name, method in inspect.getmembers(urls, inspect.ismethod):
        parameters = inspect.signature(method).parameters.values()
        given = [PARTS[one.name] for one in parameters if one.name in PARTS]
        if not name.startswith("_") and name not in ("of", "own", "route_path"):
            addresses[name] = method(*given)
    return addresses


def test_every_address_is_that_of_a_route(settings: Settings) -> None:
    app = create_app(settings)
    app.state.service.close()
    asked = built(Urls("/dogs"))
    asked |= {one.name: f"/dogs{one.format(**PARTS)}" for one in Route if one is not Route.STATIC}
    unknown = {}
    for name, address in asked.items():
        scope = under_root({"type": "http", "method": "GET", "path": address}, "/dogs")
        if not any(route.matches(scope)[0] is not Match.NONE for route in app.routes):
            unknown[name] = address
    assert unknown == {}


def test_no_route_is_built_at_the_first_request(settings: Settings) -> None:
    app = create_app(settings)
    app.state.service.close()
    # What FastAPI includes of a router it builds once more when it is first asked.
    assert {type(route) for route in app.routes} == {APIRoute, routing.Route, routing.Mount}


def test_every_form_can_be_gone_back_to(settings: Settings) -> None:
    app = create_app(settings)

    def takes_forms(route: Route) -> bool:
        scope = {"type": "http", "method": "POST", "path": route.format(**PARTS)}
        scope = under_root(scope, "")
        return any(one.matches(scope)[0] is Match.FULL for one in app.routes)

    with TestClient(app, base_url="http://127.0.0.1") as client:
        pages = [one for one in Route if not one.startswith(API)]
        forms = [one for one in pages if one is not Route.STATIC and takes_forms(one)]
        assert PAGES_OF_FORMS.keys() <= set(forms)
        for form in set(forms) - {Route.REVIEW_LEAVE, Route.LOGOUT}:
            asked = f"{form.format(**PARTS)}?lang=fr"
            answer = client.get(asked, follow_redirects=False)
            assert answer.status_code != 405, form
            if page := PAGES_OF_FORMS.get(form):
                assert answer.status_code == 303, form
                assert answer.headers["location"] == f"{page.format(**PARTS)}?lang=fr"


def test_all_addresses_begin_with_the_root_path() -> None:
    assert [one for one in built(Urls("/dogs")).values() if not one.startswith("/dogs/")] == []
    assert built(Urls("/dogs"))["home"] == "/dogs/"
    assert Urls().photo(7) == "/photos/7"
    assert Urls("/a/b").photo(7) == "/a/b/photos/7"
    assert Urls().photo("{number}") == "/photos/{number}"


def test_a_query_holds_what_is_given() -> None:
    assert with_query("/photos", text="a b&c", breed="", page=None) == "/photos?text=a+b%26c"
    assert with_query("/photos", page=2, folder="/é\udce9") == "/photos?page=2&folder=%2F%C3%A9%E9"
    assert with_query("/photos") == "/photos"


@pytest.mark.parametrize(
    "root", ["", "/dogs", "/a/b", "/Chiens_2.0~x-y", "/photographs", "/..dogs"]
)
def test_root_paths(root: str) -> None:
    assert is_root_path(root)
    assert Settings(root_path=root).root_path == root


@pytest.mark.parametrize(
    "root",
    [
        *("/", "dogs", "/dogs/", "//dogs", "/dogs//a", "https://dogs", "/.", "/..", "/a/../b"),
        *("/a b", "/é", "/a?b", "/a#b", "/a%20b", '/"', "/\n", "/dogs\n"),
        *("/photos", "/api/dogs", "/static"),
    ],
)
def test_what_is_no_root_path_is_refused(root: str) -> None:
    with pytest.raises(UsageError, match="can't be under the root path"):
        Settings(root_path=root)


@pytest.mark.parametrize(
    ("header", "root"),
    [
        ("/dogs", "/dogs"),
        ("/dogs/", "/dogs"),
        ("/site, /dogs/", "/site/dogs"),
        ("/photos", "/photos"),
        ("", ""),
        ("/", ""),
        ("//evil.example", ""),
        ("https://evil.example", ""),
        ('/"><script>', ""),
        ("/..", ""),
        ("dogs", ""),
    ],
)
def test_the_prefix_that_proxies_send(header: str, root: str) -> None:
    assert forwarded_root(header) == root


@pytest.mark.parametrize(
    ("given", "path", "root", "expected"),
    [
        ("", "/photos", "", "/photos"),
        ("", "/photos", "/dogs", "/dogs/photos"),
        ("", "/dogs/photos", "/dogs", "/dogs/photos"),
        ("", "/dogs", "/dogs", "/dogs"),
        ("", "/dogsled", "/dogs", "/dogs/dogsled"),
        ("/cats", "/cats/photos", "/dogs", "/cats/photos"),
        ("/cats", "/photos", "", "/cats/photos"),
    ],
)
def test_a_request_below_a_root_path(given: str, path: str, root: str, expected: str) -> None:
    scope: dict[str, Any] = {"type": "http", "path": path, "root_path": given}
    placed = under_root(scope, root)
    assert placed["path"] == expected
    assert placed["root_path"] == Urls.of(placed).root == (given or root)
    assert scope == {"type": "http", "path": path, "root_path": given}


def test_nothing_but_urls_holds_an_address() -> None:
    literal = {
        # Attributes and calls with a path from the top: href="/photos", fetch(`/api/v1/…`).
        "*.html": r"""(?:=|\(|,)\s*["'`]/(?!/)[A-Za-z{]?""",
        "*.js": r"""["'`]/[A-Za-z$]""",
        "*.css": r"""url\(["']?/""",
        "*.py": r"""(?:\(|,|=|\[)\s*f?["']/[a-z]""",
    }
    # Folders on a disk, and the beginning of all that programs ask for.
    allowed = re.compile(r'"/home/ada|_DISKS = |_PROGRAMS = ')
    found = []
    for pattern, address in literal.items():
        for file in SOURCE.rglob(pattern):
            if file.name == "urls.py":
                continue
            for number, line in enumerate(file.read_text("utf-8").splitlines(), 1):
                if re.search(address, line) and not allowed.search(line):
                    found.append(f"{file.relative_to(SOURCE)}:{number}: {line.strip()}")
    assert found == []
