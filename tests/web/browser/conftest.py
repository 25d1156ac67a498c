"""A real browser before a real server, on a socket; skipped where there is no browser.

Both are there for one module: while Playwright's loop runs, no other test can run one.
"""

from __future__ import annotations

import base64
import shutil
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from itertools import count
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from fastapi import FastAPI
from PIL import Image

from barkive.catalogue import Filter
from barkive.verdicts import Status
from barkive.web import Settings, create_app
from barkive.web.server import PromptProtocol

playwright = pytest.importorskip("playwright.sync_api")

_BROWSERS = ("chromium", "google-chrome", "chromium-browser", "google-chrome-stable")
_FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
_PATIENCE_MS = 60_000
# Every photo of a module has another content: people speak of contents.
_SHADES = count()


@dataclass
class Site:
    """A server that listens.

    Attributes:
        app: The application.
        folder: Under which it may scan.
        port: At which it listens on 127.0.0.1.
    """

    app: FastAPI
    folder: Path
    port: int = 0
    _server: uvicorn.Server = field(init=False)
    _thread: threading.Thread = field(init=False)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def is_running(self) -> bool:
        return self._thread.is_alive()

    def start(self) -> None:
        listening = socket.socket()
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(("127.0.0.1", self.port))
        listening.listen(64)
        self.port = listening.getsockname()[1]
        config = uvicorn.Config(
            self.app,
            http=PromptProtocol,
            ws="none",
            log_level="critical",
            access_log=False,
            timeout_graceful_shutdown=1,
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, args=([listening],))
        self._thread.start()

    def stop(self) -> None:
        self._server.should_exit = self._server.force_exit = True
        self._thread.join(timeout=60)
        assert not self._thread.is_alive()

    def paint(self, name: str, colour: tuple[int, int, int]) -> Path:
        """A photo of one colour, which no other photo has, in the folder."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        image = Image.new("RGB", (40, 30), colour)
        shade = next(_SHADES)
        image.putpixel((0, 0), (colour[0], shade % 256, shade // 256))
        image.save(path, "PNG")
        return path

    def unsure(self, folder: str, number: int) -> Path:
        """A folder with so many photos that the model is not sure of, each surer; catalogued."""
        for i in range(number):
            self.paint(f"{folder}/unsure{i:02}.png", (120 + i, 110, 90))
        return self.catalogued(folder)

    def catalogued(self, folder: str) -> Path:
        """Has a folder scanned."""
        service = self.app.state.service
        service.catalogue.scan(self.folder / folder, classifier=service.classifier)
        return self.folder / folder

    def again(self) -> None:
        """Starts it anew at the same place, after it was stopped."""
        self.app = create_app(self.app.state.settings)
        self.start()

    def said(self, folder: Path) -> dict[str, list[str]]:
        """What people said of the photos in a folder: ids of breeds, or the status."""
        entries = self.app.state.service.catalogue.search(Filter(folder=str(folder)))
        return {
            Path(one.file).stem: [b.label.id for b in one.breeds]
            if one.status is Status.DOG
            else [one.status.value]
            for one in entries
            if one.corrected
        }


@dataclass
class Visitor:
    """A person's browser; what it does that it must not do is in `faults`.

    Attributes:
        context: The browser's, with its cookies.
        url: Of the server, with its root path.
        faults: Errors of scripts, what the page's policy has stopped, requests elsewhere.
    """

    context: Any
    url: str
    faults: list[str] = field(default_factory=list)

    def page(self, path: str | None = "/") -> Any:
        """A new tab, with a page in it."""
        page = self.context.new_page()
        page.on("pageerror", lambda error: self.faults.append(f"{page.url}: {error}"))
        page.on("console", self._heard)
        page.on("request", self._sent)
        if path is not None:
            page.goto(self.url + path)
        return page

    def _heard(self, message: Any) -> None:
        # That there is no picture, or no server, is no fault of a script.
        answered = message.text.startswith("Failed to load resource")
        if message.type in ("error", "warning") and not answered:
            self.faults.append(message.text)

    def _sent(self, request: Any) -> None:
        origin = "/".join(self.url.split("/")[:3])
        if not request.url.startswith((f"{self.url}/", f"blob:{origin}/", "data:")):
            self.faults.append(f"A request to {request.url}")


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Debian's Chromium, or whatever of its family is installed."""
    found = next(filter(None, map(shutil.which, _BROWSERS)), None)
    if found is None:
        pytest.skip(f"There is no browser: none of {', '.join(_BROWSERS)} is installed.")
    playwright.expect.set_options(timeout=_PATIENCE_MS)
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=found, args=list(_FLAGS))
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def make_site(
    colour_bundle: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[..., Site]]:
    """Starts servers, each with a catalogue of its own; they are stopped at the end."""
    sites: list[Site] = []

    def make(**changes: Any) -> Site:
        place = tmp_path_factory.mktemp("site")
        folder = place / "Photos"
        folder.mkdir()
        settings = Settings(
            catalogue=place / "c.sqlite",
            model=colour_bundle,
            cache=place / "cache",
            ingest_folder=place / "added",
            folders=(str(folder),),
        )
        site = Site(create_app(replace(settings, **changes)), folder)
        site.start()
        sites.append(site)
        return site

    yield make
    for site in sites:
        if site.is_running:
            site.stop()


@pytest.fixture(scope="module")
def site(make_site: Callable[..., Site]) -> Site:
    """A server with an empty catalogue at first."""
    return make_site()


@pytest.fixture
def visit(browser: Any, site: Site) -> Iterator[Callable[..., Visitor]]:
    """Lets people come, each with a browser of their own; at the end none may have a fault."""
    visitors: list[Visitor] = []

    def come(*, url: str = site.url, **options: Any) -> Visitor:
        defaults = {"locale": "en-GB", "viewport": {"width": 1280, "height": 800}}
        context = browser.new_context(**(defaults | options))
        context.set_default_timeout(_PATIENCE_MS)
        visitors.append(Visitor(context, url))
        return visitors[-1]

    yield come
    for one in visitors:
        one.context.close()
    assert [fault for one in visitors for fault in one.faults] == []


@pytest.fixture
def page(visit: Callable[..., Visitor]) -> Any:
    """An empty tab of one visitor."""
    return visit().page(None)


@pytest.fixture
def phone() -> dict[str, Any]:
    """How a phone in French comes."""
    return {
        "locale": "fr-FR",
        "viewport": {"width": 390, "height": 844},
        "device_scale_factor": 2,
        "has_touch": True,
        "is_mobile": True,
    }


@pytest.fixture
def carry() -> Callable[..., Any]:
    """Makes what the browser carries when photos are dropped or pasted."""

    def make(page: Any, *photos: Path) -> Any:
        files = [(one.name, base64.b64encode(one.read_bytes()).decode()) for one in photos]
        return page.evaluate_handle(
            """(files) => {
              const carried = new DataTransfer();
              for (const [name, content] of files) {
                const bytes = Uint8Array.from(atob(content), (c) => c.charCodeAt(0));
                carried.items.add(new File([bytes], name, { type: "image/png" }));
              }
              return carried;
            }""",
            files,
        )

    return make
