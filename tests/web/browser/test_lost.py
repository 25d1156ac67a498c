"""The server goes while a page is open, and comes back: each page says so, and goes on."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import quote

import pytest

expect = pytest.importorskip("playwright.sync_api").expect

GREEN = (10, 250, 10)
OFFLINE = "The server does not answer. Is Barkive still running?"


@pytest.fixture
def back(site: Any) -> Iterator[None]:
    """The server is there again for the next test."""
    yield
    if not site.is_running:
        site.again()


def test_an_answer_of_the_review_is_kept_and_sent_again(
    visit: Callable[..., Any], site: Any, back: None
) -> None:
    folder = site.unsure("review", 2)
    page = visit().page(f"/review?folder={quote(str(folder))}")
    site.stop()
    page.keyboard.press("1")
    kept = "What you said of unsure00.png is kept in this tab until it is saved."
    expect(page.get_by_role("alert")).to_have_text(f"{OFFLINE} {kept}")
    expect(page.locator(".reviewing figcaption a")).to_have_text("unsure00.png")
    # Another key is not meant for the photo that comes next.
    page.keyboard.press("2")
    site.again()
    expect(page.locator("#saved")).to_contain_text("unsure00.png")
    expect(page.locator(".reviewing figcaption a")).to_have_text("unsure01.png")
    expect(page.get_by_role("alert")).to_have_count(0)
    assert site.said(folder) == {"unsure00": ["n02085620"]}


def test_the_rest_of_a_long_list_can_be_fetched_later(
    visit: Callable[..., Any], site: Any, back: None
) -> None:
    for i in range(250):
        site.paint(f"list/pug{i:03}.png", GREEN)
    page = visit().page(f"/photos?folder={quote(str(site.catalogued('list')))}")
    expect(page.locator("#list.virtual")).to_be_visible()
    site.stop()
    page.keyboard.press("End")
    notice = page.get_by_role("status").filter(has_text="could not be fetched").last
    expect(notice).to_be_visible()
    site.again()
    notice.get_by_role("button", name="Try again").click()
    expect(page.locator(".tile .file", has_text="pug249.png")).to_be_visible()


def test_a_heat_map_that_can_not_be_had_is_told(
    visit: Callable[..., Any], site: Any, back: None
) -> None:
    site.paint("map/mila.png", GREEN)
    folder = site.catalogued("map")
    number = site.app.state.service.catalogue.photo(folder / "mila.png").id
    page = visit().page(f"/photos/{number}")
    expect(page.get_by_role("button", name="What did it look at?")).to_be_visible()
    site.stop()
    page.get_by_role("button", name="What did it look at?").click()
    expect(page.locator("#caption")).to_have_text(
        "This could not be shown. Is the file still there?"
    )
    expect(page.get_by_role("img", name="The photo mila.png: Pug")).to_be_visible()


def test_a_scan_of_a_server_that_has_gone_is_told(
    visit: Callable[..., Any], site: Any, back: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = threading.Event()
    service = site.app.state.service
    judge, close = service.classifier.judge, service.scan_jobs.close

    def slowly(*args: Any, **options: Any) -> Iterator[Any]:
        gate.wait(60)
        yield from judge(*args, **options)

    def ended() -> None:
        gate.set()
        close()

    monkeypatch.setattr(service.classifier, "judge", slowly)
    monkeypatch.setattr(service.scan_jobs, "close", ended)
    site.paint("scan/mila.png", GREEN)
    scan = service.scan_jobs.start([str(site.folder / "scan")])
    page = visit().page(f"/scan/{scan.id}")
    expect(page.get_by_role("heading", level=1)).to_have_text("Running")
    site.stop()
    expect(page.locator("#lost")).to_have_text("The server does not answer; trying again…")
    site.again()
    # The new server knows nothing of the old one's scans, and the page says so by itself.
    expect(page.get_by_role("heading", level=1)).to_have_text("Nothing is here")
