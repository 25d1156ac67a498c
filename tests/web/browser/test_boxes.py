"""Boxes of dogs over a photo: drawn and moved by mouse, by finger, by keys, and by two at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from PIL import Image

from barkive.boxes import Box
from barkive.catalogue import Catalogue, Entry, Kind, Label
from barkive.classifier import Classifier
from barkive.web.services import model_in_use

expect = pytest.importorskip("playwright.sync_api").expect
axe = pytest.importorskip("axe_playwright_python.sync_playwright")

RED, GREEN, GREY = (250, 10, 10), (10, 250, 10), (120, 110, 90)
PUG = "n02110958"
DRAFT = ".box.draft"
# As much as a pixel of a photo on the screen is of its width.
NEAR = 0.01

Point = tuple[float, float]


@pytest.fixture(scope="module")
def site(make_site: Callable[..., Any], pair_classifier: Classifier) -> Iterator[Any]:
    """A server that takes the halves of wide photos for dogs."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(model_in_use, "Classifier", lambda *_, **__: pair_classifier)
        yield make_site()


@pytest.fixture
def pair(site: Any, request: pytest.FixtureRequest) -> Entry:
    """A photo with a Chihuahua on the left and a smaller Pug on the right."""
    return paint(site, request.node.name, RED, GREEN)


def paint(site: Any, name: str, left: tuple[int, int, int], right: tuple[int, int, int]) -> Entry:
    path: Path = site.folder / name / "pair.png"
    path.parent.mkdir(parents=True)
    photo = Image.new("RGB", (900, 300), left)
    photo.paste(right, (450, 0, 900, 300))
    for x, letter in enumerate(name.encode()):
        photo.putpixel((x, 0), (*left[:2], letter))
    photo.save(path, "PNG")
    site.catalogued(name)
    return catalogue_of(site).photo(path)


def catalogue_of(site: Any) -> Catalogue:
    catalogue: Catalogue = site.app.state.service.catalogue
    return catalogue


def boxes(site: Any, pair: Entry) -> list[Box]:
    return [dog.box for dog in catalogue_of(site).photo(pair.id).dogs or ()]


def is_near(box: Box, *sides: float) -> bool:
    own = (box.x, box.y, box.width, box.height)
    return all(abs(one - other) < NEAR for one, other in zip(own, sides, strict=True))


def on_screen(page: Any, point: Point) -> Point:
    """Where a point of the photo, in shares, is in the window."""
    place = page.locator(".boxes").bounding_box()
    return place["x"] + point[0] * place["width"], place["y"] + point[1] * place["height"]


def drag(page: Any, start: Point, end: Point) -> None:
    page.mouse.move(*on_screen(page, start))
    page.mouse.down()
    page.mouse.move(*on_screen(page, end), steps=4)
    page.mouse.up()


def names(page: Any) -> Any:
    return page.locator(".subject h2")


def test_a_dog_is_drawn_and_moved_by_the_mouse(
    visit: Callable[..., Any], site: Any, pair: Entry
) -> None:
    page = visit().page(f"/photos/{pair.id}")
    expect(page.get_by_role("button", name="Dog 1: Chihuahua")).to_be_visible()
    page.get_by_role("button", name="Another dog here").click()
    expect(page.locator(DRAFT)).to_be_focused()
    drag(page, (0.1, 0.2), (0.3, 0.7))
    page.get_by_role("button", name="Save the box").click()
    expect(page.locator("#said")).to_contain_text("pair.png, dog 3: saved where the dog is.")
    expect(names(page)).to_have_text(["1 Chihuahua", "2 Pug", "3 Chihuahua"])
    assert is_near(boxes(site, pair)[2], 0.1, 0.2, 0.2, 0.5)

    page.get_by_role("button", name="Move the box").click()
    drag(page, (0.2, 0.4), (0.7, 0.5))
    drag(page, (0.8, 0.8), (0.9, 0.9))
    page.get_by_role("button", name="Save the box").click()
    expect(page.locator(".subject[open] h2")).to_contain_text("Pug")
    assert is_near(boxes(site, pair)[2], 0.6, 0.3, 0.3, 0.6)

    # Beyond the photo it ends at its edge; and what is left is as it was.
    page.get_by_role("button", name="Move the box").click()
    drag(page, (0.9, 0.6), (1.02, 0.6))
    expect(page.locator("[name=box]")).to_have_value("0.6000 0.3000 0.4000 0.6000")
    page.get_by_role("button", name="Leave it as it was").click()
    expect(page.locator(DRAFT)).to_have_count(0)
    expect(page.locator(".handle")).to_have_count(0)
    assert is_near(boxes(site, pair)[2], 0.6, 0.3, 0.3, 0.6)
    page.locator(".subject[open]").get_by_role("button", name="Not a dog").click()
    expect(page.locator(".subject")).to_have_count(2)


