"""What each role may do: every route of the server, and what users can't do by any way."""

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from barkive.web import Settings, create_app
from barkive.web.roles import Role, needed
from barkive.web.urls import Route
from barkive.web.users import Users

PASSWORD = "correct <horse>"
# Reading needs no more than to look, but for these: they are there only to do something.
READING_FOR = {
    Role.LABEL: {"/review", "/review/name"},
    Role.MANAGE: {
        *("/scan", "/scan/known", "/scan/plan", "/scan/{scan_id}", "/scan/{scan_id}/cancel"),
        *("/merge", "/merge/confirm", "/merge/undo", "/users", "/users/change"),
        *("/duplicates", "/duplicates/keep", "/duplicates/events"),
    },
}
# All that is neither of these is for those who label.
ASKING = {
    *("/identify", "/api/v1/identify", "/api/v1/heatmap", "/animals/which"),
    *("/api/v1/animals/match", "/selection", "/selection/export"),
    *("/exports", "/exports/{export_id}/cancel", "/api/v1/export"),
    *("/api/v1/exports/{export_id}/cancel", "/login", "/logout"),
    *("/account/password", "/account/tokens", "/account/tokens/withdraw"),
}
MANAGING = {
    *("/selection/forget", "/api/v1/photos/forget", "/duplicates", "/duplicates/keep"),
    *("/scan", "/scan/known", "/scan/plan"),
    *("/scan/{scan_id}/cancel", "/api/v1/scans", "/api/v1/scans/{scan_id}/cancel"),
    *("/learn", "/learn/undo", "/learn/{learn_id}/use", "/api/v1/learn"),
    *("/api/v1/learn/undo", "/api/v1/learn/{learn_id}/use"),
    *("/merge", "/merge/confirm", "/merge/undo", "/api/v1/merge", "/api/v1/merge/undo"),
    *("/users", "/users/change"),
}


@pytest.fixture
def users(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Users]:
    """Ada may manage, Ben label, Cleo look; none has to wait for a hash."""
    monkeypatch.setattr("barkive.web.passwords._N", 1 << 4)
    users = Users(tmp_path / "users.sqlite")
    for name, role in (("Ada", Role.MANAGE), ("Ben", Role.LABEL), ("Cleo", Role.LOOK)):
        users.add(name, role, PASSWORD)
    yield users
    users.close()


@pytest.fixture
def server(settings: Settings, users: Users) -> Iterator[TestClient]:
    app = create_app(replace(settings, users=users))
    with TestClient(app, base_url="http://127.0.0.1", follow_redirects=False) as client:
        yield client


def sign_in(server: TestClient, name: str) -> None:
    answer = server.post("/login", data={"name": name, "password": PASSWORD})
    assert answer.status_code == 303


def operations(app: Any) -> Iterator[tuple[str, str]]:
    """Method and pattern of each route."""
    for route in app.routes:
        for method in getattr(route, "methods", None) or ():
            yield method, route.path


def test_every_route_needs_the_role_that_is_written_here(server: TestClient) -> None:
    found = set(operations(server.app))
    assert len(found) > 120
    paths = {path for _, path in found}
    assert paths >= ASKING | MANAGING | READING_FOR[Role.LABEL] | READING_FOR[Role.MANAGE]
    wrong = {}
    for method, path in found:
        if method in ("GET", "HEAD"):
            role = next((one for one, those in READING_FOR.items() if path in those), Role.LOOK)
        else:
            role = Role.LOOK if path in ASKING else Role.LABEL
            is_for_good = method == "DELETE" and path.startswith("/api/v1/photos/")
            role = Role.MANAGE if path in MANAGING or is_for_good else role
        if needed(method, path) is not role:
            wrong[method, path] = needed(method, path)
    assert wrong == {}


def test_every_address_that_changes_something_is_among_the_routes(server: TestClient) -> None:
    found = {path for _, path in operations(server.app)}
    assert {str(one) for one in Route} - found - {Route.STATIC} == set()


@pytest.mark.parametrize("path", ["/photos/7/forget", "/selection/forget", "/anything", "/api/v1/"])
def test_what_is_new_or_for_good_is_for_those_who_manage(path: str) -> None:
    assert needed("POST", path) is Role.MANAGE
    assert needed("DELETE", path) is Role.MANAGE
    assert needed("DELETE", "/api/v1/photos/7") is Role.MANAGE


