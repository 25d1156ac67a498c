"""Signing in and out, attacked through links, cookies, forms and guesses."""

import re
from collections.abc import Iterator
from dataclasses import replace
from html import unescape
from http.cookies import Morsel, SimpleCookie
from itertools import product
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from starlette.testclient import TestClient

from barkive.web import Settings, cookies, create_app
from barkive.web.passwords import Passwords
from barkive.web.urls import Urls

PASSWORD = "correct <horse>"
HERE = "http://127.0.0.1:8000"


class Known(Passwords):
    """Knows a password without the time that a hash takes."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder / "password.json")
        self.asked = 0

    def verify(self, password: str) -> bool:
        self.asked += 1
        return password == PASSWORD


@pytest.fixture
def passwords(tmp_path: Path) -> Known:
    return Known(tmp_path)


@pytest.fixture
def visitor(settings: Settings, passwords: Known) -> Iterator[TestClient]:
    app = create_app(replace(settings, password=passwords))
    with TestClient(app, base_url=HERE, follow_redirects=False) as client:
        yield client


@pytest.fixture
def member(visitor: TestClient) -> TestClient:
    visitor.post("/login", data={"password": PASSWORD})
    return visitor


def cookie(answer_headers: str) -> "Morsel[str]":
    return SimpleCookie(answer_headers)[cookies.SESSION]


def test_a_visitor_signs_in_and_comes_to_where_they_wanted(visitor: TestClient) -> None:
    sent = visitor.get("/photos?text=a%26b", headers={"Accept": "text/html"})
    assert sent.status_code == 303
    page = visitor.get(sent.headers["location"])
    assert '<input type="hidden" name="next" value="/photos?text=a%26b">' in page.text
    form = {"password": PASSWORD, "next": "/photos?text=a%26b"}
    answer = visitor.post("/login", data=form)
    assert (answer.status_code, answer.headers["location"]) == (303, "/photos?text=a%26b")
    assert visitor.get("/photos?text=a%26b").status_code == 200


def test_the_cookie_is_kept_from_scripts_and_other_sites_and_ends_after_thirty_days(
    visitor: TestClient,
) -> None:
    answer = visitor.post("/login", data={"password": PASSWORD})
    set_cookie = cookie(answer.headers["set-cookie"])
    assert set_cookie["httponly"] is True
    assert set_cookie["samesite"] == "lax"
    assert set_cookie["path"] == "/"
    assert set_cookie["domain"] == set_cookie["expires"] == ""
    assert set_cookie["max-age"] == str(30 * 24 * 3600)
    assert not set_cookie["secure"]
    assert PASSWORD not in answer.headers["set-cookie"]


def test_behind_https_the_cookie_is_never_sent_without(visitor: TestClient) -> None:
    answer = visitor.post("https://127.0.0.1:8000/login", data={"password": PASSWORD})
    assert cookie(answer.headers["set-cookie"])["secure"] is True


def test_nobody_chooses_a_visitors_session(visitor: TestClient) -> None:
    chosen = "A" * 43
    visitor.cookies.set(cookies.SESSION, chosen)
    answer = visitor.post("/login", data={"password": PASSWORD})
    token = cookie(answer.headers["set-cookie"]).value
    assert token != chosen
    visitor.cookies.clear()
    headers = {"Cookie": f"{cookies.SESSION}={chosen}"}
    assert visitor.get("/api/v1/breeds", headers=headers).status_code == 401


def test_each_sign_in_has_a_session_of_its_own(visitor: TestClient) -> None:
    tokens = set()
    for _ in range(3):
        answer = visitor.post("/login", data={"password": PASSWORD})
        tokens.add(cookie(answer.headers["set-cookie"]).value)
    assert len(tokens) == 3


def test_who_signs_in_again_has_their_old_session_ended(visitor: TestClient) -> None:
    first = cookie(visitor.post("/login", data={"password": PASSWORD}).headers["set-cookie"]).value
    visitor.post("/login", data={"password": PASSWORD})
    visitor.cookies.clear()
    headers = {"Cookie": f"{cookies.SESSION}={first}"}
    assert visitor.get("/api/v1/breeds", headers=headers).status_code == 401


def test_signing_out_ends_the_session_and_not_only_the_cookie(member: TestClient) -> None:
    token = member.cookies[cookies.SESSION]
    assert member.get("/api/v1/breeds").status_code == 200
    answer = member.post("/logout")
    assert (answer.status_code, answer.headers["location"]) == (303, "/login")
    assert cookies.SESSION not in member.cookies
    headers = {"Cookie": f"{cookies.SESSION}={token}"}
    assert member.get("/api/v1/breeds", headers=headers).status_code == 401


def test_a_link_does_not_sign_out(member: TestClient) -> None:
    assert member.get("/logout").status_code == 405
    assert member.get("/api/v1/breeds").status_code == 200


FOREIGN = [
    {"Origin": "null"},
    {"Origin": "http://evil.example"},
    {"Origin": "http://127.0.0.1:8001"},
    {"Sec-Fetch-Site": "cross-site"},
]
WRITING = ["/login", "/logout", "/scan", "/review", "/identify", "/api/v1/scans", "/api/v1/photos"]


def test_no_other_site_acts_for_a_member(member: TestClient) -> None:
    form = {"password": PASSWORD, "folder": "/"}
    for headers, path in product(FOREIGN, WRITING):
        answer = member.post(path, data=form, headers=headers)
        assert (headers, path, answer.status_code) == (headers, path, 403)
    assert member.get("/api/v1/breeds").status_code == 200


ELSEWHERE = [
    "https://evil.example",
    "//evil.example",
    "///evil.example",
    "/\\evil.example",
    "\\\\evil.example",
    "/\t/evil.example",
    "/\n/evil.example",
    "\t//evil.example",
    " //evil.example",
    "/\r\nSet-Cookie: barkive_session=x",
    "/photos\r\n\r\n<script>",
    "javascript:alert(1)",
    "photos",
    "",
    "/\u2028/evil.example",
    "/\x00",
]


def test_no_link_sends_anybody_elsewhere(visitor: TestClient) -> None:
    for goal in ELSEWHERE:
        answer = visitor.post("/login", data={"password": PASSWORD, "next": goal})
        assert (goal, answer.headers["location"]) == (goal, "/")
        page = visitor.get("/login", params={"next": goal})
        assert '<input type="hidden" name="next" value="/">' in page.text


def test_what_is_encoded_twice_stays_on_this_server(visitor: TestClient) -> None:
    form = {"password": PASSWORD, "next": "/%0d%0aX: y/%2f%2fevil.example"}
    answer = visitor.post("/login", data=form)
    assert answer.headers["location"] == "/%0d%0aX:%20y/%2f%2fevil.example"
    assert "x" not in answer.headers


@given(st.text() | st.from_regex(r"[/\\.\s]{0,4}[a-z:@.]*", fullmatch=True))
@example("/\\/evil.example")
@example("/\t/evil.example")
def test_every_goal_is_a_path_here(goal: str) -> None:
    own = Urls().own(goal)
    if not own:
        return
    # As browsers read an address: without tabs and line ends, and with \ as /.
    read = "".join(c for c in own if c not in "\t\r\n").replace("\\", "/")
    assert read.startswith("/")
    assert not read.startswith("//")
    assert own == own.strip("".join(map(chr, range(32))))


def test_the_page_is_no_place_for_script(visitor: TestClient) -> None:
    page = visitor.get("/login", params={"next": '/"><script>alert(1)</script>'})
    assert "<script>" not in page.text
    assert 'value="/&#34;&gt;&lt;script&gt;' in page.text


def test_a_wrong_password_is_not_told_back(visitor: TestClient) -> None:
    answer = visitor.post("/login", data={"password": "wr0ng-secret"})
    assert answer.status_code == 403
    assert "wr0ng-secret" not in answer.text
    assert "That is not the password" in answer.text
    assert "set-cookie" not in answer.headers


def test_no_password_is_taken_from_an_address(visitor: TestClient) -> None:
    answer = visitor.post("/login", params={"password": PASSWORD})
    assert answer.status_code == 403


def test_guesses_are_slowed_down(visitor: TestClient, passwords: Known) -> None:
    for _ in range(10):
        assert visitor.post("/login", data={"password": "guess"}).status_code == 403
    answer = visitor.post("/login", data={"password": PASSWORD})
    assert answer.status_code == 429
    assert int(answer.headers["retry-after"]) > 290
    assert "set-cookie" not in answer.headers
    assert passwords.asked == 10
    # The form and the header count together.
    headers = {"Authorization": f"Bearer {PASSWORD}"}
    assert visitor.get("/api/v1/breeds", headers=headers).status_code == 429


def test_who_is_signed_in_is_not_locked_out_by_guesses(member: TestClient) -> None:
    for _ in range(12):
        member.post("/login", data={"password": "guess"})
    assert member.get("/api/v1/breeds").status_code == 200


MALFORMED = [
    (b"", "application/x-www-form-urlencoded"),
    (b"password", "application/x-www-form-urlencoded"),
    (b"password=%ff%00", "application/x-www-form-urlencoded"),
    (b"password=" + b"x" * 3000, "application/x-www-form-urlencoded"),
    (b"{}", "application/json"),
    (b"nothing", "multipart/form-data"),
    (
        b'--b\r\nContent-Disposition: form-data; name="password"; filename="p"\r\n\r\n'
        b"x\r\n--b--\r\n",
        "multipart/form-data; boundary=b",
    ),
]


def test_malformed_forms_are_refused(visitor: TestClient) -> None:
    for content, kind in MALFORMED:
        answer = visitor.post("/login", content=content, headers={"Content-Type": kind})
        assert answer.status_code in (400, 403, 422)
        assert "set-cookie" not in answer.headers


def test_without_a_password_nobody_is_asked(server: TestClient) -> None:
    for answer in (
        server.get("/login", follow_redirects=False),
        server.post("/login", follow_redirects=False),
    ):
        assert (answer.status_code, answer.headers["location"]) == (303, "/")
    assert server.get("/").status_code == 200


# The way back

HTML = {"Accept": "text/html,*/*;q=0.8"}


def hidden(page: str) -> dict[str, str]:
    """The hidden fields of a page's form."""
    found = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', page)
    return {name: unescape(value) for name, value in found}


