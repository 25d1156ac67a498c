"""Below a path of a site, behind a real nginx; skipped where there is none."""

from __future__ import annotations

import re
import shutil
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from html import unescape
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn

from barkive.web import Settings, create_app
from barkive.web.middleware.forwarded import ForwardedHeadersMiddleware
from barkive.web.passwords import Passwords
from barkive.web.server import PromptProtocol

pytestmark = pytest.mark.slow

PASSWORD = "correct horse"
# As docs/deploy.md has it, but for what would also be told of an answer that is buffered.
CONFIGURATION = """
daemon off; master_process off; pid {folder}/nginx.pid; error_log {folder}/error.log;
events {{ worker_connections 64; }}
http {{
  access_log off;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi; uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
  server {{
    listen unix:{folder}/http;
    location / {{ return 404 "The site, and not Barkive."; }}
    location /barkive/ {{
      proxy_pass http://127.0.0.1:{port}{path};
      proxy_set_header Host $http_host;
      proxy_set_header X-Forwarded-For $remote_addr;
      proxy_set_header X-Forwarded-Proto https;
      client_max_body_size 1g;
      {more}
    }}
  }}
}}
"""


@contextmanager
def serving(settings: Settings) -> Iterator[tuple[Any, int]]:
    """The application, and the port at which it listens as `barkive serve` does."""
    app = create_app(settings)
    listening = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(
        ForwardedHeadersMiddleware(app, trusted="127.0.0.1"),
        proxy_headers=False,
        http=PromptProtocol,
        ws="none",
        log_level="critical",
        timeout_graceful_shutdown=1,
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, args=([listening],))
    thread.start()
    try:
        yield app, listening.getsockname()[1]
    finally:
        server.should_exit = True
        thread.join(timeout=60)


@contextmanager
def proxying(port: int, path: str, more: str) -> Iterator[httpx.Client]:
    """A visitor of a site, a part of which nginx passes on."""
    program = shutil.which("nginx", path="/usr/sbin:/usr/local/sbin:/usr/local/bin:/usr/bin")
    if program is None:
        pytest.skip("There is no nginx: install Debian's package nginx-light.")
    # The path of a socket must be short.
    with tempfile.TemporaryDirectory(prefix="ng") as folder:
        file = Path(folder, "nginx.conf")
        file.write_text(CONFIGURATION.format(folder=folder, port=port, path=path, more=more))
        with subprocess.Popen([program, "-p", folder, "-c", str(file)]) as process:
            try:
                end = time.monotonic() + 60
                while not Path(folder, "http").exists():
                    assert process.poll() is None, Path(folder, "error.log").read_text()
                    assert time.monotonic() < end
                    time.sleep(0.02)
                transport = httpx.HTTPTransport(uds=f"{folder}/http", retries=5)
                site = "http://shelter.example"
                with httpx.Client(transport=transport, base_url=site, timeout=60) as client:
                    yield client
            finally:
                process.terminate()


STRIPPED = "/", "proxy_set_header X-Forwarded-Prefix /barkive;", ""
STRIPPED_BY_OPTION = "/", "", "/barkive"
WHOLE = "", "", "/barkive"


@pytest.fixture(params=[STRIPPED, STRIPPED_BY_OPTION, WHOLE], ids=["header", "option", "whole"])
def site(
    request: pytest.FixtureRequest, settings: Settings, kennel: Path, tmp_path: Path
) -> Iterator[tuple[Any, httpx.Client]]:
    path, more, root_path = request.param
    passwords = Passwords(tmp_path / "password.json")
    passwords.set(PASSWORD)
    changed = replace(
        settings, password=passwords, hosts=None, folders=(str(kennel),), root_path=root_path
    )
    with serving(changed) as (app, port), proxying(port, path, more) as visitor:
        yield app, visitor


def test_page_script_events_and_redirects(
    site: tuple[Any, httpx.Client], kennel: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    app, visitor = site
    assert visitor.get("/").text == "The site, and not Barkive."
    asked = visitor.get("/barkive/photos?text=rex", headers={"Accept": "text/html"})
    assert asked.headers["location"] == "/barkive/login?next=%2Fbarkive%2Fphotos%3Ftext%3Drex"
    form = {"password": PASSWORD, "next": "/barkive/scan"}
    headers = {"Origin": "http://shelter.example", "Sec-Fetch-Site": "same-origin"}
    signed_in = visitor.post("/barkive/login", data=form, headers=headers)
    assert (signed_in.status_code, signed_in.headers["location"]) == (303, "/barkive/scan")
    # Over HTTPS alone, as the proxy says that visitors come.
    assert re.search(r"; Path=/barkive;.*; Secure", signed_in.headers["set-cookie"])
    visitor.headers["Authorization"] = f"Bearer {PASSWORD}"
    page = visitor.get("/barkive/").text
    led = [unescape(one) for one in re.findall(r'\s(?:href|src|action)="([^"#?]*)', page) if one]
    assert all(one.startswith("/barkive/") for one in led), led
    for file in {one for one in led if "/static/" in one}:
        assert visitor.get(file).status_code == 200, file
    icons = visitor.get("/barkive/manifest.webmanifest").json()["icons"]
    assert [visitor.get(one["src"]).status_code for one in icons] == [200, 200, 200]
    script = visitor.get("/barkive/static/identify.js").text
    assert (imported := re.findall(r'from "\./([\w-]+\.js)"', script))
    assert {visitor.get(f"/barkive/static/{one}").status_code for one in imported} == {200}

    gone_on = threading.Event()
    scan: Callable[..., Any] = app.state.service.catalogue.scan

    def held(*args: Any, **options: Any) -> Any:
        assert gone_on.wait(60)
        return scan(*args, **options)

    monkeypatch.setattr(app.state.service.scan_jobs._catalogue, "scan", held)
    started = visitor.post("/barkive/scan", data={"folder": str(kennel)}, headers=headers)
    assert (started.status_code, started.headers["location"][:14]) == (303, "/barkive/scan/")
    page = visitor.get(started.headers["location"]).text
    (events,) = re.findall(r'data-events="([^"]*)"', page)
    assert events.startswith("/barkive/api/v1/scans/")
    with visitor.stream("GET", unescape(events)) as answer:
        lines = answer.iter_lines()
        # It comes while the scan is held: nginx does not keep it until there is more.
        assert next(lines) == "event: progress"
        gone_on.set()
        assert "event: end" in list(lines)
    photos = visitor.get("/barkive/api/v1/photos?limit=2").json()
    assert photos["next"] == "/barkive/api/v1/photos?limit=2&offset=2"
    (rex,) = visitor.get("/barkive/api/v1/photos?text=rex").json()["photos"]
    thumbnail = visitor.get(f"/barkive/api/v1/photos/{rex['id']}/thumbnail")
    assert thumbnail.headers["content-type"].startswith("image/")
    sent = visitor.post(
        "/barkive/identify", files={"files": ("rex.png", (kennel / "rex.png").read_bytes())}
    )
    assert "Chihuahua" in sent.text