def test_two_presses_are_two_corners(visit: Callable[..., Any], site: Any, pair: Entry) -> None:
    page = visit().page(f"/photos/{pair.id}")
    page.get_by_role("button", name="Another dog here").click()
    page.mouse.click(*on_screen(page, (0.4, 0.9)))
    expect(page.locator(".corner")).to_be_visible()
    expect(page.locator("[data-part=said]")).to_have_text(
        "One corner is set; press the opposite one."
    )
    page.mouse.click(*on_screen(page, (0.2, 0.1)))
    expect(page.locator(".corner")).to_have_count(0)
    page.get_by_role("button", name="Save the box").click()
    expect(page.locator(".subject")).to_have_count(3)
    assert is_near(boxes(site, pair)[2], 0.2, 0.1, 0.2, 0.8)


def test_a_dog_is_drawn_by_a_finger(
    visit: Callable[..., Any], site: Any, pair: Entry, phone: dict[str, Any]
) -> None:
    visitor = visit(**phone)
    page = visitor.page(f"/photos/{pair.id}")
    finger = visitor.context.new_cdp_session(page)

    def touch(kind: str, *points: Point) -> None:
        there = [dict(zip("xy", on_screen(page, one), strict=True)) for one in points]
        finger.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": there})

    def swipe(start: Point, end: Point) -> None:
        touch("touchStart", start)
        for step in (0.3, 0.6, 1.0):
            x, y = (a + step * (b - a) for a, b in zip(start, end, strict=True))
            touch("touchMove", (x, y))
        touch("touchEnd")

    page.wait_for_function("() => document.documentElement.scrollWidth === 390")
    page.get_by_role("button", name="Un autre chien ici").tap()
    scrolled = page.evaluate("scrollY")
    swipe((0.1, 0.1), (0.3, 0.7))
    assert page.evaluate("scrollY") == scrolled
    page.get_by_role("button", name="Enregistrer le cadre").tap()
    expect(page.locator(".subject")).to_have_count(3)
    assert is_near(boxes(site, pair)[2], 0.1, 0.1, 0.2, 0.6)

    page.get_by_role("button", name="Déplacer le cadre").tap()
    small = page.evaluate(
        """() => [...document.querySelectorAll(".handle")].filter((one) => one.checkVisibility())
          .map((one) => one.getBoundingClientRect())
          .filter(({ width, height }) => width < 24 || height < 24)"""
    )
    assert small == []
    swipe((0.3, 0.7), (0.4, 0.8))
    swipe((0.25, 0.4), (0.35, 0.4))
    with page.expect_navigation():
        page.get_by_role("button", name="Enregistrer le cadre").tap()
    assert is_near(boxes(site, pair)[2], 0.2, 0.1, 0.3, 0.7)
    # A finger on a box that nobody changes chooses the dog.
    page.touchscreen.tap(*on_screen(page, (0.9, 0.5)))
    expect(page.locator(".subject[open] h2")).to_contain_text("Carlin")