def test_a_refused_person_is_told_what_they_may_do(server: TestClient) -> None:
    sign_in(server, "cleo")
    answer = server.post("/api/v1/scans", json={"folders": ["/x"]})
    assert answer.status_code == 403
    assert answer.json()["code"] == "role_refused"
    assert answer.json()["detail"] == (
        "You are signed in as Cleo, and may look at photos, search and export. This is for those "
        "who may do everything, with scans, learning and users; ask a person who manages the "
        "users."
    )
    page = server.get("/users?lang=fr", headers={"Accept": "text/html"})
    assert page.status_code == 403
    assert "Vous êtes connecté en tant que Cleo" in page.text


def test_what_somebody_can_not_do_is_not_offered(server: TestClient) -> None:
    sign_in(server, "cleo")
    page = server.get("/photos").text
    assert ">Scan</a>" not in page
    assert ">Review</a>" not in page
    assert ">Cleo</a>" in page
    sign_in(server, "ben")
    assert ">Review</a>" in server.get("/photos").text
    sign_in(server, "ada")
    assert ">Scan</a>" in server.get("/photos").text
    assert 'href="/users"' in server.get("/account").text


@pytest.mark.parametrize(("name", "role"), [("cleo", Role.LOOK), ("ben", Role.LABEL)])
def test_no_page_offers_what_would_be_refused(
    name: str, role: Role, filled_by_users: TestClient
) -> None:
    server = filled_by_users
    gone, *others = server.get("/api/v1/photos").json()["photos"]
    Path(gone["file"]).unlink()
    service = server.app.state.service  # type: ignore[attr-defined]
    folder = Path(gone["file"]).parent
    service.catalogue.scan(folder, classifier=service.classifier, gone=True)
    sign_in(server, name)
    pages = ["/", "/photos", "/photos?missing=true", *(f"/photos/{one['id']}" for one in others)]
    pages += ["/animals", "/animals/suggestions", "/animals/which", "/acts", "/exports"]
    pages += ["/breeds", "/phone", "/account", *(["/review"] if role is Role.LABEL else [])]
    refused = []
    for page in pages:
        text = server.get(page, follow_redirects=True).text
        for form in re.findall(r'<form[^>]*method="post".*?</form>', text, re.S):
            actions = re.findall(r'(?:form)?action="([^"?]*)', form) if "<button" in form else []
            refused += [(page, to) for to in actions if not role.includes(needed("POST", to))]
            refused += [(page, step) for step in re.findall('value="forget"', form)]
        links = re.findall(r'<a [^>]*href="([^"?#]*)', text)
        refused += [(page, to) for to in links if not role.includes(needed("GET", to))]
    assert refused == []


def test_a_role_holds_from_the_next_request_on(server: TestClient, users: Users) -> None:
    sign_in(server, "ben")
    assert server.get("/review").status_code == 303
    users.set_role("ben", Role.LOOK)
    assert server.get("/review").status_code == 403
    users.remove("ben")
    assert server.get("/review").status_code == 401


def test_nobody_speaks_in_the_name_of_another(filled_by_users: TestClient) -> None:
    server = filled_by_users
    number = server.get("/api/v1/photos").json()["photos"][0]["id"]
    said = {"kind": "breed", "breeds": ["Pug"], "by": "Ada"}
    at = f"/api/v1/photos/{number}"
    assert server.post(f"{at}/corrections", json=said).status_code == 200
    assert [one["by"] for one in server.get(f"{at}/history").json()] == ["Ben"]
    many = {"kind": "breed", "breeds": ["Boxer"], "photos": [number], "by": "Ada"}
    assert server.post("/api/v1/photos/labels", json=many).status_code == 200
    made = server.post("/api/v1/animals", json={"name": "Rex", "by": "Ada"}).json()
    acts = server.get("/api/v1/acts").json()
    assert {one["by"] for one in acts} == {"Ben"}
    undone = server.post(f"/api/v1/acts/{acts[0]['id']}/undo?by=Ada").json()
    assert undone["by"] == "Ben"
    assert made["name"] == "Rex"
    form = {"kind": "breed", "breed": "Pug", "by": "Ada", "name": "Ada"}
    server.cookies.set("barkive_name", "Ada")
    server.post(f"/photos/{number}/corrections", data=form)
    assert {one["by"] for one in server.get(f"{at}/history").json()} == {"Ben"}


@pytest.fixture
def filled_by_users(server: TestClient, kennel: Path) -> TestClient:
    service = server.app.state.service  # type: ignore[attr-defined]
    service.catalogue.scan(kennel, classifier=service.classifier)
    sign_in(server, "Ben")
    return server


