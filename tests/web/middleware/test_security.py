"""What stands before every request, attacked as from another site, machine or network."""

import base64
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import anyio
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from starlette.datastructures import Headers
from starlette.responses import JSONResponse, PlainTextResponse
from starlette.testclient import TestClient, WebSocketDenialResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette.websockets import WebSocketDisconnect

from barkive.web import Settings, cookies, create_app
from barkive.web.middleware.security import (
    CrossSiteMiddleware,
    HeadRequestMiddleware,
    SecurityHeadersMiddleware,
    SignInMiddleware,
    TrustedHostMiddleware,
    _is_foreign,
    _sent,
    host_name,
)
from barkive.web.passwords import Passwords
from barkive.web.services.sign_in import SignIn, Visitor
from barkive.web.sessions import LoginThrottle

PASSWORD = "correct horse"
HERE = "127.0.0.1:8000"


async def hello(scope: Scope, receive: Receive, send: Send) -> None:
    """The application behind the guard: says what it was asked for."""
    await PlainTextResponse(f"{scope['method']} {scope['path']}")(scope, receive, send)


def refuse(
    scope: Scope, status: int, detail: object, headers: Mapping[str, str] | None = None
) -> ASGIApp:
    return JSONResponse({"detail": str(detail)}, status, headers)


def client(app: ASGIApp) -> TestClient:
    return TestClient(app, base_url=f"http://{HERE}", follow_redirects=False)


# Headers


def test_every_answer_tells_browsers_what_they_must_not_do() -> None:
    headers = client(SecurityHeadersMiddleware(hello)).get("/").headers
    policy = dict(part.split(" ", 1) for part in headers["content-security-policy"].split("; "))
    assert policy["default-src"] == policy["frame-ancestors"] == policy["base-uri"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == policy["form-action"] == "'self'"
    assert "unsafe" not in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert headers["referrer-policy"] == "same-origin"
    assert headers["cross-origin-opener-policy"] == "same-origin"
    assert headers["cross-origin-resource-policy"] == "same-origin"
    assert headers["cache-control"] == "no-store"
    assert "camera=()" in headers["permissions-policy"]
    assert "access-control-allow-origin" not in headers


def test_what_an_answer_says_of_its_keeping_stands_and_its_server_is_not_named() -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        headers = {"Cache-Control": "max-age=5", "Server": "wizard/1.2"}
        await PlainTextResponse("ok", headers=headers)(scope, receive, send)

    headers = client(SecurityHeadersMiddleware(app)).get("/").headers
    assert headers["cache-control"] == "max-age=5"
    assert "server" not in headers


def test_head_is_answered_as_get_without_the_body() -> None:
    answer = client(HeadRequestMiddleware(hello)).head("/x")
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["content-length"] == str(len("GET /x"))
    assert client(HeadRequestMiddleware(hello)).post("/x").text == "POST /x"


# Names of hosts

OWN = frozenset({"localhost", "127.0.0.1", "::1"})


@pytest.mark.parametrize(
    "host",
    ["localhost", "LOCALHOST:80", "127.0.0.1", "127.0.0.1:8000", "[::1]", "[::1]:8000"],
)
def test_the_own_names_are_allowed_with_any_port(host: str) -> None:
    app = client(TrustedHostMiddleware(hello, allowed=OWN, refuse=refuse))
    assert app.get("/", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:8000",
        "localhost.evil.example",
        "127.0.0.1.nip.io",
        "evil-localhost",
        "localhost.",
        "127.1",
        "2130706433",
        "0x7f.1",
        "0.0.0.0",
        "[::]",
        "[::ffff:127.0.0.1]",
    ],
)
def test_rebound_names_are_refused(host: str) -> None:
    answer = client(TrustedHostMiddleware(hello, allowed=OWN, refuse=refuse)).get(
        "/", headers={"Host": host}
    )
    assert answer.status_code == 421


