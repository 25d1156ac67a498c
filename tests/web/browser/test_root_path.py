"""The pages below a root path: nothing is asked for outside of it."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import pytest

expect = pytest.importorskip("playwright.sync_api").expect

RED, GREEN = (250, 10, 10), (10, 250, 10)
NAME = ".reviewing figcaption a"


@pytest.fixture(scope="module")
def site(make_site: Callable[..., Any]) -> Any:
    return make_site(root_path="/dogs")


@pytest.fixture
def visitor(visit: Callable[..., Any], site: Any) -> Any:
    """Who must stay below the root path: a request elsewhere is a fault."""
    return visit(url=f"{site.url}/dogs")


def test_a_photo_is_judged_looked_into_and_added(visitor: Any, site: Any) -> None:
    page = visitor.page()
    page.locator("#files").set_input_files([site.paint("judged/rex.png", RED)])
    card = page.locator("#cards > li")
    expect(card.get_by_role("heading")).to_have_text("Chihuahua")
    card.get_by_role("button", name="What did it look at?").click()
    expect(card.locator("img.heat")).to_be_visible()
    card.get_by_role("button", name="Add to the catalogue").click()
    card.get_by_role("link", name="In the catalogue").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Chihuahua")
    expect(page.locator("#related")).to_contain_text("No other photo looks like this one.")
    page.get_by_role("button", name="What did it look at?").click()
    expect(page.locator("#picture img.heat")).to_be_visible()
    expect(page).to_have_url(re.compile(re.escape(f"{visitor.url}/photos/")))


def test_the_gallery_goes_on_and_suggests_breeds(visitor: Any, site: Any) -> None:
    for i in range(125):
        site.paint(f"many/pug{i:03}.png", GREEN)
    page = visitor.page(f"/photos?folder={quote(str(site.catalogued('many')))}")
    expect(page.locator("#found")).to_have_text("125 photos")
    expect(page.locator(".tile img").first).to_have_js_property("naturalWidth", 30)
    expect(page.locator("#list.virtual")).to_be_visible()
    page.keyboard.press("End")
    expect(page.get_by_role("link", name="pug124.png")).to_be_visible()
    page.get_by_role("combobox", name="Breed").press_sequentially("malt")
    expect(page.get_by_role("option", name="Maltese").first).to_be_visible()
    page.get_by_role("link", name="Scan", exact=True).click()
    expect(page.locator("h1")).to_be_visible()


def test_a_folder_is_scanned_and_reviewed(
    visitor: Any, site: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    left = threading.Event()
    queue = type(site.app.state.service.catalogue.review)
    monkeypatch.setattr(queue, "leave", lambda *_: left.set())
    for i in range(3):
        site.paint(f"Trip/unsure{i}.png", (120 + i, 110, 90))
    page = visitor.page("/scan")
    page.locator(".folders").get_by_role("link", name="Photos").click()
    page.get_by_role("link", name="Trip").click()
    page.get_by_role("button", name="Scan this folder").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Done")
    page.get_by_role("link", name="Review").last.click()
    expect(page.locator(NAME)).to_have_text("unsure0.png")
    page.wait_for_load_state()  # before, nobody listens to keys
    page.keyboard.press("1")
    expect(page.locator(NAME)).to_have_text("unsure1.png")
    page.wait_for_selector("#review:not(.busy)")
    page.keyboard.press("u")
    expect(page.locator(NAME)).to_have_text("unsure0.png")
    page.locator("header").get_by_role("link", name="Photos", exact=True).click()
    expect(page.locator("#found")).to_be_visible()
    assert left.wait(60)
