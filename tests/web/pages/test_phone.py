"""The page for a phone, and what its home screen shows."""

from __future__ import annotations

import io
import socket
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from PIL import Image
from starlette.testclient import TestClient

from barkive.cli import commands, serve
from barkive.errors import UsageError
from barkive.web import Settings, create_app
from barkive.web.passwords import Passwords


def open_with(settings: Settings, base: str = "http://127.0.0.1", **changes: Any) -> TestClient:
    return TestClient(create_app(replace(settings, **changes)), base_url=base)


def test_a_server_of_one_machine_says_how_phones_could_come(settings: Settings) -> None:
    with open_with(settings) as server:
        page = server.get("/phone?lang=en").text
    assert "Only this machine can open Barkive as it was started." in page
    assert "<code>barkive serve --host 0.0.0.0</code>" in page
    assert 'class="qr"' not in page


def test_on_the_own_machine_the_address_in_the_network_is_shown(settings: Settings) -> None:
    with open_with(settings, address="http://192.168.1.5:8000/dogs") as server:
        page = server.get("/phone?lang=fr").text
    assert '<a href="http://192.168.1.5:8000/dogs">http://192.168.1.5:8000/dogs</a>' in page
    assert 'viewBox="0 0 33 33"' in page
    assert "elle mène à http://192.168.1.5:8000/dogs" in page


def test_who_came_by_a_name_shows_that(settings: Settings) -> None:
    changes: dict[str, Any] = {"hosts": None, "address": "http://192.168.1.5:8000"}
    with open_with(settings, "https://dogs.example", root_path="/home", **changes) as server:
        assert '<a href="https://dogs.example/home/">' in server.get("/phone").text


@pytest.mark.parametrize(
    ("lang", "name"),
    [("en", "Barkive, dog breeds in photos"), ("fr", "Barkive, les races de chien en photo")],
)
def test_the_home_screen(lang: str, name: str, settings: Settings, tmp_path: Path) -> None:
    passwords = Passwords(tmp_path / "password.json")
    passwords.set("correct horse")
    with open_with(settings, password=passwords, root_path="/dogs") as server:
        page = server.get(f"/login?lang={lang}").text
        assert f'<link rel="manifest" href="/dogs/manifest.webmanifest?lang={lang}"' in page
        answer = server.get(f"/dogs/manifest.webmanifest?lang={lang}")
        assert answer.headers["content-type"] == "application/manifest+json"
        said = answer.json()
        assert (said["name"], said["lang"]) == (name, lang)
        assert said["start_url"] == said["scope"] == "/dogs/"
        for one in [*said["icons"], {"src": "/dogs/static/apple-touch-icon.png"}]:
            icon = server.get(one["src"])
            assert icon.headers["content-type"] == "image/png"
            with Image.open(io.BytesIO(icon.content)) as image:
                assert one.get("sizes", "180x180") == f"{image.width}x{image.height}"


def test_the_address_that_a_phone_opens(monkeypatch: pytest.MonkeyPatch) -> None:
    class Asking:
        def __init__(self, *_: Any) -> None: ...

        def __enter__(self) -> Asking:
            return self

        def __exit__(self, *_: Any) -> None: ...

        def connect(self, address: Any) -> None: ...

        def getsockname(self) -> tuple[str, int]:
            return "192.168.1.5", 4711

    assert serve._name("127.0.0.1") == "127.0.0.1"
    monkeypatch.setattr(socket, "socket", Asking)
    assert serve._name("0.0.0.0") == serve._name("::") == "192.168.1.5"

    def no_way(*_: Any) -> None:
        raise OSError("Network is unreachable")

    monkeypatch.setattr(Asking, "connect", no_way)
    monkeypatch.setattr(socket, "gethostname", lambda: "kennel")
    assert serve._name("0.0.0.0") == "kennel"


def test_the_terminal_shows_the_code(capsys: pytest.CaptureFixture[str]) -> None:
    serve._show_code("http://192.168.1.5:8000")
    first, *lines = capsys.readouterr().err.splitlines()
    assert first == "On a phone in the same network, open it by the camera:"
    assert len(lines) == 17


@pytest.mark.parametrize(
    ("words", "hosts"),
    [
        ((), None),
        (("--allowed-host", "kennel"), {"localhost", "127.0.0.1", "::1", "192.168.1.5", "kennel"}),
    ],
)
def test_what_is_printed_may_be_opened(
    words: tuple[str, ...],
    hosts: set[str] | None,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made: list[Settings] = []

    class Listening:
        def getsockname(self) -> tuple[str, int]:
            return "0.0.0.0", 8000

    def refuse(settings: Settings) -> None:
        made.append(settings)
        raise UsageError("verbatim", sentence="That is enough.")

    monkeypatch.setattr("barkive.web.create_app", refuse)
    monkeypatch.setattr(serve, "_listen", lambda host, port: Listening())
    monkeypatch.setattr(serve, "_name", lambda host: "192.168.1.5")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.setenv("BARKIVE_PASSWORD", "correct horse")
    given = ["serve", "--host", "0.0.0.0", "--root-path", "/dogs", *words]
    CliRunner().invoke(commands.app, given)
    assert [one.hosts for one in made] == [hosts]
    assert made[0].address == "http://192.168.1.5:8000/dogs"