def test_a_form_that_came_too_late_is_sent_again_once_they_say_so(visitor: TestClient) -> None:
    note = 'chip <b>says</b>\r\nso & "more" é'
    form = {"breed": "pug", "note": note, "written": ["a", "b"]}
    came_from = HTML | {"Referer": f"{HERE}/photos/7?text=rex"}
    page = visitor.post("/photos/7/corrections?x=1", data=form, headers=came_from)
    assert page.status_code == 401
    assert "what you typed is still here" in page.text
    assert "says</b>" not in page.text
    kept = hidden(page.text)
    assert kept["next"] == "/photos/7?text=rex"
    assert kept["to"] == "/photos/7/corrections?x=1"
    wrong = visitor.post("/login", data=kept | {"password": "wrong"})
    assert hidden(wrong.text) == kept
    again = visitor.post("/login", data=kept | {"password": PASSWORD})
    assert again.status_code == 200
    assert 'action="/photos/7/corrections?x=1"' in again.text
    assert '<a class="button second" href="/photos/7?text=rex">' in again.text
    fields = re.findall(r'name="([^"]+)" value="([^"]*)"', again.text)
    assert [(name, unescape(value)) for name, value in fields] == [
        ("breed", "pug"),
        ("note", note),
        ("written", "a"),
        ("written", "b"),
    ]
    assert visitor.get("/photos").status_code == 200


