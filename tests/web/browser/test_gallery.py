"""The gallery and a photo's own page as a person uses them."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

expect = pytest.importorskip("playwright.sync_api").expect

RED, GREEN, GREY, BLACK = (250, 10, 10), (10, 250, 10), (120, 110, 90), (9, 9, 9)


@pytest.fixture
def kennel(site: Any, request: pytest.FixtureRequest) -> Path:
    """Two Chihuahuas, a Pug, an unsure one and no dog, catalogued."""
    name = request.node.name.removeprefix("test_")
    for photo, colour in (
        ("rex", RED),
        ("tia", RED),
        ("annex/mila", GREEN),
        ("mix", GREY),
        ("night", BLACK),
    ):
        site.paint(f"{name}/{photo}.png", colour)
    return site.catalogued(name)  # type: ignore[no-any-return]


def test_it_is_filtered_shared_and_a_photo_corrected_and_taken_out(
    visit: Callable[..., Any], kennel: Path
) -> None:
    ada = visit()
    page = ada.page(f"/photos?folder={quote(str(kennel))}")
    expect(page.locator("#found")).to_have_text("5 photos")
    status = page.get_by_role("region", name="Status")
    status.get_by_role("link", name="Named").click()
    expect(page.locator("#found")).to_have_text("3 photos")
    breed = page.get_by_role("combobox", name="Breed")
    breed.press_sequentially("chih")
    page.get_by_role("option", name="Chihuahua").click()
    breed.press("Enter")
    expect(page.locator("#found")).to_have_text("2 photos")
    expect(page).to_have_url(re.compile("status=dog"))

    friend = visit().page(page.url.removeprefix(ada.url))
    expect(friend.locator("#found")).to_have_text("2 photos")
    expect(friend.locator(".tile .file")).to_have_text(["rex.png", "tia.png"])

    page.get_by_role("link", name="rex.png").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Chihuahua")
    field = page.get_by_role("combobox", name="Breed", exact=True)
    field.press_sequentially("malt")
    expect(page.get_by_role("option", name="Maltese").first).to_be_visible()
    field.press("ArrowDown")
    field.press("Enter")
    expect(field).to_have_value("Maltese")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Maltese")
    expect(page.locator("#said")).to_contain_text("rex.png: saved as Maltese.")
    page.wait_for_url(lambda address: "said" not in address)

    page.get_by_role("link", name="Back to the photos").click()
    expect(page.locator("#found")).to_have_text("1 photo")
    page.get_by_role("link", name="Take off: Chihuahua").click()
    expect(page.locator("#found")).to_have_text("3 photos")
    page.locator("#export summary").click()
    with page.expect_download() as download:
        page.get_by_role("button", name="Spreadsheet (CSV)").click()
    assert download.value.suggested_filename == "barkive.csv"
    text = Path(download.value.path()).read_text(encoding="utf-8-sig")
    rows = csv.DictReader(io.StringIO(text))
    said = {Path(row["file"]).stem: (row["breed"], row["corrected"]) for row in rows}
    assert said == {
        "rex": ("Maltese", "yes"),
        "tia": ("Chihuahua", "no"),
        "mila": ("Pug", "no"),
    }


def test_what_the_model_looked_at_comes_in_the_photos_place(
    visit: Callable[..., Any], kennel: Path
) -> None:
    page = visit().page(f"/photos?folder={quote(str(kennel))}")
    page.get_by_role("link", name="mila.png").click()
    page.get_by_role("button", name="What did it look at?").click()
    expect(page.get_by_role("img", name="in colour what spoke for Pug")).to_be_visible()
    expect(page.locator("#caption")).to_contain_text("what spoke for Pug")
    page.get_by_role("button", name="Show the photo").press("Enter")
    expect(page.get_by_role("img", name="The photo mila.png: Pug")).to_be_visible()


def test_the_arrows_turn_the_pages_of_photos(visit: Callable[..., Any], kennel: Path) -> None:
    page = visit().page(f"/photos?folder={quote(str(kennel))}&breed=chihuahua")
    page.get_by_role("link", name="rex.png").click()
    expect(page.get_by_role("button", name="What did it look at?")).to_be_visible()
    page.keyboard.press("ArrowRight")
    expect(page.locator("dl.facts")).to_contain_text("tia.png")
    expect(page.get_by_role("button", name="What did it look at?")).to_be_visible()
    page.keyboard.press("ArrowLeft")
    expect(page.locator("dl.facts")).to_contain_text("rex.png")
    page.get_by_role("link", name="Back to the photos").click()
    expect(page.get_by_role("link", name="rex.png")).to_be_visible()


def test_a_long_list_goes_on_as_one_scrolls(visit: Callable[..., Any], site: Any) -> None:
    for i in range(500):
        site.paint(f"long/pug{i:03}.png", GREEN)
    page = visit().page(f"/photos?folder={quote(str(site.catalogued('long')))}")
    expect(page.locator("#found")).to_have_text("500 photos")
    expect(page.get_by_role("link", name="Next page")).to_be_hidden()
    expect(page.locator("#list.virtual")).to_be_visible()
    page.keyboard.press("End")
    last = page.locator(".tile .file", has_text="pug499.png")
    expect(last).to_be_visible()
    expect(page.locator("#place")).to_contain_text("500 of 500")
    assert page.locator(".tile").count() < 500
    last.click()
    expect(page.locator("dl.facts")).to_contain_text("pug499.png")
    page.go_back()
    expect(last).to_be_in_viewport()


def test_nothing_found_and_wrong_values_are_told(visit: Callable[..., Any], kennel: Path) -> None:
    page = visit().page(f"/photos?folder={quote(str(kennel))}")
    page.get_by_role("searchbox").fill("zeppelin")
    page.get_by_role("button", name="Search").click()
    expect(page.get_by_role("heading", name="No photo fits")).to_be_visible()
    page.get_by_role("link", name="Take off: “zeppelin”").click()
    page.get_by_role("combobox", name="Breed").fill("wolpertinger")
    page.get_by_role("combobox", name="Breed").press("Enter")
    expect(page.locator("#w-breed")).to_contain_text("Barkive knows no breed called “wolpertinger”")
    expect(page.locator("#found")).to_have_text("Nothing is shown: a filter has a mistake")
    expect(page.locator(".tile")).to_have_count(0)


def test_a_phone_in_french(visit: Callable[..., Any], kennel: Path, phone: dict[str, Any]) -> None:
    page = visit(**phone).page(f"/photos?folder={quote(str(kennel))}")
    expect(page.locator("#found")).to_have_text("5 photos")
    expect(page.get_by_role("combobox", name="Race")).to_be_hidden()
    page.locator("#filters > summary").tap()
    expect(page.get_by_role("combobox", name="Race")).to_be_visible()
    page.get_by_role("region", name="Races").get_by_role("link", name="Carlin").tap()
    expect(page.locator("#found")).to_have_text("1 photo")
    page.get_by_role("link", name="mila.png").tap()
    expect(page.get_by_role("heading", level=1)).to_have_text("Carlin")
    field = page.get_by_role("combobox", name="Race", exact=True)
    field.press_sequentially("maltai")
    page.get_by_role("option", name="Bichon maltais").tap()
    page.get_by_role("button", name="Enregistrer").tap()
    expect(page.get_by_role("heading", level=1)).to_have_text("Bichon maltais")
    page.wait_for_function("() => document.documentElement.scrollWidth === 390")
