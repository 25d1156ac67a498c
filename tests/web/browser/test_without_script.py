"""Every page without a script: forms, links and pages."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

expect = pytest.importorskip("playwright.sync_api").expect

RED, GREEN = (250, 10, 10), (10, 250, 10)
NAME = ".reviewing figcaption a"


@pytest.fixture
def plain(visit: Callable[..., Any]) -> Callable[[str], Any]:
    """Opens a page in a browser that runs no scripts."""
    return visit(java_script_enabled=False).page  # type: ignore[no-any-return]


def test_photos_are_sent_by_the_form(
    plain: Callable[[str], Any], site: Any, tmp_path: Path
) -> None:
    broken = tmp_path / "broken.jpg"
    broken.write_bytes(b"\xff\xd8\xffnothing more")
    page = plain("/")
    page.locator("#files").set_input_files([site.paint("form/rex.png", RED), broken])
    page.get_by_role("button", name="Name the breeds").click()
    cards = page.locator("#cards > li")
    expect(cards).to_have_count(2)
    expect(cards.first.get_by_role("heading")).to_have_text("Chihuahua")
    expect(cards.last.get_by_role("heading")).to_have_text("This photo can't be read")
    page.get_by_role("button", name="Name the breeds").click()
    expect(cards).to_have_count(0)


def test_the_gallery_is_turned_by_its_pages_and_a_photo_corrected(
    plain: Callable[[str], Any], site: Any
) -> None:
    for i in range(125):
        site.paint(f"pages/pug{i:03}.png", GREEN)
    page = plain(f"/photos?folder={quote(str(site.catalogued('pages')))}")
    expect(page.locator(".tile")).to_have_count(120)
    page.get_by_role("link", name="Next page").click()
    expect(page.locator(".tile .file")).to_have_text([f"pug{i}.png" for i in range(120, 125)])
    page.get_by_role("link", name="pug124.png").click()
    page.get_by_label("Breed", exact=True).fill("bichon maltais")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Maltese")
    page.get_by_role("link", name="Back to the photos").click()
    expect(page.get_by_role("link", name="pug124.png")).to_contain_text("Maltese")
    page.get_by_label("Breed", exact=True).fill("maltese")
    page.get_by_role("button", name="Show", exact=True).click()
    expect(page.locator("#found")).to_have_text("1 photo")


def test_the_review_is_done_by_buttons(plain: Callable[[str], Any], site: Any) -> None:
    folder = site.unsure("buttons", 5)
    page = plain(f"/review?folder={quote(str(folder))}")
    page.get_by_role("button", name="Pug").click()
    expect(page.locator(NAME)).to_have_text("unsure01.png")
    page.get_by_label("Another breed").fill("carlin")
    page.get_by_role("button", name="It is this", exact=True).click()
    expect(page.locator(NAME)).to_have_text("unsure02.png")
    page.get_by_role("button", name="Skip").click()
    expect(page.locator(NAME)).to_have_text("unsure03.png")
    page.get_by_role("button", name="Undo").click()
    expect(page.locator(NAME)).to_have_text("unsure02.png")
    page.get_by_label("Another breed").fill("pug")
    page.get_by_text("Cross of two").click()
    page.get_by_label("crossed with").fill("maltese")
    page.get_by_role("button", name="It is this cross").click()
    expect(page.locator(NAME)).to_have_text("unsure03.png")
    page.get_by_role("button", name="Not a dog").click()
    expect(page.locator(NAME)).to_have_text("unsure04.png")
    page.get_by_label("Another breed").fill("qqqqqqqq")
    page.get_by_label("Another breed").press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("qqqqqqqq")
    page.get_by_role("button", name="Can't be told").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("All done")
    assert site.said(folder) == {
        "unsure00": ["n02110958"],
        "unsure01": ["n02110958"],
        "unsure02": ["n02110958", "n02085936"],
        "unsure03": ["not_dog"],
        "unsure04": ["uncertain"],
    }


def test_a_folder_is_scanned_and_its_page_brings_itself_up_to_date(
    plain: Callable[[str], Any], site: Any
) -> None:
    site.paint("Trip/rex.png", RED)
    page = plain("/scan")
    page.locator(".folders").get_by_role("link", name="Photos").click()
    page.get_by_role("link", name="Trip").click()
    page.get_by_role("button", name="Scan this folder").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Done")
    expect(page.locator("#done")).to_have_text("1 of 1 photo")
    page.get_by_role("link", name="See the photos").click()
    expect(page.locator(".tile .file")).to_have_text(["rex.png"])