@pytest.mark.parametrize(
    "host",
    [
        "",
        "localhost@evil.example",
        "evil.example#localhost",
        "localhost,evil.example",
        "localhost evil.example",
        "localhost:80:80",
        "localhost:",
        "localhost:x",
        "localhost/",
        "::1",
        "[::1",
        "[localhost]",
        "[127.0.0.1]",
        "[.]",
        "[::1]evil.example",
        "http://localhost",
        "<script>",
    ],
)
@pytest.mark.parametrize("allowed", [OWN, None], ids=["own", "any"])
def test_what_is_no_host_is_refused(host: str, allowed: frozenset[str] | None) -> None:
    answer = client(TrustedHostMiddleware(hello, allowed=allowed, refuse=refuse)).get(
        "/", headers={"Host": host}
    )
    assert answer.status_code == 400


def test_any_name_is_allowed_where_none_are_named() -> None:
    app = client(TrustedHostMiddleware(hello, allowed=None, refuse=refuse))
    assert app.get("/", headers={"Host": "barkive.example"}).status_code == 200


@given(st.text() | st.from_regex(r"\[?[a-z0-9:.@\[\]-]*\]?(:\d*)?", fullmatch=True))
@example("localhost\n")
@example("[127.0.0.1]")
@example("١٢٧.0.0.1")
def test_no_host_passes_for_another(host: str) -> None:
    name = host_name(host)
    if name not in OWN:
        return
    # Exactly one of the names, in any case, and nothing more than a port behind it.
    written = host.lower()
    rests = [
        written[len(own) :]
        for own in ("localhost", "127.0.0.1", "[::1]")
        if written.startswith(own)
    ]
    assert len(rests) == 1
    assert rests[0] == "" or (
        rests[0][0] == ":" and rests[0][1:].isascii() and rests[0][1:].isdigit()
    )


# Other sites


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "PURGE"])
@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "null"},
        {"Origin": ""},
        {"Origin": "http://evil.example"},
        {"Origin": "http://127.0.0.1"},
        {"Origin": "http://127.0.0.1:8001"},
        {"Origin": "http://localhost:8000"},
        {"Origin": "http://127.0.0.1:8000@evil.example"},
        {"Origin": "http://evil.example/127.0.0.1:8000"},
        {"Origin": "http://evil.example#127.0.0.1:8000"},
        {"Origin": "http://127.0.0.1:8000.evil.example"},
        {"Origin": "http://[::1"},
        {"Origin": "file://"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": ""},
        {"Sec-Fetch-Site": "Same-Origin"},
        {"Sec-Fetch-Site": "cross-site", "Origin": "http://127.0.0.1:8000"},
        {"Sec-Fetch-Site": "same-origin", "Origin": "http://evil.example"},
    ],
    ids=str,
)
def test_what_another_site_sends_is_refused(method: str, headers: dict[str, str]) -> None:
    answer = client(CrossSiteMiddleware(hello, refuse=refuse)).request(method, "/", headers=headers)
    assert answer.status_code == 403


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Origin": "http://127.0.0.1:8000"},
        {"Origin": "https://127.0.0.1:8000"},  # a web server in front speaks HTTPS
        {"Sec-Fetch-Site": "same-origin"},
        {"Sec-Fetch-Site": "none"},
        {"Sec-Fetch-Site": "same-origin", "Origin": "http://127.0.0.1:8000"},
    ],
    ids=str,
)
def test_the_own_pages_and_programs_may_write(headers: dict[str, str]) -> None:
    answer = client(CrossSiteMiddleware(hello, refuse=refuse)).post("/", headers=headers)
    assert answer.text == "POST /"


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
def test_another_site_may_link_here(method: str) -> None:
    headers = {"Sec-Fetch-Site": "cross-site", "Origin": "http://evil.example"}
    answer = client(CrossSiteMiddleware(hello, refuse=refuse)).request(method, "/", headers=headers)
    assert answer.status_code == 200


def test_web_sockets_are_refused() -> None:
    app = client(CrossSiteMiddleware(hello, refuse=refuse))
    with pytest.raises(WebSocketDisconnect), app.websocket_connect("/"):
        pytest.fail("it was let in")


