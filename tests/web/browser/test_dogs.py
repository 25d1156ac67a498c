"""Photos with several dogs on the first page and in the gallery."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from barkive.classifier import Classifier
from barkive.web.services import model_in_use

expect = pytest.importorskip("playwright.sync_api").expect
axe = pytest.importorskip("axe_playwright_python.sync_playwright")

RED, GREEN, GREY = (250, 10, 10), (10, 250, 10), (160, 90, 90)
# axe is a script, and a colour on its way from one theme to the other is neither's.
STILL = {"reduced_motion": "reduce", "bypass_csp": True}


@pytest.fixture(scope="module")
def site(make_site: Callable[..., Any], pair_classifier: Classifier) -> Iterator[Any]:
    """A server that takes the halves of wide photos for dogs."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(model_in_use, "Classifier", lambda *_, **__: pair_classifier)
        yield make_site()


def paint(site: Any, name: str, left: tuple[int, int, int], right: tuple[int, int, int]) -> Path:
    path: Path = site.folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    photo = Image.new("RGB", (900, 300), left)
    photo.paste(right, (450, 0, 900, 300))
    photo.save(path, "PNG")
    return path


def faults(page: Any) -> list[str]:
    found = axe.Axe().run(page, options={"runOnly": ["wcag2a", "wcag2aa", "wcag22aa"]})
    return [f"{one['id']}: {one['help']}" for one in found.response["violations"]]


def test_each_dog_of_a_photo_has_a_box_a_line_and_a_heat_map(
    visit: Callable[..., Any], site: Any
) -> None:
    page = visit(**STILL).page()
    photos = [paint(site, "sent/pair.png", RED, GREY), site.paint("sent/one.png", GREEN)]
    page.locator("#files").set_input_files(photos)
    expect(page.locator("#done")).to_have_text("2 of 2 photos")
    card = page.locator("#cards > li", has_text="pair.png")
    expect(card.get_by_role("heading")).to_have_text("2 dogs")
    expect(card.locator("summary:visible")).to_have_text(["1 Chihuahua 87%", "2 Chihuahua? 50%"])
    expect(card.get_by_role("img", name="Chihuahua, Chihuahua?, pair.png")).to_be_visible()
    second = card.get_by_role("button", name="Dog 2: Chihuahua?")
    expect(card.get_by_role("button", name="Dog 1: Chihuahua")).to_have_attribute(
        "aria-pressed", "true"
    )

    # The boxes lie over the photo as it is shown.
    photo, box = card.locator("img").bounding_box(), second.bounding_box()
    width = min(photo["width"], 3 * photo["height"])
    assert abs(box["width"] - width / 2) < 2
    assert abs(box["x"] - (photo["x"] + photo["width"] / 2)) < 2

    # Chosen in the photo it opens in the list, and the other way.
    second.click()
    expect(card.locator("details[open] .candidates li")).to_have_count(3)
    expect(second).to_have_attribute("aria-pressed", "true")
    with page.expect_request(lambda sent: "/heatmap?" in sent.url) as sent:
        card.get_by_role("button", name="What did it look at?").click()
    assert "box=0.5000%2C0.1000%2C0.5000%2C0.9000" in sent.value.url
    expect(card.get_by_role("button", name="Show the photo")).to_be_visible()
    expect(second).to_be_visible()
    card.locator("summary").first.click()
    expect(card.locator("details[open]")).to_have_count(1)
    expect(second).to_have_attribute("aria-pressed", "false")
    expect(card.get_by_role("button", name="What did it look at?")).to_be_visible()
    assert faults(page) == []

    alone = page.locator("#cards > li", has_text="one.png")
    expect(alone.get_by_role("heading")).to_have_text("Pug")
    expect(alone.locator(".box")).to_have_count(0)


def test_a_phone_in_french(visit: Callable[..., Any], site: Any, phone: dict[str, Any]) -> None:
    page = visit(**phone).page()
    page.locator("#files").set_input_files([paint(site, "phone/pair.png", GREEN, RED)])
    card = page.locator("#cards > li")
    expect(card.get_by_role("heading")).to_have_text("2 chiens")
    card.get_by_role("button", name="Chien 2").tap()
    expect(card.locator("details[open] .candidates li").first).to_contain_text("Chihuahua")
    page.wait_for_function("() => document.documentElement.scrollWidth === 390")


def test_the_gallery_finds_photos_by_their_dogs(visit: Callable[..., Any], site: Any) -> None:
    paint(site, "shelf/pair.png", RED, GREEN)
    site.paint("shelf/one.png", GREEN)
    site.catalogued("shelf")
    page = visit(**STILL).page("/photos")
    expect(page.locator(".tile")).to_have_count(2)
    expect(page.locator(".tile", has_text="pair.png").locator(".dogs")).to_have_text("2")
    page.get_by_role("combobox", name="Breed", exact=True).fill("pug")
    page.get_by_role("button", name="Show", exact=True).click()
    expect(page.locator(".tile")).to_have_count(2)
    page.get_by_role("combobox", name="And a dog of this breed").fill("chihuahua")
    page.get_by_label("Dogs in the photo").select_option(label="2 dogs or more")
    page.get_by_role("button", name="Show", exact=True).click()
    expect(page.locator(".tile")).to_have_count(1)
    expect(page).to_have_url(site.url + "/photos?breed=Pug&breed=chihuahua&dogs=2%2B")
    expect(page.locator(".chips li")).to_have_count(4)
    assert faults(page) == []
    page.get_by_role("link", name="Take off: Chihuahua").click()
    expect(page.locator(".chips li")).to_have_count(3)
    expect(page).to_have_url(site.url + "/photos?breed=Pug&dogs=2%2B")