def test_a_box_is_moved_by_keys_and_drawn_by_them(
    visit: Callable[..., Any], site: Any, pair: Entry
) -> None:
    page = visit().page(f"/photos/{pair.id}")
    said = page.locator("[data-part=said]")
    box = page.locator(".box").nth(1)
    box.focus()
    for _ in range(10):
        page.keyboard.press("Shift+ArrowLeft")
    for _ in range(5):
        page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowUp")
    expect(said).to_have_text("45% from the left, 9% from the top, 40% wide, 90% high.")
    page.keyboard.press("Escape")
    expect(said).to_have_text("The box is as it was.")
    expect(box).to_be_focused()
    expect(page).to_have_url(f"{site.url}/photos/{pair.id}")
    for _ in range(10):
        page.keyboard.press("Shift+ArrowUp")
    page.keyboard.press("Enter")
    expect(page.locator("#said")).to_contain_text("pair.png, dog 2: saved where the dog is.")
    assert is_near(boxes(site, pair)[1], 0.5, 0.1, 0.5, 0.8)

    page.get_by_role("button", name="Another dog here").press("Enter")
    expect(page.locator(DRAFT)).to_be_focused()
    expect(page.get_by_role("application", name="Another dog")).to_be_focused()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.locator(".subject")).to_have_count(3)
    assert is_near(boxes(site, pair)[2], 0.35, 0.36, 0.3, 0.3)


def test_numbers_choose_a_dog_unless_they_are_switched_off(
    visit: Callable[..., Any], site: Any, pair: Entry
) -> None:
    page = visit().page(f"/photos/{pair.id}")
    expect(page.locator(".subject[open] h2")).to_contain_text("Chihuahua")
    page.keyboard.press("2")
    expect(page.locator(".subject[open] h2")).to_contain_text("Pug")
    expect(page.locator(".box.chosen")).to_have_accessible_name("Dog 2: Pug")
    page.get_by_role("button", name="Dog 1: Chihuahua").click()
    expect(page.locator(".subject[open] h2")).to_contain_text("Chihuahua")
    page.locator(".subject[open]").get_by_role("button", name="That's it: Maltese").click()
    expect(page.locator(".box-label").first).to_have_text("1 Maltese")
    page.get_by_label("Use the keys").uncheck()
    page.locator("h1").click()
    page.keyboard.press("2")
    expect(page.locator(".subject[open] h2")).to_contain_text("Maltese")


def test_two_people_draw_at_once_and_the_second_is_told(
    visit: Callable[..., Any], site: Any, pair: Entry
) -> None:
    ada, ben = (visit().page(f"/photos/{pair.id}") for _ in range(2))
    for page, start in ((ada, 0.1), (ben, 0.6)):
        page.get_by_role("button", name="Another dog here").click()
        drag(page, (start, 0.2), (start + 0.2, 0.7))
    ada.get_by_role("button", name="Save the box").click()
    expect(ada.locator(".subject")).to_have_count(3)
    ben.get_by_role("button", name="Save the box").click()
    expect(ben.get_by_role("alert")).to_contain_text("Somebody has spoken of")
    assert len(boxes(site, pair)) == 3
    # Ada's dog is there, and Ben's box is as he drew it.
    expect(ben.locator(".box")).to_have_count(4)
    expect(ben.locator(DRAFT)).to_be_focused()
    ben.keyboard.press("Enter")
    expect(ben.locator(".subject")).to_have_count(4)
    assert is_near(boxes(site, pair)[3], 0.6, 0.2, 0.2, 0.5)


def test_no_name_hides_its_dog(visit: Callable[..., Any], site: Any, pair: Entry) -> None:
    page = visit().page(f"/photos/{pair.id}")
    hidden = page.evaluate(
        """() => [...document.querySelectorAll(".box")].map((box) => {
             const own = box.getBoundingClientRect();
             const name = box.nextElementSibling.getBoundingClientRect();
             return Math.min(own.bottom, name.bottom) - Math.max(own.top, name.top) > 1
               && Math.min(own.right, name.right) - Math.max(own.left, name.left) > 1;
           })"""
    )
    assert hidden == [False, False]