@given(
    st.text() | st.from_regex(r"(https?:)?//[a-z0-9.:@\[\]?#/\\-]*", fullmatch=True),
    st.sampled_from([HERE, "localhost", "[::1]:8000"]),
)
@example("http://127.0.0.1:8000\t", HERE)
def test_no_origin_passes_for_another(origin: str, host: str) -> None:
    raw = [(b"host", host.encode()), (b"origin", origin.encode("latin-1", "replace"))]
    if not _is_foreign(Headers(raw=raw)):
        assert urlsplit(origin).netloc.lower() == host
        assert "@" not in urlsplit(origin).netloc


# Passwords


class Known(Passwords):
    """Knows one password, and how often it was asked."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder / "password.json")
        self.asked: list[str] = []

    def verify(self, password: str) -> bool:
        self.asked.append(password)
        return password in (PASSWORD, "Müsli für alle")


@pytest.fixture
def passwords(tmp_path: Path) -> Known:
    return Known(tmp_path)


@pytest.fixture
def door(passwords: Known) -> Iterator[SignIn]:
    door = SignIn(passwords)
    yield door
    door.close()


@pytest.fixture
def guarded(door: SignIn) -> TestClient:
    app = SignInMiddleware(
        hello,
        sign_in=door,
        throttle=LoginThrottle(),
        open_paths={"/login", "/healthz"},
        open_prefixes=["/static/"],
        ask=lambda scope, fields, headers: refuse(scope, 401, fields, headers),
        refuse=refuse,
        fail=lambda scope, error: refuse(scope, 503, error),
    )
    return client(app)


def basic(text: str) -> str:
    return "Basic " + base64.b64encode(text.encode()).decode()


def test_some_paths_are_open_to_all(guarded: TestClient) -> None:
    for path in ("/login", "/healthz", "/static/style.css"):
        assert guarded.get(path).status_code == 200


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/static",
        "/statics/x",
        "/login/",
        "/login/x",
        "/LOGIN",
        "/healthz/../photos",
        "//login",
        "/x/static/",
        "/api/v1/photos?/static/",
        "/photos%3F/login",
        "/%2e/login",
    ],
)
def test_all_others_are_closed(guarded: TestClient, path: str) -> None:
    answer = guarded.get(f"http://{HERE}{path}")
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == 'Bearer realm="barkive"'


@pytest.mark.parametrize(
    "authorization",
    [
        f"Bearer {PASSWORD}",
        f"bearer   {PASSWORD}  ",
        basic(f"anyone:{PASSWORD}"),
        basic(f":{PASSWORD}"),
        basic(f"anyone:{PASSWORD}").replace("Basic", "BASIC"),
        basic("anyone:Müsli für alle"),
        "Bearer Müsli für alle".encode(),
        "Bearer Müsli für alle".encode("latin-1"),
    ],
)
def test_programs_send_the_password(guarded: TestClient, authorization: str | bytes) -> None:
    answer = guarded.get("/x", headers={"Authorization": authorization})  # type: ignore[dict-item]
    assert answer.status_code == 200


@pytest.mark.parametrize(
    "authorization",
    [
        "",
        "Bearer",
        "Bearer ",
        "Bearer wrong",
        PASSWORD,
        f"Token {PASSWORD}",
        "Basic",
        "Basic ",
        "Basic !!!!",
        "Basic YQ",
        b"Basic \xc3\xa9",
        b"Basic \xff",
        b"Bearer \xff\xfe",
        basic(PASSWORD),
        basic(f"{PASSWORD}:"),
        basic(f"a:b:{PASSWORD}"),
        "Basic " + base64.b64encode(b"a:\xff").decode(),
    ],
)
def test_malformed_and_wrong_passwords_are_refused(
    guarded: TestClient, authorization: str | bytes
) -> None:
    answer = guarded.get("/x", headers={"Authorization": authorization})  # type: ignore[dict-item]
    assert answer.status_code == 401


def test_a_session_lets_in_until_it_is_closed(guarded: TestClient, door: SignIn) -> None:
    token = door.open(Visitor(None, ""))
    headers = {"Cookie": f"{cookies.SESSION}={token}"}
    assert guarded.get("/x", headers=headers).status_code == 200
    door.end(token)
    assert guarded.get("/x", headers=headers).status_code == 401


@pytest.mark.parametrize("token", ["", "x", "None", "null", "é", "a" * 60_000])
def test_no_other_cookie_lets_in(guarded: TestClient, door: SignIn, token: str) -> None:
    door.open(Visitor(None, ""))
    cookie = f"{cookies.SESSION}={token}".encode()
    assert guarded.get("/x", headers={b"Cookie": cookie}).status_code == 401  # type: ignore[dict-item]


@pytest.mark.parametrize("path", ["/photos", "/photos?text=a%26b&page=2", "/ü?x=%0d%0aX:%20y"])
def test_people_are_sent_to_sign_in_and_back(guarded: TestClient, path: str) -> None:
    answer = guarded.get(path, headers={"Accept": "text/html,*/*"})
    assert answer.status_code == 303
    address = urlsplit(answer.headers["location"])
    assert (address.netloc, address.path) == ("", "/login")
    (goal,) = parse_qs(address.query)["next"]
    assert goal == path


def test_what_writes_is_not_sent_to_sign_in(guarded: TestClient) -> None:
    answer = guarded.post("/photos", headers={"Accept": "text/html"})
    assert answer.status_code == 401


def test_after_ten_wrong_passwords_even_the_right_one_must_wait(
    guarded: TestClient, passwords: Known
) -> None:
    for number in range(10):
        answer = guarded.get("/x", headers={"Authorization": f"Bearer wrong {number}"})
        assert answer.status_code == 401
    answer = guarded.get("/x", headers={"Authorization": f"Bearer {PASSWORD}"})
    assert answer.status_code == 429
    assert 290 <= int(answer.headers["retry-after"]) <= 300
    assert len(passwords.asked) == 10
    assert guarded.get("/login").status_code == 200


def test_many_attempts_at_once_are_no_way_around_the_brake(
    guarded: TestClient, passwords: Known, monkeypatch: pytest.MonkeyPatch
) -> None:
    def slowly(self: Known, password: str) -> bool:
        time.sleep(0.01)
        passwords.asked.append(password)
        return False

    monkeypatch.setattr(Known, "verify", slowly)
    statuses: list[int] = []

    async def receive() -> Message:
        raise AssertionError("no body is read")

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start":
            statuses.append(message["status"])

    async def attempt(number: int) -> None:
        headers = [(b"authorization", b"Bearer %d" % number)]
        scope = {"type": "http", "method": "GET", "path": "/x", "headers": headers}
        await guarded.app(scope | {"client": ("10.0.0.9", 1)}, receive, send)

    async def all_at_once() -> None:
        async with anyio.create_task_group() as tasks:
            for number in range(30):
                tasks.start_soon(attempt, number)

    anyio.run(all_at_once)
    assert sorted(statuses) == [401] * 10 + [429] * 20
    assert len(passwords.asked) == 10


@given(st.binary(max_size=60))
def test_no_header_breaks_the_guard(value: bytes) -> None:
    for scheme in (b"", b"Basic ", b"Bearer "):
        found = _sent((scheme + value).decode("latin-1"))
        assert found is None or isinstance(found, (str, tuple))


# The whole server


def test_a_fault_tells_browsers_the_same(settings: Settings) -> None:
    app = create_app(settings)

    @app.get("/fault")
    def fault() -> None:
        raise RuntimeError("of the program")

    with TestClient(app, base_url=f"http://{HERE}", raise_server_exceptions=False) as visitor:
        answer = visitor.get("/fault")
    assert answer.status_code == 500
    assert "of the program" not in answer.text
    assert answer.headers["content-security-policy"].startswith("default-src 'none'; ")
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_what_is_said_of_a_photo_has_the_limit_of_small_things(server: TestClient) -> None:
    for path in ("/api/v1/photos/1/corrections", "/photos/1/corrections", "/api/v1/scans"):
        assert server.post(path, content=b" " * ((1 << 20) + 1)).status_code == 413


@pytest.mark.parametrize("path", ["/", "/api/v1/photos"])
def test_the_server_refuses_web_sockets(server: TestClient, path: str) -> None:
    with (
        pytest.raises(WebSocketDenialResponse) as caught,
        server.websocket_connect(f"ws://{HERE}{path}"),
    ):
        pytest.fail("it was let in")
    assert caught.value.status_code == 403