def test_who_looks_exports_but_says_nothing_is_sent(
    filled_by_users: TestClient, users: Users
) -> None:
    """What counts as sent is there for all."""
    server = filled_by_users
    sign_in(server, "cleo")
    assert 'name="new"' not in server.get("/exports").text
    assert server.post("/exports", data={"form": "asm3"}).status_code == 303
    answer = server.post("/exports", data={"form": "asm3", "new": "true"})
    assert answer.status_code == 403
    assert "This is for those who may" in answer.text
    answer = server.post("/api/v1/export", params={"as": "asm3", "new": True})
    assert (answer.status_code, answer.json()["code"]) == (403, "role_refused")
    sign_in(server, "ben")
    assert 'name="new"' in server.get("/exports").text
    answer = server.post("/exports", data={"form": "asm3", "new": "true"})
    assert "counts as sent" in server.get(answer.headers["location"]).text
    # Each finds their own files there; who took what is there for all.
    page = server.get("/exports").text
    assert page.count('href="/exports/') == 1
    assert ">Ben, " in page
    assert ">Cleo, " in page


def test_wherever_the_api_asks_who_it_is_the_user_counts(server: TestClient) -> None:
    description = server.app.openapi()  # type: ignore[attr-defined]
    asked = [
        schema["properties"]["by"].get("description", "")
        for name, schema in description["components"]["schemas"].items()
        if "by" in schema.get("properties", {})
    ]
    asked += [
        one.get("description", "")
        for operations in description["paths"].values()
        for operation in operations.values()
        for one in operation.get("parameters", ())
        if one["name"] == "by"
    ]
    who = [one for one in asked if one.startswith("Who")]
    assert len(who) > 10
    assert [one for one in who if not one.endswith("whatever is sent.")] == []


def test_a_user_is_not_asked_for_a_name(filled_by_users: TestClient) -> None:
    page = filled_by_users.get("/review", follow_redirects=True)
    assert "mix.png" in page.text
    assert 'id="name"' not in page.text
    assert "set-cookie" not in filled_by_users.post("/review/name", data={"name": "Ada"}).headers


def test_an_export_says_who_took_it_out(filled_by_users: TestClient) -> None:
    server = filled_by_users
    assert server.get("/api/v1/export?as=csv&status=dog").status_code == 200
    server.post("/exports?breed=pug", data={"form": "jsonl"})
    runs = server.app.state.service.catalogue.export_runs()  # type: ignore[attr-defined]
    assert [(one.started_by, one.form, dict(one.filter), one.number) for one in runs] == [
        ("Ben", "jsonl", {"breeds": ["pug"]}, 1),
        ("Ben", "csv", {"status": ["dog"]}, 2),
    ]
    assert "Pug</p>" in server.get("/exports").text


def test_a_token_is_let_in_as_its_user_until_it_is_withdrawn(
    server: TestClient, users: Users
) -> None:
    token = users.add_token("Ben", "importer")
    bearer = {"Authorization": f"Bearer {token}"}
    assert server.get("/api/v1/photos", headers=bearer).status_code == 200
    assert server.post("/api/v1/scans", headers=bearer, json={}).status_code == 403
    (kept,) = users.tokens("Ben")
    assert kept.used_at is not None
    users.withdraw("Ben", kept.id)
    assert server.get("/api/v1/photos", headers=bearer).status_code == 401


def test_a_token_makes_no_tokens_and_no_users(server: TestClient, users: Users) -> None:
    bearer = {"Authorization": f"Bearer {users.add_token('Ada', 'importer')}"}
    for path in ("/account", "/account/tokens", "/users"):
        assert server.post(path, headers=bearer, data={"name": "x"}).status_code in (403, 405)
    assert server.get("/users", headers=bearer).status_code == 403


def test_basic_takes_name_and_password(server: TestClient) -> None:
    assert server.get("/api/v1/photos", auth=("ada", PASSWORD)).status_code == 200
    assert server.get("/api/v1/photos", auth=("ada", "wrong")).status_code == 401
    assert server.get("/api/v1/photos", auth=("", PASSWORD)).status_code == 401
    bearer = {"Authorization": f"Bearer {PASSWORD}"}
    answer = server.get("/api/v1/photos", headers=bearer)
    assert (answer.status_code, answer.json()["code"]) == (401, "sign_in_wrong_user")