def test_a_photo_with_a_thousand_dogs_is_usable(
    visit: Callable[..., Any], site: Any, pair: Entry
) -> None:
    grid = [(i / 40, j / 25) for j in range(25) for i in range(40)][:998]
    many = [Label(Kind.DOG, box=Box(x, y, 1 / 50, 1 / 30)) for x, y in grid]
    catalogue_of(site).label(pair.id, many)
    page = visit().page(f"/photos/{pair.id}")
    expect(page.locator(".box")).to_have_count(50)
    expect(page.get_by_text("950 other dogs are not shown.")).to_be_visible()
    expect(page.locator(".box-label .what:visible")).to_have_count(1)
    page.get_by_role("link", name="The smaller dogs").click()
    expect(page.locator(".subject h2").first).to_contain_text("51")


def test_the_review_asks_for_the_dog_in_the_light(visit: Callable[..., Any], site: Any) -> None:
    entry = paint(site, "light", GREY, GREY)
    folder = site.folder / "light"
    page = visit().page(f"/review?folder={quote(str(folder))}")
    heading = page.get_by_role("heading", level=2).first
    expect(heading).to_have_text("Which breed is dog 1 of 2?")
    expect(page.locator(".light")).to_be_visible()
    page.keyboard.press("2")
    expect(heading).to_have_text("Which breed is dog 2 of 2?")
    page.keyboard.press("m")
    expect(page.locator(DRAFT)).to_be_focused()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Shift+ArrowUp")
    page.keyboard.press("Enter")
    expect(page.locator("#saved")).to_contain_text("saved where the dog is.")
    page.keyboard.press("d")
    expect(page.locator(DRAFT)).to_be_focused()
    # The keys of the review are for the box now.
    page.keyboard.press("1")
    drag(page, (0.1, 0.2), (0.3, 0.7))
    page.get_by_role("button", name="Save the box").click()
    expect(page.locator(".box")).to_have_count(3)
    expect(heading).to_have_text("Which breed is dog 2 of 3?")
    page.keyboard.press("n")
    expect(heading).to_have_text("Which breed is dog 2 of 2?")
    page.keyboard.press("1")
    expect(page.get_by_role("heading", level=1)).to_have_text("All done")
    dogs = catalogue_of(site).photo(entry.id).dogs or ()
    assert [dog.labels[0].en for dog in dogs] == ["Pug", "Chihuahua"]
    assert is_near(dogs[1].box, 0.1, 0.2, 0.2, 0.5)


def test_axe_finds_nothing_while_a_box_is_drawn(
    visit: Callable[..., Any], site: Any, pair: Entry
) -> None:
    paint(site, "axe", GREY, GREY)
    folder = quote(str(site.folder / "axe"))
    page = visit(reduced_motion="reduce", bypass_csp=True).page(None)
    faults: dict[str, Any] = {}
    for path in (f"/photos/{pair.id}", f"/review?folder={folder}&session=a-session-of-one"):
        for width, theme in ((1280, "light"), (390, "dark")):
            page.set_viewport_size({"width": width, "height": 844})
            page.emulate_media(color_scheme=theme)
            page.goto(site.url + path)
            expect(page.locator(".box")).to_have_count(2)
            faults[f"{path} {theme}"] = found(page)
            page.get_by_role("button", name="Move the box").click()
            faults[f"{path} {theme}, drawing"] = found(page)
            page.keyboard.press("Escape")
    assert {where: what for where, what in faults.items() if what} == {}


def found(page: Any) -> list[str]:
    """What axe has to say against a page."""
    answer = axe.Axe().run(page).response
    return [
        f"{one['id']}: {[node['html'] for node in one['nodes']]}" for one in answer["violations"]
    ]


def test_without_a_script_each_dog_has_its_form(
    visit: Callable[..., Any], site: Any, pair: Entry
) -> None:
    page = visit(java_script_enabled=False).page(f"/photos/{pair.id}")
    expect(page.get_by_role("button", name="Another dog here")).to_be_hidden()
    page.locator(".subject > summary").nth(1).click()
    page.locator(".subject[open]").get_by_label("Breed", exact=True).fill("maltese")
    page.locator(".subject[open]").get_by_role("button", name="Save").click()
    expect(names(page)).to_have_text(["1 Chihuahua", "2 Maltese"])
    expect(page.locator(".subject[open] h2")).to_contain_text("Maltese")
