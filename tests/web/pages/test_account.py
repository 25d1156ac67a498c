"""“My account” and the users' page: what people change of themselves, and of others."""

import re
from collections.abc import Iterator
from dataclasses import replace
from html import unescape
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from barkive.web import Settings, create_app
from barkive.web.roles import Role
from barkive.web.users import Users

PASSWORD, OTHER = "correct <horse>", "battery staple"


@pytest.fixture
def users(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Users]:
    monkeypatch.setattr("barkive.web.passwords._N", 1 << 4)
    users = Users(tmp_path / "users.sqlite")
    users.add("Ada", Role.MANAGE, PASSWORD)
    users.add("Ben <b>", Role.LABEL, PASSWORD)
    yield users
    users.close()


@pytest.fixture
def make(settings: Settings, users: Users) -> Iterator[TestClient]:
    with TestClient(
        create_app(replace(settings, users=users)), base_url="http://127.0.0.1"
    ) as client:
        yield client


@pytest.fixture
def ada(make: TestClient) -> TestClient:
    make.post("/login", data={"name": "ada", "password": PASSWORD})
    return make


def alert(page: str) -> str:
    (found,) = re.findall(r'role="alert">([^<]*)<', page)
    return unescape(found)


def test_another_password_ends_all_other_sessions(ada: TestClient, users: Users) -> None:
    elsewhere = users.sessions.open(users.get("ada").mark)
    form = {"now": PASSWORD, "new": OTHER, "again": OTHER}
    page = ada.post("/account/password", data=form)
    assert "The password is changed." in page.text
    assert ada.get("/account").status_code == 200
    mark = users.sessions.mark_of(elsewhere)
    assert mark is not None
    assert users.of_mark(mark) is None
    assert users.verify("Ada", OTHER) is not None


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ({"now": "wrong", "new": OTHER, "again": OTHER}, "That is not your password now."),
        (
            {"now": PASSWORD, "new": OTHER, "again": "other"},
            "The new password was typed in two ways; type the same twice.",
        ),
        (
            {"now": PASSWORD, "new": "short", "again": "short"},
            "The password has 5 characters; it must have 8 to 1000.",
        ),
    ],
)
def test_a_wrong_form_changes_nothing(
    ada: TestClient, users: Users, form: dict[str, str], said: str
) -> None:
    page = ada.post("/account/password", data=form)
    assert (page.status_code, alert(page.text)) == (422, said)
    assert users.verify("Ada", PASSWORD) is not None


def test_a_token_is_shown_once_and_can_be_withdrawn(ada: TestClient, users: Users) -> None:
    page = ada.post("/account/tokens", data={"name": "importer"})
    assert page.status_code == 201
    token = re.search(r'value="(barkive_[\w-]{43})"', page.text)
    assert token is not None
    assert users.of_token(token[1]) == users.get("Ada")
    page = ada.get("/account")
    assert token[1] not in page.text
    assert "importer" in page.text
    number = users.tokens("Ada")[0].id
    page = ada.post("/account/tokens/withdraw", data={"token": number})
    assert "it lets nobody in" in page.text
    assert users.of_token(token[1]) is None
    page = ada.post("/account/tokens", data={"name": " "})
    assert page.status_code == 422
    assert "must have 1 to 100 characters" in alert(page.text)


def test_nobody_withdraws_the_token_of_another(ada: TestClient, users: Users) -> None:
    users.add_token("Ben <b>", "importer")
    (kept,) = users.tokens("Ben <b>")
    assert ada.post("/account/tokens/withdraw", data={"token": kept.id}).status_code == 404
    assert users.tokens("Ben <b>") == [kept]


def test_those_who_manage_add_change_and_remove_users(ada: TestClient, users: Users) -> None:
    page = ada.get("/users").text
    assert "<strong>Ben &lt;b&gt;</strong>" in page
    form = {"name": "Cleo", "role": "look", "password": PASSWORD}
    assert "Cleo may sign in." in ada.post("/users", data=form).text
    assert users.get("cleo").role is Role.LOOK
    ada.post("/users/change", data={"name": "Cleo", "act": "role", "role": "manage"})
    assert users.get("cleo").role is Role.MANAGE
    ada.post("/users/change", data={"name": "Cleo", "act": "password", "password": OTHER})
    assert users.verify("cleo", OTHER) is not None
    assert (
        "Cleo is removed." in ada.post("/users/change", data={"name": "Cleo", "act": "remove"}).text
    )
    assert [one.name for one in users.all()] == ["Ada", "Ben <b>"]


def test_what_is_wrong_is_said_where_it_stands(ada: TestClient, users: Users) -> None:
    page = ada.post("/users", data={"name": "ada", "role": "look", "password": PASSWORD})
    assert (page.status_code, alert(page.text)) == (
        422,
        "There is a user ada already; choose another name.",
    )
    assert 'value="ada" maxlength="100"' in page.text
    page = ada.post("/users/change", data={"name": "Ada", "act": "remove"})
    assert alert(page.text) == (
        "Ada is the only one who may manage; let somebody else manage first."
    )


@pytest.mark.parametrize("path", ["/account", "/account/tokens", "/users", "/users/change"])
def test_addresses_of_forms_lead_to_their_page(ada: TestClient, path: str) -> None:
    answer = ada.get(path)
    assert answer.status_code == 200
    assert answer.url.path == f"/{path.split('/')[1]}"


@pytest.mark.parametrize("path", ["/account", "/users"])
def test_without_users_the_pages_lead_to_the_first_one(server: TestClient, path: str) -> None:
    assert server.get(path).url.path == "/"
    assert server.post(path, data={"name": "x"}).status_code in (200, 405)