def test_what_is_too_much_or_holds_a_password_is_not_kept(visitor: TestClient) -> None:
    for sent in (
        visitor.post("/photos/7/corrections", data={"note": "x" * 70_000}, headers=HTML),
        visitor.post("/identify", files={"files": b"photo"}, headers=HTML),
        visitor.post("/account/password", data={"new": "battery staple"}, headers=HTML),
        visitor.post("/users", data={"password": "battery staple"}, headers=HTML),
    ):
        assert sent.status_code == 401
        assert "Sign in, and do it once more" in sent.text
        assert set(hidden(sent.text)) == {"next"}
        assert "battery" not in sent.text


def test_the_way_back_leads_to_no_other_site(visitor: TestClient) -> None:
    away = HTML | {"Referer": "https://evil.example/photos/7"}
    page = visitor.post("/photos/7/corrections", data={"breed": "pug"}, headers=away)
    assert hidden(page.text)["next"] == "/photos/7/corrections"
    form = {"password": PASSWORD, "to": "https://evil.example/", "sent": "a=b"}
    answer = visitor.post("/login", data=form)
    assert (answer.status_code, answer.headers["location"]) == (303, "/")


def test_programs_are_told_in_a_sentence(visitor: TestClient) -> None:
    answer = visitor.post("/api/v1/photos/7/corrections", json={}, headers={"Accept": "*/*"})
    assert (answer.status_code, answer.json()["code"]) == (401, "sign_in_required")


def test_the_page_is_in_the_language_of_the_page_that_was_wanted(visitor: TestClient) -> None:
    sent = visitor.get("/photos?lang=fr", headers=HTML)
    page = visitor.get(sent.headers["location"])
    assert '<html lang="fr">' in page.text
    assert hidden(page.text)["next"] == "/photos?lang=fr"
    # Its switch keeps the way, also after a wrong password.
    english = re.search(r'href="([^"]+)" lang="en"', page.text)
    assert english is not None
    assert "next=%2Fphotos%3Flang%3Dfr" in english[1]
    address = re.search(r'<form class="card" method="post" action="([^"]+)"', page.text)
    assert address is not None
    wrong = visitor.post(unescape(address[1]), data={"password": "wrong"})
    assert '<html lang="fr">' in wrong.text


def test_a_session_outlives_the_server_and_not_the_password(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("barkive.web.passwords._N", 1 << 4)
    passwords = Passwords(tmp_path / "password.json")
    passwords.set(PASSWORD)
    with TestClient(create_app(replace(settings, password=passwords)), base_url=HERE) as client:
        client.post("/login", data={"password": PASSWORD})
        jar = client.cookies
    app = create_app(replace(settings, password=Passwords(tmp_path / "password.json")))
    with TestClient(app, base_url=HERE, cookies=jar) as client:
        assert client.get("/api/v1/breeds").status_code == 200
        passwords.set("battery staple")
        assert client.get("/api/v1/breeds").status_code == 401
